package commands

import (
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
