package control

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ggsh/control/pin"
	"ggsh/ggserr"
)

// Bounds of a client. A reply may be long: statistics of thousands of tables.
const (
	dialTimeout    = 5 * time.Second
	defaultTimeout = 60 * time.Second
	maxReply       = 64 << 20
)

// protocolHeader is in every answer of a ggsh program: part of the protocol.
const (
	protocolHeader  = "Ggsh-Protocol"
	protocolVersion = "1"
)

// The reasons why no reply came. Errors of Do wrap one of them.
var (
	// ErrNotRunning: nobody listens there.
	ErrNotRunning = errors.New("nothing listens there")
	// ErrTimeout: somebody listens and did not answer in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrClosed: the connection ended before a reply; the order may have been done.
	ErrClosed = errors.New("the connection was closed before a reply")
	// ErrForeign: what answered is not a ggsh program.
	ErrForeign = errors.New("the server there is not a ggsh program")
)

// Client sends orders to one Manager or process. It may be used by many
// goroutines. Each order has a connection of its own.
type Client struct {
	dial func(ctx context.Context) (net.Conn, error)
	host string // for the Host header
	name string // for messages: "the manager at host:port"
	hint string
	// trust is for a Manager of another host.
	trust Trust
}

// Trust is what a Manager of another host is known by, and what it knows the
// caller by. Of a Manager of this host nothing of it is used.
type Trust struct {
	// Known gives the fingerprint of the certificate of the Manager at host:port,
	// empty when it is not known; nil knows none.
	Known func(address string) (string, error)
	// User and Password are those of the credential store there. Data pumps have none.
	User, Password string
}

// ToManager names a Manager by host and port; nothing is sent yet.
func ToManager(host string, port int, trust Trust) *Client {
	addr := net.JoinHostPort(host, strconv.Itoa(port))
	c := &Client{host: addr, name: "the manager at " + addr, trust: trust,
		hint: "Start it with START MANAGER, or check PORT in its mgr.prm."}
	if !loopbackHost(host) {
		c.hint = "Check that it runs, its host and its PORT; " + accessAdvice
	}
	c.dial = func(ctx context.Context) (net.Conn, error) { return c.dialManager(ctx, addr) }
	return c
}

// dialManager connects; a Manager of another host must have the certificate that
// it is known by before anything is said to it.
func (c *Client) dialManager(ctx context.Context, addr string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
		return conn, nil
	}
	known := ""
	if c.trust.Known != nil {
		known, err = c.trust.Known(addr)
	}
	var cfg *tls.Config
	if err == nil {
		cfg, err = pin.Client(known)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	secure := tls.Client(conn, cfg)
	ctx, cancel := context.WithTimeout(ctx, headerTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// ToProcess names a process, or the Manager of a home, by its unix socket;
// nothing is sent yet.
func ToProcess(socketPath string) *Client {
	c := &Client{host: "localhost", name: "the process at " + socketPath,
		hint: "Start it, then try again."}
	c.dial = func(ctx context.Context) (net.Conn, error) { return dialUnix(ctx, socketPath) }
	return c
}

// Close is for callers that hold a Client as an io.Closer; nothing stays open
// between orders.
func (c *Client) Close() error { return nil }

// Do sends one order and waits for its reply; a context without a deadline
// gets one. A reply that carries a Problem comes with that Problem as error
// too, so that nobody misses it; other errors mean that no reply came and wrap
// ErrNotRunning, ErrTimeout, ErrClosed or ErrForeign where that is known.
func (c *Client) Do(ctx context.Context, r Request) (*Reply, error) {
	reply := &Reply{}
	if err := c.exchange(ctx, ordersPath, r, reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return reply, reply.Error
	}
	return reply, nil
}

// Post sends in to a page as JSON and decodes its answer to out, which has a field
// error when it was refused. Errors mean that no answer came, as with Do.
func (c *Client) Post(ctx context.Context, path string, in, out any) error {
	return c.exchange(ctx, path, in, out)
}

// exchange posts in and decodes the answer to out.
func (c *Client) exchange(ctx context.Context, path string, in, out any) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode order: %w", err)
	}
	q, err := c.request(ctx, path, body)
	if err != nil {
		return c.failed(ctx, err)
	}
	q.Close = true
	conn, err := c.dial(ctx)
	if err != nil {
		return c.failed(ctx, err)
	}
	defer conn.Close()
	c.sign(q, conn)
	defer expiring(ctx, conn)()
	sendErr := q.Write(conn) // a server that refuses may answer before it read all
	a, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxReply+maxHeader)), q)
	if err != nil {
		return c.failed(ctx, errors.Join(sendErr, err))
	}
	defer a.Body.Close()
	return c.read(ctx, a, out)
}

// bounded gives a context without a deadline one.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

func (c *Client) request(ctx context.Context, path string, body []byte) (*http.Request, error) {
	url := "http://" + c.host + path
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err == nil {
		q.Header.Set("Content-Type", jsonType)
	}
	return q, err
}

// sign adds user and password, which travel inside TLS only.
func (c *Client) sign(q *http.Request, conn net.Conn) {
	if _, secure := conn.(*tls.Conn); secure && c.trust.User != "" {
		q.SetBasicAuth(c.trust.User, c.trust.Password)
	}
}

// expiring ends what is under way on a connection with ctx, until it is undone.
func expiring(ctx context.Context, conn net.Conn) (undo func() bool) {
	return context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
}

func (c *Client) read(ctx context.Context, a *http.Response, out any) error {
	if a.Header.Get(protocolHeader) == "" {
		return c.foreign("HTTP status " + a.Status)
	}
	if v := a.Header.Get(protocolHeader); v != protocolVersion {
		return c.foreign("it speaks protocol " + v + ", this program " + protocolVersion)
	}
	b, err := io.ReadAll(io.LimitReader(a.Body, maxReply+1))
	if err != nil {
		return c.failed(ctx, err)
	}
	if len(b) > maxReply {
		return c.foreign(fmt.Sprintf("its reply is longer than %d bytes", maxReply))
	}
	if err := json.Unmarshal(b, out); err != nil {
		return c.foreign("its reply cannot be read: " + err.Error())
	}
	return nil
}

func (c *Client) foreign(why string) error {
	return ggserr.New(ggserr.NetworkError, fmt.Sprintf("%s: %s", c.name, why)).Because(ErrForeign)
}

// pinHint says what to do about a certificate that is not known.
func (c *Client) pinHint(u *pin.Unknown) string {
	hint := "Compare it with INFO MANAGER there; if it is the same, in ggsh of this home: " +
		"CONNECT " + c.host + " FINGERPRINT " + u.Got
	if u.Want != "" {
		return "Either it was made anew there, or somebody is in between. " + hint
	}
	return hint
}

// failed turns a transport error into a sentence that says what is wrong.
func (c *Client) failed(ctx context.Context, err error) error {
	cause, hint := err, ""
	var timeout interface{ Timeout() bool }
	var unknown *pin.Unknown
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		hint = c.pinHint(unknown)
	case errors.As(err, &plain):
		cause = ErrForeign
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", c.name, context.Canceled)
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		cause = ErrTimeout
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		cause, hint = ErrNotRunning, c.hint
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		cause = ErrClosed
	case strings.Contains(err.Error(), "malformed HTTP"):
		cause = ErrForeign
	}
	e := ggserr.New(ggserr.NetworkError, c.name).Because(cause)
	if hint != "" {
		e = e.Do("%s", hint)
	}
	return e
}
