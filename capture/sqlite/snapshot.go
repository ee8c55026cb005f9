package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"

	"ggsh/record"
)

// snapshot gives the log rows of one read snapshot as operations, row by row
// from the database: memory does not grow with the transaction.
type snapshot struct {
	ctx     context.Context
	source  *Source
	tx      *sql.Tx
	rows    *sql.Rows
	last    int64 // sequence number of the row read last
	pending map[int64][]logRow
	ready   []built // operations to hand out
	buf     []byte
	done    bool

	left, right []record.Value // for comparisons
}

type logRow struct {
	seq, tab int64
	op       string
	old, new []byte
}

type built struct {
	def        *record.TableDef
	start, end int // in buf
}

func (n *snapshot) close() {
	n.rows.Close()
	n.tx.Rollback()
}

// Next gives the next operation; see record.Ops.
func (n *snapshot) Next() (*record.TableDef, []byte, error) {
	for len(n.ready) == 0 {
		if n.done {
			return nil, nil, io.EOF
		}
		if err := n.advance(); err != nil {
			return nil, nil, err
		}
	}
	b := n.ready[0]
	n.ready = n.ready[1:]
	return b.def, n.buf[b.start:b.end:b.end], nil
}

// advance reads one log row. A tentative row is kept until a row says what came
// of it.
func (n *snapshot) advance() error {
	n.ready, n.buf = n.ready[:0], n.buf[:0]
	if !n.rows.Next() {
		n.done = true
		return n.rows.Err()
	}
	var r logRow
	if err := n.rows.Scan(&r.seq, &r.tab, &r.op, &r.old, &r.new); err != nil {
		return fmt.Errorf("read change log: %w", err)
	}
	if r.seq != n.last+1 {
		return &GapError{From: n.last + 1, To: r.seq - 1}
	}
	n.last = r.seq
	def, err := n.source.definition(n.ctx, n.tx, r.tab)
	if err != nil {
		return err
	}
	if n.source.marks.tables[r.tab] {
		n.source.marks.follow(&r)
	}
	if def == nil || n.source.leavesOut() {
		return nil
	}
	switch r.op {
	case opInsertReplace, opRowidReplace, opUpdateReplace:
		n.remember(r)
		return nil
	}
	if err := n.decide(def, r); err != nil {
		return fmt.Errorf("change log row %d: %w", r.seq, err)
	}
	if err := n.build(def, r); err != nil {
		return fmt.Errorf("change log row %d: %w", r.seq, err)
	}
	return nil
}

// maxPending bounds the tentative rows kept of one table. One inserted row meets
// at most as many rows as its table has unique keys.
const maxPending = 64

// remember keeps a tentative row. The oldest goes when there are too many: they
// come from rows that were ignored.
func (n *snapshot) remember(r logRow) {
	if n.pending == nil {
		n.pending = map[int64][]logRow{}
	}
	list := dropOld(n.pending[r.tab], r.old)
	if len(list) == maxPending {
		list = append(list[:0], list[1:]...)
	}
	n.pending[r.tab] = append(list, r)
}

// decide builds the deletes of the rows that a conflict clause removed, if r is
// what the statement came to, and forgets the tentative rows that r touched.
func (n *snapshot) decide(def *record.TableDef, r logRow) error {
	list := n.pending[r.tab]
	if len(list) == 0 {
		return nil
	}
	kept := list[:0]
	for _, t := range list {
		if r.old != nil && bytes.Equal(t.old, r.old) {
			continue // r changed that row itself
		}
		removed, err := n.replacedBy(def, t, r)
		if err != nil {
			return err
		}
		if !removed {
			kept = append(kept, t)
			continue
		}
		err = n.build(def, logRow{seq: t.seq, tab: t.tab, op: opDelete, old: t.old})
		if err != nil {
			return err
		}
	}
	n.pending[r.tab] = kept
	return nil
}

func dropOld(list []logRow, old []byte) []logRow {
	kept := list[:0]
	for _, t := range list {
		if !bytes.Equal(t.old, old) {
			kept = append(kept, t)
		}
	}
	return kept
}

// replacedBy reports whether r is the row that t was logged for: then its
// statement went through, and took t's old row away to get there.
func (n *snapshot) replacedBy(def *record.TableDef, t, r logRow) (bool, error) {
	if (r.op != opUpdate || t.op != opUpdateReplace) && (r.op != opInsert || t.op == opUpdateReplace) {
		return false, nil
	}
	if bytes.Equal(t.new, r.new) {
		return true, nil
	}
	var err error
	if n.left, err = n.values(n.left, def, t.new); err != nil {
		return false, err
	}
	if n.right, err = n.values(n.right, def, r.new); err != nil {
		return false, err
	}
	auto := -1
	if t.op == opInsertReplace {
		auto = rowidColumn(def)
	}
	for i, a := range n.left {
		// Before an insert, SQLite shows a row number not yet given as -1.
		if i == auto && a.Kind == record.Int && int64(a.N) == -1 {
			continue
		}
		if !def.Columns[i].Generated && !equal(a, n.right[i]) {
			return false, nil
		}
	}
	return true, nil
}

// rowidColumn finds the column that is the row number itself, -1 when none is.
func rowidColumn(def *record.TableDef) int {
	if len(def.Key) == 1 && isInteger(def.Columns[def.Key[0]].Type) {
		return def.Key[0]
	}
	return -1
}

func (n *snapshot) values(dst []record.Value, def *record.TableDef, text []byte,
) ([]record.Value, error) {
	image, err := appendImage(nil, def, text, n.source.wide)
	if err != nil {
		return dst, err
	}
	return record.Image(image).Values(dst, len(def.Columns))
}

func equal(a, b record.Value) bool {
	return a.Kind == b.Kind && a.D == b.D && a.N == b.N && a.Zone == b.Zone && a.Days == b.Days &&
		bytes.Equal(a.B, b.B)
}

func opType(op string) (record.OpType, error) {
	switch op {
	case opInsert:
		return record.Insert, nil
	case opUpdate:
		return record.Update, nil
	case opDelete:
		return record.Delete, nil
	}
	return 0, fmt.Errorf("unknown operation %q", op)
}

// build appends one operation.
func (n *snapshot) build(def *record.TableDef, r logRow) error {
	kind, err := opType(r.op)
	if err != nil {
		return err
	}
	buf, start := record.AppendOpHeader(n.buf, kind, def.ID)
	var images [2]record.Image
	for i, text := range [2][]byte{r.old, r.new} {
		if text == nil {
			continue
		}
		var mark int
		buf, mark = record.BeginImage(buf)
		from := len(buf)
		if buf, err = appendImage(buf, def, text, n.source.wide); err != nil {
			return err
		}
		record.EndImage(buf, start, mark, i == 0)
		images[i] = record.Image(buf[from:])
	}
	if kind == record.Update {
		same, err := n.sameKey(def, images[0], images[1])
		if err != nil {
			return err
		}
		if !same {
			record.SetOpType(buf[start:], record.PKUpdate)
		}
	}
	n.buf = buf
	n.ready = append(n.ready, built{def: def, start: start, end: len(buf)})
	return nil
}

// sameKey reports whether a row kept its key; one without key always does.
func (n *snapshot) sameKey(def *record.TableDef, old, fresh record.Image) (bool, error) {
	var err error
	if n.left, err = old.Values(n.left, len(def.Columns)); err != nil {
		return false, err
	}
	if n.right, err = fresh.Values(n.right, len(def.Columns)); err != nil {
		return false, err
	}
	for _, c := range def.Key {
		if !equal(n.left[c], n.right[c]) {
			return false, nil
		}
	}
	return true, nil
}

// GapError says that log rows are gone which were not read.
type GapError struct{ From, To int64 }

// Error names the rows and what to do.
func (e *GapError) Error() string {
	return fmt.Sprintf("change log rows %d to %d are gone before they were captured: another "+
		"Extract or a person deleted them; ALTER the EXTRACT to BEGIN NOW after a new initial load",
		e.From, e.To)
}
