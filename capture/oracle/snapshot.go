package oracle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"ggsh/capture/oracle/redo"
	"ggsh/ggserr"
	"ggsh/oracleclient"
	"ggsh/record"
)

// SnapshotConfig says what a snapshot is of.
type SnapshotConfig struct {
	Client oracleclient.Config
	// Want tells which tables are read; nil all but the database's own.
	Want func(owner, table string) bool
	// SCN is the commit as of which rows are read, 0 for the present one. An earlier one
	// can be read for as long as its undo is kept.
	SCN  uint64
	Warn func(*ggserr.Error)
}

// Snapshot is the wanted tables as they stood at one SCN. Several readers may use it at
// once.
type Snapshot struct {
	cfg     Config
	d       *sqlDatabase
	at      restart
	taken   time.Time
	tables  []*SnapshotTable
	readers int
}

// SnapshotTable is one table of a snapshot.
type SnapshotTable struct {
	Def *record.TableDef
	// Rows is the number that statistics tell, -1 without.
	Rows int64
	// Key is ROWID where the table can be read in parts, ranges of blocks; else empty.
	Key string

	plan     *plan
	segments []uint64
	columns  string
}

// OpenSnapshot takes a snapshot for a number of readers. No table is locked: rows are
// read as of one SCN.
func OpenSnapshot(ctx context.Context, cfg SnapshotConfig, readers int) (*Snapshot, error) {
	s := &Snapshot{cfg: Config{Want: cfg.Want, Warn: cfg.Warn}.completed(), readers: max(readers, 1)}
	var err error
	if s.d, err = openSQL(ctx, cfg.Client); err != nil {
		return nil, err
	}
	s.d.db.SetMaxOpenConns(s.readers + 1)
	if err = s.position(ctx, cfg.SCN); err == nil {
		err = s.describe(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// position finds the SCN, and from where the log has to be read for what is not in the
// snapshot: the begin of the oldest transaction that was open then.
func (s *Snapshot) position(ctx context.Context, scn uint64) error {
	state, from, err := openSince(ctx, s.d)
	if err != nil {
		return err
	}
	s.taken = time.Now().UTC()
	if scn == 0 {
		scn = state.SCN
	}
	s.at = restart{Done: scn, From: min(from, scn+1), ID: state.ID, Resetlogs: state.Resetlogs}
	return nil
}

// openSince gives the present state, and the SCN from which on all transactions that are
// open then began. The order matters: what begins behind the first look begins behind
// its SCN.
func openSince(ctx context.Context, logs Catalogue) (state State, from uint64, err error) {
	if state, err = logs.State(ctx); err != nil {
		return state, 0, err
	}
	from = state.SCN
	open, err := logs.Open(ctx)
	if err != nil {
		return state, 0, err
	}
	for _, t := range open {
		if t.Start > 0 {
			from = min(from, t.Start)
		}
	}
	state, err = logs.State(ctx)
	return state, max(from, 1), err
}

// describe reads the definitions of the tables. They are those of now: a table that was
// altered since the SCN is refused when it is read.
func (s *Snapshot) describe(ctx context.Context) error {
	names, err := s.d.List(ctx)
	if err != nil {
		return err
	}
	for _, n := range names {
		if !s.cfg.wanted(n.Owner, n.Name) {
			continue
		}
		t, err := s.d.Table(ctx, n.Owner, n.Name)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		p, err := newPlan(&version{Since: s.at.Done, Table: t}, s.d.fixed.Octets, uint32(len(s.tables)+1))
		if err != nil {
			return err
		}
		table := &SnapshotTable{Def: p.def, Rows: -1, plan: p}
		if err := s.storage(ctx, table); err != nil {
			return err
		}
		table.prepare()
		s.tables = append(s.tables, table)
	}
	return nil
}

// storage learns how many rows there are about, and of which segments a table is made.
func (s *Snapshot) storage(ctx context.Context, t *SnapshotTable) error {
	args := []any{t.Def.Schema, t.Def.Name}
	var rows sql.NullInt64
	var organized sql.NullString
	if err := s.d.one(ctx, sqlRows, args, &rows, &organized); err != nil {
		return err
	}
	if rows.Valid {
		t.Rows = rows.Int64
	}
	if organized.String != "" {
		return nil // its rows have no places in blocks
	}
	t.Key = "ROWID"
	return s.d.each(ctx, sqlSegments, args, func(scan func(...any) error) error {
		var object uint64
		err := scan(&object)
		t.segments = append(t.segments, object)
		return err
	})
}

// prepare writes the list of columns.
func (t *SnapshotTable) prepare() {
	list := make([]string, len(t.Def.Columns))
	for i, source := range t.plan.source {
		list[i] = selectedColumn(&t.plan.table.Columns[source])
	}
	t.columns = strings.Join(list, ", ")
	if len(t.segments) == 0 {
		t.Key = ""
	}
}

// Position is the SCN of the snapshot, as a transaction without operations.
func (s *Snapshot) Position() record.Txn {
	return record.Txn{TxnInfo: record.TxnInfo{CSN: record.CSN{Minor: s.at.Done}, CommitTime: s.taken},
		Restart: s.at.text()}
}

// Server names the server and its version.
func (s *Snapshot) Server() string { return s.d.fixed.Product }

// Readers is how many may read at once.
func (s *Snapshot) Readers() int { return s.readers }

// Tables are the wanted tables by schema and name.
func (s *Snapshot) Tables() []*SnapshotTable { return s.tables }

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.d.Close() }

// Bounds gives the first and the last block of a table; any is false for one without
// blocks.
func (s *Snapshot) Bounds(ctx context.Context, _ int, t *SnapshotTable) (low, high int64, any bool,
	err error) {
	err = s.d.each(ctx, sqlExtents, []anyValue{t.Def.Schema, t.Def.Name},
		func(scan func(...anyValue) error) error {
			var file, first, last int64
			if err := scan(&file, &first, &last); err != nil {
				return err
			}
			from, to := packBlock(file, first), packBlock(file, last)
			if !any || from < low {
				low = from
			}
			if !any || to > high {
				high = to
			}
			any = true
			return nil
		})
	return low, high, any, err
}

// anyValue is any, where that word means something else.
type anyValue = interface{}

// Part is the rows of a table in a range of blocks, ends of int64 meaning that there is
// no end, and for which the condition Where holds if one is given.
type Part struct {
	Table    *SnapshotTable
	From, To int64
	Where    string
}

// Read gives the rows of a part as inserts. An operation lives until take returns.
func (s *Snapshot) Read(ctx context.Context, _ int, p Part, take func(op []byte) error) error {
	q := s.query(p)
	rows, err := s.d.db.QueryContext(ctx, q)
	if err != nil {
		return s.readFailed(err, p.Table, q)
	}
	r := newRowReader(p.Table)
	for err == nil && rows.Next() {
		var op []byte
		if err = rows.Scan(r.dest...); err != nil {
			break
		}
		if op, err = r.insert(); err == nil {
			err = take(op)
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	if err == nil {
		err = rows.Err()
	}
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return s.readFailed(err, p.Table, q)
	}
	return nil
}

func (s *Snapshot) query(p Part) string {
	t := p.Table
	q := fmt.Sprintf("SELECT %s FROM %s AS OF SCN %d", t.columns, quoteTable(t.Def.Schema, t.Def.Name),
		s.at.Done)
	var terms []string
	if where := strings.TrimSpace(p.Where); where != "" {
		terms = append(terms, "("+where+")")
	}
	if t.Key != "" {
		if c := rowIDCondition(t.segments, p.From, p.To); c != "" {
			terms = append(terms, c)
		}
	}
	if len(terms) > 0 {
		q += " WHERE " + strings.Join(terms, " AND ")
	}
	return q
}

// readFailed says what to do when a table cannot be read as of the SCN.
func (s *Snapshot) readFailed(err error, t *SnapshotTable, q string) error {
	if oracleclient.ClassOf(err) == oracleclient.Snapshot {
		return &TroubleError{LogChanged, ggserr.New(ggserr.SQLFailed, fmt.Sprintf("table %s cannot be read as "+
			"of SCN %d any more", t.Def.FullName(), s.at.Done)).Because(err).
			Do("What is not loaded yet is read in a new snapshot. Keep undo longer: ALTER SYSTEM SET " +
				"UNDO_RETENTION = 10800; or read smaller parts.")}
	}
	return s.d.failed(err, q)
}

// rowReader turns rows of a result into operations.
type rowReader struct {
	t     *SnapshotTable
	dest  []anyValue
	texts []sql.RawBytes
	op    []byte
}

func newRowReader(t *SnapshotTable) *rowReader {
	r := &rowReader{t: t, texts: make([]sql.RawBytes, len(t.Def.Columns))}
	for i := range r.texts {
		r.dest = append(r.dest, &r.texts[i])
	}
	return r
}

// insert makes an operation of the row that was scanned.
func (r *rowReader) insert() ([]byte, error) {
	p := r.t.plan
	op, start := record.AppendOpHeader(r.op[:0], record.Insert, p.def.ID)
	op, mark := record.BeginImage(op)
	var err error
	for i, text := range r.texts {
		kind := p.def.Columns[i].Kind
		switch {
		case text == nil:
			op = record.AppendNull(op)
		case kind == record.String || kind == record.Bytes || kind == record.JSON || kind == record.XML:
			op = record.AppendBytes(op, kind, text)
		default:
			op, err = redo.AppendValue(op, p.types[i], &redo.Value{Kind: redo.Quoted, Text: text})
		}
		if err != nil {
			return nil, ggserr.New(ggserr.Generic, fmt.Sprintf("a row of table %s cannot be read: column %s",
				p.def.FullName(), p.def.Columns[i].Name)).Because(err)
		}
	}
	record.EndImage(op, start, mark, false)
	r.op = op
	return op, nil
}
