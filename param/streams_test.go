package param

import (
	"fmt"
	"strings"
	"testing"

	"ggsh/record"
)

// streams reads the lines of an Extract's file.
func streams(t *testing.T, lines ...string) (Run, error) {
	t.Helper()
	text := "EXTRACT e\nSOURCEDB directory:./dirin\n" + strings.Join(lines, "\n") +
		"\nEXTTRAIL ./dirdat/lt\nTABLE a.b;\n"
	f, err := ParseText("e.prm", text, Options{Program: Extract})
	if err != nil {
		return Run{}, err
	}
	return ReadRun(f)
}

// TestStreamOptions: each option is read, and belongs to the FILES before it.
func TestStreamOptions(t *testing.T) {
	run, err := streams(t, "TRANLOGOPTIONS FILES 'a*.csv', TABLENAME a, NOHEADER, DELIMITER ';', QUOTE NONE &",
		", NULLTEXT 'NULL', MAXRECORD 2MB, COLUMNS (id INT KEY, \"a b\" DECIMAL(10,2) NOT NULL, v VARCHAR(3),",
		"  t TIMESTAMP(3))", "TRANLOGOPTIONS FILES b?, FORMAT OGG_JSON_ROW DELIMITER TAB QUOTE ''''",
		"TRANLOGOPTIONS SCHEMA s, DEFINITIONS dirdef/x.def, TOPICS (t1, 'x.*'), READORDER NAME, BATCHROWS 5",
		"TRANLOGOPTIONS BADRECORD DISCARD, PAYLOAD BYTES, KAFKACONSUMERPROPERTIES c.properties",
		"TRANLOGOPTIONS GETMETADATAFROMVAM, TRACKSCHEMACHANGES", "JVMOPTIONS CLASSPATH a/b:c -Xmx1g")
	if err != nil {
		t.Fatal(err)
	}
	o := run.Capture.Log.Streams
	a, b := o.Sets[0], o.Sets[1]
	if a.Pattern != "a*.csv" || a.Table != "a" || !a.NoHeader || a.Delimiter != ';' || a.Quote != 0 ||
		a.NullText != "NULL" || a.MaxRecord != 2<<20 || a.Format != "" {
		t.Errorf("%+v", a)
	}
	if got := fmt.Sprint(a.Columns.Columns, a.Columns.Key); got != fmt.Sprint([]record.ColumnDef{
		{Name: "id", Kind: record.Int, Type: "INT"},
		{Name: "a b", Kind: record.Decimal, Type: "DECIMAL(10,2)", Precision: 10, Scale: 2},
		{Name: "v", Kind: record.String, Type: "VARCHAR(3)", Length: 3, Nullable: true},
		{Name: "t", Kind: record.Timestamp, Type: "TIMESTAMP(3)", Scale: 3, Nullable: true}}, []int{0}) {
		t.Error(got)
	}
	if b.Pattern != "b?" || b.Format != FormatRows || b.Delimiter != '\t' || b.Quote != '\'' || b.Columns != nil {
		t.Errorf("%+v", b)
	}
	if o.Schema != "s" || o.Definitions != "dirdef/x.def" || fmt.Sprint(o.Topics) != "[t1 x.*]" || !o.ByName ||
		o.BatchRows != 5 || !o.DiscardBad || o.Payload != "BYTES" || o.ConsumerProperties != "c.properties" ||
		o.Pos.Line != 3 {
		t.Errorf("%+v", o)
	}
	if run, err = streams(t, "TRANLOGOPTIONS GETMETADATAFROMVAM"); err != nil || !run.Capture.Log.Streams.Pos.IsZero() {
		t.Error(run.Capture.Log.Streams, err)
	}
}

// TestStreamFaults: each way to be wrong is told with its place.
func TestStreamFaults(t *testing.T) {
	for line, want := range map[string]string{
		"FILES 'a/b'":                              "3:22: OGG-00303  TRANLOGOPTIONS: a/b is no pattern of file names",
		"FILES '['":                                "no pattern",
		"FORMAT XML":                               "XML",
		"HEADER, FILES 'a*'":                       "FILES must stand before the options",
		"FILES a NOHEADER":                         "NOHEADER needs the columns. Add COLUMNS",
		"FILES a DELIMITER '||'":                   "|| is no single character",
		"FILES a QUOTE ','":                        "DELIMITER and QUOTE are the same",
		"MAXRECORD 65MB":                           "between 1 and 64MB",
		"BATCHROWS 0":                              "0 is not between 1 and",
		"READORDER SIZE":                           "SIZE",
		"COLUMNS ()":                               "no column",
		"COLUMNS (a INTT)":                         "INTT is no type. Did you mean INT?",
		"COLUMNS (a QQQQQ)":                        "Types: BASE64,",
		"COLUMNS (a INT, A INT)":                   "column A stands there twice",
		"COLUMNS (a INT(5))":                       "type INT has no such size",
		"COLUMNS (a DECIMAL(2,3))":                 "is no size of a number",
		"COLUMNS (a INT NOT KEY)":                  "but NULL",
		"COLUMNS (a INT KEYS)":                     "Did you mean KEY?",
		"COLUMNS (a)":                              "a type is missing",
		"FILES a, COLUMNS (x INT), FILES b HEADER": "COLUMNS must say of which table",
	} {
		_, err := streams(t, "TRANLOGOPTIONS "+line)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// TestStreamLogins: the source is a directory, or Kafka by name or by an alias.
func TestStreamLogins(t *testing.T) {
	for line, want := range map[string]Login{
		"SOURCEDB directory:./dirin":                   {DSN: "directory:./dirin", Directory: "./dirin"},
		"SOURCEDB kafka:":                              {DSN: "kafka:", Kafka: true},
		"SOURCEDB USERIDALIAS kafka":                   {Alias: "kafka"},
		"SOURCEDB USERIDALIAS kafka DOMAIN d":          {Alias: "kafka", Domain: "d"},
		"SOURCEDB hr@db1:3306, USERIDALIAS a":          {DSN: "hr@db1:3306", Database: "hr", Host: "db1", Port: 3306, Alias: "a"},
		"SOURCEDB KAFKA://x, USERID u, PASSWORD \"p\"": {DSN: "KAFKA://x", Kafka: true, User: "u", Password: "p"},
	} {
		f, err := ParseText("e.prm", "EXTRACT e\n"+line+"\nEXTTRAIL ./dirdat/lt\nTABLE a.b;\n",
			Options{Program: Extract})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		l, ok, err := ReadLogin(f)
		l.Pos = want.Pos
		if err != nil || !ok || l != want {
			t.Errorf("%s: %#v, %v", line, l, err)
		}
	}
	if _, err := ParseText("e.prm", "EXTRACT e\nSOURCEDB directory:\nEXTTRAIL ./dirdat/lt\nTABLE a.b;\n",
		Options{Program: Extract}); err == nil || !strings.Contains(err.Error(), "behind directory:") {
		t.Error(err)
	}
}

// TestReadDefinitions reads a file of tables, and tells what is wrong with one.
func TestReadDefinitions(t *testing.T) {
	tables, err := ReadDefinitions("x.def", "-- two\nTABLE s.\"Or ders\" (\r\n id INT KEY,\n n TEXT);\n\nTABLE b (j JSON)\n")
	if err != nil || len(tables) != 2 {
		t.Fatal(tables, err)
	}
	if a := tables[0]; a.Schema != "s" || a.Table != "Or ders" || len(a.Columns) != 2 || len(a.Key) != 1 || a.Pos.Line != 2 {
		t.Errorf("%+v", a)
	}
	if b := tables[1]; b.Schema != "" || b.Table != "b" || b.Columns[0].Kind != record.JSON {
		t.Errorf("%+v", b)
	}
	for text, want := range map[string]string{
		"":                     "the file has no TABLE",
		"TABLE a":              "a list in parentheses is missing",
		"TABLE a (\nx INTT)":   "x.def:2:3",
		"VIEW a (x INT)":       "VIEW is not expected here, but TABLE",
		"TABLE a (x INT) 'b":   "not closed",
		"TABLE a (x INT)\nfoo": "x.def:2:1",
	} {
		if _, err := ReadDefinitions("x.def", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzDefinitions(f *testing.F) {
	f.Add("TABLE s.o (id INT KEY, d DECIMAL(10,2) NOT NULL, t TIMESTAMP(3)); -- x\nTABLE b (j JSON)")
	f.Fuzz(func(t *testing.T, text string) {
		tables, err := ReadDefinitions("x.def", text)
		if err != nil {
			return
		}
		for _, d := range tables {
			for _, k := range d.Key {
				if k < 0 || k >= len(d.Columns) {
					t.Fatalf("%q: key %v of %d columns", text, d.Key, len(d.Columns))
				}
			}
		}
	})
}
