package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"ggsh/handler/dml"
	"ggsh/oracleclient"
	"ggsh/record"
)

// version is the release of this handler.
const version = "1.0"

// openCursors is how many statements are kept: OPEN_CURSORS is 300 by default.
const openCursors = 200

// rowIDOctets is the longest text of a ROWID, that of an index organized table's row.
const rowIDOctets = 4000

// arrayRows is how many rows one execution has at most.
const arrayRows = 500

// target is an Oracle database as a target: what its options and its session say.
type target struct {
	types       map[string]columnType // by text
	empty       emptyRule             // for a text without characters
	emptyLOB    string                // for one in a LOB column; "" follows empty
	charset     charset
	deferred    bool   // constraints are checked at commit
	suppressing string // why triggers cannot be suppressed; "" when all is well
}

func dialect() dml.Dialect {
	t := &target{types: map[string]columnType{}}
	return dml.Dialect{
		Name: "oracle", Version: version,
		Quote:    quote,
		Begin:    t.begin,
		Numbered: true,
		Write:    t.mark,
		Compare:  t.mark,
		Match:    t.match,
		OneRow: func(_, condition string) string {
			return " WHERE " + condition + " AND ROWNUM = 1"
		},
		Limits: dml.Limits{Insert: arrayRows, Update: arrayRows, Delete: arrayRows, Params: 1 << 20},
		Arrays: func(col *record.ColumnDef) bool {
			c := t.typeOf(col)
			return c.inArrays()
		},
		Repertoire: t.repertoire,
		CaseSafe:   func(*record.ColumnDef) bool { return true },
		Bind:       t.bind,
		Null:       t.null,
		Append:     t.appendPiece,
		Empty:      t.emptyLOBText,
		Place: &dml.Place{Returning: " RETURNING ROWID INTO ?", Is: "ROWID = ?",
			Out: func(into *string) any { return oracleclient.Out(into, rowIDOctets) }},
		Longest:         sqlOctets,
		Fault:           fault,
		Connect:         t.connect,
		Table:           table,
		Inspect:         t.inspect,
		NullCode:        nullRefused,
		Statements:      openCursors,
		Savepoint:       true, // a row with a long value is more than one statement
		KeepsSavepoints: true,
	}
}

func quote(part string) string { return `"` + strings.ReplaceAll(part, `"`, `""`) + `"` }

func (t *target) typeOf(col *record.ColumnDef) columnType {
	c, ok := t.types[col.Type]
	if !ok {
		c = parseType(col.Type)
		t.types[col.Type] = c
	}
	return c
}

// begin starts a transaction: the driver stops committing each statement.
func (t *target) begin(ctx context.Context, conn *sql.Conn) error {
	err := conn.Raw(func(c any) error {
		_, err := c.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
		return err
	})
	if err == nil && t.deferred {
		_, err = conn.ExecContext(ctx, "SET CONSTRAINTS ALL DEFERRED")
	}
	return err
}

// mark is the placeholder of a column's values, with what makes its type of the text.
func (t *target) mark(col *record.ColumnDef) string {
	c := t.typeOf(col)
	switch c.family {
	case singleType:
		return "TO_BINARY_FLOAT(?)"
	case doubleType:
		return "TO_BINARY_DOUBLE(?)"
	case dateType:
		return "TO_DATE(?, 'SYYYY-MM-DD HH24:MI:SS')"
	case timestampType:
		return "TO_TIMESTAMP(?, 'SYYYY-MM-DD HH24:MI:SS.FF9')"
	case zonedType, localType:
		return "TO_TIMESTAMP_TZ(?, 'SYYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM')"
	case yearsType:
		return "TO_YMINTERVAL(?)"
	case daysType:
		return "TO_DSINTERVAL(?)"
	case xmlType:
		return "XMLPARSE(DOCUMENT ?)" // of NULL it makes NULL, unlike XMLTYPE
	case jsonType:
		return "JSON(?)"
	}
	if c.national && !t.charset.unicode() {
		return "UNISTR(?)" // the text's characters may be unknown to the database's own set
	}
	return "?"
}

// match finds a value. A NUMBER is compared as one, as its side decides.
func (t *target) match(col *record.ColumnDef, column string) string {
	c := t.typeOf(col)
	mark := t.mark(col)
	same := column + " = " + mark
	switch {
	case !c.compares():
		return "1 = 1" // the other columns have to tell
	case c.isLOB():
		same = "DBMS_LOB.COMPARE(" + column + ", " + mark + ") = 0"
	}
	if !col.Nullable {
		return same
	}
	return "(" + same + " OR (" + column + " IS NULL AND ? IS NULL))"
}

// null is a NULL with a type, so that a statement's binds are always the same.
func (t *target) null(col *record.ColumnDef) any {
	if c := t.typeOf(col); c.isOctets() {
		return []byte{}
	}
	return ""
}

// appendPiece adds a piece to a LOB. The character LOBs are appended as such, since
// their lengths are counted in units that are not characters.
func (t *target) appendPiece(col *record.ColumnDef, table, column, condition string) string {
	c := t.typeOf(col)
	declared, add := "l CLOB;", "DBMS_LOB.APPEND(l, TO_CLOB("+t.mark(col)+"));"
	switch {
	case c.family == blobType:
		declared = "l BLOB; p RAW(32767);"
		add = "p := ?; DBMS_LOB.WRITEAPPEND(l, UTL_RAW.LENGTH(p), p);"
	case c.national:
		declared, add = "l NCLOB;", "DBMS_LOB.APPEND(l, TO_NCLOB("+t.mark(col)+"));"
	}
	return "DECLARE " + declared + " BEGIN SELECT " + column + " INTO l FROM " + table + " WHERE " +
		condition + " FOR UPDATE; " + add + " END;"
}

// emptyLOBText makes a LOB empty, which is not NULL.
func (t *target) emptyLOBText(col *record.ColumnDef, table, column, condition string) string {
	empty := "EMPTY_CLOB()"
	if c := t.typeOf(col); c.family == blobType {
		empty = "EMPTY_BLOB()"
	}
	return "UPDATE " + table + " SET " + column + " = " + empty + " WHERE " + condition
}
