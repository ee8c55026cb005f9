package trail

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"ggsh/record"
)

// The header frame's body, all numbers little endian. Part of the format.
//
//	offset  size  field
//	0       8     magic "GGSHTRL\n"
//	8       2     format version
//	10      2     features: 1 compressed (reserved), 2 encrypted; a reader refuses what it
//	              does not know
//	12      4     sequence number
//	16      8     creation time, Unix nanoseconds
//	24      8     where the valid content of the predecessor ends; 0 without predecessor
//	32      1     1: the last complete transaction follows the strings
//	33      ..    strings, each uvarint length and bytes: file name, group, program,
//	              kind of database, database, host
//	..      ..    of an encrypted file, the seal: u8 algorithm, u32 key version, 8 key id,
//	              12 nonce, key name and wrapped data key, both uvarint length and bytes
//	..      ..    last complete transaction before this file, as record.AppendTxnInfo has it
const (
	magic       = "GGSHTRL\n"
	headerFixed = 33

	// FormatVersion is the version of the format that this package writes.
	FormatVersion = 1
)

// HeaderInfo is what a file's header says of its writer and its source.
type HeaderInfo struct {
	Group    string // the writer's group
	Program  string // the writer's program and version
	Kind     string // the kind of the source: mysql, oracle, sqlite, directory, kafka
	Database string // the source database's name
	Host     string // the source's host
}

// Header is the first frame of each trail file.
type Header struct {
	HeaderInfo
	Version  uint16
	Features uint16
	Seqno    uint32
	Created  time.Time // UTC, to the nanosecond
	File     string    // the file's own name, without folder
	// PrevEnd is where the valid content of file Seqno-1 ends; 0 when this is
	// the trail's first file.
	PrevEnd uint64
	// Last is the last complete transaction in front of this file; nil when
	// there is none.
	Last *record.TxnInfo
	// Seal says under which key the file is encrypted; nil for one in clear.
	Seal *Seal
}

// Validate checks every law of a header. Called before writing and after reading.
func (h *Header) Validate() error {
	switch {
	case h.Version != FormatVersion:
		return fmt.Errorf("format version %d; this program reads version %d",
			h.Version, FormatVersion)
	case h.Features&^featureSealed != 0:
		return fmt.Errorf("the file uses features %#x that this program does not know", h.Features)
	case h.Features&featureSealed != 0 != (h.Seal != nil):
		return errors.New("the header does not say how the file is encrypted")
	case h.Created.IsZero():
		return errors.New("no creation time")
	case h.PrevEnd > 0 && h.Seqno == 0:
		return errors.New("file 0 cannot have a predecessor")
	case h.PrevEnd > 0 && h.PrevEnd < frameHead+headerFixed:
		return fmt.Errorf("the predecessor ends at %d, inside its own header", h.PrevEnd)
	case h.Last != nil && h.PrevEnd == 0:
		return errors.New("a last transaction, but no predecessor")
	}
	if h.Seal != nil {
		if err := h.Seal.validate(); err != nil {
			return err
		}
	}
	_, seqno, err := ParseFile(h.File)
	if err != nil {
		return err
	}
	if seqno != h.Seqno {
		return fmt.Errorf("file name %s, but sequence number %d", h.File, h.Seqno)
	}
	return nil
}

// appendHeader appends the header's body; h is valid.
func appendHeader(dst []byte, h *Header) []byte {
	dst = appendFront(dst, h)
	if h.Seal != nil {
		dst = binary.AppendUvarint(dst, uint64(len(h.Seal.wrapped)))
		dst = append(dst, h.Seal.wrapped...)
	}
	return appendLast(dst, h)
}

// appendLast appends what stands behind the seal.
func appendLast(dst []byte, h *Header) []byte {
	if h.Last != nil {
		dst = record.AppendTxnInfo(dst, h.Last)
	}
	return dst
}

// appendFront appends the body up to the wrapped data key.
func appendFront(dst []byte, h *Header) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint16(dst, h.Version)
	dst = binary.LittleEndian.AppendUint16(dst, h.Features)
	dst = binary.LittleEndian.AppendUint32(dst, h.Seqno)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.Created.UnixNano()))
	dst = binary.LittleEndian.AppendUint64(dst, h.PrevEnd)
	if h.Last != nil {
		dst = append(dst, 1)
	} else {
		dst = append(dst, 0)
	}
	for _, s := range []string{h.File, h.Group, h.Program, h.Kind, h.Database, h.Host} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	if h.Seal != nil {
		dst = appendSeal(dst, h.Seal)
	}
	return dst
}

// wrap makes h the header of an encrypted file and gives the cipher of its frames.
func (h *Header) wrap(e *Encryption, keys Keys, random io.Reader) (box cipher.AEAD, err error) {
	seal, key, data, err := newSeal(e, keys, random)
	if err != nil {
		return nil, err
	}
	h.Features, h.Seal = featureSealed, seal
	wrap, err := seal.wrapBox(key)
	if err != nil {
		return nil, err
	}
	bound := appendLast(appendFront(nil, h), h)
	seal.wrapped = wrap.Seal(nil, seal.nonce[:], data, bound)
	return newGCM(data)
}

// decodeHeader reads and validates a header's body.
func decodeHeader(b []byte) (*Header, error) {
	if len(b) < headerFixed || string(b[:8]) != magic {
		return nil, errors.New("this is not a trail file: its header does not begin with GGSHTRL")
	}
	h := &Header{
		Version:  binary.LittleEndian.Uint16(b[8:]),
		Features: binary.LittleEndian.Uint16(b[10:]),
		Seqno:    binary.LittleEndian.Uint32(b[12:]),
		Created:  time.Unix(0, int64(binary.LittleEndian.Uint64(b[16:]))).UTC(),
		PrevEnd:  binary.LittleEndian.Uint64(b[24:]),
	}
	if h.Version != FormatVersion || h.Features&^featureSealed != 0 {
		return nil, h.Validate()
	}
	rest := b[headerFixed:]
	for _, field := range []*string{&h.File, &h.Group, &h.Program, &h.Kind, &h.Database, &h.Host} {
		s, tail, ok := cutString(rest)
		if !ok {
			return nil, errors.New("the header ends too early")
		}
		*field, rest = string(s), tail
	}
	if h.Features&featureSealed != 0 {
		var err error
		if h.Seal, rest, err = decodeSeal(b, rest); err != nil {
			return nil, err
		}
	}
	if b[32]&1 != 0 {
		info, err := record.DecodeTxnInfo(rest)
		if err != nil {
			return nil, fmt.Errorf("last transaction: %w", err)
		}
		h.Last = &info
	}
	return h, h.Validate()
}

// Restart is the body of a restart mark.
type Restart struct {
	Abend bool     // the writer before this one did not finish its file
	End   Position // where its valid content ends
}

func appendRestart(dst []byte, r Restart) []byte {
	kind := byte(0)
	if r.Abend {
		kind = 1
	}
	dst = append(dst, kind)
	dst = binary.LittleEndian.AppendUint32(dst, r.End.Seqno)
	return binary.LittleEndian.AppendUint64(dst, r.End.RBA)
}

// DecodeRestart reads the body of a restart mark.
func DecodeRestart(b []byte) (Restart, error) {
	if len(b) < 13 {
		return Restart{}, record.ErrShort
	}
	return Restart{Abend: b[0] != 0, End: Position{
		Seqno: binary.LittleEndian.Uint32(b[1:]),
		RBA:   binary.LittleEndian.Uint64(b[5:]),
	}}, nil
}
