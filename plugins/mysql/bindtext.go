package main

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"ggsh/record"
)

// bindString binds text. Into a column that is no text it must be in the form in
// which the server shows the column's values: what else servers read there they
// round and cut without a word.
func bindString(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	switch {
	case isWhole(col) || col.Kind == record.Decimal:
		if !isDecimal(b) {
			return nil, arena, refuse(wrongString, col, strconv.QuoteToASCII(string(b)), notANumber)
		}
		return bindDecimal(col, b, arena)
	case isFloat(col) && isDecimal(b):
		return bindDecimal(col, b, arena)
	case isTime(col):
		v, ok := parseTime(b)
		if !ok {
			return nil, arena, refuse(wrongValue, col, strconv.QuoteToASCII(string(b)),
				"it is not in the form 2024-12-31 23:59:59.999999 or a part of it")
		}
		return bindTime(col, &v, arena)
	case col.Kind == record.JSON:
		return b, arena, exactJSON(col, b)
	case col.Kind == record.Bytes:
		return b, arena, padded(col, b)
	}
	return b, arena, fitsText(col, b)
}

// bindOctets binds octets, JSON and XML.
func bindOctets(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	switch {
	case v.Kind != record.Bytes:
		return bindString(col, v.B, arena)
	case col.Kind == record.String:
		return v.B, arena, fitsText(col, v.B)
	case col.Kind == record.Bytes:
		return v.B, arena, padded(col, v.B)
	case col.Kind == record.JSON:
		return v.B, arena, exactJSON(col, v.B)
	case col.Kind == record.UUID && len(v.B) == 16:
		id := *v
		id.Kind = record.UUID
		return text(&id, arena)
	case isWhole(col) && col.Kind != record.Bit, isFloat(col), isTime(col),
		col.Kind == record.Decimal:
		return nil, arena, refuse(wrongString, col, strconv.QuoteToASCII(string(v.B)),
			"they are octets")
	}
	return v.B, arena, nil
}

// fitsText refuses what servers would cut or misread in a text column.
func fitsText(col *record.ColumnDef, b []byte) error {
	if !utf8.Valid(b) {
		return refuse(wrongString, col, strconv.QuoteToASCII(string(b)), notUTF8)
	}
	// Blanks beyond the length are the one thing that strict servers cut.
	if col.Length > 0 && len(b) > col.Length && b[len(b)-1] == ' ' &&
		strings.HasPrefix(col.Type, "varchar") && utf8.RuneCount(b) > col.Length {
		return refuse(dataTooLong, col, strconv.Quote(string(b)), "it is too long")
	}
	if allDigits(b) && hasLabels(col) &&
		!strings.Contains(col.Type, "'"+string(b)+"'") {
		return refuse(dataTruncated, col, string(b), "it is no label, and would be taken for a number")
	}
	return nil
}

// padded refuses octets that BINARY(n) would fill up with zeros.
func padded(col *record.ColumnDef, b []byte) error {
	if len(b) < col.Length && strings.HasPrefix(col.Type, "binary(") {
		return refuse(dataTruncated, col, strconv.QuoteToASCII(string(b)), "it would be padded")
	}
	return nil
}

// parseTime reads 2024-12-31, 23:59:59.999999 with any hours and a sign, or both
// with a blank or T between them, and Z or +00:00 behind them.
func parseTime(b []byte) (v record.Value, ok bool) {
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
	return n, allDigits(b)
}
