package param

import (
	"sort"
	"strings"

	"ggsh/ggserr"
)

// Priority says how common a parameter is in real files.
type Priority uint8

// The priorities, the most common first.
const (
	P0 Priority = iota
	P1
	P2
	NA // of platforms that this product does not run on
)

// String prints P0, P1, P2 or N/A.
func (p Priority) String() string { return [...]string{"P0", "P1", "P2", "N/A"}[p&3] }

// Support says what the programs do with a parameter.
type Support uint8

// The kinds of support.
const (
	Works      Support = iota // acted on
	Recognised                // understood and not acted on: a warning
	Refused                   // understood; ignoring it could change data: an error
)

// String names the support as docs/PARAMETERS.md prints it.
func (s Support) String() string {
	switch s {
	case Works:
		return "works"
	case Recognised:
		return "recognised"
	}
	return "refused"
}

// Spec is one parameter's row of the table. Syntax is what the checker checks
// against, written as in the documentation: UPPER words are keywords, lower
// ones values, [] may be missing, {|} is a choice, ... repeats; options in []
// may come in any order, and commas may be left out.
type Spec struct {
	Name     string
	Aliases  []string
	Programs Program
	Syntax   string
	Default  string
	Dynamic  bool // can be changed while the program runs, by SEND
	Help     string
	Instead  string // what happens instead of acting on it, or why it is refused
	Priority Priority
	Support  Support
	Multi    bool // each statement counts; else the last one wins
	// Terminated statements end with ; and go over lines without &.
	Terminated bool
	// MayEnd statements may carry a final ; without needing it.
	MayEnd bool
}

// Table gives a row for each parameter, by name. A keyword that means
// different things to different programs has several rows.
func Table() []Spec {
	var rows []Spec
	for _, part := range [][]Spec{globalsRows, managerRows, processRows, captureRows,
		outputRows, selectRows, runRows, replicatRows, parallelRows, ddlRows, oldRows} {
		rows = append(rows, part...)
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].Name < rows[j].Name })
	return rows
}

// index finds rows by keyword.
type index map[string][]*Spec

// specIndex is built for each file: the package keeps no variable for it.
func specIndex() index {
	rows := Table()
	ix := make(index, len(rows))
	for i := range rows {
		s := &rows[i]
		ix[s.Name] = append(ix[s.Name], s)
		for _, a := range s.Aliases {
			ix[a] = append(ix[a], s)
		}
	}
	return ix
}

// find gives the row of word for prog, or any row when prog has none; prog
// zero takes the first. The second result tells whether the row is prog's.
func (ix index) find(word string, prog Program) (*Spec, bool) {
	list := ix[strings.ToUpper(word)]
	for _, s := range list {
		if prog == 0 || s.Programs.Has(prog) {
			return s, true
		}
	}
	if len(list) > 0 {
		return list[0], false
	}
	return nil, false
}

// Lookup gives the row of a keyword for a program (zero: any program).
func Lookup(word string, prog Program) (Spec, bool) {
	if s, ok := specIndex().find(word, prog); ok {
		return *s, true
	}
	return Spec{}, false
}

// Nearest is the known keyword that word most likely was meant to be, among
// those of prog (zero: of all); empty when none is near.
func Nearest(word string, prog Program) string {
	return specIndex().nearest(word, prog)
}

func (ix index) nearest(word string, prog Program) string {
	var names []string
	for name, list := range ix {
		for _, s := range list {
			if prog == 0 || s.Programs.Has(prog) {
				names = append(names, name)
				break
			}
		}
	}
	return ggserr.Nearest(word, names)
}
