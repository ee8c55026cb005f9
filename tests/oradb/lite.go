package oradb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ggsh/tests/tns"

	"modernc.org/sqlite"
)

// connector opens the one connection of a database, with its functions.
type connector struct {
	driver *sqlite.Driver
}

// Connect opens the database in memory.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	return c.driver.Open("file::memory:?_dqs=0&_pragma=case_sensitive_like(1)")
}

// Driver gives the driver.
func (c connector) Driver() driver.Driver { return c.driver }

func openLite(db *DB) (*sql.DB, error) {
	d := &sqlite.Driver{}
	for name, compare := range map[string]func(a, b string) int{
		"ORANUMBER": compareDecimals, "ORAROWID": compareRowIDs} {
		if err := d.RegisterCollationUtf8(name, compare); err != nil {
			return nil, err
		}
	}
	if err := db.registerFunctions(d); err != nil {
		return nil, err
	}
	lite := sql.OpenDB(connector{d})
	lite.SetMaxOpenConns(1)
	lite.SetMaxIdleConns(1)
	lite.SetConnMaxLifetime(0)
	return lite, lite.Ping()
}

// run executes a statement of SQLite.
func (db *DB) run(statement string, args ...any) error {
	st, err := db.prepare(statement)
	if err != nil {
		return err
	}
	_, err = st.Exec(args...)
	return liteError(err)
}

// change executes a statement of SQLite that makes plans out of date.
func (db *DB) change(statement string) error {
	db.forget()
	_, err := db.lite.Exec(statement)
	return liteError(err)
}

// forget drops what was prepared for an older dictionary.
func (db *DB) forget() {
	for key, st := range db.prepared {
		st.Close()
		delete(db.prepared, key)
	}
	clear(db.plans)
}

func (db *DB) prepare(statement string) (*sql.Stmt, error) {
	if st := db.prepared[statement]; st != nil {
		return st, nil
	}
	if len(db.prepared) > 500 {
		db.forget()
	}
	st, err := db.lite.Prepare(statement)
	if err != nil {
		return nil, liteError(err)
	}
	db.prepared[statement] = st
	return st, nil
}

// queryTimeout bounds a query: all others wait for it.
const queryTimeout = 20 * time.Second

// interrupt is the context of the call under way: a break ends its query.
func (db *DB) interrupt() context.Context {
	if db.current == nil || db.current.ctx == nil {
		return context.Background()
	}
	return db.current.ctx
}

// answer is what a query of SQLite gave: names and declared types of its columns, rows.
type answer struct {
	names, declared []string
	rows            [][]any
}

// rowsOf runs a query of SQLite.
func (db *DB) rowsOf(statement string, args ...any) (*answer, error) {
	st, err := db.prepare(statement)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(db.interrupt(), queryTimeout)
	defer cancel()
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, liteError(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, liteError(err)
	}
	a := &answer{}
	for _, t := range types {
		a.names = append(a.names, t.Name())
		a.declared = append(a.declared, t.DatabaseTypeName())
	}
	for rows.Next() {
		row := make([]any, len(types))
		pointers := make([]any, len(types))
		for i := range row {
			pointers[i] = &row[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return nil, liteError(err)
		}
		for i, v := range row {
			if b, ok := v.([]byte); ok && b == nil {
				row[i] = []byte{} // an empty LOB is not NULL
			}
		}
		a.rows = append(a.rows, row)
	}
	return a, liteError(rows.Err())
}

// oracleText finds an Oracle error within an error of SQLite.
var oracleText = regexp.MustCompile(`(?s)ORA-(\d{5}): (.*)`)

// unknownColumn is how SQLite says ORA-00904.
var unknownColumn = regexp.MustCompile(`no such column: ([^\n]*?)(?: \(\d+\))?$`)

// liteError gives the Oracle error of an error of SQLite.
func liteError(err error) error {
	if err == nil {
		return nil
	}
	message := err.Error()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(message, "interrupted") {
		return oraError(1013)
	}
	if m := oracleText.FindStringSubmatch(message); m != nil {
		code, _ := strconv.Atoi(m[1])
		return &tns.Error{Code: code, Text: strings.TrimSuffix(m[2], " (1)")}
	}
	if m := unknownColumn.FindStringSubmatch(message); m != nil {
		return oraError(904, `"`+strings.ReplaceAll(strings.ReplaceAll(m[1], `"`, ""), ".", `"."`)+`"`)
	}
	switch {
	case strings.Contains(message, "ambiguous column name"):
		return oraError(918)
	case strings.Contains(message, "syntax error"), strings.Contains(message, "incomplete input"):
		return &tns.Error{Code: 933, Text: texts[933] + " [" + message + "]"}
	}
	return unsupported(message)
}
