package extract

import (
	"context"
	"errors"
	"fmt"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/trail"
)

// connect opens the outputs, finds where to begin, and opens the source.
func (e *engine) connect(ctx context.Context) error {
	st := &e.doc.State
	for _, cfg := range e.cfg.Outputs {
		cfg.Forget = st.Ordered
		if !st.Ordered && !cfg.Remote {
			cfg.Durable = e.durable(cfg.Name)
		}
		w, held, err := e.cfg.OpenOutput(ctx, cfg)
		if err != nil {
			return err
		}
		o := &output{cfg: cfg, w: w, held: held}
		if cfg.Forget {
			o.held = Held{}
		}
		e.outputs = append(e.outputs, o)
	}
	if err := e.beginSQL(ctx); err != nil {
		return err
	}
	if err := e.openSource(ctx); err != nil {
		return err
	}
	e.showConnected()
	if !e.keepFrom() && !st.Ordered && !st.NextFile && !e.atTheEnd() {
		return nil
	}
	// From here on the trails say what they hold, after a crash too.
	if st.Ordered {
		st.Startup, st.Recovery, st.Current = checkpoint.Position{}, checkpoint.Position{}, checkpoint.Position{}
	}
	if err := e.noteTheEnd(); err != nil {
		return err
	}
	st.Ordered, st.NextFile = false, false
	return e.proc.Store()
}

// keepFrom remembers ATCSN and AFTERCSN of START until they are passed: a run that
// is killed before that is started again without them.
func (e *engine) keepFrom() (kept bool) {
	st := &e.doc.State
	was := st.From
	switch {
	case e.cfg.AtCSN != nil:
		st.From = &checkpoint.From{CSN: *e.cfg.AtCSN}
	case e.cfg.AfterCSN != nil:
		st.From = &checkpoint.From{CSN: *e.cfg.AfterCSN, After: true}
	case was == nil:
		return false
	case st.Ordered, st.Current.Valid && st.Current.CSN.Compare(was.CSN) >= 0:
		st.From = nil
	case was.After:
		e.cfg.AfterCSN = &was.CSN
	default:
		e.cfg.AtCSN = &was.CSN
	}
	return true
}

// atTheEnd reports whether the group begins at the end of its log and has
// nothing to go by yet.
func (e *engine) atTheEnd() bool {
	return e.doc.Group.Begin.Kind == checkpoint.BeginEOF && !e.doc.State.Current.Valid
}

// noteTheEnd remembers the end of the log that was found: it is somewhere else
// at the next start, and what lies between must not be lost.
func (e *engine) noteTheEnd() error {
	src, ok := e.source.(Positioner)
	if !ok || !e.atTheEnd() {
		return nil
	}
	at, known := src.Position()
	if !known {
		return nil
	}
	p, err := e.positionOf(&at)
	if err != nil {
		return err
	}
	e.doc.State.Current, e.doc.State.Recovery = p, p
	return nil
}

func (e *engine) openSource(ctx context.Context) error {
	start := e.start()
	e.proc.Info(ggserr.PositioningTo, describe(start))
	src, err := e.cfg.OpenSource(ctx, start)
	at, lost := e.behindLoss(err, start.At)
	if lost {
		start.At = at
		e.proc.Info(ggserr.PositioningTo, describe(start))
		src, err = e.cfg.OpenSource(ctx, start)
	}
	if err != nil {
		return err
	}
	e.source = src
	for _, o := range e.outputs {
		o.meets, o.met, o.byCSN = start.At.Compare(o.origin()) <= 0, false, lost
	}
	return nil
}

// behindLoss tells where to read on when the trail does not go to the place
// where reading is to begin. What is remembered of it was made durable later than
// the trail itself, whose end was lost with its machine. The lost transactions
// come again, and commit sequence numbers tell which of them are sent already.
func (e *engine) behindLoss(err error, at trail.Position) (trail.Position, bool) {
	var lost *trail.LostError
	if errors.As(err, &lost) {
		e.proc.Line("%s", lost)
		return trail.Position{Seqno: lost.End.Seqno + 1}, true
	}
	var damaged *trail.CorruptError
	if errors.As(err, &damaged) && at != e.checkpointed() {
		return e.checkpointed(), true
	}
	return at, false
}

// start decides where to begin: an operator's order first, else the checkpoint,
// else, further on, what all outputs hold of the trail that is read.
func (e *engine) start() SourceStart {
	st := &e.doc.State
	start := SourceStart{Begin: e.doc.Group.Begin, Want: e.want}
	if st.Ordered {
		return start
	}
	if st.Current.Valid {
		start.Restart, start.At = st.Recovery.Restart, e.checkpointed()
	}
	if at, ok := e.outputsOrigin(); ok && at.Compare(start.At) > 0 {
		start.At = at
	}
	for _, o := range e.outputs {
		start.Bounds = append(start.Bounds, o.held.Last.CSN)
	}
	return start
}

// checkpointed is the trail position of the checkpoint; zero when a database is read.
func (e *engine) checkpointed() trail.Position {
	cur := e.doc.State.Current
	if e.doc.Group.Source != checkpoint.TrailSource || !cur.Valid {
		return trail.Position{}
	}
	return trail.Position{Seqno: cur.Seqno, RBA: cur.RBA}
}

// outputsOrigin is the place, in the trail that is read, of the oldest of the
// outputs' last transactions.
func (e *engine) outputsOrigin() (trail.Position, bool) {
	var oldest trail.Position
	for i, o := range e.outputs {
		at := o.origin()
		if !o.held.Known || at.RBA == 0 {
			return trail.Position{}, false
		}
		if i == 0 || at.Compare(oldest) < 0 {
			oldest = at
		}
	}
	return oldest, len(e.outputs) > 0
}

// durable is where a local trail ended by the checkpoint.
func (e *engine) durable(name string) trail.Position {
	for _, g := range e.doc.Group.Outputs {
		if g.Trail == name && g.Current.Valid {
			return trail.Position{Seqno: g.Current.Seqno, RBA: g.Current.RBA}
		}
	}
	return trail.Position{}
}

func describe(s SourceStart) string {
	switch {
	case !s.At.IsZero():
		return "trail " + s.At.String()
	case checkpoint.StreamsKind(s.Restart) != "":
		return checkpoint.DescribeStreams(s.Restart)
	case s.Restart != "":
		return s.Restart
	case s.Begin.Kind == checkpoint.BeginSeqno:
		return fmt.Sprintf("sequence number %d, RBA %d", s.Begin.Seqno, s.Begin.RBA)
	case s.Begin.Kind == checkpoint.BeginEOF:
		return "the end of the log"
	case s.Begin.Kind == checkpoint.BeginEarliest:
		return "the first record that the source has"
	case s.Begin.Kind == checkpoint.BeginCSN:
		return "CSN " + s.Begin.CSN.String()
	}
	return "begin time " + s.Begin.Time.Local().Format("2006-01-02 15:04:05")
}

func (e *engine) showConnected() {
	e.show(func(v *view) {
		v.state, v.retrying = "Recovery complete: Processing data", ""
		if in, ok := e.source.(Inspector); ok {
			v.open, v.product = in.OpenTransactions, in.Product()
		}
		if s, ok := e.source.(Skipper); ok {
			v.skip = s.Skip
		}
		cur := e.doc.State.Current
		v.read = control.Position{Name: e.doc.Group.Trail, Seqno: uint64(cur.Seqno), RBA: cur.RBA,
			Time: cur.Time, CSN: cur.CSN.String()}
	})
}
