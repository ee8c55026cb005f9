// Package capturetest is what every source of committed transactions must do,
// whatever database is behind it: one suite, run by the tests of each capture.
//
// It is not a test of a database's types or statements; those are the capture's
// own. Its law: it knows the contract only, through Source and Database.
package capturetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/record"
)

// Source is the contract that package extract declares.
type Source interface {
	Next(ctx context.Context) (*record.Txn, error)
	Wait(ctx context.Context) error
	Close() error
}

// Database is a source database in the hands of the suite. Its table CT(ID, V) has
// an integer key and a text of at least 100 characters; nothing else is captured.
type Database interface {
	// Exec runs statements in one session, in autocommit until BEGIN.
	Exec(statements ...string) error
	// Table is the name of table CT in statements.
	Table() string
	// Open opens a source at restart; empty means the present end.
	Open(ctx context.Context, restart string) (Source, error)
}

// deadline bounds each wait of the suite.
const deadline = 30 * time.Second

// Run runs the suite. fresh makes a database whose table CT is empty.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	runAll(t, fresh, false)
	t.Run("rollback", func(t *testing.T) { (&suite{T: t, db: fresh(t)}).rollback() })
}

// RunSingle runs the suite on a source without transactions, in which each statement is
// one: nothing can be rolled back.
func RunSingle(t *testing.T, fresh func(t *testing.T) Database) { runAll(t, fresh, true) }

func runAll(t *testing.T, fresh func(t *testing.T) Database, single bool) {
	for _, c := range []struct {
		name string
		test func(*suite)
	}{
		{"order", (*suite).order}, {"restart", (*suite).restart}, {"wait", (*suite).wait},
		{"close", (*suite).close}, {"progress", (*suite).progress},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(&suite{T: t, db: fresh(t), single: single}) })
	}
}

type suite struct {
	*testing.T
	db     Database
	single bool
}

func (s *suite) exec(statements ...string) {
	s.Helper()
	if s.single {
		statements = slices.DeleteFunc(statements, func(text string) bool {
			return text == "BEGIN" || text == "COMMIT"
		})
	}
	for i := range statements {
		statements[i] = strings.ReplaceAll(statements[i], "CT", s.db.Table())
	}
	if err := s.db.Exec(statements...); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) open(restart string) Source {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	src, err := s.db.Open(ctx, restart)
	if err != nil {
		s.Fatal(err)
	}
	return src
}

func (s *suite) shut(src Source) {
	s.Helper()
	if err := src.Close(); err != nil {
		s.Error(err)
	}
}

// seen is a transaction reduced to what the suite compares.
type seen struct {
	csn     record.CSN
	restart string
	text    string
}

// take reads count transactions that have operations.
func (s *suite) take(src Source, count int) []seen {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var list []seen
	for len(list) < count {
		txn, err := src.Next(ctx)
		if errors.Is(err, io.EOF) {
			if err := src.Wait(ctx); err != nil {
				s.Fatalf("waiting for transaction %d of %d: %v", len(list)+1, count, err)
			}
			continue
		}
		if err != nil {
			s.Fatal(err)
		}
		if txn.Ops != nil {
			list = append(list, s.read(txn))
		}
	}
	return list
}

// read prints a transaction's operations and checks their form.
func (s *suite) read(txn *record.Txn) seen {
	s.Helper()
	if txn.CSN.IsZero() || txn.Restart == "" || txn.XID == "" || txn.CommitTime.IsZero() {
		s.Errorf("a transaction lacks CSN, restart position, XID or time: %+v", txn)
	}
	var ops []string
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.Fatal(err)
		}
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			s.Fatal(err)
		}
		if def == nil || def.ID != op.Table || def.ID == 0 {
			s.Fatalf("operation of table id %d has definition %+v", op.Table, def)
		}
		text := op.Type.String()
		for _, im := range []record.Image{op.Before, op.After} {
			if im == nil {
				continue
			}
			values, err := im.Values(nil, len(def.Columns))
			if err != nil {
				s.Fatal(err)
			}
			text += fmt.Sprintf(" %s/%.5s", values[0].Text(nil, -1), values[1].Text(nil, -1))
		}
		ops = append(ops, text)
	}
	if len(ops) == 0 {
		s.Error("a transaction with Ops has no operations")
	}
	return seen{csn: txn.CSN, restart: txn.Restart, text: strings.Join(ops, ", ")}
}

func (s *suite) compare(got []seen, want ...string) {
	s.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			s.Errorf("transaction %d, %q, did not come", i+1, want[i])
		case i >= len(want):
			s.Errorf("transaction %d, %q, was not expected", i+1, got[i].text)
		case got[i].text != want[i]:
			s.Errorf("transaction %d is %q, want %q", i+1, got[i].text, want[i])
		}
		if i > 0 && i < len(got) && got[i-1].csn.Compare(got[i].csn) >= 0 {
			s.Errorf("CSN %s comes behind %s", got[i].csn, got[i-1].csn)
		}
	}
}

// script makes transactions; scriptWant is what comes of them.
func (s *suite) script() {
	s.exec("INSERT INTO CT VALUES (1,'a')",
		"BEGIN", "INSERT INTO CT VALUES (2,'b')", "INSERT INTO CT VALUES (3,'c')", "COMMIT",
		"UPDATE CT SET V='x' WHERE ID=1", "UPDATE CT SET ID=10 WHERE ID=2", "DELETE FROM CT WHERE ID=3")
}

func (s *suite) scriptWant() []string {
	insert := []string{"INSERT 2/b, INSERT 3/c"}
	if s.single {
		insert = []string{"INSERT 2/b", "INSERT 3/c"}
	}
	return slices.Concat([]string{"INSERT 1/a"}, insert,
		[]string{"UPDATE 1/a 1/x", "PK UPDATE 2/b 10/b", "DELETE 3/c"})
}

// order: committed transactions come whole, in the order of their commits.
func (s *suite) order() {
	src := s.open("")
	defer s.shut(src)
	s.script()
	want := s.scriptWant()
	s.compare(s.take(src, len(want)), want...)
}

// restart: from the position of each transaction exactly the later ones come, with
// the same CSN.
func (s *suite) restart() {
	src := s.open("")
	s.script()
	all := s.take(src, len(s.scriptWant()))
	s.shut(src)
	s.exec("INSERT INTO CT VALUES (99,'end')")
	for i := range all {
		src := s.open(all[i].restart)
		rest := s.take(src, len(all)-i)
		s.shut(src)
		want := append(s.scriptWant()[i+1:], "INSERT 99/end")
		s.compare(rest, want...)
		for j := range rest[:len(rest)-1] {
			if rest[j].csn != all[i+1+j].csn {
				s.Errorf("the CSN was %s, after a restart it is %s", all[i+1+j].csn, rest[j].csn)
			}
		}
	}
}

// wait: Next does not block, Wait does, until something comes or its context ends.
func (s *suite) wait() {
	src := s.open("")
	defer s.shut(src)
	s.exec("INSERT INTO CT VALUES (1,'a')")
	s.compare(s.take(src, 1), "INSERT 1/a")
	for {
		txn, err := src.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.Fatal(err)
		}
		if txn.Ops != nil {
			s.Fatal("a transaction came twice")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := src.Wait(ctx); !errors.Is(err, context.Canceled) {
		s.Errorf("Wait with a context that has ended returns %v", err)
	}
	go func() { _ = s.db.Exec("INSERT INTO " + s.db.Table() + " VALUES (2,'b')") }()
	s.compare(s.take(src, 1), "INSERT 2/b")
}

// rollback: what was not committed never comes.
func (s *suite) rollback() {
	src := s.open("")
	defer s.shut(src)
	s.exec("BEGIN", "INSERT INTO CT VALUES (1,'no')", "ROLLBACK", "INSERT INTO CT VALUES (2,'yes')")
	s.compare(s.take(src, 1), "INSERT 2/yes")
}

// close: Close may come at any time and twice, Next fails behind it, and no
// goroutine is left.
func (s *suite) close() {
	before := runtime.NumGoroutine()
	src := s.open("")
	s.exec("INSERT INTO CT VALUES (1,'a')", "INSERT INTO CT VALUES (2,'b')")
	s.take(src, 1)
	s.shut(src)
	s.shut(src)
	if _, err := src.Next(context.Background()); err == nil || errors.Is(err, io.EOF) {
		s.Errorf("Next behind Close returns %v", err)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before+1 { // database/sql's opener may linger
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	s.Errorf("%d goroutines are left of %d:\n%s", runtime.NumGoroutine(), before,
		buf[:runtime.Stack(buf, true)])
}

// progress: a source that has nothing to deliver tells how far it is, and its
// restart position loses nothing.
func (s *suite) progress() {
	src := s.open("")
	s.exec("BEGIN", "INSERT INTO CT VALUES (1,'a')", "COMMIT")
	first := s.take(src, 1)
	restart := first[0].restart
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		txn, err := src.Next(ctx)
		if err == nil && txn.Ops == nil {
			if txn.CSN.Compare(first[0].csn) < 0 {
				s.Errorf("progress %s lies before transaction %s", txn.CSN, first[0].csn)
			}
			restart = txn.Restart
		}
		if err != nil && src.Wait(ctx) != nil {
			break
		}
	}
	s.shut(src)
	s.exec("INSERT INTO CT VALUES (2,'b')")
	src = s.open(restart)
	defer s.shut(src)
	s.compare(s.take(src, 1), "INSERT 2/b")
}
