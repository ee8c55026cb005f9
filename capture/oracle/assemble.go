package oracle

import (
	"bytes"
	"fmt"
	"strings"

	"ggsh/capture/cachemgr"
	"ggsh/ggserr"
)

// maxText bounds the text of one row that comes in pieces.
const maxText = 256 << 20

// assembler makes transactions of the rows of windows. What a window brought can be
// taken back, because it is read again when it fails.
type assembler struct {
	cfg    *Config
	cache  *cachemgr.Manager
	judge  func(r *Row) (verdict, error)
	schema func(r *Row) (take bool, err error) // a DDL row

	// lobs says that a wanted table has LOBs: windows that begin within a transaction
	// may then lose its rows, so that those without any count, too.
	lobs bool
	// early says that transactions may have been open where reading began.
	early bool
	// skips are transactions that an operator has left out, until their end is seen.
	skips map[XID]bool

	window  uint64 // its number
	from    uint64 // its first SCN
	open    map[slotKey]*transaction
	touched []*transaction
	ended   []*transaction // committed in this window
	warned  bool

	joined  Row    // the row whose pieces are being joined
	text    []byte // of it
	joining bool
	scratch []byte
}

// verdict is what is to be done with a row.
type verdict struct {
	take   bool
	filter bool // its transaction is a Replicat's
}

func newAssembler(cfg *Config, cache *cachemgr.Manager) *assembler {
	return &assembler{cfg: cfg, cache: cache, open: map[slotKey]*transaction{},
		skips: map[XID]bool{}}
}

// begin opens the next window.
func (a *assembler) begin(from uint64) {
	a.window++
	a.from = from
	a.touched, a.ended, a.joining = a.touched[:0], a.ended[:0], false
}

// row takes one row of the window.
func (a *assembler) row(r *Row) error {
	if a.joining || r.Continues {
		whole, err := a.join(r)
		if err != nil || !whole {
			return err
		}
		r = &a.joined
	}
	switch r.Code {
	case CodeStart:
		return a.started(r)
	case CodeCommit, CodeRollback:
		return a.finish(r)
	case CodeMissing:
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("LogMiner reports a gap in the logs at SCN %d: %s",
			r.SCN, r.Info)).Do("Restore the missing archived log and START EXTRACT %s, or load the "+
			"tables again.", a.cfg.Group)
	case CodeDDL:
		return a.ddl(r)
	case CodeInternal, CodeMarker:
		return nil
	}
	return a.change(r)
}

// join collects the pieces of a row.
func (a *assembler) join(r *Row) (whole bool, err error) {
	if !a.joining {
		a.text = a.text[:0]
		a.joined = *r
		a.joining = true
	} else if r.XID != a.joined.XID || r.RSID != a.joined.RSID || r.SSN != a.joined.SSN ||
		r.Code != a.joined.Code {
		return false, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the row at SCN %d, RS_ID %s is not "+
			"followed by the rest of its text", a.joined.SCN, strings.TrimSpace(a.joined.RSID)))
	}
	if len(a.text)+len(r.Redo) > maxText {
		return false, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the text of the row at SCN %d, RS_ID %s "+
			"is longer than %d octets", r.SCN, strings.TrimSpace(r.RSID), maxText))
	}
	a.text = append(a.text, r.Redo...)
	if r.Continues {
		return false, nil
	}
	a.joining = false
	a.joined.Redo, a.joined.Continues = a.text, false
	return true, nil
}

// end closes the window: the committed transactions, in the order that they came.
func (a *assembler) end() ([]*transaction, error) {
	if a.joining {
		return nil, ggserr.New(ggserr.LogProblem, fmt.Sprintf("the text of the row at SCN %d, RS_ID %s "+
			"ends before its last piece", a.joined.SCN, strings.TrimSpace(a.joined.RSID)))
	}
	return a.ended, nil
}

// settle gives up what takeBack would need: the window is done.
func (a *assembler) settle() {
	for _, t := range a.touched {
		if a.open[t.key] != t && !t.committed() {
			a.drop(t)
			delete(a.skips, t.xid)
		}
		t.saved = content{}
	}
	a.touched = a.touched[:0]
}

func (t *transaction) committed() bool { return t.scn != 0 }

// takeBack makes everything as it was before the window.
func (a *assembler) takeBack() error {
	for _, t := range a.touched {
		if a.open[t.key] == t {
			delete(a.open, t.key)
		}
	}
	for _, t := range a.touched {
		if err := t.forget(); err != nil {
			return cacheFailed(err)
		}
		if t.born == a.window {
			a.drop(t)
			continue
		}
		if t.saved.buf == nil && t.buf != nil {
			buf := t.buf
			t.buf = nil
			if err := buf.Release(); err != nil {
				return cacheFailed(err)
			}
		} else if t.buf != nil {
			if err := t.buf.Truncate(t.saved.mark); err != nil {
				return cacheFailed(err)
			}
		}
		t.content = t.saved
		t.scn = 0
		a.open[t.key] = t
	}
	a.touched, a.ended, a.joining = a.touched[:0], a.ended[:0], false
	return nil
}

// drop gives a transaction's memory back.
func (a *assembler) drop(t *transaction) {
	if err := t.release(); err != nil {
		a.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "a spool file was not removed").Because(err))
	}
}

// touch notes how a transaction stood when the window began.
func (a *assembler) touch(t *transaction) {
	if t.touched == a.window {
		return
	}
	t.touched = a.window
	t.saved = t.content
	if t.buf != nil {
		t.saved.mark = t.buf.Mark()
	}
	a.touched = append(a.touched, t)
}

func keyOf(r *Row) slotKey {
	return slotKey{container: r.Container, slot: [4]byte(r.XID[:4])}
}

// started opens a transaction, in place of one whose end was not seen.
func (a *assembler) started(r *Row) error {
	if t := a.open[keyOf(r)]; t != nil && (t.xid == r.XID || t.xid.partial()) && !t.begun {
		t.begun, t.xid = true, r.XID // a change came before its begin
		t.start = min(t.start, r.SCN)
		return nil
	}
	a.begun(r).begun = true
	return nil
}

// begun makes a transaction in the slot of a row.
func (a *assembler) begun(r *Row) *transaction {
	key := keyOf(r)
	if former := a.open[key]; former != nil {
		a.touch(former)
		delete(a.open, key)
	}
	t := &transaction{xid: r.XID, key: key, start: r.SCN, since: r.Time, born: a.window, user: r.User}
	t.skipped = a.skips[r.XID] || r.XID.partial() && a.skipsSlot(r.XID)
	t.excluded = t.skipped
	a.mark(t, a.cfg.replicats(r.User))
	t.touched = a.window
	a.touched = append(a.touched, t)
	a.open[key] = t
	return t
}

// mark notes that a transaction is a Replicat's.
func (a *assembler) mark(t *transaction, replicated bool) {
	if replicated {
		t.replicated, t.excluded = true, t.excluded || !a.cfg.GetReplicates
	}
}

// of finds the transaction of a row, and opens it when its begin was not seen. The
// sequence of an id is unknown to LogMiner where its window began later.
func (a *assembler) of(r *Row) *transaction {
	t := a.open[keyOf(r)]
	switch {
	case t == nil:
		return a.begun(r)
	case t.xid == r.XID || r.XID.partial():
	case t.xid.partial():
		t.xid = r.XID
	default:
		return a.begun(r)
	}
	a.touch(t)
	return t
}

// finish ends a transaction. What is not known had no changes that matter.
func (a *assembler) finish(r *Row) error {
	t := a.open[keyOf(r)]
	if t == nil {
		t = a.elsewhere(r)
	}
	if t == nil && a.early && r.Code == CodeCommit {
		t = a.begun(r) // all of it may lie before the begin
	}
	if t == nil || t.xid != r.XID && !t.xid.partial() && !r.XID.partial() {
		return nil
	}
	a.touch(t)
	if t.xid.partial() {
		t.xid = r.XID
	}
	delete(a.open, t.key)
	if r.Code == CodeRollback {
		return nil
	}
	if t.user == "" {
		t.user = r.User
	}
	t.scn, t.time, t.thread, t.rsid = r.SCN, r.Time, r.Thread, strings.Clone(r.RSID)
	a.ended = append(a.ended, t)
	return nil
}

// elsewhere finds the transaction of an end that does not name its container.
func (a *assembler) elsewhere(r *Row) *transaction {
	if r.Container != 0 {
		return nil
	}
	var found *transaction
	for key, t := range a.open {
		if key.slot == [4]byte(r.XID[:4]) && (t.xid == r.XID || found == nil && t.xid.partial()) {
			found = t
		}
	}
	return found
}

// ddl follows a change of a table, and keeps it as an operation of its transaction.
func (a *assembler) ddl(r *Row) error {
	if strings.HasPrefix(r.Info, "INTERNAL DDL") {
		return nil
	}
	take, err := a.schema(r)
	if err != nil || !take {
		return err
	}
	return a.keep(a.of(r), r)
}

var temporaryText = []byte("/* No SQL_REDO for temporary tables */")

// change takes a row of a table.
func (a *assembler) change(r *Row) error {
	if bytes.HasPrefix(r.Redo, temporaryText) {
		return nil
	}
	v, err := a.judge(r)
	if err != nil {
		return err
	}
	if !v.take && !v.filter {
		return nil
	}
	t := a.of(r)
	a.mark(t, a.cfg.replicats(r.User) || v.filter)
	if t.user == "" {
		t.user = r.User
	}
	if t.excluded || !v.take {
		return nil
	}
	if err := a.supported(r, t); err != nil {
		return err
	}
	if r.Rollback {
		t.undo++
	}
	return a.keep(t, r)
}

// supported stops at rows of which LogMiner does not tell what they are.
func (a *assembler) supported(r *Row, t *transaction) error {
	mismatch := strings.Contains(r.Info, "Dictionary Mismatch") ||
		strings.Contains(r.Info, "dictionary mismatch")
	lob := r.Code >= CodeLOBSelect && strings.HasPrefix(r.Info, "LOB sql_redo")
	if r.Code != CodeUnsupported && (r.Status == 0 || mismatch || lob) {
		return nil
	}
	name := r.Owner + "." + r.Table
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("LogMiner cannot tell a change of table %s "+
		"(object %d) at SCN %d, transaction %s: operation %d, status %d, %s", name, r.Object, r.SCN,
		t.xid, r.Code, r.Status, r.Info)).
		Do("Leave the table out (TABLEEXCLUDE %s), or load it again and start behind this SCN.", name)
}

// keep puts a row into its transaction's buffer.
func (a *assembler) keep(t *transaction, r *Row) error {
	if t.buf == nil {
		t.buf = a.cache.Buffer()
	}
	a.scratch = appendFrame(a.scratch[:0], r, r.Redo)
	return cacheFailed(t.buf.Append(nil, a.scratch))
}

// rereadSpan is how many SCNs back a transaction of which no change was seen is read
// again for LOBs that LogMiner may have lost.
const rereadSpan = 1 << 20

// matters reports whether a transaction must be read from its begin after a restart
// while it is open at an SCN. Why it is left out is known from its begin, too.
func (a *assembler) matters(t *transaction, at uint64) bool {
	return !t.skipped && (t.excluded || t.replicated || t.buf != nil && t.buf.Len() > 0 || a.lobs && t.start+rereadSpan > at)
}

// oldest is the start of the oldest open transaction that has changes that matter.
func (a *assembler) oldest(at uint64) (scn uint64, any bool) {
	for _, t := range a.open {
		if a.matters(t, at) && (!any || t.start < scn) {
			scn, any = t.start, true
		}
	}
	return scn, any
}
