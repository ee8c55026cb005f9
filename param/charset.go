package param

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"

	"ggsh/ggserr"
)

// charset is the character set that a file is read from. Without an encoding it is
// UTF-8 of which nobody has said that it is: octets that are none are let pass.
type charset struct {
	name string
	enc  encoding.Encoding
	wide bool // UTF-16: its file shows it by itself
}

// same reports whether two names mean one character set.
func (s charset) same(o charset) bool {
	isUTF8 := func(c charset) bool { return c.enc == nil || c.enc == unicode.UTF8 }
	return s.enc == o.enc || isUTF8(s) && isUTF8(o) || s.wide && o.wide
}

// findCharset finds a character set by a name of it.
func findCharset(name string) (charset, bool) {
	s := charset{name: name}
	var err error
	for _, find := range []func(string) (encoding.Encoding, error){
		ianaindex.IANA.Encoding, ianaindex.MIME.Encoding, htmlindex.Get} {
		if s.enc, err = find(name); err == nil && s.enc != nil {
			break
		}
	}
	if err != nil || s.enc == nil {
		return charset{}, false
	}
	if strings.HasPrefix(strings.ToUpper(name), "UTF-16") {
		s.wide = true
		return s, true
	}
	// CHARSET itself is read as ASCII: a set that writes it otherwise cannot be meant.
	const plain = "CHARSET az AZ 09 ,();='\"*?&#\r\n"
	text, err := s.enc.NewDecoder().String(plain)
	return s, err == nil && text == plain
}

// source is a file's text after decoding.
type source struct {
	text string
	set  charset
	head int // the line at which CHARSET stands as the first statement, 0 for none
}

// decode reads a file's octets from its character set: that of the mark it begins with,
// of its CHARSET, or outer, which is the including file's or that of GLOBALS. The place
// of an error is one in the decoded text.
func decode(name, octets string, outer charset) (source, *ggserr.Error) {
	src := source{text: octets, set: outer}
	if len(octets) > maxFile {
		return src, nil // it will be refused for that
	}
	if outer.wide {
		src.set = charset{}
	}
	marked, isMarked := sniff(octets)
	if isMarked {
		if src.set = marked; marked.wide {
			text, err := marked.enc.NewDecoder().String(octets)
			if err != nil {
				return src, bad(ggserr.Location{File: name}, "The file is no text in "+marked.name)
			}
			src.text = strings.TrimPrefix(text, "\ufeff")
		}
	}
	named, at := headCharset(src.text)
	if at.Line > 0 {
		at.File, src.head = name, at.Line
		set, ok := findCharset(named)
		switch {
		case !ok:
			return src, bad(at, "CHARSET: "+shorten(named)+" is no character set that parameter "+
				"files are read from").Do("UTF-8, UTF-16, ISO-8859-1, windows-1252 are some that are.")
		case isMarked && !set.same(marked):
			return src, bad(at, fmt.Sprintf("CHARSET: the file is not in %s: it begins as text in %s does",
				shorten(named), marked.name))
		case set.wide && !isMarked:
			return src, bad(at, "CHARSET: the file is not in "+shorten(named))
		}
		if !set.wide {
			src.set = set
		}
	}
	return src.convert(name, at.Line > 0 || src.set.wide)
}

// convert makes UTF-8 of the text; strict if somebody has said what it is.
func (s source) convert(name string, strict bool) (source, *ggserr.Error) {
	if s.set.enc == nil && !strict {
		return s, nil
	}
	text := strings.ToValidUTF8(s.text, "\ufffd")
	if s.set.enc != nil && !s.set.wide && s.set.enc != unicode.UTF8 {
		var err error
		if text, err = s.set.enc.NewDecoder().String(s.text); err != nil {
			return s, bad(ggserr.Location{File: name}, "The file is no text in "+s.set.name)
		}
	}
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		begin := strings.LastIndexByte(text[:i], '\n') + 1
		return s, bad(ggserr.Location{File: name, Line: strings.Count(text[:i], "\n") + 1,
			Column: utf8.RuneCountInString(text[begin:i]) + 1},
			"What stands here is no character of "+s.set.name).
			Do("Name the character set in which the file was saved with CHARSET.")
	}
	s.text = text
	return s, nil
}

// sniff tells the character set of a file that shows it: by a byte order mark, or, as a
// statement begins with an ASCII letter, by the zero beside it.
func sniff(octets string) (charset, bool) {
	wide := func(name string, order unicode.Endianness) (charset, bool) {
		return charset{name: name, enc: unicode.UTF16(order, unicode.IgnoreBOM), wide: true}, true
	}
	even := len(octets) >= 2 && len(octets)%2 == 0
	switch {
	case strings.HasPrefix(octets, "\ufeff"):
		return charset{name: "UTF-8"}, true
	case even && (strings.HasPrefix(octets, "\xff\xfe") || octets[0] != 0 && octets[1] == 0):
		return wide("UTF-16LE", unicode.LittleEndian)
	case even && (strings.HasPrefix(octets, "\xfe\xff") || octets[0] == 0 && octets[1] != 0):
		return wide("UTF-16BE", unicode.BigEndian)
	}
	return charset{}, false
}

// headCharset gives what CHARSET says that is the first statement of a text, and where.
func headCharset(text string) (name string, at ggserr.Location) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		word := firstWord(line)
		if word == "COMMENT" || isRemark(strings.TrimPrefix(line, "\ufeff")) {
			continue
		}
		if word != "CHARSET" {
			break
		}
		from := strings.Index(strings.ToUpper(line), word) + len(word)
		from += len(line[from:]) - len(strings.TrimLeft(line[from:], " \t='\""))
		name = line[from:]
		if end := strings.IndexAny(name, " \t,;'\""); end >= 0 {
			name = name[:end]
		}
		column := utf8.RuneCountInString(strings.TrimPrefix(line[:from], "\ufeff")) + 1
		return name, ggserr.Location{Line: n, Column: column}
	}
	return "", ggserr.Location{}
}

// charsetStatement checks a CHARSET that is not the first statement of its file: what
// stands before it is read already.
func (p *parser) charsetStatement(st *Statement) {
	for i := len(p.stack) - 1; i >= 0; i-- {
		in := &p.stack[i]
		if !in.isFile {
			continue
		}
		if set, ok := findCharset(valueText(st.Args)); in.head != st.Pos.Line &&
			!(ok && set.same(in.set)) {
			st.broken = true
			p.fail(bad(st.Pos, "CHARSET must be the first statement of its file"))
		}
		return
	}
}
