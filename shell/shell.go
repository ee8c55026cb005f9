// Package shell runs the commands of EVENTACTIONS SHELL: one at a time, by sh, to their
// end.
//
// It knows no records: who runs a command hands over its text, which is the parameter
// file's, and the variables, which are a row's. Its law: a value is found in the
// environment and never becomes a part of the text; what a command writes is bounded and
// reported; and neither it nor what it has started in its process group outlives the call.
package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"ggsh/ggserr"
)

const (
	// DefaultLimit is how long a command may take when nothing else is said.
	DefaultLimit = time.Hour
	// maxOutput is how much of what a command writes is reported.
	maxOutput = 32 << 10
	// maxLine bounds one line of it.
	maxLine = 1000
	// grace is how long a command that is ended may take to end by itself.
	grace = 3 * time.Second
)

// Command is one command.
type Command struct {
	Text string // for sh -c
	// Set are NAME=value for its environment; Unset are names that it has not.
	Set, Unset []string
	For        string // whose command it is, for messages
}

// Teller is told what a command does.
type Teller interface {
	Info(n ggserr.Number, args ...any)
	Line(format string, args ...any)
}

// Runner runs commands.
type Runner struct {
	Dir   string // where they run
	Tell  Teller
	Limit time.Duration // zero: DefaultLimit
}

// Run runs a command to its end. The end of ctx ends it, and gives ctx's cause.
func (r *Runner) Run(ctx context.Context, c Command) error {
	limit := r.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out output
	cmd := exec.CommandContext(timed, "/bin/sh", "-c", c.Text)
	cmd.Dir, cmd.Env = r.Dir, environment(os.Environ(), &c)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	began := time.Now()
	err := cmd.Start()
	if err == nil {
		err = cmd.Wait()
		// What it left in its group, and what holds its output open, ends too. An error
		// says that there is nothing.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	r.report(&out)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case timed.Err() != nil:
		err = fmt.Errorf("it was ended after %s", limit)
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // it has ended well; only what it left behind had its output open
	}
	if err != nil {
		return ggserr.New(ggserr.ShellFailed, c.For, err)
	}
	r.Tell.Info(ggserr.ShellEnded, c.For, time.Since(began).Round(time.Millisecond))
	return nil
}

// environment is that of this process without the command's variables, and those of
// them that have values.
func environment(all []string, c *Command) []string {
	env := slices.DeleteFunc(all, func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(c.Unset, name)
	})
	return append(env, c.Set...) // the last one of a name counts
}

// report writes what a command has written, line by line.
func (r *Runner) report(out *output) {
	for line := range strings.Lines(string(out.kept)) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > maxLine {
			line = line[:maxLine] + " ..."
		}
		r.Tell.Line("SHELL> %s", strings.Map(printable, strings.ToValidUTF8(line, "?")))
	}
	if out.more > 0 {
		r.Tell.Line("SHELL> ... and %d octets more", out.more)
	}
}

// printable keeps a report a text.
func printable(c rune) rune {
	if c == '\t' || unicode.IsPrint(c) {
		return c
	}
	return '?'
}

// output keeps the beginning of what is written to it.
type output struct {
	kept []byte
	more int64
}

// Write takes everything.
func (o *output) Write(b []byte) (int, error) {
	n := min(len(b), maxOutput-len(o.kept))
	o.kept = append(o.kept, b[:n]...)
	o.more += int64(len(b) - n)
	return len(b), nil
}
