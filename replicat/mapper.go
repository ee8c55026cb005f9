package replicat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/heartbeat"
	"ggsh/mapping"
	"ggsh/mapping/expr"
	"ggsh/mapping/sqlexec"
	"ggsh/record"
	"ggsh/trail"
)

const (
	// batchBytes is how large a group grows before it is applied, whatever
	// GROUPTRANSOPS says, and how much of a transaction is held before it is
	// streamed: with the groups on their way this bounds memory.
	batchBytes = 8 << 20
	// groupsAhead is how many groups exist: one is applied while the next is built.
	groupsAhead = 2
	// emptyTxns is after how many transactions without mapped operations the
	// checkpoint is moved.
	emptyTxns = 10000
)

// mapper reads, maps and groups in a goroutine of its own.
type mapper struct {
	r        *Replicat
	reader   *trail.TxnReader
	out      chan *group
	free     chan *group
	cur      *group
	source   sourceOp // the operation being mapped
	err      error    // set before out is closed
	ended    chan struct{}
	stopping bool // EVENTACTIONS: the run ends behind this transaction
	sending  bool // and: so does the group
	// suspending: and the run waits there for the order to go on.
	suspending bool
	// answers are those of queries that hold for longer than one MAP.
	answers sqlexec.Memory
	idle    context.Context // ends with the mapper and with the order to stop
	first   bool
	since   time.Time // when cur got its first transaction without operations
}

// reading is how the trail is read.
func (r *Replicat) reading() trail.ReaderOptions {
	return trail.ReaderOptions{MaxPoll: r.cfg.Poll, Keys: r.cfg.Keys}
}

// startMapper opens the trail behind what the target has taken and starts reading.
func (r *Replicat) startMapper(ctx context.Context) (*mapper, error) {
	at := positionOf(&r.taken)
	reader, err := trail.OpenTxnReader(r.trail, at, trail.TxnOptions{
		ReaderOptions: r.reading(),
		MemoryLimit:   batchBytes, Context: ctx})
	if err != nil {
		return nil, err
	}
	m := &mapper{r: r, reader: reader, out: make(chan *group, groupsAhead),
		free: make(chan *group, groupsAhead), ended: make(chan struct{}), first: true}
	r.reader = reader
	idle, wake := context.WithCancel(ctx)
	context.AfterFunc(r.state.stopCtx, wake)
	m.idle = idle
	for range groupsAhead {
		m.free <- &group{}
	}
	go func() {
		defer close(m.ended)
		defer close(m.out)
		defer wake()
		m.err = m.run(ctx)
	}()
	return m, nil
}

// join waits for the end of the goroutine, whose context is over.
func (m *mapper) join() {
	for range m.out {
		continue
	}
	<-m.ended
	if m.cur != nil {
		m.cur.close()
	}
	m.reader.Close()
}

// run reads until the end of the run: nil after a graceful stop or END.
func (m *mapper) run(ctx context.Context) error {
	if err := m.next(ctx); err != nil {
		return err
	}
	for {
		if m.r.state.stopCtx.Err() != nil {
			return m.flush(ctx)
		}
		// Asked before the trail is: what was written before the order is read.
		last := m.r.state.endsAtEOF() || m.r.set.end.atEOF(m.r.p.Now())
		txn, err := m.reader.Next()
		var partial *trail.PartialError
		switch {
		case err == io.EOF:
			if last {
				m.r.p.Info(ggserr.BatchEnd, cmp.Or(m.r.set.end.text, "of the initial load"))
				return m.flush(ctx)
			}
			if err := m.wait(ctx); err != nil {
				return err
			}
			continue
		case errors.As(err, &partial):
			m.r.p.Info(ggserr.PositioningTo, err.Error())
			continue
		case err != nil:
			return err
		}
		if m.first {
			m.first = false
			m.r.p.Info(ggserr.FirstRecord, txn.Begin.String())
		}
		if m.r.set.end.passed(txn.CommitTime) {
			m.r.p.Info(ggserr.BatchEnd, m.r.set.end.text)
			return m.flush(ctx)
		}
		if err := m.transaction(ctx, txn); err != nil {
			return err
		}
		if m.suspending {
			if err := m.suspend(ctx); err != nil {
				return err
			}
		}
		if m.stopping {
			m.r.p.Info(ggserr.BatchEnd, "by EVENTACTIONS")
			return m.flush(ctx)
		}
	}
}

// next takes a group to build, waiting for one to come free.
func (m *mapper) next(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case m.cur = <-m.free:
		m.cur.reset()
		m.cur.origin.wanted = m.r.target.can.Origins
		return nil
	}
}

// flush hands the group over if there is something in it.
func (m *mapper) flush(ctx context.Context) error {
	if m.cur.empty() {
		return nil
	}
	return m.send(ctx)
}

func (m *mapper) send(ctx context.Context) error {
	g := m.cur
	isDDL := g.ddl != nil // g is the applier's from here on
	g.close()
	m.r.state.sent()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case m.out <- g:
	}
	m.cur, m.sending = nil, false
	if isDDL {
		return m.settle(ctx)
	}
	return m.next(ctx)
}

// wait is the end of the trail for now: what is there is applied at once.
func (m *mapper) wait(ctx context.Context) error {
	if m.cur.batch.Count > 0 || !m.cur.empty() && m.r.p.Now().Sub(m.since) >= time.Second {
		if err := m.flush(ctx); err != nil {
			return err
		}
	}
	m.r.state.eof(m.reader.Reading())
	err := m.reader.Wait(m.idle)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil && m.r.state.stopCtx.Err() == nil {
		return err
	}
	return nil
}

// leaveOut passes a transaction over whose tag says so.
func (m *mapper) leaveOut(ctx context.Context, txn *trail.Txn) error {
	if m.cur.empty() {
		m.since = m.r.p.Now()
	}
	whole, err := m.pass(ctx, txn)
	if err != nil || !whole || len(m.cur.txns) < emptyTxns && !m.overdue() {
		return err
	}
	return m.send(ctx)
}

// transaction adds one source transaction to the group, or leaves it out.
func (m *mapper) transaction(ctx context.Context, txn *trail.Txn) error {
	r := m.r
	if r.leavesOut(txn) {
		return m.skip(ctx, txn)
	}
	if r.set.run.Tags.LeaveOut(txn.Tag) {
		return m.leaveOut(ctx, txn)
	}
	if wait := r.deferred(txn.CommitTime); wait > 0 {
		if err := m.keepBack(ctx, wait); err != nil {
			return err
		}
	}
	if err := m.commands(ctx, txn); err != nil {
		return err
	}
	if txn.Streamed {
		return m.stream(ctx, txn)
	}
	single := txn.End.Compare(r.single) <= 0 || r.asks
	if single && !m.cur.empty() {
		if err := m.send(ctx); err != nil {
			return err
		}
	}
	if m.cur.empty() {
		m.since = r.p.Now()
	}
	if err := m.all(ctx, txn); err != nil {
		return err
	}
	m.finish(txn, txn.End)
	g := m.cur
	r.state.read(txn.End, txn.CommitTime, g.batch.Count)
	if single || g.bad != nil || g.ddl != nil || g.batch.Count >= r.set.groupOps || m.overdue() || m.sending ||
		len(g.batch.Ops) >= batchBytes || len(g.txns) >= emptyTxns {
		return m.send(ctx)
	}
	return nil
}

// overdue reports whether the group has the age of TRANSACTIONTIMEOUT.
func (m *mapper) overdue() bool {
	limit := m.r.set.run.Apply.TransactionTimeout
	return limit > 0 && m.r.p.Now().Sub(m.since) >= limit
}

// keepBack waits until a transaction has the age that DEFERAPPLYINTERVAL
// orders; what was grouped before it is applied meanwhile.
func (m *mapper) keepBack(ctx context.Context, wait time.Duration) error {
	if err := m.flush(ctx); err != nil {
		return err
	}
	m.r.state.say(fmt.Sprintf("Delaying %d seconds until record reaches proper age",
		int(wait.Seconds())+1))
	if err := sleep(m.idle, wait); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return errStopped
	}
	return nil
}

// all maps the operations of a transaction that is in memory.
func (m *mapper) all(ctx context.Context, txn *trail.Txn) error {
	g := m.cur
	g.txns = append(g.txns, txnRef{begin: txn.Begin, end: txn.End})
	for n := 0; ; n++ {
		def, body, err := txn.Ops.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		m.source = sourceOp{txn: txn, def: def, body: body, ordinal: n}
		if err := m.op(ctx, &m.source); err != nil {
			return err
		}
		if m.cur.bad != nil {
			return m.isolate(ctx, txn)
		}
	}
}

// isolate takes back a transaction with a row that cannot be mapped: what was
// grouped before it goes first.
func (m *mapper) isolate(ctx context.Context, txn *trail.Txn) error {
	g := m.cur
	if len(g.txns) == 1 {
		return nil
	}
	bad := g.bad
	g.bad = nil
	last := len(g.txns) - 1
	g.txns = g.txns[:last]
	kept := len(g.ops)
	for kept > 0 && g.ops[kept-1].txn == last {
		kept--
	}
	g.cutTo(kept)
	if err := m.send(ctx); err != nil {
		return err
	}
	bad.ref.txn = 0
	m.cur.txns = append(m.cur.txns, txnRef{begin: txn.Begin, end: txn.End})
	m.cur.bad = bad
	m.cur.use(bad.ref.table)
	return nil
}

// finish makes the transaction the last of the group.
func (m *mapper) finish(txn *trail.Txn, end trail.Position) {
	b := &m.cur.batch
	b.Checkpoint = handler.Checkpoint{Seqno: end.Seqno, RBA: end.RBA, CSN: txn.CSN,
		XID: txn.XID, CommitTime: txn.CommitTime}
	if n := len(b.Ends); b.Count > 0 && (n == 0 || b.Ends[n-1] < b.Count) {
		b.Ends = append(b.Ends, b.Count)
	}
}

// locate notes where the operation stands that its transaction gave last.
func (op *sourceOp) locate() {
	at := op.txn.OpPosition()
	op.origin = expr.Origin{Txn: &op.txn.TxnInfo, Seqno: at.Seqno, RBA: at.RBA,
		Place: expr.PlaceOf(op.ordinal, op.txn.Last())}
}

// op maps one operation for every table it goes to.
func (m *mapper) op(ctx context.Context, op *sourceOp) error {
	body := op.body
	if kind := record.OpType(body[0]); kind == record.DDL {
		return m.ddl(ctx, op)
	}
	if m.cur.ddl != nil {
		return fmt.Errorf("trail record at %s: rows stand behind DDL in one transaction",
			op.txn.OpPosition())
	}
	if m.r.heart.on && heartbeat.IsSeed(op.def) {
		return m.beat(ctx, op)
	}
	tables, err := m.r.tablesFor(ctx, op.def)
	if err != nil {
		return err
	}
	op.locate()
	for _, t := range tables {
		if len(t.plan.Events()) > 0 {
			ref := opRef{txn: len(m.cur.txns) - 1, ordinal: op.ordinal, kind: record.OpType(body[0])}
			apply, err := m.events(ctx, t, op, ref)
			if err != nil {
				return err
			}
			if !apply {
				continue
			}
		}
		if len(t.plan.Queries) > 0 {
			err = m.ask(ctx, t, op)
		}
		g := m.cur // asking may have handed over the one before
		ref := opRef{txn: len(g.txns) - 1, ordinal: op.ordinal}
		if err == nil {
			err = g.add(t, op, ref)
		}
		if err == nil {
			continue
		}
		if err = m.notMapped(t, op, ref, err); err != nil || g.bad != nil {
			return err
		}
	}
	return nil
}

// notMapped decides what becomes of an operation that has an error instead of a
// target form.
func (m *mapper) notMapped(t *table, op *sourceOp, ref opRef, err error) error {
	g := m.cur
	code, ofRow := mapping.RowError(err)
	undecided := errors.As(err, new(*mapping.UndecidedError))
	switch {
	case errors.Is(err, mapping.ErrNoOperation) && t.plan.Statement.Switches.AllowNoOpUpdates:
		g.noOps = append(g.noOps, t)
		g.use(t)
		return nil
	case !ofRow && !undecided && len(t.plan.Queries) > 0:
		return err
	case !ofRow && !undecided:
		return fmt.Errorf("trail record of %s: %w", op.def.FullName(), err)
	}
	ref.table, ref.kind = t, record.OpType(op.body[0])
	row := badRow{ref: ref, body: append([]byte(nil), op.body...), err: err, code: code}
	g.use(t)
	row.answer = t.response(code).kind
	switch {
	case undecided:
		row.answer = respondDiscard
	case m.r.verdict.on(op.txn.Begin):
		row.ref.kept = g.keep(op, ref.txn)
		row.answer = m.r.verdict.kind
	case row.answer == respondDiscard, row.answer == respondIgnore, row.answer == respondWarn:
	case row.answer == respondException:
		last := &lastError{code: code, text: err.Error(), op: ref.kind, class: "MAP"}
		if err := m.r.mapExceptions(g, t, op, ref, last); err != nil {
			return err
		}
		for _, x := range t.exceptions {
			g.use(x)
		}
	default:
		g.bad = &row
		return nil
	}
	g.passed = append(g.passed, row)
	return nil
}
