package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// TestMain makes the test's own binary the plugin.
func TestMain(m *testing.M) {
	if handlertest.IsPlugin() {
		main()
		return
	}
	m.Run()
}

// fake is a cluster in this process, of one broker unless opts say more.
func fake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1),
		kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(3)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// mute is a listener whose connections swallow what the cluster answers, and
// break, while it is on.
type mute struct {
	net.Listener
	on atomic.Bool
}

func (m *mute) Accept() (net.Conn, error) {
	conn, err := m.Listener.Accept()
	return &mutedConn{conn, m}, err
}

type mutedConn struct {
	net.Conn
	m *mute
}

func (c *mutedConn) Write(p []byte) (int, error) {
	if c.m.on.Load() {
		_ = c.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// mutable is a cluster whose answers can be lost.
func mutable(t testing.TB) (*kfake.Cluster, *mute) {
	m := &mute{}
	return fake(t, kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		m.Listener = l
		return m, err
	})), m
}

// files writes the properties of a handler and its producer to a home, and
// gives what Replicat would tell the handler. Lines with a dot-free key are the
// handler's, those beginning with > the producer's.
func files(t testing.TB, brokers []string, lines ...string) handler.Config {
	t.Helper()
	home := t.TempDir()
	own := []string{"gg.handlerlist=k", "gg.handler.k.type=kafka",
		"gg.handler.k.kafkaProducerConfigFile=producer.properties"}
	producer := []string{"bootstrap.servers=" + strings.Join(brokers, ",")}
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, ">"); ok {
			producer = append(producer, rest)
		} else {
			own = append(own, "gg.handler.k."+line)
		}
	}
	write(t, filepath.Join(home, "dirprm", "producer.properties"), producer)
	path := filepath.Join(home, "dirprm", "k.props")
	write(t, path, own)
	return handler.Config{Group: "REPK", GroupKey: 0xabc, Home: home, Properties: path}
}

func write(t testing.TB, path string, lines []string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// usual are properties that most tests use: JSON rows, one topic per table, the
// primary key as the message's.
func usual() []string {
	return []string{"mode=op", "format=json_row", "topicMappingTemplate=${tableName}",
		"keyMappingTemplate=${primaryKeys}", "format.metaColumnsTemplate=${optype[op]}"}
}

func opened(t testing.TB, cfg handler.Config) (*target, *handler.Opened) {
	t.Helper()
	h := newTarget()
	t.Cleanup(func() { _ = h.Close() })
	o, err := h.Open(limited(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h, o
}

func limited(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// people is a table of a number, a name and a note.
func people(id uint32) *handlertest.Table {
	return handlertest.NewTable(id, "hr", "people", 1, handlertest.Column("id", "int!", record.Int),
		handlertest.Column("name", "varchar(20)", record.String),
		handlertest.Column("note", "varchar(2000)", record.String))
}

func person(id int64, name, note string) []handlertest.V {
	return handlertest.Row(handlertest.Int(id), handlertest.Str(name), handlertest.Str(note))
}

// txns makes a batch of whole source transactions, with where they come from;
// the trail position of an operation is its number times ten after from.
func txns(from uint64, tables []*handlertest.Table, list ...[][]byte) *handler.Batch {
	var all [][]byte
	var ends []int
	var origins []byte
	var w handler.OriginWriter
	for i, ops := range list {
		origins = handler.AppendOriginTxn(origins, &record.TxnInfo{
			CSN: record.CSN{Minor: from + uint64(i)}, XID: fmt.Sprint("x", from+uint64(i)),
			CommitTime: time.Unix(1700000000, 0).UTC()})
		for j := range ops {
			origins = w.AppendOp(origins, 1, from+10*uint64(len(all)), j)
			all = append(all, ops[j])
		}
		ends = append(ends, len(all))
	}
	b := handlertest.Batch(from+10*uint64(len(all)), tables, all...)
	b.Origins, b.Ends = origins, ends
	return b
}

// part makes of a batch one whose transaction goes on.
func part(b *handler.Batch) *handler.Batch {
	b.More, b.Ends = true, nil
	return b
}

func apply(t testing.TB, h handler.Handler, b *handler.Batch) *handler.Applied {
	t.Helper()
	applied, err := h.Apply(limited(t), b)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func applyFails(t testing.TB, h handler.Handler, b *handler.Batch, class handler.Class,
	words ...string) *handler.ApplyError {
	t.Helper()
	_, err := h.Apply(limited(t), b)
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != class {
		t.Fatalf("apply: %+v, want an error of class %s", err, class)
	}
	for _, word := range words {
		if !strings.Contains(e.Text, word) {
			t.Errorf("the error lacks %q: %s", word, e.Text)
		}
	}
	return e
}

// messages reads all committed messages of a topic in the order of each
// partition, up to where the topic ends now.
func messages(t testing.TB, brokers []string, topic string) []*kgo.Record {
	t.Helper()
	ctx := limited(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	var all []*kgo.Record
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("topic %s, left %v: %v", topic, left, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	return all
}

// values shows messages as key=value, a null key as -.
func values(records []*kgo.Record) []string {
	var all []string
	for _, r := range records {
		key := "-"
		if r.Key != nil {
			key = string(r.Key)
		}
		all = append(all, key+"="+string(r.Value))
	}
	return all
}
