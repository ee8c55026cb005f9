package replicat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/process"
	"ggsh/trail"
)

// maxConflicts is how often a group is tried again at once after a deadlock or
// a lock timeout, before the run ends.
const maxConflicts = 100

// storeEvery is how often the checkpoint file follows the target's checkpoint.
const storeEvery = time.Second

// pump reads and applies from the last durable checkpoint: nil at the end of
// the run, *restart when that has to be done anew.
func (r *Replicat) pump(ctx context.Context) error {
	r.state.restarted()
	if r.inParts {
		r.inParts = false
		r.target.abandon()
	}
	if r.target.isLost() {
		if err := r.reopen(ctx); err != nil {
			return err
		}
	}
	r.search.begun = r.search.begun || r.document() != nil && !r.position.CSN.IsZero()
	inner, cancel := context.WithCancel(ctx)
	m, err := r.startMapper(inner)
	if err != nil {
		cancel()
		var lost *trail.LostError
		if errors.As(err, &lost) {
			return r.reposition(lost)
		}
		return err
	}
	err = r.drain(ctx, m)
	cancel()
	m.join()
	r.forget()
	if err != nil {
		r.flushBeforeEnd(ctx, err)
	}
	var lost *trail.LostError
	switch {
	case errors.As(err, &lost):
		return r.reposition(lost)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errStopped):
		return nil
	}
	return err
}

// reopen reaches a target that was away and takes its word for what it holds.
func (r *Replicat) reopen(ctx context.Context) error {
	if err := r.awaitAgain(); err != nil {
		return err
	}
	opened, err := r.target.open(ctx)
	if err != nil {
		return err
	}
	held := opened.Checkpoint
	if held == nil && r.target.durable() {
		held = &r.began // nothing was applied, or nothing is any more
	}
	if held == nil {
		held = &r.position
	}
	d := positionOf(held).Compare(positionOf(&r.position))
	if d < 0 {
		// The server came back without its last commits, or it is a restored copy.
		r.p.Event(ggserr.New(ggserr.ApplyWarning, fmt.Sprintf("The target stands at %s, before %s "+
			"that it had made durable: what lies between is applied again", positionOf(held),
			positionOf(&r.position))))
		r.search.decided = false
	}
	if d > 0 { // the batch in doubt is durable
		if err := r.settled(&handler.Applied{Durable: held}); err != nil {
			return err
		}
	}
	r.position, r.dirty = *held, r.dirty || d != 0
	r.taken, r.waiting, r.inParts = r.position, r.waiting[:0], false
	r.state.lost()
	return nil
}

// awaitAgain waits before what failed at this very place before is tried again:
// something there ends the connection, the handler or the transaction each time.
func (r *Replicat) awaitAgain() error {
	if at := positionOf(&r.position); at != r.lossAt {
		r.lossAt, r.losses = at, 0
	}
	if r.losses++; r.losses == 1 {
		return nil
	}
	if err := r.delay(r.state.stopCtx, r.losses-1); err != nil {
		return errStopped
	}
	return nil
}

// drain applies the mapper's groups until it ends.
func (r *Replicat) drain(ctx context.Context, m *mapper) error {
	tick := time.NewTicker(storeEvery)
	defer tick.Stop()
	busy := false // since the last tick
	for {
		select {
		case g, ok := <-m.out:
			if !ok && m.err == nil {
				return r.flush(ctx, handler.FlushAll)
			}
			if !ok {
				return m.err
			}
			if g.caughtUp != nil {
				close(g.caughtUp)
				continue
			}
			if err := r.apply(ctx, g); err != nil {
				return err
			}
			r.state.done(len(g.ops) > 0)
			m.free <- g
			busy = true
		case <-tick.C:
			if err := r.housekeep(); err != nil {
				return err
			}
			if err := r.onSchedule(ctx, r.p.Now()); err != nil {
				return err
			}
			if !busy {
				if err := r.flush(ctx, handler.FlushDue); err != nil {
					return err
				}
			}
			busy = false
		}
	}
}

// housekeep does what is due by the clock.
func (r *Replicat) housekeep() error {
	now := r.p.Now()
	r.p.Progress()
	if r.dirty && now.Sub(r.stored) >= storeEvery {
		return r.store()
	}
	return nil
}

// apply makes a group durable, or says why not.
func (r *Replicat) apply(ctx context.Context, g *group) error {
	if g.bad != nil {
		return r.abendUnmapped(g)
	}
	if g.ddl != nil {
		return r.applyDDL(ctx, g)
	}
	if r.verdict.on(g.begin()) && len(g.txns) == 1 {
		return r.leaveOut(ctx, g)
	}
	applied, err := r.tryApply(ctx, g)
	var instead []*group
	if err == nil && applied.Stopped > 0 {
		applied, instead, err = r.goOn(ctx, g, applied)
	}
	if err != nil {
		r.inParts = false // a failure undoes all parts
		return r.applyFailed(ctx, g, err)
	}
	if err := r.count(g, applied); err != nil {
		return err
	}
	for _, part := range instead {
		if err := r.countInstead(part); err != nil {
			return err
		}
	}
	if r.inParts = g.batch.More; r.inParts {
		return nil
	}
	return r.accepted(g, applied)
}

// accepted notes that the target has the group.
func (r *Replicat) accepted(g *group, applied *handler.Applied) error {
	if r.target.can.Deferred {
		return r.take(g, applied)
	}
	r.taken = g.batch.Checkpoint
	for _, t := range r.counted {
		t.stats.Add(&t.tally)
	}
	r.counted = r.counted[:0]
	return r.moved(r.taken, true)
}

// moved notes that the target holds everything up to the checkpoint; all says
// that it has taken nothing beyond it.
func (r *Replicat) moved(to handler.Checkpoint, all bool) error {
	r.position, r.dirty = to, true
	clear(r.retries)
	r.state.durable(to.CommitTime, all)
	r.p.Progress()
	now := r.p.Now()
	r.p.NoteSource(r.fileName(to.Seqno), to.CommitTime, to.CommitTime)
	if !r.target.durable() || now.Sub(r.stored) >= storeEvery {
		if err := r.store(); err != nil {
			return err
		}
	}
	if max := r.set.run.MaxDiscards; max > 0 && r.discard.records > int64(max) {
		return ggserr.New(ggserr.Generic, fmt.Sprintf("%d records were discarded, MAXDISCARDRECS "+
			"is %d", r.discard.records, max)).Do("See the discard file %s.", r.discard.Path())
	}
	return nil
}

// tryApply calls the handler, again at once after a conflict where nothing of
// the transaction was applied before.
func (r *Replicat) tryApply(ctx context.Context, g *group) (*handler.Applied, error) {
	for attempt := 1; ; attempt++ {
		applied, err := r.target.apply(ctx, g)
		var failed *handler.ApplyError
		if err == nil || !errors.As(err, &failed) || failed.Class != handler.Conflict {
			return applied, err
		}
		if attempt >= maxConflicts {
			return nil, err
		}
		r.p.Event(ggserr.New(ggserr.ApplyWarning, fmt.Sprintf("The group is applied again after a "+
			"conflict (attempt %d of %d): %s", attempt, maxConflicts, failed.Text)))
		if attempt > 1 {
			if err := sleep(ctx, min(10*time.Millisecond<<min(attempt, 7), time.Second)); err != nil {
				return nil, context.Cause(ctx)
			}
		}
		if g.part {
			return nil, &restart{cause: err}
		}
	}
}

// count adds the group to the tallies, which become statistics when the
// transaction is durable.
func (r *Replicat) count(g *group, applied *handler.Applied) error {
	for _, note := range applied.Notes {
		r.p.Line("%s", note)
	}
	for _, ref := range g.ops {
		ref.table.tally.Count(ref.kind)
	}
	for _, t := range g.noOps {
		t.tally.Extra.Ignores++
		r.counting(t)
	}
	for _, t := range g.tables {
		r.counting(t)
	}
	g.countCollisions(applied)
	for _, e := range applied.Exceptions {
		if err := r.excepted(g, e); err != nil {
			return err
		}
	}
	for i := range g.passed {
		if err := r.unmapped(g, &g.passed[i]); err != nil {
			return err
		}
	}
	return nil
}

// countCollisions adds what the handler has resolved by itself.
func (g *group) countCollisions(applied *handler.Applied) {
	for _, t := range g.tables {
		extra := &t.tally.Extra
		for _, c := range applied.Collisions {
			if t.use.ID == c.ID {
				extra.InsertCollisions += c.Inserts
				extra.UpdateCollisions += c.Updates
				extra.DeleteCollisions += c.Deletes
			}
		}
		for _, c := range applied.Conflicts {
			if t.use.ID == c.ID {
				extra.AddConflicts(string(c.Type), c.Resolved, c.Failed)
			}
		}
	}
}

// counting remembers whose tally is not empty.
func (r *Replicat) counting(t *table) {
	for _, c := range r.counted {
		if c == t {
			return
		}
	}
	r.counted = append(r.counted, t)
}

// forget drops the tallies of what is not durable.
func (r *Replicat) forget() {
	for _, t := range r.counted {
		t.tally = process.Tally{}
	}
	r.counted = r.counted[:0]
}

// excepted writes an operation that a rule let pass.
func (r *Replicat) excepted(g *group, e handler.Exception) error {
	if e.Op < 0 || e.Op >= len(g.ops) {
		return fmt.Errorf("handler %s: exception of operation %d in a batch of %d",
			r.set.plugin, e.Op, len(g.ops))
	}
	ref := g.ops[e.Op]
	ref.table.tally.Ops[ref.kind]--
	ignored := e.Response == handler.Ignore
	loud := !ignored || ref.table.response(e.Code).kind == respondWarn
	if loud && r.warns(ref.table, e.Code) {
		r.p.Info(ggserr.ApplyError, e.Code, ref.table.plan.Source.FullName(),
			ref.table.plan.Target.FullName(), e.Text)
	}
	switch {
	case ignored:
		ref.table.tally.Extra.Ignores++
		return nil
	case e.Response == handler.Except:
		ref.table.tally.Extra.Exceptions++
		return nil
	}
	ref.table.tally.Extra.Discards++
	return r.discard.add(&discardEntry{group: g, ref: ref, body: g.op(e.Op), action: "DISCARD",
		code: e.Code, text: e.Text, def: ref.table.plan.Target})
}
