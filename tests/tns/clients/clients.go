// Package clients runs Oracle's own drivers, for Java and for Python, so that a server
// of the protocol is not judged by one driver alone.
//
// It is no driver and starts no server. Its law: versions are pinned, what is fetched
// lies in the tests' cache, and a machine that cannot have a driver skips its test with
// the reason, or fails it if REQUIRE_SERVICES names ojdbc or oracledb.
package clients

import (
	"bytes"
	"context"
	_ "embed" // the pom
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

//go:embed ojdbc.xml
var pom []byte

const (
	pythonDriver = "oracledb==4.0.2"
	jdbcVersion  = "ojdbc-23.5.0.24.07-ecj-3.36.0"

	fetchDeadline = 5 * time.Minute
	runDeadline   = 2 * time.Minute
	// ofWait is for pipes that a killed program's children hold.
	ofWait = 5 * time.Second
)

// Client is a driver that programs can be run with.
type Client struct {
	Name string
	run  func(tb testing.TB, program string, args []string) (string, error)
}

// Run runs a program to its end and gives what it printed.
func (c *Client) Run(tb testing.TB, program string, args ...string) string {
	tb.Helper()
	out, err := c.run(tb, program, args)
	if err != nil {
		tb.Fatalf("%s: %v", c.Name, err)
	}
	return out
}

// Python runs programs with python-oracledb in its thin mode.
func Python(tb testing.TB) *Client {
	tb.Helper()
	python, folder, err := havePython()
	if err != nil {
		without(tb, "oracledb", err)
	}
	return &Client{Name: "python-oracledb", run: func(tb testing.TB, program string,
		args []string) (string, error) {
		cmd := exec.Command(python, append([]string{"-"}, args...)...)
		cmd.Env = append(os.Environ(), "PYTHONPATH="+folder, "PYTHONIOENCODING=utf-8", "TZ=UTC")
		cmd.Stdin = strings.NewReader(program)
		return finish(cmd, runDeadline)
	}}
}

// havePython finds the interpreter and a folder with the driver; the folder is empty
// where the interpreter has one of its own.
func havePython() (python, folder string, err error) {
	if python, err = exec.LookPath("python3"); err != nil {
		return "", "", fmt.Errorf("%w; install the package python3", err)
	}
	folder, err = cached(pythonDriver, func(aside string) error {
		_, err := finish(exec.Command(python, "-m", "pip", "install", "--quiet", "--no-input",
			"--disable-pip-version-check", "--target", aside, pythonDriver), fetchDeadline)
		return err
	})
	if err == nil {
		return python, folder, nil
	}
	if _, own := finish(exec.Command(python, "-c", "import oracledb"), runDeadline); own == nil {
		return python, "", nil
	}
	return "", "", fmt.Errorf("%w; install python3-pip, or the package python3-oracledb", err)
}

// JDBC runs programs with Oracle's JDBC driver. A program is the class Check.
func JDBC(tb testing.TB) *Client {
	tb.Helper()
	java, jars, err := haveJava()
	if err != nil {
		without(tb, "ojdbc", err)
	}
	return &Client{Name: "ojdbc", run: func(tb testing.TB, program string,
		args []string) (string, error) {
		dir := tb.TempDir()
		source := filepath.Join(dir, "Check.java")
		if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
			return "", err
		}
		path := filepath.Join(jars, "*")
		if _, err := finish(exec.Command(java, "-cp", path, "org.eclipse.jdt.internal.compiler.batch.Main",
			"-17", "-nowarn", "-encoding", "UTF-8", "-d", dir, source), runDeadline); err != nil {
			return "", err
		}
		return finish(exec.Command(java, append([]string{"-Duser.timezone=UTC", "-Dfile.encoding=UTF-8",
			"-cp", path + ":" + dir, "Check"}, args...)...), runDeadline)
	}}
}

func haveJava() (java, jars string, err error) {
	if java, err = exec.LookPath("java"); err != nil {
		return "", "", fmt.Errorf("%w; install the package openjdk-17-jre-headless", err)
	}
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return "", "", fmt.Errorf("%w; install the package maven", err)
	}
	jars, err = cached(jdbcVersion, func(aside string) error {
		file := filepath.Join(aside, "pom.xml")
		if err := os.WriteFile(file, pom, 0o600); err != nil {
			return err
		}
		repository := filepath.Join(aside, "repository")
		_, err := finish(exec.Command(mvn, "-q", "-B", "-f", file, "-Dmaven.repo.local="+repository,
			"-Dstyle.color=never", "-DincludeScope=runtime", "-DoutputDirectory="+aside,
			"dependency:copy-dependencies"), fetchDeadline)
		return errors.Join(err, os.RemoveAll(repository))
	})
	return java, jars, err
}

// cached gives the folder of something fetched, and fetches it if it is not there. Who
// comes second throws his own away.
func cached(name string, fetch func(aside string) error) (string, error) {
	cache := os.Getenv("GGSH_TEST_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w; set GGSH_TEST_CACHE to a folder", err)
		}
		cache = filepath.Join(user, "ggsh-test-services")
	}
	home := filepath.Join(cache, name)
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	aside, err := os.MkdirTemp(cache, name+".partial")
	if err != nil {
		return "", err
	}
	if err := fetch(aside); err != nil {
		return "", errors.Join(fmt.Errorf("fetch %s: %w", name, err), os.RemoveAll(aside))
	}
	if err := os.Rename(aside, home); err != nil {
		if _, there := os.Stat(home); there == nil {
			return home, os.RemoveAll(aside)
		}
		return "", errors.Join(err, os.RemoveAll(aside))
	}
	return home, nil
}

// finish runs a command to its end, its children included, and gives its output.
func finish(cmd *exec.Cmd, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var out, said bytes.Buffer
	run := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	run.Env, run.Stdin, run.Stdout, run.Stderr = cmd.Env, cmd.Stdin, &out, &said
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	run.Cancel = func() error { return syscall.Kill(-run.Process.Pid, syscall.SIGKILL) }
	run.WaitDelay = ofWait
	if err := run.Run(); err != nil {
		text := said.String() + out.String()
		return out.String(), fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), errors.Join(err, ctx.Err()),
			text[max(0, len(text)-4000):])
	}
	return out.String(), nil
}

// without skips the test, or fails it where the driver is demanded.
func without(tb testing.TB, name string, err error) {
	tb.Helper()
	required := strings.FieldsFunc(os.Getenv("REQUIRE_SERVICES"),
		func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(required, name) || slices.Contains(required, "all") {
		tb.Fatalf("%s needs %s, which REQUIRE_SERVICES demands: %v", tb.Name(), name, err)
	}
	tb.Skipf("%s needs %s: %v", tb.Name(), name, err)
}
