package control

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Programs as ACCESSRULE names them. What a caller asks for tells which it is: a
// name that it gave itself would prove nothing.
const (
	shellProgram     = "GGSCI"
	collectorProgram = "COLLECTOR"
	replicatProgram  = "REPLICAT"
)

// AccessRule is one ACCESSRULE of mgr.prm.
type AccessRule struct {
	Program  string // upper case, with wildcards
	Address  string // an address, a network, a host's name, or a pattern
	Login    string // of the credential store, empty for all; with wildcards
	Priority int    // the lowest is looked at first
	Allow    bool
}

// opens reports whether the rule may admit somebody of another host.
func (r AccessRule) opens() bool {
	if ip, err := netip.ParseAddr(r.Address); err == nil && ip.Unmap().IsLoopback() {
		return false
	}
	return r.Allow && !loopbackHost(r.Address)
}

// Access decides about callers of other hosts: who may ask, and which user it is.
type Access struct {
	// verify tells whether a user of the credential store has the password; nil: none has.
	verify   func(user, password string) (bool, error)
	lookup   func(ctx context.Context, host string) ([]netip.Addr, error)
	attempts attempts

	mu    sync.Mutex
	rules []AccessRule
	names map[string]lookedUp
}

// lookedUp is what a host's name in a rule stood for, and until when that counts.
type lookedUp struct {
	addrs []netip.Addr
	until time.Time
}

// Times of names in rules.
const (
	lookupTimeout = 2 * time.Second
	lookupAgain   = time.Minute
)

// NewAccess makes one that admits nobody.
func NewAccess(verify func(user, password string) (bool, error)) *Access {
	return &Access{verify: verify, names: map[string]lookedUp{},
		attempts: attempts{byAddress: map[string]*bucket{}, all: newBucket(manyWrong, manyAgain)},
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}}
}

// SetRules replaces the rules. Those of one priority count in the order given.
func (a *Access) SetRules(rules []AccessRule) {
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(x, y AccessRule) int {
		return cmp.Compare(x.Priority, y.Priority)
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rules = sorted
	clear(a.names)
}

// Opens reports whether some rule may admit a caller of another host.
func (a *Access) Opens() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.rules, AccessRule.opens)
}

// allows tells whether the first rule that fits admits; without one nobody is.
func (a *Access) allows(ctx context.Context, from netip.Addr, program, user string) bool {
	a.mu.Lock()
	rules := a.rules
	a.mu.Unlock()
	for _, r := range rules {
		if a.fits(ctx, r, from, program, user) {
			return r.Allow
		}
	}
	return false
}

// allowsSome tells whether some program of an address is admitted.
func (a *Access) allowsSome(ctx context.Context, from netip.Addr, user string) bool {
	for _, program := range []string{shellProgram, collectorProgram, replicatProgram} {
		if a.allows(ctx, from, program, user) {
			return true
		}
	}
	return false
}

func (a *Access) fits(ctx context.Context, r AccessRule, from netip.Addr, program,
	user string) bool {
	if !matchesProgram(r.Program, program) {
		return false
	}
	if r.Login != "" && !Wildcard(strings.ToLower(r.Login), strings.ToLower(user)) {
		return false
	}
	return a.isAt(ctx, r.Address, from)
}

// matchesProgram knows the other names that mgr.prm files have for a program.
func matchesProgram(pattern, program string) bool {
	names := []string{program}
	switch program {
	case shellProgram:
		names = append(names, "GGSH", "GUI", "ADMIN")
	case collectorProgram:
		names = append(names, "SERVER", "EXTRACT")
	}
	return slices.ContainsFunc(names, func(n string) bool {
		return Wildcard(strings.ToUpper(pattern), n)
	})
}

// isAt reports whether an address is what a rule means by IPADDR.
func (a *Access) isAt(ctx context.Context, pattern string, from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	if ip, err := netip.ParseAddr(pattern); err == nil {
		return ip.Unmap() == from
	}
	if network, err := netip.ParsePrefix(pattern); err == nil {
		return network.Contains(from)
	}
	if strings.ContainsAny(pattern, "*?") {
		return Wildcard(strings.ToLower(pattern), from.String())
	}
	return slices.Contains(a.named(ctx, pattern), from)
}

// named gives the addresses of a host's name. A name that is not found stands
// for none.
func (a *Access) named(ctx context.Context, host string) []netip.Addr {
	a.mu.Lock()
	known, ok := a.names[host]
	a.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known.addrs
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := a.lookup(ctx, host)
	if err != nil {
		found = nil
	}
	for i := range found {
		found[i] = found[i].Unmap().WithZone("")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names[host] = lookedUp{addrs: found, until: time.Now().Add(lookupAgain)}
	return found
}

// Wildcard matches * and ? in a name, by backtracking to the last *.
func Wildcard(pattern, name string) bool {
	p, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			mark++
			p, n = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// advice names the line that admits a program of an address.
func advice(program string, from netip.Addr) string {
	return fmt.Sprintf("no ACCESSRULE of mgr.prm admits it; to admit it, add the line "+
		"ACCESSRULE, PROG %s, IPADDR %s, PRI 1, ALLOW there and do REFRESH MANAGER",
		program, from.Unmap().WithZone(""))
}

// Bounds of wrong passwords: how many at once, and how many a second after those.
const (
	fewWrong    = 5
	fewAgain    = 1.0 / 12
	manyWrong   = 50
	manyAgain   = 2.0
	maxAttempts = 4096 // addresses that are remembered
)

// attempts bounds wrong passwords, by address and altogether.
type attempts struct {
	mu        sync.Mutex
	all       *bucket
	byAddress map[string]*bucket
}

// network is what counts as one address: of IPv6 all that one host can give itself.
func network(from netip.Addr) string {
	from = from.Unmap().WithZone("")
	if from.Is4() {
		return from.String()
	}
	return netip.PrefixFrom(from, 64).Masked().String()
}

// take takes an attempt; it is given back when the password was right.
func (t *attempts) take(from netip.Addr) bool {
	key := network(from)
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.byAddress[key]
	if b == nil {
		if len(t.byAddress) >= maxAttempts {
			maps.DeleteFunc(t.byAddress, func(_ string, b *bucket) bool { return b.full() })
		}
		if len(t.byAddress) >= maxAttempts {
			return false
		}
		b = newBucket(fewWrong, fewAgain)
		t.byAddress[key] = b
	}
	return b.take() && t.all.take()
}

func (t *attempts) giveBack(from netip.Addr) {
	key := network(from)
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.byAddress[key]; b != nil {
		b.give()
	}
	t.all.give()
}
