package main

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/tests/services/server"
)

const benchOps = 10000

func benchBatch(t *handlertest.Table, from uint64) *handler.Batch {
	var ops [][]byte
	note := strings.Repeat("some words of a note ", 12)
	for i := range int64(benchOps) {
		ops = append(ops, t.Insert(person(i, "a name of a person", note)...))
	}
	return txns(from, []*handlertest.Table{t}, ops)
}

// BenchmarkApply writes batches of 10,000 rows of about 300 octets as JSON, on
// the fake that throws away what it takes.
func BenchmarkApply(b *testing.B) {
	c := fake(b, kfake.SeedTopics(6, "people"))
	benchmark(b, c.ListenAddrs())
}

// BenchmarkApplyOnKafka is the same on a broker.
func BenchmarkApplyOnKafka(b *testing.B) {
	server.Require(b, server.KindKafka)
	k, err := server.StartKafka(b.Context(), server.KafkaOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	if err := k.CreateTopic(b.Context(), "people", 6); err != nil {
		b.Fatal(err)
	}
	benchmark(b, []string{k.Brokers()})
}

func benchmark(b *testing.B, brokers []string) {
	h, _ := opened(b, files(b, brokers, append(usual(), ">compression.type=lz4")...))
	p := people(1)
	batch := benchBatch(p, 100)
	apply(b, h, batch)
	b.ReportAllocs()
	started := time.Now()
	n := 0
	for b.Loop() {
		apply(b, h, batch)
		n += benchOps
	}
	b.ReportMetric(float64(n)/time.Since(started).Seconds(), "rows/s")
}
