package mysql

import (
	"strings"
	"time"

	"ggsh/capture/cachemgr"
	"ggsh/capture/mysql/binlog"
	"ggsh/ggserr"
	"ggsh/record"
)

// group is the transaction being read.
type group struct {
	open       bool
	begin      place
	id         gtid
	tag        string
	time       time.Time // of the commit, where the GTID event has it to the microsecond
	buf        *cachemgr.Buffer
	marks      []savepoint
	excluded   bool   // by its tag
	replicated bool   // it touches a table of FilterTables
	standalone bool   // MariaDB: one statement without COMMIT
	xa         string // the branch that the group prepares
	xaPrepare  bool   // MariaDB: the group ends in XA_PREPARE
}

type savepoint struct {
	name string
	mark cachemgr.Mark
}

// branch is a prepared XA transaction that waits for its outcome.
type branch struct {
	buf      *cachemgr.Buffer
	begin    place
	set      string // what was committed before it
	since    time.Time
	excluded bool
	old      bool // prepared before what was delivered last
}

// begin opens a group, dropping one that did not end: the server was killed, or
// the connection was made again.
func (r *reader) begin(h *binlog.Header, start place) {
	r.dropGroup()
	r.group.open = true
	r.group.begin = start
	r.src.state.opened(start, time.Unix(int64(h.Time), 0).UTC())
}

// dropGroup forgets the open group.
func (r *reader) dropGroup() {
	r.freeBuffer(r.group.buf)
	marks := r.group.marks[:0]
	r.group = group{marks: marks}
}

func (r *reader) freeBuffer(b *cachemgr.Buffer) {
	if b == nil {
		return
	}
	if err := b.Release(); err != nil {
		r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, "a spool file was not removed").Because(err))
	}
}

// buffer gives the open group's buffer.
func (r *reader) buffer() *cachemgr.Buffer {
	if r.group.buf == nil {
		r.group.buf = r.src.cache.Buffer()
	}
	return r.group.buf
}

// put adds an operation to the open group.
func (r *reader) put(def *record.TableDef, body []byte) error {
	if err := r.buffer().Append(def, body); err != nil {
		return ggserr.New(ggserr.Generic, "the transaction cache failed").Because(err)
	}
	return nil
}

// savepoint and rollbackTo keep the log's savepoints: rows before a ROLLBACK TO
// are in the log when a table without transactions was touched in between.
func (r *reader) savepoint(name string) {
	r.forgetMark(name)
	r.group.marks = append(r.group.marks, savepoint{name: name, mark: r.buffer().Mark()})
}

func (r *reader) forgetMark(name string) {
	for i := range r.group.marks {
		if strings.EqualFold(r.group.marks[i].name, name) {
			r.group.marks = append(r.group.marks[:i], r.group.marks[i+1:]...)
			return
		}
	}
}

func (r *reader) rollbackTo(name string) error {
	for i := len(r.group.marks) - 1; i >= 0; i-- {
		if !strings.EqualFold(r.group.marks[i].name, name) {
			continue
		}
		r.group.marks = r.group.marks[:i+1]
		if err := r.buffer().Truncate(r.group.marks[i].mark); err != nil {
			return ggserr.New(ggserr.Generic, "the transaction cache failed").Because(err)
		}
		return nil
	}
	return r.stop(ggserr.New(ggserr.LogProblem, "ROLLBACK TO "+name+
		", a savepoint that is not in the log"))
}

// commit ends the open group and delivers it.
func (r *reader) commit(h *binlog.Header) error {
	if r.group.xaPrepare {
		return r.stop(ggserr.New(ggserr.LogProblem, "an XA group that ends in COMMIT"))
	}
	buf, excluded := r.group.buf, r.leavesOut()
	r.group.buf = nil
	return r.deliver(h, buf, excluded)
}

// leavesOut decides for the open group, once its last table is known.
func (r *reader) leavesOut() bool {
	g := &r.group
	return g.excluded || g.replicated && !r.cfg.GetReplicates ||
		!g.replicated && r.cfg.IgnoreApplications
}

// deliver ends the open group: buf holds the operations that became final.
func (r *reader) deliver(h *binlog.Header, buf *cachemgr.Buffer, excluded bool) error {
	id, end := r.group.id, r.at
	when := r.commitTime(h)
	skip := r.skips(id, end, when)
	if r.skipSet == nil || !r.set.contains(id) {
		r.set.add(id)
	}
	r.committed, r.byGTID = end, false
	info := record.TxnInfo{CSN: end.csn(r.epoch), CommitTime: when, Tag: r.group.tag}
	xid := id.String()
	if id.isZero() {
		xid = end.String()
	}
	info.XID = xid
	r.dropGroup()
	if skip || excluded || buf == nil || buf.Len() == 0 {
		r.freeBuffer(buf)
		r.src.state.skipped(end, when)
		if skip {
			return nil
		}
		txn := record.Txn{TxnInfo: info, Restart: r.restartText(id, "")}
		txn.XID = ""
		r.src.queue.Advance(&txn)
		return nil
	}
	if err := r.schema.flush(); err != nil {
		r.freeBuffer(buf)
		return err
	}
	txn := record.Txn{TxnInfo: info, Restart: r.restartText(id, "")}
	// First the news, then the transaction: who has got it must not see it open.
	r.src.state.delivered(end, txn.CSN, when, buf.Len())
	if err := r.src.queue.Push(r.ctx, &delivery{txn, buf}, buf.Held()); err != nil {
		r.freeBuffer(buf)
		return err
	}
	return nil
}

// commitTime is the GTID event's time, to the microsecond, or the commit's.
func (r *reader) commitTime(h *binlog.Header) time.Time {
	if !r.group.time.IsZero() {
		return r.group.time
	}
	return time.Unix(int64(h.Time), 0).UTC()
}

// skipping reports whether what ends at end was delivered by an earlier run.
func (r *reader) skipping(end place) bool {
	return r.learnSet || r.skipTo.File != "" && !end.after(r.skipTo) || !r.skipTime.IsZero()
}

// skips decides for a transaction, and ends the skipping when it is behind.
func (r *reader) skips(id gtid, end place, when time.Time) bool {
	if r.skipSet != nil {
		return r.skipSet.contains(id)
	}
	if r.skipTo.File != "" {
		if !end.after(r.skipTo) {
			return true
		}
		r.skipTo = place{}
	}
	if !r.skipTime.IsZero() {
		from := r.skipTime
		if when.Nanosecond() == 0 {
			// The log tells whole seconds: what was committed within the second
			// may have been behind the wanted time, and must not be lost.
			from = from.Truncate(time.Second)
		}
		if when.Before(from) {
			return true
		}
		r.skipTime = time.Time{}
	}
	return false
}

// restartText is the position behind the last commit; id is the transaction that
// changed the GTID set. within, when given, is the start of a group of which only
// a part was delivered.
func (r *reader) restartText(id gtid, within string) string {
	t := restart{Flavor: r.srv.flavor, Server: r.srv.identity, Epoch: r.epoch, place: r.committed,
		GTID: r.set.textAfter(id)}
	oldest := r.oldestBranch()
	if oldest != nil {
		t.From = &restartFrom{place: oldest.begin, GTID: oldest.set}
	} else if within != "" {
		t.From = &restartFrom{place: r.group.begin, GTID: within}
	}
	return t.text()
}

// oldestBranch finds the prepared branch that began first.
func (r *reader) oldestBranch() *branch {
	var oldest *branch
	for _, b := range r.branches {
		if oldest == nil || oldest.begin.after(b.begin) {
			oldest = b
		}
	}
	return oldest
}
