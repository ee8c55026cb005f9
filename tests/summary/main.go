// Command summary runs `go test -json …`, shows what a person wants to see of it
// while it runs, and ends with who ran on what, what was skipped and why, and one
// line of counts.
//
// It is not a test runner: go test decides what passes. Its own part is to let
// nothing go uncounted.
//
// Its law: it exits with zero only if go test did and no failure was counted, and
// its last line is always `N passed, N failed, N skipped`.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	logPath := flag.String("log", "", "file that gets every line of go test's JSON")
	limit := flag.Duration("limit", 80*time.Minute, "time after which the run is ended")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(),
			"usage: go run ./tests/summary [-log FILE] [-limit TIME] go test -json ARGUMENTS")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, *limit)
	ok, err := run(ctx, flag.Args(), *logPath, os.Stdout)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run runs the command and tells whether all went well; err is about what is not a
// test's failure.
func run(ctx context.Context, command []string, logPath string, out io.Writer) (bool, error) {
	record := io.Discard
	if logPath != "" {
		f, err := os.Create(logPath)
		if err != nil {
			return false, fmt.Errorf("open the log: %w", err)
		}
		defer f.Close()
		record = f
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	// go test forwards an interrupt to the tests; killed, it would orphan them.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Stderr = out // messages of the go command itself
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("run %s: %w", command[0], err)
	}
	t := newTally(out)
	lines := bufio.NewReader(io.TeeReader(stdout, record))
	for {
		line, readErr := lines.ReadBytes('\n')
		if len(line) > 0 {
			t.line(line)
		}
		if readErr != nil {
			break
		}
	}
	runErr := cmd.Wait()
	if ctx.Err() != nil {
		runErr = fmt.Errorf("ended before its time: %w", ctx.Err())
	}
	if runErr != nil {
		// A go command that failed without a word about a test failed all the same.
		t.noteCommandFailure(runErr)
	}
	t.report()
	return runErr == nil && t.failed == 0, nil
}
