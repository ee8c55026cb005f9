package oradb

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"ggsh/tests/tns"
)

// changeRows runs INSERT, UPDATE, DELETE or MERGE, whole or not at all. Rows that
// another transaction holds are waited for.
func (s *session) changeRows(statement string, binds []tns.Bind) (*tns.Result, error) {
	if s.readOnly > 0 {
		return nil, oraError(1456)
	}
	deadline := time.Now().Add(s.db.options.LockWait)
	for {
		mark := 0
		if s.tx != nil {
			mark = len(s.tx.changes)
		}
		r, err := s.tryChange(statement, binds, mark)
		if err == nil {
			return r, nil
		}
		if s.tx != nil {
			if undone := s.undoTo(mark); undone != nil {
				return nil, undone
			}
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		if err := s.wait(deadline); err != nil {
			return nil, err
		}
	}
}

// writer is a statement that changes rows, under way.
type writer struct {
	*translator
	s       *session
	binds   []tns.Bind
	t       *table
	alias   string
	written []int64 // versions, for RETURNING
	result  *tns.Result
}

func (s *session) tryChange(statement string, binds []tns.Bind, mark int) (*tns.Result, error) {
	p, err := parse(statement)
	if err != nil {
		return nil, err
	}
	w := &writer{translator: s.translator(p), s: s, binds: binds, result: &tns.Result{}}
	switch first := w.next(); first.text {
	case "INSERT":
		err = w.insert()
	case "UPDATE":
		err = w.update()
	case "DELETE":
		err = w.delete()
	default:
		err = w.merge()
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkChanges(mark); err != nil {
		return nil, err
	}
	if err := w.returning(); err != nil {
		return nil, err
	}
	if !w.done() {
		return nil, w.fail(933)
	}
	return w.result, nil
}

// target reads the table that is changed, and its alias.
func (w *writer) target(privilege string) error {
	owner, name, err := w.qualified("")
	if err != nil {
		return err
	}
	if w.t, err = w.s.tableNamed(owner, name); err != nil {
		return err
	}
	if w.t.owner != w.s.user.name && !w.s.has(privilege+" ANY TABLE") &&
		!w.s.may(privilege, w.t.objectName) {
		if w.s.mayRead(w.t.objectName) != nil {
			return oraError(942)
		}
		return oraError(1031)
	}
	if w.alias = w.translator.alias(false); w.alias == "" {
		w.alias = name
	}
	return nil
}

// rows runs what was written, and forgets it.
func (w *writer) rows() (*answer, error) {
	args, err := w.s.arguments(&w.plan, w.binds)
	if err != nil {
		return nil, err
	}
	for _, v := range w.plan.views {
		if err := w.s.fill(v); err != nil {
			return nil, err
		}
	}
	statement := string(w.out)
	w.out = w.out[:0]
	return w.s.db.rowsOf(statement, args...)
}

// columns reads an optional list of columns: places among the table's.
func (w *writer) places() ([]int, error) {
	var list []int
	if !w.peek().is("(") || w.ahead(1).is("SELECT", "WITH") {
		for i := range w.t.columns {
			list = append(list, i)
		}
		return list, nil
	}
	w.at++
	for {
		n, err := w.place()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if w.accept(")") {
			return list, nil
		}
		if err := w.expect(","); err != nil {
			return nil, err
		}
	}
}

// place reads the name of a column of the table: NAME or ALIAS.NAME.
func (w *writer) place() (int, error) {
	t := w.next()
	if w.peek().is(".") {
		w.at++
		t = w.next()
	}
	n := w.t.position(t.text)
	if n < 0 || !t.name() {
		err := oraError(904, quote(t.text))
		err.Offset = t.at
		return 0, err
	}
	return n, nil
}

func (w *writer) insert() error {
	if err := w.expect("INTO"); err != nil {
		return unsupported("INSERT ALL")
	}
	if err := w.target("INSERT"); err != nil {
		return err
	}
	places, err := w.places()
	if err != nil {
		return err
	}
	if w.accept("VALUES") {
		err = w.values(places)
	} else if err = w.query(); err == nil {
		err = w.insertAll(places)
	}
	return err
}

// values translates VALUES ( ... ) and inserts the row.
func (w *writer) values(places []int) error {
	if err := w.expect("("); err != nil {
		return err
	}
	w.write("SELECT ")
	for i := 0; ; i++ {
		if i >= len(places) {
			return w.fail(913)
		}
		if i > 0 {
			w.write(", ")
		}
		if err := w.valueOrDefault(places[i]); err != nil {
			return err
		}
		if w.accept(",") {
			continue
		}
		if err := w.expect(")"); err != nil {
			return err
		}
		if i+1 < len(places) {
			return w.fail(947)
		}
		return w.insertAll(places)
	}
}

// valueOrDefault translates one expression, or DEFAULT of the column.
func (w *writer) valueOrDefault(place int) error {
	if !w.accept("DEFAULT") {
		return w.expression(",", "WHERE", "RETURNING", "RETURN", "WHEN", "DELETE")
	}
	return w.writeDefault(w.t.columns[place])
}

func (w *writer) writeDefault(c *column) error {
	if c.identity != "" {
		w.write(strconv.FormatInt(c.sequence.next, 10))
		c.sequence.next += c.sequence.step
		return nil
	}
	if c.byDef == "" {
		w.write("NULL")
		return nil
	}
	p, err := parse(c.byDef)
	if err != nil {
		return err
	}
	x := w.s.translator(p)
	if err := x.expression(); err != nil {
		return err
	}
	w.write("(", string(x.out), ")")
	return nil
}

// insertAll inserts the rows of the query that was written.
func (w *writer) insertAll(places []int) error {
	a, err := w.rows()
	if err != nil {
		return err
	}
	given := make([]bool, len(w.t.columns))
	for _, n := range places {
		given[n] = true
	}
	for _, row := range a.rows {
		if len(row) != len(places) {
			return oraError(913)
		}
		values := make([]any, len(w.t.columns))
		for i, n := range places {
			values[n] = row[i]
		}
		if err := w.defaults(values, given); err != nil {
			return err
		}
		vid, err := w.s.insertRow(w.t, values)
		if err != nil {
			return err
		}
		w.written = append(w.written, vid)
	}
	w.result.Affected += int64(len(a.rows))
	return nil
}

// defaults fills the columns that a statement does not name.
func (w *writer) defaults(values []any, given []bool) error {
	for i, c := range w.t.columns {
		if given[i] && c.identity == "ALWAYS" {
			return oraError(32795)
		}
		if given[i] || c.byDef == "" && c.identity == "" {
			continue
		}
		w.write("SELECT ")
		if err := w.writeDefault(c); err != nil {
			return err
		}
		a, err := w.s.db.rowsOf(string(w.out))
		if err != nil {
			return err
		}
		w.out = w.out[:0]
		values[i] = a.rows[0][0]
	}
	return nil
}

// present is the beginning of a query for rows to change; more are its own columns.
func (w *writer) present(alias string) string {
	var b strings.Builder
	prefix := quote(alias) + "."
	b.WriteString("SELECT " + prefix + `"#VID", ` + prefix + `"#ROWID", ` + prefix + `"#ET"`)
	for _, c := range w.t.columns {
		b.WriteString(", " + prefix + quote(c.name))
	}
	return b.String()
}

// source is the table with its places.
func (w *writer) source() string {
	w.internal = true
	defer func() { w.internal = false }()
	return w.versions(w.t, "?1") + " AS " + quote(w.alias)
}

func (w *writer) update() error {
	if err := w.target("UPDATE"); err != nil {
		return err
	}
	if err := w.expect("SET"); err != nil {
		return err
	}
	w.write(w.present(w.alias))
	places, err := w.setList()
	if err != nil {
		return err
	}
	w.write(" FROM ", w.source())
	if err := w.where(); err != nil {
		return err
	}
	return w.updateAll(places)
}

// setList translates A = x, B = y as further columns.
func (w *writer) setList() ([]int, error) {
	var places []int
	for {
		if w.peek().is("(") {
			return nil, unsupported("SET (A, B) = (SELECT ...)")
		}
		n, err := w.place()
		if err != nil {
			return nil, err
		}
		if err := w.expect("="); err != nil {
			return nil, err
		}
		places = append(places, n)
		w.write(", ")
		if err := w.valueOrDefault(n); err != nil {
			return nil, err
		}
		if !w.accept(",") {
			return places, nil
		}
	}
}

func (w *writer) where() error {
	if !w.accept("WHERE") {
		return nil
	}
	w.write(" WHERE ")
	if err := w.expression("RETURNING", "RETURN", "LOG", "WHEN", "DELETE"); err != nil {
		return err
	}
	if w.limit != "" {
		w.write(" LIMIT ", w.limit)
		w.limit = ""
	}
	return nil
}

// updateAll changes the rows of the query that was written.
func (w *writer) updateAll(places []int) error {
	a, err := w.rows()
	if err != nil {
		return err
	}
	rows, err := w.s.found(w.t, a.rows)
	if err != nil {
		return err
	}
	for i := range rows {
		after := append([]any(nil), rows[i].values...)
		set := make([]bool, len(after))
		for j, n := range places {
			after[n], set[n] = rows[i].extra[j], true
		}
		vid, err := w.s.updateRow(w.t, &rows[i], after, set)
		if err != nil {
			return err
		}
		w.written = append(w.written, vid)
	}
	w.result.Affected += int64(len(rows))
	return nil
}

func (w *writer) delete() error {
	w.accept("FROM")
	if err := w.target("DELETE"); err != nil {
		return err
	}
	w.write(w.present(w.alias), " FROM ", w.source())
	if err := w.where(); err != nil {
		return err
	}
	a, err := w.rows()
	if err != nil {
		return err
	}
	rows, err := w.s.found(w.t, a.rows)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := w.s.deleteRow(w.t, &rows[i]); err != nil {
			return err
		}
		w.written = append(w.written, rows[i].vid)
	}
	w.result.Affected += int64(len(rows))
	return nil
}

// returning answers RETURNING x, y INTO :a, :b.
func (w *writer) returning() error {
	if !w.accept("RETURNING") && !w.accept("RETURN") {
		return nil
	}
	w.write("SELECT ")
	if err := w.expression("INTO"); err != nil {
		return err
	}
	if err := w.expect("INTO"); err != nil {
		return err
	}
	for w.accept(",") || w.peek().kind == bind {
		if w.peek().kind == bind {
			w.at++
		}
	}
	// The list was translated with the statement's numbers of binds; the version is ?1.
	statement := string(w.out) + " FROM " + w.s.oneVersion(w.t) + " AS " + quote(w.alias)
	w.out = w.out[:0]
	args, err := w.s.arguments(&w.plan, w.binds)
	if err != nil {
		return err
	}
	for _, vid := range w.written {
		args[0] = vid
		a, err := w.s.db.rowsOf(statement, args...)
		if err != nil {
			return err
		}
		types := w.s.typesOf(a)
		for _, row := range a.rows {
			for i := range row {
				row[i] = result(row[i], types[i])
			}
			w.result.Out = append(w.result.Out, row)
		}
	}
	return nil
}
