package main

import (
	"database/sql"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

func TestInProcess(t *testing.T) {
	target := newTarget(t)
	target.New = func(*testing.T) handler.Handler { return dml.New(dialect()) }
	handlertest.Run(t, target)
}

func TestCheckpointTable(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "c.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	handlertest.RunCheckpointTable(t, db, checkpointtable.SQLite, `"odd.name"`)
}

func TestOverProcessBoundary(t *testing.T) {
	target := newTarget(t)
	dir := handlertest.BuiltPlugin(t, "sqlite")
	target.New = func(t *testing.T) handler.Handler { return handlertest.Launch(t, dir, "sqlite") }
	target.Kill = handlertest.KillProcess
	target.Config.Options["quick"] = "yes"
	handlertest.Run(t, target)
}

func newTarget(t *testing.T) *handlertest.Target {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tar get%3f.db")
	db, err := sql.Open("sqlite", "file:"+strings.ReplaceAll(strings.ReplaceAll(file, "%", "%25"),
		" ", "%20")+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	table := checkpointtable.Name{Table: "ggs_checkpoint"}
	if err := checkpointtable.Create(t.Context(), db, checkpointtable.SQLite, table); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	return &handlertest.Target{
		Config: handler.Config{Login: handler.Login{Kind: "sqlite", Database: file}, Home: "/home/gg",
			CheckpointTable: "ggs_checkpoint", Options: map[string]string{}},
		Schema: "main", IntType: "INTEGER", TextType: "VARCHAR(60)",
		Create:        func(t *testing.T, def *record.TableDef) { create(t, db, def) },
		Rows:          func(t *testing.T, def *record.TableDef) []string { return rows(t, db, def) },
		DuplicateCode: codePrimaryKey,
		Kinds:         kinds(), Refused: refused(),
	}
}

func create(t *testing.T, db *sql.DB, def *record.TableDef) {
	t.Helper()
	var lines []string
	for _, c := range def.Columns {
		line := quote(c.Name) + " " + c.Type
		if !c.Nullable {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	keys := append([][]int{}, def.Unique...)
	words := make([]string, len(keys))
	if len(def.Key) > 0 {
		keys, words = append(keys, def.Key), append(words, "PRIMARY KEY")
	}
	for i, key := range keys {
		var names []string
		for _, k := range key {
			names = append(names, quote(def.Columns[k].Name))
		}
		if words[i] == "" {
			words[i] = "UNIQUE"
		}
		lines = append(lines, words[i]+" ("+strings.Join(names, ", ")+")")
	}
	for _, text := range []string{"DROP TABLE IF EXISTS " + quote(def.Name),
		"CREATE TABLE " + quote(def.Name) + " (" + strings.Join(lines, ", ") + ")"} {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// rows shows how values are stored: type and content.
func rows(t *testing.T, db *sql.DB, def *record.TableDef) []string {
	t.Helper()
	var parts []string
	for _, c := range def.Columns {
		q := quote(c.Name)
		parts = append(parts, "CASE typeof("+q+") WHEN 'null' THEN 'NULL' WHEN 'blob' THEN 'x' || hex("+q+
			") WHEN 'real' THEN printf('%!.17g', "+q+") ELSE CAST("+q+" AS TEXT) END")
	}
	result, err := db.Query("SELECT " + strings.Join(parts, " || '|' || ") + " FROM " +
		quote(def.Name))
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

func kinds() []handlertest.KindCase {
	text := func(k record.Kind, s string) handlertest.V { return record.AppendText(nil, k, s) }
	day := record.PackDate(2026, 11, 21)
	clock := int64(13*3600+14*60+15)*1e9 + 123456789
	return []handlertest.KindCase{
		kindCase("int", "BIGINT", handlertest.Int(math.MinInt64), "-9223372036854775808"),
		kindCase("uint", "BIGINT", record.AppendUint(nil, math.MaxInt64), "9223372036854775807"),
		kindCase("big uint", "TEXT", record.AppendUint(nil, math.MaxUint64),
			"18446744073709551615"),
		kindCase("decimal", "TEXT", text(record.Decimal, "-12345678901234567890.123456789"),
			"-12345678901234567890.123456789"),
		kindCase("decimal number", "DECIMAL(10,2)", text(record.Decimal, "12.50"), "12.5"),
		kindCase("whole decimal", "NUMERIC", text(record.Decimal, "900719925474099301.00"),
			"900719925474099301"),
		kindCase("float", "REAL", record.AppendFloat32(nil, 0.1), "0.10000000149011612"),
		kindCase("double", "DOUBLE", record.AppendFloat64(nil, 0.1), "0.1"),
		kindCase("double text", "TEXT", record.AppendFloat64(nil, 1.0/3), "0.3333333333333333"),
		kindCase("string", "TEXT", handlertest.Str("Größe 😀 'x' \\ \" "), "Größe 😀 'x' \\ \" "),
		kindCase("digits", "VARCHAR(9)", handlertest.Str("007"), "007"),
		kindCase("empty", "TEXT", handlertest.Str(""), ""),
		kindCase("bytes", "BLOB", record.AppendBytes(nil, record.Bytes, []byte{0, 255, 'a'}),
			"x00FF61"),
		kindCase("no bytes", "BLOB", record.AppendBytes(nil, record.Bytes, nil), "x"),
		kindCase("date", "DATE", record.AppendDate(nil, day), "2026-11-21"),
		kindCase("zero date", "DATE", record.AppendDate(nil, 0), "0000-00-00"),
		kindCase("time", "TIME", record.AppendTime(nil, -clock), "-13:14:15.123456789"),
		kindCase("timestamp", "TIMESTAMP", record.AppendTimestamp(nil, day, clock),
			"2026-11-21 13:14:15.123456789"),
		kindCase("timestamptz", "TIMESTAMP", record.AppendTimestampTZ(nil, day, clock, 60),
			"2026-11-21 13:14:15.123456789+00:00"),
		kindCase("interval", "TEXT", record.AppendInterval(nil, 1, 2, 3e9),
			"1 mons 2 days 00:00:03"),
		kindCase("bit", "INTEGER", record.AppendBit(nil, 10, []byte{2, 1}), "513"),
		kindCase("bool", "BOOLEAN", record.AppendBool(nil, true), "1"),
		kindCase("json", "JSON", text(record.JSON, `{"a": 1.0}`), `{"a": 1.0}`),
		kindCase("xml", "TEXT", text(record.XML, "<a/>"), "<a/>"),
		kindCase("uuid", "TEXT", record.AppendBytes(nil, record.UUID, []byte("0123456789abcdef")),
			"30313233-3435-3637-3839-616263646566"),
		kindCase("uuid octets",
			"BLOB", record.AppendBytes(nil, record.UUID, []byte("0123456789abcdef")),
			"x30313233343536373839616263646566"),
	}
}

func refused() []handlertest.KindCase {
	return []handlertest.KindCase{
		kindCase("uint", "BIGINT", record.AppendUint(nil, math.MaxUint64)),
		kindCase("long decimal", "NUMERIC", record.AppendText(nil, record.Decimal,
			"1234567890123456.5")),
		kindCase("long digits", "REAL", handlertest.Str("12345678901234567890")),
		kindCase("not a number", "REAL", record.AppendFloat64(nil, math.NaN())),
		kindCase("check", "INTEGER CHECK (v > 5)", handlertest.Int(3)),
		kindCase("long bits",
			"INTEGER", record.AppendBit(nil, 64, []byte{255, 0, 0, 0, 0, 0, 0, 1})),
	}
}

func kindCase(name, sqlType string, value handlertest.V, want ...string) handlertest.KindCase {
	return handlertest.KindCase{Name: name, Type: sqlType, Value: value, Want: strings.Join(want, "")}
}

// A constraint that is looked at by COMMIT only is an error of the rows, not of
// the connection: trying again would go on for ever.
func TestAConstraintThatCommitFindsIsAnErrorOfTheRows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.db")
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec("CREATE TABLE child (id INTEGER PRIMARY KEY, dad INTEGER REFERENCES " +
		"child (id) DEFERRABLE INITIALLY DEFERRED)")
	if err != nil {
		t.Fatal(err)
	}
	h := dml.New(dialect())
	defer h.Close()
	_, err = h.Open(t.Context(), handler.Config{Group: "R", Login: handler.Login{Kind: "sqlite",
		Database: file}})
	if err != nil {
		t.Fatal(err)
	}
	child := handlertest.NewTable(1, "", "child", 1, handlertest.Column("id", "INTEGER!", record.Int),
		handlertest.Column("dad", "INTEGER", record.Int))
	orphan := handlertest.Batch(100, []*handlertest.Table{child},
		child.Insert(handlertest.Int(1), handlertest.Int(7)))
	_, err = h.Apply(t.Context(), orphan)
	var failed *handler.ApplyError
	if !errors.As(err, &failed) || failed.Class != handler.Row {
		t.Fatalf("%+v", err)
	}
	both := handlertest.Batch(200, nil, child.Insert(handlertest.Int(1), handlertest.Int(7)),
		child.Insert(handlertest.Int(7), handlertest.Null()))
	if _, err := h.Apply(t.Context(), both); err != nil {
		t.Fatal(err)
	}
}
