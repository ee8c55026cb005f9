package props

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
	paths, err := filepath.Glob(filepath.Join(dir, "props", "*.props"))
	if err != nil || len(paths) == 0 {
		t.Fatal(err, len(paths))
	}
	for _, path := range paths {
		c, err := Load(path, Options{})
		t.Log(strings.TrimPrefix(path, dir))
		if err != nil {
			t.Log("  E ", err)
		} else {
			for _, n := range c.Notices() {
				t.Log("  N ", n)
			}
		}
		faults, warnings := Check(path, Options{})
		t.Log("  check", len(faults), len(warnings))
		for _, f := range faults {
			t.Error(f)
		}
		for _, w := range warnings {
			t.Log("  W ", w)
		}
	}
}
