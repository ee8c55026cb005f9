package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ggsh/formatter"
	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/props"
	"ggsh/record"
)

// order is a row of the table of the workloads, as a Go program has it.
type order struct {
	ID int64  `json:"id"`
	N  int64  `json:"n"`
	C  string `json:"c"`
	V  string `json:"v"`
	D  string `json:"d"`
	DT string `json:"dt"`
	TS string `json:"ts"`
	E  string `json:"e"`
	U  uint64 `json:"u"`
	W  string `json:"w"`
}

func orderOf(i int) order {
	return order{ID: int64(i), N: int64(i * 7919 % 1000003),
		C: strings.Repeat(fmt.Sprintf("%032x", i*7919), 3) + strings.Repeat(".", 24),
		V: fmt.Sprint("name of ", i), D: fmt.Sprintf("%d.%02d", i%1000, i%100),
		DT: fmt.Sprintf("2024-01-02 03:%02d:%02d.000006", i/60%60, i%60),
		TS: fmt.Sprintf("2024-01-02 03:%02d:%02d.006", i/60%60, i%60),
		E:  []string{"new", "paid", "sent", "closed"}[i%4], U: uint64(i % 200), W: fmt.Sprint("w", i)}
}

// appendFields appends the row as text.
func (o *order) appendFields(to []string) []string {
	return append(to, strconv.FormatInt(o.ID, 10), strconv.FormatInt(o.N, 10), o.C, o.V, o.D, o.DT,
		o.TS, o.E, strconv.FormatUint(o.U, 10), o.W)
}

// values are the row as a trail has it.
func (o *order) values() []handlertest.V {
	day, second := record.PackDate(2024, 1, 2), o.ID%3600+3*3600
	return handlertest.Row(handlertest.Int(o.ID), handlertest.Int(o.N), handlertest.Str(o.C),
		handlertest.Str(o.V), record.AppendText(nil, record.Decimal, o.D),
		record.AppendTimestamp(nil, day, second*1e9+6000),
		record.AppendTimestampTZ(nil, day, second*1e9+6e6, 0), handlertest.Str(o.E),
		record.AppendUint(nil, o.U), handlertest.Str(o.W))
}

// orderTable is the table as handlers see it.
func orderTable() *handlertest.Table {
	c := handlertest.Column
	price, dt, ts := c("d", "decimal", record.Decimal), c("dt", "datetime", record.Timestamp),
		c("ts", "timestamp", record.TimestampTZ)
	price.Precision, price.Scale, dt.Scale, ts.Scale = 12, 2, 6, 3
	return handlertest.NewTable(1, schema, tableName, 1, c("id", "bigint!", record.Int),
		c("n", "int!", record.Int), c("c", "char(120)!", record.String),
		c("v", "varchar(60)", record.String), price, dt, ts, c("e", "enum", record.String),
		c("u", "tinyint unsigned", record.Uint), c("w", "varchar(40)", record.String))
}

// feedBatch and feedTxn are the operations of a batch of a feed, as Replicat makes
// them with GROUPTRANSOPS 1000, and of a source transaction.
const (
	feedBatch = 1000
	feedTxn   = 10
)

// feed is work for a handler: batches of inserts that are alike but for where they
// come from, so that a handler takes them for a history.
type feed struct {
	batches []*handler.Batch
	rows    int
}

func newFeed(rows int) *feed {
	t, f := orderTable(), &feed{}
	var ops [][]byte
	var ends []int
	for i := range feedBatch {
		o := orderOf(i)
		ops = append(ops, t.Insert(o.values()...))
		if i%feedTxn == feedTxn-1 {
			ends = append(ends, i+1)
		}
	}
	pattern := handlertest.Batch(0, []*handlertest.Table{t}, ops...)
	for at := uint64(1); f.rows < rows; at += feedBatch {
		b := *pattern
		b.Ends, b.Checkpoint = ends, handlertest.At(at+feedBatch-1)
		if f.rows > 0 {
			b.Tables = nil // told once, as Replicat does
		}
		f.batches = append(f.batches, handlertest.Located(&b, at))
		f.rows += feedBatch
	}
	return f
}

// give lets a handler apply all of a feed until all of it is durable.
func (h *harness) give(to handler.Handler, f *feed) float64 {
	settle()
	began := timer()
	for _, b := range f.batches {
		_, err := to.Apply(h.ctx, b)
		h.check(err)
	}
	if to.Describe().Deferred {
		_, err := to.Apply(h.ctx, &handler.Batch{Flush: handler.FlushAll})
		h.check(err)
	}
	return began()
}

// changes are the operations of the first batch, decoded.
func (f *feed) changes(h *harness) (all []*record.Change) {
	reader := handler.NewChanges()
	reader.Reset(f.batches[0])
	for {
		c, err := reader.Next()
		h.check(err)
		if c == nil {
			return all
		}
		kept := *c
		all = append(all, &kept)
	}
}

// big is what Replicat tells a big data handler, with a home to work in.
type big struct{ handler.Config }

// bigHome makes one; lines are those of its properties file, and a file's name with
// a colon at the end begins another file.
func bigHome(h *harness, group string, lines ...string) *big {
	home := h.TempDir()
	h.check(os.MkdirAll(filepath.Join(home, "dirprm"), 0o755))
	h.check(os.MkdirAll(filepath.Join(home, "dirdef"), 0o755))
	name, files := "bench.props", map[string]string{}
	for _, line := range lines {
		if other, ok := strings.CutSuffix(line, ":"); ok {
			name = other
			continue
		}
		files[name] += line + "\n"
	}
	for name, text := range files {
		h.check(os.WriteFile(filepath.Join(home, "dirprm", name), []byte(text), 0o600))
	}
	return &big{handler.Config{Group: group, GroupKey: 77, Home: home,
		Properties: filepath.Join(home, "dirprm", "bench.props")}}
}

// format is the format that the properties ask for.
func (g *big) format(h *harness) *formatter.Format {
	p, err := props.Load(g.Properties, props.Options{Home: g.Home})
	h.check(err)
	f, err := formatter.New(p, formatter.Env{Group: g.Group})
	h.check(err)
	return f
}

// rowBytes is how long a row of a feed is, in the mean.
func (g *big) rowBytes(h *harness, f *feed) float64 {
	format, sum := g.format(h), 0
	all := f.changes(h)
	for _, c := range all {
		text, err := format.Append(nil, c)
		h.check(err)
		sum += len(text)
	}
	return float64(sum) / float64(len(all))
}

// open opens a handler, which must hold nothing of the group.
func (g *big) open(h *harness, to handler.Handler) {
	opened, err := to.Open(h.ctx, g.Config)
	h.check(err)
	if opened.Checkpoint != nil {
		h.Fatal("the target holds a checkpoint of a group that is new")
	}
}
