package trail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// readAhead is how many bytes are asked of the file at once; firstRead of them
// to begin with, as many a file is opened for its header only.
const (
	readAhead = 1 << 20
	firstRead = 64 << 10
)

// errTail says that no whole frame stands at the offset: the file's end, a
// frame still being written, a torn one, or damage.
var errTail = errors.New("trail: no frame here")

// frameFile reads the frames of one file, which may be growing.
type frameFile struct {
	f    *os.File
	path string
	buf  []byte // read bytes are buf[r:w]
	r, w int
	off  uint64 // the offset in the file of buf[r]
	size uint64 // of the file, when its end was last met
	bad  string // why no frame stands at off; empty when bytes are only lacking
	// judged is the offset and size at which a bad frame was last found to be a
	// torn tail.
	judgedOff, judgedSize uint64
	crypt                 crypt
}

func openFrames(path string, at uint64) (*frameFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &frameFile{f: f, path: path, off: at}, nil
}

func (s *frameFile) close() { s.f.Close() }

// unlock makes the frames behind an encrypted file's header readable.
func (s *frameFile) unlock(h *Header, keys Keys) (err error) {
	if h.Seal != nil {
		s.crypt.box, err = h.Seal.open(s.path, keys)
	}
	return err
}

// seek goes to another offset.
func (s *frameFile) seek(at uint64) { s.r, s.w, s.off, s.bad = 0, 0, at, "" }

// next reads the frame at the offset, or gives errTail. The frame's body lives
// until the call after.
func (s *frameFile) next(fr *frame) error {
	for {
		b := s.buf[s.r:s.w]
		need := frameHead
		if len(b) >= frameHead {
			n := binary.LittleEndian.Uint32(b)
			if binary.LittleEndian.Uint16(b[8:]) != lengthCheck(n) || n > MaxBody {
				return s.reject("the length of a record is damaged")
			}
			need += int(n)
			if len(b) >= need {
				body := b[:need:need]
				if crc32.Checksum(body[10:], castagnoli) != binary.LittleEndian.Uint32(body[4:]) {
					return s.reject("the checksum of a record does not match")
				}
				fr.at, fr.end = s.off, s.off+uint64(need)
				fr.typ, fr.flags = Type(body[10]), body[11]
				var ok bool
				fr.body, ok = s.crypt.openBody(fr.at, fr.typ, fr.flags, body[frameHead:])
				if !ok {
					s.seek(s.off) // the buffer does not hold the file's bytes any more
					return &CorruptError{File: s.path, RBA: fr.at,
						Cause: "an encrypted record was changed: its key does not open it"}
				}
				s.r += need
				s.off = fr.end
				return nil
			}
		}
		if err := s.fill(need); err != nil {
			return err
		}
	}
}

// reject drops what is buffered, so that the next call reads it again.
func (s *frameFile) reject(why string) error {
	s.seek(s.off)
	s.bad = why
	if err := s.measure(); err != nil {
		return err
	}
	return errTail
}

func (s *frameFile) measure() error {
	st, err := s.f.Stat()
	if err != nil {
		return err
	}
	s.size = uint64(st.Size())
	return nil
}

// fill reads on until need bytes are buffered or the file ends.
func (s *frameFile) fill(need int) error {
	s.bad = ""
	used := len(s.buf) < readAhead && s.w == len(s.buf)
	if need > len(s.buf) || len(s.buf) > 2*readAhead || used {
		if err := s.resize(need); err != nil {
			return err
		}
	} else if s.r > 0 {
		s.w = copy(s.buf, s.buf[s.r:s.w])
		s.r = 0
	}
	for s.w < need {
		n, err := s.f.ReadAt(s.buf[s.w:], int64(s.off)+int64(s.w))
		s.w += n
		if s.w >= need {
			return nil
		}
		if err == io.EOF {
			s.size = s.off + uint64(s.w)
			return errTail
		}
		if err != nil {
			return fmt.Errorf("trail file %s: %w", s.path, err)
		}
	}
	return nil
}

// resize gives the buffer room for need bytes, if the file has them, and takes
// away what a very long record made it grow to.
func (s *frameFile) resize(need int) error {
	if need > readAhead {
		if err := s.measure(); err != nil {
			return err
		}
		if s.off+uint64(need) > s.size {
			return errTail
		}
	}
	size := readAhead
	if s.buf == nil {
		size = firstRead
	}
	grown := make([]byte, max(need, size))
	s.w = copy(grown, s.buf[s.r:s.w])
	s.r, s.buf = 0, grown
	return nil
}

// damaged tells whether the bad frame at the offset is damage rather than a torn
// tail: a tail has no whole frame behind it.
func (s *frameFile) damaged() (bool, error) {
	if s.bad == "" || s.judgedOff == s.off && s.judgedSize == s.size {
		return false, nil
	}
	from := s.off + 1
	head := make([]byte, frameHead)
	if _, err := s.f.ReadAt(head, int64(s.off)); err == nil {
		n := binary.LittleEndian.Uint32(head)
		if n <= MaxBody && lengthCheck(n) == binary.LittleEndian.Uint16(head[8:]) {
			from = s.off + frameHead + uint64(n)
		}
	}
	_, found, err := findFrame(s.f, from, s.size)
	if err == nil && !found {
		s.judgedOff, s.judgedSize = s.off, s.size
	}
	return found, err
}

// findFrame looks for the first offset from from on where a whole frame stands.
func findFrame(f *os.File, from, size uint64) (uint64, bool, error) {
	buf := make([]byte, min(readAhead, max(size, from)-from))
	for from+frameHead <= size {
		n, err := f.ReadAt(buf[:min(uint64(len(buf)), size-from)], int64(from))
		if err != nil && err != io.EOF {
			return 0, false, err
		}
		if n < frameHead {
			return 0, false, nil
		}
		for i := 0; i+frameHead <= n; i++ {
			if !plausible(buf[i:], size-from-uint64(i)) {
				continue
			}
			ok, err := frameAt(f, from+uint64(i))
			if ok || err != nil {
				return from + uint64(i), ok, err
			}
		}
		from += uint64(n - frameHead + 1)
	}
	return 0, false, nil
}

// plausible reports whether b may begin a frame that fits in room bytes.
func plausible(b []byte, room uint64) bool {
	n := binary.LittleEndian.Uint32(b)
	return binary.LittleEndian.Uint16(b[8:]) == lengthCheck(n) && n <= MaxBody &&
		uint64(n)+frameHead <= room && Type(b[10]) >= TypeHeader && Type(b[10]) <= TypeEnd
}

// frameAt checks the frame at offset at.
func frameAt(f *os.File, at uint64) (bool, error) {
	head := make([]byte, frameHead)
	if _, err := f.ReadAt(head, int64(at)); err != nil {
		return false, err
	}
	n := int64(binary.LittleEndian.Uint32(head))
	sum := crc32.New(castagnoli)
	got, err := io.Copy(sum, io.NewSectionReader(f, int64(at)+10, n+2))
	if err != nil {
		return false, err
	}
	return got == n+2 && sum.Sum32() == binary.LittleEndian.Uint32(head[4:]), nil
}
