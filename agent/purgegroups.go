package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/param"
	"ggsh/process"
	"ggsh/trail"
)

// wished is what PURGEOLDEXTRACTS in the parameter files of groups says of one trail.
type wished struct {
	name  trail.Name
	rules []param.PurgeRule
	by    []string // whose rules they are
	held  string   // why nothing may go
}

// wishes gathers what the groups' parameter files say of trails of which mgr.prm says
// nothing: the Manager's own rule is the operator's for all of them.
func (m *Manager) wishes(groups []groupstate.Group, own []param.PurgeRule) ([]wished, error) {
	var all []wished
	var errs error
	for _, g := range groups {
		r, held := m.wish(g)
		if r == nil {
			continue
		}
		names, err := m.trailsOf(*r)
		errs = errors.Join(errs, err)
		for _, n := range names {
			if slices.ContainsFunc(own, func(o param.PurgeRule) bool { return m.covers(o, n) }) {
				continue
			}
			i := slices.IndexFunc(all, func(w wished) bool { return w.name == n })
			if i < 0 {
				i, all = len(all), append(all, wished{name: n})
			}
			if held != "" {
				all[i].held = held
				continue
			}
			all[i].rules = append(all[i].rules, *r)
			all[i].by = append(all[i].by, title(g.Type, g.Group))
		}
	}
	return all, errs
}

// wish is a group's own rule. Of a file with errors it is not known what it keeps, so
// that its trail is held; a file that is not there or asks for nothing has no wish.
func (m *Manager) wish(g groupstate.Group) (r *param.PurgeRule, held string) {
	if g.Problem != nil || g.Document == nil || g.Document.Group.Trail == "" {
		return nil, ""
	}
	prog := param.Extract
	if g.Document.Group.Type == checkpoint.Replicat {
		prog = param.Replicat
	}
	f, err := param.Parse(m.paramsOf(g), param.Options{ReadFile: os.ReadFile,
		Getenv: m.cfg.Getenv, Home: string(m.cfg.Home), Program: prog,
		NoAnsiQuotes: m.globals.NoAnsiQuotes, Charset: m.globals.Charset})
	if _, asked := f.First("PURGEOLDEXTRACTS"); err != nil && asked {
		return &param.PurgeRule{Trail: g.Document.Group.Trail},
			"the parameter file of " + title(g.Type, g.Group) + " has errors"
	}
	if r, err = process.PurgeRule(m.cfg.Home, f, g.Document.Group); err != nil {
		return nil, "" // the group's report says it
	}
	return r, ""
}

// covers reports whether a rule of mgr.prm names a trail.
func (m *Manager) covers(r param.PurgeRule, n trail.Name) bool {
	pattern := realPath(m.cfg.Home.Resolve(r.Trail))
	return filepath.Dir(pattern) == n.Dir && control.Wildcard(filepath.Base(pattern), n.Prefix)
}

// purgeWishes does what the groups' parameter files say.
func (m *Manager) purgeWishes(ctx context.Context, own []param.PurgeRule, now time.Time) error {
	groups, err := m.observe(ctx)
	if err != nil {
		return err
	}
	all, err := m.wishes(groups, own)
	for _, w := range all {
		if w.held != "" {
			if m.dueNow("held "+w.name.String(), 24*time.Hour, now, true) {
				m.info(ggserr.PurgeKept, w.name, w.held)
			}
			continue
		}
		err = errors.Join(err, m.purgeTrail(ctx, w.name, w.rules, now))
	}
	return err
}
