package param

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"ggsh/ggserr"
)

// checker checks the statements of one file.
type checker struct {
	f        *File
	prog     Program
	ix       index
	errs     errorList
	warnings []*ggserr.Error
	told     map[string]bool // keywords that were warned of
	grammars map[*Spec]node
	before   *Statement // the statement before the one that is checked
}

// Check checks a file that was read: unknown and misplaced parameters, syntax,
// order, and the values that the program would act on. All errors are given,
// those of reading included; warnings are added to the file.
func Check(f *File, prog Program) error {
	c := &checker{f: f, prog: prog, ix: specIndex(), told: map[string]bool{},
		grammars: map[*Spec]node{}, errs: slices.Clone(f.errs)}
	for i := range f.Statements {
		st := &f.Statements[i]
		st.faulty = st.broken
		if len(c.errs) > maxErrors {
			break
		}
		c.statement(st)
		c.before = st
	}
	if len(c.errs) <= maxErrors {
		c.order()
		c.readers()
	}
	sortErrors(c.errs, f.Path)
	f.Warnings = append(slices.Clone(f.notes), c.warnings...)
	return c.errs.orNil()
}

// sortErrors brings errors of one file into the order of its lines.
func sortErrors(errs errorList, path string) {
	sort.SliceStable(errs, func(i, j int) bool {
		a, b := errs[i].Where, errs[j].Where
		if a.File != path || b.File != path {
			return false
		}
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
}

// fail notes an error of a statement, of which one is told once.
func (c *checker) fail(st *Statement, e *ggserr.Error) {
	st.faulty = true
	c.errs = append(c.errs, e)
}

func (c *checker) statement(st *Statement) {
	spec, ours := c.ix.find(st.Name, c.prog)
	switch {
	case spec == nil && strings.HasPrefix(st.Name, "_"):
		c.warn(st, ggserr.New(ggserr.ParameterIgnored, st.Name, "it is not documented"))
		return
	case spec == nil:
		c.unknown(st)
		return
	case !ours:
		c.fail(st, bad(st.Pos, fmt.Sprintf("%s is a parameter of %s, not of %s", st.Name,
			c.owners(st.Name), c.prog)))
		return
	}
	st.Spec = spec
	if !st.faulty {
		c.syntax(st)
	}
	switch {
	case spec.Support == Recognised:
		c.warn(st, ggserr.New(ggserr.ParameterIgnored, st.Name, spec.Instead))
	case spec.Support == Refused && c.f.CheckOnly:
		e := ggserr.New(ggserr.ParameterRefused, st.Name, spec.Instead)
		e.Severity = ggserr.Warning
		c.warn(st, e)
	case spec.Support == Refused:
		e := ggserr.New(ggserr.ParameterRefused, st.Name, spec.Instead)
		c.fail(st, e.At(st.Pos.File, st.Pos.Line, st.Pos.Column))
	}
}

// owners names all programs that know the keyword.
func (c *checker) owners(name string) Program {
	var p Program
	for _, s := range c.ix[name] {
		p |= s.Programs
	}
	return p
}

// warn keeps a warning, the first of each keyword.
func (c *checker) warn(st *Statement, e *ggserr.Error) {
	if c.told[st.Name] {
		return
	}
	c.told[st.Name] = true
	c.warnings = append(c.warnings, e.At(st.Pos.File, st.Pos.Line, st.Pos.Column))
}

// unknown reports a keyword that nobody knows.
func (c *checker) unknown(st *Statement) {
	if c.before != nil && endsWithSecret(c.before.Args) {
		c.fail(st, bad(st.Pos, "This is no parameter").
			Do("A password stands in the line of its keyword."))
		return
	}
	e := bad(st.Pos, "Unknown parameter "+shorten(st.Name))
	near := c.ix.nearest(st.Name, c.prog)
	_, isOption := tableOptions[st.Name]
	switch {
	case isOption:
		e.Do("It is an option of TABLE and MAP: is there a ; too early?")
	case near != "":
		e.Do("Did you mean %s?", near)
	case strings.HasPrefix(st.Name, "#") || strings.HasPrefix(st.Name, "//"):
		e.Do("A remark begins with --.")
	default:
		e.Do("See the documentation of parameters for what %s takes.", c.prog)
	}
	c.fail(st, e)
}

// syntax compares a statement with its row's Syntax.
func (c *checker) syntax(st *Statement) {
	if st.Name == "TABLE" && c.prog != Defgen || st.Name == "MAP" {
		return // a reader of its own
	}
	g, ok := c.grammars[st.Spec]
	if !ok {
		g = compile(st.Spec.Syntax)
		c.grammars[st.Spec] = g
	}
	m, ok := matchArgs(g, st.Args)
	for _, t := range m.strange {
		e := ggserr.New(ggserr.ParameterIgnored, st.Name+" "+shorten(t.Text), "it is not documented")
		c.warnings = append(c.warnings, e.At(t.Pos.File, t.Pos.Line, t.Pos.Column))
	}
	if !ok {
		c.fail(st, m.explain(st))
	}
}

// explain says where and why a statement does not fit its Syntax.
func (m *matcher) explain(st *Statement) *ggserr.Error {
	if m.far >= len(m.args) {
		if len(m.args) == 0 || len(m.want) > 0 {
			return bad(st.end, fmt.Sprintf("%s lacks %s here", st.Name, m.wanted()))
		}
		return bad(st.end, st.Name+" ends too early")
	}
	t := m.args[m.far]
	what := show(t)
	if m.private(t) {
		what = "This word"
	}
	var text string
	switch {
	case len(m.want) == 0:
		text = fmt.Sprintf("%s: %s is too much", st.Name, what)
	case len(m.words) > 5 || len(m.want) > 6:
		text = fmt.Sprintf("%s is no option of %s", what, st.Name)
	default:
		text = fmt.Sprintf("%s: %s is not expected here, but %s", st.Name, what, m.wanted())
	}
	e := bad(t.Pos, text)
	if t.Kind == Word {
		if near := ggserr.Nearest(t.Text, m.words); near != "" {
			return e.Do("Did you mean %s?", near)
		}
	}
	if t.IsPunct(";") {
		return e.Do("Only TABLE, MAP and the like end with a semicolon.")
	}
	return e.Do("Syntax: %s", usage(st.Spec.Syntax))
}

// private reports whether a token may be a password that stands in the wrong
// place: it is then not shown.
func (m *matcher) private(t Token) bool {
	for _, a := range m.args {
		if isSecretWord(a.Text) || soundsSecret(a.Text) {
			return true
		}
	}
	for _, w := range m.words {
		if isSecretWord(w) {
			return true
		}
	}
	return t.Kind == Quoted && len(m.words) == 0
}

// wanted lists what would have fitted.
func (m *matcher) wanted() string {
	want := slices.Clone(m.want)
	if len(want) == 0 {
		return "the end of the line"
	}
	if len(want) > 6 {
		want = append(want[:6], "another option")
	}
	last := len(want) - 1
	if last == 0 {
		return want[0]
	}
	return strings.Join(want[:last], ", ") + " or " + want[last]
}

// usage keeps a Syntax short enough for an error text.
func usage(syntax string) string {
	if len(syntax) <= 160 {
		return syntax
	}
	cut := strings.LastIndexByte(syntax[:160], ' ')
	return syntax[:cut] + " ..."
}
