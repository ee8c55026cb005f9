package directory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"ggsh/capture/ledger"
	"ggsh/capture/payload"
	"ggsh/checkpoint"
	"ggsh/ggserr"
)

// ident is what the file system knows a file by. Numbers of inodes are used again;
// the time of birth, where the file system has one, tells such files apart. The
// number of the device is no part of it: it may be another after a mount.
type ident struct {
	ino  uint64
	born int64 // Unix nanoseconds; 0: unknown
}

// String prints inode:birth.
func (i ident) String() string { return fmt.Sprintf("%d:%d", i.ino, i.born) }

// stat is a look at a file.
type stat struct {
	ident
	size    int64
	mtime   int64 // Unix nanoseconds
	regular bool
}

// statAt looks at a path, or at an open file when path is empty.
func statAt(dirfd int, path string) (stat, error) {
	flags := 0
	if path == "" {
		flags = unix.AT_EMPTY_PATH
	}
	var x unix.Statx_t
	err := unix.Statx(dirfd, path, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &x)
	if err != nil {
		return stat{}, err
	}
	s := stat{ident: ident{ino: x.Ino}, size: int64(x.Size),
		mtime:   time.Unix(x.Mtime.Sec, int64(x.Mtime.Nsec)).UnixNano(),
		regular: x.Mode&unix.S_IFMT == unix.S_IFREG}
	if x.Mask&unix.STATX_BTIME != 0 {
		s.born = time.Unix(x.Btime.Sec, int64(x.Btime.Nsec)).UnixNano()
	}
	return s, nil
}

// prints tell whether a file still begins, and still ends at an offset, as it did.
type prints struct {
	headLen    int
	head, tail uint32
}

// Octets that prints look at.
const (
	headBytes = 1024
	tailBytes = 256
)

// file is a file that is known.
type file struct {
	ident
	name  string
	table string
	set   *Set
	prints

	offset, line       int64 // what follows was not handed out
	planned, plannedTo int64 // offset and line: what follows was not read
	size, mtime        int64 // at the last look
	gone               bool
	drained            int64 // planned when it went away, -1 before

	handle *os.File
	used   uint64 // the handle's age

	decoder  *payload.Decoder
	columns  []string // of its header line
	openEnd  time.Time
	told     bool   // that its last line has no end
	text     []byte // its part of restart texts, nil when it changed
	lastSeen uint64 // number of the look
}

// id is how a file stands in restart texts.
func (f *file) id() string {
	return fmt.Sprintf("%s %d %d:%08x:%08x", f.ident, f.mtime, f.headLen, f.head, f.tail)
}

// parseID reads what id wrote.
func (f *file) parseID(text string) error {
	_, err := fmt.Sscanf(text, "%d:%d %d %d:%x:%x", &f.ino, &f.born, &f.mtime, &f.headLen,
		&f.head, &f.tail)
	if err == nil && (f.headLen < 0 || f.headLen > headBytes) {
		err = errors.New("its fingerprint is too long")
	}
	if err != nil {
		return fmt.Errorf("restart position: file identity %q: %w", text, err)
	}
	return nil
}

// stream is the file in a restart text.
func (f *file) stream() checkpoint.Stream {
	s := checkpoint.Stream{Name: f.name, Offset: f.offset, Line: f.line, ID: f.id(), Gone: f.gone}
	if f.set == nil || f.set.tableOf(f.name) != f.table {
		s.Table = f.table
	}
	return s
}

// printsAt reads what tells a file that was read up to an offset.
func (f *file) printsAt(offset int64) (prints, error) {
	var buf [headBytes]byte
	p := prints{headLen: int(min(offset, headBytes))}
	if err := readFull(f.handle, buf[:p.headLen], 0); err != nil {
		return p, err
	}
	p.head = ledger.Sum(buf[:p.headLen])
	n := min(offset, tailBytes)
	if err := readFull(f.handle, buf[:n], offset-n); err != nil {
		return p, err
	}
	p.tail = ledger.Sum(buf[:n])
	return p, nil
}

// same reports whether the open file holds what was read of it.
func (f *file) same() (bool, error) {
	p, err := f.printsAt(f.offset)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return p == f.prints, err
}

// readFull reads a part of a file; io.EOF says that the file is shorter.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// open makes sure that a file is open, and that it is the one that was seen.
func (s *Source) open(f *file) error {
	s.clock++
	f.used = s.clock
	if f.handle != nil {
		return nil
	}
	h, err := os.Open(s.path(f.name))
	if err != nil {
		return err
	}
	st, err := statAt(int(h.Fd()), "")
	if err == nil && st.ident != f.ident {
		err = fs.ErrNotExist // another file took its name meanwhile
	}
	if err != nil {
		return errors.Join(err, h.Close())
	}
	f.handle = h
	s.handles = append(s.handles, f)
	if len(s.handles) > maxOpen {
		s.closeOldest(f)
	}
	return nil
}

// closeOldest closes the file that was not used for longest.
func (s *Source) closeOldest(keep *file) {
	var oldest *file
	for _, f := range s.handles {
		if f != keep && (oldest == nil || f.used < oldest.used) {
			oldest = f
		}
	}
	s.shut(oldest)
}

// shut closes a file.
func (s *Source) shut(f *file) {
	if f == nil || f.handle == nil {
		return
	}
	f.handle.Close() // it was only read
	f.handle = nil
	kept := s.handles[:0]
	for _, h := range s.handles {
		if h != f {
			kept = append(kept, h)
		}
	}
	s.handles = kept
}

// changed stops the capture: the file is not what was read.
func (f *file) changed(size int64) error {
	what := fmt.Sprintf("File %s was read up to offset %d, and it now has %d octets: it was truncated",
		f.name, f.planned, size)
	if size >= f.planned {
		what = fmt.Sprintf("File %s was read up to offset %d, and what it holds up to there is not "+
			"what was read: it was overwritten", f.name, f.planned)
	}
	return ggserr.New(ggserr.SourceChanged, what).
		Do("Nothing of it is read. To read what it now holds from the beginning: move it out of the " +
			"directory, START the EXTRACT, then move it back. To leave it out: move it away.")
}

// shrunk is changed for a file that ended earlier than a moment ago.
func (f *file) shrunk() error {
	st, err := statAt(int(f.handle.Fd()), "")
	if err != nil {
		return f.unreadable(err)
	}
	return f.changed(st.size)
}

// unreadable wraps what the operating system says of a file.
func (f *file) unreadable(err error) error {
	return ggserr.New(ggserr.FileOpen, f.name).Because(err)
}
