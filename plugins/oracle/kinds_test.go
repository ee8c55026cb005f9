package main

import (
	"math"
	"strings"

	"ggsh/handler/handlertest"
	"ggsh/record"
)

func kindCase(name, sqlType string, value handlertest.V, want ...string) handlertest.KindCase {
	return handlertest.KindCase{Name: name, Type: sqlType, Value: value, Want: strings.Join(want, "")}
}

// kinds are values of every form in columns of every type.
func kinds() []handlertest.KindCase {
	long := strings.Repeat("aé😀", 20_000)
	return []handlertest.KindCase{
		kindCase("int", "NUMBER(18)", handlertest.Int(-999999999999999999), "-999999999999999999"),
		kindCase("uint", "NUMBER(20)", record.AppendUint(nil, math.MaxUint64), "18446744073709551615"),
		kindCase("decimal", "NUMBER(38,10)", number("-1234567890123456789012345678.0123456789"),
			"-1234567890123456789012345678.0123456789"),
		kindCase("number", "NUMBER", number("0.00000000000000000000000000000000000001"),
			"0.00000000000000000000000000000000000001"),
		kindCase("double in a number", "NUMBER", record.AppendFloat64(nil, 0.1), "0.1"),
		kindCase("double", "BINARY_DOUBLE", record.AppendFloat64(nil, 0.1), "0.1"),
		kindCase("double max", "BINARY_DOUBLE", record.AppendFloat64(nil, math.MaxFloat64),
			"1.7976931348623157e+308"),
		kindCase("float", "BINARY_FLOAT", record.AppendFloat32(nil, 0.1), "0.1"),
		kindCase("bool", "NUMBER(1)", record.AppendBool(nil, true), "1"),
		kindCase("bit", "NUMBER(10)", record.AppendBit(nil, 10, []byte{2, 1}), "513"),
		kindCase("string", "VARCHAR2(60 CHAR)", text("Größe 😀 'x' \\ \" ? :1"), "Größe 😀 'x' \\ \" ? :1"),
		kindCase("blanks", "VARCHAR2(9 BYTE)", text("a  "), "a  "),
		kindCase("char", "CHAR(5 BYTE)", text("abc"), "abc  "),
		kindCase("national", "NVARCHAR2(20)", text("日本😀"), "日本😀"),
		kindCase("clob", "CLOB", text("Größe"), "Größe"),
		kindCase("bytes", "RAW(8)", octets("\x00\xff'\\a"), "00FF275C61"),
		kindCase("blob", "BLOB", octets("\x00\xff"), "00FF"),
		{Name: "long clob", Type: "CLOB", Value: text(long), Want: long, NotCompared: true},
		{Name: "long blob", Type: "BLOB", Value: octets(strings.Repeat("\x00\xff", 50_000)),
			Want: strings.Repeat("00FF", 50_000), NotCompared: true},
		kindCase("uuid", "RAW(16)", uuid(), "30313233343536373839616263646566"),
		kindCase("uuid text", "VARCHAR2(36 BYTE)", uuid(), "30313233-3435-3637-3839-616263646566"),
		kindCase("date", "DATE", record.AppendDate(nil, day), "2026-11-21 00:00:00"),
		kindCase("time of day in a date", "DATE", record.AppendTimestamp(nil, day, clock-clock%1e9),
			"2026-11-21 13:14:15"),
		kindCase("timestamp", "TIMESTAMP(9)", record.AppendTimestamp(nil, day, clock),
			"2026-11-21 13:14:15.123456789"),
		kindCase("zone", "TIMESTAMP(9) WITH TIME ZONE", record.AppendTimestampTZ(nil, day, clock, 90),
			"2026-11-21 14:44:15.123456789 +01:30"),
		kindCase("timestamp in UTC", "TIMESTAMP(6)", record.AppendTimestampTZ(nil, day, 1e6, -300),
			"2026-11-21 00:00:00.001"),
		kindCase("timestamp text", "VARCHAR2(40 BYTE)", record.AppendTimestampTZ(nil, day, clock, 60),
			"2026-11-21 13:14:15.123456789+00:00"),
	}
}

// refused are values that a column would change.
func refused() []handlertest.KindCase {
	return []handlertest.KindCase{
		kindCase("int", "NUMBER(3)", handlertest.Int(1000)),
		kindCase("fraction", "NUMBER(5,2)", number("1.234")),
		kindCase("not a number", "NUMBER", record.AppendFloat64(nil, math.NaN())),
		kindCase("text in a number", "NUMBER", text("1x")),
		kindCase("string", "VARCHAR2(3 BYTE)", text("abcd")),
		kindCase("blanks", "VARCHAR2(3 BYTE)", text("abc ")),
		kindCase("octets", "VARCHAR2(9 BYTE)", octets("\xff\xfe")),
		kindCase("raw", "RAW(2)", octets("abc")),
		kindCase("nanoseconds", "TIMESTAMP(6)", record.AppendTimestamp(nil, day, 1)),
		kindCase("fraction of a second", "DATE", record.AppendTimestamp(nil, day, clock)),
		kindCase("no day", "DATE", record.AppendDate(nil, record.PackDate(2026, 2, 30))),
		kindCase("zero date", "DATE", record.AppendDate(nil, 0)),
		kindCase("time", "DATE", record.AppendTime(nil, clock)),
		kindCase("interval", "INTERVAL YEAR(2) TO MONTH", record.AppendInterval(nil, 1, 1, 0)),
	}
}
