// Package oracletest is LogMiner in small: it renders changes of tables as rows of
// V$LOGMNR_CONTENTS, with and without a dictionary, and it makes histories of
// transactions of which a capture has to deliver exactly the committed changes.
//
// It is no database: it has no SQL and keeps no tables. Its law: what it renders
// follows what is known of LogMiner's rows, not what the capture would like to read.
package oracletest

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// PieceSize is how many characters of SQL_REDO one row has; what is longer goes on in
// the next row (CSF).
const PieceSize = 4000

// inlineLOB is how many octets of a LOB are kept in its row.
const inlineLOB = 3964

// lobPiece is how many characters or octets one LOB_WRITE has.
const lobPiece = 1000

// NoRowID is the ROW_ID of rows that have none.
const NoRowID = "AAAAAAAAAAAAAAAAAA"

// Place is where in the redo a row stands, and to whom it belongs.
type Place struct {
	SCN       uint64
	Time      time.Time
	XID       oracle.XID
	Thread    int
	Sequence  uint64 // of the log file
	Block     uint64
	Offset    int
	SSN       int64
	Container uint32
	User      string
}

// RSID prints the place of a redo record: sequence, block and offset, with blanks around.
func (p *Place) RSID() string {
	return fmt.Sprintf(" 0x%06x.%08x.%04x ", p.Sequence, p.Block, p.Offset)
}

// row begins a row.
func (p *Place) row(code oracle.Code, redo string) oracle.Row {
	return oracle.Row{SCN: p.SCN, Time: p.Time, Code: code, XID: p.XID, RSID: p.RSID(), SSN: p.SSN,
		Thread: p.Thread, RowID: NoRowID, Container: p.Container, User: p.User, Redo: []byte(redo)}
}

// Start is the row of a transaction's begin; it stands where its first change does.
func Start(p *Place) oracle.Row { return p.row(oracle.CodeStart, "set transaction read write;") }

// Commit is the row of a commit.
func Commit(p *Place) oracle.Row { return p.row(oracle.CodeCommit, "commit;") }

// Rollback is the row of a whole rollback.
func Rollback(p *Place) oracle.Row { return p.row(oracle.CodeRollback, "rollback;") }

// DDL is the row of a statement about an object; object is 0 where it has no number.
func DDL(p *Place, owner, name string, object uint32, text string) oracle.Row {
	r := p.row(oracle.CodeDDL, text)
	r.Owner, r.Table, r.Object = owner, name, object
	r.Info = "USER DDL (PlSql=0 RecDep=0)"
	return r
}

// Change is one change of a row.
type Change struct {
	Code  oracle.Code // CodeInsert, CodeUpdate or CodeDelete
	Table *oracle.Table
	RowID string
	// Before and After have a value for each column; those that are record.Missing are
	// not logged, or not changed.
	Before, After []record.Value
	// Undo says that the change undoes an earlier one: a savepoint, a failed statement.
	Undo bool
}

// Renderer turns changes into rows.
type Renderer struct {
	// Catalog renders names and literals as with the online catalog, else raw.
	Catalog bool
	// Mismatch are the tables of which the catalog knows another version: they are
	// rendered raw in spite of it.
	Mismatch func(t *oracle.Table) bool
}

// raw reports how a table is rendered.
func (r *Renderer) raw(t *oracle.Table) bool {
	return !r.Catalog || r.Mismatch != nil && r.Mismatch(t)
}

// AppendChange appends the rows of a change: several where the text is long, or values
// are LOBs.
func (r *Renderer) AppendChange(rows []oracle.Row, p *Place, c *Change) ([]oracle.Row, error) {
	row := r.begin(p, c)
	if c.Undo {
		row.Rollback = true
		return r.undo(rows, row, c)
	}
	text, err := r.statement(c)
	if err != nil {
		return rows, err
	}
	if text != "" {
		rows = appendPieces(rows, row, text)
	}
	if c.Code == oracle.CodeDelete {
		return rows, nil
	}
	return r.appendLOBs(rows, p, c)
}

// begin makes the row that all of a change's rows are like.
func (r *Renderer) begin(p *Place, c *Change) oracle.Row {
	row := p.row(c.Code, "")
	row.RowID, row.Object = c.RowID, c.Table.Object
	row.Owner, row.Table = c.Table.Owner, c.Table.Name
	if r.raw(c.Table) {
		row.Owner, row.Table = "UNKNOWN", fmt.Sprintf("OBJ# %d", c.Table.Object)
		if r.Catalog {
			row.Status, row.Info = 2, "Dictionary Mismatch"
		}
	}
	return row
}

// undo renders a row that undoes another: it has the row id alone.
func (r *Renderer) undo(rows []oracle.Row, row oracle.Row, c *Change) ([]oracle.Row, error) {
	where := " where ROWID = '" + c.RowID + "';"
	switch c.Code {
	case oracle.CodeDelete:
		return append(rows, withText(row, "delete from "+r.table(c.Table)+where)), nil
	case oracle.CodeUpdate:
		set, err := r.list(c.Table, c.After, " = ", ", ", false)
		return appendPieces(rows, row, "update "+r.table(c.Table)+" set "+set+where), err
	}
	text, err := r.insert(c)
	return appendPieces(rows, row, text), err
}

func withText(row oracle.Row, text string) oracle.Row {
	row.Redo = []byte(text)
	return row
}

// appendPieces cuts a text into rows.
func appendPieces(rows []oracle.Row, row oracle.Row, text string) []oracle.Row {
	runes := []rune(text)
	for len(runes) > PieceSize {
		piece := withText(row, string(runes[:PieceSize]))
		piece.Continues = true
		rows, runes = append(rows, piece), runes[PieceSize:]
	}
	return append(rows, withText(row, string(runes)))
}

// statement is the text of a change; LOBs are left out or empty.
func (r *Renderer) statement(c *Change) (string, error) {
	switch c.Code {
	case oracle.CodeInsert:
		return r.insert(c)
	case oracle.CodeDelete:
		where, err := r.list(c.Table, c.Before, " = ", " and ", true)
		return "delete from " + r.table(c.Table) + " where " + where + ";", err
	}
	set, err := r.list(c.Table, withoutLOBs(c.Table, c.After), " = ", ", ", false)
	if err != nil || set == "" {
		return "", err
	}
	where, err := r.list(c.Table, c.Before, " = ", " and ", true)
	return "update " + r.table(c.Table) + " set " + set + " where " + where + ";", err
}

// insert is the text of an insert, with EMPTY_CLOB() for the LOBs.
func (r *Renderer) insert(c *Change) (string, error) {
	var names, values []string
	for i := range c.Table.Columns {
		column, v := &c.Table.Columns[i], &c.After[i]
		if v.Kind == record.Missing {
			continue
		}
		text := emptyLOB(column)
		if text == "" {
			var err error
			if text, err = r.value(c.Table, column, v); err != nil {
				return "", err
			}
		}
		names, values = append(names, r.column(c.Table, column)), append(values, text)
	}
	return "insert into " + r.table(c.Table) + "(" + strings.Join(names, ",") + ") values (" +
		strings.Join(values, ",") + ");", nil
}

func emptyLOB(c *oracle.Column) string {
	switch c.Type {
	case "CLOB", "NCLOB":
		return "EMPTY_CLOB()"
	case "BLOB":
		return "EMPTY_BLOB()"
	}
	return ""
}

// withoutLOBs gives values with those of LOBs taken out.
func withoutLOBs(t *oracle.Table, values []record.Value) []record.Value {
	out := append([]record.Value(nil), values...)
	for i := range t.Columns {
		if t.Columns[i].LOB() {
			out[i] = record.Value{Kind: record.Missing}
		}
	}
	return out
}

// list renders values as SET or WHERE list; LOBs are in no WHERE list.
func (r *Renderer) list(t *oracle.Table, values []record.Value, is, sep string,
	where bool) (string, error) {
	var terms []string
	for i := range t.Columns {
		c := &t.Columns[i]
		if values[i].Kind == record.Missing || where && c.LOB() {
			continue
		}
		if where && values[i].Kind == record.Null {
			terms = append(terms, r.column(t, c)+" IS NULL")
			continue
		}
		text, err := r.value(t, c, &values[i])
		if err != nil {
			return "", err
		}
		terms = append(terms, r.column(t, c)+is+text)
	}
	return strings.Join(terms, sep), nil
}

// table and column are names as the text has them.
func (r *Renderer) table(t *oracle.Table) string {
	if r.raw(t) {
		return fmt.Sprintf(`"UNKNOWN"."OBJ# %d"`, t.Object)
	}
	return quoted(t.Owner) + "." + quoted(t.Name)
}

func (r *Renderer) column(t *oracle.Table, c *oracle.Column) string {
	if r.raw(t) {
		return fmt.Sprintf(`"COL %d"`, c.Number)
	}
	return quoted(c.Name)
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// value renders a value.
func (r *Renderer) value(t *oracle.Table, c *oracle.Column, v *record.Value) (string, error) {
	if v.Kind == record.Null {
		return "NULL", nil
	}
	if r.raw(t) {
		b, err := AppendInternal(nil, c, v)
		return "HEXTORAW('" + hex.EncodeToString(b) + "')", err
	}
	return literal(c, v), nil
}
