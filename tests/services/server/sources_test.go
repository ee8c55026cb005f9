package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFindMirror(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, want, key string
	}{
		"deb822": {"debian.sources", `Types: deb
URIs: http://tools.example/x
Suites: nodistro
Components: main

# the security archive is no place for whole suites
Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /keys/debian.gpg
`, "http://mirror.example/debian", "/keys/debian.gpg"},
		"disabled": {"debian.sources", "Types: deb\nURIs: http://a.example/debian\nSuites: sid\n" +
			"Components: main\nEnabled: no\n\nTypes: deb\nURIs: http://b.example/debian\nSuites:\n sid\n" +
			"Components: main\nSigned-By: /k\n", "http://b.example/debian", "/k"},
		"one line": {"a.list", "# deb http://no.example/debian bookworm main\n" +
			"deb-src http://no.example/debian bookworm main\n" +
			"deb http://packages.example/apt tools-bookworm main\n" +
			"deb [arch=amd64 signed-by=/k.gpg] http://yes.example/debian trixie main contrib\n",
			"http://yes.example/debian", "/k.gpg"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GGSH_TEST_DEBIAN_MIRROR", "")
			etc := t.TempDir()
			if err := os.Mkdir(filepath.Join(etc, "sources.list.d"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(etc, "sources.list.d", c.file), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			m, err := findMirror(etc)
			if err != nil || m.URI != c.want || m.SignedBy != c.key {
				t.Errorf("got %+v, %v", m, err)
			}
		})
	}
}

func TestFindMirrorSaysWhatToDoWithoutOne(t *testing.T) {
	t.Setenv("GGSH_TEST_DEBIAN_MIRROR", "")
	_, err := findMirror(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "GGSH_TEST_DEBIAN_MIRROR") {
		t.Errorf("got %v", err)
	}
	t.Setenv("GGSH_TEST_DEBIAN_MIRROR", "http://mine.example/debian")
	if m, err := findMirror(t.TempDir()); err != nil || m.URI != "http://mine.example/debian" {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestLockIsExclusiveAndWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := tryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryLock(path); !errors.Is(err, errLocked) {
		t.Fatalf("a second lock gave %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := takeLock(ctx, path, func() {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("waiting past the deadline gave %v", err)
	}
	_, err = takeLock(t.Context(), path, l.release)
	if err != nil {
		t.Fatalf("the lock was released but %v", err)
	}
}

// A machine that can get nothing must say so fast, and say why.
func TestUnavailableSaysWhyAndRemembers(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("GGSH_TEST_CACHE", cache)
	t.Setenv("PATH", t.TempDir()) // neither apt-get nor a server
	if _, err := os.Stat("/usr/sbin/mariadbd"); err == nil {
		t.Skip("a MariaDB is installed on this machine, so it is available")
	}
	err := Available(MariaDB)
	if err == nil || !strings.Contains(err.Error(), "apt-get") {
		t.Fatalf("got %v", err)
	}
	err = Available(MariaDB)
	if err == nil || !strings.Contains(err.Error(), "try again with") {
		t.Errorf("the second time: %v", err)
	}
	if _, err := os.Stat(filepath.Join(cache, "mariadb.partial")); !os.IsNotExist(err) {
		t.Errorf("left an unfinished copy: %v", err)
	}
	for demand, want := range map[string]recordingTB{
		"": {skipped: true}, "mysql": {skipped: true}, "mysql,mariadb": {failed: true}, "all": {failed: true},
	} {
		t.Setenv("REQUIRE_SERVICES", demand)
		tb := &recordingTB{TB: t}
		Require(tb, MariaDB)
		if tb.failed != want.failed || tb.skipped != want.skipped {
			t.Errorf("REQUIRE_SERVICES=%q: skipped %v, failed %v", demand, tb.skipped, tb.failed)
		}
	}
}

func TestUnavailableNamesMaven(t *testing.T) {
	t.Setenv("GGSH_TEST_CACHE", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	t.Setenv("PATH", t.TempDir())
	for _, kind := range []Kind{KindHDFS, KindKafka} {
		// The machine may have a Java where Debian puts it, which is found without a path.
		if err := Available(kind); err == nil || !strings.Contains(err.Error(), "install") {
			t.Errorf("%s without Maven: %v", kind, err)
		}
		tb := &recordingTB{TB: t}
		Require(tb, kind)
		if !tb.skipped && !tb.failed {
			t.Errorf("a test that needs %s would run", kind)
		}
	}
}

// recordingTB notes how a test would end first; unlike a real one it goes on.
type recordingTB struct {
	testing.TB
	skipped, failed bool
}

func (r *recordingTB) Helper()               {}
func (r *recordingTB) Skipf(string, ...any)  { r.skipped = !r.failed }
func (r *recordingTB) Fatalf(string, ...any) { r.failed = true }
