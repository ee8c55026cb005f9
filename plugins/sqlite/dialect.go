package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"modernc.org/sqlite"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/record"
)

// version is the release of this handler.
const version = "1.0"

// Result codes of SQLite, https://www.sqlite.org/rescode.html.
const (
	codeError      = 1
	codeBusy       = 5
	codeLocked     = 6
	codeInterrupt  = 9
	codeIO         = 10
	codeTooBig     = 18
	codeConstraint = 19
	codeMismatch   = 20
	codePrimaryKey = codeConstraint | 6<<8
	codeUnique     = codeConstraint | 8<<8
	codeNotNull    = codeConstraint | 5<<8
	codeRowID      = codeConstraint | 10<<8
)

func dialect() dml.Dialect {
	b := &bindings{affinities: map[string]affinity{}}
	return dml.Dialect{
		Name: "sqlite", Version: version,
		Quote:    quote,
		Begin:    dml.Statement("BEGIN IMMEDIATE"),
		NullSafe: " IS ",
		Compare:  func(*record.ColumnDef) string { return "?" },
		OneRow: func(table, condition string) string {
			return " WHERE rowid IN (SELECT rowid FROM " + table + " WHERE " + condition +
				" LIMIT 1)"
		},
		// The database is in this process: a statement for several rows gains nothing.
		Limits:    dml.Limits{Insert: 1, Update: 1, Delete: 1, Params: 32766},
		CaseSafe:  func(*record.ColumnDef) bool { return false },
		Bind:      b.bind,
		Fault:     fault,
		Connect:   connect,
		Table:     table,
		Inspect:   inspect,
		NullCode:  codeNotNull,
		Savepoint: true,
		Marks:     true,
	}
}

func quote(part string) string { return `"` + strings.ReplaceAll(part, `"`, `""`) + `"` }

// connect opens an existing file. Options busytimeout (milliseconds) and
// foreignkeys (off) change the defaults of ten seconds and on.
func connect(ctx context.Context, cfg handler.Config) (*dml.Session, error) {
	path := cfg.Login.Database
	if path == "" {
		return nil, errors.New("no database file is named: use sqlite:path in TARGETDB")
	}
	busy := 10000
	if n, err := strconv.Atoi(cfg.Options["busytimeout"]); err == nil {
		busy = n
	}
	keys := "on"
	if strings.EqualFold(cfg.Options["foreignkeys"], "off") {
		keys = "off"
	}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}).String() +
		"?mode=rw&_pragma=" + url.QueryEscape(fmt.Sprintf("busy_timeout(%d)", busy)) +
		"&_pragma=" + url.QueryEscape("journal_mode(wal)") +
		"&_pragma=" + url.QueryEscape("synchronous(full)") +
		"&_pragma=" + url.QueryEscape("foreign_keys("+keys+")")
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	var release string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&release); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &dml.Session{DB: db, Kind: checkpointtable.SQLite, Product: "SQLite " + release,
		Charset: "UTF-8"}, nil
}

func fault(err error) (dml.Fault, bool) {
	var native *sqlite.Error
	if !errors.As(err, &native) {
		return dml.Fault{}, false
	}
	f := dml.Fault{Code: native.Code(), Text: native.Error(), Class: handler.Setup}
	switch f.Code & 0xff {
	case codeBusy, codeLocked:
		f.Class = handler.Conflict
	case codeInterrupt, codeIO:
		f.Class = handler.Connection
	case codeConstraint, codeTooBig, codeMismatch:
		f.Class = handler.Row
	}
	switch f.Code {
	case codePrimaryKey, codeUnique, codeRowID:
		f.Duplicate = true
	}
	return f, true
}

// inspect: without reordering there is nothing that order could spoil.
func inspect(context.Context, *sql.Conn, *record.TableDef) (dml.Nature, error) {
	return dml.Nature{}, nil
}
