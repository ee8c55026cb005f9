package replicat

import (
	"context"
	"os"
	"strings"
	"testing"

	"ggsh/control"
)

func TestEventActions(t *testing.T) {
	const head = "TARGETDB sqlite:x.db\n"
	for _, c := range []struct{ name, maps, want, report string }{
		{"ignore", "MAP hr.*, TARGET tg.*, FILTER (id < 90), EVENTACTIONS (LOG);\n", "1 2 3 4 5",
			"OGG-30133  EVENTACTIONS LOG: a record of hr.emp"},
		{"event table", "TABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (LOG WARNING, REPORT);\n" +
			"MAP hr.emp, TARGET tg.emp;\n", "1 2 3 4 5", "WARNING OGG-30133"},
		{"ignore record", "MAP hr.emp, TARGET tg.emp, FILTER (v = 'x'), EVENTACTIONS (IGNORE);\n" +
			"ALLOWDUPTARGETMAP\nMAP hr.emp, TARGET tg.emp, FILTER (v <> 'x');\n", "1 2 4 5",
			"ignores:         1"},
		{"discard", "MAP hr.emp, TARGET tg.emp, FILTER (v = 'x'), EVENTACTIONS (DISCARD);\n" +
			"ALLOWDUPTARGETMAP\nMAP hr.emp, TARGET tg.emp, FILTER (v <> 'x');\n", "1 2 4 5",
			"discards:         1"},
		{"ignore transaction", "TABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (IGNORE TRANSACTION);\n" +
			"MAP hr.emp, TARGET tg.emp;\n", "1 5", "ignores:         3"},
		{"checkpoint", "TABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (CHECKPOINT BOTH, TRACE ./t.trc PURGE);\n" +
			"MAP hr.emp, TARGET tg.emp;\n", "1 2 3 4 5", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, head+c.maps)
			f.txn(insert(1, "a"))
			f.txn(insert(2, "b"), insert(3, "x"), insert(4, "d"))
			f.txn(insert(5, "e"))
			f.start()
			f.s.wait(f.s.at(3))
			f.stop()
			var got []string
			for _, l := range f.s.log {
				got = append(got, strings.Fields(l)[1])
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("applied %v, want %s", got, c.want)
			}
			has(t, f.report(), c.report)
		})
	}
}

// STOP ends the run behind the transaction of its record; the next one goes on there.
func TestAnEventStopsTheRunBehindItsTransaction(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nTABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (STOP);\n"+
		"MAP hr.emp, TARGET tg.emp;\n")
	f.txn(insert(1, "a"))
	f.txn(insert(2, "x"), insert(3, "c"))
	f.txn(insert(4, "d"))
	f.start()
	f.ended()
	if len(f.s.log) != 3 {
		t.Errorf("%q", f.s.log)
	}
	has(t, f.report(), "stopped normally")
	f.start()
	f.s.wait(f.s.at(3))
	f.stop()
	f.applied("insert 1 [1 a]", "insert 2 [2 x]", "insert 3 [3 c]", "insert 4 [4 d]")
}

// FORCESTOP ends it there too, and says so of a transaction with more records.
func TestForceStopAppliesTransactionsWhole(t *testing.T) {
	for _, c := range []struct {
		rows [][]byte
		said bool
	}{{[][]byte{insert(2, "x")}, false}, {[][]byte{insert(2, "x"), insert(3, "c")}, true}} {
		f := newFixture(t, "TARGETDB sqlite:x.db\nTABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (FORCESTOP);\n"+
			"MAP hr.emp, TARGET tg.emp;\n")
		f.txn(insert(1, "a"))
		f.txn(c.rows...)
		f.txn(insert(4, "d"))
		f.start()
		f.ended()
		if len(f.s.log) != 1+len(c.rows) || f.s.checkpoint.CSN.Minor != 2 {
			t.Errorf("%q up to %v", f.s.log, f.s.checkpoint)
		}
		if strings.Contains(f.report(), "is one of several of transaction") != c.said {
			t.Errorf("of %d rows: %s", len(c.rows), f.report())
		}
	}
}

const suspending = "TARGETDB sqlite:x.db\nTABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (SUSPEND);\n" +
	"MAP hr.emp, TARGET tg.emp;\n"

// suspended starts a run and waits until it is suspended behind transaction 2.
func suspended(t *testing.T) *fixture {
	f := newFixture(t, suspending)
	f.txn(insert(1, "a"))
	f.txn(insert(2, "x"), insert(3, "c"))
	f.txn(insert(4, "d"))
	f.start()
	f.s.wait(f.s.at(2))
	for !strings.HasPrefix(f.order(control.Status).Status.State, "Process is suspended") {
		continue
	}
	return f
}

// SUSPEND has what stands before and its own transaction durable, and nothing behind.
func TestSuspendWaitsForResume(t *testing.T) {
	f := suspended(t)
	f.s.wait(func() bool { return len(f.s.log) == 3 })
	if *f.order(control.LogEnd).Yes {
		t.Error("a suspended run says that all is applied")
	}
	f.order(control.Resume)
	f.s.wait(f.s.at(3))
	_, err := control.ToProcess(f.home.Socket("R")).Do(context.Background(),
		control.Request{Verb: control.Resume, From: "test"})
	if err == nil || !strings.Contains(err.Error(), "REPLICAT R is not suspended") {
		t.Errorf("RESUME of a run that is not suspended: %v", err)
	}
	f.stop()
	f.applied("insert 1 [1 a]", "insert 2 [2 x]", "insert 3 [3 c]", "insert 4 [4 d]")
	has(t, f.report(), "SEND REPLICAT R, RESUME goes on")
}

// STOP ends a suspended run; the next one goes on behind it and is not suspended again.
func TestStopEndsASuspendedRun(t *testing.T) {
	f := suspended(t)
	f.stop()
	if len(f.s.log) != 3 {
		t.Errorf("%q", f.s.log)
	}
	f.start()
	f.s.wait(f.s.at(3))
	f.stop()
	f.applied("insert 1 [1 a]", "insert 2 [2 x]", "insert 3 [3 c]", "insert 4 [4 d]")
}

// FORCESTOP by order ends it at once.
func TestForceStopEndsASuspendedRun(t *testing.T) {
	f := suspended(t)
	f.order(control.ForceStop)
	f.ended()
	if len(f.s.log) != 3 {
		t.Errorf("%q", f.s.log)
	}
}

func TestAnEventAbortsTheRunBeforeItsTransaction(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nTABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (ABORT);\n"+
		"MAP hr.emp, TARGET tg.emp;\n")
	f.txn(insert(1, "a"), insert(2, "x"))
	f.start()
	has(t, f.abended().Error(), "EVENTACTIONS ABORT: a record of hr.emp")
	f.applied()
}

func TestEventActionsThatAreNotDone(t *testing.T) {
	for action, want := range map[string]string{
		"ROLLOVER":                    "EVENTACTIONS ROLLOVER is known and not supported",
		"STOP, FORCESTOP":             "EVENTACTIONS FORCESTOP does not go together with STOP",
		"FORCESTOP, CHECKPOINT AFTER": "EVENTACTIONS FORCESTOP does not go together with CHECKPOINT AFTER",
		"SUSPEND, ABORT":              "EVENTACTIONS SUSPEND does not go together with ABORT",
	} {
		f := newFixture(t, "TARGETDB sqlite:x.db\nTABLE hr.emp, EVENTACTIONS ("+action+");\n"+
			"MAP hr.emp, TARGET tg.emp;\n")
		f.start()
		has(t, f.abended().Error(), "r.prm:3:", want)
	}
}

// A command runs in front of its record's transaction and behind all others, with values
// that are no part of it.
func TestACommandRunsBetweenTransactions(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\n"+
		"TABLE hr.emp, FILTER (id > 1 AND id < 5), EVENTACTIONS (SHELL ('echo \"$id:$v\" >> ran; echo done; "+
		"until test -e go; do sleep 0.01; done', VAR $id = id, VAR v = @STRCAT (v, '$(touch no)')));\n"+
		"MAP hr.emp, TARGET tg.emp;\n")
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"), insert(3, "'; touch no"))
	f.txn(insert(4, "NULL"))
	f.start()
	for f.order(control.Status).Status.State != "Running a command of EVENTACTIONS" {
		continue
	}
	f.applied("insert 1 [1 a]")
	if err := os.WriteFile(f.home.Join("go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.s.wait(f.s.at(3))
	f.stop()
	if got := f.file(f.home.Join("ran")); got != "2:b$(touch no)\n3:'; touch no$(touch no)\n4:\n" {
		t.Errorf("the command ran with %q", got)
	}
	if _, err := os.Stat(f.home.Join("no")); err == nil {
		t.Error("a value was executed")
	}
	has(t, f.report(), "SHELL> done", "the command for a record of hr.emp at 0:")
}

// A command that fails ends the run before its transaction, and runs again with the next.
func TestACommandThatFailsEndsTheRun(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\n"+
		"MAP hr.emp, TARGET tg.emp, EVENTACTIONS (SHELL 'echo >> ran; test -e go || exit 3');\n")
	f.txn(insert(1, "a"))
	f.start()
	has(t, f.abended().Error(), "the command for a record of hr.emp at 0:", "failed: exit status 3")
	f.applied()
	if err := os.WriteFile(f.home.Join("go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	f.applied("insert 1 [1 a]")
	if got := f.file(f.home.Join("ran")); got != "\n\n" {
		t.Errorf("it ran %d times", len(got))
	}
}

// The order to stop ends a command; nothing of its transaction is applied.
func TestStopEndsACommand(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\n"+
		"MAP hr.emp, TARGET tg.emp, FILTER (id = 1), EVENTACTIONS (SHELL 'exec sleep 1000');\n")
	f.txn(insert(1, "a"))
	f.start()
	for f.order(control.Status).Status.State != "Running a command of EVENTACTIONS" {
		continue
	}
	f.stop()
	f.applied()
}

// What else makes a transaction be read again does not have its commands run again.
func TestACommandRunsOnceInARun(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\n"+
		"TABLE hr.emp, FILTER (v = 'x'), EVENTACTIONS (SHELL 'echo >> ran', IGNORE TRANSACTION);\n"+
		"MAP hr.emp, TARGET tg.emp;\n")
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"), insert(3, "x"))
	f.txn(insert(4, "d"))
	f.start()
	f.s.wait(f.s.at(3))
	f.stop()
	f.applied("insert 1 [1 a]", "insert 4 [4 d]")
	if got := f.file(f.home.Join("ran")); got != "\n" {
		t.Errorf("it ran %d times", len(got))
	}
}
