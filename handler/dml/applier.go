package dml

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"time"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/handler/query"
	"ggsh/record"
)

// rollbackTimeout bounds the clean end of a failed transaction; after it the
// connection is cut, which ends it too.
const rollbackTimeout = 10 * time.Second

// defaultStatements is how many prepared statements are kept; the option
// maxsqlstatements changes it.
const defaultStatements = 1000

// Applier applies batches to a SQL database; it is a handler.Handler.
type Applier struct {
	dialect  *Dialect
	session  *Session
	conn     *sql.Conn
	stmts    *statements
	tables   map[uint32]*table
	names    map[string]bool // of tables that were introduced
	global   *sequence       // of all ordered tables
	work     workspace
	seed     maphash.Seed         // of the hashes of keys
	table    checkpointtable.Name // empty without checkpoint table
	group    checkpointtable.Group
	position checkpointtable.Position // where the row stands
	advance  string
	marking  string                  // statement that marks the row; empty: the log needs none
	pending  checkpointtable.Pending // what the row says of DDL; see applyDDL
	// duplicate is the number of SQLDUPERR; 0: the database's own decide.
	duplicate int
	bad       badChars
	parts     bool // a target transaction is open for the parts of a source transaction
	calls     query.Procedures
}

// New makes an applier that is not open yet.
func New(d Dialect) *Applier {
	return &Applier{dialect: &d, seed: maphash.MakeSeed(),
		calls: query.Procedures{Calls: d.Calls, Product: d.Name}}
}

// Describe says what the handler is.
func (a *Applier) Describe() handler.Description {
	return handler.Description{Name: a.dialect.Name, Version: a.dialect.Version,
		Transactional: true, Tables: true, Collisions: true, Continues: true, Resolves: true,
		Queries: true, Calls: a.dialect.Calls != query.NoCalls, DDL: a.dialect.DDL != nil}
}

// Open connects and reads the checkpoint. Its row lock waits for whatever
// transaction an earlier connection of the group has left at the server, so
// the answer is final.
func (a *Applier) Open(ctx context.Context, cfg handler.Config) (*handler.Opened, error) {
	a.drop()
	session, err := a.dialect.Connect(ctx, cfg)
	if err != nil {
		return nil, a.fail(err, "connect")
	}
	a.session, a.tables, a.names, a.global = session, map[uint32]*table{},
		map[string]bool{}, &sequence{}
	if a.conn, err = session.DB.Conn(ctx); err != nil {
		a.drop()
		return nil, a.fail(err, "connect")
	}
	limit := defaultStatements
	if n, err := strconv.Atoi(cfg.Options["maxsqlstatements"]); err == nil && n > 0 {
		limit = n
	}
	if most := a.dialect.Statements; most > 0 {
		limit = min(limit, most)
	}
	a.stmts = newStatements(a.conn, limit)
	a.duplicate, _ = strconv.Atoi(cfg.Options["sqlduperr"]) // absent: 0
	a.bad = badCharsOf(cfg.Options)
	opened := &handler.Opened{Product: session.Product, Charset: session.Charset}
	a.table = checkpointtable.Name{}
	if cfg.CheckpointTable == "" {
		return opened, nil
	}
	if opened.Checkpoint, err = a.openCheckpoint(ctx, cfg); err != nil {
		a.drop()
		return nil, a.fail(err, "read the checkpoint")
	}
	return opened, nil
}

// openCheckpoint reads the group's row, or places it.
func (a *Applier) openCheckpoint(ctx context.Context,
	cfg handler.Config) (*handler.Checkpoint, error) {
	var err error
	if a.table, err = checkpointtable.ParseName(cfg.CheckpointTable); err != nil {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}
	}
	a.group = checkpointtable.Group{Name: cfg.Group, Key: cfg.GroupKey}
	kind := a.session.Kind
	if a.advance, err = checkpointtable.AdvanceSQL(kind, a.table); err != nil {
		return nil, err
	}
	a.marking = ""
	if a.dialect.Marks {
		if a.marking, err = checkpointtable.MarkSQL(kind, a.table); err != nil {
			return nil, err
		}
	}
	found, _, err := checkpointtable.Exists(ctx, a.conn, kind, a.table)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Text: fmt.Sprintf(
			"there is no checkpoint table %s: make it with ADD CHECKPOINTTABLE %[1]s", a.table)}
	}
	if err := a.begin(ctx); err != nil {
		return nil, err
	}
	if err := a.settleCheckpoint(ctx, cfg); err != nil {
		a.rollback()
		return nil, err
	}
	if _, err := a.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return nil, err
	}
	if a.position.IsZero() {
		return nil, nil
	}
	p := a.position
	return &handler.Checkpoint{Seqno: p.Seqno, RBA: p.RBA, CSN: p.CSN, XID: p.XID,
		CommitTime: p.CommitTime}, nil
}

func (a *Applier) settleCheckpoint(ctx context.Context, cfg handler.Config) error {
	kind := a.session.Kind
	a.pending = checkpointtable.Pending{}
	if cfg.Reset != nil {
		a.position = positionOf(cfg.Reset)
		return checkpointtable.Place(ctx, a.conn, kind, a.table, a.group, a.position, cfg.Home)
	}
	row, err := checkpointtable.Load(ctx, a.conn, kind, a.table, a.group, true)
	if err != nil {
		return err
	}
	a.position = checkpointtable.Position{}
	if row == nil {
		return checkpointtable.Insert(ctx, a.conn, kind, a.table, a.group, a.position, cfg.Home)
	}
	a.position, a.pending = row.Position, row.Pending
	return nil
}

func positionOf(c *handler.Checkpoint) checkpointtable.Position {
	return checkpointtable.Position{Seqno: c.Seqno, RBA: c.RBA, CSN: c.CSN, XID: c.XID,
		CommitTime: c.CommitTime}
}

// Table gives the target's own definition of a table.
func (a *Applier) Table(ctx context.Context, name handler.TableName) (*record.TableDef, error) {
	if a.conn == nil {
		return nil, errNotOpen()
	}
	t, err := a.dialect.Table(ctx, a.conn, name)
	var none *handler.NoTableError
	if err == nil || errors.As(err, &none) {
		return t, err
	}
	return nil, a.fail(err, "read the definition of "+name.String())
}

// Close ends the connection; closing twice is no error.
func (a *Applier) Close() error {
	if a.conn == nil {
		return nil
	}
	a.drop()
	return nil
}

// drop cuts the connection; the server rolls back what was open.
func (a *Applier) drop() {
	if a.stmts != nil {
		a.stmts.forget()
	}
	// Errors of closing say nothing that the next use of the database will not say.
	if a.conn != nil {
		_ = a.conn.Close()
	}
	if a.session != nil {
		_ = a.session.DB.Close()
	}
	a.conn, a.session, a.stmts, a.parts = nil, nil, nil, false
	a.calls.Forget()
}

func errNotOpen() *handler.ApplyError {
	return &handler.ApplyError{Class: handler.Connection, Op: -1,
		Text: "no connection to the target: open it again"}
}

// Apply makes the batch and its checkpoint durable in one transaction: first
// with as few statements as possible, and if that meets an error or a missing
// row, once more operation by operation.
func (a *Applier) Apply(ctx context.Context, b *handler.Batch) (*handler.Applied, error) {
	if a.conn == nil {
		return nil, errNotOpen()
	}
	notes, err := a.learn(ctx, b.Tables)
	if err != nil {
		return nil, err
	}
	if st, err := a.ddlOf(b); st != nil || err != nil {
		return a.applyDDL(ctx, b, st, err)
	}
	changes, err := a.decode(b)
	if err != nil {
		return nil, err
	}
	notes, a.work.notes = append(notes, a.work.notes...), nil
	if b.More || a.parts {
		return a.applyPart(ctx, b, changes, notes)
	}
	err = a.transact(ctx, b, func() error { return a.applyGrouped(ctx, changes) })
	if err == nil {
		return &handler.Applied{Notes: notes}, nil
	}
	failure := a.fail(err, "apply")
	if failure.Class != handler.Row {
		return nil, failure
	}
	if mayStop(changes) {
		return a.applyStopping(ctx, b, changes, notes)
	}
	run := &rowRun{a: a, applied: &handler.Applied{Notes: notes}}
	if err := a.transact(ctx, b, func() error { return run.all(ctx, changes) }); err != nil {
		return nil, a.fail(err, "apply")
	}
	run.finish()
	return run.applied, nil
}

// transact runs work between the move of the checkpoint row and the commit. The
// row comes first, so that its lock covers the whole transaction.
func (a *Applier) transact(ctx context.Context, b *handler.Batch, work func() error) error {
	if a.conn == nil {
		return errNotOpen()
	}
	if err := a.begin(ctx); err != nil {
		a.rollback()
		return err
	}
	err := a.moveCheckpoint(ctx, b)
	if err == nil {
		err = a.mark(ctx)
	}
	if err == nil {
		err = work()
	}
	if err == nil {
		err = a.mark(ctx)
	}
	if err != nil {
		a.rollback()
		return err
	}
	return a.commit(ctx, b)
}

// commit ends the transaction; the batch's checkpoint is the target's from then on.
func (a *Applier) commit(ctx context.Context, b *handler.Batch) error {
	if _, err := a.conn.ExecContext(ctx, "COMMIT"); err != nil {
		f, native := a.dialect.Fault(err)
		if !native || f.Class != handler.Conflict && f.Class != handler.Row {
			// Whether it is durable is for the checkpoint row to say.
			a.drop()
			return &handler.ApplyError{Class: handler.Connection, Op: -1, Code: f.Code,
				State: f.State, Text: "commit: " + err.Error()}
		}
		a.rollback()
		return err
	}
	a.position, a.pending = positionOf(&b.Checkpoint), checkpointtable.Pending{}
	return nil
}

func (a *Applier) begin(ctx context.Context) error { return a.dialect.Begin(ctx, a.conn) }

func (a *Applier) moveCheckpoint(ctx context.Context, b *handler.Batch) error {
	if a.table.Table == "" {
		return nil
	}
	return a.advanceRow(ctx, positionOf(&b.Checkpoint))
}

// mark marks the checkpoint row, where the log needs that: first directly behind its move,
// then before the commit.
func (a *Applier) mark(ctx context.Context) error {
	if a.marking == "" || a.table.Table == "" {
		return nil
	}
	_, err := a.stmts.exec(ctx, a.marking, checkpointtable.MarkArgs(a.group))
	return err
}

// advanceRow moves the checkpoint row, which must be where this applier knows it.
func (a *Applier) advanceRow(ctx context.Context, to checkpointtable.Position) error {
	args := checkpointtable.AdvanceArgs(a.group, a.position, to)
	result, err := a.stmts.exec(ctx, a.advance, args)
	if err != nil {
		return err
	}
	if err := checkpointtable.CheckAdvanced(result); err != nil {
		return &handler.ApplyError{Class: handler.Setup, Op: -1,
			Text: fmt.Sprintf("group %s: %v", a.group.Name, err)}
	}
	return nil
}

// rollback ends the transaction even when the caller's context is over; a
// connection that cannot do that is cut.
func (a *Applier) rollback() {
	a.parts = false
	if a.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if _, err := a.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		if f, native := a.dialect.Fault(err); !native || f.Class == handler.Connection {
			a.drop()
		}
	}
}

// fail gives every error a class. What breaks the connection cuts it, so that
// the next call says so instead of guessing.
func (a *Applier) fail(err error, doing string) *handler.ApplyError {
	var known *handler.ApplyError
	if errors.As(err, &known) {
		return known
	}
	e := &handler.ApplyError{Class: handler.Setup, Op: -1, Text: doing + ": " + err.Error()}
	var failed *opError
	if errors.As(err, &failed) {
		e.Op, e.Statement = failed.op, failed.statement
	}
	f, native := a.dialect.Fault(err)
	var refusal *Refusal
	switch {
	case native:
		e.Class, e.Code, e.State, e.Text = f.Class, f.Code, f.State, f.Text
	case errors.As(err, &refusal):
		e.Class, e.Code, e.Text = handler.Row, refusal.Code, refusal.Text
	case query.Lost(err):
		e.Class = handler.Connection
	}
	if e.Class == handler.Connection {
		a.drop()
	}
	return e.Because(err)
}
