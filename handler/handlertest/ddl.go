package handlertest

import (
	"strings"

	"ggsh/handler"
	"ggsh/record"
)

// DDLBatch holds one statement on a table of a schema.
func DDLBatch(rba uint64, kind, schema, table, text string) *handler.Batch {
	return Batch(rba, nil, record.AppendDDL(nil, 0, record.DDLStatement{Kind: kind, Schema: schema,
		Object: "TABLE", Name: schema + "." + table, Text: text}))
}

// testDDL: a handler that takes DDL has executed it once with its checkpoint, learns the
// new columns, and reports what the target refuses as that operation's error; another one
// refuses the batch and changes nothing.
func testDDL(r *run) {
	t := r.people(1)
	r.open()
	text := "ALTER TABLE " + t.Target.FullName() + " ADD COLUMN more INT"
	add := DDLBatch(300, "ALTER", r.target.Schema, t.Target.Name, text)
	r.apply(Batch(200, []*Table{t}, t.Insert(person(1, "Ann", "a")...)))
	if !r.h.Describe().DDL {
		if e := r.applyFails(add); e.Class == handler.Row {
			r.Fatalf("a rule could let DDL pass that the handler does not understand: %+v", e)
		}
		r.want(t, "1|Ann|a")
		r.holds(200)
		return
	}
	r.apply(add)
	def, err := r.h.Table(r.ctx, handler.TableName{Schema: r.target.Schema, Name: t.Target.Name})
	if err != nil || def.Column("more") != 3 {
		r.Fatalf("the new column is not known: %+v, %v", def, err)
	}
	def.ID = 2
	wide := &Table{TableUse: t.TableUse}
	wide.ID, wide.Target = 2, def
	r.apply(Batch(400, []*Table{wide}, wide.Insert(append(person(2, "Bob", "b"), Int(7))...)))
	r.want(wide, "1|Ann|a|NULL", "2|Bob|b|7")
	e := r.applyFails(DDLBatch(500, "ALTER", r.target.Schema, t.Target.Name, text))
	if e.Class != handler.Row || e.Op != 0 || e.Code == 0 || !strings.Contains(e.Statement, "ADD COLUMN") {
		r.Fatalf("a column for the second time: %+v", e)
	}
	r.holds(400)
	two := DDLBatch(500, "ALTER", r.target.Schema, t.Target.Name, text)
	two.Ops, two.Count = append(two.Ops, two.Ops...), 2
	if e := r.applyFails(two); e.Class != handler.Setup {
		r.Fatalf("two statements in a batch: %+v", e)
	}
	r.want(wide, "1|Ann|a|NULL", "2|Bob|b|7")
	r.holds(400)
}
