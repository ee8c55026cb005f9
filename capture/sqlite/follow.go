package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// followSchema brings the triggers of changed tables up to date, so that new
// columns are logged from now on.
func (s *Source) followSchema(ctx context.Context) error {
	var version int64
	if err := s.db.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&version); err != nil {
		return fmt.Errorf("database file %s: %w", s.cfg.Path, err)
	}
	if version == s.schema {
		return nil
	}
	// What the log should hold, and what triggers of ours stand on: a renamed
	// table is only in the second.
	for _, query := range []string{"SELECT name FROM " + tablesTable + " AS t WHERE def <> ''" +
		" AND id = (SELECT max(id) FROM " + tablesTable + " WHERE name = t.name)",
		"SELECT DISTINCT tbl_name FROM sqlite_schema WHERE " + ourTriggers} {
		tables, err := names(ctx, s.db, query)
		if missingTable(err, tablesTable) {
			return errNoLog
		}
		if err != nil {
			return err
		}
		for _, name := range tables {
			if err := s.followTable(ctx, name); err != nil {
				return err
			}
		}
	}
	return s.db.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&s.schema)
}

func (s *Source) followTable(ctx context.Context, name string) error {
	t, err := info(ctx, s.db, name)
	var gone *NoTableError
	switch {
	case errors.As(err, &gone):
		return nil
	case err != nil:
		return err
	case !t.Enabled && s.wants(t.Table):
		return fmt.Errorf("table %s has lost the triggers of ADD TRANDATA, as a table does that is "+
			"made anew: changes since then are not logged; ADD TRANDATA again and load the table anew",
			t.Table)
	case !t.Enabled:
		return nil
	}
	s.warnUnseen(t)
	if t.Current && t.First {
		return nil
	}
	if err := install(ctx, s.db, t.Table); err != nil {
		return err
	}
	if !t.Current {
		s.warn(fmt.Sprintf("table %s was changed: its columns are now %s", t.Table,
			strings.Join(t.Columns, ", ")))
	}
	return nil
}

func (s *Source) warnUnseen(t Trandata) {
	if len(t.Unseen) == 0 || !s.wants(t.Table) {
		return
	}
	s.warn(fmt.Sprintf("table %s: a row that REPLACE removes because of %s is not captured as "+
		"deleted, unless the writer sets PRAGMA recursive_triggers=ON", t.Table,
		strings.Join(t.Unseen, ", ")))
}

// warn tells each text once.
func (s *Source) warn(text string) {
	if s.cfg.Warn != nil && !s.warned[text] {
		s.warned[text] = true
		s.cfg.Warn(text)
	}
}

func names(ctx context.Context, q querier, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, rows.Err()
}
