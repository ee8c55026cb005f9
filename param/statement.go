package param

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
)

// builder collects one statement.
type builder struct {
	p     *parser
	st    Statement
	x     *lexer
	raw   []string
	from  int // where in the current line the raw text begins
	open  []Token
	ended bool // by ;
	glued bool
}

// statement reads the statement that begins in line, or passes a remark.
func (p *parser) statement(line textLine) {
	word := firstWord(line.text)
	offset := len(line.text) - len(strings.TrimLeft(line.text, blanks))
	switch {
	case isRemark(line.text), word == "COMMENT":
		return
	case word == "MACRO":
		p.define(line, offset)
		return
	}
	p.foreign = false
	line = p.expand(line)
	if isRemark(line.text) || p.stopped {
		return
	}
	x := &lexer{line: line}
	x.skip()
	b := &builder{p: p, x: x, from: x.i}
	x.more = b.nextLine
	first := x.token()
	b.st.Name, b.st.Pos = strings.ToUpper(first.Text), first.Pos
	if first.Kind != Word {
		p.fail(bad(first.Pos, fmt.Sprintf("A parameter is expected here, not %s",
			show(first))))
	}
	b.collect(p.kind(first))
	b.finish(first)
}

// kind says how a statement of that keyword is read. An unknown keyword is
// read as what it most likely was meant to be, so that one misspelling gives
// one error.
func (p *parser) kind(first Token) Spec {
	if s, _ := p.ix.find(first.Text, p.f.Program); s != nil {
		return *s
	}
	if p.unknown++; p.unknown > maxErrors {
		return Spec{}
	}
	near, _ := p.ix.find(p.ix.nearest(first.Text, p.f.Program), p.f.Program)
	if near != nil && near.Terminated {
		return *near
	}
	return Spec{}
}

// collect takes the tokens of the statement.
func (b *builder) collect(kind Spec) {
	b.x.multi = kind.Terminated
	b.glued = true
	for !b.p.stopped {
		if b.x.skip() {
			b.glued = false
		}
		if b.x.continued() || b.x.done() {
			goesOn := b.x.continued() || kind.Terminated || len(b.open) > 0
			if !goesOn || !b.followed(kind, b.x.continued()) {
				return
			}
			b.glued = false
			continue
		}
		b.x.ops = kind.Terminated && len(b.open) > 0
		t := b.x.token()
		t.Glued, b.glued = b.glued, true
		if b.x.open != nil {
			b.unclosedQuote(*b.x.open)
		}
		if t.IsPunct(";") && b.semicolon(kind) {
			return
		}
		b.parens(t)
		b.st.Args = append(b.st.Args, t)
		b.p.tokens++
		if len(b.st.Args) > maxTokens || b.p.tokens > maxAllTokens {
			b.p.stop(bad(b.st.Pos, "The statement that begins here is too long"))
		}
	}
}

// nextLine goes on to the next line of the statement.
func (b *builder) nextLine() (textLine, bool) {
	line, ok := b.p.next()
	if !ok {
		return line, false
	}
	b.raw = append(b.raw, b.x.line.text[b.from:])
	b.from = 0
	return b.p.expand(line), true
}

// followed goes on to the next line that belongs to the statement. It gives
// false when there is none; a line that clearly begins another statement is
// left for it.
func (b *builder) followed(kind Spec, marked bool) bool {
	for {
		line, ok := b.p.next()
		if !ok {
			return false
		}
		line = b.p.expand(line)
		line.expanded = true
		if marked && strings.Trim(line.text, blanks) == "" {
			return false
		}
		if isRemark(line.text) {
			continue
		}
		if !marked && b.beginsAnother(line.text, kind) {
			b.p.unread(line)
			return false
		}
		b.raw = append(b.raw, b.x.line.text[b.from:])
		b.from = 0
		b.x.set(line)
		return true
	}
}

// beginners are keywords that begin a statement and nothing else.
var beginners = map[string]bool{
	"EXTRACT": true, "USERIDALIAS": true, "SETENV": true, "EXTTRAIL": true, "RMTTRAIL": true,
	"RMTHOST": true, "DISCARDFILE": true, "TARGETDB": true, "SOURCEDB": true,
	"REPORTCOUNT": true, "GETINSERTS": true, "GETUPDATES": true, "GETDELETES": true,
	"IGNOREINSERTS": true, "IGNOREUPDATES": true, "IGNOREDELETES": true,
	"ASSUMETARGETDEFS": true, "MACRO": true, "INCLUDE": true, "OBEY": true,
}

// beginsAnother reports whether a line cannot go on a statement that still
// waits for its ; or its ).
func (b *builder) beginsAnother(text string, kind Spec) bool {
	word := firstWord(text)
	text = strings.TrimLeft(text, blanks)
	rest := strings.TrimLeft(text[min(len(word), len(text)):], blanks)
	if rest != "" && strings.IndexByte("=,)(", rest[0]) >= 0 && word != "SETENV" {
		return false
	}
	named := strings.ContainsAny(strings.SplitN(rest, " ", 2)[0], ".*")
	if (word == "MAP" || word == "TABLE") && named {
		return true
	}
	if len(b.open) > 0 {
		return beginners[word] && (rest != "" && !kind.Terminated)
	}
	if beginners[word] && word != "INCLUDE" {
		return true
	}
	if _, isOption := tableOptions[word]; isOption || !kind.Terminated {
		return false
	}
	_, known := b.p.ix.find(word, b.p.f.Program)
	last := len(b.st.Args) - 1
	return known && last >= 0 && !b.st.Args[last].IsPunct(",") && word != "MAP" && word != "TABLE"
}

// parens keeps the open parentheses.
func (b *builder) parens(t Token) {
	switch {
	case t.IsPunct("("):
		b.open = append(b.open, t)
	case t.IsPunct(")") && len(b.open) > 0:
		b.open = b.open[:len(b.open)-1]
	case t.IsPunct(")"):
		b.fault(bad(t.Pos, "This ) has no ( before it"))
	}
}

// semicolon ends the statement where it may; what follows in the line is the
// next statement.
func (b *builder) semicolon(kind Spec) bool {
	if !kind.Terminated && !kind.MayEnd {
		return false
	}
	b.ended = true
	b.x.skip()
	b.raw = append(b.raw, b.x.line.text[b.from:b.x.i])
	if !b.x.done() {
		b.p.unread(b.x.line.from(b.x.i))
	}
	b.x.set(textLine{file: b.x.line.file, spans: b.x.line.spans})
	b.from = 0
	return true
}

func (b *builder) unclosedQuote(t Token) {
	b.x.open = nil
	b.fault(bad(t.Pos, "The quote that begins here is not closed").
		Do("A quote within a quoted text is written twice."))
}

// fault notes an error of the statement.
func (b *builder) fault(e *ggserr.Error) {
	b.st.broken = true
	b.p.fail(e)
}

// finish closes the statement and keeps it, or does what it orders.
func (b *builder) finish(first Token) {
	p := b.p
	b.st.end = b.x.line.at(b.x.i)
	if n := len(b.st.Args); n > 0 {
		last := b.st.Args[n-1]
		b.st.end = last.Pos
		b.st.end.Column += utf8.RuneCountInString(last.Text)
	} else {
		b.st.end = b.st.Pos
		b.st.end.Column += utf8.RuneCountInString(first.Text)
	}
	if !b.ended {
		b.raw = append(b.raw, b.x.line.text[b.from:b.x.i])
	}
	m := masker{}
	if n := len(p.f.Statements); n > 0 {
		m.pending = endsWithSecret(p.f.Statements[n-1].Args)
	}
	for i, line := range b.raw {
		b.raw[i] = m.line(strings.TrimRight(line, blanks))
	}
	b.st.Raw = strings.TrimSpace(strings.Join(b.raw, "\n"))
	b.missing(first)
	b.st.broken = b.st.broken || p.foreign
	if first.Kind != Word || p.stopped || p.isCall(first.Text) {
		return
	}
	if s, _ := p.ix.find(first.Text, p.f.Program); s != nil {
		b.st.Spec, b.st.Name = s, s.Name
	}
	switch b.st.Name {
	case "INCLUDE", "OBEY":
		p.include(b.st.Name, &b.st)
	case "MACROCHAR":
		p.setMacroChar(&b.st)
	case "LIST", "NOLIST", "COMMENT":
	case "CHARSET":
		p.charsetStatement(&b.st)
		p.f.Statements = append(p.f.Statements, b.st)
	default:
		p.f.Statements = append(p.f.Statements, b.st)
	}
}

// isCall reports whether a keyword is the call of a macro that is not defined,
// of which expand has told.
func (p *parser) isCall(word string) bool {
	name, ok := strings.CutPrefix(word, p.char)
	return ok && nameLength(name) > 0
}

// missing reports what the statement lacks at its end.
func (b *builder) missing(first Token) {
	if b.st.broken || b.p.stopped {
		return
	}
	if len(b.open) > 0 {
		b.fault(bad(b.open[len(b.open)-1].Pos, "This ( is not closed"))
		return
	}
	if s, _ := b.p.ix.find(first.Text, b.p.f.Program); s != nil && s.Terminated && !b.ended {
		b.fault(bad(b.st.Pos, fmt.Sprintf(`The %s statement that begins here has no ";"`, s.Name)).
			Do("End it with a semicolon."))
	}
}

// setMacroChar obeys MACROCHAR.
func (p *parser) setMacroChar(st *Statement) {
	char := valueText(st.Args)
	switch {
	case utf8.RuneCountInString(char) != 1 || isName(char[0]) || strings.Contains("'\",();=&-", char):
		p.fail(bad(st.end, "MACROCHAR needs one character that is no letter, digit or mark"))
	case len(p.macros) > 0:
		p.fail(bad(st.Pos, "MACROCHAR must stand before the first MACRO"))
	default:
		p.char = char
	}
}

// show names a token in an error text.
func show(t Token) string {
	text := shorten(t.Text)
	switch t.Kind {
	case Quoted:
		return "'" + text + "'"
	case DoubleQuoted:
		return `"` + text + `"`
	}
	return text
}
