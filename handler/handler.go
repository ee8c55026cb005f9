// Package handler is the contract between Replicat and a target, on both sides
// of a process boundary: the interface a target implements, the plugin process
// that serves it, and the client that launches and calls that process.
//
// It knows no target and no SQL. Its law: what Apply reports as durable is
// durable at the target together with its checkpoint, and Open tells the
// checkpoint that the target holds; between the two nothing is lost and, on a
// target with transactions, nothing is applied twice.
package handler

import (
	"context"
	"fmt"
	"time"

	"ggsh/record"
)

// Handler applies mapped operations to one target. Calls come one at a time.
type Handler interface {
	// Describe says what the handler is and can do. It needs no connection.
	Describe() Description
	// Open connects to the target and returns the checkpoint it holds for the group.
	Open(ctx context.Context, cfg Config) (*Opened, error)
	// Table gives the target's own definition of a table, or *NoTableError.
	Table(ctx context.Context, name TableName) (*record.TableDef, error)
	// Apply makes the batch and its checkpoint durable, or fails with an
	// *ApplyError and has changed nothing. A handler that describes itself as
	// Deferred may answer before that; Applied.Durable says how far it is.
	Apply(ctx context.Context, b *Batch) (*Applied, error)
	// Close ends the connection. It does not undo what was applied.
	Close() error
}

// Querier is a handler whose target understands SQL; Description.Queries says so.
type Querier interface {
	// Query executes one statement in the target session: in the transaction that is
	// open after Batch.More, else in one of its own. It fails with an *ApplyError and
	// has changed nothing; a transaction that was open still is.
	Query(ctx context.Context, q Query) (*Answer, error)
}

// Query is a statement of the operator's own.
type Query struct {
	Text string `json:"text"`
	// Args are bound to its placeholders in their order: values in record's form.
	Args [][]byte `json:"args,omitempty"`
	// Rows says that the first row is wanted.
	Rows bool `json:"rows,omitempty"`
	// Call, when set, is a procedure to be called in place of Text; Args are those that
	// it names. The answer's columns are the parameters that give something.
	Call *Call `json:"call,omitempty"`
	// Limit is how long it may take; zero: any time.
	Limit time.Duration `json:"limit,omitempty"`
}

// Call names a stored procedure and the parameters that get values.
type Call struct {
	Schema string   `json:"schema,omitempty"` // empty: the session's own
	Name   string   `json:"name"`
	Params []string `json:"params,omitempty"`
}

// String is the procedure's name.
func (c *Call) String() string { return TableName{Schema: c.Schema, Name: c.Name}.String() }

// Answer is the outcome of a Query.
type Answer struct {
	Rows int64 `json:"rows"` // changed, as far as the target tells
	// Columns and Values are the first row, values in record's form; none without one.
	Columns []string `json:"columns,omitempty"`
	Values  [][]byte `json:"values,omitempty"`
}

// ProtocolVersion is the version of this contract; both sides must have the same.
const ProtocolVersion = 3

// Description is what a handler says of itself.
type Description struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Transactional targets keep rows and checkpoint in one transaction.
	Transactional bool `json:"transactional"`
	// Tables says that target tables exist beforehand and are asked for by Table.
	Tables bool `json:"tables"`
	// Collisions says that HandleCollisions is understood.
	Collisions bool `json:"collisions"`
	// Continues says that Batch.More is understood: a source transaction may
	// come in several batches. Others get a transaction whole or not at all.
	Continues bool `json:"continues,omitempty"`
	// Resolves says that TableUse.OverrideDups, InsertMissing and Conflicts are
	// understood.
	Resolves bool `json:"resolves,omitempty"`
	// Queries says that the handler is a Querier.
	Queries bool `json:"queries,omitempty"`
	// Calls says that it understands Query.Call.
	Calls bool `json:"calls,omitempty"`
	// Origins says that Batch.Origins is wanted.
	Origins bool `json:"origins,omitempty"`
	// Deferred says that what Apply took becomes durable later, as with files
	// that are published when they are full: Applied.Durable tells. After a
	// failure, everything behind the last durable checkpoint comes again.
	Deferred bool `json:"deferred,omitempty"`
	// DDL says that a batch may hold one operation of type record.DDL and nothing
	// else: its Text is executed as it is, with Schema as the default schema. Behind it
	// all tables are told anew under other ids, so a handler may forget them. A target
	// that commits by itself around such a statement finds out after a failure whether
	// it was executed, so that it is not executed twice.
	DDL bool `json:"ddl,omitempty"`
}

// Login says how to reach a database. Password is in memory only.
type Login struct {
	Kind     string `json:"kind"` // mysql, sqlite, ...
	Host     string `json:"host,omitempty"`
	Port     int    `json:"port,omitempty"`
	Socket   string `json:"socket,omitempty"`
	Database string `json:"database,omitempty"` // default database; the file of an embedded one
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
}

// Config is what a handler gets to open its target.
type Config struct {
	Group string `json:"group"`
	// GroupKey tells groups of the same name in different homes apart.
	GroupKey uint64 `json:"groupKey"`
	Home     string `json:"home"`
	Login    Login  `json:"login"`
	// CheckpointTable is where a SQL target keeps the checkpoint; empty when
	// NODBCHECKPOINT is in force.
	CheckpointTable string            `json:"checkpointTable,omitempty"`
	Options         map[string]string `json:"options,omitempty"`
	// Properties is the path of the properties file of a big data handler.
	Properties string `json:"properties,omitempty"`
	// Credentials is the folder of the credential store that the file refers to.
	Credentials string `json:"credentials,omitempty"`
	// Reset, when set, replaces the checkpoint that the target holds: an
	// operator has positioned the group.
	Reset *Checkpoint `json:"reset,omitempty"`
}

// Opened is a handler's answer to Open.
type Opened struct {
	// Checkpoint is what the target holds for the group; nil when it holds none.
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	Product    string      `json:"product"` // database product and version
	Charset    string      `json:"charset,omitempty"`
}

// Checkpoint is a position in the group's trail and the last transaction applied.
type Checkpoint struct {
	Seqno      uint32     `json:"seqno"`
	RBA        uint64     `json:"rba"`
	CSN        record.CSN `json:"csn"`
	XID        string     `json:"xid,omitempty"`
	CommitTime time.Time  `json:"commitTime"`
}

// TableName is a target table's name as MAP gives it, parts unquoted.
type TableName struct {
	Catalog string `json:"catalog,omitempty"`
	Schema  string `json:"schema,omitempty"`
	Name    string `json:"name"`
	// Exact says that the name was quoted and its case counts.
	Exact bool `json:"exact,omitempty"`
}

// String joins the parts with dots.
func (n TableName) String() string {
	s := n.Name
	if n.Schema != "" {
		s = n.Schema + "." + s
	}
	if n.Catalog != "" {
		s = n.Catalog + "." + s
	}
	return s
}

// TableUse says how the operations of one table id are to be applied.
type TableUse struct {
	ID     uint32           `json:"id"`
	Source string           `json:"source"` // full name of the source table
	Target *record.TableDef `json:"target"` // columns in the order of the operations' images
	// Key are the columns that find a row; all usable columns when there is no key.
	Key []int `json:"key"`
	// KeyIsUnique says that Key finds at most one row.
	KeyIsUnique      bool `json:"keyIsUnique"`
	HandleCollisions bool `json:"handleCollisions,omitempty"`
	// OverrideDups has an insert overwrite the row that has its key.
	OverrideDups bool `json:"overrideDups,omitempty"`
	// InsertMissing has an update of no row insert it, with the values it carries.
	InsertMissing bool   `json:"insertMissing,omitempty"`
	Rules         []Rule `json:"rules,omitempty"` // REPERROR; first match wins; no match is ABEND
	// Conflicts is how rows are found that others have changed; nil: they are not looked for.
	Conflicts *Conflicts `json:"conflicts,omitempty"`
}

// Response is what REPERROR orders for an error.
type Response string

// The responses a handler carries out by itself. All others are Replicat's.
const (
	Abend   Response = "ABEND"
	Discard Response = "DISCARD"
	Ignore  Response = "IGNORE"
	// Except leaves the operation out and has the handler stop behind it, for
	// Replicat to put something in its place: see Applied.Stopped.
	Except Response = "EXCEPTION"
)

// Rule is one REPERROR rule.
type Rule struct {
	Default  bool     `json:"default,omitempty"`
	From     int      `json:"from,omitempty"` // native error numbers, inclusive
	To       int      `json:"to,omitempty"`
	Response Response `json:"response"`
}

// RowMissing is the error number of an update or delete that found no row, as
// REPERROR names it on every target.
const RowMissing = 1403

// Batch is a run of whole source transactions to be applied as one.
type Batch struct {
	Checkpoint Checkpoint
	Tables     []TableUse // those that this batch's operations use for the first time, or anew
	// Ops holds the operations one behind the other, each as a little endian
	// u32 length and its record bytes; its table id is a TableUse's.
	Ops   []byte
	Count int // operations in Ops
	// Ends are the numbers of operations after which a source transaction
	// ends, rising; the last is Count, unless More is set.
	Ends []int
	// More says that the batch holds a part of one source transaction that goes
	// on in the next batch, and Ends is empty. A handler that describes itself
	// as Continues keeps its target transaction open and answers; nothing is
	// durable, the checkpoint neither, before a batch without More was applied.
	// A failure on the way undoes all parts; after it, the next batch begins anew.
	More bool
	// Origins says where the operations come from, for handlers that want it;
	// see AppendOrigin.
	Origins []byte
	// Flush orders a Deferred handler to make durable what it holds. A batch
	// with such an order may be without operations; it is not part of any
	// transaction and never comes between two parts of one.
	Flush Flush
}

// Flush is an order to a Deferred handler.
type Flush string

// The orders.
const (
	// NoFlush leaves it to the handler.
	NoFlush Flush = ""
	// FlushDue wants what is due by the clock; it comes about once a second
	// while there is nothing else to apply.
	FlushDue Flush = "due"
	// FlushAll wants everything; it comes at the end of a run.
	FlushAll Flush = "all"
)

// Applied is the outcome of a batch.
type Applied struct {
	// Durable, from a Deferred handler, is the newest checkpoint that is durable
	// at the target; nil when it is where it was. Other handlers leave it nil:
	// the batch's own checkpoint is durable.
	Durable    *Checkpoint       `json:"durable,omitempty"`
	Exceptions []Exception       `json:"exceptions,omitempty"`
	Collisions []TableCollisions `json:"collisions,omitempty"`
	Conflicts  []TableConflicts  `json:"conflicts,omitempty"`
	Notes      []string          `json:"notes,omitempty"` // for the report
	// Stopped, when not zero, says that the handler has stopped behind that many
	// operations, as a Rule with the response Except orders; the last Exception is
	// of the operation that it stopped at. The target transaction is open as after
	// Batch.More, and what follows has to come in a further batch. Only handlers
	// that describe themselves as Continues stop.
	Stopped int `json:"stopped,omitempty"`
}

// Exception is an operation that a Rule let pass.
type Exception struct {
	Op       int      `json:"op"` // its number in the batch, from 0
	Code     int      `json:"code"`
	Text     string   `json:"text"`
	Response Response `json:"response"`
}

// TableCollisions counts what HandleCollisions resolved for a table id.
type TableCollisions struct {
	ID      uint32 `json:"id"`
	Inserts int64  `json:"inserts"`
	Updates int64  `json:"updates"`
	Deletes int64  `json:"deletes"`
}

// Class sorts errors by what can be done about them.
type Class string

// The classes.
const (
	Connection Class = "connection" // the target is away: try again later
	Conflict   Class = "conflict"   // deadlock, lock timeout: try again at once
	Row        Class = "row"        // this operation is refused; see Code
	Setup      Class = "setup"      // login, privilege, missing table: needs an operator
	Order      Class = "order"      // what was ordered cannot be done as it was written
)

// ApplyError is why a call changed nothing at the target.
type ApplyError struct {
	Class Class  `json:"class"`
	Op    int    `json:"op"` // number of the operation, -1 when it is not one operation's
	Code  int    `json:"code"`
	State string `json:"state,omitempty"` // SQLSTATE
	Text  string `json:"text"`
	// Statement is the SQL without values, for the discard file.
	Statement string `json:"statement,omitempty"`
	cause     error  // for errors.Is on this side of the boundary; not carried over it
}

// Unwrap gives the error behind it, if it is known on this side of the boundary.
func (e *ApplyError) Unwrap() error { return e.cause }

// Because notes the error behind it and returns e.
func (e *ApplyError) Because(err error) *ApplyError {
	e.cause = err
	return e
}

// Error gives number and text.
func (e *ApplyError) Error() string {
	if e.Code == 0 {
		return e.Text
	}
	return fmt.Sprintf("error %d: %s", e.Code, e.Text)
}

// NoTableError says that the target has no such table.
type NoTableError struct{ Name TableName }

// Error names the table.
func (e *NoTableError) Error() string { return "no table " + e.Name.String() + " in the target" }

// AppendBatchOp appends one operation to a batch's Ops.
func AppendBatchOp(ops, body []byte) []byte {
	n := uint32(len(body))
	ops = append(ops, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return append(ops, body...)
}

// NextBatchOp cuts the first operation off ops; ok is false at the end or when
// ops is cut short, which rest then tells by not being empty.
func NextBatchOp(ops []byte) (body, rest []byte, ok bool) {
	if len(ops) < 4 {
		return nil, ops, false
	}
	n := uint64(ops[0]) | uint64(ops[1])<<8 | uint64(ops[2])<<16 | uint64(ops[3])<<24
	if n > uint64(len(ops)-4) {
		return nil, ops, false
	}
	return ops[4 : 4+n : 4+n], ops[4+n:], true
}
