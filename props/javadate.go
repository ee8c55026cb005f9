package props

import (
	"fmt"
	"strings"
	"time"
)

// DatePattern is a pattern of Java's SimpleDateFormat, as far as it is known:
// y M d H h K k m s S a E D z Z X, and text in single quotes. More than three S
// are a fraction of a second, as in Java's newer patterns.
type DatePattern struct{ parts []datePart }

// datePart is text, or a letter and how often it stands.
type datePart struct {
	letter byte // 0: text
	width  int
	text   string
}

const dateLetters = "yMdHhKkmsSaEDzZX"

// ParseDatePattern reads a pattern.
func ParseDatePattern(text string) (*DatePattern, error) {
	p, f := parseDatePattern(text)
	if f != nil {
		return nil, fmt.Errorf("date pattern %q, character %d: %s", text, f.off+1, f.text)
	}
	return p, nil
}

func parseDatePattern(text string) (*DatePattern, *fault) {
	p := &DatePattern{}
	literal := func(s string) {
		if n := len(p.parts); n > 0 && p.parts[n-1].letter == 0 {
			p.parts[n-1].text += s
			return
		}
		p.parts = append(p.parts, datePart{text: s})
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\'':
			quoted, n, f := quotedText(text, i)
			if f != nil {
				return nil, f
			}
			literal(quoted)
			i += n
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := len(text[i:]) - len(strings.TrimLeft(text[i:], string(c)))
			if strings.IndexByte(dateLetters, c) < 0 {
				return nil, &fault{off: i, text: fmt.Sprintf(
					"the letter %c is not known in a date pattern; known are %s, and text in '...'",
					c, dateLetters)}
			}
			if n > 20 {
				return nil, &fault{off: i, text: "one letter stands more than 20 times"}
			}
			p.parts = append(p.parts, datePart{letter: c, width: n})
			i += n
		default:
			literal(text[i : i+1])
			i++
		}
	}
	return p, nil
}

// quotedText reads '...' at i; ” is a quote. n is its length in the pattern.
func quotedText(text string, i int) (s string, n int, f *fault) {
	if strings.HasPrefix(text[i:], "''") {
		return "'", 2, nil
	}
	var b strings.Builder
	for k := i + 1; k < len(text); k++ {
		switch {
		case text[k] != '\'':
			b.WriteByte(text[k])
		case k+1 < len(text) && text[k+1] == '\'':
			b.WriteByte('\'')
			k++
		default:
			return b.String(), k + 1 - i, nil
		}
	}
	return "", 0, &fault{off: i, text: "a ' is not closed in the date pattern"}
}

// Append prints a time in its own zone.
func (p *DatePattern) Append(dst []byte, t time.Time) []byte {
	for i := range p.parts {
		d := &p.parts[i]
		if d.letter == 0 {
			dst = append(dst, d.text...)
			continue
		}
		dst = d.append(dst, t)
	}
	return dst
}

func (d *datePart) append(dst []byte, t time.Time) []byte {
	switch d.letter {
	case 'M':
		return d.name(dst, t.Month().String(), int(t.Month()), 3)
	case 'E':
		name := t.Weekday().String()
		if d.width < 4 {
			name = name[:3]
		}
		return append(dst, name...)
	case 'a':
		return t.AppendFormat(dst, "PM")
	case 'S':
		if d.width > 3 {
			at := len(dst)
			dst = appendPadded(dst, uint64(t.Nanosecond()), 9)
			for len(dst)-at < d.width {
				dst = append(dst, '0')
			}
			return dst[:at+d.width]
		}
		return d.number(dst, t.Nanosecond()/1e6)
	case 'z':
		return t.AppendFormat(dst, "MST")
	case 'Z':
		return t.AppendFormat(dst, "-0700")
	case 'X':
		return t.AppendFormat(dst, [...]string{"Z07", "Z0700", "Z07:00"}[min(d.width, 3)-1])
	}
	return d.number(dst, d.field(t))
}

// name prints a month: as a word from three letters on.
func (d *datePart) name(dst []byte, word string, n, short int) []byte {
	switch {
	case d.width < short:
		return d.number(dst, n)
	case d.width == short:
		return append(dst, word[:short]...)
	}
	return append(dst, word...)
}

func (d *datePart) number(dst []byte, n int) []byte { return appendPadded(dst, uint64(n), d.width) }

// field gives the number that a letter stands for.
func (d *datePart) field(t time.Time) int {
	switch d.letter {
	case 'y':
		if d.width == 2 {
			return max(t.Year(), 0) % 100
		}
		return max(t.Year(), 0)
	case 'd':
		return t.Day()
	case 'D':
		return t.YearDay()
	case 'H':
		return t.Hour()
	case 'k':
		return (t.Hour()+23)%24 + 1
	case 'K':
		return t.Hour() % 12
	case 'h':
		return (t.Hour()+11)%12 + 1
	case 'm':
		return t.Minute()
	}
	return t.Second()
}
