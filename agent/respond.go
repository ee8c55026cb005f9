package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
)

// relayed are the orders that a process answers itself.
var relayed = []control.Verb{control.Status, control.GetLag, control.Stats, control.ForceStop,
	control.ReportNow, control.Rollover, control.LogEnd, control.ShowTrans, control.SkipTrans,
	control.GetParam, control.Collisions, control.NoCollide, control.Resume, control.Identify}

// quiet are the orders that change nothing and are not logged.
var quiet = []control.Verb{control.Status, control.GetLag, control.Stats, control.LogEnd,
	control.ShowTrans, control.GetParam, control.Identify, control.Groups, control.Children,
	control.Ports, control.Purge}

// Respond answers an order: the Manager's own, or one that it relays.
func (m *Manager) Respond(ctx context.Context, r control.Request) control.Reply {
	r.Type, r.Group = strings.ToUpper(r.Type), strings.ToUpper(r.Group)
	if !slices.Contains(quiet, r.Verb) {
		what := strings.Fields(strings.Join(append([]string{string(r.Verb), r.Type, r.Group},
			r.Args...), " "))
		m.info(ggserr.CommandReceived, oneLine(r.From), oneLine(strings.Join(what, " ")))
	}
	if rep, ok := m.own(ctx, r); ok {
		return rep
	}
	if (r.Group == "" || r.Group == "MGR") && r.Verb == control.Status {
		return control.Reply{Manager: m.status()}
	}
	if (r.Group == "" || r.Group == "MGR") && r.Verb == control.Identify {
		id := m.identity()
		return control.Reply{Identity: &id}
	}
	kind, err := m.kindOf(r.Type, r.Group)
	if err != nil {
		return reply(err)
	}
	r.Type = kind
	switch {
	case r.Verb == control.Start:
		return m.startOrder(ctx, r)
	case r.Verb == control.Stop:
		return m.stopOrder(ctx, r)
	case r.Verb == control.Kill:
		return m.killOrder(ctx, r)
	case r.Verb == control.Task:
		return m.taskOrder(ctx, r)
	case r.Verb == control.TaskEnd:
		r.Verb, r.Args = control.Stop, []string{control.AtEOF}
		return m.stopOrder(ctx, r)
	case slices.Contains(relayed, r.Verb):
		return m.relayOrder(ctx, r)
	}
	return refuse("the Manager knows no order %q", r.Verb)
}

// own answers the orders that concern no single group.
func (m *Manager) own(ctx context.Context, r control.Request) (control.Reply, bool) {
	switch r.Verb {
	case control.Groups:
		groups, err := m.observe(ctx)
		if err != nil {
			return reply(err), true
		}
		rep := control.Reply{Groups: []control.GroupStatus{}}
		for _, g := range groups {
			rep.Groups = append(rep.Groups, g.GroupStatus)
		}
		return rep, true
	case control.Shutdown:
		m.stop()
		return say("Manager stopped."), true
	case control.Refresh:
		return m.refresh(), true
	case control.Children:
		return m.childStatus(), true
	case control.Ports:
		return m.portInfo(), true
	case control.Purge:
		return m.purgeInfo(ctx), true
	case control.Collector:
		return m.collectorOrder(ctx, r), true
	}
	return control.Reply{}, false
}

// oneLine keeps a caller's text from looking like several lines of the log.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s)
}

// validName keeps a name from leaving its directory.
func validName(group string) bool {
	if group == "" || len(group) > 64 {
		return false
	}
	for _, c := range group {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("_-$#@", c) {
			return false
		}
	}
	return true
}

// kindOf checks that the group exists and finds its type when none is given.
func (m *Manager) kindOf(kind, group string) (string, error) {
	if !validName(group) {
		return "", ggserr.New(ggserr.Generic, "\""+oneLine(group)+"\" is no group name")
	}
	var found []string
	for _, t := range []checkpoint.Type{checkpoint.Extract, checkpoint.Replicat} {
		file := checkpoint.At(m.cfg.Home.Checkpoint(group, t == checkpoint.Extract))
		if (kind == "" || kind == string(t)) && file.Exists() {
			found = append(found, string(t))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", ggserr.New(ggserr.Generic, group+" is an EXTRACT and a REPLICAT: say which")
	case kind == "":
		return "", ggserr.New(ggserr.Generic, "Group "+group+" does not exist")
	case kind != string(checkpoint.Extract) && kind != string(checkpoint.Replicat):
		return "", ggserr.New(ggserr.Generic, oneLine(kind)+" is no type of group")
	}
	return "", ggserr.New(ggserr.Generic, title(kind, group)+" does not exist")
}

func (m *Manager) status() *control.ManagerStatus {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &control.ManagerStatus{Host: host, Port: m.port, PID: os.Getpid(),
		Home: string(m.cfg.Home), Started: m.started, Fingerprint: m.print}
}

// observe looks at all groups; see lookLocked for why it holds the lock.
func (m *Manager) observe(ctx context.Context) ([]groupstate.Group, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return groupstate.Observe(ctx, m.cfg.Home)
}

// lookLocked looks at one group. The caller holds mu: a process that is just being
// launched must be known before its lock is probed, or the probe could get in
// its way.
func (m *Manager) lookLocked(ctx context.Context, kind, group string) groupstate.Group {
	o, ok := m.orders.Groups[groupstate.Key(kind, group)]
	if !ok {
		return groupstate.Look(ctx, m.cfg.Home, kind, group, nil)
	}
	return groupstate.Look(ctx, m.cfg.Home, kind, group, &o)
}

// storeLocked keeps the orders. That they cannot be kept is logged and stops
// nothing: the group's own files still say the most.
func (m *Manager) storeLocked() {
	if err := m.orders.Store(m.cfg.Home); err != nil {
		m.event(ggserr.Numbered(err))
	}
}

// refresh reads mgr.prm again; a file with errors changes nothing.
func (m *Manager) refresh() control.Reply {
	set, err := m.readSettings()
	if err != nil {
		for _, e := range errorsOf(err) {
			m.event(e)
		}
		return reply(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	note := ""
	if set.Port != m.set.Port {
		note = " PORT is not changed while the Manager runs: stop and start it."
		set.Port = m.set.Port
	}
	m.set = set
	m.access.SetRules(accessRules(set))
	if m.access.Opens() && m.print == "" {
		note += " ACCESSRULE admits other hosts from the next start on: STOP MANAGER, then START MANAGER."
	}
	clear(m.due)
	return say("Parameters are read again.%s", note)
}

// relayOrder passes an order on to the group's process.
func (m *Manager) relayOrder(ctx context.Context, r control.Request) control.Reply {
	if r.Verb == control.ForceStop {
		m.mu.Lock()
		m.wantLocked(r, groupstate.Stop)
		m.mu.Unlock()
	}
	rep, err := m.relay(ctx, r)
	if errors.Is(err, control.ErrNotRunning) {
		m.mu.Lock()
		g := m.lookLocked(ctx, r.Type, r.Group)
		m.mu.Unlock()
		if g.State == control.Starting {
			return refuse("%s is starting: it takes no orders yet", title(r.Type, r.Group))
		}
		return refuse("%s is not running", title(r.Type, r.Group))
	}
	if err != nil && rep == nil {
		return reply(err)
	}
	return *rep
}

// relay sends an order to the group's socket, with a deadline. A reply with a
// Problem is a reply, not an error.
func (m *Manager) relay(ctx context.Context, r control.Request) (*control.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timing.Answer)
	defer cancel()
	c := control.ToProcess(m.cfg.Home.Socket(r.Group))
	defer c.Close()
	rep, err := c.Do(ctx, r)
	if rep != nil {
		return rep, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = control.ErrNotRunning
	}
	return nil, err
}

// wantLocked notes what is wanted of a group and gives the order before.
func (m *Manager) wantLocked(r control.Request, w groupstate.Wanted) (before groupstate.Order) {
	key := groupstate.Key(r.Type, r.Group)
	before = m.orders.Groups[key]
	o := before
	o.Wanted, o.At, o.By = w, m.cfg.Now(), oneLine(r.From)
	m.orders.Groups[key] = o
	m.storeLocked()
	return before
}
