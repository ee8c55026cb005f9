package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/trail"
)

// cutConn ends the connection after so many bytes were sent or received.
type cutConn struct {
	net.Conn
	left *atomic.Int64
}

func (c cutConn) take(n int) (int, bool) {
	left := c.left.Add(-int64(n))
	return max(0, n+int(min(left, 0))), left < 0
}

func (c cutConn) Write(b []byte) (int, error) {
	n, cut := c.take(len(b))
	if !cut {
		return c.Conn.Write(b)
	}
	n, _ = c.Conn.Write(b[:n])
	c.Conn.Close()
	return n, errors.New("cut")
}

func (c cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if m, cut := c.take(n); cut {
		c.Conn.Close()
		return m, errors.New("cut")
	}
	return n, err
}

// sendAll goes on behind what the remote trail holds, up to transaction last.
func sendAll(s *Sender, last int) error {
	csn, _, _ := s.Last()
	def := testTable(1)
	for i := int(csn.Minor) + 1; i <= last; i++ {
		if err := put(s, def, i, 2, "some text"); err != nil {
			return err
		}
		if i%2 == 0 {
			if _, err := s.Sync(); err != nil {
				return err
			}
		}
	}
	return s.Close()
}

// TestCutAnywhere cuts the connection after every number of bytes in turn; the
// remote trail must end with each transaction once and whole.
func TestCutAnywhere(t *testing.T) {
	const last = 6
	var want []string
	for i := 1; i <= last; i++ {
		want = append(want, fmt.Sprintf("%d*2", i))
	}
	step := int64(23)
	if testing.Short() {
		step = 131
	}
	for budget, whole := int64(1), false; !whole; budget += step {
		r := newRemote(t)
		for try := 0; ; try++ {
			cfg := senderConfig(r.start(nil))
			left := &atomic.Int64{}
			left.Store(budget)
			if try > 0 {
				left.Store(1 << 40)
			}
			cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
				return cutConn{conn, left}, err
			}
			s, err := Dial(context.Background(), cfg)
			if err == nil {
				if err = sendAll(s, last); err != nil {
					_ = s.Close()
				}
			}
			if err == nil {
				if whole = try == 0; !whole && try > 1 {
					t.Fatalf("budget %d took %d tries", budget, try)
				}
				break
			}
			if try > 1 {
				t.Fatal(err)
			}
			r.stop()
			_ = r.wait()
		}
		r.want(strings.Join(want, " "))
	}
}

// slowConn sends and receives a few bytes at a time.
type slowConn struct{ net.Conn }

func (c slowConn) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = c.Conn.Write(b[n:min(n+7, len(b))])
		n += m
	}
	return n, err
}

func (c slowConn) Read(b []byte) (int, error) { return c.Conn.Read(b[:min(3, len(b))]) }

func TestSlicedConnection(t *testing.T) {
	r := newRemote(t)
	cfg := senderConfig(r.start(nil))
	cfg.BlockBytes = 500
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return slowConn{conn}, err
	}
	if err := sendAll(mustDial(t, cfg), 20); err != nil {
		t.Fatal(err)
	}
	if got := r.csns(); !strings.HasSuffix(got, " 19*2 20*2") {
		t.Fatal(got)
	}
}

func TestLongOperations(t *testing.T) {
	r := newRemote(t)
	cfg := senderConfig(r.start(nil))
	cfg.Compress = true
	s := mustDial(t, cfg)
	if err := put(s, testTable(1), 1, 3, strings.Repeat("long ", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r.want("1*3")
}

// fullDisk takes so many bytes, then is full.
type fullDisk struct {
	trail.Disk
	left *atomic.Int64
}

type fullFile struct {
	trail.File
	left *atomic.Int64
}

func (d fullDisk) Create(path string) (trail.File, error) {
	f, err := d.Disk.Create(path)
	return fullFile{f, d.left}, err
}

func (f fullFile) Write(b []byte) (int, error) {
	if f.left.Add(-int64(len(b))) >= 0 {
		return f.File.Write(b)
	}
	n, _ := f.File.Write(b[:len(b)/2])
	return n, &os.PathError{Op: "write", Path: "rt", Err: syscall.ENOSPC}
}

func TestRemoteDiskFull(t *testing.T) {
	r := newRemote(t)
	left := &atomic.Int64{}
	left.Store(3000)
	r.fs = fullDisk{left: left}
	s := mustDial(t, senderConfig(r.start(nil)))
	err := sendAll(s, 100)
	if ggserr.NumberOf(err) != ggserr.RemoteWrite || !strings.Contains(err.Error(), "no space left") ||
		!strings.Contains(err.Error(), "file system") {
		t.Fatal(err)
	}
	if err2 := s.Close(); err2 == nil || err2.Error() != err.Error() {
		t.Fatal(err2)
	}
	if err := r.wait(); err == nil {
		t.Fatal("the server ended in order")
	}
	left.Store(1 << 40)
	if err := sendAll(mustDial(t, senderConfig(r.start(nil))), 100); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(r.csns()); len(got) != 100 || got[99] != "100*2" {
		t.Fatal(got)
	}
}

// TestBadFrames sends what an admitted sender must not send.
func TestBadFrames(t *testing.T) {
	for name, frames := range map[string][][]byte{
		"unknown type":     {{200, 0, 0, 0, 99}},
		"huge length":      {{0xff, 0xff, 0xff, 0xff, frameRecord}},
		"short block":      {{4, 0, 0, 0, frameRecord, 0, 0, 0}},
		"wrong checksum":   {{12, 0, 0, 0, frameRecord, 0, 2, 0, 0, 0, 1, 2, 3, 4, 5, 0}},
		"unknown codec":    {{11, 0, 0, 0, frameRecord, 9, 1, 0, 0, 0, 0, 0, 0, 0, 5}},
		"short sync":       {{3, 0, 0, 0, frameSync, 0, 0}},
		"the server's":     {{1, 0, 0, 0, frameSynced}},
		"a fail":           {{6, 0, 0, 0, frameFail, 1, 0, 0, 0, 'x'}},
		"cut":              {{100, 0, 0, 0, frameRecord, 0}},
		"operation at all": blockOf(itemLastOp, testOp(1, 1, "x")),
		"item":             blockOf(77, nil),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t)
			s := mustDial(t, senderConfig(r.start(nil)))
			for _, f := range frames {
				if _, err := s.link.conn.Write(f); err != nil {
					t.Fatal(err)
				}
			}
			if name == "cut" {
				s.link.conn.Close()
			}
			if err := r.wait(); err == nil {
				t.Fatal("the server ended in order")
			}
			if err := s.Close(); err == nil {
				t.Fatal("the sender ended in order")
			}
			r.want("")
		})
	}
}

func blockOf(kind byte, body []byte) [][]byte {
	items := append([]byte{kind, byte(len(body))}, body...)
	head := blockHeader(codecPlain, items)
	return [][]byte{{byte(1 + blockHead + len(items)), 0, 0, 0, frameRecord}, head[:], items}
}

func TestNobodyComes(t *testing.T) {
	r := newRemote(t)
	r.start(func(c *ServerConfig) { c.Idle = 50 * time.Millisecond })
	if err := r.wait(); ggserr.NumberOf(err) != ggserr.NetworkError {
		t.Fatal(err)
	}
}

// TestServerVanishes tells the sender by silence when the other end is dead.
func TestServerVanishes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		k := newLink(conn, time.Second)
		if _, _, err := k.read(maxHello); err == nil {
			_ = k.write(frameOpen, (&holds{}).append(nil))
		}
		_, _ = io.Copy(io.Discard, conn)
	}()
	cfg := senderConfig(l.Addr().String())
	cfg.Timeout = 200 * time.Millisecond
	s := mustDial(t, cfg)
	if err := put(s, testTable(1), 1, 1, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sync(); ggserr.NumberOf(err) != ggserr.NetworkError {
		t.Fatal(err)
	}
	_ = s.Close()
}

func BenchmarkSender(b *testing.B) {
	for _, compress := range []bool{false, true} {
		b.Run(fmt.Sprintf("compress=%v", compress), func(b *testing.B) {
			home := b.TempDir()
			if err := os.Mkdir(filepath.Join(home, "dirdat"), 0o700); err != nil {
				b.Fatal(err)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			server := NewServer(ServerConfig{Token: testToken, Home: home,
				Dirs: []string{filepath.Join(home, "dirdat")}})
			go func() { _ = server.Serve(context.Background(), l) }()
			cfg := senderConfig(l.Addr().String())
			cfg.Compress = compress
			s, err := Dial(context.Background(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			def, body := testTable(1), testOp(1, 4711, strings.Repeat("some text ", 18))
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%10 == 0 {
					err = s.BeginTxn(testInfo(1))
				}
				if err == nil {
					err = s.Op(def, body, i%10 == 9)
				}
				if err == nil && i%5000 == 0 {
					_, _, err = s.SyncBehind(uint64(i))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
		})
	}
}
