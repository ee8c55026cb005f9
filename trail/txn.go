package trail

import (
	"context"
	"io"

	"ggsh/record"
)

// TxnOptions are a TxnReader's choices; the zero value will do.
type TxnOptions struct {
	ReaderOptions
	// MemoryLimit is how many bytes of a transaction's operations are held
	// before it is handed out as a stream; zero means 64 MiB.
	MemoryLimit int64
	// Context ends the wait inside a streamed transaction; nil means never.
	Context context.Context
}

// Txn is one transaction of a trail. It lives until the TxnReader's next call,
// unless it is detached.
type Txn struct {
	record.Txn
	Begin Position // of its first frame: a reader opened there gives it again
	// End is the position behind it; of a streamed transaction it is set when
	// Ops.Next has given io.EOF.
	End Position
	// Complete is false while operations of a streamed transaction are still in
	// the trail only.
	Complete bool
	Count    int   // operations held in memory; all of them when not streamed
	Bytes    int64 // of those operations
	Streamed bool  // the transaction is larger than the memory limit

	list txnOps
}

// Detach gives a transaction that is not streamed memory of its own.
func (t *Txn) Detach() {
	if t.Streamed || t.list.from == nil {
		return
	}
	if t.list.whole != nil {
		body := append([]byte(nil), t.list.whole...)
		t.list.whole = nil
		t.list.bytes = body
		t.list.refs = append(t.list.refs[:0],
			opRef{def: t.list.wholeDef, pos: t.list.wholePos, end: len(body)})
	}
	if t.list.from.cur == t {
		t.list.from.cur = nil
	}
	t.list.from = nil
}

// OpPosition is where the operation that Ops gave last begins in the trail.
func (t *Txn) OpPosition() Position { return t.list.pos }

// Last reports whether the operation that Ops gave last is the transaction's last.
func (t *Txn) Last() bool { return t.list.Last() }

// Last is Txn.Last, for who has the operations alone.
func (o *txnOps) Last() bool {
	return o.txn.Complete && (o.whole != nil || o.at == len(o.refs))
}

// OpPosition is Txn.OpPosition, for who has the operations alone.
func (o *txnOps) OpPosition() Position { return o.pos }

// Rewind makes Ops of a transaction that is not streamed begin again.
func (t *Txn) Rewind() { t.list.at = 0 }

type opRef struct {
	def        *record.TableDef
	pos        Position
	start, end int
}

// txnOps gives a transaction's operations: those held, then, of a streamed
// transaction, those that the trail still has.
type txnOps struct {
	from     *TxnReader
	txn      *Txn
	bytes    []byte
	refs     []opRef
	whole    []byte // the only operation, in the reader's buffer
	wholeDef *record.TableDef
	wholePos Position
	pos      Position // of the operation given last
	at       int
	err      error
}

// Next gives the next operation.
func (o *txnOps) Next() (*record.TableDef, []byte, error) {
	if o.whole != nil {
		if o.at > 0 {
			return nil, nil, io.EOF
		}
		o.at, o.pos = 1, o.wholePos
		return o.wholeDef, o.whole, nil
	}
	if o.at < len(o.refs) {
		ref := &o.refs[o.at]
		o.at++
		o.pos = ref.pos
		return ref.def, o.bytes[ref.start:ref.end:ref.end], nil
	}
	if o.txn.Complete {
		return nil, nil, io.EOF
	}
	if o.err != nil {
		return nil, nil, o.err
	}
	def, body, err := o.from.stream(o.txn)
	o.err = err
	return def, body, err
}

func (o *txnOps) hold(rec *Record) {
	start := len(o.bytes)
	o.bytes = append(o.bytes, rec.Body...)
	o.refs = append(o.refs, opRef{def: rec.Table, pos: rec.Pos, start: start, end: len(o.bytes)})
}

// TxnReader reads a trail by whole transactions. It belongs to one goroutine.
type TxnReader struct {
	r   *Reader
	opt TxnOptions
	cur *Txn // being collected, or handed out
	// collecting: cur's first frame was read, its last was not.
	collecting bool
	skipping   bool // inside a transaction whose beginning was not read
	streaming  bool // cur was handed out as a stream and is not finished
}

// OpenTxnReader opens a trail at pos, as OpenReader does.
func OpenTxnReader(name Name, pos Position, opt TxnOptions) (*TxnReader, error) {
	if opt.MemoryLimit <= 0 {
		opt.MemoryLimit = 64 << 20
	}
	if opt.Context == nil {
		opt.Context = context.Background()
	}
	r, err := OpenReader(name, pos, opt.ReaderOptions)
	if err != nil {
		return nil, err
	}
	return &TxnReader{r: r, opt: opt}, nil
}

// Close closes the trail.
func (t *TxnReader) Close() error { return t.r.Close() }

// Wait is Reader.Wait.
func (t *TxnReader) Wait(ctx context.Context) error { return t.r.Wait(ctx) }

// Header is the header of the file being read; nil before there is one.
func (t *TxnReader) Header() *Header { return t.r.Header() }

// Reading is where the reader is, inside an unfinished transaction too: for
// status and lag, not for checkpoints.
func (t *TxnReader) Reading() Position { return t.r.Position() }

// Position is where to read from so that every transaction not yet handed out
// to its end comes, and no other.
func (t *TxnReader) Position() Position {
	if t.cur != nil && (t.collecting || t.streaming) {
		return t.cur.Begin
	}
	return t.r.Position()
}

// Next gives the next transaction. io.EOF means caught up, possibly inside a
// transaction: Wait, then ask again. *PartialError is given once when reading
// began inside a transaction; that one is then skipped. What is left of a
// streamed transaction is skipped.
func (t *TxnReader) Next() (*Txn, error) {
	for {
		rec, err := t.r.Next()
		if err != nil {
			return nil, err
		}
		switch rec.Type {
		case TypeTxn:
			if err := t.begin(rec); err != nil {
				return nil, err
			}
		case TypeOp:
			txn, err := t.op(rec)
			if txn != nil || err != nil {
				return txn, err
			}
		}
	}
}

// continues reports whether the info repeats that of the transaction at hand.
func (t *TxnReader) continues(info *record.TxnInfo) bool {
	return info.Continued && t.cur != nil && t.cur.CSN == info.CSN && t.cur.XID == info.XID
}

func (t *TxnReader) begin(rec *Record) error {
	if (t.collecting || t.streaming) && t.continues(rec.Txn) {
		return nil
	}
	if t.skipping && rec.Txn.Continued {
		return nil
	}
	t.collecting, t.streaming = false, false
	if rec.Txn.Continued {
		return t.partial(rec)
	}
	t.fresh(rec)
	return nil
}

func (t *TxnReader) partial(rec *Record) error {
	t.skipping = true
	return &PartialError{File: t.r.File(), At: rec.Pos, XID: rec.Txn.XID}
}

// fresh begins to collect the transaction whose info rec is.
func (t *TxnReader) fresh(rec *Record) {
	if t.cur == nil || t.cur.Streamed {
		t.cur = &Txn{}
		t.cur.list.txn = t.cur
	}
	c := t.cur
	if cap(c.list.bytes) > 4*readAhead {
		c.list.bytes = nil
	}
	list := txnOps{from: t, txn: c, bytes: c.list.bytes[:0], refs: c.list.refs[:0]}
	*c = Txn{Begin: rec.Pos, list: list}
	c.TxnInfo = *rec.Txn
	c.Ops = &c.list
	t.collecting, t.skipping, t.streaming = true, false, false
}

// op takes one operation; it gives the transaction when that is complete or too large.
func (t *TxnReader) op(rec *Record) (*Txn, error) {
	last := rec.Flags&FlagLast != 0
	switch {
	case t.skipping:
		t.skipping = !last
		return nil, nil
	case t.streaming: // the consumer did not want the rest
		t.streaming = !last
		return nil, nil
	case !t.collecting:
		err := t.partial(rec)
		t.skipping = !last
		return nil, err
	}
	c := t.cur
	c.Count++
	c.Bytes += int64(len(rec.Body))
	if last && c.Count == 1 {
		c.list.whole, c.list.wholeDef, c.list.wholePos = rec.Body, rec.Table, rec.Pos
	} else {
		c.list.hold(rec)
	}
	switch {
	case last:
		t.collecting = false
		c.End, c.Complete = rec.End, true
		return c, nil
	case c.Bytes > t.opt.MemoryLimit:
		t.collecting, t.streaming = false, true
		c.Streamed = true
		return c, nil
	}
	return nil, nil
}

// stream gives the next operation of the streamed transaction c from the trail,
// waiting for it if need be.
func (t *TxnReader) stream(c *Txn) (*record.TableDef, []byte, error) {
	if !t.streaming || t.cur != c {
		return nil, nil, ErrDropped
	}
	for {
		rec, err := t.r.Next()
		if err == io.EOF {
			err = t.r.Wait(t.opt.Context)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return nil, nil, err
		}
		if rec.Type == TypeTxn && !t.continues(rec.Txn) {
			if err := t.begin(rec); err != nil {
				return nil, nil, err
			}
			return nil, nil, ErrDropped
		}
		if rec.Type != TypeOp {
			continue
		}
		if rec.Flags&FlagLast != 0 {
			t.streaming = false
			c.End, c.Complete = rec.End, true
		}
		c.list.pos = rec.Pos
		return rec.Table, rec.Body, nil
	}
}
