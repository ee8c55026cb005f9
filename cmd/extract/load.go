package main

import (
	"context"
	"slices"

	"ggsh/capture/mysql"
	"ggsh/capture/sqlite"
	"ggsh/checkpoint"
	"ggsh/dblogin"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/param"
	"ggsh/record"
)

// load makes the configuration of an initial load. A group's load has a ledger and
// can be started again; one that is no group's is one run.
func (w *wiring) load(cfg extract.Config) (func(context.Context) error, error) {
	login, err := w.sourceLogin()
	if err != nil {
		return nil, err
	}
	lc := extract.LoadConfig{Config: cfg, Readers: w.run.Load.Parallel, ChunkRows: w.run.Load.ChunkRows,
		OpenChanges: func(ctx context.Context, restart string) (extract.Source, error) {
			return w.openDatabase(ctx, login, extract.SourceStart{Restart: restart, Want: cfg.Plan.Wants})
		}}
	// A task elsewhere begins anew with each load.
	lc.Anew = len(w.tasks()) > 0
	if w.p.Document() != nil {
		lc.Ledger = checkpoint.LoadAt(w.p.Home().Load(w.p.Group()))
		if n := len(cfg.Outputs); n > 1 && !lc.Anew {
			at := w.outputs[1].Pos
			return nil, ggserr.New(ggserr.BadParameter, "an initial load that can be started again writes one "+
				"trail or file, and the parameter file names more").At(at.File, at.Line, at.Column).
				Do("Give each output a group of its own.")
		}
	}
	if slices.ContainsFunc(cfg.Plan.Statements(), func(t *param.TableStatement) bool {
		return t.Source.Wild()
	}) {
		w.p.Info(ggserr.WildcardImmediate)
	}
	if login.Embedded != "" {
		w.loadSQLite(&lc, w.p.Home().Resolve(login.Embedded))
		return w.runLoad(lc), nil
	}
	l, err := w.login(login)
	if err != nil {
		return nil, err
	}
	if l.Kind == dblogin.Oracle {
		w.loadOracle(&lc, l)
		return w.runLoad(lc), nil
	}
	mc := mysql.Config{Group: w.p.Group(), Host: l.Host, Port: l.Port, User: l.User, Password: l.Password,
		SpoolDir: w.spoolDir(), Want: cfg.Plan.Wants, Warn: w.p.Event}
	lc.OpenSnapshot = func(ctx context.Context, readers int, _ record.CSN) (extract.Snapshot, int, error) {
		s, err := mysql.OpenSnapshot(ctx, mc, readers)
		if err != nil {
			return nil, 0, lost(err)
		}
		w.p.Line("Source: %s", s.Server())
		return mysqlTables{s}, s.Readers(), nil
	}
	return w.runLoad(lc), nil
}

// runLoad loads, and tells the tasks when that is done.
func (w *wiring) runLoad(lc extract.LoadConfig) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := extract.RunLoad(ctx, lc); err != nil {
			return err
		}
		return w.endTasks(ctx)
	}
}

func (w *wiring) loadSQLite(lc *extract.LoadConfig, path string) {
	name, hold := w.p.Group(), lc.Ledger != nil && !lc.Anew
	lc.OpenSnapshot = func(ctx context.Context, readers int, _ record.CSN) (extract.Snapshot, int, error) {
		s, err := sqlite.OpenSnapshot(ctx, sqlite.SnapshotConfig{Path: path, Name: name, Hold: hold,
			Want: lc.Plan.Wants,
			Warn: func(text string) { w.p.Event(ggserr.New(ggserr.DatabaseMessage, text)) }}, readers)
		if err != nil {
			return nil, 0, err
		}
		return sqliteTables{s}, s.Readers(), nil
	}
	lc.Free = func(ctx context.Context, from record.CSN) error {
		return sqlite.ReleaseLoad(ctx, path, name, int64(from.Minor))
	}
}

// lost marks errors of a connection: a load with ledger connects again.
func lost(err error) error {
	if mysql.Retryable(err) {
		return passing{err}
	}
	return err
}

// snapshotTable describes a table whose parts are told by a column, none when it is
// below zero.
func snapshotTable(def *record.TableDef, rows int64, key int) extract.SnapshotTable {
	t := extract.SnapshotTable{Def: def, Rows: rows}
	if key >= 0 {
		t.Key = def.Columns[key].Name
	}
	return t
}

// mysqlTables and sqliteTables are the captures' snapshots as an engine reads them.
type mysqlTables struct{ *mysql.Snapshot }

// Tables lists the tables.
func (s mysqlTables) Tables() []extract.SnapshotTable {
	var list []extract.SnapshotTable
	for _, t := range s.Snapshot.Tables() {
		list = append(list, snapshotTable(t.Def, t.Rows, t.Key))
	}
	return list
}

// Bounds gives the ends of a table's keys.
func (s mysqlTables) Bounds(ctx context.Context, reader, table int) (extract.Bounds, error) {
	low, high, any, err := s.Snapshot.Bounds(ctx, reader, s.Snapshot.Tables()[table])
	return extract.Bounds{Low: low, High: high, Any: any}, lost(err)
}

// Read reads a part.
func (s mysqlTables) Read(ctx context.Context, reader int, p extract.Part,
	take func(op []byte) error) error {
	part := mysql.Part{Table: s.Snapshot.Tables()[p.Table], From: p.From, To: p.To, Where: p.Where}
	return lost(s.Snapshot.Read(ctx, reader, part, take))
}

type sqliteTables struct{ *sqlite.TableSnapshot }

// Tables lists the tables.
func (s sqliteTables) Tables() []extract.SnapshotTable {
	var list []extract.SnapshotTable
	for _, t := range s.TableSnapshot.Tables() {
		list = append(list, snapshotTable(t.Def, t.Rows, t.Key))
	}
	return list
}

// Bounds gives the ends of a table's keys.
func (s sqliteTables) Bounds(ctx context.Context, reader, table int) (extract.Bounds, error) {
	low, high, any, err := s.TableSnapshot.Bounds(ctx, reader, s.TableSnapshot.Tables()[table])
	return extract.Bounds{Low: low, High: high, Any: any}, err
}

// Read reads a part.
func (s sqliteTables) Read(ctx context.Context, reader int, p extract.Part,
	take func(op []byte) error) error {
	part := sqlite.Part{Table: s.TableSnapshot.Tables()[p.Table], From: p.From, To: p.To, Where: p.Where}
	return s.TableSnapshot.Read(ctx, reader, part, take)
}
