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
	"ggsh/handler/lake"
	"ggsh/handler/lake/disk"
	"ggsh/record"
)

// isPlugin reports whether this process was started to serve the sink.
func isPlugin() bool { return handlertest.IsPlugin() }

// servePlugin serves the handler that the program's name tells.
func servePlugin() {
	if filepath.Base(os.Args[0]) == "file" {
		handler.Serve(lake.New(disk.Driver()))
		return
	}
	handler.Serve(&sink{})
}

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
	b.add(fileBoundary(b, h)...)
}

// fileBoundary gives the handler of files the same work in this process and in one
// of its own.
func fileBoundary(b *bench, h *harness) []figure {
	f, cpu := newFeed(b.size(300_000)), results{}
	dir := handlertest.PluginDir(h, "file")
	run := func(name string, to handler.Handler, used func() float64) float64 {
		g := bigHome(h, "RFILE", lakeLines("filewriter", "pathMappingTemplate=./out")...)
		g.open(h, to)
		before := used()
		took := h.give(to, f)
		cpu[name] = append(cpu[name], (used()-before)*1e6/float64(f.rows))
		h.check(to.Close())
		h.check(os.RemoveAll(g.Home))
		return float64(f.rows) / took
	}
	const here, there = "in this process", "over the process boundary"
	r := h.alternate(b.rounds, "rows/s",
		contender{here, func() float64 { return run(here, lake.New(disk.Driver()), ownTime) }},
		contender{there, func() float64 {
			to := handlertest.Launch(h, dir, "file")
			return run(there, to, func() float64 { return ownTime() + processorTime(to.PID()) })
		}})
	const what = "delimited text into a file, over the boundary"
	return []figure{r.faster(what, "rows/s", there, here, ">= 0.9 x"),
		cpu.lower(what+", processor time", "us/row", there, here, "")}
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
