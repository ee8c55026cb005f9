package dml

import (
	"context"
	"strings"

	"ggsh/handler"
)

// Query executes a statement of the operator's in a transaction of its own, so that
// databases that do not commit by themselves keep what it did. Statements that
// commit by themselves, such as DDL and procedures that do, are executed as they are.
func (a *Applier) Query(ctx context.Context, q handler.Query) (*handler.Answer, error) {
	if a.conn == nil {
		return nil, errNotOpen()
	}
	if a.parts {
		return nil, &handler.ApplyError{Class: handler.Setup, Op: -1,
			Text: "a statement between the parts of a transaction"}
	}
	text := strings.TrimRight(strings.TrimSpace(q.Text), ";")
	if strings.HasSuffix(strings.ToUpper(text), "END") {
		text += ";" // of a block, which ends so
	}
	if err := a.begin(ctx); err != nil {
		a.rollback()
		return nil, a.fail(err, "begin")
	}
	result, err := a.conn.ExecContext(ctx, text)
	if err != nil {
		a.rollback()
		return nil, a.fail(err, "execute "+text)
	}
	if _, err := a.conn.ExecContext(ctx, "COMMIT"); err != nil {
		a.rollback()
		return nil, a.fail(err, "commit")
	}
	// What a statement might have changed of tables, prepared statements must not keep.
	a.stmts.forget()
	n, err := result.RowsAffected()
	if err != nil {
		n = 0 // a statement that counts no rows
	}
	return &handler.Answer{Rows: n}, nil
}
