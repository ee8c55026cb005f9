package replicat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/record"
	"ggsh/trail"
)

// document is the group's checkpoint; a special run has none.
func (r *Replicat) document() *checkpoint.Document {
	if r.set.run.SpecialRun {
		return nil
	}
	return r.p.Document()
}

// fileName names a trail file as ADD REPLICAT named the trail, for people.
func (r *Replicat) fileName(seqno uint32) string {
	path := r.trail.File(seqno)
	doc := r.document()
	if doc == nil || doc.Group.Trail == "" {
		return path
	}
	return doc.Group.Trail + strings.TrimPrefix(filepath.Base(path), r.trail.Prefix)
}

// trailName is the trail of ADD REPLICAT, or the EXTFILE of a special run.
func (r *Replicat) trailName() (trail.Name, error) {
	written := r.set.input
	if doc := r.document(); doc != nil && doc.Group.Trail != "" {
		written = doc.Group.Trail
	}
	if written == "" {
		return trail.Name{}, ggserr.New(ggserr.Generic, "REPLICAT "+r.p.Group()+
			" has no trail to read").Do("ADD REPLICAT %s, EXTTRAIL name; or name an EXTFILE "+
			"for a SPECIALRUN.", r.p.Group())
	}
	digits := 9
	if r.set.sixDigits {
		digits = 6
	}
	path := r.p.Home().Resolve(written)
	if name, _, err := trail.ParseFile(path); err == nil {
		return name, nil
	}
	name, err := trail.ParseName(path, digits)
	if err != nil {
		return name, ggserr.New(ggserr.Generic, err.Error()).Do("Correct the name of the trail.")
	}
	return name, nil
}

// orderedPosition is the position that ADD or ALTER ordered; nil when the
// checkpoint counts.
func (r *Replicat) orderedPosition() (*handler.Checkpoint, error) {
	doc := r.document()
	if doc != nil && !doc.State.Ordered {
		return nil, nil
	}
	begin := checkpoint.Begin{Kind: checkpoint.BeginTime, Time: r.set.run.Begin}
	if doc != nil {
		begin = doc.Group.Begin
	}
	at := trail.Position{}
	switch begin.Kind {
	case checkpoint.BeginSeqno:
		at = trail.Position{Seqno: begin.Seqno, RBA: begin.RBA}
	case checkpoint.BeginEOF:
		end, err := endOf(r.trail, r.cfg.Keys)
		if err != nil {
			return nil, err
		}
		at = end
	}
	if at.IsZero() {
		first, err := firstOf(r.trail)
		if err != nil {
			return nil, err
		}
		at = first
	}
	return &handler.Checkpoint{Seqno: at.Seqno, RBA: at.RBA}, nil
}

// firstOf is the start of the first file that the trail has.
func firstOf(n trail.Name) (trail.Position, error) {
	files, err := trail.List(n)
	if err != nil || len(files) == 0 {
		return trail.Position{}, err
	}
	return trail.Position{Seqno: files[0]}, nil
}

// endOf is the end of the last complete transaction in the trail.
func endOf(n trail.Name, keys trail.Keys) (trail.Position, error) {
	files, err := trail.List(n)
	if err != nil || len(files) == 0 {
		return trail.Position{}, err
	}
	start := trail.Position{Seqno: files[len(files)-1]}
	reader, err := trail.OpenTxnReader(n, start, trail.TxnOptions{
		ReaderOptions: trail.ReaderOptions{Keys: keys}, MemoryLimit: 1})
	if err != nil {
		return start, err
	}
	defer reader.Close()
	for {
		_, err := reader.Next()
		var partial *trail.PartialError
		switch {
		case err == io.EOF:
			return reader.Position(), nil
		case err != nil && !errors.As(err, &partial):
			return start, err
		}
	}
}

// settlePosition decides where to begin, from what the target holds, and
// remembers it in the checkpoint file.
func (r *Replicat) settlePosition(opened *handler.Opened, reset *handler.Checkpoint) error {
	doc := r.document()
	switch {
	case reset != nil:
		r.position = *reset
	case opened.Checkpoint != nil:
		r.position = *opened.Checkpoint
	case doc != nil && doc.State.Current.Valid:
		c := doc.State.Current
		if r.target.durable() && !c.CSN.IsZero() {
			r.p.Event(ggserr.New(ggserr.ApplyWarning, "The checkpoint table has no position for "+
				"the group: the checkpoint file's is taken, and what was applied in the last moments "+
				"before the end may be applied twice"))
		}
		r.position = handler.Checkpoint{Seqno: c.Seqno, RBA: c.RBA, CSN: c.CSN,
			CommitTime: c.Time}
	default:
		first, err := firstOf(r.trail)
		if err != nil {
			return err
		}
		r.position = handler.Checkpoint{Seqno: first.Seqno, RBA: first.RBA}
	}
	r.taken = r.position
	at := positionOf(&r.position)
	r.p.Info(ggserr.PositionedTo, fmt.Sprintf("%s, seqno %d, rba %d", r.trail, at.Seqno, at.RBA))
	r.keepFrom(reset != nil)
	if doc == nil {
		return nil
	}
	doc.State.Ordered = false
	doc.State.Startup = r.filePosition()
	r.dirty = true
	return r.store()
}

// keepFrom remembers ATCSN and AFTERCSN of START until they are passed: a run that
// ends before its first commit is started again without them.
func (r *Replicat) keepFrom(ordered bool) {
	r.from = r.cfg.From
	doc := r.document()
	if doc == nil {
		return
	}
	kept := doc.State.From
	if r.from == nil && kept != nil && !ordered && r.position.CSN.Compare(kept.CSN) < 0 {
		r.from = &FromCSN{CSN: kept.CSN, After: kept.After}
	}
	doc.State.From = nil
	if f := r.from; f != nil {
		doc.State.From = &checkpoint.From{CSN: f.CSN, After: f.After}
	}
}

func (r *Replicat) filePosition() checkpoint.Position {
	c := &r.position
	return checkpoint.Position{Seqno: c.Seqno, RBA: c.RBA, CSN: c.CSN, Time: c.CommitTime,
		Valid: true}
}

// store writes the checkpoint file.
func (r *Replicat) store() error {
	doc := r.document()
	if doc == nil || !r.dirty {
		return nil
	}
	r.dirty = false
	r.stored = r.p.Now()
	doc.State.Current = r.filePosition()
	doc.State.Recovery = doc.State.Current
	doc.State.Lag, _, _ = r.state.lag()
	return r.p.Store()
}

// search is how the mapper finds the first transaction to apply. Its answers
// stay the same when reading begins anew.
type search struct {
	decided bool
	from    trail.Position // where the first one to apply begins
	begun   bool           // BEGIN leaves out nothing more
	skipped bool           // SKIPTRANSACTION was obeyed
	skipAt  trail.Position
	lost    bool // the trail's end was lost: what is known comes again
	lostCSN record.CSN
}

// leavesOut decides whether a transaction is left out by BEGIN, ATCSN, AFTERCSN
// or SKIPTRANSACTION, or because it is known after a loss of the trail's end.
func (r *Replicat) leavesOut(txn *trail.Txn) bool {
	s := &r.search
	if s.lost {
		if txn.CSN.Compare(s.lostCSN) <= 0 {
			return true
		}
		s.lost = false
	}
	if s.decided {
		return txn.Begin.Compare(s.from) < 0
	}
	if !s.begun && r.beforeBegin(txn) {
		return true
	}
	s.begun = true
	if f := r.from; f != nil {
		d := txn.CSN.Compare(f.CSN)
		if d < 0 || d == 0 && f.After {
			r.state.say(fmt.Sprintf("Searching for START %s %s", f.word(), f.CSN))
			return true
		}
	}
	if r.cfg.SkipTransaction {
		if !s.skipped {
			s.skipped, s.skipAt = true, txn.Begin
			r.p.Info(ggserr.PositioningTo, fmt.Sprintf("the transaction behind %s: transaction "+
				"%s is left out by SKIPTRANSACTION", txn.Begin, txn.XID))
			r.state.say("Skipping current transaction")
		}
		if txn.Begin == s.skipAt {
			return true
		}
	}
	s.decided, s.from = true, txn.Begin
	return false
}

func (f *FromCSN) word() string {
	if f.After {
		return "AFTERCSN"
	}
	return "ATCSN"
}

// beforeBegin obeys BEGIN time and BEGIN CSN.
func (r *Replicat) beforeBegin(txn *trail.Txn) bool {
	begin := checkpoint.Begin{Kind: checkpoint.BeginTime, Time: r.set.run.Begin}
	if doc := r.document(); doc != nil {
		begin = doc.Group.Begin
	}
	switch begin.Kind {
	case checkpoint.BeginNow, checkpoint.BeginTime:
		if txn.CommitTime.Nanosecond() == 0 {
			// The log of some sources tells whole seconds: what was committed within
			// that of the begin may be behind it.
			return txn.CommitTime.Before(begin.Time.Truncate(time.Second))
		}
		return txn.CommitTime.Before(begin.Time)
	case checkpoint.BeginCSN:
		return txn.CSN.Compare(begin.CSN) < 0
	}
	return false
}

// skip leaves a transaction out. SKIPTRANSACTION is an order, so the
// checkpoint moves behind it; what BEGIN and ATCSN leave out is left out again
// after a restart.
func (m *mapper) skip(ctx context.Context, txn *trail.Txn) error {
	s := &m.r.search
	if !s.skipped || txn.Begin != s.skipAt {
		return ctx.Err()
	}
	if whole, err := m.pass(ctx, txn); err != nil || !whole {
		return err
	}
	return m.send(ctx)
}

// pass adds a transaction of which nothing is applied to the group; one that is not
// whole in the trail is none.
func (m *mapper) pass(ctx context.Context, txn *trail.Txn) (whole bool, err error) {
	end := txn.End
	if txn.Streamed {
		if end, whole, err = m.survey(ctx, txn); err != nil || !whole {
			return false, err
		}
	}
	m.cur.txns = append(m.cur.txns, txnRef{begin: txn.Begin, end: end})
	m.finish(txn, end)
	return true, nil
}

// deferred is how long DEFERAPPLYINTERVAL keeps a transaction back.
func (r *Replicat) deferred(commit time.Time) time.Duration {
	if r.set.run.Apply.Defer <= 0 {
		return 0
	}
	return max(0, commit.Add(r.set.run.Apply.Defer).Sub(r.p.Now()))
}

// reposition goes on in the file behind a trail's end that was lost with its
// machine: the transactions that are applied already are known by their CSN.
func (r *Replicat) reposition(lost *trail.LostError) error {
	if r.taken.CSN.IsZero() {
		return lost
	}
	r.p.Info(ggserr.PositioningTo, lost.Error())
	r.search.lost, r.search.lostCSN = true, r.taken.CSN
	r.taken.Seqno, r.taken.RBA = lost.End.Seqno+1, 0
	if len(r.waiting) == 0 {
		r.position = r.taken
	}
	return &restart{cause: lost}
}
