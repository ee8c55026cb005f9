// Package inventory says which test shows the effect of each command, parameter and
// function that works and that operators use much: of priority 0 and 1.
//
// It runs none of them. Its law: a name has a line, and a line a test that names it.
package inventory

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ggsh/commands"
	"ggsh/mapping/expr"
	"ggsh/param"
)

const (
	root     = "../.."
	listPath = "testdata/effects.txt"
)

// line is a name and where its effect is shown: a file of test data, or a Go file and a
// test in it; or why there is none.
type line struct {
	number             int
	file, test, reason string
}

// TestEveryNameHasAnEffectTest fails for a name that works and has no line, for a line
// whose name is no more, and for one whose test is not there or does not name it.
func TestEveryNameHasAnEffectTest(t *testing.T) {
	text, err := os.ReadFile(listPath)
	if err != nil {
		t.Fatal(err)
	}
	lines, faults := read(string(text))
	works := working()
	for _, name := range works {
		l, ok := lines[name]
		if !ok {
			faults = append(faults, "no line for "+name)
			continue
		}
		delete(lines, name)
		if l.reason != "" {
			t.Logf("without a test of its effect: %s: %s", name, l.reason)
		} else if fault := l.check(name); fault != "" {
			faults = append(faults, fmt.Sprintf("line %d, %s: %s", l.number, name, fault))
		}
	}
	for name, l := range lines {
		faults = append(faults, fmt.Sprintf("line %d: %s is no name that works and has priority 0 or 1",
			l.number, name))
	}
	slices.Sort(faults)
	for _, fault := range faults {
		t.Errorf("%s: %s", listPath, fault)
	}
}

// working are the names of the tables, each with its kind in front.
func working() []string {
	var names []string
	for _, r := range commands.Table() {
		if r.Works() && (r.Priority == commands.P0 || r.Priority == commands.P1) {
			names = append(names, "command "+r.Name())
		}
	}
	for _, s := range param.Table() {
		if s.Support == param.Works && (s.Priority == param.P0 || s.Priority == param.P1) {
			names = append(names, "parameter "+s.Name)
		}
	}
	for _, f := range expr.Functions() {
		names = append(names, "function "+f.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// read gives the lines by their names: kind NAME | file [Test], or kind NAME | without: reason.
func read(text string) (lines map[string]line, faults []string) {
	lines = map[string]line{}
	n := 0
	for s := range strings.Lines(text) {
		n++
		if s = strings.TrimSpace(s); s == "" || strings.HasPrefix(s, "#") {
			continue
		}
		name, where, _ := strings.Cut(s, " | ")
		l := line{number: n}
		if reason, without := strings.CutPrefix(where, "without: "); without {
			l.reason = reason
		} else {
			l.file, l.test, _ = strings.Cut(where, " ")
		}
		if _, twice := lines[name]; twice || l.file == "" && l.reason == "" {
			faults = append(faults, fmt.Sprintf("line %d: %s stands twice, or names no test", n, name))
		}
		lines[name] = l
	}
	return lines, faults
}

// check says what is wrong with a line.
func (l line) check(name string) string {
	path := filepath.Join(root, l.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if strings.HasSuffix(l.file, "_test.go") {
		if text, err = literals(path, l.test); err != nil {
			return err.Error()
		}
	} else if tests, _ := filepath.Glob(strings.Split(path, "/testdata/")[0] + "/*_test.go"); len(tests) == 0 ||
		!strings.Contains(path, "/testdata/") || l.test != "" {
		return l.file + " is neither a Go test nor the data of one"
	}
	if !pattern(name).Match(text) {
		return l.file + " does not name it"
	}
	return ""
}

// literals are the texts in a Go file, which must have a test function.
func literals(path, test string) ([]byte, error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			found = found || n.Name.Name == test && n.Recv == nil && strings.HasPrefix(test, "Test")
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				b.WriteString(s + "\n")
			}
		}
		return true
	})
	if !found {
		return nil, fmt.Errorf("%s has no test %q", path, test)
	}
	return b.Bytes(), nil
}

// pattern finds a name: words of a command in any case, others as they are.
func pattern(name string) *regexp.Regexp {
	kind, words, _ := strings.Cut(name, " ")
	p := `(^|[^A-Za-z0-9_@])` + strings.ReplaceAll(regexp.QuoteMeta(words), " ", `\s+`)
	if kind == "command" {
		p = "(?i)" + strings.ReplaceAll(p, "MANAGER", "(MANAGER|MGR)")
	}
	if words == "!" {
		return regexp.MustCompile(`(?m)^(GGSH.*> )?!`)
	}
	return regexp.MustCompile(p + `($|[^A-Za-z0-9_])`)
}

// TestFaultsOfTheListAreFound: the inventory can fail.
func TestFaultsOfTheListAreFound(t *testing.T) {
	_, faults := read("parameter A | without: x\nparameter A | without: y\nparameter B\n")
	if len(faults) != 2 {
		t.Errorf("faults %q", faults)
	}
	this := "tests/inventory/inventory_test.go"
	for _, c := range []struct {
		name, file, test string
		ok               bool
	}{
		{"command START MANAGER", "commands/testdata/manager", "", true},
		{"parameter NOSUCHNAME", "commands/testdata/manager", "", false},
		{"function @CASE", "mapping/expr/testdata/choices", "", true},
		{"function @CAS", "mapping/expr/testdata/choices", "", false},
		{"function @CASE", "mapping/expr/testdata/none", "", false},
		{"function @CASE", "docs/FUNCTIONS.md", "", false},
		{"function @CASE", this, "TestFaultsOfTheListAreFound", true},
		{"function @CASE", this, "TestThatIsNotThere", false},
		{"function @CASE", this, "", false},
	} {
		if fault := (line{file: c.file, test: c.test}).check(c.name); (fault == "") != c.ok {
			t.Errorf("%s in %s %s: %q", c.name, c.file, c.test, fault)
		}
	}
}
