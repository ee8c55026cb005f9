package dml

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"

	"ggsh/record"
)

// What values look like as text is the same for every database.

// ShowsAs reports whether decimal text is what a float of 32 or 64 bits is shown
// as, or its very value.
func ShowsAs(f float64, size int, text string) bool {
	return sameDecimal(strconv.FormatFloat(f, 'f', -1, size), text) || isExactly(f, text)
}

// isExactly reports whether decimal text is the very value of f, as that of large
// whole numbers can be that f shows with other last digits.
func isExactly(f float64, text string) bool {
	exact, number := new(big.Rat).SetFloat64(f), new(big.Rat)
	_, ok := number.SetString(text)
	return ok && exact != nil && exact.Cmp(number) == 0
}

// sameDecimal compares decimal texts but for zeros in front and at the end.
func sameDecimal(a, b string) bool {
	trim := func(s string) string {
		sign := ""
		if strings.HasPrefix(s, "-") {
			sign, s = "-", s[1:]
		}
		s = strings.TrimLeft(s, "0")
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		if s == "" {
			return s // zero has no sign
		}
		return sign + s
	}
	return trim(a) == trim(b)
}

// IsDecimal reports whether text is digits with a sign and a point at most.
func IsDecimal(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	point := bytes.IndexByte(b, '.')
	if point >= 0 {
		return point > 0 && point < len(b)-1 && AllDigits(b[:point]) && AllDigits(b[point+1:])
	}
	return AllDigits(b)
}

// AllDigits reports whether text is digits only, and not empty.
func AllDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// ParseTime reads 2024-12-31, 23:59:59.999999 with any hours and a sign, or both
// with a blank or T between them, and Z or +00:00 behind them.
func ParseTime(b []byte) (v record.Value, ok bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		v.Kind = record.Time
		negative := bytes.HasPrefix(b, []byte("-"))
		ns, ok := parseClock(bytes.TrimPrefix(b, []byte("-")), 839)
		if negative {
			ns = -ns
		}
		v.N = uint64(ns)
		return v, ok
	}
	y, ok1 := parseDigits(b[:4])
	m, ok2 := parseDigits(b[5:7])
	d, ok3 := parseDigits(b[8:10])
	if !ok1 || !ok2 || !ok3 || m > 12 || d > 31 {
		return v, false
	}
	v.Kind, v.D = record.Date, record.PackDate(y, m, d)
	if b = b[10:]; len(b) == 0 {
		return v, true
	}
	if b[0] != ' ' && b[0] != 'T' {
		return v, false
	}
	v.Kind, b = record.Timestamp, b[1:]
	for _, zone := range []string{"Z", "+00:00"} {
		if rest, found := bytes.CutSuffix(b, []byte(zone)); found {
			v.Kind, b = record.TimestampTZ, rest
			break
		}
	}
	ns, ok := parseClock(b, 24)
	v.N = uint64(ns)
	return v, ok
}

// parseClock reads HH:MM:SS and up to nine digits of a second, hours below a limit.
func parseClock(b []byte, hours int) (ns int64, ok bool) {
	at := bytes.IndexByte(b, ':')
	if at < 1 || len(b) < at+6 || b[at+3] != ':' {
		return 0, false
	}
	h, ok1 := parseDigits(b[:at])
	m, ok2 := parseDigits(b[at+1 : at+3])
	sec, ok3 := parseDigits(b[at+4 : at+6])
	if !ok1 || !ok2 || !ok3 || at > 3 || h >= hours || m > 59 || sec > 59 {
		return 0, false
	}
	ns = int64(h*3600+m*60+sec) * 1e9
	if b = b[at+6:]; len(b) == 0 {
		return ns, true
	}
	if b[0] != '.' || len(b) < 2 || len(b) > 10 {
		return 0, false
	}
	fraction, ok4 := parseDigits(b[1:])
	for range 10 - len(b) {
		fraction *= 10
	}
	return ns + int64(fraction), ok4
}

func parseDigits(b []byte) (n int, ok bool) {
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n, AllDigits(b)
}
