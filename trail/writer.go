package trail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

const (
	writeBuffer = 1 << 20

	// DefaultMaxBytes is the size of a trail file when nothing else is said.
	DefaultMaxBytes = 500 << 20
)

// WriterConfig is what a writer needs to know.
type WriterConfig struct {
	Name     Name
	MaxBytes int64 // a file that would grow beyond is finished; zero: DefaultMaxBytes
	Header   HeaderInfo
	// FirstSeqno numbers the first file of a trail that has none.
	FirstSeqno uint32
	// Durable is the trail position that a checkpoint says is durable; Open
	// fails when the trail ends before it. Zero: nothing is known.
	Durable Position
	// Forget makes the trail's history begin anew: what it holds is no longer the
	// last transaction, neither for this writer nor for a later one, so that
	// transactions an operator ordered again are not taken for known ones.
	Forget bool
	// Purge removes the files that the trail has: it begins anew with FirstSeqno.
	Purge bool
	// LockWait is how long Open waits for another writer of the trail to end.
	LockWait time.Duration
	Encrypt  *Encryption      // nil: the files are written in clear
	Keys     Keys             // for Encrypt, and for reading what an encrypted trail holds
	FS       FS               // nil: Disk
	Now      func() time.Time // nil: time.Now
	Random   io.Reader        // of data keys; nil: the operating system's
}

// Writer appends transactions to a trail. It belongs to one goroutine. After an
// error of the file system every call gives that error: Close, then Open again,
// which finds what the trail holds.
type Writer struct {
	cfg   WriterConfig
	lock  *os.File
	file  File
	path  string
	seqno uint32
	buf   []byte
	pos   uint64 // the end of what was appended
	ops   int    // operations in this file
	err   error

	defs    map[uint32]*record.TableDef // written to this file
	lastDef *record.TableDef

	info    record.TxnInfo
	open    bool // between BeginTxn and the last operation
	pending bool // the transaction's info is to be written to this file
	txnOps  int
	crypt   crypt  // of this file
	defBody []byte // the definition to be written in front of the operation, if any
	txnBody []byte // the transaction's info, likewise
	scratch []byte

	last    record.TxnInfo
	hasLast bool

	durable      Position
	mark         uint64   // SyncBehind's mark of what is durable
	inflight     Position // what the running sync will have made durable
	inflightMark uint64
	syncing      chan error
}

// Last gives the last complete transaction that the trail holds.
func (w *Writer) Last() (record.CSN, record.TxnInfo, bool) {
	return w.last.CSN, w.last, w.hasLast
}

// Position is the end of what was appended.
func (w *Writer) Position() Position { return Position{Seqno: w.seqno, RBA: w.pos} }

// Durable is the end of what is known to be durable.
func (w *Writer) Durable() Position { return w.durable }

// BeginTxn begins a transaction. Op follows, once or more often, the last time
// with last set. A transaction that is open is dropped, as by AbortTxn. info is
// copied; Continued is the writer's own business.
func (w *Writer) BeginTxn(info *record.TxnInfo) error {
	if w.err != nil {
		return w.err
	}
	w.info = *info
	w.info.Continued = false
	w.open, w.pending, w.txnOps = true, true, 0
	return nil
}

// AbortTxn gives the open transaction up: readers drop what they have of it
// when the next one begins.
func (w *Writer) AbortTxn() { w.open, w.pending = false, false }

// Op appends an operation, in record's binary form, of the open transaction.
// def is the definition its table id names, nil only for a DDL operation on no
// known table; last completes the transaction. body is copied.
func (w *Writer) Op(def *record.TableDef, body []byte, last bool) error {
	if w.err != nil {
		return w.err
	}
	if def != w.lastDef || w.pending || def == nil {
		if err := w.prepare(def, body); err != nil {
			return err
		}
	} else if err := w.checkOp(def, body); err != nil {
		return err
	}
	if w.full(w.frameSize(w.defBody) + w.frameSize(w.txnBody) + w.frameSize(body)) {
		if err := w.nextFile(); err != nil {
			return err
		}
		if err := w.prepare(def, body); err != nil {
			return err
		}
	}
	if len(w.defBody)+len(w.txnBody) > 0 {
		if err := w.writePrepared(); err != nil {
			return err
		}
		w.pending = false
		w.markDef(def)
	}
	return w.appendOp(body, last)
}

// frameSize is the size of the frame of a body; nothing for none.
func (w *Writer) frameSize(body []byte) int {
	if len(body) == 0 {
		return 0
	}
	return frameHead + len(body) + w.crypt.overhead()
}

// writePrepared writes the frames that prepare collected.
func (w *Writer) writePrepared() error {
	if len(w.defBody) > 0 {
		if err := w.writeFrame(TypeTable, 0, w.defBody); err != nil {
			return err
		}
	}
	if len(w.txnBody) > 0 {
		if err := w.writeFrame(TypeTxn, 0, w.txnBody); err != nil {
			return err
		}
	}
	w.defBody, w.txnBody = w.defBody[:0], w.txnBody[:0]
	return nil
}

func (w *Writer) checkOp(def *record.TableDef, body []byte) error {
	if !w.open {
		return errors.New("trail: an operation without BeginTxn")
	}
	if most := MaxBody - w.crypt.overhead(); len(body) < 6 || len(body) > most {
		return fmt.Errorf("trail: an operation of %d bytes; possible are 6 to %d", len(body), most)
	}
	kind, id := record.OpTable(body)
	if def != nil && def.ID != id || def == nil && kind != record.DDL {
		return fmt.Errorf("trail: an operation on table %d comes without its definition", id)
	}
	return nil
}

// prepare collects in w.defBody and w.txnBody what must stand in front of the
// operation.
func (w *Writer) prepare(def *record.TableDef, body []byte) error {
	w.defBody, w.txnBody = w.defBody[:0], w.txnBody[:0]
	if err := w.checkOp(def, body); err != nil {
		return err
	}
	if def != nil && w.defs[def.ID] != def {
		var err error
		if w.defBody, err = record.AppendTableDef(w.defBody, def); err != nil {
			w.defBody = w.defBody[:0]
			return err
		}
	}
	if w.pending {
		w.info.Continued = w.txnOps > 0
		w.txnBody = record.AppendTxnInfo(w.txnBody, &w.info)
	}
	if len(w.defBody)+len(w.txnBody) == 0 {
		w.lastDef = def
	}
	return nil
}

func (w *Writer) markDef(def *record.TableDef) {
	w.lastDef = def
	if def != nil {
		w.defs[def.ID] = def
	}
}

// full reports whether n more bytes and an end mark would pass the size limit.
// A file takes at least one operation, however long.
func (w *Writer) full(n int) bool {
	end := uint64(frameHead + 4 + w.crypt.overhead())
	return w.ops > 0 && w.pos+uint64(n)+end > uint64(w.cfg.MaxBytes)
}

func (w *Writer) appendOp(body []byte, last bool) error {
	flags := byte(0)
	if w.txnOps == 0 {
		flags = FlagFirst
	}
	if last {
		flags |= FlagLast
	}
	if err := w.writeFrame(TypeOp, flags, body); err != nil {
		return err
	}
	w.ops++
	w.txnOps++
	if last {
		w.open = false
		w.last, w.hasLast = w.info, true
		w.last.Continued = false
	}
	return nil
}

// writeFrame appends a frame. Sealed or not, its body is copied once.
func (w *Writer) writeFrame(t Type, flags byte, body []byte) error {
	need := frameHead + len(body) + w.crypt.overhead()
	if len(w.buf)+need > cap(w.buf) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if need > cap(w.buf) {
		return w.writeLong(t, flags, body)
	}
	at := len(w.buf)
	w.buf = w.crypt.appendBody(w.buf[:at+frameHead], w.pos, t, flags, body)
	sealFrame(w.buf[at:], t, flags)
	w.pos += uint64(need)
	return nil
}

// writeLong writes a frame that the buffer cannot hold.
func (w *Writer) writeLong(t Type, flags byte, body []byte) error {
	if w.crypt.box != nil {
		body = w.crypt.appendBody(make([]byte, 0, len(body)+tagSize), w.pos, t, flags, body)
	}
	var head [frameHead]byte
	putFrameHead(head[:], t, flags, uint32(len(body)))
	sum := crc32.Checksum(head[10:], castagnoli)
	sum = crc32.Update(sum, castagnoli, body)
	binary.LittleEndian.PutUint32(head[4:], sum)
	w.buf = append(w.buf, head[:]...) // it is empty
	if err := w.flush(); err != nil {
		return err
	}
	w.pos += uint64(frameHead + len(body))
	return w.writeOut(body)
}

// Flush hands what was appended to the operating system, so that readers see
// it. It makes nothing durable.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	err := w.writeOut(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *Writer) writeOut(b []byte) error {
	if _, err := w.file.Write(b); err != nil {
		return w.fail(err)
	}
	return nil
}

func (w *Writer) fail(err error) error {
	if w.err == nil {
		w.err = writeError(w.path, err)
	}
	return w.err
}

// Sync makes all that was appended durable and gives its end.
func (w *Writer) Sync() (Position, error) {
	if w.err != nil {
		return w.durable, w.err
	}
	if err := w.flush(); err != nil {
		return w.durable, err
	}
	if err := w.awaitSync(); err != nil {
		return w.durable, err
	}
	if at := w.Position(); at != w.durable {
		if err := w.file.Sync(); err != nil {
			return w.durable, w.fail(err)
		}
		w.durable = at
	}
	return w.durable, nil
}

// SyncBehind is Sync that does not wait: what was appended is made durable in the
// background, one group at a time. mark is the caller's rising number for all
// that was appended so far; done is the highest mark of what is durable by now,
// and at its end.
func (w *Writer) SyncBehind(mark uint64) (done uint64, at Position, err error) {
	if w.err != nil {
		return w.mark, w.durable, w.err
	}
	if w.syncing != nil {
		select {
		case err := <-w.syncing:
			if err := w.synced(err); err != nil {
				return w.mark, w.durable, err
			}
		default:
			return w.mark, w.durable, nil
		}
	}
	end := w.Position()
	if end == w.durable {
		w.mark = mark
		return w.mark, w.durable, nil
	}
	if err := w.flush(); err != nil {
		return w.mark, w.durable, err
	}
	syncing, file := make(chan error, 1), w.file
	w.syncing, w.inflight, w.inflightMark = syncing, end, mark
	go func() { syncing <- file.Sync() }()
	return w.mark, w.durable, nil
}

// awaitSync waits for a sync that runs in the background.
func (w *Writer) awaitSync() error {
	if w.syncing == nil {
		return nil
	}
	return w.synced(<-w.syncing)
}

func (w *Writer) synced(err error) error {
	w.syncing = nil
	if err != nil {
		return w.fail(err)
	}
	w.durable, w.mark = w.inflight, w.inflightMark
	return nil
}

// Rollover finishes the file, if it holds operations, and goes on with the next.
func (w *Writer) Rollover() error {
	if w.err != nil {
		return w.err
	}
	if w.ops == 0 {
		return nil
	}
	return w.nextFile()
}

func (w *Writer) nextFile() error {
	if w.seqno == w.cfg.Name.MaxSeqno() {
		if _, err := w.Sync(); err != nil {
			return err
		}
		w.err = ggserr.New(ggserr.TrailWrite, w.path).Because(fmt.Errorf(
			"file numbers of %d digits are used up", w.cfg.Name.Digits))
		return w.err
	}
	if err := w.finish(); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return w.fail(err)
	}
	w.file = nil
	if err := w.create(w.seqno+1, w.pos, nil); err != nil {
		w.err = err
		return err
	}
	if w.open {
		w.pending = true
	}
	return nil
}

// finish ends the file with an end mark and makes all of it durable.
func (w *Writer) finish() error {
	w.scratch = binary.LittleEndian.AppendUint32(w.scratch[:0], w.seqno+1)
	if err := w.writeFrame(TypeEnd, 0, w.scratch); err != nil {
		return err
	}
	_, err := w.Sync()
	return err
}

// Close finishes the file and gives the trail free for another writer. An open
// transaction is dropped by readers when the next writer begins.
func (w *Writer) Close() error {
	if w.err == ErrClosed {
		return nil
	}
	err := w.err
	if err == nil {
		err = w.finish()
	}
	if w.syncing != nil {
		<-w.syncing
		w.syncing = nil
	}
	if w.file != nil {
		if cerr := w.file.Close(); err == nil && cerr != nil {
			err = w.fail(cerr)
		}
	}
	w.lock.Close()
	w.err = ErrClosed
	return err
}
