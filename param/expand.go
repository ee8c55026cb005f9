package param

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
)

// expander makes the text of one line and remembers where its parts came from.
type expander struct {
	p     *parser
	out   strings.Builder
	spans []span
	used  bool
	calls int
}

// expand replaces macro calls and ?NAME in a line. A call whose list goes on
// takes further lines; what comes out may be several lines: the first is
// given back, the others are put before what is read next.
func (p *parser) expand(line textLine) textLine {
	if line.expanded ||
		!strings.Contains(line.text, p.char) && !strings.Contains(line.text, "?") {
		line.expanded = true
		return line
	}
	x := &expander{p: p}
	x.walk(line)
	if !x.used || p.stopped {
		line.expanded = true
		return line
	}
	whole := textLine{text: x.out.String(), file: line.file, spans: x.spans}
	var lines []textLine
	for {
		end := strings.IndexByte(whole.text, '\n')
		if end < 0 {
			break
		}
		first := whole
		first.text = whole.text[:end]
		lines = append(lines, first)
		whole = whole.from(end + 1)
	}
	lines = append(lines, whole)
	for i := range lines {
		lines[i].expanded = true
	}
	if len(lines) > 1 {
		p.unread(lines[1:]...)
	}
	return lines[0]
}

// add appends text that stands at a place.
func (x *expander) add(text string, at ggserr.Location, fixed bool) {
	x.spans = append(x.spans, span{x.out.Len(), at.Line, at.Column, fixed})
	x.out.WriteString(text)
}

// walk copies the line and replaces what is to be replaced.
func (x *expander) walk(line textLine) {
	from, quote := 0, byte(0)
	first := line.at(0)
	x.spans = []span{{0, first.Line, first.Column, line.fixedAt(0)}}
	flush := func(to int) {
		if to > from {
			x.add(line.text[from:to], line.at(from), line.fixedAt(from))
		}
	}
	for i := 0; i < len(line.text) && !x.p.stopped; i++ {
		c := line.text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '-' && isComment(line.text, i):
			i = len(line.text)
			continue
		case (c == '\'' || c == '"') && (i == 0 || !isName(line.text[i-1])):
			quote = c
			continue
		}
		if value, n := x.p.variable(line.text, i); n > 0 {
			flush(i)
			x.used = true
			x.add(value, line.at(i), true)
			i += n - 1
			from = i + 1
			continue
		}
		m := x.p.called(line, i)
		if m == nil {
			continue
		}
		flush(i)
		x.used = true
		at := line.at(i)
		if x.calls++; x.calls > maxCalls {
			x.p.stop(bad(at, "Too many macro calls in one line"))
			return
		}
		args, rest, ok := x.p.arguments(m, line, i+len(x.p.char)+len(m.name), at)
		if !ok {
			line, from, i = rest, 0, -1
			continue
		}
		x.add(x.p.call(m, args, at, nil), at, true)
		line, from, i = rest, 0, -1
	}
	flush(len(line.text))
}

// variable gives the value of ?NAME at text[i] and its length in the text.
func (p *parser) variable(text string, i int) (string, int) {
	if text[i] != '?' || p.opt.Getenv == nil {
		return "", 0
	}
	n := nameLength(text[i+1:])
	if n == 0 || text[i+1] >= '0' && text[i+1] <= '9' {
		return "", 0
	}
	value := p.opt.Getenv(text[i+1 : i+1+n])
	value = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, value)
	if value == "" || !p.spend(len(value), ggserr.Location{}) {
		return "", 0
	}
	return value, n + 1
}

// called gives the macro that is called at line.text[i], nil when none is.
func (p *parser) called(line textLine, i int) *macro {
	text := line.text
	if !strings.HasPrefix(text[i:], p.char) {
		return nil
	}
	if i > 0 && (isName(text[i-1]) || text[i-1] >= utf8.RuneSelf ||
		strings.HasSuffix(text[:i], p.char)) {
		return nil
	}
	rest := text[i+len(p.char):]
	n := nameLength(rest)
	if n == 0 {
		return nil
	}
	if m := p.macros[strings.ToUpper(rest[:n])]; m != nil {
		return m
	}
	starts := strings.Trim(text[:i], blanks) == ""
	call := starts || strings.HasPrefix(strings.TrimLeft(rest[n:], blanks), "(")
	if call && p.f.opaque && p.opt.CheckOnly {
		p.foreign = true // its library could not be read
	} else if call {
		var names []string
		for name := range p.macros {
			names = append(names, name)
		}
		e := bad(line.at(i), fmt.Sprintf("Macro %s%s is not defined", p.char, shorten(rest[:n])))
		if near := ggserr.Nearest(rest[:n], names); near != "" {
			e.Do("Did you mean %s%s?", p.char, strings.ToLower(near))
		} else {
			e.Do("Define it, or INCLUDE its library, before this line.")
		}
		p.fail(e)
	}
	return nil
}

// arguments reads the list of a call that begins at offset; it may go over
// lines. It gives the values and the line that goes on behind the call.
func (p *parser) arguments(m *macro, line textLine, offset int, at ggserr.Location) (
	[]string, textLine, bool) {
	rest := line.from(offset)
	trimmed := strings.TrimLeft(rest.text, blanks)
	if !strings.HasPrefix(trimmed, "(") {
		if len(m.params) > 0 {
			p.wrongCount(m, 0, at)
			return nil, rest, false
		}
		return nil, rest, true
	}
	rest = rest.from(len(rest.text) - len(trimmed) + 1)
	var args []string
	var b strings.Builder
	depth, quote := 0, byte(0)
	for i := 0; ; i++ {
		if i >= len(rest.text) || quote == 0 && isComment(rest.text, i) {
			p.calling = true
			next, ok := p.next()
			p.calling = false
			if !ok {
				p.fail(bad(at, "The list of this macro call has no )"))
				return nil, textLine{file: line.file, spans: line.spans}, false
			}
			b.WriteByte(' ')
			rest, i = next, -1
			continue
		}
		c := rest.text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ')', c == ',' && depth == 0:
			args = append(args, strings.Trim(b.String(), blanks))
			b.Reset()
			if c == ',' {
				continue
			}
			if len(m.params) == 0 && len(args) == 1 && args[0] == "" {
				args = nil
			}
			if len(args) != len(m.params) {
				p.wrongCount(m, len(args), at)
				return nil, rest.from(i + 1), false
			}
			return args, rest.from(i + 1), true
		}
		b.WriteByte(c)
		if b.Len() > maxFile {
			p.stop(bad(at, "The list of this macro call is too long"))
			return nil, textLine{file: line.file, spans: line.spans}, false
		}
	}
}

func (p *parser) wrongCount(m *macro, n int, at ggserr.Location) {
	p.fail(bad(at, fmt.Sprintf("Macro %s%s takes %d value(s), not %d", p.char,
		strings.ToLower(m.name), len(m.params), n)))
}

// call gives the text of a macro with its values put in and the calls within
// it replaced. chain holds the macros that led here.
func (p *parser) call(m *macro, args []string, at ggserr.Location, chain []string) string {
	for _, name := range chain {
		if name == m.name {
			p.fail(bad(at, fmt.Sprintf("Macro %s%s calls itself", p.char, strings.ToLower(m.name))))
			return ""
		}
	}
	if len(chain) >= maxMacroDepth {
		p.fail(bad(at, fmt.Sprintf("Macro calls go deeper than %d", maxMacroDepth)))
		return ""
	}
	text := p.fill(m, args)
	if !p.spend(len(text), at) {
		return ""
	}
	return p.inner(text, at, append(chain[:len(chain):len(chain)], m.name))
}

// fill puts the values of a call into the macro's text, not within quotes.
func (p *parser) fill(m *macro, args []string) string {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(m.body); i++ {
		c := m.body[i]
		switch {
		case quote != 0:
			if c == quote || c == '\n' {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case strings.HasPrefix(m.body[i:], p.char):
			rest := m.body[i+len(p.char):]
			n := nameLength(rest)
			if k := paramIndex(m, rest[:n]); k >= 0 {
				b.WriteString(args[k])
				i += len(p.char) + n - 1
				if b.Len() > maxText {
					return b.String()
				}
				continue
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

func paramIndex(m *macro, name string) int {
	for k, param := range m.params {
		if strings.EqualFold(param, name) {
			return k
		}
	}
	return -1
}

// inner replaces the calls within a macro's text.
func (p *parser) inner(text string, at ggserr.Location, chain []string) string {
	if !strings.Contains(text, p.char) {
		return text
	}
	line := textLine{text: text, file: at.File, spans: []span{{0, at.Line, at.Column, true}}}
	var b strings.Builder
	from, quote := 0, byte(0)
	for i := 0; i < len(line.text) && !p.stopped; i++ {
		c := line.text[i]
		switch {
		case quote != 0:
			if c == quote || c == '\n' {
				quote = 0
			}
			continue
		case c == '-' && isComment(line.text, i):
			if n := strings.IndexByte(line.text[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(line.text)
			}
			continue
		case c == '\'' || c == '"':
			quote = c
			continue
		}
		m := p.called(line, i)
		if m == nil {
			continue
		}
		b.WriteString(line.text[from:i])
		args, rest, ok := p.innerArguments(m, line, i, at)
		if ok {
			b.WriteString(p.call(m, args, at, chain))
		}
		line, from, i = rest, 0, -1
	}
	if from < len(line.text) {
		b.WriteString(line.text[from:])
	}
	return b.String()
}

// innerArguments reads the list of a call within a macro's text, which cannot
// go on behind that text.
func (p *parser) innerArguments(m *macro, line textLine, i int, at ggserr.Location) (
	[]string, textLine, bool) {
	stack := p.stack
	p.stack = nil
	args, rest, ok := p.arguments(m, line, i+len(p.char)+len(m.name), at)
	p.stack = stack
	return args, rest, ok
}
