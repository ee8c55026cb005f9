package param

import (
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
)

// ColMap is COLMAP.
type ColMap struct {
	UseDefaults bool
	Assignments []Assignment
}

// Assignment is target = expression. Expressions stay tokens.
type Assignment struct {
	Target string
	Quoted bool // the target stands in double quotes
	Expr   []Token
	Pos    ggserr.Location
}

// Filter is one FILTER.
type Filter struct {
	On         []string // INSERT, UPDATE, DELETE; empty: all
	Ignore     []string
	RaiseError int64
	Raises     bool
	Expr       []Token
	Pos        ggserr.Location
}

// TokenDef is one of TOKENS.
type TokenDef struct {
	Name string
	Expr []Token
	Pos  ggserr.Location
}

// ColumnRule is one ON clause of GETBEFORECOLS or COMPARECOLS.
type ColumnRule struct {
	On      string // UPDATE or DELETE
	What    string // ALL, KEY, KEYINCLUDING, KEYANDMOD, ALLEXCLUDING
	Columns []string
}

// Conflict is one RESOLVECONFLICT.
type Conflict struct {
	Type  string // INSERTROWEXISTS, ...
	Rules []ConflictRule
	Pos   ggserr.Location
}

// ConflictRule is one column group of a RESOLVECONFLICT.
type ConflictRule struct {
	Name   string // DEFAULT, or the group's name
	Method string // OVERWRITE, IGNORE, DISCARD, USEMIN, ...
	Column string // that USEMIN and the like compare
	Cols   []string
}

// RepError is one REPERROR rule.
type RepError struct {
	Default, Default2 bool
	Procedure         bool
	Reset             bool
	Low, High         int64  // error numbers, both included
	Response          string // ABEND, DISCARD, ...
	MaxRetries        int    // -1 when not given
	Delay             time.Duration
	Pos               ggserr.Location
}

// list reads an option that has its own list.
func (r *tableReader) list(word string) {
	at := r.at()
	if word == "EVENTACTIONS" && (r.i >= len(r.args) || !r.args[r.i].IsPunct("(")) {
		r.lacks("a list in parentheses")
		return
	}
	before := len(r.errs)
	inner := r.parens()
	if len(r.errs) > before {
		return
	}
	if len(inner) == 0 {
		r.fail(at, "the list of %s is empty", word)
		return
	}
	switch word {
	case "COLMAP":
		r.t.ColMap = r.colMap(inner, at)
	case "FILTER":
		r.t.Filters = append(r.t.Filters, r.filter(inner, at))
	case "WHERE":
		r.t.Where = append(r.t.Where, inner)
	case "TOKENS":
		r.t.Tokens = append(r.t.Tokens, r.tokenDefs(inner, at)...)
	case "SQLEXEC":
		r.t.SQLExec = append(r.t.SQLExec, r.sqlExec(inner, at))
	case "EVENTACTIONS":
		r.t.EventActions = inner
		_, err := r.t.ReadEventActions()
		r.errs = append(r.errs, Errors(err)...)
	case "GETBEFORECOLS":
		r.t.GetBeforeCols = r.columnRules(word, inner)
	case "COMPARECOLS":
		r.t.CompareCols = r.columnRules(word, inner)
	case "RESOLVECONFLICT":
		r.t.ResolveConflict = append(r.t.ResolveConflict, r.conflict(inner, at))
	case "REPERROR":
		c := &cursor{name: "REPERROR", args: inner, end: r.at()}
		r.t.RepErrors = append(r.t.RepErrors, c.repError(at))
		r.errs = append(r.errs, c.errs...)
	case "MAPEXCEPTION":
		r.exception(inner)
	case "THREAD":
		r.t.Thread = inner
	case "THREADRANGE":
		r.t.ThreadRange = inner
	}
}

// assignment reads "target = expression".
func (r *tableReader) assignment(item []Token, at ggserr.Location) (Assignment, bool) {
	if len(item) == 0 {
		r.fail(at, "between two commas of this list stands nothing")
		return Assignment{}, false
	}
	a := Assignment{Pos: item[0].Pos, Quoted: item[0].Kind == DoubleQuoted}
	eq := -1
	for i, t := range item {
		if t.IsPunct("=") {
			eq = i
			break
		}
	}
	if eq <= 0 {
		r.fail(item[0].Pos, "%s: a name, = and a value are expected here", show(item[0]))
		return a, false
	}
	for _, t := range item[:eq] {
		if a.Target != "" && !t.Glued {
			r.fail(t.Pos, "%s is not expected here, but =", show(t))
			return a, false
		}
		a.Target += t.Text
	}
	a.Expr = item[eq+1:]
	if len(a.Expr) == 0 {
		r.fail(item[eq].Pos, "behind this = a value is missing")
		return a, false
	}
	depth := 0
	for _, t := range a.Expr {
		switch {
		case t.IsPunct("("):
			depth++
		case t.IsPunct(")"):
			depth--
		case t.IsPunct("=") && depth == 0:
			r.fail(t.Pos, "a second = in one assignment; is a comma missing before it?")
			return a, false
		}
	}
	return a, true
}

func (r *tableReader) colMap(inner []Token, at ggserr.Location) *ColMap {
	m := &ColMap{}
	for i, item := range splitList(inner) {
		if len(item) > 0 && item[0].Is("USEDEFAULTS") && (len(item) == 1 || !item[1].IsPunct("=")) {
			if i > 0 && m.UseDefaults {
				r.fail(item[0].Pos, "USEDEFAULTS stands twice")
			}
			m.UseDefaults = true
			if item = item[1:]; len(item) == 0 {
				continue
			}
		}
		if a, ok := r.assignment(item, at); ok {
			m.Assignments = append(m.Assignments, a)
		}
		at = lastPlace(item, at)
	}
	return m
}

// lastPlace is where an item of a list ends, or at when it is empty.
func lastPlace(item []Token, at ggserr.Location) ggserr.Location {
	if len(item) == 0 {
		return at
	}
	return item[len(item)-1].Pos
}

func (r *tableReader) tokenDefs(inner []Token, at ggserr.Location) []TokenDef {
	var out []TokenDef
	for _, item := range splitList(inner) {
		if a, ok := r.assignment(item, at); ok {
			out = append(out, TokenDef{Name: a.Target, Expr: a.Expr, Pos: a.Pos})
		}
		at = lastPlace(item, at)
	}
	return out
}

// operations are what ON and IGNORE take.
var operations = map[string]bool{"INSERT": true, "UPDATE": true, "DELETE": true,
	"INSERTS": true, "UPDATES": true, "DELETES": true}

func (r *tableReader) filter(inner []Token, at ggserr.Location) Filter {
	f := Filter{Pos: at}
	for _, item := range splitList(inner) {
		for len(item) >= 2 && (item[0].Is("ON") || item[0].Is("IGNORE")) &&
			operations[strings.ToUpper(item[1].Text)] {
			op := strings.TrimSuffix(strings.ToUpper(item[1].Text), "S")
			if item[0].Is("ON") {
				f.On = append(f.On, op)
			} else {
				f.Ignore = append(f.Ignore, op)
			}
			if item = item[2:]; len(item) == 0 {
				break
			}
		}
		switch {
		case len(item) == 0:
		case item[0].Is("RAISEERROR"):
			c := &cursor{name: r.name, args: item, i: 1, end: item[0].Pos}
			f.RaiseError, f.Raises = c.number(-1<<31, 1<<31-1), true
			r.errs = append(r.errs, c.errs...)
		case f.Expr == nil:
			f.Expr = item
		default:
			r.fail(item[0].Pos, "%s: a FILTER has one condition", show(item[0]))
			return f
		}
	}
	if f.Expr == nil {
		r.fail(at, "this FILTER has no condition")
	}
	return f
}

// columnRules reads ON op what [(cols)], repeated, of GETBEFORECOLS or COMPARECOLS.
func (r *tableReader) columnRules(option string, inner []Token) []ColumnRule {
	c := &cursor{name: option, args: inner, end: r.at()}
	var out []ColumnRule
	for c.more() && len(c.errs) == 0 {
		var rule ColumnRule
		if !c.word("ON") {
			c.unexpected("ON")
			break
		}
		switch {
		case c.word("UPDATE"):
			rule.On = "UPDATE"
		case c.word("DELETE"):
			rule.On = "DELETE"
		default:
			c.lacks("UPDATE or DELETE")
		}
		if slices.ContainsFunc(out, func(x ColumnRule) bool { return x.On == rule.On }) {
			c.fail(c.at(), "a second rule ON %s", rule.On)
		}
		at := c.at()
		for _, what := range []string{"ALL", "KEY", "KEYANDMOD", "KEYINCLUDING", "ALLEXCLUDING"} {
			if c.word(what) {
				rule.What = what
				break
			}
		}
		switch rule.What {
		case "":
			c.lacks("ALL, KEY, KEYINCLUDING, KEYANDMOD or ALLEXCLUDING")
		case "KEYANDMOD":
			if rule.On == "DELETE" || option == "COMPARECOLS" {
				c.fail(at, "this goes with ON UPDATE of GETBEFORECOLS only")
			}
		case "KEYINCLUDING", "ALLEXCLUDING":
			rule.Columns = c.columnList()
		}
		out = append(out, rule)
	}
	r.errs = append(r.errs, c.errs...)
	return out
}

// exception reads MAPEXCEPTION (TARGET t, options).
func (r *tableReader) exception(inner []Token) {
	inside := &tableReader{cursor: &cursor{name: "MAPEXCEPTION", args: inner, end: r.at()},
		prog: r.prog, only: r.only,
		t: &TableStatement{Keyword: "MAP", Source: r.t.Source, Pos: r.t.Pos}}
	for inside.more() && len(inside.errs) < 20 {
		inside.option()
	}
	if inside.t.Target.IsZero() && len(inside.errs) == 0 {
		inside.fail(inside.end, "TARGET and a name are missing here")
	}
	r.errs = append(r.errs, inside.errs...)
	r.warnings = append(r.warnings, inside.warnings...)
	r.t.MapException = inside.t
}
