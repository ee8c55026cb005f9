package binlog

import (
	"encoding/binary"
	"fmt"
)

// Column types on the wire.
const (
	typeDecimalOld  = 0
	typeTiny        = 1
	typeShort       = 2
	typeLong        = 3
	typeFloat       = 4
	typeDouble      = 5
	typeNull        = 6
	typeTimestamp   = 7
	typeLongLong    = 8
	typeInt24       = 9
	typeDate        = 10
	typeTime        = 11
	typeDatetime    = 12
	typeYear        = 13
	typeNewDate     = 14
	typeVarchar     = 15
	typeBit         = 16
	typeTimestamp2  = 17
	typeDatetime2   = 18
	typeTime2       = 19
	typeBlobPacked  = 140 // MariaDB COMPRESSED
	typeTextPacked  = 141 // MariaDB COMPRESSED
	typeVector      = 242
	typeJSON        = 245
	typeNewDecimal  = 246
	typeEnum        = 247
	typeSet         = 248
	typeTinyBlob    = 249
	typeMediumBlob  = 250
	typeLongBlob    = 251
	typeBlob        = 252
	typeVarString   = 253
	typeString      = 254
	typeGeometry    = 255
	binaryCollation = 63
)

// maxColumns is above what the servers allow (4096) and bounds memory.
const maxColumns = 1 << 13

// Column is one column as the log describes it, completed by who knows more.
type Column struct {
	Type      byte // the real type: ENUM and SET are not STRING here
	Meta      uint16
	Length    int // octets, of CHAR and BINARY; labels' octets of ENUM and SET
	Nullable  bool
	Name      string   // empty without FULL metadata
	Unsigned  bool     // means something when TableMap.Signs
	Collation uint64   // 0 unknown
	RawLabels [][]byte // of ENUM and SET, in their own charset
	Invisible bool

	// What the log does not tell; filled in before NewPlan.
	Charset string   // of values and labels; binary, utf8mb4, ...
	Labels  []string // UTF-8
	Special Special
	Decimal int // digits of FLOAT(M,D) and DOUBLE(M,D), else -1
}

// Special marks columns whose type the log hides.
type Special uint8

// Types that look like BINARY in the log.
const (
	Plain Special = iota
	UUID
	Inet4
	Inet6
)

// TableMap is what a TABLE_MAP event tells.
type TableMap struct {
	ID       uint64
	Schema   string
	Table    string
	Columns  []Column
	Named    bool // all columns have names: the log has FULL metadata
	Signs    bool // Unsigned of the columns is known
	Charsets bool // Collation of the character columns is known
	Key      []int
	Visible  bool // Invisible of the columns is known
}

// TableMapName reads only id, schema and table; schema and table alias body.
func TableMapName(body []byte) (id uint64, schema, table []byte, err error) {
	r := reader{b: body}
	id = r.uint(6)
	r.take(2)
	schema = r.take(int(r.u8()))
	r.take(1)
	table = r.take(int(r.u8()))
	r.take(1)
	return id, schema, table, r.err
}

// ParseTableMap reads the body of a TABLE_MAP event, its CRC cut off.
func ParseTableMap(body []byte) (*TableMap, error) {
	id, schema, table, err := TableMapName(body)
	if err != nil {
		return nil, err
	}
	t := &TableMap{ID: id, Schema: string(schema), Table: string(table)}
	r := reader{b: body[6+2+1+len(schema)+1+1+len(table)+1:]}
	n := r.packed()
	if n > maxColumns {
		return nil, fmt.Errorf("table %s.%s has %d columns in the log", schema, table, n)
	}
	types := r.take(int(n))
	meta := reader{b: r.packedBytes()}
	nulls := r.take((int(n) + 7) / 8)
	if r.err != nil {
		return nil, r.err
	}
	t.Columns = make([]Column, n)
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Decimal = -1
		c.Type = types[i]
		c.Nullable = nulls[i/8]>>(i%8)&1 == 1
		c.readMeta(&meta)
	}
	if meta.err != nil {
		return nil, meta.err
	}
	if err := t.optional(r.b); err != nil {
		return nil, fmt.Errorf("metadata of table %s.%s: %w", schema, table, err)
	}
	return t, nil
}

// readMeta reads the column's part of the metadata block.
func (c *Column) readMeta(r *reader) {
	switch c.Type {
	case typeString:
		p := r.take(2)
		if p == nil {
			return
		}
		c.stringMeta(p[0], p[1])
	case typeNewDecimal:
		if p := r.take(2); p != nil {
			c.Meta = binary.BigEndian.Uint16(p)
		}
	case typeVarString, typeVarchar, typeBit, typeTextPacked, typeEnum, typeSet:
		c.Meta = uint16(r.uint(2))
		c.Length = int(c.Meta)
	case typeBlob, typeTinyBlob, typeMediumBlob, typeLongBlob, typeBlobPacked, typeDouble,
		typeFloat, typeGeometry, typeVector, typeJSON, typeTime2, typeDatetime2, typeTimestamp2:
		c.Meta = uint16(r.u8())
	}
}

// stringMeta finds the real type and length in the two bytes of STRING: lengths
// beyond 255 keep two bits, inverted, in the type byte.
func (c *Column) stringMeta(hi, lo byte) {
	if hi&0x30 != 0x30 {
		c.Length = int(lo) | int(hi&0x30^0x30)<<4
		hi |= 0x30
	} else {
		c.Length = int(lo)
	}
	if hi == typeEnum || hi == typeSet {
		c.Type = hi
	}
	c.Meta = uint16(c.Length)
}

// Kinds of optional metadata.
const (
	metaSigns        = 1
	metaCharset      = 2
	metaCharsets     = 3
	metaNames        = 4
	metaSetLabels    = 5
	metaEnumLabels   = 6
	metaKey          = 8
	metaKeyPrefix    = 9
	metaLabelCharset = 10
	metaLabelSets    = 11
	metaVisible      = 12
)

func (t *TableMap) optional(b []byte) error {
	r := reader{b: b}
	for len(r.b) > 0 && r.err == nil {
		kind := r.u8()
		v := reader{b: r.packedBytes()}
		if r.err != nil {
			return r.err
		}
		switch kind {
		case metaSigns:
			t.signs(v.b)
		case metaCharset:
			t.defaultCharset(&v, (*Column).IsCharacter)
			t.Charsets = true
		case metaCharsets:
			t.charsets(&v, (*Column).IsCharacter)
			t.Charsets = true
		case metaNames:
			t.names(&v)
		case metaSetLabels:
			t.labels(&v, typeSet)
		case metaEnumLabels:
			t.labels(&v, typeEnum)
		case metaKey, metaKeyPrefix:
			t.key(&v, kind == metaKeyPrefix)
		case metaLabelCharset:
			t.defaultCharset(&v, (*Column).isLabelled)
		case metaLabelSets:
			t.charsets(&v, (*Column).isLabelled)
		case metaVisible:
			t.visible(v.b)
		}
		if v.err != nil {
			return v.err
		}
	}
	return r.err
}

// IsNumeric reports whether the log has a sign bit for the column.
func (c *Column) IsNumeric() bool {
	switch c.Type {
	case typeTiny, typeShort, typeInt24, typeLong, typeLongLong, typeNewDecimal, typeDecimalOld,
		typeFloat, typeDouble, typeYear:
		return true
	}
	return false
}

// IsCharacter reports whether the log has a collation for the column.
func (c *Column) IsCharacter() bool {
	switch c.Type {
	case typeString, typeVarString, typeVarchar, typeBlob, typeTinyBlob, typeMediumBlob,
		typeLongBlob, typeBlobPacked, typeTextPacked:
		return true
	}
	return false
}

func (c *Column) isLabelled() bool { return c.Type == typeEnum || c.Type == typeSet }

func (t *TableMap) signs(bits []byte) {
	at := 0
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.IsNumeric() || at/8 >= len(bits) {
			continue
		}
		c.Unsigned = bits[at/8]&(0x80>>(at%8)) != 0
		at++
	}
	t.Signs = true
}

func (t *TableMap) visible(bits []byte) {
	for i := range t.Columns {
		if i/8 < len(bits) {
			t.Columns[i].Invisible = bits[i/8]&(0x80>>(i%8)) == 0
		}
	}
	t.Visible = true
}

// defaultCharset reads one collation, then pairs of exceptions: the number of the
// column among those that match, and its collation.
func (t *TableMap) defaultCharset(r *reader, match func(*Column) bool) {
	all := r.packed()
	var matched []*Column
	for i := range t.Columns {
		if c := &t.Columns[i]; match(c) {
			c.Collation = all
			matched = append(matched, c)
		}
	}
	for len(r.b) > 0 {
		nth, collation := r.packed(), r.packed()
		if nth < uint64(len(matched)) {
			matched[nth].Collation = collation
		}
	}
}

func (t *TableMap) charsets(r *reader, match func(*Column) bool) {
	for i := range t.Columns {
		if match(&t.Columns[i]) && len(r.b) > 0 {
			t.Columns[i].Collation = r.packed()
		}
	}
}

func (t *TableMap) names(r *reader) {
	for i := range t.Columns {
		t.Columns[i].Name = string(r.take(int(r.u8())))
	}
	t.Named = r.err == nil
}

func (t *TableMap) labels(r *reader, of byte) {
	for i := range t.Columns {
		if t.Columns[i].Type != of {
			continue
		}
		n := r.packed()
		if n > uint64(len(r.b)) {
			r.fail()
			return
		}
		labels := make([][]byte, n)
		for l := range labels {
			labels[l] = append([]byte{}, r.packedBytes()...)
		}
		t.Columns[i].RawLabels = labels
	}
}

func (t *TableMap) key(r *reader, prefixed bool) {
	for len(r.b) > 0 {
		i := r.packed()
		if prefixed {
			r.packed()
		}
		if i >= uint64(len(t.Columns)) {
			r.fail()
			return
		}
		t.Key = append(t.Key, int(i))
	}
}
