package replicat

import (
	"slices"
	"strings"
	"testing"
)

// A FILTER's own error is met by REPERROR as one of the database is.
func TestRepErrorMeetsTheErrorThatAFilterRaises(t *testing.T) {
	const maps = "MAP hr.*, TARGET tg.*, FILTER (v <> 'bad', RAISEERROR 77);\n"
	f := newFixture(t, "TARGETDB sqlite:x.db\nREPERROR (77, DISCARD)\n"+maps)
	f.txn(insert(1, "a"), insert(2, "bad"), insert(3, "c"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if want := []string{"insert 1 [1 a]", "insert 3 [3 c]"}; !slices.Equal(f.s.log, want) {
		t.Errorf("got %q", f.s.log)
	}
	has(t, f.report(), "discards:         1")
	has(t, f.file(f.home.Discard("R", -1)), "Discarded record from action DISCARD on error 77",
		"does not pass the FILTER that raises error 77", "id = 2", "v = bad")

	f = newFixture(t, "TARGETDB sqlite:x.db\nREPERROR (77, IGNORE)\n"+maps)
	f.txn(insert(1, "bad"), insert(2, "b"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	has(t, f.report(), "ignores:         1")

	f = newFixture(t, "TARGETDB sqlite:x.db\nREPERROR (78, DISCARD)\n"+maps)
	f.txn(insert(1, "a"), insert(2, "bad"))
	f.start()
	has(t, f.abended().Error(), "OGG-01296")
	has(t, f.file(f.home.Discard("R", -1)), "action ABEND on error 77")
}

// Transactions are left out by their tag, and the checkpoint is behind them.
func TestTransactionsAreLeftOutByTheirTag(t *testing.T) {
	for _, c := range []struct{ params, want string }{
		{"EXCLUDETAG blue\n", "insert 1 [1 a] insert 3 [3 a]"},
		{"EXCLUDETAG +\n", "insert 1 [1 a]"}, {"EXCLUDETAG NULL\n", "insert 2 [2 a] insert 3 [3 a]"},
		{"INCLUDETAG red\n", "insert 3 [3 a]"},
	} {
		f := newFixture(t, c.params+"TARGETDB sqlite:x.db\nMAP hr.*, TARGET tg.*;\n")
		for i, tag := range []string{"", "blue", "red"} {
			f.tag = tag
			f.txn(insert(i+1, "a"))
		}
		for range 2 { // the second run finds nothing new
			f.start()
			f.s.wait(f.s.at(3))
			f.stop()
			if got := strings.Join(f.s.log, " "); got != c.want {
				t.Errorf("%s: got %s, want %s", c.params, got, c.want)
			}
		}
	}
}

// What a condition cannot decide on is discarded with a warning, whatever REPERROR
// says of errors.
func TestAnUndecidedConditionDiscardsTheRecord(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nMAP hr.*, TARGET tg.*, WHERE (v = 'a');\n")
	f.txn(insert(1, "a"), remove(1), insert(2, "b"))
	f.txn(insert(3, "a"))
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	if want := []string{"insert 1 [1 a]", "insert 3 [3 a]"}; !slices.Equal(f.s.log, want) {
		t.Errorf("got %q", f.s.log)
	}
	has(t, f.report(), "WARNING OGG-03019  A record of table hr.emp is discarded: WHERE needs v",
		"discards:         1")
}

// @GETENV tells of the transaction, the trail and the target.
func TestGetEnvTellsWhatTheReplicatKnows(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{"@GETENV ('TRANSACTION', 'CSN')", "1"},
		{"@GETENV ('GGHEADER', 'TRANSACTIONINDICATOR')", "WHOLE"},
		{"@GETENV ('GGENVIRONMENT', 'GROUPNAME')", "R"},
		{"@GETENV ('GGENVIRONMENT', 'GROUPTYPE')", "REPLICAT"},
		{"@GETENV ('GGHEADER', 'OBJECTNAME')", "hr.emp"},
		{"@GETENV ('GGFILEHEADER', 'FILENAME')", "lt000000000"},
		{"@GETENV ('RECORD', 'FILESEQNO')", "0"},
		{"@GETENV ('STATS', 'INSERT')", "0"},
		{"@GETENV ('STATS', 'TABLE', 'hr.emp', 'DISCARDS')", "0"},
		{"@GETENV ('STATS', 'CDR_CONFLICTS')", "0"},
		{"@GETENV ('GGFILEHEADER', 'FILESEQNO')", "0"},
		{"@GETENV ('GGFILEHEADER', 'CHARSET')", "UTF-8"},
		{"@GETENV ('GGFILEHEADER', 'LASTXID')", "-"},
		{"@GETENV ('RECSOUTPUT')", "0"},
	} {
		f := newFixture(t, "TARGETDB sqlite:x.db\nMAP hr.emp, TARGET tg.emp, COLMAP (id = id, v = "+
			c.call+");\n")
		f.txn(insert(1, "a"))
		f.start()
		f.s.wait(f.s.at(1))
		f.stop()
		if got := strings.Join(f.s.log, " "); got != "insert 1 [1 "+c.want+"]" {
			t.Errorf("%s: got %s", c.call, got)
		}
	}
}
