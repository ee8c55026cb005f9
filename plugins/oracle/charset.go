package main

import (
	"unicode/utf8"

	"ggsh/handler/dml"
	"ggsh/record"
)

// charset is the database character set. What a client sends in VARCHAR2 binds is
// converted to it, and characters that it lacks become others without an error.
type charset string

// unicode reports whether the set has every character.
func (c charset) unicode() bool { return c == "" || c == "AL32UTF8" }

// lacks gives the first character that the set does not have for sure.
func (c charset) lacks(text []byte) (rune, bool) {
	if c.unicode() {
		return 0, false
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r >= utf8.RuneSelf && !c.has(r) {
			return r, true
		}
		text = text[n:]
	}
	return 0, false
}

// has says of a character that is not ASCII whether the set has it.
func (c charset) has(r rune) bool {
	const euro = '€'
	latin := r >= 0xa0 && r <= 0xff
	switch c {
	case "UTF8":
		return r <= 0xffff
	case "WE8ISO8859P1":
		return latin
	case "WE8MSWIN1252":
		return latin || r == euro
	case "WE8ISO8859P15":
		switch r {
		case 0xa4, 0xa6, 0xa8, 0xb4, 0xb8, 0xbc, 0xbd, 0xbe:
			return false
		}
		return latin || r == euro
	}
	return false
}

// octets is how long a text is in the set.
func (c charset) octets(text []byte) int {
	if c.unicode() || c == "UTF8" {
		return len(text)
	}
	return utf8.RuneCount(text)
}

// repertoire tells which characters a column's text can have.
func (t *target) repertoire(col *record.ColumnDef) dml.Repertoire {
	is := t.typeOf(col)
	switch is.family {
	case charType, varcharType, clobType:
	default:
		return dml.Repertoire{}
	}
	if is.national || t.charset.unicode() {
		return dml.Repertoire{Text: true}
	}
	return dml.Repertoire{Text: true, Has: func(r rune) bool { return r < utf8.RuneSelf || t.charset.has(r) }}
}
