package dml

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"
	"slices"

	"ggsh/handler"
	"ggsh/record"
)

// steps are the numbers of rows that statements are prepared for: few, so that
// few are prepared, and near, so that few are executed.
var steps = [...]int{1024, 256, 64, 16, 4, 1}

// bucket is a set of operations of one shape that may be applied together.
type bucket struct {
	shape   *shape
	level   int32
	members []*change
}

// plan puts operations into buckets. Operations on the same key are in rising
// levels, those of ordered tables too; within a level no two operations have
// a key in common, so their order does not matter.
type plan struct {
	last    map[uint64]int32 // key: the level of its last operation
	floor   int32            // the lowest level that is still open
	top     int32
	index   map[place]*bucket
	buckets []*bucket
}

type place struct {
	level int32
	shape *shape
}

// applyGrouped applies the changes with few statements. Any error or missing
// row ends it: the caller starts over, operation by operation.
func (a *Applier) applyGrouped(ctx context.Context, changes []change) error {
	if a.dialect.Limits.Insert <= 1 {
		for i := range changes {
			if err := a.applySingle(ctx, &changes[i]); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := a.plan(changes)
	if err != nil {
		return err
	}
	w := ahead{a: a}
	for _, b := range p.buckets {
		if err := a.applyBucket(ctx, b, &w); err != nil {
			return w.end(err)
		}
	}
	return w.end(nil)
}

func (a *Applier) plan(changes []change) (*plan, error) {
	p := &plan{last: make(map[uint64]int32, len(changes)), index: map[place]*bucket{}}
	*a.global = sequence{}
	for i := range changes {
		if s := changes[i].table.order; s != nil {
			*s = sequence{}
		}
	}
	var keys []uint64
	for i := range changes {
		c := &changes[i]
		im, err := a.values(c)
		if err != nil {
			return nil, err
		}
		keys = a.conflictKeys(keys[:0], c, im)
		p.add(c, keys)
	}
	slices.SortStableFunc(p.buckets, func(x, y *bucket) int {
		return cmp.Or(cmp.Compare(x.level, y.level), cmp.Compare(x.shape.rank, y.shape.rank))
	})
	return p, nil
}

// add puts a change at the first level behind everything it depends on.
func (p *plan) add(c *change, keys []uint64) {
	level := p.floor
	for _, k := range keys {
		if l, ok := p.last[k]; ok {
			level = max(level, l+1)
		}
	}
	if s := c.table.order; s != nil {
		behind := s.level
		if s.shape != nil && s.shape != c.shape {
			behind++
		}
		level = max(level, behind)
		s.level, s.shape = level, c.shape
	}
	if c.shape.kind == record.Truncate {
		level = p.top + 1
		p.floor = level + 1
	}
	for _, k := range keys {
		p.last[k] = level
	}
	p.top = max(p.top, level)
	at := place{level, c.shape}
	b := p.index[at]
	if b == nil {
		b = &bucket{shape: c.shape, level: level}
		p.index[at] = b
		p.buckets = append(p.buckets, b)
	}
	b.members = append(b.members, c)
}

// conflictKeys hashes the key and the unique keys of a change, before and after.
func (a *Applier) conflictKeys(dst []uint64, c *change, im images) []uint64 {
	if c.table.order != nil && !c.table.use.KeyIsUnique {
		return dst
	}
	for _, values := range [][]record.Value{im.before, im.after} {
		if values == nil {
			continue
		}
		dst = a.hashKey(dst, c.table, 0, c.table.use.Key, values)
		for i, unique := range c.table.def.Unique {
			dst = a.hashKey(dst, c.table, i+1, unique, values)
		}
	}
	// The same key before and after counts once: it would wait for itself.
	slices.Sort(dst)
	return slices.Compact(dst)
}

func (a *Applier) hashKey(dst []uint64, t *table, number int, key []int,
	values []record.Value) []uint64 {
	buf := append(a.work.name[:0], byte(t.use.ID), byte(t.use.ID>>8), byte(t.use.ID>>16),
		byte(t.use.ID>>24), byte(number))
	for _, k := range key {
		v := &values[k]
		if v.Kind == record.Missing || v.Kind == record.Null {
			return dst // not known to be taken or freed
		}
		buf = appendKeyPart(buf, v)
	}
	a.work.name = buf
	return append(dst, maphash.Bytes(a.seed, buf))
}

// appendKeyPart writes a value so that what a database may hold for equal comes
// out equal: numbers whatever their form, texts whatever their case and
// trailing blanks. Too much equality costs a little order, too little is found
// out by the count of rows.
func appendKeyPart(buf []byte, v *record.Value) []byte {
	switch v.Kind {
	case record.String:
		end := len(v.B)
		for end > 0 && v.B[end-1] == ' ' {
			end--
		}
		for _, c := range v.B[:end] {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			buf = append(buf, c)
		}
	case record.Decimal:
		b := v.B
		if slices.Contains(b, '.') {
			for b[len(b)-1] == '0' {
				b = b[:len(b)-1]
			}
		}
		buf = append(buf, b...)
	default:
		buf = v.Text(buf, -1)
	}
	return append(buf, 0)
}

// applyBucket applies a bucket's members in steps.
func (a *Applier) applyBucket(ctx context.Context, b *bucket, w *ahead) error {
	members := b.members
	for len(members) > 0 {
		n := 1
		if b.shape.many {
			n = a.stepFor(b.shape, members)
		}
		if err := a.applyStep(ctx, b.shape, members[:n], w); err != nil {
			return err
		}
		members = members[n:]
	}
	return nil
}

// stepFor gives the largest step that the members, the placeholders and the
// packet allow.
func (a *Applier) stepFor(s *shape, members []*change) int {
	limits := &a.dialect.Limits
	rows, perRow := limits.Insert, len(s.set)
	keys := len(s.table.use.Key)
	switch s.kind {
	case record.Update:
		rows, perRow = limits.Update, len(s.set)*(1+keys)+keys
	case record.Delete:
		rows, perRow = limits.Delete, keys
	}
	rows = min(rows, len(members), max(1, limits.Params/perRow))
	if limit := a.session.MaxPacket / 4; limit > 0 {
		// Values grow as text and keys repeat: a quarter of the packet is safe.
		size := 0
		for i, c := range members[:rows] {
			if size += c.size; size > limit {
				rows = max(1, i)
				break
			}
		}
	}
	if a.dialect.Arrays != nil {
		return rows // of the same statement
	}
	for _, step := range steps {
		if step <= rows {
			return step
		}
	}
	return 1
}

// applyStep applies members by one statement; that each found its row is checked
// when the statement is done.
func (a *Applier) applyStep(ctx context.Context, s *shape, members []*change, w *ahead) error {
	if len(members) == 1 {
		if err := w.wait(); err != nil {
			return err
		}
		return a.applySingle(ctx, members[0])
	}
	args, err := a.bindStep(s, members)
	if err != nil {
		return err
	}
	return w.start(ctx, s, len(members), args)
}

func expectRows(result sql.Result, want int, s *shape) error {
	got, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if got != int64(want) {
		return &Refusal{Code: handler.RowMissing, Text: fmt.Sprintf(
			"%s on %s found %d rows of %d", s.kind, s.table.def.FullName(), got, want)}
	}
	return nil
}

// bindStep gives the arguments of a statement for several rows, in its order.
func (a *Applier) bindStep(s *shape, members []*change) ([]any, error) {
	n := len(s.table.def.Columns)
	decoded := a.work.images[:0]
	slab := a.work.slab[:0]
	for _, c := range members {
		im, err := a.values(c)
		if err != nil {
			return nil, err
		}
		at := len(slab)
		slab = append(append(slab, im.before...), im.after...)
		if im.before != nil {
			im.before, at = slab[at:at+n], at+n
		}
		if im.after != nil {
			im.after = slab[at : at+n]
		}
		decoded = append(decoded, im)
	}
	a.work.images, a.work.slab = decoded, slab
	b := binder{a: a, table: s.table, args: a.work.args[:0], arena: a.work.arena[:0]}
	b.step(s, decoded)
	a.work.args, a.work.arena = b.args, b.arena
	if b.err == nil && a.dialect.Arrays != nil {
		return arrays(b.args, len(members))
	}
	return b.args, b.err
}

// binder collects arguments; after an error it does nothing more.
type binder struct {
	a     *Applier
	table *table
	args  []any
	arena []byte
	err   error
}

func (b *binder) step(s *shape, rows []images) {
	if b.a.dialect.Arrays != nil {
		b.rows(s, rows)
		return
	}
	switch s.kind {
	case record.Insert:
		for i := range rows {
			b.written(s.set, rows[i].after)
		}
		return
	case record.Update:
		for _, c := range s.set {
			for i := range rows {
				b.key(s, rows[i])
				b.written([]int{c}, rows[i].after)
			}
		}
	}
	for i := range rows {
		b.key(s, rows[i])
	}
}

func (b *binder) key(s *shape, im images) {
	from, err := s.key(im)
	if err != nil {
		if b.err == nil {
			b.err = &Refusal{Text: err.Error()}
		}
		return
	}
	for _, k := range b.table.use.Key {
		b.matched(k, from)
	}
}

// matched binds the value that finds a row as often as its condition has it.
func (b *binder) matched(c int, from []record.Value) {
	if b.table.binds[c] == 0 {
		return
	}
	b.column(c, from)
	if b.err != nil {
		return
	}
	last := b.args[len(b.args)-1]
	if b.tooLong(last) {
		b.err = &Refusal{Code: handler.RowMissing, Text: fmt.Sprintf("no row can be found by "+
			"such a value of column %s of %s: choose others with KEYCOLS", b.table.def.Columns[c].Name,
			b.table.def.FullName())}
	}
	for range b.table.binds[c] - 1 {
		b.args = append(b.args, last)
	}
}

// tooLong says of a bound value that no condition can compare it.
func (b *binder) tooLong(arg any) bool {
	n, most := 0, b.a.dialect.Longest
	switch v := arg.(type) {
	case *Long:
		return true
	case string:
		n = len(v)
	case []byte:
		n = len(v)
	}
	return most > 0 && n > most
}

// written binds values that are stored. NULL where none is allowed is refused
// here: servers make numbers and times of it without being asked.
func (b *binder) written(columns []int, values []record.Value) {
	for _, c := range columns {
		col := &b.table.def.Columns[c]
		if values[c].Kind == record.Null && !col.Nullable && b.err == nil {
			b.err = &Refusal{Code: b.a.dialect.NullCode, Text: fmt.Sprintf(
				"column %s of %s cannot be NULL", col.Name, b.table.def.FullName())}
		}
		b.column(c, values)
	}
}

func (b *binder) column(c int, values []record.Value) {
	if b.err != nil {
		return
	}
	v := &values[c]
	if v.Kind == record.Missing {
		b.err = &Refusal{Text: fmt.Sprintf("column %s of %s is missing in the record",
			b.table.def.Columns[c].Name, b.table.use.Source)}
		return
	}
	if v.Kind == record.Null {
		var null any
		if of := b.a.dialect.Null; of != nil {
			null = of(&b.table.def.Columns[c])
		}
		b.args = append(b.args, null)
		return
	}
	if b.err = b.skips(c, v); b.err != nil {
		return
	}
	var arg any
	arg, b.arena, b.err = b.a.dialect.Bind(&b.table.def.Columns[c], v, b.arena)
	b.args = append(b.args, arg)
}
