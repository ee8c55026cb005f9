package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// Kind is the form of a value. The numbers are part of the binary form.
type Kind uint8

// The forms. Missing is a column that the record does not carry; Null is a
// column that is NULL.
const (
	Missing     Kind = 0
	Null        Kind = 1
	Int         Kind = 2  // signed 64 bit
	Uint        Kind = 3  // unsigned 64 bit
	Decimal     Kind = 4  // decimal text of any precision: -12.50
	Float32     Kind = 5  // IEEE 754 single
	Float64     Kind = 6  // IEEE 754 double
	String      Kind = 7  // UTF-8 text, CLOBs too
	Bytes       Kind = 8  // octets, BLOBs too
	Date        Kind = 9  // year, month, day; zero and partial dates allowed
	Time        Kind = 10 // signed nanoseconds, beyond 24 hours allowed
	Timestamp   Kind = 11 // date and time of day without zone
	TimestampTZ Kind = 12 // an instant (UTC) and the zone offset it was written with
	Interval    Kind = 13 // months, days, nanoseconds
	Bit         Kind = 14 // a string of bits
	Bool        Kind = 15
	JSON        Kind = 16 // JSON text, UTF-8
	XML         Kind = 17 // XML text, UTF-8
	UUID        Kind = 18 // 16 octets in text order
)

var kindNames = [...]string{"missing", "null", "int", "uint", "decimal", "float32", "float64",
	"string", "bytes", "date", "time", "timestamp", "timestamptz", "interval", "bit", "bool",
	"json", "xml", "uuid"}

// String names the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ParseKind reads what String prints.
func ParseKind(s string) (Kind, bool) {
	for k, name := range kindNames {
		if name == s {
			return Kind(k), true
		}
	}
	return 0, false
}

// Value is one decoded value. Which fields mean something depends on Kind:
//
//	Int, Time          N as a signed integer (Time: nanoseconds)
//	Uint, Bool         N
//	Float32, Float64   N holds the IEEE bits (Float32: the low 32)
//	Decimal, String, Bytes, JSON, XML, UUID   B
//	Date               D
//	Timestamp          D, and N nanoseconds of the day
//	TimestampTZ        as Timestamp, in UTC, and Zone minutes east of UTC
//	Interval           Zone is unused; D months, Days days, N signed nanoseconds
//	Bit                B, right aligned, and N the number of bits, at most 8 an octet
//
// B aliases the bytes that the value was decoded from.
type Value struct {
	Kind Kind
	Zone int16
	Days int32
	D    PackedDate
	N    uint64
	B    []byte
}

// PackedDate is year, month and day in one number: (year*16+month)*32+day. Zero
// months and days are kept, as some sources have them. Dates compare as they sort.
type PackedDate int32

// PackDate packs a date. Years from -67000000 to 67000000.
func PackDate(year, month, day int) PackedDate {
	return PackedDate((year*16+month)*32 + day)
}

// Split gives year, month and day.
func (d PackedDate) Split() (year, month, day int) {
	day = int(d & 31)
	m := int(d) >> 5
	return m >> 4, m & 15, day
}

// ErrShort is returned when bytes end within what they should hold.
var ErrShort = errors.New("record: bytes end too early")

// AppendMissing and its siblings append one value's binary form to dst.
func AppendMissing(dst []byte) []byte { return append(dst, byte(Missing)) }

// AppendNull appends NULL.
func AppendNull(dst []byte) []byte { return append(dst, byte(Null)) }

// AppendInt appends a signed integer.
func AppendInt(dst []byte, v int64) []byte {
	return binary.AppendVarint(append(dst, byte(Int)), v)
}

// AppendUint appends an unsigned integer.
func AppendUint(dst []byte, v uint64) []byte {
	return binary.AppendUvarint(append(dst, byte(Uint)), v)
}

// AppendFloat32 appends a single.
func AppendFloat32(dst []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, byte(Float32)), math.Float32bits(v))
}

// AppendFloat64 appends a double.
func AppendFloat64(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, byte(Float64)), math.Float64bits(v))
}

// AppendBytes appends a value whose content is b: Decimal, String, Bytes, JSON, XML or UUID.
func AppendBytes(dst []byte, k Kind, b []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(k)), uint64(len(b)))
	return append(dst, b...)
}

// AppendText is AppendBytes for a string.
func AppendText(dst []byte, k Kind, s string) []byte {
	dst = binary.AppendUvarint(append(dst, byte(k)), uint64(len(s)))
	return append(dst, s...)
}

// AppendDate appends a date.
func AppendDate(dst []byte, d PackedDate) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, byte(Date)), uint32(d))
}

// AppendTime appends a time or duration in nanoseconds.
func AppendTime(dst []byte, ns int64) []byte {
	return binary.AppendVarint(append(dst, byte(Time)), ns)
}

// AppendTimestamp appends date and nanoseconds of the day, without zone.
func AppendTimestamp(dst []byte, d PackedDate, ns int64) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, byte(Timestamp)), uint32(d))
	return appendUint48(dst, uint64(ns))
}

// AppendTimestampTZ appends an instant, given as date and nanoseconds of the
// day in UTC, and the offset in minutes that it was written with.
func AppendTimestampTZ(dst []byte, d PackedDate, ns int64, zone int16) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, byte(TimestampTZ)), uint32(d))
	dst = appendUint48(dst, uint64(ns))
	return binary.LittleEndian.AppendUint16(dst, uint16(zone))
}

// AppendInstant appends t as a TimestampTZ with its own zone's offset.
func AppendInstant(dst []byte, t time.Time) []byte {
	_, offset := t.Zone()
	u := t.UTC()
	y, m, d := u.Date()
	ns := int64(u.Hour())*3600e9 + int64(u.Minute())*60e9 + int64(u.Second())*1e9 + int64(u.Nanosecond())
	return AppendTimestampTZ(dst, PackDate(y, int(m), d), ns, int16(offset/60))
}

// AppendInterval appends an interval.
func AppendInterval(dst []byte, months, days int32, ns int64) []byte {
	dst = binary.AppendVarint(append(dst, byte(Interval)), int64(months))
	dst = binary.AppendVarint(dst, int64(days))
	return binary.AppendVarint(dst, ns)
}

// AppendBit appends n bits, right aligned in b, which has an octet for each eight.
func AppendBit(dst []byte, n int, b []byte) []byte {
	dst = binary.AppendUvarint(append(dst, byte(Bit)), uint64(n))
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// AppendBool appends a truth value.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, byte(Bool), 1)
	}
	return append(dst, byte(Bool), 0)
}

// AppendValue appends a decoded value again; DecodeValue of it gives v.
func AppendValue(dst []byte, v Value) []byte {
	switch v.Kind {
	case Missing, Null:
		return append(dst, byte(v.Kind))
	case Int, Time:
		return binary.AppendVarint(append(dst, byte(v.Kind)), int64(v.N))
	case Uint:
		return AppendUint(dst, v.N)
	case Float32:
		return binary.LittleEndian.AppendUint32(append(dst, byte(Float32)), uint32(v.N))
	case Float64:
		return binary.LittleEndian.AppendUint64(append(dst, byte(Float64)), v.N)
	case Date:
		return AppendDate(dst, v.D)
	case Timestamp:
		return AppendTimestamp(dst, v.D, int64(v.N))
	case TimestampTZ:
		return AppendTimestampTZ(dst, v.D, int64(v.N), v.Zone)
	case Interval:
		return AppendInterval(dst, int32(v.D), v.Days, int64(v.N))
	case Bit:
		return AppendBit(dst, int(v.N), v.B)
	case Bool:
		return AppendBool(dst, v.N != 0)
	}
	return AppendBytes(dst, v.Kind, v.B)
}

// Equal reports whether two values are the same, in the same form.
func (v *Value) Equal(w *Value) bool {
	return v.Kind == w.Kind && v.N == w.N && v.D == w.D && v.Zone == w.Zone &&
		v.Days == w.Days && bytes.Equal(v.B, w.B)
}

// DecodeValue reads one value from the front of b and returns what follows it.
func DecodeValue(b []byte) (v Value, rest []byte, err error) {
	if len(b) == 0 {
		return v, nil, ErrShort
	}
	v.Kind = Kind(b[0])
	b = b[1:]
	switch v.Kind {
	case Missing, Null:
		return v, b, nil
	case Int, Time:
		n, w := binary.Varint(b)
		if w <= 0 {
			return v, nil, ErrShort
		}
		v.N = uint64(n)
		return v, b[w:], nil
	case Uint:
		n, w := binary.Uvarint(b)
		if w <= 0 {
			return v, nil, ErrShort
		}
		v.N = n
		return v, b[w:], nil
	case Decimal, String, Bytes, JSON, XML, UUID:
		v.B, rest, err = cutBytes(b)
		return v, rest, err
	}
	return decodeFixed(v, b)
}

// decodeFixed reads the rarer kinds.
func decodeFixed(v Value, b []byte) (Value, []byte, error) {
	need := fixedWidth[v.Kind&31]
	if need > 0 && len(b) < need {
		return v, nil, ErrShort
	}
	switch v.Kind {
	case Bool:
		if v.N = uint64(b[0]); v.N > 1 {
			return v, nil, fmt.Errorf("record: truth value %d", v.N)
		}
	case Float32:
		v.N = uint64(binary.LittleEndian.Uint32(b))
	case Float64:
		v.N = binary.LittleEndian.Uint64(b)
	case Date:
		v.D = PackedDate(binary.LittleEndian.Uint32(b))
	case Timestamp, TimestampTZ:
		v.D = PackedDate(binary.LittleEndian.Uint32(b))
		v.N = uint48(b[4:])
		if v.Kind == TimestampTZ {
			v.Zone = int16(binary.LittleEndian.Uint16(b[10:]))
		}
	case Interval:
		return decodeInterval(v, b)
	case Bit:
		n, w := binary.Uvarint(b)
		if w <= 0 {
			return v, nil, ErrShort
		}
		var err error
		v.N = n
		v.B, b, err = cutBytes(b[w:])
		if err == nil && (n+7)/8 > uint64(len(v.B)) || n > 1<<40 {
			return v, nil, fmt.Errorf("record: %d bits in %d octets", n, len(v.B))
		}
		return v, b, err
	default:
		return v, nil, fmt.Errorf("record: unknown kind of value %d", v.Kind)
	}
	return v, b[need:], nil
}

// fixedWidth is the number of bytes of the kinds of fixed width.
var fixedWidth = [32]int{Bool: 1, Float32: 4, Float64: 8, Date: 4, Timestamp: 10, TimestampTZ: 12}

func decodeInterval(v Value, b []byte) (Value, []byte, error) {
	var parts [3]int64
	for i := range parts {
		n, w := binary.Varint(b)
		if w <= 0 {
			return v, nil, ErrShort
		}
		parts[i], b = n, b[w:]
	}
	v.D, v.Days, v.N = PackedDate(parts[0]), int32(parts[1]), uint64(parts[2])
	return v, b, nil
}

// SkipValue returns what follows the value at the front of b.
func SkipValue(b []byte) ([]byte, error) {
	_, rest, err := DecodeValue(b)
	return rest, err
}

func cutBytes(b []byte) (content, rest []byte, err error) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, ErrShort
	}
	end := w + int(n)
	return b[w:end:end], b[end:], nil
}

func appendUint48(dst []byte, n uint64) []byte {
	return append(dst, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), byte(n>>32), byte(n>>40))
}

func uint48(b []byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40
}
