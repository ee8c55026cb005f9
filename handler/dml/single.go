package dml

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"ggsh/handler"
	"ggsh/record"
)

// applySingle applies one operation by a statement of its own.
func (a *Applier) applySingle(ctx context.Context, c *change) error {
	im, err := a.values(c)
	if err != nil {
		return err
	}
	if set := a.dialect.Sequence; set != nil && c.table.def.Sequence() {
		return a.applySequence(ctx, c, im, set)
	}
	result, err := a.execute(ctx, c, c.shape, im)
	if err != nil || c.shape.kind == record.Truncate {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return &opError{op: c.number, statement: a.statement(c.shape, 1), err: missingRow(c)}
	}
	return nil
}

// applySequence brings a sequence to where a row says.
func (a *Applier) applySequence(ctx context.Context, c *change, im images,
	set func(context.Context, *sql.Conn, *record.TableDef, []record.Value) error) error {
	err := error(&Refusal{Text: fmt.Sprintf("%s of %s: a sequence is only set", c.shape.kind, c.table.use.Source)})
	if c.shape.kind == record.Insert && im.after != nil {
		err = set(ctx, a.conn, c.table.def, im.after)
	}
	if err != nil {
		return &opError{op: c.number, statement: "SETVAL(" + c.table.name + ")", err: err}
	}
	return nil
}

// execute runs the one-row statement of a shape with a change's values.
func (a *Applier) execute(ctx context.Context, c *change, s *shape, im images) (sql.Result, error) {
	text := a.statement(s, 1)
	b := binder{a: a, table: s.table, args: a.work.args[:0], arena: a.work.arena[:0]}
	switch s.kind {
	case record.Insert, record.Update, record.PKUpdate:
		if im.after == nil || len(s.set) == 0 {
			b.err = &Refusal{Text: fmt.Sprintf("%s of %s without a value to write",
				s.kind, s.table.use.Source)}
			break
		}
		b.stored(s, im)
	}
	if s.kind != record.Insert && s.kind != record.Truncate {
		b.key(s, im)
		b.conditions(s, im)
	}
	longs := takeLongs(s, b.args)
	a.work.args, a.work.arena = b.args, b.arena
	if b.err != nil {
		return nil, &opError{op: c.number, statement: text, err: b.err}
	}
	if len(longs) > 0 {
		return a.executeLong(ctx, c, s, im, longs)
	}
	result, err := a.stmts.exec(ctx, text, b.args)
	if err != nil {
		return nil, &opError{op: c.number, statement: text, err: err}
	}
	return result, nil
}

// rowRun applies a batch operation by operation, in source order, and lets the
// rules of each table decide about errors. A statement that fails has done
// nothing; where that is not sure, a savepoint makes it so.
type rowRun struct {
	a          *Applier
	applied    *handler.Applied
	collisions map[uint32]*handler.TableCollisions
}

func (r *rowRun) all(ctx context.Context, changes []change) error {
	for i := range changes {
		c := &changes[i]
		err := r.guarded(ctx, c)
		if err == nil {
			continue
		}
		failure := r.a.fail(err, "apply")
		if failure.Class == handler.Row {
			failure.Op = c.number
		}
		response := handler.ResponseTo(c.table.use.Rules, failure)
		if isDiscard(err) {
			response = handler.Discard
		}
		if isSkip(err) {
			response = handler.Ignore
		}
		switch response {
		case handler.Discard, handler.Ignore, handler.Except:
		default:
			return failure
		}
		r.applied.Exceptions = append(r.applied.Exceptions, handler.Exception{
			Op: c.number, Code: failure.Code, Text: failure.Text, Response: response})
		if response == handler.Except {
			r.applied.Stopped = c.number + 1
			return nil
		}
	}
	return nil
}

// guarded applies a change under a savepoint where a failure could leave half of it.
func (r *rowRun) guarded(ctx context.Context, c *change) error {
	if !r.a.dialect.Savepoint && !c.table.mends {
		return r.one(ctx, c)
	}
	if _, err := r.a.conn.ExecContext(ctx, "SAVEPOINT ggsh_op"); err != nil {
		return err
	}
	end := "RELEASE SAVEPOINT ggsh_op"
	if r.a.dialect.KeepsSavepoints {
		end = ""
	}
	err := r.one(ctx, c)
	if err != nil {
		end = "ROLLBACK TO SAVEPOINT ggsh_op"
	}
	if r.a.conn == nil || end == "" {
		return err
	}
	if _, endErr := r.a.conn.ExecContext(ctx, end); endErr != nil {
		return &handler.ApplyError{Class: handler.Setup, Op: c.number, Text: fmt.Sprintf(
			"the transaction is gone (%v) after: %v", endErr, err)}
	}
	return err
}

// one applies a change and mends what it meets as the table's options have it.
func (r *rowRun) one(ctx context.Context, c *change) error {
	err := r.a.applySingle(ctx, c)
	if err == nil || !c.table.mends {
		return err
	}
	use := &c.table.use
	missing, duplicate := isMissing(err), r.a.isDuplicate(err)
	if use.Conflicts != nil && (missing || duplicate) {
		resolved, conflict := r.conflict(ctx, c, err)
		if resolved || isDiscard(conflict) {
			return conflict
		}
		err = conflict
	}
	switch {
	case use.HandleCollisions:
		return r.collision(ctx, c, err, missing, duplicate)
	case use.OverrideDups && duplicate && c.shape.kind == record.Insert:
		return r.overlay(ctx, c, err)
	case use.InsertMissing && missing && c.shape.kind != record.Delete:
		return r.insertMissing(ctx, c)
	}
	return err
}

// collision resolves what HANDLECOLLISIONS resolves.
func (r *rowRun) collision(ctx context.Context, c *change, err error,
	missing, duplicate bool) error {
	count := r.count(c.table.use.ID)
	switch {
	case missing && c.shape.kind == record.Delete:
		count.Deletes++
		return nil
	case missing && c.shape.kind == record.Update:
		count.Updates++
		return nil
	case missing && c.shape.kind == record.PKUpdate:
		count.Updates++
		return r.insertMoved(ctx, c)
	case duplicate && c.shape.kind == record.Insert:
		count.Inserts++
		return r.overlay(ctx, c, err)
	case duplicate && c.shape.kind == record.PKUpdate:
		count.Updates++
		return r.replaceMoved(ctx, c, err)
	}
	return err
}

// isDuplicate reports whether a unique key is taken.
func (a *Applier) isDuplicate(err error) bool {
	f, native := a.dialect.Fault(err)
	return native && (f.Duplicate || a.duplicate != 0 && f.Code == a.duplicate)
}

func isMissing(err error) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code == handler.RowMissing
}

func (r *rowRun) count(id uint32) *handler.TableCollisions {
	if r.collisions == nil {
		r.collisions = map[uint32]*handler.TableCollisions{}
	}
	n := r.collisions[id]
	if n == nil {
		n = &handler.TableCollisions{ID: id}
		r.collisions[id] = n
	}
	return n
}

// overlay writes an inserted row over the one that has its key. When none has,
// another unique key is taken, and the first error stands.
func (r *rowRun) overlay(ctx context.Context, c *change, first error) error {
	im, err := r.a.values(c)
	if err != nil {
		return err
	}
	s := newShape(c.table, record.Update)
	for i := range im.after {
		if im.after[i].Kind != record.Missing && !c.table.def.Columns[i].Generated &&
			!c.table.isKey[i] {
			s.set = append(s.set, i)
		}
	}
	if len(s.set) == 0 {
		s.set = firstWritable(c.table)
	}
	result, err := r.a.execute(ctx, c, s, im)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		if r.collisions[c.table.use.ID] != nil {
			r.count(c.table.use.ID).Inserts--
		}
		return first
	}
	return nil
}

// insertMoved makes the row that a key update did not find, if its image is
// whole; or overlays the one that has the new key already.
func (r *rowRun) insertMoved(ctx context.Context, c *change) error {
	im, err := r.a.values(c)
	if err != nil {
		return err
	}
	s := newShape(c.table, record.Insert)
	for i := range im.after {
		if c.table.def.Columns[i].Generated {
			continue
		}
		if im.after[i].Kind == record.Missing {
			return nil // half a row is not made
		}
		s.set = append(s.set, i)
	}
	_, err = r.a.execute(ctx, c, s, im)
	if err != nil && r.a.isDuplicate(err) {
		return r.overlay(ctx, c, err)
	}
	return err
}

// insertMissing makes the row that an update did not find, of all the values that
// its record carries.
func (r *rowRun) insertMissing(ctx context.Context, c *change) error {
	im, err := r.a.values(c)
	if err != nil {
		return err
	}
	s := newShape(c.table, record.Insert)
	for i := range im.after {
		if im.after[i].Kind == record.Missing && im.before != nil {
			im.after[i] = im.before[i]
		}
		if im.after[i].Kind != record.Missing && !c.table.def.Columns[i].Generated {
			s.set = append(s.set, i)
		}
	}
	_, err = r.a.execute(ctx, c, s, im)
	return err
}

// replaceMoved removes the row of the old key and writes over the one that has
// the new key already.
func (r *rowRun) replaceMoved(ctx context.Context, c *change, first error) error {
	if err := r.overlay(ctx, c, first); err != nil {
		return err
	}
	im, err := r.a.values(c)
	if err != nil {
		return err
	}
	s := newShape(c.table, record.Delete)
	s.oldKey = true
	_, err = r.a.execute(ctx, c, s, im)
	return err
}

func newShape(t *table, kind record.OpType) *shape {
	return &shape{table: t, kind: kind, text: map[int]string{}}
}

// finish hands over what was noted, and what was counted, by table id.
func (r *rowRun) finish() {
	r.applied.Notes = append(r.applied.Notes, r.a.work.notes...)
	r.a.work.notes = nil
	for _, n := range r.collisions {
		if *n != (handler.TableCollisions{ID: n.ID}) {
			r.applied.Collisions = append(r.applied.Collisions, *n)
		}
	}
	slices.SortFunc(r.applied.Collisions, func(x, y handler.TableCollisions) int {
		return int(x.ID) - int(y.ID)
	})
}
