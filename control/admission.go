package control

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"ggsh/ggserr"
)

// Numbers of refusals.
const (
	genericError = int(ggserr.Generic)
	accessDenied = int(ggserr.AccessDenied)
	networkError = int(ggserr.NetworkError)
)

// accessAdvice names the line of mgr.prm that admits others.
const accessAdvice = "a Manager listens for other hosts when its mgr.prm admits them: the line " +
	"ACCESSRULE, PROG *, IPADDR <address>, PRI 1, ALLOW there, then STOP MANAGER and START MANAGER"

// ListenLoopback listens for this host's callers at a TCP port; port 0 takes any.
func ListenLoopback(port int) (net.Listener, error) {
	return listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), port)
}

func listen(address string, port int) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, ggserr.New(ggserr.NetworkError, fmt.Sprintf("port %d is in use", port)).
			Do("Another program listens there: see \"ss -ltnp sport = :%d\". End it, or give "+
				"another PORT in mgr.prm", port)
	}
	if errors.Is(err, syscall.EACCES) {
		return nil, ggserr.New(ggserr.NetworkError,
			fmt.Sprintf("port %d needs a privilege to listen at", port)).
			Do("Give a PORT above 1023 in mgr.prm")
	}
	if err != nil {
		return nil, ggserr.New(ggserr.NetworkError, fmt.Sprintf("listen at port %d", port)).
			Because(err)
	}
	return l, nil
}

// Port gives the port a listener listens at, 0 for a unix socket.
func Port(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// FreePort reports whether nobody listens at a port of this host.
func FreePort(ctx context.Context, port int) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// admit gives the reason why a request is refused, "" if it is not. A unix
// socket's mode decides who may use it. Elsewhere a caller must be of this host
// and must not be a web page of somebody else in this host's browser: such a page
// names another origin, or reaches us by a name of its own (DNS rebinding), or
// can send no JSON without asking first. What may change something must come from
// this program's user or root.
func admit(q *http.Request) string {
	local, _ := q.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil && local.Network() == "unix" {
		return ""
	}
	from, err := netip.ParseAddrPort(q.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return accessAdvice
	}
	if !loopbackHost(hostOnly(q.Host)) {
		return fmt.Sprintf("the request is for host %q; use localhost or 127.0.0.1; %s",
			q.Host, accessAdvice)
	}
	if why := foreignPage(q, "http://"+q.Host); why != "" || readsOnly(q) {
		return why
	}
	return sameUser(q)
}

func readsOnly(q *http.Request) bool {
	return q.Method == http.MethodGet || q.Method == http.MethodHead
}

// foreignPage gives the reason why a request may be that of somebody else's web
// page in a browser, "" if it is not.
func foreignPage(q *http.Request, origin string) string {
	if site := q.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" &&
		site != "none" {
		return "a web page of another origin may not send requests"
	}
	if o := q.Header.Get("Origin"); o != "" && !strings.EqualFold(o, origin) {
		return "a web page of another origin may not send requests"
	}
	if readsOnly(q) {
		return ""
	}
	if t, _, err := mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil ||
		t != jsonType {
		return "the header Content-Type: application/json is missing"
	}
	return ""
}

// hostOnly cuts the port and brackets off.
func hostOnly(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.Trim(host, "[]")
}

// loopbackHost reports whether a name or address is this host's own.
func loopbackHost(host string) bool {
	switch strings.ToLower(host) {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}
