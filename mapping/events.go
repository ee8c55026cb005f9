package mapping

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
	"ggsh/record"
)

// rawCommand is a SHELL as the statement has it.
type rawCommand struct {
	text string
	vars []rawToken
}

// command is a SHELL for one source table.
type command struct {
	text string
	vars []token
}

// Command is what SHELL runs for a record. The values of the record are in its
// environment alone.
type Command struct {
	Text string
	// Set are NAME=value; Unset are names whose values are NULL or not in the record.
	Set, Unset []string
}

// maxVariables is how many octets the values of a command may have.
const maxVariables = 64 << 10

// compileEvents reads EVENTACTIONS.
func (e *entry) compileEvents(parser *expr.Parser, extract bool) error {
	if len(e.statement.EventActions) == 0 {
		return nil
	}
	actions, err := e.statement.ReadEventActions()
	if err != nil {
		return err
	}
	for _, a := range actions {
		if a.Name == "ROLLOVER" && !extract {
			return ggserr.New(ggserr.ParameterRefused, "EVENTACTIONS "+a.Name,
				"a Replicat writes no trail").At(a.Pos.File, a.Pos.Line, a.Pos.Column)
		}
		if a.Name != "SHELL" {
			continue
		}
		c := rawCommand{text: a.Command}
		for _, v := range a.Vars {
			node, err := parser.Parse(v.Expr, expr.ForValue)
			if err != nil {
				return err
			}
			c.vars = append(c.vars, rawToken{name: v.Name, node: node})
		}
		e.commands = append(e.commands, c)
	}
	e.events = actions
	return e.refuseTogether()
}

// contradictions are the actions that exclude each other.
var contradictions = map[string][]string{
	"FORCESTOP ": {"STOP ", "CHECKPOINT AFTER", "CHECKPOINT BOTH"},
	"SUSPEND ":   {"ABORT "},
}

// refuseTogether refuses actions of which one leaves nothing for the other to do.
func (e *entry) refuseTogether() error {
	for _, a := range e.events {
		for _, b := range e.events {
			if slices.Contains(contradictions[a.Name+" "+a.Option], b.Name+" "+b.Option) {
				return ggserr.New(ggserr.BadParameter, strings.TrimSpace("EVENTACTIONS "+a.Name+
					" does not go together with "+b.Name+" "+b.Option)).
					At(b.Pos.File, b.Pos.Line, b.Pos.Column).Do("Take one of the two out.")
			}
		}
	}
	return nil
}

// EventsOnly says that the plan is of a TABLE in a Replicat: its records cause events
// and are not applied.
func (p *TablePlan) EventsOnly() bool { return p.onlyEvents }

// Matches reports whether an operation is one that the statement takes, its FILTER and
// WHERE included. What cannot be decided does not match.
func (p *TablePlan) Matches(body []byte, from *expr.Origin) (bool, error) {
	s := &p.scratch
	if err := s.Load(body); err != nil {
		return false, err
	}
	if !p.actions[s.Op.Type].take {
		return false, nil
	}
	s.Origin = *from
	if err := p.readImages(); err != nil {
		return false, err
	}
	taken, err := p.selects()
	if _, ofRow := RowError(err); ofRow || isUndecided(err) {
		return false, nil
	}
	return taken, err
}

// Causes reports whether a statement has an action of that name and option.
func (p *Plan) Causes(name, option string) bool {
	for _, e := range p.entries {
		for _, a := range e.events {
			if a.Name == name && a.Option == option {
				return true
			}
		}
	}
	return false
}

// onlyCauses reports whether each record that the statement takes causes events and goes
// nowhere: it may stand beside another one of its table.
func (p *Plan) onlyCauses(e *entry) bool {
	return !p.extract && e.statement.Keyword == "TABLE" || slices.ContainsFunc(e.events, func(a param.EventAction) bool {
		return a.Name == "IGNORE" || a.Name == "DISCARD"
	})
}

// bindCommands binds the variables of SHELL to the source table.
func (t *TablePlan) bindCommands(e *entry) error {
	scope := t.scope(e, nil)
	for _, raw := range e.commands {
		c := command{text: raw.text}
		for _, v := range raw.vars {
			value, err := v.node.Bind(scope)
			if err != nil {
				return err
			}
			c.vars = append(c.vars, token{name: []byte(v.name), value: value})
		}
		t.commands = append(t.commands, c)
	}
	return nil
}

// HasCommands reports whether the statement has a SHELL.
func (p *TablePlan) HasCommands() bool { return len(p.commands) > 0 }

// Commands gives what SHELL runs for the record that Matches has just found.
func (p *TablePlan) Commands() ([]Command, error) {
	var out []Command
	for i := range p.commands {
		c := Command{Text: p.commands[i].text}
		size := 0
		for _, v := range p.commands[i].vars {
			value := p.scratch.Fit(v.value.Value(&p.scratch.Record, false), record.String)
			switch {
			case value.Kind == record.Missing || value.Kind == record.Null:
				c.Unset = append(c.Unset, string(v.name))
				continue
			case value.Kind == expr.Invalid, bytes.IndexByte(value.B, 0) >= 0:
				return nil, fmt.Errorf("SHELL for a record of %s: the value of VAR %s cannot stand in an "+
					"environment", p.Source.FullName(), v.name)
			}
			if size += len(value.B); size > maxVariables {
				return nil, fmt.Errorf("the variables of SHELL for a record of %s have more than %d octets",
					p.Source.FullName(), maxVariables)
			}
			c.Set = append(c.Set, string(v.name)+"="+string(value.B))
		}
		out = append(out, c)
	}
	return out, nil
}

// Events are the actions of EVENTACTIONS.
func (p *TablePlan) Events() []param.EventAction { return p.events }
