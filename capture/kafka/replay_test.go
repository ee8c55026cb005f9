package kafka

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"ggsh/record"
)

// TestKilledAnywhere: a capture that is ended at any moment, with two trails that hold
// more than the checkpoint says and not the same, goes on so that each trail gets each
// message once and in the order of its partition.
func TestKilledAnywhere(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { killedAnywhere(t, rand.New(rand.NewPCG(seed, 3))) })
	}
}

// held is a trail: the messages of each transaction, by its number.
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

// play is a capture with two trails, and what was written to the topic.
type play struct {
	*stage
	r       *rand.Rand
	trails  []*held
	written []int
}

func killedAnywhere(t *testing.T, r *rand.Rand) {
	p := &play{stage: newStage(t, kfake.SeedTopics(3, "t")), r: r, trails: []*held{{}, {}},
		written: make([]int, 3)}
	p.cfg.MaxRows = 1 + r.IntN(4)
	for range 8 {
		p.round()
	}
	p.open()
	total := p.written[0] + p.written[1] + p.written[2]
	for i := range p.trails {
		for count(p.trails[i]) < total {
			p.take()
		}
	}
	p.nothing()
	p.check()
}

// grow writes to some partitions.
func (p *play) grow() {
	for range 1 + p.r.IntN(3) {
		n := p.r.IntN(3)
		values := []string{}
		for range 1 + p.r.IntN(8) {
			values = append(values, fmt.Sprintf("%d.%d", n, p.written[n]))
			p.written[n]++
		}
		p.write("t", int32(n), values...)
	}
}

// take reads a transaction into the trails that lack it.
func (p *play) take() *record.Txn {
	txn, err := p.next(p.ctx())
	p.do(err)
	values, err := column(txn, "payload")
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
		p.grow()
		txn := p.take()
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
		p.do(p.source.Confirm(p.ctx(), p.restart))
	}
}

// check looks for each message once and in order.
func (p *play) check() {
	p.Helper()
	for i, h := range p.trails {
		next := make([]int, 3)
		for _, v := range slices.Concat(h.values...) {
			n, err := strconv.Atoi(v[:1])
			p.do(err)
			if v != fmt.Sprintf("%d.%d", n, next[n]) {
				p.Fatalf("trail %d has message %s where %d.%d should be", i, v, n, next[n])
			}
			next[n]++
		}
		if !slices.Equal(next, p.written) {
			p.Errorf("trail %d has %v of %v", i, next, p.written)
		}
	}
}

func count(h *held) int { return len(slices.Concat(h.values...)) }
