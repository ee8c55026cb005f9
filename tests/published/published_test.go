// Package published runs scripts and parameter files that operators have published,
// from databases like MySQL into other real servers. Only hosts, ports, installation
// folders and logins are changed. GGSH_CORPUS names the folder of the files; without it
// the tests have nothing to run.
package published

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
	"ggsh/tests/services/server"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// shelf is the folder of the published files, and what is put in place of their hosts,
// ports, folders and logins.
type shelf struct {
	*testing.T
	dir     string
	replace *strings.Replacer
}

// open skips the test if there is no folder of published files.
func open(t *testing.T) *shelf {
	t.Helper()
	dir := os.Getenv("GGSH_CORPUS")
	if dir == "" {
		t.Skip("GGSH_CORPUS names no folder")
	}
	return &shelf{T: t, dir: dir}
}

// here says what the published hosts, ports, folders and logins are called here: was,
// is, was, is. A text that no file has is a fault of the test.
func (s *shelf) here(pairs ...string) {
	s.replace = strings.NewReplacer(pairs...)
}

func (s *shelf) read(file string) string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil {
		s.Fatal(err)
	}
	return s.replace.Replace(string(text))
}

// files puts published files into a home's dirprm: name, file, name, file.
func (s *shelf) files(h *rig.Home, pairs ...string) {
	s.Helper()
	for i := 0; i < len(pairs); i += 2 {
		h.Write("dirprm/"+pairs[i], s.read(pairs[i+1]))
	}
}

// obey gives the lines of a published script that keep takes, one after the other as
// they stand, but for those that open an editor. Each must be done.
func (s *shelf) obey(h *rig.Home, file string, keep func(line string) bool) {
	s.Helper()
	var commands []string
	for line := range strings.Lines(s.read(file)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(strings.ToLower(line), "edit ") && keep(line) {
			commands = append(commands, line)
		}
	}
	s.Logf("%s\n%s", file, h.Run(commands...))
}

// TestMySQLToKafka runs a script that takes a table from MySQL through a data pump to
// Kafka, all of it in one home as its author did.
func TestMySQLToKafka(t *testing.T) {
	s := open(t)
	k := servers.Kafka(t)
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	if err := k.CreateTopic(ctx, "wms_test", 1); err != nil { // this broker makes none by itself
		t.Fatal(err)
	}
	h := rig.EmptyHome(t, bin)
	db := rig.NewDatabase(t, "mysql", "", "test")
	s.here("17809", fmt.Sprint(h.Port), "17800-18000", fmt.Sprintf("%d-%d", h.Port+1, h.Port+20),
		"yp-data01", "127.0.0.1", "/opt/ggs", h.Dir,
		"host localhost,connectionport 3306", fmt.Sprintf("host 127.0.0.1,connectionport %d", db.Server.Port),
		"localhost:3306", fmt.Sprintf("127.0.0.1:%d", db.Server.Port),
		"userid root,password 123456", "userid "+server.RootUser+",password "+server.RootPassword)
	if err := os.Mkdir(filepath.Join(h.Dir, "dirprm"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.files(h, "mgr.prm", "prm/275_wms_mgr.prm", "ext_wpkg.prm", "prm/271_wms_ext.prm",
		"pum_wpkg.prm", "prm/272_wms_pump.prm", "rep_wpkg.prm", "prm/274_wms_rep.prm",
		"kafka.props", "props/044_wms_kafka.props")
	h.Write("dirprm/custom_kafka_producer.properties", "bootstrap.servers="+k.Brokers()+"\n")
	db.Exec(t, "CREATE TABLE wms_test (id INT PRIMARY KEY, code VARCHAR(20), qty INT)",
		"INSERT INTO wms_test VALUES (1, 'before', 1)")
	stats := ""
	s.obey(h, "obey/081_wms_cmds.oby", func(line string) bool {
		if strings.HasPrefix(strings.ToLower(line), "stats") { // asked again when rows have passed
			stats += line + "\n"
			return false
		}
		return true
	})
	for _, group := range []string{"ext_wpkg", "pum_wpkg", "rep_wpkg"} {
		h.WaitState(group, "RUNNING")
	}
	db.Exec(t, "INSERT INTO wms_test VALUES (2, 'second', 5), (3, 'third', 7)",
		"UPDATE wms_test SET qty = 6 WHERE id = 2", "DELETE FROM wms_test WHERE id = 1")
	rows(t, h, k, "wms_test", "I 2 second 5", "I 3 third 7", "U 2 second 6", "D 1 before 1")
	out := h.Run(strings.Split(strings.TrimSpace(stats), "\n")...)
	for _, line := range []string{"Total inserts", "Total updates", "Total deletes"} {
		if strings.Count(out, line) < 2 {
			t.Errorf("STATS of both groups shows no %s:\n%s", line, out)
		}
	}
}

// rows waits for the messages of a topic in the format json_row, in any order of tables
// but in the order of the changes.
func rows(t *testing.T, h *rig.Home, k *server.Kafka, topic string, want ...string) {
	t.Helper()
	rig.Until(t, "the messages of "+topic, func() (bool, string) {
		ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
		defer cancel()
		lines, err := k.Consume(ctx, topic, server.ConsumeOptions{ReadCommitted: true})
		var got []string
		for _, line := range lines {
			var m struct {
				Op   string `json:"op_type"`
				ID   int    `json:"id"`
				Code string `json:"code"`
				Qty  int    `json:"qty"`
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				return false, line + ": " + err.Error()
			}
			got = append(got, fmt.Sprintf("%s %d %s %d", m.Op, m.ID, m.Code, m.Qty))
		}
		return strings.Join(got, "\n") == strings.Join(want, "\n"),
			fmt.Sprintf("%v\n%s\n%s", err, strings.Join(lines, "\n"), h.Logs())
	})
}

// TestDatabaseToDatabase runs a script that replicates a schema through a data pump
// into another server under another name, and loads it by a task. Its author did so
// from Oracle to a PostgreSQL; here the logins are MySQL's and MariaDB's.
func TestDatabaseToDatabase(t *testing.T) {
	s := open(t)
	source, target := rig.NewHome(t, bin), rig.NewHome(t, bin)
	from := rig.NewDatabase(t, "mysql", "", "dang1")
	to := rig.NewDatabase(t, "mariadb", "", "bmsql5_ora")
	s.here("dblogin userid ogg password ogg", "dblogin sourcedb "+from.Login,
		"userid ogg,password ogg", "sourcedb "+from.Login,
		"userid ogg, password ogg", "sourcedb "+from.Login,
		"antdb  userid bmsql5_ora,password bmsql5_ora", to.Login,
		"antdb, USERID bmsql5_ora, PASSWORD bmsql5_ora", to.Login,
		"10.1.226.201", "127.0.0.1", "mgrport 7809", fmt.Sprint("mgrport ", target.Port),
		"/home/oracle/u01/app/ogg", source.Dir, "/home/shboss/oracle/ogg", target.Dir)
	s.files(source, "defgen.prm", "prm/242_ant_defgen.prm", "extra1.prm", "prm/243_ant_extra1.prm",
		"pump1.prm", "prm/244_ant_pump1.prm", "initext.prm", "prm/246_ant_initext.prm")
	s.files(target, "rep1.prm", "prm/245_ant_rep1.prm", "initrep.prm", "prm/248_ant_initrep.prm")
	for _, d := range []*rig.Database{from, to} {
		d.Exec(t, "CREATE TABLE BMSQL_CONFIG (cfg_name VARCHAR(30) PRIMARY KEY, cfg_value VARCHAR(50))",
			"CREATE TABLE bmsql_item (i_id INT PRIMARY KEY, i_name VARCHAR(24), i_price DECIMAL(5,2))")
	}
	from.Exec(t, "INSERT INTO BMSQL_CONFIG VALUES ('warehouses', '2')",
		"INSERT INTO bmsql_item VALUES (1, 'anvil', 99.95), (2, NULL, 0.01)")
	source.Run("start mgr")
	target.Run("start mgr")
	defs, err := source.Program("defgen", "paramfile", "dirprm/defgen.prm")
	if err != nil {
		t.Fatalf("defgen: %v\n%s", err, defs)
	}
	target.Write("dirdef/dang1.def", source.Read("dirdef/dang1.def"))

	// The script's lines are of three sittings: at the source, at the target, the load.
	part := 0
	sitting := func(want int) func(string) bool {
		part = 0
		return func(line string) bool {
			switch {
			case line == "create subdirs":
				part = 1
			case strings.HasPrefix(line, "add extract initext"):
				part = 2
			}
			return part == want
		}
	}
	s.obey(source, "obey/076_ant_cmds.oby", sitting(0))
	source.WaitState("extra1", "RUNNING")
	s.obey(target, "obey/076_ant_cmds.oby", sitting(1))
	load(s, source, target)
	logs := func() string { return source.Logs() + target.Logs() }
	rig.WaitEqual(t, from, to, logs, "BMSQL_CONFIG", "bmsql_item")

	from.Exec(t, "INSERT INTO bmsql_item VALUES (3, 'rope', 12.50)",
		"UPDATE bmsql_item SET i_price = 90.00 WHERE i_id = 1", "DELETE FROM bmsql_item WHERE i_id = 2",
		"UPDATE BMSQL_CONFIG SET cfg_value = '3'")
	rig.WaitEqual(t, from, to, logs, "BMSQL_CONFIG", "bmsql_item")
	if got, _ := to.Rows("bmsql_item"); len(got) != 2 {
		t.Errorf("the target has %d items, not 2: %v", len(got), got)
	}
}

// load does the lines of the third sitting: some at the source, some at the target.
func load(s *shelf, source, target *rig.Home) {
	s.Helper()
	const script = "obey/076_ant_cmds.oby"
	s.obey(target, script, func(line string) bool { return line == "add replicat initrep,specialrun" })
	s.obey(source, script, func(line string) bool {
		return strings.HasPrefix(line, "add extract initext") || line == "start initext"
	})
	rig.Until(s, "the task to end", func() (bool, string) {
		return strings.Contains(target.Read("ggserr.log"), "REPLICAT INITREP stopped") &&
			target.State("initrep") == "STOPPED", source.Logs() + target.Logs()
	})
	s.obey(target, script, func(line string) bool { return line == "delete initrep" })
}
