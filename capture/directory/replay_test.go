package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ggsh/ggserr"
	"ggsh/record"
)

// held is a trail: the values of each transaction, by its number.
type held struct {
	csn    []uint64
	values [][]string
}

func (h *held) last() uint64 {
	if len(h.csn) == 0 {
		return 0
	}
	return h.csn[len(h.csn)-1]
}

// take writes a transaction unless the trail holds it.
func (h *held) take(t *testing.T, txn *record.Txn, values []string) {
	if txn.CSN.Minor <= h.last() {
		return
	}
	h.csn, h.values = append(h.csn, txn.CSN.Minor), append(h.values, values)
}

// cut loses the end of the trail, down to n transactions.
func (h *held) cut(n int) { h.csn, h.values = h.csn[:n], h.values[:n] }

// TestKilledAnywhere: a capture that is ended at any moment, with two trails that hold
// more than the checkpoint says and not the same, goes on so that each trail gets each
// line once and in the order of its file. The files grow, rotate and come meanwhile.
func TestKilledAnywhere(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { killedAnywhere(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func killedAnywhere(t *testing.T, r *rand.Rand) {
	s := newStage(t)
	s.cfg.MaxRows = 1 + r.IntN(4)
	trails := []*held{{}, {}}
	written := map[string]int{} // lines by the first letter of the file
	files := []string{}
	grow := func() {
		for range 1 + r.IntN(3) {
			if len(files) < 4 && r.IntN(3) == 0 || len(files) == 0 {
				files = append(files, string(rune('a'+len(files))))
			}
			f := files[r.IntN(len(files))]
			for range r.IntN(6) {
				s.write(f+".log", fmt.Sprintf("%s%d\n", f, written[f]))
				written[f]++
			}
			if st, err := os.Stat(s.path(f + ".log")); err == nil && st.Size() > 0 && r.IntN(4) == 0 {
				s.do(os.Rename(s.path(f+".log"), s.path(fmt.Sprintf("%s.log.%d", f, r.Int()))))
			}
		}
	}
	for range 25 {
		grow()
		s.open()
		kept := []string{s.restart} // the checkpoint, and what may become it
		numbers := []uint64{trails[0].last()}
		for range r.IntN(8) {
			txn, err := s.source.Next(context.Background())
			if errors.Is(err, io.EOF) {
				grow()
				continue
			}
			s.do(err)
			var values []string
			if txn.Ops != nil {
				values, err = valuesOf(txn)
				s.do(err)
			}
			for _, h := range trails {
				h.take(t, txn, values)
			}
			kept, numbers = append(kept, txn.Restart), append(numbers, txn.CSN.Minor)
		}
		// Killed: the checkpoint is any of the places, the trails go at least there.
		at := r.IntN(len(kept))
		s.restart = kept[at]
		s.cfg.Bounds = nil
		for _, h := range trails {
			least, _ := slices.BinarySearch(h.csn, numbers[at]+1)
			h.cut(least + r.IntN(len(h.csn)-least+1))
			s.cfg.Bounds = append(s.cfg.Bounds, h.last())
		}
		if s.restart != "" && r.IntN(2) == 0 {
			s.do(s.source.Confirm(context.Background(), s.restart))
		}
	}
	s.open()
	for {
		txn, err := s.source.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		s.do(err)
		if txn.Ops == nil {
			continue
		}
		values, err := valuesOf(txn)
		s.do(err)
		for _, h := range trails {
			h.take(t, txn, values)
		}
	}
	for i, h := range trails {
		check(t, i, slices.Concat(h.values...), written)
	}
}

// check looks for each line once and in order.
func check(t *testing.T, trail int, lines []string, written map[string]int) {
	t.Helper()
	next := map[string]int{}
	for _, line := range lines {
		f := line[:1]
		if n, err := strconv.Atoi(line[1:]); err != nil || n != next[f] {
			t.Fatalf("trail %d has line %s where %s%d should be", trail, line, f, next[f])
		}
		next[f]++
	}
	for f, n := range written {
		if next[f] != n {
			t.Errorf("trail %d has %d of %d lines of %s", trail, next[f], n, f)
		}
	}
}

// TestReplayOfWhatIsGone: what an earlier run wrote down and the trail lacks stops the
// capture when its file is gone or another one, and not when the trail holds it.
func TestReplayOfWhatIsGone(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     func(s *stage)
		number ggserr.Number
		text   string
	}{
		{"removed", func(s *stage) { s.do(os.Remove(s.path("a.csv"))) }, ggserr.SourceLost,
			"File a.csv is gone, and what it held from offset 2 to 4 is not in the trail"},
		{"changed", func(s *stage) { s.do(os.WriteFile(s.path("a.csv"), []byte("1\n3\n"), 0o600)) },
			ggserr.SourceChanged, "overwritten"},
		{"ledger lost", func(s *stage) { s.do(os.Remove(s.cfg.Ledger)) }, ggserr.SourceLost, "x.cpd"},
	} {
		s := newStage(t)
		s.write("a.csv", "1\n")
		s.open()
		s.want(s.read(), "a.csv:0[1]")
		stored := s.restart
		s.write("a.csv", "2\n")
		s.want(s.read(), "a.csv:2[2]")
		s.restart, s.cfg.Bounds = stored, []uint64{1}
		if c.name == "ledger lost" {
			s.cfg.Bounds = []uint64{2}
		}
		c.do(s)
		err := s.tryOpen()
		if err == nil {
			_, err = s.tryRead()
		}
		if c.name == "ledger lost" {
			s.failed(err, c.number, c.text)
			continue
		}
		s.failed(err, c.number, c.text)
		if c.name == "removed" {
			s.cfg.Bounds = []uint64{2}
			s.open()
			s.want(s.read(), "")
		}
	}
}

// TestRestartTexts: what is no position of a directory is refused.
func TestRestartTexts(t *testing.T) {
	s := newStage(t)
	for _, text := range []string{"17", `{"kind":"kafka","csn":1,"streams":[]}`, `{"kind":"directory","csn":`,
		`{"kind":"directory","csn":1,"streams":[{"name":"a","offset":1,"id":"x"}]}`} {
		s.restart = text
		s.failed(s.tryOpen(), ggserr.SourceLost, "restart position")
	}
	for name, sets := range map[string][]Set{"no files": nil, "[": {{Pattern: "["}}, "a/b": {{Pattern: "a/b"}}} {
		s := newStage(t)
		s.cfg.Sets = sets
		if err := s.tryOpen(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
