// Package handlertest is the conformance suite of the handler contract, a fake
// handler with knobs for faults, and what tests need to make batches.
//
// It is for tests only and knows no database product. Its law: a handler is
// finished when Run passes in process and over the process boundary.
package handlertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/record"
)

// Target is a handler under test and the way to see what it has done.
type Target struct {
	// New gives a handler that is not open. It lives until the test's end or Kill.
	New func(t *testing.T) handler.Handler
	// Kill ends a handler as a crash would: no Close, no last word.
	Kill func(h handler.Handler)
	// Config reaches the target; the checkpoint table exists.
	Config handler.Config
	// Schema is where tables are made.
	Schema string
	// Create makes the table anew and empty.
	Create func(t *testing.T, def *record.TableDef)
	// Rows reads a table past the handler: one string for each row, its columns
	// as text between bars, NULL for NULL, octets in upper case hexadecimal.
	Rows func(t *testing.T, def *record.TableDef) []string
	// Quote writes a name as Query needs it; nil: as it is.
	Quote func(name string) string
	// IntType and TextType are types of columns with a key on them.
	IntType, TextType string
	// Kinds are values that must go there and back.
	Kinds []KindCase
	// Refused are values that must be refused, never changed.
	Refused []KindCase
	// DuplicateCode is the native number of a duplicate key.
	DuplicateCode int
	// EmptyIsNull says that the database has no empty text.
	EmptyIsNull bool
}

// KindCase is a value in a column of a type; Want is the text that Rows gives.
type KindCase struct {
	Name  string
	Type  string
	Value V
	Want  string
	// NotCompared keeps it out of the test that finds rows by all columns.
	NotCompared bool
}

// run is one target in one test.
type run struct {
	*testing.T
	target *Target
	h      handler.Handler
	ctx    context.Context
}

// Run runs the suite.
func Run(t *testing.T, target *Target) {
	for _, c := range []struct {
		name string
		test func(*run)
	}{
		{"Describe", testDescribe},
		{"Rows", testRows},
		{"MissingColumns", testMissingColumns},
		{"Truncate", testTruncate},
		{"NoTable", testNoTable},
		{"Definition", testDefinition},
		{"Kinds", testKinds},
		{"Refused", testRefused},
		{"NoKey", testNoKey},
		{"Checkpoint", testCheckpoint},
		{"KilledBetweenCalls", testKilledBetweenCalls},
		{"KilledInApply", testKilledInApply},
		{"Duplicate", testDuplicate},
		{"MissingRow", testMissingRow},
		{"OneBadRow", testOneBadRow},
		{"Rules", testRules},
		{"Parts", testParts},
		{"Stops", testStops},
		{"OverrideDups", testOverrideDups},
		{"InsertMissing", testInsertMissing},
		{"Query", testQuery},
		{"Conflicts", testConflicts},
		{"ConflictGroups", testConflictGroups},
		{"Collisions", testCollisions},
		{"UniqueValuesMove", testUniqueValuesMove},
		{"AnyOrder", testAnyOrder},
		{"Deadline", testDeadline},
		{"Damaged", testDamaged},
		{"DDL", testDDL},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			c.test(&run{T: t, target: target, ctx: ctx})
		})
	}
}

// open makes a handler at RBA 100 and gives the checkpoint that the target holds.
func (r *run) open() *handler.Opened {
	start := At(100)
	return r.openWith(func(c *handler.Config) { c.Reset = &start })
}

func (r *run) reopen() *handler.Opened { return r.openWith(func(*handler.Config) {}) }

func (r *run) openWith(change func(*handler.Config)) *handler.Opened {
	r.Helper()
	r.h = r.target.New(r.T)
	cfg := r.target.Config
	cfg.Group = strings.NewReplacer("/", "_", "Test", "").Replace(r.Name())
	cfg.Group = cfg.Group[max(0, len(cfg.Group)-30):]
	change(&cfg)
	opened, err := r.h.Open(r.ctx, cfg)
	if err != nil {
		r.Fatalf("open: %v", err)
	}
	h := r.h
	r.Cleanup(func() { _ = h.Close() })
	return opened
}

func (r *run) create(id uint32, name string, key int, columns ...record.ColumnDef) *Table {
	r.Helper()
	t := NewTable(id, r.target.Schema, name, key, columns...)
	r.target.Create(r.T, t.Target)
	return t
}

// people makes a table of a number, a name and a note.
func (r *run) people(id uint32) *Table {
	r.Helper()
	return r.create(id, "people", 1, Column("id", r.target.IntType+"!", record.Int),
		Column("name", r.target.TextType, record.String),
		Column("note", r.target.TextType, record.String))
}

func (r *run) apply(b *handler.Batch) *handler.Applied {
	r.Helper()
	applied, err := r.h.Apply(r.ctx, b)
	if err != nil {
		r.Fatalf("apply: %v", err)
	}
	return applied
}

func (r *run) applyFails(b *handler.Batch) *handler.ApplyError {
	r.Helper()
	_, err := r.h.Apply(r.ctx, b)
	var e *handler.ApplyError
	if !errors.As(err, &e) {
		r.Fatalf("apply: got %v, want an *ApplyError", err)
	}
	return e
}

func (r *run) want(t *Table, rows ...string) {
	r.Helper()
	got := r.target.Rows(r.T, t.Target)
	slices.Sort(got)
	slices.Sort(rows)
	if !slices.Equal(got, rows) {
		r.Fatalf("%s holds\n  %s\nwant\n  %s", t.Target.Name,
			strings.Join(got, "\n  "), strings.Join(rows, "\n  "))
	}
}

// holds opens anew and compares the checkpoint.
func (r *run) holds(rba uint64) {
	r.Helper()
	opened := r.reopen()
	want := At(rba)
	if opened.Checkpoint == nil || !reflect.DeepEqual(*opened.Checkpoint, want) {
		r.Fatalf("the target holds checkpoint %+v, want %+v", opened.Checkpoint, want)
	}
}

func person(id int64, name, note string) []V { return Row(Int(id), Str(name), Str(note)) }

func testDescribe(r *run) {
	r.h = r.target.New(r.T)
	defer r.h.Close()
	if d := r.h.Describe(); d.Name == "" || d.Version == "" || !d.Transactional {
		r.Fatalf("describes itself as %+v", d)
	}
}

func testRows(r *run) {
	t := r.people(1)
	r.open()
	r.apply(Batch(200, []*Table{t},
		t.Insert(person(1, "Ann", "a")...), t.Insert(person(2, "Bob", "b")...),
		t.Insert(Row(Int(3), Null(), Str(""))...)))
	empty := ""
	if r.target.EmptyIsNull {
		empty = "NULL"
	}
	r.want(t, "1|Ann|a", "2|Bob|b", "3|NULL|"+empty)
	r.apply(Batch(300, nil,
		t.Update(person(1, "Ann", "a"), Row(Int(1), Str("Anna"), Null())),
		t.Update(Row(Int(3), Null(), Str("")), person(3, "Cy", "c")),
		t.Update(person(2, "Bob", "b"), person(20, "Bob", "b")),
		t.Insert(person(4, "Dee", "d")...), t.Delete(person(4, "Dee", "d")...)))
	r.want(t, "1|Anna|NULL", "20|Bob|b", "3|Cy|c")
	r.apply(Batch(400, nil, t.Delete(person(20, "Bob", "b")...),
		t.Delete(Int(1), Missing(), Missing())))
	r.want(t, "3|Cy|c")
	r.holds(400)
}

func testMissingColumns(r *run) {
	t := r.people(2)
	r.open()
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Insert(Row(Int(2), Missing(), Str("b"))...)))
	r.apply(Batch(300, nil,
		t.Op(record.Update, nil, Row(Int(1), Missing(), Str("x"))),
		t.Op(record.Update, Row(Int(2), Missing(), Missing()), Row(Missing(), Str("Bob"), Missing())),
		t.Op(record.PKUpdate, Row(Int(1), Missing(), Missing()), Row(Int(9), Missing(), Missing()))))
	r.want(t, "9|Ann|x", "2|Bob|b")
	// An update that writes nothing must still find its row.
	r.apply(Batch(400, nil, t.Op(record.Update, nil, Row(Int(9), Missing(), Missing()))))
	if e := r.applyFails(Batch(500, nil,
		t.Op(record.Update, nil, Row(Int(77), Missing(), Missing())))); e.Code != handler.RowMissing {
		r.Fatalf("update without effect on no row: %v", e)
	}
	if e := r.applyFails(Batch(500, nil,
		t.Op(record.Update, nil, Row(Missing(), Str("x"), Missing())))); e.Class != handler.Row {
		r.Fatalf("update without key: %v", e)
	}
	r.want(t, "9|Ann|x", "2|Bob|b")
}

func testTruncate(r *run) {
	t := r.people(3)
	r.open()
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Op(record.Truncate, nil, nil), t.Insert(person(1, "Bob", "b")...),
		t.Insert(person(2, "Cy", "c")...)))
	r.want(t, "1|Bob|b", "2|Cy|c")
	r.apply(Batch(300, nil, t.Op(record.Truncate, nil, nil)))
	r.want(t)
}

func testNoTable(r *run) {
	r.open()
	_, err := r.h.Table(r.ctx, handler.TableName{Schema: r.target.Schema, Name: "absent"})
	var none *handler.NoTableError
	if !errors.As(err, &none) || none.Name.Name != "absent" {
		r.Fatalf("table that is not there: %v", err)
	}
}

func testDefinition(r *run) {
	t := r.people(4)
	r.open()
	def, err := r.h.Table(r.ctx, handler.TableName{Schema: r.target.Schema, Name: "people"})
	if err != nil {
		r.Fatal(err)
	}
	if len(def.Columns) != 3 || def.Columns[1].Name != "name" || !def.Columns[1].Nullable ||
		def.Columns[0].Kind != record.Int || !slices.Equal(def.Key, []int{0}) {
		r.Fatalf("definition %+v of %+v", def, t.Target)
	}
}

// testKinds brings each value there by insert and by update, and finds it again
// among all columns.
func testKinds(r *run) {
	r.open()
	for i, c := range r.target.Kinds {
		t := r.create(uint32(10+i), "kinds", 1, Column("id", r.target.IntType+"!", record.Int),
			Column("v", c.Type, record.String))
		t.Target = r.defined(t)
		rba := uint64(1000 + 10*i)
		r.apply(Batch(rba+1, []*Table{t}, t.Insert(Int(1), c.Value), t.Insert(Int(2), c.Value),
			t.Insert(Int(3), Null()), t.Insert(Int(4), Null())))
		r.apply(Batch(rba+2, nil, t.Update(Row(Int(3), Null()), Row(Int(3), c.Value)),
			t.Update(Row(Int(4), Null()), Row(Int(4), c.Value)),
			t.Update(Row(Int(2), c.Value), Row(Int(2), Null()))))
		got := r.target.Rows(r.T, t.Target)
		slices.Sort(got)
		want := []string{"1|" + c.Want, "2|NULL", "3|" + c.Want, "4|" + c.Want}
		if !slices.Equal(got, want) {
			r.Errorf("%s in %s: got %q, want %q", c.Name, c.Type, got, want)
			continue
		}
		if c.NotCompared {
			continue
		}
		t.KeyIsUnique, t.Key = false, []int{0, 1}
		_, err := r.h.Apply(r.ctx, Batch(rba+3, []*Table{t}, t.Delete(Int(1), c.Value),
			t.Delete(Int(2), Null()), t.Update(Row(Int(3), c.Value), Row(Int(3), Null())),
			t.Update(Row(Int(4), c.Value), Row(Int(5), c.Value))))
		if err != nil {
			r.Errorf("%s in %s, to find its row: %v", c.Name, c.Type, err)
			continue
		}
		r.want(t, "3|NULL", "5|"+c.Want)
	}
}

// defined asks the handler for the definition, as Replicat does.
func (r *run) defined(t *Table) *record.TableDef {
	r.Helper()
	def, err := r.h.Table(r.ctx, handler.TableName{Schema: t.Target.Schema, Name: t.Target.Name})
	if err != nil {
		r.Fatal(err)
	}
	return def
}

func testRefused(r *run) {
	r.open()
	for i, c := range r.target.Refused {
		t := r.create(uint32(200+i), "refused", 1, Column("id", r.target.IntType+"!", record.Int),
			Column("v", c.Type, record.String))
		t.Target = r.defined(t)
		_, err := r.h.Apply(r.ctx, Batch(101, []*Table{t}, t.Insert(Int(1), c.Value),
			t.Insert(Int(2), c.Value)))
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != handler.Row || e.Op != 0 || e.Code == 0 {
			r.Errorf("%s in %s: got %#v, want an error of the row; the table holds %q", c.Name, c.Type,
				err, r.target.Rows(r.T, t.Target))
		}
	}
	r.holds(100)
}

func testNoKey(r *run) {
	t := r.create(5, "loose", 0, Column("a", r.target.IntType, record.Int),
		Column("b", r.target.TextType, record.String))
	r.open()
	same := Row(Int(1), Null())
	r.apply(Batch(200, []*Table{t}, t.Insert(same...), t.Insert(same...), t.Insert(same...),
		t.Insert(Null(), Str("x"))))
	r.apply(Batch(300, nil, t.Delete(same...), t.Update(same, Row(Int(1), Str("y"))),
		t.Update(Row(Null(), Str("x")), Row(Int(7), Str("x")))))
	r.want(t, "1|NULL", "1|y", "7|x")
	r.apply(Batch(400, nil, t.Insert(same...), t.Delete(same...), t.Delete(same...),
		t.Insert(same...)))
	r.want(t, "1|NULL", "1|y", "7|x")
	if e := r.applyFails(Batch(500, nil, t.Delete(Int(1), Str("z")))); e.Code != handler.RowMissing {
		r.Fatalf("delete of no row: %v", e)
	}
}

func testCheckpoint(r *run) {
	t := r.people(6)
	if opened := r.reopen(); opened.Checkpoint != nil && r.target.Config.Options["fresh"] != "" {
		r.Fatalf("a group that never was here has checkpoint %+v", opened.Checkpoint)
	}
	r.open()
	r.holds(100)
	r.apply(Batch(200, []*Table{t}))
	r.holds(200)
	e := r.applyFails(Batch(300, []*Table{t}, t.Delete(person(1, "a", "b")...)))
	if e.Code != handler.RowMissing || e.Op != 0 {
		r.Fatalf("failed as %+v", e)
	}
	r.holds(200)
	reset := At(150)
	opened := r.openWith(func(c *handler.Config) { c.Reset = &reset })
	if opened.Checkpoint == nil || opened.Checkpoint.RBA != 150 {
		r.Fatalf("after a reset the target holds %+v", opened.Checkpoint)
	}
	r.holds(150)
	other := r.openWith(func(c *handler.Config) { c.GroupKey = 1<<63 + 7 })
	if other.Checkpoint != nil && other.Checkpoint.RBA == 150 {
		r.Fatal("a group of another home sees our checkpoint")
	}
}

// workload is a run of batches; after the n-th the table must hold expect(n).
func workload(t *Table, number int) *handler.Batch {
	n := int64(number)
	ops := [][]byte{t.Insert(person(n, "n", "new")...)}
	if n > 0 {
		ops = append(ops, t.Update(person(n-1, "n", "new"), person(n-1, "n", fmt.Sprint("by ", n))))
	}
	if n > 1 {
		ops = append(ops, t.Delete(Row(Int(n-2), Missing(), Missing())...))
	}
	return Batch(uint64(1000+number), []*Table{t}, ops...)
}

func expect(number int) []string {
	rows := []string{fmt.Sprintf("%d|n|new", number)}
	if number > 0 {
		rows = append(rows, fmt.Sprintf("%d|n|by %d", number-1, number))
	}
	return rows
}

// testKilledBetweenCalls kills the handler after each call and goes on from
// where the target says it is.
func testKilledBetweenCalls(r *run) {
	t := r.people(7)
	r.open()
	const batches = 6
	for done := -1; done < batches-1; {
		r.apply(workload(t, done+1))
		done++
		if r.target.Kill == nil {
			continue
		}
		r.target.Kill(r.h)
		if e := r.applyFails(workload(t, done+1)); e.Class != handler.Connection {
			r.Fatalf("call to a dead handler: %v", e)
		}
		opened := r.reopen()
		if opened.Checkpoint == nil || opened.Checkpoint.RBA != uint64(1000+done) {
			r.Fatalf("after batch %d the target holds %+v", done, opened.Checkpoint)
		}
		r.want(t, expect(done)...)
	}
	r.want(t, expect(batches-1)...)
}

// testKilledInApply kills the handler while it applies: the batch is there as a
// whole or not at all, and the checkpoint says which.
func testKilledInApply(r *run) {
	if r.target.Kill == nil {
		r.Skip("this target cannot be killed")
	}
	t := r.people(8)
	r.open()
	const rows, rounds = 2000, 6
	next := int64(0)
	for round := range rounds {
		ops := make([][]byte, 0, rows)
		for i := range int64(rows) {
			ops = append(ops, t.Insert(person(next+i, "n", "x")...))
		}
		victim := r.h
		go func() {
			time.Sleep(time.Duration(round*round) * 2 * time.Millisecond)
			r.target.Kill(victim)
		}()
		_, err := r.h.Apply(r.ctx, Batch(uint64(2000+next), []*Table{t}, ops...))
		opened := r.reopen()
		got := int64(len(r.target.Rows(r.T, t.Target)))
		durable := opened.Checkpoint != nil && opened.Checkpoint.RBA == uint64(2000+next)
		switch {
		case durable && got != next+rows, !durable && got != next:
			r.Fatalf("round %d: %d rows with checkpoint %+v, %d before", round, got, opened.Checkpoint, next)
		case err == nil && !durable:
			r.Fatalf("round %d: an applied batch is not there", round)
		}
		if durable {
			next += rows
		}
	}
}

func testDeadline(r *run) {
	t := r.people(9)
	r.open()
	ctx, cancel := context.WithCancel(r.ctx)
	cancel()
	_, err := r.h.Apply(ctx, Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...)))
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != handler.Connection {
		r.Fatalf("apply without time: %v", err)
	}
	r.holds(100)
	r.want(t)
}

func testDamaged(r *run) {
	t := r.people(90)
	r.open()
	b := Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Insert(person(2, "Bob", "b")...))
	b.Ops = b.Ops[:len(b.Ops)-3]
	if e := r.applyFails(b); e.Class != handler.Setup {
		r.Fatalf("batch cut short: %v", e)
	}
	unknown := NewTable(4711, r.target.Schema, "people", 1, t.Target.Columns...)
	e := r.applyFails(Batch(200, nil, unknown.Insert(person(1, "a", "b")...)))
	if e.Class != handler.Setup {
		r.Fatalf("table nobody introduced: %v", e)
	}
	drop := record.DDLStatement{Kind: "DROP", Object: "TABLE", Name: "people"}
	ddl := record.AppendDDL(nil, t.ID, drop)
	if e := r.applyFails(Batch(200, nil, ddl)); e.Class != handler.Setup {
		r.Fatalf("DDL: %v", e)
	}
	r.want(t)
	r.holds(100)
}
