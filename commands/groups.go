package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/dblogin"
	"ggsh/ggserr"
)

// group is one group of the home: its file and its state.
type group struct {
	kind  checkpoint.Type
	name  string
	doc   *checkpoint.Document
	state control.GroupStatus
}

func (g *group) title() string { return string(g.kind) + " " + g.name }

// running tells whether a process of the group lives.
func (g *group) running() bool { return g.state.Lives() }

// isTask tells an initial load from a group that goes on.
func (g *group) isTask() bool {
	return g.doc.Group.Source == checkpoint.SourceIsTable ||
		g.doc.Group.Source == checkpoint.SpecialRun
}

func (s *Session) file(kind checkpoint.Type, name string) *checkpoint.File {
	return checkpoint.At(s.cfg.Home.Checkpoint(name, kind == checkpoint.Extract))
}

// bothTypes is for commands with the type omitted.
func bothTypes() []checkpoint.Type {
	return []checkpoint.Type{checkpoint.Extract, checkpoint.Replicat}
}

// typesOf gives the types that a row's object means.
func typesOf(object string) []checkpoint.Type {
	switch object {
	case "EXTRACT":
		return []checkpoint.Type{checkpoint.Extract}
	case "REPLICAT":
		return []checkpoint.Type{checkpoint.Replicat}
	}
	return bothTypes()
}

func hasWildcard(name string) bool { return strings.ContainsAny(name, "*?") }

// all loads every group of the types, Extracts first, by name.
func (s *Session) all(ctx context.Context, types []checkpoint.Type) ([]*group, error) {
	return s.load(ctx, types, "*")
}

// load gives the groups that match a pattern, with their states. A damaged
// file is an error that comes beside the others' groups.
func (s *Session) load(ctx context.Context, types []checkpoint.Type,
	pattern string) ([]*group, error) {
	var found []*group
	var damaged []error
	for _, kind := range types {
		names, err := checkpoint.List(s.cfg.Home.Join("dirchk"), kind)
		if err != nil {
			return nil, fmt.Errorf("list of groups: %w", err)
		}
		slices.Sort(names)
		for _, name := range names {
			if !dblogin.Match(pattern, name) {
				continue
			}
			doc, err := s.file(kind, name).Load()
			switch {
			case errors.Is(err, fs.ErrNotExist): // deleted a moment ago
			case err != nil:
				damaged = append(damaged, refuse("%s", err))
			default:
				found = append(found, &group{kind: kind, name: name, doc: doc})
			}
		}
	}
	if len(found) > 0 {
		s.addStates(ctx, found)
	}
	return found, errors.Join(damaged...)
}

// choose gives the groups a command names: exactly one without wildcards, and
// with them those that match, tasks only when asked for.
func (s *Session) choose(ctx context.Context, c *call) ([]*group, error) {
	return s.chooseNamed(ctx, c, c.at("group"))
}

func (s *Session) chooseNamed(ctx context.Context, c *call, name string) ([]*group, error) {
	types := typesOf(c.cmd.Object)
	found, err := s.load(ctx, types, name)
	if err != nil {
		return found, err
	}
	if !hasWildcard(name) {
		if len(found) == 0 {
			return nil, missing(types, name)
		}
		return found, nil
	}
	if !c.has("TASKS") && !c.has("ALLPROCESSES") {
		found = slices.DeleteFunc(found, (*group).isTask)
	}
	if c.has("TASKS") {
		found = slices.DeleteFunc(found, func(g *group) bool { return !g.isTask() })
	}
	if len(found) == 0 {
		return nil, refuse("No groups found matching %s.", strings.ToUpper(name))
	}
	return found, nil
}

func missing(types []checkpoint.Type, name string) error {
	title := "Group"
	if len(types) == 1 {
		title = string(types[0])
	}
	return refuse("%s %s does not exist.", title, strings.ToUpper(name))
}

// addStates asks the Manager for the states of groups, and has them observed
// when none answers.
func (s *Session) addStates(ctx context.Context, groups []*group) {
	for _, st := range s.observe(ctx).groups {
		for _, g := range groups {
			if st.Group == g.name && st.Type == string(g.kind) {
				g.state = st
			}
		}
	}
	for _, g := range groups {
		if g.state.State == "" { // added since they were looked at
			g.state.Type, g.state.Group, g.state.State = string(g.kind), g.name, control.Stopped
		}
	}
}

// observation is what is known of the home's processes.
type observation struct {
	up      bool // a Manager answered
	manager *control.ManagerStatus
	groups  []control.GroupStatus
}

// observeTimeout bounds what INFO ALL waits for a Manager that hangs.
const observeTimeout = 10 * time.Second

func (s *Session) observe(ctx context.Context) observation {
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	reply, err := s.manager(ctx, control.Request{Verb: control.Groups})
	if err == nil {
		return observation{up: true, manager: reply.Manager, groups: reply.Groups}
	}
	groups, err := s.cfg.Groups.Observe(ctx)
	if err != nil {
		return observation{}
	}
	return observation{groups: groups}
}

// order sends an order to a group's process: through the Manager, and straight
// to the process when no Manager runs.
func (s *Session) order(ctx context.Context, g *group, verb control.Verb,
	args ...string) (*control.Reply, error) {
	r := control.Request{Verb: verb, Type: string(g.kind), Group: g.name, Args: args}
	reply, err := s.manager(ctx, r)
	if err == nil || !errors.Is(err, control.ErrNotRunning) || s.cfg.Process == nil {
		return reply, s.unanswered(g, err)
	}
	r.From = s.from()
	reply, err = s.cfg.Process(g.name).Do(ctx, r)
	if err == nil && reply.Error != nil {
		err = reply.Error
	}
	return reply, s.unanswered(g, err)
}

// unanswered gives the shell's sentence for an order that got no answer.
func (s *Session) unanswered(g *group, err error) error {
	var problem *control.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problem):
		return refusal(problem)
	case errors.Is(err, control.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return refuse("sending message to %s (Timeout waiting for message).", g.title())
	case errors.Is(err, control.ErrNotRunning):
		return refuse("opening port for %s (Connection refused).", g.title())
	}
	return err
}

// refusal makes an error of a problem that came back. A number that the
// catalog lacks is of another version: its text is told all the same.
func refusal(p *control.Problem) error {
	m, ok := ggserr.Lookup(ggserr.Number(p.Number))
	if !ok {
		return refuse("%s", p.Text)
	}
	return &ggserr.Error{Number: m.Number, Severity: m.Severity, Text: p.Text}
}

// mustStop is the refusal to change a group that runs.
func mustStop(g *group) error {
	if g.kind == checkpoint.Extract {
		return ggserr.New(ggserr.ExtractRunning, g.name)
	}
	return ggserr.New(ggserr.ReplicatRunning, g.name)
}

// change loads a group's file under its lock, edits it and stores it.
func (s *Session) change(g *group, edit func(d *checkpoint.Document) error) error {
	f := s.file(g.kind, g.name)
	if err := f.Lock(); err != nil {
		if errors.Is(err, checkpoint.ErrLocked) {
			return mustStop(g)
		}
		return err
	}
	defer f.Unlock()
	d, err := f.Load()
	if err != nil {
		return err
	}
	if err := edit(d); err != nil {
		return err
	}
	g.doc = d
	return f.Store(d)
}
