// Package mysql captures the committed transactions of MySQL and MariaDB from the
// row binary log, in commit order, in the binary form of package record.
//
// It is not a replica of the server and applies nothing; it filters by table name
// only and leaves parameters to package extract. Its law: a transaction is
// delivered whole or not at all, once and in order, whatever happens to the
// connection; and a value whose meaning is not certain stops the capture with a
// message instead of passing through.
package mysql

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"sync"
	"time"

	"ggsh/capture/cachemgr"
	"ggsh/capture/handover"
	"ggsh/ggserr"
	"ggsh/record"
)

// Config says what to capture and from where.
type Config struct {
	Group    string // names spool files; also makes the server id stable
	Host     string
	Port     int
	Socket   string // used instead of Host and Port when given
	User     string
	Password string
	TLS      *tls.Config // nil for none
	// ServerID is this reader's id among the server's replicas; two readers with
	// one id disconnect each other. 0 derives one from Group, Host and the folder.
	ServerID uint32

	Start Start

	// SchemaFile keeps table definitions between runs; empty keeps none.
	SchemaFile string
	// CacheSize bounds the memory of open and waiting transactions, in octets; 0
	// for cachemgr's default. What is larger is spooled to SpoolDir.
	CacheSize int64
	SpoolDir  string

	// Want tells which tables are captured; nil captures all but the server's own. An
	// empty table asks whether anything of the schema is captured.
	Want func(schema, table string) bool
	// WantSequence tells which sequences of MariaDB are captured: inserts of their rows;
	// nil captures none.
	WantSequence func(schema, name string) bool
	// FilterTables are the checkpoint tables of Replicats (schema.table); a transaction
	// that touches one of them is a Replicat's. It is left out as a whole unless
	// GetReplicates; all others are left out with IgnoreApplications.
	FilterTables       []string
	GetReplicates      bool
	IgnoreApplications bool
	// AllDDL has DDL delivered on whatever object, Want or not, but the server's own.
	AllDDL bool
	// LeaveOutTag tells which transactions are left out by the tag of their GTID (MySQL
	// 8.3+), empty for none; nil leaves out none.
	LeaveOutTag func(tag string) bool

	// Warn receives warnings; nil drops them. It may be called by another goroutine.
	Warn func(*ggserr.Error)
}

// Start is where reading begins. The first that is given counts: Restart, Time,
// File and Pos, Pos alone; otherwise the present end of the log.
type Start struct {
	Restart string    // from a Txn of an earlier run
	Time    time.Time // transactions committed at or after it
	Seq     uint64    // log file number (LOGNUM); the base name is the server's
	Pos     uint64    // position in that file (LOGPOS); transactions behind it
}

// Source delivers transactions. Next and Wait belong to one goroutine; Status,
// OpenTransactions and Close may be called by any.
type Source struct {
	cfg   Config
	cache *cachemgr.Manager
	queue handover.Queue[*delivery]
	state status

	cancel context.CancelFunc
	done   chan struct{} // closed when the reading goroutine has ended

	closeOnce sync.Once
	closeErr  error

	begun   record.Txn // see Position
	last    *delivery  // what Next returned last
	lastEnd string     // its Restart
	shown   time.Time  // when progress was returned last
}

// maxQueued bounds the memory of finished transactions that wait for Next.
const maxQueued = 64 << 20

// delivery is a finished transaction and its operations.
type delivery struct {
	txn record.Txn
	buf *cachemgr.Buffer
}

// progressEvery is how often Next tells of progress without transactions.
const progressEvery = time.Second

// Open connects, checks the start position and begins to read. ctx bounds Open
// alone; Close ends the reading.
func Open(ctx context.Context, cfg Config) (*Source, error) {
	cfg = cfg.completed()
	cache, err := cachemgr.New(cfg.SpoolDir, cfg.Group, cfg.CacheSize)
	if err != nil {
		return nil, ggserr.New(ggserr.Generic, "cannot prepare the transaction cache").Because(err)
	}
	s := &Source{cfg: cfg, cache: cache, done: make(chan struct{})}
	s.queue.Init(min(cache.Status().Limit/2, maxQueued))
	srv, err := connectServer(ctx, &s.cfg)
	if err != nil {
		return nil, err
	}
	if cfg.LeaveOutTag != nil && srv.flavor == flavorMariaDB {
		return nil, errors.Join(ggserr.New(ggserr.BadParameter, "transactions of MariaDB have no tags").
			Do("Use TRANLOGOPTIONS FILTERTABLE in place of EXCLUDETAG."), srv.close())
	}
	r, err := newReader(ctx, s, srv)
	if err != nil {
		return nil, errors.Join(err, srv.close())
	}
	run, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() {
		defer close(s.done)
		s.queue.End(r.run(run))
		r.release()
		if err := srv.close(); err != nil {
			s.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "closing the connection").Because(err))
		}
	}()
	return s, nil
}

// Next returns the next committed transaction. io.EOF says that there is none now.
// Once a second at most it returns a Txn without Ops that tells how far the log
// was read. The Txn is valid until the next call.
func (s *Source) Next(ctx context.Context) (*record.Txn, error) {
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
	if ok {
		s.last, s.lastEnd = d, d.txn.Restart
		d.buf.Rewind()
		d.txn.Ops = d.buf
		return &d.txn, nil
	}
	if progress.Restart != "" && progress.Restart != s.lastEnd &&
		time.Since(s.shown) >= progressEvery {
		s.shown, s.lastEnd = time.Now(), progress.Restart
		return &progress, nil
	}
	return nil, io.EOF
}

// forget gives back the transaction that Next returned before.
func (s *Source) forget() error {
	if s.last == nil {
		return nil
	}
	err := s.last.buf.Release()
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
		s.closeErr = errors.Join(s.forget(), s.drain())
	})
	return s.closeErr
}

// drain gives the buffers of all waiting transactions back.
func (s *Source) drain() error {
	var errs []error
	for {
		d, ok, _, _ := s.queue.Pop()
		if !ok {
			return errors.Join(errs...)
		}
		errs = append(errs, d.buf.Release())
	}
}

// CacheStatus looks at the transaction cache.
func (s *Source) CacheStatus() cachemgr.Status { return s.cache.Status() }
