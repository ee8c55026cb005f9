package oracle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ggsh/capture/oracle/redo"
	"ggsh/ggserr"
	"ggsh/record"
)

// operations reads the operations of transactions that were committed at one SCN. It
// belongs to the goroutine that delivers.
type operations struct {
	ctx     context.Context // of the source
	schema  *schema
	cfg     *Config
	state   *status
	group   []*transaction
	scn     uint64 // of the commit
	at      int
	n       int64 // rows read of the present transaction
	ahead   frame
	hasNext bool
	skipRow []byte // LOB pieces of this row belong to a change that was undone

	st      redo.Statement
	pending change
	body    []byte
	scratch []byte
	first   *firstOp
}

// firstOp is an operation that was read in advance.
type firstOp struct {
	def  *record.TableDef
	body []byte
	err  error
}

// reset begins to read another group.
func (o *operations) reset(group []*transaction, scn uint64) {
	o.group, o.scn, o.at, o.n, o.hasNext, o.first = group, scn, 0, 0, false, nil
	o.pending.active, o.skipRow = false, nil
	for _, t := range group {
		if t.buf != nil {
			t.buf.Rewind()
		}
	}
}

// peek reports whether there is an operation at all, or an error in its place.
func (o *operations) peek() bool {
	def, body, err := o.read()
	if errors.Is(err, io.EOF) {
		return false
	}
	o.first = &firstOp{def, body, err}
	return true
}

// Next implements record.Ops.
func (o *operations) Next() (*record.TableDef, []byte, error) {
	if f := o.first; f != nil {
		o.first = nil
		return f.def, f.body, f.err
	}
	return o.read()
}

func (o *operations) read() (*record.TableDef, []byte, error) {
	for {
		f, ok, err := o.frame()
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			if o.pending.active {
				return o.emit()
			}
			return nil, nil, io.EOF
		}
		def, body, err := o.row(&f)
		if err != nil || body != nil {
			return def, body, err
		}
	}
}

// frame gives the next row that was not undone.
func (o *operations) frame() (frame, bool, error) {
	if o.hasNext {
		o.hasNext = false
		return o.ahead, true, nil
	}
	for o.at < len(o.group) {
		t := o.group[o.at]
		if t.buf == nil || t.excluded {
			o.at, o.n = o.at+1, 0
			continue
		}
		_, body, err := t.buf.Next()
		if errors.Is(err, io.EOF) {
			if o.pending.active { // changes of two transactions are never one
				return frame{}, false, o.closeTransaction()
			}
			o.at, o.n = o.at+1, 0
			continue
		}
		if err != nil {
			return frame{}, false, cacheFailed(err)
		}
		f, err := readFrame(body)
		if err != nil {
			return frame{}, false, cacheFailed(err)
		}
		o.n++
		if t.cancelled.has(o.n - 1) {
			o.skipRow = append(o.skipRow[:0], f.rowID...)
			continue
		}
		if f.code > CodeUpdate && len(o.skipRow) > 0 && f.code != CodeDDL &&
			bytes.Equal(f.rowID, o.skipRow) {
			continue
		}
		if f.code <= CodeUpdate {
			o.skipRow = o.skipRow[:0]
		}
		return f, true, nil
	}
	return frame{}, false, nil
}

// closeTransaction goes on to the next transaction once the pending change is out.
func (o *operations) closeTransaction() error {
	o.at, o.n = o.at+1, 0
	return nil
}

// row takes one row; body is an operation that it completed.
func (o *operations) row(f *frame) (*record.TableDef, []byte, error) {
	if f.code == CodeDDL {
		if o.pending.active {
			return o.later(f)
		}
		return o.statement(f)
	}
	p, err := o.schema.at(f.object, f.scn)
	if err != nil {
		return nil, nil, err
	}
	if err := redo.Parse(&o.st, f.redo); err != nil {
		return nil, nil, o.stop(f, p, err)
	}
	switch o.st.Op {
	case redo.None:
		return nil, nil, nil
	case redo.Insert, redo.Update, redo.Delete:
		return o.rowChange(f, p)
	case redo.LOBSelect, redo.XMLBegin, redo.LongBegin:
		return o.locator(f, p)
	}
	return nil, nil, o.piece(f, p)
}

// later keeps a row until the pending change is out.
func (o *operations) later(f *frame) (*record.TableDef, []byte, error) {
	o.ahead, o.hasNext = *f, true
	return o.emit()
}

// rowChange takes an insert, update or delete.
func (o *operations) rowChange(f *frame, p *plan) (*record.TableDef, []byte, error) {
	c := &o.pending
	if c.sameRow(f, p) && o.continues(f, p) {
		c.adopt(f)
		return nil, nil, o.values(f, true)
	}
	if c.active {
		return o.later(f)
	}
	code := CodeInsert
	switch o.st.Op {
	case redo.Update:
		code = CodeUpdate
	case redo.Delete:
		code = CodeDelete
	}
	c.start(p, f, code)
	if err := o.values(f, false); err != nil {
		return nil, nil, err
	}
	if p.hasLOBs() && c.code != CodeDelete {
		return nil, nil, nil // its LOBs may follow
	}
	return o.emit()
}

func (p *plan) hasLOBs() bool {
	for _, l := range p.lob {
		if l {
			return true
		}
	}
	return false
}

// continues reports whether a row of the log goes on with the pending change: an update
// of nothing but LOBs, or the insert whose LOBs came before it.
func (o *operations) continues(f *frame, p *plan) bool {
	c := &o.pending
	if c.code == CodeDelete {
		return false
	}
	if o.st.Op == redo.Insert {
		for i := range c.lobs {
			if c.lobs[i].touched {
				return true
			}
		}
		return false
	}
	if o.st.Op != redo.Update || len(o.st.Set) == 0 {
		return false
	}
	for i := range o.st.Set {
		column, err := o.column(f, p, o.st.Set[i].Name)
		if err != nil || column < 0 || !p.lob[column] {
			return false
		}
	}
	return true
}

var unknownOwner, objectPrefix = []byte("UNKNOWN"), []byte("OBJ# ")

// raw reports whether the statement has numbers and octets.
func (o *operations) raw() bool {
	return bytes.Equal(o.st.Owner, unknownOwner) && bytes.HasPrefix(o.st.Table, objectPrefix)
}

// column finds a column of the definition by the name in the text; -1 for those that
// are not delivered.
func (o *operations) column(f *frame, p *plan, name []byte) (int, error) {
	at, ok := -1, false
	if digits, numbered := bytes.CutPrefix(name, []byte("COL ")); numbered && o.raw() {
		n, err := strconv.Atoi(string(digits))
		if ok = err == nil && n > 0 && n < len(p.byNumber); ok {
			at = p.byNumber[n]
		}
		ok = ok && at >= 0
	} else {
		at, ok = p.byName[string(name)]
	}
	if ok {
		return p.columns[at], nil
	}
	if s := string(name); s == "ROWID" || s == "ORA_ARCHIVE_STATE" {
		return -1, nil
	}
	return -1, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the change of table %s at SCN %d has column %s, "+
		"which the definition of the table since SCN %s does not: the table was altered, and its "+
		"definition of that time is not known", p.def.FullName(), f.scn, name, p.def.Version)).
		Do("Load the table again and start behind this SCN; keep the schema file of %s from now on.",
			o.cfg.Group)
}

// values takes the columns of the statement into the pending change. merge says that
// the row goes on with it.
func (o *operations) values(f *frame, merge bool) error {
	c, p := &o.pending, o.pending.plan
	raw := o.raw()
	if !merge || o.st.Op == redo.Insert {
		for i := range o.st.Where {
			if err := o.take(f, &o.st.Where[i], c.before, raw, false); err != nil {
				return err
			}
		}
		if c.code == CodeUpdate {
			copy(c.after, c.before)
		}
	}
	if merge && o.st.Op == redo.Insert {
		c.code = CodeInsert
		clear(c.before)
	}
	for i := range o.st.Set {
		if err := o.take(f, &o.st.Set[i], c.after, raw, true); err != nil {
			return err
		}
	}
	if c.code == CodeInsert || merge {
		return nil
	}
	return o.findable(f, p)
}

// findable stops at a change that does not tell which row it is of.
func (o *operations) findable(f *frame, p *plan) error {
	c := &o.pending
	found := false
	for i, s := range c.before {
		if s.to == 0 && p.key[i] {
			return o.unfindable(f, p, "column "+p.def.Columns[i].Name+" of its key is not in the log")
		}
		found = found || s.to > 0
	}
	if !found {
		return o.unfindable(f, p, "the log has no column of the row before the change")
	}
	return nil
}

func (o *operations) unfindable(f *frame, p *plan, why string) error {
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the row that is changed in table %s at SCN %d cannot "+
		"be told: %s", p.def.FullName(), f.scn, why)).
		Do("ADD TRANDATA %s, load the table again and start behind this SCN.", p.def.FullName())
}

// take puts one column's value among the spans.
func (o *operations) take(f *frame, col *redo.Column, spans []span, raw, set bool) error {
	c, p := &o.pending, o.pending.plan
	i, err := o.column(f, p, col.Name)
	if err != nil || i < 0 || col.Value.Kind == redo.NotNull {
		return err
	}
	if p.lob[i] && set {
		return o.takeLOB(f, i, &col.Value, spans, raw)
	}
	s, err := c.literal(p.types[i], &col.Value, raw, &o.scratch)
	if err != nil {
		return o.stop(f, p, fmt.Errorf("column %s: %w", p.def.Columns[i].Name, err))
	}
	spans[i] = s
	return nil
}

// emit ends the pending change.
func (o *operations) emit() (*record.TableDef, []byte, error) {
	c := &o.pending
	c.active = false
	for i := range c.lobs {
		if !c.lobs[i].touched {
			continue
		}
		if err := o.finishLOB(i); err != nil {
			return nil, nil, err
		}
	}
	o.body = c.appendOp(o.body[:0])
	o.state.operations.Add(1)
	return c.plan.def, o.body, nil
}

// statement makes the operation of a DDL row.
func (o *operations) statement(f *frame) (*record.TableDef, []byte, error) {
	text := strings.TrimRight(string(f.redo), "; \t\r\n\x00")
	d := parseDDL(text)
	t := o.group[min(o.at, len(o.group)-1)]
	if d.owner == "" {
		d.owner = t.user
	}
	var known *plan
	if d.object == "TABLE" {
		p, err := o.schema.at(f.object, max(f.scn, 1)-1)
		if err != nil {
			if p, err = o.schema.named(d.owner, d.name, f.scn); err != nil {
				return nil, nil, err
			}
		}
		known = p
	}
	o.state.operations.Add(1)
	if d.kind == "TRUNCATE" && known != nil {
		o.body, _ = record.AppendOpHeader(o.body[:0], record.Truncate, known.def.ID)
		return known.def, o.body, nil
	}
	s := record.DDLStatement{Kind: d.kind, Schema: t.user, Object: d.object, Text: text,
		Name: strings.TrimPrefix(d.owner+"."+d.name, ".")}
	if known == nil || d.kind == "CREATE" {
		o.body = record.AppendDDL(o.body[:0], 0, s)
		return nil, o.body, nil
	}
	o.body = record.AppendDDL(o.body[:0], known.def.ID, s)
	return known.def, o.body, nil
}

// stop says which row cannot be read.
func (o *operations) stop(f *frame, p *plan, err error) error {
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("a change of table %s at SCN %d, in the transaction "+
		"that was committed at SCN %d, cannot be read", p.def.FullName(), f.scn, o.scn)).Because(err).
		Do("Nothing was skipped. Look at the row in V$LOGMNR_CONTENTS; to go on without it, load the " +
			"table again and start behind this SCN.")
}
