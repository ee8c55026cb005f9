// Package handover hands finished transactions from the goroutine that reads a source's
// log to the one that asks for them.
//
// It knows nothing of what a transaction holds. Its law: what goes in comes out in the
// same order, the memory of what waits stays within a limit, and after the end the
// reason of it is told as often as it is asked for.
package handover

import (
	"context"
	"errors"
	"sync"

	"ggsh/record"
)

// ErrClosed is the reason of an end without another.
var ErrClosed = errors.New("the capture is closed")

// Queue is bounded by the memory that its items hold, not by their number.
type Queue[T any] struct {
	ready chan struct{} // something may have come
	space chan struct{} // something was taken

	mu       sync.Mutex
	items    []held[T]
	head     int
	held     int64
	limit    int64
	progress record.Txn
	ended    bool
	err      error
}

type held[T any] struct {
	item T
	size int64
}

// Init makes a queue for items of so many octets together; one is always let in.
func (q *Queue[T]) Init(limit int64) {
	q.limit = limit
	q.ready = make(chan struct{}, 1)
	q.space = make(chan struct{}, 1)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Ready tells that Pop may have something.
func (q *Queue[T]) Ready() <-chan struct{} { return q.ready }

// Push appends an item that holds size octets, waiting while the queue is full.
func (q *Queue[T]) Push(ctx context.Context, item T, size int64) error {
	for {
		q.mu.Lock()
		if q.held == 0 || q.held+size <= q.limit {
			break
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-q.space:
		}
	}
	q.items = append(q.items, held[T]{item, size})
	q.held += size
	q.progress = record.Txn{}
	q.mu.Unlock()
	signal(q.ready)
	return nil
}

// Pop takes the first item; without one it gives the latest progress, and at the end
// the reason of the end.
func (q *Queue[T]) Pop() (item T, ok bool, progress record.Txn, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == len(q.items) {
		if q.ended {
			return item, false, record.Txn{}, q.err
		}
		return item, false, q.progress, nil
	}
	h := q.items[q.head]
	q.items[q.head] = held[T]{}
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head > 1024 && q.head*2 > len(q.items) {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.held -= h.size
	signal(q.space)
	return h.item, true, record.Txn{}, nil
}

// Look reports whether Pop has something now, and whether progress beyond restart was
// made.
func (q *Queue[T]) Look(restart string) (ready, fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended || q.head < len(q.items), q.progress.Restart != "" && q.progress.Restart != restart
}

// Advance notes how far the log was read without a transaction to deliver.
func (q *Queue[T]) Advance(txn *record.Txn) {
	q.mu.Lock()
	q.progress = *txn
	q.mu.Unlock()
	signal(q.ready)
}

// End says that nothing more will come.
func (q *Queue[T]) End(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		err = ErrClosed
	}
	q.mu.Lock()
	q.ended, q.err = true, err
	q.mu.Unlock()
	signal(q.ready)
}
