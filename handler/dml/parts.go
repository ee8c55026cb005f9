package dml

import (
	"context"

	"ggsh/handler"
)

// partSavepoint begins each part, so that its operations can be redone one by
// one without losing the parts before it.
const partSavepoint = "ggsh_part"

// applyPart applies a batch that is one of several parts of a source
// transaction: the first opens the target transaction, the last, which has no
// More, moves the checkpoint and commits. Any error undoes all parts.
func (a *Applier) applyPart(ctx context.Context, b *handler.Batch, changes []change,
	notes []string) (*handler.Applied, error) {
	applied := &handler.Applied{Notes: notes}
	err := a.openParts(ctx)
	if err == nil {
		err = a.redoable(ctx, changes, applied)
	}
	return a.endPart(ctx, b, applied, err)
}

// applyStopping applies a batch that grouped statements failed at, one operation
// after the other, where a rule may order to stop.
func (a *Applier) applyStopping(ctx context.Context, b *handler.Batch, changes []change,
	notes []string) (*handler.Applied, error) {
	applied := &handler.Applied{Notes: notes}
	if a.conn == nil {
		return nil, errNotOpen()
	}
	err := a.openParts(ctx)
	if err == nil {
		err = a.oneByOne(ctx, changes, applied)
	}
	return a.endPart(ctx, b, applied, err)
}

// endPart leaves the target transaction open for what follows, or commits it.
func (a *Applier) endPart(ctx context.Context, b *handler.Batch, applied *handler.Applied,
	err error) (*handler.Applied, error) {
	if err == nil && !b.More && applied.Stopped == 0 {
		if err = a.moveCheckpoint(ctx, b); err == nil {
			err = a.mark(ctx)
		}
	}
	if err != nil {
		a.rollback()
		return nil, a.fail(err, "apply")
	}
	if b.More || applied.Stopped > 0 {
		return applied, nil
	}
	a.parts = false
	if err := a.commit(ctx, b); err != nil {
		return nil, a.fail(err, "commit")
	}
	return applied, nil
}

// openParts begins the target transaction and locks the group's checkpoint row
// for as long as it is open, as a transaction of one batch does by moving it.
func (a *Applier) openParts(ctx context.Context) error {
	if a.parts {
		return nil
	}
	if err := a.begin(ctx); err != nil {
		return err
	}
	a.parts = true
	if a.table.Table == "" {
		return nil
	}
	if err := a.advanceRow(ctx, a.position); err != nil {
		return err
	}
	return a.mark(ctx)
}

// redoable applies the changes with few statements, or, if that meets an error
// of a row, operation by operation.
func (a *Applier) redoable(ctx context.Context, changes []change, applied *handler.Applied) error {
	if _, err := a.conn.ExecContext(ctx, "SAVEPOINT "+partSavepoint); err != nil {
		return err
	}
	err := a.applyGrouped(ctx, changes)
	if err == nil {
		return nil
	}
	failure := a.fail(err, "apply")
	if failure.Class != handler.Row {
		return failure
	}
	if _, err := a.conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+partSavepoint); err != nil {
		return err
	}
	return a.oneByOne(ctx, changes, applied)
}

// oneByOne applies the changes in their order.
func (a *Applier) oneByOne(ctx context.Context, changes []change, applied *handler.Applied) error {
	run := &rowRun{a: a, applied: applied}
	if err := run.all(ctx, changes); err != nil {
		return err
	}
	run.finish()
	return nil
}

// mayStop reports whether a rule of some change orders to stop at an error.
func mayStop(changes []change) bool {
	for i := range changes {
		for _, rule := range changes[i].table.use.Rules {
			if rule.Response == handler.Except {
				return true
			}
		}
	}
	return false
}
