package main

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"ggsh/handler"
	"ggsh/record"
)

// table reads a definition from information_schema. A name that was not quoted
// is found in any case if just one table has it.
func table(ctx context.Context, conn *sql.Conn, name handler.TableName) (*record.TableDef, error) {
	t := &record.TableDef{Schema: name.Schema, Database: "mysql"}
	var folds int
	var database sql.NullString
	var release string
	err := conn.QueryRowContext(ctx, "SELECT @@lower_case_table_names, DATABASE(), VERSION()").
		Scan(&folds, &database, &release)
	if err != nil {
		return nil, err
	}
	if strings.Contains(release, "MariaDB") {
		t.Database = "mariadb"
	}
	anyCase := folds != 0 || !name.Exact
	if t.Schema == "" {
		t.Schema = database.String
	} else if t.Schema, err = resolve(ctx, conn, anyCase, t.Schema,
		"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"); err != nil {
		return nil, err
	}
	t.Name, err = resolve(ctx, conn, anyCase, name.Name,
		"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?", t.Schema)
	if err != nil {
		return nil, err
	}
	if t.Schema == "" || t.Name == "" {
		return nil, &handler.NoTableError{Name: name}
	}
	if err := readColumns(ctx, conn, t); err != nil {
		return nil, err
	}
	return t, readIndexes(ctx, conn, t)
}

// resolve finds a name among the rows of a query: as it is written, else in
// another case if there is just one. It gives "" when there is none.
func resolve(ctx context.Context, conn *sql.Conn, anyCase bool, name, query string,
	args ...any) (string, error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var similar []string
	for rows.Next() {
		var found string
		if err := rows.Scan(&found); err != nil {
			return "", err
		}
		if found == name {
			return found, nil
		}
		if strings.EqualFold(found, name) {
			similar = append(similar, found)
		}
	}
	if anyCase && len(similar) == 1 {
		return similar[0], rows.Err()
	}
	return "", rows.Err()
}

func readColumns(ctx context.Context, conn *sql.Conn, t *record.TableDef) error {
	rows, err := conn.QueryContext(ctx, `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE,
	  COALESCE(CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(NUMERIC_PRECISION, 0),
	  COALESCE(NUMERIC_SCALE, 0), COALESCE(DATETIME_PRECISION, 0),
	  COALESCE(CHARACTER_SET_NAME, ''), EXTRA
	  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
	  ORDER BY ORDINAL_POSITION`, t.Schema, t.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c record.ColumnDef
		var data, nullable, extra string
		var length uint64
		var seconds int
		err := rows.Scan(&c.Name, &data, &c.Type, &nullable, &length, &c.Precision, &c.Scale,
			&seconds, &c.Charset, &extra)
		if err != nil {
			return err
		}
		extra = strings.ToUpper(extra)
		c.Nullable = nullable == "YES"
		c.Length = int(min(length, 1<<32-1))
		c.Generated = strings.Contains(extra, "VIRTUAL GENERATED") ||
			strings.Contains(extra, "STORED GENERATED") || strings.Contains(extra, "PERSISTENT")
		c.Invisible = strings.Contains(extra, "INVISIBLE")
		c.Kind = kindOf(strings.ToLower(data), c.Type)
		switch c.Kind {
		case record.Decimal:
		case record.Time, record.Timestamp, record.TimestampTZ:
			c.Precision, c.Scale = 0, seconds
		default:
			c.Precision, c.Scale = 0, 0
		}
		t.Columns = append(t.Columns, c)
	}
	return rows.Err()
}

// kindOf gives the usual form of a column's values.
func kindOf(data, columnType string) record.Kind {
	switch data {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		if strings.Contains(columnType, "unsigned") {
			return record.Uint
		}
		return record.Int
	case "year":
		return record.Int
	case "decimal":
		return record.Decimal
	case "float":
		return record.Float32
	case "double":
		return record.Float64
	case "bit":
		return record.Bit
	case "date":
		return record.Date
	case "time":
		return record.Time
	case "datetime":
		return record.Timestamp
	case "timestamp":
		return record.TimestampTZ
	case "json":
		return record.JSON
	case "uuid":
		return record.UUID
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set",
		"inet4", "inet6":
		return record.String
	}
	return record.Bytes // binary, blobs, geometry, vector
}

// readIndexes reads the unique keys; without a primary key the first one that
// allows no NULL is the key. Keys over expressions or prefixes find no row.
func readIndexes(ctx context.Context, conn *sql.Conn, t *record.TableDef) error {
	rows, err := conn.QueryContext(ctx, `SELECT INDEX_NAME, COALESCE(COLUMN_NAME, ''),
	  COALESCE(SUB_PART, 0) FROM information_schema.STATISTICS
	  WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0
	  ORDER BY INDEX_NAME, SEQ_IN_INDEX`, t.Schema, t.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	last := ""
	for rows.Next() {
		var index, column string
		var prefix int
		if err := rows.Scan(&index, &column, &prefix); err != nil {
			return err
		}
		at := t.Column(column)
		if prefix > 0 {
			at = -1
		}
		if index == "PRIMARY" && at >= 0 {
			t.Key = append(t.Key, at)
			continue
		}
		if index != last {
			t.Unique = append(t.Unique, nil)
			last = index
		}
		t.Unique[len(t.Unique)-1] = append(t.Unique[len(t.Unique)-1], at)
	}
	t.Unique = slices.DeleteFunc(t.Unique, func(key []int) bool { return slices.Contains(key, -1) })
	t.PromoteUnique()
	return rows.Err()
}
