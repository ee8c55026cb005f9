package dml

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"ggsh/checkpointtable"
	"ggsh/record"
)

// long is a value of which only the head is in the row yet.
type long struct {
	column int
	*Long
}

// takeLongs leaves the heads of long values among the arguments.
func takeLongs(s *shape, args []any) (longs []long) {
	for i, arg := range args {
		if l, ok := arg.(*Long); ok && i < len(s.set) {
			args[i] = l.Head
			longs = append(longs, long{s.set[i], l})
		}
	}
	return longs
}

// executeLong writes a row with the arguments bound last, then the rest of its long
// values.
func (a *Applier) executeLong(ctx context.Context, c *change, s *shape, im images,
	longs []long) (sql.Result, error) {
	text, args := a.statement(s, 1), a.work.args
	failed := func(text string, err error) error {
		return &opError{op: c.number, statement: text, err: err}
	}
	var result sql.Result
	var err error
	var place string
	switch {
	case s.table.use.KeyIsUnique:
		result, err = a.stmts.exec(ctx, text, args)
	case a.dialect.Place != nil:
		text += strings.Replace(a.dialect.Place.Returning, "?", ":"+strconv.Itoa(len(args)+1), 1)
		args = append(args[:len(args):len(args)], a.dialect.Place.Out(&place))
		result, err = a.conn.ExecContext(ctx, text, args...)
	default:
		err = &Refusal{Code: a.dialect.NullCode, Text: fmt.Sprintf("the value of column %s of %s "+
			"needs a table with a key: name one with KEYCOLS",
			s.table.def.Columns[longs[0].column].Name, s.table.def.FullName())}
	}
	if err != nil {
		return nil, failed(text, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return result, err // no row to add to
	}
	where, key, err := a.written(s.table, im, place)
	if err != nil {
		return nil, failed(text, err)
	}
	for _, l := range longs {
		add, pieces := a.dialect.Append, l.Rest
		if l.Empty {
			add = a.dialect.Empty
		}
		text := add(&s.table.def.Columns[l.column], s.table.name, s.table.column[l.column], where)
		if a.dialect.Numbered {
			text = checkpointtable.Numbered(text)
		}
		if l.Empty {
			if _, err := a.stmts.exec(ctx, text, key); err != nil {
				return nil, failed(text, err)
			}
		}
		for _, piece := range pieces {
			if _, err := a.stmts.exec(ctx, text, append(key[:len(key):len(key)], piece)); err != nil {
				return nil, failed(text, err)
			}
		}
	}
	return result, nil
}

// written gives the condition, with its arguments, that finds the row that an
// operation has just written.
func (a *Applier) written(t *table, im images, place string) (string, []any, error) {
	if !t.use.KeyIsUnique {
		return a.dialect.Place.Is, []any{place}, nil
	}
	where := make([]record.Value, len(t.def.Columns))
	for _, k := range t.use.Key {
		if where[k] = im.after[k]; where[k].Kind == record.Missing && im.before != nil {
			where[k] = im.before[k]
		}
	}
	key := binder{a: a, table: t}
	key.key(&shape{table: t, kind: record.Update}, images{after: where})
	return match(t), key.args, key.err
}
