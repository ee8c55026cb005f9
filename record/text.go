package record

import (
	"encoding/hex"
	"math"
	"strconv"
)

// Text appends the value as people and SQL read it: numbers in decimal, dates
// as 2026-11-21, times with exactly frac digits of a second (0 to 9; -1 for as
// many as the value needs), octets in hexadecimal. NULL and missing give
// nothing: callers tell them by Kind.
func (v Value) Text(dst []byte, frac int) []byte {
	switch v.Kind {
	case Int:
		return strconv.AppendInt(dst, int64(v.N), 10)
	case Uint:
		return strconv.AppendUint(dst, v.N, 10)
	case Float32:
		return strconv.AppendFloat(dst, float64(math.Float32frombits(uint32(v.N))), 'g', -1, 32)
	case Float64:
		return strconv.AppendFloat(dst, math.Float64frombits(v.N), 'g', -1, 64)
	case Decimal, String, JSON, XML:
		return append(dst, v.B...)
	case Bytes:
		return hex.AppendEncode(dst, v.B)
	case Date:
		return appendDateText(dst, v.D)
	case Time:
		return appendDurationText(dst, int64(v.N), frac)
	case Timestamp:
		dst = append(appendDateText(dst, v.D), ' ')
		return appendClock(dst, int64(v.N), frac)
	case TimestampTZ:
		return v.zonedText(dst, frac)
	case Interval:
		return appendIntervalText(dst, v, frac)
	case Bit:
		return appendBitText(dst, v)
	case Bool:
		return strconv.AppendBool(dst, v.N != 0)
	case UUID:
		return appendUUIDText(dst, v.B)
	}
	return dst
}

func (v Value) zonedText(dst []byte, frac int) []byte {
	dst = append(appendDateText(dst, v.D), ' ')
	dst = appendClock(dst, int64(v.N), frac)
	return append(dst, "+00:00"...)
}

func appendDateText(dst []byte, d PackedDate) []byte {
	y, m, day := d.Split()
	if y < 0 {
		dst, y = append(dst, '-'), -y
	}
	dst = appendPadded(dst, y, 4)
	dst = appendPadded(append(dst, '-'), m, 2)
	return appendPadded(append(dst, '-'), day, 2)
}

func appendDurationText(dst []byte, ns int64, frac int) []byte {
	if ns < 0 {
		dst, ns = append(dst, '-'), -ns
	}
	return appendClock(dst, ns, frac)
}

// appendClock writes hours, minutes and seconds of ns >= 0; hours may exceed 24.
func appendClock(dst []byte, ns int64, frac int) []byte {
	sec := ns / 1e9
	dst = appendPadded(dst, int(sec/3600), 2)
	dst = appendPadded(append(dst, ':'), int(sec/60%60), 2)
	dst = appendPadded(append(dst, ':'), int(sec%60), 2)
	return appendFraction(dst, int(ns%1e9), frac)
}

func appendFraction(dst []byte, ns, frac int) []byte {
	if frac == 0 || (frac < 0 && ns == 0) {
		return dst
	}
	at := len(dst)
	dst = appendPadded(append(dst, '.'), ns, 9)
	if frac > 0 {
		return dst[:at+1+min(frac, 9)]
	}
	end := len(dst)
	for dst[end-1] == '0' {
		end--
	}
	return dst[:end]
}

func appendIntervalText(dst []byte, v Value, frac int) []byte {
	dst = strconv.AppendInt(dst, int64(v.D), 10)
	dst = append(dst, " mons "...)
	dst = strconv.AppendInt(dst, int64(v.Days), 10)
	dst = append(dst, " days "...)
	return appendDurationText(dst, int64(v.N), frac)
}

func appendBitText(dst []byte, v Value) []byte {
	n := int(v.N)
	for i := n - 1; i >= 0; i-- {
		at := len(v.B) - 1 - i/8
		bit := byte('0')
		if at >= 0 && v.B[at]>>(i%8)&1 == 1 {
			bit = '1'
		}
		dst = append(dst, bit)
	}
	return dst
}

func appendUUIDText(dst, b []byte) []byte {
	if len(b) != 16 {
		return hex.AppendEncode(dst, b)
	}
	for i, cut := range []int{0, 4, 6, 8, 10, 16} {
		if i == 0 {
			continue
		}
		from := []int{0, 4, 6, 8, 10}[i-1]
		if i > 1 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[from:cut])
	}
	return dst
}

func appendPadded(dst []byte, n, width int) []byte {
	var buf [20]byte
	at := len(buf)
	for n > 0 || width > 0 {
		at--
		buf[at] = byte('0' + n%10)
		n /= 10
		width--
	}
	return append(dst, buf[at:]...)
}
