package ggserr

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Event is one line of ggserr.log.
type Event struct {
	Time      time.Time
	Number    Number
	Severity  Severity
	Program   string // for example "ggsh Manager"
	ParamFile string // for example "mgr.prm"; empty for the shell
	Text      string
}

// timeLayout is the event log's time, local: scripts split lines by it.
const timeLayout = "2006-01-02 15:04:05"

// Format renders the event as the event log has it, without a final newline.
// Further lines of the text are indented, so that a line that begins with a
// digit always begins an event.
func (e Event) Format() string {
	return e.Time.Local().Format(timeLayout) + "  " + e.Body()
}

// Body is Format without the time.
func (e Event) Body() string {
	who := e.Program
	if e.ParamFile != "" {
		who += ", " + e.ParamFile
	}
	text := strings.ReplaceAll(strings.TrimRight(e.Text, "\n"), "\n", "\n    ")
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return fmt.Sprintf("%-8s%s  %s:  %s", e.Severity, e.Number, who, text)
}

// ReportLine renders the event as report files have it: no program.
func (e Event) ReportLine() string {
	return fmt.Sprintf("%s  %-8s%s  %s",
		e.Time.Local().Format(timeLayout), e.Severity, e.Number, e.Text)
}

// Log appends events to the event log of a home. It may be used by many
// goroutines; many processes may append to the same file, each line whole.
type Log struct {
	path      string
	program   string
	paramFile string
	now       func() time.Time
	mu        sync.Mutex
	copy      func(Event) error
}

// NewLog names the event log at path; the file is opened for each event, so
// that an operator may move it away at any time. now is the clock.
func NewLog(path, program, paramFile string, now func() time.Time) *Log {
	return &Log{path: path, program: program, paramFile: paramFile, now: now}
}

// CopyTo gives a copy of each event from now on to a second place; nil to none. What it
// has to complain of becomes an event itself, here only.
func (l *Log) CopyTo(to func(Event) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.copy = to
}

// Write fills in the catalog's message n and appends it. An error to write is
// returned; callers that can do nothing about it may drop it.
func (l *Log) Write(n Number, args ...any) error { return l.WriteError(New(n, args...)) }

// WriteError appends an error that already is a message.
func (l *Log) WriteError(e *Error) error {
	ev := l.event(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.append(ev)
	if l.copy != nil {
		if problem := l.copy(ev); problem != nil {
			err = errors.Join(err, l.append(l.event(Numbered(problem))))
		}
	}
	return err
}

func (l *Log) event(e *Error) Event {
	text := e.Told()
	if !e.Where.IsZero() {
		text = e.Where.String() + ": " + text
	}
	return Event{Time: l.now(), Number: e.Number, Severity: e.Severity,
		Program: l.program, ParamFile: l.paramFile, Text: text}
}

func (l *Log) append(ev Event) error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	_, err = f.WriteString(ev.Format() + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("event log %s: %w", l.path, err)
	}
	return nil
}
