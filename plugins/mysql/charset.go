package main

import (
	"strings"

	"ggsh/capture/mysql/binlog"
	"ggsh/handler/dml"
	"ggsh/record"
)

// repertoires tells which characters columns have by their character sets; each set is
// looked up once.
func repertoires() func(col *record.ColumnDef) dml.Repertoire {
	known := map[string]func(rune) bool{}
	return func(col *record.ColumnDef) dml.Repertoire {
		if col.Kind != record.String || col.Charset == "" || col.Charset == "binary" ||
			strings.HasPrefix(col.Type, "enum") || strings.HasPrefix(col.Type, "set(") {
			return dml.Repertoire{}
		}
		has, ok := known[col.Charset]
		if !ok {
			has = binlog.Repertoire(col.Charset)
			known[col.Charset] = has
		}
		return dml.Repertoire{Text: true, Has: has}
	}
}
