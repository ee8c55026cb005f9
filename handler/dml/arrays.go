package dml

import (
	"fmt"

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
