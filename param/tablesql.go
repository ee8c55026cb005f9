package param

import (
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
)

// SQLExec is one SQLEXEC of a TABLE or MAP.
type SQLExec struct {
	ID            string
	Procedure     Name
	Query         string
	Params        []SQLParam
	NoParams      bool
	On            []string // operations; empty: all
	Exec          string   // MAP, ONCE, TRANSACTION, SOURCEROW; empty: MAP
	BeforeFilter  bool
	AllRequired   bool   // ALLPARAMS REQUIRED
	Error         string // IGNORE, REPORT, RAISE, FINAL, FATAL; empty: IGNORE
	MaxVarcharLen int
	LogStatements bool // DBOP
	Trace         string
	Pos           ggserr.Location
}

// SQLParam is one parameter of a SQLEXEC.
type SQLParam struct {
	Name     string
	Required bool
	Expr     []Token
}

// sqlExecWords are the options of SQLEXEC, for hints.
var sqlExecWords = []string{"ID", "SPNAME", "QUERY", "PARAMS", "NOPARAMS", "EXEC", "ON",
	"BEFOREFILTER", "AFTERFILTER", "ALLPARAMS", "ERROR", "MAXVARCHARLEN", "PARAMBUFSIZE",
	"DBOP", "TRACE"}

func (r *tableReader) sqlExec(inner []Token, at ggserr.Location) SQLExec {
	s := SQLExec{Pos: at, MaxVarcharLen: 255}
	c := &cursor{name: "SQLEXEC", args: inner, end: r.at()}
	for c.more() && len(c.errs) == 0 {
		r.sqlOption(c, &s)
	}
	switch {
	case len(c.errs) > 0:
	case s.Procedure.IsZero() && s.Query == "":
		c.fail(at, "SPNAME or QUERY is missing in this list")
	case !s.Procedure.IsZero() && s.Query != "":
		c.fail(at, "this list has both SPNAME and QUERY")
	case s.Query != "" && s.ID == "":
		c.fail(at, "a QUERY needs an ID")
	case s.ID == "":
		s.ID = s.Procedure.Table().Text
	}
	r.errs = append(r.errs, c.errs...)
	return s
}

func (r *tableReader) sqlOption(c *cursor, s *SQLExec) {
	switch {
	case c.word("ID"):
		s.ID = c.value("a name")
	case c.word("SPNAME"):
		s.Procedure = c.name3()
	case c.word("QUERY"):
		s.Query = c.texts()
	case c.word("NOPARAMS"):
		s.NoParams = true
	case c.word("PARAMS"):
		s.Params = append(s.Params, r.sqlParams(c)...)
	case c.word("ON"):
		op := c.upper("an operation")
		if !operations[op] {
			c.fail(c.at(), "INSERT, UPDATE or DELETE is expected behind ON")
		}
		s.On = append(s.On, strings.TrimSuffix(op, "S"))
	case c.word("EXEC"):
		s.Exec = c.oneOf("MAP", "ONCE", "TRANSACTION", "SOURCEROW")
	case c.word("BEFOREFILTER"):
		s.BeforeFilter = true
	case c.word("AFTERFILTER"):
		s.BeforeFilter = false
	case c.word("ALLPARAMS"):
		s.AllRequired = c.oneOf("OPTIONAL", "REQUIRED") == "REQUIRED"
	case c.word("ERROR"):
		s.Error = c.oneOf("IGNORE", "REPORT", "RAISE", "FINAL", "FATAL")
	case c.word("MAXVARCHARLEN"):
		s.MaxVarcharLen = c.count(1)
	case c.word("PARAMBUFSIZE"):
		e := ggserr.New(ggserr.ParameterIgnored, "SQLEXEC PARAMBUFSIZE", "parameters take the room they need")
		r.warnings = append(r.warnings, e.At(s.Pos.File, s.Pos.Line, s.Pos.Column))
		c.count(1)
	case c.word("DBOP"):
		s.LogStatements = true
	case c.word("TRACE"):
		if s.Trace = "ALL"; !c.word("ALL") && c.word("ERROR") {
			s.Trace = "ERROR"
		}
	default:
		c.unexpected(sqlExecWords...)
	}
}

// oneOf takes one of the given keywords.
func (c *cursor) oneOf(words ...string) string {
	for _, w := range words {
		if c.word(w) {
			return w
		}
	}
	c.lacks(strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1])
	return ""
}

// texts takes quoted texts that stand one behind the other as one text.
func (c *cursor) texts() string {
	if c.i >= len(c.args) || c.args[c.i].Kind != Quoted && c.args[c.i].Kind != DoubleQuoted {
		c.lacks("a quoted text")
		return ""
	}
	var b strings.Builder
	for c.i < len(c.args) && (c.args[c.i].Kind == Quoted || c.args[c.i].Kind == DoubleQuoted) {
		b.WriteString(c.args[c.i].Text)
		c.i++
	}
	return b.String()
}

func (r *tableReader) sqlParams(c *cursor) []SQLParam {
	at := c.at()
	var out []SQLParam
	inner := c.parens()
	for _, item := range splitList(inner) {
		var p SQLParam
		if len(item) > 1 && !item[1].IsPunct("=") && (item[0].Is("REQUIRED") || item[0].Is("OPTIONAL")) {
			p.Required = item[0].Is("REQUIRED")
			item = item[1:]
		}
		a, ok := r.assignment(item, at)
		if !ok {
			return out
		}
		p.Name, p.Expr = a.Target, a.Expr
		out = append(out, p)
	}
	if len(inner) == 0 && len(c.errs) == 0 {
		c.fail(at, "the list of PARAMS is empty")
	}
	return out
}

// conflictTypes and conflictMethods are what RESOLVECONFLICT knows.
var (
	conflictTypes = []string{"INSERTROWEXISTS", "UPDATEROWEXISTS", "UPDATEROWMISSING",
		"DELETEROWEXISTS", "DELETEROWMISSING"}
	conflictMethods = []string{"OVERWRITE", "IGNORE", "DISCARD", "USEMIN", "USEMAX",
		"USEMINEQ", "USEMAXEQ", "USEDELTA"}
)

// conflict reads (type, (name, method [(col)] [, COLS (..)]) ...).
func (r *tableReader) conflict(inner []Token, at ggserr.Location) Conflict {
	c := &cursor{name: "RESOLVECONFLICT", args: inner, end: r.at()}
	k := Conflict{Pos: at, Type: c.oneOf(conflictTypes...)}
	for c.more() && len(c.errs) == 0 {
		from := c.at()
		g := &cursor{name: "RESOLVECONFLICT", args: c.parens(), end: c.at()}
		if len(c.errs) > 0 {
			break
		}
		var rule ConflictRule
		rule.Name = g.value("a name or DEFAULT")
		rule.Method = g.oneOf(conflictMethods...)
		if strings.HasPrefix(rule.Method, "USEM") {
			if cols := g.columnList(); len(cols) == 1 {
				rule.Column = cols[0]
			}
		}
		for g.more() && len(g.errs) == 0 {
			if !g.word("COLS") {
				g.unexpected("COLS")
				break
			}
			rule.Cols = g.columnList()
		}
		if len(g.errs) == 0 && !strings.EqualFold(rule.Name, "DEFAULT") && len(rule.Cols) == 0 {
			g.fail(from, "the group %s needs COLS", shorten(rule.Name))
		}
		c.errs = append(c.errs, g.errs...)
		k.Rules = append(k.Rules, rule)
	}
	if len(k.Rules) == 0 && len(c.errs) == 0 {
		c.fail(at, "a method such as (DEFAULT, OVERWRITE) is missing")
	}
	r.errs = append(r.errs, c.errs...)
	return k
}

// repResponses are what REPERROR can order.
var repResponses = []string{"ABEND", "DISCARD", "EXCEPTION", "IGNORE", "RETRYOP",
	"TRANSABORT", "TRANSDISCARD", "TRANSEXCEPTION", "WARN"}

// repError reads what stands in REPERROR (...).
func (c *cursor) repError(at ggserr.Location) RepError {
	e := RepError{Pos: at, MaxRetries: -1}
	switch {
	case c.word("RESET"):
		e.Reset = true
		return e
	case c.word("PROCEDURE"):
		e.Procedure = true
		if c.more() && !slices.Contains(repResponses, strings.ToUpper(c.args[c.i].Text)) {
			e.selector(c)
		}
	default:
		e.selector(c)
	}
	if len(c.errs) > 0 {
		return e
	}
	e.Response = c.oneOf(repResponses...)
	for c.more() && len(c.errs) == 0 {
		switch {
		case c.word("MAXRETRIES"):
			e.MaxRetries = c.count(0)
		case c.word("DELAYSECS"):
			e.Delay = c.in(time.Second)
		case c.word("DELAYCSECS"):
			e.Delay = c.in(10 * time.Millisecond)
		default:
			c.unexpected("MAXRETRIES", "DELAYSECS", "DELAYCSECS")
		}
	}
	return e
}

// selector reads DEFAULT, DEFAULT2, an error number or a range of them.
func (e *RepError) selector(c *cursor) {
	switch {
	case c.word("DEFAULT"):
		e.Default = true
	case c.word("DEFAULT2"):
		e.Default2 = true
	default:
		at := c.at()
		var ok bool
		if e.Low, e.High, ok = parseErrorRange(c.value("an error number")); !ok {
			c.fail(at, "DEFAULT, DEFAULT2 or an error number is expected here")
		}
	}
}
