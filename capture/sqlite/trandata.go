package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ggsh/record"
)

// The operations of the log, one letter each. The three tentative ones are rows
// that a conflict clause may be about to remove: they count only when the
// statement that met them went through.
const (
	opInsert        = "I"
	opUpdate        = "U"
	opDelete        = "D"
	opInsertReplace = "r" // before an I of the same new row: REPLACE removed the old one
	opRowidReplace  = "s" // the same where only the row number says that the two meet
	opUpdateReplace = "q" // before a U of the same new row: UPDATE OR REPLACE removed the old one
)

// nowNanos is the log's clock in SQL: Unix time in nanoseconds, to the millisecond.
const nowNanos = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000000"

// Trandata tells what is logged of a table.
type Trandata struct {
	Table   string   // name as the database has it
	Enabled bool     // triggers are there
	Current bool     // and log the table's present columns
	First   bool     // and run before those of others
	Key     []string // columns of the key; none without key
	Columns []string // columns logged
	// Unseen are the unique indexes over some rows or over expressions. A row that
	// REPLACE removes because of one of them alone is not logged as deleted, unless
	// the writer sets PRAGMA recursive_triggers.
	Unseen []string
}

// AddTrandata installs the log and the triggers of a table, or brings them up
// to date. It returns what is logged now, and whether it was so before.
func AddTrandata(ctx context.Context, path, table string,
) (t Trandata, already bool, err error) {
	db, err := open(ctx, path)
	if err != nil {
		return t, false, err
	}
	defer db.Close()
	t, err = info(ctx, db, table)
	if err != nil || t.Current && t.First {
		return t, t.Current, err
	}
	if err := writeAhead(ctx, db); err != nil {
		return t, false, err
	}
	if err := install(ctx, db, t.Table); err != nil {
		return t, false, err
	}
	t, err = info(ctx, db, table)
	return t, false, err
}

// DeleteTrandata removes a table's triggers; what was logged stays.
func DeleteTrandata(ctx context.Context, path, table string) (Trandata, error) {
	db, err := open(ctx, path)
	if err != nil {
		return Trandata{}, err
	}
	defer db.Close()
	t, err := info(ctx, db, table)
	if err != nil {
		return t, err
	}
	if err := uninstall(ctx, db, t.Table); err != nil {
		return t, fmt.Errorf("table %s: %w", t.Table, err)
	}
	return info(ctx, db, table)
}

// uninstall drops a table's triggers and notes, by an empty definition, that
// they are missing by order.
func uninstall(ctx context.Context, db *sql.DB, table string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	_, text, err := lastDefinition(ctx, tx, table)
	if err != nil {
		return err
	}
	if err := dropTriggers(ctx, tx, table); err != nil {
		return err
	}
	if text != "" {
		_, err := tx.ExecContext(ctx, "INSERT INTO "+tablesTable+" (name, def) VALUES (?, '')", table)
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

// writeAhead puts the database into WAL mode, in which readers and writers do
// not lock each other out: a client without a busy timeout would otherwise fail
// now and then because the log is being read. A file system or a database in
// use that does not allow it leaves things as they are.
func writeAhead(ctx context.Context, db *sql.DB) error {
	var mode string
	err := db.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode)
	if err != nil && !isBusy(err) {
		return fmt.Errorf("journal mode: %w", err)
	}
	return nil
}

// ourTriggers picks the log's triggers from sqlite_schema.
const ourTriggers = `type='trigger' AND name LIKE 'ggs\___\_%' ESCAPE '\'`

func dropTriggers(ctx context.Context, tx *sql.Tx, table string) error {
	list, err := names(ctx, tx, "SELECT name FROM sqlite_schema WHERE "+ourTriggers+
		" AND tbl_name = ?", table)
	if err != nil {
		return err
	}
	for _, name := range list {
		if _, err := tx.ExecContext(ctx, "DROP TRIGGER "+quoteName(name)); err != nil {
			return err
		}
	}
	return nil
}

// InfoTrandata tells what is logged of a table.
func InfoTrandata(ctx context.Context, path, table string) (Trandata, error) {
	db, err := open(ctx, path)
	if err != nil {
		return Trandata{}, err
	}
	defer db.Close()
	return info(ctx, db, table)
}

// userTables picks the user's tables from sqlite_schema.
const userTables = `SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite\_%'
	ESCAPE '\' AND name NOT LIKE 'ggs\_%' ESCAPE '\' ORDER BY name`

// Tables lists the user's tables, sorted.
func Tables(ctx context.Context, path string) ([]string, error) {
	db, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	list, err := names(ctx, db, userTables)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return list, nil
}

// Definitions reads the tables of a database file as they are now, by name.
func Definitions(ctx context.Context, path string,
	want func(schema, table string) bool) ([]*record.TableDef, error) {
	db, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	list, err := names(ctx, db, userTables)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	var defs []*record.TableDef
	for _, name := range list {
		if !want(Schema, name) {
			continue
		}
		def, err := Define(ctx, db, name)
		if err != nil {
			return nil, err
		}
		defs = append(defs, def)
	}
	return defs, nil
}

func info(ctx context.Context, db *sql.DB, table string) (Trandata, error) {
	def, err := Define(ctx, db, table)
	if err != nil {
		return Trandata{}, err
	}
	t := Trandata{Table: def.Name}
	for _, k := range def.Key {
		t.Key = append(t.Key, def.Columns[k].Name)
	}
	for i := range def.Columns {
		t.Columns = append(t.Columns, def.Columns[i].Name)
	}
	if t.Unseen, err = unseen(ctx, db, def.Name); err != nil {
		return t, err
	}
	var ours int
	others := "SELECT max(rowid) FROM sqlite_schema WHERE type='trigger' AND tbl_name=?1" +
		" AND NOT (" + ourTriggers + ")"
	err = db.QueryRowContext(ctx, "SELECT count(*), count(*) > 0 AND min(rowid) > coalesce(("+
		others+"), 0) FROM sqlite_schema WHERE tbl_name=?1 AND "+ourTriggers,
		def.Name).Scan(&ours, &t.First)
	if err != nil {
		return t, err
	}
	t.Enabled = ours == len(triggerKinds)
	if !t.Enabled {
		return t, nil
	}
	_, logged, err := lastDefinition(ctx, db, def.Name)
	if err != nil {
		return t, err
	}
	t.Current = logged == definitionText(def)
	return t, nil
}

// lastDefinition finds the definition that a table's triggers log by.
func lastDefinition(ctx context.Context, q querier, table string,
) (id int64, text string, err error) {
	err = q.QueryRowContext(ctx, "SELECT id, def FROM "+tablesTable+
		" WHERE name=? ORDER BY id DESC LIMIT 1", table).Scan(&id, &text)
	if errors.Is(err, sql.ErrNoRows) || missingTable(err, tablesTable) {
		return 0, "", nil
	}
	return id, text, err
}

// querier is what reads need of a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// install writes definition and triggers in one transaction. SQLite runs the
// triggers of one event in the reverse order of their making: made anew, ours
// run first, and log a row before another trigger changes it again.
func install(ctx context.Context, db *sql.DB, table string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	defer tx.Rollback()
	for _, s := range []string{
		"CREATE TABLE IF NOT EXISTS " + tablesTable +
			" (id INTEGER PRIMARY KEY, name TEXT NOT NULL, def TEXT NOT NULL)",
		"CREATE TABLE IF NOT EXISTS " + logTable + " (seq INTEGER PRIMARY KEY AUTOINCREMENT," +
			" tab INTEGER NOT NULL, op TEXT NOT NULL, ts INTEGER NOT NULL, old TEXT, new TEXT)",
	} {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("create change log: %w", err)
		}
	}
	if err := installTriggers(ctx, tx, table); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	return tx.Commit()
}

func installTriggers(ctx context.Context, tx *sql.Tx, table string) error {
	def, err := Define(ctx, tx, table)
	if err != nil {
		return err
	}
	before, text, err := lastDefinition(ctx, tx, def.Name)
	if err != nil {
		return err
	}
	id := before
	if text != definitionText(def) {
		res, err := tx.ExecContext(ctx, "INSERT INTO "+tablesTable+" (name, def) VALUES (?, ?)",
			def.Name, definitionText(def))
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		if err := logAdded(ctx, tx, def, id, text); err != nil {
			return err
		}
	}
	if err := dropTriggers(ctx, tx, def.Name); err != nil {
		return err
	}
	meet, err := conflictsOf(ctx, tx, def)
	if err != nil {
		return err
	}
	for _, s := range triggers(def, id, meet) {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// logAdded logs an update of each row in which a column added since the last
// definition has got a value: the triggers of that definition did not see it.
func logAdded(ctx context.Context, tx *sql.Tx, def *record.TableDef, id int64, last string,
) error {
	was := &record.TableDef{}
	if last == "" || json.Unmarshal([]byte(last), was) != nil ||
		len(was.Columns) >= len(def.Columns) {
		return nil
	}
	defaults := map[int]string{}
	var changed []string
	for i := len(was.Columns); i < len(def.Columns); i++ {
		if def.Columns[i].Generated {
			continue
		}
		var value sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT dflt_value FROM pragma_table_xinfo(?) WHERE cid = ?",
			def.Name, i).Scan(&value)
		if err != nil {
			return err
		}
		defaults[i] = "NULL"
		if value.Valid {
			defaults[i] = "(" + value.String + ")"
		}
		changed = append(changed, "t."+quoteName(def.Columns[i].Name)+" IS NOT "+defaults[i])
	}
	if len(changed) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (tab, op, ts, old, new)"+
		" SELECT %d, '%s', %s, %s, %s FROM %s AS t WHERE %s", logTable, id, opUpdate, nowNanos,
		rowText(def, "t", defaults), rowText(def, "t", nil), quoteName(def.Name),
		strings.Join(changed, " OR ")))
	return err
}

func definitionText(def *record.TableDef) string {
	b, err := json.Marshal(def)
	if err != nil {
		panic(err) // a TableDef holds only what JSON holds
	}
	return string(b)
}

// triggerKinds name the five triggers of a table.
var triggerKinds = []string{"bi", "bu", "ai", "au", "ad"}

func triggerName(table, kind string) string {
	return quoteName(prefix + kind + "_" + table)
}

// triggers gives the statements that create a table's triggers.
func triggers(def *record.TableDef, id int64, meet conflicts) []string {
	row := func(alias string) string { return rowText(def, alias, nil) }
	log := func(op, old, fresh string) string {
		return fmt.Sprintf("INSERT INTO %s (tab, op, ts, old, new) VALUES (%d, '%s', %s, %s, %s);",
			logTable, id, op, nowNanos, old, fresh)
	}
	replaced := func(op, but string) string {
		return fmt.Sprintf("INSERT INTO %s (tab, op, ts, old, new)"+
			" SELECT %d, %s, %s, %s, %s FROM %s AS t WHERE (%s OR %s)%s;", logTable, id, op, nowNanos,
			row("t"), row("NEW"), quoteName(def.Name), meet.rowid, meet.indexes, but)
	}
	insertOp := fmt.Sprintf("CASE WHEN %s THEN '%s' ELSE '%s' END", meet.indexes, opInsertReplace,
		opRowidReplace)
	bodies := map[string][2]string{
		"ai": {"AFTER INSERT", log(opInsert, "NULL", row("NEW"))},
		"au": {"AFTER UPDATE", log(opUpdate, row("OLD"), row("NEW"))},
		"ad": {"AFTER DELETE", log(opDelete, row("OLD"), "NULL")},
		"bi": {"BEFORE INSERT", replaced(insertOp, "")},
		"bu": {"BEFORE UPDATE", replaced("'"+opUpdateReplace+"'", " AND NOT ("+sameRow(def)+")")},
	}
	var out []string
	for _, kind := range triggerKinds {
		b := bodies[kind]
		out = append(out, fmt.Sprintf("CREATE TRIGGER %s %s ON %s BEGIN %s END",
			triggerName(def.Name, kind), b[0], quoteName(def.Name), b[1]))
	}
	return out
}

// rowText is the SQL of a row's log text: each value as quote() gives it,
// separated by commas. Text with a NUL, which quote() would cut, goes as T and
// its octets. instead gives expressions that stand for columns.
func rowText(def *record.TableDef, alias string, instead map[int]string) string {
	parts := make([]string, len(def.Columns))
	for i := range def.Columns {
		c, ok := instead[i]
		if !ok {
			c = alias + "." + quoteName(def.Columns[i].Name)
		}
		parts[i] = fmt.Sprintf("CASE WHEN typeof(%s)='text' AND instr(%s,char(0))>0"+
			" THEN 'T'||quote(CAST(%s AS BLOB)) ELSE quote(%s) END", c, c, c, c)
	}
	return joinText(parts)
}

// joinText joins expressions as a balanced tree: SQLite bounds its depth.
func joinText(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	half := len(parts) / 2
	return "(" + joinText(parts[:half]) + ")||','||(" + joinText(parts[half:]) + ")"
}

// conflicts are the conditions that match the rows of t that NEW meets: by row
// number, and in a unique index.
type conflicts struct{ rowid, indexes string }

func conflictsOf(ctx context.Context, q querier, def *record.TableDef) (conflicts, error) {
	meet := conflicts{rowid: "0", indexes: "0"}
	if rowidColumn(def) >= 0 {
		meet.rowid = keyEquals(def, def.Key, "t", "NEW", "=")
	}
	indexes, err := names(ctx, q, "SELECT name FROM pragma_index_list(?) AS l WHERE \"unique\" = 1"+
		" AND NOT ("+unseenIndex+") ORDER BY name", def.Name)
	if err != nil {
		return meet, err
	}
	var terms []string
	for _, index := range indexes {
		columns, err := names(ctx, q, `SELECT 't."' || replace(name, '"', '""') || '" = NEW."' ||
			replace(name, '"', '""') || '" COLLATE ' || coll FROM pragma_index_xinfo(?)
			WHERE key = 1 ORDER BY seqno`, index)
		if err != nil {
			return meet, err
		}
		terms = append(terms, strings.Join(columns, " AND "))
	}
	if len(terms) > 0 {
		meet.indexes = "((" + strings.Join(terms, ") OR (") + "))"
	}
	return meet, nil
}

// unseenIndex picks from pragma_index_list AS l the indexes whose conflicts no
// condition over columns finds.
const unseenIndex = "l.partial = 1 OR" +
	" EXISTS (SELECT 1 FROM pragma_index_info(l.name) WHERE cid < 0)"

func unseen(ctx context.Context, q querier, table string) ([]string, error) {
	return names(ctx, q, "SELECT name FROM pragma_index_list(?) AS l WHERE \"unique\" = 1 AND ("+
		unseenIndex+") ORDER BY name", table)
}

// sameRow matches the row of t that is being updated.
func sameRow(def *record.TableDef) string {
	if len(def.Key) == 0 {
		return "t.rowid = OLD.rowid"
	}
	return keyEquals(def, def.Key, "t", "OLD", "IS")
}

func keyEquals(def *record.TableDef, key []int, a, b, operator string) string {
	var terms []string
	for _, k := range key {
		c := quoteName(def.Columns[k].Name)
		terms = append(terms, a+"."+c+" "+operator+" "+b+"."+c)
	}
	return strings.Join(terms, " AND ")
}
