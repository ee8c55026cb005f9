package handler

import (
	"encoding/binary"
	"fmt"

	"ggsh/record"
)

// The binary form of Batch.Origins is a run of entries, each begun by a byte:
//
//	1  a source transaction begins: uvarint length, then a record.TxnInfo. It
//	   holds for the operations that follow. A batch that goes on with a
//	   transaction begun in an earlier one begins with it again.
//	2  one operation of Ops, in their order: varint difference of its trail
//	   file's number to the operation before, varint difference of its RBA,
//	   uvarint number within its source transaction
//
// The first differences of a batch are to zero.
const (
	originTxn = 1
	originOp  = 2
)

// AppendOriginTxn begins a source transaction in a batch's Origins.
func AppendOriginTxn(dst []byte, info *record.TxnInfo) []byte {
	body := record.AppendTxnInfo(nil, info)
	dst = binary.AppendUvarint(append(dst, originTxn), uint64(len(body)))
	return append(dst, body...)
}

// OriginWriter appends where operations come from. Its zero value begins a batch.
type OriginWriter struct {
	seqno uint32
	rba   uint64
}

// AppendOp appends the origin of one operation of Ops: its position in the
// trail and its number within its source transaction, from 0.
func (w *OriginWriter) AppendOp(dst []byte, seqno uint32, rba uint64, index int) []byte {
	dst = binary.AppendVarint(append(dst, originOp), int64(seqno)-int64(w.seqno))
	dst = binary.AppendVarint(dst, int64(rba)-int64(w.rba))
	w.seqno, w.rba = seqno, rba
	return binary.AppendUvarint(dst, uint64(index))
}

// Changes reads a batch's operations with their origins, one after the other.
// It belongs to one goroutine.
type Changes struct {
	uses    map[uint32]*TableUse
	ops     []byte
	origins []byte
	ends    []int
	more    bool
	number  int
	count   int
	txn     *record.TxnInfo
	change  record.Change
}

// NewChanges is a reader for the batches of one target; it remembers the tables
// that each batch tells of.
func NewChanges() *Changes { return &Changes{uses: map[uint32]*TableUse{}} }

// Reset begins a batch. It tells the tables that are new or anew.
func (c *Changes) Reset(b *Batch) {
	for i := range b.Tables {
		use := b.Tables[i]
		c.uses[use.ID] = &use
	}
	c.ops, c.origins, c.ends, c.more = b.Ops, b.Origins, b.Ends, b.More
	c.number, c.count, c.txn = 0, b.Count, nil
	c.change = record.Change{}
}

// Next gives the next operation; nil at the end of the batch. The change and
// what it points to, but not its Txn and Def, are valid until the next call.
// Txn and Def stay; one Txn is shared by all operations of a transaction.
func (c *Changes) Next() (*record.Change, error) {
	body, rest, ok := NextBatchOp(c.ops)
	if !ok {
		if len(rest) > 0 || c.number != c.count {
			return nil, fmt.Errorf("handler: a batch of %d operations ends within operation %d",
				c.count, c.number)
		}
		return nil, nil
	}
	c.ops = rest
	ch := &c.change
	if err := record.DecodeOp(body, &ch.Op); err != nil {
		return nil, fmt.Errorf("handler: operation %d: %w", c.number, err)
	}
	use := c.uses[ch.Op.Table]
	if use == nil {
		return nil, fmt.Errorf("handler: operation %d is of table %d, which no batch has told",
			c.number, ch.Op.Table)
	}
	ch.Def, ch.Source, ch.Key = use.Target, use.Source, use.Key
	if err := c.origin(); err != nil {
		return nil, fmt.Errorf("handler: origin of operation %d: %w", c.number, err)
	}
	c.number++
	for len(c.ends) > 0 && c.ends[0] < c.number {
		c.ends = c.ends[1:]
	}
	ch.Last = len(c.ends) > 0 && c.ends[0] == c.number
	return ch, nil
}

// origin reads up to the next operation's entry.
func (c *Changes) origin() error {
	for len(c.origins) > 0 && c.origins[0] == originTxn {
		n, w := binary.Uvarint(c.origins[1:])
		if w <= 0 || n > uint64(len(c.origins)-1-w) {
			return record.ErrShort
		}
		body := c.origins[1+w : 1+w+int(n)]
		info, err := record.DecodeTxnInfo(body)
		if err != nil {
			return err
		}
		c.txn, c.origins = &info, c.origins[1+w+int(n):]
	}
	if len(c.origins) == 0 {
		return record.ErrShort
	}
	if c.origins[0] != originOp {
		return fmt.Errorf("unknown entry %d", c.origins[0])
	}
	if c.txn == nil {
		return fmt.Errorf("no transaction has begun")
	}
	b := c.origins[1:]
	var diff [2]int64
	for i := range diff {
		n, w := binary.Varint(b)
		if w <= 0 {
			return record.ErrShort
		}
		diff[i], b = n, b[w:]
	}
	index, w := binary.Uvarint(b)
	if w <= 0 {
		return record.ErrShort
	}
	c.origins = b[w:]
	ch := &c.change
	ch.Txn = c.txn
	ch.Seqno = uint32(int64(ch.Seqno) + diff[0])
	ch.RBA = uint64(int64(ch.RBA) + diff[1])
	ch.Index = int(index)
	return nil
}
