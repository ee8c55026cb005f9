package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ggsh/ggserr"
)

// told keeps what a runner tells.
type told struct{ lines []string }

func (t *told) Info(n ggserr.Number, args ...any) {
	t.lines = append(t.lines, ggserr.New(n, args...).Message())
}

func (t *told) Line(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

// run runs a command in a directory of its own.
func run(t *testing.T, c Command, limit time.Duration) (string, string, error) {
	t.Helper()
	r, tell := Runner{Dir: t.TempDir(), Limit: limit}, &told{}
	r.Tell = tell
	c.For = "hr.emp at 0:1"
	err := r.Run(t.Context(), c)
	return r.Dir, strings.Join(tell.lines, "\n"), err
}

func TestValuesAreInTheEnvironmentAlone(t *testing.T) {
	t.Setenv("GONE", "inherited")
	dir, said, err := run(t, Command{Text: `echo "$a|${GONE-unset}|$HERE"; pwd; echo problem >&2`,
		Set: []string{"a=$(touch no); `touch no`"}, Unset: []string{"GONE"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SHELL> $(touch no); `touch no`|unset|\n", "SHELL> " + dir, "SHELL> problem",
		"EVENTACTIONS SHELL: the command for a record of hr.emp at 0:1 ended well after"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in %s", want, said)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("it has made %v, %v", files, err)
	}
}

func TestAFailureHasItsReasonAndItsOutput(t *testing.T) {
	for text, want := range map[string]string{"echo why; exit 3": "failed: exit status 3",
		"echo why; kill -9 $$": "failed: signal: killed", "echo why; no-such-program": "failed: exit status 127"} {
		_, said, err := run(t, Command{Text: text}, 0)
		if ggserr.NumberOf(err) != ggserr.ShellFailed || !strings.Contains(err.Error(), want) ||
			!strings.Contains(said, "SHELL> why") || strings.Contains(said, "ended well") {
			t.Errorf("%s: %v\n%s", text, err, said)
		}
	}
}

func TestOutputIsBoundedAndText(t *testing.T) {
	_, said, err := run(t, Command{Text: `printf 'a\033[1mb\377\n'; head -c 3000000 /dev/zero | tr '\0' x; echo`}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) > 5000 || !strings.Contains(said, "SHELL> a?[1mb?\n") || !strings.Contains(said, "octets more") {
		t.Errorf("%d octets: %.2000s", len(said), said)
	}
}

// left reports whether a process that wrote its number into a file stays.
func left(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return false
		}
	}
	return true
}

// What a command has started ends with it: when it ends, when its time is over, when the
// run is stopped, and when it does not listen.
func TestNothingOfACommandIsLeft(t *testing.T) {
	const child = "sleep 1000 & echo $! > pid; "
	t.Run("left behind", func(t *testing.T) {
		dir, _, err := run(t, Command{Text: child}, 0)
		if err != nil || left(t, filepath.Join(dir, "pid")) {
			t.Errorf("it is left, or %v", err)
		}
	})
	t.Run("too long", func(t *testing.T) {
		dir, _, err := run(t, Command{Text: child + "wait"}, 100*time.Millisecond)
		if err == nil || !strings.Contains(err.Error(), "it was ended after 100ms") || left(t, filepath.Join(dir, "pid")) {
			t.Errorf("it is left, or %v", err)
		}
	})
	t.Run("stopped and deaf", func(t *testing.T) {
		r, stop := Runner{Dir: t.TempDir(), Tell: &told{}}, errors.New("stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		pid := filepath.Join(r.Dir, "pid")
		go func() {
			for ctx.Err() == nil {
				if _, err := os.Stat(pid); err == nil {
					cancel(stop)
				}
			}
		}()
		err := r.Run(ctx, Command{Text: `trap "" TERM; echo $$ > new; mv new pid; while :; do sleep 1000; done`})
		if !errors.Is(err, stop) || left(t, pid) {
			t.Errorf("it is left, or %v", err)
		}
	})
}
