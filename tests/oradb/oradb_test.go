package oradb

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ggsh/tests/tns"
)

// opened is a database with a user APP.
func opened(t *testing.T, o Options) *DB {
	t.Helper()
	if o.Users == nil {
		o.Users = map[string]string{"APP": "app", "OTHER": "other"}
	}
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t *testing.T, db *DB, user, script string) {
	t.Helper()
	if err := db.Exec(user, script); err != nil {
		t.Fatal(err)
	}
}

// rows prints the rows of a query, columns parted by |.
func rows(t *testing.T, db *DB, user, query string) []string {
	t.Helper()
	all, err := db.Query(user, query)
	if err != nil {
		t.Fatalf("%v\nin: %s", err, query)
	}
	var out []string
	for _, row := range all {
		var parts []string
		for _, v := range row {
			parts = append(parts, show(v))
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return out
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		s := v.Format("2006-01-02 15:04:05.999999999")
		if v.Location() != time.UTC {
			s += v.Format(" -07:00")
		}
		return s
	case []byte:
		return fmt.Sprintf("%x", v)
	}
	return fmt.Sprint(v)
}

func gives(t *testing.T, db *DB, query string, want ...string) {
	t.Helper()
	got := rows(t, db, "APP", query)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\ngives\n%s\nwant\n%s", query, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// fails checks that a statement ends with an error of a number.
func fails(t *testing.T, db *DB, user, statement string, code int) {
	t.Helper()
	err := db.Exec(user, statement)
	if err == nil {
		t.Errorf("%s\nshould end in ORA-%05d", statement, code)
		return
	}
	if !strings.Contains(err.Error(), fmt.Sprintf("ORA-%05d", code)) {
		t.Errorf("%s\ngives %v\nwant ORA-%05d", statement, err, code)
	}
}

func TestExpressionsAreOracles(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	db := opened(t, Options{Now: func() time.Time { return at }})
	for _, c := range [][2]string{
		{"SELECT 1 + 2 FROM dual", "3"},
		{"SELECT '' FROM dual", "NULL"},
		{"SELECT NVL('', 'x') FROM dual", "x"},
		{"SELECT DECODE(2, 1, 'a', 2, 'b', 'c') FROM dual", "b"},
		{"SELECT DECODE(NULL, NULL, 'a', 'b') FROM dual", "a"},
		{"SELECT CASE WHEN 1 = 2 THEN 'a' ELSE 'b' END x FROM dual", "b"},
		{"SELECT USER FROM dual", "APP"},
		{"SELECT 'a' || NULL || 1.5 || UPPER('b') || '' x FROM dual WHERE 'a' || 'b' = 'ab'", "a1.5B"},
		{"SELECT SYS_CONTEXT('USERENV', 'DB_NAME') FROM dual", "ORCL"},
		{"SELECT TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') FROM dual", "2026-03-04 05:06:07"},
		{"SELECT SYSTIMESTAMP FROM dual", "2026-03-04 05:06:07.000008 +00:00"},
		{"SELECT SYSDATE - 1 FROM dual", "2026-03-03 05:06:07"},
		{"SELECT SYSDATE + INTERVAL '2' HOUR FROM dual", "2026-03-04 07:06:07"},
		{"SELECT TRUNC(SYSDATE) FROM dual", "2026-03-04 00:00:00"},
		{"SELECT TO_DATE('31.12.1999 23:59', 'DD.MM.YYYY HH24:MI') FROM dual", "1999-12-31 23:59:00"},
		{"SELECT TO_DATE('01-JAN-99') FROM dual", "1999-01-01 00:00:00"},
		{"SELECT TO_TIMESTAMP_TZ('2020-01-02 03:04:05.5 +02:00', 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM') FROM dual",
			"2020-01-02 03:04:05.5 +02:00"},
		{"SELECT DATE '2020-02-29' FROM dual", "2020-02-29 00:00:00"},
		{"SELECT HEXTORAW('CAFE') FROM dual", "cafe"},
		{"SELECT RAWTOHEX(UTL_RAW.CAST_TO_RAW('AB')) FROM dual", "4142"},
		{"SELECT CAST('12' AS NUMBER(5)) + 1 FROM dual", "13"},
		{"SELECT EXTRACT(YEAR FROM SYSDATE) FROM dual", "2026"},
		{"SELECT SUBSTR('abcdef', -3, 2) FROM dual", "de"},
		{"SELECT LPAD('7', 3, '0') FROM dual", "007"},
		{"SELECT TO_CHAR(1234.5, 'FM9999.00') FROM dual", "1234.50"},
		{"SELECT UNISTR('\\00e9\\\\') FROM dual", "é\\"},
		{"SELECT q'[it's]' FROM dual", "it's"},
		{"SELECT /*+ hint */ 'a' || 'b' FROM dual -- rest", "ab"},
		{"SELECT DBMS_ROWID.ROWID_BLOCK_NUMBER(DBMS_ROWID.ROWID_CREATE(1, 73001, 4, 130, 2)) FROM dual", "130"},
		{"SELECT * FROM (SELECT 1 a FROM dual UNION ALL SELECT 2 FROM dual) WHERE ROWNUM <= 1", "1"},
		{"WITH q AS (SELECT 5 n FROM dual) SELECT n FROM q", "5"},
		{"SELECT MAX(LEVEL), COUNT(*) FROM dual CONNECT BY LEVEL <= 100", "100|100"},
		{"SELECT TO_CHAR(FROM_TZ(TO_TIMESTAMP('2020-01-01 00:00:00', 'YYYY-MM-DD HH24:MI:SS'), 'UTC') AT TIME ZONE '+02:00', 'HH24 TZH') FROM dual",
			"02 +02"},
		{"SELECT LISTAGG(n, ',') WITHIN GROUP (ORDER BY n DESC) FROM (SELECT 1 n FROM dual UNION SELECT 2 FROM dual)",
			"2,1"},
	} {
		gives(t, db, c[0], c[1])
	}
}

func TestTypesKeepWhatTheyShould(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", `CREATE TABLE v (id NUMBER(10) PRIMARY KEY, n NUMBER, m NUMBER(10,2), f FLOAT,
		s VARCHAR2(5), c CHAR(4), u NVARCHAR2(5), r RAW(4), d DATE, t TIMESTAMP(3), z TIMESTAMP WITH TIME ZONE,
		l TIMESTAMP WITH LOCAL TIME ZONE, y INTERVAL YEAR TO MONTH, i INTERVAL DAY TO SECOND,
		bf BINARY_FLOAT, bd BINARY_DOUBLE, cl CLOB, bl BLOB);
		INSERT INTO v VALUES (1, 12345678901234567890123456789.125, 1.005, 1.5, 'abc', 'x', 'é', '0aff',
		DATE '2020-01-02', TIMESTAMP '2020-01-02 03:04:05.6789', TIMESTAMP '2020-01-02 03:04:05 +02:00',
		TIMESTAMP '2020-01-02 03:04:05', INTERVAL '3-7' YEAR TO MONTH, INTERVAL '1 2:3:4.5' DAY TO SECOND,
		1.5, 2.5e10, 'text', HEXTORAW('00')); COMMIT`)
	gives(t, db, "SELECT n, m, f, s, c, u, r, d, t, z, l, y, i, bf, bd, cl, bl FROM v",
		"12345678901234567890123456789.125|1.01|1.5|abc|x   |é|0aff|2020-01-02 00:00:00|"+
			"2020-01-02 03:04:05.679|2020-01-02 03:04:05 +02:00|2020-01-02 03:04:05|{43 0s}|"+
			"{0 26h3m4.5s}|1.5|2.5e+10|text|00")
	gives(t, db, "SELECT id FROM v WHERE c = 'x' AND n = 12345678901234567890123456789.125 AND m = '1.01'", "1")
	for statement, code := range map[string]int{
		"INSERT INTO v (id, s) VALUES (2, 'abcdef')":     12899,
		"INSERT INTO v (id, m) VALUES (2, 123456789)":    1438,
		"INSERT INTO v (id) VALUES (NULL)":               1400,
		"INSERT INTO v (id) VALUES (1)":                  1,
		"INSERT INTO v (id, n) VALUES (2, 'x')":          1722,
		"INSERT INTO v (id, nope) VALUES (2, 'x')":       904,
		"INSERT INTO nope (id) VALUES (2)":               942,
		"INSERT INTO v (id, n) VALUES (2)":               947,
		"INSERT INTO v (id) VALUES (2, 3)":               913,
		"UPDATE v SET id = NULL":                         1407,
		"SELECT nope FROM v":                             904,
		"SELECT v.nope FROM v":                           904,
		"SELECT 1 FROM nope":                             942,
		"SELECT NOPE(1) FROM v":                          904,
		"SELECT 1 FROM v WHERE":                          936,
		"BEGIN nope.nope(1); END;":                       6550,
		"INSERT INTO v (id, d) VALUES (2, '31-FEB-20')":  1847,
		"INSERT INTO v (id, d) VALUES (2, TO_DATE('1'))": 1840,
		"FOO":              900,
		"ROLLBACK TO nope": 1086,
	} {
		fails(t, db, "APP", statement, code)
	}
	gives(t, db, "SELECT COUNT(*) FROM v", "1")
}

func TestReadersSeeCommittedRowsOnly(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER PRIMARY KEY, v VARCHAR2(10)); "+
		"INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b'); COMMIT")
	before := db.SCN()
	must(t, db, "APP", "UPDATE t SET v = 'A' WHERE k = 1; DELETE FROM t WHERE k = 2; INSERT INTO t VALUES (3, 'c')")
	theirs := func(query string) string { return strings.Join(rows(t, db, "OTHER", query), " ") }
	all := "SELECT k, v FROM app.t ORDER BY k"
	if got := theirs(all); got != "1|a 2|b" {
		t.Error("another session sees", got)
	}
	gives(t, db, "SELECT k, v FROM t ORDER BY k", "1|A", "3|c")
	must(t, db, "APP", "SAVEPOINT s; UPDATE t SET v = 'x'; ROLLBACK TO SAVEPOINT s")
	gives(t, db, "SELECT k, v FROM t ORDER BY k", "1|A", "3|c")
	if got := theirs(fmt.Sprintf("SELECT k, v FROM app.t AS OF SCN %d x ORDER BY x.k", before)); got != "1|a 2|b" {
		t.Error("AS OF SCN while a writer is open:", got)
	}
	must(t, db, "APP", "COMMIT")
	if got := theirs(all); got != "1|A 3|c" {
		t.Error("after the commit another session sees", got)
	}
	if got := theirs(fmt.Sprintf("SELECT k, v FROM app.t AS OF SCN (%d) ORDER BY k", before)); got != "1|a 2|b" {
		t.Error("AS OF SCN after the commit:", got)
	}
	must(t, db, "APP", "DELETE FROM t; ROLLBACK")
	gives(t, db, "SELECT COUNT(*) FROM t", "2")
	must(t, db, "APP", "SAVEPOINT empty; DELETE FROM t; ROLLBACK TO empty; COMMIT")
	gives(t, db, "SELECT COUNT(*) FROM t", "2")
	must(t, db, "APP", "INSERT INTO t SELECT LEVEL + 10, 'n' || LEVEL FROM dual CONNECT BY LEVEL <= 5; COMMIT")
	gives(t, db, "SELECT v FROM t WHERE k > 14", "n5")
	must(t, db, "APP", "SET TRANSACTION READ ONLY")
	if err := db.Exec("OTHER", "DELETE FROM app.t; COMMIT"); err != nil {
		t.Fatal(err)
	}
	gives(t, db, "SELECT COUNT(*) FROM t", "7")
	must(t, db, "APP", "COMMIT")
	gives(t, db, "SELECT COUNT(*) FROM t", "0")
}

func TestABreakEndsAQuery(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER); INSERT INTO t VALUES (1); COMMIT")
	s, err := db.Login(tns.Login{User: "APP"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Execute(ctx, tns.Call{SQL: "SELECT COUNT(*) FROM dual CONNECT BY LEVEL <= 2000000000"})
	if e := oracleError(err); e == nil || e.Code != 1013 {
		t.Error("the query ends in", err)
	}
	gives(t, db, "SELECT k FROM t", "1")
}

func TestOldSnapshotsAreTooOld(t *testing.T) {
	db := opened(t, Options{Undo: 5})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER)")
	scn := db.SCN()
	query := fmt.Sprintf("SELECT * FROM t AS OF SCN %d", scn)
	must(t, db, "APP", query)
	for range 3 {
		must(t, db, "APP", "INSERT INTO t VALUES (1); COMMIT")
	}
	fails(t, db, "APP", query, 1555)
	fails(t, db, "APP", "SELECT * FROM t AS OF SCN 99999999", 8181)
}

func TestRowLocksAreWaitedFor(t *testing.T) {
	db := opened(t, Options{LockWait: 50 * time.Millisecond})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER PRIMARY KEY, v NUMBER); INSERT INTO t VALUES (1, 1); COMMIT")
	must(t, db, "APP", "UPDATE t SET v = 2")
	fails(t, db, "OTHER", "UPDATE app.t SET v = 3", 60)
	must(t, db, "APP", "INSERT INTO t VALUES (2, 2)")
	fails(t, db, "OTHER", "INSERT INTO app.t VALUES (2, 3)", 60)
	fails(t, db, "OTHER", "ALTER TABLE app.t ADD x NUMBER", 54)
	db.options.LockWait = 10 * time.Second
	done := make(chan error, 1)
	go func() { done <- db.Exec("OTHER", "UPDATE app.t SET v = v + 10; COMMIT") }()
	waitFor(t, func() bool { db.mu.Lock(); defer db.mu.Unlock(); return db.waiting > 0 })
	must(t, db, "APP", "COMMIT")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	gives(t, db, "SELECT v FROM t ORDER BY k", "12", "12")
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal("waited too long")
		}
	}
}

// call runs a statement with binds in a session of its own.
func call(t *testing.T, s tns.Session, sql string, binds ...any) *tns.Result {
	t.Helper()
	r, err := s.Execute(context.Background(), tns.Call{SQL: sql, Binds: [][]tns.Bind{bound(binds)}})
	if err != nil {
		t.Fatalf("%v\nin: %s", err, sql)
	}
	return r
}

func bound(values []any) []tns.Bind {
	var list []tns.Bind
	for i, v := range values {
		b := tns.Bind{Name: fmt.Sprint(i + 1), Type: tns.Varchar2, Value: v}
		switch v := v.(type) {
		case int:
			b.Type, b.Value = tns.Number, fmt.Sprint(v)
		case []byte:
			b.Type = tns.Raw
		case time.Time:
			b.Type = tns.Timestamp
		case tns.Bind:
			b = v
		}
		list = append(list, b)
	}
	return list
}

func TestBindsMergeReturningAndBlocks(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", `CREATE TABLE t (k NUMBER(9) PRIMARY KEY, v VARCHAR2(20), b BLOB, c CLOB)`)
	s, err := db.Login(tns.Login{User: "app"})
	if err != nil {
		t.Fatal(err)
	}
	array := [][]tns.Bind{bound([]any{1, "a"}), bound([]any{2, ""}), bound([]any{3, "c"})}
	r, err := s.Execute(context.Background(), tns.Call{SQL: "INSERT INTO t (k, v) VALUES (:1, :2)", Binds: array})
	if err != nil || r.Affected != 3 {
		t.Fatal(r, err)
	}
	merge := `MERGE INTO t USING (SELECT :1 k, :2 v FROM dual) s ON (t.k = s.k)
		WHEN MATCHED THEN UPDATE SET t.v = s.v WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)`
	call(t, s, merge, 2, "merged")
	call(t, s, merge, 4, "new")
	r = call(t, s, "UPDATE t SET v = :1 WHERE k = :2 RETURNING k, v INTO :3, :4", "x", 3,
		tns.Bind{Name: "3", Type: tns.Number, Out: true}, tns.Bind{Name: "4", Type: tns.Varchar2, Out: true})
	if fmt.Sprint(r.Out) != "[[3 x]]" {
		t.Error("RETURNING gives", r.Out)
	}
	call(t, s, "UPDATE t SET b = EMPTY_BLOB(), c = EMPTY_CLOB() WHERE k = 1")
	for range 2 {
		call(t, s, `DECLARE l BLOB; BEGIN SELECT "B" INTO l FROM "APP"."T" WHERE "K" = :1 FOR UPDATE; `+
			`DECLARE p RAW(32767) := :2; BEGIN DBMS_LOB.WRITEAPPEND(l, UTL_RAW.LENGTH(p), p); END; END;`, 1, []byte{1, 2})
		call(t, s, `DECLARE l CLOB; BEGIN SELECT "C" INTO l FROM "APP"."T" WHERE "K" = :1 FOR UPDATE; `+
			`DBMS_LOB.APPEND(l, TO_CLOB(:2)); END;`, 1, "é'")
	}
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	gives(t, db, "SELECT k, v, b, c FROM t ORDER BY k", "1|a|01020102|é'é'", "2|merged|NULL|NULL", "3|x|NULL|NULL",
		"4|new|NULL|NULL")
	r = call(t, s, "BEGIN :1 := USER; END;", tns.Bind{Name: "1", Type: tns.Varchar2, Out: true})
	if fmt.Sprint(r.Out) != "[[APP]]" {
		t.Error("a block gives", r.Out)
	}
	call(t, s, "BEGIN EXECUTE IMMEDIATE 'ALTER SESSION SET NLS_DATE_FORMAT = ''YYYY-MM-DD'''; END;")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestKeysAndRules(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", `CREATE TABLE p (id NUMBER CONSTRAINT p_pk PRIMARY KEY, n VARCHAR2(5) UNIQUE, CHECK (id > 0));
		CREATE TABLE c (id NUMBER, p NUMBER CONSTRAINT c_fk REFERENCES p (id) ON DELETE CASCADE,
		q NUMBER, CONSTRAINT c_q FOREIGN KEY (q) REFERENCES p DEFERRABLE);
		INSERT INTO p VALUES (1, 'a'); INSERT INTO p VALUES (2, 'b'); INSERT INTO c VALUES (1, 1, NULL); COMMIT`)
	fails(t, db, "APP", "INSERT INTO p VALUES (1, 'x')", 1)
	fails(t, db, "APP", "INSERT INTO p VALUES (3, 'a')", 1)
	fails(t, db, "APP", "INSERT INTO p VALUES (-1, 'z')", 2290)
	fails(t, db, "APP", "INSERT INTO c VALUES (2, 9, NULL)", 2291)
	must(t, db, "APP", "UPDATE p SET id = id + 1 WHERE id = 2")
	fails(t, db, "APP", "UPDATE p SET id = 7 WHERE id = 1", 2292)
	must(t, db, "APP", "SET CONSTRAINTS ALL DEFERRED; INSERT INTO c VALUES (3, NULL, 50); INSERT INTO p VALUES (50, 'f'); COMMIT")
	must(t, db, "APP", "SET CONSTRAINTS ALL DEFERRED; INSERT INTO c VALUES (4, NULL, 60)")
	fails(t, db, "APP", "COMMIT", 2091)
	fails(t, db, "APP", "DELETE FROM p WHERE id = 50", 2292)
	must(t, db, "APP", "DELETE FROM p WHERE id = 1; COMMIT")
	gives(t, db, "SELECT id FROM c", "3")
}
