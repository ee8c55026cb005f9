package process

import (
	"testing"
	"time"

	"ggsh/control"
	"ggsh/record"
)

func TestFactsCountOperationsOfAllTablesOrOne(t *testing.T) {
	p := &Process{stats: NewStats("REPLICAT", "R", time.Now)}
	y := Tally{Extra: control.Counts{Discards: 2, InsertCollisions: 1, DeleteCollisions: 1}}
	y.Extra.AddConflicts("UPDATEROWMISSING", 2, 1)
	y.Ops[record.Insert], y.Ops[record.PKUpdate], y.Ops[record.Delete] = 3, 2, 1
	p.stats.Table("", "hr.emp", "tg.emp").Add(&y)
	other := Tally{}
	other.Ops[record.Insert] = 10
	p.stats.Table("", "hr.dept", "tg.dept").Add(&other)
	for _, c := range []struct {
		kind  string
		items []string
		want  string
	}{
		{"STATS", []string{"INSERT"}, "13"}, {"STATS", []string{"TABLE", "HR.EMP", "INSERT"}, "3"},
		{"STATS", []string{"TABLE", "TG.DEPT", "DML"}, "10"}, {"STATS", []string{"UPDATE"}, "2"},
		{"STATS", []string{"DELETE"}, "1"}, {"STATS", []string{"TOTAL"}, "16"},
		{"STATS", []string{"DISCARDS"}, "2"}, {"STATS", []string{"COLLISIONS"}, "2"},
		{"STATS", []string{"CDR_CONFLICTS"}, "3"}, {"STATS", []string{"CDR_RESOLUTIONS_FAILED"}, "1"},
		{"STATS", []string{"TABLE", "HR.EMP", "CDR_RESOLUTIONS_SUCCEEDED"}, "2"},
		{"DELTASTATS", []string{"INSERT"}, "13"}, {"DELTASTATS", []string{"INSERT"}, "0"},
		{"DELTASTATS", []string{"TABLE", "HR.EMP", "INSERT"}, "3"}, {"RECSOUTPUT", nil, "16"},
		{"STATS", []string{"NOSUCH"}, ""}, {"STATS", nil, ""}, {"LASTERR", []string{"DBERRNUM"}, ""},
	} {
		got, ok := p.Fact(nil, c.kind, c.items)
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%s %v: %q, %v, want %q", c.kind, c.items, got, ok, c.want)
		}
	}
}
