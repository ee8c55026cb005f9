package commands

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ggsh/checkpoint"
)

// A place in one trail means nothing in another: who is given another trail to
// read begins at its front, unless the order says where.
func TestAnotherTrailIsReadFromItsFront(t *testing.T) {
	for _, c := range []struct {
		order string
		begin uint32
		moved bool
	}{{"exttrail ./dirdat/xx", 0, true}, {"exttrail dirdat/rt, desc 'same'", 0, false},
		{"exttrail ./dirdat/xx, extseqno 7", 7, true}} {
		st := newStage(t)
		st.commands("create subdirs\nadd replicat r1, exttrail ./dirdat/rt, nodbcheckpoint\n")
		st.state("R1", `{"state":{"ordered":false,"current":{"seqno":3,"rba":900,"valid":true}}}`)
		out := st.commands("alter replicat r1, " + c.order + "\n")
		doc, err := checkpoint.At(st.home.Checkpoint("R1", false)).Load()
		if err != nil {
			t.Fatal(err)
		}
		if doc.State.Ordered != c.moved || doc.Group.Begin.Seqno != c.begin {
			t.Errorf("%s: ordered %v, begin %+v\n%s", c.order, doc.State.Ordered, doc.Group.Begin, out)
		}
	}
}

func TestMaxGroupsBoundsAHome(t *testing.T) {
	st := newStage(t)
	st.commands("create subdirs\n")
	if err := os.WriteFile(st.home.Globals(), []byte("MAXGROUPS 1001\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		name := st.home.Checkpoint(fmt.Sprintf("G%d", n), n%2 == 0)
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := st.commands("add extract last, tranlog, begin now\n" +
		"add replicat more, exttrail ./dirdat/rt, nodbcheckpoint\n")
	if !strings.Contains(out, "EXTRACT added.") || strings.Contains(out, "REPLICAT added.") ||
		!strings.Contains(out, "as many as MAXGROUPS allows") {
		t.Errorf("1002 groups with MAXGROUPS 1001:\n%s", out)
	}
}
