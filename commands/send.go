package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
)

// checkSend wants exactly one message.
func checkSend(c *call) error {
	n := 0
	for _, o := range c.order {
		if !sendDetail(o) {
			n++
		}
	}
	switch {
	case n == 0:
		return fault(word{col: len([]rune(c.line)) + 1}, "%s needs a message: %s", c.cmd.Name(),
			c.cmd.Synopsis)
	case n > 1 && c.order[0] != "STATS" && c.order[0] != "REPORT":
		return fault(c.words[0], "%s and %s are two messages: send one at a time.", c.order[0],
			c.order[1])
	}
	return nil
}

// sendDetail knows the options that belong to a message and are none.
func sendDetail(o string) bool {
	switch o {
	case "COUNT", "DURATION", "TABULAR", "FILE", "DEBUG", "DETAIL", "ALL", "THREAD", "FORCE",
		"TOTAL", "DAILY", "HOURLY", "LATEST", "RESET", "TABLE", "TOTALSONLY", "REPORTRATE",
		"REPORTDETAIL", "NOREPORTDETAIL", "THREADS":
		return true
	}
	return false
}

func sendGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.choose(ctx, c)
	var blocks Blocks
	failures := []error{err}
	for _, g := range groups {
		v, err := s.sendOne(ctx, c, g)
		if v != nil {
			blocks = append(blocks, v)
		}
		failures = append(failures, err)
	}
	return blocks, errors.Join(failures...)
}

// message is the option of SEND that is the message.
func (c *call) message() string {
	for _, o := range c.order {
		if !sendDetail(o) {
			return o
		}
	}
	return ""
}

func (s *Session) sendOne(ctx context.Context, c *call, g *group) (Value, error) {
	if err := mustRun(g); err != nil {
		return nil, err
	}
	name := c.message()
	switch name {
	case "STATS":
		return s.statsOf(ctx, c, g)
	case "GETLAG":
		return s.lagOf(ctx, g)
	case "STOP", "FORCESTOP":
		o, err := s.stopOne(ctx, g, control.Verb(name))
		return Outcomes{o}, err
	}
	if name == "SKIPTRANS" && !c.has("FORCE") {
		yes, err := s.ask("Are you sure you want to skip transaction " + c.text(name) + " (y/n)? ")
		if err != nil || !yes {
			return nil, err
		}
	}
	if (name == "HANDLECOLLISIONS" || name == "NOHANDLECOLLISIONS") &&
		g.kind != checkpoint.Replicat {
		return nil, refuse("%s is for Replicat only.", name)
	}
	verb, args := control.Verb(name), c.list(name)
	if name == "REPORT" && c.has("HANDLECOLLISIONS") {
		args = append([]string{"HANDLECOLLISIONS"}, c.list("HANDLECOLLISIONS")...)
	}
	for _, o := range []string{"COUNT", "DURATION"} {
		if c.has(o) {
			args = append(args, o, c.text(o))
		}
	}
	reply, err := s.order(ctx, g, verb, args...)
	if err != nil {
		return nil, err
	}
	return Sent{Message: name, Type: string(g.kind), Group: g.name, Reply: reply,
		Trail: g.doc.Group.Source == checkpoint.TrailSource, Tabular: c.has("TABULAR"),
		Integrated: g.doc.Group.Integrated}, nil
}

// Sent is a message to a process and its answer.
type Sent struct {
	Message    string         `json:"message"`
	Type       string         `json:"type"`
	Group      string         `json:"group"`
	Reply      *control.Reply `json:"reply"`
	Trail      bool           `json:"-"` // the group reads a trail
	Tabular    bool           `json:"-"`
	Integrated bool           `json:"-"`
}

// Text gives the answer as GoldenGate prints it.
func (r Sent) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Sending %s request to %s %s ...\n", r.Message, r.Type, r.Group)
	switch {
	case r.Reply.Status != nil && r.Type == string(checkpoint.Replicat):
		r.replicatStatus(&b, r.Reply.Status)
	case r.Reply.Status != nil:
		r.extractStatus(&b, r.Reply.Status)
	case r.Reply.Yes != nil:
		b.WriteString(yesNo(*r.Reply.Yes) + "\n")
	case r.Message == "SHOWTRANS":
		r.openTransactions(&b, r.Reply.Open)
	case r.Reply.Parameters != nil:
		b.WriteString("\n")
		parameters(&b, r.Reply.Parameters)
	case r.Reply.Text != "":
		b.WriteString(strings.TrimRight(r.Reply.Text, "\n") + "\n")
	default:
		b.WriteString("Request processed.\n")
	}
	return b.String()
}

// parameters lists names and values; a value may come with its keyword.
func parameters(b *strings.Builder, list []control.Parameter) {
	for _, p := range list {
		value := p.Value
		if rest, ok := strings.CutPrefix(strings.ToUpper(value), p.Name); ok {
			value = strings.TrimSpace(value[len(value)-len(rest):])
		}
		fmt.Fprintf(b, "%-32s : %s\n", p.Name, value)
	}
}

func yesNo(yes bool) string {
	if yes {
		return "YES."
	}
	return "NO."
}

func (r Sent) extractStatus(b *strings.Builder, p *control.ProcessStatus) {
	fmt.Fprintf(b, "\n\n  %s %s (PID %d)\n  Current status: %s\n\n", r.Type, r.Group, p.PID, p.State)
	if p.Load != nil {
		fmt.Fprintf(b, "  %s\n", LoadProgress{Group: r.Group, Status: p.Load}.line())
		r.writePositions(b, p)
		return
	}
	b.WriteString("  Current read position:\n")
	if p.Source != "" && !r.Trail {
		fmt.Fprintf(b, "  Source: %s\n", p.Source)
	}
	position(b, p.Read, r.Trail)
	r.writePositions(b, p)
}

func (r Sent) writePositions(b *strings.Builder, p *control.ProcessStatus) {
	for _, w := range p.Write {
		b.WriteString("\n  Current write position:\n")
		position(b, w.Position, true)
		if w.Host != "" {
			fmt.Fprintf(b, "  Remote host: %s\n", w.Host)
		}
		if w.State != "" {
			fmt.Fprintf(b, "  Connection: %s\n", w.State)
		}
	}
}

func position(b *strings.Builder, p control.Position, isTrail bool) {
	fmt.Fprintf(b, "  Sequence #: %d\n  RBA: %d\n  Timestamp: %s\n", p.Seqno, p.RBA,
		stampOr(p.Time, micros))
	if p.CSN != "" && !isTrail {
		fmt.Fprintf(b, "  CSN: %s\n", p.CSN)
	}
	if p.Name == "" {
		return
	}
	if isTrail {
		fmt.Fprintf(b, "  Extract Trail: %s\n", p.Name)
		return
	}
	fmt.Fprintf(b, "  Log: %s\n", p.Name)
}

func (r Sent) replicatStatus(b *strings.Builder, p *control.ProcessStatus) {
	fmt.Fprintf(b, "  Current status: %s\n  Sequence #: %d\n  RBA: %d\n"+
		"  %d records in current transaction\n", p.State, p.Read.Seqno, p.Read.RBA, p.Records)
}

func (r Sent) openTransactions(b *strings.Builder, open []control.OpenTxn) {
	if len(open) == 0 {
		b.WriteString("No transactions found.\n")
		return
	}
	oldest := open[0]
	for _, t := range open {
		if t.SCN < oldest.SCN || t.Seqno < oldest.Seqno || t.Seqno == oldest.Seqno && t.RBA < oldest.RBA {
			oldest = t
		}
	}
	if oldest.SCN > 0 {
		fmt.Fprintf(b, "\n\nOldest SCN necessary to restart Extract is:\n\nSCN %s\n\n", scn(oldest.SCN))
	} else {
		fmt.Fprintf(b, "\n\nOldest log file necessary to restart Extract is:\n\n"+
			"Log Sequence Number %d, RBA %d\n\n", oldest.Seqno, oldest.RBA)
	}
	if r.Tabular {
		place := "Log RBA"
		if oldest.SCN > 0 {
			place = "SCN"
		}
		fmt.Fprintf(b, "%-20s %10s  %-8s  %-19s  %10s  %12s  %s\n", "XID", "Items", "Extract",
			"Start Time", "Log Seq", place, "Status")
		for _, t := range open {
			fmt.Fprintf(b, "%-20s %10d  %-8s  %s  %10d  %12d  %s\n", t.XID, t.Items, r.Group,
				t.Start.Local().Format("2006-01-02:15:04:05"), t.Seqno, max(t.RBA, t.SCN), t.Status)
		}
		return
	}
	for _, t := range open {
		b.WriteString(strings.Repeat("-", 60) + "\n")
		row := func(name string, value any) { fmt.Fprintf(b, "%-22s%v\n", name+":", value) }
		row("XID", t.XID)
		row("Items", t.Items)
		row("Extract", r.Group)
		row("Start Time", t.Start.Local().Format("2006-01-02:15:04:05"))
		if t.SCN > 0 {
			row("SCN", scn(t.SCN))
			row("User", t.User)
		} else {
			row("Log Seq", t.Seqno)
			row("Log RBA", t.RBA)
		}
		row("Status", t.Status)
	}
}

// ManagerAnswer is SEND MANAGER.
type ManagerAnswer struct {
	Message string         `json:"message"`
	Debug   bool           `json:"-"`
	Reply   *control.Reply `json:"reply"`
}

// Text gives the Manager's tables.
func (m ManagerAnswer) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Sending %s request to MANAGER ...\n\n", m.Message)
	switch m.Message {
	case "CHILDSTATUS":
		m.children(&b)
	case "GETPORTINFO":
		m.ports(&b)
	case "GETPURGEOLDEXTRACTS":
		m.purge(&b)
	default:
		parameters(&b, m.Reply.Parameters)
		b.WriteString(m.Reply.Text)
	}
	return b.String()
}

func (m ManagerAnswer) children(b *strings.Builder) {
	b.WriteString("Child Process Status - " + fmt.Sprint(len(m.Reply.Children)) + " Entries\n\n" +
		"ID      Group     Process   Retry  Retry Time           Start Time           Port\n" +
		"------  --------  --------  -----  -------------------  -------------------  -----\n")
	for n, c := range m.Reply.Children {
		port := ""
		if c.Port != 0 {
			port = fmt.Sprint(c.Port)
		}
		retry := "None"
		if !c.RetryAt.IsZero() {
			retry = c.RetryAt.Local().Format(seconds)
		}
		fmt.Fprintf(b, "%6d  %-8s  %8d  %5d  %-19s  %-19s  %s\n", n+1, c.Group, c.PID, c.Retries,
			retry, stampOr(c.StartedAt, seconds), port)
	}
}

func (m ManagerAnswer) ports(b *strings.Builder) {
	if m.Reply.Text == "" && len(m.Reply.Children) == 0 {
		b.WriteString("No ports of DYNAMICPORTLIST are in use.\n")
		return
	}
	b.WriteString(strings.TrimRight(m.Reply.Text, "\n") + "\n")
	n := 0
	for _, c := range m.Reply.Children {
		if c.Port == 0 {
			continue
		}
		if n == 0 {
			b.WriteString("\nEntry Port  Process     Group\n----- ----- ----------- --------\n")
		}
		fmt.Fprintf(b, "%5d %5d %11d %s\n", n, c.Port, c.PID, c.Group)
		n++
	}
}

func (m ManagerAnswer) purge(b *strings.Builder) {
	b.WriteString("PurgeOldExtracts Rules\n")
	if len(m.Reply.Purge) == 0 {
		b.WriteString("  none\n")
	}
	for _, p := range m.Reply.Purge {
		fmt.Fprintf(b, "%s\n  Rule: %s\n  Files: %d to %d\n", p.Trail, p.Rule, p.Oldest, p.Newest)
		if len(p.Readers) > 0 {
			fmt.Fprintf(b, "  Oldest file needed: %d, by %s\n", p.Needed,
				strings.Join(p.Readers, ", "))
		}
	}
}

func sendManager(ctx context.Context, s *Session, c *call) (Value, error) {
	name := c.message()
	if name == "KILL" {
		kill := *c
		kill.cmd = s.ix.byKey["KILL"]
		kill.places = map[string]word{"group": c.given["KILL"][0]}
		return killGroup(ctx, s, &kill)
	}
	args := c.list(name)
	for _, o := range []string{"DEBUG", "DETAIL"} {
		if c.has(o) {
			args = append(args, o)
		}
	}
	reply, err := s.manager(ctx, control.Request{Verb: control.Verb(name), Args: args})
	if err != nil {
		return nil, s.managerRefused(err)
	}
	return ManagerAnswer{Message: name, Reply: reply, Debug: c.has("DEBUG")}, nil
}

func (s *Session) managerRefused(err error) error {
	var problem *control.Problem
	if errors.As(err, &problem) {
		return refusal(problem)
	}
	return noManager(err)
}

// ManagerInfo is INFO MANAGER.
type ManagerInfo struct {
	Running bool                   `json:"running"`
	Status  *control.ManagerStatus `json:"status,omitempty"`
}

// Text is the one line that scripts look for.
func (m ManagerInfo) Text() string {
	if !m.Running {
		return "Manager is DOWN!"
	}
	if m.Status == nil {
		return "Manager is running."
	}
	text := fmt.Sprintf("Manager is running (IP port TCP:%s.%d, Process ID %d).",
		m.Status.Host, m.Status.Port, m.Status.PID)
	if m.Status.Fingerprint != "" {
		text += "\nOther hosts may be admitted; certificate fingerprint " + m.Status.Fingerprint
	}
	return text
}

func infoManager(ctx context.Context, s *Session, _ *call) (Value, error) {
	seen := s.observe(ctx)
	if !seen.up {
		return ManagerInfo{}, nil
	}
	if seen.manager == nil {
		reply, err := s.manager(ctx, control.Request{Verb: control.Status})
		if err == nil {
			seen.manager = reply.Manager
		}
	}
	return ManagerInfo{Running: true, Status: seen.manager}, nil
}

func startManager(ctx context.Context, s *Session, _ *call) (Value, error) {
	if s.observe(ctx).up {
		return confirm("MGR is already running."), nil
	}
	if s.cfg.StartManager == nil {
		return nil, refuse("The Manager cannot be started from here.")
	}
	if err := s.cfg.StartManager(ctx); err != nil {
		return nil, err
	}
	return confirm("Manager started."), nil
}

func stopManager(ctx context.Context, s *Session, c *call) (Value, error) {
	seen := s.observe(ctx)
	if !seen.up {
		return confirm("Manager is not running."), nil
	}
	if !c.bang {
		question := "Are you sure you want to stop it (y/n)?"
		for _, g := range seen.groups {
			if g.Up() {
				question = "Manager process is required by other GGS processes.\n" + question
				break
			}
		}
		yes, err := s.ask(question)
		if err != nil || !yes {
			return nil, err
		}
	}
	if _, err := s.manager(ctx, control.Request{Verb: control.Shutdown}); err != nil {
		return nil, s.managerRefused(err)
	}
	last := "Manager stopped."
	if !s.gone(ctx) {
		last = "Manager has not ended yet."
	}
	return say("Sending STOP request to MANAGER ...", "Request processed.", last), nil
}

// gone waits until the Manager answers no more.
func (s *Session) gone(ctx context.Context) bool {
	const step, tries = 50 * time.Millisecond, 200
	for range tries {
		_, err := s.manager(ctx, control.Request{Verb: control.Groups})
		if errors.Is(err, control.ErrNotRunning) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(step):
		}
	}
	return false
}

func refreshManager(ctx context.Context, s *Session, _ *call) (Value, error) {
	reply, err := s.manager(ctx, control.Request{Verb: control.Refresh})
	if err != nil {
		return nil, s.managerRefused(err)
	}
	lines := []string{"Sending REFRESH request to MANAGER ..."}
	if reply.Text != "" {
		lines = append(lines, reply.Text)
	} else {
		lines = append(lines, "Request processed.")
	}
	return say(lines...), nil
}
