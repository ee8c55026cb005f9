// Package payload reads rows and operations out of bytes: a line of a file, the
// payload of a message.
//
// It reads no file and no network; captures hand it whole records. Its law: a value
// is exact in the kind of its column, or the record is refused with the column and
// the reason; nothing is guessed, cut or rounded.
package payload

import (
	"fmt"
	"io"

	"ggsh/record"
)

// Form is what a record is.
type Form uint8

// The forms of records.
const (
	CSV  Form = iota // fields with a delimiter: an inserted row
	JSON             // an object: an inserted row
	Ops              // an object as the json formatter writes it: any operation
	Rows             // an object as the json_row formatter writes it
)

// Format says how records are read.
type Format struct {
	Form      Form
	Header    bool   // CSV: the first record of a file names the columns
	Delimiter byte   // CSV
	Quote     byte   // CSV; zero: none
	NullText  string // CSV: an unquoted field of this text is NULL, as an empty one is
}

// BadRecord says why a record is no row.
type BadRecord struct {
	Table  string
	Column string // empty: the record as a whole
	Reason string
}

// Error names table and column.
func (e *BadRecord) Error() string {
	switch {
	case e.Column != "":
		return fmt.Sprintf("column %s of table %s: %s", e.Column, e.Table, e.Reason)
	case e.Table != "":
		return fmt.Sprintf("record of table %s: %s", e.Table, e.Reason)
	}
	return e.Reason
}

func badRecord(format string, args ...any) error {
	return &BadRecord{Reason: fmt.Sprintf(format, args...)}
}

// Decoder turns records into operations. It belongs to one goroutine, and uses its
// buffers again: what it gives is valid until the next call.
type Decoder struct {
	format Format
	tables *Tables
	table  *table // of records that do not name theirs; nil where they do

	rest   []byte // of the record
	json   jsonText
	fields fields
	slots  []jsonValue // by column
	before []jsonValue
	meta   operationMeta
	key    []int
	text   []byte // unescaped strings
	body   []byte
}

// NewDecoder makes a decoder for records of one table, or for records that name
// their tables.
func (t *Tables) NewDecoder(f Format, schema, name string) (*Decoder, error) {
	d := &Decoder{format: f, tables: t}
	var err error
	switch f.Form {
	case CSV:
		if !f.Header {
			d.table, err = t.declaredOnly(schema, name)
		}
	case JSON:
		d.table, err = t.find(schema, name)
	}
	return d, err
}

// Begin takes a record; Next gives its operations.
func (d *Decoder) Begin(rec []byte) {
	d.rest, d.text = rec, d.text[:0]
	d.json.begin(rec)
}

// Next gives the next operation of the record, io.EOF behind the last, a *BadRecord
// when it is no operation.
func (d *Decoder) Next() (*record.TableDef, []byte, error) {
	if d.format.Form == CSV {
		if d.rest == nil {
			return nil, nil, io.EOF
		}
		return d.csvRow()
	}
	if d.json.peek(); d.json.i >= len(d.json.b) {
		return nil, nil, io.EOF
	}
	if d.format.Form == JSON {
		return d.jsonRow()
	}
	return d.operation()
}

// in names the table in an error that lacks it.
func (t *table) in(err error, column string) error {
	if bad, ok := err.(*BadRecord); ok {
		if bad.Table == "" {
			bad.Table = t.def.FullName()
		}
		if bad.Column == "" {
			bad.Column = column
		}
	}
	return err
}
