package control

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"ggsh/control/pin"
)

func TestTheFirstRuleByPriorityDecides(t *testing.T) {
	a := NewAccess(nil)
	a.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if host == "src.example" {
			return []netip.Addr{netip.MustParseAddr("10.9.9.9")}, nil
		}
		return nil, errors.New("no such host")
	}
	if a.Opens() || a.allows(t.Context(), netip.MustParseAddr("10.0.0.1"), shellProgram, "") {
		t.Fatal("without a rule somebody is admitted")
	}
	a.SetRules([]AccessRule{
		{Program: "*", Address: "10.0.*", Priority: 50, Allow: true},
		{Program: "*", Address: "10.0.0.13", Priority: 2},
		{Program: "SERVER", Address: "10.1.0.0/16", Priority: 99, Allow: true},
		{Program: "GGSCI", Address: "*", Login: "anna", Priority: 60, Allow: true},
		{Program: "REPLICAT", Address: "src.example", Priority: 60, Allow: true},
		{Program: "REPLICAT", Address: "none.example", Priority: 60, Allow: true}})
	for _, c := range []struct {
		from, program, user string
		want                bool
	}{
		{"10.0.0.1", shellProgram, "", true}, {"::ffff:10.0.0.1", shellProgram, "", true},
		{"10.0.0.13", shellProgram, "", false}, {"10.1.2.3", collectorProgram, "", true},
		{"10.1.2.3", replicatProgram, "", false}, {"172.16.0.1", shellProgram, "", false},
		{"172.16.0.1", shellProgram, "Anna", true}, {"172.16.0.1", collectorProgram, "anna", false},
		{"10.9.9.9", replicatProgram, "", true}, {"10.9.9.8", replicatProgram, "", false},
	} {
		got := a.allows(t.Context(), netip.MustParseAddr(c.from), c.program, c.user)
		if got != c.want || !a.Opens() {
			t.Errorf("%s %s %q: %v", c.from, c.program, c.user, got)
		}
	}
	a.SetRules([]AccessRule{{Program: "*", Address: "127.0.0.1", Allow: true}})
	if a.Opens() {
		t.Error("a rule for this host opens the port to others")
	}
}

// outside is an address of this machine that is not loopback.
func outside(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Fatal("this machine has no address but loopback: calls from other hosts cannot be tested")
	return ""
}

// TestCallersOfOtherHosts calls over the machine's own address: not admitted,
// with another certificate, without user, with a wrong password until no more
// are taken, and as it should be.
func TestCallersOfOtherHosts(t *testing.T) {
	host := outside(t)
	cert, err := pin.Make("manager")
	if err != nil {
		t.Fatal(err)
	}
	access := NewAccess(func(user, password string) (bool, error) {
		return user == "anna" && password == "right", nil
	})
	own, others, err := ListenAll(0)
	if err != nil {
		t.Fatal(err)
	}
	port := Port(own)
	ctx, cancel := context.WithCancel(t.Context())
	ends := make(chan error, 2)
	go func() { ends <- Serve(ctx, own, whoAsks{}, Options{}) }()
	go func() { ends <- Serve(ctx, others, whoAsks{}, Options{Access: access, Certificate: cert}) }()
	defer func() {
		cancel()
		if err := errors.Join(<-ends, <-ends); err != nil {
			t.Error(err)
		}
	}()
	print := pin.Fingerprint(cert)
	ask := func(verb Verb, print, user, password string) (string, error) {
		c := ToManager(host, port, Trust{User: user, Password: password,
			Known: func(string) (string, error) { return print, nil }})
		r, err := c.Do(t.Context(), Request{Verb: verb, From: "me"})
		if err != nil {
			return "", err
		}
		return r.Text, nil
	}
	refused := func(want string, verb Verb, print, user, password string) {
		t.Helper()
		if text, err := ask(verb, print, user, password); err == nil ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%s as %q: %q, %v; want %q", verb, user, text, err, want)
		}
	}
	refused("ACCESSRULE, PROG *, IPADDR "+host, Status, print, "anna", "right")
	access.SetRules([]AccessRule{{Program: "COLLECTOR", Address: host, Allow: true}})
	if text, err := ask(Collector, print, "", ""); err != nil || text != "me, host "+host {
		t.Errorf("collector: %q %v", text, err)
	}
	refused("ACCESSRULE, PROG REPLICAT", Task, print, "", "")
	refused("ACCESSRULE, PROG GGSCI", Status, print, "anna", "right")
	access.SetRules([]AccessRule{{Program: "*", Address: "*", Allow: true}})
	refused("not known here; the fingerprint is "+print, Status, "", "anna", "right")
	refused("somebody is in between", Status, strings.Repeat("ab", 32), "anna", "right")
	refused("a user and a password are needed", Status, print, "", "")
	if text, err := ask(Status, print, "anna", "right"); err != nil || text != "me, anna at "+host {
		t.Errorf("as it should be: %q %v", text, err)
	}
	for range fewWrong {
		refused("user or password is wrong", Status, print, "anna", "wr0ng")
	}
	refused("too many wrong passwords", Status, print, "anna", "right")
	c := ToManager("127.0.0.1", port, Trust{})
	if r, err := c.Do(t.Context(), Request{Verb: Status, From: "me"}); err != nil || r.Text != "me" {
		t.Errorf("a caller of this host: %+v %v", r, err)
	}
}

// whoAsks answers with who asks.
type whoAsks struct{}

func (whoAsks) Respond(_ context.Context, r Request) Reply { return Reply{Text: r.From} }

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{{"*", "E1", true}, {"E1", "E1", true}, {"E1", "E10", false}, {"E?", "E1", true},
		{"E?", "E", false}, {"*A*B", "XAYAB", true}, {"*A*B", "XAYA", false}, {"", "", true},
		{"**", "", true}, {"E*", "R1", false}} {
		if Wildcard(c.pattern, c.name) != c.want {
			t.Errorf("%s on %s is not %v", c.pattern, c.name, c.want)
		}
	}
}
