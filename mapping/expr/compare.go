package expr

import (
	"bytes"

	"ggsh/record"
)

func numeric(k record.Kind) bool {
	switch k {
	case record.Int, record.Uint, record.Decimal, record.Float32, record.Float64, record.Bit,
		record.Bool:
		return true
	}
	return false
}

func temporal(k record.Kind) bool {
	switch k {
	case record.Date, record.Timestamp, record.TimestampTZ:
		return true
	}
	return false
}

// compare gives -1, 0 or 1. Where one side is a number or a date, the other is
// read as one; false: it is none. Blanks at the end of texts do not count.
func (r *Record) compare(a, b record.Value) (int, bool) {
	switch {
	case numeric(a.Kind) || numeric(b.Kind):
		x, ok := numberOf(a)
		y, good := numberOf(b)
		if !ok || !good {
			return 0, false
		}
		return compareNumbers(x, y), true
	case temporal(a.Kind) || temporal(b.Kind):
		x, ok := r.moment(a)
		y, good := r.moment(b)
		if !ok || !good {
			return 0, false
		}
		return x.compare(y), true
	case a.Kind == record.Time && b.Kind == record.Time:
		return compareNumbers(number{n: int64(a.N)}, number{n: int64(b.N)}), true
	case a.Kind == record.Bytes || b.Kind == record.Bytes:
		return bytes.Compare(r.octets(a), r.octets(b)), true
	}
	x, ok := r.text(a)
	y, good := r.text(b)
	return bytes.Compare(bytes.TrimRight(x, " "), bytes.TrimRight(y, " ")), ok && good
}

// equal reports whether two values are there and the same.
func (r *Record) equal(a, b record.Value) bool {
	if exceptional(a.Kind) || exceptional(b.Kind) {
		return false
	}
	c, ok := r.compare(a, b)
	return ok && c == 0
}
