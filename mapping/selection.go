package mapping

import (
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/record"
)

// rawCondition is a FILTER or WHERE as the statement has it.
type rawCondition struct {
	what   string
	node   *expr.Node
	on     [record.DDL + 1]bool // for which types of operations it counts
	raises bool
	number int
}

// condition is a FILTER or WHERE for one source table.
type condition struct {
	*rawCondition
	test *expr.Expr
}

// rawToken is one of TOKENS.
type rawToken struct {
	name string
	node *expr.Node
}

// token is one of TOKENS for one source table.
type token struct {
	name  []byte
	value *expr.Expr
}

// maxTokens is how many octets the tokens of a record may take.
const maxTokens = 2000

// rowTypes are the types that have rows, by the names of FILTER.
var rowTypes = map[string][]record.OpType{"INSERT": {record.Insert}, "DELETE": {record.Delete},
	"UPDATE": {record.Update, record.PKUpdate}}

// compileSelection reads FILTER, WHERE and TOKENS.
func (e *entry) compileSelection(parser *expr.Parser, extract bool) error {
	for _, tokens := range e.statement.Where {
		node, err := parser.Parse(tokens, expr.ForWhere)
		if err != nil {
			return err
		}
		c := rawCondition{what: "WHERE", node: node}
		c.count(nil, true)
		e.conditions = append(e.conditions, c)
	}
	for i := range e.statement.Filters {
		f := &e.statement.Filters[i]
		node, err := parser.Parse(f.Expr, expr.ForFilter)
		if err != nil {
			return err
		}
		if f.Raises && extract {
			return ggserr.New(ggserr.BadParameter, "RAISEERROR is possible in MAP only").
				At(f.Pos.File, f.Pos.Line, f.Pos.Column).
				Do("An Extract has no REPERROR that it could meet.")
		}
		c := rawCondition{what: "FILTER", node: node, raises: f.Raises, number: int(f.RaiseError)}
		c.count(f.On, true)
		if len(f.Ignore) > 0 {
			c.count(f.Ignore, false)
		}
		e.conditions = append(e.conditions, c)
	}
	for _, d := range e.statement.Tokens {
		node, err := parser.Parse(d.Expr, expr.ForValue)
		if err != nil {
			return err
		}
		for _, other := range e.tokens {
			if strings.EqualFold(other.name, d.Name) {
				return e.refuse("TOKENS sets %s twice", d.Name)
			}
		}
		e.tokens = append(e.tokens, rawToken{name: d.Name, node: node})
	}
	return nil
}

// count makes the condition count, or not, for operations; none: for all.
func (c *rawCondition) count(operations []string, on bool) {
	for name, types := range rowTypes {
		for _, t := range types {
			if len(operations) == 0 || slices.Contains(operations, name) {
				c.on[t] = on
			}
		}
	}
}

// scope is what the expressions of a statement are bound to.
func (t *TablePlan) scope(e *entry, to *record.ColumnDef) *expr.Scope {
	s := &expr.Scope{Def: t.Source, Target: to, Env: t.env}
	for _, c := range e.keyCols {
		at := c.find(t.Source)
		if at < 0 { // the target's own name: the source's key counts
			s.Key = nil
			break
		}
		s.Key = append(s.Key, at)
	}
	for i := range e.statement.SQLExec {
		s.Queries = append(s.Queries, e.statement.SQLExec[i].ID)
	}
	return s
}

// bindSelection binds FILTER, WHERE and TOKENS to the source table.
func (t *TablePlan) bindSelection(e *entry) error {
	scope := t.scope(e, nil)
	for i := range e.conditions {
		c := condition{rawCondition: &e.conditions[i]}
		var err error
		if c.test, err = c.node.Bind(scope); err != nil {
			return err
		}
		t.conditions = append(t.conditions, c)
	}
	for _, raw := range e.tokens {
		value, err := raw.node.Bind(scope)
		if err != nil {
			return err
		}
		t.tokens = append(t.tokens, token{name: []byte(raw.name), value: value})
	}
	return nil
}

// selects reports whether the record passes all conditions.
func (p *TablePlan) selects() (bool, error) {
	s := &p.scratch
	for i := range p.conditions {
		c := &p.conditions[i]
		if !c.on[s.Op.Type] {
			continue
		}
		verdict := c.test.Test(&s.Record, false)
		switch {
		case verdict == expr.True:
		case s.Unhashed():
			return false, ggserr.New(ggserr.RangeEmpty, p.Source.FullName())
		case verdict == expr.Undecided:
			return false, &UndecidedError{Table: p.Source.FullName(), What: c.what,
				Columns: p.notCarried(c.node)}
		case c.raises:
			return false, &FilterError{Table: p.Source.FullName(), Number: c.number}
		default:
			return false, nil
		}
	}
	return true, nil
}

// notCarried names the columns of a condition that the record lacks.
func (p *TablePlan) notCarried(node *expr.Node) string {
	var names []int
	for _, at := range node.Names(p.Source) {
		if !carries(p.scratch.After.Value(at)) && !carries(p.scratch.Before.Value(at)) {
			names = append(names, at)
		}
	}
	if len(names) == 0 {
		names = node.Names(p.Source)
	}
	return columnList(p.Source, names)
}
