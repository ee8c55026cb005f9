package parameters

import (
	"fmt"
	"testing"

	"ggsh/tests/rig"
)

// TestTruncatesAndStatementsOnAServer: truncates of the tables below GETTRUNCATES are taken,
// those below IGNORETRUNCATES are not, in Extract and in Replicat; MAXSQLSTATEMENTS bounds
// the prepared statements that the server counts.
func TestTruncatesAndStatementsOnAServer(t *testing.T) {
	h := rig.NewHome(t, bin)
	s, d := servers.Database(t, "mariadb", h.Dir, "psrc"), servers.Database(t, "mariadb", h.Dir, "ptgt")
	for _, db := range []*rig.Database{s, d} {
		for _, table := range []string{"a", "b", "c", "done"} {
			db.Exec(t, "CREATE TABLE "+db.Schema+"."+table+" (id INT PRIMARY KEY)")
		}
	}
	h.Write("dirprm/e.prm", fmt.Sprintf("EXTRACT e\nSOURCEDB %s\nEXTTRAIL ./dirdat/lt\nGETTRUNCATES\n"+
		"TABLE %[2]s.a;\nTABLE %[2]s.b;\nIGNORETRUNCATES\nTABLE %[2]s.c;\nTABLE %[2]s.done;\n", s.Login, s.Schema))
	replicat := func(most string) {
		h.Write("dirprm/r.prm", fmt.Sprintf("REPLICAT r\nTARGETDB %s\n%sGETTRUNCATES\nMAP %[3]s.a, TARGET %[4]s.a;\n"+
			"MAP %[3]s.c, TARGET %[4]s.c;\nIGNORETRUNCATES\nMAP %[3]s.*, TARGET %[4]s.*;\n", d.Login, most, s.Schema, d.Schema))
	}
	replicat("")
	h.Run("start mgr", "dblogin sourcedb "+s.Login, "add trandata "+s.Schema+".*", "add extract e, tranlog, begin now",
		"add exttrail ./dirdat/lt, extract e", "dblogin sourcedb "+d.Login, "add checkpointtable "+d.Schema+".chk",
		"add replicat r, exttrail ./dirdat/lt, checkpointtable "+d.Schema+".chk", "start er *")
	prepared := func(id int) (n int) {
		t.Helper()
		for _, table := range []string{"a", "b", "c", "done"} {
			s.Exec(t, fmt.Sprintf("INSERT INTO %s.%s VALUES (%d)", s.Schema, table, id))
		}
		rig.WaitEqual(t, s, d, h.Logs, "done")
		var name string
		if err := d.DB.QueryRow("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'").Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := prepared(1); n < 4 {
		t.Errorf("%d statements are prepared for four tables", n)
	}
	h.Run("stop replicat r")
	replicat("MAXSQLSTATEMENTS 2\n")
	h.Run("start replicat r")
	if n := prepared(2); n != 2 {
		t.Errorf("%d statements are prepared, not 2", n)
	}
	for _, table := range []string{"a", "b", "c"} {
		s.Exec(t, "TRUNCATE TABLE "+s.Schema+"."+table)
	}
	prepared(3)
	for table, want := range map[string]string{"a": `["3"]`, "b": `["1" "2" "3"]`, "c": `["1" "2" "3"]`} {
		rows, err := d.Rows(d.Schema + "." + table)
		if got := fmt.Sprint(rows); err != nil || got != want {
			t.Errorf("%s has %s (%v), not %s", table, got, err, want)
		}
	}
	h.Run("stop er *", "stop mgr !")
}
