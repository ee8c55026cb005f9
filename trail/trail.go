// Package trail is the trail on disk: the names of its files, their header,
// their frames, the writer and the readers.
//
// It is not a codec of changes: what a frame's body means belongs to package
// record, and which files may be purged is the Manager's business. Its law:
// bytes that a reader may have seen are never changed or cut. A writer that
// starts again opens the next file, and that file's header says where the valid
// content of its predecessor ends; a record never spans two files. The format
// is documented in docs/TRAIL.md.
package trail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Position is a place in a trail: a file's sequence number and the offset of a
// frame in it, in bytes. The zero position is the start of file 0.
type Position struct {
	Seqno uint32
	RBA   uint64
}

// Compare returns -1, 0 or 1 as p lies before, at or behind q.
func (p Position) Compare(q Position) int {
	switch {
	case p.Seqno < q.Seqno, p.Seqno == q.Seqno && p.RBA < q.RBA:
		return -1
	case p == q:
		return 0
	}
	return 1
}

// IsZero reports whether p is the start of file 0.
func (p Position) IsZero() bool { return p == Position{} }

// String prints sequence number and RBA as 12:3456.
func (p Position) String() string {
	return strconv.FormatUint(uint64(p.Seqno), 10) + ":" + strconv.FormatUint(p.RBA, 10)
}

// ParsePosition reads what String prints.
func ParsePosition(s string) (Position, error) {
	seqno, rba, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(seqno, 10, 32)
	if !ok || err != nil {
		return Position{}, fmt.Errorf("trail position %q is not seqno:rba", s)
	}
	at, err := strconv.ParseUint(rba, 10, 64)
	if err != nil {
		return Position{}, fmt.Errorf("trail position %q is not seqno:rba", s)
	}
	return Position{Seqno: uint32(n), RBA: at}, nil
}

// MarshalText makes a position its printed form in JSON.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Position) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePosition(string(b))
	return err
}

// Name names a trail: files of it are called Dir/Prefix and Digits digits.
type Name struct {
	Dir    string // cleaned; "." when the trail has no folder
	Prefix string // two characters; an extract file's name may have up to maxPrefix
	Digits int    // 9, or 6 with TRAIL_SEQLEN_6D
}

// ParseName reads a trail's name as parameters give it, ./dirdat/lt, and
// normalises its path. digits is 9 or 6; zero means 9.
func ParseName(s string, digits int) (Name, error) {
	if digits == 0 {
		digits = 9
	}
	n := Name{Dir: filepath.Clean(filepath.Dir(s)), Prefix: filepath.Base(s), Digits: digits}
	if strings.HasSuffix(s, "/") {
		n.Prefix = ""
	}
	return n, n.check()
}

// maxPrefix bounds the file part of a name.
const maxPrefix = 32

func (n Name) check() error {
	bad := len(n.Prefix) < 2 || len(n.Prefix) > maxPrefix
	for i := range len(n.Prefix) {
		bad = bad || !isNameByte(n.Prefix[i])
	}
	if bad {
		return fmt.Errorf("trail name %q: the file part must be two characters, or up to %d "+
			"for an extract file: letters, digits and _ - $ # @ +", filepath.Join(n.Dir, n.Prefix),
			maxPrefix)
	}
	if n.Digits != 6 && n.Digits != 9 {
		return fmt.Errorf("trail name %s: %d digits; 6 or 9 are possible", n, n.Digits)
	}
	if len(n.Prefix) > 2 && n.Digits == 6 && allDigits(n.Prefix[len(n.Prefix)-3:]) {
		return fmt.Errorf("trail name %s: with numbers of six digits a long name cannot end in "+
			"three digits", n)
	}
	return nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '-' || c == '$' || c == '#' || c == '@' || c == '+'
}

// String is the name as parameters give it, its path normalised.
func (n Name) String() string { return filepath.Join(n.Dir, n.Prefix) }

// File is the path of the file with sequence number seqno.
func (n Name) File(seqno uint32) string {
	return filepath.Join(n.Dir, fmt.Sprintf("%s%0*d", n.Prefix, n.Digits, seqno))
}

// MaxSeqno is the last sequence number that the digits can print.
func (n Name) MaxSeqno() uint32 {
	if n.Digits == 6 {
		return 999_999
	}
	return 999_999_999
}

// ParseFile reads the path of one trail file: a name and 9 or 6 digits.
func ParseFile(path string) (Name, uint32, error) {
	base := filepath.Base(path)
	n := Name{Dir: filepath.Clean(filepath.Dir(path))}
	for _, n.Digits = range []int{9, 6} {
		at := len(base) - n.Digits
		if at < 2 || !allDigits(base[at:]) {
			continue
		}
		n.Prefix = base[:at]
		if n.check() != nil {
			break
		}
		seqno, err := n.seqnoOf(base)
		return n, seqno, err
	}
	return n, 0, fmt.Errorf("%s is not named as a trail file: two characters or more and 6 or 9 digits",
		path)
}

func (n Name) seqnoOf(base string) (uint32, error) {
	digits, ok := strings.CutPrefix(base, n.Prefix)
	if !ok || len(digits) != n.Digits || !allDigits(digits) {
		return 0, fmt.Errorf("%s is not a file of trail %s", base, n)
	}
	seqno, err := strconv.ParseUint(digits, 10, 32)
	return uint32(seqno), err
}

// List gives the sequence numbers of the trail's files in rising order; none
// when the folder does not exist.
func List(n Name) ([]uint32, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	d, err := os.Open(n.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("trail %s: %w", n, err)
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("trail %s: %w", n, err)
	}
	var seqnos []uint32
	for _, base := range names {
		if seqno, err := n.seqnoOf(base); err == nil {
			seqnos = append(seqnos, seqno)
		}
	}
	sort.Slice(seqnos, func(i, j int) bool { return seqnos[i] < seqnos[j] })
	return seqnos, nil
}

// FileInfo is what purge rules ask of one trail file.
type FileInfo struct {
	Seqno    uint32
	Path     string
	Size     int64 // bytes
	Modified time.Time
}

// Stat looks at one file of the trail; *MissingError when it is not there.
func Stat(n Name, seqno uint32) (FileInfo, error) {
	path := n.File(seqno)
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return FileInfo{}, &MissingError{File: path}
	}
	if err != nil {
		return FileInfo{}, fmt.Errorf("trail %s: %w", n, err)
	}
	return FileInfo{Seqno: seqno, Path: path, Size: st.Size(), Modified: st.ModTime()}, nil
}
