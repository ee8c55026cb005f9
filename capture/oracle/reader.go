package oracle

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
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
}

func (r *restart) text() string {
	return fmt.Sprintf(`{"scn":%d,"from":%d,"resetlogs":%d,"dbid":%d}`, r.Done, r.From, r.Resetlogs, r.ID)
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
	r.pairs = pairing{seed: maphash.MakeSeed(), limit: src.cache.Status().Limit / 8}
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
	case !r.cfg.Start.Time.IsZero():
		scn, err = r.db.Logs().SCN(ctx, r.cfg.Start.Time)
	default:
		scn = state.SCN
	}
	if err != nil {
		return err
	}
	r.at.Done, r.at.From = scn, min(from, scn+1)
	r.early = r.at.From
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
	r.tx.lobs = r.schema.lobs()
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

// readAgain reads the transactions with LOBs that began before the window once more,
// as a whole: a window that begins within them loses rows.
func (r *reader) readAgain(ctx context.Context, w *Window, ended []*transaction) error {
	var list []*transaction
	whole := &Window{From: w.From, To: w.To, Mode: w.Mode}
	for _, t := range ended {
		if r.tx.matters(t, w.To) && r.tx.lobs && !t.excluded && t.scn > r.at.Done && t.start < w.From {
			list = append(list, t)
			whole.XIDs = append(whole.XIDs, t.xid)
			whole.From = min(whole.From, t.start)
		}
	}
	if len(list) == 0 {
		return nil
	}
	files, err := r.db.Logs().Files(ctx, whole.From)
	if err != nil {
		return err
	}
	if whole.Logs, err = chooseLogs(&r.state, files, whole.From, whole.To, r.cfg); err != nil {
		return err
	}
	clear(r.again.open)
	r.again.begin(whole.From)
	_, err = r.mine(ctx, whole, r.again)
	var fresh []*transaction
	if err == nil {
		err = r.stillThere(ctx, whole)
	}
	if err == nil {
		fresh, err = r.again.end()
	}
	if err != nil {
		return errors.Join(err, r.again.takeBack())
	}
	for _, t := range list {
		i := slices.IndexFunc(fresh, func(f *transaction) bool { return f.xid == t.xid && f.scn == t.scn })
		if i < 0 {
			return ggserr.New(ggserr.LogProblem, fmt.Sprintf("transaction %s, committed at SCN %d, is not in "+
				"the logs from its begin at SCN %d", t.xid, t.scn, t.start))
		}
		r.src.state.reread.Add(1)
		r.tx.drop(t) // from here on nothing is taken back
		t.buf, fresh[i].buf = fresh[i].buf, nil
		t.undo, t.excluded = fresh[i].undo, fresh[i].excluded
	}
	for _, f := range fresh {
		r.again.drop(f)
	}
	for _, t := range r.again.open { // others in the same slots
		r.again.drop(t)
	}
	clear(r.again.open)
	return nil
}

// deliver hands over what was committed in the window, one transaction for each SCN.
func (r *reader) deliver(ctx context.Context, w *Window, ended []*transaction) error {
	slices.SortStableFunc(ended, func(a, b *transaction) int {
		return cmp.Or(cmp.Compare(a.scn, b.scn), cmp.Compare(a.thread, b.thread),
			strings.Compare(a.rsid, b.rsid))
	})
	if err := r.schema.save(r.at); err != nil {
		return err
	}
	for i := 0; i < len(ended); {
		end := i
		for end < len(ended) && ended[end].scn == ended[i].scn {
			end++
		}
		if err := r.push(ctx, ended[i:end], ended[end:]); err != nil {
			return err
		}
		i = end
	}
	r.at.Done = max(r.at.Done, w.To)
	r.at.From = w.To + 1
	if oldest, any := r.tx.oldest(w.To); any {
		r.at.From = min(r.at.From, oldest)
	}
	// First the news, then the progress: who has got it must not see it behind.
	r.src.state.opened(r.tx)
	r.src.state.set(func(now *Status) { now.Read, now.Problem = w.To, "" })
	txn := record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: r.at.Done},
		CommitTime: r.state.Time}, Restart: r.at.text()}
	r.src.queue.Advance(&txn)
	return nil
}

// push hands over what was committed at one SCN; later is what the window still has.
func (r *reader) push(ctx context.Context, group, later []*transaction) error {
	scn := group[0].scn
	d := &delivery{}
	for _, t := range group {
		if scn <= r.at.Done || t.excluded || t.buf == nil || t.buf.Len() == 0 {
			r.tx.drop(t)
			continue
		}
		if r.early > 0 && !t.begun && t.start >= r.early {
			r.cfg.warn(warning("transaction %s, committed at SCN %d, began before SCN %d, where the log is "+
				"read from: its changes before that are not captured", t.xid, t.scn, r.early))
		}
		if err := r.pairs.resolve(t); err != nil {
			return err
		}
		if t.live == 0 {
			r.tx.drop(t)
			continue
		}
		d.group = append(d.group, t)
	}
	if len(d.group) == 0 {
		r.src.state.skipped.Add(uint64(len(group)))
		return nil
	}
	at := r.at
	at.Done, at.From = scn, scn+1
	if oldest, any := r.tx.oldest(scn); any {
		at.From = min(at.From, oldest)
	}
	for _, t := range later {
		if r.tx.matters(t, scn) {
			at.From = min(at.From, t.start)
		}
	}
	first := d.group[0]
	d.txn = record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: scn}, XID: first.xid.String(),
		CommitTime: first.time, User: first.user}, Restart: at.text()}
	held := int64(0)
	for _, t := range d.group {
		held += t.buf.Held()
	}
	if err := r.src.queue.Push(ctx, d, held); err != nil {
		return errors.Join(err, d.release())
	}
	return nil
}

// rowsPerWindow is how many rows a window should bring at most.
const rowsPerWindow = 200_000

// adapt makes windows wider while the logs are ahead, and narrower when they bring
// many rows.
func (r *reader) adapt(w *Window, rows uint64) {
	full := w.To-w.From+1 == r.width
	switch {
	case rows > rowsPerWindow:
		r.width = max(r.width/2, r.cfg.MinWindow)
	case full && rows < rowsPerWindow/2:
		r.width = min(r.width*2, r.cfg.MaxWindow)
	}
	r.state.Time = time.Now().UTC()
}
