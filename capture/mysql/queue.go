package mysql

import (
	"context"
	"errors"
	"sync"

	"ggsh/capture/cachemgr"
	"ggsh/record"
)

// maxQueued bounds the memory of finished transactions that wait for Next.
const maxQueued = 64 << 20

// delivery is a finished transaction and its operations.
type delivery struct {
	txn  record.Txn
	buf  *cachemgr.Buffer
	size int64
}

// errClosed is what Next says after Close.
var errClosed = errors.New("the capture is closed")

// queue hands finished transactions from the reading goroutine to Next. It is
// bounded by the memory that its transactions hold, not by their number.
type queue struct {
	ready chan struct{} // something may have come
	space chan struct{} // something was taken

	mu       sync.Mutex
	items    []*delivery
	head     int
	held     int64
	limit    int64
	progress record.Txn
	ended    bool
	err      error
}

func (q *queue) init(limit int64) {
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

// push appends a transaction, waiting while the queue is full.
func (q *queue) push(ctx context.Context, txn *record.Txn, buf *cachemgr.Buffer) error {
	size := buf.Held()
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
	q.items = append(q.items, &delivery{txn: *txn, buf: buf, size: size})
	q.held += size
	q.progress = record.Txn{}
	q.mu.Unlock()
	signal(q.ready)
	return nil
}

// pop takes the first transaction; without one it gives the latest progress, and
// at the end the reason of the end.
func (q *queue) pop() (*delivery, record.Txn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.head == len(q.items) {
		if q.ended {
			return nil, record.Txn{}, q.err
		}
		return nil, q.progress, nil
	}
	d := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head > 1024 && q.head*2 > len(q.items) {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.held -= d.size
	signal(q.space)
	return d, record.Txn{}, nil
}

// look reports whether pop has something now, and whether progress beyond restart
// was made.
func (q *queue) look(restart string) (ready, fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended || q.head < len(q.items), q.progress.Restart != "" && q.progress.Restart != restart
}

// advance notes how far the log was read without a transaction to deliver.
func (q *queue) advance(txn *record.Txn) {
	q.mu.Lock()
	q.progress = *txn
	q.mu.Unlock()
	signal(q.ready)
}

// end says that nothing more will come.
func (q *queue) end(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		err = errClosed
	}
	q.mu.Lock()
	q.ended, q.err = true, err
	q.mu.Unlock()
	signal(q.ready)
}

// drain gives the buffers of all waiting transactions back.
func (q *queue) drain() error {
	var errs []error
	for {
		d, _, _ := q.pop()
		if d == nil {
			return errors.Join(errs...)
		}
		errs = append(errs, d.buf.Release())
	}
}
