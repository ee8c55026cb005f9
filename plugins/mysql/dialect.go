package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/query"
	"ggsh/record"
)

// version is the release of this handler.
const version = "1.0"

func dialect() dml.Dialect {
	return dml.Dialect{
		Name: "mysql", Version: version,
		Quote:    quote,
		Begin:    dml.Statement("START TRANSACTION"),
		NullSafe: " <=> ",
		Compare:  compare,
		OneRow: func(_, condition string) string {
			return " WHERE " + condition + " LIMIT 1"
		},
		Limits:     dml.Limits{Insert: 256, Update: 64, Delete: 256, Params: 60000},
		CaseSafe:   caseSafe,
		Bind:       bind,
		Repertoire: repertoires(),
		Fault:      fault,
		Connect:    connect,
		Table:      table,
		Inspect:    inspect,
		NullCode:   1048,
		Sequence:   setSequence,
		Calls:      query.ByCALL,
		DDL:        definer(),
	}
}

func quote(part string) string { return "`" + strings.ReplaceAll(part, "`", "``") + "`" }

// compare keeps the server from comparing decimals as doubles and JSON as text.
func compare(col *record.ColumnDef) string {
	switch {
	case col.Kind == record.Decimal && col.Precision > 0:
		return fmt.Sprintf("CAST(? AS DECIMAL(%d,%d))", col.Precision, col.Scale)
	case col.Kind == record.JSON && col.Type == "json":
		return "CAST(? AS JSON)"
	}
	return "?"
}

// caseSafe: CASE gives back what it got for numbers, texts and times; for types
// with octets or a form of their own that is not promised.
func caseSafe(col *record.ColumnDef) bool {
	switch col.Kind {
	case record.Int, record.Uint, record.Decimal, record.Float64, record.String, record.Date,
		record.Time, record.Timestamp, record.TimestampTZ:
		return !strings.HasPrefix(col.Type, "enum") && !strings.HasPrefix(col.Type, "set(")
	}
	return false
}

// Error numbers of the servers, sorted by what can be done.
var (
	awayErrors = numbers(1021, 1040, 1053, 1077, 1078, 1152, 1158, 1159, 1160, 1161, 1184, 1203,
		1927, 1290, 1317, 1836, 2006, 2013, 3024, 4031)
	conflictErrors = numbers(1020, 1205, 1213, 1412, 1637, 3058, 3101, 3572)
	setupErrors    = numbers(1044, 1045, 1046, 1049, 1054, 1064, 1072, 1099, 1100, 1109, 1114, 1130,
		1142, 1143, 1144, 1146, 1223, 1227, 1235, 1251, 1298, 1305, 1347, 1370, 1428, 1436, 1471,
		1524, 1698, 1792, 1820, 1862, 3118, 3159, 4151)
	duplicateErrors = numbers(1022, 1062, 1586)
)

func numbers(list ...uint16) map[uint16]bool {
	m := make(map[uint16]bool, len(list))
	for _, n := range list {
		m[n] = true
	}
	return m
}

func fault(err error) (dml.Fault, bool) {
	if errors.Is(err, mysql.ErrInvalidConn) {
		return dml.Fault{Class: handler.Connection, Text: "connection to the server lost"}, true
	}
	var native *mysql.MySQLError
	if !errors.As(err, &native) {
		return dml.Fault{}, false
	}
	f := dml.Fault{Class: handler.Row, Code: int(native.Number), Text: native.Message,
		Duplicate: duplicateErrors[native.Number]}
	if native.SQLState != [5]byte{} {
		f.State = string(native.SQLState[:])
	}
	switch {
	case awayErrors[native.Number]:
		f.Class = handler.Connection
	case conflictErrors[native.Number]:
		f.Class = handler.Conflict
	case setupErrors[native.Number]:
		f.Class = handler.Setup
	}
	return f, true
}

// inspect looks for foreign keys on either side, for triggers, and for an
// engine without transactions.
func inspect(ctx context.Context, conn *sql.Conn, t *record.TableDef) (dml.Nature, error) {
	var n dml.Nature
	var links int
	err := conn.QueryRowContext(ctx, `SELECT
	  (SELECT COUNT(*) FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = ?
	     AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL) +
	  (SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS
	     WHERE UNIQUE_CONSTRAINT_SCHEMA = ? AND REFERENCED_TABLE_NAME = ?) +
	  (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ?
	     AND EVENT_OBJECT_TABLE = ?)`,
		t.Schema, t.Name, t.Schema, t.Name, t.Schema, t.Name).Scan(&links)
	if err != nil {
		return n, err
	}
	n.Ordered = links > 0
	var transactional sql.NullString
	err = conn.QueryRowContext(ctx, `SELECT e.TRANSACTIONS FROM information_schema.TABLES t
	  JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
	  WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?`, t.Schema, t.Name).Scan(&transactional)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return n, err
	}
	if transactional.String == "NO" {
		n.Note = "table " + t.FullName() + " is kept by an engine without transactions: " +
			"after a failure its rows can be applied twice"
	}
	return n, nil
}
