package formatter

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"ggsh/handler/handlertest"
	"ggsh/record"
)

// everyFormat are all formats, each with its defaults.
func everyFormat() []string {
	return []string{DelimitedText, DelimitedTextOp, JSON, JSONRow, XML, AvroRow, AvroOp, AvroRowOCF,
		AvroOpOCF, Parquet}
}

// TestFilesOfAllFormats: a file with refused operations between others is the
// same, byte for byte, as one without them; to ask beforehand changes nothing; and
// what was buffered has been given on at the end.
func TestFilesOfAllFormats(t *testing.T) {
	all := samples()
	for _, name := range everyFormat() {
		t.Run(name, func(t *testing.T) {
			template := ""
			write := func(check bool, names ...string) []byte {
				f := must(t, "format="+name, template)
				var out bytes.Buffer
				w, err := f.File(&out, all["insert"].table.Target)
				if err != nil {
					t.Fatal(err)
				}
				for n, s := range names {
					c := all[s].change(t, n)
					if check {
						if err := f.Check(c); (err != nil) != (s == "badutf8") {
							t.Errorf("Check of %s: %v", s, err)
						}
					}
					var refused *Error
					if err := w.Write(c); errors.As(err, &refused) != (s == "badutf8") {
						t.Errorf("%s: %v", s, err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if w.Buffered() != 0 {
					t.Errorf("%d bytes are left", w.Buffered())
				}
				return out.Bytes()
			}
			plain := write(false, "insert", "compressed", "delete", "truncate")
			if !bytes.Equal(plain, write(true, "insert", "compressed", "delete", "truncate")) {
				t.Error("Check changed what is written")
			}
			template = "format.metaColumnsTemplate=${optype[op]}" // no times
			broken, whole := write(true, "insert", "badutf8", "delete"), write(false, "insert", "delete")
			if !bytes.Equal(broken, whole) {
				t.Errorf("a refused operation left traces:\n%q\n%q", broken, whole)
			}
		})
	}
}

// TestFilesOfOneTable: a file with a header, a container and a Parquet file take
// their own table, told anew or not, and no other definition.
func TestFilesOfOneTable(t *testing.T) {
	for _, lines := range [][]string{{"format=parquet"}, {"format=avro_row_ocf"},
		{"format=delimitedtext", "format.enableFieldDescriptorHeaders=true"}} {
		f := must(t, lines...)
		mine, again, other := orders(), orders(), orders()
		other.Target.Columns = append(other.Target.Columns, column(record.Int, "int", 0, 0))
		w, err := f.File(io.Discard, mine.Target)
		if err != nil {
			t.Fatal(err)
		}
		row := handlertest.Row(handlertest.Str("A"), stamp(2024, 1, 1, 0), handlertest.Str("B"), dec("1"),
			dec("1.00"), dec("1"), handlertest.Null())
		for i, table := range []*handlertest.Table{mine, again, mine} {
			if err := w.Write((sample{table: table, body: table.Insert(row...)}).change(t, i)); err != nil {
				t.Errorf("%v: %v", lines, err)
			}
		}
		s := sample{table: other, body: other.Insert(append(row, handlertest.Int(1))...)}
		if err := w.Write(s.change(t, 3)); err == nil || !strings.Contains(err.Error(), "definition") {
			t.Errorf("%v: %v", lines, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// failing is a writer that takes so many bytes.
type failing struct{ left int }

var errFull = errors.New("no space left")

func (w *failing) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return 0, errFull
	}
	w.left -= len(b)
	return len(b), nil
}

// TestAFailedFileStaysFailed: after an error of the writer below, a file takes
// nothing more and says why.
func TestAFailedFileStaysFailed(t *testing.T) {
	all := samples()
	for _, name := range everyFormat() {
		f := must(t, "format="+name, "format.rowGroupSize=64k")
		w, err := f.File(&failing{left: 1000}, all["insert"].table.Target)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; err == nil && n < 10000; n++ {
			err = w.Write(all["insert"].change(t, n))
		}
		if !errors.Is(err, errFull) {
			t.Fatalf("%s: %v", name, err)
		}
		for _, err := range []error{w.Write(all["insert"].change(t, 0)), w.Flush(), w.Close()} {
			if !errors.Is(err, errFull) {
				t.Errorf("%s: then %v", name, err)
			}
		}
	}
}

// TestMetadataChanged: the field is true for the first operation after a change
// of columns, and for no other.
func TestMetadataChanged(t *testing.T) {
	f := must(t, "format=delimitedtext", "format.metaColumnsTemplate=${metadatachanged}",
		"format.fieldDelimiter=|")
	before, same, after := orders(), orders(), orders()
	after.Target.Columns = append(after.Target.Columns, column(record.Int, "int", 0, 0))
	got := ""
	for _, table := range []*handlertest.Table{before, before, same, after, after, before} {
		s := sample{table: table, body: table.Op(record.Truncate, nil, nil)}
		b, err := f.Append(nil, s.change(t, 0))
		if err != nil {
			t.Fatal(err)
		}
		got += strings.Split(string(b), "|")[0] + " "
	}
	if want := "false false false true false true "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestSchemaFileNames: a table's name leads nowhere but to a file.
func TestSchemaFileNames(t *testing.T) {
	for name, want := range map[string]string{"T": "GG.T.avsc", "../../etc/x": "GG..._.._etc_x.avsc",
		"a\x00b:c": "GG.a_b_c.avsc"} {
		def := &record.TableDef{Schema: "GG", Name: name,
			Columns: []record.ColumnDef{column(record.Int, "", 0, 0)}}
		if got, _, err := must(t, "format=avro_row").Schema(def); got != want || err != nil {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// TestAvroNames: names that Avro does not have are replaced, and two that become
// one are refused.
func TestAvroNames(t *testing.T) {
	cols := []record.ColumnDef{column(record.Int, "", 0, 0), column(record.String, "", 0, 0)}
	cols[0].Name, cols[1].Name = "PRICE €", "2ND"
	def := &record.TableDef{Catalog: "my-db", Schema: "1x", Name: "a b", Columns: cols}
	_, text, err := must(t, "format=avro_row", "gg.compat=21").Schema(def)
	if err != nil {
		t.Fatal(err)
	}
	s := parsed(t, text)
	for _, name := range []string{`"my_db._1x.a_b"`, `"PRICE__"`, `"_2ND"`} {
		if !strings.Contains(s.String(), name) {
			t.Errorf("no %s in %s", name, s)
		}
	}
	cols[1].Name = "PRICE_$"
	_, _, err = must(t, "format=avro_row").Schema(&record.TableDef{Name: "T", Columns: cols})
	if err == nil || !strings.Contains(err.Error(), "PRICE__") {
		t.Error(err)
	}
}
