package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// bindCase is a value in a column of a type: what is bound, or why not (a number
// in front of the words).
type bindCase struct {
	column string // type; ! behind it is NOT NULL
	value  handlertest.V
	want   string
}

const (
	day   = 2026<<9 | 11<<5 | 21
	clock = int64(13*3600+14*60+15)*1e9 + 123456789
)

func text(s string) handlertest.V   { return record.AppendText(nil, record.String, s) }
func octets(s string) handlertest.V { return record.AppendText(nil, record.Bytes, s) }
func number(s string) handlertest.V { return record.AppendText(nil, record.Decimal, s) }
func uuid() handlertest.V {
	return record.AppendBytes(nil, record.UUID, []byte("0123456789abcdef"))
}

// TestBind: every kind of value into every type of Oracle's, exactly or refused.
func TestBind(t *testing.T) {
	for _, list := range [][]bindCase{numberCases(), floatCases(), textCases(), octetCases(),
		timeCases(), intervalCases(), otherCases()} {
		for _, c := range list {
			checkBind(t, &target{types: map[string]columnType{}}, c)
		}
	}
}

func checkBind(t *testing.T, to *target, c bindCase) {
	t.Helper()
	v, _, err := record.DecodeValue(c.value)
	if err != nil {
		t.Fatal(err)
	}
	plain, must := strings.CutSuffix(c.column, "!")
	col := &record.ColumnDef{Name: "C", Type: plain, Nullable: !must}
	arg, _, err := to.bind(col, &v, nil)
	got := ""
	var refusal *dml.Refusal
	switch a := arg.(type) {
	case string:
		got = a
	case []byte:
		got = fmt.Sprintf("x%X", a)
	case nil:
	default:
		got = fmt.Sprintf("%T", a)
	case *dml.Long:
		if got = fmt.Sprintf("%d pieces", 1+len(a.Rest)); a.Empty {
			got = "empty"
		}
	}
	if errors.As(err, &refusal) {
		got = fmt.Sprintf("ORA-%05d", refusal.Code)
	} else if err != nil {
		t.Fatal(err)
	}
	if got != c.want {
		t.Errorf("%s %.60s in %s: %.99q, not %.99q (%.300v)", v.Kind, v.Text(nil, -1), c.column, got, c.want, err)
	}
}

func numberCases() []bindCase {
	f := func(v float64) handlertest.V { return record.AppendFloat64(nil, v) }
	long := strings.Repeat("9", 40)
	return []bindCase{
		{"NUMBER", handlertest.Int(math.MinInt64), "-9223372036854775808"},
		{"NUMBER", record.AppendUint(nil, math.MaxUint64), "18446744073709551615"},
		{"NUMBER(18)", handlertest.Int(-999999999999999999), "-999999999999999999"},
		{"NUMBER(3)", handlertest.Int(999), "999"},
		{"NUMBER(3)", handlertest.Int(1000), "ORA-01438"},
		{"NUMBER", number("-0.000001"), "-0.000001"},
		{"NUMBER", number(long), long},
		{"NUMBER", number("1" + long), "ORA-01438"},
		{"NUMBER", number("0." + long), "0." + long},
		{"NUMBER", number("0.0" + long), "ORA-01438"}, // pairs of digits are shifted
		{"NUMBER", number("0." + strings.Repeat("0", 129) + "1"), "0." + strings.Repeat("0", 129) + "1"},
		{"NUMBER", number("0." + strings.Repeat("0", 130) + "1"), "ORA-01438"},
		{"NUMBER", number("1" + strings.Repeat("0", 125)), "1" + strings.Repeat("0", 125)},
		{"NUMBER", number("1" + strings.Repeat("0", 126)), "ORA-01438"},
		{"NUMBER(10,2)", number("-12345678.50"), "-12345678.50"},
		{"NUMBER(10,2)", number("12345678.900"), "12345678.900"},
		{"NUMBER(10,2)", number("0.005"), "ORA-01438"},
		{"NUMBER(10,2)", number("123456789.5"), "ORA-01438"},
		{"NUMBER(5,-2)", number("1234500"), "1234500"},
		{"NUMBER(5,-2)", number("1234550"), "ORA-01438"},
		{"NUMBER(5,-2)", number("0"), "0"},
		{"NUMBER(2,5)", number("0.00012"), "0.00012"},
		{"NUMBER(2,5)", number("0.00120"), "ORA-01438"},
		{"NUMBER(*,0)", number("12345678901234567890123456789012345678"),
			"12345678901234567890123456789012345678"},
		{"NUMBER(*,0)", number("1.5"), "ORA-01438"},
		{"FLOAT(126)", number("1.5"), "1.5"},
		{"FLOAT(5)", number("1.2"), "1.2"},
		{"FLOAT(5)", number("1.23"), "ORA-01438"},
		{"NUMBER", f(0.1), "0.1"},
		{"NUMBER", record.AppendFloat32(nil, 0.1), "0.1"},
		{"NUMBER", f(math.NaN()), "ORA-01722"},
		{"NUMBER", f(math.Inf(1)), "ORA-01722"},
		{"NUMBER(3,1)", f(1.25), "ORA-01438"},
		{"NUMBER", text("12.5"), "12.5"},
		{"NUMBER", text("1e5"), "ORA-01722"},
		{"NUMBER", text("12x"), "ORA-01722"},
		{"NUMBER", text(""), ""},
		{"NUMBER!", text(""), "ORA-01400"},
		{"NUMBER", octets("12"), "ORA-00932"},
		{"NUMBER", record.AppendBool(nil, true), "1"},
		{"NUMBER(10)", record.AppendBit(nil, 10, []byte{2, 1}), "513"},
		{"NUMBER", record.AppendBit(nil, 72, []byte{1, 0, 0, 0, 0, 0, 0, 0, 0}), "ORA-01438"},
		{"NUMBER", record.AppendDate(nil, day), "ORA-00932"},
	}
}

func floatCases() []bindCase {
	f := func(v float64) handlertest.V { return record.AppendFloat64(nil, v) }
	return []bindCase{
		{"BINARY_DOUBLE", f(0.1), "1E-01"},
		{"BINARY_DOUBLE", f(math.MaxFloat64), "1.7976931348623157E+308"},
		{"BINARY_DOUBLE", f(5e-324), "5E-324"},
		{"BINARY_DOUBLE", f(math.NaN()), "NaN"},
		{"BINARY_DOUBLE", f(math.Inf(-1)), "-Inf"},
		{"BINARY_DOUBLE", record.AppendFloat32(nil, 0.1), "1.0000000149011612E-01"},
		{"BINARY_FLOAT", record.AppendFloat32(nil, 0.1), "1E-01"},
		{"BINARY_FLOAT", f(0.1), "1E-01"},
		{"BINARY_FLOAT", f(0.12345678901), "ORA-01438"},
		{"BINARY_FLOAT", f(1e300), "ORA-01438"},
		{"BINARY_DOUBLE", handlertest.Int(1 << 53), "9.007199254740992E+15"},
		{"BINARY_DOUBLE", handlertest.Int(1<<53 + 1), "ORA-01438"},
		{"BINARY_FLOAT", handlertest.Int(16777217), "ORA-01438"},
		{"BINARY_DOUBLE", number("0.1"), "1E-01"},
		{"BINARY_DOUBLE", number("1.12345678901234567891"), "ORA-01438"},
		{"BINARY_DOUBLE", text("-Inf"), "-Inf"},
		{"BINARY_DOUBLE", text("x"), "ORA-01722"},
		{"BINARY_DOUBLE", octets("1"), "ORA-00932"},
		{"BINARY_DOUBLE", record.AppendBool(nil, true), "1"},
	}
}

func textCases() []bindCase {
	long := strings.Repeat("é", 20_000)
	return []bindCase{
		{"VARCHAR2(9 CHAR)", text("Größe 😀 '"), "Größe 😀 '"},
		{"VARCHAR2(9 BYTE)", text("Größe 😀 '"), "ORA-12899"},
		{"VARCHAR2(3 BYTE)", text("abc"), "abc"},
		{"VARCHAR2(3 BYTE)", text("abc "), "ORA-12899"},
		{"VARCHAR2(3 CHAR)", text("éé "), "éé "},
		{"NVARCHAR2(2)", text("éé"), "éé"},
		{"NVARCHAR2(2)", text("é😀"), "ORA-12899"},
		{"CHAR(5 BYTE)", text("abc"), "abc  "},
		{"CHAR(5 BYTE)", text("éé"), "éé "},
		{"CHAR(5 CHAR)", text("éé"), "éé   "},
		{"NCHAR(3)", text("x"), "x  "},
		{"VARCHAR2(9 BYTE)", text(""), ""},
		{"VARCHAR2(9 BYTE)!", text(""), "ORA-01400"},
		{"VARCHAR2(9 BYTE)", octets("\xff\xfe"), "ORA-29275"},
		{"VARCHAR2(9 BYTE)", octets("abc"), "abc"},
		{"VARCHAR2(40 BYTE)", handlertest.Int(-7), "-7"},
		{"VARCHAR2(40 BYTE)", number("1.50"), "1.50"},
		{"VARCHAR2(40 BYTE)", record.AppendFloat64(nil, 1.0/3), "0.3333333333333333"},
		{"VARCHAR2(40 BYTE)", record.AppendDate(nil, day), "2026-11-21"},
		{"VARCHAR2(40 BYTE)", record.AppendTime(nil, -clock), "-13:14:15.123456789"},
		{"VARCHAR2(40 BYTE)", record.AppendTimestampTZ(nil, day, clock, 60),
			"2026-11-21 13:14:15.123456789+00:00"},
		{"VARCHAR2(40 BYTE)", record.AppendInterval(nil, 1, 2, 3e9), "1 mons 2 days 00:00:03"},
		{"VARCHAR2(40 BYTE)", record.AppendBool(nil, true), "true"},
		{"VARCHAR2(40 BYTE)", record.AppendBit(nil, 10, []byte{2, 1}), "1000000001"},
		{"VARCHAR2(40 BYTE)", uuid(), "30313233-3435-3637-3839-616263646566"},
		{"VARCHAR2(40 BYTE)", record.AppendText(nil, record.JSON, `{"a":1}`), `{"a":1}`},
		{"CLOB", text("abc"), "abc"},
		{"CLOB", text(long), "3 pieces"},
		{"NCLOB", text(long + long), "4 pieces"},
		{"CLOB", record.AppendText(nil, record.XML, "<a/>"), "<a/>"},
		{"LONG", text(long), long},
	}
}

func octetCases() []bindCase {
	return []bindCase{
		{"RAW(4)", octets("\x00\xff"), "x00FF"},
		{"RAW(2)", octets("abc"), "ORA-12899"},
		{"RAW(16)", uuid(), "x30313233343536373839616263646566"},
		{"RAW(4)", text("é"), "xC3A9"},
		{"RAW(4)", octets(""), "x"},
		{"RAW(4)!", octets(""), "ORA-01400"},
		{"RAW(4)", record.AppendBit(nil, 10, []byte{2, 1}), "x0201"},
		{"RAW(8)", handlertest.Int(1), "ORA-00932"},
		{"RAW(8)", record.AppendDate(nil, day), "ORA-00932"},
		{"BLOB", octets("\x00"), "x00"},
		{"BLOB", octets(strings.Repeat("\x00", 32_000)), "x" + strings.Repeat("00", 32_000)},
		{"BLOB", octets(strings.Repeat("\x00", 64_001)), "3 pieces"},
		{"LONG RAW", octets("ab"), "x6162"},
	}
}

func timeCases() []bindCase {
	zoned := func(ns int64, zone int16) handlertest.V {
		return record.AppendTimestampTZ(nil, day, ns, zone)
	}
	at := func(y, m, d int) handlertest.V { return record.AppendDate(nil, record.PackDate(y, m, d)) }
	return []bindCase{
		{"DATE", record.AppendDate(nil, day), "2026-11-21 00:00:00"},
		{"DATE", record.AppendTimestamp(nil, day, clock-123456789), "2026-11-21 13:14:15"},
		{"DATE", record.AppendTimestamp(nil, day, clock), "ORA-01830"},
		{"DATE", zoned(3600e9, 120), "2026-11-21 01:00:00"},
		{"DATE", at(-4712, 1, 1), "-4712-01-01 00:00:00"},
		{"DATE", at(9999, 12, 31), "9999-12-31 00:00:00"},
		{"DATE", at(10000, 1, 1), "ORA-01841"},
		{"DATE", at(0, 1, 1), "ORA-01841"},
		{"DATE", at(0, 0, 0), "ORA-01841"},
		{"DATE", at(2026, 0, 1), "ORA-01843"},
		{"DATE", at(2026, 2, 29), "ORA-01839"},
		{"DATE", at(1500, 2, 29), "1500-02-29 00:00:00"}, // the Julian calendar
		{"TIMESTAMP(6)", record.AppendTimestamp(nil, day, clock-789),
			"2026-11-21 13:14:15.123456000"},
		{"TIMESTAMP(6)", record.AppendTimestamp(nil, day, clock), "ORA-01830"},
		{"TIMESTAMP(9)", record.AppendTimestamp(nil, day, clock), "2026-11-21 13:14:15.123456789"},
		{"TIMESTAMP(0)", record.AppendTimestamp(nil, day, 1e9), "2026-11-21 00:00:01.000000000"},
		{"TIMESTAMP(9)", zoned(clock, -300), "2026-11-21 13:14:15.123456789"},
		{"TIMESTAMP(9) WITH TIME ZONE", zoned(23*3600e9, 120),
			"2026-11-22 01:00:00.000000000 +02:00"},
		{"TIMESTAMP(9) WITH TIME ZONE", zoned(3600e9, -330),
			"2026-11-20 19:30:00.000000000 -05:30"},
		{"TIMESTAMP(6) WITH TIME ZONE", record.AppendTimestamp(nil, day, 0),
			"2026-11-21 00:00:00.000000000 +00:00"},
		{"TIMESTAMP(6) WITH TIME ZONE", zoned(0, 15*60), "ORA-01874"},
		{"TIMESTAMP(6) WITH LOCAL TIME ZONE", zoned(0, 120), "2026-11-21 00:00:00.000000000 +00:00"},
		{"DATE", text("2024-12-31"), "2024-12-31 00:00:00"},
		{"DATE", text("2024-12-31 23:59:59"), "2024-12-31 23:59:59"},
		{"TIMESTAMP(6)", text("2024-12-31T23:59:59.5"), "2024-12-31 23:59:59.500000000"},
		{"DATE", text("31.12.2024"), "ORA-01830"},
		{"DATE", text("12:00:00"), "ORA-00932"},
		{"DATE", text(""), ""},
		{"DATE", record.AppendTime(nil, 1), "ORA-00932"},
		{"DATE", handlertest.Int(20240101), "ORA-00932"},
	}
}

func intervalCases() []bindCase {
	i := func(months, days int32, ns int64) handlertest.V {
		return record.AppendInterval(nil, months, days, ns)
	}
	return []bindCase{
		{"INTERVAL YEAR(2) TO MONTH", i(14, 0, 0), "+1-02"},
		{"INTERVAL YEAR(2) TO MONTH", i(-14, 0, 0), "-1-02"},
		{"INTERVAL YEAR(2) TO MONTH", i(1, 1, 0), "ORA-01867"},
		{"INTERVAL DAY(2) TO SECOND(6)", i(0, 3, 4*3600e9+5e8), "+3 04:00:00.500000000"},
		{"INTERVAL DAY(2) TO SECOND(6)", i(0, -3, -4*3600e9), "-3 04:00:00.000000000"},
		{"INTERVAL DAY(2) TO SECOND(6)", i(0, 1, -1e9), "+0 23:59:59.000000000"},
		{"INTERVAL DAY(2) TO SECOND(6)", i(0, 0, 25*3600e9), "+1 01:00:00.000000000"},
		{"INTERVAL DAY(2) TO SECOND(6)", i(0, 0, 1), "ORA-01867"},
		{"INTERVAL DAY(2) TO SECOND(9)", i(0, 0, 1), "+0 00:00:00.000000001"},
		{"INTERVAL DAY(2) TO SECOND(6)", i(1, 0, 0), "ORA-01867"},
		{"INTERVAL DAY(2) TO SECOND(6)", record.AppendTime(nil, -90*60e9), "-0 01:30:00.000000000"},
		{"INTERVAL DAY(2) TO SECOND(6)", text("1 day"), "ORA-01867"},
		{"INTERVAL DAY(2) TO SECOND(6)", handlertest.Int(1), "ORA-00932"},
	}
}

func otherCases() []bindCase {
	return []bindCase{
		{"XMLTYPE", record.AppendText(nil, record.XML, "<a/>"), "<a/>"},
		{"XMLTYPE", text("<a>" + strings.Repeat("x", 4000) + "</a>"), "go_ora.Clob"},
		{"JSON", record.AppendText(nil, record.JSON, `{"a":1}`), `{"a":1}`},
		{"BOOLEAN", record.AppendBool(nil, true), "true"},
		{"BOOLEAN", handlertest.Int(0), "false"},
		{"BOOLEAN", handlertest.Int(2), "ORA-00932"},
		{"ROWID", text("AAAR3sAAEAAAACXAAA"), "AAAR3sAAEAAAACXAAA"},
		{"MDSYS.SDO_GEOMETRY", octets("x"), "ORA-00932"},
	}
}

// TestEmptyRules: ” and octets of no length follow the operator's rule.
func TestEmptyRules(t *testing.T) {
	for _, c := range []struct {
		rule emptyRule
		lob  string
		bindCase
	}{
		{emptyBlank, "", bindCase{"VARCHAR2(9 BYTE)", text(""), " "}},
		{emptyBlank, "", bindCase{"VARCHAR2(9 BYTE)!", text(""), " "}},
		{emptyBlank, "", bindCase{"CHAR(2 CHAR)", text(""), "  "}},
		{emptyBlank, "", bindCase{"CLOB", text(""), "empty"}},
		{emptyRefuse, "", bindCase{"BLOB!", octets(""), "empty"}},
		{emptyBlank, "", bindCase{"RAW(2)", octets(""), "x"}},
		{emptyBlank, "", bindCase{"RAW(2)!", octets(""), "ORA-01400"}},
		{emptyBlank, "", bindCase{"NUMBER", text(""), ""}},
		{emptyRefuse, "", bindCase{"VARCHAR2(9 BYTE)", text(""), "ORA-01400"}},
		{emptyRefuse, "", bindCase{"RAW(2)", octets(""), "ORA-01400"}},
		{emptyRefuse, "EMPTY", bindCase{"CLOB", text(""), "EMPTY"}},
		{emptyNull, "EMPTY", bindCase{"BLOB!", octets(""), "x454D505459"}},
		{emptyNull, "EMPTY", bindCase{"VARCHAR2(9 BYTE)", text(""), ""}},
	} {
		checkBind(t, &target{types: map[string]columnType{}, empty: c.rule, emptyLOB: c.lob},
			c.bindCase)
	}
}

// TestRepertoire: what REPLACEBADCHAR may replace is what bind refuses.
func TestRepertoire(t *testing.T) {
	for _, c := range []struct {
		set  charset
		typ  string
		text bool
		bad  string
	}{{"WE8ISO8859P1", "VARCHAR2(9 BYTE)", true, "€中😀"}, {"WE8MSWIN1252", "CLOB", true, "中😀"},
		{"UTF8", "CHAR(3 CHAR)", true, "😀"}, {"AL32UTF8", "VARCHAR2(9 BYTE)", true, ""},
		{"WE8ISO8859P1", "NVARCHAR2(9)", true, ""}, {"WE8ISO8859P1", "NUMBER", false, ""},
		{"WE8ISO8859P1", "BLOB", false, ""}} {
		to := &target{types: map[string]columnType{}, charset: c.set}
		p := to.repertoire(&record.ColumnDef{Type: c.typ})
		if p.Text != c.text {
			t.Errorf("%s: text %v", c.typ, p.Text)
		}
		for _, r := range "aé€中😀" {
			has := p.Has == nil || p.Has(r)
			if c.text && has == strings.ContainsRune(c.bad, r) {
				t.Errorf("%s %s: has %c: %v", c.set, c.typ, r, has)
			}
		}
	}
}

// TestCharset: what the database's character set lacks is refused, unless the
// column has the national one; that gets it as UNISTR reads it.
func TestCharset(t *testing.T) {
	for _, c := range []struct {
		set charset
		bindCase
	}{
		{"WE8MSWIN1252", bindCase{"VARCHAR2(9 BYTE)", text("Größe€"), "Größe€"}},
		{"WE8ISO8859P1", bindCase{"VARCHAR2(9 BYTE)", text("Größe€"), "ORA-12713"}},
		{"WE8ISO8859P15", bindCase{"VARCHAR2(9 BYTE)", text("¤"), "ORA-12713"}},
		{"WE8MSWIN1252", bindCase{"VARCHAR2(3 BYTE)", text("éé€"), "éé€"}},
		{"ZHS16GBK", bindCase{"VARCHAR2(9 BYTE)", text("abc"), "abc"}},
		{"ZHS16GBK", bindCase{"CLOB", text("日"), "ORA-12713"}},
		{"UTF8", bindCase{"VARCHAR2(9 BYTE)", text("日"), "日"}},
		{"UTF8", bindCase{"VARCHAR2(9 BYTE)", text("😀"), "ORA-12713"}},
		{"WE8MSWIN1252", bindCase{"NVARCHAR2(9)", text(`a\é😀`), `a\005C\00E9\D83D\DE00`}},
		{"WE8MSWIN1252", bindCase{"NCLOB", text(strings.Repeat("é", 1000)), "3 pieces"}},
		{"WE8MSWIN1252", bindCase{"NVARCHAR2(2000)", text(strings.Repeat("é", 1000)), "ORA-12899"}},
		{"AL32UTF8", bindCase{"NVARCHAR2(9)", text(`a\é😀`), `a\é😀`}},
	} {
		checkBind(t, &target{types: map[string]columnType{}, charset: c.set}, c.bindCase)
	}
}

// TestPieces: the pieces of a long text are whole characters and nothing is lost.
func TestPieces(t *testing.T) {
	long := strings.Repeat("a😀", 30_001)
	b := binding{target: &target{}, is: parseType("CLOB")}
	l := b.pieces([]byte(long)).(*dml.Long)
	whole := l.Head.(string)
	for _, piece := range l.Rest {
		if s := piece.(string); len(s) > pieceOctets || !strings.HasSuffix(s, "a") &&
			!strings.HasSuffix(s, "😀") {
			t.Errorf("a piece of %d octets", len(s))
		}
		whole += piece.(string)
	}
	if whole != long {
		t.Error("the pieces are another text")
	}
}

// TestMarks: the placeholders and conditions of each type, as the statements have them.
func TestMarks(t *testing.T) {
	to := &target{types: map[string]columnType{}, charset: "WE8MSWIN1252"}
	for column, want := range map[string]string{
		"NUMBER(10)":                   `? | c = ?`,
		"VARCHAR2(9 BYTE)":             `? | c = ?`,
		"NVARCHAR2(9)":                 `UNISTR(?) | c = UNISTR(?)`,
		"DATE":                         `TO_DATE(?, 'SYYYY-MM-DD HH24:MI:SS') | c = TO_DATE(?, 'SYYYY-MM-DD HH24:MI:SS')`,
		"BINARY_DOUBLE":                `TO_BINARY_DOUBLE(?) | c = TO_BINARY_DOUBLE(?)`,
		"CLOB":                         `? | DBMS_LOB.COMPARE(c, ?) = 0`,
		"XMLTYPE":                      `XMLPARSE(DOCUMENT ?) | 1 = 1`,
		"JSON":                         `JSON(?) | 1 = 1`,
		"LONG":                         `? | 1 = 1`,
		"INTERVAL DAY(2) TO SECOND(6)": `TO_DSINTERVAL(?) | c = TO_DSINTERVAL(?)`,
		"TIMESTAMP(6) WITH LOCAL TIME ZONE": `TO_TIMESTAMP_TZ(?, 'SYYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM') | ` +
			`c = TO_TIMESTAMP_TZ(?, 'SYYYY-MM-DD HH24:MI:SS.FF9 TZH:TZM')`,
	} {
		col := &record.ColumnDef{Name: "C", Type: column}
		if got := to.mark(col) + " | " + to.match(col, "c"); got != want {
			t.Errorf("%s: %s, not %s", column, got, want)
		}
	}
	col := &record.ColumnDef{Name: "C", Type: "NUMBER", Nullable: true}
	if got := to.match(col, "c"); got != "(c = ? OR (c IS NULL AND ? IS NULL))" {
		t.Error(got)
	}
	for column, want := range map[string]string{
		"CLOB": "DECLARE l CLOB; BEGIN SELECT c INTO l FROM t WHERE k = ? FOR UPDATE; " +
			"DBMS_LOB.APPEND(l, TO_CLOB(?)); END;",
		"NCLOB": "DECLARE l NCLOB; BEGIN SELECT c INTO l FROM t WHERE k = ? FOR UPDATE; " +
			"DBMS_LOB.APPEND(l, TO_NCLOB(UNISTR(?))); END;",
		"BLOB": "DECLARE l BLOB; p RAW(32767); BEGIN SELECT c INTO l FROM t WHERE k = ? FOR UPDATE; " +
			"p := ?; DBMS_LOB.WRITEAPPEND(l, UTL_RAW.LENGTH(p), p); END;",
	} {
		if got := to.appendPiece(&record.ColumnDef{Type: column}, "t", "c", "k = ?"); got != want {
			t.Errorf("%s: %s", column, got)
		}
	}
}
