package main

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"ggsh/handler/dml"
	"ggsh/record"
)

const (
	rounded    = "it would be rounded"
	notInRange = "it is out of range"
	notANumber = "it is not a number"
	notATime   = "a number is no date or time"
	firstYear  = 1901
	lastYear   = 2155
)

func isWhole(col *record.ColumnDef) bool {
	return col.Kind == record.Int || col.Kind == record.Uint || col.Kind == record.Bit
}

func isFloat(col *record.ColumnDef) bool {
	return col.Kind == record.Float32 || col.Kind == record.Float64
}

func isTime(col *record.ColumnDef) bool {
	return col.Kind >= record.Date && col.Kind <= record.TimestampTZ
}

// isText reports whether the column has text, and not labels that have numbers.
func isText(col *record.ColumnDef) bool { return col.Kind == record.String && !hasLabels(col) }

func hasLabels(col *record.ColumnDef) bool {
	return strings.HasPrefix(col.Type, "enum(") || strings.HasPrefix(col.Type, "set(")
}

func bindInt(col *record.ColumnDef, n int64, arena []byte) (any, []byte, error) {
	switch {
	case col.Kind == record.Int:
		// 1 to 99 would become years of this century and the last.
		if n != 0 && (n < firstYear || n > lastYear) && strings.HasPrefix(col.Type, "year") {
			return nil, arena, refuse(outOfRange, col, strconv.FormatInt(n, 10), notInRange)
		}
	case isFloat(col) || col.Kind == record.JSON:
		return bindDecimal(col, strconv.AppendInt(nil, n, 10), arena)
	case isTime(col):
		return nil, arena, refuse(wrongValue, col, strconv.FormatInt(n, 10), notATime)
	case isText(col): // compared as a number, a text would become one
		at := len(arena)
		arena = strconv.AppendInt(arena, n, 10)
		return arena[at:len(arena):len(arena)], arena, nil
	}
	return n, arena, nil
}

func bindUint(col *record.ColumnDef, n uint64, arena []byte) (any, []byte, error) {
	if n <= math.MaxInt64 {
		return bindInt(col, int64(n), arena)
	}
	if isFloat(col) || col.Kind == record.JSON {
		return bindDecimal(col, strconv.AppendUint(nil, n, 10), arena)
	}
	if isText(col) {
		return strconv.AppendUint(nil, n, 10), arena, nil
	}
	return n, arena, nil
}

// bindDecimal binds decimal text: -12.50.
func bindDecimal(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	switch {
	case isWhole(col):
		return bindDecimalWhole(col, b, arena)
	case isFloat(col):
		return bindDecimalFloat(col, b, arena)
	case isTime(col):
		return nil, arena, refuse(wrongValue, col, string(b), notATime)
	case col.Kind == record.JSON:
		return b, arena, exactJSON(col, b)
	}
	if col.Kind == record.Decimal && col.Precision > 0 {
		if point := bytes.IndexByte(b, '.'); point >= 0 {
			if len(bytes.TrimRight(b[point+1:], "0")) > col.Scale {
				return nil, arena, refuse(dataTruncated, col, string(b), rounded)
			}
		}
	}
	return b, arena, nil
}

func bindDecimalWhole(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	whole, fraction, _ := bytes.Cut(b, []byte("."))
	if len(bytes.Trim(fraction, "0")) > 0 {
		return nil, arena, refuse(dataTruncated, col, string(b), rounded)
	}
	if n, err := strconv.ParseInt(string(whole), 10, 64); err == nil {
		return bindInt(col, n, arena)
	}
	n, err := strconv.ParseUint(string(whole), 10, 64)
	if err != nil {
		return nil, arena, refuse(outOfRange, col, string(b), notInRange)
	}
	return bindUint(col, n, arena)
}

// bindDecimalFloat takes a decimal that a float shows again as it is.
func bindDecimalFloat(col *record.ColumnDef, b []byte, arena []byte) (any, []byte, error) {
	size := 64
	if col.Kind == record.Float32 {
		size = 32
	}
	f, err := strconv.ParseFloat(string(b), size)
	if err != nil {
		return nil, arena, refuse(outOfRange, col, string(b), notInRange)
	}
	kept, all := stored(col, f)
	if !all || !dml.ShowsAs(f, size, string(b)) {
		return nil, arena, refuse(dataTruncated, col, string(b), rounded)
	}
	return kept, arena, nil
}

func bindFloat(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	f := math.Float64frombits(v.N)
	if v.Kind == record.Float32 {
		f = float64(math.Float32frombits(uint32(v.N)))
	}
	if col.Kind == record.String {
		return text(v, arena)
	}
	not := func(code int, why string) (any, []byte, error) {
		return nil, arena, refuse(code, col, string(v.Text(nil, -1)), why)
	}
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return not(outOfRange, "it is no number there")
	case isTime(col):
		return not(wrongValue, notATime)
	case isWhole(col):
		if f != math.Trunc(f) {
			return not(dataTruncated, rounded)
		}
	case col.Kind == record.Decimal:
		size := 64
		if v.Kind == record.Float32 {
			size = 32
		}
		return bindDecimal(col, strconv.AppendFloat(nil, f, 'f', -1, size), arena)
	case col.Kind == record.JSON:
		return text(v, arena)
	case col.Kind == record.Float32 && v.Kind == record.Float64:
		small := float64(float32(f))
		if small != f && !math.IsInf(small, 0) && strconv.FormatFloat(f, 'e', -1, 64) !=
			strconv.FormatFloat(small, 'e', -1, 32) {
			return not(dataTruncated, rounded)
		}
	}
	kept, all := stored(col, f)
	if !all {
		return not(dataTruncated, rounded)
	}
	return kept, arena, nil
}

// shownDigits gives D of FLOAT(M,D) and DOUBLE(M,D); -1 of other columns.
func shownDigits(col *record.ColumnDef) int {
	_, last, ok := strings.Cut(col.Type, ",")
	if !ok || !isFloat(col) {
		return -1
	}
	last, _, _ = strings.Cut(last, ")")
	digits, err := strconv.Atoi(strings.TrimSpace(last))
	if err != nil || digits > lastPower {
		return -1
	}
	return digits
}

// lastPower of ten is a double itself.
const lastPower = 22

// stored gives the float that the column keeps of f, and whether it shows all of
// it. FLOAT(M,D) and DOUBLE(M,D) keep a neighbour of what they show: a comparison
// with what is shown would find nothing.
func stored(col *record.ColumnDef, f float64) (kept float64, all bool) {
	digits := shownDigits(col)
	if digits < 0 {
		return f, true
	}
	size := 64
	if col.Kind == record.Float32 {
		size = 32
	}
	shown, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), size)
	all = err == nil && (shown == f || size == 32 && float32(shown) == float32(f))
	power := math.Pow10(digits)
	kept = math.Floor(f) + math.RoundToEven((f-math.Floor(f))*power)/power
	if size == 32 {
		kept = float64(float32(kept))
	}
	return kept, all
}
