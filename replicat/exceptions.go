package replicat

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping/expr"
	"ggsh/record"
	"ggsh/trail"
)

// kept are operations as the trail has them, of tables with a mapping of exceptions.
type kept struct {
	ops    []keptOp
	bodies []byte
	txns   []record.TxnInfo
}

type keptOp struct {
	from, to int // in bodies
	txn      int // index into txns
	place    expr.Origin
}

// keep remembers the source form of an operation and gives what finds it.
func (g *group) keep(op *sourceOp, txn int) int {
	k := &g.kept
	n := len(k.txns)
	if n == 0 || k.txns[n-1].XID != op.txn.XID || k.txns[n-1].CSN != op.txn.CSN {
		k.txns = append(k.txns, op.txn.TxnInfo)
	}
	from := len(k.bodies)
	k.bodies = append(k.bodies, op.body...)
	k.ops = append(k.ops, keptOp{from: from, to: len(k.bodies), txn: len(k.txns) - 1,
		place: op.origin})
	return len(k.ops)
}

// source gives the source form of an operation that was kept.
func (g *group) source(ref opRef) *sourceOp {
	k := &g.kept
	o := k.ops[ref.kept-1]
	o.place.Txn = &k.txns[o.txn]
	return &sourceOp{body: k.bodies[o.from:o.to], ordinal: ref.ordinal, origin: o.place}
}

// lastError is what @GETENV ('LASTERR') tells.
type lastError struct {
	code  int
	text  string
	op    record.OpType
	class string // DB or MAP
}

// lastFacts is the error that an exception is being mapped for. Exceptions are
// mapped by the mapper and by the applier, one at a time.
type lastFacts struct {
	mu sync.Mutex
	of lastError
}

// append gives one item of LASTERR.
func (l *lastFacts) append(dst []byte, item string) ([]byte, bool) {
	switch item {
	case "DBERRNUM":
		return strconv.AppendInt(dst, int64(l.of.code), 10), true
	case "DBERRMSG":
		return append(dst, l.of.text...), true
	case "OPTYPE":
		return append(dst, l.of.op.String()...), true
	case "ERRTYPE":
		return append(dst, l.of.class...), true
	}
	return dst, false
}

// exceptionEnvironment is what mappings of exceptions ask of the process.
func (r *Replicat) exceptionEnvironment() *expr.Environment {
	env := r.environment()
	env.Facts = exceptionFacts{r}
	return env
}

// exceptionFacts answers @GETENV where an exception is mapped, in any goroutine: of
// the trail file, which the mapper reads, it tells nothing.
type exceptionFacts struct{ r *Replicat }

// Fact answers for the error and for what does not change while the process runs.
func (f exceptionFacts) Fact(dst []byte, kind string, items []string) ([]byte, bool) {
	switch kind {
	case "LASTERR":
		return f.r.last.append(dst, items[0])
	case "DBENVIRONMENT":
		return facts{f.r}.Fact(dst, kind, items)
	}
	return dst, false
}

// mapExceptions adds what the exceptions' mappings make of a failed operation.
func (r *Replicat) mapExceptions(g *group, t *table, op *sourceOp, ref opRef,
	last *lastError) error {
	r.last.mu.Lock()
	defer r.last.mu.Unlock()
	r.last.of = *last
	for _, x := range t.exceptions {
		if err := g.append(x, op, opRef{txn: ref.txn, ordinal: ref.ordinal}); err != nil {
			r.p.Info(ggserr.ApplyWarning, err.Error())
			return ggserr.New(ggserr.MapError, x.plan.Source.FullName(), x.plan.Target.FullName())
		}
	}
	return nil
}

// tell notes that the handler has to know the exceptions' tables.
func (g *group) tell(tables []*table) {
	for _, t := range tables {
		known := false
		for _, have := range g.tables {
			known = known || have == t
		}
		if !known {
			g.tables = append(g.tables, t)
		}
	}
}

// exceptionError is the failure of an operation that an exceptions' mapping made.
type exceptionError struct {
	part   *group
	failed *handler.ApplyError
}

// Error gives what the handler said.
func (e *exceptionError) Error() string { return "exceptions mapping: " + e.failed.Error() }

// Unwrap gives the handler's error.
func (e *exceptionError) Unwrap() error { return e.failed }

// firstSlice is how many operations follow an exception; when all goes well, more
// follow those. So many exceptions do not send the rest of a group again and again.
const firstSlice = 8

// goOn puts exceptions in the place of the operations that a handler has stopped at
// and sends what follows, in the same target transaction. It gives the outcome of
// the whole group and the groups that were put in its place.
func (r *Replicat) goOn(ctx context.Context, g *group, applied *handler.Applied) (
	*handler.Applied, []*group, error) {
	all := *applied
	stopped, next, slice, rest := applied.Stopped, 0, 0, g.batch.Ops
	var parts []*group
	for {
		part := &group{part: true, txns: g.txns, batch: handler.Batch{Checkpoint: g.batch.Checkpoint}}
		if stopped > 0 {
			rest = skipOps(rest, stopped)
			next, slice = next+stopped, firstSlice
			if err := r.putInstead(part, g, &all); err != nil {
				return nil, nil, err
			}
		}
		part.instead = len(part.ops)
		end := min(next+slice, len(g.ops))
		following := skipOps(rest, end-next)
		part.batch.Ops = append(part.batch.Ops, rest[:len(rest)-len(following)]...)
		part.batch.Count += end - next
		part.tell(g.tables)
		if part.batch.More = end < len(g.ops) || g.batch.More; !part.batch.More {
			part.batch.Ends = []int{part.batch.Count}
		}
		got, err := r.tryApply(ctx, part)
		if err != nil {
			return nil, nil, part.numbered(err, next)
		}
		parts = append(parts, part)
		part.collect(&all, got, next)
		if stopped = max(0, got.Stopped-part.instead); stopped == 0 {
			if rest, next, slice = following, end, 4*slice; next == len(g.ops) {
				return &all, parts, nil
			}
		}
	}
}

// skipOps leaves out the first operations of a batch.
func skipOps(ops []byte, n int) []byte {
	for range n {
		_, ops, _ = handler.NextBatchOp(ops)
	}
	return ops
}

// putInstead maps the operation that the handler has stopped at.
func (r *Replicat) putInstead(part, g *group, all *handler.Applied) error {
	if len(all.Exceptions) == 0 {
		return errors.New("handler " + r.set.plugin + ": stopped without an exception")
	}
	e := &all.Exceptions[len(all.Exceptions)-1]
	if e.Op < 0 || e.Op >= len(g.ops) || g.ops[e.Op].kept == 0 {
		return errors.New("handler " + r.set.plugin + ": stopped at an operation without exceptions")
	}
	ref := g.ops[e.Op]
	last := lastError{code: e.Code, text: e.Text, op: ref.kind, class: "DB"}
	part.tell(ref.table.exceptions)
	return r.mapExceptions(part, ref.table, g.source(ref), ref, &last)
}

// collect adds the outcome of a part to that of its group, numbered as there.
func (g *group) collect(all, got *handler.Applied, next int) {
	all.Notes = append(all.Notes, got.Notes...)
	all.Collisions = append(all.Collisions, got.Collisions...)
	all.Conflicts = append(all.Conflicts, got.Conflicts...)
	for _, e := range got.Exceptions {
		if e.Op < g.instead {
			g.refused = append(g.refused, e)
			continue
		}
		e.Op += next - g.instead
		all.Exceptions = append(all.Exceptions, e)
	}
}

// numbered gives an error of a part the number that its operation has in the group.
func (g *group) numbered(err error, next int) error {
	var failed *handler.ApplyError
	switch {
	case !errors.As(err, &failed) || failed.Op < 0 || failed.Class != handler.Row:
		return err
	case failed.Op < g.instead:
		return &exceptionError{part: g, failed: failed}
	}
	failed.Op += next - g.instead
	return err
}

// exceptionFailed ends the run at an exception that the target refuses, when all
// transactions before it have landed.
func (r *Replicat) exceptionFailed(g *group, e *exceptionError) error {
	if len(g.txns) > 1 {
		return &restart{cause: e.failed, single: g.end()}
	}
	return r.abend(e.part, e.part.ops[e.failed.Op], e.failed)
}

// countInstead counts what was applied in the place of other operations.
func (r *Replicat) countInstead(part *group) error {
	for _, ref := range part.ops[:part.instead] {
		ref.table.tally.Count(ref.kind)
		r.counting(ref.table)
	}
	for _, e := range part.refused {
		if err := r.excepted(part, e); err != nil {
			return err
		}
	}
	return nil
}

// verdict is what REPERROR orders for a whole transaction.
type verdict struct {
	begin     trail.Position
	kind      response // TRANSDISCARD or TRANSEXCEPTION
	ordinal   int      // of the operation that failed, and its target
	target    string
	statement string
	last      lastError
}

// on reports whether the verdict is on the transaction that begins there.
func (v *verdict) on(begin trail.Position) bool { return v != nil && v.begin == begin }

// leaveOut obeys the verdict on a transaction, or on a part of it: its operations go
// to the discard file or through the exceptions' mappings.
func (r *Replicat) leaveOut(ctx context.Context, g *group) error {
	v := r.verdict
	out := &group{part: g.part, txns: g.txns, batch: handler.Batch{
		Checkpoint: g.batch.Checkpoint, More: g.batch.More}}
	if v.kind == respondTransException {
		if err := r.allExceptions(out, g); err != nil {
			return err
		}
	}
	out.instead = len(out.ops)
	if out.batch.Count > 0 && !out.batch.More {
		out.batch.Ends = []int{out.batch.Count}
	}
	applied, err := r.tryApply(ctx, out)
	if err != nil {
		r.inParts = false
		return r.applyFailed(ctx, g, out.numbered(err, 0))
	}
	all := handler.Applied{Durable: applied.Durable}
	out.collect(&all, applied, 0)
	out.countCollisions(&all)
	if err := r.countInstead(out); err != nil {
		return err
	}
	if err := r.leftOut(g); err != nil {
		return err
	}
	if r.inParts = g.batch.More; r.inParts {
		return nil
	}
	r.verdict = nil
	return r.accepted(out, &all)
}

// allExceptions maps all operations of a transaction as exceptions.
func (r *Replicat) allExceptions(out, g *group) error {
	refs := g.ops
	for _, bad := range g.passed {
		refs = append(refs[:len(refs):len(refs)], bad.ref)
	}
	for _, ref := range refs {
		if ref.kept == 0 || len(ref.table.exceptions) == 0 {
			r.p.Info(ggserr.ApplyWarning, "TRANSEXCEPTION: there is no mapping of exceptions for "+
				ref.table.plan.Source.FullName())
			return ggserr.New(ggserr.MapError, ref.table.plan.Source.FullName(),
				ref.table.plan.Target.FullName())
		}
		out.tell(ref.table.exceptions)
		last := r.verdict.last
		last.op = ref.kind
		if err := r.mapExceptions(out, ref.table, g.source(ref), ref, &last); err != nil {
			return err
		}
	}
	return nil
}

// leftOut counts the operations that were not applied as they are, and writes those
// of TRANSDISCARD to the discard file.
func (r *Replicat) leftOut(g *group) error {
	v := r.verdict
	for i, ref := range g.ops {
		r.counting(ref.table)
		switch v.kind {
		case respondTransException:
			ref.table.tally.Extra.Exceptions++
			continue
		case respondIgnore:
			ref.table.tally.Extra.Ignores++
			continue
		}
		entry := &discardEntry{group: g, ref: ref, body: g.op(i), def: ref.table.plan.Target,
			action: string(v.kind), text: "a part of a discarded transaction"}
		if ref.ordinal == v.ordinal && ref.table.plan.Target.FullName() == v.target {
			entry.code, entry.text, entry.statement = v.last.code, v.last.text, v.statement
		}
		if err := r.discard.add(entry); err != nil {
			return err
		}
		ref.table.tally.Extra.Discards++
	}
	for i := range g.passed {
		r.counting(g.passed[i].ref.table)
		if err := r.unmapped(g, &g.passed[i]); err != nil {
			return err
		}
	}
	return nil
}
