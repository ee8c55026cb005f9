package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ggsh/control"
	"ggsh/dblogin"
)

// Statistics is STATS.
type Statistics struct {
	control.Statistics
	Periods []string `json:"periods"`        // TOTAL, DAILY, HOURLY, LATEST
	Rate    string   `json:"rate,omitempty"` // HR, MIN or SEC
	Detail  bool     `json:"detail,omitempty"`
	CDR     bool     `json:"cdr,omitempty"`
	Sums    bool     `json:"totalsOnly,omitempty"`
}

func allPeriods() []string { return []string{"TOTAL", "DAILY", "HOURLY", "LATEST"} }

func statsGroup(ctx context.Context, s *Session, c *call) (Value, error) {
	groups, err := s.choose(ctx, c)
	var blocks Blocks
	failures := []error{err}
	for _, g := range groups {
		v, err := s.statsOf(ctx, c, g)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		blocks = append(blocks, v)
	}
	return blocks, errors.Join(failures...)
}

func (s *Session) statsOf(ctx context.Context, c *call, g *group) (Value, error) {
	if err := mustRun(g); err != nil {
		return nil, err
	}
	var args []string
	if c.has("RESET") {
		args = append(args, "RESET")
	}
	reply, err := s.order(ctx, g, control.Stats, args...)
	if err != nil {
		return nil, err
	}
	if reply.Stats == nil {
		return say(reply.Text), nil
	}
	st := Statistics{Statistics: *reply.Stats, Rate: strings.ToUpper(c.text("REPORTRATE")),
		Detail: c.has("REPORTDETAIL") && !c.has("NOREPORTDETAIL"), CDR: c.has("REPORTCDR"),
		Sums: c.has("TOTALSONLY")}
	st.Type, st.Group = string(g.kind), g.name
	for _, p := range allPeriods() {
		if c.has(p) {
			st.Periods = append(st.Periods, p)
		}
	}
	if st.Periods == nil {
		st.Periods = allPeriods()
	}
	st.Tables = slices.DeleteFunc(slices.Clone(st.Tables), func(t control.TableStatistics) bool {
		return !matchesAny(c.list("TABLE"), t) || !matchesAny(c.list("TOTALSONLY"), t)
	})
	if st.Sums {
		st.Tables = sums(st.Tables)
	}
	return st, nil
}

// matchesAny tells whether the table was asked for; nothing asked means all.
func matchesAny(patterns []string, t control.TableStatistics) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		return dblogin.Match(p, t.Source) || dblogin.Match(p, t.Target)
	})
}

// sums adds the tables of each output up.
func sums(tables []control.TableStatistics) []control.TableStatistics {
	var out []control.TableStatistics
	for _, t := range tables {
		i := slices.IndexFunc(out, func(o control.TableStatistics) bool { return o.Output == t.Output })
		if i < 0 {
			t.Source, t.Target = "", ""
			out = append(out, t)
			continue
		}
		o := &out[i]
		for n, p := range []*control.Period{&o.Total, &o.Daily, &o.Hourly, &o.Latest} {
			q := []control.Period{t.Total, t.Daily, t.Hourly, t.Latest}[n]
			p.Counts.Add(q.Counts)
			if q.Since.Before(p.Since) {
				p.Since = q.Since
			}
		}
	}
	return out
}

// Text is the classic statistics page.
func (st Statistics) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Sending STATS request to %s %s ...\n\nStart of Statistics at %s.\n\n",
		st.Type, st.Group, st.At.Local().Format(seconds))
	isExtract := st.Type == "EXTRACT"
	if st.DDL != nil {
		st.ddl(&b, isExtract)
	}
	if len(st.Tables) == 0 {
		if isExtract {
			b.WriteString("No active extraction maps\n\n")
		} else {
			b.WriteString("No active replication maps\n\n")
		}
	}
	output := ""
	for _, t := range st.Tables {
		if isExtract && t.Output != output {
			output = t.Output
			fmt.Fprintf(&b, "Output to %s:\n\n", output)
		}
		switch {
		case st.Sums:
			b.WriteString("Cumulative totals for specified table(s):\n\n")
		case isExtract:
			fmt.Fprintf(&b, "Extracting from %s to %s:\n\n", t.Source, t.Target)
		default:
			fmt.Fprintf(&b, "Replicating from %s to %s:\n\n", t.Source, t.Target)
		}
		st.table(&b, t)
	}
	b.WriteString("End of Statistics.\n")
	return b.String()
}

func (st Statistics) ddl(b *strings.Builder, isExtract bool) {
	if isExtract {
		b.WriteString("DDL replication statistics (for all trails):\n\n")
	} else {
		b.WriteString("DDL replication statistics:\n\n")
	}
	fmt.Fprintf(b, "*** Total statistics since %s started     ***\n", strings.ToLower(st.Type))
	d := st.DDL
	figure(b, "Operations", float64(d.Mapped+d.Unmapped+d.Other+d.Excluded))
	figure(b, "Mapped operations", float64(d.Mapped))
	figure(b, "Unmapped operations", float64(d.Unmapped))
	figure(b, "Other operations", float64(d.Other))
	figure(b, "Excluded operations", float64(d.Excluded))
	b.WriteString("\n")
}

func figure(b *strings.Builder, name string, n float64) {
	fmt.Fprintf(b, "        %-32s%23.2f\n", name, n)
}

func (st Statistics) table(b *strings.Builder, t control.TableStatistics) {
	periods := map[string]control.Period{"TOTAL": t.Total, "DAILY": t.Daily,
		"HOURLY": t.Hourly, "LATEST": t.Latest}
	for _, name := range st.Periods {
		p := periods[name]
		fmt.Fprintf(b, "*** %s statistics since %s ***\n", name[:1]+strings.ToLower(name[1:]),
			p.Since.Local().Format(seconds))
		if p.Operations() == 0 && p.Discards == 0 {
			b.WriteString("        No database operations have been performed.\n\n")
			continue
		}
		st.period(b, p)
		b.WriteString("\n")
	}
}

func (st Statistics) period(b *strings.Builder, p control.Period) {
	suffix, scale := rate(st.Rate, st.At.Sub(p.Since))
	line := func(name string, n int64) { figure(b, name+suffix, float64(n)*scale) }
	line("Total inserts", p.Inserts)
	line("Total updates", p.Updates)
	line("Total deletes", p.Deletes)
	line("Total upserts", p.Upserts)
	extra := func(name string, n int64) {
		if n != 0 {
			line(name, n)
		}
	}
	extra("Total truncates", p.Truncates)
	if st.Detail {
		extra("Total insert collisions", p.InsertCollisions)
		extra("Total update collisions", p.UpdateCollisions)
		extra("Total delete collisions", p.DeleteCollisions)
		extra("Total ignores", p.Ignores)
	}
	extra("Total exceptions", p.Exceptions)
	if d := &p.Conflicts; st.CDR {
		line("Total CDR conflicts", d.Resolved+d.Failed)
		line("CDR resolutions succeeded", d.Resolved)
		line("CDR resolutions failed", d.Failed)
		extra("CDR INSERTROWEXISTS conflicts", d.InsertRowExists)
		extra("CDR UPDATEROWEXISTS conflicts", d.UpdateRowExists)
		extra("CDR UPDATEROWMISSING conflicts", d.UpdateRowMissing)
		extra("CDR DELETEROWEXISTS conflicts", d.DeleteRowExists)
		extra("CDR DELETEROWMISSING conflicts", d.DeleteRowMissing)
	}
	line("Total discards", p.Discards)
	line("Total operations", p.Operations())
}

// rate gives what REPORTRATE makes of a number: its name and factor.
func rate(per string, since time.Duration) (suffix string, scale float64) {
	unit, name := time.Duration(0), ""
	switch per {
	case "HR":
		unit, name = time.Hour, "/hour"
	case "MIN":
		unit, name = time.Minute, "/minute"
	case "SEC":
		unit, name = time.Second, "/second"
	default:
		return "", 1
	}
	if since < time.Second {
		since = time.Second
	}
	return name, float64(unit) / float64(since)
}

// checkStats refuses a rate that is none.
func checkStats(c *call) error {
	if !c.has("REPORTRATE") {
		return nil
	}
	switch r := strings.ToUpper(c.text("REPORTRATE")); r {
	case "HR", "MIN", "SEC":
		return nil
	}
	return fault(c.given["REPORTRATE"][0], "REPORTRATE is HR, MIN or SEC.")
}
