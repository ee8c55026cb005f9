package parameters

import (
	"path/filepath"
	"strings"
	"testing"

	"ggsh/tests/rig"
)

const reported = `COMMENT MAP main.a, TARGET main.nowhere;
SETENV (GGSH_TEST_WORD = "from the file")
GETENV (GGSH_TEST_WORD)
NOLIST
REPERROR (DEFAULT, ABEND)
LIST
REPORTCOUNT EVERY 2 RECORDS
INCLUDE ./dirprm/maps.inc
OBEY ./dirprm/more.oby`

// TestTheReportShowsWhatItIsTold: texts of other files count as if they stood in the file, and
// a remark does not; variables are set and shown; what NOLIST hides is not in the report.
func TestTheReportShowsWhatItIsTold(t *testing.T) {
	h := rig.NewHome(t, bin)
	h.Write("dirprm/maps.inc", "MAP main.a, TARGET main.a, COLMAP (USEDEFAULTS, v = @GETENV ('OSVARIABLE', 'GGSH_TEST_WORD'));\n")
	h.Write("dirprm/more.oby", "MAP main.b, TARGET main.b;\n")
	c := replication{replicat: reported, work: "INSERT INTO a VALUES (1, 'x', 1)\nINSERT INTO b VALUES (1, 'y', 1)"}
	target := c.play(t, h)
	arrive(t, h, target)
	h.Run("stop er *", "stop mgr !")
	for table, want := range map[string]string{"a": `"1","from the file","1"`, "b": `"1","y","1"`} {
		rows, err := target.Rows(table)
		if err != nil || len(rows) != 1 || rows[0] != want {
			t.Errorf("%s has %v (%v), not %s", table, rows, err, want)
		}
	}
	report := h.Read("dirrpt/R.rpt")
	for text, there := range map[string]bool{"GGSH_TEST_WORD = from the file": true, "REPORTCOUNT EVERY 2": true,
		"records processed as of": true, "REPERROR": false} {
		if strings.Contains(report, text) != there {
			t.Errorf("%q is in the report: %v\n%s", text, !there, report)
		}
	}
}

// TestNoDiscardFileWritesNone: the row that is discarded is counted and nothing more.
func TestNoDiscardFileWritesNone(t *testing.T) {
	for params, there := range map[string]bool{"": true, "NODISCARDFILE\n": false} {
		h := rig.NewHome(t, bin)
		c := replication{replicat: params + "REPERROR (DEFAULT, DISCARD)\nMAP main.a, TARGET main.a;",
			before: "INSERT INTO a VALUES (1, 'there', 7)", work: "INSERT INTO a VALUES (1, 'x', 1)"}
		arrive(t, h, c.play(t, h))
		h.Run("stop er *", "stop mgr !")
		files, err := filepath.Glob(filepath.Join(h.Dir, "dirrpt", "*.dsc"))
		if err != nil || (len(files) > 0) != there {
			t.Errorf("%q: discard files %v (%v)", params, files, err)
		}
	}
}
