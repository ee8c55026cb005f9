package types

import (
	"fmt"

	"ggsh/record"
)

func times() []column {
	list := []column{{name: "DATE", def: "date", kinds: one(record.Date), key: true,
		values: []string{"'0001-01-01'", "'9999-12-31'", "'2024-02-29'", "'0000-00-00'",
			"'2024-00-00'", "'2024-05-00'", "'0000-05-06'"},
		limits: "zero and partial dates are values of their own and go as they are"}}
	for n := range 7 {
		list = append(list, datetime(n), timestamp(n), timeOfDay(n))
	}
	return list
}

// digits is the suffix of a type with n digits of a second.
func digits(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("(%d)", n)
}

// fraction is the last fraction with n digits, and the first.
func fraction(n int) (last, first string) {
	if n == 0 {
		return "", ""
	}
	return ".999999"[:n+1], ".000000"[:n] + "1"
}

func datetime(n int) column {
	last, first := fraction(n)
	return column{name: "DATETIME" + digits(n), def: "datetime" + digits(n),
		kinds: one(record.Timestamp), key: n == 0 || n == 6,
		values: []string{"'0001-01-01 00:00:00'", "'9999-12-31 23:59:59" + last + "'",
			"'1000-01-01 00:00:00" + first + "'", "'0000-00-00 00:00:00'", "'2024-00-00 10:00:00'",
			"'2024-02-29 12:30:00'"}}
}

func timestamp(n int) column {
	last, first := fraction(n)
	c := column{name: "TIMESTAMP" + digits(n), def: "timestamp" + digits(n) + " NULL",
		kinds: one(record.TimestampTZ), key: false,
		values: []string{"'1970-01-01 00:00:01" + first + "'", "'2038-01-19 03:14:07" + last + "'",
			"'2024-02-29 12:30:00'", "'0000-00-00 00:00:00'"}}
	if n == 0 {
		c.limits = "an instant in UTC: SQLite gets +00:00 behind it; a DATETIME gets the time in UTC"
	}
	return c
}

func timeOfDay(n int) column {
	last, first := fraction(n)
	low := "'-00:00:00" + first + "'"
	if n == 0 {
		low = "'-00:00:01'"
	}
	return column{name: "TIME" + digits(n), def: "time" + digits(n), kinds: one(record.Time),
		key: n == 0 || n == 6, values: []string{"'838:59:59'", "'-838:59:59'", low,
			"'23:59:59" + last + "'", "'00:00:00'", "'-837:59:59" + last + "'", "'12:30:00'"}}
}
