package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/handler"
	"ggsh/handler/handlertest"
)

// history is a run of source transactions, the n-th of which has operations
// that nothing but n decides.
type history struct {
	table *handlertest.Table
	last  uint64
}

// ops are the operations of a transaction: inserts of a few keys over and over,
// told apart by their note.
func (h *history) ops(n uint64) [][]byte {
	var ops [][]byte
	for i := range n%7 + 1 {
		ops = append(ops, h.table.Insert(person(int64((n+i)%5), "n", fmt.Sprintf("%d.%d", n, i))...))
	}
	return ops
}

// expected lists all notes of a key in their order.
func (h *history) expected() map[string][]string {
	all := map[string][]string{}
	for n := uint64(1); n <= h.last; n++ {
		for i := range n%7 + 1 {
			key := fmt.Sprint((n + i) % 5)
			all[key] = append(all[key], fmt.Sprintf("%d.%d", n, i))
		}
	}
	return all
}

// check compares a topic with the history: each operation once, those of a key
// in their order.
func (h *history) check(t *testing.T, list []*kgo.Record) {
	t.Helper()
	got := map[string][]string{}
	for _, r := range list {
		_, note, _ := strings.Cut(string(r.Value), `"note":"`)
		got[string(r.Key)] = append(got[string(r.Key)], strings.TrimSuffix(note, `"}`))
	}
	for key, want := range h.expected() {
		if !slices.Equal(got[key], want) {
			t.Fatalf("key %s has %d messages, want %d:\n%q\nwant\n%q", key, len(got[key]), len(want),
				got[key], want)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Fatalf("further keys: %q", got)
	}
}

// run applies the history from where the target is, in batches and parts of
// random size, until its end or an error.
func (h *history) run(t *testing.T, to handler.Handler, from uint64, rng *rand.Rand) error {
	t.Helper()
	tables := []*handlertest.Table{h.table}
	for n := from + 1; n <= h.last; {
		count := min(uint64(rng.IntN(6)+1), h.last-n+1)
		var list [][][]byte
		for i := range count {
			list = append(list, h.ops(n+i))
		}
		if ops := list[0]; count == 1 && len(ops) > 1 {
			b := part(txns(n, tables, ops[:len(ops)/2]))
			b.Checkpoint = handlertest.At(n - 1)
			if _, err := to.Apply(limited(t), b); err != nil {
				return err
			}
			list[0] = ops[len(ops)/2:]
		}
		b := txns(n, tables, list...)
		n += count
		b.Checkpoint = handlertest.At(n - 1)
		if _, err := to.Apply(limited(t), b); err != nil {
			return err
		}
	}
	return nil
}

// TestKilledAtRandom kills the handler's process at random instants: what a
// reader of committed messages sees is the history, each operation once.
func TestKilledAtRandom(t *testing.T) {
	c := fake(t, kfake.SeedTopics(3, "people"))
	cfg := files(t, c.ListenAddrs(), usual()...)
	dir := handlertest.PluginDir(t, "kafka")
	h := &history{table: people(1), last: 1200}
	if testing.Short() {
		h.last = 300
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	kills, at := 0, uint64(0)
	for {
		to := handlertest.Launch(t, dir, "kafka")
		o, err := to.Open(limited(t), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if o.Checkpoint != nil {
			if o.Checkpoint.RBA < at {
				t.Fatalf("the position went back from %d to %d", at, o.Checkpoint.RBA)
			}
			at = o.Checkpoint.RBA
		}
		timer := time.AfterFunc(time.Duration(rng.IntN(300))*time.Millisecond, func() {
			handlertest.KillProcess(to)
		})
		err = h.run(t, to, at, rng)
		timer.Stop()
		if err == nil {
			break
		}
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != handler.Connection {
			t.Fatalf("%v", err)
		}
		kills++
	}
	if kills < 3 {
		t.Errorf("%d kills only", kills)
	}
	t.Logf("%d kills", kills)
	h.check(t, messages(t, c.ListenAddrs(), "people"))
}
