package param

import (
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
)

const blanks = " \t\v\f\u00a0\u3000"

// isComment reports whether a remark begins at text[i]. Two dashes begin one
// after a blank or a mark. Glued to a word they belong to it, as in a password,
// unless what follows cannot: a blank, an arrow, or text in another script.
func isComment(text string, i int) bool {
	if !strings.HasPrefix(text[i:], "--") {
		return false
	}
	if i == 0 || strings.IndexByte(" \t\n;,()'\"", text[i-1]) >= 0 {
		return true
	}
	if text[i-1] == '-' {
		return false // decided at the first dash
	}
	rest := strings.TrimLeft(text[i:], "-")
	if rest == "" {
		return false
	}
	return rest[0] >= utf8.RuneSelf || rest[0] == '>' || rest[0] == ' ' || rest[0] == '\t'
}

// isRemark reports whether a line holds nothing but blanks or a remark.
func isRemark(text string) bool {
	text = strings.TrimLeft(text, blanks)
	return text == "" || strings.HasPrefix(text, "--")
}

// lexer takes the tokens of one line, continued where a quote goes on.
type lexer struct {
	line  textLine
	i     int
	ops   bool // operators are tokens of their own
	multi bool // a quote may go over lines
	more  func() (textLine, bool)
	open  *Token // the quote that was never closed

	known   ggserr.Location // the place of byte knownAt: columns are counted from there
	knownAt int
	counted bool
}

// set goes on with another line.
func (x *lexer) set(line textLine) { x.line, x.i, x.counted = line, 0, false }

// pos is the place of the next byte.
func (x *lexer) pos() ggserr.Location {
	s := x.line.spanAt(x.i)
	if x.counted && x.knownAt <= x.i && s.offset <= x.knownAt && !s.fixed {
		x.known.Column += utf8.RuneCountInString(x.line.text[x.knownAt:x.i])
	} else {
		x.known = x.line.at(x.i)
	}
	x.knownAt, x.counted = x.i, true
	return x.known
}

// skip passes blanks and reports whether there were any.
func (x *lexer) skip() bool {
	from := x.i
	for x.i < len(x.line.text) {
		r, n := utf8.DecodeRuneInString(x.line.text[x.i:])
		if !strings.ContainsRune(blanks, r) {
			break
		}
		x.i += n
	}
	return x.i > from
}

// done reports whether nothing but a remark is left in the line.
func (x *lexer) done() bool {
	return x.i >= len(x.line.text) || isComment(x.line.text, x.i)
}

// continued reports whether the rest of the line is & alone.
func (x *lexer) continued() bool {
	rest := x.line.text[x.i:]
	return strings.HasPrefix(rest, "&") && isRemark(rest[1:])
}

// token takes the next token; the caller has skipped blanks and asked done.
func (x *lexer) token() Token {
	t := Token{Pos: x.pos()}
	text := x.line.text
	switch c := text[x.i]; {
	case c == '\'' || c == '"':
		return x.quoted(c)
	case strings.IndexByte(",();=", c) >= 0:
		t.Kind, t.Text = Punct, text[x.i:x.i+1]
		x.i++
		return t
	case x.ops:
		if n := operator(text[x.i:]); n > 0 {
			t.Kind, t.Text = Punct, text[x.i:x.i+n]
			x.i += n
			return t
		}
	}
	from := x.i
	for x.i < len(text) && !x.endsWord(from) {
		_, n := utf8.DecodeRuneInString(text[x.i:])
		x.i += n
	}
	t.Kind, t.Text = Word, text[from:x.i]
	return t
}

// operator gives the length of the operator that s begins with, 0 for none.
func operator(s string) int {
	for _, op := range []string{"<>", "<=", ">=", "!="} {
		if strings.HasPrefix(s, op) {
			return 2
		}
	}
	if strings.IndexByte(`<>+-*/\`, s[0]) >= 0 {
		return 1
	}
	return 0
}

// endsWord reports whether the word that began at from ends before x.i.
func (x *lexer) endsWord(from int) bool {
	text := x.line.text
	c := text[x.i]
	if x.i == from {
		return false
	}
	switch {
	case strings.IndexByte(" \t\v\f,();=", c) >= 0 || isComment(text, x.i):
		return true
	case c >= utf8.RuneSelf:
		r, _ := utf8.DecodeRuneInString(text[x.i:])
		return strings.ContainsRune(blanks, r)
	case c == '"':
		return strings.IndexByte(text[x.i+1:], '"') >= 0
	case c == '\'':
		return x.ops || x.multi
	case c == '&' && x.continued():
		return x.multi
	case x.ops && operator(text[x.i:]) > 0:
		return !exponent(text[from:], x.i-from)
	}
	return false
}

// exponent reports whether the sign at s[i] belongs to a number as in 1.5e-3.
func exponent(s string, i int) bool {
	if s[0] < '0' || s[0] > '9' || s[i] != '+' && s[i] != '-' || i+1 >= len(s) {
		return false
	}
	return (s[i-1] == 'e' || s[i-1] == 'E') && s[i+1] >= '0' && s[i+1] <= '9' &&
		strings.Trim(s[:i-1], "0123456789.") == ""
}

// quoted takes a quoted token; a quote within is doubled.
func (x *lexer) quoted(quote byte) Token {
	t := Token{Kind: Quoted, Pos: x.pos()}
	if quote == '"' {
		t.Kind = DoubleQuoted
	}
	var b strings.Builder
	x.i++
	for {
		rest := x.line.text[x.i:]
		end := strings.IndexByte(rest, quote)
		if end >= 0 {
			b.WriteString(rest[:end])
			x.i += end + 1
			if x.i < len(x.line.text) && x.line.text[x.i] == quote {
				b.WriteByte(quote)
				x.i++
				continue
			}
			break
		}
		b.WriteString(rest)
		x.i = len(x.line.text)
		next, ok := textLine{}, false
		if x.multi && x.more != nil {
			next, ok = x.more()
		}
		if !ok {
			t.Text = b.String()
			x.open = &t
			return t
		}
		b.WriteByte('\n')
		x.set(next)
	}
	t.Text = b.String()
	return t
}

// valueText joins the glued tokens that begin args: a path, a name, a value
// that the lexer cut at its marks.
func valueText(args []Token) string {
	text, _ := takeValue(args)
	return text
}

// takeValue joins glued tokens up to a comma, parenthesis or blank, and says how many
// they were.
func takeValue(args []Token) (string, int) {
	var b strings.Builder
	n := 0
	for n < len(args) && (n == 0 || args[n].Glued) {
		t := args[n]
		if t.IsPunct(",") || t.IsPunct("(") || t.IsPunct(")") || t.IsPunct(";") && n == len(args)-1 {
			break
		}
		b.WriteString(args[n].Text)
		n++
	}
	return b.String(), n
}

// takeKey is takeValue that also stops at =.
func takeKey(args []Token) (string, int) {
	text, n := takeValue(args)
	for i := 1; i < n; i++ {
		if args[i].IsPunct("=") {
			text, _ = takeValue(args[:i])
			return text, i
		}
	}
	return text, n
}
