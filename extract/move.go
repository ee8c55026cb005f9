package extract

import (
	"context"
	"errors"
	"io"
	"slices"

	"ggsh/ggserr"
	"ggsh/heartbeat"
	"ggsh/mapping"
	"ggsh/mapping/expr"
	"ggsh/process"
	"ggsh/record"
	"ggsh/trail"
)

// output is one connected trail. An operation is held back until the next one
// is known, because the last one of a transaction is marked.
type output struct {
	cfg     OutputConfig
	w       TrailWriter
	held    Held
	durable trail.Position
	meets   bool // reading begins at or before the origin of held.Last
	met     bool // and that transaction came
	byCSN   bool // its place is lost: commit sequence numbers tell what is held

	skip    bool // the trail holds this transaction already
	late    bool // and it may be that EVENTACTIONS behind it were not obeyed
	ignored bool // EVENTACTIONS: nothing of this transaction is written
	begun   bool
	waiting bool // an operation is held back
	def     *record.TableDef
	body    []byte
	spare   []byte
	routes  []*route
}

// route is one plan's way to one output.
type route struct {
	plan  *mapping.TablePlan
	out   *output
	stats *process.TableStats
	tally process.Tally
	// before is what tally had in front of the transaction, kept for IGNORE TRANSACTION.
	before [record.DDL + 1]int64

	undecided int // operations that a condition could not decide on
}

// origin is where the output's last transaction stands in the trail that is read.
func (o *output) origin() trail.Position {
	return trail.Position{Seqno: o.held.Last.OriginSeqno, RBA: o.held.Last.OriginRBA}
}

func (o *output) flushTallies() {
	for _, r := range o.routes {
		r.stats.Add(&r.tally)
	}
}

// move writes one transaction to the outputs that take something of it.
func (e *engine) move(ctx context.Context, txn *record.Txn) error {
	e.events = events{}
	if txn.Ops != nil {
		for _, o := range e.outputs {
			o.skip, o.begun, o.waiting, o.ignored = e.known(o, txn), false, false, false
			o.late = o.skip && e.endsWith(o, txn)
		}
		e.markTallies()
		dropped, err := e.moveOps(ctx, txn)
		if err != nil || dropped {
			return err
		}
		if err := e.finish(txn); err != nil {
			return err
		}
	}
	if err := e.moved(txn); err != nil {
		return err
	}
	return e.behind(ctx)
}

// moveOps writes the operations but for the last of each output. dropped says
// that the transaction turned out never to have been completed.
func (e *engine) moveOps(ctx context.Context, txn *record.Txn) (dropped bool, err error) {
	from := expr.Origin{Txn: &txn.TxnInfo}
	at, placed := txn.Ops.(placed)
	e.sql.beginTxn()
	for n := 0; ; n++ {
		def, body, err := txn.Ops.Next()
		if err == io.EOF {
			return false, nil
		}
		if errors.Is(err, trail.ErrDropped) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if record.OpType(body[0]) == record.DDL {
			if err := e.moveDDL(txn, body); err != nil {
				return false, err
			}
			continue
		}
		routes := e.lastTo
		if def != e.lastDef || def == nil {
			if e.cfg.Heartbeat != nil && heartbeat.IsSeed(def) {
				if err := e.moveBeat(txn, def, body); err != nil {
					return false, err
				}
				continue
			}
			if routes, err = e.routesOf(def, body); err != nil {
				return false, err
			}
		}
		if placed {
			p := at.OpPosition()
			from.Seqno, from.RBA, from.Place = p.Seqno, p.RBA, expr.PlaceOf(n, at.Last())
		}
		e.events.asked = nil
		e.events.records++
		e.sql.beginOp()
		for _, r := range routes {
			if err := e.moveOp(ctx, r, body, &from); err != nil {
				return false, err
			}
		}
		e.unsynced += int64(len(body))
	}
}

// moveOp gives an operation to a route, unless its output holds it already or
// EVENTACTIONS keeps it back.
func (e *engine) moveOp(ctx context.Context, r *route, body []byte, from *expr.Origin) error {
	if r.out.skip && !r.out.late {
		return nil
	}
	err := e.ask(r, body, from)
	if err == nil && len(r.plan.Events()) > 0 {
		writes, err := e.obey(ctx, r, body, from)
		if err != nil || !writes {
			return err
		}
	}
	switch {
	case r.out.skip:
		return nil
	case err == nil:
		err = r.write(body, from)
	}
	return e.decided(r, body, err)
}

// placed are operations of a trail: they tell where each stands.
type placed interface {
	OpPosition() trail.Position
	Last() bool
}

// write gives an operation to a route.
func (e *engine) write(r *route, body []byte, from *expr.Origin) error {
	err := e.ask(r, body, from)
	if err == nil {
		err = r.write(body, from)
	}
	return e.decided(r, body, err)
}

// decided discards an operation that a condition cannot decide on.
func (e *engine) decided(r *route, body []byte, err error) error {
	if err == nil || !errors.As(err, new(*mapping.UndecidedError)) {
		return err
	}
	if r.tally.Extra.Discards++; r.undecided == 0 {
		e.proc.Event(ggserr.New(ggserr.ConditionUndecided, r.plan.Source.FullName(), err))
	}
	r.undecided++
	if e.cfg.Discard == nil {
		return nil
	}
	return e.cfg.Discard(r.plan.Source, body, err)
}

// write maps an operation and holds it back; the one held before goes out.
func (r *route) write(body []byte, from *expr.Origin) error {
	o := r.out
	fresh, taken, err := r.plan.Apply(o.spare[:0], body, from)
	o.spare = fresh[:0]
	if err != nil {
		if errors.As(err, new(*mapping.UndecidedError)) {
			return err
		}
		return ggserr.New(ggserr.MapError, r.plan.Source.FullName(), o.cfg.Name).Because(err)
	}
	if !taken {
		return nil
	}
	if o.ignored {
		r.tally.Extra.Ignores++
		return nil
	}
	r.tally.Count(record.OpType(fresh[0]))
	return o.hold(from.Txn, r.plan.Target, fresh)
}

// hold holds an operation back, which was appended to spare; the one held before goes out.
func (o *output) hold(info *record.TxnInfo, def *record.TableDef, fresh []byte) error {
	if o.ignored {
		return nil
	}
	if !o.begun {
		if err := o.w.BeginTxn(info); err != nil {
			return err
		}
		o.begun = true
	}
	if o.waiting {
		if err := o.w.Op(o.def, o.body, false); err != nil {
			return err
		}
	}
	o.def, o.waiting = def, true
	o.body, o.spare = fresh, o.body[:0]
	return nil
}

// finish writes the last operations.
func (e *engine) finish(txn *record.Txn) error {
	for _, o := range e.outputs {
		if !o.waiting {
			continue
		}
		if err := o.w.Op(o.def, o.body, true); err != nil {
			return err
		}
		o.waiting = false
		if cap(o.body) > syncBytes {
			o.body = nil
		}
	}
	return nil
}

// moved notes how far the source was read, and syncs when it is time.
func (e *engine) moved(txn *record.Txn) error {
	p, err := e.positionOf(txn)
	if err != nil {
		return err
	}
	e.position = p
	if !e.started {
		e.doc.State.Startup, e.started = p, true
	}
	e.show(func(v *view) {
		if txn.Ops != nil {
			v.records++
			v.commit, v.atEOF, v.state = txn.CommitTime, false, "Recovery complete: Processing data"
		}
		v.read.Seqno, v.read.RBA, v.read.Time, v.read.CSN = uint64(p.Seqno), p.RBA, p.Time, p.CSN.String()
	})
	now := e.proc.Now()
	if e.unsynced < syncBytes && now.Sub(e.syncedAt) < e.cfg.FlushEvery {
		return nil
	}
	if err := e.sync(); err != nil {
		return err
	}
	e.proc.Progress()
	if now.Sub(e.storedAt) >= e.cfg.CheckpointEvery {
		return e.store()
	}
	return nil
}

// known reports whether a transaction is not to be written to an output: it
// lies before the ordered start, or the output's trail holds it already, by its
// place in the trail it comes from, else by its commit sequence number.
func (e *engine) known(o *output, txn *record.Txn) bool {
	if at := e.cfg.AtCSN; at != nil && txn.CSN.Compare(*at) < 0 {
		return true
	}
	if after := e.cfg.AfterCSN; after != nil && txn.CSN.Compare(*after) <= 0 {
		return true
	}
	if out := e.cfg.LeaveOutTag; out != nil && out(txn.Tag) {
		return true
	}
	if !o.held.Known {
		return false
	}
	last := &o.held.Last
	if txn.OriginRBA > 0 && last.OriginRBA > 0 && !o.byCSN {
		here := trail.Position{Seqno: txn.OriginSeqno, RBA: txn.OriginRBA}
		d := here.Compare(o.origin())
		o.met = o.met || d == 0 && txn.CSN == last.CSN
		if d < 0 || o.met || !o.meets {
			return d <= 0
		}
		// The transaction that this output has from here is not here any more:
		// the trail's end was lost, just where a transaction began.
		o.byCSN = true
	}
	if txn.CSN.Compare(last.CSN) <= 0 {
		return true
	}
	if o.byCSN { // all that was lost has come again
		o.byCSN, o.met = false, true
	}
	return false
}

// routesOf finds where a table's operations go, asking the plan once for each
// definition.
func (e *engine) routesOf(def *record.TableDef, body []byte) ([]*route, error) {
	if def == nil {
		return nil, nil
	}
	routes, ok := e.routes[def]
	if !ok {
		plans, err := e.plans(def)
		if err != nil {
			return nil, err
		}
		for _, p := range plans {
			e.takeTruncates(p)
			routes = append(routes, e.routesTo(p)...)
		}
		slices.SortStableFunc(routes, eventsFirst)
		e.routes[def] = routes
	}
	e.lastDef, e.lastTo = def, routes
	return routes, nil
}

// routesTo joins a plan with the output that its TABLE statement stands under.
func (e *engine) routesTo(p *mapping.TablePlan) []*route {
	var routes []*route
	for _, o := range e.outputs {
		if !e.cfg.Serves(p.Statement, o.cfg) {
			continue
		}
		r := &route{plan: p, out: o, stats: e.proc.Stats().Table(o.cfg.Name,
			p.Source.FullName(), p.Target.FullName())}
		o.routes = append(o.routes, r)
		routes = append(routes, r)
	}
	return routes
}
