package oracle

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"ggsh/ggserr"
)

// pairing finds the rows of a transaction that were undone. A row that undoes cancels
// the latest row before it of the same row id and the opposite operation.
//
// It reads the transaction twice, first for the rows that undo, then for those that
// they cancel, and keeps no more than limit octets of marks: if there are more, the
// row ids are divided into parts, each with two readings of its own.
type pairing struct {
	seed  maphash.Seed
	limit int64
}

// pairEntry is the memory that a row id with undone rows takes, about.
const pairEntry = 96

// resolve fills in cancelled and live.
func (p *pairing) resolve(t *transaction) error {
	t.live = 0
	if t.buf == nil {
		return nil
	}
	t.live = t.buf.Len()
	if t.undo == 0 {
		return nil
	}
	parts := uint64(t.undo*pairEntry/max(p.limit, pairEntry)) + 1
	for part := range parts {
		if err := p.resolvePart(t, part, parts); err != nil {
			return err
		}
	}
	return nil
}

// resolvePart pairs the row ids of one part.
func (p *pairing) resolvePart(t *transaction, part, parts uint64) error {
	undone := map[uint64][]int64{}
	err := p.each(t, func(_ int64, f *frame, id uint64) error {
		if f.undo && id%parts == part {
			undone[id] = nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.each(t, func(n int64, f *frame, id uint64) error {
		if id%parts != part {
			return nil
		}
		stack, concerned := undone[id]
		if !concerned {
			return nil
		}
		if f.code > CodeUpdate { // LOBs are read again where anything was undone
			if f.undo {
				t.cancelled.set(n)
				t.live--
			}
			return nil
		}
		if !f.undo {
			undone[id] = append(stack, n<<2|int64(f.code))
			return nil
		}
		for i := len(stack) - 1; i >= 0; i-- {
			if Code(stack[i]&3) != opposite(f.code) {
				continue
			}
			t.cancelled.set(stack[i] >> 2)
			t.cancelled.set(n)
			t.live -= 2
			undone[id] = append(stack[:i], stack[i+1:]...)
			return nil
		}
		return unmatched(t, f)
	})
}

func unmatched(t *transaction, f *frame) error {
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("transaction %s undoes a change of row %s of "+
		"object %d at SCN %d that is not among its changes since SCN %d", t.xid, f.rowID, f.object,
		f.scn, t.start)).Do("Look at its rows in V$LOGMNR_CONTENTS. Nothing was skipped; to go on " +
		"without this transaction, load its tables again and start behind its commit.")
}

// opposite is the operation that an undoing one cancels.
func opposite(c Code) Code {
	switch c {
	case CodeInsert:
		return CodeDelete
	case CodeDelete:
		return CodeInsert
	}
	return c
}

// each calls f with the number, the frame and the row id's hash of every row that may
// be undone or undo. A row without row id, the insert of a row with LOBs, has that
// of the next one of its object.
func (p *pairing) each(t *transaction, f func(n int64, row *frame, id uint64) error) error {
	t.buf.Rewind()
	defer t.buf.Rewind()
	waiting, waits := frame{}, int64(-1)
	for n := int64(0); ; n++ {
		_, body, err := t.buf.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return cacheFailed(err)
		}
		row, err := readFrame(body)
		if err != nil {
			return cacheFailed(err)
		}
		if !usableRowID(row.rowID) {
			if row.code == CodeInsert {
				waiting, waits = row, n
				waiting.rowID, waiting.redo = nil, nil
			}
			continue
		}
		id := p.hash(&row)
		if waits >= 0 && row.object == waiting.object {
			if err := f(waits, &waiting, id); err != nil {
				return err
			}
			waits = -1
		}
		if err := f(n, &row, id); err != nil {
			return err
		}
	}
	return nil
}

func (p *pairing) hash(f *frame) uint64 {
	var h maphash.Hash
	h.SetSeed(p.seed)
	// A hash never fails to write.
	_, _ = h.Write(f.rowID)
	return h.Sum64()
}

// usableRowID reports whether a row id names a row: rows that are not yet placed have
// one of As alone.
func usableRowID(id []byte) bool {
	for _, c := range id {
		if c != 'A' {
			return true
		}
	}
	return false
}

func cacheFailed(err error) error {
	if err == nil {
		return nil
	}
	return ggserr.New(ggserr.Generic, "the transaction cache failed").Because(err)
}
