package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"ggsh/record"
)

// Config says what to capture.
type Config struct {
	Path string
	// Restart is where an earlier run stood, as record.Txn.Restart; empty
	// begins at Begin.
	Restart string
	// Begin takes changes made at or after it, to the millisecond; zero takes all
	// that is logged. Of a transaction that was under way at that time the later
	// changes are taken: the log does not know where it began.
	Begin time.Time
	// AtEnd takes only changes made after Open.
	AtEnd bool
	// Bounds are sequence numbers at which an earlier run ended a transaction;
	// one ends there again.
	Bounds []int64
	// Want says which tables to read; nil means all.
	Want func(schema, table string) bool
	// FilterTables are the checkpoint tables of Replicats; they need ADD TRANDATA. The
	// transactions that these mark are left out unless GetReplicates; all other changes
	// are with IgnoreApplications.
	FilterTables       []string
	GetReplicates      bool
	IgnoreApplications bool
	// Warn is told what an operator should know, without stopping.
	Warn func(text string)
}

// Source reads the log of one database. It is used by one goroutine.
type Source struct {
	cfg   Config
	db    *sql.DB
	watch *sql.Conn  // asks for the database's version and shortens the log
	wide  utf16Order // nil for a database whose text is UTF-8
	seen  int64      // the version when the log was last read
	at    int64      // sequence number of the last log row handed out

	defs   map[int64]*record.TableDef // by log table id; nil for one not wanted
	warned map[string]bool
	nextID uint32
	open   *snapshot
	marks  replicates
	schema int64 // schema version at the last look
	wait   time.Duration
}

// The poll interval: short after activity, longer when nothing happens.
const (
	minPoll = 2 * time.Millisecond
	maxPoll = 40 * time.Millisecond
)

// Open begins reading.
func Open(ctx context.Context, cfg Config) (*Source, error) {
	db, err := open(ctx, cfg.Path)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, db: db, defs: map[int64]*record.TableDef{}, warned: map[string]bool{},
		wait: minPoll, seen: -1, schema: -1}
	if s.wide, err = encoding(ctx, db); err == nil {
		s.at, err = s.startAt(ctx)
	}
	if err == nil {
		err = s.openMarks(ctx)
	}
	if err == nil {
		s.watch, err = db.Conn(ctx)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("database file %s: %w", cfg.Path, err)
	}
	return s, nil
}

// encoding asks how the database keeps text.
func encoding(ctx context.Context, db *sql.DB) (utf16Order, error) {
	var name string
	if err := db.QueryRowContext(ctx, "PRAGMA encoding").Scan(&name); err != nil {
		return nil, err
	}
	switch name {
	case "UTF-16le":
		return binary.LittleEndian, nil
	case "UTF-16be":
		return binary.BigEndian, nil
	}
	return nil, nil
}

// lastSeq is the highest number ever given to a log row, as far as the file
// tells: INSERT OR FAIL leaves sqlite_sequence behind the log.
const lastSeq = "max(coalesce((SELECT seq FROM sqlite_sequence WHERE name='" + logTable +
	"'), 0), coalesce((SELECT max(seq) FROM " + logTable + "), 0))"

// startAt finds the last log row that is not to be read.
func (s *Source) startAt(ctx context.Context) (int64, error) {
	if s.cfg.Restart != "" {
		n, err := strconv.ParseInt(s.cfg.Restart, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("restart position %q is not a log sequence number", s.cfg.Restart)
		}
		return n, s.stillThere(ctx, n)
	}
	query, args := "SELECT "+lastSeq, []any(nil)
	if !s.cfg.AtEnd {
		begin := int64(0)
		if !s.cfg.Begin.IsZero() {
			begin = s.cfg.Begin.Truncate(time.Millisecond).UnixNano()
		}
		// The first row at or after the time counts, not the last one before it: a
		// clock may be set back, and none of what came later must be lost.
		query = "SELECT coalesce((SELECT min(seq) - 1 FROM " + logTable + " WHERE ts >= ?), " +
			lastSeq + ")"
		args = append(args, begin)
	}
	var n int64
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&n)
	if missingLog(err) {
		return 0, errNoLog
	}
	return n, err
}

// Position is where reading stands, before the first Next too.
func (s *Source) Position() (record.Txn, bool) {
	return record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(s.at)},
		CommitTime: time.Now().UTC()}, Restart: strconv.FormatInt(s.at, 10)}, true
}

// stillThere checks that the log goes at least to n: no number is given twice,
// so a database restored from an older copy shows.
func (s *Source) stillThere(ctx context.Context, n int64) error {
	var last int64
	if err := s.db.QueryRowContext(ctx, "SELECT "+lastSeq).Scan(&last); err != nil {
		if missingLog(err) {
			return errNoLog
		}
		return err
	}
	if last < n {
		return fmt.Errorf("the change log ends at %d, before the restart position %d: the file is "+
			"an older copy; ALTER the EXTRACT to BEGIN NOW after a new initial load", last, n)
	}
	return nil
}

// Next returns the changes of the next read snapshot, io.EOF when there are none.
func (s *Source) Next(ctx context.Context) (*record.Txn, error) {
	txn, err := s.next(ctx)
	if isBusy(err) {
		return nil, io.EOF // somebody works in the file alone: come back later
	}
	return txn, err
}

func (s *Source) next(ctx context.Context) (*record.Txn, error) {
	s.closeSnapshot()
	version, err := s.version(ctx)
	if err != nil {
		return nil, err
	}
	if version == s.seen {
		return nil, io.EOF
	}
	if err := s.followSchema(ctx); err != nil {
		return nil, err
	}
	snap, last, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	if snap == nil {
		s.seen = version
		return nil, io.EOF
	}
	s.open, s.at, s.wait = snap, last.seq, minPoll
	at := strconv.FormatInt(last.seq, 10)
	return &record.Txn{
		TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(last.seq)}, XID: at,
			CommitTime: time.Unix(0, last.ts).UTC()},
		Restart: at, Ops: snap}, nil
}

// version changes with every commit of another connection.
func (s *Source) version(ctx context.Context) (int64, error) {
	var n int64
	if err := s.watch.QueryRowContext(ctx, "PRAGMA data_version").Scan(&n); err != nil {
		return 0, fmt.Errorf("database file %s: %w", s.cfg.Path, err)
	}
	return n, nil
}

type logEnd struct{ seq, ts int64 }

// begin opens a read snapshot; nil when the log has no row after s.at in it.
func (s *Source) begin(ctx context.Context) (*snapshot, logEnd, error) {
	var last logEnd
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, last, fmt.Errorf("database file %s: %w", s.cfg.Path, err)
	}
	bound, err := s.bound(ctx, tx)
	if err == nil {
		err = tx.QueryRowContext(ctx, "SELECT seq, ts FROM "+logTable+
			" WHERE seq > ? AND seq <= ? ORDER BY seq DESC LIMIT 1", s.at, bound).
			Scan(&last.seq, &last.ts)
	}
	if err == nil {
		var rows *sql.Rows
		rows, err = tx.QueryContext(ctx, "SELECT seq, tab, op, old, new FROM "+logTable+
			" WHERE seq > ? AND seq <= ? ORDER BY seq", s.at, last.seq)
		if err == nil {
			return &snapshot{ctx: ctx, source: s, tx: tx, rows: rows, last: s.at}, last, nil
		}
	}
	tx.Rollback()
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, last, nil
	case missingLog(err):
		return nil, last, errNoLog
	}
	return nil, last, fmt.Errorf("read change log: %w", err)
}

// bound is the last sequence number that the next transaction may have: it ends
// where an earlier one ended, and where an initial load was read.
func (s *Source) bound(ctx context.Context, q querier) (int64, error) {
	bound, err := nextLoad(ctx, q, s.at)
	for _, b := range s.cfg.Bounds {
		if b > s.at {
			bound = min(bound, b)
		}
	}
	return bound, err
}

func (s *Source) closeSnapshot() {
	if s.open != nil {
		s.open.close()
		s.open = nil
	}
}

// Wait returns when another connection has committed, or ctx ends.
func (s *Source) Wait(ctx context.Context) error {
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		version, err := s.version(ctx)
		if !isBusy(err) && (err != nil || version != s.seen) {
			return err
		}
		s.wait = min(s.wait*3/2, maxPoll)
		timer.Reset(s.wait)
	}
}

// Confirm tells that everything up to a restart position is durable elsewhere:
// those log rows are deleted, some at a time, so that writers hardly wait. The
// log's last row stays, so that its number is not given again. While another
// writer is at work nothing is deleted: the next call does it.
func (s *Source) Confirm(ctx context.Context, restart string) error {
	upTo, err := strconv.ParseInt(restart, 10, 64)
	if err != nil {
		return fmt.Errorf("restart position %q is not a log sequence number", restart)
	}
	s.closeSnapshot()
	if err := s.busyTimeout(ctx, confirmTimeout); err != nil {
		return err
	}
	if upTo, err = settleLoads(ctx, s.watch, upTo); err == nil {
		err = s.shorten(ctx, upTo)
	}
	if isBusy(err) {
		err = nil
	}
	return errors.Join(err, s.busyTimeout(ctx, busyTimeout))
}

// confirmTimeout is how long Confirm waits for another writer.
const confirmTimeout = 20 * time.Millisecond

func (s *Source) busyTimeout(ctx context.Context, d time.Duration) error {
	_, err := s.watch.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout=%d", d.Milliseconds()))
	return err
}

func (s *Source) shorten(ctx context.Context, upTo int64) error {
	for {
		res, err := s.watch.ExecContext(ctx, "DELETE FROM "+logTable+
			" WHERE seq IN (SELECT seq FROM "+logTable+
			" WHERE seq <= ? AND seq < (SELECT max(seq) FROM "+logTable+
			") ORDER BY seq LIMIT 1000)", upTo)
		if err != nil {
			return fmt.Errorf("shorten change log: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n < 1000 {
			return err
		}
	}
}

// Close ends reading.
func (s *Source) Close() error {
	s.closeSnapshot()
	if s.watch != nil {
		s.watch.Close()
	}
	return s.db.Close()
}

// definition finds the table of a log row; nil for one not wanted.
func (s *Source) definition(ctx context.Context, q querier, id int64,
) (*record.TableDef, error) {
	if def, ok := s.defs[id]; ok {
		return def, nil
	}
	var text string
	err := q.QueryRowContext(ctx, "SELECT def FROM "+tablesTable+" WHERE id=?", id).Scan(&text)
	if err != nil {
		return nil, fmt.Errorf("definition %d of the change log: %w", id, err)
	}
	def := &record.TableDef{}
	if err := json.Unmarshal([]byte(text), def); err != nil {
		return nil, fmt.Errorf("definition %d of the change log: %w", id, err)
	}
	if s.marks.tables[id] = s.filtered(def.Name); s.marks.tables[id] || !s.wants(def.Name) {
		def = nil
	} else {
		s.nextID++
		def.ID = s.nextID
	}
	s.defs[id] = def
	return def, nil
}

func (s *Source) wants(table string) bool {
	return s.cfg.Want == nil || s.cfg.Want(Schema, table)
}
