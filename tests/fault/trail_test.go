package fault

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ggsh/tests/rig"
)

// trailFiles lists a trail's files, the oldest first.
func trailFiles(t *testing.T, h *rig.Home, prefix string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.Dir, "dirdat", prefix+"*[0-9]"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no trail %s in %s: %v", prefix, h.Dir, err)
	}
	return files
}

// waitingTrail makes a pair whose Replicat has applied one row and is stopped,
// with more in two further files of its trail.
func waitingTrail(t *testing.T) (p *rig.Pair, files []string) {
	t.Helper()
	p = filePair(t)
	p.Start()
	insert(t, p, 1, 1)
	arrived(t, p, 1)
	stopGroup(p.Target, "rora")
	for i := range 2 {
		insert(t, p, 10*i+11, 10*i+19)
		pumped(t, p)
		p.Source.Run("send pora, rollover")
	}
	insert(t, p, 41, 45)
	rig.Until(t, "three files", func() (bool, string) {
		files = trailFiles(t, p.Target, "rt")
		return len(files) >= 3, fmt.Sprint(files)
	})
	pumped(t, p)
	return p, files
}

// pumped waits until the pump's output has all rows of the source.
func pumped(t *testing.T, p *rig.Pair) {
	t.Helper()
	var rows int
	if err := p.SourceData.DB.QueryRow("SELECT count(*) FROM emp").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	rig.Until(t, "the pump", func() (bool, string) {
		out, err := p.Source.Try("stats pora, total")
		return err == nil && lacking(out, []string{total("inserts", rows)}) == nil, out
	})
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustWrite(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o640); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedOrMissingTrailFileStopsReplicatWithFileAndPlaceAndNothingIsLost(t *testing.T) {
	p, files := waitingTrail(t)
	middle := files[len(files)-2]
	good := mustRead(t, middle)
	for _, c := range []struct {
		name   string
		damage func()
		words  []string
	}{
		{"one flipped bit", func() {
			bad := append([]byte(nil), good...)
			bad[len(bad)/2] ^= 0x10
			mustWrite(t, middle, bad)
		}, []string{"OGG-01389", middle, "RBA ", "Restore the file"}},
		{"one flipped bit in the header", func() {
			bad := append([]byte(nil), good...)
			bad[20] ^= 1
			mustWrite(t, middle, bad)
		}, []string{middle, "Restore the file"}},
		{"file truncated", func() { mustWrite(t, middle, good[:len(good)/2]) },
			[]string{middle, "RBA "}},
		{"file emptied", func() { mustWrite(t, middle, nil) }, []string{middle}},
		{"file deleted", func() { os.Remove(middle) }, []string{"OGG-01416", middle, "Restore the file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.damage()
			p.Target.Run("start rora")
			abends(t, p.Target, "rora", c.words...)
			mustWrite(t, middle, good)
		})
	}
	p.Target.Run("start rora")
	p.WaitEqual(t, "emp")
}

func TestADamagedLocalTrailStopsThePumpAndNothingIsLost(t *testing.T) {
	p := filePair(t)
	p.Start()
	insert(t, p, 1, 2)
	arrived(t, p, 2)
	stopGroup(p.Source, "pora")
	insert(t, p, 3, 20)
	rig.Until(t, "Extract to be at the end", func() (bool, string) {
		out, err := p.Source.Try("stats eora, total")
		return err == nil && lacking(out, []string{total("inserts", 20)}) == nil, out
	})
	stopGroup(p.Source, "eora")
	files := trailFiles(t, p.Source, "lt")
	last := files[len(files)-1]
	good := mustRead(t, last)
	bad := append([]byte(nil), good...)
	bad[len(bad)-200] ^= 4
	mustWrite(t, last, bad)
	p.Source.Run("start pora")
	abends(t, p.Source, "pora", "OGG-01389", last, "RBA ", "Restore the file")
	mustWrite(t, last, good)
	p.Source.Run("start eora", "start pora")
	p.WaitEqual(t, "emp")
}
