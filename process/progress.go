package process

import (
	"time"

	"ggsh/control"
)

// reportCount is REPORTCOUNT: a line each so many records or so much time.
type reportCount struct {
	records int64
	every   time.Duration
	rate    bool

	began     time.Time
	last      time.Time
	lastCount int64
}

// ReportCount sets REPORTCOUNT: a line each records operations, or each every,
// whichever is not zero; with rate and delta if asked for.
func (p *Process) ReportCount(records int64, every time.Duration, rate bool) {
	now := p.cfg.Now()
	p.count = &reportCount{records: records, every: every, rate: rate, began: now, last: now}
}

// Progress does what is due: the REPORTCOUNT line, interim statistics, ageing of
// the report. It is cheap and meant for every batch and every idle moment.
func (p *Process) Progress() {
	now := p.cfg.Now()
	p.onSchedule(now)
	c := p.count
	if c == nil {
		return
	}
	total := p.stats.Total()
	due := c.records > 0 && total/c.records > c.lastCount/c.records ||
		c.every > 0 && now.Sub(c.last) >= c.every
	if !due {
		return
	}
	line := "%10d records processed as of " + now.Local().Format("2006-01-02 15:04:05")
	if c.rate {
		p.Line(line+" (rate %d,delta %d)", total, perSecond(total, now.Sub(c.began)),
			perSecond(total-c.lastCount, now.Sub(c.last)))
	} else {
		p.Line(line, total)
	}
	c.last, c.lastCount = now, total
}

func perSecond(n int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(n) / d.Seconds())
}

// WriteStatistics writes the run's counters to the report.
func (p *Process) WriteStatistics() {
	s := p.stats.Snapshot()
	since := p.statsSince.Load()
	if since != nil {
		s.Since = *since
	}
	p.Line("\n%s\n%s\n%s\n", starLine, "*                   ** Run Time Statistics **                         *", starLine)
	p.Line("\nReport at %s (activity since %s)\n", stamp(s.At), stamp(s.Since))
	output := ""
	for _, t := range s.Tables {
		if t.Output != output {
			output = t.Output
			p.Line("Output to %s:\n", output)
		}
		if t.Source == t.Target || t.Target == "" {
			p.Line("From Table %s:", t.Source)
		} else {
			p.Line("From Table %s to %s:", t.Source, t.Target)
		}
		counts := t.Total.Counts
		if since != nil {
			counts = t.Latest.Counts
		}
		p.writeCounts(counts)
	}
	if len(s.Tables) == 0 {
		p.Line("No operations have been processed.\n")
	}
}

const starLine = "***********************************************************************"

func stamp(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// writeCounts writes the four counters that always stand, and the rare ones that are not zero.
func (p *Process) writeCounts(c control.Counts) {
	row := func(name string, n int64) { p.Line("       # %25s: %9d", name, n) }
	row("inserts", c.Inserts)
	row("updates", c.Updates)
	row("deletes", c.Deletes)
	row("discards", c.Discards)
	for _, rare := range []struct {
		name string
		n    int64
	}{{"upserts", c.Upserts}, {"truncates", c.Truncates}, {"ddl", c.DDL}, {"ignores", c.Ignores},
		{"insert collisions", c.InsertCollisions}, {"update collisions", c.UpdateCollisions},
		{"delete collisions", c.DeleteCollisions}, {"exceptions", c.Exceptions},
		{"CDR resolutions succeeded", c.Conflicts.Resolved},
		{"CDR resolutions failed", c.Conflicts.Failed}} {
		if rare.n != 0 {
			row(rare.name, rare.n)
		}
	}
	p.Line("")
}
