// Package directory captures the lines of files: what is in a directory, what is
// put there, and what is appended to the files.
//
// It watches one directory, not those below it, and changes nothing in it. It knows
// a file by what the file system knows it by, so a renamed file is read on where it
// was, and a new file of an old name from its beginning. Its law: each whole line is
// read once; a file that is not what was read before stops the capture with its
// name and offset, and is never guessed about.
package directory

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"ggsh/capture/payload"
	"ggsh/ggserr"
)

// Set is one kind of files.
type Set struct {
	// Pattern is of the files' names, as in shells: * ? [a-z].
	Pattern string
	// Table is the table of all of them; empty makes it the name up to the first dot.
	Table   string
	Format  payload.Format
	MaxLine int // octets of one record
}

// Begin is where a capture without a position begins.
type Begin struct {
	// Order tells one order to begin from another.
	Order string
	// AtEnd leaves out what is there at the first look.
	AtEnd bool
	// Time leaves out files that were last changed before it; zero: none.
	Time time.Time
}

// Discarded is a record that is no row.
type Discarded struct {
	File   string
	Line   int64
	Offset int64
	Record []byte
	Reason error
}

// Config says what to capture.
type Config struct {
	Path string
	// Restart is where an earlier run stood, as record.Txn.Restart; empty begins at
	// Begin.
	Restart string
	Begin   Begin
	// Bounds are the transactions at which the trails end, zero for one without any.
	Bounds []uint64
	// Ledger is the file that remembers in which order files were joined.
	Ledger string
	Sets   []Set
	// ByName reads files in the order of their names instead of their times.
	ByName bool
	Schema string
	// Declared are the columns that the parameter file gives.
	Declared []payload.Definition
	// MaxRows bounds the records of one transaction.
	MaxRows int
	// Want says which tables to read; nil means all.
	Want func(schema, table string) bool
	// Warn is told what an operator should know, without stopping.
	Warn func(*ggserr.Error)
	// Discard takes a record that is no row; nil stops at it.
	Discard func(Discarded) error
	// Now is the clock; nil takes the system's.
	Now func() time.Time
}

// Sizes and times.
const (
	// DefaultMaxLine bounds a record when its set does not.
	DefaultMaxLine = 1 << 20
	// MaxMaxLine bounds what a set may ask for.
	MaxMaxLine = 64 << 20
	// DefaultMaxRows bounds a transaction's records when Config does not.
	DefaultMaxRows = 1000

	chunkBytes = 1 << 20 // read at once from a file, and the most of a transaction
	roundBytes = 8 << 20 // read before any of it is handed out
	maxFiles   = 10000   // known at a time, those that are gone included
	maxOpen    = 64      // files kept open

	minPoll = 10 * time.Millisecond
	maxPoll = 250 * time.Millisecond
	// waitingAfter is how long a last line may be without its end before it is told.
	waitingAfter = time.Minute
)

// check fills in defaults and refuses what cannot be.
func (c *Config) check() error {
	if c.MaxRows <= 0 {
		c.MaxRows = DefaultMaxRows
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Warn == nil {
		c.Warn = func(*ggserr.Error) {}
	}
	if len(c.Sets) == 0 {
		return errors.New("no files are named")
	}
	for i := range c.Sets {
		s := &c.Sets[i]
		if s.MaxLine <= 0 {
			s.MaxLine = DefaultMaxLine
		}
		if _, err := filepath.Match(s.Pattern, "x"); err != nil || strings.Contains(s.Pattern, "/") {
			return fmt.Errorf("%q is no pattern of file names", s.Pattern)
		}
	}
	return nil
}

// setOf finds the first set that a name belongs to. Hidden files belong to none.
func (c *Config) setOf(name string) *Set {
	if name[0] == '.' {
		return nil
	}
	for i := range c.Sets {
		if ok, err := filepath.Match(c.Sets[i].Pattern, name); ok && err == nil {
			return &c.Sets[i]
		}
	}
	return nil
}

// tableOf names the table of a file.
func (s *Set) tableOf(name string) string {
	if s.Table != "" {
		return s.Table
	}
	stem, _, _ := strings.Cut(name, ".")
	return stem
}

// away is an error that time may mend: the directory is not there.
type away struct{ error }

// Unwrap gives what happened.
func (a away) Unwrap() error { return a.error }

// Temporary tells that trying again may help.
func (away) Temporary() bool { return true }
