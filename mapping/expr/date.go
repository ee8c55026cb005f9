package expr

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"ggsh/record"
)

const (
	// julianDay is the Julian day of 1970-01-01, julianMicros the microseconds
	// from the beginning of Julian days to that midnight.
	julianDay    = 2440588
	julianMicros = 210866760000 * 1000000
	// tandemEpoch is 1974-12-31, stratusEpoch 1980-01-01, in seconds from 1970.
	tandemEpoch  = 157680000
	stratusEpoch = 315532800
)

// descriptor is one of the words of a date's format.
type descriptor struct {
	name    string
	width   int // digits; 0: as many as there are
	in, out bool
	date    bool // it needs, or gives, a date
}

// descriptors are tried in this order: a longer word before its beginning.
var descriptors = []descriptor{
	{"STRATUS", 0, true, false, true}, {"PHAMIS", 0, false, false, true},
	{"JTSGMT", 0, true, true, true}, {"JTSLCT", 0, true, true, true}, {"CDATE", 0, true, false, true},
	{"YYYY", 4, true, true, true}, {"DOW0", 1, false, true, true}, {"DOW1", 1, false, true, true},
	{"DOWA", 3, false, true, true}, {"JTS", 0, true, true, true}, {"JUL", 0, true, true, true},
	{"TTS", 0, true, false, true}, {"MMM", 3, true, true, true}, {"DDD", 3, true, true, true},
	{"CC", 2, true, true, true}, {"YY", 2, true, true, true}, {"MM", 2, true, true, true},
	{"DD", 2, true, true, true}, {"HH", 2, true, true, false}, {"MI", 2, true, true, false},
	{"SS", 2, true, true, false}, {"F", 1, true, true, false}}

// dateItem is a descriptor, or a character that stands for itself.
type dateItem struct {
	*descriptor
	count   int // of F
	literal byte
}

// dateFormat cuts a format. ok is false when it names nothing, or a descriptor
// that cannot be used on its side.
func dateFormat(text string, input bool) (items []dateItem, ok bool) {
	rest := text
next:
	for rest != "" {
		for i := range descriptors {
			d := &descriptors[i]
			if len(rest) < len(d.name) || !strings.EqualFold(rest[:len(d.name)], d.name) {
				continue
			}
			if input && !d.in || !input && !d.out {
				return nil, false
			}
			item := dateItem{descriptor: d}
			rest = rest[len(d.name):]
			for item.count = 1; d.name == "F" && strings.HasPrefix(strings.ToUpper(rest), "F"); {
				item.count++
				rest = rest[1:]
			}
			ok = true
			items = append(items, item)
			continue next
		}
		items = append(items, dateItem{literal: rest[0]})
		rest = rest[1:]
	}
	return items, ok
}

// fields is a date in its parts. It is put together from one source or several.
type fields struct {
	century, yy, year int // -1: not given
	month, day        int
	dayOfYear         int
	hour, min, sec    int
	ns                int
	dated             bool // some part of a date was given
}

// bindDate binds @DATE (output, input, source [, input, source]...).
func bindDate(s *Scope, n *Node) (bound, error) {
	text := func(arg *Node, input bool) ([]dateItem, error) {
		if arg.kind == textNode || arg.kind == columnNode && arg.word {
			if items, ok := dateFormat(arg.text, input); ok {
				return items, nil
			}
		}
		side := "output"
		if input {
			side = "input"
		}
		return nil, fault(arg.at, "%s is no %s format of @DATE", arg.text, side).
			Do("Use the descriptors of docs/FUNCTIONS.md, such as 'YYYY-MM-DD HH:MI:SS'.")
	}
	out, err := text(n.args[0], false)
	if err != nil {
		return bound{}, err
	}
	var formats [][]dateItem
	var sources []*Node
	for i := 1; i+1 < len(n.args); i += 2 {
		in, err := text(n.args[i], true)
		if err != nil {
			return bound{}, err
		}
		formats, sources = append(formats, in), append(sources, n.args[i+1])
	}
	b, args, err := s.bindAll(sources)
	zone := s.Env.now().Location()
	b.eval = strict(func(r *Record, v []record.Value) record.Value {
		f := fields{century: -1, yy: -1, year: -1}
		for i := range v {
			if !r.readDate(&f, formats[i], v[i], zone) {
				return state(Invalid)
			}
		}
		if !f.settle() {
			return state(Invalid)
		}
		return r.writeDate(&f, out, zone)
	}, args)
	return b, err
}

// readDate takes the parts that a source gives. Values that are dates already
// need no format.
func (r *Record) readDate(f *fields, items []dateItem, v record.Value, zone *time.Location) bool {
	switch {
	case temporal(v.Kind):
		f.year, f.month, f.day = v.D.Split()
		f.dated = true
		f.clock(int64(v.N))
		return true
	case v.Kind == record.Time && int64(v.N) >= 0 && int64(v.N) < daySeconds*1e9:
		f.clock(int64(v.N))
		return true
	}
	b, ok := r.text(v)
	if !ok {
		return false
	}
	for _, item := range items {
		if item.descriptor == nil {
			if len(b) > 0 && isAlnum(b[0]) {
				return false
			}
			b = b[min(1, len(b)):]
			continue
		}
		if len(b) == 0 && !item.date {
			continue // parts of a time that are not there are zero
		}
		if b, ok = f.read(item, b, zone); !ok {
			return false
		}
	}
	if len(b) == 0 {
		return true
	}
	// Digits of a second beyond the format are cut.
	last := items[len(items)-1]
	fraction := last.descriptor != nil && last.name == "F"
	if !fraction && b[0] == '.' {
		b, fraction = b[1:], true
	}
	_, ok = parseFraction(b)
	return ok && fraction
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

func (f *fields) clock(ns int64) {
	sec := ns / 1e9
	f.hour, f.min, f.sec, f.ns = int(sec/3600), int(sec/60%60), int(sec%60), int(ns%1e9)
}

// months are the names that MMM reads and writes.
var months = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT",
	"NOV", "DEC"}

// weekdays are the names that DOWA writes.
var weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// read takes one part from the front of b.
func (f *fields) read(item dateItem, b []byte, zone *time.Location) ([]byte, bool) {
	f.dated = f.dated || item.date
	width := item.width
	switch item.name {
	case "MMM":
		for i, name := range months {
			if len(b) >= 3 && bytes.EqualFold(b[:3], []byte(name)) {
				f.month = i + 1
				return b[3:], true
			}
		}
		return b, false
	case "F":
		n := 0
		for n < len(b) && n < item.count && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		ns, ok := parseFraction(b[:n])
		f.ns = int(ns)
		return b[n:], ok
	case "YYYY", "CC", "YY", "MM", "DD", "DDD", "HH", "MI", "SS":
		if len(b) < width {
			return b, false
		}
	default:
		width = len(b)
		n, ok := parseNumber(b)
		if !ok || n.big != nil || n.float || n.scale > 0 {
			return b, false
		}
		return nil, f.stamp(item.name, n.n, zone)
	}
	n, ok := digits(b[:width])
	*f.part(item.name) = n
	return b[width:], ok
}

// part is where the number of a descriptor goes.
func (f *fields) part(name string) *int {
	switch name {
	case "YYYY":
		return &f.year
	case "CC":
		return &f.century
	case "YY":
		return &f.yy
	case "MM":
		return &f.month
	case "DD":
		return &f.day
	case "DDD":
		return &f.dayOfYear
	case "HH":
		return &f.hour
	case "MI":
		return &f.min
	}
	return &f.sec
}

// stamp takes a count of days or of parts of a second.
func (f *fields) stamp(name string, n int64, zone *time.Location) bool {
	const far = 1 << 58
	if n > far || n < 0 {
		return false
	}
	var t time.Time
	switch name {
	case "JUL":
		t = time.Unix((n-julianDay)*daySeconds, 0).UTC()
		f.year, f.month, f.day = t.Year(), int(t.Month()), t.Day()
		return n < 1<<30
	case "JTSLCT":
		t = time.UnixMicro(n - julianMicros).UTC()
	case "JTS", "JTSGMT":
		t = time.UnixMicro(n - julianMicros).In(zone)
	case "CDATE":
		t = time.Unix(n, 0).In(zone)
	case "TTS":
		t = time.Unix(tandemEpoch+n/100, n%100*1e7).UTC()
	case "STRATUS":
		t = time.Unix(stratusEpoch+n/65536, n%65536*1e9/65536).In(zone)
	}
	f.year, f.month, f.day = t.Year(), int(t.Month()), t.Day()
	f.hour, f.min, f.sec, f.ns = t.Hour(), t.Minute(), t.Second(), t.Nanosecond()
	return f.year >= 0 && f.year < 10000
}

// settle makes year, month and day of what was given and checks all parts.
func (f *fields) settle() bool {
	if f.hour > 23 || f.min > 59 || f.sec > 59 {
		return false
	}
	if !f.dated {
		return true
	}
	if f.year < 0 && f.yy >= 0 {
		century := f.century
		if century < 0 {
			if century = 19; f.yy < 50 {
				century = 20
			}
		}
		f.year = century*100 + f.yy
	}
	if f.year < 0 {
		return false
	}
	if f.dayOfYear > 0 && f.month == 0 {
		t := time.Date(f.year, 1, f.dayOfYear, 0, 0, 0, 0, time.UTC)
		f.month, f.day = int(t.Month()), t.Day()
		return t.Year() == f.year
	}
	return realDate(f.year, f.month, f.day)
}

// writeDate writes the parts that the output format names.
func (r *Record) writeDate(f *fields, items []dateItem, zone *time.Location) record.Value {
	from := len(r.arena)
	t := time.Date(f.year, time.Month(f.month), f.day, f.hour, f.min, f.sec, f.ns, time.UTC)
	for _, item := range items {
		if item.descriptor == nil {
			r.arena = append(r.arena, item.literal)
			continue
		}
		if item.date && !f.dated {
			return state(Invalid)
		}
		r.arena = f.write(r.arena, item, t, zone)
	}
	return r.made(record.String, from)
}

func (f *fields) write(dst []byte, item dateItem, t time.Time, zone *time.Location) []byte {
	switch item.name {
	case "YYYY":
		return padded(dst, f.year, 4)
	case "CC":
		return padded(dst, f.year/100, 2)
	case "YY":
		return padded(dst, f.year%100, 2)
	case "MM":
		return padded(dst, f.month, 2)
	case "MMM":
		return append(dst, months[f.month-1]...)
	case "DD":
		return padded(dst, f.day, 2)
	case "DDD":
		return padded(dst, t.YearDay(), 3)
	case "DOW0":
		return padded(dst, int(t.Weekday()), 1)
	case "DOW1":
		return padded(dst, int(t.Weekday())+1, 1)
	case "DOWA":
		return append(dst, weekdays[t.Weekday()]...)
	case "HH":
		return padded(dst, f.hour, 2)
	case "MI":
		return padded(dst, f.min, 2)
	case "SS":
		return padded(dst, f.sec, 2)
	case "F":
		at := len(dst)
		return padded(dst, f.ns, 9)[:at+min(item.count, 9)]
	case "JUL":
		day := moment{date: record.PackDate(f.year, f.month, f.day)}.days()
		return strconv.AppendInt(dst, day+julianDay, 10)
	case "JTSLCT":
		return strconv.AppendInt(dst, t.UnixMicro()+julianMicros, 10)
	}
	local := time.Date(f.year, time.Month(f.month), f.day, f.hour, f.min, f.sec, f.ns, zone)
	return strconv.AppendInt(dst, local.UnixMicro()+julianMicros, 10)
}

// padded writes n with leading zeros.
func padded(dst []byte, n, width int) []byte {
	at := len(dst)
	dst = strconv.AppendInt(dst, int64(n), 10)
	for len(dst)-at < width {
		dst = append(dst, 0)
		copy(dst[at+1:], dst[at:])
		dst[at] = '0'
	}
	return dst
}
