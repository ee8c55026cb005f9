// Package groupstate tells what each group of a home is doing: STOPPED,
// STARTING, RUNNING, SUSPENDED or ABENDED, from the group's files and the kernel alone, so
// that it needs no Manager. It also keeps what was ordered, in dirpcs/MGR.orders.
//
// It starts and stops nothing, and asks no process. Its law: what was ordered
// is stored apart from what is observed; ABENDED is their disagreement. Floor 2:
// it imports checkpoint, control and subdirs; the Manager and the commands,
// on floor 3, import it.
package groupstate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/subdirs"
)

// Facts are what is seen of a group.
type Facts struct {
	Locked    bool // a process holds the group
	Serving   bool // it has written its process file and takes orders
	Suspended bool // and waits behind EVENTACTIONS SUSPEND
	Launching bool // the process that the Manager started lives
	State     checkpoint.State
	Created   time.Time // when the group was added
}

// Decide gives the state word of a group. order may be nil.
func Decide(f Facts, order *Order) string {
	if order != nil && order.At.Before(f.Created) {
		order = nil // of a group of that name that was deleted since
	}
	if f.Locked || f.Launching {
		// A process that was told to stop no longer serves while it writes its last lines.
		leaving := f.State.Stopped != checkpoint.Active || order != nil && order.stops(f.State.Started)
		if f.Serving && f.Suspended && !leaving {
			return control.Suspended
		}
		if f.Serving || f.Locked && leaving {
			return control.Running
		}
		return control.Starting
	}
	switch f.State.Stopped {
	case checkpoint.Abended:
		return control.Abended
	case checkpoint.Active: // it was killed
		if order != nil && order.stops(f.State.Started) {
			return control.Stopped
		}
		return control.Abended
	}
	if order != nil && order.Wanted == Run && order.failed(f.State) {
		return control.Abended
	}
	return control.Stopped
}

// stops reports whether the order is to stop the run that began at started. It may
// have been given before the process wrote that it began.
func (o *Order) stops(started time.Time) bool {
	if o.Wanted != Stop || o.At.Before(o.Launched) {
		return false
	}
	sameRun := !o.Launched.IsZero() && !started.Before(o.Launched) &&
		(o.Ended.IsZero() || !started.After(o.Ended))
	return sameRun || !o.At.Before(started)
}

// failed reports whether the run that the Manager launched ended without a
// graceful stop, though the checkpoint file of an earlier run says otherwise.
func (o *Order) failed(s checkpoint.State) bool {
	if o.Launched.IsZero() {
		return false
	}
	if o.Exit != "" {
		return o.Exit != ExitNormal
	}
	return s.Started.Before(o.Launched) // it never came to hold the group
}

// Group is a group with all that its files say.
type Group struct {
	control.GroupStatus
	Document *checkpoint.Document // nil when the checkpoint file cannot be read
	Problem  error                // why not
	Order    *Order               // nil when nobody ordered anything
}

// IsTask reports whether the group runs once and keeps no position.
func (g *Group) IsTask() bool {
	return g.Document != nil && (g.Document.Group.Source == checkpoint.SourceIsTable ||
		g.Document.Group.Source == checkpoint.SpecialRun)
}

// Observer observes the groups of a home.
type Observer struct{ Home subdirs.Home }

// Observe gives the states of all groups, Extracts first, each by name.
func (o Observer) Observe(ctx context.Context) ([]control.GroupStatus, error) {
	groups, err := Observe(ctx, o.Home)
	if err != nil {
		return nil, err
	}
	all := make([]control.GroupStatus, len(groups))
	for i, g := range groups {
		all[i] = g.GroupStatus
	}
	return all, nil
}

// Observe looks at all groups of a home, Extracts first, each by name. A group
// whose checkpoint file cannot be read is in the list with its problem.
func Observe(ctx context.Context, home subdirs.Home) ([]Group, error) {
	orders, err := LoadOrders(home)
	if err != nil {
		return nil, err
	}
	var all []Group
	for _, t := range []checkpoint.Type{checkpoint.Extract, checkpoint.Replicat} {
		names, err := checkpoint.List(home.Join("dirchk"), t)
		if err != nil {
			return nil, fmt.Errorf("list groups: %w", err)
		}
		for _, name := range names {
			order, given := orders.Groups[Key(string(t), name)]
			g := Look(ctx, home, string(t), name, orderOrNil(order, given))
			if !errors.Is(g.Problem, fs.ErrNotExist) {
				all = append(all, g)
			}
		}
	}
	return all, nil
}

func orderOrNil(o Order, given bool) *Order {
	if !given {
		return nil
	}
	return &o
}

// Look looks at one group. A group that does not exist has fs.ErrNotExist as
// its problem.
func Look(ctx context.Context, home subdirs.Home, kind, name string, order *Order) Group {
	extract := kind == string(checkpoint.Extract)
	g := Group{GroupStatus: control.GroupStatus{Type: kind, Group: name}, Order: order}
	file := checkpoint.At(home.Checkpoint(name, extract))
	var f Facts
	if g.Document, g.Problem = file.Load(); g.Document != nil {
		f.State, f.Created = g.Document.State, g.Document.Group.Created
		g.Started = f.State.Started
	} else if errors.Is(g.Problem, fs.ErrNotExist) {
		return g
	}
	f.Launching = order != nil && Alive(order.PID, order.Ticks)
	if p := serving(ctx, home, extract, name); p != nil {
		g.PID, f.Serving, f.Suspended = p.PID, true, p.Suspended
	}
	switch {
	case f.Serving:
		f.Locked = true
	case f.Launching:
		g.PID = order.PID
	default: // the probe holds the lock for an instant: only if nothing else tells
		f.Locked = file.Locked()
	}
	g.State = Decide(f, order)
	switch {
	case g.State == control.Abended && g.Problem == nil:
		g.Reason = reason(home.Report(name, -1), f.State, order)
	case g.Problem != nil:
		g.Reason = g.Problem.Error()
	}
	return g
}

// serving gives what the group's process says of itself when it takes orders: when its
// process file names the process that the kernel knows as its socket's owner.
func serving(ctx context.Context, home subdirs.Home, extract bool, name string) *control.ProcessFile {
	p, err := control.ReadProcessFile(home.Process(name, extract))
	if err != nil || !strings.EqualFold(p.Group, name) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	owner, err := control.SocketOwner(ctx, home.Socket(name))
	if err != nil || owner != p.PID {
		return nil
	}
	return p
}

// maxReport is how much of a report's end is searched for the reason.
const maxReport = 64 << 10

// errorMark stands in an error's line of a report, before the number.
const errorMark = "  ERROR   OGG-"

// reason finds the last error line of the run that ended, in its report; else
// how its process ended.
func reason(report string, s checkpoint.State, order *Order) string {
	begun := s.Started
	exit := ""
	if order != nil {
		if order.Launched.After(begun) {
			begun = order.Launched
		}
		if order.Exit != "" && order.Exit != ExitNormal {
			exit = "the process ended: " + order.Exit
		}
	}
	st, err := os.Stat(report)
	if err != nil || st.ModTime().Before(begun.Add(-time.Second)) {
		return exit
	}
	f, err := os.Open(report)
	if err != nil {
		return exit
	}
	defer f.Close()
	b := make([]byte, maxReport)
	n, _ := f.ReadAt(b, max(0, st.Size()-maxReport))
	last := ""
	for line := range strings.Lines(string(b[:n])) {
		at := strings.Index(line, errorMark)
		if at >= 0 && !strings.HasPrefix(line[at+len(errorMark):], "01668") {
			last = "OGG-" + strings.TrimSpace(line[at+len(errorMark):])
		}
	}
	if last == "" {
		return exit
	}
	return last
}
