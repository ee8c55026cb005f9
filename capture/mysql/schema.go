package mysql

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"ggsh/capture/mysql/binlog"
	"ggsh/ddl"
	"ggsh/ggserr"
	"ggsh/record"
)

// schema is what is known of the tables' definitions over time. It belongs to the
// reading goroutine.
type schema struct {
	cfg    *Config
	srv    *database
	nextID uint32
	tables map[string]*history
	// lookup asks information_schema for a table as it is now; nil when there is none.
	lookup func(ctx context.Context, schema, table string) (*catalogTable, error)
	dirty  bool // what must be kept before a transaction may go
	minor  bool // what would only be asked again
	warned map[string]bool
}

// history is the definitions of one table, oldest first.
type history struct {
	versions []version
}

// version is a definition and where in the log it begins.
type version struct {
	Since record.CSN       `json:"since"`
	Def   *record.TableDef `json:"def"`
	// Read is the end of the log when the definition was read from
	// information_schema: a DDL statement before it may be part of it already.
	Read   *record.CSN `json:"read,omitempty"`
	Used   bool        `json:"used,omitempty"` // rows were decoded with it
	RowEnd int         `json:"rowEnd"`
	// Charset is the default of new columns; empty when not known.
	Charset string `json:"charset,omitempty"`
	// Unknown begins where a statement was not understood or the table was dropped:
	// the next rows ask information_schema.
	Unknown bool `json:"unknown,omitempty"`
}

// maxVersions bounds how many definitions of one table are kept.
const maxVersions = 16

// resolved is the answer to a table map.
type resolved struct {
	def    *record.TableDef
	rowEnd int // column that ends rows of a system versioned table, -1 none
}

func tableKey(schema, table string) string { return schema + "." + table }

// current is the newest definition of a table; nil when none is known.
func (s *schema) current(schema, table string) *record.TableDef {
	h := s.tables[tableKey(schema, table)]
	if h == nil || len(h.versions) == 0 {
		return nil
	}
	def := h.versions[len(h.versions)-1].Def
	if def != nil {
		s.giveID(def)
	}
	return def
}

// describe gives a definition for an operation without rows.
func (s *schema) describe(ctx context.Context, schema, table string) (*record.TableDef, error) {
	t, err := s.lookup(ctx, schema, table)
	if err != nil || t == nil || t.def.Sequence() {
		return nil, err
	}
	s.nextID++
	t.def.ID = s.nextID
	return t.def, nil
}

// resolve finds the definition of the table that a table map at a place describes
// and completes the map's columns.
func (s *schema) resolve(ctx context.Context, t *binlog.TableMap, at record.CSN) (resolved, error) {
	if t.Named && t.Signs {
		return s.fromLog(ctx, t, at)
	}
	return s.fromHistory(ctx, t, at)
}

// fromLog takes the definition from FULL metadata. information_schema adds what the
// log does not have, if it describes the same columns.
func (s *schema) fromLog(ctx context.Context, t *binlog.TableMap, at record.CSN) (resolved, error) {
	res := resolved{rowEnd: -1}
	now, err := s.lookup(ctx, t.Schema, t.Table)
	if err != nil {
		return res, err
	}
	def, err := s.defOfMap(t)
	if err != nil {
		return res, err
	}
	known := s.current(t.Schema, t.Table)
	switch {
	case now != nil && sameColumns(t, now.def):
		enrich(t, def, now.def, true)
	case known != nil && sameColumns(t, known):
		enrich(t, def, known, true)
	case now != nil:
		enrich(t, def, now.def, false) // the table was changed since
	}
	if now != nil && now.versioned {
		res.rowEnd = versionColumns(t, def)
	}
	for i := range def.Columns {
		def.Columns[i].Kind = t.Columns[i].Kind(t.Signs)
	}
	res.def = s.note(def, at, res.rowEnd)
	return res, nil
}

// defOfMap makes a definition from what the log tells.
func (s *schema) defOfMap(t *binlog.TableMap) (*record.TableDef, error) {
	def := &record.TableDef{Schema: t.Schema, Name: t.Table, Database: s.srv.flavor, Key: t.Key}
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Charset = s.srv.charsets[c.Collation]
		if c.Collation != 0 && c.Charset == "" {
			return nil, ggserr.New(ggserr.LogProblem, fmt.Sprintf("column %s of table %s.%s has "+
				"collation %d, which the server does not list", c.Name, t.Schema, t.Table, c.Collation))
		}
		for _, raw := range c.RawLabels {
			label, err := binlog.Text(c.Charset, raw)
			if err != nil {
				return nil, ggserr.New(ggserr.LogProblem, fmt.Sprintf("a label of column %s of table "+
					"%s.%s", c.Name, t.Schema, t.Table)).Because(err)
			}
			c.Labels = append(c.Labels, label)
		}
		d := record.ColumnDef{Name: c.Name, Type: c.TypeText(s.srv.maxLen(c.Charset)),
			Nullable: c.Nullable, Invisible: c.Invisible, Charset: c.Charset, Labels: c.Labels}
		if d.Charset == "binary" {
			d.Charset = ""
		}
		pt := ddl.ParseType(d.Type)
		d.Length, d.Precision, d.Scale = pt.Length, pt.Precision, pt.Scale
		def.Columns = append(def.Columns, d)
	}
	return def, nil
}

// maxLen is the number of octets of a character.
func (s *database) maxLen(charset string) int {
	switch charset {
	case "utf8mb4", "utf16", "utf16le", "utf32", "gb18030":
		return 4
	case "utf8", "utf8mb3", "ujis", "eucjpms":
		return 3
	case "ucs2", "gbk", "gb2312", "big5", "sjis", "cp932", "euckr":
		return 2
	}
	return 1
}

// sameColumns reports whether a definition fits a table map: number, names when the
// map has them, and types. Hidden columns of a system versioned table may follow.
func sameColumns(t *binlog.TableMap, def *record.TableDef) bool {
	n := len(def.Columns)
	if len(t.Columns) != n && len(t.Columns) != n+2 {
		return false
	}
	for i := range def.Columns {
		c, d := &t.Columns[i], &def.Columns[i]
		if t.Named && c.Name != d.Name {
			return false
		}
		if !c.Fits(ddl.ParseType(d.Type), d.Charset) {
			return false
		}
	}
	return true
}

// enrich copies what only information_schema knows, column by column where name and
// type agree; keys only when all columns do.
func enrich(t *binlog.TableMap, def, from *record.TableDef, whole bool) {
	for i := range def.Columns {
		d, c := &def.Columns[i], &t.Columns[i]
		at := from.Column(d.Name)
		if at < 0 {
			continue
		}
		f := &from.Columns[at]
		pt := ddl.ParseType(f.Type)
		if !c.Fits(pt, f.Charset) {
			continue
		}
		d.Type, d.Generated = f.Type, f.Generated
		d.Length, d.Precision, d.Scale = pt.Length, pt.Precision, pt.Scale
		if !t.Visible {
			d.Invisible = f.Invisible
		}
		c.Special = special(pt.Base)
		if pt.Base == "float" || pt.Base == "double" {
			c.Decimal = pt.Digits
		}
	}
	if !whole {
		return
	}
	if len(def.Key) == 0 {
		def.Key = from.Key
	}
	def.Unique = from.Unique
}

// versionColumns marks the columns of system versioning as generated and gives the
// one that ends a row: it is the last of the hidden or named pair.
func versionColumns(t *binlog.TableMap, def *record.TableDef) int {
	n := len(def.Columns)
	end := -1
	for i := range def.Columns {
		c := &def.Columns[i]
		if c.Generated && strings.Contains(strings.ToLower(c.Type), "timestamp(6)") ||
			i >= n-2 && (c.Name == "row_start" || c.Name == "row_end") {
			end = i
		}
	}
	if end > 0 {
		for i := max(end-1, 0); i <= end; i++ {
			def.Columns[i].Generated = true
		}
		def.Key = without(def.Key, end)
	}
	return end
}

// without removes the row end from a key, where the server has put it.
func without(key []int, column int) []int {
	var out []int
	for _, k := range key {
		if k != column {
			out = append(out, k)
		}
	}
	return out
}

// note keeps a definition that begins at a place, unless it is the newest already.
func (s *schema) note(def *record.TableDef, at record.CSN, rowEnd int) *record.TableDef {
	key := tableKey(def.Schema, def.Name)
	h := s.tables[key]
	if h == nil {
		h = &history{}
		s.tables[key] = h
	}
	for i := range h.versions {
		if h.versions[i].Def != nil && sameDef(h.versions[i].Def, def) {
			s.giveID(h.versions[i].Def)
			return h.versions[i].Def
		}
	}
	s.giveID(def)
	def.Version = at.String()
	h.add(version{Since: at, Def: def, RowEnd: rowEnd})
	s.minor = true
	return def
}

// giveID numbers a definition; those of an earlier run have none yet.
func (s *schema) giveID(def *record.TableDef) {
	if def.ID == 0 {
		s.nextID++
		def.ID = s.nextID
	}
}

// sameDef compares two definitions but for id and version.
func sameDef(a, b *record.TableDef) bool {
	x, y := *a, *b
	x.ID, x.Version, y.ID, y.Version = 0, "", 0, ""
	return reflect.DeepEqual(normal(x), normal(y))
}

// normal makes empty and absent lists alike.
func normal(t record.TableDef) record.TableDef {
	if len(t.Key) == 0 {
		t.Key = nil
	}
	if len(t.Unique) == 0 {
		t.Unique = nil
	}
	t.Columns = append([]record.ColumnDef(nil), t.Columns...)
	for i := range t.Columns {
		if len(t.Columns[i].Labels) == 0 {
			t.Columns[i].Labels = nil
		}
	}
	return t
}
