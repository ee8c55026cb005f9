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
	"sync"
	"testing"
	"time"

	"ggsh/control/pin"
	"ggsh/ggserr"
	"ggsh/record"
	"ggsh/trail"
)

// eventList is an event log in memory.
type eventList struct {
	mu    sync.Mutex
	lines []string
}

func (l *eventList) Write(n ggserr.Number, args ...any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, ggserr.New(n, args...).Error())
	return nil
}

func (l *eventList) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), part)
}

// remote is a home with one collector after another.
type remote struct {
	t    *testing.T
	home string
	log  eventList
	fs   trail.FS
	done chan error
	stop context.CancelFunc
}

func newRemote(t *testing.T) *remote {
	r := &remote{t: t, home: t.TempDir()}
	if err := os.Mkdir(filepath.Join(r.home, "dirdat"), 0o700); err != nil {
		t.Fatal(err)
	}
	return r
}

const testToken = "one-time"

// start runs a server and gives its address.
func (r *remote) start(change func(*ServerConfig)) string {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	cfg := ServerConfig{Token: testToken, Home: r.home, Timeout: 2 * time.Second,
		Dirs: []string{filepath.Join(r.home, "dirdat")}, Log: &r.log, FS: r.fs}
	if change != nil {
		change(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.t.Cleanup(cancel)
	done := make(chan error, 1)
	r.done = done
	go func() { done <- NewServer(cfg).Serve(ctx, l) }()
	return l.Addr().String()
}

func (r *remote) wait() error {
	r.t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(10 * time.Second):
		r.t.Fatal("the server did not end")
		return nil
	}
}

func senderConfig(address string) SenderConfig {
	return SenderConfig{Address: address, Token: testToken, Group: "PORA", Trail: "./dirdat/rt",
		Timeout: 2 * time.Second, Header: trail.HeaderInfo{Group: "PORA", Host: "h1"}}
}

func mustDial(t *testing.T, cfg SenderConfig) *Sender {
	t.Helper()
	s, err := Dial(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testTable(id uint32) *record.TableDef {
	return &record.TableDef{ID: id, Schema: "HR", Name: fmt.Sprintf("T%d", id),
		Columns: []record.ColumnDef{{Name: "ID", Kind: record.Int, Type: "NUMBER"},
			{Name: "NAME", Kind: record.String, Type: "VARCHAR2(30)"}}}
}

func testOp(table uint32, id int64, text string) []byte {
	b, start := record.AppendOpHeader(nil, record.Insert, table)
	b, mark := record.BeginImage(b)
	b = record.AppendInt(b, id)
	b = record.AppendText(b, record.String, text)
	record.EndImage(b, start, mark, false)
	return b
}

func testInfo(csn int) *record.TxnInfo {
	return &record.TxnInfo{CSN: record.CSN{Minor: uint64(csn)}, XID: fmt.Sprint("x", csn),
		CommitTime: time.Unix(int64(csn), 0), OriginSeqno: 3, OriginRBA: uint64(csn) * 100}
}

func put(w trailWriter, def *record.TableDef, csn, n int, text string) error {
	err := w.BeginTxn(testInfo(csn))
	for i := 0; i < n && err == nil; i++ {
		err = w.Op(def, testOp(def.ID, int64(i), text), i == n-1)
	}
	return err
}

// trailWriter is what Extract asks of either.
type trailWriter interface {
	BeginTxn(info *record.TxnInfo) error
	Op(def *record.TableDef, body []byte, last bool) error
	AbortTxn()
	Rollover() error
	Flush() error
	Sync() (trail.Position, error)
	SyncBehind(mark uint64) (uint64, trail.Position, error)
	Last() (record.CSN, record.TxnInfo, bool)
	Position() trail.Position
	Close() error
}

var _, _ trailWriter = (*trail.Writer)(nil), (*Sender)(nil)

// csns reads the remote trail: the CSN and number of operations of each transaction.
func (r *remote) csns() string {
	r.t.Helper()
	n, err := trail.ParseName(filepath.Join(r.home, "dirdat/rt"), 9)
	if err != nil {
		r.t.Fatal(err)
	}
	tr, err := trail.OpenTxnReader(n, trail.Position{}, trail.TxnOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	defer tr.Close()
	var s []string
	for {
		txn, err := tr.Next()
		if err == io.EOF {
			return strings.Join(s, " ")
		}
		if err != nil {
			r.t.Fatal(err)
		}
		s = append(s, fmt.Sprintf("%s*%d", txn.CSN, txn.Count))
	}
}

func (r *remote) want(want string) {
	r.t.Helper()
	if got := r.csns(); got != want {
		r.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestSendSyncResume(t *testing.T) {
	for _, compress := range []bool{false, true} {
		r := newRemote(t)
		cfg := senderConfig(r.start(nil))
		cfg.Compress = compress
		s := mustDial(t, cfg)
		if _, _, ok := s.Last(); ok {
			t.Fatal("an empty trail has a last transaction")
		}
		def := testTable(1)
		for csn := 1; csn <= 3; csn++ {
			if err := put(s, def, csn, 2, strings.Repeat("text ", 100)); err != nil {
				t.Fatal(err)
			}
		}
		at, err := s.Sync()
		if err != nil || at.RBA == 0 || at != s.Durable() {
			t.Fatal(at, err)
		}
		r.want("1*2 2*2 3*2")
		if err := s.BeginTxn(testInfo(4)); err != nil {
			t.Fatal(err)
		}
		if err := s.Op(def, testOp(1, 1, "x"), false); err != nil {
			t.Fatal(err)
		}
		s.AbortTxn()
		if err := s.Rollover(); err != nil {
			t.Fatal(err)
		}
		if err := put(s, testTable(2), 5, 1, "y"); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.wait(); err != nil {
			t.Fatal(err)
		}
		r.want("1*2 2*2 3*2 5*1")
		s = mustDial(t, senderConfig(r.start(nil)))
		csn, info, ok := s.Last()
		if !ok || csn.Minor != 5 || info.OriginSeqno != 3 || info.OriginRBA != 500 {
			t.Fatal(csn, info, ok)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSyncBehindConfirmsMarks(t *testing.T) {
	r := newRemote(t)
	s := mustDial(t, senderConfig(r.start(nil)))
	def := testTable(1)
	var done uint64
	for mark := uint64(1); mark <= 50; mark++ {
		if err := put(s, def, int(mark), 1, "x"); err != nil {
			t.Fatal(err)
		}
		d, _, err := s.SyncBehind(mark)
		if err != nil || d < done || d > mark {
			t.Fatal(d, done, mark, err)
		}
		done = d
	}
	for end := time.Now().Add(5 * time.Second); done < 50; time.Sleep(time.Millisecond) {
		var err error
		if done, _, err = s.SyncBehind(50); err != nil || time.Now().After(end) {
			t.Fatal(done, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTLSWithPinnedCertificate(t *testing.T) {
	r := newRemote(t)
	cert, err := pin.Make("collector")
	if err != nil {
		t.Fatal(err)
	}
	other, err := pin.Make("collector")
	if err != nil {
		t.Fatal(err)
	}
	cfg := senderConfig(r.start(func(c *ServerConfig) { c.TLS = pin.Server(cert) }))
	if cfg.TLS, err = pin.Client(pin.Fingerprint(other)); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(context.Background(), cfg); err == nil {
		t.Fatal("another certificate was accepted")
	}
	if cfg.TLS, err = pin.Client(pin.Fingerprint(cert)); err != nil {
		t.Fatal(err)
	}
	s := mustDial(t, cfg)
	if err := put(s, testTable(1), 1, 1, "x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r.want("1*1")
}

func TestRefusals(t *testing.T) {
	r := newRemote(t)
	address := r.start(nil)
	cfg := senderConfig(address)
	cfg.Token = "wrong"
	if _, err := Dial(context.Background(), cfg); err == nil ||
		!strings.Contains(err.Error(), "token is wrong") {
		t.Fatal(err)
	}
	for _, junk := range []string{"GET / HTTP/1.1\r\n\r\n", "\xff\xff\xff\xff\x01",
		"\x00\x00\x00\x00\x01", "\x05\x00\x00\x00\x01abcd", "\x16\x03\x01\x02\x00\x01"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(junk)); err != nil {
			t.Fatal(err)
		}
		if c, ok := conn.(*net.TCPConn); ok {
			_ = c.CloseWrite()
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%q was not answered by closing", junk)
		}
		conn.Close()
	}
	// After all that the right sender is still admitted, and only once.
	s := mustDial(t, senderConfig(address))
	if _, err := Dial(context.Background(), senderConfig(address)); err == nil {
		t.Fatal("a second sender was admitted")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !r.log.has("OGG-00936") || r.log.has(testToken) {
		t.Fatal(r.log.lines)
	}
}

func TestTrailsOutsideAreRefused(t *testing.T) {
	r := newRemote(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(r.home, "dirdat", "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{outside + "/rt", "../rt", "./dirdat/../../rt", "./dirdat/link/rt",
		"./rt", "./dirdat/x", "/etc/rt"} {
		cfg := senderConfig(r.start(nil))
		cfg.Trail = name
		if _, err := Dial(context.Background(), cfg); err == nil {
			t.Errorf("%s was admitted", name)
		}
		_ = r.wait()
	}
	cfg := senderConfig(r.start(func(c *ServerConfig) { c.Dirs = append(c.Dirs, outside) }))
	cfg.Trail = "./dirdat/link/rt"
	s := mustDial(t, cfg)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(outside + "/rt0*")
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
}

func TestSilentSenderGivesTheTrailFree(t *testing.T) {
	r := newRemote(t)
	cfg := senderConfig(r.start(nil))
	cfg.Timeout = 300 * time.Millisecond
	s := mustDial(t, cfg)
	if err := put(s, testTable(1), 1, 1, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s.out.Lock() // the sender falls silent, its connection stays
	defer s.out.Unlock()
	old := r.done
	next := senderConfig(r.start(nil))
	next.Timeout = time.Second
	s2 := mustDial(t, next)
	if csn, _, _ := s2.Last(); csn.Minor != 1 {
		t.Fatal(csn)
	}
	if err := <-old; err == nil {
		t.Fatal("the first server ended in order")
	}
	if err := s2.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestIdleConnectionIsKept(t *testing.T) {
	r := newRemote(t)
	cfg := senderConfig(r.start(nil))
	cfg.Timeout = 200 * time.Millisecond
	s := mustDial(t, cfg)
	time.Sleep(700 * time.Millisecond)
	if err := put(s, testTable(1), 1, 1, "x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r.want("1*1")
}
