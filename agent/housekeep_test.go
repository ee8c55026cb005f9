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

func TestReportsComeWhenTheyAreDue(t *testing.T) {
	home := subdirs.Home(t.TempDir())
	m := idle(t, home)
	m.set = param.ManagerConfig{LagReport: time.Hour, LagInfoGiven: true,
		LagInfo: 10 * time.Minute, LagCriticalGiven: true, LagCritical: 40 * time.Minute,
		DownReport: 2 * time.Hour, UpReport: 3 * time.Hour}
	for name, lag := range map[string]time.Duration{"E1": time.Minute, "E2": 20 * time.Minute,
		"E3": time.Hour} {
		d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: checkpoint.Extract},
			State: checkpoint.State{Lag: lag, Updated: noon(), Started: noon()}}
		store(t, home, d)
		f := checkpoint.At(home.Checkpoint(name, true)) // it runs
		if err := f.Lock(); err != nil {
			t.Fatal(err)
		}
		defer f.Unlock()
	}
	for name, how := range map[string]checkpoint.StopStatus{"R1": checkpoint.Graceful,
		"R2": checkpoint.Abended} {
		d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: checkpoint.Replicat},
			State: checkpoint.State{Stopped: how, Started: noon().Add(-time.Hour)}}
		store(t, home, d)
	}
	os.WriteFile(home.Report("R2", -1),
		[]byte("2026-03-01 11:00:00  ERROR   OGG-00446  the log is gone\n"), 0o644)
	step := func(after time.Duration, want string) {
		t.Helper()
		m.housekeep(t.Context(), noon().Add(after))
		if got := events(m); got != want {
			t.Errorf("after %s:\n%swant:\n%s", after, got, want)
		}
	}
	lag := "INFO    OGG-00948  Lag for EXTRACT E2 is 00:20:00 (checkpoint updated 01:00:00 ago).\n" +
		"WARNING OGG-00947  Lag for EXTRACT E3 is 01:00:00 (checkpoint updated 01:00:00 ago). " +
		"See why the group is late: LAG, STATS and the report.\n"
	down := "INFO    OGG-00979  REPLICAT R1 is down (stopped).\n" +
		"WARNING OGG-00979  REPLICAT R2 is down (abended: OGG-00446  the log is gone).\n"
	up := "INFO    OGG-00965  EXTRACT E1 is up and running.\n" +
		"INFO    OGG-00965  EXTRACT E2 is up and running.\n" +
		"INFO    OGG-00965  EXTRACT E3 is up and running.\n"
	step(0, "")
	step(59*time.Minute, "")
	step(time.Hour, lag)
	m.set.LagReport = 0
	step(2*time.Hour, down)
	m.set.DownReport = 0
	step(3*time.Hour, up)
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
