// Package heartbeat is the heartbeat objects of a database, by which lag is measured from
// a source's clock to the target's rows: their statements for each kind of database, the
// heartbeat as a row and as an operation, and the sender that keeps a source's heart
// beating.
//
// It opens no database and applies nothing. Its law: a heartbeat carries only times that
// the process which stamps it has seen, and one path has one row of history for it.
package heartbeat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind names the database product whose SQL is written.
type Kind string

// The kinds that have heartbeat objects.
const (
	MySQL   Kind = "mysql"
	MariaDB Kind = "mariadb"
	SQLite  Kind = "sqlite"
	Oracle  Kind = "oracle"
)

// DefaultTable is the name of the heartbeat table without HEARTBEATTABLE.
const DefaultTable = "GG_HEARTBEAT"

// The views' names.
const (
	lagView        = "GG_LAG"
	lagHistoryView = "GG_LAG_HISTORY"
)

// DB is a *sql.DB, *sql.Conn or *sql.Tx.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Names says where the objects are.
type Names struct {
	Kind   Kind
	Schema string // empty: the session's, and SQLite's
	Table  string // of the heartbeat table; the others' names begin with it
}

// NamesOf gives the names by GLOBALS: HEARTBEATTABLE before GGSCHEMA before the
// session's own database.
func NamesOf(k Kind, heartbeatTable, schema, database string) Names {
	n := Names{Kind: k, Schema: schema, Table: DefaultTable}
	if heartbeatTable != "" {
		parts := strings.Split(strings.NewReplacer(`"`, "", "`", "").Replace(heartbeatTable), ".")
		n.Table = parts[len(parts)-1]
		if len(parts) > 1 {
			n.Schema = parts[len(parts)-2]
		}
	}
	switch k {
	case SQLite:
		n.Schema = ""
	case Oracle:
		n.Schema, n.Table = strings.ToUpper(n.Schema), strings.ToUpper(n.Table)
	default:
		if n.Schema == "" {
			n.Schema = database
		}
	}
	return n
}

// Seed is the name of the seed table.
func (n Names) Seed() string { return n.Table + "_SEED" }

// History is the name of the table of history.
func (n Names) History() string { return n.Table + "_HISTORY" }

// Full is an object's name with its schema.
func (n Names) Full(object string) string {
	if n.Schema == "" {
		return object
	}
	return n.Schema + "." + object
}

// IsSeed reports whether a table's name is the seed table's.
func (n *Names) IsSeed(schema, table string) bool {
	return n != nil && n.inSchema(schema) && strings.EqualFold(table, n.Seed())
}

// Has reports whether a table or view is one of the heartbeat objects.
func (n *Names) Has(schema, table string) bool {
	if n == nil || !n.inSchema(schema) {
		return false
	}
	for _, own := range []string{n.Seed(), n.Table, n.History(), lagView, lagHistoryView} {
		if strings.EqualFold(own, table) {
			return true
		}
	}
	return false
}

func (n *Names) inSchema(schema string) bool {
	return n.Schema == "" || schema == "" || strings.EqualFold(n.Schema, schema)
}

// Settings are what ADD and ALTER HEARTBEATTABLE set.
type Settings struct {
	Frequency  int  `json:"frequency"`      // seconds between heartbeats; 0: none
	Retention  int  `json:"retentionTime"`  // days that history is kept
	Purge      int  `json:"purgeFrequency"` // days between two purges
	TargetOnly bool `json:"targetOnly"`     // no heartbeats are sent from here
}

// Defaults are the settings of ADD HEARTBEATTABLE without options.
func Defaults() Settings { return Settings{Frequency: 60, Retention: 30, Purge: 1} }

// MaxFrequency is the longest time between heartbeats.
const MaxFrequency = 7999

// State is the row of the seed table.
type State struct {
	Settings
	Database string    `json:"database"` // the name that this database has in heartbeats
	Sent     time.Time `json:"sent"`     // of the last heartbeat; zero: none yet
	Holder   string    `json:"holder,omitempty"`
}

// Create makes all objects and the row of the seed table; database is the name that this
// database has in heartbeats. What exists already is an error.
func Create(ctx context.Context, db DB, n Names, database string, s Settings) error {
	for _, statement := range createStatements(n) {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fault("create", n, err)
		}
	}
	_, err := db.ExecContext(ctx, n.marked("INSERT INTO "+n.quoted(n.Seed())+" (LOCAL_DATABASE, "+
		"FREQUENCY, RETENTION_TIME, PURGE_FREQUENCY, TARGETONLY) VALUES (?, ?, ?, ?, ?)"),
		database, s.Frequency, s.Retention, s.Purge, number(s.TargetOnly))
	return fault("fill", n, err)
}

// Drop removes all objects that are there, and tells which those were.
func Drop(ctx context.Context, db DB, n Names) (dropped []string, err error) {
	for _, o := range objects(n) {
		there, err := exists(ctx, db, n, o)
		if err != nil {
			return dropped, err
		}
		if !there {
			continue
		}
		if _, err := db.ExecContext(ctx, "DROP "+o.kind+" "+n.quoted(o.name)); err != nil {
			return dropped, fault("drop", n, err)
		}
		dropped = append(dropped, strings.ToLower(o.kind)+" "+n.Full(o.name))
	}
	return dropped, nil
}

// Missing lists the objects that are not there.
func Missing(ctx context.Context, db DB, n Names) (missing []string, err error) {
	for _, o := range objects(n) {
		there, err := exists(ctx, db, n, o)
		if err != nil {
			return nil, err
		}
		if !there {
			missing = append(missing, strings.ToLower(o.kind)+" "+n.Full(o.name))
		}
	}
	return missing, nil
}

// ErrNone says that there are no heartbeat objects.
var ErrNone = errors.New("there are no heartbeat tables")

// Load reads the row of the seed table; ErrNone without one.
func Load(ctx context.Context, db DB, n Names) (State, error) {
	var s State
	there, err := exists(ctx, db, n, object{"TABLE", n.Seed()})
	if err != nil {
		return s, err
	}
	if !there {
		return s, ErrNone
	}
	rows, err := db.QueryContext(ctx, n.stateQuery())
	if err != nil {
		return s, fault("read", n, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return s, errors.Join(ErrNone, fault("read", n, rows.Err()))
	}
	var only int
	var sent, holder sql.NullString
	err = rows.Scan(&s.Database, &s.Frequency, &s.Retention, &s.Purge, &only, &sent, &holder)
	s.TargetOnly, s.Sent, s.Holder = only != 0, parseTime(sent.String), holder.String
	return s, fault("read", n, err)
}

// stateQuery reads the row of the seed table.
func (n Names) stateQuery() string {
	return "SELECT LOCAL_DATABASE, FREQUENCY, RETENTION_TIME, PURGE_FREQUENCY, TARGETONLY, " +
		n.timeText("HEARTBEAT_TIMESTAMP") + ", LEASE_HOLDER FROM " + n.quoted(n.Seed())
}

// Alter changes the settings.
func Alter(ctx context.Context, db DB, n Names, s Settings) error {
	_, err := db.ExecContext(ctx, n.marked("UPDATE "+n.quoted(n.Seed())+" SET FREQUENCY = ?, "+
		"RETENTION_TIME = ?, PURGE_FREQUENCY = ?, TARGETONLY = ?"),
		s.Frequency, s.Retention, s.Purge, number(s.TargetOnly))
	return fault("change", n, err)
}

// DeleteEntry removes the rows of paths that a group is part of.
func DeleteEntry(ctx context.Context, db DB, n Names, group string) (rows int64, err error) {
	for _, table := range []string{n.Table, n.History()} {
		result, err := db.ExecContext(ctx, n.marked("DELETE FROM "+n.quoted(table)+" WHERE "+
			"UPPER(INCOMING_EXTRACT) = ? OR UPPER(INCOMING_REPLICAT) = ? OR "+n.joined("' ==> '",
			"UPPER(INCOMING_ROUTING_PATH)", "' ==> '")+" LIKE ?"), strings.ToUpper(group),
			strings.ToUpper(group), "% ==> "+strings.ToUpper(group)+" ==> %")
		if err != nil {
			return rows, fault("delete from", n, err)
		}
		more, err := result.RowsAffected()
		if err != nil {
			return rows, fault("delete from", n, err)
		}
		rows += more
	}
	return rows, nil
}

// Lag is a path and how late it is, as GG_LAG has it; History counts its heartbeats.
type Lag struct {
	Remote  string  `json:"remoteDatabase"`
	Path    string  `json:"path"`
	Lag     float64 `json:"lagSeconds"`
	Age     float64 `json:"ageSeconds"`
	History int64   `json:"heartbeats"`
	Least   float64 `json:"leastLagSeconds"`
	Mean    float64 `json:"meanLagSeconds"`
	Most    float64 `json:"mostLagSeconds"`
}

// Lags reads the views: the last lag of each path, and what history says of it.
func Lags(ctx context.Context, db DB, n Names) ([]Lag, error) {
	rows, err := db.QueryContext(ctx, "SELECT l.REMOTE_DATABASE, l.INCOMING_PATH, l.INCOMING_LAG, "+
		"l.INCOMING_HEARTBEAT_AGE, COUNT(h.INCOMING_LAG), MIN(h.INCOMING_LAG), AVG(h.INCOMING_LAG), "+
		"MAX(h.INCOMING_LAG) FROM "+n.quoted(lagView)+" l LEFT JOIN "+n.quoted(lagHistoryView)+" h ON "+
		"h.REMOTE_DATABASE = l.REMOTE_DATABASE AND h.INCOMING_PATH = l.INCOMING_PATH GROUP BY "+
		"l.REMOTE_DATABASE, l.INCOMING_PATH, l.INCOMING_LAG, l.INCOMING_HEARTBEAT_AGE "+
		"ORDER BY l.REMOTE_DATABASE, l.INCOMING_PATH")
	if err != nil {
		return nil, fault("read", n, err)
	}
	defer rows.Close()
	var all []Lag
	for rows.Next() {
		var l Lag
		var least, mean, most sql.NullFloat64
		if err := rows.Scan(&l.Remote, &l.Path, &l.Lag, &l.Age, &l.History, &least, &mean,
			&most); err != nil {
			return nil, fault("read", n, err)
		}
		l.Least, l.Mean, l.Most = least.Float64, mean.Float64, most.Float64
		all = append(all, l)
	}
	return all, fault("read", n, rows.Err())
}

// LocalName asks a database for the name that it has in heartbeats; file is SQLite's.
func LocalName(ctx context.Context, db DB, k Kind, file string) (string, error) {
	query := "SELECT CONCAT(@@hostname, ':', @@port)"
	switch k {
	case SQLite:
		return file[max(0, len(file)-nameLength):], nil
	case Oracle:
		query = "SELECT NAME FROM V$DATABASE"
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return "", fmt.Errorf("ask for the database's name: %w", err)
	}
	defer rows.Close()
	var name string
	if !rows.Next() {
		return "", errors.Join(errors.New("the database tells no name"), rows.Err())
	}
	return name, rows.Scan(&name)
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func fault(verb string, n Names, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the heartbeat objects of %s: %w", verb, n.Full(n.Table), err)
}
