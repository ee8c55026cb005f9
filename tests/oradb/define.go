package oradb

import (
	"fmt"
	"strings"

	"ggsh/tests/tns"
)

// definer is a DDL statement under way.
type definer struct {
	*parser
	s *session
}

// define runs a DDL statement: what is open is committed before and after it.
func (s *session) define(statement string) (*tns.Result, error) {
	p, err := parse(statement)
	if err != nil {
		return nil, err
	}
	d := &definer{p, s}
	if d.accept("ALTER", "SESSION") {
		return &tns.Result{}, d.alterSession()
	}
	if err := s.commit(); err != nil {
		return nil, err
	}
	first := d.next()
	switch first.text {
	case "CREATE":
		err = d.create()
	case "ALTER":
		err = d.alter()
	case "DROP":
		err = d.drop()
	case "TRUNCATE":
		err = d.truncate()
	case "RENAME":
		err = d.rename()
	case "GRANT", "REVOKE":
		err = d.grant(first.text == "GRANT")
	case "COMMENT", "PURGE":
	}
	if err != nil {
		return nil, err
	}
	s.db.ddl++
	return &tns.Result{}, nil
}

// alterSession sets NLS parameters, the schema and what is only accepted.
func (d *definer) alterSession() error {
	if d.accept("ENABLE") || d.accept("DISABLE") || d.accept("CLOSE") || d.accept("ADVISE") {
		return nil
	}
	if err := d.expect("SET"); err != nil {
		return oraError(922)
	}
	for !d.done() {
		name := d.next().text
		if name == "EVENTS" {
			return nil
		}
		if err := d.expect("="); err != nil {
			return oraError(922)
		}
		value := d.next()
		switch {
		case name == "CURRENT_SCHEMA":
			if d.s.db.users[value.text] == nil {
				return oraError(1435)
			}
			d.s.schema = value.text
		case name == "CONTAINER":
			if value.text != "CDB$ROOT" && value.text != d.s.db.options.Name {
				return oraError(65011, value.text)
			}
			return oraError(65090)
		case strings.HasPrefix(name, "NLS_"):
			d.s.nls[name] = value.text
		case name == "TIME_ZONE":
			d.s.nls["TIME_ZONE"] = value.text
		}
	}
	return nil
}

func (d *definer) create() error {
	switch {
	case d.accept("TABLE"):
		return d.createTable(false)
	case d.accept("GLOBAL", "TEMPORARY", "TABLE"):
		return d.createTable(true)
	case d.accept("UNIQUE", "INDEX"):
		return d.createIndex(true)
	case d.accept("INDEX"), d.accept("BITMAP", "INDEX"):
		return d.createIndex(false)
	case d.accept("USER"):
		name := d.next().text
		if d.s.db.users[name] != nil {
			return oraError(1920, name)
		}
		d.s.db.addUser(name).limited = true
		return nil
	case d.accept("SEQUENCE"):
		return d.createSequence()
	case d.accept("ROLE"), d.accept("TABLESPACE"), d.accept("DIRECTORY"), d.accept("PROFILE"):
		return nil
	}
	return unsupported("CREATE " + d.peek().text)
}

func (d *definer) createSequence() error {
	owner, name, err := d.qualified(d.s.schema)
	if err != nil {
		return err
	}
	q := &sequence{next: 1, step: 1}
	for !d.done() {
		switch {
		case d.accept("START", "WITH"):
			q.next = int64(d.integer())
		case d.accept("INCREMENT", "BY"):
			q.step = int64(d.integer())
		default:
			d.at++
		}
	}
	d.s.db.sequences[objectName{owner, name}] = q
	return nil
}

// createIndex makes an index; a unique one counts as a key without a constraint.
func (d *definer) createIndex(unique bool) error {
	owner, name, err := d.qualified(d.s.schema)
	if err != nil {
		return err
	}
	if err := d.expect("ON"); err != nil {
		return err
	}
	tableOwner, tableName, err := d.qualified(d.s.schema)
	if err != nil {
		return err
	}
	t, err := d.s.tableNamed(tableOwner, tableName)
	if err != nil {
		return err
	}
	columns, err := d.names()
	if err != nil {
		return err
	}
	for _, c := range columns {
		if t.column(c) == nil {
			return oraError(904, quote(c))
		}
	}
	t.indexes = append(t.indexes, &index{name, columns, unique})
	if unique {
		t.keys = append(t.keys, &constraint{name: name, kind: "I", columns: columns})
	}
	d.s.redoDefinition(owner, name, 0, d.sql)
	return d.liteIndex(t, columns)
}

// liteIndex makes lookups by some columns fast.
func (d *definer) liteIndex(t *table, columns []string) error {
	var list []string
	for _, name := range columns {
		list = append(list, t.column(name).phys)
	}
	d.s.db.nextID++
	return d.s.db.change(fmt.Sprintf("CREATE INDEX i%d ON %s (%s)", d.s.db.nextID, t.phys,
		strings.Join(list, ", ")))
}

func (d *definer) alter() error {
	switch {
	case d.accept("TABLE"):
		return d.alterTable()
	case d.accept("DATABASE"):
		return d.alterDatabase()
	case d.accept("SYSTEM", "SWITCH", "LOGFILE"), d.accept("SYSTEM", "ARCHIVE", "LOG", "CURRENT"):
		for _, t := range d.s.db.threads {
			d.s.db.switchLog(t)
		}
		return nil
	case d.accept("SYSTEM"), d.accept("USER"), d.accept("INDEX"), d.accept("TRIGGER"):
		return nil
	case d.accept("SEQUENCE"):
		owner, name, err := d.qualified(d.s.schema)
		if err != nil {
			return err
		}
		q := d.s.db.sequences[objectName{owner, name}]
		if q == nil {
			return oraError(2289)
		}
		if d.accept("RESTART", "START", "WITH") || d.accept("RESTART", "WITH") {
			q.next = int64(d.integer())
		}
		return nil
	}
	return unsupported("ALTER " + d.peek().text)
}

// alterDatabase sets supplemental logging and FORCE LOGGING.
func (d *definer) alterDatabase() error {
	if !d.s.has("ALTER DATABASE") {
		return oraError(1031)
	}
	db := d.s.db
	switch {
	case d.accept("FORCE", "LOGGING"):
		db.forced = true
	case d.accept("NO", "FORCE", "LOGGING"):
		db.forced = false
	case d.accept("ADD", "SUPPLEMENTAL", "LOG", "DATA"):
		db.database.minimal = true
		return d.logData(&db.database, true)
	case d.accept("DROP", "SUPPLEMENTAL", "LOG", "DATA"):
		if d.done() {
			db.database = logData{}
			return nil
		}
		return d.logData(&db.database, false)
	}
	return nil
}

// logData reads (ALL) COLUMNS and its kin.
func (d *definer) logData(l *logData, on bool) error {
	if !d.accept("(") {
		return nil
	}
	for {
		switch {
		case d.accept("ALL"):
			l.all = on
		case d.accept("PRIMARY", "KEY"):
			l.primary = on
		case d.accept("UNIQUE", "INDEX"), d.accept("UNIQUE"):
			l.unique = on
		case d.accept("FOREIGN", "KEY"):
			l.foreignKey = on
		default:
			return d.fail(922)
		}
		if !d.accept(",") {
			break
		}
	}
	if err := d.expect(")"); err != nil {
		return err
	}
	return d.expect("COLUMNS")
}

func (d *definer) grant(give bool) error {
	var privileges []string
	for !d.done() && !d.peek().is("ON", "TO", "FROM") {
		var words []string
		for !d.done() && !d.peek().is(",", "ON", "TO", "FROM") {
			words = append(words, d.next().text)
		}
		d.accept(",")
		privileges = append(privileges, strings.TrimSuffix(strings.Join(words, " "), " PRIVILEGES"))
	}
	var on *objectName
	if d.accept("ON") {
		owner, name, err := d.qualified(d.s.schema)
		if err != nil {
			return err
		}
		if d.s.db.tables[objectName{owner, name}] == nil && (d.s.db.viewNamed(name) != nil ||
			strings.HasPrefix(name, "DBMS_")) {
			owner = "SYS"
		}
		on = &objectName{owner, name}
	}
	if !d.accept("TO") && !d.accept("FROM") {
		return d.fail(905)
	}
	for {
		u := d.s.db.users[d.next().text]
		if u == nil {
			return oraError(1917)
		}
		u.set(privileges, on, give)
		if !d.accept(",") {
			return nil
		}
	}
}

func (u *user) set(privileges []string, on *objectName, give bool) {
	for _, p := range privileges {
		if on == nil {
			if u.grants[p] = true; !give {
				delete(u.grants, p)
			}
			continue
		}
		if u.objects[*on] == nil {
			u.objects[*on] = map[string]bool{}
		}
		if u.objects[*on][p] = true; !give {
			delete(u.objects[*on], p)
		}
	}
}
