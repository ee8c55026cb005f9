package oracletest

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"ggsh/capture/oracle"
	"ggsh/record"
)

// literal renders a value as with a dictionary.
func literal(c *oracle.Column, v *record.Value) string {
	switch v.Kind {
	case record.Int:
		return fmt.Sprintf("'%d'", int64(v.N))
	case record.Float32, record.Float64:
		return "'" + float(v) + "'"
	case record.Bytes:
		return "HEXTORAW('" + hex.EncodeToString(v.B) + "')"
	case record.Timestamp, record.TimestampTZ:
		return dateLiteral(c, v)
	case record.Interval:
		return intervalLiteral(c, v)
	}
	if c.National && v.Kind == record.String {
		return unistr(string(v.B))
	}
	return "'" + strings.ReplaceAll(string(v.B), "'", "''") + "'"
}

func dateLiteral(c *oracle.Column, v *record.Value) string {
	year, month, day := v.D.Split()
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Add(time.Duration(v.N))
	switch {
	case c.Type == "DATE":
		return "TO_DATE('" + t.Format("2006-01-02 15:04:05") + "', 'YYYY-MM-DD HH24:MI:SS')"
	case v.Kind == record.Timestamp || strings.Contains(c.Type, "LOCAL"):
		return "TO_TIMESTAMP('" + t.Format("2006-01-02 15:04:05.000000000") + "')"
	}
	t = t.In(time.FixedZone("", int(v.Zone)*60))
	return "TO_TIMESTAMP_TZ('" + t.Format("2006-01-02 15:04:05.000000000 -07:00") + "')"
}

func intervalLiteral(c *oracle.Column, v *record.Value) string {
	sign := "+"
	if strings.Contains(c.Type, "YEAR") {
		months := int32(v.D)
		if months < 0 {
			sign, months = "-", -months
		}
		return fmt.Sprintf("TO_YMINTERVAL('%s%02d-%02d')", sign, months/12, months%12)
	}
	days, ns := v.Days, int64(v.N)
	if days < 0 || ns < 0 {
		sign, days, ns = "-", -days, -ns
	}
	return fmt.Sprintf("TO_DSINTERVAL('%s%02d %02d:%02d:%02d.%09d')", sign, days, ns/3600e9,
		ns/60e9%60, ns/1e9%60, ns%1e9)
}

// unistr renders national text: what is not plain is a UTF-16 unit behind a backslash.
func unistr(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\'':
			b.WriteString("''")
		case r < utf8.RuneSelf && r >= ' ':
			b.WriteRune(r)
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\%04X`, u)
			}
		}
	}
	return "UNISTR('" + b.String() + "')"
}
