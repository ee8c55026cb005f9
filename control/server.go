package control

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"ggsh/control/pin"
)

// Bounds of a server.
const (
	maxHeader     = 64 << 10
	maxBody       = 1 << 20
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 20 * time.Second
	idleTimeout   = 60 * time.Second
	orderTimeout  = 2 * time.Minute
	stopGrace     = 5 * time.Second
	maxConns      = 128
	maxPerSecond  = 200
)

// Responder answers orders. It may be called by several goroutines at a time;
// ctx ends when the order's time is over or the server stops.
type Responder interface {
	Respond(ctx context.Context, r Request) Reply
}

// Options of Serve; the zero value serves orders only.
type Options struct {
	// Pages by method and path, "GET /v1/groups"; a path that ends with / is
	// answered for all paths below it.
	Pages map[string]Page
	// Complain is told of callers that were turned away or sent garbage, a few
	// times a minute at most.
	Complain func(text string)
	// HeaderTimeout is how long a caller may take for its request line and headers.
	HeaderTimeout time.Duration
	// MaxConnections bounds how many callers are connected at a time.
	MaxConnections int
	// Access makes the listener one for callers of other hosts: they speak TLS
	// with Certificate, and Access decides about them.
	Access      *Access
	Certificate tls.Certificate
	// Sessions begins what executes the lines of a caller at SessionPath; nil: none.
	Sessions func(c Caller) Executor
	// SessionIdle is how long a session may say nothing.
	SessionIdle time.Duration
}

// Serve answers orders at l until ctx ends, then lets those under way end for
// a few seconds, and returns nil when nothing of it is left running. It closes l.
// On anything but a unix socket it admits callers of this host only, or with
// Access those that it admits, and no web page of another origin.
func Serve(ctx context.Context, l net.Listener, r Responder, opt Options) error {
	if opt.HeaderTimeout <= 0 {
		opt.HeaderTimeout = headerTimeout
	}
	if opt.MaxConnections <= 0 {
		opt.MaxConnections = maxConns
	}
	if opt.SessionIdle <= 0 {
		opt.SessionIdle = sessionIdle
	}
	s := &server{responder: r, opt: opt, complaints: newBucket(10, 10.0/60),
		rate:     newBucket(2*maxPerSecond, maxPerSecond),
		sessions: make(chan struct{}, maxSessions), stopping: make(chan struct{})}
	s.gate = newGate(l, opt.MaxConnections, s.complain)
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	hs := &http.Server{Handler: s, ReadHeaderTimeout: opt.HeaderTimeout,
		ReadTimeout: max(readTimeout, opt.HeaderTimeout), WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog:    log.New(complaintWriter{s}, "", 0),
		BaseContext: func(net.Listener) context.Context { return work },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		}}
	in := net.Listener(s.gate)
	if opt.Access != nil {
		in = tls.NewListener(s.gate, pin.Server(opt.Certificate))
	}
	done := make(chan error, 1)
	go func() { done <- hs.Serve(in) }()
	var err error
	select {
	case err = <-done:
		stopWork()
		hs.Close()
	case <-ctx.Done():
		close(s.stopping)
		s.gate.closeSilent()
		grace, cancel := context.WithTimeout(context.Background(), stopGrace)
		if hs.Shutdown(grace) != nil || !s.sessionsEnd(grace) {
			stopWork()
			hs.Close()
		}
		cancel()
		<-done
	}
	stopWork()
	s.orders.endAll()
	s.gate.wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve orders: %w", err)
	}
	return nil
}

type connKey struct{}

type server struct {
	responder  Responder
	opt        Options
	gate       *gate
	rate       *bucket
	complaints *bucket
	orders     underWay
	sessions   chan struct{} // one for each that is held
	stopping   chan struct{} // closed when sessions are to end after their line
}

// sessionsEnd waits until no session is held, and lets none begin.
func (s *server) sessionsEnd(ctx context.Context) bool {
	for range cap(s.sessions) {
		select {
		case s.sessions <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// underWay counts the orders that are being answered.
type underWay struct {
	mu    sync.Mutex
	ended bool
	count sync.WaitGroup
}

func (u *underWay) begin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.ended {
		u.count.Add(1)
	}
	return !u.ended
}

// endAll lets no further order begin and waits for the others.
func (u *underWay) endAll() {
	u.mu.Lock()
	u.ended = true
	u.mu.Unlock()
	u.count.Wait()
}

func (s *server) complain(format string, args ...any) {
	if s.opt.Complain != nil && s.complaints.take() {
		s.opt.Complain(fmt.Sprintf(format, args...))
	}
}

// complaintWriter takes what net/http has to say.
type complaintWriter struct{ s *server }

// Write passes one message on.
func (w complaintWriter) Write(b []byte) (int, error) {
	w.s.complain("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if !s.orders.begin() {
		return
	}
	defer s.orders.count.Done()
	if conn, ok := q.Context().Value(connKey{}).(net.Conn); ok {
		if c, ok := gateOf(conn); ok {
			c.busy(true)
			defer c.busy(false)
		}
	}
	h := w.Header()
	h.Set(protocolHeader, protocolVersion)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	if !s.rate.take() {
		refuse(w, http.StatusTooManyRequests, networkError, "too many requests, try again later")
		return
	}
	c, denied := s.receive(q)
	if denied.status != 0 {
		s.deny(w, q, denied)
		return
	}
	s.answer(w, q, c)
}

// receive finds out who asks.
func (s *server) receive(q *http.Request) (Caller, refusal) {
	if s.opt.Access != nil {
		return s.identify(q)
	}
	if denied := admit(q); denied != "" {
		return Caller{}, refusal{http.StatusForbidden, denied}
	}
	return Caller{}, refusal{}
}

func (s *server) deny(w http.ResponseWriter, q *http.Request, d refusal) {
	s.complain("%s from %s denied: %s", q.Method, q.RemoteAddr, d.text)
	if d.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="ggsh"`)
	}
	refuse(w, d.status, accessDenied, d.text)
}

func (s *server) answer(w http.ResponseWriter, q *http.Request, c Caller) {
	page := s.page(q)
	if s.opt.Sessions != nil && q.Method == http.MethodPost && q.URL.Path == SessionPath {
		if d := s.permit(q.Context(), c, shellProgram, true); d.status != 0 {
			s.deny(w, q, d)
			return
		}
		s.hold(w, q, c)
		return
	}
	if page == nil && q.URL.Path != ordersPath {
		refuse(w, http.StatusNotFound, networkError, "there is nothing at "+q.URL.Path)
		return
	}
	if page == nil && q.Method != http.MethodPost {
		refuse(w, http.StatusMethodNotAllowed, networkError, "orders are sent with POST")
		return
	}
	if page != nil {
		if d := s.permit(q.Context(), c, shellProgram, true); d.status != 0 {
			s.deny(w, q, d)
			return
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil {
		s.complain("request from %s: %v", q.RemoteAddr, err)
		refuse(w, http.StatusBadRequest, networkError, "the body cannot be read: "+err.Error())
		return
	}
	var r Request
	if page == nil {
		if err := strictJSON(body, &r); err != nil {
			s.complain("order from %s: %v", q.RemoteAddr, err)
			refuse(w, http.StatusBadRequest, networkError, "the order is not understood: "+err.Error())
			return
		}
		program, needsUser := programOf(r.Verb)
		if d := s.permit(q.Context(), c, program, needsUser); d.status != 0 {
			s.deny(w, q, d)
			return
		}
		r.by(c, q.RemoteAddr)
	}
	rc := http.NewResponseController(w)
	rc.SetReadDeadline(time.Time{}) // else its end would cancel a long order
	rc.SetWriteDeadline(time.Now().Add(orderTimeout + writeTimeout))
	ctx, cancel := context.WithTimeout(q.Context(), orderTimeout)
	defer cancel()
	failed := problem(http.StatusInternalServerError, genericError, ownFault)
	a := guarded(s, failed, func() Answer {
		if page != nil {
			return page(ctx, call(q, body, c))
		}
		return JSONAnswer(0, s.responder.Respond(ctx, r))
	})
	rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.ContentType != "" {
		w.Header().Set("Content-Type", a.ContentType)
	}
	w.WriteHeader(a.Status)
	w.Write(a.Body)
}

func call(q *http.Request, body []byte, c Caller) Call {
	return Call{Method: q.Method, Path: q.URL.Path, Query: q.URL.Query(), Body: body,
		From: q.RemoteAddr, Caller: c}
}

// by notes who sends the order. What a caller of another host says of itself is
// no more than a remark.
func (r *Request) by(c Caller, address string) {
	r.Caller = c
	switch {
	case c.Remote():
		r.From = strings.TrimSpace(r.From + ", " + c.Name())
	case r.From == "":
		r.From = address
	}
}

// ownFault is what is told of one of ours.
const ownFault = "the order failed because of a fault in this program"

// guarded keeps a fault of ours in one order from ending the process and its
// replication.
func guarded[T any](s *server, failed T, f func() T) (a T) {
	defer func() {
		if p := recover(); p != nil {
			s.complain(ownFault+": %v", p)
			a = failed
		}
	}()
	return f()
}

func (s *server) page(q *http.Request) Page {
	want := q.Method + " " + q.URL.Path
	if p, ok := s.opt.Pages[want]; ok {
		return p
	}
	best := ""
	for path := range s.opt.Pages {
		if strings.HasSuffix(path, "/") && strings.HasPrefix(want, path) && len(path) > len(best) {
			best = path
		}
	}
	return s.opt.Pages[best]
}

// strictJSON decodes exactly one value of known fields: an order is refused
// rather than done in part.
func strictJSON(b []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the order")
	}
	return nil
}

func problem(status, number int, text string) Answer {
	return JSONAnswer(status, Reply{Error: &Problem{Number: number, Text: text}})
}

func refuse(w http.ResponseWriter, status, number int, text string) {
	a := problem(status, number, text)
	w.Header().Set("Content-Type", a.ContentType)
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	w.Write(a.Body)
}
