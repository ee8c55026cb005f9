package mysql

import (
	"context"
	"fmt"
	"strings"

	"ggsh/ddl"
	"ggsh/ggserr"
	"ggsh/record"
)

// apply follows a DDL statement that ends at a place. With FULL metadata the log
// itself describes every table, and there is nothing to follow. charset is the
// default of the session's schema, when the log tells.
func (s *schema) apply(ctx context.Context, st *ddl.Statement, charset string,
	at record.CSN) error {
	if s.srv.fullMetadata() {
		return nil
	}
	switch {
	case st.Object == "DATABASE" && st.Kind == "DROP":
		for _, n := range st.Names {
			for key := range s.tables {
				if strings.HasPrefix(key, n.Name+".") {
					s.unknown(key, at)
				}
			}
		}
	case st.Object == "INDEX" && len(st.Names) == 1:
		// A unique index may become the key.
		if key := nameKey(st.Names[0]); s.tables[key] != nil {
			s.unknown(key, at)
		}
	case st.Object == "TABLE":
		return s.applyTable(ctx, st, charset, at)
	}
	return nil
}

func nameKey(n ddl.Name) string { return tableKey(n.Schema, n.Name) }

// unknown says that from a place on nothing is known of a table.
func (s *schema) unknown(key string, at record.CSN) {
	h := s.tables[key]
	if h == nil {
		h = &history{}
		s.tables[key] = h
	}
	if n := len(h.versions); n > 0 && h.versions[n-1].Since.Compare(at) >= 0 {
		return // read again: it is known already
	}
	h.add(version{Since: at, Unknown: true, RowEnd: -1})
	s.dirty = true
}

// define notes the definition of a table from a place on.
func (s *schema) define(t *ddl.Table, n ddl.Name, at record.CSN) {
	def := t.Def(n.Schema, n.Name, s.srv.flavor)
	for i := range def.Columns {
		completeColumn(&def.Columns[i])
	}
	chooseKey(def)
	key := nameKey(n)
	h := s.tables[key]
	if h == nil {
		h = &history{}
		s.tables[key] = h
	}
	if c := len(h.versions); c > 0 && h.versions[c-1].Since.Compare(at) >= 0 {
		return
	}
	s.giveID(def)
	def.Version = at.String()
	h.add(version{Since: at, Def: def, RowEnd: -1, Charset: t.Charset})
	s.dirty = true
}

func (s *schema) applyTable(ctx context.Context, st *ddl.Statement, charset string,
	at record.CSN) error {
	switch st.Kind {
	case "CREATE":
		return s.create(ctx, st, charset, at)
	case "DROP":
		for _, n := range st.Names {
			if s.tables[nameKey(n)] != nil {
				s.unknown(nameKey(n), at)
			}
		}
	case "ALTER":
		return s.alter(st, at)
	case "RENAME":
		for i := range st.Names {
			s.rename(st.Names[i], st.NewNames[i], at)
		}
	}
	return nil
}

func (s *schema) create(ctx context.Context, st *ddl.Statement, charset string,
	at record.CSN) error {
	if len(st.Names) != 1 || !s.cfg.wanted(st.Names[0].Schema, st.Names[0].Name) {
		return nil
	}
	n := st.Names[0]
	latest := s.latest(nameKey(n))
	if st.Exists && latest != nil && !latest.Unknown {
		return nil
	}
	if st.Like != nil {
		like := *st.Like
		if like.Schema == "" {
			like.Schema = n.Schema
		}
		if of := s.latest(nameKey(like)); of != nil && !of.Unknown && of.Def != nil {
			s.define(ddl.FromDef(of.Def, of.Charset), n, at)
			return nil
		}
		s.unknown(nameKey(n), at)
		return nil
	}
	if charset == "" {
		var err error
		if charset, err = s.srv.schemaCharset(ctx, n.Schema); err != nil {
			return err
		}
	}
	t, err := st.Create(charset)
	if err != nil {
		s.unknown(nameKey(n), at)
		return nil
	}
	s.define(t, n, at)
	return nil
}

// latest is the newest version of a table.
func (s *schema) latest(key string) *version {
	h := s.tables[key]
	if h == nil || len(h.versions) == 0 {
		return nil
	}
	return &h.versions[len(h.versions)-1]
}

// alter applies ALTER TABLE. A definition that was read from the database when the
// statement was done already holds its result; rows before it must not have used it.
func (s *schema) alter(st *ddl.Statement, at record.CSN) error {
	if len(st.Names) != 1 {
		return nil
	}
	n := st.Names[0]
	v := s.latest(nameKey(n))
	if v == nil {
		return nil
	}
	if v.Unknown || v.Def == nil {
		s.unknown(nameKey(n), at)
		return nil
	}
	t := ddl.FromDef(v.Def, v.Charset)
	err := st.Alter(t)
	if v.Read != nil && at.Compare(*v.Read) <= 0 {
		if v.Used && (err != nil || !sameNames(t, v.Def)) {
			return ggserr.New(ggserr.LogProblem, fmt.Sprintf("table %s.%s is altered here, but rows "+
				"before this place were read with the definition that the database has now: their "+
				"columns may be wrong", n.Schema, n.Name)).
				Do("Load the table again and start behind this position. %s", metadataStatement(s.srv))
		}
		return nil
	}
	if len(st.NewNames) == 1 {
		s.unknown(nameKey(n), at)
		n = st.NewNames[0]
	}
	if err != nil {
		s.unknown(nameKey(n), at)
		return nil
	}
	s.define(t, n, at)
	return nil
}

func sameNames(t *ddl.Table, def *record.TableDef) bool {
	if len(t.Columns) != len(def.Columns) {
		return false
	}
	for i := range t.Columns {
		if t.Columns[i].Name != def.Columns[i].Name || t.Columns[i].Type != def.Columns[i].Type {
			return false
		}
	}
	return true
}

// rename moves what is known of a table to its new name.
func (s *schema) rename(from, to ddl.Name, at record.CSN) {
	v := s.latest(nameKey(from))
	if v == nil || v.Read != nil && at.Compare(*v.Read) <= 0 {
		return
	}
	if v.Unknown || v.Def == nil {
		s.unknown(nameKey(to), at)
	} else {
		s.define(ddl.FromDef(v.Def, v.Charset), to, at)
	}
	s.unknown(nameKey(from), at)
}

// schemaCharset asks for the default character set of a schema; empty when the
// schema is gone.
func (s *database) schemaCharset(ctx context.Context, schema string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	row, err := s.queryRow(ctx, "SELECT DEFAULT_CHARACTER_SET_NAME AS charset FROM "+
		"information_schema.SCHEMATA WHERE SCHEMA_NAME = '"+strings.ReplaceAll(strings.ReplaceAll(
		schema, `\`, `\\`), "'", "''")+"'")
	if err != nil || row == nil {
		return "", err
	}
	return row["charset"], nil
}
