package commands

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const namesPath = "testdata/names.txt"

// listed is one command of the list of names, with its options.
type listed struct {
	name     string
	priority Priority
	options  []listed
}

// readNames reads testdata/names.txt.
func readNames(t *testing.T) []listed {
	text, err := os.ReadFile(namesPath)
	if err != nil {
		t.Fatal(err)
	}
	var list []listed
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		head, options, _ := strings.Cut(strings.TrimSpace(line), ":")
		i := strings.LastIndexByte(head, ' ')
		l := listed{name: head[:i], priority: Priority(head[i+1:])}
		for _, o := range strings.Fields(options) {
			name, priority, ok := strings.Cut(o, "/")
			if !ok {
				priority = string(l.priority)
			}
			l.options = append(l.options, listed{name: name, priority: Priority(priority)})
		}
		list = append(list, l)
	}
	return list
}

// TestEveryNameIsAnswered holds the table and its page against a list of what operators
// type: each command has one row, which works or says why not, and so has each option.
func TestEveryNameIsAnswered(t *testing.T) {
	page, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	rows := Table()
	seen := map[string]bool{}
	for _, l := range readNames(t) {
		if seen[l.name] {
			t.Errorf("%s stands twice in %s", l.name, namesPath)
		}
		seen[l.name] = true
		i := slices.IndexFunc(rows, func(r Command) bool { return r.Name() == l.name })
		if i < 0 {
			t.Errorf("%s has no row", l.name)
			continue
		}
		r := rows[i]
		if r.Priority != l.priority {
			t.Errorf("%s is %s in the table, %s in the list", l.name, r.Priority, l.priority)
		}
		wanted := "| `" + l.name + "` | "
		if r.Works() {
			wanted = "| `" + cell(r.Synopsis) + "` | "
		}
		if n := strings.Count(string(page), "\n"+wanted); n != 1 {
			t.Errorf("%s stands %d times on the page", l.name, n)
		}
		for _, o := range l.options {
			answersOption(t, string(page), r, o.name)
		}
	}
}

func answersOption(t *testing.T, page string, r Command, name string) {
	if !r.Works() {
		return // the command is answered, whatever follows it
	}
	o := r.option(name)
	if o == nil || o.Help+o.Note+o.Refuse == "" {
		t.Errorf("%s knows no option %s, or says nothing of it", r.Name(), name)
		return
	}
	if r.Object == "ER" {
		return // as for EXTRACT and REPLICAT
	}
	if n := strings.Count(page, "\n| "+r.Name()+" | `"+o.Name+"` | "); n != 1 {
		t.Errorf("%s %s stands %d times on the page", r.Name(), name, n)
	}
}
