package replicat

import (
	"context"
	"fmt"

	"ggsh/handler"
	"ggsh/mapping/sqlexec"
	"ggsh/trail"
)

// ask executes the queries of a table for an operation. A query sees all that stands
// before it: that is applied first, in the open target transaction.
func (m *mapper) ask(ctx context.Context, t *table, op *sourceOp) error {
	begin := op.txn.Begin
	return t.plan.Ask(op.body, &op.origin, &sqlexec.Asker{Context: ctx, Querier: m.r.target,
		Memory: &m.answers, Log: m.r.p, Table: t.plan.Source.FullName(),
		Place: sqlexec.Place{Txn: [2]uint64{uint64(begin.Seqno), begin.RBA}, Ordinal: op.ordinal},
		Ready: func() error { return m.catchUp(ctx, op.txn) }})
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

// Query has the open handler execute a query.
func (t *target) Query(ctx context.Context, q handler.Query) (*handler.Answer, error) {
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
