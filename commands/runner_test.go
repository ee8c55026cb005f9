package commands

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/control"
	"ggsh/subdirs"
)

// TestRunnerShowsNoSecrets: a caller of the Manager may be another user of the
// machine, and must not read through it what he may not read himself.
func TestRunnerShowsNoSecrets(t *testing.T) {
	home := subdirs.Home(t.TempDir())
	outside := filepath.Join(t.TempDir(), "outside.oby")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := home.Create(); err != nil {
		t.Fatal(err)
	}
	write(outside, "s3cr3t\n")
	write(home.Join("dircrd", "credentials.key"), "s3cr3t\n")
	write(home.Join("dirprm", "mgr.prm"), "PORT 7809\n")
	if err := os.Symlink(outside, home.Join("dirrpt", "LINK.rpt")); err != nil {
		t.Fatal(err)
	}
	r := Runner{Config: Config{Home: home, Host: "host1", User: "oracle", Now: time.Now}}
	for _, line := range []string{"obey " + outside, "view report " + outside, "view report link",
		"view params " + outside, "view params ../" + outside, "check params " + outside,
		"view report ./dircrd/credentials.key", "view report ./dirrpt/../dircrd/credentials.key",
		"shell cat " + outside, "view report " + outside + "x", "start mgr",
		"dblogin userid u", "delete x*"} {
		rep := ask(r, control.CommandRequest{Line: line})
		text := rep.Text
		if rep.Error == nil {
			t.Errorf("%s is done: %s", line, text)
		}
		if strings.Contains(string(rep.Result)+text, "s3cr3t") {
			t.Errorf("%s shows the secret: %s", line, text)
		}
	}
	rep := ask(r, control.CommandRequest{Line: "view params mgr"})
	if rep.Error != nil || !strings.Contains(rep.Text, "PORT 7809") ||
		!strings.Contains(string(rep.Result), "PORT") || !rep.Long {
		t.Errorf("view params mgr: %+v", rep)
	}
}

// ask executes a line in a session of its own.
func ask(r Runner, q control.CommandRequest) control.CommandReply {
	s := r.session(control.Caller{})
	defer s.Close()
	return s.answer(context.Background(), q)
}

// TestASingleLineKeepsNoLogin, and does not say that it does.
func TestASingleLineKeepsNoLogin(t *testing.T) {
	home := subdirs.Home(t.TempDir())
	if err := os.WriteFile(home.Join("hr.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := Runner{Config: Config{Home: home, Host: "host1", Now: time.Now}}
	a := r.Page(t.Context(), control.Call{Body: []byte(`{"line":"dblogin sourcedb sqlite:hr.db"}`)})
	if !strings.Contains(string(a.Body), "would end with this line") {
		t.Errorf("%s", a.Body)
	}
}

func TestSplitAddressReadsWhatConnectIsGiven(t *testing.T) {
	for _, c := range []struct {
		text, host string
		port       int
	}{{"db1", "db1", 7809}, {"db1:15000", "db1", 15000}, {"[2001:db8::1]:7810", "2001:db8::1", 7810},
		{"http://localhost/oggf", "localhost", 7809}, {"https://db1:9000/x/y", "db1", 9000},
		{"db1:0", "", 0}, {":7809", "", 0}, {"db1:no", "", 0}} {
		host, port, err := splitAddress(c.text)
		if host != c.host || port != c.port || (err != nil) != (c.host == "") {
			t.Errorf("%s is %q, %d, %v", c.text, host, port, err)
		}
	}
}
