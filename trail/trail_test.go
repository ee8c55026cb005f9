package trail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

func testName(t testing.TB) Name {
	t.Helper()
	n, err := ParseName(filepath.Join(t.TempDir(), "lt"), 9)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func testClock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC) }

func testConfig(n Name) WriterConfig {
	return WriterConfig{Name: n, Now: testClock, Encrypt: testSeal, Keys: testKeys,
		Header: HeaderInfo{Group: "EORA", Program: "extract test", Kind: "oracle", Database: "ORCL", Host: "h1"}}
}

func mustOpen(t testing.TB, cfg WriterConfig) *Writer {
	t.Helper()
	w, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func testTable(id uint32) *record.TableDef {
	return &record.TableDef{ID: id, Schema: "HR", Name: fmt.Sprintf("EMP%d", id), Key: []int{0},
		Columns: []record.ColumnDef{{Name: "ID", Kind: record.Int, Type: "NUMBER"},
			{Name: "NAME", Kind: record.String, Type: "VARCHAR2(30)", Length: 30}}}
}

// insertOp is an INSERT of id and text.
func insertOp(table uint32, id int64, text string) []byte {
	b, start := record.AppendOpHeader(nil, record.Insert, table)
	b, mark := record.BeginImage(b)
	b = record.AppendInt(b, id)
	b = record.AppendText(b, record.String, text)
	record.EndImage(b, start, mark, false)
	return b
}

func testInfo(csn int) *record.TxnInfo {
	return &record.TxnInfo{CSN: record.CSN{Minor: uint64(csn)}, XID: fmt.Sprintf("x%d", csn),
		CommitTime: testClock().Add(time.Duration(csn) * time.Second)}
}

// put writes a transaction of n operations.
func put(t testing.TB, w *Writer, def *record.TableDef, csn, n int) {
	t.Helper()
	if err := w.BeginTxn(testInfo(csn)); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.Op(def, insertOp(def.ID, int64(i), "text"), i == n-1); err != nil {
			t.Fatal(err)
		}
	}
}

// txnText names a transaction and the keys of its operations: 3[0 1].
func txnText(txn *Txn) (string, error) {
	s := txn.CSN.String() + "["
	var op record.Op
	var values []record.Value
	last := false
	for i := 0; ; i++ {
		def, body, err := txn.Ops.Next()
		if err == io.EOF && !last && i > 0 {
			return s, errors.New("the last operation was not said to be the last")
		}
		if err == io.EOF {
			return s + "]", nil
		}
		if err != nil {
			return s, err
		}
		if last {
			return s, errors.New("an operation follows the last one")
		}
		last = txn.Last()
		if err := record.DecodeOp(body, &op); err != nil {
			return s, err
		}
		if values, err = op.After.Values(values, len(def.Columns)); err != nil {
			return s, err
		}
		if i > 0 {
			s += " "
		}
		s += fmt.Sprint(int64(values[0].N))
	}
}

// readTxns reads all complete transactions from pos on. It does not wait inside
// a streamed one.
func readTxns(n Name, pos Position, opt TxnOptions) (got []string, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	opt.Context, opt.Keys = ctx, testKeys
	r, err := OpenTxnReader(n, pos, opt)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		txn, err := r.Next()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		s, err := txnText(txn)
		if err == ErrDropped {
			continue
		}
		if err == context.Canceled {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, s)
	}
}

func wantTxns(t *testing.T, n Name, pos Position, want ...string) {
	t.Helper()
	got, err := readTxns(n, pos, TxnOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestWriteReadRestart(t *testing.T) {
	n := testName(t)
	w := mustOpen(t, testConfig(n))
	def := testTable(1)
	put(t, w, def, 1, 2)
	put(t, w, def, 2, 1)
	end, err := w.Sync()
	if err != nil || end != w.Position() || end != w.Durable() {
		t.Fatal(end, err)
	}
	wantTxns(t, n, Position{}, "1[0 1]", "2[0]")
	if _, err := Open(testConfig(n)); !errors.As(err, new(*LockedError)) {
		t.Fatalf("a second writer got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = mustOpen(t, testConfig(n))
	if csn, info, ok := w.Last(); !ok || csn.Minor != 2 || info.XID != "x2" {
		t.Fatal(csn, info, ok)
	}
	put(t, w, def, 3, 3)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantTxns(t, n, Position{}, "1[0 1]", "2[0]", "3[0 1 2]")
	wantTxns(t, n, Position{Seqno: 1}, "3[0 1 2]")
	wantTxns(t, n, end, "3[0 1 2]")
}

func TestDroppedTransactionsAreNotRead(t *testing.T) {
	n := testName(t)
	w := mustOpen(t, testConfig(n))
	def := testTable(1)
	put(t, w, def, 1, 1)
	if err := w.BeginTxn(testInfo(2)); err != nil {
		t.Fatal(err)
	}
	if err := w.Op(def, insertOp(1, 1, "dropped"), false); err != nil {
		t.Fatal(err)
	}
	w.AbortTxn()
	if err := w.Op(def, insertOp(1, 1, "x"), false); err == nil {
		t.Fatal("an operation without a transaction was taken")
	}
	put(t, w, def, 3, 2)
	if err := w.BeginTxn(testInfo(4)); err != nil {
		t.Fatal(err)
	}
	if err := w.Op(def, insertOp(1, 1, "dropped"), false); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = mustOpen(t, testConfig(n))
	put(t, w, def, 4, 2)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantTxns(t, n, Position{}, "1[0]", "3[0 1]", "4[0 1]")
	got, err := readTxns(n, Position{}, TxnOptions{MemoryLimit: 1})
	if err != nil || fmt.Sprint(got) != "[1[0] 3[0 1] 4[0 1]]" {
		t.Fatal(got, err)
	}
}

func TestTransactionsSpanFiles(t *testing.T) {
	n := testName(t)
	cfg := testConfig(n)
	cfg.MaxBytes = 1500
	w := mustOpen(t, cfg)
	def, other := testTable(1), testTable(2)
	put(t, w, def, 1, 100)
	put(t, w, other, 2, 3)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := List(n)
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, s := range files {
		if st, err := Stat(n, s); err != nil || st.Size > 1500 {
			t.Errorf("%+v, %v", st, err)
		}
	}
	got, err := readTxns(n, Position{}, TxnOptions{})
	if err != nil || len(got) != 2 || got[1] != "2[0 1 2]" {
		t.Fatal(got, err)
	}
	streamed, err := readTxns(n, Position{}, TxnOptions{MemoryLimit: 200})
	if err != nil || fmt.Sprint(streamed) != fmt.Sprint(got) {
		t.Fatal(streamed, err)
	}
	r, err := OpenTxnReader(n, Position{Seqno: 1}, TxnOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); !errors.As(err, new(*PartialError)) {
		t.Fatalf("a reader inside a transaction got %v", err)
	}
	txn, err := r.Next()
	if err != nil || txn.CSN.Minor != 2 {
		t.Fatal(txn, err)
	}
}

func TestLiveReaderFollowsWriter(t *testing.T) {
	n := testName(t)
	r, err := OpenTxnReader(n, Position{}, TxnOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); err != io.EOF {
		t.Fatalf("before the trail exists: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		cfg := testConfig(n)
		cfg.MaxBytes = 4000
		w, err := Open(cfg)
		def := testTable(7)
		for i := 1; i <= 200 && err == nil; i++ {
			if err = w.BeginTxn(testInfo(i)); err == nil {
				err = w.Op(def, insertOp(7, 1, "a"), false)
			}
			if i%3 == 0 && err == nil {
				err = w.Flush()
			}
			if err == nil {
				err = w.Op(def, insertOp(7, 2, "b"), true)
			}
			if i%10 == 0 && err == nil {
				_, _, err = w.SyncBehind(uint64(i))
			}
			if i%50 == 0 && err == nil {
				if err = w.Close(); err == nil {
					w, err = Open(cfg)
				}
			}
		}
		if err == nil {
			err = w.Close()
		}
		done <- err
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for want := 1; want <= 200; {
		txn, err := r.Next()
		if err == io.EOF {
			if err := r.Wait(ctx); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, err := txnText(txn); err != nil || s != fmt.Sprintf("%d[1 2]", want) {
			t.Fatal(s, err)
		}
		want++
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestPositions(t *testing.T) {
	n := testName(t)
	w := mustOpen(t, testConfig(n))
	def := testTable(1)
	put(t, w, def, 1, 1)
	put(t, w, def, 2, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(n, Position{}, ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	starts := map[uint64]bool{}
	var end uint64
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		starts[rec.Pos.RBA] = true
		end = rec.End.RBA
	}
	starts[end] = true
	for rba := range end + 3 {
		again, err := OpenReader(n, Position{RBA: rba}, ReaderOptions{})
		var pe *PositionError
		switch {
		case starts[rba] && err != nil, !starts[rba] && err == nil:
			t.Fatalf("rba %d: %v", rba, err)
		case rba < end && err != nil:
			if !errors.As(err, &pe) || !starts[pe.Before] || !starts[pe.After] ||
				pe.Before > rba || pe.After < rba {
				t.Fatalf("rba %d: %v", rba, err)
			}
		}
		if again != nil {
			again.Close()
		}
	}
}

func TestErrorsCarryNumbers(t *testing.T) {
	for err, want := range map[error]ggserr.Number{
		&CorruptError{File: "f", RBA: 5, Cause: "c"}: ggserr.TrailDamaged,
		&MissingError{File: "f"}:                     ggserr.TrailMissing,
		&PositionError{File: "f"}:                    ggserr.TrailPosition,
		&LostError{File: "f"}:                        ggserr.TrailLost,
		&LockedError{Trail: "f"}:                     ggserr.TrailLocked,
		writeError("/dev/shm/f", os.ErrPermission):   ggserr.TrailWrite,
	} {
		if got := ggserr.NumberOf(fmt.Errorf("wrapped: %w", err)); got != want {
			t.Errorf("%v: %s", err, got)
		}
	}
}

func TestNames(t *testing.T) {
	n, err := ParseName("./dirdat//lt", 6)
	if err != nil || n.String() != "dirdat/lt" || n.File(12) != "dirdat/lt000012" {
		t.Fatal(n, err)
	}
	for _, bad := range []string{"", "l", "lt.x", "dirdat/", "a/l.", "dirdat/l/", "..",
		string(make([]byte, 40))} {
		if n, err := ParseName(bad, 9); err == nil {
			t.Errorf("%q was taken as %v", bad, n)
		}
	}
	if _, err := ParseName("lt", 7); err == nil {
		t.Error("seven digits were taken")
	}
	if n, s, err := ParseFile("/x/rt000000017"); err != nil || s != 17 || n.Digits != 9 {
		t.Error(n, s, err)
	}
	for _, bad := range []string{"rt", "rt0000x7", "rt0000", "r000000000", "rt.000000001"} {
		if _, _, err := ParseFile(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	p, err := ParsePosition("12:3456")
	if err != nil || p != (Position{12, 3456}) || p.String() != "12:3456" {
		t.Error(p, err)
	}
	if p.Compare(Position{13, 0}) != -1 || p.Compare(p) != 0 || p.Compare(Position{12, 1}) != 1 {
		t.Error("positions do not compare")
	}
}
