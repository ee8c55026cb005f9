package binlog

import (
	"fmt"

	"ggsh/record"
)

// op says how one column's bytes become a value.
type op uint8

const (
	opInt op = iota // size 1 to 8, little endian, signed
	opUint
	opDecimal
	opFloat
	opDouble
	opBit
	opYear
	opDate
	opTimeOld
	opTime2
	opDatetimeOld
	opDatetime2
	opTimestampOld
	opTimestamp2
	opText // length in size bytes
	opBytes
	opFixed // like opBytes, padded with zeros to width
	opUUID
	opInet4
	opInet6
	opEnum
	opSet
	opJSON
	opPackedText // MariaDB COMPRESSED, length in size bytes
	opPackedBytes
)

// column is the compiled form of a Column.
type column struct {
	op     op
	size   uint8 // octets of the value or of its length; digits of decimals
	frac   uint8 // fraction digits of times; scale of decimals; bits of BIT
	round  int8  // digits that FLOAT(M,D) shows; -1 all
	key    bool
	width  int // of opFixed
	conv   *converter
	labels []string
}

// Plan decodes the rows of one table as one TABLE_MAP describes it. It has
// scratch memory, so one goroutine may use it at a time.
type Plan struct {
	Table   uint32 // the id of the definition that operations name
	cols    []column
	names   []Column
	key     []int
	rowEnd  int    // the column that ends a row of a system versioned table; -1 none
	forms   []form // of a result's columns; see Results
	keySpan [2][]span
	tmp     []byte
	inflate Inflater
	// imageFrom is where the values of the latest image begin.
	imageFrom int
}

type span struct{ from, to int }

// NewPlan compiles the table. Charset, Labels, Special and Decimal of the columns
// must be filled in; key are the columns whose change makes a PKUpdate.
func NewPlan(t *TableMap, table uint32, key []int) (*Plan, error) {
	p := &Plan{Table: table, names: t.Columns, key: key, rowEnd: -1}
	p.cols = make([]column, len(t.Columns))
	for i := range t.Columns {
		if err := p.cols[i].compile(&t.Columns[i], t.Signs); err != nil {
			return nil, fmt.Errorf("column %s: %w", p.columnName(i), err)
		}
	}
	for _, k := range key {
		if k < 0 || k >= len(p.cols) {
			return nil, fmt.Errorf("key column %d of %d", k, len(p.cols))
		}
		p.cols[k].key = true
	}
	for i := range p.keySpan {
		p.keySpan[i] = make([]span, len(p.cols))
	}
	return p, nil
}

// Versioned makes column rowEnd tell history rows: those whose rowEnd is not the
// end of time are left out, and an update that sets it is a delete.
func (p *Plan) Versioned(rowEnd int) { p.rowEnd = rowEnd }

// columnName names column i for messages.
func (p *Plan) columnName(i int) string {
	if n := p.names[i].Name; n != "" {
		return n
	}
	return fmt.Sprintf("@%d", i+1)
}

// Kind is the usual form of the column's values.
func (c *Column) Kind(signs bool) record.Kind {
	var k column
	if k.compile(c, signs) != nil {
		return record.Bytes
	}
	return kindOf[k.op]
}

var kindOf = [...]record.Kind{opInt: record.Int, opUint: record.Uint, opDecimal: record.Decimal,
	opFloat: record.Float32, opDouble: record.Float64, opBit: record.Bit, opYear: record.Int,
	opDate: record.Date, opTimeOld: record.Time, opTime2: record.Time,
	opDatetimeOld: record.Timestamp, opDatetime2: record.Timestamp,
	opTimestampOld: record.TimestampTZ, opTimestamp2: record.TimestampTZ, opText: record.String,
	opBytes: record.Bytes, opFixed: record.Bytes, opUUID: record.UUID, opInet4: record.String,
	opInet6: record.String, opEnum: record.String, opSet: record.String, opJSON: record.JSON,
	opPackedText: record.String, opPackedBytes: record.Bytes}

// compile chooses how to decode.
func (k *column) compile(c *Column, signs bool) error {
	k.round = int8(min(c.Decimal, 30))
	switch c.Type {
	case typeTiny, typeShort, typeInt24, typeLong, typeLongLong:
		return k.integer(c, signs)
	case typeFloat:
		k.op, k.size = opFloat, 4
	case typeDouble:
		k.op, k.size = opDouble, 8
	case typeNewDecimal:
		k.op, k.size, k.frac = opDecimal, uint8(c.Meta>>8), uint8(c.Meta)
		if k.frac > k.size || k.size > 81 {
			return fmt.Errorf("DECIMAL(%d,%d) is not possible", k.size, k.frac)
		}
	case typeBit:
		bits := int(c.Meta>>8)*8 + int(c.Meta&0xff)
		if bits > 64 {
			return fmt.Errorf("BIT(%d) is not possible", bits)
		}
		k.op, k.size, k.frac = opBit, uint8((bits+7)/8), uint8(bits)
	case typeTimestamp2, typeDatetime2, typeTime2, typeDate, typeNewDate, typeYear,
		typeTime, typeDatetime, typeTimestamp:
		return k.temporal(c)
	case typeEnum, typeSet:
		return k.labelled(c)
	case typeJSON:
		k.op = opJSON
		return k.lengthBytes(int(c.Meta))
	case typeGeometry, typeVector:
		k.op = opBytes
		return k.lengthBytes(int(c.Meta))
	default:
		return k.character(c)
	}
	return nil
}

func (k *column) integer(c *Column, signs bool) error {
	if !signs {
		return fmt.Errorf("the log does not tell whether it is signed: %w", ErrNoMetadata)
	}
	k.op = opInt
	if c.Unsigned {
		k.op = opUint
	}
	k.size = [...]uint8{typeTiny: 1, typeShort: 2, typeInt24: 3, typeLong: 4, typeLongLong: 8}[c.Type]
	return nil
}

func (k *column) temporal(c *Column) error {
	k.frac = uint8(c.Meta)
	if k.frac > 6 {
		return fmt.Errorf("%d digits of a second are not possible", k.frac)
	}
	switch c.Type {
	case typeTimestamp2:
		k.op = opTimestamp2
	case typeDatetime2:
		k.op = opDatetime2
	case typeTime2:
		k.op = opTime2
	case typeDate, typeNewDate:
		k.op = opDate
	case typeYear:
		k.op = opYear
	case typeTime:
		k.op = opTimeOld
	case typeDatetime:
		k.op = opDatetimeOld
	case typeTimestamp:
		k.op = opTimestampOld
	}
	return nil
}

func (k *column) labelled(c *Column) error {
	k.op, k.size = opEnum, uint8(c.Length)
	most := 2
	if c.Type == typeSet {
		k.op, most = opSet, 8
	}
	if c.Length < 1 || c.Length > most {
		return fmt.Errorf("ENUM or SET of %d octets is not possible", c.Length)
	}
	if len(c.Labels) == 0 {
		return fmt.Errorf("the labels of ENUM or SET are not known: %w", ErrNoMetadata)
	}
	k.labels = c.Labels
	var err error
	if c.Charset != "" && c.Charset != "binary" { // of the labels, as a result has them
		k.conv, err = newConverter(c.Charset)
	}
	return err
}

func (k *column) lengthBytes(n int) error {
	if n < 1 || n > 4 {
		return fmt.Errorf("a length of %d octets is not possible", n)
	}
	k.size = uint8(n)
	return nil
}

// character compiles everything whose form depends on a charset.
func (k *column) character(c *Column) error {
	size := int(c.Meta)
	packed := c.Type == typeTextPacked || c.Type == typeBlobPacked
	switch c.Type {
	case typeVarchar, typeVarString, typeString, typeTextPacked:
		size = 1
		if c.Length > 255 {
			size = 2
		}
	case typeBlob, typeTinyBlob, typeMediumBlob, typeLongBlob, typeBlobPacked:
	default:
		return fmt.Errorf("type %d of the log is not supported", c.Type)
	}
	if err := k.lengthBytes(size); err != nil {
		return err
	}
	switch c.Special {
	case UUID:
		k.op, k.width = opUUID, 16
		return nil
	case Inet4:
		k.op, k.width = opInet4, 4
		return nil
	case Inet6:
		k.op, k.width = opInet6, 16
		return nil
	}
	if c.Charset == "" {
		return fmt.Errorf("its character set is not known: %w", ErrNoMetadata)
	}
	if c.Charset == "binary" {
		k.op = opBytes
		if packed {
			k.op = opPackedBytes
		} else if c.Type == typeString {
			k.op, k.width = opFixed, c.Length
		}
		return nil
	}
	k.op = opText
	if packed {
		k.op = opPackedText
	}
	var err error
	k.conv, err = newConverter(c.Charset)
	return err
}
