// Package commands is the shell's language: the table of its commands, each
// command's typed result, and the session that executes one line after the
// other, inside ggsh or inside a Manager.
//
// It is not a terminal program: it draws no prompt, edits no line and never
// ends the process; what it knows of running groups comes by package control or
// from their files. Its law: one row of the table is one command, and dispatch,
// abbreviation, HELP, completion, the check of scripts and docs/COMMANDS.md all
// come from that row; a password that a person typed is in no result, no
// history, no log and no error.
package commands

import (
	"context"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// Priority says how common a command is in real use.
type Priority string

// The priorities, the most common first.
const (
	P0        Priority = "P0"
	P1        Priority = "P1"
	P2        Priority = "P2"
	NA        Priority = "N/A" // of platforms that this product does not run on
	Extension Priority = "ext" // GoldenGate's shell has no such command
)

// Kind is the form of an argument.
type Kind uint8

// The forms of arguments.
const (
	Flag      Kind = iota // the keyword alone
	Word                  // one word, quoted or not
	Number                // a whole number
	When                  // NOW, EARLIEST or yyyy-mm-dd[ hh:mi[:ss[.ffffff]]]
	Names                 // words up to the next keyword, or a list in parentheses
	OptWord               // a word that may be missing
	OptNumber             // a number that may be missing
	Rest                  // everything to the end of the line, as it stands
)

// Arg is one argument of a command. Those that stand at a place have a name in
// lower case, options one in upper case.
type Arg struct {
	Name     string
	Kind     Kind
	Aliases  []string // other keywords for the same
	Optional bool     // of an argument that stands at a place
	Help     string
	// Note is what is said when the option is given and not acted on.
	Note string
	// Refuse is why a command with this option is not executed.
	Refuse string
}

// Command is one row of the table.
type Command struct {
	Verb     string
	Object   string // empty: a command without an object
	Synopsis string
	Help     string
	Priority Priority
	Places   []Arg
	Options  []Arg
	// Instead is what to do instead of a command that is known and not done.
	Instead string
	// Harmless tells that not doing it takes nothing away: a notice, no failure.
	Harmless bool
	// Changes is set for what the event log keeps a record of.
	Changes bool

	check func(c *call) error
	run   func(ctx context.Context, s *Session, c *call) (Value, error)
}

// Name is the command's words: ADD EXTRACT.
func (c *Command) Name() string { return strings.TrimSpace(c.Verb + " " + c.Object) }

// Works tells whether the command does what it says.
func (c *Command) Works() bool { return c.Instead == "" }

// option finds an option by its keyword.
func (c *Command) option(word string) *Arg {
	for i := range c.Options {
		o := &c.Options[i]
		if strings.EqualFold(o.Name, word) ||
			slices.ContainsFunc(o.Aliases, func(a string) bool { return strings.EqualFold(a, word) }) {
			return o
		}
	}
	return nil
}

// Table gives all commands, by object as HELP lists them.
func Table() []Command {
	var rows []Command
	for _, part := range [][]Command{managerRows(), extractRows(), replicatRows(),
		groupRows(), sendRows(), trailRows(), paramRows(), credentialRows(), walletRows(), databaseRows(),
		checkpointRows(), viewRows(), shellRows(), connectRows(), otherRows()} {
		rows = append(rows, part...)
	}
	return rows
}

// objectAliases are the short forms of objects.
func objectName(word string) string {
	word = strings.ToUpper(word)
	switch word {
	case "EXT":
		return "EXTRACT"
	case "REP":
		return "REPLICAT"
	case "MGR":
		return "MANAGER"
	case "PARAM":
		return "PARAMS"
	}
	return word
}

// index finds rows by their words.
type index struct {
	rows  []Command
	verbs []string
	byKey map[string]*Command
}

func newIndex(rows []Command) *index {
	ix := &index{rows: rows, byKey: map[string]*Command{}}
	for i := range rows {
		r := &rows[i]
		ix.byKey[r.Name()] = r
		if !slices.Contains(ix.verbs, r.Verb) {
			ix.verbs = append(ix.verbs, r.Verb)
		}
	}
	slices.Sort(ix.verbs)
	return ix
}

// verb completes an unambiguous prefix of a verb; short forms of whole
// commands are rows of their own.
func (ix *index) verb(word string) string {
	word = strings.ToUpper(word)
	if slices.Contains(ix.verbs, word) {
		return word
	}
	found := ""
	for _, v := range ix.verbs {
		if len(word) >= 2 && strings.HasPrefix(v, word) {
			if found != "" {
				return ""
			}
			found = v
		}
	}
	return found
}

// find gives the row for a line's words and the words that are its arguments.
func (ix *index) find(words []word) (*Command, []word, error) {
	first := words[0]
	verb := ix.verb(first.text)
	if verb == "" || first.quoted {
		return nil, nil, ix.unknown(words)
	}
	if len(words) > 1 && !words[1].quoted {
		if row, ok := ix.byKey[verb+" "+objectName(words[1].text)]; ok {
			return row, words[2:], nil
		}
		// A ! may be glued to the last word of a command, an object too.
		if name, bang := strings.CutSuffix(words[1].text, "!"); bang && len(words) == 2 {
			if row, ok := ix.byKey[verb+" "+objectName(name)]; ok {
				words[1].text = "!"
				return row, words[1:], nil
			}
		}
	}
	if row, ok := ix.byKey[verb]; ok {
		return row, words[1:], nil
	}
	return nil, nil, ix.unknown(words)
}

// unknown names the command that was most likely meant.
func (ix *index) unknown(words []word) error {
	at := words[0]
	name := strings.ToUpper(words[0].text)
	if len(words) > 1 {
		if verb := ix.verb(words[0].text); verb != "" {
			at, name = words[1], verb+" "+objectName(words[1].text)
		} else {
			name += " " + objectName(words[1].text)
		}
	}
	e := fault(at, "Invalid command.")
	var names []string
	for i := range ix.rows {
		names = append(names, ix.rows[i].Name())
	}
	near := ggserr.Nearest(name, names)
	if near == "" {
		near = ggserr.Nearest(words[0].text, ix.verbs)
	}
	if near != "" {
		return e.Do("Did you mean %s?", near)
	}
	return e.Do("HELP lists the commands.")
}
