// Command replicat is the Replicat process: it applies a trail to a target. The
// Manager starts it; a person may, too:
//
//	replicat PARAMFILE dirprm/rora.prm [REPORTFILE dirrpt/RORA.rpt] [PROCESSID RORA]
//	         [SKIPTRANSACTION] [ATCSN n | AFTERCSN n] [-home dir]
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ggsh/checkpoint"
	"ggsh/process"
	"ggsh/replicat"
	"ggsh/subdirs"
)

// version is set by the build.
var version = "development"

func main() { os.Exit(run()) }

func run() int {
	args, err := process.ParseArgs(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "replicat:", err)
		return 2
	}
	home, err := subdirs.Find(args.Home, os.Getenv)
	if err == nil {
		err = os.Chdir(string(home))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "replicat:", err)
		return 2
	}
	p, err := process.Start(process.Config{Home: home, Type: checkpoint.Replicat, Group: args.Group,
		ParamFile: args.ParamFile, ReportFile: args.ReportFile, Version: version,
		Now: time.Now, Getenv: os.Getenv, Stdout: os.Stdout})
	if err != nil {
		return p.Close(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := config(p, args)
	if err != nil {
		return p.Close(err)
	}
	return p.Close(replicat.Run(ctx, cfg))
}
