package kafkaclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ggsh/ggserr"
)

// settings makes settings of lines key=value, line by line.
func settings(lines ...string) []Setting {
	var all []Setting
	for i, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		all = append(all, Setting{Key: key, Value: value,
			At: ggserr.Location{File: "p.properties", Line: i + 1, Column: 1}})
	}
	return all
}

func producer(t *testing.T, lines ...string) *Config {
	t.Helper()
	c, err := New(settings(lines...), Options{Role: Producer, ExactlyOnce: true,
		TransactionalID: "ogg-R-1", ClientID: "ggsh"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func notices(c *Config) string {
	var all []string
	for _, n := range c.Notices {
		mark := ""
		if n.Warning {
			mark = "! "
		}
		all = append(all, mark+n.String())
	}
	return strings.Join(all, "\n")
}

// option makes a client and asks what an option became.
func option(t *testing.T, c *Config, opt any) any {
	t.Helper()
	client, err := kgo.NewClient(c.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return client.OptValue(opt)
}

// What operators' files say arrives at the client.
func TestProducerPropertiesBecomeOptions(t *testing.T) {
	c := producer(t, "bootstrap.servers=localhost:9092, PLAINTEXT://b:9093,localhost:9092", "acks=1",
		"compression.type=gzip", "reconnect.backoff.ms=1000", "batch.size=102400", "linger.ms=10000",
		"max.request.size=100000000", "client.id=me", "request.timeout.ms=7000", "retries=0",
		"enable.idempotence=false", "buffer.memory=200000000",
		"value.serializer=org.apache.kafka.common.serialization.ByteArraySerializer")
	for _, want := range []struct {
		name string
		opt  any
		want any
	}{
		{"brokers", kgo.SeedBrokers, []string{"localhost:9092", "b:9093"}},
		{"transactional id", kgo.TransactionalID, "ogg-R-1"},
		{"acks", kgo.RequiredAcks, kgo.AllISRAcks()},
		{"idempotence off", kgo.DisableIdempotentWrite, false},
		{"linger", kgo.ProducerLinger, 10 * time.Second},
		{"client id", kgo.ClientID, "me"},
		{"buffer", kgo.MaxBufferedBytes, int64(200000000)},
		{"dial timeout", kgo.DialTimeout, 10 * time.Second},
		{"answer", kgo.ProduceRequestTimeout, 7 * time.Second},
		{"stop at data loss", kgo.StopProducerOnDataLossDetected, true},
		{"compression", kgo.ProducerBatchCompression,
			[]kgo.CompressionCodec{kgo.GzipCompression()}},
	} {
		if got := option(t, c, want.opt); fmt.Sprint(got) != fmt.Sprint(want.want) {
			t.Errorf("%s: %v, want %v", want.name, got, want.want)
		}
	}
	if c.MaxRequestSize != 100000000 {
		t.Errorf("max.request.size %d", c.MaxRequestSize)
	}
	got := notices(c)
	for _, want := range []string{
		"! p.properties:2:1: acks: 1 would lose messages, so all is in force",
		"! p.properties:11:1: enable.idempotence: false would write messages twice",
		"p.properties:10:1: retries: ignored",
		"p.properties:13:1: value.serializer: ignored: keys and values are octets here",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no notice %q in\n%s", want, got)
		}
	}
}

// A producer without the promise is what its file makes of it, with a warning.
func TestProducerWithoutTransactions(t *testing.T) {
	for acks, want := range map[string]bool{"all": false, "1": true, "0": true, "-1": false} {
		c, err := New(settings("bootstrap.servers=h:1", "acks="+acks, "retries=3"),
			Options{Role: Producer})
		if err != nil {
			t.Fatal(err)
		}
		if got := option(t, c, kgo.DisableIdempotentWrite); got != want {
			t.Errorf("acks=%s: idempotence off is %v", acks, got)
		}
		if warned := strings.Contains(notices(c), "! p.properties:2:1: acks"); warned != want {
			t.Errorf("acks=%s: notices %s", acks, notices(c))
		}
	}
}

func TestConsumerPropertiesBecomeOptions(t *testing.T) {
	c, err := New(settings("bootstrap.servers=h:1", "group.id=g", "max.poll.records=17",
		"isolation.level=read_committed", "fetch.min.bytes=5", "fetch.max.bytes=2097152",
		"enable.auto.commit=true", "acks=1"), Options{Role: Consumer})
	if err != nil {
		t.Fatal(err)
	}
	if c.Group != "g" || c.MaxPollRecords != 17 {
		t.Errorf("%+v", c)
	}
	if got := option(t, c, kgo.FetchMinBytes); got != int32(5) {
		t.Errorf("fetch.min.bytes %v", got)
	}
	if got := option(t, c, kgo.FetchMaxBytes); got != int32(2097152) {
		t.Errorf("fetch.max.bytes %v", got)
	}
	if got := notices(c); !strings.Contains(got, "enable.auto.commit: ignored: positions are kept") ||
		!strings.Contains(got, "acks: ignored: it is a property of a producer") {
		t.Errorf("notices %s", got)
	}
}

func TestNoticesNameTheNearest(t *testing.T) {
	c := producer(t, "bootstrap.servers=h:1", "comprssion.type=lz4", "key.converter=x", "zzz=1",
		"linger.ms=70000", "retries=", "linger.ms=3")
	want := `p.properties:2:1: comprssion.type: ignored: not a property of a Kafka producer; ` +
		`did you mean compression.type?
p.properties:3:1: key.converter: ignored: it is not of Kafka's clients, but of Kafka Connect, a ` +
		`metrics reporter or an interceptor, which are not here
p.properties:4:1: zzz: ignored: not a property of a Kafka producer
p.properties:6:1: retries: ignored: it has no value`
	if got := notices(c); got != want {
		t.Errorf("notices\n%s\nwant\n%s", got, want)
	}
}

// What could change data or who may read it is refused, with the place.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"no broker", "acks=all", "bootstrap.servers is missing"},
		{"no port", "bootstrap.servers=h", `p.properties:1:1: OGG-00001  bootstrap.servers: "h" is not`},
		{"port", "bootstrap.servers=h:99999", `"h:99999" is not host:port`},
		{"placeholder", "bootstrap.servers=${servers}", "placeholder"},
		{"acks", "bootstrap.servers=h:1|acks=2", `"2" is none of all, -1, 0, 1`},
		{"number", "bootstrap.servers=h:1|linger.ms=5s", `"5s" is not a whole number`},
		{"codec", "bootstrap.servers=h:1|compression.type=brotli", "none of none, gzip"},
		{"partitioner", "bootstrap.servers=h:1|partitioner.class=com.x.Mine", "com.x.Mine"},
		{"Kerberos", "bootstrap.servers=h:1|security.protocol=SASL_SSL|sasl.mechanism=GSSAPI",
			"Kerberos (GSSAPI"},
		{"Kerberos by default", "bootstrap.servers=h:1|security.protocol=SASL_SSL", "Kerberos (GSSAPI"},
		{"no login", "bootstrap.servers=h:1|security.protocol=SASL_SSL|sasl.mechanism=PLAIN",
			"PLAIN needs user and password"},
		{"wrong module", "bootstrap.servers=h:1|security.protocol=SASL_SSL|sasl.mechanism=PLAIN|" +
			`sasl.jaas.config=a.ScramLoginModule required username="u" password="geheim";`,
			"a.ScramLoginModule does not fit"},
		{"jaas", `bootstrap.servers=h:1|sasl.jaas.config=M required username="u password=geheim`,
			"ends within a quoted text"},
		{"TLS", "bootstrap.servers=h:1|ssl.enabled.protocols=TLSv1", "none of"},
	} {
		_, err := New(settings(strings.Split(c.lines, "|")...), Options{Role: Producer})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: the password is in %v", c.name, err)
		}
	}
}

// Every row of the table can be given: none that is known is called unknown.
func TestTableIsInOrderAndKnown(t *testing.T) {
	var names []string
	for _, p := range properties {
		names = append(names, p.key)
		if p.text == "" {
			t.Errorf("%s has no text", p.key)
		}
		for _, role := range []Role{Producer, Consumer} {
			if p.roles&role == 0 || p.apply != nil {
				continue
			}
			c, err := New(settings("bootstrap.servers=h:1", p.key+"=1"), Options{Role: role})
			if err != nil || !strings.Contains(notices(c), p.key+": ignored: "+p.text) {
				t.Errorf("%s: %v", p.key, err)
			}
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(properties) {
		t.Errorf("not in order: %q", names)
	}
}

// Keys land in the partition where Java's producer puts them. The hashes are
// those that Kafka's own test of its murmur2 expects.
func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(12, "t"))
	p, err := New(settings("bootstrap.servers="+c.ListenAddrs()[0]), Options{Role: Producer})
	if err != nil {
		t.Fatal(err)
	}
	client, err := p.Connect(within(t))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for key, hash := range map[string]int32{"21": -973932308, "foobar": -790332482,
		"a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107} {
		r := &kgo.Record{Topic: "t", Key: []byte(key)}
		if err := client.ProduceSync(within(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if want := (hash & 0x7fffffff) % 12; r.Partition != want {
			t.Errorf("%s: partition %d, want %d", key, r.Partition, want)
		}
	}
}

func TestJAAS(t *testing.T) {
	for text, want := range map[string]login{
		`a.B required username="u" password="p w;=\"x\\";`: {"a.B", "u", `p w;="x\`, false},
		"a.B required \\\n  username='u'  password=p tokenauth=true ; rest": {
			"a.B", "u", "p", true},
		"a.B optional username=u password=p": {"a.B", "u", "p", false},
	} {
		b := newBuilder(Options{})
		err := applyJAAS(b, Setting{Key: "sasl.jaas.config",
			Value: strings.ReplaceAll(text, "\\\n", "\n")})
		if err != nil || b.login != want {
			t.Errorf("%s: %+v, %v", text, b.login, err)
		}
	}
}

// FuzzNew: whatever a file holds, no panic, and no error shows the password.
func FuzzNew(f *testing.F) {
	f.Add("bootstrap.servers", "h:1", "sasl.jaas.config", `M required username="u" password="geheim"`)
	f.Add("acks", "2", "security.protocol", "SASL_SSL")
	f.Add("ssl.keystore.key", "-----BEGIN", "ssl.truststore.location", "/x")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		const secret = "ge-hei-m"
		c, err := New([]Setting{{Key: k1, Value: v1}, {Key: k2, Value: v2},
			{Key: "sasl.jaas.config", Value: v1 + ` required username="u" password="` + secret + `" ` + v2},
			{Key: "security.protocol", Value: "SASL_SSL"}, {Key: "sasl.mechanism", Value: "PLAIN"}},
			Options{Role: Producer, ReadFile: func(string) ([]byte, error) { return []byte(v1), nil }})
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Fatalf("the password is in %v", err)
		}
		if err == nil && strings.Contains(notices(c), secret) {
			t.Fatalf("the password is in %s", notices(c))
		}
	})
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestLoginsOnACluster(t *testing.T) {
	c := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "ann", "p w"),
		kfake.Superuser("SCRAM-SHA-256", "ann", "p w"), kfake.Superuser("SCRAM-SHA-512", "ann", "p w"))
	module := map[string]string{"PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule"}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		m := module[mechanism]
		if m == "" {
			m = "org.apache.kafka.common.security.scram.ScramLoginModule"
		}
		p := producer(t, "bootstrap.servers="+c.ListenAddrs()[0], "security.protocol=SASL_PLAINTEXT",
			"sasl.mechanism="+mechanism,
			"sasl.jaas.config="+m+` required username="ann" password="p w";`)
		client, err := p.Connect(within(t))
		if err != nil {
			t.Errorf("%s: %v", mechanism, err)
			continue
		}
		client.Close()
		// The fake closes the connection at a wrong password; a broker says this.
		fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.SASLAuthenticate}, TopLevel: true,
			Err: kerr.SaslAuthenticationFailed, Count: -1})
		_, err = p.Connect(within(t))
		var trouble *Trouble
		if !errors.As(err, &trouble) || trouble.Kind != LoginRefused ||
			!strings.Contains(err.Error(), "sasl.jaas.config") || strings.Contains(err.Error(), "p w") {
			t.Errorf("%s with a wrong password: %v", mechanism, err)
		}
		fault.Remove()
	}
}

// Nobody there, and somebody who speaks TLS, are told apart with advice.
func TestUnreached(t *testing.T) {
	gone := cluster(t)
	address := gone.ListenAddrs()[0]
	gone.Close()
	_, err := producer(t, "bootstrap.servers="+address).Connect(within(t))
	var trouble *Trouble
	if !errors.As(err, &trouble) || trouble.Kind != Away ||
		!strings.Contains(trouble.Text, "connection refused: no broker runs there") ||
		!strings.Contains(trouble.Text, address) {
		t.Errorf("%v", err)
	}
}
