package fault

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// outside is an address of this machine that is not loopback: programs that call
// it are callers of another host.
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
	t.Skip("this machine has no address but loopback: another host cannot be shown")
	return ""
}

// TestAnotherHost replicates to a home at an address that is not loopback and
// gives that home commands: as an operator meets it, refusals first.
func TestAnotherHost(t *testing.T) {
	p := filePair(t, "ACCESSRULE, PROG *, IPADDR *, ALLOW")
	host := outside(t)
	at := fmt.Sprintf("%s:%d", host, p.Target.Port)
	p.Source.Replace("dirprm/pora.prm", "RMTHOST 127.0.0.1", "RMTHOST "+host)
	p.Target.Run("add credentialstore", "alter credentialstore add user anna, password r1ght, domain ADMIN")
	print := regexp.MustCompile(`fingerprint ([0-9a-f]{64})`).FindStringSubmatch(p.Target.Run("info mgr"))
	if print == nil {
		t.Fatal("INFO MANAGER shows no fingerprint")
	}
	connect := "connect " + at + " userid anna, password "
	refused := func(want string, commands ...string) {
		t.Helper()
		out, err := p.Source.Try(commands...)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%q is missing (%v) in:\n%s", want, err, out)
		}
		if strings.Contains(out, "r1ght") || strings.Contains(out, "wr0ng") {
			t.Errorf("a password is shown in:\n%s", out)
		}
	}
	refused("CONNECT "+at+" FINGERPRINT "+print[1], connect+"r1ght")
	refused("somebody is in between", connect+"r1ght fingerprint "+strings.Repeat("ab", 32))

	p.Start()
	insert(t, p, 1, 20)
	rig.Until(t, "the pump says what to do", func() (bool, string) {
		report := p.Source.Read("dirrpt/PORA.rpt")
		return strings.Contains(report, "CONNECT "+at+" FINGERPRINT "+print[1]), report
	})
	out := p.Source.Run(connect+"r1ght fingerprint "+print[1], "info all", "disconnect", "info all")
	if !strings.Contains(out, "GGSH ("+at+") ") || strings.Count(out, "RORA") != 1 ||
		strings.Count(out, "PORA") != 1 {
		t.Fatalf("the shell did not go there and back:\n%s", out)
	}
	p.WaitEqual(t, "emp")

	p.Source.Run(connect+"r1ght", "stats rora", "lag rora", "view params rora", "stop rora")
	p.Target.WaitState("rora", "STOPPED")
	refused("is not done on another host", connect+"r1ght", "start mgr")
	refused("is not shown here", connect+"r1ght", "view report ./dircrd/manager.pem")
	for range 5 {
		refused("user or password is wrong", connect+"wr0ng")
	}
	refused("too many wrong passwords", connect+"r1ght")
	garbage(t, at)
	for _, h := range []*rig.Home{p.Source, p.Target} {
		logs := h.Logs() + h.Read("ggserr.log")
		if strings.Contains(logs, "r1ght") || strings.Contains(logs, "wr0ng") {
			t.Error("a password is in the logs")
		}
	}
	if log := p.Target.Read("ggserr.log"); !strings.Contains(log, "OGG-00936") {
		t.Error("no refusal is logged") // ten lines a minute at most: which ones is chance
	}
	for _, name := range []string{"dircrd/known_managers", "dircrd/manager.pem"} {
		dir := p.Source.Dir
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}

	p.Target.Write("dirprm/mgr.prm", fmt.Sprintf("PORT %d\nACCESSRULE, PROG *, IPADDR 10.255.0.1, ALLOW\n",
		p.Target.Port))
	p.Target.Run("refresh mgr")
	refused("ACCESSRULE, PROG *, IPADDR "+host+", PRI 1, ALLOW", connect+"r1ght")
	p.Target.Write("dirprm/mgr.prm", fmt.Sprintf("PORT %d\n", p.Target.Port))
	p.Target.Run("stop mgr !", "start mgr")
	refused("ACCESSRULE, PROG *, IPADDR <address>", connect+"r1ght")
}

// garbage sends what is no TLS; the Manager still answers.
func garbage(t *testing.T, at string) {
	t.Helper()
	hello, _ := hex.DecodeString("160301020001000100ffff")
	for _, junk := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", string(hello),
		strings.Repeat("A", 1<<20)} {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte(junk)) // it may be closed before all of it is sent
		c.Close()
	}
}
