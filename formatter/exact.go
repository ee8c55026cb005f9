package formatter

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"ggsh/record"
)

const asDecimal = "set format.enableDecimalLogicalType=true, or " +
	"format.treatAllColumnsAsStrings=true"

// unfit says that a value is not of the type that its column has in the format.
func unfit(v *record.Value, kind string) error {
	return fault(fmt.Sprintf("a value of kind %s is not %s, as which the format has the column",
		v.Kind, kind), asStrings)
}

// whole gives a value as a signed 64 bit number.
func whole(v *record.Value) (int64, error) {
	switch v.Kind {
	case record.Int:
		return int64(v.N), nil
	case record.Uint:
		if v.N > math.MaxInt64 {
			return 0, fault(fmt.Sprintf("%d is beyond a signed 64 bit number", v.N), asDecimal)
		}
		return int64(v.N), nil
	case record.Decimal:
		n, ok := parseDecimal(v.B)
		if !ok {
			return 0, unfit(v, "a whole number")
		}
		i, ok := n.int64()
		if !ok {
			return 0, fault(fmt.Sprintf("%.60s is no whole number of 64 bits", v.B), asDecimal)
		}
		return i, nil
	}
	return 0, unfit(v, "a whole number")
}

// int64 gives the number if it is a whole one within 64 bits and has no exponent.
func (n *decimal) int64() (int64, bool) {
	if len(n.exponent) > 0 || len(bytes.TrimRight(n.fraction, "0")) > 0 {
		return 0, false
	}
	limit := uint64(math.MaxInt64)
	if n.negative {
		limit++
	}
	var sum uint64
	for _, c := range n.whole {
		d := uint64(c - '0')
		if sum > (limit-d)/10 {
			return 0, false
		}
		sum = sum*10 + d
	}
	if n.negative {
		return -int64(sum), true
	}
	return int64(sum), true
}

// double gives a value as a double that prints as the same number.
func double(v *record.Value) (float64, error) {
	switch v.Kind {
	case record.Float32, record.Float64:
		return float(v), nil
	case record.Int:
		n := int64(v.N)
		if f := float64(n); n > -1<<53 && n < 1<<53 || f < 1<<63 && int64(f) == n {
			return f, nil
		}
	case record.Uint:
		if f := float64(v.N); v.N < 1<<53 || f < 1<<64 && uint64(f) == v.N {
			return f, nil
		}
	case record.Decimal:
		n, ok := parseDecimal(v.B)
		if !ok {
			return 0, unfit(v, "a number")
		}
		if f, ok := n.double(v.B); ok {
			return f, nil
		}
	default:
		return 0, unfit(v, "a number")
	}
	return 0, fault(fmt.Sprintf("a double cannot hold %.60s", v.Text(nil, -1)), asDecimal)
}

// double gives the nearest double of the number whose text is given, and
// whether its shortest decimal form is that number again.
func (n *decimal) double(text []byte) (float64, bool) {
	if f, ok := n.short(); ok {
		return f, true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, false
	}
	want, exponent := n.significant()
	var buf [32]byte
	back, _ := parseDecimal(strconv.AppendFloat(buf[:0], f, 'e', -1, 64))
	got, other := back.significant()
	if len(want) == 0 {
		return f, true
	}
	return f, exponent == other && sameDigits(want, got)
}

// powers are the powers of ten that a double holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// short gives the nearest double of a number of up to fifteen digits and no
// exponent, which always print again as they were. Digits and power are both
// exact, so that their quotient is rounded once.
func (n *decimal) short() (float64, bool) {
	if len(n.whole)+len(n.fraction) > 15 || len(n.exponent) > 0 {
		return 0, false
	}
	digits := uint64(0)
	for _, c := range n.whole {
		digits = digits*10 + uint64(c-'0')
	}
	for _, c := range n.fraction {
		digits = digits*10 + uint64(c-'0')
	}
	f := float64(digits) / powers[len(n.fraction)]
	if n.negative {
		f = -f
	}
	return f, true
}

// significant gives the digits from the first to the last that is not zero, in
// up to two pieces joined only if needed, and the power of ten of the first.
func (n *decimal) significant() (digits []byte, exponent int) {
	e, _ := strconv.Atoi(string(n.exponent))
	w := bytes.TrimLeft(n.whole, "0")
	if len(w) == 0 {
		f := bytes.TrimLeft(n.fraction, "0")
		exponent = e - (len(n.fraction) - len(f)) - 1
		return bytes.TrimRight(f, "0"), exponent
	}
	exponent = e + len(w) - 1
	f := bytes.TrimRight(n.fraction, "0")
	if len(f) == 0 {
		return bytes.TrimRight(w, "0"), exponent
	}
	// Both pieces and the point lie one behind the other in the text.
	return w[: len(w)+1+len(f) : len(w)+1+len(f)], exponent
}

// sameDigits compares two runs of digits, points in them aside.
func sameDigits(a, b []byte) bool {
	i, j := 0, 0
	for {
		if i < len(a) && a[i] == '.' {
			i++
		}
		if j < len(b) && b[j] == '.' {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if a[i] != b[j] {
			return false
		}
		i, j = i+1, j+1
	}
}

// unixDays gives the days since 1970 of a date; false for one that no calendar has.
func unixDays(d record.PackedDate) (int64, bool) {
	y, m, day := d.Split()
	if m < 1 || m > 12 || day < 1 || day > monthDays(y, m) {
		return 0, false
	}
	// Years begin in March, so that the leap day is the last of its year.
	year, month := int64(y), int64(m)
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + int64(day) - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468, true
}

func monthDays(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// instant gives a timestamp as a count of units of so many nanoseconds since 1970;
// one without zone as if it were in UTC.
func instant(v *record.Value, unit int64) (int64, error) {
	if v.Kind != record.Timestamp && v.Kind != record.TimestampTZ {
		return 0, unfit(v, "a timestamp")
	}
	days, ok := unixDays(v.D)
	perDay := int64(86400e9) / unit
	switch {
	case !ok:
		return 0, fault(fmt.Sprintf("%s is no day of the calendar", v.Text(nil, -1)), asTexts)
	case int64(v.N)%unit != 0:
		return 0, fault(fmt.Sprintf("%s has more digits than the format's timestamp", v.Text(nil, -1)),
			asTexts)
	case days > math.MaxInt64/perDay-1 || days < math.MinInt64/perDay+1:
		return 0, fault(fmt.Sprintf("%s is beyond the format's timestamp", v.Text(nil, -1)), asTexts)
	}
	return days*perDay + int64(v.N)/unit, nil
}

const asTexts = "set format.enableTimestampLogicalType=false or " +
	"format.treatAllColumnsAsStrings=true"

// micros is instant in microseconds.
func micros(v *record.Value) (int64, error) { return instant(v, 1000) }
