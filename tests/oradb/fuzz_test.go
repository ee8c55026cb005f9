package oradb

import (
	"context"
	"errors"
	"testing"
	"time"

	"ggsh/tests/tns"
)

// FuzzStatements: whatever a client sends ends in rows or an Oracle error.
func FuzzStatements(f *testing.F) {
	for _, s := range []string{
		"SELECT a.*, COUNT(*) OVER (PARTITION BY k ORDER BY v NULLS LAST) x FROM t a WHERE ROWNUM < :1",
		"SELECT k FROM t AS OF SCN (:1) UNION SELECT 2 FROM dual ORDER BY 1 FETCH FIRST 2 ROWS ONLY",
		"WITH q (a) AS (SELECT 1 FROM dual) SELECT CAST(a AS VARCHAR2(5)), EXTRACT(DAY FROM SYSDATE - 1) FROM q",
		"MERGE INTO t USING (SELECT :1 k FROM dual) s ON (t.k = s.k) WHEN MATCHED THEN UPDATE SET v = 'x' " +
			"WHEN NOT MATCHED THEN INSERT (k) VALUES (s.k)",
		"UPDATE t SET v = DEFAULT, k = k + 1 WHERE k IN (SELECT 1 FROM dual) RETURNING k INTO :o",
		"INSERT INTO t (k, v) SELECT LEVEL, q'[a]' FROM dual CONNECT BY LEVEL <= 3",
		"CREATE TABLE u (k NUMBER(*,2) DEFAULT 1 NOT NULL, v INTERVAL DAY(3) TO SECOND(2), CHECK (k > 0))",
		"ALTER TABLE t ADD SUPPLEMENTAL LOG GROUP g (k NO LOG, v) ALWAYS",
		"DECLARE l CLOB := 'a'; BEGIN SELECT v INTO l FROM t WHERE k = 1; :1 := l; END;",
		"BEGIN DBMS_LOGMNR.START_LOGMNR(1, ENDSCN => 2, OPTIONS => 16 + DBMS_LOGMNR.NEW); END;",
		"GRANT SELECT, UPDATE ON t TO other", "SELECT N'a' || :1 || INTERVAL '1 2' DAY TO HOUR FROM v$database",
	} {
		f.Add(s)
	}
	db, err := Open(Options{Users: map[string]string{"APP": "app", "OTHER": "x"}, LockWait: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, statement string) {
		if len(statement) > 300 {
			return
		}
		if db.Exec("APP", "SELECT k, v FROM t") != nil {
			if err := db.Exec("APP", "DROP TABLE t"); err != nil && oracleError(errors.Unwrap(err)) == nil {
				t.Fatal(err)
			}
			must(t, db, "APP", "CREATE TABLE t (k NUMBER(9) PRIMARY KEY, v VARCHAR2(10)); INSERT INTO t VALUES (1, 'a'); COMMIT")
		}
		s, err := db.Login(tns.Login{User: "APP"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err = s.Execute(ctx, tns.Call{SQL: statement, Binds: [][]tns.Bind{bound([]any{1, "x", "y"})}})
		if err != nil && oracleError(err) == nil {
			t.Errorf("%q gives no Oracle error: %v", statement, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
