package redo

import (
	"math"
	"strconv"

	"ggsh/record"
)

// maxDigits is how many digits of base 100 a NUMBER has.
const maxDigits = 20

// The greatest and least powers of ten of a NUMBER's digits, with room.
const maxPower = 200

// number is a NUMBER taken apart: 0.d1 d2 d3... of base 100, times 100^pairs.
type number struct {
	negative bool
	pairs    int // digits of base 100 before the point
	n        int
	digits   [maxDigits]byte
}

// readNumber takes internal octets apart. why says what is wrong with them.
func readNumber(raw []byte) (x number, why string) {
	first, rest := raw[0], raw[1:]
	if first == 0x80 && len(rest) == 0 {
		return x, ""
	}
	if x.negative = first < 0x80; x.negative {
		first = ^first
		if n := len(rest); n > 0 && rest[n-1] == 102 {
			rest = rest[:n-1]
		}
	}
	x.pairs = int(first&0x7f) - 64
	switch {
	case raw[0] == 0 && len(rest) == 0, raw[0] == 0xff && len(rest) == 1 && rest[0] == 101:
		return x, "infinity is no number"
	case len(rest) == 0:
		return x, "there are no digits"
	case len(rest) > maxDigits:
		return x, "too many octets"
	}
	for i, b := range rest {
		if x.negative {
			b = 102 - b
		}
		if b--; b > 99 {
			return x, "an octet is no digit"
		}
		x.digits[i] = b
	}
	x.n = len(rest)
	for x.n > 0 && x.digits[x.n-1] == 0 {
		x.n--
	}
	return x, ""
}

func (t *Type) appendNumber(dst, raw []byte) ([]byte, error) {
	x, why := readNumber(raw)
	if why != "" {
		return dst, t.fail(why)
	}
	if t.form == integers {
		v, ok := x.integer()
		if !ok {
			return dst, t.fail("it is no integer of 18 digits")
		}
		return record.AppendInt(dst, v), nil
	}
	var buf [300]byte
	return record.AppendBytes(dst, record.Decimal, x.text(buf[:0])), nil
}

// integer gives the number if it is one of at most 18 digits.
func (x *number) integer() (v int64, ok bool) {
	if x.n == 0 {
		return 0, true
	}
	if x.pairs > 9 || x.pairs < x.n {
		return 0, false
	}
	for i := range x.pairs {
		v *= 100
		if i < x.n {
			v += int64(x.digits[i])
		}
	}
	if x.negative {
		v = -v
	}
	return v, true
}

// text appends the number in plain digits, as short as it can be.
func (x *number) text(dst []byte) []byte {
	if x.n == 0 {
		return append(dst, '0')
	}
	if x.negative {
		dst = append(dst, '-')
	}
	start := len(dst)
	if x.pairs <= 0 {
		dst = append(dst, '0')
	}
	for i := range x.pairs {
		var d byte
		if i < x.n {
			d = x.digits[i]
		}
		if d >= 10 || len(dst) > start {
			dst = append(dst, '0'+d/10)
		}
		dst = append(dst, '0'+d%10)
	}
	if x.n <= x.pairs {
		return dst
	}
	dst = append(dst, '.')
	for i := min(x.pairs, 0); i < 0; i++ {
		dst = append(dst, "00"...)
	}
	for _, d := range x.digits[max(x.pairs, 0):x.n] {
		dst = append(dst, '0'+d/10, '0'+d%10)
	}
	if dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendNumberText takes a number in digits, with an exponent or without.
func (t *Type) appendNumberText(dst, text []byte) ([]byte, error) {
	if t.form == integers {
		if v, ok := smallInteger(text); ok {
			return record.AppendInt(dst, v), nil
		}
	}
	var buf [2*maxPower + 4]byte
	plain, ok := appendPlain(buf[:0], text)
	if !ok {
		return dst, t.fail("the text is no number, or beyond what a NUMBER holds")
	}
	if t.form == decimals {
		return record.AppendBytes(dst, record.Decimal, plain), nil
	}
	v, ok := smallInteger(plain)
	if !ok {
		return dst, t.fail("it is no integer of 18 digits")
	}
	return record.AppendInt(dst, v), nil
}

func smallInteger(text []byte) (v int64, ok bool) {
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, b := range digits {
		if !isDigit(b) {
			return 0, false
		}
		v = v*10 + int64(b-'0')
	}
	if len(digits) < len(text) {
		v = -v
	}
	return v, true
}

// appendPlain writes a number without exponent and without zeros that say nothing.
func appendPlain(dst, text []byte) ([]byte, bool) {
	negative := len(text) > 0 && text[0] == '-'
	if len(text) > 0 && (negative || text[0] == '+') {
		text = text[1:]
	}
	var digits [maxPower]byte
	n, point, power, ok := mantissa(&digits, text)
	if !ok {
		return dst, false
	}
	point += power
	for n > 0 && digits[n-1] == '0' {
		n--
	}
	if n == 0 {
		return append(dst, '0'), true
	}
	if point > maxPower || point < n-maxPower {
		return dst, false
	}
	if negative {
		dst = append(dst, '-')
	}
	if point <= 0 {
		dst = append(dst, '0')
	}
	for i := range point {
		if i < n {
			dst = append(dst, digits[i])
		} else {
			dst = append(dst, '0')
		}
	}
	if n <= point {
		return dst, true
	}
	dst = append(dst, '.')
	for i := point; i < 0; i++ {
		dst = append(dst, '0')
	}
	return append(dst, digits[max(point, 0):n]...), true
}

// mantissa reads digits without leading zeros, how many are before the point (less than
// none if zeros follow it), and the power of ten.
func mantissa(digits *[maxPower]byte, text []byte) (n, point, power int, ok bool) {
	seen, dot := 0, false
	for i, b := range text {
		switch {
		case isDigit(b):
			seen++
			if n > 0 || b != '0' {
				if n == len(digits) {
					return 0, 0, 0, false
				}
				digits[n] = b
				n++
			}
			if !dot && n > 0 {
				point++
			} else if dot && n == 0 {
				point--
			}
		case b == '.' && !dot:
			dot = true
		case b|0x20 == 'e' && seen > 0:
			power, err := strconv.Atoi(string(text[i+1:]))
			return n, point, power, err == nil && power < 1e6 && power > -1e6
		default:
			return 0, 0, 0, false
		}
	}
	return n, point, 0, seen > 0
}

// oracleNaN are the bits of the only one that Oracle has; Go's own has another bit set.
const oracleNaN = 0x7ff8 << 48

// appendFloatText takes Nan, Inf, -Inf, and numbers.
func (t *Type) appendFloatText(dst, text []byte) ([]byte, error) {
	bits := 64
	if t.form == singles {
		bits = 32
	}
	v, ok := 0.0, true
	switch {
	case equalFold(text, "nan"):
		v = math.Float64frombits(oracleNaN)
	case equalFold(text, "inf"), equalFold(text, "infinity"):
		v = math.Inf(1)
	case equalFold(text, "-inf"), equalFold(text, "-infinity"):
		v = math.Inf(-1)
	default:
		v, ok = parseFloat(text, bits)
	}
	if !ok {
		return dst, t.fail("the text is no number, or beyond what the type holds")
	}
	if bits == 32 {
		return record.AppendFloat32(dst, float32(v)), nil
	}
	return record.AppendFloat64(dst, v), nil
}

func parseFloat(text []byte, bits int) (float64, bool) {
	for _, b := range text {
		if !isDigit(b) && b != '.' && b != '-' && b != '+' && b|0x20 != 'e' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(text), bits)
	return v, err == nil
}
