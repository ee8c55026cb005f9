package handlertest

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ggsh/handler"
)

// IsPlugin says that this process was started as a plugin: a TestMain that
// then serves its handler makes the test's own binary the plugin.
func IsPlugin() bool { return os.Getenv("GGSH_PLUGIN") != "" }

// PluginDir makes a plugin directory in which name is the test's own binary.
func PluginDir(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "plugins")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(self, filepath.Join(dir, name)); err != nil {
		copyFile(t, self, filepath.Join(dir, name))
	}
	return dir
}

// BuiltPlugin makes a plugin directory with the project's plugin of that name, as it is
// shipped: without the race detector it starts ten times as fast as the test's binary,
// and the suite in one process has watched its code for races already.
func BuiltPlugin(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "plugins")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, name),
		"ggsh/plugins/"+name)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build plugin %s: %v\n%s", name, err, out)
	}
	return dir
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// Launch starts the plugin of that name and ends it with the test.
func Launch(t testing.TB, dir, name string) *handler.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := handler.Launch(ctx, handler.LaunchConfig{Dir: dir, Name: name,
		Log: func(line string) { t.Logf("%s: %s", name, line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// KillProcess ends a launched plugin as a crash would, and waits for its end.
func KillProcess(h handler.Handler) {
	c := h.(*handler.Client)
	_ = syscall.Kill(c.PID(), syscall.SIGKILL) // it may have ended by itself
	<-c.Ended()
}
