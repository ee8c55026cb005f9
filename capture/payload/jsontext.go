package payload

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting.
const maxDepth = 100

// jsonText walks over JSON texts, one behind the other, without building anything
// of them. A text that it passes is valid JSON in valid UTF-8.
type jsonText struct {
	b []byte
	i int
}

// jsonValue is one value; kind is its first octet, '0' for all numbers. The zero
// value is none.
type jsonValue struct {
	kind byte
	raw  []byte
	esc  bool // a string has escapes
}

func (x *jsonText) begin(b []byte) { x.b, x.i = b, 0 }

// peek passes blanks and gives the octet that follows, 0 at the end.
func (x *jsonText) peek() byte {
	for x.i < len(x.b) {
		switch c := x.b[x.i]; c {
		case ' ', '\t', '\r', '\n':
			x.i++
		default:
			return c
		}
	}
	return 0
}

func (x *jsonText) bad(what string) error {
	return badRecord("octet %d: %s", x.i+1, what)
}

// open enters an object.
func (x *jsonText) open() error {
	if x.peek() != '{' {
		return x.bad("a JSON object is expected")
	}
	x.i++
	return nil
}

// member gives the next member of an object; ok is false behind the last.
func (x *jsonText) member(first bool, depth int) (key, val jsonValue, ok bool, err error) {
	if x.peek() == '}' {
		x.i++
		return key, val, false, nil
	}
	if !first {
		if x.peek() != ',' {
			return key, val, false, x.bad("a comma or } is expected")
		}
		x.i++
	}
	if x.peek() != '"' {
		return key, val, false, x.bad("a member's name is expected")
	}
	if key, err = x.str(); err != nil {
		return key, val, false, err
	}
	if x.peek() != ':' {
		return key, val, false, x.bad("a colon is expected")
	}
	x.i++
	val, err = x.value(depth)
	return key, val, err == nil, err
}

// value passes one value.
func (x *jsonText) value(depth int) (jsonValue, error) {
	c := x.peek()
	from := x.i
	switch c {
	case '"':
		return x.str()
	case '{', '[':
		if depth >= maxDepth {
			return jsonValue{}, x.bad("it is nested too deeply")
		}
		x.i++
		err := x.nested(c, depth+1)
		return jsonValue{kind: c, raw: x.b[from:x.i]}, err
	case 't', 'f', 'n':
		word := [...]string{"true", "false", "null"}[bytes.IndexByte([]byte("tfn"), c)]
		if bytes.HasPrefix(x.b[x.i:], []byte(word)) {
			x.i += len(word)
			return jsonValue{kind: c, raw: x.b[from:x.i]}, nil
		}
	default:
		if n := numberLength(x.b[x.i:]); n > 0 {
			x.i += n
			return jsonValue{kind: '0', raw: x.b[from:x.i]}, nil
		}
	}
	return jsonValue{}, x.bad("no value begins here")
}

// nested passes what is within an object or a list.
func (x *jsonText) nested(open byte, depth int) error {
	for first := true; ; first = false {
		if open == '{' {
			if _, _, ok, err := x.member(first, depth); err != nil || !ok {
				return err
			}
			continue
		}
		if x.peek() == ']' && first {
			x.i++
			return nil
		}
		if !first {
			switch x.peek() {
			case ']':
				x.i++
				return nil
			case ',':
				x.i++
			default:
				return x.bad("a comma or ] is expected")
			}
		}
		if _, err := x.value(depth); err != nil {
			return err
		}
	}
}

// str passes a string.
func (x *jsonText) str() (jsonValue, error) {
	from, esc, high := x.i, false, false
	x.i++
	for x.i < len(x.b) {
		switch c := x.b[x.i]; {
		case c == '"':
			x.i++
			v := jsonValue{kind: '"', raw: x.b[from:x.i], esc: esc}
			if high && !utf8.Valid(v.raw) {
				return v, x.bad("the string is not UTF-8")
			}
			return v, nil
		case c == '\\':
			esc = true
			n := escapeLength(x.b[x.i:])
			if n == 0 {
				return jsonValue{}, x.bad("there is no such escape")
			}
			x.i += n
		case c < ' ':
			return jsonValue{}, x.bad("a control character stands in a string")
		default:
			high = high || c >= utf8.RuneSelf
			x.i++
		}
	}
	return jsonValue{}, x.bad("a string is not closed")
}

// escapeLength gives how long the escape is that b begins with, 0 for none. A
// surrogate without its other half stands for no character and is none.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[1] != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), b[1]) < 0 {
			return 0
		}
		return 2
	}
	r, ok := hexRune(b)
	if !ok {
		return 0
	}
	if !utf16.IsSurrogate(r) {
		return 6
	}
	low, ok := hexRune(b[6:])
	if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
		return 0
	}
	return 12
}

// hexRune reads \u and four hexadecimal digits.
func hexRune(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		n, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(n)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// inner is what stands between the quotes of a string.
func (v jsonValue) inner() []byte { return v.raw[1 : len(v.raw)-1] }

// appendString appends what a string says, without its escapes.
func appendString(dst []byte, v jsonValue) []byte {
	for b := v.inner(); len(b) > 0; {
		if b[0] != '\\' {
			n := bytes.IndexByte(b, '\\')
			if n < 0 {
				return append(dst, b...)
			}
			dst, b = append(dst, b[:n]...), b[n:]
			continue
		}
		n := escapeLength(b)
		switch c := b[1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hexRune(b)
			if n == 12 {
				low, _ := hexRune(b[6:])
				r = utf16.DecodeRune(r, low)
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
		b = b[n:]
	}
	return dst
}

// numberLength gives how long the JSON number is that b begins with, 0 for none.
func numberLength(b []byte) int {
	i := 0
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	zero := i < len(b) && b[i] == '0'
	from := i
	if !digits() || zero && i > from+1 {
		return 0
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return 0
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return 0
		}
	}
	return i
}
