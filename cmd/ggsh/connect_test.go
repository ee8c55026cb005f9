package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/control"
	"ggsh/control/pin"
)

// echo is a Manager of another host that repeats what it is told.
type echo struct{}

func (echo) Respond(context.Context, control.Request) control.Reply { return control.Reply{} }

func (echo) Execute(_ context.Context, q control.CommandRequest) control.CommandReply {
	result, err := json.Marshal(map[string]string{"command": q.Line})
	if err != nil {
		return control.CommandReply{}
	}
	return control.CommandReply{Text: "there: " + q.Line + "\n", Result: result}
}

func (echo) Close() error { return nil }

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
	t.Fatal("this machine has no address but loopback: another host cannot be shown")
	return ""
}

// serveOthers is a Manager that admits anna; its address and fingerprint.
func serveOthers(t *testing.T) (at, print string) {
	t.Helper()
	host := outside(t)
	cert, err := pin.Make("manager")
	if err != nil {
		t.Fatal(err)
	}
	own, others, err := control.ListenAll(0)
	if err != nil {
		t.Fatal(err)
	}
	access := control.NewAccess(func(user, password string) (bool, error) {
		return user == "anna" && password == "s3cr3t", nil
	})
	access.SetRules([]control.AccessRule{{Program: "*", Address: "*", Allow: true}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- control.Serve(ctx, others, echo{}, control.Options{Access: access, Certificate: cert,
			Sessions: func(control.Caller) control.Executor { return echo{} }})
	}()
	port := control.Port(own)
	own.Close()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("%s:%d", host, port), pin.Fingerprint(cert)
}

// start runs the program at a terminal.
func (r run) start(t *testing.T, args ...string) (*typed, func() int) {
	t.Helper()
	person, program := openTerminal(t)
	cmd := r.command(t, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return newTyped(t, person), func() int {
		cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
}

// TestConnectAtTheKeyboard: the person says whether it is the right certificate and
// types the password, also for a script, of which no line is taken for an answer.
func TestConnectAtTheKeyboard(t *testing.T) {
	at, print := serveOthers(t)
	r := run{home: t.TempDir(), env: []string{"TERM=xterm"}}
	script := filepath.Join(r.home, "s.oby")
	if err := os.WriteFile(script, []byte("y\ninfo all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, code := run{home: r.home, input: "y\ns3cr3t\ninfo all\n"}.program(t, "-connect", at, "-user", "anna")
	want(t, text, code, 1, "FINGERPRINT "+print)
	ty, end := r.start(t, "-connect", at, "-user", "anna", script)
	ty.await("FINGERPRINT " + print[:8])
	if code := end(); code != 1 {
		t.Errorf("a script trusts a certificate: exit status %d", code)
	}

	ty, end = r.start(t, "-connect", at, "-user", "anna")
	ty.await(print)
	ty.await("(y/n)? ")
	ty.send("y\r")
	ty.await("Password: ")
	ty.send("s3cr3t\r")
	ty.await("Connected to the Manager at " + at)
	ty.await("GGSH (" + at + ") 1> ")
	ty.send("info all\r")
	ty.await("there: info all")
	ty.send("exit\r")
	if code := end(); code != 0 {
		t.Errorf("exit status %d", code)
	}

	for _, args := range [][]string{{script}, {"-json", script}, {"-c", "y", "-c", "info all"}} {
		ty, end = r.start(t, append([]string{"-connect", at, "-user", "anna"}, args...)...)
		ty.await("Password: ")
		ty.send("s3cr3t\r")
		ty.await("info all")
		if code := end(); code != 1 { // y is no command
			t.Errorf("%v: exit status %d", args, code)
		}
		if strings.Contains(ty.seen, "s3cr3t") {
			t.Errorf("%v: the password is shown", args)
		}
	}
	text, code = run{home: r.home, input: "s3cr3t\ninfo all\n"}.program(t, "-connect", at, "-user", "anna")
	want(t, text, code, 0, "there: info all")
	history, _ := os.ReadFile(filepath.Join(r.home, ".ggsh_history"))
	if strings.Contains(text+string(history), "s3cr3t") {
		t.Errorf("the password is shown or kept:\n%s\n%s", text, history)
	}
}
