package agent

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/groupstate"
	"ggsh/param"
)

// collectorKind is a collector's type among the children.
const collectorKind = "COLLECTOR"

// portTries bounds how many ports are tried when others take them first.
const portTries = 5

// collectorOrder is COLLECTOR: a process of its own for one pump and one trail.
// A collector of the same trail that still runs is of a connection of the same
// pump that is gone; one that works for another pump is left alone.
func (m *Manager) collectorOrder(ctx context.Context, r control.Request) control.Reply {
	if len(r.Args) != 1 || r.Args[0] == "" || strings.ContainsAny(r.Args[0], "\x00\n\t") {
		return refuse("COLLECTOR wants one trail")
	}
	m.collecting.Lock()
	defer m.collecting.Unlock()
	path := realPath(m.cfg.Home.Resolve(r.Args[0]))
	if err := m.endCollector(ctx, path, pumpOf(r)); err != nil {
		return reply(err)
	}
	var err error
	var info *control.CollectorInfo
	tried := 0
	for _, port := range m.freePorts(ctx) {
		if info, err = m.startCollector(ctx, path, port, r); err == nil {
			return control.Reply{Collector: info}
		}
		if tried++; tried == portTries || ctx.Err() != nil {
			break
		}
	}
	if err == nil {
		err = ggserr.New(ggserr.Generic, "no port is free for a collector").
			Do("See DYNAMICPORTLIST in mgr.prm.")
	}
	m.event(ggserr.Numbered(err))
	return reply(err)
}

// freePorts gives ports that nobody listens at now, the first few.
func (m *Manager) freePorts(ctx context.Context) []int {
	m.mu.Lock()
	ranges := m.set.Ports
	used := map[int]bool{m.port: true}
	for _, c := range m.orders.Collectors {
		used[c.Port] = true
	}
	m.mu.Unlock()
	if ranges == nil {
		ranges = []param.PortRange{{Low: firstDynamic, High: 65535}}
	}
	var free []int
	for _, p := range ranges {
		for port := p.Low; port <= p.High && len(free) < portTries; port++ {
			if !used[port] && control.FreePort(ctx, port) {
				free = append(free, port)
			}
		}
	}
	return free
}

// startCollector launches the program and waits until it says where it listens.
// The token goes through its standard input: a process list shows arguments.
func (m *Manager) startCollector(ctx context.Context, trail string, port int,
	r control.Request) (*control.CollectorInfo, error) {
	var secret [32]byte
	rand.Read(secret[:])
	token := hex.EncodeToString(secret[:])
	in, feed, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	feed.WriteString(token + "\n") // fits the pipe: nobody need read yet
	feed.Close()
	defer in.Close()
	out := m.cfg.Home.Join("dirout", fmt.Sprintf("COLLECTOR_%d.out", port))
	argv := []string{"-home", string(m.cfg.Home), "-p", strconv.Itoa(port)}
	if r.Caller.Remote() {
		argv = append(argv, "-host", "")
	}
	for _, dir := range m.outputDirs() {
		argv = append(argv, "-allow", dir)
	}
	m.mu.Lock()
	pid, err := m.spawn("collector", argv, out, in)
	if err != nil {
		m.mu.Unlock()
		return nil, ggserr.New(ggserr.Generic, "the collector cannot be started").Because(err)
	}
	ticks, _ := groupstate.Ticks(pid)
	now := m.cfg.Now()
	m.children[groupstate.Key(collectorKind, trail)] = &child{kind: collectorKind, group: trail,
		pid: pid, ticks: ticks, mine: true, believed: true, started: now, port: port}
	m.orders.Collectors = append(m.orders.Collectors, groupstate.CollectorProcess{Trail: trail,
		Port: port, PID: pid, Ticks: ticks, Started: now, For: pumpOf(r)})
	m.storeLocked()
	m.mu.Unlock()
	info, err := m.listening(ctx, out, pid, ticks)
	if err != nil {
		m.ladder(ctx, pid, ticks, nil)
		m.reap()
		return nil, err
	}
	info.Token = token
	m.info(ggserr.CollectorStarted, info.Port, trail)
	return info, nil
}

// outputDirs are the folders that ALLOWOUTPUTDIR in GLOBALS adds to dirdat.
func (m *Manager) outputDirs() []string {
	f, err := param.Parse(m.cfg.Home.Globals(), param.Options{ReadFile: os.ReadFile,
		Getenv: m.cfg.Getenv, Home: string(m.cfg.Home), Program: param.Globals})
	if err != nil {
		return nil // no GLOBALS is the normal case; with a bad one dirdat alone is safe
	}
	g, err := param.ReadGlobals(f)
	if err != nil {
		return nil
	}
	return g.OutputDirs
}

// listening waits for the line "LISTENING port [fingerprint]" in the collector's output.
func (m *Manager) listening(ctx context.Context, out string, pid int,
	ticks uint64) (*control.CollectorInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timing.Launch)
	defer cancel()
	for {
		lives := groupstate.Alive(pid, ticks)
		b, err := os.ReadFile(out)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) < 2 || f[0] != "LISTENING" || !strings.HasSuffix(line, "\n") {
				continue
			}
			port, err := strconv.Atoi(f[1])
			if err != nil || port < 1 || port > 65535 {
				return nil, ggserr.New(ggserr.Generic, "the collector says it listens at "+f[1])
			}
			return &control.CollectorInfo{Port: port, Fingerprint: strings.Join(f[2:], "")}, nil
		}
		if !lives || ctx.Err() != nil {
			said := oneLine(strings.TrimSpace(string(b[max(0, len(b)-400):])))
			return nil, ggserr.New(ggserr.Generic, "the collector did not come to listen").
				Do("It said: %q; see %s", said, out)
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// pumpOf names the group that a collector is for.
func pumpOf(r control.Request) string {
	name := title(r.Type, r.Group)
	if r.Group == "" {
		name = r.From
	} else if r.Caller.Remote() {
		name += " of " + r.Caller.Address
	}
	return oneLine(name)
}

// endCollector ends the collector of a trail, if one runs for the same pump.
func (m *Manager) endCollector(ctx context.Context, trail, pump string) error {
	m.mu.Lock()
	list := slices.Clone(m.orders.Collectors)
	m.mu.Unlock()
	for _, c := range list {
		if c.Trail != trail || !groupstate.Alive(c.PID, c.Ticks) {
			continue
		}
		if c.For != pump {
			return ggserr.New(ggserr.Generic, fmt.Sprintf(
				"trail %s is being written for %s by collector process %d", trail, c.For, c.PID)).
				Do("One trail has one writer; that collector ends when its sender is gone.")
		}
		if _, ended := m.ladder(ctx, c.PID, c.Ticks, nil); !ended {
			return ggserr.New(ggserr.Generic, fmt.Sprintf(
				"collector process %d of trail %s does not end", c.PID, trail))
		}
	}
	m.reap()
	return nil
}

// collectorEndedLocked forgets a collector.
func (m *Manager) collectorEndedLocked(c *child, exit string) {
	m.orders.Collectors = slices.DeleteFunc(m.orders.Collectors,
		func(p groupstate.CollectorProcess) bool { return p.PID == c.pid && p.Ticks == c.ticks })
	m.storeLocked()
	if exit != "" && exit != groupstate.ExitNormal {
		m.downEvent(control.GroupStatus{Type: collectorKind, Group: c.group, State: "ended",
			Reason: exit}, true)
	}
}

// inheritCollectorsLocked watches the collectors that an earlier Manager launched.
func (m *Manager) inheritCollectorsLocked() {
	live := m.orders.Collectors[:0]
	for _, c := range m.orders.Collectors {
		if groupstate.Alive(c.PID, c.Ticks) {
			live = append(live, c)
			m.children[groupstate.Key(collectorKind, c.Trail)] = &child{kind: collectorKind,
				group: c.Trail, pid: c.PID, ticks: c.Ticks, believed: true, started: c.Started,
				port: c.Port}
		}
	}
	m.orders.Collectors = live
}

// portInfo is SEND MANAGER GETPORTINFO: the ports that collectors have.
func (m *Manager) portInfo() control.Reply {
	m.mu.Lock()
	defer m.mu.Unlock()
	rep := control.Reply{Children: []control.Child{}}
	for _, c := range m.orders.Collectors {
		rep.Children = append(rep.Children, control.Child{Type: collectorKind, Group: c.Trail,
			PID: c.PID, StartedAt: c.Started, Port: c.Port})
	}
	sortChildren(rep.Children)
	return rep
}

func sortChildren(all []control.Child) {
	slices.SortFunc(all, func(a, b control.Child) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Group, b.Group))
	})
}
