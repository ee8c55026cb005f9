package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// errCrash is what a dead session answers.
var errCrash = errors.New("the machine is gone")

// disk is a file system in memory; it survives its sessions.
type disk struct {
	files   map[string][]byte
	folders map[string]bool
	// step, when set, is called after each call that changes something.
	step    func()
	decoded map[string]*Commit // of the newest record's content
}

func newDisk() *disk {
	return &disk{files: map[string][]byte{}, folders: map[string]bool{"/": true}}
}

// session is a process's view of a disk. It can die at any call.
type session struct {
	*disk
	calls int
	// dieAt is the call at which the process dies; late says that the call still
	// has its effect.
	dieAt int
	late  bool
	dead  bool
	// hook, when set, is called before each call; it may be another process.
	hook func(call, path string)
}

func (d *disk) session() *session { return &session{disk: d} }

// do makes one call, unless the process dies before it.
func (s *session) do(call, path string, effect func() error) error {
	if s.dead {
		return errCrash
	}
	if s.hook != nil {
		s.hook(call, path)
	}
	if s.calls++; s.calls == s.dieAt {
		s.dead = true
	}
	if s.dead && (!s.late || s.calls != s.dieAt) {
		return errCrash
	}
	err := effect()
	if s.step != nil && call != "open" && call != "list" {
		s.step()
	}
	if s.dead {
		return errCrash
	}
	return err
}

func missing(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

func (s *session) Create(_ context.Context, name string) (File, error) {
	f := &memFile{s: s, name: name}
	return f, s.do("create", name, func() error {
		if _, there := s.files[name]; there || s.folders[name] {
			return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
		}
		if !s.folders[path.Dir(name)] {
			return missing("create", name)
		}
		s.files[name] = []byte{}
		return nil
	})
}

type memFile struct {
	s    *session
	name string
	gone bool
}

// Write of a process that dies may leave a part of the bytes.
func (f *memFile) Write(p []byte) (int, error) {
	err := f.s.do("write", f.name, func() error {
		if _, there := f.s.files[f.name]; !there {
			return missing("write", f.name)
		}
		n := len(p)
		if f.s.dead {
			n /= 2
		}
		f.s.files[f.name] = append(f.s.files[f.name], p[:n]...)
		return nil
	})
	return len(p), err
}

func (f *memFile) Close() error {
	return f.s.do("close", f.name, func() error {
		if _, there := f.s.files[f.name]; !there {
			return missing("close", f.name)
		}
		return nil
	})
}

func (f *memFile) Abandon() { f.gone = true }

type memReader struct {
	*bytes.Reader
	size int64
}

func (r memReader) Size() int64  { return r.size }
func (r memReader) Close() error { return nil }

func (s *session) Open(_ context.Context, name string) (Reader, error) {
	var r memReader
	return &r, s.do("open", name, func() error {
		content, there := s.files[name]
		if !there {
			return missing("open", name)
		}
		r = memReader{bytes.NewReader(content), int64(len(content))}
		return nil
	})
}

func (s *session) Rename(_ context.Context, from, to string) error {
	return s.do("rename", from, func() error {
		if !s.folders[path.Dir(to)] {
			return missing("rename", to)
		}
		if content, there := s.files[from]; there {
			if s.folders[to] {
				return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
			}
			delete(s.files, from)
			s.files[to] = content
			return nil
		}
		if !s.folders[from] {
			return missing("rename", from)
		}
		return s.renameFolder(from, to)
	})
}

func (s *session) renameFolder(from, to string) error {
	if s.folders[to] || s.files[to] != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	for _, name := range sortedKeys(s.folders) {
		if name == from || strings.HasPrefix(name, from+"/") {
			delete(s.folders, name)
			s.folders[to+name[len(from):]] = true
		}
	}
	for _, name := range sortedKeys(s.files) {
		if strings.HasPrefix(name, from+"/") {
			s.files[to+name[len(from):]] = s.files[name]
			delete(s.files, name)
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func (s *session) MakeAll(_ context.Context, dir string) error {
	return s.do("mkdir", dir, func() error {
		for ; !s.folders[dir]; dir = path.Dir(dir) {
			s.folders[dir] = true
		}
		return nil
	})
}

func (s *session) List(_ context.Context, dir string) ([]Entry, error) {
	var entries []Entry
	return entries, s.do("list", dir, func() error {
		if !s.folders[dir] {
			return missing("list", dir)
		}
		for name := range s.files {
			if path.Dir(name) == dir {
				entries = append(entries, Entry{Name: path.Base(name)})
			}
		}
		for name := range s.folders {
			if name != "/" && path.Dir(name) == dir {
				entries = append(entries, Entry{Name: path.Base(name), Dir: true})
			}
		}
		return nil
	})
}

func (s *session) Remove(_ context.Context, name string) error {
	return s.do("remove", name, func() error {
		delete(s.files, name)
		delete(s.folders, name)
		for f := range s.files {
			if strings.HasPrefix(f, name+"/") {
				delete(s.files, f)
			}
		}
		for f := range s.folders {
			if strings.HasPrefix(f, name+"/") {
				delete(s.folders, f)
			}
		}
		return nil
	})
}

// show lists the disk for a failed test.
func (d *disk) show() string {
	var b strings.Builder
	for _, name := range sortedKeys(d.files) {
		fmt.Fprintf(&b, "  %s: %q\n", name, d.files[name])
	}
	return b.String()
}
