package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"sync"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

// restart is the content of Txn.Restart.
type restart struct {
	// From is the first SCN to read: where the oldest open transaction began.
	From uint64 `json:"from"`
	// Done is the SCN up to which everything committed was delivered.
	Done uint64 `json:"scn"`
	// Resetlogs and ID say which database, and which of its incarnations.
	Resetlogs uint64 `json:"resetlogs"`
	ID        uint64 `json:"dbid"`
	// Begin is where the first run began at an SCN of the past: of transactions that were
	// open there the begin has to be looked for.
	Begin uint64 `json:"begin,omitempty"`
	// Skip are open transactions that an operator has left out.
	Skip []XID `json:"skip,omitempty"`
}

func (r *restart) text() string {
	begin := ""
	if r.Begin > 0 {
		begin = fmt.Sprintf(`,"begin":%d`, r.Begin)
	}
	skip := ""
	for i, xid := range r.Skip {
		skip += fmt.Sprintf(`%s"%s"`, []string{`,"skip":[`, ","}[min(i, 1)], xid)
	}
	if skip != "" {
		skip += "]"
	}
	return fmt.Sprintf(`{"scn":%d,"from":%d,"resetlogs":%d,"dbid":%d%s%s}`, r.Done, r.From, r.Resetlogs,
		r.ID, begin, skip)
}

// reader turns windows of the logs into transactions. It belongs to the mining
// goroutine.
type reader struct {
	src    *Source
	cfg    *Config
	schema *schema
	tx     *assembler
	again  *assembler // for transactions that are read again
	pairs  pairing
	at     restart // From is the start of the next window, when nothing is open
	next   uint64  // first SCN of the next window
	width  uint64
	early  uint64 // a new begin: what began before it is not whole
	miner  Miner
	mined  int // windows of this session
	state  State

	mu sync.Mutex
	db Database
}

// newReader connects and finds where to begin.
func newReader(ctx context.Context, src *Source) (*reader, error) {
	r := &reader{src: src, cfg: &src.cfg}
	r.tx = newAssembler(r.cfg, src.cache)
	r.again = newAssembler(r.cfg, src.cache)
	r.pairs = pairing{seed: maphash.MakeSeed(), limit: src.cache.Status().Limit / 4}
	r.width = r.cfg.MinWindow
	if err := r.connect(ctx); err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		return nil, errors.Join(err, r.db.Close())
	}
	return r, nil
}

// connect opens the database anew.
func (r *reader) connect(ctx context.Context) error {
	db, err := r.cfg.Connect(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.db = db
	r.mu.Unlock()
	return nil
}

// database is the present connection, for any goroutine.
func (r *reader) database() Database {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.db
}

// start finds the first SCN and learns the tables.
func (r *reader) start(ctx context.Context) error {
	state, err := r.db.Logs().State(ctx)
	if err != nil {
		return err
	}
	if !state.Archiving {
		return ggserr.New(ggserr.LogProblem, "the database does not archive its logs").
			Do("SHUTDOWN IMMEDIATE; STARTUP MOUNT; ALTER DATABASE ARCHIVELOG; ALTER DATABASE OPEN;")
	}
	if !state.Minimal {
		return ggserr.New(ggserr.LogProblem, "supplemental logging is off: LogMiner cannot tell the rows").
			Do("ALTER DATABASE ADD SUPPLEMENTAL LOG DATA;")
	}
	r.state = state
	r.src.state.set(func(now *Status) { now.Server, now.Connected = state.Product, true })
	r.at = restart{Resetlogs: state.Resetlogs, ID: state.ID}
	r.schema = newSchema(r.cfg, state.Octets, func() Dictionary { return r.database().Dictionary() })
	if text := r.cfg.Start.Restart; text != "" {
		if err := r.startAgain(text); err != nil {
			return err
		}
	} else if err := r.startNew(ctx); err != nil {
		return err
	}
	r.next = r.at.From
	r.src.state.set(func(now *Status) { now.Read = r.next - 1 })
	for _, a := range []*assembler{r.tx, r.again} {
		a.judge = func(row *Row) (verdict, error) { return r.schema.judge(ctx, row) }
	}
	if err := r.schema.load(r.at); err != nil {
		return err
	}
	if err := r.schema.learnAll(ctx, r.at.Done); err != nil {
		return err
	}
	return r.schema.save(r.at)
}

// startAgain goes on where an earlier run stood.
func (r *reader) startAgain(text string) error {
	var at restart
	if err := json.Unmarshal([]byte(text), &at); err != nil || at.From == 0 {
		return ggserr.New(ggserr.LogProblem, "the checkpoint cannot be used: "+text).Because(err)
	}
	if at.ID != r.state.ID {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the checkpoint is of the database with DBID %d, "+
			"this is %d", at.ID, r.state.ID)).
			Do("Connect to the former database, or ALTER EXTRACT %s with a new BEGIN.", r.cfg.Group)
	}
	if at.Resetlogs != r.state.Resetlogs {
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the database was opened with RESETLOGS at SCN %d, "+
			"the checkpoint at SCN %d is of the logs before that", r.state.Resetlogs, at.Done)).
			Do("Load the tables again and ALTER EXTRACT %s, BEGIN NOW.", r.cfg.Group)
	}
	r.at = at
	for _, xid := range at.Skip {
		r.tx.skips[xid] = true
	}
	return nil
}

// startNew begins at an SCN, a time or now. Transactions that were open then are read
// from their begin.
func (r *reader) startNew(ctx context.Context) error {
	state, from, err := openSince(ctx, r.db.Logs())
	if err != nil {
		return err
	}
	scn := r.cfg.Start.SCN
	switch {
	case scn > 0:
	case !r.cfg.Start.Time.IsZero() && r.cfg.Start.Time.Before(state.Time):
		scn, err = r.db.Logs().SCN(ctx, r.cfg.Start.Time)
	default:
		scn = state.SCN
	}
	if err != nil {
		return err
	}
	r.at.Done, r.at.From = scn, min(from, scn+1)
	if scn < state.SCN {
		r.at.Begin = r.at.From
	}
	r.src.begun = record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: scn},
		CommitTime: time.Now().UTC()}, Restart: r.at.text()}
	return nil
}

// release gives back what open transactions hold, and the sessions.
func (r *reader) release() {
	for _, t := range r.tx.open {
		r.tx.drop(t)
	}
	for _, t := range r.tx.ended {
		r.tx.drop(t)
	}
	r.closeMiner()
	if err := r.db.Close(); err != nil {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "closing the connection").Because(err))
	}
}

func (r *reader) closeMiner() {
	if r.miner == nil {
		return
	}
	if err := r.miner.Close(); err != nil {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "ending LogMiner's session").Because(err))
	}
	r.miner, r.mined = nil, 0
}

// run reads windows until ctx ends or an error that waiting does not mend.
func (r *reader) run(ctx context.Context) error {
	r.tx.judge = func(row *Row) (verdict, error) { return r.schema.judge(ctx, row) }
	r.again.judge = r.tx.judge
	tries, wait := 0, r.cfg.RetryWait
	for {
		r.skipAsked()
		idle, err := r.step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			tries, wait = 0, r.cfg.RetryWait
			if idle {
				if err := sleep(ctx, r.cfg.Poll); err != nil {
					return err
				}
			}
			continue
		}
		var trouble *TroubleError
		if !errors.As(err, &trouble) {
			return err
		}
		if tries++; tries >= r.cfg.Retries && trouble.Trouble != Lost {
			return r.gaveUp(trouble)
		}
		r.troubled(trouble)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(wait*2, time.Minute)
		if trouble.Trouble == Lost {
			if err := r.reconnect(ctx); err != nil {
				r.troubled(&TroubleError{Lost, err})
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// troubled tells of an error that is tried again.
func (r *reader) troubled(trouble *TroubleError) {
	r.closeMiner()
	r.src.state.set(func(now *Status) {
		now.Problem, now.Connected, now.AtEnd = trouble.Error(), trouble.Trouble != Lost, false
	})
	r.cfg.warn(ggserr.New(ggserr.NetworkRetry, fmt.Sprintf("the source, from SCN %d", r.next)).
		Because(trouble.Err))
}

func (r *reader) gaveUp(trouble *TroubleError) error {
	var placed *ggserr.Error
	if errors.As(trouble.Err, &placed) {
		return placed
	}
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the logs from SCN %d cannot be read", r.next)).
		Because(trouble.Err).Do("START EXTRACT %s tries again; nothing was skipped.", r.cfg.Group)
}

// reconnect opens the database again and makes sure that it is the same.
func (r *reader) reconnect(ctx context.Context) error {
	if err := r.db.Close(); err != nil {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "closing the connection").Because(err))
	}
	return r.connect(ctx)
}

// step reads one window, or finds that there is nothing new.
func (r *reader) step(ctx context.Context) (idle bool, err error) {
	state, err := r.db.Logs().State(ctx)
	if err != nil {
		return false, err
	}
	if state.ID != r.state.ID || state.Resetlogs != r.state.Resetlogs {
		return false, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the database is another one now, or was "+
			"opened with RESETLOGS: DBID %d, SCN %d; it was %d, %d", state.ID, state.Resetlogs, r.state.ID,
			r.state.Resetlogs)).Do("Load the tables again and ALTER EXTRACT %s, BEGIN NOW.", r.cfg.Group)
	}
	r.src.state.set(func(now *Status) { now.Connected = true })
	files, err := r.db.Logs().Files(ctx, r.next)
	if err != nil {
		return false, err
	}
	bound := r.bound(&state, files)
	if bound < r.next {
		r.src.state.set(func(now *Status) { now.AtEnd, now.Problem = true, "" })
		return true, nil
	}
	w := &Window{From: r.next, To: bound, Mode: r.cfg.Mode, Exclude: r.schema.exclude()}
	if bound-r.next >= r.width {
		w.To = r.next + r.width - 1
	}
	if w.Logs, err = chooseLogs(&state, files, w.From, w.To, r.cfg); err != nil {
		return false, err
	}
	if err := r.window(ctx, w); err != nil {
		return false, err
	}
	return w.To == bound, nil
}

// window reads a window and delivers what was committed in it. When that fails,
// everything is as before.
func (r *reader) window(ctx context.Context, w *Window) error {
	r.tx.lobs, r.tx.early = r.schema.lobs(), r.at.Begin > 0
	r.tx.begin(w.From)
	rows, err := r.mine(ctx, w, r.tx)
	if errors.Is(err, errExcluded) {
		if err = r.tx.takeBack(); err == nil {
			w.Exclude = nil
			r.tx.begin(w.From)
			rows, err = r.mine(ctx, w, r.tx)
		}
	}
	if err == nil {
		err = r.stillThere(ctx, w)
	}
	var ended []*transaction
	if err == nil {
		ended, err = r.tx.end()
	}
	if err == nil {
		err = r.readAgain(ctx, w, ended)
	}
	if err != nil {
		return errors.Join(err, r.tx.takeBack())
	}
	if err := r.deliver(ctx, w, ended); err != nil {
		return err
	}
	r.next = w.To + 1
	r.adapt(w, rows)
	return nil
}

// errExcluded says that rows which LogMiner was told to drop matter now.
var errExcluded = errors.New("a table was renamed")

// mine reads the rows of a window.
func (r *reader) mine(ctx context.Context, w *Window, a *assembler) (rows uint64, err error) {
	a.schema = func(row *Row) (bool, error) {
		take, excluded, err := r.schema.change(ctx, row)
		if err == nil && excluded && len(w.Exclude) > 0 {
			err = errExcluded
		}
		return take, err
	}
	if r.miner != nil && r.mined >= r.cfg.Recycle {
		r.closeMiner()
	}
	if r.miner == nil {
		if r.miner, err = r.db.Mine(ctx); err != nil {
			return 0, err
		}
	}
	r.mined++
	if err := r.miner.Start(ctx, w); err != nil {
		return 0, err
	}
	var row Row
	for {
		err := r.miner.Next(ctx, &row)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows++
		if row.SCN < w.From || row.SCN > w.To {
			continue
		}
		if err := a.row(&row); err != nil {
			return rows, err
		}
		r.src.state.rows.Add(1)
	}
}

// stillThere makes sure that no log was written over while it was read.
func (r *reader) stillThere(ctx context.Context, w *Window) error {
	if !slices.ContainsFunc(w.Logs, func(f LogFile) bool { return !f.Archived }) {
		return nil
	}
	now, err := r.db.Logs().Files(ctx, w.From)
	if err != nil {
		return err
	}
	for _, f := range w.Logs {
		if f.Archived || slices.ContainsFunc(now, func(g LogFile) bool {
			return !g.Archived && g.Thread == f.Thread && g.Sequence == f.Sequence && g.Name == f.Name
		}) {
			continue
		}
		return &TroubleError{LogChanged, fmt.Errorf("log %s of thread %d, sequence %d, was written over "+
			"while it was read", f.Name, f.Thread, f.Sequence)}
	}
	return nil
}
