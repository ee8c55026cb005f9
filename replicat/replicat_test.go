package replicat

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/handler"
	"ggsh/process"
	"ggsh/record"
	"ggsh/subdirs"
	"ggsh/trail"
)

// fixture is a home with a trail and one Replicat.
type fixture struct {
	t      *testing.T
	home   subdirs.Home
	s      *server
	w      *trail.Writer
	emp    *record.TableDef
	csn    uint64
	cfg    Config // Delay, From, SkipTransaction
	exits  chan error
	opened time.Time
}

func empDef() *record.TableDef {
	return &record.TableDef{ID: 1, Schema: "hr", Name: "emp", Key: []int{0}, Columns: []record.ColumnDef{
		{Name: "id", Kind: record.Int, Type: "int"}, {Name: "v", Kind: record.String, Type: "varchar(20)", Nullable: true}}}
}

const plainParams = "TARGETDB sqlite:x.db\nMAP hr.*, TARGET tg.*;\n"

func newFixture(t *testing.T, params string) *fixture {
	t.Helper()
	f := &fixture{t: t, home: subdirs.Home(t.TempDir()), s: newServer(), emp: empDef(),
		exits: make(chan error, 1), opened: time.Unix(1_700_000_000, 0).UTC()}
	if _, err := f.home.Create(); err != nil {
		t.Fatal(err)
	}
	f.cfg.Delay = func(context.Context, int) error { return nil }
	f.cfg.Poll = time.Millisecond
	target := empDef()
	target.Schema = "tg"
	f.s.tables["tg.emp"] = target
	f.group(checkpoint.Begin{Kind: checkpoint.BeginSeqno})
	f.params(params)
	w, err := trail.Open(trail.WriterConfig{Name: f.trailName(), MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	f.w = w
	t.Cleanup(func() { f.w.Close() })
	return f
}

func (f *fixture) trailName() trail.Name {
	return trail.Name{Dir: f.home.Join("dirdat"), Prefix: "lt", Digits: 9}
}

func (f *fixture) params(text string) {
	f.t.Helper()
	if err := os.WriteFile(f.home.Param("R"), []byte("REPLICAT R\n"+text), 0o644); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.home.Globals(), []byte("CHECKPOINTTABLE gg.chk\n"), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) group(begin checkpoint.Begin) {
	f.t.Helper()
	doc := &checkpoint.Document{Group: checkpoint.Group{Name: "R", Type: checkpoint.Replicat,
		Trail: "./dirdat/lt", Begin: begin}, State: checkpoint.State{Ordered: true}}
	if err := checkpoint.At(f.home.Checkpoint("R", false)).Store(doc); err != nil {
		f.t.Fatal(err)
	}
}

// txn writes one transaction, made durable at once.
func (f *fixture) txn(bodies ...[]byte) {
	f.t.Helper()
	f.csn++
	err := f.w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: f.csn}, XID: fmt.Sprint("x", f.csn),
		CommitTime: f.opened.Add(time.Duration(f.csn) * time.Second)})
	for i, b := range bodies {
		if err == nil {
			err = f.w.Op(f.emp, b, i == len(bodies)-1)
		}
	}
	if err == nil {
		_, err = f.w.Sync()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func image(b []byte, start int, before bool, id int, v string) []byte {
	b, mark := record.BeginImage(b)
	b = record.AppendInt(b, int64(id))
	switch v {
	case "-":
		b = record.AppendMissing(b)
	case "NULL":
		b = record.AppendNull(b)
	default:
		b = record.AppendText(b, record.String, v)
	}
	record.EndImage(b, start, mark, before)
	return b
}

func insert(id int, v string) []byte {
	b, start := record.AppendOpHeader(nil, record.Insert, 1)
	return image(b, start, false, id, v)
}

func update(id int, v string) []byte {
	b, start := record.AppendOpHeader(nil, record.Update, 1)
	b = image(b, start, true, id, "-")
	b = image(b, start, false, id, v)
	record.MarkCompressed(b, start)
	return b
}

func remove(id int) []byte {
	b, start := record.AppendOpHeader(nil, record.Delete, 1)
	b = image(b, start, true, id, "-")
	record.MarkCompressed(b, start)
	return b
}

// start runs the Replicat until it ends by itself or stop is called.
func (f *fixture) start() {
	f.t.Helper()
	p, err := process.Start(process.Config{Home: f.home, Type: checkpoint.Replicat, Group: "R",
		ReportFile: f.home.Report("R", -1), Version: "test", Now: time.Now, Getenv: os.Getenv,
		Stdout: io.Discard})
	if err != nil {
		f.t.Fatal(err)
	}
	cfg := f.cfg
	cfg.Process = p
	if cfg.Launch == nil {
		cfg.Launch = f.s.launch
	}
	f.s.mu.Lock()
	opens, runs := f.s.opens, f.s.runs
	f.s.mu.Unlock()
	go func() {
		err := Run(context.Background(), cfg)
		p.Close(err)
		f.s.mu.Lock()
		f.s.runs++
		f.s.cond.Broadcast()
		f.s.mu.Unlock()
		f.exits <- err
	}()
	f.s.wait(func() bool { return f.s.opens > opens || f.s.runs > runs })
}

// order sends one order to the running process.
func (f *fixture) order(verb control.Verb, args ...string) *control.Reply {
	f.t.Helper()
	reply, err := control.ToProcess(f.home.Socket("R")).Do(context.Background(),
		control.Request{Verb: verb, Args: args, From: "test"})
	if err != nil {
		f.t.Fatal(err)
	}
	return reply
}

// idle returns when the process says that all of the trail is applied.
func (f *fixture) idle() {
	for !*f.order(control.LogEnd).Yes {
		continue
	}
}

func (f *fixture) stop() {
	f.t.Helper()
	f.order(control.Stop)
	f.ended()
}

func (f *fixture) ended() {
	f.t.Helper()
	if err := <-f.exits; err != nil {
		f.t.Fatalf("%v\n%s", err, f.report())
	}
}

// abended waits for the end by an error.
func (f *fixture) abended() error {
	f.t.Helper()
	err := <-f.exits
	if err == nil {
		f.t.Fatalf("no error\n%s", f.report())
	}
	return err
}

func (f *fixture) file(path string) string {
	f.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(b)
}

func (f *fixture) report() string { return f.file(f.home.Report("R", -1)) }

func (f *fixture) document() *checkpoint.Document {
	f.t.Helper()
	doc, err := checkpoint.At(f.home.Checkpoint("R", false)).Load()
	if err != nil {
		f.t.Fatal(err)
	}
	return doc
}

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing in:\n%s", p, text)
		}
	}
}

func TestAppliesInOrderAndStops(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"), insert(2, "b"))
	f.txn(update(1, "c"), remove(2))
	f.start()
	f.s.wait(f.s.at(2))
	f.txn(insert(3, "d"))
	f.s.wait(f.s.at(3))
	f.stop()
	want := []string{"insert 1 [1 a]", "insert 2 [2 b]", "update 1 [1 c]", "delete 2 []", "insert 3 [3 d]"}
	if !slices.Equal(f.s.log, want) {
		t.Errorf("got %q", f.s.log)
	}
	has(t, f.report(), `Wildcard MAP resolved (entry hr.*): MAP "hr"."emp", TARGET "tg"."emp"`,
		"Using the following key columns for target table tg.emp: id",
		"Using following columns in default map by name: id, v", "Loaded handler fake",
		"REPLICAT R stopped normally", "inserts:         3")
	doc := f.document()
	if doc.State.Stopped != checkpoint.Graceful || doc.State.Current.CSN.Minor != 3 ||
		doc.State.Ordered {
		t.Errorf("checkpoint file %+v", doc.State)
	}
}

func TestGroupsWholeTransactions(t *testing.T) {
	f := newFixture(t, "GROUPTRANSOPS 4\n"+plainParams)
	for i := range 4 {
		f.txn(insert(3*i, "a"), insert(3*i+1, "b"), insert(3*i+2, "c"))
	}
	f.start()
	f.s.wait(f.s.at(4))
	f.stop()
	if got := fmt.Sprint(f.s.batches); got != "[[3 6] [3 6]]" {
		t.Errorf("batches end at %s", got)
	}
}

func TestRestartsExactlyOnceWhereverItIsCutOff(t *testing.T) {
	for cut := range 12 {
		f := newFixture(t, "GROUPTRANSOPS 2\n"+plainParams)
		for i := range 5 {
			f.txn(insert(2*i, "a"), update(2*i, "b"))
		}
		left := cut
		f.s.fail = func(_ *server, _ *handler.Batch, _ bool) error {
			left--
			if left == -1 {
				return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: "cut off"}
			}
			return nil
		}
		f.start()
		if cut < 10 {
			has(t, f.abended().Error(), "cut off")
			f.start()
		}
		f.s.wait(f.s.at(5))
		f.stop()
		if len(f.s.log) != 10 || len(f.s.rows) != 5 {
			t.Errorf("cut %d: %d operations, %d rows: %q", cut, len(f.s.log), len(f.s.rows), f.s.log)
		}
	}
}

func TestConnectionLossIsSurvivedWithoutApplyingTwice(t *testing.T) {
	for _, after := range []bool{false, true} {
		f := newFixture(t, plainParams)
		f.txn(insert(1, "a"))
		lost := 0
		f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
			if applied == after && lost < 3 {
				lost++
				return &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "gone away"}
			}
			return nil
		}
		f.start()
		f.s.wait(f.s.at(1))
		f.txn(insert(2, "b"), insert(3, "c"))
		f.s.wait(f.s.at(2))
		f.txn(insert(4, "d"))
		f.s.wait(f.s.at(3))
		f.stop()
		if len(f.s.log) != 4 || f.s.opens != 4 {
			t.Errorf("after commit %v: %d opens, %q", after, f.s.opens, f.s.log)
		}
		has(t, f.report(), "cannot be reached, trying again: gone away", "is reached again")
	}
}

func TestBadRowLetsGoodTransactionsLandThenAbends(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"))
	f.txn(insert(3, "c"), insert(1, "twice"), insert(4, "d"))
	f.txn(insert(5, "e"))
	f.start()
	has(t, f.abended().Error(), "OGG-01296", "Error mapping from hr.emp to tg.emp")
	if got := strings.Join(f.s.log, "; "); got != "insert 1 [1 a]; insert 2 [2 b]" {
		t.Errorf("applied %s", got)
	}
	has(t, f.report(), "OGG-01004", "OGG-01003  Repositioning to rba", "OGG-01154  SQL error 1062 mapping hr.emp to tg.emp",
		"OGG-01296", "OGG-01668  PROCESS ABENDING", "discards:         1")
	has(t, f.file(f.home.Discard("R", -1)), "Discarded record from action ABEND on error 1062",
		"refused, SQL <STATEMENT OF tg.emp>", "Aborting transaction on", "error at seqno 0 rba",
		"Problem replicating hr.emp to tg.emp", "Error occurred with insert record (target format)...",
		"*\nid = 1\nv = twice\n*\n", "Process Abending : ")
	if f.document().State.Stopped != checkpoint.Abended {
		t.Error("the checkpoint file does not say that the run abended")
	}
	f.s.mu.Lock()
	delete(f.s.rows, "tg.emp 1")
	f.s.mu.Unlock()
	f.start()
	f.s.wait(f.s.at(4))
	f.stop()
	if len(f.s.log) != 6 {
		t.Errorf("after repair %q", f.s.log)
	}
}

func TestRepErrorLetsRowsPass(t *testing.T) {
	f := newFixture(t, "REPERROR (DEFAULT, DISCARD)\nREPERROR (1403, IGNORE)\n"+plainParams)
	f.txn(insert(1, "a"), insert(1, "twice"), update(9, "x"))
	f.txn(insert(2, "b"), remove(-1))
	f.start()
	f.s.wait(f.s.at(2))
	f.idle()
	reply := f.order(control.Stats)
	c := reply.Stats.Tables[0].Total.Counts
	if c.Inserts != 2 || c.Discards != 1 || c.Ignores != 2 || c.Updates != 0 || c.Deletes != 0 {
		t.Errorf("counts %+v", c)
	}
	f.stop()
	text := f.file(f.home.Discard("R", -1))
	has(t, text, "action DISCARD on error 1062", "v = twice")
	if strings.Count(text, "Discarded record") != 1 {
		t.Errorf("discard file\n%s", text)
	}
}

func TestMaxDiscardRecordsEndsTheRun(t *testing.T) {
	f := newFixture(t, "MAXDISCARDRECS 2\nREPERROR (DEFAULT, DISCARD)\n"+plainParams)
	f.txn(insert(1, "a"), insert(1, "b"), insert(1, "c"))
	f.txn(insert(1, "d"))
	f.start()
	has(t, f.abended().Error(), "3 records were discarded, MAXDISCARDRECS is 2")
}

func TestTransDiscardAndRetry(t *testing.T) {
	f := newFixture(t, "REPERROR (1062, TRANSDISCARD)\nREPERROR (1403, RETRYOP MAXRETRIES 3)\n"+plainParams)
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"), insert(1, "twice"))
	f.start()
	f.s.wait(f.s.at(2))
	if got := strings.Join(f.s.log, "; "); got != "insert 1 [1 a]" {
		t.Errorf("applied %s", got)
	}
	f.txn(update(7, "x"))
	has(t, f.abended().Error(), "Error mapping from hr.emp")
	has(t, f.file(f.home.Discard("R", -1)), "TRANSDISCARD on error 1062", "v = b", "v = twice", "ABEND on error 1403")
	has(t, f.report(), "Trying again after error 1403: refused (attempt 3)")
}

func TestCollisionsAreSwitchedByOrder(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(1))
	f.order(control.Collisions, "hr.e*")
	f.txn(insert(1, "again"))
	f.s.wait(f.s.at(2))
	f.order(control.NoCollide)
	f.txn(insert(1, "no more"))
	has(t, f.abended().Error(), "Error mapping")
	has(t, f.report(), "insert collisions:         1")
}

func TestConflictIsTriedAgain(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	tries := 0
	f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
		if tries++; tries <= 2 {
			return &handler.ApplyError{Class: handler.Conflict, Op: -1, Code: 1213, Text: "deadlock"}
		}
		return nil
	}
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if f.s.opens != 1 || len(f.s.log) != 1 {
		t.Errorf("%d opens, %q", f.s.opens, f.s.log)
	}
}

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
