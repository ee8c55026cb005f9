package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"ggsh/ggserr"
)

// discover asks the cluster for the topics, and gives the partitions that are not
// known yet. What is known must still be what it was.
func (s *Source) discover(ctx context.Context) ([]*part, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	names := s.cfg.Topics
	if slices.ContainsFunc(names, isPattern) {
		names = nil
	}
	topics, err := s.admin.ListTopicsWithInternal(ctx, names...)
	if err != nil {
		return nil, s.cfg.trouble(err, "list topics")
	}
	for _, name := range s.cfg.Topics {
		if isPattern(name) {
			continue
		}
		t, there := topics[name]
		if there {
			err = t.Err
		}
		if !there || errors.Is(err, kerr.UnknownTopicOrPartition) {
			return nil, s.missing(name)
		}
		if err != nil {
			return nil, s.cfg.trouble(err, "look at topic "+name)
		}
	}
	var fresh []*part
	for _, t := range topics.Sorted() {
		if !s.cfg.takes(t.Topic) || t.Err != nil {
			continue
		}
		id := ""
		if t.ID != (kadm.TopicID{}) {
			id = t.ID.String()
		}
		for _, p := range t.Partitions.Sorted() {
			if old := s.byName[partName(t.Topic, p.Partition)]; old == nil {
				fresh = append(fresh, &part{topic: t.Topic, partition: p.Partition, id: id,
					name: partName(t.Topic, p.Partition)})
			} else if err := old.still(id); err != nil {
				return nil, err
			}
		}
	}
	return fresh, s.allThere(topics)
}

// missing is a topic that is named and does not exist.
func (s *Source) missing(topic string) error {
	if slices.ContainsFunc(s.parts, func(p *part) bool { return p.topic == topic }) {
		return goneTopic(topic)
	}
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("Topic %s does not exist at %s", topic,
		s.cfg.Client.Servers())).Do("Create it, or correct its name: case counts.")
}

func goneTopic(topic string) error {
	return ggserr.New(ggserr.SourceLost, fmt.Sprintf("Topic %s, which was read, does not exist any "+
		"more", topic)).Do("Take it out of TABLE or TOPICS to go on without it. If it is made " +
		"anew: ALTER the EXTRACT to a new BEGIN.")
}

// still reports another topic of the same name.
func (p *part) still(id string) error {
	if p.id == "" || id == "" || p.id == id {
		p.id = id
		return nil
	}
	return ggserr.New(ggserr.SourceChanged, fmt.Sprintf("Topic %s was deleted and made anew: its "+
		"offsets mean other messages now (partition %s was read up to offset %d)", p.topic, p.name, p.offset)).
		Do("ALTER the EXTRACT to BEGIN EARLIEST to read the topics from their beginnings, or BEGIN NOW.")
}

// allThere looks for partitions that are known and not there.
func (s *Source) allThere(topics kadm.TopicDetails) error {
	for _, p := range s.parts {
		t, there := topics[p.topic]
		if there && t.Err == nil {
			_, there = t.Partitions[p.partition]
		}
		if !there {
			return goneTopic(p.topic)
		}
	}
	return nil
}

// place gives partitions their first offsets: by the order to begin, or at their
// beginnings when they came while the capture was at work.
func (s *Source) place(ctx context.Context, fresh []*part, begin Begin) error {
	if len(fresh) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	topics := topicsOf(fresh)
	var list kadm.ListedOffsets
	var err error
	switch {
	case begin.AtEnd:
		list, err = s.admin.ListCommittedOffsets(ctx, topics...)
	case !begin.Time.IsZero():
		list, err = s.admin.ListOffsetsAfterMilli(ctx, begin.Time.UnixMilli(), topics...)
	default:
		list, err = s.admin.ListStartOffsets(ctx, topics...)
	}
	if err != nil {
		return s.cfg.trouble(err, "ask for offsets")
	}
	for _, p := range fresh {
		o, ok := list.Lookup(p.topic, p.partition)
		if !ok {
			o.Err = kerr.UnknownTopicOrPartition
		}
		if o.Err != nil {
			return s.cfg.trouble(o.Err, "ask for offsets of partition "+p.name)
		}
		p.offset, p.planned = o.Offset, o.Offset
	}
	return nil
}

func topicsOf(parts []*part) []string {
	var topics []string
	for _, p := range parts {
		if !slices.Contains(topics, p.topic) {
			topics = append(topics, p.topic)
		}
	}
	return topics
}

// within checks that the cluster still has what follows the known offsets.
func (s *Source) within(ctx context.Context) error {
	if len(s.parts) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	topics := topicsOf(s.parts)
	first, err := s.admin.ListStartOffsets(ctx, topics...)
	if err != nil {
		return s.cfg.trouble(err, "ask for offsets")
	}
	end, err := s.admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return s.cfg.trouble(err, "ask for offsets")
	}
	for _, p := range s.parts {
		f, ok := first.Lookup(p.topic, p.partition)
		e, ok2 := end.Lookup(p.topic, p.partition)
		if err := errors.Join(f.Err, e.Err); err != nil || !ok || !ok2 {
			return s.cfg.trouble(err, "ask for offsets of partition "+p.name)
		}
		if p.offset < f.Offset || p.offset > e.Offset {
			return p.outside(f.Offset, e.Offset)
		}
	}
	return nil
}

// outside is an offset that the partition does not have.
func (p *part) outside(first, end int64) error {
	if p.offset > end {
		return ggserr.New(ggserr.SourceChanged, fmt.Sprintf("Partition %s was read up to offset %d, "+
			"and it now ends at %d: it lost messages, or was made anew", p.name, p.offset, end)).
			Do("See whether brokers lost data. Then ALTER the EXTRACT to a new BEGIN.")
	}
	return ggserr.New(ggserr.SourceLost, fmt.Sprintf("Messages %d to %d of partition %s are gone "+
		"before they were read: the topic keeps them from offset %d on", p.offset, first-1, p.name, first)).
		Do("They are lost for this group. ALTER the EXTRACT to BEGIN EARLIEST to go on with what there "+
			"is (what was read and is still there comes again), or to BEGIN with a time; and let topic "+
			"%s keep messages for longer (retention.ms, retention.bytes).", p.topic)
}

// admit makes partitions known, in the order of their names and numbers.
func (s *Source) admit(fresh []*part) error {
	for _, p := range fresh {
		var err error
		if p.rows, err = s.newBuilder(p.topic); err != nil {
			return err
		}
		s.parts, s.byName[p.name] = append(s.parts, p), p
	}
	return nil
}

// offsets are where the client is to read partitions from.
func offsets(parts []*part) map[string]map[int32]kgo.Offset {
	at := map[string]map[int32]kgo.Offset{}
	for _, p := range parts {
		if at[p.topic] == nil {
			at[p.topic] = map[int32]kgo.Offset{}
		}
		at[p.topic][p.partition] = kgo.NewOffset().At(p.offset)
	}
	return at
}

// refresh looks for new partitions when it is time, and whether the cluster answers.
func (s *Source) refresh(ctx context.Context) error {
	if s.cfg.Now().Sub(s.refreshed) < s.cfg.Refresh {
		return nil
	}
	fresh, err := s.discover(ctx)
	if err == nil {
		err = s.place(ctx, fresh, Begin{})
	}
	if err == nil {
		err = s.admit(fresh)
	}
	if err != nil {
		return err
	}
	s.refreshed = s.cfg.Now()
	if len(fresh) > 0 {
		s.client.AddConsumePartitions(offsets(fresh))
	}
	return nil
}

// splitName takes topic:partition apart.
func splitName(name string) (topic string, partition int32, err error) {
	i := strings.LastIndexByte(name, ':')
	if i > 0 {
		_, err = fmt.Sscanf(name[i+1:], "%d", &partition)
	}
	if i <= 0 || err != nil || partition < 0 {
		return "", 0, fmt.Errorf("restart position: %q is no partition", name)
	}
	return name[:i], partition, nil
}
