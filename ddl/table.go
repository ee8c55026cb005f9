package ddl

import (
	"fmt"
	"strings"

	"ggsh/record"
)

// Table is a table's columns and keys while DDL is applied to them.
type Table struct {
	Columns []record.ColumnDef
	Primary []string   // names of the primary key's columns
	Unique  [][]string // of further unique keys
	names   []string   // of Unique
	Charset string     // default of the table's columns
}

// FromDef makes a Table of a definition. charset is the default of new columns when
// the statement gives none; empty stops at such a column.
func FromDef(def *record.TableDef, charset string) *Table {
	t := &Table{Columns: append([]record.ColumnDef(nil), def.Columns...), Charset: charset}
	for _, k := range def.Key {
		t.Primary = append(t.Primary, def.Columns[k].Name)
	}
	for _, u := range def.Unique {
		var names []string
		for _, k := range u {
			names = append(names, def.Columns[k].Name)
		}
		t.addUnique("", names)
	}
	return t
}

func (t *Table) addUnique(name string, columns []string) {
	t.Unique, t.names = append(t.Unique, columns), append(t.names, name)
}

// Def makes a definition again.
func (t *Table) Def(schema, name, database string) *record.TableDef {
	def := &record.TableDef{Schema: schema, Name: name, Database: database, Columns: t.Columns}
	def.Key, _ = t.positions(t.Primary)
	for _, u := range t.Unique {
		if key, ok := t.positions(u); ok && len(key) > 0 {
			def.Unique = append(def.Unique, key)
		}
	}
	return def
}

func (t *Table) positions(names []string) ([]int, bool) {
	var key []int
	for _, n := range names {
		i := t.find(n)
		if i < 0 {
			return nil, false
		}
		key = append(key, i)
	}
	return key, true
}

func (t *Table) find(name string) int {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return i
		}
	}
	return -1
}

// UnknownError says that a statement was not understood.
type UnknownError struct{ Near string }

// Error names the place where reading stopped.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("the statement is not understood near %q", e.Near)
}

// unknown reports the place where reading stopped.
func (p *parser) unknown() error {
	near := p.lex.text[min(p.tok.from, len(p.lex.text)):]
	if len(near) > 40 {
		near = near[:40]
	}
	return &UnknownError{Near: near}
}

// Create reads the columns of CREATE TABLE with a list of columns. charset is the
// default of the schema.
func (s *Statement) Create(charset string) (*Table, error) {
	p := newParser(s.text, s.ansi)
	for !p.word("TABLE") {
		if p.tok.kind == tokenEnd {
			return nil, p.unknown()
		}
		p.advance()
	}
	skipExists(p)
	if _, ok := p.name(); !ok || !p.symbol("(") {
		return nil, p.unknown()
	}
	t := &Table{Charset: tableCharset(s.text, s.ansi, charset)}
	for {
		if err := t.element(p, -1); err != nil {
			return nil, err
		}
		if p.symbol(")") {
			break
		}
		if !p.symbol(",") {
			return nil, p.unknown()
		}
	}
	for p.tok.kind != tokenEnd {
		if p.word("SELECT", "AS") {
			return nil, p.unknown() // columns come from the query
		}
		p.advance()
	}
	return t, nil
}

// tableCharset finds DEFAULT CHARSET and COLLATE behind the list of columns.
func tableCharset(text string, ansi bool, charset string) string {
	p := newParser(text, ansi)
	for !p.isSymbol("(") && p.tok.kind != tokenEnd {
		p.advance()
	}
	p.skipBrackets()
	for p.tok.kind != tokenEnd {
		if p.isSymbol("(") {
			p.skipBrackets()
			continue
		}
		if cs, ok := p.charsetClause(); ok {
			charset = cs
			continue
		}
		p.advance()
	}
	return charset
}

// charsetClause reads CHARACTER SET x, CHARSET x or COLLATE x.
func (p *parser) charsetClause() (string, bool) {
	switch {
	case p.word("CHARSET"):
	case p.peek("CHARACTER"):
		p.advance()
		if !p.word("SET") {
			return "", false
		}
	case p.word("COLLATE"):
		p.symbol("=")
		name := p.tok.text
		p.advance()
		base, _, _ := strings.Cut(strings.ToLower(name), "_")
		if base == "utf8" {
			base = "utf8mb3"
		}
		return base, base != "uca1400" && base != "default"
	default:
		return "", false
	}
	p.symbol("=")
	name := strings.ToLower(p.tok.text)
	p.advance()
	if name == "utf8" {
		name = "utf8mb3"
	}
	return name, name != "default"
}

// skipBrackets passes a bracket and all up to its end.
func (p *parser) skipBrackets() {
	depth := 0
	for p.tok.kind != tokenEnd {
		switch {
		case p.isSymbol("("):
			depth++
		case p.isSymbol(")"):
			depth--
		}
		p.advance()
		if depth == 0 {
			return
		}
	}
}

// element reads one column or key of CREATE TABLE, or of ALTER TABLE ADD, where at
// is the column's place, -1 for the end.
func (t *Table) element(p *parser, at int) error {
	if p.tok.kind == tokenWord && t.key(p) {
		return nil
	}
	name, ok := p.ident()
	if !ok {
		return p.unknown()
	}
	c, err := t.column(p, name)
	if err != nil {
		return err
	}
	return t.insert(p, c, at)
}

// insert puts a column in its place: FIRST, AFTER x, or at.
func (t *Table) insert(p *parser, c record.ColumnDef, at int) error {
	if at < 0 {
		at = len(t.Columns)
	}
	switch {
	case p.word("FIRST"):
		at = 0
	case p.word("AFTER"):
		name, ok := p.ident()
		i := t.find(name)
		if !ok || i < 0 {
			return p.unknown()
		}
		at = i + 1
	}
	t.Columns = append(t.Columns, record.ColumnDef{})
	copy(t.Columns[at+1:], t.Columns[at:])
	t.Columns[at] = c
	return nil
}

// key reads a key or constraint; false when a column begins here.
func (t *Table) key(p *parser) bool {
	switch {
	case p.peek("CONSTRAINT"):
		p.advance()
		if !p.peek("PRIMARY", "UNIQUE", "FOREIGN", "CHECK") {
			p.advance()
		}
		t.key(p)
		return true
	case p.peek("PRIMARY"):
		p.advance()
		p.word("KEY")
		t.Primary = p.keyColumns()
		t.notNull(t.Primary)
	case p.peek("UNIQUE"):
		p.advance()
		p.word("KEY", "INDEX")
		name := ""
		if !p.isSymbol("(") && !p.peek("USING") {
			skipExists(p)
			name, _ = p.ident()
		}
		t.addUnique(name, p.keyColumns())
	case p.peek("FULLTEXT", "SPATIAL", "FOREIGN", "CHECK", "PERIOD"), p.plainKey():
	default:
		return false
	}
	p.skipElement()
	return true
}

// plainKey tells KEY name (...) from a column that is named key.
func (p *parser) plainKey() bool { return p.peek("KEY", "INDEX") }

func (t *Table) notNull(names []string) {
	for _, n := range names {
		if i := t.find(n); i >= 0 {
			t.Columns[i].Nullable = false
		}
	}
}

// keyColumns reads the columns in brackets, wherever these come.
func (p *parser) keyColumns() []string {
	for !p.isSymbol("(") && p.tok.kind != tokenEnd {
		p.advance()
	}
	p.advance()
	var names []string
	for p.tok.kind != tokenEnd && !p.symbol(")") {
		if p.isSymbol("(") { // an expression: no key of columns
			p.skipBrackets()
			names = append(names, "")
			continue
		}
		name, ok := p.ident()
		if ok {
			names = append(names, name)
		}
		for p.tok.kind != tokenEnd && !p.isSymbol(",") && !p.isSymbol(")") {
			if p.isSymbol("(") {
				p.skipBrackets()
			} else {
				p.advance()
			}
		}
		p.symbol(",")
	}
	return names
}

// skipElement passes what is left of an element.
func (p *parser) skipElement() {
	for p.tok.kind != tokenEnd && !p.isSymbol(",") && !p.isSymbol(")") {
		if p.isSymbol("(") {
			p.skipBrackets()
			continue
		}
		p.advance()
	}
}

// column reads type and attributes behind a column's name.
func (t *Table) column(p *parser, name string) (record.ColumnDef, error) {
	c := record.ColumnDef{Name: name, Nullable: true}
	from := p.tok.from
	if p.peek("SERIAL") {
		p.advance()
		c.Type, c.Nullable = "bigint unsigned", false
		t.addUnique(name, []string{name})
	} else {
		typ, ok := parseType(p)
		if !ok || p.end < from {
			return c, p.unknown()
		}
		c.Type = p.lex.text[from:p.end]
		t.typed(&c, typ)
	}
	if err := t.attributes(p, &c); err != nil {
		return c, err
	}
	if c.Kind == kindText && c.Charset == "" {
		return c, p.unknown()
	}
	return c, nil
}

// kindText marks a column that needs a charset while it is read.
const kindText = record.Kind(255)

// typed derives what follows from the type.
func (t *Table) typed(c *record.ColumnDef, typ Type) {
	c.Labels, c.Length, c.Precision, c.Scale = typ.Labels, typ.Length, typ.Precision, typ.Scale
	switch typ.Base {
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set":
		c.Charset, c.Kind = t.Charset, kindText
	}
}

// attributes reads what stands behind the type, as far as it matters.
func (t *Table) attributes(p *parser, c *record.ColumnDef) error {
	for p.tok.kind != tokenEnd && !p.isSymbol(",") && !p.isSymbol(")") {
		switch {
		case p.peek("FIRST", "AFTER"):
			return nil
		case p.isSymbol("("):
			p.skipBrackets()
		case p.peek("NOT"):
			p.advance()
			if p.word("NULL") {
				c.Nullable = false
			}
		case p.word("PRIMARY"):
			p.word("KEY")
			t.Primary, c.Nullable = []string{c.Name}, false
		case p.word("KEY"):
			t.Primary, c.Nullable = []string{c.Name}, false
		case p.word("UNIQUE"):
			p.word("KEY")
			t.addUnique(c.Name, []string{c.Name})
		case p.word("GENERATED", "VIRTUAL", "STORED", "PERSISTENT"):
			c.Generated = true
		case p.word("AS"):
			c.Generated = true
		case p.word("INVISIBLE"):
			c.Invisible = true
		case p.word("DEFAULT"), p.word("COMMENT"):
			if !p.isSymbol("(") {
				p.advance()
			}
		case p.word("UNICODE"):
			c.Charset = "ucs2"
		case p.word("ASCII"):
			c.Charset = "latin1"
		case p.word("BYTE"):
			return p.unknown()
		default:
			if cs, ok := p.charsetClause(); ok {
				if c.Kind == kindText {
					c.Charset = cs
				}
			} else {
				p.advance()
			}
		}
	}
	if c.Charset == "binary" && c.Kind == kindText {
		return p.unknown() // CHARACTER SET binary changes the type
	}
	return nil
}
