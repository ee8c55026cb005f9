package param

import (
	"fmt"
	"strings"

	"ggsh/ggserr"
)

// TableStatement is one TABLE or MAP.
type TableStatement struct {
	Keyword string // TABLE, MAP or SEQUENCE
	Source  Name
	Target  Name // zero in a TABLE without TARGET
	Raw     string
	Pos     ggserr.Location

	Cols, ColsExcept, KeyCols        []string
	FetchCols, FetchColsExcept       []string
	FetchModCols, FetchModColsExcept []string
	FetchBeforeFilter                bool

	ColMap          *ColMap
	Filters         []Filter
	Where           [][]Token // conditions: all must be true
	Tokens          []TokenDef
	SQLExec         []SQLExec
	SQLPredicate    string
	EventActions    []Token
	GetBeforeCols   []ColumnRule
	CompareCols     []ColumnRule
	ResolveConflict []Conflict
	RepErrors       []RepError
	ExceptionsOnly  bool
	MapException    *TableStatement // its Target, ColMap and the like

	HandleCollisions  *bool // nil: as Switches say
	InsertAllRecords  *bool
	TrimSpaces        *bool
	TrimVarSpaces     *bool
	MapAllColumns     *bool
	AllowDupTargetMap *bool

	Def, TargetDef string
	ExitParam      string
	Thread         []Token // THREAD (n)
	ThreadRange    []Token // THREADRANGE (a-b, cols)
	Coordinated    bool
	Others         []Token // options that are carried and not acted on, the keywords only

	Switches Switches // what was in force where the statement stands
}

// tableReader reads the options of one TABLE or MAP.
type tableReader struct {
	*cursor
	t        *TableStatement
	prog     Program
	only     bool // CheckOnly
	warnings []*ggserr.Error
}

// ReadTables reads the TABLE and MAP statements in the order of the file,
// each with the switches in force there.
func ReadTables(f *File) ([]TableStatement, error) {
	out, _, err := readTables(f)
	return out, err
}

func readTables(f *File) ([]TableStatement, []*ggserr.Error, error) {
	var out []TableStatement
	var errs errorList
	var warnings []*ggserr.Error
	state := defaultSwitches()
	for i := range f.Statements {
		st := &f.Statements[i]
		if st.faulty {
			continue
		}
		if st.Name == "SEQUENCE" {
			t, found := readSequence(st)
			t.Switches = state.snapshot()
			errs = append(errs, found...)
			out = append(out, t)
			continue
		}
		if st.Name != "TABLE" && st.Name != "MAP" || f.Program == Defgen && st.Name == "MAP" {
			c := st.cursor()
			c.more()
			state.apply(st.Name, c, f)
			errs = append(errs, c.errs...)
			continue
		}
		r := &tableReader{cursor: st.cursor(), prog: f.Program, only: f.CheckOnly,
			t: &TableStatement{Keyword: st.Name, Raw: st.Raw, Pos: st.Pos}}
		r.statement()
		state.settled = true
		r.t.Switches = state.snapshot()
		errs = append(errs, r.errs...)
		warnings = append(warnings, r.warnings...)
		out = append(out, *r.t)
	}
	return out, warnings, errs.orNil()
}

// readSequence reads a SEQUENCE statement: two names.
func readSequence(st *Statement) (TableStatement, []*ggserr.Error) {
	t := TableStatement{Keyword: st.Name, Raw: st.Raw, Pos: st.Pos}
	c := st.cursor()
	if !c.more() {
		c.lacks("the name of a sequence")
		return t, c.errs
	}
	t.Source = c.name3()
	for c.more() {
		if !c.word("TARGET") {
			c.unexpected("TARGET")
			break
		}
		t.Target = c.name3()
	}
	return t, c.errs
}

func (r *tableReader) statement() {
	if !r.more() {
		r.lacks("the name of a table")
		return
	}
	r.t.Source = r.name3()
	for r.more() {
		if len(r.errs) > 20 {
			return
		}
		r.option()
	}
	if r.t.Keyword == "MAP" && r.t.Target.IsZero() && len(r.errs) == 0 {
		r.fail(r.end, "TARGET and a name are missing here")
	}
	for _, p := range r.t.Target.Parts {
		if !p.Quoted && strings.Contains(strings.ReplaceAll(p.Text, `\?`, ""), "?") {
			r.fail(r.t.Target.Pos, "of wildcards a TARGET may have only *")
		}
	}
}

// option reads one option.
func (r *tableReader) option() {
	tok := r.args[r.i]
	word := strings.ToUpper(tok.Text)
	o, ok := tableOptions[word]
	switch {
	case tok.Kind != Word || !ok:
		r.unknown(tok)
		return
	case r.prog != 0 && !r.fits(o):
		home := "MAP"
		if o.programs == Extract {
			home = "TABLE"
		}
		r.fail(tok.Pos, "%s is an option of %s", word, home)
	}
	r.i++
	r.support(tok, word, o)
	switch o.form {
	case formAlone:
		r.flag(word)
	case formNamed:
		n := r.name3()
		switch word {
		case "TARGET":
			r.t.Target = n
		case "DEF":
			r.t.Def = n.String()
		default:
			r.t.TargetDef = n.String()
		}
	case formColumns:
		r.columns(word, r.columnList())
	case formValue:
		value := r.value("a text")
		if word == "SQLPREDICATE" {
			r.t.SQLPredicate = value
		} else {
			r.t.ExitParam = value
		}
	default:
		r.list(word)
	}
}

// fits reports whether the statement may have the option. A TABLE of Replicat
// may filter and cause events.
func (r *tableReader) fits(o tableOption) bool {
	return o.programs.Has(r.prog) || r.prog == Defgen && o.form == formNamed
}

func (r *tableReader) support(tok Token, word string, o tableOption) {
	switch {
	case o.support == Recognised:
		e := ggserr.New(ggserr.ParameterIgnored, r.name+" "+word, o.instead)
		r.warnings = append(r.warnings, e.At(tok.Pos.File, tok.Pos.Line, tok.Pos.Column))
		r.t.Others = append(r.t.Others, tok)
	case o.support == Refused:
		e := ggserr.New(ggserr.ParameterRefused, r.name+" "+word, o.instead)
		e.At(tok.Pos.File, tok.Pos.Line, tok.Pos.Column)
		if r.only {
			e.Severity = ggserr.Warning
			r.warnings = append(r.warnings, e)
			return
		}
		r.errs = append(r.errs, e)
	}
}

// unknown reports what is no option, and passes it with its list.
func (r *tableReader) unknown(tok Token) {
	number := ggserr.UnknownTableOption
	if r.t.Keyword == "MAP" {
		number = ggserr.UnknownMapOption
	}
	e := ggserr.New(number, show(tok)).At(tok.Pos.File, tok.Pos.Line, tok.Pos.Column)
	var names []string
	for name, o := range tableOptions {
		if r.fits(o) {
			names = append(names, name)
		}
	}
	if near := ggserr.Nearest(tok.Text, names); near != "" && tok.Kind == Word {
		e.Do("Did you mean %s?", near)
	}
	r.errs = append(r.errs, e)
	r.i++
	if r.i < len(r.args) && r.args[r.i].IsPunct("(") {
		r.parens()
		return
	}
	for r.i < len(r.args) && !r.args[r.i].IsPunct(",") {
		r.i++
	}
}

// flag reads an option that stands alone.
func (r *tableReader) flag(word string) {
	yes, no := true, false
	value := &yes
	stem := word
	if rest, ok := strings.CutPrefix(word, "NO"); ok {
		value, stem = &no, rest
	}
	switch stem {
	case "HANDLECOLLISIONS":
		r.t.HandleCollisions = value
	case "INSERTALLRECORDS":
		r.t.InsertAllRecords = value
	case "TRIMSPACES":
		r.t.TrimSpaces = value
	case "TRIMVARSPACES":
		r.t.TrimVarSpaces = value
	case "MAPALLCOLUMNS":
		r.t.MapAllColumns = value
	case "ALLOWDUPTARGETMAP":
		r.t.AllowDupTargetMap = value
	case "EXCEPTIONSONLY":
		r.t.ExceptionsOnly = true
	case "FETCHBEFOREFILTER":
		r.t.FetchBeforeFilter = true
	case "COORDINATED":
		r.t.Coordinated = true
	}
}

func (r *tableReader) columns(word string, cols []string) {
	switch word {
	case "COLS":
		r.t.Cols = append(r.t.Cols, cols...)
	case "COLSEXCEPT":
		r.t.ColsExcept = append(r.t.ColsExcept, cols...)
	case "KEYCOLS":
		r.t.KeyCols = append(r.t.KeyCols, cols...)
	case "FETCHCOLS":
		r.t.FetchCols = append(r.t.FetchCols, cols...)
	case "FETCHCOLSEXCEPT":
		r.t.FetchColsExcept = append(r.t.FetchColsExcept, cols...)
	case "FETCHMODCOLS":
		r.t.FetchModCols = append(r.t.FetchModCols, cols...)
	case "FETCHMODCOLSEXCEPT":
		r.t.FetchModColsExcept = append(r.t.FetchModColsExcept, cols...)
	}
}

// columnList reads (col, ...).
func (c *cursor) columnList() []string {
	at := c.at()
	inner := c.parens()
	if inner == nil {
		return nil
	}
	return c.columnNames(inner, at)
}

func (c *cursor) columnNames(inner []Token, at ggserr.Location) []string {
	var cols []string
	for _, item := range splitList(inner) {
		text, n := takeValue(item)
		switch {
		case len(item) == 0:
			c.fail(at, "a column's name is missing in this list")
			return cols
		case n != len(item):
			c.fail(item[n].Pos, "%s is not expected here; columns stand between commas", show(item[n]))
			return cols
		}
		cols = append(cols, text)
	}
	if len(cols) == 0 {
		c.fail(at, "this list of columns is empty")
	}
	return cols
}

// String writes the rule as REPERROR has it, for reports.
func (e RepError) String() string {
	switch {
	case e.Reset:
		return "RESET"
	case e.Default:
		return "DEFAULT, " + e.Response
	case e.Default2:
		return "DEFAULT2, " + e.Response
	case e.Procedure:
		return "PROCEDURE, " + e.Response
	case e.Low != e.High:
		return fmt.Sprintf("%d-%d, %s", e.Low, e.High, e.Response)
	}
	return fmt.Sprintf("%d, %s", e.Low, e.Response)
}
