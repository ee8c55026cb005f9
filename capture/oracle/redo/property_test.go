package redo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
)

// writer renders statements as LogMiner does, from what they should be read as.
type writer struct {
	*rand.Rand
	texts []string // to take names and texts from
}

func newWriter(seed uint64, texts ...string) *writer {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 1))}
	for _, t := range append(texts, "ID", "O'Hara", `a"b`, "x || 'y'", "(NULL, 1);", " and ",
		"Grüße", "\U0001F6A2", "", "COL 12", "a\\b", "''", "/* JSON */") {
		w.texts = append(w.texts, strings.ToValidUTF8(t, "?"))
	}
	return w
}

func (w *writer) text() string { return w.texts[w.IntN(len(w.texts))] }

func (w *writer) name() []byte {
	if n := w.text(); n != "" {
		return []byte(n)
	}
	return []byte("N")
}

func double(s []byte, quote string) string {
	return strings.ReplaceAll(string(s), quote, quote+quote)
}

func (w *writer) value(where bool) Value {
	switch w.IntN(11) {
	case 0:
		return Value{Kind: Null}
	case 1:
		if where {
			return Value{Kind: NotNull}
		}
		return Value{Kind: Unsupported}
	case 2, 3, 4:
		return Value{Kind: Quoted, Text: []byte(w.text())}
	case 5:
		return Value{Kind: Number, Text: fmt.Appendf(nil, "%.3g", w.NormFloat64())}
	case 6, 7:
		return Value{Kind: HexToRaw, Text: []byte(hex.EncodeToString([]byte(w.text())))}
	case 8:
		return Value{Kind: UniStr, Text: []byte(w.text())}
	case 9:
		return Value{Kind: Call, Name: []byte("TO_DATE"), Args: [][]byte{[]byte(w.text()),
			[]byte(w.text())}}
	}
	return Value{Kind: EmptyBLOB, Hint: []byte("JSON")}
}

func (w *writer) columns(n int, where bool) (list []Column) {
	for range n {
		list = append(list, Column{Name: w.name(), Value: w.value(where)})
	}
	return list
}

func (w *writer) statement() *Statement {
	s := &Statement{Op: []Op{Insert, Update, Delete}[w.IntN(3)], Table: w.name(), Delimited: true}
	if w.IntN(4) > 0 {
		s.Owner = w.name()
	}
	if s.Op != Delete {
		s.Set = w.columns(1+w.IntN(5), false)
	}
	if s.Op != Insert {
		s.Where = w.columns(w.IntN(5), true)
	}
	return s
}

func (w *writer) render(s *Statement) string {
	alias := ""
	if s.Op != Insert && w.IntN(2) == 0 {
		alias = "a."
	}
	table := `"` + double(s.Table, `"`) + `"`
	if len(s.Owner) > 0 {
		table = `"` + double(s.Owner, `"`) + `".` + table
	}
	if alias != "" {
		table += " a"
	}
	var b strings.Builder
	switch s.Op {
	case Insert:
		names, values := []string{}, []string{}
		for _, c := range s.Set {
			names = append(names, `"`+double(c.Name, `"`)+`"`)
			values = append(values, w.literal(&c.Value))
		}
		fmt.Fprintf(&b, "insert into %s(%s) values (%s)", table, strings.Join(names, ","),
			strings.Join(values, ","))
	case Update:
		b.WriteString("update " + table + " set ")
		for i, c := range s.Set {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, `%s"%s" = %s`, alias, double(c.Name, `"`), w.literal(&c.Value))
		}
	case Delete:
		b.WriteString("delete from " + table)
	}
	for i, c := range s.Where {
		b.WriteString([]string{" where ", " and "}[min(i, 1)])
		fmt.Fprintf(&b, `%s"%s"`, alias, double(c.Name, `"`))
		switch c.Value.Kind {
		case Null:
			b.WriteString([]string{" IS NULL", " = NULL"}[w.IntN(2)])
		case NotNull:
			b.WriteString(" IS NOT NULL")
		default:
			b.WriteString(" = " + w.literal(&c.Value))
		}
	}
	return b.String() + ";"
}

func (w *writer) literal(v *Value) string {
	hint := ""
	if len(v.Hint) > 0 {
		hint = "/* " + string(v.Hint) + " */ "
	}
	switch v.Kind {
	case Quoted:
		return hint + w.quote(v.Text)
	case Number:
		return hint + string(v.Text)
	case HexToRaw:
		if n := len(v.Text); n > 4 && w.IntN(4) == 0 {
			return fmt.Sprintf("%sHEXTORAW('%s') || HEXTORAW('%s')", hint, v.Text[:3], v.Text[3:])
		}
		return fmt.Sprintf("%sHEXTORAW('%s')", hint, v.Text)
	case UniStr:
		return hint + w.unistr(v.Text)
	case Call:
		args := []string{}
		for _, a := range v.Args {
			args = append(args, w.quote(a))
		}
		return hint + string(v.Name) + "(" + strings.Join(args, ", ") + ")"
	case EmptyBLOB:
		return hint + "EMPTY_BLOB()"
	case EmptyCLOB:
		return hint + "EMPTY_CLOB()"
	case Unsupported:
		return hint + "Unsupported Type"
	}
	return hint + "NULL"
}

func (w *writer) quote(text []byte) string { return "'" + double(text, "'") + "'" }

// unistr writes a text in one piece or in several, which may cut a pair of halves apart.
func (w *writer) unistr(text []byte) string {
	var b strings.Builder
	b.WriteString("UNISTR('")
	for _, u := range utf16.Encode([]rune(string(text))) {
		switch {
		case u == '\\':
			b.WriteString(`\\`)
		case u == '\'':
			b.WriteString("''")
		case u < 0x80:
			b.WriteByte(byte(u))
		default:
			fmt.Fprintf(&b, `\%04X`, u)
		}
		if w.IntN(8) == 0 {
			b.WriteString("') || UNISTR('")
		}
	}
	return b.String() + "')"
}

// same compares what was read with what was written, nothing being as good as empty.
func same(a, b *Statement) bool {
	if a.Op != b.Op || a.Delimited != b.Delimited || !bytes.Equal(a.Owner, b.Owner) ||
		!bytes.Equal(a.Table, b.Table) {
		return false
	}
	return reflect.DeepEqual(columnTexts(a.Set), columnTexts(b.Set)) &&
		reflect.DeepEqual(columnTexts(a.Where), columnTexts(b.Where))
}

func columnTexts(list []Column) (texts []string) {
	for _, c := range list {
		texts = append(texts, fmt.Sprintf("%q %s %q %q %q %q", c.Name, c.Value.Kind, c.Value.Text,
			c.Value.Name, c.Value.Args, c.Value.Hint))
	}
	return texts
}

// TestRenderedStatements: what is rendered is read back as it was, in one Statement used
// for all; and an INSERT that is cut anywhere is an error.
func TestRenderedStatements(t *testing.T) {
	var s Statement
	for seed := range uint64(3000) {
		w := newWriter(seed)
		want := w.statement()
		text := w.render(want)
		if err := Parse(&s, []byte(text)); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if !same(&s, want) {
			t.Fatalf("%s\nis read as %v %v\nnot %v %v", text, columnTexts(s.Set),
				columnTexts(s.Where), columnTexts(want.Set), columnTexts(want.Where))
		}
		if want.Op == Insert {
			checkCuts(t, &s, text)
		}
	}
}

func checkCuts(t *testing.T, s *Statement, text string) {
	t.Helper()
	for n := range len(text) - 1 {
		err := Parse(s, []byte(text[:n]))
		var wrong *SyntaxError
		if !errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > n {
			t.Fatalf("%s\nas %s is no error that says where: %v", text[:n], s.Op, err)
		}
	}
}

func FuzzRendered(f *testing.F) {
	f.Add(uint64(1), "NAME", "it's")
	f.Add(uint64(2), `"`, `\D83D`)
	f.Fuzz(func(t *testing.T, seed uint64, name, text string) {
		w := newWriter(seed, name, text, name, text, name, text)
		want := w.statement()
		rendered := w.render(want)
		var s Statement
		if err := Parse(&s, []byte(rendered)); err != nil {
			t.Fatalf("%s\n%v", rendered, err)
		}
		if !same(&s, want) {
			t.Fatalf("%s\nis read as %v %v", rendered, columnTexts(s.Set), columnTexts(s.Where))
		}
	})
}

// FuzzParse: no text is read beyond its end, an error lies in it, and a change of a row
// means the same when it is written anew.
func FuzzParse(f *testing.F) {
	for _, text := range parseSeeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s, again Statement
		if err := Parse(&s, []byte(text)); err != nil {
			var wrong *SyntaxError
			if !errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > len(text) {
				t.Fatalf("wrong error %v", err)
			}
			return
		}
		if s.Op != Insert && s.Op != Update && s.Op != Delete || hasBind(s.Set) || hasBind(s.Where) ||
			strings.ToValidUTF8(text, "") != text {
			return
		}
		rendered := newWriter(0).render(&s)
		s.Delimited = true
		if err := Parse(&again, []byte(rendered)); err != nil || !same(&s, &again) {
			t.Fatalf("%s\nwritten anew is %s\n%v", text, rendered, err)
		}
	})
}

func hasBind(list []Column) bool {
	for _, c := range list {
		if c.Value.Kind == Bind || c.Value.Kind != NotNull && string(c.Name) == "" {
			return true
		}
	}
	return false
}

var parseSeeds = []string{
	`insert into "A"."B"("C","D") values ('x''y',HEXTORAW('00ff'));`,
	`update "A"."B" a set a."C" = TO_DATE('2026-01-01', 'YYYY-MM-DD') where a."D" IS NOT NULL;`,
	`delete from "B" where "C" = UNISTR('\00e4') || 'b' and ROWID = 'AAA';`,
	`DECLARE l CLOB; BEGIN select "C" into l from "A"."B" where "D" = '1' for update; END;`,
	` buf_c := 'abc'; dbms_lob.write(loc_c, 3, 1, buf_c);`,
	` dbms_lob.trim(loc_c, 5);`,
	`XML DOC BEGIN:  select "C" from "A"."B" where "D" = '1'`,
	`XML_REDO := HEXTORAW('3c'):1`, `XML_REDO := <a/>:4`,
	`DECLARE x CLOB; BEGIN Stmt := 'update "B" set "C" = :C where "D" = ''1'';';`,
	` buf_c := 'x'; DBMS_LOB.WriteAppend(TempLob, LENGTH(buf_c), buf_c);`,
	`/* No SQL_REDO for temporary tables */`, `commit;`, `create table x (y number)`,
	`insert into "A"("B") values (/* JSON */ EMPTY_BLOB())`, `insert into "A"("B") values (-Inf)`,
}

// TestNoAllocation: once a Statement and a buffer have grown, a row costs none.
func TestNoAllocation(t *testing.T) {
	text := []byte(`update "A"."B" a set a."C" = 'it''s', a."D" = UNISTR('\00e4') || 'x' where ` +
		`a."E" = TO_DATE('2026-01-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS') and ` +
		`a."F" = HEXTORAW('c10233') and a."G" = '-12.5' and a."H" = HEXTORAW('8160') and a."I" = '1.5E+003';`)
	types := []*Type{makeType(t, "VARCHAR2", utf8Database), makeType(t, "NVARCHAR2", utf8Database),
		makeType(t, "DATE", utf8Database), makeType(t, "NUMBER", utf8Database),
		makeType(t, "NUMBER", utf8Database), makeType(t, "VARCHAR2", Database{Charset: "JA16SJIS"}),
		makeType(t, "BINARY_DOUBLE", utf8Database)}
	var s Statement
	var dst []byte
	var err error
	row := func() {
		err = Parse(&s, text)
		dst = dst[:0]
		for i := range types {
			c := &s.Where[max(i-2, 0)]
			if i < 2 {
				c = &s.Set[i]
			}
			if err == nil {
				dst, err = AppendValue(dst, types[i], &c.Value)
			}
		}
	}
	if n := testing.AllocsPerRun(100, row); n != 0 || err != nil {
		t.Errorf("%v allocations, error %v", n, err)
	}
}

// TestCutBlocks: a piece, or what says where pieces belong, is an error wherever it is cut; ¦
// marks from where on what follows says nothing of the value.
func TestCutBlocks(t *testing.T) {
	var s Statement
	for _, text := range []string{
		"DECLARE l CLOB; BEGIN select \"C\" into l from \"A\".\"B\" a where a.\"D\" = '1' and ROWID = " +
			"'AAA' for update¦; END;",
		" buf_c := 'a''b'; dbms_lob.write(loc_c, 3, 1, buf_c)¦;",
		" buf_b := HEXTORAW('0001') || HEXTORAW('02'); dbms_lob.write(loc_b, 3, 1, buf_b)¦;",
		" dbms_lob.trim(loc_c, 50)¦;", " dbms_lob.erase(loc_c, 50, 30)¦;",
		"XML_REDO := HEXTORAW('3c2f')¦:2", "XML_REDO := '<a/>'¦:4", "XML_REDO := <a></a>:7¦",
		"DECLARE x CLOB; BEGIN DBMS_LOB.CreateTemporary(x, FALSE); Stmt := 'update \"B\" set \"C\" = " +
			":C where \"D\" = ''1'';';¦",
		" buf_c := 'x'; DBMS_LOB.WriteAppend(TempLob, LENGTH(buf_c), buf_c)¦;",
		" buf_c := 'x'; DBMS_LOB.Append(TempLob, buf_c)¦;",
		"/* No SQL_REDO for temporary tables */¦", "set transaction read write¦;",
	} {
		whole, rest, _ := strings.Cut(text, "¦")
		if err := Parse(&s, []byte(whole+rest)); err != nil {
			t.Errorf("%s: %v", whole+rest, err)
		}
		for n := range len(whole) {
			if err := Parse(&s, []byte(whole[:n])); err == nil {
				t.Errorf("%s is %s", whole[:n], s.Op)
			}
		}
	}
}
