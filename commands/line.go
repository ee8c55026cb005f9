package commands

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
)

// maxLine bounds a line: longer ones are a mistake or an attack.
const maxLine = 64 << 10

// word is one word of a line. Its text is without quotes.
type word struct {
	text   string
	quoted bool
	col    int // from 1, in letters
	at, to int // bytes of the line
}

func (w word) is(s string) bool { return !w.quoted && strings.EqualFold(w.text, s) }

// lexer cuts a line into words: blanks and commas separate, -- begins a
// remark, parentheses stand alone, quotes hold together.
type lexer struct {
	line  string
	at    int
	words []word
}

func split(line string) ([]word, error) {
	if len(line) > maxLine {
		return nil, ggserr.New(ggserr.BadParameter,
			fmt.Sprintf("The line is longer than %d bytes.", maxLine))
	}
	if strings.ContainsRune(line, 0) {
		return nil, ggserr.New(ggserr.BadParameter, "The line has a zero byte in it.")
	}
	l := &lexer{line: line}
	for l.skip() {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return l.trimEnd(), nil
}

// skip passes separators; false at the end of the line or at a remark.
func (l *lexer) skip() bool {
	for l.at < len(l.line) {
		switch c := l.line[l.at]; {
		case c == ' ' || c == '\t' || c == ',' || c == '\r' || c == '\n':
			l.at++
		case strings.HasPrefix(l.line[l.at:], "\ufeff"):
			l.at += len("\ufeff")
		default:
			return !strings.HasPrefix(l.line[l.at:], "--")
		}
	}
	return false
}

func (l *lexer) next() error {
	w := word{at: l.at, col: utf8.RuneCountInString(l.line[:l.at]) + 1}
	switch c := l.line[l.at]; c {
	case '\'', '"':
		text, ok := l.quote(c)
		w.text, w.quoted, w.to = text, true, l.at
		if !ok {
			return fault(w, "The quote that begins here is not closed.")
		}
	case '(', ')':
		l.at++
		w.text, w.to = string(c), l.at
	default:
		secret := len(l.words) > 0 && l.words[len(l.words)-1].is("PASSWORD")
		end := " \t\r\n,()"
		if secret {
			end = " \t\r\n,"
		}
		n := strings.IndexAny(l.line[l.at:], end)
		if n < 0 {
			n = len(l.line) - l.at
		}
		l.at += n
		w.text, w.to = l.line[w.at:l.at], l.at
	}
	l.words = append(l.words, w)
	return nil
}

// quote reads a quoted word; a doubled quote inside stands for itself.
func (l *lexer) quote(q byte) (string, bool) {
	var b strings.Builder
	for l.at++; l.at < len(l.line); l.at++ {
		if l.line[l.at] != q {
			b.WriteByte(l.line[l.at])
			continue
		}
		l.at++
		if l.at >= len(l.line) || l.line[l.at] != q {
			return b.String(), true
		}
		b.WriteByte(q)
	}
	return b.String(), false
}

// trimEnd drops the ; that scripts put at the end of a command.
func (l *lexer) trimEnd() []word {
	for len(l.words) > 0 {
		last := &l.words[len(l.words)-1]
		if last.quoted || !strings.HasSuffix(last.text, ";") {
			break
		}
		last.text = strings.TrimRight(last.text, ";")
		if last.text != "" {
			break
		}
		l.words = l.words[:len(l.words)-1]
	}
	return l.words
}

// fault makes the error of a place in a line; the file and the line's number
// are added by who knows them.
func fault(at word, format string, args ...any) *ggserr.Error {
	return ggserr.New(ggserr.BadParameter, fmt.Sprintf(format, args...)).At("", 1, at.col)
}

// refuse makes the error of a command that was understood and not done.
func refuse(format string, args ...any) *ggserr.Error {
	return ggserr.New(ggserr.Generic, fmt.Sprintf(format, args...))
}

const masked = "********"

// slashPassword finds the password of user/password@db.
var slashPassword = regexp.MustCompile(`^([^/@:]+)/([^@]+)(@.*)?$`)

// Mask gives the line with every password made stars. It must work on lines
// that are no command too: those are kept in the history all the same.
func Mask(line string) string {
	words, err := split(line)
	if err != nil {
		upper := strings.ToUpper(line)
		for _, key := range []string{"PASSWORD", "USER"} {
			if i := strings.Index(upper, key); i >= 0 && len(upper) == len(line) {
				line, upper = line[:i]+key+" "+masked, upper[:i]
			}
		}
		return line
	}
	var b strings.Builder
	from := 0
	for i, w := range words {
		hide := ""
		switch {
		case i > 0 && isPasswordKey(words[i-1]):
			hide = masked
		case i > 0 && (words[i-1].is("USERID") || words[i-1].is("USER")):
			if m := slashPassword.FindStringSubmatch(w.text); m != nil {
				hide = m[1] + "/" + masked + m[3]
			}
		}
		if hide != "" {
			b.WriteString(line[from:w.at] + hide)
			from = w.to
		}
	}
	return b.String() + line[from:]
}

// isPasswordKey knows the keyword in its usual misspellings too.
func isPasswordKey(w word) bool {
	return !w.quoted && len(w.text) > 5 &&
		ggserr.Edits(strings.ToUpper(w.text), "PASSWORD", 2) <= 2
}

// HasSecret reports whether the line may carry a password.
func HasSecret(line string) bool {
	return Mask(line) != line || strings.Contains(strings.ToUpper(line), "PASSWORD")
}
