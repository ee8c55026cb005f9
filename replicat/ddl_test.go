package replicat

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/control"
	"ggsh/ggserr"
	"ggsh/handler"
	"ggsh/record"
)

const ddlParams = "TARGETDB sqlite:x.db\nDDL INCLUDE MAPPED\nDDLOPTIONS REPORT\n"

const withMap = "MAP hr.*, TARGET tg.*;\n"

// statement writes a DDL transaction.
func (f *fixture) statement(kind, text string) {
	f.t.Helper()
	f.csn++
	err := f.w.BeginTxn(&record.TxnInfo{CSN: record.CSN{Minor: f.csn}, XID: "ddl",
		CommitTime: f.opened.Add(time.Duration(f.csn) * time.Second)})
	if err == nil {
		err = f.w.Op(nil, record.AppendDDL(nil, 0, record.DDLStatement{Kind: kind, Schema: "hr",
			Object: "TABLE", Name: "hr.emp", Text: text}), true)
	}
	if err == nil {
		_, err = f.w.Sync()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// grow gives the target's table a column, as the DDL that it is told.
func (f *fixture) grow(record.DDLStatement) error {
	def := *f.s.tables["tg.emp"]
	def.Columns = append(slices.Clone(def.Columns), record.ColumnDef{Name: "w", Kind: record.Int,
		Type: "int", Nullable: true})
	f.s.tables["tg.emp"] = &def
	return nil
}

// TestDDLInItsPlace: rows before a statement are applied before it, those behind it with
// the new definition, in one run.
func TestDDLInItsPlace(t *testing.T) {
	f := newFixture(t, ddlParams+withMap)
	f.s.ddl = f.grow
	f.txn(insert(1, "a"))
	f.txn(insert(2, "b"))
	f.statement("ALTER", "ALTER TABLE emp ADD COLUMN w INT")
	f.txn(insert(3, "c"))
	f.start()
	f.s.wait(f.s.at(4))
	f.stop()
	want := []string{"insert 1 [1 a]", "insert 2 [2 b]", "ddl ALTER TABLE `tg`.`emp` ADD COLUMN w INT",
		"insert 3 [3 c -]"}
	if !slices.Equal(f.s.log, want) {
		t.Fatalf("%q\n%s", f.s.log, f.report())
	}
	has(t, f.report(), "OGG-00487", "INCLUDE MAPPED", "OGG-00489", "OGG-00483")
}

// TestNoDDLWithoutTheParameter: nothing is executed, and an operator is told.
func TestNoDDLWithoutTheParameter(t *testing.T) {
	f := newFixture(t, plainParams)
	f.s.ddl = f.grow
	f.statement("ALTER", "ALTER TABLE emp ADD COLUMN w INT")
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(2))
	f.stop()
	if !slices.Equal(f.s.log, []string{"insert 1 [1 a]"}) {
		t.Fatalf("%q", f.s.log)
	}
	has(t, f.report(), "OGG-30181", "ALTER TABLE emp ADD COLUMN w INT")
}

// TestDDLThatIsLeftOut: EXCLUDE and the scope decide; names are the source's there.
func TestDDLThatIsLeftOut(t *testing.T) {
	f := newFixture(t, "TARGETDB sqlite:x.db\nDDL INCLUDE MAPPED, EXCLUDE OPTYPE DROP\n"+withMap)
	f.s.ddl = func(record.DDLStatement) error { return nil }
	f.statement("DROP", "DROP TABLE emp")
	f.statement("ALTER", "ALTER TABLE other.emp ADD a INT")
	f.statement("ALTER", "ALTER TABLE hr.emp ADD a INT")
	f.start()
	f.s.wait(f.s.at(3))
	f.idle()
	stats := f.order(control.Stats).Stats
	if want := (control.DDLCounts{Mapped: 1, Excluded: 2}); stats.DDL == nil || *stats.DDL != want {
		t.Errorf("counted %+v", stats.DDL)
	}
	f.stop()
	if !slices.Equal(f.s.log, []string{"ddl ALTER TABLE `tg`.`emp` ADD a INT"}) {
		t.Fatalf("%q", f.s.log)
	}
}

// TestDDLError: each response, and the number before DEFAULT.
func TestDDLError(t *testing.T) {
	refuse := func(record.DDLStatement) error {
		return &handler.ApplyError{Class: handler.Row, Op: 0, Code: 1050, Text: "exists already"}
	}
	for _, c := range []struct {
		rule  string
		event string
		calls int
	}{
		{"DDLERROR 1050 IGNORE", "OGG-30180", 1},
		{"DDLERROR DEFAULT DISCARD", "DISCARD", 1},
		{"DDLERROR DEFAULT ABEND\nDDLERROR 1050 IGNORE RETRYOP MAXRETRIES 2", "OGG-30182", 3},
	} {
		f := newFixture(t, ddlParams+c.rule+"\n"+withMap)
		calls := 0
		f.s.ddl = func(st record.DDLStatement) error {
			calls++
			return refuse(st)
		}
		f.statement("CREATE", "CREATE TABLE emp (id INT)")
		f.txn(insert(1, "a"))
		f.start()
		f.s.wait(f.s.at(2))
		f.stop()
		if calls != c.calls || !slices.Equal(f.s.log, []string{"insert 1 [1 a]"}) {
			t.Errorf("%s: %d calls, %q", c.rule, calls, f.s.log)
		}
		has(t, f.report(), c.event)
		if strings.Contains(c.rule, "DISCARD") {
			has(t, f.file(f.home.Join("dirrpt", "R.dsc")), "CREATE TABLE `tg`.`emp` (id INT)", "exists already")
		}
	}
	f := newFixture(t, ddlParams+"DDLERROR 1 IGNORE\n"+withMap)
	f.s.ddl = refuse
	f.statement("CREATE", "CREATE TABLE emp (id INT)")
	f.start()
	if err := f.abended(); ggserr.NumberOf(err) != ggserr.DDLFailed || f.s.checkpoint.CSN.Minor != 0 {
		t.Errorf("%v at %+v", err, f.s.checkpoint)
	}
}

// TestDDLTheTargetCannot: the run ends in front of it, and says what to do.
func TestDDLTheTargetCannot(t *testing.T) {
	f := newFixture(t, ddlParams+withMap)
	f.statement("CREATE", "CREATE TABLE emp (id INT)")
	f.start()
	if err := f.abended(); ggserr.NumberOf(err) != ggserr.DDLFailed ||
		!strings.Contains(err.Error(), "SKIPTRANSACTION") {
		t.Fatal(err)
	}
}

// TestTruncateIsDDL: DDL that includes it takes truncates, which GETTRUNCATES orders else.
func TestTruncateIsDDL(t *testing.T) {
	body, _ := record.AppendOpHeader(nil, record.Truncate, 1)
	for params, want := range map[string]bool{ddlParams: true, "TARGETDB sqlite:x.db\n": false,
		"TARGETDB sqlite:x.db\nGETTRUNCATES\n": true, "TARGETDB sqlite:x.db\nGETTRUNCATES\nIGNORETRUNCATES\n": false,
		"TARGETDB sqlite:x.db\nDDL INCLUDE ALL, EXCLUDE OPTYPE TRUNCATE\n": false} {
		f := newFixture(t, params+withMap)
		f.s.rows["tg.emp ?"] = "the row that the fake looks for"
		f.txn(body)
		f.txn(insert(1, "a"))
		f.start()
		f.s.wait(f.s.at(2))
		f.stop()
		if got := slices.ContainsFunc(f.s.log, func(l string) bool { return strings.HasPrefix(l, "truncate") }); got != want {
			t.Errorf("%s: %q", params, f.s.log)
		}
	}
}

// TestDDLToFiles: a target without tables gets none, and its operator is told once.
func TestDDLToFiles(t *testing.T) {
	f := newFixture(t, ddlParams+withMap)
	f.cfg.Launch = func(ctx context.Context, name string) (handler.Handler, error) {
		h, err := f.s.launch(ctx, name)
		return untabled{h}, err
	}
	f.statement("ALTER", "ALTER TABLE emp ADD COLUMN w INT")
	f.statement("DROP", "DROP TABLE emp")
	f.txn(insert(1, "a"))
	f.start()
	f.s.wait(f.s.at(3))
	f.stop()
	if n := strings.Count(f.report(), "DDL is known and not acted on: files and topics"); n != 1 {
		t.Fatalf("told %d times\n%s", n, f.report())
	}
}
