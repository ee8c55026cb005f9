package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/mapping"
	"ggsh/mapping/sqlexec"
	"ggsh/param"
	"ggsh/process"
	"ggsh/record"
	"ggsh/subdirs"
	"ggsh/trail"
)

// scripted is a source of n transactions with the numbers 1 to n; transaction
// i has i%3+1 inserts into hr.emp, and one into hr.other, and one of three tags.
type scripted struct {
	n, at     int
	confirmed []string
	defs      []*record.TableDef
}

func newScripted(n int, start SourceStart) *scripted {
	s := &scripted{n: n, defs: []*record.TableDef{table(1, "emp"), table(2, "other")}}
	if start.Restart != "" {
		s.at, _ = strconv.Atoi(start.Restart)
	} else {
		s.at = int(start.Begin.CSN.Minor)
	}
	return s
}

var tags = []string{"", "blue", "red"}

func table(id uint32, name string) *record.TableDef {
	return &record.TableDef{ID: id, Schema: "hr", Name: name, Key: []int{0}, Columns: []record.ColumnDef{
		{Name: "id", Kind: record.Int, Type: "int"}, {Name: "v", Kind: record.String, Type: "varchar(20)", Nullable: true}}}
}

func (s *scripted) Next(context.Context) (*record.Txn, error) {
	if s.at >= s.n {
		return nil, io.EOF
	}
	s.at++
	var ops listOps
	for k := range s.at%3 + 1 {
		ops = append(ops, insert(s.defs[0], s.at*10+k))
	}
	ops = append(ops, insert(s.defs[1], s.at))
	return &record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(s.at)}, XID: fmt.Sprint(s.at),
		Tag: tags[s.at%3], CommitTime: time.Unix(int64(s.at), 0).UTC()}, Restart: strconv.Itoa(s.at), Ops: &ops}, nil
}

func (s *scripted) Wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func (s *scripted) Close() error                   { return nil }
func (s *scripted) Confirm(_ context.Context, restart string) error {
	s.confirmed = append(s.confirmed, restart)
	return nil
}

type op struct {
	def  *record.TableDef
	body []byte
}

type listOps []op

func (l *listOps) Next() (*record.TableDef, []byte, error) {
	if len(*l) == 0 {
		return nil, nil, io.EOF
	}
	o := (*l)[0]
	*l = (*l)[1:]
	return o.def, o.body, nil
}

func insert(def *record.TableDef, id int) op {
	b, start := record.AppendOpHeader(nil, record.Insert, def.ID)
	b, mark := record.BeginImage(b)
	b = record.AppendText(record.AppendInt(b, int64(id)), record.String, "x")
	record.EndImage(b, start, mark, false)
	return op{def, b}
}

// fixture is a home with one Extract.
type fixture struct {
	t     *testing.T
	home  subdirs.Home
	after *record.CSN // AFTERCSN

	discarded []string // tables of what Discard was given
	tune      func(*LoadConfig)
	now       func() time.Time
	syncs     int  // of all outputs
	ddl       bool // the file's DDL parameters count
	session   func(ctx context.Context) (Session, error)
	leaveOut  func(tag string) bool
}

func newFixture(t *testing.T, group checkpoint.Group, params string) *fixture {
	t.Helper()
	f := &fixture{t: t, home: subdirs.Home(t.TempDir()), now: time.Now}
	if _, err := f.home.Create(); err != nil {
		t.Fatal(err)
	}
	f.add(group, params)
	return f
}

func (f *fixture) add(group checkpoint.Group, params string) {
	f.t.Helper()
	group.Type, group.Created = checkpoint.Extract, time.Now()
	err := checkpoint.At(f.home.Checkpoint(group.Name, true)).Store(&checkpoint.Document{Group: group})
	if err == nil {
		err = os.WriteFile(f.home.Param(group.Name), []byte("EXTRACT "+group.Name+"\n"+params), 0o644)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// limit makes an output fail for good after some calls; below zero never.
type limit struct {
	TrailWriter
	left, syncs *int
}

var errCut = errors.New("cut")

func (l limit) take() error {
	if *l.left == 0 {
		return errCut
	}
	*l.left--
	return nil
}

func (l limit) BeginTxn(i *record.TxnInfo) error {
	if err := l.take(); err != nil {
		return err
	}
	return l.TrailWriter.BeginTxn(i)
}

func (l limit) Op(d *record.TableDef, b []byte, last bool) error {
	if err := l.take(); err != nil {
		return err
	}
	return l.TrailWriter.Op(d, b, last)
}

func (l limit) Sync() (trail.Position, error) {
	if err := l.take(); err != nil {
		return trail.Position{}, err
	}
	*l.syncs++
	return l.TrailWriter.Sync()
}

// Close of a cut output behaves as a killed process: nothing more is written.
func (l limit) Close() error { return l.TrailWriter.Close() }

// config is what a run of a group is made of; after some calls its outputs are cut off.
func (f *fixture) config(group string, open func(context.Context, SourceStart) (Source, error), calls int,
) (Config, *process.Process) {
	f.t.Helper()
	p, err := process.Start(process.Config{Home: f.home, Type: checkpoint.Extract, Group: group,
		ReportFile: f.home.Report(group, -1), Version: "test", Now: f.now, Getenv: os.Getenv, Stdout: io.Discard})
	if err != nil {
		f.t.Fatal(err)
	}
	plan, err := mapping.CompileExtract(p.Params())
	if err != nil {
		f.t.Fatal(err)
	}
	outs, err := param.ReadOutputs(p.Params())
	if err != nil {
		f.t.Fatal(err)
	}
	cfg := Config{Process: p, Plan: plan, OpenSource: open, CheckpointEvery: time.Hour, FlushEvery: time.Hour,
		AfterCSN: f.after,
		Discard: func(def *record.TableDef, _ []byte, reason error) error {
			f.discarded = append(f.discarded, def.FullName()+": "+reason.Error())
			return nil
		},
		Serves: func(t *param.TableStatement, o OutputConfig) bool {
			return slices.Contains(t.Switches.Outputs, o.Index)
		},
		OpenOutput: func(_ context.Context, o OutputConfig) (TrailWriter, Held, error) {
			w, err := trail.Open(trail.WriterConfig{Name: f.trail(o.Name), Forget: o.Forget, Durable: o.Durable})
			if err != nil {
				return nil, Held{}, err
			}
			_, last, known := w.Last()
			return limit{w, &calls, &f.syncs}, Held{Last: last, Known: known}, nil
		}}
	for i, o := range outs {
		cfg.Outputs = append(cfg.Outputs, OutputConfig{Index: i, Name: o.Path})
	}
	if f.ddl {
		f.ddlOf(&cfg, group)
	}
	if cfg.OpenSession = f.session; f.session != nil {
		if cfg.Statements, err = sqlexec.Read(p.Params(), p, p.Now()); err != nil {
			f.t.Fatal(err)
		}
	}
	f.intervals(&cfg, p.Params())
	cfg.LeaveOutTag = f.leaveOut
	return cfg, p
}

// run extracts until the end of the source, or until an output is cut off.
func (f *fixture) run(group string, open func(context.Context, SourceStart) (Source, error), calls int) error {
	f.t.Helper()
	cfg, p := f.config(group, open, calls)
	e := newEngine(cfg)
	done := make(chan error, 1)
	go func() { done <- e.run(f.t.Context(), e.session) }()
	for {
		select {
		case err := <-done:
			p.Close(err)
			return err
		case <-time.After(time.Millisecond):
			if r := e.Respond(f.t.Context(), control.Request{Verb: control.LogEnd}); *r.Yes {
				e.Respond(f.t.Context(), control.Request{Verb: control.Stop})
			}
		}
	}
}

func (f *fixture) trail(path string) trail.Name {
	n, err := trail.ParseName(f.home.Resolve(path), 9)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// transactions reads a trail: commit sequence numbers and operation counts.
func (f *fixture) transactions(path string) (got []string) {
	f.t.Helper()
	r, err := trail.OpenTxnReader(f.trail(path), trail.Position{}, trail.TxnOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Close()
	for {
		t, err := r.Next()
		if err == io.EOF {
			return got
		}
		if err != nil {
			f.t.Fatal(err)
		}
		n := 0
		for {
			if _, _, err := t.Ops.Next(); err == io.EOF {
				break
			} else if err != nil {
				f.t.Fatal(err)
			}
			n++
		}
		got = append(got, fmt.Sprintf("%s/%d", t.CSN, n))
	}
}

func want(from, to, extra int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf("%d/%d", i, i%3+1+extra))
	}
	return all
}

func (f *fixture) equal(path string, expect []string) {
	f.t.Helper()
	got := f.transactions(path)
	if fmt.Sprint(got) != fmt.Sprint(expect) {
		f.t.Fatalf("trail %s holds\n%v, want\n%v", path, got, expect)
	}
}

func fromScript(n int) func(context.Context, SourceStart) (Source, error) {
	return func(_ context.Context, s SourceStart) (Source, error) { return newScripted(n, s), nil }
}

const lt = "./dirdat/lt"

var captureGroup = checkpoint.Group{Name: "E1", Source: checkpoint.TranLog,
	Begin: checkpoint.Begin{Kind: checkpoint.BeginCSN}, Outputs: []checkpoint.Output{{Trail: lt}}}

func TestOnlyNamedTablesGoIntoTheTrailWholeTransactionsInOrder(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\n")
	if err := f.run("E1", fromScript(20), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 20, 0))
	if err := f.run("E1", fromScript(30), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 30, 0))
}

func TestCutAtEveryCallNothingIsLostAndNothingTwice(t *testing.T) {
	for cut := 0; ; cut++ {
		f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		err := f.run("E1", fromScript(8), cut)
		if err == nil {
			if cut < 20 {
				t.Fatalf("only %d calls were cut", cut)
			}
			return
		}
		if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		if err := f.run("E1", fromScript(12), -1); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		f.equal(lt, want(1, 12, 1))
	}
}

func TestAnOperatorsPositionBeatsWhatTheTrailHolds(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\n")
	if err := f.run("E1", fromScript(10), -1); err != nil {
		t.Fatal(err)
	}
	file := checkpoint.At(f.home.Checkpoint("E1", true))
	doc, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	doc.State.Ordered = true
	doc.Group.Begin = checkpoint.Begin{Kind: checkpoint.BeginCSN, CSN: record.CSN{Minor: 7}}
	if err := file.Store(doc); err != nil {
		t.Fatal(err)
	}
	// A crash before the first record must not bring the old position back.
	if err := f.run("E1", fromScript(10), 0); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if err := f.run("E1", fromScript(10), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, append(want(1, 10, 0), want(8, 10, 0)...))
}

func TestPumpGoesOnWhereTheOtherTrailEnds(t *testing.T) {
	pump := checkpoint.Group{Name: "P1", Source: checkpoint.TrailSource, Trail: lt,
		Outputs: []checkpoint.Output{{Trail: "./dirdat/rt"}}}
	for cut := 0; ; cut++ {
		f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
		f.add(pump, "PASSTHRU\nEXTTRAIL ./dirdat/rt\nTABLE hr.*;\n")
		source := func(ctx context.Context, s SourceStart) (Source, error) {
			return OpenTrail(ctx, f.trail(lt), s.At, TrailOptions{})
		}
		if err := f.run("E1", fromScript(6), -1); err != nil {
			t.Fatal(err)
		}
		err := f.run("P1", source, cut)
		if err != nil && !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		if rerr := f.run("E1", fromScript(9), -1); rerr != nil {
			t.Fatal(rerr)
		}
		if rerr := f.run("P1", source, -1); rerr != nil {
			t.Fatalf("cut at %d: %v", cut, rerr)
		}
		f.equal("./dirdat/rt", want(1, 9, 1))
		if err == nil {
			return
		}
	}
}

func TestCheckpointSaysWhereAndHowTheRunEnded(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\n")
	if err := f.run("E1", fromScript(5), -1); err != nil {
		t.Fatal(err)
	}
	doc, err := checkpoint.At(f.home.Checkpoint("E1", true)).Load()
	if err != nil {
		t.Fatal(err)
	}
	st := doc.State
	if st.Stopped != checkpoint.Graceful || st.Current.CSN.Minor != 5 || st.Recovery.Restart != "5" || len(st.Runs) == 0 {
		t.Errorf("state is %+v", st)
	}
	if out := doc.Group.Outputs[0].Current; !out.Valid || out.RBA == 0 {
		t.Errorf("output position is %+v", out)
	}
	if err := f.run("E1", fromScript(9), 1); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if doc, err = checkpoint.At(f.home.Checkpoint("E1", true)).Load(); err != nil || doc.State.Stopped != checkpoint.Abended {
		t.Errorf("stop status %v, %v", doc.State.Stopped, err)
	}
	report, err := os.ReadFile(filepath.Join(string(f.home), "dirrpt", "E1.rpt"))
	if err != nil || !containsAll(string(report), "OGG-01668", "inserts:", "EXTRACT E1") {
		t.Errorf("report: %v\n%s", err, report)
	}
}

func containsAll(s string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// TestADataPumpLeavesOutTransactionsByTheirTag: the others pass whole, before and after
// a restart.
func TestADataPumpLeavesOutTransactionsByTheirTag(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
	f.add(pumpGroup, "EXTTRAIL ./dirdat/rt\nTABLE hr.*;\n")
	f.leaveOut = (&param.Tags{Exclude: []string{"BLUE"}}).LeaveOut
	var expect []string
	for n := range 20 {
		if (n+1)%3 != 1 {
			expect = append(expect, want(n+1, n+1, 1)...)
		}
		if n != 9 && n != 19 {
			continue
		}
		if err := errors.Join(f.run("E1", fromScript(n+1), -1), f.run("P1", f.fromTrail(), -1)); err != nil {
			t.Fatal(err)
		}
		f.equal(rt, expect)
	}
}
