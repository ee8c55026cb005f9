package tns

import "fmt"

// name brings placeholders and binds together.
func (c *cursor) name() error {
	if c.parsed.block && len(c.binds) > len(c.parsed.binds) {
		// Bound by position: each occurrence has its own.
		for i := len(c.parsed.binds); i < len(c.binds); i++ {
			c.parsed.binds = append(c.parsed.binds, placeholder{name: fmt.Sprint("B", i+1)})
		}
	}
	if len(c.binds) < len(c.parsed.binds) {
		return &Error{Code: 1008, Text: "not all variables bound"}
	}
	if len(c.binds) > len(c.parsed.binds) {
		return &Error{Code: 1036, Text: "illegal variable name/number"}
	}
	return nil
}

// readValues reads rows of values. Binds that only give back have no value when they
// stand behind RETURNING, nor in a repetition.
func (se *session) readValues(c *cursor, rows int, first bool) ([][]any, error) {
	if c.parsed.query {
		rows = 1
	}
	var all [][]any
	for range rows {
		row, err := se.readRow(c, first)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
		if se.in.err != nil {
			return nil, se.in.err
		}
	}
	return all, nil
}

func (se *session) readRow(c *cursor, first bool) ([]any, error) {
	row := make([]any, len(c.binds))
	skips := func(i int) bool {
		out := c.parsed.binds[i].out
		return out && (c.parsed.returning || !first) || c.binds[i].flags&bindsAgain != 0
	}
	some := false
	for i := range c.binds {
		some = some || !skips(i)
	}
	if !some {
		return row, nil
	}
	if kind := se.in.u8(); kind != messageRow && se.in.err == nil {
		return nil, fmt.Errorf("a message of kind %d where values should be", kind)
	}
	for _, late := range []bool{false, true} {
		for i, d := range c.binds {
			if skips(i) || late != c.comesLate(d) {
				continue
			}
			if d.flags&bindsArray != 0 && d.elements > 0 {
				return nil, errArray
			}
			v, err := se.bound(d)
			if err != nil {
				return nil, err
			}
			row[i] = v
		}
	}
	for i, d := range c.binds {
		for j := 0; d.flags&bindsAgain != 0 && j < i; j++ {
			if c.parsed.binds[j].name == c.parsed.binds[i].name {
				row[i] = row[j]
			}
		}
	}
	return row, nil
}

// comesLate tells that long values stand behind all others.
func (c *cursor) comesLate(d description) bool {
	return d.long() || !c.parsed.block && d.size > 32767 && !d.lob()
}
