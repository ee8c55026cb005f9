package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"ggsh/handler"
	"ggsh/handler/dml"
	"ggsh/record"
)

// table reads a definition from the dictionary. A name that was not quoted is meant
// in upper case, as in SQL; else as it is written, if only that is there.
func table(ctx context.Context, conn *sql.Conn, name handler.TableName) (*record.TableDef, error) {
	t := &record.TableDef{Database: "oracle"}
	schema := name.Schema
	if schema == "" {
		err := conn.QueryRowContext(ctx,
			"SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual").Scan(&schema)
		if err != nil {
			return nil, err
		}
	}
	found, err := candidates(ctx, conn, schema, name.Name)
	if err != nil {
		return nil, err
	}
	written := [2]string{schema, name.Name}
	upper := [2]string{strings.ToUpper(schema), strings.ToUpper(name.Name)}
	tries := [][2]string{upper, {schema, upper[1]}, {upper[0], name.Name}, written}
	if name.Exact {
		tries = [][2]string{written, {upper[0], name.Name}}
		if name.Schema != "" {
			tries = tries[:1]
		}
	}
	at := slices.IndexFunc(tries, func(n [2]string) bool { return slices.Contains(found, n) })
	if at < 0 {
		return nil, &handler.NoTableError{Name: name}
	}
	t.Schema, t.Name = tries[at][0], tries[at][1]
	if err := readColumns(ctx, conn, t); err != nil {
		return nil, err
	}
	return t, readKeys(ctx, conn, t)
}

// candidates are the tables and views of a name, as written or in upper case.
func candidates(ctx context.Context, conn *sql.Conn, schema, name string) ([][2]string, error) {
	rows, err := conn.QueryContext(ctx, `SELECT owner, object_name FROM all_objects
	  WHERE object_type IN ('TABLE', 'VIEW') AND owner IN (:1, :2) AND object_name IN (:3, :4)`,
		schema, strings.ToUpper(schema), name, strings.ToUpper(name))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found [][2]string
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	return found, rows.Err()
}

func readColumns(ctx context.Context, conn *sql.Conn, t *record.TableDef) error {
	rows, err := conn.QueryContext(ctx, `SELECT column_name, data_type, data_length,
	  data_precision, data_scale, nullable, char_length, char_used, virtual_column, hidden_column
	  FROM all_tab_cols WHERE owner = :1 AND table_name = :2
	  AND (hidden_column = 'NO' OR user_generated = 'YES') ORDER BY internal_column_id`,
		t.Schema, t.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var d dictionaryColumn
		err := rows.Scan(&d.name, &d.data, &d.octets, &d.precision, &d.scale, &d.nullable, &d.chars,
			&d.used, &d.virtual, &d.hidden)
		if err != nil {
			return err
		}
		t.Columns = append(t.Columns, d.define())
	}
	return rows.Err()
}

// dictionaryColumn is a row of ALL_TAB_COLS.
type dictionaryColumn struct {
	name, data                      string
	octets, precision, scale, chars sql.NullInt64
	nullable, used, virtual, hidden sql.NullString
}

// define makes the definition of a column.
func (d *dictionaryColumn) define() record.ColumnDef {
	c := record.ColumnDef{Name: d.name, Type: d.typeText(), Nullable: d.nullable.String != "N",
		Generated: d.virtual.String == "YES", Invisible: d.hidden.String == "YES"}
	is := parseType(c.Type)
	c.Kind, c.Length = is.kind(), is.length
	switch is.family {
	case numberType:
		c.Precision, c.Scale = is.precision, is.scale
	case timestampType, zonedType, localType, daysType:
		c.Scale = is.scale
	}
	return c
}

// typeText writes the type as a definition does.
func (d *dictionaryColumn) typeText() string {
	switch d.data {
	case "NUMBER":
		switch {
		case d.precision.Valid && d.scale.Int64 != 0:
			return fmt.Sprintf("NUMBER(%d,%d)", d.precision.Int64, d.scale.Int64)
		case d.precision.Valid:
			return fmt.Sprintf("NUMBER(%d)", d.precision.Int64)
		case d.scale.Valid:
			return fmt.Sprintf("NUMBER(*,%d)", d.scale.Int64)
		}
	case "FLOAT":
		return fmt.Sprintf("FLOAT(%d)", d.precision.Int64)
	case "CHAR", "VARCHAR2":
		unit := "BYTE"
		length := d.octets.Int64
		if d.used.String == "C" {
			unit, length = "CHAR", d.chars.Int64
		}
		return fmt.Sprintf("%s(%d %s)", d.data, length, unit)
	case "NCHAR", "NVARCHAR2":
		return fmt.Sprintf("%s(%d)", d.data, d.chars.Int64)
	case "RAW":
		return fmt.Sprintf("RAW(%d)", d.octets.Int64)
	}
	return d.data
}

// readKeys reads the keys from constraints, and from unique indexes without one.
// Without a primary key the first one that allows no NULL is the key.
func readKeys(ctx context.Context, conn *sql.Conn, t *record.TableDef) error {
	primary, err := readKeySet(ctx, conn, t, `SELECT c.constraint_name, cc.column_name
	  FROM all_constraints c JOIN all_cons_columns cc
	    ON cc.owner = c.owner AND cc.constraint_name = c.constraint_name
	  WHERE c.owner = :1 AND c.table_name = :2 AND c.constraint_type = 'P' AND c.status = 'ENABLED'
	  ORDER BY c.constraint_name, cc.position`)
	if err != nil {
		return err
	}
	if len(primary) > 0 {
		t.Key = primary[0]
	}
	for _, query := range []string{`SELECT c.constraint_name, cc.column_name
	  FROM all_constraints c JOIN all_cons_columns cc
	    ON cc.owner = c.owner AND cc.constraint_name = c.constraint_name
	  WHERE c.owner = :1 AND c.table_name = :2 AND c.constraint_type = 'U' AND c.status = 'ENABLED'
	  ORDER BY c.constraint_name, cc.position`, `SELECT i.index_name, ic.column_name
	  FROM all_indexes i JOIN all_ind_columns ic
	    ON ic.index_owner = i.owner AND ic.index_name = i.index_name
	  WHERE i.table_owner = :1 AND i.table_name = :2 AND i.uniqueness = 'UNIQUE'
	  ORDER BY i.index_name, ic.column_position`} {
		keys, err := readKeySet(ctx, conn, t, query)
		if err != nil {
			return err
		}
		for _, key := range keys {
			known := func(k []int) bool { return sameColumns(k, key) }
			if !known(t.Key) && !slices.ContainsFunc(t.Unique, known) {
				t.Unique = append(t.Unique, key)
			}
		}
	}
	t.PromoteUnique()
	return nil
}

func sameColumns(a, b []int) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// readKeySet reads keys as rows of key and column. One over an expression is none.
func readKeySet(ctx context.Context, conn *sql.Conn, t *record.TableDef,
	query string) ([][]int, error) {
	rows, err := conn.QueryContext(ctx, query, t.Schema, t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys [][]int
	last := ""
	for rows.Next() {
		var name, column string
		if err := rows.Scan(&name, &column); err != nil {
			return nil, err
		}
		if name != last || len(keys) == 0 {
			keys, last = append(keys, nil), name
		}
		keys[len(keys)-1] = append(keys[len(keys)-1], t.Column(column))
	}
	keys = slices.DeleteFunc(keys, func(key []int) bool { return slices.Contains(key, -1) })
	return keys, rows.Err()
}

// inspect looks for foreign keys on either side and for triggers.
func (t *target) inspect(ctx context.Context, conn *sql.Conn,
	def *record.TableDef) (dml.Nature, error) {
	var n dml.Nature
	var links, triggers int
	err := conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM all_constraints c
	  WHERE c.constraint_type = 'R' AND c.status = 'ENABLED'
	  AND (c.owner = :1 AND c.table_name = :2 OR EXISTS (SELECT 1 FROM all_constraints p
	    WHERE p.owner = c.r_owner AND p.constraint_name = c.r_constraint_name
	    AND p.owner = :3 AND p.table_name = :4))`,
		def.Schema, def.Name, def.Schema, def.Name).Scan(&links)
	if err != nil {
		return n, err
	}
	err = conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM all_triggers
	  WHERE table_owner = :1 AND table_name = :2 AND status = 'ENABLED'`,
		def.Schema, def.Name).Scan(&triggers)
	if err != nil {
		return n, err
	}
	n.Ordered = links+triggers > 0
	var notes []string
	if triggers > 0 && t.suppressing != "" {
		notes = append(notes, "the triggers of table "+def.FullName()+" fire, although "+
			"SUPPRESSTRIGGERS is in force: "+t.suppressing+"; have DBMS_GOLDENGATE_AUTH grant the "+
			"privilege, or ALTER TABLE "+def.FullName()+" DISABLE ALL TRIGGERS")
	}
	if columns := t.notCompared(def); len(def.Key) == 0 && columns != "" {
		notes = append(notes, "table "+def.FullName()+" has no key, and its columns "+columns+
			" cannot find a row: rows that differ in them alone are taken for the same")
	}
	n.Note = strings.Join(notes, "; ")
	return n, nil
}

// notCompared lists the columns that no condition can compare.
func (t *target) notCompared(def *record.TableDef) string {
	var names []string
	for i := range def.Columns {
		if c := t.typeOf(&def.Columns[i]); !c.compares() {
			names = append(names, def.Columns[i].Name)
		}
	}
	return strings.Join(names, ", ")
}
