// Command bench measures the programs against other ways to do the same: what the
// machine can do at most, the database's own tools, and its own replication.
//
// It is not a test: a slow machine fails nothing. Its law: each figure stands
// beside a peer's that did the same work in the same run, taken in turns, and the
// ratio of the medians is what is to be compared from one day to another.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"ggsh/tests/rig"
)

// options are what the command line says.
type options struct {
	scale  float64
	rounds int
	json   string
	doc    string
	only   string
	bin    string
	cpu    string
}

func main() {
	if isPlugin() {
		servePlugin()
		return
	}
	var o options
	flag.Float64Var(&o.scale, "scale", 1, "size of the work: 1 takes about 15 minutes on 2 cores")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each contender runs; medians are shown")
	flag.StringVar(&o.json, "json", "", "file for the figures")
	flag.StringVar(&o.doc, "doc", "", "file for the figures as a document (docs/BENCHMARKS.md)")
	flag.StringVar(&o.only, "only", "", "stages to run, by comma: "+strings.Join(stageNames(), ","))
	flag.StringVar(&o.bin, "bin", "", "folder of the programs; empty builds them")
	flag.StringVar(&o.cpu, "cpuprofile", "", "file for a processor profile of this process")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// stagePatience is how long a stage may take to notice that it is interrupted.
const stagePatience = 10 * time.Second

// stage is one group of figures.
type stage struct {
	name  string
	title string
	run   func(b *bench, h *harness)
}

// stages are in the order in which data flow, so that what one makes the next can use.
func stages() []stage {
	return []stage{
		{"decode", "Reading the binary log of a live MariaDB", decodeStage},
		{"trail", "Trail files against plain files", trailStage},
		{"boundary", "The process boundary of handlers", boundaryStage},
		{"apply", "Applying into MariaDB, durable at each commit", applyStage},
		{"latency", "From commit at the source to visible at the target", latencyStage},
		{"load", "Initial load, MariaDB to MariaDB", loadStage},
		{"format", "Rows as bytes", formatStage},
		{"files", "From a trail into files", filesStage},
		{"hdfs", "Into HDFS", hdfsStage},
		{"kafka", "Into Kafka", kafkaStage},
	}
}

func stageNames() (names []string) {
	for _, s := range stages() {
		names = append(names, s.name)
	}
	return names
}

// bench is one run.
type bench struct {
	options
	ctx      context.Context
	progress io.Writer
	machine  machine
	figures  []figure
	whole    *harness // for what several stages use
	source   *source
	programs string
}

func run(ctx context.Context, o options, out, progress io.Writer) error {
	b := &bench{options: o, ctx: ctx, progress: progress, machine: lookAtMachine()}
	if o.scale <= 0 || o.rounds < 1 {
		return fmt.Errorf("-scale and -rounds must be above zero")
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	stopProfile, err := profile(o.cpu)
	if err != nil {
		return err
	}
	defer stopProfile()
	began := time.Now()
	b.whole = newHarness(ctx, "bench", progress)
	// A stage that is interrupted ends first, since it tidies up what it made.
	failed := b.whole.during(func() { b.runStages(chosen, out) }, 6*stagePatience)
	b.machine.LoadAtEnd, b.machine.Took = load(), time.Since(began)
	fmt.Fprintf(out, "\n%s", b.machine.text())
	if o.json != "" {
		if err := b.writeJSON(o.json); err != nil {
			return err
		}
	}
	if o.doc != "" && failed == nil {
		if err := os.WriteFile(o.doc, []byte(b.document()), 0o644); err != nil {
			return err
		}
	}
	return failed
}

// runStages runs them one after the other; the first that fails ends the run.
func (b *bench) runStages(chosen []stage, out io.Writer) {
	for _, s := range chosen {
		from := len(b.figures)
		h := newHarness(b.ctx, s.name, b.progress)
		fmt.Fprintf(b.progress, "%s ...\n", s.name)
		err := h.during(func() { s.run(b, h) }, stagePatience)
		for i := range b.figures[from:] {
			b.figures[from+i].Stage = s.name
		}
		if len(b.figures) > from {
			fmt.Fprintf(out, "\n%s\n%s", s.title, table(b.figures[from:]))
		}
		if err != nil {
			b.whole.Fatal(err)
		}
	}
}

func choose(only string) ([]stage, error) {
	if only == "" {
		return stages(), nil
	}
	var chosen []stage
	for _, name := range strings.Split(only, ",") {
		found := false
		for _, s := range stages() {
			if s.name == name {
				chosen, found = append(chosen, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no stage %q: use %s", name, strings.Join(stageNames(), ", "))
		}
	}
	return chosen, nil
}

// add notes figures.
func (b *bench) add(f ...figure) { b.figures = append(b.figures, f...) }

// size scales a number of things, at least one.
func (b *bench) size(n int) int { return max(1, int(float64(n)*b.scale)) }

// binaries gives the folder of the programs, built at the first call.
func (b *bench) binaries() string {
	if b.programs != "" {
		return b.programs
	}
	b.programs = b.bin
	if b.programs == "" {
		var err error
		if b.programs, err = rig.Build(b.whole.TempDir()); err != nil {
			b.whole.Fatal(err)
		}
	}
	return b.programs
}
