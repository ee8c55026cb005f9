package server

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func startKafka(t *testing.T, opts KafkaOptions) *Kafka {
	t.Helper()
	Require(t, KindKafka)
	k, err := StartKafka(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(k.Logs())
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func (k *Kafka) produce(ctx context.Context, topic string, records string) (string, error) {
	return k.Tool(ctx, "org.apache.kafka.tools.ProducerPerformance", "--topic", topic,
		"--num-records", records, "--record-size", "20", "--throughput", "-1",
		"--bootstrap-server", k.Brokers())
}

func TestKafkaKeepsItsDataThroughAKill(t *testing.T) {
	k := startKafka(t, KafkaOptions{})
	ctx := limited(t, 3*time.Minute)
	if err := k.CreateTopic(ctx, "t", 3, "message.timestamp.type=LogAppendTime"); err != nil {
		t.Fatal(err)
	}
	described, err := k.Tool(ctx, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
		k.Brokers(), "--describe", "--topic", "t")
	if err != nil || !strings.Contains(described, "PartitionCount: 3") ||
		!strings.Contains(described, "LogAppendTime") {
		t.Errorf("the topic is %q, %v", described, err)
	}
	if said, err := k.produce(ctx, "t", "1000"); err != nil ||
		!strings.Contains(said, "1000 records sent") {
		t.Fatalf("%s, %v", said, err)
	}
	before, err := k.Consume(ctx, "t", ConsumeOptions{Partition: true, Offset: true, Key: true, Max: 1000})
	if err != nil || len(before) != 1000 {
		t.Fatalf("%d records, %v", len(before), err)
	}
	slices.Sort(before)
	if f := strings.Split(before[0], "\t"); len(f) != 4 || !strings.HasPrefix(f[0], "Partition:") ||
		f[1] != "Offset:0" || f[2] != "null" || len(f[3]) != 20 {
		t.Errorf("the first record is %q", before[0])
	}

	pid := k.PID()
	if err := k.Kill(); err != nil {
		t.Fatal(err)
	}
	if k.PID() != 0 || alive(pid) {
		t.Errorf("process %d lives after Kill", pid)
	}
	begun := time.Now()
	if err := k.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("back %v after a kill", time.Since(begun))
	after, err := k.Consume(ctx, "t", ConsumeOptions{Partition: true, Offset: true, Key: true, Max: 1000})
	slices.Sort(after)
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("%d records after the kill, %v", len(after), err)
	}

	if err := k.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	begun = time.Now()
	if err := k.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("back %v after a stop", time.Since(begun))
	if said, err := k.produce(ctx, "t", "1"); err != nil {
		t.Fatal(said, err)
	}
	// Without a limit it ends when nothing more comes.
	last, err := k.Consume(ctx, "t", ConsumeOptions{ReadCommitted: true, Headers: true, NoValue: true})
	if err != nil || len(last) != 1001 || last[0] != "NO_HEADERS" {
		t.Errorf("%d records, %v", len(last), err)
	}
}

func TestKafkaOptions(t *testing.T) {
	k := startKafka(t, KafkaOptions{Properties: map[string]string{"message.max.bytes": "5000"}})
	ctx := limited(t, 2*time.Minute)
	if _, err := k.Consume(ctx, "absent", ConsumeOptions{Wait: time.Second}); err != nil {
		t.Error(err)
	}
	if err := k.CreateTopic(ctx, "t", 1); err != nil {
		t.Fatal(err)
	}
	config, err := k.Tool(ctx, "kafka.admin.ConfigCommand", "--bootstrap-server",
		k.Brokers(), "--entity-type", "topics", "--entity-name", "t", "--describe", "--all")
	if err != nil || !strings.Contains(config, "max.message.bytes=5000") {
		t.Errorf("the topic's settings, %v:\n%s", err, config)
	}
	if none, err := k.Consume(ctx, "t", ConsumeOptions{Wait: time.Second}); err != nil || len(none) != 0 {
		t.Errorf("an empty topic has %v, %v", none, err)
	}
	if topics := k.topics(t); slices.Contains(topics, "absent") {
		t.Errorf("asking for a topic made it: %q", topics)
	}
	dir, pid := k.Dir, k.PID()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) || alive(pid) {
		t.Errorf("after Close there is %s, %v, and process %d", dir, err, pid)
	}
}

func TestKafkaMakesTopicsIfToldSo(t *testing.T) {
	k := startKafka(t, KafkaOptions{AutoCreateTopics: true})
	ctx := limited(t, 2*time.Minute)
	if said, err := k.produce(ctx, "by-itself", "3"); err != nil {
		t.Fatal(said, err)
	}
	if topics := k.topics(t); !slices.Contains(topics, "by-itself") {
		t.Errorf("the topics are %q", topics)
	}
}

func (k *Kafka) topics(t *testing.T) []string {
	t.Helper()
	out, err := k.Tool(limited(t, time.Minute), "org.apache.kafka.tools.TopicCommand",
		"--bootstrap-server", k.Brokers(), "--list")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(out)
}

func TestKafkaBadPropertyIsReportedWithTheServersOwnWords(t *testing.T) {
	Require(t, KindKafka)
	k, err := StartKafka(limited(t, time.Minute),
		KafkaOptions{Properties: map[string]string{"num.io.threads": "none"}})
	if err == nil {
		k.Close()
		t.Fatal("started with a property that is no number")
	}
	if !strings.Contains(err.Error(), "num.io.threads") {
		t.Errorf("the error does not name the property: %v", err)
	}
}
