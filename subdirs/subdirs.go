// Package subdirs knows where things lie below a home directory.
//
// It reads and writes no file but the directories themselves. Its law: every
// path of a home is made here, so that two programs never disagree on it.
package subdirs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Home is a home directory, an absolute path.
type Home string

// Find gives the home a program works in: flag if set, else the environment's
// GG_HOME, else the current directory.
func Find(flag string, getenv func(string) string) (Home, error) {
	dir := flag
	if dir == "" {
		dir = getenv("GG_HOME")
	}
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("home directory %s: %w", dir, err)
	}
	return Home(abs), nil
}

// Directory is one of the classic sub-directories.
type Directory struct {
	Name  string // dirprm
	Label string // Parameter file
}

var directories = []Directory{
	{"dirprm", "Parameter file"},
	{"dirrpt", "Report file"},
	{"dirchk", "Checkpoint file"},
	{"dirpcs", "Process status files"},
	{"dirsql", "SQL script files"},
	{"dirdef", "Database definitions files"},
	{"dirdat", "Extract data files"},
	{"dirtmp", "Temporary files"},
	{"dircrd", "Credential store files"},
	{"dirwlt", "Masterkey wallet files"},
	{"dirdmp", "Dump files"},
	{"dirout", "Stdout files"},
}

// Directories lists the sub-directories in the order CREATE SUBDIRS prints them.
func Directories() []Directory { return directories }

// Created is what Create did for one directory.
type Created struct {
	Directory
	Path    string
	Existed bool
}

// Create makes all sub-directories; those for secrets are open to their owner only.
func (h Home) Create() ([]Created, error) {
	var done []Created
	for _, d := range directories {
		mode := fs.FileMode(0o755)
		if d.Name == "dircrd" || d.Name == "dirwlt" || d.Name == "dirpcs" {
			mode = 0o700
		}
		path := h.Join(d.Name)
		err := os.Mkdir(path, mode)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return done, fmt.Errorf("create sub-directory: %w", err)
		}
		done = append(done, Created{Directory: d, Path: path, Existed: err != nil})
	}
	return done, nil
}

// Join makes a path below the home.
func (h Home) Join(parts ...string) string {
	return filepath.Join(append([]string{string(h)}, parts...)...)
}

// Resolve makes a path that a person wrote absolute: relative ones begin at the home.
func (h Home) Resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return h.Join(path)
}

// Param is a group's or program's parameter file: dirprm/eora.prm. An existing
// file is found in any case of its name; ./GLOBALS is in the home itself.
func (h Home) Param(name string) string {
	if strings.ContainsAny(name, "/") {
		return h.Resolve(name)
	}
	if filepath.Ext(name) == "" {
		name += ".prm"
	}
	want := h.Join("dirprm", strings.ToLower(name))
	if exists(want) {
		return want
	}
	entries, err := os.ReadDir(h.Join("dirprm"))
	if err == nil {
		for _, e := range entries {
			if strings.EqualFold(e.Name(), name) {
				return h.Join("dirprm", e.Name())
			}
		}
	}
	return want
}

// Report is a group's report file; age 0 to 9 an older one, -1 the present one.
func (h Home) Report(group string, age int) string {
	return h.aged(group, ".rpt", age)
}

// Discard is a group's default discard file, aged as Report.
func (h Home) Discard(group string, age int) string {
	return h.aged(group, ".dsc", age)
}

func (h Home) aged(group, ext string, age int) string {
	name := strings.ToUpper(group)
	if age >= 0 {
		name += fmt.Sprint(age)
	}
	return h.Join("dirrpt", name+ext)
}

// Checkpoint is a group's checkpoint file; extract tells Extract from Replicat.
func (h Home) Checkpoint(group string, extract bool) string {
	return h.Join("dirchk", strings.ToUpper(group)+pick(extract, ".cpe", ".cpr"))
}

// Definitions is where an Extract keeps the table definitions of its source, and, of a
// source of many streams, in which order it joined them.
func (h Home) Definitions(group string) string {
	return h.Join("dirchk", strings.ToUpper(group)+".cpd")
}

// Load is the ledger of an Extract's initial load.
func (h Home) Load(group string) string {
	return h.Join("dirchk", strings.ToUpper(group)+".load")
}

// Process is a running group's process status file.
func (h Home) Process(group string, extract bool) string {
	return h.Join("dirpcs", strings.ToUpper(group)+pick(extract, ".pce", ".pcr"))
}

// Socket is where a running process takes orders: a unix socket. The
// manager's group is MGR.
func (h Home) Socket(group string) string {
	return h.Join("dirpcs", strings.ToUpper(group)+".sock")
}

// TaskTrail is the trail through which an initial load reaches the Replicat of a
// task, to be resolved in the home.
func TaskTrail(group string) string { return "./dirdat/task_" + strings.ToLower(group) }

// ManagerProcess is the Manager's process status file.
func (h Home) ManagerProcess() string { return h.Join("dirpcs", "MGR.pcm") }

// EventLog is ggserr.log.
func (h Home) EventLog() string { return h.Join("ggserr.log") }

// Globals is the GLOBALS file.
func (h Home) Globals() string { return h.Join("GLOBALS") }

// Temp is the directory for spooled transactions.
func (h Home) Temp() string { return h.Join("dirtmp") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
