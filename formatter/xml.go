package formatter

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"ggsh/record"
)

// xmlEncoder writes xml: an element for each operation, with both images.
type xmlEncoder struct {
	*settings
	prolog bool
}

func (e *xmlEncoder) prepare(t *table) error {
	for i := range e.fields {
		fd := &e.fields[i]
		if fd.shape == mapField {
			t.heads = append(t.heads, nil)
			continue
		}
		t.heads = append(t.heads, []byte(" "+fd.name+"='"))
	}
	for i := range t.def.Columns {
		name, err := appendAttribute(nil, []byte(t.def.Columns[i].Name))
		if err != nil {
			return at(err, t, i)
		}
		t.labels = append(t.labels, fmt.Appendf(nil, "  <col name='%s' index='%d'>", name, i))
	}
	return nil
}

func (e *xmlEncoder) encode(dst []byte, op *operation) ([]byte, error) {
	if e.prolog {
		dst = append(append(dst, "<?xml version='1.0' encoding='"...), e.charset.name...)
		dst = append(dst, "'?>\n"...)
	}
	dst = append(dst, "<operation"...)
	t := op.table
	var err error
	tokens := false
	for i := range e.fields {
		if e.fields[i].shape == mapField {
			tokens = true
			continue
		}
		if dst, err = e.attribute(append(dst, t.heads[i]...), &e.fields[i], op); err != nil {
			return dst, at(err, t, -1)
		}
		dst = append(dst, '\'')
	}
	dst = strconv.AppendInt(append(dst, " numCols='"...), int64(len(t.labels)), 10)
	dst = append(dst, "'>\n"...)
	for i := range t.labels {
		dst = append(dst, t.labels[i]...)
		if dst, err = appendImage(dst, "before", op.value(op.before, i), &t.def.Columns[i]); err == nil {
			dst, err = appendImage(dst, "after", op.value(op.after, i), &t.def.Columns[i])
		}
		if err != nil {
			return dst, at(err, t, i)
		}
		dst = append(dst, "</col>\n"...)
	}
	if tokens && len(op.tokens) > 0 {
		if dst, err = appendTokens(dst, op.tokens); err != nil {
			return dst, at(err, t, -1)
		}
	}
	return append(dst, "</operation>\n"...), nil
}

// attribute appends a meta field as the value of an attribute.
func (e *xmlEncoder) attribute(dst []byte, fd *field, op *operation) ([]byte, error) {
	text := e.scratch[:0]
	var err error
	if fd.shape == listField {
		for i, k := range op.table.def.Key {
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, op.table.def.Columns[k].Name...)
		}
	} else if text, err = e.appendField(text, fd, op); err != nil {
		return dst, err
	}
	e.scratch = text
	return appendAttribute(dst, text)
}

// appendImage appends one of the two images of a column.
func appendImage(dst []byte, name string, v *record.Value, col *record.ColumnDef) ([]byte, error) {
	dst = append(append(dst, '<'), name...)
	switch v.Kind {
	case record.Missing:
		return append(dst, " missing='true'/>"...), nil
	case record.Null:
		return append(dst, " isNull='true'/>"...), nil
	}
	dst = append(dst, "><![CDATA["...)
	from := len(dst)
	dst, err := appendText(dst, v, col)
	if err != nil {
		return dst, err
	}
	if dst, err = section(dst, from); err != nil {
		return dst, err
	}
	dst = append(append(dst, "]]></"...), name...)
	return append(dst, '>'), nil
}

func appendTokens(dst []byte, tokens [][2][]byte) ([]byte, error) {
	dst = append(dst, "  <tokens>"...)
	for _, pair := range tokens {
		dst = append(dst, "<token>"...)
		for i, name := range [2]string{"Name", "Value"} {
			if err := checkText(pair[i]); err != nil {
				return dst, err
			}
			dst = append(append(append(dst, '<'), name...), "><![CDATA["...)
			from := len(dst)
			var err error
			if dst, err = section(append(dst, pair[i]...), from); err != nil {
				return dst, err
			}
			dst = append(append(append(dst, "]]></"...), name...), '>')
		}
		dst = append(dst, "</token>"...)
	}
	return append(dst, "</tokens>\n"...), nil
}

// section makes the text dst[from:] the content of a CDATA section. What a
// section cannot hold, or what readers would change in it, stands between two
// sections.
func section(dst []byte, from int) ([]byte, error) {
	special := 0
	for i, c := range dst[from:] {
		if c == '>' && bytes.HasSuffix(dst[from:from+i], []byte("]]")) || c == '\r' {
			special++
		} else if err := xmlCharacter(dst[from:], i); err != nil {
			return dst, err
		}
	}
	if special == 0 {
		return dst, nil
	}
	text := append([]byte{}, dst[from:]...)
	dst = dst[:from]
	for i, c := range text {
		switch {
		case c == '\r':
			dst = append(dst, "]]>&#13;<![CDATA["...)
		case c == '>' && bytes.HasSuffix(text[:i], []byte("]]")):
			dst = append(dst, "]]><![CDATA[>"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst, nil
}

// xmlCharacter refuses the octet at i if a character begins there that XML does
// not have.
func xmlCharacter(b []byte, i int) error {
	c := b[i]
	switch {
	case c < ' ' && c != '\t' && c != '\n' && c != '\r':
		return fault(fmt.Sprintf("XML has no character %U, which is at octet %d", c, i+1), inColmap)
	case c == 0xef:
		if r, _ := utf8.DecodeRune(b[i:]); r == 0xfffe || r == 0xffff {
			return fault(fmt.Sprintf("XML has no character %U, which is at octet %d", r, i+1), inColmap)
		}
	}
	return nil
}

// appendAttribute appends text as the value of an attribute in single quotes.
func appendAttribute(dst, text []byte) ([]byte, error) {
	if err := checkText(text); err != nil {
		return dst, err
	}
	for i, c := range text {
		if err := xmlCharacter(text, i); err != nil {
			return dst, err
		}
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '\'':
			dst = append(dst, "&apos;"...)
		case '\t', '\n', '\r':
			dst = append(strconv.AppendInt(append(dst, "&#"...), int64(c), 10), ';')
		default:
			dst = append(dst, c)
		}
	}
	return dst, nil
}

// xmlName reports whether a text is the name of an attribute.
func xmlName(name string) bool {
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r >= 0xc0 && r != 0xd7 &&
			r != 0xf7 && r < 0x300
		if !letter && (i == 0 || r != '-' && r != '.' && (r < '0' || r > '9')) {
			return false
		}
	}
	return name != ""
}
