package agent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
)

// child is a process that the Manager watches: launched by it, or found.
type child struct {
	kind, group string // or COLLECTOR and its trail
	pid         int
	ticks       uint64
	mine        bool // launched by this Manager, which must reap it
	believed    bool // it has answered for its group
	started     time.Time
	port        int
}

// startOrder is START.
func (m *Manager) startOrder(ctx context.Context, r control.Request) control.Reply {
	args, err := startArgs(r.Args)
	if err != nil {
		return reply(err)
	}
	m.mu.Lock()
	g := m.lookLocked(ctx, r.Type, r.Group)
	switch {
	case g.Lives():
		m.mu.Unlock()
		return say("%s is already running.", title(r.Type, r.Group))
	case g.Problem != nil:
		m.mu.Unlock()
		return reply(g.Problem)
	}
	err = m.launchLocked(g, args, oneLine(r.From), nil)
	validate := m.set.StartupValidation
	m.mu.Unlock()
	if err != nil {
		return reply(err)
	}
	if validate > 0 {
		return m.validated(ctx, r, validate)
	}
	return say("%s starting", title(r.Type, r.Group))
}

// validated is STARTUPVALIDATIONDELAY: START answers what became of the process.
func (m *Manager) validated(ctx context.Context, r control.Request,
	wait time.Duration) control.Reply {
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	m.reap()
	m.mu.Lock()
	g := m.lookLocked(ctx, r.Type, r.Group)
	m.mu.Unlock()
	if g.State == control.Abended {
		return refuse("%s ended without order: %s", title(r.Type, r.Group), g.Reason)
	}
	return say("%s %s", title(r.Type, r.Group), strings.ToLower(g.State))
}

// startArgs checks the options of START: keywords and one value each.
func startArgs(args []string) ([]string, error) {
	for _, a := range args {
		for _, c := range a {
			if c <= ' ' || c > '~' || strings.ContainsRune("-/\\'\"`$&|;<>", c) {
				return nil, ggserr.New(ggserr.Generic,
					fmt.Sprintf("START does not take %q", oneLine(a)))
			}
		}
	}
	return args, nil
}

// paramsOf is a group's parameter file.
func (m *Manager) paramsOf(g groupstate.Group) string {
	if name := g.Document.Group.Params; name != "" {
		return m.cfg.Home.Param(name)
	}
	return m.cfg.Home.Param(g.Group)
}

// launchLocked starts a group's process in a session of its own, so that it
// outlives the Manager. restarts is the series of automatic restarts that this
// one belongs to; a start by order begins a new one.
func (m *Manager) launchLocked(g groupstate.Group, args []string, by string,
	restarts []time.Time) error {
	home, key := m.cfg.Home, groupstate.Key(g.Type, g.Group)
	params := m.paramsOf(g)
	report := home.Report(g.Group, -1)
	if g.Document.Group.Report != "" {
		report = home.Resolve(g.Document.Group.Report)
	}
	if _, err := os.Stat(params); err != nil {
		return ggserr.New(ggserr.FileOpen, params).Because(err).
			Do("EDIT PARAMS %s makes it.", g.Group)
	}
	argv := append([]string{"-home", string(home), "PARAMFILE", params, "REPORTFILE", report,
		"PROCESSID", g.Group}, args...)
	now := m.cfg.Now()
	o := groupstate.Order{Wanted: groupstate.Run, At: now, By: by, Launched: now,
		Restarts: restarts}
	if g.Order != nil && restarts != nil {
		o.At, o.By = g.Order.At, g.Order.By
	}
	pid, err := m.spawn(strings.ToLower(g.Type), argv, home.Join("dirout", g.Group+".out"), nil)
	if err != nil {
		o.Ended, o.Exit, o.Settled = now, "cannot start: "+err.Error(), restarts == nil
		m.orders.Groups[key] = o
		m.storeLocked()
		return ggserr.New(ggserr.Generic, title(g.Type, g.Group)+" cannot be started").Because(err)
	}
	o.PID = pid
	o.Ticks, _ = groupstate.Ticks(pid)
	m.children[key] = &child{kind: g.Type, group: g.Group, pid: pid, ticks: o.Ticks, mine: true,
		believed: true, started: now}
	m.orders.Groups[key] = o
	m.storeLocked()
	m.info(ggserr.GroupStartOrdered, g.Type, g.Group)
	return nil
}

// spawn starts a program that stands beside the others, by its absolute path;
// its output goes to a file, so that it never waits for a reader.
func (m *Manager) spawn(program string, argv []string, out string, stdin *os.File) (int, error) {
	path := filepath.Join(m.cfg.Programs, program)
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o644)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	cmd := &exec.Cmd{Path: path, Args: append([]string{path}, argv...),
		Dir: string(m.cfg.Home), Env: append(os.Environ(), "GG_HOME="+string(m.cfg.Home)),
		Stdout: f, Stderr: f, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if stdin != nil {
		cmd.Stdin = stdin
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	pid := cmd.Process.Pid
	cmd.Process.Release() // reaped by pid: a goroutine for each could not be ended
	return pid, nil
}

// reap takes note of the processes that have ended.
func (m *Manager) reap() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, c := range m.children {
		if !c.mine {
			if !groupstate.Alive(c.pid, c.ticks) {
				m.endedLocked(key, c, "")
			}
			continue
		}
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(c.pid, &ws, syscall.WNOHANG, nil)
		switch {
		case err == nil && pid == c.pid && ws.Signaled():
			m.endedLocked(key, c, "killed by signal "+ws.Signal().String())
		case err == nil && pid == c.pid:
			m.endedLocked(key, c, fmt.Sprintf("exit status %d", ws.ExitStatus()))
		case err == syscall.ECHILD:
			m.endedLocked(key, c, "")
		}
	}
}

// endedLocked notes the end of a process and whether more is to be done.
func (m *Manager) endedLocked(key string, c *child, exit string) {
	delete(m.children, key)
	if c.kind == collectorKind {
		m.collectorEndedLocked(c, exit)
		return
	}
	m.noteEndLocked(c.kind, c.group, exit)
}

func (m *Manager) noteEndLocked(kind, group, exit string) {
	key := groupstate.Key(kind, group)
	o := m.orders.Groups[key]
	o.Ended, o.Exit, o.PID, o.Ticks = m.cfg.Now(), exit, 0, 0
	m.orders.Groups[key] = o
	g := m.lookLocked(context.Background(), kind, group)
	if g.State != control.Abended || o.Wanted != groupstate.Run {
		o.Settled = true
	}
	m.orders.Groups[key] = o
	m.storeLocked()
	if g.State == control.Abended {
		m.downEvent(g.GroupStatus, true)
	}
}

// downEvent tells that a group is down.
func (m *Manager) downEvent(g control.GroupStatus, grave bool) {
	how := strings.ToLower(g.State)
	if g.Reason != "" {
		how += ": " + oneLine(g.Reason)
	}
	e := ggserr.New(ggserr.GroupDown, g.Type, g.Group, how)
	if grave {
		e.Severity = ggserr.Warning
	}
	m.event(e)
}

// autostart starts what AUTOSTART names, once.
func (m *Manager) autostart(ctx context.Context) {
	groups, err := m.observe(ctx)
	if err != nil {
		m.event(ggserr.Numbered(err))
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range groups {
		if g.Lives() || g.Problem != nil || g.IsTask() || !m.selectsLocked(g) {
			continue
		}
		if err := m.launchLocked(g, nil, "AUTOSTART", nil); err != nil {
			m.event(ggserr.Numbered(err))
		}
	}
}

func (m *Manager) selectsLocked(g groupstate.Group) bool {
	for _, s := range m.set.AutoStart {
		if selects(s, g.Type, g.Group) {
			return true
		}
	}
	return false
}

func isExtract(kind string) bool { return kind == string(checkpoint.Extract) }
