package binlog

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"ggsh/record"
)

// unhex reads hexadecimal with spaces.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode decodes one value of a column.
func decode(t testing.TB, c Column, data []byte) (record.Value, []byte, error) {
	t.Helper()
	tm := &TableMap{Schema: "s", Table: "t", Columns: []Column{c}, Signs: true}
	p, err := NewPlan(tm, 1, nil)
	if err != nil {
		return record.Value{}, nil, err
	}
	dst, rest, err := p.value(nil, &p.cols[0], data)
	if err != nil {
		return record.Value{}, nil, err
	}
	v, left, err := record.DecodeValue(dst)
	if err != nil || len(left) > 0 {
		t.Fatalf("the value's form is damaged: %x: %v", dst, err)
	}
	return v, rest, nil
}

func TestValues(t *testing.T) {
	col := func(typ byte, meta uint16) Column { return Column{Type: typ, Meta: meta, Decimal: -1} }
	unsigned := func(typ byte) Column { return Column{Type: typ, Unsigned: true, Decimal: -1} }
	for _, c := range []struct {
		name string
		col  Column
		data string
		want string
	}{
		{"tiny", col(typeTiny, 0), "80", "-128"},
		{"tiny unsigned", unsigned(typeTiny), "80", "128"},
		{"short", col(typeShort, 0), "ff7f", "32767"},
		{"int24", col(typeInt24, 0), "ffffff", "-1"},
		{"int24 unsigned", unsigned(typeInt24), "ffffff", "16777215"},
		{"long", col(typeLong, 0), "00000080", "-2147483648"},
		{"bigint unsigned", unsigned(typeLongLong), "ffffffffffffffff", "18446744073709551615"},
		{"decimal(10,4)", col(typeNewDecimal, 10<<8|4), "800001 0000", "1.0000"},
		{"decimal zero", col(typeNewDecimal, 5<<8|2), "8000 00", "0.00"},
		{"year", col(typeYear, 0), "7c", "2024"},
		{"year zero", col(typeYear, 0), "00", "0"},
		{"date", col(typeDate, 0), "5dd00f", "2024-02-29"},
		{"zero date", col(typeDate, 0), "000000", "0000-00-00"},
		{"old time", col(typeTime, 0), "40e201", "12:34:56"},
		{"old negative time", col(typeTime, 0), "c01dfe", "-12:34:56"},
		{"old datetime", col(typeDatetime, 0), "80c5aa8b68120000", "2024-02-29 12:34:56"},
		{"old timestamp", col(typeTimestamp, 0), "01000000", "1970-01-01 00:00:01+00:00"},
		{"zero timestamp", col(typeTimestamp2, 0), "00000000", "0000-00-00 00:00:00+00:00"},
		{"timestamp(3)", col(typeTimestamp2, 3), "7fffffff 26fc", "2038-01-19 03:14:07.998"},
		{"bit(10)", col(typeBit, 1<<8|2), "02aa", "1010101010"},
		{"geometry", col(typeGeometry, 4), "02000000 0102", "0102"},
		{"vector", col(typeVector, 4), "04000000 0000803f", "0000803f"},
		{"json number", col(typeJSON, 4), "03000000 05 0700", "7"},
		{"empty json", col(typeJSON, 4), "00000000", "null"},
	} {
		v, rest, err := decode(t, c.col, unhex(t, c.data))
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, %d octets left", c.name, err, len(rest))
			continue
		}
		got := string(v.Text(nil, -1))
		if got != c.want && !strings.HasPrefix(got, c.want) {
			t.Errorf("%s is %q, want %q", c.name, got, c.want)
		}
	}
}

// TestShortValues cuts every value short: an error, never a panic.
func TestShortValues(t *testing.T) {
	for _, c := range allColumns() {
		full := bytes.Repeat([]byte{0x41}, 400)
		_, rest, err := decode(t, c, full)
		if err != nil {
			continue // the octets are no value of this type
		}
		need := len(full) - len(rest)
		for n := range need {
			if _, _, err := decode(t, c, full[:n]); err == nil {
				t.Errorf("type %d: %d octets of %d are accepted", c.Type, n, need)
			}
		}
	}
}

// allColumns is a column of every form that the log knows.
func allColumns() []Column {
	text := func(typ byte, length int, meta uint16, charset string) Column {
		return Column{Type: typ, Length: length, Meta: meta, Charset: charset}
	}
	list := []Column{
		{Type: typeTiny}, {Type: typeShort, Unsigned: true}, {Type: typeInt24}, {Type: typeLong},
		{Type: typeLongLong, Unsigned: true}, {Type: typeFloat}, {Type: typeDouble},
		{Type: typeNewDecimal, Meta: 65<<8 | 30}, {Type: typeNewDecimal, Meta: 5<<8 | 5},
		{Type: typeBit, Meta: 7<<8 | 7}, {Type: typeYear}, {Type: typeDate}, {Type: typeTime},
		{Type: typeTime2, Meta: 6}, {Type: typeDatetime}, {Type: typeDatetime2, Meta: 3},
		{Type: typeTimestamp}, {Type: typeTimestamp2, Meta: 1}, {Type: typeJSON, Meta: 4},
		{Type: typeGeometry, Meta: 4}, {Type: typeVector, Meta: 4},
		{Type: typeEnum, Length: 2, Labels: []string{"a", "b"}},
		{Type: typeSet, Length: 3, Labels: strings.Split(strings.Repeat("x,", 19)+"y", ",")},
		text(typeString, 255, 255, "utf8mb4"), text(typeString, 300, 300, "latin1"),
		text(typeString, 16, 16, "binary"), text(typeVarchar, 100, 100, "utf16"),
		text(typeVarchar, 1000, 1000, "sjis"), text(typeBlob, 0, 1, "binary"),
		text(typeBlob, 0, 3, "gb18030"), text(typeTextPacked, 100, 100, "utf8mb4"),
		text(typeBlobPacked, 0, 2, "binary"), text(typeVarString, 10, 10, "ascii"),
		{Type: typeString, Length: 16, Meta: 16, Special: UUID},
		{Type: typeString, Length: 4, Meta: 4, Special: Inet4},
		{Type: typeString, Length: 16, Meta: 16, Special: Inet6},
	}
	for i := range list {
		list[i].Decimal = -1
	}
	list[5].Decimal, list[6].Decimal = 2, 5
	return list
}

func TestRefusedColumns(t *testing.T) {
	for name, c := range map[string]Column{
		"decimal too wide":  {Type: typeNewDecimal, Meta: 90<<8 | 2},
		"decimal scale":     {Type: typeNewDecimal, Meta: 2<<8 | 5},
		"bit too wide":      {Type: typeBit, Meta: 9 << 8},
		"fraction":          {Type: typeTime2, Meta: 7},
		"enum octets":       {Type: typeEnum, Length: 3, Labels: []string{"a"}},
		"blob length":       {Type: typeBlob, Meta: 9, Charset: "binary"},
		"unknown charset":   {Type: typeVarchar, Length: 9, Charset: "klingon"},
		"unknown type":      {Type: 200},
		"old decimal":       {Type: typeDecimalOld},
		"no labels":         {Type: typeEnum, Length: 1},
		"charset not known": {Type: typeVarchar, Length: 9},
	} {
		c.Decimal = -1
		if _, _, err := decode(t, c, make([]byte, 100)); err == nil {
			t.Errorf("%s is accepted", name)
		} else if (name == "no labels" || name == "charset not known") != errors.Is(err, ErrNoMetadata) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextThatIsNone(t *testing.T) {
	for charset, octets := range map[string]string{"utf8mb4": "ff", "ascii": "80", "sjis": "8180 ff",
		"utf16": "d800 0041", "utf32": "00110000", "ucs2": "41", "euckr": "a1", "cp1257": "a1",
		"gb18030": "ff30"} {
		b := unhex(t, octets)
		data := append([]byte{byte(len(b))}, b...)
		c := Column{Type: typeVarchar, Length: 20, Charset: charset, Decimal: -1}
		if v, _, err := decode(t, c, data); err == nil {
			t.Errorf("%s %s is taken for %q", charset, octets, v.B)
		}
	}
}

func deflated(t testing.TB, raw bool, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	if raw {
		fw, err := flate.NewWriter(&buf, 9)
		if err != nil {
			t.Fatal(err)
		}
		w = fw
	} else {
		w = zlib.NewWriter(&buf)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestInflate(t *testing.T) {
	plain := bytes.Repeat([]byte("abc"), 1000)
	head := []byte{0x82, byte(len(plain) >> 8), byte(len(plain))}
	var f Inflater
	defer f.Close()
	for range 2 { // decoders are used again
		if got, err := f.zlib(append(head[:3:3], deflated(t, false, plain)...)); err != nil ||
			!bytes.Equal(got, plain) {
			t.Errorf("zlib: %v", err)
		}
		raw := append([]byte{0x8a, head[1], head[2]}, deflated(t, true, plain)...)
		if got, err := f.column(raw); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("raw deflate: %v", err)
		}
		if got, err := f.column(append(head[:3:3], deflated(t, false, plain)...)); err != nil ||
			!bytes.Equal(got, plain) {
			t.Errorf("wrapped deflate: %v", err)
		}
		if got, err := f.column([]byte("\x00as it is")); err != nil || string(got) != "as it is" {
			t.Errorf("stored: %q %v", got, err)
		}
	}
	for name, b := range map[string][]byte{"none": {}, "length": {0x82, 1}, "method": {0x92, 0, 1, 0},
		"size": append([]byte{0x82, 0, 1}, deflated(t, false, plain)...), "giant": {0x87, 255, 0, 0, 0, 0, 0, 0}} {
		if _, err := f.zlib(b); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestPayload(t *testing.T) {
	event := func(n int) []byte {
		b := make([]byte, HeaderSize+n)
		binary.LittleEndian.PutUint32(b[9:], uint32(len(b)))
		return b
	}
	inner := append(event(5), event(100000)...)
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := enc.EncodeAll(inner, nil)
	var f Inflater
	defer f.Close()
	for _, c := range []struct {
		head string
		body []byte
	}{{"02 01 00 00", packed}, {"02 03 fc ff 00 00", inner}, {"00", inner}, {"02 01 00 00", packed}} {
		if err := f.Payload(append(unhex(t, c.head), c.body...)); err != nil {
			t.Fatal(err)
		}
		var sizes []int
		for {
			e, err := f.NextEvent()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(e))
		}
		if len(sizes) != 2 || sizes[1] != 100000+HeaderSize {
			t.Errorf("events of %v octets", sizes)
		}
	}
	if err := f.Payload(append(unhex(t, "02 01 07 00"), packed...)); err == nil {
		t.Error("an unknown compression is accepted")
	}
	for n := range len(packed) {
		if err := f.Payload(append(unhex(t, "02 01 00 00"), packed[:n]...)); err != nil {
			continue
		}
		for err = nil; err == nil; {
			_, err = f.NextEvent()
		}
	}
}

func TestCharsetsAgreeWithASCII(t *testing.T) {
	for _, cs := range []string{"latin1", "swe7", "gbk", "sjis", "ujis", "euckr", "big5", "gb18030",
		"eucjpms", "cp932", "utf8mb3", "ascii", "greek", "koi8u"} {
		got, err := Text(cs, []byte("Az 09"))
		if err != nil || got != "Az 09" {
			t.Errorf("%s: %q %v", cs, got, err)
		}
	}
	if got, err := Text("swe7", []byte("[")); err != nil || got != "Ä" {
		t.Errorf("swe7: %q %v", got, err)
	}
}

// FuzzRows decodes arbitrary octets as rows of a table with every type.
func FuzzRows(f *testing.F) {
	f.Add(byte(WriteRowsV2), bytes.Repeat([]byte{0xff, 0, 1}, 50))
	f.Add(byte(UpdateRowsV1), bytes.Repeat([]byte{0}, 300))
	f.Add(byte(DeleteRowsCompressed), []byte{1, 0, 0, 0, 0, 0, 0, 0, 36, 0xff, 0xff, 0xff, 0xff, 0xff})
	cols := allColumns()
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		tm := &TableMap{Columns: cols, Signs: true}
		p, err := NewPlan(tm, 1, []int{0, 3})
		if err != nil {
			t.Fatal(err)
		}
		var e RowsEvent
		var inf Inflater
		if e.Parse(kind, body, &inf) != nil {
			return
		}
		var buf []byte
		for rows := 0; e.More() && rows < 1000; rows++ {
			if buf, err = p.AppendOp(buf[:0], &e); err != nil {
				return
			}
			if len(buf) == 0 {
				continue
			}
			checkOp(t, buf, len(cols))
		}
	})
}

// checkOp makes sure that a decoded row is an operation that readers accept.
func checkOp(t *testing.T, body []byte, columns int) {
	t.Helper()
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		t.Fatal(err)
	}
	for _, im := range []record.Image{op.Before, op.After} {
		if im == nil {
			continue
		}
		if _, err := im.Values(nil, columns); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzTableMap reads arbitrary octets as a TABLE_MAP event.
// FuzzResults reads arbitrary octets as a row of a result.
func FuzzResults(f *testing.F) {
	f.Add(append([]byte{0, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{4, 1, 2, 3, 4}, 40)...))
	f.Add(bytes.Repeat([]byte{0}, 300))
	cols := allColumns()
	kinds := make([]byte, len(cols))
	for i := range cols {
		kinds[i] = resultType(cols[i].Type)
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		p, err := NewPlan(&TableMap{Columns: cols, Signs: true}, 1, nil)
		if err == nil {
			err = p.Results(kinds)
		}
		if err != nil {
			t.Fatal(err)
		}
		if op, err := p.AppendRow(nil, row); err == nil {
			checkOp(t, op, len(cols))
		}
	})
}

// resultType is the type that a result names for a column of a type of the log.
func resultType(wire byte) byte {
	switch wire {
	case typeTime2:
		return typeTime
	case typeDatetime2:
		return typeDatetime
	case typeTimestamp2:
		return typeTimestamp
	case typeEnum, typeSet:
		return typeString
	}
	return wire
}

func FuzzTableMap(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x01\x00\x01s\x00\x01t\x00\x02\x03\x0f\x02\x14\x00\x02\x01\x01\x80\x04\x04\x01a\x01b\x08\x01\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		tm, err := ParseTableMap(body)
		if err != nil {
			return
		}
		for i := range tm.Columns {
			tm.Columns[i].Charset = "utf8mb4"
			_ = tm.Columns[i].TypeText(4)
		}
		_, _ = NewPlan(tm, 1, tm.Key)
	})
}

// FuzzJSON prints arbitrary octets as binary JSON.
func FuzzJSON(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x0c\x00\x0b\x00\x01\x00\x05\x01\x00a"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		out, err := appendJSON(nil, doc)
		if err == nil && len(out) > 1000*len(doc)+1000 {
			t.Errorf("%d octets gave %d", len(doc), len(out))
		}
	})
}
