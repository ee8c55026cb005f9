package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

func wants(t *testing.T, got []*kgo.Record, want ...string) {
	t.Helper()
	list := values(got)
	slices.Sort(list)
	slices.Sort(want)
	if !slices.Equal(list, want) {
		t.Fatalf("messages\n  %s\nwant\n  %s", strings.Join(list, "\n  "), strings.Join(want, "\n  "))
	}
}

func holds(t *testing.T, cfg handler.Config, want *handler.Checkpoint) {
	t.Helper()
	h, o := opened(t, cfg)
	if !reflect.DeepEqual(o.Checkpoint, want) {
		t.Fatalf("the target holds %+v, want %+v", o.Checkpoint, want)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// One message for each operation, with its key, and the position with them.
func TestOperationsAndPosition(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	h, o := opened(t, cfg)
	if o.Checkpoint != nil || !strings.HasPrefix(o.Product, "Kafka") {
		t.Fatalf("a new group opens at %+v on %q", o.Checkpoint, o.Product)
	}
	p := people(1)
	apply(t, h, txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "Ann", "a")...),
		p.Insert(person(2, "Bob", "b")...)}, [][]byte{p.Update(person(1, "Ann", "a"),
		person(1, "Ann", "x")), p.Delete(person(2, "Bob", "b")...)}))
	wants(t, messages(t, c.ListenAddrs(), "people"),
		`1={"op":"I","id":1,"name":"Ann","note":"a"}`, `2={"op":"I","id":2,"name":"Bob","note":"b"}`,
		`1={"op":"U","id":1,"name":"Ann","note":"x"}`, `2={"op":"D","id":2,"name":"Bob","note":"b"}`)
	at := handlertest.At(140)
	holds(t, cfg, &at)
}

// A position record is JSON that other programs can read; its key is the group.
func TestPositionRecord(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	h, _ := opened(t, cfg)
	p := people(1)
	apply(t, h, txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...)}))
	list := messages(t, c.ListenAddrs(), "_ogg_checkpoint")
	if len(list) != 1 || string(list[0].Key) != "REPK-0000000000000abc" {
		t.Fatalf("positions %q", values(list))
	}
	var got map[string]any
	if err := json.Unmarshal(list[0].Value, &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "written")
	want := map[string]any{"format": 1.0, "group": "REPK", "groupKey": "0000000000000abc",
		"home": cfg.Home, "seqno": 1.0, "rba": 110.0, "csn": handlertest.At(110).CSN.String(),
		"xid": handlertest.At(110).XID, "commitTime": "2023-11-14T22:13:20.00000011Z"}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("position %v, want %v", got, want)
	}
}

// An operator's position replaces the one that is held; groups of one name in
// two homes have each their own.
func TestResetAndIdentity(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	reset := handlertest.At(7)
	cfg.Reset = &reset
	_, o := opened(t, cfg)
	if !reflect.DeepEqual(o.Checkpoint, &reset) {
		t.Fatalf("after a reset: %+v", o.Checkpoint)
	}
	cfg.Reset = nil
	holds(t, cfg, &reset)
	other := cfg
	other.GroupKey++
	holds(t, other, nil)
	holds(t, cfg, &reset)
}

// Nothing of a batch that fails is there, and the next one begins anew.
func TestFailedBatchLeavesNothing(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), append(usual(), ">max.request.size=2000")...)
	h, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	apply(t, h, txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)}))
	long := strings.Repeat("x", 3000)
	e := applyFails(t, h, txns(200, tables, [][]byte{p.Insert(person(2, "B", "b")...),
		p.Insert(person(3, "C", long)...), p.Insert(person(4, "D", "d")...)}), handler.Row,
		"hr.people", "max.request.size=2000", "max.message.bytes", "producer.properties",
		"for topic people has 3")
	if e.Op != 1 || e.Code != 10 {
		t.Fatalf("%+v", e)
	}
	if strings.Contains(e.Text, "xxx") {
		t.Error("the error shows values")
	}
	apply(t, h, txns(300, tables, [][]byte{p.Insert(person(5, "E", "e")...)}))
	wants(t, messages(t, c.ListenAddrs(), "people"), `1={"op":"I","id":1,"name":"A","note":"a"}`,
		`5={"op":"I","id":5,"name":"E","note":"e"}`)
	at := handlertest.At(310)
	holds(t, cfg, &at)
}

// A rule lets an operation pass; the others of the batch are there.
func TestRules(t *testing.T) {
	c := fake(t)
	h, _ := opened(t, files(t, c.ListenAddrs(), append(usual(), ">max.request.size=2000")...))
	p := people(1)
	p.Rules = []handler.Rule{{From: 10, To: 10, Response: handler.Discard}}
	long := strings.Repeat("x", 3000)
	applied := apply(t, h, txns(200, []*handlertest.Table{p}, [][]byte{
		p.Insert(person(2, "B", "b")...), p.Insert(person(3, "C", long)...)}))
	if len(applied.Exceptions) != 1 || applied.Exceptions[0].Op != 1 ||
		applied.Exceptions[0].Code != 10 || applied.Exceptions[0].Response != handler.Discard {
		t.Fatalf("%+v", applied.Exceptions)
	}
	wants(t, messages(t, c.ListenAddrs(), "people"), `2={"op":"I","id":2,"name":"B","note":"b"}`)
}

// What the broker refuses is an error of the operation, too, and passes by rule.
func TestBrokerRefusesOneMessage(t *testing.T) {
	c := fake(t)
	if err := c.CreateTopic("people", 1, map[string]string{"max.message.bytes": "4000"}); err != nil {
		t.Fatal(err)
	}
	h, _ := opened(t, files(t, c.ListenAddrs(), usual()...))
	p := people(1)
	tables := []*handlertest.Table{p}
	long := strings.Repeat("x", 5000)
	var ops [][]byte
	for i := range int64(100) { // many small ones make no batch that is refused
		ops = append(ops, p.Insert(person(i, "n", strings.Repeat("y", 200))...))
	}
	ops[70] = p.Insert(person(70, "n", long)...)
	e := applyFails(t, h, txns(200, tables, ops), handler.Row, "max.message.bytes of the topic (4000")
	if e.Op != 70 || e.Code != 10 {
		t.Fatalf("%+v", e)
	}
	p.Rules = []handler.Rule{{Default: true, Response: handler.Ignore}}
	applied := apply(t, h, txns(200, tables, ops))
	if len(applied.Exceptions) != 1 || applied.Exceptions[0].Op != 70 {
		t.Fatalf("%+v", applied.Exceptions)
	}
	if n := len(messages(t, c.ListenAddrs(), "people")); n != 99 {
		t.Fatalf("%d messages, want 99", n)
	}
}

// A source transaction in parts is one Kafka transaction.
func TestParts(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), append(usual(), ">max.request.size=2000")...)
	h, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	insert := func(id int64, note string) [][]byte {
		return [][]byte{p.Insert(person(id, "n", note)...)}
	}
	apply(t, h, part(txns(100, tables, insert(1, "a"))))
	apply(t, h, part(txns(110, nil, insert(2, "b"))))
	apply(t, h, txns(120, nil, insert(3, "c")))
	apply(t, h, part(txns(200, nil, insert(4, "d"))))
	applyFails(t, h, part(txns(210, nil, insert(5, strings.Repeat("x", 3000)))), handler.Row)
	apply(t, h, part(txns(300, nil, insert(6, "f"))))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	at := handlertest.At(130)
	holds(t, cfg, &at)
	h, _ = opened(t, cfg)
	apply(t, h, txns(400, tables, insert(7, "g")))
	var keys []string
	for _, r := range messages(t, c.ListenAddrs(), "people") {
		keys = append(keys, string(r.Key))
	}
	slices.Sort(keys)
	if strings.Join(keys, " ") != "1 2 3 7" {
		t.Fatalf("keys %q", keys)
	}
}

// An older handler of the same group cannot write any more.
func TestZombieIsFenced(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), usual()...)
	zombie, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	apply(t, zombie, txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)}))
	apply(t, zombie, part(txns(200, tables, [][]byte{p.Insert(person(2, "B", "b")...)})))
	h, o := opened(t, cfg)
	if o.Checkpoint == nil || o.Checkpoint.RBA != 110 {
		t.Fatalf("opened at %+v", o.Checkpoint)
	}
	apply(t, h, txns(300, tables, [][]byte{p.Insert(person(3, "C", "c")...)}))
	applyFails(t, zombie, txns(210, nil, [][]byte{p.Insert(person(4, "D", "d")...)}), handler.Setup,
		"ogg-REPK-0000000000000abc", "a second Replicat")
	applyFails(t, zombie, txns(220, nil, [][]byte{p.Insert(person(5, "E", "e")...)}),
		handler.Connection)
	apply(t, h, txns(400, nil, [][]byte{p.Insert(person(6, "F", "f")...)}))
	wants(t, messages(t, c.ListenAddrs(), "people"), `1={"op":"I","id":1,"name":"A","note":"a"}`,
		`3={"op":"I","id":3,"name":"C","note":"c"}`, `6={"op":"I","id":6,"name":"F","note":"f"}`)
}

// A commit whose answer is lost is not known to have happened: the position tells.
func TestUnknownOutcomeOfCommit(t *testing.T) {
	for _, done := range []bool{false, true} {
		c, answers := mutable(t)
		cfg := files(t, c.ListenAddrs(), append(usual(), ">delivery.timeout.ms=1500")...)
		h, _ := opened(t, cfg)
		p := people(1)
		tables := []*handlertest.Table{p}
		apply(t, h, txns(100, tables, [][]byte{p.Insert(person(1, "A", "a")...)}))
		fault := kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Count: -1, TopLevel: true}
		if done {
			// The broker does it, and its answer is lost.
			fault.Observe = true
			fault.When = func(kmsg.Request) bool { answers.on.Store(true); return true }
		}
		handle := c.Fault(fault)
		second := txns(200, tables, [][]byte{p.Insert(person(2, "B", "b")...)})
		applyFails(t, h, second, handler.Connection, "_ogg_checkpoint", "not known")
		applyFails(t, h, second, handler.Connection, "opened anew")
		handle.Remove()
		answers.on.Store(false)
		again, o := opened(t, cfg)
		want := handlertest.At(110)
		if done {
			want = handlertest.At(210)
		}
		if !reflect.DeepEqual(o.Checkpoint, &want) {
			t.Fatalf("committed %v: opened at %+v", done, o.Checkpoint)
		}
		if !done {
			apply(t, again, second)
		}
		wants(t, messages(t, c.ListenAddrs(), "people"), `1={"op":"I","id":1,"name":"A","note":"a"}`,
			`2={"op":"I","id":2,"name":"B","note":"b"}`)
	}
}

// The order of the messages of one key is the order of the operations.
func TestOrderOfAKey(t *testing.T) {
	c := fake(t, kfake.SeedTopics(6, "people"))
	h, _ := opened(t, files(t, c.ListenAddrs(), usual()...))
	p := people(1)
	const keys, rounds = 50, 40
	from := uint64(100)
	for batch := range 4 {
		var ops [][]byte
		for i := range rounds {
			for k := range int64(keys) {
				note := string(rune('a' + batch*rounds + i))
				ops = append(ops, p.Update(person(k, "n", "?"), person(k, "n", note)))
			}
		}
		b := txns(from, []*handlertest.Table{p}, ops)
		from = b.Checkpoint.RBA
		apply(t, h, b)
	}
	seen := map[string][]rune{}
	spread := map[int32]bool{}
	for _, r := range messages(t, c.ListenAddrs(), "people") {
		var row struct{ Note string }
		if err := json.Unmarshal(r.Value, &row); err != nil {
			t.Fatal(err)
		}
		seen[string(r.Key)] = append(seen[string(r.Key)], []rune(row.Note)...)
		spread[r.Partition] = true
	}
	if len(seen) != keys || len(spread) < 4 {
		t.Fatalf("%d keys in %d partitions", len(seen), len(spread))
	}
	for key, notes := range seen {
		if !slices.IsSorted(notes) || len(notes) != 4*rounds {
			t.Fatalf("key %s: %q", key, string(notes))
		}
	}
}

// Headers are meta columns; lists among them are JSON.
func TestHeaders(t *testing.T) {
	c := fake(t)
	h, _ := opened(t, files(t, c.ListenAddrs(), append(usual(), "metaHeadersTemplate="+
		"${optype},${csn[CSN]},${xid},${opseqno},${txind},${position},${objectname},${alltokens},"+
		"${primarykeycolumns[pk]}")...))
	p := people(1)
	apply(t, h, txns(100, []*handlertest.Table{p}, [][]byte{p.Insert(person(1, "A", "a")...),
		p.Delete(person(1, "A", "a")...)}))
	list := messages(t, c.ListenAddrs(), "people")
	var got []string
	for _, r := range list {
		var line []string
		for _, h := range r.Headers {
			line = append(line, h.Key+"="+string(h.Value))
		}
		got = append(got, strings.Join(line, " "))
	}
	want := []string{`optype=I CSN=100 xid=x100 opseqno=1 txind=B position=00000000010000000100 ` +
		`objectname=hr.people alltokens={} pk=["id"]`,
		`optype=D CSN=100 xid=x100 opseqno=2 txind=E position=00000000010000000110 ` +
			`objectname=hr.people alltokens={} pk=["id"]`}
	if !slices.Equal(got, want) {
		t.Fatalf("headers\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// In mode=tx a message is a source transaction, however it is batched, without key.
func TestModeTransaction(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), "mode=tx", "format=json_row", "topicMappingTemplate=all",
		"keyMappingTemplate=${NULL}", "format.metaColumnsTemplate=${optype[op]}",
		"metaHeadersTemplate=${xid}", ">max.request.size=1000")
	h, _ := opened(t, cfg)
	p := people(1)
	tables := []*handlertest.Table{p}
	one := func(id int64) []byte { return p.Insert(person(id, "n", "x")...) }
	apply(t, h, txns(100, tables, [][]byte{one(1), one(2)}, [][]byte{one(3)}))
	apply(t, h, part(txns(200, nil, [][]byte{one(4)})))
	apply(t, h, part(txns(200, nil, [][]byte{one(5)})))
	apply(t, h, txns(200, nil, [][]byte{one(6)}))
	apply(t, h, part(txns(300, nil, [][]byte{one(7)})))
	last := txns(300, nil, [][]byte{}) // the end of it was left out by the mapping
	last.Ends = nil
	apply(t, h, last)
	row := func(id string) string { return `{"op":"I","id":` + id + `,"name":"n","note":"x"}` }
	list := messages(t, c.ListenAddrs(), "all")
	wants(t, list, "-"+"="+row("1")+row("2"), "-="+row("3"), "-="+row("4")+row("5")+row("6"),
		"-="+row("7"))
	for _, r := range list {
		if len(r.Headers) != 1 || r.Headers[0].Key != "xid" {
			t.Errorf("headers %v", r.Headers)
		}
	}
	var many [][]byte
	for i := range int64(40) {
		many = append(many, one(i))
	}
	e := applyFails(t, h, txns(400, nil, many), handler.Row, "mode=tx", "transaction x400",
		"max.request.size=1000")
	if e.Code != 10 || e.Op < 10 {
		t.Fatalf("%+v", e)
	}
}

// Properties that do not fit together are refused, with what to do.
func TestSetupIsRefused(t *testing.T) {
	c := fake(t)
	for _, test := range []struct {
		lines []string
		want  string
	}{
		{[]string{"mode=op", "format=json"}, "gg.handler.k.topicMappingTemplate is missing"},
		{[]string{"mode=tx", "format=json", "topicMappingTemplate=${tableName}"}, "with mode=tx"},
		{[]string{"mode=tx", "format=json", "topicPartitioning=table"}, "topicPartitioning"},
		{[]string{"topicMappingTemplate=${nil}"}, "nil"},
		{[]string{"mode=tx", "topicName=a b"}, "a topic's name has"},
		{append(usual(), ">security.protocol=SASL_SSL"), "Kerberos"},
		{append(usual(), ">acks=7"), "producer.properties:2:"},
		{append(usual(), "metaHeadersTemplate=${metadatachanged}"), "metadatachanged"},
		{append(usual(), "schemaRegistryUrl=http://h:1"), "avro_row and avro_op only"},
		{append(usual(), "kafkaProducerConfigFile=absent.properties"), "absent.properties"},
	} {
		h := newTarget()
		_, err := h.Open(limited(t), files(t, c.ListenAddrs(), test.lines...))
		e, ok := err.(*handler.ApplyError)
		if !ok || e.Class != handler.Setup || !strings.Contains(e.Text, test.want) {
			t.Errorf("%q: %v, want %q", test.lines, err, test.want)
		}
	}
}

// The report says what of the files is not obeyed, once.
func TestNotes(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), "mode=op", "format=json_row", "topicName=t",
		"transactionsEnabled=false", ">acks=1", ">linger.mss=3", ">transactional.id=mine",
		">ssl.key.password=geheim")
	if err := os.Chmod(filepath.Join(cfg.Home, "dirprm", "producer.properties"), 0o640); err != nil {
		t.Fatal(err)
	}
	h, _ := opened(t, cfg)
	p := people(1)
	insert := [][]byte{p.Insert(person(1, "A", "a")...)}
	notes := strings.Join(apply(t, h, txns(100, []*handlertest.Table{p}, insert)).Notes, "\n")
	for _, want := range []string{"Warning: ", "acks: 1 would lose messages",
		"did you mean linger.ms?", "chmod 600 it", "transactionsEnabled=false is not obeyed",
		"the key is the table's name"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note %q in\n%s", want, notes)
		}
	}
	if strings.Contains(notes, "geheim") {
		t.Errorf("the password is in the notes")
	}
	if again := apply(t, h, txns(200, nil, insert)).Notes; len(again) > 0 {
		t.Errorf("again: %q", again)
	}
	for _, r := range messages(t, c.ListenAddrs(), "t") {
		if string(r.Key) != "hr.people" {
			t.Errorf("key %s", r.Key)
		}
	}
	if h.set.client.TransactionalID != "mine" {
		t.Errorf("transactional id %s", h.set.client.TransactionalID)
	}
}

// A table whose name is no topic's name is an error of its operations.
func TestBadTopicName(t *testing.T) {
	c := fake(t)
	h, _ := opened(t, files(t, c.ListenAddrs(), usual()...))
	odd := handlertest.NewTable(1, "hr", "pay$roll", 1, handlertest.Column("id", "int!", record.Int))
	e := applyFails(t, h, txns(100, []*handlertest.Table{odd},
		[][]byte{odd.Insert(handlertest.Int(1))}), handler.Row, `"pay$roll"`,
		"gg.handler.k.topicMappingTemplate", "hr.pay$roll")
	if e.Code != 17 || e.Op != 0 {
		t.Fatalf("%+v", e)
	}
}

// The topic of positions is made compacted with one partition, and one that
// would forget positions is refused.
func TestCheckpointTopic(t *testing.T) {
	c := fake(t)
	cfg := files(t, c.ListenAddrs(), append(usual(), "checkpointTopic=positions")...)
	opened(t, cfg)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	all, err := admin.DescribeTopicConfigs(limited(t), "positions")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, one := range all[0].Configs {
		if one.Value != nil {
			found[one.Key] = *one.Value
		}
	}
	for name, value := range checkpointSettings() {
		if found[name] != *value {
			t.Errorf("%s=%s, want %s", name, found[name], *value)
		}
	}
	if info := c.TopicInfo("positions"); len(c.PartitionInfos("positions")) != 1 || info == nil {
		t.Errorf("%d partitions", len(c.PartitionInfos("positions")))
	}
	for name, create := range map[string]func(topic string) error{
		"has 3 partitions": func(topic string) error {
			return c.CreateTopic(topic, 3, map[string]string{"cleanup.policy": "compact"})
		},
		"cleanup.policy=delete, which would remove positions": func(topic string) error {
			return c.CreateTopic(topic, 1, nil)
		},
	} {
		topic := "bad" + strings.ReplaceAll(strings.ReplaceAll(name[:12], " ", ""), ".", "")
		if err := create(topic); err != nil {
			t.Fatal(err)
		}
		_, err := newTarget().Open(limited(t), files(t, c.ListenAddrs(),
			append(usual(), "checkpointTopic="+topic)...))
		e, ok := err.(*handler.ApplyError)
		if !ok || e.Class != handler.Setup || !strings.Contains(e.Text, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
