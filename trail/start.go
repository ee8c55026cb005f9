package trail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"ggsh/record"
)

// tables holds the definitions of the file being read. A definition that is
// repeated keeps its pointer.
type tables struct {
	here   map[uint32]*record.TableDef // of this file
	known  map[uint32]known            // of all files read so far
	lastID uint32
	last   *record.TableDef
}

type known struct {
	raw []byte
	def *record.TableDef
}

func (t *tables) find(id uint32) *record.TableDef {
	if id == t.lastID && t.last != nil {
		return t.last
	}
	def := t.here[id]
	t.lastID, t.last = id, def
	return def
}

func (t *tables) add(body []byte) (*record.TableDef, error) {
	def, err := record.DecodeTableDef(body)
	if err != nil {
		return nil, err
	}
	if t.here == nil {
		t.here, t.known = map[uint32]*record.TableDef{}, map[uint32]known{}
	}
	if k, ok := t.known[def.ID]; ok && bytes.Equal(k.raw, body) {
		def = k.def
	} else {
		t.known[def.ID] = known{raw: bytes.Clone(body), def: def}
	}
	t.here[def.ID] = def
	t.last = nil
	return def, nil
}

func (t *tables) nextFile() {
	clear(t.here)
	t.last = nil
}

// start opens the file of the reader's position and reads up to it, for the
// table definitions and the transaction that stand before. io.EOF: the file
// is not there yet.
func (r *Reader) start() error {
	want := r.pos
	f, err := openFrames(r.File(), 0)
	if errors.Is(err, os.ErrNotExist) {
		if want.RBA > 0 {
			return &MissingError{File: r.File()}
		}
		if err := missingIfLater(r.name, want.Seqno); err != nil {
			return err
		}
		return io.EOF
	}
	if err != nil {
		return fmt.Errorf("trail %s: %w", r.name, err)
	}
	h, err := readHeader(f)
	if err == nil {
		err = f.unlock(h, r.opt.Keys)
	}
	if err != nil {
		f.close()
		return err
	}
	f.seek(0)
	r.file, r.header, r.pos.RBA = f, h, 0
	if err := r.walkTo(want); err != nil {
		r.pos = want
		f.close()
		r.file = nil
		return err
	}
	return nil
}

// walkTo reads up to want, which must be the start of a frame or the end.
func (r *Reader) walkTo(want Position) error {
	for r.pos.RBA < want.RBA {
		before := r.pos.RBA
		err := errTail
		if !r.ended {
			err = r.file.next(&r.fr)
		}
		if err == errTail {
			return r.pastEnd(want)
		}
		if err == nil {
			_, err = r.give()
		}
		if err != nil {
			return err
		}
		if r.pos.RBA > want.RBA {
			return &PositionError{File: r.File(), RBA: want.RBA, Before: before, After: r.pos.RBA}
		}
	}
	return nil
}

// pastEnd explains why want, behind the readable end, cannot be read from.
func (r *Reader) pastEnd(want Position) error {
	if f, err := openFrames(r.name.File(r.pos.Seqno+1), 0); err == nil {
		h, err := readHeader(f)
		f.close()
		if err == nil && h.PrevEnd <= r.pos.RBA {
			return &LostError{File: r.File(), Had: want,
				End: Position{Seqno: want.Seqno, RBA: h.PrevEnd}}
		}
	}
	damaged, err := r.file.damaged()
	if err != nil {
		return fmt.Errorf("trail file %s: %w", r.File(), err)
	}
	if damaged {
		return r.corrupt(r.pos.RBA, r.file.bad)
	}
	return r.corrupt(r.pos.RBA, fmt.Sprintf("the file ends here; RBA %d was asked for", want.RBA))
}

// ReadHeader reads the header of the trail file at path.
func ReadHeader(path string) (*Header, error) {
	f, err := openFrames(path, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &MissingError{File: path}
	}
	if err != nil {
		return nil, fmt.Errorf("trail: %w", err)
	}
	defer f.close()
	return readHeader(f)
}
