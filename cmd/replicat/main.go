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
	"path/filepath"
	"syscall"
	"time"

	"ggsh/checkpoint"
	"ggsh/handler"
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
	return p.Close(replicat.Run(ctx, config(p, args)))
}

func config(p *process.Process, args process.Args) replicat.Config {
	cfg := replicat.Config{Process: p, SkipTransaction: args.Skip,
		Launch: func(ctx context.Context, plugin string) (handler.Handler, error) {
			return launch(ctx, p, plugin)
		}}
	switch {
	case args.AtCSN != nil:
		cfg.From = &replicat.FromCSN{CSN: *args.AtCSN}
	case args.AfterCSN != nil:
		cfg.From = &replicat.FromCSN{CSN: *args.AfterCSN, After: true}
	}
	return cfg
}

// launch starts the plugin from the home's plugin directory or the one beside
// this program.
func launch(ctx context.Context, p *process.Process, plugin string) (handler.Handler, error) {
	programs := ""
	if self, err := os.Executable(); err == nil {
		programs = filepath.Dir(self)
	}
	return handler.Launch(ctx, handler.LaunchConfig{
		Dir: handler.PluginDir(string(p.Home()), programs, plugin), Name: plugin,
		Log: func(line string) { p.Line("handler %s: %s", plugin, line) }})
}
