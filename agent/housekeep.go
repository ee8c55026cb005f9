package agent

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/param"
)

// housekeep does what is due of purging and reporting. The first purge is at
// once, the first report after its first interval: at the start all is down.
func (m *Manager) housekeep(ctx context.Context, now time.Time) {
	m.mu.Lock()
	set := m.set
	m.mu.Unlock()
	for i, r := range set.Purge {
		every := r.Every
		if every == 0 {
			every = set.Check
		}
		if !m.dueNow(fmt.Sprintf("purge %d", i), every, now, true) {
			continue
		}
		if err := m.purge(ctx, r, now); err != nil {
			m.warn(err)
		}
	}
	if m.dueNow("purge of groups", set.Check, now, true) {
		if err := m.purgeWishes(ctx, set.Purge, now); err != nil {
			m.warn(err)
		}
	}
	tasks := len(set.Tasks) > 0 && m.dueNow("tasks", set.Check, now, true)
	lag := m.dueNow("lag", set.LagReport, now, false)
	down := m.dueNow("down", set.DownReport, now, false)
	up := m.dueNow("up", set.UpReport, now, false)
	if !tasks && !lag && !down && !up {
		return
	}
	groups, err := m.observe(ctx)
	if err != nil {
		m.warn(err)
		return
	}
	for _, g := range groups {
		if tasks {
			m.purgeTask(set, g, now)
		}
		if lag && g.Up() && g.Document != nil && !g.IsTask() {
			m.lagEvent(set, g, now)
		}
		if down && !g.Lives() && !g.IsTask() {
			m.downEvent(g.GroupStatus, set.DownCritical || g.State == control.Abended)
		}
		if up && g.Up() {
			m.info(ggserr.GroupUp, g.Type, g.Group)
		}
	}
}

// warn tells of an error that stops nothing.
func (m *Manager) warn(err error) {
	e := *ggserr.Numbered(err)
	e.Severity = ggserr.Warning
	m.event(&e)
}

// lagOf gives a group's lag as its checkpoint file has it, and the file's age.
func lagOf(d *checkpoint.Document, now time.Time) (lag, since time.Duration) {
	if d == nil || d.State.Updated.IsZero() {
		return 0, 0
	}
	return d.State.Lag, max(0, now.Sub(d.State.Updated))
}

// lagEvent is LAGINFO and LAGCRITICAL.
func (m *Manager) lagEvent(set param.ManagerConfig, g groupstate.Group, now time.Time) {
	lag, since := lagOf(g.Document, now)
	n := ggserr.LagInfo
	switch {
	case set.LagCriticalGiven && lag >= set.LagCritical:
		n = ggserr.LagCritical
	case !set.LagInfoGiven || lag < set.LagInfo:
		return
	}
	m.info(n, title(g.Type, g.Group), clock(lag), clock(since))
}

// clock prints a length of time as INFO ALL does: hh:mm:ss.
func clock(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

// purgeTask is PURGEOLDTASKS: it deletes a task that ran and ended.
func (m *Manager) purgeTask(set param.ManagerConfig, g groupstate.Group, now time.Time) {
	if !g.IsTask() || g.Lives() || g.Document.State.Started.IsZero() {
		return
	}
	for _, r := range set.Tasks {
		s := g.Document.State
		byStatus := r.UseStopStatus || r.After == 0
		if !selects(r.AutoStart, g.Type, g.Group) || byStatus && s.Stopped != checkpoint.Graceful ||
			now.Sub(s.Updated) < r.After {
			continue
		}
		if err := m.deleteTask(g); err != nil {
			m.warn(err)
			return
		}
		m.info(ggserr.TaskPurged, g.Type, g.Group)
		return
	}
}

// deleteTask removes the group's files while it holds the group, so that no
// process begins meanwhile.
func (m *Manager) deleteTask(g groupstate.Group) error {
	file := checkpoint.At(m.cfg.Home.Checkpoint(g.Group, isExtract(g.Type)))
	if err := file.Lock(); err != nil {
		return fmt.Errorf("task %s: %w", title(g.Type, g.Group), err)
	}
	defer file.Unlock()
	if err := os.Remove(m.cfg.Home.Definitions(g.Group)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("task %s: %w", title(g.Type, g.Group), err)
	}
	if err := file.Remove(); err != nil && !isMissing(err) {
		return err
	}
	return nil
}

func isMissing(err error) bool { return os.IsNotExist(err) || err == fs.ErrNotExist }
