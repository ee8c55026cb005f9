package collector

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"ggsh/ggserr"
	"ggsh/record"
	"ggsh/trail"
)

// SenderConfig is what a sender needs to know.
type SenderConfig struct {
	Address    string // host:port of the collector
	Token      string // the one-time token that the remote Manager gave
	Group      string // the sending group
	Trail      string // the remote trail's name, ./dirdat/rt
	Digits     int    // of its file numbers; zero means 9
	FirstSeqno uint32 // of a trail that has no files yet
	Forget     bool   // the trail's history begins anew; see trail.WriterConfig
	Purge      bool   // the trail's files are removed first
	MaxBytes   int64  // of a trail file; zero: trail.DefaultMaxBytes
	Header     trail.HeaderInfo
	Encrypt    *trail.Encryption // how the collector encrypts the trail, with its home's keys
	Compress   bool              // RMTHOST COMPRESS
	Threshold  int               // blocks shorter than this many bytes are not packed
	BlockBytes int               // of a block; zero: 128 KiB
	// Timeout bounds each step on the network (RMTHOST TIMEOUT); zero: 30 s. A
	// connection that is silent for as long is given up, on both ends.
	Timeout time.Duration
	TLS     *tls.Config // nil: plain, for loopback
	// Dial opens the connection; nil: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Sender writes a trail on another host. Its methods mean what those of
// trail.Writer mean, and belong to one goroutine. After an error of the network
// or the other end every call gives that error: Close, then Dial again, and go
// on behind Last.
type Sender struct {
	cfg  SenderConfig
	link *link
	pack *zstd.Encoder

	items   []byte
	packed  []byte
	scratch []byte
	defs    map[uint32]*record.TableDef
	lastDef *record.TableDef
	open    bool
	info    record.TxnInfo
	last    record.TxnInfo
	hasLast bool
	asked   uint64 // the number of the last Sync frame
	unasked bool   // something was sent or collected after it
	mark    uint64 // SyncBehind's mark of what is durable
	// askedMark is the mark of what the last Sync frame asked for.
	askedMark uint64

	out sync.Mutex // writing frames

	mu      sync.Mutex
	changed sync.Cond // on mu
	synced  uint64
	durable trail.Position
	closed  bool // the server has answered Close
	err     error
	stop    chan struct{}
}

// Dial connects to a collector and learns what the remote trail holds.
func Dial(ctx context.Context, cfg SenderConfig) (*Sender, error) {
	cfg.complete()
	conn, err := cfg.connect(ctx)
	if err != nil {
		return nil, ggserr.New(ggserr.NetworkError, cfg.Address).Because(err)
	}
	s := &Sender{cfg: cfg, link: newLink(conn, cfg.Timeout),
		defs: map[uint32]*record.TableDef{}, stop: make(chan struct{})}
	s.changed.L = &s.mu
	cancel := context.AfterFunc(ctx, func() { conn.Close() })
	defer cancel()
	if err := s.greet(); err != nil {
		conn.Close()
		return nil, err
	}
	if cfg.Compress {
		s.pack, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1))
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	go s.listen()
	go s.keepAlive()
	return s, nil
}

func (cfg *SenderConfig) complete() {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.BlockBytes <= 0 {
		cfg.BlockBytes = 128 << 10
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = trail.DefaultMaxBytes
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: cfg.Timeout}).DialContext
	}
}

func (cfg *SenderConfig) connect(ctx context.Context) (net.Conn, error) {
	conn, err := cfg.Dial(ctx, "tcp", cfg.Address)
	if err != nil || cfg.TLS == nil {
		return conn, err
	}
	secure := tls.Client(conn, cfg.TLS)
	bounded, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	if err := secure.HandshakeContext(bounded); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// greet says hello and waits for what the trail holds.
func (s *Sender) greet() error {
	h := &hello{Version: protocolVersion, Token: s.cfg.Token, Group: s.cfg.Group,
		Trail: s.cfg.Trail, Digits: uint8(s.cfg.Digits), FirstSeqno: s.cfg.FirstSeqno,
		MaxBytes: uint64(s.cfg.MaxBytes), Timeout: uint32(s.cfg.Timeout.Milliseconds()),
		Header: s.cfg.Header}
	if e := s.cfg.Encrypt; e != nil {
		h.Version, h.Algorithm, h.KeyName = sealedVersion, e.Algorithm, e.KeyName
	}
	if s.cfg.Forget {
		h.Flags |= helloForget
	}
	if s.cfg.Purge {
		h.Flags |= helloPurge
	}
	if err := s.link.write(frameHello, h.append(nil)); err != nil {
		// The other end may have refused before it read; its reason tells more.
		if kind, payload, rerr := s.link.read(maxHello); rerr == nil && kind == frameFail {
			return s.explain(decodeFailure(payload))
		}
		return s.explain(err)
	}
	for {
		kind, payload, err := s.link.read(maxHello)
		if err != nil {
			return s.explain(err)
		}
		switch kind {
		case frameSynced: // alive, waiting for the trail's last writer to end
			continue
		case frameFail:
			return s.explain(decodeFailure(payload))
		case frameOpen:
			o, err := decodeHolds(payload)
			if err != nil {
				return s.explain(err)
			}
			s.durable = o.at
			if o.last != nil {
				s.last, s.hasLast = *o.last, true
			}
			return nil
		}
		return s.explain(fmt.Errorf("frame %d came instead of Open", kind))
	}
}

// explain turns an error of the network or the other end into a message.
func (s *Sender) explain(err error) error {
	var r *Remote
	if errors.As(err, &r) {
		return ggserr.New(ggserr.RemoteWrite, s.cfg.Trail, "the collector answered").Because(r)
	}
	return ggserr.New(ggserr.NetworkError, s.cfg.Address).Because(err)
}

// listen takes the server's frames until the connection ends.
func (s *Sender) listen() {
	for {
		kind, payload, err := s.link.read(maxHello)
		s.mu.Lock()
		switch {
		case err != nil:
			s.set(err)
		case kind == frameSynced && len(payload) == 20:
			s.synced = binary.LittleEndian.Uint64(payload)
			s.durable = position(payload[8:])
		case kind == frameClose && len(payload) == 12:
			s.durable, s.closed = position(payload), true
			s.set(trail.ErrClosed)
		case kind == frameFail:
			s.set(decodeFailure(payload))
		default:
			s.set(fmt.Errorf("frame %d came unexpectedly", kind))
		}
		ended := s.err != nil
		s.changed.Broadcast()
		s.mu.Unlock()
		if ended {
			s.link.conn.Close()
			return
		}
	}
}

// set keeps the first error. The caller holds mu.
func (s *Sender) set(err error) {
	if s.err == nil {
		if err != trail.ErrClosed {
			err = s.explain(err)
		}
		s.err = err
		close(s.stop)
	}
}

// keepAlive sends an empty block when nothing else was sent for a while.
func (s *Sender) keepAlive() {
	tick := time.NewTicker(s.cfg.Timeout / 4)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		if s.out.TryLock() {
			err := s.link.write(frameRecord)
			s.out.Unlock()
			if err != nil {
				s.broke(err)
			}
		}
	}
}

// broke notes that the connection cannot be written. The other end's reason,
// if it has sent one, tells more than our own error: it is waited for.
func (s *Sender) broke(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := time.AfterFunc(time.Second, func() {
		s.mu.Lock()
		s.set(err)
		s.mu.Unlock()
		s.link.conn.Close()
		s.changed.Broadcast()
	})
	defer late.Stop()
	for s.err == nil {
		s.changed.Wait()
	}
	return s.err
}

func (s *Sender) failed() error {
	select {
	case <-s.stop:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.err
	default:
		return nil
	}
}
