package collector

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"ggsh/ggserr"
	"ggsh/record"
	"ggsh/trail"
)

// EventLog takes a server's messages; *ggserr.Log is one.
type EventLog interface {
	Write(n ggserr.Number, args ...any) error
}

// ServerConfig is what a server needs to know.
type ServerConfig struct {
	Token string   // the only one admitted; an empty one admits nobody
	Home  string   // relative trail names lie below it
	Dirs  []string // folders that trails may lie in: dirdat, then ALLOWOUTPUTDIR's
	// Timeout bounds each step on the network where the sender does not say its
	// own; zero: 30 s. A sender that is silent for as long is gone.
	Timeout time.Duration
	// Idle is how long the server waits for its sender to come; zero: 60 s.
	Idle time.Duration
	// AllowRemote admits senders from other hosts; without TLS they are refused.
	AllowRemote bool
	TLS         *tls.Config
	Log         EventLog   // nil: none
	FS          trail.FS   // nil: trail.Disk
	Keys        trail.Keys // for encrypted trails; nil: there are none
}

// Server takes the records of one sender and writes them to one trail.
type Server struct {
	cfg    ServerConfig
	secret chan struct{} // holds one value until a sender is admitted
}

// NewServer makes a server for one sender.
func NewServer(cfg ServerConfig) *Server {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Idle <= 0 {
		cfg.Idle = time.Minute
	}
	s := &Server{cfg: cfg, secret: make(chan struct{}, 1)}
	s.secret <- struct{}{}
	return s
}

const (
	helloTime  = 10 * time.Second
	maxKnocks  = 16 // connections that have not said hello yet
	lockMargin = 5 * time.Second
	maxTimeout = 10 * time.Minute
	lastWords  = 2 * time.Second // for a Fail frame to be read
)

// Serve accepts connections on l until one brings the token, serves that one to
// its end, and returns nil when it ended in order. l is closed as soon as the
// sender is admitted. Others are refused and logged.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	admitted := make(chan *session)
	idle := time.NewTimer(s.cfg.Idle)
	defer idle.Stop()
	go s.accept(ctx, l, admitted)
	defer l.Close()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-idle.C:
		text := fmt.Sprintf("no sender came to %s within %s", l.Addr(), s.cfg.Idle)
		s.log(ggserr.NetworkError, text)
		return ggserr.New(ggserr.NetworkError, text)
	case c := <-admitted:
		l.Close()
		stop := context.AfterFunc(ctx, func() { c.link.conn.Close() })
		defer stop()
		return c.serve()
	}
}

// accept takes connections and lets a bounded number of them say hello.
func (s *Server) accept(ctx context.Context, l net.Listener, admitted chan<- *session) {
	knocks := make(chan struct{}, maxKnocks)
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		select {
		case knocks <- struct{}{}:
		default:
			conn.Close()
			continue
		}
		go func() {
			defer func() { <-knocks }()
			c, err := s.admit(conn)
			if err != nil {
				s.log(ggserr.AccessDenied, fmt.Sprintf("collector connection from %s: %v",
					conn.RemoteAddr(), err))
				conn.Close()
				return
			}
			select {
			case admitted <- c:
			case <-ctx.Done():
				conn.Close()
			}
		}()
	}
}

func (s *Server) log(n ggserr.Number, args ...any) {
	if s.cfg.Log != nil {
		// There is nothing to be done about a log that cannot be written.
		_ = s.cfg.Log.Write(n, args...)
	}
}

// admit reads the hello of a connection and checks its token.
func (s *Server) admit(conn net.Conn) (*session, error) {
	if err := s.checkPeer(conn); err != nil {
		return nil, err
	}
	if s.cfg.TLS != nil {
		secure := tls.Server(conn, s.cfg.TLS)
		ctx, cancel := context.WithTimeout(context.Background(), helloTime)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secure
	}
	k := newLink(conn, min(helloTime, s.cfg.Timeout))
	// A hello must come whole within the time, however slowly its bytes drip.
	late := time.AfterFunc(k.timeout, func() { conn.Close() })
	kind, payload, err := k.read(maxHello)
	if !late.Stop() && err == nil {
		err = errors.New("the hello came too late")
	}
	if err != nil {
		return nil, err
	}
	if kind != frameHello {
		return nil, fmt.Errorf("frame %d came instead of Hello", kind)
	}
	h, err := decodeHello(payload)
	if err != nil {
		return nil, err
	}
	if err := s.checkHello(h); err != nil {
		_ = k.write(frameFail, failure(err))
		return nil, err
	}
	k.timeout = s.cfg.Timeout
	if h.Timeout > 0 {
		k.timeout = min(time.Duration(h.Timeout)*time.Millisecond, maxTimeout)
	}
	return &session{server: s, link: k, hello: h}, nil
}

func (s *Server) checkHello(h *hello) error {
	same := subtle.ConstantTimeCompare([]byte(h.Token), []byte(s.cfg.Token)) == 1
	if !same || s.cfg.Token == "" {
		return ggserr.New(ggserr.AccessDenied, "the token is wrong")
	}
	if h.Version != protocolVersion && h.Version != sealedVersion {
		return ggserr.New(ggserr.AccessDenied, fmt.Sprintf("protocol version %d; this collector "+
			"speaks versions %d and %d", h.Version, protocolVersion, sealedVersion))
	}
	select {
	case <-s.secret:
		return nil
	default:
		return ggserr.New(ggserr.AccessDenied, "the token was used already")
	}
}

func (s *Server) checkPeer(conn net.Conn) error {
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || a.IP.IsLoopback() {
		return nil
	}
	if !s.cfg.AllowRemote {
		return errors.New("only senders on this host are admitted")
	}
	if s.cfg.TLS == nil {
		return errors.New("a sender on another host must use TLS")
	}
	return nil
}

// session is one admitted sender.
type session struct {
	server *Server
	link   *link
	hello  *hello
	name   trail.Name
	w      *trail.Writer
	unpack *zstd.Decoder
	plain  []byte
	defs   map[uint32]*record.TableDef

	out    sync.Mutex // writing frames, and synced
	synced [20]byte   // the last Synced frame
}

// serve opens the trail and takes frames until the sender ends.
func (c *session) serve() error {
	defer c.link.conn.Close()
	stop := make(chan struct{})
	defer close(stop)
	go c.keepAlive(stop)
	err := c.openTrail()
	if err == nil {
		err = c.take()
		if cerr := c.w.Close(); err == nil {
			err = cerr
		}
		if err == nil {
			err = c.farewell()
		}
	}
	if err != nil {
		c.server.log(ggserr.RemoteWrite, c.hello.Trail, err.Error())
		c.fail(err)
	}
	return err
}

// fail tells the sender why, and reads on for a moment: a connection that is
// closed over unread bytes would take the reason with it.
func (c *session) fail(err error) {
	if c.send(frameFail, failure(err)) != nil {
		return
	}
	half, ok := c.link.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.link.conn.SetReadDeadline(time.Now().Add(lastWords)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, c.link.conn)
}

// openTrail checks where the trail lies, waits for its last writer to end, and
// tells the sender what the trail holds.
func (c *session) openTrail() error {
	cfg := &c.server.cfg
	name, err := cfg.resolve(c.hello.Trail, int(c.hello.Digits))
	if err != nil {
		return err
	}
	const most = 1 << 40
	if c.hello.MaxBytes > most {
		return fmt.Errorf("a trail file of %d bytes; at most %d are possible",
			c.hello.MaxBytes, uint64(most))
	}
	c.name = name
	c.w, err = trail.Open(trail.WriterConfig{Name: name, MaxBytes: int64(c.hello.MaxBytes),
		Header: c.hello.Header, FirstSeqno: c.hello.FirstSeqno, FS: cfg.FS,
		Forget:   c.hello.Flags&helloForget != 0,
		Purge:    c.hello.Flags&helloPurge != 0,
		LockWait: c.link.timeout + lockMargin, Encrypt: c.hello.encryption(), Keys: cfg.Keys})
	if err != nil {
		return err
	}
	c.defs = map[uint32]*record.TableDef{}
	c.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(maxFrame))
	if err == nil {
		o := &holds{at: c.w.Position()}
		if _, info, ok := c.w.Last(); ok {
			o.last = &info
		}
		c.note(0)
		c.server.log(ggserr.TrailRecovery, c.name.String(),
			fmt.Sprintf("opened at %s for group %s", o.at, c.hello.Group))
		err = c.send(frameOpen, o.append(nil))
	}
	if err != nil {
		c.w.Close()
	}
	return err
}

// take reads frames until Close.
func (c *session) take() error {
	for {
		kind, payload, err := c.link.read(maxFrame)
		if err != nil {
			return fmt.Errorf("connection to group %s lost: %w", c.hello.Group, err)
		}
		switch kind {
		case frameRecord:
			err = c.block(payload)
		case frameSync:
			err = c.sync(payload)
		case frameClose:
			return nil
		case frameFail:
			return decodeFailure(payload)
		default:
			err = fmt.Errorf("frame %d came unexpectedly", kind)
		}
		if err != nil {
			return err
		}
	}
}

func (c *session) sync(payload []byte) error {
	if len(payload) != 8 {
		return errShort
	}
	if _, err := c.w.Sync(); err != nil {
		return err
	}
	c.note(binary.LittleEndian.Uint64(payload))
	return c.send(frameSynced, c.synced[:])
}

// note remembers what the next Synced frames say.
func (c *session) note(number uint64) {
	c.out.Lock()
	defer c.out.Unlock()
	b := binary.LittleEndian.AppendUint64(c.synced[:0], number)
	appendPosition(b, c.w.Durable())
}

func (c *session) send(kind byte, parts ...[]byte) error {
	c.out.Lock()
	defer c.out.Unlock()
	return c.link.write(kind, parts...)
}

// farewell answers Close: the trail is finished and durable.
func (c *session) farewell() error {
	return c.send(frameClose, appendPosition(nil, c.w.Durable()))
}

// keepAlive repeats the last Synced frame, so that a long wait for the disk is
// not taken for a dead connection.
func (c *session) keepAlive(stop <-chan struct{}) {
	tick := time.NewTicker(c.link.timeout / 4)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			c.out.Lock()
			err := c.link.write(frameSynced, c.synced[:])
			c.out.Unlock()
			if err != nil {
				return
			}
		}
	}
}

// block applies the items of a Record block and, when no more has come, lets
// the trail's readers see them.
func (c *session) block(payload []byte) error {
	items, err := openBlock(payload, c.plain, c.unpack)
	if err != nil {
		return err
	}
	if len(payload) > 0 && payload[0] == codecZstd {
		c.plain = items
	}
	for len(items) > 0 {
		kind := items[0]
		var body []byte
		if body, items, err = cutBytes(items[1:]); err != nil {
			return err
		}
		if err := c.item(kind, body); err != nil {
			return err
		}
	}
	if c.link.in.Buffered() == 0 {
		return c.w.Flush()
	}
	return nil
}

func (c *session) item(kind byte, body []byte) error {
	switch kind {
	case itemTable:
		def, err := record.DecodeTableDef(body)
		if err == nil {
			c.defs[def.ID] = def
		}
		return err
	case itemTxn:
		info, err := record.DecodeTxnInfo(body)
		if err != nil {
			return err
		}
		return c.w.BeginTxn(&info)
	case itemOp, itemLastOp:
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			return err
		}
		return c.w.Op(c.defs[op.Table], body, kind == itemLastOp)
	case itemAbort:
		c.w.AbortTxn()
		return nil
	case itemRollover:
		return c.w.Rollover()
	}
	return fmt.Errorf("an item of unknown kind %d", kind)
}
