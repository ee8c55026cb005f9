package oracle

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"ggsh/ggserr"
	"ggsh/oracleclient"
)

// queryTimeout bounds each statement but those of LogMiner, which the client watches.
const queryTimeout = 2 * time.Minute

// sqlDatabase is a Database over SQL.
type sqlDatabase struct {
	db        *sql.DB
	cfg       oracleclient.Config
	container uint32 // of the tables; 0 where there is one only
	pluggable bool   // the session is in a container below the root
	fixed     State  // what does not change
	forced    string // FORCE_LOGGING
}

// OpenDatabase connects to a database. The login has to lead to the container that the
// tables are in.
func OpenDatabase(ctx context.Context, cfg oracleclient.Config) (Database, error) {
	return openSQL(ctx, cfg)
}

func openSQL(ctx context.Context, cfg oracleclient.Config) (*sqlDatabase, error) {
	cfg.Init = append(append([]string{}, cfg.Init...), sessionSettings()...)
	db, err := oracleclient.Open(ctx, cfg)
	if err != nil {
		return nil, connectFailed(err, &cfg)
	}
	d := &sqlDatabase{db: db, cfg: cfg}
	if err := d.learn(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// connectFailed classifies an error of Open.
func connectFailed(err error, cfg *oracleclient.Config) error {
	switch oracleclient.ClassOf(err) {
	case oracleclient.Login:
		return ggserr.New(ggserr.LoginFailed, cfg.Connect, cfg.User).Because(err)
	case oracleclient.Unreachable, oracleclient.Lost, oracleclient.Canceled:
		return &TroubleError{Lost, ggserr.New(ggserr.ConnectFailed, cfg.Connect).Because(err)}
	}
	return ggserr.New(ggserr.ConnectFailed, cfg.Connect).Because(err)
}

// failed classifies an error of a statement.
func (d *sqlDatabase) failed(err error, statement string) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	class := oracleclient.ClassOf(err)
	what := ggserr.New(ggserr.SQLFailed, shortened(statement)).Because(err)
	if advice := class.Do(); advice != "" {
		what = what.Do("%s", advice)
	}
	switch class {
	case oracleclient.Lost, oracleclient.Unreachable, oracleclient.Canceled:
		return &TroubleError{Lost, what}
	case oracleclient.LogChanged:
		return &TroubleError{LogChanged, what}
	case oracleclient.LogMissing:
		return &TroubleError{LogMissing, what}
	case oracleclient.Space: // LogMiner's memory grows with its session
		return &TroubleError{Lost, what}
	}
	return what
}

func shortened(statement string) string {
	if len(statement) > 120 {
		return statement[:120] + "..."
	}
	return statement
}

// learn reads what does not change.
func (d *sqlDatabase) learn(ctx context.Context) error {
	if err := d.one(ctx, sqlVersion, nil, &d.fixed.Product); err != nil {
		return err
	}
	err := d.each(ctx, sqlCharsets, nil, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		if name == "NLS_CHARACTERSET" {
			d.fixed.Octets.Charset = value
		} else {
			d.fixed.Octets.National = value
		}
		return err
	})
	if err != nil {
		return err
	}
	var zone string
	if err := d.one(ctx, sqlZone, nil, &zone); err != nil {
		return err
	}
	if d.fixed.Octets.Zone, err = zoneMinutes(zone); err != nil {
		return err
	}
	return d.learnContainer(ctx)
}

// zoneMinutes reads +02:00.
func zoneMinutes(text string) (int, error) {
	h, m, ok := strings.Cut(strings.TrimLeft(text, "+-"), ":")
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil {
		return 0, ggserr.New(ggserr.LogProblem, "the database's time zone "+text+" is the name of a region").
			Do("TIMESTAMP WITH LOCAL TIME ZONE is read with an offset: ALTER DATABASE SET TIME_ZONE = '+00:00'.")
	}
	n := hours*60 + minutes
	if strings.HasPrefix(text, "-") {
		n = -n
	}
	return n, nil
}

// learnContainer finds out which container the session is in.
func (d *sqlDatabase) learnContainer(ctx context.Context) error {
	var s State
	var cdb string
	if err := d.database(ctx, &s, &cdb); err != nil {
		return err
	}
	if cdb != "YES" {
		return nil
	}
	var name string
	var id sql.NullString
	if err := d.one(ctx, sqlContainer, nil, &name, &id); err != nil {
		return err
	}
	n, err := strconv.ParseUint(id.String, 10, 32)
	if err != nil {
		return ggserr.New(ggserr.SQLFailed, "the container's number "+id.String).Because(err)
	}
	d.container, d.pluggable = uint32(n), name != "CDB$ROOT"
	return nil
}

// one asks for one row.
func (d *sqlDatabase) one(ctx context.Context, statement string, args []any, dest ...any) error {
	found, err := d.maybe(ctx, statement, args, dest...)
	if err == nil && !found {
		err = ggserr.New(ggserr.SQLFailed, shortened(statement)+" gives no row")
	}
	return err
}

// maybe asks for one row that may not be there.
func (d *sqlDatabase) maybe(ctx context.Context, statement string, args []any,
	dest ...any) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	err = d.db.QueryRowContext(ctx, statement, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, d.failed(err, statement)
}

// each asks for rows.
func (d *sqlDatabase) each(ctx context.Context, statement string, args []any,
	row func(scan func(...any) error) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := d.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return d.failed(err, statement)
	}
	for rows.Next() {
		if err = row(rows.Scan); err != nil {
			break
		}
	}
	if err == nil {
		err = rows.Err()
	}
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	return d.failed(err, statement)
}

// Logs, Dictionary and Mine implement Database.
func (d *sqlDatabase) Logs() Catalogue { return d }

// Dictionary implements Database.
func (d *sqlDatabase) Dictionary() Dictionary { return d }

// Close implements Database.
func (d *sqlDatabase) Close() error { return d.db.Close() }

// database reads V$DATABASE.
func (d *sqlDatabase) database(ctx context.Context, s *State, cdb *string) error {
	var mode, minimal string
	var forced sql.NullString
	err := d.one(ctx, sqlState, nil, &s.ID, &s.SCN, &mode, &minimal, &s.Resetlogs, cdb, &forced)
	s.Archiving, s.Minimal = mode == "ARCHIVELOG" || mode == "MANUAL", minimal != "NO"
	d.forced = forced.String
	return err
}

// State implements Catalogue.
func (d *sqlDatabase) State(ctx context.Context) (State, error) {
	s := d.fixed
	var cdb string
	// The threads first: what they have written cannot be behind the SCN read later.
	err := d.each(ctx, sqlThreads, nil, func(scan func(...any) error) error {
		var t Thread
		var status, enabled string
		var since, last sql.NullString
		if err := scan(&t.Number, &status, &enabled, &since, &t.Sequence, &last); err != nil {
			return err
		}
		t.Open, t.Enabled = status == "OPEN", enabled != "DISABLED"
		t.EnabledSCN, t.LastSCN = number(since), number(last)
		s.Threads = append(s.Threads, t)
		return nil
	})
	if err != nil {
		return s, err
	}
	if err := d.database(ctx, &s, &cdb); err != nil {
		return s, err
	}
	s.Time = time.Now().UTC()
	return s, nil
}

// number reads a NUMBER, 0 for NULL.
func number(v sql.NullString) uint64 {
	n, err := strconv.ParseUint(v.String, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Files implements Catalogue.
func (d *sqlDatabase) Files(ctx context.Context, from uint64) ([]LogFile, error) {
	var list []LogFile
	err := d.each(ctx, sqlOnline, nil, func(scan func(...any) error) error {
		var f LogFile
		var next sql.NullString
		var status string
		if err := scan(&f.Thread, &f.Sequence, &f.First, &next, &status, &f.Name); err != nil {
			return err
		}
		f.Current = status == "CURRENT"
		if f.Next = number(next); f.Current || f.Next == 0 {
			f.Next = ^uint64(0)
		}
		if f.Next > from {
			list = append(list, f)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var s State
	var cdb string
	if err := d.database(ctx, &s, &cdb); err != nil {
		return nil, err
	}
	err = d.each(ctx, sqlArchived, []any{int64(s.Resetlogs), int64(min(from, 1<<62))},
		func(scan func(...any) error) error {
			f := LogFile{Archived: true, Resetlogs: s.Resetlogs}
			if err := scan(&f.Thread, &f.Sequence, &f.First, &f.Next, &f.Name); err != nil {
				return err
			}
			list = append(list, f)
			return nil
		})
	return list, err
}

// Open implements Catalogue.
func (d *sqlDatabase) Open(ctx context.Context) ([]Opened, error) {
	var list []Opened
	err := d.each(ctx, sqlTransactions, nil, func(scan func(...any) error) error {
		var segment, slot, sequence uint64
		var start sql.NullString
		if err := scan(&segment, &slot, &sequence, &start); err != nil {
			return err
		}
		list = append(list, Opened{Start: number(start), XID: XID{byte(segment), byte(segment >> 8), byte(slot),
			byte(slot >> 8), byte(sequence), byte(sequence >> 8), byte(sequence >> 16), byte(sequence >> 24)}})
		return nil
	})
	return list, err
}

// SCN implements Catalogue.
func (d *sqlDatabase) SCN(ctx context.Context, at time.Time) (uint64, error) {
	var scn uint64
	err := d.one(ctx, sqlTimeToSCN, []any{at.UTC().Format("2006-01-02 15:04:05.000000")}, &scn)
	return scn, err
}

// List implements Dictionary.
func (d *sqlDatabase) List(ctx context.Context) ([]Name, error) {
	var list []Name
	err := d.each(ctx, sqlTables, nil, func(scan func(...any) error) error {
		n := Name{Kind: "TABLE"}
		err := scan(&n.Owner, &n.Name)
		if err == nil && !SystemOwner(n.Owner) && !databasesOwn(n.Name) {
			list = append(list, n)
		}
		return err
	})
	return list, err
}

// Object implements Dictionary.
func (d *sqlDatabase) Object(ctx context.Context, object uint32) (Name, error) {
	n := Name{Object: object}
	_, err := d.maybe(ctx, sqlObject, []any{object}, &n.Owner, &n.Name, &n.Kind)
	return n, err
}

// LOB implements Dictionary.
func (d *sqlDatabase) LOB(ctx context.Context, q *LOBQuery) (content []byte, null, found bool, err error) {
	statement := lobStatement(q)
	if q.Binary {
		var b []byte
		found, err = d.maybe(ctx, statement, []any{q.RowID}, &b)
		return b, b == nil, found, err
	}
	var s sql.NullString
	found, err = d.maybe(ctx, statement, []any{q.RowID}, &s)
	return []byte(s.String), !s.Valid, found, err
}
