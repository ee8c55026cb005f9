package formatter

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ggsh/handler/handlertest"
	"ggsh/props"
	"ggsh/record"
)

// written is when the tests write.
var written = time.Date(2015, 9, 18, 13, 23, 1, 612_345_678, time.UTC)

// committed is when the source committed.
var committed = time.Date(2013, 6, 2, 22, 14, 36, 0, time.UTC)

func dec(s string) handlertest.V { return record.AppendText(nil, record.Decimal, s) }

func stamp(y, m, d, sec int) handlertest.V {
	return record.AppendTimestamp(nil, record.PackDate(y, m, d), int64(sec)*1e9)
}

// orders is the table of the examples.
func orders() *handlertest.Table {
	c := handlertest.Column
	date := c("ORDER_DATE", "date!", record.Timestamp)
	id := c("ORDER_ID", "number(10)!", record.Decimal)
	id.Precision = 10
	price := c("PRODUCT_PRICE", "number(8,2)", record.Decimal)
	price.Precision, price.Scale = 8, 2
	amount := c("PRODUCT_AMOUNT", "number(6)", record.Decimal)
	amount.Precision = 6
	return handlertest.NewTable(7, "GG", "TCUSTORD", 4, c("CUST_CODE", "varchar2(4)!", record.String),
		date, c("PRODUCT_CODE", "varchar2(8)!", record.String), id, price, amount,
		c("NOTE", "varchar2(200)", record.String))
}

// sample is a named operation on a table.
type sample struct {
	table  *handlertest.Table
	body   []byte
	tokens [][2]string
}

// samples are the operations that pages of testdata name.
func samples() map[string]sample {
	t := orders()
	str, null, none, row := handlertest.Str, handlertest.Null(), handlertest.Missing(), handlertest.Row
	day := stamp(1994, 9, 30, 15*3600+33*60)
	will := row(str("WILL"), day, str("CAR"), dec("144"), dec("17520.00"), dec("3"), str("red"))
	bill := row(str("WILL"), day, str("CAR"), dec("145"), dec("14000.00"), dec("3"), str("red"))
	part := row(str("WILL"), day, str("CAR"), dec("144"), dec("14000.00"), none, null)
	key := row(str("WILL"), day, str("CAR"), dec("144"), none, none, none)
	s := map[string]sample{
		"insert": {table: t, body: t.Insert(will...)},
		"update": {table: t, body: t.Update(will,
			row(append(will[:4:4], dec("14000.00"), dec("3"), null)...))},
		"compressed": {table: t, body: t.Op(record.Update, key, part)},
		"afteronly":  {table: t, body: t.Op(record.Update, nil, part)},
		"newkey":     {table: t, body: t.Update(will, bill)},
		"newkeycompressed": {table: t, body: t.Op(record.PKUpdate, key,
			row(str("WILL"), day, str("CAR"), dec("145"), none, none, none))},
		"newkeyafteronly": {table: t, body: t.Op(record.PKUpdate, nil, bill)},
		"delete":          {table: t, body: t.Delete(will...)},
		"deletekey":       {table: t, body: t.Delete(key...)},
		"truncate":        {table: t, body: t.Op(record.Truncate, nil, nil)},
	}
	for name, text := range map[string]string{
		"unicode": "Grüße, 世界 😀", "quotes": `say "no" \ 'yes' </b> ]]> &`, "pipe": "a|b",
		"newline": "one\ntwo\r\nthree\tx", "ctrla": "a\x01b", "nul": "a\x00b",
		"badutf8": "a\xffb", "nulltext": "NULL", "empty": "", "latin": "Grüße",
	} {
		s[name] = sample{table: t, body: t.Insert(append(will[:6:6], str(text))...)}
	}
	s["tokens"] = sample{table: t, body: t.Insert(will...),
		tokens: [][2]string{{"TKN1", "a=b"}, {"TKN2", `"x", y`}}}
	return s
}

// change makes an operation of the sample, the nth of its transaction.
func (s sample) change(t testing.TB, n int) *record.Change {
	t.Helper()
	body := record.AppendTokens(append([]byte{}, s.body...), 0, s.tokens)
	c := &record.Change{Def: s.table.Target, Source: s.table.Source, Key: s.table.Key, Seqno: 3,
		RBA: uint64(2891 + 100*n), Index: n,
		Txn: &record.TxnInfo{CSN: record.CSN{Minor: 206080450}, XID: "9.0.80330", CommitTime: committed}}
	if err := record.DecodeOp(body, &c.Op); err != nil {
		t.Fatal(err)
	}
	return c
}

// load makes a format of lines of a properties file, with the handler's prefix left out.
func load(t testing.TB, warn func(*Error), lines ...string) (*Format, error) {
	t.Helper()
	text := "gg.handlerlist=fw\ngg.handler.fw.type=filewriter\ngoldengate.userexit.timestamp=utc\n" +
		"gg.handler.fw.pathMappingTemplate=out\ngg.handler.fw.fileNameMappingTemplate=x\n" +
		"gg.handler.fw.stateFileDirectory=dirsta\n"
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !strings.HasPrefix(line, "gg.") {
			line = "gg.handler.fw." + line
		}
		text += line + "\n"
	}
	c, err := props.Load("x.props", props.Options{ReadFile: func(string) ([]byte, error) {
		return []byte(text), nil
	}})
	if err != nil {
		return nil, err
	}
	return New(c, Env{Group: "REP1", Now: func() time.Time { return written }, Warn: warn})
}

func must(t testing.TB, lines ...string) *Format {
	t.Helper()
	f, err := load(t, nil, lines...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestPages writes the samples that pages of testdata name. "go test ./formatter
// -rewrite" writes the pages anew, to be read as a diff.
//
//	format    properties, one a line, without gg.handler.<name>.
//	append    samples, one a word: what Append gives
//	file      the same as a file
//	octets    as append, in hexadecimal
//	decode    as append, read by another implementation of Avro
//	schema    the schema file
func TestPages(t *testing.T) {
	datadriven.Walk(t, "testdata/pages", func(t *testing.T, path string) {
		var f *Format
		var warned []string
		all := samples()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			warned = nil
			switch d.Cmd {
			case "format":
				var err error
				f, err = load(t, func(e *Error) { warned = append(warned, e.Error()) },
					strings.Split(d.Input, "\n")...)
				if err != nil {
					return err.Error()
				}
				return fmt.Sprintf("%s joinable=%t perTable=%t", f.Name(), f.Joinable(), f.PerTable())
			case "append":
				return appended(t, f, all, strings.Fields(d.Input)) + warnings(warned)
			case "file":
				return filed(t, f, all, strings.Fields(d.Input)) + warnings(warned)
			case "decode":
				return decoded(t, f, all, strings.Fields(d.Input))
			case "octets":
				return octets(t, f, all, strings.Fields(d.Input))
			case "schema":
				file, text, err := f.Schema(all["insert"].table.Target)
				if err != nil {
					return err.Error()
				}
				return fmt.Sprintf("%s\n%s%s", file, text, f.WrapperSchema())
			}
			d.Fatalf(t, "unknown directive %s", d.Cmd)
			return ""
		})
	})
}

func appended(t *testing.T, f *Format, all map[string]sample, names []string) string {
	t.Helper()
	if f == nil {
		return "no format\n"
	}
	var out strings.Builder
	for n, name := range names {
		s, ok := all[name]
		if !ok {
			t.Fatalf("no sample %s", name)
		}
		b, err := f.Append(nil, s.change(t, n))
		out.WriteString(visible(b))
		if len(b) > 0 && b[len(b)-1] != '\n' {
			out.WriteString("\n")
		}
		if err != nil {
			fmt.Fprintf(&out, "%s: %v\n", name, err)
		}
	}
	return out.String()
}

func filed(t *testing.T, f *Format, all map[string]sample, names []string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := f.File(&out, all["insert"].table.Target)
	if err != nil {
		return err.Error()
	}
	for n, name := range names {
		if err := w.Write(all[name].change(t, n)); err != nil {
			t.Error(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if w.Buffered() != 0 {
		t.Error("a closed file has bytes left")
	}
	if f.Name() == Parquet {
		return readParquet(t, out.Bytes())
	}
	return visible(out.Bytes()) + "\n"
}

func warnings(list []string) string {
	out := ""
	for _, w := range list {
		out += "warning: " + w + "\n"
	}
	return out
}

// visible shows control characters other than the line feed, and octets that are
// no UTF-8.
func visible(b []byte) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(string(b), "\ufffd") {
		if r < ' ' && r != '\n' {
			fmt.Fprintf(&out, "^%c", r+'@')
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}
