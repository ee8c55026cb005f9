package extract

import (
	"context"
	"errors"
	"io"
	"time"

	"ggsh/record"
	"ggsh/trail"
)

// TrailSource reads a trail as a data pump does.
type TrailSource struct {
	r     *trail.TxnReader
	after time.Time
	from  record.CSN
	warn  func(text string)
	cur   record.Txn

	admit  func(h *trail.Header) error
	header *trail.Header // the one that was admitted last
}

// TrailOptions are what a data pump may ask of its source.
type TrailOptions struct {
	After time.Time         // begin with the first transaction committed then or later
	Warn  func(text string) // told of a transaction whose beginning is not in the trail
	Keys  trail.Keys        // opens encrypted files
	// Admit is asked before the first transaction of each file; its error ends
	// reading. nil admits all.
	Admit func(h *trail.Header) error
}

// OpenTrail opens a trail at a position.
func OpenTrail(ctx context.Context, name trail.Name, at trail.Position, opt TrailOptions,
) (*TrailSource, error) {
	r, err := trail.OpenTxnReader(name, at, trail.TxnOptions{Context: ctx,
		ReaderOptions: trail.ReaderOptions{Keys: opt.Keys}})
	if err != nil {
		return nil, err
	}
	return &TrailSource{r: r, after: opt.After, warn: opt.Warn, admit: opt.Admit}, nil
}

// admitted asks Admit when a file was entered.
func (s *TrailSource) admitted() error {
	h := s.r.Header()
	if h == s.header || s.admit == nil {
		return nil
	}
	if err := s.admit(h); err != nil {
		return err
	}
	s.header = h
	return nil
}

// From makes the source begin with the first transaction of that commit sequence
// number or a later one.
func (s *TrailSource) From(csn record.CSN) { s.from = csn }

// Position is where reading stands, before the first Next too.
func (s *TrailSource) Position() (record.Txn, bool) {
	return record.Txn{TxnInfo: record.TxnInfo{CommitTime: time.Now().UTC()},
		Restart: s.r.Position().String()}, true
}

// EndOfTrail is the place behind the last complete transaction of a trail; zero
// for a trail without files.
func EndOfTrail(name trail.Name, keys trail.Keys) (trail.Position, error) {
	files, err := trail.List(name)
	if err != nil || len(files) == 0 {
		return trail.Position{}, err
	}
	start := trail.Position{Seqno: files[len(files)-1]}
	r, err := trail.OpenTxnReader(name, start, trail.TxnOptions{
		ReaderOptions: trail.ReaderOptions{Keys: keys}, MemoryLimit: 1})
	if err != nil {
		return start, err
	}
	defer r.Close()
	for {
		_, err := r.Next()
		if err == io.EOF {
			return r.Position(), nil
		}
		if err != nil && !errors.As(err, new(*trail.PartialError)) {
			return start, err
		}
	}
}

// Next gives the next transaction with its place in the trail as its origin.
func (s *TrailSource) Next(context.Context) (*record.Txn, error) {
	for {
		t, err := s.r.Next()
		var partial *trail.PartialError
		if errors.As(err, &partial) {
			s.warn(partial.Error())
			continue
		}
		if err == nil {
			err = s.admitted()
		}
		if err != nil {
			return nil, err
		}
		if s.before(t.CommitTime) || t.CSN.Compare(s.from) < 0 {
			continue
		}
		// The begin is found: a clock that is set back, or an Extract that is
		// positioned back, leaves out nothing.
		s.after, s.from = time.Time{}, record.CSN{}
		s.cur = t.Txn
		s.cur.OriginSeqno, s.cur.OriginRBA = t.Begin.Seqno, t.Begin.RBA
		s.cur.Restart = t.End.String()
		if t.Streamed {
			s.cur.Ops = &streamed{txn: t, out: &s.cur}
		}
		return &s.cur, nil
	}
}

// before reports whether a transaction lies in front of the begin. Some logs tell
// whole seconds: what was committed within that of the begin may be behind it.
func (s *TrailSource) before(commit time.Time) bool {
	if commit.Nanosecond() == 0 {
		return commit.Before(s.after.Truncate(time.Second))
	}
	return commit.Before(s.after)
}

// streamed learns where its transaction ends when its last operation was read.
type streamed struct {
	txn *trail.Txn
	out *record.Txn
}

func (o *streamed) Next() (*record.TableDef, []byte, error) {
	def, body, err := o.txn.Ops.Next()
	if err == io.EOF {
		o.out.Restart = o.txn.End.String()
	}
	return def, body, err
}

// OpPosition and Last are those of the transaction in the trail.
func (o *streamed) OpPosition() trail.Position { return o.txn.OpPosition() }

// Last reports whether the operation given last ends the transaction.
func (o *streamed) Last() bool { return o.txn.Last() }

// Wait waits for the trail to grow.
func (s *TrailSource) Wait(ctx context.Context) error { return s.r.Wait(ctx) }

// Close closes the trail.
func (s *TrailSource) Close() error { return s.r.Close() }
