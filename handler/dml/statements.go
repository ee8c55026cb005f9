package dml

import (
	"container/list"
	"context"
	"database/sql"
)

// statements keeps the prepared statements of a connection, the least used of
// them given up first.
type statements struct {
	conn   *sql.Conn
	limit  int
	byText map[string]*list.Element
	recent *list.List // of *prepared, the last used in front
}

type prepared struct {
	text string
	stmt *sql.Stmt
}

func newStatements(conn *sql.Conn, limit int) *statements {
	return &statements{conn: conn, limit: limit, byText: map[string]*list.Element{},
		recent: list.New()}
}

func (s *statements) get(ctx context.Context, text string) (*sql.Stmt, error) {
	if e, ok := s.byText[text]; ok {
		s.recent.MoveToFront(e)
		return e.Value.(*prepared).stmt, nil
	}
	if s.recent.Len() >= s.limit {
		oldest := s.recent.Remove(s.recent.Back()).(*prepared)
		delete(s.byText, oldest.text)
		_ = oldest.stmt.Close() // a connection that is gone has none left to close
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.byText[text] = s.recent.PushFront(&prepared{text: text, stmt: stmt})
	return stmt, nil
}

func (s *statements) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	stmt, err := s.get(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// execArrays executes a statement with arrays. It is not kept: drivers remember with
// a statement how its values are bound, and with many rows parsing it costs little.
func (s *statements) execArrays(ctx context.Context, text string, args []any) (sql.Result, error) {
	return s.conn.ExecContext(ctx, text, args...)
}

// forget closes all; the connection goes next.
func (s *statements) forget() {
	for e := s.recent.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*prepared).stmt.Close()
	}
	s.byText, s.recent = map[string]*list.Element{}, list.New()
}
