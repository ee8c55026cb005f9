package lake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/handlertest"
	"ggsh/props"
	"ggsh/record"
)

// loaded reads a properties file of the handler type filewriter.
func loaded(t *testing.T, text string) *props.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.props")
	text = "gg.handlerlist=x\ngg.handler.x.type=filewriter\n" +
		strings.ReplaceAll("\n"+text, "\n.", "\ngg.handler.x.") + "\ngoldengate.userexit.timestamp=utc\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := props.Load(file, props.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// change gives one operation of a table of a number and a text.
func change(t *testing.T, schema, name string, op func(*handlertest.Table) []byte) *record.Change {
	t.Helper()
	table := handlertest.NewTable(1, schema, name, 1, handlertest.Column("id", "int!", record.Int),
		handlertest.Column("region", "text", record.String))
	changes := handler.NewChanges()
	batch := handlertest.Batch(70, []*handlertest.Table{table}, op(table))
	changes.Reset(handlertest.Located(batch, 42))
	c, err := changes.Next()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNames(t *testing.T) {
	const plain = ".format=delimitedtext\n.stateFileDirectory=s\n"
	region := func(v handlertest.V) func(*handlertest.Table) []byte {
		return func(t *handlertest.Table) []byte { return t.Insert(handlertest.Int(1), v) }
	}
	text := func(s string) func(*handlertest.Table) []byte { return region(handlertest.Str(s)) }
	missing := func(t *handlertest.Table) []byte {
		return t.Delete(handlertest.Int(1), handlertest.Missing())
	}
	for _, c := range []struct {
		name, path, file, more string
		op                     func(*handlertest.Table) []byte
		stream, final          string // final begins with "error:" for one
	}{
		{"compatible", "/ogg/${fullyQualifiedTableName}",
			"${fullyQualifiedTableName}_${groupName}_${currentTimestamp}.txt", "", text("x"),
			"/ogg/hr.EMP", "/ogg/hr.EMP/hr.EMP_RLAKE_2023-11-14_22-13-20.007.txt"},
		{"relative", "./out", "${tableName}_${startPosition}.csv", "", text("x"),
			"./out", "/home/gg/out/EMP_00000000010000000042.csv"},
		{"steady", "/ogg/${currentTimestamp[yyyy]}/${schemaName}", "f", "", text("x"),
			"/ogg//hr", "/ogg/2023/hr/f"},
		{"value", "/ogg/${columnValue[region]}", "f", "", text("north"), "/ogg/north", "/ogg/north/f"},
		{"partition", "/ogg", "f", ".partitioner.HR.emp=Region,id", text("a/b:c=100%"),
			"/ogg/par_region=a%2Fb%3Ac%3D100%25/par_id=1", "/ogg/par_region=a%2Fb%3Ac%3D100%25/par_id=1/f"},
		{"partition of NULL", "/ogg", "f", ".partitioner.hr.EMP=region", region(handlertest.Null()),
			"/ogg/par_region=__HIVE_DEFAULT_PARTITION__", "/ogg/par_region=__HIVE_DEFAULT_PARTITION__/f"},
		{"partition of dots", "/ogg", "f", ".partitioner.hr.EMP=region", text(".."),
			"/ogg/par_region=%2E%2E", "/ogg/par_region=%2E%2E/f"},
		{"partition not logged", "/ogg", "f", ".partitioner.hr.EMP=region", missing,
			"error: column region, which its partitioner needs", ""},
		{"partition without column", "/ogg", "f", ".partitioner.hr.EMP=nowhere", text("x"),
			"error: its partitioner names column nowhere", ""},
		{"other table's partition", "/ogg", "f", ".partitioner.hr.DEPT=region", text("x"), "/ogg", "/ogg/f"},
		{"climbing", "/ogg/${columnValue[region]}", "f", "", text("../../etc"), "/ogg/../../etc",
			"error: its file would be /etc/f, which is not in /ogg"},
		{"our own", "/ogg/${columnValue[region]}", "f", "", text("a/_ogg_commit"), "/ogg/a/_ogg_commit",
			"error: its file would be"},
		{"no name", "/ogg", "${emptyString}", "", text("x"), "/ogg", "error: its file would be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := loaded(t, plain+".pathMappingTemplate="+c.path+"\n.fileNameMappingTemplate="+c.file+
				"\n"+c.more)
			n, err := newTemplates(p, &handler.Config{Group: "RLAKE"}, &Volume{Base: "/home/gg"})
			if err != nil {
				t.Fatal(err)
			}
			ch := change(t, "hr", "EMP", c.op)
			stream, err := n.Stream(nil, ch)
			wantName(t, string(stream), err, c.stream)
			if c.final == "" {
				return
			}
			final, err := n.Final(ch, time.Unix(1700000000, 7e6))
			wantName(t, final, err, c.final)
		})
	}
}

func wantName(t *testing.T, got string, err error, want string) {
	t.Helper()
	if words, bad := strings.CutPrefix(want, "error: "); bad {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("got %q, %v, want the error %q", got, err, words)
		}
		return
	}
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestLateNames: counts and the end of a file get into its name when it ends.
func TestLateNames(t *testing.T) {
	p := loaded(t, `.format=delimitedtext
.stateFileDirectory=s
.pathMappingTemplate=/ogg
.fileNameMappingTemplate=f_${operationCount}_${insertCount}_${deleteCount}_${endPosition}.txt`)
	n, err := newTemplates(p, &handler.Config{}, &Volume{})
	if err != nil {
		t.Fatal(err)
	}
	name, err := n.Final(change(t, "hr", "EMP", func(t *handlertest.Table) []byte {
		return t.Delete(handlertest.Int(1), handlertest.Null())
	}), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m := &CommitFile{Rows: 12, Inserts: 11, Deletes: 1, End: "00000000010000000099"}
	got, late := settle(name, m)
	if got != "/ogg/f_12_11_1_00000000010000000099.txt" || !late {
		t.Fatalf("%q becomes %q, %v", name, got, late)
	}
	if got, late := settle("/ogg/f.txt", m); got != "/ogg/f.txt" || late {
		t.Fatalf("%q, %v", got, late)
	}
}

// TestColons: HDFS takes none.
func TestColons(t *testing.T) {
	p := loaded(t, ".format=json\n.stateFileDirectory=s\n.pathMappingTemplate=/ogg\n"+
		".fileNameMappingTemplate=${currentTimestamp[HH:mm:ss]}")
	n, err := newTemplates(p, &handler.Config{}, &Volume{NoColons: true})
	if err != nil {
		t.Fatal(err)
	}
	name, err := n.Final(change(t, "hr", "EMP", func(t *handlertest.Table) []byte {
		return t.Delete(handlertest.Int(1), handlertest.Null())
	}), time.Unix(1700000000, 0))
	wantName(t, name, err, "/ogg/22-13-20")
}
