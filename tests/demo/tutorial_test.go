package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// TestTutorial does what README's tutorial types: MySQL to MariaDB, with the
// sample files of dirprm and their ports replaced.
func TestTutorial(t *testing.T) {
	source := server.ForTest(t, server.MySQL, server.Options{})
	target := server.ForTest(t, server.MariaDB, server.Options{})
	bin, err := rig.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := schema(t, source), schema(t, target)
	one, err := freeFrom(21000, 1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := freeFrom(one+1, 1+collectors)
	if err != nil {
		t.Fatal(err)
	}
	ports := strings.NewReplacer("3306", fmt.Sprint(source.Port), "3307", fmt.Sprint(target.Port),
		"7809", fmt.Sprint(one), "7910-7919", fmt.Sprintf("%d-%d", two+1, two+collectors),
		"7909", fmt.Sprint(two))
	for _, side := range []string{"target", "source"} {
		home := tutorialHome(t, side, ports)
		ggsh := func(args ...string) {
			t.Helper()
			out, err := exec.Command(filepath.Join(bin, "ggsh"),
				append([]string{"-home", home}, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%s %v: %v\n%s", side, args, err, out)
			}
		}
		t.Cleanup(func() { ggsh("-c", "STOP ER *", "-c", "STOP MANAGER !") })
		ggsh(filepath.Join(home, "dirprm", "mysql_"+side+".oby"))
	}
	for _, s := range []string{"INSERT INTO TB_EMP VALUES (7839, 'KING', 5000, '1981-11-17')",
		"INSERT INTO TB_EMP VALUES (7566, 'JONES', 2975.50, NULL)",
		"UPDATE TB_EMP SET SAL = SAL + 0.25", "DELETE FROM TB_EMP WHERE EMPNO = 7566"} {
		if _, err := ours.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	rig.Until(t, "KING alone in the target", func() (bool, string) {
		var said string
		err := theirs.QueryRow("SELECT GROUP_CONCAT(CONCAT_WS(' ', EMPNO, ENAME, SAL, HIREDATE))" +
			" FROM TB_EMP").Scan(&said)
		return said == "7839 KING 5000.25 1981-11-17", fmt.Sprint(said, err)
	})
}

// schema does the tutorial's SQL on a server.
func schema(t *testing.T, in *server.Instance) *sql.DB {
	t.Helper()
	root, err := sql.Open("mysql", in.RootDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	rights := "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO ogg"
	if in.Kind == server.MariaDB {
		rights = "GRANT ALL ON hr.* TO ogg"
	}
	for _, s := range []string{"CREATE DATABASE hr", "CREATE TABLE hr.TB_EMP (" +
		"EMPNO INT PRIMARY KEY, ENAME VARCHAR(30), SAL DECIMAL(10,2), HIREDATE DATE)",
		"CREATE USER ogg IDENTIFIED BY 'ogg_Secret1'", rights} {
		if _, err := root.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	db, err := sql.Open("mysql", in.DSN("hr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// tutorialHome is a home with the sample files of one side.
func tutorialHome(t *testing.T, side string, ports *strings.Replacer) string {
	t.Helper()
	home := t.TempDir()
	sampleFiles(t, "mysql/"+side, home, ports)
	sampleFiles(t, "mysql_"+side+".oby", home, ports)
	return home
}

// sampleFiles copies a file of dirprm, or the files of a folder there, into a home.
func sampleFiles(t *testing.T, what, home string, ports *strings.Replacer) {
	t.Helper()
	root, err := rig.Root()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "dirprm"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "dirprm", what)
	files, err := filepath.Glob(filepath.Join(path, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		files = []string{path}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(home, "dirprm", filepath.Base(file))
		if filepath.Base(file) == "GLOBALS" {
			to = filepath.Join(home, "GLOBALS")
		}
		if err := os.WriteFile(to, []byte(ports.Replace(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
