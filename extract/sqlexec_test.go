package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ggsh/control"
	"ggsh/handler"
	"ggsh/record"
)

// desk is a database that answers, fails at the calls with the given numbers, and keeps a
// list of what it was asked.
type desk struct {
	t      *testing.T
	asked  []string
	fail   map[int]*handler.ApplyError
	opens  int
	closes int
	away   int // how often opening fails, once it was open
	called chan struct{}
}

func (d *desk) open(context.Context) (Session, error) {
	if d.opens > 0 && d.away > 0 {
		d.away--
		return nil, errors.New("refused")
	}
	d.opens++
	return d, nil
}

func (d *desk) Close() error { d.closes++; return nil }

func (d *desk) Query(_ context.Context, q handler.Query) (*handler.Answer, error) {
	text := q.Text
	for _, a := range q.Args {
		v, _, err := record.DecodeValue(a)
		if err != nil {
			d.t.Error(err)
		}
		text += " " + string(v.Text(nil, -1))
	}
	d.asked = append(d.asked, text)
	if d.called != nil && len(d.asked) == 1 {
		close(d.called)
	}
	if err := d.fail[len(d.asked)]; err != nil {
		return nil, err
	}
	return &handler.Answer{Columns: []string{"x"}, Values: [][]byte{
		record.AppendText(nil, record.String, fmt.Sprint("answer", len(d.asked)))}}, nil
}

const asking = "EXTTRAIL ./dirdat/lt\nTABLE hr.other, SQLEXEC (ID q, QUERY 'SELECT ?', PARAMS (p = id)%s), " +
	"COLMAP (USEDEFAULTS, v = @GETVAL (q.x));\n"

func runAsking(t *testing.T, params string, d *desk, n int) (*fixture, error) {
	t.Helper()
	d.t = t
	f := newFixture(t, captureGroup, params)
	f.session = d.open
	return f, f.run("E1", fromScript(n), -1)
}

func TestQueriesOfTABLE(t *testing.T) {
	for option, want := range map[string]string{"": "SELECT ? 1, SELECT ? 2, SELECT ? 3",
		", EXEC ONCE": "SELECT ? 1", ", EXEC TRANSACTION": "SELECT ? 1, SELECT ? 2, SELECT ? 3"} {
		d := &desk{}
		f, err := runAsking(t, fmt.Sprintf(asking, option), d, 3)
		if got := strings.Join(d.asked, ", "); err != nil || got != want {
			t.Errorf("%s: %s, not %s; %v", option, got, want, err)
		}
		if got := f.transactions(lt); len(got) != 3 || d.opens != d.closes {
			t.Errorf("%s: %q, %+v", option, got, d)
		}
	}
}

// A session that is lost is opened anew, set up anew, and the query is asked again.
func TestALostSessionIsOpenedAnew(t *testing.T) {
	gone := &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "gone"}
	d := &desk{fail: map[int]*handler.ApplyError{3: gone}, away: 1}
	f, err := runAsking(t, "SQLEXEC 'set up'\nSQLEXEC 'end' ONEXIT\n"+fmt.Sprintf(asking, ""), d, 3)
	want := []string{"set up", "SELECT ? 1", "SELECT ? 2", "set up", "SELECT ? 2", "SELECT ? 3", "end"}
	if err != nil || !slices.Equal(d.asked, want) || d.opens != 2 || d.closes != 2 {
		t.Errorf("%v, %q, %+v", err, d.asked, d)
	}
	if got := f.transactions(lt); len(got) != 3 {
		t.Errorf("%q", got)
	}
}

// What the database refuses is decided on by ERROR; the report and the error name the
// query.
func TestQueriesThatFail(t *testing.T) {
	refused := &handler.ApplyError{Class: handler.Setup, Op: -1, Code: 1146, Text: "no table"}
	for option, fatal := range map[string]bool{"": false, ", ERROR REPORT": false, ", ERROR FATAL": true} {
		d := &desk{fail: map[int]*handler.ApplyError{2: refused}}
		f, err := runAsking(t, fmt.Sprintf(asking, option), d, 3)
		if fatal != (err != nil) || fatal && !strings.Contains(err.Error(), "SQLEXEC q: error 1146: no table") {
			t.Errorf("%s: %v", option, err)
		}
		text, rerr := os.ReadFile(f.home.Report("E1", -1))
		if told := strings.Contains(string(text), "no table"); rerr != nil || told != (option != "") {
			t.Errorf("%s: %v\n%s", option, rerr, text)
		}
	}
}

func TestAStatementOfTheStartThatFails(t *testing.T) {
	d := &desk{fail: map[int]*handler.ApplyError{1: {Class: handler.Setup, Op: -1, Text: "no"}}}
	_, err := runAsking(t, "SQLEXEC 'set up'\n"+fmt.Sprintf(asking, ""), d, 3)
	if err == nil || !strings.Contains(err.Error(), "SQLEXEC: no") || d.opens != 1 || d.closes != 1 {
		t.Errorf("%v, %+v", err, d)
	}
}

// An order to stop ends the waiting for a database that is away; the transaction comes
// again in the next run.
func TestWaitingForTheDatabaseEndsByOrder(t *testing.T) {
	gone := &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "gone"}
	d := &desk{t: t, fail: map[int]*handler.ApplyError{1: gone}, away: 1 << 20, called: make(chan struct{})}
	f := newFixture(t, captureGroup, fmt.Sprintf(asking, ""))
	f.session = d.open
	cfg, p := f.config("E1", fromScript(3), -1)
	e, done := newEngine(cfg), make(chan error, 1)
	go func() { done <- e.run(t.Context(), e.session) }()
	<-d.called
	e.Respond(t.Context(), control.Request{Verb: control.Stop})
	err := <-done
	p.Close(err)
	if got := f.transactions(lt); err != nil || len(got) != 0 {
		t.Errorf("%v, %q", err, got)
	}
	d.fail, d.away, d.called = nil, 0, nil
	if err := f.run("E1", fromScript(3), -1); err != nil {
		t.Fatal(err)
	}
	if got := f.transactions(lt); len(got) != 3 {
		t.Errorf("%q", got)
	}
}

// TestAnEventIsDecidedByAnAnswer: FILTER of a statement with EVENTACTIONS sees what its
// SQLEXEC gave, which is asked once for each record, and SHELL is given it.
func TestAnEventIsDecidedByAnAnswer(t *testing.T) {
	d := &desk{}
	f, err := runAsking(t, "EXTTRAIL ./dirdat/lt\nTABLE hr.other, SQLEXEC (ID q, QUERY 'SELECT ?', "+
		"PARAMS (p = id), BEFOREFILTER), FILTER (@STREQ (@GETVAL (q.x), 'answer2') > 0), "+
		"EVENTACTIONS (IGNORE, LOG, SHELL ('echo \"$a\" >> told', VAR a = @GETVAL (q.x)));\n"+
		"TABLE hr.other;\n", d, 3)
	if want := "SELECT ? 1, SELECT ? 2, SELECT ? 3"; err != nil || strings.Join(d.asked, ", ") != want {
		t.Fatalf("%q; %v", d.asked, err)
	}
	if got := f.transactions(lt); len(got) != 3 {
		t.Errorf("%q", got)
	}
	if told, err := os.ReadFile(f.home.Join("told")); err != nil || string(told) != "answer2\n" {
		t.Errorf("%q %v", told, err)
	}
}
