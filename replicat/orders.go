package replicat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/mapping"
)

// orders answers what comes to the process's socket.
type orders struct{ r *Replicat }

// Respond obeys one order.
func (o *orders) Respond(_ context.Context, q control.Request) control.Reply {
	r := o.r
	if q.Verb != control.Identify && q.Verb != control.Status && q.Verb != control.GetLag {
		words := append([]string{string(q.Verb)}, q.Args...)
		r.p.Info(ggserr.CommandReceived, q.From, strings.Join(words, " "))
	}
	switch q.Verb {
	case control.Identify:
		id := r.p.Identity()
		return control.Reply{Identity: &id}
	case control.Status:
		return control.Reply{Status: o.status()}
	case control.GetLag:
		lag, records, eof := r.state.lag()
		return control.Reply{Lag: &control.LagInfo{Records: records, Lag: lag, AtEOF: eof}}
	case control.Stats:
		return o.stats(q.Args)
	case control.ReportNow:
		r.p.WriteStatistics()
		return control.Reply{Text: "Report written."}
	case control.LogEnd:
		yes := r.state.atEOF()
		return control.Reply{Yes: &yes}
	case control.GetParam:
		return control.Reply{Parameters: o.parameters(q.Args)}
	case control.Stop, control.ForceStop:
		return o.stop(q)
	case control.Resume:
		if !r.state.resume() {
			return refused("REPLICAT %s is not suspended", r.p.Group())
		}
		return control.Reply{Text: "Request processed."}
	case control.Collisions, control.NoCollide:
		return o.collisions(q)
	}
	return refused("%s is not an order for REPLICAT %s", q.Verb, r.p.Group())
}

func refused(format string, args ...any) control.Reply {
	return control.Reply{Error: &control.Problem{Number: int(ggserr.Generic),
		Text: fmt.Sprintf(format, args...)}}
}

func (o *orders) status() *control.ProcessStatus {
	s := o.r.state
	lag, _, eof := s.lag()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &control.ProcessStatus{Identity: o.r.p.Identity(), State: s.phrase, Lag: lag,
		Records: s.records, Read: control.Position{Name: o.r.trail.String(),
			Seqno: uint64(s.reading.Seqno), RBA: s.reading.RBA, Time: s.readTime}}
	if eof {
		st.State = "At EOF"
	}
	return st
}

// stop ends the run: after the groups on their way, with EOF when all of the trail
// is applied, or with ! and FORCESTOP at once.
func (o *orders) stop(q control.Request) control.Reply {
	s := o.r.state
	if slices.Contains(q.Args, control.AtEOF) {
		s.endAtEOF()
		return control.Reply{Text: "Request processed.", Pending: true}
	}
	if q.Verb == control.ForceStop || len(q.Args) > 0 && q.Args[0] == "!" {
		s.abort(errAborted)
		return control.Reply{Text: "Request processed."}
	}
	s.mu.Lock()
	pending := s.inflight > 0 || s.records > 0
	s.mu.Unlock()
	s.stop(errStopped)
	return control.Reply{Text: "Request processed.", Pending: pending}
}

func (o *orders) stats(args []string) control.Reply {
	snapshot := o.r.p.Stats().Snapshot()
	for _, a := range args {
		if a == "RESET" {
			o.r.p.Stats().Reset()
		}
	}
	return control.Reply{Stats: snapshot}
}

// collisions turns HANDLECOLLISIONS on or off while the process runs.
func (o *orders) collisions(q control.Request) control.Reply {
	for _, pattern := range q.Args {
		if err := mapping.CheckPattern(pattern); err != nil {
			return refused("%s", err)
		}
	}
	o.r.state.order(collisionOrder{on: q.Verb == control.Collisions, patterns: q.Args})
	return control.Reply{Text: fmt.Sprintf("%s set for %d active MAP(s)", q.Verb,
		len(o.r.p.Params().All("MAP")))}
}

// parameters lists the statements in force; those named if any are.
func (o *orders) parameters(names []string) []control.Parameter {
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	var out []control.Parameter
	for i := range o.r.p.Params().Statements {
		st := &o.r.p.Params().Statements[i]
		if len(want) == 0 || want[st.Name] {
			out = append(out, control.Parameter{Name: st.Name, Value: st.Raw})
		}
	}
	return out
}
