package extract

import (
	"context"
	"encoding/binary"
	"sync"

	"ggsh/checkpoint"
	"ggsh/ggserr"
)

const (
	// blockBytes is how much a reader hands over at once; an operation that is
	// longer has a block of its own.
	blockBytes = 256 << 10
	// aheadBlocks bounds how many blocks all readers together read ahead.
	aheadBlocks = 512
)

// stream is a part on its way from its reader to the trail.
type stream struct {
	table *loadTable
	part  checkpoint.KeyRange
	// blocks hold operations behind their lengths. The channel is closed at the
	// part's end; err is what ended it early.
	blocks chan []byte
	rows   int64
	err    error
}

// feed is the reading side of a load: readers take parts, fill streams, and
// announce a stream when it is complete or can hold no more.
type feed struct {
	l         *load
	announced chan *stream
	free      chan []byte

	mu      sync.Mutex
	current int // of l.tables
}

// startFeed lets all readers read; wait is called after announced is closed and
// ctx ended or everything was taken.
func (l *load) startFeed(ctx context.Context) (f *feed, wait func()) {
	f = &feed{l: l, announced: make(chan *stream, l.readers),
		free: make(chan []byte, aheadBlocks)}
	var group sync.WaitGroup
	for reader := range l.readers {
		group.Go(func() { f.read(ctx, reader) })
	}
	go func() {
		group.Wait()
		close(f.announced)
	}()
	return f, group.Wait
}

// read reads parts until none is left.
func (f *feed) read(ctx context.Context, reader int) {
	ahead := min(max(aheadBlocks/f.l.readers, 4), 64)
	for ctx.Err() == nil {
		t, part := f.next(ctx, reader)
		if t == nil {
			return
		}
		s := &stream{table: t, part: part, blocks: make(chan []byte, ahead)}
		if f.fill(ctx, reader, s) != nil {
			return // the writer is told by the stream
		}
	}
}

// next gives a reader its next part; no table says that nothing is left.
func (f *feed) next(ctx context.Context, reader int) (*loadTable, checkpoint.KeyRange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ; f.current < len(f.l.tables); f.current++ {
		t := f.l.tables[f.current]
		if err := f.open(ctx, reader, t); err != nil {
			s := &stream{table: t, blocks: make(chan []byte), err: err}
			close(s.blocks)
			f.announce(ctx, s)
			break
		}
		if part, ok := t.cut.next(); ok {
			return t, part
		}
	}
	return nil, checkpoint.KeyRange{}
}

// open prepares a table for being cut, at its first part.
func (f *feed) open(ctx context.Context, reader int, t *loadTable) error {
	if t.opened {
		return nil
	}
	var bounds Bounds
	if len(t.gaps) > 0 {
		f.l.proc.Info(ggserr.ProcessingTable, t.name)
		if t.Key != "" {
			var err error
			if bounds, err = f.l.snap.Bounds(ctx, reader, t.number); err != nil {
				return err
			}
		}
	}
	t.cut = newCutter(t.gaps, bounds, t.Rows, int64(f.l.lc.ChunkRows))
	t.opened = true
	return nil
}

func (f *feed) announce(ctx context.Context, s *stream) bool {
	select {
	case f.announced <- s:
		return true
	case <-ctx.Done():
		return false
	}
}

// fill reads one part.
func (f *feed) fill(ctx context.Context, reader int, s *stream) error {
	announced := false
	buf := f.block()
	send := func() error {
		select {
		case s.blocks <- buf:
			buf = f.block()
			return nil
		default:
		}
		if !announced {
			announced = f.announce(ctx, s)
		}
		select {
		case s.blocks <- buf:
			buf = f.block()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	part := Part{Table: s.table.number, From: s.part.From, To: s.part.To, Where: s.table.where}
	err := f.l.snap.Read(ctx, reader, part, func(op []byte) error {
		if len(buf) > 0 && len(buf)+4+len(op) > blockBytes {
			if err := send(); err != nil {
				return err
			}
		}
		buf = append(binary.LittleEndian.AppendUint32(buf, uint32(len(op))), op...)
		s.rows++
		return nil
	})
	if err == nil && len(buf) > 0 {
		err = send()
	}
	s.err = err
	close(s.blocks)
	f.mu.Lock()
	s.table.cut.learn(s.part, s.rows)
	f.mu.Unlock()
	if !announced && !f.announce(ctx, s) && err == nil {
		err = ctx.Err()
	}
	return err
}

// block gives an empty block, one that was used before if there is one.
func (f *feed) block() []byte {
	select {
	case b := <-f.free:
		return b[:0]
	default:
		return make([]byte, 0, blockBytes)
	}
}

// recycle takes a block back.
func (f *feed) recycle(b []byte) {
	if cap(b) > 2*blockBytes {
		return
	}
	select {
	case f.free <- b:
	default:
	}
}
