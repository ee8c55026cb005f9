package mapping

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// Compile makes the plan of a Replicat's MAP statements. Errors name file, line
// and column.
func Compile(f *param.File) (*Plan, error) { return compile(f, false) }

// CompileExtract makes the plan of an Extract's TABLE statements, a data
// pump's too: which operations go to the trail, and what of their images.
func CompileExtract(f *param.File) (*Plan, error) { return compile(f, true) }

// SpareNamed obeys EXCLUDEWILDCARDOBJECTSONLY of GLOBALS: exclusions do not
// touch tables that a statement names without wildcards.
func (p *Plan) SpareNamed() { p.byWildcardOnly = true }

// CheckExpressions gives the faults of a file's expressions that can be seen without
// the tables they are for: unknown functions, wrong arguments, marks out of place.
func CheckExpressions(f *param.File) []*ggserr.Error {
	statements, err := param.ReadTables(f)
	if err != nil {
		return nil // Check of package param has told
	}
	var faults []*ggserr.Error
	parser := expr.NewParser(f.AnsiQuotes)
	for i := range statements {
		e := &entry{statement: &statements[i], at: statements[i].Pos}
		for _, err := range []error{e.compileColMap(parser),
			e.compileSelection(parser, f.Program.Has(param.Extract)),
			e.compileEvents(parser, f.Program.Has(param.Extract))} {
			faults = append(faults, ggserr.All(err)...)
		}
	}
	return faults
}

// SetEnvironment tells what @GETENV and the functions of time ask of the process.
// It comes before Resolve.
func (p *Plan) SetEnvironment(env *expr.Environment) { p.env = env }

// SetExceptionEnvironment tells what the mappings of exceptions ask instead: they
// are applied in another goroutine, and know the error.
func (p *Plan) SetExceptionEnvironment(env *expr.Environment) { p.exceptionEnv = env }

// Statements gives the compiled TABLE or MAP statements in their order.
func (p *Plan) Statements() []*param.TableStatement {
	out := make([]*param.TableStatement, len(p.entries))
	for i, e := range p.entries {
		out[i] = e.statement
	}
	return out
}

func compile(f *param.File, extract bool) (*Plan, error) {
	statements, err := param.ReadTables(f)
	if err != nil {
		return nil, err
	}
	p := &Plan{extract: extract}
	parser := expr.NewParser(f.AnsiQuotes)
	for i := range statements {
		e, err := newEntry(&statements[i], f, parser, extract)
		if err != nil {
			return nil, err
		}
		if err := e.compileException(f, parser); err != nil {
			return nil, err
		}
		p.entries = append(p.entries, e)
	}
	if len(p.entries) == 0 {
		return nil, ggserr.New(ggserr.NoTableStatement, f.Path)
	}
	if err := p.addExclusions(f); err != nil {
		return nil, err
	}
	return p, p.refuseDuplicates()
}

func (p *Plan) addExclusions(f *param.File) error {
	x, err := param.ReadExcludes(f)
	if err != nil {
		return err
	}
	all := newPattern("*", false)
	for _, n := range x.Tables {
		p.excludes = append(p.excludes, exclusion{name: newName(n)})
	}
	for _, n := range x.Schemas {
		p.excludes = append(p.excludes, exclusion{name: objectName{name: all,
			schema: newPart(n.Table()), catalog: newPart(n.Schema())}})
	}
	for _, n := range x.Catalogs {
		p.excludes = append(p.excludes, exclusion{name: objectName{name: all, schema: all,
			catalog: newPart(n.Table())}})
	}
	return nil
}

func newPart(p param.NamePart) pattern { return newPattern(p.Text, p.Quoted) }

func newName(n param.Name) objectName {
	return objectName{catalog: newPart(n.Catalog()), schema: newPart(n.Schema()),
		name: newPart(n.Table())}
}

// refuseDuplicates finds a pair of names that stands twice without wildcards, and
// both times for the same type of operation.
func (p *Plan) refuseDuplicates() error {
	seen := map[string][]*entry{}
	for _, e := range p.entries {
		if e.source.wild() || e.target.wild() || e.allowDup || e.forExceptions ||
			p.onlyCauses(e) {
			continue
		}
		to := e.target
		if to.name.text == "" {
			to = e.source
		}
		key := strings.ToLower(e.source.String() + " " + to.String())
		for _, first := range seen[key] {
			if sharesOutput(first, e) && sharesOperation(first, e) {
				return e.refuse("the same source and target stand in line %d already; one of the "+
					"two must go, or ALLOWDUPTARGETMAP must be said", first.at.Line)
			}
		}
		seen[key] = append(seen[key], e)
	}
	return nil
}

// sharesOperation reports whether both statements take some type of operation.
func sharesOperation(a, b *entry) bool {
	for kind := range a.actions {
		if a.actions[kind].take && b.actions[kind].take {
			return true
		}
	}
	return false
}

func sharesOutput(a, b *entry) bool {
	outs := a.statement.Switches.Outputs
	if len(outs) == 0 {
		return true
	}
	return slices.ContainsFunc(b.statement.Switches.Outputs, func(o int) bool {
		return slices.Contains(outs, o)
	})
}

// newEntry compiles one statement.
func newEntry(st *param.TableStatement, f *param.File, parser *expr.Parser, extract bool,
) (*entry, error) {
	e := &entry{statement: st, at: st.Pos, source: newName(st.Source), target: newName(st.Target),
		useDefaults: true, colMatch: st.Switches.ColMatch}
	if st.Switches.Catalog != "" && e.source.catalog.text == "" {
		e.source.catalog = newPattern(st.Switches.Catalog, false)
	}
	e.allowDup = st.Switches.AllowDupTargetMap
	if st.AllowDupTargetMap != nil {
		e.allowDup = *st.AllowDupTargetMap
	}
	if err := e.refuseUnknown(f, extract); err != nil {
		return nil, err
	}
	if err := e.checkStars(); err != nil {
		return nil, err
	}
	e.keyCols, e.cols, e.colsExcept = columns(st.KeyCols), columns(st.Cols), columns(st.ColsExcept)
	if err := e.compileColMap(parser); err != nil {
		return nil, err
	}
	if err := e.compileSelection(parser, extract); err != nil {
		return nil, err
	}
	if err := e.compileEvents(parser, extract); err != nil {
		return nil, err
	}
	if err := e.compileQueries(parser, extract); err != nil {
		return nil, err
	}
	if err := e.compilePolish(f, extract); err != nil {
		return nil, err
	}
	e.compileActions()
	if !extract {
		return e, nil
	}
	e.compileImages(f)
	return e, nil
}

func columns(names []string) []column {
	var out []column
	for _, n := range names {
		out = append(out, column{name: n})
	}
	return out
}

// later refuses what would change data and is not there yet.
func (e *entry) later(format string, args ...any) *ggserr.Error {
	return e.refuse("%s comes with a later release; without it the data would be others",
		fmt.Sprintf(format, args...))
}

// refuseUnknown refuses the parts of a statement that this release lacks.
func (e *entry) refuseUnknown(f *param.File, extract bool) error {
	st, sw := e.statement, e.statement.Switches
	_, initial := f.First("SOURCEISTABLE")
	for _, part := range []struct {
		there bool
		name  string
	}{
		{extract && initial && len(st.EventActions) > 0, "EVENTACTIONS in an initial load"},
		{st.SQLPredicate != "" && !initial, "SQLPREDICATE"},
		{!extract && st.Keyword == "TABLE" && len(st.EventActions) == 0,
			"TABLE without EVENTACTIONS in a Replicat"},
	} {
		if part.there {
			return e.later("%s", part.name)
		}
	}
	if extract && sw.GetUpdates && sw.GetUpdateBefores && !sw.GetUpdateAfters {
		return e.refuse("IGNOREUPDATEAFTERS with GETUPDATEBEFORES would leave updates without what they " +
			"change to, and a trail has no such updates; write IGNOREUPDATEAFTERS in the Replicat")
	}
	return nil
}

// checkStars compares the wildcards of both names.
func (e *entry) checkStars() error {
	if e.target.name.text == "" {
		return nil
	}
	for _, pair := range []struct {
		what     string
		from, to pattern
	}{{"container", e.source.catalog, e.target.catalog}, {"schema", e.source.schema, e.target.schema},
		{"table", e.source.name, e.target.name}} {
		if pair.to.stars > 0 && pair.from.stars > 0 && pair.to.stars != pair.from.stars ||
			pair.to.stars > 1 && pair.from.stars == 0 {
			return e.refuse("the %s's name has %d wildcards in TARGET and %d in the source, so it is "+
				"not clear what each stands for", pair.what, pair.to.stars, pair.from.stars)
		}
	}
	return nil
}

// compileActions works out what becomes of each type of operation.
func (e *entry) compileActions() {
	e.actions = plainActions()
	a, sw := &e.actions, e.statement.Switches
	all := sw.InsertAllRecords
	if e.statement.InsertAllRecords != nil {
		all = *e.statement.InsertAllRecords
	}
	if all || sw.InsertUpdates {
		a[record.Update] = action{take: true, as: record.Insert, after: merged}
		a[record.PKUpdate] = a[record.Update]
	}
	switch {
	case all || sw.InsertDeletes:
		a[record.Delete] = action{take: true, as: record.Insert, after: theBefore}
	case sw.UpdateDeletes:
		a[record.Delete] = action{take: true, as: record.Update, before: theBefore, after: theBefore}
	}
	if sw.UpdateInserts && !all {
		a[record.Insert] = action{take: true, as: record.Update, after: theAfter}
	}
	updates := sw.GetUpdates
	if !sw.GetUpdateAfters {
		// What is left of an update is its before image, which only a history can take.
		if updates = updates && all && sw.GetUpdateBefores; updates {
			a[record.Update] = action{take: true, as: record.Insert, after: theBefore}
			a[record.PKUpdate] = a[record.Update]
		}
	}
	for kind, take := range map[record.OpType]bool{record.Insert: sw.GetInserts,
		record.Update: updates, record.PKUpdate: updates,
		record.Delete: sw.GetDeletes, record.Truncate: sw.GetTruncates} {
		if !take {
			a[kind].take = false
		}
	}
}

// compileColMap reads COLMAP's assignments.
func (e *entry) compileColMap(parser *expr.Parser) error {
	m := e.statement.ColMap
	if m == nil {
		return nil
	}
	e.useDefaults = m.UseDefaults
	for _, a := range m.Assignments {
		out := assignment{target: column{name: a.Target, exact: a.Quoted}, at: a.Pos}
		node, err := parser.Parse(a.Expr, expr.ForValue)
		if err != nil {
			return err
		}
		if literal, ok := node.Literal(); ok {
			out.literal = literal
		} else if name, exact, ok := node.Column(); ok {
			out.from = column{name: name, exact: exact}
		} else {
			out.node = node
		}
		for _, other := range e.assignments {
			if strings.EqualFold(other.target.name, a.Target) {
				return e.refuse("COLMAP sets column %s twice", a.Target)
			}
		}
		e.assignments = append(e.assignments, out)
	}
	return nil
}

// sourceOf finds the source column for a target column by name: as it is, then
// by the rules of COLMATCH; -1 when there is none.
func (e *entry) sourceOf(target string, def *record.TableDef) int {
	for _, m := range e.colMatch {
		if m.Target != "" && strings.EqualFold(m.Target, target) {
			if at := (column{name: m.Source}).find(def); at >= 0 {
				return at
			}
		}
	}
	if at := (column{name: target}).find(def); at >= 0 {
		return at
	}
	for _, m := range e.colMatch {
		if m.Target != "" {
			continue
		}
		for i := range def.Columns {
			if strings.EqualFold(stripped(m, def.Columns[i].Name), stripped(m, target)) {
				return i
			}
		}
	}
	return -1
}

// stripped is a column's name without the prefix or suffix of a rule.
func stripped(m param.ColMatch, name string) string {
	if n := len(m.Prefix); n > 0 && len(name) > n && strings.EqualFold(name[:n], m.Prefix) {
		name = name[n:]
	}
	n := len(name) - len(m.Suffix)
	if m.Suffix != "" && n > 0 && strings.EqualFold(name[n:], m.Suffix) {
		name = name[:n]
	}
	return name
}

// CheckPattern says what is wrong with a table name, with or without
// wildcards, that an operator gave.
func CheckPattern(text string) error {
	_, err := param.ParseName(text)
	return err
}

// Matches reports whether a table fits a name that CheckPattern accepts.
func Matches(text string, def *record.TableDef) bool {
	n, err := param.ParseName(text)
	if err != nil {
		return false
	}
	_, ok := newName(n).match(def)
	return ok
}

// NumberFrom has the plan number its tables behind id, for a process that has two plans.
func (p *Plan) NumberFrom(id uint32) { p.lastID = id }
