package oradb

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"ggsh/tests/tns"
)

type tokenKind uint8

const (
	word   tokenKind = iota + 1 // an unquoted name or keyword, in upper case
	quoted                      // a name in double quotes
	text                        // a string literal, its quotes undone
	number                      // a numeric literal
	bind                        // :1 or :NAME; the text is without the colon
	symbol                      // an operator or punctuation
)

// token is one word of a statement.
type token struct {
	kind tokenKind
	text string
	// at is where the token stands in the statement, end is where it ends.
	at, end int
}

// is reports whether the token is one of the keywords or symbols.
func (t token) is(texts ...string) bool {
	if t.kind != word && t.kind != symbol {
		return false
	}
	for _, s := range texts {
		if t.text == s {
			return true
		}
	}
	return false
}

// name reports whether the token can be a name.
func (t token) name() bool { return t.kind == word || t.kind == quoted }

// lex splits a statement into tokens; comments and hints are left out.
func lex(sql string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(sql); {
		c := sql[at]
		rest := sql[at:]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			at++
			continue
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			at += n
			continue
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return nil, oraError(911)
			}
			at += n + 2
			continue
		}
		t, n, err := lexOne(rest)
		if err != nil {
			err.Offset = at
			return nil, err
		}
		t.at, t.end = at, at+n
		tokens = append(tokens, t)
		at += n
	}
	return tokens, nil
}

// lexOne reads one token and says how long it is.
func lexOne(rest string) (token, int, *tns.Error) {
	c := rest[0]
	switch {
	case c == '\'':
		return lexText(rest, 0)
	case (c == 'n' || c == 'N') && len(rest) > 1 && rest[1] == '\'':
		return lexText(rest, 1)
	case (c == 'q' || c == 'Q') && len(rest) > 2 && rest[1] == '\'':
		return lexQuoting(rest)
	case c == '"':
		return lexName(rest)
	case c >= '0' && c <= '9' || c == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		n := numberLength(rest)
		return token{kind: number, text: strings.TrimRight(rest[:n], "fFdD")}, n, nil
	case c == ':' && len(rest) > 1 && nameLength(rest[1:]) > 0:
		n := 1 + nameLength(rest[1:])
		return token{kind: bind, text: strings.ToUpper(rest[1:n])}, n, nil
	}
	if n := nameLength(rest); n > 0 {
		return token{kind: word, text: strings.ToUpper(rest[:n])}, n, nil
	}
	for _, s := range []string{"||", "<=", ">=", "<>", "!=", "^=", ":=", "=>"} {
		if strings.HasPrefix(rest, s) {
			return token{kind: symbol, text: s}, 2, nil
		}
	}
	if strings.IndexByte("()+-*/<>=,.;@:%[]", c) < 0 {
		return token{}, 0, oraError(911)
	}
	return token{kind: symbol, text: rest[:1]}, 1, nil
}

func nameLength(s string) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		first := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || n > 0 && (r == '$' || r == '#')
		if !first {
			break
		}
		n += size
	}
	return n
}

func numberLength(s string) int {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
		n++
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		for digits := m; m < len(s) && s[m] >= '0' && s[m] <= '9'; {
			m++
			if m > digits {
				n = m
			}
		}
	}
	if n < len(s) && strings.IndexByte("fFdD", s[n]) >= 0 && nameLength(s[n:]) == 1 {
		n++
	}
	return n
}

// lexText reads a literal whose quote stands at skip.
func lexText(rest string, skip int) (token, int, *tns.Error) {
	var b strings.Builder
	for i := skip + 1; i < len(rest); i++ {
		if rest[i] != '\'' {
			b.WriteByte(rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return token{kind: text, text: b.String()}, i + 1, nil
	}
	return token{}, 0, oraError(1756)
}

// lexQuoting reads q'[..]'.
func lexQuoting(rest string) (token, int, *tns.Error) {
	end := rest[2:3]
	if at := strings.Index("([{<", end); at >= 0 {
		end = ")]}>"[at : at+1]
	}
	n := strings.Index(rest[3:], end+"'")
	if n < 0 {
		return token{}, 0, oraError(1756)
	}
	return token{kind: text, text: rest[3 : 3+n]}, 3 + n + 2, nil
}

func lexName(rest string) (token, int, *tns.Error) {
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		if rest[i] != '"' {
			b.WriteByte(rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return token{kind: quoted, text: b.String()}, i + 1, nil
	}
	return token{}, 0, oraError(1740)
}
