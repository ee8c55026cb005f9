package main

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// TestDemo runs demo.sh as a newcomer without a terminal does: up, a change of
// one's own, up again, down.
func TestDemo(t *testing.T) {
	bin, err := rig.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root, err := rig.Root()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(t.TempDir(), "a demo")
	demo := func(order string) string {
		t.Helper()
		cmd := exec.Command("sh", filepath.Join(root, "demo.sh"), order)
		cmd.Env = append(cmd.Environ(), "GGSH_DEMO="+home, "GGSH_BIN="+bin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("demo.sh %s: %v\n%s", order, err, out)
		}
		return string(out)
	}
	t.Cleanup(func() { demo("down") })
	said := demo("up")
	for _, part := range []string{"RUNNING     EEMP", "RUNNING     PEMP", "RUNNING     REMP",
		"RUNNING     RLAKE", "both sides are equal: 12 rows", "lag of", "TB_EMP_2", `"table":"hr.TB_EMP"`,
		"What to do next"} {
		if !strings.Contains(said, part) {
			t.Errorf("the demo does not say %q:\n%s", part, said)
		}
	}
	changeOne(t, home)
	if said := demo("up"); !strings.Contains(said, "both sides are equal: 12 rows") {
		t.Errorf("the second run:\n%s", said)
	}
	demo("down")
	out, err := exec.Command("ps", "-eo", "args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, home) {
			t.Errorf("still running: %s", line)
		}
	}
}

// changeOne changes a row as any client of the database may.
func changeOne(t *testing.T, home string) {
	t.Helper()
	side := func(name string) *sql.DB {
		db, err := open(filepath.Join(home, name, name+".db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	source, target := side("source"), side("target")
	if _, err := source.Exec("UPDATE TB_EMP SET ENAME = 'CHANGED' WHERE EMPNO = 7839"); err != nil {
		t.Fatal(err)
	}
	rig.Until(t, "the change in the target", func() (bool, string) {
		var name string
		err := target.QueryRow("SELECT ENAME FROM TB_EMP WHERE EMPNO = 7839").Scan(&name)
		return name == "CHANGED", fmt.Sprint(name, err)
	})
}

func TestSideBySideMarksWhatDiffers(t *testing.T) {
	said := sideBySide([]string{"1", "2"}, []string{"1"})
	if !strings.Contains(said, "1 rows differ") || !strings.Contains(said, "<>") {
		t.Error(said)
	}
}
