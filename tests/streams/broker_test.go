package streams

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// TestBrokerAway: while the broker is down the Extract keeps running, says so, and goes
// on when it is back; it starts and waits without a broker, too.
func TestBrokerAway(t *testing.T) {
	server.Require(t, server.KindKafka)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	k, err := server.StartKafka(ctx, server.KafkaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	if err := k.CreateTopic(ctx, "away", 1); err != nil {
		t.Fatal(err)
	}
	h := rig.NewHome(t, bin)
	h.Write("dirprm/consumer.properties", "bootstrap.servers="+k.Brokers()+"\n")
	h.Write("dirprm/eaway.prm", "EXTRACT eaway\nSOURCEDB kafka:\n"+
		"TRANLOGOPTIONS KAFKACONSUMERPROPERTIES consumer.properties\nEXTTRAIL ./dirdat/la\nTABLE k.away;\n")
	h.Run("start mgr", "add extract eaway, tranlog, begin earliest",
		"add exttrail ./dirdat/la, extract eaway, megabytes 1", "start eaway")
	send := func(n int) {
		client, err := kgo.NewClient(kgo.SeedBrokers(k.Brokers()), kgo.DefaultProduceTopic("away"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(n))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	told := func() {
		rig.Until(t, "the report to tell of the broker", func() (bool, string) {
			text := h.Read("dirrpt/EAWAY.rpt")
			return strings.Contains(text, "OGG-01223") && h.State("eaway") == "RUNNING", text
		})
	}
	send(0)
	settled(t, h, "eaway", "la", 1)
	for n := 1; n <= 2; n++ {
		if err := k.Kill(); err != nil {
			t.Fatal(err)
		}
		if n == 2 {
			h.Run("stop eaway")
			h.WaitState("eaway", "STOPPED")
			h.Run("start eaway")
		}
		told()
		if err := k.Start(ctx); err != nil {
			t.Fatal(err)
		}
		send(n)
		rows := settled(t, h, "eaway", "la", n+1)
		if len(rows) != n+1 || rows[n].values["payload"] != fmt.Sprint(n) {
			t.Errorf("rows %v", rows)
		}
	}
}
