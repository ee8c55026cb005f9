package dml

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ggsh/handler"
	"ggsh/record"
)

// compared are the columns that an operation of a kind compares with its row.
func (t *table) compared(kind record.OpType) []int {
	if t.use.Conflicts == nil {
		return nil
	}
	switch kind {
	case record.Update, record.PKUpdate:
		return t.use.Conflicts.Updates
	case record.Delete:
		return t.use.Conflicts.Deletes
	}
	return nil
}

// setTo is what a statement stores in a column.
func (a *Applier) setTo(s *shape, c int) string {
	t := s.table
	if !slices.Contains(s.delta, c) {
		return t.write[c]
	}
	mark := "?"
	if compare := a.dialect.Compare; compare != nil {
		mark = compare(&t.def.Columns[c])
	}
	return t.column[c] + " + (" + mark + " - " + mark + ")"
}

// stored binds what a one-row statement stores.
func (b *binder) stored(s *shape, im images) {
	if len(s.delta) == 0 {
		b.written(s.set, im.after)
		return
	}
	for _, c := range s.set {
		if !slices.Contains(s.delta, c) {
			b.written([]int{c}, im.after)
			continue
		}
		b.column(c, im.after)
		b.column(c, im.before)
	}
}

// conditions binds what a one-row statement asks of its row beside the key.
func (b *binder) conditions(s *shape, im images) {
	for _, c := range s.compare {
		b.matched(c, im.before)
	}
	if s.when != "" {
		b.column(s.whenColumn, im.after)
	}
}

// conflictError is a conflict that no rule resolves, or one that a rule discards.
type conflictError struct {
	kind    handler.ConflictType
	discard bool
	err     error // what the database said first
}

func (e *conflictError) Error() string {
	if e.discard {
		return fmt.Sprintf("conflict %s, which RESOLVECONFLICT discards: %v", e.kind, e.err)
	}
	return fmt.Sprintf("conflict %s, which no RESOLVECONFLICT resolves: %v", e.kind, e.err)
}

// Unwrap gives what the database said.
func (e *conflictError) Unwrap() error { return e.err }

// isDiscard reports whether a rule orders to discard the operation.
func isDiscard(err error) bool {
	var c *conflictError
	return errors.As(err, &c) && c.discard
}

// conflict finds out what a row is in conflict with and resolves it by the rules:
// true, or the error that remains.
func (r *rowRun) conflict(ctx context.Context, c *change, first error) (bool, error) {
	kind, err := r.conflictType(ctx, c, first)
	if err != nil {
		return false, err
	}
	var groups []handler.ConflictGroup
	for _, rule := range c.table.use.Conflicts.Resolve {
		if rule.Type == kind {
			groups = rule.Groups
		}
	}
	count := r.conflictCount(c.table.use.ID, kind)
	if groups == nil {
		count.Failed++
		return false, &conflictError{kind: kind, err: first}
	}
	err = r.resolve(ctx, c, kind, groups)
	if err == nil && slices.ContainsFunc(groups, func(g handler.ConflictGroup) bool {
		return g.Method == handler.DiscardGroup
	}) {
		err = &conflictError{kind: kind, discard: true, err: first}
	}
	if err != nil && !isDiscard(err) {
		count.Failed++
		return false, err
	}
	count.Resolved++
	return err == nil, err
}

// conflictType tells a row that is there from one that is not.
func (r *rowRun) conflictType(ctx context.Context, c *change,
	first error) (handler.ConflictType, error) {
	if c.shape.kind == record.Insert {
		there, err := r.holds(ctx, c, "", 0)
		if err == nil && !there {
			err = first // another unique key is taken
		}
		return handler.InsertRowExists, err
	}
	there := !isMissing(first) // the key that an update moves to is taken
	if !there && len(c.shape.compare) > 0 {
		var err error
		if there, err = r.holds(ctx, c, "", 0); err != nil {
			return "", err
		}
	}
	switch {
	case c.shape.kind == record.Delete && there:
		return handler.DeleteRowExists, nil
	case c.shape.kind == record.Delete:
		return handler.DeleteRowMissing, nil
	case there:
		return handler.UpdateRowExists, nil
	}
	return handler.UpdateRowMissing, nil
}

// holds reports whether the row of a change is there and fulfils a condition on a
// column and its value after the change; the row is locked then.
func (r *rowRun) holds(ctx context.Context, c *change, when string, column int) (bool, error) {
	im, err := r.a.values(c)
	if err != nil {
		return false, err
	}
	s := newShape(c.table, record.Update)
	s.oldKey, s.when, s.whenColumn = c.shape.oldKey, when, column
	if s.set = firstWritable(c.table); len(s.set) == 0 {
		return false, fmt.Errorf("no key column of %s can be written", c.table.def.FullName())
	}
	at := im
	if s.oldKey {
		at.after = im.before // the key stays as it is
		if when != "" {
			at.after = slices.Clone(im.before)
			at.after[column] = im.after[column]
		}
	}
	result, err := r.a.execute(ctx, c, s, at)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// resolve writes what the rules leave of a change.
func (r *rowRun) resolve(ctx context.Context, c *change, kind handler.ConflictType,
	groups []handler.ConflictGroup) error {
	switch kind {
	case handler.DeleteRowMissing:
		return nil
	case handler.DeleteRowExists:
		if groups[0].Method == handler.Overwrite {
			return r.deleteAnyway(ctx, c)
		}
		return nil
	case handler.UpdateRowMissing:
		if groups[0].Method == handler.Overwrite {
			return r.insertMissing(ctx, c)
		}
		return nil
	}
	set, delta, err := r.winners(ctx, c, groups)
	if err != nil || len(set) == 0 {
		return err
	}
	im, err := r.a.values(c)
	if err != nil {
		return err
	}
	s := newShape(c.table, record.Update)
	s.set, s.delta, s.oldKey = set, delta, c.shape.oldKey
	_, err = r.a.execute(ctx, c, s, im)
	return err
}

// winners are the columns that the incoming change writes, and those of them that
// get its difference.
func (r *rowRun) winners(ctx context.Context, c *change,
	groups []handler.ConflictGroup) (set, delta []int, err error) {
	method := map[int]handler.Method{}
	var rest handler.Method
	for _, g := range groups {
		m, err := r.verdict(ctx, c, &g)
		if err != nil {
			return nil, nil, err
		}
		for _, col := range g.Columns {
			method[col] = m
		}
		if len(g.Columns) == 0 {
			rest = m
		}
	}
	im, err := r.a.values(c)
	if err != nil {
		return nil, nil, err
	}
	moves := c.shape.kind == record.PKUpdate
	for i := range im.after {
		m, named := method[i]
		if !named {
			m = rest
		}
		if im.after[i].Kind == record.Missing || c.table.def.Columns[i].Generated ||
			c.table.isKey[i] && !moves {
			continue
		}
		switch {
		case m == handler.Overwrite:
			set = append(set, i)
		case m != handler.UseDelta:
		case im.before == nil || im.before[i].Kind == record.Missing ||
			im.before[i].Kind == record.Null || im.after[i].Kind == record.Null:
			return nil, nil, &opError{op: c.number, err: &Refusal{Text: fmt.Sprintf("USEDELTA "+
				"needs the value of column %s before the change", c.table.def.Columns[i].Name)}}
		default:
			set, delta = append(set, i), append(delta, i)
		}
	}
	return set, delta, nil
}

// verdict decides a group by the rows' values: Overwrite, KeepTarget or UseDelta.
func (r *rowRun) verdict(ctx context.Context, c *change,
	g *handler.ConflictGroup) (handler.Method, error) {
	operator := ""
	switch g.Method {
	case handler.UseMin:
		operator = " > "
	case handler.UseMinEq:
		operator = " >= "
	case handler.UseMax:
		operator = " < "
	case handler.UseMaxEq:
		operator = " <= "
	case handler.DiscardGroup:
		return handler.KeepTarget, nil
	default:
		return g.Method, nil
	}
	im, err := r.a.values(c)
	if err != nil {
		return "", err
	}
	if k := im.after[g.Column].Kind; k == record.Missing || k == record.Null {
		return handler.KeepTarget, nil // what is not known is not the greater
	}
	name, mark := c.table.column[g.Column], "?"
	if compare := r.a.dialect.Compare; compare != nil {
		mark = compare(&c.table.def.Columns[g.Column])
	}
	when := " AND (" + name + operator + mark + " OR " + name + " IS NULL)"
	wins, err := r.holds(ctx, c, when, g.Column)
	if err != nil || !wins {
		return handler.KeepTarget, err
	}
	return handler.Overwrite, nil
}

// deleteAnyway deletes the row by its key alone.
func (r *rowRun) deleteAnyway(ctx context.Context, c *change) error {
	im, err := r.a.values(c)
	if err != nil {
		return err
	}
	s := newShape(c.table, record.Delete)
	s.oldKey = true
	_, err = r.a.execute(ctx, c, s, im)
	return err
}

// conflictCount finds the counter of a table and type.
func (r *rowRun) conflictCount(id uint32, kind handler.ConflictType) *handler.TableConflicts {
	for i := range r.applied.Conflicts {
		if n := &r.applied.Conflicts[i]; n.ID == id && n.Type == kind {
			return n
		}
	}
	r.applied.Conflicts = append(r.applied.Conflicts, handler.TableConflicts{ID: id, Type: kind})
	return &r.applied.Conflicts[len(r.applied.Conflicts)-1]
}
