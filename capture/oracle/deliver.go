package oracle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

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
