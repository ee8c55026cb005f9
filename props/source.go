package props

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"ggsh/ggserr"
)

const (
	maxFileSize = 1 << 20 // bytes of a properties file
	maxEntries  = 10000
	blanks      = " \t\f"
)

// entry is one property as it stands in a file.
type entry struct {
	key     string
	value   string
	at      ggserr.Location // of the key
	marks   []mark          // where the bytes of value stand
	bare    bool            // neither = nor : follows the key
	covered bool            // the value stood in CDATA[...]
}

// mark says that the byte at off of a value stands at line and column, and the
// bytes behind it in the columns behind that, up to the next mark.
type mark struct{ off, line, column int }

// prose reports whether the line is no property but text that lacks its #.
func (e *entry) prose() bool { return e.bare && !ours(e.key) }

// place is where the byte at off of the value stands.
func (e *entry) place(off int) ggserr.Location {
	at := e.at
	for _, m := range e.marks {
		if m.off > off {
			break
		}
		at.Line, at.Column = m.line, m.column+off-m.off
	}
	return at
}

// cut takes the value from one byte to another.
func (e *entry) cut(from, to int) {
	start := e.place(from)
	var marks []mark
	for _, m := range e.marks {
		if m.off > from {
			marks = append(marks, mark{m.off - from, m.line, m.column})
		}
	}
	e.marks = append([]mark{{0, start.Line, start.Column}}, marks...)
	e.value = e.value[from:to]
}

// uncover takes the value out of CDATA[...].
func (e *entry) uncover() *fault {
	const open = "CDATA["
	if len(e.value) < len(open) || !strings.EqualFold(e.value[:len(open)], open) {
		return nil
	}
	if !strings.HasSuffix(e.value, "]") {
		return &fault{off: 0, text: "CDATA[ is not closed by ] at the end of the value"}
	}
	e.cut(len(open), len(e.value)-1)
	e.covered = true
	return nil
}

// scanner reads the syntax of Java properties files.
type scanner struct {
	file    string
	text    string
	i       int
	line    int
	column  int
	entries []entry
	faults  []*ggserr.Error
}

// scan reads all entries of a text. Bytes that are no UTF-8 make the whole text
// ISO 8859-1, as Java reads such files.
func scan(file string, text []byte) ([]entry, []*ggserr.Error) {
	s := &scanner{file: file, line: 1, column: 1}
	if bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.HasPrefix(text, []byte("\xff\xfe")) {
		return nil, []*ggserr.Error{ggserr.New(ggserr.PropertyWrong,
			"The file is UTF-16").At(file, 1, 1).Do("Save it as UTF-8.")}
	}
	s.text = strings.TrimPrefix(string(text), "\ufeff")
	if !utf8.ValidString(s.text) {
		wide := make([]rune, len(s.text))
		for i := range len(s.text) {
			wide[i] = rune(s.text[i])
		}
		s.text = string(wide)
	}
	if i := strings.IndexByte(s.text, 0); i >= 0 {
		line := strings.Count(s.text[:i], "\n") + 1
		return nil, []*ggserr.Error{ggserr.New(ggserr.PropertyWrong,
			"A NUL byte: this is no text file").At(file, line, 0)}
	}
	for s.i < len(s.text) {
		s.logicalLine()
		if len(s.entries) > maxEntries {
			s.fail(s.line, 1, "more than %d properties", maxEntries)
			break
		}
		if len(s.faults) >= maxFaults {
			break
		}
	}
	return s.entries, s.faults
}

func (s *scanner) fail(line, column int, format string, args ...any) {
	err := ggserr.New(ggserr.PropertyWrong, capital(fmt.Sprintf(format, args...)))
	s.faults = append(s.faults, err.At(s.file, line, column))
}

// advance passes n bytes of one line.
func (s *scanner) advance(n int) {
	s.column += utf8.RuneCountInString(s.text[s.i : s.i+n])
	s.i += n
}

// lineEnd gives the length of the line end that stands here, 0 for none.
func (s *scanner) lineEnd() int {
	switch rest := s.text[s.i:]; {
	case strings.HasPrefix(rest, "\r\n"):
		return 2
	case rest != "" && (rest[0] == '\n' || rest[0] == '\r'):
		return 1
	}
	return 0
}

func (s *scanner) passLineEnd() {
	if n := s.lineEnd(); n > 0 {
		s.i += n
		s.line, s.column = s.line+1, 1
	}
}

func (s *scanner) passBlanks() {
	rest := s.text[s.i:]
	s.advance(len(rest) - len(strings.TrimLeft(rest, blanks)))
}

// The parts of a logical line.
const (
	inKey = iota
	behindKey
	behindSeparator
	inValue
)

// logicalLine reads one line with its continuations: a comment, nothing, or a
// property.
func (s *scanner) logicalLine() {
	s.passBlanks()
	if s.i < len(s.text) && (s.text[s.i] == '#' || s.text[s.i] == '!') {
		end := strings.IndexAny(s.text[s.i:], "\r\n")
		if end < 0 {
			end = len(s.text) - s.i
		}
		s.advance(end)
		s.passLineEnd()
		return
	}
	e := entry{at: ggserr.Location{File: s.file, Line: s.line, Column: s.column}, bare: true}
	var key, val []byte
	state, keep, empty := inKey, 0, true
	expect := mark{-1, 0, 0}
	for {
		line, column, from := s.line, s.column, s.i
		c, escaped, ok := s.next(&line, &column)
		if !ok {
			break
		}
		empty = false
		blank := !escaped && strings.ContainsRune(blanks, c)
		separator := !escaped && (c == '=' || c == ':')
		switch {
		case state == inKey && !blank && !separator:
			key = utf8.AppendRune(key, c)
			continue
		case state < behindSeparator && separator:
			state, e.bare = behindSeparator, false
			continue
		case state == inKey:
			state = behindKey
			continue
		case state < inValue && blank:
			continue
		}
		state = inValue
		if (mark{len(val), line, column}) != expect {
			e.marks = append(e.marks, mark{len(val), line, column})
		}
		val = utf8.AppendRune(val, c)
		expect = mark{-1, 0, 0}
		if c < utf8.RuneSelf && s.i-from == 1 {
			expect = mark{len(val), line, column + 1}
		}
		if !blank {
			keep = len(val)
		}
	}
	s.passLineEnd()
	if empty {
		return
	}
	if len(e.marks) == 0 {
		e.marks = []mark{{0, e.at.Line, e.at.Column}}
	}
	e.key, e.value = string(key), string(val[:keep])
	s.entries = append(s.entries, e)
}

// next reads one character of a logical line and where it stands.
func (s *scanner) next(line, column *int) (c rune, escaped, ok bool) {
	for s.i < len(s.text) && s.lineEnd() == 0 {
		*line, *column = s.line, s.column
		c, size := utf8.DecodeRuneInString(s.text[s.i:])
		s.advance(size)
		if c != '\\' {
			return c, false, true
		}
		if s.lineEnd() > 0 {
			s.passLineEnd()
			s.passBlanks()
			continue
		}
		if s.i == len(s.text) {
			return 0, false, false
		}
		return s.escape(), true, true
	}
	return 0, false, false
}

// escape reads what follows a backslash.
func (s *scanner) escape() rune {
	c, size := utf8.DecodeRuneInString(s.text[s.i:])
	s.advance(size)
	switch c {
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 'f':
		return '\f'
	case 'u':
		c = s.unicode()
		if utf16.IsSurrogate(c) && strings.HasPrefix(s.text[s.i:], `\u`) {
			s.advance(2)
			c = utf16.DecodeRune(c, s.unicode())
		}
	}
	return c
}

// unicode reads the four digits behind \u.
func (s *scanner) unicode() rune {
	var n rune
	for i := range 4 {
		digit := rune(-1)
		if s.i < len(s.text) {
			digit = hexDigit(s.text[s.i])
		}
		if digit < 0 {
			s.fail(s.line, s.column-2-i, `\u is not followed by four hexadecimal digits`)
			return utf8.RuneError
		}
		s.advance(1)
		n = n<<4 | digit
	}
	return n
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// inHome gives a path its place: relative ones stand below the home.
func (o Options) inHome(path string) string {
	if o.Home == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(o.Home, path)
}

// read reads a properties file of bounded size.
func (o Options) read(path string) ([]byte, error) {
	var text []byte
	var err error
	if o.ReadFile != nil {
		text, err = o.ReadFile(o.inHome(path))
	} else {
		text, err = readBounded(o.inHome(path))
	}
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	if len(text) > maxFileSize {
		return nil, ggserr.New(ggserr.PropertyWrong, fmt.Sprintf(
			"Properties file %s has more than %d bytes", path, maxFileSize)).
			Do("Name the properties file itself.")
	}
	return text, nil
}

func readBounded(path string) ([]byte, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}
