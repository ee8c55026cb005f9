package streams

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/record"
	"ggsh/tests/rig"
)

// TestTwoPipelines: rows and operations go from files to a topic by one pipeline, and
// from the topic to a trail by another that knows nothing of the first. The second
// trail has the tables, operations and values of the first, in the same kinds.
func TestTwoPipelines(t *testing.T) {
	k := servers.Kafka(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := k.CreateTopic(ctx, "shop", 1); err != nil {
		t.Fatal(err)
	}
	first, second := rig.NewHome(t, bin, restart...), rig.NewHome(t, bin, restart...)
	sendFiles(t, first, k.Brokers())
	second.Write("dirprm/consumer.properties", "bootstrap.servers="+k.Brokers()+"\n")
	second.Write("dirdef/shop.def", definitions)
	second.Write("dirprm/ekafka.prm", `EXTRACT ekafka
SOURCEDB kafka:
TRANLOGOPTIONS KAFKACONSUMERPROPERTIES consumer.properties, TOPICS (shop), FORMAT OGG_JSON, DEFINITIONS dirdef/shop.def
GETTRUNCATES
EXTTRAIL ./dirdat/l2
TABLE shop.*;
`)
	second.Run("start mgr", "add extract ekafka, tranlog, begin earliest",
		"add exttrail ./dirdat/l2, extract ekafka, megabytes 5", "start ekafka")
	const rows = 3 + 5
	want := settled(t, first, "efile", "l1", rows)
	got := settled(t, second, "ekafka", "l2", rows)
	if len(got) != rows || len(want) != rows {
		t.Fatalf("%d rows became %d, not %d", len(want), len(got), rows)
	}
	for i := range want {
		if want[i].kind != got[i].kind || !maps.Equal(carried(want[i]), carried(got[i])) {
			t.Errorf("row %d\n was %s %v\n  is %s %v", i, want[i].kind, carried(want[i]), got[i].kind, carried(got[i]))
		}
	}
	ops := []string{"INSERT shop.orders", "INSERT shop.orders", "INSERT shop.orders", "INSERT shop.items",
		"UPDATE shop.items", "PK UPDATE shop.items", "DELETE shop.items", "TRUNCATE shop.items"}
	for i, op := range ops {
		if got[i].kind != op {
			t.Errorf("operation %d is %s, want %s", i, got[i].kind, op)
		}
	}
}

// definitions describe the tables on both ways.
const definitions = `-- orders and items
TABLE shop.orders (id BIGINT KEY, item VARCHAR(40), price DECIMAL(10,2), day DATE,
  at TIMESTAMP(6), paid BOOLEAN, note JSON, picture BINARY);
TABLE shop.items (sku VARCHAR(10) KEY, stock INT, weight DOUBLE);
`

// carried are a row's values with their kinds, but for columns that were not there.
func carried(r row) map[string]string {
	out := map[string]string{}
	for name, kind := range r.kinds {
		if kind != record.Missing {
			out[name] = fmt.Sprintf("%s %s", kind, r.values[name])
		}
	}
	return out
}

// sendFiles captures files in a home and applies them to the topic.
func sendFiles(t *testing.T, h *rig.Home, brokers string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(h.Dir, "dirin"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.Write("dirdef/shop.def", definitions)
	h.Write("dirprm/efile.prm", `EXTRACT efile
SOURCEDB directory:./dirin
TRANLOGOPTIONS DEFINITIONS dirdef/shop.def
TRANLOGOPTIONS FILES '*.csv'
TRANLOGOPTIONS FILES '*.json' FORMAT OGG_JSON
GETTRUNCATES
EXTTRAIL ./dirdat/l1
TABLE shop.*;
`)
	h.Write("dirprm/producer.properties", "bootstrap.servers="+brokers+"\n")
	h.Write("dirprm/rkafka.props", `gg.handlerlist=k
gg.handler.k.type=kafka
gg.handler.k.mode=op
gg.handler.k.format=json
gg.handler.k.format.includePrimaryKeys=true
gg.handler.k.topicMappingTemplate=shop
gg.handler.k.keyMappingTemplate=${primaryKeys}
gg.handler.k.kafkaProducerConfigFile=producer.properties
`)
	h.Write("dirprm/rkafka.prm", `REPLICAT rkafka
TARGETDB LIBFILE libggjava.so SET property=dirprm/rkafka.props
GETTRUNCATES
MAP shop.*, TARGET shop.*;
`)
	h.Write("dirin/orders.csv", strings.Join([]string{"id,item,price,day,at,paid,note,picture",
		`1,"a ""b"", c",2.50,2026-01-02,2026-01-02 03:04:05.123456,true,"{""x"":[1,2.50]}",00ff`,
		`2,ä€😀,-0.01,,,false,,`, `9223372036854775807,"",99999999.99,2000-02-29,2026-01-02,,null,`}, "\n")+"\n")
	const at = `"op_ts":"2026-01-02 03:04:05.000000","current_ts":"2026-01-02T03:04:06.000000",` +
		`"pos":"00000000000000000001","primary_keys":["sku"]`
	op := func(kind, images string) string {
		return fmt.Sprintf(`{"table":"shop.items","op_type":"%s",%s%s}`, kind, at, images) + "\n"
	}
	h.Write("dirin/zitems.json", op("I", `,"after":{"sku":"s1","stock":3,"weight":0.1}`)+
		op("U", `,"before":{"sku":"s1","stock":3},"after":{"sku":"s1","stock":2}`)+
		op("U", `,"before":{"sku":"s1","stock":2},"after":{"sku":"s2","stock":2}`)+
		op("D", `,"before":{"sku":"s2","stock":2,"weight":null}`)+op("T", ""))
	if err := os.Chtimes(filepath.Join(h.Dir, "dirin/orders.csv"), time.Time{}, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	h.Run("start mgr", "add extract efile, tranlog, begin earliest",
		"add exttrail ./dirdat/l1, extract efile, megabytes 5", "add replicat rkafka, exttrail ./dirdat/l1",
		"start efile", "start rkafka")
}
