package oracle

import (
	"errors"
	"fmt"

	"ggsh/capture/oracle/redo"
	"ggsh/ggserr"
	"ggsh/oracleclient"
	"ggsh/record"
)

// takeLOB takes the value of a LOB that stands in a row. Content that came in pieces
// before an EMPTY_CLOB() of the same change stays.
func (o *operations) takeLOB(f *frame, i int, v *redo.Value, spans []span, raw bool) error {
	c, p := &o.pending, o.pending.plan
	l := &c.lobs[i]
	empty := v.Kind == redo.EmptyCLOB || v.Kind == redo.EmptyBLOB
	switch {
	case v.Kind == redo.Bind:
		return nil // its document follows
	case empty && l.touched && o.st.Op == redo.Insert:
		l.known = true
		return nil
	}
	s, err := c.literal(p.types[i], v, raw, &o.scratch)
	if err != nil {
		return o.stop(f, p, fmt.Errorf("column %s: %w", p.def.Columns[i].Name, err))
	}
	spans[i] = s
	*l = lobState{content: l.content[:0], known: true}
	value, _, err := record.DecodeValue(c.value(s))
	if err != nil {
		return o.stop(f, p, err)
	}
	if value.Kind != record.Null {
		l.whole(value.B, value.Kind == record.Bytes)
		l.touched = false // the span has it, until pieces follow
	}
	return nil
}

// locator begins the pieces of a LOB.
func (o *operations) locator(f *frame, p *plan) (*record.TableDef, []byte, error) {
	c := &o.pending
	if !c.sameRow(f, p) || c.code == CodeDelete {
		if c.active {
			return o.later(f)
		}
		c.start(p, f, CodeUpdate)
		for i := range o.st.Where {
			if err := o.take(f, &o.st.Where[i], c.before, o.raw(), false); err != nil {
				return nil, nil, err
			}
		}
		copy(c.after, c.before)
		if err := o.findable(f, p); err != nil {
			return nil, nil, err
		}
	}
	c.adopt(f)
	i, err := o.column(f, p, o.st.Column)
	if err != nil {
		return nil, nil, err
	}
	c.column = i
	if i < 0 {
		return nil, nil, nil
	}
	l := &c.lobs[i]
	if o.st.Op != redo.LOBSelect {
		*l = lobState{content: l.content[:0], touched: true, known: true, octets: true}
	}
	l.binary = p.def.Columns[i].Kind == record.Bytes
	return nil, nil, nil
}

// piece takes one piece of a LOB, an XML document or a long string.
func (o *operations) piece(f *frame, p *plan) error {
	c := &o.pending
	if o.st.Op == redo.XMLEnd || o.st.Op == redo.LongEnd {
		return nil
	}
	if !c.active || c.plan != p {
		return o.stop(f, p, errors.New("a piece of a LOB without the row that it belongs to"))
	}
	if c.column < 0 {
		return nil
	}
	l := &c.lobs[c.column]
	l.touched = true
	l.broken = l.broken || o.group[min(o.at, len(o.group)-1)].undo > 0
	switch o.st.Op {
	case redo.LOBTrim:
		l.trim(o.st.Length)
		return nil
	case redo.LOBErase:
		l.broken = true
		return nil
	}
	if o.st.Piece.Kind == redo.Null {
		return nil
	}
	var err error
	if l.octets && o.st.Piece.Kind == redo.HexToRaw {
		l.content, err = o.st.Piece.AppendOctets(l.content)
	} else if o.scratch, err = redo.AppendPiece(o.scratch[:0], p.types[c.column], &o.st.Piece); err == nil {
		if l.octets {
			l.octets = false
			l.content = append(l.content, o.scratch...)
		} else {
			l.write(o.scratch, max(o.st.Offset, 1), o.st.Length)
		}
	}
	if err != nil {
		return o.stop(f, p, fmt.Errorf("column %s: %w", p.def.Columns[c.column].Name, err))
	}
	return nil
}

// finishLOB makes the value of a LOB that came in pieces.
func (o *operations) finishLOB(i int) error {
	c := &o.pending
	l, kind := &c.lobs[i], c.plan.def.Columns[i].Kind
	if l.octets {
		var err error
		if o.scratch, err = c.plan.types[i].AppendText(o.scratch[:0], l.content); err != nil {
			return ggserr.New(ggserr.LogProblem, "a document in table "+c.plan.def.FullName()).Because(err)
		}
		l.content = append(l.content[:0], o.scratch...)
	}
	if l.known && !l.broken {
		c.after[i] = c.put(func(dst []byte) []byte { return l.appendValue(dst, kind) })
		return nil
	}
	return o.fetch(i)
}

// fetch reads a LOB that the log does not hold whole from the table, as of the commit.
func (o *operations) fetch(i int) error {
	c := &o.pending
	l, p := &c.lobs[i], c.plan
	c.after[i] = span{}
	name := p.def.Columns[i].Name
	if o.cfg.NoFetch || !usableRowID(c.rowID) {
		l.lost = true
		o.state.lostLOBs.Add(1)
		return nil
	}
	q := &LOBQuery{Owner: p.def.Schema, Table: p.def.Name, Column: name,
		Binary: p.def.Columns[i].Kind == record.Bytes, XML: p.def.Columns[i].Kind == record.XML, RowID: string(c.rowID), SCN: o.scn}
	content, null, found, err := o.schema.dict().LOB(o.ctx, q)
	if oracleclient.ClassOf(err) == oracleclient.Snapshot && !o.cfg.NoLatest {
		o.cfg.warn(ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf("column %s of table %s at SCN %d is read as "+
			"it is now: it cannot be read as of the commit. What changes it later follows in the log", name,
			p.def.FullName(), c.scn)).Because(err))
		q.SCN = 0
		content, null, found, err = o.schema.dict().LOB(o.ctx, q)
	}
	if err != nil {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("column %s of table %s at SCN %d: the log does "+
			"not hold the whole value, and it cannot be read from the table as of SCN %d", name,
			p.def.FullName(), c.scn, o.scn)).Because(err)
	}
	o.state.fetched.Add(1)
	kind := p.def.Columns[i].Kind
	switch {
	case !found:
		l.lost = true
	case null:
		c.after[i] = c.put(record.AppendNull)
	default:
		c.after[i] = c.put(func(dst []byte) []byte { return record.AppendBytes(dst, kind, content) })
	}
	return nil
}
