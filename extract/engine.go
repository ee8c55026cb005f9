package extract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/mapping"
	"ggsh/process"
	"ggsh/record"
	"ggsh/trail"
)

const (
	// syncBytes is how much may be written before it is made durable.
	syncBytes = 4 << 20
	// idleStore bounds how often an idle Extract that has news stores them.
	idleStore = 500 * time.Millisecond

	minBackoff = time.Second
	maxBackoff = 30 * time.Second
)

// engine runs sessions: a session lasts while source and outputs stay connected.
type engine struct {
	cfg  Config
	proc *process.Process
	doc  *checkpoint.Document

	outputs []*output
	source  Source
	routes  map[*record.TableDef][]*route
	lastDef *record.TableDef
	lastTo  []*route

	unsynced  int64
	syncedAt  time.Time
	storedAt  time.Time
	changed   bool // the checkpoint in memory is newer than the stored one
	position  checkpoint.Position
	confirmed string
	rolls     *process.Schedule // ROLLOVER
	warnedAt  time.Time         // of long transactions
	started   bool              // the startup position of this run is known
	reached   bool              // this session has got what it came for from the source
	events    events            // EVENTACTIONS of the transaction that is moved
	mayIgnore bool              // a statement has IGNORE TRANSACTION
	sql       database          // of SQLEXEC

	mu     sync.Mutex // guards what orders and the loop share
	view   view
	orders orders
}

// view is what orders see of the loop.
type view struct {
	state    string
	read     control.Position
	write    []control.WriteStatus
	commit   time.Time
	records  int64
	atEOF    bool
	open     func() []control.OpenTxn
	skip     func(ctx context.Context, xid string) error
	product  string
	retrying string
	load     *control.LoadStatus // of an initial load
}

func newEngine(cfg Config) *engine {
	e := &engine{cfg: cfg, proc: cfg.Process, doc: cfg.Process.Document(),
		routes: map[*record.TableDef][]*route{}}
	if e.doc == nil {
		e.doc = &checkpoint.Document{}
	}
	e.sql.e = e
	e.view.state = "Initializing"
	if cur := e.doc.State.Current; cur.Valid && !e.doc.State.Ordered {
		e.doc.State.Startup, e.started = cur, true
	}
	e.mayIgnore = cfg.Plan.Causes("IGNORE", "TRANSACTION")
	e.rolls = process.NewSchedule(cfg.Rollover, e.proc.Now())
	e.orders.stop = make(chan struct{})
	return e
}

// run repeats sessions until one ends by order or by an error that waiting
// does not mend.
func (e *engine) run(ctx context.Context, session func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // an order to stop ends every wait
		select {
		case <-e.orders.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	var between pauses
	told := ""
	for {
		began := e.proc.Now()
		err := session(ctx)
		if ctx.Err() != nil {
			return unlessStopped(err)
		}
		if err == nil || !temporary(err) {
			return err
		}
		lasted := e.proc.Now().Sub(began)
		if lasted > maxBackoff {
			told = ""
		}
		if err.Error() != told {
			e.proc.Event(retryEvent(err))
			told = err.Error()
		}
		e.show(func(v *view) { v.retrying, v.atEOF = err.Error(), false })
		sleep(ctx, between.next(lasted, e.reached))
		e.reached = false
	}
}

// pauses are those between sessions: they double while sessions fail soon.
type pauses struct{ last time.Duration }

// next is the pause behind a session. One that lasted a while, or that reached its
// source, is followed by the shortest: a load that waits longer for its next snapshot
// has more to catch up with, in which a table may be altered again.
func (p *pauses) next(lasted time.Duration, reached bool) time.Duration {
	if p.last = min(2*p.last, maxBackoff); p.last == 0 || reached || lasted > maxBackoff {
		p.last = minBackoff
	}
	return p.last
}

// retryEvent tells why a session is tried again: mostly it is the network.
func retryEvent(err error) *ggserr.Error {
	if ggserr.NumberOf(err) == ggserr.SQLFailed {
		return ggserr.New(ggserr.DatabaseMessage, "Trying again after an error: "+err.Error())
	}
	return ggserr.New(ggserr.NetworkRetry, err)
}

// unlessStopped drops the error that an ended context brings along.
func unlessStopped(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || temporary(err) {
		return nil
	}
	return err
}

// temporary reports whether trying again may help.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// session connects, extracts, and disconnects.
func (e *engine) session(ctx context.Context) (err error) {
	defer func() {
		if cerr := e.disconnect(); err == nil {
			err = cerr
		}
	}()
	if err := e.connect(ctx); err != nil {
		return err
	}
	if err := e.loop(ctx); err != nil {
		return err
	}
	if e.orders.forced() {
		return nil
	}
	if err := e.settle(true); err != nil {
		return err
	}
	return e.atExit(ctx)
}

// disconnect closes source and outputs. What was not made durable comes again.
func (e *engine) disconnect() error {
	var first error
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	if e.source != nil {
		e.show(func(v *view) { v.open, v.skip = nil, nil })
		note(e.source.Close())
		e.source = nil
	}
	for _, o := range e.outputs {
		note(o.w.Close())
	}
	e.outputs = nil
	e.sql.close()
	clear(e.routes)
	// What was read and not made durable comes again.
	e.lastDef, e.unsynced, e.position = nil, 0, checkpoint.Position{}
	return first
}

// loop moves transactions until it is told to stop.
func (e *engine) loop(ctx context.Context) error {
	e.syncedAt = e.proc.Now()
	for ctx.Err() == nil {
		if e.orders.takeRollover() || e.rolls.Due(e.proc.Now()) {
			if err := e.rollover(); err != nil {
				return err
			}
		}
		txn, err := e.source.Next(ctx)
		if err == io.EOF {
			err = e.idle(ctx)
		} else if err == nil {
			err = e.move(ctx, txn)
		}
		if err == errEventStop {
			return nil
		}
		if err == nil {
			err = e.onSchedule(ctx)
		}
		if ctx.Err() != nil {
			return nil // told to stop: what is not whole comes again
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// idle makes everything durable, stores the checkpoint when it is due, and waits.
func (e *engine) idle(ctx context.Context) error {
	if err := e.settle(false); err != nil {
		return err
	}
	e.show(func(v *view) { v.atEOF, v.state = true, "Recovery complete: At EOF" })
	e.proc.Progress()
	e.warnLong()
	due := e.storedAt.Add(e.cfg.CheckpointEvery)
	if e.changed {
		due = e.storedAt.Add(min(idleStore, e.cfg.CheckpointEvery))
	}
	due = e.untilDue(due)
	wait, cancel := context.WithTimeout(ctx, max(due.Sub(e.proc.Now()), time.Millisecond))
	defer cancel()
	err := e.source.Wait(wait)
	if err != nil && wait.Err() != nil {
		return nil
	}
	return err
}

// settle makes what was written durable and stores the checkpoint when it is
// due, or at once when final.
func (e *engine) settle(final bool) error {
	if err := e.sync(); err != nil {
		return err
	}
	now := e.proc.Now()
	age := now.Sub(e.storedAt)
	if final || e.changed && age >= min(idleStore, e.cfg.CheckpointEvery) || age >= e.cfg.CheckpointEvery {
		return e.store()
	}
	return nil
}

// sync makes the outputs durable; the position read becomes the checkpoint.
func (e *engine) sync() error {
	e.syncedAt = e.proc.Now()
	if e.unsynced > 0 {
		for _, o := range e.outputs {
			at, err := o.w.Sync()
			if err != nil {
				return err
			}
			o.flushTallies()
			o.durable = at
		}
		e.unsynced = 0
		e.showOutputs()
	}
	st := &e.doc.State
	if e.position.Valid && e.position != st.Current {
		st.Current, st.Recovery = e.position, e.position
		e.changed = true
	}
	return nil
}

// store writes the checkpoint file and lets the source free what is behind it.
func (e *engine) store() error {
	st := &e.doc.State
	now := e.proc.Now()
	st.Lag = e.lag(now)
	e.noteOutputs()
	if st.Current.Valid {
		e.proc.NoteSource(e.sourceName(), firstTime(st), st.Current.Time)
	}
	if err := e.proc.Store(); err != nil {
		return err
	}
	e.storedAt, e.changed = now, false
	return e.confirm()
}

// noteOutputs brings the write positions of the checkpoint up to date.
func (e *engine) noteOutputs() {
	for _, o := range e.outputs {
		for i := range e.doc.Group.Outputs {
			if g := &e.doc.Group.Outputs[i]; g.Trail == o.cfg.Name {
				g.Current = checkpoint.Position{Seqno: o.durable.Seqno, RBA: o.durable.RBA,
					Time: e.doc.State.Current.Time, Valid: !o.durable.IsZero()}
			}
		}
	}
}

func firstTime(st *checkpoint.State) time.Time {
	if st.Startup.Valid {
		return st.Startup.Time
	}
	return st.Started
}

// sourceName is how INFO DETAIL names what is read.
func (e *engine) sourceName() string {
	g := &e.doc.Group
	if g.Source == checkpoint.TrailSource {
		return fmt.Sprintf("%s%09d", g.Trail, e.doc.State.Current.Seqno)
	}
	switch checkpoint.StreamsKind(e.doc.State.Current.Restart) {
	case checkpoint.DirectoryStreams:
		return "files of a directory"
	case checkpoint.KafkaStreams:
		return "topics of Kafka"
	}
	return fmt.Sprintf("log number %d", e.doc.State.Current.Seqno)
}

// confirm tells the source what is durable. That it cannot free something now
// is worth a line, not the run.
func (e *engine) confirm() error {
	c, ok := e.source.(Confirmer)
	restart := e.doc.State.Recovery.Restart
	if !ok || restart == "" || restart == e.confirmed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Confirm(ctx, restart); err != nil {
		e.proc.Line("%s", err)
		return nil
	}
	e.confirmed = restart
	return nil
}

// lag is how far the last record read is behind now; nothing at the end.
func (e *engine) lag(now time.Time) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.view.lag(now)
}

func (v *view) lag(now time.Time) time.Duration {
	if v.atEOF || v.commit.IsZero() {
		return 0
	}
	return max(now.Sub(v.commit), 0)
}

// showOutputs tells orders where the trails are.
func (e *engine) showOutputs() {
	write := make([]control.WriteStatus, 0, len(e.outputs))
	for _, o := range e.outputs {
		write = append(write, control.WriteStatus{Remote: o.cfg.Remote, Host: o.cfg.Host,
			State: "connected", Position: control.Position{Name: o.cfg.Name,
				Seqno: uint64(o.durable.Seqno), RBA: o.durable.RBA, Time: e.proc.Now()}})
	}
	e.show(func(v *view) { v.write = write })
}

// want tells a capture whether rows of a table matter.
func (e *engine) want(schema, table string) bool {
	if n := e.cfg.Heartbeat; n != nil && n.Table != "" && n.Has(schema, table) {
		return n.IsSeed(schema, table)
	}
	return e.cfg.Plan.Wants(schema, table)
}

func (e *engine) show(change func(*view)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.view)
}

// rollover begins a new file in each trail.
func (e *engine) rollover() error {
	for _, o := range e.outputs {
		if err := e.roll(o); err != nil {
			return err
		}
	}
	return nil
}

// roll begins a new file in one trail.
func (e *engine) roll(o *output) error {
	if err := o.w.Rollover(); err != nil {
		return err
	}
	at, err := o.w.Sync()
	if err != nil {
		return err
	}
	o.durable, e.changed = at, true
	e.proc.Info(ggserr.RolloverDone, o.cfg.Name, at.Seqno)
	return nil
}

// positionOf turns a transaction's restart text into a checkpoint position.
func (e *engine) positionOf(txn *record.Txn) (checkpoint.Position, error) {
	p := checkpoint.Position{CSN: txn.CSN, Time: txn.CommitTime, Restart: txn.Restart, Valid: true,
		Seqno: uint32(txn.CSN.Major), RBA: txn.CSN.Minor}
	if e.doc.Group.Source == checkpoint.TrailSource {
		at, err := trail.ParsePosition(txn.Restart)
		if err != nil {
			return p, err
		}
		p.Seqno, p.RBA = at.Seqno, at.RBA
	}
	return p, nil
}

// warnLong tells of transactions that are open for longer than WARNLONGTRANS,
// each time WARNLONGTRANS's interval is over.
func (e *engine) warnLong() {
	now := e.proc.Now()
	in, ok := e.source.(Inspector)
	if !ok || e.cfg.WarnLong <= 0 || now.Sub(e.warnedAt) < e.cfg.WarnEvery {
		return
	}
	e.warnedAt = now
	for _, t := range in.OpenTransactions() {
		if age := now.Sub(t.Start); age >= e.cfg.WarnLong {
			e.proc.Info(ggserr.LongTransaction, fmt.Sprintf("XID %s, %d items, open since %s (%s)",
				t.XID, t.Items, t.Start.Local().Format("2006-01-02 15:04:05"), age.Round(time.Second)))
		}
	}
}

// plans resolves a definition once.
func (e *engine) plans(def *record.TableDef) ([]*mapping.TablePlan, error) {
	plans, err := e.cfg.Plan.Resolve(def, nil)
	if err != nil {
		return nil, err
	}
	for _, p := range plans {
		for _, m := range p.Messages {
			e.proc.Event(m)
		}
	}
	return plans, nil
}
