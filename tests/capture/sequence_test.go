package capture

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

const sequenceExtract = `EXTRACT e
SOURCEDB %[1]s
EXTTRAIL ./dirdat/lt
%[3]sTABLE %[2]s.*;
`

// TestSequences: of a sequence that SEQUENCE names, the target's gives no value that the
// source's has given, over a data pump and with a target that stands ahead; one that only
// TABLE takes is told of and left out.
func TestSequences(t *testing.T) {
	h := rig.NewHome(t, bin)
	source, target := servers.Database(t, "mariadb", h.Dir, "seqs"), servers.Database(t, "mariadb", h.Dir, "seqt")
	for _, d := range []*rig.Database{source, target} {
		d.Exec(t, "CREATE TABLE done (id INT PRIMARY KEY)", "CREATE SEQUENCE up CACHE 10",
			"CREATE SEQUENCE down START WITH -1 INCREMENT BY -3 CACHE 5", "CREATE SEQUENCE `round` MAXVALUE 4 CACHE 2 CYCLE",
			"CREATE SEQUENCE full MAXVALUE 3 CACHE 2", "CREATE SEQUENCE ahead CACHE 10", "CREATE SEQUENCE aside")
	}
	target.Exec(t, "DO SETVAL(ahead, 5000)")
	names := []string{"up", "down", "round", "full", "ahead"}
	list := ""
	for _, n := range names {
		list += "SEQUENCE " + source.Schema + "." + n + ";\n"
	}
	h.Write("dirprm/e.prm", fmt.Sprintf(sequenceExtract, source.Login, source.Schema, list))
	h.Write("dirprm/p.prm", fmt.Sprintf("EXTRACT p\nRMTHOST 127.0.0.1, MGRPORT %d\nRMTTRAIL ./dirdat/rt\n"+
		"SEQUENCE %s.*;\nTABLE %[2]s.*;\n", h.Port, source.Schema))
	h.Write("dirprm/r.prm", fmt.Sprintf("REPLICAT r\nTARGETDB %s\nMAP %s.*, TARGET %s.*;\n", target.Login,
		source.Schema, target.Schema))
	h.Run("start mgr", "dblogin sourcedb "+source.Login, "add trandata "+source.Schema+".done",
		"add extract e, tranlog, begin now", "add exttrail ./dirdat/lt, extract e",
		"add extract p, exttrailsource ./dirdat/lt", "add rmttrail ./dirdat/rt, extract p",
		"dblogin sourcedb "+target.Login, "add checkpointtable "+target.Schema+".chk",
		"add replicat r, exttrail ./dirdat/rt, checkpointtable "+target.Schema+".chk", "start er *")
	given := map[string]int{}
	take := func(d *rig.Database, name string) (v int) {
		t.Helper()
		if err := d.DB.QueryRow("SELECT NEXTVAL(`" + name + "`)").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for range 23 {
		given["up"], given["down"], given["ahead"] = take(source, "up"), take(source, "down"), take(source, "ahead")
	}
	for range 3 {
		given["full"] = take(source, "full")
	}
	for range 6 {
		given["round"] = take(source, "round")
	}
	take(source, "aside")
	source.Exec(t, "INSERT INTO done VALUES (1)")
	rig.WaitEqual(t, source, target, h.Logs, "done")
	if v := take(target, "up"); v <= given["up"] || v > given["up"]+10 {
		t.Errorf("up gives %d at the target, %d at the source", v, given["up"])
	}
	if v := take(target, "down"); v >= given["down"] || v < given["down"]-15 {
		t.Errorf("down gives %d at the target, %d at the source", v, given["down"])
	}
	if v := take(target, "ahead"); v != 5001 {
		t.Errorf("a sequence ahead gives %d, not 5001", v)
	}
	if v := take(target, "round"); v != 3 {
		t.Errorf("round gives %d at the target, %d at the source", v, given["round"])
	}
	none := 0
	if err := target.DB.QueryRow("SELECT NEXTVAL(`full`)").Scan(&none); err == nil {
		t.Errorf("a sequence without values left gives %d at the target", none)
	}
	if v := take(target, "aside"); v != 1 {
		t.Errorf("a sequence that is not captured gives %d", v)
	}
	for _, prefix := range []string{"lt", "rt"} {
		if got := strings.Join(operations(t, h, prefix), "\n"); strings.Contains(got, "aside") ||
			!strings.Contains(got, "up insert after next_not_cached_value=31 ") {
			t.Errorf("%s holds\n%s", prefix, got)
		}
	}
	if log := h.Read("ggserr.log"); strings.Count(log, "seqs.aside is a sequence, which TABLE does not capture") != 1 {
		t.Errorf("not told once:\n%s", log)
	}
	h.Run("stop er *", "stop mgr !")
}
