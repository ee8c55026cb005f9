package agent

import (
	"context"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
)

// Times of the watch.
const (
	ticksPerScan    = 4
	identifyTimeout = 2 * time.Second
	identifyAgain   = 30 * time.Second
	maxDue          = 10000 // entries, before those of files and pids that are gone go
)

// watch looks at the processes until ctx ends.
func (m *Manager) watch(ctx context.Context) {
	m.inherit()
	t := time.NewTicker(m.cfg.Timing.Tick)
	defer t.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		m.reap()
		if n%ticksPerScan == 0 {
			m.scan(ctx)
		}
		if !m.booted && !m.cfg.Now().Before(m.bootEnd()) {
			m.booted = true
			m.autostart(ctx)
		}
		m.restartDue(ctx)
		m.housekeep(ctx, m.cfg.Now())
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

// bootEnd is when AUTOSTART may begin: BOOTDELAYMINUTES after the machine started.
func (m *Manager) bootEnd() time.Time {
	m.mu.Lock()
	delay := m.set.BootDelay
	m.mu.Unlock()
	if delay == 0 {
		return time.Time{}
	}
	b, err := os.ReadFile("/proc/uptime")
	up, _, _ := strings.Cut(string(b), " ")
	seconds, perr := strconv.ParseFloat(up, 64)
	if err != nil || perr != nil {
		return time.Time{}
	}
	return m.cfg.Now().Add(delay - time.Duration(seconds*float64(time.Second)))
}

// inherit takes over what an earlier Manager launched and what still lives. It
// is watched from now on; believed it is when it answers, see scan.
func (m *Manager) inherit() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, o := range m.orders.Groups {
		kind, group, _ := strings.Cut(key, " ")
		if groupstate.Alive(o.PID, o.Ticks) {
			m.children[key] = &child{kind: kind, group: group, pid: o.PID, ticks: o.Ticks,
				started: o.Launched}
		}
	}
	m.inheritCollectorsLocked()
}

// scan compares what is ordered with what is there.
func (m *Manager) scan(ctx context.Context) {
	groups, err := m.observe(ctx)
	if err != nil {
		if m.dueNow("complain", time.Hour, m.cfg.Now(), true) {
			m.event(ggserr.Numbered(err))
		}
		return
	}
	there := map[string]bool{}
	for _, g := range groups {
		key := groupstate.Key(g.Type, g.Group)
		there[key] = true
		m.mu.Lock()
		c, watched := m.children[key]
		o, ordered := m.orders.Groups[key]
		gone := ordered && !watched && !g.Lives() && o.Wanted == groupstate.Run && o.Ended.IsZero()
		if gone { // it ended while nobody watched
			m.noteEndLocked(g.Type, g.Group, "")
		}
		m.mu.Unlock()
		if g.PID != 0 && (!watched || !c.believed) {
			m.identify(ctx, g)
		}
	}
	m.forget(there)
}

// forget drops the orders of groups that were deleted.
func (m *Manager) forget(there map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := false
	for key := range m.orders.Groups {
		if _, watched := m.children[key]; !there[key] && !watched {
			delete(m.orders.Groups, key)
			changed = true
		}
	}
	if changed {
		m.storeLocked()
	}
}

// identify asks a process that somebody else started who it is, and watches it
// when it is the group's.
func (m *Manager) identify(ctx context.Context, g groupstate.Group) {
	key := groupstate.Key(g.Type, g.Group)
	if !m.dueNow("identify "+key+strconv.Itoa(g.PID), identifyAgain, m.cfg.Now(), true) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, identifyTimeout)
	defer cancel()
	ticks, ok := groupstate.Ticks(g.PID)
	c := control.ToProcess(m.cfg.Home.Socket(g.Group))
	defer c.Close()
	rep, err := c.Do(ctx, control.Request{Verb: control.Identify, Type: g.Type, Group: g.Group})
	if err != nil || !ok || rep.Identity == nil || rep.Identity.PID != g.PID ||
		rep.Identity.Type != g.Type || rep.Identity.Group != g.Group {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, watched := m.children[key]; watched && c.mine {
		return
	}
	m.children[key] = &child{kind: g.Type, group: g.Group, pid: g.PID, ticks: ticks,
		believed: true, started: g.Started}
	o := m.orders.Groups[key]
	if o.PID != g.PID || o.Ticks != ticks {
		o.Launched, o.Ended, o.Exit, o.Settled = g.Started, time.Time{}, "", false
		if o.Wanted == "" || o.At.Before(g.Started) {
			o.Wanted, o.At, o.By = groupstate.Run, g.Started, "found running"
		}
	}
	o.PID, o.Ticks = g.PID, ticks
	m.orders.Groups[key] = o
	m.storeLocked()
	m.info(ggserr.GroupUp, g.Type, g.Group)
}

// restartDue restarts the groups for which AUTORESTART says so.
func (m *Manager) restartDue(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, o := range m.orders.Groups {
		_, watched := m.children[key]
		if watched || o.Wanted != groupstate.Run || o.Ended.IsZero() || o.Settled {
			continue
		}
		kind, group, _ := strings.Cut(key, " ")
		m.restartLocked(ctx, kind, group, o)
	}
}

func (m *Manager) restartLocked(ctx context.Context, kind, group string, o groupstate.Order) {
	key := groupstate.Key(kind, group)
	rule, ok := restartRuleFor(m.set.AutoRestart, kind, group)
	if !ok {
		o.Settled = true
		m.orders.Groups[key] = o
		m.storeLocked()
		return
	}
	v := restartPolicy(rule, o.Restarts, o.Ended, m.cfg.Now())
	if v.giveUp {
		o.Settled = true
		m.orders.Groups[key] = o
		m.storeLocked()
		m.info(ggserr.RestartGivenUp, kind, group, v.of)
		return
	}
	if !v.restart {
		return
	}
	g := m.lookLocked(ctx, kind, group)
	if g.State != control.Abended || g.Problem != nil {
		return // somebody started it meanwhile, or its file must be mended first
	}
	series := append(recent(o.Restarts, o.Ended.Add(-rule.Reset)), m.cfg.Now())
	if err := m.launchLocked(g, nil, o.By, series); err != nil {
		m.event(ggserr.Numbered(err))
		return
	}
	m.info(ggserr.GroupRestarted, kind, group, v.attempt, v.of)
	if v.attempt == v.of {
		m.info(ggserr.RestartLast, kind, group)
	}
}

// dueNow reports whether the time for something that is done every so often has
// come; at first at once, or after the first wait.
func (m *Manager) dueNow(what string, every time.Duration, now time.Time, atOnce bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if every <= 0 {
		return false
	}
	next, ok := m.due[what]
	if ok && now.Before(next) {
		return false
	}
	if len(m.due) > maxDue {
		maps.DeleteFunc(m.due, func(_ string, at time.Time) bool { return at.Before(now) })
	}
	m.due[what] = now.Add(every)
	return ok || atOnce
}

// childStatus is SEND MANAGER CHILDSTATUS.
func (m *Manager) childStatus() control.Reply {
	m.mu.Lock()
	defer m.mu.Unlock()
	rep := control.Reply{Children: []control.Child{}}
	for key, c := range m.children {
		o := m.orders.Groups[key]
		rep.Children = append(rep.Children, control.Child{Type: c.kind, Group: c.group, PID: c.pid,
			Retries: len(o.Restarts), StartedAt: c.started, Port: c.port})
	}
	for key, o := range m.orders.Groups {
		kind, group, _ := strings.Cut(key, " ")
		rule, ok := restartRuleFor(m.set.AutoRestart, kind, group)
		if _, lives := m.children[key]; lives || !ok || o.Settled || o.Ended.IsZero() ||
			o.Wanted != groupstate.Run {
			continue
		}
		v := restartPolicy(rule, o.Restarts, o.Ended, m.cfg.Now())
		rep.Children = append(rep.Children, control.Child{Type: kind, Group: group,
			Retries: len(o.Restarts), StartedAt: o.Launched, RetryAt: v.at})
	}
	sortChildren(rep.Children)
	return rep
}
