package mysql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"ggsh/ggserr"
	"ggsh/record"
	"ggsh/tests/services/server"
)

// live is one server and what the tests do with it.
type live struct {
	*testing.T
	in *server.Instance
	db *sql.DB
}

// TestLive runs every live test on every kind of server that can be had.
func TestLive(t *testing.T) {
	for _, kind := range server.Databases() {
		t.Run(string(kind), func(t *testing.T) {
			server.Require(t, kind)
			ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
			defer cancel()
			in, err := server.Start(ctx, kind, server.Options{Progress: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := in.Close(); err != nil {
					t.Error(err)
				}
			}()
			db, err := sql.Open("mysql", in.RootDSN())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			l := func(name string, f func(*live)) {
				t.Run(name, func(t *testing.T) { f(&live{T: t, in: in, db: db}) })
			}
			l("types", (*live).types)
			l("transactions", (*live).transactions)
			l("images", (*live).images)
			l("history", (*live).history)
			l("xa", (*live).xa)
			l("broken", (*live).broken)
			l("starts", (*live).starts)
			l("special", (*live).special)
			l("conformance", (*live).conformance)
			l("restarted", (*live).restarted)
			l("check", (*live).check)
			l("snapshots", (*live).snapshots)
		})
	}
}

// exec runs statements on one session of its own.
func (l *live) exec(statements ...string) {
	l.Helper()
	c, err := l.db.Conn(context.Background())
	if err != nil {
		l.Fatal(err)
	}
	// What a session has set must not reach the next one.
	defer c.Raw(func(any) error { return driver.ErrBadConn })
	for _, s := range statements {
		if _, err := c.ExecContext(context.Background(), s); err != nil {
			l.Fatalf("%s: %v", s, err)
		}
	}
}

// settle ends a prepared branch. It belongs to its session until the server has
// noticed that that one is gone.
func (l *live) settle(statement string) {
	l.Helper()
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if _, err = l.db.Exec(statement); err == nil || !strings.Contains(err.Error(), "1397") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		l.Fatalf("%s: %v", statement, err)
	}
}

func (l *live) maria() bool { return l.in.Kind == server.MariaDB }

// config is a capture of schema from the present end of the log.
func (l *live) config(schema string) Config {
	return Config{Group: "EXT1", Host: l.in.Host, Port: l.in.Port, User: server.RootUser,
		Password: server.RootPassword, SpoolDir: l.TempDir(),
		SchemaFile: filepath.Join(l.TempDir(), "EXT1.defs"),
		Want:       func(s, _ string) bool { return s == schema },
		Warn:       func(e *ggserr.Error) { l.Log(e) }}
}

func (l *live) open(cfg Config) *Source {
	l.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := Open(ctx, cfg)
	if err != nil {
		l.Fatal(err)
	}
	return s
}

// gotTxn is a delivered transaction, kept.
type gotTxn struct {
	record.Txn
	ops  []gotOp
	rows int
}

type gotOp struct {
	kind   record.OpType
	def    *record.TableDef
	text   string // an image as text, before => after
	before []record.Value
	after  []record.Value
	ddl    record.DDLStatement
}

func (o gotOp) String() string {
	if o.kind == record.DDL {
		return "DDL " + o.ddl.Kind + " " + o.ddl.Object + " " + o.ddl.Name
	}
	return o.kind.String() + " " + o.def.Name + " " + o.text
}

// read takes transactions until the log's present end was delivered. count > 0
// stops after so many.
func (l *live) read(s *Source, count int) []gotTxn {
	l.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var end place
	row := l.db.QueryRow("SHOW MASTER STATUS")
	if l.in.Kind == server.MySQL {
		row = l.db.QueryRow("SHOW BINARY LOG STATUS")
	}
	skip := []any{new(sql.RawBytes), new(sql.RawBytes)}
	if l.in.Kind == server.MySQL {
		skip = append(skip, new(sql.RawBytes))
	}
	// RawBytes cannot be scanned from a Row; use strings.
	for i := range skip {
		skip[i] = new(sql.NullString)
	}
	if err := row.Scan(append([]any{&end.File, &end.Pos}, skip...)...); err != nil {
		l.Fatal(err)
	}
	var list []gotTxn
	for {
		txn, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			if err := s.Wait(ctx); err != nil {
				l.Fatalf("waiting for %s: %v; at %+v", end, err, s.Status())
			}
			continue
		}
		if err != nil {
			l.Fatal(err)
		}
		if txn.Ops != nil {
			list = append(list, l.keep(txn))
		}
		if count > 0 && len(list) == count ||
			txn.CSN.Compare(record.CSN{Major: txn.CSN.Major>>32<<32 | end.number(), Minor: end.Pos}) >= 0 {
			return list
		}
	}
}

func (l *live) keep(txn *record.Txn) gotTxn {
	l.Helper()
	g := gotTxn{Txn: *txn}
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			return g
		}
		if err != nil {
			l.Fatal(err)
		}
		g.rows++
		if g.rows > 1000 {
			continue
		}
		body = append([]byte(nil), body...)
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			l.Fatal(err)
		}
		o := gotOp{kind: op.Type, def: def}
		if op.Type == record.DDL {
			if o.ddl, err = record.DecodeDDL(&op); err != nil {
				l.Fatal(err)
			}
		} else {
			o.before, o.after = l.image(def, op.Before), l.image(def, op.After)
			o.text = strings.TrimSpace(texts(o.before) + " => " + texts(o.after))
		}
		g.ops = append(g.ops, o)
	}
}

func (l *live) image(def *record.TableDef, im record.Image) []record.Value {
	l.Helper()
	if im == nil {
		return nil
	}
	v, err := im.Values(nil, len(def.Columns))
	if err != nil {
		l.Fatal(err)
	}
	return v
}

func texts(values []record.Value) string {
	list := make([]string, len(values))
	for i, v := range values {
		switch v.Kind {
		case record.Missing:
			list[i] = "-"
		case record.Null:
			list[i] = "NULL"
		default:
			list[i] = string(v.Text(nil, -1))
		}
	}
	return strings.Join(list, ",")
}

// lines prints transactions, one line an operation.
func lines(list []gotTxn) string {
	var b strings.Builder
	for _, t := range list {
		b.WriteString("txn\n")
		for _, o := range t.ops {
			b.WriteString("  " + o.String() + "\n")
		}
	}
	return b.String()
}

// typeCase is one type, its values as SQL, and how SELECT shows them as Text does.
type typeCase struct {
	sql    string
	values string
	show   string // %s is the column
	only   server.Kind
}

const asHex, asChar, asUTC = "LOWER(HEX(%s))", "CAST(%s AS CHAR)", "CONCAT(%s, '+00:00')"

func typeCases() []typeCase {
	return []typeCase{
		{sql: "tinyint", values: "-128|127|0"},
		{sql: "tinyint unsigned", values: "255"},
		{sql: "smallint", values: "-32768|32767"},
		{sql: "smallint unsigned", values: "65535"},
		{sql: "mediumint", values: "-8388608|8388607"},
		{sql: "mediumint unsigned", values: "16777215"},
		{sql: "int", values: "-2147483648|2147483647"},
		{sql: "int unsigned", values: "4000000000"},
		{sql: "bigint", values: "-9223372036854775808|9223372036854775807"},
		{sql: "bigint unsigned", values: "18446744073709551615"},
		{sql: "bool", values: "true|false"},
		{sql: "decimal(10,0)", values: "-1|0|1234567890"},
		{sql: "decimal(65,30)", values: "-12345678901234567890123456789012345.123456789012345678901234567891|0|0.000000000000000000000000000001"},
		{sql: "decimal(5,5)", values: "-0.00001|0.99999"},
		{sql: "decimal(9,2) unsigned", values: "1.5"},
		{sql: "decimal(20,9)", values: "-0.000000001|12345678901.123456789"},
		{sql: "float", values: "1.5|-3.4028e38|1e-30", show: "float"},
		{sql: "double", values: "1.5|-1.7976931348623157e308|2.2250738585072014e-308", show: "float"},
		{sql: "double(10,5)", values: "-0.00001|99999.12345|0.1", show: "float"},
		{sql: "bit(1)", values: "b'1'|b'0'", show: "LPAD(BIN(%s),1,'0')"},
		{sql: "bit(10)", values: "b'1010101010'", show: "LPAD(BIN(%s),10,'0')"},
		{sql: "bit(64)", values: "0xffffffffffffffff|b'1'", show: "LPAD(BIN(%s),64,'0')"},
		{sql: "year", values: "2024|1901|0"},
		{sql: "date", values: "'2024-02-29'|'0000-00-00'|'2024-00-00'|'9999-12-31'", show: asChar},
		{sql: "time", values: "'-838:59:59'|'838:59:59'|'00:00:00'", show: asChar},
		{sql: "time(2)", values: "'-01:02:03.45'|'-00:00:00.01'|'00:00:00.00'", show: asChar},
		{sql: "time(3)", values: "'-01:02:03.450'|'23:59:59.999'", show: asChar},
		{sql: "time(6)", values: "'-00:00:00.000001'|'12:00:00.123456'", show: asChar},
		{sql: "datetime", values: "'2024-02-29 23:59:59'|'0000-00-00 00:00:00'|'1000-01-01 00:00:00'", show: asChar},
		{sql: "datetime(1)", values: "'2024-02-29 23:59:59.9'", show: asChar},
		{sql: "datetime(4)", values: "'2024-02-29 23:59:59.0001'", show: asChar},
		{sql: "datetime(6)", values: "'9999-12-31 23:59:59.999999'", show: asChar},
		{sql: "timestamp null", values: "'1970-01-01 00:00:01'|'2038-01-19 03:14:07'|'0000-00-00 00:00:00'|'2000-02-29 12:00:00'", show: asUTC},
		{sql: "timestamp(6) null", values: "'2024-02-29 23:59:59.123456'", show: asUTC},
		{sql: "char(10)", values: "'abc'|''|'é€😀'"},
		{sql: "char(200)", values: "'long char'|repeat('é',200)"},
		{sql: "varchar(10)", values: "'abc '|''"},
		{sql: "varchar(300)", values: "repeat('x',300)"},
		{sql: "tinytext", values: "'tiny'"},
		{sql: "text", values: "repeat('ü',3000)"},
		{sql: "mediumtext", values: "repeat('m',70000)"},
		{sql: "longtext", values: "repeat('l',200000)"},
		{sql: "binary(5)", values: "'ab'|0x0000000000|0x0102030400", show: asHex},
		{sql: "binary(16)", values: "0x000102030405060708090a0b0c0d0e0f", show: asHex},
		{sql: "varbinary(20)", values: "0x00ff00|''", show: asHex},
		{sql: "varbinary(300)", values: "repeat('x',299)", show: asHex},
		{sql: "tinyblob", values: "0x00", show: asHex},
		{sql: "blob", values: "repeat(0xff,1000)", show: asHex},
		{sql: "mediumblob", values: "repeat(0x00,70000)", show: asHex},
		{sql: "longblob", values: "0x01", show: asHex},
		{sql: "enum('a','b','ç','it''s')", values: "'a'|'ç'|'it''s'"},
		{sql: "enum('x','y') character set latin2", values: "'y'"},
		{sql: "set('p','q','r')", values: "'p,r'|''|'p,q,r'"},
		{sql: "point", values: "point(1,2)", show: asHex},
		{sql: "geometry", values: "st_geomfromtext('LINESTRING(0 0,1 1)')", show: asHex},
		{sql: "varchar(20) character set latin1", values: "'é€ÿ'"},
		{sql: "varchar(20) character set latin2", values: "'ąłž'"},
		{sql: "varchar(20) character set cp1251", values: "'привет'"},
		{sql: "varchar(20) character set cp1250", values: "'žluť'"},
		{sql: "varchar(20) character set koi8r", values: "'привет'"},
		{sql: "varchar(20) character set greek", values: "'αβγ'"},
		{sql: "varchar(20) character set hebrew", values: "'שלום'"},
		{sql: "varchar(20) character set tis620", values: "'สวัส'"},
		{sql: "varchar(20) character set ucs2", values: "'é漢'"},
		{sql: "varchar(20) character set utf16", values: "'é漢😀'"},
		{sql: "varchar(20) character set utf16le", values: "'é漢😀'"},
		{sql: "varchar(20) character set utf32", values: "'é漢😀'"},
		{sql: "varchar(20) character set utf8mb3", values: "'é漢'"},
		{sql: "varchar(20) character set gbk", values: "'漢字中文'"},
		{sql: "varchar(20) character set gb2312", values: "'中文'"},
		{sql: "varchar(20) character set big5", values: "'漢字'"},
		{sql: "varchar(20) character set sjis", values: "'日本語ｱ'"},
		{sql: "varchar(20) character set cp932", values: "'日本語ｱ①'"},
		{sql: "varchar(20) character set ujis", values: "'日本語ｱ'"},
		{sql: "varchar(20) character set eucjpms", values: "'日本語ｱ①'"},
		{sql: "varchar(20) character set euckr", values: "'한국어'"},
		{sql: "text character set cp1257", values: "'ąčę'"},
		{sql: "varchar(20) character set gb18030", values: "'漢字😀'", only: server.MySQL},
		{sql: "varchar(20) character set ascii", values: "'abc'"},
		{sql: "varchar(20) character set utf8mb4 collate utf8mb4_bin", values: "'Bin'"},
		{sql: "json", values: `'{"a": [1, -2.5, true, null], "ü": "x\\"\\n\\u0001"}'|'[]'|'"s"'|'1e100'|'123456789012345678'`, show: asChar},
		{sql: "json", only: server.MySQL, show: asChar, values: "json_object('d', cast('2024-01-02' as date), " +
			"'t', cast('12:13:14.5' as time(6)), 'dt', cast('2024-01-02 03:04:05' as datetime), " +
			"'dec', cast(1.250 as decimal(10,3)), 'i', 1, 'u', 18446744073709551615, 'f', 1.5e0, 'g', 1e0, 'h', 1e20, 'k', 1.5e-10)|" +
			"json_array(1e-15, 1e-16, 1.25e-15, 123456789012345.6e0, 1e14, 1e15, 1.2345e15, -1.5e300, 0e0)|" +
			"json_array(repeat('long', 20000), 1, 70000, 5000000000)"},
		{sql: "uuid", values: "'123e4567-e89b-12d3-a456-426614174000'|'00000000-0000-0000-0000-000000000000'|'ffffffff-ffff-7fff-bfff-ffffffffff00'", show: asChar, only: server.MariaDB},
		{sql: "inet6", values: "'::1'|'2001:db8::ff00:42:8329'|'::'|'::ffff:192.0.2.1'|'::192.0.2.1'", show: asChar, only: server.MariaDB},
		{sql: "inet4", values: "'1.2.3.0'", show: asChar, only: server.MariaDB},
		{sql: "varchar(200) compressed", values: "repeat('z',190)|'short'|''", only: server.MariaDB},
		{sql: "text compressed", values: "repeat('zé',2000)", only: server.MariaDB},
		{sql: "blob compressed", values: "repeat(0xfe,2000)", show: asHex, only: server.MariaDB},
		{sql: "vector(3)", values: "string_to_vector('[1,2,3]')", show: asHex, only: server.MySQL},
	}
}

// types compares the captured value of every type with what SELECT shows, NULL too.
func (l *live) types() {
	cases := typeCases()
	l.exec("CREATE DATABASE types")
	s := l.open(l.config("types"))
	defer s.Close()
	var want []string
	for i, c := range cases {
		if c.only != "" && c.only != l.in.Kind {
			continue
		}
		table := fmt.Sprintf("types.t%d", i)
		l.exec(fmt.Sprintf("CREATE TABLE %s (id int primary key, c %s)", table, c.sql))
		values := append(strings.Split(c.values, "|"), "NULL")
		show := c.show
		if show == "" || show == "float" {
			show = "%s"
		}
		for n, v := range values {
			l.exec("SET sql_mode=''", fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", table, n, v))
			var text sql.NullString
			if err := l.db.QueryRow(fmt.Sprintf("SELECT "+show+" FROM %s WHERE id = %d", "c", table,
				n)).Scan(&text); err != nil {
				l.Fatalf("%s: %v", c.sql, err)
			}
			if !text.Valid {
				text.String = "NULL"
			}
			want = append(want, fmt.Sprintf("%d\x00%s\x00%s", i, v, text.String))
		}
	}
	var ops []gotOp
	for _, t := range l.read(s, 0) {
		for _, o := range t.ops {
			if o.kind == record.Insert {
				ops = append(ops, o)
			}
		}
	}
	if len(ops) != len(want) {
		l.Fatalf("captured %d rows of %d", len(ops), len(want))
	}
	for i, o := range ops {
		f := strings.Split(want[i], "\x00")
		n, _ := strconv.Atoi(f[0])
		v, col := o.after[1], o.def.Columns[1]
		got := string(v.Text(nil, col.Scale))
		if v.Kind == record.Null {
			got = "NULL"
		} else if v.Kind != col.Kind {
			l.Errorf("%s: value is %s, its column says %s", cases[n].sql, v.Kind, col.Kind)
		}
		if cases[n].show == "float" && got != "NULL" {
			same(l, cases[n].sql, v, f[2])
			continue
		}
		if got != f[2] {
			l.Errorf("%s %s: captured %.600q,\n   SELECT shows %.600q", cases[n].sql, f[1], got, f[2])
		}
	}
}

// same compares a float with the server's text, which may be shortened.
func same(l *live, what string, v record.Value, text string) {
	l.Helper()
	bits := 64
	if v.Kind == record.Float32 {
		bits = 32
	}
	want, err := strconv.ParseFloat(text, bits)
	if err != nil {
		l.Fatal(err)
	}
	got, err := strconv.ParseFloat(string(v.Text(nil, -1)), bits)
	if err != nil {
		l.Fatal(err)
	}
	if bits == 32 && fmt.Sprintf("%.5g", got) == fmt.Sprintf("%.5g", want) {
		return
	}
	if got != want {
		l.Errorf("%s: captured %v, SELECT shows %s", what, got, text)
	}
}
