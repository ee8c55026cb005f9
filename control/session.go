package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"
)

// Bounds of sessions. The request of a line is bounded as a body is.
const (
	maxSessions = 16
	sessionIdle = 15 * time.Minute
	// lineTimeout is longer than an order's: a lost caller is noticed meanwhile, and
	// ADD TRANDATA of a large schema waits for its transactions.
	lineTimeout = 10 * time.Minute
)

// sessionProtocol is what a connection is turned to that becomes a session.
const sessionProtocol = "ggsh-session"

// Executor executes the lines of one caller, one after the other. What a line
// leaves behind, a database login for one, is there for the next; Close ends it.
type Executor interface {
	Execute(ctx context.Context, q CommandRequest) CommandReply
	Close() error
}

// errTooLong is what readLine gives for a line beyond its limit.
var errTooLong = errors.New("the line is too long")

// readLine reads up to the next line feed, which no JSON value on one line has.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return nil, errTooLong
		}
		line = append(line, part...)
		if err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// hold turns the connection of a request into a session, and keeps it until it
// ends: by its caller, by silence, by a caller who is not admitted any more, or
// because the server stops.
func (s *server) hold(w http.ResponseWriter, q *http.Request, c Caller) {
	if q.Header.Get("Upgrade") != sessionProtocol {
		refuse(w, http.StatusUpgradeRequired, networkError, "a session begins with Upgrade: "+
			sessionProtocol)
		return
	}
	select {
	case s.sessions <- struct{}{}:
		defer func() { <-s.sessions }()
	default:
		refuse(w, http.StatusServiceUnavailable, networkError, "all its sessions are in use: "+
			"DISCONNECT another one, or wait until one has been idle for "+s.opt.SessionIdle.String())
		return
	}
	conn, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.complain("session of %s: %v", q.RemoteAddr, err)
		return
	}
	ctx, cancel := context.WithCancel(q.Context())
	t := &talk{s: s, q: q, caller: c, conn: conn, cancel: cancel, lines: make(chan []byte)}
	t.run = s.opt.Sessions(c)
	defer t.run.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		t.listen(ctx, in.Reader)
	}()
	t.converse(ctx)
	cancel()
	conn.Close()
	<-done
}

// talk is a session as its server sees it.
type talk struct {
	s      *server
	q      *http.Request // that it began with
	caller Caller
	conn   net.Conn
	run    Executor
	cancel context.CancelFunc
	lines  chan []byte
}

// listen hands on lines until the connection ends, which ends the line under way.
func (t *talk) listen(ctx context.Context, in *bufio.Reader) {
	defer t.cancel()
	for {
		line, err := readLine(in, maxBody)
		if err != nil {
			if errors.Is(err, errTooLong) {
				t.s.complain("session of %s: %v", t.q.RemoteAddr, err)
			}
			return
		}
		select {
		case t.lines <- line:
		case <-ctx.Done():
			return
		}
	}
}

// converse answers line by line.
func (t *talk) converse(ctx context.Context) {
	if !t.send([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " +
		sessionProtocol + "\r\n" + protocolHeader + ": " + protocolVersion + "\r\n\r\n")) {
		return
	}
	idle := time.NewTimer(t.s.opt.SessionIdle)
	defer idle.Stop()
	for {
		idle.Reset(t.s.opt.SessionIdle)
		select {
		case <-ctx.Done():
			return
		case <-t.s.stopping:
			return
		case <-idle.C:
			return
		case line := <-t.lines:
			rep, goOn := t.answer(ctx, line)
			b, err := json.Marshal(rep)
			if err != nil || !t.send(append(b, '\n')) || !goOn {
				return
			}
		}
	}
}

func (t *talk) send(b []byte) bool {
	t.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := t.conn.Write(b)
	return err == nil
}

// answer executes a line. Its caller is looked at anew: a rule or a user that is
// gone ends the session.
func (t *talk) answer(ctx context.Context, line []byte) (rep CommandReply, goOn bool) {
	s := t.s
	if !s.rate.wait(ctx) {
		return rep, false
	}
	if denied := s.still(ctx, t.q, t.caller); denied.status != 0 {
		s.complain("line of %s denied: %s", t.q.RemoteAddr, denied.text)
		return failure(accessDenied, denied.text), false
	}
	var r CommandRequest
	if err := strictJSON(line, &r); err != nil {
		s.complain("session of %s: %v", t.q.RemoteAddr, err)
		return failure(networkError, "the line is not understood: "+err.Error()), false
	}
	ctx, cancel := context.WithTimeout(ctx, lineTimeout)
	defer cancel()
	return guarded(s, failure(genericError, ownFault),
		func() CommandReply { return t.run.Execute(ctx, r) }), true
}

func failure(number int, text string) CommandReply {
	return CommandReply{Error: &Problem{Number: number, Text: text}}
}
