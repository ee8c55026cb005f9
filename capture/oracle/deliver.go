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

// readAgain reads once more, as a whole, what the window shows in part: transactions
// that began before it, where LOBs may be lost, and those that were open where a new
// capture begins.
func (r *reader) readAgain(ctx context.Context, w *Window, ended []*transaction) error {
	var list, early []*transaction
	from := w.From
	for _, t := range ended {
		switch {
		case t.scn <= r.at.Done || t.excluded:
		case r.at.Begin > 0 && !t.begun:
			early = append(early, t)
		case r.tx.lobs && t.start < w.From && r.tx.matters(t, w.To):
			list = append(list, t)
			from = min(from, t.start)
		}
	}
	if len(list) > 0 {
		missing, err := r.reread(ctx, list, from, w.To)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			t := missing[0]
			return ggserr.New(ggserr.LogProblem, fmt.Sprintf("transaction %s, committed at SCN %d, is not in "+
				"the logs from its begin at SCN %d", t.xid, t.scn, t.start))
		}
	}
	return r.readEarly(ctx, early, w.To)
}

// firstSpan is how many SCNs before a new begin a transaction is looked for first.
const firstSpan = 1 << 16

// readEarly looks for the begin of transactions that were open where the capture begins,
// further back each time, as far as there are logs.
func (r *reader) readEarly(ctx context.Context, list []*transaction, to uint64) error {
	for span := uint64(firstSpan); len(list) > 0; span <<= 4 {
		from := uint64(1)
		if r.at.Begin > span {
			from = r.at.Begin - span
		}
		files, err := r.db.Logs().Files(ctx, 0)
		if err != nil {
			return err
		}
		oldest := oldestLog(files)
		last := from <= oldest
		if list, err = r.reread(ctx, list, max(from, oldest), to); err != nil {
			return err
		}
		if !last {
			continue
		}
		for _, t := range list {
			r.cfg.warn(warning("transaction %s, committed at SCN %d, began before SCN %d, the first that "+
				"there are logs of: its changes before that are not captured", t.xid, t.scn, oldest))
		}
		return nil
	}
	return nil
}

// oldestLog is the first SCN that every thread still has a log of.
func oldestLog(files []LogFile) uint64 {
	first := map[int]uint64{}
	for _, f := range files {
		if scn, seen := first[f.Thread]; !seen || f.First < scn {
			first[f.Thread] = f.First
		}
	}
	oldest := uint64(1)
	for _, scn := range first {
		oldest = max(oldest, scn)
	}
	return oldest
}

// reread replaces what is known of transactions by what a reading from an SCN on tells,
// and gives those of which the begin was not in it.
func (r *reader) reread(ctx context.Context, list []*transaction, from, to uint64) ([]*transaction, error) {
	whole := &Window{From: from, To: to, Mode: r.cfg.Mode}
	for _, t := range list {
		whole.XIDs = append(whole.XIDs, t.xid)
	}
	files, err := r.db.Logs().Files(ctx, from)
	if err != nil {
		return nil, err
	}
	if whole.Logs, err = chooseLogs(&r.state, files, from, to, r.cfg); err != nil {
		return nil, err
	}
	clear(r.again.open)
	r.again.begin(from)
	_, err = r.mine(ctx, whole, r.again)
	var fresh []*transaction
	if err == nil {
		err = r.stillThere(ctx, whole)
	}
	if err == nil {
		fresh, err = r.again.end()
	}
	if err != nil {
		return nil, errors.Join(err, r.again.takeBack())
	}
	r.again.settle()
	missing := r.replace(list, fresh)
	for _, f := range fresh {
		r.again.drop(f)
	}
	for _, t := range r.again.open { // others in the same slots
		r.again.drop(t)
	}
	clear(r.again.open)
	return missing, nil
}

// replace gives transactions the rows that were read again, but for those of which the
// begin is still not known.
func (r *reader) replace(list, fresh []*transaction) (missing []*transaction) {
	for _, t := range list {
		i := slices.IndexFunc(fresh, func(f *transaction) bool { return f.xid == t.xid && f.scn == t.scn })
		if i < 0 || !fresh[i].begun {
			missing = append(missing, t)
			continue
		}
		t.again, fresh[i].buf = &content{buf: fresh[i].buf, undo: fresh[i].undo,
			excluded:   fresh[i].excluded,
			replicated: fresh[i].replicated}, nil
		r.src.state.reread.Add(1)
	}
	return missing
}

// settle puts what was read again in place of what the window showed: from here on
// nothing is taken back.
func (r *reader) settle(ended []*transaction) {
	r.tx.settle()
	for _, t := range ended {
		if t.again == nil {
			continue
		}
		r.tx.drop(t)
		t.content, t.again = *t.again, nil
	}
}

// deliver hands over what was committed in the window, one transaction for each SCN.
func (r *reader) deliver(ctx context.Context, w *Window, ended []*transaction) error {
	r.settle(ended)
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
	r.at.From, r.at.Skip = w.To+1, r.tx.skipList()
	if oldest, any := r.tx.oldest(w.To); any {
		r.at.From = min(r.at.From, oldest)
	}
	// First the news, then the progress: who has got it must not see it behind.
	r.src.state.opened(r.tx)
	r.src.state.set(func(now *Status) { now.Read, now.Problem = w.To, "" })
	r.advance()
	return nil
}

// advance tells how far the logs were read.
func (r *reader) advance() {
	txn := record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: r.at.Done},
		CommitTime: r.state.Time}, Restart: r.at.text()}
	r.src.queue.Advance(&txn)
}

// push hands over what was committed at one SCN; later is what the window still has.
func (r *reader) push(ctx context.Context, group, later []*transaction) error {
	scn := group[0].scn
	d := &delivery{}
	for _, t := range group {
		delete(r.tx.skips, t.xid)
		if t.excluded || r.cfg.IgnoreApplications && !t.replicated || scn <= r.at.Done || t.buf == nil || t.buf.Len() == 0 {
			r.tx.drop(t)
			continue
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
	at.Done, at.From, at.Skip = scn, scn+1, r.tx.skipList()
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
