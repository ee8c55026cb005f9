package oracle

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"ggsh/capture/cachemgr"
	"ggsh/capture/oracle/redo"
)

var bigRows = flag.Int("rows", 1_000_000, "rows of the large transaction")

// bigDatabase makes the rows of one large transaction as they are asked for. Its last
// quarter is undone.
type bigDatabase struct {
	caseDatabase
	rows    int
	at, end int
	rowID   []byte
}

// rowsPerSCN is how many rows the large transaction has at one SCN.
const rowsPerSCN = 1000

func (d *bigDatabase) Mine(context.Context) (Miner, error) { return d, nil }

func (d *bigDatabase) Logs() Catalogue { return d }

// all is the number of rows with begin, undoing rows and commit.
func (d *bigDatabase) all() int { return d.rows + d.rows/4 + 2 }

func (d *bigDatabase) Start(_ context.Context, w *Window) error {
	d.at = max(int(w.From)-100, 0) * rowsPerSCN
	d.end = min((int(w.To)-100+1)*rowsPerSCN, d.all())
	return nil
}

func (d *bigDatabase) Next(_ context.Context, r *Row) error {
	if d.at >= d.end {
		return io.EOF
	}
	n := d.at
	d.at++
	r.SCN, r.XID, r.Thread = uint64(100+n/rowsPerSCN), XID{1, 0, 2, 0, 3}, 1
	r.Object, r.Rollback, r.RSID = 9, false, ""
	switch {
	case n == 0:
		r.Code = CodeStart
		return nil
	case n == d.all()-1:
		r.Code = CodeCommit
		return nil
	}
	n--
	r.Code = CodeInsert
	if n >= d.rows {
		n = d.rows - 1 - (n - d.rows)
		r.Code, r.Rollback = CodeDelete, true
	}
	d.rowID = fmt.Appendf(d.rowID[:0], "AAAB%014d", n)
	r.RowID = string(d.rowID)
	r.Redo = fmt.Appendf(r.Redo[:0], `insert into "UNKNOWN"."OBJ# 9"("COL 1","COL 2") values `+
		`(HEXTORAW('c4%02x%02x%02x%02x'),HEXTORAW('6162'));`, n%99+2, n/99%99+1, n/9801%99+1, n/970299%99+1)
	return nil
}

// TestLargeTransaction: a transaction of any size goes through the memory that the
// cache may have, undone rows and all.
func TestLargeTransaction(t *testing.T) {
	d := &bigDatabase{rows: *bigRows}
	d.last = uint64(100 + d.all()/rowsPerSCN + 5)
	d.tables = []*Table{{Object: 9, Owner: "APP", Name: "BIG", Key: []int{0}, Columns: []Column{
		{Name: "ID", Number: 1, Type: "NUMBER", Precision: 9}, {Name: "V", Number: 2, Type: "VARCHAR2",
			Length: 10}}}}
	const cache = 16 << 20
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	src, err := Open(context.Background(), Config{Group: "BIG", SpoolDir: t.TempDir(), CacheSize: cache,
		Start: Start{SCN: 99}, Poll: time.Millisecond, MinWindow: 50,
		Connect: func(context.Context) (Database, error) { return d, nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- watchHeap(stop) }()
	began := time.Now()
	got := countOps(t, src)
	close(stop)
	most := int64(<-peak) - int64(before.HeapAlloc)
	if want := d.rows - d.rows/4; got != want {
		t.Errorf("%d operations came, want %d", got, want)
	}
	spooled := src.CacheStatus().Written
	t.Logf("%d rows in %.1f s, cache %d MB, heap %d MB above the start at most, %d MB spooled%s", d.all(),
		time.Since(began).Seconds(), cache>>20, most>>20, spooled>>20, peakRSS())
	if most > cache+64<<20 {
		t.Errorf("the heap grew by %d MB with a cache of %d MB", most>>20, cache>>20)
	}
	if int64(d.rows) > 200_000 && spooled == 0 {
		t.Error("nothing was spooled: the test tells nothing")
	}
}

// watchHeap gives the largest heap until stop is closed.
func watchHeap(stop chan struct{}) uint64 {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	most := uint64(0)
	for {
		select {
		case <-stop:
			return most
		case <-tick.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
}

// peakRSS is the process's highest resident set, where the system tells it.
func peakRSS() string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	return ", resident set " + strings.TrimSpace(line) + " at most"
}

// countOps reads one transaction.
func countOps(t *testing.T, src *Source) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(),
		time.Minute+time.Duration(*bigRows)*100*time.Microsecond)
	defer cancel()
	for {
		txn, err := src.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			if err := src.Wait(ctx); err != nil {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatal(err)
		case txn.Ops != nil:
			n := 0
			for {
				_, _, err := txn.Ops.Next()
				if errors.Is(err, io.EOF) {
					return n
				}
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
		}
	}
}

// BenchmarkRow: one row from the miner into the transaction's buffer, and out of it as
// an operation.
func BenchmarkRow(b *testing.B) {
	d := &bigDatabase{rows: 1 << 30}
	cfg := (&Config{}).completed()
	src := &Source{cfg: cfg}
	cache, err := cachemgr.New(b.TempDir(), "bench", 0)
	if err != nil {
		b.Fatal(err)
	}
	a := newAssembler(&cfg, cache)
	a.judge = func(*Row) (verdict, error) { return verdict{take: true}, nil }
	a.begin(0)
	table := &Table{Object: 9, Owner: "APP", Name: "BIG", Columns: []Column{{Name: "ID", Number: 1,
		Type: "NUMBER", Precision: 9}, {Name: "V", Number: 2, Type: "VARCHAR2", Length: 10}}}
	s := newSchema(&cfg, redo.Database{Charset: "AL32UTF8", National: "AL16UTF16"}, nil)
	h := &history{versions: []*version{{Table: table}}}
	s.objects[9] = h
	var row Row
	if err := d.Start(context.Background(), &Window{From: 100, To: 1 << 40}); err != nil {
		b.Fatal(err)
	}
	for range 2 {
		if err := d.Next(context.Background(), &row); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(row.Redo)))
	for b.Loop() {
		if err := a.row(&row); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	list := []*transaction{a.open[keyOf(&row)]}
	ops := operations{schema: s, cfg: &cfg, state: &src.state}
	ops.reset(list, 1)
	began := time.Now()
	n := 0
	for ; ; n++ {
		if _, _, err := ops.Next(); err != nil {
			if !errors.Is(err, io.EOF) {
				b.Fatal(err)
			}
			break
		}
	}
	b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(n), "ns/op-out")
	b.ReportMetric(float64(list[0].buf.Bytes())/float64(n)-float64(len(row.Redo)), "octets-overhead/row")
	if err := list[0].release(); err != nil {
		b.Fatal(err)
	}
}
