package mapping

import (
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/mapping/expr"
	"ggsh/param"
)

// compileEvents reads EVENTACTIONS.
func (e *entry) compileEvents(extract bool) error {
	if len(e.statement.EventActions) == 0 {
		return nil
	}
	actions, err := e.statement.ReadEventActions()
	if err != nil {
		return err
	}
	for _, a := range actions {
		why := ""
		switch {
		case a.Name == "ROLLOVER" && !extract:
			why = "a Replicat writes no trail"
		case a.Name == "SHELL":
			why = "no programs are started"
		default:
			continue
		}
		return ggserr.New(ggserr.ParameterRefused, "EVENTACTIONS "+a.Name, why).
			At(a.Pos.File, a.Pos.Line, a.Pos.Column)
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

// keepsBack reports whether EVENTACTIONS leaves out each record that it acts on.
func (e *entry) keepsBack() bool {
	return slices.ContainsFunc(e.events, func(a param.EventAction) bool {
		return a.Name == "IGNORE" || a.Name == "DISCARD"
	})
}

// Events are the actions of EVENTACTIONS.
func (p *TablePlan) Events() []param.EventAction { return p.events }
