package replicat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/handler"
)

func TestAppliesInOrderAndStops(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"), insert(2, "b"))
	f.txn(update(1, "c"), remove(2))
	f.start()
	f.s.wait(f.s.at(2))
	f.txn(insert(3, "d"))
	f.s.wait(f.s.at(3))
	f.stop()
	want := []string{"insert 1 [1 a]", "insert 2 [2 b]", "update 1 [1 c]", "delete 2 []", "insert 3 [3 d]"}
	if !slices.Equal(f.s.log, want) {
		t.Errorf("got %q", f.s.log)
	}
	has(t, f.report(), `Wildcard MAP resolved (entry hr.*): MAP "hr"."emp", TARGET "tg"."emp"`,
		"Using the following key columns for target table tg.emp: id",
		"Using following columns in default map by name: id, v", "Loaded handler fake",
		"REPLICAT R stopped normally", "inserts:         3")
	doc := f.document()
	if doc.State.Stopped != checkpoint.Graceful || doc.State.Current.CSN.Minor != 3 ||
		doc.State.Ordered {
		t.Errorf("checkpoint file %+v", doc.State)
	}
}

func TestGroupsWholeTransactions(t *testing.T) {
	f := newFixture(t, "GROUPTRANSOPS 4\n"+plainParams)
	for i := range 4 {
		f.txn(insert(3*i, "a"), insert(3*i+1, "b"), insert(3*i+2, "c"))
	}
	f.start()
	f.s.wait(f.s.at(4))
	f.stop()
	if got := fmt.Sprint(f.s.batches); got != "[[3 6] [3 6]]" {
		t.Errorf("batches end at %s", got)
	}
}

func TestRestartsExactlyOnceWhereverItIsCutOff(t *testing.T) {
	for cut := range 12 {
		f := newFixture(t, "GROUPTRANSOPS 2\n"+plainParams)
		for i := range 5 {
			f.txn(insert(2*i, "a"), update(2*i, "b"))
		}
		left := cut
		f.s.fail = func(_ *server, _ *handler.Batch, _ bool) error {
			left--
			if left == -1 {
				return &handler.ApplyError{Class: handler.Setup, Op: -1, Text: "cut off"}
			}
			return nil
		}
		f.start()
		if cut < 10 {
			has(t, f.abended().Error(), "cut off")
			f.start()
		}
		f.s.wait(f.s.at(5))
		f.stop()
		if len(f.s.log) != 10 || len(f.s.rows) != 5 {
			t.Errorf("cut %d: %d operations, %d rows: %q", cut, len(f.s.log), len(f.s.rows), f.s.log)
		}
	}
}

func TestConnectionLossIsSurvivedWithoutApplyingTwice(t *testing.T) {
	for _, after := range []bool{false, true} {
		f := newFixture(t, plainParams)
		f.txn(insert(1, "a"))
		lost := 0
		f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
			if applied == after && lost < 3 {
				lost++
				return &handler.ApplyError{Class: handler.Connection, Op: -1, Text: "gone away"}
			}
			return nil
		}
		f.start()
		f.s.wait(f.s.at(1))
		f.txn(insert(2, "b"), insert(3, "c"))
		f.s.wait(f.s.at(2))
		f.txn(insert(4, "d"))
		f.s.wait(f.s.at(3))
		f.stop()
		if len(f.s.log) != 4 || f.s.opens != 4 {
			t.Errorf("after commit %v: %d opens, %q", after, f.s.opens, f.s.log)
		}
		has(t, f.report(), "cannot be reached, trying again: gone away", "is reached again")
	}
}

func TestBadRowLetsGoodTransactionsLandThenAbends(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"))
	f.txn(insert(3, "c"), insert(1, "twice"), insert(4, "d"))
	f.txn(insert(5, "e"))
	f.start()
	has(t, f.abended().Error(), "OGG-01296", "Error mapping from hr.emp to tg.emp")
	if got := strings.Join(f.s.log, "; "); got != "insert 1 [1 a]; insert 2 [2 b]" {
		t.Errorf("applied %s", got)
	}
	has(t, f.report(), "OGG-01004", "OGG-01003  Repositioning to rba", "OGG-01154  SQL error 1062 mapping hr.emp to tg.emp",
		"OGG-01296", "OGG-01668  PROCESS ABENDING", "discards:         1")
	has(t, f.file(f.home.Discard("R", -1)), "Discarded record from action ABEND on error 1062",
		"refused, SQL <STATEMENT OF tg.emp>", "Aborting transaction on", "error at seqno 0 rba",
		"Problem replicating hr.emp to tg.emp", "Error occurred with insert record (target format)...",
		"*\nid = 1\nv = twice\n*\n", "Process Abending : ")
	if f.document().State.Stopped != checkpoint.Abended {
		t.Error("the checkpoint file does not say that the run abended")
	}
	f.s.mu.Lock()
	delete(f.s.rows, "tg.emp 1")
	f.s.mu.Unlock()
	f.start()
	f.s.wait(f.s.at(4))
	f.stop()
	if len(f.s.log) != 6 {
		t.Errorf("after repair %q", f.s.log)
	}
}

func TestRepErrorLetsRowsPass(t *testing.T) {
	f := newFixture(t, "REPERROR (DEFAULT, DISCARD)\nREPERROR (1403, IGNORE)\n"+plainParams)
	f.txn(insert(1, "a"), insert(1, "twice"), update(9, "x"))
	f.txn(insert(2, "b"), remove(-1))
	f.start()
	f.s.wait(f.s.at(2))
	f.idle()
	reply := f.order(control.Stats)
	c := reply.Stats.Tables[0].Total.Counts
	if c.Inserts != 2 || c.Discards != 1 || c.Ignores != 2 || c.Updates != 0 || c.Deletes != 0 {
		t.Errorf("counts %+v", c)
	}
	f.stop()
	text := f.file(f.home.Discard("R", -1))
	has(t, text, "action DISCARD on error 1062", "v = twice")
	if strings.Count(text, "Discarded record") != 1 {
		t.Errorf("discard file\n%s", text)
	}
}

func TestMaxDiscardRecordsEndsTheRun(t *testing.T) {
	f := newFixture(t, "MAXDISCARDRECS 2\nREPERROR (DEFAULT, DISCARD)\n"+plainParams)
	f.txn(insert(1, "a"), insert(1, "b"), insert(1, "c"))
	f.txn(insert(1, "d"))
	f.start()
	has(t, f.abended().Error(), "3 records were discarded, MAXDISCARDRECS is 2")
}

func TestTransDiscardAndRetry(t *testing.T) {
	f := newFixture(t, "REPERROR (1062, TRANSDISCARD)\nREPERROR (1403, RETRYOP MAXRETRIES 3)\n"+plainParams)
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"), insert(1, "twice"))
	f.start()
	f.s.wait(f.s.at(2))
	if got := strings.Join(f.s.log, "; "); got != "insert 1 [1 a]" {
		t.Errorf("applied %s", got)
	}
	f.txn(update(7, "x"))
	has(t, f.abended().Error(), "Error mapping from hr.emp")
	has(t, f.file(f.home.Discard("R", -1)), "TRANSDISCARD on error 1062", "v = b", "v = twice", "ABEND on error 1403")
	has(t, f.report(), "Trying again after error 1403: refused (attempt 3)")
}

func TestCollisionsAreSwitchedByOrder(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(1))
	f.order(control.Collisions, "hr.e*")
	f.txn(insert(1, "again"))
	f.s.wait(f.s.at(2))
	f.order(control.NoCollide)
	f.txn(insert(1, "no more"))
	has(t, f.abended().Error(), "Error mapping")
	has(t, f.report(), "insert collisions:         1")
}

func TestConflictIsTriedAgain(t *testing.T) {
	f := newFixture(t, plainParams)
	f.txn(insert(1, "a"))
	tries := 0
	f.s.fail = func(_ *server, _ *handler.Batch, applied bool) error {
		if tries++; tries <= 2 {
			return &handler.ApplyError{Class: handler.Conflict, Op: -1, Code: 1213, Text: "deadlock"}
		}
		return nil
	}
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if f.s.opens != 1 || len(f.s.log) != 1 {
		t.Errorf("%d opens, %q", f.s.opens, f.s.log)
	}
}
