package oracle

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ggsh/capture/cachemgr"
	"ggsh/capture/oracle/redo"
)

var casesDir = flag.String("cases", "", "folder of recorded cases")

// rowCase is one line of logminer_rows.jsonl.
type rowCase struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Rows   []caseRow       `json:"rows"`
	Expect json.RawMessage `json:"expect"`
}

type caseRow struct {
	SCN      uint64            `json:"scn"`
	RSID     string            `json:"rs_id"`
	SSN      int64             `json:"ssn"`
	Code     Code              `json:"op_code"`
	Rollback int               `json:"rollback"`
	RowID    string            `json:"row_id"`
	Object   uint32            `json:"data_obj"`
	CSF      int               `json:"csf"`
	Redo     string            `json:"sql_redo"`
	XID      string            `json:"xid"`
	Thread   int               `json:"thread"`
	Owner    string            `json:"owner"`
	Table    string            `json:"table"`
	Info     string            `json:"info"`
	Boundary bool              `json:"window_boundary"`
	Op       string            `json:"op"`
	Before   map[string]string `json:"before"`
	After    map[string]any    `json:"after"`
}

// row is the case's row as a miner gives it.
func (c *caseRow) row() Row {
	r := Row{SCN: c.SCN, Code: c.Code, Rollback: c.Rollback == 1, Continues: c.CSF == 1, RSID: c.RSID,
		SSN: c.SSN, Thread: c.Thread, RowID: c.RowID, Object: c.Object, Owner: c.Owner, Table: c.Table,
		Info: c.Info, Redo: []byte(c.Redo)}
	if b, err := hex.DecodeString(c.XID); err == nil && len(b) == 8 {
		r.XID = XID(b)
	} else {
		copy(r.XID[:], c.XID)
	}
	return r
}

// readRowCases reads the recorded cases, or those of this package.
func readRowCases(t *testing.T) []rowCase {
	t.Helper()
	dir := *casesDir
	if dir == "" {
		dir = "testdata"
	}
	f, err := os.Open(filepath.Join(dir, "logminer_rows.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was read only
	var list []rowCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c rowCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestLogMinerRowCases: sequences of rows come to what was recorded of them.
func TestLogMinerRowCases(t *testing.T) {
	kinds := map[string]func(*testing.T, *rowCase){"rollback_pairing": pairingCase, "csf": piecesCase,
		"dictionary_mismatch": mismatchCase, "savepoint": savepointCase,
		"savepoint_other_xid": savepointCase, "lob_window": lobWindowCase, "lob_rowid": lobRowIDCase,
		"lob_sequence": lobSequenceCase, "txn_buffer": bufferCase, "scenario": scenarioCase}
	cases := readRowCases(t)
	if len(cases) == 0 {
		t.Fatal("there are no cases")
	}
	for _, c := range cases {
		t.Run(c.ID, func(t *testing.T) {
			test := kinds[c.Kind]
			if test == nil {
				t.Fatalf("nothing is known of kind %s", c.Kind)
			}
			test(t, &c)
		})
	}
}

func expectation[T any](t *testing.T, c *rowCase) T {
	t.Helper()
	var e T
	if err := json.Unmarshal(c.Expect, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// caseAssembler takes every row.
func caseAssembler(t *testing.T) *assembler {
	t.Helper()
	cache, err := cachemgr.New(t.TempDir(), "case", 0)
	if err != nil {
		t.Fatal(err)
	}
	cfg := (&Config{}).completed()
	a := newAssembler(&cfg, cache)
	a.judge = func(*Row) (verdict, error) { return verdict{take: true}, nil }
	a.schema = func(*Row) (bool, error) { return true, nil }
	a.begin(0)
	return a
}

// feed puts rows into an assembler, each part in a window of its own.
func feed(t *testing.T, a *assembler, rows []caseRow) (ended []*transaction) {
	t.Helper()
	for i := range rows {
		if rows[i].Boundary {
			list, err := a.end()
			if err != nil {
				t.Fatal(err)
			}
			ended = append(ended, list...)
			a.settle()
			a.begin(0)
			continue
		}
		r := rows[i].row()
		if err := a.row(&r); err != nil {
			t.Fatal(err)
		}
	}
	list, err := a.end()
	if err != nil {
		t.Fatal(err)
	}
	return append(ended, list...)
}

// left lists the rows of a transaction that were not undone.
func left(t *testing.T, tx *transaction) []frame {
	t.Helper()
	p := pairing{seed: maphash.MakeSeed(), limit: 200} // several parts
	if err := p.resolve(tx); err != nil {
		t.Fatal(err)
	}
	var list []frame
	tx.buf.Rewind()
	for n := int64(0); ; n++ {
		_, body, err := tx.buf.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := readFrame(body)
		if err != nil {
			t.Fatal(err)
		}
		if !tx.cancelled.has(n) {
			list = append(list, f)
		}
	}
	if int64(len(list)) != tx.live {
		t.Errorf("%d rows are left, live says %d", len(list), tx.live)
	}
	return list
}

// closed makes sure that a case's transaction is committed.
func closed(rows []caseRow) []caseRow {
	last := rows[len(rows)-1]
	if last.Code != CodeCommit {
		rows = append(slices.Clone(rows), caseRow{SCN: last.SCN + 1, XID: last.XID, Code: CodeCommit})
	}
	return rows
}

func pairingCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		Count int      `json:"emit_count"`
		Emit  [][3]any `json:"emit"`
	}](t, c)
	list := closed(c.Rows)
	for i := range list { // the case counts those of temporary tables, too
		if strings.HasPrefix(list[i].Redo, string(temporaryText)) {
			list[i].Redo = "temporary"
		}
	}
	ended := feed(t, caseAssembler(t), list)
	if len(ended) != 1 {
		t.Fatalf("%d transactions ended", len(ended))
	}
	rows := left(t, ended[0])
	if len(rows) != want.Count {
		t.Fatalf("%d rows are left, want %d", len(rows), want.Count)
	}
	for i, e := range want.Emit {
		if string(rows[i].rowID) != e[1] || float64(rows[i].code) != e[2] {
			t.Errorf("row %d is %s, operation %d; want %v", i, rows[i].rowID, rows[i].code, e)
		}
	}
}

func piecesCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		Set    int      `json:"set_columns"`
		Where  int      `json:"where_columns"`
		Length int      `json:"length"`
		First  [][2]any `json:"after_first"`
		Last   [][2]any `json:"before_last"`
	}](t, c)
	ended := feed(t, caseAssembler(t), closed(c.Rows))
	f := left(t, ended[0])[0]
	if len(f.redo) != want.Length {
		t.Errorf("the joined text has %d octets, want %d", len(f.redo), want.Length)
	}
	var s redo.Statement
	if err := redo.Parse(&s, f.redo); err != nil {
		t.Fatal(err)
	}
	if len(s.Set) != want.Set || len(s.Where) != want.Where {
		t.Fatalf("%d and %d columns, want %d and %d", len(s.Set), len(s.Where), want.Set, want.Where)
	}
	check := func(got redo.Column, want [2]any) {
		value := ""
		if m, ok := want[1].(map[string]any); ok {
			value, _ = m["hex"].(string)
		}
		if string(got.Name) != want[0] || !strings.EqualFold(string(got.Value.Text), value) {
			t.Errorf("column %s is %s, want %v", got.Name, got.Value.Text, want)
		}
	}
	for i := range want.First {
		check(s.Set[i], want.First[i])
	}
	for i := range want.Last {
		check(s.Where[len(s.Where)-len(want.Last)+i], want.Last[i])
	}
}

func savepointCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		PK []string `json:"emit_pk"`
	}](t, c)
	ended := feed(t, caseAssembler(t), closed(c.Rows))
	if len(ended) != 1 {
		t.Fatalf("%d transactions ended", len(ended))
	}
	var got []string
	var s redo.Statement
	for _, f := range left(t, ended[0]) {
		if err := redo.Parse(&s, f.redo); err != nil {
			t.Fatal(err)
		}
		got = append(got, string(s.Set[0].Value.Text))
	}
	if !slices.Equal(got, want.PK) {
		t.Errorf("rows %q are left, want %q", got, want.PK)
	}
}

// lobRowIDCase: an insert without row id has that of the next row, under which it is
// undone.
func lobRowIDCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		Usable bool `json:"row_id_of_insert_is_usable"`
	}](t, c)
	if usableRowID([]byte(c.Rows[0].RowID)) != want.Usable {
		t.Errorf("row id %s is usable", c.Rows[0].RowID)
	}
	id := c.Rows[1].RowID
	rows := append(slices.Clone(c.Rows), caseRow{XID: c.Rows[0].XID, Code: CodeUpdate, Rollback: 1,
		RowID: id},
		caseRow{XID: c.Rows[0].XID, Code: CodeDelete, Rollback: 1, RowID: id})
	ended := feed(t, caseAssembler(t), closed(rows))
	if rows := left(t, ended[0]); len(rows) != 0 {
		t.Errorf("%d rows are left of an insert that was undone", len(rows))
	}
}

func bufferCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		Open       []string `json:"open"`
		Committed  []string `json:"committed"`
		RolledBack []string `json:"rolled_back"`
		AtMost     *uint64  `json:"restart_scn_must_be_at_most"`
	}](t, c)
	a := caseAssembler(t)
	name := func(x XID) string { return strings.TrimRight(string(x[:]), "\x00") }
	var committed, open []string
	for _, tx := range feed(t, a, c.Rows) {
		committed = append(committed, name(tx.xid))
	}
	for _, tx := range a.open {
		open = append(open, name(tx.xid))
	}
	slices.Sort(committed)
	slices.Sort(open)
	if !slices.Equal(committed, want.Committed) || !slices.Equal(open, want.Open) {
		t.Errorf("committed %q, open %q; want %q, %q", committed, open, want.Committed, want.Open)
	}
	if oldest, any := a.oldest(0); want.AtMost != nil && (!any || oldest > *want.AtMost) {
		t.Errorf("a restart begins at %d, want %d at most", oldest, *want.AtMost)
	}
}

// rowsText prints operations as kind, table and values.
func rowsText(ops []string) string { return fmt.Sprintf("%q", ops) }
