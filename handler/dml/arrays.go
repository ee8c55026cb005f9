package dml

import (
	"context"
	"fmt"

	"ggsh/checkpointtable"
	"ggsh/record"
)

// rows binds the values of several operations, one behind the other, each as its
// one-row statement has them.
func (b *binder) rows(s *shape, rows []images) {
	for i := range rows {
		if s.kind != record.Delete {
			b.written(s.set, rows[i].after)
		}
		if s.kind != record.Insert {
			b.key(s, rows[i])
		}
	}
}

// arrays turns the arguments of several rows into one array for each placeholder.
func arrays(args []any, rows int) ([]any, error) {
	width := len(args) / rows
	columns := make([]any, width)
	texts := make([]string, 0, len(args))
	for c := range width {
		if _, raw := args[c].([]byte); raw {
			octets := make([][]byte, rows)
			for r := range octets {
				octets[r], _ = args[r*width+c].([]byte)
			}
			columns[c] = octets
			continue
		}
		from := len(texts)
		for r := range rows {
			text, ok := args[r*width+c].(string)
			if !ok {
				return nil, fmt.Errorf("an array of %T", args[r*width+c])
			}
			texts = append(texts, text)
		}
		columns[c] = texts[from:len(texts):len(texts)]
	}
	return columns, nil
}

// long is a value of which only the head is in the row yet.
type long struct {
	column int
	rest   []any
}

// takeLongs leaves the heads of long values among the arguments.
func takeLongs(s *shape, args []any) (longs []long) {
	for i, arg := range args {
		if l, ok := arg.(*Long); ok && i < len(s.set) {
			args[i] = l.Head
			longs = append(longs, long{column: s.set[i], rest: l.Rest})
		}
	}
	return longs
}

// appendLongs adds the pieces of long values to the row that was just written. It
// gives the statement that failed.
func (a *Applier) appendLongs(ctx context.Context, s *shape, im images,
	longs []long) (text string, err error) {
	t := s.table
	if !t.use.KeyIsUnique {
		return "", &Refusal{Code: a.dialect.NullCode, Text: fmt.Sprintf("column %s of %s is too "+
			"long for a table without a key: name one with KEYCOLS",
			t.def.Columns[longs[0].column].Name, t.def.FullName())}
	}
	where := make([]record.Value, len(t.def.Columns))
	for _, k := range t.use.Key {
		if where[k] = im.after[k]; where[k].Kind == record.Missing && im.before != nil {
			where[k] = im.before[k]
		}
	}
	key := binder{a: a, table: t}
	key.key(&shape{table: t, kind: record.Update}, images{after: where})
	if key.err != nil {
		return "", key.err
	}
	for _, l := range longs {
		text = a.dialect.Append(&t.def.Columns[l.column], t.name, t.column[l.column], match(t))
		if a.dialect.Numbered {
			text = checkpointtable.Numbered(text)
		}
		for _, piece := range l.rest {
			args := append(key.args[:len(key.args):len(key.args)], piece)
			if _, err := a.stmts.exec(ctx, text, args); err != nil {
				return text, err
			}
		}
	}
	return "", nil
}
