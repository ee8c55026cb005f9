package trail

import (
	"os"
	"path/filepath"
)

// FS is what a writer asks of a file system: the seam for fault injection.
type FS interface {
	// Create opens an empty file for appending, replacing one of that name.
	Create(path string) (File, error)
	// Publish gives a file its final name and makes the name durable.
	Publish(from, to string) error
	// Sync makes the content of a file that another writer left durable.
	Sync(path string) error
}

// File is a file being appended to.
type File interface {
	Write(b []byte) (int, error)
	// Sync makes all bytes written so far durable.
	Sync() error
	Close() error
}

// Disk is the operating system's file system.
type Disk struct{}

// Create opens an empty file for appending.
func (Disk) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o640)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

// Publish renames the file and syncs its folder.
func (Disk) Publish(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return Disk{}.Sync(filepath.Dir(to))
}

// Sync syncs the file, or folder, at path.
func (Disk) Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

type diskFile struct{ *os.File }

// Sync makes content and length durable, but not the time of change.
func (f diskFile) Sync() error { return dataSync(f.File) }
