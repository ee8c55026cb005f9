package oradb

import (
	"strconv"
	"strings"
)

// decimal is a number as its digits: 12.5 is "125" with one of them behind the point.
type decimal struct {
	negative bool
	digits   string // without leading and trailing zeros; "" is zero
	point    int    // how many digits stand before the point; may be negative
}

// parseDecimal reads a number as Oracle writes one, exponent included.
func parseDecimal(text string) (decimal, bool) {
	text = strings.TrimSpace(text)
	var d decimal
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		d.negative, text = true, rest
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	exponent := 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		n, err := strconv.Atoi(text[at+1:])
		if err != nil || n > 200 || n < -200 {
			return decimal{}, false
		}
		exponent, text = n, text[:at]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" && fraction == "" {
		return decimal{}, false
	}
	d.digits, d.point = whole+fraction, len(whole)+exponent
	for _, c := range d.digits {
		if c < '0' || c > '9' {
			return decimal{}, false
		}
	}
	return d.trimmed(), true
}

// trimmed takes zeros at both ends off.
func (d decimal) trimmed() decimal {
	n := len(d.digits)
	d.digits = strings.TrimLeft(d.digits, "0")
	d.point -= n - len(d.digits)
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}

// text prints the number plainly, in the one form that equal numbers share.
func (d decimal) text() string {
	if d.digits == "" {
		return "0"
	}
	var b strings.Builder
	if d.negative {
		b.WriteByte('-')
	}
	switch {
	case d.point <= 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -d.point))
		b.WriteString(d.digits)
	case d.point >= len(d.digits):
		b.WriteString(d.digits)
		b.WriteString(strings.Repeat("0", d.point-len(d.digits)))
	default:
		b.WriteString(d.digits[:d.point] + "." + d.digits[d.point:])
	}
	return b.String()
}

// rounded rounds half away from zero to so many digits behind the point, which may be
// negative.
func (d decimal) rounded(scale int) decimal {
	keep := d.point + scale
	if keep >= len(d.digits) {
		return d
	}
	if keep < 0 {
		return decimal{}
	}
	up := d.digits[keep] >= '5'
	kept := []byte("0" + d.digits[:keep])
	for i := len(kept) - 1; up && i >= 0; i-- {
		if kept[i]++; kept[i] <= '9' {
			up = false
			continue
		}
		kept[i] = '0'
	}
	d.digits, d.point = string(kept), d.point+1
	return d.trimmed()
}

// compareDecimals orders numbers as texts; what is none comes behind all numbers.
func compareDecimals(left, right string) int {
	a, aOK := parseDecimal(left)
	b, bOK := parseDecimal(right)
	switch {
	case !aOK && !bOK:
		return strings.Compare(left, right)
	case !aOK:
		return 1
	case !bOK:
		return -1
	}
	return a.compare(b)
}

func (d decimal) compare(other decimal) int {
	if d.sign() != other.sign() {
		return d.sign() - other.sign()
	}
	order := d.point - other.point
	if order == 0 {
		order = strings.Compare(d.digits, other.digits)
	}
	if d.negative {
		return -order
	}
	return order
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}
