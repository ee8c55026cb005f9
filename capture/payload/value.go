package payload

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"ggsh/record"
)

// AppendText appends the value that a text is in a column. Its octets are the whole
// value: blanks count.
func AppendText(dst []byte, col *record.ColumnDef, text []byte) ([]byte, error) {
	switch col.Kind {
	case record.String:
		return appendCharacters(dst, col, text)
	case record.Int:
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return dst, notA(text, "whole number of 64 bits")
		}
		return record.AppendInt(dst, n), nil
	case record.Decimal:
		return appendDecimal(dst, col, text)
	case record.Float64:
		n, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(n, 0) || math.IsNaN(n) || bytes.ContainsAny(text, "xX_pP") {
			return dst, notA(text, "number")
		}
		return record.AppendFloat64(dst, n), nil
	case record.Bool:
		switch strings.ToLower(string(text)) {
		case "true", "1":
			return record.AppendBool(dst, true), nil
		case "false", "0":
			return record.AppendBool(dst, false), nil
		}
		return dst, notA(text, "true, false, 1 or 0")
	case record.Date, record.Time, record.Timestamp, record.TimestampTZ:
		return appendTime(dst, col, text)
	case record.Bytes, record.UUID:
		return appendOctets(dst, col, text)
	case record.JSON:
		x := jsonText{b: text}
		if _, err := x.value(0); err != nil {
			return dst, err
		}
		if x.peek(); x.i < len(text) {
			return dst, x.bad("something stands behind the JSON value")
		}
		return record.AppendBytes(dst, record.JSON, text), nil
	}
	return dst, badRecord("columns of kind %s cannot be read", col.Kind)
}

// notA is the usual complaint; long texts are cut.
func notA(text []byte, what string) error {
	if len(text) > 60 {
		text = text[:60]
	}
	return badRecord("%q is no %s", text, what)
}

func appendCharacters(dst []byte, col *record.ColumnDef, text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return dst, badRecord("its text is not UTF-8")
	}
	if col.Length > 0 && len(text) > col.Length && utf8.RuneCount(text) > col.Length {
		return dst, badRecord("it has %d characters, the column %d", utf8.RuneCount(text), col.Length)
	}
	return record.AppendBytes(dst, record.String, text), nil
}

// appendDecimal brings a decimal number into its usual form: 7.50, -0.5, 12.
func appendDecimal(dst []byte, col *record.ColumnDef, text []byte) ([]byte, error) {
	var room [64]byte
	out, ok := plainDecimal(room[:0], text)
	if !ok {
		return dst, notA(text, "decimal number")
	}
	digits, behind := len(out), 0
	if out[0] == '-' {
		digits--
	}
	if point := bytes.IndexByte(out, '.'); point >= 0 {
		behind = len(out) - point - 1
		digits -= behind + 1
	}
	if out[0] == '0' || out[0] == '-' && out[1] == '0' {
		digits-- // a zero before the point takes no room
	}
	if col.Precision > 0 && (digits > col.Precision-col.Scale || behind > col.Scale) {
		return dst, badRecord("%s does not fit into %s", string(out), col.Type)
	}
	return record.AppendBytes(dst, record.Decimal, out), nil
}

// maxExponent bounds how far an exponent is written out.
const maxExponent = 1000

// plainDecimal writes a number without exponent, leading zeros and plus sign.
func plainDecimal(dst, text []byte) ([]byte, bool) {
	mantissa, exponent := text, 0
	if e := bytes.IndexAny(text, "eE"); e >= 0 {
		n, err := strconv.Atoi(string(text[e+1:]))
		if err != nil || n > maxExponent || n < -maxExponent {
			return dst, false
		}
		mantissa, exponent = text[:e], n
	}
	if len(mantissa) > 0 && (mantissa[0] == '-' || mantissa[0] == '+') {
		if mantissa[0] == '-' {
			dst = append(dst, '-')
		}
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	if len(whole)+len(fraction) == 0 || !allDigits(whole) || !allDigits(fraction) {
		return dst, false
	}
	if exponent != 0 {
		whole, fraction = shift(whole, fraction, exponent)
	}
	whole = bytes.TrimLeft(whole, "0")
	if len(whole) == 0 {
		whole = []byte{'0'}
	}
	dst = append(dst, whole...)
	if len(fraction) > 0 {
		dst = append(append(dst, '.'), fraction...)
	}
	return dst, true
}

// shift moves the point of whole.fraction by n places to the right.
func shift(whole, fraction []byte, n int) (w, f []byte) {
	digits := make([]byte, 0, len(whole)+len(fraction)+max(n, -n))
	digits = append(append(digits, whole...), fraction...)
	point := len(whole) + n
	if point < 0 {
		digits = append(bytes.Repeat([]byte{'0'}, -point), digits...)
		point = 0
	}
	for point > len(digits) {
		digits = append(digits, '0')
	}
	return digits[:point], digits[point:]
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// appendBase64 appends the octets of a text in base 64.
func appendBase64(dst []byte, col *record.ColumnDef, text []byte) ([]byte, error) {
	var room [64]byte
	out, err := base64.StdEncoding.Strict().AppendDecode(room[:0], text)
	if err != nil || bytes.ContainsAny(text, "\r\n") {
		return dst, notA(text, "text in base 64")
	}
	if col.Length > 0 && len(out) > col.Length {
		return dst, badRecord("it has %d octets, the column %d", len(out), col.Length)
	}
	return record.AppendBytes(dst, record.Bytes, out), nil
}

func appendOctets(dst []byte, col *record.ColumnDef, text []byte) ([]byte, error) {
	if strings.HasPrefix(col.Type, "BASE64") {
		return appendBase64(dst, col, text)
	}
	var room [64]byte
	digits := text
	if col.Kind == record.UUID && len(text) <= len(room) {
		digits = room[:0]
		for i, c := range text {
			if c != '-' || i != 8 && i != 13 && i != 18 && i != 23 {
				digits = append(digits, c)
			}
		}
	}
	n := len(digits) / 2
	if !hexDigits(digits) || len(digits)%2 > 0 || col.Kind == record.UUID && n != 16 {
		return dst, notA(text, "octets in hexadecimal digits, as the column holds")
	}
	if col.Length > 0 && n > col.Length {
		return dst, badRecord("it has %d octets, the column %d", n, col.Length)
	}
	var octets [64]byte
	out, err := hex.AppendDecode(octets[:0], digits)
	return record.AppendBytes(dst, col.Kind, out), err
}

func hexDigits(b []byte) bool {
	for _, c := range b {
		if _, ok := hexDigit(c); !ok {
			return false
		}
	}
	return true
}
