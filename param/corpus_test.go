package param

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCorpus reads real files where there are any: see GGSH_CORPUS.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("GGSH_CORPUS")
	if dir == "" {
		t.Skip("GGSH_CORPUS names no folder")
	}
	index, err := os.ReadFile(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	right, judged := 0, 0
	for _, row := range strings.Split(string(index), "\n")[1:] {
		cells := strings.Split(row, "\t")
		if len(cells) < 5 || !strings.HasPrefix(cells[1], "prm") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, cells[0]))
		if err != nil {
			continue
		}
		note := strings.ToLower(cells[4])
		f, err := ParseText(cells[0], string(text), Options{CheckOnly: true})
		if strings.Contains(note, "doubtful") || strings.Contains(note, "fragment") ||
			strings.Contains(note, "variable") || strings.Contains(note, "unexpanded") {
			t.Logf("not judged: %s %v %v", cells[0], f.Program, err)
			continue
		}
		judged++
		invalid := strings.Contains(cells[4], "INVALID")
		if (err != nil) == invalid {
			right++
		} else {
			t.Errorf("%s (%s): invalid %v, got %v", cells[0], f.Program, invalid, err)
		}
		if want := strings.ToUpper(strings.TrimPrefix(cells[1], "prm:")); f.Program != 0 &&
			!strings.HasPrefix(want, "MGR") && !strings.HasPrefix(want, "PUMP") &&
			want != strings.ToUpper(f.Program.String()) {
			t.Errorf("%s: detected %s", cells[0], f.Program)
		}
	}
	t.Logf("%d of %d", right, judged)
}
