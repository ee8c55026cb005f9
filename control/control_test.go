package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/ggserr"
)

// echo answers with the order it got.
type echo struct{}

func (echo) Respond(ctx context.Context, r Request) Reply {
	switch r.Group {
	case "PANIC":
		panic("boom")
	case "BAD":
		return Reply{Error: &Problem{Number: 1, Text: "no such group"}}
	case "SLOW":
		<-ctx.Done()
	}
	return Reply{Text: fmt.Sprintf("%s %s %v", r.Verb, r.Group, r.Args),
		Identity: &Identity{Group: r.Group, PID: os.Getpid()}}
}

// complaints collects what a server says of its callers.
type complaints struct {
	mu   sync.Mutex
	text []string
}

func (c *complaints) add(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, s)
}

func (c *complaints) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.text, "\n")
}

// announced tells when the listener is first used.
type announced struct {
	net.Listener
	once sync.Once
	up   chan struct{}
}

func (a *announced) Accept() (net.Conn, error) {
	a.once.Do(func() { close(a.up) })
	return a.Listener.Accept()
}

// serve runs a server until the test ends and proves that it leaves no goroutine.
func serve(t *testing.T, l net.Listener, opt Options) *complaints {
	t.Helper()
	before := runtime.NumGoroutine()
	c := &complaints{}
	opt.Complain = c.add
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	up := &announced{Listener: l, up: make(chan struct{})}
	go func() { done <- Serve(ctx, up, echo{}, opt) }()
	<-up.up // all its goroutines run
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Serve does not end")
		}
		for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; {
			if time.Now().After(end) {
				b := make([]byte, 1<<16)
				t.Fatalf("goroutines left:\n%s", b[:runtime.Stack(b, true)])
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	return c
}

func loopback(t *testing.T, opt Options) (int, *complaints) {
	t.Helper()
	l, err := ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	return Port(l), serve(t, l, opt)
}

func TestOneOrderOneReplyOverBothTransports(t *testing.T) {
	port, _ := loopback(t, Options{})
	long := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	sock := filepath.Join(long, "E1.sock")
	l, err := ListenProcess(sock)
	if err != nil {
		t.Fatal(err)
	}
	serve(t, l, Options{})
	if st, err := os.Stat(sock); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", st.Mode(), err)
	}
	for _, c := range []*Client{ToManager("localhost", port, Trust{}), ToProcess(sock)} {
		r, err := c.Do(t.Context(), Request{Verb: Stop, Group: "E1", Args: []string{"!"}})
		if err != nil || r.Text != "STOP E1 [!]" || r.Identity.PID != os.Getpid() {
			t.Errorf("%s: %v %v", c.name, r, err)
		}
		var p *Problem
		if r, err := c.Do(t.Context(), Request{Group: "BAD"}); !errors.As(err, &p) ||
			r.Error.Text != "no such group" {
			t.Errorf("%s: %v %v", c.name, r, err)
		}
		if _, err := c.Do(t.Context(), Request{Group: "PANIC"}); err == nil ||
			!strings.Contains(err.Error(), "fault in this program") {
			t.Errorf("panic gave %v", err)
		}
		c.Close()
	}
	if pid, err := SocketOwner(t.Context(), sock); err != nil || pid != os.Getpid() {
		t.Errorf("owner %d %v", pid, err)
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	port, _ := loopback(t, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := Port(l)
	l.Close()
	foreign, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	go func() {
		for {
			c, err := foreign.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n")
			c.Close()
		}
	}()
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, c := range []struct {
		ctx    context.Context
		client *Client
		group  string
		want   error
		text   string
	}{
		{t.Context(), ToManager("localhost", free, Trust{}), "", ErrNotRunning, "START MANAGER"},
		{t.Context(), ToProcess(filepath.Join(t.TempDir(), "E1.sock")), "", ErrNotRunning, ""},
		{t.Context(), ToManager("127.0.0.1", Port(foreign), Trust{}), "", ErrForeign, "not a ggsh"},
		{short, ToManager("127.0.0.1", port, Trust{}), "SLOW", ErrTimeout, "no answer in time"},
	} {
		_, err := c.client.Do(c.ctx, Request{Verb: Status, Group: c.group})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) ||
			ggserr.NumberOf(err) != ggserr.NetworkError {
			t.Errorf("got %v, want %v", err, c.want)
		}
		c.client.Close()
	}
}

func TestWhoIsRefused(t *testing.T) {
	pages := map[string]Page{"GET /v1/groups": func(context.Context, Call) Answer {
		return JSONAnswer(0, []string{"E1"})
	}}
	port, said := loopback(t, Options{Pages: pages})
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	order := `{"verb":"STATUS"}`
	for _, c := range []struct {
		method, path, body, header, value string
		status                            int
		want                              string
	}{
		{"POST", "/v1/orders", order, "", "", 200, "STATUS"},
		{"GET", "/v1/groups", "", "", "", 200, `["E1"]`},
		{"GET", "/v1/groups", "", "Sec-Fetch-Site", "none", 200, `["E1"]`},
		{"GET", "/v1/groups", "", "Host", "evil.example:7809", 403, "ACCESSRULE"},
		{"GET", "/v1/groups", "", "Host", "[::1]:7809", 200, "E1"},
		{"GET", "/v1/groups", "", "Origin", "http://evil.example", 403, "another origin"},
		{"GET", "/v1/groups", "", "Origin", base, 200, "E1"},
		{"GET", "/v1/groups", "", "Sec-Fetch-Site", "cross-site", 403, "another origin"},
		{"POST", "/v1/orders", order, "Origin", "null", 403, "another origin"},
		{"POST", "/v1/orders", order, "Content-Type", "text/plain", 403, "Content-Type"},
		{"POST", "/v1/orders", `{"verb":"STOP","grp":"E1"}`, "", "", 400, "grp"},
		{"POST", "/v1/orders", `{"verb":"STOP"}{}`, "", "", 400, "follows"},
		{"POST", "/v1/orders", "", "", "", 400, "EOF"},
		{"POST", "/v1/orders", strings.Repeat(" ", maxBody+1), "", "", 400, "too large"},
		{"GET", "/v1/orders", "", "", "", 405, "POST"},
		{"GET", "/v2/orders", "", "", "", 404, "/v2/orders"},
	} {
		q, _ := http.NewRequest(c.method, base+c.path, strings.NewReader(c.body))
		if c.method == "POST" {
			q.Header.Set("Content-Type", "application/json; charset=utf-8")
		}
		if c.header == "Host" {
			q.Host = c.value
		} else if c.header != "" {
			q.Header.Set(c.header, c.value)
		}
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(a.Body)
		a.Body.Close()
		if a.StatusCode != c.status || !strings.Contains(string(b), c.want) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.value, a.StatusCode, b)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if !strings.Contains(said.all(), "denied") {
		t.Error("refusals are not told")
	}
}

func TestCallersOfOtherHostsAreRefused(t *testing.T) {
	q, _ := http.NewRequest("GET", "http://localhost/v1/groups", nil)
	q.RemoteAddr = "10.0.0.4:44128"
	if why := admit(q); !strings.Contains(why, "ACCESSRULE, PROG *") {
		t.Errorf("got %q", why)
	}
	q.RemoteAddr = "[::ffff:127.0.0.1]:44128"
	if why := admit(q); why != "" {
		t.Errorf("got %q", why)
	}
}

func TestTheKernelTellsWhoseAConnectionIs(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue // no IPv6 here
		}
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		near := c.LocalAddr().(*net.TCPAddr).AddrPort()
		far := c.RemoteAddr().(*net.TCPAddr).AddrPort()
		if uid, ok := ownerOf(near, far); !ok || uid != os.Getuid() {
			t.Errorf("%s: user %d %v", addr, uid, ok)
		}
		if _, ok := ownerOf(far, netip.MustParseAddrPort("127.0.0.1:1")); ok {
			t.Errorf("%s: a connection that is not there has a user", addr)
		}
	}
	mapped := netip.MustParseAddrPort("127.0.0.1:7809")
	if got := kernelForm(mapped, true); len(got) != 37 || !strings.HasSuffix(got, ":1E81") {
		t.Errorf("got %s", got)
	}
}

func TestGarbageSlowAndManyCallersShutNobodyOut(t *testing.T) {
	port, said := loopback(t, Options{MaxConnections: 8, HeaderTimeout: 30 * time.Second})
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	rnd := rand.NewChaCha8([32]byte{1})
	var open []net.Conn
	for i := range 40 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		switch i % 3 {
		case 0: // random bytes
			b := make([]byte, 2000)
			rnd.Read(b)
			c.Write(b)
		case 1: // a request that never ends
			io.WriteString(c, "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nX")
		case 2: // huge headers
			io.WriteString(c, "GET / HTTP/1.1\r\nX: "+strings.Repeat("x", 2*maxHeader))
		}
	}
	client := ToManager("127.0.0.1", port, Trust{})
	defer client.Close()
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if _, err := client.Do(ctx, Request{Verb: Status}); err != nil {
			t.Errorf("an honest caller got %v", err)
		}
		cancel()
	}
	for _, c := range open {
		c.Close()
	}
	if !strings.Contains(said.all(), "make way") && !strings.Contains(said.all(), "no request") {
		t.Errorf("nothing was told: %s", said.all())
	}
	if n := strings.Count(said.all(), "\n"); n > 12 {
		t.Errorf("%d complaints flood the event log", n)
	}
}

func TestSlowHeadersAreCutOff(t *testing.T) {
	port, said := loopback(t, Options{HeaderTimeout: 100 * time.Millisecond})
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "POST /v1")
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(c); err != nil {
		t.Errorf("the server did not close: %v", err)
	}
	for end := time.Now().Add(5 * time.Second); !strings.Contains(said.all(), "no request"); {
		if time.Now().After(end) {
			t.Fatalf("not told: %q", said.all())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestRateIsBounded(t *testing.T) {
	b := newBucket(3, 1e-9)
	for range 3 {
		if !b.take() {
			t.Fatal("a burst does not pass")
		}
	}
	if b.take() {
		t.Error("no bound")
	}
	b.last = b.last.Add(-time.Hour)
	b.each = 1
	if !b.take() {
		t.Error("no refill")
	}
}

func TestStaleSocketGivesWayAndALivingOneDoesNot(t *testing.T) {
	dir := t.TempDir()
	sock := filepath.Join(dir, "E1.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: sock, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ListenProcess(sock); err == nil || !strings.Contains(err.Error(), "pid") {
		t.Errorf("a living socket was taken: %v", err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	second, err := ListenProcess(sock)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(sock)
	third, err := ListenProcess(sock)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	if _, err := os.Stat(sock); err != nil {
		t.Error("a listener removed another one's socket")
	}
	third.Close()
	if _, err := os.Stat(sock); err == nil {
		t.Error("a closed listener left its socket")
	}
	os.WriteFile(sock, nil, 0o600)
	if _, err := ListenProcess(sock); err == nil {
		t.Error("a file was taken for a socket")
	}
}

func TestPortInUseSaysWhatToDo(t *testing.T) {
	l, err := ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = ListenLoopback(Port(l))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is in use", Port(l))) ||
		!strings.Contains(err.Error(), "PORT in mgr.prm") {
		t.Errorf("got %v", err)
	}
	if FreePort(t.Context(), Port(l)) {
		t.Error("the port is said to be free")
	}
}

func TestProcessFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "E1.pce")
	want := ProcessFile{Identity: Identity{Type: "EXTRACT", Group: "E1", PID: 4711, Home: "/gg"},
		Started: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Socket: "/gg/dirpcs/E1.sock",
		Port: 7840}
	if err := WriteProcessFile(path, want); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	if !strings.HasPrefix(string(b), "PROGRAM\tEXTRACT\tPROCESSID\tE1\tPORT\t") {
		t.Errorf("got %s", b)
	}
	got, err := ReadProcessFile(path)
	if err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v %v", got, err)
	}
	if RemoveProcessFile(path, 1); !exists(path) {
		t.Error("another process's file was removed")
	}
	if err := RemoveProcessFile(path, 4711); err != nil || exists(path) {
		t.Errorf("not removed: %v", err)
	}
	want.Home = "/a\tb"
	if WriteProcessFile(path, want) == nil {
		t.Error("a tab was written")
	}
	for _, bad := range []string{"", "PROGRAM\tX\n", strings.TrimSuffix(string(b), "\n"),
		strings.Replace(string(b), "4711", "-1", 1), "\x00\x01\x02\n"} {
		os.WriteFile(path, []byte(bad), 0o644)
		if _, err := ReadProcessFile(path); err == nil {
			t.Errorf("%q was believed", bad)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// FuzzProcessFile: no content of a process file may do more than be refused, and
// what is read can be written and read again.
func FuzzProcessFile(f *testing.F) {
	f.Add([]byte("PROGRAM\tEXTRACT\tPROCESSID\tE1\tPORT\tvm.0\tPID\t7\t" +
		"STARTED\t2026-01-02T03:04:05Z\tSOCKET\t/s\tHOME\t/h\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseProcessFile(b)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "x")
		if err := WriteProcessFile(path, *p); err != nil {
			t.Fatal(err)
		}
		again, err := ReadProcessFile(path)
		if err != nil || again.Identity != p.Identity || !again.Started.Equal(p.Started) {
			t.Fatalf("%+v %v, was %+v", again, err, p)
		}
	})
}
