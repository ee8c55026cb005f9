// Package load proves initial loads: while the source is being written, a load that
// is killed again and again, and the changes behind its hand-over, give the target
// exactly the source's rows, without HANDLECOLLISIONS.
package load

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// installation is one home with a source and a target: the change capture, the load
// and both Replicats.
type installation struct {
	*rig.Home
	source, target *rig.Database
}

func install(t *testing.T, from, to string) *installation {
	t.Helper()
	in := &installation{Home: rig.NewHome(t, bin)}
	in.source = servers.Database(t, from, in.Dir, "src")
	in.target = servers.Database(t, to, in.Dir, "tgt")
	return in
}

// parameters writes the files of all groups; load is the text behind SOURCEISTABLE.
func (in *installation) parameters(load string) {
	s, t := in.source, in.target
	in.Write("dirprm/eora.prm", fmt.Sprintf("EXTRACT eora\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\n"+
		"GETTRUNCATES\nTABLE %s.*;\n", s.Login, s.Schema))
	in.Write("dirprm/einit.prm", fmt.Sprintf("EXTRACT einit\nSOURCEISTABLE%s\nSOURCEDB %s\n"+
		"EXTFILE ./dirdat/load, MEGABYTES 1, PURGE\nGETTRUNCATES\nTABLE %s.*;\n", load, s.Login, s.Schema))
	in.Write("dirprm/rload.prm", fmt.Sprintf("SPECIALRUN\nEND RUNTIME\nEXTFILE ./dirdat/load\n"+
		"TARGETDB %s\nGETTRUNCATES\nMAP %s.*, TARGET %s.*;\n", t.Login, s.Schema, t.Schema))
	in.Write("dirprm/rora.prm", fmt.Sprintf("REPLICAT rora\nTARGETDB %s\nGETTRUNCATES\n"+
		"MAP %s.*, TARGET %s.*;\n", t.Login, s.Schema, t.Schema))
}

// capture adds and starts the change capture.
func (in *installation) capture() {
	in.TB.Helper()
	in.Run("start mgr", "dblogin sourcedb "+in.source.Login, "add trandata "+in.source.Schema+".*",
		"add extract eora, tranlog, begin now", "add exttrail ./dirdat/lt, extract eora, megabytes 5",
		"start extract eora")
	in.WaitState("eora", "RUNNING")
}

func (in *installation) ledger() *checkpoint.Load {
	led, err := checkpoint.LoadAt(filepath.Join(in.Dir, "dirchk", "EINIT.load")).Load()
	if err != nil {
		return &checkpoint.Load{}
	}
	return led
}

// handOver applies the load and then the changes behind it, and waits until both
// sides are equal.
func (in *installation) handOver(t *testing.T, w *workload) {
	t.Helper()
	led := in.ledger()
	out, err := in.Program("replicat", "paramfile", "dirprm/rload.prm", "reportfile",
		"dirrpt/rload.rpt")
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, in.Read("dirrpt/rload.rpt"))
	}
	w.stop()
	in.Run("dblogin sourcedb "+in.target.Login, "add checkpointtable "+in.target.Schema+".ggchkpt",
		"add replicat rora, exttrail ./dirdat/lt, checkpointtable "+in.target.Schema+".ggchkpt",
		"start replicat rora, aftercsn "+led.At.String())
	rig.WaitEqual(t, in.source, in.target, func() string {
		if in.State("rora") == "ABENDED" || in.State("eora") == "ABENDED" {
			t.Fatalf("a process abended:\n%s", in.Logs())
		}
		return in.Logs()
	}, tables...)
}

// gone waits until the load's process has ended, and passes for ended.
func (in *installation) gone() {
	in.TB.Helper()
	rig.Until(in.TB, "einit to end", func() (bool, string) {
		if len(in.GroupProcesses("extract", "EINIT")) > 0 {
			return false, in.Logs()
		}
		state := in.State("einit")
		return state == "STOPPED" || state == "ABENDED", state + "\n" + in.Logs()
	})
}

// loads waits until the load's ledger has a transaction of this number.
func (in *installation) loads(serial uint64) {
	in.TB.Helper()
	rig.Until(in.TB, "einit to load", func() (bool, string) {
		led := in.ledger()
		return led.Serial >= serial || led.Phase == checkpoint.LoadComplete, in.Logs()
	})
}

// resumed is how many of a load's kills wait for its progress. The other kills come
// whenever they come, which on a slow machine can be before anything is loaded.
const resumed = 3

// TestALoadThatIsKilledIsExact kills the load at random instants while the source
// is written all the time.
func TestALoadThatIsKilledIsExact(t *testing.T) {
	for n, way := range [][3]string{{"mariadb", "sqlite", " PARALLEL 2 CHUNKROWS 60"},
		{"mysql", "mariadb", " PARALLEL 3 CHUNKROWS 40"}, {"sqlite", "sqlite", " PARALLEL 2 CHUNKROWS 50"},
		{"mariadb", "mysql", " CHUNKROWS 50"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			seed := uint64(n + 1)
			rnd := rand.New(rand.NewPCG(seed, 7))
			in := install(t, way[0], way[1])
			makeTables(t, in.source, in.target)
			in.parameters(way[2])
			in.capture()
			w := startWorkload(t, in.source, seed)
			in.Run("add extract einit, sourceistable")
			kills := 0
			for ; kills < 12 && in.ledger().Phase != checkpoint.LoadComplete; kills++ {
				before := in.ledger().Serial
				in.Run("start extract einit")
				if kills < resumed {
					in.loads(before + 1 + rnd.Uint64N(8))
				} else {
					w.pause(time.Duration(20+rnd.IntN(250)) * time.Millisecond)
				}
				rig.Signal(in.GroupProcesses("extract", "EINIT"), syscall.SIGKILL)
				in.gone()
			}
			if in.ledger().Phase != checkpoint.LoadComplete {
				in.Run("start extract einit")
				in.gone()
			}
			led := in.ledger()
			if led.Phase != checkpoint.LoadComplete {
				t.Fatalf("the load ended early\n%s", in.Logs())
			}
			t.Logf("%d kills, %d snapshots, %d transactions of the workload, %d of the load, hand-over %s",
				kills, len(led.Snapshots), w.done.Load(), led.Serial, led.At)
			if len(led.Snapshots) < 2 {
				t.Errorf("the load was never resumed: the test proves nothing")
			}
			in.handOver(t, w)
		})
	}
}
