// Package sqlite captures the changes of an SQLite database: triggers write
// each change into a log table in the writer's own transaction, and Source
// reads that table.
//
// It works for writers of any process and language, and costs them the log
// row. It is not a reader of the write-ahead log. Its law: what is visible in
// one read snapshot is a run of whole transactions, and is handed out as one,
// so that a writer's transaction is never split; the log's own sequence is the
// order.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	driver "modernc.org/sqlite" // registers the database/sql driver named "sqlite"
)

// The log's objects in the source database.
const (
	logTable    = "ggs_log"
	tablesTable = "ggs_tables"
	loadsTable  = "ggs_loads"
	prefix      = "ggs_"
)

// Schema is the schema name that captured tables have: SQLite's own name for
// the database file that was opened.
const Schema = "main"

// busyTimeout bounds how long a statement waits for another writer.
const busyTimeout = 10 * time.Second

// open connects to the database file, which must exist: a typing error must
// not make a new database.
func open(ctx context.Context, path string) (*sql.DB, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("database file: %w", err)
	}
	if st.IsDir() {
		return nil, fmt.Errorf("database file %s is a directory", path)
	}
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()))
	q.Set("_txlock", "deferred")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("database file %s: %w", path, err)
	}
	db.SetMaxOpenConns(2)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("database file %s: %w", path, err)
	}
	return db, nil
}

// quoteName quotes an identifier.
func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// quoteText quotes a string literal.
func quoteText(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// missingLog reports whether the database has no log table.
func missingLog(err error) bool {
	return missingTable(err, logTable) || missingTable(err, "sqlite_sequence")
}

func missingTable(err error, table string) bool {
	return err != nil && strings.Contains(err.Error(), "no such table: "+table)
}

// isBusy reports whether a statement gave up waiting for another writer.
func isBusy(err error) bool {
	const busy = 5 // SQLITE_BUSY; extended codes have more above the low octet
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == busy
}

// errNoLog tells the operator what to do before the first start.
var errNoLog = errors.New("the database has no change log: DBLOGIN to it and " +
	"ADD TRANDATA for the tables to capture")
