package sqlexec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/record"
)

// fake is a database that gives a number to each query, and a report.
type fake struct {
	queries []string
	fail    *handler.ApplyError
	lines   []string
	events  []string
}

func (f *fake) Query(_ context.Context, q handler.Query) (*handler.Answer, error) {
	text := q.Text
	if q.Call != nil {
		text = "call " + q.Call.String() + fmt.Sprint(q.Call.Params)
	}
	f.queries = append(f.queries, fmt.Sprintf("%s/%d", text, len(q.Args)))
	if f.fail != nil {
		return nil, f.fail
	}
	if q.Limit <= 0 {
		return nil, errors.New("a query without a limit")
	}
	return &handler.Answer{Columns: []string{"n"}, Values: [][]byte{
		record.AppendInt(nil, int64(len(f.queries)))}}, nil
}

func (f *fake) Event(e *ggserr.Error)        { f.events = append(f.events, e.Error()) }
func (f *fake) Line(format string, a ...any) { f.lines = append(f.lines, fmt.Sprintf(format, a...)) }

// statement reads the SQLEXEC of a MAP.
func statement(t *testing.T, options string) *mapping.TableQuery {
	t.Helper()
	f := parse(t, "MAP a.b, TARGET c.d, SQLEXEC ("+options+");\n")
	tables, err := param.ReadTables(f)
	if err != nil {
		t.Fatal(err)
	}
	q := &mapping.TableQuery{SQL: &tables[0].SQLExec[0]}
	for range q.SQL.Params {
		q.Params = append(q.Params, record.Value{Kind: record.String, B: []byte("x\ny")})
	}
	return q
}

func parse(t *testing.T, text string) *param.File {
	t.Helper()
	f, err := param.ParseText("r.prm", "REPLICAT r\n"+text, param.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// An answer holds as long as EXEC says, in whatever order the operations come.
func TestAnswersHoldAsLongAsExecSays(t *testing.T) {
	places := []Place{{Txn: [2]uint64{1}}, {Txn: [2]uint64{1}}, {Txn: [2]uint64{1}, Ordinal: 1},
		{Txn: [2]uint64{2}, Ordinal: 1}, {Txn: [2]uint64{2, 1}, Ordinal: 1}}
	for exec, want := range map[string]string{"MAP": "1 2 3 4 5", "SOURCEROW": "1 1 2 3 4",
		"TRANSACTION": "1 1 1 2 3", "ONCE": "1 1 1 1 1"} {
		q, f, got := statement(t, "ID q, QUERY 'SELECT 1', NOPARAMS, EXEC "+exec), &fake{}, []string(nil)
		var memory Memory
		for _, at := range places {
			a := Asker{Context: t.Context(), Querier: f, Memory: &memory, Log: f, Place: at}
			answer, err := a.Ask(q)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(answer[0].Value.Text(nil, -1)))
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("EXEC %s: %s, not %s", exec, text, want)
		}
	}
}

// ERROR decides on what the database refuses, but not on a lost connection and on what
// can never be done.
func TestFailuresAreDecidedOnByERROR(t *testing.T) {
	raised := func(err error) bool { return errors.As(err, new(*mapping.QueryError)) }
	for option, want := range map[string]func(err error) bool{
		"IGNORE": func(err error) bool { return err == nil },
		"REPORT": func(err error) bool { return err == nil },
		"RAISE":  raised, "FINAL": raised,
		"FATAL": func(err error) bool { return ggserr.NumberOf(err) == ggserr.SQLFailed },
	} {
		q, f := statement(t, "ID q, QUERY 'SELECT 1', NOPARAMS, ERROR "+option), &fake{}
		a := Asker{Context: t.Context(), Querier: f, Memory: &Memory{}, Log: f, Table: "a.b"}
		f.fail = &handler.ApplyError{Class: handler.Row, Code: 77, Text: "no"}
		if _, err := a.Ask(q); !want(err) {
			t.Errorf("%s: %v", option, err)
		}
		if told := len(f.events) == 1; told != (option == "REPORT") {
			t.Errorf("%s: %q", option, f.events)
		}
		f.fail = &handler.ApplyError{Class: handler.Connection, Text: "gone"}
		if _, err := a.Ask(q); err != error(f.fail) {
			t.Errorf("%s, lost: %v", option, err)
		}
		f.fail = &handler.ApplyError{Class: handler.Order, Text: "no such parameter"}
		if _, err := a.Ask(q); ggserr.NumberOf(err) != ggserr.BadParameter {
			t.Errorf("%s, an order: %v", option, err)
		}
	}
}

func TestAProcedureGetsItsParametersByName(t *testing.T) {
	q, f := statement(t, "SPNAME hr.p, PARAMS (a = x, b = y)"), &fake{}
	a := Asker{Context: t.Context(), Querier: f, Memory: &Memory{}, Log: f}
	_, err := a.Ask(q)
	if err != nil || q.SQL.ID != "p" || !slices.Equal(f.queries, []string{"call hr.p[a b]/2"}) {
		t.Error(err, q.SQL.ID, f.queries)
	}
}

// TRACE writes values, each within its line, DBOP the query alone.
func TestTrace(t *testing.T) {
	refused := &handler.ApplyError{Class: handler.Row, Text: "no"}
	for _, c := range []struct {
		options string
		fail    *handler.ApplyError
		want    string
	}{
		{", TRACE ALL", nil, "SQLEXEC q: SELECT :a; a = 'x?y' gave n = '1'"},
		{", TRACE", refused, "SQLEXEC q: SELECT :a; a = 'x?y': no"},
		{", TRACE ERROR", nil, ""},
		{", TRACE ERROR", refused, "SQLEXEC q: SELECT :a; a = 'x?y': no"},
		{", DBOP", nil, "SQLEXEC q: SELECT :a"},
		{"", refused, ""},
	} {
		q, f := statement(t, "ID q, QUERY 'SELECT :a', PARAMS (a = b)"+c.options), &fake{fail: c.fail}
		a := Asker{Context: t.Context(), Querier: f, Memory: &Memory{}, Log: f}
		if _, err := a.Ask(q); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.lines, "; "); got != c.want {
			t.Errorf("%s: %s, not %s", c.options, got, c.want)
		}
	}
	f := &fake{}
	long := statement(t, "ID q, QUERY 'SELECT :a', PARAMS (a = b), TRACE")
	long.Params[0].B = []byte(strings.Repeat("ä", 1000))
	a := Asker{Context: t.Context(), Querier: f, Memory: &Memory{}, Log: f}
	if _, err := a.Ask(long); err != nil || len(f.lines[0]) > 200 {
		t.Error(err, f.lines)
	}
}

// Statements run when they are due, and not before.
func TestStatementsRunWhenTheyAreDue(t *testing.T) {
	f, now := &fake{}, time.Unix(1000, 0)
	s, err := Read(parse(t, "SQLEXEC 'start'\nSQLEXEC 'often' EVERY 1 SECONDS\nSQLEXEC 'end' ONEXIT\n"+
		"SQLEXEC 'seldom' EVERY 1 MINUTES\n"), f, now)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return s.AtStart(t.Context(), f) }, "start/0"},
		{func() error { return s.OnSchedule(t.Context(), now, f) }, ""},
		{func() error { return s.OnSchedule(t.Context(), now.Add(time.Second), f) }, "often/0"},
		{func() error { return s.OnSchedule(t.Context(), now.Add(time.Second), f) }, ""},
		{func() error { return s.OnSchedule(t.Context(), now.Add(time.Minute), f) }, "often/0 seldom/0"},
		{func() error { return s.AtExit(t.Context(), f, false) }, "end/0"},
	}
	for i, step := range steps {
		f.queries = nil
		if err := step.do(); err != nil || strings.Join(f.queries, " ") != step.want {
			t.Errorf("step %d: %v, %q", i, err, f.queries)
		}
	}
	if next, ok := s.NextDue(); !ok || !next.Equal(now.Add(61*time.Second)) {
		t.Error(next, ok)
	}
	if err := s.AtExit(t.Context(), f, true); err == nil {
		t.Error("the end without its statement is no error")
	}
}
