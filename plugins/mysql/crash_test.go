package main

import (
	"database/sql"
	"testing"
	"time"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/tests/services/server"
)

// TestServerKilled kills the server under a run of batches: after its restart
// each batch is there as a whole or not at all, and the checkpoint says which.
func TestServerKilled(t *testing.T) {
	for _, kind := range server.Databases() {
		t.Run(string(kind), func(t *testing.T) { killServer(t, kind) })
	}
}

func killServer(t *testing.T, kind server.Kind) {
	server.Require(t, kind)
	in, err := server.Start(t.Context(), kind, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	db, err := sql.Open("mysql", in.RootDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sqls(t, db, "CREATE DATABASE ggtest", "CREATE TABLE ggtest.run (id INT PRIMARY KEY, v INT)")
	table := checkpointtable.Name{Schema: "ggtest", Table: "chk"}
	if err := checkpointtable.Create(t.Context(), db, checkpointtable.Kind(kind), table); err != nil {
		t.Fatal(err)
	}
	a := dml.New(dialect())
	defer a.Close()
	cfg := handler.Config{Group: "run", CheckpointTable: "ggtest.chk", Login: handler.Login{
		Host: in.Host, Port: in.Port, User: server.RootUser, Password: server.RootPassword}}
	next := uint64(1)
	for round := range 4 {
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
		var rows uint64
		if err := db.QueryRow("SELECT COUNT(*) FROM ggtest.run").Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows != (next-1)*batchRows {
			t.Fatalf("round %d: %d rows after %d batches", round, rows, next-1)
		}
		if round == 3 {
			return
		}
		table := use(t, a, 1, "run")
		done := make(chan error)
		go func() {
			time.Sleep(time.Duration(30+20*round) * time.Millisecond)
			done <- in.Kill()
		}()
		next = applyUntilKilled(t, a, table, next)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := in.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

const batchRows = 50

// applyUntilKilled applies batches until one fails, and gives that one's number.
func applyUntilKilled(t *testing.T, a *dml.Applier, table *handlertest.Table, next uint64) uint64 {
	t.Helper()
	for ; ; next++ {
		var ops [][]byte
		for i := range int64(batchRows) {
			ops = append(ops, table.Insert(handlertest.Int(int64(next)*batchRows+i), handlertest.Int(i)))
		}
		b := handlertest.Batch(next, []*handlertest.Table{table}, ops...)
		if _, err := a.Apply(t.Context(), b); err != nil {
			if e := applyError(t, a, b); e.Class != handler.Connection {
				t.Fatalf("%+v", e)
			}
			return next
		}
	}
}

// testDeadlock: the loser of a deadlock is told to try again, and can.
func testDeadlock(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.dead (id INT PRIMARY KEY, v INT, w INT)",
		"INSERT INTO ggtest.dead SELECT ORDINAL_POSITION, 0, 0 FROM information_schema.COLUMNS "+
			"WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'TABLES'")
	a := open(t, target, "dead")
	table := use(t, a, 1, "dead")
	i, missing := handlertest.Int, handlertest.Missing()
	b := handlertest.Batch(200, []*handlertest.Table{table},
		table.Update(handlertest.Row(i(1), i(0), i(0)), handlertest.Row(i(1), i(1), missing)),
		table.Update(handlertest.Row(i(2), i(0), i(0)), handlertest.Row(i(2), missing, i(1))))
	sqls(t, db, "BEGIN", "UPDATE ggtest.dead SET v = 9 WHERE id >= 2") // the heavier one
	failed := make(chan error)
	go func() {
		_, err := a.Apply(t.Context(), b)
		failed <- err
	}()
	time.Sleep(100 * time.Millisecond) // it has row 1 and waits for row 2
	sqls(t, db, "UPDATE ggtest.dead SET v = 9 WHERE id = 1", "ROLLBACK")
	err := <-failed
	if e, ok := err.(*handler.ApplyError); !ok || e.Class != handler.Conflict || e.Code != 1213 {
		t.Fatalf("%+v", err)
	}
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}
