package oradb

import (
	"fmt"
	"strconv"

	"ggsh/tests/tns"
)

// noScale is the scale of a NUMBER that keeps every digit.
const noScale = -127

// dataType is a declared column type.
type dataType struct {
	kind tns.Type
	// name is DATA_TYPE of the dictionary: TIMESTAMP(6) WITH TIME ZONE.
	name string
	// length counts characters if chars, else octets.
	length           int
	chars            bool
	precision, scale int
	// native numbers are those of views: whole and small, whatever the precision.
	native bool
}

// integer reports whether values are stored as integers of SQLite.
func (t *dataType) integer() bool {
	switch t.kind {
	case tns.Number:
		return t.native || t.name == "NUMBER" && t.precision > 0 && t.precision <= 18 && t.scale == 0
	case tns.IntervalYM, tns.IntervalDS:
		return true
	}
	return false
}

func (t *dataType) lob() bool {
	return t.kind == tns.CLOB || t.kind == tns.NCLOB || t.kind == tns.BLOB
}

func (t *dataType) long() bool { return t.kind == tns.Long || t.kind == tns.LongRaw }

func (t *dataType) character() bool {
	switch t.kind {
	case tns.Varchar2, tns.Char, tns.NVarchar2, tns.NChar, tns.CLOB, tns.NCLOB, tns.Long:
		return true
	}
	return false
}

// national reports whether the type has the national character set.
func (t *dataType) national() bool {
	return t.kind == tns.NVarchar2 || t.kind == tns.NChar || t.kind == tns.NCLOB
}

// declaration is the column's in SQLite; n leads back from a result to the type.
func (t *dataType) declaration(n int) string {
	switch {
	case t.integer():
		return fmt.Sprintf("INT_%d", n)
	case t.kind == tns.Number:
		return fmt.Sprintf("TEXT_%d COLLATE ORANUMBER", n)
	case t.kind == tns.Char, t.kind == tns.NChar:
		return fmt.Sprintf("TEXT_%d COLLATE RTRIM", n)
	case t.kind == tns.RowID:
		return fmt.Sprintf("TEXT_%d COLLATE ORAROWID", n)
	case t.kind == tns.Raw, t.kind == tns.BLOB, t.kind == tns.LongRaw:
		return fmt.Sprintf("BLOB_%d", n)
	case t.kind == tns.BinaryFloat, t.kind == tns.BinaryDouble:
		return fmt.Sprintf("BLOB_REAL_%d", n)
	}
	return fmt.Sprintf("TEXT_%d", n)
}

// dataLength is DATA_LENGTH of the dictionary.
func (t *dataType) dataLength() int {
	switch t.kind {
	case tns.Number:
		return 22
	case tns.Varchar2, tns.Char:
		if t.chars {
			return min(4*t.length, 4000)
		}
		return t.length
	case tns.NVarchar2, tns.NChar:
		return 2 * t.length
	case tns.Raw:
		return t.length
	case tns.Date:
		return 7
	case tns.Timestamp, tns.TimestampLTZ, tns.IntervalDS:
		return 11
	case tns.TimestampTZ:
		return 13
	case tns.IntervalYM:
		return 5
	case tns.BinaryFloat:
		return 4
	case tns.BinaryDouble:
		return 8
	case tns.RowID:
		return 10
	case tns.CLOB, tns.NCLOB, tns.BLOB:
		return 4000
	}
	return 0
}

// column describes a result's column of this type.
func (t *dataType) column(name string) tns.Column {
	c := tns.Column{Name: name, Type: t.kind, Size: t.dataLength(), Nullable: true}
	if t.kind == tns.Number {
		c.Precision, c.Scale = t.precision, t.scale
	}
	if t.kind == tns.Timestamp || t.kind == tns.TimestampTZ || t.kind == tns.TimestampLTZ ||
		t.kind == tns.IntervalDS || t.kind == tns.IntervalYM {
		c.Precision, c.Scale = t.precision, t.scale
	}
	return c
}

// numberOf and varchar are types of views.
func numberOf(precision int) dataType {
	if precision == 0 {
		return dataType{kind: tns.Number, name: "NUMBER", scale: noScale}
	}
	return dataType{kind: tns.Number, name: "NUMBER", precision: precision}
}

func varchar(length int) dataType {
	return dataType{kind: tns.Varchar2, name: "VARCHAR2", length: length}
}

// parseType reads a column type at the parser's place.
func (p *parser) parseType() (dataType, error) {
	first := p.next()
	if !first.name() {
		return dataType{}, p.fail(902)
	}
	name := first.text
	switch name {
	case "NUMBER", "NUMERIC", "DECIMAL", "DEC":
		return p.numberType(name)
	case "INTEGER", "INT", "SMALLINT":
		return dataType{kind: tns.Number, name: "NUMBER", precision: 38}, nil
	case "FLOAT":
		n, _, err := p.size(126)
		return dataType{kind: tns.Number, name: "FLOAT", precision: n, scale: noScale}, err
	case "REAL":
		return dataType{kind: tns.Number, name: "FLOAT", precision: 63, scale: noScale}, nil
	case "DOUBLE":
		p.accept("PRECISION")
		return dataType{kind: tns.Number, name: "FLOAT", precision: 126, scale: noScale}, nil
	case "TIMESTAMP":
		return p.timestampType()
	case "INTERVAL":
		return p.intervalType()
	case "LONG":
		if p.accept("RAW") {
			return dataType{kind: tns.LongRaw, name: "LONG RAW"}, nil
		}
		return dataType{kind: tns.Long, name: "LONG"}, nil
	}
	return p.plainType(name)
}

// plainType reads types of one word and at most a length.
func (p *parser) plainType(name string) (dataType, error) {
	kinds := map[string]tns.Type{"VARCHAR2": tns.Varchar2, "VARCHAR": tns.Varchar2,
		"CHAR": tns.Char, "CHARACTER": tns.Char, "NVARCHAR2": tns.NVarchar2, "NCHAR": tns.NChar,
		"RAW": tns.Raw, "DATE": tns.Date, "CLOB": tns.CLOB, "NCLOB": tns.NCLOB, "BLOB": tns.BLOB,
		"BINARY_FLOAT": tns.BinaryFloat, "BINARY_DOUBLE": tns.BinaryDouble, "ROWID": tns.RowID,
		"UROWID": tns.RowID}
	kind, known := kinds[name]
	if !known {
		return dataType{}, unsupported("data type " + name)
	}
	switch name {
	case "VARCHAR":
		name = "VARCHAR2"
	case "CHARACTER":
		name = "CHAR"
	}
	n, chars, err := p.size(1)
	return dataType{kind: kind, name: name, length: n,
		chars: chars || kind == tns.NVarchar2 || kind == tns.NChar}, err
}

func (p *parser) numberType(name string) (dataType, error) {
	t := dataType{kind: tns.Number, name: "NUMBER", scale: noScale}
	if name != "NUMBER" {
		t.precision, t.scale = 38, 0
	}
	if !p.accept("(") {
		return t, nil
	}
	t.precision, t.scale = 38, 0
	if !p.accept("*") {
		t.precision = p.integer()
	}
	if p.accept(",") {
		negative := p.accept("-")
		if t.scale = p.integer(); negative {
			t.scale = -t.scale
		}
	}
	return t, p.expect(")")
}

func (p *parser) timestampType() (dataType, error) {
	n, _, err := p.size(6)
	t := dataType{kind: tns.Timestamp, name: fmt.Sprintf("TIMESTAMP(%d)", n), scale: n}
	if !p.accept("WITH") {
		return t, err
	}
	if p.accept("LOCAL") {
		t.kind, t.name = tns.TimestampLTZ, t.name+" WITH LOCAL TIME ZONE"
	} else {
		t.kind, t.name = tns.TimestampTZ, t.name+" WITH TIME ZONE"
	}
	p.accept("TIME")
	return t, p.expect("ZONE")
}

func (p *parser) intervalType() (dataType, error) {
	years := p.accept("YEAR")
	if !years {
		p.accept("DAY")
	}
	first, _, err := p.size(2)
	if err != nil {
		return dataType{}, err
	}
	p.accept("TO")
	if years {
		return dataType{kind: tns.IntervalYM, precision: first,
			name: fmt.Sprintf("INTERVAL YEAR(%d) TO MONTH", first)}, p.expect("MONTH")
	}
	p.accept("SECOND")
	second, _, err := p.size(6)
	return dataType{kind: tns.IntervalDS, precision: first, scale: second,
		name: fmt.Sprintf("INTERVAL DAY(%d) TO SECOND(%d)", first, second)}, err
}

// size reads (n [BYTE|CHAR]), or gives the default.
func (p *parser) size(byDefault int) (n int, chars bool, err error) {
	if !p.accept("(") {
		return byDefault, false, nil
	}
	n = p.integer()
	chars = p.accept("CHAR")
	if !chars {
		p.accept("BYTE")
	}
	return n, chars, p.expect(")")
}

// integer reads a number; 0 if there is none.
func (p *parser) integer() int {
	if p.peek().kind != number {
		return 0
	}
	n, _ := strconv.Atoi(p.next().text)
	return n
}
