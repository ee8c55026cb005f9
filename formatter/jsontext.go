package formatter

import (
	"fmt"
	"math"

	"ggsh/record"
)

const hexDigits = "0123456789ABCDEF"

// appendString appends b as a string of JSON.
func appendString(dst, b []byte) ([]byte, error) {
	if err := checkText(b); err != nil {
		return dst, err
	}
	dst = append(dst, '"')
	done := 0
	for i, c := range b {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = appendEscape(append(dst, b[done:i]...), c)
		done = i + 1
	}
	return append(append(dst, b[done:]...), '"'), nil
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return appendUnit(dst, rune(c))
}

// appendJSON appends a value that is not missing.
func (s *settings) appendJSON(dst []byte, v *record.Value, col *record.ColumnDef) ([]byte, error) {
	switch v.Kind {
	case record.Null:
		return append(dst, "null"...), nil
	case record.String, record.JSON, record.XML:
		return appendString(dst, v.B)
	case record.Decimal:
		if s.allStrings || s.largeAsStrings && isLarge(col) {
			return appendString(dst, v.B)
		}
		return appendNumber(dst, v.B)
	case record.Float32, record.Float64:
		if !s.allStrings && !finite(v) {
			return dst, fault(fmt.Sprintf("%s is no number of JSON", v.Text(nil, -1)), asStrings)
		}
	}
	text := s.allStrings || v.Kind == record.Uint && s.largeAsStrings && isLarge(col)
	if !text && (isNumber(v.Kind) || v.Kind == record.Bool) {
		return v.Text(dst, -1), nil
	}
	// The texts of the remaining kinds have no character that JSON escapes.
	dst, err := appendText(append(dst, '"'), v, col)
	return append(dst, '"'), err
}

// finite reports whether a floating point value is a number.
func finite(v *record.Value) bool {
	f := float(v)
	return !math.IsNaN(f) && !math.IsInf(f, 0)
}

// float gives a Float32 or Float64 as the same number in a double.
func float(v *record.Value) float64 {
	if v.Kind == record.Float32 {
		return float64(math.Float32frombits(uint32(v.N)))
	}
	return math.Float64frombits(v.N)
}
