package mysql

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-mysql-org/go-mysql/replication"

	"ggsh/capture/mysql/binlog"
	"ggsh/ggserr"
)

// Flags of MariaDB's GTID event.
const (
	mariaStandalone  = 1
	mariaGroupCommit = 2
	mariaPreparedXA  = 64
	mariaCompletedXA = 128
)

// mysqlGTID begins a group.
func (r *reader) mysqlGTID(h *binlog.Header, body []byte, start place) error {
	r.begin(h, start)
	r.group.excluded = r.cfg.excludesTag("")
	if h.Type == binlog.GTIDTaggedEvent {
		return r.taggedGTID(body)
	}
	if len(body) < 25 {
		return r.damaged(binlog.ErrShort)
	}
	if h.Type == binlog.GTIDEvent {
		id := gtid{source: uuidText(body[1:17]), number: binary.LittleEndian.Uint64(body[17:])}
		if err := r.noteGTID(id); err != nil {
			return err
		}
	}
	// Behind it: a type octet, two logical times, then seven octets of microseconds
	// whose highest bit says that the original commit's time follows.
	if len(body) >= 25+17+7 && body[25] == 2 {
		var micros uint64
		for i, c := range body[42:49] {
			micros |= uint64(c) << (8 * i)
		}
		r.group.time = time.UnixMicro(int64(micros &^ (1 << 55))).UTC()
	}
	return nil
}

// taggedGTID reads the self-describing form of MySQL 8.3 and later.
func (r *reader) taggedGTID(body []byte) error {
	var e replication.GtidTaggedLogEvent
	if err := guarded(e.Decode, body); err != nil {
		return r.damaged(err)
	}
	if len(e.SID) != 16 {
		return r.damaged(binlog.ErrShort)
	}
	id := gtid{source: uuidText(e.SID), number: uint64(e.GNO)}
	if tag := e.Tag.String(); tag != "" {
		id.source += ":" + tag
		r.group.tag = tag
		r.group.excluded = r.cfg.excludesTag(tag)
	}
	r.group.time = e.ImmediateCommitTime().UTC()
	return r.noteGTID(id)
}

// guarded calls a decoder of go-mysql's, which panics when its octets end too early.
func guarded(decode func([]byte) error, body []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", binlog.ErrShort, p)
		}
	}()
	return decode(body)
}

func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// mariaGTID begins a group; for MariaDB it is the BEGIN.
func (r *reader) mariaGTID(h *binlog.Header, body []byte, start place) error {
	if len(body) < 13 {
		return r.damaged(binlog.ErrShort)
	}
	r.begin(h, start)
	flags := body[12]
	id := gtid{domain: binary.LittleEndian.Uint32(body[8:]), server: h.Server,
		number: binary.LittleEndian.Uint64(body)}
	r.group.standalone = flags&mariaStandalone != 0
	rest := body[13:]
	if flags&mariaGroupCommit != 0 {
		if len(rest) < 8 {
			return r.damaged(binlog.ErrShort)
		}
		rest = rest[8:]
	}
	if flags&(mariaPreparedXA|mariaCompletedXA) != 0 {
		if len(rest) < 6 || len(rest) < 6+int(rest[4])+int(rest[5]) {
			return r.damaged(binlog.ErrShort)
		}
		gtrid := rest[6 : 6+int(rest[4])]
		bqual := rest[6+int(rest[4]):][:rest[5]]
		r.group.xa = xaKey(binary.LittleEndian.Uint32(rest), gtrid, bqual)
		r.group.xaPrepare = flags&mariaPreparedXA != 0
	}
	return r.noteGTID(id)
}

// noteGTID names the open group. At the first one of a session that resumed by
// file and position the log and the GTID set must agree.
func (r *reader) noteGTID(id gtid) error {
	r.group.id = id
	if r.checkSet {
		r.checkSet = false
		if r.set.contains(id) {
			return r.stop(ggserr.New(ggserr.LogProblem, fmt.Sprintf("transaction %s stands behind "+
				"the restart position, which says that it was captured: the server's log was "+
				"reset or is not the one captured before", id)).
				Do("ALTER EXTRACT %s with a BEGIN or LOGNUM and LOGPOS, after loading the tables again.",
					r.cfg.Group))
		}
	}
	return nil
}

// gtidList learns what was committed before a log file.
func (r *reader) gtidList(kind byte, body []byte) error {
	if !r.learnSet {
		return nil
	}
	r.learnSet = false
	if kind == binlog.PreviousGTIDsEvent {
		var e replication.PreviousGTIDsEvent
		if err := guarded(e.Decode, body); err != nil {
			return r.damaged(err)
		}
		set, err := parseGTIDSet(e.GTIDSets)
		if err != nil {
			return r.damaged(err)
		}
		r.set = set
		return nil
	}
	if len(body) < 4 {
		return r.damaged(binlog.ErrShort)
	}
	n := binary.LittleEndian.Uint32(body) & (1<<28 - 1)
	body = body[4:]
	if uint64(n)*16 > uint64(len(body)) {
		return r.damaged(binlog.ErrShort)
	}
	for range n {
		r.set.add(gtid{domain: binary.LittleEndian.Uint32(body),
			server: binary.LittleEndian.Uint32(body[4:]), number: binary.LittleEndian.Uint64(body[8:])})
		body = body[16:]
	}
	return nil
}

// xaKey names an XA branch.
func xaKey(format uint32, gtrid, bqual []byte) string {
	return fmt.Sprintf("X'%x',X'%x',%d", gtrid, bqual, format)
}

// xaPrepare ends a group whose outcome comes later.
func (r *reader) xaPrepare(h *binlog.Header, body []byte) error {
	if len(body) < 13 {
		return r.damaged(binlog.ErrShort)
	}
	format := binary.LittleEndian.Uint32(body[1:])
	g, b := binary.LittleEndian.Uint32(body[5:]), binary.LittleEndian.Uint32(body[9:])
	if g > 64 || b > 64 || int(13+g+b) > len(body) {
		return r.damaged(binlog.ErrShort)
	}
	if body[0] != 0 { // ONE PHASE
		r.group.xaPrepare = false
		return r.commit(h)
	}
	key := xaKey(format, body[13:13+g], body[13+g:13+g+b])
	if old := r.branches[key]; old != nil {
		r.freeBuffer(old.buf)
	}
	r.branches[key] = &branch{buf: r.group.buf, begin: r.group.begin, set: r.branchSet(),
		since: time.Unix(int64(h.Time), 0).UTC(), excluded: r.leavesOut()}
	r.src.state.prepared(key, r.branches[key])
	r.group.buf = nil
	r.group.xaPrepare = false
	return r.deliver(h, nil, false)
}

// branchSet is the GTID set from which a branch that begins now can be read again.
func (r *reader) branchSet() string {
	if r.skipSet != nil {
		return r.readSet
	}
	return r.set.text()
}

// xaOutcome delivers or drops a prepared branch.
func (r *reader) xaOutcome(h *binlog.Header, key string, commit bool) error {
	b := r.branches[key]
	if b == nil {
		if commit && !r.skips(r.group.id, r.at, r.commitTime(h)) {
			r.cfg.warn(ggserr.New(ggserr.DatabaseMessage, fmt.Sprintf("XA transaction %s committed at "+
				"%s was prepared before the start position: its changes are not captured", key, r.at)))
		}
		return r.deliver(h, nil, false)
	}
	delete(r.branches, key)
	r.src.state.resolved(key)
	if !commit {
		r.freeBuffer(b.buf)
		b.buf = nil
	}
	return r.deliver(h, b.buf, b.excluded)
}
