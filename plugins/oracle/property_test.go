package main

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ggsh/handler/dml"
	"ggsh/record"
)

// TestHoldsAsRoundingSays: a NUMBER holds what rounding to its scale leaves as it is
// and its precision has room for.
func TestHoldsAsRoundingSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		precision, scale := 1+rng.IntN(38), rng.IntN(50)-10
		c := parseType(fmt.Sprintf("NUMBER(%d,%d)", precision, scale))
		text := randomDecimal(rng)
		value, _ := new(big.Rat).SetString(text)
		unit := power(-scale)
		whole := new(big.Rat).Quo(value, unit).IsInt()
		room := new(big.Rat).Abs(value).Cmp(power(precision-scale)) < 0
		if why := c.holds([]byte(text)); (why == "") != (whole && room) {
			t.Fatalf("%s in NUMBER(%d,%d): %q, but whole %v, room %v", text, precision, scale, why,
				whole, room)
		}
	}
}

func power(n int) *big.Rat {
	p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil))
	if n < 0 {
		return p.Inv(p)
	}
	return p
}

func randomDecimal(rng *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("00001234567899"[rng.IntN(14)])
		}
		return b.String()
	}
	text := digits(rng.IntN(40) + 1)
	if rng.IntN(2) == 0 {
		text += "." + digits(rng.IntN(20)+1)
	}
	if rng.IntN(2) == 0 {
		text = "-" + text
	}
	return text
}

// TestTimesAsTheirZonesSay: a value with a zone is bound as the clock of the zone
// shows it, and means the same instant.
func TestTimesAsTheirZonesSay(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	to := &target{types: map[string]columnType{}}
	col := &record.ColumnDef{Type: "TIMESTAMP(9) WITH TIME ZONE", Nullable: true}
	for range 20_000 {
		zone := rng.IntN(26*60+1) - 12*60
		at := time.Unix(rng.Int64N(250_000_000_000)-10_000_000_000, rng.Int64N(1e9)).
			In(time.FixedZone("", zone*60))
		v, _, err := record.DecodeValue(record.AppendInstant(nil, at))
		if err != nil {
			t.Fatal(err)
		}
		arg, _, err := to.bind(col, &v, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := at.Format("2006-01-02 15:04:05.000000000 -07:00"); arg != want {
			t.Fatalf("%v, not %v", arg, want)
		}
	}
}

// TestIntervalsAddUp: the parts of a bound interval have one sign and add up to it.
func TestIntervalsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	to := &target{types: map[string]columnType{}}
	col := &record.ColumnDef{Type: "INTERVAL DAY(9) TO SECOND(9)", Nullable: true}
	for range 20_000 {
		days, ns := int32(rng.IntN(2001)-1000), rng.Int64N(4*dayNanos)-2*dayNanos
		v := record.Value{Kind: record.Interval, Days: days, N: uint64(ns)}
		arg, _, err := to.bind(col, &v, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sign byte
		var d, h, m, s, f int64
		if n, err := fmt.Sscanf(arg.(string), "%c%d %d:%d:%d.%d", &sign, &d, &h, &m, &s, &f); n != 6 {
			t.Fatal(arg, err)
		}
		got := d*dayNanos + ((h*60+m)*60+s)*secondNanos + f
		if sign == '-' {
			got = -got
		}
		if want := int64(days)*dayNanos + ns; got != want || h > 23 {
			t.Fatalf("%d days and %d ns are bound as %v", days, ns, arg)
		}
	}
}

// FuzzBind: no value and no type's text panics, and what is bound is text, octets or
// pieces of them.
func FuzzBind(f *testing.F) {
	for _, c := range append(timeCases(), numberCases()...) {
		f.Add(c.column, []byte(c.value), "AL32UTF8")
	}
	f.Add("NCLOB", []byte(text("a😀")), "WE8MSWIN1252")
	f.Add("TIMESTAMP(99) WITH LOCAL TIME ZONE", []byte(text("2024-12-31 23:59:59.9")), "UTF8")
	f.Add("NUMBER(,)", []byte(number("-0.0")), "")
	f.Fuzz(func(t *testing.T, column string, encoded []byte, set string) {
		v, _, err := record.DecodeValue(encoded)
		if err != nil || v.Kind == record.Missing || v.Kind == record.Null {
			return
		}
		to := &target{types: map[string]columnType{}, charset: charset(set)}
		col := &record.ColumnDef{Name: "C", Type: column, Nullable: true}
		arg, _, err := to.bind(col, &v, nil)
		if err != nil {
			return
		}
		c := to.typeOf(col)
		switch arg.(type) {
		case string, []byte, *dml.Long:
		default:
			if c.family != xmlType && c.family != jsonType {
				t.Errorf("%T", arg)
			}
		}
		_, _, _ = to.mark(col), to.match(col, "c"), to.appendPiece(col, "t", "c", "1 = 1")
	})
}
