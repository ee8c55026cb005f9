package mapping

import (
	"bytes"
	"fmt"

	"ggsh/mapping/expr"
	"ggsh/record"
)

// missing is the whole encoded value of a column that the record does not carry.
const missing = byte(record.Missing)

// scratch is reused from row to row.
type scratch struct {
	expr.Record
	// made are the values of computed columns, encoded: those before the operation,
	// then those after it.
	made   [2][][]byte
	values []byte // what they are slices of
	pairs  [][2][]byte
}

// carries reports whether an encoded value is there: present or NULL.
func carries(value []byte) bool { return expr.Carries(value) }

// Apply appends the target's form of an operation to dst; from is what else is
// known of it, nil when nothing is. applied is false when the statement leaves the
// operation out. *UndecidedError says that a condition cannot be decided, the
// errors that RowError knows, that the row cannot or need not be applied; others,
// that body is damaged.
func (p *TablePlan) Apply(dst, body []byte, from *expr.Origin) (out []byte, applied bool,
	err error) {
	s := &p.scratch
	if err := s.Load(body); err != nil {
		return dst, false, err
	}
	act := p.actions[s.Op.Type]
	if !act.take {
		return dst, false, nil
	}
	passes := p.identical && p.passes(act)
	if !passes || len(p.conditions) > 0 {
		if err := p.readImages(); err != nil {
			return dst, false, err
		}
		s.Origin = expr.Origin{}
		if from != nil {
			s.Origin = *from
		}
		if taken, err := p.selects(); err != nil || !taken {
			return dst, false, err
		}
	}
	if passes {
		out = append(dst, body...)
		record.SetOpTable(out[len(dst):], p.ID)
		return out, true, nil
	}
	if act.after == theBefore && !s.Before.Have() {
		return dst, false, nil // an update of which only the values after are known
	}
	if err := p.evaluate(act); err != nil {
		return dst, false, err
	}
	if p.images.reduce {
		out, err = p.reduced(dst, act)
	} else {
		out, err = p.mapped(dst, act)
	}
	if err != nil {
		return dst, false, err
	}
	return out, true, nil
}

func (p *TablePlan) readImages() error {
	s := &p.scratch
	if err := s.Before.Read(s.Op.Before, len(p.Source.Columns)); err != nil {
		return fmt.Errorf("before image of %s: %w", p.Source.FullName(), err)
	}
	if err := s.After.Read(s.Op.After, len(p.Source.Columns)); err != nil {
		return fmt.Errorf("after image of %s: %w", p.Source.FullName(), err)
	}
	s.Compressed = s.Compressed || p.images.reduce && p.images.compressUpdates
	return nil
}

// passes reports whether an operation of identical columns may go as it is.
func (p *TablePlan) passes(act action) bool {
	op := &p.scratch.Op
	if act.as != op.Type {
		return false
	}
	if !p.images.reduce && !p.check {
		return true
	}
	switch op.Type {
	case record.Insert, record.Truncate, record.DDL:
		return true
	case record.Delete:
		if p.images.reduce {
			return p.images.onDelete == allBefore
		}
		return p.keyKnown || !op.Compressed
	}
	return !p.images.reduce && !op.Compressed && op.Before != nil
}

// mapped writes the operation for a target's columns.
func (p *TablePlan) mapped(dst []byte, act action) ([]byte, error) {
	s := &p.scratch
	out, start := record.AppendOpHeader(dst, act.as, p.ID)
	lacks := s.Op.Compressed
	if before := p.from(act.before); before != nil {
		var mark int
		out, mark = record.BeginImage(out)
		for i := range p.columns {
			v := p.pick(i, act.before, true)
			lacks = lacks || !carries(v)
			out = appendPicked(out, v)
		}
		record.EndImage(out, start, mark, true)
	}
	if after := p.from(act.after); after != nil {
		var mark int
		out, mark = record.BeginImage(out)
		for i := range p.columns {
			v := p.pick(i, act.after, false)
			lacks = lacks || !carries(v)
			out = appendPicked(out, v)
		}
		record.EndImage(out, start, mark, false)
	}
	if lacks {
		record.MarkCompressed(out, start)
	}
	if p.check {
		if err := p.verify(act); err != nil {
			return dst, err
		}
	}
	return p.appendTokens(dst, out, start)
}

// from gives the image that a part begins with; nil when the record has none.
func (p *TablePlan) from(which part) *expr.Image {
	s := &p.scratch
	switch {
	case which == theBefore && s.Before.Have():
		return &s.Before
	case which == theAfter && s.After.Have():
		return &s.After
	case which == merged && s.After.Have():
		return &s.After
	case which == merged && s.Before.Have():
		return &s.Before
	}
	return nil
}

// pick gives the encoded value of a target column. A literal belongs into
// every after image, and into a before image where it helps to find the row.
func (p *TablePlan) pick(column int, which part, before bool) []byte {
	src := &p.columns[column]
	if src.plain {
		return p.carried(src.column, which)
	}
	if src.literal != nil {
		if before && !p.isKey[column] {
			return nil
		}
		return src.literal
	}
	switch {
	case src.made == nil || which == nothing:
		return nil
	case which != theBefore:
		return p.scratch.made[1][column]
	case before && !p.isKey[column] && src.made.varies():
		return nil
	}
	return p.scratch.made[0][column]
}

func appendPicked(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, missing)
	}
	return append(dst, value...)
}

// verify finds an update or delete whose row cannot be found, and an update
// without effect.
func (p *TablePlan) verify(act action) error {
	if act.as == record.Insert || act.as == record.Truncate {
		return nil
	}
	for _, k := range p.Key {
		// Where all columns are the key, the row before has other values than the one
		// after: only the image before can find it.
		if !carries(p.pick(k, act.before, true)) &&
			(p.allColumns || !carries(p.pick(k, act.after, false))) {
			return &MissingKeyError{Table: p.Target.FullName(), Column: p.Target.Columns[k].Name}
		}
	}
	if act.as == record.Delete {
		return nil
	}
	for i := range p.columns {
		after := p.pick(i, act.after, false)
		if !carries(after) {
			continue
		}
		if !p.isKey[i] {
			return nil
		}
		before := p.pick(i, act.before, true)
		if carries(before) && !bytes.Equal(before, after) {
			return nil
		}
	}
	if p.Statement.Switches.ApplyNoOpUpdates {
		return nil
	}
	return ErrNoOperation
}

// reduced writes the operation with what Extract keeps of its images.
func (p *TablePlan) reduced(dst []byte, act action) ([]byte, error) {
	s := &p.scratch
	as, lacks := act.as, s.Op.Compressed
	update := s.Op.Type == record.Update || s.Op.Type == record.PKUpdate
	if update && act.as == s.Op.Type {
		as = record.Update
		if p.keyChanged() {
			as = record.PKUpdate
		}
	}
	out, start := record.AppendOpHeader(dst, as, p.ID)
	if act.before != nothing && s.Before.Have() {
		var mark int
		out, mark = record.BeginImage(out)
		for i := range p.columns {
			v := p.pick(i, act.before, true)
			if !p.keepBefore(i, update) {
				v = nil
			}
			lacks = lacks || !carries(v)
			out = appendPicked(out, v)
		}
		record.EndImage(out, start, mark, true)
	}
	if p.from(act.after) != nil {
		var mark int
		out, mark = record.BeginImage(out)
		for i := range p.columns {
			v := p.keptAfter(i, act, update)
			lacks = lacks || !carries(v)
			out = appendPicked(out, v)
		}
		record.EndImage(out, start, mark, false)
	}
	if lacks {
		record.MarkCompressed(out, start)
	}
	return p.appendTokens(dst, out, start)
}

// keptAfter gives a column of an after image. The key is always in it, from
// the before image if the source logs it only there.
func (p *TablePlan) keptAfter(column int, act action, update bool) []byte {
	v := p.pick(column, act.after, false)
	if !update {
		return v
	}
	if p.isKey[column] {
		if !carries(v) {
			return p.pick(column, theBefore, false)
		}
		return v
	}
	if p.images.compressUpdates && act.as != record.Insert && !p.changed(column) {
		return nil
	}
	return v
}

// changed reports whether an update changes the column. What the before image
// does not carry counts as changed.
func (p *TablePlan) changed(column int) bool {
	before, after := p.pick(column, theBefore, false), p.pick(column, theAfter, false)
	return carries(after) && !(carries(before) && bytes.Equal(before, after))
}

// keyChanged reports whether an update changes a key column. Without before
// value the source's own word counts.
func (p *TablePlan) keyChanged() bool {
	known := true
	for _, k := range p.Key {
		before, after := p.pick(k, theBefore, false), p.pick(k, theAfter, false)
		if carries(before) && carries(after) {
			if !bytes.Equal(before, after) {
				return true
			}
		} else if !carries(before) {
			known = false
		}
	}
	return !known && p.scratch.Op.Type == record.PKUpdate
}
