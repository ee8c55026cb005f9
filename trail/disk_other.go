//go:build !linux

package trail

import (
	"os"
	"path/filepath"
)

func dataSync(f *os.File) error { return f.Sync() }

// tryLock opens the lock file; only Linux builds lock it.
func tryLock(path string) (*os.File, bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	return f, err == nil, err
}

// MountPoint finds the root of the file system that holds path, where the system tells.
func MountPoint(path string) string { return filepath.Dir(path) }
