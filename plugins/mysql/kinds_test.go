package main

import (
	"math"
	"strings"

	"ggsh/handler/handlertest"
	"ggsh/record"
	"ggsh/tests/services/server"
)

const (
	day   = 2026<<9 | 11<<5 | 21
	clock = int64(13*3600+14*60+15)*1e9 + 123456000
)

func chars(k record.Kind, s string) handlertest.V { return record.AppendText(nil, k, s) }

func octets(s string) handlertest.V { return record.AppendText(nil, record.Bytes, s) }

// kinds are values of every form in columns of every type.
func kinds(kind server.Kind) []handlertest.KindCase {
	list := append(numberKinds(), textKinds()...)
	list = append(list, timeKinds()...)
	if kind == server.MariaDB {
		return append(list,
			kindCase("uuid", "uuid", record.AppendBytes(nil,
				record.UUID, []byte("0123456789abcdef")), "30313233-3435-3637-3839-616263646566"),
			kindCase("json", "json", chars(record.JSON, `{"a": 1.0, "ü": [1]}`),
				`{"a": 1.0, "ü": [1]}`),
			kindCase("address", "inet6", chars(record.String, "2001:db8::1"), "2001:db8::1"))
	}
	return append(list, kindCase("json", "json", chars(record.JSON, `{"ü":[1,"x"]}`),
		`{"ü": [1, "x"]}`))
}

func numberKinds() []handlertest.KindCase {
	decimal := func(s string) handlertest.V { return chars(record.Decimal, s) }
	return []handlertest.KindCase{
		kindCase("int", "bigint", handlertest.Int(math.MinInt64), "-9223372036854775808"),
		kindCase("uint", "bigint unsigned", record.AppendUint(nil, math.MaxUint64),
			"18446744073709551615"),
		kindCase("tiny", "tinyint", handlertest.Int(-128), "-128"),
		kindCase("year", "year", handlertest.Int(2155), "2155"),
		kindCase("year zero", "year", handlertest.Int(0), "0000"),
		kindCase("decimal", "decimal(38,10)", decimal("-1234567890123456789012345678.0123456789"),
			"-1234567890123456789012345678.0123456789"),
		kindCase("short decimal", "decimal(10,2)", decimal("12.500"), "12.50"),
		kindCase("decimal to int", "bigint", decimal("9007199254740993"), "9007199254740993"),
		kindCase("decimal to uint", "bigint unsigned", decimal("18446744073709551615.0"),
			"18446744073709551615"),
		kindCase("float", "float", record.AppendFloat32(nil, 0.1), "0.10000000149011612"),
		kindCase("double", "double", record.AppendFloat64(nil, 0.1), "0.1"),
		kindCase("double max", "double", record.AppendFloat64(nil, math.MaxFloat64),
			"1.7976931348623157e308"),
		kindCase("double text", "varchar(40)", record.AppendFloat64(nil, 1.0/3),
			"0.3333333333333333"),
		kindCase("bit", "bit(10)", record.AppendBit(nil, 10, []byte{2, 1}), "513"),
		kindCase("long bit", "bit(64)", record.AppendBit(nil, 64, []byte{255, 0, 0, 0, 0, 0, 0, 1}),
			"18374686479671623681"),
		kindCase("bool", "tinyint(1)", record.AppendBool(nil, true), "1"),
	}
}

func textKinds() []handlertest.KindCase {
	point := "\xe6\x10\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@"
	return []handlertest.KindCase{
		kindCase("string", "varchar(60)", handlertest.Str("Größe 😀 'x' \\ \" ?"),
			"Größe 😀 'x' \\ \" ?"),
		kindCase("blanks", "varchar(9)", handlertest.Str("a  "), "a  "),
		kindCase("empty", "varchar(9)", handlertest.Str(""), ""),
		kindCase("char", "char(9)", handlertest.Str("abc"), "abc"),
		kindCase("latin1", "varchar(9) character set latin1", handlertest.Str("Größe€"),
			"Größe€"),
		kindCase("other collation", "varchar(9) collate utf8mb4_bin", handlertest.Str("Aa"),
			"Aa"),
		kindCase("long text", "longtext", handlertest.Str(strings.Repeat("é", 100_000)),
			strings.Repeat("é", 100_000)),
		kindCase("xml", "text", chars(record.XML, "<a/>"), "<a/>"),
		kindCase("enum", "enum('A','b')", handlertest.Str("A"), "A"),
		kindCase("enum number", "enum('A','b')", handlertest.Int(2), "b"),
		kindCase("set", "set('A','b','c')", handlertest.Str("A,c"), "A,c"),
		kindCase("bytes", "blob", octets("\x00\xff'\\a"), "00FF275C61"),
		kindCase("no bytes", "blob", octets(""), ""),
		kindCase("binary", "binary(4)", octets("\xffa\x00\x00"), "FF610000"),
		kindCase("long bytes", "longblob", octets(strings.Repeat("\xff\x00", 50_000)),
			strings.Repeat("FF00", 50_000)),
		kindCase("geometry", "geometry", octets(point),
			"E61000000101000000000000000000F03F0000000000000040"),
		kindCase("uuid text", "char(36)", record.AppendBytes(nil, record.UUID,
			[]byte("0123456789abcdef")), "30313233-3435-3637-3839-616263646566"),
		kindCase("uuid octets", "binary(16)", record.AppendBytes(nil, record.UUID,
			[]byte("0123456789abcdef")), "30313233343536373839616263646566"),
		kindCase("interval", "varchar(40)", record.AppendInterval(nil, 1, 2, 3e9),
			"1 mons 2 days 00:00:03"),
	}
}

func timeKinds() []handlertest.KindCase {
	return []handlertest.KindCase{
		kindCase("date", "date", record.AppendDate(nil, day), "2026-11-21"),
		kindCase("zero date", "date", record.AppendDate(nil, 0), "0000-00-00"),
		kindCase("half date", "date", record.AppendDate(nil, 2026<<9), "2026-00-00"),
		kindCase("time", "time(6)", record.AppendTime(nil, -clock), "-13:14:15.123456"),
		kindCase("long time", "time", record.AppendTime(nil, (838*3600+59*60+59)*1e9),
			"838:59:59"),
		kindCase("datetime", "datetime(6)", record.AppendTimestamp(nil, day, clock),
			"2026-11-21 13:14:15.123456"),
		kindCase("zero datetime", "datetime", record.AppendTimestamp(nil, 0, 0),
			"0000-00-00 00:00:00"),
		kindCase("timestamp", "timestamp(6)", record.AppendTimestampTZ(nil, day, clock, 60),
			"2026-11-21 13:14:15.123456"),
		kindCase("zero timestamp", "timestamp", record.AppendTimestamp(nil, 0, 0),
			"0000-00-00 00:00:00"),
		kindCase("datetime in UTC", "datetime(3)", record.AppendTimestampTZ(nil, day, 1e6, -300),
			"2026-11-21 00:00:00.001"),
		kindCase("midnight in a date", "date", record.AppendTimestamp(nil, day, 0),
			"2026-11-21"),
		kindCase("timestamp text", "varchar(40)", record.AppendTimestampTZ(nil, day, clock, 60),
			"2026-11-21 13:14:15.123456+00:00"),
	}
}

// refused are values that a column would change.
func refused() []handlertest.KindCase {
	return []handlertest.KindCase{
		kindCase("int", "tinyint", handlertest.Int(128)),
		kindCase("uint", "bigint", record.AppendUint(nil, math.MaxUint64)),
		kindCase("negative", "int unsigned", handlertest.Int(-1)),
		kindCase("decimal", "decimal(5,2)", chars(record.Decimal, "1234.5")),
		kindCase("fraction", "decimal(5,2)", chars(record.Decimal, "1.234")),
		kindCase("fraction to int", "int", chars(record.Decimal, "1.5")),
		kindCase("infinite", "double", record.AppendFloat64(nil, math.Inf(1))),
		kindCase("large float", "float", record.AppendFloat64(nil, math.MaxFloat64)),
		kindCase("string", "varchar(3)", handlertest.Str("abcd")),
		kindCase("blanks", "varchar(3)", handlertest.Str("abc ")),
		kindCase("character", "varchar(9) character set latin1", handlertest.Str("日本")),
		kindCase("enum", "enum('A','b')", handlertest.Str("c")),
		kindCase("text in int", "int", handlertest.Str("1x")),
		kindCase("binary", "varbinary(2)", octets("abc")),
		kindCase("octets in text", "varchar(9)", octets("\xff\xfe")),
		kindCase("bit", "bit(3)", record.AppendBit(nil, 4, []byte{8})),
		kindCase("nanoseconds", "datetime(6)", record.AppendTimestamp(nil, day, 1)),
		kindCase("fraction of a second", "datetime", record.AppendTimestamp(nil, day, clock)),
		kindCase("time of day in a date", "date", record.AppendTimestamp(nil, day, clock)),
		kindCase("time", "time", record.AppendTime(nil, 839*3600*1e9)),
		kindCase("year", "date", record.AppendDate(nil, record.PackDate(-4712, 1, 1))),
		kindCase("early timestamp",
			"timestamp", record.AppendTimestamp(nil, record.PackDate(1900, 1, 1), 0)),
		kindCase("no day", "date", record.AppendDate(nil, record.PackDate(2026, 2, 30))),
		kindCase("geometry", "geometry", octets("abc")),
		kindCase("json", "json", chars(record.JSON, "{")),
	}
}

func kindCase(name, sqlType string, value handlertest.V, want ...string) handlertest.KindCase {
	return handlertest.KindCase{Name: name, Type: sqlType, Value: value, Want: strings.Join(want, "")}
}
