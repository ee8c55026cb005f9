// Package param reads and checks GoldenGate parameter files: statements,
// macros, OBEY and INCLUDE, the table of parameters, and typed readers of what
// the programs act on.
//
// It is not the programs' configuration: it opens no database, knows no
// table's columns and compiles no expression; those stay tokens. Its law: a
// file is understood wholly or refused with the place of every fault, and a
// password never leaves it in an echo, a raw text or an error.
package param

import (
	"path/filepath"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// TokenKind says what a token was in the text.
type TokenKind uint8

// The kinds of tokens.
const (
	Word         TokenKind = iota + 1 // a bare word, number, name or path
	Quoted                            // in single quotes
	DoubleQuoted                      // in double quotes: a name, or a literal without ANSI quotes
	Punct                             // , ( ) = ; and, within parentheses of TABLE and MAP, operators
)

// Token is one word of a statement. Text is without its quotes, doubled
// quotes inside made single.
type Token struct {
	Text  string
	Kind  TokenKind
	Pos   ggserr.Location
	Glued bool // nothing stands between it and the token before
}

// Is reports whether the token is the given bare word, in any case.
func (t Token) Is(word string) bool {
	return t.Kind == Word && strings.EqualFold(t.Text, word)
}

// IsPunct reports whether the token is the given mark.
func (t Token) IsPunct(mark string) bool { return t.Kind == Punct && t.Text == mark }

// Statement is one parameter with its options.
type Statement struct {
	Name string // the keyword in upper case, aliases resolved: "EXTTRAIL"
	Pos  ggserr.Location
	Raw  string  // the text after macro expansion, passwords masked
	Args []Token // what follows the keyword; the final ; is left out
	Spec *Spec   // its row of the table; nil when nobody knows the keyword

	end    ggserr.Location // where the statement ends, to place "something is missing"
	broken bool            // reading it failed
	faulty bool            // an error is placed in it already: readers pass it
}

// File is a parameter file that was read.
type File struct {
	Path       string
	Program    Program
	Statements []Statement
	Echo       []string // the files' lines for the report: passwords masked, NOLIST honoured
	Warnings   []*ggserr.Error
	AnsiQuotes bool // literals stand in single quotes, "x" is a name
	CheckOnly  bool // see Options

	errs   errorList
	notes  []*ggserr.Error // warnings of reading
	opaque bool            // an OBEY or INCLUDE could not be followed: absence proves nothing
}

// First finds the first statement of the given keyword.
func (f *File) First(name string) (*Statement, bool) {
	for i := range f.Statements {
		if f.Statements[i].Name == name {
			return &f.Statements[i], true
		}
	}
	return nil, false
}

// Last finds the last statement of the given keywords: of a parameter with one
// value the last one wins, and so of parameters that are each other's opposite.
func (f *File) Last(names ...string) (*Statement, bool) {
	for i := len(f.Statements) - 1; i >= 0; i-- {
		if slices.Contains(names, f.Statements[i].Name) {
			return &f.Statements[i], true
		}
	}
	return nil, false
}

// All gives the statements of the given keyword in the order of the file.
func (f *File) All(name string) []*Statement {
	var out []*Statement
	for i := range f.Statements {
		if f.Statements[i].Name == name {
			out = append(out, &f.Statements[i])
		}
	}
	return out
}

// Options say how to read a file.
type Options struct {
	// ReadFile reads an INCLUDE or OBEY file, and for Parse the file itself.
	// When nil, such a file counts as missing.
	ReadFile func(path string) ([]byte, error)
	// Getenv answers ?NAME substitution; nil substitutes nothing.
	Getenv func(name string) string
	// Home is where relative INCLUDE and OBEY paths begin.
	Home string
	// Program the file is for; zero lets Detect say.
	Program Program
	// NoAnsiQuotes is GLOBALS NOUSEANSISQLQUOTES: literals stand in double quotes.
	NoAnsiQuotes bool
	// Charset is CHARSET of GLOBALS, for files that say no other; empty is UTF-8.
	Charset string
	// CheckOnly checks without the will to run, as checkprm does: a parameter
	// that a run refuses, and an OBEY or INCLUDE file that is not there, are
	// warnings instead of errors.
	CheckOnly bool
}

// Parse reads and checks the file at path. The File is given back also with an
// error: it holds what was understood.
func Parse(path string, opt Options) (*File, error) {
	if opt.ReadFile == nil {
		return &File{Path: path}, ggserr.New(ggserr.FileOpen, path).At(path, 0, 0)
	}
	full := path
	if opt.Home != "" && !filepath.IsAbs(full) {
		full = filepath.Join(opt.Home, full)
	}
	text, err := opt.ReadFile(full)
	if err != nil {
		return &File{Path: path}, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	return ParseText(path, string(text), opt)
}

// ParseText reads and checks text as the parameter file called name.
func ParseText(name, text string, opt Options) (*File, error) {
	f := &File{Path: name, Program: opt.Program, AnsiQuotes: !opt.NoAnsiQuotes,
		CheckOnly: opt.CheckOnly}
	outer, known := findCharset(opt.Charset)
	if opt.Charset != "" && !known {
		return f, bad(ggserr.Location{File: name}, "No parameter file is read from "+opt.Charset)
	}
	src, e := decode(name, text, outer)
	if e != nil {
		return f, errorList{e}
	}
	if opt.Program == 0 {
		opt.Program = Detect(src.text)
		f.Program = opt.Program
	}
	p := newParser(f, opt)
	p.run(name, src)
	err := Check(f, opt.Program)
	return f, err
}

// errorList is all that is wrong with a file, in the order of its lines.
type errorList []*ggserr.Error

// Error prints one error a line.
func (l errorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single errors.
func (l errorList) Unwrap() []error {
	out := make([]error, len(l))
	for i, e := range l {
		out[i] = e
	}
	return out
}

// orNil gives the list as an error, and nil for an empty one.
func (l errorList) orNil() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Errors gives all errors that err holds.
func Errors(err error) []*ggserr.Error { return ggserr.All(err) }

// bad places an OGG-00303.
func bad(at ggserr.Location, text string) *ggserr.Error {
	return ggserr.New(ggserr.BadParameter, text).At(at.File, at.Line, at.Column)
}
