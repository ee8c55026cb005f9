package fault

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"ggsh/tests/rig"
)

// smallDisk mounts a disk of n bytes on a directory of a home, or skips the test.
func smallDisk(t *testing.T, h *rig.Home, dir string, n int64) {
	t.Helper()
	path := filepath.Join(h.Dir, dir)
	err := unix.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%d", n))
	if err != nil {
		t.Skipf("a full disk cannot be made here: mount tmpfs: %v (it takes root)", err)
	}
	t.Cleanup(func() {
		_, _ = h.Try("stop er *", "stop manager !")
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// ballast fills a disk but for some room; removing it gives the space back.
func ballast(t *testing.T, h *rig.Home, dir string, room int64) (remove func()) {
	t.Helper()
	path := filepath.Join(h.Dir, dir)
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(path, "ballast")
	if err := os.WriteFile(file, make([]byte, int64(st.Bavail)*st.Bsize-room), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() { os.Remove(file) }
}

const diskSize = 6 << 20

func TestAFullDiskOfTheCollectorStopsThePumpAndNothingIsLost(t *testing.T) {
	p := filePair(t)
	smallDisk(t, p.Target, "dirdat", diskSize)
	remove := ballast(t, p.Target, "dirdat", 200<<10)
	p.Start()
	insert(t, p, 1, 3)
	arrived(t, p, 3)
	insertBig(t, p, 100, 300)
	says(t, p.Source, reportOf("pora"), "no space left on device",
		filepath.Join(p.Target.Dir, "dirdat"))
	remove()
	if p.Source.State("pora") == "ABENDED" {
		p.Source.Run("start pora")
	}
	insert(t, p, 400, 405)
	p.WaitEqual(t, "emp")
	p.Source.WaitState("pora", "RUNNING")
}

func TestAFullDiskOfTheLocalTrailStopsExtractAndNothingIsLost(t *testing.T) {
	p := filePair(t)
	smallDisk(t, p.Source, "dirdat", diskSize)
	remove := ballast(t, p.Source, "dirdat", 200<<10)
	p.Start()
	insert(t, p, 1, 3)
	arrived(t, p, 3)
	insertBig(t, p, 100, 300)
	abends(t, p.Source, "eora", "no space left on device", filepath.Join(p.Source.Dir, "dirdat"),
		"is full: free space on it, then START the group")
	remove()
	p.Source.Run("start eora")
	insert(t, p, 400, 405)
	p.WaitEqual(t, "emp")
}

func TestAFullDiskOfTheCheckpointsStopsReplicatAndNothingIsLost(t *testing.T) {
	p := filePair(t)
	smallDisk(t, p.Target, "dirchk", 64<<10)
	// The groups' files lay below what is mounted now.
	p.Target.Run("dblogin sourcedb "+p.TargetData.Login,
		"add replicat rora, exttrail ./dirdat/rt, checkpointtable main.ggchkpt")
	p.Start()
	insert(t, p, 1, 3)
	arrived(t, p, 3)
	remove := ballast(t, p.Target, "dirchk", 0)
	insert(t, p, 4, 30)
	rig.Until(t, "rora to end or go on", func() (bool, string) {
		s := p.Target.State("rora")
		return s == "ABENDED" || rig.Differ(p.SourceData, p.TargetData, "emp") == "", s
	})
	if p.Target.State("rora") == "ABENDED" {
		says(t, p.Target, reportOf("rora"), "no space left on device",
			filepath.Join(p.Target.Dir, "dirchk"))
		remove()
		p.Target.Run("start rora")
	}
	remove()
	p.WaitEqual(t, "emp")
}
