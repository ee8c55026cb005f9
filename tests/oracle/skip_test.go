package oracle

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ggsh/checkpoint"
	"ggsh/tests/oradb"
	"ggsh/tests/rig"
)

var openTransaction = regexp.MustCompile(`XID:\s+(\S+)`)

// TestSkippedTransactionStaysAway leaves out a transaction that is open: neither what it
// did before nor what it does behind a restart arrives, and the logs since its begin are
// no longer needed. One that is not the oldest is refused.
func TestSkippedTransactionStaysAway(t *testing.T) {
	s := newStage(t, oradb.Options{LogSize: 40})
	maria := s.toMaria()

	s.oracle("GGADMIN", "INSERT INTO APPUSER.EMP VALUES (50, 'long', 1, NULL, NULL);")
	s.oracle("GGTEST", "INSERT INTO APPUSER.EMP VALUES (60, 'later', 1, NULL, NULL);")
	s.oracle("APPUSER", "INSERT INTO EMP VALUES (1, 'Ada', 1, NULL, NULL); COMMIT;")
	s.sees(maria, "EMP", "1|Ada|1.00||")
	open := openTransaction.FindAllStringSubmatch(s.source.Run("send extract insrc, showtrans"), -1)
	if len(open) != 2 {
		t.Fatalf("SHOWTRANS shows %v, not two transactions", open)
	}
	if out, err := s.source.Try("send extract insrc, skiptrans " + open[1][1] + " force"); err == nil ||
		!strings.Contains(out, "not the oldest") {
		t.Errorf("the younger transaction was not refused:\n%s", out)
	}
	if out, err := s.source.Try("send extract insrc, skiptrans 9.9.9 force"); err == nil ||
		!strings.Contains(out, "is not open") {
		t.Errorf("an unknown transaction was not refused:\n%s", out)
	}
	s.source.Run("send extract insrc, skiptrans "+open[0][1], "y")
	out := s.source.Run("send extract insrc, showtrans")
	if strings.Contains(out, open[0][1]) || !strings.Contains(out, open[1][1]) {
		t.Errorf("SHOWTRANS after SKIPTRANS of %s:\n%s", open[0][1], out)
	}
	// Each restart reads from its checkpoint: first from the other open transaction's
	// begin, then from behind all that the skipped one did before.
	s.oracle("GGTEST", "COMMIT;")
	s.sees(maria, "EMP", "1|Ada|1.00||", "60|later|1.00||")
	for n := range 2 {
		s.source.Run("stop extract insrc")
		s.source.WaitState("insrc", "STOPPED")
		s.db.SwitchLog()
		s.oracle("GGADMIN", "UPDATE APPUSER.EMP SET ENAME = 'longer' WHERE EMPNO = 50;")
		s.source.Run("start extract insrc")
		s.source.WaitState("insrc", "RUNNING")
		s.oracle("APPUSER", fmt.Sprintf("UPDATE EMP SET SAL = %d WHERE EMPNO = 1; COMMIT;", n+2))
		s.sees(maria, "EMP", fmt.Sprintf("1|Ada|%d.00||", n+2), "60|later|1.00||")
	}
	s.oracle("GGADMIN", "COMMIT;")
	s.oracle("APPUSER", "INSERT INTO EMP VALUES (2, 'Bob', 2, NULL, NULL); COMMIT;")
	s.sees(maria, "EMP", "1|Ada|3.00||", "2|Bob|2.00||", "60|later|1.00||")

	// What is over is forgotten, and the row is as any other again.
	rig.Until(t, "the checkpoint to forget it", func() (bool, string) {
		doc, err := checkpoint.At(s.source.Dir + "/dirchk/INSRC.cpe").Load()
		if err != nil {
			return false, err.Error()
		}
		return !strings.Contains(doc.State.Current.Restart, "skip"), doc.State.Current.Restart
	})
	s.oracle("APPUSER", "DELETE FROM EMP WHERE EMPNO = 60; COMMIT;")
	s.sees(maria, "EMP", "1|Ada|3.00||", "2|Bob|2.00||")
}
