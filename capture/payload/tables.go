package payload

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"ggsh/record"
)

// Definition is what is known of a table: its columns, and which of them find a row.
type Definition struct {
	Schema  string
	Name    string
	Columns []record.ColumnDef
	Key     []int
}

// maxColumns bounds what a table found in the data may have.
const maxColumns = 1000

// Config is what Tables need.
type Config struct {
	// Source is the kind of the source, as record.TableDef.Database.
	Source string
	// Declared are the tables whose columns are given; others are found in the data.
	Declared []Definition
	// Found are the tables that earlier runs found in the data.
	Found []Definition
	// Keep remembers a table that was found, or found to have changed.
	Keep func(Definition) error
}

// Tables are the definitions that decoders give operations. They belong to one
// goroutine.
type Tables struct {
	cfg    Config
	nextID uint32
	byName map[[2]string]*table
	byHead map[string]*table
	key    []byte
}

// table is a definition with what a decoder needs of it.
type table struct {
	def      *record.TableDef
	index    map[string]int
	declared bool
}

// NewTables makes the definitions of a run.
func NewTables(cfg Config) *Tables {
	t := &Tables{cfg: cfg, byName: map[[2]string]*table{}, byHead: map[string]*table{}}
	for _, d := range cfg.Found {
		t.byName[[2]string{d.Schema, d.Name}] = t.define(d, false)
	}
	return t
}

// define gives a definition its id and index.
func (t *Tables) define(d Definition, declared bool) *table {
	t.nextID++
	tab := &table{declared: declared, index: make(map[string]int, len(d.Columns)),
		def: &record.TableDef{ID: t.nextID, Database: t.cfg.Source, Schema: d.Schema, Name: d.Name,
			Columns: d.Columns, Key: d.Key}}
	for i := range d.Columns {
		tab.index[d.Columns[i].Name] = i
	}
	return tab
}

// Fixed gives a table whose columns nothing changes.
func (t *Tables) Fixed(d Definition) *record.TableDef { return t.define(d, true).def }

// declaration finds the columns that are given for a table. One without a name is
// for all tables.
func (t *Tables) declaration(schema, name string) (Definition, bool) {
	for _, d := range t.cfg.Declared {
		if (d.Name == "" || strings.EqualFold(d.Name, name)) &&
			(d.Schema == "" || strings.EqualFold(d.Schema, schema)) {
			d.Schema, d.Name = schema, name
			return d, true
		}
	}
	return Definition{}, false
}

// find gives a table by its name, with the columns that are known of it.
func (t *Tables) find(schema, name string) (*table, error) {
	at := [2]string{schema, name}
	if tab, ok := t.byName[at]; ok && (tab.declared || len(t.cfg.Declared) == 0) {
		return tab, nil
	}
	d, declared := t.declaration(schema, name)
	if tab, ok := t.byName[at]; ok && !declared {
		return tab, nil
	}
	if !declared {
		d = Definition{Schema: schema, Name: name}
	}
	tab := t.define(d, declared)
	t.byName[at] = tab
	return tab, nil
}

// findBytes is find for a name schema.table that stands in the data.
func (t *Tables) findBytes(full []byte) (*table, error) {
	if tab, ok := t.byHead[string(full)]; ok {
		return tab, nil
	}
	schema, name := "", string(full)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		schema, name = name[:i], name[i+1:]
	}
	if name == "" {
		return nil, badRecord("it names no table")
	}
	tab, err := t.find(schema, name)
	if err == nil {
		t.byHead[string(full)] = tab
	}
	return tab, err
}

// declaredOnly gives a table whose columns must be given.
func (t *Tables) declaredOnly(schema, name string) (*table, error) {
	if _, ok := t.declaration(schema, name); !ok {
		return nil, &BadRecord{Table: name, Reason: "its files have no header line and its columns are " +
			"not declared"}
	}
	return t.find(schema, name)
}

// withHeader gives a table whose columns stand in the header line of a file: all
// strings where none are declared.
func (t *Tables) withHeader(schema, name string, columns []string) (*table, error) {
	t.key = append(append(append(t.key[:0], schema...), 0), name...)
	for _, c := range columns {
		t.key = append(append(t.key, 0), c...)
	}
	if tab, ok := t.byHead[string(t.key)]; ok {
		return tab, nil
	}
	d := Definition{Schema: schema, Name: name}
	given, declared := t.declaration(schema, name)
	for _, c := range columns {
		col := record.ColumnDef{Name: c, Kind: record.String, Type: "VARCHAR", Nullable: true}
		if declared {
			i := slices.IndexFunc(given.Columns, func(g record.ColumnDef) bool {
				return strings.EqualFold(g.Name, c)
			})
			if i < 0 {
				return nil, &BadRecord{Table: name, Column: c,
					Reason: "the header line names it, and it is not declared"}
			}
			col = given.Columns[i]
			col.Name = c
		}
		d.Columns = append(d.Columns, col)
	}
	for _, k := range given.Key {
		i := slices.IndexFunc(columns, func(c string) bool {
			return strings.EqualFold(c, given.Columns[k].Name)
		})
		if i < 0 {
			return nil, &BadRecord{Table: name, Column: given.Columns[k].Name,
				Reason: "it is a key column, and the header line lacks it"}
		}
		d.Key = append(d.Key, i)
	}
	tab := t.define(d, declared)
	t.byHead[string(t.key)] = tab
	return tab, nil
}

// change gives a table found in the data another definition, and keeps it.
func (t *Tables) change(tab *table, columns []record.ColumnDef, key []int) error {
	d := Definition{Schema: tab.def.Schema, Name: tab.def.Name, Columns: columns, Key: key}
	fresh := t.define(d, false)
	tab.def, tab.index = fresh.def, fresh.index
	if t.cfg.Keep == nil {
		return nil
	}
	return t.cfg.Keep(d)
}

// column finds a member's column, -1 for one that is to be added.
func (tab *table) column(name []byte) (int, error) {
	if i, ok := tab.index[string(name)]; ok {
		return i, nil
	}
	if !tab.declared {
		return -1, nil
	}
	for i := range tab.def.Columns {
		if strings.EqualFold(tab.def.Columns[i].Name, string(name)) {
			tab.index[string(name)] = i
			return i, nil
		}
	}
	return -1, &BadRecord{Table: tab.def.FullName(), Column: string(name),
		Reason: "it is not declared"}
}

// add appends a column that was found in the data.
func (t *Tables) add(tab *table, name []byte, first jsonValue) error {
	if len(tab.def.Columns) >= maxColumns {
		return &BadRecord{Table: tab.def.FullName(), Column: string(name),
			Reason: "the table has too many columns for one found in the data: declare them"}
	}
	col := record.ColumnDef{Name: string(name), Nullable: true}
	col.Kind, col.Type = usualKind(first)
	return t.change(tab, append(slices.Clip(tab.def.Columns), col), tab.def.Key)
}

// What a column that was found in the data has held so far.
const (
	seenNull   = "json null"
	seenWhole  = "json integer"
	seenNumber = "json number"
	seenText   = "json string"
	seenBool   = "json boolean"
	seenAny    = "json"
)

// usualKind is the kind that a value's column has while all are alike.
func usualKind(v jsonValue) (record.Kind, string) {
	switch v.kind {
	case 'n':
		return record.String, seenNull
	case '"':
		return record.String, seenText
	case 't', 'f':
		return record.Bool, seenBool
	case '0':
		if isInt64(v.raw) {
			return record.Int, seenWhole
		}
		return record.Decimal, seenNumber
	}
	return record.JSON, seenAny
}

// isInt64 reports whether a JSON number is a whole number of 64 bits.
func isInt64(raw []byte) bool {
	digits := bytes.TrimPrefix(raw, []byte{'-'})
	if len(digits) > 19 || !allDigits(digits) || len(digits) < len(raw) && digits[0] == '0' {
		return false
	}
	if len(digits) < 19 {
		return true
	}
	_, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil
}

// widen makes a column found in the data fit for a value of another kind. A column
// of several kinds holds JSON texts.
func (t *Tables) widen(tab *table, i int, v jsonValue) error {
	col := &tab.def.Columns[i]
	if v.kind == 'n' || col.Type == seenAny {
		return nil
	}
	kind, seen := usualKind(v)
	switch {
	case seen == col.Type, seen == seenWhole && col.Type == seenNumber:
		return nil
	case col.Type == seenNull, seen == seenNumber && col.Type == seenWhole:
	default:
		kind, seen = record.JSON, seenAny
	}
	columns := slices.Clone(tab.def.Columns)
	columns[i].Kind, columns[i].Type = kind, seen
	return t.change(tab, columns, tab.def.Key)
}
