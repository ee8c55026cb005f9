package types

import (
	"fmt"
	"strings"

	"ggsh/record"
)

func whole(name, low, high string) column {
	kind, key := record.Int, true
	if low == "0" {
		kind = record.Uint
	}
	return column{name: strings.ToUpper(name), def: name, kinds: one(kind), key: key,
		values: []string{low, high, "1", "0"}}
}

func wholeNumbers() []column {
	list := []column{
		whole("tinyint", "-128", "127"), whole("tinyint unsigned", "0", "255"),
		whole("smallint", "-32768", "32767"), whole("smallint unsigned", "0", "65535"),
		whole("mediumint", "-8388608", "8388607"), whole("mediumint unsigned", "0", "16777215"),
		whole("int", "-2147483648", "2147483647"), whole("int unsigned", "0", "4294967295"),
		whole("bigint", "-9223372036854775808", "9223372036854775807"),
		whole("bigint unsigned", "0", "18446744073709551615"),
		{name: "INT(5) ZEROFILL", def: "int(5) zerofill", kinds: one(record.Uint), key: true,
			values: []string{"0", "42", "4294967295"}, limits: "zeros in front are not replicated: " +
				"a target column of the same type shows them"},
		{name: "BOOL, TINYINT(1)", def: "bool", kinds: one(record.Int),
			values: []string{"true", "false", "-128"}},
		{name: "YEAR", def: "year", kinds: one(record.Int), key: true,
			values: []string{"1901", "2155", "0", "2000"}, limits: "the year 0000 is 0"},
	}
	for i := range list {
		if list[i].def == "bigint unsigned" {
			list[i].to = map[string]string{sqlite: "TEXT"}
			list[i].limits = "an INTEGER of SQLite ends at 9223372036854775807: what is above it is " +
				"refused there and needs TEXT"
		}
	}
	return list
}

func numbers() []column {
	decimal := func(def string, values ...string) column {
		return column{name: strings.ToUpper(def), def: def, kinds: one(record.Decimal), key: true,
			values: values}
	}
	nines := strings.Repeat("9", 65)
	list := []column{
		decimal("decimal(65,0)", nines, "-"+nines, "0"),
		decimal("decimal(65,30)", nines[:35]+"."+nines[:30], "-"+nines[:35]+"."+nines[:30],
			"0."+strings.Repeat("0", 29)+"1", "0"),
		decimal("decimal(30,30)", "0."+nines[:30], "-0."+strings.Repeat("0", 29)+"1"),
		decimal("decimal(10,2)", "12.50", "-0.01", "99999999.99"),
		decimal("decimal(20,9) unsigned", "12345678901.123456789", "0.000000001"),
		floating("float", record.Float32, "1.5", "-3.402823466e38", "1.175494351e-38", "0.1",
			"-0e0", "1e-45", "16777216"),
		floating("float unsigned", record.Float32, "3.402823466e38", "0"),
		floating("float(7,3)", record.Float32, "1234.567", "-0.001"),
		floating("double", record.Float64, "1.7976931348623157e308", "-1.7976931348623157e308",
			"2.2250738585072014e-308", "5e-324", "-0e0", "0.1", "0.30000000000000004",
			"9007199254740993"),
		floating("double unsigned", record.Float64, "1e300", "0"),
		floating("double(20,5)", record.Float64, "99999.12345", "-0.00001", "0.1"),
	}
	list[0].limits = "SQLite's NUMERIC would make a double of it: what loses digits is refused there"
	list[5].limits = "the very bits; SQLite's REAL has no negative zero: it becomes 0, which is " +
		"equal to it; a DOUBLE target shows 0.1 as 0.10000000149011612, the same number"
	return list
}

func floating(def string, kind record.Kind, values ...string) column {
	return column{name: strings.ToUpper(def), def: def, kinds: one(kind), values: values,
		key: def == "double"}
}

func bits() []column {
	var list []column
	for n := 1; n <= 64; n++ {
		c := column{def: fmt.Sprintf("bit(%d)", n), kinds: one(record.Bit), key: n%21 == 0 || n == 64,
			values: []string{"b'" + strings.Repeat("1", n) + "'", "b'1" + strings.Repeat("0", n-1) + "'",
				"b'0'"}}
		c.name = strings.ToUpper(c.def)
		if n == 64 {
			c.to = map[string]string{sqlite: "TEXT"}
			c.limits = "SQLite: the number that the bits are; above 9223372036854775807 it needs TEXT"
		}
		list = append(list, c)
	}
	return list
}
