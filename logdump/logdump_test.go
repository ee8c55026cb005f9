package logdump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ggsh/record"
	"ggsh/trail"
)

func clock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC) }

func empTable() *record.TableDef {
	return &record.TableDef{ID: 1, Schema: "HR", Name: "EMP", Database: "oracle", Key: []int{0},
		Columns: []record.ColumnDef{{Name: "EMPNO", Kind: record.Int, Type: "NUMBER(4)"},
			{Name: "ENAME", Kind: record.String, Type: "VARCHAR2(10)", Nullable: true},
			{Name: "HIREDATE", Kind: record.Date, Type: "DATE", Nullable: true}}}
}

type row struct {
	no   int64
	name string // empty: NULL; "-": missing
}

func image(b []byte, start int, before bool, r row) []byte {
	b, mark := record.BeginImage(b)
	b = record.AppendInt(b, r.no)
	switch r.name {
	case "":
		b = record.AppendNull(b)
	case "-":
		b = record.AppendMissing(b)
	default:
		b = record.AppendText(b, record.String, r.name)
	}
	b = record.AppendDate(b, record.PackDate(2026, 1, 31))
	record.EndImage(b, start, mark, before)
	return b
}

func operation(kind record.OpType, before, after *row, tokens ...[2]string) []byte {
	b, start := record.AppendOpHeader(nil, kind, 1)
	if before != nil {
		b = image(b, start, true, *before)
	}
	if after != nil {
		b = image(b, start, false, *after)
		if after.name == "-" {
			record.MarkCompressed(b, start)
		}
	}
	return record.AppendTokens(b, start, tokens)
}

// writeTrail writes the trail that the transcripts look at.
func writeTrail(t *testing.T, dir string) {
	t.Helper()
	n, err := trail.ParseName(filepath.Join(dir, "lt"), 9)
	if err != nil {
		t.Fatal(err)
	}
	w, err := trail.Open(trail.WriterConfig{Name: n, Now: clock, Header: trail.HeaderInfo{
		Group: "EORA", Program: "ggsh extract 1.0", Kind: "oracle", Database: "ORCL", Host: "h1"}})
	if err != nil {
		t.Fatal(err)
	}
	def, n1 := empTable(), 0
	txn := func(ops ...[]byte) {
		n1++
		info := &record.TxnInfo{CSN: record.CSN{Major: 12, Minor: uint64(1000 + n1)},
			XID: fmt.Sprintf("1.2.%d", n1), User: "SCOTT",
			CommitTime: clock().Add(time.Duration(n1) * time.Minute)}
		if err := w.BeginTxn(info); err != nil {
			t.Fatal(err)
		}
		for i, op := range ops {
			var d record.Op
			if err := record.DecodeOp(op, &d); err != nil {
				t.Fatal(err)
			}
			table := def
			if d.Table == 0 {
				table = nil
			}
			if err := w.Op(table, op, i == len(ops)-1); err != nil {
				t.Fatal(err)
			}
		}
	}
	txn(operation(record.Insert, nil, &row{7369, "SMITH"}, [2]string{"TK-HOST", "h1"}),
		operation(record.Insert, nil, &row{7499, ""}),
		operation(record.Update, &row{7499, ""}, &row{7499, "ALLEN"}))
	txn(operation(record.Update, nil, &row{7369, "-"}))
	txn(operation(record.PKUpdate, &row{7369, "SMITH"}, &row{7370, "SMITH"}),
		operation(record.Delete, &row{7499, "ALLEN"}, nil))
	txn(record.AppendDDL(nil, 0, record.DDLStatement{Kind: "CREATE", Schema: "HR", Object: "TABLE",
		Name: "HR.DEPT", Text: "create table dept (deptno number(2))"}))
	if err := w.Rollover(); err != nil {
		t.Fatal(err)
	}
	txn(operation(record.Truncate, nil, nil))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTranscript(t *testing.T) {
	dir := t.TempDir()
	writeTrail(t, dir)
	content, err := os.ReadFile(filepath.Join(dir, "lt000000000"))
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(filepath.Join(dir, "bd000000000"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	script := []byte("ghdr on\nshow env\n")
	if err := os.WriteFile(filepath.Join(dir, "show.oby"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var out bytes.Buffer
		s := NewSession(Config{Out: &out})
		defer s.close()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out.Reset()
			for _, line := range strings.Split(d.Input, "\n") {
				line = strings.ReplaceAll(line, "DIR/", dir+"/")
				if err := s.Do(context.Background(), line); err != nil && err != errExit {
					return err.Error()
				}
			}
			var lines []string
			for _, line := range strings.Split(out.String(), "\n") {
				lines = append(lines, strings.TrimRight(line, " "))
			}
			return strings.ReplaceAll(strings.Join(lines, "\n"), dir, "DIR")
		})
	})
}

func TestRunReadsLinesAndExits(t *testing.T) {
	var out bytes.Buffer
	s := NewSession(Config{Out: &out, Prompt: true})
	in := strings.NewReader("reclen 10\nquit\nreclen 20\n")
	if err := s.Run(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	want := "\nLogdump 1 >RECLEN set to 10\n\nLogdump 2 >"
	if out.String() != want {
		t.Fatalf("%q", out.String())
	}
	out.Reset()
	s = NewSession(Config{Out: &out})
	if err := s.RunText(context.Background(), "reclen 5; exit; reclen 6"); err != nil {
		t.Fatal(err)
	}
	if out.String() != "RECLEN set to 5\n" {
		t.Fatalf("%q", out.String())
	}
}

func TestFollowShowsWhatIsWritten(t *testing.T) {
	dir := t.TempDir()
	writeTrail(t, dir)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	s := NewSession(Config{Out: &out})
	defer s.close()
	for _, line := range []string{"open " + dir + "/lt000000000", "follow 14"} {
		if err := s.Do(ctx, line); err != nil {
			t.Fatal(err)
		}
	}
	text := out.String()
	if !strings.Contains(text, "lt000000001") || !strings.Contains(text, "GGSPurgedata") {
		t.Fatal(text)
	}
	cancel()
	if err := s.Do(ctx, "follow"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestCommandTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range commands() {
		if c.help == "" || c.run == nil {
			t.Errorf("%v lacks help or a function", c.names)
		}
		for _, n := range c.names {
			if seen[n] {
				t.Errorf("%s stands twice", n)
			}
			seen[n] = true
		}
	}
}
