// Command ggperf makes a load for a capture: records of a size at a rate, into files of
// a directory or into a topic of Kafka, and prints rate and latency.
//
//	ggperf -records 1000000 -size 200 -rate 20000 -dir ./dirin [-format csv] [-perfile 100000]
//	ggperf -records 1000000 -size 200 -topic orders -properties dirprm/producer.properties
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ggsh/loadgen"
)

func main() {
	cfg := loadgen.Config{Every: 5 * time.Second, Tell: func(f loadgen.Figures) { fmt.Println(f) }}
	files := loadgen.Files{Prefix: fmt.Sprintf("ggperf-%d", time.Now().Unix())}
	flag.Int64Var(&cfg.Count, "records", 1000000, "how many records")
	flag.IntVar(&cfg.Size, "size", 200, "octets of a record")
	flag.Float64Var(&cfg.Rate, "rate", 0, "records in a second; 0: as fast as it goes")
	flag.StringVar((*string)(&cfg.Form), "format", "json", "csv or json")
	flag.StringVar(&files.Dir, "dir", "", "directory to write files to")
	flag.IntVar(&files.PerFile, "perfile", 0, "records of a file; 0: all in one")
	topic := flag.String("topic", "", "topic to write to")
	properties := flag.String("properties", "", "properties of the Kafka producer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	files.Form = cfg.Form
	target, err := open(ctx, &files, *topic, *properties)
	if err == nil {
		var done loadgen.Figures
		done, err = loadgen.Run(ctx, cfg, target)
		fmt.Println(done)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ggperf:", err)
		os.Exit(1)
	}
}
