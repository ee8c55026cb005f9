package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// makers are functions whose value nobody changes.
var makers = []string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer",
	"template.Must", "crc32.MakeTable"}

var packageComment = regexp.MustCompile(`^(Package|Command) [a-z0-9_]+ `)

// TestPackageComments: one file of each package says what the package is.
func TestPackageComments(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir == "." {
			continue
		}
		found := 0
		for name, file := range s.files {
			if file.Doc == nil {
				continue
			}
			found++
			if !packageComment.MatchString(file.Doc.Text()) {
				t.Errorf("%s: the package comment begins with %.30q, not with Package or Command"+
					" and the name", name, file.Doc.Text())
			}
		}
		if found != 1 {
			t.Errorf("%s: %d files have a package comment attached, want one", s.dir, found)
		}
	}
}

// TestDeclarations: no init, and no package-level value that anything changes.
func TestDeclarations(t *testing.T) {
	for _, s := range sources(t) {
		if !forTests(s.dir) {
			checkDeclarations(t, s)
		}
	}
}

func checkDeclarations(t reporter, s *source) {
	t.Helper()
	values := map[string]bool{}
	for name, file := range s.files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					broken(t, "9", name, "has an init()", "order and presence become invisible")
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					checkValues(t, name, d, values)
				}
			}
		}
	}
	for name, file := range s.files {
		checkChanges(t, name, file, values)
	}
}

// checkValues judges the package-level variables of a declaration and notes
// their names.
func checkValues(t reporter, file string, d *ast.GenDecl, values map[string]bool) {
	t.Helper()
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			if name.Name == "_" {
				continue
			}
			values[name.Name] = true
			embedded := d.Doc != nil && strings.Contains(commentText(d.Doc), "//go:embed") ||
				v.Doc != nil && strings.Contains(commentText(v.Doc), "//go:embed")
			if i >= len(v.Values) && !embedded || i < len(v.Values) && !constant(v.Values[i]) {
				broken(t, "9", file, "declares the variable "+name.Name,
					"tables, sentinel errors and patterns are the only package-level values")
			}
		}
	}
}

// commentText is a comment with its directives, which Text leaves out.
func commentText(g *ast.CommentGroup) string {
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text + "\n")
	}
	return b.String()
}

// constant reports whether an expression makes a value that stays as it is.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.CompositeLit, *ast.Ident, *ast.SelectorExpr:
		return true
	case *ast.UnaryExpr:
		return constant(e.X)
	case *ast.BinaryExpr:
		return constant(e.X) && constant(e.Y)
	case *ast.ParenExpr:
		return constant(e.X)
	case *ast.CallExpr:
		return makes(e)
	}
	return false
}

// makes reports whether a call only puts together what it is given: a known
// maker, a conversion, or a function of the package given constants.
func makes(e *ast.CallExpr) bool {
	switch f := e.Fun.(type) {
	case *ast.ArrayType:
		return true
	case *ast.Ident:
		return !slices.ContainsFunc(e.Args, func(arg ast.Expr) bool { return !constant(arg) })
	case *ast.SelectorExpr:
		from, ok := f.X.(*ast.Ident)
		return ok && slices.Contains(makers, from.Name+"."+f.Sel.Name)
	}
	return false
}

// checkChanges finds what is assigned to a package-level variable, or to a part
// of it, and whoever takes its address.
func checkChanges(t reporter, file string, f *ast.File, values map[string]bool) {
	t.Helper()
	changed := func(e ast.Expr, how string) {
		if name := rootOf(e); name != nil && values[name.Name] && isGlobal(f, name) {
			broken(t, "9", file, how+" the package variable "+name.Name, "state is somebody's field")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					changed(e, "assigns to")
				}
			}
		case *ast.IncDecStmt:
			changed(n.X, "counts in")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				changed(n.Key, "assigns to")
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 &&
				slices.Contains([]string{"delete", "clear"}, f.Name) {
				changed(n.Args[0], "deletes from")
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND && !isElement(n.X) {
				changed(n.X, "takes the address of")
			}
		}
		return true
	})
}

// isElement tells x[i] from x: tables hand out pointers to their rows.
func isElement(e ast.Expr) bool {
	switch e.(type) {
	case *ast.IndexExpr, *ast.CompositeLit:
		return true
	}
	return false
}

// rootOf gives x of x, x.a, x[i], *x.
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch at := e.(type) {
		case *ast.Ident:
			return at
		case *ast.SelectorExpr:
			e = at.X
		case *ast.IndexExpr:
			e = at.X
		case *ast.StarExpr:
			e = at.X
		case *ast.ParenExpr:
			e = at.X
		default:
			return nil
		}
	}
}

// isGlobal reports whether a name is declared at package level, in this file or
// in another: the parser resolves only names within a file.
func isGlobal(f *ast.File, name *ast.Ident) bool {
	return name.Obj == nil || f.Scope.Lookup(name.Name) == name.Obj
}

// collected takes what a check says in place of a test.
type collected []string

func (c *collected) Helper() {}

func (c *collected) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

// TestTheFencesBite shows each check a package that breaks its fence.
func TestTheFencesBite(t *testing.T) {
	for _, c := range []struct{ dir, text, fence string }{
		{"record", `import "net/http"`, "6"},
		{"record", `import "ggsh/trail"`, "floors"},
		{"extract", `import "ggsh/replicat"`, "1"},
		{"agent", `import "ggsh/handler"`, "2"},
		{"commands", `import "ggsh/collector"`, "3"},
		{"extract", `import "ggsh/capture/sqlite"`, "4"},
		{"mapping", `import "modernc.org/sqlite"`, "5"},
		{"mapping", `import "example.org/x"`, "5"},
		{"trail", `import "os/exec"`, "5"},
		{"trail", `import "testing"`, "7"},
		{"trail", `import "ggsh/tests/rig"`, "7"},
		{"trail", `import "net"; func f() { net.Dial("", "") }`, "5"},
		{"trail", `import "os"; func f() { os.Exit(1) }`, "5"},
		{"nowhere", ``, "floors"},
		{"trail", `func init() {}`, "9"},
		{"trail", `var mutex sync.Mutex`, "9"},
		{"trail", `var started = time.Now()`, "9"},
		{"trail", `var m = map[int]int{}; func f() { m[1] = 2 }`, "9"},
		{"trail", `var n = 1; func f() { n++ }`, "9"},
		{"trail", `var n = 1; func f() { g(&n) }`, "9"},
		{"trail", `var n = map[int]int{}; func f() { delete(n, 1) }`, "9"},
		{"trail", `var m = []int{1}; func f(m []int) { m[0] = 2 }`, ""},
		{"trail", `import "net"; func f() { net.JoinHostPort("", "") }`, ""},
		{"handler/dml", `import "ggsh/handler"`, ""},
		{"capture/mysql/binlog", `import "ggsh/ddl"`, ""},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+c.text,
			parser.ParseComments)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		s := &source{dir: c.dir, name: "x", files: map[string]*ast.File{"x.go": file}}
		var said collected
		checkImports(&said, s, "ggsh/")
		checkCalls(&said, s)
		checkDeclarations(&said, s)
		switch {
		case c.fence == "" && len(said) > 0:
			t.Errorf("%s, %s: complaints %q", c.dir, c.text, said)
		case c.fence != "" && (len(said) != 1 || !strings.HasPrefix(said[0], "fence "+c.fence+":")):
			t.Errorf("%s, %s: complaints %q, want fence %s", c.dir, c.text, said, c.fence)
		}
	}
}
