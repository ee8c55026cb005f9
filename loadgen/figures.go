package loadgen

import (
	"fmt"
	"math/bits"
	"time"
)

// histogram counts times in classes that are at most an eighth wide.
type histogram struct {
	count   int64
	sum     time.Duration
	longest time.Duration
	classes [64 * 8]int64
}

// classOf numbers the class of a time in microseconds.
func classOf(us uint64) int {
	if us < 8 {
		return int(us)
	}
	power := bits.Len64(us) - 4 // us>>power is between 8 and 15
	return (power+1)*8 + int(us>>power) - 8
}

// upper is the longest time of a class.
func upper(class int) time.Duration {
	if class < 8 {
		return time.Duration(class) * time.Microsecond
	}
	power := class/8 - 1
	return time.Duration((uint64(class%8+9)<<power)-1) * time.Microsecond
}

func (h *histogram) add(d time.Duration, count int) {
	d = max(d, 0)
	h.count += int64(count)
	h.sum += d * time.Duration(count)
	h.longest = max(h.longest, d)
	h.classes[classOf(uint64(d.Microseconds()))] += int64(count)
}

// quantile is the time within which a share of the records was there.
func (h *histogram) quantile(share float64) time.Duration {
	need := int64(share * float64(h.count))
	seen := int64(0)
	for class, n := range h.classes {
		if seen += n; n > 0 && seen >= need {
			return min(upper(class), h.longest)
		}
	}
	return 0
}

// Figures are what a load came to.
type Figures struct {
	Records             int64
	Octets              int64
	Took                time.Duration
	Mean, Longest       time.Duration
	P50, P95, P99, P999 time.Duration
}

func (r *run) figures(since time.Time, h *histogram) Figures {
	f := Figures{Records: h.count, Octets: h.count * int64(r.cfg.Size), Took: r.cfg.Now().Sub(since),
		Longest: h.longest, P50: h.quantile(.5), P95: h.quantile(.95), P99: h.quantile(.99),
		P999: h.quantile(.999)}
	if h.count > 0 {
		f.Mean = h.sum / time.Duration(h.count)
	}
	return f
}

// String is the line that is printed.
func (f Figures) String() string {
	seconds := max(f.Took.Seconds(), 1e-9)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return fmt.Sprintf("%d records sent, %.1f records/s (%.2f MB/s), latency %.2f ms avg, "+
		"%.2f ms 50th, %.2f ms 95th, %.2f ms 99th, %.2f ms 99.9th, %.2f ms max", f.Records,
		float64(f.Records)/seconds, float64(f.Octets)/seconds/1e6, ms(f.Mean), ms(f.P50), ms(f.P95),
		ms(f.P99), ms(f.P999), ms(f.Longest))
}
