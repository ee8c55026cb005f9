package binlog

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
)

// converter turns text of one character set into UTF-8. What has no place in
// Unicode is an error, never a question mark.
type converter struct {
	charset string
	ascii   bool       // octets below 0x80 are ASCII wherever they stand alone
	utf8    bool       // nothing to convert, only to check
	table   *[256]rune // character sets of one octet
	wide    func(dst, src []byte) ([]byte, error)
	multi   transform.Transformer
	fixes   []codeRun // where the servers differ from multi
}

// newConverter finds the converter of a server's character set.
func newConverter(charset string) (*converter, error) {
	c := &converter{charset: charset, ascii: true}
	switch charset {
	case "utf8", "utf8mb3", "utf8mb4":
		c.utf8 = true
		return c, nil
	case "ascii":
		c.table = asciiTable()
		return c, nil
	case "ucs2", "utf16":
		c.ascii, c.wide = false, appendUTF16
		return c, nil
	case "utf16le":
		c.ascii, c.wide = false, appendUTF16LE
		return c, nil
	case "utf32":
		c.ascii, c.wide = false, appendUTF32
		return c, nil
	}
	if upper, ok := upperHalves[charset]; ok {
		c.table = singleByteTable(charset, upper)
		c.ascii = charset != "swe7"
		return c, nil
	}
	if enc := multiByte(charset); enc != nil {
		c.multi = enc.NewDecoder()
		c.fixes = multiByteFixes[charset]
		return c, nil
	}
	return nil, fmt.Errorf("character set %s is not supported: convert the column to utf8mb4, "+
		"or leave it out with COLSEXCEPT", charset)
}

// KnownCharset reports whether text of the charset can be converted.
func KnownCharset(charset string) bool {
	_, err := newConverter(charset)
	return err == nil || charset == "binary"
}

func multiByte(charset string) encoding.Encoding {
	switch charset {
	case "gbk", "gb2312":
		return simplifiedchinese.GBK
	case "gb18030":
		return simplifiedchinese.GB18030
	case "big5":
		return traditionalchinese.Big5
	case "sjis", "cp932":
		return japanese.ShiftJIS
	case "ujis", "eucjpms":
		return japanese.EUCJP
	case "euckr":
		return korean.EUCKR
	}
	return nil
}

func asciiTable() *[256]rune {
	t := &[256]rune{}
	for i := range t {
		t[i] = rune(i)
		if i >= 0x80 {
			t[i] = utf8.RuneError
		}
	}
	return t
}

func singleByteTable(charset, upper string) *[256]rune {
	t := asciiTable()
	i := 0x80
	for _, r := range upper {
		t[i] = r
		i++
	}
	if charset == "swe7" {
		for b, r := range swe7 {
			t[b] = r
		}
	}
	return t
}

// plain reports whether v is UTF-8 as it is.
func (c *converter) plain(v []byte) bool {
	if c.utf8 {
		return utf8.Valid(v)
	}
	return c.ascii && isASCII(v)
}

func isASCII(v []byte) bool {
	for len(v) >= 8 {
		if (uint64(v[0]|v[1]|v[2]|v[3])|uint64(v[4]|v[5]|v[6]|v[7]))&0x80 != 0 {
			return false
		}
		v = v[8:]
	}
	for _, b := range v {
		if b >= 0x80 {
			return false
		}
	}
	return true
}

// append converts what plain does not accept.
func (c *converter) append(dst, src []byte) ([]byte, error) {
	switch {
	case c.utf8:
		return dst, fmt.Errorf("octets %s are not UTF-8", sample(src))
	case c.table != nil:
		for _, b := range src {
			r := c.table[b]
			if r == utf8.RuneError {
				return dst, c.unknown(src)
			}
			dst = utf8.AppendRune(dst, r)
		}
		return dst, nil
	case c.wide != nil:
		return c.wide(dst, src)
	}
	return c.appendMulti(dst, src)
}

func (c *converter) unknown(src []byte) error {
	return fmt.Errorf("octets %s have no meaning in character set %s", sample(src), c.charset)
}

// sample shows the beginning of octets in a message.
func sample(b []byte) string {
	if len(b) > 24 {
		return fmt.Sprintf("%x... (%d)", b[:24], len(b))
	}
	return fmt.Sprintf("%x", b)
}

// appendMulti converts character by character, so that the servers' own choices
// can be put in their place.
func (c *converter) appendMulti(dst, src []byte) ([]byte, error) {
	var buf [8]byte
	for at := 0; at < len(src); {
		if src[at] < 0x80 {
			dst = append(dst, src[at])
			at++
			continue
		}
		n := c.width(src[at:])
		if at+n > len(src) {
			return dst, c.unknown(src[at:])
		}
		var code uint32
		for _, b := range src[at : at+n] {
			code = code<<8 | uint32(b)
		}
		if r, ok := fixed(c.fixes, code); ok {
			dst, at = utf8.AppendRune(dst, r), at+n
			continue
		}
		c.multi.Reset()
		wrote, read, err := c.multi.Transform(buf[:], src[at:at+n], true)
		if r, _ := utf8.DecodeRune(buf[:wrote]); err != nil || read != n || r == utf8.RuneError {
			return dst, c.unknown(src[at:])
		}
		dst, at = append(dst, buf[:wrote]...), at+n
	}
	return dst, nil
}

// width is the number of octets of the character whose first octet is not ASCII.
func (c *converter) width(b []byte) int {
	switch c.charset {
	case "sjis", "cp932":
		if b[0] >= 0xa1 && b[0] <= 0xdf {
			return 1
		}
	case "ujis", "eucjpms":
		if b[0] == 0x8f {
			return 3
		}
	case "gb18030":
		if len(b) > 1 && b[1] >= 0x30 && b[1] <= 0x39 {
			return 4
		}
	}
	return 2
}

func appendUTF16(dst, src []byte) ([]byte, error) { return appendUTF16Order(dst, src, 0, 1) }

func appendUTF16LE(dst, src []byte) ([]byte, error) { return appendUTF16Order(dst, src, 1, 0) }

// appendUTF16Order converts pairs of octets whose high octet stands at hi.
func appendUTF16Order(dst, src []byte, hi, lo int) ([]byte, error) {
	for at := 0; at < len(src); at += 2 {
		if at+2 > len(src) {
			return dst, fmt.Errorf("octets %s are not UTF-16", sample(src))
		}
		r := rune(src[at+hi])<<8 | rune(src[at+lo])
		if r >= 0xd800 && r < 0xe000 {
			if r >= 0xdc00 || at+4 > len(src) {
				return dst, fmt.Errorf("octets %s are not UTF-16", sample(src[at:]))
			}
			low := rune(src[at+2+hi])<<8 | rune(src[at+2+lo])
			if low < 0xdc00 || low > 0xdfff {
				return dst, fmt.Errorf("octets %s are not UTF-16", sample(src[at:]))
			}
			r = 0x10000 + (r-0xd800)<<10 + (low - 0xdc00)
			at += 2
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, nil
}

func appendUTF32(dst, src []byte) ([]byte, error) {
	for at := 0; at < len(src); at += 4 {
		if at+4 > len(src) {
			return dst, fmt.Errorf("octets %s are not UTF-32", sample(src))
		}
		r := rune(src[at])<<24 | rune(src[at+1])<<16 | rune(src[at+2])<<8 | rune(src[at+3])
		if !utf8.ValidRune(r) {
			return dst, fmt.Errorf("octets %s are not UTF-32", sample(src[at:]))
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, nil
}

// Text converts one text of a charset, for labels and names.
func Text(charset string, b []byte) (string, error) {
	c, err := newConverter(charset)
	if err != nil {
		return "", err
	}
	if c.plain(b) {
		return string(b), nil
	}
	out, err := c.append(nil, b)
	return string(out), err
}
