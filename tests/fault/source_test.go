package fault

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

// ownServer is a pair whose source is a server that no other test uses, and
// whose target is a file.
func ownServer(t *testing.T, kind string) *rig.Pair {
	t.Helper()
	p := &rig.Pair{Source: rig.NewHome(t, bin), Target: rig.NewHome(t, bin)}
	p.SourceData = rig.NewDatabase(t, kind, "", "hr")
	p.TargetData = rig.NewDatabase(t, "sqlite", p.Target.Dir, "hr")
	return withTables(t, p)
}

// rootOf is a connection as root in which SET GLOBAL and PURGE are allowed.
func rootOf(t *testing.T, d *rig.Database) *sql.DB {
	t.Helper()
	root, err := sql.Open("mysql", d.Server.RootDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func do(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// logFile gives the newest binary log file.
func logFile(t *testing.T, db *sql.DB) (name string) {
	t.Helper()
	rows, err := db.Query("SHOW BINARY LOGS")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var rest [2]sql.RawBytes
		columns, _ := rows.Columns()
		into := []any{&name, &rest[0], &rest[1]}[:len(columns)]
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func TestWhatASourceServerDoesIsSurvivedOrNamed(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			p := ownServer(t, kind)
			p.Start()
			insert(t, p, 1, 3)
			arrived(t, p, 3)
			t.Run("a restart in the midst of changes loses nothing", func(t *testing.T) { restarted(t, p) })
			t.Run("a statement in STATEMENT format is named", func(t *testing.T) { statement(t, p) })
			t.Run("a row image without all columns is named", func(t *testing.T) { rowImage(t, p) })
			t.Run("a user without grants is told the GRANT statement", func(t *testing.T) { noGrants(t, p) })
			t.Run("a log that was purged is named", func(t *testing.T) { purged(t, p) })
		})
	}
}

func restarted(t *testing.T, p *rig.Pair) {
	for i := range 2 {
		insert(t, p, 10+10*i, 12+10*i)
		if i == 0 {
			if err := p.SourceData.Server.Restart(context.Background()); err != nil {
				t.Fatal(err)
			}
		} else {
			if err := p.SourceData.Server.Kill(); err != nil {
				t.Fatal(err)
			}
			says(t, p.Source, reportOf("eora"), "OGG-01223")
			if s := p.Source.State("eora"); s != "RUNNING" {
				t.Errorf("eora is %s while the source is down", s)
			}
			if err := p.SourceData.Server.Restart(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		rig.Until(t, "the server to answer", func() (bool, string) {
			err := p.SourceData.DB.Ping()
			return err == nil, fmt.Sprint(err)
		})
		insert(t, p, 13+10*i, 15+10*i)
		p.WaitEqual(t, "emp")
	}
}

// again moves Extract to the end of the log, as after a new initial load. The
// log's clock has seconds, so BEGIN NOW takes in the whole second it is given in.
func again(t *testing.T, p *rig.Pair) {
	t.Helper()
	second := time.Now().Unix()
	rig.Until(t, "the next second", func() (bool, string) { return time.Now().Unix() > second, "" })
	p.Source.Run("alter eora, begin now", "start eora")
	p.Source.WaitState("eora", "RUNNING")
	var id int
	if err := p.SourceData.DB.QueryRow("SELECT max(id) + 1 FROM emp").Scan(&id); err != nil {
		t.Fatal(err)
	}
	insert(t, p, id, id)
	arrived(t, p, id)
}

func statement(t *testing.T, p *rig.Pair) {
	conn, err := p.SourceData.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range []string{"SET SESSION binlog_format = 'STATEMENT'",
		"UPDATE emp SET sal = 0 WHERE id = 1",
		"SET SESSION binlog_format = 'ROW'"} {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	abends(t, p.Source, "eora", "OGG-00446", "statement UPDATE on hr.emp",
		"SET GLOBAL binlog_format = 'ROW'", logFile(t, p.SourceData.DB))
	p.TargetData.Exec(t, "UPDATE emp SET sal = 0 WHERE id = 1")
	again(t, p)
}

func rowImage(t *testing.T, p *rig.Pair) {
	stopGroup(p.Source, "eora")
	root := rootOf(t, p.SourceData)
	do(t, root, "SET GLOBAL binlog_row_image = 'MINIMAL'")
	p.Source.Run("start eora")
	rig.Until(t, "eora to say it", func() (bool, string) {
		text := p.Source.Read(reportOf("eora"))
		return lacking(text, []string{"binlog_row_image", "FULL"}) == nil, lastLines(text, 10)
	})
	do(t, root, "SET GLOBAL binlog_row_image = 'FULL'")
	if s := p.Source.State("eora"); s == "RUNNING" {
		stopGroup(p.Source, "eora")
	}
	again(t, p)
}

func noGrants(t *testing.T, p *rig.Pair) {
	stopGroup(p.Source, "eora")
	do(t, rootOf(t, p.SourceData), "CREATE USER 'poor'@'127.0.0.1' IDENTIFIED BY 'p00r'",
		"GRANT SELECT ON hr.* TO 'poor'@'127.0.0.1'")
	login := fmt.Sprintf("hr@127.0.0.1:%d, USERID poor, PASSWORD p00r", p.SourceData.Server.Port)
	extractFile(p, login)
	p.Source.Run("start eora")
	abends(t, p.Source, "eora", "poor", "GRANT ", "REPLICATION", "ON *.* TO")
	extractFile(p, p.SourceData.Login)
	again(t, p)
}

func purged(t *testing.T, p *rig.Pair) {
	stopGroup(p.Source, "eora")
	root := rootOf(t, p.SourceData)
	was := logFile(t, root)
	insert(t, p, 900, 902)
	do(t, root, "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
	// The server keeps a file for as long as it believes somebody to read it.
	rig.Until(t, was+" to be purged", func() (bool, string) {
		do(t, root, "FLUSH BINARY LOGS", "PURGE BINARY LOGS TO '"+logFile(t, root)+"'")
		_, err := os.Stat(filepath.Join(p.SourceData.Server.DataDir(), was))
		return os.IsNotExist(err), fmt.Sprint(err)
	})
	p.Source.Run("start eora")
	abends(t, p.Source, "eora", "OGG-00446", was, "purge", "ALTER EXTRACT")
}

func TestASourceThatWritesNoLogIsNamed(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			in := server.ForTest(t, server.Kind(kind), server.Options{Extra: []string{"--skip-log-bin"}})
			h := rig.NewHome(t, bin)
			login := fmt.Sprintf("mysql@127.0.0.1:%d, USERID root, PASSWORD %s", in.Port,
				server.RootPassword)
			h.Write("dirprm/e1.prm", "EXTRACT e1\nSOURCEDB "+login+"\nEXTTRAIL ./dirdat/aa\nTABLE hr.*;\n")
			out, _ := h.Try("start mgr", "add extract e1, tranlog, begin now",
				"add exttrail ./dirdat/aa, extract e1", "start e1")
			if strings.Contains(out, "log_bin") {
				return // said at once
			}
			abends(t, h, "e1", "OGG-00446", fmt.Sprintf("127.0.0.1:%d", in.Port), "Set log_bin")
		})
	}
}

func TestATargetServerThatIsDownIsWaitedForAndNothingIsLost(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			p := &rig.Pair{Source: rig.NewHome(t, bin), Target: rig.NewHome(t, bin)}
			p.SourceData = rig.NewDatabase(t, "sqlite", p.Source.Dir, "hr")
			p.TargetData = rig.NewDatabase(t, kind, "", "hr")
			withTables(t, p)
			p.Start()
			insert(t, p, 1, 3)
			arrived(t, p, 3)
			for i, end := range []func() error{
				func() error { return p.TargetData.Server.Stop(context.Background()) },
				p.TargetData.Server.Kill} {
				if err := end(); err != nil {
					t.Fatal(err)
				}
				p.SourceData.Exec(t, fmt.Sprintf("INSERT INTO nokey VALUES ('d', %d)", i))
				insert(t, p, 10+10*i, 15+10*i)
				says(t, p.Target, reportOf("rora"), "OGG-30130", "cannot be reached, trying again")
				if s := p.Target.State("rora"); s != "RUNNING" {
					t.Errorf("rora is %s while the target is down", s)
				}
				if err := p.TargetData.Server.Restart(context.Background()); err != nil {
					t.Fatal(err)
				}
				p.WaitEqual(t, "emp", "nokey")
				says(t, p.Target, reportOf("rora"), "OGG-30131")
			}
		})
	}
}
