package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"ggsh/capture/capturetest"
)

// conformance runs the suite of all captures.
func (l *live) conformance() {
	capturetest.Run(l.T, func(t *testing.T) capturetest.Database {
		l.exec("DROP DATABASE IF EXISTS conf", "CREATE DATABASE conf",
			"CREATE TABLE conf.ct (id int primary key, v varchar(200))")
		return suiteDatabase{&live{T: t, in: l.in, db: l.db}}
	})
}

// suiteDatabase is a live server in the hands of capturetest.
type suiteDatabase struct{ l *live }

func (d suiteDatabase) Table() string { return "conf.ct" }

func (d suiteDatabase) Exec(statements ...string) error {
	c, err := d.l.db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer c.Close()
	for _, s := range statements {
		if _, err := c.ExecContext(context.Background(), s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func (d suiteDatabase) Open(ctx context.Context, restart string) (capturetest.Source, error) {
	cfg := d.l.config("conf")
	cfg.Start.Restart = restart
	return Open(ctx, cfg)
}

// special covers what only MariaDB has: sequences, system versioning, and a table
// whose rows are read after it was changed; and the filters of both.
func (l *live) special() {
	l.exec("CREATE DATABASE sp", "CREATE TABLE sp.loop_ck (id int primary key)",
		"CREATE TABLE sp.a (id int primary key, u binary(16))")
	cfg := l.config("sp")
	cfg.FilterTables = []string{"sp.loop_ck"}
	s := l.open(cfg)
	defer s.Close()
	l.exec("USE sp", "START TRANSACTION", "INSERT INTO a VALUES (1,'x')",
		"INSERT INTO loop_ck VALUES (1)", "COMMIT", "INSERT INTO a VALUES (2,'y')")
	want := "txn\n  INSERT a => 2,79" + strings.Repeat("00", 15) + "\n"
	if l.maria() {
		l.exec("USE sp", "CREATE SEQUENCE seq", "SELECT NEXT VALUE FOR seq",
			"CREATE TABLE v (id int primary key, x int) WITH SYSTEM VERSIONING",
			"INSERT INTO v VALUES (1,1)", "UPDATE v SET x=2", "DELETE FROM v",
			"CREATE TABLE h (id int primary key, u uuid, i int invisible default 3)",
			"INSERT INTO h (id,u) VALUES (1,'123e4567-e89b-12d3-a456-426614174000')",
			"ALTER TABLE h ADD late int")
		want += "txn\n  DDL CREATE SEQUENCE sp.seq\ntxn\n  DDL CREATE TABLE sp.v\n" +
			"txn\n  INSERT v => 1,1\ntxn\n  UPDATE v 1,1 => 1,2\ntxn\n  DELETE v 1,2 =>\n" +
			"txn\n  DDL CREATE TABLE sp.h\n" +
			"txn\n  INSERT h => 1,123e4567-e89b-12d3-a456-426614174000,3\n" +
			"txn\n  DDL ALTER TABLE sp.h\n"
	}
	list := l.read(s, 0)
	// The columns of system versioning are times.
	times := regexp.MustCompile(`(,\d{4}-\d\d-\d\d [0-9:.+]+){2}`)
	l.compare("special tables", times.ReplaceAllString(lines(list), ""), want)
}

// restarted: the server goes away and comes back while a capture reads, and a tagged
// transaction of MySQL says its tag.
func (l *live) restarted() {
	l.exec("CREATE DATABASE rs", "CREATE TABLE rs.a (id int primary key)")
	cfg := l.config("rs")
	cfg.LeaveOutTag = func(tag string) bool { return tag == "loop" }
	if l.maria() {
		if s, err := Open(l.Context(), cfg); err == nil || !strings.Contains(err.Error(), "FILTERTABLE") {
			l.Errorf("tags of MariaDB: %v, %v", s, err)
		}
		cfg.LeaveOutTag = nil
	}
	s := l.open(cfg)
	defer s.Close()
	l.exec("INSERT INTO rs.a VALUES (1)")
	got := lines(l.read(s, 1))
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := l.in.Restart(ctx); err != nil {
		l.Fatal(err)
	}
	l.exec("INSERT INTO rs.a VALUES (2)", "INSERT INTO rs.a VALUES (3)")
	got += lines(l.read(s, 2))
	l.compare("over a restart of the server", got,
		"txn\n  INSERT a => 1\ntxn\n  INSERT a => 2\ntxn\n  INSERT a => 3\n")
	if l.maria() {
		return
	}
	l.exec("SET gtid_next='AUTOMATIC:loop'", "INSERT INTO rs.a VALUES (4)",
		"SET gtid_next='AUTOMATIC:app'", "INSERT INTO rs.a VALUES (5)")
	list := l.read(s, 0)
	if len(list) != 1 || list[0].Tag != "app" || !strings.Contains(list[0].XID, ":app:") ||
		!strings.Contains(list[0].Restart, ":loop:") {
		l.Errorf("tagged transactions: %+v", list)
	}
}

// BenchmarkLive reads the log of a server given by GGSH_BENCH_MYSQL (host:port of a
// root without password) from the file number in GGSH_BENCH_SEQ on.
func BenchmarkLive(b *testing.B) {
	address := os.Getenv("GGSH_BENCH_MYSQL")
	if address == "" {
		b.Skip("GGSH_BENCH_MYSQL is not set")
	}
	host, port, _ := strings.Cut(address, ":")
	cfg := Config{Host: host, User: "root", SpoolDir: b.TempDir(), Start: Start{Seq: 1}}
	if _, err := fmt.Sscan(port, &cfg.Port); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Sscan(os.Getenv("GGSH_BENCH_SEQ"), &cfg.Start.Seq); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		rows, took := benchOnce(b, cfg)
		b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
	}
}

func benchOnce(b *testing.B, cfg Config) (rows int64, took time.Duration) {
	ctx := context.Background()
	begin := time.Now()
	s, err := Open(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for last := begin; ; {
		txn, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			if s.Status().AtEnd {
				return rows, last.Sub(begin)
			}
			w, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			err = s.Wait(w)
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				b.Fatal(err)
			}
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		for txn.Ops != nil {
			if _, _, err := txn.Ops.Next(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		last = time.Now()
	}
}
