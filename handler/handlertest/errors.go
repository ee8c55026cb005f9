package handlertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"ggsh/handler"
	"ggsh/record"
)

func testDuplicate(r *run) {
	t := r.people(20)
	r.open()
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...)))
	e := r.applyFails(Batch(300, nil, t.Insert(person(2, "Bob", "b")...),
		t.Insert(person(1, "x", "y")...), t.Insert(person(3, "Cy", "c")...)))
	if e.Class != handler.Row || e.Code != r.target.DuplicateCode || e.Op != 1 {
		r.Fatalf("duplicate: %+v", e)
	}
	if strings.Contains(e.Statement, "Ann") {
		r.Fatalf("the statement shows values: %s", e.Statement)
	}
	r.want(t, "1|Ann|a")
	r.holds(200)
}

func testMissingRow(r *run) {
	t := r.people(21)
	r.open()
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Insert(person(2, "Bob", "b")...)))
	for _, op := range [][]byte{
		t.Delete(person(9, "x", "y")...),
		t.Update(person(9, "x", "y"), person(9, "x", "z")),
		t.Update(person(9, "x", "y"), person(8, "x", "y")),
	} {
		e := r.applyFails(Batch(300, nil, t.Delete(person(1, "Ann", "a")...), op,
			t.Delete(person(2, "Bob", "b")...)))
		if e.Class != handler.Row || e.Code != handler.RowMissing || e.Op != 1 {
			r.Fatalf("missing row: %+v", e)
		}
	}
	// A row that is updated to what it is must not count as missing.
	r.apply(Batch(300, nil, t.Update(person(1, "Ann", "a"), person(1, "Ann", "a")),
		t.Update(person(2, "Bob", "b"), person(2, "Bob", "b"))))
	r.want(t, "1|Ann|a", "2|Bob|b")
}

// testOneBadRow: of a thousand rows one is refused, and a rule lets it pass.
func testOneBadRow(r *run) {
	t := r.people(22)
	t.Rules = []handler.Rule{{From: r.target.DuplicateCode, To: r.target.DuplicateCode,
		Response: handler.Discard}}
	r.open()
	var ops [][]byte
	for i := range int64(1000) {
		id := i
		if i == 777 {
			id = 5
		}
		ops = append(ops, t.Insert(person(id, "n", "x")...))
	}
	applied := r.apply(Batch(200, []*Table{t}, ops...))
	if len(applied.Exceptions) != 1 || applied.Exceptions[0].Op != 777 ||
		applied.Exceptions[0].Code != r.target.DuplicateCode ||
		applied.Exceptions[0].Response != handler.Discard {
		r.Fatalf("exceptions %+v", applied.Exceptions)
	}
	if n := len(r.target.Rows(r.T, t.Target)); n != 999 {
		r.Fatalf("%d rows, want 999", n)
	}
	r.holds(200)
}

func testRules(r *run) {
	t := r.people(23)
	t.Rules = []handler.Rule{
		{From: handler.RowMissing, To: handler.RowMissing, Response: handler.Ignore},
		{From: r.target.DuplicateCode - 1, To: r.target.DuplicateCode + 1, Response: "RETRYOP"},
		{Default: true, Response: handler.Discard},
	}
	r.open()
	applied := r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Delete(person(9, "x", "y")...), t.Insert(Row(Null(), Str("x"), Str("y"))...)))
	got := fmt.Sprint(len(applied.Exceptions))
	for _, e := range applied.Exceptions {
		got += fmt.Sprintf(" %d:%s", e.Op, e.Response)
	}
	if got != "2 1:IGNORE 2:DISCARD" {
		r.Fatalf("exceptions %s: %+v", got, applied.Exceptions)
	}
	// What only Replicat can do comes back to it as an error.
	e := r.applyFails(Batch(300, nil, t.Insert(person(1, "x", "y")...)))
	if e.Class != handler.Row || e.Code != r.target.DuplicateCode || e.Op != 0 {
		r.Fatalf("%+v", e)
	}
	r.want(t, "1|Ann|a")
}

func testCollisions(r *run) {
	t := r.people(24)
	t.HandleCollisions = true
	r.open()
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...),
		t.Insert(person(2, "Bob", "b")...), t.Insert(person(3, "Cy", "c")...)))
	applied := r.apply(Batch(300, nil,
		t.Insert(person(1, "Anna", "new")...),                  // overwrites
		t.Update(person(8, "x", "y"), person(8, "x", "z")),     // ignored
		t.Delete(person(9, "x", "y")...),                       // ignored
		t.Update(person(7, "Gil", "g"), person(6, "Gil", "g")), // inserted
		t.Op(record.PKUpdate, Row(Int(55), Missing(), Missing()),
			Row(Int(56), Missing(), Missing())), // half a row: ignored
		t.Update(person(3, "Cy", "c"), person(2, "Cy", "c")), // replaces 2, 3 goes
	))
	r.want(t, "1|Anna|new", "2|Cy|c", "6|Gil|g")
	want := []handler.TableCollisions{{ID: 24, Inserts: 1, Updates: 4, Deletes: 1}}
	if !slices.Equal(applied.Collisions, want) {
		r.Fatalf("collisions %+v, want %+v", applied.Collisions, want)
	}
	applied = r.apply(Batch(400, nil, t.Insert(person(4, "Dee", "d")...)))
	if len(applied.Collisions) != 0 {
		r.Fatalf("collisions without any: %+v", applied.Collisions)
	}
}

// testUniqueValuesMove hands the value of a second unique key from row to row.
func testUniqueValuesMove(r *run) {
	t := NewTable(25, r.target.Schema, "uniques", 1, Column("id", r.target.IntType+"!", record.Int),
		Column("u", r.target.IntType, record.Int))
	t.Target.Unique = [][]int{{1}}
	r.target.Create(r.T, t.Target)
	r.open()
	row := func(id, u int64) []V { return Row(Int(id), Int(u)) }
	r.apply(Batch(200, []*Table{t}, t.Insert(row(1, 10)...), t.Insert(row(2, 20)...)))
	r.apply(Batch(300, nil, t.Delete(row(1, 10)...), t.Insert(row(3, 10)...),
		t.Update(row(2, 20), row(2, 21)), t.Update(row(3, 10), row(3, 20)), t.Insert(row(1, 10)...)))
	r.want(t, "1|10", "2|21", "3|20")
	// Images without the value: only the order can tell.
	r.apply(Batch(400, nil, t.Delete(Int(1), Missing()), t.Insert(row(4, 10)...),
		t.Op(record.Update, nil, Row(Int(2), Int(22))), t.Op(record.Update, nil, Row(Int(3), Int(21)))))
	r.want(t, "2|22", "3|21", "4|10")
}

// testAnyOrder applies a random history in batches of several sizes; whatever
// the grouping, the tables must end as the history says.
func testAnyOrder(r *run) {
	const seed, most, keys = 7, 800, 40
	sizes := []int{3, 100, most}
	if r.target.Config.Options["quick"] != "" {
		sizes = []int{100}
	}
	for _, size := range sizes {
		steps := min(50*size, most) // each batch costs the target a commit
		t := r.people(30)
		second := NewTable(31, r.target.Schema, "second", 2,
			Column("a", r.target.IntType+"!", record.Int),
			Column("b", r.target.TextType+"!", record.String), Column("c", r.target.IntType, record.Int))
		r.target.Create(r.T, second.Target)
		h := history{rng: rand.New(rand.NewPCG(seed, 1)), people: t, second: second,
			model: map[int64]string{}, pairs: map[string]int64{}}
		r.open()
		rba := uint64(1000)
		for done := 0; done < steps; done += size {
			var ops [][]byte
			for range min(size, steps-done) {
				ops = append(ops, h.step(keys))
			}
			rba++
			r.apply(Batch(rba, []*Table{t, second}, ops...))
		}
		var people, pairs []string
		for id, note := range h.model {
			people = append(people, fmt.Sprintf("%d|n|%s", id, note))
		}
		for ab, c := range h.pairs {
			pairs = append(pairs, fmt.Sprintf("%s|%d", ab, c))
		}
		r.want(t, people...)
		r.want(second, pairs...)
	}
}

// history makes operations and remembers what they lead to.
type history struct {
	rng            *rand.Rand
	people, second *Table
	model          map[int64]string
	pairs          map[string]int64
	count          int
}

func (h *history) step(keys int64) []byte {
	h.count++
	if h.rng.IntN(3) == 0 {
		return h.pair(keys / 4)
	}
	id := h.rng.Int64N(keys)
	note, there := h.model[id]
	if !there {
		h.model[id] = fmt.Sprint("i", h.count)
		return h.people.Insert(person(id, "n", h.model[id])...)
	}
	switch h.rng.IntN(4) {
	case 0:
		delete(h.model, id)
		return h.people.Delete(person(id, "n", note)...)
	case 1:
		to := h.rng.Int64N(keys)
		if _, taken := h.model[to]; !taken {
			delete(h.model, id)
			h.model[to] = note
			return h.people.Update(person(id, "n", note), person(to, "n", note))
		}
	case 2:
		h.model[id] = fmt.Sprint("c", h.count)
		return h.people.Op(record.Update, nil, Row(Int(id), Missing(), Str(h.model[id])))
	}
	h.model[id] = fmt.Sprint("u", h.count)
	return h.people.Update(person(id, "n", note), person(id, "n", h.model[id]))
}

func (h *history) pair(keys int64) []byte {
	a, b := h.rng.Int64N(keys), string(rune('p'+h.rng.IntN(3)))
	ab := fmt.Sprintf("%d|%s", a, b)
	c, there := h.pairs[ab]
	switch {
	case !there:
		h.pairs[ab] = int64(h.count)
		return h.second.Insert(Int(a), Str(b), Int(int64(h.count)))
	case h.rng.IntN(2) == 0:
		delete(h.pairs, ab)
		return h.second.Delete(Int(a), Str(b), Int(c))
	}
	h.pairs[ab] = int64(h.count)
	return h.second.Update(Row(Int(a), Str(b), Int(c)), Row(Int(a), Str(b), Int(int64(h.count))))
}
