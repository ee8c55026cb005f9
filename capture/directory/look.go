package directory

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"ggsh/capture/payload"
	"ggsh/ggserr"
)

// target is a file with something to read, up to an offset.
type target struct {
	file *file
	end  int64
}

// look reads the directory: which files are there, which are new, which are gone,
// and which have something to read.
func (s *Source) look() error {
	entries, err := os.ReadDir(s.cfg.Path)
	if err != nil {
		return away{ggserr.New(ggserr.FileOpen, s.cfg.Path).Because(err)}
	}
	s.looks++
	var fresh []*file
	for _, e := range entries {
		set := s.cfg.setOf(e.Name())
		if set == nil {
			continue
		}
		st, err := statAt(unix.AT_FDCWD, s.path(e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went away meanwhile
		}
		if err != nil {
			return ggserr.New(ggserr.FileOpen, s.path(e.Name())).Because(err)
		}
		if !st.regular {
			continue
		}
		f := s.byIdent[st.ident]
		if f != nil && f.lastSeen == s.looks {
			continue // a second name of one file
		}
		if f != nil {
			if f, err = s.sighted(f, e.Name(), st); err != nil {
				return err
			}
		}
		if f == nil {
			f = s.newFile(e.Name(), set, st)
			fresh = append(fresh, f)
		}
		f.lastSeen, f.size, f.mtime = s.looks, st.size, st.mtime
	}
	if err := s.receive(fresh); err != nil {
		return err
	}
	return s.sort()
}

func (s *Source) newFile(name string, set *Set, st stat) *file {
	return &file{ident: st.ident, name: name, set: set, table: set.tableOf(name), size: st.size,
		mtime: st.mtime, drained: -1}
}

// sighted compares a file with what is known of it; nil says that it is another
// one, of the same number in the file system.
func (s *Source) sighted(f *file, name string, st stat) (*file, error) {
	if f.size == st.size && f.mtime == st.mtime && f.name == name && !f.gone && f.lastSeen > 0 {
		return f, nil
	}
	was := f.name
	f.name = name
	same := st.size >= f.planned
	if same {
		err := s.open(f)
		if err == nil {
			same, err = f.same()
		}
		if errors.Is(err, fs.ErrNotExist) {
			f.name = was
			return f, nil // it moves while we look: the next look tells
		}
		if err != nil {
			return nil, f.unreadable(err)
		}
	}
	if !same {
		if !f.gone && (f.born != 0 || was == name) {
			return nil, f.changed(st.size)
		}
		s.forget(f)
		return nil, nil
	}
	if f.gone || was != name {
		f.text = nil
	}
	if set := s.cfg.setOf(name); set != nil && (f.set == nil || f.decoder == nil) {
		f.set = set
	}
	f.gone, f.drained = false, -1
	if f.size != st.size {
		f.openEnd, f.told = time.Time{}, false
	}
	return f, nil
}

// forget drops a file whose number another one has now.
func (s *Source) forget(f *file) {
	s.shut(f)
	delete(s.byIdent, f.ident)
	s.files = slices.DeleteFunc(s.files, func(g *file) bool { return g == f })
}

// receive takes new files among the known ones, after what went away.
func (s *Source) receive(fresh []*file) error {
	left := map[string]*file{}
	for _, f := range s.files {
		if f.lastSeen != s.looks {
			left[f.name] = f
		}
	}
	for _, f := range fresh {
		if old := left[f.name]; old != nil && old.mtime == f.mtime && f.size >= old.planned {
			copied, err := s.copied(old, f)
			if err != nil {
				return err
			}
			if copied {
				continue
			}
		}
		if s.tell && s.looks == 1 {
			if err := s.skipOld(f); err != nil {
				return err
			}
		}
		if err := s.admit(f); err != nil {
			return err
		}
	}
	for _, f := range slices.Clone(s.files) {
		if f.lastSeen != s.looks && !f.gone {
			s.leave(f)
		}
	}
	return nil
}

// copied reports whether a new file is one that was read before, brought back under
// its old name and time by a copy: then reading goes on where it was.
func (s *Source) copied(old, f *file) (bool, error) {
	s.shut(old)
	was := old.ident
	old.ident = f.ident
	err := s.open(old)
	same := false
	if err == nil {
		same, err = old.same()
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return false, f.unreadable(err)
	}
	if !same {
		s.shut(old)
		old.ident = was
		return false, nil
	}
	delete(s.byIdent, was)
	s.byIdent[old.ident] = old
	old.lastSeen, old.size, old.gone, old.drained, old.text = s.looks, f.size, false, -1, nil
	if old.set == nil {
		old.set = f.set
	}
	return true, nil
}

// admit makes a new file a known one.
func (s *Source) admit(f *file) error {
	if len(s.files) >= maxFiles {
		i := slices.IndexFunc(s.files, func(g *file) bool { return g.gone })
		if i < 0 {
			return ggserr.New(ggserr.SourceLost, fmt.Sprintf("Directory %s has more than %d files to follow",
				s.cfg.Path, maxFiles)).
				Do("Move away the files that are read: INFO EXTRACT, SHOWCH shows how far each was.")
		}
		s.forget(s.files[i])
	}
	s.files, s.byIdent[f.ident] = append(s.files, f), f
	return nil
}

// leave handles a file that is not there any more. While it is still open it is read
// to its end.
func (s *Source) leave(f *file) {
	if f.handle != nil {
		st, err := statAt(int(f.handle.Fd()), "")
		if err == nil && f.size != st.size {
			f.size, f.openEnd = st.size, time.Time{}
		}
		if err == nil && f.size > f.planned && f.planned != f.drained {
			f.drained = f.planned
			return // it is read once more
		}
	}
	if f.size > f.planned {
		s.cfg.Warn(ggserr.New(ggserr.SourceGone, fmt.Sprintf("File %s is gone: the %d octets behind "+
			"offset %d were not read", f.name, f.size-f.planned, f.planned)))
	}
	s.shut(f)
	f.gone, f.text, f.decoder, f.columns = true, nil, nil, nil
}

// sort puts the files that have something to read into their order.
func (s *Source) sort() error {
	s.pass = s.pass[:0]
	for _, f := range s.files {
		switch {
		case f.gone || f.size <= f.planned:
		case f.lastSeen != s.looks && f.handle == nil:
		case s.waiting(f):
		default:
			if err := s.prepare(f); err != nil {
				return err
			}
			if f.decoder != nil {
				s.pass = append(s.pass, target{file: f, end: f.size})
			}
		}
	}
	slices.SortStableFunc(s.pass, func(a, b target) int {
		if d := cmp.Compare(a.file.mtime, b.file.mtime); d != 0 && !s.cfg.ByName {
			return d
		}
		return cmp.Compare(a.file.name, b.file.name)
	})
	return nil
}

// waiting reports whether what a file holds behind the last record is known to be
// no whole one.
func (s *Source) waiting(f *file) bool {
	if f.openEnd.IsZero() {
		return false
	}
	if !f.told && s.cfg.Now().Sub(f.openEnd) > waitingAfter {
		f.told = true
		s.cfg.Warn(ggserr.New(ggserr.SourceWaiting, fmt.Sprintf("File %s, offset %d: the last %d "+
			"octets are no whole record and are not read", f.name, f.planned, f.size-f.planned)))
	}
	return true
}

// prepare gives a file its decoder, unless nobody wants its table.
func (s *Source) prepare(f *file) error {
	if f.decoder != nil || f.set == nil {
		return nil
	}
	form := f.set.Format.Form
	named := form == payload.Ops || form == payload.Rows
	if !named && s.cfg.Want != nil && !s.cfg.Want(s.cfg.Schema, f.table) {
		return nil
	}
	var err error
	if f.decoder, err = s.tables.NewDecoder(f.set.Format, s.cfg.Schema, f.table); err != nil {
		return s.bad(f, 1, 0, err)
	}
	return nil
}

// skipOld puts a file that the order to begin leaves out at its end.
func (s *Source) skipOld(f *file) error {
	b := s.cfg.Begin
	if f.size == 0 || !b.AtEnd && (b.Time.IsZero() || f.mtime >= b.Time.UnixNano()) {
		return nil
	}
	err := s.open(f)
	if err == nil {
		f.offset, f.line, err = countLines(f.handle, f.size)
	}
	if err == nil {
		f.prints, err = f.printsAt(f.offset)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return f.unreadable(err)
	}
	f.planned, f.plannedTo = f.offset, f.line
	return nil
}
