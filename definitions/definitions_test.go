package definitions

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/ggserr"
	"ggsh/record"
)

// tables has every kind of values, names that need quotes, and keys.
func tables() []*record.TableDef {
	all := &record.TableDef{Catalog: "PDB", Schema: "HR", Name: "All kinds.x", Database: "oracle",
		Key: []int{3, 2}, Unique: [][]int{{4}, {5, 6}}}
	for k := record.Int; k <= record.UUID; k++ {
		all.Columns = append(all.Columns, record.ColumnDef{Name: "c \"" + k.String() + "\" ä", Kind: k,
			Type: "type(" + k.String() + ")", Length: 1, Precision: 2, Scale: int(k), Nullable: k%2 == 0,
			Generated: k == record.XML, Invisible: k == record.Bit, Charset: "utf8mb4",
			Labels: []string{"a b", ""}})
	}
	return []*record.TableDef{all, {Schema: "hr", Name: "emp", Database: "mysql",
		Columns: []record.ColumnDef{{Name: "id", Kind: record.Int, Type: "int(11)"}}}}
}

func write(t *testing.T, path string, list []*record.TableDef, o Options) {
	t.Helper()
	o.Now = time.Unix(0, 0)
	if err := Write(path, list, o); err != nil {
		t.Fatal(err)
	}
}

// TestRoundTrip: what is written is read as it was, and PURGE and APPEND do what they say.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.def")
	want := tables()
	write(t, path, want, Options{})
	f, err := Read(path)
	if err != nil || !reflect.DeepEqual(f.Tables, want) {
		t.Fatalf("%v\ngot  %+v\nwant %+v", err, f, want)
	}
	err = Write(path, want, Options{})
	if ggserr.NumberOf(err) != ggserr.FileExists {
		t.Fatal(err)
	}
	changed := *want[1]
	changed.Columns = append(changed.Columns, record.ColumnDef{Name: "n", Kind: record.String,
		Type: "text"})
	write(t, path, []*record.TableDef{&changed}, Options{Append: true})
	if f, err = Read(path); err != nil || len(f.Tables) != 3 {
		t.Fatal(f, err)
	}
	if got := f.Find("HR", "EMP"); len(got.Columns) != 2 {
		t.Fatalf("of two definitions the first counts: %+v", got)
	}
	if f.Find("hr", "none") != nil {
		t.Fatal("a table that is not there was found")
	}
	write(t, path, want[1:], Options{Purge: true})
	if f, err = Read(path); err != nil || len(f.Tables) != 1 {
		t.Fatal(f, err)
	}
}

// TestPlain: NOEXTATTR leaves out what older readers do not know, and nothing else.
func TestPlain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hr.def")
	want := tables()
	write(t, path, want, Options{Plain: true})
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range want {
		table.Unique = nil
		for i := range table.Columns {
			c := &table.Columns[i]
			c.Generated, c.Invisible, c.Charset, c.Labels = false, false, "", nil
		}
	}
	if !reflect.DeepEqual(f.Tables, want) {
		t.Fatalf("got %+v\nwant %+v", f.Tables, want)
	}
}

// TestWrongFiles: each fault is refused at its line.
func TestWrongFiles(t *testing.T) {
	const begin = firstLine + "\nDefinition for table a.b\nDatabase type: mysql\n"
	const column = "\"c\" \"int\" int 0 0 0 0 1\n"
	for text, want := range map[string]string{
		"": "does not begin",
		"*+- Defgen version 2.0, Encoding UTF-8\n*\nDefinition for table HR.EMP\n": "GoldenGate's own",
		"*+- ggsh DEFGEN version 2, Encoding UTF-8\n":                              "later release",
		begin + "Columns: 1\n" + column:                                            "has no \"End",
		begin + "Columns: 2\n" + column + tableEnd:                                 "6:1",
		begin + "Columns: 0\n" + tableEnd:                                          "0 columns",
		begin + "Columns: x\n":                                                     "4:1",
		begin + "Columns: 1\n\"c\" \"int\" int 0 0 0\n":                            "fields",
		begin + "Columns: 1\n\"c\" \"int\" number 0 0 0 0 1\n":                     "form of values",
		begin + "Columns: 1\n\"c\" \"int\" int x 0 0 0 1\n":                        "Length",
		begin + "Columns: 1\n\"c\" \"int\" int 0 0 0 0 2\n" + tableEnd:             "numbered from 1",
		begin + "Columns: 1\n" + column + "Unique key: 2\n":                        "column 2 of 1",
		begin + "Something: 1\n":                                                   "not expected",
		firstLine + "\nhello\n":                                                    "begins with",
		firstLine + "\nDefinition for table a.b.c.d\n":                             "not the name",
	} {
		_, err := Parse("x.def", text)
		if ggserr.NumberOf(err) != ggserr.DefinitionsWrong || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	path := filepath.Join(t.TempDir(), "other.def")
	if err := os.WriteFile(path, []byte("my notes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, tables(), Options{Append: true}); ggserr.NumberOf(err) != ggserr.DefinitionsWrong {
		t.Fatalf("APPEND to a file of another kind: %v", err)
	}
	if _, err := Read(filepath.Join(path, "none")); err == nil || errors.Is(err, os.ErrInvalid) {
		t.Fatal(err)
	}
}

// FuzzParse: no text panics, and what is read is written and read the same.
func FuzzParse(f *testing.F) {
	var b strings.Builder
	b.WriteString(head(Options{}))
	for _, t := range tables() {
		writeTable(&b, t, false)
	}
	f.Add(b.String())
	f.Add(firstLine + "\nDefinition for table a\nColumns: 1\n\"c\" x int 0 0 0 0 1\nEnd of definition")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("x", text)
		if err != nil {
			return
		}
		again := head(Options{})
		var b strings.Builder
		for _, table := range file.Tables {
			writeTable(&b, table, false)
		}
		back, err := Parse("x", again+b.String())
		if err != nil || !reflect.DeepEqual(back.Tables, file.Tables) {
			t.Fatalf("%v\n%s", err, b.String())
		}
	})
}
