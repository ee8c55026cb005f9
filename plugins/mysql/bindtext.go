package main

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"ggsh/handler/dml"
	"ggsh/record"
)

// bindString binds text. Into a column that is no text it must be in the form in
// which the server shows the column's values: what else servers read there they
// round and cut without a word.
func bindString(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	switch {
	case isWhole(col) || col.Kind == record.Decimal:
		if !dml.IsDecimal(b) {
			return nil, arena, refuse(wrongString, col, strconv.QuoteToASCII(string(b)), notANumber)
		}
		return bindDecimal(col, b, arena)
	case isFloat(col) && dml.IsDecimal(b):
		return bindDecimal(col, b, arena)
	case isTime(col):
		v, ok := dml.ParseTime(b)
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
	if dml.AllDigits(b) && hasLabels(col) &&
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
