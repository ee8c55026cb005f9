package trail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ggsh/record"
)

// defaultPoll bounds what a transaction waits at each trail on its way; a look
// costs two system calls.
const defaultPoll = 5 * time.Millisecond

// Record is one frame as a reader gives it.
type Record struct {
	Type  Type
	Flags byte     // FlagFirst, FlagLast; of operations only
	Pos   Position // where the frame begins
	End   Position // where the next one begins
	// Txn is what the operation's transaction shares, of transactions and
	// operations; the next transaction's frame overwrites it.
	Txn *record.TxnInfo
	// Table is the definition, of definitions and operations; nil for a DDL
	// operation on no known table. The pointer stays the same, across files too,
	// for as long as the writer's definition does.
	Table *record.TableDef
	// Body is the frame's content; it lives until the reader's next call.
	Body []byte
}

// ReaderOptions are a reader's few choices; the zero value will do.
type ReaderOptions struct {
	// MaxPoll is the longest time between two looks for more data: at least
	// 1 ms; zero means 5 ms.
	MaxPoll time.Duration
	// Keys opens encrypted files; nil if there are none.
	Keys Keys
}

// Reader reads a trail's frames in order, across files, while it grows. A
// Reader belongs to one goroutine.
type Reader struct {
	name   Name
	opt    ReaderOptions
	single bool // read this file only
	file   *frameFile
	header *Header
	pos    Position // the end of the last record given
	first  bool     // the file's header frame is the next to give
	ended  bool     // an end mark was read: the file has no more
	seen   uint64   // the file's size when its end was last met
	listed time.Time
	tables tables
	txn    record.TxnInfo
	inTxn  bool
	fr     frame
	rec    Record
}

// OpenReader opens a trail at pos, which must be the start of a frame, or RBA 0
// for a file's start. When pos is the start of a file that the trail does not
// have yet, and none behind it, the reader waits for it. Errors: *MissingError,
// *PositionError, *LostError, *CorruptError, *KeyError.
func OpenReader(name Name, pos Position, opt ReaderOptions) (*Reader, error) {
	if err := name.check(); err != nil {
		return nil, err
	}
	if opt.MaxPoll <= 0 {
		opt.MaxPoll = defaultPoll
	}
	r := &Reader{name: name, opt: opt, pos: pos}
	err := r.start()
	if err == io.EOF {
		err = nil
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// OpenFile opens one trail file at rba; the reader ends with it.
func OpenFile(path string, rba uint64, keys Keys) (*Reader, error) {
	name, seqno, err := ParseFile(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{name: name, single: true, pos: Position{Seqno: seqno, RBA: rba}}
	r.opt = ReaderOptions{MaxPoll: defaultPoll, Keys: keys}
	if err := r.start(); err != nil {
		r.Close()
		if err == io.EOF {
			err = &MissingError{File: path}
		}
		return nil, err
	}
	return r, nil
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.file != nil {
		r.file.close()
		r.file = nil
	}
	r.ended = true
	return nil
}

// Position is the end of the last record given: a reader opened there gives the
// one after it.
func (r *Reader) Position() Position { return r.pos }

// Header is the header of the file being read; nil before there is one.
func (r *Reader) Header() *Header { return r.header }

// File is the path of the file being read, or waited for.
func (r *Reader) File() string { return r.name.File(r.pos.Seqno) }

// InTxn reports whether the reader stands inside a transaction: between its
// first operation, or its info, and its last.
func (r *Reader) InTxn() bool { return r.inTxn }

// Next gives the next record. io.EOF means caught up: Wait, then ask again.
// *CorruptError, *MissingError, *LostError and *KeyError stay: nothing behind is
// read.
func (r *Reader) Next() (*Record, error) {
	if r.file == nil {
		if r.ended {
			return nil, ErrClosed
		}
		if err := r.start(); err != nil {
			return nil, err
		}
	}
	for again := false; ; {
		err := errTail
		if !r.ended {
			err = r.file.next(&r.fr)
		}
		if err == nil {
			return r.give()
		}
		if err != errTail {
			return nil, err
		}
		if err = r.atTail(again); err != nil {
			return nil, err
		}
		again = true
	}
}

// give turns the frame into the record.
func (r *Reader) give() (*Record, error) {
	rec, fr := &r.rec, &r.fr
	rec.Type, rec.Flags, rec.Body = fr.typ, fr.flags, fr.body
	rec.Pos = Position{Seqno: r.pos.Seqno, RBA: fr.at}
	rec.End = Position{Seqno: r.pos.Seqno, RBA: fr.end}
	rec.Txn, rec.Table = nil, nil
	if fr.typ != TypeOp {
		if err := r.giveOther(rec); err != nil {
			r.file.seek(fr.at)
			return nil, err
		}
		r.pos.RBA = fr.end
		return rec, nil
	}
	if !r.inTxn || len(fr.body) < 6 {
		r.file.seek(fr.at)
		return nil, r.corrupt(fr.at, "an operation stands outside a transaction")
	}
	kind, id := record.OpTable(fr.body)
	if rec.Table = r.tables.find(id); rec.Table == nil && kind != record.DDL {
		r.file.seek(fr.at)
		return nil, r.corrupt(fr.at, fmt.Sprintf("the definition of table %d is missing", id))
	}
	rec.Txn = &r.txn
	if fr.flags&FlagLast != 0 {
		r.inTxn = false
	}
	r.pos.RBA = fr.end
	return rec, nil
}

func (r *Reader) giveOther(rec *Record) error {
	switch rec.Type {
	case TypeTable:
		def, err := r.tables.add(rec.Body)
		if err != nil {
			return r.corrupt(rec.Pos.RBA, err.Error())
		}
		rec.Table = def
	case TypeTxn:
		info, err := record.DecodeTxnInfo(rec.Body)
		if err != nil {
			return r.corrupt(rec.Pos.RBA, err.Error())
		}
		r.txn, r.inTxn = info, true
		rec.Txn = &r.txn
	case TypeHeader:
		if rec.Pos.RBA != 0 {
			return r.corrupt(rec.Pos.RBA, "a second header")
		}
	case TypeEnd:
		r.ended = !r.single
	case TypeRestart:
	default:
		return r.corrupt(rec.Pos.RBA, fmt.Sprintf("unknown frame %s", rec.Type))
	}
	return nil
}

func (r *Reader) corrupt(rba uint64, cause string) error {
	return &CorruptError{File: r.File(), RBA: rba, Cause: cause}
}

// atTail decides what the end of the readable frames is: caught up (io.EOF), a
// step into the next file (nil), or an error. It also gives nil once, for a
// second look, when the next file says that there is more in this one.
func (r *Reader) atTail(again bool) error {
	if !r.ended {
		r.seen = r.file.size
	}
	if r.single {
		return r.waitOrDamage()
	}
	next := r.name.File(r.pos.Seqno + 1)
	f, err := openFrames(next, 0)
	if errors.Is(err, os.ErrNotExist) {
		if err := r.checkGap(); err != nil {
			return err
		}
		return r.waitOrDamage()
	}
	if err != nil {
		return fmt.Errorf("trail %s: %w", r.name, err)
	}
	h, err := readHeader(f)
	if err != nil {
		f.close()
		return err
	}
	switch {
	case h.PrevEnd == r.pos.RBA:
		if err := f.unlock(h, r.opt.Keys); err != nil {
			f.close()
			return err
		}
		r.enter(f, h)
		return nil
	case h.PrevEnd > r.pos.RBA && !again && !r.ended:
		f.close()
		r.file.seek(r.pos.RBA)
		return nil
	case h.PrevEnd > r.pos.RBA || h.PrevEnd == 0:
		f.close()
		why := r.file.bad
		if why == "" {
			why = "the file ends here"
		}
		return r.corrupt(r.pos.RBA, fmt.Sprintf("%s, but %s says that it goes on to %d",
			why, next, h.PrevEnd))
	}
	f.close()
	return &LostError{File: r.File(), Had: r.pos,
		End: Position{Seqno: r.pos.Seqno, RBA: h.PrevEnd}}
}

func (r *Reader) waitOrDamage() error {
	if r.ended {
		return io.EOF
	}
	damaged, err := r.file.damaged()
	if err != nil {
		return fmt.Errorf("trail file %s: %w", r.File(), err)
	}
	if damaged {
		return r.corrupt(r.pos.RBA, r.file.bad)
	}
	return io.EOF
}

// checkGap looks, once a second, for files behind a missing one.
func (r *Reader) checkGap() error {
	now := time.Now()
	if now.Sub(r.listed) < time.Second {
		return nil
	}
	err := missingIfLater(r.name, r.pos.Seqno+1)
	if err == nil {
		r.listed = now
	}
	return err
}

// missingIfLater gives *MissingError for file seqno when the trail has files
// behind it.
func missingIfLater(n Name, seqno uint32) error {
	all, err := List(n)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s == seqno {
			return nil
		}
		if s > seqno {
			return &MissingError{File: n.File(seqno)}
		}
	}
	return nil
}

// enter goes on with the next file, whose header was read.
func (r *Reader) enter(f *frameFile, h *Header) {
	r.file.close()
	r.file, r.header = f, h
	r.pos = Position{Seqno: r.pos.Seqno + 1}
	r.ended, r.seen = false, 0
	r.tables.nextFile()
	f.seek(0)
}

// readHeader reads the header at the front of f and leaves f behind it.
func readHeader(f *frameFile) (*Header, error) {
	_, seqno, err := ParseFile(f.path)
	if err != nil {
		return nil, err
	}
	var fr frame
	err = f.next(&fr)
	if err == errTail {
		return nil, &CorruptError{File: f.path, Cause: "the header cannot be read"}
	}
	if err != nil {
		return nil, err
	}
	if fr.typ != TypeHeader {
		return nil, &CorruptError{File: f.path, Cause: "the file does not begin with a header"}
	}
	h, err := decodeHeader(fr.body)
	if err == nil && h.Seqno != seqno {
		err = fmt.Errorf("its header is that of file %s", h.File)
	}
	if err != nil {
		return nil, &CorruptError{File: f.path, Cause: err.Error()}
	}
	return h, nil
}

// Wait returns when more may be there to read, at the latest after a second, or
// with ctx's error. It looks after 1 ms first and then ever more seldom.
func (r *Reader) Wait(ctx context.Context) error {
	delay := min(time.Millisecond, r.opt.MaxPoll)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for waited := delay; ; waited += delay {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if r.grown() || waited >= time.Second {
			return nil
		}
		delay = min(2*delay, r.opt.MaxPoll)
		timer.Reset(delay)
	}
}

func (r *Reader) grown() bool {
	if r.file == nil {
		_, err := os.Stat(r.File())
		return err == nil
	}
	if !r.ended {
		if err := r.file.measure(); err != nil || r.file.size != r.seen {
			return true
		}
	}
	if r.single {
		return false
	}
	_, err := os.Stat(r.name.File(r.pos.Seqno + 1))
	return err == nil
}
