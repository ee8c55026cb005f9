package formatter

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"ggsh/record"
)

// randomDecimal makes a decimal text, now and then one that a double holds.
func randomDecimal(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return strconv.FormatFloat(r.NormFloat64()*1e6, 'f', -1, 64)
	}
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		return b.String()
	}
	text := digits(1+r.IntN(20)) + "." + digits(r.IntN(20))
	text = strings.TrimSuffix(text, ".")
	if r.IntN(2) == 0 {
		text = "-" + text
	}
	if r.IntN(5) == 0 {
		text += fmt.Sprintf("E%+d", r.IntN(60)-30)
	}
	return text
}

// TestDoubles: a decimal becomes a double exactly when the double, printed as
// short as it can be, is the decimal; and then the nearest one.
func TestDoubles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	held := 0
	for range 50000 {
		text := randomDecimal(r)
		nearest, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		exact, _ := new(big.Rat).SetString(text)
		back, _ := new(big.Rat).SetString(strconv.FormatFloat(nearest, 'e', -1, 64))
		want := exact.Cmp(back) == 0
		got, err := double(&record.Value{Kind: record.Decimal, B: []byte(text)})
		if (err == nil) != want || err == nil && got != nearest {
			t.Fatalf("%s: %v %v, want %v %v", text, got, err, nearest, want)
		}
		if want {
			held++
		}
	}
	if held < 1000 {
		t.Errorf("only %d decimals were held", held)
	}
}

// TestUnscaled: decimals as octets are what math/big makes of them.
func TestUnscaled(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var u unscaled
	taken := 0
	for range 20000 {
		text, scale := randomDecimal(r), r.IntN(30)
		negative, err := u.set(&record.Value{Kind: record.Decimal, B: []byte(text)}, 40, scale)
		n, _ := new(big.Rat).SetString(text)
		n.Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		fits := n.IsInt() && len(new(big.Int).Abs(n.Num()).String()) <= 40
		if (err == nil) != fits {
			t.Fatalf("%s with scale %d: %v, want %t", text, scale, err, fits)
		}
		if err != nil {
			continue
		}
		taken++
		b := u.appendOctets(nil, negative)
		got := new(big.Int).SetBytes(b)
		if b[0] >= 0x80 {
			got.Sub(got, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		if got.Cmp(n.Num()) != 0 || len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
			t.Fatalf("%s with scale %d: %x is %s, want %s", text, scale, b, got, n.Num())
		}
	}
	if taken < 1000 {
		t.Errorf("only %d decimals were taken", taken)
	}
}

// TestDays: days since 1970 as package time counts them, and no day that is none.
func TestDays(t *testing.T) {
	for n := -1_000_000; n < 3_000_000; n += 37 {
		day := time.Unix(int64(n)*86400, 0).UTC()
		got, ok := unixDays(record.PackDate(day.Year(), int(day.Month()), day.Day()))
		if !ok || got != int64(n) {
			t.Fatalf("%s: %d %t, want %d", day, got, ok, n)
		}
	}
	for _, d := range [][3]int{{0, 0, 0}, {2024, 2, 30}, {2023, 2, 29}, {1900, 2, 29}, {2024, 13, 1},
		{2024, 4, 31}, {2024, 1, 0}} {
		if n, ok := unixDays(record.PackDate(d[0], d[1], d[2])); ok {
			t.Errorf("%v is day %d", d, n)
		}
	}
}

// TestJavaHash: String.hashCode of Java, computed there.
func TestJavaHash(t *testing.T) {
	for text, want := range map[string]int32{"": 0, "hello": 99162322, "Aa": 2112, "BB": 2112} {
		if got := javaHash([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
