// Package collector carries trail records to another host and confirms what is
// durable there: the Sender, which writes a trail as trail.Writer does, and the
// Server, which does the writing.
//
// It is not a copy of files: the remote trail has its own files, sizes and
// positions. Its law: Synced names what is on the remote disk, and nothing else
// is ever confirmed; what the remote trail holds, not what was sent, decides
// where a sender goes on.
package collector

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"time"

	"github.com/klauspost/compress/zstd"

	"ggsh/ggserr"
	"ggsh/record"
	"ggsh/trail"
)

// A frame on the wire: u32 length of what follows, u8 type, payload; all numbers
// little endian. An empty Record block and a repeated Synced keep the
// connection alive. Part of the protocol.
const (
	frameHello  = 1 // sender: who I am, what I will write
	frameOpen   = 2 // server: what the trail holds
	frameRecord = 3 // sender: a block of items
	frameSync   = 4 // sender: u64 number; make all before it durable
	frameSynced = 5 // server: u64 number, u32 seqno, u64 RBA: durable up to there
	frameClose  = 6 // both: the end; the server's answer comes when all is durable
	frameFail   = 7 // both: u32 number of the message, text

	protocolVersion = 1
	// sealedVersion is what a sender says whose trail is to be encrypted: an
	// older collector, which would write it in clear, refuses.
	sealedVersion = 2

	maxHello = 64 << 10
	maxFrame = trail.MaxBody + 1<<20
	chunk    = 256 << 10
)

// The items of a Record block: u8 kind, uvarint length, body. Part of the protocol.
const (
	itemTable    = 1 // record.AppendTableDef
	itemTxn      = 2 // record.AppendTxnInfo
	itemOp       = 3 // an operation
	itemLastOp   = 4 // the last operation of its transaction
	itemAbort    = 5 // the open transaction is given up
	itemRollover = 6 // go on with the next file
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// hello is the first frame of a connection.
type hello struct {
	Version    uint16
	Token      string
	Group      string
	Trail      string
	Digits     uint8
	Flags      uint8 // helloForget, helloPurge
	FirstSeqno uint32
	MaxBytes   uint64
	Timeout    uint32 // milliseconds
	Header     trail.HeaderInfo
	// Algorithm and KeyName encrypt the trail; of version 2 only.
	Algorithm trail.Algorithm
	KeyName   string
}

// helloForget makes the trail's history begin anew, helloPurge removes its files
// first; see trail.WriterConfig.
const (
	helloForget = 1
	helloPurge  = 2
)

func (h *hello) strings() []*string {
	return []*string{&h.Token, &h.Group, &h.Trail, &h.Header.Group, &h.Header.Program,
		&h.Header.Kind, &h.Header.Database, &h.Header.Host, &h.KeyName}[:h.count()]
}

// count is how many strings a hello of that version has.
func (h *hello) count() int {
	if h.Version < sealedVersion {
		return 8
	}
	return 9
}

// encryption is how the trail is to be encrypted; nil: in clear.
func (h *hello) encryption() *trail.Encryption {
	if h.Version < sealedVersion {
		return nil
	}
	return &trail.Encryption{Algorithm: h.Algorithm, KeyName: h.KeyName}
}

func (h *hello) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, h.Version)
	dst = append(dst, h.Digits, h.Flags)
	dst = binary.LittleEndian.AppendUint32(dst, h.FirstSeqno)
	dst = binary.LittleEndian.AppendUint64(dst, h.MaxBytes)
	dst = binary.LittleEndian.AppendUint32(dst, h.Timeout)
	for _, s := range h.strings() {
		dst = binary.AppendUvarint(dst, uint64(len(*s)))
		dst = append(dst, *s...)
	}
	if h.Version >= sealedVersion {
		dst = append(dst, byte(h.Algorithm))
	}
	return dst
}

func decodeHello(b []byte) (*hello, error) {
	if len(b) < 20 {
		return nil, errShort
	}
	h := &hello{Version: binary.LittleEndian.Uint16(b), Digits: b[2], Flags: b[3],
		FirstSeqno: binary.LittleEndian.Uint32(b[4:]),
		MaxBytes:   binary.LittleEndian.Uint64(b[8:]),
		Timeout:    binary.LittleEndian.Uint32(b[16:])}
	rest := b[20:]
	for _, s := range h.strings() {
		part, r, err := cutBytes(rest)
		if err != nil {
			return nil, err
		}
		*s, rest = string(part), r
	}
	if h.Version >= sealedVersion {
		if len(rest) == 0 {
			return nil, errShort
		}
		h.Algorithm = trail.Algorithm(rest[0])
	}
	return h, nil
}

// holds is the answer to a hello: where the trail's writer stands and the last
// complete transaction of the trail.
type holds struct {
	at   trail.Position
	last *record.TxnInfo
}

func (o *holds) append(dst []byte) []byte {
	dst = appendPosition(dst, o.at)
	if o.last == nil {
		return append(dst, 0)
	}
	return record.AppendTxnInfo(append(dst, 1), o.last)
}

func decodeHolds(b []byte) (*holds, error) {
	if len(b) < 13 {
		return nil, errShort
	}
	o := &holds{at: position(b)}
	if b[12] != 0 {
		info, err := record.DecodeTxnInfo(b[13:])
		if err != nil {
			return nil, err
		}
		o.last = &info
	}
	return o, nil
}

func appendPosition(dst []byte, p trail.Position) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, p.Seqno)
	return binary.LittleEndian.AppendUint64(dst, p.RBA)
}

// position reads a position of 12 bytes.
func position(b []byte) trail.Position {
	return trail.Position{Seqno: binary.LittleEndian.Uint32(b),
		RBA: binary.LittleEndian.Uint64(b[4:])}
}

var errShort = errors.New("a frame ends too early")

func cutBytes(b []byte) (content, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, errShort
	}
	return b[w : w+int(n)], b[w+int(n):], nil
}

// link is one end of a connection.
type link struct {
	conn    net.Conn
	in      *bufio.Reader
	timeout time.Duration
	buf     []byte // the last frame read
	head    [5]byte
}

func newLink(conn net.Conn, timeout time.Duration) *link {
	return &link{conn: conn, in: bufio.NewReaderSize(conn, chunk), timeout: timeout}
}

// read gives the next frame, of at most limit bytes; its payload lives until
// the next call. It waits for the timeout at most. Memory grows with what has
// arrived, not with what was announced.
func (l *link) read(limit uint32) (kind byte, payload []byte, err error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(l.timeout)); err != nil {
		return 0, nil, err
	}
	var head [5]byte
	if _, err := io.ReadFull(l.in, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n-1 > limit || head[4] < frameHello || head[4] > frameFail {
		return 0, nil, fmt.Errorf("not a frame: type %d, %d bytes", head[4], n)
	}
	n--
	if l.buf = l.buf[:0]; cap(l.buf) > 32*chunk {
		l.buf = nil
	}
	for uint32(len(l.buf)) < n {
		at := len(l.buf)
		part := min(int(n)-at, chunk)
		l.buf = growTo(l.buf, at+part)
		if err := l.conn.SetReadDeadline(time.Now().Add(l.timeout)); err != nil {
			return 0, nil, err
		}
		if _, err := io.ReadFull(l.in, l.buf[at:]); err != nil {
			return 0, nil, err
		}
	}
	return head[4], l.buf, nil
}

func growTo(b []byte, n int) []byte {
	if n <= cap(b) {
		return b[:n]
	}
	grown := make([]byte, n, max(n, 2*cap(b)))
	copy(grown, b)
	return grown
}

// write sends one frame; each part of it has to leave within the timeout.
func (l *link) write(kind byte, parts ...[]byte) error {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	binary.LittleEndian.PutUint32(l.head[:], uint32(n))
	l.head[4] = kind
	if err := l.writePart(l.head[:]); err != nil {
		return err
	}
	for _, p := range parts {
		for len(p) > 0 {
			c := min(len(p), chunk)
			if err := l.writePart(p[:c]); err != nil {
				return err
			}
			p = p[c:]
		}
	}
	return nil
}

func (l *link) writePart(b []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.timeout)); err != nil {
		return err
	}
	_, err := l.conn.Write(b)
	return err
}

// failure is the text of an error as a Fail frame carries it.
func failure(err error) []byte {
	e := ggserr.Numbered(err)
	b := binary.LittleEndian.AppendUint32(nil, uint32(e.Number))
	text := e.Message()
	return append(b, text[:min(len(text), 4096)]...)
}

// Remote is what the other end gave as its reason to stop.
type Remote struct {
	Number ggserr.Number
	Text   string
}

// Error gives the other end's text with its number.
func (r *Remote) Error() string { return r.Number.String() + "  " + r.Text }

func decodeFailure(b []byte) *Remote {
	if len(b) < 4 {
		return &Remote{Number: ggserr.Generic, Text: "stopped without a reason"}
	}
	return &Remote{Number: ggserr.Number(binary.LittleEndian.Uint32(b)), Text: string(b[4:])}
}

// A Record block: u8 codec (0 plain, 1 zstd), u32 length and u32 CRC32C of the
// plain items, then the items, packed or not. An empty payload is an empty block.
const (
	blockHead  = 9
	codecPlain = 0
	codecZstd  = 1
)

func blockHeader(codec byte, items []byte) (h [blockHead]byte) {
	h[0] = codec
	binary.LittleEndian.PutUint32(h[1:], uint32(len(items)))
	binary.LittleEndian.PutUint32(h[5:], crc32.Checksum(items, castagnoli))
	return h
}

// openBlock gives the items of a block; dst is used for unpacking.
func openBlock(b, dst []byte, unpack *zstd.Decoder) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) < blockHead {
		return nil, errShort
	}
	n := binary.LittleEndian.Uint32(b[1:])
	items := b[blockHead:]
	switch b[0] {
	case codecPlain:
	case codecZstd:
		var err error
		if items, err = unpack.DecodeAll(items, dst[:0]); err != nil {
			return nil, fmt.Errorf("a block cannot be unpacked: %w", err)
		}
	default:
		return nil, fmt.Errorf("a block packed by codec %d, which this program does not know", b[0])
	}
	if uint32(len(items)) != n ||
		crc32.Checksum(items, castagnoli) != binary.LittleEndian.Uint32(b[5:]) {
		return nil, errors.New("the checksum of a block does not match")
	}
	return items, nil
}
