package mapping

import (
	"bytes"
	"fmt"

	"ggsh/record"
)

// missing is the whole encoded value of a column that the record does not carry.
const missing = byte(record.Missing)

// scratch is reused from row to row.
type scratch struct {
	op     record.Op
	before index
	after  index
}

// index holds an image and where each of its values begins.
type index struct {
	image []byte
	at    []int
	have  bool
}

// read finds the values of an image.
func (x *index) read(image record.Image, columns int) error {
	x.have = image != nil
	if !x.have {
		return nil
	}
	x.image, x.at = image, x.at[:0]
	rest := []byte(image)
	for len(rest) > 0 {
		x.at = append(x.at, len(image)-len(rest))
		var err error
		if rest, err = record.SkipValue(rest); err != nil {
			return fmt.Errorf("column %d: %w", len(x.at), err)
		}
	}
	if len(x.at) != columns {
		return fmt.Errorf("the image has %d columns, its table has %d", len(x.at), columns)
	}
	x.at = append(x.at, len(image))
	return nil
}

// value is the encoded value of a source column; missing when there is no image.
func (x *index) value(column int) []byte {
	if !x.have {
		return nil
	}
	return x.image[x.at[column]:x.at[column+1]]
}

// carries reports whether an encoded value is there: present or NULL.
func carries(value []byte) bool { return len(value) > 0 && value[0] != missing }

// Apply appends the target's form of an operation to dst. applied is false
// when the statement's GET and IGNORE options leave it out. ErrNoOperation and
// *MissingKeyError tell that the row cannot or need not be applied; other
// errors, that body is damaged.
func (p *TablePlan) Apply(dst, body []byte) (out []byte, applied bool, err error) {
	s := &p.scratch
	if err := record.DecodeOp(body, &s.op); err != nil {
		return dst, false, err
	}
	act := p.actions[s.op.Type]
	if !act.take {
		return dst, false, nil
	}
	if p.identical && p.passes(act) {
		out = append(dst, body...)
		record.SetOpTable(out[len(dst):], p.ID)
		return out, true, nil
	}
	if err := s.before.read(s.op.Before, len(p.Source.Columns)); err != nil {
		return dst, false, fmt.Errorf("before image of %s: %w", p.Source.FullName(), err)
	}
	if err := s.after.read(s.op.After, len(p.Source.Columns)); err != nil {
		return dst, false, fmt.Errorf("after image of %s: %w", p.Source.FullName(), err)
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

func (p *TablePlan) columns0() []record.ColumnDef { return p.Source.Columns }

// passes reports whether an operation of identical columns may go as it is.
func (p *TablePlan) passes(act action) bool {
	op := &p.scratch.op
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
			return p.images.allBefores || !p.images.compressDeletes
		}
		return p.keyKnown || !op.Compressed
	}
	return !p.images.reduce && !op.Compressed && op.Before != nil
}

// mapped writes the operation for a target's columns.
func (p *TablePlan) mapped(dst []byte, act action) ([]byte, error) {
	s := &p.scratch
	out, start := record.AppendOpHeader(dst, act.as, p.ID)
	lacks := s.op.Compressed
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
	return record.CopyTokens(out, start, s.op.Tokens), nil
}

// from gives the image that a part begins with; nil when the record has none.
func (p *TablePlan) from(which part) *index {
	s := &p.scratch
	switch {
	case which == theBefore && s.before.have:
		return &s.before
	case which == theAfter && s.after.have:
		return &s.after
	case which == merged && s.after.have:
		return &s.after
	case which == merged && s.before.have:
		return &s.before
	}
	return nil
}

// pick gives the encoded value of a target column. A literal belongs into
// every after image, and into a before image where it helps to find the row.
func (p *TablePlan) pick(column int, which part, before bool) []byte {
	src := &p.columns[column]
	if src.literal != nil {
		if before && !p.isKey[column] {
			return nil
		}
		return src.literal
	}
	if src.column < 0 {
		return nil
	}
	s := &p.scratch
	switch which {
	case theBefore:
		return s.before.value(src.column)
	case theAfter:
		return s.after.value(src.column)
	case merged:
		if v := s.after.value(src.column); carries(v) {
			return v
		}
		return s.before.value(src.column)
	}
	return nil
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
	return ErrNoOperation
}

// reduced writes the operation with what Extract keeps of its images.
func (p *TablePlan) reduced(dst []byte, act action) ([]byte, error) {
	s := &p.scratch
	im := p.images
	as, lacks := act.as, s.op.Compressed
	update := s.op.Type == record.Update || s.op.Type == record.PKUpdate
	if update && act.as == s.op.Type {
		as = record.Update
		if p.keyChanged() {
			as = record.PKUpdate
		}
	}
	out, start := record.AppendOpHeader(dst, as, p.ID)
	if act.before != nothing && s.before.have {
		var mark int
		out, mark = record.BeginImage(out)
		for i := range p.columns {
			v := p.pick(i, act.before, true)
			if !p.keepBefore(i, im, update) {
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
	return record.CopyTokens(out, start, s.op.Tokens), nil
}

// keepBefore decides about a column of a before image.
func (p *TablePlan) keepBefore(column int, im imagePolicy, update bool) bool {
	switch {
	case p.isKey[column] || im.allBefores:
		return true
	case !update:
		return !im.compressDeletes
	case im.allUpdateBefores:
		return true
	case !im.updateBefores:
		return false
	}
	return !im.compressUpdates || p.changed(column)
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
	return !known && p.scratch.op.Type == record.PKUpdate
}
