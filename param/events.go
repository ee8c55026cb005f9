package param

import (
	"regexp"
	"slices"
	"strings"

	"ggsh/ggserr"
)

// EventAction is one action of EVENTACTIONS.
type EventAction struct {
	Name   string // IGNORE, DISCARD, LOG, REPORT, STOP, ABORT, CHECKPOINT, TRACE, ...
	Option string // TRANSACTION, WARNING, BEFORE, AFTER, BOTH; empty: the usual
	// Command is what SHELL runs, and Vars what it finds in its environment.
	Command string
	Vars    []EventVar
	Pos     ggserr.Location
}

// EventVar is one VAR of SHELL.
type EventVar struct {
	Name string
	Expr []Token
	Pos  ggserr.Location
}

// variableName is what a shell takes for the name of a variable.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// shellsOwn are variables by which a shell or a loader finds what it executes: a row of a
// table must not set them.
var shellsOwn = []string{"PATH", "IFS", "ENV", "HOME", "SHELL", "SHELLOPTS", "PS4", "CDPATH"}

// eventWords are the actions, for hints.
var eventWords = []string{"IGNORE", "DISCARD", "LOG", "REPORT", "ROLLOVER", "SHELL", "STOP", "ABORT",
	"FORCESTOP", "SUSPEND", "CHECKPOINT", "TRACE", "TRACE2"}

// ReadEventActions reads what stands in EVENTACTIONS.
func (t *TableStatement) ReadEventActions() ([]EventAction, error) {
	c := &cursor{name: "EVENTACTIONS", args: t.EventActions, end: t.Pos}
	var out []EventAction
	for c.more() && len(c.errs) == 0 {
		a := EventAction{Pos: c.at()}
		for _, w := range eventWords {
			if a.Name == "" && c.word(w) {
				a.Name = w
			}
		}
		switch a.Name {
		case "":
			c.unexpected(eventWords...)
		case "IGNORE":
			if c.word("TRANS", "TRANSACTION") {
				a.Option = "TRANSACTION"
			} else {
				c.word("RECORD")
			}
		case "LOG":
			if c.word("WARNING") {
				a.Option = "WARNING"
			} else {
				c.word("INFO")
			}
		case "CHECKPOINT":
			a.Option = c.oneOf("BEFORE", "AFTER", "BOTH")
		case "SHELL":
			c.shell(&a)
		case "TRACE", "TRACE2":
			for c.more() && (c.i == 0 || !c.args[c.i-1].IsPunct(",")) {
				c.i++
			}
		}
		out = append(out, a)
	}
	return out, c.errs.orNil()
}

// shell reads 'command', or ('command', VAR name = value, ...).
func (c *cursor) shell(a *EventAction) {
	if c.i >= len(c.args) || !c.args[c.i].IsPunct("(") {
		a.Command = c.texts()
	} else {
		items := splitList(c.parens())
		in := &cursor{name: c.name, end: a.Pos}
		if len(items) > 0 {
			in.args = items[0]
		}
		a.Command = in.texts()
		if in.more() {
			in.unexpected(",")
		}
		c.errs = append(c.errs, in.errs...)
		for _, item := range items[min(1, len(items)):] {
			a.Vars = append(a.Vars, c.variable(&cursor{name: c.name, args: item, end: a.Pos}))
		}
	}
	if len(c.errs) == 0 && (strings.TrimSpace(a.Command) == "" || strings.ContainsRune(a.Command, 0)) {
		c.fail(a.Pos, "SHELL needs a command")
	}
	for i, v := range a.Vars {
		if slices.ContainsFunc(a.Vars[:i], func(o EventVar) bool { return o.Name == v.Name }) {
			c.fail(v.Pos, "VAR %s stands twice", v.Name)
		}
	}
}

// variable reads VAR name = value; a $ before the name is passed over.
func (c *cursor) variable(in *cursor) (v EventVar) {
	in.word("VAR")
	v.Pos = in.at()
	v.Name = strings.TrimPrefix(in.key("a variable's name"), "$")
	switch {
	case len(in.errs) > 0:
	case !variableName.MatchString(v.Name):
		in.fail(v.Pos, "VAR %s is not the name of a variable: letters, digits and _, not a digit first. "+
			"The command finds the value in its environment", shorten(v.Name))
	case slices.Contains(shellsOwn, v.Name) || strings.HasPrefix(v.Name, "LD_") ||
		strings.HasPrefix(v.Name, "BASH"):
		in.fail(v.Pos, "VAR %s is a variable of the shell itself; take another name", v.Name)
	case !in.mark("="):
		in.lacks("=")
	default:
		if v.Expr = in.args[in.i:]; len(v.Expr) == 0 {
			in.lacks("a value")
		}
	}
	c.errs = append(c.errs, in.errs...)
	return v
}
