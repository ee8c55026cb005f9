package control

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// gate bounds a listener's connections. When it is full, the connection that
// has been silent or unfinished for longest makes way: callers that open many
// connections and send nothing, or send slowly, shut nobody out.
type gate struct {
	net.Listener
	limit    int
	complain func(format string, args ...any)

	mu    sync.Mutex
	conns map[*gateConn]bool // true: an order is under way
	left  sync.WaitGroup
}

func newGate(l net.Listener, limit int, complain func(string, ...any)) *gate {
	return &gate{Listener: l, limit: limit, complain: complain, conns: map[*gateConn]bool{}}
}

// Accept takes the next connection.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		gc := &gateConn{Conn: c, gate: g, since: time.Now()}
		if g.enter(gc) {
			return gc, nil
		}
		c.Close()
		g.complain("connection from %s closed: all %d connections are in use",
			caller(c), g.limit)
	}
}

func (g *gate) enter(c *gateConn) bool {
	g.mu.Lock()
	var oldest *gateConn
	if len(g.conns) >= g.limit {
		for o, busy := range g.conns {
			if !busy && (oldest == nil || o.since.Before(oldest.since)) {
				oldest = o
			}
		}
		if oldest == nil {
			g.mu.Unlock()
			return false
		}
		delete(g.conns, oldest)
	}
	g.conns[c] = false
	g.left.Add(1)
	g.mu.Unlock()
	if oldest != nil {
		oldest.Close()
		g.complain("connection from %s closed to make way for another", caller(oldest))
	}
	return true
}

// closeSilent closes the connections that never sent an order.
func (g *gate) closeSilent() {
	g.mu.Lock()
	var silent []*gateConn
	for c := range g.conns {
		if c.orders == 0 {
			silent = append(silent, c)
		}
	}
	g.mu.Unlock()
	for _, c := range silent {
		c.Close()
	}
}

// wait returns when all connections are closed.
func (g *gate) wait() { g.left.Wait() }

// gateConn is one connection through the gate.
type gateConn struct {
	net.Conn
	gate   *gate
	since  time.Time // of its last order, or of its beginning; guarded by gate.mu
	orders int       // guarded by gate.mu
	bytes  int       // read; by the connection's goroutines one after the other
	once   sync.Once
}

// Read counts what the caller sent.
func (c *gateConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.gate.mu.Lock()
	c.bytes += n
	c.gate.mu.Unlock()
	return n, err
}

// busy notes that an order begins or ends.
func (c *gateConn) busy(yes bool) {
	c.gate.mu.Lock()
	defer c.gate.mu.Unlock()
	if _, ok := c.gate.conns[c]; ok {
		c.gate.conns[c] = yes
	}
	c.since = time.Now()
	if yes {
		c.orders++
	}
}

// Close ends the connection.
func (c *gateConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.gate.mu.Lock()
		delete(c.gate.conns, c)
		garbage, n := c.orders == 0 && c.bytes > 0, c.bytes
		c.gate.mu.Unlock()
		if garbage {
			c.gate.complain("connection from %s closed: its %d bytes were no request",
				caller(c.Conn), n)
		}
		c.gate.left.Done()
	})
	return err
}

func caller(c net.Conn) string {
	a := c.RemoteAddr()
	if a == nil || a.String() == "" || a.Network() == "unix" {
		return "a process of this host"
	}
	return fmt.Sprint(a)
}

// bucket lets bursts pass and bounds the rate.
type bucket struct {
	mu    sync.Mutex
	size  float64
	level float64
	each  float64 // per second
	last  time.Time
}

func newBucket(size, perSecond float64) *bucket {
	return &bucket{size: size, level: size, each: perSecond, last: time.Now()}
}

// fill adds what time has brought; the caller holds mu.
func (b *bucket) fill() {
	now := time.Now()
	b.level = min(b.size, b.level+now.Sub(b.last).Seconds()*b.each)
	b.last = now
}

// give puts back what was taken.
func (b *bucket) give() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.level = min(b.size, b.level+1)
}

// full reports whether nothing is taken.
func (b *bucket) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	return b.level >= b.size
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill()
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// wait takes as soon as the rate allows it; false when ctx ends before.
func (b *bucket) wait(ctx context.Context) bool {
	for !b.take() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second / maxPerSecond):
		}
	}
	return true
}
