package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// adapterFiles are the published files of an Oracle to HDFS tutorial, by the group
// that they make. GGSH_CORPUS names the folder that has them.
var adapterFiles = map[string]string{"init_exp.prm": "prm/006_px_init_exp.prm",
	"ggext.prm": "prm/007_px_ggext.prm", "irhdfs.prm": "prm/004_px_irhdfs.prm",
	"rhdfs.prm": "prm/005_px_rhdfs.prm", "hdfs.props": "props/001_px_hdfs.props"}

// TestPublishedAdapterFiles runs those files as they are, but for the database's
// login, hosts, ports and folders: a load, then live changes, into a real HDFS.
func TestPublishedAdapterFiles(t *testing.T) {
	corpus := os.Getenv("GGSH_CORPUS")
	if corpus == "" {
		t.Skip("GGSH_CORPUS names no folder")
	}
	server.Require(t, server.KindHDFS)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cluster, err := server.StartHDFS(ctx, server.HDFSOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Close() })
	bin, err := rig.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	source, lake := rig.NewHome(t, bin), rig.NewHome(t, bin)
	db := rig.NewDatabase(t, "mariadb", source.Dir, "ggtest")
	db.Exec(t, "CREATE TABLE emp (empno INT PRIMARY KEY, ename VARCHAR(30))",
		"INSERT INTO emp VALUES (1, 'Ada'), (2, 'Bob')")
	changed := strings.NewReplacer("userid ggadmin@orcl,password ggadmin", "SOURCEDB "+db.Login,
		"hdpmaster", "127.0.0.1", "7839", port(lake), "/u01/oggbd", lake.Dir,
		"/opt/hadoop/etc/hadoop/", cluster.ConfDir())
	for name, published := range adapterFiles {
		text, err := os.ReadFile(filepath.Join(corpus, published))
		if err != nil {
			t.Fatal(err)
		}
		home := lake
		if name == "init_exp.prm" || name == "ggext.prm" {
			home = source
		}
		home.Write("dirprm/"+name, changed.Replace(string(text)))
	}
	lake.Run("start manager")
	source.Run("start manager", "dblogin sourcedb "+db.Login,
		"add extract ggext, INTEGRATED TRANLOG, BEGIN NOW", "start extract ggext")
	source.WaitState("ggext", "RUNNING")
	program(t, source, "extract", "init_exp")
	program(t, lake, "replicat", "irhdfs")
	lines := func(want ...string) {
		t.Helper()
		rig.Until(t, strings.Join(want, ", "), func() (bool, string) {
			text, err := cluster.Shell(ctx, "-cat", "/user/oracle/gg/bdtest.emp/*")
			var got []string
			for line := range strings.Lines(text) {
				f := strings.Split(strings.TrimSpace(line), "\x01")
				got = append(got, f[0]+" "+strings.Join(f[min(5, len(f)):], " "))
			}
			slices.Sort(got)
			got = slices.Compact(got) // what was committed just before BEGIN NOW may be in both
			return err == nil && slices.Equal(got, want), strings.Join(got, ", ") + "\n" + lake.Logs()
		})
	}
	lines("I 1 Ada", "I 2 Bob")
	lake.Run("add replicat rhdfs, exttrail dirdat/or", "start replicat rhdfs")
	db.Exec(t, "INSERT INTO emp VALUES (3, 'Cy')", "UPDATE emp SET ename = 'Bea' WHERE empno = 2",
		"DELETE FROM emp WHERE empno = 3")
	lines("D 3 ", "I 1 Ada", "I 2 Bob", "I 3 Cy", "U 2 Bea")
}

// program runs a program of a home as the published files' remarks say.
func program(t *testing.T, h *rig.Home, name, file string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(h.Bin, name), "paramfile", "dirprm/"+file+".prm",
		"reportfile", "dirrpt/"+file+".rpt")
	cmd.Dir = h.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\n%s", name, err, out, h.Logs())
	}
}

func port(h *rig.Home) string {
	_, port, _ := strings.Cut(strings.TrimSpace(h.Read("dirprm/mgr.prm")), "PORT ")
	return port
}
