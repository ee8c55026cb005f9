package agent

import (
	"context"
	"errors"
	"os"
	"reflect"
	"syscall"
	"time"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
)

// stopOrder is STOP: the process is asked to end after its transaction. What was
// wanted is noted first, so that a process that ends at once is not restarted.
func (m *Manager) stopOrder(ctx context.Context, r control.Request) control.Reply {
	m.mu.Lock()
	g := m.lookLocked(ctx, r.Type, r.Group)
	before := m.wantLocked(r, groupstate.Stop)
	m.mu.Unlock()
	if !g.Lives() {
		m.settle(r)
		return say("%s is already stopped.", title(r.Type, r.Group))
	}
	rep, err := m.relay(ctx, r)
	if errors.Is(err, control.ErrNotRunning) {
		return m.stopSilent(ctx, r)
	}
	if errors.Is(err, control.ErrTimeout) {
		return refuse("%s did not answer the STOP request within %s; KILL %s ends it",
			title(r.Type, r.Group), m.cfg.Timing.Answer, title(r.Type, r.Group))
	}
	if errors.Is(err, control.ErrClosed) { // it ended while it answered
		return say("Request processed.")
	}
	if err != nil || rep.Error != nil {
		m.unwant(r, before)
	}
	if err != nil {
		return reply(err)
	}
	return *rep
}

// settle notes that an ended group is to stay as it is.
func (m *Manager) settle(r control.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := groupstate.Key(r.Type, r.Group)
	o := m.orders.Groups[key]
	o.Settled = true
	m.orders.Groups[key] = o
	m.storeLocked()
}

// unwant puts the order before back, if nobody ordered anything since.
func (m *Manager) unwant(r control.Request, before groupstate.Order) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := groupstate.Key(r.Type, r.Group)
	o := m.orders.Groups[key]
	if o.Wanted != groupstate.Stop || !reflect.DeepEqual(o.Restarts, before.Restarts) {
		return
	}
	o.Wanted, o.At, o.By = before.Wanted, before.At, before.By
	m.orders.Groups[key] = o
	m.storeLocked()
}

// stopSilent stops a process that does not take orders: it is starting, or it
// ended just now.
func (m *Manager) stopSilent(ctx context.Context, r control.Request) control.Reply {
	for end := time.Now().Add(m.cfg.Timing.Rung); time.Now().Before(end) && ctx.Err() == nil; {
		rep, err := m.relay(ctx, r)
		if err == nil {
			return *rep
		}
		if m.gone(ctx, r) {
			return say("Request processed.")
		}
		pause(ctx, 50*time.Millisecond)
	}
	pid, ticks := m.processOf(ctx, r)
	if !signal(pid, ticks, syscall.SIGTERM) {
		return refuse("%s takes no orders, and its process is not known", title(r.Type, r.Group))
	}
	return control.Reply{Text: "Request processed.", Pending: true}
}

func (m *Manager) gone(ctx context.Context, r control.Request) bool {
	m.reap()
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.lookLocked(ctx, r.Type, r.Group).Lives()
}

// processOf gives the process of a group: one that this Manager watches, or the
// one that the kernel names as the owner of the group's socket.
func (m *Manager) processOf(ctx context.Context, r control.Request) (pid int, ticks uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.children[groupstate.Key(r.Type, r.Group)]; ok {
		return c.pid, c.ticks
	}
	g := m.lookLocked(ctx, r.Type, r.Group)
	ticks, _ = groupstate.Ticks(g.PID)
	return g.PID, ticks
}

// killOrder is KILL: a ladder of ever harder means, each with its time.
func (m *Manager) killOrder(ctx context.Context, r control.Request) control.Reply {
	m.mu.Lock()
	g := m.lookLocked(ctx, r.Type, r.Group)
	m.wantLocked(r, groupstate.Stop)
	m.mu.Unlock()
	if !g.Lives() {
		m.settle(r)
		return say("%s is already stopped.", title(r.Type, r.Group))
	}
	pid, ticks := m.processOf(ctx, r)
	if pid == 0 || ticks == 0 {
		return refuse("%s is held by a process that has not answered for it; find and end it "+
			"with: fuser -v %s.lock", title(r.Type, r.Group),
			m.cfg.Home.Checkpoint(r.Group, isExtract(r.Type)))
	}
	how, ended := m.ladder(ctx, pid, ticks, func(ctx context.Context) {
		stop := control.Request{Verb: control.ForceStop, Type: r.Type, Group: r.Group, From: r.From}
		c := control.ToProcess(m.cfg.Home.Socket(r.Group))
		defer c.Close()
		c.Do(ctx, stop) // a process that does not answer gets the next rung
	})
	m.reap()
	if !ended {
		return refuse("process %d of %s did not end, not even by SIGKILL: it waits in the kernel",
			pid, title(r.Type, r.Group))
	}
	m.info(ggserr.ProcessEnded, pid, r.Type, r.Group, how)
	return say("Killed process (%d) for %s", pid, title(r.Type, r.Group))
}

// ladder ends a process: asked, then SIGTERM, then SIGKILL. how names the rung
// that ended it.
func (m *Manager) ladder(ctx context.Context, pid int, ticks uint64,
	ask func(context.Context)) (how string, ended bool) {
	ctx = context.WithoutCancel(ctx) // once begun, it goes to its end
	rungs := []struct {
		how string
		act func()
	}{
		{"FORCESTOP", func() {
			if ask != nil {
				short, cancel := context.WithTimeout(ctx, m.cfg.Timing.Rung)
				defer cancel()
				ask(short)
			}
		}},
		{"SIGTERM", func() { signal(pid, ticks, syscall.SIGTERM) }},
		{"SIGKILL", func() { signal(pid, ticks, syscall.SIGKILL) }},
	}
	for i, rung := range rungs {
		if i == 0 && ask == nil {
			continue
		}
		rung.act()
		for end := time.Now().Add(m.cfg.Timing.Rung); time.Now().Before(end); {
			if !groupstate.Alive(pid, ticks) {
				return rung.how, true
			}
			pause(ctx, 10*time.Millisecond)
		}
	}
	return "", !groupstate.Alive(pid, ticks)
}

// signal sends a signal to the process that began at ticks, and to no other
// that may have its pid by now: the handle is taken before the look.
func signal(pid int, ticks uint64, s os.Signal) bool {
	if pid <= 1 {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return groupstate.Alive(pid, ticks) && p.Signal(s) == nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
