package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// archiveOf is the class archive of a main class: what the virtual machine made of its
// classes when it last loaded them. It halves the processor time of a start. The
// machine checks that it fits the class path and goes on without one that does not.
func (s *software) archiveOf(main string) string {
	return filepath.Join(s.Archives, main[strings.LastIndex(main, ".")+1:]+".jsa")
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// archiveClasses runs what tests run most, once, to have class archives of it. Paths
// of jars are a part of them, so the software is in its place by now. That it failed is
// no reason not to run tests, which are then only slower.
func (s *software) archiveClasses(ctx context.Context, say func(string, ...any)) {
	say("preparing quick starts")
	aside := s.Archives + ".partial"
	err := os.RemoveAll(aside)
	if err == nil {
		err = os.MkdirAll(aside, 0o755)
	}
	if err == nil && s.Kind == KindHDFS {
		err = s.archiveHDFS(ctx, aside)
	} else if err == nil {
		err = s.archiveKafka(ctx, aside)
	}
	if err == nil {
		err = os.Rename(aside, s.Archives)
	}
	if err != nil {
		say("starts will be slow: %v", errors.Join(err, os.RemoveAll(aside)))
	}
}

// into gives the option to write the archive of a main class when it ends.
func (s *software) into(aside, main string) []string {
	return []string{"-XX:ArchiveClassesAtExit=" + filepath.Join(aside, filepath.Base(s.archiveOf(main))),
		"-Xlog:cds=off", "-Xlog:cds+dynamic=off"}
}

func (s *software) archiveHDFS(ctx context.Context, aside string) error {
	h, err := startHDFSOf(ctx, s, HDFSOptions{DataNodes: 1, Replication: 1, Progress: io.Discard},
		func(d *daemon) { d.run.options = append(d.run.options, s.into(aside, d.run.main)...) })
	if err != nil {
		return err
	}
	defer h.Close()
	// A file written and read loads what is loaded in practice.
	file := filepath.Join(h.Dir, "tmp", "x")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		return err
	}
	if _, err := h.Shell(ctx, "-put", file, "/x"); err != nil {
		return err
	}
	for main, args := range map[string][]string{
		"org.apache.hadoop.fs.FsShell":          {"-cat", "/x"},
		"org.apache.hadoop.hdfs.tools.DFSAdmin": {"-report"},
	} {
		if _, err := s.runJava(ctx, javaRun{main: main, args: args, classes: []string{h.ConfDir()},
			options: s.into(aside, main)}); err != nil {
			return err
		}
	}
	for _, d := range h.daemons() {
		err = errors.Join(err, d.stop(ctx))
	}
	return err
}

func (s *software) archiveKafka(ctx context.Context, aside string) error {
	k, err := startKafkaOf(ctx, s, KafkaOptions{Progress: io.Discard},
		func(d *daemon) { d.run.options = append(d.run.options, s.into(aside, d.run.main)...) })
	if err != nil {
		return err
	}
	defer k.Close()
	if err := k.CreateTopic(ctx, "t", 1); err != nil {
		return err
	}
	for _, tool := range [][]string{
		{"org.apache.kafka.tools.TopicCommand", "--list"},
		{"org.apache.kafka.tools.ProducerPerformance", "--topic", "t", "--num-records", "1",
			"--record-size", "1", "--throughput", "-1"},
		{consoleConsumer, "--topic", "t", "--from-beginning", "--max-messages", "1",
			"--timeout-ms", "20000"},
	} {
		if _, err := s.runJava(ctx, javaRun{main: tool[0],
			args:    append(tool[1:], "--bootstrap-server", k.Brokers()),
			options: append(s.into(aside, tool[0]), kafkaLogging("warn")...)}); err != nil {
			return fmt.Errorf("run %s: %w", tool[0], err)
		}
	}
	return k.Stop(ctx)
}
