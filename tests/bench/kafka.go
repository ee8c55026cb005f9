package main

import (
	"fmt"
	"regexp"
	"strconv"

	"ggsh/tests/services/server"
)

// producerPerformance is the main class of kafka-producer-perf-test.
const producerPerformance = "org.apache.kafka.tools.ProducerPerformance"

// partitions of each topic.
const partitions = 4

// perfRate finds the result in what the tool prints last.
var perfRate = regexp.MustCompile(`records sent, ([0-9.]+) records/sec`)

// broker is a Kafka and what is written to it.
type broker struct {
	h      *harness
	b      *bench
	kafka  *server.Kafka
	feed   *feed
	bytes  int // of a message
	groups int
	cpu    results
}

// kafkaStage writes rows as JSON by the handler of Kafka, in Kafka transactions, and
// messages of the same size by Kafka's own tool.
func kafkaStage(b *bench, h *harness) {
	server.Require(h, server.KindKafka)
	s := &broker{h: h, b: b, feed: newFeed(b.size(200_000)), cpu: results{}}
	var err error
	s.kafka, err = server.StartKafka(h.ctx, server.KafkaOptions{Java: server.ForSpeed(),
		Progress: h.progress})
	h.check(err)
	h.Cleanup(func() { h.soft(s.kafka.Close()) })
	b.machine.Kafka = s.kafka.Version
	for _, topic := range []string{tableName, "perf"} {
		h.check(s.kafka.CreateTopic(h.ctx, topic, partitions))
	}
	s.bytes = int(s.home().rowBytes(h, s.feed))
	const own = "ours"
	const usual, txns = "ProducerPerformance, acks=all", "ProducerPerformance, large batches, transactions"
	s.apply("not counted") // a broker that has just started compiles what it runs
	r := h.alternate(b.rounds, "rows/s", contender{own, func() float64 { return s.apply(own) }},
		contender{usual, func() float64 { return s.perform("acks=all") }},
		contender{txns, func() float64 {
			return s.perform("acks=all", "batch.size=1000000", "transactional.id=perf")
		}})
	what := fmt.Sprintf("JSON of %d bytes, %d rows a Kafka transaction", s.bytes, feedBatch)
	b.add(r.faster(what, "rows/s", own, usual, ">= 0.6 x"), r.faster(what, "rows/s", own, txns, ""))
	s.cpu["broker"] = s.cpu["broker "+own]
	b.add(s.cpu.lower("processor time of the handler's process", "us/row", own, "broker", ""))
}

// home is that of the next group, with JSON as a big data Replicat has it.
func (s *broker) home() *big {
	s.groups++
	return bigHome(s.h, fmt.Sprint("RKAFKA", s.groups), "gg.handlerlist=k", "gg.handler.k.type=kafka",
		"gg.handler.k.mode=op", "gg.handler.k.format=json",
		"gg.handler.k.topicMappingTemplate="+tableName,
		"gg.handler.k.keyMappingTemplate=${primaryKeys}",
		"gg.handler.k.kafkaProducerConfigFile=producer.properties",
		"producer.properties:", "bootstrap.servers="+s.kafka.Brokers())
}

// apply launches a handler and gives it the feed; starts do not count.
func (s *broker) apply(name string) float64 {
	h, g := s.h, s.home()
	to := s.b.plugin(h, "kafka")
	g.open(h, to)
	pids := map[string]int{name: to.PID(), "broker " + name: s.kafka.PID()}
	used := map[string]float64{}
	for who, pid := range pids {
		used[who] = processorTime(pid)
	}
	took := h.give(to, s.feed)
	for who, pid := range pids {
		s.cpu[who] = append(s.cpu[who], (processorTime(pid)-used[who])*1e6/float64(s.feed.rows))
	}
	h.check(to.Close())
	return float64(s.feed.rows) / took
}

// perform runs Kafka's tool and gives the rate that it finds itself when it is warm.
func (s *broker) perform(properties ...string) float64 {
	h := s.h
	warm := s.feed.rows / 2
	args := []string{"--topic", "perf", "--record-size", strconv.Itoa(s.bytes),
		"--num-records", strconv.Itoa(warm + s.feed.rows), "--warmup-records", strconv.Itoa(warm),
		"--throughput", "-1", "--bootstrap-server", s.kafka.Brokers(), "--command-property"}
	settle()
	said, err := s.kafka.Measured(h.ctx, producerPerformance, append(args, properties...)...)
	h.check(err)
	found := perfRate.FindAllStringSubmatch(said, -1)
	if len(found) == 0 {
		h.Fatalf("ProducerPerformance says no rate:\n%s", said)
	}
	rate, err := strconv.ParseFloat(found[len(found)-1][1], 64)
	h.check(err)
	return rate
}
