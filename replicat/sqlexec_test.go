package replicat

import (
	"slices"
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
