package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/record"
)

// Snapshot is the tables of a database as they stood at one commit. Several
// readers, numbered from 0, may use it at once.
type Snapshot interface {
	// Position is that commit, as a transaction without operations. Its CSN is zero
	// when the database keeps no log.
	Position() record.Txn
	Tables() []SnapshotTable
	// Bounds finds the ends of the keys of the table with that number.
	Bounds(ctx context.Context, reader, table int) (Bounds, error)
	// Read gives the rows of a part as inserts; each lives until take returns.
	Read(ctx context.Context, reader int, part Part, take func(op []byte) error) error
	Close() error
}

// SnapshotTable is one table of a snapshot.
type SnapshotTable struct {
	Def  *record.TableDef
	Rows int64 // about how many; -1 unknown
	// Key names what the table can be read in parts by: the first column of the key,
	// when its values are whole numbers, or ROWID; empty when it is read whole.
	Key string
}

// Bounds are the lowest and the highest key of a table that has rows.
type Bounds struct {
	Low, High int64
	Any       bool
}

// Part is the rows of a table to read.
type Part struct {
	Table    int   // its number in Tables
	From, To int64 // of the key; the ends of int64 mean that there is no end
	Where    string
}

// LoadConfig is what an initial load needs.
type LoadConfig struct {
	Config
	// OpenSnapshot takes a snapshot for as many readers, or fewer, and says how many.
	// loaded is the commit that what is loaded is of, zero without: a source that can
	// look back takes that one again.
	OpenSnapshot func(ctx context.Context, readers int, loaded record.CSN) (s Snapshot, got int, err error)
	// OpenChanges opens the log behind a snapshot, by its Position's Restart.
	OpenChanges func(ctx context.Context, restart string) (Source, error)
	// Free tells the source that the load needs the log only from a commit on; with
	// zero, not any more. It may be nil.
	Free func(ctx context.Context, from record.CSN) error
	// Ledger remembers the load between runs; nil for a load that is no group's.
	Ledger *checkpoint.LoadFile
	// Anew makes each run a load of its own: its outputs cannot be gone on with.
	Anew      bool
	Readers   int
	ChunkRows int
}

// load is an initial load. What it shares with a capture (outputs, routes, orders)
// is the engine's.
type load struct {
	*engine
	lc  LoadConfig
	led *checkpoint.Load

	txn     record.Txn // the one being written
	snap    Snapshot
	readers int
	at      record.Txn // the snapshot's position
	tables  []*loadTable
	pending []pendingPart // complete in the trail as soon as that is durable
	storedL time.Time     // when the ledger was stored
	toldAt  time.Time     // when progress was reported
	cutPart bool          // transactions of an unfinished part are in the trail
	fresh   bool          // the outputs begin anew
	began   time.Time     // of the reading in this run
}

// loadTable is a table that is being loaded.
type loadTable struct {
	SnapshotTable
	number int
	name   string
	where  string
	routes []*route
	gaps   []checkpoint.KeyRange // what is not loaded when reading begins
	cut    *cutter
	opened bool // its first part was handed out
}

// pendingPart is a part whose transaction was written and not yet made durable.
type pendingPart struct {
	serial uint64
	checkpoint.LoadPart
}

// reportEvery is how often the report tells of a load's progress.
const reportEvery = 30 * time.Second

// RunLoad loads until all is read, it is stopped, or fails.
func RunLoad(ctx context.Context, cfg LoadConfig) error {
	l := &load{engine: newEngine(cfg.Config), lc: cfg}
	if err := l.openLedger(); err != nil {
		return err
	}
	if err := cfg.Process.Serve(ctx, l); err != nil {
		return err
	}
	err := l.run(ctx, l.session)
	if err == nil && l.led.Phase != checkpoint.LoadComplete {
		return l.stoppedEarly()
	}
	return err
}

// openLedger reads what an earlier run has done. A load that was completed is done
// anew, all of it.
func (l *load) openLedger() error {
	now := l.proc.Now()
	l.led = &checkpoint.Load{ID: fmt.Sprintf("%x", now.UnixNano()), Group: l.proc.Group(),
		Phase: checkpoint.LoadReading, Started: now}
	l.fresh = true
	if l.lc.Ledger == nil {
		return nil
	}
	old, err := l.lc.Ledger.Load()
	switch {
	case l.lc.Anew || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return ggserr.New(ggserr.LoadBroken, "its ledger cannot be read").Because(err)
	case old.Phase != checkpoint.LoadComplete && old.Serial > 0:
		l.led, l.fresh = old, false
	}
	l.led.RunRows, l.led.RunTime, l.led.Written = 0, 0, 0
	for i := range l.led.Tables {
		l.led.Written += l.led.Tables[i].Rows
	}
	return nil
}

// oneRun reports whether no later run can go on with the load.
func (l *load) oneRun() bool { return l.lc.Ledger == nil || l.lc.Anew }

func (l *load) stoppedEarly() error {
	if !l.oneRun() {
		l.proc.Line("The initial load is stopped on its way: START EXTRACT %s goes on.", l.proc.Group())
		return nil
	}
	return ggserr.New(ggserr.Generic, "the initial load was stopped before its end").
		Do("Run it again: it begins anew.")
}

// lasting is a passing error that trying again does not mend here.
type lasting struct{ error }

// Temporary stops the engine.
func (lasting) Temporary() bool { return false }

// Unwrap gives the error.
func (l lasting) Unwrap() error { return l.error }

// session connects, takes a snapshot, and reads what is not loaded yet.
func (l *load) session(ctx context.Context) (err error) {
	defer func() {
		if cerr := l.leave(); err == nil {
			err = cerr
		}
		stuck := l.cutPart || len(l.cfg.Outputs) > 1 || l.lc.Anew && !l.fresh
		if err != nil && stuck && temporary(err) {
			err = ggserr.New(ggserr.Generic, "the initial load broke off and cannot go on from there").
				Because(lasting{err}).Do("Run it again: it begins anew.")
		}
	}()
	if err := l.openOutputs(ctx); err != nil {
		return err
	}
	if err := l.beginSQL(ctx); err != nil {
		return err
	}
	if err := l.settlePending(); err != nil {
		return err
	}
	if l.led.Serial == 0 || !l.allDone() {
		if err := l.openSnapshot(ctx); err != nil {
			return err
		}
		if err := l.catchUp(ctx); err != nil {
			return err
		}
		if err := l.readAll(ctx); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return l.pause(ctx)
		}
	}
	if err := l.complete(ctx); err != nil {
		return err
	}
	return l.atExit(ctx)
}

// pause ends a load on its way by order: what is written whole need not come again.
func (l *load) pause(ctx context.Context) error {
	if l.orders.forced() {
		return nil
	}
	if err := l.syncParts(); err != nil {
		return err
	}
	if err := l.storeLedger(); err != nil {
		return err
	}
	return l.atExit(ctx)
}

// leave gives back what a session holds.
func (l *load) leave() error {
	var err error
	if l.snap != nil {
		err = l.snap.Close()
		l.snap = nil
	}
	l.tables = nil
	return errors.Join(l.disconnect(), err)
}

// openOutputs opens the trails. At its begin a load forgets what they hold, and
// with PURGE removes it.
func (l *load) openOutputs(ctx context.Context) error {
	for _, cfg := range l.cfg.Outputs {
		cfg.Forget, cfg.Purge = l.fresh, cfg.Purge && l.fresh
		if !l.fresh && !cfg.Remote {
			cfg.Durable = l.durable(cfg.Name)
		}
		w, held, err := l.cfg.OpenOutput(ctx, cfg)
		if err != nil {
			return err
		}
		l.outputs = append(l.outputs, &output{cfg: cfg, w: w, held: held})
	}
	l.showOutputs()
	return nil
}

// settlePending finds out which of the parts on the way the trail holds whole.
func (l *load) settlePending() error {
	if l.led.Pending != nil && len(l.pending) == 0 {
		l.pending = []pendingPart{{l.led.Serial, *l.led.Pending}}
	}
	if l.fresh {
		l.pending, l.led.Pending = nil, nil
		return nil
	}
	held := l.outputs[0].held
	last := held.Last.XID
	if !held.Known {
		last = ""
	}
	done := -1
	for i, p := range l.pending {
		if last == l.nameOf(p.serial) {
			done = i
		}
	}
	switch {
	case done >= 0:
		l.promote(done + 1)
	case last == l.led.Last:
	case !l.led.Upto.IsZero() && held.Last.CSN.Compare(l.led.At) > 0 &&
		held.Last.CSN.Compare(l.led.Upto) <= 0:
		l.led.At, l.led.Last = held.Last.CSN, last // the catch-up came up to there
	default:
		return ggserr.New(ggserr.LoadBroken, fmt.Sprintf("the last transaction of %s is %q, and by "+
			"its ledger it is %q", l.outputs[0].cfg.Name, last, l.led.Last))
	}
	l.pending, l.led.Pending = nil, nil
	return l.storeLedger()
}

// nameOf is the name of the load's transaction of that number.
func (l *load) nameOf(serial uint64) string {
	return fmt.Sprintf("load:%s:%d", l.led.ID, serial)
}

// promote notes the first n pending parts as done: they are durable.
func (l *load) promote(n int) {
	for _, p := range l.pending[:n] {
		if t := l.led.Table(p.Table); t != nil {
			t.Add(p.KeyRange)
		}
		l.led.Last = l.nameOf(p.serial)
	}
	l.pending = l.pending[n:]
	l.led.Pending = nil
}

// allDone reports whether nothing is left to read.
func (l *load) allDone() bool {
	if !l.led.Upto.IsZero() {
		return false
	}
	for i := range l.led.Tables {
		if !l.led.Tables[i].Complete() {
			return false
		}
	}
	return true
}

// storeLedger makes the ledger durable, and where the trails stand.
func (l *load) storeLedger() error {
	now := l.proc.Now()
	l.led.Updated, l.storedL = now, now
	if !l.began.IsZero() {
		l.led.RunTime = now.Sub(l.began)
	}
	if l.lc.Ledger == nil {
		return nil
	}
	if err := l.lc.Ledger.Store(l.led); err != nil {
		return err
	}
	if now.Sub(l.storedAt) < time.Second && l.led.Phase != checkpoint.LoadComplete {
		return nil
	}
	l.storedAt = now
	l.noteOutputs()
	return l.proc.Store()
}
