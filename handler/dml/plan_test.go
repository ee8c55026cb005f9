package dml

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// TestPlan shows into which statements operations are put. The tables are
//
//	t  id key, v, w
//	p  (a, b) key, v
//	u  id key, u unique, v
//	f  id key, v; has a foreign key, so its order is kept
//	n  a, b without key
//
// and an operation is one line: table, verb, values of the after image (of the
// before image for delete); move has the old key in front. - is missing, NULL
// is NULL.
func TestPlan(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			a, tables := planner(t, plannerDialect(t, d))
			var ops [][]byte
			for _, line := range strings.Split(d.Input, "\n") {
				words := strings.Fields(line)
				ops = append(ops, operation(tables[words[0]], words[1], words[2:]))
			}
			return show(t, a, handlertest.Batch(1, nil, ops...))
		})
	})
}

// plannerDialect is one that puts several rows into a statement (plan), or one
// that executes a statement with arrays (arrays), which must not have w.
func plannerDialect(t *testing.T, d *datadriven.TestData) Dialect {
	dialect := Dialect{
		Quote: func(s string) string { return s }, NullSafe: " <=> ",
		Compare:  func(*record.ColumnDef) string { return "?" },
		OneRow:   func(_, condition string) string { return " WHERE " + condition + " LIMIT 1" },
		Limits:   Limits{Insert: 4, Update: 4, Delete: 4, Params: 100},
		CaseSafe: func(c *record.ColumnDef) bool { return c.Kind != record.Bytes },
	}
	switch d.Cmd {
	case "plan":
	case "arrays":
		dialect.Numbered = true
		dialect.Write = func(c *record.ColumnDef) string { return "W(?, '?" + c.Name + "')" }
		dialect.Arrays = func(c *record.ColumnDef) bool { return c.Kind != record.Bytes }
		dialect.Match = func(c *record.ColumnDef, column string) string {
			if c.Nullable {
				return "(" + column + " = ? OR " + column + " IS NULL AND ? IS NULL)"
			}
			return column + " = ?"
		}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	return dialect
}

func planner(t *testing.T, dialect Dialect) (*Applier, map[string]*handlertest.Table) {
	t.Helper()
	a := New(dialect)
	a.session, a.global, a.tables = &Session{}, &sequence{}, map[uint32]*table{}
	column := func(name string) record.ColumnDef {
		return handlertest.Column(name, "int", record.Int)
	}
	key := func(name string) record.ColumnDef { return handlertest.Column(name, "int!", record.Int) }
	blob := handlertest.Column("w", "blob", record.Bytes)
	tables := map[string]*handlertest.Table{
		"t": handlertest.NewTable(1, "", "t", 1, key("id"), column("v"), blob),
		"p": handlertest.NewTable(2, "", "p", 2, key("a"), key("b"), column("v")),
		"u": handlertest.NewTable(3, "", "u", 1, key("id"), column("u"), column("v")),
		"f": handlertest.NewTable(4, "", "f", 1, key("id"), column("v")),
		"n": handlertest.NewTable(5, "", "n", 0, column("a"), column("b")),
	}
	tables["u"].Target.Unique = [][]int{{1}}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		ready, err := a.newTable(&tables[name].TableUse)
		if err != nil {
			t.Fatal(err)
		}
		switch name {
		case "f":
			ready.order = a.global
		case "n":
			ready.order = &sequence{}
		}
		a.tables[ready.use.ID] = ready
	}
	return a, tables
}

func operation(t *handlertest.Table, verb string, words []string) []byte {
	var row []handlertest.V
	for _, w := range words {
		n, err := strconv.ParseInt(w, 10, 64)
		switch {
		case w == "-":
			row = append(row, handlertest.Missing())
		case err != nil:
			row = append(row, handlertest.Null())
		default:
			row = append(row, handlertest.Int(n))
		}
	}
	switch verb {
	case "insert":
		return t.Insert(row...)
	case "update":
		return t.Op(record.Update, nil, row)
	case "delete":
		return t.Delete(row...)
	case "truncate":
		return t.Op(record.Truncate, nil, nil)
	}
	before := make([]handlertest.V, len(t.Target.Columns)) // move
	for i := range before {
		before[i] = handlertest.Missing()
		if i < len(row)-len(before) {
			before[i] = row[i]
		}
	}
	return t.Op(record.PKUpdate, before, row[len(row)-len(before):])
}

// show lists the statements and the operations that each applies.
func show(t *testing.T, a *Applier, b *handler.Batch) string {
	t.Helper()
	changes, err := a.decode(b)
	if err != nil {
		return err.Error() + "\n"
	}
	p, err := a.plan(changes)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, bucket := range p.buckets {
		for rest := bucket.members; len(rest) > 0; {
			n := 1
			if bucket.shape.many {
				n = a.stepFor(bucket.shape, rest)
			}
			var numbers []string
			for _, c := range rest[:n] {
				numbers = append(numbers, strconv.Itoa(c.number))
			}
			fmt.Fprintf(&out, "%-8s %s\n", strings.Join(numbers, ","), a.statement(bucket.shape, n))
			rest = rest[n:]
		}
	}
	return out.String()
}

func TestResponseTo(t *testing.T) {
	rules := []handler.Rule{{From: 10, To: 20, Response: handler.Ignore},
		{Default: true, Response: handler.Discard}, {From: 30, To: 30, Response: handler.Ignore}}
	for _, c := range []struct {
		class handler.Class
		code  int
		want  handler.Response
	}{
		{handler.Row, 15, handler.Ignore}, {handler.Row, 9, handler.Discard},
		{handler.Row, 30, handler.Discard}, {handler.Setup, 30, handler.Ignore},
		{handler.Setup, 9, handler.Abend}, {handler.Conflict, 15, handler.Abend},
		{handler.Connection, 15, handler.Abend},
	} {
		got := handler.ResponseTo(rules, &handler.ApplyError{Class: c.class, Code: c.code})
		if got != c.want {
			t.Errorf("%s %d: got %s, want %s", c.class, c.code, got, c.want)
		}
	}
}
