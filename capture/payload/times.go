package payload

import (
	"time"

	"ggsh/record"
)

// timeText reads a date and time of day digit by digit.
type timeText struct {
	b  []byte
	ok bool
}

// digits reads exactly n digits.
func (x *timeText) digits(n int) int {
	v := 0
	for range n {
		if len(x.b) == 0 || x.b[0] < '0' || x.b[0] > '9' {
			x.ok = false
			return 0
		}
		v = v*10 + int(x.b[0]-'0')
		x.b = x.b[1:]
	}
	return v
}

// mark passes one of the given octets.
func (x *timeText) mark(marks string) bool {
	if len(x.b) > 0 {
		for i := range len(marks) {
			if x.b[0] == marks[i] {
				x.b = x.b[1:]
				return true
			}
		}
	}
	return false
}

func (x *timeText) need(marks string) { x.ok = x.mark(marks) && x.ok }

// date reads 2026-11-21; the day must be one.
func (x *timeText) date() record.PackedDate {
	year := x.digits(4)
	x.need("-")
	month := x.digits(2)
	x.need("-")
	day := x.digits(2)
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if at.Month() != time.Month(month) || at.Day() != day {
		x.ok = false
	}
	return record.PackDate(year, month, day)
}

// clock reads 23:59, 23:59:59 or 23:59:59.123456789 as nanoseconds.
func (x *timeText) clock() int64 {
	hour := x.digits(2)
	x.need(":")
	minute, second, ns := x.digits(2), 0, 0
	if x.mark(":") {
		second = x.digits(2)
		if x.mark(".,") {
			ns = x.fraction()
		}
	}
	if hour > 23 || minute > 59 || second > 59 {
		x.ok = false
	}
	return ((int64(hour)*60+int64(minute))*60+int64(second))*1e9 + int64(ns)
}

// fraction reads one to nine digits behind the point.
func (x *timeText) fraction() int {
	ns, n := 0, 0
	for len(x.b) > 0 && x.b[0] >= '0' && x.b[0] <= '9' && n < 9 {
		ns = ns*10 + x.digits(1)
		n++
	}
	if n == 0 {
		x.ok = false
	}
	for ; n < 9; n++ {
		ns *= 10
	}
	return ns
}

// zone reads Z, +02 or +02:00 as minutes east.
func (x *timeText) zone() int {
	if x.mark("Zz") {
		return 0
	}
	sign := 1
	if x.mark("-") {
		sign = -1
	} else {
		x.need("+")
	}
	hours, minutes := x.digits(2), 0
	if x.mark(":") || len(x.b) > 0 {
		minutes = x.digits(2)
	}
	if hours > 18 || minutes > 59 {
		x.ok = false
	}
	return sign * (hours*60 + minutes)
}

// appendTime appends what a text says in a column of dates or times.
func appendTime(dst []byte, col *record.ColumnDef, text []byte) ([]byte, error) {
	x := timeText{b: text, ok: true}
	var date record.PackedDate
	var clock int64
	zone := 0
	if col.Kind != record.Time {
		date = x.date()
	}
	if col.Kind == record.Timestamp || col.Kind == record.TimestampTZ {
		if len(x.b) > 0 {
			x.need(" T")
			clock = x.clock()
		}
	}
	switch col.Kind {
	case record.Time:
		clock = x.clock()
	case record.TimestampTZ:
		x.mark(" ")
		zone = x.zone()
	}
	if !x.ok || len(x.b) > 0 {
		return dst, notA(text, timeForms[col.Kind])
	}
	switch col.Kind {
	case record.Date:
		return record.AppendDate(dst, date), nil
	case record.Time:
		return record.AppendTime(dst, clock), nil
	case record.Timestamp:
		return record.AppendTimestamp(dst, date, clock), nil
	}
	year, month, day := date.Split()
	return record.AppendInstant(dst, time.Date(year, time.Month(month), day, 0, 0, 0, 0,
		time.FixedZone("", zone*60)).Add(time.Duration(clock))), nil
}

// timeForms say how the texts of each kind look.
var timeForms = map[record.Kind]string{
	record.Date:        "date as 2026-11-21",
	record.Time:        "time of day as 23:59:59.123",
	record.Timestamp:   "time as 2026-11-21 23:59:59.123",
	record.TimestampTZ: "time with zone as 2026-11-21T23:59:59.123+01:00",
}
