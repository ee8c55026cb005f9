// Package crash ends programs with SIGKILL while a workload runs, at random but
// repeatable places, and looks whether source and target are equal afterwards:
// row for row, and with tables without key in which a row applied twice counts.
//
// A round is a fresh installation, a workload and a list of faults; all of it
// follows from the round's seed, which the log names. What it cannot repeat is
// the machine's timing, so a seed that failed is worth a few runs:
//
//	go test ./tests/crash -run Rounds -seed 17            the round of seed 17
//	go test ./tests/crash -run Rounds -rounds 100 -timeout 2h
//	go test ./tests/crash -run Rounds -rounds 20 -way mysql-mariadb
//
// With $GGSH_KEEP_HOMES set the homes of a failed round are kept.
package crash

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers

	rounds = flag.Int("rounds", 0, "rounds of faults; 0 plays the few of a normal test run")
	seed   = flag.Uint64("seed", 0, "seed of the first round; the following count up; 0: 1")
	oneWay = flag.String("way", "", "only rounds from source kind to target kind: sqlite-sqlite")
	faults = flag.Int("faults", 0, "faults of a round; 0: as many as the round's seed says")
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// ways are the pairs of source and target; the embedded database is fast, so
// most rounds are its.
var ways = [][2]string{{"sqlite", "sqlite"}, {"mariadb", "mysql"}, {"mysql", "mariadb"}}

// restart makes a Manager bring back what was killed, soon and again and again,
// and take away the trail files that nobody needs.
var restart = []string{"AUTOSTART ER *",
	"AUTORESTART ER *, RETRIES 10000, WAITSECONDS 1, RESETMINUTES 1",
	"CHECKMINUTES 1", "PURGEOLDEXTRACTS ./dirdat/*, USECHECKPOINTS, MINKEEPFILES 1"}

// setting is what a round's seed decides.
type setting struct {
	seed   uint64
	from   string
	to     string
	size   int  // MEGABYTES
	group  int  // GROUPTRANSOPS; 0 leaves the default
	spool  bool // the Extract has little memory for transactions
	extra  []string
	faults []fault
}

func (s *setting) String() string {
	var list []string
	for _, f := range s.faults {
		list = append(list, f.String())
	}
	return fmt.Sprintf("seed %d: %s to %s, MEGABYTES %d, GROUPTRANSOPS %d, spool %v, "+
		"faults:\n  %s", s.seed, s.from, s.to, s.size, s.group, s.spool, strings.Join(list, "\n  "))
}

func newSetting(n uint64, way [2]string, count int) *setting {
	rnd := rand.New(rand.NewPCG(n, 0x9e3779b9))
	s := &setting{seed: n, from: way[0], to: way[1], size: 1}
	if rnd.IntN(4) == 0 {
		s.size = 50
	}
	if s.group = [...]int{0, 1, 1000}[rnd.IntN(3)]; s.group > 0 {
		s.extra = append(s.extra, fmt.Sprintf("GROUPTRANSOPS %d", s.group))
	}
	s.spool = rnd.IntN(2) > 0
	if count == 0 {
		count = 3 + rnd.IntN(5)
	}
	for range count {
		s.faults = append(s.faults, newFault(rnd, way[0] != "sqlite", way[1] != "sqlite"))
	}
	return s
}

// planned are the rounds of this run.
func planned() []*setting {
	first := max(*seed, 1)
	var list []*setting
	add := func(n uint64, way [2]string, count int) {
		if *oneWay == "" || *oneWay == way[0]+"-"+way[1] {
			list = append(list, newSetting(n, way, count))
		}
	}
	switch {
	case *rounds > 0:
		for i := range uint64(*rounds) {
			add(first+i, wayOf(first+i), *faults)
		}
	case *seed > 0:
		add(first, wayOf(first), *faults)
	default:
		for n := range uint64(3) {
			add(n+1, ways[0], 4)
		}
		for n := range uint64(2) {
			add(n+7, ways[1+n%2], 3)
		}
	}
	return list
}

func wayOf(n uint64) [2]string {
	for _, w := range ways {
		if *oneWay == w[0]+"-"+w[1] {
			return w
		}
	}
	if n%5 > 0 {
		return ways[0]
	}
	return ways[1+n/5%2]
}

// TestRounds plays the rounds, one after the other.
func TestRounds(t *testing.T) {
	for _, s := range planned() {
		t.Run(fmt.Sprintf("seed %d %s to %s", s.seed, s.from, s.to), func(t *testing.T) {
			t.Log(s)
			play(t, s)
		})
	}
}

// play is one round.
func play(t *testing.T, s *setting) {
	p := rig.SharedPair(t, bin, &servers, s.from, s.to, restart...)
	p.Megabytes = s.size
	makeTables(t, p)
	p.Setup(s.extra...)
	if s.spool {
		p.Source.Replace("dirprm/eora.prm", "EXTTRAIL", "CACHEMGR CACHESIZE 1MB\nEXTTRAIL")
	}
	p.Start()
	st := &stage{t: t, p: p, w: startWorkload(t, p.SourceData, s.seed)}
	st.w.wait(20)
	for i, f := range s.faults {
		t.Logf("%d transactions; fault %d: %s", st.w.done.Load(), i+1, f)
		st.meet(f)
		if f.settle {
			st.heal()
			st.through(fmt.Sprintf("fault %d, %s", i+1, f))
		}
	}
	st.heal()
	st.w.stop()
	st.through("all faults")
	st.same()
}

// TestKillNineOfEachProgramWhileAWorkloadRuns kills each program once, alone,
// and sees the way whole again before the next.
func TestKillNineOfEachProgramWhileAWorkloadRuns(t *testing.T) {
	p := rig.SharedPair(t, bin, &servers, "sqlite", "sqlite", restart...)
	makeTables(t, p)
	p.Setup()
	p.Start()
	st := &stage{t: t, p: p, w: startWorkload(t, p.SourceData, 1)}
	for v := range victims {
		st.w.wait(20)
		if n := len(st.pids(v)); n == 0 {
			t.Fatalf("no %s runs\n%s", victims[v], p.Logs())
		}
		st.meet(fault{kind: kill, victims: []int{v}})
		st.w.wait(20)
		st.heal()
		st.through("the kill of " + victims[v])
	}
	st.w.stop()
	st.through("all kills")
	st.same()
}

// TestWhatIsCommittedWhileExtractIsDownArrives: an Extract that begins at the end
// of the log, and is stopped before anything happened, must not look for the end
// anew.
func TestWhatIsCommittedWhileExtractIsDownArrives(t *testing.T) {
	for _, way := range ways {
		if *oneWay != "" && *oneWay != way[0]+"-"+way[1] {
			continue
		}
		t.Run(way[0], func(t *testing.T) {
			p := rig.SharedPair(t, bin, &servers, way[0], way[1], restart...)
			makeTables(t, p)
			p.Setup()
			p.SourceData.Exec(t, "INSERT INTO acct (id, owner, amount) VALUES (1, 'before', 0)")
			p.Source.Run("alter extract eora, eof")
			p.Start()
			st := &stage{t: t, p: p}
			rig.Until(t, "EORA to find the end of the log", func() (bool, string) {
				file := p.Source.Read("dirchk/EORA.cpe")
				return !strings.Contains(file, `"ordered": true`), file
			})
			p.Source.Kill("extract")
			p.Source.Run("stop extract eora")
			p.Source.WaitState("eora", "STOPPED")
			p.SourceData.Exec(t, "INSERT INTO acct (id, owner, amount) VALUES (2, 'meanwhile', 0)")
			p.Source.Run("start extract eora")
			st.through("the start")
			rows, err := p.TargetData.Rows("acct")
			if err != nil || len(rows) != 2 || !strings.Contains(rows[1], "meanwhile") {
				t.Fatalf("%v, %v", rows, err)
			}
		})
	}
}
