// Package rig gives tests whole installations: the programs built from this
// tree, homes with a Manager each, and the shell that drives them.
//
// It is a person at a keyboard, not a back door: everything but kill -9 goes
// through ggsh. Its law: when a test ends, no process of its homes is left.
package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience bounds every wait for something to happen: an idle machine needs a
// fraction of it.
const Patience = 90 * time.Second

// Build compiles all programs and handlers into a new folder below dir and
// returns the folder. It uses the Go cache, so that a second call is quick.
func Build(dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "bin")
	for _, b := range []struct{ out, what string }{{bin, "./cmd/..."}, {filepath.Join(bin, "plugins"), "./plugins/..."}} {
		if err := os.MkdirAll(b.out, 0o755); err != nil {
			return "", err
		}
		cmd := exec.Command("go", "build", "-o", b.out+"/", b.what)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build %s: %w\n%s", b.what, err, out)
		}
	}
	return bin, nil
}

// Root is the folder of go.mod.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// Home is one installation.
type Home struct {
	TB   testing.TB
	Bin  string
	Dir  string
	Port int
}

// NewHome makes a home with sub-directories and dirprm/mgr.prm; extra lines go
// into mgr.prm. The Manager is not started.
func NewHome(tb testing.TB, bin string, extra ...string) *Home {
	tb.Helper()
	h := EmptyHome(tb, bin)
	h.Run("create subdirs")
	lines := append([]string{fmt.Sprintf("PORT %d", h.Port)}, extra...)
	h.Write("dirprm/mgr.prm", strings.Join(lines, "\n")+"\n")
	return h
}

// EmptyHome makes a home that is an empty folder.
func EmptyHome(tb testing.TB, bin string) *Home {
	tb.Helper()
	dir, err := os.MkdirTemp("", "ggsh-home-")
	if err != nil {
		tb.Fatal(err)
	}
	h := &Home{TB: tb, Bin: bin, Dir: dir, Port: freePort(tb)}
	tb.Cleanup(h.remove)
	return h
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Write writes a file of the home.
func (h *Home) Write(name, text string) {
	h.TB.Helper()
	if err := os.WriteFile(filepath.Join(h.Dir, name), []byte(text), 0o644); err != nil {
		h.TB.Fatal(err)
	}
}

// Read reads a file of the home.
func (h *Home) Read(name string) string {
	h.TB.Helper()
	b, err := os.ReadFile(filepath.Join(h.Dir, name))
	if err != nil {
		h.TB.Fatal(err)
	}
	return string(b)
}

// Run gives commands to ggsh and returns what it prints; a command that fails
// fails the test.
func (h *Home) Run(commands ...string) string {
	h.TB.Helper()
	out, err := h.Try(commands...)
	if err != nil {
		h.TB.Fatalf("ggsh %q: %v\n%s\n%s", commands, err, out, h.Logs())
	}
	return out
}

// Try gives commands to ggsh through a pipe and returns what it prints, and an
// error when one failed.
func (h *Home) Try(commands ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(h.Bin, "ggsh"), "-home", h.Dir)
	cmd.Dir = h.Dir
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	return out.String(), err
}

// Program runs one of the programs in the home as a person would, from the command
// line, and returns what it prints.
func (h *Home) Program(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(h.Bin, name), args...)
	cmd.Dir = h.Dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Until repeats a check until it holds; what it last said is shown when it never does.
func Until(tb testing.TB, what string, check func() (done bool, now string)) {
	tb.Helper()
	end := time.Now().Add(Patience)
	for pause := 5 * time.Millisecond; ; pause = min(pause*3/2, 250*time.Millisecond) {
		done, now := check()
		if done {
			return
		}
		if time.Now().After(end) {
			tb.Fatalf("waited %s for %s; now: %s", Patience, what, now)
		}
		time.Sleep(pause)
	}
}

// State gives INFO ALL's word for a group or task, MANAGER for the Manager.
func (h *Home) State(group string) string {
	out, _ := h.Try("info all allprocesses")
	for _, line := range strings.Split(out, "\n") {
		f := strings.Fields(line)
		if len(f) >= 3 && f[2] == strings.ToUpper(group) || len(f) >= 2 && f[0] == strings.ToUpper(group) {
			return f[1]
		}
	}
	return "unknown:\n" + out
}

// WaitState waits until INFO ALL shows a group in a state.
func (h *Home) WaitState(group, state string) {
	h.TB.Helper()
	Until(h.TB, group+" "+state, func() (bool, string) {
		now := h.State(group)
		return now == state, now + "\n" + h.Logs()
	})
}

// PID finds the process of a group, of MGR or of a collector by its file in
// dirpcs; 0 when there is none.
func (h *Home) PID(group string) int {
	for _, path := range h.processFiles() {
		base := filepath.Base(path)
		if strings.EqualFold(strings.TrimSuffix(base, filepath.Ext(base)), group) {
			return pidIn(path)
		}
	}
	return 0
}

func (h *Home) processFiles() []string {
	files, _ := filepath.Glob(filepath.Join(h.Dir, "dirpcs", "*.pc?"))
	return files
}

func pidIn(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	f := strings.Split(strings.TrimSpace(string(b)), "\t")
	for i := 0; i+1 < len(f); i += 2 {
		if f[i] == "PID" {
			n, _ := strconv.Atoi(f[i+1])
			return n
		}
	}
	return 0
}

// Processes lists the running processes of this home whose program has a
// name, by looking at the system: what a killed parent left behind counts.
func (h *Home) Processes(program string) (pids []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe"))
		if err != nil || filepath.Base(exe) != program || !strings.HasPrefix(exe, h.Bin) {
			continue
		}
		cwd, _ := os.Readlink(filepath.Join("/proc", e.Name(), "cwd"))
		args, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if cwd == h.Dir || strings.Contains(string(args), h.Dir) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Kill sends SIGKILL to the processes of a program in this home and says how many.
func (h *Home) Kill(program string) int {
	pids := h.Processes(program)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(pids)
}

// Logs gives the event log and the reports, for a test that fails.
func (h *Home) Logs() string {
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(h.Dir, "dirrpt", "*.rpt"))
	out, _ := filepath.Glob(filepath.Join(h.Dir, "dirout", "*.out"))
	for _, path := range append(append([]string{filepath.Join(h.Dir, "ggserr.log")}, files...), out...) {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if len(text) > 6000 {
			text = text[len(text)-6000:]
		}
		fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Base(path), text)
	}
	return b.String()
}

// programs are all that a home runs, in the order in which they are ended.
var programs = [...]string{"manager", "replicat", "extract", "collector", "mysql", "sqlite",
	"file", "hdfs", "kafka"}

// remove ends all processes of the home and removes it. A test that passed
// must have left none that do not end by themselves.
func (h *Home) remove() {
	if h.TB.Failed() {
		h.TB.Logf("home %s:\n%s", h.Dir, h.Logs())
	}
	_, _ = h.Try("stop er *", "stop manager !")
	for _, p := range programs {
		h.Kill(p)
	}
	left := ""
	for range 100 {
		left = ""
		for _, p := range programs {
			if pids := h.Processes(p); len(pids) > 0 {
				left += fmt.Sprintf("%s %v ", p, pids)
				h.Kill(p)
			}
		}
		if left == "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if left != "" {
		h.TB.Errorf("processes left in %s: %s", h.Dir, left)
	}
	if h.TB.Failed() && os.Getenv("GGSH_KEEP_HOMES") != "" {
		return
	}
	_ = os.RemoveAll(h.Dir)
}

// JSON gives one command to ggsh -json and decodes its result into v.
func (h *Home) JSON(command string, v any) {
	h.TB.Helper()
	cmd := exec.Command(filepath.Join(h.Bin, "ggsh"), "-home", h.Dir, "-json", "-c", command)
	cmd.Dir = h.Dir
	out, err := cmd.Output()
	if err != nil {
		h.TB.Fatalf("ggsh -json -c %q: %v\n%s", command, err, out)
	}
	if err := json.Unmarshal(out, v); err != nil {
		h.TB.Fatalf("ggsh -json -c %q: %v\n%s", command, err, out)
	}
}
