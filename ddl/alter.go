package ddl

import (
	"strings"

	"ggsh/record"
)

// Alter applies ALTER TABLE to t. On error t is half changed and must be dropped.
func (s *Statement) Alter(t *Table) error {
	p := newParser(s.text, s.ansi)
	for !p.word("TABLE") {
		if p.tok.kind == tokenEnd {
			return p.unknown()
		}
		p.advance()
	}
	skipExists(p)
	if _, ok := p.name(); !ok {
		return p.unknown()
	}
	if p.word("WAIT") {
		p.advance()
	}
	p.word("NOWAIT")
	for p.tok.kind != tokenEnd {
		from := p.tok.from
		if err := t.alterOnce(p); err != nil {
			return err
		}
		// Options follow each other without commas.
		if !p.symbol(",") && p.tok.from == from {
			p.advance()
		}
	}
	if len(t.Columns) == 0 {
		return p.unknown()
	}
	return nil
}

// alterOnce applies one part of ALTER TABLE.
func (t *Table) alterOnce(p *parser) error {
	switch {
	case p.word("ADD"):
		return t.alterAdd(p)
	case p.word("DROP"):
		return t.alterDrop(p)
	case p.word("MODIFY"):
		p.word("COLUMN")
		skipExists(p)
		name, ok := p.ident()
		if !ok {
			return p.unknown()
		}
		return t.redefine(p, name, name)
	case p.word("CHANGE"):
		p.word("COLUMN")
		skipExists(p)
		from, ok1 := p.ident()
		to, ok2 := p.ident()
		if !ok1 || !ok2 {
			return p.unknown()
		}
		return t.redefine(p, from, to)
	case p.word("RENAME"):
		return t.alterRename(p)
	case p.peek("CONVERT"):
		p.advance()
		if p.word("TO") {
			return t.convert(p)
		}
		p.skipElement()
		return nil
	case p.word("ALTER"):
		return t.alterColumn(p)
	}
	p.word("DEFAULT")
	if cs, ok := p.charsetClause(); ok {
		t.Charset = cs
		return nil
	}
	p.skipElement()
	return nil
}

func (t *Table) alterAdd(p *parser) error {
	if p.peek("PARTITION", "SYSTEM") {
		p.skipElement()
		return nil
	}
	column := p.word("COLUMN")
	skipExists(p)
	if p.symbol("(") {
		for {
			if err := t.element(p, -1); err != nil {
				return err
			}
			if p.symbol(")") {
				return nil
			}
			if !p.symbol(",") {
				return p.unknown()
			}
		}
	}
	if !column {
		return t.element(p, -1)
	}
	name, ok := p.ident()
	if !ok {
		return p.unknown()
	}
	if t.find(name) >= 0 { // ADD COLUMN IF NOT EXISTS of one that exists
		p.skipElement()
		return nil
	}
	c, err := t.column(p, name)
	if err != nil {
		return err
	}
	return t.insert(p, c, -1)
}

func (t *Table) alterDrop(p *parser) error {
	switch {
	case p.peek("PARTITION", "FOREIGN", "CHECK", "SYSTEM", "PERIOD"):
		p.skipElement()
		return nil
	case p.word("PRIMARY"):
		t.Primary = nil
		p.skipElement()
		return nil
	case p.word("KEY", "INDEX", "CONSTRAINT"):
		skipExists(p)
		name, _ := p.ident()
		t.dropUnique(name)
		p.skipElement()
		return nil
	}
	p.word("COLUMN")
	exists := skipExists(p)
	name, ok := p.ident()
	i := t.find(name)
	if !ok || i < 0 && !exists {
		return p.unknown()
	}
	if i >= 0 {
		t.Columns = append(t.Columns[:i:i], t.Columns[i+1:]...)
		t.Primary = withoutName(t.Primary, name)
		for u := range t.Unique {
			t.Unique[u] = withoutName(t.Unique[u], name)
		}
	}
	p.skipElement()
	return nil
}

// dropUnique removes a unique key. The names of keys of a definition are not known:
// then all of them go, since a key too few only makes replication careful.
func (t *Table) dropUnique(name string) {
	for i, n := range t.names {
		if n != "" && strings.EqualFold(n, name) {
			t.Unique = append(t.Unique[:i:i], t.Unique[i+1:]...)
			t.names = append(t.names[:i:i], t.names[i+1:]...)
			return
		}
	}
	t.Unique, t.names = nil, nil
}

// redefine gives a column a new name, type and place.
func (t *Table) redefine(p *parser, from, to string) error {
	i := t.find(from)
	if i < 0 {
		return p.unknown()
	}
	c, err := t.column(p, to)
	if err != nil {
		return err
	}
	t.Columns = append(t.Columns[:i:i], t.Columns[i+1:]...)
	t.renameInKeys(from, to)
	for _, k := range t.Primary {
		if strings.EqualFold(k, to) {
			c.Nullable = false
		}
	}
	return t.insert(p, c, i)
}

func (t *Table) alterRename(p *parser) error {
	if !p.word("COLUMN") {
		p.skipElement()
		return nil
	}
	skipExists(p)
	from, ok1 := p.ident()
	if !ok1 || !p.word("TO") {
		return p.unknown()
	}
	to, ok2 := p.ident()
	i := t.find(from)
	if !ok2 || i < 0 {
		return p.unknown()
	}
	t.Columns[i].Name = to
	t.renameInKeys(from, to)
	return nil
}

func (t *Table) renameInKeys(from, to string) {
	rename := func(names []string) {
		for i := range names {
			if strings.EqualFold(names[i], from) {
				names[i] = to
			}
		}
	}
	rename(t.Primary)
	for _, u := range t.Unique {
		rename(u)
	}
}

// convert is CONVERT TO CHARACTER SET: all texts change; a type may grow with it.
func (t *Table) convert(p *parser) error {
	cs, ok := p.charsetClause()
	if !ok || cs == "binary" {
		return p.unknown()
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Charset == "" {
			continue
		}
		switch ParseType(c.Type).Base {
		case "tinytext", "text", "mediumtext":
			// The server may choose a larger type.
			return p.unknown()
		}
		c.Charset = cs
	}
	t.Charset = cs
	p.charsetClause()
	return nil
}

// alterColumn is ALTER [COLUMN] c SET INVISIBLE and the like.
func (t *Table) alterColumn(p *parser) error {
	if p.peek("INDEX", "CHECK", "CONSTRAINT", "KEY") {
		p.skipElement()
		return nil
	}
	p.word("COLUMN")
	skipExists(p)
	name, ok := p.ident()
	i := t.find(name)
	if !ok || i < 0 {
		return p.unknown()
	}
	if p.word("SET") {
		switch {
		case p.word("INVISIBLE"):
			t.Columns[i].Invisible = true
		case p.word("VISIBLE"):
			t.Columns[i].Invisible = false
		}
	}
	p.skipElement()
	return nil
}

func withoutName(names []string, name string) []string {
	var out []string
	for _, n := range names {
		if !strings.EqualFold(n, name) {
			out = append(out, n)
		}
	}
	return out
}

// CopyOf makes the Table of CREATE TABLE ... LIKE.
func CopyOf(def *record.TableDef) *Table { return FromDef(def, "") }
