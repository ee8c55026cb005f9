package mapping

import (
	"bytes"
	"fmt"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// keepValues is how much scratch space is kept for the next record.
const keepValues = 1 << 20

// polish is what is done to a value on its way into a target column.
type polish struct {
	kind    record.Kind // the form that a computed value gets; 0: its own
	lenient bool        // a value that cannot have that form goes as it is
	trim    bool        // cut blanks at the end
	blank   bool        // a text of blanks becomes NULL
	badNum  []byte      // the encoded value in place of a number that is none
}

// polishOrders are the orders of a statement that polish follows.
type polishOrders struct {
	trimSpaces, trimVarSpaces, spacesToNull bool
	badNum                                  []byte
}

// compilePolish reads TRIMSPACES, TRIMVARSPACES, SPACESTONULL and REPLACEBADNUM.
func (e *entry) compilePolish(f *param.File, extract bool) error {
	st, sw := e.statement, e.statement.Switches
	o := &e.polish
	o.trimSpaces, o.trimVarSpaces = sw.TrimSpaces, sw.TrimVarSpaces
	if st.TrimSpaces != nil {
		o.trimSpaces = *st.TrimSpaces
	}
	if st.TrimVarSpaces != nil {
		o.trimVarSpaces = *st.TrimVarSpaces
	}
	o.spacesToNull = sw.SpacesToNull
	bad, given := f.Last("REPLACEBADNUM")
	if !given || extract || len(bad.Args) == 0 {
		return nil
	}
	text := ""
	for _, t := range bad.Args {
		text += t.Text
	}
	switch {
	case strings.EqualFold(text, "NULL"):
		o.badNum = record.AppendNull(nil)
	case expr.IsNumber([]byte(text)):
		o.badNum = record.AppendText(nil, record.Decimal, strings.TrimPrefix(text, "+"))
	default:
		return ggserr.New(ggserr.BadParameter, "REPLACEBADNUM "+text+" is neither NULL nor a number").
			At(bad.Pos.File, bad.Pos.Line, bad.Pos.Column)
	}
	return nil
}

// setPolish decides for each column of an existing target.
func (t *TablePlan) setPolish(e *entry) {
	o := &e.polish
	for i := range t.columns {
		c, to := &t.columns[i], &t.Target.Columns[i]
		y := polish{blank: o.spacesToNull && to.Nullable && textual(to.Kind)}
		if number(to.Kind) {
			y.badNum = o.badNum
		}
		switch {
		case c.made != nil:
			y.kind, y.lenient = to.Kind, t.Target.Database == anyDatabase
		case c.column < 0:
			continue
		default:
			from := &t.Source.Columns[c.column]
			if !textual(from.Kind) {
				continue
			}
			y.trim = varying(to) && (o.trimSpaces && fixed(from) || o.trimVarSpaces && varying(from))
		}
		switch {
		case c.made != nil:
			c.made.polish = y
		case y.blank || y.badNum != nil || y.trim:
			c.made = &maker{polish: y}
		}
	}
}

func textual(k record.Kind) bool { return k == record.String }

func number(k record.Kind) bool {
	switch k {
	case record.Int, record.Uint, record.Decimal, record.Float32, record.Float64:
		return true
	}
	return false
}

// fixed reports a column of type CHAR, varying one of VARCHAR or another text.
func fixed(c *record.ColumnDef) bool {
	name, _, _ := strings.Cut(strings.ToLower(c.Type), "(")
	name = strings.TrimSpace(name)
	return name == "char" || name == "nchar" || name == "character"
}

func varying(c *record.ColumnDef) bool { return textual(c.Kind) && !fixed(c) }

// evaluate makes the values of computed columns, of the images that act needs.
func (p *TablePlan) evaluate(act action) error {
	if len(p.computed) == 0 {
		return nil
	}
	s := &p.scratch
	if cap(s.values) > keepValues {
		s.values = nil
	}
	s.values = s.values[:0]
	for _, i := range p.computed {
		s.made[0][i], s.made[1][i] = nil, nil
		src := &p.columns[i]
		toAfter := act.after == theBefore // the values before become an after image
		if s.Before.Have() && (toAfter || p.knownBefore(src)) {
			made, err := p.make(i, theBefore)
			if err != nil && (toAfter || p.isKey[i]) {
				return err
			}
			s.made[0][i] = made
		}
		if act.after == theAfter || act.after == merged {
			made, err := p.make(i, act.after)
			if err != nil {
				return err
			}
			s.made[1][i] = made
		}
	}
	return nil
}

// knownBefore reports whether the image before tells a column's value before: all
// that it is made of is in it.
func (p *TablePlan) knownBefore(src *source) bool {
	if src.made.value == nil {
		return true
	}
	for _, at := range src.made.looksAt {
		if !carries(p.scratch.Before.Value(at)) {
			return false
		}
	}
	return src.made.value.OfColumns()
}

// make gives one encoded value.
func (p *TablePlan) make(column int, which part) ([]byte, error) {
	s, m := &p.scratch, p.columns[column].made
	var v record.Value
	if m.value != nil {
		v = m.value.Value(&s.Record, which == theBefore)
		fit := v
		if m.polish.kind != 0 {
			fit = s.Fit(v, m.polish.kind)
		}
		if fit.Kind != expr.Invalid || !m.polish.lenient {
			v = fit
		}
	} else {
		raw := p.carried(p.columns[column].column, which)
		if !carries(raw) {
			return raw, nil
		}
		var err error
		if v, _, err = record.DecodeValue(raw); err != nil {
			return nil, err
		}
	}
	if v = m.polish.apply(v); v.Kind == expr.Invalid {
		if m.polish.badNum != nil {
			return m.polish.badNum, nil
		}
		return nil, &ValueError{Table: p.Target.FullName(), Column: p.Target.Columns[column].Name}
	}
	from := len(s.values)
	s.values = record.AppendValue(s.values, v)
	return s.values[from:len(s.values):len(s.values)], nil
}

// carried gives the encoded value of a source column.
func (p *TablePlan) carried(column int, which part) []byte {
	if which == nothing {
		return nil
	}
	image := &p.scratch.After
	if which == theBefore {
		image = &p.scratch.Before
	}
	v := image.Value(column)
	if which == merged && !carries(v) {
		v = p.scratch.Before.Value(column)
	}
	return v
}

// apply polishes a value.
func (y *polish) apply(v record.Value) record.Value {
	if v.Kind != record.String {
		return v
	}
	if y.badNum != nil && !expr.IsNumber(v.B) {
		return record.Value{Kind: expr.Invalid}
	}
	if !y.trim && !y.blank {
		return v
	}
	trimmed := bytes.TrimRight(v.B, " ")
	if y.blank && len(trimmed) == 0 && len(v.B) > 0 {
		return record.Value{Kind: record.Null}
	}
	if y.trim {
		v.B = trimmed
	}
	return v
}

// appendTokens ends the operation begun at start of out with the record's own
// tokens and those of TOKENS, which win.
func (p *TablePlan) appendTokens(dst, out []byte, start int) ([]byte, error) {
	s := &p.scratch
	if len(p.tokens) == 0 {
		return record.CopyTokens(out, start, s.Op.Tokens), nil
	}
	s.pairs = s.pairs[:0]
	for _, pair := range s.Tokens() {
		if !p.sets(pair[0]) {
			s.pairs = append(s.pairs, pair)
		}
	}
	size := 0
	for i := range p.tokens {
		t := &p.tokens[i]
		v := s.Fit(t.value.Value(&s.Record, false), record.String)
		switch v.Kind {
		case record.Missing, record.Null:
			continue
		case expr.Invalid:
			return dst, fmt.Errorf("the value of token %s is invalid", t.name)
		}
		s.pairs = append(s.pairs, [2][]byte{t.name, v.B})
		size += len(t.name) + len(v.B)
	}
	if size > maxTokens {
		return dst, fmt.Errorf("the tokens have %d octets, a record may have %d", size, maxTokens)
	}
	return record.AppendTokens(out, start, s.pairs), nil
}

// sets reports whether TOKENS has a token of that name.
func (p *TablePlan) sets(name []byte) bool {
	for i := range p.tokens {
		if bytes.EqualFold(p.tokens[i].name, name) {
			return true
		}
	}
	return false
}
