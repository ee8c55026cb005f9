package props

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ggsh/ggserr"
	"ggsh/record"
)

// clock is the time of all tests.
func clock() time.Time { return time.Date(2026, 11, 9, 15, 4, 5, 67089123, time.UTC) }

func testEnv() *Env {
	return &Env{Group: "RHDFS", Now: clock, Local: time.UTC, Start: "s1", End: "e2",
		Counts:       Counts{10, 4, 3, 2, 1},
		Getenv:       func(name string) string { return "<" + name + ">" },
		JavaProperty: func(name string) (string, bool) { return "-" + name, true }}
}

// testChange is an operation on PDB.Hr.Emp (ID, REGION key; NAME, NOTE).
func testChange(t testing.TB, kind record.OpType) *record.Change {
	t.Helper()
	def := &record.TableDef{Catalog: "PDB", Schema: "Hr", Name: "Emp", Columns: []record.ColumnDef{
		{Name: "ID"}, {Name: "REGION"}, {Name: "NAME"}, {Name: "NOTE"}}, Key: []int{0, 1}}
	before := record.AppendInt(nil, 7)
	before = record.AppendText(before, record.String, "EU")
	before = record.AppendText(before, record.String, "old")
	before = record.AppendMissing(before)
	after := record.AppendInt(nil, 7)
	after = record.AppendMissing(after)
	after = record.AppendText(after, record.String, "Müller/x")
	after = record.AppendNull(after)
	b, start := record.AppendOpHeader(nil, kind, 1)
	mark := 0
	if kind != record.Insert && kind != record.Truncate {
		b, mark = record.BeginImage(b)
		b = append(b, before...)
		record.EndImage(b, start, mark, true)
	}
	if kind != record.Delete && kind != record.Truncate {
		b, mark = record.BeginImage(b)
		b = append(b, after...)
		record.EndImage(b, start, mark, false)
	}
	b = record.AppendTokens(b, start, [][2]string{{"TK", "value"}, {"R", "AAA"}})
	c := &record.Change{Def: def, Source: "SRC.EMP", Key: []int{0, 1}, Seqno: 12, RBA: 3456,
		Index: 2, Last: true, Txn: &record.TxnInfo{CSN: record.CSN{Major: 3, Minor: 99},
			XID:        "9.1.22",
			CommitTime: time.Date(2026, 2, 3, 4, 5, 6, 7008000, time.UTC)}}
	if err := record.DecodeOp(b, &c.Op); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCases runs the cases of testdata/cases.
func TestCases(t *testing.T) {
	datadriven.Walk(t, "testdata/cases", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "load":
				return showLoad(d)
			case "check":
				return showCheck(d)
			case "template":
				return showTemplate(t, d)
			case "meta":
				return showMeta(t, d)
			case "date":
				p, err := ParseDatePattern(d.Input)
				if err != nil {
					return err.Error() + "\n"
				}
				return string(p.Append(nil, clock())) + "\n"
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}

func inputOptions(d *datadriven.TestData) Options {
	return Options{ReadFile: func(string) ([]byte, error) { return []byte(d.Input), nil },
		Secret: func(alias, domain string) (string, string, error) {
			if alias != "good" {
				return "", "", errors.New("there is no such alias")
			}
			return "scott", "tiger@" + domain, nil
		}}
}

// showLoad prints what a file comes to: the values named by get, notices, errors.
func showLoad(d *datadriven.TestData) string {
	var b strings.Builder
	c, err := Load("x.props", inputOptions(d))
	if err != nil {
		return err.Error() + "\n"
	}
	fmt.Fprintf(&b, "%s %s\n", c.Type, c.Handler)
	for _, arg := range d.CmdArgs {
		if arg.Key != "get" {
			continue
		}
		for _, name := range arg.Vals {
			v := "map"
			switch row := c.ix.handlerRow(name, c.Type, c.format); {
			case strings.HasSuffix(name, "."):
				v = fmt.Sprint(c.Map(name))
			case row == nil:
				v = fmt.Sprintf("%q", c.Global(name))
			case row.Kind == Bool:
				v = fmt.Sprint(c.Bool(name))
			case row.Kind == Size:
				v = fmt.Sprint(c.Size(name))
			case row.Kind == Duration:
				v = fmt.Sprint(c.Duration(name))
			case row.Kind == Int:
				v = fmt.Sprint(c.Int(name))
			default:
				v = fmt.Sprintf("%q", c.Text(name))
			}
			fmt.Fprintf(&b, "%s = %s\n", name, v)
		}
	}
	for _, n := range c.Notices() {
		fmt.Fprintln(&b, n)
	}
	return b.String()
}

func showCheck(d *datadriven.TestData) string {
	var b strings.Builder
	faults, warnings := Check("x.props", inputOptions(d))
	for _, e := range faults {
		fmt.Fprintf(&b, "%s %s\n", e.Severity, e)
	}
	for _, e := range warnings {
		fmt.Fprintf(&b, "%s %s\n", e.Severity, e)
	}
	return b.String()
}

var operations = map[string]record.OpType{"insert": record.Insert, "update": record.Update,
	"delete": record.Delete, "truncate": record.Truncate, "pkupdate": record.PKUpdate}

// showTemplate prints one template a line.
func showTemplate(t *testing.T, d *datadriven.TestData) string {
	var b strings.Builder
	env := testEnv()
	env.Steady = d.HasArg("steady")
	kind := "update"
	d.MaybeScanArgs(t, "op", &kind)
	c := testChange(t, operations[kind])
	if d.HasArg("nothing") {
		c = nil
	}
	for line := range strings.Lines(d.Input) {
		line = strings.TrimSuffix(line, "\n")
		tpl, err := ParseTemplate(line)
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		out, err := tpl.Append([]byte("|"), env, c)
		row := map[bool]string{true: "row"}[tpl.NeedsRow()]
		if tpl.IsNull() {
			row = "null"
		}
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", line, err)
			continue
		}
		fmt.Fprintf(&b, "%s| %s\n", out, row)
	}
	return b.String()
}

// showMeta prints the meta columns of each line.
func showMeta(t *testing.T, d *datadriven.TestData) string {
	var b strings.Builder
	kind := "update"
	d.MaybeScanArgs(t, "op", &kind)
	for line := range strings.Lines(d.Input) {
		list, err := ParseMetaColumns(strings.TrimSuffix(line, "\n"))
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		for i := range list {
			out, err := list[i].Append(nil, testEnv(), testChange(t, operations[kind]))
			if err != nil {
				out = []byte(err.Error())
			}
			fmt.Fprintf(&b, "%s=%s ", list[i].Name, out)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestEveryKeywordHasACase: the cases show each keyword.
func TestEveryKeywordHasACase(t *testing.T) {
	text := strings.ToLower(readAll(t, "testdata/cases/template", "testdata/cases/meta"))
	for _, k := range keywords {
		if !strings.Contains(text, "${"+strings.ToLower(k.name)) {
			t.Errorf("no case has ${%s}", k.name)
		}
	}
	for _, k := range metaKeywords {
		if !strings.Contains(text, "${"+k.name) {
			t.Errorf("no case has meta column %s", k.name)
		}
	}
}

// TestLoadTellsAllFaults, up to a limit.
func TestLoadTellsAllFaults(t *testing.T) {
	text := "gg.handlerlist=h\ngg.handler.h.type=hdfs\n" +
		"gg.handler.h.maxFileSize=big\ngg.handler.h.fileRollInterval=soon\n"
	_, err := Load("x", Options{ReadFile: func(string) ([]byte, error) {
		return []byte(text),
			nil
	}})
	all := ggserr.All(err)
	if len(all) != 2 {
		t.Fatal(err)
	}
	for i, e := range all {
		if e.Where.Line != i+3 || e.Where.Column < 20 {
			t.Error(e)
		}
	}
	if n := ggserr.NumberOf(err); n != ggserr.PropertyWrong {
		t.Error(n)
	}
}
