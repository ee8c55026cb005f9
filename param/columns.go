package param

import (
	"fmt"
	"slices"
	"strings"

	"ggsh/ggserr"
	"ggsh/record"
)

// TableColumns are the columns of a table that no database describes: of files and
// of messages.
type TableColumns struct {
	Schema  string
	Table   string // empty: of each table
	Columns []record.ColumnDef
	Key     []int
	Pos     ggserr.Location
}

// columnKinds are the types that COLUMNS and DEFINITIONS know. BASE64 is BINARY of
// another text.
var columnKinds = map[string]record.Kind{
	"INT": record.Int, "INTEGER": record.Int, "BIGINT": record.Int, "SMALLINT": record.Int,
	"DECIMAL": record.Decimal, "NUMBER": record.Decimal, "NUMERIC": record.Decimal,
	"DOUBLE": record.Float64, "FLOAT": record.Float64,
	"VARCHAR": record.String, "CHAR": record.String, "TEXT": record.String, "STRING": record.String,
	"DATE": record.Date, "TIME": record.Time, "TIMESTAMP": record.Timestamp,
	"DATETIME":    record.Timestamp,
	"TIMESTAMPTZ": record.TimestampTZ, "BOOLEAN": record.Bool, "BOOL": record.Bool,
	"BINARY": record.Bytes, "BASE64": record.Bytes, "JSON": record.JSON, "UUID": record.UUID,
}

// columnTypes reads (name TYPE[(n[, n])] [KEY] [NOT NULL], ...).
func (c *cursor) columnTypes() TableColumns {
	t := TableColumns{Pos: c.at()}
	for _, item := range splitList(c.parens()) {
		in := &cursor{name: c.name, args: item, end: c.at()}
		col, key := in.column()
		c.errs = append(c.errs, in.errs...)
		if slices.ContainsFunc(t.Columns, func(o record.ColumnDef) bool {
			return strings.EqualFold(o.Name, col.Name)
		}) {
			c.fail(t.Pos, "column %s stands there twice", col.Name)
		}
		if key {
			t.Key = append(t.Key, len(t.Columns))
		}
		t.Columns = append(t.Columns, col)
	}
	if len(t.Columns) == 0 && len(c.errs) == 0 {
		c.fail(t.Pos, "the list has no column")
	}
	return t
}

// column reads one column and whether it is part of the key.
func (c *cursor) column() (col record.ColumnDef, key bool) {
	col = record.ColumnDef{Name: c.value("a column's name"), Nullable: true}
	at := c.at()
	word := c.upper("a type")
	kind, known := columnKinds[word]
	if !known && word != "" {
		names := make([]string, 0, len(columnKinds))
		for name := range columnKinds {
			names = append(names, name)
		}
		slices.Sort(names)
		c.fail(at, "%s is no type", shorten(word))
		if near := ggserr.Nearest(word, names); near != "" {
			c.errs[len(c.errs)-1].Do("Did you mean %s?", near)
		} else {
			c.errs[len(c.errs)-1].Do("Types: %s.", strings.Join(names, ", "))
		}
	}
	col.Kind, col.Type = kind, word
	if c.i < len(c.args) && c.args[c.i].IsPunct("(") {
		c.sizes(&col)
	}
	for c.more() {
		switch {
		case c.word("KEY"):
			key, col.Nullable = true, false
		case c.word("NOT"):
			if !c.word("NULL") {
				c.lacks("NULL")
				return col, key
			}
			col.Nullable = false
		default:
			c.unexpected("KEY", "NOT")
		}
	}
	return col, key
}

// sizes reads (n) and (n, n).
func (c *cursor) sizes(col *record.ColumnDef) {
	at := c.at()
	var n []int64
	for _, part := range splitList(c.parens()) {
		in := &cursor{name: c.name, args: part, end: at}
		n = append(n, in.number(0, 1<<30))
		c.errs = append(c.errs, in.errs...)
	}
	switch {
	case col.Kind == record.Decimal && (len(n) == 1 || len(n) == 2):
		col.Precision = int(n[0])
		if len(n) == 2 {
			col.Scale = int(n[1])
		}
		col.Type = fmt.Sprintf("%s(%d,%d)", col.Type, col.Precision, col.Scale)
		if col.Precision == 0 || col.Scale > col.Precision {
			c.fail(at, "%s is no size of a number", col.Type)
		}
	case (col.Kind == record.String || col.Kind == record.Bytes) && len(n) == 1:
		col.Length = int(n[0])
		col.Type = fmt.Sprintf("%s(%d)", col.Type, col.Length)
	case (col.Kind == record.Timestamp || col.Kind == record.TimestampTZ || col.Kind == record.Time) &&
		len(n) == 1 && n[0] <= 9:
		col.Scale = int(n[0])
		col.Type = fmt.Sprintf("%s(%d)", col.Type, col.Scale)
	case col.Kind != 0:
		c.fail(at, "type %s has no such size", col.Type)
	}
}

// ReadDefinitions reads a file of tables, each TABLE [schema.]name (columns);
func ReadDefinitions(path string, text string) ([]TableColumns, error) {
	var tokens []Token
	for n, line := range strings.Split(text, "\n") {
		if n >= 100_000 || len(text) > maxFile {
			return nil, errorList{bad(ggserr.Location{File: path}, "The file is too long")}
		}
		more, err := lexLine(path, strings.TrimSuffix(line, "\r"), n+1)
		if err != nil {
			return nil, errorList{err}
		}
		tokens = append(tokens, more...)
	}
	var tables []TableColumns
	c := &cursor{name: "DEFINITIONS", args: tokens, end: ggserr.Location{File: path}}
	for c.i < len(c.args) && len(c.errs) == 0 {
		if c.mark(";") {
			continue
		}
		if !c.word("TABLE") {
			c.lacks("TABLE name (columns);")
			break
		}
		name := c.name3()
		t := c.columnTypes()
		t.Pos = name.Pos
		t.Schema, t.Table = name.Schema().Text, name.Table().Text
		tables = append(tables, t)
	}
	if len(tables) == 0 && len(c.errs) == 0 {
		c.fail(c.end, "the file has no TABLE")
	}
	return tables, c.errs.orNil()
}

// lexLine is Lex for one line of a file.
func lexLine(path, text string, n int) ([]Token, *ggserr.Error) {
	x := &lexer{line: textLine{text: text, file: path, spans: []span{{0, n, 1, false}}}}
	var out []Token
	for glued := false; ; {
		if x.skip() {
			glued = false
		}
		if x.done() {
			return out, nil
		}
		t := x.token()
		t.Glued, glued = glued, true
		if x.open != nil {
			return out, bad(t.Pos, "The quote that begins here is not closed")
		}
		out = append(out, t)
	}
}
