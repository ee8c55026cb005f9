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
)

// TestSuite runs the suite of all captures on a cluster in this process, whose topic
// holds what the json formatter writes.
func TestSuite(t *testing.T) {
	capturetest.Run(t, func(t *testing.T) capturetest.Database {
		c := cluster(t, kfake.SeedTopics(1, "hr.ct"))
		return &suiteTopic{t: t, home: t.TempDir(), brokers: c.ListenAddrs()}
	})
}

// suiteTopic is a topic in the hands of the suite.
type suiteTopic struct {
	t        testing.TB
	home     string
	brokers  []string
	messages capturetest.Messages
	orders   int
}

func (d *suiteTopic) Single()       {}
func (d *suiteTopic) Table() string { return "hr.ct" }

func (d *suiteTopic) Exec(statements ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(d.brokers...), kgo.DefaultProduceTopic("hr.ct"))
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
		MaxRows: 1, Topics: []string{"hr.ct"}, Format: payload.Format{Form: payload.Ops}})
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
