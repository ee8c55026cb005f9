package trail

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ggsh/record"
)

// cpuTime is the processor time that this process has used: on a busy machine the
// clock tells nothing.
func cpuTime(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// benchSealed measures encrypted trails beside those in clear.
func benchSealed(b *testing.B, bench func(b *testing.B)) {
	for _, e := range []*Encryption{nil, {Algorithm: AES128}, {Algorithm: AES256}} {
		name := "clear"
		if e != nil {
			name = e.Algorithm.String()
		}
		b.Run(name, func(b *testing.B) {
			testSeal = e
			defer func() { testSeal = nil }()
			bench(b)
		})
	}
}

func BenchmarkWriter(b *testing.B) { benchSealed(b, benchWriter) }

func BenchmarkReader(b *testing.B) { benchSealed(b, benchReader) }

const benchTxn = 10 // operations in a transaction

func benchOp() []byte { return insertOp(1, 4711, strings.Repeat("x", 180)) }

func benchWriter(b *testing.B) {
	cfg := testConfig(testName(b))
	w := mustOpen(b, cfg)
	defer w.Close()
	def, body, info := testTable(1), benchOp(), testInfo(1)
	b.SetBytes(int64(len(body) + frameHead))
	b.ReportAllocs()
	before := cpuTime(b)
	for i := 0; b.Loop(); i++ {
		if i%benchTxn == 0 {
			if err := w.BeginTxn(info); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Op(def, body, i%benchTxn == benchTxn-1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/rec")
	reportRate(b)
}

func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkWriterSyncBehindEachMiB(b *testing.B) {
	w := mustOpen(b, testConfig(testName(b)))
	defer w.Close()
	def, body, info := testTable(1), benchOp(), testInfo(1)
	b.SetBytes(int64(len(body) + frameHead))
	for i := 0; b.Loop(); i++ {
		if i%benchTxn == 0 {
			if err := w.BeginTxn(info); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Op(def, body, i%benchTxn == benchTxn-1); err != nil {
			b.Fatal(err)
		}
		if i%5000 == 4999 {
			if _, _, err := w.SyncBehind(uint64(i)); err != nil {
				b.Fatal(err)
			}
		}
	}
	reportRate(b)
}

func BenchmarkRawWrite(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, writeBuffer)
	body := append(make([]byte, frameHead), benchOp()...)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := out.Write(body); err != nil {
			b.Fatal(err)
		}
	}
	reportRate(b)
}

// benchTrail writes a trail of n operations and gives its name.
func benchTrail(b *testing.B, n int) Name {
	cfg := testConfig(testName(b))
	w := mustOpen(b, cfg)
	def, body := testTable(1), benchOp()
	for i := range n {
		if i%benchTxn == 0 {
			if err := w.BeginTxn(testInfo(i + 1)); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Op(def, body, i%benchTxn == benchTxn-1); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return cfg.Name
}

const benchRecords = 500_000

func benchReader(b *testing.B) {
	n := benchTrail(b, benchRecords)
	b.ReportAllocs()
	b.ResetTimer()
	var count int
	before := cpuTime(b)
	for b.Loop() {
		r, err := OpenReader(n, Position{}, ReaderOptions{Keys: testKeys})
		if err != nil {
			b.Fatal(err)
		}
		for {
			_, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			count++
		}
		r.Close()
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(count), "cpu-ns/rec")
	b.ReportMetric(float64(count)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkTxnReader(b *testing.B) {
	n := benchTrail(b, benchRecords)
	b.ReportAllocs()
	b.ResetTimer()
	var count int
	var op record.Op
	for b.Loop() {
		r, err := OpenTxnReader(n, Position{}, testTxnOptions())
		if err != nil {
			b.Fatal(err)
		}
		for {
			txn, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			for {
				_, body, err := txn.Ops.Next()
				if err != nil {
					break
				}
				if err := record.DecodeOp(body, &op); err != nil {
					b.Fatal(err)
				}
				count++
			}
		}
		r.Close()
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkRawRead(b *testing.B) {
	n := benchTrail(b, benchRecords)
	b.ResetTimer()
	buf := make([]byte, readAhead)
	for b.Loop() {
		f, err := os.Open(n.File(0))
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := f.Read(buf); err != nil {
				break
			}
		}
		f.Close()
	}
	b.ReportMetric(float64(b.N)*benchRecords/b.Elapsed().Seconds()/1e6, "Mrec/s")
}
