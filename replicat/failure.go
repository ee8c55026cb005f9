package replicat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/trail"
)

// response is what REPERROR orders for an error.
type response string

// The responses. The handler carries out ABEND, DISCARD and IGNORE by itself, and
// stops for EXCEPTION.
const (
	respondAbend        response = "ABEND"
	respondDiscard      response = "DISCARD"
	respondIgnore       response = "IGNORE"
	respondWarn         response = "WARN" // IGNORE with a message
	respondRetry        response = "RETRYOP"
	respondTransAbort   response = "TRANSABORT"
	respondTransDiscard response = "TRANSDISCARD"

	respondException      response = "EXCEPTION"
	respondTransException response = "TRANSEXCEPTION"
)

// rule is one REPERROR in force for a table.
type rule struct {
	isDefault bool
	from, to  int
	kind      response
	retries   int // 0: for ever
	wait      time.Duration
	root      bool // stands outside MAP
}

// order puts the rules of MAP before those of the file, and DEFAULT last of each.
func (u rule) order() int {
	n := 0
	if u.root {
		n = 2
	}
	if u.isDefault {
		n++
	}
	return n
}

// response finds the rule for an error; ABEND when there is none.
func (t *table) response(code int) rule {
	code = max(code, -code)
	for _, u := range t.rules {
		if u.isDefault || code >= u.from && code <= u.to {
			return u
		}
	}
	return rule{isDefault: true, kind: respondAbend}
}

// handlerRules are the rules as the handler gets them.
func handlerRules(rules []rule) []handler.Rule {
	var out []handler.Rule
	for _, u := range rules {
		h := handler.Rule{Default: u.isDefault, From: u.from, To: u.to, Response: handler.Abend}
		switch u.kind {
		case respondDiscard:
			h.Response = handler.Discard
		case respondIgnore, respondWarn:
			h.Response = handler.Ignore
		case respondException:
			h.Response = handler.Except
		}
		out = append(out, h)
	}
	return out
}

// applyFailed decides what becomes of a group that changed nothing at the target.
func (r *Replicat) applyFailed(ctx context.Context, g *group, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var again *restart
	if errors.As(err, &again) {
		return err
	}
	var inMapping *exceptionError
	if errors.As(err, &inMapping) {
		return r.exceptionFailed(g, inMapping)
	}
	var failed *handler.ApplyError
	if !errors.As(err, &failed) {
		return ggserr.New(ggserr.PluginFailed, r.set.plugin, err.Error())
	}
	if failed.Class != handler.Row || failed.Op < 0 || failed.Op >= len(g.ops) {
		return ggserr.New(ggserr.SQLFailed, failed.Error())
	}
	ref := g.ops[failed.Op]
	if len(g.txns) > 1 {
		r.p.Event(ggserr.New(ggserr.TransactionRolled, ref.table.plan.Target.FullName(),
			failed.Error()))
		return &restart{cause: err, single: g.end()}
	}
	return r.rowFailed(ctx, g, ref, failed)
}

// rowFailed obeys REPERROR for an error of a transaction that stands alone.
func (r *Replicat) rowFailed(ctx context.Context, g *group, ref opRef,
	failed *handler.ApplyError) error {
	u := ref.table.response(failed.Code)
	switch u.kind {
	case respondRetry, respondTransAbort:
		at := g.begin()
		if r.retries[at]++; u.retries < 0 || r.retries[at] <= u.retries {
			r.p.Event(ggserr.New(ggserr.RowRetried, failed.Error(), r.retries[at]))
			wait := u.wait
			if wait == 0 {
				wait = r.set.run.Apply.RetryDelay
			}
			if err := r.pause(ctx, wait); err != nil {
				return context.Cause(ctx)
			}
			return &restart{cause: failed}
		}
	case respondTransDiscard, respondTransException:
		r.verdict = &verdict{begin: g.begin(), kind: u.kind, ordinal: ref.ordinal,
			target: ref.table.plan.Target.FullName(), statement: failed.Statement, last: lastError{code: failed.Code, text: failed.Text,
				op: ref.kind, class: "DB"}}
		return &restart{cause: failed, single: g.end()}
	}
	return r.abend(g, ref, failed)
}

// pause waits before a row is tried again.
func (r *Replicat) pause(ctx context.Context, wait time.Duration) error {
	if r.cfg.Delay != nil {
		return r.cfg.Delay(ctx, 1)
	}
	return sleep(r.state.stopCtx, wait)
}

// abend writes the row to the discard file and ends the run.
func (r *Replicat) abend(g *group, ref opRef, failed *handler.ApplyError) error {
	plan := ref.table.plan
	from, to := plan.Source.FullName(), plan.Target.FullName()
	r.p.Info(ggserr.ApplyError, failed.Code, from, to, failed.Text)
	r.counting(ref.table)
	derr := r.discard.add(&discardEntry{group: g, ref: ref, body: g.op(failed.Op), def: plan.Target,
		action: "ABEND", code: failed.Code, text: failed.Text, statement: failed.Statement})
	ref.table.stats.Discard()
	if derr != nil {
		r.p.Line("%s", derr)
	}
	r.p.Info(ggserr.TransactionRetried, g.begin().RBA, g.begin().Seqno)
	return ggserr.New(ggserr.MapError, from, to)
}

// abendUnmapped ends the run at a row that cannot be mapped, unless its whole
// transaction is to be left out.
func (r *Replicat) abendUnmapped(g *group) error {
	bad := g.bad
	plan := bad.ref.table.plan
	switch bad.answer {
	case respondTransDiscard, respondTransException:
		r.verdict = &verdict{begin: g.begin(), kind: bad.answer, ordinal: bad.ref.ordinal,
			target: plan.Target.FullName(), last: lastError{code: bad.code, text: bad.err.Error(),
				op: bad.ref.kind, class: "MAP"}}
		return &restart{cause: bad.err, single: g.end()}
	}
	r.p.Info(ggserr.ApplyWarning, bad.err.Error())
	err := r.discard.add(&discardEntry{group: g, ref: bad.ref, body: bad.body, def: plan.Source,
		action: "ABEND", code: bad.code, text: bad.err.Error()})
	bad.ref.table.stats.Discard()
	if err != nil {
		r.p.Line("%s", err)
	}
	return ggserr.New(ggserr.MapError, plan.Source.FullName(), plan.Target.FullName())
}

// unmapped counts a row that cannot be mapped and that REPERROR lets pass.
func (r *Replicat) unmapped(g *group, bad *badRow) error {
	t := bad.ref.table
	switch bad.answer {
	case respondIgnore, respondWarn:
		t.tally.Extra.Ignores++
		return nil
	case respondException, respondTransException:
		t.tally.Extra.Exceptions++
		return nil
	}
	t.tally.Extra.Discards++
	if errors.As(bad.err, new(*mapping.UndecidedError)) && r.warns(t, int(ggserr.ConditionUndecided)) {
		r.p.Event(ggserr.New(ggserr.ConditionUndecided, t.plan.Source.FullName(), bad.err))
	}
	return r.discard.add(&discardEntry{group: g, ref: bad.ref, body: bad.body,
		def: t.plan.Source, action: string(bad.answer), code: bad.code, text: bad.err.Error()})
}

// warns obeys WARNRATE: the first error of a kind is reported, then one of so many.
func (r *Replicat) warns(t *table, code int) bool {
	key := fmt.Sprintf("%d/%d", t.use.ID, code)
	r.warned[key]++
	rate := r.set.run.Apply.WarnRate
	return r.warned[key] == 1 || rate > 0 && r.warned[key]%rate == 0
}

// errorPosition finds where in the trail a source transaction's operation
// stands, by reading the transaction once more.
func (r *Replicat) errorPosition(begin trail.Position, ordinal int) (trail.Position, error) {
	reader, err := trail.OpenReader(r.trail, begin, r.reading())
	if err != nil {
		return begin, err
	}
	defer reader.Close()
	for n := 0; ; {
		rec, err := reader.Next()
		if err != nil {
			return begin, err
		}
		if rec.Type != trail.TypeOp {
			continue
		}
		if n == ordinal {
			return rec.Pos, nil
		}
		n++
	}
}
