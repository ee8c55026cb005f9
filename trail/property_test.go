package trail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"ggsh/record"
)

// life is a trail's life under random orders, and what must be read of it.
type life struct {
	t    *testing.T
	rnd  *rand.Rand
	cfg  WriterConfig
	w    *Writer
	csn  int
	want []string
	open string // the operations of the open transaction
	ops  int
}

func (l *life) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) begin() {
	l.csn++
	l.check(l.w.BeginTxn(testInfo(l.csn)))
	l.open, l.ops = fmt.Sprintf("%d[", l.csn), 0
}

func (l *life) op(last bool) {
	id := uint32(l.rnd.IntN(3) + 1)
	key := l.rnd.Int64N(1000)
	text := make([]byte, l.rnd.IntN(300))
	l.check(l.w.Op(lifeTables[l.rnd.IntN(2)][id-1], insertOp(id, key, string(text)), last))
	if l.ops > 0 {
		l.open += " "
	}
	l.open += fmt.Sprint(key)
	l.ops++
	if last {
		l.want = append(l.want, l.open+"]")
	}
}

// restart lets the writer end, in order or as by kill -9 with a torn tail.
func (l *life) restart(kill bool) {
	if kill {
		l.check(l.w.Flush())
		l.w.file.Close()
		l.w.lock.Close()
		if l.rnd.IntN(2) == 0 {
			path := l.w.path
			content, err := os.ReadFile(path)
			l.check(err)
			tail := appendFrame(nil, TypeOp, FlagFirst|FlagLast, insertOp(1, 9, "torn"))
			tail = tail[:1+l.rnd.IntN(len(tail)-1)]
			l.check(os.WriteFile(path, append(content, tail...), 0o600))
		}
	} else {
		l.check(l.w.Close())
	}
	l.w = mustOpen(l.t, l.cfg)
	csn, _, ok := l.w.Last()
	if ok != (len(l.want) > 0) || ok && csn.String() != l.want[len(l.want)-1][:len(csn.String())] {
		l.t.Fatalf("last is %s, want %v", csn, l.want[max(0, len(l.want)-1):])
	}
}

func (l *life) step() {
	switch n := l.rnd.IntN(20); {
	case n < 12:
		l.begin()
		for more := l.rnd.IntN(8); more > 0; more-- {
			l.op(false)
			if l.rnd.IntN(12) == 0 {
				l.check(l.w.Rollover())
			}
		}
		switch l.rnd.IntN(8) {
		case 0:
			l.w.AbortTxn()
		case 1:
			l.restart(l.rnd.IntN(2) == 0)
		default:
			l.op(true)
		}
	case n < 14:
		l.check(l.w.Rollover())
	case n < 16:
		l.restart(n == 14)
	case n < 18:
		_, err := l.w.Sync()
		l.check(err)
	default:
		_, _, err := l.w.SyncBehind(uint64(l.csn))
		l.check(err)
	}
}

var lifeTables = [2][3]*record.TableDef{
	{testTable(1), testTable(2), testTable(3)},
	{testTable(1), testTable(2), testTable(3)},
}

// TestAnyLifeReadsBack appends, rolls over, gives up and restarts at random; the
// complete transactions, and only they, are read, whole or streamed.
func TestAnyLifeReadsBack(t *testing.T) {
	lives := 40
	if testing.Short() {
		lives = 10
	}
	for seed := range lives {
		cfg := testConfig(testName(t))
		l := &life{t: t, rnd: rand.New(rand.NewPCG(uint64(seed), 1)), cfg: cfg}
		l.cfg.MaxBytes = 1000 + l.rnd.Int64N(5000)
		l.w = mustOpen(t, l.cfg)
		for range 40 {
			l.step()
		}
		l.check(l.w.Flush())
		for _, limit := range []int64{0, 1, 700} {
			got, err := readTxns(cfg.Name, Position{}, TxnOptions{MemoryLimit: limit})
			if err != nil || fmt.Sprint(got) != fmt.Sprint(l.want) {
				t.Fatalf("seed %d, limit %d: %v\ngot  %v\nwant %v", seed, limit, err, got, l.want)
			}
		}
		l.resume()
		l.check(l.w.Close())
	}
}

// resume opens a reader at every position between two transactions.
func (l *life) resume() {
	r, err := OpenTxnReader(l.cfg.Name, Position{}, testTxnOptions())
	l.check(err)
	defer r.Close()
	for i := range l.want {
		txn, err := r.Next()
		l.check(err)
		if i%7 != 0 {
			continue
		}
		for at, from := range map[Position]int{txn.Begin: i, txn.End: i + 1, r.Position(): i + 1} {
			got, err := readTxns(l.cfg.Name, at, TxnOptions{})
			if err != nil || fmt.Sprint(got) != fmt.Sprint(l.want[from:]) {
				l.t.Fatalf("from %s: %v\ngot  %v\nwant %v", at, err, got, l.want[from:])
			}
		}
	}
}
