package param

import "ggsh/ggserr"

// EventAction is one action of EVENTACTIONS.
type EventAction struct {
	Name   string // IGNORE, DISCARD, LOG, REPORT, STOP, ABORT, CHECKPOINT, TRACE, ...
	Option string // TRANSACTION, WARNING, BEFORE, AFTER, BOTH; empty: the usual
	Pos    ggserr.Location
}

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
		case "TRACE", "TRACE2", "SHELL":
			for c.more() && (c.i == 0 || !c.args[c.i-1].IsPunct(",")) {
				c.i++
			}
		}
		out = append(out, a)
	}
	return out, c.errs.orNil()
}
