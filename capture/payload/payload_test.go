package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"ggsh/record"
)

// decode gives the operations of a record as text: INSERT s.t a=1 b=NULL.
func decode(t *testing.T, d *Decoder, rec string) (string, error) {
	t.Helper()
	d.Begin([]byte(rec))
	var all []string
	for {
		def, body, err := d.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(all, "; "), nil
		}
		if err != nil {
			return strings.Join(all, "; "), err
		}
		all = append(all, show(t, def, body))
	}
}

func show(t *testing.T, def *record.TableDef, body []byte) string {
	t.Helper()
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		t.Fatal(err)
	}
	if op.Table != def.ID {
		t.Fatalf("operation of table %d has definition %d", op.Table, def.ID)
	}
	text := op.Type.String() + " " + def.FullName()
	for _, im := range []record.Image{op.Before, op.After} {
		if im == nil {
			continue
		}
		values, err := im.Values(nil, len(def.Columns))
		if err != nil {
			t.Fatal(err)
		}
		text += " |"
		for i, v := range values {
			text += " " + def.Columns[i].Name + "="
			switch v.Kind {
			case record.Missing:
				text += "-"
			case record.Null:
				text += "NULL"
			default:
				text += v.Kind.String() + ":" + string(v.Text(nil, -1))
			}
		}
	}
	pairs, err := op.Tokens.Pairs()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pairs {
		text += " @" + p[0] + "=" + p[1]
	}
	return text
}

// columns are declared as one of each kind.
func columns() []record.ColumnDef {
	return []record.ColumnDef{
		{Name: "id", Kind: record.Int, Type: "INT"},
		{Name: "amount", Kind: record.Decimal, Type: "DECIMAL(6,2)", Precision: 6, Scale: 2, Nullable: true},
		{Name: "name", Kind: record.String, Type: "VARCHAR(5)", Length: 5, Nullable: true},
		{Name: "day", Kind: record.Date, Type: "DATE", Nullable: true},
		{Name: "at", Kind: record.TimestampTZ, Type: "TIMESTAMPTZ", Nullable: true},
		{Name: "ok", Kind: record.Bool, Type: "BOOLEAN", Nullable: true},
	}
}

func declared() Config {
	return Config{Declared: []Definition{{Schema: "s", Name: "t", Columns: columns(), Key: []int{0}}}}
}

func decoder(t *testing.T, cfg Config, f Format) *Decoder {
	t.Helper()
	d, err := NewTables(cfg).NewDecoder(f, "s", "t")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var csv = Format{Form: CSV, Delimiter: ',', Quote: '"', NullText: `\N`}

// TestCSV: fields become values of their columns' kinds, or the record is refused.
func TestCSV(t *testing.T) {
	d := decoder(t, declared(), csv)
	for rec, want := range map[string]string{
		`1,2.50,abc,2026-02-28,2026-01-02 03:04:05.5+01:00,true`: "INSERT s.t | id=int:1 amount=decimal:2.50 " +
			"name=string:abc day=date:2026-02-28 at=timestamptz:2026-01-02 02:04:05.5+00:00 ok=bool:true",
		`-9223372036854775808,,"",,,0`: "INSERT s.t | id=int:-9223372036854775808 amount=NULL name=string: " +
			"day=NULL at=NULL ok=bool:false",
		`7,\N,"a""b,",\N,,`: `INSERT s.t | id=int:7 amount=NULL name=string:a"b, day=NULL at=NULL ok=NULL`,
		`7,-0012.5,"äöüß€",,,`: "INSERT s.t | id=int:7 amount=decimal:-12.5 name=string:äöüß€ day=NULL " +
			"at=NULL ok=NULL",
		`7,1e2,"x` + "\n" + `y",,,`: "INSERT s.t | id=int:7 amount=decimal:100 name=string:x\ny day=NULL " +
			"at=NULL ok=NULL",
	} {
		if got, err := decode(t, d, rec); err != nil || got != want {
			t.Errorf("%s\n got %s, %v\nwant %s", rec, got, err, want)
		}
	}
	for rec, want := range map[string]string{
		`1,2`:                             "it has 2 fields, not 6",
		`,,,,,`:                           "column id of table s.t: it is NULL",
		`x,,,,,`:                          `column id of table s.t: "x" is no whole number`,
		`9223372036854775808,,,,,`:        "column id",
		`1,12345.6,,,,`:                   "12345.6 does not fit into DECIMAL(6,2)",
		`1,1.234,,,,`:                     "1.234 does not fit",
		`1,1.2.3,,,,`:                     "no decimal number",
		`1,,abcdef,,,`:                    "it has 6 characters, the column 5",
		"1,,\xff,,,":                      "not UTF-8",
		`1,,,2026-02-29,,`:                "no date",
		`1,,,,2026-01-02 03:04,`:          "no time with zone",
		`1,,,,2026-01-02T25:04:05Z,`:      "no time with zone",
		`1,,,,,yes`:                       "true, false, 1 or 0",
		`1,"a,,,,`:                        "the quote of field 2 is not closed",
		`1,"a"b,,,,`:                      "goes on behind its closing quote",
		`1,` + strings.Repeat("9", 100):   "it has 2 fields",
		`1,1e99999,,,,`:                   "no decimal number",
		`0x10,,,,,`:                       "no whole number",
		`1,,,,2026-01-02T03:04:05+99:00,`: "no time with zone",
	} {
		got, err := decode(t, d, rec)
		var bad *BadRecord
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %s", rec, got, err, want)
		}
	}
}

// TestHeader: columns come by the names of the header line, all strings unless
// declared; two orders of the same columns are two definitions.
func TestHeader(t *testing.T) {
	f := csv
	f.Header = true
	d := decoder(t, Config{}, f)
	var ids []uint32
	for _, head := range []string{"a,b\r\n", "b,a\n", "a,b\n"} {
		names, err := f.Columns([]byte(head))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Header("s", "t", names); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, d.table.def.ID)
	}
	if ids[0] == ids[1] || ids[0] != ids[2] {
		t.Errorf("definitions %d", ids)
	}
	if got, err := decode(t, d, "1,"); err != nil || got != "INSERT s.t | a=string:1 b=NULL" {
		t.Error(got, err)
	}
	d = decoder(t, declared(), f)
	if err := d.Header("s", "t", []string{"NAME", "id"}); err != nil {
		t.Fatal(err)
	}
	if got, err := decode(t, d, "x,5"); err != nil || got != "INSERT s.t | NAME=string:x id=int:5" {
		t.Error(got, err)
	}
	if key := d.table.def.Key; len(key) != 1 || key[0] != 1 {
		t.Errorf("key %v", key)
	}
	for _, names := range [][]string{{"id", "other"}, {"name"}} {
		if err := d.Header("s", "t", names); err == nil {
			t.Errorf("header %v was taken", names)
		}
	}
	for _, head := range []string{"a,,b\n", "a,a\n", "\"a\n", "\xff\n"} {
		if _, err := f.Columns([]byte(head)); err == nil {
			t.Errorf("header %q was taken", head)
		}
	}
	if _, err := NewTables(Config{}).NewDecoder(csv, "s", "t"); err == nil {
		t.Error("files without header and declaration were taken")
	}
}

// TestSplit: a record ends at a line break outside quotes, and not before it is
// whole.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		form Form
		data string
		want int
	}{
		{CSV, "a,b\nc", 4}, {CSV, "a,b", 0}, {CSV, "\n", 1}, {CSV, "a,\"b\nc\"\nd\n", 8},
		{CSV, "a,\"b\nc", 0}, {CSV, "a,\"b\"\"\n\"\nd", 9}, {CSV, "a,b\"\nc\"\n", 5}, {CSV, "\"a\"\r\n", 5},
		{JSON, "{\"a\":\"\\\"\"}\n{", 11},
	} {
		f := csv
		f.Form = c.form
		if got := f.Split([]byte(c.data)); got != c.want {
			t.Errorf("%q: %d, want %d", c.data, got, c.want)
		}
	}
}

// TestJSON: members become columns in the order in which they first came; a column
// widens when its values are of several kinds, and is told to the keeper.
func TestJSON(t *testing.T) {
	var kept []Definition
	cfg := Config{Keep: func(d Definition) error { kept = append(kept, d); return nil }}
	tables := NewTables(cfg)
	d, err := tables.NewDecoder(Format{Form: JSON}, "", "t")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`{"a":1,"b":"x\u00e4\n","c":null}`, "INSERT t | a=int:1 b=string:xä\n c=NULL"},
		{`{"b":"\ud83d\ude00","a":1.50}`, "INSERT t | a=decimal:1.50 b=string:😀 c=-"},
		{`{"a":-7,"c":true}`, "INSERT t | a=decimal:-7 b=- c=bool:true"},
		{`{"a":123456789012345678901234567890.1e2}`, "INSERT t | a=decimal:12345678901234567890123456789010 b=- c=-"},
		{`{"a":1E-3}`, "INSERT t | a=decimal:0.001 b=- c=-"},
		{`{"c":{"x":[1, {}]}}`, `INSERT t | a=- b=- c=json:{"x":[1, {}]}`},
		{`{"c":"s"}`, `INSERT t | a=- b=- c=json:"s"`},
		{` {"a":2} {"a":3}`, "INSERT t | a=decimal:2 b=- c=-; INSERT t | a=decimal:3 b=- c=-"},
	} {
		if got, err := decode(t, d, c[0]); err != nil || got != c[1] {
			t.Errorf("%s\n got %s, %v\nwant %s", c[0], got, err, c[1])
		}
	}
	if n := len(kept); n != 6 {
		t.Errorf("%d definitions were kept", n)
	}
	again := NewTables(Config{Found: kept[len(kept)-1:]})
	if d, err = again.NewDecoder(Format{Form: JSON}, "", "t"); err != nil {
		t.Fatal(err)
	}
	if got, err := decode(t, d, `{"c":1}`); err != nil || got != "INSERT t | a=- b=- c=json:1" {
		t.Error(got, err)
	}
	for rec, want := range map[string]string{
		`{}`: "no members", `[1]`: "object is expected", `{"a":1,"a":2}`: "twice", `{"a":01}`: "no value",
		`{"a":1`: "comma or }", `{"a":"\ud800"}`: "no such escape", "{\"a\":\"\xff\"}": "not UTF-8",
		"{\"a\":\"\t\"}": "control character", `{"a":1e5000}`: "no decimal number", `{"a" 1}`: "colon",
		`{"a":tru}`: "no value", `{"a":` + strings.Repeat("[", 200) + `}`: "too deeply", `{1:2}`: "name",
	} {
		got, err := decode(t, d, rec)
		var bad *BadRecord
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %s", rec, got, err, want)
		}
	}
}

// TestDeclaredJSON: declared columns keep their kinds, and no other is taken.
func TestDeclaredJSON(t *testing.T) {
	d := decoder(t, declared(), Format{Form: JSON})
	want := "INSERT s.t | id=int:5 amount=decimal:1.5 name=- day=date:2026-01-02 at=- ok=bool:false"
	got, err := decode(t, d, `{"ID":"5","amount":1.5,"day":"2026-01-02","ok":false}`)
	if err != nil || got != want {
		t.Error(got, err)
	}
	for rec, want := range map[string]string{
		`{"id":1.5}`: "whole number", `{"id":null}`: "NOT NULL", `{"x":1}`: "not declared",
		`{"id":{}}`: "object or list", `{"id":1,"ID":2}`: "twice",
	} {
		if _, err := decode(t, d, rec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", rec, err, want)
		}
	}
}

// TestOperations: what the json and json_row formatters write becomes the operation
// that it was.
func TestOperations(t *testing.T) {
	const head = `{"table":"HR.EMP","op_type":"%","op_ts":"2026-01-02 03:04:05.000000",` +
		`"current_ts":"2026-01-02T03:04:06.000001","pos":"00000000000000002928","primary_keys":["ID"],`
	const tail = " @op_ts=2026-01-02 03:04:05.000000 @pos=00000000000000002928"
	with := func(kind, rest string) string { return strings.Replace(head, "%", kind, 1) + rest }
	d := decoder(t, Config{}, Format{Form: Ops})
	for _, c := range [][2]string{
		{with("I", `"tokens":{"R":"AA"},"after":{"ID":1,"NAME":"a","PAY":10.50}}`),
			"INSERT HR.EMP | ID=int:1 NAME=string:a PAY=decimal:10.50" + tail + " @R=AA"},
		{with("U", `"before":{"ID":1,"NAME":"a"},"after":{"ID":1,"NAME":null}}`),
			"UPDATE HR.EMP | ID=int:1 NAME=string:a PAY=- | ID=int:1 NAME=NULL PAY=-" + tail},
		{with("U", `"before":{"ID":1},"after":{"ID":2}}`),
			"PK UPDATE HR.EMP | ID=int:1 NAME=- PAY=- | ID=int:2 NAME=- PAY=-" + tail},
		{with("U", `"before":null,"after":{"ID":2}}`),
			"UPDATE HR.EMP | ID=int:2 NAME=- PAY=-" + tail},
		{with("D", `"before":{"ID":2}}`), "DELETE HR.EMP | ID=int:2 NAME=- PAY=-" + tail},
		{strings.TrimSuffix(with("T", ""), `"primary_keys":["ID"],`) + `"csn":5}`,
			"TRUNCATE HR.EMP" + tail + " @csn=5"},
	} {
		if got, err := decode(t, d, c[0]); err != nil || got != c[1] {
			t.Errorf("%s\n got %s, %v\nwant %s", c[0], got, err, c[1])
		}
	}
	if key := d.meta.table.def.Key; len(key) != 1 || key[0] != 0 {
		t.Errorf("key %v", key)
	}
	d = decoder(t, Config{}, Format{Form: Rows})
	for _, c := range [][2]string{
		{with("U", `"ID":1,"pos":"x"}`), "UPDATE HR.EMP | ID=int:1 pos=string:x" + tail},
		{with("D", `"ID":1}`) + with("I", `"ID":2}`),
			"DELETE HR.EMP | ID=int:1 pos=-" + tail + "; INSERT HR.EMP | ID=int:2 pos=-" + tail},
	} {
		if got, err := decode(t, d, c[0]); err != nil || got != c[1] {
			t.Errorf("%s\n got %s, %v\nwant %s", c[0], got, err, c[1])
		}
	}
	d = decoder(t, Config{}, Format{Form: Ops})
	for rec, want := range map[string]string{
		`{"op_type":"I","after":{"A":1}}`:                                        "after stands before table",
		`{"table":"T","op_type":"X"}`:                                            "op_type",
		`{"table":"T","op_type":"I"}`:                                            "lacks its columns",
		`{"table":"T","op_type":"D","after":{"A":1}}`:                            "lacks its columns",
		`{"table":"T","after":{"A":1}}`:                                          "lacks table or op_type",
		`{"table":"T","op_type":"I","after":[]}`:                                 "no object",
		`{"table":"T","op_type":"I","after":{"A":1},"after":{}}`:                 "twice",
		`{"table":"T","op_type":"I","primary_keys":["Q"],"after":{"A":1}}`:       "no column",
		`{"table":"T","op_type":"I","primary_keys":[1],"after":{"A":1}}`:         "no name",
		`{"table":"T.","op_type":"I","after":{"A":1}}`:                           "no table",
		`{"table":"T","op_type":"I","tokens":{"a":1},"after":{"A":1}}`:           "token",
		`{"table":"T","op_type":"I","after":{"A":1},"more":{}}`:                  "no member",
		`{"table":7,"op_type":"I","after":{"A":1}}`:                              "no string",
		`{"table":"T","op_type":"I","op_type":"D","after":{"A":1}}{"table":"T"}`: "lacks",
	} {
		got, err := decode(t, d, rec)
		var bad *BadRecord
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %s", rec, got, err, want)
		}
	}
}

// TestOctets: BINARY is hexadecimal, BASE64 is base 64, and the formatters' octets are
// base 64, whatever the column is called.
func TestOctets(t *testing.T) {
	cols := []record.ColumnDef{{Name: "h", Kind: record.Bytes, Type: "BINARY", Nullable: true},
		{Name: "b", Kind: record.Bytes, Type: "BASE64(2)", Length: 2, Nullable: true},
		{Name: "u", Kind: record.UUID, Type: "UUID", Nullable: true},
		{Name: "j", Kind: record.JSON, Type: "JSON", Nullable: true}}
	cfg := Config{Declared: []Definition{{Columns: cols}}}
	const uuid = "123e4567-e89b-12d3-a456-426614174000"
	for _, c := range []struct {
		f    Format
		rec  string
		want string
	}{
		{csv, `00fF,AP8=,` + uuid + `,"{""a"":1}"`, "bytes:00ff b=bytes:00ff u=uuid:" + uuid + ` j=json:{"a":1}`},
		{Format{Form: JSON}, `{"h":"00ff","b":"","u":"123E4567E89B12D3A456426614174000","j":"x"}`,
			"bytes:00ff b=bytes: u=uuid:" + uuid + ` j=json:"x"`},
		{Format{Form: Rows}, `{"table":"s.t","op_type":"I","h":"AP8=","b":"AP8=","j":"[1]"}`,
			"bytes:00ff b=bytes:00ff u=- j=json:[1]"},
	} {
		got, err := decode(t, decoder(t, cfg, c.f), c.rec)
		if want := "INSERT s.t | h=" + c.want; got != want || err != nil {
			t.Errorf("%s\n got %s, %v\nwant %s", c.rec, got, err, want)
		}
	}
	for rec, want := range map[string]string{`0,,,`: "hexadecimal", `zz,,,`: "hexadecimal", `,AAAA,,`: "3 octets",
		`,A,,`: "base 64", `,,123,`: "hexadecimal", `,,,"[1"`: "comma or ]", `,,,1 2`: "behind the JSON value"} {
		if _, err := decode(t, decoder(t, cfg, csv), rec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", rec, err, want)
		}
	}
}

// TestNoAllocations: rows of a known table cost none.
func TestNoAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		f   Format
		cfg Config
		rec string
	}{
		"csv":  {csv, declared(), `1,2.50,"ab""c",2026-02-28,2026-01-02 03:04:05.5+01:00,true`},
		"json": {Format{Form: JSON}, Config{}, `{"a":1,"b":"x\u00e4","c":null,"d":1.5}`},
		"ops": {Format{Form: Ops}, Config{}, `{"table":"s.t","op_type":"U","op_ts":"x","pos":"1",` +
			`"primary_keys":["a"],"before":{"a":1},"after":{"a":1,"b":"x"}}`},
	} {
		d, rec := decoder(t, c.cfg, c.f), []byte(c.rec)
		if n := testing.AllocsPerRun(100, func() {
			d.Begin(rec)
			if _, _, err := d.Next(); err != nil {
				t.Fatal(err)
			}
		}); n > 0 && !raceEnabled {
			t.Errorf("%s: %v allocations a row", name, n)
		}
	}
}

// FuzzJSON: what is passed is valid, what is valid and not odd is passed, and
// nothing panics.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,{"b":"\ud83d\ude00"}],"c":null}`, `"x"`, `[[]]`, `-0`, `{`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x := jsonText{b: b}
		_, err := x.value(0)
		x.peek()
		whole := err == nil && x.i == len(b)
		if whole && !json.Valid(b) {
			t.Fatalf("%q was passed", b)
		}
		odd := !utf8.Valid(b) || bytes.Contains(b, []byte(`\u`)) ||
			bytes.Count(b, []byte{'['})+bytes.Count(b, []byte{'{'}) > maxDepth
		if !whole && json.Valid(b) && !odd {
			t.Fatalf("%q was not passed: %v", b, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(byte(0), []byte(`1,2.50,"ab""c",2026-02-28,2026-01-02 03:04:05.5+01:00,true`))
	f.Add(byte(1), []byte(`{"a":1,"b":"x\u00e4","c":null,"d":1.5}{"a":1e3}`))
	f.Add(byte(2), []byte(`{"table":"s.t","op_type":"U","op_ts":"x","pos":"1","primary_keys":["a"],`+
		`"tokens":{"x":"y"},"before":{"a":1},"after":{"a":1,"b":"x"}}`))
	f.Add(byte(3), []byte(`{"table":"s.t","op_type":"D","a":1,"b":"x"}`))
	f.Fuzz(func(t *testing.T, form byte, rec []byte) {
		format := csv
		format.Form = Form(form % 4)
		cfg := declared()
		if form >= 128 && format.Form != CSV {
			cfg = Config{}
		}
		d := decoder(t, cfg, format)
		_, err := decode(t, d, string(rec))
		var bad *BadRecord
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
	})
}
