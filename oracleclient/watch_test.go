package oracleclient_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"ggsh/oracleclient"
	"ggsh/tests/tns"
)

// soon fails the test when something takes longer than anything here may.
func soon(t *testing.T, begun time.Time) {
	t.Helper()
	if d := time.Since(begun); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

// works tells that the pool is in order again.
func works(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT again FROM t")
	if err != nil {
		t.Fatalf("the next call: %v", err)
	}
	if _, err := read(rows); err != nil {
		t.Fatalf("the next call: %v", err)
	}
}

// Whatever kind of call it is, a server that never answers does not hold it beyond its
// deadline and the grace, and the connection is not used again.
func TestSilentServerWithDeadline(t *testing.T) {
	s := start(t, numbers(500))
	for what, call := range map[string]func(context.Context, *sql.DB) error{
		"exec": func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, "DELETE FROM silent")
			return err
		},
		"query": func(ctx context.Context, db *sql.DB) error {
			_, err := db.QueryContext(ctx, "SELECT 1 FROM silent")
			return err
		},
		"ping": func(ctx context.Context, db *sql.DB) error { return db.PingContext(ctx) },
	} {
		t.Run(what, func(t *testing.T) {
			db := s.open(t, nil)
			db.SetMaxOpenConns(1)
			before := len(s.Logins())
			s.faults.Add(tns.Fault{Silent: true})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begun := time.Now()
			err := call(ctx, db)
			soon(t, begun)
			if !errors.Is(err, context.DeadlineExceeded) || oracleclient.ClassOf(err) != oracleclient.Canceled {
				t.Errorf("got %v", err)
			}
			works(t, db)
			if len(s.Logins()) != before+1 {
				t.Error("the dead connection was used again")
			}
		})
	}
}

func TestSilentServerInRows(t *testing.T) {
	s := start(t, numbers(500))
	db := s.open(t, func(c *oracleclient.Config) { c.Prefetch = 100 })
	db.SetMaxOpenConns(1)
	s.faults.Add(tns.Fault{At: 3, SQL: "silent", Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	rows, err := db.QueryContext(ctx, "SELECT n, v FROM silent")
	if err != nil {
		t.Fatal(err)
	}
	n, err := read(rows)
	soon(t, begun)
	if n != 200 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d rows, %v", n, err)
	}
	works(t, db)
}

// Without a deadline, the quiet that is allowed ends the call.
func TestQuietServer(t *testing.T) {
	s := start(t, numbers(500))
	db := s.open(t, func(c *oracleclient.Config) {
		c.Prefetch = 100
		c.Quiet = time.Second
	})
	db.SetMaxOpenConns(1)
	for _, at := range []int{1, 2} {
		s.faults.Add(tns.Fault{At: at, SQL: "silent", Silent: true})
		begun := time.Now()
		rows, err := db.QueryContext(context.Background(), "SELECT n, v FROM silent")
		if err == nil {
			_, err = read(rows)
		}
		soon(t, begun)
		if oracleclient.ClassOf(err) != oracleclient.Lost || oracleclient.Code(err) != 3113 {
			t.Errorf("at call %d: got %v", at, err)
		}
		works(t, db)
	}
}

// A server that stops in the middle of an answer.
func TestStalledAnswer(t *testing.T) {
	s := start(t, numbers(500))
	db := s.open(t, func(c *oracleclient.Config) { c.Quiet = time.Second })
	s.faults.Add(tns.Fault{SQL: "stall", Stall: true, After: 1000})
	begun := time.Now()
	rows, err := db.QueryContext(context.Background(), "SELECT n, v FROM stall")
	if err == nil {
		_, err = read(rows)
	}
	soon(t, begun)
	if oracleclient.ClassOf(err) != oracleclient.Lost {
		t.Errorf("got %v", err)
	}
	works(t, db)
}

// A server that obeys a break keeps its connection.
func TestBreakIsAnswered(t *testing.T) {
	s := start(t, numbers(500))
	db := s.open(t, func(c *oracleclient.Config) {
		c.Prefetch = 100
		c.Grace = time.Minute
	})
	db.SetMaxOpenConns(1)
	for _, at := range []int{1, 3} { // in the execution, in a fetch
		s.faults.Add(tns.Fault{At: at, SQL: "break", Silent: true, AnswerBreak: true})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		begun := time.Now()
		rows, err := db.QueryContext(ctx, "SELECT n, v FROM break")
		if err == nil {
			_, err = read(rows)
		}
		cancel()
		soon(t, begun)
		if !errors.Is(err, context.DeadlineExceeded) || oracleclient.Code(err) != 1013 {
			t.Errorf("at call %d: got %v", at, err)
		}
		works(t, db)
	}
	if n := len(s.Logins()); n != 1 {
		t.Errorf("%d logins: a good connection was thrown away", n)
	}
}

// The backend hears of a break, too.
func TestBreakEndsTheStatement(t *testing.T) {
	heard := make(chan struct{})
	s := start(t, func(ctx context.Context, c tns.Call) (*tns.Result, error) {
		if c.SQL != "BEGIN slow; END;" {
			return numbers(3)(ctx, c)
		}
		<-ctx.Done()
		close(heard)
		return nil, ctx.Err()
	})
	db := s.open(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "BEGIN slow; END;")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	<-heard
	works(t, db)
}

func TestSocketClosedInARow(t *testing.T) {
	s := start(t, numbers(500))
	db := s.open(t, func(c *oracleclient.Config) { c.Prefetch = 100 })
	db.SetMaxOpenConns(1)
	s.faults.Add(tns.Fault{At: 3, SQL: "closed", Close: true, After: 333})
	rows, err := db.QueryContext(t.Context(), "SELECT n, v FROM closed")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := read(rows); n != 200 || oracleclient.ClassOf(err) != oracleclient.Lost {
		t.Errorf("%d rows, %v", n, err)
	}
	works(t, db)
}

// A commit whose answer is lost is an error of its own class: it may have happened.
func TestCommitWithoutAnswer(t *testing.T) {
	s := start(t, nil)
	db := s.open(t, nil)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	s.faults.Add(tns.Fault{Close: true})
	if err := tx.Commit(); oracleclient.ClassOf(err) != oracleclient.Lost {
		t.Errorf("got %v", err)
	}
}

// database/sql repeats what failed with driver.ErrBadConn. A statement that went out must
// not be repeated.
func TestLostStatementIsNotRepeated(t *testing.T) {
	s := start(t, numbers(3))
	db := s.open(t, nil)
	s.faults.Add(tns.Fault{SQL: "once", Close: true})
	_, err := db.ExecContext(t.Context(), "INSERT INTO once VALUES (1)")
	if oracleclient.ClassOf(err) != oracleclient.Lost {
		t.Errorf("got %v", err)
	}
	for _, c := range s.Calls() {
		if c.SQL == "INSERT INTO once VALUES (1)" {
			t.Error("the statement was sent again")
		}
	}
	works(t, db)
}

func TestErrorInAFetch(t *testing.T) {
	s := start(t, numbers(500))
	db := s.open(t, func(c *oracleclient.Config) { c.Prefetch = 100 })
	db.SetMaxOpenConns(1)
	for _, bare := range []bool{false, true} {
		s.faults.Add(tns.Fault{At: 3, SQL: "log", Rows: 50, Bare: bare,
			Err: &tns.Error{Code: 310, Text: "archived log contains sequence 8; sequence 7 required"}})
		rows, err := db.QueryContext(t.Context(), "SELECT n, v FROM log")
		if err != nil {
			t.Fatal(err)
		}
		n, err := read(rows)
		if n < 200 || n > 250 || oracleclient.ClassOf(err) != oracleclient.LogChanged {
			t.Errorf("bare %v: %d rows, %v", bare, n, err)
		}
		works(t, db)
	}
	if n := len(s.Logins()); n != 1 {
		t.Errorf("%d logins: a good connection was thrown away", n)
	}
}

// A crash of the database between two calls costs the pool nothing but a connection.
func TestDeadConnectionsAreReplaced(t *testing.T) {
	s := start(t, numbers(3))
	db := s.open(t, nil)
	db.SetMaxOpenConns(1)
	works(t, db)
	s.Kill()
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t"); err != nil &&
		oracleclient.ClassOf(err) != oracleclient.Lost {
		t.Errorf("got %v", err)
	}
	works(t, db)
}

// The driver panics when rows come of columns that were never described.
func TestDriverPanics(t *testing.T) {
	s := start(t, numbers(3))
	db := s.open(t, nil)
	db.SetMaxOpenConns(1)
	s.faults.Add(tns.Fault{SQL: "panic", Raw: []byte{6, 0, 1, 2, 0, 0, 0, 1, 1, 1, 3}})
	_, err := db.QueryContext(t.Context(), "SELECT n, v FROM panic")
	if err == nil || oracleclient.ClassOf(err) != oracleclient.Lost {
		t.Errorf("got %v", err)
	}
	t.Log(err)
	works(t, db)
}
