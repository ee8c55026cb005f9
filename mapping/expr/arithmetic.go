package expr

import (
	"math"
	"math/big"
	"math/bits"
)

// arithmetic computes; false: division by zero.
func arithmetic(op string, a, b number) (number, bool) {
	if a.float || b.float {
		return floats(op, a.asFloat(), b.asFloat())
	}
	switch op {
	case "+":
		return sum(a, b), true
	case "-":
		return sum(a, b.negated()), true
	case "*":
		if a.big == nil && b.big == nil {
			if n, ok := product(a.n, b.n); ok {
				return number{n: n, scale: a.scale + b.scale}, true
			}
		}
		return number{big: new(big.Int).Mul(a.wide(), b.wide()), scale: a.scale + b.scale}, true
	}
	if b.sign() == 0 {
		return number{}, false
	}
	if op == "/" {
		return quotient(a, b), true
	}
	scale := max(a.scale, b.scale)
	a, b = a.widened(scale), b.widened(scale)
	if a.big == nil && b.big == nil {
		if b.n == -1 { // the one remainder that the machine cannot compute
			return number{scale: scale}, true
		}
		return number{n: a.n % b.n, scale: scale}, true
	}
	return number{big: new(big.Int).Rem(a.wide(), b.wide()), scale: scale}, true
}

func floats(op string, a, b float64) (number, bool) {
	f := 0.0
	switch op {
	case "+":
		f = a + b
	case "-":
		f = a - b
	case "*":
		f = a * b
	case "/":
		f = a / b
	default:
		f = math.Mod(a, b)
	}
	return number{float: true, f: f}, b != 0 || op != "/" && op != `\`
}

func sum(a, b number) number {
	scale := max(a.scale, b.scale)
	a, b = a.widened(scale), b.widened(scale)
	if a.big == nil && b.big == nil {
		if n := a.n + b.n; (n > a.n) == (b.n > 0) {
			return number{n: n, scale: scale}
		}
	}
	return number{big: new(big.Int).Add(a.wide(), b.wide()), scale: scale}
}

// quotient divides to the end, or to quotientDigits digits, the last one rounded.
func quotient(a, b number) number {
	if a.big != nil || b.big != nil {
		return wideQuotient(a, b)
	}
	divisor := magnitude(b.n)
	q, rest := magnitude(a.n)/divisor, magnitude(a.n)%divisor
	scale := a.scale - b.scale
	for rest != 0 && q < uint64(powers[quotientDigits-1]) {
		var digit uint64
		hi, lo := bits.Mul64(rest, 10)
		digit, rest = bits.Div64(hi, lo, divisor)
		q = q*10 + digit
		scale++
	}
	if rest != 0 && rest >= divisor-rest {
		q++
	}
	if q > math.MaxInt64 {
		return wideQuotient(a, b)
	}
	out := number{n: int64(q), scale: scale}
	if (a.n < 0) != (b.n < 0) {
		out.n = -out.n
	}
	if out.scale < 0 {
		return out.widened(0)
	}
	for out.scale > 0 && out.n%10 == 0 {
		out.n, out.scale = out.n/10, out.scale-1
	}
	return out
}

func wideQuotient(a, b number) number {
	x, y := a.wide(), b.wide()
	more := max(0, quotientDigits+len(y.String())-len(x.String()))
	scale := a.scale - b.scale + more
	q, rest := new(big.Int).QuoRem(new(big.Int).Mul(x, power(more)), y, new(big.Int))
	if rest.Abs(rest).Lsh(rest, 1).CmpAbs(y) >= 0 {
		q.Add(q, big.NewInt(int64(x.Sign()*y.Sign())))
	}
	out := number{big: q, scale: scale}
	if scale < 0 {
		return out.widened(0)
	}
	ten := big.NewInt(10)
	for digit := new(big.Int); out.scale > 0; out.scale-- {
		next, _ := new(big.Int).QuoRem(out.big, ten, digit)
		if digit.Sign() != 0 {
			break
		}
		out.big = next
	}
	return out
}

func compareNumbers(a, b number) int {
	if a.float || b.float {
		x, y := a.asFloat(), b.asFloat()
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	if a.sign() != b.sign() {
		return sign(a.sign() - b.sign())
	}
	scale := max(a.scale, b.scale)
	a, b = a.widened(scale), b.widened(scale)
	if a.big == nil && b.big == nil {
		switch {
		case a.n < b.n:
			return -1
		case a.n > b.n:
			return 1
		}
		return 0
	}
	return a.wide().Cmp(b.wide())
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
