package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/handler/handlertest"
	"ggsh/record"
	"ggsh/tests/tns"
)

func batchOf(rba uint64, t *handlertest.Table, ops ...[]byte) *handler.Batch {
	return handlertest.Batch(rba, []*handlertest.Table{t}, ops...)
}

func apply(t testing.TB, h handler.Handler, b *handler.Batch) *handler.Applied {
	t.Helper()
	applied, err := h.Apply(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func applyError(t testing.TB, h handler.Handler, b *handler.Batch) *handler.ApplyError {
	t.Helper()
	_, err := h.Apply(t.Context(), b)
	var e *handler.ApplyError
	if !errors.As(err, &e) {
		t.Fatalf("%v", err)
	}
	return e
}

// TestArrays: runs of equal operations are few executions with many rows, NULLs
// among them; LOBs go one by one.
func TestArrays(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE many (id NUMBER(18) PRIMARY KEY, v VARCHAR2(20), r RAW(9), d DATE, c CLOB)")
	a := s.open(t, "arrays", nil)
	table := use(t, a, 1, "many")
	watch := s.spy
	i, null := handlertest.Int, handlertest.Null()
	row := func(n int64) []handlertest.V {
		v := handlertest.Row(i(n), text(fmt.Sprint("v", n)), octets("x"), record.AppendDate(nil, day), null)
		if n%3 == 0 {
			v[1], v[2], v[3] = null, null, null
		}
		return v
	}
	short := func(v []handlertest.V) []handlertest.V {
		return append(slices.Clone(v[:4]), handlertest.Missing())
	}
	var inserts, updates, deletes [][]byte
	for n := range int64(1200) {
		inserts = append(inserts, table.Insert(short(row(n))...))
		if n%2 == 0 {
			deletes = append(deletes, table.Delete(row(n)...))
		}
	}
	for n := range int64(600) {
		after := short(row(n + 1))
		after[0] = i(n)
		updates = append(updates, table.Update(short(row(n)), after))
	}
	watch.taken("")
	apply(t, a, batchOf(200, table, inserts...))
	if got := watch.taken("INSERT INTO"); len(got) != 3 || !strings.HasPrefix(got[2], "200 ") {
		t.Errorf("inserts: %.100q", got)
	}
	apply(t, a, batchOf(300, table, updates...))
	if got := watch.taken("UPDATE \"GGADMIN\".\"MANY\""); len(got) != 2 {
		t.Errorf("updates: %.100q", got)
	}
	apply(t, a, batchOf(400, table, deletes...))
	if got := watch.taken("DELETE FROM"); len(got) != 2 {
		t.Errorf("deletes: %.100q", got)
	}
	if n := len(s.rows(t, table.Target)); n != 600 {
		t.Errorf("%d rows are left", n)
	}
	apply(t, a, batchOf(500, table, table.Insert(row(5000)...), table.Insert(row(5001)...)))
	if got := watch.taken("INSERT INTO"); len(got) != 2 {
		t.Errorf("with a LOB: %.100q", got)
	}
}

// TestFaults: each error of the database has its class, with its own number.
func TestFaults(t *testing.T) {
	_, s := newTarget(t)
	db := s.connect(t)
	for code, want := range map[int]handler.Class{
		1: handler.Row, 1400: handler.Row, 1407: handler.Row, 2290: handler.Row, 2291: handler.Row,
		2292: handler.Row, 12899: handler.Row, 1438: handler.Row, 1722: handler.Row, 1843: handler.Row,
		20001: handler.Row, 2091: handler.Row, 14400: handler.Row,
		60: handler.Conflict, 8177: handler.Conflict, 54: handler.Conflict, 30006: handler.Conflict,
		28: handler.Connection, 1012: handler.Connection, 1033: handler.Connection,
		3113: handler.Connection, 3114: handler.Connection, 3135: handler.Connection,
		12571: handler.Connection, 1089: handler.Connection, 1092: handler.Connection,
		942: handler.Setup, 904: handler.Setup, 1031: handler.Setup, 1653: handler.Setup,
		32795: handler.Setup, 1536: handler.Setup,
	} {
		s.faults.Clear()
		s.faults.Add(tns.Fault{SQL: "FROM dual", Err: &tns.Error{Code: code, Text: "said the stub"}})
		_, err := db.ExecContext(t.Context(), "SELECT 1 FROM dual")
		if err == nil {
			_, err = db.QueryContext(t.Context(), "SELECT 2 FROM dual")
		}
		f, native := fault(err)
		if !native || f.Class != want || f.Code != code || f.Duplicate != (code == 1) {
			t.Errorf("ORA-%05d: %v, not %v: %+v of %v", code, f.Class, want, f, err)
		}
	}
	if f, native := fault(errors.New("no error of a database")); native {
		t.Errorf("%+v", f)
	}
}

// TestBehindARolledBackCommit: COMMIT's own number hides that of the constraint.
func TestBehindARolledBackCommit(t *testing.T) {
	for text, want := range map[string]int{
		"ORA-02091: transaction rolled back\nORA-02291: integrity constraint (A.B) violated": 2291,
		"ORA-02091: transaction rolled back":                                                 0, "": 0, "ORA-02091: x ORA-1": 0} {
		if got := behind(text); got != want {
			t.Errorf("%s: %d, not %d", text, got, want)
		}
	}
}

// TestRetried: a deadlock is a conflict, and the batch passes the next time.
func TestRetried(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE tried (id NUMBER(18) PRIMARY KEY)")
	a := s.open(t, "tried", nil)
	table := use(t, a, 1, "tried")
	s.faults.Add(tns.Fault{SQL: `INTO "GGADMIN"."TRIED"`, Err: &tns.Error{Code: 60, Text: "deadlock"}})
	b := batchOf(200, table, table.Insert(handlertest.Int(1)), table.Insert(handlertest.Int(2)))
	if e := applyError(t, a, b); e.Class != handler.Conflict || e.Code != 60 {
		t.Fatalf("%+v", e)
	}
	apply(t, a, b)
	if got := s.rows(t, table.Target); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

// TestLostAnswers: whatever call's answer is lost, the target says afterwards
// whether the batch is there, and it is there as a whole or not at all.
func TestLostAnswers(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE lost (id NUMBER(18) PRIMARY KEY)")
	next := int64(0)
	for _, at := range []string{"UPDATE \"GGADMIN\".\"GGS_CHECKPOINT\"", "INSERT INTO", "COMMIT"} {
		a := s.open(t, "lost", nil)
		table := use(t, a, 1, "lost")
		b := batchOf(uint64(200+next), table, table.Insert(handlertest.Int(next)),
			table.Insert(handlertest.Int(next+1)))
		s.faults.Add(tns.Fault{SQL: at, Close: true})
		if e := applyError(t, a, b); e.Class != handler.Connection {
			t.Fatalf("%s: %+v", at, e)
		}
		s.faults.Clear()
		opened, err := a.Open(t.Context(), handler.Config{Group: "lost", Login: s.login,
			CheckpointTable: "ggadmin.ggs_checkpoint"})
		if err != nil {
			t.Fatal(err)
		}
		there := opened.Checkpoint != nil && opened.Checkpoint.RBA == uint64(200+next)
		if n := len(s.rows(t, table.Target)); there && n != int(next+2) || !there && n != int(next) {
			t.Fatalf("%s: %d rows with %+v", at, n, opened.Checkpoint)
		}
		if there {
			next += 2
		}
	}
}

// TestSilentServer: a server that says nothing costs the deadline, not more.
func TestSilentServer(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE silent (id NUMBER(18) PRIMARY KEY)")
	a := s.open(t, "silent", nil)
	table := use(t, a, 1, "silent")
	s.faults.Add(tns.Fault{SQL: "INTO \"GGADMIN\".\"SILENT\"", Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	_, err := a.Apply(ctx, batchOf(200, table, table.Insert(handlertest.Int(1)),
		table.Insert(handlertest.Int(2))))
	var e *handler.ApplyError
	if !errors.As(err, &e) || e.Class != handler.Connection {
		t.Fatalf("%v", err)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestDeferredConstraints: with DEFERREFCONST a child may come before its parent, and
// what is missing at the end is an error of the rows.
func TestDeferredConstraints(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE kin (id NUMBER(18) PRIMARY KEY, dad NUMBER(18) "+
		"REFERENCES kin (id) DEFERRABLE INITIALLY IMMEDIATE)")
	i := handlertest.Int
	both := func(table *handlertest.Table, rba uint64) *handler.Batch {
		return batchOf(rba, table, table.Insert(i(1), i(7)), table.Insert(i(7), handlertest.Null()))
	}
	a := s.open(t, "deferred", map[string]string{"deferrefconst": "true"})
	table := use(t, a, 1, "kin")
	if e := applyError(t, a, batchOf(200, table, table.Insert(i(2), i(9)))); e.Class != handler.Row ||
		e.Code != 2291 {
		t.Errorf("%+v", e)
	}
	apply(t, a, both(table, 300))
	if got := s.rows(t, table.Target); len(got) != 2 {
		t.Errorf("%q", got)
	}
	s.run(t, "DELETE FROM kin", "COMMIT")
	at := s.open(t, "immediate", nil)
	if e := applyError(t, at, batchOf(200, table, table.Insert(i(1), i(7)))); e.Class != handler.Row ||
		e.Code != 2291 || e.Op != 0 {
		t.Errorf("%+v", e)
	}
}

// TestEmptyText: ” is NULL, a blank or refused.
func TestEmptyText(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE void (id NUMBER(18) PRIMARY KEY, v VARCHAR2(9), w VARCHAR2(9) NOT NULL)")
	row := func(table *handlertest.Table, id int64, v, w string) []byte {
		return table.Insert(handlertest.Int(id), text(v), text(w))
	}
	a := s.open(t, "void", nil)
	table := use(t, a, 1, "void")
	apply(t, a, batchOf(200, table, row(table, 1, "", "x")))
	e := applyError(t, a, batchOf(300, table, row(table, 2, "x", "")))
	if e.Class != handler.Row || e.Code != 1400 || !strings.Contains(e.Text, "EMPTYSTRING BLANK") {
		t.Errorf("%+v", e)
	}
	a = s.open(t, "blank", map[string]string{"emptystring": "BLANK"})
	apply(t, a, batchOf(200, table, row(table, 3, "", "")))
	a = s.open(t, "refuse", map[string]string{"emptystring": "REFUSE"})
	if e := applyError(t, a, batchOf(200, table, row(table, 4, "", "x"))); e.Code != 1400 {
		t.Errorf("%+v", e)
	}
	got := s.rows(t, table.Target)
	slices.Sort(got)
	if strings.Join(got, ",") != "1|NULL|x,3| | " {
		t.Errorf("%q", got)
	}
	if _, err := dml.New(dialect()).Open(t.Context(), handler.Config{Group: "x", Login: s.login,
		Options: map[string]string{"emptystring": "maybe"}}); err == nil {
		t.Error("a rule that there is not")
	}
}

// TestEmptyLOBs are not NULL: they arrive as they were, in columns that allow no NULL
// and in tables without a key, too.
func TestEmptyLOBs(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE hollow (id NUMBER(18) PRIMARY KEY, c CLOB NOT NULL, b BLOB)",
		"CREATE TABLE loose (id NUMBER(18), c CLOB)")
	a := s.open(t, "hollow", nil)
	table, loose := use(t, a, 1, "hollow"), use(t, a, 2, "loose")
	i, null := handlertest.Int, handlertest.Null()
	b := handlertest.Batch(200, []*handlertest.Table{table, loose},
		table.Insert(i(1), text(""), octets("")), table.Insert(i(2), text("x"), null),
		table.Update(handlertest.Row(i(2), text("x"), null),
			handlertest.Row(i(2), text(""), octets(""))),
		loose.Insert(i(3), text("")))
	apply(t, a, b)
	got := append(s.rows(t, table.Target), s.rows(t, loose.Target)...)
	slices.Sort(got)
	if want := []string{"1||", "2||", "3|"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	e := applyError(t, a, batchOf(300, loose, loose.Delete(i(3), text(""))))
	if e.Class != handler.Row || !strings.Contains(e.Text, "KEYCOLS") {
		t.Errorf("%+v", e)
	}
}

// TestLongValueWithoutKey: the row is found by its place; what finds a row itself has
// to be short.
func TestLongValueWithoutKey(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, "CREATE TABLE keyless (id NUMBER(18), c CLOB, b BLOB)")
	a := s.open(t, "keyless", nil)
	table := use(t, a, 1, "keyless")
	long := strings.Repeat("x", 70_000)
	i, null, missing := handlertest.Int(1), handlertest.Null(), handlertest.Missing()
	apply(t, a, batchOf(200, table, table.Insert(i, text(long), null),
		table.Insert(i, text("short"), null), table.Insert(i, text("short"), null),
		table.Update(handlertest.Row(i, text("short"), null),
			handlertest.Row(missing, missing, octets(long)))))
	got := s.rows(t, table.Target)
	slices.Sort(got)
	if want := []string{"1|short|" + strings.Repeat("78", 70_000), "1|short|NULL",
		"1|" + long + "|NULL"}; !slices.Equal(got, want) {
		t.Errorf("%.30q", got)
	}
	for _, length := range []int{4001, 40_000} {
		e := applyError(t, a, batchOf(300, table, table.Delete(i, text(long[:length]), null)))
		if e.Class != handler.Row || !strings.Contains(e.Text, "KEYCOLS") {
			t.Errorf("%+v", e)
		}
	}
	apply(t, a, batchOf(300, table, table.Delete(i, text("short"), null)))
	if got := s.rows(t, table.Target); len(got) != 2 {
		t.Errorf("%.30q", got)
	}
}

// TestNames: names without quotes are meant in upper case, those with as they are.
func TestNames(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, `CREATE TABLE plain (id NUMBER(10) PRIMARY KEY)`, `CREATE TABLE "odd?name" (id NUMBER)`,
		`CREATE TABLE "plain" (x NUMBER)`)
	a := s.open(t, "names", nil)
	for _, c := range []struct {
		name handler.TableName
		want string
	}{
		{handler.TableName{Schema: "ggadmin", Name: "plain"}, "GGADMIN.PLAIN"},
		{handler.TableName{Name: "Plain"}, "GGADMIN.PLAIN"},
		{handler.TableName{Schema: "GGADMIN", Name: "plain", Exact: true}, "GGADMIN.plain"},
		{handler.TableName{Schema: "GGADMIN", Name: "odd?name"}, "GGADMIN.odd?name"},
		{handler.TableName{Schema: "ggadmin", Name: "PLAIN", Exact: true}, ""},
		{handler.TableName{Schema: "other", Name: "plain"}, ""},
		{handler.TableName{Name: "absent"}, ""},
	} {
		def, err := a.Table(t.Context(), c.name)
		var none *handler.NoTableError
		got := ""
		if err == nil {
			got = def.FullName()
		} else if !errors.As(err, &none) {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%+v: %q, not %q", c.name, got, c.want)
		}
	}
	table := use(t, a, 1, "odd?name")
	apply(t, a, batchOf(200, table, table.Insert(number("1.5"))))
	if got := s.rows(t, table.Target); len(got) != 1 || got[0] != "1.5" {
		t.Errorf("%q", got)
	}
}

// TestTable: the dictionary's columns as a definition has them.
func TestTable(t *testing.T) {
	_, s := newTarget(t)
	s.run(t, `CREATE TABLE every (a NUMBER(10) NOT NULL, b NUMBER(12,3), c NUMBER, d INTEGER,
	  e FLOAT(63), f BINARY_FLOAT, g BINARY_DOUBLE, h VARCHAR2(20), i VARCHAR2(20 CHAR), j CHAR(3),
	  k NVARCHAR2(7), l RAW(5), m DATE, n TIMESTAMP(3), o TIMESTAMP(6) WITH TIME ZONE,
	  p TIMESTAMP WITH LOCAL TIME ZONE, q CLOB, r BLOB, s INTERVAL DAY(3) TO SECOND(2),
	  t INTERVAL YEAR(4) TO MONTH)`, "CREATE UNIQUE INDEX every_u ON every (a)")
	a := s.open(t, "every", nil)
	def, err := a.Table(t.Context(), handler.TableName{Name: "every"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range def.Columns {
		got = append(got, fmt.Sprintf("%s %s %s", c.Name, c.Type, c.Kind))
	}
	want := strings.Split("A NUMBER(10) int,B NUMBER(12;3) decimal,C NUMBER decimal,"+
		"D NUMBER(*;0) decimal,E FLOAT(63) decimal,F BINARY_FLOAT float32,G BINARY_DOUBLE float64,"+
		"H VARCHAR2(20 BYTE) string,I VARCHAR2(20 CHAR) string,J CHAR(3 BYTE) string,"+
		"K NVARCHAR2(7) string,L RAW(5) bytes,M DATE timestamp,N TIMESTAMP(3) timestamp,"+
		"O TIMESTAMP(6) WITH TIME ZONE timestamptz,P TIMESTAMP(6) WITH LOCAL TIME ZONE timestamptz,"+
		"Q CLOB string,R BLOB bytes,S INTERVAL DAY(3) TO SECOND(2) interval,"+
		"T INTERVAL YEAR(4) TO MONTH interval", ",")
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], ";", ",")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !slices.Equal(def.Key, []int{0}) || len(def.Unique) != 0 || def.Columns[0].Nullable {
		t.Errorf("key %v, unique %v", def.Key, def.Unique)
	}
}

// TestOpenErrors: what keeps a Replicat from its target, by class, without a password.
func TestOpenErrors(t *testing.T) {
	target, _ := newTarget(t)
	for _, c := range []struct {
		name   string
		change func(*handler.Config)
		class  handler.Class
		text   string
	}{
		{"password", func(c *handler.Config) { c.Login.Password = "wrong-password" }, handler.Setup,
			"1017"},
		{"port", func(c *handler.Config) { c.Login.Database = "127.0.0.1:1/ORCL" }, handler.Connection,
			""},
		{"table", func(c *handler.Config) { c.CheckpointTable = "ggadmin.absent" }, handler.Setup,
			"ADD CHECKPOINTTABLE"},
	} {
		cfg := target.Config
		c.change(&cfg)
		a := dml.New(dialect())
		_, err := a.Open(t.Context(), cfg)
		var e *handler.ApplyError
		if !errors.As(err, &e) || e.Class != c.class || !strings.Contains(e.Error(), c.text) ||
			strings.Contains(e.Error(), "wrong-password") || strings.Contains(e.Error(), password) {
			t.Errorf("%s: %+v", c.name, err)
		}
		a.Close()
	}
}
