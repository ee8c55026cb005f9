package replicat

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/trail"
)

// stream applies a transaction that is larger than a batch: in parts within
// one target transaction, where the handler can, else whole up to the
// handler's limit. It begins only when the trail has the whole transaction, so
// that no target transaction waits for an Extract.
func (m *mapper) stream(ctx context.Context, txn *trail.Txn) error {
	if err := m.flush(ctx); err != nil {
		return err
	}
	end, whole, err := m.survey(ctx, txn)
	if err != nil || !whole {
		return err
	}
	m.cur.txns = append(m.cur.txns, txnRef{begin: txn.Begin, end: end})
	for n := 0; ; n++ {
		def, body, err := txn.Ops.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := m.room(ctx, txn, len(body)); err != nil {
			return err
		}
		m.source = sourceOp{txn: txn, def: def, body: body, ordinal: n}
		if err := m.op(ctx, &m.source); err != nil {
			return err
		}
		if m.cur.bad != nil {
			break
		}
		m.r.state.read(m.reader.Reading(), txn.CommitTime, n)
	}
	m.finish(txn, end)
	return m.send(ctx)
}

// room hands a full part over before an operation of size bytes is added.
func (m *mapper) room(ctx context.Context, txn *trail.Txn, size int) error {
	g, limit := m.cur, batchBytes
	if !m.r.target.can.Continues {
		limit = handler.MaxBatchBytes
	}
	if len(g.batch.Ops) == 0 || len(g.batch.Ops)+2*size+1024 <= limit {
		return nil
	}
	if !m.r.target.can.Continues {
		return ggserr.New(ggserr.Generic, fmt.Sprintf("Transaction %s at %s is larger than the %d "+
			"bytes that handler %s takes at once", txn.XID, txn.Begin, handler.MaxBatchBytes,
			m.r.target.can.Name)).Do("Use a handler that takes a transaction in parts.")
	}
	return m.sendPart(ctx, txn)
}

// sendPart hands over what is there of a transaction that goes on.
func (m *mapper) sendPart(ctx context.Context, txn *trail.Txn) error {
	g := m.cur
	b := &g.batch
	b.More, b.Ends = true, b.Ends[:0]
	b.Checkpoint = m.r.before(txn.Begin)
	g.part = true
	refs := g.txns[0]
	if err := m.send(ctx); err != nil {
		return err
	}
	m.cur.txns = append(m.cur.txns, refs)
	m.cur.part = true
	return nil
}

// before is a checkpoint at the beginning of a transaction, for its parts.
func (r *Replicat) before(at trail.Position) handler.Checkpoint {
	return handler.Checkpoint{Seqno: at.Seqno, RBA: at.RBA}
}

// survey reads a streamed transaction to its end and keeps nothing of it. whole
// is false when its writer broke it off, or when the run ends first.
func (m *mapper) survey(ctx context.Context, txn *trail.Txn) (end trail.Position, whole bool,
	err error) {
	reader, err := trail.OpenTxnReader(m.r.trail, txn.Begin, trail.TxnOptions{
		ReaderOptions: m.r.reading(),
		MemoryLimit:   1, Context: m.idle})
	if err != nil {
		return end, false, err
	}
	defer reader.Close()
	again, err := reader.Next()
	if err != nil {
		return end, false, err
	}
	for {
		_, _, err := again.Ops.Next()
		switch {
		case err == io.EOF:
			return again.End, true, nil
		case errors.Is(err, trail.ErrDropped):
			return end, false, nil
		case ctx.Err() != nil:
			return end, false, context.Cause(ctx)
		case err != nil && m.r.state.stopCtx.Err() != nil:
			return end, false, nil
		case err != nil:
			return end, false, err
		}
	}
}
