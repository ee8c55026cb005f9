package dml

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"ggsh/record"
)

// Repertoire says which characters the text of a column can have. The zero value is no text.
type Repertoire struct {
	Text bool
	Has  func(r rune) bool // of a character that is not ASCII too; nil: all of Unicode
}

// badChars is REPLACEBADCHAR: what becomes of characters that a column cannot have, and of
// octets that are none. Without an action they are errors of their rows.
type badChars struct {
	action     string
	substitute string
	quiet      bool
}

// The actions that are done here.
const (
	skipRow        = "SKIP"
	escapeChar     = "ESCAPE"
	substituteChar = "SUBSTITUTE"
	nullValue      = "NULL"
	spaceChar      = "SPACE"
)

// badCharsOf reads the options that a Replicat gives.
func badCharsOf(options map[string]string) badChars {
	b := badChars{action: options["replacebadchar"], substitute: options["replacebadcharby"],
		quiet: options["replacebadcharnowarning"] != ""}
	if b.action == substituteChar {
		if rest, ok := strings.CutPrefix(strings.ToUpper(b.substitute), "U+"); ok {
			if n, err := strconv.ParseUint(rest, 16, 21); err == nil && utf8.ValidRune(rune(n)) {
				b.substitute = string(rune(n))
			}
		}
	}
	return b
}

// replaces reports whether values are changed.
func (b *badChars) replaces() bool { return b.action != "" && b.action != skipRow }

// next finds the first bad character of text: where, and how many octets of it there are.
func (p *Repertoire) next(text []byte) (at, size int, found bool) {
	for at < len(text) {
		if text[at] < utf8.RuneSelf && p.Has == nil {
			at++
			continue
		}
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n == 1 || p.Has != nil && !p.Has(r) {
			return at, n, true
		}
		at += n
	}
	return at, 0, false
}

// isText reports a value that goes into the column as text.
func (p *Repertoire) isText(v *record.Value) bool {
	return p.Text && (v.Kind == record.String || v.Kind == record.Bytes)
}

// mend replaces what columns cannot have in the images of a change. Keys and values before
// the change are treated alike, so that rows are found again.
func (a *Applier) mend(t *table, values []record.Value) {
	for i := range values {
		p := &t.chars[i]
		if !p.isText(&values[i]) {
			continue
		}
		at, _, found := p.next(values[i].B)
		if !found {
			continue
		}
		col := &t.def.Columns[i]
		a.tellBadChar(t, i, at)
		if a.bad.action == nullValue && col.Nullable && !t.isKey[i] {
			values[i] = record.Value{Kind: record.Null}
			continue
		}
		values[i].Kind, values[i].B = record.String, a.bad.replaced(p, values[i].B)
	}
}

// tellBadChar tells of the first bad character of a column.
func (a *Applier) tellBadChar(t *table, c, at int) {
	if a.bad.quiet || t.mended[c] {
		return
	}
	t.mended[c] = true
	col := &t.def.Columns[c]
	a.work.notes = append(a.work.notes, fmt.Sprintf("REPLACEBADCHAR %s: a value of column %s of %s has, "+
		"from octet %d on, what the column (%s) lacks; further ones are not told of", a.bad.action, col.Name,
		t.def.FullName(), at+1, strings.TrimSpace(col.Type+" "+col.Charset)))
}

// replaced gives text with other characters in place of bad ones.
func (b *badChars) replaced(p *Repertoire, text []byte) []byte {
	out := make([]byte, 0, len(text)+8)
	for {
		at, size, found := p.next(text)
		out = append(out, text[:at]...)
		if !found {
			return out
		}
		switch b.action {
		case escapeChar:
			out = appendEscape(out, text[at:at+size])
		case substituteChar:
			out = append(out, b.substitute...)
		default: // SPACE, and NULL where none is allowed
			out = append(out, ' ')
		}
		text = text[at+size:]
	}
}

// appendEscape appends \u20AC or \U0001F600 for a character, \xFF for an octet that is none.
func appendEscape(dst, char []byte) []byte {
	r, _ := utf8.DecodeRune(char)
	switch {
	case len(char) == 1 && r == utf8.RuneError:
		return fmt.Appendf(dst, `\x%02X`, char[0])
	case r > 0xffff:
		return fmt.Appendf(dst, `\U%08X`, r)
	}
	return fmt.Appendf(dst, `\u%04X`, r)
}

// skipError refuses an operation that REPLACEBADCHAR SKIP passes over.
type skipError struct{ error }

// Unwrap gives the refusal.
func (e *skipError) Unwrap() error { return e.error }

func isSkip(err error) bool {
	var e *skipError
	return errors.As(err, &e)
}

// skips refuses a value with bad characters under REPLACEBADCHAR SKIP.
func (b *binder) skips(c int, v *record.Value) error {
	p := &b.table.chars[c]
	if b.a.bad.action != skipRow || !p.isText(v) {
		return nil
	}
	at, _, found := p.next(v.B)
	if !found {
		return nil
	}
	b.a.tellBadChar(b.table, c, at)
	return &skipError{&Refusal{Text: "REPLACEBADCHAR SKIP: column " + b.table.def.Columns[c].Name}}
}
