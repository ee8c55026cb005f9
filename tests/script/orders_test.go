package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

// TestOrdersToGroups gives the orders that name all groups at once or no kind of group, and
// those that move a group, to processes that run; each is known by what it leaves.
func TestOrdersToGroups(t *testing.T) {
	h := rig.NewHome(t, bin)
	source, target := rig.NewDatabase(t, "sqlite", h.Dir, "src"), rig.NewDatabase(t, "sqlite", h.Dir, "tgt")
	for _, d := range []*rig.Database{source, target} {
		d.Exec(t, "CREATE TABLE emp (id INTEGER PRIMARY KEY)")
	}
	h.Write("dirprm/eemp.prm", "EXTRACT eemp\nSOURCEDB "+source.Login+"\nEXTTRAIL ./dirdat/lt\nTABLE main.emp;\n")
	h.Write("dirprm/remp.prm", "REPLICAT remp\nTARGETDB "+target.Login+"\nMAP main.emp, TARGET main.emp;\n")
	h.Run("start mgr", "dblogin sourcedb "+source.Login, "add trandata main.emp",
		"add extract eemp, tranlog, begin now", "add exttrail ./dirdat/lt, extract eemp",
		"dblogin sourcedb "+target.Login, "add checkpointtable main.chk",
		"add replicat remp, exttrail ./dirdat/lt, checkpointtable main.chk", "start er *")
	says := func(command string, want ...string) {
		t.Helper()
		rig.Until(t, command+" to say "+strings.Join(want, ", "), func() (bool, string) {
			out := h.Run(command)
			for _, w := range want {
				if !strings.Contains(out, w) {
					return false, out
				}
			}
			return true, ""
		})
	}
	source.Exec(t, "INSERT INTO emp VALUES (1), (2)")
	rig.WaitEqual(t, source, target, h.Logs, "emp")
	says("status manager", "Manager is running")
	says("status er *", "EXTRACT EEMP: RUNNING", "REPLICAT REMP: RUNNING")
	says("info er *", "Last Started", "EEMP", "REMP")
	says("lag er *", "Sending GETLAG request to EXTRACT EEMP", "Sending GETLAG request to REPLICAT REMP", "At EOF")
	says("send er *, logend", "EXTRACT EEMP", "REPLICAT REMP", "YES")
	says("stats er *", "Extracting from main.emp", "Replicating from main.emp", "Total inserts")
	says("status replicat remp", "REPLICAT REMP: RUNNING")
	says("status remp", "REPLICAT REMP: RUNNING")
	says("info eemp", "EXTRACT    EEMP", "Status RUNNING")
	says("lag remp", "At EOF")
	says("send remp, status", "REPLICAT REMP")
	says("stats remp", "Replicating from main.emp")
	killed(t, h)
	repositioned(t, h, target)
	h.Run("cleanup eemp", "cleanup extract eemp", "cleanup replicat remp")
	tidied(t, h, target)
	h.Run("dblogin sourcedb "+target.Login, "delete remp", "delete extract eemp")
	if out := h.Run("info all"); strings.Contains(out, "REMP") || strings.Contains(out, "EEMP") {
		t.Errorf("deleted groups are there:\n%s", out)
	}
	h.Run("stop mgr !")
}

// killed kills by each form of KILL; the process is gone at once and the group STOPPED.
func killed(t *testing.T, h *rig.Home) {
	for _, kill := range []string{"kill replicat remp", "kill remp", "kill er *"} {
		if h.Run(kill); h.PID("REMP") != 0 || len(h.Processes("replicat")) != 0 {
			t.Errorf("%s leaves a process", kill)
		}
		h.WaitState("remp", "STOPPED")
		h.Run("start remp")
		h.WaitState("remp", "RUNNING")
	}
	h.WaitState("eemp", "STOPPED") // by KILL ER
	h.Run("start eemp", "stop remp")
	h.WaitState("remp", "STOPPED")
}

// repositioned sends a Replicat back to the begin of the trail, where rows are that the
// target has lost, and an Extract to a new trail file.
func repositioned(t *testing.T, h *rig.Home, target *rig.Database) {
	target.Exec(t, "DELETE FROM emp")
	h.Run("dblogin sourcedb "+target.Login, "alter replicat remp, extseqno 0, extrba 0", "start replicat remp")
	rig.Until(t, "the rows to be applied again", func() (bool, string) {
		rows, err := target.Rows("emp")
		return err == nil && len(rows) == 2, h.Logs()
	})
	h.Run("stop eemp", "stop er *")
	h.WaitState("eemp", "STOPPED")
	h.WaitState("remp", "STOPPED")
	h.Run("alter eemp, begin now", "alter extract eemp, etrollover", "start eemp")
	next := filepath.Join(h.Dir, "dirdat", "lt000000001")
	rig.Until(t, "a new trail file", func() (bool, string) {
		files, err := filepath.Glob(next)
		return err == nil && len(files) == 1, h.Logs()
	})
	h.Run("stop eemp")
	h.WaitState("eemp", "STOPPED")
}

// tidied has the checkpoint table forget a group whose checkpoint file is lost, and no other.
func tidied(t *testing.T, h *rig.Home, target *rig.Database) {
	h.Write("dirprm/rold.prm", strings.ReplaceAll(h.Read("dirprm/remp.prm"), "REPLICAT remp", "REPLICAT rold"))
	h.Run("dblogin sourcedb "+target.Login, "add replicat rold, exttrail ./dirdat/lt, extseqno 1, checkpointtable main.chk",
		"start rold")
	groups := func(want string) (bool, string) {
		now, err := query(target.DB, "SELECT group_name FROM chk ORDER BY 1")
		return err == nil && strings.TrimSpace(now) == want, now
	}
	rig.Until(t, "both rows", func() (bool, string) { return groups("REMP ROLD") })
	h.Run("stop rold")
	h.WaitState("rold", "STOPPED")
	files, err := filepath.Glob(filepath.Join(h.Dir, "dirchk", "ROLD.*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("checkpoint files %v (%v)", files, err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	h.Run("dblogin sourcedb "+target.Login, "cleanup checkpointtable main.chk")
	if ok, now := groups("REMP"); !ok {
		t.Errorf("the table has %s", now)
	}
}
