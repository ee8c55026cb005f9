package rig

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// GroupProcesses lists the running processes of a program that work for one
// group, by their command lines: a process that has not yet written its file in
// dirpcs counts.
func (h *Home) GroupProcesses(program, group string) []int {
	return slices.DeleteFunc(h.Processes(program), func(pid int) bool {
		b, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		words := strings.Split(string(b), "\x00")
		i := slices.Index(words, "PROCESSID")
		return i < 0 || i+1 >= len(words) || !strings.EqualFold(words[i+1], group)
	})
}

// KillAll sends SIGKILL to the processes that are a victim now and returns when
// they are gone: until then they pass for running.
func KillAll(tb testing.TB, victim string, pids func() []int) {
	tb.Helper()
	doomed := pids()
	Signal(doomed, syscall.SIGKILL)
	Until(tb, victim+" to die", func() (bool, string) {
		for _, pid := range pids() {
			if slices.Contains(doomed, pid) {
				return false, strconv.Itoa(pid)
			}
		}
		return true, ""
	})
}

// Signal sends a signal to processes; one that has ended is no error.
func Signal(pids []int, s syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s)
	}
}

// Abends gives the reasons for which processes of the home ended without order,
// as the event log has them.
func (h *Home) Abends() (reasons []string) {
	b, err := os.ReadFile(filepath.Join(h.Dir, "ggserr.log"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "ERROR") {
			reasons = append(reasons, strings.TrimSpace(line))
		}
	}
	return reasons
}
