// Package fault does to a running installation what goes wrong in real ones:
// wrong passwords, full disks, servers that are down, damaged files, cut
// connections, garbage on ports. Each test names the fault and looks that the
// message says what happened, where, and what to do, and that nothing is lost.
//
// Faults of which the operator alone is the cause (misspelt commands and
// parameters) are in tests/script; kill -9 is in tests/crash.
package fault

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

const (
	keyed   = "CREATE TABLE emp (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(4000), sal INTEGER)"
	keyless = "CREATE TABLE nokey (what VARCHAR(10), n INTEGER)"
)

// filePair is a pair of embedded databases with the test tables, set up and not started.
func filePair(t *testing.T, mgr ...string) *rig.Pair {
	t.Helper()
	p := rig.NewPair(t, bin, "sqlite", "sqlite", mgr...)
	return withTables(t, p)
}

// serverPair is the same on real servers that other tests use too.
func serverPair(t *testing.T, from, to string) *rig.Pair {
	t.Helper()
	return withTables(t, rig.SharedPair(t, bin, &servers, from, to))
}

func withTables(t *testing.T, p *rig.Pair) *rig.Pair {
	t.Helper()
	for _, d := range []*rig.Database{p.SourceData, p.TargetData} {
		d.Exec(t, keyed, keyless)
	}
	p.Setup()
	return p
}

// insert adds rows from one id to another, a transaction each.
func insert(t *testing.T, p *rig.Pair, from, to int) {
	t.Helper()
	for id := from; id <= to; id++ {
		p.SourceData.Exec(t, fmt.Sprintf("INSERT INTO emp VALUES (%d, 'name %d', %d)", id, id, id))
	}
}

// insertBig adds rows of about 3 kB each.
func insertBig(t *testing.T, p *rig.Pair, from, to int) {
	t.Helper()
	tx, err := p.SourceData.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for id := from; id <= to; id++ {
		name := strings.Repeat(fmt.Sprintf("%07d,", id*7919), 375)
		if _, err := tx.Exec("INSERT INTO emp VALUES (?, ?, ?)", id, name, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// abends waits until a group is ABENDED, and looks that its report says all words.
func abends(t *testing.T, h *rig.Home, group string, words ...string) {
	t.Helper()
	h.WaitState(group, "ABENDED")
	text := h.Read(reportOf(group))
	if missing := lacking(text, words); missing != nil {
		t.Errorf("%q is not in the report of %s:\n%s", missing, group, lastLines(text, 12))
	}
}

func reportOf(group string) string { return "dirrpt/" + strings.ToUpper(group) + ".rpt" }

// says waits until a file of a home has all words, and fails with the file.
func says(t *testing.T, h *rig.Home, file string, words ...string) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("%s to say %q", file, words), func() (bool, string) {
		b, err := os.ReadFile(filepath.Join(h.Dir, file))
		if err != nil {
			return false, err.Error()
		}
		missing := lacking(string(b), words)
		return len(missing) == 0, fmt.Sprintf("%q is not in it:\n%s", missing, lastLines(string(b), 40))
	})
}

func lacking(text string, words []string) (missing []string) {
	for _, w := range words {
		if !strings.Contains(text, w) {
			missing = append(missing, w)
		}
	}
	return missing
}

func lastLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// refused gives a command to ggsh that must fail with all words.
func refused(t *testing.T, h *rig.Home, command string, words ...string) {
	t.Helper()
	out, err := h.Try(command)
	if missing := lacking(out, words); err == nil || len(missing) > 0 {
		t.Errorf("%s: %v, %q is not in:\n%s", command, err, missing, lastLines(out, 12))
	}
}

// arrived waits until a row is at the target.
func arrived(t *testing.T, p *rig.Pair, id int) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("row %d to arrive", id), func() (bool, string) {
		var n int
		err := p.TargetData.DB.QueryRow("SELECT count(*) FROM emp WHERE id=?", id).Scan(&n)
		return err == nil && n == 1, fmt.Sprintf("%d rows, %v\n%s", n, err, p.Logs())
	})
}

// stopGroup stops a group and waits until it is.
func stopGroup(h *rig.Home, group string) {
	h.TB.Helper()
	h.Run("stop " + group)
	h.WaitState(group, "STOPPED")
}

// total is a line of STATS.
func total(what string, n int) string {
	const labelColumn, numberColumn = len("        Total "), 63
	return fmt.Sprintf("Total %s%*d.00", what, numberColumn-labelColumn-len(what)-len(".00"), n)
}
