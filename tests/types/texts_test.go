package types

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ggsh/record"
)

func text(def string, values ...string) column {
	return column{name: strings.ToUpper(def), def: def, kinds: one(record.String), values: values}
}

func texts() []column {
	odd := `'O''Hara \\ "x" \0 \n \r \t \Z % _ ;'`
	list := []column{
		text("char(10)", "'abc'", "''", "'é€😀'", "'0123456789'"),
		text("char(255)", "repeat('😀', 255)", "'x'"),
		text("varchar(40)", "'trail  '", "''", "'é漢😀'", odd, "'  lead'"),
		text("varchar(300)", "repeat('ü', 300)", "'y'", "''"),
		text("varchar(4000)", "repeat('z', 4000)", "'y'"),
		text("tinytext", "'tiny'", "''", "repeat('x', 255)", odd),
		text("text", "repeat('ü', 32767)", "''", "'t '"),
		text("mediumtext", "repeat('m😀', 20000)", "''"),
		text("longtext", "repeat('l', 300000)", "''", odd),
		text("varchar(20) collate utf8mb4_bin", "'Bin'", "'bin'", "'bin '"),
		text("char(20) collate utf8mb4_bin", "'Bin'", "'bin'"),
	}
	for _, i := range []int{0, 2, 9, 10} {
		list[i].key = true
	}
	list[9].values = []string{"'Bin'", "'bin'", "'bio '"}
	list[0].limits = "CHAR has no trailing blanks: as a target it drops them"
	list[2].limits = "trailing blanks stay; a longer text is refused, blanks beyond the length too"
	return list
}

// charsetNames are the character sets of both servers.
var charsetNames = strings.Fields(`armscii8 ascii big5 cp1250 cp1251 cp1256 cp1257 cp850 cp852
	cp866 cp932 dec8 eucjpms euckr gb2312 gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1
	latin2 latin5 latin7 macce macroman sjis swe7 tis620 ucs2 ujis utf16 utf16le utf32 utf8mb3
	utf8mb4`)

// charsets has each character set with all characters that it has.
func charsets() []column {
	var list []column
	for _, name := range charsetNames {
		list = append(list, charset(name))
	}
	gb := charset("gb18030")
	gb.from, gb.to = mysql, map[string]string{mariadb: "mediumtext"}
	gb.limits = "MariaDB does not have it"
	sample := map[string]string{"latin1": "'é€ÿ '", "cp1251": "'привет'", "gbk": "'漢字中文'",
		"ucs2": "'é漢'", "utf16": "'é漢😀'", "utf32": "'é漢😀'", "utf8mb3": "'é漢'", "sjis": "'日本語ｱ'"}
	for _, name := range []string{"latin1", "cp1251", "gbk", "ucs2", "utf16", "utf32", "utf8mb3",
		"sjis"} {
		c := text("varchar(20) character set "+name, sample[name], "'abc'", "''")
		short := text("char(20) character set "+name, sample[name], "''")
		c.name, short.name, c.key = name+" as VARCHAR", name+" as CHAR", true
		list = append(list, c, short)
	}
	return append(list, gb)
}

// charset is a column with every character of the set.
func charset(name string) column {
	value := "@" + name
	if strings.HasPrefix(name, "utf") || name == "ucs2" {
		value = "convert(left(@every, 20000) using " + name + ")" // they are computed
		if name != "ucs2" && name != "utf8mb3" {
			value = "convert(concat(left(@every, 20000), '😀𐀀𠀀') using " + name + ")"
		}
	}
	c := text("mediumtext character set "+name, value, "'abc'", "''")
	c.name = name
	if name == "latin1" {
		c.limits = "that is cp1252, as the servers have it"
	}
	return c
}

// everyCharacter gives statements that set a variable for each character set to
// all characters of the Basic Multilingual Plane that it has, and some beyond.
// What a set cannot hold becomes a question mark and is taken out.
func everyCharacter(source string) []string {
	var b strings.Builder
	for r := rune(0x20); r < utf8.RuneError; r++ { // which stands for no character
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z,
			unicode.Cc, unicode.Cf, unicode.Co) {
			b.WriteRune(r)
		}
	}
	b.WriteString("😀𐀀𠀀\U00100000")
	list := []string{"SET sql_mode=''", "SET @every = '" +
		strings.NewReplacer(`\`, `\\`, "'", "''").Replace(b.String()) + "'"}
	names := charsetNames
	if source == mysql {
		names = append(slices.Clone(names), "gb18030")
	}
	for _, name := range names {
		list = append(list, "SET @"+name+" = replace(convert(@every using "+name+"), '?', '')")
	}
	// The servers read this octet pair as another character than it is written for.
	return append(list, "SET @cp932 = replace(@cp932, _cp932 0xfad7, '')")
}

func octets() []column {
	octet := func(def string, values ...string) column {
		return column{name: strings.ToUpper(def), def: def, kinds: one(record.Bytes), values: values}
	}
	list := []column{
		octet("binary(5)", "'ab'", "0x0000000000", "0x0102030400", "0xffffffffff"),
		octet("binary(255)", "repeat(0xfe, 255)", "0x00"),
		octet("varbinary(20)", "0x00ff00", "''", "0x20202020", "repeat(0xff, 20)"),
		octet("varbinary(300)", "repeat(0x80, 300)", "''"),
		octet("tinyblob", "0x00", "''", "repeat(0xff, 255)"),
		octet("blob", "repeat(0xff00, 32767)", "''"),
		octet("mediumblob", "repeat(0x00, 70000)", "0x27225c00"),
		octet("longblob", "repeat(0xfffe, 100000)", "''"),
	}
	list[0].key, list[2].key = true, true
	list[0].limits = "zeros at the end stay; shorter octets of another type are refused, as they " +
		"would be padded"
	return list
}

func labels() []column {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(",'m" + strings.Repeat("i", i/26) + string(rune('a'+i%26)) + "'")
		}
		return b.String()[1:]
	}
	list := []column{
		{def: "enum('a','b','ç','it''s','😀','')", values: []string{"'a'", "'ç'", "'it''s'", "'😀'",
			"''"}, key: true},
		{def: "enum('x','ł') character set latin2", values: []string{"'ł'", "'x'"}},
		{def: "enum('3','2','1')", values: []string{"'1'", "'2'", "'3'"}},
		{def: "enum(" + many(300) + ")", values: []string{"300", "1", "256"}},
		{def: "set('p','q','ü')", values: []string{"'p,ü'", "''", "'q'", "7"}, key: true},
		{def: "set(" + many(64) + ")", values: []string{"18446744073709551615", "1",
			"9223372036854775808", "0"}},
	}
	names := []string{"ENUM", "ENUM in latin2", "ENUM of digits", "ENUM of 300 labels", "SET",
		"SET of 64 labels"}
	for i := range list {
		list[i].name, list[i].kinds = names[i], one(record.String)
		if strings.HasPrefix(list[i].def, "enum") {
			list[i].shown = "label"
		}
	}
	list[0].limits = "by label, so that labels may stand in another order at the target; the " +
		"error value of index 0 is refused there"
	list[4].limits = "its labels with commas between them; the empty set is an empty text"
	return list
}
