package main

import (
	"errors"
	"testing"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

const batchRows = 50

// TestServerKilled cuts all sessions under a run of batches, each time at another
// call, before it is executed or before it is answered: each batch is there as a whole or not at all, the checkpoint says which, and
// what was answered is there.
func TestServerKilled(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE run (id NUMBER(18) PRIMARY KEY, v NUMBER(18))")
	a := dml.New(dialect())
	defer a.Close()
	cfg := handler.Config{Group: "run", Home: "/home/gg", Login: s.login,
		CheckpointTable: "ggadmin.ggs_checkpoint"}
	next := uint64(1)
	const rounds = 13
	for round := range rounds {
		opened, err := a.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		// The last answer may be missing, an answered batch may not.
		if c := opened.Checkpoint; c != nil {
			if c.RBA != next && c.RBA != next-1 {
				t.Fatalf("round %d: batch %d was answered, the target holds %d", round, next-1, c.RBA)
			}
			next = c.RBA + 1
		}
		table := use(t, a, 1, "run")
		if rows := len(s.rows(t, table.Target)); rows != int(next-1)*batchRows {
			t.Fatalf("round %d: %d rows after %d batches", round, rows, next-1)
		}
		if round == rounds-1 {
			break
		}
		s.spy.cutAfter(round+2, round%2 == 0, s.server.Kill)
		next = applyUntilKilled(t, a, table, next)
	}
	if next < 2 {
		t.Error("nothing was applied between the kills")
	}
}

// applyUntilKilled applies batches until one fails, and gives that one's number.
func applyUntilKilled(t *testing.T, a *dml.Applier, table *handlertest.Table, next uint64) uint64 {
	t.Helper()
	for ; ; next++ {
		var ops [][]byte
		for i := range int64(batchRows) {
			ops = append(ops, table.Insert(handlertest.Int(int64(next)*batchRows+i), handlertest.Int(i)))
		}
		_, err := a.Apply(t.Context(), batchOf(next, table, ops...))
		var e *handler.ApplyError
		switch {
		case err == nil:
		case errors.As(err, &e) && e.Class == handler.Connection:
			return next
		default:
			t.Fatalf("%+v", err)
		}
	}
}

// TestSecondWriter: a second process of the same group is noticed before it does harm.
func TestSecondWriter(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE twice (id NUMBER(18) PRIMARY KEY)")
	first := s.open(t, "twice", nil)
	second := dml.New(dialect())
	defer second.Close()
	if _, err := second.Open(t.Context(), handler.Config{Group: "twice", Login: s.login,
		CheckpointTable: "ggadmin.ggs_checkpoint"}); err != nil {
		t.Fatal(err)
	}
	table := use(t, first, 1, "twice")
	apply(t, first, batchOf(200, table, table.Insert(handlertest.Int(1))))
	e := applyError(t, second, batchOf(200, table, table.Insert(handlertest.Int(2))))
	if e.Class != handler.Setup || len(s.rows(t, table.Target)) != 1 {
		t.Errorf("%+v", e)
	}
}

// TestCollisionsWithLongValues: a long value overwrites another as a whole.
func TestCollisionsWithLongValues(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE over (id NUMBER(18) PRIMARY KEY, b BLOB)")
	a := s.open(t, "over", nil)
	table := use(t, a, 1, "over")
	table.HandleCollisions = true
	value := func(c byte, n int) handlertest.V {
		b := make([]byte, n)
		for i := range b {
			b[i] = c
		}
		return record.AppendBytes(nil, record.Bytes, b)
	}
	i := handlertest.Int
	apply(t, a, batchOf(200, table, table.Insert(i(1), value('a', 100_000))))
	apply(t, a, batchOf(300, table, table.Insert(i(1), value('b', 70_000)),
		table.Update(handlertest.Row(i(2), handlertest.Missing()),
			handlertest.Row(i(3), value('c', 40_000)))))
	for _, row := range s.rows(t, table.Target) {
		if want := map[byte]int{'1': 2 + 140_000, '3': 2 + 80_000}[row[0]]; len(row) != want {
			t.Errorf("row %c has %d octets of text, not %d", row[0], len(row), want)
		}
	}
}
