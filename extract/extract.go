// Package extract is the Extract process: it takes committed transactions from
// a source, keeps what TABLE statements name, and writes them to trails. A
// data pump is an Extract whose source is a trail.
//
// It knows no database and no network: cmd/extract hands it sources and
// trails. Its law: a trail is durable before the checkpoint says so, a
// checkpoint never moves backwards by itself, and what a trail already holds
// is not written to it again.
package extract

import (
	"context"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/heartbeat"
	"ggsh/mapping"
	"ggsh/mapping/sqlexec"
	"ggsh/param"
	"ggsh/process"
	"ggsh/record"
	"ggsh/trail"
)

// Source gives committed transactions. It belongs to one goroutine, but
// OpenTransactions may be asked by another.
type Source interface {
	// Next returns the next committed transaction in commit order, io.EOF when
	// there is none now. It is valid until the next call; its Restart is read
	// after its last operation.
	Next(ctx context.Context) (*record.Txn, error)
	// Wait returns when Next may have something, or with ctx's error.
	Wait(ctx context.Context) error
	Close() error
}

// Confirmer is a Source that wants to know what is durable in the trails, to
// free what it keeps.
type Confirmer interface {
	Confirm(ctx context.Context, restart string) error
}

// Inspector is a Source that knows its open transactions and itself.
type Inspector interface {
	OpenTransactions() []control.OpenTxn
	Product() string
}

// Skipper is a Source that can leave out an open transaction.
type Skipper interface {
	// Skip is called by another goroutine than Next, and returns when it is done.
	Skip(ctx context.Context, xid string) error
}

// Positioner is a Source that knows where it stands before it has read anything,
// unless it looks for a time.
type Positioner interface {
	// Position gives a transaction without operations.
	Position() (record.Txn, bool)
}

// TrailWriter is a local trail or the way to a remote one.
type TrailWriter interface {
	BeginTxn(info *record.TxnInfo) error
	Op(def *record.TableDef, body []byte, last bool) error
	Rollover() error
	// Sync makes durable what was written and tells where that ends.
	Sync() (trail.Position, error)
	Close() error
}

// Held is what a trail holds when it is opened.
type Held struct {
	Last  record.TxnInfo // the last complete transaction
	Known bool           // there is one
}

// SourceStart says where a source has to begin.
type SourceStart struct {
	// Restart is where an earlier run stood; see record.Txn. Empty: Begin counts.
	Restart string
	Begin   checkpoint.Begin
	// At is where a trail is to be read from; zero leaves it to Begin.
	At trail.Position
	// Bounds are the last transactions that the trails hold, zero for a trail that
	// holds none. A source that joins several transactions into one must end one at
	// each of them, as it did when they were written.
	Bounds []record.CSN
	// Want tells which tables matter.
	Want func(schema, table string) bool
}

// Config is what a run needs.
type Config struct {
	Process *process.Process
	Plan    *mapping.Plan
	Outputs []OutputConfig
	// OpenSource and OpenOutput connect; an error that tells true from
	// Temporary() is tried again.
	OpenSource func(ctx context.Context, start SourceStart) (Source, error)
	OpenOutput func(ctx context.Context, out OutputConfig) (TrailWriter, Held, error)
	// OpenSession logs in to the database of SQLEXEC; nil when there is nothing to ask.
	// Statements are then those that stand outside TABLE.
	OpenSession func(ctx context.Context) (Session, error)
	Statements  *sqlexec.Statements
	// AtCSN and AfterCSN leave out what was committed before, or up to, a CSN.
	AtCSN, AfterCSN *record.CSN
	// LeaveOutTag tells which transactions of a trail are left out by their tag; nil: none.
	LeaveOutTag func(tag string) bool
	// Serves reports whether a TABLE statement's rows go to an output.
	Serves func(t *param.TableStatement, out OutputConfig) bool
	// Discard keeps an operation that a condition of TABLE could not decide on; nil
	// keeps none. It is counted and told in any case.
	Discard func(def *record.TableDef, body []byte, reason error) error
	// Heartbeat says where the source's heartbeat objects are; nil: heartbeats are rows
	// like others. A data pump's names are empty.
	Heartbeat *heartbeat.Names
	// DDL says which DDL goes to the trails; PassDDL has a data pump pass all of it
	// when the parameter file has no DDL.
	DDL     param.DDL
	PassDDL bool
	// Rollover are the times of day at which each trail begins a new file.
	Rollover []param.Clock
	// WarnLong is the age of an open transaction that is worth a warning, told
	// again each WarnEvery; zero: never.
	WarnLong, WarnEvery time.Duration
	// CheckpointEvery bounds the time between two stores of the checkpoint file.
	CheckpointEvery time.Duration
	// FlushEvery bounds how long written records wait to be made durable.
	FlushEvery time.Duration
}

// OutputConfig is one trail of the group.
type OutputConfig struct {
	Index     int // in the parameter file, as TABLE statements refer to it
	Name      string
	Remote    bool
	Host      string
	Megabytes int
	Seqno     uint32         // of the first file
	Durable   trail.Position // of a local trail, by the checkpoint
	Forget    bool           // an operator positioned the group: see trail.WriterConfig
	Purge     bool           // the files that are there are removed first
}

// Run extracts until it is stopped, or fails.
func Run(ctx context.Context, cfg Config) error {
	e := newEngine(cfg)
	if err := cfg.Process.Serve(ctx, e); err != nil {
		return err
	}
	return e.run(ctx, e.session)
}
