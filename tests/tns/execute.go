package tns

import (
	"errors"
	"fmt"
	"math"
)

// What a client wants of an execution.
const (
	wantBind       = 0x8
	wantDefine     = 0x10
	wantExecute    = 0x20
	wantFetch      = 0x40
	wantCommit     = 0x100
	wantDescribe   = 0x20000
	wantAllColumns = 0x40000

	// wantRowCounts is in the flags of an execution: rows by element of the array.
	wantRowCounts = 0x4000
	// againCommits is in the second options of a repeated execution.
	againCommits = 1
)

// The directions of a block's binds.
const (
	bindOut   = 16
	bindIn    = 32
	bindInOut = 48
)

const (
	arrayLimit = 1 << 16
	rowLimit   = 1 << 20
	// portion is how many octets of rows one answer has, about.
	portion = 8 << 20
)

// cursor is a statement that a client may execute again, and the rows of a query.
type cursor struct {
	id      uint64
	sql     string
	parsed  statement
	binds   []description
	columns []Column
	// wanted are the columns as the client wants them; nil is as they are.
	wanted []description
	rows   Rows
	sent   int64
	// counted: answers have rows by element of the array, in repetitions, too.
	counted bool
	last    [][]byte // the octets of the last row, by column
}

// lazy tells that rows must not be sent before the client said how it wants them.
func (c *cursor) lazy() bool {
	for _, column := range c.columns {
		switch column.Type {
		case CLOB, NCLOB, BLOB:
			return c.wanted == nil
		}
	}
	return false
}

func (c *cursor) how(i int) description {
	if i < len(c.wanted) {
		return c.wanted[i]
	}
	return descriptionOf(c.columns[i])
}

func (c *cursor) closeRows() error {
	rows := c.rows
	c.rows = nil
	if rows == nil {
		return nil
	}
	return rows.Close()
}

func (se *session) closeCursor(id uint64) {
	if c := se.cursors[id]; c != nil {
		if err := c.closeRows(); err != nil {
			se.server.config.Logf("tns: close a query: %v", err)
		}
		delete(se.cursors, id)
	}
}

// request is an execution as the client wants it.
type request struct {
	options uint64
	rows    int // to send with the answer
	times   int
	values  [][]any
}

// preamble is the part of an execution that stands before its values.
type preamble struct {
	options, cursor uint64
	sql             string
	text            bool // whether there is one
	binds, defines  int
	prefetch        int
	numbers         [13]uint64
}

// preamble reads what is there for each execution; most of it are pointers that say which
// parts follow, and parts that no client here uses.
func (se *session) preamble() preamble {
	r := &se.in
	h := preamble{options: r.ub(), cursor: r.ub()}
	r.u8()
	length := r.count(longestMessage)
	r.skip(1)
	r.ub()
	r.skip(2)
	r.ub()
	h.prefetch = r.count(math.MaxUint32)
	r.ub() // longest LONG
	r.u8()
	h.binds = r.count(1 << 16)
	r.skip(5)
	r.u8()
	h.defines = r.count(1 << 16)
	r.ub() // a registration, its other half below
	r.skip(3)
	r.ub()
	r.u8()
	r.ub()
	r.ub()
	r.u8() // rows by element of an array
	r.ub()
	r.u8()
	r.u8() // a signature of the text
	r.ub()
	r.u8()
	r.ub()
	r.u8()
	r.u8() // chunks
	r.ub()
	if h.text = length > 0; h.text {
		h.sql = se.decode(se.plainText(length))
	}
	for i := range h.numbers {
		h.numbers[i] = r.ub()
	}
	return h
}

// execute reads and does a whole execution.
func (se *session) execute() error {
	h := se.preamble()
	q := request{options: h.options, times: int(min(h.numbers[1], arrayLimit)), rows: h.prefetch}
	if q.options&wantFetch != 0 {
		q.rows = max(q.rows, int(min(h.numbers[1], rowLimit)))
	}
	q.rows = min(q.rows, rowLimit)
	c, err := se.cursorFor(h.cursor, h.sql)
	if err != nil {
		return se.failOrRead(err)
	}
	c.counted = h.numbers[9]&wantRowCounts != 0
	if h.defines > 0 {
		c.wanted = se.descriptions(h.defines)
	}
	if q.options&wantBind != 0 && h.binds > 0 {
		c.binds = se.descriptions(h.binds)
		if err := c.name(); err != nil {
			return se.failOrRead(err)
		}
		if q.values, err = se.readValues(c, q.times, true); err != nil {
			return se.failOrRead(err)
		}
	} else if h.text {
		c.binds = nil
	}
	return se.do(c, q)
}

// failOrRead ends a call with an error; what of the message was not read is void.
func (se *session) failOrRead(err error) error {
	if se.in.err != nil {
		return se.in.err
	}
	return se.fail(err, 0)
}

func (se *session) descriptions(n int) []description {
	var all []description
	for range n {
		if se.in.err != nil {
			break
		}
		all = append(all, se.describes())
	}
	return all
}

// cursorFor finds a cursor, or makes one for a new text.
func (se *session) cursorFor(id uint64, sql string) (*cursor, error) {
	if se.in.err != nil {
		return nil, se.in.err
	}
	c := se.cursors[id]
	if id != 0 && c == nil {
		return nil, &Error{Code: 1001, Text: "invalid cursor"}
	}
	if c == nil {
		if len(se.cursors) >= cursorLimit {
			return nil, &Error{Code: 1000, Text: "maximum open cursors exceeded"}
		}
		se.lastCursor++
		c = &cursor{id: se.lastCursor}
		se.cursors[c.id] = c
	}
	if sql != "" {
		c.sql, c.parsed, c.wanted = sql, parse(sql), nil
	}
	return c, nil
}

// reexecute executes a cursor again, with the same kinds of binds.
func (se *session) reexecute(fetches bool) error {
	r := &se.in
	id := r.ub()
	times := r.count(rowLimit)
	q := request{options: wantExecute, times: times}
	r.ub()
	if r.ub()&againCommits != 0 {
		q.options |= wantCommit
	}
	if fetches {
		q.rows = times
	}
	c := se.cursors[id]
	if c == nil {
		return se.failOrRead(&Error{Code: 1001, Text: "invalid cursor"})
	}
	if len(c.binds) > 0 {
		var err error
		if q.values, err = se.readValues(c, times, false); err != nil {
			return se.failOrRead(err)
		}
	}
	return se.do(c, q)
}

// do executes, unless only rows are wanted, and answers.
func (se *session) do(c *cursor, q request) error {
	if se.in.err != nil {
		return se.in.err
	}
	if answered, err := se.due(c.sql); answered || err != nil {
		return err
	}
	if q.options&wantExecute == 0 && c.rows != nil {
		return se.sendRows(nil, c, q)
	}
	if f := se.fault; f != nil && f.Err != nil && (!c.parsed.query || f.Rows == 0) {
		return se.fail(f.Err, 0)
	}
	if err := c.closeRows(); err != nil {
		return se.fail(err, c.id)
	}
	call := Call{SQL: c.sql, Binds: c.call(q)}
	ctx, stop := se.context()
	result, err := se.backend.Execute(ctx, call)
	stop()
	if err == nil && q.options&wantCommit != 0 && !c.parsed.query {
		err = se.commit()
	} else if err == nil && !c.parsed.query {
		se.changed = true
	}
	if err != nil {
		return se.fail(err, c.id) // the cursor stays open: clients execute it again
	}
	if result == nil {
		result = &Result{}
	}
	if result.Columns != nil {
		return se.sendQuery(c, q, result)
	}
	return se.sendChange(c, q, call, result)
}

// call makes the Backend's rows of binds.
func (c *cursor) call(q request) [][]Bind {
	var all [][]Bind
	for _, values := range q.values {
		row := make([]Bind, len(c.binds))
		for i, d := range c.binds {
			t, ok := typeOf(d.number, d.form)
			if !ok {
				t = Varchar2
			}
			p := c.parsed.binds[i]
			row[i] = Bind{Name: p.name, Type: t, Value: values[i], Out: p.out, Max: d.size}
		}
		all = append(all, row)
	}
	return all
}

// params appends what the answer to an execution always has.
func (m *message) params(cursor uint64, counts []int64, counted bool) {
	m.u8(messageParams)
	m.ub(6)
	m.zeros(2) // the snapshot's SCN
	m.ub(cursor)
	m.zeros(3)
	m.zeros(3)
	if counted {
		m.ub(uint64(len(counts)))
		for _, n := range counts {
			m.ub(uint64(n))
		}
	}
}

// sendChange answers what is no query.
func (se *session) sendChange(c *cursor, q request, call Call, result *Result) error {
	var m message
	var outs []int
	directions := make([]byte, len(c.binds))
	if len(call.Binds) > 0 {
		for i, b := range call.Binds[0] {
			directions[i] = bindIn
			if b.Out {
				outs = append(outs, i)
				directions[i] = bindOut
				if b.Value != nil {
					directions[i] = bindInOut
				}
				c.parsed.binds[i].out = directions[i] == bindOut
			}
		}
	}
	if len(directions) > 0 && (c.parsed.block || len(outs) > 0) {
		m.u8(messageBinds, 0)
		m.ub(uint64(len(directions)))
		m.zeros(2)
		m.zeros(3)
		m.u8(directions...)
	}
	if len(outs) > 0 {
		if err := se.sendOut(&m, c, outs, result); err != nil {
			return se.fail(err, c.id)
		}
	}
	m.params(c.id, counts(result.Affected, len(call.Binds)), c.counted)
	se.status(&m, outcome{cursor: c.id, rows: result.Affected})
	return se.send(m)
}

// counts spreads changed rows over an array's elements, as a Backend tells only their
// sum.
func counts(rows int64, elements int) []int64 {
	all := make([]int64, max(1, elements))
	for i := range all {
		all[i] = rows / int64(len(all))
	}
	all[len(all)-1] += rows % int64(len(all))
	return all
}

// sendOut appends the values that go back.
func (se *session) sendOut(m *message, c *cursor, outs []int, result *Result) error {
	value := func(at, bind int, row []any) error {
		if at >= len(row) {
			return fmt.Errorf("the backend gave %d values for %d binds", len(row), len(outs))
		}
		if err := se.out(m, c.binds[bind], row[at]); err != nil {
			return err
		}
		m.ub(0) // how much was cut off
		return nil
	}
	m.u8(messageRow)
	for at, bind := range outs {
		if !c.parsed.returning {
			if len(result.Out) == 0 {
				return errors.New("the backend gave no values for a block's binds")
			}
			if err := value(at, bind, result.Out[0]); err != nil {
				return err
			}
			continue
		}
		m.ub(uint64(len(result.Out)))
		for _, row := range result.Out {
			if err := value(at, bind, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// out appends a value that goes back, into a buffer of the client's: a ROWID as text.
func (se *session) out(m *message, d description, v any) error {
	if s, ok := v.(string); ok && d.number == wireRowID {
		m.octets([]byte(s))
		return nil
	}
	switch d.number {
	case wireVarchar2, wireChar, wireRaw:
		if v == nil && d.size == 0 {
			return nil // drivers do not look for values in a buffer of no size
		}
		if b, err := se.scalar(d, v); v != nil && err == nil && len(b) > d.size {
			return &Error{Code: 6502, Text: "PL/SQL: numeric or value error: " +
				"character string buffer too small"}
		}
	}
	return se.value(m, d, v)
}
