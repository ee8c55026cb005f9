package redo

import (
	"bytes"

	"ggsh/record"
)

// appendCall takes the functions that LogMiner writes values with.
func (t *Type) appendCall(dst []byte, v *Value) ([]byte, error) {
	if len(v.Args) == 0 {
		return dst, t.fail("a function without arguments is no value of it")
	}
	if len(v.Args[0]) == 0 {
		return record.AppendNull(dst), nil
	}
	switch {
	case t.form >= dates && t.form <= local && (equalFold(v.Name, "TO_DATE") ||
		equalFold(v.Name, "TO_TIMESTAMP") || equalFold(v.Name, "TO_TIMESTAMP_TZ") ||
		equalFold(v.Name, "TO_TIMESTAMP_LTZ")):
		return t.appendFormatted(dst, v.Args)
	case t.form == months && equalFold(v.Name, "TO_YMINTERVAL") && len(v.Args) == 1,
		t.form == days && equalFold(v.Name, "TO_DSINTERVAL") && len(v.Args) == 1,
		t.form == xmlTexts && equalFold(v.Name, "XMLTYPE") && len(v.Args) == 1:
		return t.appendQuoted(dst, v.Args[0])
	}
	return dst, t.fail("no function known for it")
}

// appendFormatted takes text, format and calendar.
func (t *Type) appendFormatted(dst []byte, args [][]byte) ([]byte, error) {
	if len(args) == 1 {
		return t.appendQuoted(dst, args[0])
	}
	if len(args) > 3 ||
		len(args) == 3 && !equalFold(bytes.TrimSpace(args[2]), "NLS_CALENDAR=GREGORIAN") {
		return dst, t.fail("only NLS_CALENDAR=GREGORIAN is known as the third argument")
	}
	m, why := readFormatted(args[0], args[1])
	if why != "" {
		return dst, t.fail(why)
	}
	return t.appendMoment(dst, m)
}

// readMoment reads [-]YYYY-MM-DD[ HH24:MI:SS[.FF]][ TZH:TZM].
func readMoment(text []byte) (m moment, ok bool) {
	s := scanner{text: text}
	m.year = s.year()
	m.month = s.after('-')
	m.day = s.after('-')
	if len(s.text) > 0 {
		s.sign(' ')
		m.hour = s.number(2)
		m.minute = s.after(':')
		m.second = s.after(':')
		if s.has('.') {
			m.nano = s.fraction(9)
		}
	}
	if s.has(' ') {
		m.zone, m.zoned = s.zone(), true
	}
	return m, !s.wrong && len(s.text) == 0
}

// scanner takes a text apart from its front; wrong stays once something did not fit.
type scanner struct {
	text  []byte
	wrong bool
}

func (s *scanner) has(b byte) bool {
	if len(s.text) == 0 || s.text[0] != b {
		return false
	}
	s.text = s.text[1:]
	return true
}

func (s *scanner) sign(b byte) { s.wrong = !s.has(b) || s.wrong }

// number reads width digits, not less: a year of two digits is of another format.
func (s *scanner) number(width int) (n int) {
	short := s.text
	n = s.upTo(width)
	s.wrong = s.wrong || len(short)-len(s.text) < width
	return n
}

// upTo reads one to width digits.
func (s *scanner) upTo(width int) (n int) {
	i := 0
	for ; i < width && i < len(s.text) && isDigit(s.text[i]); i++ {
		n = n*10 + int(s.text[i]-'0')
	}
	s.wrong = s.wrong || i == 0
	s.text = s.text[i:]
	return n
}

// after reads two digits behind a sign.
func (s *scanner) after(b byte) int {
	s.sign(b)
	return s.number(2)
}

// year may have a blank or a sign before it.
func (s *scanner) year() int {
	for s.has(' ') {
	}
	if s.has('-') {
		return -s.number(4)
	}
	return s.number(4)
}

// fraction reads up to width digits as nanoseconds; there may be none.
func (s *scanner) fraction(width int) (n int) {
	i := 0
	for ; i < width && i < len(s.text) && isDigit(s.text[i]); i++ {
		n = n*10 + int(s.text[i]-'0')
	}
	s.text = s.text[i:]
	for ; i < 9; i++ {
		n *= 10
	}
	return n
}

// zone reads an offset, or the names of the zone whose offset is nothing. Other regions are
// wrong: their offset at a time is known to the database alone.
func (s *scanner) zone() int {
	if equalFold(s.text, "UTC") || equalFold(s.text, "GMT") || equalFold(s.text, "Z") {
		s.text = nil
		return 0
	}
	negative := s.has('-')
	if !negative {
		s.sign('+')
	}
	hours := s.number(2)
	minutes := s.after(':')
	s.wrong = s.wrong || hours > 15 || minutes > 59
	if negative {
		return -(hours*60 + minutes)
	}
	return hours*60 + minutes
}

// reading is what was read by a format so far.
type reading struct {
	moment
	year, month, day bool // were given
	pm, bc           bool
	negative         bool // the offset
}

// elements of date formats, longer ones before those that they begin with.
var elements = [...]string{"SYYYY", "YYYY", "MM", "MON", "DD", "HH24", "HH12", "HH", "MI", "SS",
	"FF", "TZH", "TZM", "TZR", "A.M.", "P.M.", "AM", "PM", "B.C.", "A.D.", "BC", "AD", "X"}

// take reads what an element stands for.
func (r *reading) take(s *scanner, element string) {
	switch element {
	case "SYYYY":
		r.moment.year, r.year = s.year(), true
	case "YYYY":
		r.moment.year, r.year = s.number(4), true
	case "MM":
		r.moment.month, r.month = s.number(2), true
	case "MON":
		r.moment.month, r.month = s.monthName(), true
	case "DD":
		r.moment.day, r.day = s.number(2), true
	case "HH24":
		r.hour = s.number(2)
	case "HH12", "HH":
		r.takeHalfDay(s)
	case "MI":
		r.minute = s.number(2)
	case "SS":
		r.second = s.number(2)
	case "FF":
		r.nano = s.fraction(9)
	case "TZH":
		r.takeZoneHours(s)
	case "TZM":
		r.takeZoneMinutes(s)
	case "TZR":
		r.zone, r.zoned = s.zone(), true
	case "X":
		s.sign('.')
	case "B.C.", "A.D.", "BC", "AD":
		r.bc = s.word("B.C.", "BC")
		s.wrong = !r.bc && !s.word("A.D.", "AD") || s.wrong
	default:
		r.pm = s.word("P.M.", "PM")
		s.wrong = !r.pm && !s.word("A.M.", "AM") || s.wrong
	}
}

func (r *reading) takeHalfDay(s *scanner) {
	r.hour = s.number(2)
	s.wrong = s.wrong || r.hour < 1 || r.hour > 12
	r.hour %= 12
}

func (r *reading) takeZoneHours(s *scanner) {
	for s.has(' ') {
	}
	if r.negative = s.has('-'); !r.negative {
		s.has('+')
	}
	if r.zone, r.zoned = s.number(2)*60, true; r.negative {
		r.zone = -r.zone
	}
}

func (r *reading) takeZoneMinutes(s *scanner) {
	n := s.number(2)
	if s.wrong = s.wrong || n > 59 || !r.zoned; r.negative {
		n = -n
	}
	r.zone += n
}

// word takes one of the words.
func (s *scanner) word(words ...string) bool {
	for _, w := range words {
		if len(s.text) >= len(w) && equalFold(s.text[:len(w)], w) {
			s.text = s.text[len(w):]
			return true
		}
	}
	return false
}

var monthNames = [...]string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT",
	"NOV", "DEC"}

func (s *scanner) monthName() int {
	for i, name := range monthNames {
		if s.word(name) {
			return i + 1
		}
	}
	s.wrong = true
	return 0
}

// dateFormat is the one of nearly all dates: that of the session.
const dateFormat = "YYYY-MM-DD HH24:MI:SS"

// readFormatted reads text by a date format. Formats that do not give year, month and day, or
// the year by two digits, do not say which day it is.
func readFormatted(text, format []byte) (m moment, why string) {
	if m, ok := readMoment(text); ok && len(text) == 19 && m.year > 0 &&
		string(format) == dateFormat {
		return m, ""
	}
	s := scanner{text: text}
	var r reading
	for len(format) > 0 && !s.wrong {
		e := nextElement(format)
		n := len(e)
		switch {
		case e == "FF" && n < len(format) && isDigit(format[n]):
			n++
			r.take(&s, e)
		case e != "":
			r.take(&s, e)
		case format[0] == '"':
			n = bytes.IndexByte(format[1:], '"') + 2
			if n < 2 || !bytes.HasPrefix(s.text, format[1:n-1]) {
				return m, "the text is not of its format"
			}
			s.text = s.text[n-2:]
		case inWord(format[0]):
			return m, "the format has an element that is not known, or a year of two digits"
		case len(s.text) == 0 && fractionOnly(format):
			format = nil
			continue
		default:
			s.sign(format[0])
			n = 1
		}
		format = format[n:]
	}
	if s.wrong || len(s.text) > 0 {
		return m, "the text is not of its format"
	}
	if !r.year || !r.month || !r.day {
		return m, "the format does not give year, month and day"
	}
	if r.pm {
		r.hour += 12
	}
	if r.bc {
		r.moment.year = -r.moment.year
	}
	return r.moment, ""
}

func nextElement(format []byte) string {
	for _, e := range elements {
		if len(format) >= len(e) && equalFold(format[:len(e)], e) {
			return e
		}
	}
	return ""
}

// fractionOnly tells the rest of a format that a text may leave out.
func fractionOnly(format []byte) bool {
	return len(format) > 2 && format[0] == '.' && equalFold(format[1:3], "FF")
}

// appendIntervalText takes [+-]years-months, or [+-]days hours:minutes:seconds[.fraction].
func (t *Type) appendIntervalText(dst, text []byte) ([]byte, error) {
	s := scanner{text: text}
	negative := s.has('-')
	if !negative {
		s.has('+')
	}
	first := int64(s.upTo(9))
	if t.form == months {
		m := int64(s.after('-'))
		if s.wrong || len(s.text) > 0 || m > 11 {
			return dst, t.fail("the text is not years-months")
		}
		if first = first*12 + m; negative {
			first = -first
		}
		return t.appendMonths(dst, first)
	}
	s.sign(' ')
	hours := s.number(2)
	minutes := s.after(':')
	seconds := s.after(':')
	fraction := 0
	if s.has('.') {
		fraction = s.fraction(9)
	}
	if s.wrong || len(s.text) > 0 || hours > 23 || minutes > 59 || seconds > 59 {
		return dst, t.fail("the text is not days hours:minutes:seconds")
	}
	ns := int64((hours*60+minutes)*60+seconds)*1e9 + int64(fraction)
	if negative {
		first, ns = -first, -ns
	}
	return record.AppendInterval(dst, 0, int32(first), ns), nil
}
