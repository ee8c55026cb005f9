// Package sqlexec executes what SQLEXEC orders, for Extract and Replicat alike: the
// queries of a TABLE or MAP, whose answers @GETVAL gives, and the statements that stand
// for themselves.
//
// It opens no database and knows no product: a handler.Querier is given to it. Its law:
// an answer is used again only as long as EXEC says; what ERROR says of a failure is
// obeyed, but the loss of the connection is always the caller's.
package sqlexec

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
)

// How long one query, and one statement for itself, may take.
const (
	perRecord   = 10 * time.Minute
	perSchedule = 24 * time.Hour
)

// Log is where the report is written.
type Log interface {
	Event(e *ggserr.Error)
	Line(format string, args ...any)
}

// Place is where an operation stands.
type Place struct {
	Txn     [2]uint64 // no other transaction of the run has these two numbers
	Ordinal int       // of the operation in it, from 0
}

// Memory keeps the answers of queries that are not asked for each TABLE or MAP. Its zero
// value is empty.
type Memory struct {
	once, txn, row map[string][]mapping.Answer
	at             Place
	began          bool
}

// scope finds the answers that hold for a query; nil: none does.
func (y *Memory) scope(q *mapping.TableQuery, at Place) map[string][]mapping.Answer {
	switch q.SQL.Exec {
	case "", "MAP":
		return nil
	}
	if y.once == nil {
		y.once = map[string][]mapping.Answer{}
	}
	if !y.began || y.at.Txn != at.Txn {
		y.txn, y.row = map[string][]mapping.Answer{}, map[string][]mapping.Answer{}
	} else if y.at.Ordinal != at.Ordinal {
		y.row = map[string][]mapping.Answer{}
	}
	y.began, y.at = true, at
	switch q.SQL.Exec {
	case "ONCE":
		return y.once
	case "TRANSACTION":
		return y.txn
	}
	return y.row
}

// Asker executes the queries for one operation; it is a mapping.Asker.
type Asker struct {
	Context context.Context
	Querier handler.Querier
	Memory  *Memory
	Log     Log
	Place   Place  // of the operation
	Table   string // its source
	// Ready is called before a query is executed; nil: there is nothing to wait for.
	Ready func() error
}

// Ask executes a query, or gives the answer that still holds.
func (a *Asker) Ask(q *mapping.TableQuery) ([]mapping.Answer, error) {
	known := a.Memory.scope(q, a.Place)
	if answer, ok := known[q.SQL.ID]; ok {
		return answer, nil
	}
	if a.Ready != nil {
		if err := a.Ready(); err != nil {
			return nil, err
		}
	}
	query, err := queryOf(q)
	if err != nil {
		return nil, ggserr.New(ggserr.BadParameter, err.Error()).At(q.SQL.Pos.File, q.SQL.Pos.Line,
			q.SQL.Pos.Column)
	}
	got, err := a.Querier.Query(a.Context, query)
	if err != nil {
		return nil, a.failed(q, err)
	}
	answer, err := answerOf(q.SQL, got)
	if err != nil {
		return nil, err
	}
	a.traced(q, answer, nil)
	if known != nil {
		known[q.SQL.ID] = answer
	}
	return answer, nil
}

// queryOf is the query with the parameters of the present record.
func queryOf(q *mapping.TableQuery) (handler.Query, error) {
	if !q.SQL.Procedure.IsZero() {
		return callOf(q), nil
	}
	text, order, err := placeholders(q.SQL.Query, q.SQL.Params)
	if err != nil {
		return handler.Query{}, err
	}
	query := handler.Query{Text: text, Rows: returnsRows(text), Limit: perRecord}
	for _, i := range order {
		query.Args = append(query.Args, record.AppendValue(nil, q.Params[i]))
	}
	return query, nil
}

// callOf is the call of a procedure with the parameters of the present record.
func callOf(q *mapping.TableQuery) handler.Query {
	name := q.SQL.Procedure
	call := &handler.Call{Schema: name.Schema().Text, Name: name.Table().Text}
	query := handler.Query{Call: call, Limit: perRecord}
	for i := range q.Params {
		call.Params = append(call.Params, q.SQL.Params[i].Name)
		query.Args = append(query.Args, record.AppendValue(nil, q.Params[i]))
	}
	return query
}

// answerOf reads what a query gave; MAXVARCHARLEN cuts its texts.
func answerOf(sql *param.SQLExec, got *handler.Answer) ([]mapping.Answer, error) {
	var answer []mapping.Answer
	for i, name := range got.Columns {
		v, _, err := record.DecodeValue(got.Values[i])
		if err != nil {
			return nil, fmt.Errorf("SQLEXEC %s: %w", sql.ID, err)
		}
		if limit := sql.MaxVarcharLen; v.Kind == record.String && len(v.B) > limit {
			v.B = v.B[:limit]
		}
		answer = append(answer, mapping.Answer{Name: name, Value: v})
	}
	return answer, nil
}

// failed obeys the ERROR option of a query. What can never be done is not the record's
// fault and ends the run.
func (a *Asker) failed(q *mapping.TableQuery, err error) error {
	var failed *handler.ApplyError
	if !errors.As(err, &failed) || failed.Class == handler.Connection ||
		failed.Class == handler.Conflict {
		return err
	}
	if failed.Class == handler.Order {
		return ggserr.New(ggserr.BadParameter, "SQLEXEC "+q.SQL.ID+": "+failed.Text).
			At(q.SQL.Pos.File, q.SQL.Pos.Line, q.SQL.Pos.Column)
	}
	a.traced(q, nil, failed)
	switch q.SQL.Error {
	case "RAISE", "FINAL":
		return &mapping.QueryError{ID: q.SQL.ID, Code: failed.Code, Text: failed.Error(),
			Final: q.SQL.Error == "FINAL"}
	case "FATAL":
		return ggserr.New(ggserr.SQLFailed, "SQLEXEC "+q.SQL.ID+": "+failed.Error()).
			At(q.SQL.Pos.File, q.SQL.Pos.Line, q.SQL.Pos.Column)
	case "REPORT":
		a.Log.Event(ggserr.New(ggserr.ApplyWarning, "SQLEXEC "+q.SQL.ID+" for a record of "+
			a.Table+": "+failed.Error()))
	}
	return nil
}
