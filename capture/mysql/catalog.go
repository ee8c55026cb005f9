package mysql

import (
	"context"
	"database/sql"
	"sort"
	"strings"

	"ggsh/capture/mysql/binlog"
	"ggsh/ddl"
	"ggsh/record"
)

// catalogTable is a table as information_schema describes it now.
type catalogTable struct {
	def       *record.TableDef
	versioned bool   // MariaDB SYSTEM VERSIONED
	charset   string // default of new columns
}

// readTable asks information_schema for one table; nil when there is none.
func (s *database) readTable(ctx context.Context, schema, table string) (*catalogTable, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var kind string
	var collation sql.NullString
	const q = "SELECT TABLE_TYPE, TABLE_COLLATION FROM information_schema.TABLES " +
		"WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
	err := s.db.QueryRowContext(ctx, q, schema, table).Scan(&kind, &collation)
	if err == sql.ErrNoRows {
		return nil, nil
	}
	if err != nil {
		return nil, s.failed(err, q)
	}
	t := &catalogTable{def: &record.TableDef{Schema: schema, Name: table, Database: s.flavor}}
	t.versioned = kind == "SYSTEM VERSIONED"
	t.charset = charsetOfCollation(collation.String)
	if err := s.readColumns(ctx, t.def); err != nil {
		return nil, err
	}
	if len(t.def.Columns) == 0 {
		return nil, nil
	}
	return t, s.readKeys(ctx, t.def)
}

func (s *database) readColumns(ctx context.Context, def *record.TableDef) error {
	const q = "SELECT COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME, IS_NULLABLE, EXTRA, " +
		"COALESCE(GENERATION_EXPRESSION, '') FROM information_schema.COLUMNS " +
		"WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
	rows, err := s.db.QueryContext(ctx, q, def.Schema, def.Name)
	if err != nil {
		return s.failed(err, q)
	}
	defer closeRows(rows)
	for rows.Next() {
		var name, typ, nullable, extra, generated string
		var charset sql.NullString
		if err := rows.Scan(&name, &typ, &charset, &nullable, &extra, &generated); err != nil {
			return s.failed(err, q)
		}
		extra = strings.ToUpper(extra)
		c := record.ColumnDef{Name: name, Type: typ, Charset: charset.String,
			Nullable: nullable == "YES", Invisible: strings.Contains(extra, "INVISIBLE")}
		c.Generated = generated != "" && !strings.Contains(extra, "DEFAULT_GENERATED") ||
			strings.Contains(extra, "VIRTUAL GENERATED") || strings.Contains(extra, "STORED GENERATED")
		completeColumn(&c)
		def.Columns = append(def.Columns, c)
	}
	if err := rows.Err(); err != nil {
		return s.failed(err, q)
	}
	return nil
}

// readKeys fills in the primary key and the further unique keys.
func (s *database) readKeys(ctx context.Context, def *record.TableDef) error {
	const q = "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS " +
		"WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX"
	rows, err := s.db.QueryContext(ctx, q, def.Schema, def.Name)
	if err != nil {
		return s.failed(err, q)
	}
	defer closeRows(rows)
	keys := map[string][]int{}
	var names []string
	for rows.Next() {
		var index string
		var column sql.NullString // NULL in an index on an expression
		if err := rows.Scan(&index, &column); err != nil {
			return s.failed(err, q)
		}
		if _, seen := keys[index]; !seen {
			names = append(names, index)
		}
		keys[index] = append(keys[index], columnIndex(def, column.String))
	}
	if err := rows.Err(); err != nil {
		return s.failed(err, q)
	}
	sort.Strings(names)
	def.Key, def.Unique = nil, nil
	for _, n := range names {
		key := keys[n]
		if sort.SearchInts(key, 0) > 0 && hasNegative(key) {
			continue
		}
		if n == "PRIMARY" {
			def.Key = key
		} else {
			def.Unique = append(def.Unique, key)
		}
	}
	chooseKey(def)
	return nil
}

// Definitions reads the tables of a server as information_schema describes them now,
// by schema and name. Of cfg only what a login needs is used.
func Definitions(ctx context.Context, cfg Config,
	want func(schema, table string) bool) ([]*record.TableDef, error) {
	cfg = cfg.completed()
	s, err := connectServer(ctx, &cfg)
	if err != nil {
		return nil, err
	}
	defer s.close()
	names, err := s.listTables(ctx)
	if err != nil {
		return nil, err
	}
	var list []*record.TableDef
	for _, n := range names {
		if !want(n.Schema, n.Name) {
			continue
		}
		t, err := s.readTable(ctx, n.Schema, n.Name)
		if err != nil {
			return nil, err
		}
		if t == nil {
			continue // dropped meanwhile
		}
		if t.versioned {
			addVersionColumns(t.def)
		}
		list = append(list, t.def)
	}
	return list, nil
}

func hasNegative(key []int) bool {
	for _, k := range key {
		if k < 0 {
			return true
		}
	}
	return false
}

// columnIndex finds a column as the servers do: names are not case sensitive.
func columnIndex(def *record.TableDef, name string) int {
	for i := range def.Columns {
		if strings.EqualFold(def.Columns[i].Name, name) {
			return i
		}
	}
	return -1
}

// chooseKey takes the first unique key without nullable columns for the key of a
// table without primary key, as the server's own replication does.
func chooseKey(def *record.TableDef) {
	if len(def.Key) > 0 {
		return
	}
	for i, key := range def.Unique {
		whole := true
		for _, k := range key {
			whole = whole && !def.Columns[k].Nullable
		}
		if whole {
			def.Key = key
			def.Unique = append(def.Unique[:i:i], def.Unique[i+1:]...)
			return
		}
	}
}

// completeColumn derives what follows from the type's text.
func completeColumn(c *record.ColumnDef) {
	t := ddl.ParseType(c.Type)
	c.Labels = t.Labels
	c.Length, c.Precision, c.Scale = t.Length, t.Precision, t.Scale
	w := wireColumn(c)
	c.Kind = w.Kind(true)
}

// wireColumn describes a column of which only the definition is known, as the log
// would; only what its kind and the rows of a result need.
func wireColumn(c *record.ColumnDef) binlog.Column {
	t := ddl.ParseType(c.Type)
	w := binlog.Column{Name: c.Name, Type: binlog.WireType(t.Base), Unsigned: t.Unsigned,
		Charset: charsetOf(c), Labels: c.Labels, Special: special(t.Base), Decimal: -1, Length: 1, Meta: 1}
	switch t.Base {
	case "decimal":
		w.Meta = uint16(t.Precision<<8 | t.Scale)
	case "bit":
		w.Meta = uint16(t.Length/8<<8 | t.Length%8)
	case "binary":
		w.Length = t.Length
	case "float", "double":
		w.Decimal = t.Digits
	}
	return w
}

// charsetOf is the column's charset, binary where the type has none.
func charsetOf(c *record.ColumnDef) string {
	if c.Charset == "" {
		return "binary"
	}
	return c.Charset
}

func special(base string) binlog.Special {
	switch base {
	case "uuid":
		return binlog.UUID
	case "inet4":
		return binlog.Inet4
	case "inet6":
		return binlog.Inet6
	}
	return binlog.Plain
}

// charsetOfCollation reads the character set in front of a collation's name.
func charsetOfCollation(name string) string {
	charset, _, _ := strings.Cut(name, "_")
	if charset == "utf8" {
		return "utf8mb3"
	}
	return charset
}

// listTables lists the tables that can be captured, the server's own left out.
func (s *database) listTables(ctx context.Context) ([]ddl.Name, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	const q = "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES " +
		"WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN " +
		"('mysql', 'information_schema', 'performance_schema', 'sys') ORDER BY 1, 2"
	rows, err := s.db.QueryContext(ctx, q)
	if err != nil {
		return nil, s.failed(err, q)
	}
	defer closeRows(rows)
	var list []ddl.Name
	for rows.Next() {
		var n ddl.Name
		if err := rows.Scan(&n.Schema, &n.Name); err != nil {
			return nil, s.failed(err, q)
		}
		list = append(list, n)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(err, q)
	}
	return list, nil
}
