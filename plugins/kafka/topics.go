package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ggsh/handler"
	"ggsh/kafkaclient"
)

// topic is one that messages go to.
type topic struct {
	name string
	// limit is the largest batch that the broker takes, compressed.
	limit int
}

// validTopic reports whether a topic can have this name.
func validTopic(name []byte) bool {
	for _, c := range name {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' ||
			c == '_' || c == '-'
		if !ok {
			return false
		}
	}
	return len(name) > 0 && len(name) <= 249 && string(name) != "." && string(name) != ".."
}

const topicLaw = "a topic's name has 1 to 249 letters, digits, dots, underscores and hyphens"

// badTopic is the error of a name that the template gave for a table.
func badTopic(set *settings, name []byte, table string) error {
	return &handler.ApplyError{Class: handler.Row, Op: -1, Code: int(kerr.InvalidTopicException.Code),
		Text: fmt.Sprintf("table %s: the topic's name would be %.300q, and %s. Change %s, for example "+
			"to ${regex[...][[^A-Za-z0-9._-]][_]} around what it is", table, name, topicLaw,
			set.property("topicMappingTemplate"))}
}

// partitions asks how many a topic has, and lets the broker make it if it is
// told to make topics by itself.
func (s *session) partitions(ctx context.Context, name string, create bool) (int, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = create
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = &name
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, s.client)
	if err != nil {
		return 0, err
	}
	if len(resp.Topics) != 1 {
		return 0, errors.New("the broker's answer about topic " + name + " is empty")
	}
	t := &resp.Topics[0]
	if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
		return 0, err
	}
	for _, p := range t.Partitions {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil && p.Leader < 0 {
			return 0, err
		}
	}
	return len(t.Partitions), nil
}

// awaitTime is how long a topic that was just made may take to be everywhere.
const awaitTime = 5 * time.Second

// awaitTopic gives a topic's partitions, waiting for one that is being made.
func (s *session) awaitTopic(ctx context.Context, name string) (int, error) {
	until := time.Now().Add(awaitTime)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		n, err := s.partitions(ctx, name, true)
		var native *kerr.Error
		if err == nil || !errors.As(err, &native) || !native.Retriable || time.Now().After(until) {
			return n, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// openTopic makes sure of a topic before the first message goes to it.
func (s *session) openTopic(ctx context.Context, name string) (*topic, error) {
	if _, err := s.awaitTopic(ctx, name); err != nil {
		return nil, s.topicTrouble(err, name)
	}
	return &topic{name: name, limit: s.batchLimit(ctx, name)}, nil
}

// topicTrouble explains an error of writing to a topic.
func (s *session) topicTrouble(err error, name string) *kafkaclient.Trouble {
	t := s.trouble(err, "write to topic "+name)
	if t.Kind == kafkaclient.NoTopic {
		t.Text = fmt.Sprintf("Kafka (%s): topic %s does not exist, and the broker does not make topics "+
			"by itself (auto.create.topics.enable). Create it with: kafka-topics --bootstrap-server %s "+
			"--create --topic %s --partitions ... --replication-factor ...", s.set.client.Servers(), name,
			s.set.client.Servers(), name)
	}
	return t
}
