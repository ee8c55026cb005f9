package oradb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ggsh/tests/tns"
)

// mine starts LogMiner in a session over all logs and gives the rows of a query.
func mine(t *testing.T, db *DB, options, query string) [][]any {
	t.Helper()
	s, err := db.Login(tns.Login{User: "SYSTEM"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	option := "DBMS_LOGMNR.NEW"
	names := call(t, s, "SELECT name FROM v$archived_log WHERE archived = 'YES' AND status = 'A' UNION ALL "+
		"SELECT f.member FROM v$log l JOIN v$logfile f ON f.group# = l.group# WHERE l.status = 'CURRENT'")
	for _, row := range names.Rows.(*heldRows).rows {
		call(t, s, "BEGIN SYS.DBMS_LOGMNR.ADD_LOGFILE(LOGFILENAME => :f, OPTIONS => "+option+"); END;",
			tns.Bind{Name: "F", Type: tns.Varchar2, Value: row[0]})
		option = "DBMS_LOGMNR.ADDFILE"
	}
	call(t, s, fmt.Sprintf("BEGIN DBMS_LOGMNR.START_LOGMNR(STARTSCN => :1, ENDSCN => :2, OPTIONS => "+
		"DBMS_LOGMNR.NO_ROWID_IN_STMT%s); END;", options), int(db.options.StartSCN), int(db.SCN()))
	return call(t, s, query).Rows.(*heldRows).rows
}

// replay gives the statements of committed transactions, in the order of their commits.
func replay(t *testing.T, contents [][]any) []string {
	t.Helper()
	type change struct{ code, rid, redo string }
	running := map[string][]change{}
	var done []string
	opposite := map[string]string{"1": "2", "2": "1", "3": "3"}
	for _, row := range contents {
		xid, code, rid, undo := show(row[0]), show(row[1]), show(row[2]), show(row[3])
		list := running[xid]
		switch {
		case code == "7":
			for _, c := range list {
				done = append(done, strings.TrimSuffix(c.redo, ";"))
			}
			delete(running, xid)
			continue
		case code == "36":
			delete(running, xid)
			continue
		case opposite[code] == "":
			continue
		case undo == "0":
			running[xid] = append(list, change{code, rid, show(row[4])})
			continue
		}
		at := -1
		for i, c := range list {
			if c.rid == rid && c.code == opposite[code] {
				at = i
			}
		}
		if at < 0 {
			t.Fatalf("nothing to undo for %s %s in %s", code, rid, xid)
		}
		running[xid] = slices.Delete(list, at, at+1)
	}
	return done
}

// workload lets several sessions change rows at random.
func workload(t *testing.T, db *DB, r *rand.Rand, steps int) {
	t.Helper()
	var sessions []tns.Session
	for range 4 {
		s, err := db.Login(tns.Login{User: "APP"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		sessions = append(sessions, s)
	}
	run := func(s tns.Session, sql string, binds ...any) {
		_, err := s.Execute(t.Context(), tns.Call{SQL: sql, Binds: [][]tns.Bind{bound(binds)}})
		if err != nil && !strings.Contains(err.Error(), "ORA-00060") &&
			!strings.Contains(err.Error(), "ORA-00001") && !strings.Contains(err.Error(), "ORA-01086") {
			t.Fatal(err)
		}
	}
	for n := range steps {
		s := sessions[r.IntN(len(sessions))]
		k, v := r.IntN(12), fmt.Sprintf("it's \"%d\" é", n)
		switch r.IntN(12) {
		case 0, 1, 2:
			run(s, "INSERT INTO t (k, v, n, d, c) VALUES (:1, :2, :3 / 8, SYSDATE, :4)", k, v, n, v+v)
		case 3, 4:
			run(s, "UPDATE t SET v = :1, n = n + 1 WHERE k IN (:2, :3)", v, k, r.IntN(12))
		case 5:
			run(s, "UPDATE t SET k = k + 100, d = NULL WHERE k = :1", k)
		case 6:
			run(s, "DELETE FROM t WHERE k IN (:1, :2)", k, k+100)
		case 7:
			run(s, "SAVEPOINT a")
		case 8:
			run(s, "ROLLBACK TO SAVEPOINT a")
		case 9, 10:
			run(s, "COMMIT")
		default:
			run(s, "ROLLBACK")
		}
		if r.IntN(50) == 0 {
			db.SwitchLog()
		}
	}
}

func TestTablesAreWhatCommittedRedoMakes(t *testing.T) {
	const table = "CREATE TABLE app.t (k NUMBER(9) PRIMARY KEY, v VARCHAR2(40), n NUMBER, d DATE, c CLOB)"
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		source := opened(t, Options{LockWait: 1, Threads: 1 + int(seed)%2})
		must(t, source, "APP", table+"; ALTER TABLE t ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
		workload(t, source, r, 400)
		contents := mine(t, source, " + DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG",
			"SELECT xid, operation_code, row_id, rollback, sql_redo FROM v$logmnr_contents "+
				"WHERE operation_code IN (6, 7, 36) OR seg_owner = 'APP' AND operation_code IN (1, 2, 3)")
		target := opened(t, Options{})
		must(t, target, "APP", table+"; ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF'")
		statements := replay(t, contents)
		if len(statements) < 50 {
			t.Fatalf("seed %d: only %d changes were committed", seed, len(statements))
		}
		for _, s := range statements {
			if n, err := target.ExecCount("APP", s); err != nil || n != 1 {
				t.Fatalf("seed %d: %d rows by %s: %v", seed, n, s, err)
			}
		}
		want := rows(t, source, "APP", "SELECT * FROM t ORDER BY k")
		got := rows(t, target, "APP", "SELECT * FROM t ORDER BY k")
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: redo gives\n%s\nthe table has\n%s", seed, strings.Join(got, "\n"),
				strings.Join(want, "\n"))
		}
	}
}

func TestSupplementalLoggingDecidesTheWhereList(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER(9) PRIMARY KEY, a VARCHAR2(9), b VARCHAR2(9), x NUMBER(5)); "+
		"INSERT INTO t VALUES (1, 'a', 'b', 5)")
	for _, c := range [][2]string{
		{"", `where "A" = 'a';`},
		{"ALTER TABLE t ADD SUPPLEMENTAL LOG DATA (PRIMARY KEY) COLUMNS", `where "K" = '1' and "A" = 'a';`},
		{"ALTER TABLE t ADD SUPPLEMENTAL LOG GROUP g (b) ALWAYS", `where "K" = '1' and "A" = 'a' and "B" = 'b';`},
		{"ALTER TABLE t ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS",
			`where "K" = '1' and "A" = 'a' and "B" = 'b' and "X" = '5';`},
		{"ALTER TABLE t DROP SUPPLEMENTAL LOG DATA (ALL) COLUMNS; ALTER TABLE t DROP SUPPLEMENTAL LOG GROUP g",
			`where "K" = '1' and "A" = 'a';`},
	} {
		must(t, db, "APP", c[0]+"; UPDATE t SET a = 'c'; COMMIT")
		all := mine(t, db, "+ DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG",
			"SELECT sql_redo FROM v$logmnr_contents WHERE operation = 'UPDATE'")
		redo := show(all[len(all)-1][0])
		if !strings.HasSuffix(redo, c[1]) {
			t.Errorf("after %q: %s", c[0], redo)
		}
		must(t, db, "APP", "UPDATE t SET a = 'a'; COMMIT")
	}
	gives(t, db, "SELECT log_group_type, always FROM user_log_groups", "PRIMARY KEY LOGGING|ALWAYS")
}

func TestDefinitionsMakeNewVersions(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER(9) PRIMARY KEY, a VARCHAR2(5)); INSERT INTO t VALUES (1, 'a')")
	scn := db.SCN()
	must(t, db, "APP", `ALTER TABLE t ADD (b NUMBER DEFAULT 7 NOT NULL); ALTER TABLE t MODIFY a VARCHAR2(20);
		UPDATE t SET a = 'longer than 5'; COMMIT`)
	gives(t, db, "SELECT * FROM t", "1|longer than 5|7")
	fails(t, db, "APP", fmt.Sprintf("SELECT * FROM t AS OF SCN %d", scn), 1466)
	raw := mine(t, db, "", "SELECT operation, status, seg_owner, sql_redo FROM v$logmnr_contents WHERE operation = 'INSERT'")
	if got := show(raw[0][3]); !strings.Contains(got, `insert into "UNKNOWN"."OBJ# `) ||
		!strings.Contains(got, "HEXTORAW('c102')") {
		t.Error("without a dictionary:", got)
	}
	named := mine(t, db, "+ DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG",
		"SELECT operation, status, info, sql_redo FROM v$logmnr_contents WHERE operation IN ('INSERT', 'UPDATE', 'DDL')")
	var got []string
	for _, row := range named {
		got = append(got, show(row[0])+" "+show(row[1]))
	}
	if s := strings.Join(got, ", "); s != "DDL 0, INSERT 2, DDL 0, DDL 0, UPDATE 0" {
		t.Error("with the catalog of now:", s)
	}
	must(t, db, "APP", "ALTER TABLE t DROP COLUMN a; TRUNCATE TABLE t; ALTER TABLE t RENAME COLUMN b TO c")
	gives(t, db, "SELECT column_name, data_type, nullable, column_id FROM user_tab_columns WHERE table_name = 'T' ORDER BY column_id",
		"K|NUMBER|N|1", "C|NUMBER|N|2")
	gives(t, db, "SELECT COUNT(*) FROM t", "0")
	must(t, db, "APP", "DROP TABLE t PURGE")
	fails(t, db, "APP", "SELECT * FROM t", 942)
}

func TestLogsAreSwitchedArchivedAndLost(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER); INSERT INTO t VALUES (1); COMMIT")
	s, err := db.Login(tns.Login{User: "SYSTEM"})
	if err != nil {
		t.Fatal(err)
	}
	online := rows(t, db, "APP", "SELECT f.member FROM v$log l, v$logfile f WHERE f.group# = l.group# AND l.status = 'CURRENT'")
	add := "BEGIN DBMS_LOGMNR.ADD_LOGFILE(:1, DBMS_LOGMNR.NEW); END;"
	call(t, s, add, online[0])
	for range groups {
		db.SwitchLog()
	}
	start := fmt.Sprintf("BEGIN DBMS_LOGMNR.START_LOGMNR(STARTSCN => %d, ENDSCN => %d); END;",
		db.options.StartSCN, db.options.StartSCN+3)
	wants := func(sql string, code int, binds ...any) {
		t.Helper()
		_, err := s.Execute(t.Context(), tns.Call{SQL: sql, Binds: [][]tns.Bind{bound(binds)}})
		if e := oracleError(err); e == nil || e.Code != code {
			t.Errorf("%s gives %v, want ORA-%05d", sql, err, code)
		}
	}
	wants("SELECT * FROM v$logmnr_contents", 1306)
	wants(start, 310)
	gives(t, db, "SELECT sequence#, status FROM v$log ORDER BY sequence#", "2|INACTIVE", "3|INACTIVE", "4|CURRENT")
	archived := rows(t, db, "APP", "SELECT name FROM v$archived_log ORDER BY sequence#")
	call(t, s, add, archived[0])
	call(t, s, start)
	wants("BEGIN DBMS_LOGMNR.ADD_LOGFILE(:1, DBMS_LOGMNR.ADDFILE); END;", 1289, archived[0])
	call(t, s, add, archived[1])
	wants(start, 1291)
	if !db.DropArchivedLog(1) {
		t.Error("there was an archived log 1")
	}
	wants(add, 1284, archived[0])
	gives(t, db, "SELECT sequence#, name, deleted FROM v$archived_log WHERE sequence# = 1", "1|NULL|YES")
	call(t, s, "BEGIN DBMS_LOGMNR.END_LOGMNR; END;")
	wants("BEGIN DBMS_LOGMNR.END_LOGMNR; END;", 1307)
}

func TestUsersHaveWhatTheyWereGranted(t *testing.T) {
	db := opened(t, Options{Limited: []string{"OTHER"}})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER); INSERT INTO t VALUES (1); COMMIT")
	if _, err := db.Login(tns.Login{User: "OTHER"}); err == nil {
		t.Error("a user without CREATE SESSION logs in")
	}
	must(t, db, "SYSTEM", "GRANT CREATE SESSION TO other")
	fails(t, db, "OTHER", "SELECT * FROM app.t", 942)
	fails(t, db, "OTHER", "SELECT * FROM v$database", 942)
	must(t, db, "SYSTEM", "GRANT SELECT ON app.t TO other; GRANT SELECT ON v_$database TO other")
	if err := db.Exec("OTHER", "SELECT * FROM app.t; SELECT current_scn FROM v$database"); err != nil {
		t.Error(err)
	}
	fails(t, db, "OTHER", "DELETE FROM app.t", 1031)
	fails(t, db, "OTHER", "ALTER TABLE app.t ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS", 1031)
	fails(t, db, "OTHER", "CREATE TABLE x (k NUMBER)", 1031)
	fails(t, db, "OTHER", "BEGIN DBMS_LOGMNR.START_LOGMNR(STARTSCN => 1); END;", 1031)
	if got := rows(t, db, "OTHER", "SELECT privilege FROM session_privs"); len(got) != 1 {
		t.Error("SESSION_PRIVS has", got)
	}
}

func TestRowIDsAreStableAndInTheirExtents(t *testing.T) {
	db := opened(t, Options{})
	must(t, db, "APP", "CREATE TABLE t (k NUMBER PRIMARY KEY, v NUMBER)")
	for k := range 300 {
		must(t, db, "APP", fmt.Sprintf("INSERT INTO t VALUES (%d, 0)", k))
	}
	must(t, db, "APP", "COMMIT")
	before := rows(t, db, "APP", "SELECT ROWID, k FROM t ORDER BY ROWID")
	must(t, db, "APP", "UPDATE t SET v = 1; COMMIT")
	after := rows(t, db, "APP", "SELECT t.ROWID, t.k FROM t ORDER BY t.ROWID")
	if !slices.Equal(before, after) || !strings.HasSuffix(before[299], "|299") {
		t.Error("places of rows changed with an update, or do not sort as they were given")
	}
	total := 0
	ranges := rows(t, db, "APP", `SELECT DBMS_ROWID.ROWID_CREATE(1, o.data_object_id, e.relative_fno, e.block_id, 0),
		DBMS_ROWID.ROWID_CREATE(1, o.data_object_id, e.relative_fno, e.block_id + e.blocks - 1, 32767)
		FROM dba_extents e JOIN dba_objects o ON o.owner = e.owner AND o.object_name = e.segment_name
		WHERE e.owner = 'APP' AND e.segment_name = 'T'`)
	for _, r := range ranges {
		lo, hi, _ := strings.Cut(r, "|")
		total += len(rows(t, db, "APP", fmt.Sprintf(
			"SELECT k FROM t AS OF SCN %d WHERE ROWID BETWEEN '%s' AND '%s'", db.SCN(), lo, hi)))
	}
	if total != 300 || len(ranges) < 2 {
		t.Errorf("%d ranges hold %d rows", len(ranges), total)
	}
}
