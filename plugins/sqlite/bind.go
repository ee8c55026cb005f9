package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ggsh/handler/dml"
	"ggsh/record"
)

// affinity is what SQLite makes of a column's declared type: it may change
// values on their way in. https://www.sqlite.org/datatype3.html
type affinity uint8

const (
	blobAffinity affinity = iota // values stay as they are
	textAffinity                 // numbers become text
	numberAffinity
)

// bindings remembers the affinity of declared types.
type bindings struct{ affinities map[string]affinity }

func (b *bindings) affinity(declared string) affinity {
	if a, ok := b.affinities[declared]; ok {
		return a
	}
	a := affinityOf(declared)
	b.affinities[declared] = a
	return a
}

func affinityOf(declared string) affinity {
	t := strings.ToUpper(declared)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(t, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("INT"):
		return numberAffinity
	case has("CHAR", "CLOB", "TEXT"):
		return textAffinity
	case has("BLOB") || t == "":
		return blobAffinity
	}
	return numberAffinity
}

// bind gives the form in which the column holds the value exactly.
func (b *bindings) bind(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	aff := b.affinity(col.Type)
	var arg any
	var err error
	switch v.Kind {
	case record.Int:
		arg = int64(v.N)
	case record.Bool:
		arg = int64(v.N)
	case record.Uint:
		arg, err = bindUint(col, aff, v.N)
	case record.Decimal:
		arg, err = bindDecimal(col, aff, string(v.B))
	case record.Float32, record.Float64:
		arg, err = bindFloat(col, aff, v)
	case record.Bytes:
		arg = v.B
	case record.Bit:
		arg, err = bindBit(col, aff, v)
	case record.UUID:
		arg = string(v.Text(nil, -1))
		if strings.Contains(strings.ToUpper(col.Type), "BLOB") {
			arg = v.B
		}
	default: // text, dates and times, intervals, JSON, XML
		text := string(v.Text(nil, -1))
		if aff == numberAffinity && becomesAnother(text) {
			return nil, arena, refuse(col, text)
		}
		arg = text
	}
	return arg, arena, err
}

func refuse(col *record.ColumnDef, value string) error {
	return &dml.Refusal{Code: codeMismatch, Text: fmt.Sprintf(
		"column %s %s cannot hold %s exactly: declare it TEXT", col.Name, col.Type, value)}
}

func bindUint(col *record.ColumnDef, aff affinity, n uint64) (any, error) {
	if n <= math.MaxInt64 {
		return int64(n), nil
	}
	text := strconv.FormatUint(n, 10)
	if aff == numberAffinity {
		return nil, refuse(col, text)
	}
	return text, nil
}

func bindDecimal(col *record.ColumnDef, aff affinity, text string) (any, error) {
	if aff != numberAffinity {
		return text, nil
	}
	whole := text
	point := strings.IndexByte(text, '.')
	if point >= 0 && strings.Trim(text[point+1:], "0") == "" {
		whole = text[:point]
	}
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
		return n, nil
	}
	if losesDigits(text) {
		return nil, refuse(col, text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, refuse(col, text)
	}
	return f, nil
}

// becomesAnother says of text whether SQLite would make a number of it that
// reads otherwise: 007, 1.50, and what has more digits than it keeps.
func becomesAnother(text string) bool {
	number := strings.Trim(text, " \t\n\v\f\r")
	if number == "" || strings.Trim(number, "0123456789+-.eE") != "" {
		return false // it stays text
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return strconv.FormatInt(n, 10) != text
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return false
	}
	return losesDigits(number) || strconv.FormatFloat(f, 'f', -1, 64) != text || f == math.Trunc(f)
}

// losesDigits says of text that is a number whether it has more digits than
// SQLite keeps of a number that is no 64 bit integer.
func losesDigits(text string) bool {
	const kept = 15
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return false
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return false // no number: it stays text
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	digits := strings.Trim(strings.NewReplacer("-", "", "+", "", ".", "").Replace(mantissa), "0")
	return len(digits) > kept
}

func bindFloat(col *record.ColumnDef, aff affinity, v *record.Value) (any, error) {
	f := math.Float64frombits(v.N)
	if v.Kind == record.Float32 {
		f = float64(math.Float32frombits(uint32(v.N)))
	}
	if math.IsNaN(f) {
		return nil, refuse(col, "NaN") // SQLite would store NULL
	}
	if aff == textAffinity {
		return string(v.Text(nil, -1)), nil // SQLite's own text has 15 digits
	}
	return f, nil
}

func bindBit(col *record.ColumnDef, aff affinity, v *record.Value) (any, error) {
	var n uint64
	for i, c := range v.B {
		if len(v.B)-i > 8 {
			if c != 0 {
				n = math.MaxUint64
				break
			}
			continue
		}
		n = n<<8 | uint64(c)
	}
	switch {
	case n <= math.MaxInt64:
		return int64(n), nil
	case aff == blobAffinity:
		return v.B, nil
	case aff == textAffinity && len(v.B) <= 8:
		return strconv.FormatUint(n, 10), nil
	case aff == textAffinity:
		return string(v.Text(nil, -1)), nil
	}
	return nil, refuse(col, "bits "+string(v.Text(nil, -1)))
}
