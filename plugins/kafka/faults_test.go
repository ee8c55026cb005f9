package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ggsh/dblogin"
	"ggsh/handler"
	"ggsh/handler/handlertest"
)

// A topic that nobody makes is told with the command that makes it, and once it
// is there the same handler goes on.
func TestMissingTopic(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1)) // makes no topics by itself
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h, _ := opened(t, files(t, c.ListenAddrs(), usual()...))
	p := people(1)
	b := txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...)})
	applyFails(t, h, b, handler.Setup, "topic people does not exist", "auto.create.topics.enable",
		"kafka-topics --bootstrap-server "+c.ListenAddrs()[0]+" --create --topic people")
	if err := c.CreateTopic("people", 1, nil); err != nil {
		t.Fatal(err)
	}
	apply(t, h, b)
	wants(t, messages(t, c.ListenAddrs(), "people"), `1={"op":"I","id":1,"name":"A","note":"a"}`)
}

// What the cluster's access rules forbid is told with the rule that is missing.
func TestAuthorization(t *testing.T) {
	rule := func(kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation) kfake.ACL {
		return kfake.ACL{Resource: kind, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral,
			Operation: op, Allow: true}
	}
	txn := []kfake.ACL{rule(kmsg.ACLResourceTypeTransactionalId, "ogg-REPK-0000000000000abc",
		kmsg.ACLOperationWrite), rule(kmsg.ACLResourceTypeTransactionalId,
		"ogg-REPK-0000000000000abc", kmsg.ACLOperationDescribe)}
	positions := []kfake.ACL{
		rule(kmsg.ACLResourceTypeTopic, "_ogg_checkpoint", kmsg.ACLOperationWrite),
		rule(kmsg.ACLResourceTypeTopic, "_ogg_checkpoint", kmsg.ACLOperationRead),
		rule(kmsg.ACLResourceTypeTopic, "_ogg_checkpoint", kmsg.ACLOperationDescribe)}
	create := []kfake.ACL{rule(kmsg.ACLResourceTypeCluster, "kafka-cluster", kmsg.ACLOperationCreate)}
	for _, test := range []struct {
		name string
		acls []kfake.ACL
		want []string
	}{
		{"no transactional id", positions, []string{"TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
			"kafka-acls", "--transactional-id"}},
		{"no topic of positions", txn, []string{"_ogg_checkpoint", "AUTHORIZATION_FAILED"}},
		{"no topic", append(append(create, txn...), positions...), []string{"topic people",
			"TOPIC_AUTHORIZATION_FAILED", "kafka-acls"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := fake(t, kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "root"),
				kfake.SeedTopics(1, "people"), kfake.User("PLAIN", "gg", "geheim", test.acls...))
			cfg := files(t, c.ListenAddrs(), append(usual(), ">security.protocol=SASL_PLAINTEXT",
				">sasl.mechanism=PLAIN", `>sasl.jaas.config=org.apache.kafka.common.security.plain.`+
					`PlainLoginModule required username="gg" password="geheim";`)...)
			h := newTarget()
			defer h.Close()
			_, err := h.Open(limited(t), cfg)
			if err == nil {
				p := people(1)
				_, err = h.Apply(limited(t), txns(100, []*handlertest.Table{p},
					[][]byte{p.Insert(person(1, "A", "a")...)}))
			}
			e, ok := err.(*handler.ApplyError)
			if !ok || e.Class != handler.Setup {
				t.Fatalf("%v", err)
			}
			for _, word := range test.want {
				if !strings.Contains(e.Text, word) {
					t.Errorf("the error lacks %q: %s", word, e.Text)
				}
			}
			if strings.Contains(e.Text, "geheim") {
				t.Errorf("the password is in %s", e.Text)
			}
		})
	}
}

// The broker goes away in the middle of a batch and comes back with what it
// had: Replicat is told to try again, and nothing is lost or double.
func TestBrokerLostAndBack(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	start := func() *kfake.Cluster {
		t.Helper()
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir),
			kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(1))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := start()
	cfg := files(t, c.ListenAddrs(), append(usual(), ">delivery.timeout.ms=1500")...)
	h, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	apply(t, h, txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)}))
	apply(t, h, part(txns(200, tables, [][]byte{p.Insert(person(2, "B", "b")...)})))
	c.Close()
	applyFails(t, h, txns(210, tables, [][]byte{p.Insert(person(3, "C", "c")...)}), handler.Connection)
	other := newTarget()
	started := time.Now()
	_, err := other.Open(limited(t), cfg)
	e, ok := err.(*handler.ApplyError)
	if !ok || e.Class != handler.Connection || !strings.Contains(e.Text, "no broker runs there") {
		t.Fatalf("opening without a broker: %v", err)
	}
	if waited := time.Since(started); waited > 30*time.Second {
		t.Errorf("it took %s to notice", waited)
	}
	c = start()
	defer c.Close()
	h, o := opened(t, cfg)
	at := handlertest.At(110)
	if !reflect.DeepEqual(o.Checkpoint, &at) {
		t.Fatalf("opened at %+v", o.Checkpoint)
	}
	apply(t, h, txns(200, tables, [][]byte{p.Insert(person(2, "B", "b")...),
		p.Insert(person(3, "C", "c")...)}))
	wants(t, messages(t, c.ListenAddrs(), "people"), `1={"op":"I","id":1,"name":"A","note":"a"}`,
		`2={"op":"I","id":2,"name":"B","note":"b"}`, `3={"op":"I","id":3,"name":"C","note":"c"}`)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// The broker's limit for transactions is below what is asked for: a lower one
// is taken, unless the operator has named it.
func TestTransactionTimeout(t *testing.T) {
	c := fake(t, kfake.BrokerConfigs(map[string]string{"transaction.max.timeout.ms": "100000"}))
	h, _ := opened(t, files(t, c.ListenAddrs(), usual()...))
	if h.link.timeout != time.Minute {
		t.Errorf("timeout %s", h.link.timeout)
	}
	_, err := newTarget().Open(limited(t), files(t, c.ListenAddrs(),
		append(usual(), ">transaction.timeout.ms=200000")...))
	e, ok := err.(*handler.ApplyError)
	if !ok || e.Class != handler.Setup ||
		!strings.Contains(e.Text, "transaction.timeout.ms=200000 is above") {
		t.Errorf("%v", err)
	}
}

// A transaction that Kafka has rolled back by time is told as such; whether to
// try again depends on what has taken the time.
func TestTransactionExpires(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), append(usual(), ">transaction.timeout.ms=1000")...)
	for _, slow := range []bool{false, true} {
		h, _ := opened(t, cfg)
		p := people(1)
		tables := []*handlertest.Table{p}
		apply(t, h, part(txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)})))
		class, word := handler.Connection, "Kafka has rolled it back"
		if slow {
			h.busy = time.Second
			class, word = handler.Setup, "set transaction.timeout.ms"
		}
		aborted := func() bool { // the fake's clock decides
			for _, info := range c.PartitionInfos("people") {
				if info.LastStableOffset < info.HighWatermark {
					return false
				}
			}
			return true
		}
		for !aborted() {
			time.Sleep(20 * time.Millisecond)
		}
		applyFails(t, h, txns(110, nil, [][]byte{p.Insert(person(2, "B", "b")...)}), class, word)
		holds(t, cfg, nil)
	}
	if list := messages(t, c.ListenAddrs(), "people"); len(list) > 0 {
		t.Errorf("messages %q", values(list))
	}
}

// Another group's open transaction hides no position, and many records of
// others after ours do not either; what was rolled back does not count.
func TestPositionAmongOthers(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	ours, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	apply(t, ours, txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)}))
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.TransactionalID("other"),
		kgo.TransactionTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	var many []*kgo.Record
	for i := range firstWindow + 10 {
		many = append(many, &kgo.Record{Topic: "_ogg_checkpoint", Key: fmt.Append(nil, "other", i),
			Value: []byte("{}")})
	}
	if err := client.ProduceSync(t.Context(), many...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	at := handlertest.At(110)
	holds(t, cfg, &at) // while the other one's transaction is open
	if err := client.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	holds(t, cfg, &at)
	c.Compact()
	holds(t, cfg, &at)
}

// Leaders and coordinators move while a history is written.
func TestLeadersMove(t *testing.T) {
	c := fake(t, kfake.NumBrokers(3), kfake.SeedTopics(4, "people"))
	cfg := files(t, c.ListenAddrs(), usual()...)
	h := &history{table: people(1), last: 300}
	rng := rand.New(rand.NewPCG(3, 4))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(30 * time.Millisecond):
			}
			if c.ShufflePartitionLeaders(); i%4 == 3 {
				c.RehashCoordinators()
			}
		}
	}()
	for at := uint64(0); at < h.last; {
		to, o := opened(t, cfg)
		if o.Checkpoint != nil {
			at = o.Checkpoint.RBA
		}
		err := h.run(t, to, at, rng)
		var e *handler.ApplyError
		if err != nil && (!errors.As(err, &e) || e.Class != handler.Connection) {
			t.Fatal(err)
		}
		if err == nil {
			break
		}
	}
	close(stop)
	<-stopped
	h.check(t, messages(t, c.ListenAddrs(), "people"))
}

// A group that rested until the cluster forgot its producer is opened anew; it
// is not taken for one that another has thrown out.
func TestForgottenProducer(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	h, _ := opened(t, cfg)
	p := people(1)
	b := txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...)})
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn, kmsg.AddPartitionsToTxn, kmsg.Produce},
		Err: kerr.InvalidProducerIDMapping, Count: -1, TxnID: h.set.client.TransactionalID})
	applyFails(t, h, b, handler.Connection)
	fault.Remove()
	h, _ = opened(t, cfg)
	apply(t, h, b)
	wants(t, messages(t, c.ListenAddrs(), "people"), `1={"op":"I","id":1,"name":"A","note":"a"}`)
}

// A call that runs out of time leaves nothing, and a damaged batch neither.
func TestNoTimeAndDamage(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	h, _ := opened(t, cfg)
	p := people(1)
	b := txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...),
		p.Insert(person(2, "B", "b")...)})
	cut := *b
	cut.Ops = cut.Ops[:len(cut.Ops)-3]
	applyFails(t, h, &cut, handler.Setup, "ends within operation 1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Apply(ctx, b)
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != handler.Connection {
		t.Fatalf("apply without time: %v", err)
	}
	holds(t, cfg, nil)
	if list := messages(t, c.ListenAddrs(), "people"); len(list) > 0 {
		t.Errorf("messages %q", values(list))
	}
}

// FuzzPosition: whatever is in the topic of positions, it is understood or told
// to be not.
func FuzzPosition(f *testing.F) {
	f.Add([]byte(`{"format":1,"seqno":1,"rba":2}`), []byte{0, 0, 0, 1})
	f.Add([]byte(`{"format":2}`), []byte{0, 0})
	f.Add([]byte(`{"format":1,"csn":"x"}`), []byte(nil))
	f.Fuzz(func(t *testing.T, value, marker []byte) {
		s := search{key: "k", pending: map[int64][]byte{}}
		s.take(&kgo.Record{Key: []byte("k"), Value: value, ProducerID: 7,
			Attrs: kgo.NewRecordAttrs(kgo.RecordAttrsOpts{Transactional: true})})
		s.take(&kgo.Record{Key: marker, ProducerID: 7,
			Attrs: kgo.NewRecordAttrs(kgo.RecordAttrsOpts{Transactional: true, Control: true})})
		if commits := len(marker) >= 4 && marker[2] == 0 && marker[3] == 1; commits != (s.last != nil) &&
			len(value) > 0 {
			t.Fatalf("marker %x: %q", marker, s.last)
		}
		p, err := parsePosition(value)
		if err == nil && p.Format != positionFormat {
			t.Fatalf("format %d", p.Format)
		}
	})
}

// User and password may stand in the credential store of the home.
func TestCredentialStore(t *testing.T) {
	c := fake(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "gg", "geheim"))
	cfg := files(t, c.ListenAddrs(), append(usual(), ">security.protocol=SASL_PLAINTEXT",
		">sasl.mechanism=PLAIN", ">sasl.jaas.config=org.apache.kafka.common.security.plain."+
			`PlainLoginModule required username="ORACLEWALLETUSERNAME[kafka lake]" `+
			`password="ORACLEWALLETPASSWORD[kafka lake]";`)...)
	dir := filepath.Join(cfg.Home, "dircrd")
	cfg.Credentials = dir
	_, err := newTarget().Open(limited(t), cfg)
	e, ok := err.(*handler.ApplyError)
	if !ok || e.Class != handler.Setup || !strings.Contains(e.Text, "kafka") {
		t.Fatalf("without a store: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	store := dblogin.AliasesIn(dir)
	if err := store.Create(); err != nil {
		t.Fatal(err)
	}
	err = store.Add(dblogin.Alias{Domain: "lake", Name: "kafka", User: "gg", Password: "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	opened(t, cfg)
}
