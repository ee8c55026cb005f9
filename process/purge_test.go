package process

import (
	"testing"

	"ggsh/checkpoint"
	"ggsh/param"
)

func TestPurgeRuleIsForTheTrailThatTheGroupReads(t *testing.T) {
	for _, c := range []struct{ line, reads, want string }{
		{"PURGEOLDEXTRACTS", "./dirdat/rt", ""},
		{"PURGEOLDEXTRACTS dirdat/r*, MINKEEPFILES 2", "./dirdat/rt", ""},
		{"PURGEOLDEXTRACTS /gg/dirdat/rt", "./dirdat/rt", ""},
		{"PURGEOLDEXTRACTS", "", "r.prm:2:1: OGG-30110  PURGEOLDEXTRACTS is known and not acted on: " +
			"the group reads no trail"},
		{"PURGEOLDEXTRACTS ./dirdat/lt", "./dirdat/rt", "r.prm:2:1: OGG-30110  PURGEOLDEXTRACTS is " +
			"known and not acted on: the group reads ./dirdat/rt, and nothing else is deleted for it"},
		{"PURGEOLDEXTRACTS ./r*", "./dirdat/rt", "r.prm:2:1: OGG-30110  PURGEOLDEXTRACTS is " +
			"known and not acted on: the group reads ./dirdat/rt, and nothing else is deleted for it"},
	} {
		f, err := param.ParseText("r.prm", "REPLICAT r\n"+c.line+"\nMAP a.b, TARGET a.b;\n",
			param.Options{Program: param.Replicat})
		if err != nil {
			t.Fatal(err)
		}
		r, err := PurgeRule("/gg", f, checkpoint.Group{Trail: c.reads})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want || (r != nil) != (c.want == "") || r != nil && (r.Trail != c.reads || !r.UseCheckpoints) {
			t.Errorf("%s of a group that reads %q: %+v, %v", c.line, c.reads, r, got)
		}
	}
}
