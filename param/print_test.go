package param

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// printed writes a file as its statements were understood: macros, files and
// variables are in them, remarks and line ends are not.
func printed(f *File) string {
	var b strings.Builder
	for i := range f.Statements {
		s := &f.Statements[i]
		b.WriteString(s.Name)
		for _, t := range s.Args {
			if !t.Glued {
				b.WriteByte(' ')
			}
			switch t.Kind {
			case Quoted:
				b.WriteString("'" + strings.ReplaceAll(t.Text, "'", "''") + "'")
			case DoubleQuoted:
				b.WriteString(`"` + strings.ReplaceAll(t.Text, `"`, `""`) + `"`)
			default:
				b.WriteString(t.Text)
			}
		}
		if s.Spec != nil && s.Spec.Terminated {
			b.WriteByte(';')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// understood lists statements and tokens without their places.
func understood(f *File) string {
	var b strings.Builder
	for i := range f.Statements {
		s := &f.Statements[i]
		fmt.Fprintf(&b, "%s", s.Name)
		for _, t := range s.Args {
			fmt.Fprintf(&b, " %d:%q:%v", t.Kind, t.Text, t.Glued)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// sameAgain holds the text of a file that is right against what reading its print
// gives; taken is false for a file that is refused.
func sameAgain(t *testing.T, name, text string, opt Options) (taken bool) {
	t.Helper()
	first, err := ParseText(name, text, opt)
	if err != nil {
		return false
	}
	opt = Options{Program: first.Program, CheckOnly: opt.CheckOnly, NoAnsiQuotes: opt.NoAnsiQuotes}
	between := printed(first)
	second, err := ParseText(name, between, opt)
	if err != nil {
		t.Errorf("%s: its print is refused: %v\n%s\n-- print\n%s", name, err, text, between)
		return true
	}
	if a, b := understood(first), understood(second); a != b {
		t.Errorf("%s is read otherwise\n%s\n-- print\n%s\n-- first\n%s\n-- second\n%s", name, text, between, a, b)
	}
	return true
}

// TestAFileThatIsPrintedReadsTheSame reads files, prints what was understood, and
// reads that.
func TestAFileThatIsPrintedReadsTheSame(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../dirprm/*.prm", "../dirprm/*/*.prm", "../dirprm/*/*/*.prm"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	own := len(files)
	if dir := os.Getenv("GGSH_CORPUS"); dir != "" {
		found, err := filepath.Glob(filepath.Join(dir, "prm", "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	taken := 0
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if sameAgain(t, file, string(text), Options{CheckOnly: true}) {
			taken++
		} else if i < own {
			t.Errorf("%s is refused", file)
		}
	}
	t.Logf("%d of %d files", taken, len(files))
	if own < 5 || taken < own {
		t.Errorf("%d files of the repository, %d taken", own, taken)
	}
}

// writer makes random texts of statements from the table.
type writer struct {
	*rand.Rand
	many bool // the statement may go over lines
}

func (w *writer) pick(of ...string) string { return of[w.IntN(len(of))] }

// gap is what may stand between two words.
func (w *writer) gap() string {
	if w.many {
		return w.pick(" ", "  ", "\t", "\n  ", " -- a remark; 'of any kind\n", "\n\n ")
	}
	return w.pick(" ", " ", "\t", "  ", " &\n ")
}

// value is a value of a kind that the Syntax names.
func (w *writer) value(kind string) string {
	switch kind {
	case "n":
		return fmt.Sprint(1 + w.IntN(3000))
	case "span":
		return w.pick("10", "1h", "30m", "2D")
	case "size":
		return w.pick("1MB", "20M", "2G", "10000000")
	case "parens":
		return w.pick("(1)", "(a, b)", "( x = 'it''s' , (y) )", "(1-3)", `("A b" = @F (c, 'x;y'))`)
	case "hhmi":
		return w.pick("4:00", "23:59")
	case "day":
		return w.pick("MONDAY", "FRI")
	case "string":
		return w.pick("'one'", "'it''s -- two'", "'a;b'", `'say "x"'`)
	case "login":
		return w.pick("ogg", "ogg@orcl", "scott@host:1521/svc")
	case "secret":
		return w.pick("pw", `"p w"`, "a--b", "x#1")
	case "name":
		return w.pick("hr.emp", "hr.*", `"Hr"."Emp ""x"""`, "pdb.hr.emp", "t1")
	case "path":
		return w.pick("./dirdat/lt", "/u01/x.y", "'dir with/blank'", "C:\\gg\\x")
	}
	return w.pick("word", "'quoted'", `"Double"`, "1", "a.b", "x_1", "m-n")
}

// text writes a piece of a Syntax text at random.
func (w *writer) text(n node, b *strings.Builder) {
	put := func(s string) {
		b.WriteString(w.gap())
		b.WriteString(s)
	}
	switch n.kind {
	case nodeWord:
		put(w.pick(n.text, strings.ToLower(n.text)))
	case nodeMark:
		put(n.text)
	case nodeValue:
		put(w.value(n.text))
	case nodeSeq:
		for _, k := range n.kids {
			w.text(k, b)
		}
	case nodeChoice:
		w.text(n.kids[w.IntN(len(n.kids))], b)
	case nodeOption:
		if w.IntN(3) == 0 {
			w.text(n.kids[0], b)
		}
	case nodeRepeat:
		for range 1 + w.IntN(2) {
			w.text(n.kids[0], b)
		}
	}
}

// head makes a file of a program that a statement can stand in.
var heads = []struct {
	program Program
	text    string
}{{Extract, "EXTRACT e\n"}, {Replicat, "REPLICAT r\n"}, {Manager, ""}, {Globals, ""}, {Defgen, ""}}

// TestRandomStatementsArePrintedAndReadTheSame makes statements of every row of the
// table in random forms, with remarks and line ends between their words.
func TestRandomStatementsArePrintedAndReadTheSame(t *testing.T) {
	const seed, forms = 11, 12
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 1))}
	var missed []string
	rows := Table()
	for _, row := range rows {
		switch row.Name {
		case "INCLUDE", "OBEY", "MACRO", "EXTRACT", "REPLICAT", "LIST", "NOLIST", "COMMENT", "MACROCHAR":
			continue // of the reading itself: what they do is in the other statements
		}
		tree := compile(row.Syntax)
		taken := 0
		for range forms {
			var b strings.Builder
			w.many = row.Terminated
			b.WriteString(w.pick(row.Name, strings.ToLower(row.Name)))
			w.text(tree, &b)
			if row.Terminated {
				b.WriteString(w.pick(";", " ;", "\n;"))
			}
			for _, h := range heads {
				if row.Programs&h.program != 0 && sameAgain(t, row.Name, h.text+b.String()+"\n",
					Options{Program: h.program, CheckOnly: true}) {
					taken++
					break
				}
			}
		}
		if taken == 0 {
			missed = append(missed, row.Name)
		}
	}
	t.Logf("seed %d, %d rows; no form of these was right: %v", seed, len(rows), missed)
	if len(missed) > len(rows)/10 {
		t.Errorf("%d of %d rows had no form that is right: the test proves too little", len(missed), len(rows))
	}
}

// FuzzPrint looks for a text whose print reads otherwise.
func FuzzPrint(f *testing.F) {
	w := &writer{Rand: rand.New(rand.NewPCG(3, 3)), many: true}
	for _, row := range Table() {
		if row.Terminated {
			var b strings.Builder
			b.WriteString("EXTRACT e\n" + row.Name)
			w.text(compile(row.Syntax), &b)
			f.Add(b.String() + ";\n")
		}
	}
	f.Add("EXTRACT e\nMACRO #m PARAMS (#t) BEGIN TABLE hr.#t, COLMAP (a = 'it''s'); END;\n#m (emp)\n")
	f.Fuzz(func(t *testing.T, text string) {
		sameAgain(t, "f", text, Options{CheckOnly: true})
	})
}
