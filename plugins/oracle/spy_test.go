package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"ggsh/handler/handlertest"
	"ggsh/tests/tns"
)

// spy notes what a server is asked.
type spy struct {
	tns.Backend
	mu    sync.Mutex
	calls []string // statement, and rows of binds
	left  int      // calls until cut is called
	late  bool     // after the last call was executed, not before
	cut   func()

	// triggered says that every table has a trigger.
	triggered bool
}

// cutAfter orders a call of cut at the n-th execution from now, before or after it.
func (s *spy) cutAfter(n int, late bool, cut func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.late, s.cut = n, late, cut
}

// due counts one execution and gives what is to be called before and after it.
func (s *spy) due() (before, after func()) {
	nothing := func() {}
	if s.left--; s.left != 0 {
		return nothing, nothing
	}
	if s.late {
		return nothing, s.cut
	}
	return s.cut, nothing
}

func (s *spy) Login(l tns.Login) (tns.Session, error) {
	session, err := s.Backend.Login(l)
	return &spySession{session, s}, err
}

type spySession struct {
	tns.Session
	spy *spy
}

func (s *spySession) Execute(ctx context.Context, c tns.Call) (*tns.Result, error) {
	s.spy.mu.Lock()
	s.spy.calls = append(s.spy.calls, fmt.Sprintf("%d %s", max(1, len(c.Binds)), c.SQL))
	before, after := s.spy.due()
	triggered := s.spy.triggered
	s.spy.mu.Unlock()
	if triggered && strings.Contains(c.SQL, "FROM all_triggers") {
		return &tns.Result{Columns: []tns.Column{{Name: "N", Type: tns.Number}}, Rows: &oneRow{}}, nil
	}
	before()
	defer after()
	return s.Session.Execute(ctx, c)
}

// taken gives the calls that contain a text since the last time.
func (s *spy) taken(part string) (found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if strings.Contains(c, part) {
			found = append(found, c)
		}
	}
	s.calls = nil
	return found
}

// oneRow is a row with the number 1.
type oneRow struct{ given bool }

func (r *oneRow) Next() ([]any, error) {
	if r.given {
		return nil, io.EOF
	}
	r.given = true
	return []any{"1"}, nil
}

func (r *oneRow) Close() error { return nil }

// TestTriggers: tables with triggers keep the order of their operations, and where
// triggers cannot be suppressed the report says what to do.
func TestTriggers(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE fired (id NUMBER(18) PRIMARY KEY, v NUMBER)")
	s.spy.triggered = true
	for options, want := range map[string]string{"suppresstriggers": "DISABLE ALL TRIGGERS", "other": ""} {
		a := s.open(t, options, map[string]string{options: "true"})
		table := use(t, a, 1, "fired")
		i := handlertest.Int
		s.spy.taken("")
		applied := apply(t, a, batchOf(200, table, table.Insert(i(1), i(1)),
			table.Update(handlertest.Row(i(1), i(1)), handlertest.Row(i(1), i(2))),
			table.Insert(i(2), i(1)), table.Delete(i(1), i(2)), table.Delete(i(2), i(1))))
		var verbs []string
		for _, c := range s.spy.taken(`"FIRED"`) {
			verbs = append(verbs, strings.Join(strings.Fields(c)[:2], " "))
		}
		if got := strings.Join(verbs, ", "); got != "1 INSERT, 1 UPDATE, 1 INSERT, 2 DELETE" {
			t.Errorf("%s: %s", options, got)
		}
		if notes := strings.Join(applied.Notes, "\n"); (want == "") != (notes == "") ||
			!strings.Contains(notes, want) {
			t.Errorf("%s: notes %q", options, notes)
		}
	}
}
