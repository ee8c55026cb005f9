// Package report writes what a process tells its operator afterwards: the
// report file with banner, parameters, messages and statistics, aged at each
// start.
//
// It is not the event log (package ggserr) and decides nothing. Its law: what
// a process did can be read from its report alone, and no password stands in it.
package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"ggsh/ggserr"
)

const (
	width      = 71
	timeLayout = "2006-01-02 15:04:05"
	// generations is how many older files of a report or discard file are kept.
	generations = 10
)

// Report is an open report. It may be used by many goroutines.
type Report struct {
	mu     sync.Mutex
	w      io.Writer
	file   *os.File
	path   string
	now    func() time.Time
	header Header
}

// Header is what the banner says.
type Header struct {
	Product string // ggsh Capture
	Version string
	Started time.Time
	PID     int
}

// Open ages the reports at path and begins the present one with its banner.
// An empty path writes to w, for a process that a person runs by hand.
func Open(path string, w io.Writer, h Header, now func() time.Time) (*Report, error) {
	r := &Report{w: w, path: path, now: now, header: h}
	if path != "" {
		if err := r.openFile(); err != nil {
			return nil, err
		}
	}
	r.banner()
	return r, nil
}

func (r *Report) openFile() error {
	if err := Age(r.path); err != nil {
		return err
	}
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("report file: %w", err)
	}
	r.file, r.w = f, f
	return nil
}

// Age renames a file and its older generations: X.rpt to X0.rpt, X0.rpt to
// X1.rpt and so on; the tenth is dropped. No file is not an error.
func Age(path string) error {
	ext := filepath.Ext(path)
	base := strings.TrimSuffix(path, ext)
	for n := generations - 2; n >= 0; n-- {
		from, to := fmt.Sprintf("%s%d%s", base, n, ext), fmt.Sprintf("%s%d%s", base, n+1, ext)
		if err := rename(from, to); err != nil {
			return err
		}
	}
	return rename(path, base+"0"+ext)
}

func rename(from, to string) error {
	err := os.Rename(from, to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("age file: %w", err)
	}
	return nil
}

// Rollover ages the report while the process runs and goes on in a new file.
func (r *Report) Rollover() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("report file: %w", err)
	}
	if err := r.openFile(); err != nil {
		return err
	}
	r.bannerLocked()
	return nil
}

// Path is where the report is; empty when it goes to a terminal.
func (r *Report) Path() string { return r.path }

func (r *Report) banner() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bannerLocked()
}

func (r *Report) bannerLocked() {
	stars := strings.Repeat("*", width)
	h := r.header
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n%s\n\n", stars, centre(h.Product), centre("Version "+h.Version),
		centre(fmt.Sprintf("%s, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.Version())))
	fmt.Fprintf(&b, "%s\n%s\n\n", centre("Starting at "+h.Started.Local().Format(timeLayout)), stars)
	b.WriteString(system())
	fmt.Fprintf(&b, "\nProcess id: %d\n\nDescription:\n\n", h.PID)
	io.WriteString(r.w, b.String())
}

// system describes operating system and limits.
func system() string {
	var b strings.Builder
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		fmt.Fprintf(&b, "Operating System Version:\n%s\nVersion %s, Release %s\nNode: %s\nMachine: %s\n",
			cString(u.Sysname[:]), cString(u.Version[:]), cString(u.Release[:]),
			cString(u.Nodename[:]), cString(u.Machine[:]))
	}
	fmt.Fprintf(&b, "%21s%13s%13s\n", "", "soft limit", "hard limit")
	for _, l := range []struct {
		name     string
		resource int
	}{{"Address Space Size", unix.RLIMIT_AS}, {"Heap Size", unix.RLIMIT_DATA},
		{"File Size", unix.RLIMIT_FSIZE}, {"CPU Time", unix.RLIMIT_CPU}} {
		var lim unix.Rlimit
		if unix.Getrlimit(l.resource, &lim) == nil {
			fmt.Fprintf(&b, "%-21s%13s%13s\n", l.name+":", limit(lim.Cur), limit(lim.Max))
		}
	}
	return b.String()
}

func limit(n uint64) string {
	if n == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return fmt.Sprint(n)
}

func cString(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

func centre(s string) string {
	pad := (width - len(s)) / 2
	if pad < 0 {
		pad = 0
	}
	return strings.Repeat(" ", pad) + s
}

// Section begins a part of the report with its starred title.
func (r *Report) Section(title string) {
	stars := strings.Repeat("*", width)
	inner := width - 4
	pad := (inner - len(title)) / 2
	line := fmt.Sprintf("**%s%s%s**", strings.Repeat(" ", pad), title,
		strings.Repeat(" ", inner-pad-len(title)))
	r.Line("\n%s\n%s\n%s\n", stars, line, stars)
}

// Params echoes the parameter file; its lines must have their passwords masked.
func (r *Report) Params(lines []string) {
	r.Line("%s", strings.Join(lines, "\n"))
}

// Message writes a numbered message and a blank line.
func (r *Report) Message(e *ggserr.Error) {
	text := e.Told()
	if !e.Where.IsZero() {
		text = e.Where.String() + ": " + text
	}
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	ev := ggserr.Event{Time: r.now(), Number: e.Number, Severity: e.Severity, Text: text}
	r.Line("%s\n", ev.ReportLine())
}

// Line writes a line. That it could not be written is not told: a full disk must
// not stop replication for want of a report.
func (r *Report) Line(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.w, format+"\n", args...)
}

// Close ends the report.
func (r *Report) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("report file: %w", err)
	}
	return nil
}
