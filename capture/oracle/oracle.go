// Package oracle captures the committed transactions of Oracle databases through
// LogMiner, in commit order, in the binary form of package record.
//
// It reads no log file itself and changes nothing in the database; it filters by table
// name only and leaves parameters to package extract. Its law: a transaction is
// delivered whole or not at all, once and in the order of system change numbers,
// whatever happens to the connection or the logs; and what LogMiner does not tell for
// sure stops the capture with a message instead of passing through.
package oracle

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"ggsh/capture/cachemgr"
	"ggsh/capture/handover"
	"ggsh/ggserr"
	"ggsh/record"
)

// maxQueued bounds the memory of finished transactions that wait for Next.
const maxQueued = 64 << 20

// progressEvery is how often Next tells of progress without transactions.
const progressEvery = time.Second

// Source delivers transactions. Next and Wait belong to one goroutine; Status,
// OpenTransactions, Skip and Close may be called by any.
type Source struct {
	cfg   Config
	cache *cachemgr.Manager
	queue handover.Queue[*delivery]
	state status
	ops   operations

	cancel context.CancelFunc
	done   chan struct{} // closed when the mining goroutine has ended
	skips  chan skipOrder

	closeOnce sync.Once
	closeErr  error

	begun   record.Txn // see Position
	last    *delivery  // what Next returned last
	lastEnd string     // its Restart
	shown   time.Time  // when progress was returned last
}

// delivery is what was committed at one SCN.
type delivery struct {
	txn   record.Txn
	group []*transaction
}

func (d *delivery) release() error {
	var errs []error
	for _, t := range d.group {
		errs = append(errs, t.release())
	}
	return errors.Join(errs...)
}

// Open connects, finds where to begin and starts to read. ctx bounds Open alone; Close
// ends the reading.
func Open(ctx context.Context, cfg Config) (*Source, error) {
	cfg = cfg.completed()
	cache, err := cachemgr.New(cfg.SpoolDir, cfg.Group, cfg.CacheSize)
	if err != nil {
		return nil, ggserr.New(ggserr.Generic, "cannot prepare the transaction cache").Because(err)
	}
	s := &Source{cfg: cfg, cache: cache, done: make(chan struct{}),
		skips: make(chan skipOrder)}
	s.queue.Init(min(cache.Status().Limit/2, maxQueued))
	r, err := newReader(ctx, s)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.ops = operations{ctx: run, schema: r.schema, cfg: &s.cfg, state: &s.state}
	go func() {
		defer close(s.done)
		s.queue.End(r.run(run))
		r.release()
	}()
	return s, nil
}

// Next returns what was committed at the next SCN. io.EOF says that there is nothing
// now. Once a second at most it returns a Txn without Ops that tells how far the logs
// were read. The Txn is valid until the next call.
func (s *Source) Next(ctx context.Context) (*record.Txn, error) {
	for {
		if err := s.forget(); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d, ok, progress, err := s.queue.Pop()
		if err != nil {
			return nil, err
		}
		if !ok {
			return s.progress(progress)
		}
		s.last, s.lastEnd = d, d.txn.Restart
		s.ops.reset(d.group, d.txn.CSN.Minor)
		if !s.ops.peek() {
			s.state.skipped.Add(1)
			continue
		}
		d.txn.Ops = &s.ops
		s.state.transactions.Add(1)
		s.state.set(func(now *Status) { now.CSN, now.CommitTime = d.txn.CSN, d.txn.CommitTime })
		return &d.txn, nil
	}
}

// progress tells how far the logs were read, once in a while.
func (s *Source) progress(at record.Txn) (*record.Txn, error) {
	if at.Restart != "" && at.Restart != s.lastEnd && time.Since(s.shown) >= progressEvery {
		s.shown, s.lastEnd = time.Now(), at.Restart
		return &at, nil
	}
	return nil, io.EOF
}

// forget gives back what Next returned before.
func (s *Source) forget() error {
	if s.last == nil {
		return nil
	}
	err := s.last.release()
	s.last = nil
	if err != nil {
		return ggserr.New(ggserr.Generic, "cannot remove a spool file").Because(err)
	}
	return nil
}

// Wait returns when Next may have something, the reading has failed, or ctx ends.
func (s *Source) Wait(ctx context.Context) error {
	var due <-chan time.Time
	for {
		ready, fresh := s.queue.Look(s.lastEnd)
		if ready {
			return nil
		}
		if fresh && due == nil {
			t := time.NewTimer(max(progressEvery-time.Since(s.shown), 0))
			defer t.Stop()
			due = t.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.queue.Ready():
		case <-due:
			return nil
		}
	}
}

// Close ends the reading, waits for it, and removes spool files.
func (s *Source) Close() error {
	s.closeOnce.Do(func() {
		s.cancel()
		<-s.done
		errs := []error{s.forget()}
		for {
			d, ok, _, _ := s.queue.Pop()
			if !ok {
				break
			}
			errs = append(errs, d.release())
		}
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

// CacheStatus looks at the transaction cache.
func (s *Source) CacheStatus() cachemgr.Status { return s.cache.Status() }

// Position is the SCN where reading began, a transaction without Ops; known is false
// when an earlier run is gone on with.
func (s *Source) Position() (at record.Txn, known bool) { return s.begun, s.begun.Restart != "" }
