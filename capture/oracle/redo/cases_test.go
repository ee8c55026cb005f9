package redo

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/record"
)

// cases names a folder with sqlredo.jsonl and rawvalues.jsonl of the form of testdata.
var cases = flag.String("cases", "", "a folder of recorded cases, instead of testdata")

// utf8Database has the character sets that most databases have.
var utf8Database = Database{Charset: "AL32UTF8", National: "AL16UTF16"}

// readCases reads a file of one case a line.
func readCases[T any](t *testing.T, name string) (list []T) {
	t.Helper()
	dir := *cases
	if dir == "" {
		dir = "testdata"
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var c T
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		t.Fatalf("%s has no cases", name)
	}
	return list
}

// statementCase is a line of sqlredo.jsonl.
type statementCase struct {
	ID, Redo, Mode string
	Expect         map[string]any
	Semantic       map[string]map[string]any
}

// What is not expected as the cases say it: DDL is told from the rest and left alone, since
// owner, table and columns come from the row and the dictionary, not from its text.
var onlyOp = map[string]bool{"ddl": true}

func TestSQLRedoCases(t *testing.T) {
	var s Statement
	for _, c := range readCases[statementCase](t, "sqlredo.jsonl") {
		t.Run(c.ID, func(t *testing.T) {
			err := Parse(&s, []byte(c.Redo))
			if c.Expect["op"] == "error" {
				if err == nil {
					t.Errorf("no error, but %s", s.Op)
				}
				return
			}
			if err != nil {
				if c.Mode == "tolerant" || c.Mode == "relaxed" {
					return
				}
				t.Fatal(err)
			}
			got := shown(t, &s, c.Expect)
			for member, want := range c.Expect {
				if onlyOp[c.Mode] && member != "op" || member == "db_charset" {
					continue
				}
				if !reflect.DeepEqual(got[member], want) {
					t.Errorf("%s\n is %v\nnot %v", member, got[member], want)
				}
			}
			for column, want := range c.Semantic {
				checkMeaning(t, findValue(t, &s, column), want)
			}
		})
	}
}

// shown gives a statement the form of a case.
func shown(t *testing.T, s *Statement, expect map[string]any) map[string]any {
	t.Helper()
	m := map[string]any{"op": s.Op.String(), "table": nil, "before": columns(s.Where),
		"after": columns(s.Set), "column": string(s.Column), "binary": s.Binary,
		"offset": float64(s.Offset), "length": float64(s.Length)}
	if len(s.Table) > 0 {
		m["table"] = string(s.Table)
	}
	if len(s.Owner) > 0 {
		m["table"] = string(s.Owner) + "." + string(s.Table)
	}
	if s.Piece.Kind == HexToRaw {
		m["hex"] = strings.ToLower(string(s.Piece.Text))
	}
	database := utf8Database
	if set, ok := expect["db_charset"].(string); ok {
		database.Charset = set
	}
	if s.Op == XMLWrite || s.Piece.Kind == Quoted || s.Piece.Kind == UniStr {
		text, err := AppendPiece(nil, makeType(t, "XMLTYPE", database), &s.Piece)
		if err != nil {
			t.Error(err)
		}
		m["text"] = string(text)
	}
	return m
}

func makeType(t testing.TB, name string, in Database) *Type {
	t.Helper()
	typ, err := NewType(name, 0, 0, 0, in)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func columns(list []Column) map[string]any {
	m := map[string]any{}
	for i := range list {
		m[string(list[i].Name)] = shownValue(&list[i].Value)
	}
	return m
}

func shownValue(v *Value) any {
	m := map[string]any{}
	switch v.Kind {
	case Null:
		return nil
	case Quoted:
		return string(v.Text)
	case NotNull:
		m["not_null"] = true
	case Number:
		m["num"] = string(v.Text)
	case HexToRaw:
		m["fn"], m["hex"] = "HEXTORAW", strings.ToLower(string(v.Text))
	case UniStr:
		m["fn"], m["text"] = "UNISTR", string(v.Text)
	case EmptyCLOB, EmptyBLOB:
		m["fn"], m["args"] = v.Kind.String(), []any{}
	case Unsupported:
		m["unsupported"] = true
	case Bind:
		m["bind"] = string(v.Text)
	case Call:
		args := []any{}
		for _, a := range v.Args {
			args = append(args, string(a))
		}
		m["fn"], m["args"] = strings.ToUpper(string(v.Name)), args
	}
	if len(v.Hint) > 0 {
		m["hint"] = string(v.Hint)
	}
	return m
}

func findValue(t *testing.T, s *Statement, column string) *Value {
	t.Helper()
	for _, list := range [][]Column{s.Set, s.Where} {
		for i := range list {
			if string(list[i].Name) == column {
				return &list[i].Value
			}
		}
	}
	t.Fatalf("no column %s", column)
	return nil
}

// checkMeaning compares a value after conversion.
func checkMeaning(t *testing.T, v *Value, want map[string]any) {
	t.Helper()
	if want["error"] == true {
		for _, name := range []string{"RAW", "BLOB", "NUMBER", "TIMESTAMP(6)"} {
			if out, err := AppendValue(nil, makeType(t, name, utf8Database), v); err == nil {
				t.Errorf("%s: no error, but %x", name, out)
			}
		}
		return
	}
	kinds := map[string]string{"instant": "TIMESTAMP(9)", "bytes": "RAW", "decimal": "NUMBER"}
	for member, text := range want {
		name := kinds[member]
		if equalFold(v.Name, "TO_TIMESTAMP_TZ") {
			name = "TIMESTAMP(9) WITH TIME ZONE"
		}
		out, err := AppendValue(nil, makeType(t, name, utf8Database), v)
		if err != nil {
			t.Fatal(err)
		}
		if got := valueText(t, out); !sameText(got, text.(string)) {
			t.Errorf("%s is %s, not %s", member, got, text)
		}
	}
}

// valueText gives a record value the form of the cases.
func valueText(t *testing.T, encoded []byte) string {
	t.Helper()
	v, rest, err := record.DecodeValue(encoded)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%x is no record value: %v", encoded, err)
	}
	text := string(v.Text(nil, -1))
	switch v.Kind {
	case record.Null:
		return "NULL"
	case record.Timestamp:
		return strings.Replace(text, " ", "T", 1)
	case record.TimestampTZ:
		return strings.TrimSuffix(strings.Replace(text, " ", "T", 1), "+00:00") + "Z"
	}
	return text
}

// sameText compares as texts, numbers or instants.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	if x, ok := new(big.Rat).SetString(a); ok {
		y, ok := new(big.Rat).SetString(b)
		return ok && x.Cmp(y) == 0
	}
	x, err1 := time.Parse(time.RFC3339Nano, strings.TrimSuffix(a, "Z")+"Z")
	y, err2 := time.Parse(time.RFC3339Nano, b)
	return err1 == nil && err2 == nil && x.Equal(y)
}

// valueCase is a line of rawvalues.jsonl; members beyond those of every set of cases are
// what ours add: the database, precision and scale, the zone in minutes.
type valueCase struct {
	ID, Type, Hex    string
	Expect           any
	Charset          string `json:"charset"`
	National         string `json:"national"`
	DBZone           int    `json:"dbzone"`
	Precision, Scale int
	Zone             *int `json:"zone"`
}

// refused are types that have no value of a record yet. The test wants them refused by name.
var refused = map[string]string{
	"VECTOR": "there is no such kind of value in records",
	"JSON":   "its binary form OSON cannot be read",
}

func TestRawValueCases(t *testing.T) {
	for _, c := range readCases[valueCase](t, "rawvalues.jsonl") {
		t.Run(c.ID, func(t *testing.T) {
			raw, err := hex.DecodeString(c.Hex)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(c.Type, " (in-row")
			if refused[name] != "" {
				checkRefused(t, name, raw)
				return
			}
			in := utf8Database
			if c.Charset != "" {
				in.Charset = c.Charset
			}
			if c.National != "" {
				in.National = c.National
			}
			in.Zone = c.DBZone
			typ, err := NewType(name, c.Precision, c.Scale, 0, in)
			if err != nil {
				t.Fatal(err)
			}
			checkValue(t, typ, raw, c)
		})
	}
}

func checkRefused(t *testing.T, name string, raw []byte) {
	t.Helper()
	typ, err := NewType(name, 0, 0, 0, utf8Database)
	if err == nil {
		_, err = AppendInternal(nil, typ, raw)
	}
	if err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("it is not refused by name: %v", err)
	}
}

func checkValue(t *testing.T, typ *Type, raw []byte, c valueCase) {
	t.Helper()
	out, err := AppendInternal([]byte("kept"), typ, raw)
	if c.Expect == "error" {
		if err == nil || string(out) != "kept" {
			t.Errorf("no error, but %x", out)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out, []byte("kept")) {
		t.Fatal("what stood before is lost")
	}
	out = out[4:]
	v, _, _ := record.DecodeValue(out)
	if v.Kind != typ.Kind() && v.Kind != record.Null {
		t.Errorf("kind %s, not %s", v.Kind, typ.Kind())
	}
	want, ok := c.Expect.(string)
	if !ok {
		text, _ := json.Marshal(c.Expect)
		want = string(text)
	}
	if got := valueText(t, out); !sameText(got, want) {
		t.Errorf("is %s, not %s", got, want)
	}
	if c.Zone != nil && int(v.Zone) != *c.Zone {
		t.Errorf("zone %d, not %d", v.Zone, *c.Zone)
	}
	literal := Value{Kind: HexToRaw, Text: []byte(c.Hex)}
	again, err := AppendValue(nil, typ, &literal)
	if err != nil || !bytes.Equal(again, out) {
		t.Errorf("as HEXTORAW it is %x, %v, not %x", again, err, out)
	}
}
