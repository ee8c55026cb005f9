package clients_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/tests/tns"
	"ggsh/tests/tns/clients"
)

const password = "Pa55 word/@"

// answer is the database that both programs ask.
func answer(_ context.Context, c tns.Call) (*tns.Result, error) {
	at := time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)
	switch {
	case strings.Contains(c.SQL, "missing"):
		return nil, &tns.Error{Code: 942, Text: "table or view does not exist", Offset: 12}
	case strings.Contains(c.SQL, "scalars"), strings.Contains(c.SQL, "broken"):
		var rows [][]any
		for i := range 250 {
			row := []any{fmt.Sprintf("%d.25", i), fmt.Sprintf("Größe %d", i/10), at.Truncate(time.Second),
				at, []byte{1, 2, byte(i)}, nil}
			if i == 8 {
				row = []any{nil, nil, nil, nil, nil, "x"}
			}
			rows = append(rows, row)
		}
		return &tns.Result{Columns: []tns.Column{{Name: "N", Type: tns.Number, Nullable: true},
			{Name: "V", Type: tns.Varchar2, Size: 40, Nullable: true}, {Name: "D", Type: tns.Date, Nullable: true},
			{Name: "T", Type: tns.Timestamp, Scale: 6, Nullable: true},
			{Name: "R", Type: tns.Raw, Size: 3, Nullable: true},
			{Name: "C", Type: tns.Char, Size: 1, Nullable: true}}, Rows: tns.RowsOf(rows...)}, nil
	case strings.Contains(c.SQL, "lobs"):
		return &tns.Result{Columns: []tns.Column{{Name: "C", Type: tns.CLOB}, {Name: "B", Type: tns.BLOB}},
			Rows: tns.RowsOf([]any{"kurz", []byte{1}},
				[]any{strings.Repeat("Größe€", 10000), []byte(strings.Repeat("\x00\xfe", 40000))})}, nil
	case strings.HasPrefix(c.SQL, "BEGIN"):
		return &tns.Result{Out: [][]any{{"abc", "42"}}}, nil
	}
	return &tns.Result{Affected: int64(max(1, len(c.Binds)))}, nil
}

const want = `rows 250
0.25 Größe 0 2024-02-29 23:59:58.000000 2024-02-29 23:59:58.123456 010200 null
7.25 Größe 0 2024-02-29 23:59:58.000000 2024-02-29 23:59:58.123456 010207 null
null null null null null x
249.25 Größe 24 2024-02-29 23:59:58.000000 2024-02-29 23:59:58.123456 0102f9 null
lobs 2 4:z 1:01 60000:€ 80000:fe
error 942
error 310
inserted 1
inserted 3
out abc 42
`

// Both drivers do the same things and see the same; the server sees the same binds of
// both.
func check(t *testing.T, c *clients.Client, file string) {
	program, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	script := &tns.Script{Answer: answer}
	faults := &tns.Faults{}
	s, err := tns.Start(tns.Config{Backend: script, Users: map[string]string{"GGADMIN": password},
		Services: []string{"orcl"}, Faults: faults, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	faults.Add(tns.Fault{SQL: "broken", At: 2, Rows: 1, Err: &tns.Error{Code: 310, Text: "wrong sequence"}})
	if got := c.Run(t, string(program), s.Addr(), password); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	binds := ""
	for _, call := range script.Calls() {
		if strings.HasPrefix(call.SQL, "INSERT") {
			for _, row := range call.Binds {
				for _, b := range row {
					binds += fmt.Sprintf(" %v", b.Value)
				}
			}
		}
	}
	if binds != " -12.5 Größe <nil> [1 255] 1 a 2 <nil> 3 ccc" {
		t.Errorf("the server saw the binds%s", binds)
	}
	ends := strings.Join(script.Ends(), " ")
	if !strings.HasPrefix(ends, "COMMIT ROLLBACK") {
		t.Errorf("the server saw %s", ends)
	}
}

func TestPythonDriver(t *testing.T) { check(t, clients.Python(t), "check.py") }

func TestJDBCDriver(t *testing.T) { check(t, clients.JDBC(t), "Check.java") }
