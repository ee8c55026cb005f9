package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
)

// An initial load notes in the database where in the log its snapshots stand. A
// transaction ends there, so that what is captured behind a load begins just
// there; and as long as a load is held, for it to read on after a failure, the
// log behind it is not shortened.
const makeLoads = "CREATE TABLE IF NOT EXISTS " + loadsTable + " (name TEXT NOT NULL," +
	" seq INTEGER NOT NULL, held INTEGER NOT NULL, PRIMARY KEY (name, seq))"

// nextLoad finds the first place behind at where a load was read.
func nextLoad(ctx context.Context, q querier, at int64) (int64, error) {
	var next sql.NullInt64
	err := q.QueryRowContext(ctx, "SELECT min(seq) FROM "+loadsTable+" WHERE seq > ?", at).Scan(&next)
	if !next.Valid || missingTable(err, loadsTable) {
		next.Int64 = math.MaxInt64
	}
	if missingTable(err, loadsTable) {
		err = nil
	}
	return next.Int64, err
}

// executor is a connection that reads and writes.
type executor interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// settleLoads forgets the places of finished loads up to upTo and gives how far
// the log may be shortened.
func settleLoads(ctx context.Context, db executor, upTo int64) (int64, error) {
	var held sql.NullInt64
	var settled int
	err := db.QueryRowContext(ctx, "SELECT min(seq) FILTER (WHERE held), count(*) FILTER (WHERE NOT "+
		"held AND seq <= ?) FROM "+loadsTable, upTo).Scan(&held, &settled)
	if missingTable(err, loadsTable) {
		return upTo, nil
	}
	if err == nil && settled > 0 {
		_, err = db.ExecContext(ctx, "DELETE FROM "+loadsTable+" WHERE NOT held AND seq <= ?", upTo)
	}
	if held.Valid {
		upTo = min(upTo, held.Int64)
	}
	return upTo, err
}

// noteLoad notes the place of a load's snapshot. Those of the same load from
// before stay: its catch-up reads on behind them.
func noteLoad(ctx context.Context, tx executor, name string, seq int64, hold bool) error {
	if _, err := tx.ExecContext(ctx, makeLoads); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+loadsTable+" (name, seq, held) VALUES (?, ?, ?)"+
		" ON CONFLICT DO UPDATE SET held = max(held, excluded.held)", name, seq, hold)
	return err
}

// ReleaseLoad ends the hold of a load on the log, from its snapshots before seq
// or, with 0, from all.
func ReleaseLoad(ctx context.Context, path, name string, seq int64) error {
	db, err := open(ctx, path)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE "+loadsTable+" SET held = 0 WHERE held AND name = ? AND "+
		"(?2 = 0 OR seq < ?2)", name, seq)
	if missingTable(err, loadsTable) {
		err = nil
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("database file %s: %w", path, err)
	}
	return nil
}
