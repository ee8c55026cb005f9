package oradb

import (
	"slices"
	"strings"
)

// ownTable reads the name of a table that the user may alter.
func (d *definer) ownTable(privilege string) (*table, error) {
	owner, name, err := d.qualified(d.s.schema)
	if err != nil {
		return nil, err
	}
	t, err := d.s.tableNamed(owner, name)
	if err != nil {
		return nil, err
	}
	if t.owner != d.s.user.name && !d.s.has(privilege+" ANY TABLE") &&
		!d.s.may(privilege, t.objectName) {
		if d.s.mayRead(t.objectName) != nil {
			return nil, oraError(942)
		}
		return nil, oraError(1031)
	}
	for other := range d.s.db.sessions {
		if other.tx == nil {
			continue
		}
		for i := range other.tx.changes {
			if other.tx.changes[i].t == t {
				return nil, oraError(54)
			}
		}
	}
	return t, nil
}

// touched notes that a table's definition has changed, and writes the redo of it.
func (d *definer) touched(t *table) {
	d.s.redoDefinition(t.owner, t.name, t.id, d.sql)
	t.version++
	t.changed, t.ddlSCN = d.s.db.now(), d.s.db.scn
	t.describe()
	d.s.db.forget()
}

func (d *definer) alterTable() error {
	t, err := d.ownTable("ALTER")
	if err != nil {
		return err
	}
	switch {
	case d.accept("ADD", "SUPPLEMENTAL", "LOG"):
		err = d.logClause(t, true)
		d.logged(t, err)
		return err
	case d.accept("DROP", "SUPPLEMENTAL", "LOG"):
		err = d.logClause(t, false)
		d.logged(t, err)
		return err
	case d.accept("ADD"):
		err = d.add(t)
	case d.accept("MODIFY"):
		err = d.modify(t)
	case d.accept("DROP"), d.accept("SET", "UNUSED"):
		err = d.dropPart(t)
	case d.accept("RENAME", "COLUMN"):
		err = d.renameColumn(t)
	case d.accept("RENAME", "TO"):
		delete(d.s.db.tables, t.objectName)
		t.name = d.next().text
		d.s.db.tables[t.objectName] = t
	case d.accept("ENABLE"), d.accept("DISABLE"):
		err = d.enable(t)
	default:
		return unsupported("ALTER TABLE " + d.peek().text)
	}
	if err == nil {
		d.touched(t)
	}
	return err
}

// logged writes the redo of supplemental logging, which is no new version of the rows.
func (d *definer) logged(t *table, err error) {
	if err == nil {
		d.s.redoDefinition(t.owner, t.name, t.id, d.sql)
		d.s.db.forget()
	}
}

// logClause reads GROUP name (columns) [ALWAYS], or DATA (kinds) COLUMNS.
func (d *definer) logClause(t *table, add bool) error {
	if d.accept("DATA") {
		return d.logData(&t.log, add)
	}
	if err := d.expect("GROUP"); err != nil {
		return err
	}
	g := logGroup{name: d.next().text}
	at := slices.IndexFunc(t.log.groups, func(o logGroup) bool { return o.name == g.name })
	if !add {
		if at < 0 {
			return oraError(32587, "group")
		}
		t.log.groups = slices.Delete(t.log.groups, at, at+1)
		return nil
	}
	if at >= 0 {
		return oraError(32588, g.name)
	}
	names, err := d.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		plain, noLog := strings.CutSuffix(name, " NO LOG")
		c := t.column(plain)
		if c == nil {
			return oraError(904, quote(plain))
		}
		if c.typ.lob() || c.typ.long() {
			return oraError(30566)
		}
		if noLog {
			g.noLog = append(g.noLog, plain)
		} else {
			g.columns = append(g.columns, plain)
		}
	}
	g.always = d.accept("ALWAYS")
	t.log.groups = append(t.log.groups, g)
	return nil
}

// add reads columns or constraints that a table gets.
func (d *definer) add(t *table) error {
	before := len(t.columns)
	keys := len(t.keys)
	var err error
	switch {
	case d.outOfLine():
		err = d.constraint(t, nil)
	case d.peek().is("("):
		err = d.elements(t)
	default:
		d.accept("COLUMN")
		err = d.columnDefinition(t)
	}
	if err != nil {
		t.columns, t.keys = t.columns[:before], t.keys[:keys]
		return err
	}
	for _, c := range t.columns[before:] {
		if err := d.addLite(t, c); err != nil {
			return err
		}
	}
	for _, k := range t.keys[keys:] {
		if err := d.existing(t, k); err != nil {
			t.keys = t.keys[:keys]
			return err
		}
		if len(k.columns) > 0 {
			if err := d.liteIndex(t, k.columns); err != nil {
				return err
			}
		}
	}
	return nil
}

// addLite adds a column to SQLite's table, with the default in every row.
func (d *definer) addLite(t *table, c *column) error {
	err := d.s.db.change("ALTER TABLE " + t.phys + " ADD COLUMN " + c.phys + " " +
		c.typ.declaration(d.s.db.addType(c.typ)))
	if err != nil || c.byDef == "" {
		return err
	}
	p, err := parse(c.byDef)
	if err != nil {
		return err
	}
	x := d.s.translator(p)
	x.write("SELECT ")
	if err := x.expression(); err != nil {
		return err
	}
	a, err := d.s.db.rowsOf(string(x.out))
	if err != nil {
		return err
	}
	v, err := d.s.store(a.rows[0][0], c.typ, place(t, c))
	if err != nil {
		return err
	}
	return d.s.db.run("UPDATE "+t.phys+" SET "+c.phys+" = ?", v)
}

// existing looks whether the rows that are there keep a constraint.
func (d *definer) existing(t *table, k *constraint) error {
	if k.disabled {
		return nil
	}
	a, err := d.s.db.rowsOf(`SELECT "#vid" FROM `+t.phys+` WHERE "#e" = ?`, open)
	if err != nil {
		return err
	}
	d.s.begin()
	for _, row := range a.rows {
		if err := d.s.checkKey(t, k, asInt(row[0])); err != nil {
			return err
		}
	}
	return nil
}

// modify reads columns with a changed type or rule.
func (d *definer) modify(t *table) error {
	several := d.accept("(")
	for {
		if err := d.modifyColumn(t); err != nil {
			return err
		}
		if several && d.accept(",") {
			continue
		}
		if several {
			return d.expect(")")
		}
		return nil
	}
}

func (d *definer) modifyColumn(t *table) error {
	name := d.next().text
	c := t.column(name)
	if c == nil {
		return oraError(904, quote(name))
	}
	if !d.done() && !d.peek().is("DEFAULT", "NOT", "NULL", "CONSTRAINT", ",", ")") {
		typ, err := d.parseType()
		if err != nil {
			return err
		}
		if err := d.retype(t, c, &typ); err != nil {
			return err
		}
	}
	return d.columnOptions(t, c)
}

// retype copies a column's values, in every version of a row, into one of a new type.
func (d *definer) retype(t *table, c *column, typ *dataType) error {
	db := d.s.db
	old := c.phys
	a, err := db.rowsOf(`SELECT "#vid", ` + old + " FROM " + t.phys + " WHERE " + old + " IS NOT NULL")
	if err != nil {
		return err
	}
	values := make([]any, len(a.rows))
	for i, row := range a.rows {
		if values[i], err = d.s.store(row[1], typ, place(t, c)); err != nil {
			return oraError(1441)
		}
	}
	t.made++
	moved := &column{name: c.name, typ: typ, phys: "c" + asText(int64(t.made))}
	if err := d.addLite(t, moved); err != nil {
		return err
	}
	for i, row := range a.rows {
		err := db.run("UPDATE "+t.phys+" SET "+moved.phys+` = ? WHERE "#vid" = ?`, values[i], row[0])
		if err != nil {
			return err
		}
	}
	c.typ, c.phys = typ, moved.phys
	for _, k := range t.keys {
		if slices.Contains(k.columns, c.name) {
			if err := d.liteIndex(t, k.columns); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropPart drops columns, constraints or the primary key.
func (d *definer) dropPart(t *table) error {
	var names []string
	switch {
	case d.accept("CONSTRAINT"):
		name := d.next().text
		n := slices.IndexFunc(t.keys, func(k *constraint) bool { return k.name == name })
		if n < 0 {
			return oraError(2443)
		}
		t.keys = slices.Delete(t.keys, n, n+1)
		return nil
	case d.accept("PRIMARY", "KEY"):
		t.keys = slices.DeleteFunc(t.keys, func(k *constraint) bool { return k.kind == "P" })
		return nil
	case d.accept("UNUSED", "COLUMNS"):
		return nil
	case d.accept("COLUMN"):
		names = []string{d.next().text}
	default:
		var err error
		if names, err = d.names(); err != nil {
			return err
		}
	}
	for _, name := range names {
		n := t.position(name)
		if n < 0 {
			return oraError(904, quote(name))
		}
		for _, k := range t.keys {
			if slices.Contains(k.columns, name) && len(k.columns) > 1 {
				return oraError(12991)
			}
		}
		t.keys = slices.DeleteFunc(t.keys, func(k *constraint) bool {
			return slices.Contains(k.columns, name)
		})
		t.columns = slices.Delete(t.columns, n, n+1)
	}
	return nil
}

func (d *definer) renameColumn(t *table) error {
	old := d.next().text
	c := t.column(old)
	if c == nil {
		return oraError(904, quote(old))
	}
	if err := d.expect("TO"); err != nil {
		return err
	}
	c.name = d.next().text
	for _, k := range t.keys {
		for i := range k.columns {
			if k.columns[i] == old {
				k.columns[i] = c.name
			}
		}
	}
	return nil
}

func (d *definer) enable(t *table) error {
	on := d.ahead(-1).is("ENABLE")
	if !d.accept("CONSTRAINT") {
		return nil
	}
	name := d.next().text
	for _, k := range t.keys {
		if k.name == name {
			k.disabled = !on
			return nil
		}
	}
	return oraError(2443)
}

func (d *definer) drop() error {
	switch {
	case d.accept("TABLE"):
		return d.dropTable()
	case d.accept("USER"):
		name := d.next().text
		if d.s.db.users[name] == nil {
			return oraError(1918, name)
		}
		delete(d.s.db.users, name)
		return nil
	case d.accept("INDEX"):
		name := d.token(len(d.tokens) - 1).text
		for _, t := range d.s.db.tables {
			n := slices.IndexFunc(t.indexes, func(i *index) bool { return i.name == name })
			if n >= 0 {
				t.indexes = slices.Delete(t.indexes, n, n+1)
				t.keys = slices.DeleteFunc(t.keys, func(k *constraint) bool {
					return k.kind == "I" && k.name == name
				})
				return nil
			}
		}
		return oraError(1418)
	case d.accept("SEQUENCE"):
		owner, name, err := d.qualified(d.s.schema)
		delete(d.s.db.sequences, objectName{owner, name})
		return err
	}
	return nil
}

func (d *definer) dropTable() error {
	t, err := d.ownTable("DROP")
	if err != nil {
		return err
	}
	for _, other := range d.s.db.tables {
		for _, k := range other.keys {
			if k.refers == t && other != t && !d.peek().is("CASCADE") {
				return oraError(2449)
			}
		}
		other.keys = slices.DeleteFunc(other.keys, func(k *constraint) bool {
			return k.refers == t && other != t
		})
	}
	d.s.redoDefinition(t.owner, t.name, t.id, d.sql)
	delete(d.s.db.tables, t.objectName)
	return d.s.db.change("DROP TABLE " + t.phys)
}

func (d *definer) truncate() error {
	if err := d.expect("TABLE"); err != nil {
		return err
	}
	t, err := d.ownTable("DROP")
	if err != nil {
		return err
	}
	if err := d.s.db.run("DELETE FROM " + t.phys); err != nil {
		return err
	}
	d.s.db.nextID++
	t.dataID, t.extents, t.rows = d.s.db.nextID, nil, 0
	d.s.redoDefinition(t.owner, t.name, t.id, d.sql)
	t.changed, t.ddlSCN = d.s.db.now(), d.s.db.scn
	return nil
}

// rename is RENAME a TO b.
func (d *definer) rename() error {
	t, err := d.ownTable("ALTER")
	if err != nil {
		return err
	}
	if err := d.expect("TO"); err != nil {
		return err
	}
	delete(d.s.db.tables, t.objectName)
	t.name = d.next().text
	d.s.db.tables[t.objectName] = t
	d.touched(t)
	return nil
}
