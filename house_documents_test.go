package house_test

import (
	"go/ast"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/commands"
	"ggsh/param"
	"ggsh/props"
)

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	pathWord   = regexp.MustCompile(`^[A-Za-z0-9_.*/-]+$`)
	symbolWord = regexp.MustCompile(`^([a-z]+(?:/[a-z]+)*)\.([A-Z]\w*)(?:\.([A-Z]\w*))?(?:\(\))?$`)
	madeLater  = []string{"bin", "demo"}
)

// documents gives all pages of the project.
func documents(t *testing.T) []string {
	t.Helper()
	var pages []string
	walk(t, func(name string, entry fs.DirEntry) {
		if !entry.IsDir() && strings.HasSuffix(name, ".md") {
			pages = append(pages, name)
		}
	})
	return pages
}

// TestDocumentsNameWhatExists: each path and each symbol of ours in back quotes
// is there.
func TestDocumentsNameWhatExists(t *testing.T) {
	exported := symbols(t)
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			word := m[1]
			if isOurPath(word) {
				if found, err := filepath.Glob(word); err != nil || len(found) == 0 {
					t.Errorf("%s names %s, which does not exist", page, word)
				}
			}
			if s := symbolWord.FindStringSubmatch(word); s != nil {
				checkSymbol(t, page, s, exported)
			}
		}
	}
}

// isOurPath reports whether a word is a path of this tree, and not one of a home
// or of something made later.
func isOurPath(word string) bool {
	if !pathWord.MatchString(word) || !strings.Contains(word, "/") {
		return false
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(word, "./"), "/")
	if slices.Contains(madeLater, first) || first == "" || first == ".." {
		return false
	}
	if first == "dirprm" && !strings.Contains(rest, "/") && !strings.HasSuffix(rest, ".oby") {
		return false // a home's own parameter file
	}
	st, err := os.Stat(first)
	return err == nil && st.IsDir()
}

// symbols gives what each package exports: names, and names with a dot for
// methods and fields.
func symbols(t *testing.T) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{}
	for _, s := range sources(t) {
		names := map[string]bool{}
		for _, file := range s.files {
			for _, d := range file.Decls {
				declared(d, names)
			}
		}
		all[s.dir] = names
		if short := path.Base(s.dir); all[short] == nil {
			all[short] = names
		}
	}
	return all
}

func declared(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names[d.Name.Name] = true
		} else if on := rootOf(d.Recv.List[0].Type); on != nil {
			names[on.Name+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names[n.Name] = true
				}
			case *ast.TypeSpec:
				names[spec.Name.Name] = true
				members(spec, names)
			}
		}
	}
}

// members notes the fields of a struct and the methods of an interface.
func members(spec *ast.TypeSpec, names map[string]bool) {
	var list *ast.FieldList
	switch kind := spec.Type.(type) {
	case *ast.StructType:
		list = kind.Fields
	case *ast.InterfaceType:
		list = kind.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, n := range field.Names {
			names[spec.Name.Name+"."+n.Name] = true
		}
	}
}

func checkSymbol(t *testing.T, page string, s []string, exported map[string]map[string]bool) {
	t.Helper()
	names, ours := exported[s[1]]
	if !ours {
		return // a package of the standard library
	}
	want := s[2]
	if s[3] != "" {
		want += "." + s[3]
	}
	if !names[want] {
		t.Errorf("%s names %s, which does not exist", page, s[0])
	}
}

// TestDocumentsHaveNoLineNumbersAndNoDeadLinks: line numbers are wrong soon.
func TestDocumentsHaveNoLineNumbersAndNoDeadLinks(t *testing.T) {
	lineNumber := regexp.MustCompile(`\.go:\d+|\.go#L\d+`)
	link := regexp.MustCompile(`\]\(([^)#: ]+)(#[^)]*)?\)`)
	for _, page := range documents(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range lineNumber.FindAllString(string(text), -1) {
			t.Errorf("%s names a line, %s: name the symbol", page, m)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
			}
		}
	}
}

// TestSampleFiles reads every parameter file and script of dirprm.
func TestSampleFiles(t *testing.T) {
	read := 0
	err := filepath.WalkDir("dirprm", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		read++
		switch path.Ext(name) {
		case ".oby":
			for _, fault := range commands.Check(name, string(text), time.UTC) {
				t.Error(fault)
			}
		case ".props", ".properties":
			faults, warnings := props.Check(name, props.Options{})
			for _, e := range append(faults, warnings...) {
				t.Error(e)
			}
		case ".ora": // tests/oracle connects by it
		default:
			checkParams(t, name, string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read == 0 {
		t.Error("dirprm is empty")
	}
}

func checkParams(t *testing.T, name, text string) {
	t.Helper()
	program := param.Detect(text)
	switch path.Base(name) {
	case "GLOBALS":
		program = param.Globals
	case "mgr.prm":
		program = param.Manager
	}
	if program == 0 {
		t.Errorf("%s: it cannot be told which program it is for", name)
	}
	f, err := param.ParseText(name, text, param.Options{ReadFile: os.ReadFile, Program: program})
	for _, e := range param.Errors(err) {
		t.Error(e)
	}
	for _, w := range f.Warnings {
		t.Error(w)
	}
}

// TestDecisionsNameTheVersionsInUse: a page of docs/adr names a module and a
// version, those of go.mod; each module that the code imports has a page.
func TestDecisionsNameTheVersionsInUse(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s*(\S+\.\S+/\S+) (v\S+)`).FindAllStringSubmatch(
		string(text), -1) {
		versions[m[1]] = m[2]
	}
	pages, err := filepath.Glob("docs/adr/*.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		named := regexp.MustCompile(`(\S+\.\S+/[^\s(]+) (v[0-9][0-9.]*[0-9])`).FindAllStringSubmatch(
			string(text), -1)
		for _, m := range named {
			module := strings.TrimPrefix(m[1], "(")
			told[module] = true
			if versions[module] != m[2] {
				t.Errorf("%s names %s %s, go.mod has %q", page, module, m[2], versions[module])
			}
		}
		if len(named) == 0 {
			t.Errorf("%s names no module and version", page)
		}
	}
	for _, s := range sources(t) {
		for name, file := range s.files {
			for _, spec := range file.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				for module := range versions {
					if strings.HasPrefix(imported+"/", module+"/") && !told[module] {
						t.Errorf("%s imports %s, which has no page in docs/adr", name, module)
					}
				}
			}
		}
	}
}

// TestPropertiesThatWorkAreRead: a property that the table says works is asked
// for by name somewhere, if it is of a handler that is here.
func TestPropertiesThatWorkAreRead(t *testing.T) {
	asked := map[string]bool{}
	for _, s := range sources(t) {
		for name, file := range s.files {
			if forTests(s.dir) || strings.HasPrefix(path.Base(name), "rows_") {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					asked[strings.ToLower(strings.Trim(lit.Value, "\"`"))] = true
				}
				return true
			})
		}
	}
	var here []string
	for kind, plugin := range map[string]string{props.HDFS: "plugins/hdfs",
		props.FileWriter: "plugins/file", props.Kafka: "plugins/kafka"} {
		if _, err := os.Stat(plugin); err == nil {
			here = append(here, kind)
		}
	}
	for _, r := range props.Table() {
		served := len(r.Types) == 0 || slices.ContainsFunc(r.Types, func(kind string) bool {
			return slices.Contains(here, kind)
		})
		name := strings.ToLower(strings.TrimSuffix(r.Name, "*"))
		if served && r.Status == props.Works && !asked[name] {
			t.Errorf("%s works, as docs/HANDLERS.md has it, and nothing asks for it", r.Key())
		}
	}
}
