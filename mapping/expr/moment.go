package expr

import (
	"time"

	"ggsh/record"
)

const daySeconds = 24 * 60 * 60

// moment is a date with nanoseconds of its day.
type moment struct {
	date record.PackedDate
	ns   int64
}

func (m moment) compare(o moment) int {
	if m.date != o.date {
		return sign(int(m.date) - int(o.date))
	}
	return compareNumbers(number{n: m.ns}, number{n: o.ns})
}

// days counts from 1970.
func (m moment) days() int64 {
	y, month, d := m.date.Split()
	return time.Date(y, time.Month(month), d, 0, 0, 0, 0, time.UTC).Unix() / daySeconds
}

// moment reads a value as a date: texts as YYYY-MM-DD, possibly with a mark and
// HH:MI[:SS[.fraction]] behind it.
func (r *Record) moment(v record.Value) (moment, bool) {
	switch v.Kind {
	case record.Date:
		return moment{date: v.D}, true
	case record.Timestamp, record.TimestampTZ:
		return moment{date: v.D, ns: int64(v.N)}, true
	case record.String:
		return parseMoment(v.B)
	}
	return moment{}, false
}

// parseMoment reads YYYY-MM-DD[*HH:MI[:SS[.f]]]; a fraction beyond nanoseconds is cut.
func parseMoment(b []byte) (m moment, ok bool) {
	if len(b) < 10 || b[4] != '-' && b[4] != '/' || b[7] != b[4] {
		return m, false
	}
	var n [5]int
	for i, at := range [...]struct{ from, to int }{{0, 4}, {5, 7}, {8, 10}} {
		if n[i], ok = digits(b[at.from:at.to]); !ok {
			return m, false
		}
	}
	if !realDate(n[0], n[1], n[2]) {
		return m, false
	}
	m.date = record.PackDate(n[0], n[1], n[2])
	if b = b[10:]; len(b) == 0 {
		return m, true
	}
	m.ns, ok = parseClock(b[1:])
	return m, ok
}

// parseClock reads HH:MI[:SS[.f]] as nanoseconds.
func parseClock(b []byte) (int64, bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, false
	}
	hour, ok := digits(b[:2])
	minute, good := digits(b[3:5])
	if !ok || !good || hour > 23 || minute > 59 {
		return 0, false
	}
	ns := int64(hour*3600+minute*60) * 1e9
	if b = b[5:]; len(b) == 0 {
		return ns, true
	}
	if len(b) < 3 || b[0] != ':' {
		return 0, false
	}
	second, ok := digits(b[1:3])
	if !ok || second > 59 {
		return 0, false
	}
	ns += int64(second) * 1e9
	if b = b[3:]; len(b) == 0 {
		return ns, true
	}
	fraction, ok := parseFraction(b[1:])
	return ns + fraction, ok && b[0] == '.'
}

// parseFraction reads digits behind the point as nanoseconds.
func parseFraction(b []byte) (ns int64, ok bool) {
	for i, unit := 0, int64(1e8); i < len(b); i++ {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
		ns += int64(b[i]-'0') * unit
		unit /= 10
	}
	return ns, len(b) > 0
}

// digits reads a number of digits alone.
func digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0 && len(b) < 10
}

func realDate(y, m, d int) bool {
	if m < 1 || m > 12 || d < 1 {
		return false
	}
	return d <= time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// bindDateDiff binds @DATEDIFF.
func bindDateDiff(s *Scope, n *Node) (bound, error) {
	unit, err := n.args[0].keyword("DD", "SS")
	if err != nil {
		return bound{}, err
	}
	b, args, err := s.bindAll(n.args[1:])
	b.eval = strict(func(r *Record, v []record.Value) record.Value {
		from, ok := r.moment(v[0])
		to, good := r.moment(v[1])
		if !ok || !good {
			return state(Invalid)
		}
		d := to.days() - from.days()
		if unit == "DD" {
			return integer(d)
		}
		return integer(d*daySeconds + (to.ns/1e9 - from.ns/1e9))
	}, args)
	return b, err
}

// bindDateNow binds @DATENOW.
func bindDateNow(s *Scope, _ *Node) (bound, error) {
	return bound{eval: func(r *Record) record.Value {
		from := len(r.arena)
		r.arena = s.Env.now().AppendFormat(r.arena, time.DateTime)
		return r.made(record.String, from)
	}}, nil
}
