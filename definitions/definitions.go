// Package definitions reads and writes definitions files: what DEFGEN says of tables,
// for a reader of a trail on another host. docs/DEFINITIONS.md is the form.
//
// It asks no database. Its law: what is read is what was written, and a file of another
// form is refused by the name of that form, never read by half.
package definitions

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

// firstLine begins every file; the number is the version of the form.
const firstLine = "*+- ggsh DEFGEN version 1, Encoding UTF-8"

// maxFile bounds a file that is read, in octets.
const maxFile = 64 << 20

// File is the content of a definitions file.
type File struct {
	Path   string
	Tables []*record.TableDef // in the order of the file
}

// Find gives the definition of a table: of two, the last that was written. Names are
// compared exactly first, then in any case.
func (f *File) Find(schema, name string) *record.TableDef {
	var similar *record.TableDef
	for i := len(f.Tables) - 1; i >= 0; i-- {
		t := f.Tables[i]
		if t.Schema == schema && t.Name == name {
			return t
		}
		if similar == nil && strings.EqualFold(t.Schema, schema) && strings.EqualFold(t.Name, name) {
			similar = t
		}
	}
	return similar
}

// Options say how a file is written.
type Options struct {
	// Append adds to a file that is there; Purge replaces it. Without one of them such a
	// file is an error.
	Append, Purge bool
	// Plain leaves out the extended attributes: NOEXTATTR.
	Plain bool
	Now   time.Time
}

// Write writes tables to the file at path, aside first, so that a reader finds the old
// file or the new one.
func Write(path string, tables []*record.TableDef, o Options) error {
	text := head(o)
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return ggserr.New(ggserr.FileOpen, path).Because(err)
	case o.Append:
		if _, err := Parse(path, string(old)); err != nil {
			return err
		}
		text = strings.TrimSuffix(string(old), "\n") + "\n"
	case !o.Purge:
		return ggserr.New(ggserr.FileExists, path)
	}
	var b strings.Builder
	b.WriteString(text)
	for _, t := range tables {
		writeTable(&b, t, o.Plain)
	}
	if err := replace(path, b.String()); err != nil {
		return ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	return nil
}

func replace(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// head says what the columns of a line are, for people.
func head(o Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n*\n*  Definitions created/modified  %s\n*\n"+
		"*  Field descriptions for each column entry:\n*\n", firstLine,
		o.Now.UTC().Format("2006-01-02 15:04"))
	names := fieldNames
	if o.Plain {
		names = names[:plainFields]
	}
	for i, name := range names {
		fmt.Fprintf(&b, "*  %4d    %s\n", i+1, name)
	}
	b.WriteString("*\n")
	return b.String()
}

// Read reads the file at path.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("it has more than %d octets", maxFile)
	}
	if err != nil {
		return nil, ggserr.New(ggserr.FileOpen, path).Because(err)
	}
	return Parse(path, string(text))
}
