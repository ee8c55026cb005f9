package formatter

import (
	"strconv"

	"ggsh/record"
)

// jsonEncoder writes json (before and after images) and json_row (one image).
type jsonEncoder struct {
	*settings
	rows        bool
	pretty      bool
	omitNulls   bool
	keepChanged bool   // of NULLs that an update made
	delimiter   string // behind each record
	flavour122  bool   // both images always, all values texts, _isMissing members
	compact     []byte // scratch of pretty
}

func (e *jsonEncoder) prepare(t *table) error {
	taken := map[string]bool{}
	for _, fd := range e.fields {
		head, err := appendString(nil, []byte(fd.name))
		if err != nil {
			return err
		}
		t.heads = append(t.heads, append(head, ':'))
		taken[fd.name] = true
	}
	for i := range t.def.Columns {
		name := t.def.Columns[i].Name
		label, err := appendString(nil, []byte(name))
		if err != nil {
			return at(err, t, i)
		}
		if e.rows && taken[name] {
			return at(fault("a column and a meta field have the same name, which a record of "+
				"format json_row holds once", "give the meta field another name in "+
				"format.metaColumnsTemplate: ${keyword[name]}"), t, i)
		}
		t.labels = append(t.labels, append(label, ':'))
	}
	return nil
}

func (e *jsonEncoder) encode(dst []byte, op *operation) ([]byte, error) {
	if !e.pretty {
		dst, err := e.record(dst, op)
		return append(dst, e.delimiter...), err
	}
	compact, err := e.record(e.compact[:0], op)
	if err != nil {
		return dst, err
	}
	e.compact = compact
	return append(indentJSON(dst, compact), e.delimiter...), nil
}

// record appends an operation in one line.
func (e *jsonEncoder) record(dst []byte, op *operation) ([]byte, error) {
	dst = append(dst, '{')
	var err error
	for i := range e.fields {
		if dst, err = e.field(member(dst, op.table.heads[i]), &e.fields[i], op); err != nil {
			return dst, err
		}
	}
	if e.rows {
		dst, err = e.columns(dst, op, op.row())
		return append(dst, '}'), err
	}
	if dst, err = e.image(dst, `"before":`, op, op.before); err != nil {
		return dst, err
	}
	dst, err = e.image(dst, `"after":`, op, op.after)
	return append(dst, '}'), err
}

// image appends one of the two images.
func (e *jsonEncoder) image(dst []byte, label string, op *operation, im []record.Value) (
	[]byte, error) {
	if im == nil {
		if e.flavour122 {
			return append(member(dst, label), "null"...), nil
		}
		return dst, nil
	}
	dst, err := e.columns(append(member(dst, label), '{'), op, im)
	return append(dst, '}'), err
}

// columns appends the columns of an image as members.
func (e *jsonEncoder) columns(dst []byte, op *operation, im []record.Value) ([]byte, error) {
	t := op.table
	for i := range im {
		v := &im[i]
		switch v.Kind {
		case record.Missing:
			if !e.flavour122 {
				continue
			}
			dst = append(member(dst, t.labels[i]), "null"...)
		case record.Null:
			if e.omitNulls && !(e.keepChanged && e.madeNull(op, im, i)) {
				continue
			}
			dst = append(member(dst, t.labels[i]), "null"...)
		default:
			var err error
			if dst, err = e.appendJSON(member(dst, t.labels[i]), v, &t.def.Columns[i]); err != nil {
				return dst, at(err, t, i)
			}
		}
		if e.flavour122 {
			label := t.labels[i]
			dst = append(append(dst, ','), label[:len(label)-2]...)
			dst = strconv.AppendBool(append(dst, `_isMissing":`...), v.Kind == record.Missing)
		}
	}
	return dst, nil
}

// madeNull reports whether a NULL of the image is the work of an update.
func (e *jsonEncoder) madeNull(op *operation, im []record.Value, column int) bool {
	return op.kind == record.Update && &im[0] == &op.after[0] &&
		op.value(op.before, column).Kind != record.Null
}

// field appends the value of a meta field.
func (e *jsonEncoder) field(dst []byte, fd *field, op *operation) ([]byte, error) {
	switch fd.shape {
	case listField:
		dst = append(dst, '[')
		for i, k := range op.table.def.Key {
			if i > 0 {
				dst = append(dst, ',')
			}
			label := op.table.labels[k]
			dst = append(dst, label[:len(label)-1]...)
		}
		return append(dst, ']'), nil
	case mapField:
		dst, err := appendTokenObject(dst, op.tokens)
		return dst, at(err, op.table, -1)
	case numberField:
		return e.appendField(dst, fd, op)
	}
	text, err := e.appendField(e.scratch[:0], fd, op)
	if err != nil {
		return dst, err
	}
	e.scratch = text
	dst, err = appendString(dst, text)
	return dst, at(err, op.table, -1)
}

// appendTokenObject appends the tokens as an object of texts.
func appendTokenObject(dst []byte, tokens [][2][]byte) ([]byte, error) {
	dst = append(dst, '{')
	for _, pair := range tokens {
		var err error
		if dst, err = appendString(member(dst, ""), pair[0]); err != nil {
			return dst, err
		}
		if dst, err = appendString(append(dst, ':'), pair[1]); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// member begins a member of the object at the end of dst.
func member[T string | []byte](dst []byte, label T) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(dst, label...)
}

// indentJSON appends a compact document, one member a line.
func indentJSON(dst, doc []byte) []byte {
	depth, quoted := 0, false
	for i := 0; i < len(doc); i++ {
		c := doc[i]
		switch {
		case quoted:
			if c == '\\' {
				dst = append(dst, c)
				i++
				c = doc[i]
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if doc[i+1] == c+2 { // { and }, [ and ] are two apart
				dst = append(dst, c, c+2)
				i++
				continue
			}
			depth++
			dst = newLine(append(dst, c), depth)
			continue
		case c == '}' || c == ']':
			depth--
			dst = newLine(dst, depth)
		case c == ',':
			dst = newLine(append(dst, c), depth)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func newLine(dst []byte, depth int) []byte {
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, "    "...)
	}
	return dst
}
