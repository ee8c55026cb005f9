package replicat

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ggsh/control"
	"ggsh/handler"
)

// deferredFixture has a target that makes durable what it has taken when it is
// told to, or when it holds more than keep batches.
func deferredFixture(t *testing.T, params string, keep int) *fixture {
	f := newFixture(t, params)
	f.s.deferred, f.s.keep = true, keep
	return f
}

// inserted is how many inserts the run's last statistics count.
func (f *fixture) inserted() int {
	f.t.Helper()
	found := regexp.MustCompile(`inserts:\s+([0-9]+)`).FindAllStringSubmatch(f.report(), -1)
	if len(found) == 0 {
		f.t.Fatalf("no inserts are counted:\n%s", f.report())
	}
	n, err := strconv.Atoi(found[len(found)-1][1])
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// took reports whether the target was given the transaction of that number.
func (s *server) took(csn uint64) bool {
	if n := len(s.held); n > 0 && s.held[n-1].checkpoint.CSN.Minor >= csn {
		return true
	}
	return s.at(csn)()
}

func TestWhatADeferredTargetTookIsDurableAtTheEnd(t *testing.T) {
	f := deferredFixture(t, plainParams+"GROUPTRANSOPS 1\n", 1000)
	for id := range 20 {
		f.txn(insert(id, "x"))
	}
	f.start()
	f.s.wait(func() bool { return f.s.took(20) })
	f.stop()
	f.rows(20)
	if at := f.document().State.Current; at.CSN.Minor != 20 {
		t.Fatalf("the checkpoint file says %+v", at)
	}
}

// An idle target is asked once in a while to make durable what is due: the lag
// ends without an order to stop.
func TestAnIdleDeferredTargetIsToldToFlush(t *testing.T) {
	f := deferredFixture(t, plainParams, 1000)
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(f.s.at(1))
	f.idle()
	f.stop()
	f.rows(1)
}

// The connection is lost at every place in turn: what the target had taken and
// not made durable comes again, and is neither lost nor counted twice.
func TestADeferredTargetThatIsLostGetsEverythingAgain(t *testing.T) {
	for lostAt := range 20 {
		f := deferredFixture(t, plainParams+"GROUPTRANSOPS 1\n", 3)
		calls, inDoubt := 0, 0
		f.s.fail = func(s *server, _ *handler.Batch, applied bool) error {
			if calls++; calls == lostAt {
				if s.held = nil; applied {
					inDoubt++
				}
				return gone()
			}
			return nil
		}
		for id := range 10 {
			f.txn(insert(id, "x"))
		}
		f.start()
		f.s.wait(func() bool { return f.s.took(10) && calls > lostAt })
		f.stop()
		f.rows(10)
		// A batch whose outcome was in doubt is not counted.
		if n := f.inserted(); n != 10 && (n != 9 || inDoubt == 0) {
			t.Errorf("lost at call %d: %d inserts counted", lostAt, n)
		}
		if len(f.s.log) != 10 {
			t.Fatalf("lost at call %d: applied %v", lostAt, f.s.log)
		}
	}
}

// A row that is refused takes its group apart; what the target holds from before
// is not given to it again.
func TestARefusedRowDoesNotBringBackWhatADeferredTargetHolds(t *testing.T) {
	f := deferredFixture(t, "GROUPTRANSOPS 4\nREPERROR (9, TRANSDISCARD)\n"+plainParams, 1000)
	f.s.bad["insert 7 [7 x]"] = 9
	for id := range 12 {
		f.txn(insert(id, "x"))
	}
	f.start()
	f.s.wait(func() bool { return f.s.took(12) })
	f.stop()
	f.rows(11)
	if n := f.inserted(); n != 11 {
		t.Errorf("%d inserts counted", n)
	}
	if len(f.s.log) != 11 {
		t.Fatalf("applied %v", f.s.log)
	}
}

// An error that ends the run leaves what came before it durable.
func TestWhatCameBeforeAnErrorIsDurable(t *testing.T) {
	f := deferredFixture(t, plainParams+"GROUPTRANSOPS 1\n", 1000)
	f.s.bad["insert 7 [7 x]"] = 9
	for id := range 12 {
		f.txn(insert(id, "x"))
	}
	f.start()
	if err := f.abended(); err == nil {
		t.Fatal("no error")
	}
	f.rows(7)
	if at := f.document().State.Current; at.CSN.Minor != 7 {
		t.Fatalf("the checkpoint file says %+v", at)
	}
}

func TestAHandlerIsToldWhereOperationsComeFrom(t *testing.T) {
	f := deferredFixture(t, plainParams+"GROUPTRANSOPS 100\n", 0)
	f.txn(insert(1, "a"), insert(2, "b"))
	f.txn(update(1, "c"))
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	var positions []uint64
	for _, c := range f.s.changes {
		var at uint64
		if _, err := fmt.Sscanf(c[strings.Index(c, "at "):], "at 0/%d number", &at); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		positions = append(positions, at)
	}
	first := f.s.changes
	want := []string{"INSERT hr.emp csn 1 xid x1 at 0/%d number 0 last false",
		"INSERT hr.emp csn 1 xid x1 at 0/%d number 1 last true",
		"UPDATE hr.emp csn 2 xid x2 at 0/%d number 0 last true"}
	if len(first) != len(want) {
		t.Fatalf("changes %q", first)
	}
	for i := range want {
		if first[i] != fmt.Sprintf(want[i], positions[i]) || i > 0 && positions[i] <= positions[i-1] {
			t.Errorf("change %d: %s", i, first[i])
		}
	}
}

// The parts of a transaction that is larger than a batch tell their transaction
// each, and where every operation stands.
func TestPartsTellTheirTransaction(t *testing.T) {
	f := deferredFixture(t, plainParams, 0)
	big := strings.Repeat("x", 1<<20)
	var ops [][]byte
	for id := range 24 {
		ops = append(ops, insert(id, big))
	}
	f.txn(ops...)
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	if f.s.parts == 0 || len(f.s.changes) != 24 {
		t.Fatalf("%d parts, %d changes", f.s.parts, len(f.s.changes))
	}
	for i, c := range f.s.changes {
		if !strings.Contains(c, "xid x1 at ") ||
			!strings.HasSuffix(c, fmt.Sprintf("number %d last %t", i, i == 23)) {
			t.Errorf("change %d: %s", i, c)
		}
	}
}

func TestALostTargetIsNotFlushed(t *testing.T) {
	f := deferredFixture(t, plainParams+"GROUPTRANSOPS 1\n", 1000)
	lost := false
	f.s.fail = func(s *server, b *handler.Batch, _ bool) error {
		if b.Flush == handler.FlushAll && !lost {
			lost, s.held = true, nil
			return gone()
		}
		return nil
	}
	f.txn(insert(1, "x"))
	f.start()
	f.s.wait(func() bool { return len(f.s.held) == 1 })
	f.order(control.Stop)
	if err := <-f.exits; err != nil && !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
	f.start()
	f.s.wait(f.s.at(1))
	f.stop()
	f.rows(1)
}
