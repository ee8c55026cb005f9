package handler_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/record"
)

// hostVariable makes this binary a host that launches a plugin and waits.
const hostVariable = "GGSH_TEST_HOST"

func TestMain(m *testing.M) {
	switch {
	case handlertest.IsPlugin() && filepath.Base(os.Args[0]) == "sink":
		handler.Serve(&sink{})
	case handlertest.IsPlugin():
		handler.Serve(&handlertest.Fake{})
	case os.Getenv(hostVariable) != "":
		host(os.Getenv(hostVariable))
	default:
		m.Run()
	}
}

// host launches the fake, makes it hang in Apply, says its process id, and waits to be killed.
func host(dir string) {
	c, err := handler.Launch(context.Background(), handler.LaunchConfig{Dir: dir, Name: "fake"})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	_, err = c.Open(context.Background(), config(dir, "hang"))
	fmt.Println("plugin", c.PID(), err)
	_, err = c.Apply(context.Background(), handlertest.Batch(1, nil))
	fmt.Println("error", err)
}

func config(dir string, knob string) handler.Config {
	return handler.Config{Group: "g", Options: map[string]string{knob: "1"},
		Login: handler.Login{Database: filepath.Join(dir, "fake.json"), Password: "pass-word-42"}}
}

// TestHostKilled: a plugin does not outlive a host that got no chance to end it.
func TestHostKilled(t *testing.T) {
	dir := handlertest.PluginDir(t, "fake")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), hostVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var pid int
	if n, _ := fmt.Sscanf(line, "plugin %d", &pid); n != 1 || err != nil {
		t.Fatalf("the host said %q, %v", line, err)
	}
	if !alive(pid) {
		t.Fatal("the plugin does not run")
	}
	time.Sleep(50 * time.Millisecond) // let Apply hang
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for end := time.Now().Add(10 * time.Second); alive(pid); {
		if time.Now().After(end) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the plugin still runs ten seconds after its host was killed")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive reports whether a process runs; one that only waits to be buried does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

func TestLaunchRefuses(t *testing.T) {
	dir := handlertest.PluginDir(t, "fake")
	write := func(name, content string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write("plain", "no program", 0o644)
	write("open", "#!/bin/sh\n", 0o777)
	write("script", "#!/bin/sh\necho the reason >&2; echo no plugin; exit 3\n", 0o755)
	link("/bin/sh", "outside")
	link("fake", "inside")
	launch := func(cfg handler.LaunchConfig) error {
		c, err := handler.Launch(t.Context(), cfg)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	for _, c := range []struct{ name, want string }{
		{"absent", "no handler absent in"},
		{"../plugins/fake", "is not the name of a handler"},
		{"", "is not the name of a handler"},
		{"plain", "not an executable file"},
		{"open", "can be written by everybody"},
		{"outside", "is a link to"},
		{"script", "its last words: the reason"},
	} {
		err := launch(handler.LaunchConfig{Dir: dir, Name: c.name})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.name, err, c.want)
		}
	}
	if err := launch(handler.LaunchConfig{Dir: dir, Name: "inside"}); err != nil {
		t.Errorf("a link within the directory: %v", err)
	}
	err := launch(handler.LaunchConfig{Dir: dir, Name: "fake", SHA256: strings.Repeat("0", 64)})
	if err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("another digest: %v", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	err = launch(handler.LaunchConfig{Dir: dir, Name: "fake"})
	if err == nil || !strings.Contains(err.Error(), "can be written by everybody") {
		t.Errorf("open directory: %v", err)
	}
}

// logLines collects what a plugin prints.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *logLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logLines) has(part string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(strings.Join(l.lines, "\n"), part)
}

func launch(t *testing.T, knob string) (*handler.Client, *logLines, string) {
	t.Helper()
	dir := handlertest.PluginDir(t, "fake")
	log := &logLines{}
	c, err := handler.Launch(t.Context(), handler.LaunchConfig{Dir: dir, Name: "fake", Log: log.add})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Open(t.Context(), config(dir, knob)); err != nil {
		t.Fatal(err)
	}
	return c, log, dir
}

// TestCrash: a plugin that crashes is named, its last words are kept, and a
// fresh one goes on where the target is.
func TestCrash(t *testing.T) {
	for knob, durable := range map[string]bool{"crash": false, "vanish": true} {
		c, log, dir := launch(t, knob)
		_, err := c.Apply(t.Context(), handlertest.Batch(200, nil))
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != handler.Connection || e.Op != -1 ||
			!strings.Contains(e.Text, fmt.Sprintf("fake (process %d): ended (exit status 2)", c.PID())) {
			t.Fatalf("%s: %v", knob, err)
		}
		if _, err := c.Apply(t.Context(), handlertest.Batch(200, nil)); err == nil {
			t.Fatal("a dead plugin applied")
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if !log.has("as ordered") || !log.has("goroutine") {
			t.Fatalf("%s: the plugin's last words are lost: %q", knob, log.lines)
		}
		second := handlertest.Launch(t, dir, "fake")
		opened, err := second.Open(t.Context(), config(dir, "none"))
		if err != nil || (opened.Checkpoint != nil) != durable {
			t.Fatalf("%s: opened %+v, %v", knob, opened, err)
		}
	}
}

func TestDeadlineAndClose(t *testing.T) {
	c, _, _ := launch(t, "hang")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Apply(ctx, handlertest.Batch(200, nil))
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != handler.Connection ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("apply without end: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(c.PID()) {
		t.Fatal("the plugin runs after Close")
	}
}

func TestStandardErrorGoesToLog(t *testing.T) {
	c, log, _ := launch(t, "shout")
	if _, err := c.Apply(t.Context(), handlertest.Batch(200, nil)); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); !log.has("shouting"); {
		if time.Now().After(end) {
			t.Fatalf("log %q", log.lines)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestSizeBound(t *testing.T) {
	c, _, dir := launch(t, "none")
	table := handlertest.NewTable(1, "a", "big", 1, handlertest.Column("id", "int!", record.Int),
		handlertest.Column("v", "text", record.String))
	if err := handlertest.FakeCreate(filepath.Join(dir, "fake.json"), table.Target); err != nil {
		t.Fatal(err)
	}
	row := func(size int) []byte {
		return table.Insert(handlertest.Int(int64(size)), handlertest.Str(strings.Repeat("x", size)))
	}
	tables := []*handlertest.Table{table}
	fits := handlertest.Batch(200, tables, row(handler.MaxBatchBytes-100))
	if _, err := c.Apply(t.Context(), fits); err != nil {
		t.Fatal(err)
	}
	_, err := c.Apply(t.Context(), handlertest.Batch(300, tables, row(handler.MaxBatchBytes)))
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != handler.Setup || !strings.Contains(e.Text, "GROUPTRANSOPS") {
		t.Fatalf("too long a batch: %v", err)
	}
}

// TestNothingSecretIsShown: the password is in no argument and no variable.
func TestNothingSecretIsShown(t *testing.T) {
	c, log, _ := launch(t, "none")
	for _, name := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", c.PID(), name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "pass-word-42") {
			t.Errorf("the password is in %s", name)
		}
	}
	if log.has("pass-word-42") {
		t.Error("the password is in the log")
	}
}

// TestLongTemporaryFolder: a socket address has 108 bytes, a folder may have more.
func TestLongTemporaryFolder(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := handlertest.PluginDir(t, "fake")
	t.Setenv("TMPDIR", long)
	c := handlertest.Launch(t, dir, "fake")
	if c.PID() == 0 || len(c.SHA256()) != 64 || c.Describe().Name != "fake" {
		t.Fatalf("%d %q %+v", c.PID(), c.SHA256(), c.Describe())
	}
}

// sink applies nothing, so that only the boundary is measured.
type sink struct{ handlertest.Fake }

// Apply counts the operations.
func (*sink) Apply(_ context.Context, b *handler.Batch) (*handler.Applied, error) {
	n := 0
	for rest := b.Ops; ; n++ {
		_, tail, ok := handler.NextBatchOp(rest)
		if !ok {
			break
		}
		rest = tail
	}
	if n != b.Count {
		return nil, fmt.Errorf("%d operations of %d", n, b.Count)
	}
	return &handler.Applied{}, nil
}

// BenchmarkBoundary brings batches of 2000 rows of 200 octets to a plugin.
func BenchmarkBoundary(b *testing.B) {
	c := handlertest.Launch(b, handlertest.PluginDir(b, "sink"), "sink")
	table := handlertest.NewTable(1, "a", "t", 1, handlertest.Column("id", "int!", record.Int),
		handlertest.Column("v", "text", record.String))
	var ops [][]byte
	for i := range int64(2000) {
		ops = append(ops, table.Insert(handlertest.Int(i), handlertest.Str(strings.Repeat("x", 190))))
	}
	batch := handlertest.Batch(1, nil, ops...)
	batch.Ends = nil
	for i := range ops {
		batch.Ends = append(batch.Ends, i+1)
	}
	b.SetBytes(int64(len(batch.Ops)))
	for b.Loop() {
		if _, err := c.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(ops))/b.Elapsed().Seconds(), "rows/s")
}
