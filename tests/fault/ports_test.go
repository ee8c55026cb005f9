package fault

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
)

func TestAPortInUseIsNamedAndTheManagerDoesNotStart(t *testing.T) {
	h := rig.NewHome(t, bin)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", h.Port))
	if err != nil {
		t.Fatal(err)
	}
	refused(t, h, "start mgr", "OGG-01224", fmt.Sprintf("port %d is in use", h.Port),
		"give another PORT in mgr.prm")
	if s := h.State("MANAGER"); s != "STOPPED" {
		t.Errorf("the Manager is %s", s)
	}
	l.Close()
	h.Run("start mgr")
}

func TestASecondManagerOfAHomeIsRefused(t *testing.T) {
	h := rig.NewHome(t, bin)
	h.Run("start mgr")
	pid := h.PID("MGR")
	if out := h.Run("start mgr"); !strings.Contains(out, "MGR is already running.") {
		t.Error(out)
	}
	cmd := exec.Command(filepath.Join(bin, "manager"), "-home", h.Dir)
	out, err := cmd.CombinedOutput()
	missing := lacking(string(out), []string{"OGG-30120", h.Dir, fmt.Sprint(pid)})
	if err == nil || missing != nil {
		t.Errorf("%v, %q is not in %s", err, missing, out)
	}
	if now := h.PID("MGR"); now != pid || h.State("MANAGER") != "RUNNING" {
		t.Errorf("the Manager is process %d, was %d", now, pid)
	}
}

// nonsense sends a port what no friend sends, and gives connections that stay
// open and say nothing.
func nonsense(t *testing.T, port int) (silent []net.Conn) {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	garbage := make([]byte, 1<<20)
	rand.Read(garbage)
	for _, what := range [][]byte{garbage, {0}, bytes.Repeat([]byte{0xff}, 64<<10),
		[]byte("GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 4<<20)),
		[]byte("POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
			"Content-Length: 999999999999\r\n\r\n{"),
		[]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")} {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			continue // a port that does not even answer is well guarded
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = c.Write(what) // it may well be cut off half way
		c.Close()
	}
	for range 40 {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			break
		}
		_, _ = c.Write([]byte("P"))
		t.Cleanup(func() { c.Close() })
		silent = append(silent, c)
	}
	return silent
}

func TestGarbageHugeAndSlowRequestsOnAnyPortChangeNothing(t *testing.T) {
	p := filePair(t)
	p.Start()
	insert(t, p, 1, 3)
	arrived(t, p, 3)
	pids := map[string]int{"eora": p.Source.PID("eora"), "pora": p.Source.PID("pora"),
		"mgr": p.Source.PID("MGR")}
	for _, port := range []int{p.Source.Port, p.Target.Port, collectorPort(t, p.Target)} {
		nonsense(t, port)
	}
	insert(t, p, 4, 20)
	p.WaitEqual(t, "emp")
	for _, order := range []string{`{"verb":"STOP"}`, `[[[[[`,
		`{"verb":"KILL","type":"EXTRACT","group":"EORA"}`} {
		url := fmt.Sprintf("http://127.0.0.1:%d/v1/orders", p.Source.Port)
		resp, err := http.Post(url, "text/plain", strings.NewReader(order))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("a plain form of another page was taken: %s", resp.Status)
		}
	}
	insert(t, p, 21, 25)
	p.WaitEqual(t, "emp")
	for name, pid := range pids {
		if now := p.Source.PID(name); now != pid {
			t.Errorf("%s is process %d, was %d", name, now, pid)
		}
	}
	for _, h := range []*rig.Home{p.Source, p.Target} {
		if out := h.Run("info all"); strings.Contains(out, "ABENDED") {
			t.Error(out)
		}
	}
}
