package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// far is a home with a Manager at an address that is not loopback, and the home
// of who administers it, which has no Manager.
type far struct {
	*rig.Home
	t     *testing.T
	here  *rig.Home
	at    string
	print string
}

const adminPassword = "r1ght-adm1n"

func newFar(t *testing.T) *far {
	t.Helper()
	host := outside(t)
	f := &far{t: t, Home: rig.NewHome(t, bin, "ACCESSRULE, PROG *, IPADDR *, ALLOW"),
		here: rig.EmptyHome(t, bin)}
	f.at = fmt.Sprintf("%s:%d", host, f.Port)
	f.Run("add credentialstore",
		"alter credentialstore add user anna, password "+adminPassword+", domain ADMIN", "start mgr")
	print := regexp.MustCompile(`fingerprint ([0-9a-f]{64})`).FindStringSubmatch(f.Run("info mgr"))
	if print == nil {
		t.Fatal("INFO MANAGER shows no fingerprint")
	}
	f.print = print[1]
	return f
}

// command is ggsh in the home of who administers.
func (f *far) command(env []string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(f.t.Context(), rig.Patience)
	f.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "ggsh"),
		append([]string{"-home", f.here.Dir}, args...)...)
	cmd.Dir, cmd.Env = f.here.Dir, append(os.Environ(), env...)
	return cmd
}

// ggsh gives lines to it and returns what it printed and its exit status.
func (f *far) ggsh(env, args []string, lines ...string) (string, int) {
	f.t.Helper()
	cmd := f.command(env, args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		f.t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, adminPassword) || strings.Contains(text, server.RootPassword) {
		f.t.Errorf("a password is shown in:\n%s", text)
	}
	return text, cmd.ProcessState.ExitCode()
}

// flags are those of a caller who knows the Manager's certificate and is anna.
func (f *far) flags(more ...string) []string {
	return append([]string{"-connect", f.at, "-fingerprint", f.print, "-user", "anna"}, more...)
}

// connected does lines there, and looks for texts in what they print.
func (f *far) connected(status int, lines []string, texts ...string) string {
	f.t.Helper()
	out, code := f.ggsh(nil, f.flags(), append([]string{adminPassword}, lines...)...)
	f.want(out, code, status, texts...)
	return out
}

func (f *far) want(out string, code, status int, texts ...string) {
	f.t.Helper()
	if code != status {
		f.t.Errorf("exit status %d, want %d:\n%s", code, status, out)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			f.t.Errorf("%q is missing in:\n%s", text, out)
		}
	}
}

// noSecrets looks for passwords in what both homes keep.
func (f *far) noSecrets() {
	f.t.Helper()
	for _, h := range []*rig.Home{f.Home, f.here} {
		logs := h.Logs()
		if strings.Contains(logs, adminPassword) || strings.Contains(logs, server.RootPassword) {
			f.t.Error("a password is in the logs")
		}
	}
}

// TestALoginLivesWithTheConnection logs in over CONNECT and does what needs it: the
// tables are the other host's, and the login ends with the connection.
func TestALoginLivesWithTheConnection(t *testing.T) {
	for _, kind := range []string{"sqlite", "mariadb"} {
		t.Run(kind, func(t *testing.T) {
			f := newFar(t)
			d := servers.Database(t, kind, f.Dir, "src")
			d.Exec(t, keyed)
			login, table := "dblogin sourcedb "+d.Login, d.Schema+".emp"
			lines := []string{login}
			if kind == "mariadb" { // the password is asked for there and typed here
				at := strings.Index(login, ", PASSWORD")
				lines = []string{login[:at], server.RootPassword}
			}
			checkpoints := "add checkpointtable " + d.Schema + ".ggchkpt"
			out := f.connected(0, append(lines, "add trandata "+table, "info trandata "+table,
				checkpoints, "list tables "+d.Schema+".emp", "stop mgr", "n", "info mgr"),
				"Successfully logged into database.", "GGSH ("+f.at+" as ", "ggchkpt",
				"Found 1 table matching", "is running")
			if strings.Count(strings.ToLower(out), strings.ToLower(table)) < 4 {
				t.Errorf("the table is not spoken of:\n%s", out)
			}
			if _, err := d.Rows("ggchkpt"); err != nil {
				t.Errorf("there is no checkpoint table there: %v", err)
			}
			f.connected(1, []string{login, "disconnect", "list tables " + table},
				"Not logged into database")
			f.connected(1, []string{"list tables " + table}, "Not logged into database")
			f.connected(1, []string{"dblogin sourcedb nosuch@127.0.0.1:1, userid u, password p", "info mgr"},
				"OGG-00768", "is running")
			f.noSecrets()
		})
	}
}

// TestALostConnectionEndsTheLogin kills the shell: the Manager there logs out.
func TestALostConnectionEndsTheLogin(t *testing.T) {
	f := newFar(t)
	d := servers.Database(t, "mariadb", f.Dir, "src")
	d.Exec(t, keyed)
	logins := func() (n int) {
		err := d.DB.QueryRow("SELECT count(*) FROM information_schema.processlist " +
			"WHERE db = database() AND id <> connection_id()").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	d.DB.SetMaxOpenConns(1)
	cmd := f.command(nil, f.flags()...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, adminPassword+"\ndblogin sourcedb "+d.Login+"\n")
	rig.Until(t, "the login there", func() (bool, string) { return logins() > 0, "" })
	cmd.Process.Kill()
	cmd.Wait()
	rig.Until(t, "the login ends", func() (bool, string) { return logins() == 0, fmt.Sprint(logins()) })
	f.connected(0, []string{"info mgr"}, "is running")
}

// TestAManagerThatStartsAnewHasNoLogin: the shell goes on with a session of the new
// one, and says that the login is gone.
func TestAManagerThatStartsAnewHasNoLogin(t *testing.T) {
	f := newFar(t)
	d := servers.Database(t, "sqlite", f.Dir, "src")
	d.Exec(t, keyed)
	cmd := f.command(nil, f.flags()...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(f.here.Dir + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, adminPassword+"\ndblogin sourcedb "+d.Login+"\n")
	rig.Until(t, "the login there", func() (bool, string) {
		out := f.here.Read("out")
		return strings.Contains(out, "Successfully logged"), out
	})
	f.Run("stop mgr !", "start mgr")
	io.WriteString(in, "list tables main.emp\ninfo mgr\n")
	in.Close()
	cmd.Wait()
	f.want(f.here.Read("out"), cmd.ProcessState.ExitCode(), 1, "NOTE: the session at "+f.at+" had ended",
		"Not logged into database", "GGSH ("+f.at+") 3> info mgr", "Manager is running")
}

// editor makes a program that is an editor: a script of the shell, with the file
// as $1.
func (f *far) editor(script string) []string {
	f.here.Write("editor.sh", script+"\n")
	return []string{"EDITOR=/bin/sh " + f.here.Dir + "/editor.sh"}
}

// edit does EDIT PARAMS there with such an editor.
func (f *far) edit(script, name string, status int, texts ...string) string {
	f.t.Helper()
	out, code := f.ggsh(f.editor(script), f.flags(), adminPassword, "edit params "+name)
	f.want(out, code, status, texts...)
	return out
}

// TestEditParamsOfAnotherHost edits files there with the editor here.
func TestEditParamsOfAnotherHost(t *testing.T) {
	f := newFar(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp) // where the copies are

	f.edit(`printf 'REPLICAT r1\n' > "$1"`, "r1", 0, "dirprm/r1.prm was written")
	if got := f.Read("dirprm/r1.prm"); got != "REPLICAT r1\n" {
		t.Errorf("the new file is %q", got)
	}
	os.Chmod(f.Dir+"/dirprm/r1.prm", 0o640)
	f.edit(`printf -- '-- \377\n' >> "$1"`, "R1", 0, "was written")
	if got := f.Read("dirprm/r1.prm"); got != "REPLICAT r1\n-- \xff\n" {
		t.Errorf("the changed file is %q", got)
	}
	if st, err := os.Stat(f.Dir + "/dirprm/r1.prm"); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("its mode was not kept: %v %v", st.Mode(), err)
	}
	f.edit("true", "r1", 0, "Nothing was changed")
	f.edit(`printf 'CHECKPOINTTABLE a.b\n' > "$1"`, "./GLOBALS", 0, "GLOBALS was written")
	f.connected(0, []string{"view params r1", "view params ./GLOBALS", "view ggsevt last 3"},
		"REPLICAT r1", "CHECKPOINTTABLE a.b", "edit params ./GLOBALS")

	// Somebody else writes the file while it is edited.
	theirs := f.Dir + "/dirprm/r1.prm"
	out := f.edit(`printf 'mine\n' > "$1"; printf 'theirs\n' > `+theirs, "r1", 1,
		"changed by somebody else meanwhile", "the text is kept in "+temp)
	if got := f.Read("dirprm/r1.prm"); got != "theirs\n" {
		t.Errorf("their text was replaced by %q", got)
	}
	kept := regexp.MustCompile(`kept in (\S+)\.\n`).FindStringSubmatch(out)
	if text, err := os.ReadFile(kept[1]); err != nil || string(text) != "mine\n" {
		t.Errorf("the kept text is %q, %v", text, err)
	}
	os.RemoveAll(filepath.Dir(kept[1]))
	f.edit(`printf 'mine\n' > "$1"; rm `+theirs, "r1", 1, "meanwhile")
	f.edit("exit 3", "mgr", 1, "The editor", "exit status 3")
	f.edit(`head -c 600000 /dev/zero > "$1"`, "mgr", 1, "too long", "kept in")
	f.refusesOtherFiles()
	if out, code := f.ggsh([]string{"EDITOR="}, f.flags(), adminPassword, "edit params mgr"); code != 1 ||
		!strings.Contains(out, "needs a terminal and an editor") {
		t.Errorf("without an editor (%d):\n%s", code, out)
	}
	for _, left := range []string{f.Dir + "/dirprm/.*", f.Dir + "/.sealed*"} {
		if found, _ := filepath.Glob(left); len(found) > 0 {
			t.Errorf("left behind: %v", found)
		}
	}
	f.noSecrets()
	if n := strings.Count(f.Read("ggserr.log"), "edit params ./GLOBALS."); n != 1 {
		t.Errorf("the event log has one edit %d times", n)
	}
}

// refusesOtherFiles: only what EDIT PARAMS is for is given to another host, and
// the editor is not even started.
func (f *far) refusesOtherFiles() {
	f.t.Helper()
	secret := filepath.Join(f.t.TempDir(), "outside.prm")
	os.WriteFile(secret, []byte("secret\n"), 0o600)
	os.Symlink(secret, f.Dir+"/dirprm/link.prm")
	os.Symlink(f.Dir+"/nowhere", f.Dir+"/dirprm/broken.prm")
	os.Mkdir(f.Dir+"/dirprm/folder.prm", 0o755)
	f.Write("dirprm/long.prm", strings.Repeat("-- long\n", 100_000))
	for name, want := range map[string]string{secret: "not edited from elsewhere",
		"./dircrd/credentials.key": "not edited from elsewhere", "./ggserr.log": "not edited",
		"./dirprm/../dircrd/credentials.key": "not edited", "link": "not edited",
		"broken": "a link to nothing", "folder": "is no file", "long": "too long",
		"./dirprm/no/such.prm": "does not exist", "/etc/passwd": "not edited"} {
		out := f.edit("touch "+f.here.Dir+"/started", name, 1, want)
		if strings.Contains(out, "secret\n") {
			f.t.Errorf("%s is shown:\n%s", name, out)
		}
	}
	if _, err := os.Stat(f.here.Dir + "/started"); err == nil {
		f.t.Error("an editor was started for a file that is refused")
	}
}

// TestAScriptAgainstAnotherHost runs scripts there in all the ways there are, and
// none where the other side or the caller is not the right one.
func TestAScriptAgainstAnotherHost(t *testing.T) {
	f := newFar(t)
	f.here.Write("s.oby", "add replicat r1, exttrail ./dirdat/rt, nodbcheckpoint\ninfo replicat r1\n")
	f.here.Write("nested.oby", "obey s.oby\nlist tables a.*\n")
	script := f.here.Dir + "/s.oby"

	// Nothing is done before the certificate and the user are right.
	refused := func(want string, args []string, lines ...string) {
		t.Helper()
		out, code := f.ggsh(nil, args, lines...)
		f.want(out, code, 1, want)
		if strings.Contains(out, "REPLICAT added") || strings.Contains(out, "info all") {
			t.Errorf("a command was done:\n%s", out)
		}
	}
	refused("FINGERPRINT "+f.print, []string{"-connect", f.at, "-user", "anna", "-c", "info all"}, adminPassword)
	refused("somebody is in between", []string{"-connect", f.at, "-user", "anna", "-fingerprint",
		strings.Repeat("ab", 32), script}, adminPassword)
	refused("user or password is wrong", f.flags(script), "wr0ng")
	refused("user or password is wrong", f.flags(), "wr0ng", "info all")
	refused("a user and a password are needed", []string{"-connect", f.at, "-fingerprint", f.print, script})
	refused("does not exist", []string{"-connect", f.at, "-alias", "none", script})

	out, code := f.ggsh(nil, f.flags("paramfile", script), adminPassword)
	f.want(out, code, 0, "REPLICAT added.", "REPLICAT   R1")
	out, code = f.ggsh(nil, f.flags("-c", "delete replicat r1 !", "-c", "info all"), adminPassword)
	f.want(out, code, 0, "Deleted REPLICAT R1", "MANAGER     RUNNING")
	f.connected(1, []string{"obey s.oby", "delete replicat r*", "n", "delete replicat r*", "y",
		"info replicat r1"}, ") 3> info replicat r1", "REPLICAT added.", "Are you sure",
		"Deleted REPLICAT R1", "R1 does not exist")
	f.here.Run("add credentialstore", "alter credentialstore add user anna, password "+adminPassword+
		", alias there, domain others")
	out, code = f.ggsh(nil, []string{"-connect", f.at, "-alias", "there", "-domain", "others", script})
	f.want(out, code, 0, "REPLICAT added.")
	f.rendersJSON()
	f.noSecrets()
}

// rendersJSON: each line gives one object, the other host's.
func (f *far) rendersJSON() {
	f.t.Helper()
	cmd := f.command(nil, f.flags("-json")...)
	cmd.Stdin = strings.NewReader(adminPassword + "\ninfo replicat r1\ninfo replicat r2\nhelp\n")
	out, _ := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 {
		f.t.Errorf("exit status is %d", cmd.ProcessState.ExitCode())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 3 {
		f.t.Fatalf("%d objects:\n%s", len(lines), out)
	}
	for i, line := range lines {
		var r struct {
			Command string
			OK      bool
			Errors  []struct{ Text string }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.OK != (i != 1) || r.Command == "" ||
			(len(r.Errors) > 0) != (i == 1) {
			f.t.Errorf("%v: %s", err, line)
		}
	}
}
