package param

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"

	"ggsh/ggserr"
)

// Bounds of what a file may make us hold.
const (
	maxFile      = 4 << 20  // bytes of one file
	maxText      = 16 << 20 // bytes of all files and expansions of one Parse
	maxInclude   = 16       // files within files
	maxIncludes  = 1000     // files of one Parse
	maxErrors    = 100
	maxTokens    = 200_000 // tokens of one statement
	maxAllTokens = 1_000_000
)

// span says where a stretch of a line came from.
type span struct {
	offset int // byte in the line's text at which it begins
	line   int
	column int
	fixed  bool // expanded text: all of it stands at one place
}

// textLine is one line to lex: text of a file, or what a macro made of it.
type textLine struct {
	text  string
	file  string
	spans []span

	expanded bool // its macros are replaced already
}

// spanAt gives the span that a byte of the line belongs to.
func (l textLine) spanAt(offset int) span {
	i := sort.Search(len(l.spans), func(i int) bool { return l.spans[i].offset > offset })
	return l.spans[max(i-1, 0)]
}

// at gives the place in the file of a byte of the line.
func (l textLine) at(offset int) ggserr.Location {
	s := l.spanAt(offset)
	loc := ggserr.Location{File: l.file, Line: s.line, Column: s.column}
	if !s.fixed && offset > s.offset {
		loc.Column += utf8.RuneCountInString(l.text[s.offset:min(offset, len(l.text))])
	}
	return loc
}

// from gives the rest of the line that begins at offset.
func (l textLine) from(offset int) textLine {
	first := l.at(offset)
	rest := textLine{text: l.text[offset:], file: l.file, expanded: l.expanded,
		spans: []span{{0, first.Line, first.Column, l.fixedAt(offset)}}}
	for _, s := range l.spans {
		if s.offset > offset {
			s.offset -= offset
			rest.spans = append(rest.spans, s)
		}
	}
	return rest
}

func (l textLine) fixedAt(offset int) bool { return l.spanAt(offset).fixed }

// input is one file being read, or lines to read before going on with it.
type input struct {
	file   string
	text   string // what is left of a file
	line   int
	isFile bool
	set    charset    // of a file
	head   int        // the line of its CHARSET, see source
	queue  []textLine // used when it is no file
}

// parser reads one parameter file with all that it includes.
type parser struct {
	f      *File
	opt    Options
	ix     index
	stack  []input
	macros map[string]*macro
	char   string // the macro character
	hidden bool   // NOLIST is in force
	mask   masker

	files, bytes, tokens int
	macroEcho            []int // lines of the echo that a macro may have brought a password into
	unknown              int   // keywords that nobody knows
	calling              bool  // the list of a macro call is being read
	foreign              bool  // the statement calls a macro of a file that is not there
	stopped              bool
	eof                  ggserr.Location
}

func newParser(f *File, opt Options) *parser {
	return &parser{f: f, opt: opt, ix: specIndex(), macros: map[string]*macro{}, char: "#"}
}

// run reads all statements.
func (p *parser) run(name string, src source) {
	p.push(name, src, ggserr.Location{File: name})
	for !p.stopped {
		line, ok := p.next()
		if !ok {
			break
		}
		p.statement(line)
	}
	p.hideSecrets()
}

// fail notes an error; after too many the rest of the file is left.
func (p *parser) fail(e *ggserr.Error) {
	p.f.errs = append(p.f.errs, e)
	if len(p.f.errs) >= maxErrors && !p.stopped {
		p.stopped = true
		p.f.errs = append(p.f.errs, bad(e.Where, "Too many errors; the rest of the file is not read"))
	}
}

// stop notes an error after which nothing more can be read.
func (p *parser) stop(e *ggserr.Error) {
	if !p.stopped {
		p.fail(e)
		p.stopped = true
	}
}

// spend counts text against the bound of one Parse.
func (p *parser) spend(n int, at ggserr.Location) bool {
	p.bytes += n
	if p.bytes > maxText {
		p.stop(bad(at, fmt.Sprintf("Files and macros make more than %d MB of text", maxText>>20)))
		return false
	}
	return true
}

// push begins to read a file's text.
func (p *parser) push(name string, src source, at ggserr.Location) {
	text := src.text
	if len(text) > maxFile {
		p.stop(bad(at, fmt.Sprintf("File %s is larger than %d MB", name, maxFile>>20)))
		return
	}
	if !p.spend(len(text), at) {
		return
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		line := strings.Count(text[:i], "\n") + 1
		p.stop(bad(ggserr.Location{File: name, Line: line, Column: 1},
			fmt.Sprintf("File %s is no text file", name)).
			Do("Save it as UTF-8 text."))
		return
	}
	text = strings.TrimPrefix(text, "\ufeff")
	p.stack = append(p.stack, input{file: name, text: text, isFile: true, set: src.set,
		head: src.head})
}

// unread puts lines before what is read next.
func (p *parser) unread(lines ...textLine) {
	p.stack = append(p.stack, input{queue: lines})
}

// next gives the next line, macros not yet expanded in it.
func (p *parser) next() (textLine, bool) {
	for len(p.stack) > 0 && !p.stopped {
		top := &p.stack[len(p.stack)-1]
		if top.isFile && top.text != "" {
			return p.cut(top), true
		}
		if len(top.queue) > 0 {
			line := top.queue[0]
			top.queue = top.queue[1:]
			return line, true
		}
		p.stack = p.stack[:len(p.stack)-1]
	}
	return textLine{}, false
}

// cut takes a line off a file and echoes it.
func (p *parser) cut(in *input) textLine {
	text, rest, _ := strings.Cut(in.text, "\n")
	in.text = rest
	in.line++
	text = strings.TrimSuffix(text, "\r")
	p.eof = ggserr.Location{File: in.file, Line: in.line, Column: utf8.RuneCountInString(text) + 1}
	switch firstWord(text) {
	case "NOLIST":
		p.echo(text)
		p.hidden = true
	case "LIST":
		p.hidden = false
		p.echo(text)
	default:
		p.echo(text)
	}
	return textLine{text: strings.ToValidUTF8(text, "\ufffd"), file: in.file,
		spans: []span{{0, in.line, 1, false}}}
}

func (p *parser) echo(text string) {
	masked := p.mask.line(text)
	if p.hidden {
		return
	}
	if p.calling || strings.Contains(text, p.char) {
		p.macroEcho = append(p.macroEcho, len(p.f.Echo))
	}
	p.f.Echo = append(p.f.Echo, masked)
}

// includeText begins to read the octets of another file, in the character set of the
// file that includes it unless it says another.
func (p *parser) includeText(path, octets string, at ggserr.Location) {
	outer := charset{}
	for _, in := range p.stack {
		if in.isFile {
			outer = in.set
		}
	}
	src, e := decode(path, octets, outer)
	if e != nil {
		p.stop(e)
		return
	}
	p.push(path, src, at)
}

// include begins to read another file in place.
func (p *parser) include(word string, st *Statement) {
	path := valueText(st.Args)
	if path == "" {
		p.fail(bad(st.end, word+" needs the name of a file"))
		return
	}
	depth := 0
	for _, in := range p.stack {
		if in.isFile {
			depth++
		}
	}
	p.files++
	if depth > maxInclude || p.files > maxIncludes {
		p.stop(bad(st.Pos, fmt.Sprintf("%s: more than %d files within files", word, maxInclude)).
			Do("See whether a file includes itself."))
		return
	}
	full := path
	if !filepath.IsAbs(full) {
		full = filepath.Join(p.opt.Home, full)
	}
	var text []byte
	err := error(nil)
	if p.opt.ReadFile == nil {
		err = fmt.Errorf("other files are not read here")
	} else {
		text, err = p.opt.ReadFile(full)
	}
	if err == nil {
		p.includeText(path, string(text), st.Args[0].Pos)
		return
	}
	at := st.Args[0].Pos
	e := ggserr.New(ggserr.FileOpen, path).At(at.File, at.Line, at.Column).Because(err)
	p.f.opaque = true
	if p.opt.CheckOnly {
		e.Severity = ggserr.Warning
		p.f.notes = append(p.f.notes, e)
		return
	}
	p.fail(e)
}
