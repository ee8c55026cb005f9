package agent

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/groupstate"
)

func TestStartStopKill(t *testing.T) {
	h := newHouse(t, "")
	h.add(checkpoint.Extract, "E1", "")
	h.add(checkpoint.Replicat, "R1", "hang")
	h.start()
	h.want(h.do(control.Start, "E9"), "Group E9 does not exist")
	h.want(h.do(control.Start, "../E1"), "is no group name")
	h.want(h.do(control.Start, "E1", "-home"), "START does not take")
	h.want(h.do(control.Status, "E1"), "EXTRACT E1 is not running")
	h.want(h.do(control.Stop, "E1"), "EXTRACT E1 is already stopped.")
	h.want(h.do(control.Start, "e1"), "EXTRACT E1 starting")
	h.becomes("E1", control.Running)
	h.want(h.do(control.Start, "E1"), "EXTRACT E1 is already running.")
	r, err := h.ask(control.Request{Verb: control.Status, Type: "EXTRACT", Group: "E1"})
	if err != nil || r.Status.State != "At EOF" || r.Status.PID != h.state("E1").PID {
		t.Errorf("status %+v %v", r, err)
	}
	h.want(h.do(control.Stop, "E1"), "Request processed.")
	h.becomes("E1", control.Stopped)

	h.do(control.Start, "R1")
	h.becomes("R1", control.Running)
	pid := h.state("R1").PID
	h.want(h.do(control.Kill, "R1"), fmt.Sprintf("Killed process (%d) for REPLICAT R1", pid))
	h.becomes("R1", control.Stopped)
	if syscall.Kill(pid, 0) == nil {
		t.Error("the process lives, or nobody reaped it")
	}
	h.want(h.log(), "OGG-00973")
	h.want(h.log(), "by SIGKILL")
	h.want(h.log(), "OGG-00963  ggsh Manager, mgr.prm:  Command received from test (START E1)")
	h.want(h.log(), "OGG-00975")
	os.Remove(h.home.Join("dirprm", "e1.prm"))
	h.want(h.do(control.Start, "E1"), "EDIT PARAMS E1")
	if err := h.end(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(h.home.ManagerProcess()); err == nil {
		t.Error("the process file is left")
	}
	h.want(h.log(), "OGG-00938")
	b, _ := os.ReadFile(h.home.Report("MGR", -1))
	h.want(string(b), "OGG-00983")
}

func TestStopThatIsRefusedChangesNothing(t *testing.T) {
	h := newHouse(t, "")
	h.add(checkpoint.Extract, "E1", "refuse")
	h.start()
	h.do(control.Start, "E1")
	h.becomes("E1", control.Running)
	h.want(h.do(control.Stop, "E1"), "not now")
	o, _ := groupstate.LoadOrders(h.home)
	if o.Groups["EXTRACT E1"].Wanted != groupstate.Run {
		t.Error("the refused STOP is kept as wanted")
	}
}

func TestSilentProcessIsKilled(t *testing.T) {
	h := newHouse(t, "")
	h.add(checkpoint.Extract, "E1", "mute")
	h.start()
	h.do(control.Start, "E1")
	h.until("it holds the group", func() bool {
		return checkpoint.At(h.home.Checkpoint("E1", true)).Locked()
	})
	h.want(h.do(control.Status, "E1"), "takes no orders yet")
	if s := h.state("E1").State; s != control.Starting {
		t.Errorf("state %s", s)
	}
	h.want(h.do(control.Stop, "E1"), "Request processed.") // SIGTERM, which it ignores
	if s := h.state("E1").State; s != control.Starting {
		t.Errorf("STOP killed: %s", s)
	}
	h.want(h.do(control.Kill, "E1"), "Killed process")
	h.becomes("E1", control.Stopped)
}

func TestAbendAndAutorestart(t *testing.T) {
	h := newHouse(t, "AUTOSTART EXTRACT E*\nAUTORESTART ER *, RETRIES 2, WAITSECONDS 0\n")
	h.add(checkpoint.Extract, "E1", "exit1")
	h.add(checkpoint.Extract, "E2", "")
	h.add(checkpoint.Extract, "E3", "exit0")
	h.add(checkpoint.Replicat, "R1", "")
	h.start()
	h.becomes("E2", control.Running)
	h.until("it gave up", func() bool { return strings.Contains(h.log(), "OGG-30122") })
	g := h.state("E1")
	if g.State != control.Abended || g.Reason != "OGG-00446  the log is gone" {
		t.Errorf("got %+v", g)
	}
	h.becomes("E3", control.Stopped)
	if n := strings.Count(h.log(), "EXTRACT E1 starting"); n != 3 {
		t.Errorf("%d starts of E1, want 3", n)
	}
	if n := strings.Count(h.log(), "EXTRACT E3 starting"); n != 1 {
		t.Errorf("%d starts of E3, which ended by itself", n)
	}
	h.want(h.log(), "(attempt 2 of 2)")
	h.want(h.log(), "OGG-30121")
	h.want(h.log(), "OGG-00979")
	if s := h.state("R1").State; s != control.Stopped {
		t.Errorf("R1 is not in AUTOSTART and is %s", s)
	}
	pid := h.state("E2").PID // a process that somebody kills comes back
	h.do(control.ReportNow, "E2", "DIE")
	h.until("E2 runs again", func() bool {
		g := h.state("E2")
		return g.State == control.Running && g.PID != pid
	})
	h.want(h.do(control.Stop, "E2"), "Request processed.")
	h.becomes("E2", control.Stopped)
	time.Sleep(100 * time.Millisecond)
	if s := h.state("E2").State; s != control.Stopped {
		t.Errorf("a stopped group was restarted: %s", s)
	}
}

func TestKilledManagerFindsItsChildrenAgain(t *testing.T) {
	h := newHouse(t, "AUTORESTART ER *, WAITSECONDS 0\n")
	h.add(checkpoint.Extract, "E1", "")
	h.add(checkpoint.Replicat, "R1", "")
	mgr := exec.Command(os.Args[0])
	mgr.Env = append(os.Environ(), managerHome+"="+string(h.home))
	if err := mgr.Start(); err != nil {
		t.Fatal(err)
	}
	defer mgr.Wait()
	defer mgr.Process.Kill()
	h.waitUp()
	h.do(control.Start, "E1")
	h.do(control.Start, "R1")
	h.becomes("E1", control.Running)
	h.becomes("R1", control.Running)
	e1, r1 := h.state("E1").PID, h.state("R1").PID
	mgr.Process.Kill()
	mgr.Wait()
	if s := h.state("E1"); s.State != control.Running || s.PID != e1 {
		t.Fatalf("E1 without a manager: %+v", s)
	}
	syscall.Kill(r1, syscall.SIGKILL) // it ends while nobody watches
	h.becomes("R1", control.Abended)
	h.start()
	h.becomes("R1", control.Running)
	if s := h.state("E1"); s.PID != e1 || s.State != control.Running {
		t.Errorf("E1 after the restart: %+v, was %d", s, e1)
	}
	h.until("E1 is believed", func() bool {
		return strings.Contains(h.log(), "OGG-00965  ggsh Manager, mgr.prm:  EXTRACT E1 is up")
	})
	r, err := h.ask(control.Request{Verb: control.Children})
	if err != nil || len(r.Children) != 2 || r.Children[0].PID != e1 ||
		r.Children[1].Retries != 1 {
		t.Errorf("children %+v %v", r, err)
	}
	h.want(h.do(control.Kill, "E1"), "Killed process")
	h.becomes("E1", control.Stopped)
	if err := h.end(); err != nil {
		t.Error(err)
	}
}

func TestAPidIsNotBelievedUnlessItsProcessAnswersForTheGroup(t *testing.T) {
	h := newHouse(t, "AUTORESTART ER *\n")
	h.add(checkpoint.Extract, "E1", "")
	// A dead process left its files, and its pid is another process's now: ours.
	control.WriteProcessFile(h.home.Process("E1", true), control.ProcessFile{
		Identity: control.Identity{Type: "EXTRACT", Group: "E1", PID: os.Getpid()},
		Started:  time.Now(), Socket: h.home.Socket("E1")})
	o := groupstate.Orders{Groups: map[string]groupstate.Order{"EXTRACT E1": {
		Wanted: groupstate.Stop, PID: os.Getpid(), Ticks: 1}}}
	if err := o.Store(h.home); err != nil {
		t.Fatal(err)
	}
	h.add(checkpoint.Extract, "E2", "liar")
	h.start()
	if g := h.state("E1"); g.State != control.Stopped || g.PID != 0 {
		t.Errorf("got %+v", g)
	}
	h.want(h.do(control.Kill, "E1"), "already stopped")
	h.m.identify(t.Context(), groupstate.Group{GroupStatus: control.GroupStatus{
		Type: "EXTRACT", Group: "E1", PID: os.Getpid()}})
	h.do(control.Start, "E2")
	h.becomes("E2", control.Running)
	if err := h.end(); err != nil {
		t.Fatal(err)
	}
	h.start() // another Manager finds a process at E2's socket that is another group's
	time.Sleep(100 * time.Millisecond)
	if strings.Contains(h.log(), "E2 is up") || strings.Contains(h.log(), "E1 is up") {
		t.Errorf("a process was believed:\n%s", h.log())
	}
}

func TestSecondManagerIsRefused(t *testing.T) {
	h := newHouse(t, "")
	h.start()
	report, _ := os.ReadFile(h.home.Report("MGR", -1))
	err := New(Config{Home: h.home}).Run(t.Context())
	want := fmt.Sprintf("A Manager runs already in home %s (process %d)", h.home, os.Getpid())
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	if again, _ := os.ReadFile(h.home.Report("MGR", -1)); string(again) != string(report) {
		t.Error("the second Manager touched the report of the first")
	}
	if _, err := h.ask(control.Request{Verb: control.Groups}); err != nil {
		t.Errorf("the first Manager suffered: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	h := newHouse(t, "")
	l, err := control.ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h.write("mgr.prm", fmt.Sprintf("PORT %d\n", control.Port(l)))
	err = New(Config{Home: h.home}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("got %v", err)
	}
	h.want(h.log(), fmt.Sprintf("port %d is in use", control.Port(l)))
	h.want(h.log(), "OGG-01668")
	if _, err := os.Stat(h.home.ManagerProcess()); err == nil {
		t.Error("a process file is left")
	}
	h.write("mgr.prm", "PROT 7809\n")
	err = New(Config{Home: h.home}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "mgr.prm:1") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(h.home.Report("MGR", 0)); err != nil {
		t.Error("the report was not aged")
	}
}

func TestGarbageOnThePortHasNoEffect(t *testing.T) {
	h := newHouse(t, "")
	h.add(checkpoint.Extract, "E1", "")
	h.start()
	h.do(control.Start, "E1")
	h.becomes("E1", control.Running)
	pid := h.state("E1").PID
	var open []net.Conn
	for i := range 30 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.port))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		switch i % 3 {
		case 0:
			c.Write([]byte{0, 1, 2, 0xff, '\n', '\n', 0x16, 3, 1})
		case 1: // a body that never comes
			io.WriteString(c, "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n"+
				"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
		case 2: // a huge body
			io.WriteString(c, "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n"+
				"Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n")
			c.SetWriteDeadline(time.Now().Add(time.Second))
			c.Write(make([]byte, 2<<20))
		}
	}
	c := control.ToManager("localhost", h.port, control.Trust{})
	r, err := c.Do(t.Context(), control.Request{Verb: control.Groups})
	if err != nil || len(r.Groups) != 1 || r.Groups[0].PID != pid ||
		r.Groups[0].State != control.Running {
		t.Errorf("got %+v %v", r, err)
	}
	for _, c := range open {
		c.Close()
	}
	h.until("it is logged", func() bool { return strings.Contains(h.log(), "OGG-00936") })
}

func TestCollector(t *testing.T) {
	h := newHouse(t, "DYNAMICPORTLIST 27840-27849\n")
	h.start()
	if err := os.Symlink(h.home.Join("dirdat"), h.home.Join("link")); err != nil {
		t.Fatal(err)
	}
	order := func(trail string) control.CollectorInfo {
		t.Helper()
		r, err := h.ask(control.Request{Verb: control.Collector, Args: []string{trail}})
		if err != nil {
			t.Fatal(err)
		}
		return *r.Collector
	}
	first := order("./dirdat/rt")
	if first.Port < 27840 || first.Port > 27849 || len(first.Token) != 64 {
		t.Errorf("got %+v", first)
	}
	if other := order("./dirdat/ru"); other.Port == first.Port {
		t.Error("two collectors at one port")
	}
	r, _ := h.ask(control.Request{Verb: control.Ports})
	if len(r.Children) != 2 {
		t.Fatalf("ports %+v", r.Children)
	}
	stale := r.Children[0].PID
	_, err := h.ask(control.Request{Verb: control.Collector, Type: "EXTRACT", Group: "OTHER",
		Args: []string{"./dirdat/rt"}})
	if err == nil || !strings.Contains(err.Error(), "is being written for test") {
		t.Errorf("another pump got the trail: %v", err)
	}
	if again := order("link/rt"); again.Token == first.Token {
		t.Error("a token was used twice")
	}
	if syscall.Kill(stale, 0) == nil {
		t.Error("the stale collector lives")
	}
	h.want(h.log(), "OGG-00974")
	if strings.Contains(h.log(), first.Token) {
		t.Error("the token is in the log")
	}
	if err := h.end(); err != nil {
		t.Fatal(err)
	}
	h.start()
	if r, _ = h.ask(control.Request{Verb: control.Ports}); len(r.Children) != 2 {
		t.Errorf("after a restart: %+v", r.Children)
	}
}

func TestPagesForPeople(t *testing.T) {
	h := newHouse(t, "")
	h.add(checkpoint.Extract, "E1", "")
	h.start()
	h.do(control.Start, "E1")
	h.becomes("E1", control.Running)
	get := func(path string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		b, err := exec.CommandContext(ctx, "curl", "-s",
			fmt.Sprintf("http://localhost:%d%s", h.port, path)).Output()
		if err != nil {
			t.Skipf("curl: %v", err)
		}
		return string(b)
	}
	h.want(get("/healthz"), "ok")
	h.want(get("/v1/groups"), `"group":"E1","state":"RUNNING"`)
	h.want(get("/v1/groups"), `"lagSeconds":90`)
	h.want(get("/v1/manager"), fmt.Sprintf(`"port":%d`, h.port))
	h.want(get("/metrics"), `ggsh_group_up{type="EXTRACT",group="E1"} 1`)
	h.want(get("/metrics"), `ggsh_group_state{type="EXTRACT",group="E1",state="ABENDED"} 0`)
	h.want(get("/metrics"), `ggsh_group_lag_seconds{type="EXTRACT",group="E1"} 90`)
	h.want(get("/nothing"), "there is nothing at /nothing")
	c := control.ToManager("localhost", h.port, control.Trust{})
	var r control.CommandReply
	err := c.Post(t.Context(), control.CommandPath, control.CommandRequest{Line: "info all"}, &r)
	if err != nil || r.Text != `did {"line":"info all"}` {
		t.Errorf("command: %+v %v", r, err)
	}
}

func TestRefreshAndStopManager(t *testing.T) {
	h := newHouse(t, "")
	h.add(checkpoint.Extract, "E1", "")
	h.start()
	h.write("mgr.prm", "PROT 1\n")
	h.want(h.do(control.Refresh, ""), "PROT")
	h.write("mgr.prm", "PORT 1234\nAUTORESTART ER *\n")
	h.want(h.do(control.Refresh, ""), "PORT is not changed")
	h.do(control.Start, "E1")
	h.becomes("E1", control.Running)
	h.want(h.do(control.Shutdown, ""), "Manager stopped.")
	h.until("it is down", func() bool {
		_, err := h.ask(control.Request{Verb: control.Status})
		return err != nil
	})
	if err := h.end(); err != nil {
		t.Error(err)
	}
	if s := h.state("E1").State; s != control.Running {
		t.Errorf("the group ended with its Manager: %s", s)
	}
}

func TestTaskOfAnInitialLoad(t *testing.T) {
	h := newHouse(t, "DYNAMICPORTLIST 27850-27859\n")
	h.add(checkpoint.Replicat, "R1", "")
	h.add(checkpoint.Replicat, "T1", "")
	file := checkpoint.At(h.home.Checkpoint("T1", false))
	doc, err := file.Load()
	if err != nil {
		t.Fatal(err)
	}
	doc.Group.Source = checkpoint.SpecialRun
	if err := file.Store(doc); err != nil {
		t.Fatal(err)
	}
	h.start()
	task := func(group string) (*control.Reply, error) {
		return h.ask(control.Request{Verb: control.Task, Type: "REPLICAT", Group: group,
			From: "EXTRACT E1"})
	}
	for group, want := range map[string]string{"R1": "ADD REPLICAT R1, SPECIALRUN", "T9": "does not exist"} {
		if _, err := task(group); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("task %s: %v", group, err)
		}
	}
	stale := h.home.Join("dirdat", "task_t1000000000")
	if err := os.WriteFile(stale, []byte("an earlier load"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := task("T1")
	if err != nil || r.Collector == nil || len(r.Collector.Token) != 64 {
		t.Fatalf("%+v, %v", r, err)
	}
	h.becomes("T1", control.Running)
	if _, err := os.Stat(stale); err == nil {
		t.Error("an earlier load's file is still there")
	}
	first := h.state("T1").PID
	if _, err := task("T1"); err != nil { // the load begins anew
		t.Fatal(err)
	}
	h.until("another run of the task", func() bool {
		g := h.state("T1")
		return g.State == control.Running && g.PID != first
	})
	if _, err := h.ask(control.Request{Verb: control.TaskEnd, Type: "REPLICAT", Group: "T1"}); err != nil {
		t.Fatal(err)
	}
	h.becomes("T1", control.Stopped)
}
