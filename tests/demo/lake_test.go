package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// lesson is the typing of README's tutorials of the lake: the commands are README's
// own lines, the files those of dirprm/lake with other ports.
type lesson struct {
	t     *testing.T
	dir   string // has gg/source and gg/lake
	bin   string
	steps map[string][]string
	db    *sql.DB
	given []string          // what the sample files say, and what it is here
	ports *strings.Replacer // the same, of the commands, too
	hdfs  *server.HDFS
	kafka *server.Kafka
}

var (
	stepHead = regexp.MustCompile(`^\*\*([0-9]+)\. `)
	csnSaid  = regexp.MustCompile(`AFTERCSN ([0-9:]+[0-9])`)
)

// steps gives the indented lines of each numbered step of the tutorials that begin with
// the title.
func steps(t *testing.T, title string) map[string][]string {
	t.Helper()
	root, err := rig.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), title)
	if !found {
		t.Fatalf("README has no section %q", title)
	}
	all, step := map[string][]string{}, ""
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "## ") && !strings.HasPrefix(line, "## Tutorial") {
			break
		}
		if m := stepHead.FindStringSubmatch(line); m != nil {
			step = m[1]
		}
		if command, ok := strings.CutPrefix(line, "    "); ok && step != "" {
			all[step] = append(all[step], strings.TrimSpace(command))
		}
	}
	return all
}

// TestLakeTutorial does what README types: MariaDB to HDFS, initial load, then
// live, then Kafka between two pipelines of which the second stops and starts.
func TestLakeTutorial(t *testing.T) {
	maria := server.ForTest(t, server.MariaDB, server.Options{})
	server.Require(t, server.KindHDFS)
	server.Require(t, server.KindKafka)
	l := &lesson{t: t, dir: t.TempDir(), steps: steps(t, "## Tutorial: MariaDB to HDFS")}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var err error
	if l.hdfs, err = server.StartHDFS(ctx, server.HDFSOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.hdfs.Close() })
	if l.kafka, err = server.StartKafka(ctx, server.KafkaOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.kafka.Close() })
	if l.bin, err = rig.Build(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	l.files(maria)
	l.database(maria)
	t.Cleanup(func() {
		for _, home := range []string{"source", "lake"} {
			l.ggsh(home, "STOP ER *", "STOP MANAGER !")
		}
	})

	l.ggsh("lake", l.steps["3"]...)
	l.ggsh("source", l.steps["4"]...)
	l.change("INSERT INTO TB_EMP VALUES (7788, 'SCOTT', 3000, '1987-04-19')")
	said := l.shell(l.steps["5"])
	csn := csnSaid.FindStringSubmatch(said)
	if csn == nil {
		t.Fatalf("the load names no commit:\n%s", said)
	}
	const emps = "/user/oracle/gg/lake.TB_EMP/*"
	l.lines(emps, "I 7566", "I 7788", "I 7839")

	l.ports = strings.NewReplacer(append(l.given, "AFTERCSN number", csn[0])...)
	l.ggsh("lake", l.steps["6"]...)
	l.change("UPDATE TB_EMP SET SAL = SAL + 0.25 WHERE EMPNO = 7839")
	l.change("DELETE FROM TB_EMP WHERE EMPNO = 7566")
	l.lines(emps, "D 7566", "I 7566", "I 7788", "I 7839", "U 7839")

	if err := l.kafka.CreateTopic(ctx, "tb_emp", 3); err != nil {
		t.Fatal(err)
	}
	l.ggsh("lake", l.steps["8"]...)
	const through = "/user/oracle/fromk/tb_emp/*"
	l.lines(through, "D 7566", "U 7839")
	l.ggsh("lake", l.steps["9"][:2]...)
	l.change("INSERT INTO TB_EMP VALUES (7900, 'JAMES', 950, '1981-12-03')")
	l.change("UPDATE TB_EMP SET SAL = 1000 WHERE EMPNO = 7900")
	l.lines(emps, "D 7566", "I 7566", "I 7788", "I 7839", "I 7900", "U 7839", "U 7900")
	l.ggsh("lake", l.steps["9"][2:]...)
	l.lines(through, "D 7566", "I 7900", "U 7839", "U 7900")
}

// files puts the sample files into both homes, with the servers and ports of this test.
func (l *lesson) files(maria *server.Instance) {
	l.t.Helper()
	one, err := freeFrom(21500, 1)
	if err != nil {
		l.t.Fatal(err)
	}
	two, err := freeFrom(one+1, 1+collectors)
	if err != nil {
		l.t.Fatal(err)
	}
	l.given = []string{"127.0.0.1:3306", fmt.Sprint("127.0.0.1:", maria.Port),
		"127.0.0.1:9092", l.kafka.Brokers(), "/opt/hadoop/etc/hadoop", l.hdfs.ConfDir(),
		"7809", fmt.Sprint(one), "7910-7919", fmt.Sprintf("%d-%d", two+1, two+collectors),
		"7909", fmt.Sprint(two)}
	l.ports = strings.NewReplacer(l.given...)
	for home, folder := range map[string]string{"source": "lake/source", "lake": "lake/target"} {
		sampleFiles(l.t, folder, filepath.Join(l.dir, "gg", home), l.ports)
	}
}

// database does step 2.
func (l *lesson) database(maria *server.Instance) {
	l.t.Helper()
	root, err := sql.Open("mysql", maria.RootDSN())
	if err != nil {
		l.t.Fatal(err)
	}
	defer root.Close()
	for _, s := range l.steps["2"] {
		if _, err := root.Exec(s); err != nil {
			l.t.Fatalf("%s: %v", s, err)
		}
	}
	if l.db, err = sql.Open("mysql", maria.DSN("hr")); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { l.db.Close() })
}

func (l *lesson) change(statement string) {
	l.t.Helper()
	if _, err := l.db.Exec(statement); err != nil {
		l.t.Fatalf("%s: %v", statement, err)
	}
}

// ggsh types commands at the prompt of a home; those of the command line are not its.
func (l *lesson) ggsh(home string, commands ...string) {
	l.t.Helper()
	args := []string{"-home", filepath.Join(l.dir, "gg", home)}
	for _, c := range commands {
		if strings.HasPrefix(c, "hdfs ") || strings.HasPrefix(c, "go run ") {
			continue
		}
		args = append(args, "-c", l.ports.Replace(c))
	}
	if out, err := exec.Command(filepath.Join(l.bin, "ggsh"), args...).CombinedOutput(); err != nil {
		l.t.Errorf("%s: %v: %v\n%s", home, commands, err, out)
	}
}

// shell runs commands of the command line, but those of a Hadoop client.
func (l *lesson) shell(commands []string) string {
	l.t.Helper()
	var said strings.Builder
	for _, c := range commands {
		if strings.HasPrefix(c, "hdfs ") {
			continue
		}
		cmd := exec.Command("sh", "-c", c)
		cmd.Dir = l.dir
		cmd.Env = append(os.Environ(), "PATH="+l.bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			l.t.Fatalf("%s: %v\n%s", c, err, out)
		}
		said.Write(out)
	}
	return said.String()
}

// lines waits until the files in HDFS have these changes, in any order.
func (l *lesson) lines(path string, want ...string) {
	l.t.Helper()
	rig.Until(l.t, path, func() (bool, string) {
		ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
		defer cancel()
		text, err := l.hdfs.Shell(ctx, "-cat", path)
		if err != nil {
			return false, err.Error()
		}
		var got []string
		for line := range strings.Lines(text) {
			got = append(got, changeIn(strings.TrimSpace(line)))
		}
		slices.Sort(got)
		return slices.Equal(got, want), strings.Join(got, ", ") + "\n" + text
	})
}

var jsonChange = regexp.MustCompile(`"op_type":"(.)".*"EMPNO":([0-9]+)`)

// changeIn gives operation and EMPNO of a line, of text with | or of JSON.
func changeIn(line string) string {
	if m := jsonChange.FindStringSubmatch(line); m != nil {
		return m[1] + " " + m[2]
	}
	f := strings.Split(line, "|")
	if len(f) != 9 {
		return line
	}
	return f[0] + " " + f[5]
}
