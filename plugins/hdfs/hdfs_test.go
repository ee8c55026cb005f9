package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/handler/lake"
	"ggsh/record"
	"ggsh/tests/services/server"
)

func TestMain(m *testing.M) {
	if handlertest.IsPlugin() {
		main()
		return
	}
	m.Run()
}

// cluster starts an HDFS that checks permissions.
func cluster(t *testing.T) *server.HDFS {
	t.Helper()
	server.Require(t, server.KindHDFS)
	c, err := server.StartHDFS(t.Context(), server.HDFSOptions{Permissions: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(c.Logs())
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// place is a home whose properties name a cluster.
type place struct {
	testing.TB
	hdfs   *server.HDFS
	root   string
	cfg    handler.Config
	tables []*handlertest.Table
	h      handler.Handler
}

const plainProperties = `gg.handlerlist=hdfs
gg.handler.hdfs.type=hdfs
gg.handler.hdfs.format=delimitedtext
gg.handler.hdfs.format.fieldDelimiter=|
gg.handler.hdfs.rootFilePath=%s
gg.handler.hdfs.maxFileSize=1g
gg.handler.hdfs.fileRollInterval=0
gg.handler.hdfs.inactivityRollInterval=0
gg.handler.hdfs.fileSuffix=.txt
gg.handler.hdfs.authType=none
gg.handler.hdfs.mode=tx
gg.classpath=%s
%s`

// newSite makes a home; each has a root of its own.
func newSite(t testing.TB, c *server.HDFS, conf, extra string) *place {
	t.Helper()
	home := t.TempDir()
	for _, dir := range []string{"dirprm", "dirdef"} {
		if err := os.Mkdir(filepath.Join(home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	name := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "_")) + "_" + filepath.Base(home)
	s := &place{TB: t, hdfs: c, root: "/gg/" + name, cfg: handler.Config{Group: "RHDFS", GroupKey: 77,
		Home: home, Properties: filepath.Join(home, "dirprm", "hdfs.props")}}
	text := fmt.Sprintf(plainProperties, s.root, conf, extra)
	if err := os.WriteFile(s.cfg.Properties, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"orders", "lines"} {
		s.tables = append(s.tables, handlertest.NewTable(uint32(i+1), "shop", name, 1,
			handlertest.Column("id", "int!", record.Int),
			handlertest.Column("note", "text", record.String)))
	}
	return s
}

// tryOpen opens a handler in this process; the RBA that the files hold, 0 for none.
func (s *place) tryOpen() (uint64, error) {
	s.Helper()
	if s.h != nil {
		_ = s.h.Close() // what it was closed for is the test's matter
	}
	s.h = lake.New(driver())
	opened, err := s.h.Open(s.Context(), s.cfg)
	if err != nil {
		return 0, err
	}
	h := s.h
	s.Cleanup(func() { _ = h.Close() })
	if opened.Checkpoint == nil {
		return 0, nil
	}
	return opened.Checkpoint.RBA, nil
}

func (s *place) open() uint64 {
	s.Helper()
	at, err := s.tryOpen()
	if err != nil {
		s.Fatal(err)
	}
	return at
}

// order is a transaction: an order and two lines. It stands at RBA 10*id and
// ends at 10*id+9.
func (s *place) order(id, size int) *handler.Batch {
	n, note := int64(id), strings.Repeat("x", size)
	ops := [][]byte{s.tables[0].Insert(handlertest.Int(n), handlertest.Str("o")),
		s.tables[1].Insert(handlertest.Int(n), handlertest.Str("first"+note)),
		s.tables[1].Insert(handlertest.Int(n), handlertest.Str("second"+note))}
	return handlertest.Located(handlertest.Batch(uint64(10*id+9), s.tables, ops...), uint64(10*id))
}

// cat reads a table's files with Hadoop's own shell, which takes seconds.
func (s *place) cat(table string) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	text, err := s.hdfs.Shell(ctx, "-cat", s.root+"/shop."+table+"/*")
	if err != nil {
		s.Fatal(err)
	}
	return text
}

// read reads a table's files with a client of its own.
func (s *place) read(table string) string {
	s.Helper()
	c, err := hdfs.NewClient(hdfs.ClientOptions{Addresses: []string{s.hdfs.Address()},
		User: s.hdfs.User})
	if err != nil {
		s.Fatal(err)
	}
	defer c.Close()
	dir := s.root + "/shop." + table
	infos, err := c.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Fatal(err)
	}
	var all strings.Builder
	for _, info := range infos {
		text, err := c.ReadFile(dir + "/" + info.Name())
		if err != nil {
			s.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// rows gives the column id of each line of a table.
func (s *place) rows(table string) []int {
	s.Helper()
	var ids []int
	text := s.read(table)
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		id, err := -1, error(nil)
		if len(fields) > 3 && fields[0] == "I" && strings.HasSuffix(line, "\n") {
			id, err = strconv.Atoi(fields[len(fields)-2])
		}
		if id < 0 || err != nil {
			s.Fatalf("%s holds %q", table, line)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// want compares both tables with the orders from 1 to last.
func (s *place) want(last int) {
	s.Helper()
	var orders, lines []int
	for id := range last {
		orders = append(orders, id+1)
		lines = append(lines, id+1, id+1)
	}
	if got := s.rows("orders"); !slices.Equal(got, orders) {
		s.Fatalf("orders %v, want 1 to %d", got, last)
	}
	if got := s.rows("lines"); !slices.Equal(got, lines) {
		s.Fatalf("lines %v, want two each of 1 to %d", got, last)
	}
}

func (s *place) apply(b *handler.Batch) *handler.Applied {
	s.Helper()
	applied, err := s.h.Apply(s.Context(), b)
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

func (s *place) flush() *handler.Applied {
	s.Helper()
	return s.apply(&handler.Batch{Flush: handler.FlushAll})
}

// fails applies until an error comes, which has the class and the words.
func (s *place) fails(class handler.Class, words string, batches ...*handler.Batch) {
	s.Helper()
	for _, b := range batches {
		if _, err := s.h.Apply(s.Context(), b); err != nil {
			s.is(err, class, words)
			return
		}
	}
	s.Fatal("no error came")
}

func (s *place) is(err error, class handler.Class, words string) {
	s.Helper()
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != class || !strings.Contains(e.Text, words) {
		s.Fatalf("got %v (%T), want class %s and %q", err, err, class, words)
	}
	s.Logf("says: %s", e.Text)
}

// TestCluster: one cluster goes through all that can happen to it.
func TestCluster(t *testing.T) {
	c := cluster(t)
	conf := c.ConfDir() + "/*"
	t.Run("Rows", func(t *testing.T) { testRows(newSite(t, c, conf, "")) })
	t.Run("Quota", func(t *testing.T) { testQuota(newSite(t, c, conf, "")) })
	t.Run("Permission", func(t *testing.T) { testPermission(newSite(t, c, conf, "")) })
	t.Run("SafeMode", func(t *testing.T) { testSafeMode(newSite(t, c, conf, "")) })
	t.Run("TwoNameNodes", func(t *testing.T) { testTwoNameNodes(t, c) })
	t.Run("Replaced", func(t *testing.T) { testReplaced(newSite(t, c, conf, "")) })
	t.Run("Killed", func(t *testing.T) {
		testKilled(newSite(t, c, conf, "gg.handler.hdfs.publishInterval=50ms\n"))
	})
	t.Run("DataNode", func(t *testing.T) { testDataNode(newSite(t, c, conf, "")) })
	t.Run("NameNode", func(t *testing.T) { testNameNode(newSite(t, c, conf, "")) })
}

func testRows(s *place) {
	if at := s.open(); at != 0 {
		s.Fatalf("a group that never was here holds %d", at)
	}
	s.apply(s.order(1, 0))
	s.want(0)
	if applied := s.flush(); applied.Durable == nil || *applied.Durable != handlertest.At(19) {
		s.Fatalf("durable %+v", applied.Durable)
	}
	s.want(1)
	s.apply(s.order(2, 100_000))
	s.apply(s.order(3, 0))
	s.flush()
	s.want(3)
	if at := s.open(); at != 39 {
		s.Fatalf("the files hold %d, want 39", at)
	}
	s.apply(s.order(4, 0))
	s.flush()
	s.want(4)
	if text := s.cat("orders"); text != s.read("orders") || !strings.HasPrefix(text, "I|shop.orders|") {
		s.Fatalf("Hadoop's shell reads %q", text)
	}
	list, err := s.hdfs.Shell(s.Context(), "-ls", "-C", "-R", s.root+"/shop.lines",
		s.root+"/shop.orders")
	if err != nil || strings.Count(list, "\n") != 2 {
		s.Fatalf("the small files are to be continued: %s, %v", list, err)
	}
}

func testQuota(s *place) {
	ctx := s.Context()
	s.open()
	if err := s.hdfs.SetQuota(ctx, s.root, 0, 1<<20); err != nil {
		s.Fatal(err)
	}
	s.apply(s.order(1, 0))
	s.fails(handler.Setup, "quota", &handler.Batch{Flush: handler.FlushAll})
	if err := s.hdfs.SetQuota(ctx, s.root, 0, 0); err != nil {
		s.Fatal(err)
	}
	if at := s.open(); at != 0 {
		s.Fatalf("the files hold %d", at)
	}
	s.apply(s.order(1, 0))
	s.flush()
	s.want(1)
}

func testPermission(s *place) {
	s.Setenv("HADOOP_USER_NAME", "mallory")
	_, err := s.tryOpen()
	s.is(err, handler.Setup, "refuses user mallory")
}

func testSafeMode(s *place) {
	ctx := s.Context()
	s.open()
	s.apply(s.order(1, 0))
	if err := s.hdfs.SafeMode(ctx, true); err != nil {
		s.Fatal(err)
	}
	s.fails(handler.Connection, "safe mode", &handler.Batch{Flush: handler.FlushAll})
	_, err := s.tryOpen()
	s.is(err, handler.Connection, "safe mode")
	if err := s.hdfs.SafeMode(ctx, false); err != nil {
		s.Fatal(err)
	}
	if at := s.open(); at != 0 {
		s.Fatalf("the files hold %d", at)
	}
	s.apply(s.order(1, 0))
	s.flush()
	s.want(1)
}

// testTwoNameNodes names a service of two, the first of which is away.
func testTwoNameNodes(t *testing.T, c *server.HDFS) {
	dir := t.TempDir()
	property := func(name, value string) string {
		return "<property><name>" + name + "</name><value>" + value + "</value></property>\n"
	}
	for file, text := range map[string]string{
		"core-site.xml": property("fs.defaultFS", "hdfs://${our.service}") +
			property("our.service", "pair"),
		"hdfs-site.xml": property("dfs.nameservices", "pair,other") +
			property("dfs.ha.namenodes.pair", "nn1, nn2") +
			property("dfs.namenode.rpc-address.pair.nn1", "127.0.0.1:1") +
			property("dfs.namenode.rpc-address.pair.nn2", c.Address()) +
			property("dfs.namenode.rpc-address.other.nn1", "127.0.0.1:2"),
	} {
		text = "<configuration>" + text + "</configuration>"
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newSite(t, c, dir, "")
	s.open()
	s.apply(s.order(1, 0))
	s.flush()
	s.want(1)
}

// testReplaced: a handler that another one has replaced publishes nothing.
func testReplaced(s *place) {
	s.open()
	first := s.h
	s.apply(s.order(1, 0))
	s.h = nil // so that it stays open
	s.open()
	_, err := first.Apply(s.Context(), &handler.Batch{Flush: handler.FlushAll})
	s.is(err, handler.Setup, "taken over")
	s.want(0)
	s.apply(s.order(1, 0))
	s.flush()
	s.want(1)
}

// testKilled kills the plugin's process again and again.
func testKilled(s *place) {
	plugins := handlertest.PluginDir(s.TB, "hdfs")
	reached := 0
	for round := range 8 {
		h := handlertest.Launch(s.TB, plugins, "hdfs")
		opened, err := h.Open(s.Context(), s.cfg)
		if err != nil {
			s.Fatal(err)
		}
		if opened.Checkpoint != nil {
			reached = int(opened.Checkpoint.RBA / 10)
		}
		s.want(reached)
		killed, published := make(chan struct{}), 0
		for id := reached + 1; err == nil; id++ {
			var applied *handler.Applied
			applied, err = h.Apply(s.Context(), s.order(id, 100))
			if err != nil || applied.Durable == nil {
				continue
			}
			if published++; published != 3 {
				continue
			}
			go func() { // while the orders go on, a little later each round
				defer close(killed)
				time.Sleep(time.Duration(7*round) * time.Millisecond)
				handlertest.KillProcess(h)
			}()
		}
		if published < 3 {
			s.Fatal(err)
		}
		<-killed
	}
	if reached < 3*7 {
		s.Fatalf("only %d was reached", reached)
	}
}

// again opens until it succeeds, as Replicat does, and applies orders up to last.
func (s *place) again(last, size int) {
	s.Helper()
	end := time.Now().Add(90 * time.Second)
	for tries := 1; ; tries++ {
		at, err := s.tryOpen()
		for id := int(at/10) + 1; err == nil && id <= last; id++ {
			_, err = s.h.Apply(s.Context(), s.order(id, size))
		}
		if err == nil {
			_, err = s.h.Apply(s.Context(), &handler.Batch{Flush: handler.FlushAll})
		}
		if err == nil {
			s.Logf("done at attempt %d", tries)
			return
		}
		s.is(err, handler.Connection, "")
		if time.Now().After(end) {
			s.Fatal("it never works again")
		}
		select {
		case <-time.After(500 * time.Millisecond): // Replicat waits longer
		case <-s.Context().Done():
		}
	}
}

func testDataNode(s *place) {
	ctx := s.Context()
	s.open()
	s.apply(s.order(1, 0))
	s.flush()
	s.apply(s.order(2, 200_000)) // a file is open at the DataNodes
	if err := s.hdfs.KillDataNode(0); err != nil {
		s.Fatal(err)
	}
	s.throughOneNode()
	s.fails(handler.Connection, "", s.order(3, 200_000), s.order(4, 200_000),
		&handler.Batch{Flush: handler.FlushAll})
	s.want(1)
	s.again(6, 200_000)
	s.want(6)
	if err := s.hdfs.StartDataNode(ctx, 0); err != nil {
		s.Fatal(err)
	}
	if err := s.hdfs.AwaitDataNodes(ctx, 2); err != nil {
		s.Fatal(err)
	}
}

// throughOneNode: while the NameNode still believes in a dead DataNode, files of
// one replica find the one that lives.
func (s *place) throughOneNode() {
	s.Helper()
	other := newSite(s.TB, s.hdfs, s.hdfs.ConfDir(), "gg.handler.hdfs.replication=1\n")
	if st, err := s.hdfs.State(s.Context()); err != nil || st.NumLiveDataNodes != 2 {
		s.Fatalf("the NameNode has noticed too early: %+v, %v", st, err)
	}
	other.open()
	other.apply(other.order(1, 1000))
	other.flush()
}

func testNameNode(s *place) {
	ctx := s.Context()
	s.open()
	s.apply(s.order(1, 0))
	s.flush()
	s.apply(s.order(2, 200_000))
	if err := s.hdfs.KillNameNode(); err != nil {
		s.Fatal(err)
	}
	s.fails(handler.Connection, "", &handler.Batch{Flush: handler.FlushAll})
	_, err := s.tryOpen()
	s.is(err, handler.Connection, "namenodes")
	if err := s.hdfs.StartNameNode(ctx); err != nil {
		s.Fatal(err)
	}
	s.again(4, 0)
	s.want(4)
}
