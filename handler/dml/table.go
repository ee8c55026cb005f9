package dml

import (
	"context"
	"fmt"
	"strings"

	"ggsh/handler"
	"ggsh/record"
)

// table is a TableUse made ready: names quoted, columns sorted by their role.
type table struct {
	use    handler.TableUse
	def    *record.TableDef
	name   string   // quoted
	column []string // quoted
	write  []string // placeholders of values that are stored
	match  []string // conditions that find a value
	binds  []int    // how often match binds it
	isKey  []bool
	chars  []Repertoire // of the columns; none says that it is no text
	mended []bool       // a replaced character was told of
	warned bool         // of values that COMPARECOLS lacks
	mends  bool         // an error of a row may be mended by the table's options
	// order is shared by the tables whose operations keep their order among
	// each other; nil when operations on different rows may change places.
	order  *sequence
	shapes map[string]*shape
}

// sequence is the place of the last operation of an ordered set of tables.
type sequence struct {
	level int32
	shape *shape
}

// learn takes in the tables that a batch brings and gives notes about them.
func (a *Applier) learn(ctx context.Context, uses []handler.TableUse) (notes []string, err error) {
	for i := range uses {
		t, err := a.newTable(&uses[i])
		if err != nil {
			return nil, err
		}
		nature, err := a.dialect.Inspect(ctx, a.conn, t.def)
		if err != nil {
			return nil, a.fail(err, "look for foreign keys of "+t.def.FullName())
		}
		switch {
		case nature.Ordered:
			t.order = a.global
		case !t.use.KeyIsUnique:
			t.order = &sequence{}
		}
		if nature.Note != "" {
			notes = append(notes, nature.Note)
		}
		if a.names[t.name] {
			// Its columns may have changed; a statement prepared for the old ones
			// can go on treating values as those would have.
			a.stmts.forget()
		}
		a.tables[t.use.ID], a.names[t.name] = t, true
	}
	return notes, nil
}

func (a *Applier) newTable(use *handler.TableUse) (*table, error) {
	refuse := func(format string, args ...any) (*table, error) {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1,
			Text: fmt.Sprintf("table %s: ", use.Source) + fmt.Sprintf(format, args...)}
	}
	if use.Target == nil || len(use.Target.Columns) == 0 {
		return refuse("no definition of its target was given")
	}
	if len(use.Key) == 0 {
		return refuse("no column to find a row by: name some with KEYCOLS")
	}
	t := &table{use: *use, def: use.Target, shapes: map[string]*shape{},
		mends: use.HandleCollisions || use.OverrideDups || use.InsertMissing ||
			use.Conflicts != nil}
	t.isKey = make([]bool, len(t.def.Columns))
	t.mended = make([]bool, len(t.def.Columns))
	t.chars = make([]Repertoire, len(t.def.Columns))
	for i := range t.chars {
		if of := a.dialect.Repertoire; of != nil {
			t.chars[i] = of(&t.def.Columns[i])
		}
	}
	for _, k := range use.Key {
		if k < 0 || k >= len(t.def.Columns) {
			return refuse("key column %d of %d", k, len(t.def.Columns))
		}
		t.isKey[k] = true
	}
	t.name = a.dialect.Quote(t.def.Name)
	if t.def.Schema != "" {
		t.name = a.dialect.Quote(t.def.Schema) + "." + t.name
	}
	for i := range t.def.Columns {
		a.addColumn(t, &t.def.Columns[i])
	}
	return t, nil
}

// addColumn makes the texts that statements have for a column.
func (a *Applier) addColumn(t *table, col *record.ColumnDef) {
	d := a.dialect
	name, write := d.Quote(col.Name), "?"
	if d.Write != nil {
		write = d.Write(col)
	}
	match, binds := "", 1
	switch {
	case d.Match != nil:
		match, binds = d.Match(col, name), strings.Count(d.Match(col, ""), "?")
	case col.Nullable:
		match = name + d.NullSafe + d.Compare(col)
	default:
		match = name + " = " + d.Compare(col)
	}
	t.column, t.write = append(t.column, name), append(t.write, write)
	t.match, t.binds = append(t.match, match), append(t.binds, binds)
}

// change is one operation of a batch, its values still encoded.
type change struct {
	number        int
	size          int
	table         *table
	shape         *shape
	before, after record.Image
	level         int32
}

// workspace is memory that batches use one after the other.
type workspace struct {
	before, after []record.Value
	slab          []record.Value
	args          []any
	arena         []byte
	otherArgs     []any // of the statement that is being executed
	otherArena    []byte
	notes         []string
	name          []byte
	changes       []change
	images        []images
}

// images are the decoded values of one operation; nil where it has none.
type images struct{ before, after []record.Value }

// decode reads the batch's operations. What cannot be read is an error of the
// caller, not of a row.
func (a *Applier) decode(b *handler.Batch) ([]change, error) {
	changes := a.work.changes[:0]
	rest := b.Ops
	for {
		body, tail, ok := handler.NextBatchOp(rest)
		if !ok {
			break
		}
		rest = tail
		c, err := a.decodeOne(body, len(changes))
		if err != nil {
			return nil, &handler.ApplyError{Class: handler.Setup, Op: len(changes),
				Text: err.Error()}
		}
		changes = append(changes, c)
	}
	a.work.changes = changes
	if len(rest) > 0 || len(changes) != b.Count {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(
			"the batch is damaged: %d of %d operations can be read", len(changes), b.Count)}
	}
	return changes, nil
}

func (a *Applier) decodeOne(body []byte, number int) (change, error) {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return change{}, err
	}
	if op.Type == record.DDL {
		s, err := record.DecodeDDL(&op)
		if err != nil {
			return change{}, err
		}
		return change{}, fmt.Errorf("DDL is not applied by this handler: %s %s %s; "+
			"make the change in the target by hand and go on behind it", s.Kind, s.Object, s.Name)
	}
	t := a.tables[op.Table]
	if t == nil {
		return change{}, fmt.Errorf("table id %d, which no batch has introduced", op.Table)
	}
	c := change{number: number, size: len(body), table: t, before: op.Before, after: op.After}
	im, err := a.values(&c)
	if err != nil {
		return change{}, fmt.Errorf("table %s: %w", t.use.Source, err)
	}
	c.shape, err = a.shapeOf(t, op.Type, im)
	return c, err
}

// values decodes a change's images into memory that the next call reuses.
func (a *Applier) values(c *change) (im images, err error) {
	n := len(c.table.def.Columns)
	if c.before != nil {
		if a.work.before, err = c.before.Values(a.work.before, n); err != nil {
			return im, err
		}
		im.before = a.work.before
		if a.bad.replaces() {
			a.mend(c.table, im.before)
		}
	}
	if c.after != nil {
		if a.work.after, err = c.after.Values(a.work.after, n); err != nil {
			return im, err
		}
		im.after = a.work.after
		if a.bad.replaces() {
			a.mend(c.table, im.after)
		}
	}
	return im, nil
}
