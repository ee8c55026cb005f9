package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/handler"
	"ggsh/kafkaclient"
)

// session is a connection under the group's transactional id, and its
// transaction. After an error of commit or abort it is of no use.
type session struct {
	set    *settings
	client *kgo.Client
	admin  *kadm.Client
	// timeout is when Kafka rolls back what is open.
	timeout time.Duration
	open    bool // a transaction is
	id      int64
	epoch   int16

	mu       sync.Mutex
	failures []sendFailure // of this transaction, in the order of their coming
	lost     int           // further ones
}

// sendFailure is a message that was not written.
type sendFailure struct {
	record *kgo.Record
	err    error
}

// maxFailures bounds what is remembered: the first ones tell why.
const maxFailures = 64

// timeouts are tried one after the other when the producer's file names none:
// a broker refuses what is above its transaction.max.timeout.ms. Long ones
// leave room for large source transactions.
var timeouts = []time.Duration{15 * time.Minute, 5 * time.Minute, time.Minute}

// connect opens a producer under the group's transactional id, which rolls back
// what an earlier one has left open and keeps it from writing any more.
func connect(ctx context.Context, set *settings) (*session, error) {
	tries := timeouts
	if set.client.TransactionTimeout > 0 {
		tries = []time.Duration{set.client.TransactionTimeout}
	}
	for i, timeout := range tries {
		s := &session{set: set, timeout: timeout}
		err := s.connect(ctx)
		if err == nil {
			return s, nil
		}
		trouble := set.client.Trouble(err, "take over transactional.id "+set.client.TransactionalID)
		if trouble.Kind != kafkaclient.TimeoutTooLong {
			return nil, trouble
		}
		if i == len(tries)-1 {
			trouble.Text += fmt.Sprintf(". transaction.timeout.ms=%d is above the broker's "+
				"transaction.max.timeout.ms: set it lower in %s", timeout.Milliseconds(), set.producerFile)
			return nil, trouble
		}
	}
	return nil, errors.New("no transaction timeout to try") // there always is one
}

func (s *session) connect(ctx context.Context) (err error) {
	s.client, err = s.set.client.Connect(ctx, kgo.TransactionTimeout(s.timeout))
	if err != nil {
		return err
	}
	s.admin = kadm.NewClient(s.client)
	if s.id, s.epoch, err = s.client.ProducerID(ctx); err != nil {
		s.close()
	}
	return err
}

// product names the cluster for the report.
func (s *session) product(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // one of the brokers may be away
	defer cancel()
	text := "Kafka"
	if versions, err := s.admin.ApiVersions(ctx); err == nil {
		for _, v := range versions.Sorted() {
			if guess := v.VersionGuess(); v.Err == nil && guess != "" {
				text += " " + guess
				break
			}
		}
	}
	if meta, err := s.admin.BrokerMetadata(ctx); err == nil {
		text += fmt.Sprintf(", cluster %s, %d brokers", meta.Cluster, len(meta.Brokers))
	}
	return text + ", transactional.id " + s.set.client.TransactionalID
}

// close gives the connection up without another word to the broker.
func (s *session) close() {
	if s.client != nil {
		s.client.UnsafeAbortBufferedRecords()
		s.client.Close()
	}
}

// begin opens a transaction.
func (s *session) begin(ctx context.Context) (err error) {
	if err := s.client.BeginTransaction(); err != nil {
		return err
	}
	s.open = true
	s.failures, s.lost = s.failures[:0], 0
	s.id, s.epoch, err = s.client.ProducerID(ctx)
	return err
}

// sent is told what became of a message.
func (s *session) sent(r *kgo.Record, err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failures) >= maxFailures {
		s.lost++
		return
	}
	s.failures = append(s.failures, sendFailure{r, err})
}

// failed gives the messages that were not written.
func (s *session) failed() []sendFailure {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failures)
}

// flush waits until all messages are written or have failed.
func (s *session) flush(ctx context.Context) error {
	err := s.client.Flush(ctx)
	if err != nil && len(s.failed()) == 0 {
		return s.trouble(err, "write")
	}
	return nil
}

// commit makes the transaction visible. Nothing of it may have failed. After an
// error it is not known whether it is: only the position tells.
func (s *session) commit(ctx context.Context) error {
	id, epoch, err := s.client.ProducerID(ctx)
	if err == nil && (id != s.id || epoch != s.epoch) {
		// The client has begun anew below us: what was written before is gone.
		err = fmt.Errorf("the producer id has changed within the transaction")
	}
	if err != nil {
		return s.trouble(err, "commit")
	}
	if err := s.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		t := s.trouble(err, "commit")
		if t.Kind != kafkaclient.Fenced {
			t.Kind = kafkaclient.Away
			t.Text += ". Whether it was committed is not known; the position in topic " +
				s.set.checkpoints + " tells"
		}
		return t
	}
	s.open = false
	return nil
}

// abort rolls the transaction back.
func (s *session) abort(ctx context.Context) error {
	if err := s.client.AbortBufferedRecords(ctx); err != nil {
		return s.trouble(err, "roll back")
	}
	if err := s.client.EndTransaction(ctx, kgo.TryAbort); err != nil {
		return s.trouble(err, "roll back")
	}
	s.open = false
	return nil
}

func (s *session) trouble(err error, doing string) *kafkaclient.Trouble {
	return s.set.client.Trouble(err, doing)
}

// position tells where the group's committed messages end, or, if reset is
// given, sets it. Of an answer of nil nothing was ever committed.
func (s *session) position(ctx context.Context, reset *handler.Checkpoint) (*handler.Checkpoint,
	error) {
	if err := s.ensureCheckpoints(ctx); err != nil {
		return nil, err
	}
	if reset != nil {
		_, err := s.single(ctx, appendPosition(nil, s.set, reset, time.Now()), true)
		return reset, err
	}
	// What is rolled back at once marks the end: everything of ours before it
	// is decided, since the takeover has decided it.
	end, err := s.single(ctx, appendOpened(nil, s.set, time.Now()), false)
	if err != nil {
		return nil, err
	}
	return s.lastPosition(ctx, end)
}

// single writes one record to the topic of positions in a transaction of its
// own and gives its offset.
func (s *session) single(ctx context.Context, value []byte, commit bool) (int64, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	r := &kgo.Record{Topic: s.set.checkpoints, Key: []byte(s.set.key), Value: value}
	if err := s.client.ProduceSync(ctx, r).FirstErr(); err != nil {
		return 0, s.trouble(err, "write to topic "+s.set.checkpoints)
	}
	if !commit {
		return r.Offset, s.abort(ctx)
	}
	return r.Offset, s.commit(ctx)
}

// setting reads a topic's setting; known is false when the broker does not tell.
func (s *session) setting(ctx context.Context, topic, name string) (value string, known bool) {
	all, err := s.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return "", false
	}
	one, err := all.On(topic, nil)
	if err != nil || one.Err != nil {
		return "", false
	}
	for _, c := range one.Configs {
		if c.Key == name && c.Value != nil {
			return *c.Value, true
		}
	}
	return "", false
}

// batchLimit is a topic's max.message.bytes, by default when it is not told.
func (s *session) batchLimit(ctx context.Context, topic string) int {
	const fallback = 1 << 20
	text, known := s.setting(ctx, topic, "max.message.bytes")
	n, err := strconv.Atoi(text)
	if !known || err != nil || n <= 0 {
		return fallback
	}
	return n
}
