package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	gomysql "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"

	"ggsh/ggserr"
)

// session reads events over one connection until it breaks or ctx ends. It begins
// behind the last transaction seen; what was open then is dropped.
func (r *reader) session(ctx context.Context) error {
	r.dropGroup()
	clear(r.tables)
	r.failure = nil
	r.at = r.committed
	link := &link{cfg: r.cfg, state: &r.src.state}
	syncer := newSyncer(r.cfg, r.srv, link, eventHandler{r})
	defer func() {
		link.close()
		syncer.Close()
	}()
	stop := context.AfterFunc(ctx, link.close)
	defer stop()
	stream, err := r.startDump(syncer)
	if err != nil {
		return r.connectFailed(err)
	}
	r.src.state.connected(fmt.Sprintf("%s %s at %s", r.srv.flavor, r.srv.version, r.cfg.address()))
	_, err = stream.GetEvent(ctx)
	link.close()
	syncer.Close() // the handler runs no more behind this
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if r.failure != nil {
		return r.failure
	}
	return r.streamFailed(err)
}

// newSyncer prepares go-mysql to bring raw events over a link, without trying again
// by itself: only we know where a transaction began.
func newSyncer(cfg *Config, srv *database, l *link,
	h replication.EventHandler) *replication.BinlogSyncer {
	return replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID: cfg.ServerID, Flavor: srv.flavor, Host: cfg.Host, Port: uint16(cfg.Port),
		User: cfg.User, Password: cfg.Password, TLSConfig: cfg.TLS, RawModeEnabled: true,
		HeartbeatPeriod: heartbeat, DisableRetrySync: true, EventCacheCount: 1,
		DiscardGTIDSet: true, Logger: slog.New(slog.DiscardHandler), Dialer: l.dial,
		SynchronousEventHandler: h,
	})
}

// startDump asks for the log from where we are.
func (r *reader) startDump(syncer *replication.BinlogSyncer) (*replication.BinlogStreamer, error) {
	if !r.byGTID && r.committed.Pos <= 0xffffffff {
		pos := gomysql.Position{Name: r.committed.File, Pos: uint32(max(r.committed.Pos, 4))}
		return syncer.StartSync(pos)
	}
	r.at = place{} // the server tells where it begins
	from := r.set.text()
	if r.skipSet != nil && r.byGTID {
		from = r.readSet
	}
	set, err := gomysql.ParseGTIDSet(r.srv.flavor, from)
	if err != nil {
		return nil, ggserr.New(ggserr.LogProblem, "the restart position's GTID set "+from).
			Because(err)
	}
	return syncer.StartSyncGTID(set)
}

// eventHandler hands go-mysql's raw events to the reader.
type eventHandler struct{ r *reader }

// HandleEvent implements replication.EventHandler.
func (h eventHandler) HandleEvent(e *replication.BinlogEvent) error {
	err := h.r.handle(e.RawData)
	if err != nil {
		h.r.failure = err
	}
	return err
}

// connectFailed classifies an error of the beginning of a session.
func (r *reader) connectFailed(err error) error {
	var coded *gomysql.MyError
	if !errors.As(err, &coded) {
		return &retryable{err}
	}
	return r.serverError(coded)
}

// streamFailed classifies an error of a running session.
func (r *reader) streamFailed(err error) error {
	var coded *gomysql.MyError
	if errors.As(err, &coded) {
		return r.serverError(coded)
	}
	if err == nil || errors.Is(err, replication.ErrSyncClosed) {
		err = io.ErrUnexpectedEOF
	}
	return &retryable{fmt.Errorf("the connection broke: %w", err)}
}

// serverError says what to do about an error that the server sent.
func (r *reader) serverError(e *gomysql.MyError) error {
	switch e.Code {
	case errMasterFatal:
		return ggserr.New(ggserr.LogProblem, fmt.Sprintf("the server does not send its log from %s",
			r.committed)).Because(e).Do("If the log was purged, load the tables again and ALTER EXTRACT "+
			"%s, BEGIN NOW. Keep logs longer: SET GLOBAL %s.", r.cfg.Group, r.expireAdvice())
	case errAccessDenied, errDBAccess, errHostNotAllowed, errPasswordExpired, errAccountLocked:
		return ggserr.New(ggserr.LoginFailed, r.cfg.address(), r.cfg.User).Because(e)
	case errSpecificAccess, errNoPrivilege:
		return ggserr.New(ggserr.LogProblem, "user "+r.cfg.User+" may not read the binary log").
			Because(e).Do("%s", r.srv.grantAdvice())
	case errUnknownSlave:
		return &retryable{ggserr.New(ggserr.LogProblem, fmt.Sprintf("another reader with server id %d "+
			"took the connection", r.cfg.ServerID)).Because(e).
			Do("Give each reader its own id: TRANLOGOPTIONS SERVERID.")}
	}
	return &retryable{e}
}

func (r *reader) expireAdvice() string {
	if r.srv.flavor == flavorMariaDB && !r.srv.atLeast(10, 6) {
		return "expire_logs_days = 7"
	}
	return "binlog_expire_logs_seconds = 604800"
}

// link makes the connections of one session and closes them at its end. go-mysql
// would open one more to kill its own; a closed link refuses that.
type link struct {
	cfg   *Config
	state *status

	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

func (l *link) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	network, address := l.cfg.network()
	d := net.Dialer{Timeout: connectTimeout}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w := &timedConn{Conn: c, waiting: &l.state.waiting, limit: readTimeout}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errors.Join(net.ErrClosed, c.Close())
	}
	l.conns = append(l.conns, w)
	return w, nil
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, c := range l.conns {
		// A connection that is being given up has nothing more to say.
		_ = c.Close()
	}
	l.conns = nil
}

// timedConn gives each read and write its own deadline, and tells since when a read
// has been waiting.
type timedConn struct {
	net.Conn
	waiting *atomic.Int64
	limit   time.Duration // of a read
}

func (c *timedConn) Read(p []byte) (int, error) {
	now := time.Now()
	if err := c.Conn.SetReadDeadline(now.Add(c.limit)); err != nil {
		return 0, err
	}
	c.waiting.Store(now.UnixNano())
	n, err := c.Conn.Read(p)
	c.waiting.Store(0)
	return n, err
}

func (c *timedConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(connectTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// SetDeadline and its siblings are go-mysql's; ours are set with each read.
func (c *timedConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: each read has its own.
func (c *timedConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: each write has its own.
func (c *timedConn) SetWriteDeadline(time.Time) error { return nil }

// firstEvent reads the first event of a log file and no more.
type firstEvent struct{ found chan uint32 }

var errFound = errors.New("found")

// HandleEvent implements replication.EventHandler.
func (f *firstEvent) HandleEvent(e *replication.BinlogEvent) error {
	if at, ok := isFormat(e.RawData); ok {
		f.found <- at
		return errFound
	}
	return nil
}

func (f *firstEvent) read(ctx context.Context, cfg *Config, srv *database, name string) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	link := &link{cfg: cfg, state: &status{}}
	syncer := newSyncer(cfg, srv, link, f)
	defer func() {
		link.close()
		syncer.Close()
	}()
	stop := context.AfterFunc(ctx, link.close)
	defer stop()
	stream, err := syncer.StartSync(gomysql.Position{Name: name, Pos: 4})
	if err == nil {
		_, err = stream.GetEvent(ctx)
	}
	if len(f.found) > 0 {
		return nil
	}
	return ggserr.New(ggserr.LogProblem, "log file "+name+" cannot be read").Because(err)
}
