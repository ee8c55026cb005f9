package oradb

import (
	"fmt"
	"slices"
	"strings"
)

// newTable begins a table without columns.
func (db *DB) newTable(name objectName) *table {
	db.nextID++
	now := db.now()
	return &table{objectName: name, id: db.nextID, dataID: db.nextID, created: now, changed: now,
		phys: fmt.Sprintf("t%d", db.nextID), version: 1}
}

// createTable reads CREATE TABLE name (columns and constraints) [options], or AS SELECT.
func (d *definer) createTable(temporary bool) error {
	owner, name, err := d.qualified(d.s.schema)
	if err != nil {
		return err
	}
	db := d.s.db
	if db.users[owner] == nil {
		return oraError(1918, owner)
	}
	if owner != d.s.user.name && !d.s.has("CREATE ANY TABLE") || !d.s.has("CREATE TABLE") &&
		!d.s.has("RESOURCE") {
		return oraError(1031)
	}
	if db.tables[objectName{owner, name}] != nil {
		return oraError(955)
	}
	t := db.newTable(objectName{owner, name})
	t.temporary = temporary
	if d.peek().is("(") {
		if err := d.elements(t); err != nil {
			return err
		}
	}
	as := d.skipTo(d.at, "AS")
	var rows *answer
	if as < len(d.tokens) {
		if rows, err = d.asSelect(t, as+1); err != nil {
			return err
		}
	}
	if len(t.columns) == 0 {
		return oraError(906)
	}
	if err := d.make(t); err != nil {
		return err
	}
	d.s.redoDefinition(owner, name, t.id, d.sql)
	if rows == nil {
		return nil
	}
	for _, row := range rows.rows {
		if _, err := d.s.insertRow(t, row); err != nil {
			return err
		}
	}
	return d.s.commit()
}

// asSelect runs the query of CREATE TABLE ... AS SELECT, and takes its columns.
func (d *definer) asSelect(t *table, at int) (*answer, error) {
	p, err := d.s.compile(d.between(at, len(d.tokens)))
	if err != nil {
		return nil, err
	}
	args, err := d.s.arguments(p, nil)
	if err != nil {
		return nil, err
	}
	a, err := d.s.db.rowsOf(p.sql, args...)
	if err != nil {
		return nil, err
	}
	for i, typ := range d.s.typesOf(a) {
		copied := *typ
		t.addColumn(&column{name: a.names[i], typ: &copied})
	}
	return a, nil
}

func (t *table) addColumn(c *column) {
	t.made++
	c.phys = fmt.Sprintf("c%d", t.made)
	t.columns = append(t.columns, c)
}

// make enters the table into the dictionary, and makes SQLite's.
func (d *definer) make(t *table) error {
	db := d.s.db
	rid := dataTypeRowID()
	list := []string{`"#vid" INTEGER PRIMARY KEY`, `"#rid" ` + rid.declaration(db.addType(rid)),
		`"#b" INTEGER`, `"#e" INTEGER`, `"#bt" INTEGER`, `"#et" INTEGER`}
	for _, c := range t.columns {
		list = append(list, c.phys+" "+c.typ.declaration(db.addType(c.typ)))
	}
	err := db.change("CREATE TABLE " + t.phys + " (" + strings.Join(list, ", ") + ")")
	if err != nil {
		return err
	}
	if err := db.change("CREATE INDEX " + t.phys + "r ON " + t.phys + ` ("#rid")`); err != nil {
		return err
	}
	for _, k := range t.keys {
		if len(k.columns) > 0 {
			if err := d.liteIndex(t, k.columns); err != nil {
				return err
			}
		}
	}
	t.describe()
	db.tables[t.objectName] = t
	return nil
}

// elements reads ( column or constraint, ... ).
func (d *definer) elements(t *table) error {
	d.at++
	for {
		var err error
		if d.outOfLine() {
			err = d.constraint(t, nil)
		} else {
			err = d.columnDefinition(t)
		}
		if err != nil {
			return err
		}
		if d.accept(")") {
			return nil
		}
		if err := d.expect(","); err != nil {
			return err
		}
	}
}

// outOfLine reports whether a constraint of the table comes next.
func (d *definer) outOfLine() bool {
	t := d.peek()
	return t.is("CONSTRAINT", "SUPPLEMENTAL") || t.is("PRIMARY", "FOREIGN") && d.ahead(1).is("KEY") ||
		t.is("UNIQUE", "CHECK") && d.ahead(1).is("(")
}

// columnDefinition reads NAME TYPE [DEFAULT x] [NOT NULL] [constraint ...].
func (d *definer) columnDefinition(t *table) error {
	name := d.next()
	if !name.name() {
		d.at--
		return d.fail(904, name.text)
	}
	if t.column(name.text) != nil {
		return oraError(1430)
	}
	typ, err := d.parseType()
	if err != nil {
		return err
	}
	if typ.character() && !typ.chars && d.s.nls["NLS_LENGTH_SEMANTICS"] == "CHAR" {
		typ.chars = true
	}
	c := &column{name: name.text, typ: &typ}
	t.addColumn(c)
	return d.columnOptions(t, c)
}

// columnOptions reads what follows a column's type.
func (d *definer) columnOptions(t *table, c *column) error {
	for !d.done() && !d.peek().is(",", ")") {
		var err error
		switch {
		case d.accept("DEFAULT"):
			d.accept("ON", "NULL")
			end := d.skipTo(d.at, ",", "NOT", "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES")
			c.byDef = d.between(d.at, end)
			d.at = end
		case d.accept("GENERATED"):
			err = d.identityOption(c)
		case d.accept("NOT", "NULL"):
			c.notNull = true
			d.accept("ENABLE")
		case d.accept("NULL"):
			c.notNull = false
		case d.peek().is("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES"):
			err = d.constraint(t, c)
		default:
			return d.fail(907)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// identityOption reads [ALWAYS | BY DEFAULT [ON NULL]] AS IDENTITY [( ... )].
func (d *definer) identityOption(c *column) error {
	c.identity = "ALWAYS"
	if d.accept("BY", "DEFAULT") {
		c.identity = "BY DEFAULT"
		d.accept("ON", "NULL")
	} else {
		d.accept("ALWAYS")
	}
	if !d.accept("AS", "IDENTITY") {
		return unsupported("virtual columns")
	}
	c.notNull, c.sequence = true, sequence{next: 1, step: 1}
	if d.accept("(") {
		for !d.accept(")") && !d.done() {
			if d.accept("START", "WITH") {
				c.sequence.next = int64(d.integer())
				continue
			}
			d.at++
		}
	}
	return nil
}

// constraint reads one, of the table or in line with a column.
func (d *definer) constraint(t *table, c *column) error {
	k := &constraint{}
	if d.accept("SUPPLEMENTAL", "LOG") {
		return d.logClause(t, true)
	}
	if d.accept("CONSTRAINT") {
		k.name = d.next().text
	} else {
		d.s.db.nextID++
		k.name, k.generated = fmt.Sprintf("SYS_C%07d", d.s.db.nextID), true
	}
	if c != nil && d.accept("NOT", "NULL") {
		c.notNull = true
		return nil
	}
	if err := d.constraintBody(t, c, k); err != nil {
		return err
	}
	d.constraintState(k)
	for _, name := range k.columns {
		col := t.column(name)
		if col == nil {
			return oraError(904, quote(name))
		}
		col.notNull = col.notNull || k.kind == "P"
	}
	if k.kind == "P" && t.key("P") != nil {
		return oraError(2260)
	}
	t.keys = append(t.keys, k)
	return nil
}

func (d *definer) constraintBody(t *table, c *column, k *constraint) error {
	columns := func() error {
		if c != nil {
			k.columns = []string{c.name}
			return nil
		}
		var err error
		k.columns, err = d.names()
		return err
	}
	switch {
	case d.accept("PRIMARY", "KEY"):
		k.kind = "P"
		return columns()
	case d.accept("UNIQUE"):
		k.kind = "U"
		return columns()
	case d.accept("CHECK"):
		k.kind = "C"
		end := d.skipTo(d.at + 1)
		if !d.accept("(") || end >= len(d.tokens) {
			return d.fail(907)
		}
		k.condition = d.between(d.at, end)
		d.at = end + 1
		return nil
	case c != nil && d.peek().is("REFERENCES"), d.accept("FOREIGN", "KEY"):
		k.kind = "R"
		if err := columns(); err != nil {
			return err
		}
		return d.references(t, k)
	}
	return d.fail(904, d.peek().text)
}

// references reads REFERENCES t [(columns)] [ON DELETE x].
func (d *definer) references(t *table, k *constraint) error {
	if err := d.expect("REFERENCES"); err != nil {
		return err
	}
	owner, name, err := d.qualified(t.owner)
	if err != nil {
		return err
	}
	parent := d.s.db.tables[objectName{owner, name}]
	if owner == t.owner && name == t.name {
		parent = t
	}
	if parent == nil {
		return oraError(942)
	}
	k.refers, k.refersKey = parent, parent.key("P")
	if d.peek().is("(") {
		columns, err := d.names()
		if err != nil {
			return err
		}
		for _, other := range parent.keys {
			if (other.kind == "P" || other.kind == "U") && slices.Equal(other.columns, columns) {
				k.refersKey = other
			}
		}
	}
	if k.refersKey == nil {
		return oraError(2270)
	}
	if d.accept("ON", "DELETE") {
		if k.onDelete = "CASCADE"; !d.accept("CASCADE") {
			d.accept("SET", "NULL")
			k.onDelete = "SET NULL"
		}
	}
	return nil
}

// constraintState reads DEFERRABLE, INITIALLY DEFERRED, DISABLE and what is ignored.
func (d *definer) constraintState(k *constraint) {
	for {
		switch {
		case d.accept("NOT", "DEFERRABLE"), d.accept("INITIALLY", "IMMEDIATE"), d.accept("ENABLE"),
			d.accept("VALIDATE"), d.accept("NOVALIDATE"), d.accept("RELY"), d.accept("USING", "INDEX"):
		case d.accept("DEFERRABLE"):
			k.deferrable = true
		case d.accept("INITIALLY", "DEFERRED"):
			k.deferrable, k.deferred = true, true
		case d.accept("DISABLE"):
			k.disabled = true
		default:
			return
		}
	}
}
