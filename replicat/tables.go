package replicat

import (
	"context"
	"fmt"
	"slices"

	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/mapping"
	"ggsh/param"
	"ggsh/record"
)

// tablesFor gives the targets of a source definition, resolved at its first
// operation. It is called by the mapper only.
func (r *Replicat) tablesFor(ctx context.Context, def *record.TableDef) ([]*table, error) {
	if tables, ok := r.tables[def]; ok {
		return tables, nil
	}
	counts, err := r.definitionOf(ctx, def)
	if err != nil {
		return nil, err
	}
	plans, err := r.plan.Resolve(counts, r.targetLookup(ctx))
	if err != nil {
		return nil, err
	}
	var tables []*table
	for _, p := range plans {
		r.tell(p, counts == def)
		r.takeTruncates(p)
		t, err := r.newTable(p)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	r.tables[def] = tables
	return tables, nil
}

// useOf is what the handler is told of a table; changed says that an order has
// turned HANDLECOLLISIONS since it was told last.
func (r *Replicat) useOf(t *table) (use handler.TableUse, changed bool) {
	on := t.collisions
	for _, o := range r.state.collisionOrders() {
		if o.concerns(t.plan) {
			on = o.on
		}
	}
	if on != t.use.HandleCollisions {
		t.use.HandleCollisions = on
		return t.use, true
	}
	return t.use, false
}

// concerns reports whether an order's names fit a table, by its source or target.
func (o collisionOrder) concerns(p *mapping.TablePlan) bool {
	if len(o.patterns) == 0 {
		return true
	}
	for _, pattern := range o.patterns {
		if mapping.Matches(pattern, p.Source) || mapping.Matches(pattern, p.Target) {
			return true
		}
	}
	return false
}

// tell says what was decided of a pair of tables, once.
func (r *Replicat) tell(p *mapping.TablePlan, fromTrail bool) {
	for _, m := range p.Messages {
		if said := m.Message(); !r.said[said] && (fromTrail || m.Number != ggserr.DefinitionFromTrail) {
			r.said[said] = true
			r.p.Event(m)
		}
	}
}

// newTable makes ready a pair of source and target, and where its exceptions go.
func (r *Replicat) newTable(p *mapping.TablePlan) (*table, error) {
	st := p.Statement
	t := &table{plan: p, rules: rulesOf(st, len(p.Exceptions) > 0),
		stats: r.p.Stats().Table("", p.Source.FullName(), p.Target.FullName())}
	t.collisions = st.Switches.HandleCollisions
	if own := st.HandleCollisions; own != nil {
		t.collisions = *own
	}
	conflicts, err := conflictsOf(p)
	if err != nil {
		return nil, err
	}
	t.use = handler.TableUse{ID: p.ID, Source: p.Source.FullName(), Target: p.Target,
		Key: p.Key, KeyIsUnique: p.KeyIsUnique, HandleCollisions: t.collisions,
		OverrideDups: st.Switches.OverrideDups, InsertMissing: st.Switches.InsertMissingUpdates,
		Conflicts: conflicts, Rules: handlerRules(t.rules)}
	for _, x := range p.Exceptions {
		r.tell(x, true)
		xt, err := r.newTable(x)
		if err != nil {
			return nil, err
		}
		t.exceptions = append(t.exceptions, xt)
	}
	return t, r.refuseBeyond(t)
}

// refuseBeyond refuses what the target's handler cannot do.
func (r *Replicat) refuseBeyond(t *table) error {
	can := r.target.can
	st := t.plan.Statement
	what := ""
	switch {
	case !can.Resolves && t.use.OverrideDups:
		what = "OVERRIDEDUPS"
	case !can.Resolves && t.use.InsertMissing:
		what = "INSERTMISSINGUPDATES"
	case !can.Resolves && t.use.Conflicts != nil:
		what = "COMPARECOLS and RESOLVECONFLICT"
	case !(can.Continues && can.Queries) && len(t.plan.Queries) > 0:
		what = "SQLEXEC"
	case !can.Calls && t.plan.CallsProcedures():
		what = "SQLEXEC with SPNAME: it knows no procedures whose parameters can be read back"
	case !can.Continues && len(t.exceptions) > 0:
		what = "a mapping of exceptions"
	default:
		return nil
	}
	return ggserr.New(ggserr.BadParameter, fmt.Sprintf("handler %s cannot do %s", can.Name, what)).
		At(st.Pos.File, st.Pos.Line, st.Pos.Column)
}

// rulesOf are the REPERROR rules of a MAP: its own before those of the file,
// of those the last written first, and DEFAULT behind single numbers. excepts says
// that there is a mapping of exceptions; else DEFAULT2 decides in its place.
func rulesOf(st *param.TableStatement, excepts bool) []rule {
	own, root := st.RepErrors, st.Switches.RepErrors
	for i, e := range st.RepErrors {
		if e.Reset {
			own, root = st.RepErrors[i+1:], nil
		}
	}
	second := param.RepError{Response: string(respondAbend)}
	for _, e := range append(slices.Clone(root), own...) {
		if e.Default2 && !isException(e) {
			second = e
		}
	}
	var rules []rule
	for _, list := range []struct {
		rules []param.RepError
		root  bool
	}{{own, false}, {root, true}} {
		for i := len(list.rules) - 1; i >= 0; i-- {
			e := list.rules[i]
			if e.Default2 || e.Procedure {
				continue
			}
			u := rule{isDefault: e.Default, root: list.root}
			u.from, u.to = numbers(e)
			if isException(e) && !excepts {
				e = second
			}
			u.kind, u.retries, u.wait = response(e.Response), e.MaxRetries, e.Delay
			rules = append(rules, u)
		}
	}
	return sortedRules(rules)
}

func isException(e param.RepError) bool {
	return response(e.Response) == respondException || response(e.Response) == respondTransException
}

// numbers are those of a rule without their sign: some databases write errors with
// a minus.
func numbers(e param.RepError) (from, to int) {
	from, to = int(e.Low), int(e.High)
	if to < 0 {
		return -to, -from
	}
	return max(from, 0), to
}
