package dml

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/record"
)

// shape is what operations have in common that the same statement can apply:
// table, kind and the columns that are written.
type shape struct {
	table *table
	kind  record.OpType
	set   []int // columns that are written
	// oldKey says that rows are found by the key of the before image.
	oldKey bool
	// compare are columns whose values before the change must be the row's.
	compare []int
	// when is one more condition, on the value after the change of column whenColumn.
	when       string
	whenColumn int
	// delta are columns of set that get the difference of their values added.
	delta []int
	// many says that several operations can be one statement.
	many bool
	// rank orders shapes that may be applied in any order: what frees values first.
	rank int
	text map[int]string // by number of rows
}

// shapeOf finds the shape of an operation, or makes it.
func (a *Applier) shapeOf(t *table, kind record.OpType, im images) (*shape, error) {
	oldKey := kind == record.Delete || (im.before != nil && hasKey(t, im.before))
	moved := false
	switch kind {
	case record.Update:
		moved = oldKey && keyChanges(t, im)
	case record.PKUpdate:
		moved = true
	}
	if moved {
		kind = record.PKUpdate
	}
	name := append(a.work.name[:0], byte(kind), flag(oldKey))
	for i := range im.after {
		name = append(name, flag(im.after[i].Kind != record.Missing))
	}
	compare := t.compared(kind)
	for _, c := range compare {
		name = append(name, flag(im.before != nil && im.before[c].Kind != record.Missing))
	}
	a.work.name = name
	if s, ok := t.shapes[string(name)]; ok {
		return s, nil
	}
	s := &shape{table: t, kind: kind, oldKey: oldKey, text: map[int]string{}}
	for i := range im.after {
		// A key that stays is not written: its index stays as it is.
		stays := kind == record.Update && t.isKey[i]
		if im.after[i].Kind != record.Missing && !t.def.Columns[i].Generated && !stays {
			s.set = append(s.set, i)
		}
	}
	if kind == record.Update && len(s.set) == 0 {
		s.set = firstWritable(t) // an update without effect still has to find its row
	}
	for _, c := range compare {
		if im.before != nil && im.before[c].Kind != record.Missing {
			s.compare = append(s.compare, c)
		} else if !t.warned {
			t.warned = true
			a.work.notes = append(a.work.notes, fmt.Sprintf("records of %s lack values before their "+
				"change, such as column %s: what is missing is not compared; have the Extract send it with "+
				"GETBEFORECOLS", t.use.Source, t.def.Columns[c].Name))
		}
	}
	a.classify(s)
	t.shapes[string(name)] = s
	return s, nil
}

// classify says how operations of the shape may be put together.
func (a *Applier) classify(s *shape) {
	t, limits := s.table, &a.dialect.Limits
	switch s.kind {
	case record.Insert:
		s.rank, s.many = 3, limits.Insert > 1 && len(s.set) > 0
	case record.PKUpdate:
		s.rank = 2
	case record.Update:
		s.rank, s.many = 1, limits.Update > 1 && t.use.KeyIsUnique && len(s.set) > 0
		for _, c := range append(append([]int{}, s.set...), t.use.Key...) {
			s.many = s.many && (a.dialect.Arrays != nil || a.dialect.CaseSafe(&t.def.Columns[c]))
		}
	case record.Delete:
		s.many = limits.Delete > 1 && t.use.KeyIsUnique
	}
	s.many = s.many && len(s.compare) == 0 && !t.def.Sequence()
	for _, k := range t.use.Key {
		if s.kind != record.Insert && t.def.Columns[k].Nullable {
			s.many = false
		}
	}
	if arrays := a.dialect.Arrays; s.many && arrays != nil {
		columns := s.set
		if s.kind != record.Insert {
			columns = append(append([]int{}, s.set...), t.use.Key...)
		}
		s.many = !slices.ContainsFunc(columns, func(c int) bool { return !arrays(&t.def.Columns[c]) })
	}
}

func flag(b bool) byte {
	if b {
		return '1'
	}
	return '0'
}

func hasKey(t *table, values []record.Value) bool {
	for _, k := range t.use.Key {
		if values[k].Kind == record.Missing {
			return false
		}
	}
	return true
}

func keyChanges(t *table, im images) bool {
	for _, k := range t.use.Key {
		v := &im.after[k]
		if v.Kind != record.Missing && !v.Equal(&im.before[k]) {
			return true
		}
	}
	return false
}

func firstWritable(t *table) []int {
	for _, k := range t.use.Key {
		if !t.def.Columns[k].Generated {
			return []int{k}
		}
	}
	return nil
}

// key gives the values that find the row of an operation.
func (s *shape) key(im images) ([]record.Value, error) {
	from := im.after
	if s.oldKey {
		from = im.before
	}
	if from == nil {
		return nil, fmt.Errorf("%s of %s without the image that finds its row",
			s.kind, s.table.use.Source)
	}
	for _, k := range s.table.use.Key {
		if from[k].Kind == record.Missing {
			return nil, fmt.Errorf("%s of %s: key column %s is missing in the record: "+
				"have the source log it (ADD TRANDATA) or choose other KEYCOLS",
				s.kind, s.table.use.Source, s.table.def.Columns[k].Name)
		}
	}
	return from, nil
}

// statement gives the text for that many rows.
func (a *Applier) statement(s *shape, rows int) string {
	if a.dialect.Arrays != nil {
		rows = 1
	}
	if text, ok := s.text[rows]; ok {
		return text
	}
	var text string
	switch {
	case s.kind == record.Insert:
		text = a.insertText(s, rows)
	case s.kind == record.Truncate:
		text = "DELETE FROM " + s.table.name
	case s.kind == record.Delete && rows == 1:
		text = "DELETE FROM " + s.table.name + a.whereOne(s)
	case s.kind == record.Delete:
		text = "DELETE FROM " + s.table.name + a.whereMany(s.table, rows)
	case rows == 1:
		text = "UPDATE " + s.table.name + " SET " +
			s.list(func(c int) string { return s.table.column[c] + " = " + a.setTo(s, c) }) +
			a.whereOne(s)
	default:
		text = a.updateManyText(s, rows)
	}
	if a.dialect.Numbered {
		text = checkpointtable.Numbered(text)
	}
	s.text[rows] = text
	return text
}

// list joins what the written columns give.
func (s *shape) list(part func(c int) string) string {
	var b strings.Builder
	for i, c := range s.set {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(part(c))
	}
	return b.String()
}

func (a *Applier) insertText(s *shape, rows int) string {
	t := s.table
	row := "(" + s.list(func(c int) string { return t.write[c] }) + ")"
	return "INSERT INTO " + t.name + " (" + s.list(func(c int) string { return t.column[c] }) +
		") VALUES " + row + strings.Repeat(", "+row, rows-1)
}

// whereOne finds the row of one operation.
func (a *Applier) whereOne(s *shape) string {
	t := s.table
	condition := match(t)
	for _, c := range s.compare {
		condition += " AND " + t.match[c]
	}
	condition += s.when
	if t.use.KeyIsUnique {
		return " WHERE " + condition
	}
	return a.dialect.OneRow(t.name, condition)
}

func match(t *table) string {
	var b strings.Builder
	for i, k := range t.use.Key {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(t.match[k])
	}
	return b.String()
}

// whereMany finds the rows of several operations by their unique keys.
func (a *Applier) whereMany(t *table, rows int) string {
	if len(t.use.Key) == 1 {
		k := t.use.Key[0]
		mark := a.dialect.Compare(&t.def.Columns[k])
		return " WHERE " + t.column[k] + " IN (" + mark + strings.Repeat(", "+mark, rows-1) + ")"
	}
	one := "(" + match(t) + ")"
	return " WHERE " + one + strings.Repeat(" OR "+one, rows-1)
}

// updateManyText lets CASE choose each row's values by its key.
func (a *Applier) updateManyText(s *shape, rows int) string {
	t := s.table
	var choice string
	if len(t.use.Key) == 1 {
		k := t.use.Key[0]
		choice = "CASE " + t.column[k] +
			strings.Repeat(" WHEN "+a.dialect.Compare(&t.def.Columns[k])+" THEN ?", rows) + " END"
	} else {
		choice = "CASE" + strings.Repeat(" WHEN "+match(t)+" THEN ?", rows) + " END"
	}
	return "UPDATE " + t.name + " SET " +
		s.list(func(c int) string { return t.column[c] + " = " + choice }) + a.whereMany(t, rows)
}

// opError says which operation and statement an error belongs to.
type opError struct {
	op        int
	statement string
	err       error
}

func (e *opError) Error() string { return e.err.Error() }

// Unwrap gives the error itself.
func (e *opError) Unwrap() error { return e.err }

// missingRow is the error of an operation that found no row.
func missingRow(c *change) error {
	return &Refusal{Code: handler.RowMissing,
		Text: fmt.Sprintf("no row found for %s on %s", c.shape.kind, c.table.def.FullName())}
}
