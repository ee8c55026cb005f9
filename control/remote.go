package control

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
)

// Caller is who sent an order, as this end knows it. Of a caller of this host
// nothing is set.
type Caller struct {
	Address string // of another host
	User    string // of the credential store, whose password was right
}

// Remote reports whether the caller is of another host.
func (c Caller) Remote() bool { return c.Address != "" }

// Name is the caller for a log.
func (c Caller) Name() string {
	if c.User == "" {
		return "host " + c.Address
	}
	return c.User + " at " + c.Address
}

// dataVerbs are the orders of a data pump or an initial load: they need no user,
// only a rule that admits the program.
var dataVerbs = []struct {
	verb    Verb
	program string
}{{Collector, collectorProgram}, {Task, replicatProgram}, {TaskEnd, replicatProgram}}

// programOf tells which program sends such an order, and whether it needs a user.
func programOf(v Verb) (program string, needsUser bool) {
	for _, d := range dataVerbs {
		if d.verb == v {
			return d.program, false
		}
	}
	return shellProgram, true
}

// refusal is why a request is not done; zero when it is.
type refusal struct {
	status int
	text   string
}

// identify decides about a caller of another host before more of its request is
// read: is anything of its address admitted, and is its password right.
func (s *server) identify(q *http.Request) (Caller, refusal) {
	from, err := netip.ParseAddrPort(q.RemoteAddr)
	if err != nil {
		return Caller{}, refusal{http.StatusForbidden, "the caller is not known"}
	}
	a, addr := s.opt.Access, from.Addr().Unmap()
	c := Caller{Address: addr.String()}
	user, password, given := q.BasicAuth()
	if !a.allowsSome(q.Context(), addr, user) {
		return c, refusal{http.StatusForbidden, addr.String() + ": " + advice("*", addr)}
	}
	if why := foreignPage(q, "https://"+q.Host); why != "" {
		return c, refusal{http.StatusForbidden, why}
	}
	if !given {
		return c, refusal{}
	}
	if !a.attempts.take(addr) {
		return c, refusal{http.StatusTooManyRequests,
			"too many wrong passwords from there: wait a minute"}
	}
	if denied := s.verify(user, password, c); denied.status != 0 {
		return c, denied
	}
	a.attempts.giveBack(addr)
	c.User = user
	return c, refusal{}
}

// verify decides about a user's password.
func (s *server) verify(user, password string, c Caller) refusal {
	ok, err := s.opt.Access.verify(user, password)
	if err != nil {
		s.complain("the user of a caller at %s cannot be checked: %v", c.Address, err)
		return refusal{http.StatusInternalServerError, "the user cannot be checked; see ggserr.log there"}
	}
	if !ok {
		return refusal{http.StatusUnauthorized, "user or password is wrong; users are those of " +
			"the credential store there: ALTER CREDENTIALSTORE ADD USER name DOMAIN ADMIN"}
	}
	return refusal{}
}

// still decides whether the caller of a session may go on: a rule or a password may
// have been changed. It is no attempt at a password, as its end is the session's.
func (s *server) still(ctx context.Context, q *http.Request, c Caller) refusal {
	if user, password, given := q.BasicAuth(); given && c.Remote() {
		if denied := s.verify(user, password, c); denied.status != 0 {
			return denied
		}
	}
	return s.permit(ctx, c, shellProgram, true)
}

// permit decides about what an identified caller asks for.
func (s *server) permit(ctx context.Context, c Caller, program string, needsUser bool) refusal {
	if !c.Remote() {
		return refusal{}
	}
	addr, err := netip.ParseAddr(c.Address)
	if err != nil || !s.opt.Access.allows(ctx, addr, program, c.User) {
		return refusal{http.StatusForbidden, "program " + program + " of " + c.Address + ": " +
			advice(program, addr)}
	}
	if needsUser && c.User == "" {
		return refusal{http.StatusUnauthorized, "a user and a password are needed"}
	}
	return refusal{}
}

// Door is a listener and who is answered there.
type Door struct {
	net.Listener
	Options Options
}

// ListenAll listens at a TCP port of all addresses of this host and gives the
// listener of its own callers apart from that of the others, who speak TLS.
// Closing either closes the port for it alone, closing both frees it.
func ListenAll(port int) (own, others net.Listener, err error) {
	l, err := listen(net.JoinHostPort("", strconv.Itoa(port)), port)
	if err != nil {
		return nil, nil, err
	}
	s := &split{Listener: l}
	for i := range s.sides {
		s.sides[i] = &side{all: s, conns: make(chan net.Conn), closed: make(chan struct{})}
	}
	go s.run()
	return s.sides[0], s.sides[1], nil
}

// split hands the connections of one listener to two sides.
type split struct {
	net.Listener
	sides [2]*side // callers of this host, and the others
	mu    sync.Mutex
	ended int // sides that are closed
}

func (s *split) run() {
	for {
		c, err := s.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			for _, side := range s.sides {
				side.Close()
			}
			return
		}
		to := s.sides[1]
		if a, ok := c.LocalAddr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
			to = s.sides[0]
		}
		select {
		case to.conns <- c:
		case <-to.closed:
			c.Close()
		}
	}
}

// side is one of them.
type side struct {
	all    *split
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept takes the next connection.
func (s *side) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close ends this side, and the port with the second.
func (s *side) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		s.all.mu.Lock()
		s.all.ended++
		both := s.all.ended == len(s.all.sides)
		s.all.mu.Unlock()
		if both {
			err = s.all.Listener.Close()
		}
	})
	return err
}

// Addr is the listener's address.
func (s *side) Addr() net.Addr { return s.all.Listener.Addr() }

// gateOf finds the gate's connection below TLS.
func gateOf(c net.Conn) (*gateConn, bool) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	g, ok := c.(*gateConn)
	return g, ok
}
