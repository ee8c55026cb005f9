package replicat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ggsh/handler"
)

func TestStatementsRunAtStartAndAtTheEnd(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nSQLEXEC 'first'\nSQLEXEC 'last' ONEXIT\n"+
		"SQLEXEC 'bad one' ERROR REPORT\nSQLEXEC 'second'\nMAP hr.*, TARGET tg.*;\n")
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if want := []string{"0 first", "0 bad one", "0 second", "1 last"}; !slices.Equal(f.s.queries, want) {
		t.Errorf("%q", f.s.queries)
	}
	has(t, f.report(), "SQLEXEC: 1 rows: first", "SQLEXEC: error 1064: no SQL")
}

func TestAStatementThatFailsEndsTheRun(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nSQLEXEC 'bad one'\nMAP hr.*, TARGET tg.*;\n")
	f.start()
	has(t, f.abended().Error(), "r.prm:3:1:", "SQLEXEC: error 1064: no SQL")
}

func TestStatementsOfASchedule(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nSQLEXEC 'step' EVERY 1 SECONDS\nMAP hr.*, TARGET tg.*;\n")
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(func() bool { return len(f.s.queries) >= 2 })
	f.stop()
	if f.s.queries[0] != "1 step" {
		t.Errorf("%q", f.s.queries)
	}
}

// A session that is opened anew is set up anew.
func TestStatementsOfTheStartSetUpEachSession(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nSQLEXEC 'set up'\nMAP hr.*, TARGET tg.*;\n")
	f.txn(insert(1, "a"))
	lost := false
	f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
		if !lost {
			lost = true
			return gone()
		}
		return nil
	}
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if want := []string{"0 set up", "0 set up"}; !slices.Equal(f.s.queries, want) {
		t.Errorf("%q", f.s.queries)
	}
}

func TestStatementsNeedATargetWithSQL(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nSQLEXEC 'step' ONEXIT\nMAP hr.*, TARGET tg.*;\n")
	f.s.plain = true
	f.start()
	has(t, f.abended().Error(), "handler fake knows no SQL")
}

// A query that fails is passed over, raised for REPERROR or ends the run, as ERROR
// says; whatever it is, the transaction's earlier rows are applied once.
func TestQueriesThatFail(t *testing.T) {
	const maps = "TARGETDB sqlite:x.db\nREPERROR (1064, DISCARD)\nMAP hr.*, TARGET tg.*, SQLEXEC (ID q, " +
		"QUERY 'bad', PARAMS (p = id)%s), COLMAP (id = id, v = @IF (@COLTEST (q.x, MISSING), 'none', 'x'));\n"
	for option, want := range map[string]string{
		"":               "insert 1 [1 none]; insert 2 [2 none]",
		", ERROR REPORT": "insert 1 [1 none]; insert 2 [2 none]",
		", ERROR RAISE":  "",
		", ERROR FINAL":  "",
	} {
		f := newFixture(t, fmt.Sprintf(maps, option))
		f.txn(insert(1, "a"), insert(2, "b"))
		f.start()
		f.s.wait(f.s.at(1))
		f.idle()
		if c := f.counts("tg.emp"); want == "" && c.Discards != 2 {
			t.Errorf("%s: %+v", option, c)
		}
		f.stop()
		if got := strings.Join(f.s.log, "; "); got != want {
			t.Errorf("%s: %s", option, got)
		}
	}
	f := newFixture(t, fmt.Sprintf(maps, ", ERROR FATAL"))
	f.txn(insert(1, "a"))
	f.start()
	has(t, f.abended().Error(), "r.prm:4:", "SQLEXEC q: error 1064: no SQL")
}

func TestAnswersHoldAsLongAsExecSays(t *testing.T) {
	for option, want := range map[string]int{"": 4, ", EXEC MAP": 4, ", EXEC SOURCEROW": 4,
		", EXEC TRANSACTION": 2, ", EXEC ONCE": 1} {
		f := newFixture(t, "TARGETDB sqlite:x.db\nMAP hr.*, TARGET tg.*, SQLEXEC (ID q, QUERY "+
			"'SELECT ?', PARAMS (p = id)"+option+");\n")
		f.txn(insert(1, "a"), insert(2, "b"), insert(3, "c"))
		f.txn(insert(4, "d"))
		f.start()
		f.s.wait(f.s.at(2))
		f.stop()
		if len(f.s.queries) != want || len(f.s.log) != 4 {
			t.Errorf("%s: %q, %q", option, f.s.queries, f.s.log)
		}
	}
}

// A verdict that comes when parts of the transaction are in the target already takes
// them back.
func TestAVerdictTakesBackTheParts(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nDISCARDFILE ./dirrpt/R.dsc, PURGE, MEGABYTES 200\n"+
		"REPERROR (77, TRANSDISCARD)\nMAP hr.*, TARGET tg.*, FILTER (v <> 'bad', RAISEERROR 77);\n")
	long := strings.Repeat("x", 1<<20)
	f.txn(insert(1, "a"))
	var ops [][]byte
	for i := range 20 {
		ops = append(ops, insert(2+i, long))
	}
	f.txn(append(ops, insert(50, "bad"))...)
	f.txn(insert(60, "b"))
	f.start()
	f.s.wait(f.s.at(3))
	f.idle()
	c := f.counts("tg.emp")
	f.stop()
	if c.Inserts != 2 || c.Discards != 21 || len(f.s.log) != 2 || f.s.opens != 2 {
		t.Errorf("%+v, %d in the log, %d opens", c, len(f.s.log), f.s.opens)
	}
}
