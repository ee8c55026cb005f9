package trail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ggsh/ggserr"
)

// childFull makes this test binary fill a small file system of its own.
const childFull = "GGSH_TEST_FULL"

// TestFullDisk fills a real file system of 400 kB, in a mount namespace of a
// child: the writer names it, and goes on after space is free again.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(childFull); dir != "" {
		if err := fillDisk(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	uid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	gid := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	child, err := os.StartProcess(os.Args[0], []string{os.Args[0], "-test.run=^TestFullDisk$"},
		&os.ProcAttr{Env: append(os.Environ(), childFull+"="+t.TempDir()),
			Files: []*os.File{nil, out, out},
			Sys: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
				UidMappings: uid, GidMappings: gid}})
	if err != nil {
		t.Skip("no mount namespace to be had: ", err)
	}
	state, err := child.Wait()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "cannot mount") {
		t.Skip(string(text))
	}
	if !state.Success() {
		t.Fatalf("%s\n%s", state, text)
	}
}

func fillDisk(dir string) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=400k"); err != nil {
		return fmt.Errorf("cannot mount: %w", err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300_000), 0o600); err != nil {
		return err
	}
	err := writeTo(dir, Disk{}, 1000)
	if ggserr.NumberOf(err) != ggserr.TrailWrite || !errors.Is(err, syscall.ENOSPC) ||
		!strings.Contains(err.Error(), "file system "+dir+" is full") {
		return fmt.Errorf("a full disk gave %w", err)
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if err := writeTo(dir, Disk{}, 300); err != nil {
		return err
	}
	n, err := ParseName(filepath.Join(dir, "lt"), 9)
	if err != nil {
		return err
	}
	got, err := readTxns(n, Position{}, TxnOptions{})
	if err != nil || len(got) < 300 || !strings.HasPrefix(got[299], "300[") {
		return fmt.Errorf("%d transactions, %w", len(got), err)
	}
	return nil
}
