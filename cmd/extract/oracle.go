package main

import (
	"context"
	"slices"
	"strings"

	"ggsh/capture/oracle"
	"ggsh/checkpoint"
	"ggsh/control"
	"ggsh/dblogin"
	"ggsh/extract"
	"ggsh/ggserr"
	"ggsh/record"
)

// oracleConfig is what a capture and a snapshot of an Oracle database share.
func (w *wiring) oracleConfig(l dblogin.Login, want func(schema, table string) bool) (oracle.Config, error) {
	log := w.run.Capture.Log
	cfg := oracle.Config{Group: w.p.Group(), SchemaFile: w.p.Home().Definitions(w.p.Group()),
		CacheSize: w.run.Memory.Size, SpoolDir: w.spoolDir(), Want: want, Warn: w.p.Event,
		ExcludeUsers: log.ExcludeUsers, ArchivedOnly: log.ArchivedOnly, IgnoreObjects: log.IgnoreObjects, NoFetch: w.run.Capture.NoFetch,
		NoLatest: w.run.Capture.NoLatest,
		Connect: func(ctx context.Context) (oracle.Database, error) {
			return oracle.OpenDatabase(ctx, dblogin.OracleConfig(l))
		}}
	if log.Catalog {
		cfg.Mode = oracle.Catalog
	}
	cfg.GetReplicates, cfg.IgnoreApplications = w.run.Capture.GetReplicates, w.run.Capture.IgnoreApplications
	var err error
	if cfg.FilterTables, err = w.filterTables(strings.ToUpper(l.User)); err != nil {
		return cfg, err
	}
	return cfg, w.tellReplicates(append(slices.Clone(cfg.FilterTables), cfg.ExcludeUsers...))
}

// openOracle opens the log of an Oracle database.
func (w *wiring) openOracle(ctx context.Context, l dblogin.Login, start extract.SourceStart) (extract.Source, error) {
	cfg, err := w.oracleConfig(l, start.Want)
	if err != nil {
		return nil, err
	}
	cfg.Start = oracle.Start{Restart: start.Restart}
	switch b := start.Begin; b.Kind {
	case checkpoint.BeginCSN:
		if b.CSN.Minor > 0 {
			cfg.Start.SCN = b.CSN.Minor - 1 // what is committed at it comes too
		}
	case checkpoint.BeginEOF:
	case checkpoint.BeginSeqno, checkpoint.BeginEarliest:
		return nil, ggserr.New(ggserr.Generic, "Oracle's log is not read from a file's place or its first file").
			Do("ALTER the EXTRACT to an SCN, which FIRST_CHANGE# of V$ARCHIVED_LOG tells, or to BEGIN a time.")
	default:
		cfg.Start.Time = b.Time
	}
	if w.isLoad() {
		// A load brings rows up to a later moment: whoever changed them.
		cfg.FilterTables, cfg.ExcludeUsers, cfg.SchemaFile = nil, nil, ""
		cfg.IgnoreApplications = false
	}
	w.tellOracle(cfg.Mode)
	src, err := oracle.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return oracleSource{src}, nil
}

// tellOracle says how the log is read, whatever words ask for it.
func (w *wiring) tellOracle(mode oracle.Mode) {
	how := "without a dictionary: values come as the log holds them"
	if mode == oracle.Catalog {
		how = "with the dictionary on line"
	}
	asked := "TRANLOG"
	if doc := w.p.Document(); doc != nil && doc.Group.Integrated {
		asked = "INTEGRATED TRANLOG"
	}
	w.p.Line("%s: the log is read by LogMiner sessions of this process, %s.", asked, how)
}

type oracleSource struct{ *oracle.Source }

// Product is the server that is read.
func (s oracleSource) Product() string { return s.Status().Server }

// OpenTransactions are those whose changes wait for their commit.
func (s oracleSource) OpenTransactions() []control.OpenTxn {
	var out []control.OpenTxn
	for _, t := range s.Source.OpenTransactions() {
		out = append(out, control.OpenTxn{XID: t.XID, Items: t.Items, Start: t.Start,
			SCN: t.SCN, User: t.User, Status: "Running"})
	}
	return out
}

// loadOracle makes the snapshot of an initial load.
func (w *wiring) loadOracle(lc *extract.LoadConfig, l dblogin.Login) {
	cfg := oracle.SnapshotConfig{Client: dblogin.OracleConfig(l), Want: lc.Plan.Wants, Warn: w.p.Event}
	lc.OpenSnapshot = func(ctx context.Context, readers int, loaded record.CSN) (extract.Snapshot, int, error) {
		cfg.SCN = loaded.Minor
		s, err := oracle.OpenSnapshot(ctx, cfg, readers)
		if err != nil {
			return nil, 0, err
		}
		w.p.Line("Source: %s", s.Server())
		return oracleTables{s}, s.Readers(), nil
	}
}

// oracleTables is the capture's snapshot as an engine reads it.
type oracleTables struct{ *oracle.Snapshot }

// Tables lists the tables.
func (s oracleTables) Tables() []extract.SnapshotTable {
	var list []extract.SnapshotTable
	for _, t := range s.Snapshot.Tables() {
		list = append(list, extract.SnapshotTable{Def: t.Def, Rows: t.Rows, Key: t.Key})
	}
	return list
}

// Bounds gives the ends of a table's blocks.
func (s oracleTables) Bounds(ctx context.Context, reader, table int) (extract.Bounds, error) {
	low, high, any, err := s.Snapshot.Bounds(ctx, reader, s.Snapshot.Tables()[table])
	return extract.Bounds{Low: low, High: high, Any: any}, err
}

// Read reads a part.
func (s oracleTables) Read(ctx context.Context, reader int, p extract.Part,
	take func(op []byte) error) error {
	part := oracle.Part{Table: s.Snapshot.Tables()[p.Table], From: p.From, To: p.To, Where: p.Where}
	return s.Snapshot.Read(ctx, reader, part, take)
}
