package trail

import (
	"errors"
	"fmt"
	"syscall"

	"ggsh/ggserr"
)

// ErrDropped is returned by a streamed transaction's operations when its writer
// gave it up: what was read of it must be undone. The TxnReader goes on behind it.
var ErrDropped = errors.New("trail: the transaction was given up by its writer")

// ErrClosed is returned by a writer or reader that was closed.
var ErrClosed = errors.New("trail: closed")

// CorruptError says that bytes of a trail are not what was written.
type CorruptError struct {
	File  string
	RBA   uint64 // the offset of the frame that cannot be read
	Cause string
}

func (e *CorruptError) Error() string { return e.numbered().Message() }

// As lets errors.As find the message of the catalog that tells of e.
func (e *CorruptError) As(target any) bool { return fill(target, e.numbered()) }

func (e *CorruptError) numbered() *ggserr.Error {
	return ggserr.New(ggserr.TrailDamaged, e.File, e.RBA, e.Cause)
}

// MissingError says that a trail file that is needed does not exist.
type MissingError struct{ File string }

func (e *MissingError) Error() string { return e.numbered().Message() }

// As lets errors.As find the message of the catalog that tells of e.
func (e *MissingError) As(target any) bool { return fill(target, e.numbered()) }

func (e *MissingError) numbered() *ggserr.Error {
	return ggserr.New(ggserr.TrailMissing, e.File)
}

// PositionError says that a position is no frame start of its file. Before and
// After are the nearest ones.
type PositionError struct {
	File          string
	RBA           uint64
	Before, After uint64
}

func (e *PositionError) Error() string { return e.numbered().Message() }

// As lets errors.As find the message of the catalog that tells of e.
func (e *PositionError) As(target any) bool { return fill(target, e.numbered()) }

func (e *PositionError) numbered() *ggserr.Error {
	return ggserr.New(ggserr.TrailPosition, e.RBA, e.File, e.Before, e.After)
}

// LostError says that a reader stood behind the valid end of a file whose
// writer has gone on: what it read there was lost when the machine failed, and
// comes again from End's next file. A reader that skips the transactions it
// already has, by their CSN, may go on there.
type LostError struct {
	File string
	Had  Position // where the reader stood
	End  Position // the valid end of that file
}

func (e *LostError) Error() string { return e.numbered().Message() }

// As lets errors.As find the message of the catalog that tells of e.
func (e *LostError) As(target any) bool { return fill(target, e.numbered()) }

func (e *LostError) numbered() *ggserr.Error {
	return ggserr.New(ggserr.TrailLost, e.File, e.End.RBA, e.Had.RBA)
}

// PartialError says that reading began inside a transaction: its beginning,
// in front of At, is not read. The TxnReader's next call goes on behind it.
type PartialError struct {
	File string
	At   Position
	XID  string
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("trail file %s, RBA %d lies inside transaction %s: its beginning is not read",
		e.File, e.At.RBA, e.XID)
}

// LockedError says that another process writes the trail.
type LockedError struct{ Trail string }

func (e *LockedError) Error() string { return e.numbered().Message() }

// As lets errors.As find the message of the catalog that tells of e.
func (e *LockedError) As(target any) bool { return fill(target, e.numbered()) }

func (e *LockedError) numbered() *ggserr.Error {
	return ggserr.New(ggserr.TrailLocked, e.Trail)
}

func fill(target any, e *ggserr.Error) bool {
	t, ok := target.(**ggserr.Error)
	if ok {
		*t = e
	}
	return ok
}

// writeError names the file that could not be written, and, when its file
// system is full, that file system.
func writeError(path string, err error) error {
	e := ggserr.New(ggserr.TrailWrite, path).Because(err)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return e.Do("The file system %s is full: free space on it, then START the group.",
			MountPoint(path))
	}
	return e
}
