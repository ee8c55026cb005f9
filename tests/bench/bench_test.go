package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain serves a handler when the bench, which is this binary here, starts itself
// as one.
func TestMain(m *testing.M) {
	if isPlugin() {
		servePlugin()
		return
	}
	os.Exit(m.Run())
}

func TestMedianAndQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[len(hundred)-1-i] = float64(i + 1)
	}
	if p50, p99 := quantile(hundred, .5), quantile(hundred, .99); p50 != 51 || p99 != 100 {
		t.Errorf("p50 %v, p99 %v of 1 to 100", p50, p99)
	}
}

// TestRatioIsAboveOneWhereOursIsBetter: whether more or less of the unit is good.
func TestRatioIsAboveOneWhereOursIsBetter(t *testing.T) {
	r := results{"ours": {10, 30, 20}, "peer": {10, 10, 40}}
	if f := r.faster("w", "rows/s", "ours", "peer", ""); f.Ratio != 2 {
		t.Errorf("20 rows/s against 10: ratio %v", f.Ratio)
	}
	if f := r.lower("w", "ms", "ours", "peer", ""); f.Ratio != 0.5 {
		t.Errorf("20 ms against 10: ratio %v", f.Ratio)
	}
	if f := r.faster("w", "rows/s", "ours", "nobody", ""); f.Ratio != 0 {
		t.Errorf("against nobody: ratio %v", f.Ratio)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{1.234e6: "1.23 M", 45678: "46 k", 4567: "4.6 k",
		456.7: "457", 45.67: "45.7", 4.567: "4.57", 0: "0.00"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// TestAlternateTakesTurns: what else the machine does must meet all contenders.
func TestAlternateTakesTurns(t *testing.T) {
	h, order := newHarness(t.Context(), "turns", io.Discard), ""
	take := func(name string) contender {
		return contender{name, func() float64 { order += name; return float64(len(order)) }}
	}
	var r results
	if err := h.during(func() { r = h.alternate(3, "x", take("A"), take("B")) }, time.Second); err != nil {
		t.Fatal(err)
	}
	if order != "ABABAB" || median(r["A"]) != 3 || median(r["B"]) != 4 {
		t.Errorf("order %s, figures %v", order, r)
	}
}

// TestHarnessTidiesUp whatever ends a stage: its end, a failure, an interruption.
func TestHarnessTidiesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		end  func(h *harness)
		fail string
	}{
		"end":     {func(*harness) {}, ""},
		"failure": {func(h *harness) { h.Fatal("no ", "luck") }, "stage: no luck"},
		"skip":    {func(h *harness) { h.Skipf("no %s", "server") }, ""},
		"interrupted": {func(h *harness) {
			cancel()
			<-h.ctx.Done()
			h.check(h.ctx.Err())
		}, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			in := t.Context()
			if name == "interrupted" {
				in = ctx
			}
			h, order := newHarness(in, "stage", io.Discard), ""
			dir := ""
			err := h.during(func() {
				dir = h.TempDir()
				h.Cleanup(func() { order += "1" })
				h.Cleanup(func() { order += "2"; h.Fatal("while tidying up") })
				c.end(h)
			}, time.Minute)
			if order != "21" {
				t.Errorf("cleanups ran as %q", order)
			}
			if _, gone := os.Stat(dir); gone == nil {
				t.Errorf("%s is left", dir)
			}
			if err == nil || !strings.Contains(err.Error(), c.fail) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestStagesWithoutServers runs what needs no database, and writes both files.
func TestStagesWithoutServers(t *testing.T) {
	dir := t.TempDir()
	o := options{scale: 0.001, rounds: 2, only: "trail,boundary,format", json: filepath.Join(dir, "b.json"),
		doc: filepath.Join(dir, "B.md")}
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := run(ctx, o, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.json)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine machine
		Figures []figure
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Figures) < 4+10+2*len(formatCases()) || got.Machine.Cores == 0 {
		t.Errorf("%+v", got)
	}
	for _, f := range got.Figures {
		if f.Ours <= 0 || f.Other <= 0 || f.Stage == "" || len(f.OurRuns) != o.rounds {
			t.Errorf("figure %+v", f)
		}
		if !strings.Contains(out.String(), f.What) {
			t.Errorf("%q is not printed", f.What)
		}
	}
	doc, err := os.ReadFile(o.doc)
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	for _, word := range []string{dir, os.TempDir() + "/", host} {
		if len(word) > 3 && strings.Contains(string(doc), word) {
			t.Errorf("the document names %s", word)
		}
	}
	for _, line := range strings.Split(string(doc), "\n") {
		if len(line) > 100 && !strings.HasPrefix(line, "|") {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

func TestUnknownStageIsRefused(t *testing.T) {
	err := run(t.Context(), options{scale: 1, rounds: 1, only: "trial"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no stage") {
		t.Errorf("error %v", err)
	}
	if err := run(t.Context(), options{scale: 0, rounds: 1}, io.Discard, io.Discard); err == nil {
		t.Error("a scale of 0 is taken")
	}
}

func TestGTIDNumber(t *testing.T) {
	for text, want := range map[string]uint64{"": 0, "0-1-42": 42, "0-1000001-7": 7} {
		if got := gtidNumber(text); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}
