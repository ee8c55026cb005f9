package fault

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"ggsh/tests/rig"
)

// wire is a network between a pump and its target that can be cut. It stands at
// the other loopback address and passes on the Manager's port and whatever port
// the Manager names for a collector.
type wire struct {
	t      *testing.T
	limits chan int64 // the next connection to a collector is cut after so many bytes
	cuts   atomic.Int64
	mu     sync.Mutex
	open   []io.Closer
}

var namedPort = regexp.MustCompile(`"[Pp]ort":(\d+)`)

func newWire(t *testing.T, managerPort int) *wire {
	t.Helper()
	w := &wire{t: t, limits: make(chan int64, 16)}
	if !w.listen(managerPort, w.manager) {
		t.Skip("no second loopback address ::1 here")
	}
	t.Cleanup(w.close)
	return w
}

func (w *wire) keep(c io.Closer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = append(w.open, c)
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		c.Close()
	}
}

// listen serves ::1 at a port by connections to the same port of 127.0.0.1.
func (w *wire) listen(port int, serve func(near, far net.Conn)) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	w.keep(l)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				near.Close()
				continue
			}
			w.keep(near)
			w.keep(far)
			go serve(near, far)
		}
	}()
	return true
}

// manager passes orders on and reads in the answers where a collector listens.
func (w *wire) manager(near, far net.Conn) {
	go func() { io.Copy(far, near); far.Close() }()
	defer near.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := far.Read(buf)
		if m := namedPort.FindSubmatch(buf[:n]); m != nil {
			port, _ := strconv.Atoi(string(m[1]))
			w.listen(port, w.collector)
		}
		if _, werr := near.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// collector passes bytes on, and cuts the connection at its limit.
func (w *wire) collector(near, far net.Conn) {
	defer near.Close()
	defer far.Close()
	go func() { io.Copy(near, far); near.Close() }()
	select {
	case limit := <-w.limits:
		if n, _ := io.CopyN(far, near, limit); n == limit {
			w.cuts.Add(1)
			near.(*net.TCPConn).SetLinger(0) // a reset, as of a router that forgot
		}
	default:
		io.Copy(far, near)
	}
}

func TestANetworkCutInTheMidstOfAStreamIsResumedExactly(t *testing.T) {
	p := filePair(t)
	w := newWire(t, p.Target.Port)
	limits := []int64{1500, 70000, 333}
	for _, n := range limits {
		w.limits <- n
	}
	p.Source.Replace("dirprm/pora.prm", "RMTHOST 127.0.0.1", "RMTHOST ::1")
	p.Start()
	for i := range 60 {
		p.SourceData.Exec(t, fmt.Sprintf("INSERT INTO nokey VALUES ('n', %d), ('n', %d)", i, i))
		insertBig(t, p, 10*i, 10*i+1)
	}
	p.WaitEqual(t, "emp", "nokey")
	if n := w.cuts.Load(); n != int64(len(limits)) {
		t.Errorf("%d cuts, want %d", n, len(limits))
	}
	says(t, p.Source, reportOf("pora"), "OGG-01223")
	p.Source.WaitState("pora", "RUNNING")
}

func TestAKilledCollectorIsReplacedAndNothingIsLost(t *testing.T) {
	p := filePair(t)
	p.Start()
	for i := range 3 {
		insert(t, p, 100*i, 100*i+5)
		arrived(t, p, 100*i+5)
		if p.Target.Kill("collector") == 0 {
			t.Fatal("no collector runs")
		}
		p.SourceData.Exec(t, fmt.Sprintf("INSERT INTO nokey VALUES ('k', %d)", i))
	}
	p.WaitEqual(t, "emp", "nokey")
}

func TestAStoppedTargetManagerIsNamedByThePumpWhichGoesOnWhenItIsBack(t *testing.T) {
	p := filePair(t)
	p.Target.Run("stop mgr !")
	p.Source.Run("start eora", "start pora")
	insert(t, p, 1, 3)
	says(t, p.Source, reportOf("pora"), fmt.Sprintf("127.0.0.1:%d", p.Target.Port), "START MANAGER")
	if s := p.Source.State("pora"); s != "RUNNING" {
		t.Errorf("pora is %s while it tries again", s)
	}
	p.Target.Run("start mgr", "start rora")
	p.WaitEqual(t, "emp")
}

// collectorPort asks the Manager where the collector listens.
func collectorPort(t *testing.T, h *rig.Home) int {
	t.Helper()
	port := 0
	rig.Until(t, "a collector", func() (bool, string) {
		out, err := h.Try("send manager getportinfo detail")
		m := regexp.MustCompile(`\b(78[4-9]\d|79\d\d)\b`).FindString(out)
		port, _ = strconv.Atoi(m)
		return err == nil && port > 0, out
	})
	return port
}
