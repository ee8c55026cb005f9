package tns

import (
	"errors"
	"fmt"
	"io"
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
	arrayLimit = 1 << 20
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

// execute reads and does a whole execution.
func (se *session) execute() error {
	r := &se.in
	q := request{options: r.ub()}
	id := r.ub()
	r.u8()
	length := r.count(longestMessage)
	r.skip(1)
	r.ub()
	r.skip(2)
	r.ub()
	prefetch := r.count(math.MaxUint32)
	r.ub() // longest LONG
	r.u8()
	binds := r.count(1 << 16)
	r.skip(5)
	r.u8()
	defines := r.count(1 << 16)
	r.ub()
	r.skip(3) // pointers
	r.ub()
	r.u8()
	r.ub()
	r.ub()
	r.u8()
	r.ub()
	r.u8()
	r.u8()
	r.ub()
	r.u8()
	r.ub()
	r.u8()
	r.u8()
	r.ub()
	var sql string
	if length > 0 {
		sql = se.decode(se.plainText(length))
	}
	var numbers [13]uint64
	for i := range numbers {
		numbers[i] = r.ub()
	}
	q.times = int(min(numbers[1], arrayLimit))
	q.rows = prefetch
	if q.options&wantFetch != 0 {
		q.rows = max(prefetch, int(min(numbers[1], rowLimit)))
	}
	q.rows = min(q.rows, rowLimit)
	c, err := se.cursorFor(id, sql)
	if err != nil {
		return se.failOrRead(err)
	}
	c.counted = numbers[9]&wantRowCounts != 0
	if defines > 0 {
		c.wanted = se.descriptions(defines)
	}
	if q.options&wantBind != 0 && binds > 0 {
		c.binds = se.descriptions(binds)
		if err := c.name(); err != nil {
			return se.failOrRead(err)
		}
		if q.values, err = se.readValues(c, q.times, true); err != nil {
			return se.failOrRead(err)
		}
	} else if length > 0 {
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

// name brings placeholders and binds together.
func (c *cursor) name() error {
	if c.parsed.block && len(c.binds) > len(c.parsed.binds) {
		// Bound by position: each occurrence has its own.
		for i := len(c.parsed.binds); i < len(c.binds); i++ {
			c.parsed.binds = append(c.parsed.binds, placeholder{name: fmt.Sprint("B", i+1)})
		}
	}
	if len(c.binds) < len(c.parsed.binds) {
		return &Error{Code: 1008, Text: "not all variables bound"}
	}
	if len(c.binds) > len(c.parsed.binds) {
		return &Error{Code: 1036, Text: "illegal variable name/number"}
	}
	return nil
}

// readValues reads rows of values. Binds that only give back have no value when they
// stand behind RETURNING, nor in a repetition.
func (se *session) readValues(c *cursor, rows int, first bool) ([][]any, error) {
	if c.parsed.query {
		rows = 1
	}
	var all [][]any
	for range rows {
		row, err := se.readRow(c, first)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
		if se.in.err != nil {
			return nil, se.in.err
		}
	}
	return all, nil
}

func (se *session) readRow(c *cursor, first bool) ([]any, error) {
	row := make([]any, len(c.binds))
	skips := func(i int) bool {
		out := c.parsed.binds[i].out
		return out && (c.parsed.returning || !first) || c.binds[i].flags&bindsAgain != 0
	}
	some := false
	for i := range c.binds {
		some = some || !skips(i)
	}
	if !some {
		return row, nil
	}
	if kind := se.in.u8(); kind != messageRow && se.in.err == nil {
		return nil, fmt.Errorf("a message of kind %d where values should be", kind)
	}
	for _, late := range []bool{false, true} {
		for i, d := range c.binds {
			if skips(i) || late != c.comesLate(d) {
				continue
			}
			if d.flags&bindsArray != 0 && d.elements > 0 {
				return nil, errArray
			}
			v, err := se.bound(d)
			if err != nil {
				return nil, err
			}
			row[i] = v
		}
	}
	for i, d := range c.binds {
		for j := 0; d.flags&bindsAgain != 0 && j < i; j++ {
			if c.parsed.binds[j].name == c.parsed.binds[i].name {
				row[i] = row[j]
			}
		}
	}
	return row, nil
}

// comesLate tells that long values stand behind all others.
func (c *cursor) comesLate(d description) bool {
	return d.long() || !c.parsed.block && d.size > 32767 && !d.lob()
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
