package props

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
)

// Kind is the form of a property's value.
type Kind uint8

// The forms.
const (
	Text Kind = iota
	Secret
	Bool
	Int
	Size
	Duration
	Choice
	TemplateText
	MetaColumnList
	ColumnList
	Pattern // of dates
)

var kindNames = [...]string{"text", "secret", "true or false", "number", "size", "duration",
	"choice", "template", "meta columns", "columns", "date pattern"}

// String names the form for people.
func (k Kind) String() string { return kindNames[k] }

// value is a property's value, checked.
type value struct {
	text  string
	num   int64 // of Bool, Int, Size and Duration
	given bool
	at    ggserr.Location
}

// fault is what is wrong with a value, and at which byte of it.
type fault struct {
	off  int
	text string
	hint string
}

func wrongf(format string, args ...any) *fault { return &fault{text: fmt.Sprintf(format, args...)} }

// fallback is the default of a row.
func (r *Row) fallback() value {
	v, f := r.parse(r.Default)
	if f != nil {
		panic(fmt.Sprintf("props: default %q of %s: %s", r.Default, r.Name, f.text))
	}
	return v
}

// parse reads a value as its row wants it. The empty text is off, none or empty.
func (r *Row) parse(text string) (value, *fault) {
	v := value{text: text}
	var f *fault
	if text == "" && r.Kind != Text && r.Kind != Secret {
		if r.Kind == Choice && !slices.Contains(r.Choices, "") && r.Default != "" {
			return v, wrongf("a value is missing: one of %s", strings.Join(r.Choices, ", "))
		}
		return v, nil
	}
	switch r.Kind {
	case Bool:
		v.num, f = parseBool(text)
	case Int:
		v.num, f = parseInt(text)
	case Size:
		v.num, f = parseSize(text)
	case Duration:
		v.num, f = parseDuration(text)
	case Choice:
		v.text, f = r.choose(text)
	case TemplateText:
		_, f = parseTemplate(text)
	case MetaColumnList:
		_, f = parseMetaColumns(text)
	case ColumnList:
		f = checkColumns(text)
	case Pattern:
		_, f = parseDatePattern(text)
	}
	return v, f
}

func parseBool(text string) (int64, *fault) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "on", "1":
		return 1, nil
	case "false", "f", "no", "n", "off", "0":
		return 0, nil
	}
	return 0, wrongf("%q is neither true nor false", text)
}

func parseInt(text string) (int64, *fault) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, wrongf("%q is no number from 0 to %d", text, math.MaxInt32)
	}
	return n, nil
}

// number splits a decimal number from the unit behind it.
func number(text string) (n float64, unit string, ok bool) {
	end := 0
	for end < len(text) && strings.IndexByte("0123456789.-+", text[end]) >= 0 {
		end++
	}
	n, err := strconv.ParseFloat(text[:end], 64)
	return n, strings.ToLower(strings.TrimSpace(text[end:])), err == nil
}

func parseSize(text string) (int64, *fault) {
	n, unit, ok := number(text)
	factor := map[string]float64{"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20,
		"mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30, "t": 1 << 40, "tb": 1 << 40}[unit]
	if !ok || factor == 0 {
		return 0, wrongf("%q is no size: a number of bytes, or one with k, m or g", text)
	}
	if n *= factor; n < 0 || n > 1<<60 {
		return 0, wrongf("the size %q is out of range", text)
	}
	return int64(n), nil
}

func parseDuration(text string) (int64, *fault) {
	n, unit, ok := number(text)
	var factor time.Duration
	switch unit {
	case "", "ms", "msec", "msecs", "millis":
		factor = time.Millisecond
	case "s", "sec", "secs", "second", "seconds":
		factor = time.Second
	case "m", "min", "mins", "minute", "minutes":
		factor = time.Minute
	case "h", "hr", "hrs", "hour", "hours":
		factor = time.Hour
	case "d", "day", "days":
		factor = 24 * time.Hour
	}
	if !ok || factor == 0 {
		return 0, wrongf("%q is no length of time: milliseconds, or a number with ms, s, m or h",
			text)
	}
	n *= float64(factor)
	switch {
	case n <= 0:
		return 0, nil
	case n > float64(10*365*24*time.Hour):
		return 0, wrongf("the length of time %q is out of range", text)
	}
	return int64(n), nil
}

// choose finds the word of a choice, whatever its case.
func (r *Row) choose(text string) (string, *fault) {
	for _, c := range append(r.Choices[:len(r.Choices):len(r.Choices)], r.Refuse...) {
		if strings.EqualFold(c, text) {
			return c, nil
		}
	}
	for _, p := range r.Spellings {
		if strings.EqualFold(p[0], text) {
			return p[1], nil
		}
	}
	f := wrongf("%s is none of %s", text, strings.Join(r.Choices, ", "))
	if near := ggserr.Nearest(text, r.Choices); near != "" {
		f.hint = "Did you mean " + near + "?"
	}
	return "", f
}

func checkColumns(text string) *fault {
	off := 0
	for _, c := range strings.Split(text, ",") {
		if strings.TrimSpace(c) == "" {
			return &fault{off: off, text: "the name of a column is missing"}
		}
		off += len(c) + 1
	}
	return nil
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
