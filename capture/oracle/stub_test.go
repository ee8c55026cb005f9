package oracle_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/capture/capturetest"
	"ggsh/capture/oracle"
	"ggsh/ggserr"
	"ggsh/oracleclient"
	"ggsh/tests/oradb"
)

// These tests go through the driver to a database in small, which speaks Oracle's
// protocol. They prove that the statements are sent and read; what a real LogMiner
// answers they cannot.

// stub is a database in small with user GG for the capture and HR for the tables.
type stub struct {
	*oradb.Server
	t *testing.T
}

func startStub(t *testing.T) *stub {
	t.Helper()
	s, err := oradb.Start(oradb.Options{Users: map[string]string{"GG": "secret", "HR": "secret"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &stub{s, t}
}

// exec runs statements as HR.
func (s *stub) exec(statements ...string) {
	s.t.Helper()
	for _, text := range statements {
		if err := s.Exec("HR", text); err != nil {
			s.t.Fatalf("%s: %v", text, err)
		}
	}
}

func (s *stub) client() oracleclient.Config {
	return oracleclient.Config{Connect: s.DSN(), User: "GG", Password: "secret"}
}

func (s *stub) admin() *oracle.Admin {
	s.t.Helper()
	db, err := oracleclient.Open(context.Background(), s.client())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { closeDB(s.t, db) })
	a, err := oracle.Administer(context.Background(), db)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func closeDB(t *testing.T, db *sql.DB) {
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func (s *stub) config(mode oracle.Mode) oracle.Config {
	dir := s.t.TempDir()
	return oracle.Config{Group: "EORA", Mode: mode, SpoolDir: dir, Poll: 5 * time.Millisecond,
		SchemaFile: filepath.Join(dir, "schema.json"),
		Want:       func(owner, _ string) bool { return owner == "HR" },
		Connect: func(ctx context.Context) (oracle.Database, error) {
			return oracle.OpenDatabase(ctx, s.client())
		}}
}

const staffTable = `CREATE TABLE STAFF (ID NUMBER(9) PRIMARY KEY, NAME VARCHAR2(30), PAY NUMBER,
	BORN DATE, DOC CLOB, PIC BLOB, SEEN TIMESTAMP(6) WITH TIME ZONE, R RAW(8), F BINARY_DOUBLE,
	IV INTERVAL DAY TO SECOND)`

const staffRow = `INSERT INTO STAFF (ID, NAME, PAY, BORN, SEEN, R, F, IV, DOC, PIC) VALUES (%d, 'it''s', -12.5,
	DATE '2020-02-03', TIMESTAMP '2026-01-02 03:04:05.5 +00:00', HEXTORAW('0AFF'), 1.5,
	INTERVAL '3 04:05:06.7' DAY TO SECOND, 'text', HEXTORAW('00ff'))`

// staffText is what becomes of that row.
const staffText = "ID=%d NAME=it's PAY=-12.5 BORN=2020-02-03 00:00:00 DOC=text PIC=00ff " +
	"SEEN=2026-01-02 03:04:05.5+00:00 R=0aff F=1.5 IV=0 mons 3 days 04:05:06.7"

// TestSuite: the capture does what every source of transactions must.
func TestSuite(t *testing.T) {
	for mode, name := range []string{"raw", "catalog"} {
		t.Run(name, func(t *testing.T) {
			capturetest.Run(t, func(t *testing.T) capturetest.Database {
				s := startStub(t)
				s.exec("CREATE TABLE CT (ID NUMBER(9) PRIMARY KEY, V VARCHAR2(100))",
					"ALTER TABLE CT ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
				return &suiteDatabase{s, s.config(oracle.Mode(mode))}
			})
		})
	}
}

type suiteDatabase struct {
	s   *stub
	cfg oracle.Config
}

// Exec runs statements in one session, each its own transaction until BEGIN.
func (d *suiteDatabase) Exec(statements ...string) error {
	inside := false
	for _, text := range statements {
		switch text {
		case "BEGIN":
			inside = true
			continue
		case "COMMIT", "ROLLBACK":
			inside = false
		}
		if err := d.s.Server.Exec("HR", text); err != nil {
			return err
		}
		if !inside {
			if err := d.s.Server.Exec("HR", "COMMIT"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *suiteDatabase) Table() string { return "CT" }

func (d *suiteDatabase) Open(ctx context.Context, restart string) (capturetest.Source, error) {
	cfg := d.cfg
	cfg.Start.Restart = restart
	return oracle.Open(ctx, cfg)
}

// takeAll reads transactions until count have come.
func takeAll(t *testing.T, src *oracle.Source, count int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out trail
	for len(out.txns) < count {
		txn, err := src.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			if err := src.Wait(ctx); err != nil {
				t.Fatalf("%d of %d transactions came: %v", len(out.txns), count, err)
			}
		case err != nil:
			t.Fatal(err)
		case txn.Ops != nil:
			if err := out.take(txn); err != nil {
				t.Fatal(err)
			}
		}
	}
	var list []string
	for _, c := range out.txns {
		list = append(list, strings.Join(c.Ops, "; "))
	}
	return list
}

// TestDriver: values of many types, a savepoint, DDL and a log switch come through the
// driver.
func TestDriver(t *testing.T) {
	for mode, name := range []string{"raw", "catalog"} {
		t.Run(name, func(t *testing.T) {
			s := startStub(t)
			s.exec(staffTable, "ALTER TABLE STAFF ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS",
				fmt.Sprintf(staffRow, 1), "COMMIT")
			src, err := oracle.Open(context.Background(), s.config(oracle.Mode(mode)))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := src.Close(); err != nil {
					t.Error(err)
				}
			}()
			s.exec(fmt.Sprintf(staffRow, 2), "SAVEPOINT A", "UPDATE STAFF SET NAME='no' WHERE ID=2",
				"ROLLBACK TO A", "UPDATE STAFF SET NAME='yes', PAY=NULL WHERE ID=2", "COMMIT",
				"ALTER TABLE STAFF ADD (MORE VARCHAR2(10))", "UPDATE STAFF SET MORE='m' WHERE ID=1", "COMMIT")
			s.SwitchLog()
			s.exec("DELETE FROM STAFF WHERE ID=1", "COMMIT")
			got := takeAll(t, src, 4)
			for i, want := range []string{"INSERT STAFF > " + fmt.Sprintf(staffText, 2) +
				"; UPDATE STAFF < ID=2 NAME=it's", "DDL ALTER TABLE STAFF ADD", "MORE=m", "DELETE STAFF < ID=1"} {
				if !strings.Contains(got[i], want) {
					t.Errorf("transaction %d is %q, want %q in it", i, got[i], want)
				}
			}
		})
	}
}

// TestTrandata: ADD TRANDATA makes the log hold the key, once; INFO says so; DELETE
// takes it back.
func TestTrandata(t *testing.T) {
	s := startStub(t)
	s.exec(staffTable, "CREATE TABLE BARE (A NUMBER, B NUMBER)")
	a, ctx := s.admin(), context.Background()
	steps := []struct {
		table   string
		o       oracle.TrandataOptions
		already bool
		all     bool
		columns []string
	}{
		{"STAFF", oracle.TrandataOptions{}, false, false, []string{"ID"}},
		{"STAFF", oracle.TrandataOptions{}, true, false, []string{"ID"}},
		{"STAFF", oracle.TrandataOptions{Columns: []string{"NAME"}}, false, false, []string{"ID", "NAME"}},
		{"STAFF", oracle.TrandataOptions{AllColumns: true}, false, true, nil},
		{"BARE", oracle.TrandataOptions{}, false, true, nil},
		{"BARE", oracle.TrandataOptions{}, true, true, nil},
	}
	for i, step := range steps {
		got, already, err := a.AddTrandata(ctx, "HR", step.table, step.o)
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if already != step.already || got.All != step.all || !got.Enabled ||
			!slices.Equal(got.Columns, step.columns) {
			t.Errorf("step %d gives %+v, already %v", i, got, already)
		}
	}
	for _, table := range []string{"STAFF", "BARE"} {
		got, err := a.DeleteTrandata(ctx, "HR", table)
		if err != nil || got.Enabled {
			t.Errorf("DELETE TRANDATA %s gives %+v, %v", table, got, err)
		}
	}
	if _, _, err := a.AddTrandata(ctx, "HR", "NONE", oracle.TrandataOptions{}); err == nil {
		t.Error("a table that does not exist has trandata")
	}
	if scn, err := a.Register(ctx); err != nil || scn == 0 {
		t.Errorf("Register gives %d, %v", scn, err)
	}
}

// TestCheck: what is missing is named with the statement that mends it, and the mended
// source has nothing left that stops a capture.
func TestCheck(t *testing.T) {
	s := startStub(t)
	s.exec(staffTable, "CREATE TABLE A_TABLE_WITH_A_NAME_THAT_IS_TOO_LONG (ID NUMBER PRIMARY KEY)")
	a := s.admin()
	tables := []string{"HR.STAFF", "HR.A_TABLE_WITH_A_NAME_THAT_IS_TOO_LONG"}
	var fatal []string
	mend := ""
	for _, e := range a.Check(context.Background(), oracle.Catalog, tables) {
		if e.Severity == ggserr.Fatal {
			fatal = append(fatal, e.Error())
		}
		if _, statement, ok := strings.Cut(e.Error(), "or: "); ok && strings.Contains(statement, "STAFF") {
			mend = strings.TrimSuffix(statement, ";")
		}
	}
	if len(fatal) != 3 || mend == "" { // two tables without trandata, one long name
		t.Fatalf("findings: %q, statement %q", fatal, mend)
	}
	s.exec(mend)
	for _, e := range a.Check(context.Background(), oracle.Raw, tables[:1]) {
		if e.Severity == ggserr.Fatal {
			t.Errorf("behind %s: %v", mend, e)
		}
	}
	poor, err := oradb.Start(oradb.Options{Users: map[string]string{"GG": "secret"}, NoSupplemental: true,
		NoArchiveLog: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := poor.Close(); err != nil {
			t.Error(err)
		}
	}()
	text := ""
	for _, e := range (&stub{poor, t}).admin().Check(context.Background(), oracle.Raw, nil) {
		text += e.Error() + "\n"
	}
	for _, want := range []string{"ALTER DATABASE ARCHIVELOG", "ALTER DATABASE ADD SUPPLEMENTAL LOG DATA;"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among the findings:\n%s", want, text)
		}
	}
}

// TestSnapshot: rows are those of the snapshot's SCN, whatever is committed later, whole
// or in parts, and its position loses no transaction that was open.
func TestSnapshot(t *testing.T) {
	s := startStub(t)
	s.exec(staffTable, "ALTER TABLE STAFF ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
	const rows = 500
	for i := range rows {
		s.exec(fmt.Sprintf(staffRow, i+1))
	}
	s.exec("COMMIT", "UPDATE STAFF SET NAME='open' WHERE ID=7") // not committed yet
	cfg := oracle.SnapshotConfig{Client: s.client(), Want: func(o, _ string) bool { return o == "HR" }}
	snap, err := oracle.OpenSnapshot(context.Background(), cfg, 2)
	if err != nil {
		t.Fatal(err)
	}
	s.exec("COMMIT", "DELETE FROM STAFF WHERE ID=8", "COMMIT")
	readAll(t, snap, rows)
	restart := snap.Position().Restart
	if err := snap.Close(); err != nil {
		t.Error(err)
	}
	cfg.SCN = snap.Position().CSN.Minor // a load that is gone on with
	again, err := oracle.OpenSnapshot(context.Background(), cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}()
	readAll(t, again, rows)
	follow := s.config(oracle.Raw)
	follow.Start.Restart = restart
	src, err := oracle.Open(context.Background(), follow)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}()
	got := takeAll(t, src, 2)
	if !strings.Contains(got[0], "NAME=open") || !strings.Contains(got[1], "DELETE STAFF < ID=8") {
		t.Errorf("behind the snapshot come %q", got)
	}
}

// readAll reads the only table in parts of one block and whole.
func readAll(t *testing.T, snap *oracle.Snapshot, want int) {
	t.Helper()
	table := snap.Tables()[0]
	low, high, any, err := snap.Bounds(context.Background(), 0, table)
	if err != nil || !any || table.Key != "ROWID" {
		t.Fatalf("table %s with key %q has bounds %d, %d, %v: %v", table.Def.FullName(), table.Key, low, high,
			any, err)
	}
	whole := []oracle.Part{{Table: table, From: math.MinInt64, To: math.MaxInt64}}
	parts := []oracle.Part{{Table: table, From: math.MinInt64, To: low}}
	for n := low + 1; n <= high; n++ {
		parts = append(parts, oracle.Part{Table: table, From: n, To: n})
	}
	parts = append(parts, oracle.Part{Table: table, From: high + 1, To: math.MaxInt64})
	for _, list := range [][]oracle.Part{whole, parts} {
		seen := map[string]bool{}
		for _, p := range list {
			err := snap.Read(context.Background(), 0, p, func(op []byte) error {
				text, err := opText(table.Def, op)
				seen[text] = true
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) != want {
			t.Errorf("%d rows in %d parts, want %d", len(seen), len(list), want)
		}
		for i := range want {
			if text := "INSERT STAFF > " + fmt.Sprintf(staffText, i+1); !seen[text] {
				t.Fatalf("row %q is missing", text)
			}
		}
	}
}
