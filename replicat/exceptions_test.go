package replicat

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/control"
	"ggsh/handler"
	"ggsh/record"
)

// exceptionFixture has a table of exceptions beside the target.
func exceptionFixture(t *testing.T, params string) *fixture {
	f := newFixture(t, "TARGETDB sqlite:x.db\n"+params)
	f.s.tables["tg.bad"] = &record.TableDef{ID: 9, Schema: "tg", Name: "bad",
		Key: []int{0, 1}, Columns: []record.ColumnDef{{Name: "id", Kind: record.Int, Type: "int", Nullable: true},
			{Name: "v", Kind: record.String, Type: "varchar(20)", Nullable: true},
			{Name: "err", Kind: record.String, Type: "varchar(200)", Nullable: true}}}
	return f
}

const (
	exceptionCols = `COLMAP (USEDEFAULTS, err = @STRCAT (@GETENV ('LASTERR', 'DBERRNUM'), ' ',
		@GETENV ('LASTERR', 'DBERRMSG'), ' ', @GETENV ('LASTERR', 'OPTYPE'), ' ',
		@GETENV ('LASTERR', 'ERRTYPE'), ' ', @GETENV ('TRANSACTION', 'CSN')))`
	exceptionsOnly = "MAP hr.emp, TARGET tg.emp;\nMAP hr.emp, TARGET tg.bad, EXCEPTIONSONLY, " +
		"INSERTALLRECORDS, " + exceptionCols + ";\n"
)

func (f *fixture) applied(want ...string) {
	f.t.Helper()
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if got := strings.Join(f.s.log, "; "); got != strings.Join(want, "; ") {
		f.t.Errorf("applied\n%s\nwant\n%s", strings.Join(f.s.log, "\n"), strings.Join(want, "\n"))
	}
}

func (f *fixture) counts(table string) control.Counts {
	f.t.Helper()
	for _, t := range f.order(control.Stats).Stats.Tables {
		if t.Target == table {
			return t.Total.Counts
		}
	}
	f.t.Fatalf("no statistics of %s", table)
	return control.Counts{}
}

func TestExceptionsTakeTheirTurnInTheSameTransaction(t *testing.T) {
	for name, params := range map[string]string{
		"EXCEPTIONSONLY": "REPERROR (1062, EXCEPTION)\n" + exceptionsOnly,
		"MAPEXCEPTION": "REPERROR (DEFAULT, EXCEPTION)\nMAP hr.*, TARGET tg.*, MAPEXCEPTION " +
			"(TARGET tg.bad, INSERTALLRECORDS, " + exceptionCols + ");\n",
		"in MAP": strings.Replace(exceptionsOnly, "TARGET tg.emp", "TARGET tg.emp, "+
			"REPERROR (RESET), REPERROR (1000-1100, EXCEPTION)", 1),
		"with a minus": "REPERROR (-1062, EXCEPTION)\n" + exceptionsOnly,
	} {
		t.Run(name, func(t *testing.T) {
			f := exceptionFixture(t, params)
			f.txn(insert(1, "a"))
			f.txn(insert(2, "b"), insert(1, "twice"), insert(3, "c"), insert(2, "again"))
			f.txn(insert(4, "d"))
			f.start()
			f.s.wait(f.s.at(3))
			f.idle()
			f.applied("insert 1 [1 a]", "insert 2 [2 b]", "insert 1 twice "+
				"[1 twice 1062 refused INSERT DB 2]", "insert 3 [3 c]", "insert 2 again "+
				"[2 again 1062 refused INSERT DB 2]", "insert 4 [4 d]")
			if c := f.counts("tg.emp"); c.Inserts != 4 || c.Exceptions != 2 || c.Discards != 0 {
				t.Errorf("%+v", c)
			}
			if c := f.counts("tg.bad"); c.Inserts != 2 {
				t.Errorf("%+v", c)
			}
			f.stop()
		})
	}
}

// Many exceptions in one group do not send its rest for each of them.
func TestManyExceptionsOfOneGroup(t *testing.T) {
	f := exceptionFixture(t, "REPERROR (1062, EXCEPTION)\n"+exceptionsOnly)
	f.txn(insert(0, "a"))
	var ops [][]byte
	for i := range 600 {
		if i < 300 {
			ops = append(ops, insert(0, fmt.Sprint("x", i)))
		} else {
			ops = append(ops, insert(i, "y"))
		}
	}
	f.txn(ops...)
	sent := 0
	f.s.fail = func(_ *server, b *handler.Batch, applied bool) error {
		if !applied {
			sent += b.Count
		}
		return nil
	}
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	if len(f.s.log) != 601 || sent > 601+300*(firstSlice+1)+300 {
		t.Errorf("%d operations, %d sent", len(f.s.log), sent)
	}
}

func TestExceptionsOfAGroupThatIsLostComeOnce(t *testing.T) {
	f := exceptionFixture(t, "REPERROR (1062, EXCEPTION)\n"+exceptionsOnly)
	f.txn(insert(1, "a"))
	f.txn(insert(1, "twice"), insert(2, "b"))
	failures := 0
	f.s.fail = func(_ *server, b *handler.Batch, applied bool) error {
		// Both the batch that holds the exception and its answer are lost once.
		if b.Count == 2 && failures < 2 && applied == (failures == 1) {
			failures++
			return gone()
		}
		return nil
	}
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	f.applied("insert 1 [1 a]", "insert 1 twice [1 twice 1062 refused INSERT DB 2]",
		"insert 2 [2 b]")
	if failures != 2 {
		t.Errorf("%d failures", failures)
	}
}

func TestDefault2DecidesWithoutExceptionsMapping(t *testing.T) {
	f := exceptionFixture(t, "REPERROR (DEFAULT, EXCEPTION)\nREPERROR (DEFAULT2, DISCARD)\n"+
		"MAP hr.emp, TARGET tg.emp;\n")
	f.txn(insert(1, "a"), insert(1, "twice"))
	f.start()
	f.s.wait(f.s.at(1))
	f.idle()
	if c := f.counts("tg.emp"); c.Inserts != 1 || c.Discards != 1 {
		t.Errorf("%+v", c)
	}
	f.stop()
	has(t, f.file(f.home.Discard("R", -1)), "action DISCARD on error 1062")
}

// An exception that is refused itself ends the run; DEFAULT2 may let it pass.
func TestARefusedExceptionIsDecidedByDefault2(t *testing.T) {
	const refused = "insert 1 twice [1 twice 1062 refused INSERT DB 1]"
	f := exceptionFixture(t, "REPERROR (1062, EXCEPTION)\n"+exceptionsOnly)
	f.s.bad[refused] = 1062
	f.txn(insert(1, "a"), insert(1, "twice"))
	f.start()
	has(t, f.abended().Error(), "Error mapping from hr.emp to tg.bad")
	f.applied()
	has(t, f.file(f.home.Discard("R", -1)), "ABEND on error 1062", "err = 1062 refused INSERT DB 1")

	f = exceptionFixture(t, "REPERROR (1062, EXCEPTION)\nREPERROR (DEFAULT2, DISCARD)\n"+exceptionsOnly)
	f.s.bad[refused] = 1062
	f.txn(insert(1, "a"), insert(1, "twice"))
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	f.applied("insert 1 [1 a]")
	has(t, f.file(f.home.Discard("R", -1)), "DISCARD on error 1062", "err = 1062 refused INSERT DB 1")
}

func TestTransExceptionMapsTheWholeTransaction(t *testing.T) {
	f := exceptionFixture(t, "REPERROR (1062, TRANSEXCEPTION)\n"+exceptionsOnly)
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"), insert(1, "twice"))
	f.txn(insert(3, "c"))
	f.start()
	f.s.wait(f.s.at(3))
	f.idle()
	f.applied("insert 1 [1 a]", "insert 2 b [2 b 1062 refused INSERT DB 2]",
		"insert 1 twice [1 twice 1062 refused INSERT DB 2]", "insert 3 [3 c]")
	if c := f.counts("tg.emp"); c.Inserts != 2 || c.Exceptions != 2 {
		t.Errorf("%+v", c)
	}
	f.stop()
}

// A transaction that comes in parts is left out in parts, too.
func TestVerdictsOnAHugeTransaction(t *testing.T) {
	for _, answer := range []string{"TRANSDISCARD", "TRANSEXCEPTION"} {
		f := exceptionFixture(t, "DISCARDFILE ./dirrpt/R.dsc, PURGE, MEGABYTES 200\nREPERROR (1062, "+
			answer+")\n"+exceptionsOnly)
		long := strings.Repeat("x", 1<<20)
		f.txn(insert(1, "a"))
		var ops [][]byte
		for i := range 20 {
			ops = append(ops, insert(2+i, long))
		}
		f.txn(append(ops, insert(1, "twice"))...)
		f.txn(insert(50, "b"))
		f.start()
		f.s.wait(f.s.at(3))
		f.idle()
		c, bad := f.counts("tg.emp"), int64(0)
		if answer == "TRANSEXCEPTION" {
			bad = f.counts("tg.bad").Inserts
		}
		f.stop()
		if want := 2 + int(bad); c.Inserts != 2 || len(f.s.log) != want || c.Discards+c.Exceptions != 21 ||
			bad != c.Exceptions {
			t.Errorf("%s: %d in the log, %d exceptions, %+v", answer, len(f.s.log), bad, c)
		}
	}
}

// What a FILTER raises is decided by REPERROR, and is an exception like others.
func TestRaisedErrorsAreExceptions(t *testing.T) {
	f := exceptionFixture(t, "REPERROR (7000, EXCEPTION)\nREPERROR (7001, TRANSDISCARD)\n"+
		strings.Replace(exceptionsOnly, "TARGET tg.emp", "TARGET tg.emp, FILTER (id < 10, RAISEERROR "+
			"7000), FILTER (id <> 5, RAISEERROR 7001)", 1))
	f.txn(insert(1, "a"), insert(11, "b"), insert(2, "c"))
	f.txn(insert(4, "d"), insert(5, "e"), insert(6, "f"))
	f.txn(insert(3, "g"))
	f.start()
	f.s.wait(f.s.at(3))
	f.idle()
	if c := f.counts("tg.emp"); c.Inserts != 3 || c.Exceptions != 1 || c.Discards != 3 {
		t.Errorf("%+v", c)
	}
	f.stop()
	text := "7000 a row of table hr.emp does not pass the FILTER that raises error 7000 INSERT MAP 1"
	f.applied("insert 1 [1 a]", "insert 11 b [11 b "+text[:40]+"]",
		"insert 2 [2 c]", "insert 3 [3 g]")
	has(t, f.file(f.home.Discard("R", -1)), "TRANSDISCARD on error 7001", "v = d", "v = e", "v = f")
}

func TestRetriesEndWhereTheyAreToldTo(t *testing.T) {
	for params, want := range map[string]string{
		"REPERROR (1403, RETRYOP MAXRETRIES 2)\n":                    "(attempt 2)",
		"REPERROR (1403, TRANSABORT, MAXRETRIES 3, DELAYCSECS 1)\n":  "(attempt 3)",
		"REPERROR (1403, TRANSABORT, MAXRETRIES 0)\n":                "OGG-01296",
		"REPERROR (1403, IGNORE)\nREPERROR RESET\n":                  "OGG-01296",
		"REPERROR (DEFAULT, DISCARD)\nREPERROR (1403-1403, ABEND)\n": "OGG-01296",
	} {
		f := newFixture(t, params+plainParams)
		f.txn(update(7, "x"))
		f.start()
		has(t, f.abended().Error(), "Error mapping from hr.emp")
		has(t, f.report(), want)
	}
}
