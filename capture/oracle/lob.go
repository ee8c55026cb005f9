package oracle

import (
	"unicode/utf16"
	"unicode/utf8"

	"ggsh/record"
)

// lobState is a LOB that comes in pieces. Characters are counted as the database does,
// in UTF-16.
type lobState struct {
	touched bool
	known   bool // all that is not in content is known to be nothing
	broken  bool // the pieces do not make the whole
	lost    bool // nor could it be read from the table
	octets  bool // content is in the column's own character set, to be turned at the end
	binary  bool
	content []byte
	units   int64
}

// whole makes content the LOB's value.
func (l *lobState) whole(content []byte, binary bool) {
	l.touched, l.known, l.broken, l.binary = true, true, false, binary
	l.content = append(l.content[:0], content...)
	l.units = l.count(content)
}

func (l *lobState) count(b []byte) int64 {
	if l.binary {
		return int64(len(b))
	}
	n := int64(0)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		n += int64(max(utf16.RuneLen(r), 1))
		b = b[size:]
	}
	return n
}

// write puts a piece at an offset that counts from 1. length is what the log says of
// it, 0 nothing.
func (l *lobState) write(piece []byte, offset, length int64) {
	n := l.count(piece)
	if length > 0 && length != n || offset < 1 {
		l.broken = true // LogMiner cut it
		return
	}
	switch at := offset - 1; {
	case at == l.units:
		l.content = append(l.content, piece...)
		l.units += n
	case at > l.units:
		if !l.known {
			l.broken = true
			return
		}
		fill := byte(' ') // a hole
		if l.binary {
			fill = 0
		}
		for range at - l.units {
			l.content = append(l.content, fill)
		}
		l.content = append(l.content, piece...)
		l.units = at + n
	default:
		l.overwrite(piece, at, n)
	}
}

// overwrite replaces a part of the content.
func (l *lobState) overwrite(piece []byte, at, n int64) {
	if l.binary {
		end := at + n
		for int64(len(l.content)) < end {
			l.content = append(l.content, 0)
		}
		copy(l.content[at:], piece)
		l.units = int64(len(l.content))
		return
	}
	units := utf16.Encode([]rune(string(l.content)))
	written := utf16.Encode([]rune(string(piece)))
	tail := []uint16{}
	if at+n < int64(len(units)) {
		tail = units[at+n:]
	}
	all := append(append(append([]uint16{}, units[:at]...), written...), tail...)
	l.content = append(l.content[:0], string(utf16.Decode(all))...)
	l.units = l.count(l.content)
}

// trim cuts the content.
func (l *lobState) trim(length int64) {
	if !l.known || length > l.units {
		l.broken = true
		return
	}
	if l.binary {
		l.content = l.content[:length]
	} else {
		units := utf16.Encode([]rune(string(l.content)))
		l.content = append(l.content[:0], string(utf16.Decode(units[:length]))...)
	}
	l.units = length
}

// appendValue appends the value as a record has it.
func (l *lobState) appendValue(dst []byte, kind record.Kind) []byte {
	return record.AppendBytes(dst, kind, l.content)
}
