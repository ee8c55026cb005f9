package main

import (
	"strconv"
	"time"

	"ggsh/handler/dml"
	"ggsh/record"
)

const (
	secondNanos = int64(1e9)
	dayNanos    = 86400 * secondNanos
	minuteNanos = 60 * secondNanos
)

// time gives a date with its time of day, and with the offset of its zone where the
// column has one. A value with a zone goes into a column without as its time in UTC.
func (b *binding) time() (any, error) {
	v := *b.v
	switch v.Kind {
	case record.Date, record.Timestamp, record.TimestampTZ:
	case record.String:
		if len(v.B) == 0 {
			return b.none()
		}
		parsed, ok := dml.ParseTime(v.B)
		if !ok {
			return nil, b.refuse(formatEndsEarly,
				"it is not in the form 2024-12-31 23:59:59.999999 or a part of it")
		}
		if parsed.Kind == record.Time {
			return nil, b.wrongKind()
		}
		v = parsed
	default:
		return nil, b.wrongKind()
	}
	if v.Kind == record.Date {
		v.N = 0
	}
	if code, why := wrongDay(v.D); why != "" {
		return nil, b.refuse(code, why)
	}
	digits := b.is.scale
	if b.is.family == dateType {
		digits = 0
	}
	unit := int64(1)
	for range 9 - min(digits, 9) {
		unit *= 10
	}
	if int64(v.N)%unit != 0 {
		return nil, b.refuse(formatEndsEarly, "its fraction of a second would be rounded")
	}
	zone := int16(0)
	if v.Kind == record.TimestampTZ && b.is.family == zonedType {
		if zone = v.Zone; zone < -12*60 || zone > 14*60 {
			return nil, b.refuse(zoneOutOfRange, "its zone is out of range")
		}
		v.D, v.N = shifted(v.D, int64(v.N), zone)
		if code, why := wrongDay(v.D); why != "" {
			return nil, b.refuse(code, why)
		}
	}
	v.Kind = record.Timestamp
	fraction := 9
	if b.is.family == dateType {
		fraction = 0
	}
	text := v.Text(make([]byte, 0, 40), fraction)
	if b.is.family == zonedType || b.is.family == localType {
		text = appendZone(append(text, ' '), zone)
	}
	return string(text), nil
}

// wrongDay says why a day is none of Oracle's calendar.
func wrongDay(d record.PackedDate) (code int, why string) {
	y, m, day := d.Split()
	switch {
	case y < -4712 || y > 9999 || y == 0:
		return invalidYear, "the year is out of range"
	case m < 1 || m > 12:
		return invalidMonth, "there is no such month"
	case day < 1 || day > daysIn(y, m):
		return invalidDay, "there is no such day"
	}
	return 0, ""
}

// daysIn gives the days of a month. Oracle's years before 1582 have the Julian
// calendar, in which each fourth year has a leap day.
func daysIn(year, month int) int {
	const reform = 1582
	if month == 2 && year < reform {
		if year < 0 {
			year++ // there is no year 0
		}
		if year%4 == 0 {
			return 29
		}
		return 28
	}
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// shifted gives the local day and time of an instant.
func shifted(d record.PackedDate, ns int64, zone int16) (record.PackedDate, uint64) {
	ns += int64(zone) * minuteNanos
	if ns >= 0 && ns < dayNanos {
		return d, uint64(ns)
	}
	y, m, day := d.Split()
	step := 1
	if ns < 0 {
		step = -1
	}
	t := time.Date(y, time.Month(m), day+step, 0, 0, 0, 0, time.UTC)
	y, month, day := t.Date()
	return record.PackDate(y, int(month), day), uint64(ns - int64(step)*dayNanos)
}

// appendZone writes an offset as +02:00.
func appendZone(text []byte, zone int16) []byte {
	sign := byte('+')
	if zone < 0 {
		sign, zone = '-', -zone
	}
	h, m := byte(zone/60), byte(zone%60)
	return append(text, sign, '0'+h/10, '0'+h%10, ':', '0'+m/10, '0'+m%10)
}

// interval gives 1-02 (years and months) or 3 04:05:06.7 (days and a time).
func (b *binding) interval() (any, error) {
	v := b.v
	var months, days, ns int64
	switch v.Kind {
	case record.Interval:
		months, days, ns = int64(int32(v.D)), int64(v.Days), int64(v.N)
	case record.Time:
		ns = int64(v.N)
	case record.String:
		if len(v.B) == 0 {
			return b.none()
		}
		return nil, b.refuse(invalidInterval, "text is not read as an interval")
	default:
		return nil, b.wrongKind()
	}
	if b.is.family == yearsType {
		if days != 0 || ns != 0 {
			return nil, b.refuse(invalidInterval, "it has more than years and months")
		}
		sign := "+"
		if months < 0 {
			sign, months = "-", -months
		}
		return sign + strconv.FormatInt(months/12, 10) + "-" + twoDigits(months%12), nil
	}
	if months != 0 {
		return nil, b.refuse(invalidInterval, "it has months, whose days are not told")
	}
	return b.dayInterval(days, ns)
}

func (b *binding) dayInterval(days, ns int64) (any, error) {
	days, ns = days+ns/dayNanos, ns%dayNanos
	if days > 0 && ns < 0 {
		days, ns = days-1, ns+dayNanos
	}
	if days < 0 && ns > 0 {
		days, ns = days+1, ns-dayNanos
	}
	sign := "+"
	if days < 0 || ns < 0 {
		sign, days, ns = "-", -days, -ns
	}
	unit := int64(1)
	for range 9 - min(b.is.scale, 9) {
		unit *= 10
	}
	if ns%unit != 0 {
		return nil, b.refuse(invalidInterval, "its fraction of a second would be rounded")
	}
	clock := record.Value{Kind: record.Time, N: uint64(ns)}
	return sign + strconv.FormatInt(days, 10) + " " + string(clock.Text(nil, 9)), nil
}

func twoDigits(n int64) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }
