package replicat

import (
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/mapping/expr"
	"ggsh/process"
	"ggsh/record"
	"ggsh/trail"
)

// table is a pair of source and target as this run applies it.
type table struct {
	plan       *mapping.TablePlan
	exceptions []*table // where failed operations go by REPERROR's EXCEPTION
	use        handler.TableUse
	stats      *process.TableStats
	rules      []rule
	collisions bool // as the parameter file has it
	tally      process.Tally
	used       bool // in the group being built
}

// group is what is applied as one: whole source transactions, or a part of one
// that is too large for a batch.
type group struct {
	batch  handler.Batch
	ops    []opRef
	txns   []txnRef
	tables []*table
	noOps  []*table // of updates without effect, one entry for each
	// ddl is the one operation of a group that is DDL.
	ddl *mapping.DDL
	// part says that the group is a part of a streamed transaction.
	part bool
	// bad is an operation that could not be mapped, behind all others.
	bad *badRow
	// passed are operations that could not be mapped and that REPERROR lets pass.
	passed []badRow
	origin origin
	kept   kept
	// caughtUp, when set, is closed when all groups before this one are applied;
	// there is nothing else in it.
	caughtUp chan struct{}
	// instead is how many of ops, the first ones, were put in the place of others,
	// and refused which of them a rule let pass.
	instead int
	refused []handler.Exception
	beats   []span // of heartbeats, to be stamped when they are applied
}

// origin writes where the operations come from, for a handler that wants it.
type origin struct {
	wanted bool
	writer handler.OriginWriter
	told   int // index into txns, plus one, of the transaction told last
}

// opRef remembers where an operation of the batch comes from.
type opRef struct {
	table   *table
	kind    record.OpType
	txn     int // index into txns
	ordinal int // the operation's number within its source transaction
	origin  int // length of the batch's Origins before it
	kept    int // index into kept.ops, plus one; 0: its source form is not kept
}

// txnRef is a source transaction of the group.
type txnRef struct{ begin, end trail.Position }

// sourceOp is one operation as the trail has it.
type sourceOp struct {
	txn     *trail.Txn
	def     *record.TableDef
	body    []byte
	ordinal int
	origin  expr.Origin
}

// badRow is an operation that the mapping refuses.
type badRow struct {
	ref    opRef
	body   []byte // as the trail has it
	err    error
	code   int      // the number of the error; 0 without one
	answer response // REPERROR's
}

func (g *group) reset() {
	*g = group{batch: handler.Batch{Ops: g.batch.Ops[:0], Ends: g.batch.Ends[:0],
		Origins: g.batch.Origins[:0]},
		ops: g.ops[:0], txns: g.txns[:0], tables: g.tables[:0], noOps: g.noOps[:0],
		passed: g.passed[:0], kept: kept{ops: g.kept.ops[:0], bodies: g.kept.bodies[:0],
			txns: g.kept.txns[:0]}}
}

func (g *group) empty() bool { return len(g.txns) == 0 && g.bad == nil }

func (g *group) end() trail.Position { return positionOf(&g.batch.Checkpoint) }

func (g *group) begin() trail.Position {
	if len(g.txns) == 0 {
		return g.end()
	}
	return g.txns[0].begin
}

// use notes that the group has operations of the table.
func (g *group) use(t *table) {
	if !t.used {
		t.used = true
		g.tables = append(g.tables, t)
	}
}

// close forgets who is used, so that the next group notes it anew.
func (g *group) close() {
	for _, t := range g.tables {
		t.used = false
	}
}

// add maps one operation for one table onto the end of the batch, unless the MAP
// leaves it out.
func (g *group) add(t *table, op *sourceOp, ref opRef) error {
	if len(t.exceptions) > 0 {
		ref.kept = g.keep(op, ref.txn)
	}
	err := g.append(t, op, ref)
	if err == nil {
		g.use(t)
	}
	return err
}

// append does the same for a group whose tables somebody else notes.
func (g *group) append(t *table, op *sourceOp, ref opRef) error {
	mark := len(g.batch.Ops)
	ops := append(g.batch.Ops, 0, 0, 0, 0)
	ops, applied, err := t.plan.Apply(ops, op.body, &op.origin)
	if err != nil || !applied {
		g.batch.Ops = ops[:mark]
		return err
	}
	n := uint32(len(ops) - mark - 4)
	ops[mark], ops[mark+1], ops[mark+2], ops[mark+3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
	g.batch.Ops = ops
	ref.table = t
	ref.kind, _ = record.OpTable(ops[mark+4:])
	ref.origin = len(g.batch.Origins)
	if g.origin.wanted {
		g.tellOrigin(op, ref.txn)
	}
	g.ops = append(g.ops, ref)
	g.batch.Count++
	return nil
}

// tellOrigin writes where an operation of the group's transaction number txn
// comes from.
func (g *group) tellOrigin(op *sourceOp, txn int) {
	o, b := &g.origin, &g.batch
	if o.told != txn+1 {
		b.Origins = handler.AppendOriginTxn(b.Origins, &op.txn.TxnInfo)
		o.told = txn + 1
	}
	at := op.txn.OpPosition()
	b.Origins = o.writer.AppendOp(b.Origins, at.Seqno, at.RBA, op.ordinal)
}

// cutTo keeps the first count operations of the batch. The group is then handed
// over: nothing may be added to it.
func (g *group) cutTo(count int) {
	if count == len(g.ops) {
		return
	}
	rest, kept := g.batch.Ops, 0
	for range count {
		body, next, _ := handler.NextBatchOp(rest)
		kept += 4 + len(body)
		rest = next
	}
	b := &g.batch
	b.Ops, b.Count, b.Origins = b.Ops[:kept], count, b.Origins[:g.ops[count].origin]
	g.ops = g.ops[:count]
}

// op gives the body of the batch's operation n.
func (g *group) op(n int) []byte {
	rest := g.batch.Ops
	for i := 0; ; i++ {
		body, next, ok := handler.NextBatchOp(rest)
		if !ok || i == n {
			return body
		}
		rest = next
	}
}
