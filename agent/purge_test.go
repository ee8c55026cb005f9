package agent

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/groupstate"
	"ggsh/param"
	"ggsh/report"
	"ggsh/subdirs"
)

// noon is the clock of tests without processes.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// idle is a Manager that does not run.
func idle(t *testing.T, home subdirs.Home) *Manager {
	t.Helper()
	if _, err := home.Create(); err != nil {
		t.Fatal(err)
	}
	m := New(Config{Home: home, Now: noon})
	var err error
	if m.report, err = report.Open("", io.Discard, report.Header{}, noon); err != nil {
		t.Fatal(err)
	}
	m.orders = &groupstate.Orders{Groups: map[string]groupstate.Order{}}
	return m
}

func store(t *testing.T, home subdirs.Home, d *checkpoint.Document) {
	t.Helper()
	f := checkpoint.At(home.Checkpoint(d.Group.Name, d.Group.Type == checkpoint.Extract))
	if err := f.Store(d); err != nil {
		t.Fatal(err)
	}
}

// events gives what the event log has, without times and the home's path.
func events(m *Manager) string {
	b, _ := os.ReadFile(m.cfg.Home.EventLog())
	os.Remove(m.cfg.Home.EventLog())
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		line = line[len("2026-03-01 12:00:00  "):]
		line = strings.ReplaceAll(line, "  ggsh Manager, mgr.prm:", "")
		out.WriteString(strings.ReplaceAll(line, realPath(string(m.cfg.Home))+"/", ""))
	}
	return out.String()
}

// TestPurge runs testdata/purge. Commands: files makes trail files, one each
// step old; group adds a group, params its parameter file; purge applies rules, groups
// those of the parameter files beside rules; info shows GETPURGEOLDEXTRACTS.
func TestPurge(t *testing.T) {
	datadriven.Walk(t, "testdata/purge", func(t *testing.T, path string) {
		m := idle(t, subdirs.Home(t.TempDir()))
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "files":
				makeFiles(t, m, d)
			case "link":
				var from, to string
				d.ScanArgs(t, "from", &from)
				d.ScanArgs(t, "to", &to)
				if err := os.Symlink(m.cfg.Home.Join(to), m.cfg.Home.Join(from)); err != nil {
					t.Fatal(err)
				}
			case "group":
				store(t, m.cfg.Home, groupOf(t, d))
			case "damage":
				var name string
				d.ScanArgs(t, "name", &name)
				os.WriteFile(m.cfg.Home.Checkpoint(name, true), []byte("rubbish"), 0o644)
			case "purge":
				for _, r := range rules(t, d.Input) {
					if err := m.purge(t.Context(), r, noon()); err != nil {
						m.warn(err)
					}
				}
				return events(m) + left(m)
			case "params":
				var name string
				d.ScanArgs(t, "name", &name)
				if err := os.WriteFile(m.cfg.Home.Param(name), []byte(d.Input), 0o644); err != nil {
					t.Fatal(err)
				}
			case "groups":
				if err := m.purgeWishes(t.Context(), rules(t, d.Input), noon()); err != nil {
					m.warn(err)
				}
				return events(m) + left(m)
			case "info":
				m.set.Purge = rules(t, d.Input)
				return info(m.purgeInfo(t.Context()), m)
			default:
				t.Fatalf("no command %s", d.Cmd)
			}
			return ""
		})
	})
}

func makeFiles(t *testing.T, m *Manager, d *datadriven.TestData) {
	var name string
	var from, to int
	step := "1h"
	d.ScanArgs(t, "trail", &name)
	d.ScanArgs(t, "from", &from)
	d.ScanArgs(t, "to", &to)
	d.MaybeScanArgs(t, "step", &step)
	age, err := time.ParseDuration(step)
	if err != nil {
		t.Fatal(err)
	}
	for n := from; n <= to; n++ {
		path := m.cfg.Home.Join(fmt.Sprintf("%s%09d", name, n))
		at := noon().Add(-age * time.Duration(to-n))
		if os.MkdirAll(filepath.Dir(path), 0o755) != nil ||
			os.WriteFile(path, []byte("x"), 0o644) != nil || os.Chtimes(path, at, at) != nil {
			t.Fatal(path)
		}
	}
}

// groupOf reads name, type, reads, at, recovery, begin, ordered, writes and written.
func groupOf(t *testing.T, d *datadriven.TestData) *checkpoint.Document {
	doc := &checkpoint.Document{Group: checkpoint.Group{Type: checkpoint.Replicat}}
	var kind, writes string
	n := -1
	d.ScanArgs(t, "name", &doc.Group.Name)
	d.MaybeScanArgs(t, "reads", &doc.Group.Trail)
	if d.MaybeScanArgs(t, "type", &kind) {
		doc.Group.Type = checkpoint.Type(kind)
	}
	if d.MaybeScanArgs(t, "at", &n) {
		doc.State.Current = checkpoint.Position{Seqno: uint32(n), Valid: true}
	}
	if d.MaybeScanArgs(t, "recovery", &n) {
		doc.State.Recovery = checkpoint.Position{Seqno: uint32(n), Valid: true}
	}
	if d.MaybeScanArgs(t, "begin", &n) {
		doc.Group.Begin = checkpoint.Begin{Kind: checkpoint.BeginSeqno, Seqno: uint32(n)}
	}
	doc.State.Ordered = d.HasArg("ordered")
	if d.MaybeScanArgs(t, "writes", &writes) {
		o := checkpoint.Output{Trail: writes}
		if d.MaybeScanArgs(t, "written", &n) {
			o.Current = checkpoint.Position{Seqno: uint32(n), Valid: true}
		}
		doc.Group.Outputs = append(doc.Group.Outputs, o)
	}
	return doc
}

func rules(t *testing.T, text string) []param.PurgeRule {
	t.Helper()
	f, err := param.ParseText("mgr.prm", text, param.Options{Program: param.Manager})
	if err != nil {
		t.Fatal(err)
	}
	set, err := param.ReadManager(f)
	if err != nil {
		t.Fatal(err)
	}
	return set.Purge
}

// left lists the trail files that are there.
func left(m *Manager) string {
	var b strings.Builder
	filepath.Walk(string(m.cfg.Home), func(path string, st os.FileInfo, err error) error {
		base := filepath.Base(path)
		if err == nil && st.Mode().IsRegular() && len(base) == 11 && strings.HasSuffix(
			filepath.Dir(path), "dat") {
			b.WriteString(" " + strings.TrimLeft(base[:2]+strings.TrimLeft(base[2:], "0"), " "))
		}
		return nil
	})
	return "left:" + b.String() + "\n"
}

func info(r control.Reply, m *Manager) string {
	if r.Error != nil {
		return r.Error.Text + "\n"
	}
	var b strings.Builder
	for _, p := range r.Purge {
		fmt.Fprintf(&b, "%s %s: files %d to %d, needed %d by %v\n",
			strings.TrimPrefix(p.Trail, realPath(string(m.cfg.Home))+"/"), p.Rule, p.Oldest,
			p.Newest, p.Needed, p.Readers)
	}
	return b.String()
}
