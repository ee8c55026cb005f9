package oracleclient

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	goora "github.com/sijms/go-ora/v2"
)

// conn watches one connection of the driver. It is one goroutine's at a time, as
// database/sql promises, but for the end of a context.
type conn struct {
	driver *goora.Connection
	link   *link
	grace  time.Duration
	secure bool
}

// errPanic is of a driver that has lost its way in an answer.
var errPanic = errors.New("the driver panicked")

// guard turns a panic of the driver into an error.
func guard(f func() error) (err error) {
	defer recovered(&err)
	return f()
}

// recovered is for a defer.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v at %s", errPanic, p, firstFrame(debug.Stack()))
	}
}

// call runs one call of the driver within its context.
func (c *conn) call(ctx context.Context, f func(context.Context) error) error {
	if c.link.dead.Load() {
		return driver.ErrBadConn
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	before := c.link.begin()
	end := c.watch(ctx)
	// The driver's own breaks race with its reading: it is given no context that ends.
	err := guard(func() error { return f(context.WithoutCancel(ctx)) })
	interrupted := end()
	return c.outcome(ctx, err, interrupted, c.link.wrote.Load() > before)
}

// watch interrupts the call when its context ends. The function that it gives ends the
// watch and tells whether that happened.
func (c *conn) watch(ctx context.Context) (end func() bool) {
	if ctx.Done() == nil {
		return func() bool { return false }
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		c.giveUp()
	})
	return func() bool {
		if stop() {
			return false
		}
		<-done
		return true
	}
}

// giveUp asks the server to end the call, and bounds how long that may take. Below TLS
// there is no way to ask.
func (c *conn) giveUp() {
	if c.secure {
		c.link.kill()
		return
	}
	c.link.interrupt()
	c.link.within(c.grace)
}

// outcome judges how a call ended and whether the connection can be used again.
func (c *conn) outcome(ctx context.Context, err error, interrupted, sent bool) error {
	switch {
	case err == nil || err == io.EOF || errors.Is(err, driver.ErrSkip):
		if interrupted {
			c.link.kill() // an answer to the break may be on its way
		}
		return err
	case err == driver.ErrBadConn && !sent && !interrupted:
		c.link.kill()
		return err
	}
	e := settle(err)
	canceled := e.Code == 1013
	if interrupted {
		e = &Error{Class: Canceled, Code: 1013, Text: "the call was given up: " + ctx.Err().Error(),
			Err: errors.Join(ctx.Err(), err)}
	}
	if e.Class == Lost || errors.Is(err, errPanic) || interrupted && !canceled {
		c.link.kill()
	}
	return e
}

// IsValid tells the pool whether to keep the connection.
func (c *conn) IsValid() bool { return !c.link.dead.Load() }

// ResetSession is called before the pool hands the connection out again.
func (c *conn) ResetSession(context.Context) error {
	if c.link.dead.Load() {
		return driver.ErrBadConn
	}
	return nil
}

// Close logs off, if there is anybody to tell.
func (c *conn) Close() error {
	if !c.link.dead.Load() {
		c.link.within(c.grace)
		// What a log-off says is of no use: the socket goes in any case.
		_ = guard(c.driver.Close)
	}
	c.link.kill()
	return nil
}

// Ping asks the server for a sign of life.
func (c *conn) Ping(ctx context.Context) error {
	return c.call(ctx, c.driver.Ping)
}

// CheckNamedValue lets the driver's own types through.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error { return checkValue(v) }

// Prepare is for the interface: database/sql calls PrepareContext.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext makes a statement; the server hears of it when it is executed.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.link.dead.Load() {
		return nil, driver.ErrBadConn
	}
	return &stmt{conn: c, text: query, driver: goora.NewStmt(query, c.driver)}, nil
}

// ExecContext executes once.
func (c *conn) ExecContext(ctx context.Context, query string,
	args []driver.NamedValue) (result driver.Result, err error) {
	err = c.call(ctx, func(ctx context.Context) (err error) {
		result, err = c.driver.ExecContext(ctx, query, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// QueryContext queries once.
func (c *conn) QueryContext(ctx context.Context, query string,
	args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, func(ctx context.Context) (driver.Rows, error) {
		return c.driver.QueryContext(ctx, query, args)
	})
}

func (c *conn) query(ctx context.Context,
	f func(context.Context) (driver.Rows, error)) (driver.Rows, error) {
	var raw driver.Rows
	err := c.call(ctx, func(ctx context.Context) (err error) {
		raw, err = f(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	set, ok := raw.(*goora.DataSet)
	if !ok {
		return nil, fmt.Errorf("the driver gave rows of type %T", raw)
	}
	return newRows(ctx, c, set), nil
}

// Begin is for the interface: database/sql calls BeginTx.
func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx begins a transaction, of which the server hears with its first statement.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if c.link.dead.Load() {
		return nil, driver.ErrBadConn
	}
	inner, err := c.driver.BeginTx(context.WithoutCancel(ctx), opts)
	if err != nil {
		return nil, err
	}
	return &tx{conn: c, driver: inner}, nil
}

// tx ends a transaction.
type tx struct {
	conn   *conn
	driver driver.Tx
}

// Commit commits. After an error whose class is Lost, nobody knows whether it has.
func (t *tx) Commit() error {
	return t.conn.call(context.Background(), func(context.Context) error { return t.driver.Commit() })
}

// Rollback rolls back.
func (t *tx) Rollback() error {
	return t.conn.call(context.Background(),
		func(context.Context) error { return t.driver.Rollback() })
}
