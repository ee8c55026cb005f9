package commands

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ggsh/control"
	"ggsh/subdirs"
)

// typist answers from a list, and notes what was asked in secret.
type typist struct {
	answers []string
	secret  []string
}

func (p *typist) Next(string) (string, error) {
	if len(p.answers) == 0 {
		return "", io.EOF
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return answer, nil
}

func (p *typist) Password(prompt string) (string, error) {
	p.secret = append(p.secret, prompt)
	return p.Next(prompt)
}

func (p *typist) Close() error { return nil }

// otherHome serves the sessions of a home, and holds them for a look.
type otherHome struct {
	home subdirs.Home
	port int
	mu   sync.Mutex
	held []*Session
	end  func()
}

// watched is a session there, which a test looks at between two lines.
type watched struct {
	hosted
	mu *sync.Mutex
}

func (w watched) Execute(ctx context.Context, q control.CommandRequest) control.CommandReply {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hosted.Execute(ctx, q)
}

func (w watched) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hosted.Close()
}

// left tells what the last session has: lines of history, and a login.
func (o *otherHome) left() (history int, login bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.held[len(o.held)-1]
	return len(s.history), s.db != nil
}

func serveHome(t *testing.T) *otherHome {
	t.Helper()
	before := runtime.NumGoroutine()
	o := &otherHome{home: subdirs.Home(t.TempDir())}
	if _, err := o.home.Create(); err != nil {
		t.Fatal(err)
	}
	l, err := control.ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	o.port = control.Port(l)
	run := Runner{Config: Config{Home: o.home, Host: "there", User: "gg", Now: time.Now}}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	sessions := func(c control.Caller) control.Executor {
		h := run.Open(c).(hosted)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.held = append(o.held, h.s)
		return watched{h, &o.mu}
	}
	go func() { done <- control.Serve(ctx, l, nobody{}, control.Options{Sessions: sessions}) }()
	var once sync.Once
	o.end = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
				if time.Now().After(end) {
					t.Fatal("a goroutine is left")
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	t.Cleanup(o.end)
	return o
}

// nobody answers orders with nothing.
type nobody struct{}

func (nobody) Respond(context.Context, control.Request) control.Reply { return control.Reply{} }

// TestConnected does over a connection what needs a session there: its login, its
// questions, its files; and looks at what is left of it there.
func TestConnected(t *testing.T) {
	o := serveHome(t)
	if err := os.WriteFile(o.home.Join("hr.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &typist{}
	editor := filepath.Join(t.TempDir(), "editor.sh")
	if err := os.WriteFile(editor, []byte("echo 'REPLICAT r1' > \"$1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := New(Config{Home: subdirs.Home(t.TempDir()), Host: "here", Now: time.Now, Lines: p,
		Terminal: &Terminal{Out: io.Discard, Err: io.Discard},
		Getenv:   func(string) string { return "/bin/sh " + editor }})
	defer s.Close()
	r := s.Connect(t.Context(), Destination{Address: "127.0.0.1:" + strconv.Itoa(o.port)})
	if r.Failed {
		t.Fatal(r.Text())
	}
	do := func(line, want string, ok bool) {
		t.Helper()
		r := s.Do(t.Context(), line)
		data, err := json.Marshal(r)
		if r.Failed == ok || !strings.Contains(r.Text(), want) || err != nil || !json.Valid(data) {
			t.Errorf("%s: %v %s %v\n%s", line, r.Failed, data, err, r.Text())
		}
	}
	do("dblogin sourcedb sqlite:hr.db", "Successfully logged", true)
	if got := s.Prompt(); !strings.Contains(got, strconv.Itoa(o.port)+" as hr.db) 2>") {
		t.Errorf("the prompt is %s", got)
	}
	do("add checkpointtable main.chk", "Successfully created", true)
	do("list tables main.*", "main.chk", true)
	p.answers = []string{"s3cr3t"}
	do("add credentialstore", "", true)
	do("alter credentialstore add user u alias a", "altered", true)
	if len(p.secret) != 1 {
		t.Errorf("asked in secret: %q", p.secret)
	}
	do("add replicat r1 exttrail ./dirdat/rt nodbcheckpoint", "added", true)
	p.answers = []string{"n", "y"}
	do("delete replicat r*", "", true)
	do("info replicat r1", "STOPPED", true)
	do("delete replicat r*", "Deleted", true)
	do("edit params r1", "was written", true)
	do("view params r1", "REPLICAT r1", true)
	do("shell true", "is not done on another host", false)
	if history, login := o.left(); history > 0 || !login {
		t.Errorf("there: %d lines of history, login %v", history, login)
	}

	// Lost between two lines: the next one has a session of its own.
	s.remote.session.Close()
	do("info replicat r1", "had ended, and with it the login to hr.db", false)
	do("list tables main.*", "Not logged into database", false)
	do("disconnect", "Disconnected", true)
	do("list tables main.*", "Not logged into database", false)
	o.end()
	for _, held := range o.held {
		if held.db != nil {
			t.Error("a login outlives its connection")
		}
	}
	if log, err := os.ReadFile(o.home.EventLog()); err != nil || strings.Contains(string(log), "s3cr3t") {
		t.Errorf("the event log there: %v\n%s", err, log)
	}
}

// TestNoEditorForOtherCommands: a Manager cannot have the editor here started by
// answering another line so.
func TestNoEditorForOtherCommands(t *testing.T) {
	l, err := control.ListenLoopback(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- control.Serve(ctx, l, nobody{}, control.Options{
			Sessions: func(control.Caller) control.Executor { return sly{} }})
	}()
	defer func() { cancel(); <-done }()
	started := filepath.Join(t.TempDir(), "started")
	s := New(Config{Home: subdirs.Home(t.TempDir()), Host: "here", Now: time.Now,
		Terminal: &Terminal{Out: io.Discard, Err: io.Discard},
		Getenv:   func(string) string { return "touch " + started + ";:" }})
	defer s.Close()
	if r := s.Connect(t.Context(), Destination{Address: "127.0.0.1:" + strconv.Itoa(control.Port(l))}); r.Failed {
		t.Fatal(r.Text())
	}
	if r := s.Do(t.Context(), "info all"); !r.Failed {
		t.Error("nothing is a result")
	}
	if _, err := os.Stat(started); err == nil {
		t.Error("the editor was started")
	}
}

// sly wants a file to be edited whatever is asked.
type sly struct{}

func (sly) Execute(context.Context, control.CommandRequest) control.CommandReply {
	return control.CommandReply{Edit: &control.Edit{Name: "../../x", Content: []byte("x"), Digest: "x"}}
}

func (sly) Close() error { return nil }
