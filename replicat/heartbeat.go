package replicat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ggsh/handler"
	"ggsh/heartbeat"
	"ggsh/mapping"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// heartbeatIDs are where the ids of heartbeat tables begin, beyond those of the MAPs.
const heartbeatIDs = 1 << 30

// heart applies heartbeats. It belongs to the mapper.
type heart struct {
	names heartbeat.Names
	on    bool // heartbeats are not ordinary rows
	plan  *mapping.Plan
	asked bool // whether the target has heartbeat objects
	last  *table
	log   *table // nil: the target has none
	local string
	keep  int           // days of history
	every time.Duration // between purges
	due   time.Time     // the next purge
}

// readHeartbeat finds out where heartbeat objects would be.
func (r *Replicat) readHeartbeat() error {
	globals := r.p.Globals()
	if !globals.Heartbeats(r.p.Params()) {
		return nil
	}
	h := &r.heart
	h.on = true
	kind, schema := heartbeat.Kind(r.set.login.Kind), r.set.login.Database
	if kind == heartbeat.Oracle {
		schema = r.set.login.User
	}
	h.names = heartbeat.NamesOf(kind, globals.HeartbeatTable, globals.GGSchema, schema)
	name := func(table string) string {
		if h.names.Schema == "" {
			return `"` + table + `"`
		}
		return `"` + h.names.Schema + `"."` + table + `"`
	}
	f, err := param.ParseText("heartbeat", "REPLICAT hb\nINSERTMISSINGUPDATES\nMAP HB.LAST, TARGET "+
		name(h.names.Table)+";\nNOINSERTMISSINGUPDATES\nOVERRIDEDUPS\nMAP HB.LOG, TARGET "+
		name(h.names.History())+";\n", param.Options{Program: param.Replicat})
	if err == nil {
		h.plan, err = mapping.Compile(f)
	}
	if err != nil {
		return fmt.Errorf("heartbeat tables %s: %w", h.names.Full(h.names.Table), err)
	}
	h.plan.NumberFrom(heartbeatIDs)
	return nil
}

// beat maps a heartbeat to the target's heartbeat tables; a target without them gets none.
func (m *mapper) beat(ctx context.Context, op *sourceOp) error {
	b, ok, err := heartbeat.Decode(op.def, op.body)
	if err != nil || !ok {
		return err
	}
	r := m.r
	h := &r.heart
	if !h.asked {
		if err := r.findHeartbeat(ctx); err != nil {
			return err
		}
		h.asked = true
	}
	if h.log == nil {
		return nil
	}
	if err := r.purgeHistory(ctx); err != nil {
		return err
	}
	at := op.txn.OpPosition()
	for _, t := range []*table{h.last, h.log} {
		kind := record.Update
		if t == h.log {
			kind = record.Insert
		}
		in := *op
		in.def = t.plan.Source
		in.body = b.AppendIncoming(nil, kind, in.def, h.local, r.p.Group(), r.p.Now())
		in.origin = expr.Origin{Txn: &op.txn.TxnInfo, Seqno: at.Seqno, RBA: at.RBA,
			Place: expr.PlaceOf(op.ordinal, op.txn.Last())}
		mark := len(m.cur.batch.Ops)
		if err := m.cur.add(t, &in, opRef{txn: len(m.cur.txns) - 1, ordinal: op.ordinal}); err != nil {
			return fmt.Errorf("heartbeat of %s: %w", b.Database, err)
		}
		m.cur.beats = append(m.cur.beats, span{mark + 4, len(m.cur.batch.Ops)})
	}
	return nil
}

// span is where an operation lies in a batch.
type span struct{ from, to int }

// receive sets the time at which heartbeats go to the target.
func (g *group) receive(now time.Time) {
	for _, s := range g.beats {
		if s.to <= len(g.batch.Ops) {
			heartbeat.Received(g.batch.Ops[s.from:s.to], now)
		}
	}
}

// findHeartbeat asks whether the target has heartbeat objects, and what is set.
func (r *Replicat) findHeartbeat(ctx context.Context) error {
	h := &r.heart
	h.last, h.log = nil, nil
	can := r.target.can
	lookup := r.target.lookup(ctx)
	if lookup == nil || !can.Queries || !can.Resolves {
		return nil
	}
	for _, name := range []string{h.names.Seed(), h.names.Table, h.names.History()} {
		def, err := lookup(mapping.Name{Schema: h.names.Schema, Name: name})
		if err != nil || def == nil {
			return err
		}
	}
	answer, err := r.target.Query(ctx, handler.Query{Text: h.names.SettingsStatement(), Rows: true})
	if err != nil || len(answer.Values) != 3 {
		return err
	}
	var texts [3]string
	for i := range texts {
		v, _, err := record.DecodeValue(answer.Values[i])
		if err != nil {
			return err
		}
		texts[i] = string(v.Text(nil, 0))
	}
	h.local = texts[0]
	h.keep, _ = strconv.Atoi(texts[1])
	days, _ := strconv.Atoi(texts[2])
	h.every = time.Duration(days) * 24 * time.Hour
	for i, name := range []string{"LAST", "LOG"} {
		plans, err := h.plan.Resolve(heartbeat.Incoming("HB", name, 0), lookup)
		if err != nil {
			return err
		}
		t, err := r.newTable(plans[0])
		if err != nil {
			return err
		}
		if i == 0 {
			h.last = t
		} else {
			h.log = t
		}
	}
	return nil
}

// purgeHistory removes old history when that is due. What fails is tried again then.
func (r *Replicat) purgeHistory(ctx context.Context) error {
	h := &r.heart
	now := r.p.Now()
	if h.keep <= 0 || h.every <= 0 || now.Before(h.due) {
		return nil
	}
	h.due = now.Add(h.every)
	_, err := r.target.Query(ctx, handler.Query{Text: h.names.PurgeStatement(now, h.keep)})
	var failed *handler.ApplyError
	if errors.As(err, &failed) && failed.Class != handler.Connection {
		r.p.Line("The history of heartbeats was not purged: %s", failed.Text)
		return nil
	}
	return err
}
