package handlertest

import (
	"fmt"

	"ggsh/handler"
)

// part makes a batch one that goes on in the next.
func part(b *handler.Batch) *handler.Batch {
	b.More, b.Ends = true, nil
	return b
}

// testParts is for handlers that take a source transaction in parts: nothing of
// it is there before the last part, a bad row costs no part before it, a
// refused one costs all of them, and a crash on the way leaves nothing.
func testParts(r *run) {
	t := r.people(60)
	r.open()
	if !r.h.Describe().Continues {
		r.Log("the handler takes whole transactions only")
		return
	}
	r.apply(Batch(100, []*Table{t}, t.Insert(person(1, "Ann", "a")...)))
	r.apply(part(Batch(100, nil, t.Insert(person(2, "Bob", "b")...))))
	r.apply(part(Batch(100, nil, t.Delete(person(1, "Ann", "a")...), t.Insert(person(3, "Cid", "c")...))))
	r.apply(Batch(200, nil, t.Insert(person(4, "Dan", "d")...)))
	r.want(t, "2|Bob|b", "3|Cid|c", "4|Dan|d")
	r.holds(200)

	r.apply(part(Batch(200, []*Table{t}, t.Insert(person(5, "Eve", "e")...))))
	if e := r.applyFails(part(Batch(200, nil, t.Insert(person(6, "F", "f")...),
		t.Insert(person(2, "x", "y")...)))); e.Class != handler.Row || e.Op != 1 {
		r.Fatalf("%+v", e)
	}
	r.apply(Batch(300, nil, t.Insert(person(7, "Gil", "g")...)))
	r.want(t, "2|Bob|b", "3|Cid|c", "4|Dan|d", "7|Gil|g")
	r.holds(300)

	r.apply(part(Batch(300, []*Table{t}, t.Insert(person(8, "Hal", "h")...))))
	if r.target.Kill != nil {
		r.target.Kill(r.h)
	} else if err := r.h.Close(); err != nil {
		r.Fatal(err)
	}
	r.reopen()
	r.want(t, "2|Bob|b", "3|Cid|c", "4|Dan|d", "7|Gil|g")
	r.holds(300)
	r.passedOver(t)
}

// passedOver discards a row of a later part and keeps the parts before it.
func (r *run) passedOver(t *Table) {
	t.Rules = []handler.Rule{{Default: true, Response: handler.Discard}}
	r.apply(part(Batch(300, []*Table{t}, t.Insert(person(9, "Ivy", "i")...))))
	applied := r.apply(Batch(400, nil, t.Insert(person(7, "x", "y")...), t.Insert(person(10, "Jo", "j")...)))
	if got := fmt.Sprint(len(applied.Exceptions)); got != "1" || applied.Exceptions[0].Op != 0 {
		r.Fatalf("exceptions %+v", applied.Exceptions)
	}
	r.want(t, "10|Jo|j", "2|Bob|b", "3|Cid|c", "4|Dan|d", "7|Gil|g", "9|Ivy|i")
	r.holds(400)
}
