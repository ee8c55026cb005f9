package query

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"ggsh/handler"
)

// Calls is how a product's procedures are called.
type Calls uint8

// The ways to call.
const (
	NoCalls Calls = iota // there are none, or their results cannot be had
	ByCALL               // CALL name (...), outputs in variables of the session: MySQL, MariaDB
)

// Procedures calls procedures over one connection and remembers what it has learned of
// their parameters.
type Procedures struct {
	Calls   Calls
	Product string // for messages

	known map[[2]string]*procedure
}

// maxParameters bounds what is read of one procedure.
const maxParameters = 1024

// maxProcedures bounds how many are remembered.
const maxProcedures = 256

// procedure is a procedure's parameters in their order.
type procedure struct {
	names   []string
	in, out []bool
	order   []int // for each one its argument's number in order's call; -1: none
	asked   []string
}

// Call calls a procedure with the arguments that call.Params names. The answer has the
// parameters that give something: OUT and INOUT. One that is given no argument is NULL.
func (p *Procedures) Call(ctx context.Context, conn *sql.Conn, call *handler.Call, args []any,
) (*handler.Answer, error) {
	if p.Calls == NoCalls {
		return nil, refused("%s: procedures of %s are not called", call, p.Product)
	}
	key := [2]string{call.Schema, call.Name}
	proc := p.known[key]
	if proc == nil {
		var err error
		if proc, err = describe(ctx, conn, call); err != nil {
			return nil, err
		}
		if p.known == nil || len(p.known) >= maxProcedures {
			p.known = map[[2]string]*procedure{}
		}
		p.known[key] = proc
	}
	answer, err := proc.call(ctx, conn, call, args)
	if err != nil {
		delete(p.known, key) // it may have been made anew meanwhile
	}
	return answer, err
}

// Forget drops what is known: the connection is another.
func (p *Procedures) Forget() { p.known = nil }

// refused is an order that cannot be followed as it stands.
func refused(format string, args ...any) error {
	return &handler.ApplyError{Class: handler.Order, Op: -1, Text: fmt.Sprintf(format, args...)}
}

// describe reads a procedure's parameters from the catalog.
func describe(ctx context.Context, conn *sql.Conn, call *handler.Call) (*procedure, error) {
	schema, args := "DATABASE()", []any{call.Name}
	if call.Schema != "" {
		schema, args = "?", []any{call.Schema, call.Name}
	}
	found, err := conn.QueryContext(ctx, `SELECT p.PARAMETER_MODE, p.PARAMETER_NAME
		FROM information_schema.ROUTINES r LEFT JOIN information_schema.PARAMETERS p
		ON p.SPECIFIC_SCHEMA = r.ROUTINE_SCHEMA AND p.SPECIFIC_NAME = r.SPECIFIC_NAME
		AND p.ROUTINE_TYPE = 'PROCEDURE' WHERE r.ROUTINE_TYPE = 'PROCEDURE'
		AND r.ROUTINE_SCHEMA = `+schema+` AND r.ROUTINE_NAME = ? ORDER BY p.ORDINAL_POSITION`, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	proc, known := &procedure{}, false
	for found.Next() && len(proc.names) < maxParameters {
		var mode, name sql.NullString
		if err := found.Scan(&mode, &name); err != nil {
			return nil, err
		}
		if known = true; !name.Valid {
			continue // it has no parameters
		}
		proc.names = append(proc.names, name.String)
		proc.in = append(proc.in, mode.String != "OUT")
		proc.out = append(proc.out, mode.String != "IN")
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if !known {
		return nil, refused("there is no procedure %s, or the user may not execute it", call)
	}
	return proc, nil
}

// match joins the arguments with the parameters, once for a call's names.
func (p *procedure) match(call *handler.Call) error {
	if p.order != nil && slices.Equal(p.asked, call.Params) {
		return nil
	}
	order := make([]int, len(p.names))
	for i := range order {
		order[i] = -1
	}
	for n, name := range call.Params {
		at := slices.IndexFunc(p.names, func(have string) bool { return strings.EqualFold(have, name) })
		switch {
		case at < 0:
			return refused("procedure %s has no parameter %s; it has %s", call, name, p.list())
		case !p.in[at]:
			return refused("parameter %s of procedure %s is an OUT parameter: it takes no value", name, call)
		}
		order[at] = n
	}
	p.order, p.asked = order, slices.Clone(call.Params)
	return nil
}

func (p *procedure) list() string {
	if len(p.names) == 0 {
		return "none"
	}
	return strings.Join(p.names, ", ")
}

// call executes CALL. What is in and out goes by variables of the session.
func (p *procedure) call(ctx context.Context, conn *sql.Conn, call *handler.Call, args []any,
) (*handler.Answer, error) {
	if err := p.match(call); err != nil {
		return nil, err
	}
	var with, set, get []string
	var values, initial []any
	answer := &handler.Answer{}
	for i, name := range p.names {
		var value any
		if n := p.order[i]; n >= 0 && n < len(args) {
			value = args[n]
		}
		if !p.out[i] {
			with, values = append(with, "?"), append(values, value)
			continue
		}
		variable := fmt.Sprintf("@ggsh_%d", i)
		with, get = append(with, variable), append(get, variable)
		answer.Columns = append(answer.Columns, name)
		set, initial = append(set, variable+" = ?"), append(initial, value)
	}
	if len(set) > 0 {
		if _, err := conn.ExecContext(ctx, "SET "+strings.Join(set, ", "), initial...); err != nil {
			return nil, err
		}
	}
	name := quoted(call.Name)
	if call.Schema != "" {
		name = quoted(call.Schema) + "." + name
	}
	text := "CALL " + name + "(" + strings.Join(with, ", ") + ")"
	if _, err := conn.ExecContext(ctx, text, values...); err != nil {
		return nil, err
	}
	if len(get) == 0 {
		return answer, nil
	}
	got, err := Ask(ctx, conn, "SELECT "+strings.Join(get, ", "), true, nil)
	if err != nil {
		return nil, err
	}
	answer.Values = got.Values
	return answer, nil
}

func quoted(part string) string { return "`" + strings.ReplaceAll(part, "`", "``") + "`" }
