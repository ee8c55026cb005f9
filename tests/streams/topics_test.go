package streams

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/tests/rig"
)

// TestTopicsKilled: messages come to a real broker, in transactions of which some are
// rolled back, while the Extract is killed. The trail has each committed message once,
// in the order of its partition, and none that was rolled back.
func TestTopicsKilled(t *testing.T) {
	k := servers.Kafka(t)
	const partitions = 3
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := k.CreateTopic(ctx, "killed", partitions); err != nil {
		t.Fatal(err)
	}
	h := rig.NewHome(t, bin, restart...)
	h.Write("dirprm/consumer.properties", "bootstrap.servers="+k.Brokers()+"\ngroup.id=watch\n")
	h.Write("dirprm/ekafka.prm", `EXTRACT ekafka
SOURCEDB USERIDALIAS kafka
JVMOPTIONS CLASSPATH ggjava/ggjava.jar:kafka-clients.jar
TRANLOGOPTIONS GETMETADATAFROMVAM
TRANLOGOPTIONS KAFKACONSUMERPROPERTIES consumer.properties, BATCHROWS 50
FLUSHCSECS 10
CHECKPOINTSECS 1
EXTTRAIL ./dirdat/lk
TABLE k.killed;
`)
	h.Run("add credentialstore", "alter credentialstore add user kafka:// password any alias kafka", "start mgr",
		"add extract ekafka, tranlog, begin earliest", "add exttrail ./dirdat/lk, extract ekafka, megabytes 1",
		"start ekafka")
	p := &producer{t: t, r: rand.New(rand.NewPCG(*seed, 4)), committed: make([]int, partitions)}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		p.run(ctx, k.Brokers(), stop)
	}()
	killing(t, h, "extract", rand.New(rand.NewPCG(*seed, 3)), func() bool { return true })
	close(stop)
	<-stopped
	total := 0
	for _, n := range p.committed {
		total += n
	}
	rows := settled(t, h, "ekafka", "lk", total)
	next := make([]int, partitions)
	for _, row := range rows {
		var partition, n int
		if _, err := fmt.Sscanf(row.values["payload"], "%d %d", &partition, &n); err != nil {
			t.Fatalf("message %q: %v", row.values["payload"], err)
		}
		if n != next[partition] || row.values["partition"] != fmt.Sprint(partition) {
			t.Fatalf("message %d of partition %d where %d should be: %v", n, partition, next[partition], row.values)
		}
		next[partition]++
	}
	if len(rows) != total || p.rolledBack == 0 {
		t.Errorf("%d rows of %d messages, %d rolled back", len(rows), total, p.rolledBack)
	}
	t.Logf("%d messages committed, %d rolled back", total, p.rolledBack)
	rig.Until(t, "INFO to show the partitions", func() (bool, string) {
		out := h.Run("info ekafka, showch")
		return strings.Contains(out, "Topic Checkpoint") && strings.Contains(out, "Partition: killed:2  offset"), out
	})
}

// producer writes numbered messages in transactions.
type producer struct {
	t          *testing.T
	r          *rand.Rand
	committed  []int // by partition
	rolledBack int
}

func (p *producer) run(ctx context.Context, brokers string, stop chan struct{}) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.TransactionalID("tests-streams"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		p.t.Error(err)
		return
	}
	defer client.Close()
	for {
		select {
		case <-stop:
			return
		default:
		}
		if err := p.transaction(ctx, client); err != nil {
			p.t.Error(err)
			return
		}
	}
}

func (p *producer) transaction(ctx context.Context, client *kgo.Client) error {
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	next := append([]int{}, p.committed...)
	var list []*kgo.Record
	for range 1 + p.r.IntN(200) {
		n := p.r.IntN(len(next))
		list = append(list, &kgo.Record{Topic: "killed", Partition: int32(n),
			Value: fmt.Appendf(nil, "%d %d %s", n, next[n], strings.Repeat("x", p.r.IntN(300)))})
		next[n]++
	}
	if err := client.ProduceSync(ctx, list...).FirstErr(); err != nil {
		return err
	}
	if p.r.IntN(4) == 0 {
		p.rolledBack += len(list)
		return client.EndTransaction(ctx, kgo.TryAbort)
	}
	p.committed = next
	return client.EndTransaction(ctx, kgo.TryCommit)
}
