package extract

import (
	"context"
	"errors"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/mapping/expr"
	"ggsh/record"
	"ggsh/shell"
	"ggsh/trail"
)

// errEventStop ends a session behind a transaction that orders it.
var errEventStop = errors.New("EVENTACTIONS: the run ends")

// events are what EVENTACTIONS order for the transaction that is moved. What they order
// behind it waits there, as a part of a transaction is never durable by itself.
type events struct {
	records int                // of the transaction, so far
	asked   *mapping.TablePlan // whose record is obeyed already; nil: none
	full    bool               // with all that it orders
	fate    fate               // and what becomes of it

	rollover, checkpoint, suspend, stop, force bool
}

// fate is what becomes of a record that causes events.
type fate uint8

const (
	written fate = iota
	ignored
	discarded
)

// eventsFirst puts statements with EVENTACTIONS before others, so that a transaction's
// first record can act before anything of it is written.
func eventsFirst(a, b *route) int {
	return min(len(b.plan.Events()), 1) - min(len(a.plan.Events()), 1)
}

// endsWith reports whether an output ends with a transaction behind the checkpoint: a
// run was killed when it was there and what it orders may not have been done.
func (e *engine) endsWith(o *output, txn *record.Txn) bool {
	last, cur := &o.held.Last, &e.doc.State.Current
	return o.held.Known && txn.XID == last.XID && txn.CSN == last.CSN &&
		!(cur.Valid && txn.CSN.Compare(cur.CSN) <= 0)
}

// obey does what EVENTACTIONS of a route's statement order for an operation, once for
// all outputs of the statement. writes says that the operation goes on.
func (e *engine) obey(ctx context.Context, r *route, body []byte, from *expr.Origin,
) (writes bool, err error) {
	v := &e.events
	if v.asked != r.plan || !v.full && !r.out.skip {
		v.asked, v.full, v.fate = r.plan, !r.out.skip, written
		matches, err := r.plan.Matches(body, from)
		if err == nil && matches {
			err = e.act(ctx, r, body, from)
		}
		if err != nil {
			return false, err
		}
	}
	switch v.fate {
	case ignored:
		r.tally.Extra.Ignores++
	case discarded:
		r.tally.Extra.Discards++
	}
	return v.fate == written, nil
}

// act does the actions in their order. Of a record that its output holds already those
// are left that stand behind the transaction.
func (e *engine) act(ctx context.Context, r *route, body []byte, from *expr.Origin) error {
	v := &e.events
	where := r.plan.Source.FullName() + " at CSN " + from.Txn.CSN.String()
	if from.RBA > 0 {
		where += ", " + trail.Position{Seqno: from.Seqno, RBA: from.RBA}.String()
	}
	shells := 0
	for _, a := range r.plan.Events() {
		switch a.Name {
		case "STOP":
			v.stop = true
		case "FORCESTOP":
			v.stop, v.force = true, true
		case "SUSPEND":
			v.suspend = true
		}
		if !v.full {
			continue
		}
		var err error
		switch a.Name {
		case "IGNORE":
			v.fate = max(v.fate, ignored)
			if a.Option == "TRANSACTION" {
				e.ignoreTransaction()
				v.fate = written // and counted where it is left out
			}
		case "DISCARD":
			v.fate = discarded
			if e.cfg.Discard != nil {
				err = e.cfg.Discard(r.plan.Source, body, errors.New("EVENTACTIONS DISCARD"))
			}
		case "LOG":
			e.proc.EventRecord(where, a.Option == "WARNING")
		case "REPORT":
			e.proc.WriteStatistics()
		case "SHELL":
			err = e.command(ctx, r, where, shells)
			shells++
		case "ROLLOVER":
			err = e.rolloverEvent()
		case "CHECKPOINT":
			err = e.checkpointEvent(a.Option)
		case "ABORT":
			err = ggserr.New(ggserr.Generic, "EVENTACTIONS ABORT: a record of "+where).
				Do("Correct what the record is about and take the action out, or START EXTRACT %s, "+
					"AFTERCSN %s goes on behind its transaction.", e.proc.Group(), from.Txn.CSN)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// command runs a SHELL. The record's transaction is not whole in a trail before that has
// ended well, so that a crash has it run again.
func (e *engine) command(ctx context.Context, r *route, where string, nth int) error {
	commands, err := r.plan.Commands()
	if err != nil {
		return err
	}
	c := &commands[nth]
	e.show(func(v *view) { v.state, v.atEOF = "Running a command of EVENTACTIONS", false })
	runner := shell.Runner{Dir: string(e.proc.Home()), Tell: e.proc}
	return runner.Run(ctx, shell.Command{Text: c.Text, Set: c.Set, Unset: c.Unset, For: where})
}

// begun reports whether an output has a part of the transaction.
func (e *engine) begun() bool {
	for _, o := range e.outputs {
		if o.begun {
			return true
		}
	}
	return false
}

// rolloverEvent makes the transaction the first of a new file; when something of it is
// written already, the file begins behind it.
func (e *engine) rolloverEvent() error {
	if e.begun() {
		e.events.rollover = true
		return nil
	}
	return e.rollTrails()
}

// rollTrails begins new files but for outputs that hold the transaction already.
func (e *engine) rollTrails() error {
	for _, o := range e.outputs {
		if o.skip {
			continue
		}
		if err := e.roll(o); err != nil {
			return err
		}
	}
	return nil
}

// checkpointEvent stores the checkpoint in front of the transaction, while nothing of
// it is written; the one AFTER is stored behind it.
func (e *engine) checkpointEvent(when string) error {
	e.events.checkpoint = e.events.checkpoint || when != "BEFORE"
	if when == "AFTER" || e.begun() {
		return nil
	}
	err := e.settle(true)
	e.markTallies()
	return err
}

// markTallies remembers what was counted in front of a transaction.
func (e *engine) markTallies() {
	if !e.mayIgnore {
		return
	}
	for _, o := range e.outputs {
		for _, r := range o.routes {
			r.before = r.tally.Ops
		}
	}
}

// ignoreTransaction has the outputs forget what they have of the transaction, and take
// no more of it. Readers drop what a trail has of it when the next one begins there.
func (e *engine) ignoreTransaction() {
	for _, o := range e.outputs {
		o.ignored, o.begun, o.waiting = true, false, false
		for _, r := range o.routes {
			for kind := range r.tally.Ops {
				r.tally.Extra.Ignores += r.tally.Ops[kind] - r.before[kind]
			}
			r.tally.Ops = r.before
		}
	}
}

// behind does what the transaction orders behind itself.
func (e *engine) behind(ctx context.Context) error {
	v := &e.events
	if v.rollover {
		if err := e.rollTrails(); err != nil {
			return err
		}
	}
	if v.checkpoint || v.suspend || v.stop {
		if err := e.settle(true); err != nil {
			return err
		}
	}
	if v.suspend {
		e.suspend(ctx)
	}
	if !v.stop {
		return nil
	}
	if v.force && v.records > 1 {
		e.proc.Line("EVENTACTIONS FORCESTOP: the record is one of several of its transaction, " +
			"which is written whole before the run ends.")
	}
	e.proc.Info(ggserr.BatchEnd, "by EVENTACTIONS")
	return errEventStop
}

// suspend waits for the order to go on, or to stop.
func (e *engine) suspend(ctx context.Context) {
	resumed := e.orders.suspend()
	e.show(func(v *view) { v.state = control.SuspendedPhrase })
	e.proc.Suspended(true)
	defer e.proc.Suspended(false)
	select {
	case <-resumed:
	case <-ctx.Done():
		e.orders.resume()
	}
	e.show(func(v *view) { v.state = "Recovery complete: Processing data" })
}
