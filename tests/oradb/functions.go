package oradb

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// function is an Oracle function; its arguments and result are stored values.
type function struct {
	min, max int
	// strict functions give NULL if an argument is NULL.
	strict bool
	call   func(db *DB, a []any) (any, error)
}

// native are functions that SQLite has, by Oracle's name.
func native(name string) (string, bool) {
	switch name {
	case "COUNT", "SUM", "MIN", "MAX", "AVG", "UPPER", "LOWER", "ABS", "COALESCE", "NULLIF",
		"LTRIM", "RTRIM", "TRIM", "REPLACE", "ROW_NUMBER", "RANK", "DENSE_RANK", "LAG", "LEAD",
		"FIRST_VALUE", "LAST_VALUE":
		return strings.ToLower(name), true
	case "NVL":
		return "ifnull", true
	case "GREATEST":
		return "max", true
	case "LEAST":
		return "min", true
	case "LISTAGG":
		return "group_concat", true
	}
	return "", false
}

func (db *DB) registerFunctions(d *sqlite.Driver) error {
	for name, f := range functionTable() {
		err := d.RegisterScalarFunction("ora_"+strings.ToLower(name), -1,
			func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
				if len(args) < f.min || len(args) > f.max {
					return nil, oraError(909)
				}
				list := make([]any, len(args))
				for i, a := range args {
					if list[i] = a; a == nil && f.strict {
						return nil, nil
					}
				}
				return f.call(db, list)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

func functionTable() map[string]function {
	return map[string]function{
		"TO_DATE":         {1, 3, true, toTime("NLS_DATE_FORMAT", false)},
		"TO_TIMESTAMP":    {1, 3, true, toTime("NLS_TIMESTAMP_FORMAT", false)},
		"TO_TIMESTAMP_TZ": {1, 3, true, toTime("NLS_TIMESTAMP_TZ_FORMAT", true)},
		"TO_CHAR":         {1, 3, true, toChar},
		"TO_NCHAR":        {1, 3, true, toChar},
		"TO_NUMBER":       {1, 2, true, toNumber},
		"TO_CLOB":         {1, 1, true, toChar},
		"TO_YMINTERVAL": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return parseYearMonth(asText(a[0]))
		}},
		"TO_DSINTERVAL": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return parseDaySecond(asText(a[0]))
		}},
		"TO_BINARY_DOUBLE": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return storedFloat(asFloat(a[0])), nil
		}},
		"TO_BINARY_FLOAT": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return storedFloat(float64(float32(asFloat(a[0])))), nil
		}},
		"NUMTODSINTERVAL": {2, 2, true, numToInterval},
		"SYSDATE": {0, 0, false, func(db *DB, _ []any) (any, error) {
			return stampText(db.now().Truncate(time.Second), false), nil
		}},
		"SYSTIMESTAMP": {0, 0, false, func(db *DB, _ []any) (any, error) {
			return stampText(db.now(), true), nil
		}},
		"LOCALTIMESTAMP": {0, 0, false, func(db *DB, _ []any) (any, error) {
			return stampText(db.now(), false), nil
		}},
		"SHIFT":              {3, 3, true, shift},
		"TRUNC":              {1, 2, true, trunc},
		"ROUND":              {1, 2, true, round},
		"MOD":                {2, 2, true, mod},
		"DECODE":             {3, 255, false, decode},
		"NVL2":               {3, 3, false, nvl2},
		"SUBSTR":             {2, 3, true, substr},
		"LENGTH":             {1, 1, true, length},
		"LENGTHB":            {1, 1, true, lengthB},
		"DBMS_LOB_GETLENGTH": {1, 1, true, length},
		"DBMS_LOB_SUBSTR": {1, 3, true, func(db *DB, a []any) (any, error) {
			return lobSubstr(db, a)
		}},
		"DBMS_LOB_COMPARE": {2, 2, true, compareLOBs},
		"TO_NCLOB":         {1, 1, true, toChar},
		"TO_BLOB":          {1, 1, true, identity},
		"INSTR":            {2, 4, true, instr},
		"LPAD":             {2, 3, true, pad(true)},
		"RPAD":             {2, 3, true, pad(false)},
		"CHR": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return string(rune(asInt(a[0]))), nil
		}},
		"ASCII": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return int64([]rune(asText(a[0]) + "\x00")[0]), nil
		}},
		"INITCAP":  {1, 1, true, initcap},
		"CONCAT":   {2, 255, false, concat},
		"HEXTORAW": {1, 1, true, hexToRaw},
		"RAWTOHEX": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return asText(a[0]), nil
		}},
		"UNISTR":     {1, 1, true, unistr},
		"EMPTY_CLOB": {0, 0, false, func(*DB, []any) (any, error) { return "", nil }},
		"USERENV":    {1, 1, true, sysContext},
		"SYS_CONTEXT": {2, 3, true, func(db *DB, a []any) (any, error) {
			return sysContext(db, a[1:])
		}},
		"SYS_GUID": {0, 0, false, func(db *DB, _ []any) (any, error) {
			return []byte(fmt.Sprintf("%016d", db.tick())), nil
		}},
		"SYS_EXTRACT_UTC": {1, 1, true, func(_ *DB, a []any) (any, error) {
			t, _, _ := parseStamp(asText(a[0]))
			return stampText(t.UTC(), false), nil
		}},
		"FROM_TZ":          {2, 2, true, fromZone},
		"AT_ZONE":          {2, 2, true, atZone},
		"CAST":             {2, 2, true, cast},
		"EXTRACT":          {2, 2, true, extract},
		"LAST_DAY":         {1, 1, true, lastDay},
		"ADD_MONTHS":       {2, 2, true, addMonths},
		"ROWIDTOCHAR":      {1, 1, true, identity},
		"CHARTOROWID":      {1, 1, true, identity},
		"TIMESTAMP_TO_SCN": {1, 1, true, timestampToSCN},
		"SCN_TO_TIMESTAMP": {1, 1, true, scnToTimestamp},
		"ORA_HASH":         {1, 3, true, oraHash},
		"SNAPSHOT":         {2, 2, true, snapshot},
		"SEQUENCE":         {3, 3, true, sequenceValue},
		"UTL_RAW_CAST_TO_RAW": {1, 1, true, func(_ *DB, a []any) (any, error) {
			return []byte(asText(a[0])), nil
		}},
		"UTL_RAW_CAST_TO_VARCHAR2":      {1, 1, true, rawToText},
		"UTL_RAW_LENGTH":                {1, 1, true, lengthB},
		"DBMS_ROWID_ROWID_CREATE":       {5, 5, true, rowIDCreate},
		"DBMS_ROWID_ROWID_OBJECT":       {1, 1, true, rowIDPart(0)},
		"DBMS_ROWID_ROWID_RELATIVE_FNO": {1, 2, true, rowIDPart(1)},
		"DBMS_ROWID_ROWID_BLOCK_NUMBER": {1, 2, true, rowIDPart(2)},
		"DBMS_ROWID_ROWID_ROW_NUMBER":   {1, 1, true, rowIDPart(3)},
		"DBMS_FLASHBACK_GET_SYSTEM_CHANGE_NUMBER": {0, 0, false,
			func(db *DB, _ []any) (any, error) { return int64(db.tick()), nil }},
		"DBMS_UTILITY_GET_TIME": {0, 0, false, func(db *DB, _ []any) (any, error) {
			return db.now().UnixMilli() / 10, nil
		}},
	}
}

func identity(_ *DB, a []any) (any, error) { return a[0], nil }

func asInt(v any) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	d, _ := parseDecimal(asText(v))
	whole, _, _ := strings.Cut(d.text(), ".")
	n, _ := strconv.ParseInt(whole, 10, 64)
	return n
}

func asNumber(v any) any {
	n, err := storedNumber(asText(v))
	if err != nil {
		return nil
	}
	return n
}

func toTime(byDefault string, zone bool) func(*DB, []any) (any, error) {
	return func(db *DB, a []any) (any, error) {
		s := asText(a[0])
		if at, _, ok := parseStamp(s); ok {
			return stampText(at, zone), nil
		}
		format := db.current.nls[byDefault]
		if len(a) > 1 {
			format = asText(a[1])
		}
		at, _, err := parseTime(s, format, db.now())
		if err != nil {
			return nil, err
		}
		return stampText(at, zone), nil
	}
}

func toChar(db *DB, a []any) (any, error) {
	s := asText(a[0])
	at, _, isTime := parseStamp(s)
	switch {
	case !isTime && len(a) == 1:
		return s, nil
	case !isTime:
		return formatNumber(s, asText(a[1]))
	case len(a) == 1:
		return db.current.display(a[0]), nil
	}
	return formatTime(at, asText(a[1])), nil
}

// formatNumber is TO_CHAR of a number with a format of 9, 0, comma, point and FM.
func formatNumber(s, format string) (any, error) {
	if raw := strings.ToUpper(format); strings.Trim(raw, "X0FM") == "" && strings.Contains(raw, "X") {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, oraError(1722)
		}
		digits := fmt.Sprintf("%X", n)
		if strings.Contains(raw, "0") {
			digits = fmt.Sprintf("%0*X", strings.Count(raw, "X")+strings.Count(raw, "0"), n)
		}
		if !strings.HasPrefix(raw, "FM") {
			digits = fmt.Sprintf("%*s", len(raw)+1, digits)
		}
		return digits, nil
	}
	d, ok := parseDecimal(s)
	if !ok {
		return nil, oraError(1722)
	}
	picture, trimmed := strings.CutPrefix(strings.ToUpper(format), "FM")
	whole, fraction, _ := strings.Cut(strings.NewReplacer("D", ".", "G", ",").Replace(picture), ".")
	d = d.rounded(len(fraction))
	digits, rest, _ := strings.Cut(strings.TrimPrefix(d.text(), "-"), ".")
	rest += strings.Repeat("0", len(fraction)-len(rest))
	places := strings.Count(whole, "9") + strings.Count(whole, "0")
	if len(digits) > places {
		return strings.Repeat("#", len(format)+1), nil
	}
	if zero := strings.IndexByte(whole, '0'); zero >= 0 {
		need := strings.Count(whole[zero:], "9") + strings.Count(whole[zero:], "0")
		digits = strings.Repeat("0", max(0, need-len(digits))) + digits
	} else if digits == "0" && fraction != "" {
		digits = ""
	}
	sign := " "
	if d.negative {
		sign = "-"
	}
	out := sign + digits
	if fraction != "" {
		out += "." + rest
	}
	if trimmed {
		return strings.TrimSpace(out), nil
	}
	return fmt.Sprintf("%*s", len(picture)+1, out), nil
}

func toNumber(_ *DB, a []any) (any, error) {
	s := strings.TrimSpace(asText(a[0]))
	if len(a) > 1 && strings.Trim(strings.ToUpper(asText(a[1])), "X") == "" {
		return strconv.ParseInt(s, 16, 64)
	}
	return storedNumber(strings.ReplaceAll(s, ",", ""))
}

func numToInterval(_ *DB, a []any) (any, error) {
	unit := map[string]time.Duration{"DAY": 24 * time.Hour, "HOUR": time.Hour, "MINUTE": time.Minute,
		"SECOND": time.Second}[strings.ToUpper(asText(a[1]))]
	return int64(asFloat(a[0]) * float64(unit)), nil
}

// shift moves a time by days, or by an interval in nanoseconds behind an N.
func shift(_ *DB, a []any) (any, error) {
	at, zone, ok := parseStamp(asText(a[0]))
	if !ok {
		return nil, oraError(1722)
	}
	by := time.Duration(asFloat(a[1]) * float64(24*time.Hour)).Round(time.Second)
	if asText(a[2]) == "N" {
		by = time.Duration(asInt(a[1]))
	}
	return stampText(at.Add(by), zone), nil
}

func trunc(_ *DB, a []any) (any, error) {
	at, zone, isTime := parseStamp(asText(a[0]))
	if !isTime {
		d, ok := parseDecimal(asText(a[0]))
		if !ok {
			return nil, oraError(1722)
		}
		keep := d.point
		if len(a) > 1 {
			keep += int(asInt(a[1]))
		}
		d.digits = d.digits[:min(max(keep, 0), len(d.digits))]
		return asNumber(d.trimmed().text()), nil
	}
	unit := "DD"
	if len(a) > 1 {
		unit = strings.ToUpper(asText(a[1]))
	}
	y, m, day := at.Date()
	switch unit {
	case "YEAR", "YYYY", "Y":
		m, day = 1, 1
	case "MONTH", "MM", "MON":
		day = 1
	case "HH24", "HH":
		return stampText(at.Truncate(time.Hour), zone), nil
	case "MI":
		return stampText(at.Truncate(time.Minute), zone), nil
	}
	return stampText(time.Date(y, m, day, 0, 0, 0, 0, at.Location()), false), nil
}

func round(_ *DB, a []any) (any, error) {
	d, ok := parseDecimal(asText(a[0]))
	if !ok {
		return nil, oraError(1722)
	}
	scale := 0
	if len(a) > 1 {
		scale = int(asInt(a[1]))
	}
	return asNumber(d.rounded(scale).text()), nil
}

func mod(_ *DB, a []any) (any, error) {
	if asInt(a[1]) == 0 {
		return a[0], nil
	}
	return asInt(a[0]) % asInt(a[1]), nil
}

func decode(_ *DB, a []any) (any, error) {
	for i := 1; i+1 < len(a); i += 2 {
		if a[0] == nil && a[i] == nil || a[0] != nil && a[i] != nil && sameText(a[0], a[i]) {
			return a[i+1], nil
		}
	}
	if len(a)%2 == 0 {
		return a[len(a)-1], nil
	}
	return nil, nil
}

func sameText(a, b any) bool {
	x, y := asText(a), asText(b)
	if x == y {
		return true
	}
	m, ok := parseDecimal(x)
	n, both := parseDecimal(y)
	return ok && both && m.compare(n) == 0
}

func nvl2(_ *DB, a []any) (any, error) {
	if a[0] != nil {
		return a[1], nil
	}
	return a[2], nil
}

func extract(_ *DB, a []any) (any, error) {
	at, _, ok := parseStamp(asText(a[1]))
	if !ok {
		return nil, oraError(30076)
	}
	switch asText(a[0]) {
	case "YEAR":
		return int64(at.Year()), nil
	case "MONTH":
		return int64(at.Month()), nil
	case "DAY":
		return int64(at.Day()), nil
	case "HOUR":
		return int64(at.Hour()), nil
	case "MINUTE":
		return int64(at.Minute()), nil
	case "SECOND":
		return asNumber(at.Format("5.000000000")), nil
	}
	return nil, oraError(907)
}

func lastDay(_ *DB, a []any) (any, error) {
	at, zone, _ := parseStamp(asText(a[0]))
	return stampText(at.AddDate(0, 1, -at.Day()), zone), nil
}

func addMonths(_ *DB, a []any) (any, error) {
	at, zone, _ := parseStamp(asText(a[0]))
	return stampText(at.AddDate(0, int(asInt(a[1])), 0), zone), nil
}

func oraHash(_ *DB, a []any) (any, error) {
	h := uint32(2166136261)
	for _, c := range []byte(asText(a[0])) {
		h = (h ^ uint32(c)) * 16777619
	}
	buckets := uint64(1) << 32
	if len(a) > 1 {
		buckets = uint64(asInt(a[1])) + 1
	}
	return int64(uint64(h) % buckets), nil
}

func hexToRaw(_ *DB, a []any) (any, error) {
	s := asText(a[0])
	if len(s)%2 != 0 {
		s = "0" + s
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, oraError(1465)
	}
	return b, nil
}

func rawToText(_ *DB, a []any) (any, error) {
	b, ok := a[0].([]byte)
	if !ok {
		return a[0], nil
	}
	if !utf8.Valid(b) {
		return nil, unsupported("UTL_RAW.CAST_TO_VARCHAR2 of what is not UTF-8")
	}
	return string(b), nil
}

// zoneNamed gives the zone of +02:00 or of a region.
func zoneNamed(name string) (*time.Location, error) {
	var c clock
	c.sign, c.month, c.day = 1, 1, 1
	if _, err := c.readRegion(name); err != nil {
		return nil, err
	}
	return time.FixedZone(name, c.sign*c.offset), nil
}

// fromZone gives a time without zone one.
func fromZone(_ *DB, a []any) (any, error) {
	at, _, ok := parseStamp(asText(a[0]))
	zone, err := zoneNamed(asText(a[1]))
	if !ok || err != nil {
		return nil, oraError(1882)
	}
	return stampText(time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(),
		at.Nanosecond(), zone), true), nil
}

// atZone shows the same moment in another zone.
func atZone(_ *DB, a []any) (any, error) {
	at, _, ok := parseStamp(asText(a[0]))
	zone, err := zoneNamed(asText(a[1]))
	if !ok || err != nil {
		return nil, oraError(1882)
	}
	return stampText(at.In(zone), true), nil
}
