package binlog

import (
	"encoding/binary"
	"errors"

	"ggsh/record"
)

// fracBytes is the size of 0 to 6 digits of a second.
var fracBytes = [7]int{0, 1, 1, 2, 2, 3, 3}

// temporal appends a date or time.
func temporal(dst []byte, c *column, data []byte) (out, rest []byte, err error) {
	switch c.op {
	case opYear:
		if len(data) < 1 {
			return dst, nil, ErrShort
		}
		year := int64(data[0])
		if year > 0 {
			year += 1900
		}
		return record.AppendInt(dst, year), data[1:], nil
	case opDate:
		if len(data) < 3 {
			return dst, nil, ErrShort
		}
		v := int(unsigned(data, 3))
		return record.AppendDate(dst, record.PackDate(v>>9, v>>5&15, v&31)), data[3:], nil
	case opDatetime2:
		return appendDatetime(dst, data, int(c.frac))
	case opTimestamp2:
		return appendTimestamp(dst, data, int(c.frac))
	case opTime2:
		return appendTime(dst, data, int(c.frac))
	}
	return oldTemporal(dst, c, data)
}

// fraction reads the digits of a second that stand behind a value, as nanoseconds.
func fraction(b []byte, digits int) int64 {
	switch fracBytes[digits] {
	case 1:
		return int64(b[0]) * 10_000_000
	case 2:
		return int64(binary.BigEndian.Uint16(b)) * 100_000
	case 3:
		return (int64(b[0])<<16 | int64(b[1])<<8 | int64(b[2])) * 1000
	}
	return 0
}

func appendDatetime(dst, data []byte, frac int) (out, rest []byte, err error) {
	size := 5 + fracBytes[frac]
	if len(data) < size {
		return dst, nil, ErrShort
	}
	v := int64(data[0])<<32 | int64(binary.BigEndian.Uint32(data[1:]))
	v -= 0x8000000000
	if v < 0 {
		return dst, nil, errors.New("a negative DATETIME")
	}
	ym, day := int(v>>22), int(v>>17&31)
	ns := (v>>12&31*3600+v>>6&63*60+v&63)*1e9 + fraction(data[5:], frac)
	return record.AppendTimestamp(dst, record.PackDate(ym/13, ym%13, day), ns), data[size:], nil
}

func appendTimestamp(dst, data []byte, frac int) (out, rest []byte, err error) {
	size := 4 + fracBytes[frac]
	if len(data) < size {
		return dst, nil, ErrShort
	}
	sec := int64(binary.BigEndian.Uint32(data))
	return appendInstant(dst, sec, fraction(data[4:], frac)), data[size:], nil
}

// appendInstant appends seconds since 1970; 0 is the zero timestamp.
func appendInstant(dst []byte, sec, ns int64) []byte {
	if sec == 0 && ns == 0 {
		return record.AppendTimestampTZ(dst, 0, 0, 0)
	}
	return record.AppendTimestampTZ(dst, civil(int(sec/86400)), sec%86400*1e9+ns, 0)
}

// civil turns days since 1970 into a date: years begin in March, in eras of 400.
func civil(days int) record.PackedDate {
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day := doy - (153*mp+2)/5 + 1
	month, year := mp+3, yoe+era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	return record.PackDate(year, month, day)
}

// appendTime decodes TIME with digits: the sign is an offset over all octets, so
// that negatives count down from it, fraction included.
func appendTime(dst, data []byte, frac int) (out, rest []byte, err error) {
	fb := fracBytes[frac]
	size := 3 + fb
	if len(data) < size {
		return dst, nil, ErrShort
	}
	var v int64
	for _, c := range data[:size] {
		v = v<<8 | int64(c)
	}
	v -= 0x800000 << (8 * fb)
	sign := int64(1)
	if v < 0 {
		sign, v = -1, -v
	}
	hms := v >> (8 * fb)
	ns := v & (1<<(8*fb) - 1)
	switch fb {
	case 1:
		ns *= 10_000_000
	case 2:
		ns *= 100_000
	case 3:
		ns *= 1000
	}
	sec := hms>>12&1023*3600 + hms>>6&63*60 + hms&63
	return record.AppendTime(dst, sign*(sec*1e9+ns)), data[size:], nil
}

// oldTemporal decodes the forms from before MySQL 5.6, which MariaDB still writes
// for columns made with mysql56_temporal_format off.
func oldTemporal(dst []byte, c *column, data []byte) (out, rest []byte, err error) {
	size := [...]int{opTimeOld: 3, opDatetimeOld: 8, opTimestampOld: 4}[c.op]
	if len(data) < size {
		return dst, nil, ErrShort
	}
	rest = data[size:]
	switch c.op {
	case opTimestampOld:
		return appendInstant(dst, int64(binary.LittleEndian.Uint32(data)), 0), rest, nil
	case opTimeOld:
		v := signed(data, 3)
		sign := int64(1)
		if v < 0 {
			sign, v = -1, -v
		}
		sec := v/10000*3600 + v/100%100*60 + v%100
		return record.AppendTime(dst, sign*sec*1e9), rest, nil
	}
	v := binary.LittleEndian.Uint64(data)
	d, t := v/1e6, v%1e6
	if d > 99991231 {
		return dst, nil, errors.New("a DATETIME beyond the year 9999")
	}
	date := record.PackDate(int(d/10000), int(d/100%100), int(d%100))
	ns := int64(t/10000*3600+t/100%100*60+t%100) * 1e9
	return record.AppendTimestamp(dst, date, ns), rest, nil
}
