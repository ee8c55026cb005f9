package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// openDDL opens an applier whose execution of statements is replaced; it begins anew
// where the checkpoint row stands.
func openDDL(t *testing.T, target *handlertest.Target, group string, reset bool,
	execute func(context.Context, *sql.Conn, record.DDLStatement) error) *dml.Applier {
	t.Helper()
	d := dialect()
	if execute != nil {
		d.DDL.Execute = execute
	}
	a := dml.New(d)
	t.Cleanup(func() { a.Close() })
	cfg := target.Config
	cfg.Group = group
	if reset {
		at := handlertest.At(100)
		cfg.Reset = &at
	}
	opened, err := a.Open(t.Context(), cfg)
	if err != nil || opened.Checkpoint == nil || opened.Checkpoint.RBA != 100 {
		t.Fatalf("%+v, %v", opened, err)
	}
	return a
}

// testDDLOnce: whatever moment a run is cut off at around a statement, the next run
// brings it to have been executed once.
func testDDLOnce(t *testing.T, target *handlertest.Target, db *sql.DB) {
	ctx := t.Context()
	for name, cut := range map[string]func(context.Context, *sql.Conn, record.DDLStatement) error{
		"before": func(context.Context, *sql.Conn, record.DDLStatement) error { return driver.ErrBadConn },
		"behind": func(ctx context.Context, c *sql.Conn, st record.DDLStatement) error {
			return errors.Join(execute(ctx, c, st), driver.ErrBadConn)
		},
	} {
		table := "once_" + name
		sqls(t, db, "CREATE TABLE ggtest."+table+" (id INT PRIMARY KEY)")
		for _, c := range []struct{ kind, text string }{
			{"ALTER", "ALTER TABLE ggtest." + table + " ADD COLUMN c INT"},
			{"RENAME", "RENAME TABLE ggtest." + table + " TO ggtest." + table + "2"},
			{"DROP", "DROP TABLE ggtest." + table + "2"},
			{"CREATE", "CREATE TABLE ggtest." + table + " (id INT PRIMARY KEY)"},
		} {
			group := name + c.kind
			b := handlertest.DDLBatch(200, c.kind, "ggtest", table, c.text)
			e := applyError(t, openDDL(t, target, group, true, cut), b)
			if e.Class != handler.Connection {
				t.Fatalf("%s %s: %+v", name, c.text, e)
			}
			a := openDDL(t, target, group, false, nil)
			applied, err := a.Apply(ctx, b)
			if err != nil {
				t.Fatalf("%s %s: executed twice or never: %v", name, c.text, err)
			}
			if (len(applied.Notes) > 0) != (name == "behind") {
				t.Errorf("%s %s: notes %q", name, c.text, applied.Notes)
			}
		}
		swapOnce(t, target, db, "swap_"+name, cut)
		var columns int
		if err := db.QueryRow("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = "+
			"'ggtest' AND TABLE_NAME = ?", table).Scan(&columns); err != nil || columns != 1 {
			t.Fatalf("%s: %d columns, %v", name, columns, err)
		}
	}
}

// swapOnce: two tables of one form change their names; once more would undo it.
func swapOnce(t *testing.T, target *handlertest.Target, db *sql.DB, group string,
	cut func(context.Context, *sql.Conn, record.DDLStatement) error) {
	t.Helper()
	x, y := group+"_x", group+"_y"
	sqls(t, db, "CREATE TABLE ggtest."+x+" (id INT PRIMARY KEY)", "CREATE TABLE ggtest."+y+
		" (id INT PRIMARY KEY)", "INSERT INTO ggtest."+x+" VALUES (1)")
	b := handlertest.DDLBatch(200, "RENAME", "ggtest", x, "RENAME TABLE ggtest."+x+" TO ggtest."+group+
		"_z, ggtest."+y+" TO ggtest."+x+", ggtest."+group+"_z TO ggtest."+y)
	if e := applyError(t, openDDL(t, target, group, true, cut), b); e.Class != handler.Connection {
		t.Fatalf("%+v", e)
	}
	if _, err := openDDL(t, target, group, false, nil).Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := db.QueryRow("SELECT COUNT(*) FROM ggtest." + y).Scan(&rows); err != nil || rows != 1 {
		t.Fatalf("%s: the tables are swapped twice or never: %d rows, %v", group, rows, err)
	}
}

// testDDLRefused: a statement that the server refuses leaves no mark: it comes again as
// new, even when it has done half of what it says.
func testDDLRefused(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.half (id INT PRIMARY KEY)")
	half := func(ctx context.Context, c *sql.Conn, st record.DDLStatement) error {
		if _, err := c.ExecContext(ctx, "ALTER TABLE ggtest.half ADD COLUMN a INT"); err != nil {
			return err
		}
		return execute(ctx, c, st)
	}
	b := handlertest.DDLBatch(200, "ALTER", "ggtest", "half", "ALTER TABLE ggtest.half ADD COLUMN a INT")
	if e := applyError(t, openDDL(t, target, "half", true, half), b); e.Class != handler.Row || e.Code != 1060 {
		t.Fatalf("%+v", e)
	}
	a := openDDL(t, target, "half", false, nil)
	if e := applyError(t, a, b); e.Code != 1060 {
		t.Fatalf("it passes for executed: %+v", e)
	}
}

// testDDLStillRuns: while the session of a run before may still execute its statement,
// nobody looks and nobody executes it again.
func testDDLStillRuns(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.slow (id INT PRIMARY KEY)")
	d := dialect()
	name := ""
	d.DDL.Lock = func(ctx context.Context, c *sql.Conn, lockName string) (bool, error) {
		name = lockName
		var got int
		err := c.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", name).Scan(&got)
		return got == 1, err
	}
	cfg := target.Config
	cfg.Group = "slow"
	at := handlertest.At(100)
	cfg.Reset = &at
	b := handlertest.DDLBatch(200, "ALTER", "ggtest", "slow", "ALTER TABLE ggtest.slow ADD COLUMN c INT")
	first := dml.New(d)
	defer first.Close()
	if _, err := first.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	bad := handlertest.DDLBatch(200, "ALTER", "ggtest", "slow", "ALTER TABLE ggtest.none ADD COLUMN c INT")
	if e := applyError(t, first, bad); e.Class != handler.Row || name == "" {
		t.Fatalf("%+v", e)
	}
	sqls(t, db, "DO GET_LOCK('"+name+"', 0)")
	if e := applyError(t, first, b); e.Class != handler.Connection {
		t.Fatalf("%+v", e)
	}
	sqls(t, db, "DO RELEASE_LOCK('"+name+"')")
	if _, err := first.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// testDDLBodies: the body of a view finds its tables in the default schema, which the
// session has back afterwards.
func testDDLBodies(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE DATABASE bodies", "CREATE TABLE bodies.t (id INT PRIMARY KEY)")
	a := openDDL(t, target, "bodies", true, nil)
	st := record.DDLStatement{Kind: "CREATE", Object: "VIEW", Schema: "bodies", Name: "bodies.v",
		Text: "CREATE VIEW `bodies`.`v` AS SELECT id FROM t"}
	if _, err := a.Apply(t.Context(), handlertest.Batch(200, nil, record.AppendDDL(nil, 0, st))); err != nil {
		t.Fatal(err)
	}
	def, err := a.Table(t.Context(), handler.TableName{Schema: "bodies", Name: "v"})
	if err != nil || len(def.Columns) != 1 {
		t.Fatalf("%+v, %v", def, err)
	}
	sqls(t, db, "CREATE TABLE ggtest.home (id INT PRIMARY KEY)")
	if def, err = a.Table(t.Context(), handler.TableName{Name: "home"}); err != nil || def.Schema != "ggtest" {
		t.Fatalf("the session's schema is another: %+v, %v", def, err)
	}
	sqls(t, db, "DROP DATABASE bodies")
}
