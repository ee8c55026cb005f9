package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/handler"
	"ggsh/kafkaclient"
)

// positionFormat is the version of the value of a position record.
const positionFormat = 1

// positionRecord is the value of a record in the topic of positions; its key is
// the group's name and key. docs/KAFKA.md describes it.
type positionRecord struct {
	Format   int    `json:"format"`
	Group    string `json:"group"`
	GroupKey string `json:"groupKey"`
	Home     string `json:"home"`
	handler.Checkpoint
	Written time.Time `json:"written"`
	// Opened says that this is no position: the group was opened, and the
	// record rolled back.
	Opened bool `json:"opened,omitempty"`
}

func appendPosition(dst []byte, set *settings, at *handler.Checkpoint, now time.Time) []byte {
	return marshal(dst, &positionRecord{Format: positionFormat, Group: set.group,
		GroupKey: set.key[len(set.key)-16:], Home: set.home, Checkpoint: *at, Written: now.UTC()})
}

func appendOpened(dst []byte, set *settings, now time.Time) []byte {
	return marshal(dst, &positionRecord{Format: positionFormat, Group: set.group,
		GroupKey: set.key[len(set.key)-16:], Home: set.home, Written: now.UTC(), Opened: true})
}

func marshal(dst []byte, p *positionRecord) []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic("kafka: a position has no JSON: " + err.Error()) // it always has
	}
	return append(dst, text...)
}

// parsePosition reads a record's value.
func parsePosition(value []byte) (*positionRecord, error) {
	var p positionRecord
	if err := json.Unmarshal(value, &p); err != nil {
		return nil, err
	}
	if p.Format != positionFormat {
		return nil, fmt.Errorf("it has format %d, and this release reads format %d", p.Format,
			positionFormat)
	}
	return &p, nil
}

// The settings of the topic of positions. Small segments and an early cleaning
// keep it short: each commit adds a record and a marker.
func checkpointSettings() map[string]*string {
	settings := map[string]string{"cleanup.policy": "compact", "segment.bytes": "16777216",
		"min.cleanable.dirty.ratio": "0.1", "delete.retention.ms": "600000"}
	out := map[string]*string{}
	for name, value := range settings {
		out[name] = &value
	}
	return out
}

// ensureCheckpoints makes the topic of positions if it is not there, and refuses
// one that could forget positions.
func (s *session) ensureCheckpoints(ctx context.Context) error {
	topic := s.set.checkpoints
	partitions, err := s.partitions(ctx, topic, false)
	if err != nil {
		trouble := s.trouble(err, "look for topic "+topic)
		if trouble.Kind == kafkaclient.NoTopic {
			return s.createCheckpoints(ctx)
		}
		return trouble
	}
	misfit := ""
	if partitions != 1 {
		misfit = fmt.Sprintf("has %d partitions, and needs exactly 1", partitions)
	}
	policy, known := s.setting(ctx, topic, "cleanup.policy")
	if known && policy != "compact" {
		misfit = fmt.Sprintf("has cleanup.policy=%s, which would remove positions; correct it with: "+
			"kafka-configs --bootstrap-server %s --alter --entity-type topics --entity-name %s "+
			"--add-config cleanup.policy=compact", policy, s.set.client.Servers(), topic)
	}
	if misfit != "" {
		return &kafkaclient.Trouble{Kind: kafkaclient.Misconfigured,
			Text: "topic " + topic + " holds the positions of groups and " + misfit}
	}
	return nil
}

func (s *session) createCheckpoints(ctx context.Context) error {
	topic := s.set.checkpoints
	_, err := s.admin.CreateTopic(ctx, 1, -1, checkpointSettings(), topic)
	if err == kerr.TopicAlreadyExists {
		err = nil
	}
	if err == nil {
		_, err = s.awaitTopic(ctx, topic)
	}
	if err == nil {
		return nil
	}
	trouble := s.trouble(err, "create topic "+topic+" for the positions of groups")
	if trouble.Kind != kafkaclient.Away {
		var list []string
		for name, value := range checkpointSettings() {
			list = append(list, "--config "+name+"="+*value)
		}
		trouble.Text += ". Create it with: kafka-topics --bootstrap-server " + s.set.client.Servers() +
			" --create --topic " + topic + " --partitions 1 " + strings.Join(list, " ")
	}
	return trouble
}

// firstWindow is how many records are read from the end to find a position.
const firstWindow = 4096

// lastPosition finds the group's last committed position before offset end. It
// reads what is not committed, too, and judges by the markers: a reader of
// committed records would have to wait for open transactions of other groups.
func (s *session) lastPosition(ctx context.Context, end int64) (*handler.Checkpoint, error) {
	topic := s.set.checkpoints
	starts, err := s.admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, s.trouble(err, "read topic "+topic)
	}
	first, _ := starts.Lookup(topic, 0)
	for window := int64(firstWindow); ; window *= 16 {
		from := max(first.Offset, end-window)
		value, err := s.scan(ctx, from, end)
		if err != nil {
			return nil, err
		}
		if value != nil {
			return s.readPosition(value)
		}
		if from <= first.Offset {
			return nil, nil
		}
	}
}

func (s *session) readPosition(value []byte) (*handler.Checkpoint, error) {
	p, err := parsePosition(value)
	if err != nil {
		return nil, &kafkaclient.Trouble{Kind: kafkaclient.Misconfigured, Err: err, Text: fmt.Sprintf(
			"topic %s, key %s: the position is not understood: %v", s.set.checkpoints, s.set.key, err)}
	}
	return &p.Checkpoint, nil
}

// scan gives the value of the group's last committed record between two offsets.
func (s *session) scan(ctx context.Context, from, end int64) ([]byte, error) {
	topic := s.set.checkpoints
	opts := append(s.set.client.Connection(), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadUncommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(from)}}),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	client, err := s.set.client.ConnectAs(ctx, opts...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	search := search{key: s.set.key, pending: map[int64][]byte{}}
	for {
		fetches := client.PollFetches(ctx)
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, s.trouble(errs[0].Err, "read topic "+topic)
		}
		for iter := fetches.RecordIter(); !iter.Done(); {
			r := iter.Next()
			if r.Offset >= end {
				return search.last, nil
			}
			search.take(r)
		}
	}
}

// search finds the last committed record of a key. Of a producer there is one
// transaction at a time: a marker decides what came before.
type search struct {
	key     string
	pending map[int64][]byte // by producer
	last    []byte
}

func (s *search) take(r *kgo.Record) {
	if !r.Attrs.IsControl() {
		switch {
		case string(r.Key) != s.key:
		case r.Attrs.IsTransactional():
			s.pending[r.ProducerID] = r.Value
		default: // written by hand; without a value it removes the position
			s.last = r.Value
		}
		return
	}
	// The key of a marker: version and type, two octets each; type 1 commits.
	if len(r.Key) < 4 {
		return
	}
	if value, ok := s.pending[r.ProducerID]; ok && r.Key[3] == 1 && r.Key[2] == 0 {
		s.last = value
	}
	delete(s.pending, r.ProducerID)
}
