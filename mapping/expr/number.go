package expr

import (
	"bytes"
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"ggsh/record"
)

const (
	// maxDigits bounds the numbers that are computed with.
	maxDigits = 1000
	// fastDigits fit an int64 whatever they are.
	fastDigits = 18
	// quotientDigits are how many digits a division without end gets.
	quotientDigits = 17
)

// number is n, or big where that is set, divided by 10^scale; or f.
type number struct {
	float bool
	f     float64
	big   *big.Int
	n     int64
	scale int
}

var powers = [fastDigits + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// numberOf reads a value as a number: numeric text counts.
func numberOf(v record.Value) (number, bool) {
	switch v.Kind {
	case record.Int:
		return number{n: int64(v.N)}, true
	case record.Uint, record.Bool:
		return unsigned(v.N), true
	case record.Float32:
		return floating(float64(math.Float32frombits(uint32(v.N))))
	case record.Float64:
		return floating(math.Float64frombits(v.N))
	case record.Decimal, record.String, record.Bytes:
		return parseNumber(v.B)
	case record.Bit:
		if v.N > 64 || len(v.B) > 8 {
			return number{}, false
		}
		n := uint64(0)
		for _, b := range v.B {
			n = n<<8 | uint64(b)
		}
		return unsigned(n), true
	}
	return number{}, false
}

func unsigned(n uint64) number {
	if n > math.MaxInt64 {
		return number{big: new(big.Int).SetUint64(n)}
	}
	return number{n: int64(n)}
}

func floating(f float64) (number, bool) {
	return number{float: true, f: f}, !math.IsNaN(f) && !math.IsInf(f, 0)
}

// parseNumber reads a decimal number with blanks round it, possibly with exponent.
func parseNumber(b []byte) (number, bool) {
	b = bytes.Trim(b, " ")
	if len(b) == 0 || len(b) > maxDigits {
		return number{}, false
	}
	exponent := 0
	if at := bytes.IndexAny(b, "eE"); at > 0 {
		var ok bool
		if exponent, ok = smallInt(b[at+1:]); !ok || exponent > maxDigits || exponent < -maxDigits {
			return number{}, false
		}
		b = b[:at]
	}
	negative := b[0] == '-'
	if negative || b[0] == '+' {
		b = b[1:]
	}
	digits, scale, point := 0, 0, false
	n := int64(0)
	for _, c := range b {
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
			return number{}, false
		}
		if digits > 0 || c != '0' {
			digits++
		}
		if digits <= fastDigits {
			n = n*10 + int64(c-'0')
		}
		if point {
			scale++
		}
	}
	if len(b) == 0 || len(b) == 1 && point {
		return number{}, false
	}
	out := number{n: n, scale: scale}
	if digits > fastDigits {
		all := bytes.Replace(b, []byte("."), nil, 1)
		out.big, _ = new(big.Int).SetString(string(all), 10)
	}
	if negative {
		out = out.negated()
	}
	return out.scaled(exponent), true
}

// smallInt reads an exponent.
func smallInt(b []byte) (n int, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, len(b) > 0 && len(b) < 5
}

func (x number) negated() number {
	switch {
	case x.float:
		x.f = -x.f
	case x.big != nil:
		x.big = new(big.Int).Neg(x.big)
	case x.n == math.MinInt64:
		return number{big: new(big.Int).Neg(big.NewInt(x.n)), scale: x.scale}
	default:
		x.n = -x.n
	}
	return x
}

// scaled multiplies with a power of ten.
func (x number) scaled(exponent int) number {
	x.scale -= exponent
	if x.scale < 0 {
		return x.widened(0)
	}
	return x
}

// widened gives the same number with a scale that is not smaller.
func (x number) widened(scale int) number {
	d := scale - x.scale
	if d <= 0 {
		return x
	}
	if x.big == nil && d <= fastDigits {
		if n, ok := product(x.n, powers[d]); ok {
			return number{n: n, scale: scale}
		}
	}
	return number{big: new(big.Int).Mul(x.wide(), power(d)), scale: scale}
}

func power(d int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d)), nil)
}

// wide is the number without its scale.
func (x number) wide() *big.Int {
	if x.big != nil {
		return x.big
	}
	return big.NewInt(x.n)
}

func product(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func (x number) sign() int {
	switch {
	case x.float && x.f > 0, !x.float && x.big == nil && x.n > 0:
		return 1
	case x.float && x.f < 0, !x.float && x.big == nil && x.n < 0:
		return -1
	case x.big != nil:
		return x.big.Sign()
	}
	return 0
}

func (x number) asFloat() float64 {
	if x.float {
		return x.f
	}
	if x.big == nil && x.scale == 0 {
		return float64(x.n)
	}
	f, _ := strconv.ParseFloat(string(x.append(nil)), 64)
	return f
}

// append writes the number; a float as short as it can be read back.
func (x number) append(dst []byte) []byte {
	if x.float {
		return strconv.AppendFloat(dst, x.f, 'g', -1, 64)
	}
	if x.sign() < 0 {
		dst = append(dst, '-')
	}
	from := len(dst)
	if x.big != nil {
		dst = new(big.Int).Abs(x.big).Append(dst, 10)
	} else {
		dst = strconv.AppendUint(dst, magnitude(x.n), 10)
	}
	if x.scale == 0 {
		return dst
	}
	for len(dst)-from <= x.scale {
		dst = append(dst, 0)
		copy(dst[from+1:], dst[from:])
		dst[from] = '0'
	}
	at := len(dst) - x.scale
	dst = append(dst, 0)
	copy(dst[at+1:], dst[at:])
	dst[at] = '.'
	return dst
}

// value gives the number as a value: an integer, a decimal, or a float.
func (r *Record) value(x number) record.Value {
	switch {
	case x.float:
		if math.IsNaN(x.f) || math.IsInf(x.f, 0) {
			return state(Invalid)
		}
		return record.Value{Kind: record.Float64, N: math.Float64bits(x.f)}
	case x.big == nil && x.scale == 0:
		return integer(x.n)
	case x.big != nil && x.big.BitLen() > 4*maxDigits || x.scale > 2*maxDigits:
		return state(Invalid)
	}
	from := len(r.arena)
	r.arena = x.append(r.arena)
	return r.made(record.Decimal, from)
}

// IsNumber reports whether a text is a decimal number.
func IsNumber(text []byte) bool {
	_, ok := parseNumber(text)
	return ok
}
