package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine is what the figures were taken on; nothing in it names a host.
type machine struct {
	Cores     int           `json:"cores"`
	CPU       string        `json:"cpu"`
	MemoryMiB int           `json:"memoryMiB"`
	Kernel    string        `json:"kernel"`
	Go        string        `json:"go"`
	MariaDB   string        `json:"mariadb,omitempty"`
	Hadoop    string        `json:"hadoop,omitempty"`
	Kafka     string        `json:"kafka,omitempty"`
	LoadBegin string        `json:"loadAtBegin"`
	LoadAtEnd string        `json:"loadAtEnd"`
	Day       string        `json:"day"`
	Took      time.Duration `json:"took"`
}

func lookAtMachine() machine {
	m := machine{Cores: runtime.NumCPU(), Go: runtime.Version(), LoadBegin: load(),
		CPU: strings.TrimSpace(field("/proc/cpuinfo", "model name")),
		Day: time.Now().Format(time.DateOnly)}
	if kib, _, ok := strings.Cut(strings.TrimSpace(field("/proc/meminfo", "MemTotal")), " "); ok {
		n, _ := strconv.Atoi(kib)
		m.MemoryMiB = n >> 10
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		// What stands behind the number is the distribution's or the host's affair.
		m.Kernel, _, _ = strings.Cut(strings.TrimSpace(string(release)), "-")
	}
	return m
}

// field gives what stands behind "name:" in a file of /proc.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return value
		}
	}
	return ""
}

// load is the number of programs that wanted to run in the last 1, 5 and 15 minutes.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}

func (m *machine) text() string {
	text := fmt.Sprintf("%d cores of %s, %d MiB, Linux %s, %s", m.Cores, m.CPU, m.MemoryMiB, m.Kernel,
		m.Go)
	for _, s := range m.servers() {
		text += fmt.Sprintf(", %s %s", s[0], s[1])
	}
	return text + fmt.Sprintf("; load %s at the beginning, %s at the end; took %s\n", m.LoadBegin,
		m.LoadAtEnd, m.Took.Round(time.Second))
}

// servers are names and versions of those that were used.
func (m *machine) servers() (used [][2]string) {
	for _, s := range [][2]string{{"MariaDB", m.MariaDB}, {"Hadoop", m.Hadoop}, {"Kafka", m.Kafka}} {
		if s[1] != "" {
			used = append(used, s)
		}
	}
	return used
}

// peakMiB is the most memory that a process has ever held.
func peakMiB(pid int) float64 {
	high := field(fmt.Sprintf("/proc/%d/status", pid), "VmHWM")
	kib, _, _ := strings.Cut(strings.TrimSpace(high), " ")
	n, _ := strconv.ParseFloat(kib, 64)
	return n / 1024
}

// processorTime is what a process has used of the processors, in seconds.
func processorTime(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	const ticks = 100
	return (user + system) / ticks
}

// ownTime is what this process has used of the processors, in seconds: what else the
// machine does counts little in it.
func ownTime() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// profile writes a processor profile until the returned function is called.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

// timed runs a command and gives the seconds that it took.
func (h *harness) timed(cmd *exec.Cmd) float64 {
	var said strings.Builder
	cmd.Stderr = &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		h.Fatalf("%s: %v: %s", cmd.Path, err, said.String())
	}
	return time.Since(began).Seconds()
}
