package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ggsh/record"
)

// writer is the application's connection to a source database.
type writer struct {
	t    *testing.T
	path string
	db   *sql.DB
}

func newWriter(t *testing.T, statements ...string) *writer {
	t.Helper()
	w := &writer{t: t, path: filepath.Join(t.TempDir(), "source.db")}
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=busy_timeout(10000)&_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	w.db = db
	w.run(statements...)
	return w
}

func (w *writer) run(statements ...string) {
	w.t.Helper()
	for _, s := range statements {
		if _, err := w.db.Exec(s); err != nil {
			w.t.Fatalf("%s: %v", s, err)
		}
	}
}

func (w *writer) trandata(tables ...string) {
	w.t.Helper()
	for _, table := range tables {
		if _, _, err := AddTrandata(w.t.Context(), w.path, table); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *writer) capture(cfg Config) *Source {
	w.t.Helper()
	cfg.Path = w.path
	s, err := Open(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return s
}

// operation is a copy of a captured operation.
type operation struct {
	kind          record.OpType
	def           *record.TableDef
	before, after []record.Value
}

// String prints INSERT t (values), UPDATE t (before) (after), ...
func (o operation) String() string {
	s := o.kind.String() + " " + o.def.Name
	for _, image := range [][]record.Value{o.before, o.after} {
		if image == nil {
			continue
		}
		var parts []string
		for _, v := range image {
			parts = append(parts, text(v))
		}
		s += " (" + strings.Join(parts, ",") + ")"
	}
	return s
}

func text(v record.Value) string {
	switch v.Kind {
	case record.Null:
		return "NULL"
	case record.Int, record.Float64, record.Decimal:
		return string(v.Text(nil, -1))
	case record.Bytes:
		return "x" + string(v.Text(nil, -1))
	case record.String:
		return strconv.Quote(string(v.B))
	}
	return v.Kind.String() + ":" + string(v.Text(nil, -1))
}

func copyOf(t *testing.T, def *record.TableDef, body []byte) operation {
	t.Helper()
	var op record.Op
	if err := record.DecodeOp(slices.Clone(body), &op); err != nil {
		t.Fatal(err)
	}
	o := operation{kind: op.Type, def: def}
	o.before, o.after = valuesOf(t, def, op.Before), valuesOf(t, def, op.After)
	return o
}

func valuesOf(t *testing.T, def *record.TableDef, image record.Image) []record.Value {
	t.Helper()
	if image == nil {
		return nil
	}
	values, err := image.Values(nil, len(def.Columns))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func operations(t *testing.T, txn *record.Txn) (ops []operation, err error) {
	t.Helper()
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			return ops, nil
		}
		if err != nil {
			return ops, err
		}
		ops = append(ops, copyOf(t, def, body))
	}
}

// drain reads all transactions that there are.
func drain(t *testing.T, s *Source) (ops []operation, restart string) {
	t.Helper()
	for {
		txn, err := s.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return ops, restart
		}
		if err != nil {
			t.Fatal(err)
		}
		more, err := operations(t, txn)
		if err != nil {
			t.Fatal(err)
		}
		ops, restart = append(ops, more...), txn.Restart
	}
}

func lines(ops []operation) string {
	var all []string
	for _, o := range ops {
		all = append(all, o.String())
	}
	return strings.Join(all, "\n")
}

func want(t *testing.T, got []operation, expected ...string) {
	t.Helper()
	if w := strings.Join(expected, "\n"); lines(got) != w {
		t.Errorf("captured\n%s\nwant\n%s", lines(got), w)
	}
}

const employees = `CREATE TABLE TB_EMP
	(EMPNO INTEGER PRIMARY KEY, ENAME VARCHAR(30), SAL DECIMAL(10,2))`

func TestEveryOperation(t *testing.T) {
	w := newWriter(t, employees, `INSERT INTO TB_EMP VALUES (1, 'was there before', 1)`)
	w.trandata("tb_emp")
	s := w.capture(Config{})
	w.run(`INSERT INTO TB_EMP VALUES (2, 'Ann', 10.25), (3, NULL, 7)`,
		`UPDATE TB_EMP SET SAL = SAL * 2 WHERE EMPNO = 2`,
		`UPDATE TB_EMP SET EMPNO = 4 WHERE EMPNO = 3`,
		`DELETE FROM TB_EMP WHERE EMPNO <> 2`,
		`DELETE FROM TB_EMP`)
	ops, _ := drain(t, s)
	want(t, ops,
		`INSERT TB_EMP (2,"Ann",10.25)`,
		`INSERT TB_EMP (3,NULL,7)`,
		`UPDATE TB_EMP (2,"Ann",10.25) (2,"Ann",20.5)`,
		`PK UPDATE TB_EMP (3,NULL,7) (4,NULL,7)`,
		`DELETE TB_EMP (1,"was there before",1)`,
		`DELETE TB_EMP (4,NULL,7)`,
		`DELETE TB_EMP (2,"Ann",20.5)`)
	def := ops[0].def
	if def.FullName() != "main.TB_EMP" || def.ID == 0 || len(def.Key) != 1 ||
		def.Database != "sqlite" {
		t.Errorf("definition %+v", def)
	}
}

func TestARolledBackTransactionLeavesNothing(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`BEGIN`, `INSERT INTO TB_EMP VALUES (1, 'x', 1)`, `UPDATE TB_EMP SET SAL = 2`, `ROLLBACK`,
		`BEGIN`, `INSERT INTO TB_EMP VALUES (2, 'kept', 1)`, `SAVEPOINT a`,
		`INSERT INTO TB_EMP VALUES (3, 'x', 1)`, `ROLLBACK TO a`,
		`INSERT INTO TB_EMP VALUES (4, 'kept', 1)`, `COMMIT`)
	_, err := w.db.Exec(`INSERT INTO TB_EMP VALUES (5, 'x', 1), (2, 'meets the second', 1)`)
	if err == nil {
		t.Fatal("the key should refuse this")
	}
	ops, _ := drain(t, s)
	want(t, ops, `INSERT TB_EMP (2,"kept",1)`, `INSERT TB_EMP (4,"kept",1)`)
}

func TestATransactionIsNeverSplit(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`BEGIN`, `INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
	if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Fatalf("an open transaction gives %v, want EOF", err)
	}
	w.run(`INSERT INTO TB_EMP VALUES (2, 'b', 1)`, `COMMIT`)
	txn, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A commit while the operations are being read belongs to the next one.
	w.run(`INSERT INTO TB_EMP VALUES (3, 'c', 1)`)
	ops, err := operations(t, txn)
	if err != nil {
		t.Fatal(err)
	}
	want(t, ops, `INSERT TB_EMP (1,"a",1)`, `INSERT TB_EMP (2,"b",1)`)
	if txn.CSN.IsZero() || txn.CommitTime.IsZero() || txn.XID == "" || txn.Restart == "" {
		t.Errorf("transaction %+v", txn.TxnInfo)
	}
	ops, _ = drain(t, s)
	want(t, ops, `INSERT TB_EMP (3,"c",1)`)
}

func TestConflictClauses(t *testing.T) {
	for _, recursive := range []string{"OFF", "ON"} {
		t.Run("recursive_triggers="+recursive, func(t *testing.T) {
			w := newWriter(t, `PRAGMA recursive_triggers=`+recursive,
				`CREATE TABLE t (id INTEGER PRIMARY KEY, u INT UNIQUE, v TEXT)`,
				`INSERT INTO t VALUES (1, 10, 'a'), (2, 20, 'b'), (3, 30, 'c')`)
			w.trandata("t")
			s := w.capture(Config{})
			check := func(statement string, expected ...string) {
				t.Helper()
				w.run(statement)
				ops, _ := drain(t, s)
				want(t, ops, expected...)
			}
			check(`INSERT OR IGNORE INTO t VALUES (1, 99, 'x')`)
			check(`INSERT OR IGNORE INTO t VALUES (1, 99, 'x'), (4, 40, 'd')`, `INSERT t (4,40,"d")`)
			check(`REPLACE INTO t VALUES (1, 11, 'A')`, `DELETE t (1,10,"a")`, `INSERT t (1,11,"A")`)
			check(`REPLACE INTO t VALUES (2, 30, 'B')`, // two rows go
				`DELETE t (2,20,"b")`, `DELETE t (3,30,"c")`, `INSERT t (2,30,"B")`)
			check(`REPLACE INTO t (u, v) VALUES (40, 'D')`, `DELETE t (4,40,"d")`, `INSERT t (5,40,"D")`)
			check(`INSERT INTO t VALUES (1, 0, 'z') ON CONFLICT (id) DO UPDATE SET v = excluded.v`,
				`UPDATE t (1,11,"A") (1,11,"z")`)
			check(`INSERT INTO t VALUES (1, 0, 'z') ON CONFLICT DO NOTHING`)
			check(`UPDATE OR REPLACE t SET u = 30 WHERE id = 1`,
				`DELETE t (2,30,"B")`, `UPDATE t (1,11,"z") (1,30,"z")`)
			check(`UPDATE OR IGNORE t SET u = 30 WHERE id <> 1`)
			check(`UPDATE t SET v = 'same key' WHERE id = 1`, `UPDATE t (1,30,"z") (1,30,"same key")`)
			check(`REPLACE INTO t VALUES (7, 70, 'new')`, `INSERT t (7,70,"new")`)
		})
	}
}

func TestReplaceAfterIgnoreDeletesOnce(t *testing.T) {
	w := newWriter(t, employees, `INSERT INTO TB_EMP VALUES (1, 'a', 1)`)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`BEGIN`, `INSERT OR IGNORE INTO TB_EMP VALUES (1, 'b', 2)`,
		`REPLACE INTO TB_EMP VALUES (1, 'b', 2)`, `COMMIT`)
	ops, _ := drain(t, s)
	want(t, ops, `DELETE TB_EMP (1,"a",1)`, `INSERT TB_EMP (1,"b",2)`)
}

func TestReplaceUnderANonBinaryCollation(t *testing.T) {
	w := newWriter(t, `CREATE TABLE t (name TEXT COLLATE NOCASE PRIMARY KEY, v)`,
		`INSERT INTO t VALUES ('ann', 1)`)
	w.trandata("t")
	s := w.capture(Config{})
	w.run(`REPLACE INTO t VALUES ('ANN', 2)`)
	ops, _ := drain(t, s)
	want(t, ops, `DELETE t ("ann",1)`, `INSERT t ("ANN",2)`)
}

func TestReplaceThroughUnusualIndexes(t *testing.T) {
	w := newWriter(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, v INT)`,
		`CREATE UNIQUE INDEX folded ON t (name COLLATE NOCASE)`,
		`CREATE UNIQUE INDEX some ON t (v) WHERE v > 100`, `CREATE UNIQUE INDEX sum ON t (v + id)`,
		`INSERT INTO t VALUES (1, 'ann', 1)`)
	w.trandata("t")
	var warnings []string
	s := w.capture(Config{Warn: func(text string) { warnings = append(warnings, text) }})
	w.run(`REPLACE INTO t VALUES (2, 'ANN', 2)`)
	ops, _ := drain(t, s)
	want(t, ops, `DELETE t (1,"ann",1)`, `INSERT t (2,"ANN",2)`)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "some, sum") {
		t.Errorf("warnings %q, want one of the indexes some and sum", warnings)
	}
}

func TestReplaceThatCascades(t *testing.T) {
	w := newWriter(t, `PRAGMA foreign_keys=ON`, `CREATE TABLE p (id INTEGER PRIMARY KEY, v)`,
		`CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE)`,
		`INSERT INTO p VALUES (1, 'a')`, `INSERT INTO c VALUES (5, 1)`)
	w.trandata("p", "c")
	s := w.capture(Config{})
	w.run(`REPLACE INTO p VALUES (1, 'b')`)
	ops, _ := drain(t, s)
	want(t, ops, `DELETE c (5,1)`, `DELETE p (1,"a")`, `INSERT p (1,"b")`)
}

func TestTriggersOfOthersDoNotChangeTheOrder(t *testing.T) {
	stamp := `CREATE TRIGGER %s AFTER UPDATE OF v ON t
		BEGIN UPDATE t SET n = n + 1 WHERE id = NEW.id; END`
	w := newWriter(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v, n DEFAULT 0)`,
		fmt.Sprintf(stamp, "earlier"))
	w.trandata("t")
	s := w.capture(Config{})
	w.run(`INSERT INTO t (id, v) VALUES (1, 'a')`, `UPDATE t SET v = 'b'`)
	ops, _ := drain(t, s)
	want(t, ops, `INSERT t (1,"a",0)`, `UPDATE t (1,"a",0) (1,"b",0)`, `UPDATE t (1,"b",0) (1,"b",1)`)
	w.run(`DROP TRIGGER earlier`, fmt.Sprintf(stamp, "later"))
	drain(t, s) // sees the trigger and puts the log's before it
	w.run(`UPDATE t SET v = 'c'`)
	ops, _ = drain(t, s)
	want(t, ops, `UPDATE t (1,"b",1) (1,"c",1)`, `UPDATE t (1,"c",1) (1,"c",2)`)
}

func TestValuesAreExact(t *testing.T) {
	w := newWriter(t, `CREATE TABLE v (id INTEGER PRIMARY KEY, i BIGINT, r DOUBLE, s VARCHAR(20),
		b BLOB, d DATE, ts DATETIME, tm TIME, n DECIMAL(20,4), j JSON, any)`)
	w.trandata("v")
	s := w.capture(Config{})
	insert := `INSERT INTO v VALUES (?,?,?,?,?,?,?,?,?,?,?)`
	for _, row := range [][]any{
		{1, int64(math.MaxInt64), 0.1, "it's", []byte{0, 1, 255}, "2026-11-21", "2026-11-21 10:11:12.5",
			"23:59:59", "12.5", `{"a":1}`, nil},
		{2, int64(math.MinInt64), math.Inf(1), "a\x00b,'NULL'", []byte{}, "0000-00-00",
			"2026-11-21T10:11:12", "10:11", int64(9007199254740993), `[]`, "grüße €, 𝄞"},
		{3, nil, math.SmallestNonzeroFloat64, "", nil, "tomorrow", "2026-11-21 10:11:12.500", nil,
			0.7999999999999999, nil, 1e300},
		{4, "no number", 1e15, "\x00", nil, "2026-1-1", "2026-11-21", "25:00:00", "12.50 EUR", nil, -7},
	} {
		if _, err := w.db.Exec(insert, row...); err != nil {
			t.Fatal(err)
		}
	}
	ops, _ := drain(t, s)
	want(t, ops,
		`INSERT v (1,9223372036854775807,0.1,"it's",x0001ff,date:2026-11-21,`+
			`timestamp:2026-11-21 10:11:12.5,time:23:59:59,12.5,json:{"a":1},NULL)`,
		`INSERT v (2,-9223372036854775808,+Inf,"a\x00b,'NULL'",x,date:0000-00-00,`+
			`"2026-11-21T10:11:12","10:11",9007199254740993,json:[],"grüße €, 𝄞")`,
		`INSERT v (3,NULL,5e-324,"",NULL,"tomorrow",`+
			`"2026-11-21 10:11:12.500",NULL,0.7999999999999999,NULL,1e+300)`,
		`INSERT v (4,"no number",1e+15,"\x00",NULL,`+
			`"2026-1-1","2026-11-21","25:00:00","12.50 EUR",NULL,-7)`)
}

func TestDatabaseOfUTF16(t *testing.T) {
	for _, name := range []string{"UTF-16le", "UTF-16be"} {
		w := newWriter(t, `PRAGMA encoding='`+name+`'`, `CREATE TABLE t (id INTEGER PRIMARY KEY, s)`)
		w.trandata("t")
		s := w.capture(Config{})
		_, err := w.db.Exec(`INSERT INTO t VALUES (1, ?), (2, ?)`, "a\x00𝄞", "plain ü")
		if err != nil {
			t.Fatal(err)
		}
		ops, _ := drain(t, s)
		want(t, ops, `INSERT t (1,"a\x00𝄞")`, `INSERT t (2,"plain ü")`)
	}
}

func TestTextThatIsNotUTF8StopsTheCapture(t *testing.T) {
	w := newWriter(t, employees)
	w.trandata("TB_EMP")
	s := w.capture(Config{})
	w.run(`INSERT INTO TB_EMP VALUES (1, CAST(x'41ff42' AS TEXT), 1)`)
	txn, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = operations(t, txn)
	if err == nil || !strings.Contains(err.Error(), "ENAME") ||
		!strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("error %v, want one that names the column", err)
	}
}

func TestTablesOfEveryShape(t *testing.T) {
	w := newWriter(t, `CREATE TABLE noKey (a, b)`,
		`CREATE TABLE "odd ""name" (k TEXT PRIMARY KEY, v) WITHOUT ROWID`,
		`CREATE TABLE two (a INT, b INT, c, PRIMARY KEY (b, a))`,
		`CREATE TABLE gen (id INTEGER PRIMARY KEY, a INT, g INT AS (a * 2) STORED)`)
	w.trandata("nokey", `odd "name`, "two", "gen")
	s := w.capture(Config{})
	w.run(`INSERT INTO noKey VALUES (1, 'x'), (1, 'x')`, `UPDATE noKey SET b = 'y' WHERE rowid = 1`,
		`DELETE FROM noKey`, `REPLACE INTO "odd ""name" VALUES ('k', 1), ('k', 2)`,
		`INSERT INTO two VALUES (1, 2, 'c')`, `UPDATE two SET a = 5`, `UPDATE two SET c = 'd'`,
		`INSERT INTO gen (a) VALUES (21)`)
	ops, _ := drain(t, s)
	want(t, ops, `INSERT noKey (1,"x")`, `INSERT noKey (1,"x")`, `UPDATE noKey (1,"x") (1,"y")`,
		`DELETE noKey (1,"y")`, `DELETE noKey (1,"x")`,
		`INSERT odd "name ("k",1)`, `DELETE odd "name ("k",1)`, `INSERT odd "name ("k",2)`,
		`INSERT two (1,2,"c")`, `PK UPDATE two (1,2,"c") (5,2,"c")`, `UPDATE two (5,2,"c") (5,2,"d")`,
		`INSERT gen (1,21,42)`)
	if key := ops[8].def.Key; !slices.Equal(key, []int{1, 0}) {
		t.Errorf("key of two is %v, want its declared order b, a", key)
	}
	if !ops[11].def.Columns[2].Generated {
		t.Error("a generated column is not marked")
	}
}

func TestAVeryWideTable(t *testing.T) {
	columns := make([]string, 1500/slow)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d", i)
	}
	w := newWriter(t, `CREATE TABLE wide (`+strings.Join(columns, ",")+`)`)
	w.trandata("wide")
	s := w.capture(Config{})
	w.run(fmt.Sprintf(`INSERT INTO wide (c0, c%d) VALUES (1, 2)`, len(columns)-1))
	ops, _ := drain(t, s)
	if len(ops) != 1 || len(ops[0].after) != len(columns) ||
		text(ops[0].after[len(columns)-1]) != "2" {
		t.Errorf("captured %d operations", len(ops))
	}
}

func TestTrandata(t *testing.T) {
	ctx := t.Context()
	w := newWriter(t, employees, `CREATE TABLE other (x)`)
	names, err := Tables(ctx, w.path)
	if err != nil || !slices.Equal(names, []string{"TB_EMP", "other"}) {
		t.Errorf("tables %v, %v", names, err)
	}
	if info, err := InfoTrandata(ctx, w.path, "tb_emp"); err != nil || info.Enabled {
		t.Errorf("before ADD: %+v, %v", info, err)
	}
	_, err = Open(ctx, Config{Path: w.path})
	if err == nil || !strings.Contains(err.Error(), "ADD TRANDATA") {
		t.Errorf("without log: %v", err)
	}
	info, already, err := AddTrandata(ctx, w.path, "tb_emp")
	if err != nil || already || !info.Current || info.Table != "TB_EMP" ||
		!slices.Equal(info.Key, []string{"EMPNO"}) {
		t.Errorf("ADD: %+v, %v, %v", info, already, err)
	}
	if _, already, err := AddTrandata(ctx, w.path, "TB_EMP"); err != nil || !already {
		t.Errorf("second ADD: already is %v, %v", already, err)
	}
	if names, err := Tables(ctx, w.path); err != nil || len(names) != 2 {
		t.Errorf("the log's own tables show: %v, %v", names, err)
	}
	s := w.capture(Config{})
	if info, err := DeleteTrandata(ctx, w.path, "TB_EMP"); err != nil || info.Enabled {
		t.Errorf("DELETE: %+v, %v", info, err)
	}
	w.run(`INSERT INTO TB_EMP VALUES (1, 'not logged', 1)`)
	w.trandata("TB_EMP")
	w.run(`INSERT INTO TB_EMP VALUES (2, 'logged', 1)`)
	ops, _ := drain(t, s)
	want(t, ops, `INSERT TB_EMP (2,"logged",1)`)
	w.run(`DROP TRIGGER ggs_ai_TB_EMP`)
	if info, err := DeleteTrandata(ctx, w.path, "TB_EMP"); err != nil || info.Enabled {
		t.Errorf("DELETE of what is left: %+v, %v", info, err)
	}
	if n := w.count(`SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'`); n != 0 {
		t.Errorf("DELETE leaves %d triggers", n)
	}
	if ops, _ := drain(t, s); len(ops) != 0 {
		t.Errorf("captured\n%s", lines(ops))
	}
	var none *NoTableError
	if _, err := InfoTrandata(ctx, w.path, "nowhere"); !errors.As(err, &none) {
		t.Errorf("a table that is not there: %v", err)
	}
	if _, err := InfoTrandata(ctx, w.path+"x", "TB_EMP"); err == nil {
		t.Error("a mistyped file name made a database")
	}
}

func TestOnlyWantedTables(t *testing.T) {
	w := newWriter(t, `CREATE TABLE a (x INTEGER PRIMARY KEY)`,
		`CREATE TABLE b (x INTEGER PRIMARY KEY)`)
	w.trandata("a", "b")
	onlyB := func(schema, table string) bool { return schema == "main" && table == "b" }
	s := w.capture(Config{Want: onlyB})
	w.run(`INSERT INTO a VALUES (1)`, `INSERT INTO b VALUES (2)`, `REPLACE INTO a VALUES (1)`)
	ops, _ := drain(t, s)
	want(t, ops, `INSERT b (2)`)
}

func FuzzAppendImage(f *testing.F) {
	for _, s := range []string{"", "1", "1,'a',2.5", "NULL,NULL,NULL", "1,'it''s',X'00ff'",
		"1,TX'610062',-9.0e+999", "'", "X'0", "T", "1,2,3,4", "1,,", "NULLNULL", "0x10,'\xff',1"} {
		f.Add([]byte(s))
	}
	def := &record.TableDef{Name: "t", Columns: []record.ColumnDef{{Name: "a", Kind: record.Int},
		{Name: "b", Kind: record.Timestamp}, {Name: "c", Kind: record.Decimal}}}
	f.Fuzz(func(t *testing.T, line []byte) {
		image, err := appendImage(nil, def, line, nil)
		if err != nil {
			return
		}
		if _, err := record.Image(image).Values(nil, len(def.Columns)); err != nil {
			t.Errorf("%q gave an image that does not decode: %v", line, err)
		}
	})
}
