package mysql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	gomysql "github.com/go-mysql-org/go-mysql/mysql"

	"ggsh/ddl"
	"ggsh/ggserr"
	"ggsh/record"
)

// Snapshot is the wanted tables as they stood at one commit, read over one or more
// connections.
type Snapshot struct {
	cfg    Config
	srv    *database
	conns  []*rowConn
	at     place // behind the last transaction that is in it; empty without a log
	gtid   string
	taken  time.Time
	tables []*SnapshotTable
	nextID uint32
}

// SnapshotTable is one table of a snapshot.
type SnapshotTable struct {
	Def *record.TableDef
	// Rows is the server's estimate of their number, -1 when it has none.
	Rows int64
	// Key is the first column of the key when its values are whole numbers, else -1.
	Key int
	// columns is the list of a SELECT, with the forms that a plan expects.
	columns string
}

// How the moment of a snapshot is held still.
const (
	// lockWait bounds how long the locks may be waited for, each of lockTries times:
	// while they are, other sessions wait behind them.
	lockWait  = 3 * time.Second
	lockTries = 3
	// readWait bounds how long a reader waits for a table that others have locked.
	readWait = time.Minute
	// freeTries is how often snapshots without a lock are compared before one is used.
	freeTries = 3
)

// A reader goes back to the savepoint behind each part: that keeps the snapshot and
// gives back the table's metadata lock. With it an ALTER would wait for the reader,
// and all who want the table behind the ALTER, other readers too. MariaDB keeps the
// lock all the same in a session that writes to its log.
const (
	startSnapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT"
	setPlace      = "SAVEPOINT ggsh_read"
	giveBack      = "ROLLBACK TO SAVEPOINT ggsh_read"
	unlogged      = "SET SESSION sql_log_bin = 0"
)

// OpenSnapshot opens a snapshot for a number of readers. It gives fewer when the
// user may hold no lock and the server can give one without.
func OpenSnapshot(ctx context.Context, cfg Config, readers int) (*Snapshot, error) {
	s := &Snapshot{cfg: cfg.completed()}
	var err error
	if s.srv, err = connectServer(ctx, &s.cfg); err != nil {
		return nil, err
	}
	if err = s.open(ctx, max(readers, 1)); err == nil {
		err = s.setSavepoints(ctx)
	}
	if err == nil {
		err = s.describe(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Snapshot) open(ctx context.Context, readers int) error {
	for range readers {
		c, err := dialRows(ctx, s.srv)
		if err != nil {
			return err
		}
		s.conns = append(s.conns, c)
		wait := waitFor(readWait)
		if err := c.exec(ctx, wait); err != nil {
			return s.srv.rowsFailed(err, wait)
		}
		// Without the right to it, an ALTER waits for the readers of its table.
		if err := c.exec(ctx, unlogged); err != nil && !denied(err) {
			return s.srv.rowsFailed(err, unlogged)
		}
	}
	logged := s.srv.on("log_bin")
	if logged && s.srv.flavor == flavorMariaDB {
		for range freeTries {
			if done, err := s.openFree(ctx); done || err != nil {
				return err
			}
		}
	}
	if !logged && readers == 1 {
		s.taken = time.Now().UTC()
		return s.startAll(ctx)
	}
	err := s.openLocked(ctx)
	var missing *lockError
	if errors.As(err, &missing) && logged && s.srv.flavor == flavorMariaDB {
		return s.openOne(ctx, missing)
	}
	return err
}

func (s *Snapshot) startAll(ctx context.Context) error {
	for _, c := range s.conns {
		if err := c.exec(ctx, startSnapshot); err != nil {
			return s.srv.rowsFailed(err, startSnapshot)
		}
	}
	return nil
}

// setSavepoints is for when no lock is held: MariaDB lets a savepoint wait for it.
func (s *Snapshot) setSavepoints(ctx context.Context) error {
	for _, c := range s.conns {
		if err := c.exec(ctx, setPlace); err != nil {
			return s.srv.rowsFailed(err, setPlace)
		}
	}
	return nil
}

// waitFor bounds how long a session waits for locks of tables.
func waitFor(d time.Duration) string {
	return fmt.Sprintf("SET SESSION lock_wait_timeout = %d", int(d.Seconds()))
}

// openFree opens the snapshots of MariaDB, which knows the place in the log of
// each, without a lock. done says that all are of one place.
func (s *Snapshot) openFree(ctx context.Context) (done bool, err error) {
	if err := s.startAll(ctx); err != nil {
		return false, err
	}
	s.taken = time.Now().UTC()
	for i, c := range s.conns {
		at, err := s.placeOf(ctx, c)
		if err != nil {
			return false, err
		}
		if i > 0 && at != s.at {
			return false, nil
		}
		s.at = at
	}
	s.gtid, err = s.srv.gtidAt(ctx, s.at)
	return true, err
}

// placeOf asks MariaDB for the place of a connection's snapshot.
func (s *Snapshot) placeOf(ctx context.Context, c *rowConn) (place, error) {
	const q = "SHOW STATUS LIKE 'binlog_snapshot_%'"
	rows, err := c.ask(ctx, q)
	if err != nil {
		return place{}, s.srv.rowsFailed(err, q)
	}
	var at place
	for _, r := range rows {
		switch strings.ToLower(r[0]) {
		case "binlog_snapshot_file":
			at.File = r[1]
		case "binlog_snapshot_position":
			at.Pos, err = strconv.ParseUint(r[1], 10, 64)
		}
	}
	if err != nil || at.File == "" || at.Pos == 0 {
		return at, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the server does not tell the place of "+
			"a snapshot in its log: %v", rows))
	}
	return at, nil
}

// openOne goes on with one reader, because the user may hold no lock.
func (s *Snapshot) openOne(ctx context.Context, missing *lockError) error {
	s.cfg.warn(warning("one reader instead of %d: %s", len(s.conns), missing).
		Do("%s", s.lockAdvice()))
	for _, c := range s.conns[1:] {
		c.close()
	}
	s.conns = s.conns[:1]
	_, err := s.openFree(ctx)
	return err
}

// lockError says that the user may not hold the locks.
type lockError struct{ err error }

func (e *lockError) Error() string { return e.err.Error() }
func (e *lockError) Unwrap() error { return e.err }

// openLocked opens all snapshots while nothing can be committed to the tables: for
// that moment the whole server is locked or, without the right to do that, the
// wanted tables are.
func (s *Snapshot) openLocked(ctx context.Context) error {
	lock, err := dialRows(ctx, s.srv)
	if err != nil {
		return err
	}
	defer lock.close() // its end frees what it holds
	wait := waitFor(lockWait)
	if err := lock.exec(ctx, wait); err != nil {
		return s.srv.rowsFailed(err, wait)
	}
	if err := s.lock(ctx, lock); err != nil {
		return err
	}
	if err := s.startAll(ctx); err != nil {
		return err
	}
	s.taken = time.Now().UTC()
	if s.srv.on("log_bin") {
		h, err := s.srv.head(ctx)
		if err != nil {
			return err
		}
		s.at, s.gtid = h.place, h.GTID
	}
	if err := lock.exec(ctx, "UNLOCK TABLES"); err != nil {
		return s.srv.rowsFailed(err, "UNLOCK TABLES")
	}
	return nil
}

// lock takes the locks. Between two tries those who wait behind them come to their turn.
func (s *Snapshot) lock(ctx context.Context, lock *rowConn) (err error) {
	statement := "FLUSH TABLES WITH READ LOCK"
	for range lockTries {
		err = lock.exec(ctx, statement)
		if denied(err) {
			if statement, err = s.lockStatement(ctx); err != nil {
				return err
			}
			err = lock.exec(ctx, statement)
		}
		if !lockedOut(err) {
			break
		}
	}
	if err != nil {
		return s.lockFailed(err, statement)
	}
	return nil
}

// lockedOut reports whether a lock was waited for in vain.
func lockedOut(err error) bool {
	var coded *gomysql.MyError
	return errors.As(err, &coded) && coded.Code == errLockWait
}

// lockStatement locks the wanted tables alone: for WRITE, as READ would wait for ever
// behind writers that keep coming.
func (s *Snapshot) lockStatement(ctx context.Context) (string, error) {
	names, err := s.wanted(ctx)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "DO 0", nil
	}
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = quoteTable(n.Schema, n.Name) + " WRITE"
	}
	return "LOCK TABLES " + strings.Join(list, ", "), nil
}

func (s *Snapshot) lockFailed(err error, statement string) error {
	if lockedOut(err) {
		return &retryable{ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf("the tables could not be held "+
			"still within %d times %s: a statement or transaction that was begun before still works "+
			"with them", lockTries, lockWait)).Because(err)}
	}
	if denied(err) {
		return &lockError{ggserr.New(ggserr.SQLFailed, statement[:min(len(statement), 60)]).Because(err).
			Do("%s", s.lockAdvice())}
	}
	return s.srv.rowsFailed(err, statement)
}

func (s *Snapshot) lockAdvice() string {
	return fmt.Sprintf("A snapshot of several readers, and any snapshot of MySQL, needs the right to "+
		"hold the tables still for a moment: GRANT RELOAD ON *.* TO '%s'@'%%', or GRANT LOCK TABLES "+
		"ON the schemas that are loaded.", s.cfg.User)
}

// denied reports whether the server refused a statement for want of a right.
func denied(err error) bool {
	var coded *gomysql.MyError
	return errors.As(err, &coded) && (coded.Code == errSpecificAccess || coded.Code == errNoPrivilege ||
		coded.Code == errDBAccess || coded.Code == errAccessDenied)
}

// wanted lists the tables to read.
func (s *Snapshot) wanted(ctx context.Context) ([]ddl.Name, error) {
	all, err := s.srv.listTables(ctx)
	return slices.DeleteFunc(all, func(n ddl.Name) bool {
		return !s.cfg.wanted(n.Schema, n.Name)
	}), err
}

// Position is the last commit that is in the snapshot, as a transaction without
// operations; its CSN is zero when the server writes no log.
func (s *Snapshot) Position() record.Txn {
	t := record.Txn{TxnInfo: record.TxnInfo{CommitTime: s.taken}}
	if s.at.File == "" {
		return t
	}
	t.CSN = s.at.csn(0)
	r := restart{Flavor: s.srv.flavor, Server: s.srv.identity, place: s.at, GTID: s.gtid}
	t.Restart = r.text()
	return t
}

// Server names the server and its version.
func (s *Snapshot) Server() string {
	return fmt.Sprintf("%s %s at %s", s.srv.flavor, s.srv.version, s.cfg.address())
}

// Readers is how many may read at once.
func (s *Snapshot) Readers() int { return len(s.conns) }

// Tables are the wanted tables by schema and name.
func (s *Snapshot) Tables() []*SnapshotTable { return s.tables }

// Close ends the snapshot.
func (s *Snapshot) Close() error {
	for _, c := range s.conns {
		c.close()
	}
	s.conns = nil
	return s.srv.close()
}
