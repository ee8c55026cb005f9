package rig

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"ggsh/tests/services/server"

	_ "modernc.org/sqlite" // the embedded database
)

// Database is a source or target: a real server of its own, or a file.
type Database struct {
	Kind   string // mariadb, mysql, sqlite
	DB     *sql.DB
	Server *server.Instance // nil for a file
	// Login is what DBLOGIN, SOURCEDB and TARGETDB name: without keyword.
	Login string
	// Schema is the schema of the tables, in TABLE and MAP statements.
	Schema string
}

// NewDatabase starts a server of a kind, or makes a file in dir; a server that
// cannot be had skips the test.
func NewDatabase(tb testing.TB, kind, dir, name string) *Database {
	tb.Helper()
	if kind == "sqlite" {
		return newFile(tb, dir, name)
	}
	return newOnServer(tb, kind, server.ForTest(tb, server.Kind(kind), server.Options{}), name)
}

func newFile(tb testing.TB, dir, name string) *Database {
	tb.Helper()
	path := filepath.Join(dir, name+".db")
	q := url.Values{"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(4)
	tb.Cleanup(func() { db.Close() })
	return &Database{Kind: "sqlite", DB: db, Login: "sqlite:" + path, Schema: "main"}
}

// Exec runs statements, each by itself.
func (d *Database) Exec(tb testing.TB, statements ...string) {
	tb.Helper()
	for _, s := range statements {
		if _, err := d.DB.Exec(s); err != nil {
			tb.Fatalf("%s: %s: %v", d.Kind, s, err)
		}
	}
}

// Rows gives all rows of a table as text, sorted: equal multisets give equal slices.
func (d *Database) Rows(table string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	rows, err := d.DB.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var out []string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		text := make([]string, len(values))
		for i, v := range values {
			text[i] = "NULL"
			if v.Valid {
				text[i] = fmt.Sprintf("%q", v.String)
			}
		}
		out = append(out, strings.Join(text, ","))
	}
	sort.Strings(out)
	return out, rows.Err()
}

// Differ says where two tables differ, in a few rows; empty when they are equal.
func Differ(a, b *Database, table string) string {
	ra, err := a.Rows(table)
	if err != nil {
		return err.Error()
	}
	rb, err := b.Rows(table)
	if err != nil {
		return err.Error()
	}
	count := map[string]int{}
	for _, r := range ra {
		count[r]++
	}
	for _, r := range rb {
		count[r]--
	}
	var lines []string
	for r, n := range count {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("%+d %s", n, r))
		}
	}
	sort.Strings(lines)
	if len(lines) > 10 {
		lines = append(lines[:10], "...")
	}
	if len(lines) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d rows at the source, %d at the target (+ only there, - only here):\n%s",
		table, len(ra), len(rb), strings.Join(lines, "\n"))
}

// WaitEqual waits until tables have the same rows on both sides.
func WaitEqual(tb testing.TB, source, target *Database, logs func() string, tables ...string) {
	tb.Helper()
	for _, table := range tables {
		Until(tb, table+" to be equal", func() (bool, string) {
			diff := Differ(source, target, table)
			if diff == "" {
				return true, ""
			}
			return false, diff + "\n" + logs()
		})
	}
}
