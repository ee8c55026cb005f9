package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// archive is an apt of our own: its lists, cache, sources and package state lie in
// one folder, so it needs no root and the system's apt neither notices nor locks.
// Its package state is empty, as on a machine with nothing installed, so apt resolves
// every library down to libc; apt also checks signatures and checksums.
type archive struct {
	dir      string
	mirror   mirror
	suite    string
	progress func(format string, args ...any)
}

// prepare lays out the folder and writes the sources.
func (a *archive) prepare() error {
	for _, d := range []string{"state/lists/partial", "cache/archives/partial", "etc", "extra"} {
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o755); err != nil {
			return fmt.Errorf("lay out a private apt: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(a.dir, "state/status"), nil, 0o644); err != nil {
		return fmt.Errorf("lay out a private apt: %w", err)
	}
	conf := []byte(a.configuration())
	if err := os.WriteFile(filepath.Join(a.dir, "etc/apt.conf"), conf, 0o644); err != nil {
		return fmt.Errorf("write the private apt configuration: %w", err)
	}
	options := ""
	if a.mirror.SignedBy != "" {
		options = "[signed-by=" + a.mirror.SignedBy + "] "
	}
	line := fmt.Sprintf("deb %s%s %s main\n", options, a.mirror.URI, a.suite)
	if err := os.WriteFile(filepath.Join(a.dir, "etc/sources.list"), []byte(line), 0o644); err != nil {
		return fmt.Errorf("write the private apt sources: %w", err)
	}
	return nil
}

// update fetches the package lists. If this machine's keyring is too old to know the
// suite's key, it fetches the newer keyring package, which the old key vouches for.
func (a *archive) update(ctx context.Context) error {
	if err := a.prepare(); err != nil {
		return err
	}
	a.progress("reading the package lists of Debian %s", a.suite)
	first := a.apt(ctx, a.dir, "--error-on=any", "update")
	if first == nil || !keyIsUnknown(first) {
		return first
	}
	a.progress("the keyring here does not know the key of Debian %s: fetching a newer keyring", a.suite)
	keyring, err := a.newerKeyring(ctx)
	if err != nil {
		return errors.Join(first, err)
	}
	a.mirror.SignedBy = keyring
	if err := a.prepare(); err != nil {
		return err
	}
	return a.apt(ctx, a.dir, "--error-on=any", "update")
}

// keyIsUnknown recognizes what gpgv and its successor sqv say.
func keyIsUnknown(err error) bool {
	return strings.Contains(err.Error(), "NO_PUBKEY") || strings.Contains(err.Error(), "Missing key")
}

// newerKeyring gets debian-archive-keyring from the release that this machine's
// keyring does know.
func (a *archive) newerKeyring(ctx context.Context) (string, error) {
	old := &archive{dir: filepath.Join(a.dir, "keyring"), mirror: a.mirror, suite: "bookworm",
		progress: a.progress}
	if err := old.prepare(); err != nil {
		return "", err
	}
	if err := old.apt(ctx, old.dir, "--error-on=any", "update"); err != nil {
		return "", fmt.Errorf("fetch a newer keyring: %w; install a newer debian-archive-keyring", err)
	}
	if err := old.download(ctx, nil, []string{"debian-archive-keyring"}); err != nil {
		return "", err
	}
	root := filepath.Join(old.dir, "root")
	if err := old.unpack(ctx, root); err != nil {
		return "", err
	}
	return filepath.Join(root, debianKeyring), nil
}

// download fetches packages into the folder: those of closed with all that they
// depend on, those of alone as they are.
func (a *archive) download(ctx context.Context, closed, alone []string) error {
	if len(closed) > 0 {
		a.progress("fetching %v and their libraries", closed)
		args := []string{"-y", "--no-install-recommends", "--download-only", "install"}
		if err := a.apt(ctx, a.dir, append(args, closed...)...); err != nil {
			return err
		}
	}
	if len(alone) > 0 {
		return a.apt(ctx, filepath.Join(a.dir, "extra"), append([]string{"download"}, alone...)...)
	}
	return nil
}

// unpack extracts every fetched package into root; nothing is installed and no
// maintainer script runs.
func (a *archive) unpack(ctx context.Context, root string) error {
	var debs []string
	for _, d := range []string{"cache/archives", "extra"} {
		found, err := filepath.Glob(filepath.Join(a.dir, d, "*.deb"))
		if err != nil {
			return fmt.Errorf("list the fetched packages: %w", err)
		}
		debs = append(debs, found...)
	}
	if len(debs) == 0 {
		return fmt.Errorf("apt ended well but no package is in %s: "+
			"look at the apt configuration for Dir::Cache::archives", a.dir)
	}
	a.progress("unpacking %d packages", len(debs))
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	for _, deb := range debs {
		if _, err := runTool(ctx, a.dir, nil, nil, "dpkg-deb", "-x", deb, root); err != nil {
			return err
		}
	}
	return nil
}

// versionOf is the version of a package in the lists.
func (a *archive) versionOf(ctx context.Context, pkg string) (string, error) {
	debs, err := filepath.Glob(filepath.Join(a.dir, "cache/archives", pkg+"_*.deb"))
	if err != nil || len(debs) != 1 {
		return "", fmt.Errorf("find the one fetched package %s: found %v, %v", pkg, debs, err)
	}
	out, err := runTool(ctx, a.dir, nil, nil, "dpkg-deb", "-f", debs[0], "Version")
	return string(bytes.TrimSpace(out)), err
}

func (a *archive) apt(ctx context.Context, cwd string, args ...string) error {
	env := []string{"APT_CONFIG=" + filepath.Join(a.dir, "etc/apt.conf")}
	_, err := runTool(ctx, cwd, env, nil, "apt-get", args...)
	return err
}

// configuration keeps this apt inside its folder. apt reads it after the system's
// configuration, whose proxies and such stay in force.
func (a *archive) configuration() string {
	return fmt.Sprintf(`Dir::State "%[1]s/state";
Dir::State::status "%[1]s/state/status";
Dir::Cache "%[1]s/cache";
Dir::Cache::archives "archives";
Dir::Etc::sourcelist "%[1]s/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
// Root's apt would switch to a user who may not read this folder.
APT::Sandbox::User "root";
// The system's hooks concern the system's packages and lists.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::Languages "none";
APT::Keep-Downloaded-Packages "true";
`, a.dir)
}

// runTool runs a program to its end, kills it with all its children when ctx ends,
// and puts what it said into the error.
func runTool(ctx context.Context, dir string, env []string, in io.Reader,
	name string, args ...string) ([]byte, error) {
	what := strings.Join(append([]string{filepath.Base(name)}, args...), " ")
	return runNamed(ctx, what, dir, env, in, name, args...)
}

// runNamed is runTool with a name for errors.
func runNamed(ctx context.Context, what, dir string, env []string, in io.Reader,
	name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	cmd.Env = append(cmd.Env, env...)
	cmd.Dir, cmd.Stdin = dir, in
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	runtime.LockOSThread() // the thread that forks must outlive the child
	defer runtime.UnlockOSThread()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%.200s: %w\n%s", what, errors.Join(err, ctx.Err()),
			lastBytes(append(said.Bytes(), out.Bytes()...), 3000))
	}
	return out.Bytes(), nil
}

func lastBytes(b []byte, n int) []byte {
	b = bytes.TrimSpace(b)
	if len(b) > n {
		b = b[len(b)-n:]
	}
	return b
}
