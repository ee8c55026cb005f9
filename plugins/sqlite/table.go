package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"ggsh/handler"
	"ggsh/record"
)

// table reads a definition. SQLite finds names without regard to case, quoted or not.
func table(ctx context.Context, conn *sql.Conn, name handler.TableName) (*record.TableDef, error) {
	schema := cmp.Or(name.Schema, "main")
	t := &record.TableDef{Schema: schema, Database: "sqlite"}
	found, err := schemaExists(ctx, conn, schema)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &handler.NoTableError{Name: name}
	}
	err = conn.QueryRowContext(ctx, "SELECT name FROM "+quote(schema)+".sqlite_schema "+
		"WHERE type IN ('table', 'view') AND lower(name) = lower(?)", name.Name).Scan(&t.Name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &handler.NoTableError{Name: name}
	}
	if err != nil {
		return nil, err
	}
	if err := readColumns(ctx, conn, t); err != nil {
		return nil, err
	}
	return t, readIndexes(ctx, conn, t)
}

func schemaExists(ctx context.Context, conn *sql.Conn, schema string) (bool, error) {
	var n int
	err := conn.QueryRowContext(ctx,
		"SELECT count(*) FROM pragma_database_list WHERE lower(name) = lower(?)", schema).Scan(&n)
	return n > 0, err
}

func readColumns(ctx context.Context, conn *sql.Conn, t *record.TableDef) error {
	rows, err := conn.QueryContext(ctx, "SELECT name, type, \"notnull\", pk, hidden "+
		"FROM pragma_table_xinfo(?, ?) ORDER BY cid", t.Name, t.Schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	type keyPart struct{ place, column int }
	var key []keyPart
	for rows.Next() {
		var c record.ColumnDef
		var notNull, pk, hidden int
		if err := rows.Scan(&c.Name, &c.Type, &notNull, &pk, &hidden); err != nil {
			return err
		}
		if hidden == 1 {
			continue // of a virtual table's own use
		}
		c.Nullable, c.Generated = notNull == 0, hidden > 1
		describeType(&c)
		if pk > 0 {
			key = append(key, keyPart{pk, len(t.Columns)})
		}
		t.Columns = append(t.Columns, c)
	}
	slices.SortFunc(key, func(x, y keyPart) int { return x.place - y.place })
	for _, part := range key {
		t.Key = append(t.Key, part.column)
	}
	if len(key) == 1 && strings.EqualFold(t.Columns[t.Key[0]].Type, "INTEGER") {
		t.Columns[t.Key[0]].Nullable = false // it is the rowid
	}
	return rows.Err()
}

// describeType reads the usual form of values, length and scale off a declared type.
func describeType(c *record.ColumnDef) {
	word, rest, _ := strings.Cut(strings.ToUpper(c.Type), "(")
	word = strings.TrimSpace(word)
	numbers := strings.Split(strings.TrimRight(rest, ") "), ",")
	first, _ := strconv.Atoi(strings.TrimSpace(numbers[0]))
	switch affinityOf(c.Type) {
	case textAffinity:
		c.Kind, c.Length = record.String, first
		return
	case blobAffinity:
		c.Kind, c.Length = record.Bytes, first
		return
	}
	switch {
	case strings.Contains(word, "INT"):
		c.Kind = record.Int
	case strings.Contains(word, "REAL"), strings.Contains(word, "FLOA"),
		strings.Contains(word, "DOUB"):
		c.Kind = record.Float64
	case strings.HasPrefix(word, "BOOL"):
		c.Kind = record.Bool
	case strings.HasPrefix(word, "DATETIME"), strings.HasPrefix(word, "TIMESTAMP"):
		c.Kind = record.Timestamp
	case word == "DATE":
		c.Kind = record.Date
	case strings.HasPrefix(word, "TIME"):
		c.Kind = record.Time
	case word == "JSON":
		c.Kind = record.JSON
	case word == "UUID":
		c.Kind = record.UUID
	default:
		c.Kind, c.Precision = record.Decimal, first
		if len(numbers) > 1 {
			c.Scale, _ = strconv.Atoi(strings.TrimSpace(numbers[1]))
		}
	}
}

// readIndexes reads the unique keys; without a primary key the first one that
// allows no NULL is the key.
func readIndexes(ctx context.Context, conn *sql.Conn, t *record.TableDef) error {
	rows, err := conn.QueryContext(ctx, "SELECT l.name, COALESCE(i.name, '') "+
		"FROM pragma_index_list(?, ?) AS l, pragma_index_info(l.name, ?) AS i "+
		"WHERE l.\"unique\" = 1 AND l.partial = 0 AND l.origin <> 'pk' "+
		"ORDER BY l.seq DESC, i.seqno",
		t.Name, t.Schema, t.Schema)
	if err != nil {
		return err
	}
	defer rows.Close()
	last := ""
	for rows.Next() {
		var index, column string
		if err := rows.Scan(&index, &column); err != nil {
			return err
		}
		if index != last {
			t.Unique = append(t.Unique, nil)
			last = index
		}
		at := len(t.Unique) - 1
		t.Unique[at] = append(t.Unique[at], t.Column(column)) // -1 for an expression
	}
	t.Unique = slices.DeleteFunc(t.Unique, func(key []int) bool { return slices.Contains(key, -1) })
	t.PromoteUnique()
	return rows.Err()
}
