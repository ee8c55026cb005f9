package systemlog

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/param"
)

// listen is a syslog daemon at a socket of the test's own.
func listen(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// next is what the daemon takes; it is there already, or will never come.
func next(t *testing.T, c net.Conn) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, 1<<16)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// fixture is an event log whose copies go to a socket, and a clock.
type fixture struct {
	*ggserr.Log
	path, socket string
	now          time.Time
}

func newFixture(t *testing.T, wanted param.SysLog) *fixture {
	dir := t.TempDir()
	f := &fixture{path: filepath.Join(dir, "ggserr.log"), socket: filepath.Join(dir, "log"),
		now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)}
	f.Log = ggserr.NewLog(f.path, "ggsh Manager", "mgr.prm", func() time.Time { return f.now })
	f.CopyTo((&daemon{wanted: wanted.Has, sockets: []string{dir + "/none", f.socket}}).send)
	return f
}

func (f *fixture) write(t *testing.T, n ggserr.Number, args ...any) {
	t.Helper()
	if err := f.Write(n, args...); err != nil {
		t.Fatal(err)
	}
}

func TestEventsOfTheSeveritiesGivenReachTheDaemon(t *testing.T) {
	f := newFixture(t, param.SysLog{Warning: true, Error: true})
	daemon := listen(t, f.socket)
	f.write(t, ggserr.ManagerStarted, 7809)
	f.write(t, ggserr.SourceGone, "two\nlines")
	f.write(t, ggserr.ProcessAbending)
	want := fmt.Sprintf("<28>Mar  4 05:06:07 ggsh[%d]: WARNING OGG-30142 ggsh Manager, mgr.prm: "+
		"two lines. Nothing to do unless the text names what was not read.\n", os.Getpid())
	if got := next(t, daemon); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := next(t, daemon); !strings.HasPrefix(got, "<27>") || !strings.Contains(got, "OGG-01668") {
		t.Errorf("the error came as %q", got)
	}
	b, err := os.ReadFile(f.path)
	if err != nil || !strings.Contains(string(b), "OGG-00983") {
		t.Errorf("the event log lacks what the system log is not to have: %v\n%s", err, b)
	}
}

// TestMissingDaemonIsSaidOnce begins without a daemon, starts one, ends it, and begins again.
func TestMissingDaemonIsSaidOnce(t *testing.T) {
	f := newFixture(t, param.SysLog{Info: true})
	complaints := func() int {
		b, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(b), ggserr.SystemLogAway.String())
	}
	for range 3 {
		f.write(t, ggserr.ManagerStarted, 7809)
		f.now = f.now.Add(2 * pause)
	}
	if n := complaints(); n != 1 {
		t.Errorf("a daemon that is missing was told of %d times", n)
	}
	daemon := listen(t, f.socket)
	f.write(t, ggserr.ManagerStarted, 7809)
	if got := next(t, daemon); !strings.HasPrefix(got, "<30>") {
		t.Errorf("a daemon that came got %q", got)
	}
	daemon.Close()
	f.write(t, ggserr.ManagerStarted, 7809)
	f.write(t, ggserr.ManagerStarted, 7809)
	if n := complaints(); n != 2 {
		t.Errorf("a daemon that came and went was told of %d times", n)
	}
}

// TestStuckDaemonHoldsNobodyUp fills the queue of a daemon that reads nothing.
func TestStuckDaemonHoldsNobodyUp(t *testing.T) {
	f := newFixture(t, param.SysLog{Info: true})
	listen(t, f.socket)
	begin := time.Now()
	for range 2000 {
		f.write(t, ggserr.ManagerStarted, 7809)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("2000 events took %s", took)
	}
	b, err := os.ReadFile(f.path)
	if err != nil || strings.Count(string(b), "OGG-00983") != 2000 ||
		strings.Count(string(b), ggserr.SystemLogAway.String()) != 1 {
		t.Errorf("the event log is not whole, or complains not once: %v", err)
	}
}

func TestLineIsBounded(t *testing.T) {
	got := line(ggserr.Event{Text: strings.Repeat("ö", maxText)})
	if len(got) > maxText+100 || strings.ContainsRune(got, '\uFFFD') || !strings.HasSuffix(got, "\n") {
		t.Errorf("a line of %d bytes: ...%q", len(got), got[len(got)-20:])
	}
}
