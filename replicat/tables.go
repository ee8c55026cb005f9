package replicat

import (
	"context"

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
		for _, m := range p.Messages {
			if said := m.Message(); !r.said[said] && (counts == def || m.Number != ggserr.DefinitionFromTrail) {
				r.said[said] = true
				r.p.Event(m)
			}
		}
		r.takeTruncates(p)
		t := &table{plan: p, rules: rulesOf(p.Statement),
			stats: r.p.Stats().Table("", p.Source.FullName(), p.Target.FullName())}
		t.collisions = p.Statement.Switches.HandleCollisions
		if own := p.Statement.HandleCollisions; own != nil {
			t.collisions = *own
		}
		t.use = handler.TableUse{ID: p.ID, Source: p.Source.FullName(), Target: p.Target,
			Key: p.Key, KeyIsUnique: p.KeyIsUnique, HandleCollisions: t.collisions,
			Rules: handlerRules(t.rules)}
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

// rulesOf are the REPERROR rules of a MAP: its own before those of the file,
// of those the last written first, and DEFAULT behind single numbers.
func rulesOf(st *param.TableStatement) []rule {
	var rules []rule
	for _, list := range []struct {
		rules []param.RepError
		root  bool
	}{{st.RepErrors, false}, {st.Switches.RepErrors, true}} {
		for i := len(list.rules) - 1; i >= 0; i-- {
			e := list.rules[i]
			if e.Default2 || e.Procedure || e.Reset {
				continue
			}
			rules = append(rules, rule{isDefault: e.Default, from: int(e.Low), to: int(e.High),
				kind: response(e.Response), retries: max(0, e.MaxRetries), wait: e.Delay,
				root: list.root})
		}
	}
	return sortedRules(rules)
}

// refuseRules refuses the responses that this release lacks.
func refuseRules(statements []*param.TableStatement) error {
	for _, st := range statements {
		for _, e := range append(st.RepErrors[:len(st.RepErrors):len(st.RepErrors)],
			st.Switches.RepErrors...) {
			if e.Response == "EXCEPTION" || e.Response == "TRANSEXCEPTION" || e.Procedure {
				err := ggserr.New(ggserr.BadParameter, "REPERROR ("+e.String()+"): exceptions "+
					"mapping comes with a later release")
				return err.At(e.Pos.File, e.Pos.Line, e.Pos.Column)
			}
		}
	}
	return nil
}
