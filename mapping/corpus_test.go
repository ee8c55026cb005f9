package mapping

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ggsh/param"
	"ggsh/record"
)

// TestCorpus compiles the TABLE and MAP statements of real files, where there are
// any, against tables that have the columns they name: see GGSH_CORPUS.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("GGSH_CORPUS")
	if dir == "" {
		t.Skip("GGSH_CORPUS names no folder")
	}
	files, err := filepath.Glob(filepath.Join(dir, "prm", "*.prm"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	whole, statements, judged := 0, 0, 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := compileReal(filepath.Base(name), string(text), false)
		if err != nil && strings.Contains(err.Error(), "NOUSEANSISQLQUOTES") {
			n, err = compileReal(filepath.Base(name), string(text), true)
		}
		statements += n
		if n > 0 || err != nil {
			judged++
		}
		if err != nil {
			t.Logf("%s: %v", filepath.Base(name), err)
			continue
		}
		if n > 0 {
			whole++
		}
	}
	t.Logf("%d of %d files compile, with %d statements", whole, judged, statements)
}

// compileReal compiles one file and resolves an invented table for each statement.
func compileReal(name, text string, doubleQuotes bool) (int, error) {
	program := param.Detect(text)
	if program != param.Extract && program != param.Replicat {
		return 0, nil
	}
	f, err := param.ParseText(name, text, param.Options{Program: program, CheckOnly: true,
		NoAnsiQuotes: doubleQuotes})
	if err != nil {
		return 0, nil // what is wrong with it is package param's to say
	}
	plan, err := compile(f, program == param.Extract)
	if err != nil {
		return 0, err
	}
	for _, st := range plan.Statements() {
		def := invented(st, doubleQuotes)
		lookup := func(n Name) (*record.TableDef, error) {
			target := *def
			target.Catalog, target.Schema, target.Name = n.Catalog, n.Schema, n.Name
			if st.ColMap != nil {
				for _, a := range st.ColMap.Assignments {
					if target.Column(a.Target) < 0 {
						target.Columns = append(target.Columns[:len(target.Columns):len(target.Columns)],
							record.ColumnDef{Name: a.Target, Kind: record.String, Type: "varchar(30)"})
					}
				}
			}
			return &target, nil
		}
		if program == param.Extract {
			lookup = nil
		}
		if _, err := plan.Resolve(def, lookup); err != nil {
			return 0, err
		}
	}
	return len(plan.Statements()), nil
}

// invented makes a table that fits a statement's source and has the columns that
// the statement names.
func invented(st *param.TableStatement, doubleQuotes bool) *record.TableDef {
	plain := strings.NewReplacer("*", "x", "?", "y").Replace
	def := &record.TableDef{ID: 1, Catalog: plain(st.Source.Catalog().Text), Database: "oracle",
		Schema: plain(st.Source.Schema().Text), Name: plain(st.Source.Table().Text), Key: []int{0}}
	add := func(name string) {
		if name != "" && def.Column(name) < 0 {
			def.Columns = append(def.Columns, record.ColumnDef{Name: name, Kind: record.String,
				Type: "varchar(30)"})
		}
	}
	add("invented_key")
	exprs := append([][]param.Token{}, st.Where...)
	for _, list := range [][]string{st.KeyCols, st.Cols, st.ColsExcept} {
		for _, name := range list {
			add(name)
		}
	}
	for _, filter := range st.Filters {
		exprs = append(exprs, filter.Expr)
	}
	for _, token := range st.Tokens {
		exprs = append(exprs, token.Expr)
	}
	if st.ColMap != nil {
		for _, a := range st.ColMap.Assignments {
			exprs = append(exprs, a.Expr)
		}
	}
	for _, tokens := range exprs {
		for _, tok := range tokens {
			name := tok.Text
			for _, prefix := range []string{"before.", "after."} {
				if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
					name = name[len(prefix):]
				}
			}
			word := tok.Kind == param.Word && !strings.HasPrefix(name, "@") && !strings.Contains(name, ".")
			if word && !(name[0] >= '0' && name[0] <= '9') {
				add(name)
			}
		}
	}
	return def
}
