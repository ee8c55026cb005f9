package payload

import (
	"bytes"
	"slices"

	"ggsh/record"
)

// operationMeta is what a message of the json and json_row formatters says beside
// the columns.
type operationMeta struct {
	table  *table
	kind   byte // I, U, D, T
	keys   []byte
	before bool
	after  bool
	tokens [][2][]byte
}

// The members that the formatters write beside the columns. What they say of time
// and place of the operation becomes tokens.
const (
	memberTable  = "table"
	memberType   = "op_type"
	memberTime   = "op_ts"
	memberNow    = "current_ts"
	memberPos    = "pos"
	memberKeys   = "primary_keys"
	memberTokens = "tokens"
	memberBefore = "before"
	memberAfter  = "after"
)

// operation reads the next object as an operation.
func (d *Decoder) operation() (*record.TableDef, []byte, error) {
	m := &d.meta
	*m = operationMeta{tokens: m.tokens[:0]}
	d.slots, d.before = d.slots[:0], d.before[:0]
	if err := d.json.open(); err != nil {
		return nil, nil, err
	}
	for first := true; ; first = false {
		key, val, ok, err := d.json.member(first, 1)
		if err != nil {
			return nil, nil, m.in(err)
		}
		if !ok {
			break
		}
		if err := d.opMember(key, val); err != nil {
			return nil, nil, m.in(err)
		}
	}
	if m.table == nil || m.kind == 0 {
		return nil, nil, m.in(badRecord("it lacks table or op_type"))
	}
	if err := d.keys(m.table); err != nil {
		return nil, nil, m.in(err)
	}
	if err := d.build(); err != nil {
		return nil, nil, m.in(err)
	}
	return m.table.def, d.body, nil
}

func (m *operationMeta) in(err error) error {
	if m.table == nil {
		return err
	}
	return m.table.in(err, "")
}

// opMember takes one member of an operation.
func (d *Decoder) opMember(key, val jsonValue) error {
	m := &d.meta
	switch string(d.plain(key)) {
	case memberTable:
		if m.table == nil {
			if val.kind != '"' {
				return badRecord("table is no string")
			}
			var err error
			m.table, err = d.tables.findBytes(d.plain(val))
			return err
		}
	case memberType:
		if m.kind == 0 {
			return m.setKind(val)
		}
	case memberTime, memberPos:
		if val.kind == '"' && !m.has(key) {
			m.tokens = append(m.tokens, [2][]byte{d.plain(key), d.plain(val)})
			return nil
		}
	case memberNow:
		if len(d.slots) == 0 {
			return nil
		}
	case memberKeys:
		if m.keys == nil && val.kind == '[' {
			m.keys = val.raw
			return nil
		}
	case memberTokens:
		if val.kind == '{' && len(d.slots) == 0 {
			return d.tokens(val)
		}
	case memberBefore, memberAfter:
		if d.format.Form == Ops {
			return d.opImage(key, val)
		}
	}
	return d.column(key, val)
}

// has reports whether a token of that name was taken.
func (m *operationMeta) has(key jsonValue) bool {
	for _, t := range m.tokens {
		if bytes.Equal(t[0], key.inner()) {
			return true
		}
	}
	return false
}

func (m *operationMeta) setKind(val jsonValue) error {
	if len(val.raw) == 3 && bytes.IndexByte([]byte("IUDT"), val.raw[1]) >= 0 {
		m.kind = val.raw[1]
		return nil
	}
	return badRecord("op_type %.20s is none of I, U, D and T", val.raw)
}

// column takes a column of a row-modelled operation.
func (d *Decoder) column(key, val jsonValue) error {
	t := d.meta.table
	if d.format.Form == Ops { // a meta column beside the images
		switch val.kind {
		case '"':
			d.meta.tokens = append(d.meta.tokens, [2][]byte{d.plain(key), d.plain(val)})
			return nil
		case '0':
			d.meta.tokens = append(d.meta.tokens, [2][]byte{d.plain(key), val.raw})
			return nil
		}
		return badRecord("%.60s is no member of an operation", key.raw)
	}
	if t == nil {
		return badRecord("a column stands before table")
	}
	var err error
	d.slots, err = d.put(t, d.slots, key, val)
	return err
}

// opImage takes the columns of before or after.
func (d *Decoder) opImage(key, val jsonValue) error {
	t := d.meta.table
	after := string(key.inner()) == memberAfter
	switch {
	case t == nil:
		return badRecord("%s stands before table", key.inner())
	case val.kind == 'n': // as older formats write an image that is not there
		return nil
	case val.kind != '{':
		return badRecord("%s is no object", key.inner())
	}
	slots, seen := &d.before, &d.meta.before
	if after {
		slots, seen = &d.slots, &d.meta.after
	}
	if *seen {
		return badRecord("%s stands there twice", key.inner())
	}
	*seen = true
	inner := jsonText{b: val.raw, i: 1}
	for first := true; ; first = false {
		name, v, ok, err := inner.member(first, 2)
		if err != nil || !ok {
			return err
		}
		if *slots, err = d.put(t, *slots, name, v); err != nil {
			return err
		}
	}
}

// tokens takes the tokens of an operation.
func (d *Decoder) tokens(val jsonValue) error {
	inner := jsonText{b: val.raw, i: 1}
	for first := true; ; first = false {
		name, v, ok, err := inner.member(first, 2)
		if err != nil || !ok {
			return err
		}
		if v.kind != '"' {
			return badRecord("token %s is no string", name.raw)
		}
		d.meta.tokens = append(d.meta.tokens, [2][]byte{d.plain(name), d.plain(v)})
	}
}

// keys makes the key of a table that was found in the data what primary_keys says.
func (d *Decoder) keys(t *table) error {
	if d.meta.keys == nil || t.declared {
		return nil
	}
	d.key = d.key[:0]
	inner := jsonText{b: d.meta.keys, i: 1}
	for inner.peek() != ']' {
		if len(d.key) > 0 {
			inner.i++ // the comma
		}
		v, err := inner.value(2)
		if err != nil {
			return err
		}
		if v.kind != '"' {
			return badRecord("primary_keys has %.60s, which is no name", v.raw)
		}
		i, known := t.index[string(d.plain(v))]
		if !known {
			return badRecord("primary_keys has %.60s, which is no column", v.raw)
		}
		d.key = append(d.key, i)
	}
	if slices.Equal(d.key, t.def.Key) {
		return nil
	}
	return d.tables.change(t, t.def.Columns, slices.Clone(d.key))
}

// opTypes are I, U, D and T.
var opTypes = [...]record.OpType{record.Insert, record.Update, record.Delete, record.Truncate}

// build makes the operation of what was collected.
func (d *Decoder) build() error {
	m, t := &d.meta, d.meta.table
	before, after := m.kind == 'U' && m.before || m.kind == 'D', m.kind == 'I' || m.kind == 'U'
	if d.format.Form == Rows {
		before = m.kind == 'D'
		if before {
			d.before, d.slots = d.slots, d.before
		}
	}
	if after && len(d.slots) == 0 || before && len(d.before) == 0 {
		return badRecord("op_type %c lacks its columns", m.kind)
	}
	d.begin(opTypes[bytes.IndexByte([]byte("IUDT"), m.kind)], t)
	if before {
		if err := d.image(t, d.before, true); err != nil {
			return err
		}
	}
	if after {
		if err := d.image(t, d.slots, false); err != nil {
			return err
		}
	}
	if m.kind == 'U' && before && d.keyChanged(t) {
		record.SetOpType(d.body, record.PKUpdate)
	}
	d.body = record.AppendTokens(d.body, 0, m.tokens)
	return nil
}

// keyChanged compares the key columns of both images as they are written.
func (d *Decoder) keyChanged(t *table) bool {
	for _, k := range t.def.Key {
		if k < len(d.slots) && k < len(d.before) && d.slots[k].kind != 0 && d.before[k].kind != 0 &&
			!bytes.Equal(d.slots[k].raw, d.before[k].raw) {
			return true
		}
	}
	return false
}
