package replicat

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/process"
	"ggsh/record"
	"ggsh/subdirs"
	"ggsh/trail"
)

// fixture is a home with a trail and one Replicat.
type fixture struct {
	t      testing.TB
	home   subdirs.Home
	s      *server
	w      *trail.Writer
	emp    *record.TableDef
	csn    uint64
	tag    string // of the transactions that come next
	cfg    Config // Delay, From, SkipTransaction
	now    func() time.Time
	exits  chan error
	opened time.Time
}

func empDef() *record.TableDef {
	return &record.TableDef{ID: 1, Schema: "hr", Name: "emp", Key: []int{0}, Columns: []record.ColumnDef{
		{Name: "id", Kind: record.Int, Type: "int"}, {Name: "v", Kind: record.String, Type: "varchar(20)", Nullable: true}}}
}

const plainParams = "TARGETDB sqlite:x.db\nMAP hr.*, TARGET tg.*;\n"

func newFixture(t testing.TB, params string) *fixture {
	t.Helper()
	f := &fixture{t: t, home: subdirs.Home(t.TempDir()), s: newServer(), emp: empDef(),
		exits: make(chan error, 1), now: time.Now, opened: time.Unix(1_700_000_000, 0).UTC()}
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
		CommitTime: f.opened.Add(time.Duration(f.csn) * time.Second), Tag: f.tag})
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
		ReportFile: f.home.Report("R", -1), Version: "test", Now: f.now, Getenv: os.Getenv,
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
