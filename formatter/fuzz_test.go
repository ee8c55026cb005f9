package formatter

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"math"
	"math/big"
	"strings"
	"testing"

	"ggsh/record"
)

// fuzzed makes a row of the value at the front of data, in a column of its kind;
// ok is false if there is none.
func fuzzed(t *testing.T, data []byte, scale int) (c *record.Change, v record.Value, ok bool) {
	v, rest, err := record.DecodeValue(data)
	if err != nil || v.Kind == record.Missing || v.Kind == record.Null {
		return nil, v, false
	}
	col := column(v.Kind, "", 0, scale)
	s := valueCase{"fuzzed", col, data[:len(data)-len(rest)]}.sample()
	return s.change(t, 0), v, true
}

// shown is the text of a value in formats of text, which readers have to see.
func shown(v record.Value, scale int) string {
	col := column(v.Kind, "", 0, scale)
	b, err := appendText(nil, &v, &col)
	if err != nil {
		return ""
	}
	return string(b)
}

func seed(f *testing.F) {
	for i, c := range valueCases() {
		f.Add([]byte(c.value), i%10)
	}
}

// FuzzDelimited: what is quoted or escaped is read as it was, by a reader that
// knows nothing but the delimiters.
func FuzzDelimited(f *testing.F) {
	seed(f)
	var formats []*Format
	for _, mode := range []string{"format.quoteDelimiters=true", `format.escape=CDATA[\\]`} {
		for _, between := range []string{"|", "ab", ","} {
			formats = append(formats, must(f, "gg.compat=21", "format=delimitedtext", mode,
				"format.fieldDelimiter=CDATA["+between+"]", `format.nullValueRepresentation=CDATA[\\N]`,
				"format.metaColumnsTemplate=${static[x].m}"))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, scale int) {
		c, v, ok := fuzzed(t, data, scale)
		if !ok {
			return
		}
		for _, f := range formats {
			b, err := f.Append(nil, c)
			if err != nil {
				checkRefusal(t, err, v)
				continue
			}
			e := f.encoder.(*delimitedEncoder)
			fields, null := splitQuoted(string(b), e.field)
			if !e.quotes {
				fields, null = splitEscaped(string(b), e.field)
			}
			if want := shown(v, scale); len(fields) != 2 || fields[1] != want || null {
				t.Errorf("read %q, null %t, want %q of %q", fields, null, want, b)
			}
		}
	})
}

// splitQuoted reads a line of fields that may stand in quotes.
func splitQuoted(line, between string) (fields []string, null bool) {
	for {
		field := ""
		if strings.HasPrefix(line, `"`) {
			line = line[1:]
			for {
				i := strings.IndexByte(line, '"')
				if i < 0 {
					return append(fields, "no quote at the end"), false
				}
				field, line = field+line[:i], line[i+1:]
				if !strings.HasPrefix(line, `"`) {
					break
				}
				field, line = field+`"`, line[1:]
			}
			null = false
		} else {
			end := strings.Index(line, between)
			if nl := strings.IndexByte(line, '\n'); end < 0 || nl >= 0 && nl < end {
				end = nl
			}
			field, line = line[:end], line[end:]
			null = field == `\N`
		}
		fields = append(fields, field)
		if rest, ok := strings.CutPrefix(line, between); ok {
			line = rest
			continue
		}
		if line != "\n" {
			fields = append(fields, "left: "+line)
		}
		return fields, null
	}
}

// splitEscaped reads a line in which a backslash stands before what is meant literally.
func splitEscaped(line, between string) (fields []string, null bool) {
	var field strings.Builder
	raw := ""
	for {
		switch {
		case line == "":
			return append(fields, "no end of line"), false
		case line[0] == '\\' && len(line) > 1:
			c := line[1]
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case '0':
				c = 0
			}
			field.WriteByte(c)
			raw, line = raw+line[:2], line[2:]
		case strings.HasPrefix(line, between), line[0] == '\n':
			fields, null = append(fields, field.String()), raw == `\N`
			field.Reset()
			raw = ""
			if line[0] == '\n' {
				if line != "\n" {
					fields = append(fields, "left: "+line)
				}
				return fields, null
			}
			line = line[len(between):]
		default:
			field.WriteByte(line[0])
			raw, line = raw+line[:1], line[1:]
		}
	}
}

// checkRefusal: an error must be about the value.
func checkRefusal(t *testing.T, err error, v record.Value) {
	t.Helper()
	if e, ok := err.(*Error); !ok || e.Column != "V" || e.Table != "GG.T" || e.Reason == "" {
		t.Errorf("%v for %+v", err, v)
	}
}

// FuzzJSON: records are documents, and hold the same number or text.
func FuzzJSON(f *testing.F) {
	seed(f)
	var formats []*Format
	for _, line := range []string{"", "format.prettyPrint=true", "format.encoding=US-ASCII",
		"format.treatAllColumnsAsStrings=true"} {
		formats = append(formats, must(f, line, "gg.compat=21", "format=json_row"))
	}
	f.Fuzz(func(t *testing.T, data []byte, scale int) {
		c, v, ok := fuzzed(t, data, scale)
		if !ok {
			return
		}
		for _, f := range formats {
			b, err := f.Append(nil, c)
			if err != nil {
				checkRefusal(t, err, v)
				continue
			}
			dec := json.NewDecoder(bytes.NewReader(b))
			dec.UseNumber()
			var row map[string]any
			if err := dec.Decode(&row); err != nil {
				t.Fatalf("%v in %q", err, b)
			}
			want := shown(v, scale)
			switch got := row["V"].(type) {
			case string:
				if got != want || isNumber(v.Kind) && !f.allStrings {
					t.Errorf("read %q, want %q", got, want)
				}
			case json.Number:
				if !sameNumber(t, string(got), want) {
					t.Errorf("read %s, want %s", got, want)
				}
			case bool:
				if got != (v.N != 0) || v.Kind != record.Bool {
					t.Errorf("read %t of %+v", got, v)
				}
			default:
				t.Errorf("read %v of %+v", got, v)
			}
		}
	})
}

func sameNumber(t *testing.T, a, b string) bool {
	t.Helper()
	_, exponent, _ := strings.Cut(strings.ToUpper(b), "E")
	if len(exponent) > 4 {
		return true // too much for this comparison
	}
	x, ok := new(big.Rat).SetString(a)
	y, fine := new(big.Rat).SetString(b)
	return ok && fine && x.Cmp(y) == 0
}

// FuzzXML: records are documents, and hold the same text.
func FuzzXML(f *testing.F) {
	seed(f)
	format := must(f, "gg.compat=21", "format=xml")
	f.Fuzz(func(t *testing.T, data []byte, scale int) {
		c, v, ok := fuzzed(t, data, scale)
		if !ok {
			return
		}
		b, err := format.Append(nil, c)
		if err != nil {
			checkRefusal(t, err, v)
			return
		}
		var op operationXML
		if err := xml.Unmarshal(b, &op); err != nil || len(op.Cols) != 1 {
			t.Fatalf("%v in %q", err, b)
		}
		if got, want := op.Cols[0].After.Text, shown(v, scale); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	})
}

// FuzzAvro: another implementation reads the same value.
func FuzzAvro(f *testing.F) {
	seed(f)
	format := must(f, "gg.compat=21", "format=avro_row")
	f.Fuzz(func(t *testing.T, data []byte, scale int) {
		c, v, ok := fuzzed(t, data, scale)
		if !ok {
			return
		}
		b, err := format.Append(nil, c)
		if err != nil {
			checkRefusal(t, err, v)
			return
		}
		tab, err := format.table(c.Def)
		if err != nil {
			t.Fatal(err)
		}
		var row map[string]any
		if err := avroUnmarshal(t, tab.avro.text, b, &row); err != nil {
			t.Fatalf("%v in %q", err, b)
		}
		if row["V_isMissing"] != false || !sameAvro(row["V"], v, scale) {
			t.Errorf("read %v of %+v", row, v)
		}
	})
}

func sameAvro(got any, v record.Value, scale int) bool {
	switch got := got.(type) {
	case int64:
		return uint64(got) == v.N
	case float64:
		if v.Kind == record.Decimal {
			x, ok := new(big.Float).SetPrec(200).SetString(string(v.B))
			f, _ := x.Float64()
			return ok && f == got
		}
		return math.Float64bits(got) == math.Float64bits(float(&v)) || got != got
	case []byte:
		return bytes.Equal(got, v.B)
	case bool:
		return got == (v.N != 0)
	case string:
		return got == shown(v, scale)
	}
	return false
}

// TestBytesComeBack: Base64, as the formats of text have octets.
func TestBytesComeBack(t *testing.T) {
	octets := make([]byte, 256)
	for i := range octets {
		octets[i] = byte(i)
	}
	v := record.Value{Kind: record.Bytes, B: octets}
	got, err := base64.StdEncoding.DecodeString(shown(v, 0))
	if err != nil || !bytes.Equal(got, octets) {
		t.Errorf("%v: %x", err, got)
	}
}
