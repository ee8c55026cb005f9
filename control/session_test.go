package control

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ggsh/control/pin"
)

// counter is an Executor that counts its lines. "wait" waits for the end of its
// context; "panic" is a fault of ours.
type counter struct {
	lines   int
	open    *atomic.Int64
	waiting chan struct{}
}

func (c *counter) Execute(ctx context.Context, q CommandRequest) CommandReply {
	c.lines++
	switch q.Line {
	case "wait":
		c.waiting <- struct{}{}
		<-ctx.Done()
	case "panic":
		panic("s3cr3t")
	case "long":
		return CommandReply{Text: strings.Repeat("x", 100_000)}
	}
	return CommandReply{Text: fmt.Sprint(q.Line, " ", c.lines)}
}

func (c *counter) Close() error {
	c.open.Add(-1)
	return nil
}

// host is a server with sessions, and how many of them are open.
type host struct {
	t       *testing.T
	port    int
	open    atomic.Int64
	waiting chan struct{}
	stop    context.CancelFunc
	ended   chan error
	before  int
}

func newHost(t *testing.T, opt Options, all bool) *host {
	h := &host{t: t, waiting: make(chan struct{}), ended: make(chan error, 2),
		before: runtime.NumGoroutine()}
	own, err := ListenLoopback(0)
	others := own
	if all {
		own.Close()
		own, others, err = ListenAll(0)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.port = Port(own)
	opt.Sessions = func(Caller) Executor {
		h.open.Add(1)
		return &counter{open: &h.open, waiting: h.waiting}
	}
	ctx, cancel := context.WithCancel(t.Context())
	h.stop = cancel
	if all {
		go func() { h.ended <- Serve(ctx, own, whoAsks{}, Options{}) }()
	} else {
		h.ended <- nil
	}
	go func() { h.ended <- Serve(ctx, others, whoAsks{}, opt) }()
	t.Cleanup(h.end)
	return h
}

// end stops the server, which leaves no session and no goroutine.
func (h *host) end() {
	h.stop()
	for range 2 {
		if err := <-h.ended; err != nil {
			h.t.Error(err)
		}
	}
	if n := h.open.Load(); n != 0 {
		h.t.Errorf("%d sessions outlive their server", n)
	}
	h.until("no goroutine is left", func() bool { return runtime.NumGoroutine() <= h.before })
}

func (h *host) until(what string, done func() bool) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not seen: %s", what)
		}
	}
}

func (h *host) connect() *Session {
	h.t.Helper()
	s, err := ToManager("127.0.0.1", h.port, Trust{}).Open(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.Close() })
	return s
}

func (h *host) want(s *Session, line, want string) {
	h.t.Helper()
	rep, err := s.Execute(h.t.Context(), CommandRequest{Line: line})
	text := rep.Text
	if rep.Error != nil {
		text = rep.Error.Text
	}
	if err != nil || text != want {
		h.t.Errorf("%s: %.80q, %v; want %.80q", line, text, err, want)
	}
}

// TestASessionLivesWithItsConnection: what a line leaves is there for the next
// and for nobody else, and is gone when the connection is.
func TestASessionLivesWithItsConnection(t *testing.T) {
	h := newHost(t, Options{}, false)
	one, two := h.connect(), h.connect()
	h.want(one, "a", "a 1")
	h.want(one, "b", "b 2")
	h.want(two, "a", "a 1")
	h.want(one, "panic", ownFault)
	h.want(one, "long", strings.Repeat("x", 100_000))
	h.want(one, "c", "c 5")
	if !one.Alive() || h.open.Load() != 2 {
		t.Fatalf("%d sessions are open", h.open.Load())
	}
	two.Close()
	h.until("the closed session ends", func() bool { return h.open.Load() == 1 })
	h.want(one, "d", "d 6")

	// The connection is lost while a line is executed.
	lost := make(chan error, 1)
	go func() {
		_, err := one.Execute(t.Context(), CommandRequest{Line: "wait"})
		lost <- err
	}()
	<-h.waiting
	one.conn.Close()
	if err := <-lost; err == nil {
		t.Error("a line of a lost connection was answered")
	}
	h.until("the lost session ends", func() bool { return h.open.Load() == 0 })
}

// TestALineThatIsGivenUpEndsItsSession: its reply would be taken for another's.
func TestALineThatIsGivenUpEndsItsSession(t *testing.T) {
	h := newHost(t, Options{}, false)
	s := h.connect()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-h.waiting
		cancel()
	}()
	if _, err := s.Execute(ctx, CommandRequest{Line: "wait"}); err == nil || s.Alive() {
		t.Fatalf("the session goes on after %v", err)
	}
	h.until("the session ends there, too", func() bool { return h.open.Load() == 0 })
}

func TestASilentSessionEnds(t *testing.T) {
	h := newHost(t, Options{SessionIdle: 50 * time.Millisecond}, false)
	s := h.connect()
	h.until("the silent session ends", func() bool { return h.open.Load() == 0 })
	h.until("its caller sees it", func() bool { return !s.Alive() })
	if _, err := s.Execute(t.Context(), CommandRequest{Line: "a"}); err == nil {
		t.Error("a line is executed in a session that ended")
	}
}

// TestSessionsAreBounded: one too many is refused, and taken when there is room.
func TestSessionsAreBounded(t *testing.T) {
	h := newHost(t, Options{}, false)
	var held []*Session
	for range maxSessions {
		held = append(held, h.connect())
	}
	_, err := ToManager("127.0.0.1", h.port, Trust{}).Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "DISCONNECT") {
		t.Fatalf("one too many: %v", err)
	}
	if _, err := ToManager("127.0.0.1", h.port, Trust{}).Do(t.Context(),
		Request{Verb: Status}); err != nil {
		t.Errorf("full of sessions, orders are not answered: %v", err)
	}
	held[0].Close()
	h.until("there is room again", func() bool { return h.open.Load() == maxSessions-1 })
	h.until("the next one is taken", func() bool {
		s, err := ToManager("127.0.0.1", h.port, Trust{}).Open(t.Context())
		if err == nil {
			s.Close()
		}
		return err == nil
	})
}

// TestASessionWithGarbage: it ends; the server goes on.
func TestASessionWithGarbage(t *testing.T) {
	h := newHost(t, Options{}, false)
	for _, c := range []struct{ sent, want string }{
		{"{\"line\":\"a\"}\n", "a 1"}, {"{\"lines\":\"a\"}\n", "not understood"},
		{"garbage\n", "not understood"}, {"{\"line\":\"a\"}{}\n", "not understood"},
		{strings.Repeat("x", maxBody+1) + "\n", ""}} {
		s := h.connect()
		s.conn.SetDeadline(time.Now().Add(10 * time.Second))
		s.left.N = maxReply
		io.WriteString(s.conn, c.sent)
		line, _ := readLine(s.in, maxReply)
		if !strings.Contains(string(line), c.want) || c.want == "" && len(line) > 0 {
			t.Errorf("%.30q: %q", c.sent, line)
		}
		s.Close()
	}
	for _, head := range []string{"", "Upgrade: websocket\r\nConnection: Upgrade\r\n"} {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.port))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"+
			"Content-Length: 0\r\n%s\r\n", SessionPath, jsonType, head)
		status, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(status, " 426 ") {
			t.Errorf("%q: %s", head, status)
		}
		conn.Close()
	}
	h.want(h.connect(), "a", "a 1")
}

// TestAServerThatStopsLetsALineEnd: STOP MANAGER of a session is answered.
func TestAServerThatStopsLetsALineEnd(t *testing.T) {
	h := newHost(t, Options{}, false)
	idle, busy := h.connect(), h.connect()
	got := make(chan error, 1)
	go func() {
		_, err := busy.Execute(t.Context(), CommandRequest{Line: "wait"})
		got <- err
	}()
	<-h.waiting
	h.stop()
	h.until("the idle session ends", func() bool { return !idle.Alive() })
	h.until("no other begins", func() bool {
		_, err := ToManager("127.0.0.1", h.port, Trust{}).Open(t.Context())
		return err != nil
	})
	if err := <-got; err != nil { // its context ended with the grace
		t.Errorf("the line under way was not answered: %v", err)
	}
}

// TestASessionIsTheCallersWhileHeIsAdmitted: a rule that goes, or a password that
// is changed, ends it at its next line.
func TestASessionIsTheCallersWhileHeIsAdmitted(t *testing.T) {
	at := outside(t)
	cert, err := pin.Make("manager")
	if err != nil {
		t.Fatal(err)
	}
	var password atomic.Value
	password.Store("right")
	access := NewAccess(func(user, given string) (bool, error) {
		return user == "anna" && given == password.Load(), nil
	})
	open := []AccessRule{{Program: "*", Address: "*", Allow: true}}
	access.SetRules(open)
	h := newHost(t, Options{Access: access, Certificate: cert}, true)
	connect := func(password string) (*Session, error) {
		return ToManager(at, h.port, Trust{User: "anna", Password: password,
			Known: func(string) (string, error) { return pin.Fingerprint(cert), nil }}).Open(t.Context())
	}
	if _, err := connect("wr0ng"); err == nil || !strings.Contains(err.Error(), "password is wrong") {
		t.Fatalf("a wrong password: %v", err)
	}
	for _, c := range []struct {
		change, undo func()
		want         string
	}{
		{func() { access.SetRules(nil) }, func() { access.SetRules(open) }, "ACCESSRULE"},
		{func() { password.Store("other") }, func() { password.Store("right") }, "password is wrong"},
	} {
		s, err := connect("right")
		if err != nil {
			t.Fatal(err)
		}
		h.want(s, "a", "a 1")
		c.change()
		rep, err := s.Execute(t.Context(), CommandRequest{Line: "b"})
		if err != nil || rep.Error == nil || !strings.Contains(rep.Error.Text, c.want) {
			t.Errorf("%s: %+v %v", c.want, rep, err)
		}
		h.until("the session ends", func() bool { return h.open.Load() == 0 && !s.Alive() })
		c.undo()
	}
}

// FuzzLinesOfASession: lines are what was sent, in order, and none is longer than
// the limit; only the first that is too long, or is not ended, is missing.
func FuzzLinesOfASession(f *testing.F) {
	f.Add([]byte("{}\n{\"line\":\"info all\"}\n"), 40)
	f.Add([]byte("\n\n\n"), 1)
	f.Add([]byte(strings.Repeat("x", 50)+"\ny"), 20)
	f.Fuzz(func(t *testing.T, sent []byte, limit int) {
		if limit < 1 || limit > 1<<16 {
			return
		}
		r := bufio.NewReaderSize(bytes.NewReader(sent), 16)
		rest := sent
		for {
			line, err := readLine(r, limit)
			end := bytes.IndexByte(rest, '\n') + 1
			if err != nil {
				if end > 0 && end <= limit {
					t.Fatalf("%v instead of %q", err, rest[:end])
				}
				return
			}
			if len(line) > limit || end == 0 || !bytes.Equal(line, rest[:end]) {
				t.Fatalf("%q of %q, limit %d", line, rest, limit)
			}
			rest = rest[end:]
		}
	})
}
