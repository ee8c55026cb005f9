package trail

import (
	"errors"
	"fmt"
	"io"
	"os"

	"ggsh/record"
)

// Scanner reads the frames of one file from any offset, past damage too. It is
// for looking at trails: what it skips is not replicated by anyone.
type Scanner struct {
	file   *frameFile
	seqno  uint32
	header *Header
	tables tables
	txn    record.TxnInfo
	inTxn  bool
	locked error // why an encrypted file's frames cannot be read
	rec    Record
}

// OpenScanner opens the file at path at its front. keys opens an encrypted one;
// nil if there are none.
func OpenScanner(path string, keys Keys) (*Scanner, error) {
	_, seqno, err := ParseFile(path)
	if err != nil {
		return nil, err
	}
	f, err := openFrames(path, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &MissingError{File: path}
	}
	if err != nil {
		return nil, fmt.Errorf("trail: %w", err)
	}
	s := &Scanner{file: f, seqno: seqno}
	// A file whose header is damaged can be looked at all the same.
	if s.header, _ = readHeader(f); s.header != nil {
		s.locked = f.unlock(s.header, keys)
	}
	f.seek(0)
	return s, nil
}

// Close closes the file.
func (s *Scanner) Close() error { return s.file.f.Close() }

// Path is the file's path.
func (s *Scanner) Path() string { return s.file.path }

// Header is the file's header; nil when it is damaged.
func (s *Scanner) Header() *Header { return s.header }

// RBA is the offset that Next reads at.
func (s *Scanner) RBA() uint64 { return s.file.off }

// Size is the file's size in bytes.
func (s *Scanner) Size() (uint64, error) {
	err := s.file.measure()
	return s.file.size, err
}

// Next gives the record at the offset and goes behind it. io.EOF: the file ends
// here. *CorruptError: no record stands here; the offset stays. *KeyError: the
// file is encrypted, and only its header can be read.
func (s *Scanner) Next() (*Record, error) {
	var fr frame
	at := s.file.off
	if s.locked != nil && at > 0 {
		return nil, s.locked
	}
	err := s.file.next(&fr)
	if err == errTail {
		return nil, s.atTail()
	}
	if err != nil {
		return nil, err
	}
	rec := &s.rec
	*rec = Record{Type: fr.typ, Flags: fr.flags, Body: fr.body,
		Pos: Position{Seqno: s.seqno, RBA: fr.at}, End: Position{Seqno: s.seqno, RBA: fr.end}}
	switch fr.typ {
	case TypeTable:
		rec.Table, err = s.tables.add(fr.body)
	case TypeTxn:
		s.txn, err = record.DecodeTxnInfo(fr.body)
		s.inTxn = true
		rec.Txn = &s.txn
	case TypeOp:
		if len(fr.body) >= 6 {
			_, id := record.OpTable(fr.body)
			rec.Table = s.tables.find(id)
		}
		if s.inTxn {
			rec.Txn = &s.txn
		}
		s.inTxn = s.inTxn && fr.flags&FlagLast == 0
	}
	if err != nil {
		s.file.seek(at)
		return nil, &CorruptError{File: s.Path(), RBA: at, Cause: err.Error()}
	}
	return rec, nil
}

func (s *Scanner) atTail() error {
	if s.file.off >= s.file.size {
		return io.EOF
	}
	why := s.file.bad
	if why == "" {
		why = "the last record is incomplete"
	}
	return &CorruptError{File: s.Path(), RBA: s.file.off, Cause: why}
}

// Seek goes to offset rba, having read what stands before it: definitions and
// the transaction. It gives the starts of the records nearest to rba: before is
// at or before it, after behind it, each the file's end if there is none.
func (s *Scanner) Seek(rba uint64) (before, after uint64, err error) {
	s.file.seek(0)
	s.tables, s.inTxn = tables{}, false
	size, err := s.Size()
	if err != nil {
		return 0, 0, err
	}
	after = size
	for s.file.off <= rba {
		at, in, txn := s.file.off, s.inTxn, s.txn
		whole, err := s.step(size)
		if err == io.EOF {
			break
		} else if err != nil {
			return 0, 0, err
		}
		if whole {
			before = at
		}
		if after = s.file.off; after > rba {
			s.inTxn, s.txn = in, txn
			break
		}
		after = size
	}
	s.file.seek(rba)
	return before, after, nil
}

// step goes behind the record at the offset, or, when none is there, to the next
// one behind the damage.
func (s *Scanner) step(size uint64) (whole bool, err error) {
	_, err = s.Next()
	if !errors.As(err, new(*CorruptError)) {
		return true, err
	}
	at, found, err := findFrame(s.file.f, s.file.off+1, size)
	if err != nil {
		return false, err
	}
	if !found {
		return false, io.EOF
	}
	s.file.seek(at)
	return false, nil
}
