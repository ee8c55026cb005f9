package oradb

import (
	"fmt"
	"strings"

	"ggsh/capture/oracle"
)

// place is how errors name a column.
func place(t *table, c *column) string {
	return fmt.Sprintf("%s.%s.%s", quote(t.owner), quote(t.name), quote(c.name))
}

// versionOf is a row that a statement found.
type versionOf struct {
	vid    int64
	rid    string
	locker int64
	values []any
	// extra are what the statement computed for the row.
	extra []any
}

// found reads rows that begin with #VID, #ROWID, #ET and the table's columns.
func (s *session) found(t *table, rows [][]any) ([]versionOf, error) {
	list := make([]versionOf, len(rows))
	for i, r := range rows {
		n := 3 + len(t.columns)
		list[i] = versionOf{vid: asInt(r[0]), rid: asText(r[1]), locker: asInt(r[2]), values: r[3:n:n],
			extra: r[n:]}
		if l := list[i].locker; l > 0 && (s.tx == nil || l != s.tx.number) {
			return nil, errLocked
		}
	}
	return list, nil
}

// addVersion writes a row as the transaction leaves it.
func (s *session) addVersion(t *table, rid string, values []any) (int64, error) {
	s.db.nextVID++
	var b strings.Builder
	fmt.Fprintf(&b, `INSERT INTO %s ("#vid", "#rid", "#b", "#e", "#bt", "#et"`, t.phys)
	for _, c := range t.columns {
		b.WriteString(", " + c.phys)
	}
	b.WriteString(") VALUES (?, ?, ?, ?, ?, -1" + strings.Repeat(", ?", len(values)) + ")")
	args := append([]any{s.db.nextVID, rid, pending, open, s.tx.number}, values...)
	return s.db.nextVID, s.db.run(b.String(), args...)
}

// endVersion marks a row as gone for the transaction.
func (s *session) endVersion(t *table, vid int64) error {
	return s.db.run("UPDATE "+t.phys+` SET "#et" = ? WHERE "#vid" = ?`, s.tx.number, vid)
}

// stored converts a row's values to what the columns hold.
func (s *session) stored(t *table, values []any, which []bool, code int) error {
	for i, c := range t.columns {
		if which != nil && !which[i] {
			continue
		}
		v, err := s.store(values[i], c.typ, place(t, c))
		if err != nil {
			return err
		}
		if v == nil && c.notNull {
			return oraError(code, place(t, c))
		}
		values[i] = v
	}
	return nil
}

func (s *session) insertRow(t *table, values []any) (int64, error) {
	if err := s.stored(t, values, nil, 1400); err != nil {
		return 0, err
	}
	s.begin()
	rid := s.db.newRowID(t)
	vid, err := s.addVersion(t, rid, values)
	if err != nil {
		return 0, err
	}
	return vid, s.changed(undo{t: t, code: oracle.CodeInsert, rid: rid, new: vid, after: values})
}

func (s *session) updateRow(t *table, row *versionOf, after []any, set []bool) (int64, error) {
	if err := s.stored(t, after, set, 1407); err != nil {
		return 0, err
	}
	s.begin()
	if err := s.endVersion(t, row.vid); err != nil {
		return 0, err
	}
	vid, err := s.addVersion(t, row.rid, after)
	if err != nil {
		return 0, err
	}
	return vid, s.changed(undo{t: t, code: oracle.CodeUpdate, rid: row.rid, old: row.vid, new: vid,
		before: row.values, after: after, set: set})
}

func (s *session) deleteRow(t *table, row *versionOf) error {
	s.begin()
	if err := s.endVersion(t, row.vid); err != nil {
		return err
	}
	return s.changed(undo{t: t, code: oracle.CodeDelete, rid: row.rid, old: row.vid,
		before: row.values})
}

func (s *session) changed(u undo) error {
	s.tx.changes = append(s.tx.changes, u)
	return s.redoChange(&s.tx.changes[len(s.tx.changes)-1])
}

// checkChanges looks at the constraints of all rows that a statement changed.
func (s *session) checkChanges(from int) error {
	for i := from; s.tx != nil && i < len(s.tx.changes); i++ {
		u := s.tx.changes[i]
		for _, k := range u.t.keys {
			if u.new == 0 || k.disabled {
				continue
			}
			if k.deferrable && (s.deferred || k.deferred) {
				s.tx.deferred = append(s.tx.deferred, check{u.t, k, u.new})
				continue
			}
			if err := s.checkKey(u.t, k, u.new); err != nil {
				return err
			}
		}
		if u.old != 0 {
			if err := s.checkChildren(&u); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkDeferred looks at what was put off.
func (s *session) checkDeferred() error {
	if s.tx == nil {
		return nil
	}
	for _, c := range s.tx.deferred {
		err := s.checkKey(c.t, c.key, c.vid)
		if e := oracleError(err); e != nil {
			e.Text = "transaction rolled back\n" + e.Error()
			e.Code = 2091
		}
		if err != nil {
			return err
		}
	}
	s.tx.deferred = nil
	return nil
}

// checkKey looks at one constraint of one version, if that is still alive.
func (s *session) checkKey(t *table, k *constraint, vid int64) error {
	if k.kind == "C" {
		return s.checkCondition(t, k, vid)
	}
	values, err := s.keyValues(t, k, vid)
	if err != nil || values == nil {
		return err
	}
	name := objectName{t.owner, k.name}
	if k.kind == "R" {
		parent, err := s.alive(k.refers, k.refersKey.columns, values, 0)
		if err == nil && len(parent) == 0 {
			err = oraError(2291, name)
		}
		return err
	}
	twins, err := s.alive(t, k.columns, values, vid)
	if err == nil && len(twins) > 0 {
		err = oraError(1, name)
	}
	return err
}

// keyValues gives a key's values in a living version, nil if one is NULL.
func (s *session) keyValues(t *table, k *constraint, vid int64) ([]any, error) {
	var list []string
	for _, name := range k.columns {
		list = append(list, t.column(name).phys)
	}
	a, err := s.db.rowsOf("SELECT "+strings.Join(list, ", ")+" FROM "+t.phys+
		` WHERE "#vid" = ? AND "#et" <> ?`, vid, s.tx.number)
	if err != nil || len(a.rows) == 0 {
		return nil, err
	}
	for _, v := range a.rows[0] {
		if v == nil {
			return nil, nil
		}
	}
	return a.rows[0], nil
}

// alive finds the versions with such values that the transaction has to respect.
func (s *session) alive(t *table, columns []string, values []any, but int64) ([]int64, error) {
	var b strings.Builder
	b.WriteString(`SELECT "#vid", "#b", "#bt", "#et" FROM ` + t.phys + ` WHERE "#e" = ?`)
	for _, name := range columns {
		b.WriteString(" AND " + t.column(name).phys + " = ?")
	}
	a, err := s.db.rowsOf(b.String(), append([]any{open}, values...)...)
	if err != nil {
		return nil, err
	}
	var list []int64
	for _, r := range a.rows {
		vid, begun, by, ender := asInt(r[0]), asInt(r[1]), asInt(r[2]), asInt(r[3])
		if vid == but || ender == s.tx.number {
			continue
		}
		if begun >= pending && by != s.tx.number || ender > 0 {
			return nil, errLocked
		}
		list = append(list, vid)
	}
	return list, nil
}

func (s *session) checkCondition(t *table, k *constraint, vid int64) error {
	p, err := parse(k.condition)
	if err != nil {
		return err
	}
	x := s.translator(p)
	x.write("SELECT 1 FROM ", s.oneVersion(t), " AS ", quote(t.name), " WHERE NOT (")
	if err := x.expression(); err != nil {
		return err
	}
	x.write(")")
	a, err := s.db.rowsOf(string(x.out), vid)
	if err == nil && len(a.rows) > 0 {
		err = oraError(2290, objectName{t.owner, k.name})
	}
	return err
}

// oneVersion is the subquery of the version ?1.
func (s *session) oneVersion(t *table) string {
	var b strings.Builder
	b.WriteString("(SELECT ")
	for _, c := range t.columns {
		b.WriteString(c.phys + " AS " + quote(c.name) + ", ")
	}
	return b.String() + `"#rid" AS "#ROWID" FROM ` + t.phys + ` WHERE "#vid" = ?1)`
}

// checkChildren looks for rows that refer to one that is gone or has another key.
func (s *session) checkChildren(u *undo) error {
	for _, child := range s.db.tables {
		for _, k := range child.keys {
			if k.kind != "R" || k.refers != u.t || k.disabled {
				continue
			}
			if err := s.checkChild(u, child, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) checkChild(u *undo, child *table, k *constraint) error {
	var values []any
	same := u.after != nil
	for _, name := range k.refersKey.columns {
		n := u.t.position(name)
		values = append(values, u.before[n])
		if u.before[n] == nil {
			return nil
		}
		same = same && sameText(u.before[n], u.after[n])
	}
	if same {
		return nil
	}
	// The key may have come back by another row of the statement.
	if back, err := s.alive(u.t, k.refersKey.columns, values, 0); err != nil || len(back) > 0 {
		return err
	}
	rows, err := s.alive(child, k.columns, values, 0)
	if err != nil || len(rows) == 0 {
		return err
	}
	if k.onDelete == "" || u.code != oracle.CodeDelete {
		return oraError(2292, objectName{child.owner, k.name})
	}
	for _, vid := range rows {
		if err := s.cascade(child, k, vid); err != nil {
			return err
		}
	}
	return nil
}

// cascade deletes a child row, or takes its reference away.
func (s *session) cascade(child *table, k *constraint, vid int64) error {
	a, err := s.db.rowsOf(`SELECT ?1, "#ROWID", -1, `+columnList(child)+` FROM `+s.oneVersion(child), vid)
	if err != nil {
		return err
	}
	rows, err := s.found(child, a.rows)
	if err != nil || len(rows) == 0 {
		return err
	}
	if k.onDelete == "CASCADE" {
		return s.deleteRow(child, &rows[0])
	}
	after := append([]any(nil), rows[0].values...)
	set := make([]bool, len(after))
	for _, name := range k.columns {
		n := child.position(name)
		after[n], set[n] = nil, true
	}
	_, err = s.updateRow(child, &rows[0], after, set)
	return err
}

func columnList(t *table) string {
	var list []string
	for _, c := range t.columns {
		list = append(list, quote(c.name))
	}
	return strings.Join(list, ", ")
}
