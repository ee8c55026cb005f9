package param

import (
	"slices"
	"strings"
)

// matcher compares the tokens of a statement with a compiled Syntax. It
// remembers how far it came and what would have fitted there.
type matcher struct {
	args    []Token
	far     int
	want    []string // what would have fitted at far
	words   []string // of these, the keywords
	strange []Token  // options that begin with _
}

// matchArgs reports whether the tokens fit; if not, the matcher says where and why.
func matchArgs(n node, args []Token) (*matcher, bool) {
	m := &matcher{args: args}
	i, ok := m.match(n, 0)
	if !ok {
		return m, false
	}
	i = m.comma(i)
	if i == len(args) {
		return m, true
	}
	if m.far < i {
		m.far, m.want, m.words = i, nil, nil
	}
	return m, false
}

// miss notes what was wanted at i.
func (m *matcher) miss(i int, want, word string) {
	if i < m.far {
		return
	}
	if i > m.far {
		m.far, m.want, m.words = i, nil, nil
	}
	if !slices.Contains(m.want, want) {
		m.want = append(m.want, want)
	}
	if word != "" {
		m.words = append(m.words, word)
	}
}

// comma passes commas: between options they may stand or not.
func (m *matcher) comma(i int) int {
	for i < len(m.args) && m.args[i].IsPunct(",") {
		i++
	}
	return i
}

func (m *matcher) match(n node, i int) (int, bool) {
	switch n.kind {
	case nodeWord:
		i = m.comma(i)
		if i < len(m.args) && m.args[i].Is(n.text) {
			return i + 1, true
		}
		m.miss(i, n.text, n.text)
		return i, false
	case nodeMark:
		if n.text != "(" || i > 0 {
			i = m.comma(i)
		}
		if i < len(m.args) && m.args[i].IsPunct(n.text) {
			return i + 1, true
		}
		m.miss(i, n.text, "")
		return i, false
	case nodeValue:
		return m.value(n.text, i)
	case nodeChoice:
		for _, kid := range n.kids {
			if j, ok := m.match(kid, i); ok {
				return j, true
			}
		}
		return i, false
	case nodeOption:
		if j, ok := m.match(n.kids[0], i); ok {
			return j, true
		}
		return i, true
	case nodeRepeat:
		return m.repeat(n.kids[0], i)
	}
	return m.seq(n.kids, i)
}

// repeat matches once or more.
func (m *matcher) repeat(n node, i int) (int, bool) {
	j, ok := m.match(n, i)
	if !ok {
		return i, n.kind == nodeOption
	}
	for {
		next, ok := m.match(n, m.comma(j))
		if !ok || next <= j {
			return j, true
		}
		j = next
	}
}

// seq matches one piece after the other; options that stand side by side fit
// in any order, each as often as it comes.
func (m *matcher) seq(kids []node, i int) (int, bool) {
	for k := 0; k < len(kids); {
		set := k
		for set < len(kids) && kids[set].kind == nodeOption {
			set++
		}
		if set > k {
			i = m.set(kids[k:set], i)
			k = set
			continue
		}
		j, ok := m.match(kids[k], i)
		if !ok {
			return i, false
		}
		i, k = j, k+1
	}
	return i, true
}

func (m *matcher) set(options []node, i int) int {
	for {
		j, ok := m.oneOf(options, i)
		if ok {
			i = j
			continue
		}
		at := m.comma(i)
		if at >= len(m.args) || m.args[at].Kind != Word || m.args[at].Text[0] != '_' ||
			len(options) < 2 {
			return i
		}
		m.strange = append(m.strange, m.args[at])
		i = m.passStrange(options, at+1)
	}
}

func (m *matcher) oneOf(options []node, i int) (int, bool) {
	for _, o := range options {
		if j, ok := m.match(o.kids[0], i); ok && j > i {
			return j, true
		}
	}
	return i, false
}

// passStrange passes the value of an option that begins with _.
func (m *matcher) passStrange(options []node, i int) int {
	if i >= len(m.args) || m.args[i].IsPunct(",") || m.args[i].IsPunct(")") {
		return i
	}
	if _, ok := m.oneOf(options, i); ok {
		return i
	}
	if m.args[i].IsPunct("(") {
		return closing(m.args, i)
	}
	_, n := takeValue(m.args[i:])
	return i + max(n, 1)
}

// closing gives the place behind the ) of the ( at i.
func closing(args []Token, i int) int {
	depth := 0
	for ; i < len(args); i++ {
		switch {
		case args[i].IsPunct("("):
			depth++
		case args[i].IsPunct(")"):
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}

// valueKinds names the values of Syntax texts for error texts.
var valueKinds = map[string]string{
	"n": "a number", "size": "a size such as 64MB", "span": "a time such as 10M or 1H",
	"hhmi": "a time of day such as 01:30", "day": "a day of the week",
	"ts": "a time such as 2024-12-31 23:59:59", "value": "a value", "path": "a file name",
	"name": "a name", "group": "a group name", "login": "a user", "secret": "a password",
	"string": "a quoted text", "parens": "a list in parentheses", "any": "text",
	"portrange": "a port or a range of ports", "errorrange": "an error number",
	"setvalue": "a value", "option": "an option", "key": "a name",
}

// value matches a value of the given kind.
func (m *matcher) value(kind string, i int) (int, bool) {
	if i == 0 || kind == "portrange" {
		i = m.comma(i)
	}
	n := 0
	rest := m.args[i:]
	switch kind {
	case "any":
		return len(m.args), true
	case "parens":
		if len(rest) > 0 && rest[0].IsPunct("(") {
			n = closing(rest, 0)
		}
	case "string":
		if len(rest) > 0 && (rest[0].Kind == Quoted || rest[0].Kind == DoubleQuoted) {
			n = 1
		}
	case "setvalue":
		if len(rest) > 0 && !rest[0].IsPunct("(") && !rest[0].IsPunct(")") {
			n = 1
		}
	case "option":
		n = len(rest)
	default:
		n = scalar(kind, rest)
	}
	if n == 0 {
		m.miss(i, valueKinds[kind], "")
		return i, false
	}
	return i + n, true
}

// scalar gives how many tokens make a single value of the kind, 0 if none.
func scalar(kind string, rest []Token) int {
	if len(rest) == 0 || rest[0].Kind == Punct && rest[0].Text != "-" {
		return 0
	}
	text, n := takeValue(rest)
	if kind == "key" || kind == "name" {
		text, n = takeKey(rest)
	}
	second := ""
	if n < len(rest) && rest[n].Kind == Word {
		second = rest[n].Text
	}
	ok := true
	switch kind {
	case "n":
		_, ok = parseInt(text)
	case "size":
		if _, ok = parseSize(text); ok {
			if _, with := parseSize(text + second); with && second != "" {
				n++
			}
		}
	case "span":
		if _, ok = parseSpan(text); ok {
			if _, with := parseSpan(text + second); with && second != "" {
				n++
			}
		}
	case "hhmi":
		_, _, ok = parseClock(text)
	case "day":
		_, ok = parseDay(text)
	case "ts":
		if _, with := parseTime(text + " " + second); with {
			return n + 1
		}
		_, ok = parseTime(text)
	case "portrange":
		_, _, ok = parseRange(text)
	case "errorrange":
		_, _, ok = parseErrorRange(text)
	case "secret":
		ok = strings.Trim(text, blanks) != ""
	}
	if !ok {
		return 0
	}
	return n
}
