package lake

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// bench is one handler on a disk, ready for calls.
type bench struct {
	*testing.T
	d    *disk
	hist *history
	c    *clock
	h    *Handler
}

func newBench(t *testing.T, hist *history, change func(*Handler)) *bench {
	t.Helper()
	b := &bench{T: t, d: newDisk(), hist: hist, c: newClock()}
	b.open(change)
	return b
}

// open takes the files over with a fresh handler; how many transactions they hold.
func (b *bench) open(change func(*Handler)) int {
	b.Helper()
	b.h = ready(b.d.session(), b.c, change)
	done, err := open(b.T, b.h, b.hist)
	if err != nil {
		b.Fatal(err)
	}
	return done
}

func (b *bench) apply(batch *handler.Batch) *handler.Applied {
	b.Helper()
	applied, err := b.h.Apply(context.Background(), batch)
	if err != nil {
		b.Fatalf("%v\n%s", err, b.d.show())
	}
	return applied
}

func (b *bench) flush(f handler.Flush) *handler.Applied {
	b.Helper()
	return b.apply(&handler.Batch{Flush: f})
}

func (b *bench) refuses(batch *handler.Batch, class handler.Class, words string) *handler.ApplyError {
	b.Helper()
	_, err := b.h.Apply(context.Background(), batch)
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != class || !strings.Contains(e.Text, words) {
		b.Fatalf("got %v, want class %s and %q", err, class, words)
	}
	return e
}

// holds compares what readers see with the first n transactions.
func (b *bench) holds(n int) {
	b.Helper()
	want, got := b.hist.rows(n), b.d.visible(b.T)
	for table := range b.hist.tables {
		if !sameRows(got[table], want[table]) {
			b.Fatalf("%s shows %q, want %q\n%s", table, got[table], want[table], b.d.show())
		}
	}
}

func (b *bench) files(n int) {
	b.Helper()
	if got := b.d.finals(); len(got) != n {
		b.Fatalf("%d files, want %d: %q", len(got), n, got)
	}
}

// singles is a history of n transactions of one row of one table.
func singles(n int) *history {
	h := newHistory("a")
	for range n {
		h.add("a")
	}
	return h
}

// TestNothingIsSeenBeforeItIsDue: what makes a publication, and what does not.
func TestNothingIsSeenBeforeItIsDue(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Handler)
		orders []handler.Flush // behind the first transaction, "turn" and "pause" turn the clock
		seen   bool
	}{
		{"nothing", nil, nil, false},
		{"a look at once", nil, []handler.Flush{"due"}, false},
		{"a look in a pause", nil, []handler.Flush{"pause", "due"}, true},
		{"interval", nil, []handler.Flush{"turn", "due"}, true},
		{"interval off", func(h *Handler) { h.set.publishEvery = 0 },
			[]handler.Flush{"turn", "due", "turn", "due"}, false},
		{"end", func(h *Handler) { h.set.publishEvery = 0 }, []handler.Flush{"all"}, true},
		{"size", func(h *Handler) { h.set.maxFileSize = 1 }, nil, true},
		{"age", func(h *Handler) { h.set.publishEvery, h.set.fileRoll = 0, time.Second },
			[]handler.Flush{"turn", "due"}, true},
		{"inactivity", func(h *Handler) { h.set.publishEvery, h.set.inactivityRoll = 0, time.Second },
			[]handler.Flush{"turn", "due"}, true},
		{"whole files are not made of pauses", func(h *Handler) { h.grows = false },
			[]handler.Flush{"pause", "due", "pause", "due"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, singles(2), c.change)
			applied := b.apply(b.hist.batch(0, 1))
			for _, order := range c.orders {
				switch order {
				case "turn":
					b.c.turn(6 * time.Second)
					continue
				case "pause":
					b.c.turn(time.Second)
					continue
				}
				applied = b.flush(order)
			}
			if seen := applied.Durable != nil; seen != c.seen {
				t.Fatalf("durable %+v", applied.Durable)
			}
			n := 0
			if c.seen {
				n = 1
			}
			b.holds(n)
		})
	}
}

// TestFilesEnd: which files go on after a publication.
func TestFilesEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Handler)
		turn   time.Duration
		files  int
	}{
		{"small", nil, 0, 1},
		{"large enough", func(h *Handler) { h.set.mergeBelow = 6 }, 0, 2},
		{"old", func(h *Handler) { h.set.fileRoll = time.Minute }, time.Minute, 2},
		{"unused", func(h *Handler) { h.set.inactivityRoll = time.Minute }, time.Minute, 2},
		{"at the end", func(h *Handler) { h.set.rollOnShutdown = true }, 0, 2},
		{"whole", func(h *Handler) { h.grows = false }, 0, 2},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, restart), func(t *testing.T) {
				b := newBench(t, singles(2), c.change)
				b.apply(b.hist.batch(0, 1))
				b.flush(handler.FlushAll)
				b.c.turn(c.turn + time.Second)
				if restart && b.open(c.change) != 1 {
					t.Fatal("lost")
				}
				b.apply(b.hist.batch(1, 2))
				b.flush(handler.FlushAll)
				b.holds(2)
				b.files(c.files)
			})
		}
	}
}

// TestDefinitionChanges: a changed table begins another file, in the midst of a
// transaction too, unless that is switched off.
func TestDefinitionChanges(t *testing.T) {
	for _, roll := range []bool{true, false} {
		b := newBench(t, singles(2), func(h *Handler) { h.set.rollOnMetadata = roll })
		b.apply(b.hist.batch(0, 1))
		wider := handlertest.NewTable(9, "s", "a", 1, handlertest.Column("v", "text", record.String),
			handlertest.Column("w", "text", record.String))
		batch := handlertest.Batch(b.hist.txns[1].end, []*handlertest.Table{b.hist.tables["a"], wider},
			b.hist.tables["a"].Insert(handlertest.Str("1.0")),
			wider.Insert(handlertest.Str("1.1"), handlertest.Null()))
		b.apply(handlertest.Located(batch, b.hist.txns[1].at))
		b.flush(handler.FlushAll)
		if roll {
			b.files(2)
		} else {
			b.files(1)
		}
		if got := len(b.d.visible(t)["a"]); got != 3 {
			t.Fatalf("%d rows\n%s", got, b.d.show())
		}
	}
}

func withBad(hist *history, from, to int, rules ...handler.Rule) *handler.Batch {
	table := *hist.tables["a"]
	table.Rules = rules
	good := hist.batch(from, to)
	bad := handlertest.Batch(good.Checkpoint.RBA, []*handlertest.Table{&table})
	bad.Ends = good.Ends
	for ops := good.Ops; ; {
		body, rest, ok := handler.NextBatchOp(ops)
		if !ok {
			break
		}
		bad.Ops, bad.Count, ops = handler.AppendBatchOp(bad.Ops, body), bad.Count+1, rest
	}
	bad.Ops = handler.AppendBatchOp(bad.Ops, table.Insert(handlertest.Str("bad one")))
	bad.Count++
	bad.Ends = append(slices.Clone(good.Ends[:len(good.Ends)-1]), bad.Count)
	return handlertest.Located(bad, hist.txns[from].at)
}

// TestRowThatCannotBeWritten: it costs its batch and no other, or a rule passes
// over it.
func TestRowThatCannotBeWritten(t *testing.T) {
	for _, whole := range []bool{false, true} {
		b := newBench(t, singles(6), func(h *Handler) { h.grows = !whole })
		b.apply(b.hist.batch(0, 2))
		if e := b.refuses(withBad(b.hist, 2, 4), handler.Row, "nothing bad"); e.Op != 2 ||
			e.Code != FormatErrorCode {
			t.Fatalf("%+v", e)
		}
		b.apply(b.hist.batch(2, 4))
		applied := b.apply(withBad(b.hist, 4, 6, handler.Rule{Default: true, Response: handler.Discard}))
		if len(applied.Exceptions) != 1 || applied.Exceptions[0].Op != 2 ||
			applied.Exceptions[0].Response != handler.Discard {
			t.Fatalf("exceptions %+v", applied.Exceptions)
		}
		b.flush(handler.FlushAll)
		b.holds(6)
	}
}

// TestReadAgain: Replicat may read again from the durable checkpoint after any
// error; what was taken meanwhile is not there twice.
func TestReadAgain(t *testing.T) {
	b := newBench(t, singles(6), nil)
	b.apply(b.hist.batch(0, 2))
	b.flush(handler.FlushAll)
	b.apply(b.hist.batch(2, 4))
	b.refuses(withBad(b.hist, 4, 5), handler.Row, "bad")
	for i := 2; i < 6; i++ {
		b.apply(b.hist.batch(i, i+1))
	}
	b.flush(handler.FlushAll)
	b.holds(6)
	b.refuses(b.hist.batch(0, 1), handler.Setup, "come again")
}

// TestParts: a transaction in parts is not seen before its end, whatever else is
// due, and is undone as a whole.
func TestParts(t *testing.T) {
	hist := newHistory("a", "b")
	hist.add("a")
	hist.add("a", "b", "a", "b", "a", "b")
	hist.add("b")
	b := newBench(t, hist, func(h *Handler) { h.set.maxFileSize = 12 })
	b.apply(hist.batch(0, 1))
	b.apply(hist.part(1, 0, 2))
	b.holds(1)
	b.c.turn(time.Hour)
	b.apply(hist.part(1, 2, 4))
	b.holds(1)
	bad := hist.part(1, 4, 6)
	bad.Ops = handler.AppendBatchOp(nil, hist.tables["a"].Insert(handlertest.Str("bad")))
	bad.Count, bad.Ends = 1, []int{1}
	b.refuses(handlertest.Located(bad, hist.txns[1].at+40), handler.Row, "bad")
	b.flush(handler.FlushDue)
	b.holds(1)
	b.apply(hist.part(1, 0, 3))
	b.apply(hist.part(1, 0, 3)) // begun anew
	b.flush(handler.FlushAll)   // and broken off
	b.holds(1)
	b.apply(hist.part(1, 0, 3))
	b.apply(hist.part(1, 3, 6))
	b.holds(2)
	b.apply(hist.batch(2, 3))
	b.flush(handler.FlushAll)
	b.holds(3)
}

// TestFileWasChanged: a published file that somebody has taken away or changed is
// not continued.
func TestFileWasChanged(t *testing.T) {
	for name, harm := range map[string]func(d *disk, file string){
		"gone":    func(d *disk, file string) { delete(d.files, file) },
		"longer":  func(d *disk, file string) { d.files[file] = append(d.files[file], "a x\n"...) },
		"altered": func(d *disk, file string) { d.files[file] = []byte("a 0.x\n") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, singles(3), nil)
			b.apply(b.hist.batch(0, 1))
			b.flush(handler.FlushAll)
			file := b.d.finals()[0]
			harm(b.d, file)
			after, there := string(b.d.files[file]), 1
			if name == "gone" {
				there = 0
			}
			b.apply(b.hist.batch(1, 2))
			applied := b.flush(handler.FlushAll)
			if notes := fmt.Sprint(applied.Notes); !strings.Contains(notes, "a new file is begun") {
				t.Fatal(notes)
			}
			if name != "gone" && string(b.d.files[file]) != after {
				t.Fatalf("%s was overwritten", file)
			}
			b.files(there + 1)
			if b.open(nil) != 2 { // what is done is not looked for again
				t.Fatal("lost")
			}
		})
	}
}

// TestNamesAreNotTakenTwice: a file never replaces another one.
func TestNamesAreNotTakenTwice(t *testing.T) {
	b := newBench(t, singles(3), func(h *Handler) { h.set.mergeBelow = 1 })
	for i := range 3 { // within one second of the clock
		b.apply(b.hist.batch(i, i+1))
		b.flush(handler.FlushAll)
	}
	b.holds(3)
	b.files(3)
	if got := b.d.finals()[1]; got != "/data/a/a_1700000000_00000000010000000115.txt" {
		t.Fatalf("second file %s", got)
	}
}

// TestReset: an operator's order replaces what the files hold; files begin anew.
func TestReset(t *testing.T) {
	b := newBench(t, singles(4), nil)
	b.apply(b.hist.batch(0, 3))
	b.flush(handler.FlushAll)
	b.c.turn(time.Second)
	at := handlertest.At(b.hist.txns[0].end)
	if got := b.open(func(h *Handler) { h.cfg.Reset = &at }); got != 1 {
		t.Fatalf("the files hold %d transactions, 1 was ordered", got)
	}
	if got := b.open(nil); got != 1 {
		t.Fatalf("the order is forgotten: %d", got)
	}
	b.apply(b.hist.batch(1, 2))
	b.flush(handler.FlushAll)
	b.files(2)
}

// TestRecords: older ones go, groups of another key have their own, and what is
// wrong with the newest is told.
func TestRecords(t *testing.T) {
	b := newBench(t, singles(8), nil)
	for i := range 8 {
		b.apply(b.hist.batch(i, i+1))
		b.flush(handler.FlushAll)
	}
	var records []string
	for name := range b.d.files {
		if strings.HasSuffix(name, doneSuffix) {
			records = append(records, name)
		}
	}
	slices.Sort(records)
	if len(records) != 3 || path.Base(records[2]) != "00000000000000000008.json" {
		t.Fatalf("records %q", records)
	}
	if got := b.open(func(h *Handler) { h.cfg.GroupKey++ }); got != 0 {
		t.Fatalf("another group holds %d", got)
	}
	content := b.d.files[records[2]]
	b.d.files[records[2]] = append([]byte("x"), content...)
	h := ready(b.d.session(), b.c, nil)
	_, err := h.start(t.Context())
	e := h.fault(err)
	if e.Class != handler.Setup || !strings.Contains(e.Text, "00000000000000000008.json is damaged") ||
		!strings.Contains(e.Text, "ALTER REPLICAT") {
		t.Fatalf("a damaged record: %v", err)
	}
}

// TestCommittedFileIsLost: a record whose files are nowhere stops the start.
func TestCommittedFileIsLost(t *testing.T) {
	b := newBench(t, singles(2), nil)
	b.apply(b.hist.batch(0, 1))
	sess := b.h.fs.(*session)
	sess.hook = func(call, name string) { // dies between the record and the renames
		sess.dead = sess.dead || call == "rename" && strings.HasSuffix(name, "/1.tmp")
	}
	if _, err := b.h.Apply(t.Context(), &handler.Batch{Flush: handler.FlushAll}); err == nil {
		t.Fatal("it did not die")
	}
	sess.dead = false
	temp := ""
	for name := range b.d.files {
		if strings.HasSuffix(name, "/1.tmp") {
			temp = name
		}
	}
	content := b.d.files[temp]
	for _, c := range []struct {
		harm func()
		want string
	}{
		{func() { b.d.files[temp] = content[1:] }, "1.tmp has 5 bytes"},
		{func() { delete(b.d.files, temp) }, "neither it nor its temporary file"},
	} {
		c.harm()
		h := ready(b.d.session(), b.c, nil)
		_, err := h.start(t.Context())
		if e := h.fault(err); e.Class != handler.Setup || !strings.Contains(e.Text, c.want) ||
			!strings.Contains(e.Text, "/data/a/a_1700000000.txt is committed with 6 bytes") {
			t.Fatalf("got %v, want %q", err, c.want)
		}
	}
	b.d.files[temp] = content
	if b.open(nil) != 1 {
		t.Fatal("lost")
	}
	b.holds(1)
}

// TestTwoProcesses lets two processes of the group take turns in every way that
// chance finds, each calling the file system when it is its turn: what readers
// see is right at any moment, the one that was replaced stops, and a third goes on.
func TestTwoProcesses(t *testing.T) {
	for seed := range *rounds {
		for name, change := range variants() {
			s := mixture()
			d := newDisk()
			d.step = watch(t, d, s.hist)
			fenced := interleave(t, s, d, change, rand.New(rand.NewSource(seed)))
			if t.Failed() {
				t.Fatalf("seed %d, %s", seed, name)
			}
			if fenced > 2 {
				t.Fatalf("%d processes stopped", fenced)
			}
			finish(t, s, d, d.session, change)
		}
	}
}

// interleave runs two processes to their ends and counts those that were stopped.
func interleave(t *testing.T, s *script, d *disk, change func(*Handler), r *rand.Rand) (stopped int) {
	t.Helper()
	turns := [2]chan bool{make(chan bool), make(chan bool)}
	asks := make(chan int)
	ended := make(chan error)
	for i := range 2 {
		sess := d.session()
		sess.hook = func(string, string) {
			asks <- i
			<-turns[i]
		}
		go func() {
			c := newClock()
			h := ready(sess, c, change)
			done, err := open(t, h, s.hist)
			if err == nil {
				err = s.run(h, c, done)
			}
			ended <- err
		}()
	}
	waiting, running := []int{}, 2
	favourite, patience := 0, 0
	for running > 0 {
		for len(waiting) < running {
			select {
			case i := <-asks:
				waiting = append(waiting, i)
			case err := <-ended:
				running--
				if err != nil {
					stopped++
					onlyFenced(t, err)
				}
			}
		}
		if running == 0 {
			break
		}
		if patience--; patience < 0 { // runs of turns find more than single ones
			favourite, patience = r.Intn(2), r.Intn(25)
		}
		at := max(slices.Index(waiting, favourite), 0)
		next := waiting[at]
		waiting = slices.Delete(waiting, at, at+1)
		turns[next] <- true
	}
	return stopped
}

// onlyFenced: a process that was replaced finds it out at a record, or its
// temporary files gone.
func onlyFenced(t *testing.T, err error) {
	t.Helper()
	var e *handler.ApplyError
	if errors.Is(err, errFenced) || errors.As(err, &e) && errors.Is(e.Unwrap(), errFenced) {
		return
	}
	t.Errorf("stopped by %v", err)
}

func FuzzDecodeCommit(f *testing.F) {
	c := Commit{Version: commitVersion, Number: 3, Files: []CommitFile{{Final: "/a/b", CRC32C: 7}}}
	text, err := c.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("{}\ncrc32c 00000000\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := DecodeCommit(file)
		if err != nil {
			return
		}
		again, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeCommit(again); err != nil {
			t.Fatalf("%v of %q", err, again)
		}
	})
}

// TestManyStreams: open files and memory are bounded, whatever the number of
// tables; what had to be ended early is published with the rest.
func TestManyStreams(t *testing.T) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("t%02d", i))
	}
	hist := newHistory(names...)
	for range 5 {
		hist.add(names...)
	}
	for _, parts := range []bool{false, true} {
		b := newBench(t, hist, func(h *Handler) { h.set.maxOpen, h.set.spill = 8, 1 })
		most := 0
		check := func() {
			open := 0
			for _, o := range b.h.outputs {
				if o.file != nil {
					open++
				}
			}
			most = max(most, open)
		}
		if parts {
			for k := range 60 {
				b.apply(hist.part(0, k, k+1))
				check()
			}
		}
		for i := range 5 {
			if i > 0 || !parts {
				b.apply(hist.batch(i, i+1))
				check()
			}
		}
		b.flush(handler.FlushAll)
		b.holds(5)
		if parts && most > 8 {
			t.Errorf("%d files were open", most)
		}
	}
}

// TestMemoryIsShared: many small files do not gather more than the bound.
func TestMemoryIsShared(t *testing.T) {
	h := ready(newDisk().session(), newClock(), func(h *Handler) { h.set.spill = spillBytes })
	h.outputs = make([]*output, 10)
	if got := h.most(); got != spillBytes {
		t.Errorf("ten files may have %d bytes each", got)
	}
	h.outputs = make([]*output, 100_000)
	if got := h.most(); got*len(h.outputs) > memoryBytes {
		t.Errorf("a hundred thousand files may have %d bytes each", got)
	}
}
