package mysql

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

// snapshots covers what initial loads need of a server.
func (l *live) snapshots() {
	l.exec("CREATE DATABASE sn", "CREATE TABLE sn.acct (id int primary key, n int)",
		"INSERT INTO sn.acct VALUES (1,500),(2,500),(3,500),(4,500),(5,500),(6,500)")
	stop := l.transfers()
	defer stop()
	l.readersAgree()
	l.rights()
	stop()
	l.refusedEngines()
	l.versioned()
	l.alteredSince()
	l.alteredMeanwhile()
	l.lockedRead()
}

// transfers moves amounts between accounts until it is stopped: their sum stays.
func (l *live) transfers() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for n := range 2 {
		group.Go(func() {
			for i := n; ctx.Err() == nil; i++ {
				tx, err := l.db.Begin()
				if err != nil {
					l.Error(err)
					return
				}
				for _, id := range []int{i%3 + 1, i%3 + 4} { // in one order: no deadlocks
					if _, err = tx.Exec("UPDATE sn.acct SET n = n + ? WHERE id = ?", 7*(5-2*id)/3%9, id); err != nil {
						break
					}
					_, err = tx.Exec("UPDATE sn.acct SET n = n - ? WHERE id = 6", 7*(5-2*id)/3%9)
				}
				if err == nil {
					err = tx.Commit()
				}
				if err != nil {
					_ = tx.Rollback() // a deadlock, after all
				}
			}
		})
	}
	return sync.OnceFunc(func() {
		cancel()
		group.Wait()
	})
}

func (l *live) snapshot(cfg Config, readers int) *Snapshot {
	l.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		s, err := OpenSnapshot(ctx, cfg, readers)
		if err == nil {
			return s
		}
		if !Retryable(err) || ctx.Err() != nil { // a load tries again, too
			l.Fatal(err)
		}
	}
}

// rowsOf reads a whole table with one reader.
func rowsOf(t *testing.T, s *Snapshot, reader int, table *SnapshotTable) (all [][]record.Value, err error) {
	t.Helper()
	whole := Part{Table: table, From: math.MinInt64, To: math.MaxInt64}
	err = s.Read(context.Background(), reader, whole, func(op []byte) error {
		var o record.Op
		if err := record.DecodeOp(append([]byte(nil), op...), &o); err != nil {
			return err
		}
		values, err := o.After.Values(nil, len(table.Def.Columns))
		all = append(all, values)
		return err
	})
	return all, err
}

func (l *live) readersAgree() {
	l.Helper()
	for range 10 {
		s := l.snapshot(l.config("sn"), 3)
		var seen string
		for reader := range s.Readers() {
			rows, err := rowsOf(l.T, s, reader, s.Tables()[0])
			if err != nil {
				l.Fatal(err)
			}
			sum, text := int64(0), ""
			for _, r := range rows {
				sum += int64(r[1].N)
				text += fmt.Sprintf("%d:%d ", int64(r[0].N), int64(r[1].N))
			}
			if sum != 3000 || reader > 0 && text != seen {
				l.Errorf("reader %d sees %s, of the sum %d; the first one saw %s", reader, text, sum, seen)
			}
			seen = text
		}
		if s.Readers() != 3 || s.Position().CSN.IsZero() || s.Position().Restart == "" {
			l.Errorf("%d readers at %+v", s.Readers(), s.Position())
		}
		if err := s.Close(); err != nil {
			l.Error(err)
		}
	}
}

// rights: the lock of the server, that of the tables, or none.
func (l *live) rights() {
	l.Helper()
	monitor := "REPLICATION CLIENT"
	if l.maria() {
		monitor = "BINLOG MONITOR"
	}
	for _, user := range []string{"locker", "reader"} {
		l.exec("CREATE USER "+user+"@'127.0.0.1' IDENTIFIED BY 'pw'",
			"GRANT "+monitor+" ON *.* TO "+user+"@'127.0.0.1'", "GRANT SELECT ON sn.* TO "+user+"@'127.0.0.1'")
	}
	l.exec("GRANT LOCK TABLES ON sn.* TO locker@'127.0.0.1'")
	cfg := l.config("sn")
	cfg.User, cfg.Password = "locker", "pw"
	s := l.snapshot(cfg, 2)
	if s.Readers() != 2 {
		l.Errorf("with LOCK TABLES there are %d readers", s.Readers())
	}
	s.Close()
	cfg.User = "reader"
	s, err := OpenSnapshot(context.Background(), cfg, 2)
	switch {
	case l.maria() && err != nil:
		l.Error(err)
	case l.maria(): // one, unless both happened to be of one place
		s.Close()
	case err == nil:
		l.Errorf("a user without rights got a snapshot of %d readers", s.Readers())
		s.Close()
	case !strings.Contains(err.Error(), "GRANT RELOAD"):
		l.Errorf("it does not say what to grant: %v", err)
	}
}

func (l *live) refusedEngines() {
	l.Helper()
	l.exec("CREATE DATABASE sm", "CREATE TABLE sm.plain (id int primary key) ENGINE=MyISAM")
	_, err := OpenSnapshot(context.Background(), l.config("sm"), 1)
	if err == nil || !strings.Contains(err.Error(), "sm.plain is kept by engine MyISAM") {
		l.Errorf("MyISAM: %v", err)
	}
}

// versioned: history rows are not rows of the table.
func (l *live) versioned() {
	l.Helper()
	if !l.maria() {
		return
	}
	l.exec("CREATE DATABASE sv", "CREATE TABLE sv.t (id int primary key, v int) WITH SYSTEM VERSIONING",
		"INSERT INTO sv.t VALUES (1,1),(2,2)", "UPDATE sv.t SET v = 3 WHERE id = 1", "DELETE FROM sv.t WHERE id = 2")
	s := l.snapshot(l.config("sv"), 1)
	defer s.Close()
	rows, err := rowsOf(l.T, s, 0, s.Tables()[0])
	if err != nil || len(rows) != 1 || rows[0][1].N != 3 {
		l.Errorf("a system versioned table gives %v: %v", rows, err)
	}
}

func (l *live) alteredSince() {
	l.Helper()
	l.exec("CREATE DATABASE sa", "CREATE TABLE sa.t (id int primary key, v int)", "INSERT INTO sa.t VALUES (1,1)")
	s := l.snapshot(l.config("sa"), 1)
	defer s.Close()
	l.exec("TRUNCATE TABLE sa.t")
	_, err := rowsOf(l.T, s, 0, s.Tables()[0])
	if !Retryable(err) || ggserr.NumberOf(err) != ggserr.SQLFailed {
		l.Errorf("a table emptied since the snapshot: %v", err)
	}
}

// alteredMeanwhile: between two parts a reader stands in nobody's way. If it did, an
// ALTER would wait behind it, and all other readers behind the ALTER.
func (l *live) alteredMeanwhile() {
	l.Helper()
	l.exec("CREATE DATABASE sw", "CREATE TABLE sw.t (id int primary key, v int)",
		"INSERT INTO sw.t VALUES (1,1)")
	s := l.snapshot(l.config("sw"), 2)
	defer s.Close()
	ctx := context.Background()
	if _, _, any, err := s.Bounds(ctx, 1, s.Tables()[0]); err != nil || !any {
		l.Fatalf("bounds: %v, %v", any, err)
	}
	if rows, err := rowsOf(l.T, s, 0, s.Tables()[0]); err != nil || len(rows) != 1 {
		l.Fatalf("%v: %v", rows, err)
	}
	conn, err := l.db.Conn(ctx)
	if err != nil {
		l.Fatal(err)
	}
	defer conn.Close()
	for _, statement := range []string{"SET SESSION lock_wait_timeout = 3",
		"ALTER TABLE sw.t MODIFY v bigint"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			l.Fatalf("%s behind a reader that has read: %v", statement, err)
		}
	}
	if _, err := rowsOf(l.T, s, 1, s.Tables()[0]); !Retryable(err) {
		l.Errorf("a table altered since the snapshot: %v", err)
	}
}

// lockedRead: a reader that cannot come at a table says so after a while, and what
// it was to read is read later.
func (l *live) lockedRead() {
	l.Helper()
	l.exec("CREATE DATABASE sx", "CREATE TABLE sx.t (id int primary key)", "INSERT INTO sx.t VALUES (1)")
	s := l.snapshot(l.config("sx"), 1)
	defer s.Close()
	if err := s.conns[0].exec(context.Background(), "SET SESSION lock_wait_timeout = 1"); err != nil {
		l.Fatal(err)
	}
	conn, err := l.db.Conn(context.Background())
	if err != nil {
		l.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "LOCK TABLES sx.t WRITE"); err != nil {
		l.Fatal(err)
	}
	_, err = rowsOf(l.T, s, 0, s.Tables()[0])
	if !Retryable(err) || !strings.Contains(err.Error(), "locked by other sessions") {
		l.Errorf("a locked table: %v", err)
	}
}
