package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"ggsh/handler/dml"
	"ggsh/record"
)

// The servers' numbers for values that do not fit.
const (
	outOfRange    = 1264
	dataTruncated = 1265
	wrongValue    = 1292
	wrongString   = 1366
	dataTooLong   = 1406
)

// notUTF8: MySQL cuts such texts at the first wrong octet and says nothing.
const notUTF8 = "it is not UTF-8"

// bind gives the driver's form of a value. Numbers stay binary, all else is
// text or octets; the server is strict about both, except where it would round
// or cut without an error: that is refused here.
func bind(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	switch v.Kind {
	case record.Int:
		return int64(v.N), arena, nil
	case record.Uint:
		return bindUint(v.N), arena, nil
	case record.Decimal:
		return bindDecimal(col, v.B, arena)
	case record.Float32, record.Float64:
		return bindFloat(col, v, arena)
	case record.String:
		return bindString(col, v.B, arena)
	case record.Bytes, record.JSON, record.XML:
		if col.Kind == record.String && !utf8.Valid(v.B) {
			return nil, arena, refuse(wrongString, col, strconv.QuoteToASCII(string(v.B)), notUTF8)
		}
		return v.B, arena, nil
	case record.Date, record.Time, record.Timestamp, record.TimestampTZ:
		return bindTime(col, v, arena)
	case record.Bit:
		return bindBit(col, v, arena)
	case record.Bool:
		if col.Kind != record.String {
			return int64(v.N), arena, nil
		}
	case record.UUID:
		if col.Kind == record.Bytes {
			return v.B, arena, nil
		}
	}
	return text(v, arena) // intervals, and what is to be read in a text column
}

// text appends the value's text to the arena and gives it from there.
func text(v *record.Value, arena []byte) (any, []byte, error) {
	at := len(arena)
	arena = v.Text(arena, -1)
	return arena[at:len(arena):len(arena)], arena, nil
}

func refuse(code int, col *record.ColumnDef, v string, why string) error {
	return &dml.Refusal{Code: code, Text: fmt.Sprintf("column %s %s cannot hold %s: %s",
		col.Name, col.Type, v, why)}
}

func bindUint(n uint64) any {
	if n <= math.MaxInt64 {
		return int64(n)
	}
	return n
}

func isWhole(col *record.ColumnDef) bool {
	return col.Kind == record.Int || col.Kind == record.Uint || col.Kind == record.Bit
}

func bindDecimal(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	if isWhole(col) {
		whole, fraction, _ := bytes.Cut(b, []byte("."))
		if len(bytes.Trim(fraction, "0")) > 0 {
			return nil, arena, refuse(dataTruncated, col, string(b), "it would be rounded")
		}
		if n, err := strconv.ParseInt(string(whole), 10, 64); err == nil {
			return n, arena, nil
		}
		n, err := strconv.ParseUint(string(whole), 10, 64)
		if err != nil {
			return nil, arena, refuse(outOfRange, col, string(b), "it is out of range")
		}
		return bindUint(n), arena, nil
	}
	if col.Kind == record.Decimal && col.Precision > 0 {
		if point := bytes.IndexByte(b, '.'); point >= 0 {
			if len(bytes.TrimRight(b[point+1:], "0")) > col.Scale {
				return nil, arena, refuse(dataTruncated, col, string(b), "it would be rounded")
			}
		}
	}
	return b, arena, nil
}

func bindFloat(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	f := math.Float64frombits(v.N)
	if v.Kind == record.Float32 {
		f = float64(math.Float32frombits(uint32(v.N)))
	}
	if col.Kind == record.String {
		return text(v, arena)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, arena, refuse(outOfRange, col, string(v.Text(nil, -1)), "it is no number there")
	}
	if isWhole(col) && f != math.Trunc(f) {
		return nil, arena, refuse(dataTruncated, col, string(v.Text(nil, -1)),
			"it would be rounded")
	}
	return f, arena, nil
}

func bindString(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	if isWhole(col) && len(b) < 20 {
		if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			return n, arena, nil // compared as a text it would pass through a double
		}
	}
	if !utf8.Valid(b) {
		return nil, arena, refuse(wrongString, col, strconv.QuoteToASCII(string(b)), notUTF8)
	}
	// Blanks beyond the length are the one thing that strict servers cut.
	if col.Length > 0 && len(b) > col.Length && b[len(b)-1] == ' ' &&
		strings.HasPrefix(col.Type, "varchar") && utf8.RuneCount(b) > col.Length {
		return nil, arena, refuse(dataTooLong, col, strconv.Quote(string(b)), "it is too long")
	}
	return b, arena, nil
}

func bindTime(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	if col.Kind == record.String {
		return text(v, arena)
	}
	t := *v
	if t.Kind != record.Time {
		if y, _, _ := t.D.Split(); y < 0 || y > 9999 {
			return nil, arena, refuse(wrongValue, col, string(v.Text(nil, -1)),
				"the year is out of range")
		}
	}
	switch col.Kind {
	case record.Time, record.Timestamp, record.TimestampTZ:
		unit := int64(1)
		for range 9 - min(col.Scale, 9) {
			unit *= 10
		}
		if t.Kind != record.Date && int64(t.N)%unit != 0 {
			return nil, arena, refuse(dataTruncated, col, string(v.Text(nil, -1)),
				"its fraction would be rounded")
		}
	case record.Date:
		if t.Kind != record.Date && t.N != 0 {
			return nil, arena, refuse(dataTruncated, col, string(v.Text(nil, -1)),
				"its time of day would be cut")
		}
	}
	if t.Kind == record.TimestampTZ {
		t.Kind = record.Timestamp // the session's zone is UTC, as the value
	}
	return text(&t, arena)
}

func bindBit(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	switch col.Kind {
	case record.String:
		return text(v, arena)
	case record.Bytes:
		return v.B, arena, nil
	}
	b := bytes.TrimLeft(v.B, "\x00")
	if len(b) > 8 {
		return nil, arena, refuse(dataTooLong, col, string(v.Text(nil, -1)), "it has too many bits")
	}
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return bindUint(n), arena, nil
}
