package oracleclient_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"ggsh/oracleclient"
	"ggsh/tests/tns"
)

const password = "Sup3r secret/@:"

// stub is a server, its faults and what its clients asked.
type stub struct {
	*tns.Server
	*tns.Script
	faults *tns.Faults
}

func start(t *testing.T, answer func(context.Context, tns.Call) (*tns.Result, error)) *stub {
	t.Helper()
	s := &stub{Script: &tns.Script{Answer: answer}, faults: &tns.Faults{}}
	var err error
	s.Server, err = tns.Start(tns.Config{Backend: s.Script, Faults: s.faults,
		Users: map[string]string{"GGADMIN": password}, Services: []string{"orcl"}, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Server.Close(); err != nil {
			t.Error(err)
		}
		if n := s.Script.Open(); n != 0 {
			t.Errorf("%d sessions are open after Close", n)
		}
	})
	return s
}

func (s *stub) config() oracleclient.Config {
	return oracleclient.Config{Connect: "//" + s.Addr() + "/orcl", User: "ggadmin",
		Password: password, Grace: 300 * time.Millisecond}
}

func (s *stub) open(t *testing.T, change func(*oracleclient.Config)) *sql.DB {
	t.Helper()
	c := s.config()
	if change != nil {
		change(&c)
	}
	db, err := oracleclient.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// numbers answers every query with so many rows of a number and a text.
func numbers(n int) func(context.Context, tns.Call) (*tns.Result, error) {
	return func(_ context.Context, c tns.Call) (*tns.Result, error) {
		if !strings.HasPrefix(strings.ToUpper(c.SQL), "SELECT") {
			return &tns.Result{Affected: int64(max(1, len(c.Binds)))}, nil
		}
		var rows [][]any
		for i := range n {
			rows = append(rows, []any{fmt.Sprint(i), strings.Repeat("x", i%7)})
		}
		return &tns.Result{Columns: []tns.Column{{Name: "N", Type: tns.Number, Precision: 10},
			{Name: "V", Type: tns.Varchar2, Size: 30, Nullable: true}}, Rows: tns.RowsOf(rows...)}, nil
	}
}

// read reads rows until they end and gives how many came.
func read(rows *sql.Rows) (n int, err error) {
	defer rows.Close()
	for rows.Next() {
		var number string
		var text sql.NullString
		if err := rows.Scan(&number, &text); err != nil {
			return n, err
		}
		if number != fmt.Sprint(n) || len(text.String) != n%7 {
			return n, fmt.Errorf("row %d is %s %q", n, number, text.String)
		}
		n++
	}
	return n, rows.Err()
}

func TestQueryInPortions(t *testing.T) {
	s := start(t, numbers(1003))
	for _, prefetch := range []int{1, 2, 50, 1000, 1003, 1004, 5000} {
		db := s.open(t, func(c *oracleclient.Config) { c.Prefetch = prefetch })
		rows, err := db.QueryContext(t.Context(), "SELECT n, v FROM t")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := read(rows); n != 1003 || err != nil {
			t.Errorf("prefetch %d: %d rows, %v", prefetch, n, err)
		}
	}
}

func TestQueryWithoutRows(t *testing.T) {
	db := start(t, numbers(0)).open(t, nil)
	rows, err := db.QueryContext(t.Context(), "SELECT n, v FROM t")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := read(rows); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

// value is what a column of a type is sent and what arrives.
type value struct {
	column tns.Column
	sent   any
	want   any
}

func values() []value {
	zone := time.FixedZone("", -(3*3600 + 1800))
	at := time.Date(2024, 2, 29, 23, 59, 58, 123456789, time.UTC)
	long := strings.Repeat("Größe €", 9000)
	raw := []byte(strings.Repeat("\x00\xff\xfe", 20000))
	all := []value{
		{tns.Column{Name: "V", Type: tns.Varchar2, Size: 4000}, "äöü € 😀", "äöü € 😀"},
		{tns.Column{Name: "C", Type: tns.Char, Size: 5}, "ab   ", "ab   "},
		{tns.Column{Name: "NV", Type: tns.NVarchar2, Size: 100}, "Ω 😀", "Ω 😀"},
		{tns.Column{Name: "R", Type: tns.Raw, Size: 10}, []byte{0, 1, 254, 255}, []byte{0, 1, 254, 255}},
		{tns.Column{Name: "D", Type: tns.Date}, at.Truncate(time.Second), at.Truncate(time.Second)},
		{tns.Column{Name: "TS", Type: tns.Timestamp, Scale: 9}, at, at},
		{tns.Column{Name: "TZ", Type: tns.TimestampTZ, Scale: 9}, at.In(zone), at.In(zone)},
		{tns.Column{Name: "TL", Type: tns.TimestampLTZ, Scale: 9}, at, at},
		{tns.Column{Name: "YM", Type: tns.IntervalYM}, tns.Interval{Months: -27}, "-02-03"},
		{tns.Column{Name: "DS", Type: tns.IntervalDS}, tns.Interval{Duration: 49*time.Hour + 1500*time.Millisecond},
			"+02 01:00:01.500000"},
		{tns.Column{Name: "BF", Type: tns.BinaryFloat}, float32(-1.5), float32(-1.5)},
		{tns.Column{Name: "BD", Type: tns.BinaryDouble}, 1e300, 1e300},
		{tns.Column{Name: "ID", Type: tns.RowID}, "AAASdqAAEAAAAInAAC", "AAASdqAAEAAAAInAAC"},
		{tns.Column{Name: "CL", Type: tns.CLOB}, long, long},
		{tns.Column{Name: "NC", Type: tns.NCLOB}, "Ω 😀", "Ω 😀"},
		{tns.Column{Name: "BL", Type: tns.BLOB}, raw, raw},
		{tns.Column{Name: "LO", Type: tns.Long}, long, long},
		{tns.Column{Name: "LR", Type: tns.LongRaw}, raw, raw},
	}
	for _, n := range []string{"0", "1", "-1", "10", "100", "99", "12345678901234567890123456789012345678",
		"-0.5", "0.05", "123.456", "-123.4567", "1000000", "0.000000000000000000000000000001",
		"100000000000000000000000000000000000000000", "-99.99"} {
		all = append(all, value{tns.Column{Name: "N", Type: tns.Number, Nullable: true}, n, n})
	}
	return all
}

func TestEachTypeArrives(t *testing.T) {
	for _, v := range values() {
		t.Run(v.column.Name+fmt.Sprintf("%.20v", v.sent), func(t *testing.T) {
			s := start(t, func(context.Context, tns.Call) (*tns.Result, error) {
				return &tns.Result{Columns: []tns.Column{v.column, {Name: "K", Type: tns.Number}},
					Rows: tns.RowsOf([]any{v.sent, "1"}, []any{nil, "2"}, []any{v.sent, "2"})}, nil
			})
			db := s.open(t, func(c *oracleclient.Config) { c.Prefetch = 2 })
			rows, err := db.QueryContext(t.Context(), "SELECT x, k FROM t")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var got []any
			for rows.Next() {
				var x, k any
				if err := rows.Scan(&x, &k); err != nil {
					t.Fatal(err)
				}
				got = append(got, x)
			}
			if err := rows.Err(); err != nil || len(got) != 3 {
				t.Fatalf("%d rows, %v", len(got), err)
			}
			if b, ok := got[1].([]byte); got[1] != nil && !(ok && len(b) == 0) {
				t.Errorf("NULL arrived as %v", got[1])
			}
			for _, i := range []int{0, 2} {
				if !same(got[i], v.want) {
					t.Errorf("got %.60v (%T), want %.60v", got[i], got[i], v.want)
				}
			}
		})
	}
}

func same(got, want any) bool {
	if a, ok := got.(time.Time); ok {
		b := want.(time.Time)
		_, zoneA := a.Zone()
		_, zoneB := b.Zone()
		return a.Equal(b) && zoneA == zoneB
	}
	return reflect.DeepEqual(got, want)
}

func TestBindsArrive(t *testing.T) {
	s := start(t, nil)
	db := s.open(t, nil)
	at := time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.FixedZone("", 7200))
	long := strings.Repeat("Größe €", 9000)
	sent := []any{int64(-42), "text äöü", nil, []byte{1, 0, 255}, at, oracleclient.Timestamp(at),
		oracleclient.National("Ω 😀"), 2.5, long, oracleclient.CLOB(long), oracleclient.BLOB([]byte(long))}
	want := []any{"-42", "text äöü", nil, []byte{1, 0, 255}, at,
		time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC), "Ω 😀", "2.5", long, long, []byte(long)}
	marks := make([]string, len(sent))
	for i := range marks {
		marks[i] = fmt.Sprint(":", i+1)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES ("+strings.Join(marks, ",")+")",
		sent...); err != nil {
		t.Fatal(err)
	}
	calls := s.Calls()
	got := calls[len(calls)-1].Binds[0]
	for i, w := range want {
		if !same(got[i].Value, w) {
			t.Errorf("bind %d: got %.60v (%T), want %.60v", i+1, got[i].Value, got[i].Value, w)
		}
	}
}

func TestArraysArrive(t *testing.T) {
	s := start(t, numbers(0))
	db := s.open(t, nil)
	statement, err := db.PrepareContext(t.Context(), "INSERT INTO t VALUES (:1, :2)")
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	for range 2 { // the second time without its text
		r, err := statement.ExecContext(t.Context(), []int64{1, 2, 3}, []sql.NullString{
			{String: "a", Valid: true}, {}, {String: "ccc", Valid: true}})
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := r.RowsAffected(); n != 3 {
			t.Errorf("%d rows", n)
		}
	}
	for _, c := range s.Calls() {
		if got := fmt.Sprintf("%v %v %v", c.Binds[0][0].Value, c.Binds[1][1].Value, c.Binds[2][1].Value); len(c.Binds) != 3 ||
			got != "1 <nil> ccc" {
			t.Errorf("%d rows: %s", len(c.Binds), got)
		}
	}
}

// A statement whose bind changes its type must not reach the server as octets of the
// old type.
func TestBindsMayChangeTheirType(t *testing.T) {
	s := start(t, nil)
	db := s.open(t, nil)
	db.SetMaxOpenConns(1)
	statement, err := db.PrepareContext(t.Context(), "INSERT INTO t VALUES (:1)")
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	sent := []any{"a text that is longer than any number", int64(7), nil, "b", []byte{1}, nil, 2.5}
	want := []any{"a text that is longer than any number", "7", nil, "b", []byte{1}, nil, "2.5"}
	for _, v := range sent {
		if _, err := statement.ExecContext(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range s.Calls() {
		if got := c.Binds[0][0].Value; !same(got, want[i]) {
			t.Errorf("execution %d: got %v, want %v", i, got, want[i])
		}
	}
}

func TestValuesComeBack(t *testing.T) {
	s := start(t, func(_ context.Context, c tns.Call) (*tns.Result, error) {
		return &tns.Result{Affected: 1, Out: [][]any{{"AAASdqAAEAAAAInAAC", "17.25"}}}, nil
	})
	db := s.open(t, nil)
	for _, text := range []string{"BEGIN :1 := f(:2); SELECT x INTO :3 FROM t; END;",
		"INSERT INTO t VALUES (:2) RETURNING ROWID, n INTO :1, :3"} {
		var id string
		var n float64
		args := []any{oracleclient.Out(&id, 100), 5, oracleclient.Out(&n, 0)}
		if strings.HasPrefix(text, "INSERT") {
			args = []any{5, oracleclient.Out(&id, 100), oracleclient.Out(&n, 0)}
		}
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if id != "AAASdqAAEAAAAInAAC" || n != 17.25 {
			t.Errorf("%s: got %q, %v", text, id, n)
		}
	}
}

func TestTransactions(t *testing.T) {
	s := start(t, nil)
	db := s.open(t, nil)
	for _, end := range []func(*sql.Tx) error{(*sql.Tx).Commit, (*sql.Tx).Rollback} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if err := end(tx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t"); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(s.Ends(), " ")
	if got = strings.TrimPrefix(got, "COMMIT "); !strings.HasSuffix(got, "COMMIT ROLLBACK COMMIT") {
		t.Errorf("the server saw %s", got)
	}
}

func TestWrongPassword(t *testing.T) {
	s := start(t, nil)
	c := s.config()
	c.Password = "another secret"
	_, err := oracleclient.Open(t.Context(), c)
	if oracleclient.Code(err) != 1017 || oracleclient.ClassOf(err) != oracleclient.Login {
		t.Errorf("got %v", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, c, c), "another secret") {
		t.Errorf("the password is in %v or %#v", err, c)
	}
}

func TestUnreachable(t *testing.T) {
	s := start(t, nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()
	for connect, code := range map[string]int{
		"//" + s.Addr() + "/other":    12514,
		s.Addr() + ":other":           12505,
		"//" + nobody + "/orcl":       12541,
		"//no.such.host.invalid/orcl": 12545,
		"nowhere":                     12154,
	} {
		c := s.config()
		c.Connect = connect
		_, err := oracleclient.Open(t.Context(), c)
		if oracleclient.Code(err) != code || oracleclient.ClassOf(err) != oracleclient.Unreachable {
			t.Errorf("%s: got %d, %v", connect, oracleclient.Code(err), err)
		}
	}
	c := s.config()
	c.Connect = "//" + nobody + "," + s.Addr() + "/orcl"
	db, err := oracleclient.Open(t.Context(), c)
	if err != nil {
		t.Fatalf("the second address was not tried: %v", err)
	}
	db.Close()
}

// A server that takes the connection and says nothing.
func TestSilentLogin(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := oracleclient.Config{Connect: l.Addr().String() + "/orcl", User: "x", Password: "y",
		ConnectTimeout: 200 * time.Millisecond}
	_, err = oracleclient.Open(t.Context(), c)
	if oracleclient.ClassOf(err) != oracleclient.Lost && oracleclient.ClassOf(err) != oracleclient.Unreachable {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	c.ConnectTimeout = time.Hour
	begun := time.Now()
	if _, err = oracleclient.Open(ctx, c); err == nil {
		t.Error("the login ended well")
	}
	soon(t, begun)
}

func TestRefusedLogin(t *testing.T) {
	s := start(t, nil)
	s.Script.Refuse = &tns.Error{Code: 28000, Text: "the account is locked"}
	_, err := oracleclient.Open(t.Context(), s.config())
	if oracleclient.Code(err) != 28000 || !strings.Contains(err.Error(), "the account is locked") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsOfCalls(t *testing.T) {
	failing := true
	s := start(t, func(_ context.Context, c tns.Call) (*tns.Result, error) {
		if failing {
			return nil, &tns.Error{Code: 942, Text: "table or view does not exist", Offset: 14}
		}
		return numbers(3)(nil, c)
	})
	db := s.open(t, nil)
	db.SetMaxOpenConns(1)
	for _, bare := range []bool{false, true} {
		failing = true
		if bare {
			s.faults.Add(tns.Fault{SQL: "t", Bare: true})
		}
		_, err := db.ExecContext(t.Context(), "DELETE FROM t")
		e, ok := errors.AsType[*oracleclient.Error](err)
		if !ok || e.Code != 942 || e.Offset != 14 || e.Class != oracleclient.Missing ||
			e.Text != "ORA-00942: table or view does not exist" {
			t.Errorf("bare %v: %#v", bare, err)
		}
		failing = false
		rows, err := db.QueryContext(t.Context(), "SELECT n FROM t")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := read(rows); n != 3 || err != nil {
			t.Errorf("the next call: %d rows, %v", n, err)
		}
	}
	if n := len(s.Logins()); n != 1 {
		t.Errorf("%d logins: a good connection was thrown away", n)
	}
}
