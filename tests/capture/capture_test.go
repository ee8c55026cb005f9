// Package capture has whole programs read real databases and looks into their trails:
// which transactions, operations and images parameters have an Extract take or leave.
//
// Its law: what a parameter leaves out is not in the trail, and all else is.
package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/record"
	"ggsh/tests/rig"
	"ggsh/trail"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// operations gives what a home's trail holds, an operation a line.
func operations(t *testing.T, h *rig.Home, prefix string) []string {
	t.Helper()
	r, err := trail.OpenReader(trail.Name{Dir: filepath.Join(h.Dir, "dirdat"), Prefix: prefix,
		Digits: 9}, trail.Position{}, trail.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []string
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		var op record.Op
		if rec.Table == nil || rec.Type != trail.TypeOp || record.DecodeOp(rec.Body, &op) != nil {
			continue
		}
		out = append(out, rec.Table.Name+" "+strings.ToLower(op.Type.String())+
			shown(t, rec.Table, "before", op.Before)+shown(t, rec.Table, "after", op.After))
	}
}

// shown gives the values of an image, without those that it does not carry.
func shown(t *testing.T, def *record.TableDef, name string, image record.Image) string {
	t.Helper()
	if image == nil {
		return ""
	}
	values, err := image.Values(nil, len(def.Columns))
	if err != nil {
		t.Fatal(err)
	}
	s := " " + name
	for i, v := range values {
		if v.Kind != record.Missing {
			s += fmt.Sprintf(" %s=%s", def.Columns[i].Name, v.Text(nil, -1))
		}
	}
	return s
}

// waitFor waits until a trail holds a line, and gives all of them.
func waitFor(t *testing.T, h *rig.Home, prefix, line string) []string {
	t.Helper()
	var all []string
	rig.Until(t, line+" in trail "+prefix, func() (bool, string) {
		if files, err := filepath.Glob(filepath.Join(h.Dir, "dirdat", prefix+"*")); err != nil ||
			len(files) == 0 {
			return false, "no trail\n" + h.Logs()
		}
		all = operations(t, h, prefix)
		for _, l := range all {
			if l == line {
				return true, ""
			}
		}
		return false, strings.Join(all, "\n") + "\n" + h.Logs()
	})
	return all
}

const beforesFile = `EXTRACT ebef
SOURCEDB %s
NOCOMPRESSDELETES
EXTTRAIL ./dirdat/lt
TABLE %[2]s.akey, GETBEFORECOLS (ON UPDATE KEY, ON DELETE KEY);
TABLE %[2]s.bmod, GETBEFORECOLS (ON UPDATE KEYANDMOD);
TABLE %[2]s.cinc, GETBEFORECOLS (ON UPDATE KEYINCLUDING (v), ON DELETE KEYINCLUDING (w));
TABLE %[2]s.dexc, GETBEFORECOLS (ON UPDATE ALLEXCLUDING (v), ON DELETE ALLEXCLUDING (w));
TABLE %[2]s.eall, GETBEFORECOLS (ON UPDATE ALL, ON DELETE ALL);
TABLE %[2]s.last;
`

var beforesWanted = []string{
	"akey update before id=1 after id=1 w=5", "akey delete before id=1",
	"bmod update before id=1 w=2 after id=1 w=5", "bmod delete before id=1 v=one w=5",
	"cinc update before id=1 v=one after id=1 w=5", "cinc delete before id=1 w=5",
	"dexc update before id=1 w=2 after id=1 w=5", "dexc delete before id=1 v=one",
	"eall update before id=1 v=one w=2 after id=1 w=5", "eall delete before id=1 v=one w=5",
}

// TestBeforeImages: the before images that GETBEFORECOLS orders, and no others, reach the
// trail, and a data pump that says nothing of images passes them.
func TestBeforeImages(t *testing.T) {
	for _, kind := range []string{"mariadb", "mysql", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := rig.NewHome(t, bin)
			db := servers.Database(t, kind, h.Dir, "befores")
			tables := []string{"akey", "bmod", "cinc", "dexc", "eall", "last"}
			for _, name := range tables {
				db.Exec(t, "CREATE TABLE "+name+" (id INTEGER NOT NULL PRIMARY KEY, v VARCHAR(20), w INTEGER)")
			}
			h.Write("dirprm/ebef.prm", fmt.Sprintf(beforesFile, db.Login, db.Schema))
			h.Write("dirprm/pbef.prm", fmt.Sprintf("EXTRACT pbef\nRMTHOST 127.0.0.1, MGRPORT %d\n"+
				"RMTTRAIL ./dirdat/rt\nTABLE %s.*;\n", h.Port, db.Schema))
			h.Run("start mgr", "dblogin sourcedb "+db.Login, "add trandata "+db.Schema+".*",
				"add extract ebef, tranlog, begin now", "add exttrail ./dirdat/lt, extract ebef",
				"add extract pbef, exttrailsource ./dirdat/lt", "add rmttrail ./dirdat/rt, extract pbef",
				"start extract *")
			h.WaitState("ebef", "RUNNING")
			for _, name := range tables {
				db.Exec(t, "INSERT INTO "+name+" VALUES (1, 'one', 2)",
					"UPDATE "+name+" SET w = 5 WHERE id = 1", "DELETE FROM "+name+" WHERE id = 1")
			}
			for _, prefix := range []string{"lt", "rt"} {
				got := strings.Join(waitFor(t, h, prefix, "last delete before id=1 v=one w=5"), "\n")
				for _, want := range beforesWanted {
					if !strings.Contains("\n"+got+"\n", "\n"+want+"\n") {
						t.Errorf("%s: no %s in\n%s", prefix, want, got)
					}
				}
			}
		})
	}
}
