package tns

import (
	"encoding/binary"
	"fmt"
)

// locatorLength is how long this server's locators are.
const locatorLength = 40

// Marks in a locator.
const (
	locatorBLOB      = 0x01
	locatorCLOB      = 0x02
	locatorTemporary = 0x01
	locatorWide      = 0x80 // characters have two octets
)

// The operations on LOBs.
const (
	lobLength    = 0x0001
	lobRead      = 0x0002
	lobTrim      = 0x0020
	lobWrite     = 0x0040
	lobCreate    = 0x0110
	lobFree      = 0x0111
	lobChunkSize = 0x4000
	lobOpen      = 0x8000
	lobClose     = 0x10000
	lobIsOpen    = 0x11000
)

const (
	lobLimit = 200000
	// lobMemory is for all LOBs of a session.
	lobMemory = 256 << 20
	lobChunk  = 8060
)

// lob is a value that a session has a locator of. Its octets are what travels: UTF-16
// of characters.
type lob struct {
	octets    []byte
	character bool
}

// unit is the size of what offsets and lengths count.
func (l *lob) unit() int {
	if l.character {
		return 2
	}
	return 1
}

// addLOB makes a locator for a value.
func (se *session) addLOB(l *lob, temporary bool) ([]byte, error) {
	if se.lobOctets += len(l.octets); se.lobOctets > lobMemory || len(se.lobs) >= lobLimit {
		return nil, &Error{Code: 22275, Text: "this server holds no more LOBs"}
	}
	se.lastLOB++
	se.lobs[se.lastLOB] = l
	b := make([]byte, locatorLength)
	binary.BigEndian.PutUint16(b, locatorLength-2)
	b[3] = 1
	b[4] = locatorBLOB
	if l.character {
		b[4], b[6] = locatorCLOB, locatorWide
	}
	b[5] = 8
	if temporary {
		b[7] = locatorTemporary
	}
	binary.BigEndian.PutUint64(b[10:], se.lastLOB)
	return b, nil
}

func (se *session) findLOB(locator []byte) (*lob, error) {
	if len(locator) == locatorLength {
		if l := se.lobs[binary.BigEndian.Uint64(locator[10:])]; l != nil {
			return l, nil
		}
	}
	return nil, &Error{Code: 22275, Text: "invalid LOB locator specified"}
}

func (se *session) freeLOB(locator []byte) {
	if l, err := se.findLOB(locator); err == nil {
		se.lobOctets -= len(l.octets)
		delete(se.lobs, binary.BigEndian.Uint64(locator[10:]))
	}
}

// content is what a bound locator stands for.
func (se *session) content(locator []byte) (any, error) {
	if se.in.err != nil {
		return nil, se.in.err
	}
	l, err := se.findLOB(locator)
	if err != nil {
		return nil, err
	}
	if l.character {
		return utf16Text(l.octets), nil
	}
	return l.octets, nil
}

// locator appends a value as a locator.
func (se *session) locator(m *message, d description, v any) error {
	l := &lob{character: d.number == wireCLOB}
	switch v := v.(type) {
	case string:
		l.octets = []byte(v)
		if l.character {
			l.octets = utf16Octets(v)
		}
	case []byte:
		l.octets = v
	default:
		return fmt.Errorf("a value %T for a LOB", v)
	}
	b, err := se.addLOB(l, false)
	if err != nil {
		return err
	}
	m.ub(locatorLength)
	if d.more&withPrefetch != 0 {
		m.ub(uint64(len(l.octets) / l.unit()))
		m.ub(lobChunk)
	}
	m.octets(b)
	return nil
}

// lobRequest is a call on a LOB.
type lobRequest struct {
	op               uint64
	source, target   []byte
	charset          bool
	isNull           bool
	amounts          bool
	offset, amount   uint64
	national         bool
	data             []byte
	sourceLen, dstLn int
}

func (se *session) lobRequest() lobRequest {
	r := &se.in
	q := lobRequest{}
	hasSource := r.u8() != 0
	q.sourceLen = r.count(1 << 16)
	hasTarget := r.u8() != 0
	q.dstLn = r.count(1 << 16)
	r.ub()
	r.ub()
	q.charset = r.u8() != 0
	r.u8()
	q.isNull = r.u8() != 0
	q.op = r.ub()
	r.u8()
	scns := r.count(100)
	q.offset = r.ub()
	kind := r.ub() // of a new LOB
	q.amounts = r.u8() != 0
	r.skip(6)
	if hasSource {
		q.source = append([]byte(nil), r.raw(q.sourceLen)...)
	}
	if hasTarget {
		q.target = append([]byte(nil), r.raw(q.dstLn)...)
	}
	if q.charset {
		q.national = r.ub() == charsetUTF16
	}
	for range scns {
		r.ub()
	}
	q.data = nil
	if q.amounts && (q.op != lobWrite || r.peek() != messageLOB) {
		q.amount = r.ub()
	}
	if q.op == lobWrite && r.u8() == messageLOB {
		q.data = r.octets()
	}
	if q.op == lobCreate {
		q.dstLn = int(kind)
	}
	return q
}

func (se *session) lobCall() error {
	q := se.lobRequest()
	if se.in.err != nil {
		return se.in.err
	}
	if answered, err := se.due(""); answered || err != nil {
		return err
	}
	if se.fault != nil && se.fault.Err != nil {
		return se.fail(se.fault.Err, 0)
	}
	var m message
	if err := se.onLOB(&q, &m); err != nil {
		return se.fail(err, 0)
	}
	m.u8(messageParams)
	m = append(append(m, q.source...), q.target...)
	if q.charset {
		m.ub(uint64(se.server.config.Charset))
	}
	if q.amounts {
		m.ub(q.amount)
	}
	if q.isNull {
		m.u8(0)
	}
	m.u8(messageDone)
	m.ub(se.callStatus())
	m.ub(0)
	return se.send(m)
}

// onLOB does what is wanted; data go into m.
func (se *session) onLOB(q *lobRequest, m *message) error {
	switch q.op {
	case lobCreate:
		b, err := se.addLOB(&lob{character: q.dstLn == wireCLOB}, true)
		q.source = b
		return err
	case lobFree:
		se.freeLOB(q.source)
		return nil
	case lobOpen, lobClose:
		return nil
	}
	l, err := se.findLOB(q.source)
	if err != nil {
		return err
	}
	length := uint64(len(l.octets) / l.unit())
	switch q.op {
	case lobLength:
		q.amount = length
	case lobChunkSize:
		q.amount = lobChunk
	case lobRead:
		from := min(max(q.offset, 1)-1, length)
		n := length - from
		if q.amount > 0 {
			n = min(n, q.amount)
		}
		q.amount = n
		if n > 0 {
			m.u8(messageLOB)
			m.octets(l.octets[from*uint64(l.unit()) : (from+n)*uint64(l.unit())])
		}
	case lobWrite:
		return se.writeLOB(l, q)
	case lobTrim:
		l.octets = l.octets[:min(length, q.amount)*uint64(l.unit())]
	case lobIsOpen:
	default:
		return &Error{Code: 3115, Text: fmt.Sprintf("unsupported LOB operation %#x", q.op)}
	}
	return nil
}

func (se *session) writeLOB(l *lob, q *lobRequest) error {
	at := (max(q.offset, 1) - 1) * uint64(l.unit())
	if at > uint64(len(l.octets)) {
		return &Error{Code: 22990, Text: "LOB locators cannot be written beyond their end here"}
	}
	keep := l.octets[:at]
	var rest []byte
	if end := at + uint64(len(q.data)); end < uint64(len(l.octets)) {
		rest = l.octets[end:]
	}
	grown := len(keep) + len(q.data) + len(rest) - len(l.octets)
	if se.lobOctets += grown; se.lobOctets > lobMemory {
		return &Error{Code: 22275, Text: "this server holds no more LOBs"}
	}
	whole := append(append(keep[:at:at], q.data...), rest...)
	l.octets = whole
	q.amount = uint64(len(q.data) / l.unit())
	return nil
}
