// Package kafka captures the messages of topics: each becomes a row of a generic
// table, or the row or operation that its payload holds.
//
// It joins no consumer group: positions are offsets in the checkpoint, and commits
// to a group are for those who watch only. Its law: each committed message is read
// once and in the order of its partition, what a producer rolled back never is, and
// messages that are gone before they were read stop the capture.
package kafka

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/capture/payload"
	"ggsh/checkpoint"
	"ggsh/ggserr"
	"ggsh/kafkaclient"
)

// Begin is where a capture without a position begins.
type Begin struct {
	// Order tells one order to begin from another.
	Order string
	// AtEnd takes what is committed from now on.
	AtEnd bool
	// Time takes messages stamped at or after it; zero: all that there are.
	Time time.Time
}

// Discarded is a message that is no row.
type Discarded struct {
	Partition string // topic:partition
	Offset    int64
	Payload   []byte
	Reason    error
}

// Config says what to capture.
type Config struct {
	Client *kafkaclient.Config
	// Restart is where an earlier run stood, as record.Txn.Restart; empty begins at
	// Begin.
	Restart string
	Begin   Begin
	// Bounds are the transactions at which the trails end, zero for one without any.
	Bounds []uint64
	// Ledger is the file that remembers in which order partitions were joined.
	Ledger string
	// Topics are names, and patterns with * and ?.
	Topics []string
	Schema string
	// Generic makes each message a row of columns id, key, payload, topic, partition,
	// offset and timestamp; else Format tells what the payload is.
	Generic bool
	Format  payload.Format
	// Bytes keeps key and payload of generic rows as octets instead of text.
	Bytes    bool
	Declared []payload.Definition
	// MaxRows bounds the messages of one transaction.
	MaxRows int
	// Want says which tables to read; nil means all.
	Want func(schema, table string) bool
	// Warn is told what an operator should know, without stopping.
	Warn func(*ggserr.Error)
	// Discard takes a message that is no row; nil stops at it.
	Discard func(Discarded) error
	// Refresh is how often topics are looked for new partitions.
	Refresh time.Duration
	// Now is the clock; nil takes the system's.
	Now func() time.Time
}

// Sizes and times.
const (
	// DefaultMaxRows bounds a transaction's messages when Config does not.
	DefaultMaxRows = 1000

	batchBytes    = 1 << 20  // the most of a transaction, but for one larger message
	fetchBytes    = 16 << 20 // of one answer of a broker, unless the properties say otherwise
	pollRecords   = 10000
	bufferedBytes = 8 << 20 // of a partition that waits for others

	defaultRefresh = 10 * time.Second
	askTimeout     = 15 * time.Second
)

// check fills in defaults.
func (c *Config) check() error {
	if c.MaxRows <= 0 {
		c.MaxRows = DefaultMaxRows
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Warn == nil {
		c.Warn = func(*ggserr.Error) {}
	}
	if c.Refresh <= 0 {
		c.Refresh = defaultRefresh
	}
	if len(c.Topics) == 0 {
		return fmt.Errorf("no topics are named")
	}
	for _, t := range c.Topics {
		if _, err := path.Match(t, "x"); err != nil || t == "" || strings.Contains(t, "/") {
			return fmt.Errorf("%q is no name or pattern of topics", t)
		}
	}
	return nil
}

// named tells whether a table's name stands in the messages and not in the topic's.
func (c *Config) named() bool {
	return !c.Generic && (c.Format.Form == payload.Ops || c.Format.Form == payload.Rows)
}

// isPattern tells a pattern from a name.
func isPattern(topic string) bool { return strings.ContainsAny(topic, "*?[") }

// takes reports whether a topic is one of those to read. Topics of Kafka itself and
// of programs, whose names begin with an underscore, must be named.
func (c *Config) takes(topic string) bool {
	for _, t := range c.Topics {
		if t == topic {
			return true
		}
		if isPattern(t) && !strings.HasPrefix(topic, "_") {
			if ok, err := path.Match(t, topic); ok && err == nil {
				return c.named() || c.Want == nil || c.Want(c.Schema, topic)
			}
		}
	}
	return false
}

// part is one partition of a topic.
type part struct {
	topic     string
	partition int32
	name      string // topic:partition
	id        string // of the topic: another one of its name has another

	offset  int64 // of the first message not handed out
	planned int64 // of the first one not given a number
	buffer  []*kgo.Record
	bytes   int
	paused  bool
	text    []byte // its part of restart texts, nil when it changed
	rows    *builder
}

func partName(topic string, partition int32) string {
	return topic + ":" + strconv.Itoa(int(partition))
}

// stream is the partition in a restart text.
func (p *part) stream() checkpoint.Stream {
	return checkpoint.Stream{Name: p.name, Offset: p.offset, ID: p.id}
}

// away is an error that time may mend: the cluster does not answer.
type away struct{ error }

// Unwrap gives what happened.
func (a away) Unwrap() error { return a.error }

// Temporary tells that trying again may help.
func (away) Temporary() bool { return true }

// trouble makes an error of a cluster a message; while brokers are away it passes.
func (c *Config) trouble(err error, doing string) error {
	t := c.Client.Trouble(err, doing)
	e := ggserr.New(ggserr.LogProblem, t.Text)
	if t.Kind == kafkaclient.Away {
		return away{e}
	}
	return e
}
