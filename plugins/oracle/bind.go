package main

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"ggsh/handler/dml"
	"ggsh/record"
)

// The database's numbers for values that do not fit.
const (
	inconsistentTypes = 932
	nullRefused       = 1400
	numberTooLarge    = 1438
	invalidNumber     = 1722
	formatEndsEarly   = 1830
	invalidYear       = 1841
	invalidMonth      = 1843
	invalidDay        = 1839
	zoneOutOfRange    = 1874
	invalidInterval   = 1867
	valueTooLarge     = 12899
	brokenCharacter   = 29275
	untranslatable    = 12713
)

// The reasons that texts of refusals share.
const (
	rounded    = "it would be rounded"
	notInRange = "it is out of range"
	notANumber = "it is not a number"
	otherKind  = "it is of another kind"
	tooLong    = "it is too long"
)

// emptyRule says what becomes of a text or of octets without content, which Oracle
// does not tell from NULL.
type emptyRule uint8

const (
	emptyNull   emptyRule = iota // NULL
	emptyBlank                   // one blank
	emptyRefuse                  // an error of the row
)

// bind gives a value as text, or as octets for a column of octets, in the form that
// the column's placeholder has. Oracle rounds, pads and reads texts as numbers
// without a word: what that would change is refused here.
func (t *target) bind(col *record.ColumnDef, v *record.Value, arena []byte) (any, []byte, error) {
	b := binding{target: t, col: col, is: t.typeOf(col), v: v}
	arg, err := b.arg()
	return arg, arena, err
}

// binding is one value on its way into one column.
type binding struct {
	*target
	col *record.ColumnDef
	is  columnType
	v   *record.Value
}

func (b *binding) arg() (any, error) {
	switch b.is.family {
	case numberType, floatType:
		return b.number()
	case singleType, doubleType:
		return b.float()
	case dateType, timestampType, zonedType, localType:
		return b.time()
	case yearsType, daysType:
		return b.interval()
	case rawType, blobType, longRawType:
		return b.octets()
	case boolType:
		return b.truth()
	case otherType:
		return nil, b.refuse(inconsistentTypes, "values of this type are not written")
	}
	return b.text()
}

// refuse makes the error of a value. Long values are shown in part.
func (b *binding) refuse(code int, why string) error {
	const shown = 100
	text := b.v.Text(nil, -1)
	more := ""
	if len(text) > shown {
		text, more = text[:shown], "..."
	}
	return &dml.Refusal{Code: code, Text: fmt.Sprintf("column %s %s cannot hold %s%s: %s",
		b.col.Name, b.col.Type, strconv.QuoteToASCII(string(text)), more, why)}
}

// wrongKind is a value that has no form in the column.
func (b *binding) wrongKind() error { return b.refuse(inconsistentTypes, otherKind) }

// number gives decimal text.
func (b *binding) number() (any, error) {
	v := b.v
	var text []byte
	switch v.Kind {
	case record.Int, record.Uint, record.Decimal:
		text = v.Text(nil, -1)
	case record.Float32, record.Float64:
		f, size := floatOf(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, b.refuse(invalidNumber, notANumber)
		}
		text = strconv.AppendFloat(nil, f, 'f', -1, size)
	case record.Bool:
		text = strconv.AppendUint(nil, v.N, 10)
	case record.Bit:
		n, err := b.bits()
		if err != nil {
			return nil, err
		}
		text = strconv.AppendUint(nil, n, 10)
	case record.String:
		if len(v.B) == 0 {
			return b.none()
		}
		if !dml.IsDecimal(v.B) {
			return nil, b.refuse(invalidNumber, notANumber)
		}
		text = v.B
	default:
		return nil, b.wrongKind()
	}
	if why := b.is.holds(text); why != "" {
		return nil, b.refuse(numberTooLarge, why)
	}
	return string(text), nil
}

// floatOf gives the number of a float value and its bits.
func floatOf(v *record.Value) (float64, int) {
	if v.Kind == record.Float32 {
		return float64(math.Float32frombits(uint32(v.N))), 32
	}
	return math.Float64frombits(v.N), 64
}

// bits gives the number that bits are.
func (b *binding) bits() (uint64, error) {
	octets := bytes.TrimLeft(b.v.B, "\x00")
	if len(octets) > 8 {
		return 0, b.refuse(numberTooLarge, "it has too many bits")
	}
	var n uint64
	for _, c := range octets {
		n = n<<8 | uint64(c)
	}
	return n, nil
}

// A NUMBER has 20 digits of a hundred each, up to 10 to the power of 126.
const (
	pairs     = 20
	powers    = 126
	smallest  = 130
	maxDigits = 38
)

// holds says why a NUMBER of that precision and scale does not hold decimal text as
// it is; "" when it does.
func (c *columnType) holds(text []byte) string {
	text = bytes.TrimPrefix(text, []byte("-"))
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	whole, fraction = bytes.TrimLeft(whole, "0"), bytes.TrimRight(fraction, "0")
	if len(whole) == 0 && len(fraction) == 0 {
		return ""
	}
	if len(whole) > powers || len(fraction) > smallest {
		return notInRange
	}
	if c.family == floatType {
		binary := c.precision
		if binary == 0 {
			binary = 126
		}
		if significant(whole, fraction) > int(math.Ceil(float64(binary)*0.30103)) {
			return rounded
		}
		return ""
	}
	if !c.scaled {
		if significantPairs(whole, fraction) > pairs {
			return rounded
		}
		return ""
	}
	precision := c.precision
	if precision == 0 {
		precision = maxDigits // NUMBER(*,s)
	}
	switch {
	case len(fraction) > max(c.scale, 0):
		return rounded
	case c.scale < 0 && len(whole)-len(bytes.TrimRight(whole, "0")) < -c.scale && len(whole) > 0:
		return rounded
	case len(whole) > 0 && len(whole) > precision-c.scale:
		return notInRange
	case len(fraction)-leadingZeros(fraction) > precision && len(whole) == 0:
		return notInRange // NUMBER(2,5) holds 0.00012
	}
	if len(whole) == 0 && c.scale > precision && leadingZeros(fraction) < c.scale-precision {
		return notInRange
	}
	return ""
}

func leadingZeros(b []byte) int { return len(b) - len(bytes.TrimLeft(b, "0")) }

// significant counts digits from the first to the last that is not zero.
func significant(whole, fraction []byte) int {
	if len(fraction) == 0 {
		return len(bytes.TrimRight(whole, "0"))
	}
	if len(whole) == 0 {
		return len(fraction) - leadingZeros(fraction)
	}
	return len(whole) + len(fraction)
}

// significantPairs counts digits to the base of a hundred.
func significantPairs(whole, fraction []byte) int {
	first, last := (len(whole)+1)/2, (len(fraction)+1)/2
	if len(fraction) == 0 {
		last = -((len(whole) - len(bytes.TrimRight(whole, "0"))) / 2)
	}
	if len(whole) == 0 {
		first = -(leadingZeros(fraction) / 2)
	}
	return first + last
}

// float gives text that BINARY_FLOAT or BINARY_DOUBLE shows again.
func (b *binding) float() (any, error) {
	v, size := b.v, 64
	if b.is.family == singleType {
		size = 32
	}
	switch v.Kind {
	case record.Float32, record.Float64:
		f, _ := floatOf(v)
		small := float64(float32(f))
		if size == 32 && v.Kind == record.Float64 && small != f && !math.IsNaN(f) &&
			strconv.FormatFloat(f, 'e', -1, 64) != strconv.FormatFloat(small, 'e', -1, 32) {
			return nil, b.refuse(numberTooLarge, rounded)
		}
		return floatText(f, size), nil
	case record.String:
		switch string(v.B) {
		case "":
			return b.none()
		case "NaN", "Inf", "-Inf":
			f, _ := strconv.ParseFloat(string(v.B), 64)
			return floatText(f, size), nil
		}
		if !dml.IsDecimal(v.B) {
			return nil, b.refuse(invalidNumber, notANumber)
		}
	case record.Int, record.Uint, record.Decimal:
	case record.Bool:
		return string(strconv.AppendUint(nil, v.N, 10)), nil
	default:
		return nil, b.wrongKind()
	}
	text := string(v.Text(nil, -1))
	f, err := strconv.ParseFloat(text, size)
	if err != nil {
		return nil, b.refuse(numberTooLarge, notInRange)
	}
	if !dml.ShowsAs(f, size, text) {
		return nil, b.refuse(numberTooLarge, rounded)
	}
	return floatText(f, size), nil
}

// floatText is a float as TO_BINARY_DOUBLE reads it.
func floatText(f float64, size int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(f, 'E', -1, size)
}

func (b *binding) truth() (any, error) {
	switch v := b.v; v.Kind {
	case record.Bool, record.Int, record.Uint:
		if v.N <= 1 {
			return strconv.FormatBool(v.N == 1), nil
		}
	}
	return nil, b.wrongKind()
}
