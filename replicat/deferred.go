package replicat

import (
	"context"
	"errors"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/process"
)

// takenGroup is what a Deferred handler has taken and not yet made durable: what
// it counts for, once it is.
type takenGroup struct {
	checkpoint handler.Checkpoint
	records    bool
	tallies    []takenTally
}

type takenTally struct {
	table *table
	tally process.Tally
}

// take remembers that the target has the group; what it counts for waits until
// the handler says that it is durable.
func (r *Replicat) take(g *group, applied *handler.Applied) error {
	r.taken = g.batch.Checkpoint
	t := takenGroup{checkpoint: r.taken, records: len(g.ops) > 0}
	for _, c := range r.counted {
		t.tallies = append(t.tallies, takenTally{table: c, tally: c.tally})
		c.tally = process.Tally{}
	}
	r.counted = r.counted[:0]
	r.waiting = append(r.waiting, t)
	r.state.took(r.taken.CommitTime)
	return r.settled(applied)
}

// settled moves the durable position to where the handler says it is.
func (r *Replicat) settled(applied *handler.Applied) error {
	if applied.Durable == nil {
		return nil
	}
	to := *applied.Durable
	n := 0
	for n < len(r.waiting) && positionOf(&r.waiting[n].checkpoint).Compare(positionOf(&to)) <= 0 {
		for i := range r.waiting[n].tallies {
			w := &r.waiting[n].tallies[i]
			w.table.stats.Add(&w.tally)
		}
		n++
	}
	r.waiting = append(r.waiting[:0], r.waiting[n:]...)
	return r.moved(to, len(r.waiting) == 0)
}

// flush has a Deferred handler make durable what is due, or everything. Between
// two parts of one transaction there is nothing to flush.
func (r *Replicat) flush(ctx context.Context, order handler.Flush) error {
	if !r.target.can.Deferred || len(r.waiting) == 0 || r.inParts || r.target.isLost() {
		return nil
	}
	g := &group{batch: handler.Batch{Checkpoint: r.taken, Flush: order}}
	applied, err := r.tryApply(ctx, g)
	if err != nil {
		return r.applyFailed(ctx, g, err)
	}
	for _, note := range applied.Notes {
		r.p.Line("%s", note)
	}
	return r.settled(applied)
}

// flushBeforeEnd makes durable what was taken before the error that ends the run,
// so that the next one begins where this one ended.
func (r *Replicat) flushBeforeEnd(ctx context.Context, cause error) {
	var again *restart
	if errors.As(cause, &again) || errors.Is(cause, errAborted) || ctx.Err() != nil {
		return
	}
	if err := r.flush(ctx, handler.FlushAll); err != nil {
		r.p.Event(ggserr.New(ggserr.ApplyWarning, "What was applied last is not durable and is "+
			"applied again by the next run: "+err.Error()))
	}
}
