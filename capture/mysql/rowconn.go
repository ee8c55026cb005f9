package mysql

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	gomysql "github.com/go-mysql-org/go-mysql/mysql"
	driver "github.com/go-sql-driver/mysql"
)

// rowTimeout bounds how long a table's reader waits for the server: a condition
// over a large table may have to look at many rows before one fits.
const rowTimeout = 10 * time.Minute

// rowBuffer is how much is read ahead of the row at hand.
const rowBuffer = 256 << 10

// maxPacket is the longest part of a row that one packet of the protocol holds.
const maxPacket = 1<<24 - 1

// rowConn is a connection that reads rows as fast as they come, in the protocol's
// binary form and without a copy of them. It belongs to one goroutine.
type rowConn struct {
	cfg  *Config
	conn *client.Conn
	in   *bufio.Reader
	used int    // octets of in that the last packet occupies
	long []byte // a packet that in does not hold
}

// rowSession are the settings without which rows would be others, or fewer, or
// the connection would end while nothing is asked of it for a while.
var rowSession = [...]string{
	"SET NAMES utf8mb4",
	"SET SESSION character_set_results = NULL, time_zone = '+00:00', sql_mode = '', " +
		"sql_select_limit = 18446744073709551615, sql_big_selects = 1, wait_timeout = 604800, " +
		"net_write_timeout = 3600",
	"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
}

// noLimits takes the server's limits of time from a session.
func (s *database) noLimits() string {
	set := "SET SESSION sql_warnings = 0"
	for _, name := range []string{"max_statement_time", "max_execution_time",
		"idle_transaction_timeout", "idle_readonly_transaction_timeout"} {
		if _, has := s.vars[name]; has {
			set += ", " + name + " = 0"
		}
	}
	return set
}

// dialRows connects.
func dialRows(ctx context.Context, srv *database) (*rowConn, error) {
	cfg := srv.cfg
	network, address := cfg.network()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: connectTimeout}
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &timedConn{Conn: c, waiting: &atomic.Int64{}, limit: rowTimeout}, nil
	}
	conn, err := client.ConnectWithDialer(ctx, network, address, cfg.User, cfg.Password, "", dial,
		func(c *client.Conn) error {
			c.UnsetCapability(gomysql.CLIENT_DEPRECATE_EOF)
			c.UnsetCapability(gomysql.CLIENT_QUERY_ATTRIBUTES)
			if cfg.TLS != nil {
				c.SetTLSConfig(cfg.TLS)
			}
			return nil
		})
	if err != nil {
		return nil, srv.rowsFailed(err, "connect")
	}
	c := &rowConn{cfg: cfg, conn: conn, in: bufio.NewReaderSize(conn.Conn.Conn, rowBuffer)}
	for _, statement := range append(rowSession[:], srv.noLimits()) {
		if err := c.exec(ctx, statement); err != nil {
			c.close()
			return nil, srv.rowsFailed(err, statement)
		}
	}
	return c, nil
}

// rowsFailed turns an error of a rowConn into a message that says what to do.
func (s *database) rowsFailed(err error, statement string) error {
	var coded *gomysql.MyError
	if errors.As(err, &coded) {
		err = &driver.MySQLError{Number: coded.Code, Message: coded.Message}
	}
	return s.failed(err, statement)
}

func (c *rowConn) close() {
	// A connection that is given up has nothing more to say.
	_ = c.conn.Close()
}

// guard ends the connection when ctx ends, so that no wait outlives it.
func (c *rowConn) guard(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, c.close)
}

// exec executes a statement that gives no rows.
func (c *rowConn) exec(ctx context.Context, statement string) error {
	defer c.guard(ctx)()
	_, err := c.conn.Execute(statement)
	return err
}

// ask gives the rows of a short result as text.
func (c *rowConn) ask(ctx context.Context, query string) ([][]string, error) {
	defer c.guard(ctx)()
	r, err := c.conn.Execute(query)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	list := make([][]string, r.RowNumber())
	for i := range list {
		list[i] = make([]string, r.ColumnNumber())
		for j := range list[i] {
			if list[i][j], err = r.GetString(i, j); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// read executes a query: begin is told the types of the columns, take gets each
// row, which lives until it returns. After an error of take the connection is of
// no more use.
func (c *rowConn) read(ctx context.Context, query string, begin func(kinds []byte) error,
	take func(row []byte) error) error {
	defer c.guard(ctx)()
	st, err := c.conn.Prepare(query)
	if err != nil {
		return err
	}
	if err := c.execute(st.ID); err != nil {
		return err
	}
	c.used = 0
	kinds, err := c.columns()
	if err != nil {
		return err
	}
	if err := begin(kinds); err != nil {
		return err
	}
	for {
		p, err := c.packet()
		if err != nil {
			return err
		}
		if isEOF(p) {
			break
		}
		if err := take(p); err != nil {
			return err
		}
	}
	_, err = c.in.Discard(c.used)
	c.used = 0
	return errors.Join(err, st.Close())
}

// execute sends COM_STMT_EXECUTE of a statement without parameters and cursor.
func (c *rowConn) execute(id uint32) error {
	c.conn.ResetSequence()
	b := make([]byte, 4, 16) // the packet's head, which WritePacket fills in
	b = append(b, gomysql.COM_STMT_EXECUTE)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = append(b, 0)
	return c.conn.WritePacket(binary.LittleEndian.AppendUint32(b, 1))
}

// columns reads the head of a result: the types of its columns.
func (c *rowConn) columns() ([]byte, error) {
	p, err := c.packet()
	if err != nil {
		return nil, err
	}
	n, _, err := cutPacked(p)
	if err != nil || n == 0 || n > 1<<13 {
		return nil, fmt.Errorf("a result of %d columns", n)
	}
	kinds := make([]byte, n)
	for i := range kinds {
		if p, err = c.packet(); err != nil {
			return nil, err
		}
		if kinds[i], err = columnType(p); err != nil {
			return nil, err
		}
	}
	if p, err = c.packet(); err == nil && !isEOF(p) {
		err = errors.New("a result whose columns do not end")
	}
	return kinds, err
}

// columnType finds the type in a column's description: six texts, then a block of
// twelve octets: charset, length, type.
func columnType(p []byte) (byte, error) {
	for range 6 {
		n, rest, err := cutPacked(p)
		if err != nil || n > len(rest) {
			return 0, io.ErrUnexpectedEOF
		}
		p = rest[n:]
	}
	if len(p) < 8 {
		return 0, io.ErrUnexpectedEOF
	}
	return p[1+2+4], nil
}

// cutPacked takes a length of up to two octets off the front of p.
func cutPacked(p []byte) (n int, rest []byte, err error) {
	switch {
	case len(p) > 0 && p[0] < 0xfb:
		return int(p[0]), p[1:], nil
	case len(p) > 2 && p[0] == 0xfc:
		return int(binary.LittleEndian.Uint16(p[1:])), p[3:], nil
	}
	return 0, nil, io.ErrUnexpectedEOF
}

func isEOF(p []byte) bool { return len(p) > 0 && len(p) < 9 && p[0] == gomysql.EOF_HEADER }

// packet reads one packet; it lives until the next call. An error that the server
// sends is returned as one.
func (c *rowConn) packet() ([]byte, error) {
	p, err := c.rawPacket()
	if err == nil && len(p) > 2 && p[0] == gomysql.ERR_HEADER {
		code, text := binary.LittleEndian.Uint16(p[1:]), p[3:]
		if len(text) > 6 && text[0] == '#' {
			text = text[6:]
		}
		err = gomysql.NewError(code, string(text))
	}
	return p, err
}

func (c *rowConn) rawPacket() ([]byte, error) {
	if _, err := c.in.Discard(c.used); err != nil {
		return nil, err
	}
	c.used = 0
	n, err := c.head()
	if err != nil {
		return nil, err
	}
	if n <= rowBuffer && n < maxPacket {
		p, err := c.in.Peek(n)
		c.used = len(p)
		return p, unexpected(err)
	}
	c.long = c.long[:0]
	for {
		at := len(c.long)
		if cap(c.long) < at+n {
			c.long = append(make([]byte, 0, at+n), c.long...)
		}
		c.long = c.long[:at+n]
		if _, err := io.ReadFull(c.in, c.long[at:]); err != nil {
			return nil, unexpected(err)
		}
		if n < maxPacket {
			return c.long, nil
		}
		if n, err = c.head(); err != nil {
			return nil, err
		}
	}
}

// head reads a packet's length and passes its number.
func (c *rowConn) head() (int, error) {
	h, err := c.in.Peek(4)
	if err != nil {
		return 0, unexpected(err)
	}
	n := int(h[0]) | int(h[1])<<8 | int(h[2])<<16
	_, err = c.in.Discard(4)
	return n, err
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
