package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/param"
)

func TestDiscardRolloverBeginsAFileWhenItsTimeHasCome(t *testing.T) {
	now := time.Date(2026, 11, 16, 5, 59, 0, 0, time.Local)
	path := filepath.Join(t.TempDir(), "r.dsc")
	d := &Discard{p: &Process{cfg: Config{Now: func() time.Time { return now }, Type: "REPLICAT"}},
		path: path, maxBytes: 200}
	d.RolloverAt([]param.Clock{{Hour: 6}})
	entries := func(name string) string {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return err.Error()
		}
		_, text, _ := strings.Cut(string(b), "\n\n")
		return text
	}
	for _, step := range []struct {
		after      time.Duration
		add        string
		now, aside string
	}{
		{0, "one,", "one,", ""}, {30 * time.Second, "two,", "one,two,", ""},
		{2 * time.Minute, "three,", "three,", "one,two,"},
		{20 * time.Hour, "four,", "three,four,", "one,two,"},
		{24 * time.Hour, "five,", "five,", "three,four,"},
	} {
		now = now.Add(step.after)
		if err := d.Add(step.add); err != nil {
			t.Fatal(err)
		}
		if got := entries("r.dsc"); got != step.now {
			t.Errorf("at %s the file has %q, not %q", now, got, step.now)
		}
		if step.aside != "" && entries("r0.dsc") != step.aside {
			t.Errorf("at %s the file put aside has %q, not %q", now, entries("r0.dsc"), step.aside)
		}
	}
	d.Close()
}
