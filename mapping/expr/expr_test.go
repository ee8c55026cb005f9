package expr

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ggsh/param"
	"ggsh/record"
)

// kinds are the column types that tests name.
var kinds = map[string]record.Kind{"int": record.Int, "uint": record.Uint,
	"decimal": record.Decimal, "float": record.Float64, "varchar": record.String,
	"char": record.String, "blob": record.Bytes, "date": record.Date, "time": record.Time,
	"timestamp": record.Timestamp, "instant": record.TimestampTZ, "bool": record.Bool,
	"bit": record.Bit}

// defOf reads "hr.emp id int key, name varchar, ...".
func defOf(t testing.TB, text string) *record.TableDef {
	name, rest, _ := strings.Cut(strings.Join(strings.Fields(text), " "), " ")
	schema, table, _ := strings.Cut(name, ".")
	d := &record.TableDef{ID: 7, Schema: schema, Name: table, Database: "oracle"}
	for _, col := range strings.Split(rest, ",") {
		words := strings.Fields(col)
		kind, length, _ := strings.Cut(words[1], "(")
		n, _ := strconv.Atoi(strings.TrimSuffix(length, ")"))
		if kinds[kind] == 0 {
			t.Fatalf("type %s", kind)
		}
		if len(words) > 2 {
			d.Key = append(d.Key, len(d.Columns))
		}
		d.Columns = append(d.Columns, record.ColumnDef{Name: words[0], Kind: kinds[kind],
			Type: words[1], Length: n})
	}
	return d
}

// appendValue reads a value of a column; - is missing.
func appendValue(t testing.TB, b []byte, k record.Kind, text string) []byte {
	n, _ := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "-":
		return record.AppendMissing(b)
	case text == "NULL":
		return record.AppendNull(b)
	case k == record.Int || k == record.Uint || k == record.Bool:
		return record.AppendValue(b, record.Value{Kind: k, N: uint64(n)})
	case k == record.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return record.AppendFloat64(b, f)
	case k == record.Bytes:
		return record.AppendBytes(b, k, []byte(strings.NewReplacer(`\0`, "\x00", `\f`, "\xff").Replace(text)))
	case k == record.Bit:
		return record.AppendBit(b, 8, []byte{byte(n)})
	case k == record.Time:
		ns, ok := parseClock([]byte(text))
		if !ok {
			t.Fatalf("time %s", text)
		}
		return record.AppendTime(b, ns)
	case k == record.Date || k == record.Timestamp || k == record.TimestampTZ:
		if text == "zero" {
			return record.AppendValue(b, record.Value{Kind: k})
		}
		m, ok := parseMoment([]byte(text))
		if !ok {
			t.Fatalf("date %s", text)
		}
		return record.AppendValue(b, record.Value{Kind: k, D: m.date, N: uint64(m.ns)})
	}
	return record.AppendText(b, k, strings.ReplaceAll(text, "_", " "))
}

// opOf reads an operation: its type, then lines "before ...", "after ...", "token name text".
func opOf(t testing.TB, def *record.TableDef, text string) []byte {
	types := map[string]record.OpType{"insert": record.Insert, "update": record.Update,
		"delete": record.Delete, "pkupdate": record.PKUpdate}
	lines := strings.Split(text, "\n")
	b, start := record.AppendOpHeader(nil, types[lines[0]], def.ID)
	var pairs [][2]string
	for _, line := range lines[1:] {
		word, rest, _ := strings.Cut(line, " ")
		if word == "token" {
			name, value, _ := strings.Cut(rest, " ")
			pairs = append(pairs, [2]string{name, value})
			continue
		}
		var mark int
		b, mark = record.BeginImage(b)
		values := strings.Split(rest, "|")
		if len(values) != len(def.Columns) {
			t.Fatalf("%d values for %d columns", len(values), len(def.Columns))
		}
		for i, v := range values {
			if v = strings.TrimSpace(v); v == "-" {
				record.MarkCompressed(b, start)
			}
			b = appendValue(t, b, def.Columns[i].Kind, v)
		}
		record.EndImage(b, start, mark, word == "before")
	}
	return record.AppendTokens(b, start, pairs)
}

// tokensOf cuts a text as the parentheses of TABLE and MAP are cut.
func tokensOf(t testing.TB, text string) []param.Token {
	f, err := param.ParseText("t.prm", "TABLE a.b, FILTER (\n"+text+"\n);\n",
		param.Options{Program: param.Extract})
	if err != nil {
		t.Skip(err)
	}
	args := f.Statements[0].Args
	for i := range args {
		if args[i].IsPunct("(") {
			return args[i+1 : len(args)-1]
		}
	}
	return nil
}

// facts answers some of @GETENV.
type facts struct{}

func (facts) Fact(dst []byte, kind string, items []string) ([]byte, bool) {
	if kind == "GGFILEHEADER" {
		return dst, false
	}
	return fmt.Appendf(dst, "%s %s", kind, strings.Join(items, "/")), true
}

// results answers @GETVAL.
type results struct{}

func (results) Result(id, parameter string) record.Value {
	if parameter == "none" {
		return state(record.Missing)
	}
	return record.Value{Kind: record.String, B: []byte(id + "'s " + parameter)}
}

func environment() *Environment {
	zone := time.FixedZone("CET", 3600)
	return &Environment{Group: "REP1", GroupType: "REPLICAT", Host: "db1", PID: 42,
		Now: func() time.Time { return time.Date(2026, 11, 29, 12, 30, 5, 0, zone) },
		Getenv: func(name string) (string, bool) {
			return "value of " + name, name != "NONE"
		}, Facts: facts{}}
}

// origin is a transaction committed five seconds ago.
func origin() Origin {
	return Origin{Txn: &record.TxnInfo{CSN: record.CSN{Major: 12, Minor: 3456}, XID: "1.2.3",
		User: "scott", CommitTime: time.Date(2026, 11, 29, 11, 30, 0, 123456000, time.UTC)},
		Seqno: 7, RBA: 890, Place: Whole}
}

// page is one data-driven file's state.
type page struct {
	t      *testing.T
	def    *record.TableDef
	parser *Parser
	rec    Record
}

func (p *page) load(op string) {
	if err := p.rec.Load(opOf(p.t, p.def, op)); err != nil {
		p.t.Fatal(err)
	}
	for _, err := range []error{p.rec.Before.Read(p.rec.Op.Before, len(p.def.Columns)),
		p.rec.After.Read(p.rec.Op.After, len(p.def.Columns))} {
		if err != nil {
			p.t.Fatal(err)
		}
	}
	p.rec.Origin, p.rec.Results = origin(), results{}
}

func (p *page) eval(line string, use Use, d *datadriven.TestData) string {
	n, err := p.parser.Parse(tokensOf(p.t, line), use)
	if err != nil {
		return err.Error()
	}
	scope := &Scope{Def: p.def, Env: environment(), Queries: []string{"lookup"}}
	if d.HasArg("target") {
		scope.Target = &record.ColumnDef{Name: "out", Kind: record.String, Length: 6}
	}
	e, err := n.Bind(scope)
	if err != nil {
		return err.Error()
	}
	if use != ForValue {
		return [...]string{"false", "true", "undecided"}[e.Test(&p.rec, false)]
	}
	v := e.Value(&p.rec, d.HasArg("before"))
	switch v.Kind {
	case record.Missing, record.Null:
		return strings.ToUpper(v.Kind.String())
	case Invalid:
		return "INVALID"
	}
	return fmt.Sprintf("%s %q", v.Kind, v.Text(nil, -1))
}

func TestPages(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if strings.HasSuffix(path, ".txt") { // lists of names
			return
		}
		p := &page{t: t, parser: NewParser(true)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "table":
				p.def = defOf(t, d.Input)
				return "ok\n"
			case "record":
				p.load(d.Input)
				return "ok\n"
			case "quotes":
				p.parser = NewParser(d.HasArg("ansi"))
				return "ok\n"
			}
			use, ok := map[string]Use{"value": ForValue, "filter": ForFilter, "where": ForWhere}[d.Cmd]
			if !ok {
				t.Fatalf("command %s", d.Cmd)
			}
			var b strings.Builder
			for _, line := range strings.Split(d.Input, "\n") {
				fmt.Fprintf(&b, "%s\n", p.eval(line, use, d))
			}
			return b.String()
		})
	})
}
