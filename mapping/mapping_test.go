package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"ggsh/param"
	"ggsh/record"
)

// defOf reads "hr.emp id key, name, note null, sum generated, unique(name)".
func defOf(text string, id uint32) *record.TableDef {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	parts := strings.Split(name, ".")
	d := &record.TableDef{ID: id, Name: parts[len(parts)-1], Database: "oracle"}
	if len(parts) > 1 {
		d.Schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		d.Catalog = parts[0]
	}
	for _, col := range strings.Split(rest, ",") {
		words := strings.Fields(col)
		if u, ok := strings.CutPrefix(words[0], "unique("); ok {
			d.Unique = append(d.Unique, []int{d.Column(strings.TrimSuffix(u, ")"))})
			continue
		}
		c := record.ColumnDef{Name: words[0], Kind: record.String, Type: "varchar"}
		for _, w := range words[1:] {
			switch w {
			case "key":
				d.Key = append(d.Key, len(d.Columns))
			case "null":
				c.Nullable = true
			case "generated":
				c.Generated = true
			case "char":
				c.Type = "char(5)"
			case "int":
				c.Kind, c.Type = record.Int, "int"
			case "decimal":
				c.Kind, c.Type = record.Decimal, "decimal(10,2)"
			case "date":
				c.Kind, c.Type = record.Date, "date"
			}
		}
		d.Columns = append(d.Columns, c)
	}
	return d
}

func appendText(b []byte, v string) []byte {
	switch n, err := strconv.ParseInt(v, 10, 64); {
	case v == "-":
		return record.AppendMissing(b)
	case v == "NULL":
		return record.AppendNull(b)
	case err == nil:
		return record.AppendInt(b, n)
	}
	return record.AppendText(b, record.String, strings.ReplaceAll(v, "_", " "))
}

// opOf reads "update before 1 a | after 1 b".
func opOf(t testing.TB, text string, table uint32) []byte {
	kinds := map[string]record.OpType{"insert": record.Insert, "update": record.Update,
		"delete": record.Delete, "truncate": record.Truncate, "pkupdate": record.PKUpdate}
	word, rest, _ := strings.Cut(text, " ")
	kind, ok := kinds[word]
	if !ok {
		t.Fatalf("operation %q", text)
	}
	b, start := record.AppendOpHeader(nil, kind, table)
	var tokens [][2]string
	for _, im := range strings.Split(rest, "|") {
		words := strings.Fields(im)
		if len(words) == 0 {
			continue
		}
		if words[0] == "token" {
			tokens = append(tokens, [2]string{words[1], words[2]})
			continue
		}
		var mark int
		b, mark = record.BeginImage(b)
		for _, v := range words[1:] {
			if v == "-" {
				record.MarkCompressed(b, start)
			}
			b = appendText(b, v)
		}
		record.EndImage(b, start, mark, words[0] == "before")
	}
	return record.AppendTokens(b, start, tokens)
}

func show(def *record.TableDef, body []byte) string {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return err.Error()
	}
	s := strings.ToLower(op.Type.String()) + " " + def.FullName()
	if op.Table != def.ID {
		s += fmt.Sprintf(" (id %d is not %d)", op.Table, def.ID)
	}
	if op.Compressed {
		s += " compressed"
	}
	for _, im := range []struct {
		name  string
		image record.Image
	}{{"before", op.Before}, {"after", op.After}} {
		if im.image == nil {
			continue
		}
		vals, err := im.image.Values(nil, len(def.Columns))
		if err != nil {
			return err.Error()
		}
		s += " " + im.name
		for i, v := range vals {
			switch v.Kind {
			case record.Missing:
			case record.Null:
				s += fmt.Sprintf(" %s=NULL", def.Columns[i].Name)
			default:
				s += fmt.Sprintf(" %s=%s", def.Columns[i].Name, v.Text(nil, -1))
			}
		}
	}
	pairs, err := op.Tokens.Pairs()
	if err != nil {
		return err.Error()
	}
	for _, p := range pairs {
		s += fmt.Sprintf(" token %s=%s", p[0], p[1])
	}
	return s
}

// page is one data-driven file's state.
type page struct {
	t       *testing.T
	plan    *Plan
	targets map[string]*record.TableDef
	plans   []*TablePlan
	next    uint32
}

func (p *page) compile(d *datadriven.TestData, prog param.Program) string {
	f, err := param.ParseText("r.prm", d.Input, param.Options{Program: prog})
	if err != nil {
		return err.Error() + "\n"
	}
	if prog == param.Extract {
		p.plan, err = CompileExtract(f)
	} else {
		p.plan, err = Compile(f)
	}
	if err != nil {
		return err.Error() + "\n"
	}
	return "ok\n"
}

// compilePump compiles the file of a data pump.
func (p *page) compilePump(d *datadriven.TestData) string {
	f, err := param.ParseText("r.prm", d.Input, param.Options{Program: param.Extract})
	if err != nil {
		return err.Error() + "\n"
	}
	said := p.compile(d, param.Extract)
	if said == "ok\n" {
		p.plan.PassImages(f)
	}
	return said
}

func (p *page) resolve(d *datadriven.TestData) string {
	p.next++
	lookup := func(n Name) (*record.TableDef, error) {
		for name, def := range p.targets {
			if name == n.String() || !n.Exact && strings.EqualFold(name, n.String()) {
				return def, nil
			}
		}
		return nil, nil
	}
	if p.plan.extract || d.HasArg("no-tables") {
		lookup = nil
	}
	var err error
	p.plans, err = p.plan.Resolve(defOf(d.Input, 100+p.next), lookup)
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, tp := range p.plans {
		fmt.Fprintf(&b, "%s -> %s key (%s) unique %v\n", tp.Source.FullName(), tp.Target.FullName(),
			columnList(tp.Target, tp.Key), tp.KeyIsUnique)
		for _, m := range tp.Messages {
			fmt.Fprintf(&b, "  %s %s\n", m.Severity, m.Error())
		}
		for _, x := range tp.Exceptions {
			fmt.Fprintf(&b, "  exceptions -> %s key (%s)\n", x.Target.FullName(), columnList(x.Target, x.Key))
		}
	}
	if len(p.plans) == 0 {
		b.WriteString("not taken\n")
	}
	return b.String()
}

func (p *page) apply(d *datadriven.TestData) string {
	var b strings.Builder
	for _, line := range strings.Split(d.Input, "\n") {
		for _, tp := range p.plans {
			out, applied, err := tp.Apply([]byte("front"), opOf(p.t, line, tp.Source.ID), nil)
			if string(out[:5]) != "front" {
				p.t.Fatal("Apply changed what stood before")
			}
			switch {
			case err != nil:
				fmt.Fprintf(&b, "%s\n", err)
			case !applied:
				b.WriteString("left out\n")
			default:
				b.WriteString(show(tp.Target, out[5:]) + "\n")
			}
		}
	}
	return b.String()
}

// check is what checkprm asks: the expressions of a file, without tables.
func check(d *datadriven.TestData) string {
	f, err := param.ParseText("r.prm", d.Input, param.Options{CheckOnly: true})
	if err != nil {
		return err.Error() + "\n"
	}
	s := "ok\n"
	for i, e := range CheckExpressions(f) {
		if i == 0 {
			s = ""
		}
		s += e.Error() + "\n"
	}
	return s
}

func TestPages(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := &page{t: t, targets: map[string]*record.TableDef{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "targets":
				p.targets = map[string]*record.TableDef{}
				for _, line := range strings.Split(d.Input, "\n") {
					def := defOf(line, 0)
					p.targets[def.FullName()] = def
				}
				return "ok\n"
			case "replicat":
				return p.compile(d, param.Replicat)
			case "extract":
				return p.compile(d, param.Extract)
			case "pump":
				return p.compilePump(d)
			case "check":
				return check(d)
			case "resolve":
				return p.resolve(d)
			case "apply":
				return p.apply(d)
			}
			t.Fatalf("command %s", d.Cmd)
			return ""
		})
	})
}

// planFor compiles a MAP and resolves one table.
func planFor(t testing.TB, prog param.Program, params, source, target string) *TablePlan {
	t.Helper()
	f, err := param.ParseText("r.prm", params, param.Options{Program: prog})
	if err != nil {
		t.Fatal(err)
	}
	var plan *Plan
	lookup := Lookup(func(Name) (*record.TableDef, error) { return defOf(target, 0), nil })
	if prog == param.Extract {
		plan, err = CompileExtract(f)
		lookup = nil
	} else {
		plan, err = Compile(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	plans, err := plan.Resolve(defOf(source, 7), lookup)
	if err != nil || len(plans) != 1 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	return plans[0]
}

const (
	wideSource = "s.t id key, a, b, c null, d null"
	mapParams  = "TARGETDB sqlite:x\nMAP s.t, TARGET o.t;\n"
)

// shapes are the ways an operation can take through Apply.
func shapes(t testing.TB) map[string]*TablePlan {
	return map[string]*TablePlan{
		"pass-through": planFor(t, param.Replicat, mapParams, wideSource, "o.t id key, a, b, c null, d null"),
		"by name":      planFor(t, param.Replicat, mapParams, wideSource, "o.t d null, c null, ID key, x null, a"),
		"literal": planFor(t, param.Replicat, "TARGETDB sqlite:x\nMAP s.t, TARGET o.t, "+
			"COLMAP (USEDEFAULTS, x = 'lit', a = b);\n", wideSource, "o.t id key, a, x null"),
		"functions": planFor(t, param.Replicat, "TARGETDB sqlite:x\nMAP s.t, TARGET o.t, COLMAP (id = id, "+
			"x = @STRCAT (a, '/', b), a = @IF (@COLTEST (c, NULL, MISSING), 'none', @STRUP (c)), "+
			"b = @DATE ('YYYY', 'YYYY-MM-DD', '2026-11-29')), "+
			"FILTER (@STRLEN (a) > 0 OR @RANGE (1, 3, d) < 2);\n", wideSource,
			"o.t id key, a null, x null, b null"),
		"tokens": planFor(t, param.Extract, "EXTTRAIL ./dirdat/aa\nTABLE s.t, WHERE (a <> 'x' OR id = 1), "+
			"TOKENS (one = a, two = before.b, three = @TOKEN ('four'));\n", wideSource, ""),
		"compress": planFor(t, param.Extract, "EXTTRAIL ./dirdat/aa\nTABLE s.t;\n", wideSource, ""),
	}
}

func TestApplyAllocatesNothing(t *testing.T) {
	for name, p := range shapes(t) {
		for _, text := range []string{"insert after 1 a b NULL d", "delete before 1 a b c d",
			"update before 1 a b c d | after 1 a B c d"} {
			body, buf := opOf(t, text, 7), make([]byte, 0, 4096)
			n := testing.AllocsPerRun(100, func() {
				if _, applied, err := p.Apply(buf, body, nil); err != nil || !applied {
					t.Fatal(applied, err)
				}
			})
			if n != 0 {
				t.Errorf("%s: %s: %v allocations", name, text, n)
			}
		}
	}
}

// FuzzApply feeds damaged operations: an error or a well-formed operation of
// the target must come out, and nothing of dst may change.
func FuzzApply(f *testing.F) {
	for _, text := range []string{"insert after 1 a b NULL d", "delete before 1 - - - -", "truncate",
		"update before 1 a b c d | after 1 a B c d", "update before 1 - - - - | after 1 - B - -"} {
		f.Add(opOf(f, text, 7))
	}
	plans := shapes(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, p := range plans {
			out, applied, err := p.Apply([]byte("front"), body, nil)
			if string(out[:5]) != "front" {
				t.Fatalf("%s: dst was changed", name)
			}
			var missing *MissingKeyError
			if err != nil || !applied {
				if len(out) != 5 {
					t.Fatalf("%s: %d octets left over: %v", name, len(out)-5, err)
				}
				if err != nil && (errors.Is(err, ErrNoOperation) || errors.As(err, &missing)) {
					continue
				}
				continue
			}
			var op record.Op
			if err := record.DecodeOp(out[5:], &op); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if op.Table == p.ID && bytes.Equal(out[11:], body[6:]) {
				continue // passed through as it was
			}
			for _, im := range []record.Image{op.Before, op.After} {
				if im == nil {
					continue
				}
				if _, err := im.Values(nil, len(p.Target.Columns)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for name, p := range shapes(b) {
		body := opOf(b, "update before 1 a b c d | after 1 a B c d", 7)
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			buf := make([]byte, 0, 4096)
			for b.Loop() {
				if _, _, err := p.Apply(buf, body, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestRangeSpreadsRowsEvenly: each row belongs to one part, and parts are about as
// large as each other.
func TestRangeSpreadsRowsEvenly(t *testing.T) {
	const parts, rows = 3, 3000
	var took [parts]int
	for part := range parts {
		p := planFor(t, param.Replicat, fmt.Sprintf("TARGETDB sqlite:x\nMAP s.t, TARGET o.t, "+
			"FILTER (@RANGE (%d, %d));\n", part+1, parts), "s.t id key, a", "o.t id key, a")
		for n := range rows {
			_, taken, err := p.Apply(nil, opOf(t, fmt.Sprintf("insert after %d x", n), 7), nil)
			if err != nil {
				t.Fatal(err)
			}
			if taken {
				took[part]++
			}
		}
	}
	if sum := took[0] + took[1] + took[2]; sum != rows {
		t.Errorf("%d of %d rows were taken", sum, rows)
	}
	for part, n := range took {
		if n < rows/parts*9/10 || n > rows/parts*11/10 {
			t.Errorf("part %d has %d rows", part+1, n)
		}
	}
}
