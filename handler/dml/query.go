package dml

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ggsh/checkpointtable"
	"ggsh/handler"
	"ggsh/record"
)

// querySavepoint keeps the transaction of parts from a query that fails.
const querySavepoint = "ggsh_query"

// Query executes a statement of the operator's: in the transaction of parts, or else
// in one of its own, so that databases that do not commit by themselves keep what it
// did.
func (a *Applier) Query(ctx context.Context, q handler.Query) (*handler.Answer, error) {
	if a.conn == nil {
		return nil, errNotOpen()
	}
	args, err := plainArgs(q.Args)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(strings.TrimSpace(q.Text), ";")
	if strings.HasSuffix(strings.ToUpper(text), "END") {
		text += ";" // of a block, which ends so
	}
	if a.dialect.Numbered && len(args) > 0 {
		text = checkpointtable.Numbered(text)
	}
	begin := a.dialect.Begin
	if a.parts {
		begin = Statement("SAVEPOINT " + querySavepoint)
	}
	if err := begin(ctx, a.conn); err != nil {
		a.endQuery()
		return nil, a.fail(err, "begin")
	}
	answer, err := a.ask(ctx, text, q.Rows, args)
	if err != nil {
		a.endQuery()
		return nil, a.fail(err, "execute "+text)
	}
	if a.parts {
		return answer, nil
	}
	if _, err := a.conn.ExecContext(ctx, "COMMIT"); err != nil {
		a.rollback()
		return nil, a.fail(err, "commit")
	}
	if !q.Rows {
		a.stmts.forget() // it may have changed what they were prepared for
	}
	return answer, nil
}

// endQuery undoes a query that has failed, and nothing before it.
func (a *Applier) endQuery() {
	if !a.parts {
		a.rollback()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if _, err := a.conn.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+querySavepoint); err != nil {
		a.drop() // the transaction is gone, or nothing is known of it
	}
}

// ask executes a statement and reads its first row if that is wanted.
func (a *Applier) ask(ctx context.Context, text string, rows bool, args []any) (*handler.Answer,
	error) {
	if !rows {
		result, err := a.conn.ExecContext(ctx, text, args...)
		if err != nil {
			return nil, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			n = 0 // a statement that counts no rows
		}
		return &handler.Answer{Rows: n}, nil
	}
	found, err := a.conn.QueryContext(ctx, text, args...)
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
		answer.Values = append(answer.Values, encodedAnswer(v))
	}
	return answer, found.Close()
}

// plainArgs gives the driver's form of values whose columns are not known.
func plainArgs(encoded [][]byte) ([]any, error) {
	var args []any
	for _, e := range encoded {
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

// encodedAnswer gives a driver's value in record's form; what has no form of its own
// there is a text.
func encodedAnswer(v any) []byte {
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
