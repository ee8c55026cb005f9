package trail

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

// Open finds the end of what the trail holds, makes that durable, and opens the
// next file. Errors: *LockedError when another process writes the trail and did
// not end within LockWait; *CorruptError when the last file is damaged, or ends
// before the position that is known to be durable; *MissingError when the trail
// has no files but should.
func Open(cfg WriterConfig) (*Writer, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(cfg.Name.Dir); err != nil {
		return nil, ggserr.New(ggserr.FileOpen, cfg.Name.Dir).Because(err)
	}
	lock, err := lockTrail(cfg.Name, cfg.LockWait)
	if err != nil {
		return nil, err
	}
	w := &Writer{cfg: cfg, lock: lock, buf: make([]byte, 0, writeBuffer),
		defs: map[uint32]*record.TableDef{}}
	if cfg.Purge {
		err = cfg.Name.purge()
	}
	if err == nil {
		err = w.recover()
	}
	if err != nil {
		if w.file != nil {
			w.file.Close()
		}
		lock.Close()
		return nil, err
	}
	return w, nil
}

func (cfg *WriterConfig) complete() error {
	if err := cfg.Name.check(); err != nil {
		return err
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	if cfg.MaxBytes < 0 {
		return fmt.Errorf("trail %s: a file size of %d bytes", cfg.Name, cfg.MaxBytes)
	}
	if cfg.FS == nil {
		cfg.FS = Disk{}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return nil
}

// purge removes all files of the trail, the newest first: what is left after a
// failure is the beginning of a trail.
func (n Name) purge() error {
	files, err := List(n)
	for i := len(files) - 1; i >= 0 && err == nil; i-- {
		if err = os.Remove(n.File(files[i])); err != nil {
			err = writeError(n.File(files[i]), err)
		}
	}
	return err
}

// LockFile is the path of the file that a trail's writer holds locked.
func (n Name) LockFile() string { return filepath.Join(n.Dir, n.Prefix+".lock") }

func lockTrail(n Name, wait time.Duration) (*os.File, error) {
	for end := time.Now().Add(wait); ; {
		f, ok, err := tryLock(n.LockFile())
		if err != nil {
			return nil, ggserr.New(ggserr.FileOpen, n.LockFile()).Because(err)
		}
		if ok {
			return f, nil
		}
		left := time.Until(end)
		if left <= 0 {
			return nil, &LockedError{Trail: n.String()}
		}
		time.Sleep(min(left, 20*time.Millisecond))
	}
}

// recover reads the trail's last file and creates the one behind it.
func (w *Writer) recover() error {
	files, err := List(w.cfg.Name)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		if !w.cfg.Durable.IsZero() {
			return &MissingError{File: w.cfg.Name.File(w.cfg.Durable.Seqno)}
		}
		return w.create(w.cfg.FirstSeqno, 0, nil)
	}
	seqno := files[len(files)-1]
	path := w.cfg.Name.File(seqno)
	end, finished, err := w.survey(path)
	if err != nil {
		return err
	}
	if w.cfg.Forget {
		w.last, w.hasLast = record.TxnInfo{}, false
	}
	at := Position{Seqno: seqno, RBA: end}
	if at.Compare(w.cfg.Durable) < 0 {
		return &CorruptError{File: path, RBA: end, Cause: fmt.Sprintf(
			"the trail ends here, but was durable up to %s", w.cfg.Durable)}
	}
	if err := w.cfg.FS.Sync(path); err != nil {
		return writeError(path, err)
	}
	if seqno >= w.cfg.Name.MaxSeqno() {
		return ggserr.New(ggserr.TrailWrite, path).Because(errors.New("file numbers are used up"))
	}
	return w.create(seqno+1, end, &Restart{Abend: !finished, End: at})
}

// survey reads a whole file: where its valid content ends, the last complete
// transaction up to there, and whether its writer finished it.
func (w *Writer) survey(path string) (end uint64, finished bool, err error) {
	r, err := OpenFile(path, 0, w.cfg.Keys)
	if err != nil {
		return 0, false, err
	}
	defer r.Close()
	if h := r.Header(); h.Last != nil {
		w.last, w.hasLast = *h.Last, true
	}
	for {
		rec, err := r.Next()
		if err == io.EOF {
			return r.Position().RBA, finished, nil
		}
		if err != nil {
			return 0, false, err
		}
		finished = rec.Type == TypeEnd
		if rec.Type == TypeOp && rec.Flags&FlagLast != 0 {
			w.last, w.hasLast = *rec.Txn, true
			w.last.Continued = false
		}
	}
}

// create writes the header of file seqno aside, with the restart mark if the
// writer starts, and gives the file its name.
func (w *Writer) create(seqno uint32, prevEnd uint64, mark *Restart) error {
	path := w.cfg.Name.File(seqno)
	h := &Header{HeaderInfo: w.cfg.Header, Version: FormatVersion, Seqno: seqno,
		Created: w.cfg.Now(), File: filepath.Base(path), PrevEnd: prevEnd}
	if w.hasLast && prevEnd > 0 {
		h.Last = &w.last
	}
	front, err := w.front(h, mark)
	if err != nil {
		return fmt.Errorf("trail file %s: %w", path, err)
	}
	aside := path + ".new"
	f, err := w.cfg.FS.Create(aside)
	if err != nil {
		return writeError(path, err)
	}
	if _, err = f.Write(front); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = w.cfg.FS.Publish(aside, path)
	}
	if err != nil {
		f.Close()
		os.Remove(aside)
		return writeError(path, err)
	}
	w.file, w.path, w.seqno = f, path, seqno
	w.pos, w.ops = uint64(len(front)), 0
	w.durable = w.Position()
	clear(w.defs)
	w.lastDef = nil
	return nil
}

// front makes the first frames of a file, and the keys of an encrypted one.
func (w *Writer) front(h *Header, mark *Restart) ([]byte, error) {
	w.crypt.box = nil
	if w.cfg.Encrypt != nil {
		var err error
		if w.crypt.box, err = h.wrap(w.cfg.Encrypt, w.cfg.Keys, w.cfg.Random); err != nil {
			return nil, err
		}
	}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	front := appendFrame(nil, TypeHeader, 0, appendHeader(nil, h))
	if mark != nil {
		at := uint64(len(front))
		body := w.crypt.appendBody(nil, at, TypeRestart, 0, appendRestart(nil, *mark))
		front = appendFrame(front, TypeRestart, 0, body)
	}
	return front, nil
}
