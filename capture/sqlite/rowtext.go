package sqlite

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"ggsh/record"
)

// utf16Order is the byte order of a database that keeps text as UTF-16, nil for
// one that keeps it as UTF-8.
type utf16Order binary.ByteOrder

// appendImage turns a row's log text into an image of def. wide says that the
// database keeps its text as UTF-16.
func appendImage(dst []byte, def *record.TableDef, text []byte, wide utf16Order,
) ([]byte, error) {
	var err error
	for i := range def.Columns {
		if i > 0 {
			if len(text) == 0 || text[0] != ',' {
				return dst, fmt.Errorf("log row has %d columns, the definition of %s has %d",
					i, def.Name, len(def.Columns))
			}
			text = text[1:]
		}
		if dst, text, err = appendLiteral(dst, &def.Columns[i], text, wide); err != nil {
			return dst, fmt.Errorf("column %s: %w", def.Columns[i].Name, err)
		}
	}
	if len(text) > 0 {
		return dst, fmt.Errorf("log row of %s has more than %d columns", def.Name, len(def.Columns))
	}
	return dst, nil
}

// appendLiteral takes one SQL literal off the front of text.
func appendLiteral(dst []byte, c *record.ColumnDef, text []byte, wide utf16Order,
) (out, rest []byte, err error) {
	if len(text) == 0 {
		return dst, nil, record.ErrShort
	}
	switch text[0] {
	case 'N':
		if bytes.HasPrefix(text, []byte("NULL")) {
			return record.AppendNull(dst), text[4:], nil
		}
	case '\'':
		return appendQuoted(dst, c, text[1:])
	case 'X':
		b, rest, err := cutHex(text)
		if err != nil {
			return dst, nil, err
		}
		return record.AppendBytes(dst, record.Bytes, b), rest, nil
	case 'T':
		return appendTextOctets(dst, text[1:], wide)
	default:
		return appendNumber(dst, c, text)
	}
	return dst, nil, fmt.Errorf("log row has no literal at %.20q", text)
}

func appendQuoted(dst []byte, c *record.ColumnDef, text []byte) (out, rest []byte, err error) {
	var content []byte
	for {
		end := bytes.IndexByte(text, '\'')
		if end < 0 {
			return dst, nil, record.ErrShort
		}
		content, text = append(content, text[:end]...), text[end+1:]
		if len(text) == 0 || text[0] != '\'' {
			break
		}
		content, text = append(content, '\''), text[1:]
	}
	if !utf8.Valid(content) {
		return dst, nil, notUTF8(content)
	}
	return appendTextValue(dst, c, content), text, nil
}

func notUTF8(text []byte) error {
	return fmt.Errorf("text is not UTF-8: %.40q; store it as BLOB or correct it", text)
}

// appendTextValue gives text the column's declared form when that form prints
// as exactly this text again, and leaves it text otherwise.
func appendTextValue(dst []byte, c *record.ColumnDef, s []byte) []byte {
	mark := len(dst)
	dst = appendDeclared(dst, c, s)
	if len(dst) > mark {
		v, _, err := record.DecodeValue(dst[mark:])
		if err == nil && bytes.Equal(v.Text(nil, -1), s) {
			return dst
		}
	}
	return record.AppendBytes(dst[:mark], record.String, s)
}

// appendDeclared appends text as a value of the column's declared kind, nothing
// when it cannot be one.
func appendDeclared(dst []byte, c *record.ColumnDef, s []byte) []byte {
	switch c.Kind {
	case record.Date:
		if d, rest, ok := parseDate(s); ok && len(rest) == 0 {
			return record.AppendDate(dst, d)
		}
	case record.Timestamp:
		if d, rest, ok := parseDate(s); ok && len(rest) > 0 && rest[0] == ' ' {
			if ns, ok := parseClock(rest[1:]); ok {
				return record.AppendTimestamp(dst, d, ns)
			}
		}
	case record.Time:
		if ns, ok := parseClock(s); ok {
			return record.AppendTime(dst, ns)
		}
	case record.JSON:
		return record.AppendBytes(dst, record.JSON, s)
	}
	return dst
}

// appendTextOctets takes the octets of a text with a NUL in it, as the database
// keeps them.
func appendTextOctets(dst, text []byte, wide utf16Order) (out, rest []byte, err error) {
	b, rest, err := cutHex(text)
	if err != nil {
		return dst, nil, err
	}
	if wide != nil {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = wide.Uint16(b[2*i:])
		}
		b = []byte(string(utf16.Decode(units)))
	}
	if !utf8.Valid(b) {
		return dst, nil, notUTF8(b)
	}
	return record.AppendBytes(dst, record.String, b), rest, nil
}

// cutHex takes X'...' off the front of text.
func cutHex(text []byte) (b, rest []byte, err error) {
	if len(text) < 3 || text[0] != 'X' || text[1] != '\'' {
		return nil, nil, fmt.Errorf("log row has no octets at %.20q", text)
	}
	text = text[2:]
	end := bytes.IndexByte(text, '\'')
	if end < 0 {
		return nil, nil, record.ErrShort
	}
	b = make([]byte, hex.DecodedLen(end))
	if _, err := hex.Decode(b, text[:end]); err != nil {
		return nil, nil, err
	}
	return b, text[end+1:], nil
}

// appendNumber takes an integer or a real. In a column declared DECIMAL both
// become decimals where they can.
func appendNumber(dst []byte, c *record.ColumnDef, text []byte) (out, rest []byte, err error) {
	end := bytes.IndexByte(text, ',')
	if end < 0 {
		end = len(text)
	}
	word, rest := string(text[:end]), text[end:]
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		if c.Kind == record.Decimal {
			return record.AppendText(dst, record.Decimal, word), rest, nil
		}
		return record.AppendInt(dst, n), rest, nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(f) {
		return dst, nil, fmt.Errorf("log row has no number at %.20q", word)
	}
	if c.Kind == record.Decimal {
		if text, ok := decimalText(f); ok {
			return record.AppendText(dst, record.Decimal, text), rest, nil
		}
	}
	return record.AppendFloat64(dst, f), rest, nil
}

// decimalText gives a real's shortest decimal text. One that needs more digits
// than a real keeps for certain is the outcome of a computation, and no decimal.
func decimalText(f float64) (string, bool) {
	const kept = 15
	mantissa, _, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if math.IsInf(f, 0) || len(strings.Trim(mantissa, "-"))-1 > kept {
		return "", false
	}
	return strconv.FormatFloat(f, 'f', -1, 64), true
}

// parseDate reads YYYY-MM-DD off the front of s.
func parseDate(s []byte) (d record.PackedDate, rest []byte, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, nil, false
	}
	y, ok1 := digits(s[:4])
	m, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 || m > 12 || day > 31 {
		return 0, nil, false
	}
	return record.PackDate(y, m, day), s[10:], true
}

// parseClock reads HH:MM, HH:MM:SS or HH:MM:SS.fraction, of up to nine digits.
func parseClock(s []byte) (ns int64, ok bool) {
	if len(s) < 5 || s[2] != ':' {
		return 0, false
	}
	h, ok1 := digits(s[:2])
	m, ok2 := digits(s[3:5])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, false
	}
	ns = int64(h)*3600e9 + int64(m)*60e9
	if s = s[5:]; len(s) == 0 {
		return ns, true
	}
	if len(s) < 3 || s[0] != ':' {
		return 0, false
	}
	sec, ok3 := digits(s[1:3])
	if !ok3 || sec > 59 {
		return 0, false
	}
	ns += int64(sec) * 1e9
	if s = s[3:]; len(s) == 0 {
		return ns, true
	}
	if s[0] != '.' || len(s) < 2 || len(s) > 10 {
		return 0, false
	}
	frac, ok4 := digits(s[1:])
	for range 10 - len(s) {
		frac *= 10
	}
	return ns + int64(frac), ok4
}

func digits(s []byte) (n int, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
