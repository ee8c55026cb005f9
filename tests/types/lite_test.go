package types

import (
	"strings"

	"ggsh/record"
)

// liteColumns are the declared types of SQLite. Its columns hold values of any
// storage class: those that fit the declared type have its form, others their own.
func liteColumns() []column {
	into := func(t string) map[string]string {
		return map[string]string{mysql: t, mariadb: t}
	}
	lite := func(def, server string, kinds []record.Kind, limits string, values ...string) column {
		to := into(server)
		to[sqlite] = def
		return column{name: def, def: def, kinds: kinds, to: to, values: values, limits: limits,
			key: def == "INTEGER" || def == "VARCHAR(20)" || def == "DATE"}
	}
	list := []column{
		lite("INTEGER", "bigint", one(record.Int), "a text or BLOB in it is refused by a server's "+
			"number column", "-9223372036854775808", "9223372036854775807", "0"),
		lite("REAL", "double", one(record.Float64), "infinities are refused by the servers",
			"1.7976931348623157e308", "5e-324", "0.1", "-2.5", "1e100", "3.0"),
		lite("TEXT", "longtext", one(record.String), "a NUL in it is kept",
			"'é漢😀'", "''", "'trail  '", "'O''Hara \\n'", "char(0x61, 0, 0x62)",
			"hex(zeroblob(50000))"),
		lite("VARCHAR(20)", "varchar(20)", one(record.String), "SQLite does not hold a text to its "+
			"length: a longer one is refused by the servers", "'ü'", "'abc '", "'x'"),
		lite("BLOB", "longblob", one(record.Bytes), "", "x'00ff00'", "x''", "zeroblob(70000)"),
		lite("DECIMAL(30,10)", "decimal(30,10)", one(record.Decimal), "SQLite keeps numbers of more "+
			"than 15 digits only as TEXT", "12.5", "-99999999", "0.0000000001", "9007199254740993"),
		lite("DATE", "date", one(record.Date), "text in the form 2024-12-31",
			"'2024-02-29'", "'0001-01-01'", "'9999-12-31'"),
		lite("DATETIME", "datetime(6)", one(record.Timestamp), "text in the form 2024-12-31 "+
			"23:59:59.999999", "'2024-02-29 23:59:59.123456'", "'1000-01-01 00:00:00'"),
		lite("TIMESTAMP", "datetime(3)", one(record.Timestamp), "", "'2024-02-29 23:59:59.123'"),
		lite("TIME", "time(6)", one(record.Time), "text in the form 23:59:59.999999",
			"'23:59:59.999999'", "'00:00:00'"),
		lite("BOOLEAN", "tinyint(1)", one(record.Int), "", "1", "0", "true"),
		lite("JSON", "json", []record.Kind{record.JSON, record.Int}, "a number alone is a number "+
			"of SQLite", `'{"a": [1, "é😀"]}'`, "'[]'", "'5'"),
		lite("", "longtext", []record.Kind{record.Int, record.Float64, record.String}, "without a "+
			"type: each value has its own form", "5", "2.5", "'five'"),
	}
	for i := range list {
		if list[i].name == "" {
			list[i].name = "no type"
		}
		list[i].name = strings.ToUpper(list[i].name[:1]) + list[i].name[1:]
	}
	list[11].shown, list[12].shown = "json", "text"
	return list
}
