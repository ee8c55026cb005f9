package oracleclient

import (
	"fmt"
	"strings"
)

const (
	// deepest is how far parentheses nest; Oracle's own descriptors need seven.
	deepest     = 24
	longestFile = 4 << 20
)

// node is one NAME = value of a descriptor or of a parameter file: either a text or a
// list.
type node struct {
	name string // upper case
	text string
	list []*node
	line int
}

// child gives the first part of a name, nil without one.
func (n *node) child(path ...string) *node {
	for _, name := range path {
		var next *node
		for _, c := range n.list {
			if c.name == name {
				next = c
				break
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// value is the text of a part, empty without one.
func (n *node) value(path ...string) string {
	if c := n.child(path...); c != nil {
		return c.text
	}
	return ""
}

// lexer goes over tnsnames.ora, sqlnet.ora or a descriptor.
type lexer struct {
	text string
	at   int
	line int
}

// syntaxError is where a text cannot be understood.
type syntaxError struct {
	line int
	text string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func (l *lexer) fail(format string, args ...any) error {
	return &syntaxError{line: l.line, text: fmt.Sprintf(format, args...)}
}

// blank passes white space and comments.
func (l *lexer) blank() {
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case c == '\n':
			l.line++
			l.at++
		case c == ' ' || c == '\t' || c == '\r':
			l.at++
		case c == '#':
			if n := strings.IndexByte(l.text[l.at:], '\n'); n >= 0 {
				l.at += n
			} else {
				l.at = len(l.text)
			}
		default:
			return
		}
	}
}

func (l *lexer) peek() byte {
	if l.at < len(l.text) {
		return l.text[l.at]
	}
	return 0
}

// word reads up to one of the marks, or a quoted text.
func (l *lexer) word(marks string) (string, error) {
	if q := l.peek(); q == '"' || q == '\'' {
		end := strings.IndexByte(l.text[l.at+1:], q)
		if end < 0 || strings.Contains(l.text[l.at+1:l.at+1+end], "\n") {
			return "", l.fail("a quoted text has no end on its line")
		}
		w := l.text[l.at+1 : l.at+1+end]
		l.at += end + 2
		return w, nil
	}
	start := l.at
	for l.at < len(l.text) && !strings.ContainsRune(marks+"\n#", rune(l.text[l.at])) {
		l.at++
	}
	return strings.TrimSpace(l.text[start:l.at]), nil
}

// part reads (NAME = value), the parenthesis included.
func (l *lexer) part(depth int) (*node, error) {
	if depth > deepest {
		return nil, l.fail("parentheses nest deeper than %d", deepest)
	}
	l.at++
	l.blank()
	n := &node{line: l.line}
	name, err := l.word("=(),")
	if err != nil {
		return nil, err
	}
	l.blank()
	if c := l.peek(); name != "" && (c == ',' || c == ')') {
		return n, l.words(n, name)
	}
	n.name = strings.ToUpper(name)
	if l.peek() != '=' || name == "" {
		return nil, l.fail("after ( there must be NAME = value")
	}
	l.at++
	l.blank()
	for l.peek() == '(' {
		c, err := l.part(depth + 1)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, c)
		l.blank()
	}
	if n.list == nil {
		if n.text, err = l.word("()"); err != nil {
			return nil, err
		}
		l.blank()
	}
	if l.peek() != ')' {
		return nil, l.fail("the parenthesis of %s, opened on line %d, is not closed", n.name, n.line)
	}
	l.at++
	return n, nil
}

// words reads the rest of (A, B, C), which has no names.
func (l *lexer) words(n *node, first string) error {
	n.text = first
	for l.peek() == ',' {
		l.at++
		l.blank()
		w, err := l.word("=(),")
		if err != nil {
			return err
		}
		n.text += ", " + w
		l.blank()
	}
	if l.peek() != ')' {
		return l.fail("the list that was opened on line %d is not closed", n.line)
	}
	l.at++
	return nil
}

// entry is one NAME[, NAME] = value of a parameter file.
type entry struct {
	names []string // upper case
	node
}

// parseFile reads a whole parameter file.
func parseFile(text string) ([]*entry, error) {
	if len(text) > longestFile {
		return nil, &syntaxError{1, fmt.Sprintf("the file has more than %d octets", longestFile)}
	}
	l := &lexer{text: text, line: 1}
	var all []*entry
	for {
		l.blank()
		if l.at >= len(l.text) {
			return all, nil
		}
		e, err := l.entry()
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

func (l *lexer) entry() (*entry, error) {
	e := &entry{}
	e.line = l.line
	for {
		name, err := l.word("=,()")
		if err != nil {
			return nil, err
		}
		if name == "" {
			return nil, l.fail("a name is missing before %q", string(l.peek()))
		}
		e.names = append(e.names, strings.ToUpper(name))
		l.blank()
		if l.peek() != ',' {
			break
		}
		l.at++
		l.blank()
	}
	if l.peek() != '=' {
		return nil, l.fail("= is missing after %s", strings.Join(e.names, ", "))
	}
	l.at++
	for l.peek() == ' ' || l.peek() == '\t' {
		l.at++
	}
	if l.peek() == '\n' || l.peek() == '\r' || l.peek() == '#' {
		l.blank()
	}
	for l.peek() == '(' {
		c, err := l.part(1)
		if err != nil {
			return nil, fmt.Errorf("%w (in the entry %s)", err, e.names[0])
		}
		e.list = append(e.list, c)
		l.blank()
	}
	if e.list != nil {
		return e, nil
	}
	var err error
	e.text, err = l.word("()")
	return e, err
}
