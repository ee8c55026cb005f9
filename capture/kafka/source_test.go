package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/capture/payload"
	"ggsh/ggserr"
	"ggsh/kafkaclient"
	"ggsh/record"
)

// stage is a cluster and the captures that read it, one after the other.
type stage struct {
	*testing.T
	fake     *kfake.Cluster
	producer *kgo.Client
	admin    *kadm.Client
	cfg      Config
	source   *Source
	restart  string
	warnings []string
}

func newStage(t *testing.T, opts ...kfake.Opt) *stage {
	s := &stage{T: t, fake: cluster(t, opts...)}
	s.producer = s.client()
	t.Cleanup(s.producer.Close)
	s.admin = kadm.NewClient(s.producer)
	s.cfg = Config{Client: consumer(t, s.fake.ListenAddrs()), Ledger: filepath.Join(t.TempDir(), "x.cpd"),
		Topics: []string{"t"}, Schema: "k", Generic: true, Begin: Begin{Order: "1"},
		Refresh: 50 * time.Millisecond,
		Warn:    func(e *ggserr.Error) { s.warnings = append(s.warnings, e.Text) }}
	t.Cleanup(func() {
		if s.source != nil {
			s.source.Close()
		}
	})
	return s
}

func (s *stage) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	s.Cleanup(cancel)
	return ctx
}

func (s *stage) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// write sends messages to a partition.
func (s *stage) write(topic string, partition int32, values ...string) {
	s.Helper()
	var list []*kgo.Record
	for _, v := range values {
		list = append(list, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	p := s.client() // one that knows no older topic of the name
	defer p.Close()
	s.do(p.ProduceSync(s.ctx(), list...).FirstErr())
}

func (s *stage) client() *kgo.Client {
	s.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(s.fake.ListenAddrs()...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	s.do(err)
	return c
}

func (s *stage) tryOpen() error {
	if s.source != nil {
		s.source.Close()
		s.source = nil
	}
	cfg := s.cfg
	cfg.Restart = s.restart
	src, err := Open(s.ctx(), cfg)
	if err == nil {
		s.source = src
	}
	return err
}

func (s *stage) open() {
	s.Helper()
	s.do(s.tryOpen())
}

// next waits for a transaction with operations.
func (s *stage) next(ctx context.Context) (*record.Txn, error) {
	for {
		txn, err := s.source.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			if err := s.source.Wait(ctx); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		}
		if err == nil {
			s.restart = txn.Restart
		}
		if err == nil && txn.Ops != nil {
			return txn, nil
		}
	}
}

// read takes n transactions, as topic:partition:offset[payloads].
func (s *stage) read(n int) string {
	s.Helper()
	var all []string
	for range n {
		txn, err := s.next(s.ctx())
		if err != nil {
			s.Fatalf("%s, then %v", all, err)
		}
		values, err := column(txn, "payload")
		s.do(err)
		all = append(all, fmt.Sprint(txn.XID, values))
	}
	return strings.Join(all, " ")
}

// column gives one column of all rows of a transaction.
func column(txn *record.Txn, name string) ([]string, error) {
	values := []string{}
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return values, err
		}
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			return values, err
		}
		row, err := op.After.Values(nil, len(def.Columns))
		if err != nil {
			return values, err
		}
		values = append(values, string(row[def.Column(name)].Text(nil, -1)))
	}
}

// nothing checks that no message comes for a moment.
func (s *stage) nothing() {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if txn, err := s.next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("%+v, %v", txn, err)
	}
}

func (s *stage) want(got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("read   %s\nwanted %s", got, want)
	}
}

// fails checks that opening or reading stops with a message.
func (s *stage) fails(err error, number ggserr.Number, parts ...string) {
	s.Helper()
	if err == nil {
		_, err = s.next(s.ctx())
	}
	var e *ggserr.Error
	if !errors.As(err, &e) || e.Number != number {
		s.Fatalf("error %v, wanted %s", err, number)
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			s.Errorf("%q lacks %q", e.Error(), part)
		}
	}
}

// TestGeneric: each message is a row with all that Kafka says of it.
func TestGeneric(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(2, "t"))
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	s.do(s.producer.ProduceSync(s.ctx(),
		&kgo.Record{Topic: "t", Partition: 1, Key: []byte("k"), Value: []byte("äß"), Timestamp: at},
		&kgo.Record{Topic: "t", Partition: 1, Timestamp: at}).FirstErr())
	s.open()
	txn, err := s.next(s.ctx())
	s.do(err)
	if txn.XID != "t:1:0" || !txn.CommitTime.Equal(at) || txn.CSN.Minor != 1 {
		t.Errorf("%+v", txn.TxnInfo)
	}
	var rows []string
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		s.do(err)
		var op record.Op
		s.do(record.DecodeOp(body, &op))
		values, err := op.After.Values(nil, len(def.Columns))
		s.do(err)
		text := def.FullName()
		for i, v := range values {
			text += fmt.Sprintf(" %s=%s:%s", def.Columns[i].Name, v.Kind, v.Text(nil, 3))
		}
		rows = append(rows, text)
	}
	const tail = "topic=string:t partition=int:1 offset=int:%d timestamp=timestamptz:2026-01-02 03:04:05.678+00:00"
	want := []string{"k.t id=string:t_1_0 key=string:k payload=string:äß " + fmt.Sprintf(tail, 0),
		"k.t id=string:t_1_1 key=null: payload=null: " + fmt.Sprintf(tail, 1)}
	if !slices.Equal(rows, want) {
		t.Errorf("%q\nwanted %q", rows, want)
	}
	s.do(s.producer.ProduceSync(s.ctx(), &kgo.Record{Topic: "t", Value: []byte{0xff}}).FirstErr())
	txn, err = s.next(s.ctx())
	s.do(err)
	_, _, err = txn.Ops.Next()
	s.fails(err, ggserr.RecordBad, "partition t:0, offset 0", "not UTF-8", "PAYLOAD BYTES")
}

// TestBegin: an order begins at the beginning, at a time, or at the end.
func TestBegin(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	for i := range 3 {
		s.do(s.producer.ProduceSync(s.ctx(), &kgo.Record{Topic: "t", Value: []byte(fmt.Sprint(i)),
			Timestamp: time.UnixMilli(int64(i+1) * 1000)}).FirstErr())
	}
	for i, c := range []struct {
		begin Begin
		want  string
	}{
		{Begin{}, "t:0:0[0 1 2]"}, {Begin{Time: time.UnixMilli(2000)}, "t:0:1[1 2]"},
		{Begin{AtEnd: true}, ""}, {Begin{Time: time.UnixMilli(9000)}, ""},
	} {
		s.restart, s.cfg.Begin = "", c.begin
		s.cfg.Begin.Order = fmt.Sprint("order ", i)
		s.open()
		if c.want != "" {
			s.want(s.read(1), c.want)
		}
		if i == 3 {
			s.write("t", 0, "new")
			s.want(s.read(1), "t:0:3[new]")
			s.restart = "" // ended before anything was stored: the order still means offset 3
			s.open()
			s.want(s.read(1), "t:0:3[new]")
		}
		s.nothing()
	}
}

// TestRolledBack: what a producer rolled back is not read, and what is open is waited
// for, with all that came behind it.
func TestRolledBack(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	s.cfg.Client = consumer(t, s.fake.ListenAddrs(), kafkaclient.Setting{Key: "isolation.level",
		Value: "read_uncommitted"}, kafkaclient.Setting{Key: "auto.offset.reset", Value: "earliest"})
	p, err := kgo.NewClient(kgo.SeedBrokers(s.fake.ListenAddrs()...), kgo.TransactionalID("x"))
	s.do(err)
	defer p.Close()
	end := func(how kgo.TransactionEndTry) {
		s.do(p.Flush(s.ctx()))
		s.do(p.EndTransaction(s.ctx(), how))
	}
	s.do(p.BeginTransaction())
	s.do(p.ProduceSync(s.ctx(), &kgo.Record{Topic: "t", Value: []byte("no")}).FirstErr())
	end(kgo.TryAbort)
	s.do(p.BeginTransaction())
	s.do(p.ProduceSync(s.ctx(), &kgo.Record{Topic: "t", Value: []byte("yes")}).FirstErr())
	s.write("t", 0, "behind")
	s.open()
	s.nothing()
	end(kgo.TryCommit)
	s.want(s.read(1), "t:0:2[yes behind]")
	s.nothing()
	// The marks of the transactions are passed: retention may take them.
	list, err := s.admin.ListEndOffsets(s.ctx(), "t")
	s.do(err)
	o, _ := list.Lookup("t", 0)
	var all kadm.Offsets
	all.AddOffset("t", 0, o.Offset, -1)
	_, err = s.admin.DeleteRecords(s.ctx(), all)
	s.do(err)
	s.open()
	s.nothing()
}

// TestGone: retention that was faster stops the capture with what is lost and what to
// do, while it runs and when it starts; a topic that is gone or made anew, too.
func TestGone(t *testing.T) {
	prepare := func(t *testing.T) *stage {
		s := newStage(t, kfake.SeedTopics(1, "t", "u"))
		s.cfg.Topics = []string{"t", "u"}
		s.write("t", 0, "0", "1", "2", "3")
		s.open()
		s.want(s.read(1), "t:0:0[0 1 2 3]")
		return s
	}
	remove := func(s *stage, upTo int64) {
		var o kadm.Offsets
		o.AddOffset("t", 0, upTo, -1)
		done, err := s.admin.DeleteRecords(s.ctx(), o)
		s.do(err)
		s.do(done.Error())
	}
	t.Run("retention", func(t *testing.T) {
		s := prepare(t)
		s.source.Close()
		s.write("t", 0, "4", "5", "6")
		remove(s, 6)
		s.fails(s.tryOpen(), ggserr.SourceLost, "Messages 4 to 5 of partition t:0 are gone", "from offset 6 on",
			"BEGIN EARLIEST", "retention.ms")
	})
	t.Run("nothing lost", func(t *testing.T) {
		s := prepare(t)
		s.source.Close()
		s.write("t", 0, "4")
		remove(s, 4)
		s.open()
		s.want(s.read(1), "t:0:4[4]")
	})
	t.Run("deleted", func(t *testing.T) {
		s := prepare(t)
		_, err := s.admin.DeleteTopics(s.ctx(), "t")
		s.do(err)
		s.fails(nil, ggserr.SourceLost, "Topic t, which was read, does not exist any more", "ALTER")
		s.fails(s.tryOpen(), ggserr.SourceLost, "Topic t")
		s.cfg.Topics = []string{"u"}
		s.open()
		s.write("u", 0, "x")
		s.want(s.read(1), "u:0:0[x]")
	})
	t.Run("made anew", func(t *testing.T) {
		s := prepare(t)
		s.source.Close()
		_, err := s.admin.DeleteTopics(s.ctx(), "t")
		s.do(err)
		_, err = s.admin.CreateTopics(s.ctx(), 1, 1, nil, "t")
		s.do(err)
		s.write("t", 0, "0", "1", "2", "3", "4")
		s.fails(s.tryOpen(), ggserr.SourceChanged, "Topic t was deleted and made anew", "offset 4", "BEGIN")
	})
}

// TestNames: a topic that does not exist is told; a pattern takes topics that come
// later, but not those of programs.
func TestNames(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "a1"), kfake.SeedTopics(1, "_a"))
	s.fails(s.tryOpen(), ggserr.LogProblem, "Topic t does not exist at 127.0.0.1", "Create it")
	s.cfg.Topics = []string{"*"}
	s.write("a1", 0, "x")
	s.write("_a", 0, "no")
	s.open()
	s.want(s.read(1), "a1:0:0[x]")
	_, err := s.admin.CreateTopics(s.ctx(), 1, 1, nil, "a2")
	s.do(err)
	s.write("a2", 0, "y")
	s.want(s.read(1), "a2:0:0[y]")
	s.open()
	s.nothing()
	for _, topics := range [][]string{nil, {""}, {"a/b"}, {"[a"}} {
		s.cfg.Topics = topics
		s.fails(s.tryOpen(), ggserr.BadParameter)
	}
}

// TestNewPartition: partitions that are added are read from their beginnings, when the
// capture was stopped meanwhile, too.
func TestNewPartition(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	s.cfg.Begin.AtEnd = true
	s.write("t", 0, "old")
	s.open()
	for i := range int32(2) {
		if i == 1 {
			s.source.Close()
		}
		_, err := s.admin.CreatePartitions(s.ctx(), 1, "t")
		s.do(err)
		s.write("t", i+1, "first")
		if i == 1 {
			s.open()
		}
		s.want(s.read(1), fmt.Sprintf("t:%d:0[first]", i+1))
	}
	s.nothing()
}

// TestAway: brokers that do not answer are worth another try, at the start and while
// reading.
func TestAway(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	s.open()
	s.fake.Close()
	_, err := s.next(s.ctx())
	for range 2 {
		var temporary interface{ Temporary() bool }
		if !errors.As(err, &temporary) || !temporary.Temporary() {
			t.Errorf("%v", err)
		}
		err = s.tryOpen()
	}
}

// TestCommits: with a group.id the group shows how far the trail is.
func TestCommits(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	s.cfg.Client = consumer(t, s.fake.ListenAddrs(), kafkaclient.Setting{Key: "group.id", Value: "g"})
	s.write("t", 0, "a", "b")
	s.open()
	s.want(s.read(1), "t:0:0[a b]")
	s.do(s.source.Confirm(s.ctx(), s.restart))
	got, err := s.admin.FetchOffsets(s.ctx(), "g")
	s.do(err)
	if o, ok := got.Lookup("t", 0); !ok || o.At != 2 {
		t.Errorf("%+v", got)
	}
}

// TestBadMessages: a message that is no row stops the capture, or goes to the discard.
func TestBadMessages(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	s.cfg.Generic, s.cfg.Format = false, payload.Format{Form: payload.JSON}
	s.write("t", 0, `{"payload":1}`, `no`, `{"payload":3}`)
	s.do(s.producer.ProduceSync(s.ctx(), &kgo.Record{Topic: "t"}).FirstErr())
	s.open()
	txn, err := s.next(s.ctx())
	s.do(err)
	_, err = column(txn, "payload")
	s.fails(err, ggserr.RecordBad, "partition t:0, offset 1", "record of table k.t", "JSON object")
	var bad []string
	s.cfg.Discard = func(d Discarded) error {
		bad = append(bad, fmt.Sprintf("%s %d %s %v", d.Partition, d.Offset, d.Payload, d.Reason))
		return nil
	}
	s.restart, s.cfg.Begin.Order = "", "2"
	s.open()
	txn, err = s.next(s.ctx())
	s.do(err)
	values, err := column(txn, "payload")
	s.do(err)
	if fmt.Sprint(values) != "[1 3]" || len(bad) != 1 || !strings.HasPrefix(bad[0], "t:0 1 no record of table") {
		t.Errorf("%v %q", values, bad)
	}
}

// TestRestartTexts: what is no position of Kafka is refused.
func TestRestartTexts(t *testing.T) {
	s := newStage(t, kfake.SeedTopics(1, "t"))
	for _, text := range []string{"17", `{"kind":"directory","csn":1,"streams":[]}`,
		`{"kind":"kafka","csn":1,"streams":[{"name":"t","offset":1}]}`,
		`{"kind":"kafka","csn":1,"streams":[{"name":"t:-1","offset":1}]}`} {
		s.restart = text
		s.fails(s.tryOpen(), ggserr.SourceLost, "restart position")
	}
	s.restart, s.cfg.Bounds = "", []uint64{7}
	s.open()
	s.restart = `{"kind":"kafka","csn":1,"streams":[]}`
	s.fails(s.tryOpen(), ggserr.SourceLost, "the trail holds transaction 7", "x.cpd")
}
