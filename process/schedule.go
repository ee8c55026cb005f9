package process

import (
	"fmt"
	"time"

	"ggsh/ggserr"
	"ggsh/param"
)

// Configure acts on what a parameter file says of every process: SETENV, GETENV,
// REPORTCOUNT, REPORT, REPORTROLLOVER. setenv sets a variable of this process.
func (p *Process) Configure(run param.Run, setenv func(name, value string) error) error {
	for _, env := range run.Env {
		if err := setenv(env.Name, env.Value); err != nil {
			return ggserr.New(ggserr.BadParameter, "SETENV "+env.Name).Because(err).
				At(env.Pos.File, env.Pos.Line, env.Pos.Column)
		}
		p.Info(ggserr.EnvironmentSet, env.Name)
	}
	for _, name := range run.GetEnv {
		p.Line("%s = %s", name, p.cfg.Getenv(name))
	}
	if c := run.ReportCount; c != nil {
		p.ReportCount(c.Records, c.Every, c.Rate)
	}
	now := p.cfg.Now()
	p.interim = NewSchedule(run.Report, now)
	p.ageing = NewSchedule(run.ReportRollover, now)
	p.freshStats = run.Stat.ResetReportStats
	return nil
}

// onSchedule writes interim statistics and ages the report when it is time.
func (p *Process) onSchedule(now time.Time) {
	if p.interim.Due(now) {
		p.WriteStatistics()
	}
	if p.ageing.Due(now) {
		if err := p.report.Rollover(); err != nil {
			p.logOnly(ggserr.New(ggserr.Generic, fmt.Sprint(err)))
			return
		}
		if p.freshStats {
			p.stats.Reset()
			p.statsSince.Store(&now)
		}
		p.report.Section(paramsTitle)
		p.report.Params(p.params.Echo)
		p.report.Section(messagesTitle)
	}
}

// Schedule is a list of times of day, some of them on one day of the week only.
type Schedule struct {
	clocks []param.Clock
	last   time.Time
}

// NewSchedule begins at a time: what lies before is not due.
func NewSchedule(clocks []param.Clock, now time.Time) *Schedule {
	return &Schedule{clocks: clocks, last: now}
}

// Due reports whether a time of the schedule has come since the last call. A
// nil schedule is never due.
func (s *Schedule) Due(now time.Time) bool {
	if s == nil || len(s.clocks) == 0 {
		return false
	}
	due := false
	for _, c := range s.clocks {
		at := latest(c, now.Local())
		due = due || at.After(s.last) && !at.After(now)
	}
	s.last = now
	return due
}

// latest is the last occurrence of a clock at or before now.
func latest(c param.Clock, now time.Time) time.Time {
	at := time.Date(now.Year(), now.Month(), now.Day(), c.Hour, c.Minute, 0, 0, now.Location())
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	for c.OnDay && at.Weekday() != c.Day {
		at = at.AddDate(0, 0, -1)
	}
	return at
}
