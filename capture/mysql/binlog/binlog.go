// Package binlog reads the events of MySQL's and MariaDB's binary log: their
// headers, table maps and row images, the last straight into the binary form of
// package record; and rows of results into the same form, for initial loads.
//
// It is not a client and keeps no state between events: who connects, assembles
// transactions and knows the tables is package mysql above it. Its law: no bytes,
// however damaged, make it panic or take more memory than they justify; and a
// value is decoded exactly or refused with the column's name.
package binlog

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Event types. The numbers are the wire's.
const (
	QueryEvent           = 2
	StopEvent            = 3
	RotateEvent          = 4
	IntvarEvent          = 5
	RandEvent            = 13
	UserVarEvent         = 14
	FormatEvent          = 15
	XIDEvent             = 16
	BeginLoadQueryEvent  = 17
	ExecLoadQueryEvent   = 18
	TableMapEvent        = 19
	WriteRowsV0          = 20
	UpdateRowsV0         = 21
	DeleteRowsV0         = 22
	WriteRowsV1          = 23
	UpdateRowsV1         = 24
	DeleteRowsV1         = 25
	IncidentEvent        = 26
	HeartbeatEvent       = 27
	IgnorableEvent       = 28
	RowsQueryEvent       = 29
	WriteRowsV2          = 30
	UpdateRowsV2         = 31
	DeleteRowsV2         = 32
	GTIDEvent            = 33
	AnonymousGTIDEvent   = 34
	PreviousGTIDsEvent   = 35
	TransactionContext   = 36
	ViewChange           = 37
	XAPrepareEvent       = 38
	PartialUpdateRows    = 39
	PayloadEvent         = 40
	HeartbeatV2Event     = 41
	GTIDTaggedEvent      = 42
	AnnotateRowsEvent    = 160
	CheckpointEvent      = 161
	MariaGTIDEvent       = 162
	MariaGTIDListEvent   = 163
	StartEncryptionEvent = 164
	QueryCompressed      = 165
	WriteRowsCompressed  = 166
	UpdateRowsCompressed = 167
	DeleteRowsCompressed = 168
)

// Flags of an event's header.
const (
	FlagArtificial = 0x20
	FlagIgnorable  = 0x80
)

// HeaderSize is the size of every event's header.
const HeaderSize = 19

// ErrShort is returned when an event ends within what it should hold.
var ErrShort = errors.New("the event ends too early")

// Header is the head of an event.
type Header struct {
	Time   uint32 // seconds since 1970; 0 in heartbeats
	Type   byte
	Server uint32
	Size   uint32
	End    uint32 // where the next event begins, low 32 bits; 0 when not known
	Flags  uint16
}

// ParseHeader reads the header of raw and gives the body behind it.
func ParseHeader(raw []byte) (h Header, body []byte, err error) {
	if len(raw) < HeaderSize {
		return h, nil, ErrShort
	}
	le := binary.LittleEndian
	h = Header{Time: le.Uint32(raw), Type: raw[4], Server: le.Uint32(raw[5:]),
		Size: le.Uint32(raw[9:]), End: le.Uint32(raw[13:]), Flags: le.Uint16(raw[17:])}
	return h, raw[HeaderSize:], nil
}

// Format is what a FORMAT_DESCRIPTION event tells.
type Format struct {
	Version  uint16
	Server   string
	Checksum bool // every event has four more bytes, a CRC-32
}

// formatFixed is version, server version, creation time and header length.
const formatFixed = 2 + 50 + 4 + 1

// ParseFormat reads the body of a FORMAT_DESCRIPTION event, CRC included.
func ParseFormat(body []byte) (Format, error) {
	if len(body) < formatFixed+5 {
		return Format{}, ErrShort
	}
	f := Format{Version: binary.LittleEndian.Uint16(body)}
	name := body[2:52]
	for i, c := range name {
		if c == 0 {
			name = name[:i]
			break
		}
	}
	f.Server = string(name)
	if f.Version != 4 || body[formatFixed-1] != HeaderSize {
		return f, fmt.Errorf("binlog version %d with headers of %d bytes is not supported",
			f.Version, body[formatFixed-1])
	}
	f.Checksum = body[len(body)-5] == 1
	return f, nil
}

// reader walks through bytes. After an error everything it gives is zero, so that
// callers look at err once.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = ErrShort
	}
	r.b = nil
}

func (r *reader) u8() byte {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

// uint reads n (at most 8) bytes, little endian.
func (r *reader) uint(n int) uint64 {
	var v uint64
	for i, c := range r.take(n) {
		v |= uint64(c) << (8 * i)
	}
	return v
}

// packed reads a length-encoded integer.
func (r *reader) packed() uint64 {
	switch c := r.u8(); c {
	case 0xfc:
		return r.uint(2)
	case 0xfd:
		return r.uint(3)
	case 0xfe:
		return r.uint(8)
	case 0xfb, 0xff:
		r.fail()
		return 0
	default:
		return uint64(c)
	}
}

// packedBytes reads bytes behind their length.
func (r *reader) packedBytes() []byte {
	n := r.packed()
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	return r.take(int(n))
}
