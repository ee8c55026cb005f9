package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/param"
)

// Outcome is what an order did to a group.
type Outcome struct {
	Type   string `json:"type"`
	Group  string `json:"group"`
	Action string `json:"action"` // starting, already running, stopped, pending, killed, ...
	Block  string `json:"text"`
}

// Outcomes are the groups of one order, each with its own block.
type Outcomes []Outcome

// Text joins the blocks.
func (o Outcomes) Text() string {
	parts := make([]string, len(o))
	for i, one := range o {
		parts[i] = one.Block
	}
	return strings.Join(parts, "\n\n")
}

func outcome(g *group, action, format string, args ...any) Outcome {
	return Outcome{Type: string(g.kind), Group: g.name, Action: action,
		Block: fmt.Sprintf(format, args...)}
}

// each does something with every chosen group; one that fails stops no other.
func (s *Session) each(ctx context.Context, c *call,
	do func(g *group) (Outcome, error)) (Value, error) {
	groups, err := s.choose(ctx, c)
	var done Outcomes
	failures := []error{err}
	for _, g := range groups {
		o, err := do(g)
		if o.Block != "" {
			done = append(done, o)
		}
		failures = append(failures, err)
	}
	if err := errors.Join(failures...); err != nil {
		return done, err
	}
	return done, nil
}

func startGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	sent := false
	args, err := s.startArgs(c)
	if err != nil {
		return nil, err
	}
	return s.each(ctx, c, func(g *group) (Outcome, error) {
		switch {
		case g.running():
			return outcome(g, "already running", "%s is already running.", g.title()), nil
		case g.doc.Group.Source == checkpoint.SpecialRun:
			return Outcome{}, refuse("%s is a task: the Extract of the initial load starts it.",
				g.title())
		}
		if err := s.checkParams(g); err != nil {
			return Outcome{}, err
		}
		_, err := s.manager(ctx, control.Request{Verb: control.Start, Type: string(g.kind),
			Group: g.name, Args: args})
		if err != nil {
			return Outcome{}, s.startRefused(g, err)
		}
		text := "%s starting"
		if !sent {
			text = "Sending START request to MANAGER ...\n" + text
		}
		sent = true
		return outcome(g, "starting", text, g.title()), nil
	})
}

func (s *Session) startRefused(g *group, err error) error {
	var problem *control.Problem
	if errors.As(err, &problem) {
		return refusal(problem)
	}
	if errors.Is(err, control.ErrTimeout) {
		return refuse("sending message to MANAGER (Timeout waiting for message).").
			Do("INFO %s shows whether it runs.", g.name)
	}
	return noManager(err)
}

func (s *Session) startArgs(c *call) ([]string, error) {
	var args []string
	for _, o := range c.order {
		switch o {
		case "ATCSN", "AFTERCSN":
			args = append(args, o, c.text(o))
		case "AFTERLOAD":
			csn, err := s.afterLoad(c.given[o][0])
			if err != nil {
				return nil, err
			}
			args = append(args, "AFTERCSN", csn)
		case "SKIPTRANSACTION":
			args = append(args, o)
		}
	}
	return args, nil
}

// checkParams reads a group's parameter file before the group is started: its
// faults are told here, with their places, and nothing is started.
func (s *Session) checkParams(g *group) error {
	program := param.Extract
	if g.kind == checkpoint.Replicat {
		program = param.Replicat
	}
	path := s.paramFile(g)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return refuse("The parameter file %s of %s does not exist.", path, g.title()).
			Do("EDIT PARAMS %s writes it.", g.name)
	}
	f, err := param.Parse(path, s.paramOptions(program))
	var all []error
	for _, e := range param.Errors(err) {
		all = append(all, e)
	}
	if len(all) > 0 {
		return errors.Join(all...)
	}
	return nameMatches(f, g)
}

func nameMatches(f *param.File, g *group) error {
	st, ok := f.First(string(g.kind))
	if !ok || len(st.Args) == 0 || strings.EqualFold(st.Args[0].Text, g.name) {
		return nil
	}
	return ggserr.New(ggserr.GroupNameMismatch, st.Args[0].Text, g.name).
		At(st.Pos.File, st.Pos.Line, st.Pos.Column)
}

func stopGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	var args []string
	if c.bang {
		args = []string{"!"}
	}
	return s.each(ctx, c, func(g *group) (Outcome, error) {
		return s.stopOne(ctx, g, control.Stop, args...)
	})
}

func (s *Session) stopOne(ctx context.Context, g *group, verb control.Verb,
	args ...string) (Outcome, error) {
	if !g.running() && g.state.State != control.Abended {
		return outcome(g, "already stopped", "%s is already stopped.", g.title()), nil
	}
	if !g.running() { // so that AUTORESTART does not bring it back
		return s.giveUp(ctx, g, "already stopped", "%s is already stopped.")
	}
	reply, err := s.order(ctx, g, verb, args...)
	if err != nil {
		return Outcome{}, err
	}
	sending := fmt.Sprintf("Sending %s request to %s ...\n", verb, g.title())
	if !reply.Pending {
		return outcome(g, "stopping", "%sRequest processed.", sending), nil
	}
	why := reply.Text
	if why == "" {
		why = "STOP request pending."
	}
	hint := fmt.Sprintf("\nSEND %s, FORCESTOP ends it now.", g.title())
	if strings.Contains(why, "FORCESTOP") {
		hint = ""
	}
	return outcome(g, "pending", "%s%s%s", sending, why, hint), nil
}

// giveUp tells the Manager, if there is one, that a group that is down is to
// stay down.
func (s *Session) giveUp(ctx context.Context, g *group, word, text string) (Outcome, error) {
	// Without a Manager nothing restarts the group, so an error is as good as done.
	_, _ = s.manager(ctx, control.Request{Verb: control.Kill, Type: string(g.kind), Group: g.name})
	return outcome(g, word, text, g.title()), nil
}

func killGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	sent := false
	return s.each(ctx, c, func(g *group) (Outcome, error) {
		if !g.running() {
			return s.giveUp(ctx, g, "not running", "%s is not running.")
		}
		_, err := s.manager(ctx, control.Request{Verb: control.Kill, Type: string(g.kind),
			Group: g.name})
		if err != nil {
			return Outcome{}, s.startRefused(g, err)
		}
		head := ""
		if !sent {
			head = "Sending KILL request to MANAGER ...\n"
		}
		sent = true
		if g.state.PID == 0 {
			return outcome(g, "killed", "%sKilled process for %s", head, g.title()), nil
		}
		return outcome(g, "killed", "%sKilled process (%d) for %s", head, g.state.PID,
			g.title()), nil
	})
}

// StatusLines are STATUS: one line for each group.
type StatusLines []control.GroupStatus

// Text gives the lines.
func (l StatusLines) Text() string {
	var b strings.Builder
	for _, g := range l {
		fmt.Fprintf(&b, "%s %s: %s\n", g.Type, g.Group, g.State)
	}
	return b.String()
}

func statusGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.choose(ctx, c)
	var l StatusLines
	for _, g := range groups {
		l = append(l, g.state)
	}
	return l, err
}

// Lag is LAG and SEND ... GETLAG.
type Lag struct {
	Type  string `json:"type"`
	Group string `json:"group"`
	control.LagInfo
}

// Text gives the lines as GoldenGate prints them.
func (l Lag) Text() string {
	text := fmt.Sprintf("Sending GETLAG request to %s %s ...\n", l.Type, l.Group)
	switch {
	case !l.Records:
		text += "No records yet processed.\n"
	case l.LagInfo.Lag < 0:
		text += "Lag unknown (timestamp mismatch between source and target).\n"
	default:
		n := int64(l.LagInfo.Lag.Seconds())
		text += fmt.Sprintf("Last record lag %d second%s.\n", n, plural(n))
	}
	if l.AtEOF {
		text += "At EOF, no more records to process\n"
	}
	return text
}

func plural(n int64) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func lagGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	name := c.at("group")
	if name == "" {
		name = "*"
	}
	groups, err := s.chooseNamed(ctx, c, name)
	var blocks Blocks
	failures := []error{err}
	for _, g := range groups {
		v, err := s.lagOf(ctx, g)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		blocks = append(blocks, v)
	}
	return blocks, errors.Join(failures...)
}

func (s *Session) lagOf(ctx context.Context, g *group) (Value, error) {
	if err := mustRun(g); err != nil {
		return nil, err
	}
	reply, err := s.order(ctx, g, control.GetLag)
	if err != nil {
		return nil, err
	}
	if reply.Lag == nil {
		return say(reply.Text), nil
	}
	return Lag{Type: string(g.kind), Group: g.name, LagInfo: *reply.Lag}, nil
}

func mustRun(g *group) error {
	if g.running() {
		return nil
	}
	e := refuse("%s not currently running.", g.title())
	if g.state.Reason != "" {
		return e.Do("It ended with: %s", g.state.Reason)
	}
	return e
}
