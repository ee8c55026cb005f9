// Package ddl replicates statements that define tables between real servers, with whole
// programs, and kills the Replicat around them.
package ddl

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

var ways = [][2]string{{"mariadb", "mysql"}, {"mysql", "mariadb"}}

// installation is one home with Extract, data pump and Replicat.
type installation struct {
	*rig.Home
	t      *testing.T
	source *rig.Database
	target *rig.Database
}

func install(t *testing.T, way [2]string, extract, replicat string) *installation {
	t.Helper()
	in := &installation{Home: rig.NewHome(t, bin), t: t}
	in.source = servers.Database(t, way[0], in.Dir, "ddlsrc")
	in.target = servers.Database(t, way[1], in.Dir, "ddltgt")
	s, d := in.source, in.target
	in.Write("dirprm/eddl.prm", fmt.Sprintf("EXTRACT eddl\nSOURCEDB %s\n%s\nEXTTRAIL ./dirdat/lt\n"+
		"TABLEEXCLUDE %s.private\nTABLE %s.*;\n", s.Login, extract, s.Schema, s.Schema))
	in.Write("dirprm/pddl.prm", fmt.Sprintf("EXTRACT pddl\nRMTHOST 127.0.0.1, MGRPORT %d\n"+
		"RMTTRAIL ./dirdat/rt\nGETTRUNCATES\nTABLE %s.*;\n", in.Port, s.Schema))
	in.Write("dirprm/rddl.prm", fmt.Sprintf("REPLICAT rddl\nTARGETDB %s\n%s\nMAP %s.*, TARGET %s.*;\n",
		d.Login, replicat, s.Schema, d.Schema))
	in.Run("start mgr", "dblogin sourcedb "+d.Login, "add checkpointtable "+d.Schema+".ggchkpt",
		"add replicat rddl, exttrail ./dirdat/rt, checkpointtable "+d.Schema+".ggchkpt",
		"add extract eddl, tranlog, begin now", "add exttrail ./dirdat/lt, extract eddl",
		"add extract pddl, exttrailsource ./dirdat/lt", "add rmttrail ./dirdat/rt, extract pddl",
		"start extract eddl", "start extract pddl", "start replicat rddl")
	in.WaitState("eddl", "RUNNING")
	in.WaitState("rddl", "RUNNING")
	return in
}

// exec executes statements at the source, in its schema.
func (in *installation) exec(statements ...string) {
	in.t.Helper()
	for _, s := range statements {
		in.source.Exec(in.t, strings.ReplaceAll(s, "SRC", in.source.Schema))
	}
}

// columns gives a table's columns at a database, and its index names; empty without table.
func columns(t *testing.T, d *rig.Database, table string) string {
	t.Helper()
	var names, indexes sql.NullString
	err := d.DB.QueryRow("SELECT (SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY ORDINAL_POSITION) FROM "+
		"information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?), (SELECT "+
		"GROUP_CONCAT(DISTINCT INDEX_NAME ORDER BY INDEX_NAME) FROM information_schema.STATISTICS WHERE "+
		"TABLE_SCHEMA = ? AND TABLE_NAME = ?)", d.Schema, table, d.Schema, table).Scan(&names, &indexes)
	if err != nil {
		t.Fatal(err)
	}
	if !names.Valid {
		return ""
	}
	return strings.ToLower(names.String + " " + indexes.String)
}

// same waits until a table is defined alike on both sides and has the same rows.
func (in *installation) same(tables ...string) {
	in.t.Helper()
	for _, table := range tables {
		rig.Until(in.t, table+" to be alike", func() (bool, string) {
			a, b := columns(in.t, in.source, table), columns(in.t, in.target, table)
			if a != b {
				return false, a + " / " + b + in.Logs()
			}
			if a == "" {
				return true, ""
			}
			sa, sb := in.source.Schema+"."+table, in.target.Schema+"."+table
			ra, err := in.source.Rows(sa)
			rb, err2 := in.target.Rows(sb)
			if err != nil || err2 != nil {
				return false, fmt.Sprint(err, err2)
			}
			return strings.Join(ra, ";") == strings.Join(rb, ";"), fmt.Sprint(ra, rb, in.Logs())
		})
	}
}

// TestDDLBothWays: tables are made, changed, renamed and dropped at the target as at the
// source, and rows go into what a table is at their time.
func TestDDLBothWays(t *testing.T) {
	for _, way := range ways {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			t.Parallel()
			in := install(t, way, "DDL INCLUDE MAPPED\nDDLOPTIONS REPORT",
				"DDL INCLUDE MAPPED, EXCLUDE OBJNAME *.not_there\nDDLOPTIONS REPORT\nDDLERROR 1050 IGNORE")
			in.exec("CREATE TABLE SRC.a (id INT PRIMARY KEY, v VARCHAR(20))",
				"INSERT INTO SRC.a VALUES (1, 'one'), (2, NULL)",
				"ALTER TABLE SRC.a ADD COLUMN w INT DEFAULT 7 AFTER id",
				"INSERT INTO SRC.a VALUES (3, 33, 'three')",
				"CREATE INDEX a_v ON SRC.a (v)", "UPDATE SRC.a SET w = 8 WHERE id = 1",
				"CREATE TABLE SRC.private (id INT)", "CREATE TABLE SRC.not_there (id INT)",
				"ALTER TABLE SRC.a DROP COLUMN v, ADD COLUMN x CHAR(3), ADD INDEX a_x (x)",
				"INSERT INTO SRC.a VALUES (4, 44, 'xyz')",
				"CREATE TABLE SRC.child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES SRC.a (id))",
				"INSERT INTO SRC.child VALUES (10, 4)", "CREATE TABLE SRC.like_a LIKE SRC.a")
			in.same("a", "child", "like_a")
			in.exec("RENAME TABLE SRC.like_a TO SRC.renamed", "INSERT INTO SRC.renamed VALUES (9, 9, 'r')",
				"CREATE TABLE SRC.t (id INT PRIMARY KEY)", "INSERT INTO SRC.t VALUES (1), (2)",
				"TRUNCATE TABLE SRC.t", "INSERT INTO SRC.t VALUES (3)", "DROP TABLE SRC.child")
			in.exec("CREATE TABLE SRC.made AS SELECT id, w FROM SRC.a", "INSERT INTO SRC.made VALUES (77, 7)",
				"CREATE VIEW SRC.seen AS SELECT id, x FROM a WHERE id > 1", "ALTER TABLE SRC.t RENAME TO SRC.t2",
				"DROP INDEX a_x ON SRC.a")
			in.same("renamed", "t", "t2", "child", "like_a", "a", "made", "seen")
			for _, table := range []string{"private", "not_there"} {
				if got := columns(t, in.target, table); got != "" {
					t.Errorf("%s was made at the target: %s", table, got)
				}
			}
			in.target.Exec(t, "CREATE TABLE "+in.target.Schema+".twice (id INT PRIMARY KEY)")
			in.exec("CREATE TABLE SRC.twice (id INT PRIMARY KEY)", "INSERT INTO SRC.twice VALUES (5)")
			in.same("twice")
			if log := in.Logs(); !strings.Contains(log, "OGG-30180") {
				t.Error("that CREATE TABLE was let pass is not told")
			}
		})
	}
}

// TestReplicatKilledAroundDDL: statements that fail when they are executed twice, and a
// Replicat that is killed all the time.
func TestReplicatKilledAroundDDL(t *testing.T) {
	for n, way := range ways {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) {
			t.Parallel()
			in := install(t, way, "DDL INCLUDE MAPPED", "DDL INCLUDE MAPPED")
			in.exec("CREATE TABLE SRC.k (id INT PRIMARY KEY, v INT)")
			rnd := rand.New(rand.NewPCG(uint64(n)+1, 5))
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := range 25 {
					s := in.source.Schema
					for _, text := range []string{
						fmt.Sprintf("ALTER TABLE %s.k ADD COLUMN c%d INT DEFAULT %d", s, i, i),
						fmt.Sprintf("INSERT INTO %s.k (id, v) VALUES (%d, %d)", s, i, i),
						fmt.Sprintf("RENAME TABLE %s.k TO %s.k2", s, s), fmt.Sprintf("UPDATE %s.k2 SET v = v + 1", s),
						fmt.Sprintf("RENAME TABLE %s.k2 TO %s.k", s, s)} {
						if _, err := in.source.DB.Exec(text); err != nil {
							t.Errorf("%s: %v", text, err)
							return
						}
					}
				}
			}()
			for range 12 {
				time.Sleep(time.Duration(100+rnd.IntN(900)) * time.Millisecond)
				rig.KillAll(t, "replicat", func() []int { return in.GroupProcesses("replicat", "RDDL") })
				in.Run("start replicat rddl")
			}
			<-done
			in.same("k", "k2")
			for _, reason := range in.Abends() {
				if strings.Contains(reason, "OGG-00519") {
					t.Errorf("a statement came twice: %s", reason)
				}
			}
		})
	}
}
