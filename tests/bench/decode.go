package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"ggsh/mapping"
	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/tests/services/server"
	"ggsh/trail"
)

// syncBytes is how much Extract writes before it makes it durable.
const syncBytes = 4 << 20

// nothing counts what it gets.
type nothing struct{ bytes int64 }

func (n *nothing) begin(*record.Txn) error { return nil }

func (n *nothing) op(_ *record.TableDef, body []byte) error {
	n.bytes += int64(len(body))
	return nil
}

func (n *nothing) end() error { return nil }

// trailSink writes a trail as Extract does: the last operation of a transaction is
// marked, so each waits for the next, and all is made durable from time to time.
type trailSink struct {
	w        *trail.Writer
	plan     *mapping.Plan // rewrites the operations; nil leaves them as captured
	table    *mapping.TablePlan
	from     *record.TableDef // that table is the plan of
	open     bool
	def      *record.TableDef
	held     []byte
	unsynced int
}

func (t *trailSink) begin(txn *record.Txn) error {
	if err := t.last(); err != nil {
		return err
	}
	if t.unsynced >= syncBytes {
		t.unsynced = 0
		if _, err := t.w.Sync(); err != nil {
			return err
		}
	}
	return t.w.BeginTxn(&txn.TxnInfo)
}

func (t *trailSink) op(def *record.TableDef, body []byte) error {
	if t.open {
		if err := t.w.Op(t.def, t.held, false); err != nil {
			return err
		}
	}
	t.open = true
	t.unsynced += len(body)
	if t.plan == nil {
		t.def, t.held = def, append(t.held[:0], body...)
		return nil
	}
	if def != t.from {
		plans, err := t.plan.Resolve(def, nil)
		if err != nil || len(plans) != 1 {
			return fmt.Errorf("%d plans for %s: %w", len(plans), def.FullName(), err)
		}
		t.from, t.table = def, plans[0]
	}
	var err error
	t.def = t.table.Target
	t.held, _, err = t.table.Apply(t.held[:0], body, nil)
	return err
}

func (t *trailSink) last() error {
	if !t.open {
		return nil
	}
	t.open = false
	return t.w.Op(t.def, t.held, true)
}

func (t *trailSink) end() error {
	if err := t.last(); err != nil {
		return err
	}
	_, err := t.w.Sync()
	return err
}

// timer starts a clock.
func timer() func() float64 {
	began := time.Now()
	return func() float64 { return time.Since(began).Seconds() }
}

// settle gives each contender the same start: no garbage of the one before.
func settle() { runtime.GC() }

// tool prepares a program of MariaDB's own client set.
func (h *harness) tool(name string, in *server.Instance, remote bool, args ...string) *exec.Cmd {
	path, env, err := server.Client(server.MariaDB, name)
	h.check(err)
	all := []string{"--no-defaults"}
	if remote {
		all = append(all, "--host=127.0.0.1", "--port="+strconv.Itoa(in.Port),
			"--user="+server.RootUser, "--password="+server.RootPassword, "--protocol=tcp")
	}
	cmd := exec.CommandContext(h.ctx, path, append(all, args...)...)
	cmd.Env = env
	return cmd
}

// decodeStage compares capture with the server's own reader of its log.
func decodeStage(b *bench, h *harness) {
	s := b.work()
	bars := map[string]string{"A": ">= 1 M rows/s", "B": ">= 350 k rows/s"}
	for _, w := range s.workloads[:2] {
		rate := func(seconds float64) float64 { return float64(w.rows) / seconds }
		const toNothing, toTrail = "ours to nothing", "ours to a trail"
		const raw = "mariadb-binlog -R --raw"
		const verbose, base64 = "mariadb-binlog -vv decode-rows", "mariadb-binlog"
		r := h.alternate(b.rounds, "rows/s of "+w.letter,
			contender{toNothing, func() float64 { return rate(s.capture(w, &nothing{})) }},
			contender{raw, func() float64 { return rate(s.readRaw(h, w)) }},
			contender{toTrail, func() float64 { return rate(s.captureToTrail(h, w)) }},
			contender{verbose, func() float64 {
				return rate(h.timed(h.tool("mariadb-binlog", s.server, false, "-vv",
					"--base64-output=decode-rows", s.path(w))))
			}},
			contender{base64, func() float64 {
				return rate(h.timed(h.tool("mariadb-binlog", s.server, false, s.path(w))))
			}})
		b.add(r.faster(w.title()+" to a trail", "rows/s", toTrail, raw, bars[w.letter]),
			r.faster(w.title()+" to a trail", "rows/s", toTrail, verbose, ""),
			r.faster(w.title()+" to a trail", "rows/s", toTrail, base64, ""),
			r.faster(w.title()+" to nothing", "rows/s", toNothing, raw, ""))
	}
	b.add(b.extractProgram(h, s)...)
}

// readRaw lets MariaDB's tool copy the log file over the network.
func (s *source) readRaw(h *harness, w *workload) float64 {
	dir, err := os.MkdirTemp(h.TempDir(), "raw")
	h.check(err)
	took := h.timed(h.tool("mariadb-binlog", s.server, true, "--read-from-remote-server", "--raw",
		"--result-file="+dir+"/", w.log))
	st, err := os.Stat(filepath.Join(dir, w.log))
	h.check(err)
	if st.Size() < w.end {
		h.Fatalf("mariadb-binlog copied %d bytes of %d", st.Size(), w.end)
	}
	h.check(os.RemoveAll(dir))
	return took
}

func (s *source) captureToTrail(h *harness, work *workload) float64 {
	dir, err := os.MkdirTemp(h.TempDir(), "trail")
	h.check(err)
	name, err := trail.ParseName(filepath.Join(dir, "lt"), 9)
	h.check(err)
	w, err := trail.Open(trail.WriterConfig{Name: name, MaxBytes: 8 << 30})
	h.check(err)
	took := s.capture(work, &trailSink{w: w})
	h.check(w.Close())
	h.check(os.RemoveAll(dir))
	return took
}

// extractProgram runs the program over the whole log, its start included.
func (b *bench) extractProgram(h *harness, s *source) []figure {
	const ours, raw = "ours", "mariadb-binlog -R --raw"
	rows := s.rows()
	var peak []float64
	r := h.alternate(b.rounds, "rows/s of A to D",
		contender{ours, func() float64 {
			took, mib := b.runExtract(h, s)
			peak = append(peak, mib)
			return rows / took
		}},
		contender{raw, func() float64 {
			took := 0.0
			for _, w := range s.workloads {
				took += s.readRaw(h, w)
			}
			return rows / took
		}})
	memory := results{ours: peak, "limit": {256}}
	return []figure{r.faster("A to D, the program extract to a trail", "rows/s", ours, raw, ""),
		memory.lower("most memory of extract", "MiB", ours, "limit", "<= 256 MiB")}
}

// runExtract gives the seconds from the start of the program until its trail has
// all, and its greatest memory.
func (b *bench) runExtract(h *harness, s *source) (took, mib float64) {
	home := b.home(h)
	home.Write("dirprm/eora.prm", fmt.Sprintf("EXTRACT eora\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\n"+
		"TABLE %s.%s;\n", login(s.server), schema, tableName))
	home.Run("dblogin sourcedb "+login(s.server),
		fmt.Sprintf("add extract eora, tranlog, lognum %d, logpos 4", s.workloads[0].number),
		"add exttrail ./dirdat/lt, extract eora, megabytes 2000")
	name, err := trail.ParseName(home.Dir+"/dirdat/lt", 9)
	h.check(err)
	began := timer()
	p := h.program(home, "extract", "EORA")
	size, grown := int64(-1), time.Now()
	h.until("extract to read the log", 2*time.Millisecond, func() bool {
		p.mustRun(home)
		if now := folderSize(home.Dir + "/dirdat"); now != size {
			size, grown, took = now, time.Now(), began()
		}
		if size == 0 || time.Since(grown) < 300*time.Millisecond {
			return false
		}
		if float64(h.countRows(name)) == s.rows() {
			return true
		}
		grown = time.Now() // it was a pause only
		return false
	})
	mib = peakMiB(p.cmd.Process.Pid)
	p.stop()
	return took, mib
}

// countRows counts the operations of a trail.
func (h *harness) countRows(name trail.Name) (rows int) {
	r, err := trail.OpenReader(name, trail.Position{}, trail.ReaderOptions{})
	h.check(err)
	defer r.Close()
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return rows
		}
		h.check(err)
		if rec.Type == trail.TypeOp {
			rows++
		}
	}
}

func folderSize(dir string) (sum int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if st, err := e.Info(); err == nil {
			sum += st.Size()
		}
	}
	return sum
}

// program is a running program of ours, started without a Manager.
type program struct {
	h     *harness
	cmd   *exec.Cmd
	ended chan struct{}
}

// program starts extract or replicat for a group as a person may.
func (h *harness) program(home *rig.Home, name, group string) *program {
	cmd := exec.Command(filepath.Join(home.Bin, name), "PARAMFILE",
		"dirprm/"+lower(group)+".prm", "PROCESSID", group, "-home", home.Dir)
	cmd.Dir, cmd.Stdout, cmd.Stderr = home.Dir, io.Discard, io.Discard
	h.check(cmd.Start())
	p := &program{h: h, cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // how it ended stands in its report
	}()
	h.Cleanup(p.stop)
	return p
}

// mustRun ends the stage when the program has ended.
func (p *program) mustRun(home *rig.Home) {
	select {
	case <-p.ended:
		p.h.Fatalf("%s ended:\n%s", p.cmd.Path, home.Logs())
	default:
	}
}

// stop ends the program, by force if it takes long.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
