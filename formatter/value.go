package formatter

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"ggsh/record"
)

// What to do about a value that its format has no form for.
const (
	asStrings = "set format.treatAllColumnsAsStrings=true, which prints it as text"
	inColmap  = "change or leave out the column with COLMAP"
)

// checkText refuses text that is not UTF-8.
func checkText(b []byte) error {
	if !utf8.Valid(b) {
		return badUTF8(b)
	}
	return nil
}

func badUTF8(b []byte) error {
	at := 0
	for at < len(b) {
		r, w := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && w == 1 {
			break
		}
		at += w
	}
	return fault(fmt.Sprintf("the text is not UTF-8 from octet %d on", at+1), inColmap)
}

// appendText prints a value that is not NULL and not missing, as all formats
// made of text have it: octets in Base64, times with the column's digits.
func appendText(dst []byte, v *record.Value, col *record.ColumnDef) ([]byte, error) {
	switch v.Kind {
	case record.Bytes:
		return base64.StdEncoding.AppendEncode(dst, v.B), nil
	case record.String, record.JSON, record.XML, record.Decimal:
		if err := checkText(v.B); err != nil {
			return dst, err
		}
		return append(dst, v.B...), nil
	case record.Time, record.Timestamp, record.TimestampTZ, record.Interval:
		return v.Text(dst, digits(v, col)), nil
	}
	return v.Text(dst, -1), nil
}

// digits gives how many digits of a second to print: the column's, or all that
// the value has if the column's are too few.
func digits(v *record.Value, col *record.ColumnDef) int {
	if col.Scale < 0 || col.Scale > 9 {
		return -1
	}
	unit := int64(1)
	for range 9 - col.Scale {
		unit *= 10
	}
	if int64(v.N)%unit != 0 {
		return -1
	}
	return col.Scale
}

// isNumber says which kinds print as numbers.
func isNumber(k record.Kind) bool {
	switch k {
	case record.Int, record.Uint, record.Decimal, record.Float32, record.Float64:
		return true
	}
	return false
}

// isLarge reports whether a column may hold numbers that fit neither a signed 64
// bit number nor a double.
func isLarge(c *record.ColumnDef) bool {
	if c.Kind == record.Decimal {
		return !isLong(c) && (c.Precision <= 0 || c.Precision > 15)
	}
	if c.Kind != record.Uint {
		return false
	}
	for _, small := range []string{"tinyint", "smallint", "mediumint", "int"} {
		if strings.HasPrefix(c.Type, small) {
			return false
		}
	}
	return true
}

// isLong reports whether a decimal column holds whole numbers within 64 bits.
func isLong(c *record.ColumnDef) bool {
	return c.Kind == record.Decimal && c.Scale == 0 && c.Precision > 0 && c.Precision <= 18
}

// decimalSize gives precision and scale of a decimal column, the scale not
// negative and not beyond the precision; 0, 0 if they are not known.
func decimalSize(c *record.ColumnDef) (precision, scale int) {
	switch {
	case c.Precision <= 0:
		return 0, 0
	case c.Scale < 0:
		return c.Precision - c.Scale, 0
	}
	return max(c.Precision, c.Scale), c.Scale
}

// appendNumber appends a decimal text as a number of JSON, with the digits that
// it has.
func appendNumber(dst, b []byte) ([]byte, error) {
	n, ok := parseDecimal(b)
	if !ok {
		return dst, fault(fmt.Sprintf("%.40q is no number", b), asStrings)
	}
	if n.negative {
		dst = append(dst, '-')
	}
	if whole := bytes.TrimLeft(n.whole, "0"); len(whole) > 0 {
		dst = append(dst, whole...)
	} else {
		dst = append(dst, '0')
	}
	if len(n.fraction) > 0 {
		dst = append(append(dst, '.'), n.fraction...)
	}
	if len(n.exponent) > 0 {
		dst = append(append(dst, 'E'), n.exponent...)
	}
	return dst, nil
}

// decimal is a decimal text in its parts.
type decimal struct {
	negative bool
	whole    []byte
	fraction []byte
	exponent []byte // with its sign
}

// parseDecimal takes apart [+-]digits[.digits][E[+-]digits].
func parseDecimal(b []byte) (n decimal, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		n.negative, b = b[0] == '-', b[1:]
	}
	n.whole, b = cutDigits(b)
	if len(b) > 0 && b[0] == '.' {
		n.fraction, b = cutDigits(b[1:])
	}
	if len(n.whole)+len(n.fraction) == 0 {
		return n, false
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		sign := 0
		if len(b) > 1 && (b[1] == '-' || b[1] == '+') {
			sign = 1
		}
		digits, rest := cutDigits(b[1+sign:])
		if len(digits) == 0 {
			return n, false
		}
		n.exponent, b = b[1:1+sign+len(digits)], rest
	}
	return n, len(b) == 0
}

func cutDigits(b []byte) (digits, rest []byte) {
	i := 0
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return b[:i], b[i:]
}
