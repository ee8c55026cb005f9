package tns

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// sessionLimit is how many clients a server takes at a time.
const sessionLimit = 200

// Server is a running server.
type Server struct {
	config   Config
	listener net.Listener
	done     sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
	serial uint64
}

// Start listens and serves until Close.
func Start(c Config) (*Server, error) {
	if c.Backend == nil {
		return nil, errors.New("start a TNS server: Config.Backend is missing")
	}
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Charset == 0 {
		c.Charset = charsetUTF8
	}
	if c.Charset != charsetUTF8 && c.Charset != charsetLatin1 {
		return nil, fmt.Errorf("start a TNS server: character set %d is not one of %d and %d",
			c.Charset, charsetUTF8, charsetLatin1)
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("start a TNS server: %w", err)
	}
	s := &Server{config: c, listener: l, open: map[net.Conn]bool{}}
	s.done.Add(1)
	go s.accept()
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends all sessions and returns when nothing of the server is left.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Kill closes the sockets of all sessions, as a crash does, and goes on serving.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// Sessions is how many clients are connected.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *Server) accept() {
	defer s.done.Done()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.admit(c) {
			c.Close()
			continue
		}
		go func() {
			defer s.done.Done()
			defer s.forget(c)
			s.serve(c)
		}()
	}
}

func (s *Server) admit(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.open) >= sessionLimit {
		return false
	}
	s.open[c] = true
	s.done.Add(1)
	return true
}

func (s *Server) forget(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

func (s *Server) nextSerial() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return s.serial
}

// serve is one client from its first packet to its last.
func (s *Server) serve(c net.Conn) {
	l := newLink(c)
	if err := c.SetReadDeadline(time.Now().Add(answerDeadline)); err != nil {
		return
	}
	who, err := s.greet(l)
	if err != nil {
		s.config.Logf("tns: %v", err)
		return
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		l.listen()
	}()
	se := &session{server: s, link: l, login: who, serial: s.nextSerial(),
		cursors: map[uint64]*cursor{}, lobs: map[uint64]*lob{}}
	se.in.more = l.next
	if err := se.run(); err != nil && !errors.Is(err, errGone) {
		s.config.Logf("tns: session %d: %v", se.serial, err)
	}
	c.Close()
	<-heard
}
