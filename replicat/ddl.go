package replicat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/record"
	"ggsh/trail"
)

// ddl takes one DDL operation: it is left out, or it becomes a group of its own.
func (m *mapper) ddl(ctx context.Context, op *sourceOp) error {
	r := m.r
	if !r.target.can.Tables {
		r.tellOnce("DDL", "files and topics get none: what changes is told with the next rows",
			r.set.ddl.Given)
		return nil
	}
	d, err := r.mapDDL(op.body)
	if d == nil || err != nil {
		return err
	}
	if !r.target.can.DDL {
		return ggserr.New(ggserr.DDLFailed, d.Statement.Text, "handler "+r.target.can.Name+
			" executes no DDL").Do("Make the change on the target by hand and START REPLICAT with " +
			"SKIPTRANSACTION, or leave such statements out with DDL EXCLUDE.")
	}
	if op.ordinal > 0 {
		return fmt.Errorf("trail record at %s: DDL stands behind other operations of its transaction",
			op.txn.OpPosition())
	}
	if last := len(m.cur.txns) - 1; last > 0 {
		this := m.cur.txns[last]
		m.cur.txns = m.cur.txns[:last]
		if err := m.send(ctx); err != nil {
			return err
		}
		m.cur.txns = append(m.cur.txns, this)
	}
	g := m.cur
	g.ddl = d
	g.batch.Ops = handler.AppendBatchOp(g.batch.Ops, record.AppendDDL(nil, 0, d.Statement))
	g.batch.Count = 1
	return nil
}

// mapDDL gives a statement as it is to be applied; nil when it is left out.
func (r *Replicat) mapDDL(body []byte) (*mapping.DDL, error) {
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		return nil, err
	}
	st, err := record.DecodeDDL(&op)
	if err != nil {
		return nil, err
	}
	set := &r.set.ddl
	if !set.Given {
		r.p.Event(ggserr.New(ggserr.DDLNotApplied, st.Text, "the parameter file has no DDL").
			Do("Make the change on the target by hand if it is wanted there; DDL INCLUDE MAPPED applies it."))
		return nil, nil
	}
	d, err := r.plan.MapDDL(st)
	if err != nil {
		return nil, err
	}
	clause, ok := d.Selects(set.Rules)
	if set.Report {
		r.p.Info(ggserr.DDLApplying, st.Text, len(st.Text))
		number := ggserr.DDLIncluded
		if !ok {
			number = ggserr.DDLExcluded
		}
		r.p.Info(number, clause, st.Kind, st.Object, st.Name)
	}
	if !ok {
		r.p.Stats().AddDDL(d.Count(false))
		return nil, nil
	}
	if d.More {
		r.p.Event(ggserr.New(ggserr.ApplyWarning, "Several MAPs take "+st.Name+": DDL is applied for "+
			"the first one only, "+d.Statement.Name))
	}
	d.Substitute(set.Substs)
	if set.Report {
		r.p.Info(ggserr.DDLMapped, d.Statement.Text, len(d.Statement.Text))
	}
	return d, nil
}

// settle waits until everything that was handed over is applied, and forgets the tables:
// DDL may have changed any of them.
func (m *mapper) settle(ctx context.Context) error {
	var idle []*group
	for range groupsAhead {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case g := <-m.free:
			idle = append(idle, g)
		}
	}
	clear(m.r.tables)
	m.r.heart.asked = false
	for _, g := range idle {
		m.free <- g
	}
	return m.next(ctx)
}

// applyDDL has the target execute a statement, and obeys DDLERROR.
func (r *Replicat) applyDDL(ctx context.Context, g *group) error {
	text := g.ddl.Statement.Text
	for attempt := 1; ; attempt++ {
		r.p.Info(ggserr.DDLExecuting, text)
		applied, err := r.tryApply(ctx, g)
		if err == nil {
			for _, note := range applied.Notes {
				r.p.Line("%s", note)
			}
			r.p.Info(ggserr.DDLSucceeded)
			r.p.Stats().AddDDL(g.ddl.Count(true))
			return r.accepted(g, applied)
		}
		var failed *handler.ApplyError
		if ctx.Err() != nil || !errors.As(err, &failed) || failed.Class != handler.Row {
			return r.applyFailed(ctx, g, err)
		}
		u := r.ddlRule(g.ddl, failed.Code)
		if u.Retry && attempt <= max(1, u.MaxRetries) {
			r.p.Event(ggserr.New(ggserr.DDLRetried, text, attempt, failed.Error()))
			if err := r.pause(ctx, max(u.RetryDelay, time.Second)); err != nil {
				return errStopped
			}
			continue
		}
		if u.Response == "ABEND" {
			if err := r.discardDDL(g, failed, u.Response); err != nil {
				r.p.Line("%s", err)
			}
			return ggserr.New(ggserr.DDLFailed, text, failed.Error())
		}
		return r.letDDLPass(ctx, g, failed, u.Response)
	}
}

// ddlRule finds the DDLERROR for an error: one of its number before DEFAULT.
func (r *Replicat) ddlRule(d *mapping.DDL, code int) param.DDLError {
	best := param.DDLError{Default: true, Response: "ABEND"}
	for _, u := range r.set.ddl.Errors {
		if _, fits := d.Selects(u.Rules); !fits || !u.Default && u.Code != code {
			continue
		}
		if !u.Default {
			return u
		}
		best = u
	}
	return best
}

// letDDLPass moves the checkpoint behind a statement that was not executed.
func (r *Replicat) letDDLPass(ctx context.Context, g *group, failed *handler.ApplyError,
	response string) error {
	r.p.Event(ggserr.New(ggserr.DDLLetPass, g.ddl.Statement.Text, response, failed.Error()))
	if response == "DISCARD" {
		if err := r.discardDDL(g, failed, response); err != nil {
			return err
		}
	}
	empty := &group{batch: handler.Batch{Checkpoint: g.batch.Checkpoint}, txns: g.txns}
	applied, err := r.tryApply(ctx, empty)
	if err != nil {
		return r.applyFailed(ctx, empty, err)
	}
	return r.accepted(empty, applied)
}

// discardDDL writes a statement to the discard file.
func (r *Replicat) discardDDL(g *group, failed *handler.ApplyError, action string) error {
	d := r.discard
	d.records++
	if d.Path() == "" {
		return nil
	}
	at := trail.Position{}
	if len(g.txns) > 0 {
		at = g.txns[0].begin
	}
	return d.Add(fmt.Sprintf("Current time: %s\nDiscarded DDL operation from action %s on error %d\n\n%s\n"+
		"Transaction on %s beginning at seqno %d rba %d\n\n%s\n\n",
		r.p.Now().Local().Format(time.DateTime), action, failed.Code, failed.Text, r.trail, at.Seqno,
		at.RBA, g.ddl.Statement.Text))
}

// takeTruncates has a table's truncates applied when DDL includes them, whatever
// GETTRUNCATES says.
func (r *Replicat) takeTruncates(p *mapping.TablePlan) {
	if !r.set.ddl.Given {
		return
	}
	if _, ok := mapping.TruncateOf(p.Source).Selects(r.set.ddl.Rules); ok {
		p.TakeTruncates()
	}
}
