// Package heartbeat sends heartbeats between real servers, with whole programs, and kills
// Extract and Replicat around them.
package heartbeat

import (
	"fmt"
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

// TestHeartbeats: heartbeats go from one database through Extract, data pump and Replicat
// to another; the views show their lag; kills bring no row of history twice and lose none
// that the trail has; FREQUENCY 0 suspends; DELETE leaves nothing.
func TestHeartbeats(t *testing.T) {
	for _, way := range [][2]string{{"mariadb", "mysql"}, {"sqlite", "sqlite"}} {
		t.Run(way[0]+" to "+way[1], func(t *testing.T) { heartbeats(t, way[0], way[1]) })
	}
}

func heartbeats(t *testing.T, from, to string) {
	in := rig.NewHome(t, bin)
	s, d := servers.Database(t, from, in.Dir, "hbsrc"), servers.Database(t, to, in.Dir, "hbtgt")
	s.Exec(t, "CREATE TABLE "+s.Schema+".t (id INT PRIMARY KEY)")
	d.Exec(t, "CREATE TABLE "+d.Schema+".t (id INT PRIMARY KEY)")
	in.Write("dirprm/ehb.prm", fmt.Sprintf("EXTRACT ehb\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\n"+
		"TABLE %s.*;\n", s.Login, s.Schema))
	in.Write("dirprm/phb.prm", fmt.Sprintf("EXTRACT phb\nRMTHOST 127.0.0.1, MGRPORT %d\n"+
		"RMTTRAIL ./dirdat/rt\nTABLE %s.*;\n", in.Port, s.Schema))
	in.Write("dirprm/rhb.prm", fmt.Sprintf("REPLICAT rhb\nTARGETDB %s\nMAP %s.*, TARGET %s.*;\n",
		d.Login, s.Schema, d.Schema))
	source, target := "dblogin sourcedb "+s.Login, "dblogin sourcedb "+d.Login
	made := in.Run("start mgr", source, "add heartbeattable, frequency 1",
		target, "add heartbeattable, targetonly, retention_time 2",
		"add checkpointtable "+d.Schema+".ggchkpt",
		"add replicat rhb, exttrail ./dirdat/rt, checkpointtable "+d.Schema+".ggchkpt",
		"add extract ehb, tranlog, begin now", "add exttrail ./dirdat/lt, extract ehb",
		"add extract phb, exttrailsource ./dirdat/lt", "add rmttrail ./dirdat/rt, extract phb")
	if n := strings.Count(made, "Successfully created heartbeat"); n != 10 {
		t.Fatalf("%d objects were made:\n%s", n, made)
	}
	d.Exec(t, "INSERT INTO "+d.Schema+".GG_HEARTBEAT_HISTORY (LOCAL_DATABASE, REMOTE_DATABASE, "+
		"INCOMING_PATH, INCOMING_HEARTBEAT_TS) VALUES ('l', 'r', 'old', '2001-01-01')")
	in.Run(source, "add trandata "+s.Schema+".t", "start extract ehb", "start extract phb", "start replicat rhb")
	count := func(from string) (n int) {
		t.Helper()
		if err := d.DB.QueryRow("SELECT COUNT(*) FROM " + d.Schema + "." + from).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	history := "GG_HEARTBEAT_HISTORY WHERE INCOMING_PATH = 'EHB ==> PHB ==> RHB'"
	more := func(n int) {
		t.Helper()
		want := count(history) + n
		rig.Until(t, "heartbeats to arrive", func() (bool, string) {
			return count(history) >= want, fmt.Sprintf("%d of %d%s", count(history), want, in.Logs())
		})
	}
	more(3)
	if n := count("GG_HEARTBEAT_HISTORY WHERE INCOMING_PATH = 'old'"); n != 0 {
		t.Error("old history was not purged")
	}
	if n := count("GG_LAG WHERE INCOMING_PATH = 'EHB ==> PHB ==> RHB' AND INCOMING_LAG >= 0"); n != 1 {
		t.Errorf("GG_LAG has %d rows of the path", n)
	}
	if n := count("GG_LAG_HISTORY WHERE NOT (EXTRACT_LAG >= 0 AND ROUTING_LAG >= 0 AND " +
		"REPLICAT_READ_LAG >= 0 AND REPLICAT_APPLY_LAG >= 0)"); n != 0 {
		t.Errorf("%d rows of history go back in time", n)
	}
	for range 3 {
		rig.KillAll(t, "replicat", func() []int { return in.GroupProcesses("replicat", "RHB") })
		rig.KillAll(t, "extract", func() []int { return in.GroupProcesses("extract", "EHB") })
		s.Exec(t, "INSERT INTO "+s.Schema+".t SELECT COUNT(*) FROM "+s.Schema+".t")
		in.Run("start replicat rhb", "start extract ehb")
		more(2)
	}
	rig.WaitEqual(t, &rig.Database{Kind: s.Kind, DB: s.DB, Schema: s.Schema},
		&rig.Database{Kind: d.Kind, DB: d.DB, Schema: d.Schema}, in.Logs, "t")
	if reasons := in.Abends(); len(reasons) > 0 {
		t.Errorf("processes have ended: %s", reasons)
	}
	text := in.Run(target, "info heartbeattable, detail")
	if !strings.Contains(text, "EHB ==> PHB ==> RHB from ") || !strings.Contains(text, "Target only:             Yes") {
		t.Errorf("INFO shows %s", text)
	}
	in.Run(source, "alter heartbeattable, frequency 0")
	rig.Until(t, "heartbeats to cease", func() (bool, string) {
		before := count(history)
		time.Sleep(3 * time.Second) // three heartbeats' time
		return before == count(history), ""
	})
	in.Run(target, "delete heartbeatentry rhb")
	if n := count(history); n != 0 {
		t.Errorf("%d rows are left behind DELETE HEARTBEATENTRY", n)
	}
	in.Run("stop extract *", "stop replicat rhb")
	in.Run(source, "delete heartbeattable", target, "delete heartbeattable")
	for _, db := range []*rig.Database{s, d} {
		objects, n := "information_schema.tables WHERE table_schema = '"+db.Schema+"' AND table_name", 0
		if db.Kind == "sqlite" {
			objects = "sqlite_master WHERE name"
		}
		err := db.DB.QueryRow("SELECT COUNT(*) FROM " + objects + " LIKE 'GG!_%' ESCAPE '!'").Scan(&n)
		if err != nil || n != 0 {
			t.Errorf("%d objects are left (%v)", n, err)
		}
	}
}
