package tns

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// The packets of the lower layer.
const (
	packetConnect = 1
	packetAccept  = 2
	packetRefuse  = 4
	packetData    = 6
	packetMarker  = 12
)

// The markers.
const (
	markerBreak     = 1
	markerReset     = 2
	markerInterrupt = 3
)

const (
	// unit is how long a packet of this server is at most.
	unit = 8192
	// longestPacket is how long one of a client may be.
	longestPacket = 1 << 17
	head          = 8
	// lastPacket in a packet's flags ends the connection.
	lastPacket = 0x40

	// writeDeadline is for a client that does not read.
	writeDeadline = 30 * time.Second
	// answerDeadline is for the parts of an exchange that come at once.
	answerDeadline = 30 * time.Second
)

var errGone = errors.New("the client has gone")

// link is a connection below messages: packets, and the markers between them. One
// goroutine fills the queue, one takes from it.
type link struct {
	net net.Conn
	in  *bufio.Reader

	mu      sync.Mutex
	changed *sync.Cond
	queue   [][]byte
	queued  int
	resets  int
	gone    bool
	// calling is from the first octet of a call until its answer is on its way, which
	// is when a break means something.
	calling   bool
	broken    bool
	interrupt func()
}

func newLink(c net.Conn) *link {
	l := &link{net: c, in: bufio.NewReaderSize(c, 16<<10)}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// packet reads one packet; wide ones have lengths of four octets.
func (l *link) packet(wide bool) (kind, flags byte, body []byte, err error) {
	var h [head]byte
	if _, err := io.ReadFull(l.in, h[:]); err != nil {
		return 0, 0, nil, err
	}
	n := int(binary.BigEndian.Uint16(h[:]))
	if wide {
		n = int(binary.BigEndian.Uint32(h[:]))
	}
	if n < head || n > longestPacket {
		return 0, 0, nil, fmt.Errorf("a packet of %d octets", n)
	}
	body = make([]byte, n-head)
	_, err = io.ReadFull(l.in, body)
	return h[4], h[5], body, err
}

// listen fills the queue until the client has gone.
func (l *link) listen() {
	for {
		kind, _, body, err := l.packet(true)
		if err != nil || !l.take(kind, body) {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	if l.interrupt != nil {
		l.interrupt()
	}
	l.changed.Broadcast()
}

// take deals with a packet and tells whether to go on.
func (l *link) take(kind byte, body []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.changed.Broadcast()
	switch {
	case kind == packetData && len(body) >= 2:
		if binary.BigEndian.Uint16(body)&lastPacket != 0 {
			return false
		}
		if l.queued += len(body) - 2; l.queued > longestMessage {
			return false
		}
		if len(body) > 2 {
			l.queue = append(l.queue, body[2:])
		}
	case kind == packetMarker && len(body) >= 3 && body[2] == markerReset:
		l.resets++
	case kind == packetMarker && len(body) >= 3:
		// A break that comes after its call has been answered means nothing.
		if l.calling || len(l.queue) > 0 {
			l.broken = true
			if l.interrupt != nil {
				l.interrupt()
			}
		}
	default:
		return false
	}
	return true
}

// next waits for the next data packet. With it, a call begins.
func (l *link) next() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 {
		if l.gone {
			return nil, errGone
		}
		l.changed.Wait()
	}
	b := l.queue[0]
	l.queue = l.queue[1:]
	l.queued -= len(b)
	l.calling = true
	return b, nil
}

// answering ends the call: a break that comes later is for nothing. It tells whether
// one has come.
func (l *link) answering() (broken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	broken, l.broken, l.calling = l.broken, false, false
	return broken
}

// breaking sets what a break does, and does it if one has come already.
func (l *link) breaking(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupt = f
	if f != nil && (l.broken || l.gone) {
		f()
	}
}

// silence waits until the client has gone, or breaks if that is heard.
func (l *link) silence(heard bool) (broken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.gone && !(heard && l.broken) {
		l.changed.Wait()
	}
	return !l.gone
}

// exchange sends the two markers that interrupt a client's reading and waits for its
// own. What the client had sent before it is void.
func (l *link) exchange() error {
	l.mu.Lock()
	want := l.resets + 1
	l.mu.Unlock()
	if err := l.marker(markerBreak); err != nil {
		return err
	}
	if err := l.marker(markerReset); err != nil {
		return err
	}
	late := time.AfterFunc(answerDeadline, func() { l.net.Close() })
	defer late.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.resets < want && !l.gone {
		l.changed.Wait()
	}
	if l.gone {
		return errGone
	}
	return nil
}

func (l *link) marker(kind byte) error {
	return l.write([]byte{0, 0, 0, 11, packetMarker, 0, 0, 0, 1, 0, kind})
}

// frame cuts a message into data packets.
func frame(m []byte) []byte {
	out := make([]byte, 0, len(m)+(len(m)/unit+1)*(head+2))
	for len(m) > 0 {
		n := min(len(m), unit-head-2-64)
		out = binary.BigEndian.AppendUint32(out, uint32(n+head+2))
		out = append(out, packetData, 0, 0, 0, 0, 0)
		out = append(out, m[:n]...)
		m = m[n:]
	}
	return out
}

func (l *link) write(b []byte) error {
	if err := l.net.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil {
		return err
	}
	_, err := l.net.Write(b)
	return err
}
