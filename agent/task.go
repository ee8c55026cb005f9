package agent

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/subdirs"
	"ggsh/trail"
)

// taskOrder is TASK: an Extract elsewhere wants to load into a Replicat of this
// home. It gets a collector for a trail of its own, and the Replicat is started to
// read it. A run that an earlier load left behind is ended: a load begins anew.
func (m *Manager) taskOrder(ctx context.Context, r control.Request) control.Reply {
	from := pumpOf(r)
	if err := m.isTask(ctx, r); err != nil {
		return reply(err)
	}
	if !m.gone(ctx, r) {
		if rep := m.killOrder(ctx, r); rep.Error != nil {
			return rep
		}
	}
	if err := m.emptyTaskTrail(r.Group); err != nil {
		return reply(err)
	}
	rep := m.collectorOrder(ctx, control.Request{Verb: control.Collector, Type: r.Type,
		Group: r.Group, Args: []string{subdirs.TaskTrail(r.Group)}, From: r.From, Caller: r.Caller})
	if rep.Error != nil {
		return rep
	}
	m.mu.Lock()
	err := m.launchLocked(m.lookLocked(ctx, r.Type, r.Group), nil, from, nil)
	m.mu.Unlock()
	if err != nil {
		return reply(err)
	}
	return rep
}

// isTask refuses whatever is not a group of ADD REPLICAT ..., SPECIALRUN.
func (m *Manager) isTask(ctx context.Context, r control.Request) error {
	m.mu.Lock()
	g := m.lookLocked(ctx, r.Type, r.Group)
	m.mu.Unlock()
	switch {
	case g.Problem != nil:
		return g.Problem
	case r.Type != string(checkpoint.Replicat) || g.Document.Group.Source != checkpoint.SpecialRun:
		return ggserr.New(ggserr.Generic, title(r.Type, r.Group)+" is not the task of an initial load").
			Do("On the target: ADD REPLICAT %s, SPECIALRUN.", r.Group)
	}
	return nil
}

// emptyTaskTrail removes what an earlier load sent.
func (m *Manager) emptyTaskTrail(group string) error {
	path := m.cfg.Home.Resolve(subdirs.TaskTrail(group))
	files, err := filepath.Glob(path + "[0-9]*")
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, _, err := trail.ParseFile(file); err != nil {
			continue
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return ggserr.New(ggserr.Generic, "the last load's "+file+" cannot be removed").Because(err)
		}
	}
	return nil
}
