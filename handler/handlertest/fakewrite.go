package handlertest

import (
	"bytes"
	"slices"

	"ggsh/handler"
	"ggsh/record"
)

// fakeWrite changes one table of the fake.
type fakeWrite struct {
	use   *handler.TableUse
	table *fakeTable
	count *handler.TableCollisions
}

func rowError(code int, text string) error {
	return &handler.ApplyError{Class: handler.Row, Code: code, Text: text}
}

func isNull(value []byte) bool { return record.Kind(value[0]) == record.Null }

func isMissing(value []byte) bool { return record.Kind(value[0]) == record.Missing }

func (w *fakeWrite) apply(op *record.Op) error {
	before, err := encoded(op.Before)
	if err != nil {
		return setupError(0, err.Error())
	}
	after, err := encoded(op.After)
	if err != nil {
		return setupError(0, err.Error())
	}
	switch op.Type {
	case record.Truncate:
		w.table.Rows = nil
		return nil
	case record.Insert:
		return w.insert(after)
	}
	key := before
	if key == nil || w.lacksKey(key) {
		key = after
	}
	if w.lacksKey(key) {
		return rowError(0, "the key is missing")
	}
	at := w.find(key)
	if op.Type == record.Delete {
		return w.delete(at)
	}
	return w.update(at, key, after)
}

func (w *fakeWrite) lacksKey(row [][]byte) bool {
	return slices.ContainsFunc(w.use.Key, func(k int) bool { return isMissing(row[k]) })
}

// find gives the first row with the key of the given one, -1 for none.
func (w *fakeWrite) find(row [][]byte) int {
	return slices.IndexFunc(w.table.Rows, func(r [][]byte) bool { return same(r, row, w.use.Key) })
}

func same(a, b [][]byte, columns []int) bool {
	return !slices.ContainsFunc(columns, func(c int) bool { return !bytes.Equal(a[c], b[c]) })
}

// taken says whether another row has a unique key of the given one.
func (w *fakeWrite) taken(row [][]byte, except int) bool {
	keys := w.use.Target.Unique
	if w.use.KeyIsUnique {
		keys = append([][]int{w.use.Key}, keys...)
	}
	for i, r := range w.table.Rows {
		for _, key := range keys {
			null := slices.ContainsFunc(key, func(c int) bool { return isNull(row[c]) })
			if i != except && !null && same(r, row, key) {
				return true
			}
		}
	}
	return false
}

func (w *fakeWrite) insert(after [][]byte) error {
	row := slices.Clone(after)
	for i, v := range row {
		if isMissing(v) {
			row[i] = []byte{byte(record.Null)}
		}
		if isNull(row[i]) && !w.use.Target.Columns[i].Nullable {
			return rowError(1048, "NULL where none is allowed")
		}
	}
	if w.taken(row, -1) {
		at := w.find(row)
		if !w.use.HandleCollisions || at < 0 {
			return rowError(FakeDuplicate, "duplicate key")
		}
		w.count.Inserts++
		w.write(at, after)
		return nil
	}
	w.table.Rows = append(w.table.Rows, row)
	return nil
}

func (w *fakeWrite) write(at int, after [][]byte) {
	for i, v := range after {
		if !isMissing(v) {
			w.table.Rows[at][i] = v
		}
	}
}

func (w *fakeWrite) delete(at int) error {
	if at < 0 {
		if w.use.HandleCollisions {
			w.count.Deletes++
			return nil
		}
		return rowError(handler.RowMissing, "no row found")
	}
	w.table.Rows = slices.Delete(w.table.Rows, at, at+1)
	return nil
}

func (w *fakeWrite) update(at int, key, after [][]byte) error {
	moved := slices.ContainsFunc(w.use.Key, func(k int) bool {
		return !isMissing(after[k]) && !bytes.Equal(key[k], after[k])
	})
	if at < 0 {
		if !w.use.HandleCollisions {
			return rowError(handler.RowMissing, "no row found")
		}
		w.count.Updates++
		if moved && !slices.ContainsFunc(after, isMissing) {
			return w.insert(after)
		}
		return nil
	}
	next := slices.Clone(w.table.Rows[at])
	for i, v := range after {
		if !isMissing(v) {
			next[i] = v
		}
	}
	if w.taken(next, at) {
		other := w.find(next)
		if !w.use.HandleCollisions || !moved || other < 0 {
			return rowError(FakeDuplicate, "duplicate key")
		}
		w.count.Updates++
		w.write(other, after)
		w.table.Rows = slices.Delete(w.table.Rows, at, at+1)
		return nil
	}
	w.table.Rows[at] = next
	return nil
}
