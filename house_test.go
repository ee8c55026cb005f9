// Package house_test holds the tests of the house itself: what may import what,
// what a package may declare, and that documents and sample files are true.
// docs/ARCHITECTURE.md explains the fences.
package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors: a package imports only from lower floors. Packages below one folder
// (capture/mysql, capture/mysql/binlog) may share a floor.
var floors = [][]string{
	{"record", "ggserr", "subdirs"},
	{"param", "trail", "report", "control", "control/pin", "handler", "scheduler", "checkpoint",
		"checkpointtable", "heartbeat", "props", "sealedfile", "oracleclient", "definitions", "ddl",
		"shell", "systemlog"},
	{"dblogin", "wallet", "formatter", "kafkaclient", "collector", "mapping", "mapping/*", "handler/dml",
		"handler/query", "process", "groupstate", "hostkey"},
	{"extract", "replicat", "agent", "commands", "logdump", "console", "handler/lake", "handler/lake/*",
		"capture/*", "loadgen"},
	{"trandata"},
	{"cmd/*", "plugins/*"},
}

// engines do the work on the data; who gives orders starts them by name.
var engines = []string{"extract", "replicat", "capture/*", "handler", "handler/*", "mapping",
	"collector"}

// forbidden says which of our packages must not import which others, beyond
// what the floors forbid.
var forbidden = []struct {
	fence  string
	who    []string
	what   []string
	reason string
}{
	{"1", []string{"*", "*/*", "*/*/*"}, []string{"cmd/*", "plugins/*"},
		"programs are joined by starting them"},
	{"1", []string{"extract"}, []string{"replicat"}, "the two meet in a trail"},
	{"1", []string{"replicat"}, []string{"extract"}, "the two meet in a trail"},
	{"2", []string{"agent"}, engines, "the Manager starts programs by name and speaks control"},
	{"3", []string{"commands"}, append([]string{"agent"}, engines...),
		"what a command knows of a process comes by control or from its files"},
	{"4", []string{"extract", "replicat"}, []string{"capture/*"}, "cmd/extract joins them"},
	{"4", []string{"handler"}, []string{"handler/*"}, "a contract does not know who keeps it"},
}

// outside says where modules of others, and parts of the standard library, may
// be imported. Whatever is not named here and has a dot in its first element
// may be imported nowhere.
var outside = []struct {
	fence  string
	module string
	where  []string
	reason string
}{
	{"5", "github.com/go-mysql-org/go-mysql", []string{"capture/mysql"}, "drivers"},
	{"5", "github.com/go-sql-driver/mysql", []string{"dblogin", "capture/*", "plugins/*"}, "drivers"},
	{"5", "github.com/sijms/go-ora", []string{"oracleclient"}, "drivers"},
	{"5", "modernc.org/sqlite", []string{"dblogin", "capture/*", "plugins/*"}, "drivers"},
	{"5", "github.com/hashicorp", []string{"handler"}, "the process boundary of handlers"},
	{"5", "google.golang.org/grpc", []string{"handler"}, "the process boundary of handlers"},
	{"5", "github.com/twmb/franz-go", []string{"kafkaclient", "plugins/kafka", "capture/kafka", "loadgen"}, "drivers"},
	{"5", "github.com/colinmarc/hdfs", []string{"plugins/hdfs"}, "drivers"},
	{"5", "github.com/jcmturner/gokrb5", []string{"plugins/hdfs"}, "drivers"},
	{"5", "github.com/hamba/avro", []string{"formatter"}, "formats of files and messages"},
	{"5", "github.com/parquet-go/parquet-go", []string{"formatter"}, "formats of files and messages"},
	{"5", "github.com/chzyer/readline", []string{"cmd/ggsh"}, "the keyboard"},
	{"5", "github.com/klauspost/compress", []string{"trail", "collector", "capture/mysql/*", "formatter"},
		"compressed bytes"},
	{"5", "golang.org/x/text", []string{"param", "capture/mysql/*", "capture/oracle/*"}, "values are UTF-8 from capture on"},
	{"5", "golang.org/x/sys", []string{"*", "*/*", "*/*/*"}, ""},
	{"5", "net/http", []string{"control"}, "orders have one protocol"},
	{"5", "os/exec", []string{"agent", "handler", "commands", "shell"}, "who starts processes"},
	{"5", "os/signal", []string{"cmd/*", "plugins/*"}, "signals are a main's"},
	{"5", "flag", []string{"cmd/*", "plugins/*"}, "command lines are a main's"},
	{"7", "testing", nil, "test helpers have a folder of their own"},
}

// connecting are the names of package net that reach for the network.
var connecting = []string{"Dial", "Listen", "Dialer", "ListenConfig", "File"}

// networked are the packages that may use them.
var networked = []string{"control", "collector", "capture/mysql", "kafkaclient", "oracleclient",
	"plugins/hdfs", "systemlog"}

// forbiddenNames of packages, files and folders say nothing of what is in them.
var forbiddenNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "base",
	"core", "shared", "new", "old", "v2", "poc"}

// source is one package of the tree without its tests.
type source struct {
	dir   string // record, capture/mysql
	name  string
	files map[string]*ast.File
}

// is reports whether the package matches one of the patterns; capture/* stands
// for everything below capture, too.
func (s *source) is(patterns ...string) bool { return matches(s.dir, patterns) }

func matches(dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if ok, _ := path.Match(p, dir); ok {
			return true
		}
		below := strings.TrimSuffix(p, "*")
		return len(below) > 1 && below != p && strings.HasPrefix(dir, below)
	})
}

// floor gives the package's floor, -1 for one without.
func floor(dir string) int {
	for n, list := range floors {
		if matches(dir, list) {
			return n
		}
	}
	return -1
}

// forTests reports whether a package only serves tests.
func forTests(dir string) bool {
	return dir == "." || strings.HasPrefix(dir, "tests") || strings.HasSuffix(dir, "test") ||
		strings.Contains(dir, "testdata")
}

// walk calls f for each file and folder of the tree that is the project's own.
func walk(t *testing.T, f func(name string, entry fs.DirEntry)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"bin",
			"demo", "testdata"}, name) || entry.Name() == "testdata") {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		f(filepath.ToSlash(name), entry)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sources(t *testing.T) []*source {
	t.Helper()
	set := token.NewFileSet()
	byDir := map[string]*source{}
	walk(t, func(name string, entry fs.DirEntry) {
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Error(err)
			return
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &source{dir: dir, name: file.Name.Name, files: map[string]*ast.File{}}
		}
		byDir[dir].files[name] = file
	})
	var all []*source
	for _, s := range byDir {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *source) int { return strings.Compare(a.dir, b.dir) })
	return all
}

func module(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(first, "module ")
}

// reporter takes what a check has to say: a test.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// broken reports a broken fence.
func broken(t reporter, fence, where, what, reason string) {
	t.Helper()
	t.Errorf("fence %s: %s %s: %s", fence, where, what, reason)
}

func TestFloorsAndFences(t *testing.T) {
	ours := module(t) + "/"
	for _, s := range sources(t) {
		if !forTests(s.dir) {
			checkImports(t, s, ours)
			checkCalls(t, s)
		}
	}
}

func checkImports(t reporter, s *source, ours string) {
	t.Helper()
	if floor(s.dir) < 0 {
		broken(t, "floors", s.dir, "has no floor", "add it to the table of this test")
	}
	for name, file := range s.files {
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if dir, ok := strings.CutPrefix(imported, ours); ok {
				checkOurs(t, s, name, dir)
			} else {
				checkOutside(t, s, name, imported)
			}
		}
	}
}

func checkOurs(t reporter, s *source, file, imported string) {
	t.Helper()
	if forTests(imported) {
		broken(t, "7", file, "imports "+imported, "test helpers serve tests only")
		return
	}
	for _, f := range forbidden {
		if s.is(f.who...) && matches(imported, f.what) {
			broken(t, f.fence, file, "imports "+imported, f.reason)
			return
		}
	}
	from, to := floor(s.dir), floor(imported)
	neighbours := from == to && (strings.Contains(s.dir, "/") || strings.HasPrefix(imported, s.dir+"/")) &&
		strings.Split(s.dir, "/")[0] == strings.Split(imported, "/")[0]
	if from >= 0 && to >= from && !neighbours {
		broken(t, "floors", file, "imports "+imported, fmt.Sprintf(
			"a package of floor %d imports from lower floors, and that is on floor %d", from, to))
	}
}

func checkOutside(t reporter, s *source, file, imported string) {
	t.Helper()
	foreign := strings.Contains(strings.Split(imported, "/")[0], ".")
	if floor(s.dir) == 0 && (foreign || imported == "database/sql" || imported == "os/exec" ||
		imported == "net" || strings.HasPrefix(imported, "net/")) {
		broken(t, "6", file, "imports "+imported, "floor 0 knows files at most")
		return
	}
	for _, o := range outside {
		if imported != o.module && !strings.HasPrefix(imported, o.module+"/") {
			continue
		}
		if !s.is(o.where...) {
			broken(t, o.fence, file, "imports "+imported, o.reason+": only "+
				strings.Join(o.where, ", "))
		}
		return
	}
	if foreign {
		broken(t, "5", file, "imports "+imported,
			"a module of others has a page in docs/adr and a row in this test")
	}
}

// checkCalls finds who reaches for the network or ends the process.
func checkCalls(t reporter, s *source) {
	t.Helper()
	for name, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := sel.X.(*ast.Ident)
			if !ok || from.Obj != nil {
				return true
			}
			reaches := slices.ContainsFunc(connecting, func(p string) bool {
				return strings.HasPrefix(sel.Sel.Name, p)
			})
			if from.Name == "net" && reaches && !s.is(networked...) {
				broken(t, "5", name, "uses net."+sel.Sel.Name, "the network belongs to "+
					strings.Join(networked, ", "))
			}
			if from.Name == "os" && sel.Sel.Name == "Exit" && s.name != "main" {
				broken(t, "5", name, "uses os.Exit", "only a main ends its process")
			}
			return true
		})
	}
}

func TestNamesSayWhatIsInThem(t *testing.T) {
	walk(t, func(name string, entry fs.DirEntry) {
		word := strings.ToLower(entry.Name())
		word, _, _ = strings.Cut(word, ".")
		word = strings.TrimSuffix(word, "_test")
		if slices.Contains(forbiddenNames, word) {
			broken(t, "8", name, "is named "+word, "the name says nothing of what is in it")
		}
	})
}
