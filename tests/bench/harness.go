package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// harness is what the rig of the tests needs of a test, for a program: a place to
// fail, and to leave what is to be tidied up. Of the embedded interface nothing is
// called but what stands here.
type harness struct {
	testing.TB
	ctx      context.Context
	name     string
	progress io.Writer

	mu       sync.Mutex
	failures []string
	skipped  string // why nothing was measured
	cleanups []func()
}

func newHarness(ctx context.Context, name string, progress io.Writer) *harness {
	return &harness{ctx: ctx, name: name, progress: progress}
}

// during calls f, tidies up, and gives what failed. f may end itself by Fatal. After
// an interruption f gets some time to notice it.
func (h *harness) during(f func(), patience time.Duration) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	select {
	case <-ended:
	case <-h.ctx.Done():
		h.Errorf("interrupted")
		select {
		case <-ended:
		case <-time.After(patience):
		}
	}
	h.tidy()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.failures) == 0 {
		return nil
	}
	return errors.New(h.name + ": " + strings.Join(h.failures, "; "))
}

// tidy calls the cleanups, the last one first, even if one of them fails.
func (h *harness) tidy() {
	for {
		h.mu.Lock()
		n := len(h.cleanups)
		if n == 0 {
			h.mu.Unlock()
			return
		}
		f := h.cleanups[n-1]
		h.cleanups = h.cleanups[:n-1]
		h.mu.Unlock()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			f()
		}()
		<-ended
	}
}

func (h *harness) fail(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = append(h.failures, text)
}

func (h *harness) end(text string) {
	h.fail(text)
	runtime.Goexit()
}

// check ends the stage at an error.
func (h *harness) check(err error) {
	if err != nil {
		h.end(err.Error())
	}
}

// say tells a person who waits what is going on.
func (h *harness) say(format string, args ...any) {
	fmt.Fprintf(h.progress, "  "+format+"\n", args...)
}

// Helper, and what follows, is what package testing says.
func (h *harness) Helper() {}

// Name is the stage's.
func (h *harness) Name() string { return h.name }

// Context ends with the run.
func (h *harness) Context() context.Context { return h.ctx }

// Failed reports whether something failed.
func (h *harness) Failed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.failures) > 0
}

// Cleanup leaves something to be done at the end of the stage.
func (h *harness) Cleanup(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cleanups = append(h.cleanups, f)
}

// Error notes a failure.
func (h *harness) Error(args ...any) { h.fail(fmt.Sprint(args...)) }

// Errorf notes a failure.
func (h *harness) Errorf(format string, args ...any) { h.fail(fmt.Sprintf(format, args...)) }

// Fatal ends the stage.
func (h *harness) Fatal(args ...any) { h.end(fmt.Sprint(args...)) }

// Fatalf ends the stage.
func (h *harness) Fatalf(format string, args ...any) { h.end(fmt.Sprintf(format, args...)) }

// Skip ends the stage without a failure: its servers cannot be had.
func (h *harness) Skip(args ...any) {
	h.mu.Lock()
	h.skipped = fmt.Sprint(args...)
	h.mu.Unlock()
	fmt.Fprintf(h.progress, "left out: %s\n", h.skipped)
	runtime.Goexit()
}

// Skipf is Skip.
func (h *harness) Skipf(format string, args ...any) { h.Skip(fmt.Sprintf(format, args...)) }

// Log shows a line.
func (h *harness) Log(args ...any) { h.say("%s", fmt.Sprint(args...)) }

// Logf shows a line.
func (h *harness) Logf(format string, args ...any) { h.say(format, args...) }

// TempDir makes a folder that is removed at the end of the stage.
func (h *harness) TempDir() string {
	dir, err := os.MkdirTemp("", "ggsh-bench-")
	h.check(err)
	h.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// until repeats a check, every pause, until it holds.
func (h *harness) until(what string, pause time.Duration, check func() bool) {
	const patience = 10 * time.Minute
	for end := time.Now().Add(patience); !check(); time.Sleep(pause) {
		if h.ctx.Err() != nil {
			h.Fatal(h.ctx.Err())
		}
		if time.Now().After(end) {
			h.Fatalf("waited %s for %s", patience, what)
		}
	}
}
