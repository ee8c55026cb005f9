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
			handlertest.KindCase{Name: "uuid", Type: "uuid", Kind: record.UUID, Value: record.AppendBytes(nil,
				record.UUID, []byte("0123456789abcdef")), Want: "30313233-3435-3637-3839-616263646566"},
			handlertest.KindCase{Name: "json", Type: "json", Kind: record.JSON,
				Value: chars(record.JSON, `{"a": 1.0, "ü": [1]}`), Want: `{"a": 1.0, "ü": [1]}`},
			handlertest.KindCase{Name: "address", Type: "inet6", Kind: record.String,
				Value: chars(record.String, "2001:db8::1"), Want: "2001:db8::1"})
	}
	return append(list, handlertest.KindCase{Name: "json", Type: "json", Kind: record.JSON,
		Value: chars(record.JSON, `{"ü":[1,"x"]}`), Want: `{"ü": [1, "x"]}`})
}

func numberKinds() []handlertest.KindCase {
	decimal := func(s string) handlertest.V { return chars(record.Decimal, s) }
	return []handlertest.KindCase{
		{Name: "int", Type: "bigint", Kind: record.Int, Value: handlertest.Int(math.MinInt64), Want: "-9223372036854775808"},
		{Name: "uint", Type: "bigint unsigned", Kind: record.Uint, Value: record.AppendUint(nil, math.MaxUint64),
			Want: "18446744073709551615"},
		{Name: "tiny", Type: "tinyint", Kind: record.Int, Value: handlertest.Int(-128), Want: "-128"},
		{Name: "year", Type: "year", Kind: record.Int, Value: handlertest.Int(2155), Want: "2155"},
		{Name: "year zero", Type: "year", Kind: record.Int, Value: handlertest.Int(0), Want: "0000"},
		{Name: "decimal", Type: "decimal(38,10)", Kind: record.Decimal, Value: decimal("-1234567890123456789012345678.0123456789"),
			Want: "-1234567890123456789012345678.0123456789"},
		{Name: "short decimal", Type: "decimal(10,2)", Kind: record.Decimal, Value: decimal("12.500"), Want: "12.50"},
		{Name: "decimal to int", Type: "bigint", Kind: record.Int, Value: decimal("9007199254740993"), Want: "9007199254740993"},
		{Name: "decimal to uint", Type: "bigint unsigned", Kind: record.Uint, Value: decimal("18446744073709551615.0"),
			Want: "18446744073709551615"},
		{Name: "float", Type: "float", Kind: record.Float32, Value: record.AppendFloat32(nil, 0.1), Want: "0.10000000149011612"},
		{Name: "double", Type: "double", Kind: record.Float64, Value: record.AppendFloat64(nil, 0.1), Want: "0.1"},
		{Name: "double max", Type: "double", Kind: record.Float64, Value: record.AppendFloat64(nil, math.MaxFloat64),
			Want: "1.7976931348623157e308"},
		{Name: "double text", Type: "varchar(40)", Kind: record.String, Value: record.AppendFloat64(nil, 1.0/3),
			Want: "0.3333333333333333"},
		{Name: "bit", Type: "bit(10)", Kind: record.Bit, Value: record.AppendBit(nil, 10, []byte{2, 1}), Want: "513"},
		{Name: "long bit", Type: "bit(64)", Kind: record.Bit,
			Value: record.AppendBit(nil, 64, []byte{255, 0, 0, 0, 0, 0, 0, 1}), Want: "18374686479671623681"},
		{Name: "bool", Type: "tinyint(1)", Kind: record.Int, Value: record.AppendBool(nil, true), Want: "1"},
	}
}

func textKinds() []handlertest.KindCase {
	point := "\xe6\x10\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@"
	return []handlertest.KindCase{
		{Name: "string", Type: "varchar(60)", Kind: record.String, Value: handlertest.Str("Größe 😀 'x' \\ \" ?"),
			Want: "Größe 😀 'x' \\ \" ?"},
		{Name: "blanks", Type: "varchar(9)", Kind: record.String, Value: handlertest.Str("a  "), Want: "a  "},
		{Name: "empty", Type: "varchar(9)", Kind: record.String, Value: handlertest.Str(""), Want: ""},
		{Name: "char", Type: "char(9)", Kind: record.String, Value: handlertest.Str("abc"), Want: "abc"},
		{Name: "latin1", Type: "varchar(9) character set latin1", Kind: record.String, Value: handlertest.Str("Größe€"),
			Want: "Größe€"},
		{Name: "other collation", Type: "varchar(9) collate utf8mb4_bin", Kind: record.String, Value: handlertest.Str("Aa"),
			Want: "Aa"},
		{Name: "long text", Type: "longtext", Kind: record.String, Value: handlertest.Str(strings.Repeat("é", 100_000)),
			Want: strings.Repeat("é", 100_000)},
		{Name: "xml", Type: "text", Kind: record.String, Value: chars(record.XML, "<a/>"), Want: "<a/>"},
		{Name: "enum", Type: "enum('A','b')", Kind: record.String, Value: handlertest.Str("A"), Want: "A"},
		{Name: "enum number", Type: "enum('A','b')", Kind: record.String, Value: handlertest.Int(2), Want: "b"},
		{Name: "set", Type: "set('A','b','c')", Kind: record.String, Value: handlertest.Str("A,c"), Want: "A,c"},
		{Name: "bytes", Type: "blob", Kind: record.Bytes, Value: octets("\x00\xff'\\a"), Want: "00FF275C61"},
		{Name: "no bytes", Type: "blob", Kind: record.Bytes, Value: octets(""), Want: ""},
		{Name: "binary", Type: "binary(4)", Kind: record.Bytes, Value: octets("\xffa\x00\x00"), Want: "FF610000"},
		{Name: "long bytes", Type: "longblob", Kind: record.Bytes, Value: octets(strings.Repeat("\xff\x00", 50_000)),
			Want: strings.Repeat("FF00", 50_000)},
		{Name: "geometry", Type: "geometry", Kind: record.Bytes, Value: octets(point),
			Want: "E61000000101000000000000000000F03F0000000000000040"},
		{Name: "uuid text", Type: "char(36)", Kind: record.String, Value: record.AppendBytes(nil, record.UUID,
			[]byte("0123456789abcdef")), Want: "30313233-3435-3637-3839-616263646566"},
		{Name: "uuid octets", Type: "binary(16)", Kind: record.Bytes, Value: record.AppendBytes(nil, record.UUID,
			[]byte("0123456789abcdef")), Want: "30313233343536373839616263646566"},
		{Name: "interval", Type: "varchar(40)", Kind: record.String, Value: record.AppendInterval(nil, 1, 2, 3e9),
			Want: "1 mons 2 days 00:00:03"},
	}
}

func timeKinds() []handlertest.KindCase {
	return []handlertest.KindCase{
		{Name: "date", Type: "date", Kind: record.Date, Value: record.AppendDate(nil, day), Want: "2026-11-21"},
		{Name: "zero date", Type: "date", Kind: record.Date, Value: record.AppendDate(nil, 0), Want: "0000-00-00"},
		{Name: "half date", Type: "date", Kind: record.Date, Value: record.AppendDate(nil, 2026<<9), Want: "2026-00-00"},
		{Name: "time", Type: "time(6)", Kind: record.Time, Value: record.AppendTime(nil, -clock), Want: "-13:14:15.123456"},
		{Name: "long time", Type: "time", Kind: record.Time, Value: record.AppendTime(nil, (838*3600+59*60+59)*1e9),
			Want: "838:59:59"},
		{Name: "datetime", Type: "datetime(6)", Kind: record.Timestamp, Value: record.AppendTimestamp(nil, day, clock),
			Want: "2026-11-21 13:14:15.123456"},
		{Name: "zero datetime", Type: "datetime", Kind: record.Timestamp, Value: record.AppendTimestamp(nil, 0, 0),
			Want: "0000-00-00 00:00:00"},
		{Name: "timestamp", Type: "timestamp(6)", Kind: record.TimestampTZ, Value: record.AppendTimestampTZ(nil, day, clock, 60),
			Want: "2026-11-21 13:14:15.123456"},
		{Name: "zero timestamp", Type: "timestamp", Kind: record.TimestampTZ, Value: record.AppendTimestamp(nil, 0, 0),
			Want: "0000-00-00 00:00:00"},
		{Name: "datetime in UTC", Type: "datetime(3)", Kind: record.Timestamp,
			Value: record.AppendTimestampTZ(nil, day, 1e6, -300), Want: "2026-11-21 00:00:00.001"},
		{Name: "midnight in a date", Type: "date", Kind: record.Date, Value: record.AppendTimestamp(nil, day, 0),
			Want: "2026-11-21"},
		{Name: "timestamp text", Type: "varchar(40)", Kind: record.String, Value: record.AppendTimestampTZ(nil, day, clock, 60),
			Want: "2026-11-21 13:14:15.123456+00:00"},
	}
}

// refused are values that a column would change.
func refused(kind server.Kind) []handlertest.KindCase {
	list := []handlertest.KindCase{
		{Name: "int", Type: "tinyint", Value: handlertest.Int(128)},
		{Name: "uint", Type: "bigint", Value: record.AppendUint(nil, math.MaxUint64)},
		{Name: "negative", Type: "int unsigned", Value: handlertest.Int(-1)},
		{Name: "decimal", Type: "decimal(5,2)", Value: chars(record.Decimal, "1234.5")},
		{Name: "fraction", Type: "decimal(5,2)", Value: chars(record.Decimal, "1.234")},
		{Name: "fraction to int", Type: "int", Value: chars(record.Decimal, "1.5")},
		{Name: "infinite", Type: "double", Value: record.AppendFloat64(nil, math.Inf(1))},
		{Name: "large float", Type: "float", Value: record.AppendFloat64(nil, math.MaxFloat64)},
		{Name: "string", Type: "varchar(3)", Value: handlertest.Str("abcd")},
		{Name: "blanks", Type: "varchar(3)", Value: handlertest.Str("abc ")},
		{Name: "character", Type: "varchar(9) character set latin1", Value: handlertest.Str("日本")},
		{Name: "enum", Type: "enum('A','b')", Value: handlertest.Str("c")},
		{Name: "text in int", Type: "int", Value: handlertest.Str("1x")},
		{Name: "binary", Type: "varbinary(2)", Value: octets("abc")},
		{Name: "octets in text", Type: "varchar(9)", Value: octets("\xff\xfe")},
		{Name: "bit", Type: "bit(3)", Value: record.AppendBit(nil, 4, []byte{8})},
		{Name: "nanoseconds", Type: "datetime(6)", Value: record.AppendTimestamp(nil, day, 1)},
		{Name: "fraction of a second", Type: "datetime", Value: record.AppendTimestamp(nil, day, clock)},
		{Name: "time of day in a date", Type: "date", Value: record.AppendTimestamp(nil, day, clock)},
		{Name: "time", Type: "time", Value: record.AppendTime(nil, 839*3600*1e9)},
		{Name: "year", Type: "date", Value: record.AppendDate(nil, record.PackDate(-4712, 1, 1))},
		{Name: "early timestamp", Type: "timestamp", Value: record.AppendTimestamp(nil, record.PackDate(1900, 1, 1), 0)},
		{Name: "no day", Type: "date", Value: record.AppendDate(nil, record.PackDate(2026, 2, 30))},
		{Name: "geometry", Type: "geometry", Value: octets("abc")},
		{Name: "json", Type: "json", Value: chars(record.JSON, "{")},
	}
	for i := range list {
		if list[i].Kind == record.Missing {
			list[i].Kind = record.String
		}
	}
	return list
}
