package mysql

import (
	"context"

	"ggsh/capture/mysql/ddl"
)

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
