package replicat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/handler"
	"ggsh/record"
	"ggsh/trail"
)

func (f *fixture) rows(want int) {
	f.t.Helper()
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if len(f.s.rows) != want {
		f.t.Errorf("the target has %d rows, want %d: %v\n%s", len(f.s.rows), want,
			slices.Sorted(maps.Keys(f.s.rows)), f.report())
	}
}

func gone() error {
	return &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "gone"}
}

// A server that comes back without its last commits (it did not sync each of
// them, or is a restored copy) says so by its checkpoint row; that row wins over
// what Replicat remembers.
func TestATargetThatLostCommitsGetsThemAgain(t *testing.T) {
	for _, keeps := range []uint64{0, 2} { // the last transaction that it still has
		f := newFixture(t, plainParams+"GROUPTRANSOPS 1\n")
		old := map[string]string{}
		var oldPosition *handler.Checkpoint
		lost := false
		f.s.fail = func(s *server, b *handler.Batch, applied bool) error {
			csn := b.Checkpoint.CSN.Minor
			if applied && csn == keeps {
				old, oldPosition = maps.Clone(s.rows), s.checkpoint
			}
			if !applied && csn == 5 && !lost {
				lost = true
				s.rows, s.checkpoint = old, oldPosition
				return gone()
			}
			return nil
		}
		for id := range 6 {
			f.txn(insert(id, "x"))
		}
		f.start()
		f.s.wait(f.s.at(6))
		f.stop()
		f.rows(6)
	}
}

// A target that takes connections and loses each at the same transaction is
// asked ever more seldom.
func TestALossAtTheSamePlaceAgainAndAgainIsWaitedFor(t *testing.T) {
	f := newFixture(t, plainParams)
	tries, waits := 0, 0
	f.cfg.Delay = func(context.Context, int) error { waits++; return nil }
	f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
		if tries++; applied || tries > 20 {
			return nil
		}
		return gone()
	}
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if waits < 15 {
		t.Errorf("%d waits for 20 losses", waits)
	}
	f.rows(1)
}

// START ... AFTERCSN is how a target is begun after an initial load: a run that
// ends before its first commit must not make the next one apply what was loaded.
func TestAfterCSNIsRememberedUntilItIsPassed(t *testing.T) {
	f := newFixture(t, plainParams)
	f.s.fail = func(*server, *handler.Batch, bool) error {
		return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: "no"}
	}
	for id := range 6 {
		f.txn(insert(id, "x"))
	}
	f.cfg.From = &FromCSN{CSN: record.CSN{Minor: 4}, After: true}
	f.start()
	f.abended()
	f.s.fail, f.cfg.From = nil, nil
	f.start() // as AUTORESTART does
	f.s.wait(f.s.at(6))
	f.stop()
	f.rows(2)
	f.group(checkpoint.Begin{Kind: checkpoint.BeginSeqno}) // ALTER: all of it
	f.s.rows = map[string]string{}
	f.start()
	f.s.wait(func() bool { return len(f.s.rows) == 6 })
	f.stop()
}

// The log of some sources tells whole seconds.
func TestBeginTimeTakesTheWholeSecond(t *testing.T) {
	f := newFixture(t, plainParams)
	f.group(checkpoint.Begin{Kind: checkpoint.BeginTime,
		Time: f.opened.Add(2500 * time.Millisecond)})
	for id := range 4 { // committed at 1, 2, 3 and 4 seconds
		f.txn(insert(id, "x"))
	}
	f.start()
	f.s.wait(f.s.at(4))
	f.stop()
	f.rows(3)
}

// A power cut may take from the trail what was applied already; the writer writes
// it again into the next file. It is not applied again, wherever the file was cut.
func TestNothingIsAppliedTwiceAfterAPowerCutTookTheTrailsEnd(t *testing.T) {
	cuts := 1
	for i := 0; i < cuts; i++ {
		f := newFixture(t, plainParams)
		for id := range 3 {
			f.txn(insert(id, "x"), update(id, "y"))
		}
		f.start()
		f.s.wait(f.s.at(3))
		f.stop()
		must(t, f.w.Close())
		ends := ends(t, f.trailName().File(0))
		cuts = 2 * len(ends)
		must(t, os.Truncate(f.trailName().File(0), int64(ends[i/2])+int64(i%2)))
		w, err := trail.Open(trail.WriterConfig{Name: f.trailName(), MaxBytes: 1 << 20})
		must(t, err)
		f.w = w
		_, last, _ := w.Last()
		f.csn = last.CSN.Minor
		for f.csn < 5 {
			id := int(f.csn)
			f.txn(insert(id, "x"), update(id, "y"))
		}
		f.start()
		f.s.wait(f.s.at(5))
		f.stop()
		want := ""
		for id := range 5 {
			want += fmt.Sprintf("insert %d [%d x];update %d [%d y];", id, id, id, id)
		}
		got := ""
		for _, line := range f.s.log {
			got += line + ";"
		}
		if got != want {
			t.Errorf("cut %d: applied\n%s, want\n%s", i, got, want)
		}
	}
}

// ends are the ends of a trail file's records, but for the last.
func ends(t *testing.T, path string) (ends []uint64) {
	t.Helper()
	r, err := trail.OpenFile(path, 0, nil)
	must(t, err)
	defer r.Close()
	for {
		rec, err := r.Next()
		if err != nil {
			return ends[:len(ends)-1]
		}
		ends = append(ends, rec.End.RBA)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A handler that is killed while it starts is started again, if it has worked
// before; one that never starts ends the run.
func TestAHandlerKilledWhileItStartsIsStartedAgain(t *testing.T) {
	f := newFixture(t, plainParams)
	launches, bad := 0, 3
	f.cfg.Launch = func(ctx context.Context, name string) (handler.Handler, error) {
		if launches++; launches > 1 && launches <= bad {
			return nil, errors.New("killed")
		}
		return f.s.launch(ctx, name)
	}
	lost := false
	f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
		if applied || lost {
			return nil
		}
		lost = true
		return gone()
	}
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	f.rows(1)
	launches, bad, lost = 0, 1000, false
	f.txn(insert(2, "x"))
	f.start()
	f.abended()
	if launches > 10 {
		t.Errorf("%d launches", launches)
	}
}

// A part that meets a deadlock undoes all parts; doing them again at once, for
// ever, would keep both sides from getting on.
func TestAPartInConflictAgainAndAgainIsWaitedFor(t *testing.T) {
	f := newFixture(t, plainParams)
	long := strings.Repeat("x", 1000)
	bodies := make([][]byte, 12000)
	for i := range bodies {
		bodies[i] = insert(i, long)
	}
	f.txn(bodies...)
	tries, waits := 0, 0
	f.cfg.Delay = func(context.Context, int) error { waits++; return nil }
	f.s.fail = func(_ *server, b *handler.Batch, applied bool) error {
		if tries++; applied || !b.More || tries > 8 {
			return nil
		}
		return &handler.ApplyError{Class: handler.Conflict, Op: -1, Text: "deadlock"}
	}
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if waits < 6 {
		t.Errorf("%d waits for 8 conflicts", waits)
	}
	f.rows(len(bodies))
}
