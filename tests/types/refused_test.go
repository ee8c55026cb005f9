package types

import "strings"

// refusal is a value that a target's column cannot hold: the row is refused with
// a code and a reason, and none arrives.
type refusal struct {
	from  string // mysql stands for both servers
	def   string // type at the source
	value string
	to    string // mysql stands for both servers
	into  string // type at the target
	code  string
	why   string // part of the message of our own; empty where the server has its own words
	only  string // the one target that has it
	alone string // the one source
	name  string // of the value on the page, where it is long
}

func refusals() []refusal {
	return append(append(numbersRefused(), textsRefused()...), append(timesRefused(),
		liteRefused()...)...)
}

func numbersRefused() []refusal {
	r := func(def, value, into, code, why string) refusal {
		return refusal{from: mysql, def: def, value: value, to: mysql, into: into, code: code, why: why}
	}
	const rounded = "rounded"
	return []refusal{
		r("bigint unsigned", "9223372036854775808", "bigint", "1264", ""),
		r("int", "300", "tinyint", "1264", ""),
		r("int", "-1", "int unsigned", "1264", ""),
		r("int", "70", "year", "1264", "out of range"),
		r("bigint", "9007199254740993", "double", "1265", rounded),
		r("int", "16777217", "float", "1265", rounded),
		r("decimal(10,5)", "1.23456", "decimal(10,2)", "1265", rounded),
		r("decimal(10,2)", "12345678.5", "decimal(5,2)", "1264", ""),
		r("decimal(10,2)", "1.5", "int", "1265", rounded),
		r("decimal(30,20)", "1.12345678901234567891", "double", "1265", rounded),
		r("double", "1e300", "float", "1264", ""),
		r("double", "0.1234567890123", "float", "1265", rounded),
		r("double", "0.5", "int", "1265", rounded),
		r("double", "1.239", "decimal(5,2)", "1265", rounded),
		r("double", "1.239", "double(10,2)", "1265", rounded),
		r("bit(10)", "b'1000000000'", "bit(9)", "1406", ""),
		r("bit(9)", "b'100000000'", "tinyint", "1264", ""),
	}
}

func textsRefused() []refusal {
	r := func(def, value, into, code, why string) refusal {
		return refusal{from: mysql, def: def, value: value, to: mysql, into: into, code: code, why: why}
	}
	list := []refusal{
		r("varchar(9)", "'abcd'", "varchar(3)", "1406", ""),
		r("varchar(9)", "'abc '", "varchar(3)", "1406", "too long"),
		r("varchar(9)", "'😀'", "varchar(9) character set latin1", "1366/3988", ""),
		r("varchar(9)", "'😀'", "varchar(9) character set utf8mb3", "1366/3988", ""),
		r("varchar(9)", "'1x'", "int", "1366", ""),
		r("varchar(9)", "'1.5'", "int", "1265", "rounded"),
		r("varchar(9)", "'1.239'", "decimal(5,2)", "1265", "rounded"),
		r("varchar(9)", "'1e-5'", "decimal(5,2)", "1366", ""),
		r("varchar(9)", "'a'", "bit(8)", "1366", ""),
		r("varchar(9)", "'c'", "enum('a','b')", "1265", ""),
		r("varchar(9)", "'2'", "enum('a','b')", "1265", "no label"),
		r("varchar(9)", "'3'", "set('a','b')", "1265", "no label"),
		r("enum('a','b')", "0", "enum('a','b')", "1265", ""),
		r("blob", "0xff", "varchar(9)", "1366", "not UTF-8"),
		r("blob", "'12'", "int", "1366", "octets"),
		r("varbinary(9)", "0x010203", "varbinary(2)", "1406", ""),
		r("varbinary(9)", "0x01", "binary(2)", "1265", "padded"),
		r("varchar(9)", "'a'", "binary(2)", "1265", "padded"),
		r("blob", "'abc'", "geometry", "1416", ""),
		r("varchar(99)", `'{"a":1,"a":2}'`, "json", "3140", "twice"),
		r("varchar(99)", "'[1.1234567890123456789]'", "json", "3140", "rounded"),
		r("varchar(99)", "'123456789012345678901'", "json", "3140", "rounded"),
		r("varchar(99)", "'{'", "json", "3140", ""),
		{from: mysql, def: "json", value: "concat(repeat('[', 40), repeat(']', 40))", to: mysql,
			into: "json", code: "4025", only: mariadb, alone: mysql, name: "40 levels"},
		r("varchar(99)", "'x'", "uuid", "1292", ""),
		r("varchar(99)", "'1.2.3.256'", "inet4", "1292", ""),
	}
	for i := range list {
		switch list[i].into {
		case "json":
			if list[i].only == "" {
				list[i].only = mysql
			}
		case "uuid", "inet4":
			list[i].only = mariadb
		}
	}
	return list
}

func timesRefused() []refusal {
	r := func(def, value, into, code, why string) refusal {
		return refusal{from: mysql, def: def, value: value, to: mysql, into: into, code: code, why: why}
	}
	return []refusal{
		r("datetime(6)", "'2024-01-02 03:04:05.6'", "datetime", "1265", "rounded"),
		r("time(3)", "'03:04:05.678'", "time(2)", "1265", "rounded"),
		r("datetime", "'2024-01-02 03:04:05'", "date", "1265", "cut"),
		r("datetime", "'2024-01-02 03:04:05'", "time", "1292", "another kind"),
		r("date", "'2024-01-02'", "time", "1292", "another kind"),
		r("time", "'12:11:10'", "datetime", "1292", "another kind"),
		r("time", "'12:11:10'", "date", "1292", "another kind"),
		r("datetime", "'1969-12-31 23:59:59'", "timestamp", "1292", ""),
		r("datetime", "'2024-02-31 00:00:00'", "datetime", "1292", ""),
		r("varchar(40)", "'2024-01-02 03:04:05'", "date", "1265", "cut"),
		r("varchar(40)", "'2024-01-02 03:04:05.6'", "datetime", "1265", "rounded"),
		r("varchar(40)", "'20240102030405.6'", "datetime", "1292", "form"),
		r("varchar(40)", "'2024-01-02'", "time", "1292", "another kind"),
		r("varchar(40)", "'soon'", "date", "1292", "form"),
	}
}

func liteRefused() []refusal {
	into := func(def, value, into, why string) refusal {
		return refusal{from: mysql, def: def, value: value, to: sqlite, into: into, code: "20",
			why: why}
	}
	from := func(def, value, into, code, why string) refusal {
		return refusal{from: sqlite, def: def, value: value, to: mysql, into: into, code: code,
			why: why}
	}
	list := []refusal{
		into("bigint unsigned", "9223372036854775808", "INTEGER", "exactly"),
		into("decimal(30,20)", "1.12345678901234567891", "NUMERIC", "exactly"),
		into("bit(64)", "b'1"+strings.Repeat("0", 63)+"'", "INTEGER", "exactly"),
		into("varchar(40)", "'007'", "INTEGER", "exactly"),
		into("varchar(40)", "'1.50'", "NUMERIC", "exactly"),
		into("varchar(40)", "' 5'", "INTEGER", "exactly"),
		into("varchar(40)", "'12345678901234567890'", "NUMERIC", "exactly"),
		into("json", "'18446744073709551615'", "JSON", "exactly"),
		from("INTEGER", "'x'", "bigint", "1366", ""),
		from("INTEGER", "x'3132'", "bigint", "1366", "octets"),
		from("JSON", `'{"a": 1, "a": 1}'`, "json", "3140", "twice"),
		from("INTEGER", "2147483648", "int", "1264", ""),
		from("REAL", "9e999", "double", "1264", "no number"),
		from("VARCHAR(3)", "'abcd'", "varchar(3)", "1406", ""),
		from("DATE", "'tomorrow'", "date", "1292", "form"),
		from("DATE", "'2024-01-02 03:04:05'", "date", "1265", "cut"),
		from("DATETIME", "'2024-01-02T03:04:05+02:00'", "datetime", "1292", "form"),
	}
	list[2].name = "2^63"
	for i := range list {
		switch {
		case list[i].into == "json":
			list[i].only = mysql
		case list[i].def == "json":
			list[i].alone = mysql
		}
	}
	return list
}

// at reports whether the value is tried from a source into a target.
func (r *refusal) at(source, target string) bool {
	fits := func(want, database string) bool {
		return want == database || want == mysql && database == mariadb
	}
	return fits(r.from, source) && fits(r.to, target) && (r.only == "" || r.only == target) &&
		(r.alone == "" || r.alone == source)
}
