package param

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/PARAMETERS.md")

const docPath = "../docs/PARAMETERS.md"

func TestTableIsWhole(t *testing.T) {
	seen := map[string]Program{}
	for _, s := range Table() {
		compile(s.Syntax) // panics when it cannot
		if !strings.HasPrefix(s.Syntax+" ", s.Name+" ") {
			t.Errorf("%s: its syntax begins otherwise: %s", s.Name, s.Syntax)
		}
		if seen[s.Name].Has(s.Programs) {
			t.Errorf("%s stands twice for %s", s.Name, seen[s.Name]&s.Programs)
		}
		seen[s.Name] |= s.Programs
		if s.Help == "" || !strings.HasSuffix(s.Help, ".") || s.Programs == 0 {
			t.Errorf("%s: help %q, programs %s", s.Name, s.Help, s.Programs)
		}
		if (s.Support == Works) != (s.Instead == "") {
			t.Errorf("%s %s, but instead: %q", s.Name, s.Support, s.Instead)
		}
	}
	if len(seen) < 240 {
		t.Errorf("only %d parameters", len(seen))
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{"EXTRAIL": "EXTTRAIL", "tabel": "TABLE",
		"GSCHEMA": "GGSCHEMA", "OGGSCHEMA": "GGSCHEMA", "RMTTRAILS": "RMTTRAIL", "xyzzy": "",
		"DISCARDFIEL": "DISCARDFILE", "": "", "a": ""} {
		if got := Nearest(word, 0); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	if got := Nearest("PRT", Extract); got == "PORT" {
		t.Error("a parameter of another program is proposed")
	}
}

func TestLookup(t *testing.T) {
	if s, ok := Lookup("purgeoldextracts", Manager); !ok || !strings.Contains(s.Syntax, "FREQUENCY") {
		t.Errorf("Manager's row: %v %s", ok, s.Syntax)
	}
	if s, ok := Lookup("FILE", Extract); !ok || s.Name != "TABLE" {
		t.Errorf("alias: %v %s", ok, s.Name)
	}
	if _, ok := Lookup("PORT", Extract); ok {
		t.Error("PORT is no parameter of Extract")
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]Program{
		"-- x\nextract e\nTABLE a.b;\n":              Extract,
		"REPLICAT r\nMAP a.b, TARGET a.b;\n":         Replicat,
		"PORT 7809\nAUTOSTART ER *\n":                Manager,
		"USERID a\nDEFSFILE x\nTABLE a.b;\n":         Defgen,
		"GGSCHEMA g\n":                               Globals,
		"SPECIALRUN\nEND RUNTIME\nEXTFILE x\nMAP a;": Replicat,
		"SOURCEISTABLE\nRMTFILE x\nTABLE a.b;":       Extract,
		"MACRO #x BEGIN y END;\n":                    0,
		"":                                           0,
	} {
		if got := Detect(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestParametersDoc keeps docs/PARAMETERS.md equal to the table.
func TestParametersDoc(t *testing.T) {
	want := parametersDoc()
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(docPath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docPath)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the table says (%v): go test ./param -run TestParametersDoc "+
			"-args -update", docPath, err)
	}
}

func parametersDoc() string {
	var b strings.Builder
	rows := Table()
	counts := map[Support]int{}
	for _, s := range rows {
		counts[s.Support]++
	}
	fmt.Fprintf(&b, "# Parameters\n\nGenerated from the table in package `param`; do not edit. "+
		"%d rows: %d work, %d are recognised, %d are refused.\n\n", len(rows), counts[Works],
		counts[Recognised], counts[Refused])
	b.WriteString("*works*: acted on. *recognised*: understood, a warning says what happens " +
		"instead. *refused*: understood; leaving it out could change data, so a program with it " +
		"does not start (`checkprm` warns).\n\nSyntax: UPPER words are keywords, lower ones " +
		"values; `[]` may be missing, `{|}` is a choice, `...` repeats. Options in `[]` may come " +
		"in any order; commas between options may be left out. The options of TABLE and MAP " +
		"stand at the end.\n")
	for _, n := range programNames {
		fmt.Fprintf(&b, "\n## %s\n\n| parameter | syntax | default | support | meaning |\n"+
			"|---|---|---|---|---|\n", n.name)
		for _, s := range rows {
			if s.Programs.Has(n.program) {
				b.WriteString(docRow(s))
			}
		}
	}
	b.WriteString("\n" + optionsDoc())
	return b.String()
}

func docRow(s Spec) string {
	syntax, help := s.Syntax, s.Help
	if s.Terminated {
		syntax += ";"
	}
	if s.Instead != "" {
		help += " " + strings.ToUpper(s.Instead[:1]) + s.Instead[1:] + "."
	}
	if len(s.Aliases) > 0 {
		help += " Also: " + strings.Join(s.Aliases, ", ") + "."
	}
	cell := strings.NewReplacer("|", `\|`).Replace
	return fmt.Sprintf("| %s | `%s` | %s | %s, %s | %s |\n", s.Name, cell(syntax),
		cell(s.Default), s.Support, s.Priority, cell(help))
}

func optionsDoc() string {
	var names []string
	for name := range tableOptions {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	b.WriteString("## Options of TABLE and MAP\n\n| option | in | followed by | support |\n" +
		"|---|---|---|---|\n")
	forms := [...]string{"nothing", "a name", "columns in parentheses", "a list in parentheses",
		"a word or a quoted text"}
	for _, name := range names {
		o := tableOptions[name]
		in := "TABLE, MAP"
		switch o.programs {
		case Extract:
			in = "TABLE"
		case Replicat:
			in = "MAP"
		}
		support := o.support.String()
		if o.instead != "" {
			support += ": " + o.instead
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, in, forms[o.form], support)
	}
	return b.String()
}
