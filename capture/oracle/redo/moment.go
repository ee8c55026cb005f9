package redo

import (
	"encoding/binary"

	"ggsh/record"
)

// moment is a point of the calendar, with the offset that it was written with. Years
// are as Oracle writes them: -44 is 44 BC, and there is no year 0.
type moment struct {
	year, month, day     int
	hour, minute, second int
	nano                 int
	zone                 int // minutes east of UTC
	zoned                bool
}

// daysOf knows the calendar that Oracle has: Julian until 4 October 1582, Gregorian from
// the 15th on.
func daysOf(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		y := year
		if y < 0 {
			y++
		}
		if y%4 != 0 || year > 1582 && y%100 == 0 && y%400 != 0 {
			return 28
		}
		return 29
	}
	return 31
}

// valid reports whether there is such a moment.
func (m *moment) valid() bool {
	return m.year >= -4712 && m.year <= 9999 && m.year != 0 && m.month >= 1 && m.month <= 12 &&
		m.day >= 1 && m.day <= daysOf(m.year, m.month) &&
		!(m.year == 1582 && m.month == 10 && m.day > 4 && m.day < 15) &&
		m.hour >= 0 && m.hour < 24 && m.minute >= 0 && m.minute < 60 &&
		m.second >= 0 && m.second < 60 && m.nano >= 0 && m.nano < 1e9 &&
		m.zone > -24*60 && m.zone < 24*60
}

func (m *moment) date() record.PackedDate { return record.PackDate(m.year, m.month, m.day) }

func (m *moment) ofDay() int64 {
	return int64((m.hour*60+m.minute)*60+m.second)*1e9 + int64(m.nano)
}

// east moves the clock by minutes.
func (m *moment) east(minutes int) {
	clock := m.hour*60 + m.minute + minutes
	switch {
	case clock < 0:
		clock += 24 * 60
		m.yesterday()
	case clock >= 24*60:
		clock -= 24 * 60
		m.tomorrow()
	}
	m.hour, m.minute = clock/60, clock%60
}

func (m *moment) tomorrow() {
	if m.year == 1582 && m.month == 10 && m.day == 4 {
		m.day = 14
	}
	if m.day++; m.day <= daysOf(m.year, m.month) {
		return
	}
	m.day = 1
	if m.month++; m.month <= 12 {
		return
	}
	m.month = 1
	if m.year++; m.year == 0 {
		m.year = 1
	}
}

func (m *moment) yesterday() {
	if m.year == 1582 && m.month == 10 && m.day == 15 {
		m.day = 5
	}
	if m.day--; m.day >= 1 {
		return
	}
	if m.month--; m.month < 1 {
		m.month = 12
		if m.year--; m.year == 0 {
			m.year = -1
		}
	}
	m.day = daysOf(m.year, m.month)
}

// appendMoment appends what a literal says, which is in its own zone.
func (t *Type) appendMoment(dst []byte, m moment) ([]byte, error) {
	if !m.valid() {
		return dst, t.fail("there is no such date or time")
	}
	switch {
	case t.form == dates && m.nano != 0:
		return dst, t.fail("it has no fractions of a second")
	case t.form == zoned && !m.zoned:
		return dst, t.fail("the text has no time zone: the session's NLS_TIMESTAMP_TZ_FORMAT " +
			"must end in TZH:TZM")
	case m.zoned && t.form != zoned && t.form != local:
		return dst, t.fail("it has no time zone")
	}
	if t.form == dates || t.form == timestamps {
		return record.AppendTimestamp(dst, m.date(), m.ofDay()), nil
	}
	zone := m.zone
	m.east(-zone)
	if !m.valid() {
		return dst, t.fail("there is no such date or time")
	}
	if t.form == local {
		zone = 0
	}
	return record.AppendTimestampTZ(dst, m.date(), m.ofDay(), int16(zone)), nil
}

// appendInternalMoment takes 7 octets: century and year with 100 added, month, day, and hour,
// minute, second with 1 added; 4 more of nanoseconds; and 2 more of the zone, in which case
// date and time are UTC.
func (t *Type) appendInternalMoment(dst, raw []byte) ([]byte, error) {
	n := len(raw)
	if n != 7 && (t.form == dates || n != 11) && (t.form != zoned || n != 13) {
		return dst, t.fail("the number of octets is not that of a date or time")
	}
	m := moment{year: (int(raw[0])-100)*100 + int(raw[1]) - 100, month: int(raw[2]),
		day: int(raw[3]), hour: int(raw[4]) - 1, minute: int(raw[5]) - 1, second: int(raw[6]) - 1}
	if n > 7 {
		m.nano = int(binary.BigEndian.Uint32(raw[7:]))
	}
	if t.form == zoned && n != 13 {
		return dst, t.fail("the octets have no time zone")
	}
	if n == 13 && raw[11]&0x80 == 0 {
		hours, minutes := int(raw[11])-20, int(raw[12])-60
		if hours < -15 || hours > 15 || minutes < -59 || minutes > 59 {
			return dst, t.fail("there is no such time zone")
		}
		m.zone = hours*60 + minutes
	}
	if t.form == local {
		m.east(-t.zone)
	}
	if !m.valid() {
		return dst, t.fail("there is no such date or time")
	}
	if t.form == dates || t.form == timestamps {
		return record.AppendTimestamp(dst, m.date(), m.ofDay()), nil
	}
	return record.AppendTimestampTZ(dst, m.date(), m.ofDay(), int16(m.zone)), nil
}

// appendInternalInterval takes 4 octets of years or days with 2^31 added, and months, or hours,
// minutes, seconds with 60 added, and 4 of nanoseconds with 2^31 added.
func (t *Type) appendInternalInterval(dst, raw []byte) ([]byte, error) {
	if t.form == months && len(raw) != 5 || t.form == days && len(raw) != 11 {
		return dst, t.fail("the number of octets is not that of an interval")
	}
	first := int64(binary.BigEndian.Uint32(raw)) - 1<<31
	if n := int64(raw[4]) - 60; t.form == months && within(n, 12) {
		return t.appendMonths(dst, first*12+n)
	} else if t.form == months {
		return dst, t.fail("there is no such interval")
	}
	hours, minutes, seconds := int64(raw[4])-60, int64(raw[5])-60, int64(raw[6])-60
	nanos := int64(binary.BigEndian.Uint32(raw[7:])) - 1<<31
	if !within(hours, 24) || !within(minutes, 60) || !within(seconds, 60) || !within(nanos, 1e9) {
		return dst, t.fail("there is no such interval")
	}
	return record.AppendInterval(dst, 0, int32(first),
		((hours*60+minutes)*60+seconds)*1e9+nanos), nil
}

// within reports whether n is less than limit, whatever its sign.
func within(n, limit int64) bool { return n > -limit && n < limit }

func (t *Type) appendMonths(dst []byte, n int64) ([]byte, error) {
	if n != int64(int32(n)) {
		return dst, t.fail("it has more months than a record can hold")
	}
	return record.AppendInterval(dst, int32(n), 0, 0), nil
}
