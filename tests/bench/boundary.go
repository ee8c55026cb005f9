package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// isPlugin reports whether this process was started to serve the sink.
func isPlugin() bool { return handlertest.IsPlugin() }

// sink is a handler without a target: it walks over a batch and forgets it.
type sink struct{ rows int }

// Describe says what the sink is.
func (s *sink) Describe() handler.Description {
	return handler.Description{Name: "sink", Version: "1.0"}
}

// Open opens nothing.
func (s *sink) Open(context.Context, handler.Config) (*handler.Opened, error) {
	return &handler.Opened{Product: "nothing"}, nil
}

// Table knows no table.
func (s *sink) Table(_ context.Context, name handler.TableName) (*record.TableDef, error) {
	return nil, &handler.NoTableError{Name: name}
}

// Apply looks at each operation's head.
func (s *sink) Apply(_ context.Context, b *handler.Batch) (*handler.Applied, error) {
	for rest := b.Ops; ; {
		body, tail, ok := handler.NextBatchOp(rest)
		if !ok {
			return &handler.Applied{}, nil
		}
		_, id := record.OpTable(body)
		s.rows += int(id)
		rest = tail
	}
}

// Close closes nothing.
func (s *sink) Close() error { return nil }

// boundaryStage sends the same batches to a handler in this process, to one in a
// process of its own, and as plain bytes over the same kind of socket.
func boundaryStage(b *bench, h *harness) {
	remote := handlertest.Launch(h, handlertest.PluginDir(h, "sink"), "sink")
	for _, size := range []int{1, 100, 1000, 5000} {
		batch := batchOf(size)
		batches := b.size(max(300, min(20_000, 1_000_000/size)))
		rate := func(seconds float64) float64 { return float64(batches*size) / seconds }
		const here, there = "ours in this process", "ours over the process boundary"
		const socket = "plain bytes over a socket"
		r := h.alternate(b.rounds, "rows/s", contender{here, func() float64 {
			return rate(h.applyAll(&sink{}, batch, batches))
		}}, contender{there, func() float64 {
			return rate(h.applyAll(remote, batch, batches))
		}}, contender{socket, func() float64 {
			return rate(h.pingPong(batch.Ops, batches))
		}})
		what := fmt.Sprintf("batches of %d rows over the boundary", size)
		b.add(r.faster(what, "rows/s", there, socket, ""))
		per := results{}
		for _, name := range []string{here, there, socket} {
			for _, v := range r[name] {
				per[name] = append(per[name], v/float64(size))
			}
		}
		b.add(per.faster(what, "batches/s", there, here, ""))
	}
}

// batchOf makes a batch of one transaction.
func batchOf(rows int) *handler.Batch {
	def, body := trailRow()
	t := &handlertest.Table{TableUse: handler.TableUse{ID: def.ID, Source: "src.t", Target: def,
		Key: []int{0}, KeyIsUnique: true}}
	ops := make([][]byte, rows)
	for i := range ops {
		ops[i] = body
	}
	return handlertest.Batch(1, []*handlertest.Table{t}, ops...)
}

func (h *harness) applyAll(to handler.Handler, batch *handler.Batch, batches int) float64 {
	settle()
	began := timer()
	for n := range batches {
		_, err := to.Apply(h.ctx, batch)
		h.check(err)
		if n == 0 {
			batch.Tables = nil // told once, as Replicat does
		}
	}
	return began()
}

// pingPong sends blocks to another goroutine, which answers each with one byte.
func (h *harness) pingPong(block []byte, times int) float64 {
	l, err := net.Listen("unix", filepath.Join(shortDir(h), "s"))
	h.check(err)
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		into := make([]byte, len(block))
		for {
			if _, err := io.ReadFull(conn, into); err != nil {
				return
			}
			if _, err := conn.Write(into[:1]); err != nil {
				return
			}
		}
	}()
	conn, err := net.Dial("unix", l.Addr().String())
	h.check(err)
	defer conn.Close()
	answer := make([]byte, 1)
	settle()
	began := timer()
	for range times {
		_, err := conn.Write(block)
		h.check(err)
		_, err = io.ReadFull(conn, answer)
		h.check(err)
	}
	return began()
}

// shortDir is a folder whose sockets fit into a socket's address.
func shortDir(h *harness) string {
	dir, err := os.MkdirTemp("/tmp", "ggsh-b-")
	h.check(err)
	h.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
