// Package tns is the server's side of Oracle's network protocol, for tests: real
// drivers log in to it, and what they ask goes to a Backend.
//
// It is no database: it knows no SQL beyond telling a query from a block. Its law:
// every octet that it sends is composed here, every octet that it reads is bounded,
// and nothing of it is left after Close.
package tns

import (
	"context"
	"fmt"
	"time"
)

// Config is what a server is and who may log in.
type Config struct {
	// Addr is where to listen; empty is a free port of the loopback interface.
	Addr    string
	Backend Backend
	// Users are passwords by upper-case user name.
	Users map[string]string
	// Services are the service names and SIDs that are known here; none means any.
	Services []string
	// Charset is the number of the database character set; 0 is 873, AL32UTF8.
	Charset int
	// Faults are what goes wrong; nil is nothing.
	Faults *Faults
	// Logf gets what the server could not tell a client; nil is nobody.
	Logf func(format string, args ...any)
}

// Backend is the database behind the protocol.
type Backend interface {
	// Login is called once the password was right. An *Error refuses.
	Login(Login) (Session, error)
}

// Login is who wants in.
type Login struct{ User, Service, SID, Program string }

// Session is one login. Its methods are called one at a time, in the order in which
// the client asks; Close is called once, whatever became of the client, and rolls back.
type Session interface {
	// Execute runs a statement or a PL/SQL block. An *Error reaches the client as it
	// is, any other error as ORA-00600. The context ends with a break of the client
	// and with the connection.
	Execute(ctx context.Context, c Call) (*Result, error)
	Commit() error
	Rollback() error
	Close() error
}

// Call is a statement or block with its binds.
type Call struct {
	SQL string
	// Binds is one row of binds for each element of an array execution; nil without
	// binds. Rows have the binds in the order of the statement's placeholders.
	Binds [][]Bind
}

// Bind is one bound value.
type Bind struct {
	// Name is the placeholder's without its colon, in upper case: "1", "ID".
	Name  string
	Type  Type
	Value any
	// Out tells that the client takes a value back.
	Out bool
	// Max is the size of the client's buffer in octets.
	Max int
}

// Result is what a call gave.
type Result struct {
	// Columns are those of a query; nil for anything else.
	Columns []Column
	// Rows are read in portions, and closed by the server.
	Rows Rows
	// Affected is how many rows a statement changed.
	Affected int64
	// Out are the values of the binds with Out, in order: a row for each row of
	// Binds (or each row that RETURNING gave).
	Out [][]any
}

// Column is one column of a query.
type Column struct {
	Name string
	Type Type
	// Size is octets of a VARCHAR2, CHAR or RAW.
	Size, Precision, Scale int
	Nullable               bool
}

// Rows are a query's rows. A row holds, by column: nil (NULL), string (VARCHAR2,
// CHAR, CLOB, ROWID, and NUMBER as decimal text), []byte (RAW, BLOB), time.Time
// (DATE, TIMESTAMP and those with zones), float32, float64, or Interval.
type Rows interface {
	// Next gives the next row, valid until the next call, or io.EOF. An *Error
	// reaches the client in the middle of its fetch.
	Next() ([]any, error)
	Close() error
}

// Type is a type as a Backend and its clients know it.
type Type uint8

// The types.
const (
	Varchar2 Type = iota + 1
	Number
	Char
	Raw
	Date
	Timestamp
	TimestampTZ
	TimestampLTZ
	IntervalYM
	IntervalDS
	BinaryFloat
	BinaryDouble
	NVarchar2
	NChar
	Long
	LongRaw
	CLOB
	NCLOB
	BLOB
	RowID
)

// Interval is a period: Months of an INTERVAL YEAR TO MONTH, Duration of an INTERVAL
// DAY TO SECOND.
type Interval struct {
	Months   int
	Duration time.Duration
}

// Error is an Oracle error.
type Error struct {
	Code int // 942 of ORA-00942
	// Text is the message without its number.
	Text string
	// Offset is where in the statement, in octets from 0.
	Offset int
}

// Error prints the error as Oracle does.
func (e *Error) Error() string { return fmt.Sprintf("ORA-%05d: %s", e.Code, e.Text) }
