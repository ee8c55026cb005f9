package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// formatVersion is the version of the file's form.
const formatVersion = 1

// maxFileSize bounds what Load reads: a checkpoint file is a few kilobytes.
const maxFileSize = 16 << 20

// File is one group's checkpoint file.
type File struct {
	path string
	lock *os.File
}

// At names a checkpoint file; nothing is opened.
func At(path string) *File { return &File{path: path} }

// Path gives the file's path.
func (f *File) Path() string { return f.path }

// Exists reports whether the group exists.
func (f *File) Exists() bool {
	_, err := os.Stat(f.path)
	return err == nil
}

// ErrLocked is returned by Lock when another process holds the group.
var ErrLocked = errors.New("the group is in use by another process")

// Lock takes the group for this process until Unlock or the process's end.
func (f *File) Lock() error {
	for {
		if err := f.lockOnce(); err != nil {
			return err
		}
		held, err := f.lock.Stat()
		if err != nil {
			f.Unlock()
			return fmt.Errorf("lock group: %w", err)
		}
		if seen, err := os.Stat(f.lockPath()); err == nil && os.SameFile(held, seen) {
			return nil
		}
		f.Unlock() // DELETE took the file away between our opening and locking it
	}
}

func (f *File) lockOnce() error {
	l, err := os.OpenFile(f.lockPath(), os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return fmt.Errorf("lock group: %w", err)
	}
	if err := unix.Flock(int(l.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		l.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return ErrLocked
		}
		return fmt.Errorf("lock %s: %w", l.Name(), err)
	}
	f.lock = l
	return nil
}

// Unlock gives the group free.
func (f *File) Unlock() {
	if f.lock != nil {
		f.lock.Close()
		f.lock = nil
	}
}

// Locked reports whether some process holds the group.
func (f *File) Locked() bool {
	probe := At(f.path)
	err := probe.Lock()
	probe.Unlock()
	return errors.Is(err, ErrLocked)
}

func (f *File) lockPath() string { return f.path + ".lock" }

// Load reads the file. A file that is damaged is an error that says how; a
// file that is not there is fs.ErrNotExist.
func (f *File) Load() (*Document, error) {
	d := &Document{}
	if err := load(f.path, d); err != nil {
		return nil, err
	}
	if d.Version != formatVersion {
		return nil, wrongFormat(f.path, d.Version)
	}
	return d, nil
}

func wrongFormat(path string, version int) error {
	return fmt.Errorf("checkpoint file %s has format %d, this program reads %d", path, version, formatVersion)
}

// load reads the content of a file that store wrote into v.
func load(path string, v any) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Size() > maxFileSize {
		return fmt.Errorf("checkpoint file %s is %d bytes long, at most %d are read", path, st.Size(), maxFileSize)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	body, sum, ok := cutChecksum(b)
	if !ok {
		return fmt.Errorf("checkpoint file %s has no checksum line at its end: it is cut short or edited; restore it or DELETE and ADD the group", path)
	}
	if got := crc32.Checksum(body, castagnoli()); got != sum {
		return fmt.Errorf("checkpoint file %s is damaged (checksum %08x, content gives %08x); restore it or DELETE and ADD the group", path, sum, got)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("checkpoint file %s: %w", path, err)
	}
	return nil
}

// Store replaces the file by d, durably.
func (f *File) Store(d *Document) error {
	d.Version = formatVersion
	return store(f.path, d)
}

// store writes v and a line with its checksum in place of the file, durably.
func store(path string, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("checkpoint file %s: %w", path, err)
	}
	body = append(body, '\n')
	body = fmt.Appendf(body, "%s%08x\n", checksumWord, crc32.Checksum(body, castagnoli()))
	if err := replace(path, body); err != nil {
		return fmt.Errorf("checkpoint file %s: %w", path, err)
	}
	return nil
}

// Remove deletes the file and its lock.
func (f *File) Remove() error {
	err := os.Remove(f.path)
	if lerr := os.Remove(f.lockPath()); err == nil && lerr != nil && !errors.Is(lerr, fs.ErrNotExist) {
		err = lerr
	}
	if err != nil {
		return fmt.Errorf("delete checkpoint file: %w", err)
	}
	return syncDir(filepath.Dir(f.path))
}

// List gives the names of all groups of a type in dirchk, sorted.
func List(dir string, t Type) ([]string, error) {
	ext := ".cpe"
	if t == Replicat {
		ext = ".cpr"
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ext); ok && name != "" {
			names = append(names, name)
		}
	}
	return names, nil
}

const checksumWord = "crc32c "

func cutChecksum(b []byte) (body []byte, sum uint32, ok bool) {
	at := bytes.LastIndex(b, []byte("\n"+checksumWord))
	if at < 0 {
		return nil, 0, false
	}
	n, err := fmt.Sscanf(string(b[at+1:]), checksumWord+"%08x\n", &sum)
	return b[:at+1], sum, err == nil && n == 1
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// replace writes aside, syncs, renames and syncs the directory.
func replace(path string, content []byte) error {
	tmp := path + ".tmp"
	w, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	if err == nil {
		err = w.Sync()
	}
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
