// Package query executes statements and procedures of the operator's own over one
// connection of a database, with values in record's form.
//
// It is no layer over SQL and begins no transaction: its caller does where one is wanted.
// Its law: no more than the first row is read, a call ends within its limit, and what a
// database gives that has no form of its own in record is text.
package query

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/record"
)

// Text is a statement as databases take it: without a semicolon at its end, but for a
// block, which ends so; numbered says that placeholders are written :1, :2 and so on.
func Text(text string, numbered bool) string {
	text = strings.TrimRight(strings.TrimSpace(text), "; \t\r\n")
	if strings.HasSuffix(strings.ToUpper(text), "END") {
		text += ";"
	}
	if numbered {
		text = checkpointtable.Numbered(text)
	}
	return text
}

// Limit bounds a call by its own limit; zero leaves it to ctx.
func Limit(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}

// Ask executes a statement and reads its first row if that is wanted.
func Ask(ctx context.Context, conn *sql.Conn, text string, rows bool, args []any,
) (*handler.Answer, error) {
	if !rows {
		result, err := conn.ExecContext(ctx, text, args...)
		if err != nil {
			return nil, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			n = 0 // a statement that counts no rows
		}
		return &handler.Answer{Rows: n}, nil
	}
	found, err := conn.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	answer := &handler.Answer{}
	if !found.Next() {
		return answer, found.Err()
	}
	if answer.Columns, err = found.Columns(); err != nil {
		return nil, err
	}
	values := make([]any, len(answer.Columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	if err := found.Scan(into...); err != nil {
		return nil, err
	}
	for _, v := range values {
		answer.Values = append(answer.Values, encoded(v))
	}
	return answer, found.Close()
}

// Args gives the driver's form of values whose columns are not known.
func Args(values [][]byte) ([]any, error) {
	var args []any
	for _, e := range values {
		v, _, err := record.DecodeValue(e)
		if err != nil {
			return nil, &handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}
		}
		switch v.Kind {
		case record.Null, record.Missing:
			args = append(args, nil)
		case record.Int:
			args = append(args, int64(v.N))
		case record.Bytes:
			args = append(args, append([]byte{}, v.B...))
		default:
			args = append(args, string(v.Text(nil, -1)))
		}
	}
	return args, nil
}

// encoded gives a driver's value in record's form; what has no form of its own there is
// a text.
func encoded(v any) []byte {
	switch x := v.(type) {
	case nil:
		return record.AppendNull(nil)
	case int64:
		return record.AppendInt(nil, x)
	case []byte:
		return record.AppendText(nil, record.String, string(x))
	case time.Time:
		return record.AppendText(nil, record.String, x.Format("2006-01-02 15:04:05.999999999"))
	}
	return record.AppendText(nil, record.String, fmt.Sprint(v))
}

// Lost reports whether an error is the connection's, whatever the product.
func Lost(err error) bool {
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network)
}
