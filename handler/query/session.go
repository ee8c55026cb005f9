package query

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ggsh/handler"
)

// Product is what a Session has to know of its database.
type Product struct {
	Name string // for messages
	// Numbered says that placeholders are written :1, :2 and so on.
	Numbered bool
	// Calls is how procedures are called.
	Calls Calls
	// Fault reads a native error; ok is false for errors that are not the database's.
	Fault func(err error) (class handler.Class, code int, text string, ok bool)
}

// Session executes statements over one connection, each in a transaction of its own; it
// is a handler.Querier. Calls come one at a time.
type Session struct {
	conn    *sql.Conn
	product Product
	calls   Procedures
	broken  bool
}

// Open takes a connection of db.
func Open(ctx context.Context, db *sql.DB, p Product) (*Session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &Session{conn: conn, product: p, calls: Procedures{Calls: p.Calls, Product: p.Name}}, nil
}

// Close gives the connection back.
func (s *Session) Close() error {
	err := s.conn.Close()
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

// Query executes a statement or a procedure. It fails with an *handler.ApplyError; one of
// class Connection says that the session is of no use any more. A call that does not end
// within its limit fails as one that the database has refused.
func (s *Session) Query(ctx context.Context, q handler.Query) (*handler.Answer, error) {
	if s.broken {
		return nil, &handler.ApplyError{Class: handler.Connection, Op: -1,
			Text: "the connection was given up"}
	}
	args, err := Args(q.Args)
	if err != nil {
		return nil, err
	}
	limited, cancel := Limit(ctx, q.Limit)
	defer cancel()
	var answer *handler.Answer
	if q.Call != nil {
		answer, err = s.calls.Call(limited, s.conn, q.Call, args)
	} else {
		text := Text(q.Text, s.product.Numbered && len(args) > 0)
		answer, err = Ask(limited, s.conn, text, q.Rows, args)
	}
	if err == nil {
		return answer, nil
	}
	if limited.Err() != nil && ctx.Err() == nil {
		s.broken = true
		return nil, overdue(q.Limit)
	}
	return nil, s.failed(err)
}

func overdue(limit time.Duration) error {
	return &handler.ApplyError{Class: handler.Setup, Op: -1,
		Text: fmt.Sprintf("no end within %s", limit)}
}

// failed gives an error a class.
func (s *Session) failed(err error) error {
	var known *handler.ApplyError
	if errors.As(err, &known) {
		return known
	}
	e := &handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}
	if class, code, text, ok := s.product.Fault(err); ok {
		e.Class, e.Code, e.Text = class, code, text
	} else if Lost(err) {
		e.Class = handler.Connection
	}
	s.broken = s.broken || e.Class == handler.Connection
	return e.Because(err)
}
