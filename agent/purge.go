package agent

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/param"
	"ggsh/trail"
)

// ruleText prints a rule as messages have it.
func ruleText(r param.PurgeRule) string {
	s := "NOUSECHECKPOINTS"
	if r.UseCheckpoints {
		s = "USECHECKPOINTS"
	}
	switch {
	case r.KeepFor > 0 && r.KeepFor%(24*time.Hour) == 0:
		return fmt.Sprintf("%s, MINKEEPDAYS %d", s, r.KeepFor/(24*time.Hour))
	case r.KeepFor > 0:
		return fmt.Sprintf("%s, MINKEEPHOURS %d", s, r.KeepFor/time.Hour)
	}
	return fmt.Sprintf("%s, MINKEEPFILES %d", s, r.KeepFiles)
}

// reader is a local group that reads a trail, and the oldest file it needs.
type reader struct {
	name string
	need uint32
}

// trailState is what purging wants to know of one trail.
type trailState struct {
	name    trail.Name
	files   []trail.FileInfo // rising
	inUse   uint32           // the file that is written, and later ones
	readers []reader
}

// needed is the oldest file that some reader needs; readers must not be empty.
func (t *trailState) needed() uint32 {
	return slices.MinFunc(t.readers, func(a, b reader) int {
		return cmp.Compare(a.need, b.need)
	}).need
}

// kept is a file that a MINKEEP rule keeps though no reader needs it.
type kept struct {
	file trail.FileInfo
	why  string
}

// purgePlan says which files of a trail may go, the oldest first. It is pure.
// Without a local reader nothing goes: the readers elsewhere are not known here.
// The file in use stays, and files go only from the old end, so that no hole
// appears in a trail.
func purgePlan(r param.PurgeRule, t trailState,
	now time.Time) (gone []trail.FileInfo, stay []kept) {
	if len(t.readers) == 0 {
		return nil, nil
	}
	needed := t.needed()
	first := t.inUse // MINKEEPFILES counts back from the file in use
	if n := uint32(r.KeepFiles - 1); first >= n {
		first -= n
	} else {
		first = 0
	}
	for _, f := range t.files {
		switch {
		case f.Seqno >= t.inUse, r.UseCheckpoints && f.Seqno >= needed:
			return gone, stay
		case r.KeepFor > 0 && now.Sub(f.Modified) < r.KeepFor,
			r.KeepFor == 0 && f.Seqno >= first:
			stay = append(stay, kept{f, "the rule " + ruleText(r) + " keeps it"})
			return gone, stay
		}
		gone = append(gone, f)
	}
	return gone, stay
}

// realPath makes one spelling of a path: links of its directory resolved.
func realPath(path string) string {
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return filepath.Clean(path)
}

// trailsOf finds the trails on disk that a rule's path names.
func (m *Manager) trailsOf(r param.PurgeRule) ([]trail.Name, error) {
	pattern := realPath(m.cfg.Home.Resolve(r.Trail))
	entries, err := os.ReadDir(filepath.Dir(pattern))
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, filepath.Dir(pattern)).Because(err)
	}
	var names []trail.Name
	for _, e := range entries {
		n, _, err := trail.ParseFile(filepath.Join(filepath.Dir(pattern), e.Name()))
		if err != nil || !e.Type().IsRegular() || slices.Contains(names, n) ||
			!control.Wildcard(filepath.Base(pattern), n.Prefix) {
			continue
		}
		names = append(names, n)
	}
	return names, nil
}

// trailState gathers files, writers and readers of one trail. A group whose file
// cannot be read might be a reader, so it is an error.
func (m *Manager) trailState(n trail.Name, groups []groupstate.Group) (trailState, error) {
	t := trailState{name: n}
	seqnos, err := trail.List(n)
	if err != nil {
		return t, err
	}
	for _, s := range seqnos {
		f, err := trail.Stat(n, s)
		if err != nil {
			return t, err
		}
		t.files = append(t.files, f)
		t.inUse = s
	}
	for _, g := range groups {
		if g.Problem != nil {
			return t, ggserr.New(ggserr.Generic, "nothing is purged while it is unknown what "+
				title(g.Type, g.Group)+" reads").Because(g.Problem)
		}
		d := g.Document
		if d.Group.Trail != "" && m.same(d.Group.Trail, n) {
			t.readers = append(t.readers, reader{title(g.Type, g.Group), oldest(d)})
		}
		for _, o := range d.Group.Outputs {
			if !o.Remote && m.same(o.Trail, n) && o.Current.Valid {
				t.inUse = min(t.inUse, o.Current.Seqno)
			}
		}
	}
	return t, nil
}

func (m *Manager) same(path string, n trail.Name) bool {
	return realPath(m.cfg.Home.Resolve(path)) == n.String()
}

// oldest is the oldest file that a reader may still open: that of the oldest
// unfinished transaction; and after ALTER or ADD, that of its begin.
func oldest(d *checkpoint.Document) uint32 {
	s := d.State
	need, known := uint32(0), false
	for _, p := range []checkpoint.Position{s.Recovery, s.Current} {
		if p.Valid && (!known || p.Seqno < need) {
			need, known = p.Seqno, true
		}
	}
	if !s.Ordered && known {
		return need
	}
	if d.Group.Begin.Kind != checkpoint.BeginSeqno {
		return 0 // a time or CSN may be in any file
	}
	if known {
		return min(need, d.Group.Begin.Seqno)
	}
	return d.Group.Begin.Seqno
}

// purge does what one rule says.
func (m *Manager) purge(ctx context.Context, r param.PurgeRule, now time.Time) error {
	names, err := m.trailsOf(r)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := m.purgeTrail(ctx, n, []param.PurgeRule{r}, now); err != nil {
			return err
		}
	}
	return nil
}

// purgeTrail deletes the files of a trail that all rules let go. It looks at the groups
// anew: positions move.
func (m *Manager) purgeTrail(ctx context.Context, n trail.Name, rules []param.PurgeRule,
	now time.Time) error {
	groups, err := m.observe(ctx)
	if err != nil {
		return err
	}
	t, err := m.trailState(n, groups)
	if err != nil {
		return err
	}
	r := rules[0]
	gone, stay := purgePlan(r, t, now)
	for _, other := range rules[1:] { // files go from the old end: the shortest run is in all
		if g, s := purgePlan(other, t, now); len(g) < len(gone) {
			r, gone, stay = other, g, s
		}
	}
	for _, k := range stay {
		if m.dueNow("kept "+k.file.Path, 24*time.Hour, now, true) {
			m.info(ggserr.PurgeKept, k.file.Path, k.why)
		}
	}
	for _, f := range gone {
		if err := os.Remove(f.Path); err != nil {
			return ggserr.New(ggserr.Generic, "trail file cannot be purged").Because(err)
		}
		if r.KeepFor > 0 || !r.UseCheckpoints {
			m.info(ggserr.PurgedByRule, f.Path, ruleText(r))
		} else {
			m.info(ggserr.PurgedByCheckpoints, f.Path, n.File(t.needed()))
		}
	}
	return nil
}

// purgeInfo is SEND MANAGER GETPURGEOLDEXTRACTS.
func (m *Manager) purgeInfo(ctx context.Context) control.Reply {
	m.mu.Lock()
	rules := m.set.Purge
	m.mu.Unlock()
	groups, err := m.observe(ctx)
	if err != nil {
		return reply(err)
	}
	rep := control.Reply{Purge: []control.PurgeRule{}}
	for _, r := range rules {
		names, err := m.trailsOf(r)
		if err != nil {
			return reply(err)
		}
		if len(names) == 0 {
			rep.Purge = append(rep.Purge, control.PurgeRule{Trail: r.Trail, Rule: ruleText(r)})
		}
		for _, n := range names {
			t, err := m.trailState(n, groups)
			if err != nil {
				return reply(err)
			}
			rep.Purge = append(rep.Purge, t.info(r))
		}
	}
	all, err := m.wishes(groups, rules)
	if err != nil {
		return reply(err)
	}
	for _, w := range all {
		t, err := m.trailState(w.name, groups)
		if err != nil {
			return reply(err)
		}
		for i, r := range w.rules {
			p := t.info(r)
			p.Rule += " (" + w.by[i] + ")"
			rep.Purge = append(rep.Purge, p)
		}
	}
	return rep
}

func (t *trailState) info(r param.PurgeRule) control.PurgeRule {
	p := control.PurgeRule{Trail: t.name.String(), Rule: ruleText(r)}
	if n := len(t.files); n > 0 {
		p.Oldest, p.Newest = t.files[0].Seqno, t.files[n-1].Seqno
	}
	for _, who := range t.readers {
		p.Readers = append(p.Readers, fmt.Sprintf("%s (file %d)", who.name, who.need))
	}
	if len(t.readers) > 0 {
		p.Needed = t.needed()
	}
	return p
}
