package replicat

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/handler"
	"ggsh/record"
	"ggsh/trail"
)

func TestStartPositions(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(1_700_000_000+int64(n), 0) }
	from := func(csn uint64, after bool) *FromCSN {
		return &FromCSN{CSN: record.CSN{Minor: csn}, After: after}
	}
	for _, c := range []struct {
		name  string
		begin checkpoint.Begin
		from  *FromCSN
		skip  bool
		want  string
	}{
		{"first record", checkpoint.Begin{Kind: checkpoint.BeginSeqno}, nil, false, "1 2 3 4"},
		{"time", checkpoint.Begin{Kind: checkpoint.BeginTime, Time: at(3)}, nil, false, "3 4"},
		{"csn", checkpoint.Begin{Kind: checkpoint.BeginCSN, CSN: record.CSN{Minor: 2}}, nil, false, "2 3 4"},
		{"end", checkpoint.Begin{Kind: checkpoint.BeginEOF}, nil, false, ""},
		{"atcsn", checkpoint.Begin{Kind: checkpoint.BeginSeqno}, from(3, false), false, "3 4"},
		{"aftercsn", checkpoint.Begin{Kind: checkpoint.BeginSeqno}, from(3, true), false, "4"},
		{"skip", checkpoint.Begin{Kind: checkpoint.BeginSeqno}, nil, true, "2 3 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, plainParams)
			for i := range 4 {
				f.txn(insert(i+1, "a"))
			}
			f.group(c.begin)
			f.cfg.From, f.cfg.SkipTransaction = c.from, c.skip
			f.start()
			if c.want != "" {
				f.s.wait(f.s.at(4))
			}
			f.cfg.From, f.cfg.SkipTransaction = nil, false
			f.stop()
			f.start()
			f.txn(insert(5, "a"))
			f.s.wait(f.s.at(5))
			f.stop()
			want := strings.TrimSpace(c.want + " 5")
			var got []string
			for _, l := range f.s.log {
				got = append(got, strings.Fields(l)[1])
			}
			if strings.Join(got, " ") != want {
				t.Errorf("applied %v, want %s", got, want)
			}
		})
	}
}

func TestSpecialRunEndsAtTheEndOfItsFile(t *testing.T) {
	f := newFixture(t, "SPECIALRUN\nEND RUNTIME\nEXTFILE ./dirdat/lt\n"+plainParams)
	os.Remove(f.home.Checkpoint("R", false))
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"))
	f.start()
	f.ended()
	if len(f.s.log) != 2 {
		t.Errorf("applied %q", f.s.log)
	}
	has(t, f.report(), "The end of the run (END RUNTIME) is reached", "stopped normally")
	f.group(checkpoint.Begin{}) // ADD REPLICAT R, SPECIALRUN changes nothing of it
	f.s.rows = map[string]string{}
	for range 2 {
		f.s.log, f.s.rows = nil, map[string]string{}
		f.start()
		f.ended()
		if len(f.s.log) != 2 {
			t.Errorf("applied %q", f.s.log)
		}
	}
}

// The task of an initial load reads a trail of its own name, goes on while the load
// is under way, and ends behind what was there when it is told that all is sent.
func TestTaskEndsWhenTheLoadIsSent(t *testing.T) {
	f := newFixture(t, plainParams)
	doc := &checkpoint.Document{Group: checkpoint.Group{Name: "R", Type: checkpoint.Replicat,
		Source: checkpoint.SpecialRun}}
	if err := checkpoint.At(f.home.Checkpoint("R", false)).Store(doc); err != nil {
		t.Fatal(err)
	}
	w, err := trail.Open(trail.WriterConfig{MaxBytes: 1 << 20, Name: trail.Name{
		Dir: f.home.Join("dirdat"), Prefix: "task_r", Digits: 9}})
	if err != nil {
		t.Fatal(err)
	}
	f.w.Close()
	f.w = w
	f.start()
	f.txn(insert(1, "a"))
	f.s.wait(func() bool { return len(f.s.log) == 1 })
	f.txn(insert(2, "b"))
	f.order(control.Stop, control.AtEOF)
	f.ended()
	if len(f.s.log) != 2 {
		t.Errorf("applied %q\n%s", f.s.log, f.report())
	}
	has(t, f.report(), "The end of the run (END of the initial load) is reached", "stopped normally")
}

func TestEndTimeLeavesLaterTransactions(t *testing.T) {
	end := time.Unix(1_700_000_002, 0).Format("2006-01-02 15:04:05")
	f := newFixture(t, "END "+end+"\n"+plainParams)
	for i := range 4 {
		f.txn(insert(i, "a"))
	}
	f.start()
	f.ended()
	if len(f.s.log) != 2 {
		t.Errorf("applied %q", f.s.log)
	}
}

// TestHugeTransaction sends one of many times the batch size in parts of one
// target transaction, with a cut in the middle.
func TestHugeTransaction(t *testing.T) {
	f := newFixture(t, plainParams)
	const n = 40000
	long := strings.Repeat("x", 1000)
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = insert(i+10, long)
	}
	f.txn(insert(1, "a"))
	f.txn(bodies...)
	f.txn(insert(2, "b"))
	cuts := 0
	f.s.fail = func(s *server, b *handler.Batch, applied bool) error {
		if b.More && s.parts == 2 && cuts == 0 {
			cuts++
			return &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "cut"}
		}
		return nil
	}
	f.start()
	f.s.wait(f.s.at(3))
	f.stop()
	if len(f.s.log) != n+2 || len(f.s.rows) != n+2 || f.s.parts < 5 || cuts != 1 {
		t.Errorf("%d operations, %d rows, %d parts, %d cuts", len(f.s.log), len(f.s.rows), f.s.parts, cuts)
	}
	if f.s.largest > batchBytes+4096 {
		t.Errorf("a batch of %d octets", f.s.largest)
	}
	has(t, f.report(), "inserts:     40002")
}

func TestTooLargeForAHandlerThatTakesWholeTransactions(t *testing.T) {
	f := newFixture(t, plainParams)
	f.s.continues = false
	long := strings.Repeat("x", 1<<20)
	var bodies [][]byte
	for i := range 70 {
		bodies = append(bodies, insert(i, long))
	}
	f.txn(bodies...)
	f.start()
	has(t, f.abended().Error(), "is larger than the 67108864 bytes that handler fake takes at once")
	if len(f.s.rows) > 0 {
		t.Error("rows of the refused transaction are there")
	}
}

func TestMissingTargetAndColumns(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nMAP hr.emp, TARGET tg.nosuch;\n")
	f.txn(insert(1, "a"))
	f.start()
	has(t, f.abended().Error(), "r.prm:3:1: OGG-00199  Table tg.nosuch does not exist")
	f.params("TARGETDB sqlite:x.db\nMAP hr.emp, TARGET tg.emp, COLMAP (id = id);\n")
	f.start()
	f.s.wait(f.s.at(1))
	f.txn(update(1, "b"))
	f.s.wait(f.s.at(2))
	f.idle()
	if c := f.order(control.Stats).Stats.Tables[0].Total.Counts; c.Ignores != 1 || c.Updates != 0 {
		t.Errorf("counts %+v", c)
	}
	f.stop()
}

func TestOrders(t *testing.T) {
	f := newFixture(t, plainParams)
	f.start()
	lag := f.order(control.GetLag).Lag
	if lag.Records || lag.Lag != 0 {
		t.Errorf("lag %+v", lag)
	}
	f.txn(insert(1, "a"))
	f.s.wait(f.s.at(1))
	st := f.order(control.Status).Status
	if st.Group != "R" || st.State == "" {
		t.Errorf("status %+v", st)
	}
	if f.order(control.LogEnd).Yes == nil {
		t.Error("no answer to LOGEND")
	}
	f.order(control.ReportNow)
	if p := f.order(control.GetParam).Parameters; len(p) != 3 {
		t.Errorf("parameters %+v", p)
	}
	_, err := control.ToProcess(f.home.Socket("R")).Do(context.Background(),
		control.Request{Verb: control.Rollover})
	if err == nil {
		t.Error("ROLLOVER was obeyed")
	}
	f.order(control.Stop, "!")
	f.ended()
	has(t, f.report(), "Run Time Statistics", "stopped normally")
}

func TestAbortLeavesTheTargetAtItsCheckpoint(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	hangs := make(chan struct{})
	f.cfg.Launch = func(context.Context, string) (handler.Handler, error) {
		return &hanging{fake{s: f.s}, hangs}, nil
	}
	f.start()
	<-hangs
	f.order(control.ForceStop)
	f.ended()
	if len(f.s.rows) > 0 {
		t.Errorf("rows %v", f.s.rows)
	}
	f.cfg.Launch = nil
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
}

// hanging is a target that answers no batch before the call is given up.
type hanging struct {
	fake
	hangs chan struct{}
}

func (h *hanging) Apply(ctx context.Context, _ *handler.Batch) (*handler.Applied, error) {
	close(h.hangs)
	<-ctx.Done()
	return nil, &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "given up"}
}

func TestTargetWithoutTransactionsUsesTheCheckpointFile(t *testing.T) {
	f := newFixture(t, plainParams)
	f.s.plain = true
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	f.txn(insert(2, "b"))
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	if got := strings.Join(f.s.log, "; "); got != "insert 1 [1 a]; insert 2 [2 b]" {
		t.Errorf("applied %s", got)
	}
}

func TestStopsWhileTheTargetIsAway(t *testing.T) {
	f := newFixture(t, plainParams)
	waiting := make(chan struct{}, 1)
	f.cfg.Launch = func(context.Context, string) (handler.Handler, error) { return &away{f.s}, nil }
	f.cfg.Delay = func(ctx context.Context, _ int) error {
		waiting <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	f.start()
	<-waiting
	if st := f.order(control.Status).Status; !strings.Contains(st.State, "Waiting for the target: down") {
		t.Errorf("state %q", st.State)
	}
	f.stop()
}

// away is a target that cannot be reached.
type away struct{ s *server }

func (a *away) Describe() handler.Description { return handler.Description{} }
func (a *away) Open(context.Context, handler.Config) (*handler.Opened, error) {
	a.s.mu.Lock()
	a.s.opens++
	a.s.cond.Broadcast()
	a.s.mu.Unlock()
	return nil, &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "down"}
}
func (a *away) Table(context.Context, handler.TableName) (*record.TableDef, error) { return nil, nil }
func (a *away) Apply(context.Context, *handler.Batch) (*handler.Applied, error)    { return nil, nil }
func (a *away) Close() error                                                       { return nil }

func TestRefusedAtStart(t *testing.T) {
	for params, want := range map[string]string{
		"MAP hr.*, TARGET tg.*;\n": "TARGETDB is missing",
		"TARGETDB LIBFILE libggjava.so SET property=dirprm/k.props\nMAP hr.*, TARGET tg.*;\n": "k.props",
		"TARGETDB sqlite:x\n":                                                                    "no TABLE or MAP",
		"DISCARDFILE ./dirrpt/x.dsc\n" + plainParams:                                             "",
		"CHECKPARAMS\n" + plainParams:                                                            "",
		"DISCARDFILE ./GLOBALS\n" + plainParams:                                                  "the discard file exists. Write APPEND or PURGE",
		"TARGETDB db@h:3306, USERIDALIAS a\nMAP a.b, TARGET c.d;\n":                              "there is no credential store here",
		"TARGETDB db@h:3306, USERID o, PASSWORD x, AES128, ENCRYPTKEY k\nMAP a.b, TARGET c.d;\n": "there are no keys",
	} {
		f := newFixture(t, params)
		f.start()
		if want == "" {
			if strings.HasPrefix(params, "CHECK") {
				f.ended()
			} else {
				f.stop()
			}
			continue
		}
		has(t, f.abended().Error(), want)
	}
}

func TestDiscardsUnmappableRows(t *testing.T) {
	f := newFixture(t, "REPERROR (DEFAULT, DISCARD)\n"+plainParams)
	keyless, start := record.AppendOpHeader(nil, record.Delete, 1)
	keyless, mark := record.BeginImage(keyless)
	keyless = record.AppendText(record.AppendMissing(keyless), record.String, "v")
	record.EndImage(keyless, start, mark, true)
	record.MarkCompressed(keyless, start)
	f.emp.Key = nil
	f.txn(insert(1, "a"), keyless, insert(2, "b"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	has(t, f.file(f.home.Discard("R", -1)), "no value for key column id", "(source format)", "*\nv = v\n*")
	has(t, f.report(), "discards:         1")
	f.params(plainParams)
	f.txn(insert(3, "c"))
	f.txn(insert(4, "c"), keyless)
	f.start()
	has(t, f.abended().Error(), "OGG-01296")
	if got := len(f.s.rows); got != 3 {
		t.Errorf("%d rows", got)
	}
}

// TestTrailEndLostWithItsMachine: the source's machine fails and forgets what
// was applied already; its Extract writes it again.
func TestTrailEndLostWithItsMachine(t *testing.T) {
	for _, running := range []bool{false, true} {
		f := newFixture(t, plainParams)
		f.txn(insert(1, "a"))
		end := f.w.Position()
		f.txn(insert(2, "b"))
		f.start()
		f.s.wait(f.s.at(2))
		if !running {
			f.stop()
		}
		f.w.Close()
		if err := os.Truncate(f.trailName().File(0), int64(end.RBA)); err != nil {
			t.Fatal(err)
		}
		w, err := trail.Open(trail.WriterConfig{Name: f.trailName()})
		if err != nil {
			t.Fatal(err)
		}
		f.w, f.csn = w, 1
		if !running {
			f.start()
		}
		f.txn(insert(2, "b"))
		f.txn(insert(3, "c"))
		f.s.wait(f.s.at(3))
		f.stop()
		if got := strings.Join(f.s.log, "; "); got != "insert 1 [1 a]; insert 2 [2 b]; insert 3 [3 c]" {
			t.Errorf("running %v: applied %s", running, got)
		}
	}
}
