package props

import (
	"strconv"
	"time"

	"ggsh/record"
)

// AppendPosition prints a trail position: ten digits of the file's number and
// ten of the RBA.
func AppendPosition(dst []byte, seqno uint32, rba uint64) []byte {
	return appendPadded(appendPadded(dst, uint64(seqno), 10), rba, 10)
}

// AppendTime prints a time with six digits of a second, as op_ts is:
// 2026-01-02 03:04:05.123456. With iso, a T stands between date and time, as in
// current_ts. The zone is t's own.
func AppendTime(dst []byte, t time.Time, iso bool) []byte {
	if iso {
		return t.AppendFormat(dst, "2006-01-02T15:04:05.000000")
	}
	return t.AppendFormat(dst, "2006-01-02 15:04:05.000000")
}

// AppendCSN prints a commit sequence number as record.CSN.String does.
func AppendCSN(dst []byte, c record.CSN) []byte {
	if c.Major == 0 {
		return strconv.AppendUint(dst, c.Minor, 10)
	}
	return appendPadded(append(appendPadded(dst, c.Major, 6), ':'), c.Minor, 18)
}

func appendPadded(dst []byte, n uint64, width int) []byte {
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], n, 10)
	for range width - len(text) {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}

// AppendFullName prints catalog, schema and name of a table with dots.
func AppendFullName(dst []byte, def *record.TableDef) []byte {
	if def.Catalog != "" {
		dst = append(append(dst, def.Catalog...), '.')
	}
	if def.Schema != "" {
		dst = append(append(dst, def.Schema...), '.')
	}
	return append(dst, def.Name...)
}

// OpName is the word for an operation in templates: INSERT, UPDATE, DELETE, TRUNCATE.
func OpName(t record.OpType) string {
	if t == record.PKUpdate {
		t = record.Update
	}
	return t.String()
}

// OpKeys are what formats print for the kinds of operations.
type OpKeys struct{ Insert, Update, Delete, Truncate string }

// Of is what stands for an operation; the zero value has I, U, D and T.
func (k OpKeys) Of(t record.OpType) string {
	own, letter := "", ""
	switch t {
	case record.Insert:
		own, letter = k.Insert, "I"
	case record.Update, record.PKUpdate:
		own, letter = k.Update, "U"
	case record.Delete:
		own, letter = k.Delete, "D"
	case record.Truncate:
		own, letter = k.Truncate, "T"
	}
	if own != "" {
		return own
	}
	return letter
}

// Clock gives the times that current_ts is made of: of milliseconds, with a
// counter in the three digits behind them, so that no two are equal and none is
// before an earlier one. It belongs to one goroutine.
type Clock struct {
	now  func() time.Time
	last time.Time
}

// NewClock makes a clock of another; nil is time.Now.
func NewClock(now func() time.Time) *Clock {
	if now == nil {
		now = time.Now
	}
	return &Clock{now: now}
}

// Now is the next time. More than a thousand within one millisecond run into
// the next one.
func (c *Clock) Now() time.Time {
	t := c.now().Truncate(time.Millisecond)
	if !t.After(c.last) {
		t = c.last.Add(time.Microsecond)
	}
	c.last = t
	return t
}
