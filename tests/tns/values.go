package tns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// errNotNumber is of a Backend's value for a NUMBER column.
var errNotNumber = errors.New("not a decimal number")

const (
	largestNumberDigits = 40
	largestExponent     = 125
)

// decimal is a number's digits, without zeros at either end, and where its point is:
// the value is 0.DIGITS times 10 to the power of point.
type decimal struct {
	negative bool
	digits   []byte
	point    int
}

// parseDecimal reads -12.5, .5 or 1.5E-7.
func parseDecimal(s string) (decimal, error) {
	d := decimal{}
	rest := strings.TrimSpace(s)
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative = rest[0] == '-'
		rest = rest[1:]
	}
	seen, point := 0, false
	for ; rest != "" && (rest[0] >= '0' && rest[0] <= '9' || rest[0] == '.' && !point); rest = rest[1:] {
		if rest[0] == '.' {
			point = true
			continue
		}
		seen++
		if len(d.digits) == 0 && rest[0] == '0' {
			if point {
				d.point--
			}
			continue
		}
		d.digits = append(d.digits, rest[0]-'0')
		if !point {
			d.point++
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		var exponent int
		if n, err := fmt.Sscanf(rest[1:], "%d", &exponent); n != 1 || err != nil ||
			exponent > 1000 || exponent < -1000 {
			return d, errNotNumber
		}
		d.point += exponent
		rest = ""
	}
	for len(d.digits) > 0 && d.digits[len(d.digits)-1] == 0 {
		d.digits = d.digits[:len(d.digits)-1]
	}
	if seen == 0 || rest != "" || len(d.digits) > largestNumberDigits {
		return d, errNotNumber
	}
	return d, nil
}

// appendNumber appends a NUMBER: an exponent of 100, then digits of 100.
func appendNumber(dst []byte, s string) ([]byte, error) {
	d, err := parseDecimal(s)
	if err != nil {
		return dst, fmt.Errorf("%q is %w", s, err)
	}
	if len(d.digits) == 0 {
		return append(dst, 0x80), nil
	}
	if d.point > largestExponent+1 || d.point < -129 {
		return dst, fmt.Errorf("%q is out of a NUMBER's range", s)
	}
	digits := d.digits
	exponent := d.point
	if exponent%2 != 0 { // an odd number of digits stands before the point
		digits = append([]byte{0}, digits...)
		exponent++
	}
	if len(digits)%2 != 0 {
		digits = append(digits[:len(digits):len(digits)], 0)
	}
	first := byte(exponent/2 - 1 + 0xc1)
	if d.negative {
		first = ^first
	}
	dst = append(dst, first)
	for i := 0; i < len(digits); i += 2 {
		v := digits[i]*10 + digits[i+1]
		if d.negative {
			dst = append(dst, 101-v)
		} else {
			dst = append(dst, v+1)
		}
	}
	if d.negative && len(digits)/2 < 20 {
		dst = append(dst, 102)
	}
	return dst, nil
}

// numberText is a NUMBER as decimal text without an exponent.
func numberText(b []byte) (string, error) {
	if len(b) == 1 && b[0] == 0x80 {
		return "0", nil
	}
	if len(b) < 2 || len(b) > 22 {
		return "", fmt.Errorf("a NUMBER of %d octets", len(b))
	}
	negative := b[0] < 0x80
	first, rest := b[0], b[1:]
	if negative {
		first = ^first
		if rest[len(rest)-1] == 102 {
			rest = rest[:len(rest)-1]
		}
	}
	var digits []byte
	for _, c := range rest {
		v := int(c) - 1
		if negative {
			v = 101 - int(c)
		}
		if v < 0 || v > 99 {
			return "", fmt.Errorf("a NUMBER with the digit %d", v)
		}
		digits = append(digits, byte('0'+v/10), byte('0'+v%10))
	}
	return plain(negative, digits, 2*(int(first)-0xc1+1)), nil
}

// plain writes digits with the point where it belongs.
func plain(negative bool, digits []byte, point int) string {
	whole, fraction := "", ""
	switch {
	case point <= 0:
		fraction = strings.Repeat("0", -point) + string(digits)
	case point >= len(digits):
		whole = string(digits) + strings.Repeat("0", point-len(digits))
	default:
		whole, fraction = string(digits[:point]), string(digits[point:])
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative {
		whole = "-" + whole
	}
	return whole
}

// appendTime appends the 7 octets of a DATE, and 4 more of a fraction.
func appendTime(dst []byte, t time.Time, fraction bool) []byte {
	year := t.Year()
	dst = append(dst, byte(year/100+100), byte(year%100+100), byte(t.Month()), byte(t.Day()),
		byte(t.Hour()+1), byte(t.Minute()+1), byte(t.Second()+1))
	if fraction {
		dst = binary.BigEndian.AppendUint32(dst, uint32(t.Nanosecond()))
	}
	return dst
}

// appendTimeTZ appends the time in UTC, then the zone's offset.
func appendTimeTZ(dst []byte, t time.Time) []byte {
	_, offset := t.Zone()
	dst = appendTime(dst, t.UTC(), true)
	return append(dst, byte(offset/3600+20), byte(offset%3600/60+60))
}

// parseTime reads 7, 11 or 13 octets. Without a zone, the result is in UTC.
func parseTime(b []byte) (time.Time, error) {
	if len(b) != 7 && len(b) != 11 && len(b) != 13 {
		return time.Time{}, fmt.Errorf("a time of %d octets", len(b))
	}
	year := (int(b[0])-100)*100 + int(b[1]) - 100
	fraction := 0
	if len(b) > 7 {
		fraction = int(binary.BigEndian.Uint32(b[7:]))
	}
	in := func(where *time.Location) time.Time {
		return time.Date(year, time.Month(b[2]), int(b[3]), int(b[4])-1, int(b[5])-1, int(b[6])-1,
			fraction, where)
	}
	if len(b) < 13 {
		return in(time.UTC), nil
	}
	if b[11]&0x80 != 0 {
		// A region's number. Backends get the instant, which was sent as UTC.
		if b[12]&1 != 0 {
			return time.Time{}, errors.New("local time of a region that only has a number")
		}
		return in(time.UTC), nil
	}
	offset := (int(b[11]&0x3f)-20)*3600 + (int(b[12])-60)*60
	zone := time.FixedZone("", offset)
	if offset == 0 {
		zone = time.UTC
	}
	if b[11]&0x40 != 0 {
		return in(zone), nil
	}
	return in(time.UTC).In(zone), nil
}

// appendDayInterval appends an INTERVAL DAY TO SECOND: all parts have the same sign.
func appendDayInterval(dst []byte, d time.Duration) []byte {
	days := d / (24 * time.Hour)
	d %= 24 * time.Hour
	dst = binary.BigEndian.AppendUint32(dst, uint32(int64(days)+0x80000000))
	dst = append(dst, byte(d/time.Hour+60), byte(d%time.Hour/time.Minute+60),
		byte(d%time.Minute/time.Second+60))
	return binary.BigEndian.AppendUint32(dst, uint32(int64(d%time.Second)+0x80000000))
}

func parseInterval(b []byte) (Interval, error) {
	switch len(b) {
	case 5:
		years := int64(binary.BigEndian.Uint32(b)) - 0x80000000
		return Interval{Months: int(years)*12 + int(b[4]) - 60}, nil
	case 11:
		days := int64(binary.BigEndian.Uint32(b)) - 0x80000000
		return Interval{Duration: time.Duration(days)*24*time.Hour +
			time.Duration(int(b[4])-60)*time.Hour + time.Duration(int(b[5])-60)*time.Minute +
			time.Duration(int(b[6])-60)*time.Second +
			time.Duration(int64(binary.BigEndian.Uint32(b[7:]))-0x80000000)}, nil
	}
	return Interval{}, fmt.Errorf("an interval of %d octets", len(b))
}

func appendMonthInterval(dst []byte, months int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(int64(months/12)+0x80000000))
	return append(dst, byte(months%12+60))
}

// appendFloat appends a BINARY_FLOAT or BINARY_DOUBLE: IEEE, made to sort as octets.
func appendFloat(dst []byte, bits uint64, size int) []byte {
	if size == 4 {
		bits <<= 32
	}
	if bits>>63 != 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	for i := range size {
		dst = append(dst, byte(bits>>(56-8*i)))
	}
	return dst
}

func parseFloat(b []byte) (any, error) {
	if len(b) != 4 && len(b) != 8 {
		return nil, fmt.Errorf("a binary float of %d octets", len(b))
	}
	var bits uint64
	for i, c := range b {
		bits |= uint64(c) << (56 - 8*i)
	}
	if bits>>63 != 0 {
		bits &^= 1 << 63
	} else {
		bits = ^bits
	}
	if len(b) == 4 {
		return math.Float32frombits(uint32(bits >> 32)), nil
	}
	return math.Float64frombits(bits), nil
}

// rowIDDigits are the digits of base 64 in a ROWID's text.
const rowIDDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// appendRowID appends a physical ROWID of 18 characters as its four numbers.
func appendRowID(m *message, text string) error {
	if len(text) != 18 {
		return fmt.Errorf("a ROWID of %d characters, and 18 is right", len(text))
	}
	number := func(s string) (v uint64, err error) {
		for i := range len(s) {
			at := strings.IndexByte(rowIDDigits, s[i])
			if at < 0 {
				return 0, fmt.Errorf("%q is no ROWID", text)
			}
			v = v<<6 | uint64(at)
		}
		return v, nil
	}
	var parts [4]uint64
	for i, cut := range []string{text[:6], text[6:9], text[9:15], text[15:]} {
		var err error
		if parts[i], err = number(cut); err != nil {
			return err
		}
	}
	m.u8(14)
	m.ub(parts[0])
	m.ub(parts[1])
	m.u8(0)
	m.ub(parts[2])
	m.ub(parts[3])
	return nil
}
