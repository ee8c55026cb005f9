// Package types proves docs/DATATYPES.md: each type of each source, through the
// real programs and handlers, into each target, compared by the databases' own
// text.
//
// The table of this package is the document's: the page is printed from it.
package types

import (
	"os"
	"testing"

	"ggsh/record"
	"ggsh/tests/rig"
)

var (
	bin     string
	servers rig.Servers
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &servers, &bin)) }

// The kinds of databases.
const (
	mysql   = "mysql"
	mariadb = "mariadb"
	sqlite  = "sqlite"
)

var databases = []string{mysql, mariadb, sqlite}

// column is one row of the document: a type, and what becomes of its values.
type column struct {
	name   string            // as the page shows it
	from   string            // the only source that has it; empty for both servers
	def    string            // its type in a table of the source
	kinds  []record.Kind     // the forms of its values; the first is the usual one
	values []string          // SQL; NULL is added, and in computed columns there are none
	to     map[string]string // its type in targets where that is not the usual one
	key    bool              // it is tried as primary key, too
	shown  string            // how a server shows it, when not as its kind
	limits string
}

// section is a part of the page and, in the test, a table with a key and one
// without.
type section struct {
	name    string
	title   string
	from    string // sqlite, or empty for the servers
	columns []column
	noTwin  bool // not tried without a key
}

func sections() []section {
	return []section{
		{name: "whole", title: "Whole numbers", columns: wholeNumbers()},
		{name: "num", title: "Decimals and floating point", columns: numbers()},
		{name: "bits", title: "Bits", columns: bits(), noTwin: true},
		{name: "times", title: "Dates and times", columns: times()},
		{name: "texts", title: "Text", columns: texts()},
		{name: "sets", title: "Character sets, with all their characters", columns: charsets(),
			noTwin: true},
		{name: "octets", title: "Octets", columns: octets()},
		{name: "labels", title: "ENUM and SET", columns: labels()},
		{name: "docs", title: "JSON", columns: documents()},
		{name: "shapes", title: "Geometry", columns: shapes()},
		{name: "own", title: "Types of one server", columns: ownTypes()},
		{name: "extra", title: "Properties of columns", columns: properties()},
		{name: "big", title: "Large values", columns: large(), noTwin: true},
		{name: "lite", title: "SQLite", from: sqlite, columns: liteColumns()},
	}
}

// has reports whether a source has the type.
func (s *section) has(c *column, source string) bool {
	if s.from == sqlite || source == sqlite {
		return s.from == source
	}
	return c.from == "" || c.from == source
}

// of gives the columns of a section that a source has.
func (s *section) of(source string) []column {
	var list []column
	for _, c := range s.columns {
		if s.has(&c, source) {
			list = append(list, c)
		}
	}
	return list
}

// target gives the type that values of the column go into.
func (c *column) target(database string) string {
	if t, ok := c.to[database]; ok {
		return t
	}
	if database == sqlite {
		return liteType[c.kinds[0]]
	}
	return c.def
}

// liteType is where SQLite holds all values of a form exactly.
var liteType = map[record.Kind]string{record.Int: "INTEGER", record.Uint: "INTEGER",
	record.Decimal: "TEXT", record.Float32: "REAL", record.Float64: "REAL", record.String: "TEXT",
	record.Bytes: "BLOB", record.Date: "TEXT", record.Time: "TEXT", record.Timestamp: "TEXT",
	record.TimestampTZ: "TEXT", record.Bit: "INTEGER", record.JSON: "TEXT", record.UUID: "TEXT"}

// cycle gives the values of a column, NULL at the end; none of a computed one.
func (c *column) cycle() []string {
	if len(c.values) == 0 {
		return nil
	}
	return append(append([]string{}, c.values...), "NULL")
}

func one(k record.Kind) []record.Kind { return []record.Kind{k} }
