package oracletest

import (
	"encoding/hex"
	"fmt"
	"strings"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// appendLOBs appends the rows that carry the LOBs of an insert or update: small ones
// as an update of the same row, large ones as a locator and pieces.
func (r *Renderer) appendLOBs(rows []oracle.Row, p *Place, c *Change) ([]oracle.Row, error) {
	inline := make([]record.Value, len(c.After))
	any := false
	for i := range c.Table.Columns {
		column, v := &c.Table.Columns[i], &c.After[i]
		if v.Kind == record.Missing || !column.LOB() {
			continue
		}
		if v.Kind == record.Null || len(v.B) <= inlineLOB && len(v.B) > 0 {
			inline[i], any = *v, true
			continue
		}
		var err error
		if rows, err = r.appendLOB(rows, p, c, column, v); err != nil {
			return rows, err
		}
	}
	if !any {
		return rows, nil
	}
	row := r.begin(p, c)
	row.Code = oracle.CodeUpdate
	set, err := r.list(c.Table, inline, " = ", ", ", false)
	if err != nil {
		return rows, err
	}
	where, err := r.lobWhere(c)
	return appendPieces(rows, row, "update "+r.table(c.Table)+" set "+set+where+";"), err
}

// lobWhere finds the row that a LOB belongs to, by its values after the change.
func (r *Renderer) lobWhere(c *Change) (string, error) {
	values := append([]record.Value(nil), c.After...)
	for i := range values {
		if values[i].Kind == record.Missing && c.Before != nil {
			values[i] = c.Before[i]
		}
	}
	where, err := r.list(c.Table, values, " = ", " and ", true)
	return " where " + where, err
}

// appendLOB appends the locator and the pieces of one LOB.
func (r *Renderer) appendLOB(rows []oracle.Row, p *Place, c *Change, column *oracle.Column,
	v *record.Value) ([]oracle.Row, error) {
	locator := "loc_c"
	switch {
	case column.Type == "BLOB":
		locator = "loc_b"
	case column.National:
		locator = "loc_nc"
	}
	where, err := r.lobWhere(c)
	if err != nil {
		return rows, err
	}
	row := r.begin(p, c)
	row.Code = oracle.CodeLOBSelect
	if row.Info == "" {
		row.Info = "LOB sql_redo not re-executable"
	}
	rows = appendPieces(rows, row, fmt.Sprintf("DECLARE \n loc_c CLOB; \n buf_c VARCHAR2(6174); \n "+
		"loc_b BLOB; \n buf_b RAW(6174); \n loc_nc NCLOB; \n buf_nc NVARCHAR2(6174); \nBEGIN\n "+
		"select %s into %s from %s%s for update;", r.column(c.Table, column), locator,
		r.table(c.Table), where))
	row.Code = oracle.CodeLOBWrite
	for _, piece := range r.lobPieces(c.Table, column, v) {
		rows = appendPieces(rows, row, fmt.Sprintf(" buf_%s := %s;\n  dbms_lob.write(%s, %d, %d, buf_%s);",
			locator[4:], piece.text, locator, piece.length, piece.offset, locator[4:]))
	}
	return rows, nil
}

// piece is one LOB_WRITE.
type piece struct {
	text           string
	offset, length int
}

// lobPieces cuts a LOB. Characters are written as text, without a dictionary as octets.
func (r *Renderer) lobPieces(t *oracle.Table, column *oracle.Column, v *record.Value) []piece {
	var list []piece
	if column.Type == "BLOB" {
		for at := 0; at < len(v.B); at += lobPiece {
			b := v.B[at:min(at+lobPiece, len(v.B))]
			list = append(list, piece{"HEXTORAW('" + hex.EncodeToString(b) + "')", at + 1, len(b)})
		}
		return list
	}
	runes := []rune(string(v.B))
	for at := 0; at < len(runes); at += lobPiece {
		text := string(runes[at:min(at+lobPiece, len(runes))])
		n := len([]rune(text))
		rendered := "'" + strings.ReplaceAll(text, "'", "''") + "'"
		if r.raw(t) {
			part := record.Value{Kind: record.String, B: []byte(text)}
			octets, err := AppendInternal(nil, column, &part)
			if err != nil {
				panic(err) // text has an internal form
			}
			rendered = "HEXTORAW('" + hex.EncodeToString(octets) + "')"
		}
		list = append(list, piece{rendered, at + 1, n})
	}
	return list
}
