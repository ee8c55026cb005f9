package tns

import (
	"context"
	"io"
	"strings"
	"sync"
)

// Script is a Backend whose answers a test writes down. What drivers ask on their own
// at every login, it answers itself.
type Script struct {
	// Answer answers a call; nil answers with nothing.
	Answer func(ctx context.Context, c Call) (*Result, error)
	// Refuse is the answer to every login, if it is an error.
	Refuse *Error

	mu     sync.Mutex
	calls  []Call
	ends   []string
	logins []Login
	open   int
}

// Login lets everybody in.
func (s *Script) Login(l Login) (Session, error) {
	if s.Refuse != nil {
		return nil, s.Refuse
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins = append(s.logins, l)
	s.open++
	return &scripted{s}, nil
}

// Calls are the calls so far, but for those that drivers make on their own.
func (s *Script) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Ends are the words COMMIT and ROLLBACK in their order.
func (s *Script) Ends() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.ends...)
}

// Logins are all logins so far.
func (s *Script) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Login(nil), s.logins...)
}

// Open is how many sessions are open.
func (s *Script) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *Script) note(c *Call, end string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c != nil {
		s.calls = append(s.calls, *c)
	} else {
		s.ends = append(s.ends, end)
	}
}

type scripted struct{ *Script }

func (s *scripted) Execute(ctx context.Context, c Call) (*Result, error) {
	if r := OfDriver(c); r != nil {
		return r, nil
	}
	s.note(&c, "")
	if s.Answer == nil {
		return nil, nil
	}
	return s.Answer(ctx, c)
}

func (s *scripted) Commit() error { s.note(nil, "COMMIT"); return nil }

func (s *scripted) Rollback() error { s.note(nil, "ROLLBACK"); return nil }

func (s *scripted) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	return nil
}

// OfDriver answers what drivers ask on their own: the session's settings, which nothing
// here depends on. Nil is for any other call. A Backend may try it first.
func OfDriver(c Call) *Result {
	sql := strings.ToUpper(strings.TrimSpace(c.SQL))
	switch {
	case strings.HasPrefix(sql, "ALTER SESSION SET"):
		return &Result{}
	case strings.HasPrefix(sql, "BEGIN") && strings.Contains(sql, "NLS_SESSION_PARAMETERS"):
		row := make([]any, 0, 16)
		for range c.Binds[0] {
			row = append(row, "BINARY")
		}
		return &Result{Out: [][]any{row}}
	}
	return nil
}

// RowsOf are rows that are in memory.
func RowsOf(rows ...[]any) Rows { return &memory{rows: rows} }

type memory struct{ rows [][]any }

func (m *memory) Next() ([]any, error) {
	if len(m.rows) == 0 {
		return nil, io.EOF
	}
	row := m.rows[0]
	m.rows = m.rows[1:]
	return row, nil
}

func (m *memory) Close() error { return nil }
