package server

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colinmarc/hdfs/v2"
)

// startHDFS is StartHDFS for a test, which shows the logs if it fails.
func startHDFS(t *testing.T, opts HDFSOptions) *HDFS {
	t.Helper()
	Require(t, KindHDFS)
	h, err := StartHDFS(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.Logs())
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func limited(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func (h *HDFS) connect(t *testing.T, user string) *hdfs.Client {
	t.Helper()
	if user == "" {
		user = h.User
	}
	c, err := hdfs.NewClient(hdfs.ClientOptions{Addresses: []string{h.Address()}, User: user})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (h *HDFS) mustShell(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.Shell(limited(t, time.Minute), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func writeHDFS(c *hdfs.Client, name, text string) error {
	f, err := c.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write([]byte(text)); err != nil {
		return err
	}
	// As the Java client does, wait for the DataNodes to report the block.
	for range 50 {
		if err = f.Close(); !hdfs.IsErrReplicating(err) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// One cluster goes through all that can happen to it, since a start costs seconds.
func TestHDFSLivesThroughKills(t *testing.T) {
	h := startHDFS(t, HDFSOptions{})
	ctx := limited(t, 3*time.Minute)
	c := h.connect(t, "")
	const text = "Zoë 🐬\n"

	local := filepath.Join(t.TempDir(), "Zoë.txt")
	if err := os.WriteFile(local, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h.mustShell(t, "-put", local, "/by-shell")
	if got, err := c.ReadFile("/by-shell"); err != nil || string(got) != text {
		t.Errorf("the Go client reads %q, %v", got, err)
	}
	if err := writeHDFS(c, "/by-go", text); err != nil {
		t.Fatal(err)
	}
	if got := h.mustShell(t, "-cat", "/by-go"); got != text {
		t.Errorf("the shell reads %q", got)
	}
	// The configured replication reaches clients that take the server's default.
	if got := h.mustShell(t, "-stat", "%r", "/by-go"); got != "2\n" {
		t.Errorf("the file has replication %q", got)
	}

	t.Run("DataNode", func(t *testing.T) {
		pid := h.PIDs()[1]
		if err := h.KillDataNode(0); err != nil {
			t.Fatal(err)
		}
		if h.PIDs()[1] != 0 {
			t.Errorf("the DataNode has still process %d", h.PIDs()[1])
		}
		begun := time.Now()
		if err := h.AwaitDataNodes(limited(t, 30*time.Second), 1); err != nil {
			t.Fatal(err)
		}
		t.Logf("its death was noticed after %v", time.Since(begun))
		if got := h.mustShell(t, "-cat", "/by-shell"); got != text {
			t.Errorf("read %q from the other DataNode", got)
		}
		if err := writeHDFS(c, "/by-one", text); err != nil {
			t.Fatal(err)
		}
		if err := h.StartDataNode(ctx, 0); err != nil {
			t.Fatal(err)
		}
		if now := h.PIDs()[1]; now == 0 || now == pid {
			t.Errorf("the DataNode has process %d, was %d", now, pid)
		}
		// What was written meanwhile gets its second replica.
		if err := h.Await(limited(t, 30*time.Second), func(s HDFSState) bool {
			return s.NumLiveDataNodes == 2 && s.UnderReplicatedBlocks == 0
		}); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("NameNode", func(t *testing.T) {
		if err := h.KillNameNode(); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Shell(ctx, "-ls", "/"); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("without a NameNode the shell says %v", err)
		}
		begun := time.Now()
		if err := h.StartNameNode(ctx); err != nil {
			t.Fatal(err)
		}
		if err := h.AwaitDataNodes(ctx, 2); err != nil {
			t.Fatal(err)
		}
		t.Logf("back after %v", time.Since(begun))
		again := h.connect(t, "")
		for _, name := range []string{"/by-shell", "/by-go", "/by-one"} {
			if got, err := again.ReadFile(name); err != nil || string(got) != text {
				t.Errorf("%s is %q after the NameNode's crash, %v", name, got, err)
			}
		}
	})

	t.Run("SafeMode", func(t *testing.T) {
		c := h.connect(t, "")
		if err := h.SafeMode(ctx, true); err != nil {
			t.Fatal(err)
		}
		if err := c.Mkdir("/no", 0o755); err == nil || !strings.Contains(err.Error(), "SafeMode") {
			t.Errorf("a folder made in safe mode: %v", err)
		}
		if err := h.SafeMode(ctx, false); err != nil {
			t.Fatal(err)
		}
		if err := c.Mkdir("/yes", 0o755); err != nil {
			t.Errorf("after safe mode: %v", err)
		}
	})

	t.Run("Quota", func(t *testing.T) {
		c := h.connect(t, "")
		if err := c.Mkdir("/small", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := h.SetQuota(ctx, "/small", 2, 0); err != nil {
			t.Fatal(err)
		}
		if err := c.CreateEmptyFile("/small/1"); err != nil {
			t.Fatal(err)
		}
		if err := c.CreateEmptyFile("/small/2"); err == nil || !strings.Contains(strings.ToLower(err.Error()), "quota") {
			t.Errorf("over the quota: %v", err)
		}
		if err := h.SetQuota(ctx, "/small", 0, 0); err != nil {
			t.Fatal(err)
		}
		if err := c.CreateEmptyFile("/small/2"); err != nil {
			t.Errorf("after the quota was lifted: %v", err)
		}
	})

	t.Run("ConfDir", func(t *testing.T) {
		conf, err := os.ReadFile(filepath.Join(h.ConfDir(), "core-site.xml"))
		if err != nil || !strings.Contains(string(conf), "<value>"+h.URI()+"</value>") {
			t.Errorf("core-site.xml, %v:\n%s", err, conf)
		}
	})
}

func TestHDFSPermissionsAndSite(t *testing.T) {
	h := startHDFS(t, HDFSOptions{DataNodes: 1, Permissions: true,
		Site: map[string]string{"dfs.blocksize": "1048576"}})
	h.mustShell(t, "-mkdir", "/root-only")
	if err := h.connect(t, "somebody").Mkdir("/root-only/x", 0o755); !os.IsPermission(err) {
		t.Errorf("somebody else made a folder: %v", err)
	}
	if _, err := h.ShellAs(t.Context(), "somebody", "-mkdir", "/root-only/x"); err == nil ||
		!strings.Contains(err.Error(), "Permission denied") {
		t.Errorf("somebody else made a folder: %v", err)
	}
	h.mustShell(t, "-touchz", "/f")
	if got := h.mustShell(t, "-stat", "%o %r", "/f"); got != "1048576 1\n" {
		t.Errorf("block size and replication are %q", got)
	}
	dir, pids := h.Dir, h.PIDs()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there after Close: %v", dir, err)
	}
	for _, pid := range pids {
		if pid == 0 || alive(pid) {
			t.Errorf("process %d of %v runs after Close", pid, pids)
		}
	}
}

func TestHDFSBadOptionIsReportedWithTheServersOwnWords(t *testing.T) {
	Require(t, KindHDFS)
	h, err := StartHDFS(limited(t, time.Minute), HDFSOptions{DataNodes: 1,
		Site: map[string]string{"dfs.datanode.failed.volumes.tolerated": "7"}})
	if err == nil {
		h.Close()
		t.Fatal("started with more failed volumes tolerated than there are")
	}
	if !strings.Contains(err.Error(), "dfs.datanode.failed.volumes.tolerated") {
		t.Errorf("the error does not name the option: %v", err)
	}
}
