package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// figure is one row of the result: what we do beside what a peer does.
type figure struct {
	Stage string  `json:"stage"`
	What  string  `json:"what"`
	Unit  string  `json:"unit"`
	Ours  float64 `json:"ours"`
	Peer  string  `json:"peer"`
	Other float64 `json:"other"`
	// Ratio is above 1 where ours is better, whatever the unit.
	Ratio float64 `json:"ratio"`
	Bar   string  `json:"bar,omitempty"`
	// Runs are all values that the medians were taken of.
	OurRuns   []float64 `json:"ourRuns,omitempty"`
	OtherRuns []float64 `json:"otherRuns,omitempty"`
}

// contender does the work once and gives a figure for it.
type contender struct {
	name string
	run  func() float64
}

// results are the figures of each contender by name.
type results map[string][]float64

// alternate lets contenders work in turns, so that what else happens on the
// machine meets all of them.
func (h *harness) alternate(rounds int, unit string, contenders ...contender) results {
	all := results{}
	for n := range rounds {
		for _, c := range contenders {
			h.check(h.ctx.Err())
			value := c.run()
			all[c.name] = append(all[c.name], value)
			h.say("%d/%d  %-44s %12s %s", n+1, rounds, c.name, number(value), unit)
		}
	}
	return all
}

// median gives the middle value; of an even number the mean of the two in the middle.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// quantile gives the value that a share of all values does not exceed.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return s[min(len(s)-1, int(share*float64(len(s))))]
}

// faster compares two rates.
func (r results) faster(what, unit, ours, peer, bar string) figure {
	f := figure{What: what, Unit: unit, Ours: median(r[ours]), Peer: peer, Other: median(r[peer]),
		Bar: bar, OurRuns: r[ours], OtherRuns: r[peer]}
	if f.Other > 0 {
		f.Ratio = f.Ours / f.Other
	}
	return f
}

// lower compares two figures of which the lower one is better.
func (r results) lower(what, unit, ours, peer, bar string) figure {
	f := r.faster(what, unit, ours, peer, bar)
	if f.Ours > 0 {
		f.Ratio = f.Other / f.Ours
	}
	return f
}

// number prints three digits that count.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.0f k", v/1e3)
	case v >= 1e3:
		return fmt.Sprintf("%.1f k", v/1e3)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// cells are what a table shows of a figure.
func (f *figure) cells() []string {
	bar := f.Bar
	if bar == "" {
		bar = "-"
	}
	ratio := fmt.Sprintf("%.2f", f.Ratio)
	if f.Ratio < 0.1 {
		ratio = fmt.Sprintf("%.2g", f.Ratio)
	}
	return []string{f.What, f.Unit, number(f.Ours), f.Peer, number(f.Other), ratio, bar}
}

func heads() []string {
	return []string{"what", "unit", "ours", "peer or limit", "its figure", "ratio", "bar"}
}

// table lays figures out for a terminal.
func table(figures []figure) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(heads(), "\t")))
	for i := range figures {
		fmt.Fprintln(w, strings.Join(figures[i].cells(), "\t"))
	}
	w.Flush()
	return b.String()
}

// writeJSON writes the figures for a program to compare.
func (b *bench) writeJSON(path string) error {
	text, err := json.MarshalIndent(struct {
		Machine machine  `json:"machine"`
		Scale   float64  `json:"scale"`
		Rounds  int      `json:"rounds"`
		Figures []figure `json:"figures"`
	}{b.machine, b.scale, b.rounds, b.figures}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
