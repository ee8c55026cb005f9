package replicat

import (
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
