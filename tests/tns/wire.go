package tns

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// longestShort is the longest value that goes without chunks.
	longestShort = 0xfc
	chunked      = 0xfe
	// chunkSize is how much the server puts into one chunk.
	chunkSize = 0x7fff
	// longestMessage bounds what a client can make the server hold.
	longestMessage = 64 << 20
)

// message is what goes to a client, in the encodings of the protocol's upper layer.
type message []byte

func (m *message) u8(b ...byte) { *m = append(*m, b...) }

// ub appends an unsigned integer: how many octets, then those, most significant first.
func (m *message) ub(v uint64) {
	if v == 0 {
		*m = append(*m, 0)
		return
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	i := 0
	for b[i] == 0 {
		i++
	}
	*m = append(append(*m, byte(8-i)), b[i:]...)
}

// sb appends a signed integer.
func (m *message) sb(v int64) {
	if v >= 0 {
		m.ub(uint64(v))
		return
	}
	at := len(*m)
	m.ub(uint64(-v))
	(*m)[at] |= 0x80
}

func (m *message) zeros(n int) {
	for range n {
		*m = append(*m, 0)
	}
}

// octets appends a value with its length; none is NULL.
func (m *message) octets(b []byte) {
	if len(b) <= longestShort {
		*m = append(append(*m, byte(len(b))), b...)
		return
	}
	*m = append(*m, chunked)
	for len(b) > 0 {
		n := min(len(b), chunkSize)
		m.ub(uint64(n))
		*m = append(*m, b[:n]...)
		b = b[n:]
	}
	*m = append(*m, 0)
}

// twice appends a value behind its length as an integer, the way of descriptions.
func (m *message) twice(b []byte) {
	m.ub(uint64(len(b)))
	if len(b) > 0 {
		m.octets(b)
	}
}

// pair appends a key, a value and a number.
func (m *message) pair(key, value string, n uint64) {
	m.twice([]byte(key))
	m.twice([]byte(value))
	m.ub(n)
}

var (
	errTooLong = errors.New("the message is longer than this server takes")
	errNumber  = errors.New("an integer has more than 8 octets")
)

// reader takes a client's message apart. Its first error sticks, and everything read
// after it is zero, so that callers look once.
type reader struct {
	more func() ([]byte, error) // the next packet's octets
	buf  []byte
	pos  int
	read int // octets of the message so far
	err  error
}

// begin forgets what is left of the last message.
func (r *reader) begin(first []byte) { r.buf, r.pos, r.read = first, 0, len(first) }

// left tells whether octets of the message are here, unread.
func (r *reader) left() bool { return r.err == nil && r.pos < len(r.buf) }

func (r *reader) raw(n int) []byte {
	if r.err == nil && (n < 0 || n > longestMessage) {
		r.err = errTooLong
	}
	for r.err == nil && len(r.buf)-r.pos < n {
		packet, err := r.more()
		if r.read += len(packet); err == nil && r.read > longestMessage {
			err = errTooLong
		}
		if err != nil {
			r.err = err
			break
		}
		r.buf = append(r.buf[r.pos:len(r.buf):len(r.buf)], packet...)
		r.pos = 0
	}
	if r.err != nil {
		return nil
	}
	b := r.buf[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

func (r *reader) u8() byte {
	if b := r.raw(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) peek() byte {
	b := r.u8()
	if r.err == nil {
		r.pos--
	}
	return b
}

func (r *reader) skip(n int) { r.raw(n) }

func (r *reader) ub() uint64 {
	n := int(r.u8()) &^ 0x80
	if n > 8 && r.err == nil {
		r.err = errNumber
	}
	var v uint64
	for _, b := range r.raw(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// count reads an integer that says how many follow.
func (r *reader) count(limit uint64) int {
	n := r.ub()
	if n > limit && r.err == nil {
		r.err = fmt.Errorf("%d of something, and at most %d can be", n, limit)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// octets reads a value with its length; nil is NULL.
func (r *reader) octets() []byte {
	switch n := r.u8(); n {
	case 0, 0xfd, 0xff:
		return nil
	case chunked:
		var all []byte
		for r.err == nil {
			piece := r.raw(r.count(longestMessage))
			if len(piece) == 0 {
				break
			}
			all = append(all, piece...)
		}
		return all
	default:
		return append([]byte(nil), r.raw(int(n))...)
	}
}

func (r *reader) twice() []byte {
	if r.ub() == 0 {
		return nil
	}
	return r.octets()
}
