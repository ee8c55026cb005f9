package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/process"
	"ggsh/record"
	"ggsh/trail"
)

// rows is a table: text by number.
type rows map[int64]string

// world is a database with a history: every commit changes rows of emp, whose number
// is a key by which it is cut, or of notes, which is read as one.
type world struct {
	defs    []*record.TableDef
	commits [][]edit
	now     int // commits that have been made
}

// edit is one change: from is the row before, to the row after; nil for none.
type edit struct {
	table    int
	from, to *row
}

type row struct {
	id   int64
	text string
}

func newWorld(rnd *rand.Rand, commits int) *world {
	w := &world{defs: []*record.TableDef{table(1, "emp"), table(2, "notes")}}
	state := []rows{{}, {}}
	for n := range commits {
		var list []edit
		size := 1 + rnd.IntN(4)
		if n == 0 {
			size = 120
		}
		for range size {
			if e, ok := randomEdit(rnd, state); ok {
				list = append(list, e)
			}
		}
		w.commits = append(w.commits, list)
	}
	return w
}

// randomEdit changes the state and says how.
func randomEdit(rnd *rand.Rand, state []rows) (edit, bool) {
	t := min(rnd.IntN(4), 1) ^ 1
	e := edit{table: t}
	id := int64(rnd.IntN(300) - 100)
	text, there := state[t][id]
	if there {
		e.from = &row{id, text}
		delete(state[t], id)
	}
	if !there || rnd.IntN(3) > 0 {
		e.to = &row{id, fmt.Sprint("v", rnd.IntN(1000))}
		if there && rnd.IntN(3) == 0 { // the key moves
			e.to.id = int64(rnd.IntN(300) - 100)
			if _, taken := state[t][e.to.id]; taken {
				e.to.id = id
			}
		}
		state[t][e.to.id] = e.to.text
	}
	return e, true
}

// at is the state behind a number of commits.
func (w *world) at(n int) []rows {
	state := []rows{{}, {}}
	for _, list := range w.commits[:n] {
		for _, e := range list {
			if e.from != nil {
				delete(state[e.table], e.from.id)
			}
			if e.to != nil {
				state[e.table][e.to.id] = e.to.text
			}
		}
	}
	return state
}

// body is an edit as a capture writes it.
func (w *world) body(e edit) []byte {
	kind := record.Update
	switch {
	case e.from == nil:
		kind = record.Insert
	case e.to == nil:
		kind = record.Delete
	case e.from.id != e.to.id:
		kind = record.PKUpdate
	}
	b, start := record.AppendOpHeader(nil, kind, w.defs[e.table].ID)
	for i, r := range []*row{e.from, e.to} {
		if r == nil {
			continue
		}
		var mark int
		b, mark = record.BeginImage(b)
		b = record.AppendText(record.AppendInt(b, r.id), record.String, r.text)
		record.EndImage(b, start, mark, i == 0)
	}
	return b
}

// photo is a snapshot of the world.
type photo struct {
	w  *world
	n  int
	is []rows
}

func (p *photo) Position() record.Txn {
	return record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(p.n)},
		CommitTime: time.Unix(int64(p.n), 0).UTC()}, Restart: strconv.Itoa(p.n)}
}

func (p *photo) Tables() []SnapshotTable {
	return []SnapshotTable{{Def: p.w.defs[0], Rows: int64(len(p.is[0])), Key: p.w.defs[0].Columns[0].Name},
		{Def: p.w.defs[1], Rows: -1}}
}

func (p *photo) Bounds(_ context.Context, _, table int) (Bounds, error) {
	ids := slices.Sorted(maps.Keys(p.is[table]))
	if len(ids) == 0 {
		return Bounds{}, nil
	}
	return Bounds{Low: ids[0], High: ids[len(ids)-1], Any: true}, nil
}

func (p *photo) Read(_ context.Context, _ int, part Part, take func(op []byte) error) error {
	for _, id := range slices.Sorted(maps.Keys(p.is[part.Table])) {
		if id < part.From || id > part.To {
			continue
		}
		e := edit{table: part.Table, to: &row{id, p.is[part.Table][id]}}
		if err := take(p.w.body(e)); err != nil {
			return err
		}
	}
	return nil
}

func (p *photo) Close() error { return nil }

// changes is the world's log.
type changes struct {
	w  *world
	at int
}

func (c *changes) Next(context.Context) (*record.Txn, error) {
	if c.at >= len(c.w.commits) {
		return nil, io.EOF
	}
	var ops listOps
	for _, e := range c.w.commits[c.at] {
		ops = append(ops, op{c.w.defs[e.table], c.w.body(e)})
	}
	c.at++
	txn := &record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(c.at)},
		XID: fmt.Sprint("x", c.at), CommitTime: time.Unix(int64(c.at), 0).UTC()}, Restart: strconv.Itoa(c.at)}
	if len(ops) > 0 {
		txn.Ops = &ops
	}
	return txn, nil
}

func (c *changes) Wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func (c *changes) Close() error                   { return nil }

// ledgerCut makes the ledger fail, instead of the trail, at some call of the trail.
type ledgerCut struct {
	TrailWriter
	calls int
	path  string // a folder there lets nothing be stored
}

func (l *ledgerCut) Op(d *record.TableDef, b []byte, last bool) error {
	if l.calls--; l.calls == 0 {
		if err := os.Mkdir(l.path, 0o755); err != nil {
			return err
		}
	}
	return l.TrailWriter.Op(d, b, last)
}

// load runs the load of group EINIT until an output or the ledger is cut off, or to
// its end.
func (f *fixture) load(w *world, readers, calls int, ledger bool) error {
	f.t.Helper()
	lc := f.loadConfig(w, readers, calls, ledger)
	err := RunLoad(f.t.Context(), lc)
	lc.Process.Close(err)
	return err
}

// loadConfig starts the process of a load, which is the caller's to close.
func (f *fixture) loadConfig(w *world, readers, calls int, ledger bool) LoadConfig {
	f.t.Helper()
	stop := f.home.Load("EINIT") + ".tmp"
	if err := os.RemoveAll(stop); err != nil {
		f.t.Fatal(err)
	}
	p, err := process.Start(process.Config{Home: f.home, Type: checkpoint.Extract, Group: "EINIT",
		ReportFile: f.home.Report("EINIT", -1), Version: "test", Now: time.Now, Getenv: os.Getenv,
		Stdout: io.Discard})
	if err != nil {
		f.t.Fatal(err)
	}
	plan, err := mapping.CompileExtract(p.Params())
	if err != nil {
		f.t.Fatal(err)
	}
	lc := LoadConfig{Config: Config{Process: p, Plan: plan,
		Outputs: []OutputConfig{{Name: "./dirdat/ld"}},
		Serves:  func(*param.TableStatement, OutputConfig) bool { return true },
		OpenOutput: func(_ context.Context, o OutputConfig) (TrailWriter, Held, error) {
			tw, err := trail.Open(trail.WriterConfig{Name: f.trail(o.Name), Forget: o.Forget,
				Purge: o.Purge})
			if err != nil {
				return nil, Held{}, err
			}
			_, last, known := tw.Last()
			if ledger {
				return &ledgerCut{tw, calls, stop}, Held{Last: last, Known: known}, nil
			}
			return limit{tw, &calls, &f.syncs}, Held{Last: last, Known: known}, nil
		}},
		OpenSnapshot: func(_ context.Context, want int, _ record.CSN) (Snapshot, int, error) {
			return &photo{w, w.now, w.at(w.now)}, want, nil
		},
		OpenChanges: func(_ context.Context, restart string) (Source, error) {
			at, err := strconv.Atoi(restart)
			return &changes{w, at}, err
		},
		Ledger: checkpoint.LoadAt(f.home.Load("EINIT")), Readers: readers, ChunkRows: 9}
	if f.tune != nil {
		f.tune(&lc)
	}
	return lc
}

// loaded applies the load's trail to nothing: an insert meets no row, an update or
// delete the row that it says.
func (f *fixture) loaded() []rows {
	f.t.Helper()
	state := []rows{{}, {}}
	r, err := trail.OpenTxnReader(f.trail("./dirdat/ld"), trail.Position{}, trail.TxnOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Close()
	for {
		txn, err := r.Next()
		if err == io.EOF {
			return state
		}
		if err != nil {
			f.t.Fatal(err)
		}
		for {
			def, body, err := txn.Ops.Next()
			if err == io.EOF {
				break
			}
			if err == nil {
				err = applyStrictly(state, def, body)
			}
			if err != nil {
				f.t.Fatalf("transaction %s: %v", txn.XID, err)
			}
		}
	}
}

func applyStrictly(state []rows, def *record.TableDef, body []byte) error {
	var o record.Op
	if err := record.DecodeOp(body, &o); err != nil {
		return err
	}
	t := state[0]
	if def.Name == "notes" {
		t = state[1]
	}
	for i, im := range []record.Image{o.Before, o.After} {
		if im == nil {
			continue
		}
		v, err := im.Values(nil, 2)
		if err != nil {
			return err
		}
		id := int64(v[0].N)
		_, there := t[id]
		switch {
		case i == 0 && !there:
			return fmt.Errorf("%s of row %d of %s, which is not there", o.Type, id, def.Name)
		case i == 0:
			delete(t, id)
		case there:
			return fmt.Errorf("%s of row %d of %s, which is there already", o.Type, id, def.Name)
		default:
			t[id] = string(v[1].B)
		}
	}
	return nil
}

// TestALoadCutAnywhereIsOfOneCommit breaks a load off at any call of its trail, once
// and again, while the source goes on: in the end all rows are of the commit that
// the ledger names, and no change came twice.
func TestALoadCutAnywhereIsOfOneCommit(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(rnd, 60)
			w.now = 5
			f := newFixture(t, checkpoint.Group{Name: "EINIT", Source: checkpoint.SourceIsTable},
				"EXTFILE ./dirdat/ld\nTABLE hr.*;\n")
			resumed := 0
			for n := 0; ; n++ {
				calls := rnd.IntN(int(seed)*4 + 8)
				if n > 5 || w.now == len(w.commits) {
					calls = -1
				}
				err := f.load(w, 1+rnd.IntN(3), calls, rnd.IntN(2) > 0)
				if err == nil {
					break
				}
				if !errors.Is(err, errCut) && !errors.Is(err, syscall.EISDIR) {
					t.Fatal(err)
				}
				w.now = min(w.now+rnd.IntN(12), len(w.commits))
				resumed++
			}
			led, err := checkpoint.LoadAt(f.home.Load("EINIT")).Load()
			if err != nil || led.Phase != checkpoint.LoadComplete {
				t.Fatalf("the ledger says %+v: %v", led, err)
			}
			want, got := w.at(int(led.At.Minor)), f.loaded()
			for i := range want {
				if !maps.Equal(want[i], got[i]) {
					t.Errorf("after %d cuts, table %s as of commit %s:\nwant %v\ngot  %v", resumed,
						w.defs[i].Name, led.At, want[i], got[i])
				}
			}
		})
	}
}

// TestALoadLooksBackWhereItCan: a source that still shows the commit of what is
// loaded is read as of that one, and its log is not needed.
func TestALoadLooksBackWhereItCan(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(rnd, 60)
		w.now = 5
		f := newFixture(t, checkpoint.Group{Name: "EINIT", Source: checkpoint.SourceIsTable},
			"EXTFILE ./dirdat/ld\nTABLE hr.*;\n")
		f.tune = func(lc *LoadConfig) {
			lc.OpenSnapshot = func(_ context.Context, want int, loaded record.CSN) (Snapshot, int, error) {
				n := w.now
				if !loaded.IsZero() {
					n = int(loaded.Minor)
				}
				return &photo{w, n, w.at(n)}, want, nil
			}
			lc.OpenChanges = func(context.Context, string) (Source, error) {
				return nil, errors.New("the log is gone")
			}
		}
		for n := range 5 {
			calls := 4 + rnd.IntN(40)
			if n == 4 {
				calls = -1
			}
			err := f.load(w, 2, calls, rnd.IntN(2) > 0)
			if err == nil {
				break
			}
			if !errors.Is(err, errCut) && !errors.Is(err, syscall.EISDIR) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			w.now = min(w.now+rnd.IntN(12), len(w.commits))
		}
		led, err := checkpoint.LoadAt(f.home.Load("EINIT")).Load()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range w.at(int(led.At.Minor)) {
			if got := f.loaded()[i]; !maps.Equal(want, got) {
				t.Errorf("seed %d, table %s: want %v, got %v", seed, w.defs[i].Name, want, got)
			}
		}
	}
}

// passingCut is a broken connection.
type passingCut struct{ error }

func (passingCut) Temporary() bool { return true }

// leaky is a connection that breaks once, at some operation.
type leaky struct {
	TrailWriter
	calls *int
}

func (l leaky) Op(d *record.TableDef, b []byte, last bool) error {
	if *l.calls--; *l.calls == 0 {
		return passingCut{errCut}
	}
	return l.TrailWriter.Op(d, b, last)
}

// TestALoadThatBeginsAnewDoesNotGoOn: whoever reads its output has applied what was
// whole before the connection broke, and cannot be given the rest alone.
func TestALoadThatBeginsAnewDoesNotGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		calls, opened int
		ended         bool
	}{"before a part is whole": {4, 2, false}, "behind a part": {40, 1, true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(rand.New(rand.NewPCG(4, 4)), 20)
			w.now = 10
			f := newFixture(t, checkpoint.Group{Name: "EINIT", Source: checkpoint.SourceIsTable},
				"EXTFILE ./dirdat/ld\nTABLE hr.*;\n")
			opened, calls := 0, c.calls
			f.tune = func(lc *LoadConfig) {
				open := lc.OpenOutput
				lc.Anew, lc.Outputs[0].Purge = true, true
				lc.OpenOutput = func(ctx context.Context, o OutputConfig) (TrailWriter, Held, error) {
					opened++
					tw, held, err := open(ctx, o)
					return leaky{tw, &calls}, held, err
				}
			}
			err := f.load(w, 1, -1, false)
			if (err != nil) != c.ended || opened != c.opened {
				t.Fatalf("opened %d times: %v", opened, err)
			}
			w.now = 20
			if err := f.load(w, 1, -1, false); err != nil {
				t.Fatal(err)
			}
			got := f.loaded()
			for i, want := range w.at(20) {
				if !maps.Equal(want, got[i]) {
					t.Errorf("table %s: want %v, got %v", w.defs[i].Name, want, got[i])
				}
			}
		})
	}
}

func TestALoadRefusesATrailThatIsNotItsOwn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	w := newWorld(rnd, 20)
	w.now = 10
	f := newFixture(t, checkpoint.Group{Name: "EINIT", Source: checkpoint.SourceIsTable},
		"EXTFILE ./dirdat/ld\nTABLE hr.*;\n")
	if err := f.load(w, 1, 60, false); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	files, err := trail.List(f.trail("./dirdat/ld"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range files {
		if err := os.Remove(f.trail("./dirdat/ld").File(n)); err != nil {
			t.Fatal(err)
		}
	}
	err = f.load(w, 1, -1, false)
	if ggserr.NumberOf(err) != ggserr.LoadBroken {
		t.Errorf("the load went on: %v", err)
	}
}

func TestPartsCoverATableOnce(t *testing.T) {
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		key := func() int64 {
			switch rnd.IntN(4) {
			case 0:
				return math.MinInt64 + rnd.Int64N(3)
			case 1:
				return math.MaxInt64 - rnd.Int64N(3)
			}
			return rnd.Int64N(2000) - 1000
		}
		var t1 checkpoint.LoadTable
		for range rnd.IntN(4) { // what earlier runs have done
			a, b := key(), key()
			gaps := t1.Gaps()
			if len(gaps) == 0 {
				break
			}
			g := gaps[rnd.IntN(len(gaps))]
			from, to := max(min(a, b), g.From), min(max(a, b), g.To)
			if from <= to {
				t1.Add(checkpoint.KeyRange{From: from, To: to, CSN: record.CSN{Minor: uint64(rnd.IntN(2))}})
			}
		}
		a, b := key(), key()
		bounds := Bounds{Low: min(a, b), High: max(a, b), Any: rnd.IntN(8) > 0}
		c := newCutter(t1.Gaps(), bounds, rnd.Int64N(100000)-1, 1+rnd.Int64N(500))
		for n := 0; ; n++ {
			part, ok := c.next()
			if !ok {
				break
			}
			if part.From > part.To || t1.Holds(part.From) || t1.Holds(part.To) || n > 10000 {
				t.Fatalf("seed %d: part %d %+v of %+v", seed, n, part, t1.Done)
			}
			t1.Add(part)
			rows := rnd.Int64N(1000)
			if n > 100 {
				rows = 0 // a gap in the numbers
			}
			c.learn(part, rows)
		}
		if !t1.Complete() {
			t.Fatalf("seed %d: not covered: %+v", seed, t1.Gaps())
		}
	}
}

// TestPausesBetweenSessions: a source that cannot be reached is asked less and less
// often; one that can be is not left alone for longer each time.
func TestPausesBetweenSessions(t *testing.T) {
	var p pauses
	for _, s := range []struct {
		lasted  time.Duration
		reached bool
		want    time.Duration
	}{{0, false, 1}, {0, false, 2}, {0, false, 4}, {0, true, 1}, {0, true, 1}, {0, false, 2},
		{40 * time.Second, false, 1}, {0, false, 2}, {0, false, 4}, {0, false, 8}, {0, false, 16},
		{0, false, 30}, {0, false, 30}} {
		if got := p.next(s.lasted, s.reached); got != s.want*time.Second {
			t.Fatalf("behind %v: %s, want %ds", s, got, s.want)
		}
	}
}

// TestABrokenSnapshotHasReachedTheSource: a load does not wait longer and longer
// because a table is altered again and again.
func TestABrokenSnapshotHasReachedTheSource(t *testing.T) {
	w := newWorld(rand.New(rand.NewPCG(1, 1)), 10)
	w.now = 10
	for _, c := range []struct {
		name    string
		open    func(*photo) (Snapshot, error)
		reached bool
	}{
		{"altered", func(p *photo) (Snapshot, error) { return altered{p}, nil }, true},
		{"no server", func(*photo) (Snapshot, error) { return nil, passingCut{errCut} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, checkpoint.Group{Name: "EINIT", Source: checkpoint.SourceIsTable},
				"EXTFILE ./dirdat/ld\nTABLE hr.*;\n")
			f.tune = func(lc *LoadConfig) {
				lc.OpenSnapshot = func(_ context.Context, want int, _ record.CSN) (Snapshot, int, error) {
					s, err := c.open(&photo{w, w.now, w.at(w.now)})
					return s, want, err
				}
			}
			lc := f.loadConfig(w, 1, -1, false)
			l := &load{engine: newEngine(lc.Config), lc: lc}
			if err := l.openLedger(); err != nil {
				t.Fatal(err)
			}
			err := l.session(t.Context())
			lc.Process.Close(err)
			if !temporary(err) || l.reached != c.reached {
				t.Errorf("got %v, reached %t", err, l.reached)
			}
		})
	}
}

// altered is a snapshot of which nothing can be read.
type altered struct{ *photo }

func (altered) Read(context.Context, int, Part, func([]byte) error) error {
	return passingCut{errCut}
}
