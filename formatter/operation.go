package formatter

import (
	"strings"

	"ggsh/record"
)

// operation is a change as encoders see it: decoded, with the letter that
// stands for its kind. Encoders do not keep it.
type operation struct {
	change *record.Change
	table  *table
	kind   record.OpType // Insert, Update, Delete or Truncate
	code   string
	before []record.Value // nil without before image
	after  []record.Value // nil without after image
	tokens [][2][]byte
	none   record.Value // missing
}

// row is the one image that formats of rows show; nil for a truncate.
func (o *operation) row() []record.Value {
	if o.kind == record.Delete {
		return o.before
	}
	return o.after
}

// value gives a column of an image, missing if there is no image.
func (o *operation) value(image []record.Value, column int) *record.Value {
	if image == nil {
		return &o.none
	}
	return &image[column]
}

// decoder turns changes into operations. What it gives is valid until the next change.
type decoder struct {
	op            operation
	before, after []record.Value
	tokens        [][2][]byte
}

// decode reads the change into d.op.
func (d *decoder) decode(c *record.Change, t *table) error {
	d.op = operation{change: c, table: t, kind: c.Op.Type}
	switch c.Op.Type {
	case record.PKUpdate:
		d.op.kind = record.Update
	case record.DDL:
		return fault("a DDL statement has no form in a format of rows", "")
	}
	var err error
	n := len(t.def.Columns)
	if c.Op.Before != nil {
		if d.before, err = c.Op.Before.Values(d.before, n); err != nil {
			return fault("before image: "+err.Error(), "")
		}
		d.op.before = d.before
	}
	if c.Op.After != nil {
		if d.after, err = c.Op.After.Values(d.after, n); err != nil {
			return fault("after image: "+err.Error(), "")
		}
		d.op.after = d.after
	}
	if d.tokens, err = c.Op.Tokens.AppendPairs(d.tokens[:0]); err != nil {
		return fault("tokens: "+err.Error(), "")
	}
	d.op.tokens = d.tokens
	if d.op.kind == record.Insert && d.op.after == nil || d.op.kind == record.Update &&
		d.op.after == nil || d.op.kind == record.Delete && d.op.before == nil {
		return fault("the record of the "+c.Op.Type.String()+" has no image of the row", "")
	}
	return nil
}

// movedKey gives the first key column that an update changes; -1 for none. The
// capture's word counts where the before image does not tell.
func (o *operation) movedKey() int {
	if o.kind != record.Update {
		return -1
	}
	known := o.before != nil
	for _, k := range o.table.def.Key {
		after := &o.after[k]
		if o.before == nil || after.Kind == record.Missing {
			continue
		}
		before := &o.before[k]
		if before.Kind == record.Missing {
			known = false
			continue
		}
		if !before.Equal(after) {
			return k
		}
	}
	if !known && o.change.Op.Type == record.PKUpdate && len(o.table.def.Key) > 0 {
		return o.table.def.Key[0]
	}
	return -1
}

// completeKey takes key columns that only the before image has into the after
// image: they did not change.
func (o *operation) completeKey() {
	if o.kind != record.Update || o.before == nil {
		return
	}
	for _, k := range o.table.def.Key {
		if o.after[k].Kind == record.Missing {
			o.after[k] = o.before[k]
		}
	}
}

// completeRow takes all columns that only the before image has into the after image.
func (o *operation) completeRow() {
	for i := range o.after {
		if o.after[i].Kind == record.Missing && o.before != nil {
			o.after[i] = o.before[i]
		}
	}
}

// table is a definition as an encoder prepared it.
type table struct {
	def     *record.TableDef
	name    string
	labels  [][]byte // what stands before each column's value
	heads   [][]byte // what stands before each meta field
	warned  []bool   // columns that were warned of
	avro    *avroTable
	parquet *parquetTable
	// changed says of its last operation that the one before had other columns.
	changed bool
}

// keyNames lists the key columns for a message.
func (t *table) keyNames() string {
	var names []string
	for _, k := range t.def.Key {
		names = append(names, t.def.Columns[k].Name)
	}
	return strings.Join(names, ", ")
}
