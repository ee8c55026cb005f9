package param

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// parseInt reads a whole number.
func parseInt(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// sizeUnits are powers of 1024.
var sizeUnits = map[string]int64{"": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "M": 1 << 20,
	"MB": 1 << 20, "G": 1 << 30, "GB": 1 << 30, "T": 1 << 40, "TB": 1 << 40}

// parseSize reads a size in bytes: 65536, 64MB, 2G.
func parseSize(text string) (int64, bool) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	unit, ok := sizeUnits[strings.ToUpper(text[digits:])]
	if err != nil || !ok || n > math.MaxInt64/unit {
		return 0, false
	}
	return n * unit, true
}

// spanUnits are what a length of time may be counted in.
var spanUnits = map[string]time.Duration{
	"S": time.Second, "SEC": time.Second, "SECS": time.Second,
	"SECOND": time.Second, "SECONDS": time.Second,
	"M": time.Minute, "MIN": time.Minute, "MINS": time.Minute,
	"MINUTE": time.Minute, "MINUTES": time.Minute,
	"H": time.Hour, "HR": time.Hour, "HRS": time.Hour,
	"HOUR": time.Hour, "HOURS": time.Hour,
	"D": 24 * time.Hour, "DAY": 24 * time.Hour, "DAYS": 24 * time.Hour, "": time.Second,
}

// parseSpan reads a length of time: 30, 10M, 1H, 5minutes.
func parseSpan(text string) (time.Duration, bool) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.ParseInt(text[:digits], 10, 64)
	unit, ok := spanUnits[strings.ToUpper(text[digits:])]
	if err != nil || !ok || n > math.MaxInt64/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// parseClock reads a time of day: 1:30, 23:59.
func parseClock(text string) (hour, minute int, ok bool) {
	h, m, found := strings.Cut(text, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	ok = found && err1 == nil && err2 == nil && len(m) == 2 && len(h) <= 2 &&
		hour >= 0 && hour < 24 && minute >= 0 && minute < 60
	return hour, minute, ok
}

// parseDay reads the name of a day, or its first three letters.
func parseDay(text string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(text, d.String()) || strings.EqualFold(text, d.String()[:3]) {
			return d, true
		}
	}
	return 0, false
}

// timeLayouts are the forms of BEGIN and END.
var timeLayouts = []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04:05",
	"2006-01-02 15:04", "2006-01-02:15:04:05.999999", "2006-01-02:15:04:05",
	"2006-01-02:15:04", "2006-01-02T15:04:05", "2006-01-02"}

// parseTime reads a local time.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(text), time.Local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseRange reads a port, or two ports with a dash between.
func parseRange(text string) (low, high int, ok bool) {
	a, b, two := strings.Cut(text, "-")
	low, err := strconv.Atoi(a)
	if err != nil || low < 1 || low > 65535 {
		return 0, 0, false
	}
	if !two {
		return low, low, true
	}
	high, err = strconv.Atoi(b)
	return low, high, err == nil && high >= low && high <= 65535
}

// parseErrorRange reads an error number, which may be negative, or two.
func parseErrorRange(text string) (low, high int64, ok bool) {
	cut := -1
	if len(text) > 1 {
		if cut = strings.IndexByte(text[1:], '-'); cut >= 0 {
			cut++
		}
	}
	if cut < 0 {
		low, ok = parseInt(text)
		return low, low, ok
	}
	low, ok1 := parseInt(text[:cut])
	high, ok2 := parseInt(text[cut+1:])
	if low > high {
		low, high = high, low
	}
	return low, high, ok1 && ok2
}
