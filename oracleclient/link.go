package oracleclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// writeLimit is for a server that does not read.
const writeLimit = time.Minute

// interruptPacket is the client's break: a marker in the form of sessions whose packets
// have long lengths, as those of all supported releases have.
const interruptPacket = "\x00\x00\x00\x0b\x0c\x00\x00\x00\x01\x00\x03"

// link is the socket of one connection. The driver sets no deadlines that hold, so its
// reads get them here: of the quiet that is allowed, and of the call under way.
type link struct {
	net.Conn
	quiet time.Duration // while logging in, that of the login
	// limit is when the call under way has to be over, in nanoseconds; 0 is never.
	limit atomic.Int64
	// wrote counts the driver's packets, so that a call knows whether it sent anything.
	wrote atomic.Int64
	dead  atomic.Bool
	// writing keeps a break from getting into the middle of a packet.
	writing sync.Mutex
}

// errQuiet is of a server that says nothing.
var errQuiet = errors.New("the server has not answered")

// Read reads with a deadline of its own.
func (l *link) Read(b []byte) (int, error) {
	deadline := time.Now().Add(l.quiet)
	limit := l.limit.Load()
	if limit != 0 && limit < deadline.UnixNano() {
		deadline = time.Unix(0, limit)
	}
	if err := l.Conn.SetReadDeadline(deadline); err != nil {
		return 0, l.lost(err)
	}
	// The limit may have come meanwhile: its own deadline must not be overwritten.
	if now := l.limit.Load(); now != limit && now != 0 {
		if err := l.Conn.SetReadDeadline(time.Unix(0, now)); err != nil {
			return 0, l.lost(err)
		}
	}
	n, err := l.Conn.Read(b)
	if err != nil {
		return n, l.lost(err)
	}
	return n, nil
}

// Write writes one packet.
func (l *link) Write(b []byte) (int, error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.wrote.Add(1)
	if err := l.Conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, l.lost(err)
	}
	n, err := l.Conn.Write(b)
	if err != nil {
		return n, l.lost(err)
	}
	return n, nil
}

// SetReadDeadline, SetWriteDeadline and SetDeadline take the driver's own no more.
func (l *link) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (l *link) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline does nothing.
func (l *link) SetDeadline(time.Time) error { return nil }

// lost closes the socket: after any error, what comes next would be out of step.
func (l *link) lost(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: %w", errQuiet, err)
	}
	l.kill()
	return err
}

func (l *link) kill() {
	l.dead.Store(true)
	l.Conn.Close()
}

// begin starts a call without a limit, and gives the number of packets so far.
func (l *link) begin() int64 {
	l.limit.Store(0)
	return l.wrote.Load()
}

// within lets the call under way have until then at most.
func (l *link) within(d time.Duration) {
	at := time.Now().Add(d)
	l.limit.Store(at.UnixNano())
	if err := l.Conn.SetReadDeadline(at); err != nil {
		l.kill()
	}
}

// interrupt asks the server to give the call up.
func (l *link) interrupt() {
	if !l.writing.TryLock() {
		return // a packet that does not get through: the limit does
	}
	defer l.writing.Unlock()
	if err := l.Conn.SetWriteDeadline(time.Now().Add(time.Second)); err == nil {
		_, err = l.Conn.Write([]byte(interruptPacket))
		if err != nil {
			l.kill()
		}
	}
}

// dialer gives go-ora the socket of one address.
type dialer struct {
	timeout time.Duration
	link    atomic.Pointer[link]
}

// DialContext connects.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	nd := net.Dialer{Timeout: d.timeout, KeepAlive: 30 * time.Second}
	c, err := nd.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: c, quiet: d.timeout}
	if old := d.link.Swap(l); old != nil {
		// The listener sent us on to another place.
		old.kill()
	}
	l.within(d.timeout)
	return l, nil
}

// kill closes the socket, if there is one yet.
func (d *dialer) kill() {
	if l := d.link.Load(); l != nil {
		l.kill()
	}
}
