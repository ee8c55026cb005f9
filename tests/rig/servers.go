package rig

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"ggsh/tests/services/server"
)

// Servers are real servers which the tests of one binary share: each test gets
// a database of its own. A test that stops its server must not share it.
type Servers struct {
	mu      sync.Mutex
	running map[server.Kind]*server.Instance
	names   map[string]int
	hdfs    *server.HDFS
	kafka   *server.Kafka
}

// Database makes a database on the shared server of a kind, or a file in dir.
// Its name begins with stem and is nobody else's.
func (s *Servers) Database(tb testing.TB, kind, dir, stem string) *Database {
	tb.Helper()
	name := s.unique(stem)
	if kind == "sqlite" {
		return newFile(tb, dir, name)
	}
	in, err := s.instance(tb, server.Kind(kind))
	if err != nil {
		tb.Fatal(err)
	}
	return newOnServer(tb, kind, in, name)
}

func (s *Servers) unique(stem string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]int{}
	}
	s.names[stem]++
	if n := s.names[stem]; n > 1 {
		return fmt.Sprintf("%s%d", stem, n)
	}
	return stem
}

func (s *Servers) instance(tb testing.TB, kind server.Kind) (*server.Instance, error) {
	tb.Helper()
	server.Require(tb, kind)
	s.mu.Lock()
	defer s.mu.Unlock()
	if in := s.running[kind]; in != nil {
		return in, nil
	}
	in, err := server.Start(context.Background(), kind, server.Options{Progress: os.Stderr})
	if err != nil {
		return nil, err
	}
	if s.running == nil {
		s.running = map[server.Kind]*server.Instance{}
	}
	s.running[kind] = in
	return in, nil
}

// HDFS is the shared cluster: two DataNodes, no permissions. Each test takes a folder
// of its own; a test that stops a part of it starts its own with server.StartHDFS.
func (s *Servers) HDFS(tb testing.TB) *server.HDFS {
	tb.Helper()
	server.Require(tb, server.KindHDFS)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hdfs == nil {
		var err error
		if s.hdfs, err = server.StartHDFS(context.Background(), server.HDFSOptions{}); err != nil {
			tb.Fatal(err)
		}
	}
	return s.hdfs
}

// Kafka is the shared broker, which makes no topics by itself. Each test takes topics
// of its own; a test that stops it starts its own with server.StartKafka.
func (s *Servers) Kafka(tb testing.TB) *server.Kafka {
	tb.Helper()
	server.Require(tb, server.KindKafka)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kafka == nil {
		var err error
		if s.kafka, err = server.StartKafka(context.Background(), server.KafkaOptions{}); err != nil {
			tb.Fatal(err)
		}
	}
	return s.kafka
}

// Close ends the servers; TestMain calls it.
func (s *Servers) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.hdfs != nil {
		err = errors.Join(err, s.hdfs.Close())
	}
	if s.kafka != nil {
		err = errors.Join(err, s.kafka.Close())
	}
	s.hdfs, s.kafka = nil, nil
	for _, in := range s.running {
		err = errors.Join(err, in.Close())
	}
	s.running = nil
	return err
}

// newOnServer makes a database on a running server.
func newOnServer(tb testing.TB, kind string, in *server.Instance, name string) *Database {
	tb.Helper()
	d := &Database{Kind: kind, Server: in, Schema: name, Login: fmt.Sprintf(
		"%s@127.0.0.1:%d, USERID %s, PASSWORD %s", name, in.Port, server.RootUser, server.RootPassword)}
	root, err := sql.Open("mysql", in.RootDSN())
	if err != nil {
		tb.Fatal(err)
	}
	defer root.Close()
	if _, err := root.Exec("CREATE DATABASE " + name); err != nil {
		tb.Fatal(err)
	}
	if d.DB, err = sql.Open("mysql", in.DSN(name)); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { d.DB.Close() })
	return d
}

// Main is the TestMain of a package that drives the programs: it builds them,
// runs the tests with the folder of the programs, and ends the servers.
func Main(m *testing.M, servers *Servers, bin *string) (code int) {
	dir, err := os.MkdirTemp("", "ggsh-bin-")
	if err == nil {
		*bin, err = Build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	code = m.Run()
	if err := servers.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// SharedPair is NewPair on servers that other tests use as well.
func SharedPair(tb testing.TB, bin string, s *Servers, from, to string, mgr ...string) *Pair {
	tb.Helper()
	p := &Pair{Target: NewHome(tb, bin, mgr...), Source: NewHome(tb, bin, mgr...)}
	p.SourceData = s.Database(tb, from, p.Source.Dir, "src")
	p.TargetData = s.Database(tb, to, p.Target.Dir, "tgt")
	return p
}

// Replace changes a text in a file of the home, which must contain it.
func (h *Home) Replace(name, was, is string) {
	h.TB.Helper()
	text := h.Read(name)
	if !strings.Contains(text, was) {
		h.TB.Fatalf("%s does not contain %q:\n%s", name, was, text)
	}
	h.Write(name, strings.ReplaceAll(text, was, is))
}
