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

// TestEveryItemOfTheEnvironmentIsAnswered holds @GETENV's types against a list of
// theirs: each item is told, or said to be always missing.
func TestEveryItemOfTheEnvironmentIsAnswered(t *testing.T) {
	text, err := os.ReadFile("testdata/environment.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		n := 0
		for _, e := range envTypes() {
			if e.name != words[0] {
				continue
			}
			n++
			for _, item := range words[1:] {
				if slices.Contains(e.items, item) == slices.Contains(e.never, item) {
					t.Errorf("%s %s must be in one of two lists", e.name, item)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s has %d rows", words[0], n)
		}
	}
}
