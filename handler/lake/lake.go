// Package lake publishes changes as files, each change once: the handler
// contract over a file system that can create, rename and list.
//
// It knows neither disks nor HDFS, which plugins bring, nor how an operation
// becomes bytes, which package formatter knows. Its law: a file gets its final
// name only after a commit record names it, and the newest commit record, with
// the checkpoint in it, decides where the group stands. docs/LAKE.md is the
// protocol.
package lake

import (
	"context"
	"io"

	"ggsh/handler"
	"ggsh/props"
)

// FS is the file system of one session. Paths are absolute, with slashes. A
// missing path gives an error that is fs.ErrNotExist, one that must not be
// there fs.ErrExist; all other errors are the driver's own to sort.
type FS interface {
	Files
	Folders
}

// Files is what is done with one file.
type Files interface {
	// Create makes a file that must not exist, in a folder that must.
	Create(ctx context.Context, path string) (File, error)
	// Open opens a file for reading.
	Open(ctx context.Context, path string) (Reader, error)
	// Rename moves a file, over the one that has the name already, or a folder to
	// a name that nothing has. It is atomic and durable, and makes no folder.
	Rename(ctx context.Context, from, to string) error
}

// Folders is what is done with folders.
type Folders interface {
	// MakeAll makes a folder and those above it; one that is there is no error.
	MakeAll(ctx context.Context, dir string) error
	// List gives what is in a folder, in any order.
	List(ctx context.Context, dir string) ([]Entry, error)
	// Remove removes a file, or a folder with all below it; a missing one is no error.
	Remove(ctx context.Context, path string) error
}

// Entry is one name in a folder.
type Entry struct {
	Name string
	Dir  bool
}

// File is a file being written.
type File interface {
	io.Writer
	// Close ends the file. What was written is durable when it returns nil.
	Close() error
	// Abandon drops the file and waits for nothing; what is left of it is removed
	// by its name.
	Abandon()
}

// Reader reads a file from its beginning.
type Reader interface {
	io.ReadCloser
	// Size is the file's length when it was opened.
	Size() int64
}

// Volume is a file system, reached, and what the handler needs to know of it.
type Volume struct {
	FS FS
	// Product names what was reached, for the report.
	Product string
	// Base is where relative paths begin.
	Base string
	// NoColons says that names must not have colons.
	NoColons bool
	// Fault sorts an error of FS; Op of its result is not looked at.
	Fault func(error) *handler.ApplyError
	// Close ends the session; nil when there is nothing to end.
	Close func() error
}

// Driver is a kind of file system.
type Driver struct {
	Name    string // of the handler
	Version string
	Type    string // of the properties file
	// Connect reaches the file system that the properties tell of. Its errors are
	// *handler.ApplyError.
	Connect func(ctx context.Context, cfg *handler.Config, p *props.Config) (*Volume, error)
}
