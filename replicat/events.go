package replicat

import (
	"context"
	"errors"
	"io"

	"ggsh/ggserr"
	"ggsh/heartbeat"
	"ggsh/mapping/expr"
	"ggsh/record"
	"ggsh/shell"
	"ggsh/trail"
)

// events does what EVENTACTIONS orders for an operation. apply says whether the
// operation is applied all the same.
func (m *mapper) events(ctx context.Context, t *table, op *sourceOp, ref opRef,
) (apply bool, err error) {
	apply = !t.plan.EventsOnly()
	matches, err := t.plan.Matches(op.body, &op.origin)
	if err != nil || !matches {
		return apply, err
	}
	r := m.r
	where := t.where(op)
	if op.txn.Streamed { // see commands
		if err := m.shell(ctx, t, op); err != nil {
			return false, err
		}
	}
	for _, a := range t.plan.Events() {
		switch a.Name + " " + a.Option {
		case "IGNORE ":
			if apply {
				m.cur.noOps = append(m.cur.noOps, t)
				m.cur.use(t)
			}
			apply = false
		case "IGNORE TRANSACTION":
			if !r.verdict.on(op.txn.Begin) {
				return false, m.ignoreTransaction(op)
			}
		case "DISCARD ":
			m.discardEvent(t, op, ref)
			apply = false
		case "LOG ", "LOG WARNING":
			r.p.EventRecord(where, a.Option == "WARNING")
		case "REPORT ":
			r.p.WriteStatistics()
		case "STOP ":
			m.stopping = true
		case "FORCESTOP ":
			m.forceStop(op)
		case "SUSPEND ":
			m.suspending, m.sending = true, true
		case "ABORT ":
			return false, ggserr.New(ggserr.Generic, "EVENTACTIONS ABORT: a record of "+where).
				Do("Correct what the record is about, or leave its transaction out: START REPLICAT " +
					"with SKIPTRANSACTION.")
		case "CHECKPOINT AFTER", "CHECKPOINT BOTH":
			m.sending = true
		}
	}
	return apply, nil
}

// where names a record for messages.
func (t *table) where(op *sourceOp) string {
	return t.plan.Source.FullName() + " at " + op.txn.Begin.String()
}

// commands runs what SHELL orders for the records of a transaction, in front of it: all
// that stands before it is applied, and after a crash they run again. A transaction that
// is streamed has them where its records stand.
func (m *mapper) commands(ctx context.Context, txn *trail.Txn) error {
	r := m.r
	if !r.commands || txn.Streamed || txn.Begin.Compare(r.commanded) <= 0 {
		return nil
	}
	defer txn.Rewind()
	for n := 0; ; n++ {
		def, body, err := txn.Ops.Next()
		if err == io.EOF {
			r.commanded = txn.Begin
			return nil
		}
		if err != nil {
			return err
		}
		if record.OpType(body[0]) == record.DDL || r.heart.on && heartbeat.IsSeed(def) {
			continue
		}
		tables, err := r.tablesFor(ctx, def)
		if err != nil {
			return err
		}
		m.source = sourceOp{txn: txn, def: def, body: body, ordinal: n}
		m.source.locate()
		for _, t := range tables {
			if err := m.commandsOf(ctx, t); err != nil {
				return err
			}
		}
	}
}

// commandsOf runs the commands of a table for the present record.
func (m *mapper) commandsOf(ctx context.Context, t *table) error {
	if !t.plan.HasCommands() {
		return nil
	}
	matches, err := t.plan.Matches(m.source.body, &m.source.origin)
	if err != nil || !matches {
		return err
	}
	if err := m.flush(ctx); err != nil {
		return err
	}
	return m.shell(ctx, t, &m.source)
}

// shell runs the commands of a table for the record that it was asked for last.
func (m *mapper) shell(ctx context.Context, t *table, op *sourceOp) error {
	commands, err := t.plan.Commands()
	if err != nil || len(commands) == 0 {
		return err
	}
	if err := m.reach(ctx); err != nil {
		return err
	}
	m.r.state.say("Running a command of EVENTACTIONS")
	runner := shell.Runner{Dir: string(m.r.p.Home()), Tell: m.r.p}
	for _, c := range commands {
		err := runner.Run(m.idle, shell.Command{Text: c.Text, Set: c.Set, Unset: c.Unset, For: t.where(op)})
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case m.idle.Err() != nil && op.txn.Streamed:
			return errAborted // the target has a part of it
		case m.idle.Err() != nil:
			return errStopped
		case err != nil:
			return err
		}
	}
	return nil
}

// forceStop ends the run behind the transaction: a part of one is never applied. That
// is said where the record has others beside it.
func (m *mapper) forceStop(op *sourceOp) {
	m.stopping = true
	if op.origin.Place != expr.Whole {
		m.r.p.Line("EVENTACTIONS FORCESTOP: the record at %s is one of several of transaction %s, "+
			"which is applied whole before the run ends.", op.txn.Begin, op.txn.XID)
	}
}

// suspend waits for the order to go on, behind the transaction that SUSPEND stands in.
// What was read is handed over before, so that no target transaction is open.
func (m *mapper) suspend(ctx context.Context) error {
	m.suspending = false
	if err := m.flush(ctx); err != nil {
		return err
	}
	resumed := m.r.state.suspend()
	m.r.p.Suspended(true)
	defer m.r.p.Suspended(false)
	select {
	case <-resumed:
	case <-m.idle.Done():
		m.r.state.resume()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// ignoreTransaction has the trail read again from the last commit, to leave out the
// transaction of an operation.
func (m *mapper) ignoreTransaction(op *sourceOp) error {
	v := &verdict{begin: op.txn.Begin, kind: respondIgnore, ordinal: op.ordinal}
	return &restart{cause: errors.New("EVENTACTIONS IGNORE TRANSACTION"), single: op.txn.End,
		verdict: v}
}

// discardEvent has the operation written to the discard file.
func (m *mapper) discardEvent(t *table, op *sourceOp, ref opRef) {
	ref.table = t
	m.cur.passed = append(m.cur.passed, badRow{ref: ref, body: append([]byte(nil), op.body...),
		err: errors.New("EVENTACTIONS DISCARD"), answer: respondDiscard})
	m.cur.use(t)
}
