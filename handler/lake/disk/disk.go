// Package disk is the file system of this machine's own disks for package lake.
//
// It knows nothing of operations, formats or commit records. Its law: what it calls
// durable is synced, names of files too.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"ggsh/handler"
	"ggsh/handler/lake"
	"ggsh/props"
	"ggsh/trail"
)

// version is what the handler says of itself.
const version = "1.0"

// Driver is the driver of type=filewriter of a properties file.
func Driver() lake.Driver {
	return lake.Driver{Name: "file", Version: version, Type: props.FileWriter,
		Connect: func(_ context.Context, cfg *handler.Config, _ *props.Config) (*lake.Volume, error) {
			return &lake.Volume{FS: disk{}, Product: "Files on " + cfg.Home,
				Base: filepath.ToSlash(cfg.Home), Fault: fault}, nil
		}}
}

// disk is the operating system's file system.
type disk struct{}

const (
	fileMode   = 0o644
	folderMode = 0o755
)

// Create makes a file.
func (disk) Create(_ context.Context, path string) (lake.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	return &written{f}, nil
}

// written is a file being written.
type written struct{ *os.File }

// Close syncs the file and its name, and closes it.
func (w *written) Close() error {
	err := w.File.Sync()
	if closeErr := w.File.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(w.Name()))
}

// Abandon closes the file as it is.
func (w *written) Abandon() { _ = w.File.Close() } // it is removed next

// Open opens a file for reading.
func (disk) Open(_ context.Context, path string) (lake.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		_ = f.Close() // the error of Stat says more
		return nil, err
	}
	return &opened{f, st.Size()}, nil
}

// opened is a file being read.
type opened struct {
	*os.File
	size int64
}

// Size is the length that the file had when it was opened.
func (o *opened) Size() int64 { return o.size }

// Rename moves a file or folder and syncs both folders.
func (disk) Rename(_ context.Context, from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	into, out := filepath.Dir(to), filepath.Dir(from)
	if err := syncFolder(into); err != nil || into == out {
		return err
	}
	err := syncFolder(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a later process has removed it
	}
	return err
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// MakeAll makes a folder and those above it, and syncs their names.
func (disk) MakeAll(_ context.Context, dir string) error {
	var made []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return err
	}
	slices.Reverse(made)
	for _, at := range made {
		if err := syncFolder(filepath.Dir(at)); err != nil {
			return err
		}
	}
	return nil
}

// List gives what is in a folder.
func (disk) List(_ context.Context, dir string) ([]lake.Entry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []lake.Entry
	for _, e := range entries {
		list = append(list, lake.Entry{Name: e.Name(), Dir: e.IsDir()})
	}
	return list, nil
}

// Remove removes a file, or a folder with all below it.
func (disk) Remove(_ context.Context, path string) error { return os.RemoveAll(path) }

// fault sorts the errors of the operating system: what only an operator can
// mend, and what passes.
func fault(err error) *handler.ApplyError {
	e := &handler.ApplyError{Class: handler.Setup, Op: -1, Text: err.Error()}
	var code syscall.Errno
	if errors.As(err, &code) {
		e.Code = int(code)
	}
	path := pathOf(err)
	switch code {
	case syscall.ENOSPC, syscall.EDQUOT:
		e.Text = fmt.Sprintf("%v: the file system %s is full: free space on it, then START the group",
			err, trail.MountPoint(path))
	case syscall.EACCES, syscall.EPERM:
		e.Text = fmt.Sprintf("%v: let the user of this process (uid %d) write %s", err, os.Geteuid(),
			filepath.Dir(path))
	case syscall.EROFS:
		e.Text = fmt.Sprintf("%v: the file system %s can only be read", err, trail.MountPoint(path))
	case syscall.EXDEV:
		e.Text = fmt.Sprintf("%v: they are on two file systems; begin pathMappingTemplate with the "+
			"whole path of a folder on the file system that the files are for", err)
	case syscall.ESTALE, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.EHOSTUNREACH:
		e.Class = handler.Connection // a network file system whose server is away
	}
	return e
}

// pathOf is the path that an error is about.
func pathOf(err error) string {
	var one *fs.PathError
	var two *os.LinkError
	switch {
	case errors.As(err, &one):
		return one.Path
	case errors.As(err, &two):
		return two.New
	}
	return ""
}
