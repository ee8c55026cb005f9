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
	byName map[string]*list.Element
	recent *list.List // of *prepared, the last used in front
}

type prepared struct {
	name string
	stmt *sql.Stmt
}

func newStatements(conn *sql.Conn, limit int) *statements {
	return &statements{conn: conn, limit: limit, byName: map[string]*list.Element{},
		recent: list.New()}
}

// get gives the statement that is kept under a name.
func (s *statements) get(ctx context.Context, name, text string) (*sql.Stmt, error) {
	if e, ok := s.byName[name]; ok {
		s.recent.MoveToFront(e)
		return e.Value.(*prepared).stmt, nil
	}
	if s.recent.Len() >= s.limit {
		oldest := s.recent.Remove(s.recent.Back()).(*prepared)
		delete(s.byName, oldest.name)
		_ = oldest.stmt.Close() // a connection that is gone has none left to close
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.byName[name] = s.recent.PushFront(&prepared{name: name, stmt: stmt})
	return stmt, nil
}

func (s *statements) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	stmt, err := s.get(ctx, text, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// execArrays executes a statement with arrays. It is prepared apart: drivers keep
// with a statement how its values are bound.
func (s *statements) execArrays(ctx context.Context, text string, args []any) (sql.Result, error) {
	stmt, err := s.get(ctx, "arrays "+text, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// forget closes all; the connection goes next.
func (s *statements) forget() {
	for e := s.recent.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*prepared).stmt.Close()
	}
	s.byName, s.recent = map[string]*list.Element{}, list.New()
}
