package mapping

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// rawQuery is a SQLEXEC as the statement has it.
type rawQuery struct {
	sql    *param.SQLExec
	values []*expr.Node
}

// TableQuery is a SQLEXEC of a statement for one source table.
type TableQuery struct {
	SQL    *param.SQLExec
	Params []record.Value // of the present record
	values []*expr.Expr
	on     [record.DDL + 1]bool
	answer []Answer
}

// Answer is one column of the row that a query gave.
type Answer struct {
	Name  string
	Value record.Value
}

// Asker executes the queries of a statement.
type Asker interface {
	// Ask gives the columns of the first row; none when there is none, or when the
	// query failed and that is to be passed over.
	Ask(q *TableQuery) ([]Answer, error)
}

// QueryError is the failure of a SQLEXEC that REPERROR is to decide on.
type QueryError struct {
	ID   string
	Code int
	Text string
	// Final says that the other queries of the statement are left out.
	Final bool
}

// Error names the query.
func (e *QueryError) Error() string { return fmt.Sprintf("SQLEXEC %s: %s", e.ID, e.Text) }

// compileQueries reads the parameters of SQLEXEC.
func (e *entry) compileQueries(parser *expr.Parser, extract bool) error {
	for i := range e.statement.SQLExec {
		sql := &e.statement.SQLExec[i]
		if extract && (sql.Error == "RAISE" || sql.Error == "FINAL") {
			return ggserr.New(ggserr.BadParameter, "ERROR "+sql.Error+" is possible in MAP only").
				At(sql.Pos.File, sql.Pos.Line, sql.Pos.Column).
				Do("An Extract has no REPERROR that it could meet: write IGNORE, REPORT or FATAL.")
		}
		if name := sql.Procedure; name.Catalog().Text != "" {
			return e.refuse("SPNAME %s has three parts; a procedure is named schema.name", name)
		}
		q := rawQuery{sql: sql}
		for _, p := range sql.Params {
			node, err := parser.Parse(p.Expr, expr.ForValue)
			if err != nil {
				return err
			}
			q.values = append(q.values, node)
		}
		e.queries = append(e.queries, q)
	}
	return nil
}

// bindQueries binds the parameters to the source table.
func (t *TablePlan) bindQueries(e *entry) error {
	scope := t.scope(e, nil)
	for _, raw := range e.queries {
		q := &TableQuery{SQL: raw.sql}
		for name, types := range rowTypes {
			for _, kind := range types {
				q.on[kind] = len(raw.sql.On) == 0 || slices.Contains(raw.sql.On, name)
			}
		}
		for _, node := range raw.values {
			value, err := node.Bind(scope)
			if err != nil {
				return err
			}
			q.values = append(q.values, value)
		}
		t.Queries = append(t.Queries, q)
	}
	if len(t.Queries) > 0 {
		t.scratch.Results = t
	}
	return nil
}

// HasQueries reports whether some statement has a SQLEXEC.
func (p *Plan) HasQueries() bool {
	for _, e := range p.entries {
		if len(e.queries) > 0 {
			return true
		}
	}
	return false
}

// CallsProcedures reports whether some SQLEXEC of the statement has SPNAME.
func (p *TablePlan) CallsProcedures() bool {
	return slices.ContainsFunc(p.Queries, func(q *TableQuery) bool { return !q.SQL.Procedure.IsZero() })
}

// Result gives a column of a query's row for the present record.
func (p *TablePlan) Result(id, parameter string) record.Value {
	for _, q := range p.Queries {
		if !strings.EqualFold(q.SQL.ID, id) {
			continue
		}
		for i := range q.answer {
			if strings.EqualFold(q.answer[i].Name, parameter) {
				return q.answer[i].Value
			}
		}
	}
	return record.Value{Kind: record.Missing}
}

// Ask executes the queries for an operation, before Apply rewrites it: those for the
// filter first, the others when the operation passes it.
func (p *TablePlan) Ask(body []byte, from *expr.Origin, asker Asker) error {
	s := &p.scratch
	if err := s.Load(body); err != nil {
		return err
	}
	for _, q := range p.Queries {
		q.answer = nil
	}
	if !p.actions[s.Op.Type].take {
		return nil
	}
	s.Origin = *from
	if err := p.readImages(); err != nil {
		return err
	}
	first := p.askAll(asker, true)
	if final(first) {
		return first
	}
	if taken, err := p.selects(); err != nil || !taken {
		return first // Apply finds out the same
	}
	if err := p.askAll(asker, false); err != nil {
		return err
	}
	return first
}

func final(err error) bool {
	e, ok := err.(*QueryError)
	return err != nil && (!ok || e.Final)
}

// askAll executes the queries that stand before or after the filter. A failure of one
// is given when the others are done.
func (p *TablePlan) askAll(asker Asker, beforeFilter bool) error {
	s := &p.scratch
	var failed error
	for _, q := range p.Queries {
		if q.SQL.BeforeFilter != beforeFilter || !q.on[s.Op.Type] || !q.evaluate(&s.Record) {
			continue
		}
		var err error
		if q.answer, err = asker.Ask(q); final(err) {
			return err
		} else if err != nil {
			failed = err
		}
	}
	return failed
}

// evaluate makes the parameters; false: a required one is missing.
func (q *TableQuery) evaluate(r *expr.Record) bool {
	q.Params = q.Params[:0]
	for i, value := range q.values {
		v := value.Value(r, false)
		if v.Kind == record.Missing || v.Kind == expr.Invalid {
			if q.SQL.AllRequired || q.SQL.Params[i].Required {
				return false
			}
			v = record.Value{Kind: record.Null}
		}
		q.Params = append(q.Params, v)
	}
	return true
}
