// Package process is the life that Extract and Replicat share: report and
// event log, parameter file, the lock on the group, the checkpoint file, the
// socket that takes orders, and the last words.
//
// It moves no data. Its law: a group runs at most once in a home, and however
// a run ends, its report, its event log and its checkpoint file say how.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/report"
	"ggsh/subdirs"
	"ggsh/systemlog"
)

// Config says which group runs where.
type Config struct {
	Home       subdirs.Home
	Type       checkpoint.Type
	Group      string // PROCESSID; empty takes the name in the parameter file
	ParamFile  string // empty takes dirprm/<group>.prm
	ReportFile string // empty writes the report to Stdout
	Version    string
	Now        func() time.Time
	Getenv     func(string) string
	Stdout     io.Writer
}

// Process is a running group. Its methods may be used by many goroutines,
// but Document belongs to the goroutine that calls Store.
type Process struct {
	cfg    Config
	params *param.File
	report *report.Report
	log    *ggserr.Log
	file   *checkpoint.File
	doc    *checkpoint.Document
	stats  *Stats
	asked  map[string]int64 // of DELTASTATS
	count  *reportCount

	globals    param.GlobalsConfig // as the run found GLOBALS
	globalsErr error

	interim    *Schedule                 // REPORT
	ageing     *Schedule                 // REPORTROLLOVER
	freshStats bool                      // STATOPTIONS RESETREPORTSTATS
	statsSince atomic.Pointer[time.Time] // of a report that counts from its own begin

	served chan struct{}
	stop   context.CancelFunc
	shown  control.ProcessFile // what the process file says
}

// The titles of the report's parts.
const (
	paramsTitle   = "Running with the following parameters"
	messagesTitle = "Run Time Messages"
)

// maxHistory bounds the run periods kept in a checkpoint file.
const maxHistory = 50

// Start begins a run. What can go wrong before the group's work begins goes
// wrong here, with its place in the report; the caller passes the error to
// Close of the Process, which is never nil.
func Start(cfg Config) (*Process, error) {
	cfg.Group = strings.ToUpper(cfg.Group)
	p := &Process{cfg: cfg, params: &param.File{}}
	p.log = ggserr.NewLog(cfg.Home.EventLog(), "ggsh "+product(cfg.Type), p.paramName(), cfg.Now)
	p.globals, p.globalsErr = param.LoadGlobals(cfg.Home.Globals(), string(cfg.Home))
	SetUmask(p.globals)
	systemlog.Attach(p.log, p.globals.SysLog.Has)
	rep, err := report.Open(cfg.ReportFile, cfg.Stdout, report.Header{
		Product: "ggsh " + product(cfg.Type), Version: cfg.Version,
		Started: cfg.Now(), PID: os.Getpid()}, cfg.Now)
	if err != nil {
		rep, _ = report.Open("", cfg.Stdout, report.Header{}, cfg.Now)
		p.report = rep
		return p, err
	}
	p.report = rep
	if err := p.readParams(); err != nil {
		return p, err
	}
	p.stats = NewStats(string(cfg.Type), p.cfg.Group, cfg.Now)
	if err := p.takeGroup(); err != nil {
		return p, err
	}
	starting := ggserr.ExtractStarting
	if cfg.Type == checkpoint.Replicat {
		starting = ggserr.ReplicatStarting
	}
	p.logOnly(ggserr.New(starting, p.cfg.Group))
	return p, nil
}

func product(t checkpoint.Type) string {
	if t == checkpoint.Replicat {
		return "Delivery"
	}
	return "Capture"
}

func (p *Process) paramName() string {
	if p.cfg.ParamFile != "" {
		return filepath.Base(p.cfg.ParamFile)
	}
	return strings.ToLower(p.cfg.Group) + ".prm"
}

func (p *Process) readParams() error {
	p.report.Section(paramsTitle)
	path := p.cfg.ParamFile
	if path == "" {
		path = p.cfg.Home.Param(p.cfg.Group)
	}
	prog := param.Extract
	if p.cfg.Type == checkpoint.Replicat {
		prog = param.Replicat
	}
	if p.globalsErr != nil {
		return p.globalsErr
	}
	f, err := param.Parse(path, param.Options{ReadFile: os.ReadFile, Getenv: p.cfg.Getenv,
		Home: string(p.cfg.Home), Program: prog, NoAnsiQuotes: p.globals.NoAnsiQuotes,
		Charset: p.globals.Charset})
	p.params = f
	p.report.Params(f.Echo)
	for _, w := range f.Warnings {
		p.Event(w)
	}
	if err != nil {
		return err
	}
	if err := p.checkName(); err != nil {
		return err
	}
	p.report.Section(messagesTitle)
	return nil
}

// Globals is what the GLOBALS file said when the run began; defaults without one.
func (p *Process) Globals() param.GlobalsConfig { return p.globals }

// checkName compares the group's name in the file with the one ordered.
func (p *Process) checkName() error {
	st, ok := p.params.First(string(p.cfg.Type))
	if !ok || len(st.Args) == 0 {
		if p.cfg.Group == "" {
			return p.nameTask()
		}
		return nil
	}
	name := strings.ToUpper(st.Args[0].Text)
	if p.cfg.Group == "" {
		p.cfg.Group = name
	}
	if name != p.cfg.Group {
		e := ggserr.New(ggserr.GroupNameMismatch, name, p.cfg.Group)
		return e.At(st.Pos.File, st.Pos.Line, st.Pos.Column)
	}
	return nil
}

// nameTask names a run by hand whose file has no EXTRACT or REPLICAT statement
// after its parameter file: only a task without checkpoints needs no name.
func (p *Process) nameTask() error {
	_, load := p.params.First("SOURCEISTABLE")
	_, special := p.params.First("SPECIALRUN")
	if !load && !special {
		return ggserr.New(ggserr.BadParameter, "the parameter file has no "+string(p.cfg.Type)+
			" statement and no PROCESSID is given").At(p.params.Path, 1, 1)
	}
	file := filepath.Base(p.params.Path)
	p.cfg.Group = strings.ToUpper(strings.TrimSuffix(file, filepath.Ext(file)))
	return nil
}

// takeGroup locks the group and reads its checkpoint file. A run by hand of a
// group that ADD never made has no checkpoint file and needs none.
func (p *Process) takeGroup() error {
	p.file = checkpoint.At(p.cfg.Home.Checkpoint(p.cfg.Group, p.cfg.Type == checkpoint.Extract))
	if !p.file.Exists() {
		p.file = nil
		return nil
	}
	if err := lockGroup(p.file); err != nil {
		p.file = nil
		if errors.Is(err, checkpoint.ErrLocked) {
			return ggserr.New(ggserr.Generic, string(p.cfg.Type)+" "+p.cfg.Group+" is running already").
				Do("STOP it first.")
		}
		return err
	}
	doc, err := p.file.Load()
	if err != nil {
		return err
	}
	p.doc = doc
	now := p.cfg.Now()
	p.checkPurge()
	doc.State.Started, doc.State.Updated, doc.State.Stopped = now, now, checkpoint.Active
	return p.Store()
}

// lockGroup takes the lock. Who only asks whether a group runs holds it for an
// instant, so a group that is locked is tried again for a while.
func lockGroup(f *checkpoint.File) error {
	var err error
	for range 20 {
		if err = f.Lock(); !errors.Is(err, checkpoint.ErrLocked) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// Group is the group's name in upper case.
func (p *Process) Group() string { return p.cfg.Group }

// Home is the home the process works in.
func (p *Process) Home() subdirs.Home { return p.cfg.Home }

// Params is the parameter file.
func (p *Process) Params() *param.File { return p.params }

// Document is the checkpoint file's content, nil for a run without one.
func (p *Process) Document() *checkpoint.Document { return p.doc }

// Stats are the run's counters.
func (p *Process) Stats() *Stats { return p.stats }

// Report is the run's report.
func (p *Process) Report() *report.Report { return p.report }

// Now is the process's clock.
func (p *Process) Now() time.Time { return p.cfg.Now() }

// Store makes the document durable; nothing for a run without one.
func (p *Process) Store() error {
	if p.file == nil || p.doc == nil {
		return nil
	}
	p.doc.State.Updated = p.cfg.Now()
	return p.file.Store(p.doc)
}

// NoteSource adds a period to the group's run history when it opens a source
// of another name, and moves the end of the present one.
func (p *Process) NoteSource(name string, from, to time.Time) {
	if p.doc == nil {
		return
	}
	runs := p.doc.State.Runs
	if len(runs) > 0 && runs[0].Source == name {
		runs[0].End = to
		return
	}
	runs = append([]checkpoint.Run{{Source: name, Begin: from, End: to}}, runs...)
	if len(runs) > maxHistory {
		runs = runs[:maxHistory]
	}
	p.doc.State.Runs = runs
}

// Info writes message n to report and event log.
func (p *Process) Info(n ggserr.Number, args ...any) { p.Event(ggserr.New(n, args...)) }

// Event writes a message to report and event log.
func (p *Process) Event(e *ggserr.Error) {
	p.report.Message(e)
	p.logOnly(e)
}

// EventRecord tells of a record that causes an event: EVENTACTIONS LOG.
func (p *Process) EventRecord(where string, warning bool) {
	e := ggserr.New(ggserr.EventRecord, where)
	if warning {
		e.Severity = ggserr.Warning
	}
	p.Event(e)
}

// Line writes a line to the report only.
func (p *Process) Line(format string, args ...any) { p.report.Line(format, args...) }

// logOnly writes to the event log. A full disk must not stop replication for
// want of a log line, so an error ends in the report.
func (p *Process) logOnly(e *ggserr.Error) {
	if err := p.log.WriteError(e); err != nil {
		p.report.Line("%s", err)
	}
}

// Serve takes orders on the group's socket until Close, and writes the
// process status file by which a Manager finds the group.
func (p *Process) Serve(ctx context.Context, r control.Responder) error {
	path := p.cfg.Home.Socket(p.cfg.Group)
	l, err := control.ListenProcess(path)
	if err != nil {
		return err
	}
	ctx, p.stop = context.WithCancel(ctx)
	p.served = make(chan struct{})
	go func() {
		defer close(p.served)
		if err := control.Serve(ctx, l, r, control.Options{Complain: p.rejected}); err != nil {
			p.report.Line("orders: %s", err)
		}
	}()
	p.shown = control.ProcessFile{Identity: p.Identity(), Started: p.cfg.Now(), Socket: path}
	if err := control.WriteProcessFile(p.processFile(), p.shown); err != nil {
		return err
	}
	started := ggserr.ExtractStarted
	if p.cfg.Type == checkpoint.Replicat {
		started = ggserr.ReplicatStarted
	}
	p.Info(started, p.cfg.Group)
	return nil
}

// Suspended shows that the process waits behind EVENTACTIONS SUSPEND, or no longer. That
// it cannot be shown ends no run.
func (p *Process) Suspended(on bool) {
	if on {
		p.Info(ggserr.EventSuspended, p.cfg.Type, p.cfg.Group)
	}
	p.shown.Suspended = on
	if err := control.WriteProcessFile(p.processFile(), p.shown); err != nil {
		p.Line("%s", err)
	}
}

func (p *Process) rejected(why string) {
	p.report.Line("order socket: %s", why)
}

func (p *Process) processFile() string {
	return p.cfg.Home.Process(p.cfg.Group, p.cfg.Type == checkpoint.Extract)
}

// Identity is the answer to IDENTIFY.
func (p *Process) Identity() control.Identity {
	return control.Identity{Type: string(p.cfg.Type), Group: p.cfg.Group,
		PID: os.Getpid(), Home: string(p.cfg.Home)}
}

// Close ends the run: final statistics, how it ended, the checkpoint file's
// stop status; it returns the process's exit status.
func (p *Process) Close(err error) int {
	if p.stats != nil {
		p.WriteStatistics()
	}
	exit := 0
	status := checkpoint.Graceful
	if err != nil {
		exit, status = 1, checkpoint.Abended
		for _, e := range param.Errors(err) {
			p.Event(e)
		}
		p.Event(ggserr.New(ggserr.ProcessAbending))
	} else {
		stopped := ggserr.ExtractStopped
		if p.cfg.Type == checkpoint.Replicat {
			stopped = ggserr.ReplicatStopped
		}
		p.Info(stopped, p.cfg.Group)
	}
	p.leave(status)
	return exit
}

// leave stores the stop status, closes socket and files, and frees the group.
func (p *Process) leave(status checkpoint.StopStatus) {
	p.markStopped(status)
	if p.stop != nil {
		p.stop()
		<-p.served
	}
	if err := control.RemoveProcessFile(p.processFile(), os.Getpid()); err != nil {
		p.report.Line("%s", err)
	}
	if p.file != nil {
		p.file.Unlock()
	}
	if err := p.report.Close(); err != nil {
		fmt.Fprintln(p.cfg.Stdout, err)
	}
}

// markStopped writes how the run ended. A run that failed before it held the
// group marks it too, unless another process holds it.
func (p *Process) markStopped(status checkpoint.StopStatus) {
	if p.doc == nil {
		if status != checkpoint.Abended || p.cfg.Group == "" {
			return
		}
		f := checkpoint.At(p.cfg.Home.Checkpoint(p.cfg.Group, p.cfg.Type == checkpoint.Extract))
		if !f.Exists() || f.Lock() != nil {
			return
		}
		doc, err := f.Load()
		if err != nil {
			f.Unlock()
			return
		}
		p.file, p.doc = f, doc
	}
	p.doc.State.Stopped = status
	if err := p.Store(); err != nil {
		p.report.Line("%s", err)
	}
}
