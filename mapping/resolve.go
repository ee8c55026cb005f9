package mapping

import (
	"errors"
	"fmt"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// entry is one compiled TABLE or MAP statement.
type entry struct {
	statement   *param.TableStatement
	at          ggserr.Location
	source      objectName
	target      objectName // no name: the source's
	keyCols     []column
	cols        []column
	colsExcept  []column
	useDefaults bool
	colMatch    []param.ColMatch
	assignments []assignment
	conditions  []rawCondition
	queries     []rawQuery
	events      []param.EventAction
	commands    []rawCommand // of SHELL
	tokens      []rawToken
	polish      polishOrders
	actions     [record.DDL + 1]action
	images      imagePolicy
	allowDup    bool
	// exception is MAPEXCEPTION; forExceptions says that the statement is one, or
	// that it is EXCEPTIONSONLY.
	exception     *entry
	forExceptions bool
	matched       string // the table that a name without wildcards stands for
}

// assignment is one target = value of COLMAP.
type assignment struct {
	target  column
	from    column // when there is neither literal nor node
	literal []byte
	node    *expr.Node
	at      ggserr.Location
}

// exclusion is one ...EXCLUDE statement.
type exclusion struct{ name objectName }

func (x exclusion) matches(def *record.TableDef) bool {
	_, ok := x.name.match(def)
	return ok
}

// Wants reports whether some statement may take a table of that name: what a
// capture asks for each table it meets.
func (p *Plan) Wants(schema, table string) bool {
	return p.Takes(&record.TableDef{Schema: schema, Name: table, Database: anyDatabase})
}

// anyDatabase lets a name without schema stand for tables of any.
const anyDatabase = "sqlite"

// Takes reports whether some statement takes the table, without resolving it:
// a capture asks before it reads a definition's rows.
func (p *Plan) Takes(def *record.TableDef) bool { return p.takes(def, def.Sequence()) }

// WantsSequence reports whether some SEQUENCE statement of an Extract takes a sequence of
// that name.
func (p *Plan) WantsSequence(schema, name string) bool {
	return p.takes(&record.TableDef{Schema: schema, Name: name, Database: anyDatabase}, true)
}

// fits reports whether a statement is for tables, or for sequences. MAP is for both.
func (p *Plan) fits(e *entry, sequence bool) bool {
	return !p.extract || sequence == (e.statement.Keyword == "SEQUENCE")
}

func (p *Plan) takes(def *record.TableDef, sequence bool) bool {
	for _, e := range p.entries {
		_, ok := e.source.match(def)
		if ok && p.fits(e, sequence) && !p.excluded(def, e.source.wild()) {
			return true
		}
	}
	return false
}

// Resolve finds the statements that take a source table, once for each
// definition, and plans its operations. lookup gives the target's tables; nil
// makes the target's columns those of the source. No plan means that no
// statement takes the table.
func (p *Plan) Resolve(def *record.TableDef, lookup Lookup) ([]*TablePlan, error) {
	entries, err := p.entriesFor(def)
	if err != nil {
		return nil, err
	}
	var plans []*TablePlan
	seen := map[string]bool{}
	for _, e := range entries {
		got, _ := e.source.match(def)
		name := e.targetName(def, got)
		onlyEvents := !p.extract && e.statement.Keyword == "TABLE"
		if !p.onlyCauses(e) && e.repeats(name, seen) {
			continue
		}
		find := lookup
		if onlyEvents {
			find = nil
		}
		plan, err := p.resolveOne(e, def, name, find)
		if err != nil {
			return nil, err
		}
		if plan.Exceptions, err = p.exceptionsOf(e, def, got, lookup); err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// Targets gives the names of the targets that a source table goes to, without resolving
// it; none when no statement takes the table.
func (p *Plan) Targets(def *record.TableDef) ([]Name, error) {
	entries, err := p.entriesFor(def)
	var names []Name
	for _, e := range entries {
		got, _ := e.source.match(def)
		names = append(names, e.targetName(def, got))
	}
	return names, err
}

// StatementsOf gives the statements that take a source table, without resolving it.
func (p *Plan) StatementsOf(def *record.TableDef) []*param.TableStatement {
	entries, err := p.entriesFor(def)
	if err != nil {
		return nil // told where the names are resolved
	}
	var out []*param.TableStatement
	for _, e := range entries {
		out = append(out, e.statement)
	}
	return out
}

// repeats notes the pair of target and output. A wildcard that gives a pair for
// the second time gives nothing: the first one holds.
func (e *entry) repeats(name Name, seen map[string]bool) bool {
	key := strings.ToLower(name.String())
	if name.Exact {
		key = name.String()
	}
	repeated := false
	for _, o := range append([]int{-1}, e.statement.Switches.Outputs...) {
		full := fmt.Sprintf("%d %s", o, key)
		if o < 0 && len(e.statement.Switches.Outputs) > 0 {
			continue
		}
		repeated = repeated || seen[full]
		seen[full] = true
	}
	return repeated && e.source.wild() && !e.allowDup
}

func (p *Plan) excluded(def *record.TableDef, byWildcard bool) bool {
	for _, x := range p.excludes {
		if x.matches(def) && (byWildcard || !p.byWildcardOnly) {
			return true
		}
	}
	return false
}

// entriesFor finds the statements for a table: those that name it letter by
// letter, else those that name it in another case, else the wildcards.
func (p *Plan) entriesFor(def *record.TableDef) ([]*entry, error) {
	var same, other, wild []*entry
	for _, e := range p.entries {
		if _, ok := e.source.match(def); !ok || p.excluded(def, e.source.wild()) ||
			e.forExceptions || !p.fits(e, def.Sequence()) {
			continue
		}
		switch {
		case e.source.wild():
			wild = append(wild, e)
		case e.source.sameCase(def):
			same = append(same, e)
		default:
			other = append(other, e)
		}
	}
	named := same
	if len(named) == 0 {
		named = other
	}
	if len(named) == 0 {
		return wild, nil
	}
	for _, e := range named {
		full := def.FullName()
		if e.matched != "" && e.matched != full {
			return nil, e.refuse("it stands for two tables, %s and %s; "+
				"write the name in double quotes", e.matched, full)
		}
		e.matched = full
	}
	return named, nil
}

// targetName fills the target's wildcards.
func (e *entry) targetName(def *record.TableDef, got captured) Name {
	if e.target.name.text == "" {
		return Name{Catalog: def.Catalog, Schema: def.Schema, Name: def.Name, Exact: true}
	}
	return Name{
		Catalog: e.target.catalog.fill(got.catalog, def.Catalog),
		Schema:  e.target.schema.fill(got.schema, def.Schema),
		Name:    e.target.name.fill(got.name, def.Name),
		Exact:   e.target.name.exact,
	}
}

// keyword is TABLE or MAP.
func (e *entry) keyword() string {
	return e.statement.Keyword
}

// refuse places an error at the statement.
func (e *entry) refuse(format string, args ...any) *ggserr.Error {
	text := fmt.Sprintf("%s %s: ", e.keyword(), e.source) + fmt.Sprintf(format, args...)
	return ggserr.New(ggserr.BadParameter, text).At(e.at.File, e.at.Line, e.at.Column)
}

func (e *entry) missingColumn(c column, table string) *ggserr.Error {
	err := ggserr.New(ggserr.ColumnMissing, c.name, table)
	return err.At(e.at.File, e.at.Line, e.at.Column)
}

func (p *Plan) resolveOne(e *entry, def *record.TableDef, name Name, lookup Lookup,
) (*TablePlan, error) {
	t := &TablePlan{Statement: e.statement, Source: def, TargetName: name,
		actions: e.actions, images: e.images, check: !p.extract && lookup != nil, env: p.env, events: e.events,
		onlyEvents: !p.extract && e.statement.Keyword == "TABLE"}
	if e.forExceptions {
		t.env = p.exceptionEnv
	}
	var target *record.TableDef
	if lookup != nil {
		found, err := lookup(name)
		switch {
		case errors.Is(err, ErrLikeSource):
			t.check = false
		case err != nil:
			return nil, err
		case found == nil:
			err := ggserr.New(ggserr.TableMissing, name.String())
			return nil, err.At(e.at.File, e.at.Line, e.at.Column)
		default:
			copied := *found
			target = &copied
		}
	}
	t.announce(e, p.extract)
	var err error
	if target != nil {
		err = t.mapColumns(e, target)
	} else {
		err = t.deriveColumns(e, name)
	}
	if err != nil {
		return nil, err
	}
	if err := t.chooseKey(e); err != nil {
		return nil, err
	}
	if err := t.bindSelection(e); err != nil {
		return nil, err
	}
	if err := t.bindCommands(e); err != nil {
		return nil, err
	}
	if err := t.bindQueries(e); err != nil {
		return nil, err
	}
	p.lastID++
	t.ID, t.Target.ID = p.lastID, p.lastID
	t.settle()
	if err := t.settleBefores(e); err != nil {
		return nil, err
	}
	t.announceKey(p.extract)
	return t, nil
}

// announce tells how the names were resolved.
func (t *TablePlan) announce(e *entry, extract bool) {
	from, to := quoted(t.Source.Catalog, t.Source.Schema, t.Source.Name),
		quoted(t.TargetName.Catalog, t.TargetName.Schema, t.TargetName.Name)
	if !extract {
		t.say(ggserr.DefinitionFromTrail, t.Source.FullName())
	}
	switch {
	case extract && e.source.wild():
		t.say(ggserr.WildcardTableFound, e.source.String(), from)
	case extract:
	case e.source.wild():
		t.say(ggserr.WildcardMapResolved, e.source.String(), from, to)
	default:
		t.say(ggserr.MapResolved, from, to)
	}
}

func (t *TablePlan) announceKey(extract bool) {
	names := columnList(t.Target, t.Key)
	if extract {
		t.say(ggserr.SourceKeyColumns, t.Source.FullName(), names)
	} else {
		t.say(ggserr.TargetKeyColumns, t.Target.FullName(), names)
	}
}

func (t *TablePlan) say(n ggserr.Number, args ...any) {
	t.Messages = append(t.Messages, ggserr.New(n, args...))
}

// quoted prints "A"."B" as the report does.
func quoted(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, `"`+p+`"`)
		}
	}
	return strings.Join(out, ".")
}

func columnList(def *record.TableDef, columns []int) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = def.Columns[c].Name
	}
	return strings.Join(names, ", ")
}
