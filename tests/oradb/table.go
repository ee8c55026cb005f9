package oradb

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ggsh/capture/oracle"
	"ggsh/tests/tns"
)

// open is the end of a row's version that is the present one.
const open = int64(1) << 62

// pending is the beginning of a version that is not committed.
const pending = int64(1) << 61

// table is a table as it is defined now; its rows are versions in a table of SQLite.
type table struct {
	objectName
	id, dataID int
	columns    []*column
	keys       []*constraint
	indexes    []*index
	log        logData
	phys       string
	made       int // columns ever made, for their names in SQLite
	created    time.Time
	changed    time.Time
	ddlSCN     uint64
	version    int
	extents    []extent
	rows       int // row places given out
	temporary  bool
	// described is what redo says of the table at its present version.
	described *oracle.Table
}

// column is a column of a table.
type column struct {
	name     string
	typ      *dataType
	phys     string
	notNull  bool
	byDef    string // source of DEFAULT
	identity string // ALWAYS, BY DEFAULT
	sequence sequence
}

// sequence counts.
type sequence struct{ next, last, step int64 }

// constraint is a key or a rule.
type constraint struct {
	name       string
	kind       string // P, U, R, C
	columns    []string
	refers     *table
	refersKey  *constraint
	onDelete   string // CASCADE, SET NULL
	condition  string
	deferrable bool
	deferred   bool // initially
	disabled   bool
	generated  bool
}

// index is an index of its own or of a key.
type index struct {
	name    string
	columns []string
	unique  bool
}

// logData is what supplemental logging a table or the database has.
type logData struct {
	minimal                          bool
	all, primary, unique, foreignKey bool
	groups                           []logGroup
}

// logGroup is a named group of columns.
type logGroup struct {
	name    string
	columns []string
	noLog   []string
	always  bool
}

// extent is a run of blocks in the data file.
type extent struct{ first, blocks int }

const (
	dataFile     = 4
	extentBlocks = 8
	rowsPerBlock = 16
)

func (t *table) column(name string) *column {
	for _, c := range t.columns {
		if c.name == name {
			return c
		}
	}
	return nil
}

// position gives the place of a column among the values of a row, -1 for none.
func (t *table) position(name string) int {
	return slices.IndexFunc(t.columns, func(c *column) bool { return c.name == name })
}

func (t *table) key(kind string) *constraint {
	for _, k := range t.keys {
		if k.kind == kind {
			return k
		}
	}
	return nil
}

// describe gives what redo says of the table; a new value after each DDL.
func (t *table) describe() {
	t.described = &oracle.Table{Object: uint32(t.id), Owner: t.owner, Name: t.name,
		Temporary: t.temporary}
	for i, c := range t.columns {
		t.described.Columns = append(t.described.Columns, oracle.Column{Name: c.name, Number: i + 1,
			Type: c.typ.name, Length: c.typ.length, Precision: c.typ.precision,
			Scale: max(c.typ.scale, -126), NoScale: c.typ.kind == tns.Number && c.typ.scale == noScale,
			National: c.typ.national(), Nullable: !c.notNull})
		if c.typ.scale == noScale {
			t.described.Columns[i].Scale = 0
		}
	}
}

// newRowID gives a place to a row that is inserted.
func (db *DB) newRowID(t *table) string {
	block := t.rows / rowsPerBlock
	for block >= len(t.extents)*extentBlocks {
		t.extents = append(t.extents, extent{db.blocks, extentBlocks})
		db.blocks += extentBlocks
	}
	at := t.extents[block/extentBlocks].first + block%extentBlocks
	row := t.rows % rowsPerBlock
	t.rows++
	return rowID(int64(t.dataID), dataFile, int64(at), int64(row))
}

const rowIDDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// rowID prints a row's place: six digits of the object, three of the file, six of the
// block, three of the row.
func rowID(parts ...int64) string {
	var b []byte
	for i, width := range []int{6, 3, 6, 3} {
		digits := make([]byte, width)
		for n := width - 1; n >= 0; n-- {
			digits[n] = rowIDDigits[parts[i]&63]
			parts[i] >>= 6
		}
		b = append(b, digits...)
	}
	return string(b)
}

// parseRowID undoes rowID.
func parseRowID(s string) (parts [4]int64, ok bool) {
	if len(s) != 18 {
		return parts, false
	}
	at := 0
	for i, width := range []int{6, 3, 6, 3} {
		for range width {
			d := strings.IndexByte(rowIDDigits, s[at])
			if d < 0 {
				return parts, false
			}
			parts[i] = parts[i]<<6 | int64(d)
			at++
		}
	}
	return parts, true
}

func compareRowIDs(left, right string) int {
	a, aOK := parseRowID(left)
	b, bOK := parseRowID(right)
	if !aOK || !bOK {
		return strings.Compare(left, right)
	}
	return slices.Compare(a[:], b[:])
}

// rowIDCreate is DBMS_ROWID.ROWID_CREATE(type, object, file, block, row).
func rowIDCreate(_ *DB, a []any) (any, error) {
	return rowID(asInt(a[1]), asInt(a[2]), asInt(a[3]), asInt(a[4])), nil
}

func rowIDPart(n int) func(*DB, []any) (any, error) {
	return func(_ *DB, a []any) (any, error) {
		parts, ok := parseRowID(asText(a[0]))
		if !ok {
			return nil, oraError(1410)
		}
		return parts[n], nil
	}
}

func dataTypeRowID() *dataType { return &dataType{kind: tns.RowID, name: "ROWID"} }

// resolve finds a table or view as a user means it.
func (s *session) resolve(owner, name string) (*table, *view, error) {
	if owner == "" {
		if t := s.db.tables[objectName{s.schema, name}]; t != nil {
			return t, nil, s.mayRead(t.objectName)
		}
	} else if t := s.db.tables[objectName{owner, name}]; t != nil {
		return t, nil, s.mayRead(t.objectName)
	}
	if owner == "" || owner == "SYS" || owner == "PUBLIC" {
		if v := s.db.viewNamed(name); v != nil && s.mayLook(v) {
			return nil, v, nil
		}
	}
	return nil, nil, oraError(942)
}

// tableNamed finds a table that a statement changes.
func (s *session) tableNamed(owner, name string) (*table, error) {
	if owner == "" {
		owner = s.schema
	}
	t := s.db.tables[objectName{owner, name}]
	if t == nil {
		return nil, oraError(942)
	}
	return t, nil
}

// columnsOf gives the columns of a table or view as * gives them, nil for WITH names.
func (x *translator) columnsOf(owner, name string) ([]string, error) {
	if owner == "" && x.named[name] {
		return nil, nil
	}
	if name == "DUAL" {
		return []string{"DUMMY"}, nil
	}
	t, v, err := x.s.resolve(owner, name)
	if err != nil {
		return nil, err
	}
	var names []string
	if v != nil {
		for _, c := range v.columns {
			names = append(names, c.name)
		}
		return names, nil
	}
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names, nil
}

// addType gives a type its number.
func (db *DB) addType(t *dataType) int {
	db.types = append(db.types, t)
	return len(db.types) - 1
}

// declared finds the type of a result by its declaration in SQLite.
func (db *DB) declared(name string) *dataType {
	at := strings.LastIndexByte(name, '_')
	if at < 0 {
		return nil
	}
	var n int
	if _, err := fmt.Sscanf(name[at+1:], "%d", &n); err != nil || n >= len(db.types) {
		return nil
	}
	return db.types[n]
}

// mayRead says whether the user may select from a table, ORA-00942 if not.
func (s *session) mayRead(name objectName) error {
	if name.owner == s.user.name || s.has("SELECT ANY TABLE") || s.has("READ ANY TABLE") ||
		s.may("SELECT", name) || s.may("READ", name) {
		return nil
	}
	return oraError(942)
}

func (s *session) may(privilege string, name objectName) bool {
	return !s.user.limited || s.user.objects[name][privilege] || s.user.objects[name]["ALL"]
}

// has reports whether the user has a system privilege or role.
func (s *session) has(privilege string) bool {
	return !s.user.limited || s.user.grants[privilege] || s.user.grants["DBA"]
}

// mayLook says whether a view of the dictionary shows itself to the user.
func (s *session) mayLook(v *view) bool {
	name := strings.Replace(v.name, "V$", "V_$", 1)
	restricted := strings.HasPrefix(v.name, "V$") || strings.HasPrefix(v.name, "DBA_")
	return !restricted || s.has("SELECT_CATALOG_ROLE") || s.has("SELECT ANY DICTIONARY") ||
		s.may("SELECT", objectName{"SYS", name}) || s.may("SELECT", objectName{"SYS", v.name})
}
