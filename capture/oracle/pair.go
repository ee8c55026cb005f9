package oracle

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"ggsh/ggserr"
)

// pairing finds the rows of a transaction that were undone. A row that undoes cancels
// the latest row before it of the same row id and the opposite operation.
//
// It reads the transaction once for the row ids of the rows that undo, then once for
// the rows that they cancel, and keeps no more than limit octets of marks: if there are
// more, the row ids are divided into parts, each with a reading of its own.
type pairing struct {
	seed  maphash.Seed
	limit int64
}

// pairEntry is the memory that a row that undoes takes, about.
const pairEntry = 48

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
	ids, err := p.undone(t, parts)
	for part := range parts {
		if err != nil {
			return err
		}
		ids, err = p.resolvePart(t, part, parts, ids)
	}
	return err
}

// undone collects the hashes of the first part's row ids that have rows which undo.
func (p *pairing) undone(t *transaction, parts uint64) ([]uint64, error) {
	var ids []uint64
	err := p.each(t, func(_ int64, f *frame, id uint64) error {
		if f.undo && id%parts == 0 {
			ids = append(ids, id)
		}
		return nil
	})
	return sortedIDs(ids), err
}

func sortedIDs(ids []uint64) []uint64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// changed is a row that may be undone: its number and operation, and the one before it
// of the same row id, by their place in the list, 0 for none.
type changed struct {
	row  int64
	last int32
}

// resolvePart pairs the row ids of one part, and collects those of the next.
func (p *pairing) resolvePart(t *transaction, part, parts uint64, ids []uint64) (next []uint64, err error) {
	last := make([]int32, len(ids))
	list := make([]changed, 1, len(ids)+1)
	err = p.each(t, func(n int64, f *frame, id uint64) error {
		if f.undo && id%parts == part+1 {
			next = append(next, id)
		}
		if id%parts != part {
			return nil
		}
		at, concerned := slices.BinarySearch(ids, id)
		switch {
		case !concerned:
			return nil
		case f.code > CodeUpdate: // LOBs are read again where anything was undone
			if f.undo {
				t.cancelled.set(n)
				t.live--
			}
			return nil
		case !f.undo:
			list = append(list, changed{n<<2 | int64(f.code), last[at]})
			last[at] = int32(len(list) - 1)
			return nil
		}
		link := &last[at]
		for *link != 0 && Code(list[*link].row&3) != opposite(f.code) {
			link = &list[*link].last
		}
		if *link == 0 {
			return unmatched(t, f)
		}
		t.cancelled.set(list[*link].row >> 2)
		t.cancelled.set(n)
		t.live -= 2
		*link = list[*link].last
		return nil
	})
	return sortedIDs(next), err
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

func (p *pairing) hash(f *frame) uint64 { return maphash.Bytes(p.seed, f.rowID) }

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
