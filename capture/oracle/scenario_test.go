package oracle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"ggsh/capture/oracle/redo"
	"ggsh/record"
)

// caseDatabase gives rows that were written down.
type caseDatabase struct {
	rows   []Row
	tables []*Table
	last   uint64
	starts []Window
	// show decides what a window shows; nil: the rows of its SCNs.
	show func(w *Window) []Row
	at   int
	part []Row
}

func (d *caseDatabase) Logs() Catalogue                     { return d }
func (d *caseDatabase) Dictionary() Dictionary              { return d }
func (d *caseDatabase) Mine(context.Context) (Miner, error) { return d, nil }
func (d *caseDatabase) Close() error                        { return nil }

func (d *caseDatabase) State(context.Context) (State, error) {
	return State{Product: "rows", ID: 1, Resetlogs: 1, SCN: d.last, Archiving: true, Minimal: true,
		Octets:  redo.Database{Charset: "AL32UTF8", National: "AL16UTF16"},
		Threads: []Thread{{Number: 1, Open: true, Enabled: true, Sequence: 1, LastSCN: d.last + 1}}}, nil
}

func (d *caseDatabase) Files(context.Context, uint64) ([]LogFile, error) {
	return []LogFile{{Thread: 1, Sequence: 1, First: 0, Next: 1 << 62, Name: "1.arc", Archived: true}}, nil
}

func (d *caseDatabase) Open(context.Context) ([]Opened, error)         { return nil, nil }
func (d *caseDatabase) SCN(context.Context, time.Time) (uint64, error) { return 0, nil }

func (d *caseDatabase) List(context.Context) ([]Name, error) {
	var list []Name
	for _, t := range d.tables {
		list = append(list, Name{Owner: t.Owner, Name: t.Name, Kind: "TABLE", Object: t.Object})
	}
	return list, nil
}

func (d *caseDatabase) Table(_ context.Context, owner, name string) (*Table, error) {
	for _, t := range d.tables {
		if t.Owner == owner && t.Name == name {
			return t, nil
		}
	}
	return nil, nil
}

func (d *caseDatabase) Object(_ context.Context, object uint32) (Name, error) {
	for _, t := range d.tables {
		if t.Object == object {
			return Name{Owner: t.Owner, Name: t.Name, Kind: "TABLE"}, nil
		}
	}
	return Name{}, nil
}

func (d *caseDatabase) LOB(context.Context, *LOBQuery) ([]byte, bool, bool, error) {
	return nil, false, false, errors.New("the case has no table to fetch from")
}

func (d *caseDatabase) Start(_ context.Context, w *Window) error {
	d.starts = append(d.starts, *w)
	d.part, d.at = nil, 0
	if d.show != nil {
		d.part = d.show(w)
		return nil
	}
	for _, r := range d.rows {
		if r.SCN >= w.From && r.SCN <= w.To && (len(w.XIDs) == 0 || slices.Contains(w.XIDs, r.XID)) {
			d.part = append(d.part, r)
		}
	}
	return nil
}

func (d *caseDatabase) Next(_ context.Context, r *Row) error {
	if d.at == len(d.part) {
		return io.EOF
	}
	*r = d.part[d.at]
	d.at++
	return nil
}

// delivered is a transaction as text.
type delivered struct {
	xid string
	ops []string
}

// capture reads all that a database has.
func (d *caseDatabase) capture(t *testing.T, change func(*Config)) ([]delivered, error) {
	t.Helper()
	cfg := Config{Group: "CASE", SpoolDir: t.TempDir(), Poll: time.Millisecond,
		Connect: func(context.Context) (Database, error) { return d, nil }, Start: Start{SCN: 1},
		Mode: Catalog}
	if change != nil {
		change(&cfg)
	}
	src, err := Open(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var list []delivered
	for {
		end := src.Status().Read >= d.last-1
		txn, err := src.Next(ctx)
		switch {
		case errors.Is(err, io.EOF) && end:
			return list, nil
		case errors.Is(err, io.EOF):
			if err := src.Wait(ctx); err != nil {
				return list, err
			}
		case err != nil:
			return list, err
		case txn.Ops != nil:
			one, err := readTxn(txn)
			if err != nil {
				return list, err
			}
			list = append(list, one)
		}
	}
}

func readTxn(txn *record.Txn) (delivered, error) {
	d := delivered{xid: txn.XID}
	for {
		def, body, err := txn.Ops.Next()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return d, err
		}
		var op record.Op
		if err := record.DecodeOp(body, &op); err != nil {
			return d, err
		}
		image := op.After
		if image == nil {
			image = op.Before
		}
		values, err := image.Values(nil, len(def.Columns))
		if err != nil {
			return d, err
		}
		text := op.Type.String() + " " + def.FullName()
		for i := range values {
			if values[i].Kind > record.Null {
				text += " " + def.Columns[i].Name + "=" + string(values[i].Text(nil, -1))
			}
		}
		d.ops = append(d.ops, text)
	}
}

// mismatchCase: rows with numbers in place of names are read by the object's number,
// and stop the capture where that is not known.
func mismatchCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		Values []string `json:"values_as_number"`
		Parts  []int    `json:"xid_parts"`
	}](t, c)
	d := &caseDatabase{last: c.Rows[len(c.Rows)-1].SCN + 5}
	var object uint32
	for i := range c.Rows {
		r := c.Rows[i].row()
		if digits, ok := strings.CutPrefix(r.Table, "OBJ# "); ok {
			if _, err := fmt.Sscan(digits, &object); err != nil {
				t.Fatal(err)
			}
			r.Object, r.Status = object, 2
		}
		d.rows = append(d.rows, r)
	}
	if _, err := d.capture(t, nil); err == nil || !strings.Contains(err.Error(), fmt.Sprint(object)) {
		t.Errorf("rows of an unknown object: %v", err)
	}
	table := &Table{Object: object, Owner: "APP", Name: "T"}
	for i := range want.Values {
		table.Columns = append(table.Columns, Column{Name: fmt.Sprintf("C%d", i+1), Number: i + 1,
			Type: "NUMBER", NoScale: true})
	}
	d.tables = append(d.tables, table)
	got, err := d.capture(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := "INSERT APP.T"
	for i, v := range want.Values {
		text += fmt.Sprintf(" C%d=%s", i+1, v)
	}
	xid := fmt.Sprintf("%d.%d.%d", want.Parts[0], want.Parts[1], want.Parts[2])
	if len(got) != 1 || got[0].xid != xid || len(got[0].ops) != 1 || got[0].ops[0] != text {
		t.Errorf("got %q, want %q of %s", got, text, xid)
	}
}

// lobWindowCase: a transaction that LogMiner shows in parts is read again from its begin.
func lobWindowCase(t *testing.T, c *rowCase) {
	want := expectation[map[string]any](t, c)
	from := uint64(want["full_window_needed_from"].(float64))
	all := make([]Row, len(c.Rows))
	for i := range c.Rows {
		all[i] = c.Rows[i].row()
		all[i].Object, all[i].Owner, all[i].Table = 9, "APP", "L"
		if all[i].RowID == "" {
			all[i].RowID = "AAAAAAAAAAAAAAAAAB"
		}
	}
	d := &caseDatabase{last: all[len(all)-1].SCN + 20, tables: []*Table{{Object: 9, Owner: "APP", Name: "L",
		Columns: []Column{{Name: "C", Number: 1, Type: "CLOB"}}}}}
	d.show = func(w *Window) []Row {
		if w.From <= from && w.To >= all[len(all)-1].SCN {
			return all
		}
		for name, codes := range want {
			var a, b uint64
			if _, err := fmt.Sscanf(name, "window_%d_%d", &a, &b); err != nil || w.From < a || w.From > b {
				continue
			}
			return slices.DeleteFunc(slices.Clone(all), func(r Row) bool {
				return r.SCN < w.From || r.SCN > w.To || !slices.Contains(codes.([]any), any(float64(r.Code)))
			})
		}
		return nil
	}
	first := uint64(1 << 63)
	for name := range want {
		var a, b uint64
		if _, err := fmt.Sscanf(name, "window_%d_%d", &a, &b); err == nil && a < first {
			first = a
		}
	}
	_, _ = d.capture(t, func(cfg *Config) { // the rows have no text: what counts is what is read
		cfg.Start.SCN, cfg.MinWindow, cfg.MaxWindow = first-1, from+2-first, from+2-first
	})
	again := slices.IndexFunc(d.starts, func(w Window) bool { return len(w.XIDs) > 0 })
	if again < 0 || d.starts[again].From > from || d.starts[again].XIDs[0] != all[0].XID {
		t.Errorf("the transaction was not read again from SCN %d: %+v", from, d.starts)
	}
}

// lobSequenceCase is like a scenario of SQL texts: the operations that they come to.
func lobSequenceCase(t *testing.T, c *rowCase) {
	want := expectation[struct {
		Table *Table   `json:"definition"`
		Ops   []string `json:"ops"`
	}](t, c)
	if want.Table == nil {
		t.Fatal("the case has no definition of its table")
	}
	d := &caseDatabase{tables: []*Table{want.Table}}
	for _, r := range closed(c.Rows) {
		row := r.row()
		row.Object, row.Owner, row.Table = want.Table.Object, want.Table.Owner, want.Table.Name
		d.rows = append(d.rows, row)
		d.last = r.SCN + 5
	}
	got, err := d.capture(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || !slices.Equal(got[0].ops, want.Ops) {
		t.Errorf("got  %s\nwant %s", rowsText(got[0].ops), rowsText(want.Ops))
	}
}

// scenario is what an independent reader gave for the same log.
type scenario struct {
	Transactions []struct {
		XID     string `json:"xid"`
		Changes []struct {
			Op     string         `json:"op"`
			Table  string         `json:"table"`
			Before map[string]any `json:"before"`
			After  map[string]any `json:"after"`
		} `json:"changes"`
	} `json:"transactions"`
}

// scenarioCase renders the changes again as SQL and compares, transaction by transaction,
// kinds, tables and keys with what the other reader gave.
func scenarioCase(t *testing.T, c *rowCase) {
	want := expectation[scenario](t, c)
	d := &caseDatabase{tables: scenarioTables(c.Rows)}
	ends := map[string]int{}
	for i, r := range c.Rows {
		ends[r.XID] = i
	}
	scn := uint64(100)
	for i := range c.Rows {
		scn++
		r := c.Rows[i]
		row := r.row()
		row.SCN, row.RowID = scn, fmt.Sprintf("AAAB%s", hex.EncodeToString([]byte(keyText(&r))))
		row.Code = map[string]Code{"insert": CodeInsert, "update": CodeUpdate, "delete": CodeDelete}[r.Op]
		row.Owner, row.Table, _ = strings.Cut(r.Table, ".")
		for _, table := range d.tables {
			if table.Owner+"."+table.Name == r.Table {
				row.Object = table.Object
				row.Redo = []byte(scenarioText(table, &r))
			}
		}
		d.rows = append(d.rows, row)
		if ends[r.XID] == i {
			scn++
			d.rows = append(d.rows, Row{SCN: scn, Code: CodeCommit, XID: row.XID})
		}
	}
	d.last = scn + 5
	got, err := d.capture(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want.Transactions) {
		t.Fatalf("%d transactions, want %d", len(got), len(want.Transactions))
	}
	for i, w := range want.Transactions {
		compareScenario(t, i, got, w.XID, len(w.Changes), func(j int) string {
			ch := w.Changes[j]
			return strings.ToUpper(ch.Op) + " " + ch.Table
		})
	}
}

func compareScenario(t *testing.T, i int, got []delivered, xid string, changes int, text func(int) string) {
	t.Helper()
	at := slices.IndexFunc(got, func(d delivered) bool {
		b, err := hex.DecodeString(xid)
		return err == nil && d.xid == XID(b).String()
	})
	if at < 0 {
		t.Errorf("transaction %s did not come", xid)
		return
	}
	if len(got[at].ops) != changes {
		t.Errorf("transaction %d has %d operations, want %d: %q", i, len(got[at].ops), changes, got[at].ops)
		return
	}
	for j := range changes {
		op := strings.TrimPrefix(got[at].ops[j], "PK ")
		if !strings.HasPrefix(op, text(j)) {
			t.Errorf("operation %d of transaction %d is %q, want %s", j, i, op, text(j))
		}
	}
}

// keyText is the row's key, as far as it can be told.
func keyText(r *caseRow) string {
	if v, ok := r.Before["ID"]; ok {
		return v
	}
	return fmt.Sprint(r.After["ID"])
}

// scenarioTables makes a table of the columns that occur, all of them text or LOBs.
func scenarioTables(rows []caseRow) []*Table {
	columns := map[string]map[string]string{}
	for _, r := range rows {
		if columns[r.Table] == nil {
			columns[r.Table] = map[string]string{}
		}
		list := columns[r.Table]
		for name, v := range r.After {
			switch {
			case v == "EMPTY_CLOB()":
				list[name] = "CLOB"
			case v == "EMPTY_BLOB()":
				list[name] = "BLOB"
			case list[name] == "":
				list[name] = "VARCHAR2"
			}
		}
		for name := range r.Before {
			if list[name] == "" {
				list[name] = "VARCHAR2"
			}
		}
	}
	var tables []*Table
	for i, name := range slices.Sorted(maps.Keys(columns)) {
		t := &Table{Object: uint32(100 + i)}
		t.Owner, t.Name, _ = strings.Cut(name, ".")
		for _, c := range slices.Sorted(maps.Keys(columns[name])) {
			t.Columns = append(t.Columns, Column{Name: c, Number: len(t.Columns) + 1,
				Type: columns[name][c], Length: 4000, Nullable: true})
			if c == "ID" {
				t.Key = []int{len(t.Columns) - 1}
			}
		}
		tables = append(tables, t)
	}
	return tables
}

// scenarioText is a change as SQL_REDO.
func scenarioText(t *Table, r *caseRow) string {
	value := func(c *Column, v any) string {
		s := fmt.Sprint(v)
		switch {
		case v == nil:
			return "NULL"
		case s == "EMPTY_CLOB()" || s == "EMPTY_BLOB()":
			return s
		case c.Type == "BLOB":
			return "HEXTORAW('" + s + "')"
		}
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var names, values, set, where []string
	for i := range t.Columns {
		c := &t.Columns[i]
		if v, ok := r.After[c.Name]; ok {
			names, values = append(names, `"`+c.Name+`"`), append(values, value(c, v))
			set = append(set, `"`+c.Name+`" = `+value(c, v))
		}
		if v, ok := r.Before[c.Name]; ok {
			where = append(where, `"`+c.Name+`" = `+value(c, v))
		}
	}
	table := `"` + t.Owner + `"."` + t.Name + `"`
	switch r.Op {
	case "insert":
		return "insert into " + table + "(" + strings.Join(names, ",") + ") values (" +
			strings.Join(values, ",") + ");"
	case "update":
		return "update " + table + " set " + strings.Join(set, ", ") + " where " +
			strings.Join(where, " and ") + ";"
	}
	return "delete from " + table + " where " + strings.Join(where, " and ") + ";"
}
