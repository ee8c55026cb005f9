package groupstate

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/subdirs"
)

func TestDecide(t *testing.T) {
	at := func(min int) time.Time { return time.Date(2026, 1, 1, 0, min, 0, 0, time.UTC) }
	state := func(s checkpoint.StopStatus, started int) checkpoint.State {
		return checkpoint.State{Stopped: s, Started: at(started)}
	}
	run := func(m int) *Order { return &Order{Wanted: Run, At: at(m), Launched: at(m)} }
	stop := func(m int) *Order { return &Order{Wanted: Stop, At: at(m), Launched: at(m - 1)} }
	ended := func(o *Order, m int) *Order { o.Ended = at(m); return o }
	exit := func(o *Order, how string) *Order { o.Exit = how; return o }
	for _, c := range []struct {
		name  string
		facts Facts
		order *Order
		want  string
	}{
		{"just added", Facts{}, nil, control.Stopped},
		{"serving", Facts{Locked: true, Serving: true, State: state("A", 5)}, run(4), control.Running},
		{"suspended", Facts{Locked: true, Serving: true, Suspended: true, State: state("A", 5)}, run(4),
			control.Suspended},
		{"suspended, and told to stop", Facts{Locked: true, Serving: true, Suspended: true,
			State: state("A", 5)}, stop(9), control.Running},
		{"holds the group, not serving yet", Facts{Locked: true, State: state("A", 5)}, run(4),
			control.Starting},
		{"on its way out", Facts{Locked: true, State: state("G", 5)}, run(4), control.Running},
		{"told to stop, not yet noted by itself", Facts{Locked: true, State: state("A", 5)}, stop(9),
			control.Running},
		{"launched", Facts{Launching: true, State: state("G", 1)}, run(4), control.Starting},
		{"stopped", Facts{State: state("G", 5)}, stop(9), control.Stopped},
		{"stopped by itself at END", Facts{State: state("G", 5)}, exit(run(4), ExitNormal),
			control.Stopped},
		{"abended", Facts{State: state("E", 5)}, run(4), control.Abended},
		{"abended while stopping", Facts{State: state("E", 5)}, stop(9), control.Abended},
		{"killed by somebody", Facts{State: state("A", 5)}, run(4), control.Abended},
		{"killed by order", Facts{State: state("A", 5)}, stop(9), control.Stopped},
		{"killed by order before it wrote that it began", Facts{State: state("A", 10)},
			ended(stop(9), 11), control.Stopped},
		{"killed by hand, no manager", Facts{State: state("A", 5)}, nil, control.Abended},
		{"ordered to stop, started by hand, killed", Facts{State: state("A", 15)}, ended(stop(9), 10),
			control.Abended},
		{"failed before it held the group", Facts{State: state("G", 5)},
			exit(run(8), "exit status 1"), control.Abended},
		{"the same, and its exit was not seen", Facts{State: state("G", 5)}, run(8),
			control.Abended},
		{"never ran, failed at first start", Facts{}, exit(run(8), "exit status 2"),
			control.Abended},
		{"added again after the order", Facts{Created: at(10)}, exit(run(8), "exit status 2"),
			control.Stopped},
	} {
		if got := Decide(c.facts, c.order); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func newHome(t *testing.T) subdirs.Home {
	t.Helper()
	h := subdirs.Home(t.TempDir())
	if _, err := h.Create(); err != nil {
		t.Fatal(err)
	}
	return h
}

func add(t *testing.T, h subdirs.Home, kind checkpoint.Type, name string,
	s checkpoint.State) *checkpoint.File {
	t.Helper()
	f := checkpoint.At(h.Checkpoint(name, kind == checkpoint.Extract))
	d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: kind}, State: s}
	if err := f.Store(d); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestObserveReadsFilesAlone(t *testing.T) {
	h := newHome(t)
	now := time.Now()
	add(t, h, checkpoint.Replicat, "R1", checkpoint.State{})
	e2 := add(t, h, checkpoint.Extract, "E2", checkpoint.State{Stopped: "A", Started: now})
	add(t, h, checkpoint.Extract, "E1", checkpoint.State{Stopped: "E", Started: now})
	report := "2026-01-01 00:00:00  ERROR   OGG-00446  no log\n" +
		"2026-01-01 00:00:00  ERROR   OGG-01668  PROCESS ABENDING\n"
	os.WriteFile(h.Report("E1", -1), []byte(report), 0o644)
	os.WriteFile(h.Checkpoint("E3", true), []byte("rubbish"), 0o644)
	if err := e2.Lock(); err != nil {
		t.Fatal(err)
	}
	defer e2.Unlock()
	l, err := control.ListenProcess(h.Socket("E2"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file := control.ProcessFile{Identity: control.Identity{Type: "EXTRACT", Group: "E2",
		PID: os.Getpid()}, Started: now, Socket: h.Socket("E2")}
	if err := control.WriteProcessFile(h.Process("E2", true), file); err != nil {
		t.Fatal(err)
	}
	all, err := Observer{h}.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range all {
		got = append(got, strings.TrimSpace(g.Type+" "+g.Group+" "+g.State+" "+g.Reason))
	}
	want := "EXTRACT E1 ABENDED OGG-00446  no log|EXTRACT E2 RUNNING|EXTRACT E3 STOPPED " +
		"checkpoint file"
	if text := strings.Join(got, "|"); !strings.HasPrefix(text, want) ||
		got[3] != "REPLICAT R1 STOPPED" || all[1].PID != os.Getpid() {
		t.Errorf("got %v", got)
	}
	file.Suspended = true
	if err := control.WriteProcessFile(h.Process("E2", true), file); err != nil {
		t.Fatal(err)
	}
	if g := Look(t.Context(), h, "EXTRACT", "E2", nil); g.State != control.Suspended || !g.Up() {
		t.Errorf("a suspended process: %+v", g.GroupStatus)
	}
	file.PID = 1 // a stale file: its pid belongs to another process now
	control.WriteProcessFile(h.Process("E2", true), file)
	if g := Look(t.Context(), h, "EXTRACT", "E2", nil); g.PID != 0 ||
		g.State != control.Starting {
		t.Errorf("a stale process file was believed: %+v", g.GroupStatus)
	}
}

func TestOrdersSurviveAndDamageIsNamed(t *testing.T) {
	h := newHome(t)
	o, err := LoadOrders(h)
	if err != nil {
		t.Fatal(err)
	}
	o.Groups[Key("EXTRACT", "E1")] = Order{Wanted: Run, At: time.Now().UTC(), Exit: ExitNormal}
	if err := o.Store(h); err != nil {
		t.Fatal(err)
	}
	back, err := LoadOrders(h)
	if err != nil || !reflect.DeepEqual(back, o) {
		t.Errorf("got %+v %v", back, err)
	}
	path := filepath.Join(string(h), "dirpcs", "MGR.orders")
	os.WriteFile(path, []byte(`{"version":9}`), 0o644)
	if _, err := LoadOrders(h); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}

func TestAPidThatIsUsedAgainIsNotBelieved(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	pid := cmd.Process.Pid
	ticks, ok := Ticks(pid)
	if !ok || !Alive(pid, ticks) || Alive(pid, ticks+1) || Alive(pid, 0) {
		t.Errorf("pid %d ticks %d %v", pid, ticks, ok)
	}
	cmd.Process.Kill()
	for end := time.Now().Add(5 * time.Second); Alive(pid, ticks); { // a zombie is not alive
		if time.Now().After(end) {
			t.Fatal("a dead process is taken for alive")
		}
	}
	cmd.Wait()
}
