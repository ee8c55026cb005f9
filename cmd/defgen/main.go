// Command defgen writes what a database says of its tables into a definitions file:
//
//	defgen PARAMFILE dirprm/defgen.prm [REPORTFILE dirrpt/defgen.rpt] [NOEXTATTR] [-home dir]
//
// Without a report file the report goes to the screen. The status is 0, 1 when no file
// was written, or 2 for a wrong command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"ggsh/process"
	"ggsh/subdirs"
)

// version is set by the build.
var version = "development"

func main() { os.Exit(run()) }

func run() int {
	words, plain := cutPlain(os.Args[1:])
	args, err := process.ParseArgs(words)
	if err == nil && args.ParamFile == "" {
		err = fmt.Errorf("PARAMFILE is missing; usage: PARAMFILE file [REPORTFILE file] [NOEXTATTR]")
	}
	var home subdirs.Home
	if err == nil {
		home, err = subdirs.Find(args.Home, os.Getenv)
	}
	if err == nil {
		err = os.Chdir(string(home))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "defgen:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	g, err := open(home, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "defgen:", err)
		return 1
	}
	g.plain = plain
	return g.end(g.generate(ctx))
}
