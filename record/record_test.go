package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fill gives every field of v, at any depth, a value that is not zero.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \x00 ä", *n))
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n % 2))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n%17 + 1))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*n)*1e6, 123456789).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("a field of kind %s: teach fill about it", v.Kind())
	}
}

func filled[T any](t *testing.T) T {
	var v T
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func TestTxnInfoRoundTrip(t *testing.T) {
	for _, want := range []TxnInfo{filled[TxnInfo](t), {}} {
		b := AppendTxnInfo([]byte("xx"), &want)[2:]
		got, err := DecodeTxnInfo(b)
		if err != nil || got != want {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, want)
		}
		for n := range b {
			if _, err := DecodeTxnInfo(b[:n]); err == nil {
				t.Fatalf("cut at %d: no error", n)
			}
		}
	}
}

func TestTableDefRoundTrip(t *testing.T) {
	want := filled[TableDef](t)
	b, err := AppendTableDef(nil, &want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeTableDef(b)
	if err != nil || !reflect.DeepEqual(got, &want) {
		t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	want.Key = []int{2}
	if b, err = AppendTableDef(nil, &want); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeTableDef(b); err == nil || !strings.Contains(err.Error(), "column 2 of 2") {
		t.Fatal(err)
	}
}

func TestDDLRoundTrip(t *testing.T) {
	want := filled[DDLStatement](t)
	b := AppendDDL(nil, 7, want)
	var op Op
	if err := DecodeOp(b, &op); err != nil || op.Type != DDL || op.Table != 7 {
		t.Fatal(op, err)
	}
	got, err := DecodeDDL(&op)
	if err != nil || got != want {
		t.Fatal(got, err)
	}
	if _, err := DecodeDDL(&Op{Type: Insert}); err == nil {
		t.Fatal("an insert has a statement")
	}
}

// samples has a value of every kind, with its text.
func samples() (b []byte, text []string) {
	add := func(out []byte, s string) { b, text = out, append(text, s) }
	add(AppendMissing(b), "")
	add(AppendNull(b), "")
	add(AppendInt(b, -1<<63), "-9223372036854775808")
	add(AppendUint(b, 1<<64-1), "18446744073709551615")
	add(AppendText(b, Decimal, "-12.50"), "-12.50")
	add(AppendFloat32(b, 0.1), "0.1")
	add(AppendFloat64(b, 0.1), "0.1")
	add(AppendText(b, String, "grün"), "grün")
	add(AppendBytes(b, Bytes, []byte{0, 255}), "00ff")
	add(AppendDate(b, PackDate(2026, 11, 21)), "2026-11-21")
	add(AppendTime(b, -int64(25*time.Hour+time.Millisecond)), "-25:00:00.001")
	add(AppendTimestamp(b, PackDate(0, 0, 0), 86399999999999), "0000-00-00 23:59:59.999999999")
	at := time.Date(2026, 1, 2, 1, 0, 0, 0, time.FixedZone("", -90*60))
	add(AppendInstant(b, at), "2026-01-02 02:30:00+00:00")
	add(AppendInterval(b, -1, 2, int64(3*time.Second)), "-1 mons 2 days 00:00:03")
	add(AppendBit(b, 10, []byte{2, 1}), "1000000001")
	add(AppendBool(b, true), "true")
	add(AppendBytes(b, JSON, []byte(`{}`)), "{}")
	add(AppendBytes(b, XML, []byte(`<a/>`)), "<a/>")
	uuid := []byte{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3,
		0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0}
	add(AppendBytes(b, UUID, uuid), "123e4567-e89b-12d3-a456-426614174000")
	return b, text
}

func TestEveryKindRoundTrips(t *testing.T) {
	b, text := samples()
	if len(text) != len(kindNames) {
		t.Fatalf("%d samples for %d kinds", len(text), len(kindNames))
	}
	values, err := Image(b).Values(nil, len(text))
	if err != nil {
		t.Fatal(err)
	}
	var again []byte
	for i, v := range values {
		if int(v.Kind) != i {
			t.Errorf("value %d is %s", i, v.Kind)
		}
		if got := string(v.Text(nil, -1)); got != text[i] {
			t.Errorf("%s: got %q, want %q", v.Kind, got, text[i])
		}
		again = AppendValue(again, v)
	}
	if !bytes.Equal(again, b) {
		t.Error("AppendValue does not give the bytes back")
	}
	if _, err := Image(b).Values(nil, len(text)-1); err == nil {
		t.Error("an image of another table was taken")
	}
	for n := range b {
		if _, err := Image(b[:n]).Values(nil, len(text)); err == nil {
			t.Fatalf("cut at %d: no error", n)
		}
	}
}

func TestOpRoundTrip(t *testing.T) {
	image, _ := samples()
	for flags := range 16 {
		b, start := AppendOpHeader([]byte("xyz"), Update, 77)
		var before, after []byte
		mark := 0
		if flags&1 != 0 {
			before = image
			b, mark = BeginImage(b)
			b = append(b, image...)
			EndImage(b, start, mark, true)
		}
		if flags&2 != 0 {
			after = AppendInt(nil, 5)
			b, mark = BeginImage(b)
			b = append(b, after...)
			EndImage(b, start, mark, false)
		}
		if flags&4 != 0 {
			b = AppendTokens(b, start, [][2]string{{"TK", "value"}, {"", ""}})
		}
		if flags&8 != 0 {
			MarkCompressed(b, start)
		}
		var op Op
		if err := DecodeOp(b[3:], &op); err != nil {
			t.Fatal(err)
		}
		if op.Type != Update || op.Table != 77 || !bytes.Equal(op.Before, before) ||
			!bytes.Equal(op.After, after) || op.Compressed != (flags&8 != 0) ||
			(op.Before == nil) != (before == nil) || !bytes.Equal(op.Body(), b[3:]) {
			t.Fatalf("flags %d: %+v", flags, op)
		}
		pairs, err := op.Tokens.Pairs()
		if err != nil || len(pairs) != (flags&4)/2 {
			t.Fatal(pairs, err)
		}
	}
	b, _ := AppendOpHeader(nil, Insert, 1)
	SetOpType(b, Delete)
	SetOpTable(b, 9)
	if kind, table := OpTable(b); kind != Delete || table != 9 {
		t.Fatal(kind, table)
	}
	if err := DecodeOp([]byte{99, 0, 0, 0, 0, 0}, &Op{}); err == nil {
		t.Fatal("type 99 was taken")
	}
}

func TestCSN(t *testing.T) {
	for _, c := range []CSN{{}, {0, 5}, {12, 5}, {12, 1 << 63}, {1 << 40, 0}} {
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got CSN
		if err := got.UnmarshalText(text); err != nil || got != c {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if (CSN{1, 0}).Compare(CSN{0, 9}) != 1 || (CSN{1, 1}).Compare(CSN{1, 2}) != -1 ||
		!(CSN{}).IsZero() || (CSN{2, 2}).Compare(CSN{2, 2}) != 0 {
		t.Error("CSNs do not compare")
	}
	for _, bad := range []string{"", "x", "1:", ":1", "-1", "1:2:3"} {
		if c, err := ParseCSN(bad); err == nil {
			t.Errorf("%q was taken as %s", bad, c)
		}
	}
}

func TestTableDefNames(t *testing.T) {
	def := &TableDef{Catalog: "PDB", Schema: "HR", Name: "EMP", Columns: []ColumnDef{
		{Name: "A"}, {Name: "B", Generated: true}, {Name: "C"}}}
	if def.FullName() != "PDB.HR.EMP" || def.Column("C") != 2 || def.Column("c") != -1 {
		t.Error(def.FullName(), def.Column("C"))
	}
	if got := def.KeyColumns(); !reflect.DeepEqual(got, []int{0, 2}) {
		t.Error(got)
	}
	def.Key = []int{2}
	if got := def.KeyColumns(); !reflect.DeepEqual(got, []int{2}) {
		t.Error(got)
	}
}

func TestFractionsOfSeconds(t *testing.T) {
	v := Value{Kind: Timestamp, D: PackDate(2026, 1, 2), N: 1_500_000_000}
	for frac, want := range map[int]string{-1: "00:00:01.5", 0: "00:00:01", 3: "00:00:01.500",
		9: "00:00:01.500000000"} {
		if got := string(v.Text(nil, frac)); got != "2026-01-02 "+want {
			t.Errorf("%d: %s", frac, got)
		}
	}
	y, m, d := PackDate(-44, 3, 15).Split()
	if y != -44 || m != 3 || d != 15 {
		t.Error(y, m, d)
	}
}

// FuzzDecode decodes any bytes as everything: no panic, no endless text, and
// values that decode give their bytes' meaning back.
func FuzzDecode(f *testing.F) {
	image, _ := samples()
	f.Add(image)
	f.Add(AppendDDL(nil, 1, DDLStatement{Kind: "CREATE", Text: "create table x"}))
	f.Add(AppendTxnInfo(nil, &TxnInfo{XID: "x"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		rest := b
		for len(rest) > 0 {
			v, r, err := DecodeValue(rest)
			if err != nil {
				break
			}
			if text := v.Text(nil, -1); len(text) > 100+9*len(b) {
				t.Fatalf("%s of %d bytes has %d characters", v.Kind, len(b), len(text))
			}
			again, _, err := DecodeValue(AppendValue(nil, v))
			if err != nil || !reflect.DeepEqual(again, v) {
				t.Fatal(v, again, err)
			}
			rest = r
		}
		var op Op
		if err := DecodeOp(b, &op); err == nil {
			_, _ = op.Tokens.Pairs()
			_, _ = DecodeDDL(&op)
			_, _ = op.After.Values(nil, 3)
		}
		if info, err := DecodeTxnInfo(b); err == nil {
			if again, err := DecodeTxnInfo(AppendTxnInfo(nil, &info)); err != nil || again != info {
				t.Fatal(info, again, err)
			}
		}
		_, _ = DecodeTableDef(b)
	})
}

func BenchmarkDecodeTenColumns(b *testing.B) {
	var image []byte
	for i := range 10 {
		if i%2 == 0 {
			image = AppendInt(image, int64(i)*1000)
		} else {
			image = AppendText(image, String, "some text of a row")
		}
	}
	var values []Value
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if values, err = Image(image).Values(values, 10); err != nil {
			b.Fatal(err)
		}
	}
}

var _ Ops = (*noOps)(nil)

// noOps shows the contract: io.EOF ends the operations.
type noOps struct{}

func (*noOps) Next() (*TableDef, []byte, error) { return nil, nil, io.EOF }

// A table without key gets its first unique key without NULL, and loses none of the others.
func TestPromoteUnique(t *testing.T) {
	for _, c := range []struct{ unique, key, left string }{
		{"[[0] [1] [2]]", "[1]", "[[0] [2]]"}, {"[[1]]", "[1]", "[]"}, {"[[0] [1 2]]", "[1 2]", "[[0]]"},
		{"[[0] [0 1]]", "[]", "[[0] [0 1]]"}, {"[]", "[]", "[]"},
	} {
		def := &TableDef{Columns: []ColumnDef{{Nullable: true}, {}, {}}}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(c.unique, " ", ",")), &def.Unique); err != nil {
			t.Fatal(err)
		}
		def.PromoteUnique()
		if got := fmt.Sprint(def.Key, def.Unique); got != c.key+" "+c.left {
			t.Errorf("%s: %s", c.unique, got)
		}
	}
	def := &TableDef{Columns: make([]ColumnDef, 2), Key: []int{0}, Unique: [][]int{{1}}}
	if def.PromoteUnique(); fmt.Sprint(def.Key, def.Unique) != "[0] [[1]]" {
		t.Errorf("a key is replaced: %v", def)
	}
}
