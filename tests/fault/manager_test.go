package fault

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ggsh/tests/rig"
)

func TestGroupsOutliveTheirManagerAndTheNextOneFindsThem(t *testing.T) {
	p := filePair(t)
	p.Start()
	groups := map[string]*rig.Home{"eora": p.Source, "pora": p.Source, "rora": p.Target}
	pids := map[string]int{}
	for g, h := range groups {
		pids[g] = h.PID(g)
	}
	for round, end := range []func(h *rig.Home){
		func(h *rig.Home) { h.Run("stop mgr !") },
		func(h *rig.Home) { h.Kill("manager"); h.WaitState("MANAGER", "STOPPED") },
	} {
		end(p.Source)
		end(p.Target)
		insert(t, p, 10*round, 10*round+3)
		arrived(t, p, 10*round+3)
		p.Source.Run("start mgr")
		p.Target.Run("start mgr")
		for g, h := range groups {
			h.WaitState(g, "RUNNING")
			if now := h.PID(g); now != pids[g] {
				t.Errorf("%s is process %d, was %d", g, now, pids[g])
			}
		}
	}
	for g, h := range groups {
		stopGroup(h, g)
	}
	p.Start()
	insert(t, p, 50, 55)
	p.WaitEqual(t, "emp")
}

func TestStopStartAndKillLoseNothingAndApplyNothingTwice(t *testing.T) {
	p := filePair(t)
	p.Start()
	id := 0
	for _, how := range []string{"stop", "kill"} {
		for g, h := range map[string]*rig.Home{"eora": p.Source, "pora": p.Source, "rora": p.Target} {
			id += 10
			insert(t, p, id, id+2)
			p.SourceData.Exec(t, fmt.Sprintf("INSERT INTO nokey VALUES ('%s', %d)", how, id))
			h.Run(how + " " + g)
			h.WaitState(g, "STOPPED")
			insert(t, p, id+3, id+5)
			h.Run("start " + g)
			h.WaitState(g, "RUNNING")
		}
	}
	p.WaitEqual(t, "emp", "nokey")
}

func TestAutorestartBringsAGroupBackAndGivesUpVisibly(t *testing.T) {
	p := filePair(t, "AUTORESTART ER *, RETRIES 2, WAITSECONDS 1, RESETMINUTES 10")
	p.Start()
	p.Target.Kill("replicat")
	insert(t, p, 1, 2)
	p.WaitEqual(t, "emp")
	p.TargetData.Exec(t, "DROP TABLE emp")
	insert(t, p, 3, 4)
	says(t, p.Target, "ggserr.log", "OGG-00966", "OGG-30121", "OGG-30122",
		"RORA stays down", "then START it")
	p.Target.WaitState("rora", "ABENDED")
	p.TargetData.Exec(t, keyed, "INSERT INTO emp VALUES (1, 'name 1', 1), (2, 'name 2', 2)")
	p.Target.Run("start rora")
	p.WaitEqual(t, "emp")
}

func TestPurgingRemovesOnlyWhatAllReadersHavePassed(t *testing.T) {
	p := filePair(t, "PURGEOLDEXTRACTS ./dirdat/*, USECHECKPOINTS, MINKEEPFILES 1")
	p.Target.Write("dirprm/rorb.prm", "REPLICAT rorb\nTARGETDB "+p.TargetData.Login+
		"\nMAP main.nokey, TARGET main.nokey;\n")
	p.Target.Run("add replicat rorb, exttrail ./dirdat/rt, nodbcheckpoint")
	p.Target.Replace("dirprm/rora.prm", "MAP main.*, TARGET main.*;", "MAP main.emp, TARGET main.emp;")
	p.Start()
	for i := range 3 {
		p.SourceData.Exec(t, fmt.Sprintf("INSERT INTO nokey VALUES ('p', %d)", i))
		insert(t, p, 10*i, 10*i+2)
		arrived(t, p, 10*i+2)
		p.Source.Run("send pora, rollover")
	}
	insert(t, p, 90, 91)
	arrived(t, p, 91)
	all := trailFiles(t, p.Target, "rt")
	purge := func() { p.Target.Run("stop mgr !", "start mgr") } // the first purge is at once
	stopGroup(p.Target, "rora")                                 // so that its checkpoint is stored
	purge()
	if now := trailFiles(t, p.Target, "rt"); len(now) != len(all) {
		t.Fatalf("files were purged that RORB has not read: %v of %v are left", now, all)
	}
	p.Target.Run("start rorb", "start rora")
	p.WaitEqual(t, "emp", "nokey")
	stopGroup(p.Target, "rorb")
	stopGroup(p.Target, "rora")
	purge()
	last := all[len(all)-1]
	rig.Until(t, "old files to go", func() (bool, string) {
		now := trailFiles(t, p.Target, "rt")
		return len(now) < len(all) && now[len(now)-1] >= last, fmt.Sprint(now, p.Target.Logs())
	})
	says(t, p.Target, "ggserr.log", "OGG-00957")
	p.Target.Run("start rorb", "start rora")
	insert(t, p, 100, 101)
	p.WaitEqual(t, "emp")
}

func TestReportsOfEarlierRunsAreKeptFromZeroToNine(t *testing.T) {
	p := filePair(t)
	for range 12 {
		p.Target.Run("start rora")
		p.Target.WaitState("rora", "RUNNING")
		stopGroup(p.Target, "rora")
	}
	for _, name := range []string{"RORA.rpt", "RORA0.rpt", "RORA9.rpt"} {
		if _, err := os.Stat(filepath.Join(p.Target.Dir, "dirrpt", name)); err != nil {
			t.Error(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(p.Target.Dir, "dirrpt", "RORA*.rpt"))
	if len(files) != 11 {
		t.Errorf("%d reports: %v", len(files), files)
	}
	if out := p.Target.Run("view report rora9"); lacking(out, []string{"OGG-00994"}) != nil {
		t.Errorf("RORA9.rpt:\n%s", out)
	}
}
