package tns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
)

// The types by their numbers in messages.
const (
	wireVarchar2   = 1
	wireNumber     = 2
	wireVarnum     = 6
	wireLong       = 8
	wireVarchar    = 9
	wireRowID      = 11
	wireDate       = 12
	wireRaw        = 23
	wireLongRaw    = 24
	wireLongChar   = 94
	wireLongBytes  = 95
	wireChar       = 96
	wireFloat      = 100
	wireDouble     = 101
	wireCLOB       = 112
	wireBLOB       = 113
	wireTimestamp  = 180
	wireTimeTZ     = 181
	wireIntervalYM = 182
	wireIntervalDS = 183
	wireTimestamp2 = 187 // as clients bind it
	wireTimeTZ2    = 188
	wireUROWID     = 208
	wireTimeLTZ    = 231
	wireTimeLTZ2   = 232
)

const (
	formImplicit = 1
	formNational = 2
	longestLong  = 0x7fffffff
	// bindsAgain in the flags of a bind: its value is that of the same name before.
	bindsAgain = 0x80
	bindsArray = 0x40
	// withPrefetch in the flags of a LOB: its length comes with its locator.
	withPrefetch = 0x2000000
)

// wire says how a Type travels.
type wire struct {
	number, form byte
	size         int
}

// wires is by Type.
var wires = map[Type]wire{
	Varchar2:     {wireVarchar2, formImplicit, 4000},
	NVarchar2:    {wireVarchar2, formNational, 4000},
	Char:         {wireChar, formImplicit, 1},
	NChar:        {wireChar, formNational, 2},
	Number:       {wireNumber, 0, 22},
	Raw:          {wireRaw, 0, 2000},
	Date:         {wireDate, 0, 7},
	Timestamp:    {wireTimestamp, 0, 11},
	TimestampTZ:  {wireTimeTZ, 0, 13},
	TimestampLTZ: {wireTimeLTZ, 0, 11},
	IntervalYM:   {wireIntervalYM, 0, 5},
	IntervalDS:   {wireIntervalDS, 0, 11},
	BinaryFloat:  {wireFloat, 0, 4},
	BinaryDouble: {wireDouble, 0, 8},
	Long:         {wireLong, formImplicit, longestLong},
	LongRaw:      {wireLongRaw, 0, longestLong},
	CLOB:         {wireCLOB, formImplicit, 4000},
	NCLOB:        {wireCLOB, formNational, 4000},
	BLOB:         {wireBLOB, 0, 4000},
	RowID:        {wireRowID, 0, 18},
}

// typeOf is the Type of what a client binds.
func typeOf(number, form byte) (Type, bool) {
	switch number {
	case wireVarnum:
		return Number, true
	case wireVarchar:
		number = wireVarchar2
	case wireLongChar:
		number = wireLong
	case wireLongBytes:
		number = wireLongRaw
	case wireTimestamp2:
		number = wireTimestamp
	case wireTimeTZ2:
		number = wireTimeTZ
	case wireTimeLTZ2:
		number = wireTimeLTZ
	case wireUROWID:
		number = wireRowID
	}
	national := Type(0)
	for t, w := range wires {
		switch {
		case w.number != number:
		case w.form == form || w.form != formNational && form != formNational:
			return t, true
		default:
			national = t
		}
	}
	return national, national != 0
}

// description is a value's type as messages describe it.
type description struct {
	number, flags, form byte
	size                int
	elements            int
	more                uint64
}

func (d description) long() bool {
	return d.number == wireLong || d.number == wireLongRaw || d.number == wireLongChar ||
		d.number == wireLongBytes
}

func (d description) lob() bool { return d.number == wireCLOB || d.number == wireBLOB }

// describes reads the description of a bind, or of a column as the client wants it.
func (se *session) describes() description {
	r := &se.in
	d := description{number: r.u8(), flags: r.u8()}
	r.skip(1) // precision
	switch d.number {
	case wireNumber, wireTimestamp, wireTimeTZ, wireTimeLTZ, wireIntervalDS:
		r.ub() // scale
	default:
		r.skip(1)
	}
	d.size = r.count(math.MaxUint32)
	d.elements = r.count(math.MaxUint32)
	d.more = r.ub()
	r.twice() // type's identifier
	r.ub()    // and its version
	r.ub()    // character set
	d.form = r.u8()
	r.ub() // characters
	r.ub() // collation
	return d
}

// descriptionOf is that of a column as it is unless the client wants another.
func descriptionOf(c Column) description {
	w := wires[c.Type]
	d := description{number: w.number, form: w.form, size: w.size}
	if c.Size > 0 && (w.number == wireVarchar2 || w.number == wireChar || w.number == wireRaw) {
		d.size = c.Size
	}
	return d
}

// describe appends the description of a query's columns.
func (se *session) describe(m *message, columns []Column) error {
	m.u8(messageDescribe)
	m.octets(make([]byte, 23))
	row := 0
	for _, c := range columns {
		if _, ok := wires[c.Type]; !ok {
			return fmt.Errorf("the column %s has the type %d", c.Name, c.Type)
		}
		row += min(descriptionOf(c).size, 1<<16)
	}
	m.ub(uint64(row))
	m.ub(uint64(len(columns)))
	if len(columns) > 0 {
		m.u8(1)
	}
	for i, c := range columns {
		se.describeColumn(m, c, i)
	}
	m.twice(appendTime(nil, time.Now(), false))
	m.zeros(4)
	m.twice(nil)
	return nil
}

func (se *session) describeColumn(m *message, c Column, at int) {
	d := descriptionOf(c)
	scale := c.Scale
	if c.Type == Number && c.Precision == 0 && scale == 0 {
		scale = -127 // no scale at all
	}
	m.u8(d.number, 0x80, byte(c.Precision))
	switch c.Type {
	case Number, Timestamp, TimestampTZ, TimestampLTZ, IntervalDS:
		if !se.shortScale {
			m.sb(int64(scale))
			break
		}
		m.u8(byte(scale))
	default:
		m.u8(byte(scale))
	}
	m.ub(uint64(d.size))
	m.zeros(1 + 1 + 1 + 1) // elements, flags, type's identifier and version
	characters := 0
	switch d.form {
	case formImplicit:
		m.ub(uint64(se.server.config.Charset))
		characters = d.size
	case formNational:
		m.ub(charsetUTF16)
		characters = d.size / 2
	default:
		m.ub(0)
	}
	m.u8(d.form)
	m.ub(uint64(characters))
	m.ub(0) // collation
	nullable := byte(0)
	if c.Nullable {
		nullable = 1
	}
	name := se.encode(c.Name)
	m.u8(nullable, byte(len(name)))
	m.twice(name)
	m.zeros(2) // type's schema and name
	m.ub(uint64(at + 1))
	m.ub(0)
}

// value appends a value as the client wants it.
func (se *session) value(m *message, d description, v any) error {
	if s, ok := v.(string); ok && s == "" && !d.lob() {
		v = nil
	}
	if v == nil {
		m.u8(0)
		return nil
	}
	if d.lob() {
		return se.locator(m, d, v)
	}
	if d.number == wireRowID {
		if s, ok := v.(string); ok {
			return appendRowID(m, s)
		}
	}
	b, err := se.scalar(d, v)
	if err != nil {
		return err
	}
	m.octets(b)
	return nil
}

// scalar is a value's octets.
func (se *session) scalar(d description, v any) ([]byte, error) {
	switch d.number {
	case wireVarchar2, wireVarchar, wireChar, wireLong, wireLongChar, wireUROWID:
		return se.text(d, v)
	case wireRaw, wireLongRaw, wireLongBytes:
		switch v := v.(type) {
		case []byte:
			return v, nil
		case string:
			return []byte(v), nil
		}
	case wireNumber, wireVarnum:
		switch v := v.(type) {
		case string:
			return appendNumber(nil, v)
		case int, int64, uint64, float32, float64:
			return appendNumber(nil, fmt.Sprint(v))
		}
	case wireFloat, wireDouble:
		switch v := v.(type) {
		case float32:
			if d.number == wireFloat {
				return appendFloat(nil, uint64(math.Float32bits(v)), 4), nil
			}
			return appendFloat(nil, math.Float64bits(float64(v)), 8), nil
		case float64:
			if d.number == wireFloat {
				return appendFloat(nil, uint64(math.Float32bits(float32(v))), 4), nil
			}
			return appendFloat(nil, math.Float64bits(v), 8), nil
		}
	case wireIntervalYM:
		if v, ok := v.(Interval); ok {
			return appendMonthInterval(nil, v.Months), nil
		}
	case wireIntervalDS:
		if v, ok := v.(Interval); ok {
			return appendDayInterval(nil, v.Duration), nil
		}
	default:
		if v, ok := v.(time.Time); ok {
			return timeOctets(d.number, v)
		}
	}
	return nil, fmt.Errorf("a value %T for the wire type %d", v, d.number)
}

func timeOctets(number byte, t time.Time) ([]byte, error) {
	switch number {
	case wireDate:
		return appendTime(nil, t, false), nil
	case wireTimestamp, wireTimestamp2:
		return appendTime(nil, t, true), nil
	case wireTimeLTZ, wireTimeLTZ2:
		return appendTime(nil, t.UTC(), true), nil
	case wireTimeTZ, wireTimeTZ2:
		return appendTimeTZ(nil, t), nil
	}
	return nil, fmt.Errorf("a time for the wire type %d", number)
}

func (se *session) text(d description, v any) ([]byte, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case int, int64, uint64:
		s = fmt.Sprint(v)
	case float64:
		s = strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		s = string(v)
	default:
		return nil, fmt.Errorf("a value %T as a text", v)
	}
	if d.form == formNational {
		return utf16Octets(s), nil
	}
	return se.encode(s), nil
}

// utf16Octets is a text in the national character set.
func utf16Octets(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

func utf16Text(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// errArray is of binds that hold a PL/SQL table.
var errArray = errors.New("PL/SQL tables are not taken here")

// bound reads a bind's value.
func (se *session) bound(d description) (any, error) {
	r := &se.in
	if d.lob() {
		if r.ub() == 0 {
			return nil, nil
		}
		return se.content(r.octets())
	}
	b := r.octets()
	if b == nil || r.err != nil {
		return nil, r.err
	}
	switch d.number {
	case wireVarchar2, wireVarchar, wireChar, wireLong, wireLongChar, wireRowID, wireUROWID:
		if d.form == formNational {
			return utf16Text(b), nil
		}
		return se.decode(b), nil
	case wireRaw, wireLongRaw, wireLongBytes:
		return b, nil
	case wireNumber, wireVarnum:
		return numberText(b)
	case wireFloat, wireDouble:
		return parseFloat(b)
	case wireIntervalYM, wireIntervalDS:
		return parseInterval(b)
	}
	return parseTime(b)
}
