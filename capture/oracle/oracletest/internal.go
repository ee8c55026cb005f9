package oracletest

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf16"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// AppendInternal appends a value as Oracle keeps it in a row: what HEXTORAW holds in
// SQL_REDO without a dictionary. Text is in AL32UTF8, national text in AL16UTF16.
func AppendInternal(dst []byte, c *oracle.Column, v *record.Value) ([]byte, error) {
	switch v.Kind {
	case record.Int:
		return appendNumber(dst, fmt.Sprint(int64(v.N)))
	case record.Decimal:
		return appendNumber(dst, string(v.B))
	case record.Float32:
		return binary.BigEndian.AppendUint32(dst, orderedBits32(uint32(v.N))), nil
	case record.Float64:
		return binary.BigEndian.AppendUint64(dst, orderedBits64(v.N)), nil
	case record.String, record.XML, record.JSON:
		if c.National || c.Type == "CLOB" { // LOBs are in UTF-16, too
			for _, u := range utf16.Encode([]rune(string(v.B))) {
				dst = binary.BigEndian.AppendUint16(dst, u)
			}
			return dst, nil
		}
		return append(dst, v.B...), nil
	case record.Bytes:
		return append(dst, v.B...), nil
	case record.Timestamp, record.TimestampTZ:
		return appendDateTime(dst, c, v), nil
	case record.Interval:
		return appendInterval(dst, c, v), nil
	}
	return dst, fmt.Errorf("a value of kind %s has no internal form", v.Kind)
}

// orderedBits32 flips bits so that octets sort as the numbers do.
func orderedBits32(b uint32) uint32 {
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}

func orderedBits64(b uint64) uint64 {
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// appendNumber turns decimal text into base 100 digits behind an exponent.
func appendNumber(dst []byte, text string) ([]byte, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if strings.Trim(whole+fraction, "0123456789") != "" {
		return dst, fmt.Errorf("%q is no number", text)
	}
	if len(whole)%2 != 0 {
		whole = "0" + whole
	}
	if len(fraction)%2 != 0 {
		fraction += "0"
	}
	exponent := len(whole)/2 - 1
	all := whole + fraction
	for len(all) > 0 && all[:2] == "00" {
		all = all[2:]
		exponent--
	}
	for len(all) > 0 && all[len(all)-2:] == "00" {
		all = all[:len(all)-2]
	}
	if all == "" {
		return append(dst, 0x80), nil
	}
	head := byte(exponent + 193)
	if negative {
		head = ^head
	}
	dst = append(dst, head)
	for i := 0; i < len(all); i += 2 {
		d := (all[i]-'0')*10 + all[i+1] - '0'
		if negative {
			dst = append(dst, 101-d)
		} else {
			dst = append(dst, d+1)
		}
	}
	if negative && len(all)/2 < 20 {
		dst = append(dst, 102)
	}
	return dst, nil
}

// appendDateTime appends a DATE in 7 octets, a TIMESTAMP in 7 or 11 and one with a zone
// in 13, of which the date is UTC.
func appendDateTime(dst []byte, c *oracle.Column, v *record.Value) []byte {
	year, month, day := v.D.Split()
	ns := int64(v.N)
	second := ns / 1e9
	dst = append(dst, byte(year/100+100), byte(year%100+100), byte(month), byte(day),
		byte(second/3600+1), byte(second/60%60+1), byte(second%60+1))
	rest := uint32(ns % 1e9)
	switch {
	case c.Type == "DATE":
		return dst
	case strings.Contains(c.Type, "LOCAL") || v.Kind == record.Timestamp:
		if rest == 0 {
			return dst
		}
		return binary.BigEndian.AppendUint32(dst, rest)
	}
	dst = binary.BigEndian.AppendUint32(dst, rest)
	zone := int(v.Zone)
	return append(dst, byte(zone/60+20), byte(zone%60+60))
}

// appendInterval appends the five octets of years and months, or the eleven of days.
func appendInterval(dst []byte, c *oracle.Column, v *record.Value) []byte {
	if strings.Contains(c.Type, "YEAR") {
		months := int32(v.D)
		dst = binary.BigEndian.AppendUint32(dst, uint32(months/12)+1<<31)
		return append(dst, byte(months%12+60))
	}
	ns := int64(v.N)
	dst = binary.BigEndian.AppendUint32(dst, uint32(v.Days)+1<<31)
	second := ns / 1e9
	dst = append(dst, byte(second/3600+60), byte(second/60%60+60), byte(second%60+60))
	return binary.BigEndian.AppendUint32(dst, uint32(ns%1e9)+1<<31)
}

// float prints a BINARY_FLOAT or BINARY_DOUBLE as LogMiner does.
func float(v *record.Value) string {
	f := math.Float64frombits(v.N)
	if v.Kind == record.Float32 {
		f = float64(math.Float32frombits(uint32(v.N)))
	}
	switch {
	case math.IsNaN(f):
		return "Nan"
	case math.IsInf(f, 1):
		return "Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	digits := 16
	if v.Kind == record.Float32 {
		digits = 8
	}
	text := fmt.Sprintf("%.*E", digits, f)
	mantissa, exponent, _ := strings.Cut(text, "E")
	if n := len(exponent); n < 4 {
		exponent = exponent[:1] + strings.Repeat("0", 4-n) + exponent[1:]
	}
	return mantissa + "E" + exponent
}
