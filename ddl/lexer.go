// Package ddl reads SQL statements of MySQL and MariaDB as far as a capture has to
// understand them: what kind they are, which objects they name, and, for tables,
// how they change the columns.
//
// It is not a parser of SQL: expressions, options and routine bodies are skipped,
// and a statement that it does not understand is said to be unknown. Its law: it
// may say that it does not know, but never a wrong column.
package ddl

import "strings"

// tokenKind says what a token is.
type tokenKind uint8

const (
	tokenEnd    tokenKind = iota
	tokenWord             // a name or keyword without quotes
	tokenName             // a name in quotes
	tokenString           // a string
	tokenNumber
	tokenSymbol // one character
)

type token struct {
	kind tokenKind
	text string // without quotes, quotes inside undone
	from int    // where it begins in the statement
	to   int
}

// maxTokens bounds what one statement may cost. Beyond it the end is reported.
const maxTokens = 1 << 20

// lexer cuts a statement into tokens. Comments are left out; what stands in
// executable comments is part of the statement.
type lexer struct {
	text       string
	at         int
	ansiQuotes bool
	executable int // depth of /*! comments that are open
	count      int
}

func (l *lexer) next() token {
	for l.skip() {
	}
	l.count++
	if l.at >= len(l.text) || l.count > maxTokens {
		return token{kind: tokenEnd, from: len(l.text), to: len(l.text)}
	}
	from := l.at
	c := l.text[from]
	t := token{from: from}
	switch {
	case c == '`' || c == '"' && l.ansiQuotes:
		t.kind, t.text = tokenName, l.quoted(c, false)
	case c == '\'' || c == '"':
		t.kind, t.text = tokenString, l.quoted(c, true)
	case (c == 'x' || c == 'X' || c == 'n' || c == 'N' || c == 'b' || c == 'B') &&
		from+1 < len(l.text) && l.text[from+1] == '\'':
		l.at++
		t.kind, t.text = tokenString, l.quoted('\'', true)
	case c >= '0' && c <= '9':
		t.kind = tokenNumber
		t.text = l.run(func(c byte) bool { return wordByte(c) || c == '.' })
	case wordByte(c):
		t.kind = tokenWord
		t.text = l.run(wordByte)
	default:
		l.at++
		t.kind, t.text = tokenSymbol, l.text[from:l.at]
	}
	t.to = l.at
	return t
}

// wordByte reports whether c may stand in a name without quotes.
func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '$' || c >= 0x80
}

func (l *lexer) run(in func(byte) bool) string {
	from := l.at
	for l.at < len(l.text) && in(l.text[l.at]) {
		l.at++
	}
	return l.text[from:l.at]
}

// quoted reads to the closing quote; a doubled quote stands for itself.
func (l *lexer) quoted(q byte, escapes bool) string {
	l.at++
	from := l.at
	var b strings.Builder
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case c == q && l.at+1 < len(l.text) && l.text[l.at+1] == q:
			b.WriteString(l.text[from : l.at+1])
			l.at += 2
			from = l.at
		case c == q:
			b.WriteString(l.text[from:l.at])
			l.at++
			return b.String()
		case c == '\\' && escapes && l.at+1 < len(l.text):
			b.WriteString(l.text[from:l.at])
			b.WriteByte(unescape(l.text[l.at+1]))
			l.at += 2
			from = l.at
		default:
			l.at++
		}
	}
	b.WriteString(l.text[from:])
	return b.String()
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case '0':
		return 0
	case 'b':
		return '\b'
	case 'Z':
		return 26
	}
	return c
}

// skip passes over one piece of white space or comment.
func (l *lexer) skip() bool {
	rest := l.text[l.at:]
	switch {
	case rest == "":
		return false
	case strings.IndexByte(" \t\r\n\v\f", rest[0]) >= 0:
		l.at++
		return true
	case strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!"):
		l.at += strings.IndexByte(rest, '!') + 1
		l.run(func(c byte) bool { return c >= '0' && c <= '9' })
		l.executable++
		return true
	case strings.HasPrefix(rest, "*/") && l.executable > 0:
		l.at += 2
		l.executable--
		return true
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			l.at = len(l.text)
		} else {
			l.at += end + 4
		}
		return true
	case rest[0] == '#' || strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' '):
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			l.at = len(l.text)
		} else {
			l.at += end + 1
		}
		return true
	}
	return false
}
