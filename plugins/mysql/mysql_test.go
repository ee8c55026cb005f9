package main

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
	"ggsh/tests/services/server"
)

func TestMariaDB(t *testing.T) { testServer(t, server.MariaDB) }

func TestMySQL(t *testing.T) { testServer(t, server.MySQL) }

func testServer(t *testing.T, kind server.Kind) {
	target, db := newTarget(t, kind)
	t.Run("CheckpointTable", func(t *testing.T) {
		handlertest.RunCheckpointTable(t, db, checkpointtable.Kind(kind), "ggtest.other_checkpoint")
	})
	t.Run("InProcess", func(t *testing.T) {
		target.New = func(*testing.T) handler.Handler { return dml.New(dialect()) }
		handlertest.Run(t, target)
	})
	t.Run("OverProcessBoundary", func(t *testing.T) {
		dir := handlertest.BuiltPlugin(t, "mysql")
		target.New = func(t *testing.T) handler.Handler { return handlertest.Launch(t, dir, "mysql") }
		target.Kill = handlertest.KillProcess
		target.Config.Options["quick"] = "yes"
		handlertest.Run(t, target)
	})
	target.New = func(*testing.T) handler.Handler { return dml.New(dialect()) }
	for name, test := range own() {
		t.Run(name, func(t *testing.T) { test(t, target, db) })
	}
}

// startServer gives a server's login and a database connection as root.
func startServer(t testing.TB, kind server.Kind, opts server.Options) (handler.Login, *sql.DB) {
	t.Helper()
	server.Require(t, kind)
	in, err := server.Start(t.Context(), kind, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	db, err := sql.Open("mysql", in.RootDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	for _, text := range []string{"CREATE DATABASE ggtest CHARACTER SET utf8mb4", "USE ggtest",
		"SET sql_mode = 'NO_ENGINE_SUBSTITUTION'"} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return handler.Login{Kind: string(kind), Host: in.Host, Port: in.Port, User: server.RootUser,
		Password: server.RootPassword, Database: "ggtest"}, db
}

func newTarget(t testing.TB, kind server.Kind) (*handlertest.Target, *sql.DB) {
	t.Helper()
	return newTargetWith(t, kind, server.Options{})
}

func newTargetWith(t testing.TB, kind server.Kind,
	opts server.Options) (*handlertest.Target, *sql.DB) {
	t.Helper()
	login, db := startServer(t, kind, opts)
	table := checkpointtable.Name{Schema: "ggtest", Table: "ggs_checkpoint"}
	err := checkpointtable.Create(t.Context(), db, checkpointtable.Kind(kind), table)
	if err != nil {
		t.Fatal(err)
	}
	return &handlertest.Target{
		Config: handler.Config{Login: login, Home: "/home/gg", CheckpointTable: "ggtest.ggs_checkpoint",
			Options: map[string]string{}},
		Schema: "ggtest", IntType: "bigint", TextType: "varchar(60)",
		Create:        func(t *testing.T, def *record.TableDef) { create(t, db, def) },
		Rows:          func(t *testing.T, def *record.TableDef) []string { return rows(t, db, def) },
		DuplicateCode: 1062,
		Kinds:         kinds(kind), Refused: refused(),
	}, db
}

func create(t testing.TB, db *sql.DB, def *record.TableDef) {
	t.Helper()
	var lines []string
	for _, c := range def.Columns {
		line := quote(c.Name) + " " + c.Type
		if !c.Nullable {
			line += " NOT NULL"
		} else if strings.HasPrefix(c.Type, "timestamp") {
			line += " NULL"
		}
		lines = append(lines, line)
	}
	list := func(key []int) string {
		var names []string
		for _, k := range key {
			names = append(names, quote(def.Columns[k].Name))
		}
		return " (" + strings.Join(names, ", ") + ")"
	}
	if len(def.Key) > 0 {
		lines = append(lines, "PRIMARY KEY"+list(def.Key))
	}
	for _, key := range def.Unique {
		lines = append(lines, "UNIQUE"+list(key))
	}
	name := quote(def.Schema) + "." + quote(def.Name)
	for _, text := range []string{"DROP TABLE IF EXISTS " + name,
		"CREATE TABLE " + name + " (" + strings.Join(lines, ", ") + ")"} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func rows(t testing.TB, db *sql.DB, def *record.TableDef) []string {
	t.Helper()
	var parts []string
	for _, c := range def.Columns {
		q := "CAST(" + quote(c.Name) + " AS CHAR)"
		switch c.Kind {
		case record.Bytes:
			q = "HEX(" + quote(c.Name) + ")"
		case record.Bit:
			q = quote(c.Name) + "+0"
		case record.Float32:
			q = quote(c.Name) + " + 0e0" // all digits
		}
		parts = append(parts, "COALESCE("+q+", 'NULL')")
	}
	result, err := db.Query("SELECT CONCAT_WS('|', " + strings.Join(parts, ", ") + ") FROM " +
		quote(def.Schema) + "." + quote(def.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	var all []string
	for result.Next() {
		var s string
		if err := result.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func sqls(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func open(t testing.TB, target *handlertest.Target, group string) *dml.Applier {
	t.Helper()
	a := dml.New(dialect())
	cfg := target.Config
	cfg.Group = group
	start := handlertest.At(100)
	cfg.Reset = &start
	if _, err := a.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// use asks for a table as Replicat does.
func use(t testing.TB, a handler.Handler, id uint32, name string) *handlertest.Table {
	t.Helper()
	def, err := a.Table(t.Context(), handler.TableName{Schema: "ggtest", Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return &handlertest.Table{TableUse: handler.TableUse{ID: id, Source: "src." + name, Target: def,
		Key: def.KeyColumns(), KeyIsUnique: len(def.Key) > 0}}
}
