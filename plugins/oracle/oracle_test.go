package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/oracleclient"
	"ggsh/record"
	"ggsh/tests/oradb"
	"ggsh/tests/tns"
)

const (
	owner    = "GGADMIN"
	password = "Secret#1"
)

// stub is an Oracle database in small that listens; what passes on it is not proved
// against a real one.
type stub struct {
	db     *oradb.DB
	server *tns.Server
	faults *tns.Faults
	spy    *spy
	login  handler.Login
}

func startStub(t testing.TB) *stub {
	t.Helper()
	s := &stub{faults: &tns.Faults{}}
	users := map[string]string{owner: password}
	var err error
	if s.db, err = oradb.Open(oradb.Options{Users: users}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.spy = &spy{Backend: s.db}
	s.server, err = tns.Start(tns.Config{Backend: s.spy, Users: users, Faults: s.faults, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.server.Close(); err != nil {
			t.Error(err)
		}
	})
	s.login = handler.Login{Kind: "oracle", Database: s.server.Addr() + "/ORCL", User: "ggadmin",
		Password: password}
	return s
}

// connect opens the database as another program would.
func (s *stub) connect(t testing.TB) *sql.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := oracleclient.Open(ctx, oracleclient.Config{Connect: s.login.Database,
		User: s.login.User, Password: s.login.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// run runs statements as the owner, past the handler.
func (s *stub) run(t testing.TB, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if err := s.db.Exec(owner, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func newTarget(t testing.TB) (*handlertest.Target, *stub) {
	t.Helper()
	s := startStub(t)
	table := checkpointtable.Name{Schema: "ggadmin", Table: "ggs_checkpoint"}
	err := checkpointtable.Create(t.Context(), s.connect(t), checkpointtable.Oracle, table)
	if err != nil {
		t.Fatal(err)
	}
	return &handlertest.Target{
		Config: handler.Config{Login: s.login, Home: "/home/gg",
			CheckpointTable: "ggadmin.ggs_checkpoint", Options: map[string]string{}},
		Schema: owner, Quote: quote, IntType: "NUMBER(18)", TextType: "VARCHAR2(60 CHAR)",
		Create:        func(t *testing.T, def *record.TableDef) { s.create(t, def) },
		Rows:          func(t *testing.T, def *record.TableDef) []string { return s.rows(t, def) },
		DuplicateCode: uniqueViolated, EmptyIsNull: true,
		Kinds: kinds(), Refused: refused(),
	}, s
}

func TestCheckpointTable(t *testing.T) {
	s := startStub(t)
	handlertest.RunCheckpointTable(t, s.connect(t), checkpointtable.Oracle, "ggadmin.other_checkpoint")
	handlertest.RunCheckpointTable(t, s.connect(t), checkpointtable.Oracle, `GGADMIN."odd.name"`)
}

func TestInProcess(t *testing.T) {
	target, _ := newTarget(t)
	target.New = func(*testing.T) handler.Handler { return dml.New(dialect()) }
	handlertest.Run(t, target)
}

func TestOverProcessBoundary(t *testing.T) {
	target, _ := newTarget(t)
	dir := handlertest.BuiltPlugin(t, "oracle")
	target.New = func(t *testing.T) handler.Handler { return handlertest.Launch(t, dir, "oracle") }
	target.Kill = handlertest.KillProcess
	target.Config.Options["quick"] = "yes"
	handlertest.Run(t, target)
}

// create makes a table anew.
func (s *stub) create(t testing.TB, def *record.TableDef) {
	t.Helper()
	var lines []string
	for _, c := range def.Columns {
		line := quote(c.Name) + " " + c.Type
		if !c.Nullable {
			line += " NOT NULL"
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
	if found, err := s.db.Query(owner, "SELECT 1 FROM all_tables WHERE owner = '"+def.Schema+
		"' AND table_name = '"+def.Name+"'"); err != nil {
		t.Fatal(err)
	} else if len(found) > 0 {
		s.run(t, "DROP TABLE "+name)
	}
	s.run(t, "CREATE TABLE "+name+" ("+strings.Join(lines, ", ")+")")
}

// rows reads a table past the handler, and past its session's settings.
func (s *stub) rows(t testing.TB, def *record.TableDef) []string {
	t.Helper()
	var names []string
	for _, c := range def.Columns {
		names = append(names, quote(c.Name))
	}
	found, err := s.db.Query(owner, "SELECT "+strings.Join(names, ", ")+" FROM "+quote(def.Schema)+
		"."+quote(def.Name))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range found {
		var parts []string
		for _, v := range row {
			parts = append(parts, shown(v))
		}
		all = append(all, strings.Join(parts, "|"))
	}
	return all
}

func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return strings.ToUpper(hex.EncodeToString(v))
	case time.Time:
		if _, offset := v.Zone(); offset != 0 {
			return v.Format("2006-01-02 15:04:05.999999999 -07:00")
		}
		return v.Format("2006-01-02 15:04:05.999999999")
	}
	return fmt.Sprint(v)
}

// open makes an applier of the group at RBA 100.
func (s *stub) open(t testing.TB, group string, options map[string]string) *dml.Applier {
	t.Helper()
	start := handlertest.At(100)
	a := dml.New(dialect())
	_, err := a.Open(t.Context(), handler.Config{Group: group, Login: s.login, Home: "/home/gg",
		CheckpointTable: "ggadmin.ggs_checkpoint", Options: options, Reset: &start})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// use asks for a table as Replicat does.
func use(t testing.TB, a handler.Handler, id uint32, name string) *handlertest.Table {
	t.Helper()
	def, err := a.Table(t.Context(), handler.TableName{Schema: owner, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return &handlertest.Table{TableUse: handler.TableUse{ID: id, Source: "src." + name, Target: def,
		Key: def.KeyColumns(), KeyIsUnique: len(def.Key) > 0}}
}
