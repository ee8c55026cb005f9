package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"ggsh/record"
)

func (w *writer) count(query string) (n int) {
	w.t.Helper()
	if err := w.db.QueryRow(query).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestRestartGoesOnWhereItStood(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
	_, restart := drain(t, s)
	w.run(`INSERT INTO TB_EMP VALUES (2, 'b', 1)`)
	s.Close()
	again := w.capture(Config{Restart: restart})
	ops, last := drain(t, again)
	want(t, ops, `INSERT TB_EMP (2,"b",1)`)
	if ops, _ := drain(t, w.capture(Config{Restart: last})); len(ops) != 0 {
		t.Errorf("nothing is left, but captured\n%s", lines(ops))
	}
	if _, err := Open(t.Context(), Config{Path: w.path, Restart: "12345"}); err == nil ||
		!strings.Contains(err.Error(), "older copy") {
		t.Errorf("a restart beyond the log gives %v", err)
	}
	if _, err := Open(t.Context(), Config{Path: w.path, Restart: "x"}); err == nil {
		t.Error("a restart position that is no number is taken")
	}
}

func TestBeginTimeAndAtEnd(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (1, 'early', 1)`, `UPDATE ggs_log SET ts = ts - 60000000000`)
	begin := time.Now() // a change in the same millisecond counts
	w.run(`INSERT INTO TB_EMP VALUES (2, 'after begin', 1)`)
	atEnd := w.capture(Config{AtEnd: true})
	ops, _ := drain(t, w.capture(Config{Begin: begin}))
	want(t, ops, `INSERT TB_EMP (2,"after begin",1)`)
	ops, _ = drain(t, w.capture(Config{}))
	want(t, ops, `INSERT TB_EMP (1,"early",1)`, `INSERT TB_EMP (2,"after begin",1)`)
	w.run(`INSERT INTO TB_EMP VALUES (3, 'after open', 1)`)
	ops, _ = drain(t, atEnd)
	want(t, ops, `INSERT TB_EMP (3,"after open",1)`)
}

// A clock that is set back after the begin time must cost nothing: neither the
// changes before the setting nor those after it.
func TestBeginTimeSurvivesAClockThatIsSetBack(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	begin := time.Now()
	w.run(`INSERT INTO TB_EMP VALUES (1, 'after begin', 1)`)
	w.run(`INSERT INTO TB_EMP VALUES (2, 'the clock is back', 1)`,
		`UPDATE ggs_log SET ts = ts - 60000000000 WHERE seq = 2`)
	ops, _ := drain(t, w.capture(Config{Begin: begin}))
	want(t, ops, `INSERT TB_EMP (1,"after begin",1)`, `INSERT TB_EMP (2,"the clock is back",1)`)
}

// The end of the log can be kept before anything was read behind it.
func TestPositionAtTheEndOfTheLog(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (1, 'early', 1)`)
	s := w.capture(Config{AtEnd: true})
	at, known := s.Position()
	s.Close()
	w.run(`INSERT INTO TB_EMP VALUES (2, 'while down', 1)`)
	ops, _ := drain(t, w.capture(Config{AtEnd: true, Restart: at.Restart}))
	want(t, ops, `INSERT TB_EMP (2,"while down",1)`)
	if !known {
		t.Error("the position is not known")
	}
}

// A trail holds the end of each transaction that was handed out; a run that
// begins before it has to end a transaction there again.
func TestBoundsEndATransaction(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (1, 'a', 1), (2, 'b', 1)`)
	_, bound := drain(t, w.capture(Config{}))
	w.run(`INSERT INTO TB_EMP VALUES (3, 'c', 1)`)
	s := w.capture(Config{Bounds: []int64{2, 900}})
	for _, expected := range []string{bound, "3"} {
		txn, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if txn.Restart != expected || txn.CSN.String() != expected {
			t.Errorf("the transaction ends at %s, want %s", txn.Restart, expected)
		}
	}
}

func TestConfirmShortensTheLogAndNothingElse(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`INSERT INTO TB_EMP WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
		SELECT i, 'x', i FROM n`)
	ops, restart := drain(t, s)
	if len(ops) != 2500 {
		t.Fatalf("captured %d rows, want 2500", len(ops))
	}
	w.run(`INSERT INTO TB_EMP VALUES (9999, 'not confirmed', 1)`)
	if err := s.Confirm(t.Context(), restart); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM ggs_log`); n != 1 {
		t.Errorf("%d log rows are left, want 1", n)
	}
	ops, restart = drain(t, s)
	want(t, ops, `INSERT TB_EMP (9999,"not confirmed",1)`)
	if err := s.Confirm(t.Context(), restart); err != nil {
		t.Fatal(err)
	}
	again := w.capture(Config{Restart: restart})
	w.run(`INSERT INTO TB_EMP VALUES (10000, 'later', 1)`)
	ops, _ = drain(t, again)
	want(t, ops, `INSERT TB_EMP (10000,"later",1)`)
}

func TestConfirmDoesNotWaitForAWriter(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`INSERT INTO TB_EMP VALUES (1, 'a', 1), (2, 'b', 1)`)
	_, restart := drain(t, s)
	w.run(`BEGIN IMMEDIATE`)
	began := time.Now()
	if err := s.Confirm(t.Context(), restart); err != nil {
		t.Errorf("a writer at work makes Confirm fail: %v", err)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("Confirm waited %v for a writer", d)
	}
	w.run(`COMMIT`)
}

// INSERT OR FAIL leaves SQLite's own counter of log rows behind.
func TestLogNumbersAreNotGivenTwice(t *testing.T) {
	w := newWriter(t, employees, `INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	_, err := w.db.Exec(`INSERT OR FAIL INTO TB_EMP VALUES (2, 'b', 1), (3, 'c', 1), (1, 'x', 1)`)
	if err == nil {
		t.Fatal("the third row should fail")
	}
	ops, restart := drain(t, s)
	want(t, ops, `INSERT TB_EMP (2,"b",1)`, `INSERT TB_EMP (3,"c",1)`)
	if err := s.Confirm(t.Context(), restart); err != nil {
		t.Fatal(err)
	}
	w.run(`INSERT INTO TB_EMP VALUES (4, 'd', 1)`)
	ops, _ = drain(t, s)
	want(t, ops, `INSERT TB_EMP (4,"d",1)`)
}

func TestLogRowsThatAreGoneStopTheCapture(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
	_, restart := drain(t, s)
	w.run(`INSERT INTO TB_EMP VALUES (2, 'b', 1), (3, 'c', 1)`, `DELETE FROM ggs_log WHERE seq = 2`)
	for _, s := range []*Source{s, w.capture(Config{Restart: restart})} {
		txn, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = operations(t, txn)
		var gap *GapError
		if !errors.As(err, &gap) || gap.From != 2 || gap.To != 2 {
			t.Errorf("error %v, want that row 2 is gone", err)
		}
	}
}

func TestAddedColumns(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprintf("stopped=%v", stopped), func(t *testing.T) {
			w := newWriter(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, a)`)
			w.trandata("t")
			w.run(`INSERT INTO t VALUES (1, 'x'), (2, 'y')`)
			s := w.capture(Config{})
			ops, restart := drain(t, s)
			want(t, ops, `INSERT t (1,"x")`, `INSERT t (2,"y")`)
			if stopped {
				s.Close()
			}
			// What happens before the triggers are renewed is not lost.
			w.run(`ALTER TABLE t ADD COLUMN b TEXT DEFAULT 'none'`, `ALTER TABLE t ADD COLUMN c INT`,
				`UPDATE t SET b = 'set' WHERE id = 1`, `INSERT INTO t VALUES (3, 'z', 'none', NULL)`,
				`INSERT INTO t VALUES (4, 'w', 'none', 7)`)
			if stopped {
				s = w.capture(Config{Restart: restart})
			}
			ops, _ = drain(t, s)
			want(t, ops, `UPDATE t (1,"x") (1,"x")`, `INSERT t (3,"z")`, `INSERT t (4,"w")`,
				`UPDATE t (1,"x","none",NULL) (1,"x","set",NULL)`,
				`UPDATE t (4,"w","none",NULL) (4,"w","none",7)`)
			w.run(`UPDATE t SET c = 5 WHERE id = 2`)
			ops, _ = drain(t, s)
			want(t, ops, `UPDATE t (2,"y","none",NULL) (2,"y","none",5)`)
			if n := len(ops[0].def.Columns); n != 4 {
				t.Errorf("the definition has %d columns, want 4", n)
			}
		})
	}
}

func TestRenamedAndRemadeTables(t *testing.T) {
	w := newWriter(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, a)`)
	w.trandata("t")
	s := w.capture(Config{})
	w.run(`ALTER TABLE t RENAME TO r`)
	drain(t, s)
	w.run(`INSERT INTO r VALUES (1, 'x')`, `ALTER TABLE r ADD COLUMN b`)
	drain(t, s)
	w.run(`INSERT INTO r VALUES (2, 'y', 3)`)
	ops, _ := drain(t, s)
	want(t, ops, `INSERT r (2,"y",3)`)
	w.run(`CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT)`, `DROP TABLE r`,
		`ALTER TABLE n RENAME TO r`)
	if _, err := s.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "ADD TRANDATA") {
		t.Errorf("a table made anew gives %v, want that its triggers are lost", err)
	}
	w.trandata("r")
	w.run(`INSERT INTO r VALUES (1, 'z')`)
	ops, _ = drain(t, s)
	want(t, ops, `INSERT r (1,"z")`)
}

const writerVariable = "GGSH_TEST_WRITE"

// TestMain is also the program of another process that writes.
func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		os.Exit(writeOnce(path))
	}
	os.Exit(m.Run())
}

func writeOnce(path string) int {
	db, err := open(context.Background(), path)
	if err == nil {
		_, err = db.Exec(`INSERT INTO TB_EMP VALUES (77, 'from another process', 1)`)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestWaitWakesOnCommits(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	drain(t, s)
	writers := map[string]func() error{
		"connection": func() error {
			_, err := w.db.Exec(`INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
			return err
		},
		"process": func() error {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), writerVariable+"="+w.path)
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		},
	}
	for name, write := range writers {
		committed := make(chan time.Time, 1)
		failed := make(chan error, 1)
		go func() {
			failed <- write()
			committed <- time.Now()
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if err := s.Wait(ctx); err != nil {
			t.Fatalf("another %s: %v", name, err)
		}
		woke := time.Now()
		cancel()
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
		if late := woke.Sub(<-committed); late > 100*time.Millisecond {
			t.Errorf("Wait woke %v after the commit of another %s", late, name)
		}
		if ops, _ := drain(t, s); len(ops) != 1 {
			t.Errorf("another %s: captured %d operations", name, len(ops))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait of an ended context gives %v", err)
	}
}

func TestABigTransactionInBoundedMemory(t *testing.T) {
	const rows = 200_000 / slow
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(fmt.Sprintf(`INSERT INTO TB_EMP WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
		WHERE i < %d) SELECT i, 'a name of some length ' || i, i FROM n`, rows),
		// a row that is ignored leaves a tentative row each
		`INSERT OR IGNORE INTO TB_EMP SELECT EMPNO, 'other', 0 FROM TB_EMP WHERE EMPNO <= 50000`)
	txn, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	for {
		_, _, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%(rows/4) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	if n < rows {
		t.Errorf("captured %d rows, want %d", n, rows)
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
}

// replay applies operations to a copy, each of which must meet exactly one row.
func (w *writer) replay(ops []operation) {
	w.t.Helper()
	for _, o := range ops {
		var query string
		var args []any
		if o.before != nil {
			var where []string
			for i, c := range o.def.Columns {
				where = append(where, quoteName(c.Name)+" IS ?")
				args = append(args, native(o.before[i]))
			}
			query = " WHERE rowid = (SELECT rowid FROM " + quoteName(o.def.Name) + " WHERE " +
				strings.Join(where, " AND ") + " LIMIT 1)"
		}
		var fresh []any
		var names, marks, sets []string
		for i, c := range o.def.Columns {
			if o.after != nil {
				fresh = append(fresh, native(o.after[i]))
				names, marks = append(names, quoteName(c.Name)), append(marks, "?")
				sets = append(sets, quoteName(c.Name)+" = ?")
			}
		}
		switch o.kind {
		case record.Insert:
			query = "INSERT INTO " + quoteName(o.def.Name) + " (" + strings.Join(names, ",") +
				") VALUES (" + strings.Join(marks, ",") + ")"
		case record.Delete:
			query = "DELETE FROM " + quoteName(o.def.Name) + query
		default:
			query = "UPDATE " + quoteName(o.def.Name) + " SET " + strings.Join(sets, ",") + query
		}
		res, err := w.db.Exec(query, append(fresh, args...)...)
		if err != nil {
			w.t.Fatalf("%s: %v", o, err)
		}
		if n, _ := res.RowsAffected(); n != 1 {
			w.t.Fatalf("%s met %d rows", o, n)
		}
	}
}

func native(v record.Value) any {
	switch v.Kind {
	case record.Null:
		return nil
	case record.Int:
		return int64(v.N)
	case record.Float64:
		return math.Float64frombits(v.N)
	case record.Bytes:
		return v.B
	}
	return string(v.Text(nil, -1))
}

func (w *writer) dump(table string) string {
	w.t.Helper()
	def, err := Define(w.t.Context(), w.db, table)
	if err != nil {
		w.t.Fatal(err)
	}
	all, err := names(w.t.Context(), w.db, "SELECT "+rowText(def, "t", nil)+" FROM "+
		quoteName(table)+" AS t ORDER BY 1")
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// TestAnyHistoryCanBeReplayed runs random statements and applies what is
// captured to a copy, operation by operation.
func TestAnyHistoryCanBeReplayed(t *testing.T) {
	tables := []string{
		`CREATE TABLE t (id INTEGER PRIMARY KEY, u INT UNIQUE, v)`,
		`CREATE TABLE t (id INT, u TEXT COLLATE NOCASE PRIMARY KEY, v REAL)`,
		`CREATE TABLE t (id INT, u INT, v DECIMAL(10,2), UNIQUE (u, v), UNIQUE (id, u))`,
		`CREATE TABLE t (id, u, v)`,
	}
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 1))
		table := tables[seed%uint64(len(tables))]
		source, target := newWriter(t, table), newWriter(t, table)
		source.run(fmt.Sprintf(`PRAGMA recursive_triggers=%d`, seed/4%2))
		source.trandata("t")
		s := source.capture(Config{})
		for range 25 {
			source.run(`BEGIN`)
			for range random.IntN(8) {
				if _, err := source.db.Exec(randomStatement(random)); err != nil &&
					!strings.Contains(err.Error(), "constraint") && !strings.Contains(err.Error(), "mismatch") {
					t.Fatal(err)
				}
			}
			source.run([]string{`COMMIT`, `COMMIT`, `COMMIT`, `ROLLBACK`}[random.IntN(4)])
			ops, restart := drain(t, s)
			target.replay(ops)
			if restart != "" && random.IntN(6) == 0 {
				if err := s.Confirm(t.Context(), restart); err != nil {
					t.Fatal(err)
				}
			}
		}
		if a, b := source.dump("t"), target.dump("t"); a != b {
			t.Fatalf("seed %d: source\n%s\ntarget\n%s", seed, a, b)
		}
	}
}

func randomStatement(r *rand.Rand) string {
	value := func() string {
		return []string{"NULL", "1", "2", "3", "'a'", "'A'", "2.5", "-1", "x'00'", "'it''s'"}[r.IntN(10)]
	}
	or := []string{"", "OR REPLACE ", "OR REPLACE ", "OR IGNORE ", "OR FAIL "}[r.IntN(5)]
	column := []string{"id", "u", "v"}[r.IntN(3)]
	switch r.IntN(6) {
	case 0, 1:
		return fmt.Sprintf("INSERT %sINTO t VALUES (%s,%s,%s),(%s,%s,%s)", or, value(), value(), value(),
			value(), value(), value())
	case 2:
		return fmt.Sprintf("INSERT %sINTO t (u, v) VALUES (%s,%s)", or, value(), value())
	case 3:
		return fmt.Sprintf("UPDATE %st SET %s = %s WHERE id >= %s", or, column, value(), value())
	case 4:
		return fmt.Sprintf("DELETE FROM t WHERE %s = %s", column, value())
	}
	return fmt.Sprintf("INSERT INTO t VALUES (%s,%s,%s) ON CONFLICT DO UPDATE SET v = %s", value(),
		value(), value(), value())
}
