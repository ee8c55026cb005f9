package oracle

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/capture/oracle"
	"ggsh/ggserr"
	"ggsh/oracleclient"
	"ggsh/record"
)

var recordTo = flag.String("record", "", "folder for the rows that LogMiner gave")

// liveTables are made by the suite in the schema of its login, and dropped at its end.
func liveTables() map[string]string {
	return map[string]string{
		"GGSH_LIVE_NUMBERS": "(ID NUMBER(10) PRIMARY KEY, N NUMBER, N2 NUMBER(20,5), NN NUMBER(5,-2), F FLOAT(40), " +
			"BF BINARY_FLOAT, BD BINARY_DOUBLE)",
		"GGSH_LIVE_TEXTS": "(ID NUMBER(10) PRIMARY KEY, C CHAR(5), V VARCHAR2(4000), NV NVARCHAR2(100), " +
			"R RAW(200))",
		"GGSH_LIVE_TIMES": "(ID NUMBER(10) PRIMARY KEY, D DATE, TS TIMESTAMP(9), TZ TIMESTAMP(6) WITH TIME ZONE, " +
			"LTZ TIMESTAMP(3) WITH LOCAL TIME ZONE, YM INTERVAL YEAR(4) TO MONTH, DS INTERVAL DAY(5) TO SECOND(6))",
		"GGSH_LIVE_LOBS":  "(ID NUMBER(10) PRIMARY KEY, C CLOB, B BLOB)",
		"GGSH_LIVE_NOKEY": "(A NUMBER(10), B VARCHAR2(100))",
		"GGSH_LIVE_A_NAME_OF_MORE_THAN_THIRTY_CHARACTERS": "(ID NUMBER(10) PRIMARY KEY, V VARCHAR2(10))",
	}
}

// liveWork is what happens to them, a transaction a line.
func liveWork() [][]string {
	return [][]string{
		{"INSERT INTO GGSH_LIVE_NUMBERS VALUES (1, 0, 0, 100, 0, 0, 0)",
			"INSERT INTO GGSH_LIVE_NUMBERS VALUES (2, -1.5, 12345.67891, -12300, 3.25, 1.5e10, -2.5e-300)",
			"INSERT INTO GGSH_LIVE_NUMBERS VALUES (3, 99999999999999999999999999999999999999, NULL, NULL, " +
				"1e-40, BINARY_FLOAT_INFINITY, BINARY_DOUBLE_NAN)",
			"INSERT INTO GGSH_LIVE_NUMBERS VALUES (4, 1e125, NULL, NULL, NULL, NULL, NULL)",
			"INSERT INTO GGSH_LIVE_NUMBERS VALUES (5, -1e-130, NULL, NULL, NULL, NULL, NULL)"},
		{"INSERT INTO GGSH_LIVE_TEXTS VALUES (1, 'a', 'it''s || ''quoted'' \"text\"', N'b', HEXTORAW('00FF'))",
			"INSERT INTO GGSH_LIVE_TEXTS VALUES (2, NULL, '', UNISTR('\\00e4\\20ac'), NULL)",
			"INSERT INTO GGSH_LIVE_TEXTS VALUES (3, 'x', RPAD('long ', 3990, 'text '), NULL, NULL)"},
		{"INSERT INTO GGSH_LIVE_TIMES VALUES (1, DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.123456789', " +
			"TIMESTAMP '2024-02-29 12:00:00.5 +05:30', TIMESTAMP '2024-02-29 12:00:00.25', " +
			"INTERVAL '-12-11' YEAR TO MONTH, INTERVAL '77 14:33:15.000001' DAY TO SECOND(6))",
			"INSERT INTO GGSH_LIVE_TIMES VALUES (2, TO_DATE('-4712-01-01','SYYYY-MM-DD'), NULL, " +
				"TIMESTAMP '2024-07-01 12:00:00 Europe/Berlin', NULL, NULL, NULL)",
			"INSERT INTO GGSH_LIVE_TIMES VALUES (3, DATE '9999-12-31', TIMESTAMP '0001-01-01 00:00:00', NULL, " +
				"NULL, NULL, INTERVAL '-0 00:00:00.5' DAY TO SECOND)"},
		{"UPDATE GGSH_LIVE_NUMBERS SET N = N + 1 WHERE ID < 3", "DELETE FROM GGSH_LIVE_NUMBERS WHERE ID = 4"},
		{"INSERT INTO GGSH_LIVE_NOKEY VALUES (1, 'one')", "SAVEPOINT S",
			"INSERT INTO GGSH_LIVE_NOKEY VALUES (2, 'two')", "UPDATE GGSH_LIVE_NOKEY SET B = 'uno' WHERE A = 1",
			"ROLLBACK TO S", "INSERT INTO GGSH_LIVE_NOKEY VALUES (3, 'three')"},
		{"INSERT INTO GGSH_LIVE_NOKEY VALUES (4, 'never')", "ROLLBACK"},
		{"UPDATE GGSH_LIVE_TEXTS SET ID = 20, V = 'moved' WHERE ID = 2"},
		{"INSERT INTO GGSH_LIVE_LOBS VALUES (1, 'short', HEXTORAW('01'))",
			"DECLARE C CLOB; B BLOB; BEGIN INSERT INTO GGSH_LIVE_LOBS VALUES (2, EMPTY_CLOB(), EMPTY_BLOB()) " +
				"RETURNING C, B INTO C, B; FOR I IN 1..50 LOOP DBMS_LOB.WRITEAPPEND(C, 2000, RPAD(I, 2000, 'x')); " +
				"DBMS_LOB.WRITEAPPEND(B, 1000, UTL_RAW.COPIES(HEXTORAW('0A0B0C0D'), 250)); END LOOP; END;"},
		{"UPDATE GGSH_LIVE_LOBS SET C = 'other' WHERE ID = 1"},
		{"ALTER TABLE GGSH_LIVE_NOKEY ADD (C NUMBER(5))"},
		{"INSERT INTO GGSH_LIVE_NOKEY VALUES (5, 'five', 5)", "UPDATE GGSH_LIVE_NOKEY SET C = 1 WHERE A = 1"},
		{"INSERT INTO GGSH_LIVE_A_NAME_OF_MORE_THAN_THIRTY_CHARACTERS VALUES (1, 'long')"},
	}
}

// live is the database and what was found out about it.
type live struct {
	*testing.T
	cfg   oracleclient.Config
	db    *sql.DB
	owner string
}

// TestLive runs on the database that ORACLE_DSN=user/password@connect names: an empty
// one, or one whose other schemas do not matter. The login needs what docs/ORACLE.md
// says, and the right to make tables in its own schema.
func TestLive(t *testing.T) {
	dsn := os.Getenv("ORACLE_DSN")
	user, rest, ok := strings.Cut(dsn, "/")
	password, connect, ok2 := strings.Cut(rest, "@")
	if !ok || !ok2 {
		t.Skip("ORACLE_DSN=user/password@connect names no database")
	}
	l := &live{T: t, cfg: oracleclient.Config{Connect: connect, User: user, Password: password},
		owner: strings.ToUpper(user)}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	if l.db, err = oracleclient.Open(ctx, l.cfg); err != nil {
		t.Fatal(err)
	}
	defer l.db.Close()
	l.prepare(ctx)
	for _, mode := range []oracle.Mode{oracle.Raw, oracle.Catalog} {
		t.Run(map[oracle.Mode]string{oracle.Raw: "raw", oracle.Catalog: "catalog"}[mode], func(t *testing.T) {
			m := *l
			m.T = t
			m.prove(ctx, mode)
		})
	}
}

// exec runs statements as one transaction.
func (l *live) exec(ctx context.Context, statements ...string) {
	l.Helper()
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		l.Fatal(err)
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			l.Fatalf("%s: %s", s, oracleclient.Message(err))
		}
	}
	if err := tx.Commit(); err != nil {
		l.Fatal(oracleclient.Message(err))
	}
}

func (l *live) drop(ctx context.Context) {
	for name := range liveTables() {
		_, err := l.db.ExecContext(ctx, "DROP TABLE "+name+" PURGE")
		if err != nil && oracleclient.Code(err) != 942 {
			l.Error(oracleclient.Message(err))
		}
	}
}

func (l *live) prepare(ctx context.Context) {
	l.Helper()
	l.drop(ctx)
	l.Cleanup(func() { l.drop(context.Background()) })
	for name, columns := range liveTables() {
		l.exec(ctx, "CREATE TABLE "+name+" "+columns)
		l.exec(ctx, "ALTER TABLE "+name+" ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
	}
}

func (l *live) capture(mode oracle.Mode) oracle.Config {
	return oracle.Config{Group: "LIVE", Mode: mode, SpoolDir: l.TempDir(),
		SchemaFile: filepath.Join(l.TempDir(), "live.defs"), MaxWindow: 100000,
		Want:    func(owner, table string) bool { return owner == l.owner && strings.HasPrefix(table, "GGSH_LIVE_") },
		Warn:    func(e *ggserr.Error) { l.Log(e) },
		Connect: func(ctx context.Context) (oracle.Database, error) { return oracle.OpenDatabase(ctx, l.cfg) }}
}

// prove captures the work, and compares what it leads to with the tables.
func (l *live) prove(ctx context.Context, mode oracle.Mode) {
	src, err := oracle.Open(ctx, l.capture(mode))
	if err != nil {
		l.Fatal(err)
	}
	defer src.Close()
	before := l.tables(ctx, mode)
	for _, statements := range liveWork() {
		l.exec(ctx, statements...)
	}
	after := l.tables(ctx, mode)
	changes := 0
	for src.Status().Read < after.scn {
		txn, err := src.Next(ctx)
		if err == io.EOF {
			err = src.Wait(ctx)
		} else if err == nil && txn.Ops != nil {
			changes += l.replay(before.rows, txn)
		}
		if err != nil {
			l.Fatal(err)
		}
	}
	for name, want := range after.rows {
		if got := before.rows[name]; !maps.Equal(want, got) {
			l.Errorf("table %s\nthe database: %v\nthe trail:    %v", name, want, got)
		}
	}
	l.Logf("PROVED on %s: %d changes of %d tables lead to the tables' rows", src.Status().Server, changes,
		len(after.rows))
	l.record(ctx, mode, before.scn, after.scn)
	l.exec(ctx, "ALTER TABLE GGSH_LIVE_NOKEY DROP COLUMN C")
	for name := range liveTables() {
		l.exec(ctx, "DELETE FROM "+name)
	}
}

// state is the tables as of an SCN: for each, how often a row is there.
type state struct {
	scn  uint64
	rows map[string]map[string]int
}

func (l *live) tables(ctx context.Context, mode oracle.Mode) state {
	l.Helper()
	s, err := oracle.OpenSnapshot(ctx, oracle.SnapshotConfig{Client: l.cfg, Want: l.capture(mode).Want}, 1)
	if err != nil {
		l.Fatal(err)
	}
	defer s.Close()
	st := state{scn: s.Position().CSN.Minor, rows: map[string]map[string]int{}}
	for _, t := range s.Tables() {
		rows := map[string]int{}
		st.rows[t.Def.Name] = rows
		whole := oracle.Part{Table: t, From: math.MinInt64, To: math.MaxInt64}
		err := s.Read(ctx, 0, whole, func(body []byte) error {
			var op record.Op
			if err := record.DecodeOp(body, &op); err != nil {
				return err
			}
			rows[l.text(t.Def, op.After, nil)]++
			return nil
		})
		if err != nil {
			l.Fatalf("%s: %v", t.Def.Name, err)
		}
	}
	return st
}

// text prints an image, columns that are missing from another row.
func (l *live) text(def *record.TableDef, image record.Image, from []string) string {
	l.Helper()
	values, err := image.Values(nil, len(def.Columns))
	if err != nil {
		l.Fatal(err)
	}
	cells := make([]string, len(values))
	for i := range values {
		v := &values[i]
		switch {
		case v.Kind == record.Missing && i < len(from):
			cells[i] = from[i]
		case v.Kind == record.Bytes:
			cells[i] = hex.EncodeToString(v.B)
		default:
			cells[i] = v.Kind.String() + ":" + string(v.Text(nil, 9))
		}
	}
	return strings.Join(cells, "\x1f")
}

// replay applies a transaction to rows.
func (l *live) replay(tables map[string]map[string]int, txn *record.Txn) (changes int) {
	l.Helper()
	for {
		def, body, err := txn.Ops.Next()
		if err == io.EOF {
			return changes
		}
		var op record.Op
		if err == nil {
			err = record.DecodeOp(body, &op)
		}
		if err != nil {
			l.Fatal(err)
		}
		if op.Type == record.DDL {
			l.widen(tables["GGSH_LIVE_NOKEY"])
			continue
		}
		changes++
		rows := tables[def.Name]
		var was []string
		if op.Before != nil {
			was = l.find(rows, def, op.Before)
			key := strings.Join(was, "\x1f")
			if rows[key]--; rows[key] == 0 {
				delete(rows, key)
			}
		}
		if op.After != nil {
			rows[l.text(def, op.After, was)]++
		}
	}
}

// widen gives rows a column more, which is NULL.
func (l *live) widen(rows map[string]int) {
	for _, key := range slices.Collect(maps.Keys(rows)) {
		rows[key+"\x1fnull:"] = rows[key]
		delete(rows, key)
	}
}

// find gives the cells of the row that a before image means.
func (l *live) find(rows map[string]int, def *record.TableDef, before record.Image) []string {
	l.Helper()
	values, err := before.Values(nil, len(def.Columns))
	if err != nil {
		l.Fatal(err)
	}
	cells := strings.Split(l.text(def, before, nil), "\x1f")
	for key := range rows {
		row := strings.Split(key, "\x1f")
		same := len(row) == len(cells)
		for i := 0; same && i < len(cells); i++ {
			same = values[i].Kind == record.Missing || row[i] == cells[i]
		}
		if same {
			return row
		}
	}
	l.Fatalf("table %s has no row like %v", def.Name, cells)
	return nil
}

// record writes the rows of LogMiner between two SCNs, a JSON object a line.
func (l *live) record(ctx context.Context, mode oracle.Mode, from, to uint64) {
	if *recordTo == "" {
		return
	}
	db, err := oracle.OpenDatabase(ctx, l.cfg)
	if err != nil {
		l.Fatal(err)
	}
	defer db.Close()
	files, err := db.Logs().Files(ctx, from)
	if err != nil {
		l.Fatal(err)
	}
	miner, err := db.Mine(ctx)
	if err != nil {
		l.Fatal(err)
	}
	defer miner.Close()
	if err := miner.Start(ctx, &oracle.Window{From: from, To: to, Logs: files, Mode: mode}); err != nil {
		l.Fatal(err)
	}
	path := filepath.Join(*recordTo, fmt.Sprintf("live-%d.jsonl", mode))
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		l.Fatal(err)
	}
	defer f.Close()
	out := json.NewEncoder(f)
	for {
		var r oracle.Row
		err := miner.Next(ctx, &r)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = out.Encode(map[string]any{"scn": r.SCN, "rs_id": r.RSID, "ssn": r.SSN, "op_code": r.Code,
				"rollback": r.Rollback, "row_id": r.RowID, "data_obj": r.Object, "csf": r.Continues,
				"thread": r.Thread, "status": r.Status, "info": r.Info, "ts_ms": r.Time.UnixMilli(),
				"seg_owner": r.Owner, "table_name": r.Table, "sql_redo": string(r.Redo),
				"xid": hex.EncodeToString(r.XID[:])})
		}
		if err != nil {
			l.Fatal(err)
		}
	}
	l.Logf("recorded %s", path)
}
