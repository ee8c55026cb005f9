package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/handler/lake"
	"ggsh/handler/lake/disk"
	"ggsh/record"
)

// BenchmarkRows brings batches of 2000 rows of 200 octets to a file, within this
// process, publications included.
func BenchmarkRows(b *testing.B) {
	home := b.TempDir()
	cfg := handler.Config{Group: "RBENCH", Home: home, Properties: filepath.Join(home, "x.props")}
	if err := os.WriteFile(cfg.Properties, []byte(plainProperties), 0o600); err != nil {
		b.Fatal(err)
	}
	table := handlertest.NewTable(1, "a", "t", 1, handlertest.Column("id", "int!", record.Int),
		handlertest.Column("v", "text", record.String))
	var ops [][]byte
	for i := range int64(2000) {
		ops = append(ops, table.Insert(handlertest.Int(i), handlertest.Str(strings.Repeat("x", 190))))
	}
	h := lake.New(disk.Driver())
	if _, err := h.Open(b.Context(), cfg); err != nil {
		b.Fatal(err)
	}
	batch := handlertest.Located(handlertest.Batch(100, []*handlertest.Table{table}, ops...), 100)
	b.SetBytes(int64(len(batch.Ops)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		rba := batch.Checkpoint.RBA
		batch.Checkpoint, batch.Origins = handlertest.At(rba+5000), nil
		handlertest.Located(batch, rba)
		b.StartTimer()
		if _, err := h.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		batch.Tables = nil
	}
	if _, err := h.Apply(b.Context(), &handler.Batch{Flush: handler.FlushAll}); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)*float64(len(ops))/b.Elapsed().Seconds(), "rows/s")
	if err := h.Close(); err != nil {
		b.Fatal(err)
	}
}
