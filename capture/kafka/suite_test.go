package kafka

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/capture/capturetest"
	"ggsh/capture/payload"
	"ggsh/kafkaclient"
	"ggsh/tests/services/server"
)

// TestSuite runs the suite of all captures on a cluster in this process, whose topic
// holds what the json formatter writes.
func TestSuite(t *testing.T) {
	capturetest.RunSingle(t, func(t *testing.T) capturetest.Database {
		c := cluster(t, kfake.SeedTopics(1, "hr.ct"))
		return &suiteTopic{t: t, home: t.TempDir(), topic: "hr.ct", brokers: c.ListenAddrs()}
	})
}

// TestSuiteLive runs it on a real broker.
func TestSuiteLive(t *testing.T) {
	server.Require(t, server.KindKafka)
	k, err := server.StartKafka(t.Context(), server.KafkaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	topics := 0
	capturetest.RunSingle(t, func(t *testing.T) capturetest.Database {
		topics++
		d := &suiteTopic{t: t, home: t.TempDir(), topic: fmt.Sprintf("ct%d", topics),
			brokers: []string{k.Brokers()}}
		if err := k.CreateTopic(t.Context(), d.topic, 1); err != nil {
			t.Fatal(err)
		}
		return d
	})
}

// suiteTopic is a topic in the hands of the suite.
type suiteTopic struct {
	t        testing.TB
	home     string
	topic    string
	brokers  []string
	messages capturetest.Messages
	orders   int
}

func (d *suiteTopic) Table() string { return "hr.ct" }

func (d *suiteTopic) Exec(statements ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(d.brokers...), kgo.DefaultProduceTopic(d.topic))
	if err != nil {
		return err
	}
	defer client.Close()
	for _, s := range statements {
		text, err := d.messages.Message(s)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err = client.ProduceSync(ctx, kgo.StringRecord(text)).FirstErr()
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *suiteTopic) Open(ctx context.Context, restart string) (capturetest.Source, error) {
	d.orders++
	return Open(ctx, Config{Client: consumer(d.t, d.brokers), Restart: restart,
		Ledger: filepath.Join(d.home, "x.cpd"), Begin: Begin{Order: fmt.Sprint(d.orders), AtEnd: true},
		MaxRows: 1, Topics: []string{d.topic}, Format: payload.Format{Form: payload.Ops}})
}

// consumer is the configuration of a consumer of the brokers.
func consumer(t testing.TB, brokers []string, more ...kafkaclient.Setting) *kafkaclient.Config {
	t.Helper()
	settings := []kafkaclient.Setting{{Key: "fetch.max.wait.ms", Value: "100"}}
	for i, b := range brokers {
		if i > 0 {
			settings[1].Value += "," + b
			continue
		}
		settings = append(settings, kafkaclient.Setting{Key: "bootstrap.servers", Value: b})
	}
	c, err := kafkaclient.New(append(settings, more...), kafkaclient.Options{Role: kafkaclient.Consumer,
		ClientID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cluster is a cluster of one broker in this process.
func cluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
