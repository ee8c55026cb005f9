package expr

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const namesPath = "testdata/names.txt"

// TestEveryNameIsAnswered holds the table and its page against a list of names.
func TestEveryNameIsAnswered(t *testing.T) {
	text, err := os.ReadFile(namesPath)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		if name == "#" {
			continue
		}
		n := 0
		for _, f := range Functions() {
			if f.Name == name || slices.Contains(f.Aliases, name) {
				n++
				if strings.Count(string(page), "\n| `"+f.Name+" (") != 1 {
					t.Errorf("%s is not once on the page", f.Name)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s has %d rows", name, n)
		}
	}
}
