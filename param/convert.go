package param

import (
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"ggsh/ggserr"
)

// Change is one line that Convert has changed, passwords masked.
type Change struct {
	Line     int // from 1
	From, To string
}

// literalOptions are the options of TABLE and MAP whose lists hold literals.
var literalOptions = []string{"COLMAP", "FILTER", "WHERE", "TOKENS", "SQLEXEC", "EVENTACTIONS"}

// Convert rewrites the text of a parameter file whose literals stand in double quotes,
// as releases before 12c have them: they come into single quotes, and keywords of old
// releases get their present names. Names in double quotes stay, and so does all that
// macros and included files hold. The error is that of reading; nothing is then changed.
func Convert(path, text string, opt Options) (string, []Change, error) {
	opt.NoAnsiQuotes, opt.CheckOnly = true, true
	opt.ReadFile = nil // each file is converted by itself
	f, err := ParseText(path, text, opt)
	if err != nil {
		return text, nil, err
	}
	outer, _ := findCharset(opt.Charset)
	src, bad := decode(path, text, outer)
	if bad != nil || src.set.enc != nil && src.set.enc != unicode.UTF8 {
		return text, nil, ggserr.New(ggserr.Generic, path+" is not in UTF-8, and only that is "+
			"converted").Do("Save it as UTF-8 with CHARSET UTF-8 or without CHARSET, and try again.")
	}
	e := editor{path: path, lines: strings.Split(text, "\n")}
	for i := range f.Statements {
		e.statement(&f.Statements[i])
	}
	return e.finish(text)
}

// editor notes replacements by line and column.
type editor struct {
	path  string
	lines []string
	edits map[int][]edit
}

// edit replaces a stretch of a line, in octets.
type edit struct {
	from, to int
	text     string
}

func (e *editor) statement(st *Statement) {
	if word, at, ok := e.word(st.Pos.Line, st.Pos.Column); ok && st.Pos.File == e.path && st.Spec != nil &&
		slices.Contains(st.Spec.Aliases, strings.ToUpper(word)) {
		e.add(st.Pos.Line, edit{at, at + len(word), st.Spec.Name})
	}
	if st.Name != "TABLE" && st.Name != "MAP" {
		return
	}
	depth, literals := 0, false
	for i, t := range st.Args {
		switch {
		case t.IsPunct("("):
			if depth++; depth == 1 && i > 0 {
				literals = slices.Contains(literalOptions, strings.ToUpper(st.Args[i-1].Text))
			}
		case t.IsPunct(")"):
			depth--
		case t.Kind == DoubleQuoted && literals && depth > 0 && !isTarget(st.Args, i):
			e.literal(t)
		}
	}
}

// isTarget reports whether a token is the name of a column that = sets: it stands at
// the begin of an assignment.
func isTarget(args []Token, i int) bool {
	return i+1 < len(args) && args[i+1].IsPunct("=") && (args[i-1].IsPunct("(") || args[i-1].IsPunct(","))
}

// literal puts a token into single quotes, if its text stands where it was read.
func (e *editor) literal(t Token) {
	if t.Pos.File != e.path || t.Pos.Line < 1 || t.Pos.Line > len(e.lines) {
		return
	}
	line := e.lines[t.Pos.Line-1]
	at := octets(line, t.Pos.Column)
	old := `"` + strings.ReplaceAll(t.Text, `"`, `""`) + `"`
	if at < 0 || !strings.HasPrefix(line[at:], old) {
		return // made by a macro, or over several lines
	}
	e.add(t.Pos.Line, edit{at, at + len(old), "'" + strings.ReplaceAll(t.Text, "'", "''") + "'"})
}

func (e *editor) add(line int, ed edit) {
	if e.edits == nil {
		e.edits = map[int][]edit{}
	}
	e.edits[line] = append(e.edits[line], ed)
}

// word gives the word at a place.
func (e *editor) word(line, column int) (word string, at int, ok bool) {
	if line < 1 || line > len(e.lines) {
		return "", 0, false
	}
	text := e.lines[line-1]
	if at = octets(text, column); at < 0 {
		return "", 0, false
	}
	word = text[at:]
	if end := strings.IndexAny(word, " \t\r,(;="); end >= 0 {
		word = word[:end]
	}
	return word, at, word != ""
}

// octets turns a column, counted in characters from 1, into an offset; -1 beyond the end.
func octets(line string, column int) int {
	n := 1
	for i := range line {
		if n == column {
			return i
		}
		n++
	}
	return -1
}

func (e *editor) finish(text string) (string, []Change, error) {
	var changes []Change
	var before, after masker
	for i, line := range e.lines {
		old := line
		edits := e.edits[i+1]
		slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
		for _, ed := range edits {
			line = line[:ed.from] + ed.text + line[ed.to:]
		}
		e.lines[i] = line
		from, to := before.line(old), after.line(line)
		if old != line {
			changes = append(changes, Change{Line: i + 1, From: from, To: to})
		}
	}
	if len(changes) == 0 {
		return text, nil, nil
	}
	return strings.Join(e.lines, "\n"), changes, nil
}
