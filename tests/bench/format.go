package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"

	"ggsh/formatter"
	"ggsh/record"
)

// message is what a Go program would make of an operation with encoding/json.
type message struct {
	Table  string `json:"table"`
	Type   string `json:"op_type"`
	Time   string `json:"op_ts"`
	Now    string `json:"current_ts"`
	Pos    string `json:"pos"`
	Before *order `json:"before,omitempty"`
	After  *order `json:"after,omitempty"`
}

// The peers, which get the row as a Go program has it, so that they need not read
// values first.
const (
	viaJSON = "encoding/json"
	viaCSV  = "encoding/csv"
)

// formatter of package formatter, and the peer it is shown beside.
type formatCase struct{ name, peer string }

func formatCases() []formatCase {
	return []formatCase{{formatter.DelimitedText, viaCSV}, {formatter.JSON, viaJSON},
		{formatter.JSONRow, viaJSON}, {formatter.XML, viaJSON}, {formatter.AvroRow, viaJSON},
		{formatter.AvroOp, viaJSON}, {formatter.AvroRowOCF, viaJSON}, {formatter.Parquet, viaCSV}}
}

// formatStage makes bytes of the same inserts by every format, and by the standard
// library.
func formatStage(b *bench, h *harness) {
	rows, changes := b.size(200_000), newFeed(1).changes(h)
	sizes, all := map[string]float64{}, []contender{}
	peer := func(name string, run func() int64) contender {
		return contender{name, func() float64 {
			settle()
			before := ownTime()
			n := run()
			took := ownTime() - before
			sizes[name] = float64(n) / float64(rows)
			return took * 1e9 / float64(rows)
		}}
	}
	for _, c := range formatCases() {
		g := bigHome(h, "RFILE", lakeLines("filewriter", "pathMappingTemplate=./out",
			"format="+c.name)...)
		all = append(all, peer(c.name, func() int64 { return writeRows(h, g.format(h), changes, rows) }))
	}
	orders := make([]order, len(changes))
	for i := range orders {
		orders[i] = orderOf(i)
	}
	all = append(all, peer(viaJSON, func() int64 { return writeJSONRows(h, orders, rows) }),
		peer(viaCSV, func() int64 { return writeCSVRows(h, orders, rows) }))
	r := h.alternate(b.rounds, "ns/row", all...)
	speeds := results{}
	for name, runs := range r {
		for _, ns := range runs {
			speeds[name] = append(speeds[name], sizes[name]*1e3/ns)
		}
	}
	for _, c := range formatCases() {
		what := fmt.Sprintf("%s, %.0f bytes a row (%.0f)", c.name, sizes[c.name], sizes[c.peer])
		b.add(r.lower(what, "ns/row", c.name, c.peer, ""),
			speeds.faster(what, "MB/s", c.name, c.peer, ""))
	}
}

// counter counts what is written and forgets it.
type counter struct{ n int64 }

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// writeRows gives rows to a format and says how many bytes they became.
func writeRows(h *harness, f *formatter.Format, changes []*record.Change, rows int) int64 {
	to := &counter{}
	if f.Joinable() {
		var buf []byte
		var err error
		for i := range rows {
			buf, err = f.Append(buf[:0], changes[i%len(changes)])
			h.check(err)
			to.n += int64(len(buf))
		}
		return to.n
	}
	w, err := f.File(to, changes[0].Def)
	h.check(err)
	for i := range rows {
		h.check(w.Write(changes[i%len(changes)]))
	}
	h.check(w.Close())
	return to.n
}

func writeJSONRows(h *harness, orders []order, rows int) int64 {
	var buf bytes.Buffer
	e, sum := json.NewEncoder(&buf), int64(0)
	m := message{Table: schema + "." + tableName, Type: "I", Time: "2023-11-14 22:13:20.000000",
		Now: "2023-11-14T22:13:21.000000", Pos: "00000000010000001000"}
	for i := range rows {
		m.After = &orders[i%len(orders)]
		h.check(e.Encode(&m))
		sum += int64(buf.Len())
		buf.Reset()
	}
	return sum
}

func writeCSVRows(h *harness, orders []order, rows int) int64 {
	to := &counter{}
	w := csv.NewWriter(to)
	meta := []string{"I", schema + "." + tableName, "2023-11-14 22:13:20.000000",
		"2023-11-14T22:13:21.000000", "00000000010000001000"}
	line := make([]string, 0, 16)
	for i := range rows {
		line = append(line[:0], meta...)
		h.check(w.Write(orders[i%len(orders)].appendFields(line)))
	}
	w.Flush()
	h.check(w.Error())
	return to.n
}
