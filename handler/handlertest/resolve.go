package handlertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ggsh/handler"
	"ggsh/record"
)

// testStops has a handler stop behind refused rows: what comes in their place is in
// the same transaction, in its turn.
func testStops(r *run) {
	t, log := r.people(61), r.create(62, "mistakes", 1, Column("id", r.target.IntType+"!",
		record.Int), Column("note", r.target.TextType, record.String))
	t.Rules = []handler.Rule{{From: r.target.DuplicateCode, To: r.target.DuplicateCode,
		Response: handler.Except}}
	r.open()
	if !r.h.Describe().Continues {
		r.Log("the handler takes whole transactions only")
		return
	}
	r.apply(Batch(200, []*Table{t, log}, t.Insert(person(1, "Ann", "a")...)))
	applied := r.apply(Batch(300, nil, t.Insert(person(2, "Bob", "b")...),
		t.Insert(person(1, "x", "y")...), t.Insert(person(3, "Cid", "c")...)))
	if applied.Stopped != 2 || len(applied.Exceptions) != 1 || applied.Exceptions[0].Op != 1 ||
		applied.Exceptions[0].Response != handler.Except {
		r.Fatalf("%+v", applied)
	}
	applied = r.apply(part(Batch(300, nil, log.Insert(Int(1), Str("one")),
		t.Delete(person(2, "Bob", "b")...), t.Insert(person(1, "x", "y")...))))
	if applied.Stopped != 3 {
		r.Fatalf("%+v", applied)
	}
	r.apply(Batch(300, nil, log.Insert(Int(2), Str("two")), t.Insert(person(3, "Cid", "c")...)))
	r.want(t, "1|Ann|a", "3|Cid|c")
	r.want(log, "1|one", "2|two")
	r.holds(300)

	// A handler that has stopped holds nothing durable.
	r.apply(Batch(300, []*Table{t, log}))
	applied = r.apply(Batch(400, nil, t.Insert(person(4, "Dan", "d")...),
		t.Insert(person(1, "x", "y")...)))
	if applied.Stopped != 2 {
		r.Fatalf("%+v", applied)
	}
	if err := r.h.Close(); err != nil {
		r.Fatal(err)
	}
	r.want(t, "1|Ann|a", "3|Cid|c")
	r.holds(300)
}

// resolves opens the handler and reports whether it resolves what it meets.
func (r *run) resolves() bool {
	r.open()
	if !r.h.Describe().Resolves {
		r.Log("the handler resolves nothing by itself")
		return false
	}
	return true
}

func testOverrideDups(r *run) {
	t := r.people(63)
	t.OverrideDups = true
	if !r.resolves() {
		return
	}
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...)))
	applied := r.apply(Batch(300, nil, t.Insert(person(2, "Bob", "b")...),
		t.Insert(Row(Int(1), Str("Anna"), Missing())...)))
	r.want(t, "1|Anna|a", "2|Bob|b")
	if len(applied.Collisions) != 0 {
		r.Fatalf("%+v", applied)
	}
	if e := r.applyFails(Batch(400, nil, t.Delete(person(9, "x", "y")...))); e.Code !=
		handler.RowMissing {
		r.Fatalf("%+v", e)
	}
}

func testInsertMissing(r *run) {
	t := r.people(64)
	t.InsertMissing = true
	if !r.resolves() {
		return
	}
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...)))
	r.apply(Batch(300, nil, t.Update(person(2, "Bob", "b"), person(2, "Bob", "c")),
		t.Op(record.Update, person(3, "Cid", "c"), Row(Int(3), Missing(), Str("d"))),
		t.Update(person(4, "Dan", "d"), person(5, "Dan", "d"))))
	r.want(t, "1|Ann|a", "2|Bob|c", "3|Cid|d", "5|Dan|d")
	if e := r.applyFails(Batch(400, nil, t.Delete(person(9, "x", "y")...))); e.Code !=
		handler.RowMissing {
		r.Fatalf("%+v", e)
	}
}

// rule is a Resolution with one default group.
func rule(kind handler.ConflictType, method handler.Method, column int) handler.Resolution {
	return handler.Resolution{Type: kind, Groups: []handler.ConflictGroup{{Method: method,
		Column: column}}}
}

func counted(applied *handler.Applied) string {
	var out []string
	for _, n := range applied.Conflicts {
		out = append(out, fmt.Sprintf("%s %d %d", n.Type, n.Resolved, n.Failed))
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

// testConflicts meets each type of conflict with each whole-row method.
func testConflicts(r *run) {
	t := r.create(65, "conflicts", 1, Column("id", r.target.IntType+"!", record.Int),
		Column("rank", r.target.IntType, record.Int), Column("note", r.target.TextType, record.String))
	if !r.resolves() {
		return
	}
	row := func(id, rank int64, note string) []V { return Row(Int(id), Int(rank), Str(note)) }
	with := func(rules ...handler.Resolution) []*Table {
		t.Conflicts = &handler.Conflicts{Updates: []int{0, 1, 2}, Deletes: []int{0, 1, 2},
			Resolve: rules}
		return []*Table{t}
	}
	rba := uint64(200)
	step := func(tables []*Table, want string, ops ...[]byte) {
		r.Helper()
		rba += 100
		if got := counted(r.apply(Batch(rba, tables, ops...))); got != want {
			r.Fatalf("conflicts %s, want %s", got, want)
		}
	}
	step(with(), "[]", t.Insert(row(1, 10, "a")...), t.Insert(row(2, 20, "b")...),
		t.Insert(row(3, 30, "c")...), t.Update(row(3, 30, "c"), row(3, 31, "c")))
	step(with(rule(handler.InsertRowExists, handler.UseMax, 1)), "[INSERTROWEXISTS 2 0]",
		t.Insert(row(1, 9, "old")...), t.Insert(row(2, 21, "new")...))
	r.want(t, "1|10|a", "2|21|new", "3|31|c")
	step(with(rule(handler.UpdateRowExists, handler.UseMin, 1)), "[UPDATEROWEXISTS 3 0]",
		t.Update(row(1, 7, "x"), row(1, 8, "less")), t.Update(row(2, 7, "x"), row(2, 99, "more")),
		t.Update(row(3, 7, "x"), row(3, 31, "same")))
	r.want(t, "1|8|less", "2|21|new", "3|31|c")
	step(with(rule(handler.UpdateRowExists, handler.UseMaxEq, 1)), "[UPDATEROWEXISTS 1 0]",
		t.Update(row(3, 7, "x"), row(3, 31, "same")))
	r.want(t, "1|8|less", "2|21|new", "3|31|same")
	step(with(rule(handler.UpdateRowMissing, handler.Overwrite, 0),
		rule(handler.DeleteRowMissing, handler.KeepTarget, 0),
		rule(handler.DeleteRowExists, handler.Overwrite, 0)),
		"[DELETEROWEXISTS 1 0 DELETEROWMISSING 1 0 UPDATEROWMISSING 1 0]",
		t.Update(row(4, 1, "x"), row(4, 2, "made")), t.Delete(row(9, 9, "x")...),
		t.Delete(row(1, 1, "x")...))
	r.want(t, "2|21|new", "3|31|same", "4|2|made")
	rba += 100
	applied := r.apply(Batch(rba, with(rule(handler.UpdateRowExists, handler.DiscardGroup, 0)),
		t.Update(row(2, 1, "x"), row(2, 2, "y")), t.Delete(row(4, 2, "made")...)))
	if len(applied.Exceptions) != 1 || applied.Exceptions[0].Op != 0 ||
		applied.Exceptions[0].Response != handler.Discard {
		r.Fatalf("%+v", applied)
	}
	r.want(t, "2|21|new", "3|31|same")
	if e := r.applyFails(Batch(9999, with(), t.Update(row(2, 1, "x"), row(2, 2, "y")))); e.Class !=
		handler.Row || e.Code != handler.RowMissing {
		r.Fatalf("%+v", e)
	}
	r.want(t, "2|21|new", "3|31|same")
}

// testConflictGroups resolves columns of one row by different methods, each by the
// row as it was.
func testConflictGroups(r *run) {
	t := r.create(66, "accounts", 1, Column("id", r.target.IntType+"!", record.Int),
		Column("balance", r.target.IntType, record.Int), Column("stamp", r.target.IntType, record.Int),
		Column("note", r.target.TextType, record.String),
		Column("kept", r.target.TextType, record.String))
	if !r.resolves() {
		return
	}
	row := func(id, balance, stamp int64, note, kept string) []V {
		return Row(Int(id), Int(balance), Int(stamp), Str(note), Str(kept))
	}
	t.Conflicts = &handler.Conflicts{Updates: []int{0, 1, 2, 3, 4}, Resolve: []handler.Resolution{{
		Type: handler.UpdateRowExists, Groups: []handler.ConflictGroup{
			{Method: handler.UseDelta, Columns: []int{1}},
			{Method: handler.KeepTarget, Columns: []int{4}},
			{Method: handler.UseMax, Column: 2}}}}}
	r.apply(Batch(200, []*Table{t}, t.Insert(row(1, 100, 5, "a", "k")...),
		t.Insert(row(2, 100, 5, "a", "k")...)))
	r.apply(Batch(300, nil, t.Update(row(1, 70, 1, "x", "x"), row(1, 75, 6, "newer", "l")),
		t.Update(row(2, 70, 1, "x", "x"), row(2, 60, 4, "older", "l"))))
	r.want(t, "1|105|6|newer|k", "2|90|5|a|k")
	if e := r.applyFails(Batch(400, nil, t.Op(record.Update, Row(Int(1), Null(), Int(9), Str("x"),
		Str("x")), row(1, 1, 7, "n", "m")))); e.Class != handler.Row {
		r.Fatalf("%+v", e)
	}
}

// testQuery executes statements between batches: what they do is durable, what fails
// has done nothing and leaves the session as it was.
func testQuery(r *run) {
	t := r.people(67)
	r.open()
	q, ok := r.h.(handler.Querier)
	if !r.h.Describe().Queries {
		r.Log("the handler knows no SQL")
		return
	}
	if !ok {
		r.Fatal("Queries without a Querier")
	}
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Insert(person(2, "Bob", "b")...)))
	quote := r.target.Quote
	if quote == nil {
		quote = func(name string) string { return name }
	}
	name, note, id := quote(t.Target.Name), quote("note"), quote("id")
	if r.target.Schema != "" {
		name = quote(r.target.Schema) + "." + name
	}
	answer, err := q.Query(r.ctx, handler.Query{Text: "UPDATE " + name + " SET " + note + " = 'x'"})
	if err != nil || answer.Rows != 2 {
		r.Fatalf("%+v, %v", answer, err)
	}
	r.want(t, "1|Ann|x", "2|Bob|x")
	var failed *handler.ApplyError
	if _, err := q.Query(r.ctx, handler.Query{Text: "UPDATE " + name + " SET " + id + " = 1"}); !errors.As(err,
		&failed) || failed.Class == handler.Connection {
		r.Fatalf("%v", err)
	}
	r.apply(Batch(300, nil, t.Insert(person(3, "Cid", "c")...)))
	r.want(t, "1|Ann|x", "2|Bob|x", "3|Cid|c")
	r.holds(300)

	// In the transaction of parts a query sees what they did, and a failure of its own
	// undoes nothing of theirs.
	q = r.h.(handler.Querier)
	r.apply(part(Batch(300, []*Table{t}, t.Insert(person(4, "Dan", "d")...))))
	ask := handler.Query{Rows: true, Text: "SELECT " + quote("name") + ", " + id + " FROM " +
		name + " WHERE " + note + " = ?",
		Args: [][]byte{Str("d")}}
	answer, err = q.Query(r.ctx, ask)
	if err != nil || len(answer.Values) != 2 || !strings.EqualFold(answer.Columns[0], "name") {
		r.Fatalf("%+v, %v", answer, err)
	}
	for i, want := range []string{"Dan", "4"} {
		if v, _, err := record.DecodeValue(answer.Values[i]); err != nil || string(v.Text(nil, -1)) != want {
			r.Fatalf("column %d: %v, %v", i, v, err)
		}
	}
	ask.Args[0] = Str("none")
	if answer, err = q.Query(r.ctx, ask); err != nil || answer.Values != nil {
		r.Fatalf("%+v, %v", answer, err)
	}
	if _, err := q.Query(r.ctx, handler.Query{Text: "UPDATE " + name + " SET " + id + " = 1"}); !errors.As(err,
		&failed) || failed.Class == handler.Connection {
		r.Fatalf("%v", err)
	}
	r.apply(Batch(400, nil, t.Insert(person(5, "Eve", "e")...)))
	r.want(t, "1|Ann|x", "2|Bob|x", "3|Cid|c", "4|Dan|d", "5|Eve|e")
	r.holds(400)
}
