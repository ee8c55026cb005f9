package oracle

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"ggsh/ggserr"
)

// Admin prepares a database for a capture.
type Admin struct{ d *sqlDatabase }

// Administer uses a database that is open already, and does not close it. The password
// of cfg is not needed.
func Administer(ctx context.Context, db *sql.DB) (*Admin, error) {
	d := &sqlDatabase{db: db}
	if err := d.learn(ctx); err != nil {
		return nil, err
	}
	return &Admin{d}, nil
}

// Trandata is what supplemental logging tells of a table.
type Trandata struct {
	Owner, Table string
	Enabled      bool
	All          bool     // every column is logged
	Columns      []string // that are logged with each change; nil with All
	Key          []string // of the table
	Missing      []string // key columns that are not logged
}

// Name is OWNER.TABLE.
func (t *Trandata) Name() string { return fullName(t.Owner, t.Table) }

// TrandataOptions are those of ADD TRANDATA.
type TrandataOptions struct {
	AllColumns bool     // ALLCOLS
	Columns    []string // COLS, besides the key
	NoKey      bool     // NOKEY: Columns alone
}

// maxGroupColumns is how many columns one log group may have.
const maxGroupColumns = 33

// Tables lists the tables that may be meant by a pattern, without the database's own.
func (a *Admin) Tables(ctx context.Context) ([]Name, error) { return a.d.List(ctx) }

// AddTrandata makes the log hold what finds a table's rows: its key, and further
// columns. already says that nothing had to be done.
func (a *Admin) AddTrandata(ctx context.Context, owner, table string, o TrandataOptions) (t Trandata,
	already bool, err error) {
	def, err := a.table(ctx, owner, table)
	if err != nil {
		return t, false, err
	}
	if t, err = a.info(ctx, def); err != nil {
		return t, false, err
	}
	columns := wantedColumns(def, &o)
	if t.All || !o.AllColumns && t.Enabled && len(columns) > 0 && covers(t.Columns, columns) {
		return t, true, nil
	}
	statement := logDataStatement(owner, table, "ADD", "ALL")
	if len(columns) > 0 && len(columns) <= maxGroupColumns && !o.AllColumns {
		group := groupName(def)
		if slices.Contains(a.groups(ctx, def), group) { // it has other columns
			if err := a.exec(ctx, dropGroupStatement(owner, table, group)); err != nil {
				return t, false, err
			}
		}
		statement = addGroupStatement(owner, table, group, columns)
	}
	if err := a.exec(ctx, statement); err != nil {
		return t, false, err
	}
	t, err = a.info(ctx, def)
	return t, false, err
}

// groupName is the name of the log group that ADD TRANDATA makes.
func groupName(t *Table) string { return fmt.Sprintf("GGS_%d", t.Object) }

// wantedColumns are the names to log; none: all of them.
func wantedColumns(t *Table, o *TrandataOptions) []string {
	var list []string
	if !o.NoKey {
		for _, k := range t.Key {
			list = append(list, t.Columns[k].Name)
		}
		if len(list) == 0 {
			return nil
		}
	}
	for _, c := range o.Columns {
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

func covers(have, want []string) bool {
	return !slices.ContainsFunc(want, func(c string) bool { return !slices.Contains(have, c) })
}

// DeleteTrandata takes back what AddTrandata did.
func (a *Admin) DeleteTrandata(ctx context.Context, owner, table string) (Trandata, error) {
	def, err := a.table(ctx, owner, table)
	if err != nil {
		return Trandata{}, err
	}
	t, err := a.info(ctx, def)
	if err != nil {
		return t, err
	}
	if slices.Contains(a.groups(ctx, def), groupName(def)) {
		if err := a.exec(ctx, dropGroupStatement(owner, table, groupName(def))); err != nil {
			return t, err
		}
	}
	if t.All && !a.databaseLogs(ctx, true) {
		if err := a.exec(ctx, logDataStatement(owner, table, "DROP", "ALL")); err != nil {
			return t, err
		}
	}
	return a.info(ctx, def)
}

// InfoTrandata tells what is logged of a table.
func (a *Admin) InfoTrandata(ctx context.Context, owner, table string) (Trandata, error) {
	def, err := a.table(ctx, owner, table)
	if err != nil {
		return Trandata{}, err
	}
	return a.info(ctx, def)
}

// SchemaTables are the tables of a schema, for ADD SCHEMATRANDATA: it does one after the
// other what ADD TRANDATA does, and tables that are made later need it again.
func (a *Admin) SchemaTables(ctx context.Context, schema string) ([]Name, error) {
	all, err := a.d.List(ctx)
	return slices.DeleteFunc(all, func(n Name) bool { return n.Owner != schema }), err
}

// Register makes sure that the database can be captured and gives the SCN from which it
// can: that of now.
func (a *Admin) Register(ctx context.Context) (scn uint64, err error) {
	for _, e := range a.checkDatabase(ctx) {
		if e.Severity == ggserr.Fatal {
			return 0, e
		}
	}
	s, err := a.d.State(ctx)
	return s.SCN, err
}

// Reaches refuses an SCN that no log holds any more.
func (a *Admin) Reaches(ctx context.Context, scn uint64) error {
	files, err := a.d.Files(ctx, scn)
	if err != nil {
		return err
	}
	first := uint64(math.MaxUint64)
	for _, f := range files {
		if f.First <= scn {
			return nil
		}
		first = min(first, f.First)
	}
	return ggserr.New(ggserr.LogProblem, fmt.Sprintf("no log holds SCN %d: the first one that there is begins "+
		"at SCN %d", scn, first)).Do("Restore the archived logs, or take a later SCN.")
}

// table describes a table that has to be there.
func (a *Admin) table(ctx context.Context, owner, table string) (*Table, error) {
	t, err := a.d.Table(ctx, owner, table)
	if err == nil && t == nil {
		err = ggserr.New(ggserr.Generic, "table "+fullName(owner, table)+" does not exist in the source "+
			"database").Do("Correct the name; without quotes it is in upper case.")
	}
	return t, err
}

// info reads the log groups of a table.
func (a *Admin) info(ctx context.Context, def *Table) (Trandata, error) {
	t := Trandata{Owner: def.Owner, Table: def.Name}
	for _, k := range def.Key {
		t.Key = append(t.Key, def.Columns[k].Name)
	}
	args := []any{def.Owner, def.Name}
	var groups []string
	err := a.d.each(ctx, sqlLogGroups, args, func(scan func(...any) error) error {
		var name, kind string
		var always sql.NullString
		if err := scan(&name, &kind, &always); err != nil {
			return err
		}
		switch {
		case kind == "ALL COLUMN LOGGING":
			t.All = true
		case kind == "PRIMARY KEY LOGGING":
			t.Columns = merged(t.Columns, t.Key)
		case kind == "USER LOG GROUP" && always.String == "ALWAYS":
			groups = append(groups, name)
		}
		return nil
	})
	if err != nil {
		return t, err
	}
	for _, g := range groups {
		err := a.d.each(ctx, sqlLogColumns, append(slices.Clone(args), g), func(scan func(...any) error) error {
			var c string
			err := scan(&c)
			t.Columns = merged(t.Columns, []string{c})
			return err
		})
		if err != nil {
			return t, err
		}
	}
	t.All = t.All || a.databaseLogs(ctx, true)
	if a.databaseLogs(ctx, false) {
		t.Columns = merged(t.Columns, t.Key)
	}
	t.Enabled = t.All || len(t.Columns) > 0
	if t.All {
		t.Columns = nil
		return t, nil
	}
	for _, k := range t.Key {
		if !slices.Contains(t.Columns, k) {
			t.Missing = append(t.Missing, k)
		}
	}
	return t, nil
}

func merged(list, more []string) []string {
	for _, c := range more {
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// databaseLogs reports whether the database logs all columns, or all primary keys, of
// every table. What cannot be asked is not so.
func (a *Admin) databaseLogs(ctx context.Context, all bool) bool {
	var minimal, key, every string
	if err := a.d.one(ctx, sqlMinimal, nil, &minimal, &key, &every); err != nil {
		return false
	}
	return all && every == "YES" || !all && key == "YES"
}

// groups names the log groups of a table.
func (a *Admin) groups(ctx context.Context, def *Table) []string {
	var list []string
	// A failure shows with the statement that follows.
	_ = a.d.each(ctx, sqlLogGroups, []any{def.Owner, def.Name}, func(scan func(...any) error) error {
		var name, kind string
		var always sql.NullString
		err := scan(&name, &kind, &always)
		list = append(list, name)
		return err
	})
	return list
}

// exec runs a statement that changes the database.
func (a *Admin) exec(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	_, err := a.d.db.ExecContext(ctx, statement)
	return a.d.failed(err, statement)
}
