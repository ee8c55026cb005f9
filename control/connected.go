package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// Session is a connection over which a Manager executes lines, each with what
// those before it left behind. It is used by one goroutine at a time.
type Session struct {
	client *Client
	conn   net.Conn
	left   *io.LimitedReader // of the reply under way
	in     *bufio.Reader
	ended  bool
}

// Open begins a session. Errors are as with Do.
func (c *Client) Open(ctx context.Context) (*Session, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	q, err := c.request(ctx, SessionPath, nil)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	q.Header.Set("Connection", "Upgrade")
	q.Header.Set("Upgrade", sessionProtocol)
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	s := &Session{client: c, conn: conn, left: &io.LimitedReader{R: conn}}
	s.in = bufio.NewReader(s.left)
	defer expiring(ctx, conn)()
	a, err := s.begin(q)
	if err != nil {
		conn.Close()
		return nil, c.failed(ctx, err)
	}
	if a.StatusCode == http.StatusSwitchingProtocols {
		return s, nil
	}
	defer conn.Close()
	defer a.Body.Close()
	reply := &Reply{}
	if err := c.read(ctx, a, reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	return nil, c.foreign("HTTP status " + a.Status)
}

// begin sends the first request and reads the head of its answer.
func (s *Session) begin(q *http.Request) (*http.Response, error) {
	s.client.sign(q, s.conn)
	sendErr := q.Write(s.conn)
	s.left.N = maxReply + maxHeader
	a, err := http.ReadResponse(s.in, q)
	if err != nil {
		return nil, errors.Join(sendErr, err)
	}
	return a, nil
}

// Execute sends a line and waits for its reply. Errors are as with Do; the
// session has ended then.
func (s *Session) Execute(ctx context.Context, r CommandRequest) (CommandReply, error) {
	ctx, cancel := s.client.bounded(ctx)
	defer cancel()
	defer expiring(ctx, s.conn)()
	var rep CommandReply
	b, err := json.Marshal(r)
	if err == nil {
		_, err = s.conn.Write(append(b, '\n'))
	}
	s.left.N = maxReply
	line, readErr := readLine(s.in, maxReply)
	if readErr != nil {
		s.Close()
		return rep, s.client.failed(ctx, errors.Join(err, readErr))
	}
	if err := json.Unmarshal(line, &rep); err != nil {
		s.Close()
		return rep, s.client.foreign("its reply cannot be read: " + err.Error())
	}
	return rep, nil
}

// Alive reports whether the other side still holds the session: it says nothing
// unasked, so that anything to read is its end.
func (s *Session) Alive() bool {
	if s.ended {
		return false
	}
	s.left.N = 1
	s.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := s.in.Peek(1)
	s.conn.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	s.Close()
	return false
}

// Close ends the session, here and there.
func (s *Session) Close() error {
	if s.ended {
		return nil
	}
	s.ended = true
	return s.conn.Close()
}
