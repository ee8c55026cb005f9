package extract

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/record"
	"ggsh/trail"
)

// eventful is a parameter file that captures hr.* and has EVENTACTIONS for rows of
// hr.emp that pass a condition; transaction i has the rows i*10, i*10+1, ...
func eventful(condition, actions string) string {
	return "EXTTRAIL ./dirdat/lt\nTABLE hr.other;\nTABLE hr.emp, FILTER (" + condition +
		"), EVENTACTIONS (" + actions + ");\n"
}

func (f *fixture) report(group string) string {
	f.t.Helper()
	text, err := os.ReadFile(f.home.Report(group, -1))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

func TestEventActionsOfExtract(t *testing.T) {
	for _, c := range []struct{ name, params, want, report string }{
		{"log", eventful("id > 0", "LOG WARNING"), "1/3 2/4 3/2 4/3 5/4",
			"WARNING OGG-30133  EVENTACTIONS LOG: a record of hr.emp at CSN 3"},
		{"report", eventful("id > 0", "REPORT"), "1/3 2/4 3/2 4/3 5/4", "REPORT"},
		{"ignore record", eventful("id > 0", "IGNORE RECORD"), "1/1 2/1 3/1 4/1 5/1", "ignores:        11"},
		{"an event beside a capture", "EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\n" +
			"TABLE hr.emp, FILTER (id = 30), EVENTACTIONS (LOG, IGNORE);\n", "1/2 2/3 3/1 4/2 5/3",
			"a record of hr.emp at CSN 3"},
		// Row 20 is the first of three, 31 would be the last of its transaction.
		{"ignore transaction by its first row", eventful("id = 20", "IGNORE TRANSACTION"),
			"1/1 3/1 4/1 5/1", "ignores:         1"},
		{"ignore transaction by its last row", "EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\n" +
			"TABLE hr.other, FILTER (id = 2), EVENTACTIONS (IGNORE TRANS);\n", "1/2 3/1 4/2 5/3",
			"ignores:         3"},
		{"other actions of a record that has its transaction ignored", eventful("id = 52", "LOG, IGNORE TRANSACTION"),
			"1/1 2/1 3/1 4/1", "hr.emp at CSN 5"},
		{"other records of a transaction that is ignored", "EXTTRAIL ./dirdat/lt\nTABLE hr.emp;\n" +
			"TABLE hr.emp, FILTER (id = 20), EVENTACTIONS (IGNORE TRANSACTION);\n" +
			"TABLE hr.other, FILTER (id = 2), EVENTACTIONS (LOG);\n", "1/2 3/1 4/2 5/3", "hr.other at CSN 2"},
		{"wildcards", "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\nTABLE hr.*, FILTER (id = 3), EVENTACTIONS (LOG, IGNORE);\n",
			"1/3 2/4 3/2 4/3 5/4", "hr.other at CSN 3"},
		{"discard", eventful("id > 29", "DISCARD"), "1/1 2/1 3/1 4/1 5/1", "discards:         6"},
		{"checkpoint", eventful("id = 30", "CHECKPOINT BOTH, TRACE ./t.trc"), "1/1 2/1 3/2 4/1 5/1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, captureGroup, c.params)
			if err := f.run("E1", fromScript(5), -1); err != nil {
				t.Fatal(err)
			}
			f.equal(lt, strings.Fields(c.want))
			if !strings.Contains(f.report("E1"), c.report) {
				t.Errorf("%q is not in the report:\n%s", c.report, f.report("E1"))
			}
		})
	}
}

// A record goes to two trails and causes its event once; a trail that holds it already
// causes none.
func TestAnEventHappensOnceForEachRecord(t *testing.T) {
	group := captureGroup
	group.Outputs = []checkpoint.Output{{Trail: lt}, {Trail: rt}}
	f := newFixture(t, group, "EXTTRAIL ./dirdat/lt\nEXTTRAIL ./dirdat/rt\nTABLE hr.emp, FILTER (id = 30), "+
		"EVENTACTIONS (LOG);\n")
	for range 2 {
		if err := f.run("E1", fromScript(5), -1); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.ReadFile(f.home.Join("ggserr.log"))
	if n := strings.Count(string(log), "OGG-30133"); err != nil || n != 1 {
		t.Errorf("%d events, %v", n, err)
	}
	f.equal(rt, f.transactions(lt))
}

// STOP ends the run behind its transaction whatever was cut off before, and the next run
// loses and repeats nothing.
func TestAnEventStopsAnExtractBehindItsTransaction(t *testing.T) {
	for _, action := range []string{"STOP", "FORCESTOP"} {
		for cut := 0; ; cut++ {
			f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.other;\n"+
				"TABLE hr.emp, EVENTACTIONS (LOG);\nTABLE hr.emp, FILTER (id = 40), "+
				"EVENTACTIONS (IGNORE, "+action+");\n")
			err := f.run("E1", fromScript(6), cut)
			uncut := err == nil
			if err != nil && !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			if err != nil {
				err = f.run("E1", fromScript(6), -1)
			}
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			f.equal(lt, want(1, 4, 1))
			said := strings.Contains(f.report("E1"), "is one of several of its transaction")
			if said != (action == "FORCESTOP") {
				t.Errorf("%s: %s", action, f.report("E1"))
			}
			if err := f.run("E1", fromScript(6), -1); err != nil {
				t.Fatal(err)
			}
			f.equal(lt, want(1, 6, 1))
			if uncut {
				break
			}
		}
	}
}

// ABORT ends the run before its transaction, each time.
func TestAnEventAbortsAnExtractBeforeItsTransaction(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.other;\nTABLE hr.emp;\n"+
		"TABLE hr.emp, FILTER (id = 41), EVENTACTIONS (IGNORE, ABORT);\n")
	for range 2 {
		err := f.run("E1", fromScript(6), -1)
		if err == nil || !containsAll(err.Error(), "EVENTACTIONS ABORT: a record of hr.emp at CSN 4",
			"START EXTRACT E1, AFTERCSN 4") {
			t.Fatal(err)
		}
		f.equal(lt, want(1, 3, 1))
	}
	f.after = &record.CSN{Minor: 4}
	if err := f.run("E1", fromScript(6), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, append(want(1, 3, 1), want(5, 6, 1)...))
}

// ROLLOVER makes its transaction the first of a file, or begins one behind it when the
// file has something of it already.
func TestAnEventRollsTheTrailOver(t *testing.T) {
	for _, c := range []struct {
		condition string
		files     []string
	}{{"id = 30", []string{"1 2", "3 4 5"}}, {"id = 21", []string{"1 2", "3 4 5"}}, {"id = 50", []string{"1 2 3 4", "5"}}} {
		f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\n"+
			"TABLE hr.emp;\nTABLE hr.other;\nTABLE hr.emp, FILTER ("+c.condition+"), EVENTACTIONS (IGNORE, ROLLOVER);\n")
		if err := f.run("E1", fromScript(5), -1); err != nil {
			t.Fatal(err)
		}
		for i, want := range c.files {
			if got := f.inFile(uint32(i)); got != want {
				t.Errorf("%s: file %d has %q, want %q", c.condition, i, got, want)
			}
		}
	}
}

// inFile gives the numbers of the transactions that begin in a trail file.
func (f *fixture) inFile(seqno uint32) string {
	f.t.Helper()
	r, err := trail.OpenTxnReader(f.trail(lt), trail.Position{Seqno: seqno}, trail.TxnOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for {
		txn, err := r.Next()
		if err == io.EOF || err == nil && txn.Begin.Seqno != seqno {
			return strings.Join(got, " ")
		}
		if err != nil {
			f.t.Fatal(err)
		}
		got = append(got, fmt.Sprint(txn.CSN.Minor))
	}
}

// suspended starts an Extract and waits until it is suspended.
func (f *fixture) suspended() (order func(control.Verb) control.Reply, ended func() error) {
	f.t.Helper()
	return f.begun(control.SuspendedPhrase, func() bool { return true })
}

// begun starts an Extract in the background and waits until it has a state and more. order
// gives it an order, ended waits for its end.
func (f *fixture) begun(state string, more func() bool,
) (order func(control.Verb) control.Reply, ended func() error) {
	f.t.Helper()
	cfg, p := f.config("E1", fromScript(6), -1)
	e := newEngine(cfg)
	done := make(chan error, 1)
	go func() { done <- e.run(f.t.Context(), e.session) }()
	order = func(v control.Verb) control.Reply {
		return e.Respond(f.t.Context(), control.Request{Verb: v})
	}
	for order(control.Status).Status.State != state || !more() {
		select {
		case err := <-done:
			f.t.Fatalf("it ended: %v", err)
		default:
		}
	}
	return order, func() error {
		err := <-done
		p.Close(err)
		return err
	}
}

func TestSuspendOfAnExtractWaitsForResume(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.other;\nTABLE hr.emp;\n"+
		"TABLE hr.emp, FILTER (id = 40), EVENTACTIONS (IGNORE, SUSPEND);\n")
	order, ended := f.suspended()
	f.equal(lt, want(1, 4, 1))
	doc, err := checkpoint.At(f.home.Checkpoint("E1", true)).Load()
	if err != nil || doc.State.Current.CSN.Minor != 4 {
		t.Errorf("the checkpoint is %v, %v", doc.State.Current, err)
	}
	if *order(control.LogEnd).Yes {
		t.Error("a suspended run says that it is at the end of the log")
	}
	order(control.Stop)
	if err := ended(); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 4, 1))
	if !strings.Contains(f.report("E1"), "SEND EXTRACT E1, RESUME goes on") {
		t.Error(f.report("E1"))
	}
	if err := f.run("E1", fromScript(6), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 6, 1))
}

func TestResumeGoesOnBehindTheEvent(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.other;\nTABLE hr.emp;\n"+
		"TABLE hr.emp, FILTER (id = 20 OR id = 40), EVENTACTIONS (IGNORE, SUSPEND);\n")
	order, ended := f.suspended()
	f.equal(lt, want(1, 2, 1))
	order(control.Resume)
	for order(control.Resume).Error != nil {
		continue // until it is suspended again
	}
	for !*order(control.LogEnd).Yes {
		continue
	}
	if r := order(control.Resume); r.Error == nil || r.Error.Text != "EXTRACT E1 is not suspended" {
		t.Errorf("RESUME of a run that is not suspended: %+v", r)
	}
	order(control.Stop)
	if err := ended(); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 6, 1))
}

// A data pump obeys too, and its messages tell the place in the trail that it reads.
func TestADataPumpObeysEventActions(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.*;\n")
	f.add(pumpGroup, "EXTTRAIL ./dirdat/rt\nTABLE hr.other;\nTABLE hr.emp;\n"+
		"TABLE hr.emp, FILTER (id = 22), EVENTACTIONS (IGNORE TRANSACTION);\n"+
		"TABLE hr.emp, FILTER (id = 40), EVENTACTIONS (IGNORE, LOG, STOP);\n")
	if err := f.run("E1", fromScript(6), -1); err != nil {
		t.Fatal(err)
	}
	for _, upto := range []int{4, 6} {
		if err := f.run("P1", f.fromTrail(), -1); err != nil {
			t.Fatal(err)
		}
		f.equal(rt, append(want(1, 1, 1), want(3, upto, 1)...))
		if upto == 4 && !strings.Contains(f.report("P1"), "hr.emp at CSN 4, 0:") {
			t.Error(f.report("P1"))
		}
	}
}

// A command runs before its record is in the trail, and again when it failed; the order to
// stop ends it.
func TestACommandOfAnExtract(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.other;\nTABLE hr.emp;\n"+
		"TABLE hr.emp, FILTER (id = 41), EVENTACTIONS (IGNORE, SHELL ('echo $csn >> ran; echo done; "+
		"test -e go || exit 3', csn = @GETENV ('TRANSACTION', 'CSN')));\n"+
		"TABLE hr.emp, FILTER (id = 50), EVENTACTIONS (IGNORE, SHELL 'exec sleep 1000');\n")
	err := f.run("E1", fromScript(6), -1)
	if err == nil || !strings.Contains(err.Error(), "a record of hr.emp at CSN 4 failed: exit status 3") {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 3, 1))
	if err := os.WriteFile(f.home.Join("go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	order, ended := f.begun("Running a command of EVENTACTIONS", func() bool {
		return strings.Contains(f.report("E1"), "OGG-30136")
	})
	order(control.Stop)
	if err := ended(); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, want(1, 4, 1))
	ran, err := os.ReadFile(f.home.Join("ran"))
	if err != nil || string(ran) != "4\n4\n" || !strings.Contains(f.report("E1"), "SHELL> done") {
		t.Errorf("%q %v\n%s", ran, err, f.report("E1"))
	}
}
