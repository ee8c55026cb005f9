package kafkaclient

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/ggserr"
)

// builder gathers what the settings say before options are made of it: several
// of them mean something together only.
type builder struct {
	opt    Options
	config *Config
	given  map[string]Setting

	acks        string
	idempotent  bool
	retries     int
	inFlight    int
	codec       string
	levels      map[string]int
	linger      time.Duration
	batchSize   int
	buffer      int
	request     time.Duration
	partitioner string
	adaptive    bool
	ignoreKeys  bool
	retryMin    time.Duration
	retryMax    time.Duration
	dial        time.Duration

	protocol  string
	mechanism string
	login     login
	tls       tlsSettings
}

// tlsSettings are the ssl.* properties.
type tlsSettings struct {
	minVersion, maxVersion uint16
	anyName                bool // ssl.endpoint.identification.algorithm is empty
	roots                  *x509.CertPool
	key, chain             []byte // PEM
}

// Defaults are those of Kafka's Java clients, except where a comment says why.
const (
	defaultRequestSize = 1 << 20
	defaultDelivery    = 2 * time.Minute
	defaultRequest     = 30 * time.Second
	defaultLinger      = 5 * time.Millisecond
	defaultDial        = 10 * time.Second
	// defaultBatch is the amount after which messages without key change the
	// partition: Java's 16 KiB makes too small requests.
	defaultBatch = 64 << 10
	// defaultBuffer bounds what waits to be sent.
	defaultBuffer = 32 << 20
)

func newBuilder(opt Options) *builder {
	b := &builder{opt: opt, given: map[string]Setting{}, levels: map[string]int{},
		acks: "all", idempotent: true, retries: -1, codec: "none", linger: defaultLinger,
		batchSize: defaultBatch, buffer: defaultBuffer, request: defaultRequest, adaptive: true,
		retryMin: 100 * time.Millisecond, retryMax: time.Second, dial: defaultDial,
		protocol: "PLAINTEXT", mechanism: "GSSAPI"}
	b.tls.minVersion = tls.VersionTLS12
	b.config = &Config{ClientID: opt.ClientID, MaxRequestSize: defaultRequestSize,
		DeliveryTimeout: defaultDelivery}
	return b
}

// read takes the settings one by one.
func (b *builder) read(settings []Setting) error {
	for _, s := range settings {
		b.given[s.Key] = s
	}
	for _, s := range settings {
		if b.given[s.Key] != s {
			continue // a later one counts
		}
		row := lookup(s.Key)
		if row == nil {
			b.unknown(s)
			continue
		}
		if err := b.take(row, s); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) take(row *property, s Setting) error {
	if row.roles&b.opt.Role == 0 {
		b.notice(s, "ignored: it is a property of a %s, and this is a %s", row.roles, b.opt.Role)
		return nil
	}
	if strings.Contains(s.Value, "${") && row.apply != nil {
		return s.refuse("its value is a placeholder, which nothing here fills in").
			Do("Write the value itself.")
	}
	if row.apply == nil {
		b.notice(s, "ignored: %s", row.text)
		return nil
	}
	if s.Value == "" && !row.empty {
		b.notice(s, "ignored: it has no value")
		return nil
	}
	return row.apply(b, s)
}

// unknown notes a property that Kafka's clients do not have either, or that the
// table lacks.
func (b *builder) unknown(s Setting) {
	if slices.ContainsFunc(foreign, func(p string) bool { return strings.HasPrefix(s.Key, p) }) {
		b.notice(s, "ignored: it is not of Kafka's clients, but of Kafka Connect, a metrics "+
			"reporter or an interceptor, which are not here")
		return
	}
	if near := ggserr.Nearest(s.Key, keys(b.opt.Role)); near != "" {
		b.notice(s, "ignored: not a property of a Kafka %s; did you mean %s?", b.opt.Role, near)
		return
	}
	b.notice(s, "ignored: not a property of a Kafka %s", b.opt.Role)
}

func (b *builder) notice(s Setting, format string, args ...any) {
	b.config.Notices = append(b.config.Notices,
		Notice{Setting: s, Text: fmt.Sprintf(format, args...)})
}

func (b *builder) warn(s Setting, format string, args ...any) {
	b.config.Notices = append(b.config.Notices,
		Notice{Setting: s, Warning: true, Text: fmt.Sprintf(format, args...)})
}

// number reads a whole number between bounds.
func (s Setting) number(low, high int64) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s.Value), 10, 64)
	if err != nil {
		return 0, s.refuse("%q is not a whole number", s.Value)
	}
	if n < low || n > high {
		return 0, s.refuse("%d is not between %d and %d", n, low, high)
	}
	return n, nil
}

// within puts a number into place, at its bound when it is beyond one.
func (b *builder) within(s Setting, low, high int64) (int64, error) {
	n, err := s.number(-1<<63, 1<<63-1)
	if err != nil {
		return 0, err
	}
	if n < low || n > high {
		at := min(max(n, low), high)
		b.notice(s, "%d is not between %d and %d, so %d is in force", n, low, high, at)
		return at, nil
	}
	return n, nil
}

// millis is within for a time in milliseconds.
func (b *builder) millis(s Setting, low, high time.Duration) (time.Duration, error) {
	n, err := b.within(s, low.Milliseconds(), high.Milliseconds())
	return time.Duration(n) * time.Millisecond, err
}

func (s Setting) truth() (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s.Value)) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, s.refuse("%q is neither true nor false", s.Value)
}

// oneOf gives the value as words has it, whatever its case.
func (s Setting) oneOf(words ...string) (string, error) {
	for _, w := range words {
		if strings.EqualFold(w, strings.TrimSpace(s.Value)) {
			return w, nil
		}
	}
	return "", s.refuse("%q is none of %s", s.Value, strings.Join(words, ", "))
}

// finish makes options of what was gathered.
func (b *builder) finish() error {
	if len(b.config.Brokers) == 0 {
		return ggserr.New(ggserr.Generic, "bootstrap.servers is missing: no broker is known").
			Do("Add bootstrap.servers=host:port to the %s's properties.", b.opt.Role)
	}
	b.reach(kgo.SeedBrokers(b.config.Brokers...), kgo.DialTimeout(b.dial),
		kgo.RequestTimeoutOverhead(min(b.request, 10*time.Second)),
		kgo.RetryBackoffFn(backoff(b.retryMin, max(b.retryMin, b.retryMax))),
		kgo.DisableClientMetrics())
	if b.config.ClientID != "" {
		b.reach(kgo.ClientID(b.config.ClientID))
	}
	if err := b.secure(); err != nil {
		return err
	}
	if b.opt.Role == Producer {
		b.produce()
	}
	return nil
}

// add adds options of the role.
func (b *builder) add(opts ...kgo.Opt) { b.config.role = append(b.config.role, opts...) }

// reach adds options of every client of the cluster.
func (b *builder) reach(opts ...kgo.Opt) {
	b.config.connection = append(b.config.connection, opts...)
}

// backoff doubles from the first wait to the longest.
func backoff(first, longest time.Duration) func(int) time.Duration {
	return func(fails int) time.Duration {
		return min(first<<min(max(fails-1, 0), 20), longest)
	}
}

// produce makes the options of a producer.
func (b *builder) produce() {
	b.settleSafety()
	b.add(kgo.ProducerBatchCompression(b.compression()...), kgo.ProducerLinger(b.linger),
		kgo.MaxBufferedBytes(max(b.buffer, b.config.MaxRequestSize)),
		kgo.ProducerBatchMaxBytes(int32(b.config.MaxRequestSize)),
		kgo.BrokerMaxWriteBytes(int32(max(100<<20, b.config.MaxRequestSize+(1<<20)))),
		kgo.ProduceRequestTimeout(b.request), kgo.RecordPartitioner(b.partition()))
	if b.retries >= 0 {
		b.add(kgo.RecordRetries(b.retries))
	}
}

// settleSafety decides acks, idempotence and transactions together, as Java does.
func (b *builder) settleSafety() {
	if b.opt.ExactlyOnce {
		b.exactlyOnce()
		return
	}
	b.config.TransactionalID = ""
	if s, ok := b.given["transactional.id"]; ok {
		b.notice(s, "ignored: this producer uses no transactions")
	}
	switch b.acks {
	case "0":
		b.warn(b.given["acks"], "0 means that messages may be lost without a word")
		b.add(kgo.RequiredAcks(kgo.NoAck()))
	case "1":
		b.warn(b.given["acks"], "1 means that messages are lost when a partition's leader fails")
		b.add(kgo.RequiredAcks(kgo.LeaderAck()))
	}
	if b.acks != "all" || !b.idempotent {
		if b.idempotent && b.given["enable.idempotence"].Value != "" {
			b.warn(b.given["enable.idempotence"], "it needs acks=all and is off: messages may come twice")
		}
		b.add(kgo.DisableIdempotentWrite())
		if b.inFlight > 0 {
			b.add(kgo.MaxProduceRequestsInflightPerBroker(b.inFlight))
		}
	}
	b.add(kgo.RecordDeliveryTimeout(b.config.DeliveryTimeout))
}

// exactlyOnce overrules what would break the promise. Time and tries are not
// bounded by record: the whole transaction has a deadline.
func (b *builder) exactlyOnce() {
	if b.acks != "all" {
		b.warn(b.given["acks"], "%s would lose messages, so all is in force", b.acks)
	}
	if !b.idempotent {
		b.warn(b.given["enable.idempotence"], "false would write messages twice, so true is in force")
	}
	if b.retries >= 0 {
		b.notice(b.given["retries"],
			"ignored: a transaction is retried until delivery.timeout.ms is over")
		b.retries = -1
	}
	if s, ok := b.given["max.in.flight.requests.per.connection"]; ok {
		b.notice(s, "ignored: the order is kept with up to 5 at a time")
	}
	if b.config.TransactionalID == "" {
		b.config.TransactionalID = b.opt.TransactionalID
	}
	b.add(kgo.TransactionalID(b.config.TransactionalID), kgo.StopProducerOnDataLossDetected())
	if b.config.TransactionTimeout > 0 {
		b.add(kgo.TransactionTimeout(b.config.TransactionTimeout))
	}
}

func (b *builder) compression() []kgo.CompressionCodec {
	codec := kgo.NoCompression()
	switch b.codec {
	case "gzip":
		codec = kgo.GzipCompression()
	case "snappy":
		codec = kgo.SnappyCompression()
	case "lz4":
		codec = kgo.Lz4Compression()
	case "zstd":
		codec = kgo.ZstdCompression()
	}
	if level, ok := b.levels[b.codec]; ok {
		codec = codec.WithLevel(level)
	}
	return []kgo.CompressionCodec{codec}
}

// partition puts keys where Java's producers put them (murmur2).
func (b *builder) partition() kgo.Partitioner {
	if b.partitioner == "RoundRobinPartitioner" {
		return kgo.RoundRobinPartitioner()
	}
	return kgo.UniformBytesPartitioner(b.batchSize, b.adaptive, !b.ignoreKeys, nil)
}
