package mapping

import (
	"ggsh/ggserr"
	"ggsh/record"
)

// mapColumns joins the source's columns with those of an existing target.
func (t *TablePlan) mapColumns(e *entry, target *record.TableDef) error {
	t.Target = target
	t.columns = make([]source, len(target.Columns))
	for i := range t.columns {
		t.columns[i].column = -1
	}
	assigned := make([]bool, len(target.Columns))
	for _, a := range e.assignments {
		at := a.target.find(target)
		if at < 0 {
			return e.missingColumn(a.target, target.FullName())
		}
		if target.Columns[at].Generated {
			return e.refuse("column %s of %s is computed by the database and cannot be set",
				a.target.name, target.FullName())
		}
		src, err := t.assigned(e, a, &target.Columns[at])
		if err != nil {
			return err
		}
		t.columns[at], assigned[at] = src, true
	}
	var byName []int
	if e.useDefaults {
		byName = t.mapByName(e, assigned)
	}
	mapped := len(byName)
	for _, a := range assigned {
		if a {
			mapped++
		}
	}
	if mapped == 0 {
		return e.refuse("no column of %s has the name of one of %s",
			target.FullName(), t.Source.FullName())
	}
	t.setPolish(e)
	if len(byName) > 0 {
		t.say(ggserr.DefaultMapColumns, columnList(target, byName))
	}
	return nil
}

// mapByName maps what COLMAP leaves open: by equal names, then ignoring case.
func (t *TablePlan) mapByName(e *entry, assigned []bool) (byName []int) {
	for i := range t.Target.Columns {
		c := &t.Target.Columns[i]
		if assigned[i] || c.Generated {
			continue
		}
		if from := e.sourceOf(c.Name, t.Source); from >= 0 {
			t.columns[i].column = from
			byName = append(byName, i)
		}
	}
	return byName
}

// assigned gives the source that COLMAP names for a column; to is nil when the
// target has no such column of its own.
func (t *TablePlan) assigned(e *entry, a assignment, to *record.ColumnDef) (source, error) {
	if a.literal != nil {
		return source{column: -1, literal: a.literal}, nil
	}
	if a.node != nil {
		value, err := a.node.Bind(t.scope(e, to))
		return source{column: -1, made: &maker{value: value, looksAt: a.node.Names(t.Source)}}, err
	}
	from := a.from.find(t.Source)
	if from < 0 {
		return source{}, e.missingColumn(a.from, t.Source.FullName())
	}
	return source{column: from}, nil
}

// deriveColumns makes the target's columns of the source's: Extract, and
// targets that have no tables of their own.
func (t *TablePlan) deriveColumns(e *entry, name Name) error {
	copied := *t.Source
	t.Target, t.derived = &copied, true
	t.Target.Catalog, t.Target.Schema, t.Target.Name = name.Catalog, name.Schema, name.Name
	t.Target.Columns, t.Target.Key, t.Target.Unique = nil, nil, nil
	keep, err := e.kept(t.Source)
	if err != nil {
		return err
	}
	at := make([]int, len(t.Source.Columns)) // where a source column went
	for i, def := range t.Source.Columns {
		at[i] = -1
		if keep[i] && e.useDefaults {
			at[i] = len(t.columns)
			t.columns = append(t.columns, source{column: i})
			t.Target.Columns = append(t.Target.Columns, def)
		}
	}
	for _, a := range e.assignments {
		if err := t.deriveAssigned(e, a, at); err != nil {
			return err
		}
	}
	t.Target.Key = moved(t.Source.Key, at)
	for _, u := range t.Source.Unique {
		if u = moved(u, at); u != nil {
			t.Target.Unique = append(t.Target.Unique, u)
		}
	}
	return nil
}

// deriveAssigned adds or replaces one column by COLMAP.
func (t *TablePlan) deriveAssigned(e *entry, a assignment, at []int) error {
	src, err := t.assigned(e, a, t.like(a.target))
	if err != nil {
		return err
	}
	def, err := t.derivedDef(a.target, src)
	if err != nil {
		return err
	}
	if src.made != nil {
		src.made.polish = polish{kind: def.Kind, lenient: true}
	}
	to := a.target.find(t.Target)
	if to < 0 {
		to = len(t.columns)
		t.columns = append(t.columns, source{})
		t.Target.Columns = append(t.Target.Columns, record.ColumnDef{})
	}
	for i := range at {
		if at[i] == to {
			at[i] = -1
		}
	}
	if src.column >= 0 && at[src.column] < 0 {
		at[src.column] = to
	}
	// A column that is made of columns takes the place of the one it is named after,
	// in a key too.
	if k := a.target.find(t.Source); k >= 0 && src.made != nil && !src.made.varies() {
		at[k] = to
	}
	t.columns[to], t.Target.Columns[to] = src, def
	return nil
}

// like is the source's column of a target column's name; nil without one.
func (t *TablePlan) like(c column) *record.ColumnDef {
	if at := c.find(t.Source); at >= 0 {
		return &t.Source.Columns[at]
	}
	return nil
}

// derivedDef describes a column that COLMAP makes: as the source's column that it
// comes from or has the name of, else as the value is.
func (t *TablePlan) derivedDef(c column, src source) (record.ColumnDef, error) {
	def := record.ColumnDef{Name: c.name, Nullable: true}
	switch {
	case src.column >= 0:
		def = t.Source.Columns[src.column]
	case src.made != nil:
		def = src.made.value.Def()
		if like := t.like(c); like != nil && (def.Kind == like.Kind || def.Kind != record.String) {
			def = *like
		}
	default:
		v, _, err := record.DecodeValue(src.literal)
		if err != nil {
			return def, err
		}
		def.Kind, def.Type, def.Length = v.Kind, "varchar", len(v.B)
		if v.Kind != record.String {
			def.Type, def.Length = "decimal", 0
		}
	}
	def.Name = c.name
	return def, nil
}

// moved gives the key in the target's positions; nil when a part is not there.
func moved(key, at []int) []int {
	var out []int
	for _, c := range key {
		if at[c] < 0 {
			return nil
		}
		out = append(out, at[c])
	}
	return out
}

// kept obeys COLS and COLSEXCEPT.
func (e *entry) kept(def *record.TableDef) ([]bool, error) {
	keep := make([]bool, len(def.Columns))
	for i := range keep {
		keep[i] = len(e.cols) == 0
	}
	for _, list := range []struct {
		columns []column
		keep    bool
	}{{e.cols, true}, {e.colsExcept, false}} {
		for _, c := range list.columns {
			at := c.find(def)
			if at < 0 {
				return nil, e.missingColumn(c, def.FullName())
			}
			keep[at] = list.keep
		}
	}
	if len(e.cols) == 0 && len(e.colsExcept) == 0 || len(e.keyCols) > 0 {
		return keep, nil
	}
	for _, k := range def.Key {
		if !keep[k] {
			return nil, e.refuse("key column %s must be among the columns; it is left out",
				def.Columns[k].Name)
		}
	}
	return keep, nil
}

// chooseKey picks the columns that find a row: KEYCOLS, the target's key, its
// first unique key without nullable columns, else all.
func (t *TablePlan) chooseKey(e *entry) error {
	if len(e.keyCols) > 0 {
		for _, c := range e.keyCols {
			at := c.find(t.Target)
			if at < 0 {
				return e.missingColumn(c, t.Target.FullName())
			}
			if !t.given(at) {
				return e.keyNotMapped(t.Target, at)
			}
			t.Key = append(t.Key, at)
		}
		t.KeyIsUnique = t.coversKey()
		return nil
	}
	if len(t.Target.Key) > 0 && t.allMapped(t.Target.Key) {
		t.Key, t.KeyIsUnique = t.Target.Key, true
		return nil
	}
	for _, u := range t.Target.Unique {
		if len(u) > 0 && t.allMapped(u) && !t.anyNullable(u) {
			t.Key, t.KeyIsUnique = u, true
			return nil
		}
	}
	for _, k := range t.Target.Key {
		if !t.given(k) && t.needsKey() {
			return e.keyNotMapped(t.Target, k)
		}
	}
	t.withoutKey()
	return nil
}

// withoutKey chooses for a target without key: the source's key, by which its
// records are logged, else all columns.
func (t *TablePlan) withoutKey() {
	warning := ggserr.New(ggserr.NoUniqueKey, t.Target.FullName())
	t.Key = t.sourceKey()
	if len(t.Key) == 0 {
		t.allColumns = true
		for i := range t.Target.Columns {
			if t.given(i) && !t.Target.Columns[i].Generated && !t.generated(i) {
				t.Key = append(t.Key, i)
			}
		}
	} else {
		warning.Text = "No unique key is defined for table " + t.Target.FullName() +
			". The key columns of source table " + t.Source.FullName() + " will be used: " +
			columnList(t.Target, t.Key)
	}
	if t.needsKey() && !t.Target.Sequence() {
		t.Messages = append(t.Messages, warning)
	}
}

// generated reports whether the source computes the column: the before images of a
// table without key leave it out.
func (t *TablePlan) generated(column int) bool {
	c := &t.columns[column]
	return c.made.varies() || c.column >= 0 && t.Source.Columns[c.column].Generated
}

// sourceKey is the source's key in target columns; nil when a part is not mapped.
func (t *TablePlan) sourceKey() []int {
	at := make([]int, len(t.Source.Columns))
	for i := range at {
		at[i] = -1
	}
	for i, c := range t.columns {
		if c.column >= 0 {
			at[c.column] = i
		}
	}
	return moved(t.Source.Key, at)
}

func (e *entry) keyNotMapped(def *record.TableDef, at int) *ggserr.Error {
	err := ggserr.New(ggserr.KeyColumnUnmapped, def.Columns[at].Name, def.FullName())
	return err.At(e.at.File, e.at.Line, e.at.Column)
}

// needsKey reports whether some operation has to find a row.
func (t *TablePlan) needsKey() bool {
	for _, a := range t.actions {
		if a.take && a.as != record.Insert && a.as != record.Truncate {
			return true
		}
	}
	return false
}

func (t *TablePlan) given(column int) bool { return t.columns[column].given() }

func (t *TablePlan) allMapped(columns []int) bool {
	for _, c := range columns {
		if !t.given(c) {
			return false
		}
	}
	return true
}

func (t *TablePlan) anyNullable(columns []int) bool {
	for _, c := range columns {
		if t.Target.Columns[c].Nullable {
			return true
		}
	}
	return false
}

// coversKey reports whether Key holds all columns of a key that the target enforces.
func (t *TablePlan) coversKey() bool {
	has := map[int]bool{}
	for _, k := range t.Key {
		has[k] = true
	}
	covers := func(key []int) bool {
		for _, c := range key {
			if !has[c] {
				return false
			}
		}
		return len(key) > 0
	}
	if covers(t.Target.Key) {
		return true
	}
	for _, u := range t.Target.Unique {
		if covers(u) && !t.anyNullable(u) {
			return true
		}
	}
	return false
}

// settle works out what Apply asks for each row.
func (t *TablePlan) settle() {
	if t.derived {
		t.Target.Key = t.Key
		if t.allColumns {
			t.Target.Key = nil
		}
	}
	t.isKey = make([]bool, len(t.columns))
	for _, k := range t.Key {
		t.isKey[k] = true
	}
	t.identical = len(t.columns) == len(t.Source.Columns)
	for i := range t.columns {
		c := &t.columns[i]
		c.plain = c.column >= 0 && c.made == nil
		t.identical = t.identical && c.column == i && c.plain
		if c.made != nil {
			t.computed = append(t.computed, i)
		}
	}
	if len(t.tokens) > 0 {
		t.identical = false
	}
	if len(t.computed) > 0 {
		t.scratch.made = [2][][]byte{make([][]byte, len(t.columns)), make([][]byte, len(t.columns))}
	}
	logged := map[int]bool{}
	for _, k := range t.Source.KeyColumns() {
		logged[k] = true
	}
	t.keyKnown = len(t.Source.Key) > 0
	for _, k := range t.Key {
		t.keyKnown = t.keyKnown && logged[t.columns[k].column]
	}
}
