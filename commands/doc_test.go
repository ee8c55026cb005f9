package commands

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/COMMANDS.md anew")

const docPath = "../docs/COMMANDS.md"

// TestCommandsDoc keeps docs/COMMANDS.md equal to the table.
func TestCommandsDoc(t *testing.T) {
	want := document(Table())
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(docPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(docPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("docs/COMMANDS.md is not what the table says: " +
			"go test ./commands -run TestCommandsDoc -args -update")
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// document renders the table as a page.
func document(rows []Command) string {
	var b strings.Builder
	b.WriteString("# Commands of ggsh\n\n" +
		"Generated from the command table of package `commands`: " +
		"`go test ./commands -run TestCommandsDoc -args -update`.\n\n" +
		"Keywords may be written in any case, commas between options may be left out, a final `;` " +
		"is tolerated, and `--` begins a remark. Verbs may be cut short as long as they are " +
		"unambiguous; `EXT`, `REP`, `MGR` and `PARAM` stand for EXTRACT, REPLICAT, MANAGER and " +
		"PARAMS. Names of groups may hold `*` and `?`. `!` at the end asks nothing.\n\n" +
		"## Supported\n\n| Command | What it does | Priority |\n|---|---|---|\n")
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(x, y Command) int {
		return cmp.Or(cmp.Compare(x.Object, y.Object), cmp.Compare(x.Verb, y.Verb))
	})
	for _, r := range rows {
		if r.Works() {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", cell(r.Synopsis), cell(r.Help), r.Priority)
		}
	}
	b.WriteString("\n## Options\n\nAn option that is *accepted* is not acted on, and the answer " +
		"says why it need not be.\n\n| Command | Option | State |\n|---|---|---|\n")
	for _, r := range rows {
		if r.Object == "ER" || r.Object == "" && len(r.Places) > 0 && r.Places[0].Name == "group" {
			continue // as for EXTRACT and REPLICAT
		}
		for _, o := range r.Options {
			state := "works: " + cell(o.Help)
			switch {
			case o.Refuse != "":
				state = "refused: " + cell(o.Refuse)
			case o.Note != "":
				state = "accepted: " + cell(o.Note)
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s |\n", r.Name(), o.Name, state)
		}
	}
	b.WriteString("\n## Known and not supported\n\n| Command | Instead | Priority |\n|---|---|---|\n")
	for _, r := range rows {
		if !r.Works() {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Name(), cell(r.Instead), r.Priority)
		}
	}
	return b.String()
}
