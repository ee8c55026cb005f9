package oradb

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ggsh/tests/tns"
)

// sorted gives the tables in the order of their numbers.
func (db *DB) sorted() []*table {
	var list []*table
	for _, t := range db.tables {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *table) int { return a.id - b.id })
	return list
}

// addFamily defines DBA_x, ALL_x and USER_x. The first column is the owner, which
// USER_x does not have.
func (db *DB) addFamily(name, columns string, rows func(s *session) [][]any) error {
	err := db.addView("DBA_"+name, columns, rows)
	if err != nil {
		return err
	}
	err = db.addView("ALL_"+name, columns, func(s *session) [][]any {
		return slices.DeleteFunc(rows(s), func(row []any) bool {
			owner, _ := row[0].(string)
			return owner != s.user.name && s.user.limited && !s.has("SELECT ANY TABLE") &&
				!s.has("SELECT ANY DICTIONARY") && !s.seesSomeOf(owner)
		})
	})
	if err != nil {
		return err
	}
	words := strings.Fields(columns)
	return db.addView("USER_"+name, strings.Join(words[2:], " "), func(s *session) [][]any {
		var own [][]any
		for _, row := range rows(s) {
			if row[0] == s.user.name {
				own = append(own, row[1:])
			}
		}
		return own
	})
}

// seesSomeOf reports whether the user was granted something on an owner's objects.
func (s *session) seesSomeOf(owner string) bool {
	for name := range s.user.objects {
		if name.owner == owner {
			return true
		}
	}
	return false
}

func stamp(t time.Time) string { return stampText(t.Truncate(time.Second), false) }

func (db *DB) dictionaryViews() error {
	columns := "OWNER s128 TABLE_NAME s128 COLUMN_NAME s128 DATA_TYPE s128 DATA_TYPE_MOD s3 " +
		"DATA_TYPE_OWNER s128 DATA_LENGTH n DATA_PRECISION n DATA_SCALE n NULLABLE s1 COLUMN_ID n " +
		"DEFAULT_LENGTH n DATA_DEFAULT l CHARACTER_SET_NAME s44 CHAR_COL_DECL_LENGTH n CHAR_LENGTH n " +
		"CHAR_USED s1 HIDDEN_COLUMN s3 VIRTUAL_COLUMN s3 SEGMENT_COLUMN_ID n INTERNAL_COLUMN_ID n " +
		"QUALIFIED_COL_NAME s4000 USER_GENERATED s3 IDENTITY_COLUMN s3 DEFAULT_ON_NULL s3"
	for _, f := range []viewRow{
		{"TABLES", "OWNER s128 TABLE_NAME s128 TABLESPACE_NAME s30 STATUS s8 LOGGING s3 NUM_ROWS n " +
			"BLOCKS n PARTITIONED s3 IOT_TYPE s12 TEMPORARY s1 SECONDARY s1 NESTED s3 DROPPED s3 " +
			"COMPRESSION s8 DURATION s15 CLUSTER_NAME s128 IOT_NAME s128 EXTERNAL s3 READ_ONLY s3",
			tableRows},
		{"TAB_COLS", columns, columnRows},
		{"TAB_COLUMNS", columns, columnRows},
		{"OBJECTS", "OWNER s128 OBJECT_NAME s128 SUBOBJECT_NAME s128 OBJECT_ID n DATA_OBJECT_ID n " +
			"OBJECT_TYPE s23 CREATED d LAST_DDL_TIME d TIMESTAMP s19 STATUS s7 TEMPORARY s1 " +
			"GENERATED s1 SECONDARY s1 ORACLE_MAINTAINED s1", objectRows},
		{"EXTENTS", "OWNER s128 SEGMENT_NAME s128 PARTITION_NAME s128 SEGMENT_TYPE s18 " +
			"TABLESPACE_NAME s30 EXTENT_ID n FILE_ID n BLOCK_ID n BYTES n BLOCKS n RELATIVE_FNO n",
			extentRows},
		{"SEGMENTS", "OWNER s128 SEGMENT_NAME s128 PARTITION_NAME s128 SEGMENT_TYPE s18 " +
			"TABLESPACE_NAME s30 BYTES n BLOCKS n EXTENTS n", segmentRows},
		{"TAB_COMMENTS", "OWNER s128 TABLE_NAME s128 TABLE_TYPE s11 COMMENTS s4000",
			func(*session) [][]any { return nil }},
		{"TAB_PARTITIONS", "TABLE_OWNER s128 TABLE_NAME s128 PARTITION_NAME s128",
			func(*session) [][]any { return nil }},
		{"LOBS", "OWNER s128 TABLE_NAME s128 COLUMN_NAME s4000 SEGMENT_NAME s128 CHUNK n IN_ROW s3 " +
			"SECUREFILE s3", lobRows},
		{"TRIGGERS", "OWNER s128 TRIGGER_NAME s128 TRIGGER_TYPE s16 TRIGGERING_EVENT s246 " +
			"TABLE_OWNER s128 TABLE_NAME s128 STATUS s8", func(*session) [][]any { return nil }},
		{"SEQUENCES", "SEQUENCE_OWNER s128 SEQUENCE_NAME s128 MIN_VALUE n MAX_VALUE n INCREMENT_BY n " +
			"LAST_NUMBER n", sequenceRows},
		{"VIEWS", "OWNER s128 VIEW_NAME s128 TEXT l", func(*session) [][]any { return nil }},
		{"SYNONYMS", "OWNER s128 SYNONYM_NAME s128 TABLE_OWNER s128 TABLE_NAME s128",
			func(*session) [][]any { return nil }},
	} {
		if err := db.addFamily(f.name, f.columns, f.rows); err != nil {
			return err
		}
	}
	return db.addView("DICTIONARY", "TABLE_NAME s128 COMMENTS s4000", func(s *session) [][]any {
		var rows [][]any
		for name := range s.db.views {
			rows = append(rows, []any{name, nil})
		}
		return rows
	})
}

func tableRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		temporary := "N"
		if t.temporary {
			temporary = "Y"
		}
		rows = append(rows, []any{t.owner, t.name, "USERS", "VALID", "YES", t.rows,
			len(t.extents) * extentBlocks, "NO", nil, temporary, "N", "NO", "NO", "DISABLED", nil, nil, nil,
			"NO", "NO"})
	}
	return rows
}

func columnRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for i, c := range t.columns {
			rows = append(rows, columnRow(t, c, i+1))
		}
	}
	return rows
}

func columnRow(t *table, c *column, n int) []any {
	typ := c.typ
	var precision, scale, set, declared, used, byDefault, size any
	chars := 0
	switch typ.kind {
	case tns.Number:
		if typ.precision > 0 && !(typ.name == "NUMBER" && typ.precision == 38 && typ.scale == 0) {
			precision = typ.precision
		}
		if typ.scale != noScale {
			scale = typ.scale
		}
	case tns.Timestamp, tns.TimestampTZ, tns.TimestampLTZ:
		scale = typ.scale
	case tns.IntervalDS, tns.IntervalYM:
		precision, scale = typ.precision, typ.scale
	case tns.Varchar2, tns.Char, tns.NVarchar2, tns.NChar:
		chars, declared, used = typ.length, typ.length, "B"
		if typ.chars {
			used = "C"
		}
	}
	if typ.character() && typ.kind != tns.Long {
		if set = "CHAR_CS"; typ.national() {
			set = "NCHAR_CS"
		}
	}
	nullable := "Y"
	if c.notNull {
		nullable = "N"
	}
	if c.byDef != "" {
		byDefault, size = c.byDef, len(c.byDef)
	}
	return []any{t.owner, t.name, c.name, typ.name, nil, nil, typ.dataLength(), precision, scale,
		nullable, n, size, byDefault, set, declared, chars, used, "NO", "NO", n, n, c.name, "YES",
		yesNo(c.identity != ""), "NO"}
}

func objectRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		rows = append(rows, []any{t.owner, t.name, nil, t.id, t.dataID, "TABLE", stamp(t.created),
			stamp(t.changed), t.changed.Format("2006-01-02:15:04:05"), "VALID", "N", "N", "N", "N"})
	}
	return rows
}

func extentRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for i, e := range t.extents {
			rows = append(rows, []any{t.owner, t.name, nil, "TABLE", "USERS", i, dataFile, e.first,
				e.blocks * 8192, e.blocks, dataFile})
		}
	}
	return rows
}

func segmentRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		n := len(t.extents) * extentBlocks
		rows = append(rows, []any{t.owner, t.name, nil, "TABLE", "USERS", n * 8192, n, len(t.extents)})
	}
	return rows
}

func lobRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for i, c := range t.columns {
			if c.typ.lob() {
				rows = append(rows, []any{t.owner, t.name, c.name,
					fmt.Sprintf("SYS_LOB%010dC%05d$$", t.id, i+1), 8192, "YES", "YES"})
			}
		}
	}
	return rows
}

func sequenceRows(s *session) [][]any {
	var rows [][]any
	for name, q := range s.db.sequences {
		rows = append(rows, []any{name.owner, name.name, 1, 1 << 60, q.step, q.next})
	}
	return rows
}

func (db *DB) constraintViews() error {
	for _, f := range []viewRow{
		{"CONSTRAINTS", "OWNER s128 CONSTRAINT_NAME s128 CONSTRAINT_TYPE s1 TABLE_NAME s128 " +
			"SEARCH_CONDITION l R_OWNER s128 R_CONSTRAINT_NAME s128 DELETE_RULE s9 STATUS s8 " +
			"DEFERRABLE s14 DEFERRED s9 VALIDATED s13 GENERATED s14 BAD s3 RELY s4 INDEX_OWNER s128 " +
			"INDEX_NAME s128 INVALID s7 VIEW_RELATED s14", constraintRows},
		{"CONS_COLUMNS", "OWNER s128 CONSTRAINT_NAME s128 TABLE_NAME s128 COLUMN_NAME s4000 POSITION n",
			constraintColumnRows},
		{"INDEXES", "OWNER s128 INDEX_NAME s128 INDEX_TYPE s27 TABLE_OWNER s128 TABLE_NAME s128 " +
			"TABLE_TYPE s11 UNIQUENESS s9 STATUS s8 PARTITIONED s3 VISIBILITY s9 CONSTRAINT_INDEX s3",
			indexRows},
		{"IND_COLUMNS", "INDEX_OWNER s128 INDEX_NAME s128 TABLE_OWNER s128 TABLE_NAME s128 " +
			"COLUMN_NAME s4000 COLUMN_POSITION n COLUMN_LENGTH n DESCEND s4", indexColumnRows},
		{"LOG_GROUPS", "OWNER s128 LOG_GROUP_NAME s128 TABLE_NAME s128 LOG_GROUP_TYPE s28 ALWAYS s11 " +
			"GENERATED s14", logGroupRows},
		{"LOG_GROUP_COLUMNS", "OWNER s128 LOG_GROUP_NAME s128 TABLE_NAME s128 COLUMN_NAME s4000 " +
			"POSITION n LOGGING_PROPERTY s6", logGroupColumnRows},
	} {
		if err := db.addFamily(f.name, f.columns, f.rows); err != nil {
			return err
		}
	}
	return nil
}

func constraintRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for _, k := range t.keys {
			if k.kind == "I" {
				continue
			}
			var rOwner, rName, rule, condition, indexOwner, indexName any
			switch k.kind {
			case "R":
				rOwner, rName, rule = k.refers.owner, k.refersKey.name, "NO ACTION"
				if k.onDelete != "" {
					rule = k.onDelete
				}
			case "C":
				condition = k.condition
			default:
				indexOwner, indexName = t.owner, k.name
			}
			status, deferrable, deferred, generated := "ENABLED", "NOT DEFERRABLE", "IMMEDIATE", "USER NAME"
			if k.disabled {
				status = "DISABLED"
			}
			if k.deferrable {
				deferrable = "DEFERRABLE"
			}
			if k.deferred {
				deferred = "DEFERRED"
			}
			if k.generated {
				generated = "GENERATED NAME"
			}
			rows = append(rows, []any{t.owner, k.name, k.kind, t.name, condition, rOwner, rName, rule, status,
				deferrable, deferred, "VALIDATED", generated, nil, nil, indexOwner, indexName, nil, nil})
		}
		for i, c := range t.columns {
			if c.notNull {
				rows = append(rows, []any{t.owner, notNullName(t, i), "C", t.name,
					quote(c.name) + " IS NOT NULL", nil, nil, nil, "ENABLED", "NOT DEFERRABLE", "IMMEDIATE",
					"VALIDATED", "GENERATED NAME", nil, nil, nil, nil, nil, nil})
			}
		}
	}
	return rows
}

func notNullName(t *table, n int) string { return fmt.Sprintf("SYS_C%05d%03d", t.id%100000, n) }

func constraintColumnRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for _, k := range t.keys {
			if k.kind == "I" {
				continue
			}
			for i, name := range k.columns {
				rows = append(rows, []any{t.owner, k.name, t.name, name, i + 1})
			}
		}
		for i, c := range t.columns {
			if c.notNull {
				rows = append(rows, []any{t.owner, notNullName(t, i), t.name, c.name, nil})
			}
		}
	}
	return rows
}

// allIndexes are a table's indexes, those of keys first.
func (t *table) allIndexes() []index {
	var list []index
	for _, k := range t.keys {
		if k.kind == "P" || k.kind == "U" {
			list = append(list, index{k.name, k.columns, true})
		}
	}
	for _, i := range t.indexes {
		list = append(list, *i)
	}
	return list
}

func indexRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for n, i := range t.allIndexes() {
			unique, ofKey := "NONUNIQUE", n < len(t.allIndexes())-len(t.indexes)
			if i.unique {
				unique = "UNIQUE"
			}
			rows = append(rows, []any{t.owner, i.name, "NORMAL", t.owner, t.name, "TABLE", unique, "VALID",
				"NO", "VISIBLE", yesNo(ofKey)})
		}
	}
	return rows
}

func indexColumnRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for _, i := range t.allIndexes() {
			for n, name := range i.columns {
				size := 0
				if c := t.column(name); c != nil {
					size = c.typ.dataLength()
				}
				rows = append(rows, []any{t.owner, i.name, t.owner, t.name, name, n + 1, size, "ASC"})
			}
		}
	}
	return rows
}

func logGroupRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		add := func(on bool, kind, always string) {
			if on {
				rows = append(rows, []any{t.owner, fmt.Sprintf("SYS_C%07d%d", t.id, len(rows)), t.name, kind,
					always, "GENERATED NAME"})
			}
		}
		add(t.log.primary, "PRIMARY KEY LOGGING", "ALWAYS")
		add(t.log.unique, "UNIQUE KEY LOGGING", "CONDITIONAL")
		add(t.log.foreignKey, "FOREIGN KEY LOGGING", "CONDITIONAL")
		add(t.log.all, "ALL COLUMN LOGGING", "ALWAYS")
		for _, g := range t.log.groups {
			always := "CONDITIONAL"
			if g.always {
				always = "ALWAYS"
			}
			rows = append(rows, []any{t.owner, g.name, t.name, "USER LOG GROUP", always, "USER NAME"})
		}
	}
	return rows
}

func logGroupColumnRows(s *session) [][]any {
	var rows [][]any
	for _, t := range s.db.sorted() {
		for _, g := range t.log.groups {
			for i, name := range append(slices.Clone(g.columns), g.noLog...) {
				property := "LOG"
				if i >= len(g.columns) {
					property = "NO LOG"
				}
				rows = append(rows, []any{t.owner, g.name, t.name, name, i + 1, property})
			}
		}
	}
	return rows
}
