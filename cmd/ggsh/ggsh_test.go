package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary the program itself when a test starts it so.
func TestMain(m *testing.M) {
	if os.Getenv("GGSH_TEST_MAIN") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type run struct {
	home  string
	input string
	env   []string
}

func (r run) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = r.home
	cmd.Env = append([]string{"GGSH_TEST_MAIN=1", "HOME=" + r.home, "PATH=" + os.Getenv("PATH")},
		r.env...)
	return cmd
}

// program runs ggsh and gives what it printed and its exit status.
func (r run) program(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := r.command(t, args...)
	cmd.Stdin = strings.NewReader(r.input)
	out, err := cmd.CombinedOutput()
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func want(t *testing.T, text string, code, wantCode int, words ...string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit status is %d, want %d:\n%s", code, wantCode, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in:\n%s", w, text)
		}
	}
}

func TestPipe(t *testing.T) {
	r := run{home: t.TempDir(), input: "create subdirs\ninfo all\nstop mgr\nexit\ninfo mgr\n"}
	text, code := r.program(t)
	want(t, text, code, 0, "ggsh Command Interpreter\n", ") 1> create subdirs\n",
		") 2> info all\n", "MANAGER     STOPPED", ") 4> exit")
	if strings.Contains(text, "5>") {
		t.Errorf("the shell went on after EXIT:\n%s", text)
	}
	r.input = "info all\nnonsense\ndblogin userid a, password s3cr3t\n"
	text, code = r.program(t)
	want(t, text, code, 1, "ERROR: Invalid command.", "password ********")
	if strings.Contains(text, "s3cr3t") {
		t.Errorf("the password is shown:\n%s", text)
	}
}

func TestPipeAnswersQuestions(t *testing.T) {
	r := run{home: t.TempDir(), input: "create subdirs\nadd credentialstore\n" +
		"alter credentialstore add user u alias a\ns3cr3t\n" +
		"add extract e1 tranlog begin now\ndelete e*\ny\ninfo all\nedit params mgr\n"}
	text, code := r.program(t)
	want(t, text, code, 1, "Credential store altered.", "Deleted EXTRACT E1",
		"EDIT PARAMS needs a terminal")
	if strings.Contains(text, "s3cr3t") {
		t.Errorf("the password is shown:\n%s", text)
	}
}

func TestCommandLine(t *testing.T) {
	r := run{home: t.TempDir()}
	other := t.TempDir()
	text, code := r.program(t, "-home", other, "-c", "create subdirs", "-c", "info all")
	want(t, text, code, 0, other+"/dirprm: created.", "MANAGER     STOPPED")
	text, code = r.program(t, "-c", "info nobody", "-c", "info all")
	want(t, text, code, 1, "ERROR: Group NOBODY does not exist.", "MANAGER     STOPPED")
	text, code = r.program(t, "-home", "/no/such")
	want(t, text, code, 2, "/no/such")
	text, code = r.program(t, "-bogus")
	want(t, text, code, 2, "-bogus")
	text, code = r.program(t, "-v")
	want(t, text, code, 0, "Version ")
	text, code = r.program(t, "no-such.oby")
	want(t, text, code, 2, "no-such.oby")
}

// TestConnectFlags: what cannot be done is told before anything is, and a Manager
// that does not answer ends a script before its first line.
func TestConnectFlags(t *testing.T) {
	r := run{home: t.TempDir(), input: "create subdirs\n"}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-user", "anna"}, 2, "belong to -connect"},
		{[]string{"-connect", "h", "-user", "anna", "-alias", "a"}, 2, "exclude each other"},
		{[]string{"-connect", "h", "-user", "anna/s3cr3t"}, 2, "takes no password"},
		{[]string{"-connect", "h:0"}, 1, "is not host:port"},
		{[]string{"-connect", "127.0.0.1:1"}, 1, "127.0.0.1:1"},
		{[]string{"-json", "-connect", "127.0.0.1:1"}, 1, `"command":"CONNECT 127.0.0.1:1","ok":false`},
	} {
		text, code := r.program(t, c.args...)
		want(t, text, code, c.code, c.want)
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "created.") {
			t.Errorf("%v:\n%s", c.args, text)
		}
	}
}

func TestJSON(t *testing.T) {
	r := run{home: t.TempDir(), input: "create subdirs\n\n-- remark\ninfo all\n" +
		"shell echo hello\ninfo x\n"}
	cmd := r.command(t, "-json")
	cmd.Stdin = strings.NewReader(r.input)
	out, _ := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit status is %d", cmd.ProcessState.ExitCode())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d objects, want 4:\n%s", len(lines), out)
	}
	for i, line := range lines {
		var result struct {
			Command string
			OK      bool
			Errors  []struct{ Number, Text string }
		}
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if result.OK != (i < 3) || result.Command == "" {
			t.Errorf("object %d is %s", i, line)
		}
	}
}

func TestScriptAndCheck(t *testing.T) {
	r := run{home: t.TempDir()}
	script := filepath.Join(r.home, "s.oby")
	text := "create subdirs\nadd extract e1 translog\ninfo all\n"
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, code := r.program(t, "-n", script)
	want(t, out, code, 1, script+":2:16: OGG-00303  Unknown option translog")
	if _, err := os.Stat(filepath.Join(r.home, "dirprm")); err == nil {
		t.Error("-n ran a command")
	}
	out, code = r.program(t, script)
	want(t, out, code, 1, ") 1> create subdirs", "Unknown option translog", "MANAGER     STOPPED")
}

// openTerminal makes a pseudo-terminal: what a person and the program see.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	person = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { person.Close(); program.Close() })
	return person, program
}

// typed is the person's side of a terminal.
type typed struct {
	t      *testing.T
	file   *os.File
	chunks chan string
	seen   string
}

func newTyped(t *testing.T, file *os.File) *typed {
	ty := &typed{t: t, file: file, chunks: make(chan string, 1000)}
	go func() {
		defer close(ty.chunks)
		buf := make([]byte, 4096)
		for {
			n, err := file.Read(buf)
			if err != nil {
				return
			}
			ty.chunks <- string(buf[:n])
		}
	}()
	return ty
}

// await reads until the program prints a word, and forgets what it read.
func (ty *typed) await(word string) {
	ty.t.Helper()
	late := time.After(15 * time.Second)
	for {
		if _, rest, found := strings.Cut(ty.seen, word); found {
			ty.seen = rest
			return
		}
		select {
		case chunk, ok := <-ty.chunks:
			if !ok {
				ty.t.Fatalf("%q was not printed before the end:\n%q", word, ty.seen)
			}
			ty.seen += chunk
		case <-late:
			ty.t.Fatalf("%q was not printed:\n%q", word, ty.seen)
		}
	}
}

func (ty *typed) send(text string) {
	ty.t.Helper()
	if _, err := io.WriteString(ty.file, text); err != nil {
		ty.t.Fatal(err)
	}
}

func TestKeyboard(t *testing.T) {
	for _, term := range []string{"xterm", "dumb"} {
		t.Run(term, func(t *testing.T) {
			r := run{home: t.TempDir(), env: []string{"TERM=" + term}}
			person, program := openTerminal(t)
			cmd := r.command(t)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Process.Kill()
			ty := newTyped(t, person)
			ty.await(" 1> ")
			ty.send("create subdirs\r")
			ty.await(" 2> ")
			ty.send("add credentialstore\r")
			ty.await(" 3> ")
			ty.send("alter credentialstore add user u alias a\r")
			ty.await("Password: ")
			ty.send("s3cr3t\r")
			ty.await("Credential store altered.")
			ty.await(" 4> ")
			ty.send("dblogin userid u, password s3cr3t\r")
			ty.await(" 5> ")
			if term == "xterm" {
				ty.send("nonsense\x03") // Ctrl-C clears the line
				ty.await("^C")
				ty.await(" 5> ")
			}
			ty.send("exit\r")
			if err := cmd.Wait(); err != nil {
				t.Errorf("exit of the shell: %v", err)
			}
			wantHistory(t, r.home, term == "xterm")
		})
	}
}

func wantHistory(t *testing.T, home string, editing bool) {
	t.Helper()
	path := filepath.Join(home, ".ggsh_history")
	b, err := os.ReadFile(path)
	if !editing {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("history file: %v, %v", st.Mode(), err)
	}
	text := string(b)
	if strings.Contains(text, "s3cr3t") || !strings.Contains(text, "create subdirs") {
		t.Errorf("history is %q", text)
	}
}
