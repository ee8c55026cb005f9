package oracleclient

import (
	"context"
	"database/sql/driver"
	"errors"
	"reflect"

	goora "github.com/sijms/go-ora/v2"
)

// stmt is a statement that is executed more than once.
type stmt struct {
	conn   *conn
	text   string
	driver *goora.Stmt
	// types are those of the last binds, nil where only NULL has been bound.
	types []reflect.Type
}

// Close closes the statement's cursor.
func (s *stmt) Close() error {
	if s.conn.link.dead.Load() {
		return nil
	}
	return s.conn.call(context.Background(), func(context.Context) error { return s.driver.Close() })
}

// NumInput leaves counting to the server.
func (s *stmt) NumInput() int { return -1 }

// CheckNamedValue lets the driver's own types through.
func (s *stmt) CheckNamedValue(v *driver.NamedValue) error { return checkValue(v) }

// Exec is for the interface.
func (s *stmt) Exec([]driver.Value) (driver.Result, error) { return nil, errOldInterface }

// Query is for the interface.
func (s *stmt) Query([]driver.Value) (driver.Rows, error) { return nil, errOldInterface }

var errOldInterface = errors.New("only calls with a context are made")

// ExecContext executes.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	var result driver.Result
	err := s.conn.call(ctx, func(ctx context.Context) (err error) {
		if err := s.renew(args); err != nil {
			return err
		}
		result, err = s.driver.ExecContext(ctx, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// QueryContext queries.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.query(ctx, func(ctx context.Context) (driver.Rows, error) {
		if err := s.renew(args); err != nil {
			return nil, err
		}
		return s.driver.QueryContext(ctx, args)
	})
}

// renew begins with a fresh cursor when a bind's type has changed: the driver tells the
// server of longer values only, so that a number would be stored as the octets of a text.
func (s *stmt) renew(args []driver.NamedValue) error {
	if len(s.types) != len(args) {
		s.types = make([]reflect.Type, len(args))
	}
	changed := false
	for i, a := range args {
		t := bindType(a.Value)
		if t == nil {
			continue
		}
		changed = changed || s.types[i] != nil && s.types[i] != t
		s.types[i] = t
	}
	if !changed {
		return nil
	}
	err := s.driver.Close()
	s.driver = goora.NewStmt(s.text, s.conn.driver)
	return err
}

// bindType is the type of a value, or of the first value of an array.
func bindType(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Slice || t.Elem().Kind() != reflect.Interface {
		return t
	}
	list := reflect.ValueOf(v)
	for i := range list.Len() {
		if e := list.Index(i); !e.IsNil() {
			return e.Elem().Type()
		}
	}
	return nil
}
