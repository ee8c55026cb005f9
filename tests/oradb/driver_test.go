package oradb

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	_ "github.com/sijms/go-ora/v2"
)

// served is a database that a driver has logged in to as APP.
func served(t *testing.T, o Options) (*Server, *sql.DB) {
	t.Helper()
	if o.Users == nil {
		o.Users = map[string]string{"APP": "app", "OTHER": "other"}
	}
	s, err := Start(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, login(t, s, "APP", "app")
}

func login(t *testing.T, s *Server, user, password string) *sql.DB {
	t.Helper()
	u := url.URL{Scheme: "oracle", User: url.UserPassword(user, password), Host: s.Addr(), Path: "/ORCL"}
	db, err := sql.Open("oracle", u.String()+"?TIMEOUT=20")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestDriverReadsAndWritesEveryType(t *testing.T) {
	server, db := served(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	exec := func(q string, args ...any) int64 {
		t.Helper()
		r, err := db.ExecContext(ctx, q, args...)
		if err != nil {
			t.Fatalf("%v\nin: %s", err, q)
		}
		n, err := r.RowsAffected()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec(`CREATE TABLE v (id NUMBER(10) PRIMARY KEY, n NUMBER, m NUMBER(10,2), s VARCHAR2(50), c CHAR(4),
		u NVARCHAR2(50), r RAW(40), d DATE, t TIMESTAMP(6), z TIMESTAMP(6) WITH TIME ZONE, bf BINARY_FLOAT,
		bd BINARY_DOUBLE, cl CLOB, bl BLOB)`)
	at := time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC)
	for i := range 3 {
		n := exec(`INSERT INTO v (id, n, m, s, c, u, r, d, t, z, bf, bd, cl, bl) VALUES (:1, :2, :3, :4, :5, :6,
			:7, :8, :9, :10, :11, :12, :13, :14)`, i, "12345678901234567890.5", 1.25, "it's é", "ab", "ü€", []byte{0, 255},
			at, at, at, 1.5, 2.5, strings.Repeat("é", 10), bytes.Repeat([]byte{7}, 100))
		if n != 1 {
			t.Error(n, "rows inserted")
		}
	}
	rows, err := db.QueryContext(ctx, "SELECT n, m, s, c, u, r, d, t, z, bf, bd, cl, bl FROM v WHERE id >= :1 ORDER BY id", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	count := 0
	for rows.Next() {
		var n, m, s, c, u, cl string
		var r, bl []byte
		var d, ts, z time.Time
		var bf, bd float64
		if err := rows.Scan(&n, &m, &s, &c, &u, &r, &d, &ts, &z, &bf, &bd, &cl, &bl); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(n, " ", m, " ", s, " ", c, "|", u, " ", r, " ", d.UTC().Format(time.RFC3339Nano), " ",
			ts.Format("15:04:05.999999999"), " ", z.UTC().Format(time.RFC3339Nano), " ", bf, " ", bd, " ", cl, " ", len(bl))
		want := "12345678901234567890.5 1.25 it's é ab  |ü€ [0 255] 2024-02-29T12:34:56Z 12:34:56.789012 " +
			"2024-02-29T12:34:56.789012Z 1.5 2.5 éééééééééé 100"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		count++
	}
	if err := rows.Err(); err != nil || count != 2 {
		t.Error(count, err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO v (id) VALUES (:1)", 1); err == nil ||
		!strings.Contains(err.Error(), "ORA-00001") {
		t.Error("a second row with the key gives", err)
	}
	if err := login(t, server, "APP", "wrong").PingContext(ctx); err == nil ||
		!strings.Contains(err.Error(), "ORA-01017") {
		t.Error("a wrong password gives", err)
	}
}

func TestDriverWritesLongValues(t *testing.T) {
	_, db := served(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, "CREATE TABLE l (id NUMBER(5) PRIMARY KEY, c CLOB, b BLOB)"); err != nil {
		t.Fatal(err)
	}
	for id, size := range []int{3000, 32000, 100000} {
		c, b := strings.Repeat("ab€", size/3), bytes.Repeat([]byte{1, 2}, size/2)
		if _, err := db.ExecContext(ctx, "INSERT INTO l VALUES (:1, :2, :3)", id, c, b); err != nil {
			t.Fatalf("%d octets: %v", size, err)
		}
		var gotC string
		var gotB []byte
		err := db.QueryRowContext(ctx, "SELECT c, b FROM l WHERE id = :1", id).Scan(&gotC, &gotB)
		if err != nil || gotC != c || !bytes.Equal(gotB, b) {
			t.Errorf("%d octets come back as %d and %d: %v", size, len(gotC), len(gotB), err)
		}
	}
}

func TestDriverMinesRedo(t *testing.T) {
	s, db := served(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	must(t, s.DB, "APP", "CREATE TABLE t (k NUMBER(5) PRIMARY KEY, v VARCHAR2(20))")
	from := s.SCN()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := []int{1, 2, 3, 4}
	values := []string{"a", "b", "c", "d"}
	if _, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (:1, :2)", keys, values); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	system := login(t, s, "SYSTEM", "manager")
	conn, err := system.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var member string
	var scn int64
	err = conn.QueryRowContext(ctx, "SELECT f.member, d.current_scn FROM v$log l JOIN v$logfile f ON f.group# = l.group#, "+
		"v$database d WHERE l.status = 'CURRENT'").Scan(&member, &scn)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []struct {
		sql  string
		args []any
	}{
		{"BEGIN DBMS_LOGMNR.ADD_LOGFILE(LOGFILENAME => :1, OPTIONS => DBMS_LOGMNR.NEW); END;", []any{member}},
		{fmt.Sprintf("BEGIN DBMS_LOGMNR.START_LOGMNR(STARTSCN => %d, ENDSCN => %d, OPTIONS => "+
			"DBMS_LOGMNR.NO_ROWID_IN_STMT + DBMS_LOGMNR.DICT_FROM_ONLINE_CATALOG); END;", from, scn), nil},
	} {
		if _, err := conn.ExecContext(ctx, block.sql, block.args...); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.QueryContext(ctx, "SELECT scn, operation_code, xid, csf, rs_id, row_id, username, sql_redo "+
		"FROM v$logmnr_contents WHERE scn > :1 AND scn <= :2", int64(from), scn)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var at, code, csf int64
		var xid []byte
		var place, rid, user, redo string
		if err := rows.Scan(&at, &code, &xid, &csf, &place, &rid, &user, &redo); err != nil {
			t.Fatal(err)
		}
		if len(xid) != 8 || len(rid) != 18 || user != "APP" {
			t.Error(xid, rid, user)
		}
		got = append(got, redo)
	}
	want := []string{"set transaction read write;", `insert into "APP"."T"("K","V") values ('1','a');`,
		`insert into "APP"."T"("K","V") values ('2','b');`, `insert into "APP"."T"("K","V") values ('3','c');`,
		`insert into "APP"."T"("K","V") values ('4','d');`, "commit;"}
	if err := rows.Err(); err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
}
