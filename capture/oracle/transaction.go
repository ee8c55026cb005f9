package oracle

import (
	"encoding/binary"
	"errors"
	"time"

	"ggsh/capture/cachemgr"
	"ggsh/record"
)

// slotKey finds an open transaction: at most one is open in a slot of an undo segment.
type slotKey struct {
	container uint32
	slot      [4]byte
}

// transaction is one that is open, or was ended within the window.
type transaction struct {
	xid   XID
	key   slotKey
	start uint64 // SCN of its begin, as far as it is known
	begun bool   // its START was seen
	since time.Time
	born  uint64 // the window in which it was opened
	user  string
	// skipped says that an operator has left it out; it is excluded, too, and a restart
	// need not read it from its begin.
	skipped bool

	content
	saved   content // as it was when the window began
	touched uint64  // the window that saved is of

	again *content // what was read again, to take its place

	// of its end
	scn       uint64
	time      time.Time
	thread    int
	rsid      string
	cancelled bitmap // rows that were undone; made at the commit
	live      int64  // rows that are left
}

// content is what a window adds to a transaction.
type content struct {
	buf      *cachemgr.Buffer
	mark     cachemgr.Mark // of saved only
	undo     int64         // rows that undo others
	excluded bool
	// replicated says that it is a Replicat's.
	replicated bool
}

// frame is a row in a buffer. Its octets:
//
//	0   6  the head of an operation of no table, as cachemgr wants it
//	6   1  operation code
//	7   1  1: the row undoes another
//	8   8  SCN
//	16  4  object
//	20  1  length of the row id, which follows; then the text
type frame struct {
	code   Code
	undo   bool
	scn    uint64
	object uint32
	rowID  []byte
	redo   []byte
}

const frameHead = 21

// appendFrame appends a row's frame to dst.
func appendFrame(dst []byte, r *Row, text []byte) []byte {
	dst, _ = record.AppendOpHeader(dst, record.Insert, 0)
	undo := byte(0)
	if r.Rollback {
		undo = 1
	}
	dst = append(dst, byte(r.Code), undo)
	dst = binary.LittleEndian.AppendUint64(dst, r.SCN)
	dst = binary.LittleEndian.AppendUint32(dst, r.Object)
	id := r.RowID
	if len(id) > 255 {
		id = id[:255]
	}
	dst = append(dst, byte(len(id)))
	dst = append(dst, id...)
	return append(dst, text...)
}

var errFrame = errors.New("a row in the transaction cache is damaged")

func readFrame(b []byte) (frame, error) {
	if len(b) < frameHead || len(b) < frameHead+int(b[20]) {
		return frame{}, errFrame
	}
	end := frameHead + int(b[20])
	return frame{code: Code(b[6]), undo: b[7] == 1, scn: binary.LittleEndian.Uint64(b[8:]),
		object: binary.LittleEndian.Uint32(b[16:]), rowID: b[frameHead:end], redo: b[end:]}, nil
}

// bitmap marks rows by their number.
type bitmap []uint64

func (b bitmap) has(n int64) bool { return n>>6 < int64(len(b)) && b[n>>6]&(1<<(n&63)) != 0 }

func (b *bitmap) set(n int64) {
	for int64(len(*b)) <= n>>6 {
		*b = append(*b, 0)
	}
	(*b)[n>>6] |= 1 << (n & 63)
}

// release gives the buffer back.
func (t *transaction) release() error {
	if t.buf == nil {
		return nil
	}
	err := t.buf.Release()
	t.buf, t.saved.buf = nil, nil
	return err
}

// forget gives back what was read again.
func (t *transaction) forget() error {
	if t.again == nil || t.again.buf == nil {
		t.again = nil
		return nil
	}
	err := t.again.buf.Release()
	t.again = nil
	return err
}
