package heartbeat

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// switched are Extracts and Replicats with what their own files say of heartbeats; the
// Replicats behind xon read one trail.
var switched = map[string]string{"xon": "ENABLE_HEARTBEAT_TABLE\n", "xoff": "DISABLE_HEARTBEAT_TABLE\n", "xno": "",
	"ron": "ENABLE_HEARTBEAT_TABLE\n", "roff": "DISABLE_HEARTBEAT_TABLE\n", "rno": ""}

// TestHeartbeatsAreSwitched: with DISABLE_HEARTBEAT_TABLE an Extract sends no heartbeats and
// a Replicat enters none, while others of the home do. What a group's own file says counts
// before GLOBALS.
func TestHeartbeatsAreSwitched(t *testing.T) {
	for globals, plain := range map[string]bool{"": true, "DISABLE_HEARTBEAT_TABLE": false,
		"DISABLE_HEARTBEAT_TABLE\nENABLE_HEARTBEAT_TABLE": true} {
		t.Run(globals, func(t *testing.T) {
			h := rig.NewHome(t, bin)
			h.Write("GLOBALS", globals+"\n")
			count := switchedGroups(t, h)
			want := map[string]bool{"XON ==> RON": true, "XON ==> ROFF": false, "XON ==> RNO": plain,
				"XOFF ==> BXOFF": false, "XNO ==> BXNO": plain}
			for path, comes := range want {
				if comes {
					rig.Until(t, "heartbeats by "+path, func() (bool, string) {
						return count(path) >= 3, h.Logs()
					})
				}
			}
			for _, r := range []string{"roff", "rno", "bxoff", "bxno"} {
				rig.Until(t, r+" to be at the end", func() (bool, string) {
					out := h.Run("send replicat " + r + ", logend")
					return strings.Contains(out, "YES"), out
				})
			}
			for path, comes := range want {
				if got := count(path) > 0; got != comes {
					t.Errorf("heartbeats by %s have come: %v, not %v\n%s", path, got, comes, h.Logs())
				}
			}
			h.Run("stop er *", "stop mgr !")
		})
	}
}

// switchedGroups starts the groups, each Extract at a source of its own, and gives a count
// of the heartbeats that came by a path.
func switchedGroups(t *testing.T, h *rig.Home) (count func(path string) int) {
	d := servers.Database(t, "sqlite", h.Dir, "swtgt")
	d.Exec(t, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
	h.Run("start mgr", "dblogin sourcedb "+d.Login, "add heartbeattable, targetonly", "add checkpointtable main.chk")
	extract := func(name string) {
		s := servers.Database(t, "sqlite", h.Dir, "sw"+name)
		s.Exec(t, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
		h.Write("dirprm/"+name+".prm", fmt.Sprintf("EXTRACT %s\n%sSOURCEDB %s\nEXTTRAIL ./dirdat/%s\nTABLE main.t;\n",
			name, switched[name], s.Login, name[1:3]))
		h.Run("dblogin sourcedb "+s.Login, "add heartbeattable, frequency 1", "add trandata main.t",
			"add extract "+name+", tranlog, begin now", "add exttrail ./dirdat/"+name[1:3]+", extract "+name)
	}
	replicat := func(name, own, from string) {
		h.Write("dirprm/"+name+".prm", fmt.Sprintf("REPLICAT %s\n%sTARGETDB %s\nMAP main.t, TARGET main.t;\n",
			name, own, d.Login))
		h.Run("dblogin sourcedb "+d.Login,
			"add replicat "+name+", exttrail ./dirdat/"+from[1:3]+", checkpointtable main.chk")
	}
	for _, x := range []string{"xon", "xoff", "xno"} {
		extract(x)
	}
	for _, r := range []string{"ron", "roff", "rno"} {
		replicat(r, switched[r], "xon")
	}
	for _, x := range []string{"xoff", "xno"} {
		replicat("b"+x, "ENABLE_HEARTBEAT_TABLE\n", x)
	}
	h.Run("start er *")
	return func(path string) (n int) {
		t.Helper()
		err := d.DB.QueryRow("SELECT COUNT(*) FROM GG_HEARTBEAT_HISTORY WHERE INCOMING_PATH = ?", path).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}
