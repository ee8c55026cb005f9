package sqlite

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"ggsh/record"
)

// photograph takes a snapshot and reads all its rows.
func (w *writer) photograph(cfg SnapshotConfig, readers int) (*TableSnapshot, []operation) {
	w.t.Helper()
	cfg.Path = w.path
	s, err := OpenSnapshot(w.t.Context(), cfg, readers)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s, readAll(w.t, s)
}

func readAll(t *testing.T, s *TableSnapshot) (ops []operation) {
	t.Helper()
	for _, table := range s.Tables() {
		whole := Part{Table: table, From: -1 << 63, To: 1<<63 - 1}
		err := s.Read(t.Context(), 0, whole, func(op []byte) error {
			ops = append(ops, copyOf(t, table.Def, op))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return ops
}

func TestASnapshotStandsStillForAllItsReaders(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (1, 'a', 1), (2, 'it''s', NULL), (700, 'c', 3)`)
	s, ops := w.photograph(SnapshotConfig{Name: "L"}, 3)
	w.run(`DELETE FROM TB_EMP`, `INSERT INTO TB_EMP VALUES (5, 'later', 1)`)
	want(t, ops, `INSERT TB_EMP (1,"a",1)`, `INSERT TB_EMP (2,"it's",NULL)`, `INSERT TB_EMP (700,"c",3)`)
	low, high, any, err := s.Bounds(t.Context(), 2, s.Tables()[0])
	if err != nil || !any || low != 1 || high != 700 {
		t.Errorf("keys from %d to %d: %v", low, high, err)
	}
	var group sync.WaitGroup
	for reader := range s.Readers() {
		group.Go(func() {
			n := 0
			part := Part{Table: s.Tables()[0], From: 2, To: 699, Where: "ENAME <> 'x'"}
			err := s.Read(t.Context(), reader, part, func([]byte) error { n++; return nil })
			if err != nil || n != 1 {
				t.Errorf("reader %d finds %d rows: %v", reader, n, err)
			}
		})
	}
	group.Wait()
	if s.Position().CSN != (record.CSN{Minor: 3}) {
		t.Errorf("it stands at %s", s.Position().CSN)
	}
}

// What is captured in one go ends where a load was read, so that a Replicat can begin
// just behind it.
func TestACaptureEndsATransactionWhereALoadWasRead(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (1, 'before', 1)`, `INSERT INTO TB_EMP VALUES (2, 'before', 1)`)
	w.photograph(SnapshotConfig{Name: "L"}, 1)
	w.run(`INSERT INTO TB_EMP VALUES (3, 'behind', 1)`)
	s := w.capture(Config{})
	var got []string
	for range 2 {
		txn, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ops, err := operations(t, txn)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s:%d", txn.CSN, len(ops)))
	}
	if s := strings.Join(got, " "); s != "2:2 3:1" {
		t.Errorf("the capture gives transactions %s", s)
	}
}

func TestTheLogBehindAHeldLoadIsKept(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (1, 'a', 1)`, `INSERT INTO TB_EMP VALUES (2, 'b', 1)`)
	w.photograph(SnapshotConfig{Name: "L", Hold: true}, 2)
	w.run(`UPDATE TB_EMP SET ENAME = 'c' WHERE EMPNO = 1`, `DELETE FROM TB_EMP WHERE EMPNO = 2`)
	s := w.capture(Config{})
	_, restart := drain(t, s)
	if err := s.Confirm(t.Context(), restart); err != nil {
		t.Fatal(err)
	}
	// A load that goes on reads the log from its snapshot.
	ops, _ := drain(t, w.capture(Config{Restart: "2"}))
	want(t, ops, `UPDATE TB_EMP (1,"a",1) (1,"c",1)`, `DELETE TB_EMP (2,"b",1)`)
	if n := w.count(`SELECT count(*) FROM ggs_log WHERE seq <= 2`); n != 0 {
		t.Errorf("%d rows before the load are kept", n)
	}
	if err := ReleaseLoad(t.Context(), w.path, "L", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Confirm(t.Context(), restart); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM ggs_log`); n != 1 {
		t.Errorf("%d rows are kept when the load is over", n)
	}
	if n := w.count(`SELECT count(*) FROM ggs_loads`); n != 0 {
		t.Errorf("%d places of loads are kept", n)
	}
}

func TestALoadOfADatabaseWithoutLogHasNoPlace(t *testing.T) {
	w := newWriter(t, employees, `INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
	s, ops := w.photograph(SnapshotConfig{Name: "L"}, 2)
	want(t, ops, `INSERT TB_EMP (1,"a",1)`)
	if !s.Position().CSN.IsZero() {
		t.Errorf("it has CSN %s", s.Position().CSN)
	}
}

func TestATableThatIsNotLoggedIsTold(t *testing.T) {
	w := newWriter(t, employees, `CREATE TABLE other (a)`)
	w.trandata("TB_EMP")
	var told []string
	w.photograph(SnapshotConfig{Name: "L", Warn: func(text string) { told = append(told, text) }}, 1)
	if len(told) != 1 || !strings.Contains(told[0], "table other is loaded") {
		t.Errorf("told: %q", told)
	}
}
