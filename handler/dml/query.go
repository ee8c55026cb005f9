package dml

import (
	"context"

	"ggsh/handler"
	"ggsh/handler/query"
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
	args, err := query.Args(q.Args)
	if err != nil {
		return nil, err
	}
	ctx, cancel := query.Limit(ctx, q.Limit)
	defer cancel()
	begin := a.dialect.Begin
	if a.parts {
		begin = Statement("SAVEPOINT " + querySavepoint)
	}
	if err := begin(ctx, a.conn); err != nil {
		a.endQuery()
		return nil, a.fail(err, "begin")
	}
	answer, err := a.ask(ctx, &q, args)
	if err != nil {
		a.endQuery()
		return nil, a.fail(err, "execute "+q.Text)
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

// ask executes a statement or calls a procedure.
func (a *Applier) ask(ctx context.Context, q *handler.Query, args []any) (*handler.Answer, error) {
	if q.Call != nil {
		return a.calls.Call(ctx, a.conn, q.Call, args)
	}
	return query.Ask(ctx, a.conn, query.Text(q.Text, a.dialect.Numbered && len(args) > 0), q.Rows, args)
}
