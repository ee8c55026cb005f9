package parameters

import (
	"os"
	"path/filepath"
	"testing"

	"ggsh/tests/rig"
)

// TestOutputFileUmask looks at the files that Manager, Extract, data pump, collector and
// Replicat make under OUTPUTFILEUMASK: the trails of both homes, reports, a discard file.
func TestOutputFileUmask(t *testing.T) {
	p := rig.NewPair(t, bin, "sqlite", "sqlite")
	p.Source.Write("GLOBALS", "OUTPUTFILEUMASK 066\n")
	p.Target.Write("GLOBALS", "OUTPUTFILEUMASK 077\n")
	for _, d := range []*rig.Database{p.SourceData, p.TargetData} {
		d.Exec(t, "CREATE TABLE a (id INTEGER PRIMARY KEY, v VARCHAR(20))")
	}
	p.TargetData.Exec(t, "INSERT INTO a VALUES (1, 'there')")
	p.Setup("REPERROR (DEFAULT, DISCARD)", "DISCARDFILE ./dirrpt/rora.dsc")
	p.Start()
	p.SourceData.Exec(t, "INSERT INTO a VALUES (1, 'refused')", "INSERT INTO a VALUES (2, 'x')",
		"UPDATE a SET v = 'there' WHERE id = 1")
	p.WaitEqual(t, "a")
	for _, f := range []struct {
		home    *rig.Home
		pattern string
		want    os.FileMode
	}{
		{p.Source, "dirdat/lt*", 0o600}, {p.Source, "dirrpt/EORA.rpt", 0o600},
		{p.Source, "dirrpt/PORA.rpt", 0o600}, {p.Source, "dirrpt/MGR.rpt", 0o600},
		{p.Target, "dirdat/rt*", 0o600}, {p.Target, "dirrpt/RORA.rpt", 0o600},
		{p.Target, "dirrpt/rora.dsc", 0o600}, {p.Target, "dirrpt/MGR.rpt", 0o600},
	} {
		names, err := filepath.Glob(filepath.Join(f.home.Dir, f.pattern))
		if err != nil || len(names) == 0 {
			t.Errorf("%s: no such file (%v)", f.pattern, err)
		}
		for _, name := range names {
			st, err := os.Stat(name)
			if err != nil {
				t.Error(err)
			} else if st.Mode().Perm() != f.want {
				t.Errorf("%s has mode %o, not %o", f.pattern, st.Mode().Perm(), f.want)
			}
		}
	}
}
