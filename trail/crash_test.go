package trail

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ggsh/ggserr"
)

// childTrail makes this test binary a writer that goes on until it is killed.
const childTrail = "GGSH_TEST_TRAIL"

// childSeal makes it encrypt.
const childSeal = "GGSH_TEST_SEAL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childTrail); dir != "" {
		fmt.Fprintln(os.Stderr, writeForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever goes on behind what the trail holds. It prints the CSN of each
// transaction that it knows to be durable.
func writeForever(dir string) error {
	n, err := ParseName(filepath.Join(dir, "lt"), 9)
	if err != nil {
		return err
	}
	cfg := testConfig(n)
	cfg.MaxBytes = 20_000
	if os.Getenv(childSeal) != "" {
		cfg.Encrypt = &Encryption{Algorithm: AES256}
	}
	w, err := Open(cfg)
	if err != nil {
		return err
	}
	csn, _, _ := w.Last()
	def := testTable(1)
	for i := int(csn.Minor) + 1; ; i++ {
		if err := w.BeginTxn(testInfo(i)); err != nil {
			return err
		}
		for k := range 1 + i%4 {
			if err := w.Op(def, insertOp(1, int64(k), "some text"), k == i%4); err != nil {
				return err
			}
			if i%5 == 0 {
				if err := w.Flush(); err != nil {
					return err
				}
			}
		}
		if i%7 == 0 {
			if _, err := w.Sync(); err != nil {
				return err
			}
			fmt.Println(i)
		}
	}
}

// TestKilledWriterLosesNothing kills a writer again and again; the trail must
// hold each transaction once, in order, and all that were reported durable.
func TestKilledWriterLosesNothing(t *testing.T) {
	dir := t.TempDir()
	cycles := 25
	if testing.Short() {
		cycles = 4
	}
	durable := 0
	for cycle := range cycles {
		in, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		child, err := os.StartProcess(os.Args[0], []string{os.Args[0]}, &os.ProcAttr{
			Env:   append(os.Environ(), childTrail+"="+dir, sealChild()),
			Files: []*os.File{nil, out, os.Stderr}})
		if err != nil {
			t.Fatal(err)
		}
		out.Close()
		buf := make([]byte, 4096)
		var said strings.Builder
		for lines := 0; lines < 1+cycle%5; {
			n, err := in.Read(buf)
			if err != nil {
				t.Fatal("the writer ended by itself: ", err)
			}
			said.Write(buf[:n])
			lines += strings.Count(string(buf[:n]), "\n")
		}
		time.Sleep(time.Duration(cycle*37%1000) * time.Microsecond)
		if err := child.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if _, err := child.Wait(); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		said.Write(rest)
		for _, line := range strings.Split(said.String(), "\n") {
			if _, err := fmt.Sscan(line, &durable); err != nil {
				break
			}
		}
		checkChain(t, dir, durable)
	}
}

func sealChild() string {
	if testSeal == nil {
		return childSeal + "="
	}
	return childSeal + "=1"
}

func checkChain(t *testing.T, dir string, durable int) {
	t.Helper()
	n, err := ParseName(filepath.Join(dir, "lt"), 9)
	if err != nil {
		t.Fatal(err)
	}
	r, err := OpenTxnReader(n, Position{}, testTxnOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	last := 0
	for {
		txn, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if int(txn.CSN.Minor) != last+1 || txn.Count != 1+(last+1)%4 {
			t.Fatalf("transaction %s of %d operations behind %d", txn.CSN, txn.Count, last)
		}
		last++
	}
	if last < durable {
		t.Fatalf("transaction %d was durable, the trail ends with %d", durable, last)
	}
}

// faultyFS fails its n-th operation, and all writes after it.
type faultyFS struct {
	Disk
	left *atomic.Int64
	err  error
}

type faultyFile struct {
	File
	fs faultyFS
}

func (f faultyFS) spent() bool { return f.left.Add(-1) < 0 }

func (f faultyFS) Create(path string) (File, error) {
	if f.spent() {
		return nil, f.err
	}
	file, err := f.Disk.Create(path)
	return faultyFile{file, f}, err
}

func (f faultyFS) Publish(from, to string) error {
	if f.spent() {
		return f.err
	}
	return f.Disk.Publish(from, to)
}

func (f faultyFS) Sync(path string) error {
	if f.spent() {
		return f.err
	}
	return f.Disk.Sync(path)
}

func (f faultyFile) Write(b []byte) (int, error) {
	if f.fs.spent() {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, f.fs.err
	}
	return f.File.Write(b)
}

func (f faultyFile) Sync() error {
	if f.fs.spent() {
		return f.fs.err
	}
	return f.File.Sync()
}

// TestEachFaultStopsAndHeals lets every single operation of the file system fail
// in turn: the writer stops with the file named, stays stopped, and the one
// opened after it completes the chain.
func TestEachFaultStopsAndHeals(t *testing.T) {
	const last = 12
	for n := int64(0); ; n++ {
		dir := t.TempDir()
		fs := faultyFS{left: &atomic.Int64{},
			err: &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}}
		fs.left.Store(n)
		err := writeTo(dir, fs, last)
		if err == nil {
			if n < 20 {
				t.Fatal("too few operations failed: ", n)
			}
			return
		}
		if ggserr.NumberOf(err) != ggserr.TrailWrite || !errors.Is(err, syscall.ENOSPC) ||
			!strings.Contains(err.Error(), "file system /") {
			t.Fatalf("fault %d: %v", n, err)
		}
		if err := writeTo(dir, Disk{}, last); err != nil {
			t.Fatalf("after fault %d: %v", n, err)
		}
		checkChain(t, dir, last)
	}
}

func writeTo(dir string, fs FS, last int) (err error) {
	n, err := ParseName(filepath.Join(dir, "lt"), 9)
	if err != nil {
		return err
	}
	cfg := testConfig(n)
	cfg.FS, cfg.MaxBytes = fs, 900
	w, err := Open(cfg)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := w.Close(); err == nil {
			err = cerr
		}
		if cerr := w.Close(); cerr != nil {
			err = fmt.Errorf("second Close: %w", cerr)
		}
	}()
	csn, _, _ := w.Last()
	def := testTable(1)
	for i := int(csn.Minor) + 1; i <= last; i++ {
		if err := w.BeginTxn(testInfo(i)); err != nil {
			return err
		}
		for k := range 1 + i%4 {
			if err := w.Op(def, insertOp(1, int64(k), "text"), k == i%4); err != nil {
				if again := w.Op(def, insertOp(1, 1, "x"), true); again == nil {
					return errors.New("a failed writer goes on")
				}
				return err
			}
		}
		if i%3 == 0 {
			if _, err := w.Sync(); err != nil {
				return err
			}
		} else if _, _, err := w.SyncBehind(uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

// TestOpenKnowsWhatWasDurable refuses a trail that ends before a checkpoint.
func TestOpenKnowsWhatWasDurable(t *testing.T) {
	n := testName(t)
	cfg := testConfig(n)
	cfg.Durable = Position{Seqno: 4, RBA: 100}
	if _, err := Open(cfg); !errors.As(err, new(*MissingError)) {
		t.Fatal(err)
	}
	w := mustOpen(t, testConfig(n))
	put(t, w, testTable(1), 1, 1)
	cfg.Durable = w.Position()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = mustOpen(t, cfg)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(n.File(1), 150); err != nil {
		t.Fatal(err)
	}
	cfg.Durable = Position{Seqno: 1, RBA: 10_000}
	if _, err := Open(cfg); !errors.As(err, new(*CorruptError)) {
		t.Fatal(err)
	}
}

// TestNumbersAreUsedUp stops at the last number that the digits can print.
func TestNumbersAreUsedUp(t *testing.T) {
	n := testName(t)
	n.Digits = 6
	cfg := testConfig(n)
	cfg.FirstSeqno = 999_998
	w := mustOpen(t, cfg)
	put(t, w, testTable(1), 1, 1)
	if err := w.Rollover(); err != nil {
		t.Fatal(err)
	}
	put(t, w, testTable(1), 2, 1)
	if err := w.Rollover(); ggserr.NumberOf(err) != ggserr.TrailWrite {
		t.Fatal(err)
	}
	_ = w.Close()
	wantTxns(t, n, Position{Seqno: 999_998}, "1[0]", "2[0]")
	if _, err := Open(cfg); ggserr.NumberOf(err) != ggserr.TrailWrite {
		t.Fatal(err)
	}
}

// TestLongRecord writes an operation longer than every buffer.
func TestLongRecord(t *testing.T) {
	n := testName(t)
	cfg := testConfig(n)
	cfg.MaxBytes = 1 << 20
	w := mustOpen(t, cfg)
	def := testTable(1)
	for i, size := range []int{10, writeBuffer + 5, 3 << 20, 10, writeBuffer - 40, 10} {
		if err := w.BeginTxn(testInfo(i + 1)); err != nil {
			t.Fatal(err)
		}
		if err := w.Op(def, insertOp(1, int64(size), strings.Repeat("x", size)), true); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantTxns(t, n, Position{}, "1[10]", "2[1048581]", "3[3145728]", "4[10]", "5[1048536]", "6[10]")
}

// TestForgetBeginsAnew: after an operator positioned the source, what the trail
// holds is not the last transaction any more, for later writers too.
func TestForgetBeginsAnew(t *testing.T) {
	n := testName(t)
	cfg := testConfig(n)
	w := mustOpen(t, cfg)
	put(t, w, testTable(1), 7, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Forget = true
	for range 2 {
		w = mustOpen(t, cfg)
		if _, info, ok := w.Last(); ok {
			t.Fatal(info)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		cfg.Forget = false
	}
	w = mustOpen(t, cfg)
	put(t, w, testTable(1), 3, 1)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantTxns(t, n, Position{}, "7[0]", "3[0]")
}

// TestDetachedTransactionsStay: transactions that are detached keep their bytes.
func TestDetachedTransactionsStay(t *testing.T) {
	n := testName(t)
	w := mustOpen(t, testConfig(n))
	for i := 1; i <= 20; i++ {
		put(t, w, testTable(uint32(i%3+1)), i, i%4+1)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := OpenTxnReader(n, Position{}, testTxnOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []*Txn
	for {
		txn, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		txn.Detach()
		all = append(all, txn)
	}
	for range 2 {
		for i, txn := range all {
			want := fmt.Sprintf("%d[%s]", i+1, []string{"0", "0 1", "0 1 2", "0 1 2 3"}[(i+1)%4])
			if got, err := txnText(txn); err != nil || got != want {
				t.Fatal(got, want, err)
			}
			txn.Rewind()
		}
	}
}
