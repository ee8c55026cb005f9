package commands

import (
	"bytes"
	"context"
	"encoding/json"

	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/subdirs"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// fakeManager answers orders from a list, and remembers them.
type fakeManager struct {
	up      bool
	groups  []control.GroupStatus
	replies map[control.Verb]control.Reply
	orders  []control.Request
}

func (f *fakeManager) Do(_ context.Context, r control.Request) (*control.Reply, error) {
	if !f.up {
		return nil, fmt.Errorf("the manager: %w", control.ErrNotRunning)
	}
	reply, ok := f.replies[r.Verb]
	if r.Verb == control.Groups && !ok {
		return &control.Reply{Groups: f.groups}, nil
	}
	if r.Verb == control.Status && r.Group == "" {
		return &control.Reply{Manager: &control.ManagerStatus{Host: "host1", Port: 7809, PID: 24092}}, nil
	}
	f.orders = append(f.orders, r)
	if r.Verb == control.Shutdown {
		f.up = false
	}
	if reply.Text == "TIMEOUT" {
		return nil, fmt.Errorf("the process: %w", control.ErrTimeout)
	}
	if reply.Error != nil {
		return &reply, reply.Error
	}
	return &reply, nil
}

// answers are what the operator says when asked.
type answers struct {
	lines []string
	asked *bytes.Buffer
}

func (a *answers) next() (string, error) {
	if len(a.lines) == 0 {
		return "", io.EOF
	}
	line := a.lines[0]
	a.lines = a.lines[1:]
	return line, nil
}

func (a *answers) Next(prompt string) (string, error) {
	line, err := a.next()
	fmt.Fprintf(a.asked, "%s%s\n", prompt, line)
	return line, err
}

func (a *answers) Password(prompt string) (string, error) {
	fmt.Fprintf(a.asked, "%s\n", prompt)
	return a.next()
}

func (a *answers) Close() error { return nil }

// stage is a home with a session on it.
type stage struct {
	t       *testing.T
	home    subdirs.Home
	now     time.Time
	manager *fakeManager
	answers *answers
	out     *bytes.Buffer
	session *Session
}

func newStage(t *testing.T) *stage {
	st := &stage{t: t, home: subdirs.Home(t.TempDir()), out: &bytes.Buffer{},
		now:     time.Date(2026, 3, 9, 10, 12, 30, 0, time.UTC),
		manager: &fakeManager{replies: map[control.Verb]control.Reply{}}}
	st.answers = &answers{asked: st.out}
	st.session = New(Config{Home: st.home, Host: "host1", User: "oracle", Version: "test",
		Platform: "Linux\nNode: host1\nMachine: x86_64",
		Now:      func() time.Time { return st.now }, Manager: st.manager, Lines: st.answers,
		StartManager: func(context.Context) error { st.manager.up = true; return nil },
		Terminal:     &Terminal{Out: st.out, Err: st.out},
		Step: func(prompt string, r *Result) {
			if r == nil {
				fmt.Fprintln(st.out, prompt)
				return
			}
			st.out.WriteString(r.Text())
		}})
	t.Cleanup(func() { st.session.Close() })
	return st
}

var (
	sqliteVersion = regexp.MustCompile(`SQLite [0-9.]+`)
	sealedText    = regexp.MustCompile(`GGSHPW[A-Z2-7]+`)
	randomKey     = regexp.MustCompile(`"key":[0-9]+`)
)

// plain takes out of a text what differs from run to run.
func (st *stage) plain(text string) string {
	text = strings.ReplaceAll(text, string(st.home), "/ggs")
	text = sealedText.ReplaceAllString(text, "GGSHPW...")
	text = randomKey.ReplaceAllString(text, `"key":1`)
	return sqliteVersion.ReplaceAllString(text, "SQLite n")
}

func (st *stage) commands(lines string) string {
	for line := range strings.Lines(lines) {
		line = strings.TrimRight(line, "\n")
		fmt.Fprintf(st.out, "%s%s\n", st.session.Prompt(), Mask(line))
		st.out.WriteString(st.session.Do(context.Background(), line).Text())
	}
	text := st.plain(st.out.String())
	st.out.Reset()
	return text
}

// state merges JSON into a group's checkpoint file.
func (st *stage) state(name string, patch string) string {
	for _, kind := range bothTypes() {
		f := checkpoint.At(st.home.Checkpoint(name, kind == checkpoint.Extract))
		d, err := f.Load()
		if err != nil {
			continue
		}
		if err := json.Unmarshal([]byte(patch), d); err != nil {
			return err.Error()
		}
		if err := f.Store(d); err != nil {
			return err.Error()
		}
		return ""
	}
	return "no such group"
}

// ledger writes the ledger of a load from JSON.
func (st *stage) ledger(name, text string) string {
	l := &checkpoint.Load{}
	if err := json.Unmarshal([]byte(text), l); err != nil {
		return err.Error()
	}
	if err := checkpoint.LoadAt(st.home.Load(name)).Store(l); err != nil {
		return err.Error()
	}
	return ""
}

func (st *stage) directive(d *datadriven.TestData) string {
	switch d.Cmd {
	case "do":
		return st.commands(d.Input)
	case "json":
		var b strings.Builder
		for line := range strings.Lines(d.Input) {
			data, err := json.Marshal(st.session.Do(context.Background(), strings.TrimSpace(line)))
			if err != nil {
				return err.Error()
			}
			b.Write(append(data, '\n'))
		}
		return st.plain(b.String())
	case "answer":
		st.answers.lines = append(st.answers.lines,
			strings.Split(strings.ReplaceAll(d.Input, "_", " "), "\n")...)
	case "file":
		path := st.home.Resolve(d.CmdArgs[0].Key)
		if err := os.WriteFile(path, []byte(d.Input+"\n"), 0o644); err != nil {
			return err.Error()
		}
	case "show":
		b, err := os.ReadFile(st.home.Resolve(d.CmdArgs[0].Key))
		if err != nil {
			return st.plain(err.Error())
		}
		return st.plain(string(b))
	case "lock":
		f := checkpoint.At(st.home.Checkpoint(d.CmdArgs[0].Key, true))
		if err := f.Lock(); err != nil {
			return err.Error()
		}
		st.t.Cleanup(f.Unlock)
	case "state":
		return st.state(d.CmdArgs[0].Key, d.Input)
	case "ledger":
		return st.ledger(d.CmdArgs[0].Key, d.Input)
	case "clock":
		step, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			return err.Error()
		}
		st.now = st.now.Add(step)
	case "manager", "groups", "reply", "orders":
		return st.managerDirective(d)
	case "check":
		var b strings.Builder
		for _, e := range Check("script.oby", d.Input, time.UTC) {
			b.WriteString(e.Error() + "\n")
		}
		return b.String()
	case "complete":
		return strings.Join(st.session.Complete(strings.ReplaceAll(d.Input, "_", " ")), " ")
	default:
		return "unknown directive " + d.Cmd
	}
	return ""
}

func (st *stage) managerDirective(d *datadriven.TestData) string {
	m := st.manager
	switch d.Cmd {
	case "manager":
		m.up = d.CmdArgs[0].Key == "up"
	case "groups": // one a line: EXTRACT E1 RUNNING 4711
		m.groups = nil
		for line := range strings.Lines(d.Input) {
			var g control.GroupStatus
			fmt.Sscan(line, &g.Type, &g.Group, &g.State, &g.PID)
			m.groups = append(m.groups, g)
		}
	case "reply":
		var r control.Reply
		if err := json.Unmarshal([]byte(d.Input), &r); err != nil {
			return err.Error()
		}
		m.replies[control.Verb(d.CmdArgs[0].Key)] = r
	case "orders":
		var b strings.Builder
		for _, r := range m.orders {
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace(strings.Join(append([]string{string(r.Verb),
				r.Type, r.Group}, r.Args...), " ")))
		}
		m.orders = nil
		return b.String()
	}
	return ""
}

// TestTranscripts plays each file of testdata on a home of its own.
func TestTranscripts(t *testing.T) {
	t.Setenv("EDITOR", "")
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if path == namesPath {
			return
		}
		st := newStage(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := st.directive(d)
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			return text
		})
	})
}

// TestEveryP0CommandHasATranscript fails for a P0 row that no transcript uses.
func TestEveryP0CommandHasATranscript(t *testing.T) {
	used := map[string]bool{}
	ix := newIndex(Table())
	files, err := filepath.Glob("testdata/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		if file == namesPath {
			continue
		}
		datadriven.RunTest(t, file, func(_ *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "do" || d.Cmd == "json" {
				for line := range strings.Lines(d.Input) {
					if c, err := understand(ix, line, time.UTC); err == nil && c != nil {
						used[c.cmd.Name()] = true
					} else if strings.HasPrefix(line, "!") {
						used["!"] = true
					}
				}
			}
			return d.Expected
		})
	}
	for _, r := range Table() {
		if r.Priority == P0 && !used[r.Name()] {
			t.Errorf("no transcript in testdata uses %s", r.Name())
		}
	}
}

func TestNoRowIsThereTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Table() {
		if seen[r.Name()] {
			t.Errorf("%s is in the table twice", r.Name())
		}
		seen[r.Name()] = true
		if r.Works() && (r.Help == "" || r.Synopsis == "" || r.run == nil) {
			t.Errorf("%s lacks help, synopsis or function", r.Name())
		}
	}
}
