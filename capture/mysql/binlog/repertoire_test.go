package binlog

import (
	"testing"
	"unicode/utf8"
)

// TestRepertoire: a set has what its codes mean, and characters that no code of it means
// it has not.
func TestRepertoire(t *testing.T) {
	for charset, chars := range map[string][2]string{
		"latin1": {"aé€ÿ", "中Ωş"}, "ascii": {"a~", "é€"}, "utf8mb3": {"a中€", "😀"}, "ucs2": {"中", "😀"},
		"latin5": {"ş", "中"}, "greek": {"Ω", "é"}, "cp1251": {"Ж€", "é"}, "gbk": {"中é", "ş😀"}, "gb2312": {"中é", "丂😀"},
		"sjis": {"日ｱ", "é😀"}, "ujis": {"日ｱ", "😀"}, "big5": {"中", "é"}, "euckr": {"한中", "é"},
	} {
		has := Repertoire(charset)
		for i, list := range chars {
			for _, r := range list {
				if has(r) == (i == 1) {
					t.Errorf("%s: has %c: %v", charset, r, has(r))
				}
			}
		}
		c, err := newConverter(charset)
		if err != nil {
			t.Fatal(err)
		}
		if c.table == nil {
			continue
		}
		for b, r := range c.table {
			if r != utf8.RuneError && !has(r) {
				t.Errorf("%s: octet %#x means %c, which it is not said to have", charset, b, r)
			}
		}
	}
	for _, charset := range []string{"utf8mb4", "utf16", "utf32", "gb18030", "unheard"} {
		if Repertoire(charset) != nil {
			t.Errorf("%s is not said to have all", charset)
		}
	}
}
