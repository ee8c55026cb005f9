package agent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/groupstate"
	"ggsh/subdirs"
)

// managerHome in the environment makes the test binary a Manager of that home.
const managerHome = "GGSH_TEST_MANAGER_HOME"

// programsDir in the environment tells where the fakes are.
const programsDir = "GGSH_TEST_PROGRAMS"

func TestMain(m *testing.M) {
	if home := os.Getenv(managerHome); home != "" {
		cfg := Config{Home: subdirs.Home(home), Programs: os.Getenv(programsDir), Timing: quick()}
		if err := New(cfg).Run(context.Background()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(build(m))
}

// build makes the fakes once, then runs the tests.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "fake")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "extract"),
		"./testdata/fake").CombinedOutput()
	for _, name := range []string{"replicat", "collector"} {
		if err == nil {
			err = os.Link(filepath.Join(dir, "extract"), filepath.Join(dir, name))
		}
	}
	if err != nil {
		fmt.Printf("%s%v\n", out, err)
		return 1
	}
	os.Setenv(programsDir, dir)
	return m.Run()
}

func quick() Timing {
	return Timing{Tick: 10 * time.Millisecond, Answer: 2 * time.Second,
		Rung: 300 * time.Millisecond, Launch: 5 * time.Second}
}

// house is a home with a Manager in it.
type house struct {
	t    *testing.T
	home subdirs.Home
	port int
	m    *Manager
	end  func() error
}

func newHouse(t *testing.T, params string) *house {
	t.Helper()
	h := &house{t: t, home: subdirs.Home(t.TempDir())}
	if _, err := h.home.Create(); err != nil {
		t.Fatal(err)
	}
	h.port = freePort(t)
	h.write("mgr.prm", fmt.Sprintf("PORT %d\n%s", h.port, params))
	t.Cleanup(h.killAll)
	return h
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := control.ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return control.Port(l)
}

func (h *house) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.home.Join("dirprm", name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// add makes a group whose process behaves as mode says.
func (h *house) add(kind checkpoint.Type, name, mode string) *checkpoint.File {
	h.t.Helper()
	f := checkpoint.At(h.home.Checkpoint(name, kind == checkpoint.Extract))
	d := &checkpoint.Document{Group: checkpoint.Group{Name: name, Type: kind}}
	if err := f.Store(d); err != nil {
		h.t.Fatal(err)
	}
	h.write(strings.ToLower(name)+".prm", mode)
	return f
}

// killAll ends the fakes that a test left.
func (h *house) killAll() {
	if h.end != nil {
		h.end()
	}
	o, err := groupstate.LoadOrders(h.home)
	if err != nil {
		return
	}
	for _, g := range o.Groups {
		signal(g.PID, g.Ticks, syscall.SIGKILL)
		syscall.Wait4(g.PID, nil, 0, nil)
	}
	for _, c := range o.Collectors {
		signal(c.PID, c.Ticks, syscall.SIGKILL)
		syscall.Wait4(c.PID, nil, 0, nil)
	}
}

// start runs the Manager in this process and proves that it leaves no goroutine.
func (h *house) start() {
	h.t.Helper()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	h.m = New(Config{Home: h.home, Programs: os.Getenv(programsDir), Timing: quick(),
		Pages: map[string]control.Page{"POST " + control.CommandPath: shell}})
	done := make(chan error, 1)
	go func() { done <- h.m.Run(ctx) }()
	h.end = func() error {
		h.end = nil
		cancel()
		var err error
		select {
		case err = <-done:
		case <-time.After(15 * time.Second):
			h.t.Fatal("the Manager does not end")
		}
		h.until("no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
		return err
	}
	h.waitUp()
}

func (h *house) waitUp() {
	h.t.Helper()
	h.until("the Manager is up", func() bool {
		r, err := h.ask(control.Request{Verb: control.Status})
		return err == nil && r.Manager.Port == h.port
	})
}

func (h *house) ask(r control.Request) (*control.Reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c := control.ToProcess(h.home.Socket("MGR"))
	r.From = "test"
	return c.Do(ctx, r)
}

// do sends an order for a group and gives the sentence of its reply.
func (h *house) do(verb control.Verb, group string, args ...string) string {
	h.t.Helper()
	r, err := h.ask(control.Request{Verb: verb, Group: group, Args: args})
	if err != nil {
		return err.Error()
	}
	return r.Text
}

func (h *house) want(got, want string) {
	h.t.Helper()
	if !strings.Contains(got, want) {
		h.t.Errorf("got %q, want %q", got, want)
	}
}

func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			h.t.Fatalf("not so: %s; log:\n%s", what, h.log())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (h *house) state(group string) control.GroupStatus {
	all, err := groupstate.Observer{Home: h.home}.Observe(context.Background())
	if h.m != nil && h.end != nil {
		var r *control.Reply
		if r, err = h.ask(control.Request{Verb: control.Groups}); err == nil {
			all = r.Groups
		}
	}
	if err != nil {
		h.t.Fatal(err)
	}
	for _, g := range all {
		if g.Group == group {
			return g
		}
	}
	return control.GroupStatus{}
}

func (h *house) becomes(group, state string) {
	h.t.Helper()
	h.until(group+" is "+state, func() bool { return h.state(group).State == state })
}

func (h *house) log() string {
	b, _ := os.ReadFile(h.home.EventLog())
	return string(b)
}

// shell answers POST /v1/command with what it was sent.
func shell(_ context.Context, c control.Call) control.Answer {
	return control.JSONAnswer(0, control.CommandReply{Text: "did " + string(c.Body)})
}
