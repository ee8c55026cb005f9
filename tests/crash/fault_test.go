package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"ggsh/tests/rig"
)

// victims are the programs that are killed.
var victims = []string{"eora", "pora", "collector", "rora", "handler", "source manager",
	"target manager"}

const (
	eora = iota
	pora
	collector
	rora
	handler
	sourceManager
	targetManager
)

// kind is what happens.
type kind string

const (
	kill      kind = "kill"      // of some programs at once
	burst     kind = "burst"     // kills of one program in quick succession
	newborn   kind = "newborn"   // a kill, and one more just after the program is back
	large     kind = "large"     // a kill while a large transaction is on its way
	operator  kind = "operator"  // STOP and START, with a kill meanwhile
	rollover  kind = "rollover"  // SEND ROLLOVER, and a kill
	etroll    kind = "etroll"    // STOP, ALTER ETROLLOVER, START
	freeze    kind = "freeze"    // a program stands still, another is killed meanwhile
	sourceOff kind = "sourceOff" // the source database is killed and started again
	targetOff kind = "targetOff" // the target database too
)

// fault is one event of a round.
type fault struct {
	kind    kind
	victims []int
	waits   []time.Duration
	wide    bool // a large transaction has wide rows
	settle  bool // changes get through again before the next
}

func (f fault) String() string {
	var names []string
	for _, v := range f.victims {
		names = append(names, victims[v])
	}
	return fmt.Sprintf("%s of %s, waits %v, wide %v, settle %v", f.kind,
		strings.Join(names, ", "), f.waits, f.wide, f.settle)
}

func newFault(rnd *rand.Rand, sourceServer, targetServer bool) fault {
	kinds := []kind{kill, kill, burst, newborn, newborn, large, large, operator, rollover, etroll,
		freeze}
	if sourceServer {
		kinds = append(kinds, sourceOff, sourceOff)
	}
	if targetServer {
		kinds = append(kinds, targetOff, targetOff)
	}
	f := fault{kind: kinds[rnd.IntN(len(kinds))], settle: rnd.IntN(3) > 0, wide: rnd.IntN(2) > 0}
	f.victims = rnd.Perm(len(victims))[:1+rnd.IntN(3)]
	most := map[kind]int{burst: 300, newborn: 200, large: 2500, freeze: 3000}[f.kind]
	if most == 0 {
		most = 1000
	}
	for range 4 {
		f.waits = append(f.waits, time.Duration(rnd.IntN(most))*time.Millisecond)
	}
	return f
}

// stage is a round's installation and workload.
type stage struct {
	t     *testing.T
	p     *rig.Pair
	w     *workload
	marks int
}

func (s *stage) home(v int) *rig.Home {
	if v == eora || v == pora || v == sourceManager {
		return s.p.Source
	}
	return s.p.Target
}

// pids are the processes that a victim is now.
func (s *stage) pids(v int) []int {
	h := s.home(v)
	switch v {
	case eora, pora:
		return h.GroupProcesses("extract", victims[v])
	case rora:
		return h.GroupProcesses("replicat", "rora")
	case collector:
		return h.Processes("collector")
	case handler:
		if s.p.TargetData.Kind == "sqlite" {
			return h.Processes("sqlite")
		}
		return h.Processes("mysql")
	}
	return h.Processes("manager")
}

func (s *stage) kill(v int) {
	s.t.Helper()
	rig.KillAll(s.t, victims[v], func() []int { return s.pids(v) })
}

// pause waits for a time that the round's seed chose.
func (s *stage) pause(d time.Duration) {
	end := time.Now().Add(d)
	rig.Until(s.t, "the next fault", func() (bool, string) { return time.Now().After(end), "" })
}

// meet makes a fault happen.
func (s *stage) meet(f fault) {
	switch f.kind {
	case kill:
		for _, v := range f.victims {
			s.kill(v)
		}
	case burst:
		for _, d := range f.waits {
			s.kill(f.victims[0])
			s.pause(d)
		}
	case newborn:
		s.newborn(f)
	case large:
		done := s.w.large(50_000, f.wide)
		for i, v := range f.victims {
			s.pause(f.waits[i])
			s.kill(v)
		}
		<-done
	case operator, rollover, etroll:
		s.operate(f)
	case freeze:
		s.freeze(f)
	case sourceOff:
		s.crash(s.p.SourceData, f)
	case targetOff:
		s.crash(s.p.TargetData, f)
	}
}

// newborn kills a program and once more within 200 ms of its return.
func (s *stage) newborn(f fault) {
	for i := range 2 {
		v := f.victims[0]
		before := map[int]bool{}
		for _, pid := range s.pids(v) {
			before[pid] = true
		}
		s.kill(v)
		if v == sourceManager || v == targetManager {
			_, _ = s.home(v).Try("start mgr")
		}
		end := time.Now().Add(5 * time.Second)
		rig.Until(s.t, victims[v]+" to come back", func() (bool, string) {
			for _, pid := range s.pids(v) {
				if !before[pid] {
					return true, ""
				}
			}
			return time.Now().After(end), "" // another victim may keep it from coming
		})
		s.pause(f.waits[i])
		s.kill(v)
	}
}

// operate gives orders while a program is killed. They may fail: the Manager may
// be the one.
func (s *stage) operate(f fault) {
	group := f.victims[0] % 4
	if group == collector {
		group = rora
	}
	name, h := victims[group], s.home(group)
	order := func(words string) { _, _ = h.Try(words) }
	type_ := "extract "
	if group == rora {
		type_ = "replicat "
	}
	switch {
	case f.kind == rollover && group != rora:
		order("send extract " + name + ", rollover")
	case f.kind == etroll && group != rora:
		order("stop extract " + name)
		order("alter extract " + name + ", etrollover")
	default:
		order("stop " + type_ + name)
	}
	s.pause(f.waits[0])
	for _, v := range f.victims[1:] {
		s.kill(v)
	}
	s.pause(f.waits[1])
	order("start " + type_ + name)
}

// freeze stops a program's time; another is killed before it goes on.
func (s *stage) freeze(f fault) {
	still := s.pids(f.victims[0])
	rig.Signal(still, syscall.SIGSTOP)
	defer rig.Signal(still, syscall.SIGCONT)
	s.pause(f.waits[0] / 2)
	for _, v := range f.victims[1:] {
		s.kill(v)
	}
	s.pause(f.waits[1])
}

// crash kills a database server, and a program, and starts the server again.
func (s *stage) crash(d *rig.Database, f fault) {
	s.t.Helper()
	if err := d.Server.Kill(); err != nil {
		s.t.Fatal(err)
	}
	s.pause(f.waits[0])
	for _, v := range f.victims[1:] {
		s.kill(v)
	}
	s.pause(f.waits[1])
	if err := d.Server.Restart(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

// heal does what an operator would: starts dead Managers and stopped groups.
func (s *stage) heal() {
	s.t.Helper()
	for _, h := range []*rig.Home{s.p.Source, s.p.Target} {
		rig.Until(s.t, "the Manager and its groups to be started", func() (bool, string) {
			if len(h.Processes("manager")) == 0 {
				if out, err := h.Try("start mgr"); err != nil {
					return false, out
				}
			}
			out, err := h.Try("start er *")
			return err == nil, out
		})
	}
}

// through commits a row of its own and waits until the target has it: all that
// was committed before it is there then.
func (s *stage) through(what string) {
	s.t.Helper()
	s.marks++
	id := 1_000_000 + s.marks
	rig.Until(s.t, "the source to take a row", func() (bool, string) {
		_, err := s.p.SourceData.DB.Exec("INSERT INTO acct (id, owner, amount) VALUES (?, 'mark', 0)", id)
		if err == nil {
			return true, ""
		}
		var n int
		err2 := s.p.SourceData.DB.QueryRow("SELECT count(*) FROM acct WHERE id=?", id).Scan(&n)
		return err2 == nil && n == 1, err.Error()
	})
	rig.Until(s.t, "changes to arrive after "+what, func() (bool, string) {
		var n int
		err := s.p.TargetData.DB.QueryRow("SELECT count(*) FROM acct WHERE id=?", id).Scan(&n)
		return err == nil && n == 1, fmt.Sprintf("%d rows, %v\n%s", n, err, s.p.Logs())
	})
}

// same compares source and target, where the last row has arrived: waiting
// longer makes nothing better.
func (s *stage) same() {
	s.t.Helper()
	for _, table := range tables {
		if diff := rig.Differ(s.p.SourceData, s.p.TargetData, table); diff != "" {
			s.t.Errorf("%s\n%s", diff, s.p.Logs())
		}
	}
	for _, h := range []*rig.Home{s.p.Source, s.p.Target} {
		for _, reason := range h.Abends() {
			s.t.Log(reason)
		}
	}
}
