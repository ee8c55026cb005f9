// Package agent is the Manager: it starts, watches and restarts the groups of a
// home, purges trails, reports lag, and answers orders.
//
// It moves no data and imports no engine: it starts programs by name and speaks
// package control with them. Its law: what was ordered is kept apart from what is
// observed; no process dies because a Manager does, and no pid is believed before
// the process behind it has answered for its group.
package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ggsh/control"
	"ggsh/control/pin"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/hostkey"
	"ggsh/param"
	"ggsh/process"
	"ggsh/report"
	"ggsh/subdirs"
	"ggsh/systemlog"
)

// Config is what a Manager works with. Only Home is needed.
type Config struct {
	Home       subdirs.Home
	ParamFile  string // empty takes dirprm/mgr.prm
	ReportFile string // empty takes dirrpt/MGR.rpt
	Programs   string // directory of extract, replicat and collector; empty: the home
	Version    string
	Pages      map[string]control.Page // beside the Manager's own; see control.Options
	Now        func() time.Time        // nil takes time.Now
	Getenv     func(string) string     // nil takes nothing
	// Verify tells whether a user of the credential store has a password; nil: none has.
	Verify func(user, password string) (bool, error)
	// Sessions begins what executes the lines of a connected caller; nil: nobody connects.
	Sessions func(c control.Caller) control.Executor
	Timing   Timing
}

// Timing are the waits of a Manager. Zero values take the normal ones.
type Timing struct {
	Tick   time.Duration // between two looks at the processes
	Answer time.Duration // for a process to answer an order
	Rung   time.Duration // on each rung of the ladder of KILL
	Launch time.Duration // for a collector to listen
}

func (t *Timing) complete() {
	for _, d := range []struct {
		at     *time.Duration
		normal time.Duration
	}{{&t.Tick, 250 * time.Millisecond}, {&t.Answer, 30 * time.Second},
		{&t.Rung, 3 * time.Second}, {&t.Launch, 10 * time.Second}} {
		if *d.at <= 0 {
			*d.at = d.normal
		}
	}
}

// Manager is one home's Manager.
type Manager struct {
	cfg     Config
	log     *ggserr.Log
	report  *report.Report
	started time.Time
	stop    context.CancelFunc
	access  *control.Access
	print   string // the certificate's fingerprint, when other hosts may be admitted

	globals    param.GlobalsConfig // as Run found GLOBALS
	globalsErr error

	mu       sync.Mutex // guards what follows
	set      param.ManagerConfig
	port     int
	orders   *groupstate.Orders
	children map[string]*child // by groupstate.Key: processes that live
	due      map[string]time.Time
	booted   bool // AUTOSTART is done

	collecting sync.Mutex // one COLLECTOR order at a time
}

// New makes a Manager; nothing happens before Run.
func New(cfg Config) *Manager {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Getenv == nil {
		cfg.Getenv = func(string) string { return "" }
	}
	if cfg.ParamFile == "" {
		cfg.ParamFile = cfg.Home.Param("mgr")
	}
	if cfg.ReportFile == "" {
		cfg.ReportFile = cfg.Home.Report("MGR", -1)
	}
	if cfg.Programs == "" {
		cfg.Programs = string(cfg.Home)
	}
	cfg.Timing.complete()
	if cfg.Verify == nil {
		cfg.Verify = func(string, string) (bool, error) { return false, nil }
	}
	return &Manager{cfg: cfg, access: control.NewAccess(cfg.Verify),
		children: map[string]*child{}, due: map[string]time.Time{},
		log: ggserr.NewLog(cfg.Home.EventLog(), "ggsh Manager",
			filepath.Base(cfg.ParamFile), cfg.Now)}
}

// Run is the Manager's life, until ctx ends or STOPMANAGER comes. Groups go on
// after it.
func (m *Manager) Run(ctx context.Context) error {
	ctx, m.stop = context.WithCancel(ctx)
	defer m.stop()
	lock, err := m.takeHome()
	if err != nil {
		m.log.WriteError(ggserr.Numbered(err)) // the holder's report is not ours to age
		return err
	}
	defer lock.Close()
	m.started = m.cfg.Now()
	m.globals, m.globalsErr = param.LoadGlobals(m.cfg.Home.Globals(), string(m.cfg.Home))
	process.SetUmask(m.globals)
	systemlog.Attach(m.log, m.globals.SysLog.Has)
	m.report, err = report.Open(m.cfg.ReportFile, os.Stdout, report.Header{
		Product: "ggsh Manager", Version: m.cfg.Version, Started: m.started,
		PID: os.Getpid()}, m.cfg.Now)
	if err != nil {
		m.log.WriteError(ggserr.Numbered(err))
		return err
	}
	defer m.report.Close()
	if err := m.serve(ctx); err != nil {
		for _, e := range errorsOf(err) {
			m.event(e)
		}
		m.event(ggserr.New(ggserr.ProcessAbending))
		return err
	}
	m.event(ggserr.New(ggserr.ManagerStopped))
	return nil
}

// serve reads the parameters, listens, and watches until ctx ends.
func (m *Manager) serve(ctx context.Context) error {
	m.report.Section("Running with the following parameters")
	set, err := m.readSettings()
	if err != nil {
		return err
	}
	m.set = set
	if m.orders, err = groupstate.LoadOrders(m.cfg.Home); err != nil {
		return err
	}
	m.access.SetRules(accessRules(set))
	doors, err := m.listen(set.Port)
	if err != nil {
		return err
	}
	file := m.cfg.Home.ManagerProcess()
	if err := control.WriteProcessFile(file, m.processFile()); err != nil {
		closeAll(doors)
		return err
	}
	defer control.RemoveProcessFile(file, os.Getpid())
	m.report.Section("Run Time Messages")
	m.info(ggserr.ManagerStarted, m.port)
	if m.print != "" {
		m.info(ggserr.OthersAdmitted, m.port, m.print)
	}
	ends := make(chan error, len(doors))
	for _, d := range doors {
		go func() { ends <- control.Serve(ctx, d.Listener, m, d.Options) }()
	}
	m.watch(ctx)
	m.stop() // watch ends with ctx only; the servers end with it too
	for range doors {
		err = errors.Join(err, <-ends)
	}
	return err
}

func closeAll(doors []control.Door) {
	for _, d := range doors {
		d.Close()
	}
}

// listen opens the port, for other hosts only if some ACCESSRULE may admit one,
// and the unix socket.
func (m *Manager) listen(port int) ([]control.Door, error) {
	opt := control.Options{Pages: m.pages(), Sessions: m.cfg.Sessions, Complain: m.complain}
	var doors []control.Door
	if !m.access.Opens() {
		tcp, err := control.ListenLoopback(port)
		if err != nil {
			return nil, err
		}
		doors = []control.Door{{Listener: tcp, Options: opt}}
	} else {
		cert, err := hostkey.Certificate(m.cfg.Home)
		if err != nil {
			return nil, err
		}
		own, others, err := control.ListenAll(port)
		if err != nil {
			return nil, err
		}
		far := opt
		far.Access, far.Certificate = m.access, cert
		doors = []control.Door{{Listener: own, Options: opt}, {Listener: others, Options: far}}
		m.print = pin.Fingerprint(cert)
	}
	m.port = control.Port(doors[0].Listener)
	local, err := control.ListenProcess(m.cfg.Home.Socket("MGR"))
	if err != nil {
		closeAll(doors)
		return nil, err
	}
	return append(doors, control.Door{Listener: local, Options: opt}), nil
}

func (m *Manager) processFile() control.ProcessFile {
	return control.ProcessFile{Identity: m.identity(), Started: m.started, Port: m.port,
		Socket: m.cfg.Home.Socket("MGR")}
}

func (m *Manager) identity() control.Identity {
	return control.Identity{Type: "MGR", Group: "MGR", PID: os.Getpid(), Home: string(m.cfg.Home)}
}

// pages are the Manager's own and those given to it.
func (m *Manager) pages() map[string]control.Page {
	all := m.ownPages()
	maps.Copy(all, m.cfg.Pages)
	return all
}

func (m *Manager) info(n ggserr.Number, args ...any) { m.event(ggserr.New(n, args...)) }

// event writes to report and event log. That the log cannot be written stops
// nothing; the report says so.
func (m *Manager) event(e *ggserr.Error) {
	m.report.Message(e)
	if err := m.log.WriteError(e); err != nil {
		m.report.Line("%s", err)
	}
}

func (m *Manager) complain(text string) {
	m.event(ggserr.New(ggserr.AccessDenied, text))
}

// reply makes a Reply of an error.
func reply(err error) control.Reply {
	e := ggserr.Numbered(err)
	return control.Reply{Error: &control.Problem{Number: int(e.Number), Text: e.Message()}}
}

func refuse(format string, args ...any) control.Reply {
	return reply(ggserr.New(ggserr.Generic, fmt.Sprintf(format, args...)))
}

func say(format string, args ...any) control.Reply {
	return control.Reply{Text: fmt.Sprintf(format, args...)}
}

// title prints a group as messages have it: EXTRACT E1.
func title(kind, group string) string { return strings.ToUpper(kind) + " " + group }
