package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// replicates tells which rows of the log are a Replicat's. The log does not tell where a
// transaction begins and ends, so a Replicat marks that: it updates its checkpoint row to
// what it is, once directly behind the row's move, and once before the commit. As SQLite
// has one writer at a time, what lies between is all of one transaction.
type replicates struct {
	tables map[int64]bool // log table ids of checkpoint tables
	inside bool
	before int64 // the last change of a checkpoint row outside of a transaction
}

// follow takes a change of a checkpoint row.
func (m *replicates) follow(r *logRow) {
	mark := r.op == opUpdate && bytes.Equal(r.old, r.new)
	switch {
	case mark && m.inside:
		m.inside, m.before = false, 0
	case mark && m.before == r.seq-1:
		m.inside, m.before = true, 0
	case !m.inside:
		m.before = r.seq
	}
}

// leavesOut decides for a row that is not of a checkpoint table.
func (s *Source) leavesOut() bool {
	if s.marks.inside {
		return !s.cfg.GetReplicates
	}
	return s.cfg.IgnoreApplications
}

// filtered reports a table of FilterTables.
func (s *Source) filtered(table string) bool {
	return slices.ContainsFunc(s.cfg.FilterTables, func(name string) bool {
		return strings.EqualFold(name, table)
	})
}

// openMarks finds out whether reading begins within a Replicat's transaction, and makes
// sure that the changes of checkpoint tables are logged.
func (s *Source) openMarks(ctx context.Context) error {
	s.marks.tables = map[int64]bool{}
	for _, name := range s.cfg.FilterTables {
		t, err := info(ctx, s.db, name)
		if err != nil {
			return err
		}
		if !t.Enabled {
			return &UnloggedError{t.Table}
		}
	}
	if len(s.cfg.FilterTables) == 0 || s.cfg.Restart != "" {
		return nil // a restart lies between transactions
	}
	rows, err := s.db.QueryContext(ctx, "SELECT l.seq, l.op, l.old, l.new, t.name FROM "+logTable+
		" AS l JOIN "+tablesTable+" AS t ON t.id = l.tab WHERE l.seq <= ? ORDER BY l.seq", s.at)
	if err != nil {
		return fmt.Errorf("read change log: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r logRow
		var table string
		if err := rows.Scan(&r.seq, &r.op, &r.old, &r.new, &table); err != nil {
			return fmt.Errorf("read change log: %w", err)
		}
		if s.filtered(table) {
			s.marks.follow(&r)
		}
	}
	return rows.Err()
}

// UnloggedError says that a checkpoint table has no triggers, so that a Replicat's
// transactions are not known.
type UnloggedError struct{ Table string }

// Error names the table.
func (e *UnloggedError) Error() string {
	return "changes of checkpoint table " + e.Table + " are not logged, so that nothing tells which " +
		"transactions are a Replicat's: ADD TRANDATA " + Schema + "." + e.Table
}
