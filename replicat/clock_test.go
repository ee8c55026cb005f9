package replicat

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a process's clock that moves as a test says.
type clock struct {
	mu   sync.Mutex
	at   time.Time
	step time.Duration // at each look
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(c.step)
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// TestTransactionTimeoutCommitsAGroupThatIsOld: what lies in the trail is one group without
// it, and with it each transaction that a second has passed behind.
func TestTransactionTimeoutCommitsAGroupThatIsOld(t *testing.T) {
	for params, want := range map[string]int{"": 1, "TRANSACTIONTIMEOUT 1S\n": 4,
		"TRANSACTIONTIMEOUT 1H\n": 1} {
		f := newFixture(t, params+plainParams)
		f.now = (&clock{at: f.opened, step: time.Second}).now
		for i := range 4 {
			f.txn(insert(i, "a"))
		}
		f.start()
		f.s.wait(f.s.at(4))
		f.stop()
		if got := len(f.s.batches); got != want {
			t.Errorf("%q: %d target transactions, not %d", params, got, want)
		}
	}
}

// TestDiscardRolloverBeginsAFileInARun: rows that are discarded before and after the time of
// DISCARDROLLOVER stand in two files.
func TestDiscardRolloverBeginsAFileInARun(t *testing.T) {
	for params, apart := range map[string]bool{"": false, "DISCARDROLLOVER AT 06:00\n": true} {
		f := newFixture(t, "REPERROR (DEFAULT, DISCARD)\n"+params+plainParams)
		c := &clock{at: time.Date(2026, 11, 16, 5, 59, 0, 0, time.Local)}
		f.now = c.now
		f.txn(insert(1, "a"), insert(1, "early"))
		f.start()
		f.s.wait(f.s.at(1))
		f.idle()
		c.forward(2 * time.Minute)
		f.txn(insert(2, "a"), insert(2, "late"))
		f.s.wait(f.s.at(2))
		f.stop()
		text := f.file(f.home.Discard("R", -1))
		has(t, text, "v = late")
		if strings.Contains(text, "v = early") == apart {
			t.Errorf("%q: the file has\n%s", params, text)
		}
		if apart {
			has(t, f.file(f.home.Discard("R", 0)), "v = early")
		}
	}
}

// TestDeferredApplyWaits: a transaction is applied when it has the age that
// DEFERAPPLYINTERVAL orders.
func TestDeferredApplyWaits(t *testing.T) {
	f := newFixture(t, "DEFERAPPLYINTERVAL 1S\n"+plainParams)
	began := time.Now()
	f.now = func() time.Time { return f.opened.Add(time.Second + time.Since(began)) } // the commit is now
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(1))
	if age := time.Since(began); age < time.Second {
		t.Errorf("applied at the age of %s", age)
	}
	f.stop()
}

// TestReportsOfTheClock: REPORT writes statistics at its time and REPORTROLLOVER begins a
// report, with statistics of its own under STATOPTIONS RESETREPORTSTATS.
func TestReportsOfTheClock(t *testing.T) {
	for params, all := range map[string]bool{"": true, "STATOPTIONS RESETREPORTSTATS\n": false} {
		f := newFixture(t, "REPORT AT 06:00\nREPORTROLLOVER AT 07:00\n"+params+plainParams)
		c := &clock{at: time.Date(2026, 11, 16, 5, 59, 0, 0, time.Local)}
		f.now = c.now
		f.start()
		for i := range 3 { // at 5:59, 6:29 and 6:59
			f.txn(insert(3*i, "a"))
			f.s.wait(f.s.at(uint64(i + 1)))
			f.idle()
			c.forward(30 * time.Minute)
		}
		f.txn(insert(20, "a"))
		f.s.wait(f.s.at(4))
		f.stop()
		has(t, f.file(f.home.Report("R", 0)), "Report at 2026-11-16 06:29:00")
		if got := strings.Contains(f.report(), "inserts:         4"); got != all {
			t.Errorf("%q: the last statistics count all: %v\n%s", params, got, f.report())
		}
	}
}

// TestWarnRate: of errors of one kind the first is reported, and then one of so many.
func TestWarnRate(t *testing.T) {
	for params, want := range map[string]int{"": 1, "WARNRATE 2\n": 3, "WARNRATE 0\n": 1} {
		f := newFixture(t, params+"REPERROR (DEFAULT, DISCARD)\n"+plainParams)
		f.txn(insert(1, "a"))
		for range 5 {
			f.txn(insert(1, "twice"))
		}
		f.start()
		f.s.wait(f.s.at(6))
		f.stop()
		if got := strings.Count(f.report(), "OGG-01154"); got != want {
			t.Errorf("%q: %d reports, not %d\n%s", params, got, want, f.report())
		}
	}
}

// TestRetryDelayIsWaitedBeforeARowIsTriedAgain: without a wait of the rule's own.
func TestRetryDelayIsWaitedBeforeARowIsTriedAgain(t *testing.T) {
	f := newFixture(t, "RETRYDELAY 1\nREPERROR (DEFAULT, RETRYOP MAXRETRIES 1)\n"+plainParams)
	f.cfg.Delay = nil
	f.txn(insert(1, "a"))
	f.txn(insert(1, "twice"))
	began := time.Now()
	f.start()
	f.abended()
	if took := time.Since(began); took < time.Second || took > 30*time.Second {
		t.Errorf("the row was given up after %s", took)
	}
}

// TestBeginOfASpecialRun: what was committed before BEGIN is left out.
func TestBeginOfASpecialRun(t *testing.T) {
	f := newFixture(t, "SPECIALRUN\nBEGIN 2023-11-14 22:13:22\nEND RUNTIME\nEXTFILE ./dirdat/lt\n"+plainParams)
	f.opened = time.Date(2023, 11, 14, 22, 13, 20, 0, time.Local)
	if err := os.Remove(f.home.Checkpoint("R", false)); err != nil {
		t.Fatal(err)
	}
	for i := range 4 { // at :21, :22, :23 and :24
		f.txn(insert(i, "a"))
	}
	f.start()
	f.ended()
	if len(f.s.log) != 3 {
		t.Errorf("applied %q", f.s.log)
	}
}
