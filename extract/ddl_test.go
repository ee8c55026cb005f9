package extract

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/param"
	"ggsh/record"
	"ggsh/trail"
)

// statements is a source of DDL, one statement a transaction, and a truncate at its end.
type statements struct {
	at   int
	list []record.DDLStatement
}

func newStatements() *statements {
	st := func(kind, text string) record.DDLStatement {
		return record.DDLStatement{Kind: kind, Object: "TABLE", Schema: "hr", Text: text}
	}
	return &statements{list: []record.DDLStatement{
		st("CREATE", "CREATE TABLE emp (id INT)"), st("ALTER", "ALTER TABLE dept ADD c INT"),
		st("DROP", "DROP TABLE emp"), st("CREATE", "CREATE TABLE other.x (id INT)")}}
}

func (s *statements) Next(context.Context) (*record.Txn, error) {
	if s.at > len(s.list) {
		return nil, io.EOF
	}
	var ops listOps
	if s.at < len(s.list) {
		// A capture gives the definition that it knows, under its id.
		def := table(9, "emp")
		ops = listOps{{def, record.AppendDDL(nil, def.ID, s.list[s.at])}}
	} else {
		def := table(1, "emp")
		body, _ := record.AppendOpHeader(nil, record.Truncate, def.ID)
		ops = listOps{{def, body}}
	}
	s.at++
	return &record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: uint64(s.at)},
		CommitTime: time.Unix(int64(s.at), 0).UTC()}, Restart: strconv.Itoa(s.at), Ops: &ops}, nil
}

func (s *statements) Wait(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func (s *statements) Close() error                   { return nil }

// operations reads what a trail holds: the text of DDL, the type of others.
func (f *fixture) operations(path string) (got []string) {
	f.t.Helper()
	r, err := trail.OpenTxnReader(f.trail(path), trail.Position{}, trail.TxnOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Close()
	for {
		t, err := r.Next()
		if err == io.EOF {
			return got
		}
		if err != nil {
			f.t.Fatal(err)
		}
		for {
			_, body, err := t.Ops.Next()
			if err == io.EOF {
				break
			}
			var op record.Op
			if err == nil {
				err = record.DecodeOp(body, &op)
			}
			if err != nil {
				f.t.Fatal(err)
			}
			text := op.Type.String()
			if st, err := record.DecodeDDL(&op); err == nil {
				text = st.Text
			}
			got = append(got, text)
		}
	}
}

// TestDDLIntoTheTrails: each trail gets the statements on its own tables, by the clauses;
// without DDL there are none. A data pump passes them on unasked.
func TestDDLIntoTheTrails(t *testing.T) {
	const create, alter, drop, other = "CREATE TABLE emp (id INT)", "ALTER TABLE dept ADD c INT",
		"DROP TABLE emp", "CREATE TABLE other.x (id INT)"
	for params, want := range map[string][2]string{
		"":                     {"[]", "[]"},
		"DDL INCLUDE MAPPED\n": {fmt.Sprint([]string{create, drop, "TRUNCATE"}), fmt.Sprint([]string{alter})},
		"DDL INCLUDE ALL, EXCLUDE OPTYPE DROP, EXCLUDE OPTYPE TRUNCATE\n": {
			fmt.Sprint([]string{create, other}), fmt.Sprint([]string{alter, other})},
		"DDL INCLUDE MAPPED OPTYPE CREATE\nDDLSUBST 'int' WITH 'BIGINT'\n": {
			"[CREATE TABLE emp (id BIGINT)]", "[]"},
	} {
		group := captureGroup
		group.Outputs = []checkpoint.Output{{Trail: lt}, {Trail: "./dirdat/mt"}}
		f := newFixture(t, group, params+"EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\nEXTTRAIL ./dirdat/mt\n"+
			"TABLE hr.dept;\n")
		f.ddl = true
		open := func(context.Context, SourceStart) (Source, error) { return newStatements(), nil }
		if err := f.run("E1", open, -1); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.operations(lt)); got != want[0] {
			t.Errorf("%s: first trail %s", params, got)
		}
		if got := fmt.Sprint(f.operations("./dirdat/mt")); got != want[1] {
			t.Errorf("%s: second trail %s", params, got)
		}
		if params != "DDL INCLUDE MAPPED\n" {
			continue
		}
		f.add(checkpoint.Group{Name: "P1", Source: checkpoint.TrailSource, Trail: lt,
			Outputs: []checkpoint.Output{{Trail: "./dirdat/rt"}}}, "EXTTRAIL ./dirdat/rt\nTABLE hr.*;\n")
		pump := func(ctx context.Context, s SourceStart) (Source, error) {
			return OpenTrail(ctx, f.trail(lt), s.At, TrailOptions{})
		}
		if err := f.run("P1", pump, -1); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.operations("./dirdat/rt")); got != fmt.Sprint([]string{create, drop}) {
			t.Errorf("behind the pump: %s", got)
		}
	}
}

// ddlOf reads the DDL parameters as cmd/extract does.
func (f *fixture) ddlOf(cfg *Config, group string) {
	f.t.Helper()
	var err error
	if cfg.DDL, err = param.ReadDDL(cfg.Process.Params()); err != nil {
		f.t.Fatal(err)
	}
	cfg.PassDDL = group == "P1"
}
