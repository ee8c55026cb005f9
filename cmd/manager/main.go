// Command manager is the Manager of a home: it starts, watches and restarts the
// groups, and takes the shell's orders. It runs in the foreground; START MANAGER
// and systemd put it into the background.
//
//	manager [PARAMFILE dirprm/mgr.prm] [REPORTFILE dirrpt/MGR.rpt] [-home dir]
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"ggsh/agent"
	"ggsh/control"
	"ggsh/subdirs"
)

// version is set by the build.
var version = "development"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	args, err := parseArgs(words)
	if err != nil {
		return err
	}
	home, err := subdirs.Find(args.home, os.Getenv)
	if err != nil {
		return err
	}
	if err := os.Chdir(string(home)); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shell := runner(home)
	return agent.New(agent.Config{Home: home, ParamFile: resolve(home, args.params),
		ReportFile: resolve(home, args.report), Version: version, Programs: filepath.Dir(self),
		Getenv: os.Getenv, Verify: shell.Verify, Sessions: shell.Open,
		Pages: map[string]control.Page{"POST " + control.CommandPath: shell.Page}}).Run(ctx)
}
