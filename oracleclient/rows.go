package oracleclient

import (
	"context"
	"database/sql/driver"
	"net"
	"reflect"
	"sync/atomic"

	goora "github.com/sijms/go-ora/v2"
)

// rows are a query's. Its context is watched once, not once a row.
type rows struct {
	conn  *conn
	ctx   context.Context
	set   *goora.DataSet
	state atomic.Int32
	stop  func() bool
	over  chan struct{} // closed when what the context's end makes happen has happened
}

// The states of rows.
const (
	idle = iota
	fetching
	ended
)

func newRows(ctx context.Context, c *conn, set *goora.DataSet) *rows {
	r := &rows{conn: c, ctx: ctx, set: set, stop: func() bool { return true }}
	if ctx.Done() != nil {
		r.over = make(chan struct{})
		r.stop = context.AfterFunc(ctx, func() {
			defer close(r.over)
			if r.state.Swap(ended) == fetching {
				c.giveUp()
			}
		})
	}
	return r
}

// Columns are the columns' names.
func (r *rows) Columns() []string { return r.set.Columns() }

// Close closes the query's cursor.
func (r *rows) Close() error {
	if !r.stop() {
		<-r.over
	}
	if r.conn.link.dead.Load() {
		return nil
	}
	ctx := context.WithoutCancel(r.ctx)
	if r.ctx.Err() != nil {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, r.conn.grace)
		defer cancel()
	}
	return r.conn.call(ctx, func(context.Context) error { return r.set.Close() })
}

// Next gives the next row.
func (r *rows) Next(dest []driver.Value) error {
	if r.conn.link.dead.Load() {
		return r.conn.outcome(r.ctx, net.ErrClosed, false, true)
	}
	if !r.state.CompareAndSwap(idle, fetching) {
		return r.ctx.Err()
	}
	before := r.conn.link.begin()
	err := r.next(dest)
	interrupted := !r.state.CompareAndSwap(fetching, idle)
	if interrupted {
		<-r.over
	}
	if err == nil && !interrupted {
		return nil
	}
	return r.conn.outcome(r.ctx, err, interrupted, r.conn.link.wrote.Load() > before)
}

func (r *rows) next(dest []driver.Value) (err error) {
	defer recovered(&err)
	return r.set.Next(dest)
}

// ColumnTypeDatabaseTypeName is Oracle's name of a type.
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	return r.set.ColumnTypeDatabaseTypeName(i)
}

// ColumnTypeLength is a text's longest length in characters.
func (r *rows) ColumnTypeLength(i int) (int64, bool) { return r.set.ColumnTypeLength(i) }

// ColumnTypeNullable tells whether NULL can come.
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) { return r.set.ColumnTypeNullable(i) }

// ColumnTypePrecisionScale are a NUMBER's; a NUMBER without them has none.
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	precision, scale, ok = r.set.ColumnTypePrecisionScale(i)
	if scale == 0xff && precision == 38 {
		return 0, 0, false
	}
	return precision, int64(int8(scale)), ok // the driver takes a negative one for a large one
}

// ColumnTypeScanType is what Next gives: a NUMBER is text.
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	if t := r.set.ColumnTypeScanType(i); t != nil && t.Kind() != reflect.Float64 &&
		t.Kind() != reflect.Int64 {
		return t
	}
	if r.ColumnTypeDatabaseTypeName(i) == "IBDouble" {
		return reflect.TypeFor[float64]()
	}
	return reflect.TypeFor[string]()
}
