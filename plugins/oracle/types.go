package main

import (
	"strconv"
	"strings"

	"ggsh/record"
)

// family is a set of Oracle's types whose values are bound the same way.
type family uint8

const (
	otherType family = iota // object types, VECTOR, BFILE and what came later
	numberType
	floatType   // FLOAT(b): a NUMBER of b binary digits
	singleType  // BINARY_FLOAT
	doubleType  // BINARY_DOUBLE
	charType    // CHAR, NCHAR: padded with blanks
	varcharType // VARCHAR2, NVARCHAR2
	clobType
	longType
	rawType
	blobType
	longRawType
	dateType
	timestampType
	zonedType // TIMESTAMP WITH TIME ZONE
	localType // TIMESTAMP WITH LOCAL TIME ZONE
	yearsType // INTERVAL YEAR TO MONTH
	daysType  // INTERVAL DAY TO SECOND
	xmlType
	jsonType
	boolType
	rowidType
)

// longestText is what MAX_STRING_SIZE allows at most.
const longestText = 32767

// columnType is a column's type as its definition names it: NUMBER(10,2),
// VARCHAR2(40 CHAR), TIMESTAMP(6) WITH TIME ZONE.
type columnType struct {
	family    family
	national  bool // of the national character set
	octets    bool // length counts octets, not characters
	length    int
	precision int // 0 is any
	scale     int
	scaled    bool // a scale is declared
}

// simpleTypes are the types whose name says all.
var simpleTypes = map[string]family{
	"NUMBER": numberType, "FLOAT": floatType, "BINARY_FLOAT": singleType,
	"BINARY_DOUBLE": doubleType, "CHAR": charType, "NCHAR": charType, "VARCHAR2": varcharType,
	"NVARCHAR2": varcharType, "CLOB": clobType, "NCLOB": clobType, "LONG": longType, "RAW": rawType,
	"BLOB": blobType, "LONG RAW": longRawType, "DATE": dateType, "XMLTYPE": xmlType,
	"JSON": jsonType, "BOOLEAN": boolType, "ROWID": rowidType, "UROWID": rowidType,
}

// parseType reads a type's text.
func parseType(text string) columnType {
	name, rest, _ := strings.Cut(text, "(")
	inner, tail, _ := strings.Cut(rest, ")")
	name = strings.TrimSpace(name)
	t := columnType{family: simpleTypes[name], national: strings.HasPrefix(name, "N") &&
		name != "NUMBER"}
	switch {
	case strings.HasPrefix(name, "TIMESTAMP"):
		t.family = timestampType
		switch {
		case strings.HasSuffix(text, "WITH LOCAL TIME ZONE"):
			t.family = localType
		case strings.HasSuffix(text, "WITH TIME ZONE"):
			t.family = zonedType
		}
		t.scale = 6
		if n, err := strconv.Atoi(inner); err == nil {
			t.scale = n
		}
	case strings.HasPrefix(name, "INTERVAL YEAR"):
		t.family = yearsType
	case strings.HasPrefix(name, "INTERVAL DAY"):
		t.family, t.scale = daysType, 6
		if _, seconds, ok := strings.Cut(tail, "SECOND("); ok {
			t.scale, _ = strconv.Atoi(strings.TrimSuffix(seconds, ")"))
		}
	case t.family == numberType || t.family == floatType:
		t.numbers(inner)
	default:
		length, unit, _ := strings.Cut(inner, " ")
		t.length, _ = strconv.Atoi(length)
		t.length = min(max(t.length, 0), longestText)
		t.octets = unit == "BYTE" || t.family == rawType
	}
	return t
}

func (t *columnType) numbers(inner string) {
	precision, scale, scaled := strings.Cut(inner, ",")
	t.precision, _ = strconv.Atoi(strings.TrimSpace(precision)) // * is any
	t.scale, _ = strconv.Atoi(strings.TrimSpace(scale))
	t.scaled = t.family == numberType && (scaled || t.precision > 0)
}

// kind is the usual form of the values, as capture has them.
func (t *columnType) kind() record.Kind {
	switch t.family {
	case numberType:
		if t.scaled && t.scale == 0 && t.precision > 0 && t.precision <= 18 {
			return record.Int
		}
		return record.Decimal
	case floatType:
		return record.Decimal
	case singleType:
		return record.Float32
	case doubleType:
		return record.Float64
	case rawType, blobType, longRawType:
		return record.Bytes
	case dateType, timestampType:
		return record.Timestamp
	case zonedType, localType:
		return record.TimestampTZ
	case yearsType, daysType:
		return record.Interval
	case xmlType:
		return record.XML
	case jsonType:
		return record.JSON
	case boolType:
		return record.Bool
	}
	return record.String
}

// isLOB says of a type that its values are kept apart and cannot be compared by =.
func (t *columnType) isLOB() bool { return t.family == clobType || t.family == blobType }

// isText says that values are characters.
func (t *columnType) isText() bool {
	return t.family == charType || t.family == varcharType || t.family == clobType ||
		t.family == longType || t.family == rowidType
}

// isOctets says that values are octets.
func (t *columnType) isOctets() bool {
	return t.family == rawType || t.family == blobType || t.family == longRawType
}

// isTime says that values are dates or times of day on a date.
func (t *columnType) isTime() bool { return t.family >= dateType && t.family <= localType }

// compares says that values can find a row.
func (t *columnType) compares() bool {
	switch t.family {
	case xmlType, jsonType, longType, longRawType, otherType:
		return false
	}
	return true
}

// inArrays says that several values can be bound at once. LOBs and whatever may be
// longer than 4000 octets go one by one.
func (t *columnType) inArrays() bool {
	const longest = 4000
	switch t.family {
	case clobType, blobType, longType, longRawType, xmlType, jsonType, otherType:
		return false
	}
	return t.length <= longest
}
