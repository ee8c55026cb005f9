package main

import (
	"encoding/json"

	"github.com/twmb/franz-go/pkg/kgo"
)

// slab holds the records of messages under way and their bytes, so that a
// message needs no allocation of its own. All of it is used again once all
// messages were waited for.
type slab struct {
	chunks  []*recordChunk
	used    int // records in chunks
	buffers [][]byte
	at      int // the buffer in use
	heads   []kgo.RecordHeader
}

const (
	chunkRecords = 1024
	bufferBytes  = 256 << 10
	keepBytes    = 1 << 20 // larger buffers are given back
)

// recordChunk has a fixed place in memory: the client keeps pointers into it.
type recordChunk struct {
	records [chunkRecords]kgo.Record
	ops     [chunkRecords]int32 // the operation's number in its batch
}

// place is a state of a slab to go back to.
type place struct{ used, at, length, heads int }

func (s *slab) mark() place {
	p := place{used: s.used, at: s.at, heads: len(s.heads)}
	if s.at < len(s.buffers) {
		p.length = len(s.buffers[s.at])
	}
	return p
}

// back forgets what was made since the mark.
func (s *slab) back(p place) {
	for i := range s.buffers {
		if i > p.at {
			s.buffers[i] = s.buffers[i][:0]
		}
	}
	s.used, s.at, s.heads = p.used, p.at, s.heads[:p.heads]
	if s.at < len(s.buffers) {
		s.buffers[s.at] = s.buffers[s.at][:p.length]
	}
}

// record gives an empty record.
func (s *slab) record() *kgo.Record {
	if s.used == len(s.chunks)*chunkRecords {
		s.chunks = append(s.chunks, &recordChunk{})
	}
	r := &s.chunks[s.used/chunkRecords].records[s.used%chunkRecords]
	*r = kgo.Record{}
	s.used++
	return r
}

// sends notes the operation of the record that was given last.
func (s *slab) sends(op int) {
	i := s.used - 1
	s.chunks[i/chunkRecords].ops[i%chunkRecords] = int32(op)
}

// op finds a record's operation; -1 when it is of none.
func (s *slab) op(r *kgo.Record) int {
	for i := range s.used {
		c := s.chunks[i/chunkRecords]
		if &c.records[i%chunkRecords] == r {
			return int(c.ops[i%chunkRecords])
		}
	}
	return -1
}

// bytes gives the buffer in use, for appending; keep takes it back.
func (s *slab) bytes() []byte {
	const low = 4 << 10
	for ; s.at < len(s.buffers); s.at++ {
		if b := s.buffers[s.at]; cap(b)-len(b) >= low {
			return b
		}
	}
	s.buffers = append(s.buffers, make([]byte, 0, bufferBytes))
	return s.buffers[s.at]
}

// keep gives what was appended behind start.
func (s *slab) keep(buf []byte, start int) []byte {
	s.buffers[s.at] = buf
	return buf[start:len(buf):len(buf)]
}

// headers gives n headers.
func (s *slab) headers(n int) []kgo.RecordHeader {
	if cap(s.heads)-len(s.heads) < n {
		s.heads = make([]kgo.RecordHeader, 0, max(chunkRecords, n))
	}
	from := len(s.heads)
	s.heads = s.heads[:from+n]
	return s.heads[from : from+n : from+n]
}

// reuse forgets all records and bytes.
func (s *slab) reuse() {
	kept := s.buffers[:0]
	for _, b := range s.buffers {
		if cap(b) <= keepBytes {
			kept = append(kept, b[:0])
		}
	}
	clear(s.buffers[len(kept):])
	s.buffers = kept
	s.used, s.at, s.heads = 0, 0, nil
}

// appendJSON prints a value as JSON.
func appendJSON(dst []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(dst, text...), err
}
