package oracle

import (
	"bytes"

	"ggsh/capture/oracle/redo"
	"ggsh/record"
)

// span is a value's place in a change's octets; to 0 means that there is none.
type span struct{ from, to int }

// change is a row's change being put together.
type change struct {
	active bool
	plan   *plan
	code   Code
	rowID  []byte
	scn    uint64
	octets []byte
	before []span
	after  []span
	lobs   []lobState // by column; empty for tables without LOBs
	column int        // that pieces belong to, -1: none
}

// start empties the change for a row of a plan.
func (c *change) start(p *plan, f *frame, code Code) {
	n := len(p.def.Columns)
	c.active, c.plan, c.code, c.scn, c.column = true, p, code, f.scn, -1
	c.rowID = append(c.rowID[:0], f.rowID...)
	c.octets = c.octets[:0]
	c.before, c.after = cleared(c.before, n), cleared(c.after, n)
	c.lobs = c.lobs[:0]
	for range n {
		c.lobs = append(c.lobs, lobState{})
	}
}

func cleared(list []span, n int) []span {
	list = list[:0]
	for range n {
		list = append(list, span{})
	}
	return list
}

// sameRow reports whether a row of the log is of the row that the change is of.
func (c *change) sameRow(f *frame, p *plan) bool {
	return c.active && c.plan.table.Object == p.table.Object &&
		(bytes.Equal(c.rowID, f.rowID) || !usableRowID(c.rowID) || !usableRowID(f.rowID))
}

// adopt takes the row id of a later row of the same change.
func (c *change) adopt(f *frame) {
	if usableRowID(f.rowID) {
		c.rowID = append(c.rowID[:0], f.rowID...)
	}
}

func (c *change) value(s span) []byte { return c.octets[s.from:s.to] }

// appendOp appends the operation.
func (c *change) appendOp(dst []byte) []byte {
	t := record.Insert
	switch c.code {
	case CodeDelete:
		t = record.Delete
	case CodeUpdate:
		t = record.Update
		if c.keyChanged() {
			t = record.PKUpdate
		}
	}
	dst, start := record.AppendOpHeader(dst, t, c.plan.def.ID)
	whole := true
	if t != record.Insert {
		var mark int
		dst, mark = record.BeginImage(dst)
		dst = c.appendImage(dst, c.before, record.Missing, &whole)
		record.EndImage(dst, start, mark, true)
	}
	if t != record.Delete {
		absent := record.Missing
		if t == record.Insert {
			absent = record.Null // LogMiner leaves out NULLs at the end of a row
		} else {
			c.keep()
		}
		var mark int
		dst, mark = record.BeginImage(dst)
		dst = c.appendImage(dst, c.after, absent, &whole)
		record.EndImage(dst, start, mark, false)
	}
	if !whole {
		record.MarkCompressed(dst, start)
	}
	return dst
}

// keep gives an update's row what it left as it was, as far as that is logged.
func (c *change) keep() {
	for i := range c.after {
		if c.after[i].to == 0 && !c.lobs[i].lost {
			c.after[i] = c.before[i]
		}
	}
}

func (c *change) appendImage(dst []byte, spans []span, absent record.Kind, whole *bool) []byte {
	for i, s := range spans {
		switch {
		case s.to > 0:
			dst = append(dst, c.value(s)...)
		case absent == record.Null && !c.plan.def.Columns[i].Generated && !c.lobs[i].lost:
			dst = record.AppendNull(dst)
		default:
			dst = record.AppendMissing(dst)
			*whole = *whole && c.plan.def.Columns[i].Generated
		}
	}
	return dst
}

// keyChanged reports whether an update gives a key column another value.
func (c *change) keyChanged() bool {
	for _, k := range c.plan.def.Key {
		b, a := c.before[k], c.after[k]
		if b.to > 0 && a.to > 0 && !bytes.Equal(c.value(b), c.value(a)) {
			return true
		}
	}
	return false
}

// put appends a value that is encoded already.
func (c *change) put(encoded func(dst []byte) []byte) span {
	from := len(c.octets)
	c.octets = encoded(c.octets)
	return span{from, len(c.octets)}
}

// literal appends the value of a column from the text.
func (c *change) literal(typ *redo.Type, v *redo.Value, raw bool, scratch *[]byte) (span, error) {
	from := len(c.octets)
	var err error
	if raw && v.Kind == redo.HexToRaw {
		*scratch, err = v.AppendOctets((*scratch)[:0])
		if err == nil {
			c.octets, err = redo.AppendInternal(c.octets, typ, *scratch)
		}
	} else {
		c.octets, err = redo.AppendValue(c.octets, typ, v)
	}
	return span{from, len(c.octets)}, err
}
