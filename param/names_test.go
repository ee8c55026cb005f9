package param

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const namesPath = "testdata/names.txt"

// TestEveryNameIsAnswered holds the table and its page against a list of names: each
// parameter, and each option listed, is there and works or says why not.
func TestEveryNameIsAnswered(t *testing.T) {
	text, err := os.ReadFile(namesPath)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		name := strings.Join(words[:len(words)-1], " ")
		if seen[name] {
			t.Errorf("%s stands twice in %s", name, namesPath)
		}
		seen[name] = true
		if len(words) == 3 {
			answersOption(t, string(page), words[0], words[1])
			continue
		}
		s, ok := Lookup(name, 0)
		switch {
		case !ok || s.Name != name:
			t.Errorf("%s has no row", name)
		case s.Priority.String() != words[1]:
			t.Errorf("%s is %s in the table, %s in the list", name, s.Priority, words[1])
		case (s.Support == Works) != (s.Instead == ""):
			t.Errorf("%s %s, and instead: %q", name, s.Support, s.Instead)
		case !strings.Contains(string(page), docRow(s)):
			t.Errorf("%s is not on the page as the table has it", name)
		}
	}
}

// answersOption looks for an option: of TABLE and MAP in their own table, else in the
// syntax of its parameter.
func answersOption(t *testing.T, page, name, option string) {
	if name == "TABLE" {
		o, ok := tableOptions[option]
		if n := strings.Count(page, "\n| "+option+" | "); !ok || n < 1 {
			t.Errorf("option %s of TABLE and MAP: row %v, %d times on the page", option, ok, n)
		}
		if o.support != Works && o.instead == "" {
			t.Errorf("option %s does not work and says not why", option)
		}
		return
	}
	s, _ := Lookup(name, 0)
	if !slices.Contains(grammarWords(s.Syntax), option) {
		t.Errorf("%s has no option %s in its syntax", name, option)
	}
}
