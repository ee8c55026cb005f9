package main

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/tests/services/server"
)

// TestFeedIsAHistory: handlers drop what comes again, so positions must rise.
func TestFeedIsAHistory(t *testing.T) {
	f := newFeed(2500)
	if f.rows != 3000 || len(f.batches) != 3 {
		t.Fatalf("%d rows in %d batches", f.rows, len(f.batches))
	}
	reader, last, rows, ends := handler.NewChanges(), uint64(0), 0, 0
	for i, b := range f.batches {
		if (len(b.Tables) > 0) != (i == 0) {
			t.Errorf("batch %d tells %d tables", i, len(b.Tables))
		}
		reader.Reset(b)
		for {
			c, err := reader.Next()
			if err != nil {
				t.Fatal(err)
			}
			if c == nil {
				break
			}
			if c.RBA <= last {
				t.Fatalf("an operation at %d comes behind one at %d", c.RBA, last)
			}
			last = c.RBA
			rows++
			if c.Last {
				ends++
			}
		}
		if b.Checkpoint.RBA < last {
			t.Errorf("batch %d ends at %d, before its last operation at %d", i, b.Checkpoint.RBA, last)
		}
	}
	if rows != f.rows || ends != f.rows/feedTxn {
		t.Errorf("%d rows in %d transactions", rows, ends)
	}
}

// TestPeerOfFormatsWritesTheSameRow: what the standard library is given says what
// our format says.
func TestPeerOfFormatsWritesTheSameRow(t *testing.T) {
	h := newHarness(t.Context(), "rows", io.Discard)
	err := h.during(func() {
		g := bigHome(h, "RFILE", lakeLines("filewriter", "pathMappingTemplate=./out", "format=json")...)
		for i, c := range newFeed(1).changes(h) {
			text, err := g.format(h).Append(nil, c)
			h.check(err)
			var own struct{ After map[string]any }
			h.check(json.Unmarshal(text, &own))
			o := orderOf(i)
			text, err = json.Marshal(&o)
			h.check(err)
			var peer map[string]any
			h.check(json.Unmarshal(text, &peer))
			if len(own.After) != len(peer) {
				h.Fatalf("row %d: %v\n%v", i, own.After, peer)
			}
			for name, v := range peer {
				if got := own.After[name]; name != "ts" && name != "d" && got != v {
					h.Fatalf("row %d: column %s is %v, not %v", i, name, got, v)
				}
			}
		}
	}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
}

func TestRateOfProducerPerformance(t *testing.T) {
	const said = "1234 records sent, 246.8 records/sec (0.10 MB/sec), 1.0 ms avg latency\n" +
		"100000 records sent, 81234.5 records/sec (33.46 MB/sec), 12.41 ms avg latency, 300 ms max\n"
	all := perfRate.FindAllStringSubmatch(said, -1)
	if len(all) != 2 || all[1][1] != "81234.5" {
		t.Errorf("found %q", all)
	}
}

// TestStagesOnServers runs, tiny, the stages that need the programs and MariaDB.
func TestStagesOnServers(t *testing.T) {
	server.Require(t, server.MariaDB)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	b := &bench{options: options{scale: 0.004, rounds: 1}, ctx: ctx, progress: io.Discard}
	b.whole = newHarness(ctx, "bench", io.Discard)
	chosen, err := choose("load,files")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.whole.during(func() { b.runStages(chosen, io.Discard) }, stagePatience); err != nil {
		t.Fatal(err)
	}
	if len(b.figures) != 6 {
		t.Errorf("figures %+v", b.figures)
	}
	for _, f := range b.figures {
		if f.Ours <= 0 || f.Other <= 0 || f.Ratio <= 0 {
			t.Errorf("figure %+v", f)
		}
	}
}
