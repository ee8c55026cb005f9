package oracle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// skipOrder is one call of Source.Skip, answered between two windows.
type skipOrder struct {
	xid   string
	reply chan error // takes one without being waited for
}

// Skip leaves out an open transaction, named as OpenTransactions names it: what it has
// changed and will change is not delivered, and a restart need not read it. That holds
// beyond a restart from the next position on that Next gives. It is an error if no such
// transaction is open, or if an older one is: only the oldest holds the logs. It may be
// called at any time and returns when it is done or ctx ends.
func (s *Source) Skip(ctx context.Context, xid string) error {
	o := skipOrder{xid: xid, reply: make(chan error, 1)}
	select {
	case s.skips <- o:
	case <-s.done:
		return errors.New("the capture has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.reply:
		return err
	case <-s.done:
		return errors.New("the capture has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// skipAsked does what Skip asks for. It stands between two windows, where nothing is to
// be taken back.
func (r *reader) skipAsked() {
	for {
		select {
		case o := <-r.src.skips:
			o.reply <- r.skip(o.xid)
		default:
			return
		}
	}
}

func (r *reader) skip(xid string) error {
	var found, oldest *transaction
	for _, t := range r.tx.open {
		if t.skipped || t.buf == nil || t.buf.Len() == 0 {
			continue
		}
		if oldest == nil || t.start < oldest.start {
			oldest = t
		}
		if strings.EqualFold(t.xid.String(), xid) {
			found = t
		}
	}
	switch {
	case found == nil:
		return fmt.Errorf("transaction %s is not open, or has changed nothing that is captured", xid)
	case found.xid.partial():
		return fmt.Errorf("the id of transaction %s is not wholly known: it cannot be left out", xid)
	case found.start > oldest.start:
		return fmt.Errorf("transaction %s is not the oldest: that is %s", xid, oldest.xid)
	}
	r.tx.drop(found)
	found.content = content{excluded: true}
	found.skipped = true
	r.tx.skips[found.xid] = true
	r.at.Skip = r.tx.skipList()
	r.at.From = r.next
	if scn, any := r.tx.oldest(r.next - 1); any {
		r.at.From = min(r.at.From, scn)
	}
	r.src.state.opened(r.tx)
	r.advance()
	r.cfg.warn(warning("transaction %s, begun at SCN %d, is left out by order", found.xid, found.start))
	return nil
}

// skipList are the transactions to be left out, in a fixed order.
func (a *assembler) skipList() []XID {
	list := make([]XID, 0, len(a.skips))
	for xid := range a.skips {
		list = append(list, xid)
	}
	slices.SortFunc(list, func(a, b XID) int { return strings.Compare(string(a[:]), string(b[:])) })
	return list
}

// skipsSlot reports whether a transaction to be left out has the undo slot of an id of
// which the rest is unknown.
func (a *assembler) skipsSlot(xid XID) bool {
	for s := range a.skips {
		if [4]byte(s[:4]) == [4]byte(xid[:4]) {
			return true
		}
	}
	return false
}
