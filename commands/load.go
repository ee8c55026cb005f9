package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/groupstate"
)

// LoadProgress is how far an initial load is.
type LoadProgress struct {
	Group  string              `json:"group"`
	Status *control.LoadStatus `json:"load"`
	// HandOver is the commit behind which a Replicat applies changes, when the load is
	// complete and its source keeps a log.
	HandOver string `json:"handOver,omitempty"`
}

// barWidth is the number of marks of a bar.
const barWidth = 20

// bar draws a part of a hundred.
func bar(percent float64) string {
	n := min(max(int(percent*barWidth/100), 0), barWidth)
	return "[" + strings.Repeat("#", n) + strings.Repeat("-", barWidth-n) + "]"
}

// Text gives the bar, the tables and the hand-over.
func (p LoadProgress) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "EXTRACT    %-10s%s\n%s\n", p.Group, p.Status.Phase, p.line())
	fmt.Fprintf(&b, "\n  %-40s%14s%14s  %s\n\n", "Table", "Rows", "About", "Loaded")
	for _, t := range p.Status.List {
		about, loaded := fmt.Sprint(t.Estimate), fmt.Sprintf("%d ranges", t.Ranges)
		if t.Estimate < 0 {
			about = "unknown"
		}
		switch {
		case t.Done:
			about, loaded = fmt.Sprint(t.Rows), "all"
		case t.Ranges == 0:
			loaded = ""
		case t.Ranges == 1:
			loaded = "1 range"
		}
		fmt.Fprintf(&b, "  %-40s%14d%14s  %s\n", t.Table, t.Rows, about, loaded)
	}
	if p.HandOver != "" {
		fmt.Fprintf(&b, "\nHand-over            START REPLICAT name, AFTERCSN %s\n", p.HandOver)
	}
	return b.String()
}

// line is the bar and the figures.
func (p LoadProgress) line() string { return bar(p.Status.Percent) + "  " + p.Status.Text() }

// loadOf looks how far a group's load is: its process knows best, its ledger when
// none runs. It is nil for a group that has loaded nothing yet.
func (s *Session) loadOf(ctx context.Context, g *group) (*LoadProgress, error) {
	if g.doc.Group.Source != checkpoint.SourceIsTable {
		return nil, nil
	}
	led, err := checkpoint.LoadAt(s.cfg.Home.Load(g.name)).Load()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, refuse("%s", err)
	}
	p := &LoadProgress{Group: g.name, Status: groupstate.LoadStatus(led)}
	if led.Phase == checkpoint.LoadComplete && !led.At.IsZero() {
		p.HandOver = led.At.String()
	}
	if g.running() {
		reply, err := s.order(ctx, g, control.Status)
		if err == nil && reply.Status != nil && reply.Status.Load != nil {
			p.Status, p.HandOver = reply.Status.Load, ""
		}
	}
	return p, nil
}

// infoProgress is INFO EXTRACT ... PROGRESS: once, or every n seconds, for a person
// who watches, until no load runs.
func infoProgress(ctx context.Context, s *Session, c *call) (Value, error) {
	every := time.Duration(min(c.number("PROGRESS", 0), 3600)) * time.Second
	for {
		c.given["ALLPROCESSES"] = nil
		groups, err := s.choose(ctx, c)
		if err != nil {
			return nil, err
		}
		var blocks Blocks
		var lines []string
		for _, g := range groups {
			p, err := s.loadOf(ctx, g)
			if err != nil {
				return nil, err
			}
			if p != nil {
				blocks = append(blocks, *p)
			}
			if p != nil && g.running() {
				lines = append(lines, fmt.Sprintf("%-10s%s", g.name, p.line()))
			}
		}
		if len(blocks) == 0 {
			return nil, refuse("No initial load found matching %s.", strings.ToUpper(c.at("group"))).
				Do("ADD EXTRACT group, SOURCEISTABLE and START make one.")
		}
		if every == 0 || len(lines) == 0 || s.cfg.Terminal == nil {
			return blocks, nil
		}
		fmt.Fprintln(s.cfg.Terminal.Err, strings.Join(lines, "\n"))
		select {
		case <-ctx.Done():
			return blocks, nil
		case <-time.After(every):
		}
	}
}

// afterLoad finds the commit that a load of this home hands over at.
func (s *Session) afterLoad(w word) (string, error) {
	name := strings.ToUpper(w.text)
	led, err := checkpoint.LoadAt(s.cfg.Home.Load(name)).Load()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", refuse("EXTRACT %s has loaded nothing in this home.", name).
			Do("Where the load is elsewhere, give its number: AFTERCSN csn.")
	case err != nil:
		return "", refuse("%s", err)
	case led.Phase != checkpoint.LoadComplete:
		return "", refuse("The load of EXTRACT %s is not complete.", name).
			Do("INFO EXTRACT %s, PROGRESS shows how far it is.", name)
	case led.At.IsZero():
		return "", refuse("The source of EXTRACT %s keeps no change log: there is nothing to begin "+
			"behind.", name)
	}
	return led.At.String(), nil
}
