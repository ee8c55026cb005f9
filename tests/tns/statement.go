package tns

import "strings"

// statement is what the server has to know of a text.
type statement struct {
	query, block bool
	// binds are its placeholders: each name once in a block, else each occurrence.
	binds []placeholder
	// returning tells that values come back by RETURNING ... INTO.
	returning bool
}

type placeholder struct {
	name string
	out  bool
}

// parse finds the placeholders of a statement. Whether a block gives a value back is a
// guess: the variable is assigned to, or stands behind INTO.
func parse(sql string) statement {
	p := parser{text: sql}
	p.run()
	st := statement{}
	switch p.first {
	case "SELECT", "WITH":
		st.query = true
	case "BEGIN", "DECLARE", "CALL":
		st.block = true
	case "INSERT", "UPDATE", "DELETE", "MERGE":
		st.returning = p.returning
	}
	for _, b := range p.found {
		b.out = b.out && (st.block || st.returning)
		if st.block && st.merge(b) {
			continue
		}
		st.binds = append(st.binds, b)
	}
	return st
}

// merge adds what is told of a name that is there already.
func (st *statement) merge(b placeholder) bool {
	for i := range st.binds {
		if st.binds[i].name == b.name {
			st.binds[i].out = st.binds[i].out || b.out
			return true
		}
	}
	return false
}

// parser goes over a text once.
type parser struct {
	text      string
	at        int
	first     string // its first word
	previous  string // the last word
	into      bool   // in the list behind INTO
	returning bool
	found     []placeholder
}

func (p *parser) run() {
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '\'' || c == '"':
			p.quoted(c)
		case strings.HasPrefix(p.text[p.at:], "--"):
			p.past("\n")
		case strings.HasPrefix(p.text[p.at:], "/*"):
			p.past("*/")
		case c == ':':
			p.colon()
		case isWord(c):
			p.word()
		default:
			p.at++
		}
	}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' ||
		c == '$' || c == '#' || c >= 0x80
}

func (p *parser) past(end string) {
	if n := strings.Index(p.text[p.at:], end); n >= 0 {
		p.at += n + len(end)
	} else {
		p.at = len(p.text)
	}
}

func (p *parser) quoted(quote byte) {
	p.at++
	p.past(string(quote))
}

func (p *parser) name() string {
	start := p.at
	for p.at < len(p.text) && isWord(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func (p *parser) word() {
	w := strings.ToUpper(p.name())
	if p.first == "" {
		p.first = w
	}
	switch w {
	case "INTO":
		p.into = p.previous != "INSERT" && p.previous != "MERGE"
		p.returning = p.returning || p.into
	case "Q", "NQ":
		if p.at < len(p.text) && p.text[p.at] == '\'' {
			p.alternative()
		}
	default:
		p.into = false
	}
	p.previous = w
}

// alternative passes q'[...]'.
func (p *parser) alternative() {
	p.at++
	if p.at == len(p.text) {
		return
	}
	end := string(p.text[p.at])
	if n := strings.Index("[{(<", end); n >= 0 {
		end = "]})>"[n : n+1]
	}
	p.at++
	p.past(end + "'")
}

func (p *parser) colon() {
	p.at++
	if p.at < len(p.text) && (p.text[p.at] == ':' || p.text[p.at] == '=') {
		p.at++
		return
	}
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
	name := ""
	if p.at < len(p.text) && p.text[p.at] == '"' {
		start := p.at + 1
		p.quoted('"')
		name = strings.Trim(p.text[start:p.at], `"`)
	} else {
		name = strings.ToUpper(p.name())
	}
	if name == "" {
		return
	}
	assigned := strings.HasPrefix(strings.TrimLeft(p.text[p.at:], " \t\r\n"), ":=")
	p.found = append(p.found, placeholder{name: name, out: p.into || assigned})
}
