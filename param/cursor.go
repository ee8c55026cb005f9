package param

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
)

// cursor reads the options of a statement one after the other.
type cursor struct {
	name string // the statement's keyword, for error texts
	args []Token
	i    int
	end  ggserr.Location
	errs errorList
}

func (st *Statement) cursor() *cursor {
	return &cursor{name: st.Name, args: st.Args, end: st.end}
}

// more passes commas and reports whether anything is left.
func (c *cursor) more() bool {
	for c.i < len(c.args) && c.args[c.i].IsPunct(",") {
		c.i++
	}
	return c.i < len(c.args)
}

// at is the place of the next token, or of the statement's end.
func (c *cursor) at() ggserr.Location {
	if c.i < len(c.args) {
		return c.args[c.i].Pos
	}
	return c.end
}

// word takes one of the given keywords and reports whether it stood there.
func (c *cursor) word(words ...string) bool {
	if !c.more() || c.args[c.i].Kind != Word {
		return false
	}
	if slices.Contains(words, strings.ToUpper(c.args[c.i].Text)) {
		c.i++
		return true
	}
	return false
}

// mark takes a mark and reports whether it stood there.
func (c *cursor) mark(mark string) bool {
	if c.i < len(c.args) && c.args[c.i].IsPunct(mark) {
		c.i++
		return true
	}
	return false
}

func (c *cursor) fail(at ggserr.Location, format string, args ...any) {
	c.errs = append(c.errs, bad(at, c.name+": "+fmt.Sprintf(format, args...)))
}

// lacks reports that something else stands at the place reached, or nothing.
func (c *cursor) lacks(what string) {
	if c.i < len(c.args) {
		c.fail(c.at(), "%s is not expected here, but %s", show(c.args[c.i]), what)
		return
	}
	c.fail(c.at(), "%s is missing here", what)
}

// value takes a path, a name, a number: whatever stands without a blank. A = may
// stand before it.
func (c *cursor) value(what string) string {
	text, n := takeValue(c.args[c.i:])
	if n == 0 {
		c.lacks(what)
		return ""
	}
	c.i += n
	return text
}

// key is value that stops at =.
func (c *cursor) key(what string) string {
	text, n := takeKey(c.args[c.i:])
	if n == 0 {
		c.lacks(what)
		return ""
	}
	c.i += n
	return text
}

// upper is a value in upper case.
func (c *cursor) upper(what string) string { return strings.ToUpper(c.value(what)) }

// number takes a whole number between low and high.
func (c *cursor) number(low, high int64) int64 {
	at := c.at()
	text := c.value("a number")
	n, ok := parseInt(text)
	switch {
	case text == "":
		return low
	case !ok:
		c.fail(at, "%s is no number", shorten(text))
		return low
	case n < low || n > high:
		c.fail(at, "%d is not between %d and %d", n, low, high)
		return low
	}
	return n
}

// count is number for an int that may be as large as memory goes.
func (c *cursor) count(low int64) int { return int(c.number(low, 1<<31-1)) }

// in takes a number of units as a length of time.
func (c *cursor) in(unit time.Duration) time.Duration {
	return time.Duration(c.number(0, int64(10*365*24*time.Hour/unit))) * unit
}

// span takes a length of time such as 10M or 10 MINUTES.
func (c *cursor) span() time.Duration {
	at := c.at()
	text := c.value(valueKinds["span"])
	if text == "" {
		return 0
	}
	if c.i < len(c.args) && c.args[c.i].Kind == Word {
		if d, ok := parseSpan(text + c.args[c.i].Text); ok && strings.Trim(text, "0123456789") == "" {
			c.i++
			return d
		}
	}
	d, ok := parseSpan(text)
	if !ok {
		c.fail(at, "%s is not %s", shorten(text), valueKinds["span"])
	}
	return d
}

// size takes a size such as 64MB or 64 MB.
func (c *cursor) size() int64 {
	at := c.at()
	text := c.value(valueKinds["size"])
	if text == "" {
		return 0
	}
	if c.i < len(c.args) && c.args[c.i].Kind == Word {
		if n, ok := parseSize(text + c.args[c.i].Text); ok {
			c.i++
			return n
		}
	}
	n, ok := parseSize(text)
	if !ok {
		c.fail(at, "%s is not %s", shorten(text), valueKinds["size"])
	}
	return n
}

// parens takes what stands in parentheses, without them.
func (c *cursor) parens() []Token {
	if c.i >= len(c.args) || !c.args[c.i].IsPunct("(") {
		c.lacks("a list in parentheses")
		return nil
	}
	end := closing(c.args, c.i)
	inner := c.args[c.i+1 : max(c.i+1, end-1)]
	c.i = end
	return inner
}

// unexpected reports a word that fits nowhere, and passes it.
func (c *cursor) unexpected(known ...string) {
	t := c.args[c.i]
	what := show(t)
	if slices.Contains(known, "PASSWORD") {
		what = "This word" // it may be a password in the wrong place
	}
	c.fail(t.Pos, "%s is not expected here", what)
	if near := ggserr.Nearest(t.Text, known); near != "" && t.Kind == Word {
		c.errs[len(c.errs)-1].Do("Did you mean %s?", near)
	}
	c.i++
}

// splitList cuts tokens at the commas outside inner parentheses.
func splitList(args []Token) [][]Token {
	var out [][]Token
	depth, from := 0, 0
	for i, t := range args {
		switch {
		case t.IsPunct("("):
			depth++
		case t.IsPunct(")"):
			depth--
		case t.IsPunct(",") && depth == 0:
			out = append(out, args[from:i])
			from = i + 1
		}
	}
	if len(args) > 0 {
		out = append(out, args[from:])
	}
	return out
}

// Lex cuts a text into tokens as the arguments of a parameter are cut.
func Lex(name, text string) ([]Token, error) {
	out, err := lexLine(name, text, 1)
	if err != nil {
		return out, err
	}
	return out, nil
}
