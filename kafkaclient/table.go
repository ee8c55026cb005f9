package kafkaclient

import (
	"math"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// property is one key of Kafka's clients: help, checks and the page of
// documentation come from its row.
type property struct {
	key   string
	roles Role
	// text says what it sets; for one without apply, why it is ignored.
	text  string
	apply func(*builder, Setting) error
	// empty says that an empty value has a meaning of its own.
	empty bool
}

const both = Producer | Consumer

// foreign begin keys that belong to what is plugged into Java's clients.
var foreign = []string{"metrics.", "metric.", "confluent.", "key.converter", "value.converter",
	"internal.", "header.converter", "converter.", "schema.registry.", "config.providers",
	"producer.", "consumer.", "offset.storage.", "plugin.path"}

// properties are the keys that are known, by name.
var properties = []property{
	{key: "acks", roles: Producer, text: "all, 1 or 0; with exactly-once always all",
		apply: applyAcks},
	{key: "allow.auto.create.topics", roles: Consumer, text: "reading never makes a topic"},
	{key: "auto.commit.interval.ms", roles: Consumer, text: kept},
	{key: "auto.include.jmx.reporter", roles: both, text: noJava},
	{key: "auto.offset.reset", roles: Consumer,
		text: "where reading begins without a position, and after one that is gone", apply: applyReset},
	{key: "batch.size", roles: Producer,
		text:  "bytes after which messages without key change the partition; batches may be larger",
		apply: intInto(512, 1<<30, func(b *builder, n int) { b.batchSize = n })},
	{key: "bootstrap.servers", roles: both, text: "the brokers to ask first", apply: applyServers},
	{key: "buffer.memory", roles: Producer, text: "bytes that may wait to be sent",
		apply: intInto(1<<10, 16<<30, func(b *builder, n int) { b.buffer = n })},
	{key: "check.crcs", roles: Consumer, text: "checksums are always checked"},
	{key: "client.dns.lookup", roles: both, text: "all addresses of a host are tried"},
	{key: "client.id", roles: both, text: "the name that brokers log",
		apply: func(b *builder, s Setting) error { b.config.ClientID = s.Value; return nil }},
	{key: "client.rack", roles: both, text: "the rack whose replicas are preferred",
		apply: func(b *builder, s Setting) error { b.add(kgo.Rack(s.Value)); return nil }},
	{key: "compression.gzip.level", roles: Producer, text: "level of gzip", apply: level("gzip")},
	{key: "compression.lz4.level", roles: Producer, text: "level of lz4", apply: level("lz4")},
	{key: "compression.type", roles: Producer, text: "none, gzip, snappy, lz4 or zstd",
		apply: applyCompression},
	{key: "compression.zstd.level", roles: Producer, text: "level of zstd", apply: level("zstd")},
	{key: "connections.max.idle.ms", roles: both, text: "when an idle connection is closed",
		apply: timeInto(100*time.Millisecond, 15*time.Minute,
			func(b *builder, d time.Duration) { b.reach(kgo.ConnIdleTimeout(d)) })},
	{key: "default.api.timeout.ms", roles: Consumer, text: "how long a request is repeated",
		apply: timeInto(time.Second, time.Hour,
			func(b *builder, d time.Duration) { b.reach(kgo.RetryTimeout(d)) })},
	{key: "delivery.timeout.ms", roles: Producer,
		text: "how long a producer tries before it gives up; with exactly-once, for all of a commit",
		apply: timeInto(time.Second, 24*time.Hour,
			func(b *builder, d time.Duration) { b.config.DeliveryTimeout = d })},
	{key: "enable.auto.commit", roles: Consumer, text: kept},
	{key: "enable.idempotence", roles: Producer,
		text: "no message twice when a request is repeated; with exactly-once always true",
		apply: truthInto(func(b *builder, on bool) {
			b.idempotent = on
		})},
	{key: "enable.metrics.push", roles: both, text: noJava},
	{key: "exclude.internal.topics", roles: Consumer, text: "topics are named one by one"},
	{key: "fetch.max.bytes", roles: Consumer, text: "bytes of one answer",
		apply: intInto(1<<10, 1<<30, func(b *builder, n int) {
			b.add(kgo.FetchMaxBytes(int32(n)), kgo.BrokerMaxReadBytes(int32(min(max(100<<20, 2*n), 1<<30))))
		})},
	{key: "fetch.max.wait.ms", roles: Consumer, text: "how long a broker waits for fetch.min.bytes",
		apply: timeInto(10*time.Millisecond, 5*time.Minute,
			func(b *builder, d time.Duration) { b.add(kgo.FetchMaxWait(d)) })},
	{key: "fetch.min.bytes", roles: Consumer, text: "bytes that a broker waits for",
		apply: intInto(1, 1<<30, func(b *builder, n int) { b.add(kgo.FetchMinBytes(int32(n))) })},
	{key: "group.id", roles: Consumer, text: "name of the consumer group",
		apply: func(b *builder, s Setting) error { b.config.Group = s.Value; return nil }},
	{key: "group.instance.id", roles: Consumer, text: noGroup},
	{key: "group.protocol", roles: Consumer, text: noGroup},
	{key: "group.remote.assignor", roles: Consumer, text: noGroup},
	{key: "heartbeat.interval.ms", roles: Consumer, text: noGroup},
	{key: "interceptor.classes", roles: both, text: "Java classes are not loaded"},
	{key: "isolation.level", roles: Consumer,
		text: "read_committed leaves out what was rolled back, and waits for open transactions",
		apply: func(b *builder, s Setting) error {
			word, err := s.oneOf("read_committed", "read_uncommitted")
			if word == "read_committed" {
				b.add(kgo.FetchIsolationLevel(kgo.ReadCommitted()))
			}
			return err
		}},
	{key: "key.deserializer", roles: Consumer, text: octets},
	{key: "key.serializer", roles: Producer, text: octets},
	{key: "linger.ms", roles: Producer,
		text:  "how long a message waits for more; a commit ends the wait",
		apply: timeInto(0, time.Minute, func(b *builder, d time.Duration) { b.linger = d })},
	{key: "max.block.ms", roles: Producer, text: "delivery.timeout.ms bounds it"},
	{key: "max.in.flight.requests.per.connection", roles: Producer,
		text:  "requests under way without idempotence",
		apply: intInto(1, 1000, func(b *builder, n int) { b.inFlight = n })},
	{key: "max.partition.fetch.bytes", roles: Consumer, text: "bytes of one partition in one answer",
		apply: intInto(1<<10, 1<<30,
			func(b *builder, n int) { b.add(kgo.FetchMaxPartitionBytes(int32(n))) })},
	{key: "max.poll.interval.ms", roles: Consumer, text: noGroup},
	{key: "max.poll.records", roles: Consumer, text: "messages that are taken at once",
		apply: intInto(1, math.MaxInt32, func(b *builder, n int) { b.config.MaxPollRecords = n })},
	{key: "max.request.size", roles: Producer, text: "bytes of one message, and of one batch",
		apply: intInto(512, 1<<29, func(b *builder, n int) { b.config.MaxRequestSize = n })},
	{key: "metadata.max.age.ms", roles: both, text: "when topics and brokers are asked for anew",
		apply: timeInto(5*time.Second, time.Hour,
			func(b *builder, d time.Duration) { b.reach(kgo.MetadataMaxAge(d)) })},
	{key: "metadata.max.idle.ms", roles: Producer, text: "topics in use are remembered"},
	{key: "metadata.recovery.strategy", roles: both, text: "bootstrap.servers are asked again anyway"},
	{key: "metric.reporters", roles: both, text: noJava},
	{key: "metrics.num.samples", roles: both, text: noJava},
	{key: "metrics.recording.level", roles: both, text: noJava},
	{key: "metrics.sample.window.ms", roles: both, text: noJava},
	{key: "partition.assignment.strategy", roles: Consumer, text: noGroup},
	{key: "partitioner.adaptive.partitioning.enable", roles: Producer,
		text:  "messages without key go to brokers with less to do",
		apply: truthInto(func(b *builder, on bool) { b.adaptive = on })},
	{key: "partitioner.availability.timeout.ms", roles: Producer,
		text: "adaptive partitioning does it"},
	{key: "partitioner.class", roles: Producer,
		text:  "Kafka's own only: DefaultPartitioner, UniformStickyPartitioner, RoundRobinPartitioner",
		apply: applyPartitioner},
	{key: "partitioner.ignore.keys", roles: Producer,
		text: "true spreads a key's messages over partitions, so their order is lost",
		apply: func(b *builder, s Setting) (err error) {
			if b.ignoreKeys, err = s.truth(); b.ignoreKeys {
				b.warn(s, "the messages of one key go to several partitions, so their order is not kept")
			}
			return err
		}},
	{key: "receive.buffer.bytes", roles: both, text: system},
	{key: "reconnect.backoff.max.ms", roles: both, text: "the longest wait between attempts",
		apply: timeInto(0, time.Minute, longest)},
	{key: "reconnect.backoff.ms", roles: both, text: "the first wait between attempts",
		apply: timeInto(0, time.Minute, first)},
	{key: "request.timeout.ms", roles: both, text: "how long an answer may take",
		apply: timeInto(100*time.Millisecond, 15*time.Minute,
			func(b *builder, d time.Duration) { b.request = d })},
	{key: "retries", roles: Producer,
		text:  "how often a message is sent again; ignored with exactly-once",
		apply: intInto(0, math.MaxInt32, func(b *builder, n int) { b.retries = n })},
	{key: "retry.backoff.max.ms", roles: both, text: "the longest wait between attempts",
		apply: timeInto(0, time.Minute, longest)},
	{key: "retry.backoff.ms", roles: both, text: "the first wait between attempts",
		apply: timeInto(0, time.Minute, first)},
	{key: "sasl.client.callback.handler.class", roles: both, text: "Java classes are not loaded"},
	{key: "sasl.jaas.config", roles: both, text: "user and password of PLAIN and SCRAM",
		apply: applyJAAS},
	{key: "sasl.kerberos.kinit.cmd", roles: both, text: kerberos},
	{key: "sasl.kerberos.min.time.before.relogin", roles: both, text: kerberos},
	{key: "sasl.kerberos.service.name", roles: both, text: kerberos},
	{key: "sasl.kerberos.ticket.renew.jitter", roles: both, text: kerberos},
	{key: "sasl.kerberos.ticket.renew.window.factor", roles: both, text: kerberos},
	{key: "sasl.login.callback.handler.class", roles: both, text: "Java classes are not loaded"},
	{key: "sasl.login.class", roles: both, text: "Java classes are not loaded"},
	{key: "sasl.mechanism", roles: both, text: "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
		apply: applyMechanism},
	{key: "security.protocol", roles: both, text: "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
		apply: applyProtocol},
	{key: "security.providers", roles: both, text: "Java classes are not loaded"},
	{key: "send.buffer.bytes", roles: both, text: system},
	{key: "session.timeout.ms", roles: Consumer, text: noGroup},
	{key: "socket.connection.setup.timeout.max.ms", roles: both,
		text: "socket.connection.setup.timeout.ms holds for each attempt"},
	{key: "socket.connection.setup.timeout.ms", roles: both, text: "how long connecting may take",
		apply: timeInto(100*time.Millisecond, 5*time.Minute,
			func(b *builder, d time.Duration) { b.dial = d })},
	{key: "ssl.cipher.suites", roles: both, text: "the safe ones of TLS 1.2 and 1.3 are offered"},
	{key: "ssl.enabled.protocols", roles: both, text: "TLSv1.2, TLSv1.3", apply: applyTLSVersions},
	{key: "ssl.endpoint.identification.algorithm", roles: both, empty: true,
		text:  "https checks the broker's name in its certificate; empty does not",
		apply: applyIdentification},
	{key: "ssl.engine.factory.class", roles: both, text: "Java classes are not loaded"},
	{key: "ssl.key.password", roles: both, text: "an encrypted key is refused with the command for it",
		apply: ignoreSecret},
	{key: "ssl.keymanager.algorithm", roles: both, text: noJava},
	{key: "ssl.keystore.certificate.chain", roles: both, text: "our certificate, PEM",
		apply: func(b *builder, s Setting) error { b.tls.chain = []byte(s.Value); return nil }},
	{key: "ssl.keystore.key", roles: both, text: "our key, PEM",
		apply: func(b *builder, s Setting) error { b.tls.key = []byte(s.Value); return nil }},
	{key: "ssl.keystore.location", roles: both, text: "our certificate and key, a PEM file",
		apply: applyKeyStore},
	{key: "ssl.keystore.password", roles: both, text: "PEM files have none", apply: ignoreSecret},
	{key: "ssl.keystore.type", roles: both, text: "the file's content tells"},
	{key: "ssl.protocol", roles: both, text: "ssl.enabled.protocols tells"},
	{key: "ssl.provider", roles: both, text: noJava},
	{key: "ssl.secure.random.implementation", roles: both, text: noJava},
	{key: "ssl.trustmanager.algorithm", roles: both, text: noJava},
	{key: "ssl.truststore.certificates", roles: both, text: "who may have signed, PEM",
		apply: applyTrusted},
	{key: "ssl.truststore.location", roles: both, text: "who may have signed, a PEM file",
		apply: applyTrustStore},
	{key: "ssl.truststore.password", roles: both, text: "PEM files have none", apply: ignoreSecret},
	{key: "ssl.truststore.type", roles: both, text: "the file's content tells"},
	{key: "transaction.timeout.ms", roles: Producer,
		text: "when the broker rolls back what is open; at most its transaction.max.timeout.ms",
		apply: timeInto(time.Second, 24*time.Hour,
			func(b *builder, d time.Duration) { b.config.TransactionTimeout = d })},
	{key: "transactional.id", roles: Producer,
		text:  "the identity by which an older producer is fenced",
		apply: func(b *builder, s Setting) error { b.config.TransactionalID = s.Value; return nil }},
	{key: "value.deserializer", roles: Consumer, text: octets},
	{key: "value.serializer", roles: Producer, text: octets},
}

// Why keys are ignored.
const (
	noJava   = "it is of Java's own machinery"
	noGroup  = "no consumer group is joined: one process reads all partitions"
	kept     = "positions are kept in the checkpoint, not in the cluster"
	octets   = "keys and values are octets here"
	system   = "the system chooses the size"
	kerberos = "it is of Kerberos, which is not here"
)

// lookup finds a key's row.
func lookup(key string) *property {
	for i := range properties {
		if properties[i].key == key {
			return &properties[i]
		}
	}
	return nil
}

// keys lists the keys of a role.
func keys(role Role) []string {
	var all []string
	for _, p := range properties {
		if p.roles&role != 0 {
			all = append(all, p.key)
		}
	}
	return all
}

// Documented is a row of the table for documentation.
type Documented struct {
	Key   string
	Roles Role
	// Obeyed is false for what is ignored.
	Obeyed bool
	Text   string
}

// Table lists the known properties by name.
func Table() []Documented {
	var rows []Documented
	for _, p := range properties {
		rows = append(rows, Documented{p.key, p.roles, p.apply != nil, p.text})
	}
	return rows
}

func intInto(low, high int64, put func(*builder, int)) func(*builder, Setting) error {
	return func(b *builder, s Setting) error {
		n, err := b.within(s, low, high)
		put(b, int(n))
		return err
	}
}

func timeInto(low, high time.Duration,
	put func(*builder, time.Duration)) func(*builder, Setting) error {
	return func(b *builder, s Setting) error {
		d, err := b.millis(s, low, high)
		if err == nil {
			put(b, d)
		}
		return err
	}
}

func truthInto(put func(*builder, bool)) func(*builder, Setting) error {
	return func(b *builder, s Setting) error {
		on, err := s.truth()
		put(b, on)
		return err
	}
}

func first(b *builder, d time.Duration)   { b.retryMin = max(b.retryMin, d) }
func longest(b *builder, d time.Duration) { b.retryMax = max(b.retryMax, d) }

func level(codec string) func(*builder, Setting) error {
	return intInto(-7, 22, func(b *builder, n int) { b.levels[codec] = n })
}

func applyAcks(b *builder, s Setting) error {
	word, err := s.oneOf("all", "-1", "0", "1")
	if word == "-1" {
		word = "all"
	}
	b.acks = word
	return err
}

func applyCompression(b *builder, s Setting) (err error) {
	b.codec, err = s.oneOf("none", "gzip", "snappy", "lz4", "zstd")
	return err
}

func applyReset(b *builder, s Setting) error {
	word, err := s.oneOf("earliest", "latest", "none")
	switch word {
	case "earliest":
		b.add(kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	case "latest":
		b.add(kgo.ConsumeStartOffset(kgo.NewOffset().AtEnd()),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	case "none":
		b.add(kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	}
	return err
}

func applyPartitioner(b *builder, s Setting) error {
	name := s.Value[strings.LastIndexByte(s.Value, '.')+1:]
	switch name {
	case "DefaultPartitioner":
	case "UniformStickyPartitioner":
		b.ignoreKeys = true
		b.warn(s, "the messages of one key go to several partitions, so their order is not kept")
	case "RoundRobinPartitioner":
		b.warn(s, "the messages of one key go to several partitions, so their order is not kept")
	default:
		return s.refuse("the class %s cannot be loaded, and without it messages would go to other "+
			"partitions", s.Value).Do("Remove the line to place keys as Kafka does by itself.")
	}
	b.partitioner = name
	return nil
}

// ignoreSecret takes a password that nothing needs: what was encrypted with it
// is refused where it is met.
func ignoreSecret(*builder, Setting) error { return nil }
