package binlog

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Tags of MySQL's binary JSON.
const (
	jsonSmallObject = 0x0
	jsonLargeObject = 0x1
	jsonSmallArray  = 0x2
	jsonLargeArray  = 0x3
	jsonLiteral     = 0x4
	jsonInt16       = 0x5
	jsonUint16      = 0x6
	jsonInt32       = 0x7
	jsonUint32      = 0x8
	jsonInt64       = 0x9
	jsonUint64      = 0xa
	jsonDouble      = 0xb
	jsonString      = 0xc
	jsonOpaque      = 0xf
)

// maxJSONDepth is above the server's own limit of 100 levels.
const maxJSONDepth = 110

var errJSON = errors.New("the binary JSON is damaged")

// appendJSON prints a document as MySQL prints it.
func appendJSON(dst, doc []byte) ([]byte, error) {
	if len(doc) == 0 {
		return append(dst, "null"...), nil
	}
	j := jsonPrinter{dst: dst, budget: 64*len(doc) + 1<<10}
	err := j.value(doc[0], doc[1:], 0)
	return j.dst, err
}

// jsonPrinter bounds the values it prints: damaged offsets may lead to the same
// bytes again and again.
type jsonPrinter struct {
	dst    []byte
	budget int
}

func (j *jsonPrinter) value(tag byte, b []byte, depth int) error {
	j.budget--
	if j.budget < 0 || depth > maxJSONDepth {
		return errJSON
	}
	switch tag {
	case jsonSmallObject, jsonSmallArray:
		return j.container(b, 2, tag == jsonSmallObject, depth)
	case jsonLargeObject, jsonLargeArray:
		return j.container(b, 4, tag == jsonLargeObject, depth)
	case jsonLiteral:
		return j.literal(b)
	case jsonString:
		s, err := jsonBytes(b)
		if err != nil {
			return err
		}
		return j.quoted(s)
	case jsonOpaque:
		return j.opaque(b)
	}
	return j.number(tag, b)
}

func (j *jsonPrinter) literal(b []byte) error {
	if len(b) < 1 || b[0] > 2 {
		return errJSON
	}
	j.dst = append(j.dst, [...]string{"null", "true", "false"}[b[0]]...)
	return nil
}

func (j *jsonPrinter) number(tag byte, b []byte) error {
	size := map[byte]int{jsonInt16: 2, jsonUint16: 2, jsonInt32: 4, jsonUint32: 4}[tag]
	if size == 0 {
		size = 8
	}
	if len(b) < size {
		return errJSON
	}
	switch tag {
	case jsonInt16, jsonInt32, jsonInt64:
		j.dst = strconv.AppendInt(j.dst, signed(b, uint8(size)), 10)
	case jsonUint16, jsonUint32, jsonUint64:
		j.dst = strconv.AppendUint(j.dst, unsigned(b, uint8(size)), 10)
	case jsonDouble:
		j.dst = appendJSONDouble(j.dst, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	default:
		return errJSON
	}
	return nil
}

// appendJSONDouble prints as my_gcvt does: shortest digits, a point for whole
// numbers, an exponent without padding from 1e15 on and below 1e-15.
func appendJSONDouble(dst []byte, f float64) []byte {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	mantissa, exponent := text, 0
	for i, c := range text {
		if c == 'e' {
			mantissa = text[:i]
			exponent, _ = strconv.Atoi(string(text[i+1:]))
		}
	}
	if exponent >= -15 && exponent < 15 {
		from := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
		for _, c := range dst[from:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, ".0"...)
	}
	dst = append(append(dst, mantissa...), 'e')
	return strconv.AppendInt(dst, int64(exponent), 10)
}

// container prints an object or array whose offsets have width octets.
func (j *jsonPrinter) container(b []byte, width int, object bool, depth int) error {
	if len(b) < 2*width {
		return errJSON
	}
	count, size := int(unsigned(b, uint8(width))), int(unsigned(b[width:], uint8(width)))
	entry, keyEntry := 1+width, 0
	if object {
		keyEntry = width + 2
	}
	if size > len(b) || count > size || 2*width+count*(entry+keyEntry) > size {
		return errJSON
	}
	b = b[:size]
	keys, values := b[2*width:], b[2*width+count*keyEntry:]
	j.dst = append(j.dst, "[{"[btoi(object)])
	for i := range count {
		if i > 0 {
			j.dst = append(j.dst, ", "...)
		}
		if object {
			k := keys[i*keyEntry:]
			at, n := int(unsigned(k, uint8(width))), int(unsigned(k[width:], 2))
			if at > size || n > size-at {
				return errJSON
			}
			if err := j.quoted(b[at : at+n]); err != nil {
				return err
			}
			j.dst = append(j.dst, ": "...)
		}
		if err := j.entry(b, values[i*entry:i*entry+entry], width, depth); err != nil {
			return err
		}
	}
	j.dst = append(j.dst, "]}"[btoi(object)])
	return nil
}

// entry prints a value that stands in its entry or where the entry points to.
func (j *jsonPrinter) entry(b, e []byte, width, depth int) error {
	tag := e[0]
	switch tag {
	case jsonLiteral, jsonInt16, jsonUint16:
		return j.value(tag, e[1:], depth+1)
	case jsonInt32, jsonUint32:
		if width == 4 {
			return j.value(tag, e[1:], depth+1)
		}
	}
	at := int(unsigned(e[1:], uint8(width)))
	if at > len(b) {
		return errJSON
	}
	return j.value(tag, b[at:], depth+1)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// jsonBytes reads bytes behind a length of seven bits an octet.
func jsonBytes(b []byte) ([]byte, error) {
	n, w := binary.Uvarint(b[:min(len(b), 5)])
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, errJSON
	}
	return b[w : w+int(n)], nil
}

// quoted prints a string with MySQL's escapes.
func (j *jsonPrinter) quoted(s []byte) error {
	if !utf8.Valid(s) {
		return fmt.Errorf("%w: a string is not UTF-8", errJSON)
	}
	j.budget -= len(s) / 8
	const hex = "0123456789abcdef"
	dst := append(j.dst, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= 0x20:
			dst = append(dst, c)
		case c == '\b':
			dst = append(dst, `\b`...)
		case c == '\f':
			dst = append(dst, `\f`...)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	j.dst = append(dst, '"')
	return nil
}

// opaque prints values of SQL types within JSON.
func (j *jsonPrinter) opaque(b []byte) error {
	if len(b) < 1 {
		return errJSON
	}
	kind := b[0]
	v, err := jsonBytes(b[1:])
	if err != nil {
		return err
	}
	switch kind {
	case typeNewDecimal:
		return j.decimal(v)
	case typeDate, typeDatetime, typeTimestamp, typeTime, typeNewDate:
		return j.time(kind, v)
	}
	j.budget -= len(v) / 8
	j.dst = append(j.dst, `"base64:type`...)
	j.dst = strconv.AppendInt(j.dst, int64(kind), 10)
	j.dst = append(j.dst, ':')
	j.dst = base64.StdEncoding.AppendEncode(j.dst, v)
	j.dst = append(j.dst, '"')
	return nil
}

func (j *jsonPrinter) decimal(v []byte) error {
	if len(v) < 2 || v[1] > v[0] || v[0] > 81 {
		return errJSON
	}
	var buf [128]byte
	out, _, err := appendDecimal(buf[:0], v[2:], int(v[0]), int(v[1]))
	if err != nil {
		return errJSON
	}
	j.dst = append(j.dst, out[2:]...) // behind kind and length, which is below 128
	return nil
}

// time prints a packed date or time; MySQL always shows six digits.
func (j *jsonPrinter) time(kind byte, v []byte) error {
	if len(v) < 8 {
		return errJSON
	}
	n := int64(binary.LittleEndian.Uint64(v))
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	hms, micros := n>>24, n&0xffffff
	j.dst = append(j.dst, '"')
	if kind == typeTime {
		j.dst = fmt.Appendf(j.dst, "%s%02d:%02d:%02d.%06d\"", sign,
			hms>>12&1023, hms>>6&63, hms&63, micros)
		return nil
	}
	ymd := hms >> 17
	ym := ymd >> 5
	j.dst = fmt.Appendf(j.dst, "%04d-%02d-%02d", ym/13, ym%13, ymd&31)
	if kind != typeDate && kind != typeNewDate {
		j.dst = fmt.Appendf(j.dst, " %02d:%02d:%02d.%06d", hms>>12&31, hms>>6&63, hms&63, micros)
	}
	j.dst = append(j.dst, '"')
	return nil
}
