package types

import (
	"strings"

	"ggsh/record"
)

func documents() []column {
	big := `'{"a": [1, -2.5, true, null], "ü": "x\\"\\n\\u0001 😀"}'`
	return []column{
		{name: "JSON (MySQL)", from: mysql, def: "json", kinds: one(record.JSON), values: []string{
			big, "'[]'", "'{}'", `'"s"'`, "'null'", "'1e100'", "'123456789012345678'",
			"'18446744073709551615'", "'-9223372036854775808'", "'[0.1, -0.0, 1.5e-10, 1e15]'",
			"json_array(repeat('long', 20000), 1, 70000, 5000000000)",
			"json_array(1.5, 0.30000000000000004, 5e-324, 1.7976931348623157e308)",
			"concat(repeat('[', 31), repeat(']', 31))"},
			limits: "the server's text; MariaDB takes 31 levels; a date, time, decimal or octets " +
				"within a document are its strings and numbers at the target"},
		{name: "JSON (MariaDB)", from: mariadb, def: "json", kinds: one(record.String),
			to: map[string]string{mysql: "json"}, shown: "json", values: []string{
				big, "'[]'", `'{"b":1,  "a":2.0}'`, "'18446744073709551615'", "'\"😀\"'",
				"'[9007199254740993, 0.1, 1.0e2]'"},
			limits: "byte for byte; a JSON column of MySQL orders the members and shortens numbers, " +
				"and refuses doubled members and numbers that it would round"},
		{name: "JSON as text (MariaDB)", from: mariadb, def: "json", kinds: one(record.String),
			to: map[string]string{mysql: "longtext"}, values: []string{`'{"b":1,  "b":2.0}'`,
				"'123456789012345678901234567890.5'", big}},
		{name: "JSON as text (MySQL)", from: mysql, def: "json", kinds: one(record.JSON),
			to: map[string]string{mysql: "longtext", mariadb: "longtext"}, values: []string{big,
				"json_object('d', cast('2024-01-02' as date), 't', cast('12:13:14.5' as time(6)), " +
					"'dt', cast('2024-01-02 03:04:05' as datetime), 'dec', cast(1.250 as decimal(10,3)))"}},
	}
}

func shapes() []column {
	geo := func(def string, wkt ...string) column {
		c := column{name: strings.ToUpper(def), def: def, kinds: one(record.Bytes)}
		for _, w := range wkt {
			c.values = append(c.values, "ST_GeomFromText('"+w+"')")
		}
		return c
	}
	list := []column{
		geo("geometry", "POINT(1 2)", "LINESTRING(0 0,1 1,1.5 -2e10)"),
		geo("point", "POINT(-1.7976931348623157e308 0.1)"),
		geo("linestring", "LINESTRING(0 0,1 1)"),
		geo("polygon", "POLYGON((0 0,10 0,10 10,0 10,0 0),(5 5,7 5,7 7,5 7,5 5))"),
		geo("multipoint", "MULTIPOINT(1 1,2 2)"),
		geo("multilinestring", "MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
		geo("multipolygon", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"),
		geo("geometrycollection", "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"),
	}
	list[0].values = append(list[0].values, "ST_GeomFromText('POINT(10 20)', 4326)")
	list[0].limits = "the octets of the server: SRID, then WKB; both servers have the same"
	return list
}

func ownTypes() []column {
	uuids := []string{"'123e4567-e89b-12d3-a456-426614174000'",
		"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-7fff-bfff-ffffffffff00'",
		"'01890a5d-ac96-774b-bcce-b302099a8057'"}
	return []column{
		{name: "UUID (MariaDB)", from: mariadb, def: "uuid", kinds: one(record.UUID), values: uuids,
			to: map[string]string{mysql: "char(36)"}, key: true},
		{name: "UUID as octets (MariaDB)", from: mariadb, def: "uuid", kinds: one(record.UUID),
			values: uuids, to: map[string]string{mysql: "binary(16)", mariadb: "binary(16)",
				sqlite: "BLOB"}, key: true, limits: "in the order of its text"},
		{name: "INET4 (MariaDB)", from: mariadb, def: "inet4", kinds: one(record.String), key: true,
			values: []string{"'1.2.3.0'", "'255.255.255.255'", "'0.0.0.0'"},
			to:     map[string]string{mysql: "varchar(15)"}},
		{name: "INET6 (MariaDB)", from: mariadb, def: "inet6", kinds: one(record.String), key: true,
			values: []string{"'::1'", "'2001:db8::ff00:42:8329'", "'::'", "'::ffff:192.0.2.1'",
				"'::192.0.2.1'", "'fe80::'", "'1:0:0:2::3'"}, to: map[string]string{mysql: "varchar(39)"},
			limits: "the server's text"},
		{name: "VARCHAR COMPRESSED (MariaDB)", from: mariadb, def: "varchar(200) compressed",
			kinds: one(record.String), values: []string{"repeat('z', 190)", "'é '", "''"},
			to: map[string]string{mysql: "varchar(200)"}},
		{name: "TEXT COMPRESSED (MariaDB)", from: mariadb, def: "text compressed",
			kinds: one(record.String), values: []string{"repeat('zé', 2000)", "''"},
			to: map[string]string{mysql: "text"}},
		{name: "VARBINARY COMPRESSED (MariaDB)", from: mariadb, def: "varbinary(200) compressed",
			kinds: one(record.Bytes), values: []string{"repeat(0x00, 190)", "''"},
			to: map[string]string{mysql: "varbinary(200)"}},
		{name: "LONGBLOB COMPRESSED (MariaDB)", from: mariadb, def: "longblob compressed",
			kinds: one(record.Bytes), values: []string{"repeat(0xfe00, 100000)", "0xff"},
			to: map[string]string{mysql: "longblob"}},
		{name: "VECTOR (MySQL)", from: mysql, def: "vector(3)", kinds: one(record.Bytes),
			values: []string{"string_to_vector('[1,2.5,-3e38]')", "string_to_vector('[0]')"},
			to:     map[string]string{mariadb: "varbinary(12)"}, limits: "its floats, 4 octets each"},
		{name: "BINARY(16) (MySQL) as UUID", from: mysql, def: "binary(16)",
			kinds:  one(record.Bytes),
			values: []string{"0x123e4567e89b12d3a456426614174000", "0x00", "0xff"},
			to:     map[string]string{mariadb: "uuid"}, shown: "uuid"},
	}
}

// properties are about columns and not about types. The first column is what
// others are computed from.
func properties() []column {
	return []column{
		{name: "INT DEFAULT 7", def: "int NULL DEFAULT 7", kinds: one(record.Int),
			values: []string{"1", "-5", "2147483647"}, limits: "a default only fills in at the source"},
		{name: "GENERATED STORED", def: "bigint GENERATED ALWAYS AS (c00 * 2) STORED",
			kinds: one(record.Int), to: map[string]string{
				sqlite: "INTEGER GENERATED ALWAYS AS (c00 * 2) STORED"},
			limits: "in the trail; a target column that is generated computes it itself"},
		{name: "GENERATED VIRTUAL", def: "bigint GENERATED ALWAYS AS (c00 + 1) VIRTUAL",
			kinds: one(record.Int), to: map[string]string{
				sqlite: "INTEGER GENERATED ALWAYS AS (c00 + 1) VIRTUAL"}},
		{name: "GENERATED into a plain column", def: "bigint GENERATED ALWAYS AS (c00 - 1) STORED",
			kinds: one(record.Int), to: map[string]string{mysql: "bigint", mariadb: "bigint"}},
		{name: "INVISIBLE", def: "varchar(20) INVISIBLE", kinds: one(record.String),
			values: []string{"'seen'", "'ü'"}, limits: "as any other column"},
		{name: "DEFAULT (expression)", def: "varchar(60) DEFAULT (uuid())",
			kinds: one(record.String), limits: "the value that the source computed"},
		{name: "DEFAULT CURRENT_TIMESTAMP ON UPDATE", def: "datetime(6) DEFAULT CURRENT_TIMESTAMP(6) " +
			"ON UPDATE CURRENT_TIMESTAMP(6)", kinds: one(record.Timestamp),
			limits: "the source's time; the target does not put its own in its place"},
	}
}

func large() []column {
	return []column{{name: "LONGBLOB of 16 MiB", def: "longblob", kinds: one(record.Bytes),
		values: []string{"concat(repeat(0x00ff0a1a, 4194303), 0x010200)"},
		limits: "as much as max_allowed_packet of the target lets through"}}
}
