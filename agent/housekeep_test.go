package agent

import (
	"os"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/param"
	"ggsh/subdirs"
)

// reporting is a Manager whose parameter file says something of reports, with three groups
// that run and lag by 1, 20 and 60 minutes, and two that are down.
func reporting(t *testing.T, params string) *Manager {
	t.Helper()
	home := subdirs.Home(t.TempDir())
	m := idle(t, home)
	f, err := param.ParseText("mgr.prm", params, param.Options{Program: param.Manager})
	if err == nil {
		m.set, err = param.ReadManager(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, lag := range map[string]time.Duration{"E1": time.Minute, "E2": 20 * time.Minute,
		"E3": time.Hour} {
		d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: checkpoint.Extract},
			State: checkpoint.State{Lag: lag, Updated: noon(), Started: noon()}}
		store(t, home, d)
		f := checkpoint.At(home.Checkpoint(name, true)) // it runs
		if err := f.Lock(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Unlock)
	}
	for name, how := range map[string]checkpoint.StopStatus{"R1": checkpoint.Graceful,
		"R2": checkpoint.Abended} {
		d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: checkpoint.Replicat},
			State: checkpoint.State{Stopped: how, Started: noon().Add(-time.Hour)}}
		store(t, home, d)
	}
	os.WriteFile(home.Report("R2", -1),
		[]byte("2026-03-01 11:00:00  ERROR   OGG-00446  the log is gone\n"), 0o644)
	return m
}

// TestReportsComeWhenTheyAreDue: the intervals and limits of mgr.prm decide when and what
// the Manager says of its groups, in whatever unit they are given.
func TestReportsComeWhenTheyAreDue(t *testing.T) {
	const (
		info2     = "INFO    OGG-00948  Lag for EXTRACT E2 is 00:20:00 (checkpoint updated 01:00:00 ago).\n"
		info3     = "INFO    OGG-00948  Lag for EXTRACT E3 is 01:00:00 (checkpoint updated 01:00:00 ago).\n"
		critical3 = "WARNING OGG-00947  Lag for EXTRACT E3 is 01:00:00 (checkpoint updated 01:00:00 ago). " +
			"See why the group is late: LAG, STATS and the report.\n"
		down = "INFO    OGG-00979  REPLICAT R1 is down (stopped).\n" +
			"WARNING OGG-00979  REPLICAT R2 is down (abended: OGG-00446  the log is gone).\n"
		up = "INFO    OGG-00965  EXTRACT E1 is up and running.\n" +
			"INFO    OGG-00965  EXTRACT E2 is up and running.\n" +
			"INFO    OGG-00965  EXTRACT E3 is up and running.\n"
	)
	for _, c := range []struct{ params, lag, down, up string }{
		{params: ""},
		{params: "LAGREPORTHOURS 1\nLAGINFOMINUTES 10\nLAGCRITICALMINUTES 40\nDOWNREPORTHOURS 2\nUPREPORTHOURS 3",
			lag: info2 + critical3, down: down, up: up},
		{params: "LAGREPORTMINUTES 60\nLAGINFOSECONDS 1201\nLAGCRITICALSECONDS 3600\nDOWNREPORTMINUTES 120",
			lag: critical3, down: down},
		{params: "LAGREPORTMINUTES 60\nLAGINFOHOURS 1\nLAGCRITICALHOURS 2\nUPREPORTMINUTES 180", lag: info3, up: up},
		{params: "LAGREPORTHOURS 1\nLAGCRITICALHOURS 1", lag: critical3},
		{params: "LAGREPORTHOURS 1"},
	} {
		m := reporting(t, c.params)
		step := func(after time.Duration, want string) {
			t.Helper()
			m.housekeep(t.Context(), noon().Add(after))
			if got := events(m); got != want {
				t.Errorf("%s\nafter %s:\n%swant:\n%s", c.params, after, got, want)
			}
		}
		step(0, "")
		step(59*time.Minute, "")
		step(time.Hour, c.lag)
		m.set.LagReport = 0
		step(2*time.Hour-time.Second, "")
		step(2*time.Hour, c.down)
		m.set.DownReport = 0
		step(3*time.Hour, c.up)
	}
}

// TestDownReportComesEveryTenMinutes: DOWNREPORT without a number.
func TestDownReportComesEveryTenMinutes(t *testing.T) {
	m := reporting(t, "DOWNREPORT")
	m.housekeep(t.Context(), noon())
	for i, due := range []bool{false, true, false, true} {
		now := time.Duration(i+1) * 5 * time.Minute
		if m.housekeep(t.Context(), noon().Add(now)); strings.Contains(events(m), "OGG-00979") != due {
			t.Errorf("due %v at %s", due, now)
		}
	}
}

func TestFinishedTasksAreDeleted(t *testing.T) {
	home := subdirs.Home(t.TempDir())
	m := idle(t, home)
	m.set = param.ManagerConfig{Check: time.Minute, Tasks: []param.TaskRule{
		{AutoStart: param.AutoStart{Kind: param.AllGroups, Group: "LATER*"}, After: 48 * time.Hour},
		{AutoStart: param.AutoStart{Kind: param.ExtractGroups, Group: "T*"}, UseStopStatus: true}}}
	for name, s := range map[string]checkpoint.State{
		"T1":     {Stopped: checkpoint.Graceful},
		"T2":     {Stopped: checkpoint.Abended},
		"LATER1": {Stopped: checkpoint.Abended, Updated: noon().Add(-47 * time.Hour)},
		"LATER2": {Stopped: checkpoint.Abended, Updated: noon().Add(-49 * time.Hour)},
		"OTHER":  {Stopped: checkpoint.Graceful}} {
		s.Started = noon().Add(-50 * time.Hour)
		store(t, home, &checkpoint.Document{State: s, Group: checkpoint.Group{Name: name,
			Type: checkpoint.Extract, Source: checkpoint.SourceIsTable}})
	}
	store(t, home, &checkpoint.Document{Group: checkpoint.Group{Name: "TNEW",
		Type: checkpoint.Extract, Source: checkpoint.SourceIsTable}})
	store(t, home, &checkpoint.Document{State: checkpoint.State{Stopped: checkpoint.Graceful,
		Started: noon()}, Group: checkpoint.Group{Name: "TLOG", Type: checkpoint.Extract,
		Source: checkpoint.TranLog}})
	m.housekeep(t.Context(), noon())
	names, err := checkpoint.List(home.Join("dirchk"), checkpoint.Extract)
	if got := strings.Join(names, " "); err != nil || got != "LATER1 OTHER T2 TLOG TNEW" {
		t.Errorf("left: %s %v", got, err)
	}
	if got := events(m); strings.Count(got, "OGG-30123") != 2 {
		t.Errorf("log: %s", got)
	}
}

// TestHousekeepingComesEveryCheckMinutes: a task that ends after a round waits for the next.
func TestHousekeepingComesEveryCheckMinutes(t *testing.T) {
	for params, every := range map[string]time.Duration{"": 10 * time.Minute, "CHECKMINUTES 3\n": 3 * time.Minute} {
		m := reporting(t, params+"PURGEOLDTASKS EXTRACT T*, USESTOPSTATUS\n")
		for _, step := range []struct {
			at   time.Duration
			gone bool
		}{{0, true}, {every - time.Second, false}, {every, true}} {
			task := checkpoint.At(m.cfg.Home.Checkpoint("T1", true))
			store(t, m.cfg.Home, &checkpoint.Document{State: checkpoint.State{Stopped: checkpoint.Graceful,
				Started: noon()}, Group: checkpoint.Group{Name: "T1", Type: checkpoint.Extract, Source: checkpoint.SourceIsTable}})
			m.housekeep(t.Context(), noon().Add(step.at))
			if _, err := task.Load(); (err != nil) != step.gone {
				t.Errorf("%q after %s: %v", params, step.at, err)
			}
		}
	}
}

func TestBootDelay(t *testing.T) {
	m := idle(t, subdirs.Home(t.TempDir()))
	if !m.bootEnd().IsZero() {
		t.Error("a delay without BOOTDELAYMINUTES")
	}
	m.set.BootDelay = 1000000 * time.Hour
	if !m.bootEnd().After(noon()) {
		t.Error("no delay")
	}
	m.set.BootDelay = time.Nanosecond
	if m.bootEnd().After(noon()) {
		t.Error("the machine has been up for longer than the delay")
	}
}
