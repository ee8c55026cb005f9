package query

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the embedded database

	"ggsh/handler"
	"ggsh/record"
)

func open(t *testing.T, p Product) *Session {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if p.Fault == nil {
		p.Fault = func(error) (handler.Class, int, string, bool) { return "", 0, "", false }
	}
	s, err := Open(t.Context(), db, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func classOf(err error) handler.Class {
	var failed *handler.ApplyError
	if errors.As(err, &failed) {
		return failed.Class
	}
	return ""
}

// The first row comes in record's form, whatever its type, and no more than that is read.
func TestTheFirstRowIsTheAnswer(t *testing.T) {
	s := open(t, Product{})
	args := [][]byte{record.AppendInt(nil, 7), record.AppendNull(nil),
		record.AppendText(nil, record.String, "é"), record.AppendText(nil, record.Decimal, "1.50")}
	got, err := s.Query(t.Context(), handler.Query{Text: " SELECT ? AS a, ? AS b, ? AS c, ? AS d " +
		"UNION ALL SELECT 1, 2, 3, 4; ", Args: args, Rows: true})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range got.Values {
		v, _, err := record.DecodeValue(e)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(v.Text(nil, -1)))
	}
	if names, values := strings.Join(got.Columns, ","), strings.Join(texts, ","); names != "a,b,c,d" ||
		values != "7,,é,1.50" {
		t.Error(names, values)
	}
	got, err = s.Query(t.Context(), handler.Query{Text: "SELECT 1 WHERE 0", Rows: true})
	if err != nil || len(got.Values) != 0 {
		t.Error(got, err)
	}
}

// A statement without end is given up; the session is then of no use, and says so.
func TestALimitEndsACall(t *testing.T) {
	s := open(t, Product{})
	_, err := s.Query(t.Context(), handler.Query{Rows: true, Limit: 50 * time.Millisecond,
		Text: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"})
	if classOf(err) != handler.Setup || !strings.Contains(err.Error(), "no end within 50ms") {
		t.Error(err)
	}
	_, err = s.Query(t.Context(), handler.Query{Text: "SELECT 1", Rows: true})
	if classOf(err) != handler.Connection {
		t.Error(err)
	}
}

// What the caller gives up is no fault of the statement.
func TestACallThatIsGivenUp(t *testing.T) {
	s := open(t, Product{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Query(ctx, handler.Query{Text: "SELECT 1", Rows: true, Limit: time.Minute})
	if classOf(err) != handler.Connection {
		t.Error(err)
	}
}

func TestFaultsHaveTheProductsClass(t *testing.T) {
	s := open(t, Product{Fault: func(err error) (handler.Class, int, string, bool) {
		return handler.Conflict, 5, "busy", true
	}})
	_, err := s.Query(t.Context(), handler.Query{Text: "no SQL"})
	if classOf(err) != handler.Conflict || err.Error() != "error 5: busy" {
		t.Error(err)
	}
	_, err = s.Query(t.Context(), handler.Query{Call: &handler.Call{Name: "p"}})
	if classOf(err) != handler.Order {
		t.Error(err)
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{" a ; ": "a", "BEGIN p; END;": "BEGIN p; END;",
		"begin p; end": "begin p; end;"} {
		if got := Text(text, false); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := Text("select ?, '?', ?;", true); got != "select :1, '?', :2" {
		t.Error(got)
	}
}

// Names are matched with parameters whatever their case, and once for the same names.
func TestParametersAreMatchedByName(t *testing.T) {
	p := &procedure{names: []string{"A", "b", "c"}, in: []bool{true, true, false},
		out: []bool{false, true, true}}
	for _, c := range []struct {
		params []string
		want   string
	}{
		{[]string{"b", "a"}, ""},
		{[]string{"b", "a"}, ""},
		{nil, ""},
		{[]string{"x"}, "procedure p has no parameter x; it has A, b, c"},
		{[]string{"C"}, "parameter C of procedure p is an OUT parameter: it takes no value"},
	} {
		err := p.match(&handler.Call{Name: "p", Params: c.params})
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || err.Error() != c.want):
			t.Errorf("%q: %v", c.params, err)
		case c.want == "" && len(c.params) == 2 && (p.order[0] != 1 || p.order[1] != 0 || p.order[2] != -1):
			t.Errorf("%q: %v", c.params, p.order)
		}
	}
}
