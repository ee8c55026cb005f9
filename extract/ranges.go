package extract

import (
	"math"

	"ggsh/checkpoint"
)

// cutter cuts what is left of a table into parts of about so many rows. It guesses
// from how many rows earlier parts had, so that no row is read for it.
type cutter struct {
	gaps []checkpoint.KeyRange // what is left
	low  int64                 // no key is below
	high int64                 // or above
	step uint64                // numbers of a part; 0: all that are left
	want int64                 // rows of a part
}

// newCutter begins with what the snapshot knows of a table: its bounds and about
// how many rows lie in them, -1 for unknown.
func newCutter(gaps []checkpoint.KeyRange, b Bounds, rows, want int64) *cutter {
	c := &cutter{gaps: gaps, low: b.Low, high: b.High, want: max(want, 1)}
	if !b.Any {
		return c // a gap is one part
	}
	c.step = uint64(c.want) // as if no number were missing
	if rows > c.want {
		c.step = max(uint64(float64(spanOf(b.Low, b.High))/float64(rows)*float64(c.want)), 1)
	}
	return c
}

// spanOf is the number of keys in low to high, at most what a uint64 holds.
func spanOf(low, high int64) uint64 {
	n := uint64(high) - uint64(low)
	if n == math.MaxUint64 {
		return n
	}
	return n + 1
}

// next gives the next part; false when nothing is left.
func (c *cutter) next() (checkpoint.KeyRange, bool) {
	if len(c.gaps) == 0 {
		return checkpoint.KeyRange{}, false
	}
	g := &c.gaps[0]
	from, end := max(g.From, c.low), min(g.To, c.high)
	if c.step == 0 || from > end || spanOf(from, end) <= c.step {
		part := *g
		c.gaps = c.gaps[1:]
		return part, true
	}
	part := checkpoint.KeyRange{From: g.From, To: int64(uint64(from) + c.step - 1)}
	g.From = part.To + 1
	return part, true
}

// learn adjusts the size of parts to the rows that one had.
func (c *cutter) learn(part checkpoint.KeyRange, rows int64) {
	from, to := max(part.From, c.low), min(part.To, c.high)
	if c.step == 0 || from > to {
		return
	}
	most := uint64(math.MaxInt64)
	if c.step < most/4 {
		most = 4 * c.step
	}
	fits := most
	if rows > 0 {
		fits = uint64(min(float64(spanOf(from, to))/float64(rows)*float64(c.want), math.MaxInt64))
	}
	c.step = max(min(fits, most), c.step/4, 1)
}
