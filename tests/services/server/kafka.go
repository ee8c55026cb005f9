package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KafkaOptions changes how StartKafka makes a broker. The zero value is a good default.
type KafkaOptions struct {
	// Dir holds the broker, as Options.Dir holds a database.
	Dir string
	// AutoCreateTopics has the broker create a topic that a client asks for.
	AutoCreateTopics bool
	// Properties of the server, such as "message.max.bytes"; they win over the defaults.
	Properties map[string]string
	// Java are options of the broker's virtual machine, such as "-Xmx1g".
	Java []string
	// Detached leaves the broker running when this process ends.
	Detached bool
	// Progress gets one line per thing that takes long; nil means standard error.
	Progress io.Writer
}

// Kafka is one process that is controller and only broker of a cluster.
type Kafka struct {
	Version string
	Dir     string
	Port    int

	soft       *software
	opts       KafkaOptions
	claim      *lock
	controller int // port
	broker     *daemon
}

// StartKafka provisions Kafka if needed, starts an empty cluster and returns when the
// broker serves.
func StartKafka(ctx context.Context, opts KafkaOptions) (*Kafka, error) {
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	if opts.Detached && opts.Dir == "" {
		return nil, errors.New("start a detached Kafka: give KafkaOptions.Dir, " +
			"since folders in the temporary folder are swept when their process ends")
	}
	soft, err := provision(ctx, KindKafka, opts.Progress, false)
	if err != nil {
		return nil, err
	}
	k, err := startKafkaOf(ctx, soft, opts, func(*daemon) {})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(opts.Progress, "%s%s %s (port %d)\n", inUsePrefix, KindKafka, k.Version, k.Port)
	return k, nil
}

// startKafkaOf starts a broker that adapt may change.
func startKafkaOf(ctx context.Context, soft *software, opts KafkaOptions,
	adapt func(*daemon)) (*Kafka, error) {
	k := &Kafka{Version: soft.Version, soft: soft, opts: opts}
	if err := k.makeDir(); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	adapt(k.broker)
	if err := k.startOnFreePorts(ctx); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// Brokers is the bootstrap address.
func (k *Kafka) Brokers() string { return loopback(k.Port) }

// PID is the broker's process id, 0 while it does not run.
func (k *Kafka) PID() int { return k.broker.pid() }

// Log is the path of the broker's log.
func (k *Kafka) Log() string { return k.broker.log() }

// Logs is the end of the broker's log, to be shown when a test fails.
func (k *Kafka) Logs() string { return tail(k.Log(), 8000) }

// Kill ends the broker with SIGKILL and keeps its data.
func (k *Kafka) Kill() error { return k.broker.kill() }

// Stop ends the broker the clean way and keeps its data.
func (k *Kafka) Stop(ctx context.Context) error { return k.broker.stop(ctx) }

// Start starts the broker again on its data and ports, and returns when it serves.
// After a Kill that takes three seconds longer: the cluster must first see that the
// broker it knew is gone.
func (k *Kafka) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, javaStartDeadline)
	defer cancel()
	from := sizeOf(k.Log())
	p, err := k.broker.start()
	if err != nil {
		return err
	}
	if err := awaitLine(ctx, p, k.Log(), from, "Kafka Server started"); err != nil {
		return fmt.Errorf("start Kafka %s on port %d: %w", k.Version, k.Port, err)
	}
	return nil
}

// Close ends the broker and removes its data. Closing twice is no error.
func (k *Kafka) Close() error {
	var err error
	if k.broker != nil {
		err = k.broker.kill()
	}
	if k.Dir != "" {
		err = errors.Join(err, os.RemoveAll(k.Dir))
	}
	if k.claim != nil {
		k.claim.release()
		k.claim = nil
	}
	return err
}

// CreateTopic creates a topic; config are settings such as "cleanup.policy=compact".
func (k *Kafka) CreateTopic(ctx context.Context, name string, partitions int, config ...string) error {
	args := []string{"--create", "--topic", name, "--partitions", strconv.Itoa(partitions)}
	for _, c := range config {
		args = append(args, "--config", c)
	}
	_, err := k.Tool(ctx, "org.apache.kafka.tools.TopicCommand",
		append([]string{"--bootstrap-server", k.Brokers()}, args...)...)
	return err
}

// ConsumeOptions says what of a topic Consume reads and how it shows a record. What is
// asked for comes in this order, with tabs between: timestamp, partition, offset,
// headers, key, value.
type ConsumeOptions struct {
	ReadCommitted bool // leave out what aborted or open transactions wrote
	Timestamp     bool // CreateTime:1700000000000
	Partition     bool // Partition:0
	Offset        bool // Offset:0
	Headers       bool // name:value,name:value or NO_HEADERS
	Key           bool // "null" for none
	NoValue       bool
	// Max ends the reading after so many records.
	Max int
	// Wait ends the reading if no record comes for so long, 5 seconds by default.
	Wait time.Duration
	// Formatter are more properties of the console consumer's formatter, such as
	// "key.separator=|".
	Formatter []string
}

const consoleConsumer = "org.apache.kafka.tools.consumer.ConsoleConsumer"

// Consume reads a topic from its beginning with Kafka's console consumer, and gives one
// line per record. No topic is no error: it waits and finds nothing.
func (k *Kafka) Consume(ctx context.Context, topic string, opts ConsumeOptions) ([]string, error) {
	wait := opts.Wait
	if wait == 0 {
		wait = 5 * time.Second
	}
	args := []string{"--bootstrap-server", k.Brokers(), "--topic", topic, "--from-beginning",
		"--timeout-ms", strconv.FormatInt(wait.Milliseconds(), 10)}
	if opts.ReadCommitted {
		args = append(args, "--isolation-level", "read_committed")
	}
	if opts.Max > 0 {
		args = append(args, "--max-messages", strconv.Itoa(opts.Max))
	}
	for _, f := range append([]string{
		"print.timestamp=" + strconv.FormatBool(opts.Timestamp),
		"print.partition=" + strconv.FormatBool(opts.Partition),
		"print.offset=" + strconv.FormatBool(opts.Offset),
		"print.headers=" + strconv.FormatBool(opts.Headers),
		"print.key=" + strconv.FormatBool(opts.Key),
		"print.value=" + strconv.FormatBool(!opts.NoValue),
	}, opts.Formatter...) {
		args = append(args, "--formatter-property", f)
	}
	out, err := k.Tool(ctx, consoleConsumer, args...)
	if err != nil {
		return nil, err
	}
	out = strings.TrimSuffix(out, "\n")
	if out == "" {
		return nil, nil
	}
	return strings.Split(out, "\n"), nil
}

// Tool runs a main class of Kafka's, such as org.apache.kafka.tools.TopicCommand, and
// gives what it prints. Most want "--bootstrap-server" and Brokers.
func (k *Kafka) Tool(ctx context.Context, main string, args ...string) (string, error) {
	return k.tool(ctx, main, args)
}

// Measured is Tool with the virtual machine that operators have, which is quicker at
// its work and slower to start: for comparisons of speed.
func (k *Kafka) Measured(ctx context.Context, main string, args ...string) (string, error) {
	return k.tool(ctx, main, args, ForSpeed()...)
}

func (k *Kafka) tool(ctx context.Context, main string, args []string, options ...string) (
	string, error) {
	all := append([]string{"-Xmx192m"}, kafkaLogging("warn")...)
	return k.soft.runJava(ctx, javaRun{main: main, args: args, options: append(all, options...)})
}

func kafkaLogging(level string) []string {
	const p = "-Dorg.slf4j.simpleLogger."
	return []string{p + "defaultLogLevel=" + level, p + "showDateTime=true",
		p + "dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
		// Its values fill two pages at every start, and every tool's.
		p + "log.org.apache.kafka.common.config.AbstractConfig=warn"}
}

func (k *Kafka) makeDir() error {
	dir, claim, err := claimDir(k.opts.Dir)
	if err != nil {
		return err
	}
	k.Dir, k.claim = dir, claim
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return fmt.Errorf("lay out the folder of a Kafka: %w", err)
	}
	k.broker = &daemon{name: "kafka", dir: dir, soft: k.soft, detached: k.opts.Detached, run: javaRun{
		main: "kafka.Kafka", args: []string{k.propertiesFile()},
		options: append(append([]string{"-Xmx384m"}, kafkaLogging("info")...), k.opts.Java...),
	}}
	return nil
}

func (k *Kafka) propertiesFile() string { return filepath.Join(k.Dir, "server.properties") }

// startOnFreePorts starts the broker, and tries other ports when somebody else took
// one between the look and the bind.
func (k *Kafka) startOnFreePorts(ctx context.Context) error {
	var err error
	for range portAttempts {
		if err = k.configure(); err != nil {
			return err
		}
		if err = k.Start(ctx); err == nil {
			return nil
		}
		taken := strings.Contains(tail(k.Log(), 50000), "Address already in use")
		if err = errors.Join(err, k.broker.kill(), os.Remove(k.Log())); !taken {
			return err
		}
	}
	return err
}

// configure chooses ports and lays out the storage anew.
func (k *Kafka) configure() error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	k.Port, k.controller = ports[0], ports[1]
	data := filepath.Join(k.Dir, "data")
	properties := kafkaProperties(k.Port, k.controller, data)
	properties["auto.create.topics.enable"] = strconv.FormatBool(k.opts.AutoCreateTopics)
	maps.Copy(properties, k.opts.Properties)
	if err := writeProperties(k.propertiesFile(), properties); err != nil {
		return err
	}
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if err := copyTree(context.Background(), k.soft.Template, data); err != nil {
		return err
	}
	// Two clusters must not have one identity: clients that meet both take notice.
	file := filepath.Join(data, "meta.properties")
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the formatted storage: %w", err)
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		for _, name := range []string{"cluster.id=", "directory.id="} {
			if strings.HasPrefix(line, name) {
				line = name + newKafkaID() + "\n"
			}
		}
		out.WriteString(line)
	}
	return os.WriteFile(file, out.Bytes(), 0o600)
}

// newKafkaID is a random UUID as Kafka writes them.
func newKafkaID() string {
	id := make([]byte, 16)
	rand.Read(id)
	id[0] &= 0x7f // Kafka avoids ids that begin with a hyphen
	return base64.RawURLEncoding.EncodeToString(id)
}

// formatKafka makes the storage of an empty cluster.
func (s *software) formatKafka(ctx context.Context, dir string) error {
	conf, err := os.MkdirTemp("", "ggsh-conf-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(conf)
	file := filepath.Join(conf, "server.properties")
	if err := writeProperties(file, kafkaProperties(1, 2, dir)); err != nil {
		return err
	}
	_, err = s.runJava(ctx, javaRun{main: "kafka.tools.StorageTool",
		args:    []string{"format", "--cluster-id", newKafkaID(), "--config", file},
		options: kafkaLogging("warn")})
	return err
}

// kafkaProperties are those of one node that is everything, and quick.
func kafkaProperties(port, controller int, data string) map[string]string {
	return map[string]string{
		"process.roles":             "broker,controller",
		"node.id":                   "1",
		"controller.quorum.voters":  "1@" + loopback(controller),
		"controller.listener.names": "CONTROLLER",
		"listeners":                 "PLAINTEXT://" + loopback(port) + ",CONTROLLER://" + loopback(controller),
		"advertised.listeners":      "PLAINTEXT://" + loopback(port),
		"log.dirs":                  data,
		// A broker that came back after a kill waits until its former self is timed out.
		"broker.session.timeout.ms":    "3000",
		"broker.heartbeat.interval.ms": "500",
		// Topics of the cluster's own, as one broker can hold them.
		"offsets.topic.replication.factor":                 "1",
		"offsets.topic.num.partitions":                     "4",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.min.isr":                    "1",
		"transaction.state.log.num.partitions":             "4",
		"share.coordinator.state.topic.replication.factor": "1",
		"share.coordinator.state.topic.min.isr":            "1",
		"share.coordinator.state.topic.num.partitions":     "1",
		"group.initial.rebalance.delay.ms":                 "0",
		"log.cleaner.dedupe.buffer.size":                   "8388608",
		"num.network.threads":                              "2",
		"num.io.threads":                                   "4",
	}
}

func writeProperties(file string, properties map[string]string) error {
	var b bytes.Buffer
	escape := strings.NewReplacer("\\", "\\\\", "\n", "\\n")
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&b, "%s=%s\n", name, escape.Replace(properties[name]))
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write a configuration: %w", err)
	}
	return nil
}
