package oracletest

import (
	"fmt"
	"slices"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// change makes one change of a row that no other transaction holds.
func (m *maker) change(t *txn) {
	m.tick()
	m.begin(t)
	names := []string{Plain, Plain, LOBs, KeyOnly, Other}
	if m.rng.IntN(60) == 0 {
		names = []string{Marker}
	}
	name := names[m.rng.IntN(len(names))]
	var free []*row
	for _, r := range m.rows[name] {
		if !r.gone && (m.locks[r] == nil || m.locks[r] == t) && !t.frozen[r] {
			free = append(free, r)
		}
	}
	n := m.rng.IntN(10)
	switch {
	case len(free) == 0 || n < 4:
		m.insert(t, name)
	case n < 8:
		m.update(t, name, free[m.rng.IntN(len(free))])
	default:
		m.remove(t, name, free[m.rng.IntN(len(free))])
	}
}

func (m *maker) insert(t *txn, name string) {
	table := m.now(name)
	m.rowNo++
	r := &row{id: fmt.Sprintf("AAAx%02dAAB%09d", len(name), m.rowNo), version: table}
	for i := range table.Columns {
		r.values = append(r.values, m.value(&table.Columns[i]))
	}
	m.rows[name] = append(m.rows[name], r)
	m.locks[r] = t
	c := &Change{Code: oracle.CodeInsert, Table: table, RowID: r.id, After: slices.Clone(r.values)}
	m.did(t, r, c, text("INSERT", table, nil, c.After), func() { r.gone = true })
}

func (m *maker) update(t *txn, name string, r *row) {
	table := m.now(name)
	m.widen(r, table)
	before := slices.Clone(r.values)
	changed := make([]record.Value, len(table.Columns))
	after := slices.Clone(before)
	for i := range table.Columns {
		if i == 0 && m.rng.IntN(12) > 0 || i > 0 && m.rng.IntN(3) > 0 {
			continue
		}
		changed[i] = m.value(&table.Columns[i])
		after[i] = changed[i]
	}
	// What LogMiner shows when a change of nothing but a LOB is undone is not known: such
	// changes are left out.
	rest := withoutLOBs(table, changed)
	if !slices.ContainsFunc(rest, func(v record.Value) bool { return v.Kind != record.Missing }) {
		changed[1] = m.value(&table.Columns[1])
		after[1] = changed[1]
	}
	m.locks[r] = t
	r.values = after
	logged, shown := m.logged(name, table, before, changed)
	full := slices.Clone(shown)
	for i := range changed {
		if changed[i].Kind != record.Missing {
			full[i] = changed[i]
		}
	}
	kind := "UPDATE"
	if changed[0].Kind != record.Missing && !changed[0].Equal(&before[0]) {
		kind = "PK UPDATE"
	}
	c := &Change{Code: oracle.CodeUpdate, Table: table, RowID: r.id, Before: logged, After: changed}
	m.did(t, r, c, text(kind, table, shown, full), func() { r.values = before })
}

// logged gives the before values that supplemental logging has, and those without LOBs.
func (m *maker) logged(name string, table *oracle.Table, before, changed []record.Value) (logged,
	shown []record.Value) {
	logged = slices.Clone(before)
	for i := range logged {
		if name == KeyOnly && i > 0 && changed != nil && changed[i].Kind == record.Missing {
			logged[i] = record.Value{}
		}
	}
	return logged, withoutLOBs(table, logged)
}

func (m *maker) remove(t *txn, name string, r *row) {
	table := m.now(name)
	m.widen(r, table)
	logged, shown := m.logged(name, table, r.values, nil)
	m.locks[r] = t
	r.gone = true
	c := &Change{Code: oracle.CodeDelete, Table: table, RowID: r.id, Before: logged}
	m.did(t, r, c, text("DELETE", table, shown, nil), func() { r.gone = false })
}

// widen gives a row the columns that its table has got since.
func (m *maker) widen(r *row, table *oracle.Table) {
	for len(r.values) < len(table.Columns) {
		r.values = append(r.values, record.Value{Kind: record.Null})
	}
}

// did notes a change. A row with LOBs is left alone for the rest of its transaction.
func (m *maker) did(t *txn, r *row, c *Change, text string, undo func()) {
	p := m.place(t)
	lob := c.Table.Name == LOBs && c.Code != oracle.CodeDelete
	if c.Table.Name == LOBs {
		t.frozen[r] = true
	}
	t.marked = t.marked || c.Table.Name == Marker
	m.add(t, entry{lob: lob, rows: func(r *Renderer) []oracle.Row {
		rows, err := r.AppendChange(nil, &p, c)
		if err != nil {
			panic(err) // the history has values of known types only
		}
		return rows
	}})
	t.done = append(t.done, done{change: c, text: text, undo: undo, row: r})
}
