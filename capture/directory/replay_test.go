package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
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

// TestKilledAnywhere: a capture that is ended at any moment, with two trails that hold
// more than the checkpoint says and not the same, goes on so that each trail gets each
// line once and in the order of its file. The files grow, rotate and come meanwhile.
func TestKilledAnywhere(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { killedAnywhere(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

// play is a capture with two trails, and what was written to the files.
type play struct {
	*stage
	r       *rand.Rand
	trails  []*held
	files   []string
	written map[string]int // lines by the first letter of the file
}

func killedAnywhere(t *testing.T, r *rand.Rand) {
	p := &play{stage: newStage(t), r: r, trails: []*held{{}, {}}, written: map[string]int{}}
	p.cfg.MaxRows = 1 + r.IntN(4)
	for range 25 {
		p.round()
	}
	p.open()
	for p.take() != nil {
	}
	for i, h := range p.trails {
		check(t, i, slices.Concat(h.values...), p.written)
	}
}

// grow writes to some files, and rotates some.
func (p *play) grow() {
	for range 1 + p.r.IntN(3) {
		if len(p.files) < 4 && p.r.IntN(3) == 0 || len(p.files) == 0 {
			p.files = append(p.files, string(rune('a'+len(p.files))))
		}
		f := p.files[p.r.IntN(len(p.files))]
		for range p.r.IntN(6) {
			p.write(f+".log", fmt.Sprintf("%s%d\n", f, p.written[f]))
			p.written[f]++
		}
		if st, err := os.Stat(p.path(f + ".log")); err == nil && st.Size() > 0 && p.r.IntN(4) == 0 {
			p.do(os.Rename(p.path(f+".log"), p.path(fmt.Sprintf("%s.log.%d", f, p.r.Int()))))
		}
	}
}

// take reads a transaction into the trails that lack it; nil when there is none.
func (p *play) take() *record.Txn {
	txn, err := p.source.Next(context.Background())
	if errors.Is(err, io.EOF) {
		return nil
	}
	p.do(err)
	if txn.Ops == nil {
		return txn
	}
	values, err := valuesOf(txn)
	p.do(err)
	for _, h := range p.trails {
		if txn.CSN.Minor > h.last() {
			h.csn, h.values = append(h.csn, txn.CSN.Minor), append(h.values, values)
		}
	}
	return txn
}

// round is a run that is killed: the checkpoint is any of its places, and the trails
// go at least there.
func (p *play) round() {
	p.grow()
	p.open()
	kept, numbers := []string{p.restart}, []uint64{p.trails[0].last()}
	for range p.r.IntN(8) {
		txn := p.take()
		if txn == nil {
			p.grow()
			continue
		}
		kept, numbers = append(kept, txn.Restart), append(numbers, txn.CSN.Minor)
	}
	at := p.r.IntN(len(kept))
	p.restart, p.cfg.Bounds = kept[at], nil
	for _, h := range p.trails {
		least, _ := slices.BinarySearch(h.csn, numbers[at]+1)
		n := least + p.r.IntN(len(h.csn)-least+1)
		h.csn, h.values = h.csn[:n], h.values[:n]
		p.cfg.Bounds = append(p.cfg.Bounds, h.last())
	}
	if p.restart != "" && p.r.IntN(2) == 0 {
		p.do(p.source.Confirm(context.Background(), p.restart))
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

// FuzzRestart: whatever a restart text says, opening at it fails or works, and reads
// what there is at most once.
func FuzzRestart(f *testing.F) {
	f.Add(`{"kind":"directory","csn":1,"last":"a","streams":[{"name":"a","offset":2,"line":1,"id":"1:2 3 2:0000000a:0000000b"}]}`)
	f.Add(`{"kind":"directory","csn":18446744073709551615,"streams":[{"name":"a","offset":9223372036854775807,"id":"1:2 3 1024:0:0","gone":true}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s := newStage(t)
		s.write("a", "1\n2\n")
		s.restart = text
		if s.tryOpen() != nil {
			return
		}
		if got, err := s.tryRead(); err == nil && got != "" && got != "a:0[1 2]" && got != "a:2[2]" {
			t.Errorf("read %s", got)
		}
	})
}

// TestMemory: memory does not grow with a file.
func TestMemory(t *testing.T) {
	s := newStage(t)
	line := strings.Repeat("x", 999) + "\n"
	for range 8 {
		s.write("a", strings.Repeat(line, 8000))
	}
	s.open()
	rows, most := 0, uint64(0)
	var m runtime.MemStats
	for {
		txn, err := s.source.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		s.do(err)
		for txn.Ops != nil {
			if _, _, err := txn.Ops.Next(); err != nil {
				break
			}
			rows++
		}
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}
	if rows != 64000 || most > 40<<20 {
		t.Errorf("%d rows with a heap of %d MB", rows, most>>20)
	}
}
