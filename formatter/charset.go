package formatter

import (
	"fmt"
	"unicode/utf8"

	"ggsh/record"
)

// charset is the characters of an encoding of the output. Records are made in
// UTF-8 and converted as a whole.
type charset struct {
	name string
	last rune // the highest character it has
	// escapes says that the format can write others as \uXXXX: JSON, which has
	// them in its strings only.
	escapes bool
}

// charsetNamed gives the encoding of a format of text, by the names of the table
// of properties.
func charsetNamed(name, format string) (charset, error) {
	c := charset{name, utf8.MaxRune, format == JSON || format == JSONRow}
	switch name {
	case "UTF-8":
		return c, nil
	case "US-ASCII":
		c.last = 0x7f
	case "ISO-8859-1":
		c.last = 0xff
	default:
		return c, fmt.Errorf("%s is not served; use UTF-8, ISO-8859-1 or US-ASCII", name)
	}
	switch format {
	case DelimitedText, DelimitedTextOp, JSON, JSONRow, XML:
		return c, nil
	}
	return c, fmt.Errorf("texts of format=%s are always UTF-8; leave the property out", format)
}

// convert turns dst[from:], a record in UTF-8, into the encoding.
func (s *settings) convert(dst []byte, from int) ([]byte, error) {
	if s.charset.last == utf8.MaxRune || ascii(dst[from:]) {
		return dst, nil
	}
	s.scratch = append(s.scratch[:0], dst[from:]...)
	dst = dst[:from]
	for _, r := range string(s.scratch) {
		switch {
		case r <= s.charset.last:
			dst = append(dst, byte(r))
		case !s.charset.escapes:
			return dst, fault(fmt.Sprintf("the encoding %s does not have the character %U",
				s.charset.name, r), "set format.encoding=UTF-8")
		case r > 0xffff:
			r -= 0x10000
			dst = appendUnit(appendUnit(dst, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			dst = appendUnit(dst, r)
		}
	}
	return dst, nil
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendUnit appends a unit of UTF-16 as an escape of JSON.
func appendUnit(dst []byte, u rune) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15],
		hexDigits[u&15])
}

// foreign finds a column of the operation with a character that the encoding
// does not have; -1 if it is not in a column.
func (s *settings) foreign(op *operation) int {
	for _, im := range [2][]record.Value{op.before, op.after} {
		for i := range im {
			for _, r := range string(im[i].B) {
				if r > s.charset.last && im[i].Kind != record.Bytes {
					return i
				}
			}
		}
	}
	return -1
}
