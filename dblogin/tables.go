package dblogin

import (
	"context"
	"fmt"
	"strings"

	"ggsh/ggserr"
)

// Tables lists the tables that match schema.name or name, sorted; * and ?
// stand for letters. Without a schema it is the login's database.
func (s *Session) Tables(ctx context.Context, pattern string) ([]string, error) {
	schema, name, ok := strings.Cut(pattern, ".")
	if !ok {
		schema, name = s.Login.Database, pattern
		if s.Kind == Oracle {
			schema = s.User
		}
	}
	query := `SELECT table_schema, table_name FROM information_schema.tables
		WHERE table_type = 'BASE TABLE' ORDER BY 1, 2`
	if s.Kind == SQLite {
		if !ok {
			schema = "main"
		}
		query = `SELECT 'main', name FROM sqlite_master
			WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
			AND name NOT LIKE 'ggs\_%' ESCAPE '\' ORDER BY 1, 2`
	}
	if s.Kind == Oracle {
		query = oracleTables
	}
	rows, err := s.DB.QueryContext(ctx, query)
	if err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, err.Error())
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var inSchema, table string
		if err := rows.Scan(&inSchema, &table); err != nil {
			return nil, ggserr.New(ggserr.SQLFailed, err.Error())
		}
		if Match(schema, inSchema) && Match(name, table) {
			found = append(found, fmt.Sprintf("%s.%s", inSchema, table))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, ggserr.New(ggserr.SQLFailed, err.Error())
	}
	return found, nil
}

// Match reports whether name fits a pattern of * and ?, whatever the case.
func Match(pattern, name string) bool {
	p, n := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(name))
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(n) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
