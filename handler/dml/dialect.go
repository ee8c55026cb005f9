// Package dml applies row changes to SQL databases: operations become
// statements of one target transaction, the checkpoint row included.
//
// It opens no network connection and knows no product; what differs between
// databases is a Dialect, a value that a plugin fills in. Its law: a batch is
// in the target as a whole with its checkpoint, or not at all; a value that a
// column cannot hold exactly is an error; and whatever the order or grouping of
// statements, the tables end as if each operation had been applied in its turn.
package dml

import (
	"context"
	"database/sql"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/query"
	"ggsh/record"
)

// Dialect is all that the package has to know of a database product.
type Dialect struct {
	Name    string // of the handler
	Version string
	// Quote quotes one part of a name.
	Quote func(part string) string
	// Begin starts a transaction that may write; Statement makes one of a text.
	Begin func(ctx context.Context, conn *sql.Conn) error
	// Numbered says that placeholders are written :1, :2 and so on.
	Numbered bool
	// NullSafe is the operator that finds NULL equal to NULL.
	NullSafe string
	// Write is the placeholder for a value that is stored; nil is a plain one.
	Write func(col *record.ColumnDef) string
	// Compare is the placeholder for a value that is compared with a column; it
	// must make the comparison exact and leave indexes usable.
	Compare func(col *record.ColumnDef) string
	// Match, where an operator and Compare do not do, is the condition that finds
	// a value in a column, NULL equal to NULL. The value is bound at each ?.
	Match func(col *record.ColumnDef, column string) string
	// OneRow gives the WHERE clause that keeps to the first row that matches.
	OneRow func(table, condition string) string
	// Limits bounds multi-row statements.
	Limits Limits
	// CaseSafe says of a column that values chosen by CASE arrive in it as if
	// they had been given directly.
	CaseSafe func(col *record.ColumnDef) bool
	// Arrays, when set, has several operations be one execution of the one-row
	// statement, with an array bound at each placeholder: []string or [][]byte, as
	// Bind gives strings or octets. It says of a column whether arrays of it can be
	// bound; Limits are then rows of an array.
	Arrays func(col *record.ColumnDef) bool
	// Bind gives the driver's form of a value for a column. Texts may be
	// appended to arena, which is returned; an error must be a *Refusal.
	// What is too long for one statement comes as a *Long.
	Bind func(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error)
	// Repertoire says which characters the text of a column can have; nil: all columns
	// can have all.
	Repertoire func(col *record.ColumnDef) Repertoire
	// Null is the driver's form of NULL in a column; nil is a plain one.
	Null func(col *record.ColumnDef) any
	// Append is the statement that adds a piece to a column's value in the row that
	// a condition finds; its placeholders are the condition's, then the piece's.
	Append func(col *record.ColumnDef, table, column, condition string) string
	// Empty is the statement that empties a column's value in the row that a
	// condition finds.
	Empty func(col *record.ColumnDef, table, column, condition string) string
	// Place finds again the rows of tables without a key, for long values; without it
	// those are refused there.
	Place *Place
	// Longest is how many octets of a text or of octets a condition can compare; 0 is any.
	Longest int
	// Fault reads a native error; ok is false for errors that are not the database's.
	Fault func(err error) (f Fault, ok bool)
	// Connect opens the database and makes ready what a session needs.
	Connect func(ctx context.Context, cfg handler.Config) (*Session, error)
	// Table reads a table's definition, or gives *handler.NoTableError.
	Table func(ctx context.Context, conn *sql.Conn,
		name handler.TableName) (*record.TableDef, error)
	// Inspect looks at what a definition does not tell.
	Inspect func(ctx context.Context, conn *sql.Conn, t *record.TableDef) (Nature, error)
	// NullCode is the native number of NULL in a column that allows none.
	NullCode int
	// Savepoint says that a failed statement may end the transaction, so that
	// each operation of a run by single operations needs a savepoint.
	Savepoint bool
	// Statements is how many prepared statements a session may keep; 0 is any.
	Statements int
	// KeepsSavepoints says that there is no RELEASE SAVEPOINT: a savepoint is there
	// until another of its name takes its place.
	KeepsSavepoints bool
	// Calls is how procedures are called.
	Calls query.Calls
	// Marks says that the log of the database does not tell where a transaction begins and
	// ends: the checkpoint row is marked at both.
	Marks bool
	// Sequence brings a sequence to where a captured row of it says; nil: there are none.
	Sequence func(ctx context.Context, conn *sql.Conn, t *record.TableDef, row []record.Value) error
	// DDL is how statements that define objects are executed; nil refuses them.
	DDL *DDL
}

// Statement gives a function that executes a statement without arguments.
func Statement(text string) func(context.Context, *sql.Conn) error {
	return func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, text)
		return err
	}
}

// Long is a value that is more than one statement: Head is written with the row, and
// each of Rest is added to it; or it is emptied, when Head only stands for nothing.
type Long struct {
	Head  any
	Rest  []any
	Empty bool
}

// Place is where the database keeps a row, as its statements tell and take it.
type Place struct {
	Returning string                 // ends a statement that writes one row: gives the place at its ?
	Is        string                 // finds the row of a place
	Out       func(into *string) any // the driver's form of the variable at Returning's ?
}

// Nature is what the target's table is beyond its columns and keys.
type Nature struct {
	// Ordered says that rows depend on other rows: foreign keys or triggers.
	// The operations of such tables are never reordered.
	Ordered bool
	// Note is something the operator should know.
	Note string
}

// Limits bounds multi-row statements. With Insert 1 every operation is a
// statement of its own, in source order.
type Limits struct {
	Insert, Update, Delete int // rows
	Params                 int // placeholders
}

// Session is an open database.
type Session struct {
	DB        *sql.DB
	Kind      checkpointtable.Kind
	Product   string
	Charset   string
	MaxPacket int // octets of one statement with its values; 0 when there is no limit
}

// Fault is what a native error means.
type Fault struct {
	Class     handler.Class
	Code      int
	State     string
	Text      string
	Duplicate bool // a unique key is taken
}

// Refusal is a value that a column cannot hold exactly.
type Refusal struct {
	Code int // the number the database has for the case
	Text string
}

// Error gives the text.
func (r *Refusal) Error() string { return r.Text }
