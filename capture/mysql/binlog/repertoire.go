package binlog

import "unicode/utf8"

// Repertoire tells which characters text of a server's character set can have; nil is all
// of Unicode, and what is said of a set that is not known, too.
func Repertoire(charset string) func(r rune) bool {
	switch charset {
	case "utf8", "utf8mb3", "ucs2":
		return func(r rune) bool { return r <= 0xffff }
	case "gb18030":
		return nil
	}
	c, err := newConverter(charset)
	switch {
	case err != nil || c.utf8 || c.wide != nil:
		return nil
	case c.table != nil:
		return among(c.table[:])
	}
	return among(c.characters())
}

// among gives a function that finds characters of a list.
func among(list []rune) func(rune) bool {
	var bits [0x10000 / 64]uint64
	for _, r := range list {
		if r <= 0xffff && r != utf8.RuneError {
			bits[r>>6] |= 1 << (r & 63)
		}
	}
	return func(r rune) bool { return r >= 0 && r <= 0xffff && bits[r>>6]&(1<<(r&63)) != 0 }
}

// holds says of a code of two octets whether the servers' set has it: those of sets that
// were extended later have none there.
func (c *converter) holds(a, b byte) bool {
	switch c.charset {
	case "big5":
		return a >= 0xa1
	case "gb2312":
		return a >= 0xa1 && b >= 0xa1
	case "sjis":
		return a != 0x87 && a != 0xed && a != 0xee && a < 0xf0
	}
	return true
}

// characters decodes each code of a set of several octets.
func (c *converter) characters() []rune {
	var list []rune
	var out []byte
	try := func(code ...byte) {
		var err error
		if out, err = c.appendMulti(out[:0], code); err != nil {
			return
		}
		if r, n := utf8.DecodeRune(out); n == len(out) {
			list = append(list, r)
		}
	}
	for a := range 0x100 {
		try(byte(a))
		if a < 0x80 {
			continue
		}
		for b := 0x40; b < 0x100; b++ {
			if c.holds(byte(a), byte(b)) {
				try(byte(a), byte(b))
			}
			if a > 0xa0 && b > 0xa0 {
				try(0x8f, byte(a), byte(b)) // three octets: EUC of Japan
			}
		}
	}
	return list
}
