package dml

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/record"
)

// DDL is what the package has to know of a database to execute statements that define
// objects, and that commit by themselves.
type DDL struct {
	// Execute executes a statement in the default schema that it names, and leaves the
	// session as it was.
	Execute func(ctx context.Context, conn *sql.Conn, st record.DDLStatement) error
	// Imprint describes the objects that a statement names as they are now, in a short
	// text: it is another one when the statement has done something. Its parts stand
	// between dashes; NotKnown is one that says nothing.
	Imprint func(ctx context.Context, conn *sql.Conn, st record.DDLStatement) (string, error)
	// Lock takes a lock that lives as long as the session, or gives false when another
	// session keeps it; Unlock gives it back.
	Lock   func(ctx context.Context, conn *sql.Conn, name string) (bool, error)
	Unlock func(ctx context.Context, conn *sql.Conn, name string) error
}

// ddlOf gives the statement of a batch that is one; nil for rows.
func (a *Applier) ddlOf(b *handler.Batch) (*record.DDLStatement, error) {
	body, _, ok := handler.NextBatchOp(b.Ops)
	if !ok || len(body) == 0 || record.OpType(body[0]) != record.DDL || a.dialect.DDL == nil {
		return nil, nil // without DDL decodeOne refuses it
	}
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return nil, err
	}
	st, err := record.DecodeDDL(&op)
	if err == nil && (b.Count != 1 || b.More || a.parts) {
		err = fmt.Errorf("a batch with DDL holds one operation and is no part of another, not %d", b.Count)
	}
	return &st, err
}

// applyDDL executes a statement and moves the checkpoint row behind it. The statement
// commits by itself, so the two are not one transaction. Instead the row is marked
// before, with the place and an imprint of the objects as they were. Should the run end
// before the row has moved, the same statement comes again, finds the mark, and tells by
// the imprint whether it was executed. The lock keeps it from looking while the server
// still executes the statement of a session whose client is gone.
func (a *Applier) applyDDL(ctx context.Context, b *handler.Batch, st *record.DDLStatement,
	err error) (*handler.Applied, error) {
	if err != nil {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: 0, Text: err.Error()}
	}
	applied := &handler.Applied{}
	if err := a.executeOnce(ctx, b, st, applied); err != nil {
		f := a.fail(err, "execute DDL")
		if f.Class == handler.Setup && f.Code != 0 {
			f.Class = handler.Row // one statement's, whatever kind of error
		}
		if f.Class == handler.Row {
			f.Op, f.Statement = 0, st.Text
		}
		return nil, f
	}
	// What was told and prepared is of tables as they were.
	clear(a.tables)
	if a.stmts != nil {
		a.stmts.forget()
	}
	return applied, nil
}

func (a *Applier) executeOnce(ctx context.Context, b *handler.Batch, st *record.DDLStatement,
	applied *handler.Applied) error {
	d := a.dialect.DDL
	if a.table.Table == "" {
		return d.Execute(ctx, a.conn, *st)
	}
	name := a.lockName()
	free, err := d.Lock(ctx, a.conn, name)
	if err != nil {
		return err
	}
	if !free {
		return &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "the target still " +
			"executes the DDL of a session of this group that is gone: " + st.Text}
	}
	defer a.unlock(name)
	imprint, err := d.Imprint(ctx, a.conn, *st)
	if err != nil {
		return err
	}
	mark := markOf(b, st, imprint)
	if a.pending.Statement == mark.Statement && differ(a.pending.Imprint, imprint) {
		applied.Notes = append(applied.Notes, "The run before was ended behind this DDL, which is "+
			"not executed again: "+st.Text)
	} else if err := a.executeMarked(ctx, st, mark); err != nil {
		return err
	}
	return a.transact(ctx, b, func() error { return nil })
}

// NotKnown is a part of an imprint that a user may not see.
const NotKnown = "none"

// differ compares two imprints by their parts, which stand between dashes; a part that
// one of them does not know says nothing.
func differ(a, b string) bool {
	before, now := strings.Split(a, "-"), strings.Split(b, "-")
	for i := range min(len(before), len(now)) {
		if before[i] != now[i] && before[i] != NotKnown && now[i] != NotKnown {
			return true
		}
	}
	return false
}

// executeMarked marks the row and executes the statement. A statement that the server
// answers with an error has ended, so that its mark goes.
func (a *Applier) executeMarked(ctx context.Context, st *record.DDLStatement,
	mark checkpointtable.Pending) error {
	if err := a.writeMark(ctx, mark); err != nil {
		return err
	}
	err := a.dialect.DDL.Execute(ctx, a.conn, *st)
	if f, native := a.dialect.Fault(err); err != nil && native && f.Class != handler.Connection {
		if merr := a.writeMark(ctx, checkpointtable.Pending{}); merr != nil {
			return merr
		}
	}
	return err
}

func (a *Applier) unlock(name string) {
	if a.conn == nil {
		return // the lock has gone with the session
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if err := a.dialect.DDL.Unlock(ctx, a.conn, name); err != nil {
		a.drop()
	}
}

// lockName is the group's own, and short enough for any server.
func (a *Applier) lockName() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", a.table, a.group.Name, a.group.Key))
	return fmt.Sprintf("ggsh-ddl-%x", sum[:16])
}

// markOf is what the checkpoint row says while a statement is executed.
func markOf(b *handler.Batch, st *record.DDLStatement, imprint string) checkpointtable.Pending {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", st.Schema, st.Text))
	return checkpointtable.Pending{Statement: fmt.Sprintf("%d:%d:%x", b.Checkpoint.Seqno,
		b.Checkpoint.RBA, sum[:8]), Imprint: imprint}
}

// writeMark marks the row, in a transaction of its own.
func (a *Applier) writeMark(ctx context.Context, m checkpointtable.Pending) error {
	if m == a.pending {
		return nil
	}
	err := checkpointtable.Mark(ctx, a.conn, a.session.Kind, a.table, a.group, a.position, m)
	if err == nil {
		a.pending = m
	}
	return err
}
