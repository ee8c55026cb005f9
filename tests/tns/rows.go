package tns

import (
	"fmt"
	"io"
	"math"
)

// sendQuery answers a query: its columns, and rows if they can come already.
func (se *session) sendQuery(c *cursor, q request, result *Result) error {
	c.columns, c.rows, c.sent = result.Columns, result.Rows, 0
	if len(c.wanted) != len(c.columns) {
		c.wanted = nil
	}
	var m message
	if err := se.describe(&m, c.columns); err != nil {
		return se.fail(err, c.id)
	}
	if q.options&wantDescribe != 0 {
		q.rows = 0
	}
	return se.sendRows(m, c, q)
}

// fetch answers the wish for more rows.
func (se *session) fetch() error {
	r := &se.in
	c := se.cursors[r.ub()]
	q := request{rows: r.count(math.MaxUint32)}
	q.rows = min(q.rows, rowLimit)
	if se.in.err != nil {
		return se.in.err
	}
	if c == nil || c.columns == nil {
		return se.failOrRead(&Error{Code: 1002, Text: "fetch out of sequence"})
	}
	if answered, err := se.due(c.sql); answered || err != nil {
		return err
	}
	if f := se.fault; f != nil && f.Err != nil && f.Rows == 0 {
		return se.fail(f.Err, c.id)
	}
	if c.rows == nil {
		return se.failOrRead(&Error{Code: 1002, Text: "fetch out of sequence"})
	}
	if c.lazy() {
		c.wanted = []description{} // the client takes them as they are
	}
	return se.sendRows(nil, c, q)
}

// sendRows appends up to so many rows to an answer, and sends it.
func (se *session) sendRows(m message, c *cursor, q request) error {
	if c.lazy() {
		q.rows = 0
	}
	begun := len(m) > 0
	ended := false
	c.last = nil
	start := len(m)
	for n := 0; n < q.rows && len(m)-start < portion; n++ {
		if f := se.fault; f != nil && f.Err != nil && n == f.Rows {
			return se.failAfter(m, f.Err, outcome{cursor: c.id, rows: c.sent})
		}
		row, err := c.rows.Next()
		if err == io.EOF {
			ended = true
			break
		}
		if err == nil && len(row) != len(c.columns) {
			err = fmt.Errorf("the backend gave %d values for %d columns", len(row), len(c.columns))
		}
		if err == nil {
			err = se.row(&m, c, q, row, n == 0)
		}
		if err != nil {
			return se.failAfter(m, err, outcome{cursor: c.id, rows: c.sent})
		}
		c.sent++
	}
	if begun {
		m.params(c.id, nil, false)
	}
	o := outcome{cursor: c.id, rows: c.sent}
	if ended {
		if err := c.closeRows(); err != nil {
			return se.failAfter(m, err, o)
		}
		o.code, o.text = noDataFound, "no data found"
	}
	se.status(&m, o)
	return se.send(m)
}

// row appends one row. Columns that are as in the row before are left out.
func (se *session) row(m *message, c *cursor, q request, values []any, first bool) error {
	if first {
		m.u8(messageRowHeader, 0x22)
		m.ub(uint64(len(c.columns)))
		m.ub(0)
		m.ub(uint64(q.rows))
		m.zeros(3)
	}
	now := make([][]byte, len(values))
	mask := make([]byte, (len(values)+7)/8)
	sends := 0
	for i, v := range values {
		var one message
		d := c.how(i)
		if err := se.value(&one, d, v); err != nil {
			return fmt.Errorf("column %s: %w", c.columns[i].Name, err)
		}
		if d.long() {
			one.zeros(2) // indicator, code
		}
		now[i] = one
		same := c.last != nil && !d.lob() && !d.long() && string(c.last[i]) == string(one)
		if !same {
			mask[i/8] |= 1 << (i % 8)
			sends++
		}
	}
	if c.last != nil && q.options&wantAllColumns == 0 {
		m.u8(messageColumns)
		m.ub(uint64(sends))
		m.u8(mask...)
	}
	m.u8(messageRow)
	for i, one := range now {
		if c.last == nil || q.options&wantAllColumns != 0 || mask[i/8]&(1<<(i%8)) != 0 {
			*m = append(*m, one...)
		}
	}
	c.last = now
	return nil
}
