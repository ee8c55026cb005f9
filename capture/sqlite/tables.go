package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"ggsh/record"
)

// SnapshotConfig says what to read at one moment.
type SnapshotConfig struct {
	Path string
	// Name is the load's, by which it is noted in the database.
	Name string
	// Hold keeps the log behind the snapshot until ReleaseLoad.
	Hold bool
	// Want says which tables to read; nil means all.
	Want func(schema, table string) bool
	// Warn is told what an operator should know, without stopping.
	Warn func(text string)
}

// TableSnapshot is the wanted tables as they stood at one commit, read over one or
// more connections.
type TableSnapshot struct {
	cfg    SnapshotConfig
	db     *sql.DB
	conns  []*sql.Conn
	wide   utf16Order
	logged bool
	seq    int64 // of the last log row that is in it
	taken  time.Time
	tables []*SnapshotTable
}

// SnapshotTable is one table of a snapshot.
type SnapshotTable struct {
	Def *record.TableDef
	// Rows is about their number, -1 when nothing is known.
	Rows int64
	// Key is the column that is the row number itself, else -1.
	Key int
}

// OpenSnapshot opens a snapshot for a number of readers. While it opens no other
// connection can write.
func OpenSnapshot(ctx context.Context, cfg SnapshotConfig, readers int) (*TableSnapshot, error) {
	db, err := open(ctx, cfg.Path)
	if err != nil {
		return nil, err
	}
	readers = max(readers, 1)
	db.SetMaxOpenConns(readers + 1)
	db.SetMaxIdleConns(readers + 1)
	s := &TableSnapshot{cfg: cfg, db: db}
	if s.wide, err = encoding(ctx, db); err == nil {
		err = s.begin(ctx, readers)
	}
	if err == nil {
		err = s.describe(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database file %s: %w", cfg.Path, err), s.Close())
	}
	return s, nil
}

// begin opens the readers while it holds the right to write, so that all see the
// same, and notes the place.
func (s *TableSnapshot) begin(ctx context.Context, readers int) error {
	_, err := names(ctx, s.db, "SELECT 1 FROM "+logTable+" LIMIT 0")
	if s.logged = err == nil; err != nil && !missingLog(err) {
		return err
	}
	if s.logged {
		if err := s.needWriteAhead(ctx); err != nil {
			return err
		}
	}
	lock, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	alone := readers == 1 && !s.logged // nothing to hold still
	if !alone {
		if _, err := lock.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		defer lock.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // after COMMIT it does nothing
	}
	if s.logged {
		if err := lock.QueryRowContext(ctx, "SELECT "+lastSeq).Scan(&s.seq); err != nil {
			return err
		}
	}
	for range readers {
		if err := s.addReader(ctx); err != nil {
			return err
		}
	}
	s.taken = time.Now().UTC()
	if !s.logged {
		return nil
	}
	if err := noteLoad(ctx, lock, s.cfg.Name, s.seq, s.cfg.Hold); err != nil {
		return err
	}
	_, err = lock.ExecContext(ctx, "COMMIT")
	return err
}

// needWriteAhead makes sure that a place can be noted while others read.
func (s *TableSnapshot) needWriteAhead(ctx context.Context) error {
	if err := writeAhead(ctx, s.db); err != nil {
		return err
	}
	var mode string
	if err := s.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if !strings.EqualFold(mode, "wal") {
		return fmt.Errorf("its journal mode is %s: an initial load beside a capture needs WAL, "+
			"which could not be set while the file is in use", mode)
	}
	return nil
}

// addReader opens a connection and its read snapshot, which the first read begins.
func (s *TableSnapshot) addReader(ctx context.Context) error {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	s.conns = append(s.conns, c)
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	var n int
	return c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
}

func (s *TableSnapshot) describe(ctx context.Context) error {
	q := s.conns[0]
	list, err := names(ctx, q, userTables)
	if err != nil {
		return err
	}
	for _, name := range list {
		if s.cfg.Want != nil && !s.cfg.Want(Schema, name) {
			continue
		}
		def, err := Define(ctx, q, name)
		if err != nil {
			return err
		}
		def.ID = uint32(len(s.tables) + 1)
		t := &SnapshotTable{Def: def, Rows: -1, Key: rowidColumn(def)}
		if err := s.estimate(ctx, t); err != nil {
			return err
		}
		s.tables = append(s.tables, t)
		if err := s.warnUnlogged(ctx, q, name); err != nil {
			return err
		}
	}
	return nil
}

// estimate guesses the number of rows from the row numbers.
func (s *TableSnapshot) estimate(ctx context.Context, t *SnapshotTable) error {
	var n sql.NullInt64
	err := s.conns[0].QueryRowContext(ctx, "SELECT max(rowid) - min(rowid) + 1 FROM "+
		quoteName(t.Def.Name)).Scan(&n)
	switch {
	case err != nil && strings.Contains(err.Error(), "no such column: rowid"):
		t.Key = -1
		return nil
	case err != nil && strings.Contains(err.Error(), "converting"):
		return nil // numbers so far apart that their difference is a float
	case err != nil:
		return err
	}
	t.Rows = max(n.Int64, 0)
	return nil
}

func (s *TableSnapshot) warnUnlogged(ctx context.Context, q querier, table string) error {
	if !s.logged || s.cfg.Warn == nil {
		return nil
	}
	n := 0
	err := q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE tbl_name = ? AND "+
		ourTriggers, table).Scan(&n)
	if err == nil && n == 0 {
		s.cfg.Warn(fmt.Sprintf("table %s is loaded, but what changes in it afterwards is not logged: "+
			"ADD TRANDATA %s.%s first", table, Schema, table))
	}
	return err
}

// Position is the last log row that is in the snapshot, as a transaction without
// operations; its CSN is zero when the database has no change log.
func (s *TableSnapshot) Position() record.Txn {
	t := record.Txn{TxnInfo: record.TxnInfo{CommitTime: s.taken}}
	if s.logged {
		t.CSN, t.Restart = record.CSN{Minor: uint64(s.seq)}, fmt.Sprint(s.seq)
	}
	return t
}

// Readers is how many may read at once.
func (s *TableSnapshot) Readers() int { return len(s.conns) }

// Tables are the wanted tables by name.
func (s *TableSnapshot) Tables() []*SnapshotTable { return s.tables }

// Bounds gives the lowest and the highest value of the table's Key column; any is
// false for a table without rows.
func (s *TableSnapshot) Bounds(ctx context.Context, reader int, t *SnapshotTable) (low, high int64,
	any bool, err error) {
	var from, to sql.NullInt64
	key := quoteName(t.Def.Columns[t.Key].Name)
	err = s.conns[reader].QueryRowContext(ctx, "SELECT min("+key+"), max("+key+") FROM "+
		quoteName(t.Def.Name)).Scan(&from, &to)
	if err != nil {
		return 0, 0, false, s.failed(t, err)
	}
	return from.Int64, to.Int64, from.Valid, nil
}

// Part is the rows of a table whose Key lies in From to To, ends of int64 meaning
// that there is no end, and for which the condition Where holds if one is given.
type Part struct {
	Table    *SnapshotTable
	From, To int64
	Where    string
}

// Read gives the rows of a part as inserts. An operation lives until take returns.
func (s *TableSnapshot) Read(ctx context.Context, reader int, p Part, take func(op []byte) error) error {
	t := p.Table
	rows, err := s.conns[reader].QueryContext(ctx, s.query(p))
	if err != nil {
		return s.failed(t, err)
	}
	defer rows.Close()
	var text sql.RawBytes
	var op []byte
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			return s.failed(t, err)
		}
		var start, mark int
		op, start = record.AppendOpHeader(op[:0], record.Insert, t.Def.ID)
		op, mark = record.BeginImage(op)
		if op, err = appendImage(op, t.Def, text, s.wide); err != nil {
			return s.failed(t, err)
		}
		record.EndImage(op, start, mark, false)
		if err := take(op); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.failed(t, err)
	}
	return nil
}

func (s *TableSnapshot) failed(t *SnapshotTable, err error) error {
	return fmt.Errorf("database file %s, table %s: %w", s.cfg.Path, t.Def.Name, err)
}

// query reads each row as the triggers write it into the log.
func (s *TableSnapshot) query(p Part) string {
	t := p.Table
	q := "SELECT " + rowText(t.Def, "t", nil) + " FROM " + quoteName(t.Def.Name) + " AS t"
	var terms []string
	if where := strings.TrimSpace(p.Where); where != "" {
		terms = append(terms, "("+where+")")
	}
	if t.Key >= 0 {
		key := "t." + quoteName(t.Def.Columns[t.Key].Name)
		if p.From != math.MinInt64 {
			terms = append(terms, fmt.Sprintf("%s >= %d", key, p.From))
		}
		if p.To != math.MaxInt64 {
			terms = append(terms, fmt.Sprintf("%s <= %d", key, p.To))
		}
	}
	if len(terms) > 0 {
		q += " WHERE " + strings.Join(terms, " AND ")
	}
	return q
}

// Close ends the snapshot.
func (s *TableSnapshot) Close() error {
	for _, c := range s.conns {
		// A read transaction that is given up has nothing to lose.
		_, _ = c.ExecContext(context.Background(), "ROLLBACK")
		_ = c.Close()
	}
	s.conns = nil
	return s.db.Close()
}
