package formatter

import (
	"bytes"
	"fmt"
	"strconv"

	"ggsh/record"
)

// unscaled makes of decimals the whole numbers that they are with their point
// moved: as octets in two's complement, highest first.
type unscaled struct {
	digits []byte
	limbs  []uint32 // lowest first
}

// set takes a value with the point scale digits from the right. It refuses what
// has more digits behind the point, or more than precision in all.
func (u *unscaled) set(v *record.Value, precision, scale int) (negative bool, err error) {
	var n decimal
	ok := true
	switch v.Kind {
	case record.Decimal:
		n, ok = parseDecimal(v.B)
	case record.Int:
		u.digits = strconv.AppendInt(u.digits[:0], int64(v.N), 10)
		n, ok = parseDecimal(u.digits)
	case record.Uint:
		u.digits = strconv.AppendUint(u.digits[:0], v.N, 10)
		n, ok = parseDecimal(u.digits)
	default:
		ok = false
	}
	if !ok {
		return false, unfit(v, "a decimal")
	}
	e := 0
	if len(n.exponent) > 0 {
		if e, err = strconv.Atoi(string(n.exponent)); err != nil {
			e = 1 << 30
		}
	}
	// The parts of a whole number alias u.digits: they move at most to its front.
	digits := append(append(u.digits[:0], n.whole...), n.fraction...)
	u.digits = digits
	zeros := scale - len(n.fraction) + e // to append; negative: to cut
	digits = bytes.TrimLeft(digits, "0")
	if len(digits) == 0 {
		zeros = 0
	}
	for zeros < 0 && len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits, zeros = digits[:len(digits)-1], zeros+1
	}
	if zeros < 0 || len(digits) > precision-zeros {
		return false, fault(fmt.Sprintf("%.80s does not fit a decimal of %d digits, %d of them "+
			"behind the point", v.Text(nil, -1), precision, scale), asStrings)
	}
	u.number(digits, zeros)
	return n.negative && len(digits) > 0, nil
}

// number sets the limbs to the digits followed by so many zeros.
func (u *unscaled) number(digits []byte, zeros int) {
	u.limbs = u.limbs[:0]
	for len(digits) > 0 || zeros > 0 {
		factor, add := uint64(1), uint64(0)
		for factor < 1e9 && (len(digits) > 0 || zeros > 0) {
			factor, add = factor*10, add*10
			if len(digits) > 0 {
				add += uint64(digits[0] - '0')
				digits = digits[1:]
			} else {
				zeros--
			}
		}
		for i := range u.limbs {
			add += uint64(u.limbs[i]) * factor
			u.limbs[i] = uint32(add)
			add >>= 32
		}
		if add > 0 {
			u.limbs = append(u.limbs, uint32(add))
		}
	}
}

// appendOctets appends the number in as few octets as it needs.
func (u *unscaled) appendOctets(dst []byte, negative bool) []byte {
	from := len(dst)
	dst = append(dst, 0)
	for i := len(u.limbs) - 1; i >= 0; i-- {
		l := u.limbs[i]
		dst = append(dst, byte(l>>24), byte(l>>16), byte(l>>8), byte(l))
	}
	if negative {
		negate(dst[from:])
	}
	// An octet that only repeats the sign bit of the next is not needed.
	skip := from
	for skip < len(dst)-1 && (dst[skip] == 0 && dst[skip+1] < 0x80 ||
		dst[skip] == 0xff && dst[skip+1] >= 0x80) {
		skip++
	}
	n := copy(dst[from:], dst[skip:])
	return dst[:from+n]
}

// negate makes the two's complement of a number of octets.
func negate(b []byte) {
	carry := true
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = ^b[i]
		if carry {
			b[i]++
			carry = b[i] == 0
		}
	}
}
