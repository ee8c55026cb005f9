package main

import (
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/tests/services/server"
)

// BenchmarkRows brings batches of 2000 rows of 200 octets, as one transaction
// each, through the process boundary into HDFS with two replicas, publications
// included.
func BenchmarkRows(b *testing.B) {
	server.Require(b, server.KindHDFS)
	c, err := server.StartHDFS(b.Context(), server.HDFSOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	}()
	s := newSite(b, c, c.ConfDir(), "")
	h := handlertest.Launch(b, handlertest.PluginDir(b, "hdfs"), "hdfs")
	if _, err := h.Open(b.Context(), s.cfg); err != nil {
		b.Fatal(err)
	}
	var ops [][]byte
	for i := range int64(2000) {
		ops = append(ops, s.tables[0].Insert(handlertest.Int(i), handlertest.Str(strings.Repeat("x", 190))))
	}
	rba, began := uint64(100), time.Now()
	batch := handlertest.Located(handlertest.Batch(rba, s.tables, ops...), rba)
	b.SetBytes(int64(len(batch.Ops)))
	for b.Loop() {
		batch = handlertest.Located(&handler.Batch{Ops: batch.Ops, Count: batch.Count, Ends: batch.Ends,
			Tables: batch.Tables, Checkpoint: handlertest.At(rba + 5000)}, rba)
		if _, err := h.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		rba += 5000
	}
	if _, err := h.Apply(b.Context(), &handler.Batch{Flush: handler.FlushAll}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)*float64(len(ops))/time.Since(began).Seconds(), "rows/s")
}
