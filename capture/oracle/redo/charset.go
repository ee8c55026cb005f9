package redo

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/transform"
)

// charset turns octets of one of Oracle's character sets into UTF-8. What has no meaning in
// the set is an error, never a question mark.
type charset struct {
	wide   binary.ByteOrder // UTF-16
	utf8   bool
	cesu   bool // UTF-8 with the halves of UTF-16 pairs apart: Oracle's UTF8
	table  *charmap.Charmap
	multi  *encoding.Decoder // keeps no state
	others []runePair        // where Oracle differs from multi
}

type runePair struct{ from, to rune }

// clobCharset is the set of a CLOB's octets: UTF-16 where the database's is not of
// one octet a character.
func clobCharset(database string) string {
	if set := findCharset(database); set == nil || set.table != nil || database == "US7ASCII" {
		return database
	}
	return "AL16UTF16"
}

// findCharset gives nil for a set that it does not know.
func findCharset(name string) *charset {
	switch name {
	case "AL32UTF8":
		return &charset{utf8: true}
	case "UTF8":
		return &charset{utf8: true, cesu: true}
	case "AL16UTF16":
		return &charset{wide: binary.BigEndian}
	case "AL16UTF16LE":
		return &charset{wide: binary.LittleEndian}
	case "US7ASCII":
		return &charset{}
	}
	if table := singleOctet[name]; table != nil {
		return &charset{table: table}
	}
	if multi := multiOctet[name]; multi != nil {
		return &charset{multi: multi.NewDecoder(), others: japaneseRunes[name]}
	}
	return nil
}

var singleOctet = map[string]*charmap.Charmap{
	"WE8ISO8859P1": charmap.ISO8859_1, "EE8ISO8859P2": charmap.ISO8859_2,
	"SE8ISO8859P3": charmap.ISO8859_3, "NEE8ISO8859P4": charmap.ISO8859_4,
	"CL8ISO8859P5": charmap.ISO8859_5, "AR8ISO8859P6": charmap.ISO8859_6,
	"EL8ISO8859P7": charmap.ISO8859_7, "IW8ISO8859P8": charmap.ISO8859_8,
	"WE8ISO8859P9": charmap.ISO8859_9, "NE8ISO8859P10": charmap.ISO8859_10,
	"BLT8ISO8859P13": charmap.ISO8859_13, "CEL8ISO8859P14": charmap.ISO8859_14,
	"WE8ISO8859P15": charmap.ISO8859_15,
	"EE8MSWIN1250":  charmap.Windows1250, "CL8MSWIN1251": charmap.Windows1251,
	"WE8MSWIN1252": charmap.Windows1252, "EL8MSWIN1253": charmap.Windows1253,
	"TR8MSWIN1254": charmap.Windows1254, "IW8MSWIN1255": charmap.Windows1255,
	"AR8MSWIN1256": charmap.Windows1256, "BLT8MSWIN1257": charmap.Windows1257,
	"VN8MSWIN1258": charmap.Windows1258,
	"CL8KOI8R":     charmap.KOI8R, "CL8KOI8U": charmap.KOI8U,
	"US8PC437": charmap.CodePage437, "WE8PC850": charmap.CodePage850,
	"EE8PC852": charmap.CodePage852, "RU8PC855": charmap.CodePage855,
	"WE8PC858": charmap.CodePage858, "RU8PC866": charmap.CodePage866,
}

var multiOctet = map[string]encoding.Encoding{
	"JA16SJIS": japanese.ShiftJIS, "JA16SJISTILDE": japanese.ShiftJIS,
	"JA16EUC": japanese.EUCJP, "JA16EUCTILDE": japanese.EUCJP,
	"ZHS16GBK": simplifiedchinese.GBK, "ZHS32GB18030": simplifiedchinese.GB18030,
	"ZHT16BIG5": traditionalchinese.Big5, "ZHT16MSWIN950": traditionalchinese.Big5,
	"ZHT16HKSCS":  traditionalchinese.Big5,
	"KO16KSC5601": korean.EUCKR, "KO16MSWIN949": korean.EUCKR,
}

// append converts raw. ok tells whether all of it had a meaning.
func (c *charset) append(dst, raw []byte) (out []byte, ok bool) {
	switch {
	case c.wide != nil:
		return appendUTF16(dst, raw, c.wide)
	case isASCII(raw):
		return append(dst, raw...), true
	case c.utf8 && utf8.Valid(raw):
		return append(dst, raw...), true
	case c.cesu:
		return appendCESU(dst, raw)
	case c.table != nil:
		return c.appendSingle(dst, raw)
	case c.multi != nil:
		return c.appendMulti(dst, raw)
	}
	return dst, false
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func appendUTF16(dst, raw []byte, order binary.ByteOrder) ([]byte, bool) {
	if len(raw)%2 != 0 {
		return dst, false
	}
	for ; len(raw) > 0; raw = raw[2:] {
		r := rune(order.Uint16(raw))
		if utf16.IsSurrogate(r) {
			if len(raw) < 4 {
				return dst, false
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(raw[2:]))); r == utf8.RuneError {
				return dst, false
			}
			raw = raw[2:]
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

// appendCESU joins pairs of UTF-16 halves, each of which is three octets.
func appendCESU(dst, raw []byte) ([]byte, bool) {
	for len(raw) > 0 {
		if r, n := utf8.DecodeRune(raw); r != utf8.RuneError || n > 1 {
			dst, raw = append(dst, raw[:n]...), raw[n:]
			continue
		}
		high, ok1 := cesuHalf(raw)
		if !ok1 {
			return dst, false
		}
		low, ok2 := cesuHalf(raw[3:])
		r := utf16.DecodeRune(high, low)
		if !ok2 || r == utf8.RuneError {
			return dst, false
		}
		dst, raw = utf8.AppendRune(dst, r), raw[6:]
	}
	return dst, true
}

func cesuHalf(b []byte) (rune, bool) {
	if len(b) < 3 || b[0] != 0xed || b[1]&0xe0 != 0xa0 || b[2]&0xc0 != 0x80 {
		return 0, false
	}
	return 0xd000 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f), true
}

func (c *charset) appendSingle(dst, raw []byte) ([]byte, bool) {
	for _, b := range raw {
		r := c.table.DecodeByte(b)
		if r == utf8.RuneError {
			return dst, false
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

var replacement = []byte(string(utf8.RuneError))

func (c *charset) appendMulti(dst, raw []byte) ([]byte, bool) {
	start := len(dst)
	for {
		dst = append(dst, raw...)[:len(dst)] // room for at least as much
		wrote, read, err := c.multi.Transform(dst[len(dst):cap(dst)], raw, true)
		dst, raw = dst[:len(dst)+wrote], raw[read:]
		if err == nil && len(raw) == 0 {
			break
		}
		if err != transform.ErrShortDst {
			return dst, false
		}
		dst = append(dst, 0, 0, 0, 0)[:len(dst)]
	}
	if bytes.Contains(dst[start:], replacement) {
		return dst, false
	}
	if c.others != nil {
		dst = swapRunes(dst, start, c.others)
	}
	return dst, true
}

// swapRunes puts Oracle's choice in the place of others, none of which is shorter.
func swapRunes(dst []byte, start int, pairs []runePair) []byte {
	out := start
	for at := start; at < len(dst); {
		r, n := utf8.DecodeRune(dst[at:])
		at += n
		for _, p := range pairs {
			if r == p.from {
				r = p.to
			}
		}
		out += utf8.EncodeRune(dst[out:out+utf8.RuneLen(r)], r)
	}
	return dst[:out]
}

// japaneseRunes are those of the Japanese sets that Oracle has from JIS, and x/text from
// Microsoft; the sets with TILDE in their name have that one of Microsoft.
var japaneseRunes = map[string][]runePair{
	"JA16SJIS": withTilde, "JA16EUC": withTilde,
	"JA16SJISTILDE": withTilde[1:], "JA16EUCTILDE": withTilde[1:],
}

var withTilde = []runePair{{'\uff5e', '\u301c'}, {'\u2225', '\u2016'}, {'\uff0d', '\u2212'},
	{'\uffe0', '\u00a2'}, {'\uffe1', '\u00a3'}, {'\uffe2', '\u00ac'}}
