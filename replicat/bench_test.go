package replicat

import (
	"context"
	"testing"

	"ggsh/handler"
	"ggsh/record"
	"ggsh/trail"
)

// sink takes batches and does nothing with them.
type sink struct{ fake }

func (k *sink) Apply(_ context.Context, b *handler.Batch) (*handler.Applied, error) {
	k.s.mu.Lock()
	c := b.Checkpoint
	k.s.checkpoint = &c
	k.s.cond.Broadcast()
	k.s.mu.Unlock()
	return &handler.Applied{}, nil
}

// BenchmarkPipeline measures reading, mapping and grouping: transactions of
// four operations whose columns go to other places.
func BenchmarkPipeline(b *testing.B) {
	f := newFixture(b, plainParams)
	target := f.s.tables["tg.emp"]
	target.Columns[0], target.Columns[1] = target.Columns[1], target.Columns[0]
	target.Key = []int{1}
	f.w.Close()
	w, err := trail.Open(trail.WriterConfig{Name: f.trailName()})
	if err != nil {
		b.Fatal(err)
	}
	f.w = w
	n := b.N
	for i := range n {
		err := w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: uint64(i + 1)}, XID: "x", CommitTime: f.opened})
		for k := range 4 {
			if err == nil {
				err = w.Op(f.emp, insert(4*i+k, "some text of a usual length"), k == 3)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := w.Sync(); err != nil {
		b.Fatal(err)
	}
	f.cfg.Launch = func(context.Context, string) (handler.Handler, error) {
		return &sink{fake{s: f.s}}, nil
	}
	b.ReportAllocs()
	b.ResetTimer()
	f.start()
	f.s.wait(f.s.at(uint64(n)))
	b.StopTimer()
	b.ReportMetric(float64(4*n)/b.Elapsed().Seconds(), "ops/s")
	f.stop()
}
