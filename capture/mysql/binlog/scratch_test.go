package binlog

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestScratchFix(t *testing.T) {
	b, err := os.ReadFile("/tmp/mysqlcap/mb.json")
	if err != nil {
		t.Skip()
	}
	var all map[string]map[string]string
	_ = json.Unmarshal(b, &all)
	f, _ := os.Create("/tmp/mysqlcap/fixes.txt")
	defer f.Close()
	for _, cs := range []string{"gbk", "gb2312", "big5", "sjis", "cp932", "ujis", "eucjpms", "euckr"} {
		c, _ := newConverter(cs)
		var codes []string
		for k := range all[cs] {
			codes = append(codes, k)
		}
		sort.Strings(codes)
		n, undef := 0, 0
		for _, code := range codes {
			want := rune(0)
			v := all[cs][code]
			if len(v) == 8 {
				x, _ := strconv.ParseUint(v, 16, 32)
				want = rune(x)
			}
			if want == 0 || want == '?' {
				want = utf8.RuneError
			}
			raw, _ := hex.DecodeString(code)
			got := rune(utf8.RuneError)
			if out, err := c.append(nil, raw); err == nil {
				r, size := utf8.DecodeRune(out)
				if size == len(out) {
					got = r
				} else {
					got = 1
				}
			}
			if got != want {
				if want == utf8.RuneError {
					undef++
				} else {
					n++
				}
				fmt.Fprintf(f, "%s %s got %04x want %04x\n", cs, code, got, want)
			}
		}
		fmt.Println(cs, len(codes), "differ", n, "undefined at server", undef)
	}
}
