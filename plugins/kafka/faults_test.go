package main

import (
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

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
	h, _ := opened(t, files(t, c.ListenAddrs(), plain()...))
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
	positions := []kfake.ACL{rule(kmsg.ACLResourceTypeTopic, "_ogg_checkpoint", kmsg.ACLOperationWrite),
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
			cfg := files(t, c.ListenAddrs(), append(plain(), ">security.protocol=SASL_PLAINTEXT",
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
	cfg := files(t, c.ListenAddrs(), append(plain(), ">delivery.timeout.ms=1500")...)
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
	h, _ := opened(t, files(t, c.ListenAddrs(), plain()...))
	if h.link.timeout != time.Minute {
		t.Errorf("timeout %s", h.link.timeout)
	}
	_, err := newTarget().Open(limited(t), files(t, c.ListenAddrs(),
		append(plain(), ">transaction.timeout.ms=200000")...))
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
	cfg := files(t, c.ListenAddrs(), append(plain(), ">transaction.timeout.ms=1000")...)
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
	cfg := files(t, c.ListenAddrs(), plain()...)
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
