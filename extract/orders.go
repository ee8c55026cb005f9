package extract

import (
	"context"
	"sync"

	"ggsh/control"
)

// orders are what the loop has been told and not yet done.
type orders struct {
	mu       sync.Mutex
	stop     chan struct{}
	stopped  bool
	force    bool
	rollover bool
	resumed  chan struct{} // closed by the order to go on; nil: not suspended
}

func (o *orders) end(force bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.force = o.force || force
	if !o.stopped {
		o.stopped = true
		close(o.stop)
	}
}

func (o *orders) forced() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.force
}

func (o *orders) takeRollover() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	asked := o.rollover
	o.rollover = false
	return asked
}

// suspend begins a pause; the channel is closed by resume.
func (o *orders) suspend() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resumed = make(chan struct{})
	return o.resumed
}

// resume ends a pause; false: there is none.
func (o *orders) resume() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.resumed == nil {
		return false
	}
	close(o.resumed)
	o.resumed = nil
	return true
}

// Respond answers an order; see control.Responder.
func (e *engine) Respond(ctx context.Context, r control.Request) control.Reply {
	switch r.Verb {
	case control.Identify:
		id := e.proc.Identity()
		return control.Reply{Identity: &id}
	case control.Status:
		return control.Reply{Status: e.status()}
	case control.GetLag:
		return control.Reply{Lag: e.lagInfo()}
	case control.Stats:
		stats := e.proc.Stats().Snapshot()
		if len(r.Args) > 0 && r.Args[0] == "RESET" {
			e.proc.Stats().Reset()
		}
		return control.Reply{Stats: stats}
	case control.Stop:
		e.orders.end(false)
		return control.Reply{Text: "Request processed."}
	case control.ForceStop:
		e.orders.end(true)
		return control.Reply{Text: "Request processed."}
	case control.ReportNow:
		e.proc.WriteStatistics()
		return control.Reply{Text: "Request processed."}
	case control.Rollover:
		e.orders.mu.Lock()
		e.orders.rollover = true
		e.orders.mu.Unlock()
		return control.Reply{Text: "Request processed."}
	case control.SkipTrans:
		return e.skipTransaction(ctx, r.Args)
	case control.Resume:
		if !e.orders.resume() {
			return refused("EXTRACT " + e.proc.Group() + " is not suspended")
		}
		return control.Reply{Text: "Request processed."}
	}
	return e.respondMore(r)
}

// skipTransaction asks the source to leave out an open transaction.
func (e *engine) skipTransaction(ctx context.Context, args []string) control.Reply {
	if len(args) != 1 {
		return refused("SKIPTRANS needs the id of one transaction, as SHOWTRANS shows it")
	}
	e.mu.Lock()
	skip, open := e.view.skip, e.view.open
	e.mu.Unlock()
	switch {
	case skip == nil && open == nil:
		return refused("the source is not connected, or has no open transactions: try again, or see SHOWTRANS")
	case skip == nil:
		return refused("this source's log has a transaction when it is committed: there is none to skip. " +
			"End it at the source")
	}
	if err := skip(ctx, args[0]); err != nil {
		return refused(err.Error())
	}
	return control.Reply{Text: "Transaction " + args[0] + " is skipped."}
}

func (e *engine) respondMore(r control.Request) control.Reply {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch r.Verb {
	case control.LogEnd:
		yes := e.view.atEOF
		return control.Reply{Yes: &yes}
	case control.ShowTrans:
		if e.view.open == nil {
			return control.Reply{Open: []control.OpenTxn{}}
		}
		return control.Reply{Open: e.view.open()}
	case control.GetParam:
		var out []control.Parameter
		for _, s := range e.proc.Params().Statements {
			out = append(out, control.Parameter{Name: s.Name, Value: s.Raw})
		}
		return control.Reply{Parameters: out}
	}
	return refused("EXTRACT does not know the order " + string(r.Verb))
}

func refused(text string) control.Reply {
	return control.Reply{Error: &control.Problem{Number: 1, Text: text}}
}

func (e *engine) status() *control.ProcessStatus {
	now := e.proc.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	state := e.view.state
	if e.view.retrying != "" {
		state = "Waiting to connect again: " + e.view.retrying
	}
	return &control.ProcessStatus{Identity: e.proc.Identity(), State: state, Read: e.view.read,
		Write: e.view.write, Records: e.view.records, Lag: e.view.lag(now), Source: e.view.product,
		Load: e.view.load}
}

func (e *engine) lagInfo() *control.LagInfo {
	now := e.proc.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	return &control.LagInfo{Records: !e.view.commit.IsZero(), Lag: e.view.lag(now), AtEOF: e.view.atEOF}
}
