package binlog

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"ggsh/record"
)

// ErrNoMetadata is wrapped by errors that FULL row metadata, or a definition from
// elsewhere, would mend.
var ErrNoMetadata = errors.New("the table's definition is needed")

// RowsEvent is an opened WRITE, UPDATE or DELETE_ROWS event.
type RowsEvent struct {
	TableID uint64
	Kind    record.OpType
	data    []byte // rows not yet read
	columns int
	present [2][]byte // columns that each image has
	count   [2]int    // how many these are
}

// DummyTableID ends a statement that has no rows left.
const DummyTableID = 0xffffff

// RowsTable reads only the table id of a rows event.
func RowsTable(body []byte) (uint64, error) {
	r := reader{b: body}
	return r.uint(6), r.err
}

// ParseRows opens a rows event; of its body the CRC is cut off already. A nil
// event without error has no rows.
func ParseRows(kind byte, body []byte, inf *Inflater) (*RowsEvent, error) {
	e := &RowsEvent{}
	return e, e.Parse(kind, body, inf)
}

// Parse is ParseRows into e.
func (e *RowsEvent) Parse(kind byte, body []byte, inf *Inflater) error {
	switch kind {
	case WriteRowsV1, WriteRowsV2, WriteRowsCompressed:
		e.Kind = record.Insert
	case UpdateRowsV1, UpdateRowsV2, UpdateRowsCompressed:
		e.Kind = record.Update
	case DeleteRowsV1, DeleteRowsV2, DeleteRowsCompressed:
		e.Kind = record.Delete
	default:
		return fmt.Errorf("event type %d has no rows that can be read", kind)
	}
	r := reader{b: body}
	e.TableID = r.uint(6)
	r.take(2)
	if kind == WriteRowsV2 || kind == UpdateRowsV2 || kind == DeleteRowsV2 {
		r.take(int(r.uint(2)) - 2)
	}
	n := r.packed()
	if n > maxColumns {
		return fmt.Errorf("a rows event of %d columns", n)
	}
	e.columns = int(n)
	images := 1
	if e.Kind == record.Update {
		images = 2
	}
	for i := range images {
		e.present[i] = r.take((e.columns + 7) / 8)
		e.count[i] = countBits(e.present[i], e.columns)
	}
	if r.err != nil {
		return r.err
	}
	e.data = r.b
	if kind >= WriteRowsCompressed && len(e.data) > 0 {
		var err error
		e.data, err = inf.zlib(e.data)
		return err
	}
	return nil
}

func countBits(bitmap []byte, columns int) int {
	n := 0
	for i, b := range bitmap {
		if left := columns - i*8; left < 8 {
			b &= 1<<left - 1
		}
		n += bits.OnesCount8(b)
	}
	return n
}

// More reports whether rows are left.
func (e *RowsEvent) More() bool { return len(e.data) > 0 }

// Left is the number of octets of the rows not yet read.
func (e *RowsEvent) Left() int { return len(e.data) }

// AppendOp appends the next row of e as an operation. It appends nothing for a
// row that is history of a system versioned table.
func (p *Plan) AppendOp(dst []byte, e *RowsEvent) ([]byte, error) {
	if e.columns != len(p.cols) {
		return dst, fmt.Errorf("the rows have %d columns, their table map has %d",
			e.columns, len(p.cols))
	}
	begin := len(dst)
	dst, start := record.AppendOpHeader(dst, e.Kind, p.Table)
	var err error
	switch e.Kind {
	case record.Insert:
		if dst, err = p.image(dst, start, e, 0, false); err != nil {
			return dst, err
		}
	case record.Delete:
		if dst, err = p.image(dst, start, e, 0, true); err != nil {
			return dst, err
		}
	default:
		if dst, err = p.image(dst, start, e, 0, true); err != nil {
			return dst, err
		}
		oldFrom, oldTo := p.imageFrom, len(dst)
		if dst, err = p.image(dst, start, e, 1, false); err != nil {
			return dst, err
		}
		if p.keyChanged(dst) {
			record.SetOpType(dst[start:], record.PKUpdate)
		}
		if p.rowEnd >= 0 && !p.atEnd(dst, 1) {
			dst = p.asDelete(dst, begin, oldFrom, oldTo)
		}
	}
	if p.rowEnd >= 0 && !p.atEnd(dst, 0) {
		return dst[:begin], nil
	}
	if e.count[0] < e.columns || e.Kind == record.Update && e.count[1] < e.columns {
		record.MarkCompressed(dst, start)
	}
	return dst, nil
}

// asDelete replaces the update begun at begin by a delete of its before image.
func (p *Plan) asDelete(dst []byte, begin, from, to int) []byte {
	p.tmp = append(p.tmp[:0], dst[from:to]...)
	dst, start := record.AppendOpHeader(dst[:begin], record.Delete, p.Table)
	dst, mark := record.BeginImage(dst)
	dst = append(dst, p.tmp...)
	record.EndImage(dst, start, mark, true)
	return dst
}

// image appends one image: n is its place in the row, before says what it is.
func (p *Plan) image(dst []byte, start int, e *RowsEvent, n int, before bool) ([]byte, error) {
	dst, mark := record.BeginImage(dst)
	p.imageFrom = len(dst)
	nulls := (e.count[n] + 7) / 8
	if len(e.data) < nulls {
		return dst, ErrShort
	}
	null, data := e.data[:nulls], e.data[nulls:]
	present, whole := e.present[n], e.count[n] == e.columns
	at := 0
	var err error
	for i := range p.cols {
		c := &p.cols[i]
		from := len(dst)
		switch {
		case !whole && present[i>>3]>>(i&7)&1 == 0:
			dst = p.absent(dst, i, n)
		case null[at>>3]>>(at&7)&1 == 1:
			dst = record.AppendNull(dst)
			at++
		default:
			if dst, data, err = p.value(dst, c, data); err != nil {
				return dst, fmt.Errorf("column %s: %w", p.columnName(i), err)
			}
			at++
		}
		if c.key || i == p.rowEnd {
			p.keySpan[n][i] = span{from, len(dst)}
		}
	}
	record.EndImage(dst, start, mark, before)
	e.data = data
	return dst, nil
}

// absent writes a column that the image lacks. The after image of an update
// repeats the key of the before image: a MINIMAL log leaves it out.
func (p *Plan) absent(dst []byte, i, image int) []byte {
	if image == 1 && p.cols[i].key {
		s := p.keySpan[0][i]
		return append(dst, dst[s.from:s.to]...)
	}
	return record.AppendMissing(dst)
}

// keyChanged compares the key columns of the two images last appended.
func (p *Plan) keyChanged(dst []byte) bool {
	for _, k := range p.key {
		b, a := p.keySpan[0][k], p.keySpan[1][k]
		if !bytes.Equal(dst[b.from:b.to], dst[a.from:a.to]) {
			return true
		}
	}
	return false
}

// atEnd reports whether the row of image n is the current one: its row end is the
// end of time of a timestamp (32 bit, 31 bit) or of a transaction number.
func (p *Plan) atEnd(dst []byte, n int) bool {
	s := p.keySpan[n][p.rowEnd]
	v, _, err := record.DecodeValue(dst[s.from:s.to])
	if err != nil {
		return true
	}
	switch v.Kind {
	case record.Uint:
		return v.N == 1<<64-1
	case record.TimestampTZ:
		y, m, d := v.D.Split()
		return (y == 2038 && m == 1 && d == 19) || (y == 2106 && m == 2 && d == 7)
	}
	return true
}
