package dblogin

import (
	"context"
	"strings"

	"ggsh/ggserr"
)

// Key gives the columns of a table's primary key, else of its first unique
// index without nullable columns, else nothing. table is schema.name.
func (s *Session) Key(ctx context.Context, table string) ([]string, error) {
	schema, name, _ := strings.Cut(table, ".")
	if s.Kind == SQLite {
		return s.columns(ctx, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, name)
	}
	if s.Kind == Oracle {
		return s.oracleKey(ctx, schema, name)
	}
	return s.columns(ctx, `SELECT s.column_name FROM information_schema.statistics s
		JOIN (SELECT index_name, MAX(index_name = 'PRIMARY') AS is_primary
			FROM information_schema.statistics
			WHERE table_schema = ? AND table_name = ? AND non_unique = 0
			GROUP BY index_name HAVING MAX(nullable = 'YES' OR column_name IS NULL) = 0
			ORDER BY is_primary DESC, index_name LIMIT 1) k ON k.index_name = s.index_name
		WHERE s.table_schema = ? AND s.table_name = ? ORDER BY s.seq_in_index`,
		schema, name, schema, name)
}

func (s *Session) columns(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, err.Error())
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, ggserr.New(ggserr.SQLFailed, err.Error())
		}
		found = append(found, name)
	}
	if err := rows.Err(); err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, err.Error())
	}
	return found, nil
}

// LogSettings are a MySQL or MariaDB server's variables on its binary log, by
// lower-case name; a server without one of them leaves it out.
func (s *Session) LogSettings(ctx context.Context) (map[string]string, error) {
	rows, err := s.DB.QueryContext(ctx, `SHOW GLOBAL VARIABLES WHERE Variable_name IN
		('log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata')`)
	if err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, err.Error())
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, ggserr.New(ggserr.SQLFailed, err.Error())
		}
		found[strings.ToLower(name)] = strings.ToUpper(value)
	}
	if err := rows.Err(); err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, err.Error())
	}
	return found, nil
}
