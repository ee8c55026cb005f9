package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// inUse starts the line by which a test says which server it runs on; package
// tests/services/server writes it.
const inUse = "service in use: "

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action, Package, ImportPath, Test, Output, FailedBuild string
	Elapsed                                                float64
}

// key names a test, or a whole package by an empty test.
type key struct{ pkg, test string }

type verdict struct {
	key
	reason string
}

// tally is what is known of the run so far.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[key][]string // of what has no verdict yet
	failedIn                map[string]int   // failures counted per package
	failures, skips         []verdict
	services                map[string]map[string]bool // server → packages that used it
	empty                   int                        // packages without tests
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, output: map[key][]string{}, failedIn: map[string]int{},
		services: map[string]map[string]bool{}}
}

// line takes in one line of output; what is not JSON is shown as it is.
func (t *tally) line(line []byte) {
	var e event
	if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
		fmt.Fprintf(t.out, "%s", line)
		return
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "run":
		t.output[k] = []string{}
	case "output":
		t.note(k, e.Output)
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.packageEnded(e)
		} else {
			t.testEnded(k, e.Action)
		}
		delete(t.output, k)
	}
}

// note keeps output for the case of a failure and picks servers out of it.
func (t *tally) note(k key, text string) {
	t.output[k] = append(t.output[k], text)
	_, name, found := strings.Cut(text, inUse)
	if !found {
		return
	}
	name, _, _ = strings.Cut(strings.TrimSpace(name), " (port")
	if t.services[name] == nil {
		t.services[name] = map[string]bool{}
	}
	t.services[name][k.pkg] = true
}

func (t *tally) testEnded(k key, action string) {
	text := strings.Join(t.output[k], "")
	switch action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		t.skips = append(t.skips, verdict{k, reasonOf(text)})
	case "fail":
		t.fail(k, text)
	}
}

func (t *tally) fail(k key, text string) {
	t.failed++
	t.failedIn[k.pkg]++
	t.failures = append(t.failures, verdict{k, reasonOf(text)})
	fmt.Fprintf(t.out, "FAIL  %s %s\n%s", k.pkg, k.test, text)
}

// packageEnded counts what the tests' own verdicts leave out: a package that did not
// build, whose TestMain failed, or that died with tests under way.
func (t *tally) packageEnded(e event) {
	k := key{pkg: e.Package}
	switch e.Action {
	case "skip":
		t.empty++
		return
	case "pass":
		fmt.Fprintf(t.out, "ok    %s  %.1fs\n", e.Package, e.Elapsed)
		return
	}
	var underWay []key
	for other := range t.output {
		if other.pkg == e.Package && other.test != "" {
			underWay = append(underWay, other)
		}
	}
	slices.SortFunc(underWay, func(a, b key) int { return strings.Compare(a.test, b.test) })
	for _, other := range underWay {
		t.fail(other, strings.Join(t.output[other], "")+"(no verdict: the test process ended)\n")
		delete(t.output, other)
	}
	if t.failedIn[e.Package] == 0 {
		text := strings.Join(t.output[k], "")
		if e.FailedBuild != "" {
			text = "does not build\n"
		}
		t.fail(k, text)
		return
	}
	fmt.Fprintf(t.out, "FAIL  %s  %.1fs\n", e.Package, e.Elapsed)
}

// noteCommandFailure counts a failed go command of which no test failure tells.
func (t *tally) noteCommandFailure(err error) {
	if t.failed == 0 {
		t.fail(key{pkg: "go test"}, err.Error()+"\n")
	}
}

// report prints the closing part.
func (t *tally) report() {
	fmt.Fprintln(t.out, "\n--- servers ---")
	if len(t.services) == 0 {
		fmt.Fprintln(t.out, "no test used a database server")
	}
	for _, name := range sorted(t.services) {
		fmt.Fprintf(t.out, "%s: %s\n", name, strings.Join(sorted(t.services[name]), ", "))
	}
	section(t.out, "skipped", t.skips)
	section(t.out, "failed", t.failures)
	fmt.Fprintln(t.out)
	if t.empty > 0 {
		fmt.Fprintf(t.out, "%d packages have no tests\n", t.empty)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}

func section(out io.Writer, title string, list []verdict) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "--- %s ---\n", title)
	for _, v := range list {
		fmt.Fprintf(out, "%s: %s\n", strings.TrimSpace(v.pkg+" "+v.test), v.reason)
	}
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// reasonOf is the last thing a test said itself, without the runner's frame lines.
func reasonOf(text string) string {
	reason := "no reason given"
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") ||
			strings.HasPrefix(line, "FAIL") || strings.Contains(line, inUse) {
			continue
		}
		reason = line
	}
	return reason
}
