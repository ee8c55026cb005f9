package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
)

// own are the tests of what only these servers have.
func own() map[string]func(*testing.T, *handlertest.Target, *sql.DB) {
	return map[string]func(*testing.T, *handlertest.Target, *sql.DB){
		"ForeignKeys": testForeignKeys, "Columns": testColumns, "Names": testNames,
		"Locks": testLocks, "ConnectionKilled": testConnectionKilled,
		"SecondWriter": testSecondWriter, "OpenErrors": testOpenErrors, "Engine": testEngine,
		"LargeValues": testLargeValues, "TableGone": testTableGone, "Deadlock": testDeadlock,
		"DDLOnce": testDDLOnce, "DDLRefused": testDDLRefused, "DDLStillRuns": testDDLStillRuns,
		"DDLBodies": testDDLBodies,
	}
}

// testForeignKeys: children come behind parents, and cascades hit what they
// would have hit at the source.
func testForeignKeys(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.parent (id INT PRIMARY KEY, v INT)",
		"CREATE TABLE ggtest.child (id INT PRIMARY KEY, p INT, "+
			"FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)")
	a := open(t, target, "fk")
	parent, child := use(t, a, 1, "PARENT"), use(t, a, 2, "child")
	i := handlertest.Int
	var ops [][]byte
	for n := range int64(50) {
		ops = append(ops, parent.Insert(i(n), i(0)), child.Insert(i(n), i(n)))
	}
	ops = append(ops, parent.Delete(i(3), i(0)), parent.Insert(i(3), i(9)), child.Insert(i(300), i(3)))
	b := handlertest.Batch(200, []*handlertest.Table{parent, child}, ops...)
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	var got string
	err := db.QueryRow("SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM ggtest.child), " +
		"(SELECT COUNT(*) FROM ggtest.child WHERE p = 3), (SELECT id FROM ggtest.child WHERE p = 3))").
		Scan(&got)
	if err != nil || got != "50 1 300" {
		t.Fatalf("children %q, %v", got, err)
	}
	e := applyError(t, a, handlertest.Batch(300, nil, child.Insert(i(400), i(4000))))
	if e.Code != 1452 || e.Class != handler.Row {
		t.Fatalf("child without parent: %+v", e)
	}
}

func applyError(t testing.TB, a *dml.Applier, b *handler.Batch) *handler.ApplyError {
	t.Helper()
	_, err := a.Apply(t.Context(), b)
	var e *handler.ApplyError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *ApplyError", err)
	}
	return e
}

// testColumns: generated columns are left alone, zeros stay zeros in
// AUTO_INCREMENT columns, and invisible columns are written.
func testColumns(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.cols (id INT AUTO_INCREMENT PRIMARY KEY, a INT, "+
		"b INT GENERATED ALWAYS AS (a * 2) VIRTUAL, c INT GENERATED ALWAYS AS (a + 1) STORED, "+
		"t TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, z INT DEFAULT 5)")
	a := open(t, target, "cols")
	table := use(t, a, 1, "cols")
	c := table.Target.Columns
	if !c[2].Generated || !c[3].Generated || c[4].Generated || c[5].Generated {
		t.Fatalf("%+v", c)
	}
	i, null, missing := handlertest.Int, handlertest.Null(), handlertest.Missing()
	b := handlertest.Batch(200, []*handlertest.Table{table},
		table.Insert(i(0), i(10), i(20), i(11), missing, i(1)),
		table.Insert(i(7), i(11), i(22), i(12), missing, missing),
		table.Update(handlertest.Row(i(7), i(11), i(22), i(12), missing, null),
			handlertest.Row(i(7), i(12), i(24), i(13), missing, null)))
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	var got string
	err := db.QueryRow("SELECT GROUP_CONCAT(CONCAT_WS(' ', id, a, b, c, COALESCE(z, 'NULL')) " +
		"ORDER BY id SEPARATOR '; ') FROM ggtest.cols").Scan(&got)
	if err != nil || got != "0 10 20 11 1; 7 12 24 13 NULL" {
		t.Fatalf("got %q, %v", got, err)
	}
	for _, row := range [][]handlertest.V{
		{null, i(1), missing, missing, missing, missing}, {i(9), i(1), missing, missing, null, missing}} {
		e := applyError(t, a, handlertest.Batch(300, nil, table.Insert(row...)))
		if e.Code != 1048 {
			t.Fatalf("NULL that the server would replace: %v", e)
		}
	}
}

// testNames: a name that is not quoted is found in another case when only one
// table has it.
func testNames(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.`Odd name``s` (id INT PRIMARY KEY, `a``b.?` INT)",
		"CREATE TABLE ggtest.Twice (id INT PRIMARY KEY)",
		"CREATE TABLE ggtest.TWICE (id INT PRIMARY KEY)")
	a := open(t, target, "names")
	table := use(t, a, 1, "ODD NAME`S")
	b := handlertest.Batch(200, []*handlertest.Table{table},
		table.Insert(handlertest.Int(1), handlertest.Int(2)),
		table.Insert(handlertest.Int(2), handlertest.Int(2)),
		table.Delete(handlertest.Int(1), handlertest.Int(2)))
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  handler.TableName
		found bool
	}{
		{handler.TableName{Schema: "GGTEST", Name: "Twice"}, true},
		{handler.TableName{Schema: "ggtest", Name: "twice"}, false},
		{handler.TableName{Schema: "GGTEST", Name: "Twice", Exact: true}, false},
		{handler.TableName{Name: "TWICE", Exact: true}, true},
		{handler.TableName{Schema: "nowhere", Name: "Twice"}, false},
	} {
		_, err := a.Table(t.Context(), c.name)
		var none *handler.NoTableError
		if c.found != (err == nil) || (err != nil && !errors.As(err, &none)) {
			t.Errorf("%+v: %v", c.name, err)
		}
	}
}

// testLocks: who waits too long for a lock is told to try again, and can.
func testLocks(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.locked (id INT PRIMARY KEY, v INT)",
		"INSERT INTO ggtest.locked VALUES (1, 1)", "SET GLOBAL innodb_lock_wait_timeout = 1")
	defer sqls(t, db, "SET GLOBAL innodb_lock_wait_timeout = 50")
	a := open(t, target, "locked")
	table := use(t, a, 1, "locked")
	sqls(t, db, "BEGIN", "UPDATE ggtest.locked SET v = 2 WHERE id = 1")
	defer sqls(t, db, "ROLLBACK")
	i := handlertest.Int
	b := handlertest.Batch(200, []*handlertest.Table{table},
		table.Update(handlertest.Row(i(1), i(1)), handlertest.Row(i(1), i(3))))
	if e := applyError(t, a, b); e.Class != handler.Conflict || e.Code != 1205 {
		t.Fatalf("%+v", e)
	}
	sqls(t, db, "ROLLBACK")
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// testConnectionKilled: a connection that the server ends is an error of the
// connection, nothing is half done, and Open goes on.
func testConnectionKilled(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.cut (id INT PRIMARY KEY, v INT)")
	a := open(t, target, "cut")
	table := use(t, a, 1, "cut")
	var id int
	err := db.QueryRow("SELECT id FROM information_schema.PROCESSLIST WHERE id <> CONNECTION_ID() " +
		"AND db = 'ggtest' ORDER BY id DESC LIMIT 1").Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	sqls(t, db, fmt.Sprint("KILL ", id))
	b := handlertest.Batch(200, []*handlertest.Table{table},
		table.Insert(handlertest.Int(1), handlertest.Int(1)))
	for range 2 {
		if e := applyError(t, a, b); e.Class != handler.Connection {
			t.Fatalf("%+v", e)
		}
	}
	cfg := target.Config
	cfg.Group = "cut"
	opened, err := a.Open(t.Context(), cfg)
	if err != nil || opened.Checkpoint.RBA != 100 {
		t.Fatalf("%+v, %v", opened, err)
	}
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// testSecondWriter: of two appliers of one group the one that was left behind
// is stopped before it does harm, and Open waits for a transaction in the air.
func testSecondWriter(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.fenced (id INT PRIMARY KEY, v INT)")
	first := open(t, target, "fenced")
	table := use(t, first, 1, "fenced")
	second := dml.New(dialect())
	defer second.Close()
	cfg := target.Config
	cfg.Group = "fenced"
	if _, err := second.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	insert := func(rba uint64, id int64) *handler.Batch {
		return handlertest.Batch(rba, []*handlertest.Table{table},
			table.Insert(handlertest.Int(id), handlertest.Int(1)))
	}
	if _, err := second.Apply(t.Context(), insert(200, 1)); err != nil {
		t.Fatal(err)
	}
	if e := applyError(t, first, insert(200, 2)); e.Class != handler.Setup ||
		!strings.Contains(e.Text, "another process") {
		t.Fatalf("%+v", e)
	}
	sqls(t, db, "BEGIN", "UPDATE ggtest.ggs_checkpoint SET rba = 300 WHERE group_name = 'fenced'")
	go func() {
		time.Sleep(200 * time.Millisecond)
		if _, err := db.Exec("COMMIT"); err != nil {
			t.Error(err)
		}
	}()
	opened, err := first.Open(t.Context(), cfg)
	if err != nil || opened.Checkpoint.RBA != 300 {
		t.Fatalf("%+v, %v", opened, err)
	}
}

func testOpenErrors(t *testing.T, target *handlertest.Target, _ *sql.DB) {
	for _, c := range []struct {
		name   string
		change func(*handler.Config)
		class  handler.Class
		text   string
	}{
		{"password", func(c *handler.Config) { c.Login.Password = "wrong-password" }, handler.Setup,
			"1045"},
		{"database", func(c *handler.Config) { c.Login.Database = "nowhere" }, handler.Setup, "1049"},
		{"port", func(c *handler.Config) { c.Login.Port = 1 }, handler.Connection, "refused"},
		{"table", func(c *handler.Config) { c.CheckpointTable = "ggtest.absent" }, handler.Setup,
			"ADD CHECKPOINTTABLE"},
		{"tls", func(c *handler.Config) { c.Options = map[string]string{"tls": "sometimes"} },
			handler.Setup, "preferred"},
	} {
		cfg := target.Config
		c.change(&cfg)
		a := dml.New(dialect())
		_, err := a.Open(t.Context(), cfg)
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != c.class || !strings.Contains(e.Error(), c.text) ||
			strings.Contains(e.Error(), "wrong-password") {
			t.Errorf("%s: %+v", c.name, err)
		}
		a.Close()
	}
}

func testEngine(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.flat (id INT PRIMARY KEY) ENGINE = MyISAM")
	a := open(t, target, "flat")
	table := use(t, a, 1, "flat")
	applied, err := a.Apply(t.Context(), handlertest.Batch(200, []*handlertest.Table{table}))
	if err != nil || len(applied.Notes) != 1 ||
		!strings.Contains(applied.Notes[0], "without transactions") {
		t.Fatalf("%+v, %v", applied, err)
	}
}

// testLargeValues: values that fill packets are cut into fewer rows a statement.
func testLargeValues(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.large (id INT PRIMARY KEY, v LONGTEXT)")
	a := open(t, target, "large")
	table := use(t, a, 1, "large")
	var ops [][]byte
	for n := range int64(12) {
		ops = append(ops, table.Insert(handlertest.Int(n), handlertest.Str(strings.Repeat("y", 3<<20))))
	}
	ops = append(ops, table.Insert(handlertest.Int(99), handlertest.Str(strings.Repeat("z", 14<<20))))
	b := handlertest.Batch(200, []*handlertest.Table{table}, ops...)
	if _, err := a.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	var n int64
	err := db.QueryRow("SELECT SUM(LENGTH(v)) FROM ggtest.large").Scan(&n)
	if err != nil || n != 12*3<<20+14<<20 {
		t.Fatalf("%d octets, %v", n, err)
	}
}

func testTableGone(t *testing.T, target *handlertest.Target, db *sql.DB) {
	sqls(t, db, "CREATE TABLE ggtest.gone (id INT PRIMARY KEY)")
	a := open(t, target, "gone")
	table := use(t, a, 1, "gone")
	table.Rules = []handler.Rule{{Default: true, Response: handler.Discard}}
	sqls(t, db, "DROP TABLE ggtest.gone")
	e := applyError(t, a, handlertest.Batch(200, []*handlertest.Table{table},
		table.Insert(handlertest.Int(1))))
	if e.Class != handler.Setup || e.Code != 1146 {
		t.Fatalf("%+v", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Table(ctx, handler.TableName{Name: "gone"}); err == nil {
		t.Fatal("an answer without time")
	}
}
