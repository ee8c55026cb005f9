package redo

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"ggsh/record"
)

// internalNumber gives Oracle's octets of a number: its decimal digits, the first and last
// of which are not 0, and how many of them stand before the point.
func internalNumber(negative bool, digits string, point int) []byte {
	if digits == "" {
		return []byte{0x80}
	}
	if point&1 != 0 {
		digits, point = "0"+digits, point+1
	}
	if len(digits)%2 != 0 {
		digits += "0"
	}
	out := []byte{byte(point/2 + 64 | 0x80)}
	for i := 0; i < len(digits); i += 2 {
		out = append(out, (digits[i]-'0')*10+digits[i+1]-'0'+1)
	}
	if negative {
		for i := range out {
			out[i] = 102 - out[i]
		}
		out[0] = ^byte(point/2 + 64 | 0x80)
		if len(out) < 21 {
			out = append(out, 102)
		}
	}
	return out
}

// TestNumbers: a number has one value, whether it comes as octets or as a literal with
// exponent or without, and it is exact.
func TestNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	decimal := makeType(t, "NUMBER", utf8Database)
	for range 20000 {
		digits := []byte(strings.Repeat("0", r.IntN(39)))
		for i := range digits {
			digits[i] += byte(r.IntN(10))
		}
		text := strings.Trim(string(digits), "0")
		negative, point := r.IntN(2) == 0 && text != "", r.IntN(254)-128
		sign := ""
		if negative {
			sign = "-"
		}
		literal := fmt.Sprintf("%s.%sE%+04d", sign, text, point)
		if text == "" {
			literal = "0"
		}
		raw := internalNumber(negative, text, point)
		a, err1 := AppendInternal(nil, decimal, raw)
		b, err2 := AppendValue(nil, decimal, &Value{Kind: Quoted, Text: []byte(literal)})
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Fatalf("%s as octets %x is %q, as text %q: %v, %v", literal, raw, a, b, err1, err2)
		}
		want, _ := new(big.Rat).SetString(literal)
		plain := valueText(t, a)
		got, ok := new(big.Rat).SetString(plain)
		if !ok || got.Cmp(want) != 0 || strings.ContainsAny(plain, "Ee+") {
			t.Fatalf("%s is %s", literal, plain)
		}
		c, err := AppendValue(nil, decimal, &Value{Kind: Number, Text: []byte(plain)})
		if err != nil || !bytes.Equal(a, c) {
			t.Fatalf("%s is not in its shortest form: %s", plain, c)
		}
	}
}

// TestIntegers: NUMBER(18) and narrower are integers, of whatever sign, and the same
// as text and as octets.
func TestIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	typ, err := NewType("NUMBER", 18, 0, 22, utf8Database)
	if err != nil {
		t.Fatal(err)
	}
	for range 20000 {
		v := r.Int64N(1e18) >> r.IntN(60)
		digits := fmt.Sprint(v)
		if r.IntN(2) == 0 {
			v = -v
		}
		point := len(digits)
		raw := internalNumber(v < 0, strings.Trim(digits, "0"), point)
		a, err1 := AppendInternal(nil, typ, raw)
		b, err2 := AppendValue(nil, typ, &Value{Kind: Quoted, Text: fmt.Append(nil, v)})
		if want := record.AppendInt(nil, v); !bytes.Equal(a, want) || !bytes.Equal(b, want) {
			t.Fatalf("%d is %x and %x: %v, %v", v, a, b, err1, err2)
		}
	}
}

// internalMoment gives Oracle's octets of a moment.
func internalMoment(m moment, width int) []byte {
	century, year := m.year/100, m.year%100
	out := []byte{byte(100 + century), byte(100 + year), byte(m.month), byte(m.day),
		byte(m.hour + 1), byte(m.minute + 1), byte(m.second + 1)}
	if width > 7 {
		out = binary.BigEndian.AppendUint32(out, uint32(m.nano))
	}
	if width > 11 {
		out = append(out, byte(m.zone/60+20), byte(m.zone%60+60))
	}
	return out
}

func randomMoment(r *rand.Rand) (m moment) {
	for !m.valid() {
		m = moment{year: r.IntN(14712) - 4712, month: 1 + r.IntN(12), day: 1 + r.IntN(31),
			hour: r.IntN(24), minute: r.IntN(60), second: r.IntN(60),
			nano: r.IntN(1e9) / 1000 * 1000, zone: r.IntN(27*60) - 12*60}
	}
	return m
}

func (m *moment) literal(form string) []byte {
	text := fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d", m.year, m.month, m.day, m.hour,
		m.minute, m.second)
	if m.year < 0 {
		text = "-" + fmt.Sprintf("%04d", -m.year) + text[strings.Index(text[1:], "-")+1:]
	}
	if form != "DATE" {
		text += fmt.Sprintf(".%09d", m.nano)
	}
	if form == "TIMESTAMP(9) WITH TIME ZONE" {
		sign, zone := '+', m.zone
		if zone < 0 {
			sign, zone = '-', -zone
		}
		text += fmt.Sprintf(" %c%02d:%02d", sign, zone/60, zone%60)
	}
	return []byte(text)
}

// TestMoments: dates and times are the same as text and as octets, from 4713 BC to 9999.
func TestMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, form := range []string{"DATE", "TIMESTAMP(9)", "TIMESTAMP(9) WITH TIME ZONE"} {
		typ := makeType(t, form, utf8Database)
		for range 10000 {
			m := randomMoment(r)
			width := 7
			if form != "DATE" {
				width = 11
			} else {
				m.nano = 0
			}
			utc := m
			if typ.Kind() == record.TimestampTZ {
				width = 13
				utc.east(-m.zone)
				if !utc.valid() {
					continue
				}
				back := utc
				if back.east(m.zone); back != m {
					t.Fatalf("%+v in UTC and back is %+v", m, back)
				}
			}
			raw := internalMoment(utc, width)
			a, err1 := AppendInternal(nil, typ, raw)
			b, err2 := AppendValue(nil, typ, &Value{Kind: Quoted, Text: m.literal(form)})
			if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
				t.Fatalf("%s as %s is %x and %x: %v, %v", m.literal(form), form, a, b, err1, err2)
			}
			v, _, _ := record.DecodeValue(a)
			if v.D != utc.date() || int64(v.N) != utc.ofDay() ||
				v.Kind == record.TimestampTZ && int(v.Zone) != m.zone {
				t.Fatalf("%s is %+v", m.literal(form), v)
			}
		}
	}
}

// allTypes are one of each form, of several character sets.
func allTypes(t testing.TB) (list []*Type) {
	for _, name := range []string{"NUMBER", "FLOAT(126)", "BINARY_FLOAT", "BINARY_DOUBLE", "CHAR",
		"VARCHAR2", "NVARCHAR2", "CLOB", "NCLOB", "LONG", "RAW", "BLOB", "ROWID", "DATE",
		"TIMESTAMP(6)", "TIMESTAMP(6) WITH TIME ZONE", "TIMESTAMP(6) WITH LOCAL TIME ZONE",
		"INTERVAL YEAR(2) TO MONTH", "INTERVAL DAY(2) TO SECOND(6)", "XMLTYPE", "JSON"} {
		list = append(list, makeType(t, name, utf8Database))
	}
	for set := range multiOctet {
		list = append(list, makeType(t, "VARCHAR2", Database{Charset: set}))
	}
	for _, set := range []string{"UTF8", "US7ASCII", "WE8MSWIN1252", "CL8KOI8R"} {
		list = append(list, makeType(t, "VARCHAR2", Database{Charset: set}))
	}
	integer, err := NewType("NUMBER", 18, 0, 22, utf8Database)
	if err != nil {
		t.Fatal(err)
	}
	return append(list, integer)
}

// checkAppended: an error leaves dst as it was; else there is one value of the type's kind.
func checkAppended(t *testing.T, typ *Type, out []byte, err error) {
	t.Helper()
	if err != nil {
		if string(out) != "kept" {
			t.Fatalf("%s: after %v there is %x", typ.Name, err, out)
		}
		return
	}
	v, rest, err := record.DecodeValue(bytes.TrimPrefix(out, []byte("kept")))
	if err != nil || len(rest) > 0 || v.Kind != typ.Kind() && v.Kind != record.Null {
		t.Fatalf("%s: %x is no value of kind %s: %v", typ.Name, out, typ.Kind(), err)
	}
}

func FuzzAppendInternal(f *testing.F) {
	types := allTypes(f)
	for _, raw := range []string{"c10233", "3e6466", "80", "787c010811233228e96e708480",
		"bfddb3d7", "6162", "8160",
		"00700001010c0080000100000001000000e1a2b300114890000b0000070101020304050607"} {
		octets, err := hex.DecodeString(raw)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, typ := range types {
			out, err := AppendInternal([]byte("kept"), typ, raw)
			checkAppended(t, typ, out, err)
			again, err2 := AppendValue([]byte("kept"), typ, &Value{Kind: HexToRaw,
				Text: []byte(hex.EncodeToString(raw))})
			if !bytes.Equal(out, again) || (err == nil) != (err2 == nil) {
				t.Fatalf("%s: as HEXTORAW %x, not %x", typ.Name, again, out)
			}
		}
	})
}

func FuzzAppendValue(f *testing.F) {
	types := allTypes(f)
	f.Add(uint8(Quoted), []byte("-12.5E+10"), []byte(""))
	f.Add(uint8(Quoted), []byte("-0044-03-15 12:00:00.5 +01:30"), []byte(""))
	f.Add(uint8(Call), []byte("03-FEB-2026 04.05.06.5 PM"), []byte("DD-MON-YYYY HH.MI.SS.FF AM"))
	f.Add(uint8(Quoted), []byte("+03-07"), []byte(""))
	f.Add(uint8(Quoted), []byte("-77 14:33:15.000001"), []byte(""))
	f.Fuzz(func(t *testing.T, kind uint8, text, format []byte) {
		v := Value{Kind: ValueKind(kind % 12), Text: text}
		names := []string{""}
		if v.Kind == Call {
			names = []string{"TO_DATE", "TO_TIMESTAMP_TZ", "TO_YMINTERVAL", "TO_DSINTERVAL", "XMLTYPE"}
			v.Args = [][]byte{text}
			if len(format) > 0 {
				v.Args = append(v.Args, format)
			}
		}
		for _, typ := range types {
			for _, name := range names {
				v.Name = []byte(name)
				out, err := AppendValue([]byte("kept"), typ, &v)
				checkAppended(t, typ, out, err)
			}
			if out, err := AppendPiece([]byte("kept"), typ, &v); err != nil && string(out) != "kept" {
				t.Fatalf("%s: after %v there is %x", typ.Name, err, out)
			}
		}
	})
}

// TestNewTypeRefuses by name what it does not know.
func TestNewTypeRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		in         Database
	}{
		{"BFILE", "type BFILE is not supported", utf8Database},
		{"MDSYS.SDO_GEOMETRY", "type MDSYS.SDO_GEOMETRY is not supported", utf8Database},
		{"VARCHAR2", "character set WE8EBCDIC37 is not supported", Database{Charset: "WE8EBCDIC37"}},
		{"NCHAR", "character set (none) of type NCHAR is not supported", Database{}},
	} {
		_, err := NewType(c.name, 0, 0, 0, c.in)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, not %s", c.name, err, c.want)
		}
	}
}

// TestPieces: pieces are content, not values.
func TestPieces(t *testing.T) {
	latin := Database{Charset: "WE8MSWIN1252", National: "AL16UTF16"}
	for _, c := range []struct {
		name string
		v    Value
		want string
	}{
		{"CLOB", Value{Kind: Quoted, Text: []byte("ä")}, "ä"},
		{"CLOB", Value{Kind: HexToRaw, Text: []byte("e4")}, "ä"},
		{"NCLOB", Value{Kind: HexToRaw, Text: []byte("00e4")}, "ä"},
		{"BLOB", Value{Kind: HexToRaw, Text: []byte("E4")}, "\xe4"},
		{"XMLTYPE", Value{Kind: Null}, ""},
	} {
		out, err := AppendPiece([]byte("-"), makeType(t, c.name, latin), &c.v)
		if err != nil || string(out) != "-"+c.want {
			t.Errorf("%s: %q, %v, not %q", c.name, out, err, c.want)
		}
	}
	if out, err := AppendPiece(nil, makeType(t, "BLOB", latin),
		&Value{Kind: Quoted, Text: []byte("x")}); err == nil {
		t.Errorf("a text became a piece of a BLOB: %x", out)
	}
}

// TestNotFinite: what is no number is the same as text and as octets.
func TestNotFinite(t *testing.T) {
	for _, c := range []struct{ name, text, raw string }{
		{"BINARY_DOUBLE", "Nan", "fff8000000000000"}, {"BINARY_DOUBLE", "Inf", "fff0000000000000"},
		{"BINARY_DOUBLE", "-Inf", "000fffffffffffff"}, {"BINARY_FLOAT", "Nan", "ffc00000"},
		{"BINARY_FLOAT", "Inf", "ff800000"}, {"BINARY_FLOAT", "-Inf", "007fffff"},
	} {
		typ := makeType(t, c.name, utf8Database)
		a, err1 := AppendValue(nil, typ, &Value{Kind: Quoted, Text: []byte(c.text)})
		b, err2 := AppendValue(nil, typ, &Value{Kind: HexToRaw, Text: []byte(c.raw)})
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s %s is %x and %x: %v, %v", c.name, c.text, a, b, err1, err2)
		}
	}
	for _, text := range []string{"~", "-~", "Inf", "Nan", "1e", ".", "", "0x10", "1_000", "1E+999"} {
		v := Value{Kind: Number, Text: []byte(text)}
		if out, err := AppendValue(nil, makeType(t, "NUMBER", utf8Database), &v); err == nil {
			t.Errorf("%s became a NUMBER: %x", text, out)
		}
	}
}
