package cachemgr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	"ggsh/record"
)

// op makes an operation of a table with some content.
func op(table uint32, content []byte) []byte {
	b, start := record.AppendOpHeader(nil, record.Insert, table)
	b, mark := record.BeginImage(b)
	b = record.AppendBytes(b, record.Bytes, content)
	record.EndImage(b, start, mark, false)
	return b
}

func manager(t *testing.T, limit int64) *Manager {
	t.Helper()
	m, err := New(t.TempDir(), "G", limit)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// all reads a buffer's operations.
func all(t *testing.T, b *Buffer) [][]byte {
	t.Helper()
	b.Rewind()
	var list [][]byte
	for {
		def, body, err := b.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, id := record.OpTable(body); def != nil && def.ID != id || def == nil && id != 0 {
			t.Fatalf("operation of table %d has definition %+v", id, def)
		}
		list = append(list, bytes.Clone(body))
	}
}

func release(t *testing.T, m *Manager, buffers ...*Buffer) {
	t.Helper()
	for _, b := range buffers {
		if err := errors.Join(b.Release(), b.Release()); err != nil {
			t.Error(err)
		}
	}
	if st := m.Status(); st.Used != 0 || st.Files != 0 || st.Spooled != 0 {
		t.Errorf("after all buffers were released the manager holds %+v", st)
	}
	if left, err := os.ReadDir(m.dir); err != nil || len(left) > 0 {
		t.Errorf("files left: %v %v", left, err)
	}
}

// TestRandom compares a buffer with a list under appends, marks and truncations, in
// memory and spooled.
func TestRandom(t *testing.T) {
	for seed := range int64(30) {
		r := rand.New(rand.NewSource(seed))
		m := manager(t, MinLimit)
		defs := []*record.TableDef{{ID: 1}, {ID: 2}, {ID: 3}}
		b := m.Buffer()
		var want [][]byte
		marks := []Mark{b.Mark()}
		for range 3000 {
			switch n := r.Intn(1000); {
			case n == 0:
				i := r.Intn(len(marks))
				if err := b.Truncate(marks[i]); err != nil {
					t.Fatal(err)
				}
				want, marks = want[:marks[i].ops], marks[:i+1]
			case n < 10:
				marks = append(marks, b.Mark())
			default:
				size := r.Intn(2000)
				if n > 997 {
					size = r.Intn(3 * largeBlock)
				}
				def := defs[r.Intn(len(defs))]
				body := op(def.ID, bytes.Repeat([]byte{byte(n)}, size))
				if err := b.Append(def, body); err != nil {
					t.Fatal(err)
				}
				want = append(want, body)
			}
		}
		for range 2 {
			got := all(t, b)
			if len(got) != len(want) || b.Len() != int64(len(want)) {
				t.Fatalf("seed %d: %d operations of %d", seed, len(got), len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("seed %d: operation %d is another", seed, i)
				}
			}
		}
		release(t, m, b)
	}
}

func TestLimitIsKept(t *testing.T) {
	m := manager(t, 2<<20)
	def := &record.TableDef{ID: 9}
	body := op(9, make([]byte, 1000))
	var open []*Buffer
	most := int64(0)
	for range 4 {
		open = append(open, m.Buffer())
	}
	for range 20000 {
		for _, b := range open {
			if err := b.Append(def, body); err != nil {
				t.Fatal(err)
			}
		}
		most = max(most, m.Status().Used)
	}
	if limit := m.limit + int64(len(open))*largeBlock; most > limit {
		t.Errorf("%d octets were held, the limit is %d", most, limit)
	}
	if m.Status().Files != 4 || m.Status().Written < 60<<20 {
		t.Errorf("status %+v", m.Status())
	}
	for _, b := range open {
		if got := len(all(t, b)); got != 20000 {
			t.Errorf("%d operations", got)
		}
	}
	release(t, m, open...)
}

func TestDDLWithoutTable(t *testing.T) {
	m := manager(t, 0)
	b := m.Buffer()
	def := &record.TableDef{ID: 4}
	ddl := record.AppendDDL(nil, 0, record.DDLStatement{Text: "CREATE TABLE x"})
	for _, err := range []error{b.Append(nil, ddl), b.Append(def, op(4, nil)), b.Append(nil, ddl)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := all(t, b); len(got) != 3 {
		t.Errorf("%d operations", len(got))
	}
	release(t, m, b)
}

func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"G.1.spool", "G.77.spool", "G2.1.spool", "G.x.spool", "G.1.other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(dir, "G", 0); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 3 {
		t.Errorf("left: %v %v", left, err)
	}
}

func TestSpoolFolderFails(t *testing.T) {
	m := manager(t, MinLimit)
	b := m.Buffer()
	if err := os.RemoveAll(m.dir); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 2000 {
		if err = b.Append(&record.TableDef{ID: 1}, op(1, make([]byte, 1000))); err != nil {
			break
		}
	}
	if err == nil || m.Status().Files != 0 {
		t.Errorf("spooling into a missing folder gives %v, %+v", err, m.Status())
	}
	if err := b.Release(); err != nil {
		t.Error(err)
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	m := manager(t, 0)
	def := &record.TableDef{ID: 1}
	body := op(1, make([]byte, 100))
	if n := testing.AllocsPerRun(20, func() {
		b := m.Buffer()
		for range 1000 {
			if err := b.Append(def, body); err != nil {
				t.Fatal(err)
			}
		}
		b.Rewind()
		for {
			if _, _, err := b.Next(); err != nil {
				break
			}
		}
		if err := b.Release(); err != nil {
			t.Fatal(err)
		}
	}); n > 5 {
		t.Errorf("%.0f allocations for 1000 rows", n)
	}
}

func BenchmarkBuffer(b *testing.B) {
	for _, limit := range []int64{0, MinLimit} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			m, err := New(b.TempDir(), "G", limit)
			if err != nil {
				b.Fatal(err)
			}
			def := &record.TableDef{ID: 1}
			body := op(1, make([]byte, 200))
			b.SetBytes(int64(len(body)) * 10000)
			for b.Loop() {
				buf := m.Buffer()
				for range 10000 {
					if err := buf.Append(def, body); err != nil {
						b.Fatal(err)
					}
				}
				buf.Rewind()
				for err = nil; err == nil; {
					_, _, err = buf.Next()
				}
				if err := buf.Release(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
