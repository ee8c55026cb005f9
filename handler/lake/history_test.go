package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/formatter"
	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// lines is a format of one line for each operation: table, then the value of
// the first column. A value "bad" cannot be carried.
type lines struct{}

func (f lines) Append(dst []byte, c *record.Change) ([]byte, error) {
	var values []record.Value
	image := c.Op.After
	if image == nil {
		image = c.Op.Before
	}
	values, err := image.Values(values, len(c.Def.Columns))
	if err != nil {
		return dst, err
	}
	text := string(values[0].B)
	if strings.HasPrefix(text, "bad") {
		return dst, errors.New("this format carries nothing bad")
	}
	return fmt.Appendf(dst, "%s %s\n", c.Def.Name, text), nil
}

func (f lines) File(w io.Writer, _ *record.TableDef) (formatter.FileWriter, error) {
	return &lineFile{w: w}, nil
}

func (f lines) Check(c *record.Change) error {
	_, err := f.Append(nil, c)
	return err
}

func (f lines) Schema(def *record.TableDef) (string, []byte, error) {
	return def.FullName() + ".schema", []byte(fmt.Sprintf("%d columns\n", len(def.Columns))), nil
}

// lineFile writes all at its end, between a first and a last line.
type lineFile struct {
	w    io.Writer
	held []byte
}

func (f *lineFile) Write(c *record.Change) (err error) {
	whole := len(f.held)
	if f.held, err = (lines{}).Append(f.held, c); err != nil {
		f.held = f.held[:whole]
	}
	return err
}
func (f *lineFile) Flush() error    { return nil }
func (f *lineFile) Buffered() int64 { return int64(len(f.held)) }
func (f *lineFile) Close() error {
	_, err := fmt.Fprintf(f.w, "[\n%s]\n", f.held)
	return err
}

// byTable names files after table and time.
type byTable struct{}

func (byTable) Stream(dst []byte, c *record.Change) ([]byte, error) {
	return append(append(dst, "/data/"...), c.Def.Name...), nil
}

func (byTable) Final(c *record.Change, now time.Time) (string, error) {
	return fmt.Sprintf("/data/%s/%s_%d.txt", c.Def.Name, c.Def.Name, now.Unix()), nil
}

// txn is a transaction of the history: names of tables, one operation each.
type txn struct {
	tables []string
	at     uint64 // RBA of its first operation
	end    uint64
}

// history is what a source has done.
type history struct {
	txns   []txn
	tables map[string]*handlertest.Table
	known  map[int]map[string][]string // rows, as they are asked for
}

func newHistory(tables ...string) *history {
	h := &history{tables: map[string]*handlertest.Table{}, known: map[int]map[string][]string{}}
	for i, name := range tables {
		h.tables[name] = handlertest.NewTable(uint32(i+1), "s", name, 1,
			handlertest.Column("v", "text", record.String))
	}
	return h
}

// add makes a transaction.
func (h *history) add(tables ...string) {
	at := uint64(100)
	if n := len(h.txns); n > 0 {
		at = h.txns[n-1].end
	}
	h.txns = append(h.txns, txn{tables: tables, at: at, end: at + uint64(10*len(tables)+5)})
}

// rows are the lines of the first n transactions, by table, sorted.
func (h *history) rows(n int) map[string][]string {
	if rows := h.known[n]; rows != nil {
		return rows
	}
	rows := map[string][]string{}
	for i, t := range h.txns[:n] {
		for k, table := range t.tables {
			rows[table] = append(rows[table], fmt.Sprintf("%s %d.%d", table, i, k))
		}
	}
	for _, list := range rows {
		slices.Sort(list)
	}
	h.known[n] = rows
	return rows
}

// number is how many transactions end at or before rba.
func (h *history) number(rba uint64) int {
	n, _ := slices.BinarySearchFunc(h.txns, rba+1, func(t txn, rba uint64) int {
		return int(t.end) - int(rba)
	})
	return n
}

// batch makes a batch of transactions from..to, in which a part of the last one
// may be left to the next batch.
func (h *history) batch(from, to int) *handler.Batch {
	b := &handler.Batch{Checkpoint: handlertest.At(h.txns[to-1].end)}
	for _, t := range h.tables {
		b.Tables = append(b.Tables, t.TableUse)
	}
	var w handler.OriginWriter
	for i := from; i < to; i++ {
		h.appendOps(b, &w, i, 0, len(h.txns[i].tables))
		b.Ends = append(b.Ends, b.Count)
	}
	return b
}

// part makes a batch of a transaction's operations from..to.
func (h *history) part(i, from, to int) *handler.Batch {
	t := h.txns[i]
	b := &handler.Batch{Checkpoint: handlertest.At(t.end)}
	for _, t := range h.tables {
		b.Tables = append(b.Tables, t.TableUse)
	}
	var w handler.OriginWriter
	h.appendOps(b, &w, i, from, to)
	b.More = to < len(t.tables)
	if b.More {
		b.Checkpoint = handlertest.At(t.at)
	} else {
		b.Ends = []int{b.Count}
	}
	return b
}

func (h *history) appendOps(b *handler.Batch, w *handler.OriginWriter, i, from, to int) {
	t := h.txns[i]
	b.Origins = handler.AppendOriginTxn(b.Origins, &record.TxnInfo{
		CSN: record.CSN{Minor: t.end}, CommitTime: time.Unix(1700000000, 0).UTC()})
	for k := from; k < to; k++ {
		table := h.tables[t.tables[k]]
		op := table.Insert(handlertest.Str(fmt.Sprintf("%d.%d", i, k)))
		b.Ops = handler.AppendBatchOp(b.Ops, op)
		b.Origins = w.AppendOp(b.Origins, 1, t.at+uint64(10*k), k)
		b.Count++
	}
}

// clock is a clock that tests turn.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Unix(1700000000, 0).UTC()} }

func (c *clock) turn(d time.Duration) { c.now = c.now.Add(d) }

// ready makes a handler on a session; change may change its settings.
func ready(s *session, c *clock, change func(*Handler)) *Handler {
	h := New(Driver{Name: "memory", Version: "1"})
	h.fs, h.format, h.names, h.grows = s, lines{}, byTable{}, true
	h.clock = func() time.Time { return c.now }
	h.cfg = handler.Config{Group: "RLAKE", GroupKey: 0xabc}
	h.volume = &Volume{Product: "memory", Fault: func(err error) *handler.ApplyError {
		return &handler.ApplyError{Class: handler.Connection, Text: err.Error()}
	}}
	h.set = settings{root: "/data", commits: "/data", perTable: true, rollOnMetadata: true,
		maxFileSize: 1 << 30, mergeBelow: 1 << 20, publishEvery: 5 * time.Second, keepCommits: 3,
		maxOpen: 100, spill: 20}
	if change != nil {
		change(h)
	}
	return h
}

// visible reads what a plain reader of the final files sees, by table; it fails
// on a file that ends within a line.
func (d *disk) visible(t testing.TB) map[string][]string {
	t.Helper()
	return d.read(t, d.finals())
}

// finals are the names of all files that are not the handler's own.
func (d *disk) finals() []string {
	var names []string
	for _, name := range sortedKeys(d.files) {
		if !strings.Contains(name, "/_ogg_") {
			names = append(names, name)
		}
	}
	return names
}

func (d *disk) read(t testing.TB, names []string) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, name := range names {
		content := string(d.files[name])
		if content != "" && !strings.HasSuffix(content, "\n") {
			t.Fatalf("%s ends within a line:\n%s", name, d.show())
		}
		for line := range strings.Lines(content) {
			line = strings.TrimSuffix(line, "\n")
			if table, _, ok := strings.Cut(line, " "); ok {
				rows[table] = append(rows[table], line)
			}
		}
	}
	return rows
}

// committed reads what a reader sees who goes by the newest commit record: the
// files' temporary names count where the final ones are not given yet.
func (d *disk) committed(t testing.TB) (rows map[string][]string, c *Commit) {
	t.Helper()
	newest := ""
	for name := range d.files {
		if strings.Contains(name, "/"+recordsPrefix) && path.Base(name) > path.Base(newest) {
			newest = name
		}
	}
	if newest == "" {
		return d.visible(t), nil
	}
	c = d.decoded[string(d.files[newest])]
	if c == nil {
		var err error
		if c, err = DecodeCommit(d.files[newest]); err != nil {
			t.Fatalf("%s: %v\n%s", newest, err, d.show())
		}
		d.decoded = map[string]*Commit{string(d.files[newest]): c}
	}
	names := d.finals()
	for _, f := range c.Files {
		if _, there := d.files[f.Temp]; there {
			names = slices.DeleteFunc(names, func(name string) bool { return name == f.Final })
			names = append(names, f.Temp)
		}
	}
	return d.read(t, names), c
}

// open opens the handler and gives how many transactions the files hold.
func open(t testing.TB, h *Handler, hist *history) (done int, err error) {
	t.Helper()
	opened, err := h.start(context.Background())
	if err != nil {
		return 0, err
	}
	if opened.Checkpoint == nil {
		return 0, nil
	}
	return hist.number(opened.Checkpoint.RBA), nil
}
