package ggserr

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/MESSAGES.md anew")

// TestMessagesDoc keeps the page equal to the catalog.
func TestMessagesDoc(t *testing.T) {
	path := filepath.Join("..", "docs", "MESSAGES.md")
	page := messagesPage()
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(is) != page {
		t.Errorf("%s is not the catalog's page; run go test ./ggserr -run TestMessagesDoc -args -update",
			path)
	}
}

// messagesPage renders the catalog.
func messagesPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Messages

Generated from the catalog of package %[1]sggserr%[1]s; do not edit:
%[1]sgo test ./ggserr -run TestMessagesDoc -args -update%[1]s. %[2]d messages.

Each message is one line of %[1]sggserr.log%[1]s and of the report of the program it happened in. Numbers are GoldenGate's
where it has one for the case; from OGG-30000 on they are this product's own. A released number never changes its
meaning. … stands for what is filled in.

| number | severity | text | cause | what to do |
|---|---|---|---|---|
`, "`", len(Catalog()))
	verb := regexp.MustCompile(`%[#+]?[a-z]`)
	cell := func(s string) string {
		return strings.ReplaceAll(verb.ReplaceAllString(s, "…"), "|", `\|`)
	}
	for _, m := range Catalog() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", m.Number, m.Severity, cell(m.Text),
			cell(m.Cause), cell(m.Action))
	}
	return b.String()
}
