package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/tests/services/server"
)

func realKafka(t *testing.T, opts server.KafkaOptions) *server.Kafka {
	t.Helper()
	server.Require(t, server.KindKafka)
	k, err := server.StartKafka(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(k.Logs())
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// consumed is what Kafka's own console consumer reads of a topic's committed
// messages.
func consumed(t *testing.T, k *server.Kafka, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	lines, err := k.Consume(ctx, topic, server.ConsumeOptions{ReadCommitted: true, Key: true})
	if err != nil {
		t.Fatal(err)
	}
	var all []*kgo.Record
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "\t")
		all = append(all, &kgo.Record{Key: []byte(key), Value: []byte(value)})
	}
	return all
}

// TestOnKafka: what is claimed of the fake holds for a real broker, whose own
// reader is the judge.
func TestOnKafka(t *testing.T) {
	k := realKafka(t, server.KafkaOptions{})
	ctx := limited(t)
	if err := k.CreateTopic(ctx, "people", 3, "max.message.bytes=20000"); err != nil {
		t.Fatal(err)
	}
	brokers := []string{k.Brokers()}
	cfg := files(t, brokers, usual()...)
	old, o := opened(t, cfg)
	if o.Checkpoint != nil || !strings.Contains(o.Product, "cluster") {
		t.Fatalf("%+v", o)
	}
	h := &history{table: people(1), last: 300}
	rng := rand.New(rand.NewPCG(1, 2))
	if err := h.run(t, old, 0, rng); err != nil {
		t.Fatal(err)
	}
	tables := []*handlertest.Table{h.table}
	one := func(note string) [][]byte { return [][]byte{h.table.Insert(person(9, "n", note)...)} }
	// Not seen: what is open, refused, or a zombie's.
	apply(t, old, part(txns(301, tables, one("open"))))
	fresh, o := opened(t, cfg)
	if o.Checkpoint == nil || o.Checkpoint.RBA != 300 {
		t.Fatalf("opened at %+v", o.Checkpoint)
	}
	applyFails(t, old, txns(302, nil, one("zombie")), handler.Setup, "a second Replicat")
	e := applyFails(t, fresh, txns(301, tables, append(one("before"), one(random(rng, 30000))...)),
		handler.Row, "max.message.bytes of the topic (20000")
	if e.Op != 1 || e.Code != 10 {
		t.Fatalf("%+v", e)
	}
	absent := handlertest.NewTable(2, "hr", "absent", 1, h.table.Target.Columns...)
	applyFails(t, fresh, txns(301, []*handlertest.Table{absent},
		[][]byte{absent.Insert(person(1, "n", "x")...)}), handler.Setup, "topic absent does not exist")
	h.last = 350
	if err := h.run(t, fresh, 300, rng); err != nil {
		t.Fatal(err)
	}
	h.check(t, consumed(t, k, "people"))
	at := handlertest.At(350)
	holds(t, cfg, &at)
}

// random is a text that does not compress.
func random(rng *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('!' + rng.IntN(90)))
	}
	return strings.NewReplacer(`"`, "a", `\`, "b").Replace(b.String())
}

// TestKafkaKilled kills broker and handler in turn while a history is written,
// and starts them again.
func TestKafkaKilled(t *testing.T) {
	k := realKafka(t, server.KafkaOptions{})
	if err := k.CreateTopic(limited(t), "people", 3); err != nil {
		t.Fatal(err)
	}
	cfg := files(t, []string{k.Brokers()}, append(usual(), ">delivery.timeout.ms=4000")...)
	dir := handlertest.PluginDir(t, "kafka")
	h := &history{table: people(1), last: 1500}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	const broker, plugin = 2, 6 // how often each is killed
	broken := 0
	for round := 0; ; round++ {
		to := handlertest.Launch(t, dir, "kafka")
		at := openedAt(t, to, cfg)
		if at == h.last {
			break
		}
		killed := make(chan error, 1)
		wait := time.Duration(200+rng.IntN(700)) * time.Millisecond
		switch {
		case round%4 == 1 && round/4 < broker:
			go func() {
				time.Sleep(wait)
				killed <- k.Kill()
			}()
		case round < broker+plugin:
			go func() {
				time.Sleep(wait / 4)
				handlertest.KillProcess(to)
				killed <- nil
			}()
		default:
			killed <- nil
		}
		err := h.run(t, to, at, rng)
		if err := <-killed; err != nil {
			t.Fatal(err)
		}
		var e *handler.ApplyError
		if err != nil && (!errors.As(err, &e) || e.Class != handler.Connection) {
			t.Fatal(err)
		}
		if err != nil {
			broken++
		}
		if k.PID() == 0 {
			if err := k.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if broken < broker+1 {
		t.Errorf("only %d runs were broken off", broken)
	}
	t.Logf("%d runs were broken off", broken)
	h.check(t, consumed(t, k, "people"))
}

// openedAt opens, again while the broker is not ready for it, as Replicat does.
func openedAt(t *testing.T, h handler.Handler, cfg handler.Config) uint64 {
	t.Helper()
	for until := time.Now().Add(2 * time.Minute); ; {
		o, err := h.Open(limited(t), cfg)
		var e *handler.ApplyError
		switch {
		case err == nil && o.Checkpoint == nil:
			return 0
		case err == nil:
			return o.Checkpoint.RBA
		case !errors.As(err, &e) || e.Class != handler.Connection || time.Now().After(until):
			t.Fatal(err)
		}
	}
}

// TestPositionSurvivesCleaning: the cleaner takes away older positions and the
// markers of transactions, and the newest position is found all the same.
func TestPositionSurvivesCleaning(t *testing.T) {
	k := realKafka(t, server.KafkaOptions{Properties: map[string]string{
		"log.cleaner.backoff.ms": "100"}})
	ctx := limited(t)
	if err := k.CreateTopic(ctx, "people", 1); err != nil {
		t.Fatal(err)
	}
	if err := k.CreateTopic(ctx, "_ogg_checkpoint", 1, "cleanup.policy=compact", "segment.ms=100",
		"min.cleanable.dirty.ratio=0.01", "delete.retention.ms=0"); err != nil {
		t.Fatal(err)
	}
	cfg := files(t, []string{k.Brokers()}, usual()...)
	other := cfg
	other.GroupKey++
	p := people(1)
	insert := [][]byte{p.Insert(person(1, "A", "a")...)}
	at := map[uint64]uint64{}
	for round, commits := uint64(0), 0; ; round++ {
		for _, cfg := range []handler.Config{cfg, other} {
			started := time.Now()
			h, o := opened(t, cfg)
			t.Logf("opened in %s", time.Since(started))
			if want := at[cfg.GroupKey]; want > 0 && (o.Checkpoint == nil || o.Checkpoint.RBA != want) {
				t.Fatalf("round %d: opened at %+v, want %d", round, o.Checkpoint, want)
			}
			for i := range uint64(20) {
				b := txns(1000*round+20*i, []*handlertest.Table{p}, insert)
				apply(t, h, b)
				at[cfg.GroupKey] = b.Checkpoint.RBA
				commits++
			}
			// The next round finds what was rolled back, too.
			apply(t, h, part(txns(1000*round+900, nil, insert)))
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
		}
		left := len(messages(t, []string{k.Brokers()}, "_ogg_checkpoint"))
		if round >= 3 && left < commits/2 {
			t.Logf("after %d rounds %d of %d positions are left", round+1, left, commits)
			break
		}
		if round > 100 {
			t.Fatal("the cleaner does not come")
		}
	}
	last := handlertest.At(at[cfg.GroupKey])
	holds(t, cfg, &last)
	last = handlertest.At(at[other.GroupKey])
	holds(t, other, &last)
}
