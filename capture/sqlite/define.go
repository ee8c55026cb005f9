package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ggsh/record"
)

// NoTableError says that the database has no such table.
type NoTableError struct{ Table string }

// Error names the table.
func (e *NoTableError) Error() string { return "table " + e.Table + " does not exist" }

// Define reads a table's definition. The name is compared ignoring case, as
// SQLite does.
func Define(ctx context.Context, q querier, table string) (*record.TableDef, error) {
	def := &record.TableDef{Schema: Schema, Database: "sqlite"}
	err := q.QueryRowContext(ctx, "SELECT name FROM sqlite_schema"+
		" WHERE type='table' AND name=? COLLATE NOCASE", table).Scan(&def.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &NoTableError{Table: table}
	}
	if err != nil {
		return nil, err
	}
	if err := defineColumns(ctx, q, def); err != nil {
		return nil, fmt.Errorf("table %s: %w", def.Name, err)
	}
	if err := defineUnique(ctx, q, def); err != nil {
		return nil, fmt.Errorf("table %s: %w", def.Name, err)
	}
	return def, nil
}

func defineColumns(ctx context.Context, q querier, def *record.TableDef) error {
	rows, err := q.QueryContext(ctx,
		`SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)`, def.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	key := map[int]int{}
	for rows.Next() {
		var c record.ColumnDef
		var notNull, pk, hidden int
		if err := rows.Scan(&c.Name, &c.Type, &notNull, &pk, &hidden); err != nil {
			return err
		}
		if pk > 0 {
			key[pk] = len(def.Columns)
		}
		c.Nullable, c.Generated = notNull == 0 && pk == 0, hidden == 2 || hidden == 3
		c.Kind, c.Precision, c.Scale = declaredKind(c.Type)
		if c.Kind == record.String {
			c.Length, c.Charset = c.Precision, "utf8"
			c.Precision = 0
		}
		def.Columns = append(def.Columns, c)
	}
	for n := 1; n <= len(key); n++ {
		def.Key = append(def.Key, key[n])
	}
	return rows.Err()
}

// defineUnique adds the unique indexes over whole columns; one of them is the
// key of a table without primary key.
func defineUnique(ctx context.Context, q querier, def *record.TableDef) error {
	rows, err := q.QueryContext(ctx, `SELECT l.name, i.cid
		FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i
		WHERE l."unique" = 1 AND l.origin <> 'pk' AND l.partial = 0
		ORDER BY l.name, i.seqno`, def.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	var names []string
	keys := map[string][]int{}
	for rows.Next() {
		var name string
		var cid int
		if err := rows.Scan(&name, &cid); err != nil {
			return err
		}
		if _, ok := keys[name]; !ok {
			names = append(names, name)
		}
		keys[name] = append(keys[name], cid)
	}
	for _, name := range names {
		if columnsOnly(keys[name]) {
			def.Unique = append(def.Unique, keys[name])
		}
	}
	return rows.Err()
}

// columnsOnly reports whether no part of an index is rowid or an expression.
func columnsOnly(key []int) bool {
	for _, c := range key {
		if c < 0 {
			return false
		}
	}
	return true
}

// isInteger reports whether a key column of this type is the row number itself.
func isInteger(declared string) bool { return strings.EqualFold(declared, "INTEGER") }

// declaredKind gives the form of a column's values from its declared type;
// n and scale are the numbers in its parentheses. SQLite does not hold a value
// to it, so a value that does not fit keeps its own form.
func declaredKind(declared string) (k record.Kind, n, scale int) {
	word, args, _ := strings.Cut(strings.ToUpper(declared), "(")
	first, second, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(args), ")"), ",")
	n, _ = strconv.Atoi(strings.TrimSpace(first))
	scale, _ = strconv.Atoi(strings.TrimSpace(second))
	word = strings.TrimSpace(word)
	switch {
	case strings.Contains(word, "INT"):
		return record.Int, 0, 0
	case word == "DATE":
		return record.Date, 0, 0
	case word == "TIME":
		return record.Time, 0, n
	case strings.HasPrefix(word, "DATETIME"), strings.HasPrefix(word, "TIMESTAMP"):
		return record.Timestamp, 0, n
	case strings.HasPrefix(word, "DEC"), strings.HasPrefix(word, "NUM"):
		return record.Decimal, n, scale
	case strings.Contains(word, "REAL"), strings.Contains(word, "FLOA"),
		strings.Contains(word, "DOUB"):
		return record.Float64, 0, 0
	case strings.Contains(word, "BLOB"), word == "":
		return record.Bytes, n, 0
	case word == "BOOLEAN", word == "BOOL":
		return record.Int, 0, 0
	case word == "JSON":
		return record.JSON, 0, 0
	}
	return record.String, n, 0
}
