package trail

import (
	"os"
	"path/filepath"
	"syscall"
)

// dataSync may run while the file is closed by another goroutine: Control keeps
// the descriptor from being given to another file meanwhile.
func dataSync(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for failed = syscall.EINTR; failed == syscall.EINTR; {
			failed = syscall.Fdatasync(int(fd))
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// tryLock takes the exclusive lock on the file at path, which goes with this
// process, and reports whether it got it.
func tryLock(path string) (*os.File, bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, false, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, true, nil
	}
	f.Close()
	if err == syscall.EWOULDBLOCK {
		return nil, false, nil
	}
	return nil, false, &os.PathError{Op: "flock", Path: path, Err: err}
}

// MountPoint finds the root of the file system that holds path.
func MountPoint(path string) string {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return path
	}
	dev := deviceOf(dir)
	for dir != "/" && deviceOf(filepath.Dir(dir)) == dev {
		dir = filepath.Dir(dir)
	}
	return dir
}

func deviceOf(dir string) uint64 {
	var st syscall.Stat_t
	if syscall.Stat(dir, &st) != nil {
		return 0
	}
	return uint64(st.Dev)
}
