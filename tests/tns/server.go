package tns

import "errors"

// Server is a running server.
type Server struct{ addr string }

// Start listens and serves until Close.
func Start(c Config) (*Server, error) { return nil, errors.New("not yet") }

// Addr is host:port.
func (s *Server) Addr() string { return s.addr }

// Close ends all sessions and returns when nothing of the server is left.
func (s *Server) Close() error { return nil }
