package lake

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/record"
)

// script is what Replicat does with a history: calls of Apply in their order,
// each of which begins at a transaction.
type script struct {
	hist  *history
	steps []step
}

type step struct {
	from, to int // transactions; none for an order alone
	parts    int // of transaction from, if it comes in parts
	flush    handler.Flush
	turn     time.Duration
}

// run applies the steps that are not done yet and returns at the first error.
func (s *script) run(h *Handler, c *clock, done int) error {
	for _, st := range s.steps {
		c.turn(st.turn)
		if st.to <= done && st.to > 0 {
			continue
		}
		st.from = max(st.from, done)
		if err := s.step(h, st); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) step(h *Handler, st step) error {
	if st.to == 0 {
		_, err := h.Apply(context.Background(), &handler.Batch{Flush: st.flush})
		return err
	}
	if st.parts == 0 {
		b := s.hist.batch(st.from, st.to)
		b.Flush = st.flush
		_, err := h.Apply(context.Background(), b)
		return err
	}
	size := len(s.hist.txns[st.from].tables)
	for k := range st.parts {
		b := s.hist.part(st.from, size*k/st.parts, size*(k+1)/st.parts)
		if _, err := h.Apply(context.Background(), b); err != nil {
			return err
		}
	}
	return nil
}

// mixture is a history of three tables with transactions across them, a large
// one in parts, pauses, and ends of files by size and by age.
func mixture() *script {
	hist := newHistory("a", "b", "c")
	for i := range 24 {
		switch {
		case i == 9 || i == 17:
			hist.add("a", "b", "a", "c", "b", "a", "c", "a")
		case i%3 == 0:
			hist.add("a", "b")
		case i%3 == 1:
			hist.add("a")
		default:
			hist.add("b", "c", "a")
		}
	}
	s := &script{hist: hist}
	for i := 0; i < 24; {
		switch {
		case i == 9 || i == 17:
			s.steps = append(s.steps, step{from: i, to: i + 1, parts: 3})
			i++
		case i == 10:
			s.steps = append(s.steps, step{from: i, to: i + 1, flush: handler.FlushDue},
				step{flush: handler.FlushDue}, step{flush: handler.FlushDue, turn: time.Second})
			i++
		default:
			s.steps = append(s.steps, step{from: i, to: i + 2, turn: 2 * time.Second})
			i += 2
			if i == 10 || i == 18 {
				i-- // the large ones stand alone
				s.steps[len(s.steps)-1].to--
			}
		}
	}
	s.steps = append(s.steps, step{flush: handler.FlushAll})
	return s
}

// watch checks after each change what readers see: of each table whole
// transactions from the first on, each once; and, by the commit record, of all
// tables together exactly what the record's checkpoint says.
func watch(t *testing.T, d *disk, hist *history) func() {
	cuts := map[string]map[int]int{} // table, number of rows at which a transaction ends
	for n := range len(hist.txns) + 1 {
		for table := range hist.tables {
			if cuts[table] == nil {
				cuts[table] = map[int]int{}
			}
			cuts[table][len(hist.rows(n)[table])] = n
		}
	}
	return func() {
		t.Helper()
		for table, rows := range d.visible(t) {
			n, whole := cuts[table][len(rows)]
			if !whole || !sameRows(rows, hist.rows(n)[table]) {
				t.Fatalf("a reader sees of %s %q\n%s", table, rows, d.show())
			}
		}
		rows, c := d.committed(t)
		if c == nil {
			return
		}
		want := hist.rows(hist.number(c.Checkpoint.RBA))
		for table := range hist.tables {
			if !sameRows(rows[table], want[table]) {
				t.Fatalf("commit %d, up to %d, shows of %s %q, want %q\n%s", c.Number,
					c.Checkpoint.RBA, table, rows[table], want[table], d.show())
			}
		}
	}
}

// sameRows compares rows with sorted ones: the order of a table's files is that
// of their names.
func sameRows(got, sorted []string) bool {
	slices.Sort(got)
	return slices.Equal(got, sorted)
}

// finish runs to the end, opening anew after each death.
func finish(t *testing.T, s *script, d *disk, sessions func() *session, change func(*Handler)) {
	t.Helper()
	c := newClock()
	for range 50 {
		sess := sessions()
		h := ready(sess, c, change)
		done, err := open(t, h, s.hist)
		if err == nil {
			err = s.run(h, c, done)
		}
		if err == nil {
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			want := maps.Clone(s.hist.rows(len(s.hist.txns)))
			for table, rows := range d.visible(t) {
				if !sameRows(rows, want[table]) {
					t.Fatalf("at the end %s holds %q\n%s", table, rows, d.show())
				}
				delete(want, table)
			}
			if len(want) > 0 {
				t.Fatalf("at the end %v is missing\n%s", want, d.show())
			}
			return
		}
		var e *handler.ApplyError
		if !errors.Is(err, errCrash) || errors.As(err, &e) && e.Class != handler.Connection {
			t.Fatalf("not the crash: %v\n%s", err, d.show())
		}
		if !sess.dead {
			t.Fatalf("an error without a crash: %v", err)
		}
		c.turn(time.Second)
	}
	t.Fatal("it never ends")
}

// variants are settings under which the matrix is run.
func variants() map[string]func(*Handler) {
	return map[string]func(*Handler){
		"continued": nil,
		"ended":     func(h *Handler) { h.set.mergeBelow = 60 },
		"sized":     func(h *Handler) { h.set.maxFileSize, h.set.mergeBelow = 40, 40 },
		"whole":     func(h *Handler) { h.grows = false },
		"few open":  func(h *Handler) { h.set.maxOpen, h.set.spill = 1, 1 },
		"in memory": func(h *Handler) { h.set.spill = 1 << 20 },
		"aged":      func(h *Handler) { h.set.fileRoll = 7 * time.Second },
		"one file":  func(h *Handler) { h.set.perTable, h.names = false, oneFile{} },
	}
}

// oneFile puts all tables into one file.
type oneFile struct{}

func (oneFile) Stream(dst []byte, _ *record.Change) ([]byte, error) {
	return append(dst, "/data/all"...), nil
}

func (oneFile) Final(_ *record.Change, now time.Time) (string, error) {
	return fmt.Sprintf("/data/all/all_%d.txt", now.Unix()), nil
}

// TestCrashAtEveryCall kills the process before and after each call of the file
// system, under other settings before or after, then again in the opening that
// follows, and lets it go on.
func TestCrashAtEveryCall(t *testing.T) {
	for name, change := range variants() {
		t.Run(name, func(t *testing.T) {
			s := mixture()
			d := newDisk()
			d.step = watch(t, d, s.hist)
			var whole *session
			finish(t, s, d, func() *session { whole = d.session(); return whole }, change)
			t.Logf("%d calls", whole.calls)
			for at := 1; at <= whole.calls; at++ {
				crashOnce(t, s, change, at, at%2 == 0)
				if change == nil {
					crashOnce(t, s, change, at, at%2 != 0)
				}
			}
		})
	}
}

func crashOnce(t *testing.T, s *script, change func(*Handler), at int, late bool) {
	t.Helper()
	d := newDisk()
	d.step = watch(t, d, s.hist)
	n := 0
	finish(t, s, d, func() *session {
		sess := d.session()
		n++
		switch n {
		case 1:
			sess.dieAt, sess.late = at, late
		case 2, 3, 4, 5: // and again while it recovers
			sess.dieAt, sess.late = 1+(at*7+n*5)%17, at%2 == 0
		}
		return sess
	}, change)
}

// rounds is how often chance is tried in each setting.
var rounds = flag.Int64("rounds", 8, "runs of tests at random in each setting")

// TestCrashAtRandom kills again and again.
func TestCrashAtRandom(t *testing.T) {
	for seed := range *rounds {
		r := rand.New(rand.NewSource(seed))
		s := mixture()
		for name, change := range variants() {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				d := newDisk()
				d.step = watch(t, d, s.hist)
				n := 0
				finish(t, s, d, func() *session {
					sess := d.session()
					if n++; n < 30 {
						sess.dieAt, sess.late = 1+r.Intn(60), r.Intn(2) == 0
					}
					return sess
				}, change)
			})
		}
	}
}
