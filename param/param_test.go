package param

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// programByName finds the program of a test's argument.
func programByName(t *testing.T, name string) Program {
	t.Helper()
	for _, n := range programNames {
		if strings.EqualFold(n.name, name) {
			return n.program
		}
	}
	t.Fatalf("no program %q", name)
	return 0
}

// TestData runs the pages in testdata. Commands:
//
//	lex                        tokens of the input
//	file name=x                keeps the input as a file for INCLUDE and OBEY
//	env NAME=value             sets a variable for ?NAME
//	parse [program=p] [checkonly]   statements, warnings and errors
//	echo [program=p]           the echo and the raw texts
//	tables|run|manager|globals|login|outputs   what the typed readers read
func TestData(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if path == namesPath {
			return
		}
		files, env := map[string]string{}, map[string]string{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return page(t, d, files, env)
		})
	})
}

func page(t *testing.T, d *datadriven.TestData, files, env map[string]string) string {
	opt := Options{Getenv: func(name string) string { return env[name] },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}}
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "program":
			opt.Program = programByName(t, a.Vals[0])
		case "checkonly":
			opt.CheckOnly = true
		case "name":
			files[a.Vals[0]] = d.Input + "\n"
		default:
			if d.Cmd == "env" {
				env[a.Key] = a.Vals[0]
			}
		}
	}
	input := strings.NewReplacer("<TAB>", "\t", "<CR>", "\r", "<SP>", " ", "<BOM>", "\ufeff").
		Replace(d.Input)
	switch d.Cmd {
	case "file", "env":
		return ""
	case "lex":
		return lexPage(input)
	}
	f, err := ParseText("t.prm", input+"\n", opt)
	switch d.Cmd {
	case "parse":
		return statementsPage(f, err)
	case "echo":
		return echoPage(f, err)
	}
	return readersPage(t, d.Cmd, f, err)
}

func lexPage(input string) string {
	var b strings.Builder
	for _, line := range strings.Split(input, "\n") {
		tokens, err := Lex("t", line)
		for _, tok := range tokens {
			fmt.Fprintf(&b, "%d:%s ", tok.Pos.Column, tokenText(tok))
		}
		if err != nil {
			fmt.Fprintf(&b, "error: %v", err)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// tokenText shows kind and glue: 'q' "d" word, punctuation in <>, glue as a ~ before.
func tokenText(t Token) string {
	s := t.Text
	switch t.Kind {
	case Quoted:
		s = "'" + s + "'"
	case DoubleQuoted:
		s = `"` + s + `"`
	case Punct:
		s = "<" + s + ">"
	}
	if t.Glued {
		s = "~" + s
	}
	return s
}

func tokensText(tokens []Token) string {
	var parts []string
	for _, t := range tokens {
		parts = append(parts, strings.TrimPrefix(tokenText(t), "~"))
	}
	return strings.Join(parts, " ")
}

func statementsPage(f *File, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", f.Program)
	for _, s := range f.Statements {
		fmt.Fprintf(&b, "%s:%d:%d %s %s\n", s.Pos.File, s.Pos.Line, s.Pos.Column, s.Name,
			tokensText(s.Args))
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(&b, "warning %v\n", w)
	}
	for _, e := range Errors(err) {
		fmt.Fprintf(&b, "error %v\n", e)
	}
	return b.String()
}

func echoPage(f *File, err error) string {
	var b strings.Builder
	for _, line := range f.Echo {
		fmt.Fprintf(&b, "| %s\n", line)
	}
	for _, s := range f.Statements {
		fmt.Fprintf(&b, "raw %q\n", s.Raw)
	}
	for _, e := range Errors(err) {
		fmt.Fprintf(&b, "error %v\n", e)
	}
	return b.String()
}

func TestErrorsGivesAll(t *testing.T) {
	_, err := ParseText("x.prm", "EXTRACT e\nEXTRAIL ./dirdat/aa\nPORT 1\n", Options{})
	if n := len(Errors(err)); n != 2 {
		t.Fatalf("%d errors: %v", n, err)
	}
	if Errors(nil) != nil {
		t.Error("no error, yet some")
	}
	if n := len(Errors(errors.New("other"))); n != 1 {
		t.Error("another error is one error")
	}
}

func TestCheckTwiceSaysTheSame(t *testing.T) {
	f, err := ParseText("x.prm", "EXTRACT e\nEXTRAIL a\nMACRO x\nNUMFILES 3\nPORT 1\n", Options{})
	warnings := len(f.Warnings)
	again := Check(f, f.Program)
	if fmt.Sprint(err) != fmt.Sprint(again) || warnings != len(f.Warnings) {
		t.Errorf("first:\n%v\nthen:\n%v", err, again)
	}
}

func TestParseReadsFromTheHome(t *testing.T) {
	opened := ""
	_, err := Parse("dirprm/e.prm", Options{Home: "/h", ReadFile: func(p string) ([]byte, error) {
		opened = p
		return []byte("EXTRACT e\n"), nil
	}})
	if err != nil || opened != "/h/dirprm/e.prm" {
		t.Errorf("opened %q: %v", opened, err)
	}
	none := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	_, err = Parse("none", Options{ReadFile: none})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
	if _, err = Parse("x", Options{}); err == nil {
		t.Error("no reader, no error")
	}
}

// TestSamples reads every sample file of the project.
func TestSamples(t *testing.T) {
	paths, _ := filepath.Glob("../dirprm/*")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || filepath.Ext(path) != ".prm" && filepath.Base(path) != "GLOBALS" {
			continue
		}
		opt := Options{Home: "..", ReadFile: os.ReadFile}
		if _, err := ParseText(path, string(text), opt); err != nil {
			t.Error(err)
		}
	}
}

// TestTags: + is any tag, NULL is none.
func TestTags(t *testing.T) {
	for _, c := range []struct {
		file, tag string
		want      bool
	}{{"EXCLUDETAG loop", "loop", true}, {"TRANLOGOPTIONS EXCLUDETAG LOOP", "loop", true},
		{"EXCLUDETAG loop", "app", false}, {"EXCLUDETAG loop", "", false}, {"EXCLUDETAG +", "app", true},
		{"EXCLUDETAG +", "", false}, {"EXCLUDETAG null", "", true}, {"EXCLUDETAG NULL", "app", false},
		{"EXCLUDETAG a\nEXCLUDETAG b", "b", true}, {"INCLUDETAG a", "b", true}, {"INCLUDETAG a", "A", false},
		{"TRANLOGOPTIONS INCLUDETAG a EXCLUDETAG +", "a", true}, {"INCLUDETAG a", "", true}, {"", "", false}} {
		f, err := ParseText("e.prm", "EXTRACT e\n"+c.file+"\nTABLE a.b;\n", Options{Program: Extract})
		if err != nil {
			t.Fatal(err)
		}
		run, err := ReadRun(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := run.Tags.LeaveOut(c.tag); got != c.want || run.Tags.Given() != (c.file != "") {
			t.Errorf("%s, tag %q: %v", c.file, c.tag, got)
		}
	}
}
