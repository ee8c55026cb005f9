package main

import (
	"database/sql"
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

// TestMain makes the test's own binary the plugin.
func TestMain(m *testing.M) {
	if handlertest.IsPlugin() {
		main()
		return
	}
	m.Run()
}

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
	dir := handlertest.PluginDir(t, "sqlite")
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
	result, err := db.Query("SELECT " + strings.Join(parts, " || '|' || ") + " FROM " + quote(def.Name))
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
		{Name: "int", Type: "BIGINT", Value: handlertest.Int(math.MinInt64), Want: "-9223372036854775808"},
		{Name: "uint", Type: "BIGINT", Value: record.AppendUint(nil, math.MaxInt64), Want: "9223372036854775807"},
		{Name: "big uint", Type: "TEXT", Value: record.AppendUint(nil, math.MaxUint64), Want: "18446744073709551615"},
		{Name: "decimal", Type: "TEXT", Value: text(record.Decimal, "-12345678901234567890.123456789"),
			Want: "-12345678901234567890.123456789"},
		{Name: "decimal number", Type: "DECIMAL(10,2)", Value: text(record.Decimal, "12.50"), Want: "12.5"},
		{Name: "whole decimal", Type: "NUMERIC", Value: text(record.Decimal, "900719925474099301.00"),
			Want: "900719925474099301"},
		{Name: "float", Type: "REAL", Value: record.AppendFloat32(nil, 0.1), Want: "0.10000000149011612"},
		{Name: "double", Type: "DOUBLE", Value: record.AppendFloat64(nil, 0.1), Want: "0.1"},
		{Name: "double text", Type: "TEXT", Value: record.AppendFloat64(nil, 1.0/3), Want: "0.3333333333333333"},
		{Name: "string", Type: "TEXT", Value: handlertest.Str("Größe 😀 'x' \\ \" "), Want: "Größe 😀 'x' \\ \" "},
		{Name: "digits", Type: "VARCHAR(9)", Value: handlertest.Str("007"), Want: "007"},
		{Name: "empty", Type: "TEXT", Value: handlertest.Str(""), Want: ""},
		{Name: "bytes", Type: "BLOB", Value: record.AppendBytes(nil, record.Bytes, []byte{0, 255, 'a'}), Want: "x00FF61"},
		{Name: "no bytes", Type: "BLOB", Value: record.AppendBytes(nil, record.Bytes, nil), Want: "x"},
		{Name: "date", Type: "DATE", Value: record.AppendDate(nil, day), Want: "2026-11-21"},
		{Name: "zero date", Type: "DATE", Value: record.AppendDate(nil, 0), Want: "0000-00-00"},
		{Name: "time", Type: "TIME", Value: record.AppendTime(nil, -clock), Want: "-13:14:15.123456789"},
		{Name: "timestamp", Type: "TIMESTAMP", Value: record.AppendTimestamp(nil, day, clock),
			Want: "2026-11-21 13:14:15.123456789"},
		{Name: "timestamptz", Type: "TIMESTAMP", Value: record.AppendTimestampTZ(nil, day, clock, 60),
			Want: "2026-11-21 13:14:15.123456789+00:00"},
		{Name: "interval", Type: "TEXT", Value: record.AppendInterval(nil, 1, 2, 3e9), Want: "1 mons 2 days 00:00:03"},
		{Name: "bit", Type: "INTEGER", Value: record.AppendBit(nil, 10, []byte{2, 1}), Want: "513"},
		{Name: "bool", Type: "BOOLEAN", Value: record.AppendBool(nil, true), Want: "1"},
		{Name: "json", Type: "JSON", Value: text(record.JSON, `{"a": 1.0}`), Want: `{"a": 1.0}`},
		{Name: "xml", Type: "TEXT", Value: text(record.XML, "<a/>"), Want: "<a/>"},
		{Name: "uuid", Type: "TEXT", Value: record.AppendBytes(nil, record.UUID, []byte("0123456789abcdef")),
			Want: "30313233-3435-3637-3839-616263646566"},
		{Name: "uuid octets", Type: "BLOB", Value: record.AppendBytes(nil, record.UUID, []byte("0123456789abcdef")),
			Want: "x30313233343536373839616263646566"},
	}
}

func refused() []handlertest.KindCase {
	return []handlertest.KindCase{
		{Name: "uint", Type: "BIGINT", Value: record.AppendUint(nil, math.MaxUint64)},
		{Name: "long decimal", Type: "NUMERIC", Value: record.AppendText(nil, record.Decimal, "1234567890123456.5")},
		{Name: "long digits", Type: "REAL", Value: handlertest.Str("12345678901234567890")},
		{Name: "not a number", Type: "REAL", Value: record.AppendFloat64(nil, math.NaN())},
		{Name: "check", Type: "INTEGER CHECK (v > 5)", Value: handlertest.Int(3)},
		{Name: "long bits", Type: "INTEGER", Value: record.AppendBit(nil, 64, []byte{255, 0, 0, 0, 0, 0, 0, 1})},
	}
}
