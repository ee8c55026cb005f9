package redo

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// charset turns octets of one of Oracle's character sets into UTF-8. What has no meaning in
// the set is an error, never a question mark; and so is what others and Oracle read
// differently, where it is not known for sure how Oracle does.
type charset struct {
	wide     binary.ByteOrder // UTF-16
	utf8     bool
	cesu     bool // UTF-8 with the halves of UTF-16 pairs apart: Oracle's UTF8
	table    *charmap.Charmap
	multi    *encoding.Decoder // keeps no state
	width    func(b []byte) int
	doubtful []codeRun
	others   []runePair // where Oracle differs from multi
}

type codeRun struct{ first, last uint32 }

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
		return &charset{table: table, doubtful: doubtful[name]}
	}
	if m, ok := multiOctet[name]; ok {
		return &charset{multi: m.set.NewDecoder(), width: m.width, others: m.others,
			doubtful: doubtful[name]}
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
	"EE8PC852": charmap.CodePage852, "WE8PC858": charmap.CodePage858,
	"RU8PC866": charmap.CodePage866,
}

// multi is a set whose characters have different numbers of octets.
type multi struct {
	set    encoding.Encoding
	width  func(b []byte) int
	others []runePair
}

// The sets with TILDE in their name have that one of Microsoft, the others that of JIS.
var multiOctet = map[string]multi{
	"JA16SJIS":      {japanese.ShiftJIS, sjisWidth, []runePair{{'\uff5e', '\u301c'}}},
	"JA16SJISTILDE": {japanese.ShiftJIS, sjisWidth, nil},
	"JA16EUC": {japanese.EUCJP, eucWidth, []runePair{{'\uff5e', '\u301c'},
		{'\u2225', '\u2016'}, {'\uff0d', '\u2212'}}},
	"JA16EUCTILDE": {japanese.EUCJP, eucWidth, []runePair{{'\u2225', '\u2016'},
		{'\uff0d', '\u2212'}}},
	"ZHS16GBK": {simplifiedchinese.GBK, twoOctets, nil},
	"ZHS16CGB231280": {simplifiedchinese.GBK, twoOctets, []runePair{{'\u00b7', '\u30fb'},
		{'\u2014', '\u2015'}, {'\uff5e', '\u301c'}}},
	"ZHS32GB18030":  {simplifiedchinese.GB18030, gb18030Width, nil},
	"ZHT16BIG5":     {traditionalchinese.Big5, twoOctets, nil},
	"ZHT16MSWIN950": {traditionalchinese.Big5, twoOctets, nil},
	"KO16KSC5601":   {korean.EUCKR, twoOctets, nil},
	"KO16MSWIN949":  {korean.EUCKR, twoOctets, nil},
}

// doubtful are codes that x/text reads otherwise than Oracle is said to.
var doubtful = map[string][]codeRun{
	"CL8KOI8R":      {{0x94, 0x95}},
	"CL8KOI8U":      {{0xae, 0xae}, {0xbe, 0xbe}},
	"NEE8ISO8859P4": {{0xaf, 0xaf}},
	"US8PC437":      {{0xe1, 0xe1}, {0xe6, 0xe6}, {0xfe, 0xfe}},
	"JA16EUC":       {{0xada1, 0xadfe}, {0xf9a1, 0xfcfe}},
	"JA16EUCTILDE":  {{0xada1, 0xadfe}, {0xf9a1, 0xfcfe}},
	"ZHS16GBK": {{0xa2e3, 0xa2e3}, {0xa3a0, 0xa3a0}, {0xa8bf, 0xa8bf}, {0xa989, 0xa995},
		{0xfe50, 0xfea0}},
	"ZHS16CGB231280": {{0x8000, 0xa0ff}, {0xa2a1, 0xa2aa}, {0xa2e3, 0xa2e3}, {0xa6e0, 0xa6f5},
		{0xa8bb, 0xa8c0}, {0xf8a1, 0xfefe}},
	"ZHT16MSWIN950": {{0x8140, 0xa0fe}, {0xa3c0, 0xa3e1}, {0xc6a1, 0xc8fe}, {0xf9fe, 0xfefe}},
	"ZHT16BIG5": {{0x8140, 0xa0fe}, {0xa145, 0xa145}, {0xa14e, 0xa14e}, {0xa15a, 0xa15a},
		{0xa1c2, 0xa1c5}, {0xa1e3, 0xa1e3}, {0xa1f2, 0xa1f3}, {0xa1fc, 0xa242}, {0xa3c0, 0xa3e1},
		{0xc6a1, 0xc8fe}, {0xddfc, 0xddfc}, {0xf9d6, 0xfefe}},
}

func twoOctets(b []byte) int {
	if b[0] < 0x81 {
		return 1
	}
	return 2
}

func sjisWidth(b []byte) int {
	if b[0] >= 0xa1 && b[0] <= 0xdf {
		return 1
	}
	return 2
}

func eucWidth(b []byte) int {
	if b[0] == 0x8f {
		return 3
	}
	return 2
}

func gb18030Width(b []byte) int {
	if len(b) > 1 && isDigit(b[1]) {
		return 4
	}
	return twoOctets(b)
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

// appendSingle takes octets 0x80 to 0x9f that no character has for the controls of that number.
func (c *charset) appendSingle(dst, raw []byte) ([]byte, bool) {
	for _, b := range raw {
		r := c.table.DecodeByte(b)
		if r == utf8.RuneError && b < 0xa0 {
			r = rune(b)
		}
		if r == utf8.RuneError || c.doubts(uint32(b)) {
			return dst, false
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

func (c *charset) doubts(code uint32) bool {
	for _, run := range c.doubtful {
		if code >= run.first && code <= run.last {
			return true
		}
	}
	return false
}

// appendMulti goes from character to character, so as to see their codes.
func (c *charset) appendMulti(dst, raw []byte) ([]byte, bool) {
	for len(raw) > 0 {
		if raw[0] < 0x80 {
			dst, raw = append(dst, raw[0]), raw[1:]
			continue
		}
		n := c.width(raw)
		if n > len(raw) {
			return dst, false
		}
		var code uint32
		for _, b := range raw[:n] {
			code = code<<8 | uint32(b)
		}
		dst = slices.Grow(dst, utf8.UTFMax)
		wrote, read, err := c.multi.Transform(dst[len(dst):len(dst)+utf8.UTFMax], raw[:n], true)
		r, size := utf8.DecodeRune(dst[len(dst) : len(dst)+wrote])
		if err != nil || read != n || size != wrote || r == utf8.RuneError || c.doubts(code) {
			return dst, false
		}
		for _, p := range c.others {
			if r == p.from {
				r = p.to
				break
			}
		}
		dst, raw = utf8.AppendRune(dst, r), raw[n:]
	}
	return dst, true
}
