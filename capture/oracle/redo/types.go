package redo

import (
	"strings"

	"ggsh/record"
)

// Type is the type of a column. Make it with NewType: it is read only, and may be used by
// several goroutines.
type Type struct {
	Name             string // as DATA_TYPE has it: NUMBER, TIMESTAMP(6) WITH TIME ZONE
	Length           int    // of character strings and RAW, 0 if not known
	Precision, Scale int    // of NUMBER; precision 0 for one without
	Charset          string // Oracle's name of the character set of the octets, of texts

	form form
	zone int // minutes east of UTC of TIMESTAMP WITH LOCAL TIME ZONE's octets
	set  *charset
}

// form is what the types have in common, seen from a record.
type form uint8

const (
	noForm form = iota
	integers
	decimals
	singles
	doubles
	texts
	lobTexts
	octets
	lobOctets
	rowIDs
	dates
	timestamps
	zoned
	local
	months
	days
	xmlTexts
	jsonTexts
)

var formKinds = [...]record.Kind{integers: record.Int, decimals: record.Decimal,
	singles: record.Float32, doubles: record.Float64, texts: record.String, lobTexts: record.String,
	octets: record.Bytes, lobOctets: record.Bytes, rowIDs: record.String, dates: record.Timestamp,
	timestamps: record.Timestamp, zoned: record.TimestampTZ, local: record.TimestampTZ,
	months: record.Interval, days: record.Interval, xmlTexts: record.XML, jsonTexts: record.JSON}

// Database says how a database writes its octets.
type Database struct {
	Charset  string // NLS_CHARACTERSET
	National string // NLS_NCHAR_CHARACTERSET
	// Zone is DBTIMEZONE in minutes east of UTC: internal octets of TIMESTAMP WITH LOCAL TIME
	// ZONE are in it. Literals are in UTC, as the session's time zone is set to it.
	Zone int
}

// NewType makes the Type of a column from what the dictionary says of it: DATA_TYPE,
// DATA_PRECISION (0 for NULL), DATA_SCALE, DATA_LENGTH. It is an *UnsupportedError if values of
// the type cannot be read (BFILE, VECTOR, object types), or the character set is not known.
func NewType(name string, precision, scale, length int, in Database) (*Type, error) {
	t := &Type{Name: name, Precision: precision, Scale: scale, Length: length, zone: in.Zone}
	switch plainName(name) {
	case "NUMBER":
		t.form = decimals
		if precision > 0 && precision <= 18 && scale == 0 {
			t.form = integers
		}
	case "FLOAT":
		t.form = decimals
	case "BINARY_FLOAT":
		t.form = singles
	case "BINARY_DOUBLE":
		t.form = doubles
	case "CHAR", "VARCHAR2", "VARCHAR", "LONG":
		t.form, t.Charset = texts, in.Charset
	case "NCHAR", "NVARCHAR2":
		t.form, t.Charset = texts, in.National
	case "CLOB":
		t.form, t.Charset = lobTexts, clobCharset(in.Charset)
	case "NCLOB":
		t.form, t.Charset = lobTexts, "AL16UTF16"
	case "RAW", "LONG RAW":
		t.form = octets
	case "BLOB":
		t.form = lobOctets
	case "ROWID", "UROWID":
		t.form, t.Charset = rowIDs, "US7ASCII"
	case "DATE":
		t.form = dates
	case "TIMESTAMP":
		t.form = timestamps
	case "TIMESTAMP WITH TIME ZONE":
		t.form = zoned
	case "TIMESTAMP WITH LOCAL TIME ZONE":
		t.form = local
	case "INTERVAL YEAR TO MONTH":
		t.form = months
	case "INTERVAL DAY TO SECOND":
		t.form = days
	case "XMLTYPE":
		t.form, t.Charset = xmlTexts, in.Charset
	case "JSON":
		t.form, t.Charset = jsonTexts, "AL32UTF8"
	default:
		return nil, &UnsupportedError{What: "type", Name: name}
	}
	return t, t.findCharset()
}

func (t *Type) findCharset() error {
	if t.Charset == "" && (t.form == texts || t.form == lobTexts || t.form == xmlTexts) {
		return &UnsupportedError{What: "character set", Name: "(none) of type " + t.Name}
	}
	if t.Charset == "" {
		return nil
	}
	if t.set = findCharset(t.Charset); t.set == nil {
		return &UnsupportedError{What: "character set", Name: t.Charset}
	}
	return nil
}

// plainName leaves out the numbers in brackets, in capitals.
func plainName(name string) string {
	var b strings.Builder
	depth := 0
	for _, r := range strings.ToUpper(name) {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Kind is the kind of the values in records. NULL is of kind record.Null, whatever the type.
func (t *Type) Kind() record.Kind { return formKinds[t.form] }

func (t *Type) fail(cause string) error { return &ValueError{Type: t.Name, Cause: cause} }
