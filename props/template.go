package props

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

const (
	maxTemplate = 8192 // bytes of a template
	maxNesting  = 16   // of templates in arguments
	// maxReplaced bounds what ${regex} makes of a text.
	maxReplaced = 1 << 22
)

// Template is the value of a ...MappingTemplate property: text with ${keyword}
// in it. It does not change and may be used by several goroutines.
type Template struct {
	text  string
	parts []part
	row   bool
	null  bool
}

// part is literal text, or a keyword with its arguments.
type part struct {
	key     *keyword // nil: text
	text    string
	args    []*Template
	date    *DatePattern
	pattern *regexp.Regexp
	table   map[string]string // of table=value arguments, names in upper case
	from    int
	to      int // -1: the end
}

// Env is what templates and meta columns know beside the operation. It belongs
// to one goroutine.
type Env struct {
	Group string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Local is the zone that times are shown in; nil is the machine's.
	Local *time.Location
	// Steady makes everything that differs from run to run empty: current
	// timestamps, uuids, counts, start and end positions. What is left names a
	// stream, and is the same in a replay.
	Steady bool
	// Start and End are what ${startPosition} and ${endPosition} print.
	Start, End string
	Counts     Counts
	OpKeys     OpKeys
	// Getenv is the environment of the process; nil is os.Getenv.
	Getenv func(name string) string
	// JavaProperty answers -Dname=value of the boot options; nil knows none.
	JavaProperty func(name string) (string, bool)

	values []record.Value
	name   []byte
}

// Counts are the operations of a file.
type Counts struct{ Operations, Inserts, Updates, Deletes, Truncates int64 }

// Add counts an operation.
func (c *Counts) Add(t record.OpType) {
	c.Operations++
	switch t {
	case record.Insert:
		c.Inserts++
	case record.Update, record.PKUpdate:
		c.Updates++
	case record.Delete:
		c.Deletes++
	case record.Truncate:
		c.Truncates++
	}
}

func (e *Env) now() time.Time {
	t := time.Now
	if e.Now != nil {
		t = e.Now
	}
	return e.zoned(t())
}

// zoned gives a time its place in the zone that times are shown in.
func (e *Env) zoned(t time.Time) time.Time {
	if e.Local == nil {
		return t.Local()
	}
	return t.In(e.Local)
}

// ParseTemplate reads a template.
func ParseTemplate(text string) (*Template, error) {
	t, f := parseTemplate(text)
	if f == nil {
		return t, nil
	}
	err := ggserr.New(ggserr.PropertyWrong, fmt.Sprintf("Template %q, character %d: %s", text,
		f.off+1, f.text))
	if f.hint != "" {
		err.Do("%s", f.hint)
	}
	return nil, err
}

// String is the template as written.
func (t *Template) String() string { return t.text }

// NeedsRow reports whether the template differs between operations of one
// transaction, so that it has no value for a transaction as a whole.
func (t *Template) NeedsRow() bool { return t.row }

// IsNull reports whether the template is ${null}: no value, not an empty one.
func (t *Template) IsNull() bool { return t.null }

// Append prints the template for an operation. Without one, c is nil and the
// template must not ask for any.
func (t *Template) Append(dst []byte, env *Env, c *record.Change) ([]byte, error) {
	var err error
	for i := range t.parts {
		p := &t.parts[i]
		if p.key == nil {
			dst = append(dst, p.text...)
			continue
		}
		if c == nil && p.key.change {
			return dst, fmt.Errorf("${%s} has no value without an operation", p.key.name)
		}
		if dst, err = p.append(dst, env, c); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func parseTemplate(text string) (*Template, *fault) {
	if len(text) > maxTemplate {
		return nil, wrongf("a template has at most %d bytes", maxTemplate)
	}
	return parseNested(text, 0, 0)
}

// parseNested reads a template that begins at byte off of the whole.
func parseNested(text string, off, depth int) (*Template, *fault) {
	t := &Template{text: text}
	if depth > maxNesting {
		return nil, &fault{off: off, text: "templates are nested too deeply"}
	}
	for i := 0; i < len(text); {
		next := strings.Index(text[i:], "${")
		if next < 0 {
			next = len(text) - i
		}
		if next > 0 {
			t.parts = append(t.parts, part{text: text[i : i+next]})
		}
		if i += next; i == len(text) {
			break
		}
		p, n, f := parseKeyword(text[i:], off+i, depth)
		if f != nil {
			return nil, f
		}
		t.parts = append(t.parts, p)
		i += n
	}
	for _, p := range t.parts {
		t.row = t.row || p.key != nil && p.key.row
		for _, a := range p.args {
			t.row = t.row || a.row
		}
		if p.key != nil && p.key.name == "null" {
			if len(t.parts) > 1 || depth > 0 {
				return nil, &fault{off: off, text: "${null} stands alone"}
			}
			t.null = true
		}
	}
	return t, nil
}

// parseKeyword reads ${keyword[argument]...} at the front of text, which begins
// at byte off of the whole; n is its length.
func parseKeyword(text string, off, depth int) (p part, n int, f *fault) {
	i := 2
	for i < len(text) && text[i] != '[' && text[i] != '}' {
		i++
	}
	name := strings.TrimSpace(text[2:i])
	key := keywordNamed(name)
	if key == nil && (i < len(text) || name != "") {
		return p, 0, unknownKeyword(name, off)
	}
	p.key = key
	for i < len(text) && text[i] == '[' {
		n := bracketed(text[i:])
		if n == 0 {
			return p, 0, &fault{off: off + i, text: "[ is not closed by ]"}
		}
		arg, f := parseNested(text[i+1:i+n-1], off+i+1, depth+1)
		if f != nil {
			return p, 0, f
		}
		p.args = append(p.args, arg)
		if f := p.settle(arg, off+i+1); f != nil {
			return p, 0, f
		}
		i += n
	}
	if i == len(text) || text[i] != '}' {
		return p, 0, &fault{off: off, text: "${ is not closed by }"}
	}
	if n := len(p.args); n < key.least || n > key.most {
		return p, 0, &fault{off: off, text: fmt.Sprintf("${%s} has %s in [], not %d", key.name,
			key.arguments(), n)}
	}
	return p, i + 1, nil
}

// bracketed gives the length of [...] at the front of text, with what is nested
// in it; a backslash takes the next character with it. 0: it is not closed.
func bracketed(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// settle reads an argument that must be known beforehand: a date pattern, a
// regular expression, a number, a list of tables.
func (p *part) settle(arg *Template, off int) *fault {
	n := len(p.args)
	plain := arg.literal()
	switch p.key.id {
	case kwCurrentTimestamp:
		d, f := parseDatePattern(arg.text)
		if f != nil {
			f.off += off
			return f
		}
		p.date = d
	case kwSubstring:
		if n == 1 {
			p.to = -1
			return nil
		}
		i, err := strconv.Atoi(strings.TrimSpace(arg.text))
		if err != nil || i < 0 || i > maxTemplate {
			return &fault{off: off, text: fmt.Sprintf("%q is no place in a text, counted from 0",
				arg.text)}
		}
		if n == 2 {
			p.from = i
		} else {
			p.to = i
		}
	case kwRegex:
		if n == 2 {
			re, err := regexp.Compile(arg.text)
			if err != nil {
				return &fault{off: off, text: "the regular expression is not understood: " +
					strings.TrimPrefix(err.Error(), "error parsing regexp: ")}
			}
			p.pattern = re
		} else if n == 3 {
			p.text = javaReplacement(arg.text)
		}
	case kwStaticMap, kwColumnValue:
		if n == 1 && strings.Contains(arg.text, "=") {
			return p.settleTable(arg.text, off)
		}
		if n == 1 && p.key.id == kwStaticMap {
			return &fault{off: off, text: "${staticMap} has a list table=value, table=value"}
		}
	case kwToken:
		if !plain {
			return &fault{off: off, text: "the name of a token is plain text"}
		}
	}
	return nil
}

// settleTable reads table=value, table=value.
func (p *part) settleTable(text string, off int) *fault {
	p.table = map[string]string{}
	for _, item := range strings.Split(text, ",") {
		table, val, ok := strings.Cut(item, "=")
		if table = strings.TrimSpace(table); !ok || table == "" {
			return &fault{off: off, text: fmt.Sprintf("%q is not of the form table=value", item)}
		}
		p.table[strings.ToUpper(table)] = strings.TrimSpace(val)
		off += len(item) + 1
	}
	return nil
}

// literal reports whether a template has no keyword.
func (t *Template) literal() bool {
	return len(t.parts) == 0 || len(t.parts) == 1 && t.parts[0].key == nil
}

// javaReplacement writes the groups of a Java replacement as Go does: $1 as
// ${1}, \$ as $$.
func javaReplacement(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] == '$' {
				b.WriteByte('$')
			}
			b.WriteByte(text[i])
		case c == '$' && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9':
			b.WriteString("${" + text[i+1:i+2] + "}")
			i++
		case c == '$':
			b.WriteString("$$")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
