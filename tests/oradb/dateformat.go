package oradb

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// stampLayout is how points in time stand in SQLite, so that they sort as text; one
// with a time zone is in UTC and has its offset behind a blank.
const stampLayout = "2006-01-02T15:04:05.000000000"

const zoneLayout = " -07:00"

// stampText gives the stored form; a zone is kept on demand.
func stampText(t time.Time, zone bool) string {
	if !zone {
		return t.Format(stampLayout)
	}
	return t.UTC().Format(stampLayout) + t.Format(zoneLayout)
}

// parseStamp reads the stored form.
func parseStamp(s string) (t time.Time, zone, ok bool) {
	if len(s) < len(stampLayout) || s[10] != 'T' {
		return t, false, false
	}
	t, err := time.Parse(stampLayout, s[:len(stampLayout)])
	if err != nil {
		return t, false, false
	}
	rest := s[len(stampLayout):]
	if rest == "" {
		return t, false, true
	}
	offset, err := time.Parse(zoneLayout, rest)
	if err != nil {
		return t, false, false
	}
	_, seconds := offset.Zone()
	return t.In(time.FixedZone(strings.TrimSpace(rest), seconds)), true, true
}

// formatElements are the elements of date formats, longest first where one begins
// another.
var formatElements = []string{"SYYYY", "YYYY", "RRRR", "MONTH", "SSSSS", "HH24", "HH12", "DDD",
	"DAY", "MON", "TZH", "TZM", "TZR", "TZD", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FF7",
	"FF8", "FF9", "A.M.", "P.M.", "YYY", "HH", "MM", "MI", "SS", "YY", "RR", "DD", "DY", "AM", "PM", "FF",
	"FM", "FX", "IW", "WW", "BC", "AD", "CC", "D", "Q", "J", "Y", "X"}

// nextElement splits a format: an element, or one other character or quoted text.
func nextElement(format string) (element, literal, rest string) {
	upper := strings.ToUpper(format)
	for _, e := range formatElements {
		if strings.HasPrefix(upper, e) {
			return e, format[:len(e)], format[len(e):]
		}
	}
	if format[0] == '"' {
		if n := strings.IndexByte(format[1:], '"'); n >= 0 {
			return "", format[1 : 1+n], format[n+2:]
		}
	}
	return "", format[:1], format[1:]
}

// formatTime is TO_CHAR of a point in time.
func formatTime(t time.Time, format string) string {
	var b strings.Builder
	fill := true
	for format != "" {
		element, literal, rest := nextElement(format)
		format = rest
		if element == "FM" {
			fill = !fill
			continue
		}
		if element == "" {
			b.WriteString(literal)
			continue
		}
		s := formatElement(t, element, literal)
		if !fill {
			s = strings.TrimRight(s, " ")
			if n := strings.TrimLeft(s, "0"); n != "" && !strings.HasPrefix(element, "FF") {
				s = n
			}
		}
		b.WriteString(s)
	}
	return b.String()
}

func formatElement(t time.Time, element, literal string) string {
	_, offset := t.Zone()
	hour12 := (t.Hour()+11)%12 + 1
	switch element {
	case "SYYYY":
		return fmt.Sprintf("% 05d", t.Year())
	case "YYYY", "RRRR":
		return fmt.Sprintf("%04d", t.Year())
	case "YYY":
		return fmt.Sprintf("%03d", t.Year()%1000)
	case "YY", "RR":
		return fmt.Sprintf("%02d", t.Year()%100)
	case "Y":
		return strconv.Itoa(t.Year() % 10)
	case "MM":
		return t.Format("01")
	case "MON":
		return cased(t.Format("Jan"), literal)
	case "MONTH":
		return cased(fmt.Sprintf("%-9s", t.Month()), literal)
	case "DD":
		return t.Format("02")
	case "DDD":
		return fmt.Sprintf("%03d", t.YearDay())
	case "DAY":
		return cased(fmt.Sprintf("%-9s", t.Weekday()), literal)
	case "DY":
		return cased(t.Format("Mon"), literal)
	case "D":
		return strconv.Itoa(int(t.Weekday()) + 1)
	case "HH24":
		return t.Format("15")
	case "HH", "HH12":
		return fmt.Sprintf("%02d", hour12)
	case "MI":
		return t.Format("04")
	case "SS":
		return t.Format("05")
	case "SSSSS":
		return fmt.Sprintf("%05d", t.Hour()*3600+t.Minute()*60+t.Second())
	case "AM", "PM":
		return t.Format("PM")
	case "A.M.", "P.M.":
		return t.Format("P") + "." + "M."
	case "TZH":
		return fmt.Sprintf("%+03d", offset/3600)
	case "TZM":
		return fmt.Sprintf("%02d", max(offset, -offset)%3600/60)
	case "TZR", "TZD":
		return t.Format("-07:00")
	case "X":
		return "."
	case "Q":
		return strconv.Itoa((int(t.Month())-1)/3 + 1)
	case "J":
		return strconv.FormatInt(t.Unix()/86400+2440588, 10)
	case "IW":
		_, week := t.ISOWeek()
		return fmt.Sprintf("%02d", week)
	case "WW":
		return fmt.Sprintf("%02d", (t.YearDay()-1)/7+1)
	}
	if strings.HasPrefix(element, "FF") {
		digits := 6
		if len(element) > 2 {
			digits = int(element[2] - '0')
		}
		return fmt.Sprintf("%09d", t.Nanosecond())[:digits]
	}
	return ""
}

// cased gives a name the case of the format's element: MON, Mon, mon.
func cased(name, element string) string {
	switch {
	case element == strings.ToLower(element):
		return strings.ToLower(name)
	case len(element) > 1 && element[1:2] == strings.ToUpper(element[1:2]):
		return strings.ToUpper(name)
	}
	return name
}

// clock gathers what a text says of a point in time.
type clock struct {
	year, month, day, hour, minute, second, nano int
	pm, half, zone                               bool
	offset, sign                                 int
	dayOfYear                                    int
}

// parseTime is TO_DATE, TO_TIMESTAMP and TO_TIMESTAMP_TZ.
func parseTime(s, format string, now time.Time) (t time.Time, zone bool, err error) {
	c := clock{year: now.Year(), month: int(now.Month()), day: 1, sign: 1}
	for format != "" {
		element, literal, rest := nextElement(format)
		format = rest
		if element == "FM" || element == "FX" {
			continue
		}
		if s == "" {
			// Oracle lets a text end early after the date, but not in an element of it.
			switch element {
			case "YYYY", "MM", "DD", "RRRR", "MON", "YY", "RR":
				return t, false, oraError(1840)
			}
			continue
		}
		if element == "" || element == "X" {
			if element == "X" || !isAlphanumeric(s[0]) {
				s = s[1:]
			} else if literal != " " && !isPunctuation(literal) {
				if !strings.HasPrefix(s, literal) {
					return t, false, oraError(1861)
				}
				s = s[len(literal):]
			}
			continue
		}
		if s, err = c.read(element, s); err != nil {
			return t, false, err
		}
	}
	if strings.TrimSpace(s) != "" {
		return t, false, oraError(1830)
	}
	return c.time()
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isPunctuation(s string) bool { return len(s) == 1 && !isAlphanumeric(s[0]) }

func (c *clock) time() (time.Time, bool, error) {
	if c.half {
		c.hour %= 12
		if c.pm {
			c.hour += 12
		}
	}
	if c.month < 1 || c.month > 12 {
		return time.Time{}, false, oraError(1843)
	}
	if c.hour > 23 || c.minute > 59 || c.second > 59 {
		return time.Time{}, false, oraError(1850)
	}
	if c.dayOfYear > 0 {
		c.month, c.day = 1, c.dayOfYear
	} else if last := time.Date(c.year, time.Month(c.month)+1, 0, 0, 0, 0, 0, time.UTC); c.day < 1 ||
		c.day > last.Day() {
		return time.Time{}, false, oraError(1847)
	}
	place := time.UTC
	if c.zone {
		place = time.FixedZone("", c.sign*c.offset)
	}
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nano,
		place), c.zone, nil
}

// read takes an element off the text.
func (c *clock) read(element, s string) (string, error) {
	s = strings.TrimLeft(s, " ")
	switch element {
	case "MON", "MONTH":
		return c.readMonth(s)
	case "DAY", "DY":
		return strings.TrimLeft(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), nil
	case "AM", "PM", "A.M.", "P.M.":
		if len(s) < len(element) {
			return s, oraError(1855)
		}
		c.half, c.pm = true, s[0] == 'P' || s[0] == 'p'
		return s[len(element):], nil
	case "TZR", "TZD":
		return c.readRegion(s)
	case "TZH", "SYYYY":
		negative := strings.HasPrefix(s, "-")
		s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
		if negative && element == "TZH" {
			c.sign = -1
		}
	}
	digits := map[string]int{"SYYYY": 4, "YYYY": 4, "RRRR": 4, "YYY": 3, "DDD": 3, "SSSSS": 5, "J": 7,
		"FF": 9, "Y": 1, "D": 1, "Q": 1}[element]
	if digits == 0 {
		digits = 2
		if strings.HasPrefix(element, "FF") {
			digits = 9
		}
	}
	n := 0
	for n < len(s) && n < digits && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 0 {
		if strings.HasPrefix(element, "FF") {
			return s, nil
		}
		return s, oraError(1858)
	}
	c.set(element, s[:n])
	return s[n:], nil
}

func (c *clock) set(element, digits string) {
	value, _ := strconv.Atoi(digits)
	switch element {
	case "SYYYY", "YYYY", "YYY", "Y":
		c.year = value
	case "RRRR", "RR", "YY":
		if len(digits) <= 2 {
			if value += 2000; value >= 2050 && element != "YY" {
				value -= 100
			}
		}
		c.year = value
	case "MM":
		c.month = value
	case "DD":
		c.day = value
	case "DDD":
		c.dayOfYear = value
	case "HH24", "HH", "HH12":
		c.hour = value
	case "MI":
		c.minute = value
	case "SS":
		c.second = value
	case "SSSSS":
		c.hour, c.minute, c.second = value/3600, value/60%60, value%60
	case "TZH":
		c.zone, c.offset = true, c.offset+value*3600
	case "TZM":
		c.offset += value * 60
	case "J":
		day := time.Unix(int64(value-2440588)*86400, 0).UTC()
		c.year, c.month, c.day = day.Year(), int(day.Month()), day.Day()
	}
	if strings.HasPrefix(element, "FF") {
		c.nano, _ = strconv.Atoi((digits + "000000000")[:9])
	}
}

func (c *clock) readMonth(s string) (string, error) {
	for m := time.January; m <= time.December; m++ {
		for _, name := range []string{m.String(), m.String()[:3]} {
			if len(s) >= len(name) && strings.EqualFold(s[:len(name)], name) {
				c.month = int(m)
				return strings.TrimLeft(s[len(name):], " "), nil
			}
		}
	}
	return s, oraError(1843)
}

func (c *clock) readRegion(s string) (string, error) {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s, err := c.read("TZH", s)
		if err != nil {
			return s, err
		}
		return c.read("TZM", strings.TrimPrefix(s, ":"))
	}
	name, rest, _ := strings.Cut(s, " ")
	place, err := time.LoadLocation(name)
	if err != nil {
		return s, oraError(1882)
	}
	_, c.offset = time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0,
		place).Zone()
	if c.offset < 0 {
		c.sign, c.offset = -1, -c.offset
	}
	c.zone = true
	return rest, nil
}
