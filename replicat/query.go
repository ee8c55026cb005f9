package replicat

import (
	"context"
	"errors"
	"fmt"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/record"
	"ggsh/trail"
)

// asker executes the SQLEXECs of MAP statements. A query sees all that stands before
// its operation: that is applied first, in the open target transaction.
type asker struct {
	m     *mapper
	ctx   context.Context
	op    *sourceOp
	table *table
}

// memory keeps the answers of queries that are not asked for each MAP.
type memory struct {
	once, txn, row map[string][]mapping.Answer
	begin          trail.Position // of the transaction that txn is of
	ordinal        int            // of the operation that row is of
}

// scope finds the answers that hold for a query; nil: none does.
func (y *memory) scope(q *mapping.TableQuery, op *sourceOp) map[string][]mapping.Answer {
	if y.begin != op.txn.Begin {
		y.begin, y.ordinal = op.txn.Begin, -1
		y.txn = map[string][]mapping.Answer{}
	}
	if y.ordinal != op.ordinal {
		y.ordinal, y.row = op.ordinal, map[string][]mapping.Answer{}
	}
	switch q.SQL.Exec {
	case "ONCE":
		return y.once
	case "TRANSACTION":
		return y.txn
	case "SOURCEROW":
		return y.row
	}
	return nil
}

// Ask executes a query, or gives the answer that still holds.
func (a *asker) Ask(q *mapping.TableQuery) ([]mapping.Answer, error) {
	known := a.m.answers.scope(q, a.op)
	if answer, ok := known[q.SQL.ID]; ok {
		return answer, nil
	}
	if err := a.m.catchUp(a.ctx, a.op.txn); err != nil {
		return nil, err
	}
	text, order, err := placeholders(q.SQL.Query, q.SQL.Params)
	if err != nil {
		return nil, ggserr.New(ggserr.BadParameter, err.Error()).At(q.SQL.Pos.File, q.SQL.Pos.Line,
			q.SQL.Pos.Column)
	}
	query := handler.Query{Text: text, Rows: returnsRows(text)}
	for _, i := range order {
		query.Args = append(query.Args, record.AppendValue(nil, q.Params[i]))
	}
	got, err := a.m.r.target.query(a.ctx, query)
	if err != nil {
		return nil, a.failed(q, err)
	}
	a.m.traced(q, nil)
	var answer []mapping.Answer
	for i, name := range got.Columns {
		v, _, err := record.DecodeValue(got.Values[i])
		if err != nil {
			return nil, fmt.Errorf("SQLEXEC %s: %w", q.SQL.ID, err)
		}
		if limit := q.SQL.MaxVarcharLen; v.Kind == record.String && len(v.B) > limit {
			v.B = v.B[:limit]
		}
		answer = append(answer, mapping.Answer{Name: name, Value: v})
	}
	if known != nil {
		known[q.SQL.ID] = answer
	}
	return answer, nil
}

// failed obeys the ERROR option of a query.
func (a *asker) failed(q *mapping.TableQuery, err error) error {
	var failed *handler.ApplyError
	if !errors.As(err, &failed) || failed.Class == handler.Connection ||
		failed.Class == handler.Conflict {
		return err
	}
	a.m.traced(q, failed)
	switch q.SQL.Error {
	case "RAISE", "FINAL":
		return &mapping.QueryError{ID: q.SQL.ID, Code: failed.Code, Text: failed.Error(),
			Final: q.SQL.Error == "FINAL"}
	case "FATAL":
		return ggserr.New(ggserr.SQLFailed, "SQLEXEC "+q.SQL.ID+": "+failed.Error()).
			At(q.SQL.Pos.File, q.SQL.Pos.Line, q.SQL.Pos.Column)
	case "REPORT":
		a.m.r.p.Event(ggserr.New(ggserr.ApplyWarning, "SQLEXEC "+q.SQL.ID+" for a record of "+
			a.table.plan.Source.FullName()+": "+failed.Error()))
	}
	return nil
}

// traced writes what TRACE wants to see of a query into the report.
func (m *mapper) traced(q *mapping.TableQuery, failed *handler.ApplyError) {
	switch {
	case q.SQL.Trace == "" || q.SQL.Trace == "ERROR" && failed == nil:
	case failed != nil:
		m.r.p.Line("SQLEXEC %s: %s: %s", q.SQL.ID, q.SQL.Query, failed.Error())
	default:
		m.r.p.Line("SQLEXEC %s: %s", q.SQL.ID, q.SQL.Query)
	}
}

// ask executes the queries of a table for an operation.
func (m *mapper) ask(ctx context.Context, t *table, op *sourceOp) error {
	return t.plan.Ask(op.body, &op.origin, &asker{m: m, ctx: ctx, op: op, table: t})
}

// catchUp has everything before the present operation applied, with the target
// transaction open.
func (m *mapper) catchUp(ctx context.Context, txn *trail.Txn) error {
	if !m.cur.part || m.cur.batch.Count > 0 {
		if err := m.sendPart(ctx, txn); err != nil {
			return err
		}
	}
	return m.reach(ctx)
}

// reach waits until all that was handed over is applied.
func (m *mapper) reach(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case m.out <- &group{caughtUp: done}:
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-done:
		return nil
	}
}

// query has the open handler execute a query.
func (t *target) query(ctx context.Context, q handler.Query) (*handler.Answer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	querier, ok := t.h.(handler.Querier)
	if !ok {
		return nil, fmt.Errorf("handler %s is no Querier", t.can.Name)
	}
	answer, err := querier.Query(ctx, q)
	if err != nil {
		return nil, t.failed(ctx, err)
	}
	return answer, nil
}

// abandon has the target opened anew: it holds a transaction that nobody ends.
func (t *target) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost = true
}
