package main

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/tests/services/server"
)

// secured is a broker that wants a login, allows nothing by itself, and looks
// for expired transactions all the time.
func secured(t *testing.T) (*server.Kafka, *kadm.Client) {
	t.Helper()
	const module = "org.apache.kafka.common.security.plain.PlainLoginModule"
	k := realKafka(t, server.KafkaOptions{Properties: map[string]string{
		"listener.security.protocol.map":       "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
		"inter.broker.listener.name":           "PLAINTEXT",
		"sasl.enabled.mechanisms":              "PLAIN",
		"sasl.mechanism.inter.broker.protocol": "PLAIN",
		"listener.name.plaintext.plain.sasl.jaas.config": module + ` required username="root" ` +
			`password="root" user_root="root" user_gg="geheim";`,
		"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":           "User:root;User:ANONYMOUS",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
	}})
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Brokers()),
		kgo.SASL(plain.Auth{User: "root", Pass: "root"}.AsMechanism()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return k, kadm.NewClient(client)
}

func allow(t *testing.T, admin *kadm.Client, rules ...*kadm.ACLBuilder) {
	t.Helper()
	for _, rule := range rules {
		done, err := admin.CreateACLs(limited(t), rule.ResourcePatternType(
			kadm.ACLPatternLiteral).Allow("User:gg"))
		if err != nil || len(done) == 0 || done[0].Err != nil {
			t.Fatalf("%+v, %v", done, err)
		}
	}
}

// TestOnASecuredKafka: each right that is missing is told by name, and those
// that docs/KAFKA.md lists are enough.
func TestOnASecuredKafka(t *testing.T) {
	k, admin := secured(t)
	if _, err := admin.CreateTopic(limited(t), 1, 1, nil, "people"); err != nil {
		t.Fatal(err)
	}
	with := func(password string, more ...string) handler.Config {
		return files(t, []string{k.Brokers()}, append(append(usual(), more...),
			">security.protocol=SASL_PLAINTEXT", ">sasl.mechanism=PLAIN",
			`>sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required `+
				`username="gg" password="`+password+`";`)...)
	}
	refused := func(cfg handler.Config, words ...string) {
		t.Helper()
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
		for _, word := range words {
			if !strings.Contains(e.Text, word) {
				t.Errorf("the error lacks %q: %s", word, e.Text)
			}
		}
		for _, secret := range []string{"geheim", "falsch"} {
			if strings.Contains(e.Text, secret) {
				t.Errorf("the password is in %s", e.Text)
			}
		}
	}
	refused(with("falsch"), "SASL_AUTHENTICATION_FAILED", "sasl.jaas.config")
	refused(with("geheim"), "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "--transactional-id")
	allow(t, admin, kadm.NewACLs().TransactionalIDs("ogg-REPK-0000000000000abc").
		Operations(kadm.OpWrite, kadm.OpDescribe))
	refused(with("geheim"), "_ogg_checkpoint", "AUTHORIZATION_FAILED")
	allow(t, admin, kadm.NewACLs().Topics("_ogg_checkpoint").Operations(kadm.OpRead, kadm.OpWrite,
		kadm.OpDescribe))
	refused(with("geheim"), "create topic _ogg_checkpoint", "kafka-topics --bootstrap-server")
	allow(t, admin, kadm.NewACLs().Topics("_ogg_checkpoint").Operations(kadm.OpCreate))
	refused(with("geheim"), "topic people", "TOPIC_AUTHORIZATION_FAILED", "kafka-acls")
	allow(t, admin, kadm.NewACLs().Topics("people").Operations(kadm.OpWrite, kadm.OpDescribe))
	cfg := with("geheim", ">transaction.timeout.ms=1500")
	h, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	b := txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)})
	apply(t, h, b)
	expires(t, admin, h, p)
	at := handlertest.At(110)
	holds(t, cfg, &at)
}

// expires leaves a transaction open until the broker rolls it back.
func expires(t *testing.T, admin *kadm.Client, h *target, p *handlertest.Table) {
	t.Helper()
	apply(t, h, part(txns(200, nil, [][]byte{p.Insert(person(2, "B", "b")...)})))
	for {
		described, err := admin.DescribeTransactions(limited(t), h.set.client.TransactionalID)
		if err != nil {
			t.Fatal(err)
		}
		if d := described[h.set.client.TransactionalID]; d.State == "CompleteAbort" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	applyFails(t, h, txns(210, nil, [][]byte{p.Insert(person(3, "C", "c")...)}), handler.Connection,
		"Kafka has rolled it back", "transaction.timeout.ms")
}
