package oradb

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ggsh/tests/tns"
)

// A stored value is what SQLite holds of it: nil, int64, float64, string or []byte.

// fromBind gives the stored form of a bound value.
func fromBind(b tns.Bind) (any, error) {
	switch v := b.Value.(type) {
	case nil:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
		if b.Type == tns.Number {
			return storedNumber(v)
		}
		return v, nil
	case []byte:
		if len(v) == 0 {
			return nil, nil
		}
		return append([]byte(nil), v...), nil
	case time.Time:
		switch b.Type {
		case tns.Date:
			return stampText(v.Truncate(time.Second), false), nil
		case tns.TimestampTZ:
			return stampText(v, true), nil
		case tns.TimestampLTZ:
			return stampText(v.UTC(), false), nil
		}
		return stampText(v, false), nil
	case float32:
		return storedFloat(float64(v)), nil
	case float64:
		return storedFloat(v), nil
	case tns.Interval:
		if b.Type == tns.IntervalYM {
			return int64(v.Months), nil
		}
		return int64(v.Duration), nil
	}
	return nil, unsupported(fmt.Sprintf("a bind of type %T", b.Value))
}

// storedFloat keeps what SQLite would make NULL of.
func storedFloat(f float64) any {
	if math.IsNaN(f) {
		return "Nan"
	}
	return f
}

func storedNumber(s string) (any, error) {
	d, ok := parseDecimal(s)
	if !ok {
		return nil, oraError(1722)
	}
	plain := d.text()
	if n, err := strconv.ParseInt(plain, 10, 64); err == nil {
		return n, nil
	}
	return plain, nil
}

// asText is a stored value as text.
func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return strings.ToUpper(hex.EncodeToString(v))
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if d, ok := parseDecimal(strconv.FormatFloat(v, 'g', 15, 64)); ok {
			return d.text()
		}
		return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
	}
	return ""
}

// result gives the value that a client sees.
func result(v any, t *dataType) any {
	if v == nil {
		return nil
	}
	switch t.kind {
	case tns.Date, tns.Timestamp, tns.TimestampTZ, tns.TimestampLTZ:
		at, _, ok := parseStamp(asText(v))
		if !ok {
			return nil
		}
		return at
	case tns.BinaryFloat:
		return float32(asFloat(v))
	case tns.BinaryDouble:
		return asFloat(v)
	case tns.IntervalYM:
		months, _ := v.(int64)
		return tns.Interval{Months: int(months)}
	case tns.IntervalDS:
		d, _ := v.(int64)
		return tns.Interval{Duration: time.Duration(d)}
	case tns.Raw, tns.BLOB, tns.LongRaw:
		if s, ok := v.(string); ok {
			return []byte(s)
		}
		return v
	}
	return asText(v)
}

func asFloat(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case string:
		switch strings.ToLower(v) {
		case "nan":
			return math.NaN()
		case "inf", "infinity":
			return math.Inf(1)
		case "-inf", "-infinity":
			return math.Inf(-1)
		}
		f, _ := strconv.ParseFloat(v, 64)
		return f
	}
	return 0
}

// guess gives the type of a value whose expression has none.
func guess(v any) dataType {
	switch v := v.(type) {
	case int64, float64:
		return numberOf(0)
	case []byte:
		return dataType{kind: tns.Raw, name: "RAW", length: 2000}
	case string:
		if _, zone, ok := parseStamp(v); ok && zone {
			return dataType{kind: tns.TimestampTZ, name: "TIMESTAMP(9) WITH TIME ZONE", scale: 9}
		} else if ok && strings.HasSuffix(v, ".000000000") {
			return dataType{kind: tns.Date, name: "DATE"}
		} else if ok {
			return dataType{kind: tns.Timestamp, name: "TIMESTAMP(9)", scale: 9}
		}
		if len(v) > 4000 {
			return dataType{kind: tns.CLOB, name: "CLOB"}
		}
	}
	return varchar(4000)
}

// store converts a value to what a column of the type holds, or says why it cannot.
func (s *session) store(v any, t *dataType, place string) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch t.kind {
	case tns.Number:
		return storeNumber(v, t)
	case tns.Varchar2, tns.NVarchar2, tns.Char, tns.NChar:
		return s.storeText(v, t, place)
	case tns.CLOB, tns.NCLOB, tns.Long, tns.RowID:
		return s.display(v), nil
	case tns.Raw, tns.BLOB, tns.LongRaw:
		return storeBytes(v, t, place)
	case tns.Date, tns.Timestamp, tns.TimestampTZ, tns.TimestampLTZ:
		return s.storeTime(v, t)
	case tns.BinaryFloat:
		f := asFloat(v)
		return storedFloat(float64(float32(f))), nil
	case tns.BinaryDouble:
		return storedFloat(asFloat(v)), nil
	case tns.IntervalYM:
		if text, ok := v.(string); ok {
			return parseYearMonth(text)
		}
		return v, nil
	case tns.IntervalDS:
		if text, ok := v.(string); ok {
			return parseDaySecond(text)
		}
		return v, nil
	}
	return v, nil
}

func storeNumber(v any, t *dataType) (any, error) {
	d, ok := parseDecimal(asText(v))
	if !ok {
		return nil, oraError(1722)
	}
	switch {
	case t.name == "FLOAT":
	case t.scale != noScale:
		d = d.rounded(t.scale)
		if d.point > t.precision-t.scale {
			return nil, oraError(1438)
		}
	default:
		d = d.rounded(40 - d.point)
	}
	plain := d.text()
	if t.integer() {
		return strconv.ParseInt(plain, 10, 64)
	}
	return plain, nil
}

// display is the implicit conversion to text, by the session's formats.
func (s *session) display(v any) string {
	text := asText(v)
	at, zone, ok := parseStamp(text)
	if !ok {
		return text
	}
	switch {
	case zone:
		return formatTime(at, s.nls["NLS_TIMESTAMP_TZ_FORMAT"])
	case strings.HasSuffix(text, ".000000000"):
		return formatTime(at, s.nls["NLS_DATE_FORMAT"])
	}
	return formatTime(at, s.nls["NLS_TIMESTAMP_FORMAT"])
}

func (s *session) storeText(v any, t *dataType, place string) (any, error) {
	text := s.display(v)
	if text == "" {
		return nil, nil
	}
	n := len(text)
	if t.chars {
		n = utf8.RuneCountInString(text)
	}
	if n > t.length {
		return nil, oraError(12899, place, n, t.length)
	}
	if t.kind == tns.Char || t.kind == tns.NChar {
		text += strings.Repeat(" ", t.length-n)
	}
	return text, nil
}

func storeBytes(v any, t *dataType, place string) (any, error) {
	octets, ok := v.([]byte)
	if !ok {
		var err error
		if octets, err = hex.DecodeString(asText(v)); err != nil {
			return nil, oraError(1465)
		}
	}
	if t.kind == tns.Raw && len(octets) > t.length {
		return nil, oraError(12899, place, len(octets), t.length)
	}
	return octets, nil
}

func (s *session) storeTime(v any, t *dataType) (any, error) {
	text := asText(v)
	at, zone, ok := parseStamp(text)
	if !ok {
		format := "NLS_TIMESTAMP_TZ_FORMAT"
		switch t.kind {
		case tns.Date:
			format = "NLS_DATE_FORMAT"
		case tns.Timestamp:
			format = "NLS_TIMESTAMP_FORMAT"
		}
		var err error
		if at, zone, err = parseTime(text, s.nls[format], s.db.now()); err != nil {
			return nil, err
		}
	}
	switch t.kind {
	case tns.TimestampTZ:
		return stampText(roundTime(at, t.scale), true), nil
	case tns.TimestampLTZ:
		return stampText(roundTime(at, t.scale).UTC(), false), nil
	case tns.Date:
		return stampText(at.Truncate(time.Second), false), nil
	}
	_ = zone
	return stampText(roundTime(at, t.scale), false), nil
}

func roundTime(t time.Time, digits int) time.Time {
	unit := time.Second
	for range digits {
		unit /= 10
	}
	return t.Round(unit)
}

// parseYearMonth reads +03-07.
func parseYearMonth(s string) (any, error) {
	sign := int64(1)
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	}
	years, months, _ := strings.Cut(strings.TrimPrefix(s, "+"), "-")
	y, err := strconv.Atoi(strings.TrimSpace(years))
	if err != nil {
		return nil, oraError(1867)
	}
	m, err := strconv.Atoi(strings.TrimSpace(months))
	if err != nil || m > 11 {
		return nil, oraError(1867)
	}
	return sign * int64(12*y+m), nil
}

// parseDaySecond reads +77 14:33:15.123.
func parseDaySecond(s string) (any, error) {
	sign := time.Duration(1)
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	}
	days, clock, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(s), "+"), " ")
	whole, fraction, _ := strings.Cut(clock, ".")
	var d, h, m, sec int
	if _, err := fmt.Sscanf(days+" "+whole, "%d %d:%d:%d", &d, &h, &m, &sec); err != nil {
		return nil, oraError(1867)
	}
	nano, err := strconv.Atoi((fraction + "000000000")[:9])
	if err != nil {
		return nil, oraError(1867)
	}
	total := time.Duration((d*24+h)*3600+m*60+sec)*time.Second + time.Duration(nano)
	return int64(sign * total), nil
}
