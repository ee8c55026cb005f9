// Package ggserr holds every message a user can see: its number, severity,
// text, cause and action, and the event log line that carries it.
//
// It is not a logger: it opens no file by itself and decides nothing. Its law:
// what leaves a process is a message with a number, and a released number
// never changes its meaning.
package ggserr

import (
	"errors"
	"fmt"
	"strings"
)

// Number is the number of a message, printed as OGG-nnnnn.
type Number int

// String prints the number as operators and scripts know it: OGG-00001.
func (n Number) String() string { return fmt.Sprintf("OGG-%05d", int(n)) }

// Severity says how grave a message is.
type Severity uint8

// The three severities of the event log, in rising order.
const (
	Info Severity = iota
	Warning
	Fatal
)

// String gives the word of the event log: INFO, WARNING or ERROR.
func (s Severity) String() string {
	switch s {
	case Info:
		return "INFO"
	case Warning:
		return "WARNING"
	}
	return "ERROR"
}

// Message is one row of the catalog.
type Message struct {
	Number   Number
	Severity Severity
	Text     string // a fmt format; its verbs are the message's arguments
	Cause    string
	Action   string
}

// Location is a place in a text file. Line and Column count from 1; zero means unknown.
type Location struct {
	File   string
	Line   int
	Column int
}

// IsZero reports whether nothing is known of the place.
func (l Location) IsZero() bool { return l.File == "" && l.Line == 0 }

// String prints file:line:column, leaving out what is unknown.
func (l Location) String() string {
	var b strings.Builder
	b.WriteString(l.File)
	if l.Line > 0 {
		fmt.Fprintf(&b, ":%d", l.Line)
		if l.Column > 0 {
			fmt.Fprintf(&b, ":%d", l.Column)
		}
	}
	return b.String()
}

// Error is a message that happened: numbered, filled in, placed, and told what to do next.
type Error struct {
	Number   Number
	Severity Severity
	Text     string
	Where    Location
	Hint     string // what to do next; the catalog's action when empty
	Err      error  // the cause, if another error
}

// New fills in the catalog's message n. A number that the catalog lacks is our
// own bug and panics.
func New(n Number, args ...any) *Error {
	m, ok := Lookup(n)
	if !ok {
		panic(fmt.Sprintf("ggserr: message %d is not in the catalog", int(n)))
	}
	e := &Error{Number: n, Severity: m.Severity, Text: m.Text}
	if len(args) > 0 {
		e.Text = fmt.Sprintf(m.Text, args...)
	}
	return e
}

// At places the error and returns it.
func (e *Error) At(file string, line, column int) *Error {
	e.Where = Location{File: file, Line: line, Column: column}
	return e
}

// Because notes the error that led here and returns e.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Do notes what the reader should do next and returns e.
func (e *Error) Do(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Message is the sentence without number and place, its cause appended.
func (e *Error) Message() string {
	s := e.Text
	if e.Err != nil {
		s = strings.TrimSuffix(s, ".") + ": " + e.Err.Error()
	}
	if e.Hint != "" {
		if !strings.HasSuffix(s, ".") {
			s += "."
		}
		s += " " + e.Hint
	}
	return s
}

// Told is Message as an operator reads it: with the catalog's action when nobody
// on the way said anything closer. Advice that only points back to the text is
// left out.
func (e *Error) Told() string {
	s := e.Message()
	m, _ := Lookup(e.Number)
	if e.Severity == Info || m.Action == "" || strings.HasPrefix(m.Action, "Act on the ") || e.advised() {
		return s
	}
	return strings.TrimSuffix(s, ".") + ". " + m.Action
}

// advised reports whether an error of the chain says what to do next.
func (e *Error) advised() bool {
	for at := e; at != nil; {
		if at.Hint != "" {
			return true
		}
		var next *Error
		if !errors.As(at.Err, &next) {
			return false
		}
		at = next
	}
	return false
}

// Error prints place, number and message on one line.
func (e *Error) Error() string {
	s := e.Number.String() + "  " + e.Message()
	if !e.Where.IsZero() {
		s = e.Where.String() + ": " + s
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// NumberOf finds the number of the outermost numbered error in err's chain,
// and Generic for an error that has none.
func NumberOf(err error) Number {
	var e *Error
	if errors.As(err, &e) {
		return e.Number
	}
	return Generic
}

// Numbered returns err itself when it is or wraps a numbered error, and
// otherwise wraps it in the generic message.
func Numbered(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Generic, err.Error())
}

// All gives the errors that err holds, of joined ones each. Joined errors that
// are not all numbered are one error: their text is what joins them.
func All(err error) []*Error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []*Error{Numbered(err)}
	}
	var all []*Error
	for _, e := range joined.Unwrap() {
		var numbered *Error
		if !errors.As(e, &numbered) {
			return []*Error{Numbered(err)}
		}
		all = append(all, All(e)...)
	}
	return all
}
