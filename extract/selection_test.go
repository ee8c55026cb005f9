package extract

import (
	"io"
	"os"
	"strings"
	"testing"

	"ggsh/record"
	"ggsh/trail"
)

// What FILTER leaves out of a transaction is not in the trail; tokens are, and a data
// pump can choose by them.
func TestFiltersChooseAndTokensTravel(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\nTABLE hr.emp, FILTER (id \\ 2 = 0), "+
		"TOKENS (csn = @GETENV ('TRANSACTION', 'CSN'), kind = 'even');\n")
	if err := f.run("E1", fromScript(3), -1); err != nil {
		t.Fatal(err)
	}
	// Transactions 1 to 3 have rows 10 11, 20 21 22, 30.
	f.equal(lt, []string{"1/1", "2/2", "3/1"})
	var tokens []string
	r, err := trail.OpenTxnReader(f.trail(lt), trail.Position{}, trail.TxnOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		txn, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, tokensOf(t, txn))
	}
	if got := strings.Join(tokens, " "); got != "csn=1,kind=even csn=2,kind=even csn=3,kind=even" {
		t.Errorf("tokens %s", got)
	}
	f.add(pumpGroup, "EXTTRAIL ./dirdat/rt\nTABLE hr.emp, FILTER (@TOKEN ('csn') > 1 AND "+
		"@GETENV ('RECORD', 'FILERBA') > 0 AND "+
		"@VALONEOF (@GETENV ('GGHEADER', 'TRANSACTIONINDICATOR'), 'BEGIN', 'WHOLE'));\n")
	if err := f.run("P1", f.fromTrail(), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(rt, []string{"2/1", "3/1"})
}

// What a condition cannot decide on is discarded, counted and told once.
func TestAnUndecidedOperationIsDiscarded(t *testing.T) {
	f := newFixture(t, captureGroup, "EXTTRAIL ./dirdat/lt\n"+
		"TABLE hr.emp, FILTER (@STRLEN (before.v) = 1);\nTABLE hr.other;\n")
	if err := f.run("E1", fromScript(3), -1); err != nil {
		t.Fatal(err)
	}
	f.equal(lt, []string{"1/1", "2/1", "3/1"})
	if len(f.discarded) != 6 || !strings.HasPrefix(f.discarded[0], "hr.emp: FILTER needs v") {
		t.Errorf("discarded %q", f.discarded)
	}
	text, err := os.ReadFile(f.home.Report("E1", -1))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "OGG-03019"); n != 1 {
		t.Errorf("the report tells %d times", n)
	}
	if !strings.Contains(string(text), "discards:         6") {
		t.Errorf("the discards are not counted:\n%s", text)
	}
}

// tokensOf gives the tokens of a transaction's first operation.
func tokensOf(t *testing.T, txn *trail.Txn) string {
	t.Helper()
	_, body, err := txn.Ops.Next()
	if err != nil {
		t.Fatal(err)
	}
	var op record.Op
	if err := record.DecodeOp(body, &op); err != nil {
		t.Fatal(err)
	}
	pairs, err := op.Tokens.Pairs()
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, pair := range pairs {
		parts = append(parts, pair[0]+"="+pair[1])
	}
	return strings.Join(parts, ",")
}
