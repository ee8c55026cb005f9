package formatter

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentShowsWhatIsWritten: each line of an example in docs/FORMATS.md is
// one that a page of the tests has.
func TestDocumentShowsWhatIsWritten(t *testing.T) {
	written := map[string]bool{}
	pages, err := filepath.Glob("testdata/pages/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			written[strings.TrimSuffix(line, "\n")] = true
		}
	}
	text, err := os.ReadFile("../docs/FORMATS.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```text\n(.*?)```").FindAllSubmatch(text, -1)
	for _, example := range examples {
		for line := range strings.Lines(string(example[1])) {
			if line = strings.TrimSuffix(line, "\n"); !written[line] {
				t.Errorf("no page of testdata/pages has %s", line)
			}
		}
	}
	if len(examples) < 7 {
		t.Errorf("%d examples", len(examples))
	}
}
