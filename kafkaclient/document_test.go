package kafkaclient

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the documents")

// TestDocument: the tables of docs/KAFKA.md are the table of this package.
func TestDocument(t *testing.T) {
	const page = "../docs/KAFKA.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n| Property | What it does here |\n|---|---|\n")
	for _, row := range Table() {
		if row.Roles&Producer == 0 {
			continue
		}
		what := row.Text
		if !row.Obeyed {
			what = "ignored: " + what
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", row.Key, what)
	}
	b.WriteString("\n")
	const from = "<!-- properties of the producer: printed from kafkaclient.Table -->\n"
	before, rest, ok := strings.Cut(string(text), from)
	_, after, closed := strings.Cut(rest, "<!-- end -->")
	if !ok || !closed {
		t.Fatalf("%s lacks the place for the table", page)
	}
	want := before + from + b.String() + "<!-- end -->" + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is not up to date: go test ./kafkaclient -run TestDocument -args -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
