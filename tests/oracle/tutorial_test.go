package oracle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/tests/oradb"
	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// emp is the source's table.
const emp = `CREATE TABLE EMP (EMPNO NUMBER(6) PRIMARY KEY, ENAME VARCHAR2(30), SAL NUMBER(10,2),
	HIRED DATE, NOTE CLOB);`

// work is what the application does: all kinds of changes, one taken back, one long.
func (s *stage) work() {
	s.Helper()
	s.oracle(s.owner, `
		INSERT INTO EMP VALUES (1, 'Ada', 10.5, DATE '1981-11-17', NULL);
		INSERT INTO EMP VALUES (2, 'Bob', 20, NULL, 'short');
		INSERT INTO EMP VALUES (3, 'Cyd', 30, NULL, NULL);
		COMMIT;
		UPDATE EMP SET SAL = SAL + 1 WHERE EMPNO <= 2;
		SAVEPOINT A;
		DELETE FROM EMP WHERE EMPNO = 1;
		UPDATE EMP SET ENAME = 'never' WHERE EMPNO = 2;
		ROLLBACK TO A;
		DELETE FROM EMP WHERE EMPNO = 3;
		COMMIT;
		INSERT INTO EMP VALUES (4, 'never', 0, NULL, NULL);
		ROLLBACK;`)
}

// lob writes a long text.
func (s *stage) lob(text string) {
	s.Helper()
	var pieces []string
	for len(text) > 0 {
		n := min(len(text), 2000)
		pieces = append(pieces, "TO_CLOB('"+text[:n]+"')")
		text = text[n:]
	}
	s.oracle(s.owner, "UPDATE EMP SET NOTE = "+strings.Join(pieces, " || ")+" WHERE EMPNO = 1; COMMIT;")
}

// toMaria types the first tutorial of README up to the start of its groups.
func (s *stage) toMaria() *rig.Database {
	s.Helper()
	maria := rig.NewDatabase(s, "mariadb", "", "appuser")
	maria.Exec(s, "CREATE TABLE EMP (EMPNO INT PRIMARY KEY, ENAME VARCHAR(30), SAL DECIMAL(10,2), "+
		"HIRED DATETIME, NOTE LONGTEXT)", "CREATE USER ogg IDENTIFIED BY 'ogg_Secret1'",
		"GRANT ALL ON appuser.* TO ogg")
	s.given = append(s.given, "127.0.0.1:3306", fmt.Sprint("127.0.0.1:", maria.Server.Port))
	s.samples(s.source, "oracle/source/*.prm")
	s.samples(s.target, "oracle/target/*.prm", "oracle/target/GLOBALS")
	s.oracle("APPUSER", emp)
	const section = "## Tutorial: Oracle to MySQL"
	s.target.Run(s.typed(section, "**2. ")...)
	said := s.source.Run(s.typed(section, "**3. ")...)
	for _, want := range []string{"Successfully logged into database", "OGG-15132", "OGG-02003",
		"EXTRACT (Integrated) added."} {
		if !strings.Contains(said, want) {
			s.Errorf("the source does not say %q:\n%s", want, said)
		}
	}
	s.source.WaitState("insrc", "RUNNING")
	return maria
}

// TestOracleToMySQLTutorial types the first tutorial of README.
func TestOracleToMySQLTutorial(t *testing.T) {
	s := newStage(t, oradb.Options{LogSize: 40})
	maria := s.toMaria()
	s.work()
	s.intoMaria(maria)
}

// long is a transaction that is open over a stop of the Extract and a log switch.
func (s *stage) long(group string) {
	s.Helper()
	other := "GGADMIN"
	s.oracle(other, "INSERT INTO "+s.owner+".EMP VALUES (50, 'long', 1, NULL, NULL);")
	s.oracle(s.owner, "INSERT INTO EMP VALUES (5, 'Eve', 50, NULL, NULL); COMMIT;")
	s.source.Run("stop extract " + group)
	s.source.WaitState(group, "STOPPED")
	s.db.SwitchLog()
	s.oracle(other, "UPDATE "+s.owner+".EMP SET ENAME = 'longer' WHERE EMPNO = 50; COMMIT;")
	s.source.Run("start extract " + group)
}

// intoMaria follows the work, a long transaction, a long text and a changed table.
func (s *stage) intoMaria(maria *rig.Database) {
	s.Helper()
	s.sees(maria, "EMP", "1|Ada|11.50|1981-11-17 00:00:00|", "2|Bob|21.00||short")
	s.long("insrc")
	text := strings.Repeat("long text ", 3000)
	s.lob(text)
	s.sees(maria, "EMP", "1|Ada|11.50|1981-11-17 00:00:00|"+text, "2|Bob|21.00||short", "5|Eve|50.00||",
		"50|longer|1.00||")

	// MySQL's table is changed by hand.
	maria.Exec(s, "ALTER TABLE EMP ADD COLUMN BONUS DECIMAL(5,1)")
	s.oracle(s.owner, "ALTER TABLE EMP ADD (BONUS NUMBER(5,1)); DELETE FROM EMP WHERE EMPNO = 1;"+
		"UPDATE EMP SET BONUS = 1.5 WHERE EMPNO = 2; COMMIT;")
	s.sees(maria, "EMP", "2|Bob|21.00||short|1.5", "5|Eve|50.00|||", "50|longer|1.00|||")
}

// sees waits until a table has these rows.
func (s *stage) sees(db *rig.Database, table string, want ...string) {
	s.Helper()
	rig.Until(s, table, func() (bool, string) {
		got, err := db.Rows(table)
		for i := range got {
			got[i] = strings.NewReplacer(`"`, "", ",", "|", "NULL", "").Replace(got[i])
		}
		return err == nil && slices.Equal(got, want), fmt.Sprintf("%.2000s\n%v\n%s\n%s", strings.Join(got, "\n"),
			err, s.source.Logs(), s.target.Logs())
	})
}

var csnSaid = regexp.MustCompile(`AFTERCSN ([0-9:]*[0-9])`)

// TestOracleToHDFSTutorial types the second tutorial of README.
func TestOracleToHDFSTutorial(t *testing.T) {
	s := newStage(t, oradb.Options{LogSize: 60})
	cluster := s.hdfs()
	s.samples(s.source, "oracle/source/*.prm")
	s.samples(s.target, "oracle/target/*.prm", "lake/target/hdfs.props")
	s.oracle("APPUSER", emp+"INSERT INTO EMP VALUES (10, 'Old', 1, NULL, NULL); COMMIT;")
	s.target.Run("create subdirs", "start manager")
	s.source.Run("create subdirs", "start manager",
		"dblogin userid ggadmin@orcl, password ggadmin", "add trandata appuser.*")
	const section = "## Tutorial: Oracle to HDFS"
	s.source.Run(s.typed(section, "In the source's home from above:")...)
	s.source.WaitState("ggext", "RUNNING")
	s.oracle("APPUSER", "INSERT INTO EMP VALUES (11, 'Loaded', 2, NULL, NULL); COMMIT;")
	csn := s.load()
	s.lines(cluster, "/user/oracle/gg/lake.EMP/*", "I 10 Old", "I 11 Loaded")
	for _, command := range s.typed(section, "and in the lake's home, with that number:") {
		s.target.Run(strings.ReplaceAll(command, "number", csn))
	}
	s.intoHDFS(cluster, "/user/oracle/gg/lake.EMP/*", "I 10 Old", "I 11 Loaded")
}

// intoHDFS follows the work, a long transaction, a long text and a changed table.
func (s *stage) intoHDFS(cluster *server.HDFS, path string, loaded ...string) {
	s.Helper()
	s.work()
	// An update has its key and what it changed.
	want := append(loaded, "D 3 ", "I 1 Ada", "I 2 Bob", "I 3 Cyd", "U 1 ", "U 2 ")
	slices.Sort(want)
	s.lines(cluster, path, want...)
	s.long("ggext")
	text := strings.Repeat("long text ", 3000)
	s.lob(text)
	s.oracle(s.owner, "ALTER TABLE EMP ADD (BONUS NUMBER(5,1)); "+
		"INSERT INTO EMP VALUES (60, 'Gus', 1, NULL, NULL, 2.5); COMMIT;")
	want = append(want, "I 5 Eve", "I 50 long", "I 60 Gus", "U 1 ", "U 50 longer")
	slices.Sort(want)
	s.lines(cluster, path, want...)
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	all, err := cluster.Shell(ctx, "-cat", path)
	if err != nil || !strings.Contains(all, text) || !strings.Contains(all, "2.5\n") {
		s.Errorf("the long text and the column that was added are not in the files: %v\n%.3000s", err, all)
	}
}

func (s *stage) hdfs() *server.HDFS {
	s.Helper()
	server.Require(s.T, server.KindHDFS)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cluster, err := server.StartHDFS(ctx, server.HDFSOptions{})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { cluster.Close() })
	s.given = append(s.given, "/opt/hadoop/etc/hadoop/", cluster.ConfDir(), "/opt/hadoop/etc/hadoop",
		cluster.ConfDir())
	return cluster
}

// load runs the load's two programs, and gives the commit that the report names.
func (s *stage) load() string {
	s.Helper()
	for _, run := range []struct {
		home          *rig.Home
		program, file string
	}{{s.source, "extract", "init_exp"}, {s.target, "replicat", "irhdfs"}} {
		out, err := run.home.Program(run.program, "paramfile", "dirprm/"+run.file+".prm",
			"reportfile", "dirrpt/"+run.file+".rpt")
		if err != nil {
			s.Fatalf("%s: %v\n%s\n%s", run.program, err, out, run.home.Logs())
		}
	}
	said := csnSaid.FindStringSubmatch(s.source.Read("dirrpt/init_exp.rpt"))
	if said == nil {
		s.Fatalf("the load names no commit:\n%s", s.source.Read("dirrpt/init_exp.rpt"))
	}
	return said[1]
}

// lines waits until the files in HDFS have these changes, in any order: operation, key
// and name.
func (s *stage) lines(cluster *server.HDFS, path string, want ...string) {
	s.Helper()
	rig.Until(s, path, func() (bool, string) {
		ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
		defer cancel()
		text, err := cluster.Shell(ctx, "-cat", path)
		var got []string
		for line := range strings.Lines(text) {
			f := strings.FieldsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r == '|' || r == '\x01' })
			cells := strings.Split(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\x01", "|"), "|")
			if len(f) > 0 && len(cells) > 6 {
				got = append(got, cells[0]+" "+cells[5]+" "+cells[6])
			}
		}
		slices.Sort(got)
		return err == nil && slices.Equal(got, want), strings.Join(got, ", ") + "\n" + text + s.source.Logs() +
			s.target.Logs()
	})
}

// TestPublishedFiles runs the files that a published tutorial has, as they are but for
// hosts, ports and folders, and for the login of what is not Oracle here: GGSH_CORPUS
// names their folder.
func TestPublishedFiles(t *testing.T) {
	corpus := os.Getenv("GGSH_CORPUS")
	if corpus == "" {
		t.Skip("GGSH_CORPUS names no folder")
	}
	t.Run("into MariaDB", func(t *testing.T) { publishedOne(t, corpus) })
	t.Run("into HDFS", func(t *testing.T) { publishedTwo(t, corpus) })
}

func (s *stage) published(h *rig.Home, corpus string, files map[string]string) {
	s.Helper()
	for name, file := range files {
		text, err := os.ReadFile(filepath.Join(corpus, file))
		if err != nil {
			s.Fatal(err)
		}
		h.Write("dirprm/"+name, s.here(string(text)))
	}
}

// script gives the lines of a published script. Those that open an editor do so for
// nobody here, and one names a group that there is not: the others go on.
func (s *stage) script(h *rig.Home, corpus, file string) {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(corpus, file))
	if err != nil {
		s.Fatal(err)
	}
	var commands []string
	for line := range strings.Lines(s.here(string(text))) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(strings.ToLower(line), "dblogin") && !strings.Contains(line, "password") {
			line += ", password ggadmin" // what a person is asked for
		}
		commands = append(commands, line)
	}
	out, _ := h.Try(commands...)
	s.Logf("%s\n%s", file, out)
}

func publishedOne(t *testing.T, corpus string) {
	s := newStage(t, oradb.Options{LogSize: 40})
	maria := rig.NewDatabase(t, "mariadb", "", "appuser")
	maria.Exec(t, "CREATE TABLE EMP (EMPNO INT PRIMARY KEY, ENAME VARCHAR(30), SAL DECIMAL(10,2), "+
		"HIRED DATETIME, NOTE LONGTEXT)")
	t.Setenv("ORACLE_SID", "orcl") // of the shell: parameter files set their own
	s.given = append(s.given, "devserver", "127.0.0.1")
	s.source.Run("create subdirs")
	s.target.Run("create subdirs")
	s.source.Write("dirprm/mgr.prm", fmt.Sprintf("PORT %d\n", s.source.Port))
	s.target.Write("dirprm/mgr.prm", fmt.Sprintf("PORT %d\n", s.target.Port))
	s.given = append(s.given, "MGRPORT 7809", fmt.Sprint("MGRPORT ", s.target.Port))
	s.given = s.given[4:] // 7809 is the target's port there
	s.published(s.source, corpus, map[string]string{"insrc.prm": "prm/001_px_insrc.prm",
		"pumpint.prm": "prm/002_px_pumpint.prm"})
	s.given = append(s.given, "USERID ggadmin, PASSWORD ggadmin", "TARGETDB "+maria.Login)
	s.published(s.target, corpus, map[string]string{"repintan.prm": "prm/003_px_repintan.prm"})
	s.oracle("APPUSER", emp)
	s.target.Run("start manager")
	s.source.Run("start manager")
	s.script(s.source, corpus, "obey/001_px_source_cmds.oby")
	s.source.Run("start extract insrc") // the script's intsrc is a slip of its author
	s.target.Run("add replicat repintan integrated exttrail ./dirdat/pn", "start replicat repintan")
	s.source.WaitState("insrc", "RUNNING")
	s.work()
	s.intoMaria(maria)
}

func publishedTwo(t *testing.T, corpus string) {
	s := newStage(t, oradb.Options{LogSize: 60})
	s.owner = "GGTEST"
	cluster := s.hdfs()
	s.source.Run("create subdirs")
	s.target.Run("create subdirs")
	s.source.Write("dirprm/mgr.prm", fmt.Sprintf("PORT %d\n", s.source.Port))
	s.target.Write("dirprm/mgr.prm", fmt.Sprintf("PORT %d\n", s.target.Port))
	s.given = append(s.given, "hdpmaster", "127.0.0.1", "7839", fmt.Sprint(s.target.Port), "/u01/oggbd", s.target.Dir)
	s.published(s.source, corpus, map[string]string{"init_exp.prm": "prm/006_px_init_exp.prm",
		"ggext.prm": "prm/007_px_ggext.prm"})
	s.published(s.target, corpus, map[string]string{"irhdfs.prm": "prm/004_px_irhdfs.prm",
		"rhdfs.prm": "prm/005_px_rhdfs.prm", "hdfs.props": "props/001_px_hdfs.props"})
	s.oracle("GGTEST", emp+"INSERT INTO EMP VALUES (10, 'Old', 1, NULL, NULL); COMMIT;")
	s.oracle("GGTEST", "ALTER TABLE EMP ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS;")
	s.target.Run("start manager")
	s.script(s.source, corpus, "obey/066_px_readme_src.oby")
	s.source.Run("start extract ggext")
	s.source.WaitState("ggext", "RUNNING")
	csn := s.load()
	s.lines(cluster, "/user/oracle/gg/bdtest.EMP/*", "I 10 Old")
	s.target.Run("add replicat rhdfs, exttrail dirdat/or", "start replicat rhdfs, aftercsn "+csn)
	s.intoHDFS(cluster, "/user/oracle/gg/bdtest.EMP/*", "I 10 Old")
}
