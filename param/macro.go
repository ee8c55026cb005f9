package param

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
)

const (
	maxMacroDepth = 32
	maxMacroLines = 100_000
	maxCalls      = 10_000 // in one line
)

// macro is a defined macro.
type macro struct {
	name   string
	params []string // upper case, without the macro character
	body   string
}

// macroEnd finds the END; of a definition.
var macroEnd = regexp.MustCompile(`(?i)(^|[^\w#$@])END\s*;`)

// isName reports whether c may stand in a macro's or variable's name.
func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// nameLength counts the name characters that s begins with.
func nameLength(s string) int {
	n := 0
	for n < len(s) && isName(s[n]) {
		n++
	}
	return n
}

// define reads a macro definition whose keyword stands at the line's offset.
func (p *parser) define(line textLine, offset int) {
	at := line.at(offset)
	rest := line.from(offset + len("MACRO"))
	var b strings.Builder
	for lines := 0; ; lines++ {
		text := rest.text
		if c := commentStart(text); c >= 0 {
			text = text[:c]
		}
		if m := macroEnd.FindStringIndex(text); m != nil {
			begin := m[0]
			if !strings.EqualFold(text[begin:begin+3], "END") {
				_, n := utf8.DecodeRuneInString(text[begin:])
				begin += n
			}
			b.WriteString(rest.text[:begin])
			if tail := rest.from(m[1]); !isRemark(tail.text) {
				p.unread(tail)
			}
			break
		}
		b.WriteString(rest.text + "\n")
		next, ok := p.next()
		if !ok || lines > maxMacroLines || b.Len() > maxFile {
			p.fail(bad(at, "The MACRO that begins here has no END;"))
			return
		}
		rest = next
	}
	p.addMacro(b.String(), at)
}

// addMacro takes apart "#name PARAMS (#p, ...) BEGIN text".
func (p *parser) addMacro(text string, at ggserr.Location) {
	head, body, ok := cutWord(text, "BEGIN")
	if !ok {
		p.fail(bad(at, "The MACRO that begins here has no BEGIN"))
		return
	}
	name, list, hasParams := cutWord(stripComments(head), "PARAMS")
	name = strings.Trim(name, blanks+",\n")
	m := &macro{body: strings.Trim(body, "\n")}
	if m.name, ok = p.macroName(name); !ok {
		p.fail(bad(at, fmt.Sprintf("%q is no name of a macro", shorten(name))).
			Do("Write %sname: letters, digits and _.", p.char))
		return
	}
	if hasParams {
		list = strings.Trim(strings.TrimSpace(list), "()")
		for _, word := range strings.FieldsFunc(list, func(r rune) bool {
			return r == ',' || r == '\n' || strings.ContainsRune(blanks, r)
		}) {
			param, ok := p.macroName(word)
			if !ok {
				p.fail(bad(at, fmt.Sprintf("%q is no name of a parameter of macro %s",
					shorten(word), name)))
				return
			}
			m.params = append(m.params, param)
		}
	}
	p.macros[m.name] = m
}

// macroName checks a name with its macro character and gives it in upper case.
func (p *parser) macroName(word string) (string, bool) {
	name, ok := strings.CutPrefix(word, p.char)
	if !ok || name == "" || len(name) > 64 || nameLength(name) != len(name) {
		return "", false
	}
	return strings.ToUpper(name), true
}

// cutWord cuts text at the first bare word of that spelling.
func cutWord(text, word string) (before, after string, found bool) {
	for i := 0; i+len(word) <= len(text); i++ {
		if isComment(text, i) {
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				break
			}
			i += n
			continue
		}
		if !strings.EqualFold(text[i:i+len(word)], word) || i > 0 && (isName(text[i-1])) {
			continue
		}
		if end := i + len(word); end == len(text) || !isName(text[end]) {
			return text[:i], text[end:], true
		}
	}
	return text, "", false
}

// commentStart finds where a line's remark begins, -1 for none.
func commentStart(text string) int {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '-' && isComment(text, i):
			return i
		}
	}
	return -1
}

func stripComments(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if c := commentStart(l); c >= 0 {
			lines[i] = l[:c]
		}
	}
	return strings.Join(lines, "\n")
}

// shorten keeps an error text short.
func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	cut := 57
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
