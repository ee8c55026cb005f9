package main

import (
	"bytes"
	"fmt"

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
	invalidJSON   = 3140
)

// notUTF8: MySQL cuts such texts at the first wrong octet and says nothing.
const notUTF8 = "it is not UTF-8"

// bind gives the driver's form of a value. Numbers stay binary, all else is
// text or octets; the server is strict about both, except where it would round,
// cut, pad or take a value for something else without an error: that is refused
// here.
func bind(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	switch v.Kind {
	case record.Int:
		return bindInt(col, int64(v.N), arena)
	case record.Uint:
		return bindUint(col, v.N, arena)
	case record.Decimal:
		return bindDecimal(col, v.B, arena)
	case record.Float32, record.Float64:
		return bindFloat(col, v, arena)
	case record.String:
		return bindString(col, v.B, arena)
	case record.Bytes, record.JSON, record.XML:
		return bindOctets(col, v, arena)
	case record.Date, record.Time, record.Timestamp, record.TimestampTZ:
		return bindTime(col, v, arena)
	case record.Bit:
		return bindBit(col, v, arena)
	case record.Bool:
		if col.Kind != record.String && col.Kind != record.JSON {
			return bindInt(col, int64(v.N), arena)
		}
	case record.UUID:
		if col.Kind == record.Bytes {
			return v.B, arena, padded(col, v.B)
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
	if isTime(col) && (t.Kind == record.Time) != (col.Kind == record.Time) {
		return nil, arena, refuse(wrongValue, col, string(v.Text(nil, -1)),
			"it is of another kind")
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
		return v.B, arena, padded(col, v.B)
	}
	b := bytes.TrimLeft(v.B, "\x00")
	if len(b) > 8 {
		return nil, arena, refuse(dataTooLong, col, string(v.Text(nil, -1)), "it has too many bits")
	}
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return bindUint(col, n, arena)
}
