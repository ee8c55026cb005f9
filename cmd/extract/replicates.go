package main

import (
	"context"
	"errors"
	"strings"

	"ggsh/capture/mysql"
	"ggsh/capture/sqlite"
	"ggsh/dblogin"
	"ggsh/ggserr"
	"ggsh/param"
)

// selects refuses what the source's log does not tell of a transaction.
func (w *wiring) selects(kind dblogin.Kind) error {
	log := w.run.Capture.Log
	for _, o := range []struct {
		name  string
		given []string
		told  bool
	}{
		{"EXCLUDEUSERID", log.ExcludeUserIDs, false},
		{"EXCLUDETRANS", log.ExcludeTrans, false},
		{"INCLUDETAG", w.run.Tags.Include, kind == dblogin.MySQL},
		{"EXCLUDETAG", w.run.Tags.Exclude, kind == dblogin.MySQL},
		{"EXCLUDEUSER", log.ExcludeUsers, kind == dblogin.Oracle},
	} {
		if len(o.given) > 0 && !o.told {
			return ggserr.New(ggserr.BadParameter, o.name+" "+o.given[0]+
				" selects transactions by what the log of this source does not tell").
				At(w.p.Params().Path, 1, 1).
				Do("Name Replicat's checkpoint table: TRANLOGOPTIONS FILTERTABLE schema.table.")
		}
	}
	return nil
}

// filterTables are the checkpoint tables by which transactions are known for a Replicat's:
// those of FILTERTABLE, else that of GLOBALS. schema is where a table without one lies.
func (w *wiring) filterTables(schema string) ([]string, error) {
	names := w.run.Capture.Log.FilterTables
	if len(names) == 0 && w.globals.CheckpointTable != "" {
		name, err := param.ParseName(w.globals.CheckpointTable)
		if err != nil || schema == "" && len(name.Parts) == 1 {
			return nil, err // without a database it is no table here
		}
		names = []param.Name{name}
	}
	var list []string
	for _, name := range names {
		in := name.Schema().Text
		if len(name.Parts) == 1 {
			in = schema
		}
		if in == "" {
			return nil, ggserr.New(ggserr.BadParameter, "TRANLOGOPTIONS FILTERTABLE "+name.String()+
				" names no database, and neither does SOURCEDB").
				At(name.Pos.File, name.Pos.Line, name.Pos.Column).
				Do("Write FILTERTABLE database.%s.", name)
		}
		list = append(list, in+"."+name.Table().Text)
	}
	return list, nil
}

// tellReplicates says once what becomes of Replicat's transactions and of the others, and
// refuses to leave out the others where nothing tells which they are. known says by what
// a Replicat's transactions are known.
func (w *wiring) tellReplicates(known []string) error {
	o := w.run.Capture
	if w.isLoad() {
		return nil // a load brings rows up to a later moment: whoever changed them
	}
	if len(known) == 0 {
		if o.IgnoreApplications {
			return w.allAlike()
		}
		if o.IgnoreReplicates && !w.saidReplicates {
			w.saidReplicates = true
			w.p.Event(ggserr.New(ggserr.ParameterIgnored, "IGNOREREPLICATES", "nothing tells which changes "+
				"are a Replicat's, as TRANLOGOPTIONS FILTERTABLE does of a database's: all are captured"))
		}
		return nil
	}
	if o.IgnoreApplications && w.ddl.Given {
		return ggserr.New(ggserr.BadParameter, "IGNOREAPPLOPS with DDL: the log does not tell which "+
			"statements are a Replicat's").At(w.p.Params().Path, 1, 1).Do("Take one of them out.")
	}
	if w.saidReplicates {
		return nil
	}
	w.saidReplicates = true
	ours, others := "left out (IGNOREREPLICATES)", "captured (GETAPPLOPS)"
	if o.GetReplicates {
		ours = "captured (GETREPLICATES)"
	}
	if o.IgnoreApplications {
		others = "left out (IGNOREAPPLOPS)"
	}
	w.p.Line("Transactions of Replicat, known by %s, are %s; others are %s.",
		strings.Join(known, ", "), ours, others)
	return nil
}

// allAlike refuses IGNOREAPPLOPS where all transactions are alike.
func (w *wiring) allAlike() error {
	e := ggserr.New(ggserr.BadParameter, "IGNOREAPPLOPS: nothing tells which transactions of this source "+
		"are a Replicat's, so that all would be left out")
	if st, ok := w.p.Params().Last("IGNOREAPPLOPS"); ok {
		e = e.At(st.Pos.File, st.Pos.Line, st.Pos.Column)
	}
	return e.Do("Name Replicat's checkpoint table, TRANLOGOPTIONS FILTERTABLE schema.table, or take it out.")
}

// lookFor warns of tables of FILTERTABLE that are not there: with a name that is not quite
// right, changes would go round in circles.
func (w *wiring) lookFor(ctx context.Context, cfg mysql.Config) error {
	if len(w.run.Capture.Log.FilterTables) == 0 || w.saidReplicates {
		return nil
	}
	for _, name := range cfg.FilterTables {
		schema, table, _ := strings.Cut(name, ".")
		def, err := mysql.TableDef(ctx, cfg, schema, table)
		if err != nil {
			return err
		}
		if def == nil {
			w.p.Event(ggserr.New(ggserr.DatabaseMessage, "there is no table "+name+", which TRANLOGOPTIONS "+
				"FILTERTABLE names: until there is, all changes are taken for those of applications"))
		}
	}
	return nil
}

// sqliteReplicates names the checkpoint tables of a file. That of GLOBALS may be of another.
func (w *wiring) sqliteReplicates(ctx context.Context, cfg *sqlite.Config) error {
	o := w.run.Capture
	if w.isLoad() {
		return nil
	}
	list, err := w.filterTables(sqlite.Schema)
	if err != nil {
		return err
	}
	for _, name := range list {
		_, table, _ := strings.Cut(name, ".")
		if len(o.Log.FilterTables) == 0 {
			t, err := sqlite.InfoTrandata(ctx, cfg.Path, table)
			var none *sqlite.NoTableError
			if errors.As(err, &none) {
				continue
			}
			if err != nil {
				return err
			}
			if !t.Enabled {
				w.p.Event(ggserr.New(ggserr.DatabaseMessage, (&sqlite.UnloggedError{Table: table}).Error()+
					"; until then all changes are captured"))
				continue
			}
		}
		cfg.FilterTables = append(cfg.FilterTables, table)
	}
	cfg.GetReplicates, cfg.IgnoreApplications = o.GetReplicates, o.IgnoreApplications
	return w.tellReplicates(cfg.FilterTables)
}
