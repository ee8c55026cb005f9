package binlog

import (
	"encoding/binary"
	"errors"
	"fmt"

	"ggsh/record"
)

// form says how a value stands in a row of a result set of a prepared statement.
type form uint8

const (
	formSized  form = iota // octets behind their length
	formOne                // an integer, or a float, of so many octets
	formTwo                //
	formFour               //
	formEight              //
	formMoment             // year to microsecond, as many as are not zero
	formClock              // sign, days, hours to microsecond, as many as are not zero
)

// formOf gives the form of a column type of the protocol.
func formOf(kind byte) form {
	switch kind {
	case typeTiny:
		return formOne
	case typeShort, typeYear:
		return formTwo
	case typeInt24, typeLong, typeFloat:
		return formFour
	case typeLongLong, typeDouble:
		return formEight
	case typeDate, typeNewDate, typeDatetime, typeTimestamp:
		return formMoment
	case typeTime:
		return formClock
	}
	return formSized
}

// size is the number of octets of an integer's form; 0 for others.
func (f form) size() uint8 {
	return [...]uint8{formOne: 1, formTwo: 2, formFour: 4, formEight: 8,
		formMoment: 0, formClock: 0}[f]
}

// Results prepares AppendRow: kinds are the types that the server names for the
// columns of a result. They must have the plan's columns in its order, text in the
// columns' own character sets, and timestamps in UTC.
func (p *Plan) Results(kinds []byte) error {
	if len(kinds) != len(p.cols) {
		return fmt.Errorf("the result has %d columns instead of %d", len(kinds), len(p.cols))
	}
	p.forms = make([]form, len(kinds))
	for i, kind := range kinds {
		f := formOf(kind)
		p.forms[i] = f
		fits := f == formSized
		switch p.cols[i].op {
		case opInt, opUint, opYear:
			fits = f.size() > 0 && kind != typeFloat && kind != typeDouble
		case opFloat:
			fits = kind == typeFloat
		case opDouble:
			fits = kind == typeDouble
		case opDate, opDatetimeOld, opDatetime2, opTimestampOld, opTimestamp2:
			fits = f == formMoment
		case opTimeOld, opTime2:
			fits = f == formClock
		}
		if !fits {
			return fmt.Errorf("column %s comes as type %d, which is not what its definition says",
				p.columnName(i), kind)
		}
	}
	return nil
}

// AppendRow appends a row of a result as an insert, each value in the form that
// the log's row would give it.
func (p *Plan) AppendRow(dst, row []byte) ([]byte, error) {
	nulls := (len(p.cols) + 2 + 7) / 8
	if len(row) < 1+nulls || row[0] != 0 {
		return dst, ErrShort
	}
	null, data := row[1:1+nulls], row[1+nulls:]
	dst, start := record.AppendOpHeader(dst, record.Insert, p.Table)
	dst, mark := record.BeginImage(dst)
	var err error
	for i := range p.cols {
		if at := i + 2; null[at>>3]>>(at&7)&1 == 1 {
			dst = record.AppendNull(dst)
			continue
		}
		if dst, data, err = p.result(dst, &p.cols[i], p.forms[i], data); err != nil {
			return dst, fmt.Errorf("column %s: %w", p.columnName(i), err)
		}
	}
	if len(data) > 0 {
		return dst, fmt.Errorf("a row of a result has %d octets too many", len(data))
	}
	record.EndImage(dst, start, mark, false)
	return dst, nil
}

// result appends the value at the front of data and gives what follows it.
func (p *Plan) result(dst []byte, c *column, f form, data []byte) (out, rest []byte, err error) {
	if size := f.size(); size > 0 {
		if len(data) < int(size) {
			return dst, nil, ErrShort
		}
		dst, err = p.resultNumber(dst, c, size, data)
		return dst, data[size:], err
	}
	v, rest, err := cutResult(f, data)
	if err != nil {
		return dst, nil, err
	}
	switch {
	case f == formClock:
		dst, err = appendResultTime(dst, v)
	case f == formMoment:
		dst, err = appendMoment(dst, c, v)
	default:
		dst, err = p.resultSized(dst, c, v)
	}
	return dst, rest, err
}

func (p *Plan) resultNumber(dst []byte, c *column, size uint8, data []byte) ([]byte, error) {
	switch c.op {
	case opUint:
		return record.AppendUint(dst, unsigned(data, size)), nil
	case opYear:
		return record.AppendInt(dst, int64(unsigned(data, size))), nil
	case opFloat, opDouble:
		dst, _, err := appendFloat(dst, c, data)
		return dst, err
	}
	return record.AppendInt(dst, signed(data, size)), nil
}

// cutResult takes a value behind its length off the front of data.
func cutResult(f form, data []byte) (v, rest []byte, err error) {
	r := reader{b: data}
	if f == formSized {
		v = r.packedBytes()
	} else {
		v = r.take(int(r.u8()))
	}
	return v, r.b, r.err
}

func (p *Plan) resultSized(dst []byte, c *column, v []byte) ([]byte, error) {
	switch c.op {
	case opText, opPackedText, opEnum, opSet:
		if c.conv == nil {
			return record.AppendBytes(dst, record.String, v), nil // labels of octets
		}
		return p.text(dst, c, v)
	case opBytes, opPackedBytes:
		return record.AppendBytes(dst, record.Bytes, v), nil
	case opFixed:
		return p.padded(dst, c, v)
	case opDecimal:
		return record.AppendBytes(dst, record.Decimal, trimZeroFill(v)), nil
	case opJSON:
		return record.AppendBytes(dst, record.JSON, v), nil
	case opBit:
		if len(v) != int(c.size) {
			return dst, fmt.Errorf("%d octets for %d bits", len(v), c.frac)
		}
		return record.AppendBit(dst, int(c.frac), v), nil
	case opInet4, opInet6:
		return record.AppendBytes(dst, record.String, v), nil
	case opUUID:
		var err error
		if p.tmp, err = appendUUID(p.tmp[:0], v); err != nil {
			return dst, err
		}
		return record.AppendBytes(dst, record.UUID, p.tmp), nil
	}
	return dst, errors.New("its form in a result is not known")
}

// trimZeroFill leaves out the zeros that ZEROFILL puts in front of a decimal.
func trimZeroFill(text []byte) []byte {
	at := 0
	for at+1 < len(text) && text[at] == '0' && text[at+1] != '.' {
		at++
	}
	return text[at:]
}

// appendUUID reads the text of a UUID.
func appendUUID(dst, text []byte) ([]byte, error) {
	digits := 0
	var octet byte
	for _, c := range text {
		switch {
		case c == '-':
			continue
		case c >= '0' && c <= '9':
			octet = octet<<4 | (c - '0')
		case c >= 'a' && c <= 'f':
			octet = octet<<4 | (c - 'a' + 10)
		case c >= 'A' && c <= 'F':
			octet = octet<<4 | (c - 'A' + 10)
		default:
			return dst, fmt.Errorf("%.40q is no UUID", text)
		}
		if digits++; digits%2 == 0 {
			dst = append(dst, octet)
		}
	}
	if digits != 32 {
		return dst, fmt.Errorf("%.40q is no UUID", text)
	}
	return dst, nil
}

// appendMoment appends a date, or a date and time.
func appendMoment(dst []byte, c *column, v []byte) ([]byte, error) {
	var b [11]byte
	if n := len(v); n != 0 && n != 4 && n != 7 && n != 11 {
		return dst, fmt.Errorf("a date of %d octets", n)
	}
	copy(b[:], v)
	date := record.PackDate(int(binary.LittleEndian.Uint16(b[:])), int(b[2]), int(b[3]))
	ns := clockNanos(b[4:7]) + int64(binary.LittleEndian.Uint32(b[7:]))*1000
	switch c.op {
	case opDate:
		return record.AppendDate(dst, date), nil
	case opTimestampOld, opTimestamp2:
		return record.AppendTimestampTZ(dst, date, ns, 0), nil
	}
	return record.AppendTimestamp(dst, date, ns), nil
}

func clockNanos(b []byte) int64 {
	return (int64(b[0])*3600 + int64(b[1])*60 + int64(b[2])) * 1e9
}

func appendResultTime(dst, v []byte) ([]byte, error) {
	var b [12]byte
	if n := len(v); n != 0 && n != 8 && n != 12 {
		return dst, fmt.Errorf("a time of %d octets", n)
	}
	copy(b[:], v)
	ns := int64(binary.LittleEndian.Uint32(b[1:]))*86400e9 + clockNanos(b[5:8]) +
		int64(binary.LittleEndian.Uint32(b[8:]))*1000
	if b[0] != 0 {
		ns = -ns
	}
	return record.AppendTime(dst, ns), nil
}
